/* The SIP server's side of a list subscription (RFC 4662), as a test plays it: the bridge asks for
 * sip:friends@pbx.example. What goes wrong fails the test. */
#pragma once

#include "wire/presence_agent.h"

#define LS_SUBSCRIBE "SUBSCRIBE sip:friends@pbx.example SIP/2.0"
#define LS_ROWS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A body and its type; owned by whom it is given to. */
struct ls_body {
	char *text;
	char *type;
};

/* For rig_options.tune: pbx.example has the list. */
void ls_tune(struct rig *rig);
/* The usual rig: an Asterisk with the list. */
struct rig *ls_rig(void);

/* What Asterisk was seen to send: samples/lists/asterisk-notify-rls-NAME.txt. */
struct ls_body ls_sample(const char *name);
/* rlmi of our own making, with a part for each row that has an instance: "1001 note", "1002 -" has
 * no instance, "1003 ?" waits, "1004 !" is terminated. */
struct ls_body ls_list(const char *version, bool is_full, const char *const *rows);
void ls_free(struct ls_body *body);

/* Takes the SUBSCRIBE of the list and answers it. */
void ls_accept(struct rig *rig, struct presence_agent *end);
/* A NOTIFY of the list, which is answered 200. Frees body. */
void ls_notify(struct rig *rig, struct presence_agent *end, const char *state, struct ls_body body);
/* Takes the line of the core that tells juliet of a user. */
void ls_expect_user(struct rig *rig, const char *user, const char *what);
/* juliet watches 1001 and 1002, and the list has told of 1001, 1002 and 1003. */
void ls_begin(struct rig *rig, struct presence_agent *end);
