/* Digest as server by bytes (file 10 section 7, file 40 D.2): who is asked, what is believed, what
 * is never taken twice. */
#include <malloc.h>
#include <stdio.h>
#include <time.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/authenticate_nonces.h"
#include "sip/sip_side.h"
#include "wire/login_phone.h"

/* The daemon's clock, moved by the tests. */
static uint64_t ahead_ms;
uint64_t __real_clock_now_ms(void);
uint64_t __wrap_clock_now_ms(void);
uint64_t __wrap_clock_now_ms(void)
{
	return __real_clock_now_ms() + ahead_ms;
}

static struct rig_request text_of(const char *body)
{
	return (struct rig_request){.method = "MESSAGE",
				    .body = body,
				    .headers =
					    "Contact: <sip:1001@127.0.0.1:9>\r\n"
					    "Accept: text/plain, application/pidf+xml, "
					    "message/cpim, application/im-iscomposing+xml\r\n"
					    "User-Agent: a phone of some office\r\n"
					    "Supported: replaces, norefersub, 100rel, outbound\r\n"
					    "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY, "
					    "SUBSCRIBE, INFO, MESSAGE, UPDATE, REFER\r\n"};
}

static void expect_taken(struct rig *rig, const char *body)
{
	char line[64];

	snprintf(line, sizeof line, ": %s", body);
	rig_expect_line(rig, line);
	phone_taken(rig);
	(void)phone_expect(rig, 200);
}

/* [SEC-001] [SEC-010] [SEC-011] [EVT-012] [SIP-052] [SIP-053] [SIP-054] [SIP-056] [SIP-059]
 * [SIP-103] [ASEC-006]: each algorithm over both transports; SHA-256 is offered first. */
static void users_log_in(void **state)
{
	static const struct {
		const char *user;
		enum digest_algorithm algorithm;
		const char *from;
	} rows[] = {
		{"1001", DIGEST_SHA256, "<sip:1001@pbx.example>"},
		{"1001", DIGEST_MD5, "<sip:1001@pbx.example>"},
		{"1002", DIGEST_MD5, "\"Two\" <sip:1002@PBX.example:5060>"},
		{"1003", DIGEST_SHA256, "<sip:%31003@pbx.example>"},
	};
	struct rig *rig = phone_rig();

	(void)state;
	for (size_t i = 0; i < 2 * CHECK_COUNT(rows); i++) {
		enum sip_way way = i % 2 == 0 ? SIP_WAY_UDP : SIP_WAY_TCP;
		struct login_phone phone = phone_of(rows[i / 2].user);
		struct rig_request text = text_of("hello");

		text.from = rows[i / 2].from;
		phone.algorithm = rows[i / 2].algorithm;
		rig_send(rig, way, &text);
		const struct sip_text *answer = phone_expect(rig, 401);
		const char *sha = strstr(answer->text, "algorithm=SHA-256");
		const char *md5 = strstr(answer->text, "algorithm=MD5");

		assert_true(sha != NULL && md5 != NULL && sha < md5);
		assert_int_equal(sip_text_header_count(answer, "WWW-Authenticate"), 2);
		assert_null(strstr(answer->text, "Basic"));
		assert_null(strstr(answer->text, "stale"));
		assert_true(phone_learn(&phone, answer));
		assert_string_equal(phone.challenge.realm, "pbx.example");
		assert_int_equal(phone.challenge.qop, DIGEST_QOP_AUTH);
		assert_int_equal(rig->bridge->count, 0);
		phone_send(rig, way, &phone, &text);
		expect_taken(rig, "hello");
	}
	assert_int_equal(rig->counters.auth_passed, 2 * CHECK_COUNT(rows));
	rig_free(&rig);
}

/* [SIP-058] [SEC-010]: one nonce serves a burst, in whatever order it comes. */
static void a_nonce_serves_a_burst(void **state)
{
	static const uint32_t counts[] = {1, 2, 4, 3, 7, 6, 5};
	struct rig *rig = phone_rig();
	struct login_phone phone = phone_of("1001");
	struct rig_request text = text_of("one of many");

	(void)state;
	rig_send(rig, SIP_WAY_TCP, &text);
	assert_true(phone_learn(&phone, phone_expect(rig, 401)));
	for (size_t i = 0; i < CHECK_COUNT(counts); i++) {
		phone.nc = counts[i];
		phone_send(rig, SIP_WAY_TCP, &phone, &text);
		expect_taken(rig, "one of many");
	}
	assert_int_equal(rig->counters.auth_challenged, 1);
	rig_free(&rig);
}

static void expect_stale(struct rig *rig, const char *what, const char *answer)
{
	if (strncmp(answer, "SIP/2.0 401", 11) != 0 || strstr(answer, "stale=true") == NULL)
		fail_msg("%s: %s", what, answer);
	assert_int_equal(rig->bridge->count, 0);
}

/* [SEC-010] [SOF-014] [SIP-057] [REL-032] [REQ-024]: a captured Authorization: again at once, with
 * its count or a lower one, from another address, after a minute. Each is told stale, and has no
 * effect. */
static void replays_do_nothing(void **state)
{
	struct rig *rig = phone_rig();
	struct login_phone phone = phone_of("1001");
	struct rig_request text = text_of("captured");

	(void)state;
	phone_ask(rig, SIP_WAY_UDP, &phone, &text);
	expect_taken(rig, "captured");
	char *authorization = phone_credentials(&phone, "MESSAGE");
	struct rig_request captured = text;
	struct buf headers = BUF_INIT;

	buf_printf(&headers, "%s%s", text.headers, authorization);
	captured.headers = headers.data;
	rig_send(rig, SIP_WAY_UDP, &captured); /* at once, another branch and Call-ID */
	expect_stale(rig, "at once", phone_expect(rig, 401)->text);
	phone.nc = 40;
	phone_send(rig, SIP_WAY_UDP, &phone, &text);
	expect_taken(rig, "captured");
	phone.nc = 8; /* further behind than the window */
	phone_send(rig, SIP_WAY_UDP, &phone, &text);
	expect_stale(rig, "lower", phone_expect(rig, 401)->text);
	char *bytes = rig_text(rig, SIP_WAY_UDP, &captured);
	char *answer = phone_elsewhere(rig, "127.0.0.2", bytes);

	expect_stale(rig, "elsewhere", answer);
	assert_true(strlen(answer) <= strlen(bytes)); /* SEC-020 */
	mem_free(answer);
	phone.nc = 41; /* never used, but from there it is not his */
	char *unused = phone_credentials(&phone, "MESSAGE");

	buf_reset(&headers);
	buf_printf(&headers, "%s%s", text.headers, unused);
	captured.headers = headers.data;
	mem_free(bytes);
	bytes = rig_text(rig, SIP_WAY_UDP, &captured);
	answer = phone_elsewhere(rig, "127.0.0.2", bytes);
	expect_stale(rig, "elsewhere, unused", answer);
	ahead_ms += NONCE_LIFE_MS;
	rig_send(rig, SIP_WAY_UDP, &captured);
	const struct sip_text *fresh = phone_expect(rig, 401);

	expect_stale(rig, "old", fresh->text);
	assert_true(phone_learn(&phone, fresh)); /* with the new one he goes on */
	phone_send(rig, SIP_WAY_UDP, &phone, &text);
	expect_taken(rig, "captured");
	assert_int_equal(rig->counters.auth_failed, 0);
	mem_free(answer);
	mem_free(bytes);
	mem_free(unused);
	mem_free(authorization);
	buf_free(&headers);
	rig_free(&rig);
}

/* [SEC-010]: without qop, as phones of RFC 2069 answer: such a nonce serves once. */
static void no_qop_serves_once(void **state)
{
	struct rig *rig = phone_rig();
	struct login_phone phone = phone_of("1002");
	struct rig_request text = text_of("old phone");

	(void)state;
	text.from = "<sip:1002@pbx.example>";
	phone.algorithm = DIGEST_MD5;
	phone.qop = DIGEST_QOP_NONE;
	phone_ask(rig, SIP_WAY_UDP, &phone, &text);
	expect_taken(rig, "old phone");
	phone_send(rig, SIP_WAY_UDP, &phone, &text);
	expect_stale(rig, "again", phone_expect(rig, 401)->text);
	phone.qop = DIGEST_QOP_AUTH;
	phone_send(rig, SIP_WAY_UDP, &phone, &text);
	expect_stale(rig, "with qop", phone_expect(rig, 401)->text);
	rig_free(&rig);
}

/* [SIP-085] [D-51] [SEC-010]: what comes again because our answer was lost is answered again; the
 * same bytes from elsewhere are a replay. */
static void repetitions_are_no_replays(void **state)
{
	struct rig *rig = phone_rig();
	struct login_phone phone = phone_of("1001");
	struct rig_request text = text_of("once");

	(void)state;
	rig_send(rig, SIP_WAY_UDP, &text);
	assert_true(phone_learn(&phone, phone_expect(rig, 401)));
	char *credentials = phone_credentials(&phone, "MESSAGE");
	struct buf headers = BUF_INIT;

	buf_printf(&headers, "%s%s", text.headers, credentials);
	text.headers = headers.data;
	char *bytes = rig_text(rig, SIP_WAY_UDP, &text);

	text_peer_send(rig->peer, SIP_WAY_UDP, bytes);
	expect_taken(rig, "once");
	text_peer_send(rig->peer, SIP_WAY_UDP, bytes);
	(void)phone_expect(rig, 200);
	assert_int_equal(rig->bridge->count, 0);
	char *answer = phone_elsewhere(rig, "127.0.0.3", bytes);

	expect_stale(rig, "elsewhere", answer);
	mem_free(answer);
	mem_free(bytes);
	mem_free(credentials);
	buf_free(&headers);
	rig_free(&rig);
}

/* [SEC-004] [ASEC-007] [SIP-103] [SIP-104] [REQ-083]: who logged in is nobody else, and nobody
 * vouches for him. */
static void users_are_themselves(void **state)
{
	static const char *const others[] = {"<sip:1002@pbx.example>", "<sip:1004@pbx.example>",
					     "<sip:1001%2e@pbx.example>",
					     "\"1001\" <sip:anonymous@pbx.example>"};
	struct rig *rig = phone_rig();
	struct login_phone phone = phone_of("1001");

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(others); i++) {
		struct rig_request text = text_of("as another");

		text.from = others[i];
		phone_ask(rig, SIP_WAY_TCP, &phone, &text);
		(void)phone_expect(rig, 403);
		assert_int_equal(rig->bridge->count, 0);
	}
	struct rig_request text = text_of("as myself");

	text.headers = "P-Asserted-Identity: <sip:1002@pbx.example>\r\n"
		       "P-Preferred-Identity: <sip:1002@pbx.example>\r\n"
		       "P-Asserted-Identity: <tel:+15550100>\r\n"
		       "Remote-Party-ID: <sip:1002@pbx.example>\r\nPrivacy: id\r\n";
	phone_ask(rig, SIP_WAY_TCP, &phone, &text);
	char *line = fake_bridge_expect(rig->bridge, "as myself");

	assert_non_null(line);
	assert_non_null(strstr(line, "1001@pbx.example"));
	assert_null(strstr(line, "1002"));
	mem_free(line);
	phone_taken(rig);
	(void)phone_expect(rig, 200);
	rig_free(&rig);
}

/* [SEC-001] [D-12]: of a domain without logins, and with methods that users have no use for, a
 * stranger stays one. */
static void strangers_stay_strangers(void **state)
{
	static const char *const froms[] = {
		"<sip:1001@other.example>", "<sip:juliet@chat.example>",   "<sip:127.0.0.1>",
		"<sip:pbx.example>",        "<sip:1001@evil.pbx.example>", "<tel:+15550100>"};
	static const char *const methods[] = {"NOTIFY", "REGISTER", "INVITE", "BYE", "JUMP"};
	struct rig *rig = phone_rig();

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(froms); i++) {
		struct rig_request text = text_of("hello");

		text.from = froms[i];
		rig_send(rig, SIP_WAY_TCP, &text);
		(void)phone_expect(rig, 403);
	}
	ahead_ms += 5000; /* ten answers a second */
	for (size_t i = 0; i < CHECK_COUNT(methods); i++) {
		rig_send(rig, SIP_WAY_TCP, &(struct rig_request){.method = methods[i]});
		(void)phone_expect(rig, 403);
	}
	assert_int_equal(rig->bridge->count, 0);
	rig_free(&rig);
}

/* [SEC-020] [SEC-010]: over UDP a challenge is never larger than what asked for it: both, else MD5
 * alone, else less. */
static void challenges_amplify_nothing(void **state)
{
	struct rig *rig = phone_rig();
	size_t seen[3] = {0};

	(void)state;
	for (size_t more = 0; more < 600; more += 7) {
		struct buf headers = BUF_INIT;
		size_t before = text_peer_udp_bytes(rig->peer);

		ahead_ms += 1000; /* not held back by the rate */
		buf_puts(&headers, "Subject: ");
		for (size_t i = 0; i < more; i++)
			buf_putc(&headers, 's');
		buf_puts(&headers, "\r\n");
		char *bytes = rig_text(
			rig, SIP_WAY_UDP,
			&(struct rig_request){.method = "OPTIONS", .headers = headers.data});

		text_peer_send(rig->peer, SIP_WAY_UDP, bytes);
		text_peer_let_run(rig->peer, 5);
		size_t got = text_peer_udp_bytes(rig->peer) - before;

		if (got > strlen(bytes))
			fail_msg("%zu bytes for %zu", got, strlen(bytes));
		if (got != 0) {
			const struct sip_text *answer = text_peer_expect(rig->peer, "SIP/2.0 40");

			assert_non_null(answer);
			seen[sip_text_header_count(answer, "WWW-Authenticate")]++;
		}
		buf_free(&headers);
		mem_free(bytes);
	}
	assert_true(seen[0] > 0 && seen[1] > 0 && seen[2] > 0);
	rig_free(&rig);
}

static size_t memory_now(void)
{
#if defined(__SANITIZE_ADDRESS__)
	size_t __sanitizer_get_current_allocated_bytes(void);

	return __sanitizer_get_current_allocated_bytes();
#else
	return mallinfo2().uordblks;
#endif
}

static void send_many(struct rig *rig, int count)
{
	struct rig_request text = text_of("from nobody");
	char *bytes = rig_text(rig, SIP_WAY_UDP, &text);

	for (int i = 0; i < count; i++) {
		text_peer_send(rig->peer, SIP_WAY_UDP, bytes);
		if (i % 100 != 99)
			continue;
		text_peer_let_run(rig->peer, 1);
		ahead_ms += 1000; /* so that a part of them is answered */
		while (text_peer_count(rig->peer, "SIP/2.0 401") != 0)
			(void)text_peer_expect(rig->peer, "SIP/2.0 401");
	}
	mem_free(bytes);
	text_peer_let_run(rig->peer, 50);
	while (text_peer_count(rig->peer, "SIP/2.0 401") != 0)
		(void)text_peer_expect(rig->peer, "SIP/2.0 401");
}

/* [SEC-012] [REL-041] [SIP-062]: 100,000 requests without credentials, 10 % of them challenged,
 * leave nothing behind. */
static void challenges_keep_no_state(void **state)
{
	struct rig *rig = phone_rig();

	(void)state;
	send_many(rig, 2000); /* the source is under count, buffers have their size */
	uint64_t challenged = rig->counters.auth_challenged;
	size_t before = memory_now();

	send_many(rig, 100000);
	size_t after = memory_now();

	print_message("challenged %llu of 100000, memory %zu before and %zu after\n",
		      (unsigned long long)(rig->counters.auth_challenged - challenged), before,
		      after);
	assert_true(rig->counters.auth_challenged - challenged > 5000);
	assert_true(after <= before + 16 * 1024);
	rig_free(&rig);
}

static void guess(struct rig *rig, struct login_phone *phone, const char *user,
		  const char *password)
{
	struct rig_request text = text_of("guess");

	phone->user = user;
	phone->password = password;
	phone_send(rig, SIP_WAY_TCP, phone, &text);
}

/* [SEC-013] [SEC-033]: an unknown user and a wrong password are the same answer; after five of a
 * minute there is a last one, and then silence, for the right password, too. */
static void guesses_are_held_back(void **state)
{
	struct rig *rig = phone_rig();
	struct login_phone phone = phone_of("1001");
	struct rig_request text = text_of("late");
	char known[2048];

	(void)state;
	rig_send(rig, SIP_WAY_TCP, &text);
	assert_true(phone_learn(&phone, phone_expect(rig, 401)));
	guess(rig, &phone, "1001", "wrong");
	snprintf(known, sizeof known, "%s", phone_expect(rig, 401)->text);
	guess(rig, &phone, "2001", "wrong");
	const char *unknown = phone_expect(rig, 401)->text;

	assert_int_equal(strlen(known), strlen(unknown)); /* ids, tags and nonces apart */
	assert_null(strstr(unknown, "stale"));
	for (int i = 0; i < 3; i++) {
		guess(rig, &phone, i == 1 ? "1003" : "1002", "wrong");
		(void)phone_expect(rig, 401);
	}
	guess(rig, &phone, "2001", "wrong");
	(void)phone_expect(rig, 403);
	guess(rig, &phone, "1001", "open sesame");
	assert_int_equal(text_peer_let_run(rig->peer, 60), 0);
	assert_int_equal(rig->bridge->count, 0);
	ahead_ms += 60 * 1000; /* a minute later he is heard again */
	phone = phone_of("1001");
	phone_ask(rig, SIP_WAY_TCP, &phone, &text);
	expect_taken(rig, "late");
	assert_int_equal(rig->counters.auth_failed, 6);
	assert_true(rig->counters.auth_blocked >= 2);
	rig_free(&rig);
}

static char *guess_from(struct rig *rig, const char *from, const char *user, const char *password)
{
	struct login_phone phone = phone_of(user);
	struct rig_request text = text_of("guess");
	char sender[64];

	phone.password = password;
	snprintf(sender, sizeof sender, "<sip:%s@pbx.example>", user);
	text.from = sender;
	return phone_ask_from(rig, from, &phone, &text);
}

/* [SEC-013]: guesses from many places block a user everywhere but where he is at home; of a user
 * that does not exist the same is heard. */
static void guesses_from_everywhere(void **state)
{
	struct rig *rig = phone_rig();
	struct login_phone phone = phone_of("1001");
	struct rig_request text = text_of("at home");

	(void)state;
	phone_ask(rig, SIP_WAY_TCP, &phone, &text);
	expect_taken(rig, "at home");
	for (int user = 0; user < 2; user++) {
		for (int i = 0; i <= 7; i++) {
			char from[32];

			snprintf(from, sizeof from, "127.0.%d.%d", user + 1, i + 2);
			char *answer = guess_from(rig, from, user == 0 ? "1001" : "2001",
						  user == 0 && i == 7 ? "open sesame" : "wrong");

			if (strncmp(answer, i < 5 ? "SIP/2.0 401" : "SIP/2.0 403", 11) != 0)
				fail_msg("user %d, guess %d: %s", user, i, answer);
			mem_free(answer);
		}
	}
	phone.nc++;
	phone_send(rig, SIP_WAY_TCP, &phone, &text);
	expect_taken(rig, "at home");
	rig_free(&rig);
}

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* The work of 200 guesses at user, each from an address of its own. */
static uint64_t work_of(struct rig *rig, int row, bool is_known)
{
	uint64_t spent = 0;

	for (int i = 0; i < 200; i++) {
		char user[16], from[32];

		ahead_ms += 20 * 1000; /* no block is ever reached */
		snprintf(user, sizeof user, is_known ? "%d" : "2%03d", is_known ? 1001 : i);
		snprintf(from, sizeof from, "127.%d.%d.2", row + 1, i + 1);
		uint64_t begin = cpu_ns();
		char *answer = guess_from(rig, from, user, "wrong");

		spent += cpu_ns() - begin;
		assert_memory_equal(answer, "SIP/2.0 401", 11);
		mem_free(answer);
	}
	return spent;
}

/* [SEC-013]: both cost the same work: printed, and of one order. */
static void both_cost_the_same(void **state)
{
	struct rig *rig = phone_rig();
	uint64_t known = 0, unknown = 0;

	(void)state;
	(void)work_of(rig, 0, true);
	for (int row = 0; row < 5; row++) {
		known += work_of(rig, 2 * row + 1, true);
		unknown += work_of(rig, 2 * row + 2, false);
	}
	print_message("CPU of 1000 guesses each: wrong password %llu us, unknown user %llu us\n",
		      (unsigned long long)known / 1000, (unsigned long long)unknown / 1000);
	assert_true(known < 3 * unknown && unknown < 3 * known);
	rig_free(&rig);
}

static void without_md5(struct rig *rig)
{
	phone_logins(rig);
	rig->params.allow_md5 = false;
}

/* [SEC-011] [SEC-015]: with allow_md5 = false it is neither offered nor taken. */
static void md5_can_be_forbidden(void **state)
{
	static const char *const nobody[] = {"192.0.2.1"};
	struct rig *rig = rig_new(
		&(struct rig_options){.trusted = nobody, .trusted_count = 1, .tune = without_md5});
	struct login_phone phone = phone_of("1001");
	struct rig_request text = text_of("strong");

	(void)state;
	phone_ask(rig, SIP_WAY_TCP, &phone, &text);
	expect_taken(rig, "strong");
	phone.algorithm = DIGEST_MD5;
	phone.nc++;
	phone_send(rig, SIP_WAY_TCP, &phone, &text);
	assert_false(phone_learn(&phone, phone_expect(rig, 401)));
	assert_int_equal(rig->counters.auth_failed, 0);
	assert_int_equal(rig->bridge->count, 0);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_log_in),
		cmocka_unit_test(a_nonce_serves_a_burst),
		cmocka_unit_test(replays_do_nothing),
		cmocka_unit_test(no_qop_serves_once),
		cmocka_unit_test(repetitions_are_no_replays),
		cmocka_unit_test(users_are_themselves),
		cmocka_unit_test(strangers_stay_strangers),
		cmocka_unit_test(challenges_amplify_nothing),
		cmocka_unit_test(challenges_keep_no_state),
		cmocka_unit_test(guesses_are_held_back),
		cmocka_unit_test(guesses_from_everywhere),
		cmocka_unit_test(both_cost_the_same),
		cmocka_unit_test(md5_can_be_forbidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
