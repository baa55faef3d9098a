/* Credentials for a PBX, and the name servers, in the configuration. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "settings.h"
#include "settings_private.h"
#include "support/check.h"

static int load(struct settings **out, const char *sip, const char *domain, struct buf *report)
{
	struct buf text = BUF_INIT;
	int error;

	buf_printf(&text,
		   "xmpp: { component = \"sip.chat.example\"; secret = \"a secret of some "
		   "length\"; };\n"
		   "sip: { %s };\n"
		   "domains: ( { sip = \"pbx.example\"; %s } );\n",
		   sip, domain);
	error = settings_load_text(out, "x.cfg", text.data, text.len, report);
	buf_free(&text);
	return error;
}

/* [SEC-090]: what belongs together is set together, and nothing stands in a header that cannot. */
static void credentials_fit_together(void **state)
{
	static const struct {
		const char *sip, *domain;
		const char *report; /* NULL: right */
	} rows[] = {
		{"", "", NULL},
		{"username = \"\"; password = \"\";", "", NULL},
		{"username = \"a\"; password = \"b\";", "", NULL},
		{"", "username = \"a\"; password = \"b\"; realm = \"c d\";", NULL},
		{"realm = \"c\";", "", NULL},
		{"username = \"a\";", "",
		 "x.cfg:2: sip.username and sip.password (or password_file)"},
		{"password = \"a\";", "",
		 "x.cfg:2: sip.username and sip.password (or password_file)"},
		{"", "username = \"a\";", "x.cfg:3: domains[0].username and domains[0].password"},
		{"username = \"a\\\"b\"; password = \"b\";", "", "x.cfg:2: sip.username must be"},
		{"username = \"a\"; password = \"b\"; realm = \"c\\nd\";", "",
		 "x.cfg:2: sip.realm holds a control character"},
		{"username = \"a\"; password = \"b\"; password_file = \"c\";", "", "are both set"},
		{"username = \"a\"; password_file = \"/nowhere/at/all\";", "", "cannot be read"},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct settings *settings = NULL;
		struct buf report = BUF_INIT;
		int error = load(&settings, rows[i].sip, rows[i].domain, &report);

		if ((error == 0) != (rows[i].report == NULL) ||
		    (rows[i].report != NULL && strstr(buf_text(&report), rows[i].report) == NULL))
			fail_msg("%zu: %s", i, buf_text(&report));
		settings_free(&settings);
		buf_free(&report);
	}
}

/* [SEC-016] [SEC-062]: what is wrong with a URI is said without the password in it. */
static void passwords_in_uris_are_not_repeated(void **state)
{
	static const struct {
		const char *sip, *domain;
	} rows[] = {
		{"proxy = \"sip:u:hush@pbx.example\";", ""},
		{"proxy = \"SIPS:u:hush hush@pbx.example\";", ""},
		{"proxy = \"sip:u:a@hush@pbx.example\";", ""},
		{"", "proxy = \"sip:u:hush@h y\";"},
		{"", "publish_to = \"sip:u:hush@pbx.example\";"},
		{"", "list = \"sip:u:hush@x y\";"},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct settings *settings = NULL;
		struct buf report = BUF_INIT;

		if (load(&settings, rows[i].sip, rows[i].domain, &report) == 0)
			fail_msg("%zu is taken", i);
		if (strstr(buf_text(&report), "hush") != NULL ||
		    strstr(buf_text(&report), "u:***@") == NULL)
			fail_msg("%zu: %s", i, buf_text(&report));
		settings_free(&settings);
		buf_free(&report);
	}
}

/* [SEC-014]: those of a domain stand before those of sip. */
static void each_domain_has_its_own(void **state)
{
	struct settings *settings = NULL;
	struct buf report = BUF_INIT;

	(void)state;
	assert_int_equal(load(&settings, "username = \"a\"; password = \"b\"; realm = \"r\";",
			      "username = \"c\"; password = \"d\";", &report),
			 0);
	assert_string_equal(settings->credentials.username, "a");
	assert_string_equal(settings->credentials.realm, "r");
	assert_string_equal(settings->peers[0].credentials.username, "c");
	assert_string_equal(settings->peers[0].credentials.password, "d");
	assert_null(settings->peers[0].credentials.realm);
	assert_string_equal(settings->resolv_conf, "/etc/resolv.conf");
	settings_free(&settings);
	buf_free(&report);
}

static char *describe(const char *sip, const char *servers)
{
	char path[] = "/tmp/sx-resolv-XXXXXX", text[512];
	struct settings *settings = NULL;
	struct buf report = BUF_INIT, out = BUF_INIT;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, servers, strlen(servers)), strlen(servers));
	close(fd);
	(void)snprintf(text, sizeof text, "resolv_conf = \"%s\"; %s", path, sip);
	assert_int_equal(load(&settings, text, "", &report), 0);
	settings_describe_resolver(settings, &out);
	unlink(path);
	settings_free(&settings);
	buf_free(&report);
	return buf_take(&out);
}

/* [SOF-017]: a resolver beyond this machine is told, where names are asked for at all. */
static void remote_resolver_is_told(void **state)
{
	static const struct {
		const char *sip, *servers, *told;
	} rows[] = {
		{"proxy = \"sip:pbx.test\";", "nameserver 127.0.0.53\n", NULL},
		{"proxy = \"sip:pbx.test\";", "# x\nnameserver ::1\n", NULL},
		{"proxy = \"sip:pbx.test\";", "nameserver 127.0.0.1\nnameserver 192.0.2.53\n",
		 "192.0.2.53"},
		{"", "nameserver 2001:db8::53\n", "2001:db8::53"},
		{"proxy = \"sip:192.0.2.1\";", "nameserver 192.0.2.53\n", NULL},
		{"proxy = \"sip:[2001:db8::1]\";", "nameserver 192.0.2.53\n", NULL},
		{"proxy = \"sip:pbx.test\";", "", NULL},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		char *told = describe(rows[i].sip, rows[i].servers);

		if (rows[i].told != NULL ? strstr(told, rows[i].told) == NULL : told[0] != '\0')
			fail_msg("%zu: %s", i, told);
		mem_free(told);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(credentials_fit_together),
		cmocka_unit_test(passwords_in_uris_are_not_repeated),
		cmocka_unit_test(each_domain_has_its_own),
		cmocka_unit_test(remote_resolver_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
