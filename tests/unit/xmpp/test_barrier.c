/* The ping barrier on a clock of the test's: who is pinged, when, and what each answer proves.
 *
 *	message 1, ping 0 ->            message 2, 3 wait for company
 *	<- answer 0: 1 taken            ping 1 -> (for 2 and 3)
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/fault.h"
#include "support/check.h"
#include "support/fake_loop.h"
#include "xmpp/barrier.h"

struct fixture {
	struct loop *loop;
	struct barrier *barrier;
	struct buf heard;
	char *last_id;
	char *ids[64];
	unsigned pings;
};

static void on_ping(const char *to, const char *id, void *arg)
{
	struct fixture *f = arg;

	buf_printf(&f->heard, "ping %s;", to);
	if (f->pings < 64)
		f->ids[f->pings] = mem_strdup(id);
	f->pings++;
}

static void on_outcome(exchange_id x, enum outcome outcome, const struct fault *fault, void *arg)
{
	static const char *const names[] = {"taken", "stored", "refused", "unknown"};
	struct fixture *f = arg;

	buf_printf(&f->heard, "%u %s%s%s;", (unsigned)x, names[outcome], fault == NULL ? "" : " ",
		   fault == NULL ? "" : fault_name(fault->code));
}

static void on_dead(void *arg)
{
	struct fixture *f = arg;

	buf_puts(&f->heard, "dead;");
}

static void on_chosen(const char *target, bool is_self, void *arg)
{
	struct fixture *f = arg;

	buf_printf(&f->heard, "chosen %s%s;", target, is_self ? " self" : "");
}

static void start(struct fixture *f, const char *const *targets, size_t count)
{
	static const struct barrier_events events = {on_ping, on_outcome, on_dead, on_chosen};
	struct barrier_params params = {
		.domain = "s.example",
		.targets = targets,
		.target_count = count,
		.choose_ms = 2000,
		.every_ms = 30000,
		.wait_ms = 10000,
	};

	memset(f, 0, sizeof(*f));
	assert_int_equal(loop_new(&f->loop), 0);
	params.loop = f->loop;
	f->barrier = barrier_new(&params, &events, f);
	barrier_up(f->barrier);
	fake_loop_run(f->loop);
}

static void end(struct fixture *f)
{
	barrier_free(&f->barrier);
	loop_free(&f->loop);
	buf_free(&f->heard);
	for (unsigned i = 0; i < 64; i++)
		mem_free(f->ids[i]);
}

/* What was heard since the last time. */
static void assert_heard(struct fixture *f, const char *text)
{
	assert_string_equal(buf_text(&f->heard), text);
	buf_reset(&f->heard);
}

static void start_chosen(struct fixture *f)
{
	static const char *const targets[] = {"c.example"};

	start(f, targets, 1);
	assert_heard(f, "ping c.example;");
	assert_true(barrier_answered(f->barrier, "c.example", f->ids[0]));
	assert_heard(f, "chosen c.example;");
	assert_string_equal(barrier_target(f->barrier), "c.example");
}

static void put(struct fixture *f, unsigned x, uint64_t end_at)
{
	char id[16];

	snprintf(id, sizeof(id), "id%u", x);
	barrier_add(f->barrier, x, id, "a@c.example", end_at);
}

/* [REL-003] [D-36] */
static void one_ping_for_a_batch(void **state)
{
	struct fixture f;

	(void)state;
	start_chosen(&f);
	put(&f, 1, 10);
	put(&f, 2, 20);
	put(&f, 3, 30);
	barrier_flush(f.barrier);
	assert_heard(&f, "ping c.example;");
	put(&f, 4, 40); /* behind the ping: not proved by it */
	barrier_flush(f.barrier);
	assert_heard(&f, "");
	assert_true(barrier_answered(f.barrier, "c.example", f.ids[1]));
	assert_heard(&f, "1 taken;2 taken;3 taken;");
	fake_loop_advance(f.loop, BARRIER_LEAST_MS); /* a busy stream is proved in batches */
	assert_heard(&f, "ping c.example;");
	assert_true(barrier_answered(f.barrier, "c.example", f.ids[2]));
	assert_heard(&f, "4 taken;");
	assert_int_equal(barrier_pending(f.barrier), 0);
	end(&f);
}

/* A slow server: the next ping does not wait for the answer, only a little for company. */
static void several_pings_in_flight(void **state)
{
	struct fixture f;

	(void)state;
	start_chosen(&f);
	put(&f, 1, 10);
	barrier_flush(f.barrier);
	put(&f, 2, 20);
	barrier_flush(f.barrier);
	assert_heard(&f, "ping c.example;");
	fake_loop_advance(f.loop, BARRIER_SPACING_MS);
	assert_heard(&f, "ping c.example;");
	put(&f, 3, 30);
	barrier_flush(f.barrier);
	fake_loop_advance(f.loop, BARRIER_SPACING_MS);
	assert_heard(&f, "ping c.example;");
	/* a later answer proves all that went before */
	assert_true(barrier_answered(f.barrier, "c.example", f.ids[2]));
	assert_heard(&f, "1 taken;2 taken;");
	assert_true(barrier_answered(f.barrier, "c.example", f.ids[1])); /* late: nothing */
	assert_true(barrier_answered(f.barrier, "c.example", f.ids[3]));
	assert_heard(&f, "3 taken;");
	end(&f);
}

/* [REL-048]: a server that answers nothing does not get pings without end */
static void pings_in_flight_are_bounded(void **state)
{
	struct fixture f;

	(void)state;
	start_chosen(&f);
	for (unsigned i = 0; i < 100; i++) {
		put(&f, i + 1, i);
		barrier_flush(f.barrier);
		fake_loop_advance(f.loop, BARRIER_SPACING_MS);
	}
	assert_int_equal(f.pings, 1 + BARRIER_PINGS_MAX);
	assert_int_equal(barrier_pending(f.barrier), 100);
	end(&f);
}

/* [MSG-063] [MSG-005] */
static void errors_refuse_one(void **state)
{
	struct fixture f;
	struct fault fault;

	(void)state;
	start_chosen(&f);
	put(&f, 1, 10);
	put(&f, 2, 20);
	barrier_flush(f.barrier);
	buf_reset(&f.heard);
	fault_set(&fault, FAULT_ITEM_NOT_FOUND, NULL);
	assert_false(barrier_refused(f.barrier, "b@c.example", "id1", &fault));
	assert_false(barrier_refused(f.barrier, "a@c.example", "id9", &fault));
	assert_false(barrier_refused(f.barrier, "a@c.example", NULL, &fault));
	assert_false(barrier_refused(f.barrier, NULL, "id1", &fault));
	assert_true(barrier_refused(f.barrier, "A@c.example", "id1", &fault));
	assert_heard(&f, "1 refused item-not-found;");
	assert_true(barrier_refused(f.barrier, "c.example", "id2", &fault)); /* its server */
	assert_heard(&f, "2 refused item-not-found;");
	assert_false(barrier_refused(f.barrier, "a@c.example", "id1", &fault));
	assert_true(barrier_answered(f.barrier, "c.example", f.ids[1]));
	assert_heard(&f, "");
	/* what goes to a full JID (a report) is refused by it, or for it */
	barrier_add(f.barrier, 3, "id3", "a@c.example/res", 30);
	barrier_add(f.barrier, 4, "id4", "a@c.example/res", 40);
	barrier_add(f.barrier, 5, "id5", "a@c.example/res/b@d", 50);
	barrier_add(f.barrier, 6, NULL, "a@c.example/res", 60);
	assert_false(barrier_refused(f.barrier, "a@d.example/res", "id3", &fault));
	assert_true(barrier_refused(f.barrier, "a@c.example/res", "id3", &fault));
	assert_true(barrier_refused(f.barrier, "c.example", "id4", &fault));
	assert_true(barrier_refused(f.barrier, "a@c.example", "id5", &fault));
	assert_heard(&f, "3 refused item-not-found;4 refused item-not-found;"
			 "5 refused item-not-found;");
	end(&f);
}

/* Two open messages with one id: neither is taken for the other. */
static void same_id_twice(void **state)
{
	struct fixture f;
	struct fault fault;

	(void)state;
	start_chosen(&f);
	barrier_add(f.barrier, 1, "same", "a@c.example", 1);
	barrier_add(f.barrier, 2, "same", "b@c.example", 2);
	fault_set(&fault, FAULT_ITEM_NOT_FOUND, NULL);
	assert_false(barrier_refused(f.barrier, "b@c.example", "same", &fault));
	assert_true(barrier_refused(f.barrier, "a@c.example", "same", &fault));
	barrier_flush(f.barrier);
	assert_true(barrier_answered(f.barrier, "c.example", f.ids[1]));
	assert_heard(&f, "1 refused item-not-found;ping c.example;2 taken;");
	end(&f);
}

/* [REL-003]: no answer in 10 s */
static void silence_is_death(void **state)
{
	struct fixture f;

	(void)state;
	start_chosen(&f);
	put(&f, 1, 10);
	barrier_flush(f.barrier);
	put(&f, 2, 20);
	barrier_flush(f.barrier);
	fake_loop_advance(f.loop, 9999);
	assert_heard(&f, "ping c.example;ping c.example;");
	fake_loop_advance(f.loop, 1);
	assert_heard(&f, "dead;");
	put(&f, 3, 30);
	barrier_down(f.barrier, 20);
	/* [D-36]: unknown what the kernel took, refused what it did not */
	assert_heard(&f, "1 unknown no-answer;2 unknown no-answer;3 refused link-down;");
	fake_loop_advance(f.loop, 100000);
	assert_heard(&f, "");
	end(&f);
}

/* [REL-022] [D-26]: a ping every 30 s, none when there was an answer since */
static void liveness_without_traffic(void **state)
{
	struct fixture f;

	(void)state;
	start_chosen(&f);
	fake_loop_advance(f.loop, 29999);
	assert_heard(&f, "");
	fake_loop_advance(f.loop, 1);
	assert_heard(&f, "ping c.example;");
	assert_true(barrier_answered(f.barrier, "c.example", f.ids[1]));
	fake_loop_advance(f.loop, 20000);
	put(&f, 1, 10);
	barrier_flush(f.barrier);
	assert_true(barrier_answered(f.barrier, "c.example", f.ids[2]));
	assert_heard(&f, "ping c.example;1 taken;");
	fake_loop_advance(f.loop, 29999);
	assert_heard(&f, "");
	fake_loop_advance(f.loop, 1);
	assert_heard(&f, "ping c.example;");
	fake_loop_advance(f.loop, 10000);
	assert_heard(&f, "dead;");
	end(&f);
}

/* [D-36] */
static void the_first_that_answers(void **state)
{
	static const char *const targets[] = {"one.example", "two.example", "three.example"};
	struct fixture f;

	(void)state;
	start(&f, targets, 3);
	assert_heard(&f, "ping one.example;ping two.example;ping three.example;");
	put(&f, 1, 10);
	barrier_flush(f.barrier); /* nobody to ping yet */
	assert_heard(&f, "");
	assert_true(barrier_answered(f.barrier, "three.example", f.ids[2]));
	assert_heard(&f, "ping three.example;"); /* good enough for now */
	assert_true(barrier_answered(f.barrier, "three.example", f.ids[3]));
	assert_heard(&f, "1 taken;");
	assert_true(barrier_answered(f.barrier, "two.example", f.ids[1]));
	fake_loop_advance(f.loop, 2000);
	assert_heard(&f, "chosen two.example;");
	assert_true(barrier_answered(f.barrier, "one.example", f.ids[0])); /* too late */
	assert_string_equal(barrier_target(f.barrier), "two.example");
	end(&f);
}

static void nobody_answers(void **state)
{
	static const char *const targets[] = {"one.example"};
	struct fixture f;

	(void)state;
	start(&f, targets, 1);
	put(&f, 1, 10);
	fake_loop_advance(f.loop, 2000);
	assert_heard(&f, "ping one.example;chosen s.example self;ping s.example;");
	assert_true(barrier_answered(f.barrier, "s.example", f.ids[1]));
	assert_heard(&f, "1 taken;");
	end(&f);
}

/* Answers count by id and sender; ids of another stream are nothing. */
static void forged_answers_prove_nothing(void **state)
{
	struct fixture f;
	char *old;

	(void)state;
	start_chosen(&f);
	put(&f, 1, 10);
	barrier_flush(f.barrier);
	buf_reset(&f.heard);
	assert_true(barrier_answered(f.barrier, "evil.example", f.ids[1]));
	assert_false(barrier_answered(f.barrier, "c.example", "something"));
	assert_false(barrier_answered(f.barrier, "c.example", NULL));
	assert_false(barrier_answered(f.barrier, NULL, f.ids[1]));
	assert_heard(&f, "");
	old = mem_strdup(f.ids[1]);
	barrier_down(f.barrier, 10);
	assert_heard(&f, "1 unknown no-answer;");
	barrier_up(f.barrier);
	assert_false(barrier_answered(f.barrier, "c.example", old));
	mem_free(old);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_ping_for_a_batch),
		cmocka_unit_test(several_pings_in_flight),
		cmocka_unit_test(pings_in_flight_are_bounded),
		cmocka_unit_test(errors_refuse_one),
		cmocka_unit_test(same_id_twice),
		cmocka_unit_test(silence_is_death),
		cmocka_unit_test(liveness_without_traffic),
		cmocka_unit_test(the_first_that_answers),
		cmocka_unit_test(nobody_answers),
		cmocka_unit_test(forged_answers_prove_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
