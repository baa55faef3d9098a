/* What must survive a restart. Asynchronous: each call returns at once and done(error, arg) comes
 * later from the loop, in the order of the calls; nothing here blocks the loop (REL-055, SQL-003).
 * What is asked for in one turn of the loop, with no load between, is committed together or not at
 * all (REL-005); a row that alone breaks a rule is left out.
 * Engines are constant tables found by name: sqlite, memory, failing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "model/address.h"
#include "model/dialog_row.h"

struct buf;
struct loop;
struct store;

enum {
	STORE_CRASH_WINDOW_S = 60,
	STORE_KIND_MAX = 64,
	STORE_SUBJECT_MAX = 2000,
	STORE_PRESENCE_MAX = 65536, /* bytes of presence_row.value */
	STORE_PRINTS_MAX = 8192     /* of one store_put_prints() */
};

/* State of a directed pair (watcher, watched); design-in 2 of decisions.md. */
enum pair_state { PAIR_NONE, PAIR_ASKED, PAIR_GRANTED, PAIR_REFUSED, PAIR_ENDED };
const char *pair_state_name(enum pair_state state);

/* One row of "pairs". Times are wall-clock seconds, 0: never. */
struct pair_row {
	struct address watcher;
	struct address watched;
	enum pair_state state;
	int64_t asked_at;
	int64_t granted_at;
	int64_t refused_at;
	int64_t ended_at;
	int64_t heard_at; /* last word from the watched's side */
};
void pair_row_clear(struct pair_row *row);

/* One row of "publications" (RFC 3903): what a PBX publishes of a SIP user, or what we publish of a
 * chat user, which has no body. Texts are owned; type and language may be NULL. */
struct publication_row {
	struct address user;
	int64_t id; /* with user: which one */
	bool is_dialog;
	char *etag;
	char *source; /* host that published it; of a chat user: the SIP domain it is published at
		       */
	char *type;   /* of the body */
	char *language;
	char *body; /* NULL: none, or, to be put, the one that is there */
	size_t body_len;
	int64_t expires_at; /* wall-clock seconds */
};
void publication_row_clear(struct publication_row *row);

/* One row of "queue": what was accepted and has not ended (REL-001, REL-006). */
struct queue_row {
	int64_t seq; /* order of acceptance, > 0; the core makes it */
	struct address sender;
	struct address recipient;
	int64_t accepted_ms; /* wall clock */
	int64_t expires_s;   /* wall clock */
	int64_t tries;       /* hand-overs after a start that have no result yet (REL-006) */
	bool is_quarantined;
	char *value; /* message_encode(); to be put, NULL: the one that is there */
	size_t value_len;
};
void queue_row_clear(struct queue_row *row);

/* One row of "receipts": a message whose sender asked to be told, for the id table of D-35. */
struct receipt_row {
	char *uid;
	struct address sender;
	struct address recipient;
	int64_t wants;   /* WANTS_ */
	int64_t told;    /* 1 << enum report_kind, of what was told */
	int64_t sent_ms; /* wall clock */
	char *value;     /* message_encode() of a message with uid, thread and origin alone; to be
			  * put, NULL: the one that is there */
	size_t value_len;
};
void receipt_row_clear(struct receipt_row *row);

/* Fingerprint of a request that was answered with success (D-38, REL-005). */
struct store_print {
	uint64_t print;
	int32_t status;
};

/* One row of "learned": what a peer or a user can or cannot take. */
struct learned_row {
	char *kind;    /* 1 to STORE_KIND_MAX bytes */
	char *subject; /* 1 to STORE_SUBJECT_MAX bytes: an address in some form, or a domain */
	int64_t value;
	int64_t learned_s; /* wall clock */
};
void learned_row_clear(struct learned_row *row);

/* One row of "presence": what a source told last of one watched user (the watcher is zeroed for a
 * source of SCOPE_COMMON). It is what is known after a restart that was short enough (D-49). */
struct presence_row {
	struct address watched;
	struct address watcher;
	int64_t told_s; /* wall clock, when the source told it */
	char *value;    /* presence_encode() */
	size_t value_len;
};
void presence_row_clear(struct presence_row *row);

/* error is 0 or an errno value: EINVAL a row that breaks a rule (and that row alone), ENOENT a row
 * put without its value that is not there; of everything in the same transaction: ENOSPC no space,
 * EBUSY another program holds the file locked (both pass: ask again), EIO (store_has_failed()),
 * ESHUTDOWN. What was refused is as it was before: a row whose drop failed is still there. */
typedef void store_done_fn(int error, void *arg);
typedef void store_pair_fn(const struct pair_row *row, void *arg);
typedef void store_publication_fn(const struct publication_row *row, void *arg);
typedef void store_queue_fn(const struct queue_row *row, void *arg);
typedef void store_receipt_fn(const struct receipt_row *row, void *arg);
/* at_s: when it was written. */
typedef void store_print_fn(const struct store_print *print, int64_t at_s, void *arg);
typedef void store_dialog_fn(const struct dialog_row *row, void *arg);
typedef void store_presence_fn(const struct presence_row *row, void *arg);
typedef void store_learned_fn(const struct learned_row *row, void *arg);
typedef void store_spelling_fn(const struct address *address, const char *spelling, void *arg);

struct store_params {
	const char *engine; /* "sqlite", "memory", "failing" */
	const char *path;   /* sqlite: file in a directory of mode 0700, made if missing */
	struct loop *loop;  /* borrowed until store_free */
};

/* Opens, checks and migrates (synchronously: the daemon is not serving yet). Returns 0, or an
 * errno value with a sentence that says what to do in error[0..error_len): ENOENT unknown engine,
 * EPROTO made by a newer version, EIO ... A damaged file is set aside under a dated name, an err
 * line is logged and an empty store is opened (REL-019). */
int store_open(struct store **out, const struct store_params *params, char *error,
	       size_t error_len);
/* Writes what is pending; done once, when it is on disk. Calls after that fail with ESHUTDOWN. */
void store_stop(struct store *store, store_done_fn *done, void *arg);
/* Ends the engine (what is pending is still written) without calling any done. Not from inside a
 * callback of the store. */
void store_free(struct store **store);

/* True once a write failed in a way that no later success can undo (REL-010): every call fails
 * from then on, and the process has to end in order with a failure. Told before the first done()
 * that carries the error. */
bool store_has_failed(const struct store *store);
/* failed(arg) is called once, when that becomes true (before the done() of the same write); it must
 * not free the store. */
void store_on_failure(struct store *store, void (*failed)(void *arg), void *arg);

/* REL-019: reads all of an SQLite store's file; takes long for a large one, and may run beside the
 * daemon, but never in a process that has the store open. Appends what it found, a line each.
 * Returns 0; EBADMSG damaged (the daemon would set it aside), or another errno value: it could not
 * be read. */
int store_check_file(const char *path, struct buf *report);

/* Requests so far, and those of them that are done: in this order, so that what was asked is done
 * when done has come so far (REL-040). */
struct store_backlog {
	uint64_t asked;
	uint64_t done;
};
struct store_backlog store_backlog(const struct store *store);

/* The installation key (made at the first open), fixed for the life of the store (D-10). */
const uint8_t *store_key(const struct store *store);
/* Wall-clock seconds of the last store_alive() before this start; 0 if none (D-49). */
int64_t store_last_alive(const struct store *store);
/* done (may be NULL) comes when it is on disk, or could not be written: the engine is at work. */
void store_alive(struct store *store, int64_t now_s, store_done_fn *done, void *arg);

/* REL-016: each open begins a run; one after which store_end_run() was not on disk is a crash to
 * the next. How many crashes there were in the last STORE_CRASH_WINDOW_S before this open, up to 8.
 * The start is on disk before store_open() returns; what keeps it from being so (a full disk) is
 * logged, and the store works. Only the sqlite engine counts. */
unsigned store_crashes(const struct store *store);
/* Every end that is none, a failing start too; before store_stop() or store_free(). */
void store_end_run(struct store *store);

/* REL-031: true if the wall clock at the open was behind the newest time that the store knows by
 * more than 60 s, or ahead of it by more than a day, or before this program was made: ends that
 * were stored say nothing then, and nothing may be thrown away because of them. One warning was
 * logged, and the times that something is counted from were moved with the clock, as they are when
 * it is put by more than a minute later: rows come as if the process had not been away. Times to be
 * put are those of the clock as it is at the call. Times of rows that lie more than a day after the
 * last store_alive() come from a clock that was wrong and count for nothing. */
bool store_clock_is_wrong(const struct store *store);

/* row is copied. Insert or replace by (watcher, watched). EINVAL if the row breaks a rule of the
 * format (PAIR_NONE, a time before 1970). */
void store_put_pair(struct store *store, const struct pair_row *row, store_done_fn *done,
		    void *arg);
void store_drop_pair(struct store *store, const struct address *watcher,
		     const struct address *watched, store_done_fn *done, void *arg);
/* each for every row, then done. */
void store_load_pairs(struct store *store, store_pair_fn *each, store_done_fn *done, void *arg);

/* row is copied. Insert or replace by (user, id); without a body, type, language and body stay as
 * they were. */
void store_put_publication(struct store *store, const struct publication_row *row,
			   store_done_fn *done, void *arg);
void store_drop_publication(struct store *store, const struct address *user, int64_t id,
			    store_done_fn *done, void *arg);
void store_load_publications(struct store *store, store_publication_fn *each, store_done_fn *done,
			     void *arg);

/* The spelling a SIP user is written with (D-07 fold); first one wins. */
void store_put_spelling(struct store *store, const struct address *address, const char *spelling,
			store_done_fn *done, void *arg);
void store_load_spellings(struct store *store, store_spelling_fn *each, store_done_fn *done,
			  void *arg);

/* The queue. Rows are copied. Insert or replace by seq. EINVAL: seq below 1, a time or a count
 * below 0, a value of 0 or of more than MESSAGE_CODE_MAX bytes; ENOENT: no value, and no row of
 * this seq. */
void store_put_queued(struct store *store, const struct queue_row *row, store_done_fn *done,
		      void *arg);
/* The same for a row whose value the caller gives away (value is taken, also on failure): no copy
 * of the text on the hot path. */
void store_take_queued(struct store *store, struct queue_row *row, store_done_fn *done, void *arg);
void store_drop_queued(struct store *store, int64_t seq, store_done_fn *done, void *arg);
/* In the order of seq. */
void store_load_queue(struct store *store, store_queue_fn *each, store_done_fn *done, void *arg);

/* Insert or replace by uid (1 to MESSAGE_UID_MAX bytes). EINVAL and ENOENT as for the queue. */
void store_put_receipt(struct store *store, const struct receipt_row *row, store_done_fn *done,
		       void *arg);
void store_drop_receipt(struct store *store, const char *uid, store_done_fn *done, void *arg);
/* In the order of sent_ms. */
void store_load_receipts(struct store *store, store_receipt_fn *each, store_done_fn *done,
			 void *arg);

/* Fingerprints: count of them as one row, written at at_s (wall clock); rows older than
 * forget_before_s go in the same transaction. EINVAL: more than STORE_PRINTS_MAX. count may be 0.
 */
void store_put_prints(struct store *store, const struct store_print *prints, size_t count,
		      int64_t at_s, int64_t forget_before_s, store_done_fn *done, void *arg);
/* The oldest first. */
void store_load_prints(struct store *store, store_print_fn *each, store_done_fn *done, void *arg);

/* Insert or replace by (kind, subject). */
void store_put_learned(struct store *store, const struct learned_row *row, store_done_fn *done,
		       void *arg);
void store_drop_learned(struct store *store, const char *kind, const char *subject,
			store_done_fn *done, void *arg);
void store_load_learned(struct store *store, store_learned_fn *each, store_done_fn *done,
			void *arg);

/* SIP dialogs of both roles. row is copied; insert or replace by id. EINVAL: dialog_row_check(). */
void store_put_dialog(struct store *store, const struct dialog_row *row, store_done_fn *done,
		      void *arg);
void store_drop_dialog(struct store *store, int64_t id, store_done_fn *done, void *arg);
/* The one that ends soonest first. */
void store_load_dialogs(struct store *store, store_dialog_fn *each, store_done_fn *done, void *arg);

/* row is copied. Insert or replace by (watched, watcher). EINVAL: no value, or a longer one than
 * STORE_PRESENCE_MAX. */
void store_put_presence(struct store *store, const struct presence_row *row, store_done_fn *done,
			void *arg);
void store_drop_presence(struct store *store, const struct address *watched,
			 const struct address *watcher, store_done_fn *done, void *arg);
void store_load_presence(struct store *store, store_presence_fn *each, store_done_fn *done,
			 void *arg);
