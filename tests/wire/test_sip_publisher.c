/* Chat users published at peers, by bytes: PUBLISH out (RFC 3903; file 11 section 5). */
#include <stdio.h>
#include <string.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/rig.h"
#include "wire/watcher.h"

static const char *const juliet_alias[] = {"sip:8001@pbx.example"};
static const char *const romeo_alias[] = {"sip:9001@other.example"};
static const struct map_user users[] = {
	{.jid = "juliet@chat.example", .aliases = juliet_alias, .alias_count = 1},
	{.jid = "romeo@chat.example", .aliases = romeo_alias, .alias_count = 1},
	{.jid = "anna.maria@chat.example"},
};

static void as_presence(struct rig *rig)
{
	rig->peers[0].profile.publish = PUBLISH_AS_PRESENCE;
}

static void as_devices(struct rig *rig)
{
	rig->peers[0].profile.publish = PUBLISH_AS_DEVICESTATE;
}

static int quiet_ms;

static struct rig *make(const char *profile, void (*tune)(struct rig *rig), size_t user_count)
{
	struct rig_options options = {.profile = profile,
				      .users = users,
				      .user_count = user_count,
				      .tune = tune,
				      .peer_quiet_ms = quiet_ms};

	return rig_new(&options);
}

/* What the core says of a pair of the domain pbx.example. */
static void decide(struct rig *rig, const char *user, enum watch_answer answer,
		   const struct presence *now)
{
	struct address watcher, watched;

	address_set(&watcher, SIDE_SIP, "", "pbx.example");
	address_set(&watched, SIDE_XMPP, user, "chat.example");
	struct watch watch = {1, SCOPE_WATCHER, &watcher, &watched, NULL};

	sip_side_ops()->answer(rig->side, &watch, answer, NULL, now);
	address_clear(&watcher);
	address_clear(&watched);
}

/* NULL show: nothing is known of her. */
static void tell(struct rig *rig, const char *user, enum show show, const char *note)
{
	struct address watcher, watched;

	address_set(&watcher, SIDE_SIP, "", "pbx.example");
	address_set(&watched, SIDE_XMPP, user, "chat.example");
	struct watch watch = {1, SCOPE_WATCHER, &watcher, &watched, NULL};

	if (note != NULL)
		fake_bridge_set_now(rig->bridge, show, note);
	sip_side_ops()->tell(rig->side, &watch, note != NULL ? &rig->bridge->now : NULL);
	address_clear(&watcher);
	address_clear(&watched);
}

static const struct sip_text *take(struct rig *rig)
{
	const struct sip_text *text = text_peer_expect(rig->peer, "PUBLISH ");

	if (text == NULL)
		fail_msg("no PUBLISH came");
	return text;
}

static void accept(struct rig *rig, const struct sip_text *text, const char *tag, unsigned expires)
{
	char headers[128];

	snprintf(headers, sizeof headers, "SIP-ETag: %s\r\nExpires: %u\r\n", tag, expires);
	text_peer_answer(rig->peer, text, "200 OK", headers);
}

static void expect_header(const struct sip_text *text, const char *name, const char *value)
{
	char room[512];

	assert_string_equal(sip_text_header(text, name, room, sizeof room), value);
}

static void expect_body(const struct sip_text *text, const char *needle)
{
	if (strstr(sip_text_body(text), needle) == NULL)
		fail_msg("not in the body: %s\n%s", needle, text->text);
}

/* [PRES-004] [EVT-062] [D-18] [SIP-001]: asked as a domain; the first PUBLISH has everything, and
 * no condition. */
static void first_publication_is_complete(void **state)
{
	struct rig *rig = make("kamailio", as_presence, 1);
	char from[256];

	(void)state;
	rig_expect_line(rig, "requested sip:pbx.example xmpp:juliet@chat.example nick=-");
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "PUBLISH "), 0);
	decide(rig, "juliet", WATCH_ALLOWED, NULL);
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "PUBLISH "), 0); /* nothing is known yet */
	tell(rig, "juliet", SHOW_AWAY, "lunch");
	const struct sip_text *text = take(rig);

	assert_non_null(strstr(text->text, "PUBLISH sip:8001@pbx.example SIP/2.0\r\n"));
	expect_header(text, "To", "<sip:8001@pbx.example>");
	sip_text_header(text, "From", from, sizeof from);
	assert_memory_equal(from, "<sip:8001@pbx.example>;tag=", 27);
	expect_header(text, "Event", "presence");
	expect_header(text, "Expires", "3600");
	expect_header(text, "Content-Type", "application/pidf+xml");
	expect_header(text, "Max-Forwards", "70");
	assert_int_equal(sip_text_header_count(text, "SIP-If-Match"), 0);
	assert_int_equal(sip_text_header_count(text, "Route"), 1);
	expect_body(text, "entity=\"sip:8001@pbx.example\"");
	expect_body(text, "lunch");
	assert_int_equal(rig->counters.publish_out, 1);
	rig_free(&rig);
}

static struct rig *published(const char *profile, void (*tune)(struct rig *rig), unsigned expires)
{
	struct rig *rig = make(profile, tune, 1);

	rig_expect_line(rig, "requested");
	decide(rig, "juliet", WATCH_ALLOWED, NULL);
	tell(rig, "juliet", SHOW_NONE, "first");
	accept(rig, take(rig), "tag-1", expires);
	text_peer_let_run(rig->peer, 20);
	return rig;
}

static void tuple_id(const struct sip_text *text, char *room, size_t room_len)
{
	const char *id = strstr(sip_text_body(text), "<tuple id=\"");

	assert_non_null(id);
	snprintf(room, room_len, "%.*s", (int)strcspn(id + 11, "\""), id + 11);
}

/* [EVT-053] [EVT-054] [EVT-057] [PRES-206]: one at a time, the newest state next, with the tag of
 * the last 2xx; a device keeps its tuple. */
static void one_at_a_time_and_the_newest_next(void **state)
{
	struct rig *rig = published("kamailio", as_presence, 3600);
	char first[64], second[64], id[64], again[64];

	(void)state;
	tell(rig, "juliet", SHOW_AWAY, "second");
	const struct sip_text *text = take(rig);
	struct sip_text copy = *text;

	copy.text = mem_strdup(text->text);
	expect_header(&copy, "SIP-If-Match", "tag-1");
	sip_text_header(&copy, "CSeq", first, sizeof first);
	tuple_id(&copy, id, sizeof id);
	tell(rig, "juliet", SHOW_DND, "third");
	tell(rig, "juliet", SHOW_XA, "fourth");
	text_peer_let_run(rig->peer, 20);
	assert_int_equal(text_peer_count(rig->peer, "PUBLISH "), 0);
	accept(rig, &copy, "Tag~2.*", 3600);
	text = take(rig);
	expect_header(text, "SIP-If-Match", "Tag~2.*");
	expect_body(text, "fourth");
	sip_text_header(text, "CSeq", second, sizeof second);
	tuple_id(text, again, sizeof again);
	assert_string_equal(id, again);
	assert_string_not_equal(first, second);
	accept(rig, text, "tag-3", 3600);
	tell(rig, "juliet", SHOW_XA, "fourth"); /* the same is not said twice */
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "PUBLISH "), 0);
	mem_free(copy.text);
	rig_free(&rig);
}

/* [EVT-054] [EVT-056] [PBX-051]: a refresh before the end that was granted, without a body; its
 * tag, which may be the old one again, is the next condition. */
static void refresh_is_without_a_body(void **state)
{
	static const char *const tags[] = {"tag-1", "tag-1", "tag-2"};
	struct rig *rig = published("kamailio", as_presence, 2);

	(void)state;
	for (size_t i = 0; i + 1 < CHECK_COUNT(tags); i++) {
		const struct sip_text *text = take(rig);

		expect_header(text, "SIP-If-Match", tags[i]);
		assert_int_equal(sip_text_header_count(text, "Content-Type"), 0);
		expect_header(text, "Content-Length", "0");
		expect_header(text, "Expires", "3600");
		accept(rig, text, tags[i + 1], 2);
	}
	expect_header(take(rig), "SIP-If-Match", "tag-2");
	rig_free(&rig);
}

/* [EVT-055] [PRES-206]: after a 412 the whole state, without a tag. */
static void forgotten_is_said_anew(void **state)
{
	struct rig *rig = published("kamailio", as_presence, 2);
	const struct sip_text *text = take(rig); /* the refresh */

	(void)state;
	text_peer_answer(rig->peer, text, "412 Conditional Request Failed", "");
	text = take(rig);
	assert_int_equal(sip_text_header_count(text, "SIP-If-Match"), 0);
	expect_body(text, "first");
	accept(rig, text, "new-1", 3600);
	tell(rig, "juliet", SHOW_DND, "busy");
	text = take(rig);
	expect_header(text, "SIP-If-Match", "new-1");
	text_peer_answer(rig->peer, text, "412 Conditional Request Failed", "");
	text = take(rig);
	assert_int_equal(sip_text_header_count(text, "SIP-If-Match"), 0);
	expect_body(text, "busy");
	rig_free(&rig);
}

/* [EVT-056]: Min-Expires, or twice as long without one; kept for good. */
static void too_brief_is_asked_for_longer(void **state)
{
	struct rig *rig = make("kamailio", as_presence, 1);
	const struct sip_text *text;

	(void)state;
	rig_expect_line(rig, "requested");
	tell(rig, "juliet", SHOW_NONE, "first");
	text_peer_answer(rig->peer, take(rig), "423 Interval Too Brief", "Min-Expires: 5000\r\n");
	text = take(rig);
	expect_header(text, "Expires", "5000");
	expect_body(text, "first");
	text_peer_answer(rig->peer, text, "423 Interval Too Brief", "");
	text = take(rig);
	expect_header(text, "Expires", "10000");
	accept(rig, text, "tag-1", 10000);
	tell(rig, "juliet", SHOW_AWAY, "second");
	expect_header(take(rig), "Expires", "10000");
	rig_free(&rig);
}

/* A refusal is no reason to knock at once again; what failed for a moment is tried again soon. */
static void refusals_are_not_pressed(void **state)
{
	struct rig *rig = make("kamailio", as_presence, 1);

	(void)state;
	rig_expect_line(rig, "requested");
	tell(rig, "juliet", SHOW_NONE, "first");
	text_peer_answer(rig->peer, take(rig), "500 Server Error", "");
	text_peer_answer(rig->peer, take(rig), "403 Forbidden", ""); /* after 1 to 2 s */
	tell(rig, "juliet", SHOW_AWAY, "second");
	text_peer_let_run(rig->peer, 300);
	assert_int_equal(text_peer_count(rig->peer, "PUBLISH "), 0);
	assert_int_equal(rig->counters.publish_failed, 2);
	rig_free(&rig);
}

/* [D-48] [EVT-059]: a stop removes what it says goodbye to, and waits for the answer. */
static void on_stopped(void *arg)
{
	*(bool *)arg = true;
}

static void the_end_is_a_removal(void **state)
{
	struct rig *rig = published("kamailio", as_presence, 3600);
	bool is_stopped = false;

	(void)state;
	decide(rig, "juliet", WATCH_FAILED, NULL); /* bridge_stop() */
	sip_side_stop(rig->side, true, on_stopped, &is_stopped);
	const struct sip_text *text = take(rig);

	expect_header(text, "Expires", "0");
	expect_header(text, "SIP-If-Match", "tag-1");
	expect_header(text, "Content-Length", "0");
	text_peer_let_run(rig->peer, 20);
	assert_false(is_stopped);
	accept(rig, text, "tag-9", 0);
	text_peer_let_run(rig->peer, 50);
	assert_true(is_stopped);
	rig_free(&rig);
}

/* Her no ends the publication; a quiet stop leaves it (D-48). */
static void her_no_removes_it(void **state)
{
	struct rig *rig = published("kamailio", as_presence, 3600);
	bool is_stopped = false;

	(void)state;
	decide(rig, "juliet", WATCH_REJECTED, NULL);
	const struct sip_text *text = take(rig);

	expect_header(text, "Expires", "0");
	text_peer_answer(rig->peer, text, "412 Conditional Request Failed", "");
	decide(rig, "juliet", WATCH_ALLOWED, NULL);
	tell(rig, "juliet", SHOW_NONE, "back");
	text = take(rig);
	assert_int_equal(sip_text_header_count(text, "SIP-If-Match"), 0);
	expect_body(text, "back");
	accept(rig, text, "tag-2", 3600);
	text_peer_let_run(rig->peer, 20);
	sip_side_stop(rig->side, true, on_stopped, &is_stopped);
	text_peer_let_run(rig->peer, 50);
	assert_true(is_stopped);
	assert_int_equal(text_peer_count(rig->peer, "PUBLISH "), 0);
	rig_free(&rig);
}

/* [PBX-037] [PBX-038] [FSW-10]: FreeSWITCH takes the state from each body, and a removal changes
 * nothing: it is told that nobody is there, and may answer 404 to that. */
static void freeswitch_is_told_closed(void **state)
{
	struct rig *rig = published("freeswitch", as_presence, 2);
	const struct sip_text *text = take(rig); /* the refresh */

	(void)state;
	expect_header(text, "SIP-If-Match", "tag-1");
	expect_body(text, "first");
	accept(rig, text, "tag-2", 3600);
	text_peer_let_run(rig->peer, 20);
	tell(rig, "juliet", SHOW_NONE, NULL);
	text = take(rig);
	expect_body(text, "<basic>closed</basic>");
	text_peer_answer(rig->peer, text, "404 Not Found", "");
	text_peer_let_run(rig->peer, 50);
	tell(rig, "juliet", SHOW_NONE, "again");
	accept(rig, take(rig), "tag-3", 3600);
	text_peer_let_run(rig->peer, 20);
	decide(rig, "juliet", WATCH_REJECTED, NULL);
	text = take(rig);
	expect_body(text, "<basic>closed</basic>");
	accept(rig, text, "tag-4", 3600);
	expect_header(take(rig), "Expires", "0");
	rig_free(&rig);
}

/* [PBX-018] [PBX-020] [AST-7] [D-31] [EVT-053]: all devices at one Request-URI, one after the
 * other; the tag is a number, and zero is one. */
static void asterisk_gets_device_states(void **state)
{
	struct rig *rig = make("asterisk", as_devices, 3);
	const struct sip_text *text;

	(void)state;
	rig_expect_line(rig, "requested sip:pbx.example xmpp:juliet@chat.example");
	rig_expect_line(rig, "requested sip:pbx.example xmpp:anna.maria@chat.example");
	assert_int_equal(fake_bridge_count(rig->bridge, "romeo"), 0);
	tell(rig, "juliet", SHOW_DND, "busy");
	tell(rig, "anna.maria", SHOW_NONE, "here");
	text = take(rig);
	assert_non_null(strstr(text->text, "PUBLISH sip:sipxmppd@pbx.example SIP/2.0\r\n"));
	expect_header(text, "Event", "asterisk-devicestate");
	expect_header(text, "Content-Type", "application/json");
	expect_body(text, "\"device\":\"Custom:8001\",\"state\":\"BUSY\"");
	text_peer_let_run(rig->peer, 20);
	assert_int_equal(text_peer_count(rig->peer, "PUBLISH "), 0);
	accept(rig, text, "0", 600);
	text = take(rig);
	expect_header(text, "SIP-If-Match", "0");
	expect_body(text, "\"device\":\"Custom:anna.maria\",\"state\":\"NOT_INUSE\"");
	accept(rig, text, "1", 600);
	tell(rig, "juliet", SHOW_NONE, NULL);
	text = take(rig);
	expect_body(text, "\"device\":\"Custom:8001\",\"state\":\"UNAVAILABLE\"");
	accept(rig, text, "2", 600);
	rig_free(&rig);
}

/* [AST-7] [D-48]: a removal takes no device state back: that nobody is there is said first. */
static void asterisk_is_told_before_the_end(void **state)
{
	struct rig *rig = published("asterisk", as_devices, 600);
	const struct sip_text *text;
	bool is_stopped = false;

	(void)state;
	decide(rig, "juliet", WATCH_FAILED, NULL);
	sip_side_stop(rig->side, true, on_stopped, &is_stopped);
	text = take(rig);
	expect_body(text, "\"state\":\"UNAVAILABLE\"");
	accept(rig, text, "8", 600);
	text = take(rig);
	expect_header(text, "Expires", "0");
	expect_header(text, "SIP-If-Match", "8");
	accept(rig, text, "9", 0);
	text_peer_let_run(rig->peer, 50);
	assert_true(is_stopped);
	rig_free(&rig);
}

static bool is_down(struct rig *rig)
{
	struct buf status = BUF_INIT;
	bool found;

	sip_side_status(rig->side, &status);
	found = strstr(buf_text(&status), " down\n") != NULL;
	buf_free(&status);
	return found;
}

/* Takes the server down, or up again. */
static void let_go_down(struct rig *rig)
{
	for (int i = 0; i < 200 && !is_down(rig); i++)
		text_peer_let_run(rig->peer, 50);
	assert_true(is_down(rig));
	while (text_peer_count(rig->peer, "OPTIONS ") != 0)
		(void)text_peer_expect(rig->peer, "OPTIONS ");
}

static void let_come_up(struct rig *rig)
{
	while (is_down(rig)) { /* some are repeats of what it has given up */
		const struct sip_text *text = text_peer_expect(rig->peer, "OPTIONS ");

		assert_non_null(text);
		text_peer_answer(rig->peer, text, "200 OK", "");
		text_peer_let_run(rig->peer, 10);
	}
}

/* [D-26] [REL-024]: a server that was away is told everything again, whole, when it is back. */
static void a_server_that_was_away_hears_it_again(void **state)
{
	quiet_ms = 3000;
	struct rig *rig = published("kamailio", as_presence, 3600);
	const struct sip_text *text;

	(void)state;
	quiet_ms = 0;
	let_go_down(rig);
	tell(rig, "juliet", SHOW_AWAY, "meanwhile");
	text_peer_let_run(rig->peer, 20);
	assert_int_equal(text_peer_count(rig->peer, "PUBLISH "), 0);
	let_come_up(rig);
	text = take(rig);
	expect_header(text, "SIP-If-Match", "tag-1");
	expect_body(text, "meanwhile");
	rig_free(&rig);
}

/* [AST-7] [D-31] [PBX-037]: what a server keeps of her for ever is taken back also if it is away
 * when she says no: once it is there again. */
static void a_no_reaches_a_server_that_was_away(void **state)
{
	quiet_ms = 3000;
	struct rig *rig = published("asterisk", as_devices, 3600);
	const struct sip_text *text;

	(void)state;
	quiet_ms = 0;
	let_go_down(rig);
	decide(rig, "juliet", WATCH_REJECTED, NULL);
	text_peer_let_run(rig->peer, 20);
	let_come_up(rig);
	text = take(rig);
	expect_body(text, "\"state\":\"UNAVAILABLE\"");
	accept(rig, text, "8", 600);
	expect_header(take(rig), "Expires", "0");
	rig_free(&rig);
}

/* The same where the server refuses for a moment; a stop does not wait for ever. */
static void a_no_is_said_again(void **state)
{
	struct rig *rig = published("asterisk", as_devices, 3600);
	const struct sip_text *text;
	bool is_stopped = false;

	(void)state;
	decide(rig, "juliet", WATCH_REJECTED, NULL);
	text = take(rig);
	expect_body(text, "\"state\":\"UNAVAILABLE\"");
	text_peer_answer(rig->peer, text, "503 Service Unavailable", "");
	text = take(rig);
	expect_body(text, "\"state\":\"UNAVAILABLE\"");
	text_peer_answer(rig->peer, text, "403 Forbidden", "");
	text_peer_let_run(rig->peer, 50);
	sip_side_stop(rig->side, true, on_stopped, &is_stopped);
	text = take(rig);
	expect_body(text, "\"state\":\"UNAVAILABLE\"");
	text_peer_answer(rig->peer, text, "403 Forbidden", "");
	text_peer_let_run(rig->peer, 50);
	assert_true(is_stopped);
	rig_free(&rig);
}

/* [SEC-030]: after her no nothing is said of her, also not what waited to be said. */
static void a_no_counts_at_once(void **state)
{
	struct rig *rig = published("kamailio", as_presence, 3600);
	const struct sip_text *text;

	(void)state;
	tell(rig, "juliet", SHOW_AWAY, "second");
	text = take(rig);
	struct sip_text copy = *text;

	copy.text = mem_strdup(text->text);
	tell(rig, "juliet", SHOW_DND, "secret");
	decide(rig, "juliet", WATCH_REJECTED, NULL);
	accept(rig, &copy, "tag-2", 3600);
	text = take(rig);
	expect_header(text, "Expires", "0");
	expect_header(text, "SIP-If-Match", "tag-2");
	assert_null(strstr(text->text, "secret"));
	mem_free(copy.text);
	rig_free(&rig);
}

static struct {
	char tag[64], source[64];
	uint64_t id;
	unsigned puts, drops;
} kept;

static void on_put(const struct kept_publication *row, publication_kept_fn *done, void *done_arg,
		   void *arg)
{
	assert_true(done == NULL && done_arg == NULL && arg == NULL);
	assert_int_equal(row->user->side, SIDE_XMPP);
	assert_null(row->body);
	kept.puts++;
	kept.id = row->id;
	snprintf(kept.tag, sizeof kept.tag, "%s", row->tag);
	snprintf(kept.source, sizeof kept.source, "%s", row->source);
}

static void on_drop(const struct address *user, uint64_t id, publication_kept_fn *done,
		    void *done_arg, void *arg)
{
	assert_true(user != NULL && done == NULL && done_arg == NULL && arg == NULL);
	assert_int_equal(id, kept.id);
	kept.drops++;
}

static void with_keeper(struct rig *rig)
{
	static const struct publication_keeper keeper = {on_put, on_drop, NULL};

	as_presence(rig);
	rig->params.keeper = &keeper;
}

/* [REL-012] [EVT-054]: after a crash the old publication is replaced, not joined by another one; of
 * one who says no now it is taken back. */
static void the_tag_outlives_the_process(void **state)
{
	struct rig *rig = published("kamailio", with_keeper, 3600);
	struct address user;
	const struct sip_text *text;

	(void)state;
	assert_int_equal(kept.puts, 1);
	rig_free(&rig);
	assert_int_equal(kept.drops, 0);
	address_set(&user, SIDE_XMPP, "juliet", "chat.example");
	struct kept_publication row = {.user = &user,
				       .id = kept.id,
				       .tag = kept.tag,
				       .source = kept.source,
				       .expires_s = INT64_C(4000000000)};

	rig = make("kamailio", with_keeper, 1);
	sip_side_restore(rig->side, &row);
	decide(rig, "juliet", WATCH_ALLOWED, NULL);
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(text_peer_count(rig->peer, "PUBLISH "), 0); /* not known yet */
	tell(rig, "juliet", SHOW_AWAY, "back");
	text = take(rig);
	expect_header(text, "SIP-If-Match", "tag-1");
	expect_body(text, "back");
	rig_free(&rig);
	rig = make("kamailio", with_keeper, 1);
	sip_side_restore(rig->side, &row);
	decide(rig, "juliet", WATCH_REJECTED, NULL);
	text = take(rig);
	expect_header(text, "SIP-If-Match", "tag-1");
	expect_header(text, "Expires", "0");
	accept(rig, text, "x", 0);
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(kept.drops, 1);
	address_clear(&user);
	rig_free(&rig);
}

static void soon_unknown(struct rig *rig)
{
	rig->peers[0].profile.publish = strcmp(rig->peers[0].profile.name, "asterisk") == 0
						? PUBLISH_AS_DEVICESTATE
						: PUBLISH_AS_PRESENCE;
	rig->params.hold_ms = 200;
}

/* [D-49] [AST-7]: what a server still has of a time before the start is not true for long: of whom
 * nothing is heard in the hold, nothing is known. */
static void left_over_is_not_true_for_long(void **state)
{
	struct rig *rig = make("asterisk", soon_unknown, 1);
	struct kept_publication row = {
		.id = 7, .tag = "old-1", .source = "pbx.example", .expires_s = INT64_C(4000000000)};
	struct address user;
	const struct sip_text *text;

	(void)state;
	expect_body(take(rig), "\"state\":\"UNAVAILABLE\"");
	rig_free(&rig);
	rig = make("kamailio", soon_unknown, 1);
	address_set(&user, SIDE_XMPP, "juliet", "chat.example");
	row.user = &user;
	sip_side_restore(rig->side, &row);
	address_clear(&user);
	text = take(rig);
	expect_header(text, "SIP-If-Match", "old-1");
	expect_body(text, "<basic>closed</basic>");
	rig_free(&rig);
	rig = make("kamailio", soon_unknown, 1); /* nothing is left over */
	text_peer_let_run(rig->peer, 300);
	assert_int_equal(text_peer_count(rig->peer, "PUBLISH "), 0);
	rig_free(&rig);
}

static void as_presence_and_domain(struct rig *rig)
{
	as_presence(rig);
	rig->peers[0].profile.watch_as = WATCH_AS_DOMAIN;
}

/* [D-18]: one pair serves the phones and the publication: it goes on when the last phone leaves,
 * and what is told reaches both. */
static void phones_come_and_go(void **state)
{
	struct rig *rig = published("kamailio", as_presence_and_domain, 3600);
	struct watcher phone = {.call_id = "phone"};
	const struct sip_text *text;

	(void)state;
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "first");
	watcher_subscribe(rig, &phone, "Expires: 600\r\n");
	rig_expect_line(rig, "requested sip:pbx.example xmpp:juliet@chat.example");
	watcher_answer(rig, "active", "200 OK");
	tell(rig, "juliet", SHOW_DND, "both");
	text = take(rig);
	expect_body(text, "both");
	accept(rig, text, "tag-2", 3600);
	watcher_answer(rig, "active", "200 OK");
	watcher_subscribe(rig, &phone, "Expires: 0\r\n");
	watcher_answer(rig, "terminated", "200 OK");
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(fake_bridge_count(rig->bridge, "lapsed"), 0);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_publication_is_complete),
		cmocka_unit_test(one_at_a_time_and_the_newest_next),
		cmocka_unit_test(refresh_is_without_a_body),
		cmocka_unit_test(forgotten_is_said_anew),
		cmocka_unit_test(too_brief_is_asked_for_longer),
		cmocka_unit_test(refusals_are_not_pressed),
		cmocka_unit_test(the_end_is_a_removal),
		cmocka_unit_test(her_no_removes_it),
		cmocka_unit_test(freeswitch_is_told_closed),
		cmocka_unit_test(asterisk_gets_device_states),
		cmocka_unit_test(asterisk_is_told_before_the_end),
		cmocka_unit_test(a_server_that_was_away_hears_it_again),
		cmocka_unit_test(a_no_reaches_a_server_that_was_away),
		cmocka_unit_test(a_no_is_said_again),
		cmocka_unit_test(a_no_counts_at_once),
		cmocka_unit_test(the_tag_outlives_the_process),
		cmocka_unit_test(left_over_is_not_true_for_long),
		cmocka_unit_test(phones_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
