/* Files of the SQLite store. None is opened here: closing any descriptor of the file would drop
 * SQLite's locks (SQL-006). */
#include "store/sqlite_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"

/* File systems on which the locks and shared memory of WAL do not work. */
static const struct {
	uint32_t magic;
	const char *name;
} network_types[] = {
	{0x6969, "NFS"},     {0x517b, "SMB"},      {0xff534d42, "CIFS"}, {0xfe534d42, "SMB2"},
	{0x5346414f, "AFS"}, {0x00c36400, "Ceph"}, {0x73757245, "Coda"}, {0x564c, "NCP"},
};

static const char *network_type(const char *directory)
{
	struct statfs where;

	if (statfs(directory, &where) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof network_types / sizeof *network_types; i++) {
		if ((uint32_t)where.f_type == network_types[i].magic)
			return network_types[i].name;
	}
	return NULL;
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return mem_strdup(".");
	return slash == path ? mem_strdup("/") : mem_strndup(path, (size_t)(slash - path));
}

static int check_directory(const char *directory, char *error, size_t error_len)
{
	const char *network;
	struct stat info;

	if (stat(directory, &info) != 0) {
		int result = errno;

		snprintf(error, error_len, "%s: %s: make the directory or change store.path",
			 directory, strerror(result));
		return result;
	}
	if (!S_ISDIR(info.st_mode)) {
		snprintf(error, error_len, "%s is not a directory: change store.path", directory);
		return ENOTDIR;
	}
	/* The log and its index are made beside the file. */
	if (access(directory, W_OK | X_OK) != 0) {
		int result = errno;

		snprintf(error, error_len,
			 "%s: %s: let the daemon's user (uid %u) write there or change store.path",
			 directory, strerror(result), (unsigned)geteuid());
		return result;
	}
	if ((info.st_mode & 077) != 0)
		log_warning("store: directory is open to others path=%s mode=%03o (chmod 0700)",
			    log_safe(directory), (unsigned)info.st_mode & 0777);
	network = network_type(directory);
	if (network != NULL) {
		snprintf(error, error_len, "%s is on %s: the store needs a local file system",
			 directory, network);
		return ENOTSUP;
	}
	return 0;
}

int sqlite_files_prepare(const char *path, char *error, size_t error_len)
{
	char *directory = directory_of(path);
	int result;

	if (mkdir(directory, 0700) == 0)
		log_notice("store: made directory path=%s", log_safe(directory));
	result = check_directory(directory, error, error_len);
	mem_free(directory);
	return result;
}

int sqlite_files_lock(const char *path, int *out, char *error, size_t error_len)
{
	struct buf name = BUF_INIT;
	int result = 0;

	buf_printf(&name, "%s.lock", path);
	*out = open(name.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*out < 0) {
		result = errno;
		snprintf(error, error_len, "%s: %s", name.data, strerror(result));
	} else if (flock(*out, LOCK_EX | LOCK_NB) != 0) {
		result = errno;
		snprintf(error, error_len,
			 "%s is used by another daemon: stop it or change store.path", path);
	}
	buf_free(&name);
	return result;
}

void sqlite_files_protect(const char *path)
{
	struct stat info;

	if (stat(path, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & 077) != 0 &&
	    chmod(path, 0600) == 0)
		log_warning("store: file was open to others path=%s (now mode 0600)",
			    log_safe(path));
}

static bool is_there(const char *path)
{
	struct stat info;

	return lstat(path, &info) == 0;
}

void sqlite_files_name(const char *path, const char *what, struct buf *out)
{
	size_t start = out->len;
	time_t now = time(NULL);
	struct tm parts;
	char date[32];

	gmtime_r(&now, &parts);
	strftime(date, sizeof date, "%Y%m%d-%H%M%S", &parts);
	buf_printf(out, "%s.%s-%s", path, what, date);
	for (unsigned i = 2; is_there(out->data + start); i++) {
		out->len = start;
		buf_printf(out, "%s.%s-%s-%u", path, what, date, i);
	}
}

/* Moves path + suffix to target + suffix; what is not there need not be moved. */
static int move(const char *path, const char *target, const char *suffix)
{
	struct buf from = BUF_INIT;
	struct buf to = BUF_INIT;
	int result = 0;

	buf_printf(&from, "%s%s", path, suffix);
	buf_printf(&to, "%s%s", target, suffix);
	if (rename(from.data, to.data) != 0 && errno != ENOENT)
		result = errno;
	buf_free(&from);
	buf_free(&to);
	return result;
}

int sqlite_files_set_aside(const char *path, struct buf *out)
{
	size_t start = out->len;
	int result;

	sqlite_files_name(path, "damaged", out);
	/* The log first: a new file must not meet an old log. */
	result = move(path, out->data + start, "-wal");
	if (result == 0)
		result = move(path, out->data + start, "-shm");
	return result != 0 ? result : move(path, out->data + start, "");
}
