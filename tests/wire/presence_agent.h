/* The SIP server's side of a subscription of the bridge, as a test plays it: it takes SUBSCRIBEs of
 * juliet for 1001 and sends NOTIFYs. What goes wrong fails the test. */
#pragma once

#include "wire/rig.h"

struct presence_agent {
	char call_id[128];
	char their_tag[64]; /* the bridge's */
	char target[256];   /* its Contact */
	char from[256];     /* who was subscribed to */
	char to[256];
	char event[32]; /* what it asked for */
	const char *tag;
	const char *type; /* of bodies; NULL: as the event has it */
	unsigned cseq;
	bool is_tcp; /* NOTIFYs go over a stream */
};

/* The core wants and no longer wants juliet to watch 1001. */
void pa_watch(struct rig *rig);
void pa_unwatch(struct rig *rig);
/* Another chat user, too. */
void pa_watch_as(struct rig *rig, const char *watcher);
void pa_unwatch_as(struct rig *rig, const char *watcher);
/* Juliet watches another SIP user. */
void pa_watch_user(struct rig *rig, const char *user);
/* Takes the dialog from a SUBSCRIBE. */
void pa_learn(struct presence_agent *end, const struct sip_text *subscribe);
/* Takes a SUBSCRIBE and answers it. */
void pa_accept(struct rig *rig, struct presence_agent *end, const char *status,
	       const char *headers);
/* Takes two SUBSCRIBEs, one of each package, and answers both with 200. */
void pa_accept_both(struct rig *rig, struct presence_agent *presence,
		    struct presence_agent *dialog);
/* Sends a NOTIFY; state NULL: without Event and Subscription-State. */
void pa_send_notify(struct rig *rig, struct presence_agent *end, const char *state,
		    const char *headers, const char *body);
/* The same, and takes the answer, which begins with status. */
void pa_notify(struct rig *rig, struct presence_agent *end, const char *state, const char *body,
	       const char *status);
/* A PIDF of an open user with a note, into room. */
char *pa_document(const char *note, char *room, size_t room_len);
/* A full dialog-info of 1001; dialogs are the rows, "" none. */
char *pa_dialogs(unsigned version, const char *dialogs, char *room, size_t room_len);
/* A row: direction NULL leaves it out. */
#define PA_ROW(id, direction, state)                                                               \
	"<dialog id=\"" id "\" direction=\"" direction "\"><state>" state "</state></dialog>"
/* A subscription that is active. */
void pa_begin(struct rig *rig, struct presence_agent *end);
