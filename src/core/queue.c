#include "core/queue.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/table.h"

enum {
	HEAP_FIRST = 64,
	BACKOFF_FIRST_MS = 1000,
	BACKOFF_MOST_MS = 60000,
	IDLE_MOST = 4096 /* lanes without items: who wrote a moment ago will again */
};

struct queue {
	struct table *lanes; /* from and to -> struct queue_lane */
	struct table *users; /* sender -> struct queue_user */
	struct table *peers; /* side, domain and way there -> struct queue_peer */
	struct list all;
	struct list idle; /* queue_lane.all, by age */
	size_t idle_count;
	struct queue_item **heap; /* [1..count], the first to expire at the top */
	size_t heap_count;
	size_t heap_size;
	size_t count;
	size_t bytes;
	struct buf key;
};

void queue_new(struct queue **out)
{
	struct queue *queue = mem_zalloc(sizeof *queue);

	queue->lanes = table_new();
	queue->users = table_new();
	queue->peers = table_new();
	list_init(&queue->all);
	list_init(&queue->idle);
	queue->heap_size = HEAP_FIRST;
	queue->heap = mem_array(queue->heap_size, sizeof(struct queue_item *));
	*out = queue;
}

static void free_lane(struct queue *queue, struct queue_lane *lane);

void queue_free(struct queue **queue_to_free)
{
	struct queue *queue = *queue_to_free;

	if (queue == NULL)
		return;
	LIST_EACH(it, next, &queue->all)
	{
		struct queue_lane *lane = LIST_ENTRY(it, struct queue_lane, all);

		LIST_EACH(item, after, &lane->items)
		{
			struct queue_item *gone = LIST_ENTRY(item, struct queue_item, place);

			queue_take_out(queue, gone);
			queue_item_free(gone);
		}
		lane->held = 0;
		queue_let_go(queue, lane);
	}
	LIST_EACH(it, next, &queue->idle)
	free_lane(queue, LIST_ENTRY(it, struct queue_lane, all));
	while (queue->heap_count > 0) {
		struct queue_item *aside = queue->heap[1];

		queue_take_out(queue, aside);
		queue_item_free(aside);
	}
	table_free(&queue->lanes);
	table_free(&queue->users);
	table_free(&queue->peers);
	mem_free(queue->heap);
	buf_free(&queue->key);
	mem_free(queue);
	*queue_to_free = NULL;
}

/* Lanes ---------------------------------------------------------------------------------------- */

static void *find_or_make(struct table *table, const struct buf *key, size_t size)
{
	void *value = table_find(table, key->data, key->len);

	if (value != NULL)
		return value;
	value = mem_zalloc(size);
	table_put(table, key->data, key->len, value);
	return value;
}

static void user_key(struct queue *queue, const struct address *from)
{
	buf_reset(&queue->key);
	address_key(from, &queue->key);
}

/* Chat domains are reached over a stream for each SIP domain, and each may be in order or not
 * (D-02). */
static void peer_key(struct queue *queue, const struct address *from, const struct address *to)
{
	buf_reset(&queue->key);
	buf_putc(&queue->key, to->side == SIDE_SIP ? 'S' : 'X');
	buf_puts(&queue->key, to->domain);
	if (to->side == SIDE_SIP)
		return;
	buf_putc(&queue->key, ' ');
	buf_puts(&queue->key, from->domain);
}

static void lane_key(struct queue *queue, const struct address *from, const struct address *to)
{
	buf_reset(&queue->key);
	address_key(from, &queue->key);
	address_key(to, &queue->key);
}

static struct queue_user *user_of(struct queue *queue, const struct address *from)
{
	struct queue_user *user;

	user_key(queue, from);
	user = find_or_make(queue->users, &queue->key, sizeof *user);
	user->lanes++;
	return user;
}

static struct queue_peer *peer_of(struct queue *queue, const struct address *from,
				  const struct address *to)
{
	struct queue_peer *peer;

	peer_key(queue, from, to);
	peer = find_or_make(queue->peers, &queue->key, sizeof *peer);
	if (peer->lanes++ == 0)
		list_init(&peer->hoping);
	return peer;
}

static struct queue_lane *find_lane(struct queue *queue, const struct address *from,
				    const struct address *to)
{
	lane_key(queue, from, to);
	return table_find(queue->lanes, queue->key.data, queue->key.len);
}

struct queue_lane *queue_find_lane(struct queue *queue, const struct address *from,
				   const struct address *to)
{
	struct queue_lane *lane = find_lane(queue, from, to);

	return lane == NULL || lane->is_idle ? NULL : lane;
}

static struct queue_lane *wake(struct queue *queue, struct queue_lane *lane)
{
	if (!lane->is_idle)
		return lane;
	lane->is_idle = false;
	queue->idle_count--;
	list_remove(&lane->all);
	list_append(&queue->all, &lane->all);
	return lane;
}

struct queue_lane *queue_lane(struct queue *queue, const struct address *from,
			      const struct address *to)
{
	struct queue_lane *lane = find_lane(queue, from, to);

	if (lane != NULL)
		return wake(queue, lane);
	lane = mem_zalloc(sizeof *lane);
	table_put(queue->lanes, queue->key.data, queue->key.len, lane);
	address_copy(&lane->from, from);
	address_copy(&lane->to, to);
	list_init(&lane->items);
	backoff_init(&lane->backoff, BACKOFF_FIRST_MS, BACKOFF_MOST_MS);
	lane->user = user_of(queue, from);
	lane->peer = peer_of(queue, from, to);
	list_append(&queue->all, &lane->all);
	return lane;
}

static void free_lane(struct queue *queue, struct queue_lane *lane)
{
	list_remove(&lane->all);
	if (--lane->user->lanes == 0) {
		user_key(queue, &lane->from);
		mem_free(table_remove(queue->users, queue->key.data, queue->key.len));
	}
	if (--lane->peer->lanes == 0) {
		peer_key(queue, &lane->from, &lane->to);
		mem_free(table_remove(queue->peers, queue->key.data, queue->key.len));
	}
	lane_key(queue, &lane->from, &lane->to);
	table_remove(queue->lanes, queue->key.data, queue->key.len);
	address_clear(&lane->from);
	address_clear(&lane->to);
	mem_free(lane);
}

/* It starts anew, should it be needed again soon. */
static void lay_aside(struct queue *queue, struct queue_lane *lane)
{
	backoff_reset(&lane->backoff);
	lane->is_careful = false;
	lane->was_early = false;
	lane->is_idle = true;
	list_remove(&lane->all);
	list_append(&queue->idle, &lane->all);
	queue->idle_count++;
}

void queue_let_go(struct queue *queue, struct queue_lane *lane)
{
	if (!list_is_empty(&lane->items) || lane->held > 0 || lane->is_idle)
		return;
	loop_timer_cancel(&lane->timer);
	list_remove(&lane->place);
	list_remove(&lane->hope);
	lay_aside(queue, lane);
	if (queue->idle_count <= IDLE_MOST)
		return;
	queue->idle_count--;
	free_lane(queue, LIST_ENTRY(queue->idle.next, struct queue_lane, all));
}

/* Expiry: a heap, so that each life is as cheap as the usual one ------------------------------- */

static void heap_set(struct queue *queue, size_t at, struct queue_item *item)
{
	queue->heap[at] = item;
	item->heap_place = at;
}

static void heap_up(struct queue *queue, struct queue_item *item, size_t at)
{
	while (at > 1 && queue->heap[at / 2]->expires_s > item->expires_s) {
		heap_set(queue, at, queue->heap[at / 2]);
		at /= 2;
	}
	heap_set(queue, at, item);
}

static void heap_down(struct queue *queue, struct queue_item *item, size_t at)
{
	for (;;) {
		size_t child = at * 2;

		if (child > queue->heap_count)
			break;
		if (child < queue->heap_count &&
		    queue->heap[child + 1]->expires_s < queue->heap[child]->expires_s)
			child++;
		if (queue->heap[child]->expires_s >= item->expires_s)
			break;
		heap_set(queue, at, queue->heap[child]);
		at = child;
	}
	heap_set(queue, at, item);
}

static void heap_put(struct queue *queue, struct queue_item *item)
{
	if (queue->heap_count + 1 >= queue->heap_size) {
		queue->heap_size *= 2;
		queue->heap = mem_resize(queue->heap, queue->heap_size, sizeof *queue->heap);
	}
	heap_up(queue, item, ++queue->heap_count);
}

void queue_stay(struct queue *queue, struct queue_item *item)
{
	size_t at = item->heap_place;
	struct queue_item *last;

	if (at == 0)
		return;
	item->heap_place = 0;
	last = queue->heap[queue->heap_count--];
	if (last == item)
		return;
	if (at > 1 && queue->heap[at / 2]->expires_s > last->expires_s)
		heap_up(queue, last, at);
	else
		heap_down(queue, last, at);
}

struct queue_item *queue_next_to_expire(const struct queue *queue)
{
	return queue->heap_count == 0 ? NULL : queue->heap[1];
}

/* Items ---------------------------------------------------------------------------------------- */

struct queue_item *queue_item_new(char *value, size_t value_len)
{
	struct queue_item *item = mem_zalloc(sizeof *item);

	item->value = value;
	item->value_len = value_len;
	return item;
}

void queue_put(struct queue_lane *lane, struct queue_item *item)
{
	struct list *after = lane->items.prev;

	while (after != &lane->items &&
	       LIST_ENTRY(after, struct queue_item, place)->seq > item->seq)
		after = after->prev;
	list_append(after->next, &item->place);
	item->lane = lane;
}

static void count(struct queue *queue, struct queue_item *item, bool is_more)
{
	size_t one = is_more ? 1 : (size_t)-1;
	size_t bytes = is_more ? item->value_len : (size_t)0 - item->value_len;

	queue->count += one;
	queue->bytes += bytes;
	if (item->lane == NULL)
		return;
	item->lane->kept += one;
	item->lane->user->count += one;
	item->lane->user->bytes += bytes;
}

void queue_keep(struct queue *queue, struct queue_item *item)
{
	item->is_kept = true;
	count(queue, item, true);
	heap_put(queue, item);
}

void queue_replace(struct queue *queue, struct queue_item *item, char *value, size_t value_len)
{
	if (item->is_kept)
		count(queue, item, false);
	mem_free(item->value);
	item->value = value;
	item->value_len = value_len;
	if (item->is_kept)
		count(queue, item, true);
}

void queue_take_out(struct queue *queue, struct queue_item *item)
{
	queue_stay(queue, item);
	if (item->is_kept)
		count(queue, item, false);
	item->is_kept = false;
	list_remove(&item->place);
	item->lane = NULL;
}

void queue_item_free(struct queue_item *item)
{
	list_remove(&item->write);
	list_remove(&item->turn);
	if (item->ends != NULL) {
		address_clear(&item->ends[0]);
		address_clear(&item->ends[1]);
		mem_free(item->ends);
	}
	mem_free(item->uid);
	mem_free(item->value);
	mem_free(item);
}

size_t queue_count(const struct queue *queue)
{
	return queue->count;
}

size_t queue_bytes(const struct queue *queue)
{
	return queue->bytes;
}

struct list *queue_lanes(struct queue *queue)
{
	return &queue->all;
}
