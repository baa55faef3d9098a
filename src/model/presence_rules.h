/* What a chat user sees of a SIP user, as a table that the operator may change (D-27): the first
 * rule that fits says show and text. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/presence.h"

/* What a rule looks at, in the order of the built-in table. */
enum presence_case {
	CASE_UNKNOWN, /* no fresh source: always unavailable, has no rule */
	CASE_CLOSED,  /* closed everywhere: always unavailable; the text may be changed */
	CASE_ON_HOLD, /* every call is on hold */
	CASE_IN_CALL,
	CASE_DIALLING,
	CASE_DND,
	CASE_RINGING,
	CASE_ACTIVITY, /* the user's own show, or one of his activities that stands for one */
	CASE_IDLE,     /* input idle: away with XEP-0319 */
	CASE_COUNT
};

enum { PRESENCE_RULES = CASE_COUNT - 1 };

struct presence_rule {
	enum presence_case when;
	enum show show;
	bool keeps_show;  /* show is what it would be without this row; CASE_ACTIVITY: his own */
	const char *text; /* NULL: the built-in one, "": none. Borrowed */
};

/* What XMPP presence has no place for and is said in words behind the text. */
enum presence_detail {
	DETAIL_ACTIVITY = 1,     /* "In a meeting", where he wrote no note of his own */
	DETAIL_PLACE = 2,        /* RPID place-type */
	DETAIL_SURROUNDINGS = 4, /* RPID place-is: noisy, dark, ... */
	DETAIL_SPHERE = 8,
	DETAIL_TIME = 16, /* RPID time-offset */
	DETAILS_DEFAULT = DETAIL_ACTIVITY | DETAIL_PLACE | DETAIL_SPHERE
};

struct presence_rules {
	/* In order of precedence, each case once. CASE_CLOSED is looked at first wherever it is. */
	struct presence_rule rules[PRESENCE_RULES];
	size_t put;       /* rows that presence_rules_put() has put at the front */
	int language;     /* of the built-in texts: presence_words.h */
	const char *lang; /* of the texts in the rows, for xml:lang. Borrowed */
	unsigned details; /* enum presence_detail */
};

/* The built-in table, texts in a language (RFC 5646; its primary part counts), which is borrowed.
 * False if there are no built-in texts in that language: they are English then. */
bool presence_rules_init(struct presence_rules *rules, const char *language);
/* The built-in table in English. */
const struct presence_rules *presence_rules_built_in(void);
/* Puts the row of a case behind those that were put before, and before all others. Returns the
 * row, to be changed; NULL if that case has none or was put before. */
struct presence_rule *presence_rules_put(struct presence_rules *rules, enum presence_case which);
const char *presence_case_name(enum presence_case which); /* "in-call": name in the configuration */
int presence_case_from_name(const char *name);            /* -1 if unknown */
