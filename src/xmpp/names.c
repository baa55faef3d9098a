#include "xmpp/names.h"

#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/table.h"
#include "base/utf8.h"

struct entry {
	struct list link; /* not said for longest first */
	char *bare;
	char *name;
};

struct names {
	struct table *table;
	struct list order;
};

struct names *names_new(void)
{
	struct names *names = mem_zalloc(sizeof(*names));

	names->table = table_new();
	list_init(&names->order);
	return names;
}

static void drop(struct names *names, struct entry *entry)
{
	table_remove(names->table, entry->bare, strlen(entry->bare));
	list_remove(&entry->link);
	mem_free(entry->bare);
	mem_free(entry->name);
	mem_free(entry);
}

void names_free(struct names **out)
{
	struct names *names = *out;

	if (names == NULL)
		return;
	LIST_EACH(it, next, &names->order)
	drop(names, LIST_ENTRY(it, struct entry, link));
	table_free(&names->table);
	mem_free(names);
	*out = NULL;
}

static struct entry *get(struct names *names, const char *bare)
{
	struct entry *entry = table_find(names->table, bare, strlen(bare));

	if (entry != NULL) {
		list_remove(&entry->link);
	} else {
		if (table_count(names->table) >= NAMES_MAX)
			drop(names, LIST_ENTRY(names->order.next, struct entry, link));
		entry = mem_zalloc(sizeof(*entry));
		entry->bare = mem_strdup(bare);
		table_put(names->table, entry->bare, strlen(entry->bare), entry);
	}
	list_append(&names->order, &entry->link);
	return entry;
}

void names_put(struct names *names, const char *bare, const char *name)
{
	struct entry *entry;
	size_t len = name == NULL ? 0 : utf8_cut(name, strlen(name), NAME_BYTES_MAX);

	if (len == 0)
		return;
	entry = get(names, bare);
	if (entry->name != NULL && strlen(entry->name) == len &&
	    memcmp(entry->name, name, len) == 0)
		return;
	mem_free(entry->name);
	entry->name = mem_strndup(name, len);
}

const char *names_find(const struct names *names, const char *bare)
{
	const struct entry *entry = table_find(names->table, bare, strlen(bare));

	return entry == NULL ? NULL : entry->name;
}

size_t names_count(const struct names *names)
{
	return table_count(names->table);
}
