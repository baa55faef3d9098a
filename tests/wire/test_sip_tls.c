/* SIP over TLS by bytes: whom we believe, who believes us, and who is who (RFC 5922). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/ssl.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "wire/tls_rig.h"

static struct tls_files *files;

static int set_up(void **state)
{
	(void)state;
	files = tls_files_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tls_files_free(&files);
	return 0;
}

/* Out ------------------------------------------------------------------------------------------ */

static void send_text(struct tls_rig *tls)
{
	struct message message = text_message((char[]){"uid-1"}, (char[]){"hello"});

	deliver(tls->rig, 7, "1001", &message);
}

/* [SEC-100] [SEC-101] [SIP-098] [SIP-099] [SIP-100] [SOF-016]: over TLS 1.2 or later, to who shows
 * that he is the domain of the URI; and the server is told which name is meant. */
static void server_is_believed(void **state)
{
	static const struct {
		struct tls_spec spec;
		const char *host, *tls_name, *sni;
		int version;
	} rows[] = {
		{{.names = "DNS:pbx.example"}, "127.0.0.1", NULL, "pbx.example", 0},
		{{.names = "DNS:pbx.example"}, "127.0.0.1", NULL, "pbx.example", TLS1_2_VERSION},
		{{.names = "DNS:PBX.Example", .use = "serverAuth"},
		 "127.0.0.1",
		 NULL,
		 "pbx.example",
		 0},
		{{.names = "URI:sip:pbx.example"}, "127.0.0.1", NULL, "pbx.example", 0},
		{{.names = "DNS:a.example,DNS:pbx.example,IP:192.0.2.1"},
		 "127.0.0.1",
		 NULL,
		 "pbx.example",
		 0},
		{{.common_name = "pbx.example"}, "127.0.0.1", NULL, "pbx.example", 0},
		{{.names = "DNS:localhost"}, "localhost", NULL, "localhost", 0},
		{{.names = "DNS:sbc.example"}, "localhost", "sbc.example", "sbc.example", 0},
		{{.names = "DNS:sbc.example", .use = "1.3.6.1.5.5.7.3.20"},
		 "127.0.0.1",
		 "sbc.example",
		 "sbc.example",
		 0},
		{{.names = "DNS:pbx.example", .use = "anyExtendedKeyUsage"},
		 "127.0.0.1",
		 NULL,
		 "pbx.example",
		 0},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct tls_rig_options options = {.server = "server",
						  .proxy_host = rows[i].host,
						  .tls_name = rows[i].tls_name,
						  .server_most_version = rows[i].version};
		struct tls_rig *tls;
		const char *message;

		tls_files_make(files, "server", &rows[i].spec);
		tls = tls_rig_new(files, &options);
		send_text(tls);
		message = tls_peer_expect(tls->server, "MESSAGE sip:1001@pbx.example");
		if (message == NULL)
			fail_msg("row %zu", i);
		assert_non_null(strstr(message, "\r\nVia: SIP/2.0/TLS 127.0.0.1:"));
		assert_string_equal(tls_peer_asked_for(tls->server), rows[i].sni);
		tls_peer_answer(tls->server, message, "200 OK", "");
		rig_expect_line(tls->rig, "outcome 7 TAKEN");
		assert_int_equal(tls->rig->counters.tls_failed, 0);
		tls_rig_free(&tls);
	}
}

/* [SEC-100] [SIP-098] [SIP-099] [SIP-101] [SOF-016]: anybody else gets nothing, not even the
 * request. */
static void others_are_not(void **state)
{
	static const struct {
		struct tls_spec spec;
		const char *host, *tls_name;
		int version;
	} rows[] = {
		{{.names = "DNS:evil.example"}, "127.0.0.1", NULL, 0},
		{{.names = "DNS:*.pbx.example"}, "127.0.0.1", "a.pbx.example", 0},
		{{.names = "DNS:*.example"}, "127.0.0.1", NULL, 0},
		{{.names = "DNS:a.pbx.example"}, "127.0.0.1", NULL, 0},
		{{.names = "DNS:example"}, "127.0.0.1", NULL, 0},
		{{.names = "IP:127.0.0.1"}, "127.0.0.1", NULL, 0},
		{{.names = "URI:sip:someone@pbx.example"}, "127.0.0.1", NULL, 0},
		{{.names = "URI:https://pbx.example"}, "127.0.0.1", NULL, 0},
		/* a SIP URI makes the DNS names and the common name count for nothing */
		{{.names = "URI:sip:evil.example,DNS:pbx.example"}, "127.0.0.1", NULL, 0},
		{{.names = "DNS:evil.example", .common_name = "pbx.example"}, "127.0.0.1", NULL, 0},
		{{.common_name = "*.example"}, "127.0.0.1", NULL, 0},
		{{.names = "DNS:pbx.example"}, "localhost", NULL, 0}, /* not what DNS says */
		{{.names = "DNS:pbx.example"}, "127.0.0.1", "sbc.example", 0},
		{{.names = "DNS:pbx.example", .from_days = -30, .until_days = -1},
		 "127.0.0.1",
		 NULL,
		 0},
		{{.names = "DNS:pbx.example", .from_days = 2}, "127.0.0.1", NULL, 0},
		{{.names = "DNS:pbx.example", .signer = 1}, "127.0.0.1", NULL, 0},
		{{.names = "DNS:pbx.example", .signer = -1}, "127.0.0.1", NULL, 0},
		{{.names = "DNS:pbx.example", .use = "codeSigning"}, "127.0.0.1", NULL, 0},
		{{.names = "DNS:pbx.example"}, "127.0.0.1", NULL, TLS1_1_VERSION},
		{{.names = "DNS:pbx.example"}, "127.0.0.1", NULL, TLS1_VERSION},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct tls_rig_options options = {.server = "server",
						  .proxy_host = rows[i].host,
						  .tls_name = rows[i].tls_name,
						  .server_most_version = rows[i].version};
		struct tls_rig *tls;

		tls_files_make(files, "server", &rows[i].spec);
		tls = tls_rig_new(files, &options);
		send_text(tls);
		rig_expect_line(tls->rig, "outcome 7 REFUSED");
		if (tls->rig->counters.tls_failed == 0 || tls_peer_connections(tls->server) == 0)
			fail_msg("row %zu", i);
		assert_true(tls_peer_wait_closed(tls->server));
		tls_rig_free(&tls);
	}
}

/* [SIP-098] [SIP-101]: a connection that is verified for one name carries nothing for another one,
 * though it goes to the same address. */
static void connection_is_for_its_name(void **state)
{
	struct tls_rig_options options = {.server = "server",
					  .tls_name = "pbx.example",
					  .other_name = "sbc.example",
					  .is_shared = true};
	struct tls_rig *tls;
	struct address from, to;
	struct message message = text_message((char[]){"uid-2"}, (char[]){"not for you"});
	const char *text;

	(void)state;
	tls_files_make(files, "server", &(struct tls_spec){.names = "DNS:pbx.example"});
	tls = tls_rig_new(files, &options);
	send_text(tls);
	text = tls_peer_expect(tls->server, "MESSAGE ");
	assert_non_null(text);
	tls_peer_answer(tls->server, text, "200 OK", "");
	rig_expect_line(tls->rig, "outcome 7 TAKEN");
	address_set(&from, SIDE_XMPP, "juliet", "chat.example");
	address_set(&to, SIDE_SIP, "2002", "other.example");
	sip_side_ops()->deliver(tls->rig->side, 8, &from, &to, &message);
	rig_expect_line(tls->rig, "outcome 8 REFUSED");
	assert_true(tls->rig->counters.tls_failed > 0);
	address_clear(&from);
	address_clear(&to);
	tls_rig_free(&tls);
}

/* Without verification anybody will do; that has to be said. */
static void verification_can_be_switched_off(void **state)
{
	struct tls_rig_options options = {.server = "server", .has_no_verify = true};
	struct tls_rig *tls;

	(void)state;
	tls_files_make(files, "server",
		       &(struct tls_spec){.names = "DNS:evil.example", .signer = -1});
	tls = tls_rig_new(files, &options);
	send_text(tls);
	assert_non_null(tls_peer_expect(tls->server, "MESSAGE "));
	tls_rig_free(&tls);
}

/* [SEC-100]: without sip.tls_ca those count whom the system believes, and the authority of the
 * tests is none of them. */
static void system_authorities_by_default(void **state)
{
	struct tls_rig_options options = {.server = "server", .has_system_ca = true};
	struct tls_rig *tls;

	(void)state;
	tls_files_make(files, "server", &(struct tls_spec){.names = "DNS:pbx.example"});
	tls = tls_rig_new(files, &options);
	send_text(tls);
	rig_expect_line(tls->rig, "outcome 7 REFUSED");
	tls_rig_free(&tls);
}

/* In ------------------------------------------------------------------------------------------- */

static void check_options(struct tls_rig *tls, struct tls_peer *client, const char *status)
{
	tls_rig_send(tls, client, &(struct rig_request){.method = "OPTIONS"});
	if (tls_peer_expect(client, status) == NULL)
		fail_msg("no %s", status);
}

/* [SEC-100] [SIP-102] [D-52]: who shows no certificate is who he is by address, as over TCP; our
 * own certificate stands. Old versions do not connect. */
static void client_without_certificate(void **state)
{
	struct tls_rig *tls = tls_rig_new(files, NULL);
	struct tls_peer *client = tls_rig_client(tls, NULL, 0);

	(void)state;
	assert_true(tls_peer_wait_up(client));
	check_options(tls, client, "SIP/2.0 200");
	tls_rig_send(tls, client, &(struct rig_request){.method = "MESSAGE", .body = "over TLS"});
	rig_expect_line(tls->rig, "over TLS");
	tls_peer_free(&client);
	client = tls_rig_client(tls, NULL, TLS1_2_VERSION);
	assert_true(tls_peer_wait_up(client));
	tls_peer_free(&client);
	client = tls_rig_client(tls, NULL, TLS1_1_VERSION);
	assert_false(tls_peer_wait_up(client));
	tls_peer_free(&client);
	tls_rig_free(&tls);
	tls = tls_rig_new(files, &(struct tls_rig_options){.is_public = true});
	client = tls_rig_client(tls, NULL, 0);
	assert_true(tls_peer_wait_up(client));
	check_options(tls, client, "SIP/2.0 403");
	tls_peer_free(&client);
	tls_rig_free(&tls);
}

static void check_message(struct tls_rig *tls, struct tls_peer *client, const char *from,
			  const char *status)
{
	tls_rig_send(tls, client,
		     &(struct rig_request){.method = "MESSAGE", .from = from, .body = "who"});
	if (status == NULL) {
		rig_expect_line(tls->rig, "who");
		sip_side_ops()->finish(tls->rig->side, tls->rig->bridge->last_x, OUTCOME_TAKEN,
				       NULL);
		status = "SIP/2.0 200";
	}
	if (tls_peer_expect(client, status) == NULL)
		fail_msg("%s: no %s", from, status);
}

/* [SEC-003] [SEC-104] [SEC-002] [SIP-103]: two trunks behind one address, each with a certificate:
 * each is itself and not the other, from wherever. */
static void certificate_says_who(void **state)
{
	static const bool publics[] = {false, true};

	(void)state;
	tls_files_make(files, "a", &(struct tls_spec){.names = "DNS:pbx.example"});
	tls_files_make(files, "b", &(struct tls_spec){.names = "URI:sip:b.example"});
	for (size_t i = 0; i < CHECK_COUNT(publics); i++) {
		struct tls_rig *tls =
			tls_rig_new(files, &(struct tls_rig_options){.is_public = publics[i],
								     .other_name = "b.example"});
		struct tls_peer *a = tls_rig_client(tls, "a", 0);
		struct tls_peer *b = tls_rig_client(tls, "b", 0);

		assert_true(tls_peer_wait_up(a) && tls_peer_wait_up(b));
		check_message(tls, a, "<sip:1001@pbx.example>", NULL);
		check_message(tls, b, "<sip:2002@other.example>", NULL);
		check_message(tls, a, "<sip:2002@other.example>", "SIP/2.0 403");
		check_message(tls, b, "<sip:1001@pbx.example>", "SIP/2.0 403");
		tls_peer_free(&a);
		tls_peer_free(&b);
		tls_rig_free(&tls);
	}
}

/* [SEC-100] [SEC-104]: a certificate that is not good is not as good as none. */
static void bad_client_certificates(void **state)
{
	static const struct {
		struct tls_spec spec;
		bool is_asked, is_demanded; /* does it connect? */
	} rows[] = {
		{{.names = "DNS:pbx.example"}, true, true},
		{{.names = "DNS:stranger.example"}, true, false},
		{{.names = "DNS:*.example"}, true, false},
		{{.names = "DNS:pbx.example", .signer = 1}, false, false},
		{{.names = "DNS:pbx.example", .signer = -1}, false, false},
		{{.names = "DNS:pbx.example", .from_days = -9, .until_days = -1}, false, false},
		{{.names = "DNS:pbx.example", .use = "codeSigning"}, false, false},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		for (int demand = 0; demand < 2; demand++) {
			struct tls_rig_options options = {.clients = demand != 0 ? SIP_TLS_DEMAND
										 : SIP_TLS_ASK};
			struct tls_rig *tls = tls_rig_new(files, &options);
			struct tls_peer *client;
			bool may = demand != 0 ? rows[i].is_demanded : rows[i].is_asked;

			tls_files_make(files, "client", &rows[i].spec);
			client = tls_rig_client(tls, "client", 0);
			/* With TLS 1.3 a client learns of a refusal after its handshake. */
			if (may && tls_peer_wait_up(client))
				check_options(tls, client, "SIP/2.0 200");
			else if (may || !tls_peer_wait_closed(client))
				fail_msg("row %zu demand %d", i, demand);
			tls_peer_free(&client);
			tls_rig_free(&tls);
		}
	}
}

/* [SIP-102]: demand refuses who shows none; none asks nobody, and a bad one does not matter. */
static void demand_and_none(void **state)
{
	struct tls_rig *tls =
		tls_rig_new(files, &(struct tls_rig_options){.clients = SIP_TLS_DEMAND});
	struct tls_peer *client = tls_rig_client(tls, NULL, 0);

	(void)state;
	assert_true(tls_peer_wait_closed(client));
	assert_int_equal(tls->rig->counters.tls_failed, 1);
	tls_peer_free(&client);
	tls_rig_free(&tls);
	tls_files_make(files, "client", &(struct tls_spec){.signer = -1});
	tls = tls_rig_new(files, &(struct tls_rig_options){.clients = SIP_TLS_NONE});
	client = tls_rig_client(tls, "client", 0);
	assert_true(tls_peer_wait_up(client));
	check_options(tls, client, "SIP/2.0 200");
	tls_peer_free(&client);
	tls_rig_free(&tls);
}

/* Dialogs -------------------------------------------------------------------------------------- */

/* A phone that watches over TLS is told over the connection it opened, and our Contact names the
 * TLS port. */
static void check_dialog(const char *scheme, const char *transport)
{
	struct tls_rig *tls = tls_rig_new(files, NULL);
	struct tls_peer *client = tls_rig_client(tls, NULL, 0);
	char contact[200], wanted[100], notified[100];
	const char *text;

	assert_true(tls_peer_wait_up(client));
	fake_bridge_set_now(tls->rig->bridge, SHOW_AWAY, "tea");
	tls->rig->bridge->requested = WATCH_ALLOWED;
	snprintf(contact, sizeof contact,
		 "Contact: <%s:1001@127.0.0.1:%u%s>\r\nEvent: presence\r\n"
		 "Expires: 600\r\nAccept: application/pidf+xml\r\n",
		 scheme, tls_peer_own_port(client), transport);
	snprintf(wanted, sizeof wanted, "@127.0.0.1:%u%s>", tls->port, transport);
	snprintf(notified, sizeof notified, "NOTIFY %s:1001@127.0.0.1:", scheme);
	tls_rig_send(tls, client, &(struct rig_request){.method = "SUBSCRIBE", .headers = contact});
	text = tls_peer_expect(client, "SIP/2.0 200");
	assert_non_null(text);
	assert_non_null(strstr(text, wanted));
	assert_non_null(
		strstr(text, scheme[3] == 's' ? "\r\nContact: <sips:" : "\r\nContact: <sip:"));
	text = tls_peer_expect(client, notified);
	assert_non_null(text);
	assert_non_null(strstr(text, wanted));
	assert_non_null(strstr(text, "tea"));
	assert_non_null(strstr(text, "\r\nVia: SIP/2.0/TLS "));
	tls_peer_answer(client, text, "200 OK", "");
	tls_peer_free(&client);
	tls_rig_free(&tls);
}

/* [SIP-007] [SIP-008] [SIP-036] */
static void dialog_over_tls(void **state)
{
	(void)state;
	check_dialog("sip", ";transport=tls");
	check_dialog("sips", "");
}

/* Others --------------------------------------------------------------------------------------- */

enum { LIVE_PEERS = 8, SCANS = 60 };

/* Half a record, so that a peer of ours is in the middle of one while others fail. */
static void scan(struct tls_rig *tls, int kind)
{
	static const char *const junk[] = {"GET / HTTP/1.0\r\n\r\n", "\x16\x03\x01\x02",
					   "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", ""};
	static const size_t lengths[] = {18, 4, 10, 0};
	struct tls_peer_params params = {.loop = tls->rig->loop};
	struct tls_peer *scanner = tls_peer_connect(&params, tls->port);

	if (lengths[kind] != 0)
		tls_peer_send_raw(scanner, junk[kind], lengths[kind]);
	tls_peer_let_run(scanner, 2);
	tls_peer_free(&scanner);
}

/* [SEC-102] [SOF-006]: whoever scans the port, nobody else's connection ends. */
static void scanners_harm_nobody(void **state)
{
	struct tls_rig *tls = tls_rig_new(files, NULL);
	struct tls_peer *live[LIVE_PEERS];

	(void)state;
	for (size_t i = 0; i < LIVE_PEERS; i++) {
		live[i] = tls_rig_client(tls, NULL, 0);
		assert_true(tls_peer_wait_up(live[i]));
	}
	for (int round = 0; round < SCANS; round++) {
		struct tls_peer *peer = live[round % LIVE_PEERS];
		char *text =
			rig_text(tls->rig, SIP_WAY_TCP, &(struct rig_request){.method = "OPTIONS"});
		size_t half = strlen(text) / 2;

		memcpy(strstr(text, "SIP/2.0/TCP"), "SIP/2.0/TLS", 11);
		tls_peer_send(peer, text, half);
		scan(tls, round % 4);
		tls_peer_send(peer, text + half, strlen(text) - half);
		if (tls_peer_expect(peer, "SIP/2.0 200") == NULL)
			fail_msg("round %d: a live peer is gone", round);
		mem_free(text);
	}
	for (size_t i = 0; i < LIVE_PEERS; i++) {
		assert_false(tls_peer_is_closed(live[i]));
		tls_peer_free(&live[i]);
	}
	tls_rig_free(&tls);
}

/* [SEC-103]: new files count for new connections; what is wrong with them is said, and the old ones
 * stay. */
static void files_are_read_again(void **state)
{
	struct tls_rig *tls = tls_rig_new(files, NULL);
	struct sip_tls changed = tls->rig->params.tls;
	struct tls_peer *old = tls_rig_client(tls, NULL, 0);
	struct tls_peer *client;
	char error[256] = "";

	(void)state;
	assert_true(tls_peer_wait_up(old));
	tls_files_make(files, "other", &(struct tls_spec){.signer = 1});
	changed.certificate = tls_files_certificate(files, "other");
	assert_int_equal(sip_side_reload_tls(tls->rig->side, &changed, error, sizeof error),
			 EINVAL);
	assert_non_null(strstr(error, "sip.tls_key"));
	client = tls_rig_client(tls, NULL, 0);
	assert_true(tls_peer_wait_up(client));
	tls_peer_free(&client);
	changed.key = tls_files_key(files, "other");
	assert_int_equal(sip_side_reload_tls(tls->rig->side, &changed, error, sizeof error), 0);
	client = tls_rig_client(tls, NULL, 0); /* believes the first authority */
	assert_false(tls_peer_wait_up(client));
	tls_peer_free(&client);
	check_options(tls, old, "SIP/2.0 200");
	tls_peer_free(&old);
	tls_rig_free(&tls);
}

/* [SIP-095]: over TLS, too, line ends between messages are no error. */
static void line_ends_between_messages(void **state)
{
	struct tls_rig *tls = tls_rig_new(files, NULL);
	struct tls_peer *client = tls_rig_client(tls, NULL, 0);

	(void)state;
	assert_true(tls_peer_wait_up(client));
	tls_peer_send(client, "\r\n\r\n", 4);
	check_options(tls, client, "SIP/2.0 200");
	tls_peer_send(client, "\r\n\r\n\r\n\r\n\r\n\r\n", 12);
	check_options(tls, client, "SIP/2.0 200");
	tls_peer_free(&client);
	tls_rig_free(&tls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(server_is_believed),
		cmocka_unit_test(others_are_not),
		cmocka_unit_test(connection_is_for_its_name),
		cmocka_unit_test(verification_can_be_switched_off),
		cmocka_unit_test(system_authorities_by_default),
		cmocka_unit_test(client_without_certificate),
		cmocka_unit_test(certificate_says_who),
		cmocka_unit_test(bad_client_certificates),
		cmocka_unit_test(demand_and_none),
		cmocka_unit_test(dialog_over_tls),
		cmocka_unit_test(scanners_harm_nobody),
		cmocka_unit_test(files_are_read_again),
		cmocka_unit_test(line_ends_between_messages),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
