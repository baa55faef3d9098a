/* The component link against a scripted chat server: it comes up, stays up against everything a
 * server may send, notices each way of dying, and comes back. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "model/address.h"
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

static bool is_alive(struct world *world)
{
	struct xmpp_server *server = world_server(world);

	xmpp_server_send(server, "<iq type='get' id='alive' from='ann@chat.example/a' "
				 "to='sip.chat.example'><ping xmlns='urn:xmpp:ping'/></iq>");
	return xmpp_server_expect(server, "id=\"alive\"") != NULL;
}

/* [CMP-001] [CMP-002] [CMP-003] [STRO-001] [STRO-003] [SEC-106] */
static void comes_up(void **state)
{
	struct world *world = world_new(NULL);
	struct xmpp_server *server = world_server(world);

	*state = world;
	assert_true(xmpp_server_accept(server));
	assert_int_equal(xmpp_server_stanzas(server), 0); /* nothing before the handshake */
	/* the id is hashed as it reads, not as it is escaped */
	xmpp_server_send(server,
			 "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
			 "xmlns:stream='http://etherx.jabber.org/streams' id='a&amp;b'>");
	const char *handshake = xmpp_server_expect(server, "<handshake");

	/* printf 'a&ba secret of enough length' | sha1sum */
	assert_non_null(handshake);
	assert_non_null(strstr(handshake, "eca36e61c945744f4f9e51f4c732bae001619c03"));
	world_let_run(world, 50);
	assert_int_equal(xmpp_server_stanzas(server), 0);
	assert_false(world_heard(world, "link up"));
	xmpp_server_send(server, "<handshake/>");
	assert_true(world_wait(world, "link up"));
	assert_true(is_alive(world));
}

/* [CMP-012] white space between stanzas; [CMP-015] both namespaces; [CMP-019]
 * [PBX-059] */
static void takes_what_servers_send(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);

	xmpp_server_send(server, "  \n \t\r\n");
	assert_true(is_alive(world));
	xmpp_server_send(server,
			 "<iq xmlns='jabber:client' type='get' id='c1' from='ann@chat.example/a' "
			 "to='sip.chat.example'><ping xmlns='urn:xmpp:ping'/></iq>");
	assert_non_null(xmpp_server_expect(server, "id=\"c1\""));
	xmpp_server_send(server, "<stream:features/><unknown xmlns='urn:x'><y/></unknown>");
	xmpp_server_send(server, "<message from='ann@chat.example/a' to='1001@sip.chat.example'>"
				 "<body><![CDATA[a<b]]></body><x xmlns='urn:y'/></message>");
	assert_true(world_wait(world, "message m1 x:ann s:1001 normal \"a<b\""));
	assert_true(is_alive(world));
}

/* One byte at a time: [SEC-054] whole stanzas only */
static void takes_single_bytes(void **state)
{
	struct world *world = *state;
	const char *text =
		"<message type='chat' from='ann@chat.example/a' "
		"to='1001@sip.chat.example'><body>gr\xc3\xbc\xc3\x9f &amp; \xf0\x9f\x99\x82"
		"</body></message>";

	for (const char *at = text; *at != '\0'; at++) {
		xmpp_server_send_bytes(world_server(world), at, 1);
		if ((at - text) % 16 == 0)
			world_let_run(world, 1);
	}
	assert_true(world_wait(world, "message m1 x:ann s:1001 chat \"gr\xc3\xbc\xc3\x9f & "
				      "\xf0\x9f\x99\x82\""));
}

struct bad {
	const char *what;
	const char *bytes;
	const char *condition;
};

/* [CMP-016] [SEC-053] [STRO-008] [STRO-015] */
static void bad_xml_ends_the_link_only(void **state)
{
	static const struct bad table[] = {
		{"not well-formed", "<message><body></message>", "not-well-formed"},
		{"unbound prefix", "<x:message/>", "not-well-formed"},
		{"invalid UTF-8", "<message from='a'><body>\xff</body></message>",
		 "not-well-formed"},
		{"control character", "<message><body>\x01</body></message>", "not-well-formed"},
		{"unknown entity", "<message><body>&nbsp;</body></message>", "not-well-formed"},
		{"comment", "<!-- x -->", "restricted-xml"},
		{"instruction", "<?php x ?>", "restricted-xml"},
		{"doctype", "<!DOCTYPE x []>", "not-well-formed"},
	};
	struct world *world = *state;

	for (size_t i = 0; i < CHECK_COUNT(table); i++) {
		struct xmpp_server *server = world_server(world);

		xmpp_server_send(server, table[i].bytes);
		assert_non_null(xmpp_server_expect(server, table[i].condition));
		assert_true(world_wait(world, "link down"));
		assert_true(xmpp_server_welcome(server, WORLD_SECRET));
		assert_true(world_wait(world, "link up"));
		world_forget(world);
		xmpp_server_forget(server);
	}
	assert_true(is_alive(world));
}

/* A DTD stands before the root element: it can only come with the header. */
static void doctype_is_never_read(void **state)
{
	struct world *world = world_new(NULL);
	struct xmpp_server *server = world_server(world);

	*state = world;
	assert_true(xmpp_server_accept(server));
	xmpp_server_send(server, "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'aaaa'>]>"
				 "<stream:stream xmlns='jabber:component:accept' id='&a;' "
				 "xmlns:stream='http://etherx.jabber.org/streams'>");
	assert_true(xmpp_server_wait_gone(server));
	assert_true(xmpp_server_welcome(server, WORLD_SECRET));
	assert_true(world_wait(world, "link up"));
}

struct way {
	const char *what;
	void (*lose)(struct xmpp_server *server);
	const char *bytes;
};

/* [STRO-006] [STRO-010] [STRO-016] [REL-021]: each way of losing the link, and back by itself */
static void comes_back(void **state)
{
	static const struct way table[] = {
		{"close", xmpp_server_close, NULL},
		{"reset", xmpp_server_reset, NULL},
		{"half-close", xmpp_server_half_close, NULL},
		{"end of stream", NULL, "</stream:stream>"},
		{"stream error", NULL,
		 "<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
		 "</stream:error></stream:stream>"},
		/* libstrophe would read beyond one without children */
		{"empty stream error", NULL, "<stream:error/></stream:stream>"},
		{"junk after the end", NULL, "</stream:stream><message/>junk<<<"},
	};
	struct world *world = *state;

	for (size_t i = 0; i < CHECK_COUNT(table); i++) {
		struct xmpp_server *server = world_server(world);

		if (table[i].lose != NULL)
			table[i].lose(server);
		else
			xmpp_server_send(server, table[i].bytes);
		assert_true(world_wait(world, "link down"));
		assert_true(xmpp_server_welcome(server, WORLD_SECRET));
		assert_true(world_wait(world, "link up"));
		assert_true(is_alive(world));
		world_forget(world);
	}
	assert_int_equal(world_counters(world)->link_lost, CHECK_COUNT(table));
}

/* [STRO-001]: libstrophe's missing state would be used at each of these ends */
static void comes_back_a_hundred_times(void **state)
{
	struct world_wishes wishes = {.timing = {.first = 1, .most = 2, .healthy = 1}};
	struct world *world = world_new(&wishes);
	struct xmpp_server *server = world_server(world);

	*state = world;
	for (unsigned i = 0; i < 100; i++) {
		assert_true(xmpp_server_welcome(server, WORLD_SECRET));
		assert_true(world_wait(world, "link up"));
		world_forget(world);
		assert_true(is_alive(world));
		if (i % 2 == 0)
			xmpp_server_close(server);
		else
			xmpp_server_reset(server);
		assert_true(world_wait(world, "link down"));
		xmpp_server_forget(server);
	}
	assert_true(xmpp_server_connections(server) >= 100);
}

/* [REL-021] a server that is not there at the start */
static void waits_for_the_server(void **state)
{
	struct world *world = world_new(NULL);
	struct xmpp_server *server = world_server(world);

	*state = world;
	xmpp_server_away(server);
	world_let_run(world, 300);
	assert_false(world_heard(world, "link"));
	assert_false(xmpp_side_is_up(world_side(world)));
	xmpp_server_back(server);
	assert_true(xmpp_server_welcome(server, WORLD_SECRET));
	assert_true(world_wait(world, "link up"));
	assert_true(xmpp_side_is_up(world_side(world)));
}

/* [CMP-004] [CMP-007] [CMP-009] [REL-028] [STRO-016]: refusals are tried again, but slowly
 * [PBX-059] */
static void refusals_are_not_hammered(void **state)
{
	static const char *const conditions[] = {"not-authorized", "host-unknown", "conflict",
						 "invalid-namespace"};
	struct world_wishes wishes = {.timing = {.first = 1, .most = 1, .slow = 400}};
	struct world *world = world_new(&wishes);
	struct xmpp_server *server = world_server(world);
	char error[200];

	*state = world;
	for (size_t i = 0; i < CHECK_COUNT(conditions); i++) {
		unsigned before;

		assert_true(xmpp_server_accept(server));
		xmpp_server_send_header(server, "x");
		snprintf(error, sizeof(error),
			 "<stream:error><%s xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
			 "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>no</text>"
			 "</stream:error></stream:stream>",
			 conditions[i]);
		xmpp_server_send(server, error);
		assert_true(xmpp_server_wait_gone(server));
		before = xmpp_server_connections(server);
		world_let_run(world, 100); /* the delay is 200 ms at least */
		assert_int_equal(xmpp_server_connections(server), before);
	}
	assert_true(xmpp_server_welcome(server, WORLD_SECRET));
	assert_true(world_wait(world, "link up"));
}

/* [CMP-003] [REL-021] [STRO-014]: a server that accepts and says nothing, or no <handshake/> */
static void silence_is_not_waited_for(void **state)
{
	struct world_wishes wishes = {.timing = {.handshake = 100}};
	struct world *world = world_new(&wishes);
	struct xmpp_server *server = world_server(world);

	*state = world;
	assert_true(xmpp_server_accept(server));
	assert_true(xmpp_server_wait_gone(server));
	assert_true(xmpp_server_accept(server));
	xmpp_server_send_header(server, "x");
	assert_true(xmpp_server_check_handshake(server, WORLD_SECRET));
	assert_true(xmpp_server_wait_gone(server));
	assert_true(xmpp_server_welcome(server, WORLD_SECRET));
	assert_true(world_wait(world, "link up"));
}

/* No id: there is nothing to hash. */
static void header_without_id_is_no_stream(void **state)
{
	struct world_wishes wishes = {.timing = {.handshake = 300}};
	struct world *world = world_new(&wishes);
	struct xmpp_server *server = world_server(world);

	*state = world;
	assert_true(xmpp_server_accept(server));
	xmpp_server_send(server, "<stream:stream xmlns='jabber:component:accept' "
				 "xmlns:stream='http://etherx.jabber.org/streams'>");
	assert_true(xmpp_server_wait_gone(server));
	assert_true(xmpp_server_welcome(server, WORLD_SECRET));
	assert_true(world_wait(world, "link up"));
}

/* [REL-022] [D-26] [CMP-012]: a server that is there, but dead */
static void ping_finds_a_dead_server(void **state)
{
	struct world_wishes wishes = {.timing = {.ping_every = 100, .ping_wait = 100}};
	struct world *world = world_new(&wishes);
	struct xmpp_server *server = world_server(world);

	*state = world;
	assert_true(xmpp_server_welcome(server, WORLD_SECRET));
	assert_true(world_wait(world, "link up"));
	world_let_run(world, 500); /* answered pings keep it up */
	assert_false(world_heard(world, "link down"));
	assert_int_equal(xmpp_server_connections(server), 1);
	xmpp_server_answer_pings_for(server, NULL);
	assert_true(world_wait(world, "link down"));
}

/* [STRO-004]: select() of a descriptor of 1024 or more aborts the process */
static void many_descriptors_are_harmless(void **state)
{
	enum { TAKEN = 2000 };
	struct rlimit limit = {4096, 4096};
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	static int taken[TAKEN];

	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		skip();
	for (int i = 0; i < TAKEN; i++) {
		taken[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_true(taken[i] >= 0);
	}
	xmpp_server_close(server);
	assert_true(world_wait(world, "link down"));
	assert_true(xmpp_server_welcome(server, WORLD_SECRET));
	assert_true(world_wait(world, "link up"));
	assert_true(is_alive(world));
	for (int i = 0; i < TAKEN; i++)
		close(taken[i]);
}

/* [STRO-003]: a name, answered by the helper thread; [SEC-105] an address beyond loopback
 * [REL-055] */
static void names_are_resolved_beside_the_loop(void **state)
{
	struct world_wishes wishes = {.server_name = "localhost"};
	struct world *world = world_new(&wishes);

	*state = world;
	assert_true(xmpp_server_welcome(world_server(world), WORLD_SECRET));
	assert_true(world_wait(world, "link up"));
}

/* [CMP-014] */
static void remote_addresses_need_a_word(void **state)
{
	struct world_wishes wishes = {.server_name = "192.0.2.1"};
	struct world *world = world_new(&wishes);

	*state = world;
	world_let_run(world, 200); /* the refusal is at once, or this would hang in connect */
	assert_false(xmpp_side_is_up(world_side(world)));
	assert_int_equal(xmpp_server_connections(world_server(world)), 0);
}

/* [CMP-013] [D-48]: what is queued goes out, then the end of the stream */
static void stops_in_order(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);

	world_tell(world, "ann", "1001", NULL);
	assert_true(world_stop(world));
	assert_true(xmpp_server_saw_end(server) || xmpp_server_wait_end(server));
	assert_true(xmpp_server_has(server, "unavailable"));
	assert_false(xmpp_server_is_broken(server));
}

/* A server that neither reads nor closes does not hold the stop for more than 5 s. */
static void stops_in_time(void **state)
{
	struct world *world = *state;

	xmpp_server_answer_pings_for(world_server(world), NULL);
	xmpp_server_stop_reading(world_server(world));
	world_deliver(world, "1001", "ann", "x", 1);
	assert_true(world_stop(world));
	assert_true(world_heard(world, "outcome m1 unknown"));
}

static void stops_while_down(void **state)
{
	struct world *world = world_new(NULL);

	*state = world;
	xmpp_server_away(world_server(world));
	world_let_run(world, 30);
	assert_true(world_stop(world));
}

/* [D-02] [CMP-008]: a stream per component; each comes, goes and speaks by itself */
static void several_components(void **state)
{
	struct world_wishes wishes = {.is_second_component = true};
	struct world *world = world_new(&wishes);
	struct xmpp_server *first = world_server(world), *second = world_second_server(world);
	struct address sip, chat;
	struct watch watch = {1, SCOPE_WATCHER, &sip, &chat, NULL};

	*state = world;
	assert_true(xmpp_server_welcome(first, WORLD_SECRET));
	assert_true(world_wait(world, "link up"));
	assert_false(xmpp_side_is_up(world_side(world)));
	assert_false(world_heard(world, "link 1 up"));
	assert_true(xmpp_server_welcome(second, WORLD_SECRET));
	assert_true(world_wait(world, "link 1 up"));
	assert_true(xmpp_side_is_up(world_side(world)));
	address_set(&sip, SIDE_SIP, "7", "pbx2.example");
	address_set(&chat, SIDE_XMPP, "ann", "chat.example");
	xmpp_side_ops()->watch(world_side(world), &watch, true);
	assert_non_null(xmpp_server_expect_all(second, "from=\"7@sip2.chat.example\"",
					       "type=\"subscribe\"", NULL));
	assert_false(xmpp_server_has(first, "<presence"));
	address_clear(&sip);
	address_clear(&chat);
	/* a server that routes both domains over one link: answered over the right one */
	xmpp_server_send(first, "<iq type='get' id='r' from='ann@chat.example/a' "
				"to='7@sip2.chat.example'><ping xmlns='urn:xmpp:ping'/></iq>");
	assert_non_null(xmpp_server_expect(second, "id=\"r\""));
	assert_false(xmpp_server_has(first, "id=\"r\""));
	/* one dies: texts go over the other */
	xmpp_server_close(second);
	assert_true(world_wait(world, "link 1 down"));
	world_deliver(world, "1001", "ann", "still here", 10);
	assert_non_null(xmpp_server_expect(first, "still here"));
	assert_true(world_wait(world, "outcome m1 taken"));
	assert_false(world_heard(world, "link down"));
	assert_true(xmpp_server_welcome(second, WORLD_SECRET));
	assert_true(world_wait(world, "link 1 up"));
	assert_false(xmpp_server_has(second, "still here"));
	assert_true(world_stop(world));
}

static uint64_t cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* [STRO-005]: nothing runs while nothing comes. Generous: libstrophe's own loop would burn
 * all of it. */
static void idle_costs_nothing(void **state)
{
	struct world *world = *state;
	uint64_t before;

	world_let_run(world, 50);
	before = cpu_us();
	world_let_run(world, 1000); /* looks every 2 ms whether the time is over */
	assert_true(cpu_us() - before < 500000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(comes_up, tear),
		cmocka_unit_test_setup_teardown(takes_what_servers_send, with_up, tear),
		cmocka_unit_test_setup_teardown(takes_single_bytes, with_up, tear),
		cmocka_unit_test_setup_teardown(bad_xml_ends_the_link_only, with_up, tear),
		cmocka_unit_test_teardown(doctype_is_never_read, tear),
		cmocka_unit_test_setup_teardown(comes_back, with_up, tear),
		cmocka_unit_test_teardown(comes_back_a_hundred_times, tear),
		cmocka_unit_test_teardown(waits_for_the_server, tear),
		cmocka_unit_test_teardown(refusals_are_not_hammered, tear),
		cmocka_unit_test_teardown(silence_is_not_waited_for, tear),
		cmocka_unit_test_teardown(header_without_id_is_no_stream, tear),
		cmocka_unit_test_teardown(ping_finds_a_dead_server, tear),
		cmocka_unit_test_setup_teardown(many_descriptors_are_harmless, with_up, tear),
		cmocka_unit_test_teardown(names_are_resolved_beside_the_loop, tear),
		cmocka_unit_test_teardown(remote_addresses_need_a_word, tear),
		cmocka_unit_test_setup_teardown(stops_in_order, with_up, tear),
		cmocka_unit_test_setup_teardown(stops_in_time, with_up, tear),
		cmocka_unit_test_teardown(stops_while_down, tear),
		cmocka_unit_test_teardown(several_components, tear),
		cmocka_unit_test_setup_teardown(idle_costs_nothing, with_up, tear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
