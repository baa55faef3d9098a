/* Who may log in, from the configuration and from a file of its own: what is read, and what is
 * refused with its line, without a word of the secrets. [SEC-011] [SEC-090] [SEC-091] */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "settings.h"
#include "sip/digest.h"
#include "support/check.h"

#define MD5 "0123456789abcdef0123456789abcdef"
#define SHA MD5 MD5

struct folder {
	char path[64];
	char config[96];
	char logins[96];
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
	snprintf(folder->path, sizeof(folder->path), "/tmp/test_logins_XXXXXX");
	if (mkdtemp(folder->path) == NULL)
		return -1;
	snprintf(folder->config, sizeof(folder->config), "%s/x.cfg", folder->path);
	snprintf(folder->logins, sizeof(folder->logins), "%s/logins", folder->path);
	*state = folder;
	return 0;
}

static int teardown(void **state)
{
	struct folder *folder = *state;

	unlink(folder->config);
	unlink(folder->logins);
	rmdir(folder->path);
	free(folder);
	return 0;
}

/* With sip lines and a file of logins (NULL: none). Line 3 of the configuration is sip. */
static int load(struct folder *folder, struct settings **out, const char *sip, const char *logins,
		mode_t mode, struct buf *report)
{
	struct buf text = BUF_INIT;

	buf_printf(&text,
		   "xmpp: { component = \"sip.chat.example\"; secret = \"long enough for it\"; };\n"
		   "domains: ( { sip = \"pbx.example\"; } );\n"
		   "sip: { %s%s };\n",
		   logins != NULL ? "logins_file = \"logins\"; " : "", sip);
	write_file(folder->config, text.data, text.len, 0600);
	if (logins != NULL)
		write_file(folder->logins, logins, strlen(logins), mode);
	buf_free(&text);
	return settings_load(out, folder->config, report);
}

static const struct sip_login *find(const struct settings *settings, const char *user)
{
	for (size_t i = 0; i < settings->login_count; i++)
		if (strcmp(settings->logins[i].user, user) == 0)
			return &settings->logins[i];
	fail_msg("no login of %s", user);
	return NULL;
}

static void logins_are_read(void **state)
{
	struct folder *folder = *state;
	struct settings *settings = NULL;
	struct buf report = BUF_INIT;
	char hash[DIGEST_HEX_MAX + 1];
	int error =
		load(folder, &settings,
		     "logins = ( { user = \"1004\"; password = \"open: sesame\"; },\n"
		     "{ user = \"1005\"; realm = \"pbx.example\"; ha1_sha256 = \"" SHA "\"; } );",
		     "# who may\r\n\n1001:pbx.example:" MD5 "\n1001:pbx.example:" SHA "\r\n"
		     "an%20n:pbx.example:0123456789ABCDEF0123456789ABCDEF",
		     0600, &report);

	if (error != 0)
		fail_msg("%s", buf_text(&report));
	assert_int_equal(settings->login_count, 4);
	assert_string_equal(find(settings, "1001")->ha1_md5, MD5);
	assert_string_equal(find(settings, "1001")->ha1_sha256, SHA);
	assert_string_equal(find(settings, "an%20n")->ha1_md5, MD5); /* as it is hashed again */
	assert_null(find(settings, "an%20n")->ha1_sha256);
	assert_string_equal(find(settings, "1004")->realm, "pbx.example");
	digest_ha1(DIGEST_SHA256, "1004", "pbx.example", "open: sesame", hash);
	assert_string_equal(find(settings, "1004")->ha1_sha256, hash);
	digest_ha1(DIGEST_MD5, "1004", "pbx.example", "open: sesame", hash);
	assert_string_equal(find(settings, "1004")->ha1_md5, hash);
	assert_null(find(settings, "1005")->ha1_md5);
	assert_string_equal(find(settings, "1005")->ha1_sha256, SHA);
	settings_free(&settings);
	buf_free(&report);
}

static const struct wrong {
	const char *sip, *logins;
	const char *place; /* "x.cfg:3" or "logins:1" */
	const char *part;
	mode_t mode;
} wrongs[] = {
	{"", "1001:pbx.example", "logins:1: ", "this is not user:realm:hash", 0600},
	{"", "\n1001:pbx.example:plain-text", "logins:2: ", "the hash of \"1001\" is neither",
	 0600},
	{"", ":pbx.example:" MD5, "logins:1: ", "is no name that a phone can send", 0600},
	{"", "a\"b:pbx.example:" MD5, "logins:1: ", "is no name that a phone can send", 0600},
	{"", "1001:pbx.test:" MD5, "logins:1: ", "nobody can log in as \"1001\"", 0600},
	{"", "1001:PBX.example:" MD5, "logins:1: ", "write it as \"pbx.example\"", 0600},
	{"", "Ann:pbx.example:" MD5, "logins:1: ", "nobody can log in as \"Ann\"", 0600},
	{"", "1001:pbx.example:" MD5 "\n1001:pbx.example:" MD5,
	 "logins:2: ", "has two MD5 hashes; remove one", 0600},
	{"logins = ( { user = \"1001\"; password = \"plain-text\"; } );", "1001:pbx.example:" SHA,
	 "logins:1: ", "has two SHA-256 hashes", 0600},
	{"", "1001:pbx.example:" MD5, "x.cfg:3: ", "can be read by others (mode 0644)", 0644},
	{"logins = ( { password = \"plain-text\"; } );", NULL,
	 "x.cfg:3: ", "sip.logins[0].user is not set", 0},
	{"logins = ( { user = \"1001\"; } );", NULL,
	 "x.cfg:3: ", "sip.logins[0] needs ha1 and ha1_sha256, or password", 0},
	{"logins = ( { user = \"1001\"; ha1 = \"plain-text\"; } );", NULL,
	 "x.cfg:3: ", "sip.logins[0].ha1 is not 32 hexadecimal digits", 0},
	{"logins = ( { user = \"1001\"; ha1_sha256 = \"" MD5 "\"; } );", NULL,
	 "x.cfg:3: ", "sip.logins[0].ha1_sha256 is not 64", 0},
	{"logins = ( { user = \"1001\"; ha1 = \"" MD5 "\"; password = \"plain-text\"; } );", NULL,
	 "x.cfg:3: ", "or password", 0},
	{"logins = ( { user = \"1001\"; realm = \"a.test\"; ha1 = \"" MD5 "\"; } );", NULL,
	 "x.cfg:3: ", "nobody can log in as \"1001\" of realm \"a.test\"", 0},
};

/* [SEC-062]: no secret in a report either. */
static void wrong_logins_are_refused(void **state)
{
	struct folder *folder = *state;

	for (size_t i = 0; i < CHECK_COUNT(wrongs); i++) {
		const struct wrong *row = &wrongs[i];
		struct settings *settings = NULL;
		struct buf report = BUF_INIT;

		if (load(folder, &settings, row->sip, row->logins, row->mode, &report) != EINVAL ||
		    strstr(buf_text(&report), row->place) == NULL ||
		    strstr(buf_text(&report), row->part) == NULL)
			fail_msg("row %zu: %s lacks %s%s", i, buf_text(&report), row->place,
				 row->part);
		assert_null(strstr(report.data, "plain-text"));
		assert_null(strstr(report.data, MD5));
		assert_null(settings);
		buf_free(&report);
	}
}

static void weak_logins_are_told(void **state)
{
	struct folder *folder = *state;
	struct settings *settings = NULL;
	struct buf report = BUF_INIT;

	assert_int_equal(load(folder, &settings, "allow_md5 = false;",
			      "1001:pbx.example:" MD5 "\n1002:pbx.example:" SHA, 0600, &report),
			 0);
	assert_non_null(strstr(report.data, "1 of 2 logins have only an MD5 hash"));
	settings_free(&settings);
	buf_free(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(logins_are_read, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_logins_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(weak_logins_are_told, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
