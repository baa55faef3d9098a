/* Capabilities (XEP-0115): the examples of the specification, and what is ill-formed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strophe.h>

#include "base/buf.h"
#include "support/check.h"
#include "xmpp/caps.h"

#define QUERY "<query xmlns='http://jabber.org/protocol/disco#info'>"
#define END   "</query>"

/* [X0115-2] [X0115-3]: section 5.2 */
static void what_we_are_is_hashed(void **state)
{
	static const struct caps_identity exodus = {"client", "pc", NULL, "Exodus 0.9.1"};
	static const char *const features[] = {
		"http://jabber.org/protocol/disco#items", "http://jabber.org/protocol/muc",
		"http://jabber.org/protocol/caps", "http://jabber.org/protocol/disco#info", NULL};
	static const struct caps_identity two[] = {
		{"client", "pc", "el", "\xce\xa8 0.11"},
		{"client", "pc", "en", "Psi 0.11"},
	};
	char ver[CAPS_VER_CHARS + 1], other[CAPS_VER_CHARS + 1];

	(void)state;
	caps_ver(&exodus, 1, features, ver);
	assert_string_equal(ver, "QgayPKawpkPSDYmwT/WM94uAlu0=");
	/* the order in which they are told does not matter */
	caps_ver(two, 2, features, ver);
	caps_ver((struct caps_identity[]){two[1], two[0]}, 2, features, other);
	assert_string_equal(ver, other);
}

struct example {
	const char *what;
	const char *query;
	int error;
	const char *ver; /* NULL: any */
	unsigned wants;
};

#define PC_IDENTITIES                                                                              \
	"<identity category='client' name='Psi 0.11' type='pc' xml:lang='en'/>"                    \
	"<identity category='client' name='\xce\xa8 0.11' type='pc' xml:lang='el'/>"
#define PC_FEATURES                                                                                \
	"<feature var='http://jabber.org/protocol/caps'/>"                                         \
	"<feature var='http://jabber.org/protocol/disco#info'/>"                                   \
	"<feature var='http://jabber.org/protocol/disco#items'/>"                                  \
	"<feature var='http://jabber.org/protocol/muc'/>"
#define FORM_TYPE                                                                                  \
	"<field var='FORM_TYPE' "                                                                  \
	"type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>"
#define FORM_FIELDS                                                                                \
	"<field var='ip_version' type='text-multi'><value>ipv4</value><value>ipv6</value></field>" \
	"<field var='os'><value>Mac</value></field>"                                               \
	"<field var='os_version'><value>10.5.1</value></field>"                                    \
	"<field var='software'><value>Psi</value></field>"                                         \
	"<field var='software_version'><value>0.11</value></field>"
#define X(fields)     "<x xmlns='jabber:x:data' type='result'>" fields "</x>"
#define FEATURE(name) "<feature var='" name "'/>"
#define PC            "<identity category='client' type='pc'/>"

/* [X0115-3] section 5.3; [X0115-4] section 5.4 */
static const struct example examples[] = {
	{"exodus",
	 QUERY "<identity category='client' name='Exodus 0.9.1' type='pc'/>" PC_FEATURES END, 0,
	 "QgayPKawpkPSDYmwT/WM94uAlu0=", 0},
	{"psi", QUERY PC_IDENTITIES PC_FEATURES X(FORM_TYPE FORM_FIELDS) END, 0,
	 "q07IKJEyjvHSyhy//CH0CxmKi8w=", 0},
	{"psi in another order", QUERY X(FORM_FIELDS FORM_TYPE) PC_FEATURES PC_IDENTITIES END, 0,
	 "q07IKJEyjvHSyhy//CH0CxmKi8w=", 0},
	{"a form without FORM_TYPE does not count",
	 QUERY "<identity category='client' name='Exodus 0.9.1' type='pc'/>" PC_FEATURES X(
		 FORM_FIELDS) END,
	 0, "QgayPKawpkPSDYmwT/WM94uAlu0=", 0},
	{"a FORM_TYPE that is not hidden does not count",
	 QUERY "<identity category='client' name='Exodus 0.9.1' type='pc'/>" PC_FEATURES X(
		 "<field var='FORM_TYPE'><value>a</value></field>") END,
	 0, "QgayPKawpkPSDYmwT/WM94uAlu0=", 0},
	{"mood and nick",
	 QUERY PC FEATURE("http://jabber.org/protocol/mood+notify")
		 FEATURE("http://jabber.org/protocol/nick+notify") END,
	 0, NULL, CAPS_MOOD | CAPS_NICK},
	{"activity", QUERY PC FEATURE("http://jabber.org/protocol/activity+notify") END, 0, NULL,
	 CAPS_ACTIVITY},
	{"chat states", QUERY PC FEATURE("http://jabber.org/protocol/chatstates") END, 0,
	 "iwiiK12C8iGoq+gjy4eofQNqDhg=", CAPS_STATES},
	{"without notify", QUERY PC FEATURE("http://jabber.org/protocol/activity") END, 0, NULL, 0},
	{"nothing", QUERY END, 0, NULL, 0},
	{"a feature twice",
	 QUERY PC FEATURE("http://jabber.org/protocol/mood+notify") FEATURE("a") FEATURE("b")
		 FEATURE("a") END,
	 EBADMSG, NULL, 0},
	{"an identity twice", QUERY PC PC FEATURE("a") END, EBADMSG, NULL, 0},
	{"a FORM_TYPE twice", QUERY PC X(FORM_TYPE) X(FORM_TYPE FORM_FIELDS) END, EBADMSG, NULL, 0},
	{"two values of FORM_TYPE",
	 QUERY PC X("<field var='FORM_TYPE' type='hidden'><value>a</value><value>b</value></field>")
		 END,
	 EBADMSG, NULL, 0},
};

/* Sorted part by part: what looks the same in one string is not the same place. */
static void parts_are_sorted(void **state)
{
	xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, NULL);
	/* os < os-x by name, although '-' comes before the separator */
	static const char *const same[] = {
		QUERY X(FORM_TYPE "<field var='os'><value>1</value></field>"
				  "<field var='os-x'><value>2</value></field>") END,
		QUERY X("<field var='os-x'><value>2</value></field>" FORM_TYPE
			"<field var='os'><value>1</value></field>") END,
	};
	char ver[2][CAPS_VER_CHARS + 1];
	unsigned wants;

	(void)state;
	for (int i = 0; i < 2; i++) {
		xmpp_stanza_t *query = xmpp_stanza_new_from_string(ctx, same[i]);

		assert_non_null(query);
		assert_int_equal(caps_read(query, ver[i], &wants), 0);
		xmpp_stanza_release(query);
	}
	assert_string_equal(ver[0], ver[1]);
	xmpp_ctx_free(ctx);
	/* sha1 of "urn:xmpp:dataforms:softwareinfo<os<1<os-x<2<" */
	assert_string_equal(ver[0], "uc+rZqk93S1+H5iNlqwRBC3dYrA=");
}

static void answers_are_read(void **state)
{
	xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, NULL);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(examples); i++) {
		xmpp_stanza_t *query = xmpp_stanza_new_from_string(ctx, examples[i].query);
		char ver[CAPS_VER_CHARS + 1] = "";
		unsigned wants = 99;

		if (query == NULL)
			fail_msg("%s: not XML", examples[i].what);
		if (caps_read(query, ver, &wants) != examples[i].error ||
		    wants != examples[i].wants ||
		    (examples[i].ver != NULL && strcmp(ver, examples[i].ver) != 0))
			fail_msg("%s: %s %u", examples[i].what, ver, wants);
		xmpp_stanza_release(query);
	}
	xmpp_ctx_free(ctx);
}

/* One answer does not hold us up: no more than so many items are looked at. */
static void answers_are_bounded(void **state)
{
	xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, NULL);
	struct buf text = BUF_INIT;
	char ver[CAPS_VER_CHARS + 1];
	unsigned wants;
	xmpp_stanza_t *query;

	(void)state;
	buf_puts(&text, QUERY PC);
	for (int i = 0; i < CAPS_ITEMS_MAX; i++)
		buf_printf(&text, "<feature var='f%d'/>", i);
	buf_puts(&text, END);
	query = xmpp_stanza_new_from_string(ctx, buf_text(&text));
	assert_non_null(query);
	assert_int_equal(caps_read(query, ver, &wants), E2BIG);
	xmpp_stanza_release(query);
	buf_free(&text);
	xmpp_ctx_free(ctx);
}

struct mark_example {
	const char *presence;
	bool is_there;
	const char *hash;
};

/* A mark that cannot be used is none. */
static void marks_are_found(void **state)
{
	static const struct mark_example table[] = {
		{"<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' "
		 "ver='v'/></presence>",
		 true, "sha-1"},
		{"<presence><c xmlns='http://jabber.org/protocol/caps' node='n' "
		 "ver='v'/></presence>",
		 true, NULL},
		{"<presence><c xmlns='http://jabber.org/protocol/caps' node='n'/></presence>",
		 false, NULL},
		{"<presence><c xmlns='http://jabber.org/protocol/caps' node='' ver='v'/>"
		 "</presence>",
		 false, NULL},
		{"<presence><c xmlns='urn:x' hash='sha-1' node='n' ver='v'/></presence>", false,
		 NULL},
		{"<presence/>", false, NULL},
	};
	xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, NULL);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(table); i++) {
		xmpp_stanza_t *stanza = xmpp_stanza_new_from_string(ctx, table[i].presence);
		struct caps_mark mark;

		assert_non_null(stanza);
		assert_int_equal(caps_find(stanza, &mark), table[i].is_there);
		if (table[i].is_there && table[i].hash == NULL)
			assert_null(mark.hash);
		else if (table[i].is_there)
			assert_string_equal(mark.hash, table[i].hash);
		xmpp_stanza_release(stanza);
	}
	xmpp_ctx_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_we_are_is_hashed), cmocka_unit_test(answers_are_read),
		cmocka_unit_test(parts_are_sorted),      cmocka_unit_test(answers_are_bounded),
		cmocka_unit_test(marks_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
