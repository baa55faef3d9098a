/* xml: hostile documents are refused before they cost anything. */
#include <errno.h>
#include <stdio.h>

#include <malloc.h>

#include <libxml/parser.h>

#include "base/buf.h"
#include "support/check.h"
#include "translate/xml.h"

enum { MAX_BYTES = 256 * 1024 };

static int parse(const char *text, size_t len)
{
	xmlDoc *doc;
	int err = xml_parse(text, len, MAX_BYTES, &doc);

	assert_true((err == 0) == (doc != NULL));
	xml_release(&doc);
	return err;
}

static const struct {
	const char *text;
	int err;
} documents[] = {
	{"<a/>", 0},
	{"<?xml version='1.0'?>\n<a/>", 0},
	{"  \r\n<?xml version='1.0'?><a/>", 0},
	{"\xEF\xBB\xBF<?xml version='1.0'?><a/>", 0},
	{"<!-- c --><?pi x?><a/><!-- d -->\n", 0},
	{"<a b='>' c=\"/>\"><d/>&lt;&#65;<![CDATA[<x>]]></a>", 0},
	{"<a xmlns:p='x'><p:b q:c='1'/></a>", 0}, /* an undeclared prefix hurts nobody */
	/* [D-59] [SIP-111] [PBX-030] a DOCTYPE without internal subset is passed over */
	{"<?xml version='1.0'?><!DOCTYPE a PUBLIC \"-//IETF//DTD RFCxxxx XPIDF 1.0//EN\" "
	 "\"xpidf.dtd\"><a/>",
	 0},
	{"<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/x.dtd'><a/>", 0},
	{"<!DOCTYPE a SYSTEM '['><a/>", 0},
	/* [PIDF-007] [ASEC-013] [D-59] [LXM-002] [LXM-006] [SEC-055] with one it is refused */
	{"<!DOCTYPE a []><a/>", EPROTO},
	{"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", EPROTO},
	{"<!DOCTYPE a [<!ENTITY x SYSTEM 'http://127.0.0.1:1/'>]><a>&x;</a>", EPROTO},
	{"<!DOCTYPE a SYSTEM 'x.dtd' [<!ENTITY % p SYSTEM 'file:///etc/passwd'>%p;]><a/>", EPROTO},
	{"<!DOCTYPE a [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]><a>&b;</a>", EPROTO},
	{"<!DOCTYPE a>\n<!DOCTYPE b [<!ENTITY x 'y'>]><a/>", EPROTO},
	{"<a><!DOCTYPE b [<!ENTITY x 'y'>]></a>", EBADMSG},
	{"<!DOCTYPE a", EBADMSG},
	/* no document, or not one */
	{"", EBADMSG},
	{"   ", EBADMSG},
	{"text", EBADMSG},
	{"<", EBADMSG},
	{"<a", EBADMSG},
	{"<a>", EBADMSG},
	{"<a></b>", EBADMSG},
	{"<a/><b/>", EBADMSG},
	{"<a/>text", EBADMSG},
	{"</a>", EBADMSG},
	{"<a b=1/>", EBADMSG},
	{"<a b='1' b='2'/>", EBADMSG},
	{"<a>&#0;</a>", EBADMSG},
	{"<a>\x01</a>", EBADMSG},
	{"<!-- never closed", EBADMSG},
	{"<?pi never closed", EBADMSG},
	{"<a><![CDATA[never closed</a>", EBADMSG},
	{"<a><!ELEMENT b ANY></a>", EBADMSG},
	/* half documents are not accepted (LXM-001: no RECOVER) */
	{"<a><b>text", EBADMSG},
	/* bytes: UTF-8, or Latin-1 that says so */
	{"<a>\xFF</a>", EBADMSG},
	{"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xFC</a>", 0},
	{"<?xml version='1.0' encoding='UTF-16'?><a>\xFC</a>", EBADMSG},
	{"<?xml version='1.0' encoding='UTF-7'?><a>+ADw-</a>", 0},
};

/* [LXM-001] [LXM-002] [SEC-055] */
static void accepts_and_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(documents); i++) {
		int err = parse(documents[i].text, strlen(documents[i].text));

		if (err != documents[i].err)
			fail_msg("%s: %d, not %d", documents[i].text, err, documents[i].err);
	}
}

static void ignores_nul_at_the_end_only(void **state)
{
	(void)state;
	assert_int_equal(parse("<a/>\0\0", 6), 0);
	assert_int_equal(parse("<a>\0</a>", 8), EBADMSG);
	assert_int_equal(parse("\0", 1), EBADMSG);
}

static void content_is(const char *text, const char *wanted)
{
	struct buf out = BUF_INIT;
	xmlDoc *doc;

	assert_int_equal(xml_parse(text, strlen(text), MAX_BYTES, &doc), 0);
	xml_content(xmlDocGetRootElement(doc), &out);
	assert_string_equal(buf_text(&out), wanted);
	xml_release(&doc);
	buf_free(&out);
}

static void reads_text(void **state)
{
	(void)state;
	content_is("<a> x &amp; y\n</a>", "x & y");
	content_is("<a>one<b>two</b>three<!-- four --></a>", "onethree");
	content_is("<a><![CDATA[<x>]]>&#x2615;</a>", "<x>\xE2\x98\x95");
	content_is("<a/>", "");
	/* [SIP-112] [PBX-027] [PIDF-001] [FSW-5] the prolog lies */
	content_is("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?> \n<a>\xC3\xBC \xE2\x98\x95</a>",
		   "\xC3\xBC \xE2\x98\x95");
	content_is("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xFC</a>", "\xC3\xBC");
	content_is("<?xml version=\"1.0\" encoding=\"no-such-thing\"?><a>x</a>", "x");
	content_is("<?xml version='1.0' encoding='UTF-7'?><a>+ADw-script+AD4-</a>",
		   "+ADw-script+AD4-"); /* [SEC-059] */
	/* a PBX that does not escape */
	content_is("<a>tea & cake &amp; &x; &#65;</a>", "tea & cake & &x; A");
}

static void mends_names_that_are_notes(void **state)
{
	static const char text[] = "<a xmlns:rpid='r'><rpid:b><rpid:A tuple "
				   "note/><rpid:Don't/><rpid:/><rpid:busy/></rpid:b></a>";
	xmlDoc *doc;
	const xmlNode *activities;

	(void)state;
	assert_int_equal(xml_parse(text, strlen(text), MAX_BYTES, &doc), 0);
	activities = xmlDocGetRootElement(doc)->children;
	assert_true(xml_is(activities, "r", "b"));
	assert_true(xml_is(activities->children, "r", "busy"));
	assert_null(activities->children->next);
	xml_release(&doc);
}

static void repeat(struct buf *out, const char *text, int count)
{
	for (int i = 0; i < count; i++)
		buf_puts(out, text);
}

/* Bytes that libxml2 and we hold now. */
static size_t bytes_in_use(void)
{
	return mallinfo2().uordblks;
}

/* [SEC-055] [LXM-002] [LXM-003] each shape at the limit and beyond it. */
static void bounds_depth(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	repeat(&text, "<a>", XML_DEPTH_MAX);
	repeat(&text, "</a>", XML_DEPTH_MAX);
	assert_int_equal(parse(text.data, text.len), 0);
	buf_reset(&text);
	repeat(&text, "<a>", XML_DEPTH_MAX + 1);
	repeat(&text, "</a>", XML_DEPTH_MAX + 1);
	assert_int_equal(parse(text.data, text.len), E2BIG);
	buf_reset(&text);
	repeat(&text, "<a>", 80000);
	assert_int_equal(parse(text.data, text.len), E2BIG);
	buf_free(&text);
}

static void bounds_nodes(void **state)
{
	static const char *const shapes[] = {"<b/>", "<b></b>", "<!---->", "<?p?>", "<![CDATA[]]>"};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(shapes); i++) {
		struct buf text = BUF_INIT;

		buf_puts(&text, "<a>");
		repeat(&text, shapes[i], XML_NODES_MAX - 1);
		buf_puts(&text, "</a>");
		assert_int_equal(parse(text.data, text.len), 0);
		buf_reset(&text);
		buf_puts(&text, "<a>");
		repeat(&text, shapes[i], XML_NODES_MAX);
		buf_puts(&text, "</a>");
		assert_int_equal(parse(text.data, text.len), E2BIG);
		buf_free(&text);
	}
}

static void bounds_attributes(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	for (int count = XML_ATTRIBUTES_MAX; count <= XML_ATTRIBUTES_MAX + 1; count++) {
		buf_reset(&text);
		buf_puts(&text, "<a");
		for (int i = 0; i < count; i++)
			buf_printf(&text, " a%d='='", i);
		buf_puts(&text, "/>");
		assert_int_equal(parse(text.data, text.len),
				 count > XML_ATTRIBUTES_MAX ? E2BIG : 0);
	}
	buf_reset(&text);
	buf_puts(&text, "<a");
	for (int i = 0; i < 20000; i++)
		buf_printf(&text, " xmlns:n%d='u'", i);
	buf_puts(&text, "/>");
	assert_int_equal(parse(text.data, text.len > MAX_BYTES ? MAX_BYTES : text.len), E2BIG);
	buf_free(&text);
}

static void bounds_bytes(void **state)
{
	struct buf text = BUF_INIT;
	xmlDoc *doc;

	(void)state;
	buf_puts(&text, "<a>");
	repeat(&text, "x", 1000);
	buf_puts(&text, "</a>");
	assert_int_equal(xml_parse(text.data, text.len, text.len, &doc), 0);
	xml_release(&doc);
	assert_int_equal(xml_parse(text.data, text.len, text.len - 1, &doc), E2BIG);
	assert_null(doc);
	buf_free(&text);
}

static void bounds_what_is_mended(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	buf_puts(&text, "<a>");
	repeat(&text, "&", 1024);
	buf_puts(&text, "</a>");
	assert_int_equal(parse(text.data, text.len), 0);
	buf_consume(&text, 3);
	{
		struct buf more = BUF_INIT;

		buf_puts(&more, "<a>&");
		buf_append(&more, text.data, text.len);
		assert_int_equal(parse(more.data, more.len), EBADMSG);
		buf_free(&more);
	}
	buf_free(&text);
}

/* [LXM-008] [SEC-088] The kept context collects names, but not without end. */
static void forgets_names(void **state)
{
	size_t before = 0;

	(void)state;
	for (int round = 0; round < 60; round++) {
		struct buf text = BUF_INIT;

		buf_puts(&text, "<a>");
		for (int i = 0; i < 500; i++)
			buf_printf(&text, "<n%d-%d/>", round, i);
		buf_puts(&text, "</a>");
		assert_int_equal(parse(text.data, text.len), 0);
		buf_free(&text);
		if (round == 10)
			before = bytes_in_use();
	}
	/* 25,000 names more would be above a megabyte */
	assert_true(bytes_in_use() < before + 512 * 1024);
}

/* One document after another, good after bad, gives the same answers. */
static void errors_leave_no_trace(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++) {
		accepts_and_refuses(state);
		reads_text(state);
	}
}

static void finds_attributes_and_language(void **state)
{
	static const char text[] = "<a xml:lang='en' xmlns:n='u' n:id='2' id='1' empty=''>"
				   "<b/><c xml:lang='de'/></a>";
	xmlDoc *doc;
	const xmlNode *a;

	(void)state;
	assert_int_equal(xml_parse(text, strlen(text), MAX_BYTES, &doc), 0);
	a = xmlDocGetRootElement(doc);
	assert_string_equal(xml_attribute(a, NULL, "id"), "1");
	assert_string_equal(xml_attribute(a, "u", "id"), "2");
	assert_string_equal(xml_attribute(a, NULL, "empty"), "");
	assert_null(xml_attribute(a, NULL, "lang"));
	assert_string_equal(xml_lang(a), "en");
	assert_string_equal(xml_lang(a->children), "en");
	assert_string_equal(xml_lang(a->children->next), "de");
	assert_string_equal(xml_namespace(a), "");
	xml_release(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_and_refuses),
		cmocka_unit_test(ignores_nul_at_the_end_only),
		cmocka_unit_test(reads_text),
		cmocka_unit_test(mends_names_that_are_notes),
		cmocka_unit_test(bounds_depth),
		cmocka_unit_test(bounds_nodes),
		cmocka_unit_test(bounds_attributes),
		cmocka_unit_test(bounds_bytes),
		cmocka_unit_test(bounds_what_is_mended),
		cmocka_unit_test(forgets_names),
		cmocka_unit_test(errors_leave_no_trace),
		cmocka_unit_test(finds_attributes_and_language),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
