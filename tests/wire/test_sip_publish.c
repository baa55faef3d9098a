/* What a PBX publishes of its users, by bytes: PUBLISH in (RFC 3903 section 6; file 11 section 5,
 * AST-7). The samples are an Asterisk's. */
#include <stdio.h>
#include <string.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/presence_agent.h"
#include "wire/rig.h"

static const char open_body[] =
	"<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"sip:1001@pbx.example\">"
	"<tuple id=\"t\"><status><basic>open</basic></status><note>here</note></tuple></presence>";

/* Nothing is subscribed: what is published is all there is. */
static void publications_only(struct rig *rig)
{
	rig->peers[0].profile.packages = 0;
}

static void short_times(struct limits *limits)
{
	limits->expires_min_s = 1;
}

static struct rig *make(const char *profile)
{
	struct rig_options options = {.profile = profile, .tune = publications_only};

	return rig_new(&options);
}

/* An Asterisk, and a chat user who watches 1001. */
static struct rig *make_watched(void)
{
	struct rig *rig = make("asterisk");

	pa_watch(rig);
	return rig;
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

static void begin(struct rig *rig, char tag[64])
{
	take_tag(publish(rig, "Event: presence\r\nExpires: 3600\r\n", open_body, "200"), tag);
}

/* With a tag and more headers. */
static const struct sip_text *publish_if(struct rig *rig, const char *tag, const char *headers,
					 const char *body, const char *status)
{
	char text[512];

	snprintf(text, sizeof text, "Event: presence\r\nSIP-If-Match: %s\r\n%s", tag, headers);
	return publish(rig, text, body, status);
}

static void expect_header(const struct sip_text *text, const char *name, const char *value)
{
	char room[512];

	assert_string_equal(sip_text_header(text, name, room, sizeof room), value);
}

static void expect_count(struct rig *rig, const char *line)
{
	struct buf status = BUF_INIT;

	sip_side_status(rig->side, &status);
	assert_non_null(strstr(buf_text(&status), line));
	buf_free(&status);
}

/* Samples -------------------------------------------------------------------------------------- */

static char *read_sample(const char *name)
{
	struct buf text = BUF_INIT;
	char path[512], piece[4096];
	size_t n;
	FILE *file;

	snprintf(path, sizeof path, TESTS_DIR "/samples/publish/%s.txt", name);
	file = fopen(path, "rb");
	if (file == NULL)
		fail_msg("cannot read %s", path);
	for (n = fread(piece, 1, sizeof piece, file); n > 0;
	     n = fread(piece, 1, sizeof piece, file))
		buf_append(&text, piece, n);
	fclose(file);
	return buf_take(&text);
}

/* Sends a sample with tag in place of its own: NULL: with none. Returns the answer. */
static const struct sip_text *replay(struct rig *rig, const char *name, const char *tag,
				     const char *status)
{
	char *sample = read_sample(name);
	char *line = strstr(sample, "SIP-If-Match: ");
	struct buf text = BUF_INIT;

	if (line != NULL) {
		buf_append(&text, sample, (size_t)(line - sample));
		if (tag != NULL)
			buf_printf(&text, "SIP-If-Match: %s\r\n", tag);
		buf_puts(&text, strchr(line, '\n') + 1);
	} else {
		buf_puts(&text, sample);
	}
	text_peer_send(rig->peer, SIP_WAY_UDP, buf_text(&text));
	buf_free(&text);
	mem_free(sample);
	return answer(rig, status);
}

/* [PBX-019] [AST-7] [D-17] [EVT-060] [PIDF-024]: the life of an extension as Asterisk publishes it,
 * with the states of its pidf; the first allows whoever asked. */
static void asterisk_presence(void **state)
{
	static const struct {
		const char *sample, *line;
	} rows[] = {
		{"publish-out-presence-ringing", "phone=ringing"},
		{"publish-out-presence-inuse", "phone=in-call"},
		{"publish-out-presence-onhold", "phone=on-hold"},
		{"publish-out-presence-idle", "open=1"},
		{"publish-out-presence-unavailable", "open=0"},
	};
	struct rig *rig = make_watched();
	char tag[64] = "", last[64];

	(void)state;
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(fake_bridge_count(rig->bridge, "answered"), 0);
	assert_int_equal(text_peer_count(rig->peer, "SUBSCRIBE "), 0);
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		const struct sip_text *text =
			replay(rig, rows[i].sample, i != 0 ? tag : NULL, "200");

		strcpy(last, tag);
		take_tag(text, tag);
		assert_string_not_equal(tag, last);
		expect_header(text, "Expires", "120"); /* [D-58]: as asked */
		if (i == 0)
			rig_expect_line(rig, "answered xmpp:juliet@chat.example "
					     "sip:1001@pbx.example ALLOWED");
		rig_expect_line(rig, rows[i].line);
	}
	assert_int_equal(rig->counters.publish_in, CHECK_COUNT(rows));
	rig_free(&rig);
}

/* [PBX-019] [EVT-059]: the same with Event dialog; a refresh keeps it, a removal ends it. */
static void asterisk_dialogs(void **state)
{
	struct rig *rig = make_watched();
	char tag[64];

	(void)state;
	take_tag(replay(rig, "publish-out-dialog-ringing", NULL, "200"), tag);
	rig_expect_line(rig, "phone=ringing");
	take_tag(replay(rig, "publish-out-dialog-inuse", tag, "200"), tag);
	rig_expect_line(rig, "phone=in-call");
	take_tag(replay(rig, "publish-out-dialog-refresh", tag, "200"), tag);
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(fake_bridge_count(rig->bridge, "presence"), 0); /* no news */
	take_tag(replay(rig, "publish-out-dialog-idle", tag, "200"), tag);
	rig_expect_line(rig, "phone=idle");
	/* The removal of the samples is of another extension. */
	const struct sip_text *text = publish(rig, "Event: dialog\r\nExpires: 0\r\n", NULL, "200");

	expect_header(text, "Expires", "0"); /* without a tag: removes nothing */
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(fake_bridge_count(rig->bridge, "presence"), 0);
	rig_free(&rig);
}

/* [AST-7] [EVT-058] [PBX-020]: a first one without body is given a tag (Asterisk speaks of that
 * user again only so), tells nobody anything, and becomes a state with the first change; of other
 * peers it is refused. */
static void a_first_one_without_body(void **state)
{
	struct rig_options options = {
		.profile = "asterisk", .tune = publications_only, .limits = short_times};
	struct rig *rig = rig_new(&options);
	char tag[64];

	(void)state;
	pa_watch(rig);
	take_tag(replay(rig, "publish-out-dialog-initial-without-body", NULL, "200"), tag);
	text_peer_let_run(rig->peer, 30);
	assert_int_equal(fake_bridge_count(rig->bridge, ""), 0);
	take_tag(replay(rig, "publish-out-dialog-inuse", tag, "200"), tag);
	rig_expect_line(rig, "ALLOWED");
	rig_expect_line(rig, "phone=in-call");
	rig_free(&rig);
	rig = make("freeswitch");
	publish(rig, "Event: presence\r\nExpires: 120\r\n", NULL, "400");
	rig_free(&rig);
}

/* Those of clients, with the domain of the test in their headers. */
static const struct sip_text *replay_client(struct rig *rig, const char *name)
{
	char *sample = read_sample(name);
	const char *body = strstr(sample, "\r\n\r\n");
	struct buf text = BUF_INIT;
	const char *at = sample;

	for (const char *found = strstr(at, "sip.test"); found != NULL && found < body;
	     found = strstr(at, "sip.test")) {
		buf_append(&text, at, (size_t)(found - at));
		buf_puts(&text, "pbx.example");
		at = found + strlen("sip.test");
	}
	buf_puts(&text, at);
	text_peer_send(rig->peer, SIP_WAY_UDP, buf_text(&text));
	buf_free(&text);
	mem_free(sample);
	return answer(rig, "200");
}

static void as_server(struct rig *rig)
{
	publications_only(rig);
	rig->peers[0].profile.accepts_publish = true;
	rig->peers[0].profile.subscribe_as = SUBSCRIBE_AS_BRIDGE;
}

/* [EVT-058] [D-58]: what baresip and Linphone publish, where a proxy hands it on. */
static void clients_publish(void **state)
{
	static const char *const names[] = {"baresip-publish-pidf-open",
					    "linphonec-publish-pidf-open"};
	struct rig_options options = {.profile = "linphone", .tune = as_server};
	struct rig *rig = rig_new(&options);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(names); i++)
		expect_header(replay_client(rig, names[i]), "Expires", "60");
	expect_count(rig, "sip.publications_in 2\n");
	rig_free(&rig);
}

/* Rules ---------------------------------------------------------------------------------------- */

/* [EVT-058] [EVT-001] [EVT-003] [PBX-051] [EVT-056] [SEC-003] [D-46]: what is refused, and with
 * what, in that order; nothing is kept of it. */
static void refusals(void **state)
{
	static const struct {
		const char *uri, *headers, *body, *type, *status, *header, *value;
	} rows[] = {
		{"sip:1001@nowhere.example", "Event: x\r\n", "x", "x/y", "404", NULL, NULL},
		{"sip:juliet@chat.example", "Event: presence\r\n", open_body, NULL, "404", NULL,
		 NULL},
		{"sip:5@other.example", "Event: presence\r\n", open_body, NULL, "403", NULL, NULL},
		{NULL, "", open_body, NULL, "489", "Allow-Events", "presence, dialog"},
		{NULL, "Event: Presence\r\n", open_body, NULL, "489", NULL, NULL},
		{NULL, "Event: asterisk-devicestate\r\nSIP-If-Match: x\r\n", open_body, NULL, "489",
		 NULL, NULL},
		{NULL, "Event: presence\r\nSIP-If-Match: a, b\r\n", open_body, NULL, "400", NULL,
		 NULL},
		{NULL, "Event: presence\r\nSIP-If-Match: \"a\"\r\n", open_body, NULL, "400", NULL,
		 NULL},
		{NULL, "Event: presence\r\nSIP-If-Match: a\r\nSIP-If-Match: b\r\n", open_body, NULL,
		 "400", NULL, NULL},
		{NULL, "Event: presence\r\nMax-Forwards: 70\r\nExpires: 9\r\n", open_body, NULL,
		 "423", NULL, NULL}, /* others twice are none of that */
		{NULL, "Event: presence\r\nSIP-If-Match: never\r\nExpires: 5\r\n", "x", "x/y",
		 "412", NULL, NULL},
		{NULL, "Event: presence\r\nExpires: 59\r\n", "x", "x/y", "423", "Min-Expires",
		 "60"},
		{NULL, "Event: presence\r\n", open_body, "text/plain", "415", "Accept",
		 "application/pidf+xml, application/xpidf+xml, application/cpim-pidf+xml, "
		 "application/dialog-info+xml"},
		{NULL, "Event: presence\r\nContent-Encoding: gzip\r\n", open_body, NULL, "415",
		 "Accept-Encoding", "identity"},
		{NULL, "Event: presence\r\n", "<presence", NULL, "400", NULL, NULL},
		{NULL, "Event: dialog\r\n", "<x/>", "application/dialog-info+xml", "400", NULL,
		 NULL},
	};
	struct rig *rig = make_watched();

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig_request request = {
			.method = "PUBLISH",
			.uri = rows[i].uri != NULL ? rows[i].uri : "sip:1001@pbx.example",
			.headers = rows[i].headers,
			.body = rows[i].body,
			.type = rows[i].type != NULL ? rows[i].type : "application/pidf+xml"};

		rig_send(rig, SIP_WAY_UDP, &request);
		const struct sip_text *text = answer(rig, rows[i].status);

		if (rows[i].header != NULL)
			expect_header(text, rows[i].header, rows[i].value);
	}
	assert_int_equal(fake_bridge_count(rig->bridge, ""), 0);
	expect_count(rig, "sip.publications_in 0\n");
	assert_int_equal(rig->counters.publish_refused, CHECK_COUNT(rows));
	rig_free(&rig);
}

/* [EVT-058] [EVT-059] [EVT-060]: tags: a new one with each answer, the old one is worth nothing;
 * bodies that cannot be read change nothing. */
static void each_answer_has_a_new_tag(void **state)
{
	struct rig *rig = make_watched();
	char first[64], second[64], third[64], fourth[64];

	(void)state;
	begin(rig, first);
	rig_expect_line(rig, "note=here");
	take_tag(publish_if(rig, first, "Expires: 600\r\n", NULL, "200"), second);
	assert_string_not_equal(first, second);
	publish_if(rig, first, "Expires: 600\r\n", NULL, "412");
	publish_if(rig, second, "Expires: 600\r\n", "<broken", "400");
	take_tag(publish_if(rig, second, "Expires: 600\r\n", open_body, "200"), third);
	publish_if(rig, second, "Expires: 0\r\n", NULL, "412");
	const struct sip_text *text = publish_if(rig, third, "Expires: 0\r\n", NULL, "200");

	expect_header(text, "Expires", "0");
	take_tag(text, fourth);
	assert_string_not_equal(third, fourth);
	rig_expect_line(rig, "open=0");
	publish_if(rig, third, "Expires: 600\r\n", open_body, "412");
	publish_if(rig, fourth, "Expires: 600\r\n", open_body, "412");
	rig_free(&rig);
}

/* [D-58] [EVT-058]: granted as asked, up to a day; an hour where nothing was asked. */
static void the_time_is_granted_as_asked(void **state)
{
	static const struct {
		const char *asked, *granted;
	} rows[] = {
		{"Expires: 60\r\n", "60"},
		{"Expires: 7200\r\n", "7200"},
		{"Expires: 86400\r\n", "86400"},
		{"Expires: 4000000000\r\n", "86400"},
		{"", "3600"},
	};
	struct rig *rig = make("asterisk");

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		char headers[128];

		snprintf(headers, sizeof headers, "Event: presence\r\n%s", rows[i].asked);
		expect_header(publish(rig, headers, open_body, "200"), "Expires", rows[i].granted);
	}
	rig_free(&rig);
}

/* [SIP-085] [D-38] [D-51]: the same request again, because the answer was lost: the same answer,
 * with the tag that holds; by another way it is merged. */
static void repeats_get_the_same_tag(void **state)
{
	struct rig *rig = make_watched();
	struct rig_request request = {.method = "PUBLISH",
				      .uri = "sip:1001@pbx.example",
				      .headers = "Event: presence\r\nExpires: 600\r\n",
				      .body = open_body,
				      .type = "application/pidf+xml",
				      .branch = "z9hG4bK-one",
				      .call_id = "one-call"};
	char first[64], second[64];

	(void)state;
	rig_send(rig, SIP_WAY_UDP, &request);
	take_tag(answer(rig, "200"), first);
	rig_send(rig, SIP_WAY_UDP, &request);
	const struct sip_text *text = answer(rig, "200");

	take_tag(text, second);
	assert_string_equal(first, second);
	expect_header(text, "Expires", "600");
	request.branch = "z9hG4bK-other";
	rig_send(rig, SIP_WAY_UDP, &request);
	answer(rig, "482");
	publish_if(rig, first, "Expires: 600\r\n", NULL, "200");
	assert_int_equal(rig->counters.publish_in, 2);
	rig_free(&rig);
}

/* [EVT-061] [D-58]: soft state ends, 64*T1 after what was granted. */
static void what_is_not_refreshed_ends(void **state)
{
	struct rig_options options = {
		.profile = "asterisk", .tune = publications_only, .limits = short_times};
	struct rig *rig = rig_new(&options);
	char tag[64];

	(void)state;
	pa_watch(rig);
	take_tag(publish(rig, "Event: presence\r\nExpires: 1\r\n", open_body, "200"), tag);
	rig_expect_line(rig, "open=1");
	text_peer_let_run(rig->peer, 1500); /* granted 1 s, kept 1.92 s longer */
	take_tag(publish_if(rig, tag, "Expires: 1\r\n", NULL, "200"), tag);
	assert_int_equal(fake_bridge_count(rig->bridge, "presence"), 0);
	rig_expect_line(rig, "open=0");
	publish_if(rig, tag, "Expires: 1\r\n", NULL, "412");
	rig_free(&rig);
}

/* [EVT-057] [EVT-061]: presence and dialogs of one user are one presence. */
static void packages_are_composed(void **state)
{
	struct rig *rig = make_watched();
	char presence[64], dialog[64];

	(void)state;
	take_tag(replay(rig, "publish-out-presence-idle", NULL, "200"), presence);
	rig_expect_line(rig, "open=1");
	take_tag(replay(rig, "publish-out-dialog-inuse", NULL, "200"), dialog);
	rig_expect_line(rig, "open=1 show=- note= devices=1 phone=in-call");
	take_tag(replay(rig, "publish-out-presence-unavailable", presence, "200"), presence);
	rig_expect_line(rig, "open=0");
	rig_free(&rig);
}

/* Failures ------------------------------------------------------------------------------------- */

static void publish_number(struct rig *rig, int number, const char *status)
{
	char uri[64];

	snprintf(uri, sizeof uri, "sip:%d@pbx.example", number);
	struct rig_request request = {.method = "PUBLISH",
				      .uri = uri,
				      .headers = "Event: presence\r\n",
				      .body = open_body,
				      .type = "application/pidf+xml"};

	rig_send(rig, SIP_WAY_UDP, &request);
	answer(rig, status);
}

/* [AST-7] [EVT-061]: a PBX that was killed begins anew; what it said before does not stand beside
 * what it says now, and of whom it says nothing any more nothing is shown. */
static void a_killed_pbx_begins_anew(void **state)
{
	struct rig *rig = make_watched();

	(void)state;
	for (int number = 1001; number < 1004; number++)
		publish_number(rig, number, "200");
	rig_expect_line(rig, "open=1");
	text_peer_let_run(rig->peer, 20);
	for (int number = 1002; number < 1004; number++)
		publish_number(rig, number, "200");
	expect_count(rig, "sip.publications_in 3\n");
	rig_expect_line(rig, "open=0"); /* 1001, 120*T1 later */
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

/* Answers OPTIONS until the bridge believes it; some are repeats of what it has given up. */
static void come_back(struct rig *rig)
{
	while (is_down(rig)) {
		const struct sip_text *text = text_peer_expect(rig->peer, "OPTIONS ");

		assert_non_null(text);
		text_peer_answer(rig->peer, text, "200 OK", "");
		text_peer_let_run(rig->peer, 5);
	}
}

/* [D-26] [REL-022] [EVT-061]: a PBX that does not answer any more: its extensions are doubtful, as
 * they are without publications; when it is there again they are what they were. */
static void a_pbx_that_is_gone(void **state)
{
	struct rig_options options = {
		.profile = "asterisk", .tune = publications_only, .peer_quiet_ms = 3000};
	struct rig *rig = rig_new(&options);
	char tag[64];

	(void)state;
	pa_watch(rig);
	begin(rig, tag);
	rig_expect_line(rig, "ALLOWED");
	rig_expect_line(rig, "open=1");
	rig_expect_line(rig, "FAILED");
	come_back(rig);
	rig_expect_line(rig, "ALLOWED");
	take_tag(publish_if(rig, tag, "Expires: 600\r\n", NULL, "200"), tag);
	rig_free(&rig);
}

static void few(struct limits *limits)
{
	limits->publications = 2;
	limits->publications_per_user = 2;
}

/* [REL-041]: bounded, for each user and in all.
 * [limit publications] [limit publications_per_user] */
static void there_is_a_limit(void **state)
{
	struct rig_options options = {
		.profile = "linphone", .tune = publications_only, .limits = few};
	struct rig *rig;

	(void)state;
	rig = rig_new(&options);
	rig->peers[0].profile.accepts_publish = true;
	publish(rig, "Event: presence\r\n", open_body, "200");
	publish(rig, "Event: presence\r\n", open_body, "200");
	rig->limits.publications = 3;
	publish(rig, "Event: presence\r\n", open_body, "403");
	rig->limits.publications = 2;
	publish_number(rig, 1002, "503");
	assert_int_equal(rig->counters.limits.publications_per_user, 1);
	assert_int_equal(rig->counters.limits.publications, 1);
	rig_free(&rig);
}

/* [EVT-063] [SIP-072]: OPTIONS says whether PUBLISH is taken, and where it is not it is refused. */
static void options_say_so(void **state)
{
	static const struct rig_request options = {.method = "OPTIONS", .uri = "sip:127.0.0.1"};
	struct rig *rig = make("asterisk");
	char room[256];

	(void)state;
	rig_send(rig, SIP_WAY_UDP, &options);
	const struct sip_text *text = answer(rig, "200");

	assert_non_null(strstr(sip_text_header(text, "Allow", room, sizeof room), "PUBLISH"));
	expect_header(text, "Allow-Events", "presence, dialog");
	rig_free(&rig);
	rig = make("generic");
	rig_send(rig, SIP_WAY_UDP, &options);
	text = answer(rig, "200");
	assert_null(strstr(sip_text_header(text, "Allow", room, sizeof room), "PUBLISH"));
	publish(rig, "Event: presence\r\n", open_body, "405");
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asterisk_presence),
		cmocka_unit_test(asterisk_dialogs),
		cmocka_unit_test(a_first_one_without_body),
		cmocka_unit_test(clients_publish),
		cmocka_unit_test(refusals),
		cmocka_unit_test(each_answer_has_a_new_tag),
		cmocka_unit_test(the_time_is_granted_as_asked),
		cmocka_unit_test(repeats_get_the_same_tag),
		cmocka_unit_test(what_is_not_refreshed_ends),
		cmocka_unit_test(packages_are_composed),
		cmocka_unit_test(a_killed_pbx_begins_anew),
		cmocka_unit_test(a_pbx_that_is_gone),
		cmocka_unit_test(there_is_a_limit),
		cmocka_unit_test(options_say_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
