/* Rules of messages from SIP that no other test holds: which requests are the same one, and what of
 * message/cpim ends at the bridge. */
#include "base/mem.h"
#include "sip/sip_side.h"
#include "support/check.h"
#include "wire/deliver.h"
#include "wire/rig.h"

static void take(struct rig *rig)
{
	sip_side_ops()->finish(rig->side, rig->bridge->last_x, OUTCOME_TAKEN, NULL);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
}

/* [MSG-057] [SIP-085] [D-38] [REQ-085]: a request that differs in one of From, Call-ID, From tag,
 * CSeq and body is a text of its own, also while the first is under way; the same one is not. */
static void another_request_is_another_text(void **state)
{
	static const struct rig_request first = {
		.method = "MESSAGE", .body = "ok", .call_id = "c", .from_tag = "t", .cseq = 7};
	struct rig_request others[6];
	struct rig *rig = rig_new(NULL);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(others); i++)
		others[i] = first;
	others[0].from = "<sip:1002@pbx.example>";
	others[1].call_id = "d";
	others[2].from_tag = "u";
	others[3].cseq = 8;
	others[4].body = "no";
	others[5].body = "ok ";
	for (int is_done = 0; is_done < 2; is_done++) {
		rig_send(rig, SIP_WAY_TCP, &first);
		if (is_done) {
			assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
		} else {
			rig_expect_line(rig, "message");
			rig_send(rig, SIP_WAY_TCP, &first);
			assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 482"));
			take(rig);
		}
		assert_int_equal(fake_bridge_count(rig->bridge, "message"), 0);
	}
	for (size_t i = 0; i < CHECK_COUNT(others); i++) {
		rig_send(rig, SIP_WAY_TCP, &others[i]);
		rig_expect_line(rig, "message");
		take(rig);
	}
	rig_free(&rig);
}

/* [XCP-005] [XCP-013] [XCP-014] [XCP-016] [MSGF-018] [MSG-071]: of the headers of an object nothing
 * is passed on but text and subject: no names, no copies for others, no time of a clock that is not
 * trusted, no header of a namespace that is not known. */
static void cpim_ends_here(void **state)
{
	static const char object[] = "From: Mallory Mail <im:mallory@evil.example>\r\n"
				     "To: Depressed Donkey <im:eeyore@100akerwood.com>\r\n"
				     "cc: Winnie the Pooh <im:pooh@100akerwood.com>\r\n"
				     "DateTime: 2000-12-13T13:40:00-08:00\r\n"
				     "Subject: the weather\r\n"
				     "NS: MyFeatures <mid:MessageFeatures@id.example>\r\n"
				     "MyFeatures.VitalMessageOption: Confirmation-requested\r\n"
				     "Unknown: value\r\n"
				     "\r\n"
				     "Content-Type: text/plain; charset=utf-8\r\n"
				     "\r\n"
				     "Fine.";
	static const char *const others[] = {"allory", "pooh", "Vital", "value"};
	struct rig *rig = rig_new(NULL);
	char *line;

	(void)state;
	rig_send(
		rig, SIP_WAY_TCP,
		&(struct rig_request){.method = "MESSAGE", .type = "message/cpim", .body = object});
	line = fake_bridge_expect(rig->bridge,
				  "sip:1001@pbx.example xmpp:juliet@chat.example uid=");
	assert_non_null(line);
	assert_non_null(strstr(line, "subject=the weather hops=69: Fine."));
	assert_non_null(strstr(line, "sent=0 "));
	assert_non_null(strstr(line, "nick=- "));
	for (size_t i = 0; i < CHECK_COUNT(others); i++)
		assert_null(strstr(line, others[i]));
	mem_free(line);
	take(rig);
	rig_free(&rig);
}

static void ids_of(const struct sip_text *out, char ids[3][128])
{
	assert_non_null(out);
	sip_text_header(out, "Via", ids[0], sizeof ids[0]);
	sip_text_tag(out, "From", ids[1], sizeof ids[1]);
	sip_text_header(out, "Call-ID", ids[2], sizeof ids[2]);
	assert_non_null(strstr(ids[0], ";branch=z9hG4bK"));
}

/* [MSG-013] [SOF-025] [MSG-085] [D-35]: the ids of a text are made from its own, and no two texts
 * share one, whoever they are for: a server would take the second for a repetition. */
static void texts_share_no_id(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS});
	struct message message = text_message((char[]){"uid-1"}, (char[]){"x"});
	char first[3][128], second[3][128];

	(void)state;
	deliver(rig, 1, "1001", &message);
	ids_of(expect_message(rig, "1001"), first);
	message.uid = (char[]){"uid-2"};
	deliver(rig, 2, "1002", &message);
	ids_of(expect_message(rig, "1002"), second);
	for (size_t i = 0; i < 3; i++)
		assert_string_not_equal(first[i], second[i]);
	rig_free(&rig);
}

/* [D-35] [MSG-011] [MSG-082]: whoever the peer is, texts of one thread have each a Call-ID of their
 * own: there are phones that show the first of a Call-ID alone. */
static void thread_is_no_call_id(void **state)
{
	static const char *const profiles[] = {"generic",  "asterisk", "freeswitch", "kamailio",
					       "opensips", "3cx",      "linphone"};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(profiles); i++) {
		struct rig *rig =
			rig_new(&(struct rig_options){.profile = profiles[i], .t1_ms = PATIENT_MS});
		struct message message = text_message((char[]){"uid-1"}, (char[]){"x"});

		message.thread = (char[]){"thread-1"};
		deliver(rig, 1, "1001", &message);
		expect_header(expect_message(rig, "1001"), "Call-ID", "uid-1");
		rig_free(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_request_is_another_text),
		cmocka_unit_test(cpim_ends_here),
		cmocka_unit_test(texts_share_no_id),
		cmocka_unit_test(thread_is_no_call_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
