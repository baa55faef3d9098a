/* Digest authentication; see digest.h. */
#include "sip/digest.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <sofia-sip/msg_types.h>

#include "base/buf.h"
#include "base/mem.h"

static const struct {
	const char *name;
	size_t chars;
	const EVP_MD *(*md)(void);
} algorithms[] = {
	[DIGEST_MD5] = {"MD5", 32, EVP_md5},
	[DIGEST_SHA512_256] = {"SHA-512-256", 64, EVP_sha512_256},
	[DIGEST_SHA256] = {"SHA-256", 64, EVP_sha256},
};

static const char *const qop_names[] = {
	[DIGEST_QOP_NONE] = "", [DIGEST_QOP_AUTH_INT] = "auth-int", [DIGEST_QOP_AUTH] = "auth"};

const char *digest_algorithm_name(enum digest_algorithm algorithm)
{
	return algorithms[algorithm].name;
}

size_t digest_chars(enum digest_algorithm algorithm)
{
	return algorithms[algorithm].chars;
}

static int read_algorithm(const char *text, enum digest_algorithm *out)
{
	for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++)
		if (strcasecmp(text, algorithms[i].name) == 0) {
			*out = (enum digest_algorithm)i;
			return 0;
		}
	return EPROTONOSUPPORT;
}

/* A list in challenges, one name in credentials: the best that is known. */
static int read_qop(const char *text, enum digest_qop *out)
{
	*out = DIGEST_QOP_NONE;
	while (*text != '\0') {
		text += strspn(text, ", \t");
		size_t len = strcspn(text, ", \t");

		for (size_t i = DIGEST_QOP_AUTH_INT; i <= DIGEST_QOP_AUTH; i++)
			if (strlen(qop_names[i]) == len && i > (size_t)*out &&
			    strncasecmp(text, qop_names[i], len) == 0)
				*out = (enum digest_qop)i;
		text += len;
	}
	return *out != DIGEST_QOP_NONE ? 0 : EPROTONOSUPPORT;
}

static int read_count(const char *text, uint32_t *out)
{
	*out = 0;
	if (strlen(text) != 8)
		return EBADMSG;
	for (size_t i = 0; i < 8; i++) {
		if (!isxdigit((unsigned char)text[i]))
			return EBADMSG;
		unsigned char c = (unsigned char)tolower((unsigned char)text[i]);

		*out = *out * 16 + (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return 0;
}

/* Parameters -------------------------------------------------------------------------------------
 */

/* Where a parameter goes: a text of at most max bytes. */
struct slot {
	const char *name;
	char *out;
	size_t max;
	bool is_needed;
	bool is_seen;
};

static bool is_token_char(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr("-.!%*_+`'~", c) != NULL);
}

static const char *skip_space(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* A token, or what is between quotes. Bare values are taken up to the comma: tokens only by the
 * book, but algorithm names and URIs come bare as well. NULL: malformed. */
static const char *read_value(const char *p, const char **value, size_t *len)
{
	if (*p != '"') {
		*value = p;
		*len = strcspn(p, ", \t\r\n\"");
		return *len != 0 && p[*len] != '"' ? p + *len : NULL;
	}
	*value = ++p;
	for (; *p != '"'; p++) {
		if (*p == '\\')
			p++;
		if ((unsigned char)*p < ' ' || *p == 0x7F)
			return NULL; /* the end, too: it is a NUL */
	}
	*len = (size_t)(p - *value);
	return p + 1;
}

static int keep(struct slot *slots, size_t count, const char *name, size_t name_len,
		const char *value, size_t len)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(slots[i].name) != name_len ||
		    strncasecmp(slots[i].name, name, name_len) != 0)
			continue;
		if (slots[i].is_seen)
			return EBADMSG; /* which of the two would be believed? */
		if (len > slots[i].max)
			return E2BIG;
		for (size_t k = 0; k < len; k++)
			if ((unsigned char)value[k] < ' ' || value[k] == 0x7F)
				return EBADMSG;
		memcpy(slots[i].out, value, len);
		slots[i].out[len] = '\0';
		slots[i].is_seen = true;
		return 0;
	}
	return 0; /* unknown ones are left aside (RFC 7616 section 3.3) */
}

static int read_parameter(const char **at, struct slot *slots, size_t count)
{
	const char *name = *at;
	const char *p = name;
	const char *value;
	size_t len;

	while (is_token_char(*p))
		p++;
	size_t name_len = (size_t)(p - name);

	p = skip_space(p);
	if (name_len == 0 || *p != '=')
		return EBADMSG;
	p = read_value(skip_space(p + 1), &value, &len);
	if (p == NULL)
		return EBADMSG;
	p = skip_space(p);
	if (*p != ',' && *p != '\0')
		return EBADMSG;
	*at = p;
	return keep(slots, count, name, name_len, value, len);
}

static int read_parameters(const char *p, struct slot *slots, size_t count)
{
	size_t parameters = 0;

	if (strnlen(p, DIGEST_TEXT_MAX + 1) > DIGEST_TEXT_MAX)
		return E2BIG;
	for (p += strspn(p, ", \t\r\n"); *p != '\0'; p += strspn(p, ", \t\r\n")) {
		int error = read_parameter(&p, slots, count);

		if (error != 0)
			return error;
		if (++parameters > DIGEST_PARAMETERS_MAX)
			return E2BIG;
	}
	for (size_t i = 0; i < count; i++)
		if (slots[i].is_needed && !slots[i].is_seen)
			return EBADMSG;
	return 0;
}

/* "Digest" and what follows; another scheme is not ours. */
static int skip_scheme(const char **text)
{
	const char *p = skip_space(*text);
	size_t len = strcspn(p, " \t\r\n");

	if (len != 6 || strncasecmp(p, "Digest", 6) != 0)
		return EPROTONOSUPPORT;
	*text = p + len;
	return 0;
}

enum { SHORT_MAX = 127 };

int digest_challenge_parse(struct digest_challenge *out, const char *text)
{
	char algorithm[SHORT_MAX + 1] = "MD5", qop[SHORT_MAX + 1] = "", stale[SHORT_MAX + 1] = "";
	struct slot slots[] = {
		{"realm", out->realm, DIGEST_NAME_MAX, true, false},
		{"nonce", out->nonce, DIGEST_NONCE_MAX, true, false},
		{"opaque", out->opaque, DIGEST_NONCE_MAX, false, false},
		{"algorithm", algorithm, SHORT_MAX, false, false},
		{"qop", qop, SHORT_MAX, false, false},
		{"stale", stale, SHORT_MAX, false, false},
	};

	memset(out, 0, sizeof *out);
	int error = skip_scheme(&text);

	if (error == 0)
		error = read_parameters(text, slots, sizeof slots / sizeof slots[0]);
	if (error == 0)
		error = read_algorithm(algorithm, &out->algorithm);
	if (error == 0 && slots[4].is_seen)
		error = read_qop(qop, &out->qop);
	out->has_opaque = slots[2].is_seen;
	out->is_stale = strcasecmp(stale, "true") == 0;
	return error;
}

static bool is_hex(const char *text, size_t chars)
{
	return strlen(text) == chars && strspn(text, "0123456789abcdefABCDEF") == chars;
}

int digest_credentials_parse(struct digest_credentials *out, const char *text)
{
	char algorithm[SHORT_MAX + 1] = "MD5", qop[SHORT_MAX + 1] = "", nc[SHORT_MAX + 1] = "";
	struct slot slots[] = {
		{"username", out->username, DIGEST_NAME_MAX, true, false},
		{"realm", out->realm, DIGEST_NAME_MAX, true, false},
		{"nonce", out->nonce, DIGEST_NONCE_MAX, true, false},
		{"uri", out->uri, DIGEST_URI_MAX, true, false},
		{"response", out->response, DIGEST_HEX_MAX, true, false},
		{"cnonce", out->cnonce, DIGEST_NAME_MAX, false, false},
		{"opaque", out->opaque, DIGEST_NONCE_MAX, false, false},
		{"algorithm", algorithm, SHORT_MAX, false, false},
		{"qop", qop, SHORT_MAX, false, false},
		{"nc", nc, SHORT_MAX, false, false},
	};

	memset(out, 0, sizeof *out);
	int error = skip_scheme(&text);

	if (error == 0)
		error = read_parameters(text, slots, sizeof slots / sizeof slots[0]);
	if (error == 0)
		error = read_algorithm(algorithm, &out->algorithm);
	if (error == 0 && slots[8].is_seen)
		error = read_qop(qop, &out->qop);
	if (error == 0 && out->qop != DIGEST_QOP_NONE) /* both MUST be there then */
		error = out->cnonce[0] != '\0' ? read_count(nc, &out->nc) : EBADMSG;
	if (error == 0 && out->qop != DIGEST_QOP_NONE)
		memcpy(out->nc_text, nc, sizeof out->nc_text);
	if (error == 0 && !is_hex(out->response, digest_chars(out->algorithm)))
		error = EBADMSG;
	out->has_opaque = slots[6].is_seen;
	out->has_algorithm = slots[7].is_seen;
	return error;
}

int digest_info_parse(struct digest_info *out, const char *text)
{
	char qop[SHORT_MAX + 1] = "", nc[SHORT_MAX + 1] = "";
	struct slot slots[] = {
		{"nextnonce", out->nextnonce, DIGEST_NONCE_MAX, false, false},
		{"rspauth", out->rspauth, DIGEST_HEX_MAX, false, false},
		{"cnonce", out->cnonce, DIGEST_NAME_MAX, false, false},
		{"qop", qop, SHORT_MAX, false, false},
		{"nc", nc, SHORT_MAX, false, false},
	};

	memset(out, 0, sizeof *out);
	int error = read_parameters(text, slots, sizeof slots / sizeof slots[0]);

	if (error == 0 && slots[3].is_seen)
		error = read_qop(qop, &out->qop);
	if (error == 0 && slots[4].is_seen)
		error = read_count(nc, &out->nc);
	return error;
}

void digest_header_text(const struct msg_auth_s *header, struct buf *out)
{
	buf_puts(out, header->au_scheme != NULL ? header->au_scheme : "");
	for (size_t i = 0; header->au_params != NULL && header->au_params[i] != NULL; i++) {
		buf_puts(out, i == 0 ? " " : ", ");
		buf_puts(out, header->au_params[i]);
	}
}

/* Writing ----------------------------------------------------------------------------------------
 */

static bool may_be_quoted(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			text++;
		else if (*text == '"')
			return false;
		if ((unsigned char)*text < ' ' || *text == 0x7F)
			return false;
	}
	return true;
}

static void quoted(struct buf *out, const char *name, const char *value)
{
	buf_puts(out, name);
	buf_puts(out, "=\"");
	buf_puts(out, value);
	buf_putc(out, '"');
}

bool digest_challenge_format(const struct digest_challenge *challenge, struct buf *out)
{
	if (!may_be_quoted(challenge->realm) || !may_be_quoted(challenge->nonce) ||
	    !may_be_quoted(challenge->opaque))
		return false;
	quoted(out, "Digest realm", challenge->realm);
	quoted(out, ", nonce", challenge->nonce);
	if (challenge->has_opaque)
		quoted(out, ", opaque", challenge->opaque);
	if (challenge->is_stale)
		buf_puts(out, ", stale=true");
	buf_puts(out, ", algorithm=");
	buf_puts(out, digest_algorithm_name(challenge->algorithm));
	if (challenge->qop != DIGEST_QOP_NONE)
		quoted(out, ", qop", qop_names[challenge->qop]);
	return true;
}

bool digest_credentials_format(const struct digest_credentials *credentials, struct buf *out)
{
	if (!may_be_quoted(credentials->username) || !may_be_quoted(credentials->realm) ||
	    !may_be_quoted(credentials->nonce) || !may_be_quoted(credentials->uri) ||
	    !may_be_quoted(credentials->cnonce) || !may_be_quoted(credentials->opaque))
		return false;
	quoted(out, "Digest username", credentials->username);
	quoted(out, ", realm", credentials->realm);
	quoted(out, ", nonce", credentials->nonce);
	quoted(out, ", uri", credentials->uri);
	quoted(out, ", response", credentials->response);
	if (credentials->has_algorithm) {
		buf_puts(out, ", algorithm=");
		buf_puts(out, digest_algorithm_name(credentials->algorithm));
	}
	if (credentials->has_opaque)
		quoted(out, ", opaque", credentials->opaque);
	if (credentials->qop == DIGEST_QOP_NONE)
		return true;
	buf_puts(out, ", qop=");
	buf_puts(out, qop_names[credentials->qop]);
	buf_printf(out, ", nc=%08x", (unsigned)credentials->nc); /* SIP-054 */
	quoted(out, ", cnonce", credentials->cnonce);
	return true;
}

/* Hashes -----------------------------------------------------------------------------------------
 */

static void to_hex(const unsigned char *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * len] = '\0';
}

static bool hash(enum digest_algorithm algorithm, const void *data, size_t len,
		 char out[DIGEST_HEX_MAX + 1])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	out[0] = '\0';
	if (EVP_Digest(data, len, bytes, &size, algorithms[algorithm].md(), NULL) != 1)
		return false;
	to_hex(bytes, size, out);
	return true;
}

/* The parts with colons between them; what was put together holds secrets. */
static bool hash_parts(enum digest_algorithm algorithm, const char *const *parts, size_t count,
		       char out[DIGEST_HEX_MAX + 1])
{
	struct buf text = BUF_INIT;
	size_t total = count;

	for (size_t i = 0; i < count; i++)
		total += strlen(parts[i]);
	buf_reserve(&text, total); /* so that it never moves and leaves a copy (SEC-091) */
	for (size_t i = 0; i < count; i++) {
		if (i != 0)
			buf_putc(&text, ':');
		buf_puts(&text, parts[i]);
	}
	bool is_done = hash(algorithm, buf_text(&text), text.len, out);

	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	buf_free(&text);
	return is_done;
}

bool digest_ha1(enum digest_algorithm algorithm, const char *username, const char *realm,
		const char *password, char out[DIGEST_HEX_MAX + 1])
{
	const char *const parts[] = {username, realm, password};

	return hash_parts(algorithm, parts, 3, out);
}

bool digest_response(const struct digest_question *question, char out[DIGEST_HEX_MAX + 1])
{
	char ha2[DIGEST_HEX_MAX + 1], body[DIGEST_HEX_MAX + 1], nc[9];
	const char *const of_request[] = {question->method, question->uri, body};
	bool with_body = question->qop == DIGEST_QOP_AUTH_INT;

	out[0] = '\0';
	if (with_body && /* SIP-060: of an empty one, too */
	    !hash(question->algorithm, question->body != NULL ? question->body : "",
		  question->body_len, body))
		return false;
	if (!hash_parts(question->algorithm, of_request, with_body ? 3 : 2, ha2))
		return false;
	if (question->qop == DIGEST_QOP_NONE) {
		const char *const old[] = {question->ha1, question->nonce, ha2};

		return hash_parts(question->algorithm, old, 3, out);
	}
	const unsigned char count[] = {
		(unsigned char)(question->nc >> 24), (unsigned char)(question->nc >> 16),
		(unsigned char)(question->nc >> 8), (unsigned char)question->nc};
	to_hex(count, sizeof count, nc);
	bool is_read = question->nc_text != NULL && question->nc_text[0] != '\0';
	const char *const parts[] = {
		question->ha1,    question->nonce,          is_read ? question->nc_text : nc,
		question->cnonce, qop_names[question->qop], ha2};

	return hash_parts(question->algorithm, parts, 6, out);
}

bool digest_expected(const struct digest_credentials *credentials, const char *ha1,
		     const char *method, const void *body, size_t body_len,
		     char out[DIGEST_HEX_MAX + 1])
{
	const struct digest_question question = {
		.algorithm = credentials->algorithm,
		.qop = credentials->qop,
		.nc = credentials->nc,
		.nc_text = credentials->nc_text,
		.ha1 = ha1,
		.nonce = credentials->nonce,
		.cnonce = credentials->cnonce,
		.method = method,
		.uri = credentials->uri,
		.body = body,
		.body_len = body_len,
	};

	return digest_response(&question, out);
}

/* 0 to 15, or 255, without a branch that the digit decides. */
static unsigned hex_value(char c)
{
	unsigned u = (unsigned char)c, lower = u | 0x20;
	unsigned digit = u - '0', letter = lower - 'a';
	unsigned is_digit = (digit - 10U) >> 31 & (~digit >> 31);
	unsigned is_letter = (letter - 6U) >> 31 & (~letter >> 31);

	return (digit & -is_digit) | ((letter + 10U) & -is_letter) |
	       (255U & -(1U ^ (is_digit | is_letter)));
}

bool digest_same(const char *a, const char *b, size_t chars)
{
	unsigned differs = 0;

	if (strnlen(a, chars + 1) != chars || strnlen(b, chars + 1) != chars)
		return false; /* of lengths nothing is to be learned */
	for (size_t i = 0; i < chars; i++) {
		unsigned left = hex_value(a[i]), right = hex_value(b[i]);

		differs |= (left ^ right) | (left & 0xF0U) | (right & 0xF0U);
	}
	return chars != 0 && differs == 0;
}
