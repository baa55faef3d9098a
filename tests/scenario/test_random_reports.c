/* Random texts, outcomes, reports true and forged, broken links, long pauses and restarts, 100,000
 * of them, against the real core; a small model of our own says what must never happen: that
 * somebody is told what he did not ask for or what did not happen [RCPT-018] [RCPT-051] [RCPT-063],
 * the same twice [RCPT-029] [RCPT-068], good and bad of one message [RCPT-068], anything after an
 * error as the answer [RCPT-017], or displayed before delivered [RCPT-060]. In the end nothing is
 * left in the queue but what crashes made suspect. */
#include "support/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/bridge.h"
#include "model/counters.h"
#include "model/limits.h"
#include "support/fake_loop.h"

enum {
	USERS = 3, /* on each side */
	WORLDS = 4,
	STEPS = 25000, /* in each */
	TEXTS = STEPS,
	RECENT = 40, /* of which somebody still reports something */
	OPEN_MAX = 4096,
	ANSWER_S = 40,
	LIFE_S = 86400,
	GOOD = WANTS_DELIVERED | WANTS_DISPLAYED
};

struct text {
	enum side origin;
	int from;
	int to;
	unsigned wants;
	unsigned reported; /* by its recipient, 1 << kind */
	unsigned told;     /* to its sender, the same, at least once */
	unsigned taken;    /* and he took it */
	bool is_refused;   /* was the answer */
	bool was_taken;    /* by the recipient's side */
	bool has_failed;   /* on the way */
	uint64_t since_ms;
};

struct open {
	exchange_id x;
	int text;
	int kind; /* of the report, or -1: the text itself */
	uint64_t since_ms;
};

struct world {
	struct loop *loop;
	struct store *store;
	struct bridge *bridge;
	struct limits limits;
	struct counters counters;
	struct address users[2][USERS];
	struct text texts[TEXTS];
	int text_count;
	struct open open[OPEN_MAX];
	size_t open_count;
	bool is_up[2];
	uint64_t seed;
	unsigned long reports;
};

static uint64_t below(struct world *world, uint64_t end)
{
	world->seed = world->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (world->seed >> 33) % end;
}

/* Texts are numbered, and so are their exchanges, from 1. */
static int text_of(const char *uid)
{
	return (int)strtol(uid + 1, NULL, 10);
}

static void name_text(int text, char uid[32])
{
	(void)snprintf(uid, 32, "u%d", text);
}

static struct address *sender(struct world *world, const struct text *text)
{
	return &world->users[text->origin][text->from];
}

static struct address *recipient(struct world *world, const struct text *text)
{
	return &world->users[side_other(text->origin)][text->to];
}

/* What the core asks --------------------------------------------------------------------------- */

static void check_good(const struct world *world, const struct text *text, unsigned bit)
{
	assert_true((text->wants & bit) != 0);
	assert_true((text->told & WANTS_FAILED) == 0);
	if (bit == WANTS_PROCESSED)
		assert_true(text->was_taken);
	else
		assert_true((text->reported & GOOD) != 0);
	/* The other report may have waited too long. */
	if (bit == WANTS_DISPLAYED && (text->wants & WANTS_DELIVERED) != 0 &&
	    loop_now(world->loop) - text->since_ms < LIFE_S * 1000)
		assert_true((text->told & WANTS_DELIVERED) != 0);
}

static void check_report(struct world *world, const struct address *from, const struct address *to,
			 const struct message *message)
{
	static const char suffixes[] = "dfrp";
	const struct message_report *report = message->report;
	int number = text_of(report->about);
	struct text *text = &world->texts[number];
	unsigned bit = 1U << report->kind;
	char uid[32];

	name_text(number, uid);
	assert_string_equal(report->about, uid);
	assert_int_equal(strlen(message->uid), strlen(uid) + 2);
	assert_int_equal(message->uid[strlen(message->uid) - 1], suffixes[report->kind]);
	assert_true(address_equal(from, recipient(world, text)));
	assert_true(address_equal(to, sender(world, text)));
	assert_false(text->is_refused);
	assert_true((text->taken & bit) == 0);
	if (report->kind != REPORT_FAILED) {
		check_good(world, text, bit);
	} else {
		assert_true((text->told & GOOD) == 0);
		/* Later it may have got no answer, or have expired. */
		assert_true((text->reported & bit) != 0 || text->has_failed ||
			    loop_now(world->loop) - text->since_ms >= ANSWER_S * 1000);
	}
	text->told |= bit;
	world->reports++;
}

/* A marker stands for the earlier ones of the two. */
static void note_report(struct world *world, int number, enum report_kind kind)
{
	const struct text *about = &world->texts[number];

	world->texts[number].reported |= 1U << kind;
	if (kind != REPORT_DISPLAYED || about->origin != SIDE_SIP)
		return;
	for (int i = 1; i < number; i++) {
		struct text *text = &world->texts[i];

		if (text->origin == SIDE_SIP && text->from == about->from && text->to == about->to)
			text->reported |= WANTS_DISPLAYED;
	}
}

/* Nobody waits any more for a word about what was handed over again, or too long ago. */
static void forget_stale(struct world *world, int text, int kind)
{
	uint64_t now = loop_now(world->loop);

	for (size_t i = world->open_count; i > 0; i--) {
		const struct open *open = &world->open[i - 1];

		if ((open->text == text && open->kind == kind) ||
		    now - open->since_ms >= ANSWER_S * 1000)
			world->open[i - 1] = world->open[--world->open_count];
	}
}

static void on_deliver(void *side, exchange_id x, const struct address *from,
		       const struct address *to, const struct message *message)
{
	struct world *world = side;
	bool is_report = message->what == MESSAGE_REPORT;
	struct open open = {.x = x,
			    .text = text_of(is_report ? message->report->about : message->uid),
			    .kind = is_report ? (int)message->report->kind : -1,
			    .since_ms = loop_now(world->loop)};

	forget_stale(world, open.text, open.kind);
	assert_true(world->open_count < OPEN_MAX);
	world->open[world->open_count++] = open;
	if (is_report)
		check_report(world, from, to, message);
}

static void on_finish(void *side, exchange_id x, enum outcome outcome, const struct fault *fault)
{
	struct world *world = side;

	(void)fault;
	assert_true(x <= (exchange_id)world->text_count);
	if (outcome != OUTCOME_TAKEN && outcome != OUTCOME_STORED)
		world->texts[x].is_refused = true;
}

static const struct side_ops ops = {.deliver = on_deliver, .finish = on_finish};

/* What happens --------------------------------------------------------------------------------- */

static void write_text(struct world *world)
{
	struct message message = {.kind = MESSAGE_CHAT, .hops = -1};
	struct text *text;
	char uid[32];
	char body[32];

	if (world->text_count + 1 >= TEXTS)
		return;
	text = &world->texts[++world->text_count];
	text->origin = (enum side)below(world, 2);
	text->from = (int)below(world, USERS);
	text->to = (int)below(world, USERS);
	text->wants = (unsigned)below(world, 16);
	text->since_ms = loop_now(world->loop);
	name_text(world->text_count, uid);
	(void)snprintf(body, sizeof body, "text %d", world->text_count);
	message.uid = uid;
	message.body = body;
	message.body_len = strlen(body);
	message.wants = text->wants;
	bridge_message(world->bridge, text->origin, (exchange_id)world->text_count,
		       sender(world, text), recipient(world, text), &message);
}

static void end_one(struct world *world, bool always_taken)
{
	static const enum fault_again agains[] = {AGAIN_NEVER, AGAIN_PATH};
	struct open open;
	struct text *text;
	struct fault fault;
	size_t at;
	bool is_taken;

	forget_stale(world, 0, 0);
	if (world->open_count == 0)
		return;
	at = below(world, world->open_count);
	open = world->open[at];
	world->open[at] = world->open[--world->open_count];
	text = &world->texts[open.text];
	is_taken = always_taken || below(world, 10) < 8;
	if (is_taken && open.kind < 0)
		text->was_taken = true;
	else if (is_taken)
		text->taken |= 1U << open.kind;
	else if (open.kind < 0)
		text->has_failed = true;
	fault_set(&fault, FAULT_ITEM_NOT_FOUND, NULL);
	fault.again = agains[below(world, 2)];
	bridge_outcome(world->bridge, open.x, is_taken ? OUTCOME_TAKEN : OUTCOME_REFUSED,
		       is_taken ? NULL : &fault);
}

/* One in five is forged: another user, or of another message. */
static void report_one(struct world *world)
{
	uint64_t back = below(world, RECENT);
	int number = world->text_count - (int)back;
	enum report_kind kind = (enum report_kind)below(world, 4);
	struct address *from;
	struct address *to;
	struct text *text;
	struct fault fault;
	char uid[32];

	if (number < 1)
		return;
	text = &world->texts[number];
	from = recipient(world, text);
	to = sender(world, text);
	if (below(world, 5) == 0)
		from = &world->users[side_other(text->origin)][below(world, USERS)];
	else if (below(world, 5) == 0)
		to = &world->users[text->origin][below(world, USERS)];
	/* Who is told nothing of this kind knows nothing of it. */
	if (from == recipient(world, text) && to == sender(world, text))
		note_report(world, number, kind);
	name_text(number, uid);
	fault_set(&fault, FAULT_GONE, NULL);
	bridge_report(world->bridge, side_other(text->origin), from, to, uid, kind,
		      kind == REPORT_FAILED ? &fault : NULL);
}

static void let_pass(struct world *world)
{
	static const uint64_t pauses_ms[] = {1, 100, 700, 5000, 60000, 700000, 90000000};
	uint64_t pause = pauses_ms[below(world, below(world, 20) == 0 ? 7 : 5)];

	fake_loop_advance(world->loop, pause);
}

static void set_link(struct world *world, enum side side, bool is_up)
{
	world->is_up[side] = is_up;
	bridge_link(world->bridge, side, 0, is_up);
}

static bool yes(const struct address *user, void *arg)
{
	(void)user;
	(void)arg;
	return true;
}

static void begin(struct world *world)
{
	struct bridge_params params = {.loop = world->loop,
				       .store = world->store,
				       .limits = &world->limits,
				       .counters = &world->counters,
				       .may_use = yes,
				       .is_served = yes,
				       .arg = world,
				       .ask_again_s = 3600,
				       .refusal_hold_s = 3600,
				       .hold_s = 30,
				       .answer_s = ANSWER_S,
				       .life_s = LIFE_S,
				       .reports_late_failures = below(world, 2) == 0};

	bridge_new(&world->bridge, &params);
	bridge_attach(world->bridge, SIDE_SIP, &ops, world);
	bridge_attach(world->bridge, SIDE_XMPP, &ops, world);
	bridge_start(world->bridge, NULL, NULL);
	fake_loop_run(world->loop);
	bridge_link(world->bridge, SIDE_XMPP, 0, world->is_up[SIDE_XMPP]);
	bridge_link(world->bridge, SIDE_SIP, 0, world->is_up[SIDE_SIP]);
	fake_loop_run(world->loop);
}

/* As a crash: what had no answer gets none any more; it may be handed over again, or be set aside,
 * for it may have been the reason (REL-006). */
static void restart(struct world *world)
{
	bridge_free(&world->bridge);
	fake_loop_run(world->loop);
	for (size_t i = 0; i < world->open_count; i++)
		world->texts[world->open[i].text].has_failed = true;
	world->open_count = 0;
	begin(world);
}

static void step(struct world *world)
{
	uint64_t what = below(world, 1000);
	enum side side = (enum side)below(world, 2);

	if (what < 250)
		write_text(world);
	else if (what < 600)
		end_one(world, false);
	else if (what < 850)
		report_one(world);
	else if (what < 990)
		let_pass(world);
	else if (what < 998)
		set_link(world, side, !world->is_up[side]);
	else
		restart(world);
	fake_loop_run(world->loop);
}

static void count_one(const struct queued_message *message, void *arg)
{
	size_t *count = arg;

	if (message->state != QUEUED_ASIDE)
		(*count)++;
}

static void finish_all(struct world *world)
{
	size_t left = 0;

	set_link(world, SIDE_SIP, true);
	set_link(world, SIDE_XMPP, true);
	for (int i = 0; i < 4000; i++) {
		while (world->open_count > 0) {
			end_one(world, true);
			fake_loop_run(world->loop);
		}
		fake_loop_advance(world->loop, 1000);
	}
	bridge_each_queued(world->bridge, count_one, &left);
	assert_int_equal(left, 0);
}

static void run_world(uint64_t seed)
{
	struct world *world = mem_zalloc(sizeof *world);
	struct store_params params = {.engine = "memory"};
	char text[64];

	world->seed = seed;
	loop_new(&world->loop);
	params.loop = world->loop;
	assert_int_equal(store_open(&world->store, &params, text, sizeof text), 0);
	limits_defaults(&world->limits);
	for (int i = 0; i < USERS; i++) {
		(void)snprintf(text, sizeof text, "user%d", i);
		address_set(&world->users[SIDE_SIP][i], SIDE_SIP, text, "pbx.example");
		address_set(&world->users[SIDE_XMPP][i], SIDE_XMPP, text, "chat.example");
	}
	world->is_up[SIDE_SIP] = world->is_up[SIDE_XMPP] = true;
	begin(world);
	for (int i = 0; i < STEPS; i++)
		step(world);
	finish_all(world);
	assert_true(world->reports > STEPS / 50);
	bridge_free(&world->bridge);
	fake_loop_run(world->loop);
	store_free(&world->store);
	loop_free(&world->loop);
	for (int i = 0; i < USERS; i++) {
		address_clear(&world->users[SIDE_SIP][i]);
		address_clear(&world->users[SIDE_XMPP][i]);
	}
	mem_free(world);
}

static void test_random_reports(void **state)
{
	(void)state;
	for (uint64_t world = 1; world <= WORLDS; world++) {
		print_message("seed %" PRIu64 "\n", world);
		run_world(world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_reports)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
