/* presence_stanza: RFC 6121 presence both ways. */
#include <stdio.h>
#include <strophe.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/presence.h"
#include "model/presence_view.h"
#include "support/check.h"
#include "translate/pidf.h"
#include "translate/presence_stanza.h"
#include "unit/translate/describe.h"

/* How a document is read: limit and Content-Language. */
#define READING(max, lang) (&(const struct pidf_reading){.max_bytes = (max), .language = (lang)})

#define PRESENCE(inside)                                                                           \
	"<presence from='j@chat.example/desk' to='r@sip.example'>" inside "</presence>"

static const struct {
	const char *text;
	const char *wanted;
} stanzas[] = {
	/* [XCP-025] [PRES-108] [CMP-025] types */
	{"<presence/>", "available open 0"},
	{"<presence type='unavailable'/>", "unavailable closed"},
	{"<presence type='subscribe'/>", "subscribe closed"},
	{"<presence type='subscribed'/>", "subscribed closed"},
	{"<presence type='unsubscribe'/>", "unsubscribe closed"},
	{"<presence type='unsubscribed'/>", "unsubscribed closed"},
	{"<presence type='probe'/>", "probe closed"},
	{"<presence type='error'/>", "error closed"},
	{"<presence type='available'/>", "invalid closed"},
	{"<presence type=''/>", "invalid closed"},
	{"<presence type='Subscribe'/>", "invalid closed"},
	/* [CMP-015] all its namespaces are one */
	{"<presence xmlns='jabber:client'><show>away</show></presence>", "available open away 0"},
	{"<presence xmlns='jabber:component:accept'><show>away</show></presence>",
	 "available open away 0"},
	{"<presence xmlns='jabber:component:accept'><show "
	 "xmlns='jabber:client'>away</show></presence>",
	 "available open away 0"},
	{"<presence><show xmlns='other'>away</show></presence>", "available open 0"},
	/* [CMP-036] [PRES-110] show */
	{PRESENCE("<show>away</show>"), "available open away 0"},
	{PRESENCE("<show>chat</show>"), "available open chat 0"},
	{PRESENCE("<show>dnd</show>"), "available open dnd 0"},
	{PRESENCE("<show>xa</show>"), "available open xa 0"},
	{PRESENCE("<show>busy</show>"), "available open 0"},
	{PRESENCE("<show/>"), "available open 0"},
	{PRESENCE("<show>xa</show><show>dnd</show>"), "available open xa 0"},
	{"<presence type='unavailable'><show>away</show><priority>3</priority></presence>",
	 "unavailable closed"},
	/* [CMP-037] priority */
	{PRESENCE("<priority>5</priority>"), "available open 5"},
	{PRESENCE("<priority> 127 </priority>"), "available open 127"},
	{PRESENCE("<priority>-128</priority>"), "available open -128"},
	{PRESENCE("<priority>-1</priority>"), "available open -1"},
	{PRESENCE("<priority>+7</priority>"), "available open 7"},
	{PRESENCE("<priority>128</priority>"), "available open 0"},
	{PRESENCE("<priority>-129</priority>"), "available open 0"},
	{PRESENCE("<priority>99999999999999999999</priority>"), "available open 0"},
	{PRESENCE("<priority>1.5</priority>"), "available open 0"},
	{PRESENCE("<priority>-</priority>"), "available open 0"},
	{PRESENCE("<priority/>"), "available open 0"},
	/* [PRES-113] [CMP-026] [CMP-040] status by language, the stanza's where it has none */
	{PRESENCE("<status>gone</status>"), "available open 0 'gone'"},
	{"<presence xml:lang='en'><status>gone</status><status "
	 "xml:lang='de'>weg</status></presence>",
	 "available open 0 'gone'@en 'weg'@de"},
	{"<presence xml:lang='en'><status>one</status><status>two</status></presence>",
	 "available open 0 'one'@en"},
	{"<presence type='unavailable'><status>bye</status></presence>",
	 "unavailable closed 'bye'"},
	{"<presence type='subscribe'><status>let me in</status></presence>",
	 "subscribe closed 'let me in'"},
	{PRESENCE("<status>a &lt;b&gt; &amp;\nc</status>"), "available open 0 'a <b> &\nc'"},
	{PRESENCE("<status/>"), "available open 0"},
	/* [X0172-1] [X0172-2] */
	{"<presence type='subscribe'><nick xmlns='http://jabber.org/protocol/nick'> Juliet\nC "
	 "</nick></presence>",
	 "subscribe closed nick 'Juliet C'"},
	{"<presence type='subscribe'><nick xmlns='http://jabber.org/protocol/nick'>\x7F</nick>"
	 "</presence>",
	 "subscribe closed"},
	{"<presence type='subscribe'><nick xmlns='http://jabber.org/protocol/nick'/></presence>",
	 "subscribe closed"},
	{"<presence type='subscribe'><nick>no</nick></presence>", "subscribe closed"},
	/* [X0319-1] */
	{PRESENCE("<idle xmlns='urn:xmpp:idle:1' since='2024-05-06T07:08:09Z'/>"),
	 "available open 0 idle 1714979289000"},
	{PRESENCE("<idle xmlns='urn:xmpp:idle:1'/>"), "available open 0 idle 0"},
	{PRESENCE("<idle xmlns='urn:xmpp:idle:0' since='2024-05-06T07:08:09Z'/>"),
	 "available open 0"},
	/* [X0256-1] seconds before the delay stamp */
	{PRESENCE("<query xmlns='jabber:iq:last' seconds='9'/>"), "available open 0 idle 0"},
	{PRESENCE("<query xmlns='jabber:iq:last' seconds='9'/><delay xmlns='urn:xmpp:delay' "
		  "stamp='2024-05-06T07:08:09Z'/>"),
	 "available open 0 since 1714979289000 idle 1714979280000"},
	{PRESENCE("<query xmlns='jabber:iq:last' seconds='0'/>"), "available open 0"},
	{PRESENCE("<query xmlns='jabber:iq:last' seconds='-5'/>"), "available open 0"},
	{PRESENCE("<query xmlns='jabber:iq:last' seconds='99999999999999999999'/>"),
	 "available open 0"},
	{PRESENCE("<query xmlns='jabber:iq:last'/>"), "available open 0"},
	/* [X0203-1] [X0203-2] */
	{PRESENCE("<delay xmlns='urn:xmpp:delay' from='chat.example' "
		  "stamp='2024-05-06T07:08:09Z'/>"),
	 "available open 0 since 1714979289000"},
	{PRESENCE("<x xmlns='jabber:x:delay' stamp='20240506T07:08:09'/>"),
	 "available open 0 since 1714979289000"},
	{PRESENCE("<delay xmlns='urn:xmpp:delay' stamp='soon'/>"), "available open 0"},
	/* [PRES-116] [CMP-019] everything else */
	{PRESENCE("text<c xmlns='http://jabber.org/protocol/caps' node='n' ver='v'/>"
		  "<x xmlns='vcard-temp:x:update'><photo/></x><x "
		  "xmlns='http://jabber.org/protocol/muc'/>"),
	 "available open 0"},
};

static void reads_stanzas(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(stanzas); i++) {
		xmpp_stanza_t *tree = stanza_from_text(stanzas[i].text);
		struct presence_stanza stanza;
		struct buf line = BUF_INIT;

		presence_stanza_read(tree, 0, &stanza);
		describe_presence_stanza(&stanza, &line);
		if (strcmp(buf_text(&line), stanzas[i].wanted) != 0)
			fail_msg("%s\nis     %s\nwanted %s", stanzas[i].text, buf_text(&line),
				 stanzas[i].wanted);
		buf_free(&line);
		presence_stanza_clear(&stanza);
		xmpp_stanza_release(tree);
	}
}

static void reads_addresses(void **state)
{
	xmpp_stanza_t *tree = stanza_from_text("<presence from='a@b/c' to='d@e' id='i'/>");
	struct presence_stanza stanza;

	(void)state;
	presence_stanza_read(tree, 0, &stanza);
	assert_string_equal(stanza.from, "a@b/c");
	assert_string_equal(stanza.to, "d@e");
	assert_string_equal(stanza.id, "i");
	assert_null(stanza.device.id);
	presence_stanza_clear(&stanza);
	xmpp_stanza_release(tree);
	tree = stanza_from_text("<presence/>");
	presence_stanza_read(tree, 0, &stanza);
	assert_null(stanza.from);
	assert_null(stanza.to);
	assert_null(stanza.id);
	presence_stanza_clear(&stanza);
	xmpp_stanza_release(tree);
}

static void is_bounded(void **state)
{
	struct buf text = BUF_INIT;
	struct presence_stanza stanza;
	xmpp_stanza_t *tree;

	(void)state;
	buf_puts(&text, "<presence><nick xmlns='http://jabber.org/protocol/nick'>");
	for (int i = 0; i < 400; i++)
		buf_puts(&text, "\xC3\xBC");
	buf_puts(&text, "</nick>");
	for (int i = 0; i < 40; i++)
		buf_printf(&text, "<status xml:lang='l%d'>s</status>", i);
	buf_puts(&text, "</presence>");
	tree = stanza_from_text(text.data);
	presence_stanza_read(tree, 0, &stanza);
	assert_int_equal(strlen(stanza.nick), 256);
	assert_int_equal(stanza.device.notes.count, PRESENCE_NOTES_MAX);
	presence_stanza_clear(&stanza);
	xmpp_stanza_release(tree);
	buf_free(&text);
}

static void written_is(const struct buf *out, const char *wanted)
{
	assert_string_equal(buf_text(out), wanted);
}

static void writes_types(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	presence_stanza_write(&out, PRESENCE_SUBSCRIBE, "a@b", "c@d", "i1", "hello & <hi>",
			      "Ann \"A\"");
	written_is(&out,
		   "<presence from=\"a@b\" to=\"c@d\" id=\"i1\" type=\"subscribe\">"
		   "<status>hello &amp; &lt;hi&gt;</status>"
		   "<nick xmlns=\"http://jabber.org/protocol/nick\">Ann \"A\"</nick></presence>");
	buf_reset(&out);
	presence_stanza_write(&out, PRESENCE_AVAILABLE, "a@b/sip", "c@d", NULL, NULL, NULL);
	written_is(&out, "<presence from=\"a@b/sip\" to=\"c@d\"/>");
	buf_reset(&out);
	presence_stanza_write(&out, PRESENCE_PROBE, "a@b", "c@d", NULL, NULL, NULL);
	written_is(&out, "<presence from=\"a@b\" to=\"c@d\" type=\"probe\"/>");
	buf_free(&out);
}

static void put_note(struct presence_view *view, const char *lang, const char *text)
{
	view->texts[view->text_count++] = (struct view_text){.lang = lang, .note = text};
}

/* [PRES-128] [PRES-130] [PRES-135] [PRES-137] [PRES-140] */
static void writes_a_view(void **state)
{
	struct presence_view view = {.available = true,
				     .show = SHOW_AWAY,
				     .priority = 102,
				     .idle = true,
				     .idle_since_ms = INT64_C(1714979289000)};
	struct buf out = BUF_INIT;

	(void)state;
	put_note(&view, "en", "at lunch");
	put_note(&view, "", "zu Tisch");
	presence_stanza_write_view(&out, "a@b/sip", "c@d", "i", &view);
	written_is(&out,
		   "<presence from=\"a@b/sip\" to=\"c@d\" id=\"i\"><show>away</show>"
		   "<priority>102</priority><status xml:lang=\"en\">at lunch</status>"
		   "<status>zu Tisch</status>"
		   "<idle xmlns=\"urn:xmpp:idle:1\" since=\"2024-05-06T07:08:09Z\"/></presence>");
	buf_free(&out);
}

/* [PRES-139] [CMP-036] */
static void unavailable_has_no_show_or_priority(void **state)
{
	struct presence_view view = {
		.show = SHOW_AWAY, .priority = 5, .idle = true, .idle_since_ms = 9};
	struct buf out = BUF_INIT;

	(void)state;
	put_note(&view, "", "bye");
	presence_stanza_write_view(&out, "a@b/sip", "c@d", NULL, &view);
	written_is(&out, "<presence from=\"a@b/sip\" to=\"c@d\" type=\"unavailable\">"
			 "<status>bye</status></presence>");
	buf_free(&out);
}

/* [D-30] [XCP-035] never negative; unset is absent; no idle without a time. */
static void priority_is_never_negative(void **state)
{
	static const struct {
		int priority;
		const char *wanted;
	} rows[] = {
		{PRESENCE_PRIORITY_UNSET, "<presence from=\"a\" to=\"b\"/>"},
		{-1, "<presence from=\"a\" to=\"b\"/>"},
		{0, "<presence from=\"a\" to=\"b\"><priority>0</priority></presence>"},
		{500, "<presence from=\"a\" to=\"b\"><priority>127</priority></presence>"},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct presence_view view = {
			.available = true, .priority = rows[i].priority, .idle = true};
		struct buf out = BUF_INIT;

		presence_stanza_write_view(&out, "a", "b", NULL, &view);
		written_is(&out, rows[i].wanted);
		buf_free(&out);
	}
}

/* [REQ-060] */
static void what_is_written_is_read_back(void **state)
{
	struct presence_view view = {.available = true,
				     .show = SHOW_XA,
				     .priority = 7,
				     .idle = true,
				     .idle_since_ms = INT64_C(1714979289123)};
	struct presence_stanza stanza;
	struct buf out = BUF_INIT;
	xmpp_stanza_t *tree;

	(void)state;
	put_note(&view, "en", "a <b> & \"c\" 'd' ]]>\n\xE2\x98\x95");
	put_note(&view, "", "plain");
	presence_stanza_write_view(&out, "a@b/sip", "c@d", NULL, &view);
	tree = stanza_from_text(out.data);
	presence_stanza_read(tree, 0, &stanza);
	assert_int_equal(stanza.type, PRESENCE_AVAILABLE);
	assert_int_equal(stanza.device.show, SHOW_XA);
	assert_int_equal(stanza.device.priority, 7);
	assert_int_equal(stanza.device.notes.count, 2);
	assert_string_equal(stanza.device.notes.items[0].text, view.texts[0].note);
	assert_string_equal(stanza.device.notes.items[1].text, "plain");
	assert_true(stanza.device.idle && stanza.device.idle_since_ms == view.idle_since_ms);
	presence_stanza_clear(&stanza);
	xmpp_stanza_release(tree);
	buf_free(&out);
}

#define PIDF_NS "xmlns='urn:ietf:params:xml:ns:pidf'"

/* [SEC-035] [SEC-056] [REQ-074] [REQ-080]: what a phone's document tells of the device, its address
 * and its place ends here: no word of it is in the stanza. [XCP-034] */
static void nothing_private_comes_from_sip(void **state)
{
	static const char text[] =
		"<presence " PIDF_NS " xmlns:dm='urn:ietf:params:xml:ns:pidf:data-model'"
		" xmlns:gp='urn:ietf:params:xml:ns:pidf:geopriv10' entity='sip:1001@192.0.2.66'>"
		"<tuple "
		"id='private-T46'><status><basic>open</basic><gp:geopriv>private</gp:geopriv>"
		"</status><contact "
		"priority='1'>sip:private@192.0.2.66:5062;device=private</contact>"
		"<note>here</note><x xmlns='urn:private' y='private'>private</x></tuple>"
		"<dm:device id='private'><dm:deviceID>mac:private</dm:deviceID></dm:device>"
		"<dm:person id='private'><x xmlns='urn:private'>private</x></dm:person></presence>";
	struct presence presence;
	struct presence_view view;
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(
		pidf_parse(text, sizeof(text) - 1, READING(PIDF_MAX_BYTES, NULL), &presence), 0);
	presence_view_make(&presence, NULL, &view);
	presence_stanza_write_view(&out, "1001@b/sip", "c@d", NULL, &view);
	written_is(&out, "<presence from=\"1001@b/sip\" to=\"c@d\"><priority>127</priority>"
			 "<status>here</status></presence>");
	presence_clear(&presence);
	buf_free(&out);
}

/* [SEC-035] [SEC-056]: nor does a chat client's name, software, place or tune reach a phone. */
static void nothing_private_comes_from_xmpp(void **state)
{
	static const unsigned char key[16] = "0123456789abcdef";
	const struct pidf_params params = {.entity = "sip:j@b", .contact = "sip:j@b", .key = key};
	xmpp_stanza_t *tree = stanza_from_text(
		"<presence from='j@b/private laptop' to='r@sip.example'><status>here</status>"
		"<c xmlns='http://jabber.org/protocol/caps' node='urn:private' ver='private'/>"
		"<geoloc xmlns='http://jabber.org/protocol/geoloc'><lat>private</lat></geoloc>"
		"<x xmlns='urn:private'>private</x></presence>");
	struct presence presence = {0};
	struct presence_stanza stanza;
	struct device *device;
	struct buf out = BUF_INIT;

	(void)state;
	presence_stanza_read(tree, 0, &stanza);
	device = presence_add_device(&presence, "private laptop");
	device->basic = stanza.device.basic;
	device->notes = stanza.device.notes;
	memset(&stanza.device.notes, 0, sizeof(stanza.device.notes));
	pidf_format(&presence, &params, &out);
	assert_non_null(strstr(out.data, "<note>here</note>"));
	assert_null(strstr(out.data, "private"));
	presence_stanza_clear(&stanza);
	presence_clear(&presence);
	buf_free(&out);
	xmpp_stanza_release(tree);
}

static void check_sample(const char *path, void *arg)
{
	size_t *count = arg;
	size_t len;
	char *text = read_test_file(path, &len);
	char *expected = read_test_file("samples/stanzas.expected", &len);
	xmpp_stanza_t *tree = stanza_from_text(text);
	struct presence_stanza stanza;
	struct buf line = BUF_INIT;

	if (strcmp(xmpp_stanza_get_name(tree), "presence") == 0) {
		presence_stanza_read(tree, 0, &stanza);
		buf_printf(&line, "\n%s: ", path);
		describe_presence_stanza(&stanza, &line);
		buf_putc(&line, '\n');
		if (strstr(expected, buf_text(&line)) == NULL)
			fail_msg("not expected: %s", buf_text(&line));
		presence_stanza_clear(&stanza);
		(*count)++;
	}
	buf_free(&line);
	xmpp_stanza_release(tree);
	mem_free(text);
	mem_free(expected);
}

static void reads_every_sample(void **state)
{
	size_t count = 0;

	(void)state;
	(void)each_test_file("samples/xmpp", check_sample, &count);
	assert_true(count > 15);
}

/* [X0256-1] seconds before it was sent: now, or by its delay stamp. In whole seconds, so that the
 * same words at another time of the same second are the same. [X0319-1] says it better. */
static void idle_since_seconds(void **state)
{
	static const struct {
		const char *text;
		int64_t now_ms;
		int64_t wanted_ms;
	} rows[] = {
		{PRESENCE("<query xmlns='jabber:iq:last' seconds='9'/>"), 1714979289999,
		 1714979280000},
		{PRESENCE("<query xmlns='jabber:iq:last' seconds='9'/><delay "
			  "xmlns='urn:xmpp:delay' stamp='2024-05-06T07:08:09Z'/>"),
		 1714979389999, 1714979280000},
		{PRESENCE("<query xmlns='jabber:iq:last' seconds='9'/>"
			  "<idle xmlns='urn:xmpp:idle:1' since='2024-05-06T07:08:09Z'/>"),
		 1714979389999, 1714979289000},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		xmpp_stanza_t *tree = stanza_from_text(rows[i].text);
		struct presence_stanza stanza;

		presence_stanza_read(tree, rows[i].now_ms, &stanza);
		assert_true(stanza.device.idle);
		assert_int_equal(stanza.device.idle_since_ms, rows[i].wanted_ms);
		presence_stanza_clear(&stanza);
		xmpp_stanza_release(tree);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_stanzas),
		cmocka_unit_test(reads_addresses),
		cmocka_unit_test(idle_since_seconds),
		cmocka_unit_test(is_bounded),
		cmocka_unit_test(writes_types),
		cmocka_unit_test(writes_a_view),
		cmocka_unit_test(unavailable_has_no_show_or_priority),
		cmocka_unit_test(priority_is_never_negative),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(nothing_private_comes_from_sip),
		cmocka_unit_test(nothing_private_comes_from_xmpp),
		cmocka_unit_test(reads_every_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
