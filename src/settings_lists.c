/* Lists of chat users under one SIP address (RFC 4662): lists of the draft. */
#include <stdio.h>
#include <string.h>

#include "model/address.h"
#include "settings_private.h"
#include "sip/sip_side.h"
#include "translate/address_map.h"

static int line_of(const struct loader *loader, size_t i, const char *field)
{
	char name[SETTING_NAME_MAX];

	snprintf(name, sizeof(name), "lists[%zu].%s", i, field);
	return loader_line(loader, name);
}

static bool is_chat_user(const struct address *address)
{
	return address->side == SIDE_XMPP && !address_is_domain(address);
}

static void check_member(struct loader *loader, struct address_map *map, size_t i, const char *text)
{
	struct address address = {0};
	const char *why = "it is no chat user";
	int error = address_from_text(map, text, &address, &why);

	if (error != 0 || !is_chat_user(&address))
		loader_fault(loader, line_of(loader, i, "members"),
			     "lists[%zu].members: \"%s\" cannot be watched (%s); write a JID such "
			     "as \"juliet@chat.example\"",
			     i, text, error != 0 ? why : "it is no chat user");
	address_clear(&address);
}

static void check_members(struct loader *loader, struct address_map *map, size_t i,
			  const struct draft_list *from)
{
	int64_t most = loader->draft.limits.list_members;

	if (from->members.count == 0)
		loader_fault(loader, line_of(loader, i, "members"),
			     "lists[%zu] has no members; add members = [ \"juliet@chat.example\" ]",
			     i);
	if ((int64_t)from->members.count > most)
		loader_fault(loader, line_of(loader, i, "members"),
			     "lists[%zu].members has more than limits.list_members = %lld; "
			     "shorten it or raise the limit",
			     i, (long long)most);
	for (size_t k = 0; k < from->members.count; k++)
		check_member(loader, map, i, from->members.items[k]);
}

/* It is reached like a chat user, and stands in the place of one of that name. */
static void check_uri(struct loader *loader, struct address_map *map, size_t i, const char *uri)
{
	struct address address = {0};
	const char *why = "it is no address of a chat domain";
	int error;

	if (uri == NULL) {
		loader_fault(loader, line_of(loader, i, "uri"),
			     "lists[%zu].uri is not set; add uri = \"sip:team@chat.example\"", i);
		return;
	}
	error = address_from_uri(map, uri, strlen(uri), &address, NULL, &why);
	if (error != 0 || !is_chat_user(&address))
		loader_fault(loader, line_of(loader, i, "uri"),
			     "lists[%zu].uri: \"%s\" does not lead here (%s); write it like the "
			     "SIP address of a chat user",
			     i, uri, error != 0 ? why : "it is no address of a chat domain");
	address_clear(&address);
}

void settings_check_lists(struct loader *loader, struct settings *out, struct address_map *map)
{
	const struct items *items = &loader->draft.lists;
	const struct draft_list *from = items->items;

	out->lists = memory_array(loader->memory, items->count + 1, sizeof(*out->lists));
	out->list_count = items->count;
	for (size_t i = 0; i < items->count; i++) {
		check_uri(loader, map, i, from[i].uri);
		check_members(loader, map, i, &from[i]);
		out->lists[i].uri = from[i].uri;
		out->lists[i].members = from[i].members.items;
		out->lists[i].member_count = from[i].members.count;
		for (size_t k = 0; k < i; k++)
			if (from[i].uri != NULL && from[k].uri != NULL &&
			    strcmp(from[i].uri, from[k].uri) == 0)
				loader_fault(loader, line_of(loader, i, "uri"),
					     "lists[%zu].uri is that of lists[%zu]; name it once",
					     i, k);
	}
}
