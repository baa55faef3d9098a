#include "xmpp/barrier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "loop/loop.h"
#include "model/fault.h"

enum { PREFIX_BYTES = 8, ID_MAX = 48 };

struct handed {
	struct list link;
	exchange_id x;
	char *id; /* NULL: none, or another one with it is open: errors cannot be told apart */
	char *to; /* bare JID */
	uint64_t end;
};

struct ping {
	struct list link;
	uint64_t number;
	uint64_t sent_ms;
	const char *to;
	struct list messages;
};

struct barrier {
	struct barrier_params params;
	struct barrier_events events;
	void *arg;
	char prefix[2 * PREFIX_BYTES + 1]; /* random per stream: nobody else can answer */
	struct list pings;                 /* in flight, oldest first */
	unsigned ping_count;
	uint64_t next_number;
	struct list open; /* messages after the last ping */
	struct table *ids;
	size_t pending;
	bool is_up;
	size_t target; /* index; target_count: none yet; target_count + 1: the domain itself */
	uint64_t pinged_ms;
	uint64_t heard_ms;
	struct loop_timer choosing;
	struct loop_timer spacing;
	struct loop_timer waiting;
	struct loop_timer every;
};

static void on_every(void *arg);

struct barrier *barrier_new(const struct barrier_params *params,
			    const struct barrier_events *events, void *arg)
{
	struct barrier *barrier = mem_zalloc(sizeof(*barrier));

	barrier->params = *params;
	barrier->events = *events;
	barrier->arg = arg;
	if (barrier->params.target_count > BARRIER_TARGETS_MAX)
		barrier->params.target_count = BARRIER_TARGETS_MAX;
	list_init(&barrier->pings);
	list_init(&barrier->open);
	barrier->ids = table_new();
	barrier->target = barrier->params.target_count;
	return barrier;
}

static void handed_free(struct barrier *barrier, struct handed *handed)
{
	if (handed->id != NULL)
		table_remove(barrier->ids, handed->id, strlen(handed->id));
	list_remove(&handed->link);
	mem_free(handed->id);
	mem_free(handed->to);
	mem_free(handed);
	barrier->pending--;
}

static void drop_all(struct barrier *barrier, struct list *messages)
{
	LIST_EACH(it, next, messages)
	handed_free(barrier, LIST_ENTRY(it, struct handed, link));
}

static void ping_free(struct barrier *barrier, struct ping *ping)
{
	list_remove(&ping->link);
	barrier->ping_count--;
	mem_free(ping);
}

static void cancel_timers(struct barrier *barrier)
{
	loop_timer_cancel(&barrier->choosing);
	loop_timer_cancel(&barrier->spacing);
	loop_timer_cancel(&barrier->waiting);
	loop_timer_cancel(&barrier->every);
}

void barrier_free(struct barrier **barrier)
{
	if (*barrier == NULL)
		return;
	cancel_timers(*barrier);
	LIST_EACH(it, next, &(*barrier)->pings)
	{
		struct ping *ping = LIST_ENTRY(it, struct ping, link);

		drop_all(*barrier, &ping->messages);
		ping_free(*barrier, ping);
	}
	drop_all(*barrier, &(*barrier)->open);
	table_free(&(*barrier)->ids);
	mem_free(*barrier);
	*barrier = NULL;
}

const char *barrier_target(const struct barrier *barrier)
{
	if (barrier->target < barrier->params.target_count)
		return barrier->params.targets[barrier->target];
	return barrier->target > barrier->params.target_count ? barrier->params.domain : NULL;
}

static void on_waited(void *arg)
{
	struct barrier *barrier = arg;

	barrier->events.dead(barrier->arg);
}

/* The dead-line is that of the oldest ping. */
static void watch_oldest(struct barrier *barrier)
{
	uint64_t now = loop_now(barrier->params.loop);
	const struct ping *oldest;
	uint64_t due;

	loop_timer_cancel(&barrier->waiting);
	if (list_is_empty(&barrier->pings))
		return;
	oldest = LIST_ENTRY(barrier->pings.next, struct ping, link);
	due = oldest->sent_ms + barrier->params.wait_ms;
	loop_timer_set(barrier->params.loop, &barrier->waiting, due > now ? due - now : 0,
		       on_waited, barrier);
}

static void take_over(struct list *to, struct list *from)
{
	if (list_is_empty(from))
		return;
	to->next = from->next;
	to->prev = from->prev;
	to->next->prev = to;
	to->prev->next = to;
	list_init(from);
}

/* Proves everything in open: the ping goes out behind it. */
static void send_ping(struct barrier *barrier)
{
	struct ping *ping = mem_zalloc(sizeof(*ping));
	char id[ID_MAX];

	ping->number = barrier->next_number++;
	ping->to = barrier_target(barrier);
	ping->sent_ms = loop_now(barrier->params.loop);
	list_init(&ping->messages);
	take_over(&ping->messages, &barrier->open);
	list_append(&barrier->pings, &ping->link);
	barrier->ping_count++;
	barrier->pinged_ms = ping->sent_ms;
	loop_timer_cancel(&barrier->spacing);
	if (barrier->ping_count == 1)
		watch_oldest(barrier);
	snprintf(id, sizeof(id), "%s-%llu", barrier->prefix, (unsigned long long)ping->number);
	barrier->events.ping(ping->to, id, barrier->arg);
}

static void on_spacing(void *arg)
{
	barrier_flush(arg);
}

void barrier_flush(struct barrier *barrier)
{
	uint64_t since, wait;

	if (!barrier->is_up || list_is_empty(&barrier->open) || barrier_target(barrier) == NULL)
		return;
	since = loop_now(barrier->params.loop) - barrier->pinged_ms;
	/* One ping serves all stanzas of a batch: wait for the answer to the last, or a little. */
	wait = barrier->ping_count == 0 ? BARRIER_LEAST_MS : BARRIER_SPACING_MS;
	if (barrier->ping_count >= BARRIER_PINGS_MAX)
		return;
	if (since >= wait)
		send_ping(barrier);
	else
		loop_timer_set(barrier->params.loop, &barrier->spacing, wait - since, on_spacing,
			       barrier);
}

static void on_chosen(void *arg)
{
	struct barrier *barrier = arg;
	bool is_self = barrier_target(barrier) == NULL;

	loop_timer_cancel(&barrier->choosing);
	if (is_self)
		barrier->target = barrier->params.target_count + 1;
	barrier->events.chosen(barrier_target(barrier), is_self, barrier->arg);
	barrier_flush(barrier);
}

void barrier_up(struct barrier *barrier)
{
	char id[ID_MAX];

	random_hex(barrier->prefix, PREFIX_BYTES);
	barrier->is_up = true;
	barrier->target = barrier->params.target_count;
	barrier->heard_ms = loop_now(barrier->params.loop);
	barrier->pinged_ms = barrier->heard_ms - BARRIER_SPACING_MS;
	loop_timer_set(barrier->params.loop, &barrier->choosing,
		       barrier->params.target_count == 0 ? 0 : barrier->params.choose_ms, on_chosen,
		       barrier);
	loop_timer_set(barrier->params.loop, &barrier->every, barrier->params.every_ms, on_every,
		       barrier);
	for (size_t i = 0; i < barrier->params.target_count; i++) {
		snprintf(id, sizeof(id), "%s-c%zu", barrier->prefix, i);
		barrier->events.ping(barrier->params.targets[i], id, barrier->arg);
	}
}

/* REL-022: a dead link is found without traffic too. */
static void on_every(void *arg)
{
	struct barrier *barrier = arg;
	uint64_t silent = loop_now(barrier->params.loop) - barrier->heard_ms;
	uint64_t next = barrier->params.every_ms;

	if (silent < barrier->params.every_ms)
		next = barrier->params.every_ms - silent;
	loop_timer_set(barrier->params.loop, &barrier->every, next, on_every, barrier);
	if (silent >= barrier->params.every_ms && barrier->ping_count == 0 &&
	    barrier_target(barrier) != NULL)
		send_ping(barrier);
}

static void end_handed(struct barrier *barrier, struct handed *handed, enum outcome outcome,
		       const struct fault *fault)
{
	exchange_id x = handed->x;

	handed_free(barrier, handed);
	barrier->events.outcome(x, outcome, fault, barrier->arg);
}

static void end_lost(struct barrier *barrier, struct list *messages, uint64_t sent)
{
	struct fault fault;

	while (!list_is_empty(messages)) {
		struct handed *handed = LIST_ENTRY(messages->next, struct handed, link);

		if (handed->end > sent) {
			fault_set(&fault, FAULT_LINK_DOWN, "chat server not reachable");
			end_handed(barrier, handed, OUTCOME_REFUSED, &fault);
		} else {
			fault_set(&fault, FAULT_NO_ANSWER, "no word from the chat server");
			end_handed(barrier, handed, OUTCOME_UNKNOWN, &fault);
		}
	}
}

void barrier_down(struct barrier *barrier, uint64_t sent)
{
	barrier->is_up = false;
	barrier->target = barrier->params.target_count;
	cancel_timers(barrier);
	while (!list_is_empty(&barrier->pings)) {
		struct ping *ping = LIST_ENTRY(barrier->pings.next, struct ping, link);

		end_lost(barrier, &ping->messages, sent);
		ping_free(barrier, ping);
	}
	end_lost(barrier, &barrier->open, sent);
}

void barrier_add(struct barrier *barrier, exchange_id x, const char *id, const char *to,
		 uint64_t end)
{
	struct handed *handed = mem_zalloc(sizeof(*handed));

	handed->x = x;
	handed->to = mem_strndup(to, strcspn(to, "/"));
	handed->end = end;
	list_append(&barrier->open, &handed->link);
	barrier->pending++;
	if (id == NULL || table_find(barrier->ids, id, strlen(id)) != NULL)
		return;
	handed->id = mem_strdup(id);
	table_put(barrier->ids, id, strlen(id), handed);
}

static void candidate_answered(struct barrier *barrier, size_t index)
{
	if (!loop_timer_is_set(&barrier->choosing) || index >= barrier->target)
		return;
	barrier->target = index;
	if (index == 0)
		on_chosen(barrier); /* none can be better */
	else
		barrier_flush(barrier);
}

/* The order of the stream makes an answer prove all pings before it too. */
static void ping_answered(struct barrier *barrier, struct ping *answered)
{
	uint64_t number = answered->number;

	while (!list_is_empty(&barrier->pings)) {
		struct ping *ping = LIST_ENTRY(barrier->pings.next, struct ping, link);

		if (ping->number > number)
			break;
		while (!list_is_empty(&ping->messages))
			end_handed(barrier, LIST_ENTRY(ping->messages.next, struct handed, link),
				   OUTCOME_TAKEN, NULL);
		ping_free(barrier, ping);
	}
	watch_oldest(barrier);
	barrier_flush(barrier);
}

static struct ping *find_ping(struct barrier *barrier, uint64_t number)
{
	LIST_EACH(it, next, &barrier->pings)
	{
		struct ping *ping = LIST_ENTRY(it, struct ping, link);

		if (ping->number == number)
			return ping;
	}
	return NULL;
}

bool barrier_is_own_id(const struct barrier *barrier, const char *id)
{
	size_t len = strlen(barrier->prefix);

	return barrier->is_up && id != NULL && strncmp(id, barrier->prefix, len) == 0 &&
	       id[len] == '-';
}

bool barrier_answered(struct barrier *barrier, const char *from, const char *id)
{
	struct ping *ping;

	if (from == NULL || !barrier_is_own_id(barrier, id))
		return false;
	id += strlen(barrier->prefix) + 1;
	if (id[0] == 'c') {
		size_t index = strtoul(id + 1, NULL, 10);

		if (index < barrier->params.target_count &&
		    strcasecmp(from, barrier->params.targets[index]) == 0) {
			barrier->heard_ms = loop_now(barrier->params.loop);
			candidate_answered(barrier, index);
		}
		return true;
	}
	ping = find_ping(barrier, strtoull(id, NULL, 10));
	if (ping != NULL && strcasecmp(from, ping->to) == 0) {
		barrier->heard_ms = loop_now(barrier->params.loop);
		ping_answered(barrier, ping);
	}
	return true;
}

/* An error comes from the address we wrote to, or from its server. */
static bool may_speak_for(const char *from, const char *to)
{
	size_t bare = strcspn(from, "/");
	const char *domain = strchr(to, '@');

	if (strlen(to) == bare && strncasecmp(from, to, bare) == 0)
		return true;
	return domain != NULL && strcasecmp(from, domain + 1) == 0;
}

bool barrier_refused(struct barrier *barrier, const char *from, const char *id,
		     const struct fault *fault)
{
	struct handed *handed;

	if (id == NULL || from == NULL)
		return false;
	handed = table_find(barrier->ids, id, strlen(id));
	if (handed == NULL || !may_speak_for(from, handed->to))
		return false;
	end_handed(barrier, handed, OUTCOME_REFUSED, fault);
	return true;
}

size_t barrier_pending(const struct barrier *barrier)
{
	return barrier->pending;
}
