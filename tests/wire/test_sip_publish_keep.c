/* What is published, over restarts of ours and over the store: rows, and answers that wait for them
 * (REL-001, REL-012). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

#include "loop/loop.h"
#include "sip/sip_side.h"
#include "wire/presence_agent.h"
#include "wire/rig.h"

static const char open_body[] =
	"<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"sip:1001@pbx.example\">"
	"<note>On the phone</note><tuple id=\"t\"><status><basic>open</basic></status></tuple>"
	"</presence>";

/* Nothing is subscribed: what is published is all there is. */
static void publications_only(struct rig *rig)
{
	rig->peers[0].profile.packages = 0;
}

static const struct sip_text *answer(struct rig *rig, const char *status)
{
	const struct sip_text *text = text_peer_expect(rig->peer, "SIP/2.0 ");

	if (text == NULL || strncmp(text->text + 8, status, strlen(status)) != 0)
		fail_msg("%s wanted, but: %s", status, text != NULL ? text->text : "nothing");
	return text;
}

/* Sends a PUBLISH of 1001; returns the answer. */
static const struct sip_text *publish(struct rig *rig, const char *headers, const char *body,
				      const char *status)
{
	struct rig_request request = {.method = "PUBLISH",
				      .uri = "sip:1001@127.0.0.1:5060",
				      .from = "<sip:1001@127.0.0.1>",
				      .to = "<sip:1001@127.0.0.1>",
				      .headers = headers,
				      .body = body,
				      .type = "application/pidf+xml"};

	rig_send(rig, SIP_WAY_UDP, &request);
	return answer(rig, status);
}

/* The tag of a 200, into room. */
static void take_tag(const struct sip_text *text, char room[64])
{
	sip_text_header(text, "SIP-ETag", room, 64);
	if (room[0] == '\0')
		fail_msg("no SIP-ETag: %s", text->text);
}

/* With a tag and more headers. */
static const struct sip_text *publish_if(struct rig *rig, const char *tag, const char *headers,
					 const char *body, const char *status)
{
	char text[512];

	snprintf(text, sizeof text, "Event: presence\r\nSIP-If-Match: %s\r\n%s", tag, headers);
	return publish(rig, text, body, status);
}

struct kept {
	char tag[64], before[64], type[64], source[64], body[2048];
	uint64_t id;
	int64_t expires_s;
	unsigned puts, drops;
	bool is_dialog, is_doubtful;
};

static struct kept kept;

/* Writes under way: done at the next turn, or when the test says so. */
static struct {
	publication_kept_fn *done;
	void *arg;
} writes[8];
static size_t under_way;
static bool is_slow;
static int disk_error;

static void write_all(void)
{
	size_t count = under_way;

	under_way = 0;
	for (size_t i = 0; i < count; i++)
		writes[i].done(disk_error, writes[i].arg);
}

static void on_turn(void *arg)
{
	(void)arg;
	if (!is_slow)
		write_all();
}

static void keep_later(struct rig *rig, publication_kept_fn *done, void *arg)
{
	if (done == NULL)
		return;
	assert_true(under_way < sizeof writes / sizeof *writes);
	writes[under_way].done = done;
	writes[under_way].arg = arg;
	under_way++;
	loop_defer(rig->loop, on_turn, writes);
}

static void on_put(const struct kept_publication *row, publication_kept_fn *done, void *done_arg,
		   void *arg)
{
	keep_later(arg, done, done_arg);
	kept.puts++;
	kept.id = row->id;
	kept.is_dialog = row->is_dialog;
	kept.expires_s = row->expires_s;
	snprintf(kept.tag, sizeof kept.tag, "%s", row->tag);
	snprintf(kept.before, sizeof kept.before, "%s", row->before != NULL ? row->before : "");
	kept.is_doubtful = row->is_doubtful;
	snprintf(kept.source, sizeof kept.source, "%s", row->source);
	if (row->body == NULL)
		return;
	snprintf(kept.type, sizeof kept.type, "%s", row->type);
	snprintf(kept.body, sizeof kept.body, "%.*s", (int)row->body_len, row->body);
}

static void on_drop(const struct address *user, uint64_t id, publication_kept_fn *done,
		    void *done_arg, void *arg)
{
	(void)user;
	keep_later(arg, done, done_arg);
	assert_int_equal(id, kept.id);
	kept.drops++;
}

static void with_keeper(struct rig *rig)
{
	static struct publication_keeper keeper;

	keeper = (struct publication_keeper){on_put, on_drop, rig};
	publications_only(rig);
	rig->params.keeper = &keeper;
}

/* [AST-7] [REL-012]: tags and states outlive the process: the PBX refreshes as if nothing had been,
 * and who asks is told the state of before. */
static void tags_outlive_the_process(void **state)
{
	struct rig_options options = {.profile = "asterisk", .tune = with_keeper};
	struct rig *rig = rig_new(&options);
	struct kept_publication row = {0};
	struct address user;
	char tag[64];

	(void)state;
	memset(&kept, 0, sizeof kept);
	take_tag(publish(rig, "Event: presence\r\nExpires: 3600\r\n", open_body, "200"), tag);
	take_tag(publish_if(rig, tag, "Expires: 3600\r\n", NULL, "200"), tag);
	assert_int_equal(kept.puts, 2);
	assert_string_equal(kept.tag, tag);
	rig_free(&rig);
	rig = rig_new(&options);
	address_set(&user, SIDE_SIP, "1001", "pbx.example");
	row = (struct kept_publication){.user = &user,
					.id = kept.id,
					.tag = kept.tag,
					.source = kept.source,
					.type = kept.type,
					.body = kept.body,
					.body_len = strlen(kept.body),
					.expires_s = kept.expires_s};
	sip_side_restore(rig->side, &row);
	pa_watch(rig);
	rig_expect_line(rig, "ALLOWED");
	rig_expect_line(rig, "phone=in-call");
	take_tag(publish_if(rig, tag, "Expires: 600\r\n", NULL, "200"), tag);
	assert_int_equal(kept.drops, 0);
	publish_if(rig, tag, "Expires: 0\r\n", NULL, "200");
	assert_int_equal(kept.drops, 1);
	row.is_doubtful = true; /* [D-49]: away for long: not shown before it is confirmed */
	sip_side_restore(rig->side, &row);
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(fake_bridge_count(rig->bridge, "in-call"), 0);
	take_tag(publish_if(rig, kept.tag, "Expires: 600\r\n", NULL, "200"), tag);
	rig_expect_line(rig, "phone=in-call");
	row.expires_s -= 2 * 86400; /* long over */
	sip_side_restore(rig->side, &row);
	assert_int_equal(kept.drops, 2);
	address_clear(&user);
	rig_free(&rig);
}

/* As the daemon gives it back. */
static void restore_kept(struct rig *rig)
{
	struct address user;

	address_set(&user, SIDE_SIP, "1001", "pbx.example");
	sip_side_restore(rig->side, &(struct kept_publication){.user = &user,
							       .id = kept.id,
							       .tag = kept.tag,
							       .before = kept.before,
							       .source = kept.source,
							       .type = kept.type,
							       .body = kept.body,
							       .body_len = strlen(kept.body),
							       .expires_s = kept.expires_s,
							       .is_doubtful = kept.is_doubtful});
	address_clear(&user);
}

/* Phones that publish for themselves. */
static void with_phones(struct rig *rig)
{
	with_keeper(rig);
	rig->peers[0].profile.accepts_publish = true;
}

/* [REL-005] [REL-001]: killed when the row was on disk and its answer not sent, or lost: what is
 * repeated after the start is answered for what is there. A second publication would say for an
 * hour what its phone has long said otherwise. */
static void killed_between_row_and_answer(void **state)
{
	struct rig_options options = {.profile = "kamailio", .tune = with_phones};
	struct rig *rig = rig_new(&options);
	struct rig_request first = {.method = "PUBLISH",
				    .uri = "sip:1001@pbx.example",
				    .to = "<sip:1001@pbx.example>",
				    .call_id = "again",
				    .headers = "Event: presence\r\nExpires: 600\r\n",
				    .body = open_body,
				    .type = "application/pidf+xml"};
	char tag[64], same[64], room[64];
	const struct sip_text *text;

	(void)state;
	memset(&kept, 0, sizeof kept);
	rig_send(rig, SIP_WAY_UDP, &first);
	take_tag(answer(rig, "200"), tag);
	rig_free(&rig);
	rig = rig_new(&options);
	restore_kept(rig);
	rig_send(rig, SIP_WAY_UDP, &first);
	text = answer(rig, "200");
	take_tag(text, same);
	assert_string_equal(same, tag);
	assert_in_range(atoi(sip_text_header(text, "Expires", room, sizeof room)), 590, 600);
	/* The same with a refresh: neither tag is unknown. */
	take_tag(publish_if(rig, tag, "Expires: 600\r\n", NULL, "200"), same);
	rig_free(&rig);
	rig = rig_new(&options);
	restore_kept(rig);
	take_tag(publish_if(rig, tag, "Expires: 600\r\n", NULL, "200"), same);
	publish_if(rig, tag, "Expires: 600\r\n", NULL, "412");
	take_tag(publish_if(rig, same, "Expires: 600\r\n", NULL, "200"), same);
	assert_int_equal(kept.drops, 0);
	rig_free(&rig);
}

/* [D-49]: in doubt after a long absence, and nothing said since: a short one changes nothing. */
static void doubt_outlives_the_process(void **state)
{
	struct rig_options options = {.profile = "asterisk", .tune = with_keeper};
	struct rig *rig = rig_new(&options);
	char tag[64];

	(void)state;
	memset(&kept, 0, sizeof kept);
	take_tag(publish(rig, "Event: presence\r\nExpires: 3600\r\n", open_body, "200"), tag);
	assert_false(kept.is_doubtful);
	for (int i = 0; i < 2; i++) {
		rig_free(&rig);
		rig = rig_new(&options);
		kept.is_doubtful |= i == 0; /* what the daemon says of an absence of 90 s */
		restore_kept(rig);
		kept.is_doubtful &= kept.puts > 1;
	}
	pa_watch(rig);
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(fake_bridge_count(rig->bridge, "in-call"), 0);
	take_tag(publish_if(rig, tag, "Expires: 600\r\n", NULL, "200"), tag);
	rig_expect_line(rig, "phone=in-call");
	assert_false(kept.is_doubtful);
	rig_free(&rig);
}

/* [REL-001]: no success before the row is on disk, or gone from it; repeats are left alone. */
static void answers_wait_for_the_disk(void **state)
{
	struct rig_options options = {.profile = "asterisk", .tune = with_keeper};
	struct rig *rig = rig_new(&options);
	struct rig_request request = {.method = "PUBLISH",
				      .uri = "sip:1001@pbx.example",
				      .to = "<sip:1001@pbx.example>",
				      .branch = "z9hG4bKonce",
				      .call_id = "once",
				      .headers = "Event: presence\r\nExpires: 600\r\n",
				      .body = open_body,
				      .type = "application/pidf+xml"};
	char headers[128], tag[64];

	(void)state;
	memset(&kept, 0, sizeof kept);
	is_slow = true;
	for (int i = 0; i < 3; i++) {
		rig_send(rig, SIP_WAY_UDP, &request);
		assert_int_equal(text_peer_let_run(rig->peer, 20), 0);
	}
	assert_int_equal(kept.puts, 1);
	write_all();
	take_tag(answer(rig, "200"), tag);
	assert_string_equal(tag, kept.tag);
	rig_send(rig, SIP_WAY_UDP, &request);
	take_tag(answer(rig, "200"), tag);
	assert_string_equal(tag, kept.tag);
	snprintf(headers, sizeof headers, "Event: presence\r\nExpires: 0\r\nSIP-If-Match: %s\r\n",
		 tag);
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "PUBLISH",
				       .uri = "sip:1001@pbx.example",
				       .to = "<sip:1001@pbx.example>",
				       .headers = headers});
	assert_int_equal(text_peer_let_run(rig->peer, 20), 0);
	assert_int_equal(kept.drops, 1);
	write_all();
	(void)answer(rig, "200");
	/* Taken down while one waits. */
	request.branch = "z9hG4bKtwice";
	request.call_id = "twice";
	rig_send(rig, SIP_WAY_UDP, &request);
	assert_int_equal(text_peer_let_run(rig->peer, 20), 0);
	rig_free(&rig);
	write_all();
	is_slow = false;
}

/* [REL-001] [REL-009]: a disk that fails: what is new is refused for now and is gone, what lives
 * goes on. */
static void a_failing_disk(void **state)
{
	struct rig_options options = {.profile = "asterisk", .tune = with_keeper};
	struct rig *rig = rig_new(&options);
	const struct sip_text *text;
	char tag[64], room[64];

	(void)state;
	memset(&kept, 0, sizeof kept);
	take_tag(publish(rig, "Event: presence\r\nExpires: 600\r\n", open_body, "200"), tag);
	disk_error = ENOSPC;
	take_tag(publish_if(rig, tag, "Expires: 600\r\n", open_body, "200"), tag);
	assert_int_equal(kept.drops, 0);
	publish_if(rig, tag, "Expires: 0\r\n", NULL, "200");
	assert_int_equal(kept.drops, 1);
	text = publish(rig, "Event: presence\r\nExpires: 600\r\n", open_body, "503");
	assert_in_range(atoi(sip_text_header(text, "Retry-After", room, sizeof room)), 10, 30);
	assert_int_equal(kept.drops, 2);
	publish_if(rig, kept.tag, "Expires: 600\r\n", NULL, "412");
	disk_error = 0;
	publish(rig, "Event: presence\r\nExpires: 600\r\n", open_body, "200");
	rig_free(&rig);
}

static void two_answers(struct limits *limits)
{
	limits->answers_held = 2;
}

/* [limit answers_held] [REL-048]: what waits for the disk is bounded; beyond it what is new is
 * refused, and taken when the disk is done. */
static void answers_that_wait_are_bounded(void **state)
{
	struct rig_options options = {
		.profile = "asterisk", .tune = with_keeper, .limits = two_answers};
	struct rig *rig = rig_new(&options);
	struct rig_request request = {.method = "PUBLISH",
				      .uri = "sip:1001@pbx.example",
				      .to = "<sip:1001@pbx.example>",
				      .headers = "Event: presence\r\nExpires: 600\r\n",
				      .body = open_body,
				      .type = "application/pidf+xml"};

	(void)state;
	memset(&kept, 0, sizeof kept);
	is_slow = true;
	rig_send(rig, SIP_WAY_UDP, &request);
	rig_send(rig, SIP_WAY_UDP, &request);
	text_peer_let_run(rig->peer, 40);
	assert_int_equal(rig->counters.limits.answers_held, 0);
	rig_send(rig, SIP_WAY_UDP, &request);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 503"));
	assert_int_equal(rig->counters.limits.answers_held, 1);
	is_slow = false;
	write_all();
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_outlive_the_process),
		cmocka_unit_test(killed_between_row_and_answer),
		cmocka_unit_test(doubt_outlives_the_process),
		cmocka_unit_test(answers_wait_for_the_disk),
		cmocka_unit_test(answers_that_wait_are_bounded),
		cmocka_unit_test(a_failing_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
