/* Requests held back; see backlog.h. Only ways that are full at present have an entry. */
#include "sip/backlog.h"

#include <sofia-sip/su_wait.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/tport.h>

#include "base/mem.h"
#include "base/table.h"
#include "loop/loop.h"
#include "model/limits.h"

enum {
	BACKLOG_LOOK_MS = 10,
	/* Half of Sofia's queue (agent.c: AGENT_QUEUE); answers use the same. */
	BACKLOG_MOST = 500
};

/* One way whose connection has too much unwritten. */
struct jam {
	struct backlog *backlog;
	tport_t *transport;
	struct list waiting;
	struct loop_timer timer;
	char *key;
	size_t key_len;
};

struct backlog {
	struct loop *loop;
	const struct limits *limits;
	backlog_send_fn *send;
	struct table *jams;
};

struct backlog *backlog_new(struct loop *loop, const struct limits *limits, backlog_send_fn *send)
{
	struct backlog *backlog = mem_zalloc(sizeof *backlog);

	backlog->loop = loop;
	backlog->limits = limits;
	backlog->send = send;
	backlog->jams = table_new();
	return backlog;
}

static void free_jam(struct jam *jam)
{
	table_remove(jam->backlog->jams, jam->key, jam->key_len);
	loop_timer_cancel(&jam->timer);
	if (jam->transport != NULL)
		tport_unref(jam->transport);
	mem_free(jam->key);
	mem_free(jam);
}

static bool free_each(void *value, void *arg)
{
	struct jam *jam = value;

	(void)arg;
	LIST_EACH(link, next, &jam->waiting)
	list_remove(link);
	free_jam(jam);
	return true;
}

void backlog_free(struct backlog **backlog)
{
	if (*backlog == NULL)
		return;
	table_each((*backlog)->jams, free_each, NULL);
	table_free(&(*backlog)->jams);
	mem_free(*backlog);
	*backlog = NULL;
}

size_t backlog_count(const struct backlog *backlog)
{
	return table_count(backlog->jams);
}

static bool is_full(const struct backlog *backlog, const tport_t *transport)
{
	int64_t most = backlog->limits->sip_unsent;

	if (transport == NULL || tport_is_closed(transport))
		return false;
	return (int64_t)tport_queuelen(transport) >= (most < BACKLOG_MOST ? most : BACKLOG_MOST);
}

static void on_timer(void *arg)
{
	struct jam *jam = arg;
	struct backlog *backlog = jam->backlog;

	while (!list_is_empty(&jam->waiting) && !is_full(backlog, jam->transport)) {
		struct list *link = jam->waiting.next;

		list_remove(link);
		if (jam->transport != NULL)
			tport_unref(jam->transport);
		jam->transport = backlog->send(link);
	}
	if (list_is_empty(&jam->waiting) && !is_full(backlog, jam->transport))
		free_jam(jam);
	else
		loop_timer_set(backlog->loop, &jam->timer, BACKLOG_LOOK_MS, on_timer, jam);
}

bool backlog_wait(struct backlog *backlog, const char *key, size_t key_len, struct list *link)
{
	struct jam *jam;

	if (table_count(backlog->jams) == 0)
		return false;
	jam = table_find(backlog->jams, key, key_len);
	if (jam == NULL)
		return false;
	list_append(&jam->waiting, link);
	return true;
}

void backlog_sent(struct backlog *backlog, const char *key, size_t key_len,
		  struct tport_s *transport)
{
	struct jam *jam;

	if (!is_full(backlog, transport)) {
		if (transport != NULL)
			tport_unref(transport);
		return;
	}
	jam = mem_zalloc(sizeof *jam);
	jam->backlog = backlog;
	jam->transport = transport;
	list_init(&jam->waiting);
	jam->key = mem_strndup(key, key_len);
	jam->key_len = key_len;
	table_put(backlog->jams, jam->key, jam->key_len, jam);
	loop_timer_set(backlog->loop, &jam->timer, BACKLOG_LOOK_MS, on_timer, jam);
}
