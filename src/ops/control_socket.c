/* The listening socket of the control protocol. */
#include "ops/control_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"

enum { BACKLOG = 16 };

static int say(char *error, size_t error_len, int code, const char *path, const char *what)
{
	snprintf(error, error_len, "control socket %s: %s", path, what);
	return code;
}

static int make_address(struct sockaddr_un *out, const char *path)
{
	size_t len = strlen(path);

	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	if (len == 0 || len >= sizeof(out->sun_path))
		return ENAMETOOLONG;
	memcpy(out->sun_path, path, len + 1);
	return 0;
}

/* The mode is right from the first moment on: there is no time at which others could connect. */
static int bind_private(int fd, const struct sockaddr_un *address)
{
	mode_t before = umask(0117);
	int result = bind(fd, (const struct sockaddr *)(const void *)address, sizeof(*address));
	int error = result != 0 ? errno : 0;

	umask(before);
	return error;
}

/* 0: nobody answers, the file may go. */
static int check_stale(const struct sockaddr_un *address, char *error, size_t error_len)
{
	struct stat status;
	int fd = -1;
	int code = 0;

	if (lstat(address->sun_path, &status) != 0)
		return errno == ENOENT ? 0 : errno;
	if (!S_ISSOCK(status.st_mode))
		return say(error, error_len, EEXIST, address->sun_path,
			   "the name is taken by something that is not a socket; remove it or set "
			   "control.socket");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return errno;
	if (connect(fd, (const struct sockaddr *)(const void *)address, sizeof(*address)) == 0 ||
	    errno == EAGAIN)
		code = say(error, error_len, EADDRINUSE, address->sun_path,
			   "another daemon answers there; stop it or set control.socket");
	else if (errno != ECONNREFUSED && errno != ENOENT)
		code = errno;
	close(fd);
	return code;
}

static int bind_fresh(int fd, const struct sockaddr_un *address, char *error, size_t error_len)
{
	int code = bind_private(fd, address);

	if (code != EADDRINUSE)
		return code;
	code = check_stale(address, error, error_len);
	if (code != 0)
		return code;
	if (unlink(address->sun_path) != 0 && errno != ENOENT)
		return errno;
	return bind_private(fd, address);
}

int control_socket_open(int *out, const char *path, char *error, size_t error_len)
{
	struct sockaddr_un address;
	int fd = -1;
	int code = make_address(&address, path);

	error[0] = '\0';
	if (code != 0)
		return say(error, error_len, code, path, "the name is empty or too long");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return say(error, error_len, errno, path, strerror(errno));
	code = bind_fresh(fd, &address, error, error_len);
	if (code == 0 && listen(fd, BACKLOG) != 0)
		code = errno;
	if (code != 0) {
		close(fd);
		if (error[0] == '\0')
			snprintf(error, error_len,
				 "control socket %s: %s: make its directory, let the daemon's user "
				 "(uid %u) write there, or set control.socket",
				 path, strerror(code), (unsigned)geteuid());
		return code;
	}
	*out = fd;
	return 0;
}

/* Reads the supplementary groups of the peer into memory that the caller frees. */
static gid_t *peer_groups(int fd, size_t *count)
{
	socklen_t size = 64 * sizeof(gid_t);
	gid_t *groups = mem_alloc(size);
	int result = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size);

	if (result != 0 && errno == ERANGE) {
		/* size says now how much is needed: 65,536 groups at most */
		mem_free(groups);
		groups = mem_alloc(size);
		result = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size);
	}
	*count = result == 0 ? size / sizeof(gid_t) : 0;
	return groups;
}

static bool has_group(int fd, gid_t wanted)
{
	size_t count = 0;
	gid_t *groups = peer_groups(fd, &count);
	bool found = false;

	for (size_t i = 0; i < count && !found; i++)
		found = groups[i] == wanted;
	mem_free(groups);
	return found;
}

bool control_socket_may(int fd, uid_t *uid)
{
	struct ucred peer = {0, (uid_t)-1, (gid_t)-1};
	socklen_t size = sizeof(peer);

	*uid = (uid_t)-1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return false;
	*uid = peer.uid;
	if (peer.uid == 0 || peer.uid == geteuid() || peer.gid == getegid())
		return true;
	return has_group(fd, getegid());
}
