/* Lists of chat users under a SIP address of their own; see own_lists.h. */
#include "sip/own_lists.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/address.h"
#include "sip/sip_side.h"
#include "translate/address_map.h"
#include "translate/resource_lists.h"

struct own_list {
	struct address address;
	struct address *members;
	size_t count;
};

struct own_lists {
	struct address_map *map;
	struct own_list *items;
	size_t count;
};

static void read_members(struct address_map *map, const struct sip_list *from, struct own_list *out)
{
	const char *why;

	out->members = mem_zalloc((from->member_count + 1) * sizeof *out->members);
	for (size_t i = 0; i < from->member_count; i++)
		if (address_from_text(map, from->members[i], &out->members[out->count], &why) == 0)
			out->count++;
}

struct own_lists *own_lists_new(const struct sip_side_params *params)
{
	struct own_lists *lists = mem_zalloc(sizeof *lists);
	const char *why;

	lists->map = params->map;
	lists->items = mem_zalloc((params->list_count + 1) * sizeof *lists->items);
	for (size_t i = 0; i < params->list_count; i++) {
		const struct sip_list *from = &params->lists[i];
		struct own_list *item = &lists->items[lists->count];

		if (address_from_uri(params->map, from->uri, strlen(from->uri), &item->address,
				     NULL, &why) != 0)
			continue;
		read_members(params->map, from, item);
		lists->count++;
	}
	return lists;
}

void own_lists_free(struct own_lists **lists)
{
	struct own_lists *self = *lists;

	if (self == NULL)
		return;
	for (size_t i = 0; i < self->count; i++) {
		for (size_t k = 0; k < self->items[i].count; k++)
			address_clear(&self->items[i].members[k]);
		mem_free(self->items[i].members);
		address_clear(&self->items[i].address);
	}
	mem_free(self->items);
	mem_free(self);
	*lists = NULL;
}

static const struct own_list *find(const struct own_lists *lists, const struct address *address)
{
	for (size_t i = 0; i < lists->count; i++)
		if (address_equal(&lists->items[i].address, address))
			return &lists->items[i];
	return NULL;
}

bool own_lists_has(const struct own_lists *lists, const struct address *address)
{
	return find(lists, address) != NULL;
}

void own_lists_members(const struct own_lists *lists, const struct address *address,
		       const char *toward, struct resource_lists *out)
{
	const struct own_list *list = find(lists, address);
	struct buf uri = BUF_INIT;

	if (list == NULL)
		return;
	out->entries = mem_zalloc((list->count + 1) * sizeof *out->entries);
	for (size_t i = 0; i < list->count; i++) {
		buf_reset(&uri);
		if (address_to_uri(lists->map, &list->members[i], toward, &uri) == 0) {
			out->entries[out->count].uri = mem_strdup(buf_text(&uri));
			out->count++;
		}
	}
	buf_free(&uri);
}
