/* A TCP peer that does not read: what is for it waits, and nothing is lost or taken for a failure.
 */
#include <stdio.h>

#include "support/check.h"

#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/rig.h"

enum { MESSAGES = 1500, BODY = 20000 };

static void deliver(struct rig *rig, exchange_id x, char *body)
{
	struct address from, to;
	struct message message = {.kind = MESSAGE_CHAT, .body = body, .body_len = BODY, .hops = -1};
	char user[16], uid[16];

	snprintf(user, sizeof user, "%u", (unsigned)x);
	snprintf(uid, sizeof uid, "u%u", (unsigned)x);
	message.uid = uid;
	address_set(&from, SIDE_XMPP, "juliet", "chat.example");
	address_set(&to, SIDE_SIP, user, "pbx.example");
	sip_side_ops()->deliver(rig->side, x, &from, &to, &message);
	address_clear(&from);
	address_clear(&to);
}

/* [REL-045] [SOF-011] [limit sip_unsent] */
static void stalled_peer_delays(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.proxy_is_tcp = true, .t1_ms = 500});
	char *body = mem_alloc(BODY + 1);

	(void)state;
	memset(body, 'b', BODY);
	body[BODY] = '\0';
	text_peer_pause(rig->peer, true);
	for (exchange_id x = 1; x <= MESSAGES; x++)
		deliver(rig, x, body);
	text_peer_let_run(rig->peer, 500);
	/* no queue overflowed into a refusal */
	assert_int_equal(fake_bridge_count(rig->bridge, "outcome"), 0);
	text_peer_pause(rig->peer, false);
	for (int i = 0; i < MESSAGES; i++) {
		const struct sip_text *out = text_peer_expect(rig->peer, "MESSAGE ");

		assert_non_null(out);
		text_peer_answer(rig->peer, out, "200 OK", "");
	}
	for (int tries = 0; tries < 100 && fake_bridge_count(rig->bridge, "TAKEN") < MESSAGES;
	     tries++)
		text_peer_let_run(rig->peer, 20);
	assert_int_equal(fake_bridge_count(rig->bridge, "TAKEN"), MESSAGES);
	assert_int_equal(fake_bridge_count(rig->bridge, "outcome"), MESSAGES);
	mem_free(body);
	rig_free(&rig);
}

/* [SOF-024] [REL-024]: the peer goes away with a full queue: each ends once. */
static void lost_connection_ends_each_once(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.proxy_is_tcp = true, .t1_ms = 20});
	char *body = mem_alloc(BODY + 1);

	(void)state;
	memset(body, 'b', BODY);
	body[BODY] = '\0';
	text_peer_pause(rig->peer, true);
	for (exchange_id x = 1; x <= MESSAGES; x++)
		deliver(rig, x, body);
	text_peer_let_run(rig->peer, 100);
	text_peer_deaf(rig->peer);
	text_peer_hang_up(rig->peer);
	for (int tries = 0; tries < 200 && fake_bridge_count(rig->bridge, "outcome") < MESSAGES;
	     tries++)
		text_peer_let_run(rig->peer, 50);
	assert_int_equal(fake_bridge_count(rig->bridge, "outcome"), MESSAGES);
	assert_int_equal(fake_bridge_count(rig->bridge, "TAKEN"), 0);
	mem_free(body);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stalled_peer_delays),
		cmocka_unit_test(lost_connection_ends_each_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
