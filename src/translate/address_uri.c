/* sip:, sips:, im:, pres: and tel: URIs to addresses and back (RFC 3261 section 19.1, RFC 3966). */
#include "translate/address_private.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/table.h"

/* A URI cut into pieces that are borrowed from it. */
struct uri_parts {
	bool is_tel;
	bool is_sips;
	bool is_phone;
	const char *user; /* NULL: none (ADDR-019) */
	size_t user_len;
	const char *host;
	size_t host_len;
};

/* What one reading of a URI works with. */
struct reading {
	struct address_map *map;
	bool is_sender;               /* it names who wrote, not who is written to */
	const struct map_entry *peer; /* the domain of who wrote it, or NULL */
	struct uri_parts uri;
	const char **why;
};

/* Syntax --------------------------------------------------------------------------------------- */

static bool is_word(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

/* Returns the length of the scheme with its colon, 0 if it is none of ours. */
static size_t cut_scheme(const char *uri, size_t len, struct uri_parts *out)
{
	const char *colon = memchr(uri, ':', len);
	size_t name_len = colon == NULL ? 0 : (size_t)(colon - uri);

	out->is_sips = is_word(uri, name_len, "sips");
	out->is_tel = is_word(uri, name_len, "tel");
	if (out->is_sips || out->is_tel || is_word(uri, name_len, "sip") ||
	    is_word(uri, name_len, "im") || is_word(uri, name_len, "pres")) /* D-11 */
		return name_len + 1;
	return 0;
}

static bool cut_host(const char **text, const char *end, struct uri_parts *out)
{
	const char *p = *text;

	out->host = p;
	if (p < end && *p == '[') {
		p = memchr(p, ']', (size_t)(end - p));
		if (p == NULL)
			return false;
		p++;
	}
	while (p < end && *p != ':' && *p != ';' && *p != '?')
		p++;
	out->host_len = (size_t)(p - out->host);
	*text = p;
	return out->host_len > 0;
}

static bool skip_port(const char **text, const char *end)
{
	const char *p = *text;
	unsigned port = 0;

	if (p == end || *p != ':')
		return true;
	for (p++; p < end && *p >= '0' && *p <= '9' && port <= 65535; p++)
		port = port * 10 + (unsigned)(*p - '0');
	*text = p;
	return port > 0 && port <= 65535;
}

/* URI parameters and headers: of all of them only user=phone counts (D-09). */
static bool read_parameters(const char *p, const char *end, struct uri_parts *out)
{
	const char *headers = p == end ? NULL : memchr(p, '?', (size_t)(end - p));

	for (const char *c = p; c < end; c++) {
		if (*c <= ' ' || *c == 0x7f || strchr("<>\"@", *c) != NULL)
			return false;
	}
	if (headers != NULL)
		end = headers;
	while (p < end) {
		const char *next;

		if (*p++ != ';')
			return false;
		next = memchr(p, ';', (size_t)(end - p));
		if (next == NULL)
			next = end;
		if (is_word(p, (size_t)(next - p), "user=phone"))
			out->is_phone = true;
		p = next;
	}
	return true;
}

static bool cut_user(const char *text, size_t len, struct uri_parts *out)
{
	const char *password = memchr(text, ':', len);

	out->user = text;
	out->user_len = password == NULL ? len : (size_t)(password - text); /* SEC-016 */
	return out->user_len > 0;
}

/* ADDR-004: a user part may hold ; ? / & = + $ and the comma. */
static bool cut_uri(const char *text, const char *end, struct uri_parts *out)
{
	const char *at = memchr(text, '@', (size_t)(end - text));

	if (out->is_tel) {
		out->user = text;
		out->user_len = (size_t)(end - text);
		out->is_phone = true;
		return out->user_len > 0;
	}
	if (at != NULL) {
		if (!cut_user(text, (size_t)(at - text), out))
			return false;
		text = at + 1;
	}
	return cut_host(&text, end, out) && skip_port(&text, end) &&
	       read_parameters(text, end, out);
}

/* Telephone numbers (D-09) --------------------------------------------------------------------- */

static bool is_separator(char c)
{
	return c == '-' || c == '.' || c == '(' || c == ')';
}

static bool is_number(const char *text, size_t len)
{
	size_t digits = 0;

	for (size_t i = 0; i < len; i++) {
		bool is_digit =
			(text[i] >= '0' && text[i] <= '9') || text[i] == '*' || text[i] == '#';

		if (!is_digit && !is_separator(text[i]) && !(i == 0 && text[i] == '+'))
			return false;
		digits += is_digit ? 1 : 0;
	}
	return digits > 0;
}

static void cut_out(struct local *local, size_t from, size_t to)
{
	memmove(local->text + from, local->text + to, local->len - to + 1);
	local->len -= to - from;
}

/* Takes ;phone-context= out if it is the one of the domain. Returns false if it is another. */
static bool drop_context(struct local *local, const char *context, bool *had)
{
	static const char name[] = ";phone-context=";
	const char *at = strcasestr(local->text, name);
	size_t start;
	size_t end;

	*had = at != NULL;
	if (at == NULL)
		return true;
	start = (size_t)(at - local->text);
	end = start + strlen(name);
	end += strcspn(local->text + end, ";");
	if (context == NULL || end - start - strlen(name) != strlen(context) ||
	    strncasecmp(at + strlen(name), context, strlen(context)) != 0)
		return false;
	cut_out(local, start, end);
	return true;
}

/* Visual separators go; no digit is added or removed. Returns NULL or why it is refused. */
static const char *phone_refusal(struct local *local, const struct map_entry *entry, bool is_tel)
{
	size_t end = strcspn(local->text, ";");
	bool had_context;

	if (strlen(local->text) != local->len || !is_number(local->text, end))
		return is_tel ? "the tel: URI has no number" : NULL;
	for (size_t i = end; i > 0; i--) {
		if (is_separator(local->text[i - 1]))
			cut_out(local, i - 1, i);
	}
	if (!drop_context(local, entry->phone_context, &had_context))
		return "the number is local to a context that is not the domain's phone_context";
	if (is_tel && local->text[0] != '+' && entry->phone_context == NULL)
		return "the number is local and the domain has no phone_context";
	return NULL;
}

/* Meaning -------------------------------------------------------------------------------------- */

static int refuse(const struct reading *reading, int error, const char *why)
{
	*reading->why = why;
	return error;
}

/* A chat user from the user part as SIP writes it; letter case means nothing in a JID. */
static int set_chat_user(const struct reading *reading, struct local *plain, const char *domain,
			 struct address *out)
{
	struct local jid;
	const char *refusal;

	local_fold(plain);
	refusal = local_to_jid(plain, &jid);
	if (refusal != NULL)
		return refuse(reading, ENOENT, refusal);
	address_set(out, SIDE_XMPP, jid.text, domain);
	return 0;
}

static int read_chat_user(const struct reading *reading, const char *domain, struct address *out)
{
	struct local plain;
	int error;

	if (reading->uri.user == NULL) {
		address_set(out, SIDE_XMPP, "", domain);
		return 0;
	}
	error = local_decode(reading->uri.user, reading->uri.user_len, &plain, reading->why);
	return error != 0 ? error : set_chat_user(reading, &plain, domain, out);
}

static int set_sip_user(const struct reading *reading, const struct map_entry *entry,
			const struct local *plain, struct address *out)
{
	const struct map_alias *alias;
	struct local folded;
	struct local jid;
	const char *refusal;

	memcpy(folded.text, plain->text, plain->len + 1);
	folded.len = plain->len;
	if (entry->case_rule == CASE_FOLD)
		local_fold(&folded);
	refusal = local_to_jid(&folded, &jid);
	if (refusal != NULL)
		return refuse(reading, ENOENT, refusal);
	alias = map_find_alias(reading->map, entry->sip, folded.text);
	if (alias != NULL) {
		address_copy(out, &alias->user);
		return 0;
	}
	address_set(out, SIDE_SIP, folded.text, entry->sip);
	if (entry->case_rule == CASE_FOLD)
		map_learn(reading->map, out, plain->text);
	return 0;
}

/* The escaped form of a chat user (D-04). */
static bool read_escaped(const struct reading *reading, const struct map_entry *entry,
			 const struct local *plain, struct address *out, int *error)
{
	char chat[DOMAIN_BYTES_MAX + 1];
	struct local user;
	size_t len;

	if (!map_find_escaped(reading->map, entry, plain, &len, chat))
		return false;
	memcpy(user.text, plain->text, len);
	user.text[len] = '\0';
	user.len = len;
	*error = set_chat_user(reading, &user, chat, out);
	return true;
}

/* A user part in the SIP domain of entry. */
static int read_sip_user(const struct reading *reading, const struct map_entry *entry,
			 struct address *out)
{
	const struct uri_parts *uri = &reading->uri;
	struct local plain;
	int error;

	if (uri->user == NULL) {
		address_set(out, SIDE_SIP, "", entry->sip);
		return 0;
	}
	error = local_decode(uri->user, uri->user_len, &plain, reading->why);
	if (error != 0)
		return error;
	if (uri->is_phone) {
		const char *refusal = phone_refusal(&plain, entry, uri->is_tel);

		if (refusal != NULL)
			return refuse(reading, ENOENT, refusal);
	}
	if (read_escaped(reading, entry, &plain, out, &error))
		return error;
	return set_sip_user(reading, entry, &plain, out);
}

/* A Request-URI with a host of ours instead of a domain (D-05): an alias in any domain, an escaped
 * form, or a user of the only chat domain. */
static int read_own_host(const struct reading *reading, struct address *out)
{
	const struct address_map *map = reading->map;
	const struct map_alias *found = NULL;
	struct local plain;
	int error;

	if (reading->is_sender)
		return refuse(reading, ENOENT,
			      "the host is an address and the peer has no single domain");
	if (reading->uri.user == NULL)
		return refuse(reading, ENOENT, "the host is our own and there is no user");
	error = local_decode(reading->uri.user, reading->uri.user_len, &plain, reading->why);
	if (error != 0)
		return error;
	for (size_t i = 0; i < map->entry_count; i++) {
		const struct map_entry *entry = &map->entries[i];
		const struct map_alias *alias = map_find_alias(map, entry->sip, plain.text);

		if (read_escaped(reading, entry, &plain, out, &error))
			return error;
		if (alias != NULL && found != NULL && !address_equal(&alias->user, &found->user))
			return refuse(reading, ENOENT, "two chat users have this alias");
		found = alias != NULL ? alias : found;
	}
	if (found != NULL) {
		address_copy(out, &found->user);
		return 0;
	}
	if (map->only_chat == NULL)
		return refuse(reading, ENOENT, "the host is our own and no alias fits");
	return set_chat_user(reading, &plain, map->only_chat->xmpp, out);
}

static int read_other_host(const struct reading *reading, const char *host, enum domain_kind kind,
			   struct address *out)
{
	const struct address_map *map = reading->map;
	size_t len = strlen(host);
	const struct map_chat *chat = table_find(map->chat_by_sip, host, len);

	if (chat != NULL && !chat->may_use && !map->everybody)
		return refuse(reading, ENOENT, "the chat domain is not in xmpp.domains");
	if (chat != NULL)
		return read_chat_user(reading, chat->xmpp, out);
	if (table_find(map->entry_by_xmpp, host, len) != NULL)
		return refuse(reading, ENOENT, "the host is a component domain, not a SIP domain");
	if (table_find(map->own_hosts, host, len) != NULL)
		return read_own_host(reading, out);
	if (!map->everybody || kind == DOMAIN_LITERAL)
		return refuse(reading, ENOENT, "the domain is not served");
	if (table_find(map->chat_by_xmpp, host, len) != NULL)
		return refuse(reading, ENOENT, "the chat domain has another name on SIP");
	return read_chat_user(reading, host, out);
}

/* D-11: the domain's word counts, else the writer's, else that of all. */
static bool may_sips(const struct reading *reading, const struct map_entry *entry)
{
	if (entry == NULL)
		entry = reading->peer;
	if (entry != NULL)
		return entry->allow_sips;
	for (size_t i = 0; i < reading->map->entry_count; i++) {
		if (!reading->map->entries[i].allow_sips)
			return false;
	}
	return reading->map->entry_count > 0;
}

static int read_tel(const struct reading *reading, struct address *out)
{
	const struct address_map *map = reading->map;
	const struct map_entry *entry = reading->peer;

	if (entry == NULL && map->entry_count == 1)
		entry = &map->entries[0];
	if (entry == NULL)
		return refuse(reading, ENOENT, "a tel: URI and more than one SIP domain");
	return read_sip_user(reading, entry, out);
}

/* A host that stands for the domain of the peer who wrote it (D-05). */
static const struct map_entry *writers_domain(const struct reading *reading, const char *host,
					      enum domain_kind kind)
{
	const struct address_map *map = reading->map;

	if (reading->peer == NULL || table_find(map->chat_by_sip, host, strlen(host)) != NULL)
		return NULL;
	if (kind == DOMAIN_LITERAL || table_find(map->own_hosts, host, strlen(host)) != NULL)
		return reading->peer;
	return NULL;
}

static int read_parts(const struct reading *reading, struct address *out)
{
	const struct uri_parts *uri = &reading->uri;
	const struct map_entry *entry;
	char host[DOMAIN_BYTES_MAX + 1];
	enum domain_kind kind;

	if (uri->is_tel)
		return read_tel(reading, out);
	if (!domain_prepare(uri->host, uri->host_len, host, &kind))
		return refuse(reading, EINVAL, "the host of the URI is malformed");
	entry = map_entry_by_sip(reading->map, host);
	if (entry == NULL)
		entry = writers_domain(reading, host, kind);
	if (uri->is_sips && !may_sips(reading, entry))
		return refuse(reading, EPERM, "sips is not allowed for the domain (allow_sips)");
	if (entry != NULL)
		return read_sip_user(reading, entry, out);
	return read_other_host(reading, host, kind, out);
}

static int read_uri(struct reading *reading, const char *uri, size_t len, struct address *out,
		    struct uri_facts *facts)
{
	size_t scheme = cut_scheme(uri, len, &reading->uri);

	*reading->why = NULL;
	if (facts != NULL)
		*facts = (struct uri_facts){0};
	if (scheme == 0)
		return refuse(reading, EPROTONOSUPPORT, "the scheme of the URI is unknown");
	if (!cut_uri(uri + scheme, uri + len, &reading->uri))
		return refuse(reading, EINVAL, "the URI is malformed");
	if (facts != NULL) {
		facts->is_sips = reading->uri.is_sips;
		facts->is_user_phone = reading->uri.is_phone;
	}
	return read_parts(reading, out);
}

int address_from_peer_uri(struct address_map *map, const char *uri, size_t len, const char *peer,
			  struct address *out, struct uri_facts *facts, const char **why)
{
	struct reading reading = {.map = map, .is_sender = true, .why = why};

	reading.peer = map_entry_by_sip(map, peer);
	return read_uri(&reading, uri, len, out, facts);
}

int address_from_uri(struct address_map *map, const char *uri, size_t len, struct address *out,
		     struct uri_facts *facts, const char **why)
{
	struct reading reading = {.map = map, .why = why};

	return read_uri(&reading, uri, len, out, facts);
}
