/* xml_writer: whatever goes in, legal XML 1.0 comes out. */
#include <libxml/parser.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "support/check.h"
#include "translate/xml_writer.h"

#define REPLACED "\xEF\xBF\xBD"

static const struct {
	const char *in;
	const char *text;
	const char *attribute;
} escapes[] = {
	{"plain", "plain", "plain"},
	{"", "", ""},
	/* [CMP-018] */
	{"a<b&c>d", "a&lt;b&amp;c&gt;d", "a&lt;b&amp;c&gt;d"},
	{"\"'", "\"'", "&quot;&apos;"},
	{"a\tb\nc", "a\tb\nc", "a&#9;b&#10;c"},
	{"a\rb", "a&#13;b", "a&#13;b"},
	{"]]>", "]]&gt;", "]]&gt;"},
	/* [SEC-050] [CMP-017] [STRO-007] */
	{"a\x01"
	 "b\x1F",
	 "a" REPLACED "b" REPLACED, "a" REPLACED "b" REPLACED},
	{"\x7F", "\x7F", "\x7F"}, /* legal in XML */
	{"gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F"},
	{"\xE2\x98\x95\xF0\x9F\x98\x80", "\xE2\x98\x95\xF0\x9F\x98\x80",
	 "\xE2\x98\x95\xF0\x9F\x98\x80"},
	{"\xFF", REPLACED, REPLACED},
	{"\xC3", REPLACED, REPLACED},
	{"\xED\xA0\x80", REPLACED REPLACED REPLACED, REPLACED REPLACED REPLACED}, /* surrogate */
	{"\xEF\xBF\xBE", REPLACED, REPLACED},                                     /* U+FFFE */
	{"\xC0\x80", REPLACED REPLACED, REPLACED REPLACED},                       /* overlong NUL */
};

static void escapes_what_xml_needs(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(escapes); i++) {
		struct buf out = BUF_INIT;
		struct buf wanted = BUF_INIT;
		struct xml_writer writer;

		xml_writer_init(&writer, &out);
		xml_open(&writer, "e");
		xml_attr(&writer, "a", escapes[i].in);
		xml_text(&writer, escapes[i].in);
		xml_close(&writer);
		buf_printf(&wanted, "<e a=\"%s\"", escapes[i].attribute);
		if (escapes[i].text[0] == '\0')
			buf_puts(&wanted, "/>");
		else
			buf_printf(&wanted, ">%s</e>", escapes[i].text);
		assert_string_equal(buf_text(&out), buf_text(&wanted));
		buf_free(&out);
		buf_free(&wanted);
	}
}

static void nests_and_closes(void **state)
{
	struct buf out = BUF_INIT;
	struct xml_writer writer;

	(void)state;
	xml_writer_init(&writer, &out);
	xml_open(&writer, "a");
	xml_attr(&writer, "x", "1");
	xml_attr(&writer, "none", NULL);
	xml_open(&writer, "b");
	xml_close(&writer);
	xml_element(&writer, "c", "text");
	xml_element(&writer, "d", NULL);
	xml_element(&writer, "e", "");
	xml_text(&writer, "tail");
	xml_close(&writer);
	assert_string_equal(buf_text(&out), "<a x=\"1\"><b/><c>text</c><e/>tail</a>");
	buf_free(&out);
}

/* A NUL has a length like any other byte. */
static void counts_bytes(void **state)
{
	struct buf out = BUF_INIT;
	struct xml_writer writer;

	(void)state;
	xml_writer_init(&writer, &out);
	xml_open(&writer, "a");
	xml_text_n(&writer, "x\0y", 3);
	xml_close(&writer);
	assert_string_equal(buf_text(&out), "<a>x" REPLACED "y</a>");
	buf_free(&out);
}

/* [SEC-050] Every byte, alone and beside every other, in text and attribute: a strict parser
 * takes the result. */
static void every_pair_of_bytes_is_legal(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	for (int a = 0; a < 256; a++) {
		struct xml_writer writer;
		xmlDoc *doc;

		buf_reset(&out);
		xml_writer_init(&writer, &out);
		xml_open(&writer, "a");
		for (int b = 1; b < 256; b++) {
			char text[4] = {(char)a, (char)b, (char)a, '\0'};

			xml_open(&writer, "b");
			xml_attr(&writer, "c", text);
			xml_text_n(&writer, text, 3);
			xml_close(&writer);
		}
		xml_close(&writer);
		assert_true(utf8_is_valid(out.data, out.len));
		doc = xmlReadMemory(out.data, (int)out.len, NULL, "UTF-8", XML_PARSE_NONET);
		assert_non_null(doc);
		xmlFreeDoc(doc);
	}
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_what_xml_needs),
		cmocka_unit_test(nests_and_closes),
		cmocka_unit_test(counts_bytes),
		cmocka_unit_test(every_pair_of_bytes_is_legal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
