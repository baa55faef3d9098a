/* What the core asks of the SIP side, for tests; see deliver.h. */
#include "wire/deliver.h"

#include <stdio.h>
#include <string.h>

#include "support/check.h"

#include "core/learned.h"
#include "sip/sip_side.h"

struct message text_message(char *uid, char *body)
{
	return (struct message){.kind = MESSAGE_CHAT,
				.uid = uid,
				.body = body,
				.body_len = strlen(body),
				.hops = -1};
}

static void set_ends(struct address *from, struct address *to, const char *user)
{
	address_set(from, SIDE_XMPP, "juliet", "chat.example");
	address_set(to, SIDE_SIP, user, "pbx.example");
}

void deliver(struct rig *rig, exchange_id x, const char *user, const struct message *message)
{
	struct address from, to;

	set_ends(&from, &to, user);
	sip_side_ops()->deliver(rig->side, x, &from, &to, message);
	address_clear(&from);
	address_clear(&to);
}

void deliver_report(struct rig *rig, exchange_id x, const struct message_report *report)
{
	struct message_report copy = *report;
	struct message message = {
		.what = MESSAGE_REPORT, .uid = (char[]){"report-1"}, .hops = -1, .report = &copy};

	deliver(rig, x, "1001", &message);
}

void show_typing(struct rig *rig, const char *user, bool is_active)
{
	struct typing typing = {.is_active = is_active, .refresh_s = 90};
	struct address from, to;

	set_ends(&from, &to, user);
	sip_side_ops()->typing(rig->side, &from, &to, &typing);
	address_clear(&from);
	address_clear(&to);
}

const struct sip_text *expect_message(struct rig *rig, const char *user)
{
	char start[64];
	const struct sip_text *text;

	snprintf(start, sizeof start, "MESSAGE sip:%s@pbx.example SIP/2.0", user);
	text = text_peer_expect(rig->peer, start);
	if (text == NULL)
		fail_msg("no %s", start);
	return text;
}

void expect_header(const struct sip_text *text, const char *name, const char *value)
{
	char room[512];

	assert_string_equal(sip_text_header(text, name, room, sizeof room), value);
}

void answer_and_expect(struct rig *rig, const struct sip_text *text, const char *status,
		       const char *line)
{
	text_peer_answer(rig->peer, text, status, "");
	rig_expect_line(rig, line);
}

int64_t learned(struct rig *rig, const char *kind, const char *subject)
{
	return learned_get(bridge_learned(rig->bridge), kind, subject);
}

void learn(struct rig *rig, const char *kind, const char *subject, int64_t value)
{
	learned_put(bridge_learned(rig->bridge), kind, subject, value);
}

void restart_side(struct rig *rig)
{
	char error[256] = "";

	sip_side_free(&rig->side);
	if (sip_side_new(&rig->side, &rig->params, error, sizeof error) != 0)
		fail_msg("%s", error);
}
