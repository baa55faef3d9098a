/* What SIP tells of one watched user to one scope (D-17: one watcher, or all), composed into one
 * presence, and who reads it. Its parts: what interests (interest.h) of Event presence and Event
 * dialog tell, each only if it is in profile.packages; what is published (publications.h), and what
 * a list says (listed_fn below), both for the common scope alone.
 *
 * Changes are told from the loop, once however many there were before it came round. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "core/side.h"
#include "loop/loop.h"

struct buf;
struct fault;
struct interest;
struct peer_watch;
struct phone;
struct presence;
struct sip_peer;
struct subscriber;
struct table;

/* What a list says of one watched user. Pulled when a composition begins, and again whenever the
 * list calls subscriber_listed() (subscriber.h). */
enum listed_state {
	LISTED_NOT,     /* no list names him: he has dialogs of his own */
	LISTED_WAITING, /* a list is asked and may name him: no dialogs of his own yet */
	LISTED_PENDING, /* these are covered by the list: no dialogs of his own */
	LISTED_ACTIVE,
	LISTED_FAILED /* the list itself fails, or says that he does */
};

struct listed {
	enum listed_state state;
	/* With LISTED_ACTIVE; either may be NULL: not known (EVT-069). Valid until the next call
	 * into the list or the loop. */
	const struct presence *presence;
	const struct phone *phone;
};

typedef void listed_fn(const struct address *watched, struct listed *out, void *arg);

enum part_name { PART_PRESENCE, PART_DIALOG, PART_COUNT };

/* What a part said of the question last; enum watch_answer + 1. */
enum part_word {
	WORD_NONE,
	WORD_ALLOWED = WATCH_ALLOWED + 1,
	WORD_PENDING = WATCH_PENDING + 1,
	WORD_REJECTED = WATCH_REJECTED + 1,
	WORD_FORBIDDEN = WATCH_FORBIDDEN + 1,
	WORD_NO_SUCH = WATCH_NO_SUCH + 1,
	WORD_FAILED = WATCH_FAILED + 1
};

/* One package. */
struct part {
	struct interest *interest; /* NULL: not subscribed */
	struct presence *document; /* what it told last, or NULL: nothing, or not kept */
	struct fault *fault;       /* with its word, or NULL */
	uint64_t heard_ms;         /* when it told or confirmed something; 0: never */
	uint64_t hold_ms;          /* when what it told is no longer true (D-26); 0: it is fresh */
	uint64_t silent_ms;        /* it goes on from before a start and has told nothing yet: until
				    * then the other parts wait for it; 0: nobody waits */
	uint8_t word;              /* enum part_word */
};

#define PART_SILENT UINT64_MAX /* silent_ms: the others have told nothing either */

struct reader {
	struct address watcher;
	exchange_id x;
	bool is_new;  /* joined: is told what is known */
	bool is_gone; /* left while being told */
	struct list link;
};

struct composition {
	struct subscriber *subscriber;
	struct address watched;
	struct list readers;      /* those who joined last at the end */
	struct table *by_watcher; /* the same, once there are many; or NULL */
	struct list link;         /* in subscriber->all */
	struct list dirty;        /* in subscriber->dirty, when something changed */
	const struct sip_peer *peer;
	struct peer_watch *hop;
	struct part parts[PART_COUNT];
	struct loop_timer timer; /* end of a hold, or a phone state has settled */
	uint64_t settling_ms;    /* since when the phone's state is the one that settles */
	uint64_t moved_ms;       /* since when it is another than the one told; 0: it is not */
	uint32_t reader_count;
	uint8_t told;       /* enum part_word that the readers know */
	uint8_t told_phone; /* enum phone_state that the readers know */
	uint8_t settling;   /* enum phone_state */
	bool is_common;     /* D-17: read by all */
	bool is_kept;       /* documents are kept: for readers that join, for the other part */
	bool is_telling;    /* readers may leave, but are removed later */
	bool has_heard;     /* a part spoke */
	bool has_answer;    /* an answer is told even if it is the one told before */
	bool has_news;      /* what is known changed */
	bool has_gone;      /* some reader is_gone */
	bool has_new;       /* some reader is_new */
	bool was_published; /* something was when it was told last */
	bool is_known;      /* something was when it was told last */
};

/* composition.c: its life and its parts ----------------------------------------------------------
 */

/* Begins with one reader; its interests are started as the profile and the lists say. */
struct composition *composition_new(struct subscriber *subscriber, const struct watch *watch,
				    const struct sip_peer *peer, bool is_common);
/* Appends what it is found by; watcher counts only where it is not common. */
void composition_key(const struct address *watched, const struct address *watcher, bool is_common,
		     struct buf *key);
/* Frees it; its interests are left to whoever has them. */
void composition_free(struct composition *composition);
/* Nobody reads it any more: its interests are left, it is freed. */
void composition_leave(struct composition *composition);
/* D-26. */
uint64_t composition_hold_ms(const struct composition *composition);
/* Something may have changed: told from the loop. */
void composition_touch(struct composition *composition);
/* What comes by no dialog of its own changed: publications, lists, the server as a whole. */
void composition_changed(struct composition *composition);
/* A reader asks: what rests is tried again. */
void composition_ask_again(struct composition *composition);
/* Starts and leaves interests as profile and lists say. */
void composition_adjust(struct composition *composition);

/* composition_word.c: all parts together ---------------------------------------------------------
 */

/* The answer to the readers' question; *fault goes with it, or is NULL. */
enum part_word composition_word(const struct composition *composition, const struct fault **fault);
/* What is known, composed into zeroed *out, which the caller clears; nothing settled. False:
 * nothing is. */
bool composition_now(const struct composition *composition, struct presence *out);
/* Drops what is held for too long (D-26). Returns when to look again on the loop's clock, 0: never.
 */
uint64_t composition_expire(struct composition *composition, uint64_t now_ms);
/* While a part that goes on from before a start has told nothing yet, what the others say shows
 * less than is true (D-49): until when they wait for it, at most for the hold; its turn comes now.
 * 0: nobody waits. */
uint64_t composition_partial_until(struct composition *composition, uint64_t now_ms);
bool composition_is_published(const struct composition *composition);
/* What the list says; LISTED_NOT for a scope that is not common. */
struct listed composition_listed(const struct composition *composition);

/* composition_tell.c: its readers ----------------------------------------------------------------
 */

struct reader *composition_find_reader(struct composition *composition,
				       const struct address *watcher);
void composition_add_reader(struct composition *composition, const struct watch *watch);
/* Nothing if he reads not. May free the composition. */
void composition_remove_reader(struct composition *composition, const struct address *watcher);
void composition_free_readers(struct composition *composition);
/* Tells the readers what changed. May free the composition. */
void composition_tell(struct composition *composition);
