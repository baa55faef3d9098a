/* lamp: chat presence as the virtual dialog, and what a phone reads in it. */
#include "translate/lamp.h"

#include "base/buf.h"
#include "model/phone.h"
#include "model/presence.h"
#include "support/check.h"
#include "translate/dialog_info.h"

#define LIT  1
#define DARK 0

struct one {
	const char *id;
	enum basic basic;
	enum show show;
	int priority;
};

static void make(struct presence *out, const struct one *devices, size_t count)
{
	*out = (struct presence){0};
	for (size_t i = 0; i < count; i++) {
		struct device *device = presence_add_device(out, devices[i].id);

		device->basic = devices[i].basic;
		device->show = devices[i].show;
		device->priority = devices[i].priority;
	}
}

/* [D-31] available, chat, away: dark; dnd, xa, offline: lit. */
static void lights_by_the_best_device(void **state)
{
	static const struct {
		struct one devices[2];
		size_t count;
		int reach;
		int online;
	} rows[] = {
		{{{"a", BASIC_OPEN, SHOW_NONE, 0}}, 1, DARK, LIT},
		{{{"a", BASIC_OPEN, SHOW_CHAT, 0}}, 1, DARK, LIT},
		{{{"a", BASIC_OPEN, SHOW_AWAY, 0}}, 1, DARK, LIT},
		{{{"a", BASIC_OPEN, SHOW_XA, 0}}, 1, LIT, LIT},
		{{{"a", BASIC_OPEN, SHOW_DND, 0}}, 1, LIT, LIT},
		{{{"a", BASIC_CLOSED, SHOW_NONE, 0}}, 1, LIT, DARK},
		{{{"a", BASIC_UNSET, SHOW_NONE, 0}}, 1, LIT, DARK},
		{{{0}}, 0, LIT, DARK},
		/* the higher priority, unset being 0; of equals the one to be reached */
		{{{"a", BASIC_OPEN, SHOW_DND, 5}, {"b", BASIC_OPEN, SHOW_NONE, 1}}, 2, LIT, LIT},
		{{{"a", BASIC_OPEN, SHOW_DND, -1},
		  {"b", BASIC_OPEN, SHOW_NONE, PRESENCE_PRIORITY_UNSET}},
		 2,
		 DARK,
		 LIT},
		{{{"a", BASIC_OPEN, SHOW_XA, 0}, {"b", BASIC_OPEN, SHOW_AWAY, 0}}, 2, DARK, LIT},
		{{{"a", BASIC_CLOSED, SHOW_NONE, 9}, {"b", BASIC_OPEN, SHOW_NONE, 0}},
		 2,
		 DARK,
		 LIT},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct presence presence;

		make(&presence, rows[i].devices, rows[i].count);
		if (lamp_is_lit(&presence, LAMP_REACH) != rows[i].reach ||
		    lamp_is_lit(&presence, LAMP_ONLINE) != rows[i].online)
			fail_msg("row %zu", i);
		presence_clear(&presence);
	}
	assert_true(lamp_is_lit(NULL, LAMP_REACH));
	assert_false(lamp_is_lit(NULL, LAMP_ONLINE));
}

/* [DLG-001] [DLG-018] [EVT-077] The bytes: state only, nothing of anybody's calls. */
static void writes_the_virtual_dialog(void **state)
{
	static const struct one open = {"a", BASIC_OPEN, SHOW_NONE, 0};
	struct presence presence;
	struct buf out = BUF_INIT;

	(void)state;
	make(&presence, &open, 1);
	lamp_format(&presence, LAMP_ONLINE, "sip:juliet@chat.example", 0, &out);
	assert_string_equal(buf_text(&out),
			    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
			    "<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" "
			    "version=\"0\" state=\"full\" entity=\"sip:juliet@chat.example\">"
			    "<dialog id=\"chat\"><state>confirmed</state></dialog></dialog-info>");
	buf_reset(&out);
	lamp_format(&presence, LAMP_REACH, "sip:a&b@chat.example", UINT32_MAX, &out);
	assert_string_equal(buf_text(&out),
			    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
			    "<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" "
			    "version=\"4294967295\" state=\"full\" "
			    "entity=\"sip:a&amp;b@chat.example\">"
			    "<dialog id=\"chat\"><state>terminated</state></dialog></dialog-info>");
	buf_free(&out);
	presence_clear(&presence);
}

/* A reader of ours sees lit as a call and dark as none, document after document. */
static void reads_back(void **state)
{
	static const struct profile profile = {0};
	static const struct one rows[] = {
		{"a", BASIC_OPEN, SHOW_DND, 0},
		{"a", BASIC_OPEN, SHOW_NONE, 0},
		{"a", BASIC_CLOSED, SHOW_NONE, 0},
	};
	struct dialog_table table = {0};
	bool wants_full = false;

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct presence presence;
		struct phone phone = {0};
		struct buf out = BUF_INIT;

		make(&presence, &rows[i], 1);
		lamp_format(&presence, LAMP_REACH, "sip:a@b", (uint32_t)i, &out);
		assert_int_equal(dialog_info_apply(&table, out.data, out.len, out.len, &profile,
						   &wants_full),
				 0);
		assert_int_equal(table.version, i);
		dialog_table_phone(&table, &phone);
		assert_int_equal(phone.state,
				 lamp_is_lit(&presence, LAMP_REACH) ? PHONE_IN_CALL : PHONE_IDLE);
		assert_null(phone.other);
		buf_free(&out);
		presence_clear(&presence);
	}
	assert_false(wants_full);
	dialog_table_clear(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lights_by_the_best_device),
		cmocka_unit_test(writes_the_virtual_dialog),
		cmocka_unit_test(reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
