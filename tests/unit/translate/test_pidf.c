/* pidf: documents as the RFCs and the field have them, read into one line each. */
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "model/presence.h"
#include "support/check.h"
#include "translate/pidf.h"
#include "unit/translate/describe.h"

/* How a document is read: limit and Content-Language. */
#define READING(max, lang) (&(const struct pidf_reading){.max_bytes = (max), .language = (lang)})

#define PIDF        "xmlns='urn:ietf:params:xml:ns:pidf'"
#define DM          " xmlns:dm='urn:ietf:params:xml:ns:pidf:data-model'"
#define RPID        " xmlns:rpid='urn:ietf:params:xml:ns:pidf:rpid'"
#define DOC(inside) "<presence " PIDF DM RPID " entity='sip:a@b'>" inside "</presence>"
#define OPEN_TUPLE(inside)                                                                         \
	DOC("<tuple id='t'><status><basic>open</basic></status>" inside "</tuple>")
#define STATUS(inside) DOC("<tuple id='t'><status>" inside "</status></tuple>")
#define PERSON(inside)                                                                             \
	DOC("<tuple id='t'><status><basic>open</basic></status></tuple><dm:person id='p'>" inside  \
	    "</dm:person>")

static const struct {
	const char *text;
	const char *wanted;
} documents[] = {
	/* [REQ-027] [CPP-016] [PIDF-003] [PIDF-005] */
	{OPEN_TUPLE(""), "t open"},
	{"<?xml version='1.0' encoding='UTF-8'?>" OPEN_TUPLE(""), "t open"},
	/* [PIDF-004] prefix, default namespace and the printed colon are one */
	{"<p:presence xmlns:p='urn:ietf:params:xml:ns:pidf'><p:tuple id='t'><p:status><p:basic>open"
	 "</p:basic></p:status></p:tuple></p:presence>",
	 "t open"},
	{"<presence xmlns='urn:ietf:params:xml:ns:pidf:'><tuple "
	 "id='t'><status><basic>closed</basic>"
	 "</status></tuple></presence>",
	 "t closed"},
	{"<presence><tuple id='t'><status><basic>open</basic></status></tuple></presence>",
	 "t open"},
	/* [PIDF-006] [PIDF-010] [RPR-005] any order */
	{DOC("<note>u</note><dm:person/><tuple id='t'><timestamp>2024-05-06T07:08:09Z</timestamp>"
	     "<note>n</note><contact "
	     "priority='0.5'>sip:a@b</contact><status><basic>open</basic></status></tuple>"),
	 "t open 64 'n' since 1714979289000; user 'u'"},
	/* no tuple at all is a document */
	{DOC(""), ""},
	{DOC("<note>only</note>"), "; user 'only'"},
	/* [RPR-003] [PIDF-012] [PBX-001] ids are any string, or missing (RPR-003) */
	{DOC("<tuple id='1001 /@:'><status><basic>open</basic></status></tuple>"), "1001 /@: open"},
	{DOC("<tuple><status><basic>open</basic></status></tuple>"), "- open"},
	{DOC("<tuple><status><basic>open</basic></status></tuple>"
	     "<tuple id=''><status><basic>closed</basic></status></tuple>"),
	 "- open, - closed"},
	/* [REQ-054] [REQ-055] [PIDF-017] */
	{STATUS("<basic> OPEN\n</basic>"), "t open"},
	{STATUS("<basic>Closed</basic>"), "t closed"},
	{STATUS("<basic>opened</basic>"), "t unset"},
	{STATUS("<basic/>"), "t unset"},
	/* [PIDF-018] [PRES-129] */
	{STATUS(""), "t unset"},
	{DOC("<tuple id='t'/>"), "t unset"},
	/* [PIDF-014] tuples may contradict each other */
	{DOC("<tuple id='a'><status><basic>open</basic></status><contact>sip:a@b</contact></tuple>"
	     "<tuple "
	     "id='b'><status><basic>closed</basic></status><contact>sip:a@b</contact></tuple>"),
	 "a open, b closed"},
	/* [PRES-148] one id twice */
	{DOC("<tuple id='a'><status><basic>closed</basic></status><note>c</note></tuple>"
	     "<tuple id='a'><status><basic>open</basic></status><note>o</note></tuple>"),
	 "a open 'o'"},
	{DOC("<tuple id='a'><status><basic>open</basic></status><contact "
	     "priority='0.9'>sip:a@b</contact></tuple>"
	     "<tuple id='a'><status><basic>open</basic></status><contact "
	     "priority='0.2'>sip:a@b</contact><note>n</note></tuple>"),
	 "a open 115"},
	{DOC("<tuple id='a'><status/></tuple><tuple "
	     "id='a'><status><basic>closed</basic></status></tuple>"),
	 "a closed"},
	/* [PIDF-020] [PRES-133] contacts */
	{OPEN_TUPLE("<contact>\n  SIPS:a@b\n </contact>"), "t open"},
	{OPEN_TUPLE("<contact>im:a@b</contact>"), "t open"},
	{OPEN_TUPLE("<contact>pres:a@b</contact>"), "t open"},
	{OPEN_TUPLE("<contact>tel:+4930123</contact>"), "t open not-im"},
	{OPEN_TUPLE("<contact priority='1'>mailto:a@b</contact>"), "t open 127 not-im"},
	{OPEN_TUPLE("<contact/>"), "t open"},
	/* [PIDF-021] [PIDF-022] [PIDF-023] [PRES-134] */
	{OPEN_TUPLE("<contact priority='0'>sip:a@b</contact>"), "t open 0"},
	{OPEN_TUPLE("<contact priority='1.000'>sip:a@b</contact>"), "t open 127"},
	{OPEN_TUPLE("<contact priority='0.021'>sip:a@b</contact>"), "t open 3"},
	{OPEN_TUPLE("<contact priority='0.999'>sip:a@b</contact>"), "t open 126"},
	{OPEN_TUPLE("<contact priority='.5'>sip:a@b</contact>"), "t open 64"},
	{OPEN_TUPLE("<contact priority='0.800000'>sip:a@b</contact>"), "t open 102"},
	{OPEN_TUPLE("<contact priority='1.5'>sip:a@b</contact>"), "t open"},
	{OPEN_TUPLE("<contact priority='-0.5'>sip:a@b</contact>"), "t open"},
	{OPEN_TUPLE("<contact priority='0,5'>sip:a@b</contact>"), "t open"},
	{OPEN_TUPLE("<contact priority='high'>sip:a@b</contact>"), "t open"},
	{OPEN_TUPLE("<contact priority=''>sip:a@b</contact>"), "t open"},
	{OPEN_TUPLE("<contact priority='.'>sip:a@b</contact>"), "t open"},
	/* [PIDF-025] [PIDF-027] [RPR-011] [PRES-135] notes and languages */
	{OPEN_TUPLE("<note xml:lang='en'>one</note><note xml:lang='de'>eins</note>"),
	 "t open 'one'@en 'eins'@de"},
	{OPEN_TUPLE("<note>one</note><note>two</note><note xml:lang='EN'>x</note><note "
		    "xml:lang='en'>y</note>"),
	 "t open 'one' 'x'@EN"},
	{"<presence " PIDF
	 " xml:lang='fr'><tuple id='t' xml:lang='de'><status><basic>open</basic></status>"
	 "<note>eins</note><note xml:lang='en'>one</note></tuple><note>un</note></presence>",
	 "t open 'eins'@de 'one'@en; user 'un'@fr"},
	{OPEN_TUPLE("<note xml:lang='no tag'>n</note>"), "t open 'n'"},
	{OPEN_TUPLE("<note>\n  two\n  lines </note><note xml:lang='en'> </note>"),
	 "t open 'two\n  lines'"},
	{OPEN_TUPLE("<note>a &lt;b&gt; &amp; <x>no</x>c</note>"), "t open 'a <b> & c'"},
	/* [PIDF-028] */
	{OPEN_TUPLE("<timestamp>2024-05-06T09:08:09.5+02:00</timestamp>"),
	 "t open since 1714979289500"},
	{OPEN_TUPLE("<timestamp>yesterday</timestamp>"), "t open"},
	/* [REQ-030] [PIDF-043] [PIDF-040] what is unknown is passed over with all its content */
	{OPEN_TUPLE("<x xmlns='u'><basic xmlns='urn:ietf:params:xml:ns:pidf'>closed</basic></x>"),
	 "t open"},
	{STATUS("<x xmlns='u'><basic "
		"xmlns='urn:ietf:params:xml:ns:pidf'>closed</basic></x><basic>open</basic>"),
	 "t open"},
	{DOC("<x xmlns='u'><tuple xmlns='urn:ietf:params:xml:ns:pidf' id='no'/></x>"), ""},
	{OPEN_TUPLE("<basic xmlns='u'>closed</basic><note xmlns='u'>no</note>"), "t open"},
	/* [PIDF-041] [PIDF-042] mustUnderstand */
	{"<presence " PIDF " xmlns:p='urn:ietf:params:xml:ns:pidf'" DM RPID
	 "><tuple id='t'><status>"
	 "<basic>open</basic><x xmlns='u' p:mustUnderstand='1'/></status></tuple></presence>",
	 "t open"},
	{"<presence " PIDF " xmlns:p='urn:ietf:params:xml:ns:pidf'" DM RPID
	 "><tuple id='t'><status>"
	 "<basic>open</basic></status></tuple><dm:person><rpid:activities><rpid:busy/><x xmlns='u' "
	 "p:mustUnderstand='true'/></rpid:activities><dm:note>n</dm:note></dm:person></presence>",
	 "t open; person 'n'"},
	{"<presence " PIDF " xmlns:p='urn:ietf:params:xml:ns:pidf'" DM RPID "><dm:person>"
	 "<x xmlns='u' p:mustUnderstand='1'/><dm:note>n</dm:note></dm:person></presence>",
	 ""},
	{"<presence " PIDF " xmlns:p='urn:ietf:params:xml:ns:pidf'" DM RPID "><dm:person>"
	 "<x xmlns='u' p:mustUnderstand='0'><y "
	 "p:mustUnderstand='1'/></x><dm:note>n</dm:note></dm:person></presence>",
	 "; person 'n'"},
	/* [PRES-137] jabber show */
	{STATUS("<basic>open</basic><show xmlns='jabber:client'>dnd</show>"), "t open dnd"},
	{STATUS("<basic>open</basic><show xmlns='jabber:client'>busy</show>"), "t open"},
	{STATUS("<basic>open</basic><show>dnd</show>"), "t open"},
	{STATUS("<basic>open</basic><show xmlns='jabber:client'>xa</show><show "
		"xmlns='jabber:client'>chat</show>"),
	 "t open xa"},
	/* [XCP-026] [PRES-138] im:im, weaker than show */
	{STATUS("<basic>open</basic><im xmlns='urn:ietf:params:xml:ns:pidf:im'>busy</im>"),
	 "t open dnd"},
	{STATUS("<basic>open</basic><im xmlns='urn:ietf:params:xml:ns:pidf:im'>busy</im>"
		"<show xmlns='jabber:client'>away</show>"),
	 "t open away"},
	/* [PIDF-046] [D-28] [RPR-002] RPID in person, tuple and status */
	{PERSON("<rpid:activities><rpid:meeting/><rpid:on-the-phone/></rpid:activities>"),
	 "t open; person meeting on-the-phone"},
	{OPEN_TUPLE("<rpid:activities><rpid:away/></rpid:activities>"), "t open; person away"},
	{STATUS("<basic>open</basic><rpid:activities><rpid:busy/></rpid:activities>"),
	 "t open; person busy"},
	{STATUS("<basic>closed</basic><rpid:activities><rpid:busy/></rpid:activities>"),
	 "t closed"},
	/* [RPR-007] [PBX-003] [PBX-046] nothing said is nothing known */
	{PERSON("<rpid:activities/>"), "t open"},
	{DOC("<tuple id='t'><status><basic>open</basic></status></tuple><dm:person/>"), "t open"},
	/* [RPR-014] [RPR-015] [RPR-017] values */
	{PERSON("<rpid:activities>busy</rpid:activities>"), "t open"},
	{PERSON("<rpid:activities><rpid:lunch/></rpid:activities>"), "t open; person lunch"},
	{PERSON("<rpid:activities><x xmlns='u'/><busy xmlns='u'/><rpid:away/></rpid:activities>"),
	 "t open; person away"},
	{PERSON("<rpid:activities><rpid:other>gardening</rpid:other></rpid:activities>"),
	 "t open; person other; rich activity=doing_chores/gardening"},
	/* [RPR-012] planned and past ones */
	{PERSON("<rpid:activities from='2024-01-01T00:00:00Z'><rpid:meeting/></rpid:activities>"
		"<rpid:activities><rpid:away/></rpid:activities>"),
	 "t open; person away"},
	{PERSON("<rpid:activities from='2024-01-01T00:00:00Z'><rpid:meeting/></rpid:activities>"),
	 "t open; person meeting"},
	/* [RPR-004] the newest person, else the last */
	{DOC("<dm:person "
	     "id='a'><dm:note>old</dm:note><dm:timestamp>2024-05-06T07:08:09Z</dm:timestamp></"
	     "dm:person>"
	     "<dm:person "
	     "id='b'><dm:note>new</dm:note><dm:timestamp>2024-05-06T07:08:10Z</dm:timestamp></"
	     "dm:person>"
	     "<dm:person id='c'><dm:note>undated</dm:note></dm:person>"),
	 "; person 'new'"},
	{DOC("<dm:person id='a'><dm:note>first</dm:note></dm:person><dm:person "
	     "id='b'><dm:note>last</dm:note></dm:person>"),
	 "; person 'last'"},
	/* notes of the person; those of its activities when it has none */
	{PERSON("<rpid:activities><rpid:note>a</rpid:note><rpid:away/></rpid:activities>"),
	 "t open; person away 'a'; rich 'a'"},
	{PERSON("<rpid:activities><rpid:note>a</rpid:note></rpid:activities><dm:note "
		"xml:lang='en'>p</dm:note>"),
	 "t open; person 'p'@en; rich 'a'"},
	/* [RPR-029] user-input */
	{PERSON("<rpid:user-input last-input='2024-05-06T07:08:09Z' "
		"idle-threshold='600'>idle</rpid:user-input>"),
	 "t open; person idle 1714979289000"},
	{PERSON("<rpid:user-input>idle</rpid:user-input>"), "t open; person idle 0"},
	{PERSON("<rpid:user-input>active</rpid:user-input>"), "t open"},
	{OPEN_TUPLE("<rpid:user-input last-input='2024-05-06T07:08:09Z'>idle</rpid:user-input>"),
	 "t open; person idle 1714979289000"},
	{DOC("<tuple "
	     "id='a'><status><basic>open</basic></status><rpid:user-input>idle</rpid:user-input></"
	     "tuple>"
	     "<tuple "
	     "id='b'><status><basic>open</basic></status><rpid:user-input>active</"
	     "rpid:user-input></tuple>"),
	 "a open, b open"},
	{DOC("<tuple "
	     "id='a'><status><basic>open</basic></status><rpid:user-input>idle</rpid:user-input></"
	     "tuple>"
	     "<dm:person><rpid:user-input>active</rpid:user-input></dm:person>"),
	 "a open"},
	/* [RPR-031] [SEC-056] a class and whatever else is nobody's business is not shown */
	{PERSON("<rpid:class>secret</rpid:class><rpid:mood><rpid:sad/></rpid:mood><rpid:place-is>"
		"<rpid:audio><rpid:noisy/></rpid:audio></rpid:place-is>"),
	 "t open; rich audio=noisy mood=sad"},
	/* [RPR-025] [RPR-026] tuples about others and about parcels */
	{OPEN_TUPLE("<rpid:relationship><rpid:assistant/></rpid:relationship>"), ""},
	{OPEN_TUPLE("<rpid:relationship><rpid:self/></rpid:relationship>"), "t open"},
	{OPEN_TUPLE("<rpid:service-class><rpid:postal/></rpid:service-class>"), ""},
	{OPEN_TUPLE("<rpid:service-class><rpid:electronic/></rpid:service-class>"), "t open"},
	/* [RPR-001] [RPR-009] [RPR-034] devices and timed status are not the service */
	{DOC("<dm:device "
	     "id='d'><rpid:user-input>idle</rpid:user-input><dm:deviceID>urn:x</dm:deviceID></"
	     "dm:device>"),
	 ""},
	{OPEN_TUPLE("<timed-status xmlns='urn:ietf:params:xml:ns:pidf:timed-status' "
		    "from='2030-01-01T00:00:00Z'>"
		    "<basic>closed</basic><note>later</note></timed-status>"),
	 "t open"},
	/* forms of drafts that old phones still send */
	{"<presence " PIDF " xmlns:pp='urn:ietf:params:xml:ns:pidf:person' "
	 "xmlns:ep='urn:ietf:params:xml:ns:pidf:rpid:rpid-person'><pp:person><status><ep:"
	 "activities><ep:away/>"
	 "</ep:activities></status></pp:person><note>Ready</note><tuple id='7'><contact "
	 "priority='1'>sip:7@b</contact>"
	 "<status><basic>open</basic></status></tuple></presence>",
	 "7 open 127; person away; user 'Ready'"},
	{STATUS("<basic>open</basic><es:activities "
		"xmlns:es='urn:ietf:params:xml:ns:pidf:rpid:status:rpid-status'>"
		"<es:activity>busy</es:activity></es:activities>"),
	 "t open; person busy"},
	/* [PBX-004] */
	{DOC("<tuple id='1001'><status><basic>open</basic></status></tuple><tuple "
	     "id='digium-presence'><status>"
	     "<digium_presence type='dnd' subtype='x'>text</digium_presence></status></tuple>"),
	 "1001 open; person 'text'; phone unknown dnd"},
	{DOC("<tuple id='d'><status><digium_presence type='not_set'/></status></tuple>"), ""},
	/* a PBX's words are for pbx_words to judge */
	{DOC("<note>Ready</note><tuple id='1'><status><basic>open</basic></status></tuple>"),
	 "1 open; user 'Ready'"},
	{PERSON("<dm:note>Available</dm:note>"), "t open; person 'Available'"},
	/* [D-59] */
	{"<!DOCTYPE presence SYSTEM 'x.dtd'>" OPEN_TUPLE(""), "t open"},
};

static void reads_documents(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(documents); i++) {
		struct presence presence;
		struct buf line = BUF_INIT;
		const char *text = documents[i].text;

		assert_int_equal(
			pidf_parse(text, strlen(text), READING(PIDF_MAX_BYTES, NULL), &presence),
			0);
		describe_presence(&presence, 1, &line);
		if (strcmp(buf_text(&line), documents[i].wanted) != 0)
			fail_msg("%s\nis     %s\nwanted %s", text, buf_text(&line),
				 documents[i].wanted);
		buf_free(&line);
		presence_clear(&presence);
	}
}

static const struct {
	const char *text;
	int err;
} refused[] = {
	{"", EBADMSG},
	{"not xml", EBADMSG},
	{"<presence " PIDF ">", EBADMSG},
	{"<html/>", EBADMSG},
	{"<presence xmlns='jabber:client'/>", EBADMSG},
	{"<list xmlns='urn:ietf:params:xml:ns:rlmi'/>", EBADMSG},
	{"<tuple " PIDF "/>", EBADMSG},
	/* [PBX-008] xpidf is not PIDF */
	{"<?xml version=\"1.0\"?><!DOCTYPE presence PUBLIC \"-//IETF//DTD RFCxxxx XPIDF 1.0//EN\" "
	 "\"xpidf.dtd\">"
	 "<presence><presentity uri='sip:a@b'/><atom id='x'><address "
	 "uri='sip:a@b'/></atom></presence>",
	 EBADMSG},
	/* [SEC-055] [D-59] */
	{"<!DOCTYPE presence [<!ENTITY a 'x'>]>" OPEN_TUPLE("<note>&a;</note>"), EPROTO},
};

static void refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(refused); i++) {
		struct presence presence = {.device_count = 7};
		const char *text = refused[i].text;

		assert_int_equal(
			pidf_parse(text, strlen(text), READING(PIDF_MAX_BYTES, NULL), &presence),
			refused[i].err);
		assert_int_equal(presence.device_count, 0);
		assert_null(presence.devices);
	}
}

static void refuses_what_is_too_large(void **state)
{
	static const char text[] = OPEN_TUPLE("");
	struct presence presence;

	(void)state;
	assert_int_equal(
		pidf_parse(text, sizeof text - 1, READING(sizeof text - 2, NULL), &presence),
		E2BIG);
	assert_int_equal(
		pidf_parse(text, sizeof text - 1, READING(sizeof text - 1, NULL), &presence), 0);
	presence_clear(&presence);
}

/* [PIDF-027] the language of the carrier, if it is one.
 * [PRES-109] */
static void takes_the_carriers_language(void **state)
{
	static const char text[] = OPEN_TUPLE("<note>n</note><note xml:lang='de'>d</note>");
	static const struct {
		const char *language;
		const char *wanted;
	} rows[] = {
		{NULL, "t open 'n' 'd'@de"},     {"en", "t open 'n'@en 'd'@de"},
		{"en, fr", "t open 'n' 'd'@de"}, {"", "t open 'n' 'd'@de"},
		{"de", "t open 'n'@de"},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct presence presence;
		struct buf line = BUF_INIT;

		assert_int_equal(pidf_parse(text, sizeof text - 1,
					    READING(PIDF_MAX_BYTES, rows[i].language), &presence),
				 0);
		describe_presence(&presence, 1, &line);
		assert_string_equal(buf_text(&line), rows[i].wanted);
		buf_free(&line);
		presence_clear(&presence);
	}
}

/* Memory and what is kept stay bounded, whatever a document holds. */
static void keeps_no_more_than_the_limits(void **state)
{
	struct buf text = BUF_INIT;
	struct presence presence;

	(void)state;
	buf_puts(&text, "<presence " PIDF ">");
	for (int i = 0; i < 200; i++)
		buf_printf(&text,
			   "<tuple "
			   "id='t%d'><status><basic>open</basic></status><note>n</note></tuple>",
			   i);
	for (int i = 0; i < 100; i++)
		buf_printf(&text, "<note xml:lang='l%d'>n</note>", i);
	buf_puts(&text, "<note xml:lang='long'>");
	for (int i = 0; i < 2000; i++)
		buf_puts(&text, "\xC3\xBC");
	buf_puts(&text, "</note></presence>");
	assert_int_equal(pidf_parse(text.data, text.len, READING(PIDF_MAX_BYTES, NULL), &presence),
			 0);
	assert_int_equal(presence.device_count, PRESENCE_DEVICES_MAX);
	assert_int_equal(presence.notes.count, PRESENCE_NOTES_MAX);
	presence_clear(&presence);
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_documents),
		cmocka_unit_test(refuses),
		cmocka_unit_test(refuses_what_is_too_large),
		cmocka_unit_test(takes_the_carriers_language),
		cmocka_unit_test(keeps_no_more_than_the_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
