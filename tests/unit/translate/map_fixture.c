#include "unit/translate/map_fixture.h"

#include "support/check.h"

const struct map_domain fixture_domains[FIXTURE_DOMAINS] = {
	{.xmpp = "sip.chat.example", .sip = "PBX.example.", .phone_context = "+1555"},
	{.xmpp = "sip.example.net", .sip = "sip.example.net"},
	{.xmpp = "kam.chat.example", .sip = "kam.example", .case_rule = CASE_FOLD},
	{.xmpp = "esc.chat.example",
	 .sip = "esc.example",
	 .callback = CALLBACK_ESCAPED,
	 .separator = '%',
	 .allow_sips = true},
	{.xmpp = "ast.chat.example",
	 .sip = "ast.example",
	 .callback = CALLBACK_ESCAPED,
	 .separator = '*',
	 .is_asterisk = true},
	{.xmpp = "plain.chat.example", .sip = "plain.example", .is_asterisk = true},
	{.xmpp = "b\xc3\xa4r.example", .sip = "b\xc3\xa1r.example"},
};

static const char *const chats[FIXTURE_CHATS] = {"chat.example", "xmpp.example.com", "example.org",
						 "b\xc3\xbc\x63her.example"};
static const struct map_chat_domain named[] = {{"example.org", "im.example.org"}};
static const char *const aliases[] = {"sip:8001@pbx.example", "sip:8001@plain.example"};
static const struct map_user users[] = {
	{"juliet@chat.example", aliases, 2, "sip:1001@pbx.example"}};
static const char *const own_hosts[] = {"192.0.2.10", "[2001:DB8:0::10]", "bridge.example"};

const struct address_map_params fixture_params = {
	.domains = fixture_domains,
	.domain_count = FIXTURE_DOMAINS,
	.xmpp_domains = chats,
	.xmpp_domain_count = FIXTURE_CHATS,
	.chat_domains = named,
	.chat_domain_count = CHECK_COUNT(named),
	.users = users,
	.user_count = CHECK_COUNT(users),
	.own_hosts = own_hosts,
	.own_host_count = CHECK_COUNT(own_hosts),
};

struct address_map *fixture_map(void)
{
	struct address_map *map = NULL;
	char error[256] = "";

	if (address_map_new(&map, &fixture_params, error, sizeof(error)) != 0)
		fail_msg("%s", error);
	return map;
}
