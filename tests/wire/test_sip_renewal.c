/* How subscriptions of the bridge are renewed, by bytes: conditions (RFC 5839), partial presence
 * (RFC 5263), times, and two servers that do not loop. */
#include <stdio.h>

#include "support/check.h"

#include "loop/loop.h"
#include "sip/sip_side.h"
#include "wire/presence_agent.h"

#define PAIR "xmpp:juliet@chat.example sip:1001@pbx.example"

static void tell(struct rig *rig, struct presence_agent *end, const char *state,
		 const char *headers, const char *note)
{
	char room[512];

	pa_send_notify(rig, end, state, headers,
		       note != NULL ? pa_document(note, room, sizeof room) : NULL);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
}

/* A subscription whose state has the tag "k1", and is refreshed soon. */
static void begin(struct rig *rig, struct presence_agent *end, const char *expires)
{
	char state[64];

	pa_watch(rig);
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(text);
	assert_int_equal(sip_text_header_count(text, "Suppress-If-Match"), 0);
	pa_learn(end, text);
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	snprintf(state, sizeof state, "active;expires=%s", expires);
	tell(rig, end, state, "SIP-ETag: k1\r\n", "one");
	rig_expect_line(rig, "answered " PAIR " ALLOWED");
	rig_expect_line(rig, "note=one");
}

static const struct sip_text *take_refresh(struct rig *rig, const char *tag)
{
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");
	char room[128];

	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Suppress-If-Match", room, sizeof room), tag);
	return text;
}

/* [EVT-079] [EVT-080]: a state with a tag is asked for on condition; 204 renews it, and
 * no NOTIFY is waited for. The end has no condition. */
static void unchanged_is_not_told_again(void **state)
{
	struct rig *rig = rig_new(
		&(struct rig_options){.proxy_is_tcp = true, .t1_ms = 2}); /* Timer N: 128 ms */
	struct presence_agent end;
	char room[128];

	(void)state;
	begin(rig, &end, "2");
	text_peer_answer(rig->peer, take_refresh(rig, "k1"), "204 No Notification",
			 "Expires: 2\r\n");
	text_peer_answer(rig->peer, take_refresh(rig, "k1"), "204 No Notification",
			 "Expires: 3600\r\n");
	text_peer_let_run(rig->peer, 200);
	assert_int_equal(fake_bridge_count(rig->bridge, "FAILED"), 0);
	assert_int_equal(fake_bridge_count(rig->bridge, "presence"), 0);
	tell(rig, &end, "active;expires=3600", "SIP-ETag: k2\r\n", "two");
	rig_expect_line(rig, "note=two");
	pa_unwatch(rig);
	const struct sip_text *text = take_refresh(rig, "");

	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "0");
	rig_free(&rig);
}

/* [EVT-081]: one that knows nothing of conditions answers and notifies as ever. */
static void peer_without_conditions(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 500});
	struct presence_agent end;

	(void)state;
	begin(rig, &end, "2");
	text_peer_answer(rig->peer, take_refresh(rig, "k1"), "200 OK", "Expires: 2\r\n");
	tell(rig, &end, "active;expires=2", "", "again");
	rig_expect_line(rig, "note=again");
	text_peer_answer(rig->peer, take_refresh(rig, ""), "200 OK", "Expires: 3600\r\n");
	rig_free(&rig);
}

/* [EVT-080] [D-24]: no body under the tag that is known says nothing is new, also where no body
 * means that nothing is published; under another tag it means that. */
static void tag_without_body(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 500});
	struct presence_agent end;

	(void)state;
	rig->peers[0].profile.empty_notify = EMPTY_NOTIFY_GONE;
	begin(rig, &end, "3600");
	tell(rig, &end, "active;expires=3600", "SIP-ETag: k1\r\n", NULL);
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(fake_bridge_count(rig->bridge, "presence"), 0);
	tell(rig, &end, "active;expires=3600", "SIP-ETag: k3\r\n", NULL);
	rig_expect_line(rig, "presence " PAIR " open=0");
	rig_free(&rig);
}

/* [EVT-080] [EVT-014]: 204 means nothing outside a dialog: without a NOTIFY there is no
 * subscription. */
static void no_204_without_a_dialog(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 4});
	struct presence_agent end;

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &end, "204 No Notification", "Expires: 3600\r\n");
	rig_expect_line(rig, "FAILED remote-server-timeout");
	rig_free(&rig);
}

/* [D-22] [EVT-079]: a tag that cannot be one, or of a state that could not be read, is not kept. */
static void useless_tags(void **state)
{
	static const char *const tags[] = {"SIP-ETag: \"a\"\r\n", "SIP-ETag: \r\n",
					   "SIP-ETag: a,b\r\n"};
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 500});
	struct presence_agent end;

	(void)state;
	begin(rig, &end, "3600");
	for (size_t i = 0; i < CHECK_COUNT(tags); i++)
		tell(rig, &end, "active;expires=3600", tags[i], "odd");
	tell(rig, &end, "active;expires=2", tags[0], "odd");
	text_peer_answer(rig->peer, take_refresh(rig, ""), "200 OK", "Expires: 3600\r\n");
	tell(rig, &end, "active;expires=3600", "SIP-ETag: k4\r\n", "fine");
	pa_send_notify(rig, &end, "active;expires=2", "SIP-ETag: k5\r\n", "<broken");
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	(void)take_refresh(rig, "");
	rig_free(&rig);
}

#define DIFF_ROOT(root, version, inside)                                                           \
	"<p:" root " xmlns=\"urn:ietf:params:xml:ns:pidf\" "                                       \
	"xmlns:p=\"urn:ietf:params:xml:ns:pidf-diff\" entity=\"sip:1001@pbx.example\" "            \
	"version=\"" version "\">" inside "</p:" root ">"
#define WHOLE(version, note)                                                                       \
	DIFF_ROOT("pidf-full", version,                                                            \
		  "<tuple id=\"t\"><status><basic>open</basic></status><note>" note                \
		  "</note></tuple>")
#define PATCH(version, note)                                                                       \
	DIFF_ROOT("pidf-diff", version,                                                            \
		  "<p:replace sel=\"*/tuple[@id='t']/note/text()\">" note "</p:replace>")

static void offers_partial(struct rig *rig)
{
	rig->peers[0].profile.offers_partial = true;
}

static const struct sip_text *take_accept(struct rig *rig, const char *accept)
{
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");
	char room[128];

	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Accept", room, sizeof room), accept);
	return text;
}

static void begin_partial(struct rig *rig, struct presence_agent *end)
{
	pa_watch(rig);
	const struct sip_text *text =
		take_accept(rig, "application/pidf-diff+xml, application/pidf+xml");

	pa_learn(end, text);
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	end->type = "application/pidf-diff+xml";
	pa_notify(rig, end, "active;expires=3600", WHOLE("1", "one"), "200");
	rig_expect_line(rig, "answered " PAIR " ALLOWED");
	rig_expect_line(rig, "note=one");
}

/* [EVT-075] [EVT-076] [EVT-077] [EVT-078] [D-21]: partial documents where they are wanted, never
 * with q: patches in their order, a gap asks for the whole. */
static void partial_presence(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = offers_partial, .t1_ms = 500});
	struct presence_agent end;

	(void)state;
	begin_partial(rig, &end);
	pa_notify(rig, &end, "active;expires=3600", PATCH("2", "two"), "200");
	rig_expect_line(rig, "note=two");
	pa_notify(rig, &end, "active;expires=3600", PATCH("2", "twice"), "200");
	pa_notify(rig, &end, "active;expires=3600", PATCH("5", "gap"), "200");
	text_peer_answer(rig->peer,
			 take_accept(rig, "application/pidf-diff+xml, application/pidf+xml"),
			 "200 OK", "Expires: 3600\r\n");
	pa_notify(rig, &end, "active;expires=3600", WHOLE("6", "six"), "200");
	rig_expect_line(rig, "note=six");
	assert_int_equal(fake_bridge_count(rig->bridge, "presence"), 0);
	end.type = NULL; /* what is asked for is no promise */
	tell(rig, &end, "active;expires=3600", "", "plain");
	rig_expect_line(rig, "note=plain");
	rig_free(&rig);
}

/* [EVT-077]: a patch that does not fit: the type is given up for this subscription. */
static void broken_patch(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = offers_partial, .t1_ms = 500});
	struct presence_agent end;

	(void)state;
	begin_partial(rig, &end);
	pa_notify(rig, &end, "active;expires=3600",
		  DIFF_ROOT("pidf-diff", "2", "<p:remove sel=\"*/tuple[@id='none']\"/>"), "200");
	text_peer_answer(rig->peer, take_accept(rig, "application/pidf+xml"), "200 OK",
			 "Expires: 3600\r\n");
	end.type = NULL;
	tell(rig, &end, "active;expires=2", "", "whole");
	rig_expect_line(rig, "note=whole");
	(void)take_accept(rig, "application/pidf+xml");
	rig_free(&rig);
}

static void asks_for_seconds(struct rig *rig)
{
	rig->params.refresh_s = 2;
}

/* [PBX-043] [D-25] [PBX-049] [FSW-3]: an answer that grants more than was asked for counts. */
static void longer_answers_count(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = asks_for_seconds, .t1_ms = 500});
	struct presence_agent end;
	char room[512];

	(void)state;
	pa_watch(rig);
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "2");
	pa_learn(&end, text);
	text_peer_answer(rig->peer, text, "202 Accepted", "Expires: 63072000\r\n");
	pa_notify(rig, &end, "active", pa_document("long", room, sizeof room), "200");
	rig_expect_line(rig, "note=long");
	text_peer_let_run(rig->peer, 1500); /* after one second it would be refreshed */
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	rig_free(&rig);
}

/* [PRES-037] [D-60]: a redirection is followed within the domain, three times at most; elsewhere it
 * is a failure. */
static void redirections(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 500});
	struct presence_agent end;
	char start[64], contact[64], room[256];

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &end, "302 Moved", "Contact: <sip:1001-b@pbx.example>\r\n");
	const struct sip_text *text =
		text_peer_expect(rig->peer, "SUBSCRIBE sip:1001-b@pbx.example SIP/2.0");

	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Call-ID", room, sizeof room), end.call_id);
	assert_string_equal(sip_text_header(text, "To", room, sizeof room),
			    "<sip:1001@pbx.example>");
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	pa_notify(rig, &end, "active;expires=3600", pa_document("moved", room, sizeof room), "200");
	rig_expect_line(rig, "note=moved");
	rig_free(&rig);

	rig = rig_new(&(struct rig_options){.t1_ms = 500});
	pa_watch(rig);
	text = text_peer_expect(rig->peer, "SUBSCRIBE ");
	for (int i = 0; i < 4; i++) {
		assert_non_null(text);
		snprintf(contact, sizeof contact, "Contact: <sip:%d@pbx.example>\r\n", i);
		text_peer_answer(rig->peer, text, "301 Moved", contact);
		snprintf(start, sizeof start, "SUBSCRIBE sip:%d@pbx.example ", i);
		if (i < 3)
			text = text_peer_expect(rig->peer, start);
	}
	rig_expect_line(rig, "FAILED");
	rig_free(&rig);

	rig = rig_new(&(struct rig_options){.t1_ms = 500});
	pa_watch(rig);
	pa_accept(rig, &end, "302 Moved", "Contact: <sip:1001@elsewhere.example>\r\n");
	rig_expect_line(rig, "FAILED");
	rig_free(&rig);
}

/* [EVT-028] [PRES-166] [REL-021]: a server that ends every subscription at once is asked again
 * later each time: at most four times in five seconds. */
static void two_servers_do_not_loop(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 500});
	uint64_t start = loop_now(rig->loop);
	struct presence_agent end;
	int count = 0;

	(void)state;
	pa_watch(rig);
	while (loop_now(rig->loop) - start < 5000) {
		text_peer_let_run(rig->peer, 20);
		if (text_peer_count(rig->peer, "SUBSCRIBE ") == 0)
			continue;
		pa_accept(rig, &end, "200 OK", "Expires: 3600\r\n");
		pa_notify(rig, &end, "terminated;reason=deactivated", NULL, "200");
		count++;
	}
	assert_in_range(count, 1, 4);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unchanged_is_not_told_again),
		cmocka_unit_test(peer_without_conditions),
		cmocka_unit_test(tag_without_body),
		cmocka_unit_test(no_204_without_a_dialog),
		cmocka_unit_test(useless_tags),
		cmocka_unit_test(partial_presence),
		cmocka_unit_test(broken_patch),
		cmocka_unit_test(longer_answers_count),
		cmocka_unit_test(redirections),
		cmocka_unit_test(two_servers_do_not_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
