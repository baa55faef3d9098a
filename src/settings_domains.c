/* Domains, chat domains and users of the draft: components, peers, and the address map, which is
 * built once to see that it is a bijection (promise 8). */
#include "settings_private.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* Quirk switches of file 30 section 4, until the operator says otherwise. */
struct quirks {
	const char *profile;
	bool can_fetch;
	bool publish_presence;
	bool options_503_means_down;
};

static const struct quirks quirks[] = {
	{"asterisk", false, false, false},
	{"freeswitch", false, true, true},
	{"kamailio", true, true, true},
	{"opensips", true, true, true},
	{"", true, true, true},
};

enum { MESSAGE_TYPES_PLAIN }; /* the first choice of message_types */

static const struct quirks *quirks_of(const char *profile)
{
	const struct quirks *row = quirks;

	while (row->profile[0] != '\0' && strcmp(row->profile, profile) != 0)
		row++;
	return row;
}

static bool pick(int64_t value, bool otherwise)
{
	return value == SETTING_UNSET ? otherwise : value != 0;
}

static void name_of(char out[SETTING_NAME_MAX], size_t i, const char *field)
{
	snprintf(out, SETTING_NAME_MAX, "domains[%zu].%s", i, field);
}

static int line_of(const struct loader *loader, size_t i, const char *field)
{
	char name[SETTING_NAME_MAX];

	name_of(name, i, field);
	return loader_line(loader, name);
}

/* One entry -------------------------------------------------------------------------------------
 */

static unsigned packages(const struct texts *names, unsigned otherwise)
{
	unsigned set = 0;

	for (size_t i = 0; i < names->count; i++)
		set |= strcmp(names->items[i], "dialog") == 0 ? PACKAGE_DIALOG : PACKAGE_PRESENCE;
	return names->is_set ? set : otherwise;
}

/* What presence is at this peer. */
static void fill_presence(const struct draft_domain *from, struct profile *profile)
{
	profile->packages = packages(&from->packages, profile->packages);
	if (from->subscribe_as != SETTING_UNSET)
		profile->subscribe_as = (enum subscribe_as)from->subscribe_as;
	if (from->empty_notify != SETTING_UNSET)
		profile->empty_notify = (enum empty_notify)from->empty_notify;
	profile->dialog_full_is_event_only =
		pick(from->dialog_full_is_event_only, profile->dialog_full_is_event_only);
	/* What is published is for all (D-17). */
	profile->accepts_publish = pick(from->accept_publish, profile->accepts_publish) &&
				   profile->subscribe_as == SUBSCRIBE_AS_BRIDGE;
	profile->show_caller = from->show_caller == 1;
	profile->offers_partial = from->partial == 1;
	profile->expose_resource = from->expose_resource == 1;
	profile->watch_as = (enum watch_as)from->watch_as;
	profile->resources = (enum resources)from->resources;
	profile->lamp = (enum lamp_rule)from->lamp;
	profile->entity = (enum entity_scheme)from->entity;
	profile->hides_last_input = from->last_input == 0;
	profile->publish = (enum publish_as)from->publish;
}

static void fill_messages(const struct draft_domain *from, struct profile *profile)
{
	if (from->body_max != SETTING_UNSET)
		profile->body_max_bytes = (int32_t)from->body_max;
	if (from->rich_types != SETTING_UNSET)
		profile->rich_types = (enum rich_types)from->rich_types;
	if (from->message_types == MESSAGE_TYPES_PLAIN)
		profile->rich_types = RICH_NEVER;
	profile->receipt_from_200 = pick(from->receipt_from_200, profile->receipt_from_200);
	profile->thread = (enum thread_rule)from->thread;
	profile->pager_type = (enum pager_type)from->pager_type;
	profile->long_messages = (enum long_messages)from->long_messages;
	profile->date_trusted = from->date_trusted == 1;
	profile->charset_unreliable =
		pick(from->charset_decl_unreliable, profile->charset_unreliable);
	/* Who wants receipts from a 200 says with it whose 200 it is. */
	profile->result_is_devices =
		pick(from->message_result_meaning,
		     profile->result_is_devices || from->receipt_from_200 == 1);
}

static void fill_peer(const struct draft_domain *from, struct sip_peer *out)
{
	struct profile *profile = &out->profile;

	out->domain = from->sip;
	out->proxy = from->proxy;
	out->list = from->list;
	out->publish_to = from->publish_to;
	out->user_agent = from->user_agent;
	out->tls_name = from->tls_name;
	*profile = *profile_find(from->profile);
	fill_presence(from, profile);
	profile->folds_case = pick(from->case_rule, profile->folds_case);
	fill_messages(from, profile);
}

static void fill_map(const struct draft_domain *from, const struct profile *profile,
		     struct map_domain *out)
{
	out->xmpp = from->xmpp;
	out->sip = from->sip;
	out->case_rule = profile->folds_case ? CASE_FOLD : CASE_EXACT;
	out->callback = (enum callback_form)from->callback;
	out->separator = from->separator == 1 ? '*' : '%';
	out->allow_sips = from->allow_sips == 1;
	out->phone_context = from->phone_context;
	out->is_asterisk = strcmp(from->profile, "asterisk") == 0;
}

static void fill_rest(const struct draft_domain *from, struct settings_domain *out)
{
	const struct quirks *quirk = quirks_of(from->profile);

	out->can_fetch = pick(from->can_fetch, quirk->can_fetch);
	out->options_503_means_down =
		pick(from->options_503_means_down, quirk->options_503_means_down);
}

/* D-04: what this combination would do only shows when the first message is refused. */
static void warn_entry(struct loader *loader, size_t i, const struct map_domain *domain)
{
	if (domain->is_asterisk && domain->callback == CALLBACK_ESCAPED && domain->separator == '%')
		loader_warn(
			loader, line_of(loader, i, "callback"),
			"domains[%zu]: Asterisk takes no %% in a From, so chat users without an "
			"alias cannot write to it; set separator = \"*\"",
			i);
}

static enum subscribe_as subscribe_as(const struct draft_domain *entry)
{
	return entry->subscribe_as != SETTING_UNSET ? (enum subscribe_as)entry->subscribe_as
						    : profile_find(entry->profile)->subscribe_as;
}

/* PBX-018, PBX-016: what the peer does not take would be refused for ever. */
static void check_presence(struct loader *loader, size_t i, const struct draft_domain *entry)
{
	if (entry->publish == PUBLISH_AS_PRESENCE &&
	    !pick(entry->publish_presence, quirks_of(entry->profile)->publish_presence))
		loader_fault(
			loader, line_of(loader, i, "publish"),
			"domains[%zu].publish: this peer takes no PUBLISH of presence; use "
			"\"devicestate\" (Asterisk), or set publish_presence = true if it does",
			i);
	if (entry->accept_publish == 1 && subscribe_as(entry) == SUBSCRIBE_AS_WATCHER)
		loader_fault(
			loader, line_of(loader, i, "accept_publish"),
			"domains[%zu].accept_publish: what is published is shown to all, in the "
			"bridge's name; set subscribe_as = \"bridge\" if the peer trusts the "
			"bridge so far, or remove accept_publish",
			i);
	if (entry->list != NULL && !pick(entry->accepts_eventlist, true))
		loader_fault(loader, line_of(loader, i, "list"),
			     "domains[%zu].list is set, but accepts_eventlist = false says that "
			     "the peer has no lists; remove one of them",
			     i);
	if (entry->list != NULL && subscribe_as(entry) == SUBSCRIBE_AS_WATCHER)
		loader_fault(
			loader, line_of(loader, i, "list"),
			"domains[%zu].list: one subscription for all is in the bridge's name; "
			"set subscribe_as = \"bridge\" if the peer trusts the bridge so far, or "
			"remove the list",
			i);
}

static bool entry_is_complete(struct loader *loader, size_t i, struct draft_domain *entry)
{
	if (entry->xmpp == NULL)
		entry->xmpp = loader->draft.component; /* D-02 */
	if (entry->profile == NULL)
		entry->profile = "generic";
	if (entry->sip == NULL)
		loader_fault(loader, line_of(loader, i, "sip"),
			     "domains[%zu].sip is not set; name the SIP domain", i);
	return entry->sip != NULL && entry->xmpp != NULL;
}

/* Components ------------------------------------------------------------------------------------
 */

static int secret_line(const struct loader *loader, size_t i, bool is_shared)
{
	if (is_shared)
		return loader_line(loader, loader->draft.secret_file != NULL ? "xmpp.secret_file"
									     : "xmpp.secret");
	return line_of(loader, i, "secret");
}

static void add_component(struct loader *loader, struct settings *out, size_t i, const char *shared)
{
	const struct draft_domain *entry = (struct draft_domain *)loader->draft.domains.items + i;
	struct xmpp_component_params *component = &out->components[out->component_count++];
	char prefix[SETTING_NAME_MAX];
	size_t faults = loader->faults;

	name_of(prefix, i, "");
	component->domain = entry->xmpp;
	component->server = loader->draft.server;
	component->port = (uint16_t)loader->draft.port;
	component->secret =
		settings_secret(loader, prefix, "secret", entry->secret, entry->secret_file);
	if (component->secret == NULL)
		component->secret = shared;
	if (component->secret == NULL && loader->faults == faults &&
	    loader->draft.secret_file == NULL)
		loader_fault(
			loader, loader_line(loader, "xmpp.secret"),
			"xmpp.secret is not set; set secret or secret_file in xmpp to the secret "
			"that the chat server has for %s",
			component->domain);
	else if (component->secret != NULL && strlen(component->secret) < SECRET_SHORT)
		loader_warn(loader, secret_line(loader, i, component->secret == shared),
			    "the secret for %s has less than %d characters; use a longer one",
			    component->domain, (int)SECRET_SHORT); /* SEC-106 */
}

static void check_components(struct loader *loader, struct settings *out)
{
	const struct draft *draft = &loader->draft;
	const char *shared =
		settings_secret(loader, "xmpp.", "secret", draft->secret, draft->secret_file);
	bool is_used = false;

	out->components =
		memory_array(loader->memory, out->domain_count + 1, sizeof(*out->components));
	for (size_t i = 0; i < out->domain_count; i++) {
		add_component(loader, out, i, shared);
		is_used = is_used || (draft->component != NULL &&
				      strcasecmp(out->components[i].domain, draft->component) == 0);
	}
	if (!is_used && draft->component != NULL)
		loader_warn(loader, loader_line(loader, "xmpp.component"),
			    "no entry of domains uses xmpp.component: it gets no stream");
}

/* Who may use the bridge ------------------------------------------------------------------------
 */

static const char *domain_above(const char *component)
{
	const char *dot = strchr(component, '.');

	return dot != NULL && dot[1] != '\0' ? dot + 1 : NULL;
}

static void add_text(const char **items, size_t *count, const char *text)
{
	if (text == NULL || strcmp(text, "*") == 0)
		return;
	for (size_t i = 0; i < *count; i++) {
		if (strcasecmp(items[i], text) == 0)
			return;
	}
	items[(*count)++] = text;
}

/* D-03: by default the users of the domain above the component. */
static void check_xmpp_domains(struct loader *loader, struct settings *out)
{
	const struct texts *named = &loader->draft.xmpp_domains;
	const char **items;

	if (named->is_set) {
		out->map.xmpp_domains = named->items;
		out->map.xmpp_domain_count = named->count;
		if (named->count == 0 && loader->faults == 0)
			loader_fault(
				loader, loader_line(loader, "xmpp.domains"),
				"xmpp.domains is empty, so nobody could use the bridge; name chat "
				"domains, or \"*\" for everybody");
		return;
	}
	items = memory_array(loader->memory, out->component_count + 1, sizeof(*items));
	out->map.xmpp_domains = items;
	for (size_t i = 0; i < out->component_count; i++)
		add_text(items, &out->map.xmpp_domain_count,
			 domain_above(out->components[i].domain));
	if (out->map.xmpp_domain_count == 0 && out->component_count > 0)
		loader_fault(
			loader, loader_line(loader, "xmpp.component"),
			"there is no domain above %s; name the chat domains whose users may use "
			"the bridge in xmpp.domains",
			out->components[0].domain);
}

/* D-36: whom the barrier's ping may ask, best first. */
static void check_ping(struct loader *loader, struct settings *out)
{
	const struct texts *ping = &loader->draft.ping;
	size_t most = ping->count + out->map.xmpp_domain_count + out->component_count;
	const char **items = memory_array(loader->memory, most + 1, sizeof(*items));

	for (size_t i = 0; i < ping->count; i++)
		add_text(items, &out->ping_count, ping->items[i]);
	for (size_t i = 0; i < out->map.xmpp_domain_count; i++)
		add_text(items, &out->ping_count, out->map.xmpp_domains[i]);
	for (size_t i = 0; i < out->component_count; i++)
		add_text(items, &out->ping_count, domain_above(out->components[i].domain));
	out->ping = items;
}

/* Hosts that are not domains (D-05) --------------------------------------------------------------
 */

/* The host of sip:HOST:PORT;..., or of HOST:PORT; NULL for "*". */
static const char *part_host(struct loader *loader, const char *uri)
{
	char host[256];
	size_t len;

	if (strncasecmp(uri, "sips:", 5) == 0)
		uri += 5;
	else if (strncasecmp(uri, "sip:", 4) == 0)
		uri += 4;
	len = uri[0] == '[' ? strcspn(uri, "]") + 1 : strcspn(uri, ":;");
	if (len == 0 || len >= sizeof(host) || uri[0] == '*')
		return NULL;
	memcpy(host, uri, len);
	host[len] = '\0';
	return memory_text(loader->memory, host);
}

static void check_own_hosts(struct loader *loader, struct settings *out)
{
	size_t most = out->listen_count + out->domain_count + 2;
	const char **items = memory_array(loader->memory, most, sizeof(*items));
	size_t *count = &out->map.own_host_count;

	if (out->advertise != NULL)
		add_text(items, count, part_host(loader, out->advertise));
	if (out->proxy != NULL)
		add_text(items, count, part_host(loader, out->proxy));
	for (size_t i = 0; i < out->listen_count; i++)
		add_text(items, count, part_host(loader, out->listen[i]));
	for (size_t i = 0; i < out->domain_count; i++) {
		if (out->peers[i].proxy != NULL)
			add_text(items, count, part_host(loader, out->peers[i].proxy));
	}
	out->map.own_hosts = items;
}

/* The map ---------------------------------------------------------------------------------------
 */

static void fill_chats(struct loader *loader, struct settings *out)
{
	const struct items *from = &loader->draft.chat_domains;
	const struct draft_chat *chat = from->items;
	struct map_chat_domain *chats =
		memory_array(loader->memory, from->count + 1, sizeof(*chats));

	for (size_t i = 0; i < from->count; i++) {
		chats[i].xmpp = chat[i].xmpp;
		chats[i].sip = chat[i].sip;
	}
	out->map.chat_domains = chats;
	out->map.chat_domain_count = from->count;
}

static void fill_users(struct loader *loader, struct settings *out)
{
	const struct items *from = &loader->draft.users;
	const struct draft_user *user = from->items;
	struct map_user *users = memory_array(loader->memory, from->count + 1, sizeof(*users));

	for (size_t i = 0; i < from->count; i++) {
		users[i].jid = user[i].jid;
		users[i].aliases = user[i].alias.items;
		users[i].alias_count = user[i].alias.count;
		users[i].extension = user[i].extension;
	}
	out->map.users = users;
	out->map.user_count = from->count;
}

/* Peers are compared with canonical addresses. */
static void canonize_peer(struct loader *loader, struct address_map *map, struct sip_peer *peer)
{
	struct address domain = {0};
	struct buf uri = BUF_INIT;
	const char *why;

	buf_printf(&uri, "sip:%s", peer->domain);
	if (address_from_uri(map, uri.data, uri.len, &domain, NULL, &why) == 0)
		peer->domain = memory_text(loader->memory, domain.domain);
	address_clear(&domain);
	buf_free(&uri);
}

/* The sentence of address_map_new() begins with the name of the setting. */
static void check_map(struct loader *loader, struct settings *out)
{
	struct address_map *map = NULL;
	char error[512] = "";
	char name[SETTING_NAME_MAX];

	if (address_map_new(&map, &out->map, error, sizeof(error)) != 0) {
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(error, ": "), error);
		loader_fault(loader, loader_line(loader, name), "%s", error);
		return;
	}
	for (size_t i = 0; i < out->domain_count; i++)
		canonize_peer(loader, map, &out->peers[i]);
	settings_check_lists(loader, out, map);
	settings_check_calls(loader, out, map);
	settings_check_logins(loader, out, map);
	settings_check_access(loader, out, map);
	address_map_free(&map);
}

void settings_check_domains(struct loader *loader, struct settings *out)
{
	const struct items *from = &loader->draft.domains;
	struct draft_domain *entry = from->items;
	struct map_domain *domains =
		memory_array(loader->memory, from->count + 1, sizeof(*domains));
	bool is_complete = from->count > 0 && loader->draft.component != NULL;

	if (loader->draft.component == NULL)
		loader_fault(
			loader, loader_line(loader, "xmpp.component"),
			"xmpp.component is not set; name the domain that the chat server gives to "
			"the bridge");
	if (from->count == 0)
		loader_fault(loader, loader_line(loader, "domains"),
			     "domains is not set; add ( { sip = \"pbx.example\"; profile = "
			     "\"asterisk\"; } )");
	out->peers = memory_array(loader->memory, from->count + 1, sizeof(*out->peers));
	out->domains = memory_array(loader->memory, from->count + 1, sizeof(*out->domains));
	out->map.domains = domains;
	for (size_t i = 0; i < from->count; i++)
		is_complete = entry_is_complete(loader, i, &entry[i]) && is_complete;
	if (!is_complete)
		return;
	for (size_t i = 0; i < from->count; i++) {
		fill_peer(&entry[i], &out->peers[i]);
		fill_map(&entry[i], &out->peers[i].profile, &domains[i]);
		fill_rest(&entry[i], &out->domains[i]);
		warn_entry(loader, i, &domains[i]);
		check_presence(loader, i, &entry[i]);
		settings_warn_presence(loader, i, &entry[i], &out->peers[i]);
		settings_warn_messages(loader, i, &entry[i]);
	}
	out->domain_count = from->count;
	out->map.domain_count = from->count;
	check_components(loader, out);
	check_xmpp_domains(loader, out);
	check_ping(loader, out);
	check_own_hosts(loader, out);
	settings_check_credentials(loader, out);
	fill_chats(loader, out);
	fill_users(loader, out);
	if (loader->faults == 0)
		check_map(loader, out);
}
