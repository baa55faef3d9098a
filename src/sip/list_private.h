/* Between list_watch.c (who is in a list, and what the core says of them) and list_write.c (the
 * documents). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"
#include "model/address.h"
#include "sip/list_watch.h"

enum member_state {
	MEMBER_LATER, /* not asked for yet, or lost for now: asked again */
	MEMBER_PENDING,
	MEMBER_ACTIVE,
	MEMBER_GONE
};

struct list_member {
	struct looker looker;
	struct list_watch *list;
	char *uri;              /* as it stands in the list */
	char *name;             /* or NULL */
	struct address watched; /* zeroed: no chat user */
	enum member_state state;
	const char *reason; /* of one that is gone, or lost for now; constant text, or NULL */
	uint64_t told;      /* notify_body.digest of the last document; 0: none */
	uint32_t version;   /* of the next document */
	bool is_new;        /* has something to tell */
	bool was_open;      /* the last document said that he can be reached */
	bool is_left;       /* while the members change: not among them any more */
};

struct list_watch {
	struct subscription *subscription;
	char *uri;
	char *nick;             /* of the watcher, or NULL */
	struct address by;      /* the watcher */
	struct address watcher; /* the same in the pairs (D-18) */
	struct address own;     /* of a list of ours; else zeroed */
	struct list_member **members;
	size_t count;
	struct loop_timer timer; /* asks again */
	uint32_t version;        /* of the next rlmi */
	bool wants_all;
	bool is_urgent;
	bool is_split;     /* the last NOTIFY had no room for all */
	bool is_restoring; /* its members are those of before a restart */
};

/* What a document of the member is about. */
void list_member_document(const struct list_member *member, const struct presence *presence,
			  struct event_document *out);
