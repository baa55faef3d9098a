/* Every profile by bytes: what it changes of what is asked and read, in the form of the server it
 * is for, and beside it the form of the RFC, which works under every profile alike (PBX-058). */
#include <stdio.h>

#include "support/check.h"

#include "base/mem.h"
#include "model/profile.h"
#include "wire/presence_agent.h"
#include "wire/profile_rows.h"
#include "wire/replay.h"

static void presence_only(struct rig *rig)
{
	rig->peers[0].profile.packages = PACKAGE_PRESENCE;
}

static void both_packages(struct rig *rig)
{
	rig->peers[0].profile.packages = PACKAGE_PRESENCE | PACKAGE_DIALOG;
}

/* Subscribed with Event presence alone, nothing told yet. */
static struct rig *make_watched(const struct profile_row *row, struct presence_agent *end)
{
	struct rig *rig = profile_rig(row, presence_only);

	pa_watch(rig);
	pa_accept(rig, end, "200 OK", "Expires: 3600\r\n");
	return rig;
}

static void tell_body(struct rig *rig, struct presence_agent *end, const char *body,
		      const char *line)
{
	pa_notify(rig, end, "active;expires=3600", body, "200");
	rig_expect_line(rig, line);
}

#define ON_THE_PHONE "<rpid:activities><rpid:on-the-phone/></rpid:activities>"

/* SUBSCRIBE ------------------------------------------------------------------------------------ */

/* One package of one watcher. */
static void check_subscribe(const struct profile_row *row, const struct sip_text *text,
			    const char *who)
{
	char event[32], from[256];
	bool is_dialog;

	assert_non_null(text);
	sip_text_header(text, "Event", event, sizeof event);
	is_dialog = strcmp(event, "dialog") == 0;
	if (!is_dialog)
		assert_string_equal(event, "presence");
	profile_expect_header(text, "Accept",
			      is_dialog ? "application/dialog-info+xml" : "application/pidf+xml");
	profile_expect_header(text, "User-Agent", row->user_agent);
	profile_expect_header(text, "Expires", "3600");
	profile_expect_header(text, "To", "<sip:1001@pbx.example>");
	assert_int_equal(sip_text_header_count(text, "Supported"), 0);
	assert_int_equal(sip_text_header_count(text, "Suppress-If-Match"), 0);
	sip_text_header(text, "From", from, sizeof from);
	if (strstr(from, row->is_common ? "sipxmppd@chat.example" : who) == NULL)
		fail_msg("%s asked for %s", from, who);
}

/* [PBX-004] [PBX-008] [PBX-013] [PBX-015] [PBX-030] [PBX-035] [PBX-061] [D-17] [D-21] [D-60]: who
 * asks for what, as which program: never a word or letter that a PBX reacts to by accident, one
 * type without q, a Call-ID for each package, no fetch. A second chat user needs a dialog of his
 * own only where each is authorised. */
static void subscribes(void **state)
{
	const struct profile_row *row = *state;
	struct rig *rig = profile_rig(row, NULL);
	char ids[2][128] = {"", ""};
	size_t packages = row->has_dialogs ? 2 : 1;

	pa_watch(rig);
	for (size_t i = 0; i < packages; i++) {
		const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

		check_subscribe(row, text, "juliet@chat.example");
		sip_text_header(text, "Call-ID", ids[i], sizeof ids[i]);
		text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	}
	assert_string_not_equal(ids[0], ids[1]);
	pa_watch_as(rig, "romeo");
	if (!row->is_common) {
		check_subscribe(row, text_peer_expect(rig->peer, "SUBSCRIBE "),
				"romeo@chat.example");
		packages--;
	}
	for (; !row->is_common && packages > 0; packages--)
		check_subscribe(row, text_peer_expect(rig->peer, "SUBSCRIBE "),
				"romeo@chat.example");
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	rig_free(&rig);
}

/* [PBX-033] [FSW-1] [AST-2]: 200 (Asterisk, Kamailio) and 202 (FreeSWITCH, with a state that means
 * nothing there) are the same yes to the question, and say nothing of the user. */
static void either_success(void **state)
{
	static const struct {
		const char *status, *headers;
	} answers[] = {
		{"200 OK", "Expires: 3600\r\n"},
		{"202 Accepted", "Expires: 3600\r\nSubscription-State: active;expires=3600\r\n"},
		{"202 Accepted", ""},
	};

	for (size_t i = 0; i < CHECK_COUNT(answers); i++) {
		struct rig *rig = profile_rig(*state, presence_only);
		struct presence_agent end;

		pa_watch(rig);
		pa_accept(rig, &end, answers[i].status, answers[i].headers);
		text_peer_let_run(rig->peer, 20);
		assert_int_equal(rig->bridge->count, 0);
		pa_notify(rig, &end, "active;expires=3600", PROFILE_CLOSED, "200");
		rig_expect_line(rig, "ALLOWED");
		rig_expect_line(rig, "open=0");
		rig_free(&rig);
	}
}

/* [PBX-014] [PBX-049]: 423 without Min-Expires as Asterisk sends it, and with one. [PBX-043]: a
 * grant that is longer than what was asked for is taken. */
static void other_expires(void **state)
{
	struct rig *rig = profile_rig(*state, presence_only);
	struct presence_agent end;

	pa_watch(rig);
	pa_accept(rig, &end, "423 Interval Too Brief", "");
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	profile_expect_header(text, "Expires", "7200");
	text_peer_answer(rig->peer, text, "423 Interval Too Brief", "Min-Expires: 9000\r\n");
	text = text_peer_expect(rig->peer, "SUBSCRIBE ");
	profile_expect_header(text, "Expires", "9000");
	pa_learn(&end, text);
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 63072000\r\n");
	pa_notify(rig, &end, "active;expires=63072000", PROFILE_CLOSED, "200");
	rig_expect_line(rig, "open=0");
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	rig_free(&rig);
}

/* NOTIFY --------------------------------------------------------------------------------------- */

/* [PBX-001] [PBX-002] [PBX-003] [PBX-027] [PBX-028] [PBX-029] [PBX-031] [PBX-044] [PBX-047]
 * [PBX-048] [PBX-058]: what such a server sends. Of Linphone what its clients publish; 3CX was not
 * measured: plain PIDF. */
static void own_form(void **state)
{
	const struct profile_row *row = *state;
	struct rig *rig = profile_rig(row, NULL);
	struct presence_agent presence, dialog;

	pa_watch(rig);
	if (row->has_dialogs)
		pa_accept_both(rig, &presence, &dialog);
	else
		pa_accept(rig, &presence, "200 OK", "Expires: 3600\r\n");
	replay_run(rig, &presence, row->has_dialogs ? &dialog : NULL, row->own, row->own_count);
	rig_free(&rig);
}

/* [PBX-058]: PIDF with RPID as the RFCs have it means the same under each profile. */
static void presence_of_the_rfc(void **state)
{
	static const struct {
		const char *body, *line;
	} documents[] = {
		{PROFILE_PIDF("<tuple id=\"a\"><status><basic>open</basic></status><contact "
			      "priority=\"0.8\">sip:1001@192.0.2.1</contact><note>Back "
			      "soon</note></tuple>"),
		 "open=1 show=- note=Back soon devices=1 phone=unknown other=- person=0 -"},
		{PROFILE_PIDF(
			 PROFILE_OPEN
			 "<dm:person id=\"p\"><rpid:activities><rpid:meeting/></rpid:activities>"
			 "<dm:note>Room 3</dm:note></dm:person>"),
		 "devices=1 phone=unknown other=- person=400 Room 3"},
		{PROFILE_PIDF(PROFILE_OPEN
			      "<tuple id=\"u\"><status><basic>closed</basic></status></tuple>"),
		 "open=1 show=- note= devices=2 phone=unknown other=- person=0 -"},
		{PROFILE_PIDF(PROFILE_OPEN "<note xml:lang=\"en\">Gone to lunch</note>"),
		 "note=Gone to lunch"},
		{PROFILE_CLOSED, "open=0 show=- note= devices=1 phone=unknown other=- person=0 -"},
		{PROFILE_PIDF(""), "open=0 show=- note= devices=0"},
	};
	struct presence_agent end;
	struct rig *rig = make_watched(*state, &end);

	for (size_t i = 0; i < CHECK_COUNT(documents); i++)
		tell_body(rig, &end, documents[i].body, documents[i].line);
	rig_free(&rig);
}

/* [PBX-002] [PBX-029] [PBX-058] [FSW-7]: the words of a PBX are states at that PBX alone; what is a
 * person's own, or said in a language, stays his under each profile. */
static void words(void **state)
{
	static const struct {
		const char *body;
		const char *asterisk, *freeswitch, *others;
	} documents[] = {
		{PROFILE_PIDF(PROFILE_OPEN "<note>Ready</note>"), "note= devices=1 phone=idle",
		 "note=Ready devices=1 phone=unknown", "note=Ready devices=1 phone=unknown"},
		{PROFILE_PIDF(PROFILE_OPEN "<note>On hold</note><dm:person>" ON_THE_PHONE
					   "</dm:person>"),
		 "note= devices=1 phone=on-hold other=- person=0",
		 "note=On hold devices=1 phone=unknown other=- person=800",
		 "note=On hold devices=1 phone=unknown other=- person=800"},
		{PROFILE_PIDF(PROFILE_OPEN "<dm:person id=\"p\">" ON_THE_PHONE
					   "<dm:note>Talk 1001</dm:note></dm:person>"),
		 "phone=in-call other=- person=0 Talk 1001", "phone=in-call other=- person=0 -",
		 "phone=unknown other=- person=800 Talk 1001"},
		{PROFILE_PIDF(PROFILE_OPEN
			      "<dm:person id=\"p\"><dm:note>Unregistered</dm:note></dm:person>"),
		 "open=1 show=- note= devices=1 phone=unknown other=- person=0 Unregistered",
		 "open=0 show=- note= devices=1 phone=idle other=- person=0 -",
		 "open=1 show=- note= devices=1 phone=unknown other=- person=0 Unregistered"},
		{PROFILE_PIDF(PROFILE_OPEN
			      "<note xml:lang=\"en\">Ready</note><dm:person id=\"p\"><dm:note "
			      "xml:lang=\"en\">Unregistered</dm:note></dm:person>"),
		 "open=1 show=- note=Ready devices=1 phone=unknown other=- person=0 Unregistered",
		 "open=1 show=- note=Ready devices=1 phone=unknown other=- person=0 Unregistered",
		 "open=1 show=- note=Ready devices=1 phone=unknown other=- person=0 Unregistered"},
	};
	const struct profile_row *row = *state;
	struct presence_agent end;
	struct rig *rig = make_watched(row, &end);

	for (size_t i = 0; i < CHECK_COUNT(documents); i++)
		tell_body(rig, &end, documents[i].body,
			  row->reads_asterisk     ? documents[i].asterisk
			  : row->reads_freeswitch ? documents[i].freeswitch
						  : documents[i].others);
	rig_free(&rig);
}

/* [PBX-047] [PBX-052] [D-24]: an active NOTIFY without a body is the end of what was published
 * where the server has no other word for it; elsewhere it changes nothing, and closed is said. */
static void no_body(void **state)
{
	const struct profile_row *row = *state;
	struct presence_agent end;
	struct rig *rig = make_watched(row, &end);

	tell_body(rig, &end, PROFILE_PIDF(PROFILE_OPEN), "open=1");
	replay_one(rig, &end, NULL, "kamailio/kamailio-notify-active-nobody-of-sipp");
	if (row->is_gone)
		rig_expect_line(rig, "open=0 show=- note= devices=0");
	else
		profile_expect_nothing(rig);
	tell_body(rig, &end, PROFILE_PIDF(PROFILE_OPEN "<note>again</note>"),
		  "open=1 show=- note=again");
	tell_body(rig, &end, PROFILE_CLOSED, "open=0");
	rig_free(&rig);
}

/* [PBX-008] [PBX-030] [AST-3] [FSW-6]: xpidf is asked for by nobody and read all the same, also
 * under the name of CPIM and with a DOCTYPE; PIDF goes on after it. */
static void xpidf(void **state)
{
	const struct profile_row *row = *state;
	struct presence_agent end;
	struct rig *rig = make_watched(row, &end);
	const char *in_call = row->reads_asterisk ? "open=1 show=- note= devices=1 phone=in-call"
						  : "phone=unknown other=- person=800";

	replay_one(rig, &end, NULL, "asterisk/notify-xpidf-inuse");
	rig_expect_line(rig, in_call);
	tell_body(rig, &end, PROFILE_CLOSED, "open=0");
	replay_one(rig, &end, NULL, "asterisk/notify-cpim-pidf-inuse");
	rig_expect_line(rig, in_call);
	replay_one(rig, &end, NULL, "freeswitch/notify-ua-poly");
	rig_expect_line(rig, row->reads_freeswitch ? "open=0 show=- note= devices=1 phone=idle"
						   : "open=1 show=- note=Unregistered devices=1");
	end.type = "application/cpim-pidf+xml"; /* as it was before RFC 3863 */
	tell_body(rig, &end, PROFILE_PIDF(PROFILE_OPEN "<note>back</note>"),
		  "open=1 show=- note=back");
	end.type = NULL;
	tell_body(rig, &end, PROFILE_CLOSED, "open=0");
	rig_free(&rig);
}

/* [PBX-027] [FSW-5] [PBX-058] [SIP-112]: a document that says ISO-8859-1 over UTF-8 with a bare &,
 * and one that means what it says. */
static void charsets(void **state)
{
	struct presence_agent end;
	struct rig *rig = make_watched(*state, &end);

	replay_one(rig, &end, NULL, "freeswitch/notify-pidf-after-publish-meeting-utf8");
	rig_expect_line(rig, "person=400 Besprechung ü & ☕");
	tell_body(rig, &end,
		  "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"
		  "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"sip:1001@pbx.example\">"
		  "<tuple id=\"t\"><status><basic>open</basic></status>"
		  "<note>Zur\xfc"
		  "ck &amp; da</note></tuple></presence>",
		  "open=1 show=- note=Zurück & da devices=1");
	rig_free(&rig);
}

/* [PBX-004] [PBX-058] [AST-3]: the custom presence of Asterisk beside its device, which says
 * nothing of whether the user is there; a tuple with basic is a tuple. */
static void custom_presence(void **state)
{
	const struct profile_row *row = *state;
	struct presence_agent end;
	struct rig *rig = make_watched(row, &end);

	replay_one(rig, &end, NULL, "asterisk/notify-digium-dnd-message");
	rig_expect_line(rig, row->reads_asterisk ? "open=1 show=- note= devices=1 phone=idle dnd"
						 : "devices=1 phone=unknown dnd");
	replay_one(rig, &end, NULL, "asterisk/notify-digium-xa");
	rig_expect_line(rig, "open=1 show=xa");
	replay_one(rig, &end, NULL, "asterisk/notify-digium-away-device-unavailable");
	rig_expect_line(rig, "open=0");
	tell_body(rig, &end,
		  PROFILE_PIDF(PROFILE_OPEN
			       "<tuple id=\"digium-presence\"><status><basic>open</basic>"
			       "</status></tuple>"),
		  "open=1 show=- note= devices=2");
	rig_free(&rig);
}

#define ROW(id, call, state)                                                                       \
	"<dialog id=\"" id "\" " call " direction=\"recipient\"><state>" state "</state></dialog>"

static void tell_dialogs(struct rig *rig, struct presence_agent *end, unsigned version,
			 const char *dialogs, const char *line)
{
	char room[1024];

	pa_notify(rig, end, "active;expires=3600", pa_dialogs(version, dialogs, room, sizeof room),
		  "200");
	rig_expect_line(rig, line);
}

/* [PBX-032] [PBX-058]: two calls, of which one ends. FreeSWITCH calls the event full; from
 * everybody else, and with the call-ids of a real list also from it, a full document is all there
 * is. [PBX-005]: a row that is over is none. */
static void full_or_event(void **state)
{
	const struct profile_row *row = *state;
	struct rig *rig = profile_rig(row, both_packages);
	struct presence_agent presence, dialog;

	pa_watch(rig);
	pa_accept_both(rig, &presence, &dialog);
	tell_body(rig, &presence, PROFILE_PIDF(PROFILE_OPEN), "phone=unknown");
	tell_dialogs(rig, &dialog, 0, ROW("a", "", "confirmed"), "phone=in-call");
	tell_dialogs(rig, &dialog, 1, ROW("b", "", "early"),
		     row->full_is_event ? "phone=in-call" : "phone=ringing");
	tell_dialogs(rig, &dialog, 2, ROW("b", "", "terminated"),
		     row->full_is_event ? "phone=in-call" : "phone=idle");
	tell_dialogs(rig, &dialog, 3, "", "phone=idle");
	/* RFC 4235 */
	tell_dialogs(rig, &dialog, 4,
		     ROW("a", "call-id=\"1\"", "confirmed") ROW("b", "call-id=\"2\"", "early"),
		     "phone=in-call");
	tell_dialogs(rig, &dialog, 5, ROW("b", "call-id=\"2\"", "early"), "phone=ringing");
	tell_dialogs(rig, &dialog, 6, ROW("b", "call-id=\"2\"", "terminated"), "phone=idle");
	rig_free(&rig);
}

/* The end ---------------------------------------------------------------------------------------
 */

static const struct {
	const char *file; /* as a server said it, or NULL: state */
	const char *state;
	const char *answer; /* what the core hears, or NULL */
	bool is_asked_again;
} ends[] = {
	{"empty/freeswitch-notify-pidf-unsubscribed", NULL, NULL, true}, /* noresource */
	{NULL, "terminated;reason=timeout", NULL, true},
	{"asterisk/notify-pidf-hint-removed", NULL, "FAILED", true}, /* no reason, with a body */
	{NULL, "terminated;reason=rejected", "REJECTED", false},
};

enum { ENDS = CHECK_COUNT(ends) };

struct ending {
	struct rig *rig;
	struct presence_agent end;
};

static void begin_end(const struct profile_row *row, size_t i, struct ending *ending)
{
	ending->rig = make_watched(row, &ending->end);
	tell_body(ending->rig, &ending->end, PROFILE_PIDF(PROFILE_OPEN), "ALLOWED");
	rig_expect_line(ending->rig, "open=1");
	if (ends[i].file != NULL)
		replay_one(ending->rig, &ending->end, NULL, ends[i].file);
	else
		pa_notify(ending->rig, &ending->end, ends[i].state, NULL, "200");
}

static void check_end(size_t i, struct ending *ending)
{
	const struct sip_text *text;
	char room[128];

	if (ends[i].answer != NULL)
		rig_expect_line(ending->rig, ends[i].answer);
	if (ends[i].is_asked_again) {
		text = text_peer_expect(ending->rig->peer, "SUBSCRIBE ");
		assert_non_null(text);
		assert_string_not_equal(sip_text_header(text, "Call-ID", room, sizeof room),
					ending->end.call_id);
	} else {
		text_peer_let_run(ending->rig->peer, 30);
		assert_int_equal(text_peer_count(ending->rig->peer, "SUBSCRIBE "), 0);
	}
	if (ends[i].answer == NULL)
		assert_int_equal(fake_bridge_count(ending->rig->bridge, "answered"), 0);
	rig_free(&ending->rig);
}

/* [PBX-010] [PBX-034] [D-14] [D-15] [D-24]: noresource is how FreeSWITCH says that time is over and
 * asked again under each profile; only rejected is a no. All at once, since each waits. */
static void how_it_ends(void **state)
{
	struct ending *endings = mem_zalloc(PROFILE_ROWS * ENDS * sizeof *endings);

	(void)state;
	for (size_t i = 0; i < (size_t)PROFILE_ROWS * ENDS; i++)
		begin_end(&profile_rows[i / ENDS], i % ENDS, &endings[i]);
	for (size_t i = 0; i < (size_t)PROFILE_ROWS * ENDS; i++) {
		print_message("%s: end %zu\n", profile_rows[i / ENDS].name, i % ENDS);
		check_end(i % ENDS, &endings[i]);
	}
	mem_free(endings);
}

/* Odd ones are an Asterisk's: the NOTIFY says less than the 2xx, and 500 says that it forgot. */
static void begin_short(size_t i, struct ending *ending)
{
	ending->rig = profile_rig(&profile_rows[i / 2], presence_only);
	pa_watch(ending->rig);
	pa_accept(ending->rig, &ending->end, "200 OK",
		  i % 2 == 0 ? "Expires: 6\r\n" : "Expires: 3600\r\n");
	pa_notify(ending->rig, &ending->end, i % 2 == 0 ? "active" : "active;expires=6",
		  PROFILE_CLOSED, "200");
}

static void check_refresh(size_t i, struct ending *ending)
{
	const struct sip_text *text = text_peer_expect(ending->rig->peer, "SUBSCRIBE ");

	if (text == NULL)
		fail_msg("%s: no refresh", profile_rows[i / 2].name);
	profile_expect_header(text, "Call-ID", ending->end.call_id);
	profile_expect_header(text, "Expires", "3600");
	text_peer_answer(ending->rig->peer, text,
			 i % 2 == 0 ? "481 Call Does Not Exist" : "500 Unhandled by dialog usages",
			 "");
	text_peer_let_run(ending->rig->peer, 20);
}

static void check_anew(size_t i, struct ending *ending)
{
	const struct sip_text *text = text_peer_expect(ending->rig->peer, "SUBSCRIBE ");
	char room[128];

	if (text == NULL)
		fail_msg("%s: not asked anew", profile_rows[i / 2].name);
	assert_string_not_equal(sip_text_header(text, "Call-ID", room, sizeof room),
				ending->end.call_id);
	assert_int_equal(sip_text_tag(text, "To", room, sizeof room)[0], '\0');
	rig_free(&ending->rig);
}

/* [AST-2] [PBX-043] [PBX-049] [D-25]: what was granted counts, not what was asked for, and the
 * NOTIFY has the last word. A server that forgot is asked anew, however it says so. */
static void shorter_grants(void **state)
{
	const size_t count = 2 * (size_t)PROFILE_ROWS;
	struct ending *endings = mem_zalloc(count * sizeof *endings);

	(void)state;
	for (size_t i = 0; i < count; i++)
		begin_short(i, &endings[i]);
	for (size_t i = 0; i < count; i++)
		check_refresh(i, &endings[i]);
	for (size_t i = 0; i < count; i++)
		check_anew(i, &endings[i]);
	mem_free(endings);
}

/* No profile without its row. */
static void all_are_here(void **state)
{
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < PROFILE_ROWS; i++)
		assert_non_null(profile_find(profile_rows[i].name));
	while (profile_at(n) != NULL)
		n++;
	assert_int_equal(n, PROFILE_ROWS);
}

int main(void)
{
	static const struct profile_check checks[] = {
		{"subscribes", subscribes},
		{"either success", either_success},
		{"other expires", other_expires},
		{"own form", own_form},
		{"presence of the rfc", presence_of_the_rfc},
		{"words", words},
		{"no body", no_body},
		{"xpidf", xpidf},
		{"charsets", charsets},
		{"custom presence", custom_presence},
		{"full or event", full_or_event},
	};
	const struct CMUnitTest others[] = {
		cmocka_unit_test(all_are_here),
		cmocka_unit_test(how_it_ends),
		cmocka_unit_test(shorter_grants),
	};

	return profile_run(checks, CHECK_COUNT(checks), others, CHECK_COUNT(others));
}
