/* One Request-URI with what waits to be sent there: one MESSAGE at a time (MSG-020, SIP-078), texts
 * in order, reports behind them (RCPT-070), a typing notice only when nothing else is there
 * (TYPE-032). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "core/side.h"
#include "sip/message_out.h"

struct peer_watch;
struct sip_peer;
struct transaction;

/* In the order in which they are sent. */
enum line_kind { LINE_TEXT, LINE_REPORT, LINE_TYPING };

struct line_item {
	struct list link;
	enum line_kind kind;
	exchange_id x; /* not of LINE_TYPING */
	uint64_t since_ms;
	bool was_sent;      /* at least in part */
	bool is_resumed;    /* how the last try ended is known: */
	bool was_uncertain; /* an earlier try may have arrived */
	bool was_queued;    /* some part was answered otherwise than with 200, and taken */
	struct message_out out;
};

struct message_line {
	char *uri;
	struct list items; /* the first one is under way if there is a transaction */
	size_t count;
	const struct sip_peer *peer;
	struct peer_watch *hop;
	struct transaction *transaction;
	void *owner; /* struct pager_out */
};

/* Puts it where it belongs, or, of a typing notice that would wait behind a text, returns false. A
 * text, and a newer notice, free a notice that waits; *freed counts. */
bool message_line_put(struct message_line *line, struct line_item *item, size_t *freed);
struct line_item *message_line_first(const struct message_line *line);
/* Out of the line; it is the caller's. */
void message_line_remove(struct message_line *line, struct line_item *item);
void line_item_free(struct line_item **item);
