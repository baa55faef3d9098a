/* Which phones are linked, and what is subscribed to of each; see extensions.h. */
#include "sip/extensions.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "model/presence_words.h"
#include "sip/extensions_private.h"
#include "sip/peer_watch.h"
#include "sip/side_core.h"
#include "translate/address_map.h"
#include "translate/header_params.h"
#include "translate/text_span.h"

enum {
	UNKNOWN_PACKAGE_MS = 3600 * 1000, /* D-21: a server is asked for it again then */
	SETTLE_COUNT = 4,                 /* times T1: until a missed call is told */
	T1_MS = 500
};

/* In the order of enum line_name. */
static const struct interest_kind *const kinds[LINE_COUNT] = {
	&interest_kinds[INTEREST_OF_VOICEMAIL],
	&interest_kinds[INTEREST_OF_CALLS],
};

static struct loop *loop_of(const struct extension *extension)
{
	return extension->all->core->params->loop;
}

static enum line_name name_of(const struct interest *interest)
{
	return interest->kind == kinds[LINE_CALLS] ? LINE_CALLS : LINE_VOICEMAIL;
}

static uint64_t *unknown_until(const struct extension *extension, enum line_name name)
{
	const struct sip_side_params *params = extension->all->core->params;
	struct package_row *row = &extension->all->packages[extension->peer - params->peers];

	return &row->unknown_until_ms[name];
}

/* What the interests tell ---------------------------------------------------------------------- */

static bool is_of_type(const struct interest_document *document, const char *wanted)
{
	struct text_span type;

	if (document->type == NULL)
		return true;
	type = header_first_token(document->type);
	return text_is_like(type.text, type.len, wanted);
}

static enum interest_use on_document(struct interest *interest,
				     const struct interest_document *document)
{
	struct extension *extension = interest->owner;

	if (document->len == 0 || !is_of_type(document, interest->kind->accept))
		return INTEREST_USED;
	if (name_of(interest) == LINE_CALLS)
		return extension_calls(extension, interest, document);
	extension_voicemail(extension, document);
	return INTEREST_USED;
}

/* D-21: one line of the log, and one question an hour, for all users of that server. */
static void note_unknown(const struct extension *extension, enum line_name name)
{
	uint64_t *until = unknown_until(extension, name);

	if (*until == 0)
		log_warning("calls: this server does not know Event %s, nothing is told of it "
			    "domain=%s (asked again slowly)",
			    kinds[name]->event, log_safe(extension->peer->domain));
	*until = loop_now(loop_of(extension)) + UNKNOWN_PACKAGE_MS;
}

static void note_failure(const struct interest *interest, const struct fault *fault)
{
	struct extension *extension = interest->owner;
	enum line_name name = name_of(interest);

	if (fault != NULL && fault->sip_status == 489) {
		note_unknown(extension, name);
		return;
	}
	if (peer_watch_is_down(interest->hop)) /* which has a line of its own, and concerns all */
		return;
	if (!extension->has_logged[name])
		log_warning("calls: nothing is heard event=%s extension=%s status=%d (asked again "
			    "slowly)",
			    kinds[name]->event, log_safe(extension->uri),
			    fault != NULL ? fault->sip_status : 0);
	extension->has_logged[name] = true;
}

static void on_answered(struct interest *interest, enum watch_answer answer,
			const struct fault *fault)
{
	struct extension *extension = interest->owner;
	enum line_name name = name_of(interest);

	switch (answer) {
	case WATCH_ALLOWED:
		*unknown_until(extension, name) = 0;
		extension->has_logged[name] = false;
		break;
	case WATCH_PENDING:
		break;
	default:
		note_failure(interest, fault);
		if (name == LINE_CALLS)
			extension_forget_ringing(extension);
		break;
	}
}

/* D-17: the bridge's own, or his who asks. */
static void on_describe(const struct interest *interest, struct interest_subject *out)
{
	const struct extension *extension = interest->owner;

	out->watched = &extension->address;
	if (extension->peer->profile.subscribe_as != SUBSCRIBE_AS_BRIDGE)
		out->watcher = &extension->users[0];
}

static void on_ended(struct interest *interest, enum interest_loss loss)
{
	(void)interest; /* what it told went with its data */
	(void)loss;
}

static void on_taken(struct interest *interest)
{
	struct extension *extension = interest->owner;

	extension->lines[name_of(interest)] = NULL;
}

/* D-17. */
static int write_from(const struct extension *extension, struct buf *out)
{
	struct address_map *map = extension->all->core->params->map;
	const struct address *user = &extension->users[0];
	struct address bridge = {0};
	int error;

	if (extension->peer->profile.subscribe_as != SUBSCRIBE_AS_BRIDGE)
		return address_to_uri(map, user, extension->address.domain, out);
	address_set(&bridge, SIDE_XMPP, "sipxmppd", user->domain);
	error = address_to_uri(map, &bridge, extension->address.domain, out);
	address_clear(&bridge);
	return error;
}

static int on_write(const struct interest *interest, struct buf *from, struct buf *to)
{
	const struct extension *extension = interest->owner;
	enum line_name name = name_of(interest);
	uint64_t until = *unknown_until(extension, name);
	uint64_t now = loop_now(loop_of(extension));

	if (until > now) {
		interest_schedule(extension->lines[name],
				  until - now + random_below(UNKNOWN_PACKAGE_MS / 10));
		return EAGAIN;
	}
	buf_puts(to, extension->uri);
	return write_from(extension, from);
}

/* Life ----------------------------------------------------------------------------------------- */

static void subscribe(struct extension *extension, enum line_name name)
{
	static const struct interest_events events = {.write = on_write,
						      .describe = on_describe,
						      .answered = on_answered,
						      .document = on_document,
						      .ended = on_ended,
						      .data_free = extension_free_calls,
						      .taken = on_taken};

	extension->lines[name] = interest_new(extension->all->core->interests, extension->peer,
					      kinds[name], &events, extension);
	interest_schedule(extension->lines[name], 0);
}

static void free_extension(struct extension *extension)
{
	loop_timer_cancel(&extension->timer);
	call_book_clear(&extension->book);
	for (size_t i = 0; i < extension->user_count; i++)
		address_clear(&extension->users[i]);
	mem_free(extension->users);
	address_clear(&extension->address);
	mem_free(extension->uri);
	mem_free(extension);
}

static struct extension *find(const struct extensions *extensions, const struct address *address)
{
	for (size_t i = 0; i < extensions->count; i++) {
		if (address_equal(&extensions->items[i]->address, address))
			return extensions->items[i];
	}
	return NULL;
}

static struct extension *add(struct extensions *extensions, const struct address *address)
{
	const struct sip_side_params *params = extensions->core->params;
	uint64_t t1 = (uint64_t)(params->timer_t1_ms > 0 ? params->timer_t1_ms : T1_MS);
	struct extension *extension = mem_zalloc(sizeof *extension);
	struct buf uri = BUF_INIT;

	extension->all = extensions;
	extension->peer = side_core_peer(extensions->core, address->domain);
	if (extension->peer == NULL || address_to_uri(params->map, address, NULL, &uri) != 0) {
		buf_free(&uri);
		mem_free(extension);
		return NULL;
	}
	address_copy(&extension->address, address);
	extension->uri = buf_take(&uri);
	extension->book.settle_ms = SETTLE_COUNT * t1;
	extensions->items =
		mem_resize(extensions->items, extensions->count + 1, sizeof(*extensions->items));
	extensions->items[extensions->count++] = extension;
	return extension;
}

static void link_user(struct extensions *extensions, const struct address *user,
		      const struct address *address)
{
	struct extension *extension = find(extensions, address);
	struct address *place;

	if (extension == NULL)
		extension = add(extensions, address);
	if (extension == NULL)
		return;
	extension->users =
		mem_resize(extension->users, extension->user_count + 1, sizeof(*extension->users));
	place = &extension->users[extension->user_count++];
	*place = (struct address){0};
	address_copy(place, user);
}

/* D-06: of those who may use the bridge. */
static void read_user(struct extensions *extensions, const struct map_user *row)
{
	struct address_map *map = extensions->core->params->map;
	struct address user = {0}, phone = {0};
	const char *why;

	if (row->extension == NULL)
		return;
	if (address_from_jid(map, row->jid, &user, NULL, &why) == 0 && user.side == SIDE_XMPP &&
	    address_may_use(map, &user) &&
	    address_from_uri(map, row->extension, strlen(row->extension), &phone, NULL, &why) ==
		    0 &&
	    phone.side == SIDE_SIP)
		link_user(extensions, &user, &phone);
	else
		log_warning("calls: nothing is told user=%s extension=%s (he may not use the "
			    "bridge: see xmpp.domains)",
			    log_safe(row->jid), log_safe(row->extension));
	address_clear(&user);
	address_clear(&phone);
}

struct extensions *extensions_new(struct side_core *core)
{
	const struct sip_side_params *params = core->params;
	struct extensions *extensions = mem_zalloc(sizeof *extensions);
	int language = presence_words_language(params->language != NULL ? params->language : "en");

	extensions->core = core;
	extensions->language = language < 0 ? 0 : language;
	extensions->packages = mem_zalloc((params->peer_count + 1) * sizeof(*extensions->packages));
	if (!params->tells_voicemail && !params->tells_missed_calls)
		return extensions;
	for (size_t i = 0; i < params->user_count; i++)
		read_user(extensions, &params->users[i]);
	for (size_t i = 0; i < extensions->count; i++) {
		if (params->tells_voicemail)
			subscribe(extensions->items[i], LINE_VOICEMAIL);
		if (params->tells_missed_calls)
			subscribe(extensions->items[i], LINE_CALLS);
	}
	return extensions;
}

void extensions_free(struct extensions **extensions)
{
	struct extensions *self = *extensions;

	*extensions = NULL;
	if (self == NULL)
		return;
	for (size_t i = 0; i < self->count; i++)
		free_extension(self->items[i]);
	mem_free(self->items);
	mem_free(self->packages);
	mem_free(self);
}

size_t extensions_count(const struct extensions *extensions)
{
	return extensions->count;
}
