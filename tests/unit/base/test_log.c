/* The log. The test is its own syslog. */
#include "support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

static long long later_s;

/* Time passes when the test says so (see tests/unit/loop/test_loop.c). */
int clock_gettime(clockid_t clock, struct timespec *out)
{
	long result = syscall(SYS_clock_gettime, clock, out);

	out->tv_sec += later_s;
	return (int)result;
}

struct syslog_peer {
	char directory[64];
	char path[96];
	int fd;
};

static void peer_listen(struct syslog_peer *peer)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};

	snprintf(name.sun_path, sizeof name.sun_path, "%s", peer->path);
	peer->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(peer->fd >= 0);
	assert_int_equal(bind(peer->fd, (const struct sockaddr *)&name, sizeof name), 0);
}

static int setup(void **state)
{
	struct syslog_peer *peer = test_calloc(1, sizeof *peer);

	snprintf(peer->directory, sizeof peer->directory, "/tmp/sx-log-XXXXXX");
	if (mkdtemp(peer->directory) == NULL)
		return -1;
	snprintf(peer->path, sizeof peer->path, "%s/log", peer->directory);
	peer_listen(peer);
	log_set_socket(peer->path);
	*state = peer;
	return log_open(LOG_TARGET_SYSLOG, LOG_LEVEL_NOTICE, "local3");
}

static int teardown(void **state)
{
	struct syslog_peer *peer = *state;

	close(peer->fd);
	unlink(peer->path);
	rmdir(peer->directory);
	log_set_socket(NULL);
	test_free(peer);
	return log_open(LOG_TARGET_STDERR, LOG_LEVEL_ERR, "daemon");
}

/* The next line without its head, or "" if there is none. */
static const char *next_line(struct syslog_peer *peer, int *priority)
{
	static char line[8192];
	ssize_t len = recv(peer->fd, line, sizeof line - 1, 0);
	char *text;
	char *end;

	if (len < 0)
		return "";
	line[len] = '\0';
	assert_int_equal(line[0], '<');
	if (priority != NULL)
		*priority = (int)strtol(line + 1, NULL, 10);
	text = strstr(line, "sipxmppd[");
	assert_non_null(text);
	end = strstr(text, "]: ");
	assert_non_null(end);
	return end + 3;
}

static void test_levels(void **state)
{
	struct syslog_peer *peer = *state;
	enum log_level level;
	int priority = 0;

	log_err("area: one key=%s", log_safe("value"));
	assert_string_equal(next_line(peer, &priority), "area: one key=value");
	assert_int_equal(priority, 19 * 8 + 3);
	log_notice("area: two");
	assert_string_equal(next_line(peer, &priority), "area: two");
	assert_int_equal(priority, 19 * 8 + 5);
	log_info("area: not at this level");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("area: three");
	assert_string_equal(next_line(peer, &priority), "area: three");
	assert_int_equal(priority, 19 * 8 + 7);
	assert_int_equal(log_level_from_name("info", &level), 0);
	assert_int_equal(level, LOG_LEVEL_INFO);
	assert_int_equal(log_level_from_name("loud", &level), EINVAL);
	assert_string_equal(log_level_name(LOG_LEVEL_WARNING), "warning");
	assert_int_equal(log_open(LOG_TARGET_SYSLOG, LOG_LEVEL_NOTICE, "nowhere"), EINVAL);
	assert_false(log_may_bodies());
	log_set_bodies(true);
	assert_true(log_may_bodies());
	log_set_bodies(false);
}

static void repeated(int i)
{
	log_warning("area: repeated i=%d", i);
}

static void event(int i)
{
	log_info("area: event i=%d", i);
}

/* [REL-053] of level info a hundred: an office that comes to work is no flood */
static void test_events_are_held_later(void **state)
{
	struct syslog_peer *peer = *state;

	log_set_level(LOG_LEVEL_INFO);
	for (int i = 0; i < 100; i++) {
		char expected[64];

		event(i);
		snprintf(expected, sizeof expected, "area: event i=%d", i);
		assert_string_equal(next_line(peer, NULL), expected);
	}
	event(100);
	assert_string_equal(next_line(peer, NULL), "");
	later_s += 11;
	event(101);
	assert_string_equal(next_line(peer, NULL), "area: event i=101 (1 more held back)");
}

/* [REL-053] ten at once, then one in ten seconds with a count, and ten again after a quiet time */
static void test_repeats_are_held(void **state)
{
	struct syslog_peer *peer = *state;

	for (int i = 0; i < 1000; i++)
		repeated(i);
	for (int i = 0; i < 10; i++) {
		char expected[64];

		snprintf(expected, sizeof expected, "area: repeated i=%d", i);
		assert_string_equal(next_line(peer, NULL), expected);
	}
	assert_string_equal(next_line(peer, NULL), "");
	log_warning("area: another call site");
	assert_string_equal(next_line(peer, NULL), "area: another call site");
	later_s += 11;
	for (int i = 0; i < 5; i++)
		repeated(i);
	assert_string_equal(next_line(peer, NULL), "area: repeated i=0 (990 more held back)");
	assert_string_equal(next_line(peer, NULL), "");
	later_s += 11;
	repeated(0);
	assert_string_equal(next_line(peer, NULL), "area: repeated i=0 (4 more held back)");
	later_s += 11;
	for (int i = 0; i < 20; i++)
		repeated(i);
	for (int i = 0; i < 10; i++)
		assert_string_not_equal(next_line(peer, NULL), "");
	assert_string_equal(next_line(peer, NULL), "");
}

/* [REL-053] a syslog that does not read: no call waits (the test would hang), lines are counted,
 * and the loss is told when it reads again. A syslog that is gone and comes back is found. */
static void test_blocked_syslog(void **state)
{
	struct syslog_peer *peer = *state;
	unsigned long before = log_dropped();
	unsigned long lost;
	char expected[64];

	log_set_level(LOG_LEVEL_DEBUG);
	for (int i = 0; i < 5000; i++)
		log_debug("area: flood i=%d", i);
	lost = log_dropped() - before;
	assert_true(lost > 0);
	assert_true(lost < 5000);
	for (unsigned long i = 0; i < 5000 - lost; i++)
		assert_string_not_equal(next_line(peer, NULL), "");
	log_notice("area: after");
	snprintf(expected, sizeof expected, "log: lines were lost count=%lu", lost);
	assert_string_equal(next_line(peer, NULL), expected);
	assert_string_equal(next_line(peer, NULL), "area: after");

	close(peer->fd);
	unlink(peer->path);
	log_notice("area: nobody there");
	assert_int_equal(log_dropped() - before, lost + 1);
	peer_listen(peer);
	later_s += 2;
	log_notice("area: back");
	assert_string_equal(next_line(peer, NULL), "log: lines were lost count=1");
	assert_string_equal(next_line(peer, NULL), "area: back");
}

static void test_no_syslog_at_start(void **state)
{
	struct syslog_peer *peer = *state;
	unsigned long before = log_dropped();

	log_set_socket("/nonexistent/log");
	assert_int_equal(log_open(LOG_TARGET_SYSLOG, LOG_LEVEL_NOTICE, "daemon"), 0);
	log_notice("area: lost");
	assert_int_equal(log_dropped() - before, 1);
	log_set_socket(peer->path);
	assert_int_equal(log_open(LOG_TARGET_SYSLOG, LOG_LEVEL_NOTICE, "daemon"), 0);
	log_notice("area: found");
	assert_string_equal(next_line(peer, NULL), "log: lines were lost count=1");
	assert_string_equal(next_line(peer, NULL), "area: found");
}

/* A full pipe behind standard error does not hold anybody either. */
static void test_blocked_stderr(void **state)
{
	unsigned long before = log_dropped();
	int kept = dup(STDERR_FILENO);
	int pipes[2];
	char text[256] = "";
	ssize_t got;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(dup2(pipes[1], STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(log_open(LOG_TARGET_STDERR, LOG_LEVEL_DEBUG, "daemon"), 0);
	for (int i = 0; i < 5000; i++)
		log_debug("area: flood i=%d", i);
	dup2(kept, STDERR_FILENO);
	close(kept);
	assert_true(log_dropped() > before);
	got = read(pipes[0], text, sizeof text - 1);
	assert_true(got > 0);
	/* 2026-01-02 03:04:05.678 debug area: ... */
	assert_int_equal(text[4], '-');
	assert_int_equal(text[19], '.');
	assert_memory_equal(text + 23, " debug area: flood i=0\n", 23);
	close(pipes[0]);
	close(pipes[1]);
}

/* [REL-051] What is said when there is no memory: to syslog; while the start echoes, or without a
 * syslog, on standard error. */
static void test_last_words(void **state)
{
	struct syslog_peer *peer = *state;
	int kept = dup(STDERR_FILENO);
	int pipes[2];
	int priority = 0;
	char text[256] = "";
	unsigned seen = 0;

	assert_int_equal(pipe2(pipes, O_NONBLOCK), 0);
	assert_int_equal(dup2(pipes[1], STDERR_FILENO), STDERR_FILENO);
	log_last_words("out of memory");
	assert_string_equal(next_line(peer, &priority), "out of memory");
	assert_int_equal(priority, LOG_ERR | LOG_LOCAL3);
	assert_int_equal(read(pipes[0], text, sizeof text - 1), -1);
	log_echo(true);
	log_last_words("out of memory");
	log_echo(false);
	assert_string_equal(next_line(peer, NULL), "out of memory");
	assert_true(read(pipes[0], text, sizeof text - 1) > 0);
	assert_string_equal(text, "sipxmppd: out of memory\n");
	log_set_socket("/nonexistent/log");
	assert_int_equal(log_open(LOG_TARGET_SYSLOG, LOG_LEVEL_NOTICE, "daemon"), 0);
	log_last_words("once more");
	assert_true(read(pipes[0], text, sizeof text - 1) > 0);
	assert_string_equal(strtok(text, "\n"), "sipxmppd: once more");
	while (write(pipes[1], text, sizeof text) > 0)
		seen++;
	assert_true(seen > 0);
	log_last_words("nobody reads"); /* and nobody waits */
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(pipes[0]);
	close(pipes[1]);
}

/* [SEC-061] */
static const struct {
	const char *value;
	const char *safe;
} values[] = {
	{"", "\"\""},
	{"sip:1001@pbx.example;transport=tcp", "sip:1001@pbx.example;transport=tcp"},
	{"J\xc3\xbcrgen", "J\xc3\xbcrgen"},
	{"a b", "\"a b\""},
	{"a watched=b@y", "\"a watched=b@y\""},
	{"a\" watched=\"b", "\"a\\\" watched=\\\"b\""},
	{"a (forged reason)", "\"a (forged reason)\""},
	{"line\nerr: forged", "\"line\\x0aerr: forged\""},
	{"cr\rlf\n", "cr\\x0dlf\\x0a"},
	{"\x1b[31mred", "\\x1b[31mred"},
	{"del\x7f", "del\\u{7f}"},
	{"c1\xc2\x9b", "c1\\u{9b}"},
	{"back\\slash", "back\\\\slash"},
	{"bidi\xe2\x80\xae"
	 "cod",
	 "bidi\\u{202e}cod"},
	{"isolate\xe2\x81\xa6", "isolate\\u{2066}"},
	{"mark\xe2\x80\x8f", "mark\\u{200f}"},
	{"line\xe2\x80\xa8sep", "line\\u{2028}sep"},
	{"para\xe2\x80\xa9sep", "para\\u{2029}sep"},
	{"nel\xc2\x85", "nel\\u{85}"},
	{"bom\xef\xbb\xbf", "bom\\u{feff}"},
	{"bad\xff\xc3", "bad\\xff\\xc3"},
	{"tab\there", "tab\\x09here"},
};

static void test_safe(void **state)
{
	char all[256];
	const char *first;

	(void)state;
	assert_string_equal(log_safe(NULL), "-");
	for (size_t i = 0; i < CHECK_COUNT(values); i++)
		assert_string_equal(log_safe(values[i].value), values[i].safe);
	assert_string_equal(log_safe_n("a\0b", 3), "a\\x00b");
	first = log_safe("first");
	for (int i = 0; i < 7; i++)
		assert_string_not_equal(log_safe("next"), "first");
	assert_string_equal(first, "first");
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	first = log_safe_n(all, sizeof all);
	for (const char *p = first; *p != '\0'; p++)
		assert_true((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f);
}

/* [SEC-061] 256 bytes at most, cut between characters and escapes */
static void test_safe_is_short(void **state)
{
	static const char *const units[] = {"a", "a b", "\xe2\x82\xac", "\n", "\xe2\x80\xae", "\""};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(units); i++) {
		char value[4096] = "";
		const char *safe;

		while (strlen(value) < 1000)
			strcat(value, units[i]);
		safe = log_safe(value);
		assert_in_range(strlen(safe), 230, 256);
		assert_non_null(strstr(safe, "..."));
		if (safe[0] == '"')
			assert_int_equal(safe[strlen(safe) - 1], '"');
	}
}

/* [SEC-061] whatever reaches the line unescaped, it stays one line */
static void test_one_line(void **state)
{
	struct syslog_peer *peer = *state;

	log_notice("area: told of what was lost before");
	while (next_line(peer, NULL)[0] != '\0')
		continue;
	log_notice("area: raw=%s", "x\ny\x1bz\x7f");
	assert_string_equal(next_line(peer, NULL), "area: raw=x?y?z?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_levels, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repeats_are_held, setup, teardown),
		cmocka_unit_test_setup_teardown(test_events_are_held_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_blocked_syslog, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_syslog_at_start, setup, teardown),
		cmocka_unit_test_setup_teardown(test_blocked_stderr, setup, teardown),
		cmocka_unit_test_setup_teardown(test_last_words, setup, teardown),
		cmocka_unit_test(test_safe),
		cmocka_unit_test(test_safe_is_short),
		cmocka_unit_test_setup_teardown(test_one_line, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
