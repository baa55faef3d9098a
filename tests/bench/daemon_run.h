/* Runs the daemon under test: a folder of its own, a generated configuration, free ports. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct daemon_run;
struct reactor;

struct daemon_params {
	const char *program;
	unsigned sip_port;       /* of the SIP server we play */
	unsigned xmpp_port;      /* of the chat server we play */
	bool to_sip_over_tcp;    /* transport of sip.proxy */
	const char *store;       /* engine */
	const char *trusted;     /* sip.trusted, e.g. "[\"10.0.0.1\"]", or NULL: not set */
	const char *limits;      /* settings inside limits: {...}, or NULL: the raised ones */
	bool has_usual_backlogs; /* the raised ones, but what may wait to be written is as usual */
	const char *log_level;
	unsigned flush_ms;  /* each flush of the disk takes so much longer */
	const char *domain; /* more settings inside domains[0], e.g. "profile = \"asterisk\";", or
			       NULL */
	/* NULL, or more of the configuration: after what is listened on (", \"sip:...\""), inside
	 * sip: {...}, and outside all groups. */
	const char *listen;
	const char *sip;
	const char *settings;
};

/* Writes the configuration and starts the program; standard error goes to a file in the folder.
 * Ends the program with a message if that is impossible. */
struct daemon_run *daemon_run_new(const struct daemon_params *params);
/* The program once more, on the folder as it stands, when it has ended; is_killed: kills it first.
 */
void daemon_run_again(struct daemon_run *run, bool is_killed);
/* A process that is not the daemon: measured in the same way, no folder. */
struct daemon_run *daemon_run_adopt(pid_t pid, unsigned port);
/* Kills what still runs and removes the folder, unless it is to be kept. */
void daemon_run_free(struct daemon_run **run);
void daemon_run_keep(struct daemon_run *run);

unsigned daemon_run_port(const struct daemon_run *run);
const char *daemon_run_folder(const struct daemon_run *run);
pid_t daemon_run_pid(const struct daemon_run *run);
bool daemon_run_is_alive(struct daemon_run *run);
/* Appends the daemon's answer to a line over its control socket. */
void daemon_run_ask(const struct daemon_run *run, const char *line, struct buf *out);
/* Asks over the control socket: has it read its store, does it serve? */
bool daemon_run_is_serving(const struct daemon_run *run);
/* CPU time of the process in nanoseconds, user and system. */
uint64_t daemon_run_cpu_ns(const struct daemon_run *run);
/* VmRSS, in KiB. */
long daemon_run_rss_kib(const struct daemon_run *run);
/* SIGTERM, then turns the reactor until the process has ended or wait_ms are over. Returns its exit
 * code, 128 + signal, or -1 if it is still there. */
int daemon_run_stop(struct daemon_run *run, struct reactor *reactor, int wait_ms);
/* SIGKILL, and waits until it is gone. */
void daemon_run_kill(struct daemon_run *run);
/* Bytes that were written to standard error until now. */
long daemon_run_said(const struct daemon_run *run);
/* Does text stand in what was written there after the first from bytes? */
bool daemon_run_says(const struct daemon_run *run, long from, const char *text);
/* Bytes of the store's files. */
long daemon_run_store_bytes(const struct daemon_run *run);
/* Prints what the daemon wrote to standard error, at most lines of it; returns whether there is a
 * report of a sanitizer in it. */
bool daemon_run_report(const struct daemon_run *run, int lines);
