/* The bijection as a property: all local parts of one and two bytes, and many made of pieces that
 * matter. [SEC-040] [SEC-041] [ADDR-020] */
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/table.h"
#include "support/check.h"
#include "unit/translate/map_fixture.h"

/* JIDs and URIs seen, each with the address it stands for: two addresses never share one. */
struct seen {
	struct address_map *map;
	struct table *by_jid;
	struct table *by_uri;
	size_t accepted;
	struct buf key;
	struct buf jid;
	struct buf uri;
};

static int setup(void **state)
{
	struct seen *seen = mem_zalloc(sizeof(*seen));

	seen->map = fixture_map();
	seen->by_jid = table_new();
	seen->by_uri = table_new();
	*state = seen;
	return 0;
}

static bool free_value(void *value, void *arg)
{
	(void)arg;
	mem_free(value);
	return true;
}

static int teardown(void **state)
{
	struct seen *seen = *state;

	table_each(seen->by_jid, free_value, NULL);
	table_each(seen->by_uri, free_value, NULL);
	table_free(&seen->by_jid);
	table_free(&seen->by_uri);
	buf_free(&seen->key);
	buf_free(&seen->jid);
	buf_free(&seen->uri);
	address_map_free(&seen->map);
	mem_free(seen);
	return 0;
}

/* name must not have stood for another address before. */
static void remember(struct table *table, const struct buf *name, const struct buf *key)
{
	const char *before = table_find(table, name->data, name->len);

	if (before == NULL)
		table_put(table, name->data, name->len, mem_strdup(key->data + 1));
	else if (strcmp(before, key->data + 1) != 0)
		fail_msg("%s stands for two addresses", name->data);
}

static const char *const readers[] = {NULL, "pbx.example", "esc.example", "ast.example"};

/* What a peer is told leads back, in whatever form; toward nobody there is always one. */
static void check_written(struct seen *seen, const struct address *address, const char *toward)
{
	struct address again = {0};
	const char *why = NULL;
	int error;

	buf_reset(&seen->uri);
	error = address_to_uri(seen->map, address, toward, &seen->uri);
	if (error != 0 && toward != NULL)
		return;
	assert_int_equal(error, 0);
	if (address_from_uri(seen->map, seen->uri.data, seen->uri.len, &again, NULL, &why) != 0)
		fail_msg("%s does not return: %s", buf_text(&seen->uri), why);
	if (!address_equal(address, &again))
		fail_msg("%s returns as %s", buf_text(&seen->uri), again.local);
	address_clear(&again);
	remember(seen->by_uri, &seen->uri, &seen->key);
}

/* An accepted address comes back from each of its names. */
static void check_accepted(struct seen *seen, const struct address *address)
{
	struct address again = {0};
	const char *why = NULL;

	buf_reset(&seen->key);
	buf_reset(&seen->jid);
	address_print(address, &seen->key);
	assert_int_equal(address_to_jid(seen->map, address, &seen->jid), 0);
	if (address_from_jid(seen->map, buf_text(&seen->jid), &again, NULL, &why) != 0)
		fail_msg("%s does not return: %s", buf_text(&seen->jid), why);
	if (!address_equal(address, &again))
		fail_msg("%s returns as %s", buf_text(&seen->jid), again.local);
	address_clear(&again);
	remember(seen->by_jid, &seen->jid, &seen->key);
	for (size_t i = 0; i < CHECK_COUNT(readers); i++)
		check_written(seen, address, readers[i]);
	seen->accepted++;
}

static void try_uri(struct seen *seen, const char *uri)
{
	struct address address = {0};
	const char *why = NULL;

	if (address_from_uri(seen->map, uri, strlen(uri), &address, NULL, &why) == 0)
		check_accepted(seen, &address);
	else
		assert_non_null(why);
	address_clear(&address);
}

static void try_jid(struct seen *seen, const char *jid)
{
	struct address address = {0};
	const char *why = NULL;

	if (address_from_jid(seen->map, jid, &address, NULL, &why) != 0)
		assert_non_null(why);
	else if (address.side == SIDE_SIP || address_may_use(seen->map, &address))
		check_accepted(seen, &address);
	address_clear(&address);
}

static void all_of_one_and_two_bytes(void **state)
{
	struct seen *seen = *state;
	char text[64];

	for (unsigned a = 0; a < 256; a++) {
		snprintf(text, sizeof(text), "sip:%%%02X@pbx.example", a);
		try_uri(seen, text);
		snprintf(text, sizeof(text), "%c@sip.chat.example", (int)a);
		try_jid(seen, text);
		for (unsigned b = 0; b < 256; b++) {
			snprintf(text, sizeof(text), "sip:%%%02X%%%02X@pbx.example", a, b);
			try_uri(seen, text);
			if (a == 0 || b == 0)
				continue;
			snprintf(text, sizeof(text), "%c%c@chat.example", (int)a, (int)b);
			try_jid(seen, text);
			snprintf(text, sizeof(text), "%c%c@sip.chat.example", (int)a, (int)b);
			try_jid(seen, text);
		}
	}
	/* At the least the small letters and digits, three times. */
	assert_true(seen->accepted > 3 * 36 * 36);
}

static const char *const pieces[] = {
	"a",
	"b",
	"7",
	"A",
	"F",
	"5",
	"2",
	"0",
	"f",
	"c",
	"\\",
	"%",
	"%25",
	"%5C",
	"%20",
	"%40",
	"%3A",
	"%2f",
	"%2F",
	"\\20",
	"\\5c",
	"\\2f",
	"\\40",
	"\\3a",
	"\\2F",
	"*",
	"'",
	"&",
	"/",
	";",
	"?",
	"+",
	"-",
	"(",
	".",
	"%C3%BC",
	"%C3%9C",
	"%C3%9F",
	"%CC%81",
	"e%CC%81",
	"%D7%90",
	"%D9%A1",
	"%EF%BD%81",
	"%F0%9F%98%80",
	"%E2%80%8B",
	"%CF%82",
	"%CF%83",
	"\xc3\xbc",
	"\xd7\x90",
	"#",
	"chat.example",
	"%40chat.example",
	"*chat.example",
	"mail.example",
	" ",
	"\"",
	"@",
	":",
	"<",
	"8001",
	";phone-context=+1555",
	"%00",
	"%7f",
	"[",
	"^",
	"`",
	"{",
	"|",
};

static const char *const sip_domains[] = {
	"pbx.example",     "esc.example",        "ast.example",
	"sip.example.net", "chat.example",       "im.example.org",
	"192.0.2.10",      "xn--br-mia.example", "pbx.example;user=phone",
	"kam.example",
};

static const char *const jid_domains[] = {
	"sip.chat.example", "esc.chat.example", "ast.chat.example", "chat.example",
	"example.org",      "xmpp.example.com", "kam.chat.example",
};

/* Not random at all: the same in every run. */
static unsigned next(unsigned long long *seed, size_t bound)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)((*seed >> 33) % bound);
}

static void make_local(char out[128], unsigned long long *seed)
{
	unsigned count = 1 + next(seed, 5);

	out[0] = '\0';
	for (unsigned i = 0; i < count; i++)
		strcat(out, pieces[next(seed, CHECK_COUNT(pieces))]);
}

enum { MADE = 150000 };

static void made_of_pieces(void **state)
{
	struct seen *seen = *state;
	unsigned long long seed = 20261122;
	size_t before = seen->accepted;
	char local[128];
	char text[256];

	for (unsigned i = 0; i < MADE; i++) {
		make_local(local, &seed);
		snprintf(text, sizeof(text), "sip:%s@%s", local,
			 sip_domains[next(&seed, CHECK_COUNT(sip_domains))]);
		try_uri(seen, text);
		make_local(local, &seed);
		snprintf(text, sizeof(text), "%s@%s", local,
			 jid_domains[next(&seed, CHECK_COUNT(jid_domains))]);
		try_jid(seen, text);
	}
	assert_true(seen->accepted - before > MADE / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_one_and_two_bytes),
		cmocka_unit_test(made_of_pieces),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
