/* The outbox against a link of the test's: what is written, held, refused, and in which order. */
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "model/counters.h"
#include "model/limits.h"
#include "support/check.h"
#include "support/fake_loop.h"
#include "xmpp/link.h"
#include "xmpp/outbox.h"

/* The link of this test: everything given to it stays in its backlog until link_flush() may write.
 */
struct link {
	struct buf out;
	size_t taken;
	bool is_slow;
	unsigned flushes;
};

void link_put(struct link *link, const char *data, size_t len)
{
	buf_append(&link->out, data, len);
}

void link_flush(struct link *link)
{
	link->flushes++;
	if (!link->is_slow)
		link->taken = link->out.len;
}

size_t link_backlog(const struct link *link)
{
	return link->out.len - link->taken;
}

struct fixture {
	struct loop *loop;
	struct link link;
	struct limits limits;
	struct counters counters;
	struct outbox *outbox;
	unsigned flushing;
	bool is_dead;
};

static void on_flushing(void *arg)
{
	struct fixture *f = arg;

	f->flushing++;
}

static void on_dead(void *arg)
{
	struct fixture *f = arg;

	f->is_dead = true;
}

static void start(struct fixture *f)
{
	static const struct outbox_events events = {on_flushing, on_dead};
	struct outbox_params params = {.domain = "s.example"};

	memset(f, 0, sizeof(*f));
	assert_int_equal(loop_new(&f->loop), 0);
	limits_defaults(&f->limits);
	params.loop = f->loop;
	params.link = &f->link;
	params.limits = &f->limits;
	params.counters = &f->counters;
	f->outbox = outbox_new(&params, &events, f);
}

static void end(struct fixture *f)
{
	outbox_free(&f->outbox);
	loop_free(&f->loop);
	buf_free(&f->link.out);
}

/* A stanza with this text in it. */
static int put(struct fixture *f, enum outbox_class class, const char *key, const char *text)
{
	struct buf stanza = BUF_INIT;
	int error;

	buf_printf(&stanza, "<message from='1@s.example' to='a'>%s</message>", text);
	error = outbox_put(f->outbox, class, key, &stanza);
	buf_free(&stanza);
	return error;
}

/* The texts that went out, one after the other. */
static void assert_out(struct fixture *f, const char *wanted)
{
	struct buf texts = BUF_INIT;
	const char *at = buf_text(&f->link.out);

	for (at = strstr(at, "to='a'>"); at != NULL; at = strstr(at + 1, "to='a'>"))
		buf_append(&texts, at + 7, strcspn(at + 7, "<"));
	assert_string_equal(buf_text(&texts), wanted);
	buf_free(&texts);
}

/* One write a turn. */
static void a_turn_is_one_write(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	outbox_up(f.outbox);
	for (int i = 0; i < 10; i++)
		assert_int_equal(put(&f, OUTBOX_ANSWER, NULL, "x"), 0);
	assert_int_equal(f.link.flushes, 0);
	fake_loop_run(f.loop);
	assert_int_equal(f.link.flushes, 1);
	assert_int_equal(f.flushing, 1);
	assert_int_equal(f.counters.stanzas_out, 10);
	assert_out(&f, "xxxxxxxxxx");
	end(&f);
}

/* [SEC-051] [SEC-052]
 * [limit stanza_out_bytes] */
static void the_door_is_passed_by_all(void **state)
{
	static const enum outbox_class classes[] = {OUTBOX_ANSWER, OUTBOX_MESSAGE, OUTBOX_STATE,
						    OUTBOX_KEPT};
	struct fixture f;
	struct buf stanza = BUF_INIT;

	(void)state;
	start(&f);
	f.limits.stanza_out_bytes = 40;
	for (int is_up = 0; is_up < 2; is_up++) {
		for (size_t i = 0; i < CHECK_COUNT(classes); i++) {
			buf_reset(&stanza);
			buf_puts(&stanza, "<message from='other' to='a'/>");
			assert_int_equal(outbox_put(f.outbox, classes[i], "k", &stanza), EACCES);
			assert_int_equal(put(&f, classes[i], "k", "long enough"), E2BIG);
		}
		outbox_up(f.outbox);
	}
	assert_int_equal(f.counters.limits.stanza_out_bytes, 8);
	assert_int_equal(outbox_held(f.outbox), 0);
	assert_out(&f, "");
	buf_free(&stanza);
	end(&f);
}

/* [REL-046]
 * [limit link_high_bytes] */
static void above_the_first_mark(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	outbox_up(f.outbox);
	f.limits.link_high_bytes = 100;
	f.limits.link_dead_bytes = 100000;
	f.link.is_slow = true;
	assert_false(outbox_is_full(f.outbox));
	assert_int_equal(put(&f, OUTBOX_MESSAGE, NULL, "1"), 0);
	assert_int_equal(put(&f, OUTBOX_MESSAGE, NULL, "2"), 0);
	assert_true(outbox_is_full(f.outbox)); /* half of it: the rest is not for presence */
	assert_int_equal(put(&f, OUTBOX_MESSAGE, NULL, "3"), 0);
	assert_int_equal(put(&f, OUTBOX_MESSAGE, NULL, "4"), ENOBUFS);
	assert_int_equal(put(&f, OUTBOX_STATE, "a", "old"), 0);
	assert_int_equal(put(&f, OUTBOX_STATE, "b", "B"), 0);
	assert_int_equal(put(&f, OUTBOX_KEPT, "c", "C"), 0);
	assert_int_equal(put(&f, OUTBOX_STATE, "a", "A"), 0); /* the newest, at the end */
	assert_int_equal(outbox_held(f.outbox), 3);
	assert_int_equal(f.counters.presence_coalesced, 1);
	assert_int_equal(f.counters.limits.link_high_bytes, 1);
	assert_out(&f, "123");
	f.link.taken = f.link.out.len;
	assert_true(outbox_is_full(f.outbox)); /* something is held */
	outbox_drained(f.outbox);
	assert_out(&f, "123BCA");
	f.link.taken = f.link.out.len;
	assert_false(outbox_is_full(f.outbox));
	outbox_down(f.outbox);
	assert_false(outbox_is_full(f.outbox));
	assert_false(f.is_dead);
	end(&f);
}

/* [limit link_dead_bytes] */
static void above_the_second_mark(void **state)
{
	struct fixture f;
	char key[16];

	(void)state;
	start(&f);
	outbox_up(f.outbox);
	f.limits.link_high_bytes = 100;
	f.limits.link_dead_bytes = 5000;
	f.link.is_slow = true;
	for (int i = 0; i < 200 && !f.is_dead; i++) {
		snprintf(key, sizeof(key), "%d", i);
		assert_int_equal(put(&f, OUTBOX_STATE, key, "x"), 0);
	}
	assert_true(f.is_dead);
	assert_true(f.link.out.len + outbox_held_bytes(f.outbox) < 5100);
	end(&f);
}

/* What nobody says again is kept over a loss of the link; it goes first, and it is bounded. */
static void while_the_link_is_down(void **state)
{
	struct fixture f;
	char key[16];
	int kept = 0;

	(void)state;
	start(&f);
	f.limits.link_high_bytes = 1000;
	assert_int_equal(put(&f, OUTBOX_ANSWER, NULL, "n"), ENOTCONN);
	assert_int_equal(put(&f, OUTBOX_MESSAGE, NULL, "n"), ENOTCONN);
	assert_int_equal(put(&f, OUTBOX_STATE, "s", "n"), ENOTCONN);
	assert_int_equal(put(&f, OUTBOX_KEPT, "a", "old"), 0);
	assert_int_equal(put(&f, OUTBOX_KEPT, "b", "B"), 0);
	assert_int_equal(put(&f, OUTBOX_KEPT, "a", "A"), 0);
	outbox_up(f.outbox);
	assert_int_equal(put(&f, OUTBOX_STATE, "s", "S"), 0);
	assert_out(&f, "BAS");
	outbox_down(f.outbox);
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "%d", i);
		kept += put(&f, OUTBOX_KEPT, key, "x") == 0;
	}
	assert_true(kept > 10 && kept < 30);
	assert_true(outbox_held_bytes(f.outbox) <= 1000);
	end(&f);
}

/* Presence that was held is old after a loss: the core tells it anew. */
static void held_presence_dies_with_the_link(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	outbox_up(f.outbox);
	f.limits.link_high_bytes = 10;
	f.link.is_slow = true;
	assert_int_equal(put(&f, OUTBOX_ANSWER, NULL, "1"), 0);
	assert_int_equal(put(&f, OUTBOX_STATE, "a", "state"), 0);
	assert_int_equal(put(&f, OUTBOX_KEPT, "b", "kept"), 0);
	outbox_down(f.outbox);
	f.link.taken = f.link.out.len;
	outbox_up(f.outbox);
	assert_out(&f, "1kept");
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_turn_is_one_write),
		cmocka_unit_test(the_door_is_passed_by_all),
		cmocka_unit_test(above_the_first_mark),
		cmocka_unit_test(above_the_second_mark),
		cmocka_unit_test(while_the_link_is_down),
		cmocka_unit_test(held_presence_dies_with_the_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
