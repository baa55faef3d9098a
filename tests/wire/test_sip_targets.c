/* Next hops with several servers (RFC 3263, REL-025, REL-026): by bytes, with a scripted DNS. */
#include <stdio.h>

#include "support/check.h"
#include "support/dns_server.h"

#include "base/buf.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "wire/deliver.h"
#include "wire/presence_agent.h"

enum {
	T1 = 60,        /* 480 ms for one server while another is left */
	AGAIN_MS = 100, /* between looks */
	QUIET_MS = 900  /* of 30 s */
};

/* What the servers of pbx.test are; the rig's own peer is the second. */
static struct {
	struct dns_server *dns;
	struct text_peer *first;
} world;

static const char proxy_name[] = "sip:pbx.test;transport=udp";

static void add_both(struct rig *rig, const char *service)
{
	dns_server_clear(world.dns);
	dns_server_srv(world.dns, service, 1, 1, 0, text_peer_port(world.first), "one.test");
	dns_server_srv(world.dns, service, 1, 2, 0, text_peer_port(rig->peer), "two.test");
	dns_server_a(world.dns, "one.test", 1, "127.0.0.1");
	dns_server_a(world.dns, "two.test", 1, "127.0.0.1");
}

static void begin_world(struct rig *rig)
{
	world.dns = dns_server_new(rig->loop);
	world.first = text_peer_new(rig->loop, rig->port);
	rig->params.resolv_conf = dns_server_conf(world.dns);
	rig->params.hosts = "/dev/null";
	rig->params.ttl_least_ms = AGAIN_MS;
	snprintf(rig->proxy, sizeof rig->proxy, "%s", proxy_name);
}

static void two_udp(struct rig *rig)
{
	begin_world(rig);
	add_both(rig, "_sip._udp.pbx.test");
}

static void two_tcp(struct rig *rig)
{
	begin_world(rig);
	snprintf(rig->proxy, sizeof rig->proxy, "sip:pbx.test;transport=tcp");
	add_both(rig, "_sip._tcp.pbx.test");
}

static struct rig *start(void (*tune)(struct rig *rig), int t1_ms)
{
	return rig_new(
		&(struct rig_options){.t1_ms = t1_ms, .tune = tune, .peer_quiet_ms = QUIET_MS});
}

static void stop(struct rig **rig)
{
	text_peer_free(&world.first);
	dns_server_free(&world.dns);
	rig_free(rig);
}

static const struct sip_text *expect_at(struct text_peer *peer)
{
	const struct sip_text *text = text_peer_expect(peer, "MESSAGE sip:1001@pbx.example");

	assert_non_null(text);
	return text;
}

/* Takes a MESSAGE there and answers it. */
static void take_at(struct rig *rig, struct text_peer *peer, exchange_id x)
{
	char line[64];

	text_peer_answer(peer, expect_at(peer), "200 OK", "");
	snprintf(line, sizeof line, "outcome %u TAKEN", (unsigned)x);
	rig_expect_line(rig, line);
}

static void naptr(struct rig *rig)
{
	begin_world(rig);
	snprintf(rig->proxy, sizeof rig->proxy, "sip:pbx.test");
	dns_server_naptr(world.dns, "pbx.test", 60, 20, 1, "s", "SIP+D2U", "_sip._udp.pbx.test");
	dns_server_naptr(world.dns, "pbx.test", 60, 10, 1, "s", "SIP+D2T", "tcp.elsewhere.test");
	dns_server_naptr(world.dns, "pbx.test", 60, 1, 1, "s", "SIPS+D2T", "_sips._tcp.pbx.test");
	dns_server_srv(world.dns, "_sip._udp.pbx.test", 60, 1, 1, 9, "two.test");
	dns_server_srv(world.dns, "tcp.elsewhere.test", 60, 1, 1, text_peer_port(rig->peer),
		       "two.test");
	dns_server_a(world.dns, "two.test", 60, "127.0.0.1");
}

/* [SIP-087] [SIP-088]: NAPTR names the transport and the SRV records, those name host and port;
 * what we do not serve is left out. */
static void naptr_then_srv_then_address(void **state)
{
	struct rig *rig = start(naptr, PATIENT_MS);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});
	const struct sip_text *text;

	(void)state;
	deliver(rig, 1, "1001", &message);
	text = expect_at(rig->peer);
	assert_int_equal(text->way, SIP_WAY_TCP);
	text_peer_answer(rig->peer, text, "200 OK", "");
	rig_expect_line(rig, "outcome 1 TAKEN");
	assert_int_equal(dns_server_asked(world.dns, 33, "_sips"), 0);
	assert_int_equal(dns_server_asked(world.dns, 35, "pbx.test"), 1);
	stop(&rig);
}

/* [SIP-007] [SIP-087]: a Contact names the transport that the DNS chose. */
static void contact_names_the_way(void **state)
{
	struct rig *rig = start(naptr, PATIENT_MS);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});
	char room[256];

	(void)state;
	deliver(rig, 1, "1001", &message); /* now it is known */
	take_at(rig, rig->peer, 1);
	pa_watch(rig);
	const struct sip_text *text = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(text);
	assert_int_equal(text->way, SIP_WAY_TCP);
	assert_non_null(
		strstr(sip_text_header(text, "Contact", room, sizeof room), ";transport=tcp"));
	stop(&rig);
}

static void plain_name(struct rig *rig)
{
	begin_world(rig);
	snprintf(rig->proxy, sizeof rig->proxy, "sip:pbx.test:%u", text_peer_port(rig->peer));
	dns_server_a(world.dns, "pbx.test", 60, "127.0.0.1");
}

/* [SIP-087]: a port leaves nothing but the address to ask for; [SIP-089]: once, not for each
 * request. */
static void port_means_addresses_alone(void **state)
{
	struct rig *rig = start(plain_name, PATIENT_MS);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});

	(void)state;
	for (exchange_id x = 1; x <= 3; x++) {
		deliver(rig, x, "1001", &message);
		take_at(rig, rig->peer, x);
	}
	assert_int_equal(dns_server_asked(world.dns, 1, "pbx.test"), 1);
	assert_int_equal(dns_server_asked(world.dns, 33, NULL), 0);
	assert_int_equal(dns_server_asked(world.dns, 35, NULL), 0);
	stop(&rig);
}

/* [REL-025] [SIP-003] [SIP-088]: a silent first server costs its time once; the second gets the
 * same request on another branch, later ones at once; and the first hears no more of it. */
static void silent_server_is_passed_over(void **state)
{
	struct rig *rig = start(two_udp, T1);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});
	char first[512], second[512], room[128];
	const struct sip_text *text;
	size_t count;

	(void)state;
	deliver(rig, 1, "1001", &message);
	sip_text_header(expect_at(world.first), "Via", first, sizeof first);
	text = expect_at(rig->peer);
	sip_text_header(text, "Via", second, sizeof second);
	assert_string_not_equal(strstr(first, "branch="), strstr(second, "branch="));
	assert_string_equal(sip_text_header(text, "CSeq", room, sizeof room), "1 MESSAGE");
	assert_string_equal(sip_text_header(text, "Call-ID", room, sizeof room), "u");
	text_peer_answer(rig->peer, text, "200 OK", "");
	rig_expect_line(rig, "outcome 1 TAKEN");
	(void)text_peer_let_run(world.first, 10);
	count = text_peer_count(world.first, "MESSAGE");
	message.uid = (char[]){"v"};
	deliver(rig, 2, "1001", &message);
	take_at(rig, rig->peer, 2);
	(void)text_peer_let_run(world.first, 10 * T1);
	assert_int_equal(text_peer_count(world.first, "MESSAGE"), count);
	stop(&rig);
}

/* [D-37]: an answer that comes late is one: it was taken. */
static void late_answer_counts(void **state)
{
	struct rig *rig = start(two_udp, T1);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});
	const struct sip_text *text;

	(void)state;
	deliver(rig, 1, "1001", &message);
	text = expect_at(world.first);
	struct sip_text kept = *text;

	kept.text = mem_strdup(text->text);
	(void)expect_at(rig->peer);
	text_peer_answer(world.first, &kept, "200 OK", "");
	rig_expect_line(rig, "outcome 1 TAKEN");
	mem_free(kept.text);
	(void)text_peer_let_run(rig->peer, T1);
	size_t count = text_peer_count(rig->peer, "MESSAGE");

	(void)text_peer_let_run(rig->peer, 10 * T1);
	assert_int_equal(text_peer_count(rig->peer, "MESSAGE"), count);
	stop(&rig);
}

/* [REL-025] [SIP-088] [SIP-027]: where nobody listens the next server is tried at once. */
static void refused_connection_is_passed_over(void **state)
{
	struct rig *rig = start(two_tcp, PATIENT_MS);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});

	(void)state;
	text_peer_deaf(world.first);
	for (exchange_id x = 1; x <= 2; x++) {
		deliver(rig, x, "1001", &message);
		take_at(rig, rig->peer, x);
	}
	stop(&rig);
}

/* [SIP-063] [SIP-064] [SIP-088]: 503 with Retry-After: the next server, and nothing more to that
 * one. */
static void busy_server_is_left_in_peace(void **state)
{
	struct rig *rig = start(two_udp, PATIENT_MS);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});

	(void)state;
	deliver(rig, 1, "1001", &message);
	text_peer_answer(world.first, expect_at(world.first), "503 Busy", "Retry-After: 60\r\n");
	take_at(rig, rig->peer, 1);
	for (exchange_id x = 2; x <= 4; x++) {
		deliver(rig, x, "1001", &message);
		take_at(rig, rig->peer, x);
	}
	assert_int_equal(text_peer_count(world.first, "MESSAGE"), 0);
	stop(&rig);
}

/* [SIP-063] [D-37]: the only server is left in peace, too, but not for an hour. */
static void only_server_is_left_in_peace(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.t1_ms = PATIENT_MS});
	struct message message = text_message((char[]){"u"}, (char[]){"x"});

	(void)state;
	deliver(rig, 1, "1001", &message);
	text_peer_answer(rig->peer, expect_at(rig->peer), "503 Busy", "Retry-After: 7200\r\n");
	rig_expect_line(rig, "outcome 1 REFUSED");
	deliver(rig, 2, "1001", &message);
	rig_expect_line(rig, "outcome 2 REFUSED remote-server-timeout sip=0 retry=300");
	assert_int_equal(text_peer_let_run(rig->peer, 50), 0);
	rig_free(&rig);
}

static void wait_asked(struct rig *rig, size_t more)
{
	size_t wanted = dns_server_asked(world.dns, 0, NULL) + more;

	for (int i = 0; i < 1000 && dns_server_asked(world.dns, 0, NULL) < wanted; i++)
		(void)text_peer_let_run(rig->peer, 20);
	assert_true(dns_server_asked(world.dns, 0, NULL) >= wanted);
}

/* [REL-026]: without the DNS the last good addresses are used. */
static void lost_dns_changes_nothing(void **state)
{
	struct rig *rig = start(two_udp, PATIENT_MS);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});

	(void)state;
	deliver(rig, 1, "1001", &message);
	take_at(rig, world.first, 1);
	dns_server_mute(world.dns, true);
	wait_asked(rig, 2);
	(void)text_peer_let_run(rig->peer, 4000); /* its patience is 3 s */
	deliver(rig, 2, "1001", &message);
	take_at(rig, world.first, 2);
	dns_server_mute(world.dns, false);
	dns_server_clear(world.dns); /* no such name: the operator's slip, or a bad server */
	wait_asked(rig, 1);
	deliver(rig, 3, "1001", &message);
	take_at(rig, world.first, 3);
	stop(&rig);
}

/* [REL-026]: the same when the DNS answers that it has failed: one question follows from within the
 * answer to another. */
static void failing_dns_changes_nothing(void **state)
{
	struct rig *rig = start(two_udp, PATIENT_MS);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});

	(void)state;
	deliver(rig, 1, "1001", &message);
	take_at(rig, world.first, 1);
	dns_server_fail(world.dns, true);
	wait_asked(rig, 3);
	deliver(rig, 2, "1001", &message);
	take_at(rig, world.first, 2);
	dns_server_fail(world.dns, false);
	wait_asked(rig, 2);
	deliver(rig, 3, "1001", &message);
	take_at(rig, world.first, 3);
	stop(&rig);
}

/* [REL-025] [SIP-089]: who moved is found again, without a restart. */
static void moved_server_is_found(void **state)
{
	struct rig *rig = start(two_udp, PATIENT_MS);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});

	(void)state;
	deliver(rig, 1, "1001", &message);
	take_at(rig, world.first, 1);
	dns_server_clear(world.dns);
	dns_server_srv(world.dns, "_sip._udp.pbx.test", 1, 1, 0, text_peer_port(rig->peer),
		       "two.test");
	dns_server_a(world.dns, "two.test", 1, "127.0.0.1");
	wait_asked(rig, 2);
	(void)text_peer_let_run(rig->peer, 50);
	deliver(rig, 2, "1001", &message);
	take_at(rig, rig->peer, 2);
	stop(&rig);
}

static void unknown_name(struct rig *rig)
{
	begin_world(rig);
}

/* [REL-021] [SEC-089] [ERR-262]: what cannot be found is a way that is missing, and is found when
 * it is there; a name that does not exist is not asked for at each request. */
static void unknown_name_is_no_way(void **state)
{
	struct rig *rig = start(unknown_name, PATIENT_MS);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});
	size_t asked;

	(void)state;
	deliver(rig, 1, "1001", &message); /* waits for the answer that is under way */
	rig_expect_line(rig, "outcome 1 REFUSED remote-server-timeout");
	asked = dns_server_asked(world.dns, 0, NULL);
	for (exchange_id x = 2; x <= 20; x++)
		deliver(rig, x, "1001", &message);
	rig_expect_line(rig, "outcome 20 REFUSED remote-server-timeout");
	assert_int_equal(dns_server_asked(world.dns, 0, NULL), asked);
	stop(&rig);
}

static void ourselves_first(struct rig *rig)
{
	begin_world(rig);
	dns_server_srv(world.dns, "_sip._udp.pbx.test", 60, 1, 0, rig->port, "one.test");
	dns_server_srv(world.dns, "_sip._udp.pbx.test", 60, 2, 0, text_peer_port(rig->peer),
		       "two.test");
	dns_server_a(world.dns, "one.test", 60, "127.0.0.1");
	dns_server_a(world.dns, "two.test", 60, "127.0.0.1");
}

/* [SEC-021]: what the DNS says is no reason to write to a listener of ours. */
static void own_listener_is_no_server(void **state)
{
	struct rig *rig = start(ourselves_first, PATIENT_MS);
	struct message message = text_message((char[]){"u"}, (char[]){"x"});
	uint64_t before = rig->counters.sip_requests_in;

	(void)state;
	deliver(rig, 1, "1001", &message);
	take_at(rig, rig->peer, 1);
	assert_int_equal(rig->counters.sip_requests_in, before);
	stop(&rig);
}

/* [SEC-021] [SEC-089]: a name in the route of a dialog that nobody configured is not looked up: the
 * request goes the configured way. */
static void strangers_names_are_not_looked_up(void **state)
{
	struct rig *rig = start(plain_name, PATIENT_MS);
	struct presence_agent end;
	char room[256];

	(void)state;
	pa_watch(rig);
	pa_accept(rig, &end, "200 OK", "Expires: 62\r\n");
	pa_send_notify(rig, &end, "active;expires=62", "Record-Route: <sip:stranger.test;lr>\r\n",
		       pa_document("one", room, sizeof room));
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
	rig_expect_line(rig, "presence xmpp:juliet@chat.example");
	pa_unwatch(rig);
	assert_non_null(text_peer_expect(rig->peer, "SUBSCRIBE "));
	assert_int_equal(dns_server_asked(world.dns, 0, "stranger"), 0);
	stop(&rig);
}

static bool has_status(struct rig *rig, const char *line)
{
	struct buf text = BUF_INIT;
	bool has;

	sip_side_status(rig->side, &text);
	has = strstr(buf_text(&text), line) != NULL;
	buf_free(&text);
	return has;
}

static void answer_options(struct text_peer *peer)
{
	while (text_peer_count(peer, "OPTIONS ") != 0)
		text_peer_answer(peer, text_peer_expect(peer, "OPTIONS "), "200 OK", "");
}

/* [REL-024] [REL-025] [D-26]: each server is asked with OPTIONS; the peer is down when none of them
 * answers, and one that failed is found again by the question. */
static void each_server_is_asked(void **state)
{
	struct rig *rig = start(two_udp, PATIENT_MS);
	struct presence_agent end;
	char line[96];

	(void)state;
	snprintf(line, sizeof line, "peer.%s down", proxy_name);
	pa_watch(rig);
	const struct sip_text *text = text_peer_expect(world.first, "SUBSCRIBE ");

	assert_non_null(text);
	pa_learn(&end, text);
	text_peer_answer(world.first, text, "200 OK", "Expires: 3600\r\n");
	/* Only the second answers. */
	for (int i = 0; i < 100 && text_peer_count(world.first, "OPTIONS ") < 2; i++) {
		(void)text_peer_let_run(rig->peer, QUIET_MS / 4);
		answer_options(rig->peer);
		assert_false(has_status(rig, line));
	}
	assert_true(text_peer_count(world.first, "OPTIONS ") > 1);
	for (int i = 0; i < 100 && !has_status(rig, line); i++)
		(void)text_peer_let_run(rig->peer, 50);
	assert_true(has_status(rig, line));
	while (text_peer_count(world.first, "OPTIONS ") != 0)
		(void)text_peer_expect(world.first, "OPTIONS ");
	assert_non_null(text_peer_expect(world.first, "OPTIONS "));
	for (int i = 0; i < 100 && has_status(rig, line); i++) {
		answer_options(rig->peer);
		(void)text_peer_let_run(rig->peer, 50);
	}
	assert_false(has_status(rig, line));
	stop(&rig);
}

static void own_peer_first(struct rig *rig)
{
	begin_world(rig);
	dns_server_srv(world.dns, "_sip._udp.pbx.test", 60, 1, 0, text_peer_port(rig->peer),
		       "two.test");
	dns_server_srv(world.dns, "_sip._udp.pbx.test", 60, 2, 0, text_peer_port(world.first),
		       "one.test");
	dns_server_a(world.dns, "one.test", 60, "127.0.0.1");
	dns_server_a(world.dns, "two.test", 60, "127.0.0.1");
}

/* [REL-024] [REL-025] [D-26]: what lived at a server that is gone is subscribed to anew at another,
 * though the peer as a whole is there. */
static void subscription_moves_to_the_other_server(void **state)
{
	struct rig *rig = start(own_peer_first, T1);
	struct presence_agent end;
	const struct sip_text *text = NULL;
	char room[64];

	(void)state;
	pa_begin(rig, &end);
	text_peer_deaf(rig->peer);
	for (int i = 0; i < 400 && text == NULL; i++) {
		(void)text_peer_let_run(world.first, 50);
		answer_options(world.first);
		if (text_peer_count(world.first, "SUBSCRIBE ") != 0)
			text = text_peer_expect(world.first, "SUBSCRIBE ");
	}
	assert_non_null(text);
	assert_string_equal(sip_text_tag(text, "To", room, sizeof room), "");
	stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(naptr_then_srv_then_address),
		cmocka_unit_test(contact_names_the_way),
		cmocka_unit_test(port_means_addresses_alone),
		cmocka_unit_test(silent_server_is_passed_over),
		cmocka_unit_test(late_answer_counts),
		cmocka_unit_test(refused_connection_is_passed_over),
		cmocka_unit_test(busy_server_is_left_in_peace),
		cmocka_unit_test(only_server_is_left_in_peace),
		cmocka_unit_test(lost_dns_changes_nothing),
		cmocka_unit_test(failing_dns_changes_nothing),
		cmocka_unit_test(moved_server_is_found),
		cmocka_unit_test(unknown_name_is_no_way),
		cmocka_unit_test(strangers_names_are_not_looked_up),
		cmocka_unit_test(own_listener_is_no_server),
		cmocka_unit_test(each_server_is_asked),
		cmocka_unit_test(subscription_moves_to_the_other_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
