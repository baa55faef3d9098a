/* Refusals toward chat users over a link that comes and goes. */
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

/* [MSG-043] [MSG-037] [REL-007]: the link is lost before a text is refused: its sender is told when
 * it is back, once, wherever he may be by then. */
static void a_refusal_waits_for_the_link(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);

	xmpp_server_send(server, "<message from='ann@chat.example/a' to='1001@sip.chat.example/x' "
				 "id='i1' type='chat'><body>x</body></message>");
	assert_true(world_wait(world, "message m1"));
	xmpp_server_close(server);
	assert_true(world_wait(world, "link down"));
	world_finish(world, 1, OUTCOME_REFUSED, FAULT_NOT_ACCEPTABLE, "SIP 406");
	assert_true(xmpp_server_welcome(server, WORLD_SECRET));
	assert_non_null(xmpp_server_expect_all(
		server, "<message from=\"1001@sip.chat.example/x\" to=\"ann@chat.example/a\"",
		"id=\"i1\"", "type=\"error\"", "not-acceptable", NULL));
	xmpp_server_close(server);
	assert_true(xmpp_server_welcome(server, WORLD_SECRET));
	world_let_run(world, 20);
	assert_false(xmpp_server_has(server, "not-acceptable"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_refusal_waits_for_the_link, with_up, tear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
