/* How subscriptions of the bridge end, by bytes: reasons, the watcher's wish, a stop (file 04 B.6,
 * B.7, G.1); and whose they are (D-17). */
#include <stdio.h>

#include "support/check.h"

#include "sip/sip_side.h"
#include "wire/presence_agent.h"

/* [PRES-065] [PRES-066] [PRES-067] [PRES-166] to [PRES-173] [EVT-027] [EVT-029] [D-15] [D-24]
 * [PBX-010] [PBX-034]: reasons of the end. Its body is never applied.
 * [PRES-168]
 * [PRES-169] [PRES-170] [PRES-172] [CPP-011] */
static void reasons_of_the_end(void **state)
{
	static const struct {
		const char *state;
		const char *line;    /* what the core hears, or NULL */
		bool is_asked_again; /* within some seconds */
	} rows[] = {
		{"terminated;reason=rejected", "REJECTED", false},
		{"terminated;reason=deactivated;retry-after=3600", NULL, true},
		{"terminated;reason=timeout", NULL, true},
		{"terminated;reason=noresource", NULL, true},
		{"terminated;reason=probation;retry-after=3600", "FAILED", false},
		{"terminated;reason=giveup", NULL, false},
		{"terminated;reason=invariant;retry-after=1", NULL, false},
		{"terminated;expires=500", "FAILED", true},
		{"Terminated;Reason=rejected", "REJECTED", false},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(NULL);
		struct presence_agent end;
		char room[512];

		pa_begin(rig, &end);
		pa_notify(rig, &end, rows[i].state, pa_document("ghost", room, sizeof room), "200");
		if (rows[i].line != NULL)
			rig_expect_line(rig, rows[i].line);
		if (rows[i].is_asked_again) {
			const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

			if (text == NULL)
				fail_msg("%s: not asked again", rows[i].state);
			assert_string_not_equal(sip_text_header(text, "Call-ID", room, sizeof room),
						end.call_id);
		} else {
			text_peer_let_run(rig->peer, 100);
			assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE"), 0);
		}
		if (rows[i].line == NULL)
			assert_int_equal(fake_bridge_count(rig->bridge, "answered"), 0);
		assert_int_equal(fake_bridge_count(rig->bridge, "presence"), 0);
		rig_free(&rig);
	}
}

/* [PRES-058] [PRES-062] [PRES-063] [PRES-064] [EVT-025] [D-19] [PBX-061]: the end by the watcher.
 * [REQ-063] */
static void unwatch_ends_the_dialog(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct presence_agent end;
	char room[512];

	(void)state;
	pa_begin(rig, &end);
	pa_unwatch(rig);
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "0");
	assert_string_equal(sip_text_tag(text, "To", room, sizeof room), "nt");
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 0\r\n");
	pa_notify(rig, &end, "active", pa_document("late", room, sizeof room), "200");
	pa_notify(rig, &end, "terminated;reason=noresource", NULL, "200");
	assert_int_equal(rig->bridge->count, 0);
	pa_notify(rig, &end, "terminated;reason=timeout", NULL, "481");
	rig_free(&rig);
}

/* [PRES-060] [B16a]: before the first NOTIFY there is nothing to end yet: it is ended then.
 * [PBX-013] */
static void unwatch_before_the_dialog(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct presence_agent end;
	char room[512];

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &end, "200 OK", "Expires: 3600\r\n");
	text_peer_let_run(rig->peer, 20);
	pa_unwatch(rig);
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE"), 0); /* no CANCEL, no fetch */
	pa_notify(rig, &end, "active", pa_document("x", room, sizeof room), "200");
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "0");
	assert_int_equal(rig->bridge->count, 0);
	rig_free(&rig);
}

/* [PRES-059]: without a dialog nothing is sent. */
static void unwatch_without_a_dialog(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct presence_agent end;

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &end, "404 Not Found", "");
	rig_expect_line(rig, "NO_SUCH");
	pa_unwatch(rig);
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE"), 0);
	rig_free(&rig);
}

/* [D-17] [SEC-032]: subscribe_as bridge: one dialog for all watchers of an extension; who comes
 * later is told what is known. With watcher, one each. [PBX-035] */
static void one_dialog_for_all(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.profile = "asterisk"});
	struct presence_agent end, other;
	char room[512];

	(void)state;
	pa_watch(rig);
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_null(strstr(sip_text_header(text, "From", room, sizeof room), "juliet"));
	pa_learn(&end, text);
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	pa_notify(rig, &end, "active", pa_document("desk", room, sizeof room), "200");
	rig_expect_line(rig, "presence xmpp:juliet@chat.example sip:1001@pbx.example open=1");
	pa_watch_as(rig, "romeo");
	assert_int_equal(fake_bridge_count(rig->bridge, "romeo"), 0); /* never from inside */
	rig_expect_line(rig, "answered xmpp:romeo@chat.example sip:1001@pbx.example ALLOWED");
	rig_expect_line(rig, "presence xmpp:romeo@chat.example sip:1001@pbx.example open=1");
	pa_notify(rig, &end, "active", pa_document("both", room, sizeof room), "200");
	rig_expect_line(
		rig,
		"presence xmpp:juliet@chat.example sip:1001@pbx.example open=1 show=- note=both");
	rig_expect_line(
		rig,
		"presence xmpp:romeo@chat.example sip:1001@pbx.example open=1 show=- note=both");
	pa_unwatch(rig);
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE"), 0);
	rig_free(&rig);

	rig = rig_new(NULL);
	pa_watch(rig);
	pa_accept(rig, &end, "200 OK", "");
	pa_watch_as(rig, "romeo");
	pa_accept(rig, &other, "200 OK", "");
	assert_string_not_equal(end.call_id, other.call_id);
	rig_free(&rig);
}

static void set_true(void *arg)
{
	*(bool *)arg = true;
}

/* [D-48]: our own subscriptions end in order. */
static void stop_ends_subscriptions(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct presence_agent end;
	bool is_done = false;
	char room[64];

	(void)state;
	pa_begin(rig, &end);
	sip_side_stop(rig->side, true, set_true, &is_done);
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "0");
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 0\r\n");
	assert_false(is_done);
	pa_notify(rig, &end, "terminated;reason=timeout", NULL, "200");
	text_peer_let_run(rig->peer, 30);
	assert_true(is_done);
	rig_free(&rig);
}

/* [D-48] [FSW-2]: a stop does not wait for subscriptions that were granted and never told of,
 * whether they are wanted or were just left; what comes of them yet is ended by 481. */
static void stop_without_a_notify(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 500});
	struct presence_agent end, left;
	bool is_done = false;

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &left, "202 Accepted", "Expires: 3600\r\n");
	pa_watch_as(rig, "romeo");
	pa_accept(rig, &end, "202 Accepted", "Expires: 3600\r\n");
	text_peer_let_run(rig->peer, 30);
	pa_unwatch(rig);
	sip_side_stop(rig->side, true, set_true, &is_done);
	text_peer_let_run(rig->peer, 30);
	assert_true(is_done);
	pa_notify(rig, &left, "active;expires=3600", NULL, "481");
	pa_notify(rig, &end, "active;expires=3600", NULL, "481");
	rig_free(&rig);
}

/* [SIP-007] [AST-3]: over TCP the Contact names the listening port and the transport. */
static void subscribe_over_tcp(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.proxy_is_tcp = true});
	char room[256], contact[64];

	(void)state;
	pa_watch(rig);
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(text);
	assert_int_equal(text->way, SIP_WAY_TCP);
	snprintf(contact, sizeof contact, "@127.0.0.1:%u;transport=tcp>", rig->port);
	assert_non_null(strstr(sip_text_header(text, "Contact", room, sizeof room), contact));
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reasons_of_the_end),
		cmocka_unit_test(unwatch_ends_the_dialog),
		cmocka_unit_test(unwatch_before_the_dialog),
		cmocka_unit_test(unwatch_without_a_dialog),
		cmocka_unit_test(one_dialog_for_all),
		cmocka_unit_test(stop_ends_subscriptions),
		cmocka_unit_test(stop_without_a_notify),
		cmocka_unit_test(subscribe_over_tcp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
