/* Between directory.c (which lists there are, what is said of one user), directory_feed.c (the
 * subscription to a list) and directory_rows.c (what its NOTIFYs say). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "loop/loop.h"
#include "model/address.h"
#include "model/phone.h"
#include "sip/directory.h"
#include "sip/interest.h"

struct table;

enum {
	DIRECTORY_ROWS_MAX = 4096, /* of one list subscription, lists within it counted */
	DIRECTORY_LISTS_MAX = 64,
	FEED_COUNT = 2 /* one for each package */
};

/* OFF: nobody is watched. WAITING: asked, nothing heard yet. LIVE. DOUBT: its dialog is gone, what
 * it said is held as true (D-26). LOST: nor is that any more. REFUSED: no list for now. */
enum feed_state { FEED_OFF, FEED_WAITING, FEED_LIVE, FEED_DOUBT, FEED_LOST, FEED_REFUSED };

/* A user that lists name; owned by his rows. */
struct member {
	struct address address;
	struct list rows;
};

/* One resource of one list. */
struct row {
	struct list link;      /* in list->rows */
	struct list of_member; /* in member->rows */
	struct feed_list *list;
	struct member *member;
	char *uri;
	struct presence *presence; /* NULL: not known */
	struct phone phone;
	void *data;      /* part_data.h */
	bool is_active;  /* else the server waits for a word */
	bool is_missing; /* not in the last whole list, or terminated: goes when that has settled */
};

/* One list of a subscription: the one subscribed to, or one inside it, with a version of its own
 * (EVT-071). */
struct feed_list {
	struct list link; /* in feed->lists */
	struct feed *feed;
	char *uri;
	struct table *by_uri;
	struct list rows;
	uint32_t version;
	bool has_version;
	bool is_named; /* in the body being read */
};

/* One list subscription, of one package. */
struct feed {
	struct roll *roll;
	const struct interest_kind *kind;
	struct interest *interest; /* NULL: not subscribed */
	struct list lists;
	size_t list_count;
	size_t row_count;
	struct loop_timer timer;  /* of the state: hold, patience or retry */
	struct loop_timer settle; /* a logical update is over (PBX-053) */
	uint8_t state;            /* enum feed_state */
	bool is_settled;          /* who is not in the rows is not on the list */
	bool is_part;             /* its dialog goes on from before a start, and has told no whole
				   * list yet */
	bool is_current;          /* what it says was said in the dialog that lives */
	const char *drop_why;     /* the call that leaves it is on its way, or NULL */
};

/* What a peer's list says, in all packages. */
struct roll {
	struct directory *directory;
	const struct sip_peer *peer;
	struct address domain; /* of peer */
	char *chat_domain;     /* of one who watched first: the bridge's own name is in it */
	struct table *members; /* by address */
	struct feed feeds[FEED_COUNT];
	struct loop_timer idle;
};

struct directory {
	struct side_core *core;
	struct subscriber *subscriber;
	struct roll *rolls;
	size_t count;
};

/* directory_feed.c */
void feed_init(struct feed *feed, struct roll *roll, enum part_name package);
void feed_start(struct feed *feed);
void feed_stop(struct feed *feed);
void feed_clear(struct feed *feed); /* its interest is left to whoever has it */
/* Something is missing or may be: looked at again when all NOTIFYs of an update have come. */
void feed_settle_later(struct feed *feed);

/* directory_rows.c */
/* Reads the body of a NOTIFY. Returns 0 with *use, EPROTO if it is no list, else what made it
 * unreadable. */
int rows_apply(struct feed *feed, const struct interest_document *document, enum interest_use *use);
/* Takes away those that are missing. */
void rows_drop_missing(struct feed *feed);
/* Nobody knows what they do any more; they stay on the list. */
void rows_forget(struct feed *feed);
void rows_clear(struct feed *feed);
/* The users of the rows may be told something else: one, or all of the domain. */
void roll_changed(struct roll *roll, const struct address *watched);
void roll_all_changed(struct roll *roll);
