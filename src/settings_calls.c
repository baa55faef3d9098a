/* What chat users are told of their phones: calls of the draft, and the extensions in users (D-06).
 */
#include "settings_private.h"

#include <stdio.h>

#include "model/address.h"
#include "translate/address_map.h"

static bool has_extension(const struct settings *settings)
{
	for (size_t i = 0; i < settings->map.user_count; i++) {
		if (settings->map.users[i].extension != NULL)
			return true;
	}
	return false;
}

static void check_user(struct loader *loader, struct address_map *map, size_t i,
		       const struct map_user *user)
{
	struct address address = {0};
	char name[SETTING_NAME_MAX];
	const char *why;

	snprintf(name, sizeof(name), "users[%zu].extension", i);
	if (address_from_jid(map, user->jid, &address, NULL, &why) == 0 &&
	    !address_may_use(map, &address))
		loader_warn(loader, loader_line(loader, name),
			    "users[%zu].extension: \"%s\" is told nothing, since the domain is not "
			    "in xmpp.domains",
			    i, user->jid);
	address_clear(&address);
}

void settings_check_calls(struct loader *loader, struct settings *out, struct address_map *map)
{
	const struct draft *draft = &loader->draft;

	out->tells_voicemail = draft->tells_voicemail == 1;
	out->tells_missed_calls = draft->tells_missed_calls == 1;
	if (!out->tells_voicemail && !out->tells_missed_calls)
		return;
	if (!has_extension(out))
		loader_warn(loader,
			    loader_line(loader,
					out->tells_voicemail ? "calls.voicemail" : "calls.missed"),
			    "calls: nobody is told, since no entry of users has an extension");
	for (size_t i = 0; i < out->map.user_count; i++) {
		if (out->map.users[i].extension != NULL)
			check_user(loader, map, i, &out->map.users[i]);
	}
}
