/* The tables of file 03 E on the wire: what a SIP sender is answered for each condition of a chat
 * server, and what each answer of a SIP server is for the sender of a text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <strophe.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/fault.h"
#include "sip/sip_side.h"
#include "support/check.h"
#include "translate/fault_map.h"
#include "translate/message_stanza.h"
#include "wire/deliver.h"
#include "wire/rig.h"

#define NS  " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'"
#define NEW "sip:new@sip.example"

static xmpp_stanza_t *parse(const char *text)
{
	static xmpp_ctx_t *context;
	xmpp_stanza_t *stanza;

	if (context == NULL)
		context = xmpp_ctx_new(NULL, NULL);
	stanza = xmpp_stanza_new_from_string(context, text);
	assert_non_null(stanza);
	return stanza;
}

/* A text of 1001 is answered with such an error stanza by the chat server. */
static void refuse_with(struct rig *rig, const char *error)
{
	struct buf text = BUF_INIT;
	xmpp_stanza_t *stanza;
	struct fault fault;

	buf_printf(&text, "<message type='error'>%s</message>", error);
	stanza = parse(buf_text(&text));
	fault_from_stanza(stanza, &fault);
	xmpp_stanza_release(stanza);
	rig_send(rig, SIP_WAY_TCP, &(struct rig_request){.method = "MESSAGE", .body = "a"});
	rig_expect_line(rig, "message");
	sip_side_ops()->finish(rig->side, rig->bridge->last_x, OUTCOME_REFUSED, &fault);
	buf_free(&text);
}

#define ERROR(type, inside) "<error type='" type "'>" inside "</error>"
#define PLAIN(type, name)   ERROR(type, "<" name NS "/>")

static const struct {
	const char *error;
	const char *answer;
	const char *contact;
} conditions[] = {
	{PLAIN("modify", "bad-request"), "400", ""},                         /* [ERR-101] */
	{PLAIN("cancel", "conflict"), "400", ""},                            /* [ERR-102] */
	{PLAIN("cancel", "feature-not-implemented"), "488", ""},             /* [ERR-103] */
	{PLAIN("auth", "forbidden"), "403", ""},                             /* [ERR-104] */
	{PLAIN("cancel", "gone"), "410", ""},                                /* [ERR-105] */
	{ERROR("cancel", "<gone" NS ">" NEW "</gone>"), "301", NEW},         /* [ERR-007] */
	{PLAIN("cancel", "internal-server-error"), "500", ""},               /* [ERR-106] */
	{PLAIN("cancel", "item-not-found"), "404", ""},                      /* [ERR-107] */
	{PLAIN("modify", "jid-malformed"), "400", ""},                       /* [ERR-108] */
	{PLAIN("modify", "not-acceptable"), "406", ""},                      /* [ERR-109] */
	{PLAIN("cancel", "not-allowed"), "403", ""},                         /* [ERR-110] */
	{PLAIN("auth", "not-authorized"), "403", ""},                        /* [ERR-111] */
	{PLAIN("modify", "policy-violation"), "403", ""},                    /* [ERR-112] */
	{PLAIN("wait", "recipient-unavailable"), "480", ""},                 /* [ERR-113] */
	{PLAIN("modify", "redirect"), "403", ""},                            /* [ERR-008] */
	{ERROR("modify", "<redirect" NS ">" NEW "</redirect>"), "302", NEW}, /* [ERR-114] */
	{PLAIN("auth", "registration-required"), "403", ""},                 /* [ERR-115] */
	{PLAIN("cancel", "remote-server-not-found"), "404", ""},             /* [ERR-116] */
	{PLAIN("wait", "remote-server-timeout"), "504", ""},                 /* [ERR-117] */
	{PLAIN("wait", "resource-constraint"), "500", ""},                   /* [ERR-118] */
	{PLAIN("cancel", "service-unavailable"), "403", ""}, /* [ERR-119] [ERR-009] */
	{PLAIN("auth", "subscription-required"), "400", ""}, /* [ERR-120] */
	{PLAIN("cancel", "undefined-condition"), "400", ""}, /* [ERR-121] */
	{PLAIN("wait", "unexpected-request"), "400", ""},    /* [ERR-122] */
	{PLAIN("auth", "payment-required"), "400", ""},      /* [ERR-123] */
	{"", "400", ""},
};

/* [MSG-063] [D-46] [ERR-005] [ERR-010]: every condition, before the answer is given; a 3xx names
 * the new address, and nobody is told to come back later. */
static void each_condition_has_its_answer(void **state)
{
	struct rig *rig = rig_new(NULL);
	char room[128], wanted[64];

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(conditions); i++) {
		const struct sip_text *answer;

		refuse_with(rig, conditions[i].error);
		answer = text_peer_expect(rig->peer, "SIP/2.0 ");
		assert_non_null(answer);
		if (strncmp(answer->text + strlen("SIP/2.0 "), conditions[i].answer, 3) != 0)
			fail_msg("%s: %s", conditions[i].error, answer->text);
		(void)snprintf(wanted, sizeof wanted, "%s%s%s",
			       conditions[i].contact[0] != '\0' ? "<" : "", conditions[i].contact,
			       conditions[i].contact[0] != '\0' ? ">" : "");
		assert_string_equal(sip_text_header(answer, "Contact", room, sizeof room), wanted);
		assert_int_equal(sip_text_header_count(answer, "Retry-After"), 0);
		assert_int_equal(sip_text_header_count(answer, "WWW-Authenticate"), 0);
	}
	rig_free(&rig);
}

/* What a chat user is told of such a failure. */
static void expect_error(const struct fault *fault, const char *type, const char *condition,
			 const char *status)
{
	const struct message_origin origin = {
		.address = (char[]){"juliet@chat.example/desk"},
		.recipient = (char[]){"1001@sip.chat.example/x"},
		.id = (char[]){"i1"},
		.thread = (char[]){"t1"},
	};
	struct buf stanza = BUF_INIT, wanted = BUF_INIT;

	message_stanza_write_error(&stanza, &origin, fault);
	buf_printf(&wanted,
		   "<message from=\"1001@sip.chat.example/x\" to=\"juliet@chat.example/desk\" "
		   "id=\"i1\" type=\"error\"><thread>t1</thread><error type=\"%s\"><%s "
		   "xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\"",
		   type, condition);
	if (strncmp(buf_text(&stanza), wanted.data, wanted.len) != 0)
		fail_msg("%s: %s", status, buf_text(&stanza));
	buf_printf(&wanted, " (SIP %.3s)</text>", status);
	assert_non_null(strstr(buf_text(&stanza), strrchr(wanted.data, '(')));
	buf_free(&stanza);
	buf_free(&wanted);
}

/* The words that the core was told of a refusal, as the fault they stand for. */
static void fault_of(const char *status, struct fault *out)
{
	fault_from_sip(atoi(status), status + 4, NULL, out);
}

enum { NEVER, HELD, FEW, PATH };

static const struct {
	const char *status;
	const char *type;
	const char *condition;
	int again;
} codes[] = {
	{"300 Many", "modify", "redirect", NEVER},                /* [ERR-201] */
	{"301 Moved", "cancel", "item-not-found", NEVER},         /* [ERR-202] nowhere */
	{"302 Moved", "modify", "redirect", NEVER},               /* [ERR-203] */
	{"305 Proxy", "modify", "redirect", NEVER},               /* [ERR-204] */
	{"380 Other", "modify", "not-acceptable", NEVER},         /* [ERR-205] */
	{"399 New", "modify", "redirect", NEVER},                 /* [ERR-200] */
	{"400 Bad", "modify", "bad-request", NEVER},              /* [ERR-207] */
	{"401 Who", "auth", "not-authorized", NEVER},             /* [ERR-208] */
	{"402 Pay", "modify", "bad-request", NEVER},              /* [ERR-209] */
	{"403 No", "auth", "forbidden", NEVER},                   /* [ERR-210] */
	{"404 Nobody", "cancel", "item-not-found", HELD},         /* [ERR-211] */
	{"405 No", "cancel", "feature-not-implemented", NEVER},   /* [ERR-212] */
	{"406 No", "modify", "not-acceptable", NEVER},            /* [ERR-213] */
	{"407 Who", "auth", "registration-required", NEVER},      /* [ERR-214] */
	{"408 Late", "wait", "remote-server-timeout", HELD},      /* [ERR-215] */
	{"410 Gone", "cancel", "gone", HELD},                     /* [ERR-216] */
	{"412 No", "modify", "bad-request", NEVER},               /* [ERR-206] */
	{"413 Big", "modify", "policy-violation", NEVER},         /* [ERR-217] */
	{"414 Long", "modify", "policy-violation", NEVER},        /* [ERR-218] */
	{"415 Type", "modify", "not-acceptable", NEVER},          /* [ERR-219] */
	{"416 Scheme", "modify", "not-acceptable", NEVER},        /* [ERR-220] */
	{"420 Ext", "cancel", "feature-not-implemented", NEVER},  /* [ERR-221] */
	{"421 Ext", "modify", "not-acceptable", NEVER},           /* [ERR-222] */
	{"423 Brief", "wait", "resource-constraint", NEVER},      /* [ERR-223] */
	{"430 Flow", "wait", "recipient-unavailable", NEVER},     /* [ERR-224] */
	{"439 Hop", "cancel", "feature-not-implemented", NEVER},  /* [ERR-225] */
	{"440 Broad", "wait", "policy-violation", NEVER},         /* [ERR-226] */
	{"480 Away", "wait", "recipient-unavailable", HELD},      /* [ERR-227] */
	{"481 None", "cancel", "item-not-found", NEVER},          /* [ERR-228] */
	{"482 Loop", "cancel", "not-acceptable", NEVER},          /* [ERR-229] */
	{"483 Hops", "cancel", "not-acceptable", NEVER},          /* [ERR-230] */
	{"484 Short", "cancel", "item-not-found", NEVER},         /* [ERR-231] */
	{"485 Which", "cancel", "item-not-found", NEVER},         /* [ERR-232] */
	{"486 Busy", "wait", "recipient-unavailable", HELD},      /* [ERR-233] */
	{"487 End", "wait", "recipient-unavailable", NEVER},      /* [ERR-234] */
	{"488 No", "modify", "not-acceptable", NEVER},            /* [ERR-235] */
	{"489 Event", "cancel", "policy-violation", NEVER},       /* [ERR-236] */
	{"491 Pending", "wait", "unexpected-request", FEW},       /* [ERR-237] [MSG-041] */
	{"493 Cipher", "modify", "bad-request", NEVER},           /* [ERR-238] */
	{"500 Error", "cancel", "internal-server-error", FEW},    /* [ERR-240] */
	{"501 No", "cancel", "feature-not-implemented", NEVER},   /* [ERR-241] */
	{"502 Gate", "cancel", "remote-server-not-found", NEVER}, /* [ERR-242] */
	{"503 Busy", "wait", "internal-server-error", PATH},      /* [ERR-243] [MSG-041] */
	{"504 Late", "wait", "remote-server-timeout", FEW},       /* [ERR-244] */
	{"505 Old", "modify", "not-acceptable", NEVER},           /* [ERR-245] */
	{"513 Big", "modify", "policy-violation", NEVER},         /* [ERR-246] */
	{"555 New", "cancel", "internal-server-error", NEVER},    /* [ERR-239] */
	{"600 Busy", "wait", "recipient-unavailable", HELD},      /* [ERR-248] */
	{"603 Decline", "wait", "recipient-unavailable", HELD},   /* [ERR-249] */
	{"604 Nobody", "cancel", "item-not-found", HELD},         /* [ERR-250] */
	{"606 No", "modify", "not-acceptable", HELD},             /* [ERR-251] */
	{"607 Unwanted", "wait", "recipient-unavailable", HELD},  /* [ERR-247] */
};

/* [MSG-037] [MSG-038] [ERR-003] [ERR-004] [CMP-024] [CMP-028] [D-37]: every code, with what the
 * core is told of it and what the chat user reads. The same words reach him from the queue. */
static void each_code_has_its_condition(void **state)
{
	static const char *const again[] = {"never", "held", "few", "path"};
	struct rig *rig = rig_new(&(struct rig_options){.proxy_is_tcp = true, .t1_ms = PATIENT_MS});
	struct message message = text_message((char[]){"u"}, (char[]){"x"});

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(codes); i++) {
		const char *status = codes[i].status;
		char line[160];
		struct fault fault;
		char *heard;

		deliver(rig, 1 + i, "1001", &message);
		text_peer_answer(rig->peer, expect_message(rig, "1001"), status, "");
		(void)snprintf(line, sizeof line, "outcome %zu REFUSED %s sip=%.3s retry=0 %s",
			       1 + i, codes[i].condition, status, status + 4);
		heard = fake_bridge_expect(rig->bridge, line);
		if (heard == NULL)
			fail_msg("no %s", line);
		(void)snprintf(line, sizeof line, "again=%s", again[codes[i].again]);
		if (strstr(heard, line) == NULL)
			fail_msg("%s: not %s", heard, line);
		mem_free(heard);
		fault_of(status, &fault);
		expect_error(&fault, codes[i].type, codes[i].condition, status);
	}
	assert_int_equal(fake_bridge_count(rig->bridge, "outcome"), 0);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_condition_has_its_answer),
		cmocka_unit_test(each_code_has_its_condition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
