/* Reports of messages to SIP users, by bytes: IMDN in message/cpim, bare, or in words (RFC 5438;
 * file 07 section D, D-39). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

#include "base/mem.h"
#include "core/learned.h"
#include "model/fault.h"
#include "wire/deliver.h"

static const char user[] = "sip:1001@pbx.example";

/* Of the message of file 07 D.6. */
static struct message_report report_of(enum report_kind kind, unsigned wanted)
{
	static char about[] = "9f0c", address[] = "sip:1001@pbx.example",
		    recipient[] = "sip:juliet@chat.example", id[] = "Zk3v9Qp1Lw0",
		    stamp[] = "2024-05-06T10:00:00Z", excerpt[] = "Did the parcel";
	struct message_report report = {.kind = kind, .about = about, .wanted = wanted};

	report.origin.address = address;
	report.origin.recipient = recipient;
	report.origin.id = id;
	report.origin.stamp = stamp;
	if (kind == REPORT_FAILED) {
		fault_set(&report.fault, FAULT_ITEM_NOT_FOUND, "404 or so");
		report.excerpt = excerpt;
	}
	return report;
}

/* The body with the time of the report replaced. */
static void expect_body(const struct sip_text *text, const char *before, const char *after)
{
	const char *body = sip_text_body(text);
	const char *at = strstr(body, "DateTime: ");

	assert_non_null(at);
	at += strlen("DateTime: ");
	assert_int_equal(strncmp(body, before, (size_t)(at - body)), 0);
	assert_int_equal(strlen(before), (size_t)(at - body));
	/* RFC 3339, in UTC, of now */
	assert_in_range(strcspn(at, "\r"), strlen("2024-05-06T10:00:02Z"),
			strlen("2024-05-06T10:00:02.123Z"));
	assert_int_equal(at[strcspn(at, "\r") - 1], 'Z');
	assert_string_equal(at + strcspn(at, "\r"), after);
}

#define CPIM_BEFORE "From: <sip:juliet@chat.example>\r\nTo: <sip:1001@pbx.example>\r\nDateTime: "
#define CPIM_AFTER(routes)                                                                         \
	"\r\nNS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: report-1\r\n" routes              \
	"\r\nContent-Type: message/imdn+xml\r\nContent-Disposition: notification\r\n\r\n"
#define IMDN(status)                                                                               \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                             \
	"<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\"><message-id>Zk3v9Qp1Lw0</message-id>"         \
	"<datetime>2024-05-06T10:00:00Z</datetime>"                                                \
	"<recipient-uri>sip:juliet@chat.example</recipient-uri>"                                   \
	"<original-recipient-uri>sip:juliet@chat.example</original-recipient-uri>" status          \
	"</imdn>"
#define DELIVERED "<delivery-notification><status><delivered/></status></delivery-notification>"

/* [RCPT-005] [RCPT-006] [RCPT-007] [RCPT-008] [RCPT-009] [RCPT-010] [RCPT-021]: the example of file
 * 07 D.6 in full, of each kind, over both ways. */
static void report_is_an_imdn(void **state)
{
	static const struct {
		enum report_kind kind;
		unsigned wanted;
		const char *after;
	} rows[] = {
		{REPORT_DELIVERED, WANTS_DELIVERED, CPIM_AFTER("") IMDN(DELIVERED)},
		{REPORT_FAILED, WANTS_FAILED,
		 CPIM_AFTER("") IMDN("<delivery-notification><status><failed/></status>"
				     "</delivery-notification>")},
		{REPORT_DISPLAYED, WANTS_DISPLAYED,
		 CPIM_AFTER("") IMDN("<display-notification><status><displayed/></status>"
				     "</display-notification>")},
		{REPORT_PROCESSED, WANTS_PROCESSED,
		 CPIM_AFTER("") IMDN("<processing-notification><status><processed/></status>"
				     "</processing-notification>")},
	};

	(void)state;
	for (size_t i = 0; i < 2 * CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(
			&(struct rig_options){.t1_ms = PATIENT_MS, .proxy_is_tcp = i % 2 == 1});
		struct message_report report = report_of(rows[i / 2].kind, rows[i / 2].wanted);

		deliver_report(rig, 1, &report);
		const struct sip_text *out = expect_message(rig, "1001");

		expect_header(out, "Content-Type", "message/cpim");
		expect_header(out, "To", "<sip:1001@pbx.example>");
		expect_header(out, "Call-ID", "report-1");
		expect_body(out, CPIM_BEFORE, rows[i / 2].after);
		assert_int_equal(sip_text_header_count(out, "Content-Disposition"), 0);
		answer_and_expect(rig, out, "200 OK", "outcome 1 TAKEN");
		rig_free(&rig);
	}
}

/* [RCPT-014] [RCPT-071] [SEC-021]: record routes become routes in the same order, and the first is
 * where it goes; not to a place that the sender made up. */
static void report_follows_its_route(void **state)
{
	static const struct {
		const char *route;
		const char *uri;
		const char *headers;
	} rows[] = {
		{"<sip:store@pbx.example;lr>\n<sip:a@b.example>", "sip:store@pbx.example;lr",
		 CPIM_AFTER("imdn.IMDN-Route: <sip:store@pbx.example;lr>\r\n"
			    "imdn.IMDN-Route: <sip:a@b.example>\r\n") IMDN(DELIVERED)},
		/* another server's users are no place on the way back */
		{"<sip:a@other.example>", "sip:1001@pbx.example",
		 CPIM_AFTER("imdn.IMDN-Route: <sip:a@other.example>\r\n") IMDN(DELIVERED)},
		{"<sip:a@192.0.2.77>", "sip:1001@pbx.example",
		 CPIM_AFTER("imdn.IMDN-Route: <sip:a@192.0.2.77>\r\n") IMDN(DELIVERED)},
		{"<sip:store@127.0.0.1>", "sip:store@127.0.0.1",
		 CPIM_AFTER("imdn.IMDN-Route: <sip:store@127.0.0.1>\r\n") IMDN(DELIVERED)},
		{"<sip:a@198.51.100.7>", "sip:1001@pbx.example",
		 CPIM_AFTER("imdn.IMDN-Route: <sip:a@198.51.100.7>\r\n") IMDN(DELIVERED)},
		{"<sip:a@pbx.example;maddr=198.51.100.7>", "sip:1001@pbx.example",
		 CPIM_AFTER("imdn.IMDN-Route: <sip:a@pbx.example;maddr=198.51.100.7>\r\n")
			 IMDN(DELIVERED)},
		{"nonsense <", "sip:1001@pbx.example",
		 CPIM_AFTER("imdn.IMDN-Route: nonsense <\r\n") IMDN(DELIVERED)},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig =
			rig_new(&(struct rig_options){.t1_ms = PATIENT_MS, .proxy_is_tcp = true});
		struct message_report report = report_of(REPORT_DELIVERED, WANTS_DELIVERED);
		char start[128];

		report.origin.route = mem_strdup(rows[i].route);
		deliver_report(rig, 1, &report);
		mem_free(report.origin.route);
		snprintf(start, sizeof start, "MESSAGE %s SIP/2.0", rows[i].uri);
		const struct sip_text *out = text_peer_expect(rig->peer, start);

		assert_non_null(out);
		expect_header(out, "To", "<sip:1001@pbx.example>");
		expect_body(out, CPIM_BEFORE, rows[i].headers);
		answer_and_expect(rig, out, "200 OK", "outcome 1 TAKEN");
		rig_free(&rig);
	}
}

/* [D-41] [RCPT-069]: bare to whom sends his own so; and never to who refused them or did not ask.
 */
static void report_has_the_users_form(void **state)
{
	static const struct {
		const char *profile;
		int cpim, imdn;
		unsigned wanted;
		const char *type; /* NULL: nothing is sent */
	} rows[] = {
		{"generic", -1, 2, WANTS_DELIVERED, "message/imdn+xml"},
		{"generic", 1, 2, WANTS_DELIVERED, "message/cpim"},
		{"generic", -1, 1, WANTS_DELIVERED, "message/cpim"},
		{"generic", 1, 0, WANTS_DELIVERED, NULL},
		{"generic", 1, 1, WANTS_DISPLAYED, NULL},
		{"freeswitch", 1, -1, WANTS_DELIVERED, "message/cpim"},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(&(struct rig_options){
			.t1_ms = PATIENT_MS, .proxy_is_tcp = true, .profile = rows[i].profile});
		struct message_report report = report_of(REPORT_DELIVERED, rows[i].wanted);

		if (rows[i].cpim >= 0)
			learn(rig, LEARNED_CPIM, user, rows[i].cpim);
		if (rows[i].imdn >= 0)
			learn(rig, LEARNED_IMDN, user, rows[i].imdn);
		deliver_report(rig, 1, &report);
		if (rows[i].type == NULL) {
			rig_expect_line(rig, "outcome 1 REFUSED not-acceptable");
			assert_int_equal(text_peer_let_run(rig->peer, 20), 0);
		} else {
			const struct sip_text *out = expect_message(rig, "1001");

			expect_header(out, "Content-Type", rows[i].type);
			if (strcmp(rows[i].type, "message/imdn+xml") == 0) {
				expect_header(out, "Content-Disposition", "notification");
				assert_string_equal(sip_text_body(out), IMDN(DELIVERED));
			}
		}
		rig_free(&rig);
	}
}

/* [D-39] [RCPT-061]: who did not ask is told of a failure in words; so is who asked and refuses the
 * report. */
static void failure_is_told_in_words(void **state)
{
	static const struct {
		unsigned wanted;
		enum fault_code code;
		const char *excerpt;
		const char *words;
		bool is_uncertain;
	} rows[] = {
		{0, FAULT_ITEM_NOT_FOUND, "Did the", "Not delivered: no such user: Did the", false},
		{WANTS_DELIVERED, FAULT_RECIPIENT_UNAVAILABLE, "Did the",
		 "Not delivered: the user cannot be reached: Did the", false},
		{0, FAULT_REMOTE_SERVER_TIMEOUT, NULL, "Not delivered: no answer in time", false},
		{0, FAULT_REMOTE_SERVER_TIMEOUT, "a",
		 "Not delivered (uncertain): no answer in time: a", true},
		{0, FAULT_UNDEFINED_CONDITION, "a", "Not delivered: 404 or so: a", false},
	};
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS, .proxy_is_tcp = true});

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct message_report report = report_of(REPORT_FAILED, rows[i].wanted);
		char *excerpt = rows[i].excerpt != NULL ? mem_strdup(rows[i].excerpt) : NULL;
		char from[256];

		fault_set(&report.fault, rows[i].code, "404 or so");
		if (rows[i].is_uncertain)
			fault_set_uncertain(&report.fault);
		report.excerpt = excerpt;
		deliver_report(rig, 1, &report);
		mem_free(excerpt);
		const struct sip_text *out = expect_message(rig, "1001");

		expect_header(out, "Content-Type", "text/plain;charset=UTF-8");
		assert_string_equal(sip_text_body(out), rows[i].words);
		sip_text_header(out, "From", from, sizeof from);
		assert_non_null(strstr(from, "<sip:juliet@chat.example>"));
		answer_and_expect(rig, out, "200 OK", "outcome 1 TAKEN");
	}
	struct message_report report = report_of(REPORT_FAILED, WANTS_FAILED);

	deliver_report(rig, 2, &report);
	const struct sip_text *out = expect_message(rig, "1001");

	expect_header(out, "Content-Type", "message/cpim");
	text_peer_answer(rig->peer, out, "415 Unsupported", "");
	out = expect_message(rig, "1001");
	expect_header(out, "CSeq", "2 MESSAGE");
	assert_string_equal(sip_text_body(out), "Not delivered: no such user: Did the parcel");
	answer_and_expect(rig, out, "200 OK", "outcome 2 TAKEN");
	assert_int_equal(learned(rig, LEARNED_IMDN, user), 0);
	rig_free(&rig);
}

/* [SIP-046] [SIP-047]: one that is too long for a datagram, and whose peer takes no connection. */
static void long_report_arrives(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 300});
	struct message_report report = report_of(REPORT_DELIVERED, WANTS_DELIVERED);
	char recipient[600] = "sip:";
	const struct sip_text *out;

	(void)state;
	memset(recipient + 4, 'j', sizeof recipient - 5);
	memcpy(recipient + sizeof recipient - 14, "@chat.example", 14);
	report.origin.recipient = recipient;
	text_peer_no_tcp(rig->peer);
	deliver_report(rig, 1, &report);
	out = expect_message(rig, "1001");
	assert_int_equal(out->way, SIP_WAY_UDP);
	assert_true(out->len > 1300);
	assert_non_null(strstr(sip_text_body(out), recipient));
	answer_and_expect(rig, out, "200 OK", "outcome 1 TAKEN");
	rig_free(&rig);
}

/* [RCPT-070] [MSG-020]: one request at a time to an address, reports behind the texts. */
static void reports_wait_for_texts(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS, .proxy_is_tcp = true});
	struct message first = text_message((char[]){"uid-1"}, (char[]){"first"});
	struct message second = text_message((char[]){"uid-2"}, (char[]){"second"});
	struct message_report report = report_of(REPORT_DELIVERED, WANTS_DELIVERED);
	const struct sip_text *out;

	(void)state;
	deliver(rig, 1, "1001", &first);
	deliver_report(rig, 2, &report);
	deliver(rig, 3, "1001", &second);
	out = expect_message(rig, "1001");
	assert_string_equal(sip_text_body(out), "first");
	assert_int_equal(text_peer_let_run(rig->peer, 50), 0);
	answer_and_expect(rig, out, "200 OK", "outcome 1 TAKEN");
	out = expect_message(rig, "1001");
	assert_string_equal(sip_text_body(out), "second");
	answer_and_expect(rig, out, "200 OK", "outcome 3 TAKEN");
	out = expect_message(rig, "1001");
	expect_header(out, "Content-Type", "message/cpim");
	answer_and_expect(rig, out, "480 Away", "outcome 2 REFUSED");
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(report_is_an_imdn),
		cmocka_unit_test(report_follows_its_route),
		cmocka_unit_test(report_has_the_users_form),
		cmocka_unit_test(failure_is_told_in_words),
		cmocka_unit_test(long_report_arrives),
		cmocka_unit_test(reports_wait_for_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
