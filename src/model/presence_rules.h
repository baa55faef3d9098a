/* What a chat user sees of a SIP user, as a table that the operator may change (D-27): the first
 * rule that fits says show and text. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/presence.h"

/* What a rule looks at, in the order of the built-in table. */
enum presence_case {
	CASE_UNKNOWN, /* no fresh source: always unavailable, whatever the table says */
	CASE_CLOSED,  /* closed everywhere: always unavailable; the text may be changed */
	CASE_ON_HOLD, /* every call is on hold */
	CASE_IN_CALL,
	CASE_DIALLING,
	CASE_DND,
	CASE_RINGING,
	CASE_ACTIVITY, /* the user's own show, activity and note */
	CASE_IDLE,     /* input idle: away with XEP-0319 */
	CASE_COUNT
};

struct presence_rule {
	enum presence_case when;
	enum show show;
	bool keeps_show; /* the user's own show stays (ringing) */
	char *text;      /* owned; NULL: none */
};

/* In order of precedence. */
struct presence_rules {
	struct presence_rule rules[CASE_COUNT];
	size_t count;
	char *lang; /* of the texts, for xml:lang; owned */
};

/* The built-in table in a language (RFC 5646; its primary part counts); false and English if the
 * language is not there. Free with presence_rules_clear(). */
bool presence_rules_init(struct presence_rules *rules, const char *language);
void presence_rules_clear(struct presence_rules *rules);
const char *presence_case_name(enum presence_case which); /* "in-call": name in the configuration */
int presence_case_from_name(const char *name);            /* -1 if unknown */
