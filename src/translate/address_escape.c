/* Local parts: percent escapes of SIP URIs (RFC 3261 section 25.1) and JID escapes (XEP-0106), in
 * the order of D-08. */
#include "translate/address_private.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"

enum {
	CLASS_UPPER = 1,
	CLASS_ESCAPED = 2, /* written as an escape in a JID (B.2), the backslash apart */
	CLASS_BACKSLASH = 4,
	CLASS_CONTROL = 8,
	CLASS_HIGH = 16,
	CLASS_ENCODED = 32 /* written as %hh in a SIP URI (ADDR-012) */
};

#define UPPER CLASS_UPPER
#define BOTH  (CLASS_ESCAPED | CLASS_ENCODED)
#define ESC   CLASS_ESCAPED
#define ENC   CLASS_ENCODED
#define BACK  (CLASS_BACKSLASH | CLASS_ENCODED)
#define CTL   (CLASS_CONTROL | CLASS_ENCODED)
#define HIGH  (CLASS_HIGH | CLASS_ENCODED)

static const unsigned char classes[256] = {
	[0 ... 0x1f] = CTL,    [0x7f] = CTL,  [0x80 ... 0xff] = HIGH,
	['A' ... 'Z'] = UPPER, [' '] = BOTH,  ['"'] = BOTH,
	['&'] = ESC,           ['\''] = ESC,  ['/'] = ESC,
	[':'] = BOTH,          ['<'] = BOTH,  ['>'] = BOTH,
	['@'] = BOTH,          ['\\'] = BACK, ['#'] = ENC,
	['%'] = ENC,           ['['] = ENC,   [']'] = ENC,
	['^'] = ENC,           ['`'] = ENC,   ['{'] = ENC,
	['|'] = ENC,           ['}'] = ENC,
};

static const char upper_hex[] = "0123456789ABCDEF";
static const char lower_hex[] = "0123456789abcdef";

static unsigned scan(const char *text, size_t len)
{
	unsigned seen = 0;

	for (size_t i = 0; i < len; i++)
		seen |= classes[(unsigned char)text[i]];
	return seen;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* What never stands literally in a user part, not even from a careless writer. */
static bool is_impossible(unsigned char c)
{
	return c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '@' || c == ':';
}

int local_decode(const char *text, size_t len, struct local *out, const char **why)
{
	size_t at = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '%') {
			int high = i + 2 < len ? hex_value(text[i + 1]) : -1;
			int low = i + 2 < len ? hex_value(text[i + 2]) : -1;

			if (high < 0 || low < 0) {
				*why = "the URI has a % that is no escape";
				return EINVAL;
			}
			c = (unsigned char)(high * 16 + low);
			i += 2;
		} else if (is_impossible(c)) {
			*why = "the URI has a character that must be escaped";
			return EINVAL;
		}
		if (at == ADDRESS_PART_MAX) {
			*why = "the user part is longer than 1023 bytes";
			return ENOENT;
		}
		out->text[at++] = (char)c;
	}
	out->text[at] = '\0';
	out->len = at;
	return 0;
}

bool local_fold(struct local *local)
{
	if ((scan(local->text, local->len) & CLASS_UPPER) == 0)
		return false;
	for (size_t i = 0; i < local->len; i++) {
		char c = local->text[i];

		local->text[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	}
	return true;
}

/* The character that a JID escape at text stands for, or 0 if it is none: exactly ten (ADDR-006,
 * ADDR-007, X0106-6: capital digits are literal text). */
static char escape_at(const char *text, size_t len)
{
	unsigned char c;
	int high;
	int low;

	if (len < 3 || text[0] != '\\')
		return 0;
	if ((text[1] >= 'A' && text[1] <= 'F') || (text[2] >= 'A' && text[2] <= 'F'))
		return 0;
	high = hex_value(text[1]);
	low = hex_value(text[2]);
	if (high < 0 || low < 0)
		return 0;
	c = (unsigned char)(high * 16 + low);
	return (classes[c] & (CLASS_ESCAPED | CLASS_BACKSLASH)) != 0 ? (char)c : 0;
}

static const char *escape(const struct local *plain, struct local *jid)
{
	size_t at = 0;

	if (plain->text[0] == ' ' || plain->text[plain->len - 1] == ' ')
		return "the user part begins or ends with a space"; /* ADDR-008 */
	for (size_t i = 0; i < plain->len; i++) {
		unsigned char c = (unsigned char)plain->text[i];
		bool must = (classes[c] & CLASS_ESCAPED) != 0 ||
			    escape_at(plain->text + i, plain->len - i) != 0; /* ADDR-009 */

		if (at + (must ? 3 : 1) > ADDRESS_PART_MAX)
			return "the JID would be longer than 1023 bytes";
		if (!must) {
			jid->text[at++] = (char)c;
			continue;
		}
		jid->text[at++] = '\\';
		jid->text[at++] = lower_hex[c >> 4];
		jid->text[at++] = lower_hex[c & 15];
	}
	jid->text[at] = '\0';
	jid->len = at;
	return NULL;
}

const char *local_to_jid(const struct local *plain, struct local *jid)
{
	unsigned seen = scan(plain->text, plain->len);
	const char *refusal = NULL;

	if (plain->len == 0)
		return "the user part is empty";
	if ((seen & CLASS_CONTROL) != 0)
		return "the user part has a control character"; /* SEC-044 */
	if ((seen & CLASS_UPPER) != 0)
		return "the user part has capital letters and the domain's case is exact"; /* D-07
											    */
	if ((seen & CLASS_HIGH) != 0)
		refusal = unicode_refusal(plain);
	if (refusal != NULL)
		return refusal;
	if ((seen & (CLASS_ESCAPED | CLASS_BACKSLASH)) != 0) {
		refusal = escape(plain, jid);
		if (refusal != NULL)
			return refusal;
	} else {
		jid->len = plain->len;
		memcpy(jid->text, plain->text, plain->len + 1);
	}
	if ((seen & CLASS_HIGH) != 0 && unicode_breaks_bidi(jid))
		return "the user part mixes writing directions";
	return NULL;
}

void local_unescape(const char *jid, struct local *plain)
{
	size_t len = strlen(jid);
	size_t at = 0;

	for (size_t i = 0; i < len && at < ADDRESS_PART_MAX; i++) {
		char c = escape_at(jid + i, len - i);

		plain->text[at++] = c != 0 ? c : jid[i];
		if (c != 0)
			i += 2;
	}
	plain->text[at] = '\0';
	plain->len = at;
}

int local_from_jid(const char *text, size_t len, struct local *jid, struct local *plain,
		   const char **why)
{
	struct local again;
	unsigned seen = scan(text, len);

	if (len == 0 || len > ADDRESS_PART_MAX ||
	    (seen & (CLASS_ESCAPED | CLASS_CONTROL)) != 0) { /* ADDR-001 */
		*why = "the JID is malformed";
		return EINVAL;
	}
	memcpy(jid->text, text, len);
	jid->text[len] = '\0';
	jid->len = len;
	if ((seen & CLASS_UPPER) != 0)
		local_fold(jid);
	local_unescape(jid->text, plain); /* after case mapping: ADDR-010 */
	if ((seen & (CLASS_BACKSLASH | CLASS_HIGH)) == 0)
		return 0;
	*why = local_to_jid(plain, &again);
	if (*why != NULL)
		return ENOENT;
	if (again.len != jid->len || memcmp(again.text, jid->text, jid->len) != 0) {
		*why = "the JID would not return to itself from SIP"; /* D-08 */
		return ENOENT;
	}
	return 0;
}

bool local_append_user(struct buf *out, const char *plain)
{
	bool encoded = false;

	for (const char *p = plain; *p != '\0';) {
		const char *start = p;

		while (*p != '\0' && (classes[(unsigned char)*p] & CLASS_ENCODED) == 0)
			p++;
		buf_append(out, start, (size_t)(p - start));
		if (*p != '\0') {
			unsigned char c = (unsigned char)*p++;
			char hex[3] = {'%', upper_hex[c >> 4], upper_hex[c & 15]};

			buf_append(out, hex, sizeof(hex));
			encoded = true;
		}
	}
	return encoded;
}
