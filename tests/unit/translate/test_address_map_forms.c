/* Forms that depend on the configuration: escaped form, aliases, own hosts, spellings, telephone
 * numbers; and what address_map_new() refuses. */
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
	return 0;
}

/* peer NULL: as a target. Expected: "sip:local@domain", or NULL for refused. */
static void check_read(struct address_map *map, const char *uri, const char *peer,
		       const char *expected)
{
	struct address address = {0};
	struct buf text = BUF_INIT;
	const char *why = NULL;
	int error;

	if (peer == NULL)
		error = address_from_uri(map, uri, strlen(uri), &address, NULL, &why);
	else
		error = address_from_peer_uri(map, uri, strlen(uri), peer, &address, NULL, &why);
	if (error == 0)
		address_print(&address, &text);
	if (expected == NULL && error == 0)
		fail_msg("%s from %s is %s, expected a refusal", uri, peer, buf_text(&text));
	if (expected != NULL && (error != 0 || strcmp(buf_text(&text), expected) != 0))
		fail_msg("%s from %s is %s (%s)", uri, peer, buf_text(&text), why);
	if (expected == NULL)
		assert_int_equal(error, ENOENT);
	address_clear(&address);
	buf_free(&text);
}

/* How the peer of domain toward is told of a JID; NULL: it cannot be. */
static void check_write(struct address_map *map, const char *jid, const char *toward,
			const char *expected)
{
	struct address address = {0};
	struct buf text = BUF_INIT;
	const char *why = NULL;
	int error;

	buf_puts(&text, "<");
	if (address_from_jid(map, jid, &address, NULL, &why) != 0)
		fail_msg("%s: %s", jid, why);
	error = address_to_uri(map, &address, toward, &text);
	if (expected == NULL) {
		assert_int_equal(error, ENOENT);
		assert_string_equal(buf_text(&text), "<"); /* nothing was left behind */
	} else {
		if (error != 0)
			fail_msg("%s has no form toward %s", jid, toward);
		assert_string_equal(buf_text(&text) + 1, expected);
	}
	address_clear(&address);
	buf_free(&text);
}

static const struct {
	const char *uri;
	const char *expected;
} escaped_forms[] = {
	{"sip:romeo%40chat.example@esc.example", "xmpp:romeo@chat.example"},
	{"sip:Romeo%40Chat.Example@esc.example", "xmpp:romeo@chat.example"},
	/* Read in every domain and role, whatever its callback. */
	{"sip:romeo%40chat.example@pbx.example", "xmpp:romeo@chat.example"},
	{"sip:x%40y%40chat.example@pbx.example", "xmpp:x\\40y@chat.example"},
	{"sip:romeo%40example.org@kam.example", "xmpp:romeo@example.org"},
	/* Any other %40 is part of a SIP user. */
	{"sip:joe%40mail.example@pbx.example", "sip:joe@mail.example@pbx.example"},
	{"sip:joe%40xchat.example@pbx.example", "sip:joe@xchat.example@pbx.example"},
	{"sip:%40chat.example@pbx.example", "sip:@chat.example@pbx.example"},
	/* The star only where the operator chose the escaped form. [PBX-055] */
	{"sip:romeo*chat.example@ast.example", "xmpp:romeo@chat.example"},
	{"sip:a*b*chat.example@ast.example", "xmpp:a*b@chat.example"},
	{"sip:romeo*chat.example@esc.example", "sip:romeo*chat.example@esc.example"},
	{"sip:romeo*chat.example@pbx.example", "sip:romeo*chat.example@pbx.example"},
	{"sip:*8001@ast.example", "sip:*8001@ast.example"},
	/* Never under the component domain. */
	{"sip:romeo%40chat.example@sip.chat.example", NULL},
};

/* [D-04] */
static void escaped_form_is_read(void **state)
{
	for (size_t i = 0; i < CHECK_COUNT(escaped_forms); i++)
		check_read(*state, escaped_forms[i].uri, NULL, escaped_forms[i].expected);
}

static const struct {
	const char *jid;
	const char *toward;
	const char *expected;
} written_forms[] = {
	{"romeo@chat.example", "pbx.example", "sip:romeo@chat.example"},
	{"romeo@chat.example", NULL, "sip:romeo@chat.example"},
	{"romeo@chat.example", "esc.example", "sip:romeo%40chat.example@esc.example"},
	{"romeo@chat.example", "ESC.example.", "sip:romeo%40chat.example@esc.example"},
	{"romeo@chat.example", "ast.example", "sip:romeo*chat.example@ast.example"},
	{"romeo@example.org", "pbx.example", "sip:romeo@im.example.org"}, /* [D-01] */
	{"romeo@example.org", "esc.example", "sip:romeo%40example.org@esc.example"},
	/* [D-06]: her alias toward its domain, else as everybody */
	{"juliet@chat.example", "pbx.example", "sip:8001@pbx.example"},
	{"juliet@chat.example", "esc.example", "sip:juliet%40chat.example@esc.example"},
	{"juliet@chat.example", NULL, "sip:juliet@chat.example"},
	/* [D-04]: no % toward asterisk; an alias mends it */
	{"j\xc3\xbcrgen@chat.example", "pbx.example", "sip:j%C3%BCrgen@chat.example"},
	{"j\xc3\xbcrgen@chat.example", "plain.example", NULL},
	{"j\xc3\xbcrgen@chat.example", "ast.example", NULL},
	{"romeo@chat.example", "plain.example", "sip:romeo@chat.example"},
	{"juliet@chat.example", "plain.example", "sip:8001@plain.example"},
	/* A SIP user is written one way. */
	{"1001@ast.chat.example", "pbx.example", "sip:1001@ast.example"},
	/* Who may not use the bridge could not be read back from the escaped form. */
	{"eve@elsewhere.example", "esc.example", NULL},
	{"chat.example", "esc.example", "sip:chat.example"},
};

/* [D-01] [D-04] [D-06] */
static void forms_by_reader(void **state)
{
	for (size_t i = 0; i < CHECK_COUNT(written_forms); i++)
		check_write(*state, written_forms[i].jid, written_forms[i].toward,
			    written_forms[i].expected);
}

/* [D-06] */
static void aliases(void **state)
{
	check_read(*state, "sip:8001@pbx.example", NULL, "xmpp:juliet@chat.example");
	check_read(*state, "sip:8001@pbx.example;user=phone", NULL, "xmpp:juliet@chat.example");
	check_read(*state, "sip:800-1@pbx.example;user=phone", NULL, "xmpp:juliet@chat.example");
	check_read(*state, "sip:8001@esc.example", NULL, "sip:8001@esc.example");
	check_read(*state, "sip:1001@pbx.example", NULL, "sip:1001@pbx.example"); /* extension */
}

/* [D-05] */
static void own_hosts(void **state)
{
	/* As a target: alias or escaped form; more than one chat domain is served, so no other. */
	check_read(*state, "sip:8001@192.0.2.10:5060", NULL, "xmpp:juliet@chat.example");
	check_read(*state, "sip:8001@[2001:db8:0:0::10]", NULL, "xmpp:juliet@chat.example");
	check_read(*state, "sip:romeo%40chat.example@bridge.example", NULL,
		   "xmpp:romeo@chat.example");
	check_read(*state, "sip:romeo@bridge.example", NULL, NULL);
	check_read(*state, "sip:bridge.example", NULL, NULL);
	check_read(*state, "sip:romeo@192.0.2.11", NULL, NULL);
	/* As a sender: the peer's domain. */
	check_read(*state, "sip:1001@192.0.2.11", "pbx.example", "sip:1001@pbx.example");
	check_read(*state, "sip:1001@192.0.2.10", "pbx.example", "sip:1001@pbx.example");
	check_read(*state, "sip:1001@[::1]:5060", "kam.example", "sip:1001@kam.example");
	check_read(*state, "sip:1001@bridge.example", "pbx.example", "sip:1001@pbx.example");
	check_read(*state, "sip:8001@bridge.example", "of.several", NULL);
	check_read(*state, "sip:1001@kam.example", "pbx.example", "sip:1001@kam.example");
	check_read(*state, "sip:1001@other.example", "pbx.example", NULL);
	check_read(*state, "sip:romeo@chat.example", "pbx.example", "xmpp:romeo@chat.example");
}

/* [D-05]: the only served chat domain */
static void own_host_with_one_chat_domain(void **state)
{
	static const char *const one[] = {"chat.example"};
	struct address_map_params params = fixture_params;
	struct address_map *map = NULL;
	char error[256] = "";

	(void)state;
	params.xmpp_domains = one;
	params.xmpp_domain_count = 1;
	assert_int_equal(address_map_new(&map, &params, error, sizeof(error)), 0);
	check_read(map, "sip:romeo@192.0.2.10", NULL, "xmpp:romeo@chat.example");
	check_read(map, "sip:8001@192.0.2.10", NULL, "xmpp:juliet@chat.example");
	address_map_free(&map);
}

/* [ADDR-017] [D-09] */
static void telephone_numbers(void **state)
{
	check_read(*state, "tel:+1-555-0100", "pbx.example", "sip:+15550100@pbx.example");
	check_read(*state, "TEL:+1.555.0100", "kam.example", "sip:+15550100@kam.example");
	check_read(*state, "tel:7042;phone-context=+1555", "pbx.example", "sip:7042@pbx.example");
	check_read(*state, "tel:7042;phone-context=+1555", "kam.example", NULL);
	check_read(*state, "tel:7042", "kam.example", NULL);
	check_read(*state, "tel:+1555;ext=7", "pbx.example", "sip:+1555;ext=7@pbx.example");
	check_read(*state, "tel:alice", "pbx.example", NULL);
	check_read(*state, "tel:+-", "pbx.example", NULL);
	check_read(*state, "tel:8001;phone-context=+1555", "pbx.example",
		   "xmpp:juliet@chat.example");
}

struct learned {
	int count;
	char last[64];
};

static void learn(const struct address *address, const char *spelling, void *arg)
{
	struct learned *learned = arg;

	learned->count++;
	snprintf(learned->last, sizeof(learned->last), "%s=%s", address->local, spelling);
}

/* The first spelling is the one that requests go to. [D-07] [JID-007] [ADDR-021] */
static void first_spelling_is_kept(void **state)
{
	struct address_map *map = *state;
	struct learned learned = {0};

	address_map_on_spelling(map, learn, &learned);
	check_write(map, "alice@kam.chat.example", NULL, "sip:alice@kam.example");
	check_read(map, "sip:Alice@kam.example", NULL, "sip:alice@kam.example");
	assert_int_equal(learned.count, 1);
	assert_string_equal(learned.last, "alice=Alice");
	check_read(map, "sip:ALICE@kam.example", NULL, "sip:alice@kam.example");
	check_read(map, "sip:alice@kam.example", NULL, "sip:alice@kam.example");
	assert_int_equal(learned.count, 1);
	check_write(map, "alice@kam.chat.example", NULL, "sip:Alice@kam.example");
	check_read(map, "sip:bob@kam.example", NULL, "sip:bob@kam.example");
	check_read(map, "sip:Bob@kam.example", NULL, "sip:bob@kam.example");
	check_write(map, "bob@kam.chat.example", NULL, "sip:bob@kam.example");
}

/* [D-07] */
static void stored_spellings(void **state)
{
	struct address_map *map = fixture_map();
	struct address alice = {0};
	struct learned learned = {0};

	(void)state;
	address_set(&alice, SIDE_SIP, "alice", "kam.example");
	address_map_on_spelling(map, learn, &learned);
	address_map_put_spelling(map, &alice, "Bob"); /* not hers */
	address_map_put_spelling(map, &alice, "aLice");
	address_map_put_spelling(map, &alice, "ALICE");
	check_write(map, "alice@kam.chat.example", NULL, "sip:aLice@kam.example");
	check_read(map, "sip:Alice@kam.example", NULL, "sip:alice@kam.example");
	assert_int_equal(learned.count, 0); /* what was put is not new */
	address_clear(&alice);
	address_set(&alice, SIDE_SIP, "alice", "pbx.example");
	address_map_put_spelling(map, &alice, "Alice"); /* exact: ignored */
	check_write(map, "alice@sip.chat.example", NULL, "sip:alice@pbx.example");
	address_clear(&alice);
	address_map_free(&map);
}

/* [D-47] "*" lets everybody in and names nobody but the domain above the component. */
static void who_is_a_stranger(void **state)
{
	static const struct map_domain domains[] = {
		{.xmpp = "sip.chat.example", .sip = "pbx.example"}};
	static const char *const named[] = {"*", "friends.example"};
	static const struct {
		const char *domain;
		bool is_named;
	} rows[] = {
		{"chat.example", true}, {"friends.example", true},   {"elsewhere.example", false},
		{"example", false},     {"sip.chat.example", false},
	};
	struct address_map_params params = {.domains = domains,
					    .domain_count = 1,
					    .xmpp_domains = named,
					    .xmpp_domain_count = 2};
	struct address_map *map;
	struct address user = {0};
	char error[256];

	(void)state;
	assert_int_equal(address_map_new(&map, &params, error, sizeof(error)), 0);
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		address_set(&user, SIDE_XMPP, "a", rows[i].domain);
		assert_int_equal(address_is_named(map, &user), rows[i].is_named);
		address_clear(&user);
	}
	address_map_free(&map);
}

/* [D-03] [SEC-043]
 * [PRES-196] */
static void who_may_use_the_bridge(void **state)
{
	static const struct {
		const char *domain;
		bool may;
	} rows[] = {
		{"chat.example", true},    {"example.org", true},
		{"xchat.example", false},  {"chat.example.evil.test", false},
		{"im.example.org", false}, {"a.chat.example", false},
	};
	struct address user = {0};

	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		address_set(&user, SIDE_XMPP, "a", rows[i].domain);
		assert_int_equal(address_may_use(*state, &user), rows[i].may);
		assert_false(address_is_served(*state, &user));
		address_clear(&user);
	}
	address_set(&user, SIDE_SIP, "a", "pbx.example");
	assert_true(address_is_served(*state, &user));
	assert_false(address_may_use(*state, &user));
	address_clear(&user);
	address_set(&user, SIDE_SIP, "a", "xpbx.example");
	assert_false(address_is_served(*state, &user));
	address_clear(&user);
}

/* [REQ-006] "*" opens the bridge to every chat domain, not to hosts, and keeps e-mail-like SIP
 * users. */
static void everybody(void **state)
{
	static const char *const all[] = {"*"};
	struct address_map_params params = fixture_params;
	struct address_map *map = NULL;
	char error[256] = "";

	(void)state;
	params.xmpp_domains = all;
	params.xmpp_domain_count = 1;
	assert_int_equal(address_map_new(&map, &params, error, sizeof(error)), 0);
	check_read(map, "sip:eve@elsewhere.example", NULL, "xmpp:eve@elsewhere.example");
	check_read(map, "sip:eve@192.0.2.77", NULL, NULL);
	check_read(map, "sip:eve@example.org", NULL, NULL); /* it is im.example.org */
	check_read(map, "sip:eve@sip.chat.example", NULL, NULL);
	check_read(map, "sip:joe%40mail.example@pbx.example", NULL,
		   "sip:joe@mail.example@pbx.example");
	check_read(map, "sip:eve%40mail.example@esc.example", NULL, "xmpp:eve@mail.example");
	check_write(map, "eve@elsewhere.example", "pbx.example", "sip:eve@elsewhere.example");
	check_write(map, "eve@pbx.example", "esc.example", "sip:eve%40pbx.example@esc.example");
	check_write(map, "eve@pbx.example", "pbx.example", NULL); /* there she is a phone */
	address_map_free(&map);
}

/* [REQ-005] [REQ-008] [REQ-011]: 300 domains of each side, each found from both. */
static void many_domains(void **state)
{
	enum { DOMAINS = 300 };
	static char names[DOMAINS][3][32];
	static struct map_domain domains[DOMAINS];
	static const char *chats[DOMAINS];
	struct address_map_params params = {.domains = domains,
					    .domain_count = DOMAINS,
					    .xmpp_domains = chats,
					    .xmpp_domain_count = DOMAINS};
	struct address_map *map = NULL;
	char error[256] = "", uri[64], wanted[64];

	(void)state;
	for (int i = 0; i < DOMAINS; i++) {
		(void)snprintf(names[i][0], sizeof(names[i][0]), "pbx%d.example", i);
		(void)snprintf(names[i][1], sizeof(names[i][1]), "sip%d.chat.example", i);
		(void)snprintf(names[i][2], sizeof(names[i][2]), "chat%d.example", i);
		domains[i] = (struct map_domain){.sip = names[i][0], .xmpp = names[i][1]};
		chats[i] = names[i][2];
	}
	assert_int_equal(address_map_new(&map, &params, error, sizeof(error)), 0);
	for (int i = 0; i < DOMAINS; i++) {
		(void)snprintf(uri, sizeof(uri), "sip:juliet@%s", names[i][2]);
		(void)snprintf(wanted, sizeof(wanted), "xmpp:juliet@%s", names[i][2]);
		check_read(map, uri, NULL, wanted);
		(void)snprintf(uri, sizeof(uri), "1001@%s", names[i][1]);
		(void)snprintf(wanted, sizeof(wanted), "sip:1001@%s", names[i][0]);
		check_write(map, uri, NULL, wanted);
	}
	check_read(map, "sip:juliet@chat300.example", NULL, NULL);
	address_map_free(&map);
}

/* One domain for phones and chat. [D-01] [MODEL-022] */
static void shared_domain_needs_the_escaped_form(void **state)
{
	static const char *const chat[] = {"example.org"};
	struct map_domain domain = {.xmpp = "sip.example.org", .sip = "example.org"};
	struct address_map_params params = {.domains = &domain,
					    .domain_count = 1,
					    .xmpp_domains = chat,
					    .xmpp_domain_count = 1};
	struct address_map *map = NULL;
	char error[256] = "";

	(void)state;
	assert_int_equal(address_map_new(&map, &params, error, sizeof(error)), EINVAL);
	assert_non_null(strstr(error, "domains[0].sip"));
	assert_non_null(strstr(error, "chat_domains"));
	assert_null(map);
	domain.callback = CALLBACK_ESCAPED;
	assert_int_equal(address_map_new(&map, &params, error, sizeof(error)), 0);
	check_read(map, "sip:juliet@example.org", NULL, "sip:juliet@example.org");
	check_read(map, "sip:juliet%40example.org@example.org", NULL, "xmpp:juliet@example.org");
	check_write(map, "juliet@example.org", "example.org",
		    "sip:juliet%40example.org@example.org");
	check_write(map, "juliet@example.org", NULL, NULL);
	address_map_free(&map);
}

/* Configurations that are no bijection, and the entry that each sentence names. [D-01] [D-06] */
static void wrong_configurations(void **state)
{
	static const char *const two[] = {"chat.example", "b.example"};
	static const char *const component[] = {"sip.chat.example"};
	static const char *const bad[] = {"chat example"};
	static const char *const alias[] = {"sip:8001@pbx.example"};
	static const char *const escaped_alias[] = {"sip:a%40chat.example@pbx.example"};
	static const char *const foreign[] = {"sip:8001@other.example"};
	struct map_domain twice[] = {{.xmpp = "a.example", .sip = "p.example"},
				     {.xmpp = "a.example", .sip = "q.example"}};
	struct map_domain same_sip[] = {{.xmpp = "a.example", .sip = "p.example"},
					{.xmpp = "c.example", .sip = "P.EXAMPLE."}};
	struct map_domain nameless[] = {{.xmpp = "a.example", .sip = "-"}};
	struct map_domain good[] = {{.xmpp = "sip.chat.example", .sip = "pbx.example"}};
	struct map_chat_domain clash[] = {{"chat.example", "b.example"}};
	struct map_chat_domain half[] = {{"chat.example", NULL}};
	struct map_user same_alias[] = {{"a@chat.example", alias, 1, NULL},
					{"b@chat.example", alias, 1, NULL}};
	struct map_user alias_escaped[] = {{"a@chat.example", escaped_alias, 1, NULL}};
	struct map_user alias_foreign[] = {{"a@chat.example", foreign, 1, NULL}};
	struct map_user sip_user[] = {{"1@sip.chat.example", alias, 1, NULL}};
	struct map_user full[] = {{"a@chat.example/x", alias, 1, NULL}};
	struct map_user extension[] = {{"a@chat.example", alias, 1, "sip:8001@pbx.example"}};
	const struct {
		struct address_map_params params;
		const char *named;
	} rows[] = {
		{{.domains = twice, .domain_count = 2}, "domains[1].xmpp"},
		{{.domains = same_sip, .domain_count = 2}, "domains[1].sip"},
		{{.domains = nameless, .domain_count = 1}, "domains[0].sip"},
		{{.domains = good,
		  .domain_count = 1,
		  .xmpp_domains = component,
		  .xmpp_domain_count = 1},
		 "xmpp.domains"},
		{{.domains = good, .domain_count = 1, .xmpp_domains = bad, .xmpp_domain_count = 1},
		 "xmpp.domains[0]"},
		{{.domains = good,
		  .domain_count = 1,
		  .xmpp_domains = two,
		  .xmpp_domain_count = 2,
		  .chat_domains = clash,
		  .chat_domain_count = 1},
		 "chat_domains"},
		{{.domains = good, .domain_count = 1, .chat_domains = half, .chat_domain_count = 1},
		 "chat_domains[0]"},
		{{.domains = good,
		  .domain_count = 1,
		  .xmpp_domains = two,
		  .xmpp_domain_count = 2,
		  .users = same_alias,
		  .user_count = 2},
		 "users[1].alias[0]"},
		{{.domains = good,
		  .domain_count = 1,
		  .xmpp_domains = two,
		  .xmpp_domain_count = 2,
		  .users = alias_escaped,
		  .user_count = 1},
		 "users[0].alias[0]"},
		{{.domains = good,
		  .domain_count = 1,
		  .xmpp_domains = two,
		  .xmpp_domain_count = 2,
		  .users = alias_foreign,
		  .user_count = 1},
		 "users[0].alias[0]"},
		{{.domains = good, .domain_count = 1, .users = sip_user, .user_count = 1},
		 "users[0].jid"},
		{{.domains = good, .domain_count = 1, .users = full, .user_count = 1},
		 "users[0].jid"},
		{{.domains = good,
		  .domain_count = 1,
		  .xmpp_domains = two,
		  .xmpp_domain_count = 2,
		  .users = extension,
		  .user_count = 1},
		 "users[0].extension"},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct address_map *map = NULL;
		char error[256] = "";

		if (address_map_new(&map, &rows[i].params, error, sizeof(error)) != EINVAL)
			fail_msg("row %zu was accepted, expected: %s", i, rows[i].named);
		if (strncmp(error, rows[i].named, strlen(rows[i].named)) != 0 ||
		    error[strlen(rows[i].named)] != ':')
			fail_msg("row %zu: %s, expected: %s", i, error, rows[i].named);
		assert_null(map);
	}
}

static void check_explained(struct address_map *map, const char *text, const char *part)
{
	struct buf out = BUF_INIT;

	address_map_explain(map, text, &out);
	if (strstr(buf_text(&out), part) == NULL)
		fail_msg("%s: %s lacks %s", text, buf_text(&out), part);
	assert_null(strstr(buf_text(&out), "secret"));
	buf_free(&out);
}

/* [SEC-045] [SEC-016]
 * [ASEC-014] */
static void explanations(void **state)
{
	check_explained(*state, "1001@sip.chat.example", "on SIP: sip:1001@pbx.example\n");
	check_explained(*state, "sip:1001:secret@pbx.example", "on XMPP: 1001@sip.chat.example\n");
	check_explained(*state, "sip:1001@pbx.example", "domains[0] shows pbx.example");
	check_explained(*state, "xmpp:romeo@chat.example",
			"toward esc.example: sip:romeo%40chat.example@esc.example\n");
	check_explained(*state, "romeo@elsewhere.example", "not in xmpp.domains");
	check_explained(*state, "\xd0\xb0@sip.chat.example", "[\\u{430}@sip.chat.example]");
	check_explained(*state, "j\xc3\xbcrgen@chat.example",
			"toward plain.example: none (Asterisk");
	check_explained(*state, "sip:Alice@pbx.example", "refused with 404 (");
	check_explained(*state, "sip:a@@", "refused with 400 (");
	check_explained(*state, "sips:a@pbx.example", "refused with 480 (");
	check_explained(*state, "", "refused with 400 (");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escaped_form_is_read),
		cmocka_unit_test(forms_by_reader),
		cmocka_unit_test(aliases),
		cmocka_unit_test(own_hosts),
		cmocka_unit_test(own_host_with_one_chat_domain),
		cmocka_unit_test(telephone_numbers),
		cmocka_unit_test(first_spelling_is_kept),
		cmocka_unit_test(stored_spellings),
		cmocka_unit_test(who_may_use_the_bridge),
		cmocka_unit_test(who_is_a_stranger),
		cmocka_unit_test(everybody),
		cmocka_unit_test(many_domains),
		cmocka_unit_test(shared_domain_needs_the_escaped_form),
		cmocka_unit_test(wrong_configurations),
		cmocka_unit_test(explanations),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
