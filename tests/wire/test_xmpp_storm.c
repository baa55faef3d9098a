/* Much to say to a chat server that does not read: the side says that it is full long before the
 * link suffers, and when it has room again (REL-046). */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "support/check.h"
#include "support/xmpp_world.h"

enum { TOLD = 30000, NOTE_BYTES = 500, MOST_MS = 20000 };

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

static bool is_full(struct world *world)
{
	return xmpp_side_ops()->is_full(world_side(world), 0);
}

/* As the core does: tells as long as there is room. Returns how many of them were told. */
static int tell_while_roomy(struct world *world, int from, const struct presence *presence)
{
	char sip[16];
	int i = from;

	for (; i < TOLD && !is_full(world); i++) {
		(void)snprintf(sip, sizeof sip, "%d", i);
		world_tell(world, "ann", sip, presence);
	}
	return i;
}

/* [REL-045] [REL-046]: 30,000 changes at once, 20 MB, over a link that may hold 64 KiB back */
static void a_storm_waits_for_room(void **state)
{
	struct world *world = *state;
	struct xmpp_server *server = world_server(world);
	char note[NOTE_BYTES + 1] = "";
	struct presence presence;
	int told = 0;
	int pauses = 0;
	size_t arrived = 0;

	memset(note, 'n', NOTE_BYTES);
	world_limits(world)->link_high_bytes = 65536;
	world_limits(world)->link_dead_bytes = 262144;
	world_presence(&presence, SHOW_AWAY, note);
	xmpp_server_stop_reading(server);
	for (int i = 0; i < 2000 && !is_full(world); i++) {
		told = tell_while_roomy(world, told, &presence);
		world_let_run(world, 1);
	}
	assert_true(is_full(world));
	assert_true(told < TOLD);
	/* the other half is for messages */
	world_deliver(world, "1001", "ann", "hello", 5);
	assert_int_equal(world_counters(world)->limits.link_high_bytes, 0);
	xmpp_server_go_on_reading(server);
	for (; arrived < TOLD && pauses < MOST_MS; pauses++) {
		told = tell_while_roomy(world, told, &presence);
		world_let_run(world, 1);
		arrived += xmpp_server_stanzas(server);
		xmpp_server_forget(server);
	}
	presence_clear(&presence);
	assert_int_equal(told, TOLD);
	assert_true(arrived >= TOLD);
	assert_int_equal(xmpp_server_connections(server), 1);
	assert_int_equal(world_counters(world)->limits.link_dead_bytes, 0);
	assert_int_equal(world_counters(world)->presence_coalesced, 0); /* nothing was held twice */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_storm_waits_for_room, with_up, tear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
