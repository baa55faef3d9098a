/* One subscription to several chat users (RFC 4662; RFC 5367 for lists that the request brings):
 * its members each look at a pair of their own, as if they were subscribed to alone; a NOTIFY tells
 * of those that changed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sip/notifier_private.h"

struct list_watch;
struct resource_lists;

enum { LIST_BODY_MAX = 48 * 1024 }; /* of one NOTIFY: it must fit a datagram, too */

/* A list of nobody. uri is that of the list, by who watches, nick his display name or NULL; all are
 * copied. */
struct list_watch *list_watch_new(struct subscription *subscription, const char *uri,
				  const struct address *by, const char *nick);
void list_watch_free(struct list_watch **list);
/* Makes these its members and asks for those that are not asked for yet, in a fetch only for what
 * is known; others leave. members NULL: the same as before. Never from inside side_ops. */
void list_watch_set(struct list_watch *list, const struct resource_lists *members);
/* The same for one of before a restart, whose next document has this version: nobody is asked. */
void list_watch_restore(struct list_watch *list, const struct resource_lists *members,
			uint32_t version);
/* True if nobody has said yet, since the start, what is with one of its members. */
bool list_watch_is_waiting(const struct list_watch *list);
/* All members leave their pairs. */
void list_watch_leave(struct list_watch *list, enum notifier_tell tell);
/* Its next document is of all members (EVT-072). */
void list_watch_want_all(struct list_watch *list);
/* Appends the lines of the body and the body of the next NOTIFY, in which each member stands that
 * has something new, as far as they fit; the others come with the one after it (PBX-053). */
void list_watch_write(struct list_watch *list, struct buf *lines, struct buf *body);
/* True if members have something new to tell; and if it must not wait (D-33). */
bool list_watch_is_due(const struct list_watch *list);
bool list_watch_is_urgent(const struct list_watch *list);

/* From the core: a member's question was answered, he changed, he is lost with a reason (constant).
 * Nothing is sent from inside. The documents of notifier.bodies are presence's. */
void list_member_decide(struct looker *looker, bool is_active);
void list_member_change(struct looker *looker, const struct presence *presence);
void list_member_end(struct looker *looker, enum watch_answer answer);
bool list_member_is_active(struct looker *looker);
