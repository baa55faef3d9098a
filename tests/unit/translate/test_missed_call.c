/* missed_call: documents one after the other, in one or two dialogs of one user, and the calls that
 * are then missed. */
#include "translate/missed_call.h"

#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/profile.h"
#include "support/check.h"
#include "translate/dialog_info.h"
#include "unit/translate/describe.h"

#define DI           "xmlns='urn:ietf:params:xml:ns:dialog-info'"
#define DOC(head, x) "<dialog-info " DI " entity='sip:201@pbx.example' " head ">" x "</dialog-info>"
#define FULL(x)      DOC("version='1' state='full'", x)
#define PART(x)      DOC("version='1' state='partial'", x)
#define STATE(id, attributes, state, x)                                                            \
	"<dialog id='" id "' direction='recipient' " attributes ">" state x "</dialog>"
#define FROM(name, user)                                                                           \
	"<remote><identity display='" name "'>sip:" user "@pbx.example</identity></remote>"
#define ANN           FROM("Ann", "1005")
#define BOB           FROM("Bob", "1006")
#define EARLY         "<state>early</state>"
#define UP            "<state>confirmed</state>"
#define GONE          "<state>terminated</state>"
#define OVER(why)     "<state " why ">terminated</state>"
#define RINGS(id, x)  STATE(id, "", EARLY, x)
#define SPEAKS(id, x) STATE(id, "", UP, x)
#define ENDS(id)      STATE(id, "", GONE, "")

enum { STEPS_MAX = 8, SETTLE_MS = 2000, START_MS = 1000 * 1000, END_MS = START_MS + 600 * 1000 };

struct step {
	uint64_t at_ms;
	int table; /* 0 or 1 */
	const char *text;
};

struct row {
	const char *profile;
	struct step steps[STEPS_MAX]; /* text NULL ends them; "-": that dialog is lost */
	const char *wanted;           /* "name number at;", with at in seconds */
};

static void take_due(struct call_table *tables, struct call_book *book, uint64_t until,
		     struct buf *out)
{
	for (uint64_t now = call_book_due_ms(book); now <= until; now = call_book_due_ms(book)) {
		struct call_end *call = call_book_next(book, now);

		if (call_table_rings(&tables[0], book, call) ||
		    call_table_rings(&tables[1], book, call)) {
			call->ended_ms = now;
			continue;
		}
		buf_printf(out, "%s %s %u;", call->name != NULL ? call->name : "-",
			   call->number != NULL ? call->number : "-",
			   (unsigned)((now - START_MS) / 1000));
		call->is_done = true;
	}
}

static void check(const struct row *row)
{
	const struct profile *profile = profile_find(row->profile);
	struct call_book book = {.settle_ms = SETTLE_MS};
	struct call_table tables[2] = {{0}, {0}};
	struct buf out = BUF_INIT;

	for (const struct step *step = row->steps; step->text != NULL; step++) {
		take_due(tables, &book, START_MS + step->at_ms, &out);
		if (strcmp(step->text, "-") == 0)
			call_table_clear(&tables[step->table]);
		else if (call_table_apply(&tables[step->table], &book, step->text,
					  strlen(step->text), DIALOG_INFO_MAX_BYTES, profile,
					  START_MS + step->at_ms) != 0)
			fail_msg("refused: %s", step->text);
	}
	take_due(tables, &book, END_MS, &out);
	if (strcmp(buf_text(&out), row->wanted) != 0)
		fail_msg("%s ...\nis     %s\nwanted %s", row->steps[0].text, buf_text(&out),
			 row->wanted);
	buf_free(&out);
	for (int i = 0; i < 2; i++)
		call_table_clear(&tables[i]);
	call_book_clear(&book);
}

#define CHECK(rows)                                                                                \
	for (size_t i = 0; i < CHECK_COUNT(rows); i++)                                             \
	check(&(rows)[i])

/* One phone. [DLG-009] [DLG-010] */
static void one_phone(void **state)
{
	static const struct row rows[] = {
		{"generic",
		 {{1000, 0, FULL(RINGS("1", ANN))}, {9000, 0, FULL(ENDS("1"))}},
		 "Ann 1005 11;"},
		/* gone from a whole list */
		{"generic",
		 {{1000, 0, FULL(RINGS("1", ANN))}, {9000, 0, FULL("")}},
		 "Ann 1005 11;"},
		{"generic", {{1000, 0, PART(RINGS("1", ANN))}, {9000, 0, PART("")}}, ""},
		{"generic",
		 {{1000, 0, PART(RINGS("1", ANN))}, {9000, 0, PART(ENDS("1"))}},
		 "Ann 1005 11;"},
		/* answered */
		{"generic",
		 {{1000, 0, FULL(RINGS("1", ANN))},
		  {5000, 0, FULL(SPEAKS("1", ""))},
		  {9000, 0, FULL(ENDS("1"))}},
		 ""},
		/* told once, however often it is repeated */
		{"generic",
		 {{1000, 0, FULL(RINGS("1", ANN))},
		  {2000, 0, FULL(RINGS("1", ANN))},
		  {9000, 0, FULL(ENDS("1"))},
		  {9100, 0, FULL(ENDS("1"))},
		  {20000, 0, FULL(ENDS("1"))},
		  {21000, 0, FULL("")}},
		 "Ann 1005 11;"},
		/* one call after the other under one id, as Asterisk has it */
		{"asterisk",
		 {{1000, 0, FULL(RINGS("201", ANN))},
		  {9000, 0, FULL("<dialog id='201'>" GONE "</dialog>")},
		  {60000, 0, FULL(RINGS("201", BOB))},
		  {70000, 0, FULL("<dialog id='201'>" GONE "</dialog>")},
		  {80000, 0, FULL(RINGS("201", BOB))},
		  {85000, 0, FULL("<dialog id='201'>" UP "</dialog>")},
		  {90000, 0, FULL("<dialog id='201'>" GONE "</dialog>")}},
		 "Ann 1005 11;Bob 1006 72;"},
		/* the caller comes late, or never, or is withheld [DLG-018] */
		{"generic",
		 {{1000, 0, FULL(RINGS("1", ""))},
		  {2000, 0, FULL(RINGS("1", ANN))},
		  {9000, 0, FULL(ENDS("1"))}},
		 "Ann 1005 11;"},
		{"generic",
		 {{1000, 0, FULL(RINGS("1", ""))}, {9000, 0, FULL(ENDS("1"))}},
		 "- - 11;"},
		{"generic",
		 {{1000, 0, FULL(RINGS("1", FROM("anonymous", "anonymous")))},
		  {9000, 0, FULL(ENDS("1"))}},
		 "- - 11;"},
		/* what he did himself, or what is no ringing */
		{"generic",
		 {{1000, 0, FULL("<dialog id='1' direction='initiator'>" EARLY "</dialog>")},
		  {9000, 0, FULL(ENDS("1"))}},
		 ""},
		{"generic",
		 {{1000, 0, FULL("<dialog id='1'>" EARLY "</dialog>")}, {9000, 0, FULL(ENDS("1"))}},
		 ""},
		{"generic",
		 {{1000, 0, FULL(STATE("1", "", "<state>trying</state>", ANN))},
		  {9000, 0, FULL(ENDS("1"))}},
		 ""},
		{"generic", {{9000, 0, FULL(ENDS("1"))}}, ""},
		{"generic", {{1000, 0, FULL(SPEAKS("1", ANN))}, {9000, 0, FULL(ENDS("1"))}}, ""},
	};

	(void)state;
	CHECK(rows);
}

/* RFC 4235 section 3.7.1. [DLG-003] [DLG-005] */
static void why_it_ended(void **state)
{
#define WHY(why, wanted)                                                                           \
	{                                                                                          \
		"generic",                                                                         \
			{{1000, 0, FULL(RINGS("1", ANN))},                                         \
			 {9000, 0, FULL(STATE("1", "", OVER(why), ""))}},                          \
			wanted                                                                     \
	}
	static const struct row rows[] = {
		WHY("event='cancelled'", "Ann 1005 11;"),
		WHY("event='timeout'", "Ann 1005 11;"),
		WHY("event='error' code='500'", "Ann 1005 11;"),
		WHY("event='rejected'", "Ann 1005 11;"),
		WHY("event='rejected' code='480'", "Ann 1005 11;"),
		WHY("event='rejected' code='487'", "Ann 1005 11;"),
		WHY("event='dancing' code='x'", "Ann 1005 11;"),
		/* answered or taken elsewhere */
		WHY("event='replaced'", ""),
		WHY("event=' Replaced '", ""),
		WHY("reason='replaced'", ""),
		WHY("event='cancelled' code='200'", ""),
		WHY("event='local-bye'", ""),
		WHY("event='remote-bye'", ""),
		/* declined, or sent on */
		WHY("event='rejected' code='486'", ""),
		WHY("event='rejected' code='603'", ""),
		WHY("event='rejected' code='600'", ""),
		WHY("event='rejected' code='302'", ""),
	};

	(void)state;
	CHECK(rows);
}

/* Several phones of one user: one call, told once, and not if one of them answered. [DLG-011] */
static void several_phones(void **state)
{
	static const struct row rows[] = {
		/* both end */
		{"generic",
		 {{1000, 0, FULL(RINGS("a", ANN))},
		  {1100, 1, FULL(RINGS("b", ANN))},
		  {9000, 0, FULL(ENDS("a"))},
		  {9200, 1, FULL(ENDS("b"))}},
		 "Ann 1005 11;"},
		{"generic",
		 {{1000, 0, FULL(RINGS("a", ANN) RINGS("b", ""))},
		  {9000, 0, FULL(ENDS("a") ENDS("b"))}},
		 "Ann 1005 11;"},
		/* the other one answers: said before, with, and after the end of this one */
		{"generic",
		 {{1000, 0, FULL(RINGS("a", ANN))},
		  {1100, 1, FULL(RINGS("b", ANN))},
		  {5000, 0, FULL(SPEAKS("a", ""))},
		  {5100, 1, FULL(ENDS("b"))}},
		 ""},
		{"generic",
		 {{1000, 0, FULL(RINGS("a", ANN) RINGS("b", ANN))},
		  {5000, 0, FULL(ENDS("a") SPEAKS("b", ""))}},
		 ""},
		{"generic",
		 {{1000, 0, FULL(RINGS("a", ANN))},
		  {1100, 1, FULL(RINGS("b", ANN))},
		  {5000, 1, FULL(ENDS("b"))},
		  {5900, 0, FULL(SPEAKS("a", ""))}},
		 ""},
		/* declined at one phone, cancelled at the others */
		{"generic",
		 {{1000, 0, FULL(RINGS("a", ANN))},
		  {1100, 1, FULL(RINGS("b", ANN))},
		  {5000, 0, FULL(STATE("a", "", OVER("event='rejected' code='603'"), ""))},
		  {5100, 1, FULL(ENDS("b"))}},
		 ""},
		/* one phone gives up early, the other rings on: it waits for that one */
		{"generic",
		 {{1000, 0, FULL(RINGS("a", ANN))},
		  {1100, 1, FULL(RINGS("b", ANN))},
		  {5000, 0, FULL(ENDS("a"))},
		  {30000, 1, FULL(SPEAKS("b", ""))}},
		 ""},
		{"generic",
		 {{1000, 0, FULL(RINGS("a", ANN))},
		  {1100, 1, FULL(RINGS("b", ANN))},
		  {5000, 0, FULL(ENDS("a"))},
		  {30000, 1, FULL(ENDS("b"))}},
		 "Ann 1005 32;"},
		/* under one Call-ID, with the caller under two names */
		{"generic",
		 {{1000, 0, FULL(STATE("a", "call-id='c'", EARLY, ANN))},
		  {1100, 1, FULL(STATE("b", "call-id='c'", EARLY, BOB))},
		  {5000, 0, FULL(STATE("a", "call-id='c'", UP, ""))},
		  {5100, 1, FULL(STATE("b", "call-id='c'", GONE, ""))}},
		 ""},
		/* two calls at the same time: one answered, the other missed */
		{"generic",
		 {{1000, 0, FULL(RINGS("a", ANN) RINGS("b", BOB))},
		  {5000, 0, FULL(SPEAKS("a", "") RINGS("b", BOB))},
		  {9000, 0, FULL(SPEAKS("a", ""))}},
		 "Bob 1006 11;"},
		/* a call while he speaks */
		{"generic",
		 {{1000, 0, FULL(RINGS("a", ANN))},
		  {5000, 0, FULL(SPEAKS("a", ""))},
		  {20000, 0, FULL(SPEAKS("a", "") RINGS("b", ANN))},
		  {30000, 0, FULL(SPEAKS("a", ""))}},
		 "Ann 1005 32;"},
	};

	(void)state;
	CHECK(rows);
}

/* Unknown is not missed. [DLG-019] */
static void what_is_lost_is_not_missed(void **state)
{
	static const struct row rows[] = {
		{"generic",
		 {{1000, 0, FULL(RINGS("1", ANN))}, {2000, 0, "-"}, {9000, 0, FULL(ENDS("1"))}},
		 ""},
		{"generic",
		 {{1000, 0, FULL(RINGS("1", ANN))}, {2000, 0, "-"}, {9000, 0, FULL("")}},
		 ""},
		/* it still rings in the new dialog: heard of to its end */
		{"generic",
		 {{1000, 0, FULL(RINGS("1", ANN))},
		  {2000, 0, "-"},
		  {3000, 0, FULL(RINGS("1", ANN))},
		  {9000, 0, FULL(ENDS("1"))}},
		 "Ann 1005 11;"},
		/* lost after the end: known */
		{"generic",
		 {{1000, 0, FULL(RINGS("1", ANN))}, {9000, 0, FULL(ENDS("1"))}, {9500, 0, "-"}},
		 "Ann 1005 11;"},
	};

	(void)state;
	CHECK(rows);
}

/* [PBX-032] a document of FreeSWITCH tells of one call, or after a registration of none; one on
 * hold is early. */
static void freeswitch(void **state)
{
#define HELD                                                                                       \
	"<local><target uri='sip:a@b'><param pname='+sip.rendering' "                              \
	"pvalue='no'/></target></local>"
	static const struct row rows[] = {
		{"freeswitch",
		 {{1000, 0, FULL(RINGS("1", ANN))},
		  {2000, 0, FULL("")},
		  {3000, 0, FULL(RINGS("2", BOB))},
		  {4000, 0, FULL(SPEAKS("1", ""))},
		  {5000, 0, FULL(ENDS("2"))}},
		 "Bob 1006 7;"},
		{"freeswitch",
		 {{1000, 0, FULL(STATE("1", "", EARLY, ANN HELD))}, {9000, 0, FULL(ENDS("1"))}},
		 ""},
	};

	(void)state;
	CHECK(rows);
}

/* What PBXs sent. [PBX-005] [PBX-031] [PBX-048] */
static void real_documents(void **state)
{
	static const struct {
		const char *profile, *rings, *ends, *wanted;
	} rows[] = {
		{"asterisk", "asterisk/notify-dialog-info-phone-ringing",
		 "asterisk/notify-dialog-info-phone-declined", "Rosaline Capulet 1005 11;"},
		{"asterisk", "asterisk/notify-dialog-info-phone-ringing-anonymous",
		 "asterisk/notify-dialog-info-phone-hangup", "- - 11;"},
		{"asterisk", "asterisk/notify-dialog-info-phone-ringing",
		 "asterisk/notify-dialog-info-phone-inuse", ""},
		{"asterisk", "asterisk/notify-dialog-info-ringing",
		 "asterisk/notify-dialog-info-idle", "- - 11;"},
		{"freeswitch", "freeswitch/notify-dialog-info-call-ringing",
		 "freeswitch/notify-dialog-info-call-confirmed", ""},
		{"freeswitch", "freeswitch/notify-dialog-info-event-call-early",
		 "freeswitch/notify-dialog-info-event-call-terminated", "- - 11;"},
		{"kamailio", "kamailio/kamailio-notify-dialog-info-early",
		 "kamailio/kamailio-notify-dialog-info-terminated", "alice alice 11;"},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		const char *const names[] = {rows[i].rings, rows[i].ends};
		struct row row = {.profile = rows[i].profile, .wanted = rows[i].wanted};
		char *texts[2];

		for (size_t k = 0; k < 2; k++) {
			char path[128];
			size_t len;

			snprintf(path, sizeof path, "samples/%s.txt", names[k]);
			texts[k] = read_test_file(path, &len);
			row.steps[k] = (struct step){k == 0 ? 1000 : 9000, 0,
						     strstr(texts[k], "\r\n\r\n") + 4};
		}
		check(&row);
		mem_free(texts[0]);
		mem_free(texts[1]);
	}
}

/* More dialogs than are kept, and documents that cannot be read: nothing is told of them. */
static void keeps_to_its_limits(void **state)
{
	const struct profile *profile = profile_find("generic");
	struct call_book book = {.settle_ms = SETTLE_MS};
	struct call_table table = {0};
	struct buf text = BUF_INIT;

	(void)state;
	for (int i = 0; i < DIALOG_ROWS_MAX + CALL_BOOK_MAX; i++) {
		buf_reset(&text);
		buf_printf(&text,
			   PART("<dialog id='%d' direction='recipient'>" EARLY
				"<remote><identity>sip:%d@x</identity></remote></dialog>"),
			   i, i);
		assert_int_equal(
			call_table_apply(&table, &book, text.data, text.len, 65536, profile, 1000),
			0);
	}
	assert_int_equal(table.count, DIALOG_ROWS_MAX);
	assert_int_equal(call_table_apply(&table, &book, "<x/>", 4, 65536, profile, 2000), EBADMSG);
	assert_int_equal(call_table_apply(&table, &book, text.data, text.len, 10, profile, 2000),
			 E2BIG);
	assert_int_equal(table.count, DIALOG_ROWS_MAX);
	assert_int_equal(
		call_table_apply(&table, &book, FULL(""), strlen(FULL("")), 65536, profile, 2000),
		0);
	assert_int_equal(table.count, 0);
	assert_null(table.rows);
	assert_int_equal(book.count, CALL_BOOK_MAX);
	call_book_clear(&book);
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_phone),           cmocka_unit_test(why_it_ended),
		cmocka_unit_test(several_phones),      cmocka_unit_test(what_is_lost_is_not_missed),
		cmocka_unit_test(freeswitch),          cmocka_unit_test(real_documents),
		cmocka_unit_test(keeps_to_its_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
