/* The bench of the store tests. */
#include "store_bench.h"

#include "support/check.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "support/fake_loop.h"

int bench_setup(void **state)
{
	struct bench *bench = mem_zalloc(sizeof *bench);
	const char *tmp = getenv("TMPDIR");

	snprintf(bench->directory, sizeof bench->directory, "%s/sx-store-XXXXXX",
		 tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(bench->directory) == NULL)
		return -1;
	snprintf(bench->path, sizeof bench->path, "%s/state.db", bench->directory);
	*state = bench;
	return loop_new(&bench->loop);
}

static void forget_rows(struct bench *bench)
{
	for (size_t i = 0; i < bench->row_count; i++)
		pair_row_clear(&bench->rows[i]);
	for (size_t i = 0; i < bench->spelling_count; i++) {
		address_clear(&bench->spellings[i].address);
		mem_free(bench->spellings[i].text);
	}
	bench->row_count = 0;
	bench->spelling_count = 0;
}

static void remove_files(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	if (dir == NULL)
		return;
	for (entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
	rmdir(directory);
}

int bench_teardown(void **state)
{
	struct bench *bench = *state;

	bench_close(bench);
	loop_free(&bench->loop);
	forget_rows(bench);
	remove_files(bench->directory);
	mem_free(bench);
	return 0;
}

int bench_open(struct bench *bench, const char *engine)
{
	struct store_params params = {
		.engine = engine,
		.path = bench->path,
		.loop = bench->loop,
	};

	bench->error[0] = '\0';
	return store_open(&bench->store, &params, bench->error, sizeof bench->error);
}

void bench_close(struct bench *bench)
{
	store_free(&bench->store);
}

static void on_done(int error, void *arg)
{
	struct bench *bench = arg;

	assert_true(bench->done < BENCH_DONE_MAX);
	bench->errors[bench->done++] = error;
}

void bench_put(struct bench *bench, const char *watcher, const char *watched, enum pair_state state,
	       int64_t at)
{
	struct pair_row row = {.state = state, .asked_at = at, .heard_at = at + 1};

	address_set(&row.watcher, SIDE_XMPP, watcher, "chat.example");
	address_set(&row.watched, SIDE_SIP, watched, "pbx.example");
	bench->expected++;
	store_put_pair(bench->store, &row, on_done, bench);
	pair_row_clear(&row);
}

void bench_drop(struct bench *bench, const char *watcher, const char *watched)
{
	struct address a;
	struct address b;

	address_set(&a, SIDE_XMPP, watcher, "chat.example");
	address_set(&b, SIDE_SIP, watched, "pbx.example");
	bench->expected++;
	store_drop_pair(bench->store, &a, &b, on_done, bench);
	address_clear(&a);
	address_clear(&b);
}

void bench_put_spelling(struct bench *bench, const char *local, const char *text)
{
	struct address address;

	address_set(&address, SIDE_SIP, local, "pbx.example");
	bench->expected++;
	store_put_spelling(bench->store, &address, text, on_done, bench);
	address_clear(&address);
}

void bench_stop(struct bench *bench)
{
	bench->expected++;
	store_stop(bench->store, on_done, bench);
}

static void on_pair(const struct pair_row *row, void *arg)
{
	struct bench *bench = arg;
	struct pair_row *copy = &bench->rows[bench->row_count];

	assert_true(bench->row_count < BENCH_ROWS_MAX);
	*copy = *row;
	address_copy(&copy->watcher, &row->watcher);
	address_copy(&copy->watched, &row->watched);
	bench->row_count++;
}

static void on_spelling(const struct address *address, const char *spelling, void *arg)
{
	struct bench *bench = arg;

	assert_true(bench->spelling_count < CHECK_COUNT(bench->spellings));
	address_copy(&bench->spellings[bench->spelling_count].address, address);
	bench->spellings[bench->spelling_count].text = mem_strdup(spelling);
	bench->spelling_count++;
}

void bench_load(struct bench *bench)
{
	forget_rows(bench);
	bench->expected += 2;
	store_load_pairs(bench->store, on_pair, on_done, bench);
	store_load_spellings(bench->store, on_spelling, on_done, bench);
	bench_wait(bench);
}

static bool all_done(void *arg)
{
	const struct bench *bench = arg;

	return bench->done >= bench->expected;
}

void bench_wait(struct bench *bench)
{
	assert_true(fake_loop_wait(bench->loop, all_done, bench));
	assert_int_equal(bench->done, bench->expected);
}

const struct pair_row *bench_row(const struct bench *bench, const char *watcher,
				 const char *watched)
{
	for (size_t i = 0; i < bench->row_count; i++) {
		if (strcmp(bench->rows[i].watcher.local, watcher) == 0 &&
		    strcmp(bench->rows[i].watched.local, watched) == 0)
			return &bench->rows[i];
	}
	return NULL;
}

size_t bench_files(const struct bench *bench, const char *part)
{
	DIR *dir = opendir(bench->directory);
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(dir);
	for (entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		const char *end = strrchr(entry->d_name, '-');

		if (strncmp(entry->d_name, "state.db", 8) != 0 ||
		    strstr(entry->d_name + 8, part) == NULL)
			continue;
		if (end == NULL || (strcmp(end, "-wal") != 0 && strcmp(end, "-shm") != 0))
			count++;
	}
	closedir(dir);
	return count;
}
