/* The store's file as somebody left it (REL-019, SQL-008): it opens, is set aside or is refused; no
 * row that is read breaks a rule, and what is written then is read again. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/sqlite_db.h"
#include "store/store_engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[64];

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

static void empty(void)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	expect(dir != NULL);
	for (entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
}

static void tear_down(void)
{
	empty();
	rmdir(directory);
}

static void set_up(void)
{
	const char *tmp = getenv("TMPDIR");
	bool in_memory = tmp == NULL && access("/dev/shm", W_OK) == 0;

	if (tmp == NULL)
		tmp = in_memory ? "/dev/shm" : "/tmp";
	snprintf(directory, sizeof directory, "%s/sx-fuzz-XXXXXX", tmp);
	expect(mkdtemp(directory) != NULL);
	atexit(tear_down);
	log_set_level(LOG_LEVEL_ERR);
}

static void has_domain(const struct address *address)
{
	expect(address->local != NULL && address->domain != NULL);
}

static bool is_ours(const struct dialog_row *row)
{
	return row->id == 4711 && strcmp(row->call_id, "fuzz") == 0;
}

/* 1 if it is the row that this target puts. */
static int look_at(const struct store_item *item)
{
	switch (item->table) {
	case STORE_PAIRS:
		expect(item->pair.state > PAIR_NONE && item->pair.state <= PAIR_ENDED);
		has_domain(&item->pair.watcher);
		has_domain(&item->pair.watched);
		return 0;
	case STORE_SPELLINGS:
		has_domain(&item->spelling.address);
		expect(item->spelling.text != NULL);
		return 0;
	case STORE_PUBLICATIONS:
		has_domain(&item->publication.user);
		expect(item->publication.etag != NULL && item->publication.source != NULL);
		return 0;
	case STORE_QUEUE:
		has_domain(&item->queued.sender);
		has_domain(&item->queued.recipient);
		expect(item->queued.value != NULL);
		return 0;
	case STORE_RECEIPTS:
		has_domain(&item->receipt.sender);
		has_domain(&item->receipt.recipient);
		expect(item->receipt.uid != NULL && item->receipt.value != NULL);
		return 0;
	case STORE_LEARNED:
		expect(item->learned.kind != NULL && item->learned.subject != NULL);
		return 0;
	case STORE_DIALOGS:
		expect(dialog_row_check(&item->dialog) == 0);
		return is_ours(&item->dialog);
	case STORE_PRESENCE:
		has_domain(&item->presence.watched);
		expect(item->presence.value_len > 0);
		return 0;
	default:
		return 0;
	}
}

static bool take(struct store_item *rows, size_t count, void *arg)
{
	for (size_t i = 0; i < count; i++) {
		*(int *)arg += look_at(&rows[i]);
		store_item_clear(&rows[i]);
	}
	mem_free(rows);
	return true;
}

/* How many rows of ours there are. */
static int load_all(struct sqlite_db *db)
{
	static const enum store_table tables[] = {
		STORE_PAIRS,  STORE_SPELLINGS, STORE_PUBLICATIONS, STORE_QUEUE,    STORE_RECEIPTS,
		STORE_PRINTS, STORE_LEARNED,   STORE_DIALOGS,      STORE_PRESENCE,
	};
	int ours = 0;

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		struct store_op op = {.kind = STORE_OP_LOAD, .item.table = tables[i]};

		sqlite_db_load(db, &op, take, &ours);
	}
	return ours;
}

static int put(struct sqlite_db *db, const struct store_item *item)
{
	struct store_op op = {.kind = STORE_OP_PUT, .item = *item};
	struct list ops;

	list_init(&ops);
	list_append(&ops, &op.link);
	sqlite_db_write(db, &ops);
	return op.error;
}

static void use(struct sqlite_db *db)
{
	char text[] = "fuzz";
	struct store_item dialog = {.table = STORE_DIALOGS,
				    .dialog = {.id = 4711,
					       .role = DIALOG_ROW_NOTIFIER,
					       .event = text,
					       .call_id = text,
					       .local_tag = text,
					       .local = text,
					       .remote = text}};
	struct store_item clock = {.table = STORE_CLOCK, .clock = {86400, 1767225600}};
	struct store_item end = {.table = STORE_RUN, .now_s = 1767225600};

	(void)load_all(db);
	(void)put(db, &clock);
	(void)put(db, &end);
	if (put(db, &dialog) == 0)
		expect(load_all(db) == 1 || db->broken != 0);
	else
		expect(db->broken != 0);
}

static void write_file(const char *path, const uint8_t *data, size_t size)
{
	FILE *file = fopen(path, "wb");

	expect(file != NULL);
	expect(fwrite(data, 1, size, file) == size);
	fclose(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct store_found found = {.opened_s = 1767225600};
	struct sqlite_db *db = NULL;
	char path[96];
	char error[512] = "";

	if (directory[0] == '\0')
		set_up();
	snprintf(path, sizeof path, "%s/state.db", directory);
	write_file(path, data, size);
	if (sqlite_db_open(&db, path, &found, error, sizeof error) == 0)
		use(db);
	else
		expect(strlen(error) > 20);
	sqlite_db_close(&db);
	empty();
	return 0;
}
