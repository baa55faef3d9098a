/* TLS of the SIP side; see secure.h. */
#include "sip/secure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "sip/certificate.h"
#include "sip/secure_hooks.h"
#include "sip/secure_private.h"

enum {
	SECURE_DEPTH = 8, /* certificates of authorities between ours and theirs */
	SECURE_WARN_DAYS = 30,
	DAY_MS = 24 * 60 * 60 * 1000
};

/* Forward secrecy and authenticated encryption; TLS 1.3 has nothing else. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20";

/* Files ---------------------------------------------------------------------------------------- */

/* The reason of the library for its last failure, and nothing left behind (SOF-006). */
static const char *reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *text = code != 0 ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	return text != NULL ? text : "unknown reason";
}

static int fault(char *error, size_t error_len, const char *setting, const char *file)
{
	snprintf(error, error_len, "%s: cannot use %s (%s)", setting, file, reason());
	return EINVAL;
}

static int load_own(SSL_CTX *context, const struct sip_tls *tls, char *error, size_t error_len)
{
	if (tls->certificate == NULL)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(context, tls->certificate) != 1)
		return fault(error, error_len, "sip.tls_certificate", tls->certificate);
	if (SSL_CTX_use_PrivateKey_file(context, tls->key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(context) != 1)
		return fault(error, error_len, "sip.tls_key", tls->key);
	return 0;
}

static int load_authorities(SSL_CTX *context, const struct sip_tls *tls, char *error,
			    size_t error_len)
{
	STACK_OF(X509_NAME) * names;

	if (tls->ca == NULL) {
		if (SSL_CTX_set_default_verify_paths(context) != 1)
			return fault(error, error_len, "sip.tls_ca", "those of the system");
		return 0;
	}
	names = SSL_load_client_CA_file(tls->ca);
	if (names == NULL || SSL_CTX_load_verify_file(context, tls->ca) != 1) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return fault(error, error_len, "sip.tls_ca", tls->ca);
	}
	SSL_CTX_set_client_CA_list(context, names);
	return 0;
}

/* Sessions are not resumed: the certificate is looked at each time. */
static SSL_CTX *make_context(const struct sip_tls *tls, char *error, size_t error_len)
{
	static const unsigned char id[] = "sipxmppd";
	SSL_CTX *context = SSL_CTX_new(TLS_method());

	if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(context, ciphers) != 1 ||
	    SSL_CTX_set_session_id_context(context, id, sizeof id - 1) != 1) {
		snprintf(error, error_len, "tls: %s", reason());
		SSL_CTX_free(context);
		return NULL;
	}
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
					     SSL_OP_NO_COMPRESSION |
					     SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_dh_auto(context, 1);
	SSL_CTX_set_verify_depth(context, SECURE_DEPTH);
	SSL_CTX_set_cert_verify_callback(context, secure_link_check, NULL);
	ERR_clear_error();
	if (load_own(context, tls, error, error_len) == 0 &&
	    load_authorities(context, tls, error, error_len) == 0)
		return context;
	SSL_CTX_free(context);
	return NULL;
}

int64_t secure_days_left(const struct secure *secure)
{
	const X509 *own = SSL_CTX_get0_certificate(secure->context);

	return own != NULL ? certificate_days_left(own, loop_wall_ms(secure->params.loop) / 1000)
			   : INT64_MAX;
}

static void look_at_dates(void *arg)
{
	struct secure *secure = arg;
	int64_t days = secure_days_left(secure);

	if (days < 0)
		log_err("tls: our certificate has ended; put a new one into "
			"sip.tls_certificate and reload");
	else if (days < SECURE_WARN_DAYS)
		log_warning("tls: our certificate ends in %lld days", (long long)days);
	loop_timer_set(secure->params.loop, &secure->timer, DAY_MS, look_at_dates, secure);
}

static void take(struct secure *secure, const struct sip_tls *tls, SSL_CTX *context)
{
	SSL_CTX_free(secure->context);
	secure->context = context;
	secure->verifies = tls->verify;
	secure->clients = tls->clients;
	look_at_dates(secure);
}

int secure_new(struct secure **out, const struct secure_params *params, char *error,
	       size_t error_len)
{
	SSL_CTX *context;
	struct secure *secure;

	secure_hooks();
	context = make_context(params->tls, error, error_len);
	if (context == NULL)
		return EINVAL;
	secure = mem_zalloc(sizeof *secure);
	secure->params = *params;
	list_init(&secure->failures);
	take(secure, params->tls, context);
	*out = secure;
	return 0;
}

int secure_reload(struct secure *secure, const struct sip_tls *tls, char *error, size_t error_len)
{
	SSL_CTX *context = make_context(tls, error, error_len);

	if (context == NULL)
		return EINVAL;
	take(secure, tls, context);
	return 0;
}

void secure_free(struct secure **secure)
{
	struct secure *self = *secure;

	if (self == NULL)
		return;
	loop_timer_cancel(&self->timer);
	secure_failures_forget(self);
	SSL_CTX_free(self->context);
	mem_free(self);
	*secure = NULL;
}
