/* Messages of which somebody may still report something, and what was told of them (file 07 D,
 * D-35, D-39): found by uid; those that asked are kept for days, those that did not for minutes.
 * No clock and no store: the caller brings the times, and drops what is too old or too much. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "model/address.h"
#include "model/message.h"

enum {
	RECEIPT_LIFE_S = 7 * 86400,            /* RCPT-023 */
	RECEIPT_BYTES_MAX = 128 * 1024 * 1024, /* texts of all that are kept */
	RECEIPT_BRIEF_S = 600,                 /* D-39 */
	RECEIPT_BRIEF_MAX = 20000,
	RECEIPT_BRIEF_BYTES_MAX = 16 * 1024 * 1024,
	RECEIPT_REPORTS_MAX = 21 /* one report is never more than this many to the sender */
};

struct receipt_book;
struct receipt_talk;

/* One message. The texts stand behind it. The last three are the caller's to set. */
struct receipt {
	struct list age;           /* among the kept ones, or the others; the oldest is first */
	struct list place;         /* in talk */
	struct receipt_talk *talk; /* while it waits to be displayed, of a SIP user's message */
	char *uid;
	struct address from;
	struct address to;
	enum message_kind kind;
	unsigned wants;  /* WANTS_ */
	unsigned told;   /* the same bits: told, or nobody wants to hear it any more */
	int64_t sent_ms; /* of a clock that never steps */
	struct message_origin origin;
	char *excerpt; /* or NULL */
	size_t bytes;
	bool is_kept;  /* in the store */
	bool is_taken; /* the other side has it: it will not be handed over again */
	/* Its sender has the answer that it was accepted; before that, reports are held back. */
	bool is_answered;
	unsigned held; /* 1 << enum report_kind */
};

void receipt_book_new(struct receipt_book **out);
void receipt_book_free(struct receipt_book **book);

/* A new entry, the youngest; everything is copied. uid must not be there. excerpt may be NULL. */
struct receipt *receipt_book_add(struct receipt_book *book, const struct address *from,
				 const struct address *to, const struct message *message,
				 char *excerpt, int64_t sent_ms, bool is_kept);
/* NULL if there is none, or uid is NULL. */
struct receipt *receipt_book_find(struct receipt_book *book, const char *uid);
/* NULL if there is none. */
struct receipt *receipt_book_oldest(struct receipt_book *book, bool is_kept);
size_t receipt_book_count(const struct receipt_book *book, bool is_kept);
size_t receipt_book_bytes(const struct receipt_book *book, bool is_kept);
void receipt_book_drop(struct receipt_book *book, struct receipt *receipt);
/* From now on it is one of those in the store. */
void receipt_book_keep(struct receipt_book *book, struct receipt *receipt);

/* What its sender is to be told, in this order. */
struct receipt_news {
	struct receipt *about;
	enum report_kind kind;
};
/* kind was reported of receipt: what is to be told of that now, each thing of each message once,
 * never good and bad (RCPT-068), displayed only after delivered (RCPT-060); displayed counts for
 * the chat user's earlier messages too (RCPT-059), the last ones first if there are too many. It
 * counts as told afterwards. tells_failure: whether a failure is told to the sender. */
size_t receipt_book_report(struct receipt_book *book, struct receipt *receipt,
			   enum report_kind kind, bool tells_failure,
			   struct receipt_news out[RECEIPT_REPORTS_MAX]);
/* Nothing final was told of it, good or bad, or would have been, had it been asked for. */
bool receipt_may_fail(const struct receipt *receipt);
/* Nothing can follow any more, and it will not be handed over again. */
bool receipt_is_done(const struct receipt *receipt);
/* From the store: what was told before. */
void receipt_book_set_told(struct receipt_book *book, struct receipt *receipt, unsigned told);
