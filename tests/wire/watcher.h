/* A SIP user, 1001, watching a chat user, juliet, as a test plays him over UDP. What goes wrong
 * fails the test. */
#pragma once

#include "wire/rig.h"

/* One dialog. call_id is the test's; the rest is learned. */
struct watcher {
	char call_id[64];
	char tag[64]; /* of the bridge */
	unsigned cseq;
	const char *event; /* NULL: presence */
	const char *from;  /* as rig_request */
	const char *uri;
	const char *body; /* of the SUBSCRIBE, with its type, or NULL */
	const char *type;
};

/* "Contact: ...\r\n" of the peer, into room. */
char *watcher_contact(struct rig *rig, char *room, size_t room_len);
/* A SUBSCRIBE with more header lines, in the dialog if there is one; returns the answer. */
const struct sip_text *watcher_subscribe(struct rig *rig, struct watcher *watcher,
					 const char *headers);
/* The next NOTIFY; its Subscription-State begins with state. */
const struct sip_text *watcher_take(struct rig *rig, const char *state);
/* The same, and answers it ("200 OK"). */
void watcher_answer(struct rig *rig, const char *state, const char *status);
/* The core's word for another pair: user (or "": his domain) and the chat user of that name. */
void watcher_decide_for(struct rig *rig, const char *user, const char *chat_user,
			enum watch_answer what);
void watcher_tell_for(struct rig *rig, const char *user, const char *chat_user,
		      const struct presence *presence);
/* Calls call with the pair. */
void watcher_pair(struct rig *rig,
		  void (*call)(struct rig *rig, const struct watch *watch, void *arg), void *arg);
/* The core decides, with the presence of the fake bridge; and tells that presence. */
void watcher_decide(struct rig *rig, enum watch_answer what);
void watcher_tell(struct rig *rig);
/* A granted subscription with its first NOTIFY answered. */
void watcher_begin(struct rig *rig, struct watcher *watcher);
