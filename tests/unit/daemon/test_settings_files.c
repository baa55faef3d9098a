/* The configuration and secrets as files: what may be read, and what is refused before it is.
 * [LCF-004] [SEC-090] */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "settings.h"
#include "support/check.h"

struct folder {
	char path[64];
	char config[96];
	char secret[96];
};

static void write_file(const char *path, const char *text, size_t len, mode_t mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int setup(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	if (folder == NULL)
		return -1;
	snprintf(folder->path, sizeof(folder->path), "/tmp/test_settings_XXXXXX");
	if (mkdtemp(folder->path) == NULL)
		return -1;
	snprintf(folder->config, sizeof(folder->config), "%s/x.cfg", folder->path);
	snprintf(folder->secret, sizeof(folder->secret), "%s/secret", folder->path);
	*state = folder;
	return 0;
}

static int teardown(void **state)
{
	struct folder *folder = *state;

	unlink(folder->config);
	unlink(folder->secret);
	rmdir(folder->secret);
	rmdir(folder->path);
	free(folder);
	return 0;
}

static void write_config(const struct folder *folder, const char *file)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "xmpp: { component = \"sip.chat.example\";\n secret_file = \"%s\"; };\n"
		 "domains: ( { sip = \"pbx.example\"; } );\n"
		 "process: { user = \"root\"; };\n", /* whoever has that user on his machine */
		 file);
	write_file(folder->config, text, strlen(text), 0644);
}

/* part NULL: accepted. */
static void check_load(const struct folder *folder, int expected, const char *part)
{
	struct settings *settings = NULL;
	struct buf report = BUF_INIT;
	int error = settings_load(&settings, folder->config, &report);

	if (error != expected || (part != NULL && strstr(buf_text(&report), part) == NULL))
		fail_msg("%d: %s lacks %s", error, buf_text(&report), part);
	if (expected != 0) {
		assert_null(settings);
		assert_int_equal(strncmp(buf_text(&report), folder->config, strlen(folder->config)),
				 0);
	}
	settings_free(&settings);
	buf_free(&report);
}

static void secret_from_file(void **state)
{
	struct folder *folder = *state;
	struct settings *settings = NULL;
	struct buf report = BUF_INIT;

	write_file(folder->secret, "a secret of some length\r\n", 25, 0600);
	write_config(folder, "secret"); /* from the folder of the configuration */
	assert_int_equal(settings_load(&settings, folder->config, &report), 0);
	assert_string_equal(settings->components[0].secret, "a secret of some length");
	assert_string_equal(settings->path, folder->config);
	assert_int_equal(report.len, 0);
	settings_free(&settings);
	write_config(folder, folder->secret);
	check_load(folder, 0, NULL);
	buf_free(&report);
}

/* Modes, and the command that mends each. [SEC-090] */
static void modes_of_secrets(void **state)
{
	static const struct {
		mode_t mode;
		bool ok;
	} rows[] = {
		{0400, true},  {0600, true},  {0440, true},  {0640, true},
		{0644, false}, {0660, false}, {0604, false}, {0620, false},
	};
	struct folder *folder = *state;
	char mend[160];

	write_config(folder, "secret");
	snprintf(mend, sizeof(mend), "x.cfg:2: %s can be read by others (mode", folder->secret);
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		write_file(folder->secret, "a secret of some length", 23, rows[i].mode);
		check_load(folder, rows[i].ok ? 0 : EINVAL, rows[i].ok ? NULL : mend);
	}
	snprintf(mend, sizeof(mend), "run: chmod 600 %s\n", folder->secret);
	check_load(folder, EINVAL, mend);
}

/* A secret in the configuration itself is told of, and the daemon starts. */
static void modes_of_configurations(void **state)
{
	static const char text[] =
		"xmpp: { component = \"sip.chat.example\";\n secret = \"a secret "
		"of some length\"; };\n"
		"domains: ( { sip = \"pbx.example\"; } );\n"
		"process: { user = \"root\"; };\n";
	static const struct {
		mode_t folder;
		mode_t file;
		bool warns;
	} rows[] = {{0755, 0604, true}, {0700, 0604, false}, {0755, 0640, false}};
	struct folder *folder = *state;

	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct settings *settings = NULL;
		struct buf report = BUF_INIT;

		write_file(folder->config, text, strlen(text), rows[i].file);
		assert_int_equal(chmod(folder->path, rows[i].folder), 0);
		assert_int_equal(settings_load(&settings, folder->config, &report), 0);
		assert_int_equal(strstr(buf_text(&report),
					"x.cfg:2: warning: a secret in a file that others can read "
					"(mode 0604); run: chmod 600 ") != NULL,
				 rows[i].warns);
		assert_int_equal(report.len != 0, rows[i].warns);
		settings_free(&settings);
		buf_free(&report);
	}
}

/* Things that are no files. [SEC-090] */
static void kinds_of_secrets(void **state)
{
	struct folder *folder = *state;

	write_config(folder, "secret");
	unlink(folder->secret);
	check_load(folder, EINVAL, "cannot be read: No such file");
	assert_int_equal(mkfifo(folder->secret, 0600), 0);
	check_load(folder, EINVAL, "is not a regular file; name the file itself");
	unlink(folder->secret);
	assert_int_equal(mkdir(folder->secret, 0700), 0);
	check_load(folder, EINVAL, "is not a regular file");
	rmdir(folder->secret);
	assert_int_equal(symlink(folder->config, folder->secret), 0);
	check_load(folder, EINVAL, "is not a regular file");
	unlink(folder->secret);
}

static void contents_of_secrets(void **state)
{
	struct folder *folder = *state;
	char big[1100];

	write_config(folder, "secret");
	write_file(folder->secret, "\n", 1, 0600);
	check_load(folder, EINVAL, "is empty; write the secret into it");
	write_file(folder->secret, "a\0b", 3, 0600);
	check_load(folder, EINVAL, "holds no secret");
	write_file(folder->secret, "two\nlines", 9, 0600);
	check_load(folder, EINVAL, "holds no secret");
	write_file(folder->secret, "\xff\xfe", 2, 0600);
	check_load(folder, EINVAL, "holds no secret");
	memset(big, 'x', sizeof(big));
	write_file(folder->secret, big, sizeof(big), 0600);
	check_load(folder, EINVAL, "holds no secret");
	write_file(folder->secret, "short", 5, 0600);
	check_load(folder, 0, "has less than 16 characters"); /* [SEC-106] */
}

/* libconfig would end the process on some of these. [LCF-004] */
static void kinds_of_configurations(void **state)
{
	struct folder *folder = *state;
	char *big = calloc(1, SETTINGS_FILE_MAX + 10);

	assert_non_null(big);
	unlink(folder->config);
	check_load(folder, ENOENT, ": cannot be read: No such file");
	assert_int_equal(mkfifo(folder->config, 0600), 0);
	check_load(folder, EINVAL, "is not a regular file");
	unlink(folder->config);
	assert_int_equal(mkdir(folder->config, 0700), 0);
	check_load(folder, EINVAL, "is not a regular file");
	rmdir(folder->config);
	memset(big, '#', SETTINGS_FILE_MAX + 1);
	write_file(folder->config, big, SETTINGS_FILE_MAX + 1, 0644);
	check_load(folder, EFBIG, "is larger than 1 MiB");
	write_file(folder->config, "a = 1;\0b = 2;", 13, 0644);
	check_load(folder, EINVAL, ":1: the file is not text in UTF-8");
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secret_from_file),
		cmocka_unit_test(modes_of_secrets),
		cmocka_unit_test(kinds_of_secrets),
		cmocka_unit_test(contents_of_secrets),
		cmocka_unit_test(kinds_of_configurations),
		cmocka_unit_test(modes_of_configurations),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
