/* Stands in for the core; see fake_bridge.h. */
#include "wire/fake_bridge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "core/learned.h"
#include "loop/loop.h"

enum { WAIT_MS = 10000 };

struct bridge *fake_bridge_new(struct loop *loop)
{
	struct bridge *bridge = mem_zalloc(sizeof *bridge);

	bridge->loop = loop;
	bridge->requested = WATCH_PENDING;
	struct store_params params = {.engine = "memory", .loop = loop};
	char error[128];

	if (store_open(&bridge->store, &params, error, sizeof error) != 0)
		abort();
	learned_new(&bridge->learned, loop, bridge->store);
	return bridge;
}

void fake_bridge_free(struct bridge **bridge)
{
	if (*bridge == NULL)
		return;
	for (size_t i = 0; i < (*bridge)->count; i++)
		mem_free((*bridge)->lines[i]);
	presence_clear(&(*bridge)->now);
	learned_free(&(*bridge)->learned);
	store_free(&(*bridge)->store);
	mem_free(*bridge);
	*bridge = NULL;
}

void fake_bridge_set_now(struct bridge *bridge, enum show show, const char *note)
{
	struct device *device;

	presence_clear(&bridge->now);
	device = presence_add_device(&bridge->now, "desk");
	device->basic = BASIC_OPEN;
	device->show = show;
	notes_add(&device->notes, "", note, strlen(note));
	bridge->has_now = true;
}

static void add(struct bridge *bridge, struct buf *line)
{
	bridge->heard++;
	if (bridge->is_counting) {
		buf_free(line);
		return;
	}
	if (bridge->count == sizeof bridge->lines / sizeof bridge->lines[0])
		abort();
	bridge->lines[bridge->count] = buf_take(line);
	if (bridge->wanted != NULL && strstr(bridge->lines[bridge->count], bridge->wanted) != NULL)
		loop_quit(bridge->loop);
	bridge->count++;
}

static char *take(struct bridge *bridge, const char *needle)
{
	for (size_t i = 0; i < bridge->count; i++) {
		char *line = bridge->lines[i];

		if (strstr(line, needle) == NULL)
			continue;
		bridge->count--;
		memmove(&bridge->lines[i], &bridge->lines[i + 1],
			(bridge->count - i) * sizeof bridge->lines[0]);
		return line;
	}
	return NULL;
}

static void on_timer(void *arg)
{
	loop_quit(arg);
}

char *fake_bridge_expect(struct bridge *bridge, const char *needle)
{
	struct loop_timer timer = {0};
	char *line = take(bridge, needle);

	if (line != NULL)
		return line;
	bridge->wanted = needle;
	loop_timer_set(bridge->loop, &timer, WAIT_MS, on_timer, bridge->loop);
	loop_run(bridge->loop);
	loop_timer_cancel(&timer);
	bridge->wanted = NULL;
	return take(bridge, needle);
}

size_t fake_bridge_count(const struct bridge *bridge, const char *needle)
{
	size_t count = 0;

	for (size_t i = 0; i < bridge->count; i++)
		count += strstr(bridge->lines[i], needle) != NULL ? 1 : 0;
	return count;
}

static void put_pair(struct buf *line, const char *word, const struct watch *watch)
{
	buf_puts(line, word);
	buf_putc(line, ' ');
	address_print(watch->watcher, line);
	buf_putc(line, ' ');
	address_print(watch->watched, line);
}

enum watch_answer bridge_watch_requested(struct bridge *bridge, const struct watch *watch,
					 const struct presence **now, struct fault *fault)
{
	struct buf line = BUF_INIT;

	put_pair(&line, "requested", watch);
	buf_printf(&line, " nick=%s", watch->nick != NULL ? watch->nick : "-");
	add(bridge, &line);
	*now = bridge->has_now && bridge->requested == WATCH_ALLOWED ? &bridge->now : NULL;
	*fault = bridge->requested_fault;
	return bridge->requested;
}

enum watch_answer bridge_watch_restored(struct bridge *bridge, const struct watch *watch,
					struct fault *fault)
{
	struct buf line = BUF_INIT;

	put_pair(&line, "restored", watch);
	add(bridge, &line);
	*fault = bridge->requested_fault;
	return bridge->requested;
}

enum watch_answer bridge_fetch(struct bridge *bridge, const struct watch *watch,
			       const struct presence **now)
{
	struct buf line = BUF_INIT;

	put_pair(&line, "fetch", watch);
	add(bridge, &line);
	*now = bridge->has_now && bridge->requested == WATCH_ALLOWED ? &bridge->now : NULL;
	return bridge->requested;
}

void bridge_watch_lapsed(struct bridge *bridge, const struct watch *watch)
{
	struct buf line = BUF_INIT;

	put_pair(&line, "lapsed", watch);
	add(bridge, &line);
}

static const char *answer_name(enum watch_answer answer)
{
	static const char *const names[] = {"ALLOWED",   "PENDING", "REJECTED",
					    "FORBIDDEN", "NO_SUCH", "FAILED"};

	return names[answer];
}

void bridge_watch_answered(struct bridge *bridge, const struct watch *watch,
			   enum watch_answer answer, const struct fault *fault)
{
	struct buf line = BUF_INIT;

	put_pair(&line, "answered", watch);
	buf_printf(&line, " %s %s", answer_name(answer),
		   fault != NULL ? fault_name(fault->code) : "-");
	add(bridge, &line);
}

void bridge_presence(struct bridge *bridge, const struct watch *watch,
		     const struct presence *presence)
{
	struct buf line = BUF_INIT;
	const struct device *first = presence->device_count != 0 ? presence->devices : NULL;
	const char *show = first != NULL ? show_name(first->show) : NULL;

	put_pair(&line, "presence", watch);
	buf_printf(&line, " open=%d show=%s note=", presence_is_open(presence),
		   show != NULL ? show : "-");
	if (first != NULL && first->notes.count != 0)
		buf_puts(&line, first->notes.items[0].text);
	else if (presence->notes.count != 0)
		buf_puts(&line, presence->notes.items[0].text);
	buf_printf(&line, " devices=%zu phone=%s%s other=%s", presence->device_count,
		   phone_state_name(presence->phone.state), presence->phone.is_dnd ? " dnd" : "",
		   presence->phone.other != NULL ? presence->phone.other : "-");
	buf_printf(&line, " person=%x %s", presence->person.activities,
		   presence->person.notes.count != 0 ? presence->person.notes.items[0].text : "-");
	add(bridge, &line);
}

static void put_text(struct buf *line, const char *name, const char *text)
{
	buf_puts(line, name);
	buf_puts(line, text != NULL ? text : "-");
}

static void put_origin(struct buf *line, const struct message_origin *origin)
{
	put_text(line, " origin=", origin->address);
	put_text(line, ",", origin->recipient);
	put_text(line, ",", origin->id);
	put_text(line, ",", origin->stamp);
	put_text(line, ",", origin->route);
}

void bridge_message(struct bridge *bridge, enum side origin, exchange_id x,
		    const struct address *from, const struct address *to,
		    const struct message *message)
{
	static const char *const kinds[] = {"chat", "normal", "headline"};
	struct buf line = BUF_INIT;

	(void)origin;
	bridge->last_x = x;
	buf_puts(&line, "message x ");
	address_print(from, &line);
	buf_putc(&line, ' ');
	address_print(to, &line);
	buf_printf(&line, " uid=%s kind=%s", message->uid, kinds[message->kind]);
	put_text(&line, " thread=", message->thread);
	buf_printf(&line, " wants=%u life=%lld wait=%d typing=%d sent=%lld", message->wants,
		   (long long)message->life_s, !message->must_not_wait, message->takes_typing,
		   (long long)message->sent_at_ms);
	put_origin(&line, &message->origin);
	put_text(&line, " nick=", message->nick);
	put_text(&line, " lang=", message->lang);
	put_text(&line, " subject=", message->subject);
	buf_printf(&line, " hops=%d: ", message->hops);
	buf_append(&line, message->body, message->body_len);
	add(bridge, &line);
}

void bridge_outcome(struct bridge *bridge, exchange_id x, enum outcome outcome,
		    const struct fault *fault)
{
	static const char *const names[] = {"TAKEN", "STORED", "REFUSED", "UNKNOWN"};
	static const char *const again[] = {"never", "held", "few", "path"};
	struct buf line = BUF_INIT;

	bridge->last_x = x;
	buf_printf(&line, "outcome %llu %s %s sip=%d retry=%d %s", (unsigned long long)x,
		   names[outcome], fault != NULL ? fault_name(fault->code) : "-",
		   fault != NULL ? fault->sip_status : 0, fault != NULL ? fault->retry_after_s : 0,
		   fault != NULL ? fault->text : "");
	if (fault != NULL)
		buf_printf(&line, " again=%s", again[fault->again]);
	add(bridge, &line);
}

bool bridge_may_see(struct bridge *bridge, const struct address *watcher,
		    const struct address *watched, const struct presence **now)
{
	(void)watched;
	if (now != NULL)
		*now = NULL;
	return address_is_domain(watcher) ? bridge->domain_may_see : bridge->may_see;
}

bool bridge_may_watch(struct bridge *bridge, const struct address *watcher,
		      const struct address *watched)
{
	(void)watched;
	return bridge->barred == NULL || strcmp(watcher->local, bridge->barred) != 0;
}

static void put_two(struct buf *line, const char *word, const struct address *from,
		    const struct address *to)
{
	buf_puts(line, word);
	address_print(from, line);
	buf_putc(line, ' ');
	address_print(to, line);
}

void bridge_report(struct bridge *bridge, enum side origin, const struct address *from,
		   const struct address *to, const char *uid, enum report_kind kind,
		   const struct fault *fault)
{
	static const char *const kinds[] = {"delivered", "failed", "displayed", "processed"};
	struct buf line = BUF_INIT;

	put_two(&line, "report ", from, to);
	buf_printf(&line, " uid=%s %s %s side=%s", uid, kinds[kind],
		   fault != NULL ? fault_name(fault->code) : "-", side_name(origin));
	add(bridge, &line);
}

void bridge_typing(struct bridge *bridge, enum side origin, const struct address *from,
		   const struct address *to, const struct typing *typing)
{
	struct buf line = BUF_INIT;

	put_two(&line, "typing ", from, to);
	buf_printf(&line, " %s refresh=%d side=%s", typing->is_active ? "active" : "idle",
		   typing->refresh_s, side_name(origin));
	add(bridge, &line);
}

struct learned *bridge_learned(struct bridge *bridge)
{
	return bridge->learned;
}
