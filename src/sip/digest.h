/* Digest authentication (RFC 7616, RFC 8760; RFC 2617 and RFC 2069 forms): challenges and
 * credentials as values, and the hashes between them. Pure; both our server and our client use it.
 *
 * Quoted values are kept as they stand between the quotes, escapes included: that is what is hashed
 * and echoed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct msg_auth_s;

enum {
	DIGEST_TEXT_MAX = 8192, /* bytes of one header value */
	DIGEST_PARAMETERS_MAX = 32,
	DIGEST_NAME_MAX = 255,  /* username, realm, cnonce */
	DIGEST_NONCE_MAX = 511, /* nonce, nextnonce, opaque */
	DIGEST_URI_MAX = 1024,
	DIGEST_HEX_MAX = 64 /* digits of the longest hash */
};

/* Weakest first. */
enum digest_algorithm { DIGEST_MD5, DIGEST_SHA512_256, DIGEST_SHA256 };
enum digest_qop { DIGEST_QOP_NONE, DIGEST_QOP_AUTH_INT, DIGEST_QOP_AUTH };

/* "MD5", "SHA-512-256", "SHA-256". */
const char *digest_algorithm_name(enum digest_algorithm algorithm);
/* Hex digits of its hashes: 32 or 64. */
size_t digest_chars(enum digest_algorithm algorithm);

/* WWW-Authenticate, Proxy-Authenticate. */
struct digest_challenge {
	enum digest_algorithm algorithm;
	enum digest_qop qop; /* the best that is offered; NONE: none is named (RFC 2069) */
	bool is_stale;
	bool has_opaque;
	char realm[DIGEST_NAME_MAX + 1];
	char nonce[DIGEST_NONCE_MAX + 1];
	char opaque[DIGEST_NONCE_MAX + 1];
};

/* Authorization, Proxy-Authorization. */
struct digest_credentials {
	enum digest_algorithm algorithm;
	bool has_algorithm; /* written: it is named (a parse without it means MD5) */
	enum digest_qop qop;
	uint32_t nc;     /* with a qop */
	char nc_text[9]; /* as it was read, since the hash is over that; "" in what we write */
	bool has_opaque;
	char username[DIGEST_NAME_MAX + 1];
	char realm[DIGEST_NAME_MAX + 1];
	char nonce[DIGEST_NONCE_MAX + 1];
	char uri[DIGEST_URI_MAX + 1];
	char cnonce[DIGEST_NAME_MAX + 1]; /* "" without qop */
	char opaque[DIGEST_NONCE_MAX + 1];
	char response[DIGEST_HEX_MAX + 1];
};

/* Authentication-Info; texts are "" where it does not say. */
struct digest_info {
	char nextnonce[DIGEST_NONCE_MAX + 1];
	char rspauth[DIGEST_HEX_MAX + 1];
	char cnonce[DIGEST_NAME_MAX + 1];
	enum digest_qop qop;
	uint32_t nc; /* 0: not said */
};

/* Each reads the value of one header field. Returns 0; EBADMSG malformed, a parameter twice, or one
 * missing; E2BIG beyond the limits above; EPROTONOSUPPORT another scheme (SIP-053: never Basic), or
 * no algorithm or qop that is known. On failure *out is undefined. */
int digest_challenge_parse(struct digest_challenge *out, const char *text);
int digest_credentials_parse(struct digest_credentials *out, const char *text);
int digest_info_parse(struct digest_info *out, const char *text);
/* Appends the value of a header that Sofia has taken apart. */
void digest_header_text(const struct msg_auth_s *header, struct buf *out);

/* Appends "Digest ..." for a header. False, nothing appended: a text holds what no quoted string
 * can (controls, a quote that is not escaped). */
bool digest_challenge_format(const struct digest_challenge *challenge, struct buf *out);
bool digest_credentials_format(const struct digest_credentials *credentials, struct buf *out);

/* H(username:realm:password) as lower-case hex digits. False if the library refuses the algorithm;
 * out is "" then. */
bool digest_ha1(enum digest_algorithm algorithm, const char *username, const char *realm,
		const char *password, char out[DIGEST_HEX_MAX + 1]);

/* What a response is computed from. nc and cnonce count with a qop, the body with auth-int. */
struct digest_question {
	enum digest_algorithm algorithm;
	enum digest_qop qop;
	uint32_t nc;
	const char *nc_text; /* instead of nc, or NULL */
	const char *ha1;
	const char *nonce;
	const char *cnonce;
	const char *method; /* "": rspauth of Authentication-Info */
	const char *uri;
	const void *body;
	size_t body_len;
};

bool digest_response(const struct digest_question *question, char out[DIGEST_HEX_MAX + 1]);
/* The same, with all but ha1, method and body from credentials. */
bool digest_expected(const struct digest_credentials *credentials, const char *ha1,
		     const char *method, const void *body, size_t body_len,
		     char out[DIGEST_HEX_MAX + 1]);

/* True if both are the same chars hex digits, in whatever case; in a time that depends on chars
 * alone (SEC-011). */
bool digest_same(const char *a, const char *b, size_t chars);
