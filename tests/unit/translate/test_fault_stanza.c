/* fault_map: stanza errors and faults, both ways. */
#include <strophe.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "model/fault.h"
#include "support/check.h"
#include "translate/fault_map.h"
#include "translate/xml_writer.h"
#include "unit/translate/describe.h"

#define NS " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'"

static const struct {
	const char *text;
	enum fault_code code;
	const char *type;
	const char *words;
	const char *uri;
} stanzas[] = {
	/* [ERR-005] [CMP-022] [CMP-023] */
	{"<message type='error'><error type='cancel'><item-not-found" NS "/></error></message>",
	 FAULT_ITEM_NOT_FOUND, "cancel", "", ""},
	{"<message type='error'><error type='wait'><recipient-unavailable" NS "/><text" NS
	 " xml:lang='en'> At lunch </text></error></message>",
	 FAULT_RECIPIENT_UNAVAILABLE, "wait", "At lunch", ""},
	{"<message xmlns='jabber:component:accept' type='error'><error type='modify' code='404'>"
	 "<policy-violation" NS "/></error></message>",
	 FAULT_POLICY_VIOLATION, "modify", "", ""},
	{"<message type='error'><body>b</body><error type='auth'><app xmlns='x'/><forbidden" NS
	 "/></error></message>",
	 FAULT_FORBIDDEN, "auth", "", ""},
	{"<message type='error'><error><not-acceptable" NS "/></error></message>",
	 FAULT_NOT_ACCEPTABLE, "modify", "", ""},
	{"<message type='error'><error type='never'><not-acceptable" NS "/></error></message>",
	 FAULT_NOT_ACCEPTABLE, "modify", "", ""},
	{"<message type='error'><error type='cancel'><new-condition" NS "/></error></message>",
	 FAULT_UNDEFINED_CONDITION, "cancel", "", ""},
	{"<message type='error'><error type='cancel'><payment-required" NS
	 "/></error></message>", /* [ERR-123] */
	 FAULT_UNDEFINED_CONDITION, "cancel", "", ""},
	/* the names of our own faults are no conditions */
	{"<message type='error'><error type='cancel'><link-down" NS "/></error></message>",
	 FAULT_UNDEFINED_CONDITION, "cancel", "", ""},
	{"<message type='error'><error type='cancel'><item-not-found "
	 "xmlns='other'/></error></message>",
	 FAULT_UNDEFINED_CONDITION, "cancel", "", ""},
	{"<message type='error'><error type='cancel' code='404'/></message>",
	 FAULT_UNDEFINED_CONDITION, "cancel", "", ""},
	{"<message type='error'/>", FAULT_UNDEFINED_CONDITION, "cancel", "", ""},
	{"<message type='error'><error xmlns='x' type='wait'><forbidden" NS "/></error></message>",
	 FAULT_UNDEFINED_CONDITION, "cancel", "", ""},
	/* [ERR-007] [ERR-012] */
	{"<message type='error'><error type='cancel'><gone" NS
	 "> xmpp:new@chat.example </gone></error></message>",
	 FAULT_GONE, "cancel", "", "xmpp:new@chat.example"},
	{"<message type='error'><error type='modify'><redirect" NS
	 ">xmpp:new@chat.example</redirect></error></message>",
	 FAULT_REDIRECT, "modify", "", "xmpp:new@chat.example"},
	{"<message type='error'><error type='cancel'><item-not-found" NS
	 ">xmpp:x@y</item-not-found></error></message>",
	 FAULT_ITEM_NOT_FOUND, "cancel", "", ""},
};

static void stanza_becomes_fault(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(stanzas); i++) {
		xmpp_stanza_t *tree = stanza_from_text(stanzas[i].text);
		struct fault fault;

		fault_from_stanza(tree, &fault);
		assert_string_equal(fault_name(fault.code), fault_name(stanzas[i].code));
		assert_string_equal(fault_type_name(fault.type), stanzas[i].type);
		assert_string_equal(fault.text, stanzas[i].words);
		assert_string_equal(fault.uri, stanzas[i].uri);
		assert_int_equal(fault.sip_status, 0);
		xmpp_stanza_release(tree);
	}
}

static void long_texts_of_a_stanza_are_cut(void **state)
{
	struct buf text = BUF_INIT;
	struct fault fault;
	xmpp_stanza_t *tree;

	(void)state;
	buf_puts(&text, "<message><error type='cancel'><gone" NS ">xmpp:");
	for (int i = 0; i < 600; i++)
		buf_putc(&text, 'u');
	buf_puts(&text, "</gone><text" NS ">x");
	for (int i = 0; i < 400; i++)
		buf_puts(&text, "\xC3\xBC");
	buf_puts(&text, "</text></error></message>");
	tree = stanza_from_text(text.data);
	fault_from_stanza(tree, &fault);
	assert_string_equal(fault.uri, ""); /* a cut address is another's */
	assert_int_equal(strlen(fault.text), FAULT_TEXT_MAX - 1);
	assert_true(utf8_is_valid(fault.text, strlen(fault.text)));
	assert_int_equal(fault_to_sip(&fault, NULL, 0), 410);
	xmpp_stanza_release(tree);
	buf_free(&text);
}

static void written_is(const struct fault *fault, const char *wanted)
{
	struct buf out = BUF_INIT;
	struct xml_writer writer;

	xml_writer_init(&writer, &out);
	fault_write_error(&writer, fault, "sip.example");
	assert_string_equal(buf_text(&out), wanted);
	buf_free(&out);
}

#define WNS " xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\""

/* [ERR-003] [CMP-028] [ERR-005] the example of file 03 E.4, and what differs. */
static void writes_errors(void **state)
{
	struct fault fault;

	(void)state;
	fault_from_sip(480, "Phone <off>", NULL, &fault);
	written_is(&fault,
		   "<error type=\"wait\" by=\"sip.example\"><recipient-unavailable" WNS "/>"
		   "<text" WNS " xml:lang=\"en\">Phone &lt;off&gt; (SIP 480)</text></error>");
	fault_from_sip(404, "", NULL, &fault);
	written_is(&fault, "<error type=\"cancel\" by=\"sip.example\"><item-not-found" WNS "/>"
			   "<text" WNS " xml:lang=\"en\">SIP 404</text></error>");
	fault_from_sip(301, "Moved", "xmpp:new@chat.example", &fault);
	written_is(&fault, "<error type=\"cancel\" by=\"sip.example\"><gone" WNS
			   ">xmpp:new@chat.example</gone>"
			   "<text" WNS " xml:lang=\"en\">Moved (SIP 301)</text></error>");
	fault_set(&fault, FAULT_NOT_ALLOWED, NULL);
	written_is(&fault,
		   "<error type=\"cancel\" by=\"sip.example\"><not-allowed" WNS "/></error>");
	/* [ERR-239] */
	fault_from_sip(500, NULL, NULL, &fault);
	fault.retry_after_s = 5;
	fault.sip_status = 0;
	written_is(&fault, "<error type=\"wait\" by=\"sip.example\"><internal-server-error" WNS
			   "/></error>");
}

static const struct {
	enum fault_code code;
	const char *condition;
	const char *type;
} own[] = {
	{FAULT_LINK_DOWN, "remote-server-timeout", "wait"}, /* [ERR-262] */
	{FAULT_NO_ANSWER, "remote-server-timeout", "wait"}, /* [ERR-263] */
	{FAULT_TOO_LARGE, "policy-violation", "modify"},    /* [MSG-024] */
	{FAULT_LOOP, "not-acceptable", "cancel"},
	{FAULT_ANONYMOUS, "not-authorized", "auth"},
	{FAULT_RATE, "resource-constraint", "wait"}, /* [MSG-096] */
	{FAULT_NONE, "undefined-condition", "cancel"},
};

/* [ERR-005] every fault is written as one defined condition and read back as it. */
static void every_fault_is_a_defined_condition(void **state)
{
	(void)state;
	for (int code = FAULT_NONE; code < FAULT_COUNT; code++) {
		struct fault fault, back;
		struct buf out = BUF_INIT;
		const char *condition = fault_name((enum fault_code)code);
		const char *type = fault_type_name(fault_usual_type((enum fault_code)code));
		xmpp_stanza_t *tree;

		for (size_t i = 0; i < CHECK_COUNT(own); i++) {
			if ((int)own[i].code == code) {
				condition = own[i].condition;
				type = own[i].type;
			}
		}
		fault_set(&fault, (enum fault_code)code, "words & <more>");
		fault_write_stanza(&out, "message", "a@b", "c@d", "i\"1", &fault);
		tree = stanza_from_text(out.data);
		/* [ERR-004] */
		assert_string_equal(xmpp_stanza_get_type(tree), "error");
		assert_string_equal(xmpp_stanza_get_id(tree), "i\"1");
		assert_string_equal(xmpp_stanza_get_from(tree), "a@b");
		assert_string_equal(xmpp_stanza_get_to(tree), "c@d");
		fault_from_stanza(tree, &back);
		assert_string_equal(fault_name(back.code), condition);
		assert_string_equal(fault_type_name(back.type), type);
		assert_string_equal(back.text, "words & <more>");
		xmpp_stanza_release(tree);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stanza_becomes_fault),
		cmocka_unit_test(long_texts_of_a_stanza_are_cut),
		cmocka_unit_test(writes_errors),
		cmocka_unit_test(every_fault_is_a_defined_condition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
