/* What hostile ends put into a dialog: it can be read back after a restart, or there is no dialog
 * (REL-013). */
#include <stdio.h>

#include "support/check.h"

#include "base/buf.h"
#include "model/dialog_row.h"
#include "wire/presence_agent.h"
#include "wire/rig.h"
#include "wire/row_keeper.h"
#include "wire/watcher.h"

/* [PRES-037]: a redirection to what cannot stand in a row is not followed. */
static void redirections(void **state)
{
	static const struct {
		const char *contact;
		bool is_followed;
	} rows[] = {
		{"<sip:1001@pbx.example:5070>", true},
		{"<pres:1001@pbx.example>", false},
		{"<im:1001@pbx.example>", false},
		{"<sip:1001@pbx.example;transport=x-very-long-transport-name-here>", false},
		{"<sip:1001@pbx.example:99999>", false},
		{"<sip:1001@pbx.example;x=\"a\">", false},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(&(struct rig_options){.tune = row_keeper_tune});
		const struct sip_text *text;
		char headers[256];

		pa_watch(rig);
		text = text_peer_expect(rig->peer, "SUBSCRIBE ");
		assert_non_null(text);
		snprintf(headers, sizeof headers, "Contact: %s\r\n", rows[i].contact);
		text_peer_answer(rig->peer, text, "302 Moved", headers);
		text_peer_let_run(rig->peer, 60);
		if ((text_peer_count(rig->peer, "SUBSCRIBE ") != 0) != rows[i].is_followed)
			fail_msg("wrong: %s", rows[i].contact);
		assert_int_equal(row_keeper_of(rig)->count, 0);
		row_keeper_free_rig(&rig);
	}
}

/* A route set as long as asked for. */
static void write_routes(size_t most, struct buf *out)
{
	for (unsigned i = 0; i < 12; i++)
		buf_printf(out, "Record-Route: <sip:127.0.0.1;lr;x=%0*u>\r\n", (int)(most / 12), i);
}

/* [REL-013]: a route set that does not go into a row makes no dialog; one that does comes back. */
static void routes(void **state)
{
	static const struct {
		size_t bytes;
		const char *answer;
	} rows[] = {{7000, "SIP/2.0 20"}, {10000, "SIP/2.0 4"}};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct rig *rig = rig_new(&(struct rig_options){.tune = row_keeper_tune});
		struct buf headers = BUF_INIT;
		char contact[128];

		buf_printf(&headers, "Event: presence\r\nExpires: 600\r\n%s",
			   watcher_contact(rig, contact, sizeof contact));
		write_routes(rows[i].bytes, &headers);
		rig_send(rig, SIP_WAY_TCP,
			 &(struct rig_request){.method = "SUBSCRIBE",
					       .headers = buf_text(&headers)});
		if (text_peer_expect(rig->peer, rows[i].answer) == NULL)
			fail_msg("no %s for %zu bytes", rows[i].answer, rows[i].bytes);
		assert_int_equal(row_keeper_of(rig)->count, i == 0 ? 1 : 0);
		if (i == 0)
			assert_int_equal(dialog_row_check(row_keeper_find(rig, "presence", NULL)),
					 0);
		buf_free(&headers);
		row_keeper_free_rig(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(redirections),
					   cmocka_unit_test(routes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
