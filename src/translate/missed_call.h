/* Which calls to a user nobody answered, from dialog event documents (RFC 4235): a dialog that rang
 * him and ended without having been confirmed, here or at another of his phones. What is not known
 * is not missed: how a call ended that was not heard of to its end, and one that the user declined.
 *
 * A table holds the dialogs of one subscription dialog (they end with it), a book what happened to
 * the calls of one user in all of them. Pure; bounded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct profile;

enum {
	CALL_BOOK_MAX = 16,      /* the oldest makes room */
	CALL_KEEP_MS = 60 * 1000 /* a call is remembered for so long after its end */
};

struct call_row; /* private to missed_call.c */

/* Zeroed is "nothing heard". */
struct call_table {
	struct call_row *rows; /* owned */
	size_t count;
};

/* Texts are owned. */
struct call_end {
	char *id;      /* of the dialog */
	char *call_id; /* or NULL */
	char *name;    /* of the caller as the PBX says it, or NULL */
	char *number;  /* user of the caller's address, or NULL */
	uint64_t rang_ms;
	uint64_t ended_ms; /* or answered */
	bool is_done;      /* answered, declined or told: it stands for its other dialogs */
};

/* Zeroed but for settle_ms is empty. */
struct call_book {
	struct call_end ends[CALL_BOOK_MAX]; /* the oldest first */
	size_t count;
	uint64_t settle_ms; /* other phones of the user have so long to say that they answered */
};

/* Applies the document text[0..len), at most max_bytes long. Returns 0; EBADMSG not well-formed or
 * no dialog-info; EPROTO a DOCTYPE with an internal subset; E2BIG over a limit: then nothing has
 * changed. */
int call_table_apply(struct call_table *table, struct call_book *book, const char *text, size_t len,
		     size_t max_bytes, const struct profile *profile, uint64_t now_ms);
/* True if a dialog of that call still rings. */
bool call_table_rings(const struct call_table *table, const struct call_book *book,
		      const struct call_end *end);
/* Forgets all dialogs: what becomes of them will not be heard. */
void call_table_clear(struct call_table *table);

/* When to look at the book again, UINT64_MAX: nothing waits there. */
uint64_t call_book_due_ms(const struct call_book *book);
/* A call that was missed and has waited for others to say otherwise, or NULL. The caller sets
 * is_done when it is told, or ended_ms to now when it still rings elsewhere. */
struct call_end *call_book_next(struct call_book *book, uint64_t now_ms);
void call_book_clear(struct call_book *book);
