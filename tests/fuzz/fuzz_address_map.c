/* Addresses: what is accepted comes back from its JID and from each of its URIs. [SEC-040] The
 * first byte chooses how the rest is read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "translate/address_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct map_domain domains[] = {
	{.xmpp = "sip.chat.example", .sip = "pbx.example", .phone_context = "+1555"},
	{.xmpp = "kam.chat.example", .sip = "kam.example", .case_rule = CASE_FOLD},
	{.xmpp = "esc.chat.example",
	 .sip = "esc.example",
	 .callback = CALLBACK_ESCAPED,
	 .allow_sips = true},
	{.xmpp = "ast.chat.example",
	 .sip = "ast.example",
	 .callback = CALLBACK_ESCAPED,
	 .separator = '*',
	 .is_asterisk = true},
};
static const char *const chats[] = {"chat.example", "example.org", "*"};
static const struct map_chat_domain named[] = {{"example.org", "im.example.org"}};
static const char *const aliases[] = {"sip:8001@pbx.example"};
static const struct map_user users[] = {{"juliet@chat.example", aliases, 1, NULL}};
static const char *const own_hosts[] = {"192.0.2.10", "bridge.example"};
static const char *const readers[] = {NULL, "pbx.example", "kam.example", "esc.example",
				      "ast.example"};
enum { READERS = 5 };

static struct address_map *make_map(void)
{
	const struct address_map_params params = {
		.domains = domains,
		.domain_count = 4,
		.xmpp_domains = chats,
		.xmpp_domain_count = 3,
		.chat_domains = named,
		.chat_domain_count = 1,
		.users = users,
		.user_count = 1,
		.own_hosts = own_hosts,
		.own_host_count = 2,
	};
	struct address_map *map = NULL;
	char error[256];

	if (address_map_new(&map, &params, error, sizeof(error)) != 0)
		abort();
	return map;
}

static void expect(struct address_map *map, const struct address *address, const char *text,
		   size_t len, bool is_uri)
{
	struct address again = {0};
	const char *why = NULL;
	int error;

	if (is_uri)
		error = address_from_uri(map, text, len, &again, NULL, &why);
	else
		error = address_from_jid(map, text, &again, NULL, &why);
	if (error != 0 || !address_equal(address, &again))
		abort();
	address_clear(&again);
}

static void check(struct address_map *map, const struct address *address)
{
	struct buf text = BUF_INIT;

	if (address_to_jid(map, address, &text) != 0)
		abort();
	expect(map, address, text.data, text.len, false);
	for (size_t i = 0; i < READERS; i++) {
		buf_reset(&text);
		if (address_to_uri(map, address, readers[i], &text) == 0)
			expect(map, address, text.data, text.len, true);
	}
	buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct address_map *map;
	struct address address = {0};
	struct buf said = BUF_INIT;
	const char *why = NULL;
	char *text;
	int error;

	if (size == 0)
		return 0;
	if (map == NULL)
		map = make_map();
	text = mem_strndup((const char *)data + 1, size - 1);
	if (data[0] == 'j')
		error = address_from_jid(map, text, &address, NULL, &why);
	else if (data[0] == 'u')
		error = address_from_uri(map, text, strlen(text), &address, NULL, &why);
	else
		error = address_from_peer_uri(map, (const char *)data + 1, size - 1,
					      readers[data[0] % READERS], &address, NULL, &why);
	if (error == 0)
		check(map, &address);
	else if (why == NULL)
		abort();
	address_map_explain(map, text, &said);
	buf_free(&said);
	address_clear(&address);
	mem_free(text);
	return 0;
}
