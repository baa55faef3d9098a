/* Requests of a phone that logs in by digest (RFC 7616). */
#include "hostile/login.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/buf.h"

enum { HEX_ROOM = 2 * EVP_MAX_MD_SIZE + 1 };

static const char *const methods[] = {"MESSAGE", "SUBSCRIBE", "PUBLISH", "OPTIONS", "REGISTER"};

void login_learn(struct login *login, const char *data, size_t len)
{
	const char *at = memmem(data, len, " nonce=\"", 8);
	const char *end = at != NULL ? memchr(at + 8, '"', len - (size_t)(at + 8 - data)) : NULL;
	char *out = login->nonces[login->count % LOGIN_NONCES];

	if (end == NULL)
		return;
	snprintf(out, sizeof(login->nonces[0]), "%.*s", (int)(end - at - 8), at + 8);
	login->count++;
	login->nc = 0;
}

__attribute__((format(printf, 3, 4))) static void hash(bool is_sha, char *out, const char *format,
						       ...)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	EVP_Digest(text, strlen(text), digest, &len, is_sha ? EVP_sha256() : EVP_md5(), NULL);
	for (unsigned i = 0; i < len; i++)
		snprintf(out + (size_t)i * 2, 3, "%02x", digest[i]);
}

/* The newest nonce mostly, else an old one or what nobody gave. */
static const char *choose_nonce(const struct login *login, struct rng *rng)
{
	if (login->count == 0 || rng_chance(rng, 5))
		return "dcd98b7102dd2f0e8b11d0f600bfb0c093";
	if (rng_chance(rng, 85))
		return login->nonces[(login->count - 1) % LOGIN_NONCES];
	return login
		->nonces[rng_below(rng, login->count < LOGIN_NONCES ? login->count : LOGIN_NONCES)];
}

static void put_credentials(struct login *login, struct rng *rng, const char *method,
			    const char *uri, struct buf *out)
{
	bool is_sha = rng_chance(rng, 50);
	const char *nonce = choose_nonce(login, rng);
	unsigned nc = rng_chance(rng, 90) ? ++login->nc : (unsigned)rng_below(rng, 100);
	char secret[HEX_ROOM];
	char what[HEX_ROOM];
	char response[HEX_ROOM];

	hash(is_sha, secret, LOGIN_USER ":" LOGIN_REALM ":" LOGIN_PASSWORD);
	hash(is_sha, what, "%s:%s", method, uri);
	hash(is_sha, response, "%s:%s:%08x:c:auth:%s", secret, nonce, nc, what);
	buf_printf(out,
		   "%s: Digest username=\"" LOGIN_USER "\", realm=\"" LOGIN_REALM
		   "\", nonce=\"%s\", "
		   "uri=\"%s\", response=\"%s\", algorithm=%s, cnonce=\"c\", qop=auth, nc=%08x\r\n",
		   rng_chance(rng, 95) ? "Authorization" : "Proxy-Authorization", nonce, uri,
		   response, is_sha ? "SHA-256" : "MD5", nc);
}

void login_put(struct login *login, struct rng *rng, unsigned long i, bool is_tcp,
	       unsigned own_port, struct buf *out)
{
	const char *method = methods[rng_below(rng, sizeof(methods) / sizeof(methods[0]))];
	bool is_text = method[0] == 'M';
	char uri[64];

	snprintf(uri, sizeof(uri), "sip:c%zu@chat.example", rng_below(rng, 40));
	buf_printf(out,
		   "%s %s SIP/2.0\r\nVia: SIP/2.0/%s 127.0.0.1:%u;rport;branch=z9hG4bKl%lu\r\n"
		   "Max-Forwards: 70\r\nFrom: <sip:" LOGIN_USER "@" LOGIN_REALM ">;tag=l\r\n"
		   "To: <%s>\r\nCall-ID: l%lu@hostile\r\nCSeq: 1 %s\r\n"
		   "Contact: <sip:" LOGIN_USER
		   "@127.0.0.1:%u>\r\nEvent: presence\r\nExpires: 600\r\n",
		   method, uri, is_tcp ? "TCP" : "UDP", own_port, i, uri, i, method, own_port);
	if (rng_chance(rng, 80))
		put_credentials(login, rng, method, uri, out);
	buf_printf(out, "%sContent-Length: %d\r\n\r\n%s",
		   is_text ? "Content-Type: text/plain\r\n" : "", is_text ? 5 : 0,
		   is_text ? "hello" : "");
}
