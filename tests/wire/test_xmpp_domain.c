/* A SIP domain that watches chat users for all its phones: on XMPP it is the component's own JID
 * (D-18). */
#include <stdio.h>

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

static void say(struct world *world, const char *from, const char *attributes, const char *inner)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "<presence from='%s' to='" WORLD_COMPONENT "' %s>%s</presence>", from,
		   attributes, inner);
	xmpp_server_send_bytes(world_server(world), text.data, text.len);
	buf_free(&text);
}

/* Takes the question to Ann and writes its id into room. */
static const char *take_question(struct world *world, char *room, size_t room_len)
{
	const char *stanza = xmpp_server_expect_all(world_server(world), "<presence",
						    "type=\"subscribe\"", NULL);
	const char *id = stanza != NULL ? strstr(stanza, " id=\"") : NULL;

	if (id != NULL)
		snprintf(room, room_len, "%.*s", (int)strcspn(id + 5, "\""), id + 5);
	return stanza;
}

/* [D-18] [REQ-012] [PRES-069]: from the bare JID of the component, with a text that says whose
 * question it is; that of a single phone has none. */
static void the_component_asks(void **state)
{
	struct world *world = *state;
	char id[64] = "";

	world_watch(world, "", "ann", true, NULL);
	const char *stanza = take_question(world, id, sizeof id);

	assert_non_null(stanza);
	assert_non_null(strstr(stanza, "from=\"" WORLD_COMPONENT "\""));
	assert_non_null(strstr(stanza, "to=\"ann@chat.example\""));
	assert_non_null(strstr(stanza, "<status>The phones of pbx.example ask to see whether "
				       "you are there. Your answer holds for all of them."));
	world_watch(world, "1001", "ann", true, NULL);
	stanza = take_question(world, id, sizeof id);
	assert_non_null(stanza);
	assert_null(strstr(stanza, "<status>"));
}

/* [D-18]: her answer and her presence, sent to the component, are those of the pair. */
static void the_component_is_answered(void **state)
{
	struct world *world = *state;

	say(world, "ann@chat.example", "type='subscribed'", "");
	assert_true(world_wait(world, "answered s: x:ann allowed"));
	say(world, "ann@chat.example/desk", "", "<show>dnd</show><status>busy</status>");
	assert_true(world_wait(world, "device s: x:ann desk open,dnd,\"busy\""));
	say(world, "ann@chat.example/desk", "type='unavailable'", "");
	assert_true(world_wait(world, "device s: x:ann desk closed"));
	say(world, "ann@chat.example", "type='unsubscribed'", "");
	assert_true(world_wait(world, "answered s: x:ann rejected"));
}

/* [D-18] [PRES-090] [SUBX-010]: an error counts by the id of the question. */
static void an_error_answers_the_question(void **state)
{
	struct world *world = *state;
	char id[64] = "", attributes[128];

	world_watch(world, "", "ann", true, NULL);
	assert_non_null(take_question(world, id, sizeof id));
	say(world, "ann@chat.example", "type='error' id='p-other'", "<error type='cancel'/>");
	snprintf(attributes, sizeof attributes, "type='error' id='%s'", id);
	say(world, "ann@chat.example", attributes,
	    "<error type='cancel'><item-not-found "
	    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
	assert_true(world_wait(world, "answered s: x:ann no-such item-not-found"));
	assert_int_equal(world_count(world, "answered"), 1);
}

/* [PRS-012]: whoever turns to the component itself is answered by it as before, and the core hears
 * of no question. */
static void questions_to_the_component_stay_its_own(void **state)
{
	struct world *world = *state;

	say(world, "ann@chat.example", "type='subscribe'", "");
	assert_non_null(xmpp_server_expect(world_server(world), "type=\"subscribed\""));
	say(world, "ann@chat.example", "type='probe'", "");
	say(world, "ann@chat.example", "type='unsubscribe'", "");
	assert_non_null(xmpp_server_expect(world_server(world), "type=\"unsubscribed\""));
	assert_int_equal(world_count(world, "watch_requested"), 0);
	assert_int_equal(world_count(world, "probed"), 0);
	assert_int_equal(world_count(world, "withdrawn"), 0);
}

/* [D-18] [PRS-006]: after a break her state is asked for, and the end is told, in the component's
 * name. */
static void the_component_probes_and_leaves(void **state)
{
	struct world *world = *state;
	const char *stanza;

	world_refresh(world, "", "ann");
	stanza = xmpp_server_expect_all(world_server(world), "<presence", "type=\"probe\"", NULL);
	assert_non_null(stanza);
	assert_non_null(strstr(stanza, "from=\"" WORLD_COMPONENT "\""));
	world_unwatch(world, "", "ann", UNWATCH_END);
	stanza = xmpp_server_expect_all(world_server(world), "<presence", "type=\"unsubscribe\"",
					NULL);
	assert_non_null(stanza);
	assert_non_null(strstr(stanza, "from=\"" WORLD_COMPONENT "\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_component_asks, with_up, tear),
		cmocka_unit_test_setup_teardown(the_component_is_answered, with_up, tear),
		cmocka_unit_test_setup_teardown(an_error_answers_the_question, with_up, tear),
		cmocka_unit_test_setup_teardown(questions_to_the_component_stay_its_own, with_up,
						tear),
		cmocka_unit_test_setup_teardown(the_component_probes_and_leaves, with_up, tear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
