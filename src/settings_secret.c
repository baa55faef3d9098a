/* Secrets from the file or from files of their own (SEC-090, SEC-091, SEC-106). */
#include "settings_private.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"

#define UNIT_USER "sipxmppd" /* systemd/sipxmppd.sysusers */

enum { PATH_MAX_BYTES = 4096, MEND_BYTES = PATH_MAX_BYTES * 2 + 64 };

/* Relative names count from the folder of the configuration. */
const char *settings_secret_path(struct loader *loader, const char *file)
{
	const char *slash = strrchr(loader->path, '/');
	char path[PATH_MAX_BYTES];

	if (file[0] == '/' || slash == NULL)
		return file;
	snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - loader->path), loader->path, file);
	return memory_text(loader->memory, path);
}

/* Whom the process will run as: read as root, a file may belong to whom it becomes. Root without
 * process.user can only check the file; it is then for the user of the shipped unit. */
static void service_ids(const struct loader *loader, uid_t *uid, gid_t *gid)
{
	const char *user = loader->draft.process_user;
	const struct passwd *found =
		geteuid() == 0 ? getpwnam(user != NULL ? user : UNIT_USER) : NULL;

	*uid = found != NULL ? found->pw_uid : geteuid();
	*gid = found != NULL ? found->pw_gid : getegid();
	if (found != NULL && loader->draft.process_group != NULL) {
		const struct group *group = getgrnam(loader->draft.process_group);

		*gid = group != NULL ? group->gr_gid : *gid;
	}
}

/* The command that closes a file to others and leaves it open to the daemon, whoever owns it. */
static void mend_mode(char out[MEND_BYTES], const struct stat *info, uid_t uid, gid_t gid,
		      const char *path)
{
	if (info->st_uid == uid)
		snprintf(out, MEND_BYTES, "chmod 600 %s", path);
	else
		snprintf(out, MEND_BYTES, "chgrp %u %s && chmod 640 %s", (unsigned)gid, path, path);
}

/* SEC-090: nobody else may read it; a group only if it is ours, or root's as in systemd
 * credentials. */
static bool may_be_trusted(struct loader *loader, int line, const char *path,
			   const struct stat *info)
{
	mode_t mode = info->st_mode & 07777;
	uid_t uid;
	gid_t gid;
	bool group_ok;
	char mend[MEND_BYTES];

	service_ids(loader, &uid, &gid);
	group_ok = (mode & 0030) == 0 &&
		   ((mode & 0040) == 0 || info->st_gid == gid || info->st_gid == 0);
	mend_mode(mend, info, uid, gid, path);
	if (!S_ISREG(info->st_mode)) {
		loader_fault(loader, line, "%s is not a regular file; name the file itself", path);
		return false;
	}
	if (info->st_uid != 0 && info->st_uid != uid) {
		loader_fault(loader, line, "%s belongs to another user; run: chown %u %s", path,
			     (unsigned)uid, path);
		return false;
	}
	if (!group_ok || (mode & 0007) != 0) {
		loader_fault(loader, line, "%s can be read by others (mode %04o); run: %s", path,
			     (unsigned)mode, mend);
		return false;
	}
	return true;
}

/* Read as root at the start, by the user of the daemon at a reload. */
static void warn_of_reload(struct loader *loader, int line, const char *path,
			   const struct stat *info)
{
	char mend[MEND_BYTES];
	uid_t uid;
	gid_t gid;

	service_ids(loader, &uid, &gid);
	mend_mode(mend, info, uid, gid, path);
	if (geteuid() == 0 && info->st_uid != uid && (info->st_mode & 0040) == 0)
		loader_warn(loader, line, "%s can be read by root alone; run: %s", path, mend);
}

/* It is there, and we may not open it: as whom, and what to do. */
static void cannot_be_read(struct loader *loader, int line, const char *path,
			   const struct stat *info, int error)
{
	char mend[MEND_BYTES];
	uid_t uid;
	gid_t gid;

	service_ids(loader, &uid, &gid);
	mend_mode(mend, info, uid, gid, path);
	if (error == EACCES)
		loader_fault(loader, line, "%s cannot be read by the user %u; run: %s", path,
			     (unsigned)uid, mend);
	else
		loader_fault(loader, line, "%s cannot be read: %s", path, strerror(error));
}

/* The first line of the file. */
static size_t read_line(int fd, char *out, size_t size)
{
	size_t len = 0;
	ssize_t got = 0;

	do {
		got = read(fd, out + len, size - 1 - len);
		len += got > 0 ? (size_t)got : 0;
	} while (got > 0 && len < size - 1);
	out[len] = '\0';
	while (len > 0 && (out[len - 1] == '\n' || out[len - 1] == '\r'))
		out[--len] = '\0';
	return len;
}

static const char *read_secret(struct loader *loader, int line, const char *path, int fd)
{
	char secret[SECRET_MAX + 2];
	const char *kept = NULL;
	size_t len = read_line(fd, secret, sizeof(secret));
	bool is_line = strlen(secret) == len && utf8_is_valid(secret, len);

	for (size_t i = 0; i < len; i++)
		is_line = is_line && (unsigned char)secret[i] >= ' ';
	if (len == 0)
		loader_fault(loader, line, "%s is empty; write the secret into it", path);
	else if (len > SECRET_MAX || !is_line)
		loader_fault(loader, line,
			     "%s holds no secret; it must be one line of text of at "
			     "most %d bytes",
			     path, (int)SECRET_MAX);
	else
		kept = memory_text(loader->memory, secret);
	mem_wipe(secret, sizeof(secret));
	return kept;
}

int settings_open_secret(struct loader *loader, int line, const char *file, const char **path)
{
	struct stat info;
	int fd;

	*path = settings_secret_path(loader, file);
	/* Looked at before it is opened: opening some things has effects. */
	if (lstat(*path, &info) != 0) {
		loader_fault(loader, line, "%s cannot be read: %s", *path, strerror(errno));
		return -1;
	}
	if (!may_be_trusted(loader, line, *path, &info))
		return -1;
	fd = open(*path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
	if (fd < 0) {
		cannot_be_read(loader, line, *path, &info, errno);
		return -1;
	}
	if (fstat(fd, &info) == 0 && may_be_trusted(loader, line, *path, &info)) {
		warn_of_reload(loader, line, *path, &info);
		return fd;
	}
	close(fd);
	return -1;
}

static const char *from_file(struct loader *loader, int line, const char *file)
{
	const char *path;
	const char *secret;
	int fd = settings_open_secret(loader, line, file, &path);

	if (fd < 0)
		return NULL;
	secret = read_secret(loader, line, path, fd);
	close(fd);
	return secret;
}

bool settings_secret_may_be_read(struct loader *loader, int line, const char *path)
{
	struct stat info;

	if (lstat(path, &info) != 0) {
		loader_fault(loader, line, "%s cannot be read: %s", path, strerror(errno));
		return false;
	}
	if (!may_be_trusted(loader, line, path, &info))
		return false;
	if (access(path, R_OK) != 0) {
		cannot_be_read(loader, line, path, &info, errno);
		return false;
	}
	warn_of_reload(loader, line, path, &info);
	return true;
}

/* A secret in the configuration itself: that is no reason not to start, but to be told once. */
void settings_warn_of_readers(struct loader *loader, int line)
{
	char mend[MEND_BYTES];
	struct stat info;
	uid_t uid;
	gid_t gid;

	if (stat(settings_secret_path(loader, "."), &info) == 0 && (info.st_mode & 0001) == 0)
		return; /* nobody else comes into its folder */
	if (loader->has_warned_of_readers || stat(loader->path, &info) != 0 ||
	    !S_ISREG(info.st_mode) || (info.st_mode & 0007) == 0)
		return;
	service_ids(loader, &uid, &gid);
	mend_mode(mend, &info, uid, gid, loader->path);
	loader->has_warned_of_readers = true;
	loader_warn(loader, line, "a secret in a file that others can read (mode %04o); run: %s",
		    (unsigned)(info.st_mode & 07777), mend);
}

const char *settings_secret(struct loader *loader, const char *prefix, const char *name,
			    const char *text, const char *file)
{
	char setting[SETTING_NAME_MAX];
	char file_setting[SETTING_NAME_MAX];
	int line;

	snprintf(setting, sizeof(setting), "%s%s", prefix, name);
	snprintf(file_setting, sizeof(file_setting), "%s%s_file", prefix, name);
	line = loader_line(loader, file_setting);
	if (text != NULL && file != NULL) {
		loader_fault(loader, line, "%s and %s are both set; remove one of the two", setting,
			     file_setting);
		return NULL;
	}
	if (file != NULL)
		return from_file(loader, line, file);
	if (text != NULL)
		settings_warn_of_readers(loader, loader_line(loader, setting));
	return text;
}
