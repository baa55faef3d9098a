/* Lists of chat users watched in one subscription (RFC 4662, RFC 5367), by bytes. */
#include <stdio.h>
#include <stdlib.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"
#include "translate/deflate.h"
#include "translate/list_body.h"
#include "wire/watcher.h"

static const char head[] =
	"Supported: eventlist\r\nRequire: recipient-list-subscribe\r\n"
	"Content-Disposition: recipient-list\r\n"
	"Accept: application/pidf+xml, application/rlmi+xml, multipart/related\r\n";

static const char three[] =
	"<?xml version=\"1.0\"?><resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\">"
	"<list><entry uri=\"sip:juliet@chat.example\"/><entry uri=\"sip:romeo@chat.example\"/>"
	"<entry uri=\"sip:nobody@elsewhere.example\"/></list></resource-lists>";

static struct watcher list_watcher(const char *body)
{
	return (struct watcher){.call_id = "list",
				.uri = "sip:friends@chat.example",
				.body = body,
				.type = "application/resource-lists+xml"};
}

/* What a NOTIFY says, read by the daemon's own reader. */
struct told {
	struct list_body body;
	const struct rlmi *rlmi;
	struct buf text;
};

static void read_told(const struct sip_text *notify, struct told *out)
{
	char type[512], room[64];
	size_t len = notify->len - (size_t)(sip_text_body(notify) - notify->text);

	*out = (struct told){0};
	assert_string_equal(sip_text_header(notify, "Require", room, sizeof room), "eventlist");
	sip_text_header(notify, "Content-Type", type, sizeof type);
	assert_non_null(strstr(type, "type=\"application/rlmi+xml\""));
	assert_non_null(strstr(type, "start="));
	assert_null(strstr(type, "boundary=\"")); /* Linphone 5.1 crashes at quotes */
	sip_text_header(notify, "Content-Encoding", room, sizeof room);
	if (strcmp(room, "deflate") == 0)
		assert_int_equal(deflate_read(sip_text_body(notify), len, CODING_DEFLATE, 200000,
					      &out->text),
				 0);
	else
		buf_append(&out->text, sip_text_body(notify), len);
	assert_int_equal(list_body_parse(type, out->text.data, out->text.len, 512, &out->body), 0);
	out->rlmi = &out->body.levels[0].rlmi;
}

static void free_told(struct told *told)
{
	list_body_clear(&told->body);
	buf_free(&told->text);
}

static const struct rlmi_resource *find(const struct told *told, const char *user)
{
	for (size_t i = 0; i < told->rlmi->count; i++)
		if (strstr(told->rlmi->resources[i].uri, user) != NULL)
			return &told->rlmi->resources[i];
	return NULL;
}

static void expect_document(const struct told *told, const char *user, const char *needle)
{
	const struct rlmi_resource *resource = find(told, user);

	assert_non_null(resource);
	assert_int_equal(resource->count, 1);
	assert_int_equal(resource->instances[0].state, RLMI_ACTIVE);
	const struct multipart_part *part =
		list_body_document(&told->body.levels[0], &resource->instances[0]);

	assert_non_null(part);
	struct buf text = BUF_INIT;

	buf_append(&text, part->body, part->len);
	if (strstr(text.data, needle) == NULL)
		fail_msg("no %s in %s", needle, text.data);
	buf_free(&text);
}

static void expect_state(const struct told *told, const char *user, enum rlmi_state state,
			 const char *reason)
{
	const struct rlmi_resource *resource = find(told, user);

	assert_non_null(resource);
	assert_int_equal(resource->count, 1);
	assert_int_equal(resource->instances[0].state, state);
	assert_null(resource->instances[0].cid);
	if (reason != NULL)
		assert_string_equal(resource->instances[0].reason, reason);
}

/* [EVT-065] [EVT-067] [EVT-068] [EVT-072] [SEC-030] [D-30]: a list that the request brings: each is
 * asked for once; what is known of each is in one NOTIFY, first of all, then of those that changed.
 */
static void a_list_in_the_request(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher watcher = list_watcher(three);
	const struct sip_text *text;
	struct told told;
	char room[256];

	(void)state;
	text = watcher_subscribe(rig, &watcher, head);
	assert_memory_equal(text->text, "SIP/2.0 200", 11);
	assert_string_equal(sip_text_header(text, "Require", room, sizeof room), "eventlist");
	text = watcher_take(rig, "active;expires=3600");
	read_told(text, &told);
	assert_true(told.rlmi->is_full);
	assert_int_equal(told.rlmi->version, 0);
	assert_string_equal(told.rlmi->uri, "sip:juliet@chat.example"); /* To */
	assert_int_equal(told.rlmi->count, 3);
	expect_state(&told, "juliet", RLMI_PENDING, NULL);
	expect_state(&told, "romeo", RLMI_PENDING, NULL);
	expect_state(&told, "nobody", RLMI_TERMINATED, "noresource");
	free_told(&told);
	text_peer_answer(rig->peer, text, "200 OK", "");
	assert_int_equal(fake_bridge_count(rig->bridge, "requested"), 2);
	text_peer_let_run(rig->peer, 20);
	/* answers that come together are told together */
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "hello");
	watcher_decide_for(rig, "1001", "romeo", WATCH_REJECTED);
	watcher_decide_for(rig, "1001", "juliet", WATCH_ALLOWED);
	text = watcher_take(rig, "active");
	read_told(text, &told);
	assert_false(told.rlmi->is_full);
	assert_int_equal(told.rlmi->version, 1);
	assert_int_equal(told.rlmi->count, 2);
	expect_state(&told, "romeo", RLMI_TERMINATED, "rejected");
	expect_document(&told, "juliet", "hello");
	expect_document(&told, "juliet", "entity=\"sip:juliet@chat.example\"");
	free_told(&told);
	text_peer_answer(rig->peer, text, "200 OK", "");
	text_peer_let_run(rig->peer, 20);
	/* a change is of one; the same again is none */
	watcher_tell_for(rig, "1001", "juliet", &rig->bridge->now);
	assert_int_equal(text_peer_let_run(rig->peer, 100), 0);
	fake_bridge_set_now(rig->bridge, SHOW_DND, "later");
	watcher_tell_for(rig, "1001", "juliet", &rig->bridge->now);
	text = watcher_take(rig, "active");
	read_told(text, &told);
	assert_int_equal(told.rlmi->version, 2);
	assert_int_equal(told.rlmi->count, 1);
	expect_document(&told, "juliet", "later");
	free_told(&told);
	text_peer_answer(rig->peer, text, "200 OK", "");
	text_peer_let_run(rig->peer, 20);
	/* a refresh tells all, and asks nobody who did not refuse */
	size_t asked = fake_bridge_count(rig->bridge, "requested");

	rig->bridge->requested = WATCH_REJECTED;
	watcher.body = NULL;
	watcher_subscribe(rig, &watcher, "Supported: eventlist\r\n");
	rig->bridge->requested = WATCH_ALLOWED;
	text = watcher_take(rig, "active");
	read_told(text, &told);
	assert_true(told.rlmi->is_full);
	assert_int_equal(told.rlmi->version, 3);
	assert_int_equal(told.rlmi->count, 3);
	free_told(&told);
	text_peer_answer(rig->peer, text, "200 OK", "");
	assert_int_equal(fake_bridge_count(rig->bridge, "requested juliet"), 0);
	assert_in_range(fake_bridge_count(rig->bridge, "requested"), asked, asked + 1);
	text_peer_let_run(rig->peer, 20);
	watcher_subscribe(rig, &watcher, "Supported: eventlist\r\nExpires: 0\r\n");
	watcher_answer(rig, "terminated;reason=timeout", "200 OK");
	rig_expect_line(rig, "lapsed sip:1001@pbx.example xmpp:juliet@chat.example");
	rig_free(&rig);
}

static const char two_others[] =
	"<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\"><list>"
	"<entry uri=\"sip:juliet@chat.example\"/><entry uri=\"sip:nurse@chat.example\"/>"
	"</list></resource-lists>";

/* [RFC 5367] a refresh with another list: who stays is not asked again, who left lapses. */
static void another_list(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher watcher = list_watcher(three);
	const struct sip_text *text;
	struct told told;

	(void)state;
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "hello");
	watcher_subscribe(rig, &watcher, head);
	watcher_answer(rig, "active", "200 OK");
	text_peer_let_run(rig->peer, 20);
	watcher.body = two_others;
	watcher_subscribe(rig, &watcher, head);
	rig_expect_line(rig, "lapsed sip:1001@pbx.example xmpp:romeo@chat.example");
	text = watcher_take(rig, "active");
	read_told(text, &told);
	assert_true(told.rlmi->is_full);
	assert_int_equal(told.rlmi->count, 2);
	expect_document(&told, "nurse", "hello");
	free_told(&told);
	text_peer_answer(rig->peer, text, "200 OK", "");
	assert_int_equal(fake_bridge_count(rig->bridge, "requested"), 3);
	text_peer_let_run(rig->peer, 20);
	rig_free(&rig);
}

/* [EVT-065]: what a list may not be. */
static void refused_lists(void **state)
{
	static const struct {
		const char *headers, *body, *status, *name, *value;
	} rows[] = {
		{head, "<resource-lists", "SIP/2.0 400", NULL, NULL},
		{head, "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\"/>", "SIP/2.0 400", NULL,
		 NULL},
		{head,
		 "<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\"><list/>"
		 "</resource-lists>",
		 "SIP/2.0 400", NULL, NULL},
		{"Supported: eventlist\r\nContent-Encoding: br\r\n", "x", "SIP/2.0 415",
		 "Accept-Encoding", "deflate, gzip"},
		{"Supported: eventlist\r\nContent-Encoding: deflate\r\n", "not packed",
		 "SIP/2.0 400", NULL, NULL},
		{"Supported: path\r\n", "<resource-lists/>", "SIP/2.0 421", "Require", "eventlist"},
		{"Supported: eventlist\r\nExpires: 5\r\n", three, "SIP/2.0 423", "Min-Expires",
		 "60"},
	};
	struct rig *rig = rig_new(NULL);
	char room[128];

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct watcher watcher = list_watcher(rows[i].body);
		const struct sip_text *text = watcher_subscribe(rig, &watcher, rows[i].headers);

		if (strncmp(text->text, rows[i].status, 11) != 0)
			fail_msg("row %zu: %s", i, text->text);
		if (rows[i].name != NULL)
			assert_string_equal(sip_text_header(text, rows[i].name, room, sizeof room),
					    rows[i].value);
	}
	assert_int_equal(fake_bridge_count(rig->bridge, "requested"), 0);
	rig_free(&rig);
}

/* [EVT-066]: a single user's subscription stays one. */
static void single_stays_single(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher watcher = {.call_id = "one"};

	(void)state;
	watcher_begin(rig, &watcher);
	watcher.body = three;
	watcher.type = "application/resource-lists+xml";
	assert_memory_equal(watcher_subscribe(rig, &watcher, head)->text, "SIP/2.0 403", 11);
	rig_free(&rig);
}

static void few_members(struct limits *limits)
{
	limits->list_members = 2;
}

/* [limit list_members] [REQ-009] [SEC-082] [EVT-073]: lists are bounded like other subscriptions.
 */
static void lists_are_bounded(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.limits = few_members});
	struct watcher watcher = list_watcher(three);

	(void)state;
	assert_memory_equal(watcher_subscribe(rig, &watcher, head)->text, "SIP/2.0 413", 11);
	assert_int_equal(rig->counters.limits.list_members, 1);
	assert_int_equal(fake_bridge_count(rig->bridge, "requested"), 0);
	rig->limits.list_members = 3;
	watcher = list_watcher(three);
	watcher.call_id[0] = 'f'; /* another one */
	assert_memory_equal(watcher_subscribe(rig, &watcher, head)->text, "SIP/2.0 200", 11);
	assert_int_equal(rig->counters.limits.list_members, 1);
	rig_free(&rig);
}

/* [SIP-110] [D-41]: packed lists are read; what we write is packed only for who asks for it. */
static void packed_lists(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct buf packed = BUF_INIT, request = BUF_INIT;
	char contact[128], room[64];

	(void)state;
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "hello");
	deflate_write(three, strlen(three), &packed);
	buf_printf(&request,
		   "SUBSCRIBE sip:rls@chat.example SIP/2.0\r\n"
		   "Via: SIP/2.0/TCP 127.0.0.1:%u;branch=z9hG4bKpacked;rport\r\n"
		   "Max-Forwards: 70\r\nFrom: <sip:1001@pbx.example>;tag=ft\r\n"
		   "To: <sip:rls@chat.example>\r\nCall-ID: packed\r\nCSeq: 20 SUBSCRIBE\r\n%s"
		   "Event: presence\r\nAccept-Encoding: deflate\r\nContent-Encoding: deflate\r\n"
		   "Content-Type: application/resource-lists+xml\r\n%sContent-Length: %zu\r\n\r\n",
		   text_peer_tcp_port(rig->peer), watcher_contact(rig, contact, sizeof contact),
		   head, packed.len);
	buf_append(&request, packed.data, packed.len);
	text_peer_send_bytes(rig->peer, SIP_WAY_TCP, request.data, request.len);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	const struct sip_text *text = watcher_take(rig, "active");
	struct told told;

	assert_string_equal(sip_text_header(text, "Content-Encoding", room, sizeof room),
			    "deflate");
	read_told(text, &told);
	assert_int_equal(told.rlmi->count, 3);
	expect_document(&told, "romeo", "hello");
	free_told(&told);
	buf_free(&packed);
	buf_free(&request);
	rig_free(&rig);
}

static char *long_list(int count)
{
	struct buf out = BUF_INIT;

	buf_puts(&out, "<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\"><list>");
	for (int i = 0; i < count; i++)
		buf_printf(&out, "<entry uri=\"sip:user%d@chat.example\"/>", i);
	buf_puts(&out, "</list></resource-lists>");
	return buf_take(&out);
}

/* [PBX-053] [D-40] [SIP-046]: what one NOTIFY cannot hold comes in several, the first full,
 * over TCP though the subscription came by UDP. */
static void long_lists_are_split(void **state)
{
	enum { COUNT = 200 };
	struct rig *rig = rig_new(NULL);
	char *body = long_list(COUNT);
	struct watcher watcher = list_watcher(body);
	size_t told_of = 0, notifies = 0;
	struct told told;

	(void)state;
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "a status of the usual length, one line");
	assert_memory_equal(watcher_subscribe(rig, &watcher, head)->text, "SIP/2.0 200", 11);
	while (told_of < COUNT) {
		const struct sip_text *text = watcher_take(rig, "active");

		assert_int_equal(text->way, SIP_WAY_TCP);
		assert_true(text->len < 60000);
		read_told(text, &told);
		assert_int_equal(told.rlmi->is_full, notifies == 0);
		assert_int_equal(told.rlmi->version, notifies);
		told_of += told.rlmi->count;
		notifies++;
		free_told(&told);
		text_peer_answer(rig->peer, text, "200 OK", "");
	}
	assert_int_equal(told_of, COUNT);
	assert_true(notifies > 1);
	assert_int_equal(text_peer_let_run(rig->peer, 50), 0);
	mem_free(body);
	rig_free(&rig);
}

/* [D-40]: no TCP there: by UDP, and the next one at once. */
static void large_ones_by_udp_if_it_must_be(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 50});
	char *body = long_list(8);
	struct watcher watcher = list_watcher(body);
	const struct sip_text *text;

	(void)state;
	text_peer_no_tcp(rig->peer);
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "hello");
	watcher_subscribe(rig, &watcher, head);
	for (int i = 0; i < 2; i++) {
		text = watcher_take(rig, "active");
		assert_int_equal(text->way, SIP_WAY_UDP);
		assert_true(text->len > 1300);
		text_peer_answer(rig->peer, text, "200 OK", "");
		text_peer_let_run(rig->peer, 20);
		watcher.body = NULL;
		if (i == 0)
			watcher_subscribe(rig, &watcher, "Supported: eventlist\r\n");
	}
	mem_free(body);
	rig_free(&rig);
}

/* [EVT-035]: what is known, once. */
static void a_list_is_fetched(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher watcher = list_watcher(three);
	const struct sip_text *text;
	char headers[512];
	struct told told;

	(void)state;
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "hello");
	snprintf(headers, sizeof headers, "%sExpires: 0\r\n", head);
	watcher_subscribe(rig, &watcher, headers);
	text = watcher_take(rig, "terminated;reason=timeout");
	read_told(text, &told);
	expect_document(&told, "romeo", "hello");
	free_told(&told);
	text_peer_answer(rig->peer, text, "200 OK", "");
	text_peer_let_run(rig->peer, 20);
	assert_int_equal(fake_bridge_count(rig->bridge, "requested"), 0);
	assert_int_equal(fake_bridge_count(rig->bridge, "lapsed"), 0);
	rig_free(&rig);
}

/* [DLG-001] [D-31]: a row of lamp keys is one subscription; each lamp counts its own documents. */
static void a_list_of_lamps(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher watcher = list_watcher(three);
	const struct sip_text *text;
	struct told told;

	(void)state;
	watcher.event = "dialog";
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "hello");
	watcher_subscribe(rig, &watcher,
			  "Supported: eventlist\r\nAccept: application/dialog-info+xml\r\n");
	text = watcher_take(rig, "active");
	read_told(text, &told);
	expect_document(&told, "romeo", "version=\"0\"");
	expect_document(&told, "romeo", ">terminated<");
	free_told(&told);
	text_peer_answer(rig->peer, text, "200 OK", "");
	text_peer_let_run(rig->peer, 20);
	fake_bridge_set_now(rig->bridge, SHOW_DND, "hello");
	watcher_tell_for(rig, "1001", "romeo", &rig->bridge->now);
	text = watcher_take(rig, "active");
	read_told(text, &told);
	assert_int_equal(told.rlmi->count, 1);
	expect_document(&told, "romeo", "version=\"1\"");
	expect_document(&told, "romeo", ">confirmed<");
	free_told(&told);
	text_peer_answer(rig->peer, text, "200 OK", "");
	rig_free(&rig);
}

/* [SIP-022] [EVT-065]: a repeated SUBSCRIBE gets the same answer. */
static void repeated_answer_is_whole(void **state)
{
	struct rig *rig = rig_new(NULL);
	char contact[128], headers[768], room[64];
	struct rig_request request = {.method = "SUBSCRIBE",
				      .call_id = "again",
				      .branch = "z9hG4bKagain",
				      .uri = "sip:friends@chat.example",
				      .headers = headers,
				      .body = three,
				      .type = "application/resource-lists+xml"};

	(void)state;
	snprintf(headers, sizeof headers, "Event: presence\r\n%s%s", head,
		 watcher_contact(rig, contact, sizeof contact));
	for (int i = 0; i < 2; i++) {
		rig_send(rig, SIP_WAY_UDP, &request);
		const struct sip_text *text = text_peer_expect(rig->peer, "SIP/2.0 200");

		assert_non_null(text);
		assert_string_equal(sip_text_header(text, "Require", room, sizeof room),
				    "eventlist");
		assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "3600");
	}
	assert_int_equal(rig->counters.subscribe_in, 1);
	rig_free(&rig);
}

static struct rig *rig_with_lists(void)
{
	static const char *const members[] = {"juliet@chat.example", "nurse@chat.example"};
	static const struct sip_list lists[] = {
		{"sip:team@chat.example", members, CHECK_COUNT(members)},
	};

	return rig_new(&(struct rig_options){.lists = lists, .list_count = CHECK_COUNT(lists)});
}

/* [EVT-074] [EVT-065] [EVT-072]: a list of the configuration, under an address of its own. */
static void a_list_of_ours(void **state)
{
	struct rig *rig = rig_with_lists();
	struct watcher watcher = {.call_id = "ours", .uri = "sip:team@chat.example"};
	const struct sip_text *text;
	struct told told;

	(void)state;
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "hello");
	watcher_subscribe(rig, &watcher, "Supported: eventlist\r\n");
	rig_expect_line(rig, "requested sip:1001@pbx.example xmpp:juliet@chat.example");
	rig_expect_line(rig, "requested sip:1001@pbx.example xmpp:nurse@chat.example");
	text = watcher_take(rig, "active");
	read_told(text, &told);
	assert_true(told.rlmi->is_full);
	assert_int_equal(told.rlmi->count, 2);
	expect_document(&told, "nurse", "entity=\"sip:nurse@chat.example\"");
	free_told(&told);
	text_peer_answer(rig->peer, text, "200 OK", "");
	text_peer_let_run(rig->peer, 20);
	rig_free(&rig);
}

/* [EVT-065] [EVT-003]: who does not know lists, and packages that have none. */
static void a_list_needs_support(void **state)
{
	struct rig *rig = rig_with_lists();
	struct watcher watcher = {.call_id = "old", .uri = "sip:team@chat.example"};
	const struct sip_text *text = watcher_subscribe(rig, &watcher, "");
	char room[64];

	(void)state;
	assert_memory_equal(text->text, "SIP/2.0 421", 11);
	assert_string_equal(sip_text_header(text, "Require", room, sizeof room), "eventlist");
	watcher.event = "presence.winfo";
	text = watcher_subscribe(rig, &watcher, "Supported: eventlist\r\n");
	assert_memory_equal(text->text, "SIP/2.0 489", 11);
	assert_int_equal(fake_bridge_count(rig->bridge, "requested"), 0);
	rig_free(&rig);
}

/* [EVT-068] [SEC-030]: who cannot be asked now is not known yet, and is asked again with the next
 * refresh; who left for now is not shown. */
static void members_lost_for_now(void **state)
{
	struct rig *rig = rig_with_lists();
	struct watcher watcher = {.call_id = "later", .uri = "sip:team@chat.example"};
	const struct sip_text *text;
	struct told told;

	(void)state;
	rig->bridge->requested = WATCH_FAILED;
	fault_set(&rig->bridge->requested_fault, FAULT_RATE, NULL);
	watcher_subscribe(rig, &watcher, "Supported: eventlist\r\n");
	text = watcher_take(rig, "active");
	read_told(text, &told);
	assert_int_equal(find(&told, "juliet")->count, 0);
	free_told(&told);
	text_peer_answer(rig->peer, text, "200 OK", "");
	text_peer_let_run(rig->peer, 20);
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "hello");
	watcher_subscribe(rig, &watcher, "Supported: eventlist\r\n");
	text = watcher_take(rig, "active");
	read_told(text, &told);
	expect_document(&told, "juliet", "hello");
	free_told(&told);
	text_peer_answer(rig->peer, text, "200 OK", "");
	text_peer_let_run(rig->peer, 20);
	watcher_decide_for(rig, "1001", "juliet", WATCH_FAILED);
	text = watcher_take(rig, "active");
	read_told(text, &told);
	expect_state(&told, "juliet", RLMI_TERMINATED, "probation");
	free_told(&told);
	text_peer_answer(rig->peer, text, "200 OK", "");
	text_peer_let_run(rig->peer, 20);
	rig_free(&rig);
}

/* Linphone reads what its own presence server writes: the package in other letters, the cid as
 * Content-ID has it. All others get what the standards say. */
static void linphone_has_its_own_dialect(void **state)
{
	(void)state;
	for (int is_linphone = 0; is_linphone <= 1; is_linphone++) {
		struct rig *rig = rig_new(NULL);
		struct watcher watcher = list_watcher(three);
		const struct sip_text *text;
		char headers[512], room[64];
		struct told told;

		rig->bridge->requested = WATCH_ALLOWED;
		fake_bridge_set_now(rig->bridge, SHOW_NONE, "hello");
		snprintf(headers, sizeof headers, "%sUser-Agent: %s/5.1.65\r\n", head,
			 is_linphone ? "Linphonec" : "Phone");
		watcher_subscribe(rig, &watcher, headers);
		text = watcher_take(rig, "active");
		assert_string_equal(sip_text_header(text, "Event", room, sizeof room),
				    is_linphone ? "Presence" : "presence");
		assert_non_null(strstr(sip_text_body(text), "\r\nContent-Id: <"));
		assert_int_equal(strstr(sip_text_body(text), "cid=\"&lt;") != NULL, is_linphone);
		read_told(text, &told);
		expect_document(&told, "juliet", "hello");
		free_told(&told);
		rig_free(&rig);
	}
}

/* Who cannot be asked for now is asked again; nobody is told until there is something new. */
static void asked_again_in_silence(void **state)
{
	struct rig_options options = {.t1_ms = 5};
	struct rig *rig = rig_new(&options);
	struct watcher watcher = list_watcher(three);
	struct told told;

	(void)state;
	rig->bridge->requested = WATCH_FAILED;
	watcher_subscribe(rig, &watcher, head);
	watcher_answer(rig, "active", "200 OK");
	for (int i = 0; i < 3; i++) {
		rig_expect_line(rig, "requested sip:1001@pbx.example xmpp:juliet@chat.example");
		rig_expect_line(rig, "requested sip:1001@pbx.example xmpp:romeo@chat.example");
	}
	assert_int_equal(text_peer_let_run(rig->peer, 100), 0);
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "at last");
	const struct sip_text *notify = watcher_take(rig, "active");

	read_told(notify, &told);
	expect_document(&told, "juliet", "at last");
	expect_document(&told, "romeo", "at last");
	assert_null(find(&told, "nobody"));
	free_told(&told);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_in_the_request),
		cmocka_unit_test(another_list),
		cmocka_unit_test(refused_lists),
		cmocka_unit_test(single_stays_single),
		cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test(packed_lists),
		cmocka_unit_test(long_lists_are_split),
		cmocka_unit_test(large_ones_by_udp_if_it_must_be),
		cmocka_unit_test(a_list_is_fetched),
		cmocka_unit_test(a_list_of_lamps),
		cmocka_unit_test(repeated_answer_is_whole),
		cmocka_unit_test(a_list_of_ours),
		cmocka_unit_test(a_list_needs_support),
		cmocka_unit_test(members_lost_for_now),
		cmocka_unit_test(linphone_has_its_own_dialect),
		cmocka_unit_test(asked_again_in_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
