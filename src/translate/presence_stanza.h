/* Presence stanzas (RFC 6121 section 4, XEP-0319, XEP-0172) to values and back. Pure. */
#pragma once

#include "model/presence.h"

struct _xmpp_stanza_t; /* libstrophe's tree, read only */
struct buf;
struct fault;
struct presence_view;

enum presence_type {
	PRESENCE_AVAILABLE,
	PRESENCE_UNAVAILABLE,
	PRESENCE_SUBSCRIBE,
	PRESENCE_SUBSCRIBED,
	PRESENCE_UNSUBSCRIBE,
	PRESENCE_UNSUBSCRIBED,
	PRESENCE_PROBE,
	PRESENCE_ERROR,
	PRESENCE_INVALID /* unknown type: bad-request (CMP-025) */
};

/* Pointers into the stanza are borrowed while it lives; device is owned. */
struct presence_stanza {
	enum presence_type type;
	const char *from; /* or NULL */
	const char *to;   /* or NULL */
	const char *id;   /* or NULL */
	char *nick;       /* XEP-0172, owned, or NULL */
	/* Of available and unavailable; id is NULL: the caller sets it from the resource of from;
	 * since_ms from XEP-0203 delay, else 0; idle by XEP-0319 or XEP-0256. */
	struct device device;
};

/* now_ms: wall clock, 0 unknown. */
void presence_stanza_read(const struct _xmpp_stanza_t *stanza, int64_t now_ms,
			  struct presence_stanza *out);
void presence_stanza_clear(struct presence_stanza *stanza);

/* Appends a whole stanza. from and to are JIDs; type must not be PRESENCE_INVALID or _ERROR. status
 * and nick may be NULL. */
void presence_stanza_write(struct buf *out, enum presence_type type, const char *from,
			   const char *to, const char *id, const char *status, const char *nick);
/* What a stanza says beside the view; NULL members are left out. */
struct presence_extra {
	const char *caps_node; /* available: the features of the sender (XEP-0115, hash sha-1) */
	const char *caps_ver;
	const char *delay_from; /* unavailable: who says that it is so since view->since_ms
				 * (XEP-0203) */
};

/* Available or unavailable with show, status by language, priority, idle (PRES-128 to PRES-139). */
void presence_stanza_write_view(struct buf *out, const char *from, const char *to, const char *id,
				const struct presence_view *view);
void presence_stanza_write_more(struct buf *out, const char *from, const char *to, const char *id,
				const struct presence_view *view,
				const struct presence_extra *extra);
