/* pidf_diff: patches of RFC 5261 on documents of RFC 5262, and the order of versions. */
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/presence.h"
#include "support/check.h"
#include "translate/pidf.h"
#include "translate/pidf_diff.h"
#include "unit/translate/describe.h"

#define SPACES                                                                                     \
	" xmlns='urn:ietf:params:xml:ns:pidf' xmlns:p='urn:ietf:params:xml:ns:pidf-diff'"          \
	" xmlns:r='urn:ietf:params:xml:ns:pidf:rpid' xmlns:d='urn:ietf:params:xml:ns:pidf:"        \
	"data-model'"
#define FULL(version, inside)                                                                      \
	"<p:pidf-full" SPACES " entity='pres:a@b' version='" version "'>" inside "</p:pidf-full>"
#define DIFF(version, inside)                                                                      \
	"<p:pidf-diff" SPACES " entity='pres:a@b' version='" version "'>" inside "</p:pidf-diff>"
#define TUPLE(id, basic) "<tuple id=\"" id "\"><status><basic>" basic "</basic></status></tuple>"

static enum pidf_diff_result apply(struct pidf_diff *diff, const char *text, struct buf *out)
{
	buf_reset(out);
	return pidf_diff_apply(diff, text, strlen(text), 65536, out);
}

/* What stands inside the root. */
static char *inside(const struct buf *text)
{
	const char *start = strchr(buf_text(text), '>');
	const char *end = strrchr(buf_text(text), '<');

	assert_non_null(start);
	assert_non_null(end);
	return end <= start ? mem_strdup("") : mem_strndup(start + 1, (size_t)(end - start - 1));
}

#define KEPT                                                                                       \
	TUPLE("a", "open")                                                                         \
	"\n " TUPLE(                                                                               \
		"b",                                                                               \
		"closed") "<note xml:lang=\"en\">one</note>"                                       \
			  "<!-- c --><note>two</note><?x y?>"                                      \
			  "<d:person id=\"p\"><r:activities><r:away/></r:activities></d:person>"
#define A TUPLE("a", "open")
#define B TUPLE("b", "closed")
#define N "<note xml:lang=\"en\">one</note><note>two</note>"
#define P "<d:person id=\"p\"><r:activities><r:away/></r:activities></d:person>"

static const struct {
	const char *ops;
	const char *wanted; /* NULL: it cannot be applied */
} patches[] = {
	{"", A "\n " B N P},
	/* [EVT-077] RFC 5262 section 3: the operations in use */
	{"<p:add sel='presence/note' pos='before'><x/></p:add>", NULL}, /* two notes */
	{"<p:add sel='presence/note[1]' pos='before'>" TUPLE("n", "open") "</p:add>",
	 A "\n " B TUPLE("n", "open") N P},
	{"<p:replace sel=\"*/tuple[@id='b']/status/basic/text()\">open</p:replace>",
	 A "\n " TUPLE("b", "open") N P},
	{"<p:remove sel='*/d:person/r:activities'/>", A "\n " B N "<d:person id=\"p\"/>"},
	/* add: last, first, before, after; several nodes; texts become one */
	{"<p:add sel='presence'><note>x</note> y</p:add>", A "\n " B N P "<note>x</note> y"},
	{"<p:add sel='/presence' pos='prepend'>\n<note>x</note></p:add>",
	 "\n<note>x</note>" A "\n " B N P},
	{"<p:add sel=\"*/tuple[@id='a']\" pos='after'>z<!-- --></p:add>", A "z\n " B N P},
	{"<p:add sel=\"*/tuple[@id='b']\" pos='before'>z</p:add>", A "\n z" B N P},
	{"<p:add sel='*/comment()' pos='after'>z</p:add>",
	 A "\n " B "<note xml:lang=\"en\">one</note>z<note>two</note>" P},
	{"<p:add sel='presence' pos='before'><x/></p:add>", NULL},
	{"<p:add sel='presence' pos='inside'><x/></p:add>", NULL},
	{"<p:add sel='*/note[1]/text()'><x/></p:add>", NULL},
	/* add an attribute */
	{"<p:add sel='*/note[2]' type='@xml:lang'>de</p:add>",
	 A "\n " B "<note xml:lang=\"en\">one</note><note xml:lang=\"de\">two</note>" P},
	{"<p:add sel='*/d:person' type='@x'>a&amp;\"b</p:add>",
	 A "\n " B N "<d:person id=\"p\" x=\"a&amp;&quot;b\"><r:activities><r:away/></r:activities>"
	   "</d:person>"},
	{"<p:add sel='*/d:person/r:activities' type='@r:from'>t</p:add>",
	 A "\n " B N "<d:person id=\"p\"><r:activities r:from=\"t\"><r:away/></r:activities>"
	   "</d:person>"},
	{"<p:add sel='*/note[2]' type='@q:x' xmlns:q='urn:q'>t</p:add>",
	 A "\n " B
	   "<note xml:lang=\"en\">one</note><note xmlns:ns0=\"urn:q\" ns0:x=\"t\">two</note>" P},
	{"<p:add sel='*/d:person' type='@id'>q</p:add>", NULL},
	{"<p:add sel='*/d:person' type='@q:x'>t</p:add>", NULL},
	{"<p:add sel='*/d:person' type='@a b'>t</p:add>", NULL},
	{"<p:add sel='*/d:person' type='@x'><y/></p:add>", NULL},
	{"<p:add sel='*/d:person' type='x'>t</p:add>", NULL},
	{"<p:add sel='*/d:person/@id' type='@x'>t</p:add>", NULL},
	/* add and use a declaration */
	{"<p:add sel='*/d:person' type='namespace::q'>urn:q</p:add>"
	 "<p:add sel='*/d:person' xmlns:q='urn:q'><q:x/></p:add>",
	 A "\n " B N "<d:person xmlns:q=\"urn:q\" id=\"p\"><r:activities><r:away/></r:activities>"
	   "<q:x/></d:person>"},
	{"<p:add sel='*/d:person' type='namespace::r'>urn:q</p:add>", NULL}, /* it is in use */
	{"<p:add sel='*/d:person' type='namespace::xml'>urn:q</p:add>", NULL},
	{"<p:add sel='*/d:person' type='namespace::a b'>urn:q</p:add>", NULL},
	{"<p:add sel='*/d:person' type='namespace::q'/>", NULL},
	{"<p:replace sel='*/namespace::r'>urn:q</p:replace>"
	 "<p:remove sel='*/d:person/q:activities/q:away' xmlns:q='urn:q'/>",
	 A "\n " B N "<d:person id=\"p\"><r:activities/></d:person>"},
	{"<p:remove sel='*/namespace::r'/>", NULL}, /* in use */
	{"<p:remove sel='*/d:person'/><p:remove sel='*/namespace::r'/>", A "\n " B N},
	{"<p:remove sel='*/namespace::q'/>", NULL},
	/* replace: an element, an attribute, text, a comment, an instruction */
	{"<p:replace sel=\"*/tuple[status/basic='x']\"><x/></p:replace>", NULL},
	{"<p:replace sel='*/tuple[2]'> " TUPLE("c", "open") "\n</p:replace>",
	 A "\n " TUPLE("c", "open") N P},
	{"<p:replace sel='*/tuple[2]'/>", NULL},
	{"<p:replace sel='*/tuple[2]'><a/><b/></p:replace>", NULL},
	{"<p:replace sel='*/tuple[2]'>text</p:replace>", NULL},
	{"<p:replace sel='*/tuple[2]/@id'>z</p:replace>", A "\n " TUPLE("z", "closed") N P},
	{"<p:replace sel='*/note[1]/@xml:lang'>fr</p:replace>",
	 A "\n " B "<note xml:lang=\"fr\">one</note><note>two</note>" P},
	{"<p:replace sel='*/note[2]/text()'/>",
	 A "\n " B "<note xml:lang=\"en\">one</note><note/>" P},
	{"<p:replace sel='*/comment()[1]'><!-- d --></p:replace>", A "\n " B N P},
	{"<p:replace sel='*/comment()[1]'><d/></p:replace>", NULL},
	{"<p:replace sel='*/processing-instruction(\"x\")'><?z?></p:replace>"
	 "<p:remove sel='*/processing-instruction(\"z\")'/>",
	 A "\n " B N P},
	{"<p:remove sel='*/processing-instruction(\"z\")'/>", NULL},
	{"<p:remove sel='*/processing-instruction()'/>", A "\n " B N P},
	/* remove, with the white space beside it */
	{"<p:remove sel=\"*/tuple[@id='a']\" ws='after'/>", B N P},
	{"<p:remove sel=\"*/tuple[@id='b']\" ws='before'/>", A N P},
	{"<p:remove sel=\"*/tuple[@id='b']\" ws='both'/>", NULL}, /* there is none behind it */
	{"<p:remove sel=\"*/tuple[@id='a']\" ws='before'/>", NULL},
	{"<p:remove sel=\"*/tuple[@id='a']\" ws='around'/>", NULL},
	{"<p:remove sel=\"*/tuple[@id='a']\"/>", "\n " B N P},
	{"<p:remove sel='*/note[1]/@xml:lang'/>", A "\n " B "<note>one</note><note>two</note>" P},
	{"<p:remove sel='*/note[1]/text()'/>",
	 A "\n " B "<note xml:lang=\"en\"/><note>two</note>" P},
	{"<p:remove sel='presence'/>", NULL},
	/* selectors */
	{"<p:remove sel=\"id('p')\"/>", A "\n " B N},
	{"<p:remove sel=\"id('a')/status/basic\"/>", "<tuple id=\"a\"><status/></tuple>\n " B N P},
	{"<p:remove sel=\"id('zz')\"/>", NULL},
	{"<p:remove sel=\"*/note[.='two']\"/>", A "\n " B "<note xml:lang=\"en\">one</note>" P},
	{"<p:remove sel=\"*/tuple[.='open']\"/>", "\n " B N P},
	{"<p:remove sel=\"*/*[3]\"/>", A "\n " B "<note>two</note>" P},
	{"<p:remove sel=\"*/note[@xml:lang='en'][1]\"/>", A "\n " B "<note>two</note>" P},
	{"<p:remove sel=\"*/note[1][@xml:lang='de']\"/>", NULL},
	{"<p:remove sel=\"*/tuple/status[basic='closed']\"/>", A "\n <tuple id=\"b\"/>" N P},
	{"<p:remove sel=\"*/tuple[ @id = 'a' ]\"/>", "\n " B N P},
	{"<q:remove sel=\"q:presence/pidf:note[2]\" xmlns:q='urn:ietf:params:xml:ns:pidf-diff' "
	 "xmlns:pidf='urn:ietf:params:xml:ns:pidf'/>",
	 NULL}, /* the root is presence of PIDF */
	{"<p:remove sel='x:presence/x:note[2]' xmlns:x='urn:ietf:params:xml:ns:pidf'/>",
	 A "\n " B "<note xml:lang=\"en\">one</note>" P},
	/* [EVT-077] a default namespace of the patch itself: names mean PIDF */
	{"<remove xmlns='urn:ietf:params:xml:ns:pidf-diff' sel='presence/note[2]'/>",
	 A "\n " B "<note xml:lang=\"en\">one</note>" P},
	{"<p:remove sel='presence/person'/>", NULL},
	{"<p:remove sel='y:presence'/>", NULL},
	{"<p:remove sel=''/>", NULL},
	{"<p:remove sel='/'/>", NULL},
	{"<p:remove sel='*/'/>", NULL},
	{"<p:remove sel='//note[2]'/>", NULL},
	{"<p:remove sel='*/note[0]'/>", NULL},
	{"<p:remove sel='*/note[99999999999999999999]'/>", NULL},
	{"<p:remove sel='*/note[2'/>", NULL},
	{"<p:remove sel='*/note[@x]'/>", NULL},
	{"<p:remove sel=\"*/note[.='two]\"/>", NULL},
	{"<p:remove sel='*/note[2]/@xml:lang/x'/>", NULL},
	{"<p:remove sel='*/note[position()=2]'/>", NULL},
	{"<p:remove sel='*/note[2]|*/note[1]'/>", NULL},
	{"<p:remove sel='*/note[1][1][1][1][1][1][1][1]'/>", A "\n " B "<note>two</note>" P},
	{"<p:remove sel='*/note[1][1][1][1][1][1][1][1][1]'/>", NULL},
	{"<p:remove/>", NULL},
	{"<p:move sel='*/note[1]'/>", NULL},
	/* what belongs to another namespace is no operation */
	{"<x/><p:remove sel='*/d:person'/>text", A "\n " B N},
	/* one after the other */
	{"<p:add sel='*'><note>three</note></p:add><p:remove sel='*/note[1]'/>"
	 "<p:replace sel='*/note[2]/text()'>four</p:replace>",
	 A "\n " B "<note>two</note>" P "<note>four</note>"},
};

static void applies_patches(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(patches); i++) {
		struct pidf_diff *diff = pidf_diff_new();
		struct buf text = BUF_INIT;
		struct buf out = BUF_INIT;
		enum pidf_diff_result result;
		char *got;

		assert_int_equal(apply(diff, FULL("1", KEPT), &out), PIDF_DIFF_APPLIED);
		buf_printf(&text, DIFF("2", "%s"), patches[i].ops);
		result = apply(diff, buf_text(&text), &out);
		got = result == PIDF_DIFF_APPLIED ? inside(&out) : NULL;
		if ((got == NULL) != (patches[i].wanted == NULL) ||
		    (got != NULL && strcmp(got, patches[i].wanted) != 0))
			fail_msg("%s: %d %s", patches[i].ops, (int)result, got == NULL ? "-" : got);
		if (got == NULL) {
			assert_int_equal(result, PIDF_DIFF_BROKEN);
			/* it is forgotten */
			assert_int_equal(apply(diff, DIFF("2", ""), &out), PIDF_DIFF_GAP);
		}
		mem_free(got);
		buf_free(&text);
		buf_free(&out);
		pidf_diff_free(&diff);
	}
}

/* [EVT-076] [EVT-077] [EVT-078] [D-23] */
static void keeps_the_order_of_versions(void **state)
{
	static const struct {
		const char *text;
		enum pidf_diff_result result;
	} steps[] = {
		{DIFF("1", ""), PIDF_DIFF_GAP}, /* nothing to patch yet */
		{FULL("1", A), PIDF_DIFF_APPLIED},
		{DIFF("2", "<p:add sel='*'><note>2</note></p:add>"), PIDF_DIFF_APPLIED},
		{DIFF("2", "<p:add sel='*'><note>2</note></p:add>"), PIDF_DIFF_STALE},
		{DIFF("1", ""), PIDF_DIFF_STALE},
		{DIFF("4", ""), PIDF_DIFF_GAP},
		{DIFF("3", ""), PIDF_DIFF_APPLIED}, /* the gap is closed all the same */
		{FULL("9", A), PIDF_DIFF_APPLIED},
		{DIFF("10", ""), PIDF_DIFF_APPLIED},
		{FULL("3", B), PIDF_DIFF_APPLIED}, /* its counter fell back */
		{DIFF("4", "<p:replace sel='*/tuple/@id'>x</p:replace>"), PIDF_DIFF_APPLIED},
		{FULL("4294967295", B), PIDF_DIFF_APPLIED},
		{DIFF("1", ""), PIDF_DIFF_STALE},
		/* no such document */
		{DIFF("0", ""), PIDF_DIFF_BAD},
		{DIFF("4294967296", ""), PIDF_DIFF_BAD},
		{DIFF("x", ""), PIDF_DIFF_BAD},
		{"<p:pidf-diff" SPACES "/>", PIDF_DIFF_BAD},
		{"<presence" SPACES " version='2'/>", PIDF_DIFF_BAD},
		{"<pidf-full version='1'/>", PIDF_DIFF_BAD},
		{"nothing", PIDF_DIFF_BAD},
	};
	struct pidf_diff *diff = pidf_diff_new();
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(steps); i++) {
		enum pidf_diff_result result = apply(diff, steps[i].text, &out);

		if (result != steps[i].result)
			fail_msg("%zu: %s: %d", i, steps[i].text, (int)result);
		assert_int_equal(out.len > 0, result == PIDF_DIFF_APPLIED);
	}
	buf_free(&out);
	pidf_diff_free(&diff);
}

static void reads_as(const struct buf *text, const char *wanted)
{
	const struct pidf_reading reading = {.max_bytes = PIDF_MAX_BYTES};
	struct presence presence;
	struct buf line = BUF_INIT;

	memset(&presence, 0, sizeof(presence));
	assert_int_equal(pidf_parse(text->data, text->len, &reading, &presence), 0);
	describe_presence(&presence, 1, &line);
	assert_string_equal(buf_text(&line), wanted);
	presence_clear(&presence);
	buf_free(&line);
}

/* [EVT-076] What comes out is read as PIDF, whatever prefixes the roots have. */
static void gives_pidf(void **state)
{
	static const char *const full[] = {
		FULL("1", A "<note>x</note>"),
		/* everything has a prefix */
		"<f:pidf-full xmlns:f='urn:ietf:params:xml:ns:pidf-diff' "
		"xmlns:i='urn:ietf:params:xml:ns:pidf' version='1'><i:tuple "
		"id='a'><i:status><i:basic>"
		"open</i:basic></i:status></i:tuple><i:note>x</i:note></f:pidf-full>",
		/* the default is that of partial presence */
		"<pidf-full xmlns='urn:ietf:params:xml:ns:pidf-diff' version='1'>"
		"<tuple xmlns='urn:ietf:params:xml:ns:pidf' "
		"id='a'><status><basic>open</basic></status>"
		"</tuple><note xmlns='urn:ietf:params:xml:ns:pidf'>x</note></pidf-full>",
	};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(full); i++) {
		struct pidf_diff *diff = pidf_diff_new();

		assert_int_equal(apply(diff, full[i], &out), PIDF_DIFF_APPLIED);
		reads_as(&out, "a open; user 'x'");
		assert_int_equal(
			apply(diff,
			      DIFF("2",
				   "<p:replace sel='*/tuple/status/basic/text()'>closed"
				   "</p:replace><p:add sel='*'><d:person><r:activities><r:away/>"
				   "</r:activities></d:person></p:add><p:remove sel='*/note'/>"),
			      &out),
			PIDF_DIFF_APPLIED);
		reads_as(&out, "a closed; person away");
		pidf_diff_free(&diff);
	}
	buf_free(&out);
}

/* [SEC-055] */
static void stays_within_bounds(void **state)
{
	struct pidf_diff *diff = pidf_diff_new();
	struct buf text = BUF_INIT;
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(apply(diff, FULL("1", A), &out), PIDF_DIFF_APPLIED);
	buf_puts(&text, "<p:pidf-diff" SPACES " version='2'>");
	for (int i = 0; i < PIDF_DIFF_OPS_MAX; i++)
		buf_puts(&text, "<p:add sel='*'><x/></p:add>");
	buf_puts(&text, "</p:pidf-diff>");
	assert_int_equal(apply(diff, buf_text(&text), &out), PIDF_DIFF_APPLIED);
	buf_reset(&text);
	buf_puts(&text, "<p:pidf-diff" SPACES " version='3'>");
	for (int i = 0; i <= PIDF_DIFF_OPS_MAX; i++)
		buf_puts(&text, "<p:add sel='*'><x/></p:add>");
	buf_puts(&text, "</p:pidf-diff>");
	assert_int_equal(apply(diff, buf_text(&text), &out), PIDF_DIFF_BROKEN);
	/* deeper and deeper */
	assert_int_equal(apply(diff, FULL("1", "<y/>"), &out), PIDF_DIFF_APPLIED);
	buf_reset(&text);
	buf_puts(&text, "<p:pidf-diff" SPACES " version='2'>");
	for (int i = 0; i < 64; i++)
		buf_printf(&text, "<p:add sel=\"id('%d')\"><y id='%d'/></p:add>", i, i + 1);
	buf_puts(&text, "</p:pidf-diff>");
	assert_int_equal(apply(diff, FULL("1", "<y id='0'/>"), &out), PIDF_DIFF_APPLIED);
	assert_int_equal(apply(diff, buf_text(&text), &out), PIDF_DIFF_BROKEN);
	/* larger than what is read */
	buf_reset(&text);
	buf_printf(&text, FULL("1", "<note>%01000d</note>"), 0);
	assert_int_equal(apply(diff, buf_text(&text), &out), PIDF_DIFF_APPLIED);
	buf_reset(&out);
	assert_int_equal(pidf_diff_apply(diff, DIFF("2", ""), strlen(DIFF("2", "")), 800, &out),
			 PIDF_DIFF_BROKEN);
	assert_int_equal(out.len, 0);
	buf_free(&text);
	buf_free(&out);
	pidf_diff_free(&diff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(applies_patches),
		cmocka_unit_test(keeps_the_order_of_versions),
		cmocka_unit_test(gives_pidf),
		cmocka_unit_test(stays_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
