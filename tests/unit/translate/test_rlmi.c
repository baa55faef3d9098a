/* rlmi: lists as RFC 4662 and the field have them, read into one line each and written. */
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "support/check.h"
#include "translate/rlmi.h"

#define NS            "xmlns='urn:ietf:params:xml:ns:rlmi'"
#define LIST(inside)  "<list " NS " uri='sip:l@h' version='3' fullState='true'>" inside "</list>"
#define ONE(instance) LIST("<resource uri='sip:a@h'>" instance "</resource>")

static const char *text_of(const char *text)
{
	return text == NULL ? "-" : text;
}

/* "URI version full 'name': URI 'name' [id state reason cid] ..." */
static void describe(const struct rlmi *rlmi, struct buf *out)
{
	static const char *const states[] = {"active", "pending", "terminated"};

	buf_printf(out, "%s %u %s '%s':", text_of(rlmi->uri), (unsigned)rlmi->version,
		   rlmi->is_full ? "full" : "partial", text_of(rlmi->name));
	for (size_t i = 0; i < rlmi->count; i++) {
		const struct rlmi_resource *resource = &rlmi->resources[i];

		buf_printf(out, " %s '%s'", resource->uri, text_of(resource->name));
		for (size_t k = 0; k < resource->count; k++) {
			const struct rlmi_instance *instance = &resource->instances[k];

			buf_printf(out, " [%s %s %s %s]", text_of(instance->id),
				   states[instance->state], text_of(instance->reason),
				   text_of(instance->cid));
		}
	}
}

static const struct {
	const char *text;
	int err;
	const char *wanted;
} documents[] = {
	/* [EVT-068] */
	{LIST("<name>Friends</name><resource uri='sip:a@h'><name xml:lang='en'>Ann</name>"
	      "<name xml:lang='de'>Anna</name><instance id='x' state='active' "
	      "cid='1@h'/></resource>"
	      "<resource uri='sip:b@h'><instance id='y' state='terminated' reason='rejected'/>"
	      "<instance id='z' state='pending' cid='2@h'/></resource>"),
	 0,
	 "sip:l@h 3 full 'Friends': sip:a@h 'Ann' [x active - 1@h] sip:b@h '-' "
	 "[y terminated rejected -] [z pending - 2@h]"},
	{"<?xml version='1.0'?><r:list xmlns:r='urn:ietf:params:xml:ns:rlmi' uri='sip:l@h' "
	 "version='1' fullState='false'><r:resource uri='sip:a@h'/></r:list>",
	 0, "sip:l@h 1 partial '-': sip:a@h '-'"},
	{"<list " NS " uri='sip:l@h' version='0' fullState='1'/>", 0, "sip:l@h 0 full '-':"},
	{"<list " NS " uri='sip:l@h' version='4294967295' fullState='0'/>", 0,
	 "sip:l@h 4294967295 partial '-':"},
	/* [EVT-069] no instance */
	{ONE(""), 0, "sip:l@h 3 full '-': sip:a@h '-'"},
	/* [EVT-068] tolerated: reason absent, state unknown or absent, attributes absent, a cid
	 * with brackets, foreign elements */
	{ONE("<instance id='x' state='terminated'/>"), 0,
	 "sip:l@h 3 full '-': sip:a@h '-' [x terminated - -]"},
	{ONE("<instance state='later' cid=' &lt;1@h> '/>"), 0,
	 "sip:l@h 3 full '-': sip:a@h '-' [- pending - 1@h]"},
	{ONE("<instance/>"), 0, "sip:l@h 3 full '-': sip:a@h '-' [- pending - -]"},
	{"<list " NS "><resource uri=''/><resource/><resource uri=' sip:a@h '/></list>", 0,
	 "- 0 full '-': sip:a@h '-'"},
	{"<list " NS " version='99999999999' uri='sip:l@h'/>", 0, "sip:l@h 4294967295 full '-':"},
	{"<list " NS " version='x' uri='sip:l@h'/>", 0, "sip:l@h 0 full '-':"},
	{LIST("<x xmlns='urn:y'><resource uri='sip:no@h'/></x><!-- --><resource uri='sip:a@h'>"
	      "<y xmlns='urn:y'/></resource>text"),
	 0, "sip:l@h 3 full '-': sip:a@h '-'"},
	/* what is none */
	{"", EBADMSG, NULL},
	{"<list/>", EBADMSG, NULL},
	{"<resource " NS "/>", EBADMSG, NULL},
	{LIST("<resource"), EBADMSG, NULL},
	{"<!DOCTYPE list [<!ENTITY a 'b'>]><list " NS "/>", EPROTO, NULL},
};

static void reads_documents(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(documents); i++) {
		const char *text = documents[i].text;
		struct rlmi rlmi = {0};
		struct buf line = BUF_INIT;
		int err = rlmi_parse(text, strlen(text), 65536, &rlmi);

		assert_int_equal(err, documents[i].err);
		describe(&rlmi, &line);
		if (err == 0)
			assert_string_equal(buf_text(&line), documents[i].wanted);
		else
			assert_null(rlmi.resources);
		buf_free(&line);
		rlmi_clear(&rlmi);
	}
}

static int parse_many(const char *before, const char *each, int count, const char *after)
{
	struct rlmi rlmi = {0};
	struct buf text = BUF_INIT;
	int err;

	buf_puts(&text, before);
	for (int i = 0; i < count; i++)
		buf_puts(&text, each);
	buf_puts(&text, after);
	err = rlmi_parse(text.data, text.len, 262144, &rlmi);
	rlmi_clear(&rlmi);
	buf_free(&text);
	return err;
}

/* [EVT-073] [SEC-055] */
static void bounds_what_it_reads(void **state)
{
	struct rlmi rlmi = {0};
	const char *text = LIST("");

	(void)state;
	assert_int_equal(
		parse_many("<list " NS ">", "<resource uri='a'/>", RLMI_RESOURCES_MAX, "</list>"),
		0);
	assert_int_equal(parse_many("<list " NS ">", "<resource uri='a'/>", RLMI_RESOURCES_MAX + 1,
				    "</list>"),
			 E2BIG);
	assert_int_equal(parse_many("<list " NS "><resource uri='a'>", "<instance/>",
				    RLMI_INSTANCES_MAX, "</resource></list>"),
			 0);
	assert_int_equal(parse_many("<list " NS "><resource uri='a'>", "<instance/>",
				    RLMI_INSTANCES_MAX + 1, "</resource></list>"),
			 E2BIG);
	assert_int_equal(rlmi_parse(text, strlen(text), strlen(text) - 1, &rlmi), E2BIG);
	assert_null(rlmi.uri);
}

/* A URI beyond its limit is no resource. */
static void leaves_out_long_uris(void **state)
{
	struct rlmi rlmi = {0};
	struct buf text = BUF_INIT;

	(void)state;
	buf_puts(&text, "<list " NS "><resource uri='sip:");
	for (int i = 0; i < RLMI_URI_MAX; i++)
		buf_putc(&text, 'a');
	buf_puts(&text, "'/><resource uri='sip:b@h'/></list>");
	assert_int_equal(rlmi_parse(text.data, text.len, 65536, &rlmi), 0);
	assert_int_equal(rlmi.count, 1);
	assert_string_equal(rlmi.resources[0].uri, "sip:b@h");
	rlmi_clear(&rlmi);
	buf_free(&text);
}

/* [EVT-068] As the schema has it: reason is there when terminated, and only then. */
static void writes_documents(void **state)
{
	static const char read[] =
		"<list " NS " uri='sip:l@h' version='7'><name>L</name><resource uri='sip:a@h'>"
		"<name>A &amp; &lt;B></name><instance id='x' state='active' cid='1@h'/></resource>"
		"<resource uri='sip:b@h'><instance id='y' state='terminated' reason='rejected'/>"
		"<instance id='z' state='terminated'/><instance id='p' state='pending' "
		"reason='rejected'/></resource><resource uri='sip:c@h'/></list>";
	struct rlmi rlmi = {0};
	struct buf text = BUF_INIT;
	struct buf line = BUF_INIT;
	struct rlmi back = {0};

	(void)state;
	assert_int_equal(rlmi_parse(read, strlen(read), 65536, &rlmi), 0);
	rlmi_format(&rlmi, &text);
	rlmi_clear(&rlmi);
	assert_string_equal(
		buf_text(&text),
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<list xmlns=\"urn:ietf:params:xml:ns:rlmi\" uri=\"sip:l@h\" version=\"7\" "
		"fullState=\"true\"><name>L</name><resource uri=\"sip:a@h\"><name>A &amp; "
		"&lt;B&gt;</name><instance id=\"x\" state=\"active\" cid=\"1@h\"/></resource>"
		"<resource uri=\"sip:b@h\"><instance id=\"y\" state=\"terminated\" "
		"reason=\"rejected\"/><instance id=\"z\" state=\"terminated\" "
		"reason=\"noresource\"/><instance id=\"p\" state=\"pending\"/></resource>"
		"<resource uri=\"sip:c@h\"/></list>");
	assert_int_equal(rlmi_parse(text.data, text.len, 65536, &back), 0);
	describe(&back, &line);
	assert_string_equal(buf_text(&line),
			    "sip:l@h 7 full 'L': sip:a@h 'A & <B>' [x active - 1@h] sip:b@h '-' "
			    "[y terminated rejected -] [z terminated noresource -] [p pending - -] "
			    "sip:c@h '-'");
	rlmi_clear(&back);
	buf_free(&text);
	buf_free(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_documents),
		cmocka_unit_test(bounds_what_it_reads),
		cmocka_unit_test(leaves_out_long_uris),
		cmocka_unit_test(writes_documents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
