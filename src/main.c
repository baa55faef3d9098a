/* Options of sipxmppd (settings.md: Programs). */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <expat.h>
#include <idn2.h>
#include <libconfig.h>
#include <libxml/parser.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <sofia-sip/su_config.h>
#include <sofia-sip/sofia_features.h>
#include <sqlite3.h>
#include <zlib.h>

#include "base/buf.h"
#include "daemon.h"
#include "settings.h"
#include "store/store.h"

static const char default_path[] = "/etc/sipxmppd/sipxmppd.cfg";

struct command_line {
	const char *path;
	bool check_only;
	bool check_store;
	struct daemon_options daemon;
};

static void print_usage(FILE *out)
{
	fprintf(out,
		"usage: sipxmppd [-c FILE] [-n] [-s] [-d] [-e] [-v] [-V]\n"
		"  -c, --config FILE  configuration (default %s)\n"
		"  -n, --check        read the configuration, say what is wrong with it, and exit\n"
		"  -s, --check-store  read all of the store's file, say what is wrong with it, and "
		"exit\n"
		"  -d, --detach       go into the background once everything is open\n"
		"  -e, --stderr       log to standard error instead of syslog\n"
		"  -v, --verbose      log one level more (twice: everything)\n"
		"  -V, --version      print the version and those of the libraries\n"
		"  -h, --help         print this\n"
		"Exit codes: 0; 64 wrong usage; 65 damaged store, 66 none to be read (-s); 70 "
		"internal; 71 out of memory; 75 temporary (a port is taken, say); "
		"78 wrong "
		"configuration.\n"
		"Signals: TERM and INT stop in order, HUP reads the configuration again, USR1 logs "
		"a "
		"summary.\n",
		default_path);
}

/* SEC-112: versions at run time, for support. libstrophe tells none; Sofia-SIP and libconfig only
 * that of their headers. */
static void print_version(void)
{
	XML_Expat_Version expat = XML_ExpatVersionInfo();

	printf("sipxmppd %s\n", SIPXMPPD_VERSION);
	printf("Sofia-SIP %s, expat %d.%d.%d, libxml2 %s, SQLite %s, libconfig %d.%d.%d, libidn2 "
	       "%s, zlib %s, %s, libmicrohttpd %s\n",
	       SOFIA_SIP_VERSION, expat.major, expat.minor, expat.micro, xmlParserVersion,
	       sqlite3_libversion(), LIBCONFIG_VER_MAJOR, LIBCONFIG_VER_MINOR,
	       LIBCONFIG_VER_REVISION, idn2_check_version(NULL), zlibVersion(),
	       OpenSSL_version(OPENSSL_VERSION), MHD_get_version());
}

static int check(const char *path)
{
	struct settings *settings = NULL;
	struct buf report = BUF_INIT;
	int error = settings_load(&settings, path, &report);

	fputs(buf_text(&report), stdout);
	if (error == 0) {
		buf_reset(&report);
		settings_describe(settings, &report);
		settings_describe_resolver(settings, &report);
		fputs(buf_text(&report), stdout);
		printf("%s: ok\n", path);
	}
	buf_free(&report);
	settings_free(&settings);
	return error == 0 ? EX_OK : EX_CONFIG;
}

/* REL-019: on request, beside the daemon or without it. */
static int check_store(const char *path)
{
	struct settings *settings = NULL;
	struct buf report = BUF_INIT;
	int code = settings_load(&settings, path, &report) == 0 ? EX_OK : EX_CONFIG;
	int error = 0;

	if (code == EX_OK && strcmp(settings->store_engine, "sqlite") != 0)
		buf_puts(&report, "the store is in memory: there is no file\n");
	else if (code == EX_OK)
		error = store_check_file(settings->store_path, &report);
	fputs(buf_text(&report), stdout);
	if (error != 0)
		code = error == EBADMSG ? EX_DATAERR : EX_NOINPUT;
	buf_free(&report);
	settings_free(&settings);
	return code;
}

static int run(const struct command_line *line)
{
	struct settings *settings = NULL;
	struct buf report = BUF_INIT;
	int error = settings_load(&settings, line->path, &report);
	int code = EX_CONFIG;

	fputs(buf_text(&report), stderr);
	if (error == 0)
		code = daemon_run(&settings, &line->daemon);
	buf_free(&report);
	settings_free(&settings);
	return code;
}

/* Returns -1 to go on, or an exit code. */
static int parse(int argc, char **argv, struct command_line *line)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", no_argument, NULL, 'n'},
		{"check-store", no_argument, NULL, 's'},
		{"detach", no_argument, NULL, 'd'},
		{"stderr", no_argument, NULL, 'e'},
		{"verbose", no_argument, NULL, 'v'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};

	for (;;) {
		int c = getopt_long(argc, argv, "c:nsdevVh", options, NULL);

		switch (c) {
		case -1:
			if (optind == argc)
				return -1;
			fprintf(stderr, "sipxmppd: unexpected word '%s'\n", argv[optind]);
			print_usage(stderr);
			return EX_USAGE;
		case 'c':
			line->path = optarg;
			break;
		case 'n':
			line->check_only = true;
			break;
		case 's':
			line->check_store = true;
			break;
		case 'd':
			line->daemon.detach = true;
			break;
		case 'e':
			line->daemon.to_stderr = true;
			break;
		case 'v':
			line->daemon.verbose++;
			break;
		case 'V':
			print_version();
			return EX_OK;
		case 'h':
			print_usage(stdout);
			return EX_OK;
		default:
			print_usage(stderr);
			return EX_USAGE;
		}
	}
}

int main(int argc, char **argv)
{
	struct command_line line = {.path = default_path};
	int code = parse(argc, argv, &line);

	if (code >= 0)
		return code;
	if (line.check_only)
		return check(line.path);
	return line.check_store ? check_store(line.path) : run(&line);
}
