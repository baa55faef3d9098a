/* Domains in canonical form: A-labels (IDNA2008), lower case, no trailing dot; address literals. */
#include "translate/address_private.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <idn2.h>
#include <string.h>

#include "base/buf.h"

enum { LABEL_MAX = 63 };

static bool read_ipv6(const char *text, size_t len, char out[DOMAIN_BYTES_MAX + 1])
{
	char inner[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (len < 4 || len - 2 >= sizeof(inner) || text[len - 1] != ']')
		return false;
	memcpy(inner, text + 1, len - 2);
	inner[len - 2] = '\0';
	if (inet_pton(AF_INET6, inner, &address) != 1 ||
	    inet_ntop(AF_INET6, &address, inner, sizeof(inner)) == NULL)
		return false;
	out[0] = '[';
	memcpy(out + 1, inner, strlen(inner));
	memcpy(out + 1 + strlen(inner), "]", 2);
	return true;
}

static bool is_a_label(const char *label, size_t len)
{
	return len >= 4 && memcmp(label, "xn--", 4) == 0;
}

/* Checks the labels of a lower-case name: letters, digits, '-' and the '_' of some local networks.
 * *has_a_label tells whether IDNA has to look at it. */
static bool labels_are_valid(const char *name, size_t len, bool *has_a_label)
{
	size_t start = 0;

	*has_a_label = false;
	for (size_t i = 0; i <= len; i++) {
		if (i < len && name[i] != '.') {
			if (!isalnum((unsigned char)name[i]) && name[i] != '-' && name[i] != '_')
				return false;
			continue;
		}
		if (i == start || i - start > LABEL_MAX || name[start] == '-' || name[i - 1] == '-')
			return false;
		if (is_a_label(name + start, i - start))
			*has_a_label = true;
		start = i + 1;
	}
	return true;
}

/* All digits and dots is an IPv4 address or nothing: no name ends in a number (RFC 3696 2). */
static bool is_numeric(const char *name, size_t len)
{
	for (size_t i = len; i > 0 && name[i - 1] != '.'; i--) {
		if (!isdigit((unsigned char)name[i - 1]))
			return false;
	}
	return true;
}

static bool fits(const char *ascii, char out[DOMAIN_BYTES_MAX + 1])
{
	size_t len = strlen(ascii);

	if (len == 0 || len > DOMAIN_BYTES_MAX)
		return false;
	memcpy(out, ascii, len + 1);
	return true;
}

/* U-labels to A-labels. */
static bool to_ascii(const char *name, char out[DOMAIN_BYTES_MAX + 1])
{
	char *ascii = NULL;
	bool has_a_label;
	bool ok = false;

	if (idn2_to_ascii_8z(name, &ascii, IDN2_NONTRANSITIONAL) == IDN2_OK)
		ok = fits(ascii, out) && labels_are_valid(out, strlen(out), &has_a_label);
	idn2_free(ascii);
	return ok;
}

/* An A-label is taken only if its U-label leads back to it (SEC-041): some are no IDN at all. */
static bool returns_to_itself(const char *name)
{
	char again[DOMAIN_BYTES_MAX + 1];
	char *unicode = NULL;
	bool ok = false;

	if (idn2_to_unicode_8z8z(name, &unicode, IDN2_NONTRANSITIONAL) == IDN2_OK)
		ok = to_ascii(unicode, again) && strcmp(again, name) == 0;
	idn2_free(unicode);
	return ok;
}

static bool read_name(char *name, size_t len, char out[DOMAIN_BYTES_MAX + 1],
		      enum domain_kind *kind)
{
	struct in_addr address;
	bool has_a_label;

	if (!labels_are_valid(name, len, &has_a_label))
		return false;
	if (is_numeric(name, len)) {
		*kind = DOMAIN_LITERAL;
		return inet_pton(AF_INET, name, &address) == 1 && fits(name, out);
	}
	if (has_a_label && !returns_to_itself(name))
		return false;
	return fits(name, out);
}

bool domain_prepare(const char *text, size_t len, char out[DOMAIN_BYTES_MAX + 1],
		    enum domain_kind *kind)
{
	char name[ADDRESS_PART_MAX + 1];
	bool is_ascii = true;

	*kind = DOMAIN_NAME;
	if (len > 0 && text[0] == '[') {
		*kind = DOMAIN_LITERAL;
		return read_ipv6(text, len, out);
	}
	if (len > 0 && text[len - 1] == '.') /* JID-005 */
		len--;
	if (len == 0 || len > ADDRESS_PART_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '\0')
			return false;
		is_ascii = is_ascii && (unsigned char)c < 0x80;
		name[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	}
	name[len] = '\0';
	if (!is_ascii) {
		if (!to_ascii(name, out))
			return false;
		len = strlen(out);
		memcpy(name, out, len + 1);
	}
	return read_name(name, len, out, kind);
}

void domain_append_wire(struct buf *out, const char *domain)
{
	char *unicode = NULL;

	/* Almost every domain: no label is an IDN. */
	if (strstr(domain, "xn--") == NULL) {
		buf_puts(out, domain);
		return;
	}
	if (idn2_to_unicode_8z8z(domain, &unicode, IDN2_NONTRANSITIONAL) == IDN2_OK)
		buf_puts(out, unicode);
	else
		buf_puts(out, domain);
	idn2_free(unicode);
}
