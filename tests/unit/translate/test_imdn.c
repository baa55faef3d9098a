/* imdn: reports as RFC 5438 has them, and as others write them. */
#include <errno.h>
#include <stdio.h>

#include <libxml/parser.h>
#include <libxml/relaxng.h>

#include "base/buf.h"
#include "base/mem.h"
#include "support/check.h"
#include "translate/imdn.h"
#include "unit/translate/describe.h"

#define NS "xmlns='urn:ietf:params:xml:ns:imdn'"
#define HEAD                                                                                       \
	"<imdn " NS "><message-id>34jk324j</message-id>"                                           \
	"<datetime>2006-04-04T12:16:49-05:00</datetime>"

/* The grammar of RFC 5438 section 11.1.9, as far as this daemon writes it: no extensions. */
static const char grammar[] =
	"<grammar xmlns='http://relaxng.org/ns/structure/1.0' "
	"datatypeLibrary='http://www.w3.org/2001/XMLSchema-datatypes' "
	"ns='urn:ietf:params:xml:ns:imdn'><start><element name='imdn'>"
	"<element name='message-id'><data type='token'/></element>"
	"<element name='datetime'><data type='string'/></element>"
	"<optional>"
	"<element name='recipient-uri'><data type='anyURI'/></element>"
	"<element name='original-recipient-uri'><data type='anyURI'/></element>"
	"<optional><element name='subject'><data type='string'/></element></optional>"
	"</optional>"
	"<choice>"
	"<element name='delivery-notification'><element name='status'><choice>"
	"<element name='delivered'><empty/></element><element name='failed'><empty/></element>"
	"<ref name='common'/></choice></element></element>"
	"<element name='display-notification'><element name='status'><choice>"
	"<element name='displayed'><empty/></element><ref name='common'/>"
	"</choice></element></element>"
	"<element name='processing-notification'><element name='status'><choice>"
	"<element name='processed'><empty/></element><element name='stored'><empty/></element>"
	"<ref name='common'/></choice></element></element>"
	"<empty/></choice></element></start>"
	"<define name='common'><choice><element name='forbidden'><empty/></element>"
	"<element name='error'><empty/></element></choice></define></grammar>";

static bool is_valid(const char *text, size_t len)
{
	xmlRelaxNGParserCtxt *parser = xmlRelaxNGNewMemParserCtxt(grammar, (int)sizeof grammar - 1);
	xmlRelaxNG *schema = xmlRelaxNGParse(parser);
	xmlRelaxNGValidCtxt *context = xmlRelaxNGNewValidCtxt(schema);
	xmlDoc *doc = xmlReadMemory(text, (int)len, NULL, NULL, XML_PARSE_NOERROR);
	bool result;

	assert_non_null(schema);
	assert_non_null(doc);
	result = xmlRelaxNGValidateDoc(context, doc) == 0;
	xmlFreeDoc(doc);
	xmlRelaxNGFreeValidCtxt(context);
	xmlRelaxNGFree(schema);
	xmlRelaxNGFreeParserCtxt(parser);
	return result;
}

static void quiet(void *arg, const char *format, ...)
{
	(void)arg;
	(void)format;
}

static const enum report_kind kinds[] = {REPORT_DELIVERED, REPORT_FAILED, REPORT_DISPLAYED,
					 REPORT_PROCESSED};

/* [RCPT-007] [RCPT-008] [RCPT-009] What is written validates, and is read as it was meant. */
static void writes_valid_documents(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(kinds); i++) {
		for (int with = 0; with < 4; with++) {
			const char *recipient = with & 1 ? "sip:a@x.example" : NULL;
			const char *original = with & 2 ? "sip:b@x.example" : NULL;
			struct buf out = BUF_INIT;
			struct imdn imdn;

			imdn_write(kinds[i], "Zk3 <&>", NULL, INT64_C(1714979289000), recipient,
				   original, &out);
			assert_true(is_valid(out.data, out.len));
			assert_int_equal(imdn_read(out.data, out.len, &imdn), 0);
			assert_string_equal(imdn.message_id, "Zk3 <&>");
			assert_string_equal(imdn.date_time, "2024-05-06T07:08:09Z");
			assert_int_equal(imdn.kind, kinds[i]);
			assert_false(imdn.is_silent);
			if (with == 3) {
				assert_string_equal(imdn.recipient, recipient);
				assert_string_equal(imdn.original_recipient, original);
			} else if (with != 0) { /* both or neither */
				assert_string_equal(imdn.recipient, imdn.original_recipient);
			} else {
				assert_null(imdn.recipient);
			}
			imdn_clear(&imdn);
			buf_free(&out);
		}
	}
}

/* The grammar can say no. */
static void the_grammar_refuses(void **state)
{
	static const char *const rows[] = {
		HEAD "<delivery-notification><status><displayed/></status></delivery-notification>"
		     "</imdn>",
		HEAD "<recipient-uri>sip:a@b</recipient-uri></imdn>",
		"<imdn " NS "><message-id>1</message-id></imdn>",
	};

	(void)state;
	xmlSetGenericErrorFunc(NULL, quiet);
	for (size_t i = 0; i < CHECK_COUNT(rows); i++)
		assert_false(is_valid(rows[i], strlen(rows[i])));
	xmlSetGenericErrorFunc(NULL, NULL);
}

/* The time of the original goes back as it was written. [RCPT-007] */
static void writes_the_original_time(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	imdn_write(REPORT_DELIVERED, "Zk3v9Qp1Lw0", "2024-05-06T10:00:00+02:00", 1,
		   "sip:alice@x.example", NULL, &out);
	assert_string_equal(
		out.data,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\"><message-id>Zk3v9Qp1Lw0</message-id>"
		"<datetime>2024-05-06T10:00:00+02:00</datetime>"
		"<recipient-uri>sip:alice@x.example</recipient-uri>"
		"<original-recipient-uri>sip:alice@x.example</original-recipient-uri>"
		"<delivery-notification><status><delivered/></status></delivery-notification>"
		"</imdn>");
	buf_free(&out);
}

/* [RCPT-007] [RCPT-008] [RCPT-009] */
static void reads(void **state)
{
#define STATUS(notification, status)                                                               \
	"<" notification "-notification><status><" status "/></status></" notification             \
	"-notification></imdn>"
	static const struct {
		const char *text;
		enum report_kind kind;
		bool is_silent;
	} rows[] = {
		{HEAD STATUS("delivery", "delivered"), REPORT_DELIVERED, false},
		{HEAD STATUS("delivery", "failed"), REPORT_FAILED, false},
		{HEAD STATUS("delivery", "error"), REPORT_FAILED, false},
		{HEAD STATUS("delivery", "forbidden"), REPORT_DELIVERED, true},
		{HEAD STATUS("display", "displayed"), REPORT_DISPLAYED, false},
		{HEAD STATUS("display", "forbidden"), REPORT_DISPLAYED, true},
		{HEAD STATUS("display", "error"), REPORT_DISPLAYED, true},
		{HEAD STATUS("processing", "processed"), REPORT_PROCESSED, false},
		{HEAD STATUS("processing", "stored"), REPORT_PROCESSED, true},
		{HEAD STATUS("processing", "error"), REPORT_PROCESSED, true},
		{HEAD STATUS("delivery", "displayed"), REPORT_DELIVERED, true},
		{HEAD STATUS("other", "delivered"), REPORT_DELIVERED, true},
		{HEAD "</imdn>", REPORT_DELIVERED, true},
		{HEAD "<recipient-uri>sip:a@b</recipient-uri><x xmlns='urn:x'><y/></x>" STATUS(
			 "delivery", "delivered"),
		 REPORT_DELIVERED, false},
		{HEAD "<original-recipient-uri>sip:a@b</original-recipient-uri><subject>s</"
		      "subject>" STATUS("display", "displayed"),
		 REPORT_DISPLAYED, false},
		/* Any order; another prefix; of two the first counts. */
		{"<i:imdn xmlns:i='urn:ietf:params:xml:ns:imdn'><i:display-notification><i:status>"
		 "<i:displayed/></i:status></i:display-notification>"
		 "<i:message-id> 34jk324j\n</i:message-id></i:imdn>",
		 REPORT_DISPLAYED, false},
		{HEAD "<delivery-notification><status><delivered/></status></"
		      "delivery-notification>" STATUS("display", "displayed"),
		 REPORT_DELIVERED, false},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct imdn imdn;

		if (imdn_read(rows[i].text, strlen(rows[i].text), &imdn) != 0)
			fail_msg("%s", rows[i].text);
		assert_string_equal(imdn.message_id, "34jk324j");
		if (imdn.kind != rows[i].kind || imdn.is_silent != rows[i].is_silent)
			fail_msg("%d %d %s", imdn.kind, imdn.is_silent, rows[i].text);
		imdn_clear(&imdn);
	}
}

/* [SIP-111] [D-59] [SEC-055] */
static void refuses(void **state)
{
	static const char *const rows[] = {
		"",
		"delivered",
		"<imdn " NS "/>",
		"<imdn " NS "><message-id> </message-id></imdn>",
		"<imdn><message-id>1</message-id></imdn>",
		"<imdn xmlns='urn:ietf:params:imdn'><message-id>1</message-id></imdn>",
		"<x " NS "><message-id>1</message-id></x>",
		"<imdn " NS "><message-id>1</message-id>",
		"<!DOCTYPE imdn [<!ENTITY e 'x'>]><imdn " NS "><message-id>&e;</message-id></imdn>",
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct imdn imdn;

		if (imdn_read(rows[i], strlen(rows[i]), &imdn) != EBADMSG)
			fail_msg("%s", rows[i]);
		assert_null(imdn.message_id);
	}
}

/* What linphonec 5.1.65 sends. */
static void reads_linphone(void **state)
{
	size_t len;
	char *text = read_test_file(
		"samples/packed/linphonec-message-imdn-deflate.inflated-body.txt", &len);
	struct imdn imdn;

	(void)state;
	assert_int_equal(imdn_read(text, len, &imdn), 0);
	assert_string_equal(imdn.message_id, "c3a97f193d9d72cd");
	assert_string_equal(imdn.date_time, "2026-11-22T05:27:19Z");
	assert_int_equal(imdn.kind, REPORT_DELIVERED);
	assert_false(imdn.is_silent);
	imdn_clear(&imdn);
	mem_free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_valid_documents),
		cmocka_unit_test(the_grammar_refuses),
		cmocka_unit_test(writes_the_original_time),
		cmocka_unit_test(reads),
		cmocka_unit_test(refuses),
		cmocka_unit_test(reads_linphone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
