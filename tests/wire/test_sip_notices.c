/* Typing notices and reports from SIP, what they show of their sender, and what outlives a restart,
 * by bytes (file 07; D-38, D-41). */
#include <stdio.h>
#include <stdlib.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "core/learned.h"
#include "sip/sip_side.h"
#include "wire/message_sample.h"
#include "wire/rig.h"

#define TYPING_TYPE "application/im-iscomposing+xml"
#define TYPING(state)                                                                              \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>"                                               \
	"<isComposing xmlns=\"urn:ietf:params:xml:ns:im-iscomposing\"><state>" state               \
	"</state><contenttype>text/plain</contenttype><refresh>60</refresh></isComposing>"

#define IMDN(id, what)                                                                             \
	"<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\"><message-id>" id                              \
	"</message-id><datetime>2024-05-06T10:00:00Z</datetime>" what "</imdn>"
#define DELIVERED "<delivery-notification><status><delivered/></status></delivery-notification>"
#define FAILED    "<delivery-notification><status><failed/></status></delivery-notification>"
#define DISPLAYED "<display-notification><status><displayed/></status></display-notification>"
#define FORBIDDEN "<display-notification><status><forbidden/></status></display-notification>"

#define CPIM(headers, content)                                                                     \
	"From: <im:x@y.example>\r\nTo: <im:z@y.example>\r\n\r\n" headers "\r\n\r\n" content
#define CPIM_IMDN "Content-Type: message/imdn+xml\r\nContent-Disposition: notification"

#define USER "sip:1001@pbx.example"
#define PAIR USER " xmpp:juliet@chat.example "

static int64_t learned(struct rig *rig, const char *kind)
{
	return learned_get(bridge_learned(rig->bridge), kind, USER);
}

static void send_typing(struct rig *rig, enum sip_way way, const char *body)
{
	rig_send(rig, way,
		 &(struct rig_request){.method = "MESSAGE", .type = TYPING_TYPE, .body = body});
}

static void expect_line_and_200(struct rig *rig, const char *line)
{
	const struct sip_text *answer;

	rig_expect_line(rig, line);
	answer = text_peer_expect(rig->peer, "SIP/2.0 ");
	assert_non_null(answer);
	if (strncmp(answer->text, "SIP/2.0 200", 11) != 0)
		fail_msg("%s: %s", line, answer->text);
}

/* Typing --------------------------------------------------------------------------------------- */

/* [TYPE-020] [TYPE-021] [TYPE-025] [TYPE-011] [TYPE-003] [MSG-072] [SIP-084]: a notice is no text:
 * it is answered at once, and shows that its sender understands them. */
static void typing_is_answered_at_once(void **state)
{
	static const struct {
		const char *type;
		const char *body;
		const char *line;
	} rows[] = {
		{TYPING_TYPE, TYPING("active"), "typing " PAIR "active refresh=60 side=sip"},
		{TYPING_TYPE, TYPING("idle"), "typing " PAIR "idle"},
		{TYPING_TYPE, TYPING("dancing"), "typing " PAIR "idle"},
		{"message/cpim", CPIM("Content-Type: " TYPING_TYPE, TYPING("active")),
		 "typing " PAIR "active"},
	};
	struct rig *rig = rig_new(NULL);

	(void)state;
	assert_int_equal(learned(rig, LEARNED_TYPING), -1);
	for (int way = SIP_WAY_UDP; way <= SIP_WAY_TCP; way++) {
		for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
			rig_send(rig, way,
				 &(struct rig_request){.method = "MESSAGE",
						       .type = rows[i].type,
						       .body = rows[i].body});
			expect_line_and_200(rig, rows[i].line);
		}
	}
	assert_int_equal(rig->bridge->count, 0);
	assert_int_equal(learned(rig, LEARNED_TYPING), 1);
	assert_int_equal(learned(rig, LEARNED_CPIM), 1);
	rig_free(&rig);
}

/* [TYPE-033] [D-41]: who has sent one is known to understand them; a profile knows it of all its
 * users, or of none. */
static void texts_tell_who_takes_typing(void **state)
{
	static const struct {
		const char *profile;
		bool has_sent_one;
		const char *line;
	} rows[] = {
		{"generic", false, " typing=0 "},  {"generic", true, " typing=1 "},
		{"linphone", false, " typing=1 "}, {"asterisk", false, " typing=0 "},
		{"asterisk", true, " typing=0 "},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(&(struct rig_options){.profile = rows[i].profile});

		if (rows[i].has_sent_one) { /* read also where none is ever written */
			send_typing(rig, SIP_WAY_TCP, TYPING("active"));
			expect_line_and_200(rig, "active");
		}
		rig_send(rig, SIP_WAY_TCP, &(struct rig_request){.method = "MESSAGE", .body = "a"});
		rig_expect_line(rig, rows[i].line);
		rig_free(&rig);
	}
}

/* [D-41]: an Accept that names a type is as good; one that does not says nothing. */
static void accept_is_evidence(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_request message = {
		.method = "MESSAGE", .headers = "Accept: text/plain, */*\r\n", .body = "a"};

	(void)state;
	rig_send(rig, SIP_WAY_TCP, &message);
	rig_expect_line(rig, " typing=0 ");
	assert_int_equal(learned_count(bridge_learned(rig->bridge)), 0);
	message.headers = "Accept: text/plain, Message/CPIM, application/im-isComposing+xml\r\n";
	rig_send(rig, SIP_WAY_TCP, &message);
	rig_expect_line(rig, " typing=1 ");
	assert_int_equal(learned(rig, LEARNED_CPIM), 1);
	rig_free(&rig);
}

/* Damaged notices are refused, and show nothing. */
static void damaged_notices_are_refused(void **state)
{
	struct rig *rig = rig_new(NULL);

	(void)state;
	send_typing(rig, SIP_WAY_UDP, "<isComposing>");
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 400"));
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){
			 .method = "MESSAGE", .type = "message/imdn+xml", .body = "<imdn/>"});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 400"));
	assert_int_equal(rig->bridge->count, 0);
	assert_int_equal(learned_count(bridge_learned(rig->bridge)), 0);
	rig_free(&rig);
}

/* Reports -------------------------------------------------------------------------------------- */

/* [MSG-073] [SIP-084] [RCPT-005] [RCPT-020] [RCPT-043] [RCPT-045] [D-35] [D-41]: what a report says
 * goes to the core with the uid it names, part or whole; what says nothing is answered and ends. */
static void reports_reach_the_core(void **state)
{
	static const struct {
		const char *type;
		const char *body;
		const char *lines[2];
		int64_t learned; /* LEARNED_IMDN */
	} rows[] = {
		{"message/cpim",
		 CPIM(CPIM_IMDN, IMDN("abc", DELIVERED)),
		 {"report " PAIR "uid=abc delivered - side=sip"},
		 1},
		{"message/cpim",
		 CPIM(CPIM_IMDN, IMDN("abc.12", DISPLAYED)),
		 {"report " PAIR "uid=abc displayed -"},
		 1},
		{"message/imdn+xml",
		 IMDN("abc.2x", DELIVERED),
		 {"report " PAIR "uid=abc.2x delivered"},
		 2},
		{"message/imdn+xml", IMDN(".2", DELIVERED), {"report " PAIR "uid=.2 delivered"}, 2},
		{"message/imdn+xml",
		 IMDN("abc", FAILED),
		 {"report " PAIR "uid=abc failed recipient-unavailable"},
		 2},
		{"message/cpim",
		 CPIM("Content-Type: multipart/mixed;boundary=b\r\n"
		      "Content-Disposition: notification",
		      "--b\r\n" CPIM_IMDN
		      "\r\n\r\n" IMDN("one", DELIVERED) "\r\n--b\r\n" CPIM_IMDN "\r\n\r\n" IMDN(
			      "two", DISPLAYED) "\r\n--b--\r\n"),
		 {"uid=one delivered", "uid=two displayed"},
		 1},
		{"message/cpim", CPIM(CPIM_IMDN, IMDN("abc", FORBIDDEN)), {NULL}, 1},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(NULL);

		rig_send(rig, SIP_WAY_TCP,
			 &(struct rig_request){
				 .method = "MESSAGE", .type = rows[i].type, .body = rows[i].body});
		if (text_peer_expect(rig->peer, "SIP/2.0 200") == NULL)
			fail_msg("row %zu", i);
		for (size_t k = 0; k < 2 && rows[i].lines[k] != NULL; k++)
			rig_expect_line(rig, rows[i].lines[k]);
		assert_int_equal(rig->bridge->count, 0);
		assert_int_equal(learned(rig, LEARNED_IMDN), rows[i].learned);
		rig_free(&rig);
	}
}

/* [D-41] [RCPT-020]: Linphone's is bare and packed, and names our Call-ID. */
static void report_of_linphone(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.profile = "linphone"});

	(void)state;
	message_sample_send(rig, "packed/linphonec-message-imdn-deflate");
	expect_line_and_200(rig, "report " PAIR "uid=c3a97f193d9d72cd delivered");
	assert_int_equal(learned(rig, LEARNED_IMDN), 2);
	rig_free(&rig);
}

/* [MSG-056] [D-45]: a body with nothing to show. */
static void nothing_to_show_is_answered(void **state)
{
	static const struct rig_request rows[] = {
		{.method = "MESSAGE", .type = "text/html", .body = "<br>"},
		{.method = "MESSAGE",
		 .type = "image/png",
		 .headers = "Content-Disposition: icon;handling=optional\r\n",
		 .body = "x"},
	};
	struct rig *rig = rig_new(NULL);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		rig_send(rig, SIP_WAY_TCP, &rows[i]);
		if (text_peer_expect(rig->peer, "SIP/2.0 200") == NULL)
			fail_msg("row %zu", i);
	}
	assert_int_equal(rig->bridge->count, 0);
	assert_int_equal(rig->counters.messages_empty, CHECK_COUNT(rows));
	rig_free(&rig);
}

static void one_report_a_second(struct limits *limits)
{
	limits->reports_per_user_per_s = 1;
}

/* [RCPT-071] [MSG-096] [SEC-080]: what makes the bridge speak is bounded for each user; his texts,
 * and others, are not. */
static void notices_of_one_user_are_bounded(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.limits = one_report_a_second});
	struct rig_request report = {
		.method = "MESSAGE", .type = "message/imdn+xml", .body = IMDN("abc", DELIVERED)};
	size_t taken = 0;
	char room[64];

	(void)state;
	for (int i = 0; i < 30; i++) {
		rig_send(rig, SIP_WAY_TCP, &report);
		const struct sip_text *answer = text_peer_expect(rig->peer, "SIP/2.0 ");

		assert_non_null(answer);
		if (strncmp(answer->text, "SIP/2.0 200", 11) == 0) {
			taken++;
			continue;
		}
		assert_int_equal(strncmp(answer->text, "SIP/2.0 480", 11), 0);
		assert_in_range(atoi(sip_text_header(answer, "Retry-After", room, sizeof room)), 10,
				30);
	}
	assert_in_range(taken, 2, 20);
	assert_int_equal(fake_bridge_count(rig->bridge, "report"), taken);
	assert_int_equal(rig->counters.limits.reports_per_user_per_s, 30 - taken);
	report.from = "<sip:1002@pbx.example>";
	rig_send(rig, SIP_WAY_TCP, &report);
	rig_expect_line(rig, "report sip:1002@pbx.example");
	rig_send(rig, SIP_WAY_TCP, &(struct rig_request){.method = "MESSAGE", .body = "a"});
	rig_expect_line(rig, "message");
	rig_free(&rig);
}

/* Again ---------------------------------------------------------------------------------------- */

/* [SIP-085] [MSG-057] [D-38] [D-51]: by the same branch over UDP and by another over TCP: the same
 * answer, and the core hears it once. */
static void repeated_notices_are_told_once(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_request notices[] = {
		{.method = "MESSAGE", .type = TYPING_TYPE, .body = TYPING("active")},
		{.method = "MESSAGE", .type = "message/imdn+xml", .body = IMDN("a", DELIVERED)},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(notices); i++) {
		notices[i].call_id = i == 0 ? "again-0" : "again-1";
		notices[i].branch = i == 0 ? "z9hG4bKagain0" : "z9hG4bKagain1";
		rig_send(rig, SIP_WAY_UDP, &notices[i]);
		expect_line_and_200(rig, i == 0 ? "typing" : "report");
		rig_send(rig, SIP_WAY_UDP, &notices[i]);
		assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
		notices[i].branch = NULL;
		rig_send(rig, SIP_WAY_TCP, &notices[i]);
		assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	}
	assert_int_equal(rig->counters.sip_repeats, 4);
	assert_int_equal(rig->bridge->count, 0);
	rig_free(&rig);
}

/* What the keeper was given. */
static struct {
	uint64_t print;
	int status;
} kept[16];
static size_t kept_count;

static void keep(uint64_t print, int status, void *arg)
{
	(void)arg;
	assert_true(kept_count < CHECK_COUNT(kept));
	kept[kept_count].print = print;
	kept[kept_count++].status = status;
}

static void with_keeper(struct rig *rig)
{
	static const struct print_keeper keeper = {keep, NULL};

	kept_count = 0;
	rig->params.prints = &keeper;
}

static void finish(struct rig *rig, enum outcome outcome)
{
	struct fault fault;

	fault_set(&fault, FAULT_ITEM_NOT_FOUND, NULL);
	sip_side_ops()->finish(rig->side, rig->bridge->last_x, outcome,
			       outcome == OUTCOME_REFUSED ? &fault : NULL);
}

static void restart(struct rig *rig, int64_t age_ms)
{
	char error[256] = "";

	sip_side_free(&rig->side);
	text_peer_hang_up(rig->peer);
	if (sip_side_new(&rig->side, &rig->params, error, sizeof error) != 0)
		fail_msg("%s", error);
	for (size_t i = 0; i < kept_count; i++)
		sip_side_restore_print(rig->side, kept[i].print, kept[i].status, age_ms);
}

/* [D-38] [REL-005] [REQ-085] [SIP-085]: what was taken or stored is answered from the record after
 * a restart, by the same branch or another, over UDP and TCP; what failed, or had no answer, is
 * tried anew under the same name. */
static void answered_messages_outlive_a_restart(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = with_keeper, .t1_ms = 500});
	struct rig_request taken = {
		.method = "MESSAGE", .body = "t", .call_id = "t", .branch = "z9hG4bKtaken"};
	struct rig_request stored = {
		.method = "MESSAGE", .body = "s", .call_id = "s", .branch = "z9hG4bKstored"};
	struct rig_request refused = {.method = "MESSAGE", .body = "r", .call_id = "r"};
	struct rig_request open = {.method = "MESSAGE", .body = "o", .call_id = "o"};
	char *line, *again;

	(void)state;
	rig_send(rig, SIP_WAY_UDP, &taken);
	rig_expect_line(rig, "message");
	assert_int_equal(kept_count, 0); /* not before it is true */
	finish(rig, OUTCOME_TAKEN);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	rig_send(rig, SIP_WAY_UDP, &stored);
	rig_expect_line(rig, "message");
	finish(rig, OUTCOME_STORED);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 202"));
	rig_send(rig, SIP_WAY_UDP, &refused);
	rig_expect_line(rig, "message");
	finish(rig, OUTCOME_REFUSED);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 404"));
	rig_send(rig, SIP_WAY_UDP, &open);
	line = fake_bridge_expect(rig->bridge, "message");
	assert_int_equal(kept_count, 2);

	restart(rig, 1000);
	for (int way = SIP_WAY_UDP; way <= SIP_WAY_TCP; way++) {
		rig_send(rig, way, &taken);
		assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
		rig_send(rig, way, &stored);
		assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 202"));
	}
	assert_int_equal(rig->bridge->count, 0);
	rig_send(rig, SIP_WAY_UDP, &open);
	again = fake_bridge_expect(rig->bridge, "message");
	assert_non_null(line);
	assert_non_null(again);
	assert_memory_equal(strstr(line, "uid="), strstr(again, "uid="), 4 + 32);
	rig_send(rig, SIP_WAY_TCP, &refused);
	rig_expect_line(rig, "message");
	mem_free(line);
	mem_free(again);
	rig_free(&rig);
}

/* [REL-005]: a text in the queue is as good as its fingerprint. */
static void queued_messages_are_remembered(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 500});
	struct rig_request message = {.method = "MESSAGE", .body = "q", .call_id = "q"};
	char uid[64] = "", *line;

	(void)state;
	rig_send(rig, SIP_WAY_UDP, &message);
	line = fake_bridge_expect(rig->bridge, "message");
	assert_non_null(line);
	assert_int_equal(sscanf(strstr(line, "uid="), "uid=%63s", uid), 1);
	mem_free(line);
	kept_count = 0;
	restart(rig, 0);
	sip_side_restore_queued(rig->side, uid, 5000);
	rig_send(rig, SIP_WAY_UDP, &message);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 202"));
	assert_int_equal(rig->bridge->count, 0);
	rig_free(&rig);
}

/* [D-38]: for 64*T1 and 5 s, not for ever: the same request is a new one then. */
static void records_end(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = with_keeper, .t1_ms = 500});
	struct rig_request taken = {.method = "MESSAGE", .body = "t", .call_id = "t"};

	(void)state;
	rig_send(rig, SIP_WAY_UDP, &taken);
	rig_expect_line(rig, "message");
	finish(rig, OUTCOME_TAKEN);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	restart(rig, 74 * 500 - 1);
	rig_send(rig, SIP_WAY_UDP, &taken);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	assert_int_equal(rig->bridge->count, 0);
	restart(rig, 74 * 500);
	rig_send(rig, SIP_WAY_UDP, &taken);
	rig_expect_line(rig, "message");
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(typing_is_answered_at_once),
		cmocka_unit_test(texts_tell_who_takes_typing),
		cmocka_unit_test(accept_is_evidence),
		cmocka_unit_test(damaged_notices_are_refused),
		cmocka_unit_test(reports_reach_the_core),
		cmocka_unit_test(report_of_linphone),
		cmocka_unit_test(nothing_to_show_is_answered),
		cmocka_unit_test(notices_of_one_user_are_bounded),
		cmocka_unit_test(repeated_notices_are_told_once),
		cmocka_unit_test(answered_messages_outlive_a_restart),
		cmocka_unit_test(queued_messages_are_remembered),
		cmocka_unit_test(records_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
