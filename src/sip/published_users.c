/* Who is published at a peer; see published_users.h. */
#include "sip/published_users.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "sip/net_address.h"
#include "sip/side_core.h"
#include "translate/address_map.h"
#include "translate/device_state.h"

static bool is_at(const struct sip_peer *peer, const char *uri)
{
	struct uri_parts parts;

	return uri_parts_read(&parts, uri) && strcasecmp(parts.host, peer->domain) == 0;
}

/* An alias says to which PBX a user belongs. */
static bool belongs_to(const struct sip_peer *peer, const struct map_user *user)
{
	if (user->alias_count == 0)
		return true;
	for (size_t i = 0; i < user->alias_count; i++)
		if (is_at(peer, user->aliases[i]))
			return true;
	return false;
}

/* The user part of her alias there, else that of her JID. */
static char *device_name(const struct sip_peer *peer, const char *uri, const struct address *user)
{
	const char *start = strchr(uri, ':');
	const char *at = strchr(uri, '@');

	if (start != NULL && at != NULL && is_at(peer, uri))
		return mem_strndup(start + 1, (size_t)(at - start - 1));
	return mem_strdup(user->local);
}

/* Names that are given already, and to whom the next ones go. */
struct naming {
	const struct side_core *core;
	const struct sip_peer *peer;
	struct table *names;
	published_user_fn *each;
	void *arg;
};

/* NULL, or why it cannot be the name of this user. */
static const char *refusal_of(const struct naming *naming, const char *name)
{
	if (name[0] == '\0')
		return "no address there; give the user an alias";
	if (naming->peer->profile.publish == PUBLISH_AS_DEVICESTATE && !device_state_is_name(name))
		return "not a name of a device; give the user an alias";
	if (table_find(naming->names, name, strlen(name)) != NULL)
		return "this name is given already";
	return NULL;
}

static void name_user(struct naming *naming, const struct address *user)
{
	const struct sip_peer *peer = naming->peer;
	struct buf uri = BUF_INIT;
	const char *why;
	char *name;

	if (address_to_uri(naming->core->params->map, user, peer->domain, &uri) != 0)
		buf_reset(&uri);
	name = peer->profile.publish == PUBLISH_AS_DEVICESTATE
		       ? device_name(peer, buf_text(&uri), user)
		       : mem_strdup(buf_text(&uri));
	buf_free(&uri);
	why = refusal_of(naming, name);
	if (why == NULL) {
		table_put(naming->names, name, strlen(name), naming);
		naming->each(user, name, naming->arg);
	} else {
		log_warning("publisher: not published user=%s name=%s domain=%s (%s)",
			    log_safe(user->local), log_safe(name), log_safe(peer->domain), why);
	}
	mem_free(name);
}

void published_users_each(const struct side_core *core, const struct sip_peer *peer,
			  published_user_fn *each, void *arg)
{
	const struct sip_side_params *params = core->params;
	struct naming naming = {core, peer, table_new(), each, arg};

	for (size_t i = 0; i < params->user_count; i++) {
		struct address user = {0};
		const char *why;

		if (!belongs_to(peer, &params->users[i]) ||
		    address_from_jid(params->map, params->users[i].jid, &user, NULL, &why) != 0)
			continue;
		if (user.side == SIDE_XMPP && address_may_use(params->map, &user))
			name_user(&naming, &user);
		address_clear(&user);
	}
	table_free(&naming.names);
}
