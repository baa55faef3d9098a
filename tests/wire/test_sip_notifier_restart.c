/* SIP watchers' subscriptions over a restart, by bytes (REL-001, REL-013, REL-014, REL-031, D-48,
 * D-49): the side is killed without a word, and a new one goes on from the rows it kept. */
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

static unsigned cseq_of(const struct sip_text *text)
{
	char room[64];

	return (unsigned)atoi(sip_text_header(text, "CSeq", room, sizeof room));
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

/* [REL-013] [REL-012] [SIP-041] [PRES-081] [D-49] [PRES-186]: ids, tags, route set, target and
 * event go on; nothing is said before something is known; then once; the refresh is matched and the
 * end, too. */
static void it_goes_on(void **state)
{
	struct rig *rig = new_rig();
	struct watcher watcher = {.call_id = "k1", .event = "presence;id=e7"};
	char route[128], headers[256], room[512], tag[64];
	const struct sip_text *text;
	unsigned cseq;

	(void)state;
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "first");
	snprintf(route, sizeof route, "<sip:127.0.0.1:%u;lr>", text_peer_port(rig->peer));
	snprintf(headers, sizeof headers, "Record-Route: %s\r\nExpires: 600\r\n", route);
	watcher_subscribe(rig, &watcher, headers);
	text = watcher_take(rig, "active");
	cseq = cseq_of(text);
	text_peer_answer(rig->peer, text, "200 OK", "");
	settle(rig);
	assert_string_equal(disk_only(rig->disk)->event, "presence");
	assert_string_equal(disk_only(rig->disk)->watched.local, "juliet");

	restart(rig);
	rig_expect_line(rig, "restored sip:1001@pbx.example xmpp:juliet@chat.example");
	expect_silence(rig, 700);
	assert_int_equal(fake_bridge_count(rig->bridge, "requested sip"), 1); /* of the beginning */
	fake_bridge_set_now(rig->bridge, SHOW_AWAY, "second");
	watcher_tell(rig);
	text = watcher_take(rig, "active;expires=");
	sip_text_header(text, "Subscription-State", room, sizeof room);
	assert_in_range(atoi(strstr(room, "expires=") + 8), 590, 600);
	assert_true(cseq_of(text) > cseq);
	expect_body(text, "second");
	expect_header(text, "Event", "presence;id=e7");
	expect_header(text, "Route", route);
	expect_header(text, "Call-ID", "k1");
	assert_string_equal(sip_text_tag(text, "From", tag, sizeof tag), watcher.tag);
	assert_string_equal(sip_text_tag(text, "To", tag, sizeof tag), "ft");
	cseq = cseq_of(text);
	text_peer_answer(rig->peer, text, "200 OK", "");
	watcher_tell(rig); /* the same */
	expect_silence(rig, 100);

	text = watcher_subscribe(rig, &watcher, "Expires: 900\r\n");
	assert_memory_equal(text->text, "SIP/2.0 200", 11);
	text = watcher_take(rig, "active;expires=900");
	assert_int_equal(cseq_of(text), cseq + 1);
	text_peer_answer(rig->peer, text, "200 OK", "");
	text = watcher_subscribe(rig, &watcher, "Expires: 0\r\n");
	assert_memory_equal(text->text, "SIP/2.0 200", 11);
	watcher_answer(rig, "terminated;reason=timeout", "200 OK");
	rig_expect_line(rig, "lapsed");
	settle(rig);
	assert_int_equal(rig->disk->count, 0);
	rig_free(&rig);
}

/* [REL-013] [EVT-043]: a refresh that comes before anything is known is matched and answered at
 * once, with a NOTIFY that claims nothing; a CSeq of before is refused. */
static void refresh_before_the_first_word(void **state)
{
	struct rig *rig = new_rig();
	struct watcher watcher = {.call_id = "k2"}, lamp = {.call_id = "k2l", .event = "dialog"};
	const struct sip_text *text;

	(void)state;
	watcher_begin(rig, &watcher);
	watcher_subscribe(rig, &lamp, "Expires: 600\r\n");
	watcher_answer(rig, "active", "200 OK");
	settle(rig);
	restart(rig);
	rig->bridge->has_now = false;
	text = watcher_subscribe(rig, &watcher, "Expires: 600\r\n");
	assert_memory_equal(text->text, "SIP/2.0 200", 11);
	text = watcher_take(rig, "active");
	assert_string_equal(sip_text_body(text), "");
	text_peer_answer(rig->peer, text, "200 OK", "");
	/* [D-31]: no lamp is lit, or dark, by a restart. */
	assert_memory_equal(watcher_subscribe(rig, &lamp, "Expires: 600\r\n")->text, "SIP/2.0 200",
			    11);
	text = watcher_take(rig, "active");
	assert_string_equal(sip_text_body(text), "");
	text_peer_answer(rig->peer, text, "200 OK", "");
	watcher.cseq -= 2; /* [SIP-024]: one that was seen before the restart */
	assert_memory_equal(watcher_subscribe(rig, &watcher, "")->text, "SIP/2.0 500", 11);
	/* The hold is over and nobody is heard of: now it is unknown. */
	watcher_tell_for(rig, "1001", "juliet", NULL);
	for (int i = 0; i < 2; i++) {
		text = watcher_take(rig, "active");
		assert_string_not_equal(sip_text_body(text), "");
		text_peer_answer(rig->peer, text, "200 OK", "");
	}
	rig_free(&rig);
}

/* The last NOTIFY that a watcher has seen. */
struct seen {
	unsigned cseq;
	char via[256];
};

/* Takes and answers what lies there; each CSeq is above the one before, but for repetitions. */
static void answer_all(struct rig *rig, struct seen *last)
{
	char via[256];

	while (text_peer_count(rig->peer, "NOTIFY ") != 0) {
		const struct sip_text *text = watcher_take(rig, "active");
		unsigned cseq = cseq_of(text);

		sip_text_header(text, "Via", via, sizeof via);
		if (cseq < last->cseq || (cseq == last->cseq && strcmp(via, last->via) != 0))
			fail_msg("CSeq %u after %u", cseq, last->cseq);
		last->cseq = cseq;
		memcpy(last->via, via, sizeof via);
		text_peer_answer(rig->peer, text, "200 OK", "");
	}
	while (text_peer_count(rig->peer, "SIP/2.0 ") != 0)
		assert_memory_equal(text_peer_expect(rig->peer, "SIP/2.0 ")->text, "SIP/2.0 200",
				    11);
}

/* [REL-013] [RFC 3261 section 12.2.1.1]: killed again and again in a storm of refreshes and
 * NOTIFYs, with a disk that now and then stands still and loses what is under way: what a peer sees
 * only rises, and he goes on. */
static void killed_in_a_storm(void **state)
{
	struct rig *rig = new_rig();
	struct watcher watcher = {.call_id = "k3", .event = "dialog"};
	char contact[128], headers[256];
	struct seen last = {0};
	unsigned seed = 7;

	(void)state;
	watcher_begin(rig, &watcher);
	snprintf(headers, sizeof headers, "Event: dialog\r\nExpires: 600\r\n%s",
		 watcher_contact(rig, contact, sizeof contact));
	for (int life = 0; life < 8; life++) {
		unsigned before = last.cseq;

		for (int i = 0; i < 130; i++) {
			seed = seed * 1103515245 + 12345;
			rig->disk->is_slow = (seed >> 16) % 8 < (unsigned)life % 5;
			if (!rig->disk->is_slow)
				disk_flush(rig->disk);
			watcher.cseq++;
			rig_send(rig, SIP_WAY_UDP,
				 &(struct rig_request){.method = "SUBSCRIBE",
						       .call_id = "k3",
						       .cseq = watcher.cseq,
						       .to_tag = watcher.tag,
						       .headers = headers});
			text_peer_let_run(rig->peer, 1);
			answer_all(rig, &last);
		}
		assert_true(last.cseq > before + 20);
		rig_kill(rig);
		answer_all(rig, &last);
		rig->disk->is_slow = false;
		rig_start(rig, false);
		watcher_tell(rig);
		text_peer_let_run(rig->peer, 600);
		before = last.cseq;
		answer_all(rig, &last);
		assert_true(last.cseq > before); /* it was told that he is there */
	}
	rig_free(&rig);
}

/* [SEC-006]: the right ids from somebody else are none, also after a restart. */
static void a_wrong_peer(void **state)
{
	struct rig *rig = new_rig();
	struct watcher watcher = {.call_id = "k4"};
	char contact[128], headers[256];

	(void)state;
	watcher_begin(rig, &watcher);
	settle(rig);
	mem_free(disk_only(rig->disk)->peer);
	disk_only(rig->disk)->peer = mem_strdup("192.0.2.9:5060");
	restart(rig);
	assert_memory_equal(watcher_subscribe(rig, &watcher, "Expires: 0\r\n")->text, "SIP/2.0 481",
			    11);
	settle(rig);
	assert_int_equal(rig->disk->count, 1);
	/* And a foreign tag from the right address. */
	rig_kill(rig);
	mem_free(disk_only(rig->disk)->peer);
	disk_only(rig->disk)->peer = mem_strdup("127.0.0.1:5060");
	rig_start(rig, false);
	snprintf(headers, sizeof headers, "Event: presence\r\n%s",
		 watcher_contact(rig, contact, sizeof contact));
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "SUBSCRIBE",
				       .call_id = "k4",
				       .cseq = 20,
				       .from_tag = "stranger",
				       .to_tag = watcher.tag,
				       .headers = headers});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 481"));
	watcher.cseq = 30;
	assert_memory_equal(watcher_subscribe(rig, &watcher, "Expires: 0\r\n")->text, "SIP/2.0 200",
			    11);
	rig_free(&rig);
}

/* [REL-013] [DLG-001] [D-31]: a lamp key: a whole document with a version above all he has had. */
static void a_lamp(void **state)
{
	struct rig *rig = new_rig();
	struct watcher lamp = {.call_id = "k5", .event = "dialog"};
	const struct sip_text *text;
	int version = -1;

	(void)state;
	watcher_begin(rig, &lamp);
	for (int life = 0; life < 3; life++) {
		for (int i = 0; i < 3; i++) {
			int before = version;

			fake_bridge_set_now(rig->bridge, i % 2 == 0 ? SHOW_DND : SHOW_NONE, "x");
			if (i == 0)
				watcher_tell(rig);
			else
				watcher_subscribe(rig, &lamp, "Expires: 600\r\n");
			text = watcher_take(rig, "active");
			expect_body(text, "state=\"full\"");
			const char *at = strstr(sip_text_body(text), "<dialog-info");

			version = atoi(strstr(at, "version=\"") + 9);
			assert_true(version > before);
			text_peer_answer(rig->peer, text, "200 OK", "");
		}
		text_peer_let_run(rig->peer, 20);
		restart(rig); /* while its last row may be under way */
	}
	rig_free(&rig);
}

static const char list_head[] =
	"Supported: eventlist\r\nRequire: recipient-list-subscribe\r\n"
	"Content-Disposition: recipient-list\r\n"
	"Accept: application/pidf+xml, application/rlmi+xml, multipart/related\r\n";

static const char list_body[] =
	"<?xml version=\"1.0\"?><resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\">"
	"<list><entry uri=\"sip:juliet@chat.example\"><display-name>Juliet</display-name></entry>"
	"<entry uri=\"sip:romeo@chat.example\"/><entry uri=\"sip:nobody@elsewhere.example\"/>"
	"</list></resource-lists>";

/* [REL-013] [EVT-072] [EVT-070]: a list that the request brought: told once all of its members are
 * heard of, whole, with a version above all before. */
static void a_list(void **state)
{
	struct rig *rig = new_rig();
	struct watcher watcher = {.call_id = "k6",
				  .uri = "sip:friends@chat.example",
				  .body = list_body,
				  .type = "application/resource-lists+xml"};
	const struct sip_text *text;

	(void)state;
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "first");
	watcher_subscribe(rig, &watcher, list_head);
	text = watcher_take(rig, "active");
	expect_body(text, "fullState=\"true\"");
	text_peer_answer(rig->peer, text, "200 OK", "");
	settle(rig);
	assert_null(disk_only(rig->disk)->watcher.domain);
	restart(rig);
	rig_expect_line(rig, "restored sip:1001@pbx.example xmpp:juliet@chat.example");
	rig_expect_line(rig, "restored sip:1001@pbx.example xmpp:romeo@chat.example");
	expect_silence(rig, 700);
	fake_bridge_set_now(rig->bridge, SHOW_AWAY, "second");
	watcher_tell_for(rig, "1001", "juliet", &rig->bridge->now);
	expect_silence(rig, 200);
	watcher_tell_for(rig, "1001", "romeo", &rig->bridge->now);
	text = watcher_take(rig, "active");
	expect_body(text, "fullState=\"true\"");
	expect_body(text, "second");
	expect_body(text, "Juliet");
	expect_body(text, "sip:nobody@elsewhere.example");
	const char *version = strstr(sip_text_body(text), "version=\"10");

	assert_non_null(version);
	text_peer_answer(rig->peer, text, "200 OK", "");
	/* A refresh without a list is of the same members. */
	watcher.body = NULL;
	assert_memory_equal(watcher_subscribe(rig, &watcher, "Supported: eventlist\r\n")->text,
			    "SIP/2.0 200", 11);
	text = watcher_take(rig, "active");
	expect_body(text, "sip:romeo@chat.example");
	text_peer_answer(rig->peer, text, "200 OK", "");
	rig_free(&rig);
}

/* A list of the configuration: its members are what they are now. */
static void a_list_of_ours(void **state)
{
	static const char *const members[] = {"juliet@chat.example", "romeo@chat.example"};
	static struct sip_list lists[] = {
		{.uri = "sip:team@chat.example", .members = members, .member_count = 1}};
	struct rig *rig =
		rig_new(&(struct rig_options){.keeps = true, .lists = lists, .list_count = 1});
	struct watcher watcher = {.call_id = "k7", .uri = "sip:team@chat.example"};
	const struct sip_text *text;

	(void)state;
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "first");
	watcher_subscribe(rig, &watcher, "Supported: eventlist\r\n");
	watcher_answer(rig, "active", "200 OK");
	settle(rig);
	assert_string_equal(disk_only(rig->disk)->watched.local, "team");
	rig_kill(rig);
	lists[0].member_count = 2;
	rig_start(rig, false);
	watcher_tell_for(rig, "1001", "juliet", &rig->bridge->now);
	watcher_tell_for(rig, "1001", "romeo", &rig->bridge->now);
	text = watcher_take(rig, "active");
	expect_body(text, "juliet");
	expect_body(text, "romeo");
	text_peer_answer(rig->peer, text, "200 OK", "");
	/* It is not there any more: what was kept of it is dropped. */
	settle(rig);
	rig_kill(rig);
	rig->params.list_count = 0;
	rig_start(rig, false);
	settle(rig);
	assert_int_equal(rig->disk->count, 0);
	lists[0].member_count = 1;
	rig_free(&rig);
}

/* [REL-013] [EVT-049] [EVT-052]: watcher information: whole, of a higher version, with what he is
 * now. */
static void watcher_information(void **state)
{
	struct rig *rig = new_rig();
	struct watcher watcher = {.call_id = "k8"};
	struct watcher info = {.call_id = "k8w", .event = "presence.winfo"};
	const struct sip_text *text;

	(void)state;
	watcher_begin(rig, &watcher);
	watcher_subscribe(rig, &info, "Expires: 300\r\n");
	text = watcher_take(rig, "active");
	expect_body(text, "status=\"active\"");
	text_peer_answer(rig->peer, text, "200 OK", "");
	settle(rig);
	assert_int_equal(rig->disk->count, 2);
	restart(rig);
	text = watcher_take(rig, "active;expires=");
	expect_header(text, "Event", "presence.winfo");
	expect_body(text, "version=\"10");
	expect_body(text, "state=\"full\"");
	expect_body(text, "status=\"active\"");
	text_peer_answer(rig->peer, text, "200 OK", "");
	rig_free(&rig);
}

static void domain_watches(struct rig *rig)
{
	rig->peers[0].profile.watch_as = WATCH_AS_DOMAIN;
}

/* [D-18] [REL-013]: a domain that watches for its phones: one pair, each phone counted as who he
 * is. */
static void a_domain_watches(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.keeps = true, .tune = domain_watches});
	struct watcher watcher = {.call_id = "k9"};
	const struct sip_text *text;

	(void)state;
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "first");
	watcher_subscribe(rig, &watcher, "Expires: 600\r\n");
	watcher_answer(rig, "active", "200 OK");
	settle(rig);
	assert_string_equal(disk_only(rig->disk)->watcher.local, "");
	restart(rig);
	rig_expect_line(rig, "restored sip:pbx.example xmpp:juliet@chat.example");
	watcher_tell_for(rig, "", "juliet", &rig->bridge->now);
	text = watcher_take(rig, "active");
	expect_body(text, "first");
	text_peer_answer(rig->peer, text, "200 OK", "");
	rig_free(&rig);
}

static void pending_is_told(struct rig *rig, const char *call_id)
{
	struct watcher watcher = {.call_id = ""};

	snprintf(watcher.call_id, sizeof watcher.call_id, "%s", call_id);
	rig->bridge->requested = WATCH_PENDING;
	watcher_subscribe(rig, &watcher, "Expires: 600\r\n");
	watcher_answer(rig, "pending", "200 OK");
	settle(rig);
}

/* [REL-013] [PRES-079] [D-13]: pending stays pending, and is told so; the answer comes through;
 * what ended meanwhile ends. [REQ-009] */
static void what_the_core_says_of_it(void **state)
{
	struct rig *rig = new_rig();

	(void)state;
	pending_is_told(rig, "k10");
	restart(rig);
	watcher_answer(rig, "pending;expires=", "200 OK");
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "yes");
	watcher_decide(rig, WATCH_ALLOWED);
	watcher_answer(rig, "active", "200 OK");
	settle(rig);
	rig_kill(rig);
	rig->bridge->requested = WATCH_REJECTED;
	rig_start(rig, false);
	watcher_answer(rig, "terminated;reason=rejected", "200 OK");
	settle(rig);
	assert_int_equal(rig->disk->count, 0);
	pending_is_told(rig, "k11");
	rig_kill(rig);
	rig->bridge->requested = WATCH_FAILED;
	rig_start(rig, false);
	watcher_answer(rig, "terminated;reason=probation;retry-after=", "200 OK");
	settle(rig);
	assert_int_equal(rig->disk->count, 0);
	assert_int_equal(fake_bridge_count(rig->bridge, "lapsed"), 0);
	rig_free(&rig);
}

/* A watcher who is gone. [PRES-085] */
static void nobody_there_any_more(void **state)
{
	struct rig *rig = new_rig();
	struct watcher watcher = {.call_id = "k12"};

	(void)state;
	watcher_begin(rig, &watcher);
	settle(rig);
	restart(rig);
	watcher_tell(rig);
	watcher_answer(rig, "active", "481 Gone");
	rig_expect_line(rig, "lapsed");
	settle(rig);
	assert_int_equal(rig->disk->count, 0);
	rig_free(&rig);
}

/* [REL-031] [EVT-036]: what ended while we were away is gone, in silence; a clock that is wrong
 * ends nothing. [EVT-034] */
static void while_we_were_away(void **state)
{
	struct rig *rig = new_rig();
	struct watcher watcher = {.call_id = "k13"};
	char room[128];

	(void)state;
	watcher_begin(rig, &watcher);
	settle(rig);
	rig_kill(rig);
	disk_only(rig->disk)->expires_s = 1; /* the clock was at 1970 when it was written */
	rig_start(rig, true);
	watcher_tell(rig);
	const struct sip_text *text = watcher_take(rig, "active;expires=");

	sip_text_header(text, "Subscription-State", room, sizeof room);
	assert_int_equal(atoi(strstr(room, "expires=") + 8), 3600);
	text_peer_answer(rig->peer, text, "200 OK", "");
	settle(rig);
	rig_kill(rig);
	disk_only(rig->disk)->expires_s = loop_wall_ms(rig->loop) / 1000 + 1000000;
	rig_start(rig, true);
	watcher_tell(rig);
	text = watcher_take(rig, "active;expires=3600"); /* in 2100 */
	text_peer_answer(rig->peer, text, "200 OK", "");
	settle(rig);
	rig_kill(rig);
	disk_only(rig->disk)->expires_s = loop_wall_ms(rig->loop) / 1000 - 1;
	rig_start(rig, false);
	expect_silence(rig, 600);
	assert_int_equal(rig->disk->count, 0);
	assert_memory_equal(watcher_subscribe(rig, &watcher, "Expires: 600\r\n")->text,
			    "SIP/2.0 481", 11);
	rig_free(&rig);
}

/* Rows that were damaged do no harm. [SEC-060] */
static void damaged_rows(void **state)
{
	struct rig *rig = new_rig();
	struct watcher watcher = {.call_id = "k14"};
	struct dialog_row good = {0};

	(void)state;
	watcher_begin(rig, &watcher);
	settle(rig);
	dialog_row_copy(&good, disk_only(rig->disk));
	for (int i = 0; i < 6; i++) {
		struct dialog_row *row = disk_only(rig->disk);

		rig_kill(rig);
		if (i == 0)
			row->value[0] = 99;
		else if (i == 1)
			row->value_len /= 2;
		else if (i == 2)
			row->target[0] = '\r';
		else if (i == 3)
			row->event[0] = 'x';
		else if (i == 4)
			address_clear(&row->watched);
		else
			memcpy(row->target, "sip:1@0.0.0.0\0", 14); /* [SEC-021] */
		rig_start(rig, false);
		settle(rig);
		assert_int_equal(rig->disk->count, 0);
		dialog_row_copy(&rig->disk->rows[0], &good);
		rig->disk->count = 1;
	}
	restart(rig);
	watcher_tell(rig);
	watcher_answer(rig, "active", "200 OK");
	dialog_row_clear(&good);
	rig_free(&rig);
}

enum { MANY = 120 };

static void few_a_second(struct limits *limits)
{
	limits->outward_per_s = 100;
}

/* [REL-014] [D-49]: many are told paced, those that end soonest first. */
static void paced(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.keeps = true, .limits = few_a_second});
	uint64_t since;
	int last = 0;

	(void)state;
	rig->bridge->requested = WATCH_PENDING;
	for (int i = 0; i < MANY; i++) {
		struct watcher watcher = {.call_id = ""};
		char headers[64];

		snprintf(watcher.call_id, sizeof watcher.call_id, "m%d", i);
		snprintf(headers, sizeof headers, "Expires: %d\r\n", 3600 - i * 10);
		watcher_subscribe(rig, &watcher, headers);
		watcher_answer(rig, "pending", "200 OK");
	}
	settle(rig);
	restart(rig);
	since = loop_now(rig->loop);
	for (int i = 0; i < MANY; i++) {
		const struct sip_text *text = watcher_take(rig, "pending;expires=");
		char room[128];
		int left;

		sip_text_header(text, "Subscription-State", room, sizeof room);
		left = atoi(strstr(room, "expires=") + 8);
		assert_true(left >= last - 1);
		last = left;
		text_peer_answer(rig->peer, text, "200 OK", "");
	}
	/* No more than 100 a second, but for what may go at once. */
	assert_true(loop_now(rig->loop) - since >= (MANY - 10) * 10);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_goes_on),
		cmocka_unit_test(refresh_before_the_first_word),
		cmocka_unit_test(killed_in_a_storm),
		cmocka_unit_test(a_wrong_peer),
		cmocka_unit_test(a_lamp),
		cmocka_unit_test(a_list),
		cmocka_unit_test(a_list_of_ours),
		cmocka_unit_test(watcher_information),
		cmocka_unit_test(a_domain_watches),
		cmocka_unit_test(what_the_core_says_of_it),
		cmocka_unit_test(nobody_there_any_more),
		cmocka_unit_test(while_we_were_away),
		cmocka_unit_test(damaged_rows),
		cmocka_unit_test(paced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
