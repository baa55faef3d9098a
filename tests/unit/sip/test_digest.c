/* Digest authentication: the examples of the RFCs, headers as real servers and phones write them,
 * and what is refused. */
#include "support/check.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "sip/digest.h"

/* RFC 2617 section 3.5, RFC 7616 sections 3.9.1 and 3.9.2 (its user and password in ASCII), and
 * RFC 2069 section 2.4 as corrected by its erratum. [SIP-054] [SIP-056] */
static void examples_of_the_rfcs(void **state)
{
	static const struct {
		const char *ha1_user, *realm, *password;
		struct digest_question question;
		const char *response;
	} rows[] = {
		{"Mufasa",
		 "testrealm@host.com",
		 "Circle Of Life",
		 {DIGEST_MD5, DIGEST_QOP_AUTH, 1, NULL, NULL, "dcd98b7102dd2f0e8b11d0f600bfb0c093",
		  "0a4f113b", "GET", "/dir/index.html", NULL, 0},
		 "6629fae49393a05397450978507c4ef1"},
		{"Mufasa",
		 "http-auth@example.org",
		 "Circle of Life",
		 {DIGEST_MD5, DIGEST_QOP_AUTH, 1, NULL, NULL,
		  "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
		  "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "GET", "/dir/index.html", NULL,
		  0},
		 "8ca523f5e9506fed4657c9700eebdbec"},
		{"Mufasa",
		 "http-auth@example.org",
		 "Circle of Life",
		 {DIGEST_SHA256, DIGEST_QOP_AUTH, 1, NULL, NULL,
		  "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
		  "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "GET", "/dir/index.html", NULL,
		  0},
		 "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
		{"Mufasa",
		 "testrealm@host.com",
		 "CircleOfLife",
		 {DIGEST_MD5, DIGEST_QOP_NONE, 0, NULL, NULL, "dcd98b7102dd2f0e8b11d0f600bfb0c093",
		  "", "GET", "/dir/index.html", NULL, 0},
		 "1949323746fe6a43ef61f9606e7febea"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct digest_question question = rows[i].question;
		char ha1[DIGEST_HEX_MAX + 1], response[DIGEST_HEX_MAX + 1];

		assert_true(digest_ha1(question.algorithm, rows[i].ha1_user, rows[i].realm,
				       rows[i].password, ha1));
		question.ha1 = ha1;
		assert_true(digest_response(&question, response));
		assert_string_equal(response, rows[i].response);
	}
}

/* RFC 8760 section 2.6: the hash of no body is that of the empty string. [SIP-060] */
static void auth_int_has_the_body(void **state)
{
	struct digest_question question = {
		.algorithm = DIGEST_MD5,
		.qop = DIGEST_QOP_AUTH_INT,
		.nc = 1,
		.ha1 = "939e7578ed9e3c518a452acee763bce9",
		.nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093",
		.cnonce = "0a4f113b",
		.method = "MESSAGE",
		.uri = "sip:juliet@chat.example",
	};
	char empty[DIGEST_HEX_MAX + 1], null[DIGEST_HEX_MAX + 1], some[DIGEST_HEX_MAX + 1];

	(void)state;
	assert_true(digest_response(&question, null));
	question.body = "";
	assert_true(digest_response(&question, empty));
	question.body = "Hi";
	question.body_len = 2;
	assert_true(digest_response(&question, some));
	assert_string_equal(null, empty);
	assert_string_not_equal(null, some);
	/* by: A=MESSAGE:sip:juliet@chat.example:$(printf '' | md5sum), then as RFC 2617 3.2.2 */
	assert_string_equal(empty, "aa3afd8ac57701eaa5153648c30b5071");
}

static void challenges_are_read(void **state)
{
	struct digest_challenge c;

	(void)state;
	assert_int_equal(digest_challenge_parse(&c, "Digest realm=\"pbx.example\", nonce=\"n1\", "
						    "opaque=\"\", algorithm=MD5, "
						    "qop=\"auth,auth-int\", stale=TRUE"),
			 0);
	assert_string_equal(c.realm, "pbx.example");
	assert_string_equal(c.nonce, "n1");
	assert_true(c.has_opaque);
	assert_true(c.is_stale);
	assert_int_equal(c.qop, DIGEST_QOP_AUTH);
	assert_int_equal(c.algorithm, DIGEST_MD5);
	/* RFC 2069: no qop, no algorithm; white space as some write it */
	assert_int_equal(digest_challenge_parse(&c, " digest  realm = \"a b\" ,nonce=x , "), 0);
	assert_int_equal(c.qop, DIGEST_QOP_NONE);
	assert_int_equal(c.algorithm, DIGEST_MD5);
	assert_string_equal(c.realm, "a b");
	assert_false(c.has_opaque);
	assert_false(c.is_stale);
	assert_int_equal(digest_challenge_parse(&c, "Digest nonce=\"n\", algorithm=\"sha-256\", "
						    "realm=\"r\", qop=auth-int, charset=UTF-8"),
			 0);
	assert_int_equal(c.algorithm, DIGEST_SHA256);
	assert_int_equal(c.qop, DIGEST_QOP_AUTH_INT);
	assert_int_equal(digest_challenge_parse(&c, "Digest realm=\"a\\\"b\", nonce=\"\", "
						    "algorithm=SHA-512-256"),
			 0);
	assert_string_equal(c.realm, "a\\\"b"); /* as it stands */
	assert_int_equal(c.algorithm, DIGEST_SHA512_256);
}

/* [SIP-053]: Basic is not answered; nor is what is not known, or cannot be told apart. */
static void challenges_are_refused(void **state)
{
	static const struct {
		const char *text;
		int error;
	} rows[] = {
		{"", EPROTONOSUPPORT},
		{"Basic realm=\"pbx\"", EPROTONOSUPPORT},
		{"Digest-Like realm=\"r\", nonce=\"n\"", EPROTONOSUPPORT},
		{"Digest", EBADMSG},
		{"Digest realm=\"r\"", EBADMSG},
		{"Digest nonce=\"n\"", EBADMSG},
		{"Digest realm=\"r\", nonce=\"n", EBADMSG},
		{"Digest realm=\"r\", nonce=\"n\\", EBADMSG},
		{"Digest realm=\"r\", nonce=\"n\" x", EBADMSG},
		{"Digest realm=\"r\", nonce=", EBADMSG},
		{"Digest realm=\"r\", nonce=\"n\", =x", EBADMSG},
		{"Digest realm=\"r\", nonce=\"n\", realm=\"s\"", EBADMSG},
		{"Digest realm=\"r\x01\", nonce=\"n\"", EBADMSG},
		{"Digest realm=\"r\", nonce=\"n\", algorithm=MD5-sess", EPROTONOSUPPORT},
		{"Digest realm=\"r\", nonce=\"n\", algorithm=SHA-3", EPROTONOSUPPORT},
		{"Digest realm=\"r\", nonce=\"n\", qop=\"\"", EPROTONOSUPPORT},
		{"Digest realm=\"r\", nonce=\"n\", qop=\"authority\"", EPROTONOSUPPORT},
	};
	struct digest_challenge c;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (digest_challenge_parse(&c, rows[i].text) != rows[i].error)
			fail_msg("%s", rows[i].text);
}

/* Authorization as phones send it. [SIP-055] */
static void credentials_are_read(void **state)
{
	struct digest_credentials c;
	char ha1[DIGEST_HEX_MAX + 1], response[DIGEST_HEX_MAX + 1];

	(void)state;
	assert_int_equal(
		digest_credentials_parse(
			&c, "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", "
			    "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
			    "uri=\"/dir/index.html\", qop=auth, nc=00000001, cnonce=\"0a4f113b\", "
			    "response=\"6629fae49393a05397450978507c4ef1\", opaque=\"5ccc\""),
		0);
	assert_string_equal(c.username, "Mufasa");
	assert_string_equal(c.opaque, "5ccc");
	assert_int_equal(c.nc, 1);
	assert_false(c.has_algorithm);
	digest_ha1(DIGEST_MD5, c.username, c.realm, "Circle Of Life", ha1);
	assert_true(digest_expected(&c, ha1, "GET", NULL, 0, response));
	assert_true(digest_same(response, c.response, 32));
	assert_true(digest_expected(&c, ha1, "PUT", NULL, 0, response));
	assert_false(digest_same(response, c.response, 32));
	/* qop and nc quoted, a count in capitals: hashed as it was written */
	assert_int_equal(digest_credentials_parse(
				 &c, "Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=bare, "
				     "qop=\"auth\", nc=\"0000000A\", cnonce=\"c\", "
				     "algorithm=MD5, "
				     "response=\"6629FAE49393A05397450978507C4EF1\""),
			 0);
	assert_int_equal(c.nc, 10);
	assert_string_equal(c.nc_text, "0000000A");
	assert_string_equal(c.uri, "bare");
}

static void credentials_are_refused(void **state)
{
#define HEAD "Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"sip:x\""
#define MD5  ", response=\"6629fae49393a05397450978507c4ef1\""
	static const struct {
		const char *text;
		int error;
	} rows[] = {
		{HEAD MD5, 0},
		{HEAD, EBADMSG},
		{HEAD ", response=\"6629\"", EBADMSG},
		{HEAD ", response=\"6629fae49393a05397450978507c4efg\"", EBADMSG},
		{HEAD MD5 ", algorithm=SHA-256", EBADMSG}, /* too short for it */
		{HEAD MD5 ", qop=auth", EBADMSG},
		{HEAD MD5 ", qop=auth, nc=1, cnonce=\"c\"", EBADMSG},
		{HEAD MD5 ", qop=auth, nc=0000000g, cnonce=\"c\"", EBADMSG},
		{HEAD MD5 ", qop=auth, nc=00000001, cnonce=\"\"", EBADMSG},
		{HEAD MD5 ", qop=auth, nc=00000001, cnonce=\"c\"", 0},
		{HEAD MD5 ", username=\"v\"", EBADMSG},
		{"Digest realm=\"r\", nonce=\"n\", uri=\"sip:x\"" MD5, EBADMSG},
		{"Basic dTpw", EPROTONOSUPPORT},
	};
	struct digest_credentials c;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (digest_credentials_parse(&c, rows[i].text) != rows[i].error)
			fail_msg("%s", rows[i].text);
}

static void info_is_read(void **state)
{
	struct digest_info info;

	(void)state;
	assert_int_equal(digest_info_parse(&info, "nextnonce=\"nn\", qop=auth, rspauth=\"ab\", "
						  "cnonce=\"c\", nc=0000001f"),
			 0);
	assert_string_equal(info.nextnonce, "nn");
	assert_string_equal(info.rspauth, "ab");
	assert_int_equal(info.nc, 31);
	assert_int_equal(info.qop, DIGEST_QOP_AUTH);
	assert_int_equal(digest_info_parse(&info, "nextnonce=\"n"), EBADMSG);
	assert_int_equal(digest_info_parse(&info, ""), 0);
	assert_string_equal(info.nextnonce, "");
}

/* Texts at their limits and one over. */
static void limits_hold(void **state)
{
	struct digest_challenge c;
	struct buf text = BUF_INIT;

	(void)state;
	for (size_t over = 0; over < 2; over++) {
		buf_reset(&text);
		buf_puts(&text, "Digest nonce=\"n\", realm=\"");
		for (size_t i = 0; i < DIGEST_NAME_MAX + over; i++)
			buf_putc(&text, 'r');
		buf_putc(&text, '"');
		assert_int_equal(digest_challenge_parse(&c, text.data), over ? E2BIG : 0);
		buf_reset(&text);
		buf_puts(&text, "Digest nonce=\"n\", realm=\"r\"");
		for (size_t i = 2; i < DIGEST_PARAMETERS_MAX + over; i++)
			buf_printf(&text, ", p%zu=v", i);
		assert_int_equal(digest_challenge_parse(&c, text.data), over ? E2BIG : 0);
		buf_reset(&text);
		buf_puts(&text, "Digest nonce=\"n\", realm=\"r\", p=");
		while (text.len < strlen("Digest") + DIGEST_TEXT_MAX + over)
			buf_putc(&text, 'v');
		assert_int_equal(digest_challenge_parse(&c, text.data), over ? E2BIG : 0);
	}
	buf_free(&text);
}

/* What is written is read as it was. */
static void written_and_read(void **state)
{
	struct digest_challenge challenge = {
		DIGEST_SHA256, DIGEST_QOP_AUTH, true, true, "r", "n", "o"};
	struct digest_challenge again;
	struct digest_credentials credentials = {.algorithm = DIGEST_SHA256,
						 .has_algorithm = true,
						 .qop = DIGEST_QOP_AUTH,
						 .nc = 0x1a2b,
						 .username = "u",
						 .realm = "r",
						 .nonce = "n",
						 .uri = "sip:juliet@chat.example",
						 .cnonce = "c"};
	struct digest_credentials back;
	struct buf text = BUF_INIT;

	(void)state;
	assert_true(digest_challenge_format(&challenge, &text));
	assert_string_equal(text.data, "Digest realm=\"r\", nonce=\"n\", opaque=\"o\", stale=true, "
				       "algorithm=SHA-256, qop=\"auth\"");
	assert_int_equal(digest_challenge_parse(&again, text.data), 0);
	assert_memory_equal(&again, &challenge, sizeof again);
	buf_reset(&text);
	memset(credentials.response, 'a', 64);
	assert_true(digest_credentials_format(&credentials, &text));
	assert_non_null(strstr(text.data, ", qop=auth, nc=00001a2b, cnonce=\"c\""));
	assert_int_equal(digest_credentials_parse(&back, text.data), 0);
	assert_string_equal(back.nc_text, "00001a2b");
	memset(back.nc_text, 0, sizeof back.nc_text);
	assert_memory_equal(&back, &credentials, sizeof back);
	buf_reset(&text);
	strcpy(credentials.username, "a\" , b"); /* SEC-060: nothing gets out of its quotes */
	assert_false(digest_credentials_format(&credentials, &text));
	strcpy(challenge.realm, "a\r\nX: 1");
	assert_false(digest_challenge_format(&challenge, &text));
	assert_int_equal(text.len, 0);
	buf_free(&text);
}

static void compares_digits(void **state)
{
	(void)state;
	assert_true(digest_same("0aF9", "0Af9", 4));
	assert_false(digest_same("0aF9", "0aF8", 4));
	assert_false(digest_same("0aF9", "0aF", 4));
	assert_false(digest_same("0aF9", "0aF9", 3));
	assert_false(digest_same("0aG9", "0aG9", 4));
	assert_false(digest_same("0a:9", "0a:9", 4));
	assert_false(digest_same("0a/9", "0a/9", 4));
	assert_false(digest_same("0a`9", "0a`9", 4));
	assert_false(digest_same("", "", 0));
	for (int a = 1; a < 256; a++)
		for (int b = 1; b < 256; b++) {
			char left[2] = {(char)a, 0}, right[2] = {(char)b, 0};
			bool is_hex = strchr("0123456789abcdefABCDEF", a) != NULL;

			assert_int_equal(digest_same(left, right, 1),
					 is_hex && tolower(a) == tolower(b));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_of_the_rfcs), cmocka_unit_test(auth_int_has_the_body),
		cmocka_unit_test(challenges_are_read),  cmocka_unit_test(challenges_are_refused),
		cmocka_unit_test(credentials_are_read), cmocka_unit_test(credentials_are_refused),
		cmocka_unit_test(info_is_read),         cmocka_unit_test(limits_hold),
		cmocka_unit_test(written_and_read),     cmocka_unit_test(compares_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
