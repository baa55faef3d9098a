/* What each profile must do, as the decisions have it, for tests that run under every one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "support/check.h"

#include "wire/replay.h"
#include "wire/rig.h"

struct profile_row {
	const char *name;
	const char *user_agent;        /* D-60 */
	bool is_common;                /* D-17: one dialog for all, in the bridge's name */
	bool has_dialogs;              /* D-21: Event dialog, too */
	bool folds_case;               /* D-07 */
	bool is_gone;                  /* D-24: an active NOTIFY without a body */
	bool takes_publish;            /* EVT-058 */
	bool takes_empty_publish;      /* AST-7: a first one without a body */
	bool reads_asterisk;           /* its notes are states */
	bool reads_freeswitch;         /* the same */
	bool full_is_event;            /* PBX-032 */
	bool is_literal;               /* PBX-037 */
	size_t text_max;               /* D-40; 0: none that a datagram would not have */
	const struct replay_step *own; /* NOTIFYs of such a server */
	size_t own_count;
};

enum { PROFILE_ROWS = 7 };
extern const struct profile_row profile_rows[PROFILE_ROWS];

struct profile_check {
	const char *name;
	CMUnitTestFunction run; /* *state: the row */
};

/* A rig of that profile; tune as rig_options. */
struct rig *profile_rig(const struct profile_row *row, void (*tune)(struct rig *rig));
void profile_expect_header(const struct sip_text *text, const char *name, const char *value);
/* Nothing of presence has reached the core. */
void profile_expect_nothing(struct rig *rig);
/* Runs each check under each profile, then the others; returns what main() returns. */
int profile_run(const struct profile_check *checks, size_t check_count,
		const struct CMUnitTest *others, size_t other_count);

#define PROFILE_PIDF(inside)                                                                       \
	"<?xml version=\"1.0\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" "                  \
	"xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" "                                     \
	"xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" entity=\"pres:1001@pbx.example\">" inside \
	"</presence>"
#define PROFILE_OPEN "<tuple id=\"t\"><status><basic>open</basic></status></tuple>"
#define PROFILE_CLOSED                                                                             \
	PROFILE_PIDF("<tuple id=\"t\"><status><basic>closed</basic></status></tuple>")
