/* Single rules of SIP and its events that no other test of the wire shows, by bytes: what is not
 * ours, what means nothing, and what must not cross. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/presence_agent.h"
#include "wire/watcher.h"

/* A NOTIFY with a body of any type; it is answered 200. */
static void notify_with(struct rig *rig, struct presence_agent *end, const char *type,
			const char *body)
{
	end->cseq++;
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "NOTIFY",
				       .uri = end->target,
				       .from = end->from,
				       .from_tag = end->tag,
				       .to = end->to,
				       .to_tag = end->their_tag,
				       .call_id = end->call_id,
				       .cseq = end->cseq,
				       .body = body,
				       .type = type,
				       .headers = "Event: presence\r\n"
						  "Subscription-State: active;expires=3000\r\n"});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
}

#define DOCUMENT(inside)                                                                           \
	"<?xml version=\"1.0\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" "                  \
	"entity=\"sip:9999@elsewhere.example\">" inside "</presence>"

/* [XCP-031] [CPP-019] [REQ-081] [D-22]: whatever is not PIDF is answered and never becomes
 * presence, even if it looks like it. Among them a signed document, which nobody may take apart. */
static void other_types_are_not_presence(void **state)
{
	static const char *const types[] = {
		"application/dialog-info+xml",
		"text/plain",
		"application/xml",
		"application/pkcs7-mime",
		"multipart/signed;boundary=b",
	};
	struct rig *rig = rig_new(NULL);
	struct presence_agent end;
	char room[512];

	(void)state;
	pa_begin(rig, &end);
	for (size_t i = 0; i < CHECK_COUNT(types); i++)
		notify_with(rig, &end, types[i], pa_document("no", room, sizeof room));
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(fake_bridge_count(rig->bridge, "presence"), 0);
	assert_true(rig->counters.notify_unusable >= CHECK_COUNT(types));
	rig_free(&rig);
}

/* [PRES-150] [D-05]: the dialog says whose state it is, not the document. [PRES-145]: a document
 * is the whole state: what it no longer holds is gone. [PRES-147]: one without tuples shows nobody.
 * [XCP-039] */
static void the_dialog_names_the_user(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct presence_agent end;

	(void)state;
	pa_begin(rig, &end);
	notify_with(rig, &end, "application/pidf+xml",
		    DOCUMENT("<tuple id=\"t\"><status><basic>open</basic></status>"
			     "<note>mine</note></tuple>"));
	rig_expect_line(rig, "presence xmpp:juliet@chat.example sip:1001@pbx.example open=1 show=- "
			     "note=mine");
	notify_with(rig, &end, "application/pidf+xml",
		    DOCUMENT("<tuple id=\"t\"><status><basic>open</basic></status></tuple>"
			     "<tuple id=\"u\"><status><basic>open</basic></status></tuple>"));
	rig_expect_line(rig, "devices=2");
	notify_with(rig, &end, "application/pidf+xml",
		    DOCUMENT("<tuple id=\"u\"><status><basic>open</basic></status></tuple>"));
	rig_expect_line(rig, "devices=1");
	notify_with(rig, &end, "application/pidf+xml", DOCUMENT(""));
	rig_expect_line(rig, "presence xmpp:juliet@chat.example sip:1001@pbx.example open=0");
	rig_free(&rig);
}

/* [PBX-033] [FSW-1]: FreeSWITCH writes the state into its 202, where it means nothing. [EVT-030]: a
 * state nobody knows grants nothing, and what was granted is shown on; reason and retry-after
 * beside active end nothing. */
static void states_where_they_count(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct presence_agent end;
	char room[512];

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &end, "202 Accepted", "Subscription-State: active;expires=3600\r\n");
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(rig->bridge->count, 0);
	pa_notify(rig, &end, "resting;expires=3600", pa_document("no", room, sizeof room), "200");
	rig_expect_line(rig, "PENDING");
	assert_int_equal(fake_bridge_count(rig->bridge, "presence"), 0);
	pa_notify(rig, &end, "active;reason=rejected;retry-after=1;expires=3600",
		  pa_document("yes", room, sizeof room), "200");
	rig_expect_line(rig, "ALLOWED");
	rig_expect_line(rig, "note=yes");
	pa_notify(rig, &end, "active;expires=3600", pa_document("still", room, sizeof room), "200");
	rig_expect_line(rig, "note=still");
	pa_notify(rig, &end, "dozing;expires=3600", pa_document("dozes", room, sizeof room), "200");
	rig_expect_line(rig, "note=dozes");
	assert_int_equal(fake_bridge_count(rig->bridge, "answered"), 0);
	rig_free(&rig);
}

/* [PRES-051]: a NOTIFY that names no time keeps the one before: the refresh comes when that is due,
 * not after the hour of the 2xx. */
static void no_time_keeps_the_time(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct presence_agent end;
	char room[512];

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &end, "200 OK", "Expires: 3600\r\n");
	pa_notify(rig, &end, "active;expires=2", pa_document("a", room, sizeof room), "200");
	pa_notify(rig, &end, "active", pa_document("b", room, sizeof room), "200");
	rig_expect_line(rig, "note=b");
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Call-ID", room, sizeof room), end.call_id);
	rig_free(&rig);
}

/* [EVT-007]: the Expires header counts, not the Contact's. [PRES-083]: the type is one of the
 * Accept list that came last. [EVT-008]: another subscription needs another dialog. */
static void subscribe_says_it_in_its_place(void **state)
{
	static const struct {
		const char *event, *accept;
		int status;
	} rows[] = {
		{"presence", "text/html, application/pidf+xml;q=0.2", 200},
		{"presence", "text/html", 406},
		{"presence", "application/*", 200},
		{"presence;id=other", "application/pidf+xml", 403},
		{"dialog", "application/dialog-info+xml", 403},
		{"conference", "application/dialog-info+xml", 489},
	};
	struct rig *rig = rig_new(NULL);
	struct watcher watcher = {.call_id = "rules"};
	char headers[256], room[256];

	(void)state;
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "first");
	snprintf(headers, sizeof headers,
		 "Event: presence\r\nExpires: 600\r\nContact: "
		 "<sip:1001@127.0.0.1:%u>;expires=70\r\n",
		 text_peer_port(rig->peer));
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){
			 .method = "SUBSCRIBE", .headers = headers, .call_id = watcher.call_id});
	const struct sip_text *text = text_peer_expect(rig->peer, "SIP/2.0 200");

	assert_non_null(text);
	assert_string_equal(sip_text_header(text, "Expires", room, sizeof room), "600");
	sip_text_tag(text, "To", watcher.tag, sizeof watcher.tag);
	watcher_answer(rig, "active;expires=600", "200 OK");
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		snprintf(headers, sizeof headers,
			 "Event: %s\r\nAccept: %s\r\nContact: <sip:1001@127.0.0.1:%u>\r\n",
			 rows[i].event, rows[i].accept, text_peer_port(rig->peer));
		rig_send(rig, SIP_WAY_UDP,
			 &(struct rig_request){.method = "SUBSCRIBE",
					       .headers = headers,
					       .call_id = watcher.call_id,
					       .to_tag = watcher.tag,
					       .cseq = (unsigned)i + 2});
		text = text_peer_expect(rig->peer, "SIP/2.0 ");
		assert_non_null(text);
		if (atoi(text->text + 8) != rows[i].status)
			fail_msg("row %zu: %s", i, text->text);
		if (rows[i].status != 200)
			continue;
		text = watcher_take(rig, "active");
		assert_string_equal(sip_text_header(text, "Content-Type", room, sizeof room),
				    "application/pidf+xml");
		text_peer_answer(rig->peer, text, "200 OK", "");
	}
	rig_free(&rig);
}

/* [REQ-064] [SEC-006]: who knows the dialog but is somebody else cannot end it. */
static void others_cannot_end_it(void **state)
{
	struct sockaddr_in elsewhere = {.sin_family = AF_INET}, bridge = {.sin_family = AF_INET};
	struct rig *rig = rig_new(NULL);
	struct watcher watcher = {.call_id = "mine"};
	struct buf text = BUF_INIT;
	char answer[2048] = "";
	int other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	watcher_begin(rig, &watcher);
	inet_pton(AF_INET, "127.0.0.9", &elsewhere.sin_addr);
	assert_int_equal(bind(other, (struct sockaddr *)&elsewhere, sizeof elsewhere), 0);
	inet_pton(AF_INET, "127.0.0.1", &bridge.sin_addr);
	bridge.sin_port = htons(rig->port);
	assert_int_equal(connect(other, (struct sockaddr *)&bridge, sizeof bridge), 0);
	buf_printf(&text,
		   "SUBSCRIBE sip:juliet@chat.example SIP/2.0\r\n"
		   "Via: SIP/2.0/UDP 127.0.0.9;branch=z9hG4bKthief;rport\r\nMax-Forwards: 70\r\n"
		   "From: <sip:1001@pbx.example>;tag=ft\r\nTo: <sip:juliet@chat.example>;tag=%s\r\n"
		   "Call-ID: mine\r\nCSeq: 9 SUBSCRIBE\r\nEvent: presence\r\nExpires: 0\r\n"
		   "Contact: <sip:1001@127.0.0.1:%u>\r\nContent-Length: 0\r\n\r\n",
		   watcher.tag, text_peer_port(rig->peer));
	assert_int_equal(send(other, text.data, text.len, 0), text.len);
	text_peer_let_run(rig->peer, 50);
	assert_true(recv(other, answer, sizeof answer - 1, MSG_DONTWAIT) > 0);
	assert_memory_equal(answer, "SIP/2.0 481", 11);
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "second");
	watcher_tell(rig);
	watcher_answer(rig, "active", "200 OK"); /* it lives */
	close(other);
	buf_free(&text);
	rig_free(&rig);
}

static void deliver(struct rig *rig, exchange_id x, const char *user, const char *uid,
		    const char *body)
{
	struct message message = {.kind = MESSAGE_CHAT,
				  .uid = mem_strdup(uid),
				  .body = mem_strdup(body),
				  .body_len = strlen(body),
				  .hops = -1};
	struct address from, to;

	address_set(&from, SIDE_XMPP, "juliet", "chat.example");
	address_set(&to, SIDE_SIP, user, "pbx.example");
	sip_side_ops()->deliver(rig->side, x, &from, &to, &message);
	address_clear(&from);
	address_clear(&to);
	message_clear(&message);
}

/* An answer with another Via than the request's. */
static void answer_with_via(struct rig *rig, const struct sip_text *request, const char *via)
{
	static const char *const copied[] = {"From", "To", "Call-ID", "CSeq"};
	struct buf text = BUF_INIT;
	char room[512];

	buf_printf(&text, "SIP/2.0 404 Not Found\r\n%s", via);
	for (size_t i = 0; i < CHECK_COUNT(copied); i++)
		buf_printf(&text, "%s: %s\r\n", copied[i],
			   sip_text_header(request, copied[i], room, sizeof room));
	buf_puts(&text, "Content-Length: 0\r\n\r\n");
	text_peer_send(rig->peer, SIP_WAY_UDP, text.data);
	buf_free(&text);
}

/* [SIP-037]: a response is known by its branch; what has another one, or none, is dropped. */
static void foreign_responses_are_dropped(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = 500});
	char via[512], line[600];

	(void)state;
	deliver(rig, 1, "1001", "u", "x");
	const struct sip_text *out = text_peer_expect(rig->peer, "MESSAGE ");

	assert_non_null(out);
	sip_text_header(out, "Via", via, sizeof via);
	via[strlen(via) - 1] ^= 1; /* the branch of another request */
	snprintf(line, sizeof line, "Via: %s\r\n", via);
	answer_with_via(rig, out, line);
	answer_with_via(rig, out, "Via: SIP/2.0/UDP 192.0.2.9:5999;branch=z9hG4bKnone\r\n");
	answer_with_via(rig, out, "");
	text_peer_let_run(rig->peer, 50);
	assert_int_equal(rig->bridge->count, 0);
	text_peer_answer(rig->peer, out, "200 OK", "");
	rig_expect_line(rig, "outcome 1 TAKEN");
	rig_free(&rig);
}

/* [SEC-070] [SIP-004] [SIP-031]: what is left of the hops crosses, less one and 70 at most. */
static void hops_are_carried(void **state)
{
	static const struct {
		const char *header, *line;
	} rows[] = {
		{"Max-Forwards: 1\r\n", "hops=0"},
		{"Max-Forwards: 70\r\n", "hops=69"},
		{"Max-Forwards: 71\r\n", "hops=69"},
		{"Max-Forwards: 255\r\n", "hops=69"},
	};
	struct rig *rig = rig_new(NULL);
	struct message message = {.kind = MESSAGE_CHAT,
				  .uid = (char[]){"u"},
				  .body = (char[]){"x"},
				  .body_len = 1,
				  .hops = 12};
	struct address from, to;
	char room[32];

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		rig_send(rig, SIP_WAY_UDP,
			 &(struct rig_request){.method = "MESSAGE",
					       .body = "a",
					       .has_no_hops = true,
					       .headers = rows[i].header});
		char *line = fake_bridge_expect(rig->bridge, "message");

		assert_non_null(line);
		if (strstr(line, rows[i].line) == NULL)
			fail_msg("row %zu: %s", i, line);
		mem_free(line);
	}
	address_set(&from, SIDE_XMPP, "juliet", "chat.example");
	address_set(&to, SIDE_SIP, "1001", "pbx.example");
	sip_side_ops()->deliver(rig->side, 1, &from, &to, &message);
	const struct sip_text *out = text_peer_expect(rig->peer, "MESSAGE ");

	assert_non_null(out);
	assert_string_equal(sip_text_header(out, "Max-Forwards", room, sizeof room), "12");
	address_clear(&from);
	address_clear(&to);
	rig_free(&rig);
}

/* [SIP-045]: a MESSAGE makes no route set, in neither direction. */
static void messages_make_no_route(void **state)
{
	struct rig *rig = rig_new(NULL);
	char first[256], room[256];

	(void)state;
	deliver(rig, 1, "1001", "u1", "x");
	const struct sip_text *out = text_peer_expect(rig->peer, "MESSAGE ");

	assert_non_null(out);
	sip_text_header(out, "Route", first, sizeof first);
	text_peer_answer(rig->peer, out, "200 OK",
			 "Record-Route: <sip:192.0.2.1;lr>\r\nContact: <sip:a@192.0.2.2>\r\n");
	rig_expect_line(rig, "outcome 1 TAKEN");
	deliver(rig, 2, "1001", "u2", "y");
	out = text_peer_expect(rig->peer, "MESSAGE sip:1001@pbx.example ");
	assert_non_null(out);
	assert_string_equal(sip_text_header(out, "Route", room, sizeof room), first);
	assert_int_equal(sip_text_header_count(out, "Route"), 1);
	text_peer_answer(rig->peer, out, "200 OK", "");
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "MESSAGE",
				       .body = "a",
				       .headers = "Record-Route: <sip:192.0.2.1;lr>\r\n"
						  "Contact: <sip:a@192.0.2.2>\r\n"});
	rig_expect_line(rig, "message");
	deliver(rig, 3, "1001", "u3", "z");
	out = text_peer_expect(rig->peer, "MESSAGE sip:1001@pbx.example ");
	assert_non_null(out);
	assert_string_equal(sip_text_header(out, "Route", room, sizeof room), first);
	rig_free(&rig);
}

/* [SIP-017]: a header that nobody needs may be anything: the text arrives. */
static void unneeded_headers_may_be_odd(void **state)
{
	static const char *const headers[] = {
		"X-Unknown: (((\r\n",       "Date: not a date\r\n", "Organization: \xff\xfe\r\n",
		"Timestamp: x\r\n",         "Error-Info: <\r\n",    "Retry-After: soon\r\n",
		"Accept-Language: ;;;\r\n", "Reply-To: <sip:\r\n",  "Call-Info: ;;\r\n",
		"In-Reply-To: @@@ @@\r\n",
	};
	struct rig *rig = rig_new(NULL);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(headers); i++) {
		rig_send(rig, SIP_WAY_UDP,
			 &(struct rig_request){
				 .method = "MESSAGE", .body = "a", .headers = headers[i]});
		char *line = fake_bridge_expect(rig->bridge, "message");

		if (line == NULL)
			fail_msg("refused for %s", headers[i]);
		mem_free(line);
	}
	rig_free(&rig);
}

/* [SIP-048]: a datagram may be as long as datagrams can be. */
static void large_datagrams_are_read(void **state)
{
	struct rig *rig = rig_new(NULL);
	char *body = mem_alloc(60001);

	(void)state;
	memset(body, 'x', 60000);
	body[60000] = '\0';
	rig_send(rig, SIP_WAY_UDP, &(struct rig_request){.method = "MESSAGE", .body = body});
	rig_expect_line(rig, "message");
	mem_free(body);
	rig_free(&rig);
}

/* [EVT-084]: a filter is ignored, another body is refused unless its handling is optional.
 * [CPP-005] [CPIM-002]: ids of any length. */
static void subscribe_with_a_body(void **state)
{
	static const struct {
		const char *type, *headers;
		int status;
	} rows[] = {
		{"application/simple-filter+xml", "", 200},
		{"application/x-other", "", 415},
		{"application/x-other", "Content-Disposition: render;handling=optional\r\n", 200},
	};
	struct rig *rig = rig_new(NULL);
	char headers[256], call_id[300], contact[128], room[400];

	(void)state;
	memset(call_id, 'c', sizeof call_id - 1);
	call_id[sizeof call_id - 1] = '\0';
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		call_id[0] = (char)('0' + i);
		snprintf(headers, sizeof headers, "Event: presence\r\n%s%s",
			 watcher_contact(rig, contact, sizeof contact), rows[i].headers);
		rig_send(rig, SIP_WAY_UDP,
			 &(struct rig_request){.method = "SUBSCRIBE",
					       .headers = headers,
					       .call_id = call_id,
					       .body = "x",
					       .type = rows[i].type});
		const struct sip_text *text = text_peer_expect(rig->peer, "SIP/2.0 ");

		assert_non_null(text);
		if (atoi(text->text + 8) != rows[i].status)
			fail_msg("row %zu: %s", i, text->text);
		assert_string_equal(sip_text_header(text, "Call-ID", room, sizeof room), call_id);
		if (rows[i].status == 200)
			watcher_answer(rig, "pending", "200 OK");
	}
	rig_free(&rig);
}

static bool is_among(const char *line, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strncasecmp(line, names[i], strlen(names[i])) == 0 &&
		    line[strlen(names[i])] == ':')
			return true;
	return false;
}

static void check_names(const struct sip_text *text, const char *const *names, size_t count)
{
	const char *line = strstr(text->text, "\r\n") + 2;

	for (; strncmp(line, "\r\n", 2) != 0; line = strstr(line, "\r\n") + 2)
		if (!is_among(line, names, count))
			fail_msg("a header nobody asked for: %s", line);
}

/* [MSG-008] [MSG-015] [MSG-046] [PRES-106] [PBX-040]: no header but those that are meant, whatever
 * came in: nothing is made up for a stanza's type, id or resource, and no X- header of a PBX goes
 * back. [XCP-007] [XCP-008] */
static void no_other_headers(void **state)
{
	static const char *const request[] = {"Via",
					      "Route",
					      "Max-Forwards",
					      "From",
					      "To",
					      "Call-ID",
					      "CSeq",
					      "Date",
					      "User-Agent",
					      "Content-Type",
					      "Content-Length",
					      "X-Bridge-Id",
					      "Event",
					      "Subscription-State",
					      "Contact",
					      "Allow",
					      "Allow-Events",
					      "Supported"};
	static const char *const answer[] = {
		"Via",          "From",           "To",      "Call-ID", "CSeq",
		"Server",       "Content-Length", "Expires", "Contact", "Allow",
		"Allow-Events", "Supported"};
	struct rig *rig = rig_new(NULL);
	struct watcher watcher = {.call_id = "names"};

	(void)state;
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "MESSAGE",
				       .body = "a",
				       .headers = "X-FS-Sending-Message: 7f\r\nX-Secret: 1\r\n"
						  "P-Charging-Vector: icid-value=1\r\n"});
	rig_expect_line(rig, "message");
	sip_side_ops()->finish(rig->side, rig->bridge->last_x, OUTCOME_TAKEN, NULL);
	const struct sip_text *text = text_peer_expect(rig->peer, "SIP/2.0 200");

	assert_non_null(text);
	check_names(text, answer, CHECK_COUNT(answer));
	deliver(rig, 1, "1001", "u1", "x");
	text = text_peer_expect(rig->peer, "MESSAGE ");
	assert_non_null(text);
	check_names(text, request, CHECK_COUNT(request));
	text_peer_answer(rig->peer, text, "200 OK", "");
	text = watcher_subscribe(rig, &watcher, "X-FS-Support: update_display\r\nExpires: 600\r\n");
	check_names(text, answer, CHECK_COUNT(answer));
	text = watcher_take(rig, "pending");
	check_names(text, request, CHECK_COUNT(request));
	rig_free(&rig);
}

/* [MSG-086]: two people may have the same Call-ID; neither is taken for the other. [MSG-090]: ours
 * is the uid of the message (D-35), 128 random bits that say nothing of who writes what. */
static void call_ids_belong_to_nobody(void **state)
{
	static const char uid[] = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
	struct rig *rig = rig_new(NULL);
	char call_id[128];

	(void)state;
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "MESSAGE", .body = "a", .call_id = "shared"});
	rig_expect_line(rig, "sip:1001@pbx.example xmpp:juliet@chat.example");
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "MESSAGE",
				       .body = "a",
				       .call_id = "shared",
				       .from = "<sip:1002@pbx.example>"});
	rig_expect_line(rig, "sip:1002@pbx.example xmpp:juliet@chat.example");
	deliver(rig, 1, "1001", uid, "x");
	const struct sip_text *out = text_peer_expect(rig->peer, "MESSAGE ");

	assert_non_null(out);
	sip_text_header(out, "Call-ID", call_id, sizeof call_id);
	assert_string_equal(call_id, uid);
	rig_free(&rig);
}

/* [SOF-021]: an answer given twice, or to what is long over, is given once. */
static void answers_are_given_once(void **state)
{
	struct rig *rig = rig_new(NULL);

	(void)state;
	for (int way = SIP_WAY_UDP; way <= SIP_WAY_TCP; way++) {
		rig_send(rig, way, &(struct rig_request){.method = "MESSAGE", .body = "a"});
		rig_expect_line(rig, "message");
		exchange_id x = rig->bridge->last_x;

		sip_side_ops()->finish(rig->side, x, OUTCOME_TAKEN, NULL);
		sip_side_ops()->finish(rig->side, x, OUTCOME_UNKNOWN, NULL);
		assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
		sip_side_ops()->finish(rig->side, x, OUTCOME_UNKNOWN, NULL);
		sip_side_ops()->finish(rig->side, x + 1000, OUTCOME_TAKEN, NULL);
		assert_int_equal(text_peer_let_run(rig->peer, 30), 0);
	}
	rig_free(&rig);
}

/* [SOF-011] [REL-045]: what is sent while the connection is still being made waits for it; the
 * library alone keeps 64 and answers the rest with a 503 of its own. */
static void many_wait_for_one_connection(void **state)
{
	enum { MESSAGES = 900 };
	struct rig *rig = rig_new(&(struct rig_options){.proxy_is_tcp = true, .t1_ms = 500});
	char name[16];

	(void)state;
	for (int i = 0; i < MESSAGES; i++) {
		snprintf(name, sizeof name, "%d", i);
		deliver(rig, (exchange_id)i + 1, name, name, "x");
	}
	for (int i = 0; i < MESSAGES; i++) {
		const struct sip_text *out = text_peer_expect(rig->peer, "MESSAGE ");

		assert_non_null(out);
		assert_int_equal(out->way, SIP_WAY_TCP);
	}
	assert_int_equal(rig->bridge->count, 0);
	rig_free(&rig);
}

/* [REQ-010]: five hundred people look at one phone; one NOTIFY is told to each. */
static void many_watch_one(void **state)
{
	enum { WATCHERS = 500 };
	struct rig *rig = rig_new(&(struct rig_options){.profile = "asterisk"});
	struct presence_agent end;
	char name[16], room[512];

	(void)state;
	pa_begin(rig, &end);
	for (int i = 1; i < WATCHERS; i++) {
		snprintf(name, sizeof name, "u%d", i);
		pa_watch_as(rig, name);
	}
	text_peer_let_run(rig->peer, 20); /* each is told what is known */
	pa_notify(rig, &end, "active;expires=3600", pa_document("for all", room, sizeof room),
		  "200");
	text_peer_let_run(rig->peer, 100);
	assert_int_equal(fake_bridge_count(rig->bridge, "note=for all"), WATCHERS);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE"), 0);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_types_are_not_presence),
		cmocka_unit_test(the_dialog_names_the_user),
		cmocka_unit_test(states_where_they_count),
		cmocka_unit_test(no_time_keeps_the_time),
		cmocka_unit_test(subscribe_says_it_in_its_place),
		cmocka_unit_test(others_cannot_end_it),
		cmocka_unit_test(foreign_responses_are_dropped),
		cmocka_unit_test(hops_are_carried),
		cmocka_unit_test(messages_make_no_route),
		cmocka_unit_test(unneeded_headers_may_be_odd),
		cmocka_unit_test(large_datagrams_are_read),
		cmocka_unit_test(subscribe_with_a_body),
		cmocka_unit_test(no_other_headers),
		cmocka_unit_test(call_ids_belong_to_nobody),
		cmocka_unit_test(answers_are_given_once),
		cmocka_unit_test(many_wait_for_one_connection),
		cmocka_unit_test(many_watch_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
