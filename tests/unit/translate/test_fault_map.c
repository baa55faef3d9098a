/* fault_map: every row of the tables of file 03 E as amended by D-46, SIP and faults. */
#include <stdio.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "model/fault.h"
#include "support/check.h"
#include "translate/fault_map.h"

static const struct {
	int status;
	const char *condition;
	const char *type;
} from_sip[] = {
	{300, "redirect", "modify"},                /* [ERR-201] */
	{302, "redirect", "modify"},                /* [ERR-203] */
	{305, "redirect", "modify"},                /* [ERR-204] */
	{380, "not-acceptable", "modify"},          /* [ERR-205] */
	{399, "redirect", "modify"},                /* [ERR-200] [ERR-013] */
	{400, "bad-request", "modify"},             /* [ERR-207] */
	{401, "not-authorized", "auth"},            /* [ERR-208] */
	{402, "bad-request", "modify"},             /* [ERR-209] */
	{403, "forbidden", "auth"},                 /* [ERR-210] */
	{404, "item-not-found", "cancel"},          /* [ERR-211] */
	{405, "feature-not-implemented", "cancel"}, /* [ERR-212] */
	{406, "not-acceptable", "modify"},          /* [ERR-213] */
	{407, "registration-required", "auth"},     /* [ERR-214] */
	{408, "remote-server-timeout", "wait"},     /* [ERR-215] */
	{410, "gone", "cancel"},                    /* [ERR-216] */
	{413, "policy-violation", "modify"},        /* [ERR-217] */
	{414, "policy-violation", "modify"},        /* [ERR-218] */
	{415, "not-acceptable", "modify"},          /* [ERR-219] */
	{416, "not-acceptable", "modify"},          /* [ERR-220] */
	{420, "feature-not-implemented", "cancel"}, /* [ERR-221] */
	{421, "not-acceptable", "modify"},          /* [ERR-222] */
	{423, "resource-constraint", "wait"},       /* [ERR-223] */
	{430, "recipient-unavailable", "wait"},     /* [ERR-224] */
	{439, "feature-not-implemented", "cancel"}, /* [ERR-225] */
	{440, "policy-violation", "wait"},          /* [ERR-226] */
	{480, "recipient-unavailable", "wait"},     /* [ERR-227] */
	{481, "item-not-found", "cancel"},          /* [ERR-228] */
	{482, "not-acceptable", "cancel"},          /* [ERR-229] */
	{483, "not-acceptable", "cancel"},          /* [ERR-230] */
	{484, "item-not-found", "cancel"},          /* [ERR-231] */
	{485, "item-not-found", "cancel"},          /* [ERR-232] */
	{486, "recipient-unavailable", "wait"},     /* [ERR-233] */
	{487, "recipient-unavailable", "wait"},     /* [ERR-234] */
	{488, "not-acceptable", "modify"},          /* [ERR-235] */
	{489, "policy-violation", "cancel"},        /* [ERR-236] */
	{491, "unexpected-request", "wait"},        /* [ERR-237] */
	{493, "bad-request", "modify"},             /* [ERR-238] */
	{412, "bad-request", "modify"},             /* [ERR-206] */
	{433, "bad-request", "modify"},
	{469, "bad-request", "modify"},
	{499, "bad-request", "modify"},
	{500, "internal-server-error", "cancel"},   /* [ERR-240] */
	{501, "feature-not-implemented", "cancel"}, /* [ERR-241] */
	{502, "remote-server-not-found", "cancel"}, /* [ERR-242] */
	{503, "internal-server-error", "wait"},     /* [ERR-243] */
	{504, "remote-server-timeout", "wait"},     /* [ERR-244] */
	{505, "not-acceptable", "modify"},          /* [ERR-245] */
	{513, "policy-violation", "modify"},        /* [ERR-246] */
	{555, "internal-server-error", "cancel"},   /* [ERR-239] */
	{580, "internal-server-error", "cancel"},
	{600, "recipient-unavailable", "wait"}, /* [ERR-248] */
	{603, "recipient-unavailable", "wait"}, /* [ERR-249] */
	{604, "item-not-found", "cancel"},      /* [ERR-250] */
	{606, "not-acceptable", "modify"},      /* [ERR-251] */
	{607, "recipient-unavailable", "wait"}, /* [ERR-247] */
	{608, "recipient-unavailable", "wait"},
	/* [ERR-264] what no server may answer */
	{0, "internal-server-error", "cancel"},
	{299, "internal-server-error", "cancel"},
	{700, "internal-server-error", "cancel"},
	{-1, "internal-server-error", "cancel"},
};

/* [D-47]
 * [ERR-001] */
static void sip_status_becomes_condition(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(from_sip); i++) {
		struct fault fault;

		fault_from_sip(from_sip[i].status, "Why", NULL, &fault);
		assert_string_equal(fault_name(fault.code), from_sip[i].condition);
		assert_string_equal(fault_type_name(fault.type), from_sip[i].type);
		assert_int_equal(fault.sip_status, from_sip[i].status);
		assert_string_equal(fault.text, "Why");
	}
}

static const struct {
	int status;
	const char *contact;
	const char *condition;
	const char *uri;
} moved[] = {
	/* [ERR-202] [ERR-011] [ERR-012] */
	{301, "xmpp:new@chat.example", "gone", "xmpp:new@chat.example"},
	{301, "sip:new@sip.example", "gone", "sip:new@sip.example"},
	{301, NULL, "item-not-found", ""},
	{301, "", "item-not-found", ""},
	{301, "no scheme", "item-not-found", ""},
	{301, "sip:a@b>\r\nX: y", "item-not-found", ""},
	{302, "sip:new@sip.example", "redirect", "sip:new@sip.example"},
	{302, NULL, "redirect", ""},
	{300, "sip:new@sip.example", "redirect", "sip:new@sip.example"},
	/* [ERR-011] never an address with 410 */
	{410, "sip:new@sip.example", "gone", ""},
	/* [REQ-074] [REQ-080] where somebody's phone is, is not told */
	{302, "sip:new@192.0.2.66:5062", "redirect", ""},
	{301, "sip:new@[2001:db8::66]", "item-not-found", ""},
	/* [ERR-232] alternatives of 485 are not passed on */
	{485, "sip:other@sip.example", "item-not-found", ""},
	{480, "sip:other@sip.example", "recipient-unavailable", ""},
};

static void addresses_go_with_gone_and_redirect(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(moved); i++) {
		struct fault fault;

		fault_from_sip(moved[i].status, NULL, moved[i].contact, &fault);
		assert_string_equal(fault_name(fault.code), moved[i].condition);
		assert_string_equal(fault.uri, moved[i].uri);
		assert_string_equal(fault.text, "");
	}
}

static const struct {
	enum fault_code code;
	int status;
} to_sip[] = {
	{FAULT_BAD_REQUEST, 400},             /* [ERR-101] */
	{FAULT_CONFLICT, 400},                /* [ERR-102] */
	{FAULT_FEATURE_NOT_IMPLEMENTED, 488}, /* [ERR-103] [D-46] */
	{FAULT_FORBIDDEN, 403},               /* [ERR-104] [D-46] */
	{FAULT_GONE, 410},                    /* [ERR-105] [ERR-007] */
	{FAULT_INTERNAL_SERVER_ERROR, 500},   /* [ERR-106] */
	{FAULT_ITEM_NOT_FOUND, 404},          /* [ERR-107] [D-46] */
	{FAULT_JID_MALFORMED, 400},           /* [ERR-108] */
	{FAULT_NOT_ACCEPTABLE, 406},          /* [ERR-109] [D-46] */
	{FAULT_NOT_ALLOWED, 403},             /* [ERR-110] */
	{FAULT_NOT_AUTHORIZED, 403},          /* [ERR-111] [ERR-008] */
	{FAULT_POLICY_VIOLATION, 403},        /* [ERR-112] */
	{FAULT_RECIPIENT_UNAVAILABLE, 480},   /* [ERR-113] [D-46] */
	{FAULT_REDIRECT, 403}, /* [ERR-114] without the address it cannot be 302: [ERR-008] */
	{FAULT_REGISTRATION_REQUIRED, 403},   /* [ERR-115] [ERR-008] */
	{FAULT_REMOTE_SERVER_NOT_FOUND, 404}, /* [ERR-116] */
	{FAULT_REMOTE_SERVER_TIMEOUT, 504},   /* [ERR-117] [D-46] [SIP-030] */
	{FAULT_RESOURCE_CONSTRAINT, 500},     /* [ERR-118] */
	{FAULT_SERVICE_UNAVAILABLE, 403},     /* [ERR-119] [ERR-009] */
	{FAULT_SUBSCRIPTION_REQUIRED, 400},   /* [ERR-120] */
	{FAULT_UNDEFINED_CONDITION, 400},     /* [ERR-121] */
	{FAULT_UNEXPECTED_REQUEST, 400},      /* [ERR-122] */
	{FAULT_LINK_DOWN, 503},               /* [ERR-265] [D-36] */
	{FAULT_NO_ANSWER, 504},               /* [D-36] */
	{FAULT_TOO_LARGE, 413},               /* [MSG-080] */
	{FAULT_LOOP, 482},                    /* [SIP-032] */
	{FAULT_ANONYMOUS, 433},               /* [D-53] */
	{FAULT_RATE, 480},                    /* [MSG-096] */
};

/* [ERR-001] */
static void fault_becomes_sip_status(void **state)
{
	(void)state;
	assert_int_equal(CHECK_COUNT(to_sip), FAULT_COUNT - 1); /* every code is a row */
	for (size_t i = 0; i < CHECK_COUNT(to_sip); i++) {
		struct fault fault;
		char phrase[64];

		assert_int_equal(to_sip[i].code, i + 1);
		fault_set(&fault, to_sip[i].code, NULL);
		assert_int_equal(fault_to_sip(&fault, phrase, sizeof phrase), to_sip[i].status);
		assert_true(strlen(phrase) > 2);
	}
}

/* [MSG-096] [REL-009]: a limit of the bridge itself, which passes, is no failure of a server */
static void a_full_queue_is_for_later(void **state)
{
	struct fault fault;
	char phrase[64];

	(void)state;
	fault_set(&fault, FAULT_RESOURCE_CONSTRAINT, "the queue is full");
	fault.retry_after_s = 10;
	assert_int_equal(fault_to_sip(&fault, phrase, sizeof phrase), 480);
	assert_string_equal(phrase, "the queue is full");
}

/* [D-46] [ERR-008] [ERR-009] [ERR-010] whatever the fault, no code that the bridge may not send.
 * [ERR-006] */
static void never_sends_forbidden_codes(void **state)
{
	static const int never[] = {401, 405, 407, 408, 415, 420, 423, 501};

	(void)state;
	for (int code = FAULT_NONE; code < FAULT_COUNT; code++) {
		struct fault fault;
		int status;

		fault_set(&fault, (enum fault_code)code, NULL);
		for (int with_uri = 0; with_uri < 2; with_uri++) {
			(void)snprintf(fault.uri, sizeof fault.uri, "%s",
				       with_uri ? "xmpp:a@b" : "");
			status = fault_to_sip(&fault, NULL, 0);
			assert_in_range(status, 300, 599);
			assert_int_equal(status == 503, code == FAULT_LINK_DOWN);
			for (size_t i = 0; i < CHECK_COUNT(never); i++)
				assert_int_not_equal(status, never[i]);
		}
	}
}

/* [ERR-007] [ERR-105] [ERR-114] */
static void an_address_makes_301_and_302(void **state)
{
	struct fault fault;
	char phrase[64];

	(void)state;
	fault_set(&fault, FAULT_GONE, NULL);
	strcpy(fault.uri, "xmpp:new@chat.example");
	assert_int_equal(fault_to_sip(&fault, phrase, sizeof phrase), 301);
	assert_string_equal(phrase, "Moved Permanently");
	fault_set(&fault, FAULT_REDIRECT, NULL);
	strcpy(fault.uri, "xmpp:new@chat.example");
	assert_int_equal(fault_to_sip(&fault, phrase, sizeof phrase), 302);
	/* [SEC-060] an address that would break the header is none */
	strcpy(fault.uri, "xmpp:a@b>\r\nX: y");
	assert_int_equal(fault_to_sip(&fault, phrase, sizeof phrase), 403);
	fault_set(&fault, FAULT_ITEM_NOT_FOUND, NULL);
	strcpy(fault.uri, "xmpp:new@chat.example");
	assert_int_equal(fault_to_sip(&fault, phrase, sizeof phrase), 404);
}

static const struct {
	const char *text;
	const char *phrase;
} phrases[] = {
	/* [ERR-003] [SEC-060] [ASEC-011] */
	{"User is away", "User is away"},
	{"a\r\nContact: <sip:x@y>", "Not Found"}, /* has an address */
	{"a\r\nX-Forged: b", "a  X-Forged: b"},
	{"tab\there\x1B[31m\x7F", "tab here [31m"},
	{"\xC2\x85nel\xE2\x80\xA8ls", " nel ls"},
	{"gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F"},
	{"bad\xFF\xC3 utf8", "bad utf8"},
	{"\x01\x02", "Not Found"},
	{"", "Not Found"},
	{"ask juliet@chat.example instead", "Not Found"},
};

static void phrases_are_clean(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(phrases); i++) {
		struct fault fault;
		char phrase[300];

		fault_set(&fault, FAULT_ITEM_NOT_FOUND, phrases[i].text);
		assert_int_equal(fault_to_sip(&fault, phrase, sizeof phrase), 404);
		assert_string_equal(phrase, phrases[i].phrase);
	}
}

/* [ERR-003] 128 bytes, between characters; and never beyond the caller's room. */
static void phrases_are_cut(void **state)
{
	struct fault fault;
	struct buf text = BUF_INIT;
	char phrase[300];

	(void)state;
	buf_putc(&text, 'x');
	for (int i = 0; i < 120; i++)
		buf_puts(&text, "\xC3\xBC");
	fault_set(&fault, FAULT_FORBIDDEN, text.data);
	(void)fault_to_sip(&fault, phrase, sizeof phrase);
	assert_int_equal(strlen(phrase), 127);
	assert_true(utf8_is_valid(phrase, strlen(phrase)));
	(void)fault_to_sip(&fault, phrase, 5);
	assert_string_equal(phrase, "x\xC3\xBC");
	(void)fault_to_sip(&fault, phrase, 1);
	assert_string_equal(phrase, "");
	buf_free(&text);
}

/* A reason phrase of the peer is text for people, on one line. */
static void reason_of_the_peer_is_scrubbed(void **state)
{
	struct fault fault;
	struct buf text = BUF_INIT;

	(void)state;
	fault_from_sip(480, "Phone\r\n\x01 off \xFF", NULL, &fault);
	assert_string_equal(fault.text, "Phone    off");
	for (int i = 0; i < 300; i++)
		buf_puts(&text, "\xC3\xBC");
	fault_from_sip(480, text.data, NULL, &fault);
	assert_int_equal(strlen(fault.text), 254);
	buf_free(&text);
}

/* [REQ-074] [REQ-080] [SEC-035]: a reason that names a host says nothing; numbers alone are no
 * host. */
static void hosts_are_not_told(void **state)
{
	static const struct {
		const char *reason;
		bool is_told;
	} rows[] = {
		{"Phone at 192.0.2.66 is busy", false},
		{"192.0.2.66:5060", false},
		{"sip:a@10.0.0.1", false},
		{"no route to [2001:db8::66]", false},
		{"fe80:0:0:0:1:2:3:4", false},
		{"::1", false},
		{"Version 1.2.3", true},
		{"back at 12:30:45", true},
		{"Q.850;cause=17", true},
		{"see 4.5...", true},
		{"Busy: here", true},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct fault fault;

		fault_from_sip(486, rows[i].reason, NULL, &fault);
		assert_string_equal(fault.text, rows[i].is_told ? rows[i].reason : "");
		assert_string_equal(fault_name(fault.code), "recipient-unavailable");
	}
}

/* [ERR-014] [D-47] [CMP-027] strangers learn nothing. */
static void hides_from_strangers(void **state)
{
	static const struct {
		int sip_status;
		enum fault_code code;
		bool is_hidden;
	} rows[] = {
		{404, FAULT_NONE, true},
		{480, FAULT_NONE, true},
		{486, FAULT_NONE, true},
		{600, FAULT_NONE, true},
		{403, FAULT_NONE, true},
		{301, FAULT_NONE, true},
		{0, FAULT_ITEM_NOT_FOUND, true},
		{0, FAULT_RECIPIENT_UNAVAILABLE, true},
		{0, FAULT_GONE, true},
		{0, FAULT_REDIRECT, true},
		{0, FAULT_SUBSCRIPTION_REQUIRED, true},
		{0, FAULT_TOO_LARGE, false},
		{0, FAULT_RATE, false},
		{0, FAULT_LINK_DOWN, false},
		{0, FAULT_JID_MALFORMED, false},
		{0, FAULT_NOT_ACCEPTABLE, false},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct fault fault;

		if (rows[i].sip_status != 0)
			fault_from_sip(rows[i].sip_status, "Busy with Bob", "sip:x@y", &fault);
		else
			fault_set(&fault, rows[i].code, "Busy with Bob");
		fault_hide(&fault);
		if (!rows[i].is_hidden) {
			assert_int_equal(fault.code, rows[i].code);
			continue;
		}
		assert_int_equal(fault.code, FAULT_SERVICE_UNAVAILABLE);
		assert_int_equal(fault.type, FAULT_TYPE_CANCEL);
		assert_int_equal(fault.sip_status, 0);
		assert_string_equal(fault.text, "");
		assert_string_equal(fault.uri, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sip_status_becomes_condition),
		cmocka_unit_test(addresses_go_with_gone_and_redirect),
		cmocka_unit_test(fault_becomes_sip_status),
		cmocka_unit_test(a_full_queue_is_for_later),
		cmocka_unit_test(never_sends_forbidden_codes),
		cmocka_unit_test(an_address_makes_301_and_302),
		cmocka_unit_test(phrases_are_clean),
		cmocka_unit_test(phrases_are_cut),
		cmocka_unit_test(reason_of_the_peer_is_scrubbed),
		cmocka_unit_test(hosts_are_not_told),
		cmocka_unit_test(hides_from_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
