/* Sofia asks su_getmsgsize() how many bytes wait at a socket, reads them all at once, takes that
 * number for the size of the message (413 and a closed connection for a peer that pipelines small
 * requests) and copies the rest for each message in it (memory grows with the square). The exported
 * function is replaced by one that is modest with streams; the rest comes with the next wake-up. */
#include "loop/read_size.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <sofia-sip/su.h>

enum { STREAM_READ_MAX = 16384 };

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
