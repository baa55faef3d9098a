/* Connections of strangers by bytes: how many, how long, and what becomes of the others (SEC-081,
 * SEC-086, REL-050). SLOW_CONNECTIONS=1000 makes the run of that many of each kind. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "wire/tls_rig.h"

enum { USUAL = 60, PATIENCE = 100 };

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

/* last: of the address of ours, 127.0.0.X. */
static int connect_from(uint8_t last, uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in own = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	own.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + last);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&own, sizeof own) != 0) {
		close(fd);
		return -1;
	}
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int connect_to(uint16_t port)
{
	return connect_from(1, port);
}

static bool is_closed(int fd)
{
	char byte;
	ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);

	return got == 0 || (got < 0 && errno != EAGAIN);
}

static size_t count_open(const int *fds, size_t count)
{
	size_t open = 0;

	for (size_t i = 0; i < count; i++)
		open += !is_closed(fds[i]);
	return open;
}

static void wait_until_open(struct tls_rig *tls, const int *fds, size_t count, size_t wanted)
{
	for (int i = 0; i < PATIENCE && count_open(fds, count) != wanted; i++)
		text_peer_let_run(tls->rig->peer, 100);
	assert_int_equal(count_open(fds, count), wanted);
}

static long fact(struct tls_rig *tls, const char *name)
{
	struct buf status = BUF_INIT;
	const char *at;
	long value;

	sip_side_status(tls->rig->side, &status);
	at = strstr(buf_text(&status), name);
	assert_non_null(at);
	value = strtol(at + strlen(name), NULL, 10);
	buf_free(&status);
	return value;
}

static struct tls_rig *rig_of_strangers(void (*limits)(struct limits *limits))
{
	return tls_rig_new(files, &(struct tls_rig_options){.is_public = true, .limits = limits});
}

static void check_served(struct tls_rig *tls, const char *status)
{
	/* long enough for an answer (SEC-020) */
	rig_send(tls->rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "OPTIONS",
				       .headers = "Subject: is anybody there, for all that\r\n"});
	assert_non_null(text_peer_expect(tls->rig->peer, status));
}

/* How many ------------------------------------------------------------------------------------- */

/* [limit stranger_connections]
 * [SEC-081]: 16 of one address over both transports together, and no more; each that ends makes
 * room for another. */
static void sixteen_of_one_address(void **state)
{
	struct tls_rig *tls = rig_of_strangers(NULL);
	int fds[24];

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(fds); i++)
		fds[i] = connect_to(i % 2 == 0 ? tls->rig->port : tls->port);
	wait_until_open(tls, fds, CHECK_COUNT(fds), 16);
	assert_int_equal(tls->rig->counters.sip_connections_refused, 8);
	assert_int_equal(tls->rig->counters.limits.stranger_connections, 8);
	assert_int_equal(fact(tls, "sip.connections_strangers "), 16);
	for (size_t i = 0; i < CHECK_COUNT(fds); i++)
		close(fds[i]);
	for (int i = 0; i < PATIENCE && fact(tls, "sip.connections ") != 0; i++)
		text_peer_let_run(tls->rig->peer, 20);
	fds[0] = connect_to(tls->rig->port);
	text_peer_let_run(tls->rig->peer, 50);
	assert_false(is_closed(fds[0]));
	close(fds[0]);
	tls_rig_free(&tls);
}

static void quick(struct limits *limits)
{
	limits->stranger_first_s = 1;
	limits->stranger_part_s = 1;
	limits->stranger_idle_s = 2;
	limits->stranger_connections = 4000;
}

/* [SEC-081]: whom we know, by address or by certificate, is no stranger: he may say nothing for as
 * long as he likes, on as many connections as he wants. */
static void those_we_know_are_no_strangers(void **state)
{
	struct tls_rig *tls = tls_rig_new(files, &(struct tls_rig_options){.limits = quick});
	struct tls_peer *client;
	int fds[20];

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(fds); i++)
		fds[i] = connect_to(tls->rig->port);
	text_peer_let_run(tls->rig->peer, 2500);
	assert_int_equal(count_open(fds, CHECK_COUNT(fds)), CHECK_COUNT(fds));
	for (size_t i = 0; i < CHECK_COUNT(fds); i++)
		close(fds[i]);
	tls_rig_free(&tls);
	tls = rig_of_strangers(quick);
	tls_files_make(files, "a", &(struct tls_spec){.names = "DNS:pbx.example"});
	client = tls_rig_client(tls, "a", 0);
	assert_true(tls_peer_wait_up(client));
	text_peer_let_run(tls->rig->peer, 2500);
	assert_false(tls_peer_is_closed(client));
	assert_int_equal(fact(tls, "sip.connections_strangers "), 0);
	tls_peer_free(&client);
	tls_rig_free(&tls);
}

/* How long ------------------------------------------------------------------------------------- */

#define BYTES(text) (text), sizeof(text) - 1

static const struct slow {
	const char *name;
	const char *bytes;
	size_t len;
	bool is_tls;
} slow_kinds[] = {
	{"silent", BYTES(""), false},
	{"half a line", BYTES("OPTIONS sip:a"), false},
	{"line ends", BYTES("\r\n\r\n"), false},
	{"half a header", BYTES("OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP a;bran"), false},
	{"half a body",
	 BYTES("OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bKa\r\n"
	       "From: <sip:a@b>;tag=a\r\nTo: <sip:a@b>\r\nCall-ID: a\r\nCSeq: 1 OPTIONS\r\n"
	       "Content-Length: 60000\r\n\r\nx"),
	 false},
	{"TLS, silent", BYTES(""), true},
	{"TLS, half a handshake", BYTES("\x16\x03\x01\x02\x00\x01\x00"), true},
	{"TLS, something else", BYTES("\x16\x03\x01\x00\x05"), true},
};

static size_t how_many(void)
{
	const char *wanted = getenv("SLOW_CONNECTIONS");

	return wanted != NULL ? strtoul(wanted, NULL, 10) : USUAL;
}

/* [limit stranger_first_s]
 * [SEC-081] [SEC-086] [SOF-007]: every kind of slow connection goes in time, handshakes included.
 */
static void slow_connections_go(void **state)
{
	struct tls_rig *tls = rig_of_strangers(quick);
	size_t count = how_many();
	int *fds = mem_zalloc(count * sizeof *fds);

	(void)state;
	for (size_t kind = 0; kind < CHECK_COUNT(slow_kinds); kind++) {
		const struct slow *slow = &slow_kinds[kind];
		uint64_t closed = tls->rig->counters.sip_connections_closed;

		for (size_t i = 0; i < count; i++) {
			fds[i] = connect_to(slow->is_tls ? tls->port : tls->rig->port);
			if (fds[i] < 0)
				fail_msg("%s: connection %zu", slow->name, i);
			if (slow->len > 0)
				assert_int_equal(send(fds[i], slow->bytes, slow->len, 0),
						 slow->len);
			if (i % 4 == 3) /* what the queue of the listener holds */
				text_peer_let_run(tls->rig->peer, 1);
		}
		for (int i = 0; i < PATIENCE && count_open(fds, count) != 0; i++)
			text_peer_let_run(tls->rig->peer, 100);
		if (count_open(fds, count) != 0)
			fail_msg("%s: some stay", slow->name);
		for (size_t i = 0; i < count; i++)
			close(fds[i]);
		for (int i = 0; i < PATIENCE && fact(tls, "sip.connections ") != 0; i++)
			text_peer_let_run(tls->rig->peer, 20);
		assert_int_equal(fact(tls, "sip.connections "), 0);
		assert_true(tls->rig->counters.sip_connections_closed - closed >= count);
		check_served(tls, "SIP/2.0 403");
	}
	mem_free(fds);
	tls_rig_free(&tls);
}

static void few_seconds_in_between(struct limits *limits)
{
	quick(limits);
	limits->stranger_first_s = 600;
	limits->stranger_idle_s = 600;
}

static void only_idle(struct limits *limits)
{
	quick(limits);
	limits->stranger_first_s = 600;
	limits->stranger_part_s = 600;
}

/* [limit stranger_part_s] [limit stranger_idle_s]
 * [SEC-081]: each limit for itself, after a whole message, over TLS. */
static void each_limit_for_itself(void **state)
{
	static const struct {
		void (*limits)(struct limits *limits);
		const char *more; /* after the message */
	} rows[] = {{few_seconds_in_between, "OPTIONS sip:a@b SIP/2.0\r\nVia: S"}, {only_idle, ""}};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct tls_rig *tls = rig_of_strangers(rows[i].limits);
		struct tls_peer *client = tls_rig_client(tls, NULL, 0);

		assert_true(tls_peer_wait_up(client));
		tls_rig_send(tls, client, &(struct rig_request){.method = "OPTIONS"});
		assert_non_null(tls_peer_expect(client, "SIP/2.0 403"));
		assert_false(tls_peer_is_closed(client));
		if (rows[i].more[0] != '\0')
			tls_peer_send(client, rows[i].more, strlen(rows[i].more));
		assert_true(tls_peer_wait_closed(client));
		tls_peer_free(&client);
		tls_rig_free(&tls);
	}
}

/* [SEC-086]: a body that is announced larger than any may be is refused before it comes. */
static void announced_bodies_are_not_waited_for(void **state)
{
	struct tls_rig *tls = tls_rig_new(files, NULL);
	static const char request[] =
		"MESSAGE sip:juliet@chat.example SIP/2.0\r\nVia: SIP/2.0/TCP "
		"127.0.0.1;branch=z9hG4bKa\r\nFrom: <sip:1001@pbx.example>;tag=a\r\n"
		"To: <sip:juliet@chat.example>\r\nCall-ID: a\r\nCSeq: 1 MESSAGE\r\n"
		"Content-Type: text/plain\r\nContent-Length: 300000\r\n\r\nx";

	(void)state;
	text_peer_send(tls->rig->peer, SIP_WAY_TCP, request);
	assert_non_null(text_peer_expect(tls->rig->peer, "SIP/2.0 413"));
	assert_true(text_peer_wait_closed(tls->rig->peer));
	tls_rig_free(&tls);
}

/* Descriptors ---------------------------------------------------------------------------------- */

enum { CROWD = 300, FEW_DESCRIPTORS = 160 };

/* A process of its own, which has descriptors enough. */
static pid_t start_crowd(uint16_t port, int told)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	for (int i = 0; i < CROWD; i++)
		(void)connect_to(port);
	(void)!write(told, "", 1);
	pause();
	_exit(0);
}

static void plenty(struct limits *limits)
{
	limits->stranger_connections = 4000;
	limits->stranger_first_s = 600;
}

/* [REL-050] [SOF-008]: with ten times the connections that there are descriptors for, none but the
 * reserve is used up, nothing is accepted in vain for ever, and others are served. */
static void descriptors_do_not_run_out(void **state)
{
	struct tls_rig *tls = rig_of_strangers(plenty);
	struct rlimit usual, few;
	int told[2], spare;
	char byte;
	pid_t crowd;

	(void)state;
	assert_int_equal(pipe(told), 0);
	crowd = start_crowd(tls->rig->port, told[1]);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
	few = usual;
	few.rlim_cur = FEW_DESCRIPTORS;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (int i = 0; i < PATIENCE && tls->rig->counters.sip_connections_refused == 0; i++)
		text_peer_let_run(tls->rig->peer, 50);
	assert_int_equal(read(told[0], &byte, 1), 1); /* they are all there */
	text_peer_let_run(tls->rig->peer, 200);
	assert_true(tls->rig->counters.sip_connections_refused > CROWD / 4);
	assert_true(fact(tls, "sip.connections ") <= FEW_DESCRIPTORS - 64);
	spare = dup(0);
	assert_true(spare > 0); /* the reserve is there */
	close(spare);
	check_served(tls, "SIP/2.0 403");
	kill(crowd, SIGKILL);
	assert_int_equal(waitpid(crowd, NULL, 0), crowd);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
	close(told[0]);
	close(told[1]);
	tls_rig_free(&tls);
}

static void little_room(struct limits *limits)
{
	plenty(limits);
	limits->sip_connections = 60;
}

/* [REL-050]: at four fifths those go that have been idle longest, not all. */
static void the_oldest_idle_ones_go_first(void **state)
{
	struct tls_rig *tls = tls_rig_new(
		files,
		&(struct tls_rig_options){.is_public = true, .limits = little_room, .t1_ms = 10});
	int fds[40], ballast[64];
	size_t open;

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(fds); i++)
		fds[i] = connect_to(tls->rig->port);
	text_peer_let_run(tls->rig->peer, 50);
	for (size_t i = 0; i < CHECK_COUNT(ballast); i++)
		ballast[i] = -1;
	/* up to nine tenths of the budget of 60 and 64 */
	for (size_t i = 0; i < CHECK_COUNT(ballast); i++) {
		ballast[i] = dup(0);
		if (ballast[i] >= 124 * 9 / 10)
			break;
	}
	for (int i = 0; i < PATIENCE && count_open(fds, CHECK_COUNT(fds)) == CHECK_COUNT(fds); i++)
		text_peer_let_run(tls->rig->peer, 200);
	open = count_open(fds, CHECK_COUNT(fds));
	assert_true(open > 0 && open < CHECK_COUNT(fds));
	assert_true(is_closed(fds[0]));
	assert_in_range(fact(tls, "sip.descriptors_per_mille "), 800, 1000); /* as it was */
	assert_false(is_closed(fds[CHECK_COUNT(fds) - 1]));
	for (size_t i = 0; i < CHECK_COUNT(fds); i++)
		close(fds[i]);
	for (size_t i = 0; i < CHECK_COUNT(ballast); i++)
		if (ballast[i] >= 0)
			close(ballast[i]);
	tls_rig_free(&tls);
}

static void forty(struct limits *limits)
{
	plenty(limits);
	limits->sip_connections = 40;
}

/* [limit sip_connections]
 * [SEC-081] [REL-050]: however many strangers there are, of however many addresses: a quarter of
 * the connections is kept for those we know. */
static void strangers_leave_room(void **state)
{
	static const char *const pbx[] = {"127.0.0.1"};
	struct rig *rig =
		rig_new(&(struct rig_options){.trusted = pbx, .trusted_count = 1, .limits = forty});
	int fds[60], known[10];

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(fds); i++) {
		fds[i] = connect_from((uint8_t)(2 + i), rig->port);
		assert_true(fds[i] >= 0);
	}
	for (int i = 0; i < PATIENCE && count_open(fds, CHECK_COUNT(fds)) != 30; i++)
		text_peer_let_run(rig->peer, 50);
	assert_int_equal(count_open(fds, CHECK_COUNT(fds)), 30);
	assert_int_equal(rig->counters.sip_connections_refused, 30);
	for (size_t i = 0; i < CHECK_COUNT(known); i++)
		known[i] = connect_to(rig->port);
	text_peer_let_run(rig->peer, 100);
	assert_int_equal(count_open(known, CHECK_COUNT(known)), 10);
	for (size_t i = 0; i < CHECK_COUNT(known); i++)
		close(known[i]);
	/* One that ends makes room. */
	close(fds[0]);
	text_peer_let_run(rig->peer, 100);
	fds[0] = connect_from(99, rig->port);
	text_peer_let_run(rig->peer, 100);
	assert_false(is_closed(fds[0]));
	for (size_t i = 0; i < CHECK_COUNT(fds); i++)
		close(fds[i]);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sixteen_of_one_address),
		cmocka_unit_test(those_we_know_are_no_strangers),
		cmocka_unit_test(slow_connections_go),
		cmocka_unit_test(each_limit_for_itself),
		cmocka_unit_test(announced_bodies_are_not_waited_for),
		cmocka_unit_test(descriptors_do_not_run_out),
		cmocka_unit_test(the_oldest_idle_ones_go_first),
		cmocka_unit_test(strangers_leave_room),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
