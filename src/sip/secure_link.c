/* The TLS end of one connection; see secure.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <sofia-sip/su_wait.h>
#include <sofia-sip/tport.h>
#include <sofia-sip/tport_tag.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/counters.h"
#include "sip/certificate.h"
#include "sip/connections.h"
#include "sip/net_address.h"
#include "sip/secure_hooks.h"
#include "sip/secure_private.h"
#include "sip/trust.h"

enum { SECURE_NAMES = 16 };

static int link_index(void)
{
	static int index = -1;

	if (index < 0)
		index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	return index;
}

/* Links ---------------------------------------------------------------------------------------- */

struct ssl_st *secure_link_new(struct secure *secure, struct connection *connection)
{
	SSL *session = secure_hooks_new(secure->context);
	struct secure_link *link;
	int mode = SSL_VERIFY_PEER;

	if (session == NULL)
		return NULL;
	link = mem_zalloc(sizeof *link);
	link->secure = secure;
	link->connection = connection;
	link->session = session;
	SSL_set_ex_data(session, link_index(), link);
	if (connection->is_accepted && secure->clients == SIP_TLS_DEMAND)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	if (!secure->verifies || (connection->is_accepted && secure->clients == SIP_TLS_NONE))
		mode = SSL_VERIFY_NONE;
	SSL_set_verify(session, mode, NULL);
	connection->link = link;
	return session;
}

/* While a handshake is under way its end fails the requests that wait for it at once; later they
 * may have been heard, and wait for an answer by another connection. */
static void fail_with(const struct secure_link *link, int fails)
{
	if (!link->connection->is_accepted)
		(void)tport_set_params(link->connection->tport, TPTAG_SDWN_ERROR(fails), TAG_END());
}

/* The library frees its end of the descriptor, but not the session, which holds it, too. */
void secure_link_begin(struct secure_link *link)
{
	BIO *end = SSL_get_rbio(link->session);

	if (end != NULL)
		BIO_up_ref(end);
	fail_with(link, 1);
}

void secure_link_free(struct secure_link **link)
{
	if (*link == NULL)
		return;
	SSL_free((*link)->session);
	certificate_names_clear(&(*link)->names);
	ERR_clear_error();
	mem_free(*link);
	*link = NULL;
}

bool secure_link_is_up(const struct secure_link *link)
{
	return link->is_up;
}

struct secure_link *secure_link_of(const SSL *session)
{
	return SSL_get_ex_data(session, link_index());
}

/* Certificates --------------------------------------------------------------------------------- */

/* The host of the URI that the connection is for: of the request, not what DNS made of it. */
static const char *server_of(const struct secure_link *link)
{
	const tp_name_t *name = tport_name(link->connection->tport);

	return name->tpn_canon != NULL ? name->tpn_canon : name->tpn_host;
}

static bool refuse(struct secure_link *link, X509_STORE_CTX *chain, int code, const char *why)
{
	X509_STORE_CTX_set_error(chain, code);
	snprintf(link->why, sizeof link->why, "%s", why);
	return false;
}

static void names_text(const struct certificate_names *names, struct buf *out)
{
	for (size_t i = 0; i < names->count && i < 4; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "", log_safe(names->items[i]));
	if (names->count == 0)
		buf_puts(out, "nobody");
}

/* RFC 5922 section 7.3 (SIP-098): the domain of the URI, not of an SRV record, not the address. */
static bool is_for(const struct secure_link *link, const char *host, const char **wanted)
{
	const char *names[SECURE_NAMES];
	size_t count = trust_names_at(link->secure->params.trust, host, names, SECURE_NAMES);

	*wanted = count > 0 ? names[0] : "anybody at this address";
	for (size_t i = 0; i < count; i++)
		if (certificate_names_have(&link->names, names[i]))
			return true;
	return false;
}

bool secure_link_serves(const struct secure_link *link, const char *host)
{
	struct net_address literal;
	const char *wanted;

	if (!link->secure->verifies)
		return true;
	if (link->connection->is_accepted && net_address_parse(&literal, host))
		return true;
	if (!link->is_up)
		return strcasecmp(server_of(link), host) == 0;
	return is_for(link, host, &wanted);
}

static bool is_server(struct secure_link *link, X509_STORE_CTX *chain)
{
	struct buf text = BUF_INIT;
	const char *wanted;

	if (is_for(link, server_of(link), &wanted))
		return true;
	names_text(&link->names, &text);
	snprintf(link->why, sizeof link->why, "the certificate is for %s, not for %s",
		 buf_text(&text), wanted);
	buf_free(&text);
	X509_STORE_CTX_set_error(chain, X509_V_ERR_HOSTNAME_MISMATCH);
	return false;
}

static bool is_known(struct secure_link *link, X509_STORE_CTX *chain, X509 *certificate)
{
	const struct secure *secure = link->secure;
	struct certificate_names *names = &link->names;

	certificate_names_clear(names);
	certificate_names_read(names, certificate);
	link->certificate = trust_certificate(secure->params.trust,
					      (const char *const *)names->items, names->count);
	if (!link->connection->is_accepted)
		return is_server(link, chain);
	if (link->certificate == 0 && secure->clients == SIP_TLS_DEMAND)
		return refuse(link, chain, X509_V_ERR_APPLICATION_VERIFICATION,
			      "the certificate names no peer of ours");
	return true;
}

/* Chain, dates and signatures by the library; what the certificate is for and whom it names, by
 * us. */
int secure_link_check(X509_STORE_CTX *chain, void *arg)
{
	SSL *session = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct secure_link *link = secure_link_of(session);
	X509 *certificate = X509_STORE_CTX_get0_cert(chain);

	(void)arg;
	if (link == NULL)
		return 0;
	if (!link->secure->verifies ||
	    (link->connection->is_accepted && link->secure->clients == SIP_TLS_NONE))
		return 1;
	X509_VERIFY_PARAM_set_purpose(X509_STORE_CTX_get0_param(chain), X509_PURPOSE_ANY);
	if (X509_verify_cert(chain) != 1)
		return refuse(link, chain, X509_STORE_CTX_get_error(chain),
			      X509_verify_cert_error_string(X509_STORE_CTX_get_error(chain)));
	if (!certificate_is_for_sip(certificate)) /* SIP-098 */
		return refuse(link, chain, X509_V_ERR_INVALID_PURPOSE,
			      "the certificate is not for servers");
	return is_known(link, chain, certificate);
}

/* Handshake ------------------------------------------------------------------------------------ */

static void log_client_failed(const struct connection *connection, const char *why)
{
	struct buf far = BUF_INIT;

	net_address_print(&connection->far, &far);
	if (connection->is_stranger)
		log_debug("tls: connection refused source=%s (%s)", buf_text(&far), why);
	else
		log_warning("tls: connection refused source=%s (%s)", buf_text(&far), why);
	buf_free(&far);
}

static void failed(struct secure_link *link)
{
	unsigned long code = ERR_peek_error();
	const char *why = link->why;

	if (link->has_ended)
		return;
	link->has_ended = true;
	if (why[0] == '\0')
		why = code != 0 ? ERR_reason_error_string(code) : "the other end hung up";
	if (why == NULL)
		why = "the handshake failed";
	link->secure->params.counters->tls_failed++;
	if (link->connection->is_accepted)
		log_client_failed(link->connection, why);
	else
		secure_failures_add(link->secure, server_of(link), why);
}

static void came_up(struct secure_link *link)
{
	link->is_up = true;
	fail_with(link, 0);
	connections_believed(link->connection, link->certificate);
	if (!link->connection->is_accepted)
		secure_failures_end(link->secure, server_of(link));
}

/* The library's own macro takes the name for one that may be changed. */
static void set_server_name(SSL *session, const char *name)
{
	char *copy = mem_strdup(name);

	(void)SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, copy);
	mem_free(copy);
}

/* The peer's own name for itself goes into the first message (SEC-101); addresses do not (RFC 6066
 * section 3). */
static void start(struct secure_link *link, bool accepts)
{
	struct net_address literal;
	const char *names[1];

	if (accepts) {
		SSL_set_accept_state(link->session);
		return;
	}
	SSL_set_connect_state(link->session);
	if (trust_names_at(link->secure->params.trust, server_of(link), names, 1) == 1 &&
	    !net_address_parse(&literal, names[0]))
		set_server_name(link->session, names[0]);
}

int secure_link_handshake(struct secure_link *link, bool accepts)
{
	int result, code;

	ERR_clear_error(); /* SOF-006: whatever others left there is not ours */
	if (SSL_in_before(link->session))
		start(link, accepts);
	result = SSL_do_handshake(link->session);
	if (result == 1) {
		if (!link->is_up)
			came_up(link);
		return result;
	}
	code = SSL_get_error(link->session, result);
	if (code != SSL_ERROR_WANT_READ && code != SSL_ERROR_WANT_WRITE)
		failed(link);
	return result;
}
