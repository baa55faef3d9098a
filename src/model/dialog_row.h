/* A SIP dialog as it is kept over a restart (REL-013): one row, made by the SIP side, written by
 * the store, and given back at the next start. What a role knows beyond the dialog (accepted types,
 * members of a list, versions of its documents) is value: opaque to all but that role. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/address.h"

enum {
	DIALOG_ROW_TEXT_MAX = 8192,   /* bytes of each text */
	DIALOG_ROW_VALUE_MAX = 131072 /* bytes of value */
};

enum dialog_row_role { DIALOG_ROW_NOTIFIER = 1, DIALOG_ROW_SUBSCRIBER = 2 };

/* Texts are owned; those that may be NULL are named. */
struct dialog_row {
	int64_t id; /* random, > 0: the key */
	enum dialog_row_role role;
	struct address watcher; /* as the core knows the pair; zeroed: the row has no pair of its */
	struct address watched; /* own (a list, say), and value tells the rest */
	char *event;            /* the event package */
	char *call_id;
	char *local_tag;
	char *remote_tag; /* NULL: not known yet */
	char *local;      /* "<uri>" of our end, without tag */
	char *remote;     /* "<uri>" of the far end */
	char *target;     /* URI, or NULL */
	char *route;      /* value of Route, or NULL */
	char *peer;       /* where the far end is: dialog_describe(), or NULL */
	char *login;      /* digest user that the dialog belongs to (SEC-006), or NULL */
	/* CSeq numbers below this one may have been used: the first request after a start has it.
	 * The row is written again before a request with a higher one is sent (REL-013). */
	int64_t local_cseq;
	int64_t remote_cseq; /* last one seen, or -1 */
	bool is_stream;      /* our Contact names TCP or TLS */
	bool is_secure;      /* ... TLS */
	int64_t expires_s;   /* wall-clock seconds */
	char *value;         /* NULL: none */
	size_t value_len;
};

void dialog_row_clear(struct dialog_row *row);
/* A copy of its own. */
void dialog_row_copy(struct dialog_row *out, const struct dialog_row *row);
/* 0, or EINVAL: a row that breaks a rule of the format (a bound above, an id or role out of range,
 * a text that must be there and is not). */
int dialog_row_check(const struct dialog_row *row);
