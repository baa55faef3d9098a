/* Access rules where a SIP domain watches for all its phones (D-18): the rule for one phone holds
 * though the core sees the domain alone. */
#include <stdio.h>

#include "support/check.h"

#include "base/buf.h"
#include "sip/sip_side.h"
#include "wire/watcher.h"

static void domain_watches(struct rig *rig)
{
	rig->peers[0].profile.watch_as = WATCH_AS_DOMAIN;
}

static void expect_requested(struct rig *rig, const char *who)
{
	char needle[128];

	snprintf(needle, sizeof needle, "requested sip:%spbx.example xmpp:juliet@chat.example",
		 who);
	rig_expect_line(rig, needle);
}

/* [SEC-036] [SEC-046] [D-18]: in his own name, in which the core shows him nothing; with the rule
 * it goes, at once. */
static void a_rule_for_one_phone_of_a_domain(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = domain_watches});
	struct watcher watcher = {.call_id = "w1"}, again = {.call_id = "w2"};
	struct watcher third = {.call_id = "w3"};

	(void)state;
	rig->bridge->barred = "1001";
	rig->bridge->requested = WATCH_PENDING;
	watcher_subscribe(rig, &watcher, "Expires: 600\r\n");
	expect_requested(rig, "1001@");
	const struct sip_text *notify = watcher_take(rig, "pending");

	assert_string_equal(sip_text_body(notify), "");
	text_peer_answer(rig->peer, notify, "200 OK", "");
	/* What the domain may see is not told to him. */
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "for others");
	watcher_tell_for(rig, "", "juliet", &rig->bridge->now);
	assert_int_equal(text_peer_let_run(rig->peer, 60), 0);
	rig->bridge->barred = NULL;
	sip_side_access_changed(rig->side);
	watcher_answer(rig, "terminated;reason=deactivated", "200 OK");
	/* He comes again, as one of many; another rule, and he is alone again. */
	rig->bridge->requested = WATCH_ALLOWED;
	watcher_subscribe(rig, &again, "Expires: 600\r\n");
	expect_requested(rig, "");
	watcher_answer(rig, "active", "200 OK");
	sip_side_access_changed(rig->side);
	assert_int_equal(text_peer_let_run(rig->peer, 60), 0);
	rig->bridge->barred = "1001";
	sip_side_access_changed(rig->side);
	notify = watcher_take(rig, "terminated;reason=deactivated");
	assert_null(strstr(notify->text, "<basic>open"));
	text_peer_answer(rig->peer, notify, "200 OK", "");
	/* A look without a subscription, too. */
	watcher_subscribe(rig, &third, "Expires: 0\r\n");
	rig_expect_line(rig, "fetch sip:1001@pbx.example");
	rig_free(&rig);
}

static void takes_and_publishes(struct rig *rig)
{
	rig->peers[0].profile.accepts_publish = true;
	rig->peers[0].profile.publish = PUBLISH_AS_PRESENCE;
}

#define OPEN                                                                                       \
	"<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='sip:a@pbx.example'><tuple "         \
	"id='a'><status><basic>open</basic></status></tuple></presence>"

static void publish(struct rig *rig, const char *uri, const char *status)
{
	char name[96];

	snprintf(name, sizeof name, "<%s>", uri);
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "PUBLISH",
				       .uri = uri,
				       .from = name,
				       .to = name,
				       .headers = "Event: presence\r\nExpires: 600\r\n",
				       .body = OPEN,
				       .type = "application/pidf+xml"});
	const struct sip_text *answer = text_peer_expect(rig->peer, "SIP/2.0 ");

	if (answer == NULL || strncmp(answer->text + 8, status, 3) != 0)
		fail_msg("%s wanted of %s: %s", status, uri, answer != NULL ? answer->text : "");
}

/* [SEC-074] [D-06]: what we publish of a chat user at a PBX comes back under each of her names
 * there as nothing; and the state of her phone is not hers. */
static void presence_does_not_come_back(void **state)
{
	static const char *const aliases[] = {"sip:8001@pbx.example"};
	static const struct map_user users[] = {
		{"juliet@chat.example", aliases, 1, "sip:1001@pbx.example"}};
	static const char *const hers[] = {"sip:8001@pbx.example", "sip:juliet@chat.example",
					   "sip:juliet%40chat.example@pbx.example",
					   "sip:8001@127.0.0.1"};
	struct rig *rig = rig_new(&(struct rig_options){
		.tune = takes_and_publishes, .users = users, .user_count = 1});

	(void)state;
	text_peer_let_run(rig->peer, 50);
	size_t lines = rig->bridge->count, sent = text_peer_count(rig->peer, "PUBLISH ");

	for (size_t i = 0; i < CHECK_COUNT(hers); i++)
		publish(rig, hers[i], "404");
	publish(rig, "sip:1001@pbx.example", "200"); /* her phone: of itself alone */
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(rig->bridge->count, lines);
	assert_int_equal(text_peer_count(rig->peer, "PUBLISH "), sent);
	assert_int_equal(text_peer_count(rig->peer, "NOTIFY "), 0);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_for_one_phone_of_a_domain),
		cmocka_unit_test(presence_does_not_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
