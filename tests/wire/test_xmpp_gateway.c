/* The presence of the component itself (PRS-012): for its subscribers, and for those who let a SIP
 * domain watch them (D-18). */
#include "base/buf.h"
#include "support/check.h"
#include "support/xmpp_world.h"

#define BRIDGE "sip.chat.example"
#define ANN    "from='ann@chat.example' to='" BRIDGE "'"

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

static void expect_presence(struct world *world, const char *type, const char *whom)
{
	assert_non_null(xmpp_server_expect_all(world_server(world), "<presence",
					       "from=\"" BRIDGE "\"", type, whom, NULL));
}

#define GONE "type=\"unavailable\""
#define HERE "<c xmlns=\"http://jabber.org/protocol/caps\""

/* [PRS-012] [PRS-007] [CMP-013] [X0100-7]: there again after a break, gone at the end */
static void subscribers_are_told(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);

	xmpp_server_send(server, "<presence " ANN " type='subscribe'/>");
	expect_presence(world, "type=\"subscribed\"", "ann@");
	expect_presence(world, HERE, "ann@");
	xmpp_server_send(server,
			 "<presence from='bob@chat.example' to='" BRIDGE "' type='probe'/>");
	expect_presence(world, HERE, "bob@");
	xmpp_server_send(server,
			 "<presence from='cid@chat.example' to='" BRIDGE "' type='probe'/>");
	expect_presence(world, HERE, "cid@");
	xmpp_server_send(server,
			 "<presence from='cid@chat.example' to='" BRIDGE "' type='unsubscribe'/>");
	expect_presence(world, GONE, "cid@");
	expect_presence(world, "type=\"unsubscribed\"", "cid@");
	xmpp_server_close(server);
	assert_true(world_wait(world, "link down"));
	assert_true(xmpp_server_welcome(server, WORLD_SECRET));
	expect_presence(world, HERE, "ann@");
	expect_presence(world, HERE, "bob@");
	xmpp_side_say_goodbye(world_side(world));
	expect_presence(world, GONE, "ann@");
	expect_presence(world, GONE, "bob@");
	/* nobody is told after that that it is there */
	xmpp_server_send(server,
			 "<presence from='dan@chat.example' to='" BRIDGE "' type='probe'/>");
	world_let_run(world, 50);
	assert_false(xmpp_server_has(server, HERE));
	assert_false(xmpp_server_has(server, "cid@"));
}

#define HAPPY                                                                                      \
	"<items node='http://jabber.org/protocol/mood'><item id='i'>"                              \
	"<mood xmlns='http://jabber.org/protocol/mood'><happy/></mood></item></items>"

/* [D-18] [X0163-1]: who lets the telephones of a domain watch him sees the component, so that his
 * server sends it his moods */
static void the_watched_see_the_component(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);

	xmpp_server_send(server, "<presence from='ann@chat.example/a' to='" BRIDGE "'/>");
	assert_true(world_wait(world, "device s: x:ann a open"));
	world_let_run(world, 20);
	assert_false(xmpp_server_has(server, HERE)); /* nobody asked her */
	world_let_see(world, true);
	xmpp_server_send(server, "<presence from='ann@chat.example/a' to='" BRIDGE "'/>");
	expect_presence(world, HERE, "ann@");
	xmpp_server_send(server, "<presence from='ann@chat.example/b' to='" BRIDGE "'/>");
	assert_true(world_wait(world, "device s: x:ann b open"));
	world_let_run(world, 20);
	assert_false(xmpp_server_has(server, HERE)); /* once */
	xmpp_server_send(server, "<message " ANN " type='headline'>"
				 "<event xmlns='http://jabber.org/protocol/pubsub#event'>" HAPPY
				 "</event></message>");
	assert_true(world_wait(world, "person s: x:ann mood=happy"));
	xmpp_server_send(server, "<presence " ANN " type='unsubscribed'/>");
	assert_true(world_wait(world, "answered s: x:ann rejected"));
	expect_presence(world, GONE, "ann@");
}

enum { CROWD = 4000 };

/* [CMP-013] [REL-046]: to so many that all at once would be more than the link takes */
static void goodbye_to_many(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	struct buf text = BUF_INIT;

	world_limits(world)->link_dead_bytes = 262144;
	world_limits(world)->link_high_bytes = 65536;
	for (int i = 0; i < CROWD; i++) {
		buf_printf(&text,
			   "<presence from='u%d@chat.example' to='" BRIDGE "' type='probe'/>", i);
		if (i % 100 == 99) {
			xmpp_server_send(server, buf_text(&text));
			buf_reset(&text);
			world_let_run(world, 5);
		}
	}
	expect_presence(world, HERE, "u3999@");
	xmpp_server_forget(server);
	while (!xmpp_side_say_goodbye(world_side(world)))
		world_let_run(world, 5);
	expect_presence(world, GONE, "u0@");
	expect_presence(world, GONE, "u3999@");
	assert_false(world_heard(world, "link down"));
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(subscribers_are_told, with_up, tear),
		cmocka_unit_test_setup_teardown(goodbye_to_many, with_up, tear),
		cmocka_unit_test_setup_teardown(the_watched_see_the_component, with_up, tear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
