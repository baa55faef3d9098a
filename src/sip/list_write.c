/* The documents of a list (RFC 4662 section 5): rlmi and a part for each member that is active. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/random.h"
#include "core/bridge.h"
#include "sip/list_private.h"
#include "sip/side_core.h"
#include "translate/deflate.h"
#include "translate/multipart.h"
#include "translate/rlmi.h"

enum { BOUNDARY_RANDOM_BYTES = 12, CID_MAX = 64, ENTRY_BYTES = 300 };

/* One NOTIFY in the making. */
struct draft {
	struct list_watch *list;
	struct rlmi rlmi;
	struct rlmi_instance *instances; /* one a resource */
	struct buf parts;
	size_t bytes; /* about what it has so far */
	char boundary[2 * BOUNDARY_RANDOM_BYTES + 1];
};

void list_member_document(const struct list_member *member, const struct presence *presence,
			  struct event_document *out)
{
	const struct subscription *s = member->list->subscription;

	*out = (struct event_document){
		.presence = presence,
		.entity = member->uri,
		.key = s->notifier->core->params->key,
		.profile = s->peer != NULL ? &s->peer->profile : NULL,
		.version = member->version,
	};
}

static const struct presence *presence_of(const struct list_member *member)
{
	const struct list_watch *list = member->list;
	struct notifier *notifier = list->subscription->notifier;
	struct watching pair = {.watcher = *notifier_watcher_of(notifier, &list->watcher, &list->by,
								&member->watched),
				.watched = member->watched};

	if (member->looker.watching != NULL)
		return notify_presence(notifier, member->looker.watching);
	return notify_presence(notifier, &pair); /* a fetch */
}

/* EVT-067: without brackets. COMPAT(linphone 5.1): it looks for the very text of Content-ID. */
static char *cid_of(const struct list_watch *list, const char *id)
{
	struct buf cid = BUF_INIT;

	buf_printf(&cid, list->subscription->is_linphone ? "<%s>" : "%s", id);
	return buf_take(&cid);
}

/* EVT-068, EVT-067: a part, and the cid that means it. */
static void add_part(struct draft *draft, struct list_member *member,
		     const struct presence *presence, struct rlmi_instance *instance)
{
	static const struct presence nothing;
	const struct event_package *package = draft->list->subscription->package;
	struct notify_bodies *bodies = &draft->list->subscription->notifier->bodies;
	const struct notify_body *body;
	struct event_document document;
	char cid[CID_MAX];

	(void)snprintf(cid, sizeof cid, "%u.%zu.%s", draft->list->version, draft->rlmi.count,
		       draft->boundary);
	list_member_document(member, presence != NULL ? presence : &nothing, &document);
	notify_bodies_forget(bodies);
	body = notify_bodies_get(bodies, package, &document);
	multipart_add(&draft->parts, draft->boundary, cid, package->type, body->text.data,
		      body->text.len);
	instance->cid = cid_of(draft->list, cid);
	member->told = body->digest;
	member->was_open = presence != NULL && presence_is_open(presence);
	member->version++;
}

static char *instance_id(const struct list_member *member)
{
	char hex[HASH_HEX_CHARS + 1];

	hash_hex(member->list->subscription->notifier->core->params->key, member->uri,
		 strlen(member->uri), hex);
	hex[HASH_HEX_CHARS / 2] = '\0';
	return mem_strdup(hex);
}

/* Returns false if there is nothing to say of him but his name (EVT-069). */
static bool fill_instance(struct draft *draft, struct list_member *member,
			  struct rlmi_instance *instance)
{
	const struct event_package *package = draft->list->subscription->package;
	const struct presence *presence;

	switch (member->state) {
	case MEMBER_PENDING: /* SEC-030, D-30 */
		instance->state = RLMI_PENDING;
		return true;
	case MEMBER_ACTIVE:
		presence = presence_of(member);
		if (presence == NULL &&
		    (!package->says_unknown ||
		     (member->looker.watching != NULL && member->looker.watching->is_waiting)))
			return false;
		instance->state = RLMI_ACTIVE;
		add_part(draft, member, presence, instance);
		return true;
	default:
		if (member->reason == NULL)
			return false;
		instance->state = RLMI_TERMINATED;
		instance->reason = mem_strdup(member->reason);
		return true;
	}
}

static void add_member(struct draft *draft, struct list_member *member)
{
	struct rlmi_resource *resource = &draft->rlmi.resources[draft->rlmi.count];
	struct rlmi_instance *instance = &draft->instances[draft->rlmi.count];

	member->is_new = false;
	resource->uri = member->uri;
	resource->name = member->name;
	if (fill_instance(draft, member, instance)) {
		instance->id = instance_id(member);
		resource->instances = instance;
		resource->count = 1;
	}
	draft->rlmi.count++;
	draft->bytes = draft->parts.len + draft->rlmi.count * ENTRY_BYTES;
}

static void fill(struct draft *draft)
{
	struct list_watch *list = draft->list;

	list->is_split = false;
	for (size_t i = 0; i < list->count; i++) {
		if (!list->members[i]->is_new)
			continue;
		if (draft->bytes > LIST_BODY_MAX * 3 / 4) { /* PBX-053 */
			list->is_split = true;
			return;
		}
		add_member(draft, list->members[i]);
	}
}

static void write_whole(const struct draft *draft, struct buf *lines, struct buf *body)
{
	struct buf root = BUF_INIT, whole = BUF_INIT;
	char cid[CID_MAX];

	(void)snprintf(cid, sizeof cid, "%u.list.%s", draft->rlmi.version, draft->boundary);
	rlmi_format(&draft->rlmi, &root);
	multipart_add(&whole, draft->boundary, cid, RLMI_TYPE, root.data, root.len);
	buf_append(&whole, buf_text(&draft->parts), draft->parts.len);
	multipart_end(&whole, draft->boundary);
	buf_puts(lines, "Content-Type: ");
	multipart_write_type(lines, draft->boundary, RLMI_TYPE, cid);
	buf_puts(lines, "\r\n");
	if (draft->list->subscription->takes_deflate) {
		buf_puts(lines, "Content-Encoding: deflate\r\n");
		deflate_write(whole.data, whole.len, body);
	} else {
		buf_append(body, whole.data, whole.len);
	}
	buf_free(&root);
	buf_free(&whole);
}

void list_watch_write(struct list_watch *list, struct buf *lines, struct buf *body)
{
	struct draft draft = {
		.list = list,
		.rlmi = {.uri = list->uri, .version = list->version, .is_full = list->wants_all},
		.instances = mem_zalloc((list->count + 1) * sizeof *draft.instances),
	};

	draft.rlmi.resources = mem_zalloc((list->count + 1) * sizeof *draft.rlmi.resources);
	random_hex(draft.boundary, BOUNDARY_RANDOM_BYTES);
	fill(&draft);
	write_whole(&draft, lines, body);
	list->version++;
	list->wants_all = false;
	list->is_urgent = false;
	for (size_t i = 0; i < draft.rlmi.count; i++) {
		mem_free(draft.instances[i].id);
		mem_free(draft.instances[i].cid);
		mem_free(draft.instances[i].reason);
	}
	mem_free(draft.instances);
	mem_free(draft.rlmi.resources);
	buf_free(&draft.parts);
}
