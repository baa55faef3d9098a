#include "core/learned.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/table.h"
#include "loop/loop.h"
#include "store/store.h"

enum {
	REFRESH_S = 86400, /* a row that says the same is not written again before that */
	KIND_MAX = 64,     /* store.h */
	SUBJECT_MAX = 2000
};

struct entry {
	struct list place; /* in learned.used */
	char *kind;
	char *subject;
	int64_t value;
	int64_t learned_s; /* steady_s() */
};

/* Outlives the table while its rows are read. */
struct reading {
	struct learned *learned; /* NULL once it was freed */
	void (*done)(int error, void *arg);
	void *arg;
};

struct learned {
	struct loop *loop;
	struct store *store;
	struct table *entries; /* kind, NUL, subject -> struct entry */
	struct list used;      /* who was not used for longest comes first */
	size_t bytes;          /* of all kinds and subjects */
	struct buf key;
	struct reading *reading;
	int64_t steady_from_s;
};

/* Seconds of a wall clock that was right at the start and never steps (REL-030): how old something
 * is. */
static int64_t steady_s(const struct learned *learned)
{
	return learned->steady_from_s + (int64_t)(loop_now(learned->loop) / 1000);
}

/* Between it and the wall clock of rows. */
static int64_t steady_ahead_s(const struct learned *learned)
{
	return steady_s(learned) - loop_wall_ms(learned->loop) / 1000;
}

void learned_new(struct learned **out, struct loop *loop, struct store *store)
{
	struct learned *learned = mem_zalloc(sizeof *learned);

	learned->loop = loop;
	learned->store = store;
	learned->steady_from_s = loop_wall_ms(loop) / 1000 - (int64_t)(loop_now(loop) / 1000);
	learned->entries = table_new();
	list_init(&learned->used);
	*out = learned;
}

static void free_entry(struct entry *entry)
{
	list_remove(&entry->place);
	mem_free(entry->kind);
	mem_free(entry->subject);
	mem_free(entry);
}

void learned_free(struct learned **learned_to_free)
{
	struct learned *learned = *learned_to_free;

	if (learned == NULL)
		return;
	if (learned->reading != NULL)
		learned->reading->learned = NULL;
	LIST_EACH(it, next, &learned->used)
	free_entry(LIST_ENTRY(it, struct entry, place));
	table_free(&learned->entries);
	buf_free(&learned->key);
	mem_free(learned);
	*learned_to_free = NULL;
}

size_t learned_count(const struct learned *learned)
{
	return table_count(learned->entries);
}

/* Entries -------------------------------------------------------------------------------------- */

static bool is_legal(const char *kind, const char *subject)
{
	return kind[0] != '\0' && strlen(kind) <= KIND_MAX && subject[0] != '\0' &&
	       strlen(subject) <= SUBJECT_MAX;
}

static void make_key(struct learned *learned, const char *kind, const char *subject)
{
	buf_reset(&learned->key);
	buf_append(&learned->key, kind, strlen(kind) + 1);
	buf_puts(&learned->key, subject);
}

/* Leaves the key in learned->key. */
static struct entry *find(struct learned *learned, const char *kind, const char *subject)
{
	make_key(learned, kind, subject);
	return table_find(learned->entries, learned->key.data, learned->key.len);
}

static size_t size_of(const struct entry *entry)
{
	return strlen(entry->kind) + strlen(entry->subject);
}

/* Out of memory and out of the store. */
static void drop(struct learned *learned, struct entry *entry)
{
	make_key(learned, entry->kind, entry->subject);
	table_remove(learned->entries, learned->key.data, learned->key.len);
	learned->bytes -= size_of(entry);
	store_drop_learned(learned->store, entry->kind, entry->subject, NULL, NULL);
	free_entry(entry);
}

static void use(struct learned *learned, struct entry *entry)
{
	list_remove(&entry->place);
	list_append(&learned->used, &entry->place);
}

/* Whoever can make up names of users makes no more than this of them. */
static void make_room(struct learned *learned)
{
	while (learned_count(learned) > LEARNED_MAX || learned->bytes > LEARNED_BYTES_MAX)
		drop(learned, LIST_ENTRY(learned->used.next, struct entry, place));
}

static struct entry *add(struct learned *learned, const char *kind, const char *subject)
{
	struct entry *entry = mem_zalloc(sizeof *entry);

	entry->kind = mem_strdup(kind);
	entry->subject = mem_strdup(subject);
	make_key(learned, kind, subject);
	table_put(learned->entries, learned->key.data, learned->key.len, entry);
	learned->bytes += size_of(entry);
	list_append(&learned->used, &entry->place);
	return entry;
}

/* A clock that went back must not make what was learned last for longer. */
static bool is_too_old(struct entry *entry, int64_t now_s)
{
	int64_t most = entry->value == 0 ? LEARNED_NO_AGE_S : LEARNED_YES_AGE_S;

	if (entry->learned_s > now_s)
		entry->learned_s = now_s;
	return now_s - entry->learned_s >= most;
}

int64_t learned_get(struct learned *learned, const char *kind, const char *subject)
{
	struct entry *entry = is_legal(kind, subject) ? find(learned, kind, subject) : NULL;

	if (entry == NULL)
		return -1;
	if (is_too_old(entry, steady_s(learned))) {
		drop(learned, entry);
		return -1;
	}
	use(learned, entry);
	return entry->value;
}

static void save(struct learned *learned, const struct entry *entry)
{
	struct learned_row row = {.kind = entry->kind,
				  .subject = entry->subject,
				  .value = entry->value,
				  .learned_s = entry->learned_s - steady_ahead_s(learned)};

	store_put_learned(learned->store, &row, NULL, NULL);
}

void learned_put(struct learned *learned, const char *kind, const char *subject, int64_t value)
{
	int64_t now_s = steady_s(learned);
	struct entry *entry;

	if (value < 0 || !is_legal(kind, subject))
		return;
	entry = find(learned, kind, subject);
	if (entry == NULL) {
		entry = add(learned, kind, subject);
	} else {
		use(learned, entry);
		if (entry->value == value && entry->learned_s <= now_s &&
		    now_s - entry->learned_s < REFRESH_S)
			return;
	}
	entry->value = value;
	entry->learned_s = now_s;
	save(learned, entry);
	make_room(learned);
}

/* Start ---------------------------------------------------------------------------------------- */

static void on_row(const struct learned_row *row, void *arg)
{
	struct reading *reading = arg;
	struct learned *learned = reading->learned;
	struct entry *entry;

	if (learned == NULL || !is_legal(row->kind, row->subject) ||
	    find(learned, row->kind, row->subject) != NULL)
		return;
	entry = add(learned, row->kind, row->subject);
	entry->value = row->value;
	entry->learned_s = row->learned_s + steady_ahead_s(learned);
	if (row->value < 0 || is_too_old(entry, steady_s(learned)))
		drop(learned, entry);
}

static int by_age(const void *a, const void *b)
{
	const struct entry *const *left = a;
	const struct entry *const *right = b;

	return ((*left)->learned_s > (*right)->learned_s) -
	       ((*left)->learned_s < (*right)->learned_s);
}

/* Rows come in no order. */
static void sort(struct learned *learned)
{
	struct entry **all = mem_array(learned_count(learned) + 1, sizeof *all);
	size_t count = 0;

	LIST_EACH(it, next, &learned->used)
	all[count++] = LIST_ENTRY(it, struct entry, place);
	qsort(all, count, sizeof(struct entry *), by_age);
	for (size_t i = 0; i < count; i++)
		use(learned, all[i]);
	mem_free(all);
}

static void on_read(int error, void *arg)
{
	struct reading *reading = arg;
	struct learned *learned = reading->learned;

	if (learned != NULL) {
		learned->reading = NULL;
		sort(learned);
		make_room(learned);
		if (reading->done != NULL)
			reading->done(error, reading->arg);
	}
	mem_free(reading);
}

void learned_start(struct learned *learned, void (*done)(int error, void *arg), void *arg)
{
	struct reading *reading = mem_zalloc(sizeof *reading);

	*reading = (struct reading){.learned = learned, .done = done, .arg = arg};
	learned->reading = reading;
	store_load_learned(learned->store, on_row, on_read, reading);
}
