/* Nothing leaves with a foreign from, without to, or too long. */
#include <errno.h>

#include "base/buf.h"
#include "support/check.h"
#include "xmpp/door.h"

struct stanza {
	const char *text;
	int error;
};

/* [CMP-005] [CMP-006] [SEC-051]
 * [ARCH-010] */
static void addresses_are_ours(void **state)
{
	static const struct stanza table[] = {
		{"<message from=\"1@s.example/sip\" to=\"a@b\"/>", 0},
		{"<presence to='a@b' from='s.example'/>", 0},
		{"<iq type=\"get\" from=\"1@s.example\" to=\"b\"><a from='x'/></iq>", 0},
		{"<message from=\"1@s.example/a&amp;&lt;b&apos;&quot;&gt;\" to=\"a\"/>", 0},
		{"<message from=\"1@s.example/a@other/b\" to=\"a\"/>", 0},
		{"<message from=\"\xc3\xbc@s.example\" to=\"a\"/>", 0},
		{"<message from=\"1@other.example\" to=\"a\"/>", EACCES},
		{"<message from=\"other.example\" to=\"a\"/>", EACCES},
		{"<message from=\"1@s.example.other\" to=\"a\"/>", EACCES},
		{"<message from=\"1@xs.example\" to=\"a\"/>", EACCES},
		{"<message from=\"other/1@s.example\" to=\"a\"/>", EACCES},
		{"<message from=\"1@S.EXAMPLE\" to=\"a\"/>", EACCES},
		{"<message from=\"@s.example\" to=\"a\"/>", EACCES},
		{"<message from=\"1@s.example/\" to=\"a\"/>", EACCES},
		{"<message from=\"a@1@s.example\" to=\"a\"/>", EACCES},
		{"<message from=\"a b@s.example\" to=\"a\"/>", EACCES},
		{"<message from=\"a&amp;b@s.example\" to=\"a\"/>", EACCES},
		{"<message from=\"a&#10;b@s.example\" to=\"a\"/>", EACCES},
		{"<message from=\"a:b@s.example\" to=\"a\"/>", EACCES},
		{"<message from=\"\xff@s.example\" to=\"a\"/>", EACCES},
		{"<message from=\"1@s.example/\x7f\" to=\"a\"/>", EACCES},
		{"<message from=\"&bogus;@s.example\" to=\"a\"/>", EACCES},
		{"<message from=\"&\" to=\"a\"/>", EACCES},
		{"<message from=\"\" to=\"a\"/>", EACCES},
		{"<message to=\"a\"/>", EACCES},
		{"<message to=\"a\"><x from=\"1@s.example\"/></message>", EACCES},
		{"<message from=\"1@s.example\" from=\"2@other\" to=\"a\"/>", EACCES},
		{"<message xfrom=\"1@s.example\" to=\"a\"/>", EACCES},
		{"<message from=\"1@s.example\"/>", EINVAL},
		{"<message from=\"1@s.example\" to=\"\"/>", EINVAL},
		{"<other from=\"1@s.example\" to=\"a\"/>", EINVAL},
		{"<message from=\"1@s.example\" to=\"a\"", EINVAL},
		{"message", EINVAL},
		{"", EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(table); i++) {
		const char *text = table[i].text;

		if (door_check(text, strlen(text), "s.example", 1000) != table[i].error)
			fail_msg("%s", text);
	}
}

/* [JID-002] [SEC-051] */
static void parts_have_their_length(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	for (size_t len = 1023; len <= 1024; len++) {
		buf_reset(&text);
		buf_puts(&text, "<message to='a' from='");
		for (size_t i = 0; i < len; i++)
			buf_putc(&text, 'x');
		buf_puts(&text, "@s.example/");
		for (size_t i = 0; i < 1023; i++)
			buf_putc(&text, 'y');
		buf_puts(&text, "'/>");
		assert_int_equal(door_check(text.data, text.len, "s.example", 10000),
				 len == 1023 ? 0 : EACCES);
	}
	buf_free(&text);
}

/* [SEC-052] */
static void length_has_its_limit(void **state)
{
	static const char text[] = "<message from=\"1@s.example\" to=\"a\"/>";

	(void)state;
	assert_int_equal(door_check(text, sizeof(text) - 1, "s.example", sizeof(text) - 1), 0);
	assert_int_equal(door_check(text, sizeof(text) - 1, "s.example", sizeof(text) - 2), E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_ours),
		cmocka_unit_test(parts_have_their_length),
		cmocka_unit_test(length_has_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
