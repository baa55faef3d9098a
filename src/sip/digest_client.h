/* Digest as a client (RFC 3261 section 22.2, RFC 7616, RFC 8760): what one peer asked of us, and
 * the credentials that its requests carry. It sends nothing, and knows no transactions. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct digest_client;
struct sip_credentials;
struct sip_s;

enum {
	DIGEST_TRIES_MAX = 2, /* with credentials, for one request (SEC-014) */
	/* After it refused the password it is not tried again for so long (SIP-057: nobody's
	 * account is to be locked), but for one request; after it believed it, three in a row
	 * count. */
	DIGEST_REFUSED_MS = 60000,
	DIGEST_NC_MOST = 1 << 30 /* uses of one nonce */
};

/* credentials are borrowed until digest_client_free; without a username nothing is ever answered.
 * name is for the log. */
struct digest_client *digest_client_new(const struct sip_credentials *credentials, bool allow_md5,
					const char *name);
void digest_client_free(struct digest_client **client);

/* What a response is computed over. */
struct digest_request {
	const char *method;
	const char *uri; /* the Request-URI */
	const void *body;
	size_t body_len;
};

/* Appends Authorization and Proxy-Authorization, whole lines, for what was asked lately (SIP-058).
 * False: nothing is known, nothing appended. */
bool digest_client_put(struct digest_client *client, const struct digest_request *request,
		       struct buf *out);

/* How far one request of ours came. Zeroed at first. */
struct digest_tries {
	uint8_t count; /* challenges that were answered */
	uint8_t kinds; /* of which kinds: 1 of a server, 2 of a proxy */
	bool has_any;  /* credentials were sent with it */
};

/* A request was answered 401 or 407 by the configured next hop. True: it is to be sent again, with
 * digest_client_put(). */
bool digest_client_challenged(struct digest_client *client, const struct sip_s *sip,
			      struct digest_tries *tries, uint64_t now_ms);
/* Another final answer to a request with credentials: they were believed; it may name the nonce of
 * the next. */
void digest_client_passed(struct digest_client *client, const struct sip_s *sip);
