/* TLS of the SIP side (SEC-100 to SEC-104, RFC 5922). Sofia keeps its transports, but gets each TLS
 * session from here: with our files, from TLS 1.2 on, with a check of the other end's certificate
 * that ends the handshake before anything is sent (SIP-101), and with the name of the server in the
 * first message (SEC-101). Sofia knows nothing of certificates. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection;
struct counters;
struct loop;
struct secure;
struct secure_link;
struct sip_tls;
struct ssl_st;
struct trust;

struct secure_params {
	struct loop *loop;
	struct counters *counters;
	struct trust *trust;
	const struct sip_tls *tls; /* read by value, but for trust */
};

/* Reads the files. All else is borrowed until secure_free(). Returns 0, or EINVAL with a sentence
 * that names the setting. */
int secure_new(struct secure **out, const struct secure_params *params, char *error,
	       size_t error_len);
/* After the last connection. */
void secure_free(struct secure **secure);
/* Reads the files again, for connections from now on (SEC-103); on an error, as secure_new(), the
 * old ones stay. */
int secure_reload(struct secure *secure, const struct sip_tls *tls, char *error, size_t error_len);
/* Whole days until our certificate ends. */
int64_t secure_days_left(const struct secure *secure);

/* The TLS end of one connection ----------------------------------------------------------------
 */

/* For secure_hooks.c: the session of the connection that is being made, or NULL (out of memory). */
struct ssl_st *secure_link_new(struct secure *secure, struct connection *connection);
/* Once the library has put its end into the session. */
void secure_link_begin(struct secure_link *link);
/* Frees the session, which the library never does. */
void secure_link_free(struct secure_link **link);
/* May a request to host, of a URI, go over this connection (RFC 5922 section 7.3)? A host that is
 * an address may where its own end connected from there. */
bool secure_link_serves(const struct secure_link *link, const char *host);
/* True from the end of the handshake on. */
bool secure_link_is_up(const struct secure_link *link);
/* For secure_hooks.c: the link of a session, or NULL: not one of ours; and one step of its
 * handshake, as SSL_do_handshake(). */
struct secure_link *secure_link_of(const struct ssl_st *session);
int secure_link_handshake(struct secure_link *link, bool accepts);
