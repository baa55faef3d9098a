/* What SIP tells of one user, composed of its parts, by bytes: dialogs of Event presence and Event
 * dialog side by side (D-17, D-21, D-27, RFC 4235). */
#include <stdio.h>

#include "support/check.h"

#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/presence_agent.h"

#define PAIR  "xmpp:juliet@chat.example sip:1001@pbx.example"
#define CALL  PA_ROW("a", "initiator", "confirmed")
#define RINGS PA_ROW("a", "recipient", "early")
#define TALKS_TO                                                                                   \
	"<dialog id=\"a\" direction=\"recipient\"><state>confirmed</state><remote>"                \
	"<identity display=\"Romeo\">sip:1002@pbx.example</identity></remote></dialog>"

static void both(struct rig *rig)
{
	rig->peers[0].profile.packages = PACKAGE_PRESENCE | PACKAGE_DIALOG;
}

static void dialog_only(struct rig *rig)
{
	rig->peers[0].profile.packages = PACKAGE_DIALOG;
}

static void no_package(struct rig *rig)
{
	rig->peers[0].profile.packages = 0;
}

static void callers(struct rig *rig)
{
	both(rig);
	rig->peers[0].profile.show_caller = true;
}

static void short_hold(struct rig *rig)
{
	both(rig);
	rig->params.hold_ms = 300;
}

static struct rig *start(void (*tune)(struct rig *rig))
{
	return rig_new(&(struct rig_options){.tune = tune, .t1_ms = 500});
}

static void tell_dialogs(struct rig *rig, struct presence_agent *end, unsigned version,
			 const char *rows)
{
	char room[1024];

	pa_notify(rig, end, "active;expires=3600", pa_dialogs(version, rows, room, sizeof room),
		  "200");
}

static void tell_presence(struct rig *rig, struct presence_agent *end, const char *note)
{
	char room[512];

	pa_notify(rig, end, "active;expires=3600", pa_document(note, room, sizeof room), "200");
}

/* Both subscriptions are active: he is there and has no calls. */
static void begin(struct rig *rig, struct presence_agent *presence, struct presence_agent *dialog)
{
	pa_watch(rig);
	pa_accept_both(rig, presence, dialog);
	tell_presence(rig, presence, "one");
	rig_expect_line(rig, "answered " PAIR " ALLOWED");
	rig_expect_line(rig, "open=1 show=- note=one devices=1 phone=unknown");
	tell_dialogs(rig, dialog, 0, "");
	rig_expect_line(rig, "open=1 show=- note=one devices=1 phone=idle");
}

static void expect_none(struct rig *rig, const char *needle)
{
	text_peer_let_run(rig->peer, 60);
	assert_int_equal(fake_bridge_count(rig->bridge, needle), 0);
}

static size_t take_all(struct rig *rig, const char *start)
{
	size_t count = text_peer_count(rig->peer, start);

	for (size_t i = 0; i < count; i++)
		(void)text_peer_expect(rig->peer, start);
	return count;
}

/* [PBX-035] [EVT-008] [EVT-010] [EVT-017] [D-21]: each package has its own Call-ID and its own
 * Accept, in the refresh, too. */
static void each_package_has_its_own_dialog(void **state)
{
	struct rig *rig = start(both);
	struct presence_agent presence, dialog;
	char room[256];

	(void)state;
	begin(rig, &presence, &dialog);
	assert_string_not_equal(presence.call_id, dialog.call_id);
	assert_string_not_equal(presence.their_tag, dialog.their_tag);
	pa_notify(rig, &dialog, "active;expires=2", NULL, "200");
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Call-ID", room, sizeof room), dialog.call_id);
	assert_string_equal(sip_text_header(text, "Event", room, sizeof room), "dialog");
	assert_string_equal(sip_text_header(text, "Accept", room, sizeof room),
			    "application/dialog-info+xml");
	rig_free(&rig);
}

/* [DLG-006] [DLG-009] [DLG-014] [DLG-016]: what the dialogs say, beside what presence
 * says. */
static void phone_states_beside_presence(void **state)
{
	static const struct {
		const char *rows, *phone;
	} rows[] = {
		{RINGS, "ringing"},
		{PA_ROW("a", "initiator", "proceeding"), "dialling"},
		{CALL, "in-call"},
		{"<dialog id=\"a\"><state>confirmed</state><local><target "
		 "uri=\"sip:1001@pbx.example\">"
		 "<param pname=\"+sip.rendering\" pval=\"no\"/></target></local></dialog>",
		 "on-hold"},
		{RINGS PA_ROW("b", "recipient", "confirmed"), "in-call"},
		{PA_ROW("a", "recipient", "terminated"), "idle"},
		{CALL, "in-call"},
		{"", "idle"},
	};
	struct rig *rig = start(both);
	struct presence_agent presence, dialog;
	char line[128];

	(void)state;
	begin(rig, &presence, &dialog);
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		tell_dialogs(rig, &dialog, (unsigned)i + 1, rows[i].rows);
		snprintf(line, sizeof line, "open=1 show=- note=one devices=1 phone=%s other=-",
			 rows[i].phone);
		rig_expect_line(rig, line);
	}
	tell_dialogs(rig, &dialog, 20, CALL);
	rig_expect_line(rig, "note=one devices=1 phone=in-call");
	tell_presence(rig, &presence, "two");
	rig_expect_line(rig, "note=two devices=1 phone=in-call");
	rig_free(&rig);
}

/* [DLG-018] [D-27]: the other party is told only with show_caller. */
static void other_party_only_if_allowed(void **state)
{
	struct presence_agent presence, dialog;
	struct rig *rig = start(both);

	(void)state;
	begin(rig, &presence, &dialog);
	tell_dialogs(rig, &dialog, 1, TALKS_TO);
	rig_expect_line(rig, "phone=in-call other=-");
	rig_free(&rig);
	rig = start(callers);
	begin(rig, &presence, &dialog);
	tell_dialogs(rig, &dialog, 1, TALKS_TO);
	rig_expect_line(rig, "phone=in-call other=Romeo");
	rig_free(&rig);
}

/* [AST-2]: the type of a body says what it is, not the Event. */
static void bodies_go_by_type(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 500}); /* Event presence alone */
	struct presence_agent end;

	(void)state;
	pa_begin(rig, &end);
	end.type = "application/dialog-info+xml;charset=utf-8";
	tell_dialogs(rig, &end, 1, RINGS);
	rig_expect_line(rig, "phone=ringing");
	end.type = NULL;
	tell_presence(rig, &end, "again");
	rig_expect_line(rig, "note=again devices=1 phone=unknown");
	assert_int_equal(rig->counters.notify_unusable, 0);
	rig_free(&rig);
}

/* [D-14] [D-21] [PBX-015]: a server that knows no Event dialog costs the calls and nothing else; it
 * is not asked by each user again. */
static void unknown_package_is_left_out(void **state)
{
	struct rig *rig = start(both);
	struct presence_agent one, two, presence = {0};

	(void)state;
	pa_watch(rig);
	for (int i = 0; i < 2; i++) {
		const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

		assert_non_null(text);
		pa_learn(&one, text);
		if (strcmp(one.event, "dialog") != 0)
			presence = one;
		text_peer_answer(rig->peer, text,
				 strcmp(one.event, "dialog") == 0 ? "489 Bad Event" : "200 OK",
				 "Expires: 3600\r\n");
	}
	tell_presence(rig, &presence, "there");
	rig_expect_line(rig, "answered " PAIR " ALLOWED");
	rig_expect_line(rig, "note=there devices=1 phone=unknown");
	expect_none(rig, "answered");
	pa_watch_as(rig, "romeo");
	pa_accept(rig, &two, "200 OK", "Expires: 3600\r\n");
	assert_string_equal(two.event, "presence");
	text_peer_let_run(rig->peer, 100);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	rig_free(&rig);
}

static void answer_both(struct rig *rig, const char *to_presence, const char *to_dialog,
			struct presence_agent *left)
{
	for (int i = 0; i < 2; i++) {
		const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");
		struct presence_agent one;
		bool is_dialog;

		assert_non_null(text);
		pa_learn(&one, text);
		is_dialog = strcmp(one.event, "dialog") == 0;
		if ((is_dialog ? to_dialog : to_presence)[0] == '2')
			*left = one;
		text_peer_answer(rig->peer, text, is_dialog ? to_dialog : to_presence,
				 "Expires: 3600\r\n");
	}
}

/* [D-14] [D-17]: whose answer counts when the packages disagree. One that serves the user is
 * enough; the refusal is told when none does. */
static void answers_of_two_packages(void **state)
{
	static const struct {
		const char *presence, *dialog, *line;
	} refused[] = {
		{"404 Not Found", "489 Bad Event", "NO_SUCH item-not-found"},
		{"403 Forbidden", "404 Not Found", "FORBIDDEN"},
		{"404 Not Found", "480 Away", "FAILED"},
		{"480 Away", "404 Not Found", "FAILED"},
		{"503 Busy", "503 Busy", "FAILED"},
	};
	static const char *const served[] = {"489 Bad Event", "404 Not Found", "403 Forbidden",
					     "480 Away"};
	struct presence_agent left;
	struct rig *rig;

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(refused); i++) {
		rig = start(both);
		pa_watch(rig);
		answer_both(rig, refused[i].presence, refused[i].dialog, &left);
		rig_expect_line(rig, refused[i].line);
		expect_none(rig, "answered");
		rig_free(&rig);
	}
	for (size_t i = 0; i < CHECK_COUNT(served); i++) {
		rig = start(both);
		pa_watch(rig);
		answer_both(rig, served[i], "200 OK", &left);
		expect_none(rig, "answered");
		tell_dialogs(rig, &left, 0, CALL);
		rig_expect_line(rig, "answered " PAIR " ALLOWED");
		/* [DLG-017]: a call shows that he is there */
		rig_expect_line(rig, "open=1 show=- note= devices=1 phone=in-call");
		tell_dialogs(rig, &left, 1, ""); /* that he has none does not */
		rig_expect_line(rig, "open=0 show=- note= devices=0 phone=idle");
		rig_free(&rig);
	}
}

/* [D-17]: presence decides where it is subscribed. */
static void presence_decides(void **state)
{
	struct rig *rig = start(both);
	struct presence_agent presence, dialog;

	(void)state;
	pa_watch(rig);
	pa_accept_both(rig, &presence, &dialog);
	tell_dialogs(rig, &dialog, 0, CALL);
	expect_none(rig, "answered");
	pa_notify(rig, &presence, "pending;expires=3600", NULL, "200");
	rig_expect_line(rig, "answered " PAIR " PENDING");
	expect_none(rig, "presence");
	pa_notify(rig, &presence, "terminated;reason=rejected", NULL, "200");
	rig_expect_line(rig, "answered " PAIR " REJECTED");
	rig_free(&rig);
	rig = start(both);
	begin(rig, &presence, &dialog);
	pa_notify(rig, &dialog, "terminated;reason=rejected", NULL, "200");
	expect_none(rig, "answered");
	rig_free(&rig);
}

/* [DLG-017]: where the operator asks for Event dialog alone, no call means there. */
static void dialogs_alone(void **state)
{
	struct rig *rig = start(dialog_only);
	struct presence_agent end;

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &end, "200 OK", "Expires: 3600\r\n");
	assert_string_equal(end.event, "dialog");
	tell_dialogs(rig, &end, 0, "");
	rig_expect_line(rig, "answered " PAIR " ALLOWED");
	rig_expect_line(rig, "open=1 show=- note= devices=1 phone=idle");
	tell_dialogs(rig, &end, 1, RINGS);
	rig_expect_line(rig, "open=1 show=- note= devices=1 phone=ringing");
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	rig_free(&rig);
}

/* packages = []: nothing is subscribed. */
static void no_package_no_dialog(void **state)
{
	struct rig *rig = start(no_package);

	(void)state;
	pa_watch(rig);
	assert_int_equal(text_peer_let_run(rig->peer, 100), 0);
	assert_int_equal(rig->bridge->count, 0);
	pa_unwatch(rig);
	assert_int_equal(text_peer_let_run(rig->peer, 50), 0);
	rig_free(&rig);
}

/* [DLG-019] [D-25] [D-26]: what a dialog told is true for the hold after its end and not longer; a
 * new one begins with nothing. Presence goes on. */
static void ended_dialogs_leave_no_calls(void **state)
{
	struct rig *rig = start(short_hold);
	struct presence_agent presence, dialog, again;

	(void)state;
	begin(rig, &presence, &dialog);
	tell_dialogs(rig, &dialog, 1, CALL);
	rig_expect_line(rig, "phone=in-call");
	pa_notify(rig, &dialog, "terminated;reason=probation;retry-after=3600", NULL, "200");
	rig_expect_line(rig, "note=one devices=1 phone=unknown");
	expect_none(rig, "answered");
	tell_presence(rig, &presence, "still");
	rig_expect_line(rig, "note=still devices=1 phone=unknown");
	rig_free(&rig);

	rig = start(both); /* one that comes back in time changes nothing */
	begin(rig, &presence, &dialog);
	tell_dialogs(rig, &dialog, 7, CALL);
	rig_expect_line(rig, "phone=in-call");
	pa_notify(rig, &dialog, "terminated;reason=deactivated", NULL, "200");
	pa_accept(rig, &again, "200 OK", "Expires: 3600\r\n");
	assert_int_equal(fake_bridge_count(rig->bridge, "presence"), 0);
	tell_dialogs(rig, &again, 0, RINGS);
	rig_expect_line(rig, "phone=ringing");
	rig_free(&rig);
}

/* [D-26] [PRES-151]: presence is lost and the calls are not: what presence told is dropped after
 * the hold; when both are lost, the core is told. */
static void one_part_is_lost(void **state)
{
	struct rig *rig = start(short_hold);
	struct presence_agent presence, dialog;

	(void)state;
	begin(rig, &presence, &dialog);
	tell_dialogs(rig, &dialog, 1, CALL);
	rig_expect_line(rig, "phone=in-call");
	pa_notify(rig, &presence, "terminated;reason=probation;retry-after=3600", NULL, "200");
	rig_expect_line(rig, "open=1 show=- note= devices=1 phone=in-call");
	expect_none(rig, "answered");
	pa_notify(rig, &dialog, "terminated;reason=probation;retry-after=3600", NULL, "200");
	rig_expect_line(rig, "answered " PAIR " FAILED");
	rig_free(&rig);
}

/* [PRES-169] [PRES-170] [D-26]: an end without a failure is none for the time of the hold. */
static void silent_end_is_told_after_the_hold(void **state)
{
	struct rig *rig = start(short_hold);
	struct presence_agent presence, dialog;

	(void)state;
	begin(rig, &presence, &dialog);
	pa_notify(rig, &presence, "terminated;reason=giveup", NULL, "200");
	pa_notify(rig, &dialog, "terminated;reason=giveup", NULL, "200");
	assert_int_equal(fake_bridge_count(rig->bridge, "answered"), 0);
	rig_expect_line(rig, "answered " PAIR " FAILED");
	rig_free(&rig);
}

/* [DLG-007] [DLG-008] [D-22] [D-23]: a gap asks for the whole state, once a minute; a full document
 * counts whatever its number. */
static void versions(void **state)
{
	static const char partial[] =
		"<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"9\" "
		"state=\"partial\" entity=\"sip:1001@pbx.example\">" RINGS "</dialog-info>";
	struct rig *rig = start(both);
	struct presence_agent presence, dialog;
	char room[256];

	(void)state;
	begin(rig, &presence, &dialog);
	pa_notify(rig, &dialog, "active;expires=3600", partial, "200");
	rig_expect_line(rig, "phone=ringing");
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Call-ID", room, sizeof room), dialog.call_id);
	text_peer_answer(rig->peer, text, "200 OK", "Expires: 3600\r\n");
	tell_dialogs(rig, &dialog, 2, CALL); /* fell back, and is whole */
	rig_expect_line(rig, "phone=in-call");
	pa_notify(rig, &dialog, "active;expires=3600", partial, "200");
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	rig_free(&rig);
}

/* [EVT-019] [DLG-011] [DLG-009]: two phones answer one SUBSCRIBE of Event dialog; what they do adds
 * up. Each is refreshed on its own. What comes for presence from a fork is nobody's. */
static void forks(void **state)
{
	struct rig *rig = start(both);
	struct presence_agent presence, dialog, fork, other;
	char room[256];

	(void)state;
	begin(rig, &presence, &dialog);
	fork = dialog;
	fork.tag = "second";
	tell_dialogs(rig, &fork, 0, RINGS);
	rig_expect_line(rig, "phone=ringing");
	tell_dialogs(rig, &dialog, 1, CALL);
	rig_expect_line(rig, "phone=in-call");
	tell_dialogs(rig, &fork, 1, "");
	rig_expect_line(rig, "phone=in-call");
	tell_dialogs(rig, &dialog, 2, "");
	rig_expect_line(rig, "phone=idle");
	tell_dialogs(rig, &fork, 2, CALL);
	rig_expect_line(rig, "phone=in-call");
	pa_notify(rig, &fork, "active;expires=2", NULL, "200");
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(text);
	assert_string_equal(sip_text_tag(text, "To", room, sizeof room), "second");
	text_peer_answer(rig->peer, text, "481 Gone", ""); /* its end is not that of the other */
	rig_expect_line(rig, "phone=idle");
	tell_dialogs(rig, &dialog, 3, RINGS);
	rig_expect_line(rig, "phone=ringing");
	other = presence;
	other.tag = "second";
	pa_notify(rig, &other, "active", NULL, "481");
	assert_int_equal(fake_bridge_count(rig->bridge, "answered"), 0);
	rig_free(&rig);
}

/* [EVT-020]: a fork that comes long after its SUBSCRIBE is nobody's; and there is a bound. */
static void forks_are_bounded(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = both, .t1_ms = 500});
	struct presence_agent presence, dialog, fork;
	char tag[16];

	(void)state;
	begin(rig, &presence, &dialog);
	for (int i = 0; i < 16; i++) {
		fork = dialog;
		snprintf(tag, sizeof tag, "f%d", i);
		fork.tag = tag;
		tell_dialogs(rig, &fork, 0, "");
	}
	fork.tag = "toomany";
	pa_notify(rig, &fork, "active", NULL, "481");
	rig_free(&rig);
	rig = rig_new(&(struct rig_options){.tune = both, .proxy_is_tcp = true, .t1_ms = 2});
	begin(rig, &presence, &dialog);
	text_peer_let_run(rig->peer, 64 * 2 + 50);
	fork = dialog;
	fork.tag = "late";
	pa_notify(rig, &fork, "active", NULL, "481");
	rig_free(&rig);
}

/* [EVT-025] [D-19]: all dialogs end in order, those of forks, too. */
static void unwatch_ends_all(void **state)
{
	struct rig *rig = start(both);
	struct presence_agent presence, dialog, fork;
	char room[64], tags[3][32];

	(void)state;
	begin(rig, &presence, &dialog);
	fork = dialog;
	fork.tag = "second";
	tell_dialogs(rig, &fork, 0, CALL);
	rig_expect_line(rig, "phone=in-call");
	pa_unwatch(rig);
	for (int i = 0; i < 3; i++) {
		const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

		assert_non_null(text);
		assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "0");
		sip_text_tag(text, "To", tags[i], sizeof tags[i]);
		text_peer_answer(rig->peer, text, "200 OK", "Expires: 0\r\n");
	}
	pa_notify(rig, &fork, "terminated;reason=timeout", NULL, "200");
	pa_notify(rig, &dialog, "terminated;reason=timeout", NULL, "200");
	pa_notify(rig, &presence, "terminated;reason=timeout", NULL, "200");
	pa_notify(rig, &fork, "terminated;reason=timeout", NULL, "481");
	assert_int_equal(rig->bridge->count, 0);
	rig_free(&rig);
}

/* [D-17]: who joins is told what all parts know. */
static void who_joins_is_told_all(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.profile = "freeswitch", .t1_ms = 500});
	struct presence_agent presence, dialog;

	(void)state;
	begin(rig, &presence, &dialog);
	tell_dialogs(rig, &dialog, 1, CALL);
	rig_expect_line(rig, "phone=in-call");
	pa_watch_as(rig, "romeo");
	rig_expect_line(rig, "answered xmpp:romeo@chat.example sip:1001@pbx.example ALLOWED");
	rig_expect_line(rig, "presence xmpp:romeo@chat.example sip:1001@pbx.example open=1 show=- "
			     "note=one devices=1 phone=in-call");
	expect_none(rig, "juliet");
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	rig_free(&rig);
}

/* [D-17] [REQ-010]: many readers of one user come, ask again and go; the dialogs end with the last.
 */
static void many_readers_come_and_go(void **state)
{
	enum { READERS = 150 };
	struct rig *rig = rig_new(&(struct rig_options){.profile = "freeswitch", .t1_ms = 500});
	struct presence_agent presence, dialog;
	char name[16];

	(void)state;
	begin(rig, &presence, &dialog);
	for (int i = 0; i < READERS; i++) {
		snprintf(name, sizeof name, "u%d", i);
		pa_watch_as(rig, name);
		pa_watch_as(rig, name);
	}
	rig_expect_line(rig, "presence xmpp:u149@chat.example");
	assert_int_equal(fake_bridge_count(rig->bridge, "ALLOWED"), READERS);
	for (int i = 0; i < READERS; i += 2) {
		snprintf(name, sizeof name, "u%d", i);
		pa_unwatch_as(rig, name);
		pa_unwatch_as(rig, name);
	}
	tell_presence(rig, &presence, "half");
	rig_expect_line(rig, "presence xmpp:u149@chat.example sip:1001@pbx.example open=1 show=- "
			     "note=half");
	assert_int_equal(fake_bridge_count(rig->bridge, "note=half"), READERS / 2);
	for (int i = 1; i < READERS; i += 2) {
		snprintf(name, sizeof name, "u%d", i);
		pa_unwatch_as(rig, name);
	}
	text_peer_let_run(rig->peer, 20);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	pa_unwatch(rig);
	assert_non_null(text_peer_expect(rig->peer, "SUBSCRIBE "));
	assert_non_null(text_peer_expect(rig->peer, "SUBSCRIBE "));
	rig_free(&rig);
}

/* [D-56]: what comes in one go is answered one by one and told once, the newest
 * of it. */
static void burst_is_told_once(void **state)
{
	enum { NOTIFYS = 60 };
	struct rig *rig = start(both);
	struct presence_agent presence, dialog;
	char room[1024];

	(void)state;
	begin(rig, &presence, &dialog);
	for (int i = 1; i <= NOTIFYS; i++)
		pa_send_notify(
			rig, &dialog, "active;expires=3600", "",
			pa_dialogs((unsigned)i, i % 2 != 0 ? RINGS : CALL, room, sizeof room));
	for (int i = 1; i <= NOTIFYS; i++)
		assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	text_peer_let_run(rig->peer, 60);
	assert_true(fake_bridge_count(rig->bridge, "presence") <= NOTIFYS);
	const char *last = NULL;

	for (size_t i = 0; i < rig->bridge->count; i++)
		last = rig->bridge->lines[i];
	assert_non_null(last);
	assert_non_null(strstr(last, "phone=in-call"));
	assert_int_equal(take_all(rig, "SUBSCRIBE "), 0);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_package_has_its_own_dialog),
		cmocka_unit_test(phone_states_beside_presence),
		cmocka_unit_test(other_party_only_if_allowed),
		cmocka_unit_test(bodies_go_by_type),
		cmocka_unit_test(unknown_package_is_left_out),
		cmocka_unit_test(answers_of_two_packages),
		cmocka_unit_test(presence_decides),
		cmocka_unit_test(dialogs_alone),
		cmocka_unit_test(no_package_no_dialog),
		cmocka_unit_test(ended_dialogs_leave_no_calls),
		cmocka_unit_test(one_part_is_lost),
		cmocka_unit_test(silent_end_is_told_after_the_hold),
		cmocka_unit_test(versions),
		cmocka_unit_test(forks),
		cmocka_unit_test(forks_are_bounded),
		cmocka_unit_test(unwatch_ends_all),
		cmocka_unit_test(who_joins_is_told_all),
		cmocka_unit_test(many_readers_come_and_go),
		cmocka_unit_test(burst_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
