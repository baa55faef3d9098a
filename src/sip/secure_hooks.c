/* Sofia's TLS verifies names against what DNS says, sends no server name, offers ciphers and
 * versions of 2011, takes the errors that somebody's connection left in the thread's queue for
 * those of another and closes that one (SOF-006, SEC-102), and frees no session (SOF-016). These
 * functions of OpenSSL are replaced by ones that give it sessions of ours (secure.h), and empty the
 * queue before each use. Sessions of others in this process are treated as ever. */
#include "sip/secure_hooks.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "sip/connections.h"
#include "sip/secure.h"

typedef SSL *new_fn(SSL_CTX *context);

void secure_hooks(void)
{
}

SSL *secure_hooks_new(SSL_CTX *context)
{
	static new_fn *theirs;

	if (theirs == NULL) {
		void *symbol = dlsym(RTLD_NEXT, "SSL_new");

		memcpy(&theirs, &symbol, sizeof theirs);
		if (theirs == NULL)
			abort();
	}
	return theirs(context);
}

/* The session that Sofia asks for is of our context. At its end it frees one reference to its own,
 * which a session of it would have held. */
SSL *SSL_new(SSL_CTX *context)
{
	struct connection *connection = connections_making();

	if (connection == NULL || connection->link != NULL ||
	    connections_secure(connection) == NULL)
		return secure_hooks_new(context);
	SSL_CTX_up_ref(context);
	return secure_link_new(connections_secure(connection), connection);
}

int SSL_accept(SSL *session)
{
	struct secure_link *link = secure_link_of(session);

	if (link != NULL)
		return secure_link_handshake(link, true);
	if (SSL_in_before(session))
		SSL_set_accept_state(session);
	return SSL_do_handshake(session);
}

int SSL_connect(SSL *session)
{
	struct secure_link *link = secure_link_of(session);

	if (link != NULL)
		return secure_link_handshake(link, false);
	if (SSL_in_before(session))
		SSL_set_connect_state(session);
	return SSL_do_handshake(session);
}

int SSL_read(SSL *session, void *out, int size)
{
	size_t got = 0;

	ERR_clear_error();
	return size >= 0 && SSL_read_ex(session, out, (size_t)size, &got) == 1 ? (int)got : -1;
}

int SSL_write(SSL *session, const void *data, int size)
{
	size_t put = 0;

	ERR_clear_error();
	return size >= 0 && SSL_write_ex(session, data, (size_t)size, &put) == 1 ? (int)put : -1;
}

/* What Sofia reads of certificates it does not free, and nobody asks it. */
X509 *SSL_get1_peer_certificate(const SSL *session)
{
	X509 *certificate;

	if (secure_link_of(session) != NULL)
		return NULL;
	certificate = SSL_get0_peer_certificate(session);
	if (certificate != NULL)
		X509_up_ref(certificate);
	return certificate;
}
