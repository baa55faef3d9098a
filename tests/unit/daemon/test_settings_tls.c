/* TLS in the configuration: files that fit, and what is said of those that do not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "settings.h"
#include "sip/sip_side.h"
#include "support/check.h"
#include "support/tls_files.h"

static struct tls_files *files;
static char config[160];
static const char *listener = "sip:*:5061;transport=tls";

static int set_up(void **state)
{
	const char *ca, *slash;

	(void)state;
	files = tls_files_new();
	ca = tls_files_ca(files, 0);
	slash = strrchr(ca, '/');
	snprintf(config, sizeof config, "%.*s/x.cfg", (int)(slash - ca), ca);
	tls_files_make(files, "own", &(struct tls_spec){.names = "DNS:bridge.example"});
	tls_files_make(files, "other", &(struct tls_spec){.names = "DNS:bridge.example"});
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(config);
	tls_files_free(&files);
	return 0;
}

/* Loads a file with these lines in its group sip. */
static int load(const char *sip, struct settings **out, struct buf *report)
{
	FILE *file = fopen(config, "w");

	assert_non_null(file);
	fprintf(file,
		"xmpp: { component = \"sip.chat.example\"; secret = \"a secret of some length\"; "
		"};\n"
		"sip: { listen = [ \"%s\" ];\n%s };\n"
		"domains: ( { sip = \"pbx.example\"; tls_name = \"sbc.example\"; } );\n"
		"process: { user = \"root\"; };\n",
		listener, sip);
	fclose(file);
	assert_int_equal(chmod(config, 0600), 0);
	buf_reset(report);
	return settings_load(out, config, report);
}

/* part NULL: nothing is said. */
static void check(const char *sip, int expected, const char *part)
{
	struct settings *settings = NULL;
	struct buf report = BUF_INIT;
	int error = load(sip, &settings, &report);

	if (error != expected ||
	    (part != NULL ? strstr(buf_text(&report), part) == NULL : report.len != 0))
		fail_msg("%s: %d: \"%s\" lacks \"%s\"", sip, error, buf_text(&report),
			 part != NULL ? part : "nothing");
	settings_free(&settings);
	buf_free(&report);
}

#define OWN "tls_certificate = \"own.pem\"; tls_key = \"own.key\";"

static void good(void **state)
{
	struct settings *settings = NULL;
	struct buf report = BUF_INIT;

	(void)state;
	assert_int_equal(load(OWN " tls_ca = \"authority0.pem\";", &settings, &report), 0);
	assert_int_equal(report.len, 0);
	assert_string_equal(settings->tls_certificate, tls_files_certificate(files, "own"));
	assert_string_equal(settings->tls_key, tls_files_key(files, "own"));
	assert_string_equal(settings->tls_ca, tls_files_ca(files, 0));
	assert_true(settings->tls_verify);
	assert_int_equal(settings->tls_clients, SIP_TLS_ASK);
	assert_string_equal(settings->listen[0], "sip:*:5061;transport=tls");
	assert_string_equal(settings->peers[0].tls_name, "sbc.example");
	settings_free(&settings);
	buf_free(&report);
}

/* [SEC-090] [SEC-100]: what does not fit is said before anything starts. */
static void what_does_not_fit(void **state)
{
	static const struct {
		const char *sip, *part;
		int error;
	} rows[] = {
		{"", "set sip.tls_certificate and sip.tls_key", EINVAL},
		{"tls_certificate = \"own.pem\";", "sip.tls_certificate needs sip.tls_key", EINVAL},
		{"tls_key = \"own.key\";", "sip.tls_key needs sip.tls_certificate", EINVAL},
		{"tls_certificate = \"own.pem\"; tls_key = \"other.key\";",
		 "is not the key of sip.tls_certificate", EINVAL},
		{"tls_certificate = \"own.key\"; tls_key = \"own.key\";", "holds no certificate",
		 EINVAL},
		{"tls_certificate = \"none.pem\"; tls_key = \"own.key\";", "cannot be opened",
		 EINVAL},
		{"tls_certificate = \"own.pem\"; tls_key = \"none.key\";", "cannot be read",
		 EINVAL},
		{"tls_certificate = \"own.pem\"; tls_key = \"own.pem\";", "can be read by others",
		 EINVAL},
		{"tls_certificate = \"own.pem\"; tls_key = \".\";", "is not a regular file",
		 EINVAL},
		{OWN " tls_ca = \"own.key\";", "sip.tls_ca: ", EINVAL},
		{OWN " tls_clients = \"always\";", "tls_clients", EINVAL},
		{OWN " tls_verify = false; tls_clients = \"demand\";", "needs certificates",
		 EINVAL},
		{OWN " tls_verify = false;", "anybody may pretend", 0},
		{OWN " proxy = \"sip:pbx.example;transport=tls\";", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++)
		check(rows[i].sip, rows[i].error, rows[i].part);
}

/* [SEC-090]: modes of the key, and the command that mends them. */
static void modes_of_the_key(void **state)
{
	static const struct {
		mode_t mode;
		int error;
	} rows[] = {{0600, 0},      {0400, 0},      {0640, 0},     {0644, EINVAL},
		    {0660, EINVAL}, {0604, EINVAL}, {0666, EINVAL}};
	char wanted[200];

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		assert_int_equal(chmod(tls_files_key(files, "own"), rows[i].mode), 0);
		snprintf(wanted, sizeof wanted, "run: chmod 600 %s", tls_files_key(files, "own"));
		check(OWN, rows[i].error, rows[i].error != 0 ? wanted : NULL);
	}
	assert_int_equal(chmod(tls_files_key(files, "own"), 0600), 0);
}

/* A certificate that has ended, or will soon. */
static void dates(void **state)
{
	static const struct {
		int from, until;
		const char *part;
	} rows[] = {{-1, 60, NULL},
		    {-1, 20, "ends in 20 days"},
		    {-60, -1, "has ended"},
		    {3, 60, "is not valid yet"}};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		tls_files_make(
			files, "old",
			&(struct tls_spec){.from_days = rows[i].from, .until_days = rows[i].until});
		check("tls_certificate = \"old.pem\"; tls_key = \"old.key\";", 0, rows[i].part);
	}
}

/* What goes out over TLS comes back to a listener of TLS. */
static void proxies_need_a_listener(void **state)
{
	(void)state;
	listener = "sip:*:5060;transport=udp";
	check("proxy = \"sip:pbx.example;transport=tls\";", EINVAL,
	      "sip.proxy: sip:pbx.example;transport=tls needs a listener of TLS");
	check("", 0, NULL);
	listener = "sip:*:5061;transport=tls";
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(what_does_not_fit),
		cmocka_unit_test(modes_of_the_key),
		cmocka_unit_test(dates),
		cmocka_unit_test(proxies_need_a_listener),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
