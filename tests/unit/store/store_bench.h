/* What the store tests share: a store on a fake loop in a directory of its own, and a record of
 * what came back. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "store/store.h"

enum { BENCH_DONE_MAX = 4096, BENCH_ROWS_MAX = 4096 };

struct bench {
	struct loop *loop;
	struct store *store;
	char directory[64];
	char path[160];
	char error[512];
	size_t done;     /* completions so far */
	size_t expected; /* completions that are asked for */
	int errors[BENCH_DONE_MAX];
	size_t row_count;
	struct pair_row rows[BENCH_ROWS_MAX];
	struct {
		struct address address;
		char *text;
	} spellings[64];
	size_t spelling_count;
};

/* Group setup and teardown of one test: a loop and an empty directory. */
int bench_setup(void **state);
int bench_teardown(void **state);

/* Opens with the engine; the result of store_open(). */
int bench_open(struct bench *bench, const char *engine);
void bench_close(struct bench *bench);
/* Requests whose completion is recorded. */
void bench_put(struct bench *bench, const char *watcher, const char *watched, enum pair_state state,
	       int64_t at);
void bench_drop(struct bench *bench, const char *watcher, const char *watched);
void bench_put_spelling(struct bench *bench, const char *local, const char *text);
void bench_stop(struct bench *bench);
/* Loads everything into rows and spellings, and waits for it. */
void bench_load(struct bench *bench);
/* Waits until everything asked for is done. */
void bench_wait(struct bench *bench);
/* A row that was loaded, by local parts; NULL if there is none. */
const struct pair_row *bench_row(const struct bench *bench, const char *watcher,
				 const char *watched);
/* How many names in the directory begin with the file's name and contain this, logs apart. */
size_t bench_files(const struct bench *bench, const char *part);
