/* What the core asks of the SIP side, for tests: juliet@chat.example writes to users of
 * pbx.example.
 */
#pragma once

#include "model/message.h"
#include "wire/rig.h"

/* T1 of tests that want no repetition in between, however slow the machine is. */
enum { PATIENT_MS = 2000 };

/* A text; both strings are borrowed. */
struct message text_message(char *uid, char *body);
void deliver(struct rig *rig, exchange_id x, const char *user, const struct message *message);
/* A report of a message of 1001 with these wants; the strings of origin are borrowed. */
void deliver_report(struct rig *rig, exchange_id x, const struct message_report *report);
void show_typing(struct rig *rig, const char *user, bool is_active);

/* The next MESSAGE to user, of which the test keeps text until the next call. */
const struct sip_text *expect_message(struct rig *rig, const char *user);
void expect_header(const struct sip_text *text, const char *name, const char *value);
/* Answers with that status, and expects the outcome. */
void answer_and_expect(struct rig *rig, const struct sip_text *text, const char *status,
		       const char *line);
/* What was learned; -1: nothing. */
int64_t learned(struct rig *rig, const char *kind, const char *subject);
void learn(struct rig *rig, const char *kind, const char *subject, int64_t value);
/* The SIP side ends and begins again; the core stays. */
void restart_side(struct rig *rig);
