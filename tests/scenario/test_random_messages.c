/* Random messages, outcomes, breaks of links, faults of the store, crashes and stops, against the
 * real core; a judge who saw both ends says what must never happen. Each accepted message is shown
 * to its recipient or reported to its sender, never both unless that is said to be uncertain, never
 * neither [REL-001] [REL-007] [REL-009] nothing is shown or reported twice, by uid [REL-004] the
 * order of each pair is kept [REL-008] one message at a time is under way from a chat user to a
 * phone [MSG-020] accepted = delivered + reported + queued + quarantined, after every crash
 * [REL-060] in the end the queue and its rows are empty. */
#include "support/check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/bridge.h"
#include "model/counters.h"
#include "model/limits.h"
#include "support/fake_loop.h"
#include "support/moody_store.h"

enum {
	USERS = 3, /* on each side */
	PAIRS = USERS * USERS,
	WORLDS = 12,
	STEPS = 12000, /* in each */
	MESSAGES = STEPS,
	FLIGHTS = 4096,
	LIFE_S = 7200,
	ANSWER_S = 40,
	REPORT_UNKNOWNS = 3
};

struct sent {
	enum side origin;
	int pair;
	int number; /* within the pair */
	enum outcome outcome;
	bool is_finished;
	bool was_lost;     /* its process ended before it had an answer */
	bool is_shown;     /* to its recipient */
	bool is_reported;  /* to its sender: it failed */
	bool is_uncertain; /* it was shown, and its side did not hear of it */
	bool was_refused;  /* for what it is; a crash may come before that is on disk */
	bool is_over;      /* its side took it, and the core knows, and no crash since */
	bool is_told;      /* the same for the report */
	int unknowns;      /* words missing of the report: in the end it is given up */
};

struct flight {
	exchange_id x;
	enum side side; /* where it is */
	int message;
	int pair;
	bool is_report;
	uint64_t since_ms;
};

struct world {
	struct loop *loop;
	struct store *store;
	struct bridge *bridge;
	struct limits limits;
	struct counters counters;
	struct address users[2][USERS];
	struct sent sent[MESSAGES];
	int count;
	int numbers[2][PAIRS];
	int shown[2][PAIRS]; /* number of the last one */
	struct flight flights[FLIGHTS];
	int flight_count;
	bool is_up[2];
	bool is_full;
	bool may_die; /* else it only stops in order */
	bool is_calm; /* everything goes well from now on */
	bool is_reporting;
	uint64_t seed;
	uint64_t kills;
};

struct end {
	struct world *world;
	enum side which;
};

static uint64_t dice(struct world *world, uint64_t below)
{
	world->seed ^= world->seed << 13;
	world->seed ^= world->seed >> 7;
	world->seed ^= world->seed << 17;
	return world->seed % below;
}

static bool chance(struct world *world, uint64_t percent)
{
	return dice(world, 100) < percent;
}

/* What the ends see ---------------------------------------------------------------------------- */

static void see(struct world *world, int message)
{
	struct sent *sent = &world->sent[message];
	int *last = &world->shown[sent->origin][sent->pair];
	bool may_be_late = sent->was_refused && sent->origin == SIDE_SIP && world->kills > 0;

	if (sent->is_shown)
		return; /* his client knows the uid */
	sent->is_shown = true;
	if (may_be_late && sent->number < *last)
		return; /* refused beside others, and after a crash not any more */
	if (sent->number <= *last)
		printf("u%d: number %d after %d\n", message, sent->number, *last);
	assert_true(sent->number > *last);
	*last = sent->number;
}

static int index_of(const struct address *address)
{
	return address->local[1] - '0';
}

static void drop_flight(struct world *world, int at)
{
	for (int i = at + 1; i < world->flight_count; i++)
		world->flights[i - 1] = world->flights[i];
	world->flight_count--;
}

static void arrive(struct world *world, const struct flight *flight, bool is_heard);

static void miss_report(struct world *world, const struct flight *flight)
{
	struct sent *sent = &world->sent[flight->message];

	if (++sent->unknowns > REPORT_UNKNOWNS)
		sent->is_reported = true; /* as far as can be */
}

/* The core has given up waiting: a word comes too late for it. */
static void forget_old(struct world *world)
{
	for (int i = 0; i < world->flight_count;) {
		struct flight old = world->flights[i];

		if (loop_now(world->loop) - old.since_ms < ANSWER_S * 1000) {
			i++;
			continue;
		}
		drop_flight(world, i);
		if (old.is_report)
			miss_report(world, &old);
		if (old.side == SIDE_SIP && chance(world, 50))
			arrive(world, &old, false);
	}
}

static struct flight *new_flight(struct end *end, exchange_id x, const struct address *from,
				 const struct address *to, const struct message *message)
{
	struct world *world = end->world;
	struct flight *flight;

	forget_old(world);
	flight = &world->flights[world->flight_count++];
	assert_true(world->flight_count < FLIGHTS);
	*flight = (struct flight){.x = x, .side = end->which};
	flight->pair = index_of(from) * USERS + index_of(to);
	flight->since_ms = loop_now(world->loop);
	flight->is_report = message->what == MESSAGE_REPORT;
	for (int i = 0; i < world->flight_count - 1; i++) {
		const struct flight *other = &world->flights[i];

		assert_true(other->x != x);
		if (end->which == SIDE_SIP && other->side == SIDE_SIP)
			assert_true(other->pair != flight->pair);
	}
	return flight;
}

static void on_deliver(void *arg, exchange_id x, const struct address *from,
		       const struct address *to, const struct message *message)
{
	struct end *end = arg;
	struct world *world = end->world;
	struct flight *flight = new_flight(end, x, from, to, message);
	const struct sent *sent;

	assert_false(world->is_reporting);
	assert_true(world->is_up[end->which]);
	assert_int_equal(to->side, end->which);
	if (flight->is_report) {
		char uid[32];

		flight->message = atoi(message->report->about + 1);
		(void)snprintf(uid, sizeof uid, "u%d-f", flight->message);
		assert_string_equal(message->uid, uid);
		assert_int_equal(message->report->kind, REPORT_FAILED);
		assert_string_equal(message->report->origin.id, message->report->about);
	} else {
		flight->message = atoi(message->uid + 1);
		assert_string_equal(message->body, message->uid);
	}
	sent = &world->sent[flight->message];
	assert_true(flight->is_report ? sent->origin == end->which : sent->origin != end->which);
	assert_false(flight->is_report ? sent->is_told : sent->is_over);
	assert_true(!flight->is_report || !sent->is_shown ||
		    fault_is_uncertain(&message->report->fault));
	/* Nobody hears that it failed and then sees it after all. */
	if (!flight->is_report && sent->is_reported)
		assert_true(sent->is_uncertain);
	if (!flight->is_report && sent->is_finished)
		assert_true(sent->outcome == OUTCOME_STORED);
}

static void on_finish(void *arg, exchange_id x, enum outcome outcome, const struct fault *fault)
{
	struct end *end = arg;
	struct sent *sent = &end->world->sent[x - 1];

	assert_int_equal(sent->origin, end->which);
	assert_false(sent->is_finished);
	assert_false(sent->was_lost);
	assert_true((outcome == OUTCOME_TAKEN || outcome == OUTCOME_STORED) == (fault == NULL));
	sent->is_finished = true;
	sent->outcome = outcome;
}

static bool on_is_full(void *arg, unsigned link)
{
	const struct end *end = arg;

	return link == 0 && end->which == SIDE_XMPP && end->world->is_full;
}

static const struct side_ops ops = {
	.deliver = on_deliver, .finish = on_finish, .is_full = on_is_full};

/* What the sides say --------------------------------------------------------------------------- */

/* It has arrived; does the core hear so? */
static void arrive(struct world *world, const struct flight *flight, bool is_heard)
{
	struct sent *sent = &world->sent[flight->message];

	if (flight->is_report) {
		sent->is_reported = true;
		sent->is_told |= is_heard;
		return;
	}
	see(world, flight->message);
	sent->is_over |= is_heard;
	sent->is_uncertain |= !is_heard;
}

static void say(struct world *world, int at, enum outcome outcome, enum fault_again again)
{
	struct flight flight = world->flights[at];
	struct fault fault;

	drop_flight(world, at);
	if (!flight.is_report && outcome == OUTCOME_REFUSED && again != AGAIN_PATH)
		world->sent[flight.message].was_refused = true;
	fault_set(&fault, FAULT_SERVICE_UNAVAILABLE, "random");
	fault.again = again;
	if (again == AGAIN_PATH && chance(world, 20))
		fault.retry_after_s = 1 + (int)dice(world, 100);
	world->is_reporting = true;
	bridge_outcome(world->bridge, flight.x, outcome, outcome == OUTCOME_TAKEN ? NULL : &fault);
	world->is_reporting = false;
}

/* A phone answers in any order; the stream of the chat server is read in order. */
static void answer(struct world *world, int at)
{
	struct flight flight = world->flights[at];
	uint64_t roll = world->is_calm ? 0 : dice(world, 100);
	bool is_phone = flight.side == SIDE_SIP;

	/* Who has it already does not refuse it. */
	if (!flight.is_report && world->sent[flight.message].is_shown && roll >= 80)
		roll = 0;

	if (flight.is_report && roll >= 60) {
		if (is_phone && roll < 80)
			say(world, at, OUTCOME_REFUSED, AGAIN_PATH);
	} else if (roll < 60) {
		arrive(world, &flight, true);
		say(world, at, OUTCOME_TAKEN, AGAIN_NEVER);
	} else if (roll < 70 && is_phone) {
		bool has_arrived = chance(world, 50);

		if (has_arrived)
			arrive(world, &flight, false);
		say(world, at, OUTCOME_UNKNOWN, AGAIN_NEVER);
	} else if (roll < 80 && is_phone) {
		say(world, at, OUTCOME_REFUSED, AGAIN_PATH);
	} else if (roll < 85 && is_phone) {
		say(world, at, OUTCOME_REFUSED, AGAIN_FEW);
	} else if (roll < 90) {
		say(world, at, OUTCOME_REFUSED, AGAIN_HELD);
	} else if (roll < 95) {
		say(world, at, OUTCOME_REFUSED, AGAIN_NEVER);
	}
}

static void answer_some(struct world *world)
{
	bool is_blocked = false; /* the stream */

	forget_old(world);
	for (int at = 0; at < world->flight_count; at++) {
		int before = world->flight_count;
		enum side side = world->flights[at].side;

		if ((side == SIDE_XMPP && is_blocked) || (!world->is_calm && chance(world, 40))) {
			is_blocked |= side == SIDE_XMPP;
			continue;
		}
		answer(world, at);
		if (world->flight_count < before)
			at--;
		else
			is_blocked |= side == SIDE_XMPP;
	}
}

/* The first of what is under way arrived, the rest did not; nobody knows which. */
static void lose_stream(struct world *world)
{
	bool arrives = true;

	for (int at = 0; at < world->flight_count;) {
		const struct flight *flight = &world->flights[at];

		if (flight->side != SIDE_XMPP) {
			at++;
			continue;
		}
		arrives = arrives && chance(world, 60);
		if (arrives)
			arrive(world, flight, false);
		else if (flight->is_report)
			miss_report(world, flight);
		if (arrives || chance(world, 50))
			say(world, at, OUTCOME_UNKNOWN, AGAIN_NEVER);
		else
			say(world, at, OUTCOME_REFUSED, AGAIN_PATH);
	}
}

static void toggle_link(struct world *world, enum side side)
{
	world->is_up[side] = !world->is_up[side];
	bridge_link(world->bridge, side, 0, world->is_up[side]);
	if (side == SIDE_XMPP && !world->is_up[side])
		lose_stream(world);
}

/* Events --------------------------------------------------------------------------------------- */

static void write_message(struct world *world)
{
	enum side origin = chance(world, 50) ? SIDE_SIP : SIDE_XMPP;
	int from = (int)dice(world, USERS);
	int to = (int)dice(world, USERS);
	struct sent *sent = &world->sent[world->count];
	struct message message = {.kind = MESSAGE_CHAT, .hops = -1};
	char uid[24];

	if (world->count == MESSAGES)
		return;
	(void)snprintf(uid, sizeof uid, "u%d", world->count);
	message.uid = uid;
	message.body = uid;
	message.body_len = strlen(uid);
	message.origin.id = uid;
	message.life_s = chance(world, 5) ? (int64_t)dice(world, 60) + 1 : 0;
	message.wants = chance(world, 30) ? WANTS_FAILED : 0;
	*sent = (struct sent){.origin = origin, .pair = from * USERS + to};
	sent->number = ++world->numbers[origin][sent->pair];
	world->count++;
	bridge_message(world->bridge, origin, (exchange_id)world->count,
		       &world->users[origin][from], &world->users[side_other(origin)][to],
		       &message);
}

static bool yes(const struct address *address, void *arg)
{
	(void)address;
	(void)arg;
	return true;
}

static void on_started(int error, void *arg)
{
	(void)arg;
	assert_int_equal(error, 0);
}

/* A report that was set aside is the operator's. */
static void on_failed(const struct address *from, const struct address *to, const char *uid,
		      const struct fault *why, bool is_quarantined, void *arg)
{
	struct world *world = arg;

	(void)from;
	(void)to;
	(void)why;
	if (is_quarantined && strstr(uid, "-f") != NULL)
		world->sent[atoi(uid + 1)].is_reported = true;
}

static void begin(struct world *world, struct end *ends)
{
	struct bridge_params params = {.loop = world->loop,
				       .store = world->store,
				       .limits = &world->limits,
				       .counters = &world->counters,
				       .may_use = yes,
				       .is_served = yes,
				       .message_failed = on_failed,
				       .arg = world,
				       .ask_again_s = 3600,
				       .refusal_hold_s = 3600,
				       .hold_s = 30,
				       .answer_s = ANSWER_S,
				       .life_s = LIFE_S,
				       .reports_late_failures = true};

	moody_store_set(0, 0);
	assert_int_equal(bridge_new(&world->bridge, &params), 0);
	for (int side = 0; side < 2; side++)
		bridge_attach(world->bridge, (enum side)side, &ops, &ends[side]);
	if (!world->is_up[SIDE_SIP])
		bridge_link(world->bridge, SIDE_SIP, 0, false);
	moody_store_set(0, dice(world, 5));
	bridge_start(world->bridge, on_started, world);
	if (world->is_up[SIDE_XMPP])
		bridge_link(world->bridge, SIDE_XMPP, 0, true);
}

/* What was under way when the process ended has arrived or not; what came of it is forgotten. */
static void lose_flights(struct world *world)
{
	bool arrives = true;

	for (int i = 0; i < world->flight_count; i++) {
		if (world->flights[i].side == SIDE_XMPP)
			arrives = arrives && chance(world, 60);
		if (world->flights[i].side == SIDE_XMPP ? arrives : chance(world, 50))
			arrive(world, &world->flights[i], false);
	}
	world->flight_count = 0;
}

/* What was shown and is still in the queue goes out again: it may fail all the same. */
static void doubt_row(const struct queue_row *row, void *arg)
{
	struct world *world = arg;
	struct message message = {0};

	assert_int_equal(message_decode(&message, row->value, row->value_len), 0);
	if (message.what == MESSAGE_TEXT && world->sent[atoi(message.uid + 1)].is_shown)
		world->sent[atoi(message.uid + 1)].is_uncertain = true;
	message_clear(&message);
}

static void lose_process(struct world *world)
{
	for (int i = 0; i < world->count; i++) {
		struct sent *sent = &world->sent[i];

		/* What it knew may not have reached the disk. */
		sent->is_over = false;
		sent->is_told = false;
		sent->was_lost |= !sent->is_finished;
	}
}

static void check_sums(struct world *world);

static void restart(struct world *world, struct end *ends, bool is_kill)
{
	world->kills += is_kill;
	if (!is_kill) {
		moody_store_set(0, 0);
		bridge_stop(world->bridge, false);
		for (int i = 0; i < world->count; i++)
			assert_true(world->sent[i].is_finished || world->sent[i].was_lost);
		fake_loop_run(world->loop);
	}
	lose_flights(world);
	bridge_free(&world->bridge);
	moody_store_crash();
	if (is_kill)
		lose_process(world);
	moody_store_set(0, 0);
	store_load_queue(world->store, doubt_row, NULL, world);
	fake_loop_run(world->loop);
	begin(world, ends);
}

static uint64_t some_time(struct world *world)
{
	uint64_t roll = dice(world, 1000);

	if (roll < 1)
		return dice(world, (uint64_t)LIFE_S * 1000);
	if (roll < 10)
		return 45000;
	return roll < 400 ? dice(world, 300) : 0;
}

static void step(struct world *world, struct end *ends)
{
	uint64_t roll = dice(world, 1000);

	if (roll < 400)
		write_message(world);
	else if (roll < 800)
		answer_some(world);
	else if (roll < 830)
		toggle_link(world, SIDE_XMPP);
	else if (roll < 845)
		toggle_link(world, SIDE_SIP);
	else if (roll < 870)
		moody_store_set(chance(world, 30) ? ENOSPC : 0, dice(world, 2000));
	else if (roll < 920)
		moody_store_set(0, dice(world, 20));
	else if (roll < 925)
		restart(world, ends, world->may_die);
	else if (roll < 928)
		restart(world, ends, false);
	else if (roll < 940)
		world->is_full = !world->is_full;
	if (chance(world, 90))
		fake_loop_run(world->loop);
	fake_loop_advance(world->loop, some_time(world));
}

/* The judge ------------------------------------------------------------------------------------ */

/* After a kill the counters do not know of what had no answer, and may know a message twice: it
 * ended, and the row that said so was lost. Between kills they must match. */
static void check_sums(struct world *world)
{
	const struct counters *c = &world->counters;
	uint64_t ended = c->messages_to_sip + c->messages_to_xmpp + c->messages_refused +
			 c->messages_unknown + c->messages_expired + c->messages_late +
			 c->messages_quarantined;
	struct queue_facts facts;

	bridge_queue_facts(world->bridge, &facts);
	if (world->kills == 0)
		assert_int_equal(c->messages_from_sip + c->messages_from_xmpp, ended + facts.texts);
	assert_int_equal(c->messages_from_sip + c->messages_from_xmpp + c->messages_turned_away,
			 world->count);
}

static void complain(struct world *world, int i, const char *what)
{
	const struct sent *sent = &world->sent[i];

	printf("u%d (%s): %s; finished=%d outcome=%d lost=%d shown=%d reported=%d uncertain=%d\n",
	       i, side_name(sent->origin), what, sent->is_finished, (int)sent->outcome,
	       sent->was_lost, sent->is_shown, sent->is_reported, sent->is_uncertain);
	fail();
}

static void judge(struct world *world, int i)
{
	const struct sent *sent = &world->sent[i];
	bool is_accepted = sent->is_finished &&
			   (sent->outcome == OUTCOME_TAKEN || sent->outcome == OUTCOME_STORED);

	if (!sent->is_finished && !sent->was_lost)
		complain(world, i, "no answer");
	if (is_accepted && !sent->is_shown && !sent->is_reported)
		complain(world, i, "lost");
	if (sent->is_shown && sent->is_reported && !sent->is_uncertain)
		complain(world, i, "shown and reported");
	if (!is_accepted && sent->is_finished && sent->is_reported)
		complain(world, i, "reported, though it was refused");
	if (sent->is_finished && sent->outcome == OUTCOME_REFUSED && sent->is_shown &&
	    !sent->is_uncertain)
		complain(world, i, "refused and shown");
	if (sent->is_finished && sent->outcome == OUTCOME_TAKEN &&
	    (!sent->is_shown || sent->is_reported))
		complain(world, i, "taken");
}

static void count_row(const struct queue_row *row, void *arg)
{
	(void)row;
	(*(int *)arg)++;
}

static void settle(struct world *world)
{
	world->is_calm = true;
	world->is_full = false;
	moody_store_set(0, 0);
	for (int side = 0; side < 2; side++) {
		if (!world->is_up[side])
			toggle_link(world, (enum side)side);
	}
	for (int i = 0; i < 3000; i++) {
		fake_loop_advance(world->loop, 500);
		answer_some(world);
	}
	check_sums(world);
	for (int i = 0; i < world->count; i++)
		judge(world, i);
	world->is_calm = false;
}

static void check_empty(struct world *world)
{
	struct queue_facts facts;
	int rows = 0;

	fake_loop_advance(world->loop, UINT64_C(8) * 86400 * 1000);
	bridge_queue_facts(world->bridge, &facts);
	assert_int_equal(facts.messages + facts.texts + facts.bytes + facts.quarantined, 0);
	assert_int_equal(bridge_message_count(world->bridge), 0);
	store_load_queue(world->store, count_row, NULL, &rows);
	fake_loop_run(world->loop);
	assert_int_equal(rows, 0);
}

static void check_walk(const struct world *world)
{
	const struct counters *c = &world->counters;
	int reported = 0;

	for (int i = 0; i < world->count; i++)
		reported += world->sent[i].is_reported;
	printf("%d messages, %" PRIu64 " stored, %d reported, %" PRIu64 " tried again, %" PRIu64
	       " expired, %" PRIu64 " quarantined, %" PRIu64 " kills\n",
	       world->count, c->messages_stored, reported, c->messages_queued, c->messages_expired,
	       c->messages_quarantined, world->kills);
	assert_true(c->messages_stored > 1000 && reported > 100 && c->messages_queued > 100);
	assert_true(c->messages_to_sip > 500 && c->messages_to_xmpp > 500);
	assert_true(c->messages_expired > 0 && c->messages_unknown > 0 && c->store_failed > 0);
}

static void run_world(uint64_t seed, bool may_die)
{
	static struct world world;
	struct end ends[2] = {{&world, SIDE_SIP}, {&world, SIDE_XMPP}};
	struct store_params params = {.engine = "failing"};
	char error[256], local[16];

	world = (struct world){.seed = seed, .may_die = may_die, .is_up = {true, true}};
	limits_defaults(&world.limits);
	assert_int_equal(loop_new(&world.loop), 0);
	params.loop = world.loop;
	moody_store_set(0, 0);
	assert_int_equal(store_open(&world.store, &params, error, sizeof error), 0);
	for (int i = 0; i < USERS; i++) {
		(void)snprintf(local, sizeof local, "u%d", i);
		address_set(&world.users[SIDE_SIP][i], SIDE_SIP, local, "pbx.example");
		address_set(&world.users[SIDE_XMPP][i], SIDE_XMPP, local, "chat.example");
	}
	begin(&world, ends);
	for (int i = 1; i <= STEPS; i++) {
		step(&world, ends);
		if (i % 3000 == 0)
			settle(&world);
	}
	settle(&world);
	check_empty(&world);
	check_walk(&world);
	bridge_stop(world.bridge, false);
	bridge_free(&world.bridge);
	fake_loop_run(world.loop);
	store_free(&world.store);
	for (int i = 0; i < USERS; i++) {
		address_clear(&world.users[SIDE_SIP][i]);
		address_clear(&world.users[SIDE_XMPP][i]);
	}
	loop_free(&world.loop);
}

static void random_messages(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= WORLDS; i++)
		run_world(i * UINT64_C(0x9e3779b97f4a7c15), i % 2 == 0);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_messages)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
