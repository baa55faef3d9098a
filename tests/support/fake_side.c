#include "support/fake_side.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/rich.h"

struct fake_side {
	enum side which;
	fake_line_fn *line;
	void *arg;
	bool is_reporting;
	unsigned full;      /* 1 << link */
	exchange_id *begun; /* by the core */
	size_t begun_count;
};

/* Exchanges of tests are small numbers. */
static const exchange_id own_most = UINT32_MAX;

/* Text ----------------------------------------------------------------------------------------- */

void fake_address_text(const struct address *address, struct buf *out)
{
	bool is_chat = address->side == SIDE_XMPP;
	const char *usual = is_chat ? FAKE_CHAT_DOMAIN : FAKE_PHONE_DOMAIN;

	buf_puts(out, is_chat ? "x:" : "s:");
	buf_puts(out, address->local);
	if (strcmp(address->domain, usual) != 0) {
		buf_putc(out, '@');
		buf_puts(out, address->domain);
	}
}

static void put_notes(const struct notes *notes, struct buf *out)
{
	for (size_t i = 0; i < notes->count; i++) {
		buf_puts(out, ",\"");
		buf_puts(out, notes->items[i].text);
		buf_putc(out, '"');
	}
}

static void put_device(const struct device *device, struct buf *out)
{
	static const char *const basics[] = {
		[BASIC_UNSET] = "unset", [BASIC_CLOSED] = "closed", [BASIC_OPEN] = "open"};

	buf_puts(out, device->id == NULL ? "all" : device->id);
	buf_putc(out, '=');
	buf_puts(out, basics[device->basic]);
	if (device->show != SHOW_NONE) {
		buf_putc(out, ',');
		buf_puts(out, show_name(device->show));
	}
	if (device->priority != PRESENCE_PRIORITY_UNSET)
		buf_printf(out, ",%d", device->priority);
	put_notes(&device->notes, out);
}

static void put_rich(const struct rich *rich, struct buf *out)
{
	if (rich != NULL && rich->mood != NULL)
		buf_printf(out, " +mood:%s", rich->mood);
	if (rich != NULL && rich->activity != NULL)
		buf_printf(out, " +doing:%s", rich->activity);
	if (rich != NULL && rich->display_name != NULL)
		buf_printf(out, " +name:%s", rich->display_name);
}

static void put_phone(const struct phone *phone, struct buf *out)
{
	if (phone->state != PHONE_UNKNOWN)
		buf_printf(out, " +phone:%s", phone_state_name(phone->state));
	if (phone->other != NULL)
		buf_printf(out, ":%s", phone->other);
	if (phone->is_dnd)
		buf_puts(out, " +dnd");
}

void fake_presence_text(const struct presence *presence, struct buf *out)
{
	if (presence == NULL) {
		buf_puts(out, "unknown");
		return;
	}
	if (presence->device_count == 0)
		buf_puts(out, "empty");
	for (size_t i = 0; i < presence->device_count; i++) {
		if (i > 0)
			buf_putc(out, ' ');
		put_device(&presence->devices[i], out);
	}
	if (presence->person.idle)
		buf_puts(out, " +idle");
	for (int i = 0; i < ACTIVITY_COUNT; i++) {
		if ((presence->person.activities & UINT32_C(1) << i) != 0)
			buf_printf(out, " +%s", activity_name((enum activity)i));
	}
	put_rich(presence->person.rich, out);
	put_phone(&presence->phone, out);
}

const char *fake_answer_name(enum watch_answer answer)
{
	static const char *const names[] = {
		[WATCH_ALLOWED] = "allowed",   [WATCH_PENDING] = "pending",
		[WATCH_REJECTED] = "rejected", [WATCH_FORBIDDEN] = "forbidden",
		[WATCH_NO_SUCH] = "no-such",   [WATCH_FAILED] = "failed"};

	return names[answer];
}

const char *fake_outcome_name(enum outcome outcome)
{
	static const char *const names[] = {[OUTCOME_TAKEN] = "taken",
					    [OUTCOME_STORED] = "stored",
					    [OUTCOME_REFUSED] = "refused",
					    [OUTCOME_UNKNOWN] = "unknown"};

	return names[outcome];
}

const char *fake_report_name(enum report_kind kind)
{
	static const char *const names[] = {[REPORT_DELIVERED] = "delivered",
					    [REPORT_FAILED] = "failed",
					    [REPORT_DISPLAYED] = "displayed",
					    [REPORT_PROCESSED] = "processed"};

	return names[kind];
}

void fake_fault_text(const struct fault *fault, struct buf *out)
{
	if (fault == NULL)
		return;
	buf_putc(out, ' ');
	buf_puts(out, fault_name(fault->code));
	if (fault->retry_after_s > 0)
		buf_puts(out, " later");
}

/* Calls ---------------------------------------------------------------------------------------- */

static void begin(const struct fake_side *side, const char *verb, struct buf *out)
{
	buf_printf(out, "%s %s", side_name(side->which), verb);
}

static void begin_watch(const struct fake_side *side, const char *verb, const struct watch *watch,
			struct buf *out)
{
	begin(side, verb, out);
	buf_putc(out, ' ');
	fake_address_text(watch->watcher, out);
	buf_putc(out, ' ');
	fake_address_text(watch->watched, out);
}

static void end(struct fake_side *side, struct buf *out)
{
	if (side->is_reporting)
		buf_puts(out, " (entered again)");
	if (side->line != NULL)
		side->line(buf_text(out), side->arg);
	buf_free(out);
}

static void fake_watch(void *arg, const struct watch *watch, bool ask)
{
	struct buf out = BUF_INIT;

	begin_watch(arg, "watch", watch, &out);
	if (ask)
		buf_puts(&out, " ask");
	if (watch->nick != NULL)
		buf_printf(&out, " nick=%s", watch->nick);
	end(arg, &out);
}

static void fake_unwatch(void *arg, const struct watch *watch, enum unwatch_why why)
{
	struct buf out = BUF_INIT;

	begin_watch(arg, "unwatch", watch, &out);
	buf_puts(&out, why == UNWATCH_END ? " end" : " rest");
	end(arg, &out);
}

static void fake_refresh(void *arg, const struct watch *watch)
{
	struct buf out = BUF_INIT;

	begin_watch(arg, "refresh", watch, &out);
	end(arg, &out);
}

static void fake_answer(void *arg, const struct watch *watch, enum watch_answer answer,
			const struct fault *fault, const struct presence *now)
{
	struct buf out = BUF_INIT;

	begin_watch(arg, "answer", watch, &out);
	buf_printf(&out, " %s", fake_answer_name(answer));
	if (answer == WATCH_ALLOWED) {
		buf_putc(&out, ' ');
		fake_presence_text(now, &out);
	}
	fake_fault_text(fault, &out);
	end(arg, &out);
}

static void fake_tell(void *arg, const struct watch *watch, const struct presence *presence)
{
	struct buf out = BUF_INIT;

	begin_watch(arg, "tell", watch, &out);
	buf_putc(&out, ' ');
	fake_presence_text(presence, &out);
	end(arg, &out);
}

static void fake_tell_person(void *arg, const struct watch *watch, const struct presence *presence)
{
	struct buf out = BUF_INIT;

	begin_watch(arg, "tell_person", watch, &out);
	buf_putc(&out, ' ');
	fake_presence_text(presence, &out);
	end(arg, &out);
}

static char letter_of(const struct fake_side *side)
{
	return side->which == SIDE_SIP ? 's' : 'x';
}

static void put_exchange(struct fake_side *side, exchange_id x, struct buf *out)
{
	size_t at = 0;

	if (x <= own_most) {
		buf_printf(out, "m%" PRIu64, x);
		return;
	}
	while (at < side->begun_count && side->begun[at] != x)
		at++;
	if (at == side->begun_count) {
		side->begun = mem_resize(side->begun, at + 1, sizeof *side->begun);
		side->begun[side->begun_count++] = x;
	}
	buf_printf(out, "%c%zu", letter_of(side), at + 1);
}

exchange_id fake_side_exchange(const struct fake_side *side, const char *name)
{
	unsigned long long number = name[0] == '\0' ? 0 : strtoull(name + 1, NULL, 10);

	if (name[0] == 'm')
		return number;
	return name[0] == letter_of(side) && number > 0 && number <= side->begun_count
		       ? side->begun[number - 1]
		       : 0;
}

static void put_quoted(const char *text, size_t len, struct buf *out)
{
	buf_puts(out, " \"");
	buf_append(out, text, len);
	buf_putc(out, '"');
}

static void put_report(const struct message *message, struct buf *out)
{
	const struct message_report *report = message->report;

	buf_printf(out, " report %s %s as %s", fake_report_name(report->kind), report->about,
		   message->uid);
	if (report->origin.address != NULL)
		buf_printf(out, " to %s", report->origin.address);
	if (report->kind == REPORT_FAILED)
		fake_fault_text(&report->fault, out);
	if (report->kind == REPORT_FAILED && fault_is_uncertain(&report->fault))
		buf_puts(out, " uncertain");
	if (report->excerpt != NULL)
		put_quoted(report->excerpt, strlen(report->excerpt), out);
}

static void fake_deliver(void *arg, exchange_id x, const struct address *from,
			 const struct address *to, const struct message *message)
{
	struct buf out = BUF_INIT;

	begin(arg, "deliver ", &out);
	put_exchange(arg, x, &out);
	buf_putc(&out, ' ');
	fake_address_text(from, &out);
	buf_putc(&out, ' ');
	fake_address_text(to, &out);
	if (message->what == MESSAGE_REPORT)
		put_report(message, &out);
	else
		put_quoted(message->body, message->body_len, &out);
	if (message->repeat > 0)
		buf_printf(&out, " repeat=%" PRIu32, message->repeat);
	end(arg, &out);
}

static bool fake_is_full(void *arg, unsigned link)
{
	const struct fake_side *side = arg;

	return (side->full & 1u << link) != 0;
}

static void fake_finish(void *arg, exchange_id x, enum outcome outcome, const struct fault *fault)
{
	struct buf out = BUF_INIT;

	begin(arg, "finish", &out);
	buf_printf(&out, " m%" PRIu64 " %s", x, fake_outcome_name(outcome));
	fake_fault_text(fault, &out);
	end(arg, &out);
}

static void fake_typing(void *arg, const struct address *from, const struct address *to,
			const struct typing *typing)
{
	struct buf out = BUF_INIT;

	begin(arg, "typing ", &out);
	fake_address_text(from, &out);
	buf_putc(&out, ' ');
	fake_address_text(to, &out);
	buf_puts(&out, typing->is_active ? " active" : " idle");
	if (typing->refresh_s > 0)
		buf_printf(&out, " %d", typing->refresh_s);
	end(arg, &out);
}

const struct side_ops *fake_side_ops(void)
{
	static const struct side_ops ops = {
		.watch = fake_watch,
		.unwatch = fake_unwatch,
		.refresh = fake_refresh,
		.answer = fake_answer,
		.tell = fake_tell,
		.tell_person = fake_tell_person,
		.deliver = fake_deliver,
		.is_full = fake_is_full,
		.finish = fake_finish,
		.typing = fake_typing,
	};

	return &ops;
}

void fake_side_new(struct fake_side **out, enum side which, fake_line_fn *line, void *arg)
{
	struct fake_side *side = mem_zalloc(sizeof *side);

	side->which = which;
	side->line = line;
	side->arg = arg;
	*out = side;
}

void fake_side_free(struct fake_side **side)
{
	mem_free((*side)->begun);
	mem_free(*side);
	*side = NULL;
}

void fake_side_fill(struct fake_side *side, unsigned link, bool is_full)
{
	side->full = is_full ? side->full | 1u << link : side->full & ~(1u << link);
}

void fake_side_reporting(struct fake_side *side, bool is_reporting)
{
	side->is_reporting = is_reporting;
}
