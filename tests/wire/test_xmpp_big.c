/* Stanzas that would hold libstrophe for seconds, overflow its stack, or fill the memory
 * (STRO-002): dropped whole and answered, and the next stanza is handled (SEC-053). */
#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "support/check.h"
#include "support/xmpp_world.h"

static int with_up(void **state)
{
	*state = world_new_up();
	return 0;
}

static int tear(void **state)
{
	struct world *world = *state;

	world_free(&world);
	return 0;
}

#define HEAD "<message type='chat' id='big' from='ann@chat.example/a' to='1001@sip.chat.example'>"
#define TAIL "</message>"

static void repeat(struct buf *out, const char *text, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_puts(out, text);
}

static void make_children(struct buf *out)
{
	buf_puts(out, HEAD);
	repeat(out, "<a/>", 60000);
	buf_puts(out, TAIL);
}

static void make_attributes(struct buf *out)
{
	buf_puts(out, HEAD "<a");
	for (int i = 0; i < 25000; i++)
		buf_printf(out, " a%d=''", i);
	buf_puts(out, "/>" TAIL);
}

static void make_levels(struct buf *out)
{
	buf_puts(out, HEAD);
	repeat(out, "<a>", 30000);
	repeat(out, "</a>", 30000);
	buf_puts(out, TAIL);
}

static void make_newlines(struct buf *out)
{
	buf_puts(out, HEAD "<body>");
	repeat(out, "\n", 250000);
	buf_puts(out, "</body>" TAIL);
}

static void make_bytes(struct buf *out)
{
	buf_puts(out, HEAD);
	for (int i = 0; i < 20; i++) {
		buf_puts(out, "<x>");
		repeat(out, "0123456789abcdef", 1000);
		buf_puts(out, "</x>");
	}
	buf_puts(out, TAIL);
}

static void make_long_tag(struct buf *out)
{
	buf_puts(out, HEAD "<a b='");
	repeat(out, "0123456789abcdef", 50000);
	buf_puts(out, "'/>" TAIL);
}

static void make_namespaces(struct buf *out)
{
	buf_puts(out, HEAD "<a");
	for (int i = 0; i < 40; i++)
		buf_printf(out, " xmlns:n%d='urn:x%d'", i, i);
	buf_puts(out, "/>" TAIL);
}

static void make_top_attributes(struct buf *out)
{
	buf_puts(out, "<message type='chat' id='big' from='ann@chat.example/a' "
		      "to='1001@sip.chat.example'");
	for (int i = 0; i < 25000; i++)
		buf_printf(out, " a%d=''", i);
	buf_puts(out, "/>");
}

/* Below each limit, but all of them used: is read. */
static void make_allowed_children(struct buf *out)
{
	buf_puts(out, HEAD "<body>fits</body>");
	repeat(out, "<a/>", 4000);
	buf_puts(out, TAIL);
}

static void make_allowed_lines(struct buf *out)
{
	buf_puts(out, HEAD "<body>fits");
	for (int i = 0; i < 4000; i++)
		buf_puts(out, "\nline &amp;");
	buf_puts(out, "</body>" TAIL);
}

static void make_allowed_markup(struct buf *out)
{
	buf_puts(out, HEAD "<body>");
	repeat(out, "&lt;b\n", 15000);
	buf_puts(out, "</body>" TAIL);
}

static void make_allowed_attributes(struct buf *out)
{
	buf_puts(out, HEAD "<body>fits</body>");
	for (int i = 0; i < 500; i++) {
		buf_puts(out, "<a");
		for (int j = 0; j < 60; j++)
			buf_printf(out, " a%d=''", j);
		buf_puts(out, "/>");
	}
	buf_puts(out, TAIL);
}

static void make_allowed_mixture(struct buf *out)
{
	buf_puts(out, HEAD "<body>fits</body>");
	repeat(out, "<a/>x", 1600);
	buf_puts(out, TAIL);
}

struct big {
	const char *what;
	void (*make)(struct buf *out);
	bool is_allowed;
};

static const struct big table[] = {
	{"60,000 children", make_children, false},
	{"25,000 attributes", make_attributes, false},
	{"25,000 attributes of the stanza itself", make_top_attributes, false},
	{"30,000 levels", make_levels, false},
	{"250,000 line ends", make_newlines, false},
	{"320,000 bytes", make_bytes, false},
	{"a tag of 800,000 bytes", make_long_tag, false},
	{"40 namespaces", make_namespaces, false},
	{"4,000 children", make_allowed_children, true},
	{"4,000 lines with entities", make_allowed_lines, true},
	{"15,000 lines full of markup", make_allowed_markup, true},
	{"500 times 60 attributes", make_allowed_attributes, true},
	{"1,600 children between texts", make_allowed_mixture, true},
};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* [SEC-053] [STRO-002] [STRO-007] */
static void big_stanzas_are_dropped_whole(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);

	for (size_t i = 0; i < CHECK_COUNT(table); i++) {
		struct buf text = BUF_INIT;
		const char *error;
		double before = now_ms();

		table[i].make(&text);
		xmpp_server_send_bytes(server, text.data, text.len);
		if (table[i].is_allowed) {
			assert_true(world_wait(world, "message m"));
			world_forget(world);
		} else {
			error = xmpp_server_expect(server, "policy-violation");
			assert_non_null(error);
			assert_non_null(strstr(error, "id=\"big\""));
			assert_non_null(strstr(error, "to=\"ann@chat.example/a\""));
			assert_non_null(strstr(error, "from=\"1001@sip.chat.example\""));
			assert_false(world_heard(world, "message"));
		}
		/* a figure for the reader: server and bridge share this thread */
		print_message("%-40s %7zu bytes %7.1f ms of CPU\n", table[i].what, text.len,
			      now_ms() - before);
		buf_free(&text);
		world_forget(world);
		xmpp_server_forget(server);
	}
	xmpp_server_send(server, HEAD "<body>next</body>" TAIL);
	assert_true(world_wait(world, "message m6 x:ann s:1001 chat \"next\""));
	assert_int_equal(xmpp_server_connections(server), 1);
	assert_int_equal(world_counters(world)->stanzas_guarded, 8);
}

/* [SEC-053] [SEC-072]: errors and results over a limit are dropped without a word */
static void no_answer_to_errors(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	struct buf text = BUF_INIT;

	buf_puts(&text,
		 "<message type='error' from='ann@chat.example' to='1001@sip.chat.example'>");
	repeat(&text, "<a/>", 5000);
	buf_puts(&text, "</message><iq type='result' id='1' from='ann@chat.example/a' "
			"to='sip.chat.example'>");
	repeat(&text, "<a/>", 5000);
	buf_puts(&text, "</iq>");
	xmpp_server_send_bytes(server, text.data, text.len);
	buf_free(&text);
	xmpp_server_send(server, HEAD "<body>next</body>" TAIL);
	assert_true(world_wait(world, "message m1"));
	world_let_run(world, 20);
	assert_false(xmpp_server_has(server, "policy-violation"));
	assert_int_equal(world_counters(world)->stanzas_guarded, 2);
}

/* [STRO-005] [STRO-015]: libstrophe reads 4,096 bytes at a time, and expat keeps back a tag that
 * was cut in two; no stanza may wait for the one after it. */
static void every_stanza_is_handled_when_it_is_there(void **state)
{
	struct world *world = *state;
	struct buf text = BUF_INIT;

	world_limits(world)->messages_per_user_burst = 1000000;
	for (size_t len = 0; len < 20000; len += 61) {
		unsigned before = world_count(world, "message");

		buf_reset(&text);
		buf_puts(&text, HEAD "<body>x</body><a b='");
		repeat(&text, "v", len);
		buf_puts(&text, "'/>" TAIL);
		/* in two parts, the second a few bytes */
		xmpp_server_send_bytes(world_server(world), text.data, text.len - 12);
		world_let_run(world, 1);
		xmpp_server_send_bytes(world_server(world), text.data + text.len - 12, 12);
		world_let_run(world, 4);
		if (world_count(world, "message") != before + 1)
			assert_true(world_wait(world, "message"));
		assert_int_equal(world_count(world, "message"), before + 1);
	}
	buf_free(&text);
}

/* What cannot be skipped ends the link, not the daemon. */
static void endless_stanza_ends_the_link(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	struct buf text = BUF_INIT;

	repeat(&text, "0123456789abcdef", 64 * 1024);
	xmpp_server_send(server, HEAD "<body>");
	for (int i = 0; i < 18; i++)
		xmpp_server_send_bytes(server, text.data, text.len);
	buf_free(&text);
	assert_true(world_wait(world, "link down"));
	assert_true(xmpp_server_welcome(server, WORLD_SECRET));
	assert_true(world_wait(world, "link up"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(big_stanzas_are_dropped_whole, with_up, tear),
		cmocka_unit_test_setup_teardown(no_answer_to_errors, with_up, tear),
		cmocka_unit_test_setup_teardown(every_stanza_is_handled_when_it_is_there, with_up,
						tear),
		cmocka_unit_test_setup_teardown(endless_stanza_ends_the_link, with_up, tear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
