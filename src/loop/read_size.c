/* Sofia asks su_getmsgsize() how many bytes wait at a socket, reads them all at once, takes that
 * number for the size of the message (413 and a closed connection for a peer that pipelines small
 * requests) and copies the rest for each message in it (memory grows with the square). The exported
 * function is replaced by one that is modest with streams; the rest comes with the next wake-up. */
#include "loop/read_size.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <sofia-sip/su.h>
#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>

enum {
	STREAM_READ_MAX = 16384,
	MESSAGE_MAX = 256 * 1024 /* as NTATAG_MAXSIZE: the largest that any limit allows (D-57) */
};

typedef msg_t *next_fn(msg_t *msg);

void read_size_hook(void)
{
}

issize_t su_getmsgsize(su_socket_t fd)
{
	int waiting = 0;
	int type = SOCK_DGRAM;
	socklen_t len = sizeof type;

	if (ioctl(fd, FIONREAD, &waiting) != 0)
		return -1;
	if (waiting > STREAM_READ_MAX && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	    type == SOCK_STREAM)
		return STREAM_READ_MAX;
	return waiting;
}

/* Sofia's own, which ours hides from the rest of the library. */
static next_fn *library_next(void)
{
	void *symbol = dlsym(RTLD_NEXT, "msg_next");
	next_fn *fn = NULL;

	memcpy(&fn, &symbol, sizeof fn);
	if (fn == NULL)
		abort(); /* another library than the one we were linked with */
	return fn;
}

/* What follows a message in the same read becomes a message without a size limit: one write of an
 * OPTIONS and of a MESSAGE with "Content-Length: 3000000000" ended the daemon in an assertion of
 * the library, before anybody asked who the sender is (SOF-009). */
msg_t *msg_next(msg_t *msg)
{
	static next_fn *theirs;
	msg_t *next;

	if (theirs == NULL)
		theirs = library_next();
	next = theirs(msg);
	if (next != NULL)
		msg_maxsize(next, MESSAGE_MAX);
	return next;
}
