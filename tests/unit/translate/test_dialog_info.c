/* dialog_info: documents one after the other, and what the table then says. */
#include "translate/dialog_info.h"

#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "model/phone.h"
#include "model/profile.h"
#include "support/check.h"
#include "unit/translate/describe.h"

#define DI           "xmlns='urn:ietf:params:xml:ns:dialog-info'"
#define DOC(head, x) "<dialog-info " DI " entity='sip:201@pbx.example' " head ">" x "</dialog-info>"
#define FULL(v, x)   DOC("version='" #v "' state='full'", x)
#define PART(v, x)   DOC("version='" #v "' state='partial'", x)
#define CALL(id, attributes, state, x)                                                             \
	"<dialog id='" id "' " attributes "><state>" state "</state>" x "</dialog>"
#define UP(id)    CALL(id, "", "confirmed", "")
#define DOWN(id)  CALL(id, "", "terminated", "")
#define RINGS(id) CALL(id, "direction='recipient'", "early", "")
#define FROM(x)   "<remote><identity>sip:200@pbx.example</identity>" x "</remote>"
#define MUTED(value)                                                                               \
	"<local><target uri='sip:a@b'><param pname='+sip.rendering' " value "/></target></local>"

struct step {
	const char *text;
	const char *wanted; /* NULL: dropped or refused */
	bool wants_full;
};

static void apply_one(struct dialog_table *table, const struct step *step,
		      const struct profile *profile)
{
	struct phone phone = {0};
	struct buf line = BUF_INIT;
	bool wants_full = false;
	int err = dialog_info_apply(table, step->text, strlen(step->text), DIALOG_INFO_MAX_BYTES,
				    profile, &wants_full);

	dialog_table_phone(table, &phone);
	describe_phone(&phone, &line);
	if ((err == 0) != (step->wanted != NULL) || wants_full != step->wants_full ||
	    (err == 0 && strcmp(buf_text(&line), step->wanted) != 0))
		fail_msg("%s\nis     %s (%d, wants full %d)\nwanted %s", step->text,
			 buf_text(&line), err, wants_full, step->wanted);
	phone_clear(&phone);
	buf_free(&line);
}

static void apply_all(const struct step *steps, size_t count, const char *profile)
{
	struct dialog_table table = {0};

	for (size_t i = 0; i < count; i++)
		apply_one(&table, &steps[i], profile_find(profile));
	dialog_table_clear(&table);
	assert_null(table.rows);
}

/* What single documents mean. [DLG-003] [DLG-006] [DLG-014] [PBX-058] */
static void reads_documents(void **state)
{
	static const struct step rows[] = {
		{FULL(0, ""), "idle", false},
		{FULL(0, DOWN("1")), "idle", false},
		{FULL(0, UP("1")), "in-call", false},
		{FULL(0, CALL("1", "", " Confirmed\n", "")), "in-call", false},
		{FULL(0, RINGS("1")), "ringing", false},
		{FULL(0, CALL("1", "direction='initiator'", "early", "")), "dialling", false},
		{FULL(0, CALL("1", "direction='initiator'", "trying", "")), "dialling", false},
		{FULL(0, CALL("1", "direction='recipient'", "proceeding", "")), "ringing", false},
		/* (f) no direction */
		{FULL(0, CALL("1", "", "early", "")), "ringing", false},
		/* [DLG-003] event and code are no part of the state */
		{FULL(0, "<dialog id='1'><state event='remote-bye' code='200'>terminated</state>"
			 "</dialog>"),
		 "idle", false},
		{FULL(0, RINGS("1") UP("2") DOWN("3")), "in-call", false},
		{FULL(0, RINGS("1") DOWN("3")), "ringing", false},
		/* what is not known says nothing */
		{FULL(0, CALL("1", "", "dancing", "")), "idle", false},
		{FULL(0, "<dialog id='1'/>"), "idle", false},
		{FULL(0, "<x xmlns='u'><dialog><state>confirmed</state></dialog></x>"), "idle",
		 false},
		/* [DLG-004] all the rest is passed over */
		{FULL(0, CALL("1", "call-id='c' local-tag='l' remote-tag='r'", "confirmed",
			      "<duration>274</duration><replaces call-id='h' local-tag='l' "
			      "remote-tag='r'/><referred-by display='Bob'>sip:b@b</referred-by>"
			      "<route-set><hop>sip:p</hop></route-set><remote><identity>sip:x@b"
			      "</identity><session-description type='application/sdp'>v=0"
			      "</session-description><cseq>5</cseq></remote>")),
		 "in-call 'x'", false},
		/* [DLG-005] spellings */
		{DOC("version='0' notify-state='full'",
		     CALL("1", "direction='receiver'", "early", "")),
		 "ringing", false},
		{"<dialog-info><dialog><state reason='x'>confirmed</state></dialog></dialog-info>",
		 "in-call", false},
		{"<d:dialog-info xmlns:d='urn:ietf:params:xml:ns:dialog-info' version='0' "
		 "state='full'><d:dialog id='1'><d:state>early</d:state></d:dialog>"
		 "</d:dialog-info>",
		 "ringing", false},
		/* (e) [PBX-048] blanks where a version was patched */
		{"<dialog-info " DI " version=\"7\"            state=\"full\"   ></dialog-info>",
		 "idle", false},
		{"<?xml version='1.0'?><!DOCTYPE dialog-info SYSTEM 'x.dtd'>" FULL(0, UP("1")),
		 "in-call", false},
		/* [DLG-016] [PBX-006] hold */
		{FULL(0, CALL("1", "", "confirmed", MUTED("pvalue='no'"))), "on-hold", false},
		{FULL(0, CALL("1", "", "confirmed", MUTED("pval='no'"))), "on-hold", false},
		{FULL(0, CALL("1", "", "confirmed", MUTED("pval='yes'"))), "in-call", false},
		{FULL(0, CALL("1", "", "confirmed",
			      "<local><target><param pname='sip.rendering' pval='No'/></target>"
			      "</local>")),
		 "on-hold", false},
		/* [DLG-020] */
		{FULL(0, CALL("1", "", "confirmed", MUTED("pval='&quot;no&quot;'"))), "on-hold",
		 false},
		{FULL(0, CALL("1", "", "confirmed", MUTED("pval='&lt;no>'"))), "on-hold", false},
		{FULL(0, CALL("1", "", "confirmed", MUTED("pval='\"'"))), "in-call", false},
		/* [DLG-005] beside the target, and in a second local element */
		{FULL(0, CALL("1", "", "confirmed",
			      "<local><param pname='+sip.rendering' pval='no'/></local>")),
		 "on-hold", false},
		{FULL(0, CALL("1", "", "confirmed",
			      "<local><identity>sip:a@b</identity></local>" MUTED("pval='no'"))),
		 "on-hold", false},
		/* the other side's rendering is not his */
		{FULL(0, CALL("1", "", "confirmed",
			      "<remote><target uri='sip:x@b'><param pname='+sip.rendering' "
			      "pval='no'/></target></remote>")),
		 "in-call", false},
		/* one call held, one not */
		{FULL(0, CALL("1", "", "confirmed", MUTED("pval='no'")) UP("2")), "in-call", false},
		/* a phone that rings renders nothing either */
		{FULL(0, CALL("1", "direction='recipient'", "early", MUTED("pval='no'"))),
		 "ringing", false},
		/* documents of two phones joined, ids alike [PBX-048] */
		{FULL(0, UP("1") DOWN("1")), "in-call", false},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		apply_all(&rows[i], 1, "generic");
		apply_all(&rows[i], 1, "kamailio");
	}
}

/* [DLG-018] [PBX-005] Who is on the other side, and what is never shown. */
static void names_the_other_party(void **state)
{
#define PARTY(x)  FULL(0, CALL("1", "direction='recipient'", "early", "<remote>" x "</remote>"))
#define WHO(x, y) PARTY("<identity " x ">" y "</identity>")
	static const struct step rows[] = {
		{WHO("display='Front desk'", "sip:200@pbx.example"), "ringing 'Front desk'", false},
		{WHO("display-name='Front desk'", "sip:200@pbx.example"), "ringing 'Front desk'",
		 false},
		{WHO("", "\n  sip:200@pbx.example;user=phone \n"), "ringing '200'", false},
		{WHO("", "&lt;sips:200;phone-context=x@pbx.example>"), "ringing '200'", false},
		{WHO("", "tel:+4930123;isub=1"), "ringing '+4930123'", false},
		{WHO("display=' &quot;A&quot; '", "sip:200@b"), "ringing 'A'", false},
		{WHO("display='two&#10;lines'", "sip:200@b"), "ringing 'two lines'", false},
		/* several: the first [DLG-005] */
		{PARTY("<identity>sip:200@b</identity><identity>sip:201@b</identity>"),
		 "ringing '200'", false},
		{PARTY("<identity>sip:200@b</identity><target uri='sip:x@b' display='At target'/>"),
		 "ringing 'At target'", false},
		/* withheld */
		{WHO("display='anonymous'", "sip:anonymous@anonymous.invalid"), "ringing", false},
		{WHO("display='Juliet'", "sip:anonymous@anonymous.invalid"), "ringing", false},
		{WHO("display='Anonymous'", "sip:200@b"), "ringing", false},
		{WHO("", "sip:invalid@b"), "ringing", false},
		{PARTY("<identity>sip:200@b</identity><identity>sip:a@anonymous.invalid</"
		       "identity>"),
		 "ringing", false},
		/* [PBX-031] the PBX's own codes */
		{WHO("", "sip:**201@b"), "ringing", false},
		{WHO("display='**201'", "sip:201@b"), "ringing '201'", false},
		{WHO("display='Queue 1'", "sip:queue+1@b"), "ringing", false},
		{WHO("display='x'", "sip:park+1@b"), "ringing", false},
		{WHO("display='x'", "sip:pickup+1@b"), "ringing", false},
		{WHO("display='conference'", "sip:conf+3001@b"), "ringing", false},
		{PARTY("<identity display='queue'>sip:1@b</identity><target uri='sip:queue+1'/>"),
		 "ringing", false},
		{PARTY("<identity display='queue'>sip:11112222-0000</identity>"), "ringing", false},
		{PARTY("<identity display='1001'>sip:1001@b</identity><target "
		       "uri='sip:**1002@b'/>"),
		 "ringing '1001'", false},
		/* nothing to name */
		{WHO("", "sip:pbx.example"), "ringing", false},
		{WHO("display='x'", ""), "ringing", false},
		{PARTY("<identity/>"), "ringing", false},
		{PARTY(""), "ringing", false},
		/* of the call that decides */
		{FULL(0, CALL("1", "direction='recipient'", "early", FROM(""))
				 CALL("2", "", "confirmed", "")),
		 "in-call", false},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++)
		apply_all(&rows[i], 1, "generic");
}

/* [DLG-007] [DLG-008] [DLG-009] [DLG-010] [D-23] Versions order partial documents only. */
static void orders_documents(void **state)
{
	static const struct step steps[] = {
		{FULL(4, RINGS("1")), "ringing", false},
		{PART(5, UP("1")), "in-call", false},
		/* a new row; the other is unchanged */
		{PART(6, RINGS("2")), "in-call", false},
		/* (d) a terminated row goes alone */
		{PART(7, DOWN("1")), "ringing", false},
		/* (a) a jump */
		{PART(9, UP("3")), "in-call", true},
		/* (b) equal is a repeat; a lower one counts from anew and cannot be placed */
		{PART(9, DOWN("3")), NULL, false},
		{PART(3, DOWN("3")), NULL, true},
		/* (c) full with none clears, whatever its version [PBX-007] */
		{FULL(0, ""), "idle", false},
		{PART(1, UP("1")), "in-call", false},
		{FULL(1, RINGS("1")), "ringing", false},
		{FULL(90, UP("1")), "in-call", false},
		/* what a partial one leaves out stays */
		{PART(91,
		      CALL("1", "direction='initiator'", "confirmed", FROM("") MUTED("pval='no'"))),
		 "on-hold '200'", false},
		{PART(92, CALL("1", "", "confirmed", "<local/>")), "on-hold '200'", false},
		{PART(93, "<dialog id='1'/>"), "on-hold '200'", false},
		{PART(94, CALL("1", "", "confirmed", MUTED("pval='yes'"))), "in-call '200'", false},
		{PART(95, CALL("1", "", "confirmed",
			       "<remote><identity>sip:anonymous@anonymous.invalid</identity>"
			       "</remote>")),
		 "in-call", false},
		/* a confirmed call that is early and muted again is held */
		{PART(96, CALL("1", "", "early", MUTED("pval='no'"))), "on-hold", false},
		{FULL(97, CALL("1", "", "early", MUTED("pval='no'"))), "on-hold", false},
		{PART(98, DOWN("unknown")), "on-hold", false},
		/* no version at all */
		{DOC("state='partial'", DOWN("1")), "idle", false},
		{DOC("state='full' version='x'", UP("1")), "in-call", false},
		{DOC("state='full' version='4294967295'", UP("1")), "in-call", false},
		{PART(0, DOWN("1")), "idle", false},
		/* [DLG-005] */
		{DOC("version='1' notify-state='partial'", RINGS("2")), "ringing", false},
		{DOC("version='2' notify-state='partial'", DOWN("3")), "ringing", false},
	};
	static const struct step first_is_partial[] = {
		{PART(0, RINGS("1")), "ringing", true},
		{PART(1, DOWN("1")), "idle", false},
	};

	/* [DLG-002] the id is left out: the call-id tells dialogs apart */
	static const struct step without_ids[] = {
		{FULL(0, "<dialog call-id='a'><state>confirmed</state></dialog><dialog call-id='b' "
			 "direction='recipient'><state>early</state></dialog>"),
		 "in-call", false},
		{PART(1, "<dialog id='' call-id='a'><state>terminated</state></dialog>"), "ringing",
		 false},
	};

	(void)state;
	apply_all(steps, CHECK_COUNT(steps), "generic");
	apply_all(first_is_partial, 2, "generic");
	apply_all(without_ids, 2, "generic");
}

/* [PBX-032] FreeSWITCH says "full" and means one event; [PBX-058] the RFC's form works too. */
static void keeps_rows_of_event_documents(void **state)
{
	static const struct step steps[] = {
		{FULL(0, ""), "idle", false},
		{FULL(1, UP("a")), "in-call", false},
		{FULL(2, RINGS("b")), "in-call", false},
		{FULL(3, DOWN("b")), "in-call", false},
		{FULL(4, DOWN("a")), "idle", false},
		{FULL(5, UP("a")), "in-call", false},
		/* an empty document clears */
		{FULL(6, ""), "idle", false},
		{FULL(7, UP("a")), "in-call", false},
		/* one was missed: the end of "a" may have been in it */
		{FULL(9, RINGS("b")), "in-call", true},
		/* its count fell back: applied all the same */
		{FULL(1, DOWN("a")), "ringing", false},
		/* [PBX-031] held: early and muted */
		{FULL(2, CALL("b", "direction='recipient'", "early", MUTED("pvalue='no'"))),
		 "on-hold", false},
		{FULL(3, CALL("b", "direction='recipient'", "confirmed", MUTED("pvalue='yes'"))),
		 "in-call", false},
		{PART(4, DOWN("b")), "idle", false},
		/* the list of all calls, as a refresh is answered: what it leaves out is over */
		{FULL(5, UP("lost")), "in-call", false},
		{FULL(9, CALL("c", "call-id='c' direction='recipient'", "early", "")), "ringing",
		 false},
	};
	static const struct step without[] = {
		{FULL(1, UP("a")), "in-call", false},
		{FULL(2, RINGS("b")), "ringing", false},
		{FULL(3, DOWN("b")), "idle", false},
	};

	(void)state;
	apply_all(steps, CHECK_COUNT(steps), "freeswitch");
	apply_all(without, CHECK_COUNT(without), "generic");
}

/* [DLG-011] Forked to two phones, one busy and one idle (g): each has a table, and both count. */
static void adds_the_phones_of_a_user(void **state)
{
	static const struct {
		const char *one;
		const char *two;
		enum phone_state wanted;
	} rows[] = {
		{FULL(0, UP("1")), FULL(0, ""), PHONE_IN_CALL},
		{FULL(0, ""), FULL(0, RINGS("1")), PHONE_RINGING},
		{FULL(0, CALL("1", "", "confirmed", MUTED("pval='no'"))), FULL(0, UP("1")),
		 PHONE_IN_CALL},
		{FULL(0, ""), FULL(0, ""), PHONE_IDLE},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct dialog_table one = {0}, two = {0};
		struct phone phone = {0}, other = {0};
		bool wants_full = false;

		assert_int_equal(dialog_info_apply(&one, rows[i].one, strlen(rows[i].one), 65536,
						   profile_find("generic"), &wants_full),
				 0);
		assert_int_equal(dialog_info_apply(&two, rows[i].two, strlen(rows[i].two), 65536,
						   profile_find("generic"), &wants_full),
				 0);
		dialog_table_phone(&one, &phone);
		dialog_table_phone(&two, &other);
		phone_merge(&phone, &other);
		assert_int_equal(phone.state, rows[i].wanted);
		dialog_table_clear(&one);
		dialog_table_clear(&two);
	}
}

/* [DLG-019] [DLG-017] What a table knows before the first document and after the last is nothing;
 * without calls it owns nothing. */
static void costs_nothing_when_idle(void **state)
{
	static const struct step steps[] = {{FULL(0, UP("1") UP("2")), "in-call", false},
					    {PART(1, DOWN("1") DOWN("2")), "idle", false}};
	struct dialog_table table = {0};
	struct phone phone = {0};

	(void)state;
	dialog_table_phone(&table, &phone);
	assert_int_equal(phone.state, PHONE_UNKNOWN);
	apply_one(&table, &steps[0], profile_find("generic"));
	apply_one(&table, &steps[1], profile_find("generic"));
	assert_null(table.rows);
	apply_one(&table, &steps[0], profile_find("generic"));
	dialog_table_clear(&table);
	dialog_table_phone(&table, &phone);
	assert_int_equal(phone.state, PHONE_UNKNOWN);
	assert_true(sizeof table <= 16);
}

/* [SEC-055] [D-59] [DLG-001] What is refused changes nothing. */
static void refuses(void **state)
{
	static const struct {
		const char *text;
		int err;
	} rows[] = {
		{"", EBADMSG},
		{"busy", EBADMSG},
		{"<dialog-info " DI ">", EBADMSG},
		{"<presence xmlns='urn:ietf:params:xml:ns:pidf'/>", EBADMSG},
		{"<dialog-info xmlns='jabber:client'/>", EBADMSG},
		{"<!DOCTYPE d [<!ENTITY a 'x'>]>" FULL(0, ""), EPROTO},
	};
	static const struct step up = {FULL(7, UP("1")), "in-call", false};
	static const char long_one[] = FULL(0, "");
	struct dialog_table table = {0};
	bool wants_full = false;

	(void)state;
	apply_one(&table, &up, profile_find("generic"));
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		assert_int_equal(dialog_info_apply(&table, rows[i].text, strlen(rows[i].text),
						   65536, profile_find("generic"), &wants_full),
				 rows[i].err);
		assert_int_equal(table.count, 1);
		assert_int_equal(table.version, 7);
	}
	assert_int_equal(dialog_info_apply(&table, long_one, sizeof long_one - 1,
					   sizeof long_one - 2, profile_find("generic"),
					   &wants_full),
			 E2BIG);
	assert_false(wants_full);
	dialog_table_clear(&table);
}

/* What is kept stays bounded; the newest calls are the ones that are known. */
static void keeps_no_more_than_the_limits(void **state)
{
	struct dialog_table table = {0};
	struct buf text = BUF_INIT;
	struct phone phone = {0};
	bool wants_full = false;

	(void)state;
	buf_puts(&text, "<dialog-info " DI " version='0' state='full'>");
	for (int i = 0; i < 3 * DIALOG_ROWS_MAX; i++)
		buf_printf(&text, "<dialog id='%d'><state>early</state></dialog>", i);
	buf_puts(&text, "</dialog-info>");
	for (int round = 0; round < 2; round++) {
		const struct profile *profile = profile_find(round == 0 ? "generic" : "freeswitch");

		assert_int_equal(
			dialog_info_apply(&table, text.data, text.len, 65536, profile, &wants_full),
			0);
		assert_int_equal(table.count, DIALOG_ROWS_MAX);
	}
	buf_reset(&text);
	buf_puts(&text, "<dialog-info " DI " version='1' state='full'><dialog id='");
	for (int i = 0; i <= DIALOG_ID_BYTES_MAX; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, "'><state>confirmed</state></dialog><dialog id='1'><state>early</state>"
			"<remote><identity display='");
	for (int i = 0; i < DIALOG_OTHER_BYTES_MAX; i++)
		buf_puts(&text, "\xE2\x98\x95");
	buf_puts(&text, "'>sip:1@b</identity></remote></dialog></dialog-info>");
	assert_int_equal(dialog_info_apply(&table, text.data, text.len, 65536,
					   profile_find("generic"), &wants_full),
			 0);
	dialog_table_phone(&table, &phone);
	assert_int_equal(phone.state, PHONE_RINGING);
	assert_int_equal(strlen(phone.other), DIALOG_OTHER_BYTES_MAX);
	phone_clear(&phone);
	dialog_table_clear(&table);
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_documents),
		cmocka_unit_test(names_the_other_party),
		cmocka_unit_test(orders_documents),
		cmocka_unit_test(keeps_rows_of_event_documents),
		cmocka_unit_test(adds_the_phones_of_a_user),
		cmocka_unit_test(costs_nothing_when_idle),
		cmocka_unit_test(refuses),
		cmocka_unit_test(keeps_no_more_than_the_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
