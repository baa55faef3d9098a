/* SIP watchers' subscriptions and the disk, by bytes (REL-001, REL-013, D-48): answers that wait
 * for it, a disk that is slow or fails, and stops. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "sip/dialog.h"
#include "wire/watcher.h"

static struct rig *new_rig(void)
{
	return rig_new(&(struct rig_options){.keeps = true});
}

static void expect_header(const struct sip_text *text, const char *name, const char *value)
{
	char room[512];

	assert_string_equal(sip_text_header(text, name, room, sizeof room), value);
}

static void expect_body(const struct sip_text *text, const char *needle)
{
	if (strstr(sip_text_body(text), needle) == NULL)
		fail_msg("no %s in %s", needle, text->text);
}

/* Everything was written, and nothing is under way. */
static void settle(struct rig *rig)
{
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(rig->disk->under_way, 0);
}

static void restart(struct rig *rig)
{
	rig_kill(rig);
	rig_start(rig, false);
}

/* Nobody says anything but what is expected. */
static void expect_silence(struct rig *rig, unsigned ms)
{
	assert_int_equal(text_peer_let_run(rig->peer, ms), 0);
}

/* [REL-001] [PRES-073] [SIP-085]: a slow disk: no 200 before the row is on it, no NOTIFY before the
 * 200, repeats are left alone; what happens meanwhile is told afterwards. */
static void a_slow_disk(void **state)
{
	struct rig *rig = new_rig();
	struct watcher watcher = {.call_id = "d1"};
	char contact[128], headers[256];
	const struct sip_text *text;
	struct rig_request request = {
		.method = "SUBSCRIBE", .call_id = "d1", .branch = "z9hG4bKslow", .cseq = 1};

	(void)state;
	rig->disk->is_slow = true;
	rig->bridge->requested = WATCH_PENDING;
	snprintf(headers, sizeof headers, "Event: presence\r\nExpires: 600\r\n%s",
		 watcher_contact(rig, contact, sizeof contact));
	request.headers = headers;
	for (int i = 0; i < 3; i++) {
		rig_send(rig, SIP_WAY_UDP, &request);
		expect_silence(rig, 40); /* nor a 100 */
	}
	assert_int_equal(fake_bridge_count(rig->bridge, "requested sip"), 1);
	assert_int_equal(rig->disk->puts, 1);
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "quick");
	watcher_decide(rig, WATCH_ALLOWED);
	watcher_tell(rig);
	expect_silence(rig, 40);
	disk_flush(rig->disk);
	text = text_peer_expect(rig->peer, "SIP/2.0 ");
	assert_memory_equal(text->text, "SIP/2.0 200", 11);
	expect_header(text, "Expires", "600");
	sip_text_tag(text, "To", watcher.tag, sizeof watcher.tag);
	text = watcher_take(rig, "active");
	expect_body(text, "quick");
	text_peer_answer(rig->peer, text, "200 OK", "");
	rig_send(rig, SIP_WAY_UDP, &request); /* its answer was lost: the same again */
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	expect_silence(rig, 40);
	/* A refresh waits, too. */
	watcher.cseq = 1;
	snprintf(headers, sizeof headers, "Event: presence\r\nExpires: 700\r\n%s", contact);
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "SUBSCRIBE",
				       .call_id = "d1",
				       .cseq = 2,
				       .to_tag = watcher.tag,
				       .headers = headers});
	expect_silence(rig, 40);
	disk_flush(rig->disk);
	text = text_peer_expect(rig->peer, "SIP/2.0 200");
	expect_header(text, "Expires", "700");
	watcher_answer(rig, "active;expires=700", "200 OK");
	rig_free(&rig);
}

/* [REL-001]: killed before the row was on disk: nobody has seen success, nothing is left. */
static void killed_before_the_answer(void **state)
{
	struct rig *rig = new_rig();
	char contact[128], headers[256];

	(void)state;
	rig->disk->is_slow = true;
	snprintf(headers, sizeof headers, "Event: presence\r\n%s",
		 watcher_contact(rig, contact, sizeof contact));
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "SUBSCRIBE", .call_id = "d2", .headers = headers});
	expect_silence(rig, 40);
	restart(rig);
	expect_silence(rig, 40);
	assert_int_equal(rig->disk->count, 0);
	rig_free(&rig);
}

/* [REL-001] [REL-009]: a failing disk: a new subscription is refused for now, and nothing of it is
 * left; one that lives goes on, and is kept when the disk works again. */
static void a_failing_disk(void **state)
{
	struct rig *rig = new_rig();
	struct watcher old = {.call_id = "d3"}, fresh = {.call_id = "d4"};
	const struct sip_text *text;
	char room[64];
	int64_t before;

	(void)state;
	watcher_begin(rig, &old);
	settle(rig);
	before = disk_only(rig->disk)->expires_s;
	rig->disk->error = ENOSPC;
	text = watcher_subscribe(rig, &fresh, "Expires: 600\r\n");
	assert_memory_equal(text->text, "SIP/2.0 503", 11);
	assert_in_range(atoi(sip_text_header(text, "Retry-After", room, sizeof room)), 10, 30);
	expect_silence(rig, 60);
	text = watcher_subscribe(rig, &old, "Expires: 3000\r\n");
	assert_memory_equal(text->text, "SIP/2.0 200", 11);
	watcher_answer(rig, "active;expires=3000", "200 OK");
	rig->disk->error = 0;
	text_peer_let_run(rig->peer, 20);
	fake_bridge_set_now(rig->bridge, SHOW_DND, "busy");
	watcher_tell(rig);
	watcher_answer(rig, "active", "200 OK");
	settle(rig);
	assert_true(disk_only(rig->disk)->expires_s > before + 2000);
	rig_free(&rig);
}

static void set_true(void *arg)
{
	*(bool *)arg = true;
}

/* [D-48] [REL-012]: a quiet stop tells nobody, and all goes on; a stop that tells leaves no row. */
static void stops(void **state)
{
	struct rig *rig = new_rig();
	struct watcher watcher = {.call_id = "s1"};
	bool is_done = false;

	(void)state;
	watcher_begin(rig, &watcher);
	settle(rig);
	sip_side_stop(rig->side, false, set_true, &is_done);
	expect_silence(rig, 60);
	assert_true(is_done);
	assert_int_equal(rig->disk->count, 1);
	restart(rig);
	watcher_tell(rig);
	watcher_answer(rig, "active", "200 OK");
	settle(rig);
	is_done = false;
	sip_side_stop(rig->side, true, set_true, &is_done);
	watcher_answer(rig, "terminated;reason=probation;retry-after=", "200 OK");
	settle(rig);
	assert_true(is_done);
	assert_int_equal(rig->disk->count, 0);
	restart(rig);
	expect_silence(rig, 600);
	rig_free(&rig);
}

/* Taken down while answers wait. */
static void taken_down_while_it_waits(void **state)
{
	struct rig *rig = new_rig();
	struct watcher watcher = {.call_id = "s2"};
	char contact[128], headers[256];
	bool is_done = false;

	(void)state;
	watcher_begin(rig, &watcher);
	settle(rig);
	rig->disk->is_slow = true;
	snprintf(headers, sizeof headers, "Event: presence\r\nExpires: 600\r\n%s",
		 watcher_contact(rig, contact, sizeof contact));
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "SUBSCRIBE", .call_id = "s3", .headers = headers});
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "SUBSCRIBE",
				       .call_id = "s2",
				       .cseq = 9,
				       .to_tag = watcher.tag,
				       .headers = headers});
	text_peer_let_run(rig->peer, 40);
	/* The end of a subscription needs no disk. */
	sip_side_stop(rig->side, true, set_true, &is_done);
	for (int i = 0; i < 2; i++)
		assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	for (int i = 0; i < 2; i++)
		watcher_answer(rig, "terminated;reason=probation", "200 OK");
	text_peer_let_run(rig->peer, 40);
	assert_true(is_done);
	rig_free(&rig);
}

/* [REL-013] [RFC 3261 section 12.2.1.1]: after a start no number is used before the next ones are
 * reserved on disk: what is to be told waits. A disk that fails holds up nothing. */
static void no_number_before_it_is_reserved(void **state)
{
	struct rig *rig = new_rig();
	struct watcher watcher = {.call_id = "d5"};

	(void)state;
	watcher_begin(rig, &watcher);
	settle(rig);
	restart(rig);
	rig->disk->is_slow = true;
	fake_bridge_set_now(rig->bridge, SHOW_DND, "one");
	watcher_tell(rig);
	expect_silence(rig, 600);
	fake_bridge_set_now(rig->bridge, SHOW_AWAY, "two");
	watcher_tell(rig);
	expect_silence(rig, 60);
	disk_flush(rig->disk);
	const struct sip_text *text = watcher_take(rig, "active");

	expect_body(text, "two"); /* the newest, once */
	text_peer_answer(rig->peer, text, "200 OK", "");
	expect_silence(rig, 100);
	rig_kill(rig);
	rig->disk->error = EIO;
	rig->disk->is_slow = false;
	rig_start(rig, false);
	watcher_tell(rig);
	watcher_answer(rig, "active", "200 OK");
	rig_free(&rig);
}

/* [REL-001] [REL-005] [SIP-021]: killed when the row was on disk and the answer was not sent, or
 * lost: the repetition that comes after the start is answered for what was kept, and makes no
 * second subscription. Once he has refreshed, an old request is no repetition any more. */
static void killed_between_row_and_answer(void **state)
{
	struct rig *rig = new_rig();
	struct watcher watcher = {.call_id = "d9"}, again = {.call_id = "d9"};
	const struct sip_text *text;
	char room[64];

	(void)state;
	watcher_begin(rig, &watcher);
	settle(rig);
	restart(rig);
	text = watcher_subscribe(rig, &again, "Expires: 600\r\n");
	assert_memory_equal(text->text, "SIP/2.0 200", 11);
	assert_string_equal(again.tag, watcher.tag);
	assert_in_range(atoi(sip_text_header(text, "Expires", room, sizeof room)), 590, 600);
	watcher_answer(rig, "active", "200 OK");
	settle(rig);
	assert_int_equal(rig->disk->count, 1);
	assert_memory_equal(watcher_subscribe(rig, &again, "Expires: 600\r\n")->text, "SIP/2.0 200",
			    11);
	watcher_answer(rig, "active", "200 OK");
	again = (struct watcher){.call_id = "d9"};
	assert_memory_equal(watcher_subscribe(rig, &again, "Expires: 600\r\n")->text, "SIP/2.0 482",
			    11);
	/* The same with a refresh. */
	watcher.cseq = 2;
	assert_memory_equal(watcher_subscribe(rig, &watcher, "Expires: 500\r\n")->text,
			    "SIP/2.0 200", 11);
	watcher_answer(rig, "active", "200 OK");
	settle(rig);
	restart(rig);
	watcher.cseq--;
	assert_memory_equal(watcher_subscribe(rig, &watcher, "Expires: 500\r\n")->text,
			    "SIP/2.0 200", 11);
	watcher_answer(rig, "active;expires=500", "200 OK");
	watcher.cseq--;
	assert_memory_equal(watcher_subscribe(rig, &watcher, "Expires: 500\r\n")->text,
			    "SIP/2.0 500", 11);
	settle(rig);
	assert_int_equal(rig->disk->count, 1);
	rig_free(&rig);
}

static void two_answers(struct limits *limits)
{
	limits->answers_held = 2;
}

static void subscribe_as(struct rig *rig, const char *call_id, const char *headers)
{
	rig_send(rig, SIP_WAY_TCP,
		 &(struct rig_request){
			 .method = "SUBSCRIBE", .call_id = call_id, .cseq = 1, .headers = headers});
}

/* [limit answers_held] [REL-048]: what waits for the disk is bounded; beyond it what is new is
 * refused, and taken when the disk is done. */
static void answers_that_wait_are_bounded(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.keeps = true, .limits = two_answers});
	char headers[300], contact[200];

	(void)state;
	rig->disk->is_slow = true;
	rig->bridge->requested = WATCH_PENDING;
	snprintf(headers, sizeof headers, "Event: presence\r\nExpires: 600\r\n%s",
		 watcher_contact(rig, contact, sizeof contact));
	subscribe_as(rig, "h1", headers);
	subscribe_as(rig, "h2", headers);
	text_peer_let_run(rig->peer, 40);
	assert_int_equal(rig->disk->puts, 2);
	assert_int_equal(rig->counters.limits.answers_held, 0);
	subscribe_as(rig, "h3", headers);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 503"));
	assert_int_equal(rig->counters.limits.answers_held, 1);
	rig->disk->is_slow = false;
	disk_flush(rig->disk);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slow_disk),
		cmocka_unit_test(answers_that_wait_are_bounded),
		cmocka_unit_test(killed_before_the_answer),
		cmocka_unit_test(killed_between_row_and_answer),
		cmocka_unit_test(a_failing_disk),
		cmocka_unit_test(stops),
		cmocka_unit_test(taken_down_while_it_waits),
		cmocka_unit_test(no_number_before_it_is_reserved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
