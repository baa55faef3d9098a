/* Chat presence as device states of Asterisk (D-31, AST-7). */
#include "translate/device_state.h"

#include <string.h>

#include "support/check.h"

#include "base/buf.h"
#include "model/presence.h"

static void add(struct presence *presence, const char *id, enum basic basic, enum show show,
		int priority)
{
	struct device *device = presence_add_device(presence, id);

	device->basic = basic;
	device->show = show;
	device->priority = priority;
}

/* [D-31] [DLG-018]: what each state of a chat user is. */
static void each_show_has_its_state(void **state)
{
	static const struct {
		enum basic basic;
		enum show show;
		enum device_state reach, online;
	} rows[] = {
		{BASIC_OPEN, SHOW_NONE, DEVICE_NOT_INUSE, DEVICE_INUSE},
		{BASIC_OPEN, SHOW_CHAT, DEVICE_NOT_INUSE, DEVICE_INUSE},
		{BASIC_OPEN, SHOW_AWAY, DEVICE_NOT_INUSE, DEVICE_INUSE},
		{BASIC_OPEN, SHOW_DND, DEVICE_BUSY, DEVICE_INUSE},
		{BASIC_OPEN, SHOW_XA, DEVICE_UNAVAILABLE, DEVICE_INUSE},
		{BASIC_CLOSED, SHOW_NONE, DEVICE_UNAVAILABLE, DEVICE_NOT_INUSE},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct presence presence = {0};

		add(&presence, "desk", rows[i].basic, rows[i].show, PRESENCE_PRIORITY_UNSET);
		assert_int_equal(device_state_of(&presence, LAMP_REACH), rows[i].reach);
		assert_int_equal(device_state_of(&presence, LAMP_ONLINE), rows[i].online);
		presence_clear(&presence);
	}
	assert_int_equal(device_state_of(NULL, LAMP_REACH), DEVICE_UNAVAILABLE);
	assert_int_equal(device_state_of(NULL, LAMP_ONLINE), DEVICE_NOT_INUSE);
}

/* [D-31]: the device that would be reached. */
static void the_best_device_decides(void **state)
{
	struct presence presence = {0};

	(void)state;
	add(&presence, "gone", BASIC_CLOSED, SHOW_NONE, 100);
	add(&presence, "desk", BASIC_OPEN, SHOW_DND, 5);
	add(&presence, "mobile", BASIC_OPEN, SHOW_AWAY, PRESENCE_PRIORITY_UNSET);
	assert_int_equal(device_state_of(&presence, LAMP_REACH), DEVICE_BUSY);
	presence.devices[2].priority = 6;
	assert_int_equal(device_state_of(&presence, LAMP_REACH), DEVICE_NOT_INUSE);
	presence_clear(&presence);
}

/* [PBX-018] [AST-7]: the document of samples/asterisk/publish-out-devicestate-inuse.txt. */
static void the_document_is_asterisks(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	device_state_format("ext1001", DEVICE_INUSE, "00:00:5e:00:53:01", &out);
	assert_string_equal(buf_text(&out),
			    "{\"type\":\"devicestate\",\"device\":\"Custom:ext1001\","
			    "\"state\":\"INUSE\",\"cachable\":1,\"eid\":\"00:00:5e:00:53:01\"}");
	buf_free(&out);
}

/* Nothing that would end the JSON text, or that the dialplan takes apart. */
static void only_safe_names_are_taken(void **state)
{
	static const char *const good[] = {"8001", "juliet", "anna.maria", "a_b-c+d", "A"};
	static const char *const bad[] = {"",    "a b",  "a\"b",       "a\\b", "a&b", "a/b", "a,b",
					  "a:b", "a\nb", "j\xc3\xbcr", "a@b",  "a{b", "a%b"};
	char longest[DEVICE_NAME_MAX + 2];

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(good); i++)
		assert_true(device_state_is_name(good[i]));
	for (size_t i = 0; i < CHECK_COUNT(bad); i++)
		assert_false(device_state_is_name(bad[i]));
	memset(longest, 'a', sizeof longest);
	longest[DEVICE_NAME_MAX + 1] = '\0';
	assert_false(device_state_is_name(longest));
	longest[DEVICE_NAME_MAX] = '\0';
	assert_true(device_state_is_name(longest));
}

static void the_entity_is_the_installations(void **state)
{
	unsigned char key[16] = {1, 2, 3}, other[16] = {1, 2, 4};
	char a[DEVICE_EID_MAX], b[DEVICE_EID_MAX], c[DEVICE_EID_MAX];

	(void)state;
	device_state_eid(key, a);
	device_state_eid(key, b);
	device_state_eid(other, c);
	assert_int_equal(strlen(a), DEVICE_EID_MAX - 1);
	assert_string_equal(a, b);
	assert_string_not_equal(a, c);
	assert_true(a[1] == '2' || a[1] == '6' || a[1] == 'a' || a[1] == 'e');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_show_has_its_state),
		cmocka_unit_test(the_best_device_decides),
		cmocka_unit_test(the_document_is_asterisks),
		cmocka_unit_test(only_safe_names_are_taken),
		cmocka_unit_test(the_entity_is_the_installations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
