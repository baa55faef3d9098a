/* resource_lists: lists of URIs as RFC 4826, RFC 5363 and RFC 5367 have them. */
#include <errno.h>

#include "base/buf.h"
#include "support/check.h"
#include "translate/resource_lists.h"

#define NS          "xmlns='urn:ietf:params:xml:ns:resource-lists'"
#define DOC(inside) "<resource-lists " NS ">" inside "</resource-lists>"

static const struct {
	const char *text;
	int err;
	const char *wanted; /* "URI 'name'" for each, then "+N" that were not read */
} documents[] = {
	/* as in RFC 5367 section 7 */
	{"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	 "<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\"\n"
	 "   xmlns:cp=\"urn:ietf:params:xml:ns:copyControl\">\n <list>\n"
	 "  <entry uri=\"sip:bill@example.com\" cp:copyControl=\"to\" />\n"
	 "  <entry uri=\"sip:joe@example.org\" cp:copyControl=\"cc\" cp:anonymize=\"true\"/>\n"
	 "  <entry uri=\"sip:ted@example.net\" cp:copyControl=\"bcc\"/>\n </list>\n"
	 "</resource-lists>\n",
	 0, "sip:bill@example.com sip:joe@example.org sip:ted@example.net"},
	/* as linphone writes a friend list: names, and attributes of no namespace */
	{DOC("<list name='friends'><display-name>F</display-name>"
	     "<entry uri='sip:a@h'><display-name xml:lang='en'> Ann &amp; Co "
	     "</display-name></entry>"
	     "<entry uri=' sip:b@h ' copyControl='to'><display-name/></entry></list>"),
	 0, "sip:a@h 'Ann & Co' sip:b@h"},
	/* RFC 4826 section 3: lists inside lists; what refers to other documents */
	{DOC("<list><entry uri='sip:a@h'/><list><list><entry uri='sip:b@h'/></list>"
	     "<external anchor='http://h/x'/></list><entry-ref ref='y'/><entry "
	     "uri='sip:c@h'/></list>"
	     "<list><entry uri='sip:d@h'/></list>"),
	 0, "sip:a@h sip:b@h sip:c@h sip:d@h +2"},
	/* RFC 5363 section 5.2: twice is once */
	{DOC("<list><entry uri='sip:a@h'/><entry uri='sip:b@h'/><entry uri='sip:a@h'/></list>"), 0,
	 "sip:a@h sip:b@h"},
	{"<r:resource-lists xmlns:r='urn:ietf:params:xml:ns:resource-lists'><r:list><r:entry "
	 "uri='sip:a@h'/></r:list></r:resource-lists>",
	 0, "sip:a@h"},
	{DOC("<x xmlns='urn:y'><entry uri='sip:no@h'/></x><list><!-- c --><x "
	     "xmlns='urn:y'/></list>"),
	 0, ""},
	{DOC(""), 0, ""},
	/* what is none */
	{DOC("<list><entry/></list>"), EBADMSG, ""},
	{DOC("<list><entry uri='sip:a@h'/><entry uri=' '/></list>"), EBADMSG, ""},
	{"<resource-lists/>", EBADMSG, ""},
	{"<list " NS "/>", EBADMSG, ""},
	{DOC("<list>"), EBADMSG, ""},
	{"", EBADMSG, ""},
	{"<!DOCTYPE r [<!ENTITY a 'b'>]>" DOC(""), EPROTO, ""},
};

static void describe(const struct resource_lists *lists, struct buf *out)
{
	for (size_t i = 0; i < lists->count; i++) {
		buf_printf(out, "%s%s", i == 0 ? "" : " ", lists->entries[i].uri);
		if (lists->entries[i].name != NULL)
			buf_printf(out, " '%s'", lists->entries[i].name);
	}
	if (lists->unread > 0)
		buf_printf(out, " +%zu", lists->unread);
}

static void reads_documents(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(documents); i++) {
		const char *text = documents[i].text;
		struct resource_lists lists = {0};
		struct buf line = BUF_INIT;

		assert_int_equal(resource_lists_parse(text, strlen(text), 65536, 16, &lists),
				 documents[i].err);
		describe(&lists, &line);
		assert_string_equal(buf_text(&line), documents[i].wanted);
		buf_free(&line);
		resource_lists_clear(&lists);
	}
}

static int parse_many(int count, size_t entries_max)
{
	struct resource_lists lists = {0};
	struct buf text = BUF_INIT;
	int err;

	buf_puts(&text, "<resource-lists " NS "><list>");
	for (int i = 0; i < count; i++)
		buf_printf(&text, "<entry uri='sip:%d@h'/><entry uri='sip:0@h'/>", i);
	buf_puts(&text, "</list></resource-lists>");
	err = resource_lists_parse(text.data, text.len, 65536, entries_max, &lists);
	assert_int_equal(lists.count, err == 0 ? count : 0);
	resource_lists_clear(&lists);
	buf_free(&text);
	return err;
}

/* [EVT-073] [SEC-055] */
static void bounds_what_it_reads(void **state)
{
	struct resource_lists lists = {0};
	struct buf text = BUF_INIT;

	(void)state;
	assert_int_equal(parse_many(10, 10), 0);
	assert_int_equal(parse_many(11, 10), E2BIG);
	assert_int_equal(parse_many(RESOURCE_LISTS_ENTRIES_MAX, 100000), 0);
	assert_int_equal(parse_many(RESOURCE_LISTS_ENTRIES_MAX + 1, 100000), E2BIG);
	buf_puts(&text, "<resource-lists " NS "><list><entry uri='sip:");
	for (int i = 0; i < RESOURCE_LISTS_URI_MAX; i++)
		buf_putc(&text, 'a');
	buf_puts(&text, "'/></list></resource-lists>");
	assert_int_equal(resource_lists_parse(text.data, text.len, 65536, 9, &lists), E2BIG);
	assert_int_equal(resource_lists_parse(text.data, text.len, 100, 9, &lists), E2BIG);
	assert_null(lists.entries);
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_documents),
		cmocka_unit_test(bounds_what_it_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
