/* The address map by examples: RFC 7247 section 6 and XEP-0106 in both directions, domains, forms
 * of URIs, refusals. */
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "support/check.h"
#include "unit/translate/map_fixture.h"

static int setup(void **state)
{
	*state = fixture_map();
	return 0;
}

static int teardown(void **state)
{
	struct address_map *map = *state;

	address_map_free(&map);
	assert_null(map);
	return 0;
}

/* "sip:local@domain", or "error N". */
static char *read_uri(struct address_map *map, const char *uri)
{
	struct address address = {0};
	struct buf text = BUF_INIT;
	const char *why = "";
	int error = address_from_uri(map, uri, strlen(uri), &address, NULL, &why);

	if (error == 0) {
		assert_null(why);
		address_print(&address, &text);
	} else {
		assert_true(why != NULL && why[0] != '\0');
		buf_printf(&text, "error %d", error);
	}
	address_clear(&address);
	return buf_take(&text);
}

static char *read_jid(struct address_map *map, const char *jid)
{
	struct address address = {0};
	struct buf text = BUF_INIT;
	const char *why = "";
	int error = address_from_jid(map, jid, &address, NULL, &why);

	if (error == 0)
		address_print(&address, &text);
	else
		buf_printf(&text, "error %d", error);
	address_clear(&address);
	return buf_take(&text);
}

static void check_uri(struct address_map *map, const char *uri, const char *expected)
{
	char *got = read_uri(map, uri);

	if (strcmp(got, expected) != 0)
		fail_msg("%s is %s, expected %s", uri, got, expected);
	mem_free(got);
}

static void check_jid(struct address_map *map, const char *jid, const char *expected)
{
	char *got = read_jid(map, jid);

	if (strcmp(got, expected) != 0)
		fail_msg("%s is %s, expected %s", jid, got, expected);
	mem_free(got);
}

#define REFUSED_404 "error 2"  /* ENOENT */
#define REFUSED_400 "error 22" /* EINVAL */
#define REFUSED_480 "error 1"  /* EPERM */
#define REFUSED_416 "error 93" /* EPROTONOSUPPORT */

static void errors_are_as_named(void **state)
{
	(void)state;
	assert_int_equal(ENOENT, 2);
	assert_int_equal(EINVAL, 22);
	assert_int_equal(EPERM, 1);
	assert_int_equal(EPROTONOSUPPORT, 93);
}

/* URI and JID of one user: each becomes the other. canonical: as the bridge writes the URI. */
struct twin {
	const char *uri;
	const char *jid;
	const char *canonical; /* NULL: as uri */
};

static void check_twin(struct address_map *map, const struct twin *twin)
{
	struct address by_uri = {0};
	struct address by_jid = {0};
	struct buf text = BUF_INIT;
	const char *resource = NULL;
	const char *why = NULL;

	if (address_from_uri(map, twin->uri, strlen(twin->uri), &by_uri, NULL, &why) != 0)
		fail_msg("%s: %s", twin->uri, why);
	if (address_from_jid(map, twin->jid, &by_jid, &resource, &why) != 0)
		fail_msg("%s: %s", twin->jid, why);
	if (!address_equal(&by_uri, &by_jid))
		fail_msg("%s and %s differ: %s, %s", twin->uri, twin->jid, by_uri.local,
			 by_jid.local);
	assert_int_equal(address_to_jid(map, &by_uri, &text), 0);
	assert_string_equal(buf_text(&text), twin->jid);
	buf_reset(&text);
	assert_int_equal(address_to_uri(map, &by_jid, NULL, &text), 0);
	assert_string_equal(buf_text(&text), twin->canonical ? twin->canonical : twin->uri);
	address_clear(&by_uri);
	address_clear(&by_jid);
	buf_free(&text);
}

/* File 03 C.3. A received gr is not shown: rows 13 and 14 end at the bare JID [D-10] [GRUU-003]. */
static const struct twin vectors[] = {
	{"sip:anna@sip.example.net", "anna@sip.example.net", NULL}, /* [ADDR-003] */
	{"sip:j%C3%BCrgen@sip.example.net", "j\xc3\xbcrgen@sip.example.net", NULL},
	{"sip:o'hara@sip.example.net", "o\\27hara@sip.example.net",
	 NULL},                                                       /* [ADDR-006] [X0106-1] */
	{"sip:o%27hara@sip.example.net", "o\\27hara@sip.example.net", /* [X0106-5] */
	 "sip:o'hara@sip.example.net"},
	{"sip:r&d@xmpp.example.com", "r\\26d@xmpp.example.com", NULL}, /* [ADDR-011] */
	{"sip:a/b@sip.example.net", "a\\2fb@sip.example.net", NULL},
	{"sip:x%40y@sip.example.net", "x\\40y@sip.example.net", NULL},
	{"sip:mary%20ann@sip.example.net", "mary\\20ann@sip.example.net", NULL},
	{"sip:a%5C27b@sip.example.net", "a\\5c27b@sip.example.net", NULL},      /* [ADDR-009] */
	{"sip:c%5Cd@sip.example.net", "c\\d@sip.example.net", NULL},            /* [X0106-2] */
	{"sip:50%2541@xmpp.example.com", "50%41@xmpp.example.com", NULL},       /* [ADDR-014] */
	{"sip:tom%23home@xmpp.example.com", "tom#home@xmpp.example.com", NULL}, /* [ADDR-012] */
	{"sip:anna@sip.example.net;gr=unit7", "anna@sip.example.net", "sip:anna@sip.example.net"},
	{"sip:alice@xmpp.example.com;gr=my%20desk%3B1", "alice@xmpp.example.com",
	 "sip:alice@xmpp.example.com"},
	{"sip:anna@sip.example.net;gr", "anna@sip.example.net",
	 "sip:anna@sip.example.net"}, /* [GRUU-002] */
	{"sip:bob:secret@sip.example.net", "bob@sip.example.net",
	 "sip:bob@sip.example.net"}, /* [SEC-016] */
};

static void vectors_of_the_spec(void **state)
{
	for (size_t i = 0; i < CHECK_COUNT(vectors); i++)
		check_twin(*state, &vectors[i]);
	check_uri(*state, "sip:%20mary@sip.example.net", REFUSED_404); /* [ADDR-008] [X0106-4] */
	check_uri(*state, "sip:mary%20@sip.example.net", REFUSED_404);
	check_uri(*state, "sip:%FF@sip.example.net", REFUSED_404); /* [ADDR-015] */
}

/* XEP-0106's own examples that are local parts. */
static const struct twin escapes[] = {
	{"sip:space%20cadet@sip.example.net", "space\\20cadet@sip.example.net", NULL},
	{"sip:call%20me%20%22ishmael%22@sip.example.net",
	 "call\\20me\\20\\22ishmael\\22@sip.example.net", NULL},
	{"sip:at&t%20guy@sip.example.net", "at\\26t\\20guy@sip.example.net", NULL},
	{"sip:d'artagnan@sip.example.net", "d\\27artagnan@sip.example.net", NULL},
	{"sip:/.fanboy@sip.example.net", "\\2f.fanboy@sip.example.net", NULL},
	{"sip:%3A%3Afoo%3A%3A@sip.example.net", "\\3a\\3afoo\\3a\\3a@sip.example.net", NULL},
	{"sip:%3Cfoo%3E@sip.example.net", "\\3cfoo\\3e@sip.example.net", NULL},
	{"sip:user%40host@sip.example.net", "user\\40host@sip.example.net", NULL},
	{"sip:c%3A%5Cnet@sip.example.net", "c\\3a\\net@sip.example.net", NULL},
	{"sip:c%3A%5C%5Cnet@sip.example.net", "c\\3a\\\\net@sip.example.net", NULL},
	{"sip:c%3A%5Ccool%20stuff@sip.example.net", "c\\3a\\cool\\20stuff@sip.example.net", NULL},
	{"sip:c%3A%5C5commas@sip.example.net", "c\\3a\\5c5commas@sip.example.net", NULL},
	/* Escapes of escapes [SEC-041]. */
	{"sip:a%5C5c20b@sip.example.net", "a\\5c5c20b@sip.example.net", NULL},
	{"sip:a%5C%20b@sip.example.net", "a\\\\20b@sip.example.net", NULL},
	/* [ADDR-007]: no escapes, literal text both ways */
	{"sip:foob%5C41r@sip.example.net", "foob\\41r@sip.example.net", NULL},
	{"sip:%5C2plus@sip.example.net", "\\2plus@sip.example.net", NULL},
	{"sip:a%5C4@sip.example.net", "a\\4@sip.example.net", NULL},
};

/* [ADDR-006] [ADDR-007] [ADDR-009] [JID-008] [X0106-1] [X0106-2] [X0106-3] */
static void jid_escapes(void **state)
{
	for (size_t i = 0; i < CHECK_COUNT(escapes); i++)
		check_twin(*state, &escapes[i]);
}

/* What would return as somebody else, or not at all. [D-08] [SEC-040] */
static void jids_that_do_not_return(void **state)
{
	check_jid(*state, "a\\5cb@chat.example", REFUSED_404); /* no escape follows */
	check_jid(*state, "a\\5cb@sip.chat.example", REFUSED_404);
	check_jid(*state, "\\20a@chat.example", REFUSED_404);
	check_jid(*state, "a\\20@sip.chat.example", REFUSED_404);
	check_jid(*state,
		  "stra\xc3\x9f"
		  "e@chat.example",
		  REFUSED_404);                                          /* folds to ss */
	check_jid(*state, "\xef\xbd\x81@sip.chat.example", REFUSED_404); /* full width a */
	check_jid(*state, "x@im.example.org", REFUSED_404); /* the SIP name of example.org */
	check_jid(*state, "juliet\\40chat.example@sip.chat.example",
		  REFUSED_404); /* escaped form */
	check_jid(*state, "juliet*chat.example@ast.chat.example", REFUSED_404);
	check_jid(*state, "8001@sip.chat.example", REFUSED_404); /* alias */
}

/* [D-18]: a SIP domain as a whole is the component's own JID, and the other way round; a component
 * domain stands for one SIP domain (another with the same one is refused). */
static void a_whole_domain(void **state)
{
	struct address domain;
	struct buf jid = BUF_INIT;

	check_jid(*state, "sip.chat.example", "sip:pbx.example");
	check_jid(*state, "sip.chat.example/any", "sip:pbx.example");
	address_set(&domain, SIDE_SIP, "", "pbx.example");
	assert_true(address_is_domain(&domain));
	assert_true(address_is_served(*state, &domain));
	assert_int_equal(address_to_jid(*state, &domain, &jid), 0);
	assert_string_equal(buf_text(&jid), "sip.chat.example");
	buf_free(&jid);
	address_clear(&domain);
}

/* File 03 B.1: every printable ASCII character, in a SIP user and in a JID localpart. */
static void characters_of_the_table(void **state)
{
	static const char sip_literal[] = "-_.!~*'()&=+$,;?/"; /* [ADDR-012] */
	static const char jid_escaped[] = " \"&'/:<>@";        /* [ADDR-001] [X0106-1] */

	for (char c = ' '; c < 0x7f; c++) {
		char uri[64];
		char jid[64];
		bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
		struct twin twin = {uri, jid, NULL};

		if (c >= 'A' && c <= 'Z')
			continue;
		if (alnum || strchr(sip_literal, c) != NULL)
			snprintf(uri, sizeof(uri), "sip:x%cy@sip.example.net", c);
		else
			snprintf(uri, sizeof(uri), "sip:x%%%02Xy@sip.example.net", (unsigned)c);
		if (strchr(jid_escaped, c) != NULL)
			snprintf(jid, sizeof(jid), "x\\%02xy@sip.example.net", (unsigned)c);
		else
			snprintf(jid, sizeof(jid), "x%cy@sip.example.net", c);
		check_twin(*state, &twin);
	}
}

/* [JID-001] [JID-002] [ADDR-001] [ADDR-002] [ADDR-003]
 * [XCP-003] */
static void jid_parts(void **state)
{
	static const char *const malformed[] = {
		"",
		"@chat.example",
		"a@",
		"a@chat.example/",
		"/x",
		"a b@chat.example",
		"a\"b@chat.example",
		"a&b@chat.example",
		"a'b@chat.example",
		"a:b@chat.example",
		"a<b@chat.example",
		"a>b@chat.example",
		"a@b@chat.example",
		"a@chat..example",
		"a@-chat.example",
		"a@chat.example\x01",
		"a\x01@chat.example",
		"a@[::1",
		"a@chat.example/\xff",
		"a@1.2.3",
		"a@xn--a.example",
	};
	struct address_map *map = *state;
	struct address address = {0};
	const char *resource = NULL;
	const char *why = NULL;

	assert_int_equal(
		address_from_jid(map, "romeo@chat.example/a@b/c", &address, &resource, &why), 0);
	assert_string_equal(resource, "a@b/c");
	assert_string_equal(address.local, "romeo");
	address_clear(&address);
	assert_int_equal(address_from_jid(map, "romeo@chat.example", &address, &resource, &why), 0);
	assert_null(resource);
	address_clear(&address);
	for (size_t i = 0; i < CHECK_COUNT(malformed); i++)
		check_jid(map, malformed[i], REFUSED_400);
	check_jid(map, "Romeo@CHAT.example./Home", "xmpp:romeo@chat.example");
}

/* 1,023 bytes are the most, on either side and after escaping. [SEC-044] [JID-002] */
static void lengths(void **state)
{
	char text[4200];
	size_t len;

	memset(text, 'a', sizeof(text));
	memcpy(text + 1023, "@chat.example", 14);
	len = strlen(text);
	{
		struct address address = {0};
		const char *why;

		assert_int_equal(len, 1023 + 13);
		assert_int_equal(address_from_jid(*state, text, &address, NULL, &why), 0);
		address_clear(&address);
	}
	memset(text, 'a', sizeof(text));
	memcpy(text + 1024, "@chat.example", 14);
	check_jid(*state, text, REFUSED_400);
	memset(text, 'a', sizeof(text));
	memcpy(text, "sip:", 4);
	memcpy(text + 4 + 1024, "@pbx.example", 13);
	check_uri(*state, text, REFUSED_404);
	/* 400 slashes become 1,200 bytes of JID. */
	memset(text, '/', sizeof(text));
	memcpy(text, "sip:", 4);
	memcpy(text + 404, "@pbx.example", 13);
	check_uri(*state, text, REFUSED_404);
}

/* One row a case of SEC-041: equal, distinct or refused. */
static const struct {
	const char *uri;
	const char *expected;
} cases[] = {
	/* letter case [D-07] [SEC-042] */
	{"sip:alice@pbx.example", "sip:alice@pbx.example"},
	{"sip:Alice@pbx.example", REFUSED_404},
	{"SIP:alice@PBX.Example", "sip:alice@pbx.example"},
	{"sip:Alice@kam.example", "sip:alice@kam.example"},
	{"sip:J%C3%9CRGEN@kam.example", REFUSED_404}, /* registrars fold ASCII only */
	{"sip:Romeo@chat.example", "xmpp:romeo@chat.example"},
	/* %41 = A; % of reserved characters [ADDR-005] */
	{"sip:%61lice@pbx.example", "sip:alice@pbx.example"},
	{"sip:%41lice@pbx.example", REFUSED_404},
	{"sip:%41lice@kam.example", "sip:alice@kam.example"},
	{"sip:a%3bb@pbx.example", "sip:a;b@pbx.example"},
	{"sip:a%2561@pbx.example", "sip:a%61@pbx.example"},
	/* user=phone, separators, tel [ADDR-017] [D-09] */
	{"sip:+1-555.01(00)@pbx.example;user=phone", "sip:+15550100@pbx.example"},
	{"sip:+1-555-0100@pbx.example", "sip:+1-555-0100@pbx.example"},
	{"sip:1001@pbx.example;user=phone", "sip:1001@pbx.example"},
	{"sip:bad-cafe@pbx.example;user=phone", "sip:bad-cafe@pbx.example"},
	{"sip:1001;phone-context=+1555@pbx.example;user=phone", "sip:1001@pbx.example"},
	{"sip:1001;phone-context=+1666@pbx.example;user=phone", REFUSED_404},
	{"sip:1001;phone-context=+1555@esc.example;user=phone", REFUSED_404},
	{"tel:+1-555-0100", REFUSED_404}, /* more than one domain and nobody's */
	/* the user part is identity, [ADDR-018] the rest is not [ADDR-004] [D-09] [JID-009] */
	{"sip:+1555;ext=7@pbx.example", "sip:+1555;ext=7@pbx.example"},
	{"sip:a?b@pbx.example", "sip:a?b@pbx.example"},
	{"sip:alice@pbx.example:5060", "sip:alice@pbx.example"},
	{"sip:alice@pbx.example:5070;transport=tcp;lr", "sip:alice@pbx.example"},
	{"sip:alice@pbx.example?subject=x&priority=urgent", "sip:alice@pbx.example"},
	{"sip:alice:pa%ss:word@pbx.example", "sip:alice@pbx.example"},
	/* domains [SEC-043] [JID-005] [ADDR-016] */
	{"sip:alice@pbx.example.", "sip:alice@pbx.example"},
	{"sip:alice@pbx.example.evil.test", REFUSED_404},
	{"sip:alice@notpbx.example", REFUSED_404},
	{"sip:alice@sip.chat.example", REFUSED_404}, /* the component is no SIP domain */
	{"sip:alice@xn--br-mia.example", "sip:alice@xn--br-mia.example"},
	{"sip:alice@XN--BR-MIA.example", "sip:alice@xn--br-mia.example"},
	{"sip:romeo@xn--bcher-kva.example", "xmpp:romeo@xn--bcher-kva.example"},
	{"sip:romeo@chat.example", "xmpp:romeo@chat.example"},
	{"sip:romeo@im.example.org", "xmpp:romeo@example.org"}, /* [D-01] */
	{"sip:romeo@example.org", REFUSED_404},
	/* NFC and width forms, bidi controls, controls [D-08] [JID-003] [JID-006] [SEC-044] */
	{"sip:e%CC%81@pbx.example", REFUSED_404},
	{"sip:%C3%A9@pbx.example", "sip:\xc3\xa9@pbx.example"},
	{"sip:%EF%BD%81@pbx.example", REFUSED_404},
	{"sip:a%EF%BC%A0b@pbx.example", REFUSED_404}, /* full-width @ */
	{"sip:a%E2%80%AEb@pbx.example", REFUSED_404},
	{"sip:a%C2%ADb@pbx.example", REFUSED_404},   /* soft hyphen: gone in Nodeprep */
	{"sip:a%E2%98%83@pbx.example", REFUSED_404}, /* a symbol: not in PRECIS */
	{"sip:%00@pbx.example", REFUSED_404},
	{"sip:a%0d%0ab@pbx.example", REFUSED_404},
	{"sip:%C0%AF@pbx.example", REFUSED_404},                              /* overlong */
	{"sip:%ED%A0%80@pbx.example", REFUSED_404},                           /* surrogate */
	{"sip:%D7%90%D7%91@pbx.example", "sip:\xd7\x90\xd7\x91@pbx.example"}, /* Hebrew */
	{"sip:a%D7%90@pbx.example", REFUSED_404},                             /* mixed directions */
	/* escapes that case mapping would make [X0106-6] [ADDR-010] */
	{"sip:a%5C2F@pbx.example", REFUSED_404},
	{"sip:a%5C2F@kam.example", "sip:a\\2f@kam.example"},
	/* homographs stay two [SEC-045] [ADDR-022] */
	{"sip:%D0%B0@pbx.example", "sip:\xd0\xb0@pbx.example"},
	/* no user [ADDR-019] */
	{"sip:pbx.example", "sip:pbx.example"},
	{"sip:chat.example", "xmpp:chat.example"},
	/* [CPP-015] [CPIM-009] [SIP-081] schemes [D-11] */
	{"im:alice@pbx.example", "sip:alice@pbx.example"},
	{"pres:romeo@chat.example", "xmpp:romeo@chat.example"},
	/* [CPP-021] [CPP-022] [CPP-023] a mailbox, perhaps with headers; UTF-8 in percents; none is
	 * nobody; the scheme in any case */
	{"PRES:romeo@chat.example?subject=x", "xmpp:romeo@chat.example"},
	{"pres:romeo@chat.example?subject=x&a=b", "xmpp:romeo@chat.example"},
	{"im:j%C3%BCrgen@chat.example?body=x", "xmpp:j\xc3\xbcrgen@chat.example"},
	{"pres:j%C3%BCrgen@pbx.example", "sip:j\xc3\xbcrgen@pbx.example"},
	{"pres:", REFUSED_400},
	{"pres:?subject=x", REFUSED_400},
	{"http://pbx.example", REFUSED_416},
	{"alice@pbx.example", REFUSED_416},
	{"", REFUSED_416},
	/* malformed */
	{"sip:", REFUSED_400},
	{"sip:@pbx.example", REFUSED_400},
	{"sip::x@pbx.example", REFUSED_400},
	{"sip:a@b@pbx.example", REFUSED_400},
	{"sip:a%zz@pbx.example", REFUSED_400},
	{"sip:a%4@pbx.example", REFUSED_400},
	{"sip:a b@pbx.example", REFUSED_400},
	{"sip:a@pbx.example:", REFUSED_400},
	{"sip:a@pbx.example:99999", REFUSED_400},
	{"sip:a@pbx.example:0", REFUSED_400},
	{"sip:a@", REFUSED_400},
	{"sip:a@pbx..example", REFUSED_400},
	{"sip:a@[::1", REFUSED_400},
	{"sip:a@[zz]", REFUSED_400},
	{"sip:a@1.2.3.999", REFUSED_400},
	{"sip:a@p%62x.example", REFUSED_400},
};

/* [SEC-041] [SEC-046] */
static void cases_of_equality(void **state)
{
	for (size_t i = 0; i < CHECK_COUNT(cases); i++)
		check_uri(*state, cases[i].uri, cases[i].expected);
}

/* [D-11] [ASEC-002] */
static void sips_needs_the_operators_word(void **state)
{
	struct address_map *map = *state;
	struct address address = {0};
	struct uri_facts facts = {0};
	const char *why = NULL;

	check_uri(map, "sips:alice@pbx.example", REFUSED_480);
	check_uri(map, "sips:romeo@chat.example", REFUSED_480);
	check_uri(map, "sips:alice@esc.example", "sip:alice@esc.example");
	assert_int_equal(
		address_from_uri(map, "sips:alice@pbx.example", 22, &address, &facts, &why), EPERM);
	assert_true(facts.is_sips);
	assert_int_equal(address_from_peer_uri(map, "sips:romeo@chat.example", 23, "esc.example",
					       &address, &facts, &why),
			 0);
	address_clear(&address);
	assert_int_equal(
		address_from_uri(map, "sip:1@pbx.example;user=phone", 28, &address, &facts, &why),
		0);
	assert_true(facts.is_user_phone && !facts.is_sips);
	address_clear(&address);
}

/* U-labels on XMPP, A-labels on SIP. [ADDR-016] [JID-005] */
static void idn_on_each_wire(void **state)
{
	static const struct twin twins[] = {
		{"sip:a@xn--br-mia.example", "a@b\xc3\xa4r.example", NULL},
		{"sip:a@xn--bcher-kva.example",
		 "a@b\xc3\xbc"
		 "cher.example",
		 NULL},
	};

	for (size_t i = 0; i < CHECK_COUNT(twins); i++)
		check_twin(*state, &twins[i]);
	check_jid(*state, "a@xn--br-via.example", "sip:a@xn--br-mia.example");
	assert_true(address_is_component(*state, "b\xc3\xa4r.example"));
	assert_true(address_is_component(*state, "SIP.chat.example"));
	assert_false(address_is_component(*state, "chat.example"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_are_as_named),
		cmocka_unit_test(vectors_of_the_spec),
		cmocka_unit_test(jid_escapes),
		cmocka_unit_test(jids_that_do_not_return),
		cmocka_unit_test(a_whole_domain),
		cmocka_unit_test(characters_of_the_table),
		cmocka_unit_test(jid_parts),
		cmocka_unit_test(lengths),
		cmocka_unit_test(cases_of_equality),
		cmocka_unit_test(sips_needs_the_operators_word),
		cmocka_unit_test(idn_on_each_wire),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
