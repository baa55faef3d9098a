/* Hostile input against the running daemon: mutated SIP requests over UDP and TCP, mutated stanzas
 * on the component link. After each thousand, good requests of every kind must get the right
 * answer; at the end the daemon must be alive, not grown, and end in order without a word of a
 * sanitizer. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostile/attack.h"
#include "hostile/seeds.h"
#include "hostile/session.h"
#include "support/tls_files.h"

enum { EXIT_WRONG = 1, EXIT_WRONG_USAGE = 64 };

static void print_usage(FILE *to)
{
	fputs("usage: hostile [OPTION...] SIPXMPPD\n"
	      "\n"
	      "Starts SIPXMPPD (built with sanitizers, best) and throws mutated SIP and XMPP at "
	      "it.\n"
	      "\n"
	      "  --count N       items (500,000)\n"
	      "  --first N       number of the first item (0); an item depends on seed and number\n"
	      "  --seed N        (1)\n"
	      "  --samples DIR   folder of real messages to start from\n"
	      "  --broken N      one item in N is malformed XML, which ends the link (100,000)\n"
	      "  --strangers N   percent of the items at a daemon that trusts nobody (10)\n"
	      "  --restart N     kills the daemon, or stops it, after every N items (50,000; 0: "
	      "never)\n"
	      "  --only KIND     udp, tcp, tls or xmpp\n"
	      "  --keep          leave the folder with configuration and log\n"
	      "  --verbose       a line every 10,000 items\n"
	      "\n"
	      "Exit codes: 0 nothing found, 1 something found, 64 wrong usage.\n",
	      to);
}

static bool only(struct options *o, const char *kind)
{
	memset(o->may_use, 0, sizeof(o->may_use));
	if (strcmp(kind, "udp") == 0)
		o->may_use[ATTACK_UDP] = true;
	else if (strcmp(kind, "tcp") == 0)
		o->may_use[ATTACK_TCP] = true;
	else if (strcmp(kind, "tls") == 0)
		o->may_use[ATTACK_TLS] = true;
	else if (strcmp(kind, "xmpp") == 0)
		o->may_use[ATTACK_STANZA] = o->may_use[ATTACK_BROKEN_XML] = true;
	else
		return false;
	return true;
}

/* Returns -1 to go on, or the exit code. */
static int read_options(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {
		{"count", 1, NULL, 'c'},   {"first", 1, NULL, 'f'},  {"seed", 1, NULL, 's'},
		{"samples", 1, NULL, 'd'}, {"broken", 1, NULL, 'b'}, {"strangers", 1, NULL, 'u'},
		{"restart", 1, NULL, 'r'}, {"only", 1, NULL, 'o'},   {"keep", 0, NULL, 'k'},
		{"verbose", 0, NULL, 'v'}, {"help", 0, NULL, 'h'},   {NULL, 0, NULL, 0}};

	for (;;) {
		switch (getopt_long(argc, argv, "h", names, NULL)) {
		case -1:
			return -1;
		case 'c':
			o->count = strtoul(optarg, NULL, 10);
			break;
		case 'f':
			o->first = strtoul(optarg, NULL, 10);
			break;
		case 's':
			o->seed = strtoul(optarg, NULL, 10);
			break;
		case 'd':
			o->samples = optarg;
			break;
		case 'b':
			o->malformed_every = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'u':
			o->strangers_percent = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'r':
			o->restart_every = strtoul(optarg, NULL, 10);
			break;
		case 'o':
			if (only(o, optarg))
				break;
			print_usage(stderr);
			return EXIT_WRONG_USAGE;
		case 'k':
			o->keeps = true;
			break;
		case 'v':
			o->is_verbose = true;
			break;
		case 'h':
			print_usage(stdout);
			return 0;
		default:
			print_usage(stderr);
			return EXIT_WRONG_USAGE;
		}
	}
}

int main(int argc, char **argv)
{
	struct options options = {.count = 500000,
				  .seed = 1,
				  .malformed_every = 100000,
				  .strangers_percent = 10,
				  .restart_every = 50000,
				  .may_use = {true, true, true, true, true}};
	struct tls_files *files = NULL;
	struct seeds seeds;
	unsigned long strangers = 0;
	bool is_right = true;
	int result = read_options(argc, argv, &options);

	if (result >= 0)
		return result;
	if (optind + 1 != argc || options.malformed_every == 0 || options.strangers_percent > 100) {
		print_usage(stderr);
		return EXIT_WRONG_USAGE;
	}
	options.program = argv[optind];
	signal(SIGPIPE, SIG_IGN);
	setenv("ASAN_OPTIONS", "quarantine_size_mb=16:malloc_context_size=12", 0);
	seeds_load(&seeds, options.samples);
	files = tls_files_new();
	tls_files_make(files, "bridge", &(struct tls_spec){.names = "DNS:chat.example"});
	options.certificate = tls_files_certificate(files, "bridge");
	options.key = tls_files_key(files, "bridge");
	strangers = options.count * options.strangers_percent / 100;
	printf("seed %lu, items %lu to %lu, from %zu SIP messages and %zu stanzas\n", options.seed,
	       options.first, options.first + options.count, seeds.sip.count, seeds.stanzas.count);
	if (options.count > strangers)
		is_right = session_run(&options, &seeds, options.count - strangers, false);
	if (strangers > 0)
		is_right = session_run(&options, &seeds, strangers, true) && is_right;
	seeds_free(&seeds);
	tls_files_free(&files);
	printf(is_right ? "nothing found\n" : "SOMETHING WAS FOUND\n");
	return is_right ? 0 : EXIT_WRONG;
}
