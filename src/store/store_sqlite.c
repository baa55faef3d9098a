/* The SQLite engine: one writer thread (SQL-003) that commits in groups (SQL-002).
 *
 *   loop: submit -> turn -> queue ==> thread: one transaction -> done -> eventfd ==> loop: finish
 *
 * What is asked for in one turn of the loop is handed in at its end and is one transaction, or part
 * of one. The lock covers queue and done; turn is the loop's, the connection the thread's. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/loop.h"
#include "store/sqlite_db.h"
#include "store/store_engine.h"

enum {
	GROUP_FULL = 256,      /* requests that are not collected any longer (SQL-002) */
	GROUP_MAX = 1024,      /* requests of one transaction: those that wait share the flush */
	GROUP_MS = 5,          /* to collect, */
	QUICK_MS = 2,          /* from the end of a transaction that took no longer than this */
	CHECKPOINT_IDLE_S = 1, /* without work the log is moved into the file (SQL-004) */
	DELIVER_MAX = 256,     /* results handed over in one turn of the loop */
	PIECES_MAX = 16        /* pieces of a load that wait for the loop */
};

struct sqlite_store {
	struct loop *loop;
	struct sqlite_db *db;
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock;
	pthread_cond_t work; /* something was queued, or the end */
	pthread_cond_t room; /* pieces were delivered, or the end */
	struct list turn;    /* of the loop that is not over yet */
	struct list queue;
	size_t queued;
	struct list done;
	size_t pieces; /* of loads, in done */
	bool is_idle;  /* the thread waits for the first request */
	bool ending;
	int event_fd;
};

static struct store_op *op_of(struct list *link)
{
	return LIST_ENTRY(link, struct store_op, link);
}

static bool is_load(const struct store_op *op)
{
	return op->kind == STORE_OP_LOAD;
}

static struct timespec after_ms(struct timespec from, long ms)
{
	from.tv_nsec += ms * 1000000;
	from.tv_sec += from.tv_nsec / 1000000000;
	from.tv_nsec %= 1000000000;
	return from;
}

/* ---- in the thread, with the lock held ---- */

static void wake_loop(struct sqlite_store *store)
{
	uint64_t one = 1;
	ssize_t written = write(store->event_fd, &one, sizeof one);

	(void)written; /* a full counter has woken it already */
}

/* True if the loop has to be woken, after the lock is given back: it would wait for it otherwise.
 */
static bool push_done(struct sqlite_store *store, struct store_op *op)
{
	bool was_empty = list_is_empty(&store->done);

	list_append(&store->done, &op->link);
	return was_empty;
}

static struct store_op *pop_queue(struct sqlite_store *store)
{
	struct list *link = store->queue.next;

	list_remove(link);
	store->queued--;
	return op_of(link);
}

/* False: no work will come. After a second without any, the log is put in order once. */
static bool wait_for_work(struct sqlite_store *store)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += CHECKPOINT_IDLE_S;
	store->is_idle = true;
	while (store->queued == 0 && !store->ending) {
		if (store->db->log_pages == 0) {
			pthread_cond_wait(&store->work, &store->lock);
		} else if (pthread_cond_timedwait(&store->work, &store->lock, &until) ==
			   ETIMEDOUT) {
			pthread_mutex_unlock(&store->lock);
			sqlite_db_tidy(store->db);
			store->db->log_pages = 0; /* what a reader holds back has time */
			pthread_mutex_lock(&store->lock);
		}
	}
	store->is_idle = false;
	return store->queued > 0;
}

static bool is_before(struct timespec a, struct timespec b)
{
	return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

/* SQL-002: under load requests are collected for 5 ms, or until they are enough; a single request
 * is written at once. Where a flush takes its time, counted from its start: those that waited for
 * it go at once. */
static void collect(struct sqlite_store *store, struct timespec started)
{
	struct timespec until = after_ms(started, GROUP_MS);
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (is_before(now, after_ms(started, QUICK_MS)))
		until = after_ms(now, GROUP_MS);
	while (store->queued < GROUP_FULL && !store->ending) {
		if (pthread_cond_timedwait(&store->work, &store->lock, &until) == ETIMEDOUT)
			return;
	}
}

/* Moves requests to group: turns of the loop as a whole, or a load alone. */
static void take_group(struct sqlite_store *store, struct list *group)
{
	struct store_op *op = pop_queue(store);
	size_t count = 1;

	list_append(group, &op->link);
	while (!is_load(op) && store->queued > 0 && !is_load(op_of(store->queue.next)) &&
	       (count < GROUP_MAX || !op->ends_turn)) {
		op = pop_queue(store);
		list_append(group, &op->link);
		count++;
	}
}

/* ---- in the thread, without the lock ---- */

struct loading {
	struct sqlite_store *store;
	struct store_op *load;
};

/* A piece of a load goes to the loop; a loop that is behind holds the reading back. */
static bool hand_over(struct store_item *rows, size_t count, void *arg)
{
	struct loading *loading = arg;
	struct sqlite_store *store = loading->store;
	bool goes_on;
	bool is_first;

	pthread_mutex_lock(&store->lock);
	while (store->pieces >= PIECES_MAX && !store->ending)
		pthread_cond_wait(&store->room, &store->lock);
	store->pieces++;
	is_first = push_done(store, store_op_rows(loading->load, rows, count));
	goes_on = !store->ending;
	pthread_mutex_unlock(&store->lock);
	if (is_first)
		wake_loop(store);
	return goes_on;
}

static void carry_out(struct sqlite_store *store, struct list *group)
{
	struct loading loading = {store, op_of(group->next)};

	if (is_load(loading.load))
		sqlite_db_load(store->db, loading.load, hand_over, &loading);
	else
		sqlite_db_write(store->db, group);
}

static void hand_back(struct sqlite_store *store, struct list *group)
{
	bool is_first = false;

	pthread_mutex_lock(&store->lock);
	LIST_EACH(link, next, group)
	{
		list_remove(link);
		is_first |= push_done(store, op_of(link));
	}
	pthread_mutex_unlock(&store->lock);
	if (is_first)
		wake_loop(store);
}

static void *write_on(void *arg)
{
	struct sqlite_store *store = arg;
	struct timespec started = {0};
	struct list group;

	list_init(&group);
	pthread_mutex_lock(&store->lock);
	for (;;) {
		/* First: who is not idle need not be woken by the first request that comes. */
		collect(store, started);
		if (!wait_for_work(store))
			break;
		clock_gettime(CLOCK_MONOTONIC, &started);
		take_group(store, &group);
		pthread_mutex_unlock(&store->lock);
		carry_out(store, &group);
		hand_back(store, &group);
		/* Nobody's answer waits for this. */
		sqlite_db_checkpoint(store->db);
		pthread_mutex_lock(&store->lock);
	}
	pthread_mutex_unlock(&store->lock);
	return NULL;
}

/* ---- in the loop ---- */

/* Moves up to DELIVER_MAX results to ready; the event stays pending while there are more. */
static void take_done(struct sqlite_store *store, struct list *ready)
{
	uint64_t count;

	pthread_mutex_lock(&store->lock);
	for (unsigned i = 0; i < DELIVER_MAX && !list_is_empty(&store->done); i++) {
		struct list *link = store->done.next;

		list_remove(link);
		list_append(ready, link);
		if (op_of(link)->kind == STORE_OP_ROWS)
			store->pieces--;
	}
	if (list_is_empty(&store->done) && read(store->event_fd, &count, sizeof count) < 0)
		count = 0;
	pthread_cond_signal(&store->room);
	pthread_mutex_unlock(&store->lock);
}

static void on_done(int fd, unsigned events, void *arg)
{
	struct sqlite_store *store = arg;
	struct list ready;

	(void)fd;
	(void)events;
	list_init(&ready);
	take_done(store, &ready);
	LIST_EACH(link, next, &ready)
	{
		list_remove(link);
		store_op_finish(op_of(link));
	}
}

/* The turn is over. */
static void hand_in(void *arg)
{
	struct sqlite_store *store = arg;
	bool was_short;

	if (list_is_empty(&store->turn))
		return;
	op_of(store->turn.prev)->ends_turn = true;
	pthread_mutex_lock(&store->lock);
	was_short = store->queued < GROUP_FULL;
	LIST_EACH(link, next, &store->turn)
	{
		list_remove(link);
		list_append(&store->queue, link);
		store->queued++;
	}
	/* Otherwise the thread works, or collects until its time has come. */
	if (store->is_idle || (was_short && store->queued >= GROUP_FULL))
		pthread_cond_signal(&store->work);
	pthread_mutex_unlock(&store->lock);
}

static void sqlite_submit(void *state, struct store_op *op)
{
	struct sqlite_store *store = state;

	if (list_is_empty(&store->turn))
		loop_defer(store->loop, hand_in, store);
	list_append(&store->turn, &op->link);
}

static void free_list(struct list *list)
{
	LIST_EACH(link, next, list)
	{
		list_remove(link);
		store_op_free(op_of(link));
	}
}

static void sqlite_close(void *state)
{
	struct sqlite_store *store = state;

	loop_forget(store->loop, store);
	if (store->has_thread) {
		hand_in(store);
		pthread_mutex_lock(&store->lock);
		store->ending = true;
		pthread_cond_signal(&store->work);
		pthread_cond_signal(&store->room);
		pthread_mutex_unlock(&store->lock);
		pthread_join(store->thread, NULL);
	}
	if (store->event_fd >= 0) {
		loop_fd(store->loop, store->event_fd, 0, NULL, NULL);
		close(store->event_fd);
	}
	free_list(&store->turn);
	free_list(&store->queue);
	free_list(&store->done);
	sqlite_db_close(&store->db);
	pthread_cond_destroy(&store->work);
	pthread_cond_destroy(&store->room);
	pthread_mutex_destroy(&store->lock);
	mem_free(store);
}

static void init_locks(struct sqlite_store *store)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC); /* REL-030 */
	pthread_mutex_init(&store->lock, NULL);
	pthread_cond_init(&store->work, &attributes);
	pthread_cond_init(&store->room, &attributes);
	pthread_condattr_destroy(&attributes);
}

/* All signals belong to the loop's thread. */
static int start_thread(struct sqlite_store *store)
{
	sigset_t all;
	sigset_t before;
	int result;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(&store->thread, NULL, write_on, store);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	store->has_thread = result == 0;
	return result;
}

static int start(struct sqlite_store *store)
{
	int result;

	store->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (store->event_fd < 0)
		return errno;
	result = loop_fd(store->loop, store->event_fd, LOOP_READ, on_done, store);
	return result != 0 ? result : start_thread(store);
}

static int sqlite_open(void **out, const struct store_params *params, struct store_found *found,
		       char *error, size_t error_len)
{
	struct sqlite_store *store = mem_zalloc(sizeof *store);
	int result;

	*out = store;
	store->loop = params->loop;
	store->event_fd = -1;
	list_init(&store->turn);
	list_init(&store->queue);
	list_init(&store->done);
	init_locks(store);
	result = sqlite_db_open(&store->db, params->path, found, error, error_len);
	if (result != 0)
		return result;
	result = start(store);
	if (result != 0)
		snprintf(error, error_len, "the store's thread cannot be started: %s",
			 strerror(result));
	return result;
}

const struct store_engine store_sqlite_engine = {
	.name = "sqlite",
	.open = sqlite_open,
	.submit = sqlite_submit,
	.close = sqlite_close,
};
