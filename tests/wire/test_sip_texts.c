/* What a MESSAGE says: headers, CPIM and real clients, by bytes (file 05 C to E; file 02 D). */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "core/learned.h"
#include "loop/loop.h"
#include "sip/header_text.h"
#include "sip/sip_side.h"
#include "wire/message_sample.h"
#include "wire/rig.h"
#include "wire/watcher.h"

static void finish(struct rig *rig)
{
	sip_side_ops()->finish(rig->side, rig->bridge->last_x, OUTCOME_TAKEN, NULL);
}

/* Sends it; the core hears line, or nothing where answer is a refusal. */
static void check(struct rig *rig, const struct rig_request *message, const char *line,
		  const char *answer)
{
	rig_send(rig, SIP_WAY_TCP, message);
	if (line != NULL) {
		rig_expect_line(rig, line);
		finish(rig);
	}
	if (text_peer_expect(rig->peer, answer) == NULL)
		fail_msg("no %s after: %s", answer, message->headers);
	assert_int_equal(fake_bridge_count(rig->bridge, "message"), 0);
}

/* Subject, language and thread ----------------------------------------------------------------- */

/* [MSG-048] [MSG-045] [MSG-046] [MSG-047] [D-10] [MSG-089] [D-32] [MSG-044] [REQ-047]. */
static void headers_become_values(void **state)
{
	static const struct {
		const char *headers;
		const char *line;
	} rows[] = {
		{"", "kind=chat thread=- wants=0 life=0 wait=1 typing=0 sent=0 "
		     "origin=sip:1001@pbx.example,-,-,-,- nick=- lang=- "
		     "subject=- hops=69: a"},
		{"Subject: Keys\r\n", " subject=Keys hops"},
		{"s: Keys\r\n", " subject=Keys hops"},
		{"Subject:\r\n", " subject=- hops"},
		{"Subject: =?UTF-8?B?U2NobMO8c3NlbA==?=\r\n", " subject=Schl\xc3\xbcssel hops"},
		{"Subject: =?iso-8859-1?Q?Caf=E9_au_lait?=\r\n",
		 " subject=Caf\xc3\xa9 au lait hops"},
		{"Subject: =?x-none?Q?abc?=\r\n", " subject==?x-none?Q?abc?= hops"},
		{"Subject: =?UTF-8?Q?a=0D=0AX:_b?=\r\n", " subject=a  X: b hops"},
		{"Content-Language: fr, en\r\n", " lang=fr subject"},
		{"Content-Language: not!a!tag\r\n", " lang=- subject"},
		{"Reply-To: <sip:evil@pbx.example>\r\n", "message x sip:1001@pbx.example xmpp:"},
		{"In-Reply-To: abc@x\r\n", " thread=- "},
	};
	struct rig *rig = rig_new(NULL);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++)
		check(rig,
		      &(struct rig_request){
			      .method = "MESSAGE", .headers = rows[i].headers, .body = "a"},
		      rows[i].line, "SIP/2.0 200");
	/* What a GRUU or a parameter says of a device is not shown. */
	check(rig,
	      &(struct rig_request){
		      .method = "MESSAGE", .from = "<sip:1001@pbx.example;gr=unit7>", .body = "a"},
	      "message x sip:1001@pbx.example xmpp:juliet@chat.example uid=", "SIP/2.0 200");
	rig_free(&rig);
}

static void rfc_forms(struct rig *rig)
{
	rig->peers[0].profile.pager_type = PAGER_NORMAL;
	rig->peers[0].profile.thread = THREAD_CALLID;
}

/* [D-34] [D-35] [MSG-044] [MSG-054] [MSG-082]: the letter of RFC 7572, where the peer is set so. */
static void letter_of_the_rfc_by_setting(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = rfc_forms});
	struct rig_request message = {
		.method = "MESSAGE", .body = "a", .call_id = "f81d4fae-7dec@192.0.2.1"};
	char long_id[600];

	(void)state;
	check(rig, &message, "kind=normal thread=f81d4fae-7dec@192.0.2.1 wants=", "SIP/2.0 200");
	memset(long_id, 'x', sizeof long_id - 1);
	long_id[sizeof long_id - 1] = '\0';
	message.call_id = long_id; /* not cut: another thread would be none either */
	check(rig, &message, "kind=normal thread=- wants=", "SIP/2.0 200");
	rig_free(&rig);
}

/* [MSG-066] [D-11] [ARES-008] [MSG-049]: a user is the same under im:, and the Request-URI says who
 * it is, whatever To says. */
static void request_uri_decides(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_request message = {.method = "MESSAGE", .body = "a"};

	(void)state;
	message.uri = "im:juliet@chat.example";
	message.to = "<im:juliet@chat.example>";
	check(rig, &message, "xmpp:juliet@chat.example uid=", "SIP/2.0 200");
	message.uri = "sip:juliet@chat.example;gr=phone";
	message.to = "<sip:romeo@chat.example>";
	check(rig, &message, "xmpp:juliet@chat.example uid=", "SIP/2.0 200");
	message.uri = NULL;
	message.to = "<sips:juliet@chat.example>";
	check(rig, &message, "xmpp:juliet@chat.example uid=", "SIP/2.0 200");
	rig_free(&rig);
}

/* When ----------------------------------------------------------------------------------------- */

static void date_trusted(struct rig *rig)
{
	rig->peers[0].profile.date_trusted = true;
}

static int64_t wall_s(const struct rig *rig)
{
	return loop_wall_ms(rig->loop) / 1000;
}

static void put_date(const struct rig *rig, int ago_s, struct buf *out)
{
	buf_puts(out, "Date: ");
	header_text_date(out, (wall_s(rig) - ago_s) * 1000);
	buf_puts(out, "\r\n");
}

static long long number_after(const char *line, const char *name)
{
	const char *at = strstr(line, name);

	assert_non_null(at);
	return strtoll(at + strlen(name), NULL, 10);
}

/* ago_s: of the Date, 0: none. Returns the line of the core. */
static char *send_dated(struct rig *rig, int ago_s, const char *expires)
{
	struct buf headers = BUF_INIT;
	char *line;

	if (ago_s != 0)
		put_date(rig, ago_s, &headers);
	buf_puts(&headers, expires);
	rig_send(rig, SIP_WAY_TCP,
		 &(struct rig_request){
			 .method = "MESSAGE", .headers = buf_text(&headers), .body = "a"});
	buf_free(&headers);
	line = fake_bridge_expect(rig->bridge, "message");
	assert_non_null(line);
	finish(rig);
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	return line;
}

/* [MSG-061] [SIP-079] [MSG-026]: how long it is of use: from its Date where that can be believed,
 * else from now; 0 is now or not at all. */
static void expires_bounds_the_life(void **state)
{
	static const struct {
		bool is_trusted;
		int ago_s;
		const char *expires;
		long long least, most;
		bool may_wait;
	} rows[] = {
		{false, 0, "", 0, 0, true},
		{false, 0, "Expires: 60\r\n", 60, 60, true},
		{false, 30, "Expires: 60\r\n", 60, 60, true},
		{false, 100000, "Expires: 60\r\n", 60, 60, true},
		{false, 0, "Expires: 0\r\n", 0, 0, false},
		{false, 0, "Expires: 4294967295\r\n", 30 * 86400, 30 * 86400, true},
		{true, 30, "Expires: 60\r\n", 20, 30, true},
		{true, -3600, "Expires: 60\r\n", 60, 60, true}, /* its clock is wrong */
		{true, 300, "Expires: 60\r\n", 0, 0, false},
		{true, 300, "", 0, 0, true},
	};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct rig *rig =
			rig_new(&(struct rig_options){.tune = i == 1 ? date_trusted : NULL});

		for (size_t k = 0; k < CHECK_COUNT(rows); k++) {
			char *line;
			long long life;

			if (rows[k].is_trusted != (i == 1))
				continue;
			line = send_dated(rig, rows[k].ago_s, rows[k].expires);
			life = number_after(line, "life=");
			if (life < rows[k].least || life > rows[k].most ||
			    number_after(line, "wait=") != rows[k].may_wait)
				fail_msg("row %zu: %s", k, line);
			mem_free(line);
		}
		rig_free(&rig);
	}
}

/* [MSG-061]: what expired more than a day ago is nobody's. */
static void long_expired_is_refused(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = date_trusted});
	struct buf headers = BUF_INIT;

	(void)state;
	put_date(rig, 2 * 86400, &headers);
	buf_puts(&headers, "Expires: 60\r\n");
	check(rig,
	      &(struct rig_request){
		      .method = "MESSAGE", .headers = buf_text(&headers), .body = "a"},
	      NULL, "SIP/2.0 400");
	buf_free(&headers);
	rig_free(&rig);
}

/* [D-44] [SIP-080] [MSG-062]: the Date of a peer whose clock is believed, for seven days. */
static void date_is_told_where_it_is_trusted(void **state)
{
	static const struct {
		bool is_trusted;
		int ago_s;
		bool is_told;
	} rows[] = {{false, 120, false}, {true, 120, true},        {true, -120, false},
		    {true, 0, false},    {true, 8 * 86400, false}, {true, 6 * 86400, true}};

	(void)state;
	for (size_t k = 0; k < CHECK_COUNT(rows); k++) {
		struct rig *rig = rig_new(
			&(struct rig_options){.tune = rows[k].is_trusted ? date_trusted : NULL});
		char *line = send_dated(rig, rows[k].ago_s, "");
		long long sent = number_after(line, "sent=");
		long long wanted = (wall_s(rig) - rows[k].ago_s) * 1000;

		if (rows[k].is_told ? sent < wanted - 10000 || sent > wanted : sent != 0)
			fail_msg("row %zu: %s", k, line);
		mem_free(line);
		rig_free(&rig);
	}
}

/* CPIM ----------------------------------------------------------------------------------------- */

#define CPIM_HEAD                                                                                  \
	"From: \"Somebody else\" <im:evil@nowhere.example>\r\n"                                    \
	"To: <im:juliet-alias@chat.example>\r\n"                                                   \
	"DateTime: 2024-05-06T10:00:00Z\r\n"                                                       \
	"Subject: Parcel\r\n"                                                                      \
	"NS: imdn <urn:ietf:params:imdn>\r\n"

#define CPIM_ASKS                                                                                  \
	CPIM_HEAD                                                                                  \
	"imdn.Message-ID: Zk3v9Qp1Lw0\r\n"                                                         \
	"imdn.Disposition-Notification: positive-delivery, negative-delivery, display\r\n"

#define CPIM_TEXT "\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nDid it come?"

static int64_t learned(struct rig *rig, const char *kind)
{
	return learned_get(bridge_learned(rig->bridge), kind, "sip:1001@pbx.example");
}

/* [MSG-071] [RCPT-005] [RCPT-002] [RCPT-053] [RCPT-054] [RCPT-055] [RCPT-014] [RCPT-021] [XCP-015]
 * [XCP-019] [D-41]: the wrapped text, what its sender asks and where a report of it goes; its From
 * and To are nobody's identity. */
static void cpim_is_unwrapped(void **state)
{
	static const struct {
		const char *body;
		const char *line;
	} rows[] = {
		{CPIM_ASKS CPIM_TEXT,
		 "wants=7 life=0 wait=1 typing=0 sent=0 origin=sip:1001@pbx.example,"
		 "im:juliet-alias@chat.example,Zk3v9Qp1Lw0,2024-05-06T10:00:00Z,- nick=- lang=- "
		 "subject=Parcel hops=69: Did it come?"},
		{CPIM_HEAD CPIM_TEXT, "wants=0 "},
		/* [RCPT-021] without a To of its own it is for the Request-URI */
		{"NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: i1\r\n"
		 "imdn.Disposition-Notification: display\r\n" CPIM_TEXT,
		 "wants=4 life=0 wait=1 typing=0 sent=0 origin=sip:1001@pbx.example,"
		 "sip:juliet@chat.example,i1,-,- "},
		/* nothing to name it by */
		{CPIM_HEAD "imdn.Disposition-Notification: display\r\n" CPIM_TEXT, "wants=0 "},
		{CPIM_ASKS "imdn.IMDN-Record-Route: <sip:a@r.example>\r\n"
			   "imdn.IMDN-Record-Route: <sip:b@r.example>\r\n" CPIM_TEXT,
		 "2024-05-06T10:00:00Z,<sip:a@r.example>\n<sip:b@r.example> nick"},
		/* [MSGF-004] without the blank line */
		{CPIM_ASKS "Content-Type: text/plain\r\n\r\nDid it come?", "hops=69: Did it come?"},
	};
	struct rig *rig = rig_new(NULL);

	(void)state;
	assert_int_equal(learned(rig, LEARNED_CPIM), -1);
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig_request message = {
			.method = "MESSAGE", .type = "message/cpim", .body = rows[i].body};

		rig_send(rig, SIP_WAY_TCP, &message);
		char *line = fake_bridge_expect(rig->bridge, "message");

		assert_non_null(line);
		if (strstr(line, rows[i].line) == NULL ||
		    strstr(line, "message x sip:1001@pbx.example xmpp:juliet@chat.example ") ==
			    NULL)
			fail_msg("row %zu: %s", i, line);
		mem_free(line);
		finish(rig);
		assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	}
	assert_int_equal(learned(rig, LEARNED_CPIM), 1);
	rig_free(&rig);
}

/* [D-44]: DateTime is as good as the clock of its peer. */
static void cpim_time_is_the_peers(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.tune = date_trusted});
	struct buf body = BUF_INIT;
	int64_t hour_ago = wall_s(rig) - 3600;
	struct tm tm;
	time_t at = (time_t)hour_ago;
	char stamp[32], line[64];

	(void)state;
	assert_non_null(gmtime_r(&at, &tm));
	strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_printf(&body, "From: <im:a@b>\r\nDateTime: %s\r\n" CPIM_TEXT, stamp);
	snprintf(line, sizeof line, " sent=%lld ", (long long)hour_ago * 1000);
	check(rig,
	      &(struct rig_request){
		      .method = "MESSAGE", .type = "message/cpim", .body = buf_text(&body)},
	      line, "SIP/2.0 200");
	buf_free(&body);
	rig_free(&rig);
}

/* [RCPT-071] [RCPT-021]: where somebody else vouches for the sender, From is a name and no place to
 * send reports to. */
static void reports_go_to_the_asserted_sender(void **state)
{
	struct rig *rig = rig_new(NULL);

	(void)state;
	check(rig,
	      &(struct rig_request){.method = "MESSAGE",
				    .from = "\"Ann\" <sip:victim@elsewhere.example>",
				    .headers = "P-Asserted-Identity: <sip:1002@pbx.example>\r\n",
				    .type = "message/cpim",
				    .body = CPIM_ASKS CPIM_TEXT},
	      "wants=7 life=0 wait=1 typing=0 sent=0 origin=sip:1002@pbx.example,", "SIP/2.0 200");
	rig_free(&rig);
}

/* [RCPT-022] [D-53] [MSG-064]: from nobody, nothing is taken, and so no report is owed. */
static void nobody_asks_for_reports(void **state)
{
	struct rig *rig = rig_new(NULL);

	(void)state;
	check(rig,
	      &(struct rig_request){.method = "MESSAGE",
				    .from = "<sip:anonymous@anonymous.invalid>",
				    .type = "message/cpim",
				    .body = CPIM_ASKS CPIM_TEXT},
	      NULL, "SIP/2.0 433");
	assert_int_equal(learned_count(bridge_learned(rig->bridge)), 0);
	rig_free(&rig);
}

/* Bodies --------------------------------------------------------------------------------------- */

/* [MSG-068] [MSG-074] [MSG-076] [MSG-075]: the readers are used for what comes. */
static void bodies_are_read(void **state)
{
	static const struct {
		const char *type;
		const char *body;
		const char *line;
	} rows[] = {
		{"text/html", "<b>one</b><br>two", ": one\ntwo"},
		{"multipart/alternative;boundary=b",
		 "--b\r\nContent-Type: text/html\r\n\r\n<i>h</i>\r\n--b\r\n\r\nplain\r\n--b--",
		 ": plain"},
		{"text/plain;charset=iso-8859-1", "caf\xe9", ": caf\xc3\xa9"},
	};
	struct rig *rig = rig_new(NULL);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++)
		check(rig,
		      &(struct rig_request){
			      .method = "MESSAGE", .type = rows[i].type, .body = rows[i].body},
		      rows[i].line, "SIP/2.0 200");
	rig_free(&rig);
}

/* File 30 section 4, charset_decl_unreliable: of such a peer UTF-8 is believed when it is that. */
static void charset_may_be_wrong(void **state)
{
	struct rig_request message = {.method = "MESSAGE",
				      .type = "text/plain;charset=iso-8859-1",
				      .body = "caf\xc3\xa9"};
	struct rig *rig = rig_new(&(struct rig_options){.profile = "freeswitch"});

	(void)state;
	check(rig, &message, ": caf\xc3\xa9", "SIP/2.0 200");
	rig_free(&rig);
	rig = rig_new(NULL);
	check(rig, &message, ": caf\xc3\x83\xc2\xa9", "SIP/2.0 200");
	rig_free(&rig);
}

/* [SIP-020] [SIP-110] [MSG-070] [MSG-077] [XCP-018]: 415 says what is taken, all of it. */
static void refusal_says_what_is_taken(void **state)
{
	static const struct rig_request rows[] = {
		{.method = "MESSAGE", .type = "image/png", .body = "x"},
		{.method = "MESSAGE", .type = "text/plain;charset=x-none", .body = "x"},
		{.method = "MESSAGE", .headers = "Content-Encoding: br\r\n", .body = "x"},
		{.method = "MESSAGE", .headers = "Content-Disposition: session\r\n", .body = "x"},
		{.method = "MESSAGE",
		 .type = "message/cpim",
		 .body = "From: <im:a@b>\r\nRequire: Magic\r\n" CPIM_TEXT},
	};
	static const char *const types[] = {
		"text/plain",
		"text/html",
		"message/cpim",
		"application/im-iscomposing+xml",
		"message/imdn+xml",
		"multipart/mixed",
		"multipart/alternative",
	};
	struct rig *rig = rig_new(NULL);
	char room[512];

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		rig_send(rig, SIP_WAY_TCP, &rows[i]);
		const struct sip_text *answer = text_peer_expect(rig->peer, "SIP/2.0 415");

		if (answer == NULL)
			fail_msg("row %zu", i);
		sip_text_header(answer, "Accept", room, sizeof room);
		for (size_t k = 0; k < CHECK_COUNT(types); k++)
			assert_non_null(strstr(room, types[k]));
		sip_text_header(answer, "Accept-Encoding", room, sizeof room);
		assert_non_null(strstr(room, "deflate"));
	}
	assert_int_equal(rig->bridge->count, 0);
	rig_free(&rig);
}

static void put_long(struct buf *out, const char *begin, size_t len, const char *end)
{
	buf_printf(out, "%s;x=", begin);
	for (size_t i = 0; i < len; i++)
		buf_putc(out, 'y');
	buf_printf(out, ";%s", end);
}

/* [SEC-060] [MSG-075]: a parameter of any length that a header may have hides none behind it, and
 * is read as it stands. */
static void long_parameters_are_read(void **state)
{
	static const size_t lengths[] = {400, 480, 481, 482, 483, 484, 485, 486, 487,
					 488, 489, 490, 491, 492, 493, 494, 600, 5000};
	struct rig *rig = rig_new(NULL);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(lengths); i++) {
		struct rig_request message = {.method = "MESSAGE", .body = "x"};
		struct buf type = BUF_INIT, headers = BUF_INIT;

		put_long(&headers, "Content-Disposition: icon", lengths[i],
			 "handling=optional\r\n");
		message.headers = buf_text(&headers);
		rig_send(rig, SIP_WAY_TCP, &message);
		assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
		put_long(&type, "text/plain", lengths[i], "charset=x-none");
		message.headers = NULL;
		message.type = buf_text(&type);
		rig_send(rig, SIP_WAY_TCP, &message);
		assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 415"));
		buf_free(&type);
		buf_free(&headers);
	}
	assert_int_equal(rig->bridge->count, 0);
	rig_free(&rig);
}

/* In a dialog ---------------------------------------------------------------------------------- */

/* [MSG-060] [SIP-023] [D-56]: beside a subscription it is the text of one end to the other; in any
 * other dialog 481; and what the peer of a dialog may say, a stranger to it may not. */
static void message_in_a_dialog_of_ours(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct watcher watcher = {.call_id = "beside"};
	struct rig_request message = {.method = "MESSAGE", .body = "beside", .cseq = 77};

	(void)state;
	watcher_begin(rig, &watcher);
	message.call_id = watcher.call_id;
	message.to_tag = watcher.tag;
	message.uri = "sip:token@127.0.0.1"; /* our Contact */
	check(rig, &message, "message x sip:1001@pbx.example xmpp:juliet@chat.example ",
	      "SIP/2.0 200");
	message.from_tag = "another";
	message.cseq = 78;
	check(rig, &message, NULL, "SIP/2.0 481");
	message.from_tag = NULL;
	message.to_tag = "no-such";
	check(rig, &message, NULL, "SIP/2.0 481");
	rig_free(&rig);
}

/* Real clients --------------------------------------------------------------------------------- */

/* [PBX-024] [D-41]: as Linphone and baresip write them, and as Asterisk and FreeSWITCH relay them.
 */
static void texts_of_real_clients(void **state)
{
	static const struct {
		const char *file;
		const char *line;
	} rows[] = {
		{"messages/linphonec-message-plain",
		 "nick=- lang=- subject=- hops=69: \"hello bob from carol\""},
		{"messages/baresip-plain",
		 "subject=- hops=69: Hello Bob, h\xc3\xa9llo \xe2\x9c\x93"},
		{"messages/asterisk-from-phone", "hops=69: reply"},
		{"messages/asterisk-only-newline", "hops=69: \n"},
		{"messages/asterisk-utf8", "hops=69: "},
		{"messages/freeswitch-from-phone",
		 "nick=Benvolio lang=- subject=- hops=69: from the phone"},
		{"messages/freeswitch-cpim-relayed",
		 "origin=sip:1001@pbx.example,sip:1002@example.com,-,-,"
		 "- nick=- lang=- subject=- hops=69: hi"},
		{"messages/freeswitch-html-relayed", "hops=69: hi"},
		{"messages/freeswitch-utf8", "hops=69: "},
	};
	struct rig *rig = rig_new(NULL);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		message_sample_send(rig, rows[i].file);
		rig_expect_line(rig, rows[i].line);
		finish(rig);
		assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	}
	/* baresip's Accept names text/plain alone: no evidence; the one CPIM is */
	assert_int_equal(learned_count(bridge_learned(rig->bridge)), 1);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_become_values),
		cmocka_unit_test(letter_of_the_rfc_by_setting),
		cmocka_unit_test(request_uri_decides),
		cmocka_unit_test(expires_bounds_the_life),
		cmocka_unit_test(long_expired_is_refused),
		cmocka_unit_test(date_is_told_where_it_is_trusted),
		cmocka_unit_test(cpim_is_unwrapped),
		cmocka_unit_test(cpim_time_is_the_peers),
		cmocka_unit_test(reports_go_to_the_asserted_sender),
		cmocka_unit_test(nobody_asks_for_reports),
		cmocka_unit_test(bodies_are_read),
		cmocka_unit_test(charset_may_be_wrong),
		cmocka_unit_test(refusal_says_what_is_taken),
		cmocka_unit_test(long_parameters_are_read),
		cmocka_unit_test(message_in_a_dialog_of_ours),
		cmocka_unit_test(texts_of_real_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
