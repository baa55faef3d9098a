/* presence_body, xpidf and pbx_words: bodies by their type and peer, read into one line each. */
#include "translate/presence_body.h"

#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/presence.h"
#include "model/profile.h"
#include "support/check.h"
#include "translate/dialog_info.h"
#include "translate/pidf.h"
#include "unit/translate/describe.h"

#define PIDF  "application/pidf+xml"
#define XPIDF "application/xpidf+xml"
#define CPIM  "application/cpim-pidf+xml"
#define DOC(inside)                                                                                \
	"<presence xmlns='urn:ietf:params:xml:ns:pidf' "                                           \
	"xmlns:dm='urn:ietf:params:xml:ns:pidf:data-model' "                                       \
	"xmlns:rpid='urn:ietf:params:xml:ns:pidf:rpid' entity='sip:a@b'>" inside "</presence>"
#define TUPLE(basic) "<tuple id='t'><status><basic>" basic "</basic></status></tuple>"
#define CALL         "<rpid:activities><rpid:on-the-phone/></rpid:activities>"
#define PERSON(x)    DOC(TUPLE("open") "<dm:person>" x "</dm:person>")
#define NOTE(x)      "<dm:note>" x "</dm:note>"
#define USER(note, person)                                                                         \
	DOC("<note>" note "</note>" TUPLE("open") "<dm:person>" person "</dm:person>")
#define DIGIUM(attributes, text)                                                                   \
	DOC("<note>Ready</note>" TUPLE("open") "<dm:person/><tuple id='digium-presence'><status>"  \
					       "<digium_presence " attributes ">" text             \
					       "</digium_presence></status></tuple>")
#define ATOM(status, substatus)                                                                    \
	"<presence><presentity uri='sip:a@b;method=SUBSCRIBE'/><atom id='1001'>"                   \
	"<address uri='sip:x@y;user=ip' priority='0.80000'><status status='" status                \
	"'/><msnsubstatus substatus='" substatus "'/></address></atom></presence>"

static const struct {
	const char *profile;
	const char *type;
	const char *text;
	const char *wanted;
} bodies[] = {
	/* [D-27] [PBX-002] Asterisk: the note decides, before the activity */
	{"asterisk", PIDF, USER("Ready", ""), "t open; phone idle"},
	{"asterisk", PIDF, USER("Ringing", CALL), "t open; phone ringing"},
	{"asterisk", PIDF, USER("On the phone", CALL), "t open; phone in-call"},
	{"asterisk", PIDF, USER("On hold", CALL), "t open; phone on-hold"},
	{"asterisk", PIDF, DOC("<note>Unavailable</note>" TUPLE("closed")), "t closed; phone idle"},
	/* without the word the activity does; what else is there stays */
	{"asterisk", PIDF, USER("In Gespr&#228;ch", CALL),
	 "t open; user 'In Gespräch'; phone in-call"},
	{"asterisk", PIDF, PERSON(CALL), "t open; phone in-call"},
	/* [PBX-058] the RFC's form, with the quirk on */
	{"asterisk", PIDF,
	 PERSON("<rpid:activities><rpid:meeting/></rpid:activities>" NOTE("back at 3")),
	 "t open; person meeting 'back at 3'"},
	{"asterisk", PIDF, PERSON("<dm:note xml:lang='en'>Ready</dm:note>"),
	 "t open; person 'Ready'@en"},
	{"asterisk", PIDF, USER("Ready to go", ""), "t open; user 'Ready to go'"},
	/* a device's own note is not the PBX's */
	{"asterisk", PIDF,
	 DOC("<tuple id='t'><status><basic>open</basic></status><note>Ready</note></tuple>"),
	 "t open 'Ready'"},

	/* [PBX-028] [PBX-029] FreeSWITCH; the number is never in the note */
	{"freeswitch", PIDF, PERSON(NOTE("Available")), "t open; phone idle"},
	{"freeswitch", PIDF, PERSON(CALL NOTE("Ring 1001")), "t open; phone ringing '1001'"},
	{"freeswitch", PIDF, PERSON(CALL NOTE("Call 1001")), "t open; phone dialling '1001'"},
	{"freeswitch", PIDF, PERSON(CALL NOTE("Talk 1001")), "t open; phone in-call '1001'"},
	{"freeswitch", PIDF, PERSON(CALL NOTE("Hold 1001")), "t open; phone on-hold '1001'"},
	{"freeswitch", PIDF, PERSON(CALL NOTE("Ring")), "t open; phone ringing"},
	{"freeswitch", PIDF, PERSON(CALL NOTE("Call")), "t open; phone dialling"},
	{"freeswitch", PIDF, PERSON(CALL NOTE("Hold")), "t open; phone on-hold"},
	{"freeswitch", PIDF, PERSON(CALL NOTE("hold")), "t open; phone on-hold"},
	{"freeswitch", PIDF, PERSON(CALL NOTE("On The Phone")), "t open; phone in-call"},
	/* the same words of a person who is in no call, or says more */
	{"freeswitch", PIDF, PERSON(NOTE("Call me")), "t open; person 'Call me'"},
	{"freeswitch", PIDF, PERSON(NOTE("Hold")), "t open; person 'Hold'"},
	{"freeswitch", PIDF, PERSON(CALL NOTE("Talk to me later")),
	 "t open; person on-the-phone 'Talk to me later'"},
	{"freeswitch", PIDF, PERSON(CALL NOTE("On the phone")),
	 "t open; person on-the-phone 'On the phone'"},
	{"freeswitch", PIDF, PERSON(NOTE("available")), "t open; person 'available'"},
	{"freeswitch", PIDF, PERSON(CALL), "t open; person on-the-phone"},
	{"freeswitch", PIDF, PERSON(NOTE("Ready")), "t open; person 'Ready'"},

	/* no words: they are what a person said; Kamailio's made-up tuple is nobody [PBX-046] */
	{"generic", PIDF, USER("Ready", CALL), "t open; person on-the-phone; user 'Ready'"},
	{"kamailio", PIDF, PERSON(NOTE("Available")), "t open; person 'Available'"},
	{"kamailio", PIDF,
	 DOC("<tuple id='615293b33c62dec073e05d9421e9f48b'><status><basic>open</basic></status>"
	     "</tuple><dm:person id='1'><rpid:activities/>" NOTE("Available") "</dm:person>"),
	 "615293b33c62dec073e05d9421e9f48b open"},

	/* [PBX-004] [D-27] the state that the user has set at Asterisk */
	{"asterisk", PIDF, DIGIUM("type='dnd'", ""), "t open; phone idle dnd"},
	{"asterisk", PIDF, DIGIUM("type='dnd'", "Do not call"),
	 "t open; person 'Do not call'; phone idle dnd"},
	{"asterisk", PIDF, DIGIUM("type='away' subtype='lunch'", "Back at 14:00"),
	 "t open away; person 'Back at 14:00'; phone idle"},
	{"asterisk", PIDF, DIGIUM("type='away' subtype='lunch'", ""),
	 "t open away; person 'lunch'; phone idle"},
	{"asterisk", PIDF, DIGIUM("type='xa'", ""), "t open xa; phone idle"},
	{"asterisk", PIDF, DIGIUM("type='chat'", ""), "t open chat; phone idle"},
	{"asterisk", PIDF, DIGIUM("type='available'", "x"), "t open; person 'x'; phone idle"},
	{"asterisk", PIDF, DIGIUM("type='unavailable'", ""), "t closed; phone idle"},
	{"asterisk", PIDF, DIGIUM("type='not_set' subtype='x'", "x"), "t open; phone idle"},
	{"asterisk", PIDF, DIGIUM("", "x"), "t open; phone idle"},
	{"asterisk", PIDF, DIGIUM("type='partying'", ""), "t open; phone idle"},
	/* the device decides about basic, the user's own show comes first */
	{"asterisk", PIDF,
	 DOC(TUPLE("closed") "<tuple id='d'><status><digium_presence type='away'/></status>"
			     "</tuple>"),
	 "t closed"},
	{"asterisk", PIDF,
	 DOC("<tuple id='d'><status><digium_presence type='away'/></status></tuple><tuple id='t'>"
	     "<status><basic>open</basic><show xmlns='jabber:client'>dnd</show></status></tuple>"),
	 "t open dnd"},
	/* in a tuple that is a device */
	{"generic", PIDF,
	 DOC("<tuple id='t'><status><basic>open</basic><digium_presence type='xa'/></status>"
	     "</tuple>"),
	 "t open xa"},

	/* [PBX-008] xpidf */
	{"asterisk", XPIDF, ATOM("open", "online"), "1001 open"},
	{"asterisk", XPIDF, ATOM("inuse", "onthephone"), "1001 open; phone in-call"},
	{"asterisk", XPIDF, ATOM("closed", "offline"), "1001 closed"},
	{"generic", XPIDF, ATOM("inuse", "onthephone"), "1001 open; person on-the-phone"},
	{"generic", XPIDF, ATOM("open", "away"), "1001 open; person away"},
	{"generic", XPIDF, ATOM("open", "meeting"), "1001 open; person meeting"},
	{"generic", XPIDF, ATOM("open", "berightback"), "1001 open away"},
	{"generic", XPIDF, ATOM("open", "idle"), "1001 open away"},
	{"generic", XPIDF, ATOM("open", "outtolunch"), "1001 open away; person lunch"},
	{"generic", XPIDF, ATOM("inactive", ""), "1001 open away"},
	{"generic", XPIDF, ATOM(" OPEN ", "x"), "1001 open"},
	{"generic", XPIDF, ATOM("x", "offline"), "1001 closed"},
	{"generic", XPIDF, ATOM("open", "offline"), "1001 open"},
	{"generic", XPIDF, ATOM("closed", "onthephone"), "1001 closed"},
	{"generic", XPIDF, "<presence><presentity uri='sip:a@b'/></presence>", ""},
	{"generic", XPIDF,
	 "<presence><note>n</note><atom id='1'><address><status status='closed'/></address>"
	 "<address><status status='open'/></address><note>at home</note></atom>"
	 "<atom id='1'><address><status status='closed'/></address></atom><atom/></presence>",
	 "1 open 'at home', - unset; user 'n'"},
	/* [PBX-030] [FSW-6] with a DOCTYPE; its status is open although nobody is registered */
	{"freeswitch", XPIDF,
	 "<?xml version=\"1.0\"?>\n<!DOCTYPE presence PUBLIC \"-//IETF//DTD RFCxxxx XPIDF "
	 "1.0//EN\" \"xpidf.dtd\">\n<presence><status><note>Unregistered</note></status>"
	 "<presentity uri='sip:1002@b;method=SUBSCRIBE'/><atom id='sip:1002@b'><address "
	 "uri='sip:m@b;user=ip'><status status='open'/><msnsubstatus substatus='online'/>"
	 "</address></atom></presence>",
	 "sip:1002@b closed; phone idle"},
	{"freeswitch", XPIDF,
	 "<presence><status><note>Ring 1001</note></status><atom id='a'><address><status "
	 "status='open'/><msnsubstatus substatus='onthephone'/></address></atom></presence>",
	 "a open; phone ringing '1001'"},
	/* each under the other's type */
	{"asterisk", CPIM, ATOM("open", "online"), "1001 open"},
	{"generic", CPIM, DOC(TUPLE("open")), "t open"},
	{"generic", XPIDF, DOC(TUPLE("open")), "t open"},
	{"generic", PIDF, ATOM("open", "online"), "1001 open"},

	/* [PIDF-001] the charset parameter; [SIP-112] what the prolog says of UTF-8 is not believed
	 */
	{"generic", "Application/PIDF+XML ;charset=\"UTF-8\"", PERSON(NOTE("\xC3\xBC")),
	 "t open; person '\xC3\xBC'"},
	{"generic", PIDF ";charset=iso-8859-1", PERSON(NOTE("\xFC")), "t open; person '\xC3\xBC'"},
	{"generic", PIDF ";x=y; Charset=ISO-8859-15",
	 "<?xml version='1.0' encoding='UTF-8'?>" PERSON(NOTE("\xA4")),
	 "t open; person '\xE2\x82\xAC'"},
	{"generic", PIDF, "<?xml version='1.0' encoding='ISO-8859-1'?>" PERSON(NOTE("\xC3\xBC")),
	 "t open; person '\xC3\xBC'"},
	{"generic", PIDF, "<?xml version='1.0' encoding='ISO-8859-1'?>" PERSON(NOTE("\xFC")),
	 "t open; person '\xC3\xBC'"},
	{"generic", PIDF, "\xEF\xBB\xBF" PERSON(NOTE("x")), "t open; person 'x'"},
};

static const struct pidf_reading reading = {.max_bytes = PIDF_MAX_BYTES};

static void reads_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(bodies); i++) {
		struct presence presence;
		struct buf line = BUF_INIT;
		int err =
			presence_body_parse(bodies[i].type, bodies[i].text, strlen(bodies[i].text),
					    &reading, profile_find(bodies[i].profile), &presence);

		describe_presence(&presence, 1, &line);
		if (err != 0 || strcmp(buf_text(&line), bodies[i].wanted) != 0)
			fail_msg("%s %s\nis     %s (%d)\nwanted %s", bodies[i].profile,
				 bodies[i].text, buf_text(&line), err, bodies[i].wanted);
		buf_free(&line);
		presence_clear(&presence);
	}
}

/* [PIDF-001] UTF-16, by its name or its mark. */
static void reads_utf16(void **state)
{
	static const char text[] = DOC(TUPLE("open") "<note>n</note>");
	static const char *const types[] = {PIDF, PIDF ";charset=utf-16"};
	struct buf wide = BUF_INIT;

	(void)state;
	buf_append(&wide, "\xFE\xFF", 2);
	for (size_t i = 0; i < sizeof text - 1; i++) {
		buf_putc(&wide, '\0');
		buf_putc(&wide, text[i]);
	}
	for (size_t i = 0; i < CHECK_COUNT(types); i++) {
		struct presence presence;
		struct buf line = BUF_INIT;

		assert_int_equal(presence_body_parse(types[i], wide.data, wide.len, &reading,
						     profile_find("generic"), &presence),
				 0);
		describe_presence(&presence, 0, &line);
		assert_string_equal(buf_text(&line), "t open; user 'n'");
		buf_free(&line);
		presence_clear(&presence);
	}
	buf_free(&wide);
}

static void refuses(void **state)
{
	static const struct {
		const char *type;
		const char *text;
		int err;
	} rows[] = {
		{NULL, DOC(""), ENOTSUP},
		{"", DOC(""), ENOTSUP},
		{"text/plain", DOC(""), ENOTSUP},
		{"application/dialog-info+xml", DOC(""), ENOTSUP},
		{PIDF ";charset=x-klingon", DOC(""), ENOTSUP},
		{PIDF ";charset=utf-16", DOC(""), EBADMSG},
		{PIDF, "", EBADMSG},
		{PIDF, "<presence/>", EBADMSG},
		{XPIDF, "<presence xmlns='jabber:client'><atom/></presence>", EBADMSG},
		{XPIDF, "<presence><atom></presence>", EBADMSG},
		{XPIDF, "<!DOCTYPE presence [<!ENTITY a 'x'>]><presence><atom/></presence>",
		 EPROTO},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct presence presence = {.device_count = 7};

		assert_int_equal(presence_body_parse(rows[i].type, rows[i].text,
						     strlen(rows[i].text), &reading,
						     profile_find("generic"), &presence),
				 rows[i].err);
		assert_int_equal(presence.device_count, 0);
		assert_null(presence.devices);
	}
}

static void measures_the_bytes_on_the_wire(void **state)
{
	static const char text[] = ATOM("open", "online");
	struct pidf_reading exact = {.max_bytes = sizeof text - 2};
	struct presence presence;

	(void)state;
	assert_int_equal(presence_body_parse(XPIDF, text, sizeof text - 1, &exact,
					     profile_find("generic"), &presence),
			 E2BIG);
	exact.max_bytes = sizeof text - 1;
	assert_int_equal(presence_body_parse(XPIDF, text, sizeof text - 1, &exact,
					     profile_find("generic"), &presence),
			 0);
	presence_clear(&presence);
}

static void tells_kinds_apart(void **state)
{
	(void)state;
	assert_int_equal(presence_body_kind(NULL), BODY_OTHER);
	assert_int_equal(presence_body_kind("application/pidf-diff+xml"), BODY_OTHER);
	assert_int_equal(presence_body_kind(" application/PIDF+xml;charset=x"), BODY_PRESENCE);
	assert_int_equal(presence_body_kind(XPIDF), BODY_PRESENCE);
	assert_int_equal(presence_body_kind(CPIM), BODY_PRESENCE);
	assert_int_equal(presence_body_kind("application/dialog-info+xml"), BODY_DIALOG);
}

/* The samples --------------------------------------------------------------------------------- */

struct expected {
	char *text;
	size_t found;
	size_t bodies;
	const struct profile *profile;
};

static char *content_type_of(const char *message)
{
	const char *at = strstr(message, "\nContent-Type:");
	size_t len;

	assert_non_null(at);
	at += strlen("\nContent-Type:");
	at += strspn(at, " ");
	len = strcspn(at, "\r\n");
	return mem_strndup(at, len);
}

static void read_dialogs(const char *body, size_t len, const struct profile *profile,
			 struct presence *out)
{
	struct dialog_table table = {0};
	bool wants_full = false;

	assert_int_equal(dialog_info_apply(&table, body, len, 65536, profile, &wants_full), 0);
	dialog_table_phone(&table, &out->phone);
	dialog_table_clear(&table);
}

static void expect_line(struct expected *expected, const char *line)
{
	if (strstr(expected->text, line) == NULL)
		fail_msg("not expected: %s", line);
	expected->found++;
}

/* "PATH: no body" */
static void check_without_body(const char *path, struct expected *expected)
{
	struct buf line = BUF_INIT;

	buf_printf(&line, "\n%s: no body\n", path);
	expect_line(expected, buf_text(&line));
	buf_free(&line);
}

/* The line "PATH: DESCRIPTION" of the expectations. */
static void check_sample(const char *path, void *arg)
{
	struct expected *expected = arg;
	struct presence presence = {0};
	struct buf line = BUF_INIT;
	size_t len, body_len;
	char *message = read_test_file(path, &len);
	const char *body = sip_body(message, len, &body_len);
	char *type;

	assert_non_null(body);
	if (body_len == 0) {
		check_without_body(path, expected);
		mem_free(message);
		return;
	}
	type = content_type_of(message);
	if (presence_body_kind(type) == BODY_DIALOG)
		read_dialogs(body, body_len, expected->profile, &presence);
	else
		assert_int_equal(presence_body_parse(type, body, body_len, &reading,
						     expected->profile, &presence),
				 0);
	buf_printf(&line, "\n%s:", path);
	if (presence.device_count > 0)
		buf_putc(&line, ' ');
	describe_presence(&presence, 1, &line);
	buf_putc(&line, '\n');
	expect_line(expected, buf_text(&line));
	buf_free(&line);
	presence_clear(&presence);
	mem_free(message);
	mem_free(type);
}

/* [PBX-001] [PBX-002] [PBX-003] [PBX-004] [PBX-005] [PBX-006] [PBX-027] [PBX-028] [PBX-031]
 * [PBX-044] [PBX-046] [PBX-048] [PIDF-024] [RPR-008] [RPR-010] Every document that a real server or
 * client was seen to send, read with the profile of its kind. */
static void reads_every_sample(void **state)
{
	static const struct {
		const char *folder;
		const char *profile;
	} rows[] = {
		{"samples/asterisk", "asterisk"},     {"samples/baresip", "generic"},
		{"samples/freeswitch", "freeswitch"}, {"samples/kamailio", "kamailio"},
		{"samples/linphone", "linphone"},
	};
	struct expected expected = {0};
	size_t len;
	size_t count = 0;

	(void)state;
	expected.text = read_test_file("samples/presence.expected", &len);
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		expected.profile = profile_find(rows[i].profile);
		count += each_test_file(rows[i].folder, check_sample, &expected);
	}
	assert_int_equal(expected.found, count);
	assert_true(count > 180);
	mem_free(expected.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_bodies),
		cmocka_unit_test(reads_utf16),
		cmocka_unit_test(refuses),
		cmocka_unit_test(measures_the_bytes_on_the_wire),
		cmocka_unit_test(tells_kinds_apart),
		cmocka_unit_test(reads_every_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
