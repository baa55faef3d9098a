/* Publications that say nothing, where nothing else is subscribed (AST-7), and whose tags are. */
#include <stdio.h>

#include "support/check.h"

#include "sip/sip_side.h"
#include "wire/presence_agent.h"
#include "wire/rig.h"

static void publications_only(struct rig *rig)
{
	rig->peers[0].profile.packages = 0;
}

static const struct sip_text *publish(struct rig *rig, const char *tag, const char *note)
{
	char headers[256], body[512];
	struct rig_request request = {.method = "PUBLISH",
				      .uri = "sip:1001@pbx.example",
				      .headers = headers,
				      .type = "application/pidf+xml"};

	snprintf(headers, sizeof headers, "Event: presence\r\n%s%s%s",
		 tag != NULL ? "SIP-If-Match: " : "", tag != NULL ? tag : "",
		 tag != NULL ? "\r\n" : "");
	if (note != NULL)
		request.body = pa_document(note, body, sizeof body);
	rig_send(rig, SIP_WAY_UDP, &request);
	return text_peer_expect(rig->peer, "SIP/2.0 200");
}

/* [AST-7] [D-17]: Asterisk begins without a state: it is asked for by a subscription, until it is
 * published. */
static void a_mute_publication_is_asked_for(void **state)
{
	struct rig_options options = {.profile = "asterisk", .tune = publications_only};
	struct rig *rig = rig_new(&options);
	struct presence_agent end;
	const struct sip_text *text;
	char room[512], tag[64];

	(void)state;
	pa_watch(rig);
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	text = publish(rig, NULL, NULL);
	assert_non_null(text);
	sip_text_header(text, "SIP-ETag", tag, sizeof tag);
	pa_accept(rig, &end, "200 OK", "Expires: 3600\r\n");
	pa_notify(rig, &end, "active;expires=3600", pa_document("asked", room, sizeof room), "200");
	rig_expect_line(rig, "ALLOWED");
	rig_expect_line(rig, "note=asked");
	assert_non_null(publish(rig, tag, "published"));
	rig_expect_line(rig, "note=published");
	text = text_peer_expect(rig->peer, "SUBSCRIBE ");
	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "0");
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 0\r\n");
	rig_free(&rig);
}

/* [D-14] [AST-7]: who is published is served, though his state is not known yet and nobody may
 * subscribe to him: that is no word about his watchers. */
static void a_refusal_says_nothing_of_who_is_published(void **state)
{
	static const char *const answers[] = {"404 Not Found", "403 Forbidden"};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(answers); i++) {
		struct rig_options options = {.profile = "asterisk", .tune = publications_only};
		struct rig *rig = rig_new(&options);
		struct presence_agent end;
		const struct sip_text *text;
		char tag[64];

		pa_watch(rig);
		text = publish(rig, NULL, NULL);
		assert_non_null(text);
		sip_text_header(text, "SIP-ETag", tag, sizeof tag);
		pa_accept(rig, &end, answers[i], "");
		text_peer_let_run(rig->peer, 50);
		assert_int_equal(fake_bridge_count(rig->bridge, "answered"), 0);
		assert_non_null(publish(rig, tag, "published"));
		rig_expect_line(rig, "ALLOWED");
		rig_expect_line(rig, "note=published");
		rig_free(&rig);
	}
}

/* [SEC-008]: a tag is its user's: nobody refreshes, changes or ends another one's publication. */
static void a_tag_is_its_users(void **state)
{
	struct rig_options options = {.profile = "asterisk", .tune = publications_only};
	struct rig *rig = rig_new(&options);
	char headers[256], body[512], tag[64], other[64];
	struct rig_request request = {.method = "PUBLISH",
				      .uri = "sip:1002@pbx.example",
				      .headers = headers,
				      .type = "application/pidf+xml"};
	static const char *const expires[] = {"600", "0"};

	(void)state;
	pa_watch(rig);
	sip_text_header(publish(rig, NULL, "mine"), "SIP-ETag", tag, sizeof tag);
	sip_text_header(publish(rig, NULL, "mine"), "SIP-ETag", other, sizeof other);
	assert_string_not_equal(tag, other);
	rig_expect_line(rig, "note=mine");
	request.body = pa_document("his", body, sizeof body);
	for (size_t i = 0; i < CHECK_COUNT(expires); i++) {
		snprintf(headers, sizeof headers,
			 "Event: presence\r\nSIP-If-Match: %s\r\nExpires: %s\r\n", other,
			 expires[i]);
		rig_send(rig, SIP_WAY_UDP, &request);
		assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 412"));
	}
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(fake_bridge_count(rig->bridge, "note=his"), 0);
	assert_int_equal(fake_bridge_count(rig->bridge, "open=0"), 0);
	assert_non_null(publish(rig, other, "still"));
	rig_expect_line(rig, "note=still");
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tag_is_its_users),
		cmocka_unit_test(a_mute_publication_is_asked_for),
		cmocka_unit_test(a_refusal_says_nothing_of_who_is_published),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
