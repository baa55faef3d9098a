/* Where a URI leads. */
#include "support/check.h"

#include "base/buf.h"
#include "sip/net_address.h"
#include "sip/targets_uri.h"

/* [SIP-091] [SEC-021]: two URIs are one next hop if scheme, host, port, transport and maddr are. */
static void keys(void **state)
{
	static const struct {
		const char *text;
		const char *key; /* NULL: none */
		const char *literal;
	} rows[] = {
		{"sip:pbx.test", "-pbx.test||||", NULL},
		{"SIP:PBX.test;lr>", "-pbx.test||||", NULL},
		{"sip:1001@pbx.test SIP/2.0", "-pbx.test||||", NULL},
		{"sip:1001;x=y@pbx.test:5070;transport=TCP;lr?a=b", "-pbx.test|5070|tcp||", NULL},
		{"sips:pbx.test;maddr=192.0.2.1", "spbx.test|||192.0.2.1|", "192.0.2.1"},
		{"sip:192.0.2.7:5060", "-192.0.2.7|5060|||", "192.0.2.7"},
		{"sip:[2001:DB8::1]:99", "-[2001:db8::1]|99|||", "[2001:db8::1]"},
		{"sip:[2001:db8::1", "-[2001:db8::1||||", NULL},
		{"sip:a@[::1];transport=udp", "-[::1]||udp||", "[::1]"},
		{"sip:", NULL, NULL},
		{"sip:@", NULL, NULL},
		{"tel:+1", NULL, NULL},
		{"", NULL, NULL},
		{"http://a", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		char key[TARGETS_KEY_MAX];
		struct uri_view view;
		struct net_address address;
		struct buf text = BUF_INIT;
		bool is_uri = uri_view_read(&view, rows[i].text, strlen(rows[i].text));

		if (is_uri != (rows[i].key != NULL))
			fail_msg("%s", rows[i].text);
		if (!is_uri)
			continue;
		size_t len = uri_view_key(&view, key);

		assert_int_equal(len, strlen(rows[i].key));
		assert_memory_equal(key, rows[i].key, len);
		if (uri_view_literal(&view, &address) != (rows[i].literal != NULL))
			fail_msg("%s", rows[i].text);
		if (rows[i].literal == NULL)
			continue;
		net_address_print(&address, &text);
		assert_string_equal(buf_text(&text), rows[i].literal);
		buf_free(&text);
	}
}

/* One that is too long is none. */
static void too_long(void **state)
{
	char text[2 * TARGETS_KEY_MAX], key[TARGETS_KEY_MAX];
	struct uri_view view;

	(void)state;
	memset(text, 'a', sizeof text);
	memcpy(text, "sip:", 4);
	assert_true(uri_view_read(&view, text, sizeof text));
	assert_int_equal(uri_view_key(&view, key), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(keys), cmocka_unit_test(too_long)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
