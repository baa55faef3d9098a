/* The daemon's parts, shared by its files: daemon.c (life), daemon_build.c (making),
 * daemon_commands.c (questions). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "core/bridge.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "model/load.h"
#include "ops/control.h"
#include "sip/sip_side.h"

struct address;
struct address_map;
struct bridge;
struct buf;
struct daemon_options;
struct dialog_row;
struct kept_dialogs;
struct kept_prints;
struct metrics;
struct load_meter;
struct kept_rows;
struct publication_row;
struct service;
struct settings;
struct sip_side;
struct store;
struct store_print;
struct xmpp_side;

struct parts {
	struct settings **settings; /* of main */
	const struct daemon_options *options;
	struct loop *loop;
	struct store *store;
	struct address_map *map;
	struct access *access; /* NULL: no rules */
	struct bridge *bridge;
	struct sip_side *sip;
	struct xmpp_side *xmpp;
	struct control *control;
	struct service *service;
	struct metrics *metrics;
	uint64_t store_seen_ms; /* when the store answered last, loop clock */
	struct counters counters;
	struct load load;
	struct load_meter *meter; /* daemon_load.c */
	struct publication_keeper keeper;
	struct list publication_writes; /* under way */
	struct kept_rows *publications; /* read, and not restored yet (daemon_publications.c) */
	struct print_keeper print_keeper;
	struct kept_prints *prints; /* daemon_messages.c */
	struct dialog_keeper dialog_keeper;
	struct kept_dialogs *dialogs; /* daemon_dialogs.c */
	struct loop_timer alive_timer;
	struct loop_timer stop_timer;
	struct loop_timer drain_timer;
	struct loop_timer caution_timer;
	uint64_t drain_until_ms;
	bool stop_tells;
	uint64_t started_ms;
	bool is_serving;
	bool is_stopping;
	bool owes_reload; /* asked for before it served */
	bool owes_summary;
	uint64_t limits_seen[LIMITS_COUNT]; /* daemon_limits.c */
	bool is_cautious;                   /* daemon_caution.c */
	bool is_looking;                    /* daemon_look(): the store has not answered yet */
	int left_to_stop;                   /* sides that have not said done yet */
	int exit_code;
	int ready_pipe; /* -d: tells the parent; -1 if none */
};

/* daemon_process.c: what root may do is given up for good (SEC-092), and no core is left behind.
 * Returns an exit code; it has logged why. */
int daemon_drop_privileges(const struct settings *settings);
/* Asks the store for a sign of life, and hands it on to the service manager (REL-015); writes when
 * the process was last alive (D-49). */
void daemon_look(void *arg);
/* What is stored as the last sign of life now. */
int64_t daemon_alive_s(const struct parts *parts);

/* daemon_limits.c: the limits that were hit since the last call, in the log. */
void daemon_tell_limits(struct parts *parts);
/* daemon_caution.c: after several crashes within a minute (REL-016). */
void daemon_run_with_caution(struct parts *parts);

/* daemon_metrics.c: metrics.listen. */
int daemon_build_metrics(struct parts *parts);
/* Of "status" what is no counter: "key value" lines. */
void daemon_figures(const struct parts *parts, struct buf *out);

/* The table of control commands; its argument is struct parts. */
extern const struct control_command daemon_commands[];

/* Signals, store, addresses and core: what needs no network. Returns an exit code; what was built
 * is taken down by the caller. */
int daemon_build_inner(struct parts *parts);
/* Both sides and the control socket: only when all is known that answers depend on. */
int daemon_build_outer(struct parts *parts);
/* In the reverse order of making; copes with what was never made. */
void daemon_take_down(struct parts *parts);
/* What the signals do; for daemon_build. */
void daemon_on_stop(void *arg);
void daemon_on_hup(void *arg);
/* True if what a signal asks for cannot be done now: *owes is set, and it comes when it serves. */
bool daemon_waits_for_start(const struct parts *parts, const char *what, bool *owes);
void daemon_on_usr1(void *arg);
/* Completion of a store write whose failure is only counted. */
void daemon_stored(int error, void *arg);

/* daemon_presence.c: commands of the table. */
int daemon_show_presence(int argc, const char *const *argv, int as_json, struct buf *out,
			 void *arg);
int daemon_show_peers(int argc, const char *const *argv, int as_json, struct buf *out, void *arg);

/* daemon_publications.c: who keeps publications in the store. */
const struct publication_keeper *daemon_keeper(struct parts *parts);
/* After the store is gone: those who wait for it hear so. */
void daemon_end_publication_writes(struct parts *parts);
/* Takes a row that is read before the sides are there (store_load_publications(); arg is parts). */
void daemon_take_publication(const struct publication_row *row, void *arg);
/* Gives them to the SIP side. */
void daemon_restore_publications(struct parts *parts);
void daemon_free_publications(struct parts *parts);

/* daemon_dialogs.c: who keeps SIP dialogs in the store. */
const struct dialog_keeper *daemon_dialog_keeper(struct parts *parts);
/* store_load_dialogs(), before the sides are there; arg is parts. */
void daemon_take_dialog(const struct dialog_row *row, void *arg);
/* Gives them to the SIP side, and tells it that there are no more. */
void daemon_restore_dialogs(struct parts *parts);
/* After the SIP side is freed and when nothing comes from the store any more: those whose word is
 * still owed have ESHUTDOWN. */
void daemon_free_dialogs(struct parts *parts);

/* daemon_queue.c: a command of the table, the queue in "status", and of bridge_params
 * message_failed and queue_told. */
int daemon_show_queue(int argc, const char *const *argv, int as_json, struct buf *out, void *arg);
int daemon_drop(int argc, const char *const *argv, int as_json, struct buf *out, void *arg);
void daemon_queue_status(const struct parts *parts, struct buf *out);
void daemon_message_failed(const struct address *from, const struct address *to, const char *uid,
			   const struct fault *why, bool is_quarantined, void *arg);
void daemon_queue_told(enum queue_event event, const struct address *from, const struct address *to,
		       const struct fault *why, void *arg);

/* daemon_messages.c: who keeps fingerprints of answered messages in the store. */
const struct print_keeper *daemon_print_keeper(struct parts *parts);
/* Gives the store what waits for it. */
void daemon_flush_prints(struct parts *parts);
/* store_load_prints(), before the sides are there; arg is parts. */
void daemon_take_print(const struct store_print *print, int64_t at_s, void *arg);
void daemon_restore_prints(struct parts *parts);
/* daemon_load.c: what feeds parts->load; before the sides are made, and before they are freed. */
void daemon_load_start(struct parts *parts);
void daemon_load_stop(struct parts *parts);
/* Its lines of "status". */
void daemon_load_status(const struct parts *parts, struct buf *out);

/* Before the store is freed: what waits is given to it. */
void daemon_free_prints(struct parts *parts);

/* TLS of the SIP side; borrowed from settings. */
struct sip_tls daemon_tls(const struct settings *settings);
/* Starts stopping in order; tell: watchers are told (D-48). */
void daemon_stop(struct parts *parts, bool tell);
void daemon_on_store_failure(void *arg);
/* Reads the configuration again: all or nothing (REL-020). Appends what happened to *report. */
int daemon_reload(struct parts *parts, struct buf *report);
/* Reads a URI ("sip:...") or a JID. Returns 0, or ENOENT with the reason appended to *out. */
int daemon_read_address(struct parts *parts, const char *text, struct address *address,
			struct buf *out);
/* Appends an address made safe for a line. */
void daemon_print_address(struct buf *out, const struct address *address);
/* Appends the facts of "status". */
void daemon_status(const struct parts *parts, struct buf *out);
