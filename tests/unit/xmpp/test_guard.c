/* The guard hands on whole stanzas, exactly as they came, and nothing that breaks a rule. */
#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/limits.h"
#include "support/check.h"
#include "xmpp/guard.h"

#define HEADER                                                                                     \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "                     \
	"xmlns:stream='http://etherx.jabber.org/streams' id='x'>"

struct heard {
	struct buf forwarded; /* pieces, each with '|' behind it */
	struct buf refused;   /* kind,from,to,id,type,limit; */
	unsigned stanzas;
};

static void on_forward(const char *bytes, size_t len, const struct guard_head *head, void *arg)
{
	struct heard *heard = arg;

	buf_append(&heard->forwarded, bytes, len);
	buf_putc(&heard->forwarded, '|');
	heard->stanzas += head != NULL;
}

static const char *dash(const char *text)
{
	return text == NULL ? "-" : text;
}

static void on_refused(const struct guard_head *head, const char *limit, void *arg)
{
	struct heard *heard = arg;

	buf_printf(&heard->refused, "%s,%s,%s,%s,%s,%s;", dash(head->kind), dash(head->from),
		   dash(head->to), dash(head->id), dash(head->type), limit);
}

/* Feeds text in parts of step bytes; returns what the last call said. */
static int feed(const struct limits *limits, const char *text, size_t len, size_t step,
		struct heard *heard)
{
	static const struct guard_events events = {on_forward, on_refused};
	struct guard *guard = guard_new(limits, NULL, &events, heard);
	int error = 0;

	for (size_t at = 0; at < len && error == 0; at += step)
		error = guard_feed(guard, text + at, len - at < step ? len - at : step);
	guard_free(&guard);
	return error;
}

static void heard_clear(struct heard *heard)
{
	buf_free(&heard->forwarded);
	buf_free(&heard->refused);
	heard->stanzas = 0;
}

/* [SEC-054] [CMP-015]: the same pieces whatever the parts they arrive in */
static void forwards_exactly_what_it_read(void **state)
{
	static const char text[] = HEADER
		" \n\t<message from=\"a\"  to='b' ><body>x &amp; "
		"<![CDATA[<y>]]>\r\n</body></message >"
		"<presence/> junk <iq xmlns='jabber:client' type='get'><q xmlns='urn:q' a:b='c' "
		"xmlns:a='urn:a'/></iq><handshake/><stream:features/><other "
		"xmlns='urn:o'><a/></other>"
		"<stream:error><conflict/></stream:error><stream:error/>";
	static const char wanted[] = HEADER
		"|<message from=\"a\"  to='b' ><body>x &amp; <![CDATA[<y>]]>\r\n</body></message >|"
		"<presence/>|<iq xmlns='jabber:client' type='get'><q xmlns='urn:q' a:b='c' "
		"xmlns:a='urn:a'/></iq>|<handshake/>|<stream:error><conflict/></stream:error>|";
	struct limits limits;
	struct heard heard = {BUF_INIT, BUF_INIT, 0};

	(void)state;
	limits_defaults(&limits);
	for (size_t step = 1; step < sizeof(text); step++) {
		assert_int_equal(feed(&limits, text, sizeof(text) - 1, step, &heard), 0);
		assert_string_equal(buf_text(&heard.forwarded), wanted);
		assert_int_equal(heard.refused.len, 0);
		assert_int_equal(heard.stanzas, 3);
		heard_clear(&heard);
	}
}

struct bad {
	const char *text;
	int error;
	const char *forwarded;
};

/* [CMP-016] [SEC-053] [STRO-008] [STRO-015] */
static void refuses_what_xmpp_forbids(void **state)
{
	static const struct bad table[] = {
		{HEADER "<presence/><message></presence>", EBADMSG, HEADER "|<presence/>|"},
		{HEADER "<presence/><!-- x --><presence/>", EPROTO, HEADER "|<presence/>|"},
		{HEADER "<presence/><?x y?><presence/>", EPROTO, HEADER "|<presence/>|"},
		{HEADER "<message>&undefined;</message>", EBADMSG, HEADER "|"},
		{HEADER "<message>\x80</message>", EBADMSG, HEADER "|"},
		{HEADER "<message>&#1;</message>", EBADMSG, HEADER "|"},
		{HEADER "<message>&#xFFFF;</message>", EBADMSG, HEADER "|"},
		{HEADER "<a:message/>", EBADMSG, HEADER "|"},
		{HEADER "<message a='1' a='2'/>", EBADMSG, HEADER "|"},
		{HEADER "</stream:stream>", ESHUTDOWN, HEADER "|"},
		{HEADER "<presence/></stream:stream><presence/>", ESHUTDOWN,
		 HEADER "|<presence/>|"},
		{"<!DOCTYPE a><a/>", EPROTO, ""},
		{"<!DOCTYPE a [<!ENTITY b 'c'>]>" HEADER, EPROTO, ""},
		{"<html>", EPROTO, ""},
		{"<stream xmlns='urn:other'>", EPROTO, ""},
		{"<?xml version='1.0' encoding='UTF-16'?>", EPROTO, ""},
		{"<?xml version='1.0' encoding='ISO-8859-1'?>" HEADER, EPROTO, ""},
		{"HTTP/1.1 400 Bad Request\r\n", EBADMSG, ""},
		{"\xff\xfe<\0s\0", EBADMSG, ""},
		{"\xef\xbb\xbf" HEADER, EBADMSG, ""},
	};
	struct limits limits;
	struct heard heard = {BUF_INIT, BUF_INIT, 0};

	(void)state;
	limits_defaults(&limits);
	for (size_t i = 0; i < CHECK_COUNT(table); i++) {
		int error = feed(&limits, table[i].text, strlen(table[i].text), 1, &heard);

		if (error != table[i].error)
			fail_msg("%s: %d", table[i].text, error);
		assert_string_equal(buf_text(&heard.forwarded), table[i].forwarded);
		heard_clear(&heard);
	}
}

static void nul_is_no_text(void **state)
{
	static const char text[] = HEADER "<message>\0</message>";
	struct limits limits;
	struct heard heard = {BUF_INIT, BUF_INIT, 0};

	(void)state;
	limits_defaults(&limits);
	assert_int_equal(feed(&limits, text, sizeof(text) - 1, sizeof(text), &heard), EBADMSG);
	heard_clear(&heard);
}

static void add(struct buf *out, const char *text, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_puts(out, text);
}

enum { BYTES = 20000 };

struct bound {
	const char *what;
	const char *before;
	const char *repeated;
	const char *after;
	size_t most; /* so many are let through, one more is not */
	const char *limit;
};

/* [SEC-053]: each limit at its edge, whatever the parts; the stanza after it is untouched
 * [limit stanza_in_elements] [limit stanza_in_bytes] */
static void limits_hold_at_their_edge(void **state)
{
	static const struct bound table[] = {
		/* the message itself is an element, and the first level */
		{"elements", "<message id='i'>", "<a/>", "</message>", 99, "stanza_in_elements"},
		{"bytes", "<message id='i'>", " ", "</message>", BYTES - 26, "stanza_in_bytes"},
		{"bytes in a tag", "<message id='i'", " ", "/>", BYTES - 17, "stanza_in_bytes"},
		{"bytes in an attribute", "<message id='i'><a b='", "x", "'/></message>",
		 BYTES - 35, "stanza_in_bytes"},
	};
	struct limits limits;
	struct heard heard = {BUF_INIT, BUF_INIT, 0};

	(void)state;
	limits_defaults(&limits);
	limits.stanza_in_elements = 100;
	limits.stanza_in_bytes = BYTES;
	for (size_t i = 0; i < CHECK_COUNT(table); i++) {
		for (size_t step = 1; step <= 65536; step *= 16) {
			struct buf text = BUF_INIT;

			for (size_t more = 0; more < 2; more++) {
				buf_reset(&text);
				buf_puts(&text, HEADER);
				buf_puts(&text, table[i].before);
				add(&text, table[i].repeated, table[i].most + more);
				buf_puts(&text, table[i].after);
				buf_puts(&text, "<presence/>");
				assert_int_equal(feed(&limits, text.data, text.len, step, &heard),
						 0);
				assert_int_equal(heard.stanzas, more == 0 ? 2 : 1);
				assert_int_equal(heard.refused.len > 0, more);
				if (more == 1) {
					assert_non_null(strstr(heard.refused.data, table[i].limit));
					assert_non_null(strstr(heard.refused.data, "message,"));
				}
				assert_non_null(strstr(heard.forwarded.data, "|<presence/>|"));
				heard_clear(&heard);
			}
			buf_free(&text);
		}
	}
}

/* [limit stanza_in_depth] [limit stanza_in_attributes] */
static void depth_and_attributes(void **state)
{
	struct limits limits;
	struct heard heard = {BUF_INIT, BUF_INIT, 0};

	(void)state;
	limits_defaults(&limits);
	for (int64_t more = 0; more < 2; more++) {
		struct buf text = BUF_INIT;

		buf_puts(&text, HEADER);
		add(&text, "<message>", 1);
		add(&text, "<a>", (size_t)(limits.stanza_in_depth - 1 + more));
		add(&text, "</a>", (size_t)(limits.stanza_in_depth - 1 + more));
		buf_puts(&text, "</message><message><a");
		for (int64_t i = 0; i < limits.stanza_in_attributes + more; i++)
			buf_printf(&text, " a%d=''", (int)i);
		buf_puts(&text, "/></message><message><a");
		for (int i = 0; i < GUARD_NAMESPACES_MAX + (int)more; i++)
			buf_printf(&text, " xmlns:n%d='urn:%d'", i, i);
		buf_puts(&text, "/></message><message><a b='");
		add(&text, "x", GUARD_TEXT_MAX + (size_t)more);
		buf_puts(&text, "'/></message><message>");
		add(&text, "x", GUARD_TEXT_MAX + (size_t)more);
		buf_puts(&text, "</message>");
		assert_int_equal(feed(&limits, text.data, text.len, 1000, &heard), 0);
		assert_int_equal(heard.stanzas, more == 0 ? 5 : 0);
		buf_free(&text);
		heard_clear(&heard);
	}
}

/* What is needed for the answer is kept, unless it is absurd. */
static void tells_whom_to_answer(void **state)
{
	struct limits limits;
	struct heard heard = {BUF_INIT, BUF_INIT, 0};
	struct buf text = BUF_INIT;

	(void)state;
	limits_defaults(&limits);
	limits.stanza_in_elements = 64;
	buf_puts(&text, HEADER "<iq from='f&amp;' to='t' id='i' type='get'>");
	add(&text, "<a/>", 100);
	buf_puts(&text, "</iq><message from='");
	add(&text, "x", 4000);
	buf_puts(&text, "' id='j'>");
	add(&text, "<a/>", 100);
	buf_puts(&text, "</message><x xmlns='urn:x' from='f'>");
	add(&text, "<a/>", 100);
	buf_puts(&text, "</x>");
	assert_int_equal(feed(&limits, text.data, text.len, 100, &heard), 0);
	assert_string_equal(buf_text(&heard.refused), "iq,f&,t,i,get,stanza_in_elements;"
						      "message,-,-,j,-,stanza_in_elements;"
						      "-,f,-,-,-,stanza_in_elements;");
	buf_free(&text);
	heard_clear(&heard);
}

/* What would grow without end ends the link. */
static void endless_things_end_the_stream(void **state)
{
	struct limits limits;
	struct heard heard = {BUF_INIT, BUF_INIT, 0};
	struct buf text = BUF_INIT;

	(void)state;
	limits_defaults(&limits);
	buf_puts(&text, HEADER "<message a='");
	add(&text, "0123456789abcdef", GUARD_TOKEN_LINK / 16 + 1);
	assert_int_equal(feed(&limits, text.data, text.len, 65536, &heard), E2BIG);
	heard_clear(&heard);
	buf_reset(&text);
	buf_puts(&text, HEADER);
	add(&text, "<a>", GUARD_DEPTH_LINK);
	assert_int_equal(feed(&limits, text.data, text.len, 65536, &heard), E2BIG);
	heard_clear(&heard);
	buf_free(&text);
}

/* [STRO-012]: libstrophe reads a:from as from and xml:id as id */
static void no_attribute_comes_in_disguise(void **state)
{
	static const char *const refused[] = {
		"<message from='real@x' a:from='fake@x' xmlns:a='u'><body>x</body></message>",
		"<message xmlns:a='u' a:from='fake@x' from='real@x'><body>x</body></message>",
		"<message from='real@x' a:xmlns='jabber:client' xmlns:a='u'/>",
		"<message from='real@x' id='1' xml:id='2'/>",
		"<message from='real@x'><r xmlns='u:r' id='1' a:id='2' xmlns:a='u'/></message>",
		"<message from='real@x'><body a:xmlns='v' xmlns:a='u'/></message>",
	};
	static const char passed[] = HEADER "<message from='real@x' xml:lang='de'><r xmlns='u:r' "
					    "a:id='2' xmlns:a='u'/></message>";
	struct limits limits;
	struct heard heard = {BUF_INIT, BUF_INIT, 0};

	(void)state;
	limits_defaults(&limits);
	for (size_t i = 0; i < CHECK_COUNT(refused); i++) {
		struct buf text = BUF_INIT;

		buf_puts(&text, HEADER);
		buf_puts(&text, refused[i]);
		assert_int_equal(feed(&limits, text.data, text.len, 7, &heard), 0);
		assert_int_equal(heard.stanzas, 0);
		assert_non_null(strstr(buf_text(&heard.refused), "attribute with a prefix"));
		heard_clear(&heard);
		buf_free(&text);
	}
	assert_int_equal(feed(&limits, passed, sizeof(passed) - 1, 7, &heard), 0);
	assert_int_equal(heard.stanzas, 1);
	heard_clear(&heard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forwards_exactly_what_it_read),
		cmocka_unit_test(refuses_what_xmpp_forbids),
		cmocka_unit_test(nul_is_no_text),
		cmocka_unit_test(limits_hold_at_their_edge),
		cmocka_unit_test(depth_and_attributes),
		cmocka_unit_test(tells_whom_to_answer),
		cmocka_unit_test(endless_things_end_the_stream),
		cmocka_unit_test(no_attribute_comes_in_disguise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
