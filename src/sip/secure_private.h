/* Between secure.c (files and settings), secure_link.c (one connection) and secure_failures.c (what
 * the log is told). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "base/list.h"
#include "loop/loop.h"
#include "sip/certificate.h"
#include "sip/secure.h"
#include "sip/sip_side.h"

struct connection;

struct secure {
	struct secure_params params;
	SSL_CTX *context;
	bool verifies;
	enum sip_tls_clients clients;
	struct list failures;
	size_t failure_count;
	struct loop_timer timer;
};

struct secure_link {
	struct secure *secure;
	struct connection *connection;
	SSL *session;
	bool is_up;
	bool has_ended;
	char why[200];                  /* the certificate is not believed */
	struct certificate_names names; /* of the other end, believed */
	uint16_t certificate;
};

/* secure_link.c: whether the certificate of the other end is believed; for OpenSSL. */
int secure_link_check(X509_STORE_CTX *chain, void *arg);
/* secure_failures.c: a server failed: logged once for each reason, until it works again. */
void secure_failures_add(struct secure *secure, const char *name, const char *why);
void secure_failures_end(struct secure *secure, const char *name);
void secure_failures_forget(struct secure *secure);
