/* What the NOTIFYs of a list say (RFC 4662 section 5.6): rows by the URI of the resource, never by
 * the id of an instance, which some servers make anew each time (EVT-070). */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/table.h"
#include "model/limits.h"
#include "model/presence.h"
#include "model/presence_merge.h"
#include "sip/directory_private.h"
#include "sip/part_data.h"
#include "sip/side_core.h"
#include "translate/address_map.h"
#include "translate/deflate.h"
#include "translate/list_body.h"

/* What the documents of one resource say together. */
struct told {
	struct presence presence;
	struct phone phone;
	bool has_presence;
	bool has_phone;
	bool needs_repair;
};

static struct side_core *core_of(const struct feed *feed)
{
	return feed->roll->directory->core;
}

/* Rows ----------------------------------------------------------------------------------------- */

static void forget_documents(struct row *row)
{
	if (row->presence != NULL)
		presence_clear(row->presence);
	mem_free(row->presence);
	row->presence = NULL;
	phone_clear(&row->phone);
	if (row->data != NULL)
		part_data_free(row->data);
	row->data = NULL;
}

static struct member *get_member(struct roll *roll, struct address *address)
{
	struct buf key = BUF_INIT;
	struct member *member;

	address_key(address, &key);
	member = table_find(roll->members, key.data, key.len);
	if (member == NULL) {
		member = mem_zalloc(sizeof(*member));
		address_copy(&member->address, address);
		list_init(&member->rows);
		table_put(roll->members, key.data, key.len, member);
	}
	buf_free(&key);
	return member;
}

/* Tells his readers before he is gone, which they learn later, from the loop. */
static void leave_member(struct roll *roll, struct member *member)
{
	struct buf key = BUF_INIT;

	roll_changed(roll, &member->address);
	if (!list_is_empty(&member->rows))
		return;
	address_key(&member->address, &key);
	table_remove(roll->members, key.data, key.len);
	buf_free(&key);
	address_clear(&member->address);
	mem_free(member);
}

static void free_row(struct row *row)
{
	struct feed_list *list = row->list;

	table_remove(list->by_uri, row->uri, strlen(row->uri));
	list_remove(&row->link);
	list_remove(&row->of_member);
	list->feed->row_count--;
	forget_documents(row);
	leave_member(list->feed->roll, row->member);
	mem_free(row->uri);
	mem_free(row);
}

/* The user that a resource is, as its server writes him (D-05); false if he is none of its users.
 */
static bool read_user(const struct feed *feed, const char *uri, struct address *out)
{
	const char *domain = feed->roll->peer->domain;
	const char *why;

	if (address_from_peer_uri(core_of(feed)->params->map, uri, strlen(uri), domain, out, NULL,
				  &why) != 0)
		return false;
	if (out->side == SIDE_SIP && out->local[0] != '\0' && strcmp(out->domain, domain) == 0)
		return true;
	address_clear(out);
	return false;
}

static struct row *get_row(struct feed_list *list, const char *uri)
{
	struct row *row = table_find(list->by_uri, uri, strlen(uri));
	struct address address = {0};

	if (row != NULL || list->feed->row_count >= DIRECTORY_ROWS_MAX ||
	    !read_user(list->feed, uri, &address))
		return row;
	row = mem_zalloc(sizeof(*row));
	row->list = list;
	row->uri = mem_strdup(uri);
	row->member = get_member(list->feed->roll, &address);
	address_clear(&address);
	list_append(&list->rows, &row->link);
	list_append(&row->member->rows, &row->of_member);
	table_put(list->by_uri, uri, strlen(uri), row);
	list->feed->row_count++;
	return row;
}

/* Lists ---------------------------------------------------------------------------------------- */

static struct feed_list *get_list(struct feed *feed, const char *uri)
{
	struct feed_list *list;

	LIST_EACH(link, next, &feed->lists)
	{
		list = LIST_ENTRY(link, struct feed_list, link);
		if (strcmp(list->uri, uri) == 0)
			return list;
	}
	if (feed->list_count >= DIRECTORY_LISTS_MAX)
		return NULL;
	list = mem_zalloc(sizeof(*list));
	list->feed = feed;
	list->uri = mem_strdup(uri);
	list->by_uri = table_new();
	list_init(&list->rows);
	list_append(&feed->lists, &list->link);
	feed->list_count++;
	return list;
}

static void free_list(struct feed_list *list)
{
	LIST_EACH(link, next, &list->rows)
	free_row(LIST_ENTRY(link, struct row, link));
	list_remove(&list->link);
	list->feed->list_count--;
	table_free(&list->by_uri);
	mem_free(list->uri);
	mem_free(list);
}

static void set_missing(struct feed_list *list)
{
	LIST_EACH(link, next, &list->rows)
	LIST_ENTRY(link, struct row, link)->is_missing = true;
}

void rows_drop_missing(struct feed *feed)
{
	LIST_EACH(link, next, &feed->lists)
	{
		struct feed_list *list = LIST_ENTRY(link, struct feed_list, link);

		LIST_EACH(row_link, row_next, &list->rows)
		{
			struct row *row = LIST_ENTRY(row_link, struct row, link);

			if (row->is_missing)
				free_row(row);
		}
		if (list_is_empty(&list->rows) && !list->is_named)
			free_list(list);
	}
}

void rows_forget(struct feed *feed)
{
	LIST_EACH(link, next, &feed->lists)
	{
		struct feed_list *list = LIST_ENTRY(link, struct feed_list, link);

		LIST_EACH(row_link, row_next, &list->rows)
		forget_documents(LIST_ENTRY(row_link, struct row, link));
	}
}

void rows_clear(struct feed *feed)
{
	LIST_EACH(link, next, &feed->lists)
	free_list(LIST_ENTRY(link, struct feed_list, link));
}

/* Documents ------------------------------------------------------------------------------------ */

static void take_presence(struct told *told, struct presence *presence)
{
	if (told->has_presence) {
		presence_merge(&told->presence, presence);
		presence_clear(presence);
	} else {
		told->presence = *presence;
	}
	told->has_presence = true;
}

static void read_document(struct feed *feed, void **data, const struct interest_document *document,
			  struct told *told)
{
	enum interest_use use = INTEREST_REPAIR;
	struct presence presence = {0};

	switch (part_data_read(data, document, core_of(feed), &feed->roll->peer->profile, &presence,
			       &use)) {
	case PART_DATA_PRESENCE:
		take_presence(told, &presence);
		break;
	case PART_DATA_PHONE:
		part_data_phone(*data, &told->phone);
		told->has_phone = true;
		break;
	default:
		break;
	}
	told->needs_repair |= use != INTEREST_USED;
}

/* One part, unpacked. */
static void read_part(struct feed *feed, void **data, const struct multipart_part *part,
		      const char *language, struct told *told)
{
	struct interest_document document = {.type = part->type, .language = language};
	size_t most = (size_t)core_of(feed)->params->limits->sip_body_bytes;
	struct buf text = BUF_INIT;

	if (deflate_read(part->body, part->len, coding_from_header(part->encoding), most, &text) ==
	    0) {
		document.data = buf_text(&text);
		document.len = text.len;
		read_document(feed, data, &document, told);
	} else {
		told->needs_repair = true;
	}
	buf_free(&text);
}

/* Partial dialog-info needs what was told before: kept where one instance is all there is. */
static void read_instances(struct feed *feed, const struct list_level *level,
			   const struct rlmi_resource *resource, struct row *row,
			   const char *language, struct told *told)
{
	for (size_t i = 0; i < resource->count; i++) {
		const struct rlmi_instance *instance = &resource->instances[i];
		const struct multipart_part *part = list_body_document(level, instance);
		void *once = NULL;

		if (instance->state != RLMI_ACTIVE)
			continue;
		if (part == NULL)
			told->needs_repair = true; /* EVT-068: cid is mandatory */
		else
			read_part(feed, resource->count == 1 ? &row->data : &once, part, language,
				  told);
		if (once != NULL)
			part_data_free(once);
	}
}

static bool put_presence(struct row *row, struct presence *presence)
{
	bool is_same = row->presence != NULL && presence_equal(row->presence, presence);

	if (row->presence == NULL)
		row->presence = mem_zalloc(sizeof(*row->presence));
	presence_clear(row->presence);
	*row->presence = *presence;
	return !is_same;
}

static bool put_phone(struct row *row, struct phone *phone)
{
	bool is_same = phone_equal(&row->phone, phone);

	phone_clear(&row->phone);
	row->phone = *phone;
	return !is_same;
}

/* Takes over what was told; returns whether it is something new. */
static bool put_told(struct row *row, struct told *told)
{
	bool is_new = !row->is_active;

	if (told->has_presence)
		is_new |= put_presence(row, &told->presence);
	if (told->has_phone)
		is_new |= put_phone(row, &told->phone);
	row->is_active = true;
	return is_new;
}

/* Resources ------------------------------------------------------------------------------------ */

static bool has_state(const struct rlmi_resource *resource, enum rlmi_state state)
{
	for (size_t i = 0; i < resource->count; i++) {
		if (resource->instances[i].state == state)
			return true;
	}
	return false;
}

/* A list within the list is a level of its own. */
static bool is_list(const struct list_level *level, const struct rlmi_resource *resource)
{
	for (size_t i = 0; i < resource->count; i++) {
		const char *cid = resource->instances[i].cid;
		const struct multipart_part *part =
			cid == NULL ? NULL : multipart_find(&level->multipart, cid);

		if (part != NULL && multipart_is(part->type))
			return true;
	}
	return false;
}

/* EVT-069: nothing is known of him, or nothing yet; but the list serves him, unless the server
 * still waits for a word. */
static bool set_unknown(struct row *row, bool is_pending)
{
	bool is_new = row->presence != NULL || row->phone.state != PHONE_UNKNOWN ||
		      row->is_active == is_pending;

	forget_documents(row);
	row->is_active = !is_pending;
	return is_new;
}

/* Returns whether full state shall be asked for. */
static bool apply_resource(struct feed_list *list, const struct list_level *level,
			   const struct rlmi_resource *resource, const char *language)
{
	bool is_known = table_find(list->by_uri, resource->uri, strlen(resource->uri)) != NULL;
	struct row *row = is_list(level, resource) ? NULL : get_row(list, resource->uri);
	struct told told = {0};
	bool is_new = !is_known;

	if (row == NULL)
		return false;
	row->is_missing = false;
	if (has_state(resource, RLMI_ACTIVE)) {
		read_instances(list->feed, level, resource, row, language, &told);
		is_new |= put_told(row, &told);
	} else if (resource->count == 0 || has_state(resource, RLMI_PENDING)) {
		is_new |= set_unknown(row, resource->count > 0);
	} else {
		row->is_missing = true; /* the server gave up: his own subscription will tell */
		feed_settle_later(list->feed);
	}
	if (is_new)
		roll_changed(list->feed->roll, &row->member->address);
	return told.needs_repair;
}

/* EVT-070, D-23: a whole list applies whatever its version; a partial one that comes too late is
 * dropped, one that comes too early applies, and the whole is asked for. */
static bool applies(struct feed_list *list, const struct rlmi *rlmi, bool *wants_full)
{
	/* PBX-053: what belongs to one update may say one version */
	bool is_same_update = loop_timer_is_set(&list->feed->settle);

	if (rlmi->is_full)
		return true;
	if (!list->has_version) {
		*wants_full = true;
		return true;
	}
	if (rlmi->version > list->version && rlmi->version - list->version > 1)
		*wants_full = true;
	return rlmi->version > list->version || (is_same_update && rlmi->version == list->version);
}

static void apply_level(struct feed *feed, const struct list_level *level, const char *language,
			bool *wants_full)
{
	const struct rlmi *rlmi = &level->rlmi;
	struct feed_list *list = get_list(feed, rlmi->uri == NULL ? "" : rlmi->uri);

	if (list == NULL)
		return;
	list->is_named = true;
	if (!applies(list, rlmi, wants_full))
		return;
	list->version = rlmi->version;
	list->has_version = true;
	if (rlmi->is_full) {
		set_missing(list);
		feed_settle_later(feed);
	}
	for (size_t i = 0; i < rlmi->count; i++)
		*wants_full |= apply_resource(list, level, &rlmi->resources[i], language);
}

/* A dialog begins: its versions do. */
static void begin(struct feed *feed, bool is_first)
{
	LIST_EACH(link, next, &feed->lists)
	{
		struct feed_list *list = LIST_ENTRY(link, struct feed_list, link);

		list->is_named = false;
		if (is_first)
			list->has_version = false;
	}
}

/* Lists within a whole list that it no longer has. */
static void end(struct feed *feed, bool is_full)
{
	LIST_EACH(link, next, &feed->lists)
	{
		struct feed_list *list = LIST_ENTRY(link, struct feed_list, link);

		if (is_full && !list->is_named)
			set_missing(list);
	}
}

int rows_apply(struct feed *feed, const struct interest_document *document, enum interest_use *use)
{
	struct list_body body = {0};
	bool wants_full = false;
	int error = list_body_parse(document->type, document->data, document->len,
				    MULTIPART_PARTS_MAX, &body);

	if (error != 0)
		return error;
	begin(feed, document->is_first);
	for (size_t i = 0; i < body.count; i++)
		apply_level(feed, &body.levels[i], document->language, &wants_full);
	end(feed, body.levels[0].rlmi.is_full);
	feed->is_part &= !body.levels[0].rlmi.is_full;
	list_body_clear(&body);
	*use = wants_full ? INTEREST_REPAIR : INTEREST_USED;
	return 0;
}
