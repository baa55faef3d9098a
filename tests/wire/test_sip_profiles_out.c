/* Every profile by bytes: what it changes of what is published, told and sent, in the form of the
 * server it is for and in that of the RFC (PBX-058). */
#include "support/check.h"

#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/presence_agent.h"
#include "wire/profile_rows.h"
#include "wire/watcher.h"

static void publications_only(struct rig *rig)
{
	rig->peers[0].profile.packages = 0;
}

static void as_presence(struct rig *rig)
{
	rig->peers[0].profile.publish = PUBLISH_AS_PRESENCE;
}

static void lamp_online(struct rig *rig)
{
	rig->peers[0].profile.lamp = LAMP_ONLINE;
}

/* PUBLISH -------------------------------------------------------------------------------------- */

static void publish(struct rig *rig, const char *body, bool is_taken, const char *refusal)
{
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "PUBLISH",
				       .uri = "sip:1001@pbx.example",
				       .to = "<sip:1001@pbx.example>",
				       .headers = "Event: presence\r\nExpires: 3600\r\n",
				       .body = body,
				       .type = "application/pidf+xml"});
	const struct sip_text *text = text_peer_expect(rig->peer, "SIP/2.0 ");

	assert_non_null(text);
	if (strncmp(text->text + 8, is_taken ? "200" : refusal, 3) != 0)
		fail_msg("answered %s", text->text);
}

/* [PBX-019] [AST-7] [EVT-058] [D-17]: a PBX that speaks for all its users publishes to the bridge;
 * a server whose users decide each for himself does not. A first PUBLISH without a body is one
 * PBX's habit and nobody else's right. */
static void publishes_to_us(void **state)
{
	const struct profile_row *row = *state;
	struct rig *rig = profile_rig(row, publications_only);

	pa_watch(rig);
	publish(rig, NULL, row->takes_empty_publish, row->takes_publish ? "400" : "405");
	publish(rig, PROFILE_PIDF(PROFILE_OPEN "<note>here</note>"), row->takes_publish, "405");
	if (row->takes_publish)
		rig_expect_line(rig, "open=1 show=- note=here");
	else
		profile_expect_nothing(rig);
	if (row->reads_asterisk) {
		publish(rig, PROFILE_PIDF(PROFILE_OPEN "<note>On the phone</note>"), true, "");
		rig_expect_line(rig, "open=1 show=- note= devices=1 phone=in-call");
	}
	rig_free(&rig);
}

static void tell_domain(struct rig *rig, const struct presence *presence)
{
	struct address watcher, watched;

	address_set(&watcher, SIDE_SIP, "", "pbx.example");
	address_set(&watched, SIDE_XMPP, "juliet", "chat.example");
	struct watch watch = {1, SCOPE_WATCHER, &watcher, &watched, NULL};

	sip_side_ops()->answer(rig->side, &watch, WATCH_ALLOWED, NULL, NULL);
	sip_side_ops()->tell(rig->side, &watch, presence);
	address_clear(&watcher);
	address_clear(&watched);
}

static const struct sip_text *take_publish(struct rig *rig, const char *expires)
{
	const struct sip_text *text = text_peer_expect(rig->peer, "PUBLISH ");

	assert_non_null(text);
	profile_expect_header(text, "Expires", expires);
	return text;
}

/* Away with what two clients add to it. */
static void set_away(struct presence *presence)
{
	presence->person.activities |=
		(UINT32_C(1) << ACTIVITY_MEETING) | (UINT32_C(1) << ACTIVITY_MEAL);
}

static unsigned count(const char *text, const char *needle)
{
	unsigned n = 0;

	for (text = strstr(text, needle); text != NULL; text = strstr(text + 1, needle))
		n++;
	return n;
}

/* What a reader of prefixes needs: the default namespace on what it reads, dm: and rpid: on the
 * rest, one activity, a note beside it. */
static void check_published(const struct profile_row *row, const char *body)
{
	static const char *const prefixes[] = {"<presence ", "<tuple ",    "<status>",
					       "<basic>",    "<dm:person", "<rpid:activities>"};
	unsigned activities = count(body, "<rpid:meeting/>") + count(body, "<rpid:meal/>") +
			      count(body, "<rpid:away/>");

	for (size_t i = 0; i < CHECK_COUNT(prefixes); i++) {
		if (strstr(body, prefixes[i]) == NULL)
			fail_msg("no %s in %s", prefixes[i], body);
	}
	assert_int_equal(activities == 1, row->is_literal);
	assert_int_equal(strstr(body, "<dm:note") != NULL, row->is_literal);
	assert_non_null(strstr(body, "entity=\"sip:8001@pbx.example\""));
}

/* [PBX-037] [PBX-038] [FSW-10] [PBX-058]: the same document for everybody, but for the reader of
 * prefixes one activity that has a note, and the last state before a removal, which takes nothing
 * back there. The others get a removal alone (RFC 3903 section 4.5). */
static void publishes_there(void **state)
{
	static const char *const aliases[] = {"sip:8001@pbx.example"};
	static const struct map_user users[] = {
		{.jid = "juliet@chat.example", .aliases = aliases, .alias_count = 1}};
	const struct profile_row *row = *state;
	struct rig *rig = rig_new(&(struct rig_options){
		.profile = row->name, .users = users, .user_count = 1, .tune = as_presence});
	const struct sip_text *text;

	rig_expect_line(rig, "requested");
	fake_bridge_set_now(rig->bridge, SHOW_AWAY, "");
	notes_clear(&rig->bridge->now.devices[0].notes);
	set_away(&rig->bridge->now);
	tell_domain(rig, &rig->bridge->now);
	text = take_publish(rig, "3600");
	check_published(row, sip_text_body(text));
	profile_expect_header(text, "User-Agent", row->user_agent);
	text_peer_answer(rig->peer, text, "200 OK", "SIP-ETag: 1\r\nExpires: 3600\r\n");
	text_peer_let_run(rig->peer, 20);
	watcher_decide_for(rig, "", "juliet", WATCH_REJECTED);
	if (row->is_literal) {
		text = take_publish(rig, "3600");
		assert_non_null(strstr(sip_text_body(text), "<basic>closed</basic>"));
		text_peer_answer(rig->peer, text, "200 OK", "SIP-ETag: 2\r\nExpires: 3600\r\n");
	}
	text = take_publish(rig, "0");
	profile_expect_header(text, "SIP-If-Match", row->is_literal ? "2" : "1");
	assert_string_equal(sip_text_body(text), "");
	rig_free(&rig);
}

/* Toward the server's users -------------------------------------------------------------------- */

/* [D-31] [DLG-018]: lamp keys mean the same on every phone, by either rule. */
static void lamps(void **state)
{
	static const struct {
		void (*tune)(struct rig *rig);
		enum show show;
		const char *lamp;
	} keys[] = {
		{NULL, SHOW_NONE, ">terminated<"},
		{NULL, SHOW_DND, ">confirmed<"},
		{lamp_online, SHOW_NONE, ">confirmed<"},
	};

	for (size_t i = 0; i < CHECK_COUNT(keys); i++) {
		struct rig *rig = profile_rig(*state, keys[i].tune);
		struct watcher watcher = {.call_id = "lamp", .event = "dialog"};

		rig->bridge->requested = WATCH_ALLOWED;
		fake_bridge_set_now(rig->bridge, keys[i].show, "n");
		watcher_subscribe(rig, &watcher, "");
		assert_non_null(strstr(sip_text_body(watcher_take(rig, "active")), keys[i].lamp));
		rig_free(&rig);
	}
}

static void deliver_from(struct rig *rig, exchange_id x, const char *user, size_t len)
{
	struct message message = {.kind = MESSAGE_CHAT,
				  .uid = mem_strdup("u"),
				  .body = mem_alloc(len + 1),
				  .body_len = len,
				  .hops = -1};
	struct address from, to;

	memset(message.body, 'y', len);
	message.body[len] = '\0';
	address_set(&from, SIDE_XMPP, user, "chat.example");
	address_set(&to, SIDE_SIP, "1001", "pbx.example");
	sip_side_ops()->deliver(rig->side, x, &from, &to, &message);
	address_clear(&from);
	address_clear(&to);
	message_clear(&message);
}

/* [AST-5] [D-40]: what an Asterisk would swallow behind a 202 goes in parts; what it takes goes
 * whole to everybody. */
static void long_texts(void **state)
{
	const struct profile_row *row = *state;
	struct rig *rig =
		rig_new(&(struct rig_options){.profile = row->name, .proxy_is_tcp = true});
	const struct sip_text *text;

	deliver_from(rig, 1, "juliet", 1024);
	for (size_t parts = row->text_max != 0 ? 2 : 1; parts > 0; parts--) {
		text = text_peer_expect(rig->peer, "MESSAGE ");
		assert_non_null(text);
		if (row->text_max != 0)
			assert_true(strlen(sip_text_body(text)) <= row->text_max);
		text_peer_answer(rig->peer, text, "202 Accepted", "");
	}
	rig_expect_line(rig, "outcome 1 TAKEN");
	deliver_from(rig, 2, "juliet", 1023);
	text = text_peer_expect(rig->peer, "MESSAGE ");
	assert_non_null(text);
	assert_int_equal(strlen(sip_text_body(text)), 1023);
	profile_expect_header(text, "User-Agent", row->user_agent);
	rig_free(&rig);
}

/* [D-07] [D-04]: which spellings of a name are one user, and which names a PBX is spared.
 * As everybody writes them, they are served under each profile. */
static void names(void **state)
{
	const struct profile_row *row = *state;
	struct rig *rig = profile_rig(row, NULL);

	rig_send(rig, SIP_WAY_UDP, &(struct rig_request){.method = "MESSAGE", .body = "low"});
	rig_expect_line(rig, "message x sip:1001@pbx.example");
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){
			 .method = "MESSAGE", .body = "hi", .from = "<sip:Alice@pbx.example>"});
	if (row->folds_case)
		rig_expect_line(rig, "message x sip:alice@pbx.example");
	else
		assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 403"));
	deliver_from(rig, 1, "anna#maria", 5);
	if (row->reads_asterisk)
		rig_expect_line(rig, "outcome 1 REFUSED");
	else
		assert_non_null(text_peer_expect(rig->peer, "MESSAGE "));
	rig_free(&rig);
}

int main(void)
{
	static const struct profile_check checks[] = {
		{"publishes to us", publishes_to_us},
		{"publishes there", publishes_there},
		{"lamps", lamps},
		{"long texts", long_texts},
		{"names", names},
	};

	return profile_run(checks, CHECK_COUNT(checks), NULL, 0);
}
