/* Messages between one try and the next; see unfinished.h. */
#include "sip/unfinished.h"

#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/table.h"

struct entry {
	struct list link; /* oldest first */
	char *uid;
	struct unfinished_value value;
};

struct unfinished {
	struct table *by_uid;
	struct list all;
};

struct unfinished *unfinished_new(void)
{
	struct unfinished *unfinished = mem_zalloc(sizeof *unfinished);

	unfinished->by_uid = table_new();
	list_init(&unfinished->all);
	return unfinished;
}

static void drop(struct unfinished *unfinished, struct entry *entry)
{
	table_remove(unfinished->by_uid, entry->uid, strlen(entry->uid));
	list_remove(&entry->link);
	mem_free(entry->uid);
	mem_free(entry);
}

void unfinished_free(struct unfinished **unfinished)
{
	struct unfinished *self = *unfinished;

	if (self == NULL)
		return;
	LIST_EACH(link, next, &self->all)
	drop(self, LIST_ENTRY(link, struct entry, link));
	table_free(&self->by_uid);
	mem_free(self);
	*unfinished = NULL;
}

void unfinished_put(struct unfinished *unfinished, const char *uid,
		    const struct unfinished_value *value)
{
	struct entry *entry = table_find(unfinished->by_uid, uid, strlen(uid));

	if (entry == NULL) {
		if (table_count(unfinished->by_uid) >= UNFINISHED_MAX)
			drop(unfinished, LIST_ENTRY(unfinished->all.next, struct entry, link));
		entry = mem_zalloc(sizeof *entry);
		entry->uid = mem_strdup(uid);
		table_put(unfinished->by_uid, uid, strlen(uid), entry);
	}
	entry->value = *value;
	list_remove(&entry->link);
	list_append(&unfinished->all, &entry->link);
}

bool unfinished_take(struct unfinished *unfinished, const char *uid, struct unfinished_value *out)
{
	struct entry *entry;

	if (table_count(unfinished->by_uid) == 0)
		return false;
	entry = table_find(unfinished->by_uid, uid, strlen(uid));
	if (entry == NULL)
		return false;
	*out = entry->value;
	drop(unfinished, entry);
	return true;
}
