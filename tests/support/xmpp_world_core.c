/* The core of xmpp_world: the functions of core/bridge.h that the side calls, as lines. */
#include "core/bridge.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/table.h"
#include "model/rich.h"
#include "support/fake_side.h"
#include "support/xmpp_world_private.h"

static void put_line(struct world *world, struct buf *text)
{
	struct line *line = mem_zalloc(sizeof(*line));

	line->text = buf_take(text);
	*world->tail = line;
	world->tail = &line->next;
}

unsigned world_number_of(struct world *world, exchange_id x)
{
	uintptr_t known = (uintptr_t)table_find(world->numbers, &x, sizeof(x));

	if (known != 0)
		return (unsigned)known - 1;
	world->exchanges = mem_resize(world->exchanges, world->exchange_count + 1, sizeof(x));
	world->exchanges[world->exchange_count] = x;
	world->exchange_count++;
	table_put(world->numbers, &x, sizeof(x), (void *)(uintptr_t)(world->exchange_count + 1));
	return world->exchange_count;
}

static void add_address(struct buf *out, const struct address *address)
{
	buf_putc(out, ' ');
	fake_address_text(address, out);
}

static void add_watch(struct buf *out, const struct watch *watch)
{
	add_address(out, watch->watcher);
	add_address(out, watch->watched);
}

/* core/bridge.h ----------------------------------------------------------------------------------
 */

void bridge_link(struct bridge *bridge, enum side which, unsigned link, bool is_up)
{
	struct buf line = BUF_INIT;

	(void)which;
	buf_puts(&line, "link ");
	if (link > 0)
		buf_printf(&line, "%u ", link);
	buf_puts(&line, is_up ? "up" : "down");
	put_line(bridge->world, &line);
}

static enum watch_answer answer_now(struct world *world, const struct presence **now,
				    struct fault *fault)
{
	*now = world->has_now ? &world->now : NULL;
	*fault = world->fault;
	return world->answer;
}

enum watch_answer bridge_watch_requested(struct bridge *bridge, const struct watch *watch,
					 const struct presence **now, struct fault *fault)
{
	struct buf line = BUF_INIT;

	buf_puts(&line, "watch_requested");
	add_watch(&line, watch);
	if (watch->nick != NULL)
		buf_printf(&line, " nick=%s", watch->nick);
	put_line(bridge->world, &line);
	return answer_now(bridge->world, now, fault);
}

void bridge_watch_withdrawn(struct bridge *bridge, const struct watch *watch)
{
	struct buf line = BUF_INIT;

	buf_puts(&line, "watch_withdrawn");
	add_watch(&line, watch);
	put_line(bridge->world, &line);
}

enum watch_answer bridge_probed(struct bridge *bridge, const struct watch *watch,
				const struct presence **now, struct fault *fault)
{
	struct buf line = BUF_INIT;

	buf_puts(&line, "probed");
	add_watch(&line, watch);
	put_line(bridge->world, &line);
	return answer_now(bridge->world, now, fault);
}

void bridge_user_seen(struct bridge *bridge, const struct address *user, bool is_online)
{
	struct buf line = BUF_INIT;

	buf_puts(&line, "seen");
	add_address(&line, user);
	buf_puts(&line, is_online ? " online" : " offline");
	put_line(bridge->world, &line);
}

void bridge_watch_answered(struct bridge *bridge, const struct watch *watch,
			   enum watch_answer answer, const struct fault *fault)
{
	struct buf line = BUF_INIT;

	buf_puts(&line, "answered");
	add_watch(&line, watch);
	buf_printf(&line, " %s", fake_answer_name(answer));
	fake_fault_text(fault, &line);
	put_line(bridge->world, &line);
}

void bridge_device(struct bridge *bridge, const struct watch *watch, const struct device *device)
{
	struct buf line = BUF_INIT;

	buf_puts(&line, "device");
	add_watch(&line, watch);
	buf_printf(&line, " %s %s", device->id == NULL ? "-" : device->id,
		   device->basic == BASIC_OPEN ? "open" : "closed");
	if (device->show != SHOW_NONE)
		buf_printf(&line, ",%s", show_name(device->show));
	if (device->idle)
		buf_printf(&line, ",idle%s", device->idle_since_ms == 0 ? "" : " since");
	if (device->since_ms == 0)
		buf_puts(&line, ",undated");
	if (device->notes.count > 0)
		buf_printf(&line, ",\"%s\"", device->notes.items[0].text);
	put_line(bridge->world, &line);
}

bool bridge_may_see(struct bridge *bridge, const struct address *watcher,
		    const struct address *watched, const struct presence **now)
{
	struct world *world = bridge->world;
	bool may_see = watcher->side == SIDE_XMPP ? world->answer == WATCH_ALLOWED : world->may_see;

	(void)watched;
	if (now != NULL)
		*now = may_see && watcher->side == SIDE_XMPP && world->has_now ? &world->now : NULL;
	return may_see;
}

/* One that says nothing is told only if he said something before. */
void bridge_person(struct bridge *bridge, const struct watch *watch, const struct person *person)
{
	const struct rich *rich = person->rich;
	struct buf line = BUF_INIT;

	buf_puts(&line, "person");
	add_watch(&line, watch);
	if (rich != NULL && rich->mood != NULL)
		buf_printf(&line, " mood=%s", rich->mood);
	if (rich != NULL && rich->mood_notes.count > 0)
		buf_printf(&line, " \"%s\"", rich->mood_notes.items[0].text);
	if (rich != NULL && rich->activity != NULL)
		buf_printf(&line, " activity=%s", rich->activity);
	if (rich != NULL && rich->display_name != NULL)
		buf_printf(&line, " name=%s", rich->display_name);
	put_line(bridge->world, &line);
}

static void put_wishes(const struct message *message, struct buf *line)
{
	if ((message->wants & WANTS_DELIVERED) != 0)
		buf_puts(line, " delivered?");
	if ((message->wants & WANTS_FAILED) != 0)
		buf_puts(line, " failed?");
	if ((message->wants & WANTS_DISPLAYED) != 0)
		buf_puts(line, " displayed?");
	if (message->must_not_wait)
		buf_puts(line, " now or never");
}

static void put_origin(struct world *world, exchange_id x, const struct message_origin *origin)
{
	struct buf line = BUF_INIT;

	buf_printf(&line, "origin m%u %s %s id=%s thread=%s", world_number_of(world, x),
		   origin->address, origin->recipient, origin->id == NULL ? "-" : origin->id,
		   origin->thread == NULL ? "-" : origin->thread);
	put_line(world, &line);
}

void bridge_message(struct bridge *bridge, enum side origin, exchange_id x,
		    const struct address *from, const struct address *to,
		    const struct message *message)
{
	static const char *const kinds[] = {"chat", "normal", "headline"};
	struct world *world = bridge->world;
	struct buf line = BUF_INIT;

	(void)origin;
	if (world->hook != NULL) {
		world->hook(x, world->hook_arg);
		return;
	}
	buf_printf(&line, "message m%u", world_number_of(world, x));
	add_address(&line, from);
	add_address(&line, to);
	if (message->nick != NULL)
		buf_printf(&line, " nick=%s", message->nick);
	buf_printf(&line, " %s \"%.*s\"", kinds[message->kind],
		   message->body_len > 200 ? 200 : (int)message->body_len, message->body);
	put_wishes(message, &line);
	if (message->sent_at_ms != 0)
		buf_printf(&line, " sent=%lld", (long long)(message->sent_at_ms / 1000));
	put_line(world, &line);
	put_origin(world, x, &message->origin);
}

void bridge_report(struct bridge *bridge, enum side origin, const struct address *from,
		   const struct address *to, const char *uid, enum report_kind kind,
		   const struct fault *fault)
{
	static const char *const kinds[] = {"delivered", "failed", "displayed", "processed"};
	struct buf line = BUF_INIT;

	(void)origin;
	buf_puts(&line, "report");
	add_address(&line, from);
	add_address(&line, to);
	buf_printf(&line, " %s %s", uid, kinds[kind]);
	fake_fault_text(fault, &line);
	put_line(bridge->world, &line);
}

void bridge_typing(struct bridge *bridge, enum side origin, const struct address *from,
		   const struct address *to, const struct typing *typing)
{
	struct buf line = BUF_INIT;

	(void)origin;
	buf_puts(&line, "typing");
	add_address(&line, from);
	add_address(&line, to);
	buf_puts(&line, typing->is_active ? " active" : " idle");
	if (typing->refresh_s != 0)
		buf_printf(&line, " %d", typing->refresh_s);
	put_line(bridge->world, &line);
}

struct learned *bridge_learned(struct bridge *bridge)
{
	return bridge->world->learned;
}

void bridge_outcome(struct bridge *bridge, exchange_id x, enum outcome outcome,
		    const struct fault *fault)
{
	struct world *world = bridge->world;
	struct buf line = BUF_INIT;

	if (world->hook != NULL) {
		world->hook(x, world->hook_arg);
		return;
	}
	buf_printf(&line, "outcome m%u %s", world_number_of(world, x), fake_outcome_name(outcome));
	fake_fault_text(fault, &line);
	put_line(world, &line);
}
