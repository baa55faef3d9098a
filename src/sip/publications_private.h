/* Between publications.c (what is published, until when), publish_in.c (the requests) and
 * publish_keep.c (their answers). */
#pragma once

#include "base/list.h"
#include "loop/loop.h"
#include "model/address.h"
#include "model/presence.h"
#include "sip/net_address.h"
#include "sip/publications.h"

struct peer_watch;
struct sip_peer;
struct table;

enum {
	PUBLICATION_TAG_MAX = 36,       /* "16 hex digits-16 hex digits" and a NUL */
	PUBLICATION_GRACE_T1 = 64,      /* kept so much longer than granted: 32 s (D-58) */
	PUBLICATION_LATE_S = 32,        /* and over a restart */
	PUBLICATION_MOST_S = 24 * 3600, /* longest that is granted (D-58) */
	PUBLICATION_DEFAULT_S = 3600,   /* without an Expires */
	PUBLICATION_RESTART_USERS = 2,  /* so many new beginnings */
	PUBLICATION_RESTART_T1 = 120    /* ... in 60 s: the publisher has restarted */
};

/* What one publisher says of one user in one package. */
struct publication {
	struct list link; /* in published.all, oldest first */
	struct published *of;
	uint64_t id; /* of its row in the store, and of the request that made it (SIP-021) */
	char tag[PUBLICATION_TAG_MAX];
	char before[PUBLICATION_TAG_MAX]; /* of a restored one: good once more; or "" */
	bool is_dialog;                   /* Event dialog; else presence */
	bool is_his_own;                  /* the user logged in and published it (SEC-008) */
	bool is_blank;                    /* it says nothing yet (AST-7) */
	bool is_doubtful; /* its publisher has restarted, and has not spoken of it since */
	bool is_restored; /* nor since we did, or since it was away */
	struct presence state;
	struct net_address source;
	struct loop_timer timer; /* its end */
	uint64_t expires_ms;     /* end of what was granted, loop clock */
	uint64_t heard_ms;
	uint64_t answered; /* key of the last request about it (repeats.h); 0: none */
};

/* A user of whom something is published. */
struct published {
	struct publications *publications;
	struct address user;
	const struct sip_peer *peer;
	struct peer_watch *hop;
	struct list all; /* publication.link */
	size_t count;
	struct presence now; /* all of them together, when is_composed */
	bool is_composed;
	bool has_now;
};

/* A publisher that seems to have restarted: it began anew with users it had published. */
struct restart {
	struct publications *publications;
	struct list link;
	struct net_address source;
	struct loop_timer timer;
	uint64_t since_ms;
	const struct published *last; /* only compared: one user may have several packages */
	unsigned users;
};

/* A server that is down. */
struct outage {
	struct publications *publications;
	struct list link;
	const struct peer_watch *hop;
	struct loop_timer timer; /* the end of the hold */
	uint64_t since_ms;
};

struct publications {
	struct side_core *core;
	struct table *users;    /* by address */
	struct table *answered; /* publications by the key of their last request */
	struct list restarts;
	struct list outages;
	struct list held; /* answers that wait for the disk */
	size_t held_count;
	size_t count;
	char prefix[17];
	uint64_t next_tag;
};

/* publications.c ------------------------------------------------------------------------------- */

struct published *published_find(const struct publications *publications,
				 const struct address *user);
/* Finds or makes it. */
struct published *published_get(struct publications *publications, const struct address *user,
				const struct sip_peer *peer);
/* Forgets a user of whom nothing is published. */
void published_let_go(struct published *published);
struct publication *publication_find(const struct published *published, bool is_dialog,
				     const char *tag);
struct publication *publication_new(struct published *published, bool is_dialog);
/* Frees it without a word to the store. */
void publication_forget(struct publication *publication);
/* Frees it and its row; published stays. */
void publication_free(struct publication *publication);
/* Gives it a tag that was never given before (EVT-060). */
void publication_new_tag(struct publication *publication);
/* Takes the content of *state over. */
void publication_put(struct publication *publication, struct presence *state);
/* Ends so many seconds from now, and PUBLICATION_GRACE_S later it is forgotten. */
void publication_extend(struct publication *publication, unsigned expires_s);
void publication_answered(struct publication *publication, uint64_t key);
/* What is known of the user changed: his readers hear of it. */
void published_changed(struct published *published);
/* A publication begins anew where one of the same publisher, package and user lives. */
void publications_begun_anew(struct publications *publications, const struct published *user,
			     const struct net_address *source);

/* publish_keep.c -------------------------------------------------------------------------------
 */

/* Answers 200; publication may be NULL. */
void publish_answer(struct publications *publications, struct request *request,
		    struct publication *publication, const char *tag, unsigned expires_s);
/* The value of kept_publication.source. */
void publish_put_source(const struct publication *publication, struct buf *out);
/* That it is in doubt outlives the process, too. */
void publish_keep_doubt(const struct publication *publication);
/* Writes row, and answers when it is on disk (REL-001). A new one is refused, and gone, if it
 * cannot be written. */
void publish_keep(struct publication *publication, const struct kept_publication *row,
		  struct request *request, unsigned expires_s, bool is_new);
/* Frees it, and answers when its row is dropped. */
void publish_drop(struct publication *publication, struct request *request);
/* True if no more answers may wait: nothing new is begun. */
bool publish_is_held_up(const struct publications *publications);
void publish_drop_held(struct publications *publications);

/* publish_body.c ---------------------------------------------------------------------------------
 */

/* Reads a body. Returns 0, or the status to refuse with: 415, 413, 400. */
int publish_read(const struct side_core *core, const struct sip_peer *peer, const char *type,
		 const char *language, const char *body, size_t len, struct presence *out);
