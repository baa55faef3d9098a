/* What who logged in by digest may do: his dialogs are his from wherever he is, his publications
 * are his alone (SEC-006, SEC-008). */
#include <stdio.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/login_phone.h"
#include "wire/row_keeper.h"

static const char *const pbx[] = {"127.0.0.1"};

/* Room for a challenge (SEC-020). */
#define LONG                                                                                       \
	"Subject: a phone says who it is, which model, and what it supports, at some length; so "  \
	"that there is room for both challenges in an answer that is not larger than what "        \
	"asked for it\r\nUser-Agent: a phone of some office, with a long name and a version\r\n"

/* A SUBSCRIBE of 1001 who is granted; tag is ours. */
static void subscribe(struct rig *rig, struct login_phone *phone, char tag[64])
{
	char headers[512];
	struct rig_request request = {.method = "SUBSCRIBE", .call_id = "d1", .headers = headers};

	snprintf(headers, sizeof headers,
		 LONG "Event: presence\r\nExpires: 600\r\nContact: <sip:1001@127.0.0.1:%u>\r\n",
		 text_peer_port(rig->peer));
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "first");
	phone_ask(rig, SIP_WAY_UDP, phone, &request);
	sip_text_tag(phone_expect(rig, 200), "To", tag, 64);
	text_peer_answer(rig->peer, text_peer_expect(rig->peer, "NOTIFY "), "200 OK", "");
}

static char *refresh_headers(char *room, size_t len, const char *host, unsigned port)
{
	snprintf(room, len, LONG "Event: presence\r\nExpires: 600\r\nContact: <sip:1001@%s:%u>\r\n",
		 host, port);
	return room;
}

/* [SEC-006] [SIP-059] [PRES-068]: in a dialog each request is asked again; right ids of another
 * user are not enough. */
static void dialogs_belong_to_who_logged_in(void **state)
{
	struct rig *rig = phone_rig();
	struct login_phone phone = phone_of("1001"), other = phone_of("1002");
	char tag[64], headers[512];
	unsigned port = text_peer_port(rig->peer);

	(void)state;
	other.algorithm = DIGEST_MD5;
	subscribe(rig, &phone, tag);
	struct rig_request again = {
		.method = "SUBSCRIBE",
		.call_id = "d1",
		.to_tag = tag,
		.cseq = 5,
		.headers = refresh_headers(headers, sizeof headers, "127.0.0.1", port)};

	phone_ask(rig, SIP_WAY_UDP, &phone, &again);
	(void)phone_expect(rig, 200);
	text_peer_answer(rig->peer, text_peer_expect(rig->peer, "NOTIFY "), "200 OK", "");
	again.cseq = 6;
	again.from = "<sip:1002@pbx.example>";
	phone_ask(rig, SIP_WAY_UDP, &other, &again);
	(void)phone_expect(rig, 481);
	again.from = NULL;
	other.nc++;
	phone_send(rig, SIP_WAY_UDP, &other, &again); /* the user of the dialog, somebody's word */
	(void)phone_expect(rig, 403);
	assert_int_equal(text_peer_let_run(rig->peer, 60), 0);
	rig_free(&rig);
}

/* [SEC-006]: a phone that moved goes on with its dialog; NOTIFYs go where it is then, and nowhere
 * else (SEC-021). */
static void phones_move(void **state)
{
	struct rig *rig = phone_rig();
	struct login_phone phone = phone_of("1001");
	char tag[64], headers[512];
	struct rig_request again = {
		.method = "SUBSCRIBE", .call_id = "d1", .to_tag = tag, .headers = headers};

	(void)state;
	subscribe(rig, &phone, tag);
	again.cseq = 5;
	refresh_headers(headers, sizeof headers, "127.0.0.9", 9);
	char *answer = phone_ask_from(rig, "127.0.0.7", &phone, &again);

	assert_memory_equal(answer, "SIP/2.0 403", 11); /* his Contact is not where he is */
	mem_free(answer);
	again.cseq = 6;
	refresh_headers(headers, sizeof headers, "127.0.0.7", 9);
	answer = phone_ask_from(rig, "127.0.0.7", &phone, &again);
	assert_memory_equal(answer, "SIP/2.0 200", 11);
	assert_int_equal(text_peer_let_run(rig->peer, 60), 0);
	mem_free(answer);
	rig_free(&rig);
}

static void tune_pbx_by_name(struct rig *rig)
{
	phone_logins(rig);
	rig->peers[0].proxy = "sip:localhost:5099;transport=tcp";
}

/* [SEC-021]: what a trusted peer may name, who logged in may not: the PBX's address, our own
 * machine, the host of the proxy; at whatever port. */
static void phones_do_not_lead_to_others(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost"};
	struct rig *rig = rig_new(&(struct rig_options){
		.trusted = pbx, .trusted_count = 1, .tune = tune_pbx_by_name});
	char headers[1024];

	(void)state;
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "first");
	for (size_t i = 0; i < CHECK_COUNT(hosts); i++) {
		struct login_phone phone = phone_of("1001");
		struct rig_request request = {
			.method = "SUBSCRIBE", .call_id = hosts[i], .headers = headers};

		snprintf(headers, sizeof headers,
			 LONG "Event: presence\r\nExpires: 600\r\nContact: "
			      "<sip:1001@%s:%u;transport=tcp>\r\n",
			 hosts[i], text_peer_port(rig->peer));
		char *answer = phone_ask_from(rig, "127.0.0.7", &phone, &request);

		if (strncmp(answer, "SIP/2.0 403", 11) != 0)
			fail_msg("%s: %s", hosts[i], answer);
		mem_free(answer);
	}
	assert_int_equal(text_peer_let_run(rig->peer, 60), 0);
	rig_free(&rig);
}

/* The PBX at 127.0.0.1 is trusted, phones elsewhere log in. */
static void tune_publish(struct rig *rig)
{
	phone_logins(rig);
	rig->peers[0].profile.accepts_publish = true;
	rig->peers[0].profile.packages = 0;
}

#define PIDF                                                                                       \
	"<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='sip:1001@pbx.example'><tuple "      \
	"id='a'><status><basic>open</basic></status></tuple></presence>"

static struct rig_request publication(const char *user, const char *headers)
{
	static char uri[64], from[64];

	snprintf(uri, sizeof uri, "sip:%s@pbx.example", user);
	snprintf(from, sizeof from, "<sip:%s@pbx.example>", user);
	return (struct rig_request){.method = "PUBLISH",
				    .uri = uri,
				    .from = from,
				    .to = from,
				    .headers = headers,
				    .body = PIDF,
				    .type = "application/pidf+xml"};
}

/* Publishes from elsewhere; the answer's SIP-ETag into tag. */
static void publish_as(struct rig *rig, const char *user, const struct rig_request *request,
		       const char *status, char tag[64])
{
	struct login_phone phone = phone_of(user);
	char *answer;

	phone.algorithm = strcmp(user, "1002") == 0 ? DIGEST_MD5 : DIGEST_SHA256;
	answer = phone_ask_from(rig, "127.0.0.2", &phone, request);
	if (strncmp(answer + 8, status, 3) != 0)
		fail_msg("%s wanted: %s", status, answer);
	if (tag != NULL) {
		const char *at = strstr(answer, "\r\nSIP-ETag: ");

		assert_non_null(at);
		snprintf(tag, 64, "%.*s", (int)strcspn(at + 12, "\r"), at + 12);
	}
	mem_free(answer);
}

/* [SEC-008] [EVT-060]: for himself alone; with somebody else's tag, or that of his PBX, there is
 * nothing. */
static void publications_belong_to_who_logged_in(void **state)
{
	static const char first[] = LONG "Event: presence\r\nExpires: 600\r\n";
	struct rig *rig = rig_new(
		&(struct rig_options){.trusted = pbx, .trusted_count = 1, .tune = tune_publish});
	char own[64], of_pbx[64], headers[1024];
	struct rig_request request = publication("1001", first);

	(void)state;
	publish_as(rig, "1001", &request, "200", own);
	rig_send(rig, SIP_WAY_UDP, &request);
	sip_text_header(phone_expect(rig, 200), "SIP-ETag", of_pbx, sizeof of_pbx);
	request = publication("1001", first);
	request.from = "<sip:1002@pbx.example>";
	publish_as(rig, "1002", &request, "403", NULL); /* for another */
	snprintf(headers, sizeof headers, "%sSIP-If-Match: %s\r\n", first, own);
	request = publication("1002", headers);
	publish_as(rig, "1002", &request, "412", NULL); /* Bob with Alice's tag */
	snprintf(headers, sizeof headers, "%sSIP-If-Match: %s\r\n", first, of_pbx);
	request = publication("1001", headers);
	publish_as(rig, "1001", &request, "412", NULL);
	snprintf(headers, sizeof headers, "%sSIP-If-Match: %s\r\n", first, own);
	publish_as(rig, "1001", &request, "200", own);
	rig_free(&rig);
}

/* [SEC-013] [SEC-091] [SEC-006]: other logins from now on: who is in no more is a stranger again,
 * and his dialogs end; nobody else's do. */
static void logins_change(void **state)
{
	struct rig *rig = phone_rig();
	struct login_phone phone = phone_of("1001");
	char tag[64], headers[512];
	struct rig_request again = {.method = "SUBSCRIBE",
				    .call_id = "d1",
				    .to_tag = tag,
				    .cseq = 5,
				    .headers = refresh_headers(headers, sizeof headers, "127.0.0.1",
							       text_peer_port(rig->peer))};

	(void)state;
	subscribe(rig, &phone, tag);
	sip_side_set_logins(rig->side, &rig->params.logins[0], 1);
	assert_int_equal(text_peer_let_run(rig->peer, 60), 0);
	sip_side_set_logins(rig->side, &rig->params.logins[1], 1);
	const struct sip_text *last = text_peer_expect(rig->peer, "NOTIFY ");

	assert_non_null(
		strstr(last->text, "\r\nSubscription-State: terminated;reason=rejected\r\n"));
	text_peer_answer(rig->peer, last, "200 OK", "");
	phone.nc++;
	phone_send(rig, SIP_WAY_UDP, &phone, &again);
	(void)phone_expect(rig, 401);
	sip_side_set_logins(rig->side, NULL, 0);
	phone_send(rig, SIP_WAY_UDP, &phone, &again);
	(void)phone_expect(rig, 403);
	sip_side_set_logins(rig->side, rig->params.logins, rig->params.login_count);
	again.cseq = 7;
	phone_send(rig, SIP_WAY_UDP, &phone, &again);
	(void)phone_expect(rig, 481);
	rig_free(&rig);
}

static void tune_kept(struct rig *rig)
{
	phone_logins(rig);
	row_keeper_tune(rig);
}

/* [SEC-006] [REL-013]: a login that is gone at a start has no dialogs any more; one that is still
 * there goes on. */
static void logins_gone_at_a_start(void **state)
{
	static const char *const nobody[] = {"192.0.2.1"};
	const struct rig_options options = {
		.trusted = nobody, .trusted_count = 1, .tune = tune_kept};

	(void)state;
	for (size_t is_gone = 0; is_gone < 2; is_gone++) {
		struct rig *rig = rig_new(&options);
		struct login_phone phone = phone_of("1001");
		struct buf status = BUF_INIT;
		char tag[64];

		subscribe(rig, &phone, tag);
		rig->params.logins += is_gone;
		rig->params.login_count -= is_gone;
		row_keeper_restart(rig, NULL);
		sip_side_status(rig->side, &status);
		assert_non_null(strstr(buf_text(&status), is_gone ? "sip.watcher_dialogs 0\n"
								  : "sip.watcher_dialogs 1\n"));
		buf_free(&status);
		row_keeper_free_rig(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dialogs_belong_to_who_logged_in),
		cmocka_unit_test(phones_move),
		cmocka_unit_test(phones_do_not_lead_to_others),
		cmocka_unit_test(publications_belong_to_who_logged_in),
		cmocka_unit_test(logins_change),
		cmocka_unit_test(logins_gone_at_a_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
