/* is_composing: typing notices of RFC 3994. */
#include <errno.h>

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

#include "base/buf.h"
#include "support/check.h"
#include "translate/is_composing.h"

#define NS "xmlns='urn:ietf:params:xml:ns:im-iscomposing'"

/* The grammar of RFC 3994 section 6.2. */
static const char schema_text[] =
	"<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' "
	"targetNamespace='urn:ietf:params:xml:ns:im-iscomposing' elementFormDefault='qualified'>"
	"<xs:element name='isComposing'><xs:complexType><xs:sequence>"
	"<xs:element name='state' type='xs:string'/>"
	"<xs:element name='lastactive' type='xs:dateTime' minOccurs='0'/>"
	"<xs:element name='contenttype' type='xs:string' minOccurs='0'/>"
	"<xs:element name='refresh' type='xs:positiveInteger' minOccurs='0'/>"
	"<xs:any namespace='##other' processContents='lax' minOccurs='0' maxOccurs='unbounded'/>"
	"</xs:sequence></xs:complexType></xs:element></xs:schema>";

static bool is_valid(const char *text, size_t len)
{
	xmlSchemaParserCtxt *parser =
		xmlSchemaNewMemParserCtxt(schema_text, (int)sizeof schema_text - 1);
	xmlSchema *schema = xmlSchemaParse(parser);
	xmlSchemaValidCtxt *context = xmlSchemaNewValidCtxt(schema);
	xmlDoc *doc = xmlReadMemory(text, (int)len, NULL, NULL, XML_PARSE_NOERROR);
	bool result;

	assert_non_null(schema);
	assert_non_null(doc);
	result = xmlSchemaValidateDoc(context, doc) == 0;
	xmlFreeDoc(doc);
	xmlSchemaFreeValidCtxt(context);
	xmlSchemaFree(schema);
	xmlSchemaFreeParserCtxt(parser);
	return result;
}

/* [TYPE-001] [TYPE-002] */
static void writes(void **state)
{
	static const struct typing rows[] = {{true, 90}, {true, 0}, {false, 0}, {false, 90}};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct buf out = BUF_INIT;
		struct typing again;

		is_composing_write(&rows[i], &out);
		assert_true(is_valid(out.data, out.len));
		assert_int_equal(is_composing_read(out.data, out.len, &again), 0);
		assert_int_equal(again.is_active, rows[i].is_active);
		assert_int_equal(again.refresh_s, rows[i].is_active ? rows[i].refresh_s : 0);
		buf_free(&out);
	}
	assert_string_equal(is_composing_type, "application/im-iscomposing+xml");
}

/* [TYPE-001] [TYPE-002] [TYPE-003] */
static void reads(void **state)
{
	static const struct {
		const char *text;
		int err;
		struct typing typing;
	} rows[] = {
		/* The example of RFC 3994 section 3.5. */
		{"<?xml version='1.0' encoding='UTF-8'?><isComposing " NS
		 " xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation="
		 "'urn:ietf:params:xml:ns:im-composing iscomposing.xsd'><state>active</state>"
		 "<contenttype>text/plain</contenttype><refresh>90</refresh></isComposing>",
		 0,
		 {true, 90}},
		{"<isComposing " NS "><state>idle</state>"
		 "<lastactive>2003-01-27T10:43:00Z</lastactive></isComposing>",
		 0,
		 {false, 0}},
		{"<isComposing " NS "><state>dozing</state></isComposing>", 0, {false, 0}},
		{"<isComposing " NS "><state>Active</state></isComposing>", 0, {false, 0}},
		{"<isComposing " NS "><x xmlns='urn:x'><state>idle</state></x><refresh> 60 "
		 "</refresh><state>\nactive\n</state></isComposing>",
		 0,
		 {true, 60}},
		{"<isComposing xmlns='urn:ietf:params:xml:ns:im-composing'><state>active</state>"
		 "</isComposing>",
		 0,
		 {true, 0}},
		{"<c:isComposing xmlns:c='urn:ietf:params:xml:ns:im-iscomposing'><c:state>active"
		 "</c:state><c:refresh>+5</c:refresh></c:isComposing>",
		 0,
		 {true, 5}},
		{"<isComposing " NS "><state>active</state><refresh>-5</refresh></isComposing>",
		 0,
		 {true, 0}},
		{"<isComposing " NS "><state>active</state><refresh>9x</refresh></isComposing>",
		 0,
		 {true, 0}},
		{"<isComposing " NS "><state>active</state><refresh>99999999999999999999</refresh>"
		 "</isComposing>",
		 0,
		 {true, IS_COMPOSING_REFRESH_MAX_S}},
		{"<isComposing " NS "/>", EBADMSG, {false, 0}},
		{"<isComposing><state>active</state></isComposing>", EBADMSG, {false, 0}},
		{"<other " NS "><state>active</state></other>", EBADMSG, {false, 0}},
		{"<!DOCTYPE x [<!ENTITY e 'active'>]><isComposing " NS
		 "><state>&e;</state></isComposing>",
		 EBADMSG,
		 {false, 0}},
		{"", EBADMSG, {false, 0}},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct typing typing;
		int err = is_composing_read(rows[i].text, strlen(rows[i].text), &typing);

		if (err != rows[i].err || typing.is_active != rows[i].typing.is_active ||
		    typing.refresh_s != rows[i].typing.refresh_s)
			fail_msg("%d %d %d of %s", err, typing.is_active, typing.refresh_s,
				 rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes),
		cmocka_unit_test(reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
