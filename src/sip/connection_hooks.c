/* Sofia has no word for a connection that begins or ends, nor for one that is half-way through a
 * message. Its exported functions that make, fill and take down connections are replaced by ones
 * that tell the table of connections, and then do what they did. */
#include "sip/connection_hooks.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sofia-sip/su_wait.h>
#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/tport.h>

#include "sip/connections.h"
#include "sip/secure.h"

void connection_hooks(void)
{
}

/* As its own files declare them; what they do not show is not looked into. */
typedef struct tport_primary tport_primary_t;
tport_t *tport_alloc_secondary(tport_primary_t *primary, int fd, int is_accepted, char const **why);
void tport_zap_secondary(tport_t *tport);
ssize_t tport_recv_iovec(tport_t const *tport, msg_t **msg, msg_iovec_t pieces[], size_t len,
			 int is_exact);
void tport_deliver(tport_t *tport, msg_t *msg, msg_t *next, struct tport_compressor *compressor,
		   su_time_t now);

/* The library's own, which ours hides from the rest of it. */
static void library(const char *name, void *fn, size_t size)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	if (symbol == NULL)
		abort(); /* another library than the one we were linked with */
	memcpy(fn, &symbol, size);
}

tport_t *tport_alloc_secondary(tport_primary_t *primary, int fd, int is_accepted, char const **why)
{
	static tport_t *(*theirs)(tport_primary_t *, int, int, char const **);
	/* A primary one begins with what they all are. */
	struct connections *owner = connections_owner((const tport_t *)(const void *)primary);
	struct connection *connection;
	tport_t *tport;

	if (theirs == NULL)
		library("tport_alloc_secondary", &theirs, sizeof theirs);
	if (owner == NULL)
		return theirs(primary, fd, is_accepted, why);
	connection = connections_begin(owner, fd, is_accepted != 0);
	if (connection == NULL) {
		close(fd);
		*why = "not now";
		errno = EMFILE;
		return NULL;
	}
	tport = theirs(primary, fd, is_accepted, why);
	connections_made(connection, tport);
	return tport;
}

void tport_zap_secondary(tport_t *tport)
{
	static void (*theirs)(tport_t *);
	struct connection *connection = connections_get(tport);

	if (theirs == NULL)
		library("tport_zap_secondary", &theirs, sizeof theirs);
	theirs(tport);
	if (connection != NULL)
		connections_drop(connection);
}

/* Datagrams come by a primary one: they are not looked for. */
static struct connection *get(const tport_t *tport)
{
	return tport_is_secondary(tport) ? connections_get(tport) : NULL;
}

ssize_t tport_recv_iovec(tport_t const *tport, msg_t **msg, msg_iovec_t pieces[], size_t len,
			 int is_exact)
{
	static ssize_t (*theirs)(tport_t const *, msg_t **, msg_iovec_t[], size_t, int);
	struct connection *connection = get(tport);

	if (theirs == NULL)
		library("tport_recv_iovec", &theirs, sizeof theirs);
	if (connection != NULL && len > 0)
		connections_part(connection);
	return theirs(tport, msg, pieces, len, is_exact);
}

void tport_deliver(tport_t *tport, msg_t *msg, msg_t *next, struct tport_compressor *compressor,
		   su_time_t now)
{
	static void (*theirs)(tport_t *, msg_t *, msg_t *, struct tport_compressor *, su_time_t);
	struct connection *connection = get(tport);

	if (theirs == NULL)
		library("tport_deliver", &theirs, sizeof theirs);
	if (connection != NULL) {
		connections_heard(connection, next != NULL);
	} else if (connections_refuses(tport, msg)) {
		msg_destroy(msg);
		return;
	}
	theirs(tport, msg, next, compressor, now);
}

/* The library takes a connection to the same address for one to the same server, whatever name it
 * was verified for (RFC 5922 section 7.3). */
tport_t *tport_by_name(tport_t const *transports, tp_name_t const *name)
{
	static tport_t *(*theirs)(tport_t const *, tp_name_t const *);
	struct connection *connection;
	tport_t *found;

	if (theirs == NULL)
		library("tport_by_name", &theirs, sizeof theirs);
	found = theirs(transports, name);
	connection = found != NULL ? get(found) : NULL;
	if (connection == NULL || connection->link == NULL ||
	    secure_link_serves(connection->link, name->tpn_canon))
		return found;
	return tport_parent(found);
}
