/* What is turned away at each level of load, and what never is, by bytes (file 40 C.5, REL-040 to
 * REL-047, D-50, D-56). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

#include "base/mem.h"
#include "loop/loop.h"
#include "model/load.h"
#include "sip/sip_side.h"
#include "wire/rig.h"
#include "wire/watcher.h"

/* One at a time: the rig's options have no place for more. */
static struct load load;
static bool is_linked;

static bool ask_link(void *arg)
{
	(void)arg;
	return is_linked;
}

static void with_load(struct rig *rig)
{
	load_init(&load, &rig->limits, &rig->counters);
	rig->params.load = &load;
	rig->peers[0].profile.packages = 0;
}

static void with_link(struct rig *rig)
{
	with_load(rig);
	rig->params.is_linked = ask_link;
}

/* As if it were measured for so long that no message is taken any more. */
static void set_level(struct rig *rig, enum load_level level)
{
	uint64_t value[LOAD_MEASURES] = {0};

	load_init(&load, &rig->limits, &rig->counters);
	value[LOAD_INTAKE_PER_MILLE] = load_mark(&load, LOAD_INTAKE_PER_MILLE, level);
	for (int i = 0; i < 40; i++)
		(void)load_feed(&load, value, loop_now(rig->loop));
	assert_int_equal(load.level, level);
}

static int status_of(struct rig *rig, const struct rig_request *request)
{
	const struct sip_text *text;

	rig_send(rig, SIP_WAY_TCP, request);
	text = text_peer_expect(rig->peer, "SIP/2.0 ");
	assert_non_null(text);
	if (strncmp(text->text + 8, "503", 3) == 0) { /* REL-043 */
		char value[16];
		int retry = atoi(sip_text_header(text, "Retry-After", value, sizeof value));

		assert_in_range(retry, 10, 30);
	}
	return atoi(text->text + 8);
}

#define PIDF                                                                                       \
	"<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"sip:1001@pbx.example\">"         \
	"<tuple id=\"t\"><status><basic>open</basic></status></tuple></presence>"
#define TYPING                                                                                     \
	"<isComposing xmlns=\"urn:ietf:params:xml:ns:im-iscomposing\"><state>active</state>"       \
	"</isComposing>"
#define IMDN                                                                                       \
	"<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\"><message-id>u1</message-id>"                  \
	"<datetime>2026-01-01T00:00:00Z</datetime><delivery-notification><status><delivered/>"     \
	"</status></delivery-notification></imdn>"
#define CONTACT "Contact: <sip:1001@127.0.0.1:9>\r\n"

static const struct row {
	const char *what;
	struct rig_request request;
	int status[LOAD_LEVELS]; /* 0: not looked at */
} rows[] = {
	{"poll",
	 {.method = "SUBSCRIBE", .headers = "Event: presence\r\nExpires: 0\r\n" CONTACT},
	 {200, 503, 503, 503}},
	{"new subscription",
	 {.method = "SUBSCRIBE", .headers = "Event: presence\r\nExpires: 600\r\n" CONTACT},
	 {200, 503, 503, 503}},
	{"new publication",
	 {.method = "PUBLISH",
	  .uri = "sip:1001@pbx.example",
	  .to = "<sip:1001@pbx.example>",
	  .headers = "Event: presence\r\nExpires: 600\r\n",
	  .type = "application/pidf+xml",
	  .body = PIDF},
	 {200, 200, 503, 503}},
	/* Typing is answered and goes no further: see typing_ends_here(). */
	{"typing",
	 {.method = "MESSAGE", .type = "application/im-iscomposing+xml", .body = TYPING},
	 {200, 200, 200, 503}},
	{"receipt",
	 {.method = "MESSAGE", .type = "message/imdn+xml", .body = IMDN},
	 {200, 200, 503, 503}},
	{"OPTIONS", {.method = "OPTIONS"}, {200, 200, 200, 503}},
	/* 202 and 200 come from the core, which is none here: refused or not is what counts. */
	{"message", {.method = "MESSAGE", .body = "hello"}, {0, 0, 0, 503}},
	{"in a dialog",
	 {.method = "SUBSCRIBE",
	  .to_tag = "x",
	  .headers = "Event: presence\r\nExpires: 0\r\n" CONTACT},
	 {481, 481, 481, 481}},
	{"NOTIFY of nothing",
	 {.method = "NOTIFY", .headers = "Event: presence\r\n"},
	 {481, 481, 481, 481}},
	{"publication that is known",
	 {.method = "PUBLISH",
	  .uri = "sip:1001@pbx.example",
	  .to = "<sip:1001@pbx.example>",
	  .headers = "Event: presence\r\nExpires: 0\r\nSIP-If-Match: nobodys\r\n"},
	 {412, 412, 412, 412}},
};

/* [REL-040] [REL-041] [REL-042] [REL-043] [SIP-065] [PRES-180] [D-50] [D-56]: each kind of
 * request at each level; prints the table. */
static void kinds_by_level(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.profile = "asterisk", .tune = with_load});

	(void)state;
	printf("%-26s %6s %6s %10s %8s\n", "", "normal", "busy", "overloaded", "critical");
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		int got[LOAD_LEVELS] = {0};

		for (int level = 0; level < LOAD_LEVELS; level++) {
			if (rows[i].status[level] == 0)
				continue;
			set_level(rig, (enum load_level)level);
			got[level] = status_of(rig, &rows[i].request);
			text_peer_let_run(rig->peer, 5);
			while (text_peer_count(rig->peer, "NOTIFY ") > 0)
				text_peer_answer(rig->peer, text_peer_expect(rig->peer, "NOTIFY "),
						 "200 OK", "");
		}
		printf("%-26s %6d %6d %10d %8d\n", rows[i].what, got[0], got[1], got[2], got[3]);
		for (int level = 0; level < LOAD_LEVELS; level++)
			if (got[level] != rows[i].status[level])
				fail_msg("%s at %s: %d", rows[i].what,
					 load_level_name((enum load_level)level), got[level]);
	}
	rig_free(&rig);
}

/* [REL-042]: a live subscription is refreshed, told and ended at the worst level. */
static void what_lives_goes_on(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = with_load});
	struct watcher watcher = {.call_id = "lives"};

	(void)state;
	watcher_begin(rig, &watcher);
	set_level(rig, LOAD_CRITICAL);
	assert_non_null(
		strstr(watcher_subscribe(rig, &watcher, "Expires: 600\r\n")->text, " 200 "));
	watcher_answer(rig, "active", "200 OK");
	fake_bridge_set_now(rig->bridge, SHOW_DND, "busy");
	watcher_tell(rig);
	watcher_answer(rig, "active", "200 OK");
	assert_non_null(strstr(watcher_subscribe(rig, &watcher, "Expires: 0\r\n")->text, " 200 "));
	watcher_answer(rig, "terminated", "200 OK");
	rig_free(&rig);
}

/* [REL-042]: he who types is answered, and nobody else hears of it. */
static void typing_ends_here(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = with_load});

	(void)state;
	set_level(rig, LOAD_OVERLOADED);
	assert_int_equal(status_of(rig, &rows[3].request), 200);
	assert_int_equal(fake_bridge_count(rig->bridge, "typing "), 0);
	assert_int_equal(rig->counters.shed_notices, 1);
	set_level(rig, LOAD_BUSY);
	assert_int_equal(status_of(rig, &rows[3].request), 200);
	assert_int_equal(fake_bridge_count(rig->bridge, "typing "), 1);
	rig_free(&rig);
}

/* [D-50]: OPTIONS follows the link to the chat server if so is wished, and comes back with it. */
static void options_follow_the_link(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = with_link});
	struct rig_request options = {.method = "OPTIONS"};

	(void)state;
	is_linked = false;
	assert_int_equal(status_of(rig, &options), 503);
	is_linked = true;
	assert_int_equal(status_of(rig, &options), 200);
	is_linked = false;
	assert_int_equal(status_of(rig, &options), 503);
	rig_free(&rig);
}

static void few_messages(struct limits *limits)
{
	limits->messages_per_user_per_s = 1;
	limits->messages_per_user_burst = 3;
}

/* [SEC-080] [SEC-046] [MSG-096]: messages of one SIP user at the limit and over it, in whatever
 * spelling; another one is served. */
static void users_have_a_rate(void **state)
{
	static const char *const spellings[] = {
		"<sip:1001@pbx.example>", "<sip:%31001@pbx.example>",
		"\"A\" <sip:1001@PBX.example:5060;transport=tcp>", "<sip:1001@pbx.example>"};
	struct rig *rig = rig_new(&(struct rig_options){.limits = few_messages});

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(spellings); i++)
		rig_send(rig, SIP_WAY_TCP,
			 &(struct rig_request){
				 .method = "MESSAGE", .from = spellings[i], .body = "hello"});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 480"));
	assert_int_equal(fake_bridge_count(rig->bridge, "message "), 3);
	assert_int_equal(rig->counters.limits.messages_per_user_per_s, 1);
	rig_send(rig, SIP_WAY_TCP,
		 &(struct rig_request){
			 .method = "MESSAGE", .from = "<sip:1002@pbx.example>", .body = "hello"});
	rig_expect_line(rig, "1002@pbx.example");
	rig_free(&rig);
}

/* [REL-047]: when it is worst, one who sends fifty times as much as the others is refused before
 * them. */
static void greedy_users_wait(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = with_load});
	uint64_t value[LOAD_MEASURES] = {0};
	char from[40], call[40];
	size_t others;

	(void)state;
	rig->limits.messages_per_user_per_s = 1000000;
	rig->limits.messages_per_user_burst = 1000000;
	load_init(&load, &rig->limits, &rig->counters);
	value[LOAD_INTAKE_PER_MILLE] = 1000;
	(void)load_feed(&load, value, loop_now(rig->loop));
	for (int turn = 0; turn < 4; turn++) {
		for (int i = 0; i < 50; i++) {
			snprintf(call, sizeof call, "g%d-%d", turn, i);
			rig_send(rig, SIP_WAY_TCP,
				 &(struct rig_request){
					 .method = "MESSAGE", .call_id = call, .body = "much"});
		}
		snprintf(from, sizeof from, "<sip:200%d@pbx.example>", turn);
		rig_send(rig, SIP_WAY_TCP,
			 &(struct rig_request){.method = "MESSAGE", .from = from, .body = "one"});
		text_peer_let_run(rig->peer, 300);
	}
	others =
		fake_bridge_count(rig->bridge, "message ") - fake_bridge_count(rig->bridge, "much");
	/* Of the last two turns at least: it takes two windows to find out. */
	assert_in_range(others, 2, 4);
	assert_true(fake_bridge_count(rig->bridge, "much") <= 104);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_by_level),    cmocka_unit_test(what_lives_goes_on),
		cmocka_unit_test(typing_ends_here),  cmocka_unit_test(options_follow_the_link),
		cmocka_unit_test(users_have_a_rate), cmocka_unit_test(greedy_users_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
