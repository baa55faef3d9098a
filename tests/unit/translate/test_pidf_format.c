/* pidf: what we write, and that it reads back as it was. */
#include <locale.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/presence.h"
#include "support/check.h"
#include "translate/pidf.h"

/* How a document is read: limit and Content-Language. */
#define READING(max, lang) (&(const struct pidf_reading){.max_bytes = (max), .language = (lang)})

static const unsigned char key[16] = "0123456789abcdef";
static const struct pidf_params params = {
	.entity = "sip:juliet@chat.example", .contact = "sip:juliet@chat.example", .key = key};

static void format(const struct presence *presence, struct buf *out)
{
	pidf_format(presence, &params, out);
}

static struct device *add(struct presence *presence, const char *id, enum basic basic,
			  enum show show, int priority)
{
	struct device *device = presence_add_device(presence, id);

	assert_non_null(device);
	device->basic = basic;
	device->show = show;
	device->priority = priority;
	return device;
}

static void note(struct notes *notes, const char *lang, const char *text)
{
	notes_add(notes, lang, text, strlen(text));
}

#define HEAD                                                                                       \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?><presence "                                     \
	"xmlns=\"urn:ietf:params:xml:ns:pidf\""
#define RICH                                                                                       \
	" xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\""                                     \
	" xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\""
#define ENTITY " entity=\"sip:juliet@chat.example\">"

/* The whole document, the id being what the key makes of the name. */
static void check_text(const struct presence *presence, const char *before, const char *after)
{
	struct buf out = BUF_INIT;

	format(presence, &out);
	if (strncmp(out.data, before, strlen(before)) != 0)
		fail_msg("%s\ndoes not begin %s", out.data, before);
	if (out.len < strlen(after) || strcmp(out.data + out.len - strlen(after), after) != 0)
		fail_msg("%s\ndoes not end %s", out.data, after);
	assert_int_equal(out.len, strlen(before) + 16 + strlen(after));
	buf_free(&out);
}

/* [PIDF-002] [PIDF-005] [PIDF-006] [PIDF-010] [PIDF-013] [PIDF-016] [PIDF-019] [PIDF-045]
 * [PRES-108] [PRES-110] [PRES-113] [PRES-114] [PRES-118] [D-28] [D-29] [RPR-005]
 * [REQ-027] [REQ-029] [REQ-054] [XCP-023] [PRES-117]
 * [PIDF-029]
 * [PRES-109] [PRES-111] [XCP-030] */
static void writes_one_device(void **state)
{
	struct presence presence = {0};
	struct device *device = add(&presence, "desk", BASIC_OPEN, SHOW_DND, 10);

	(void)state;
	note(&device->notes, "en", "Writing <the> report");
	device->since_ms = INT64_C(1714979289000);
	check_text(
		&presence, HEAD RICH ENTITY "<tuple id=\"ID-",
		"\"><status><basic>open</basic><show xmlns=\"jabber:client\">dnd</show></status>"
		"<contact priority=\"0.078\">sip:juliet@chat.example</contact>"
		"<note xml:lang=\"en\">Writing &lt;the&gt; report</note>"
		"<timestamp>2024-05-06T07:08:09Z</timestamp></tuple>"
		"<dm:person id=\"p1\"><rpid:activities><rpid:busy/></rpid:activities></dm:person>"
		"</presence>");
	presence_clear(&presence);
}

static void writes_available_without_rpid(void **state)
{
	struct presence presence = {0};

	(void)state;
	(void)add(&presence, "desk", BASIC_OPEN, SHOW_NONE, 0);
	check_text(&presence, HEAD ENTITY "<tuple id=\"ID-",
		   "\"><status><basic>open</basic></status>"
		   "<contact priority=\"0\">sip:juliet@chat.example</contact></tuple></presence>");
	presence_clear(&presence);
}

/* [PRES-121] never no tuple; XCP-038.
 * [XCP-038] [REQ-055] */
static void writes_a_closed_tuple_for_nothing(void **state)
{
	struct presence presence = {0};

	(void)state;
	check_text(&presence, HEAD ENTITY "<tuple id=\"ID-",
		   "\"><status><basic>closed</basic></status><contact>sip:juliet@chat.example</"
		   "contact>"
		   "</tuple></presence>");
	(void)add(&presence, "silent", BASIC_UNSET, SHOW_DND, 5);
	check_text(&presence, HEAD ENTITY "<tuple id=\"ID-",
		   "\"><status><basic>closed</basic></status><contact>sip:juliet@chat.example</"
		   "contact>"
		   "</tuple></presence>");
	presence_clear(&presence);
}

/* [PRES-120] a closed device keeps its reason and loses its show (PRES-139). */
static void writes_a_closed_device(void **state)
{
	struct presence presence = {0};
	struct device *device =
		add(&presence, "desk", BASIC_CLOSED, SHOW_AWAY, PRESENCE_PRIORITY_UNSET);

	(void)state;
	note(&device->notes, "", "gone home");
	check_text(&presence, HEAD ENTITY "<tuple id=\"ID-",
		   "\"><status><basic>closed</basic></status><contact>sip:juliet@chat.example</"
		   "contact>"
		   "<note>gone home</note></tuple></presence>");
	presence_clear(&presence);
}

static const struct {
	enum show show;
	const char *activity;
} shows[] = {
	/* [D-28] [PRES-112] basic stays open */
	{SHOW_NONE, NULL},
	{SHOW_CHAT, NULL},
	{SHOW_AWAY, "<rpid:activities><rpid:away/></rpid:activities>"},
	{SHOW_XA, "<rpid:activities><rpid:away/></rpid:activities>"},
	{SHOW_DND, "<rpid:activities><rpid:busy/></rpid:activities>"},
};

/* [PIDF-043]
 * [PRES-214] */
static void writes_activity_for_show(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(shows); i++) {
		struct presence presence = {0};
		struct buf out = BUF_INIT;

		(void)add(&presence, "d", BASIC_OPEN, shows[i].show, 0);
		format(&presence, &out);
		assert_non_null(strstr(out.data, "<basic>open</basic>"));
		if (shows[i].activity == NULL)
			assert_null(strstr(out.data, "rpid"));
		else
			assert_non_null(strstr(out.data, shows[i].activity));
		buf_free(&out);
		presence_clear(&presence);
	}
}

/* [RPR-015] [RPR-017] [RPR-029] the person as it is, in schema order. */
static void writes_the_person(void **state)
{
	struct presence presence = {0};
	struct buf out = BUF_INIT;

	(void)state;
	(void)add(&presence, "d", BASIC_OPEN, SHOW_AWAY, 0);
	presence.person.activities = 1u << ACTIVITY_LUNCH | 1u << ACTIVITY_UNKNOWN |
				     1u << ACTIVITY_MEAL | 1u << ACTIVITY_TV;
	presence.person.idle = true;
	presence.person.idle_since_ms = INT64_C(1714979289000);
	note(&presence.person.notes, "en", "back at 3");
	note(&presence.notes, "", "of the user");
	format(&presence, &out);
	assert_null(strstr(out.data, "pidf:status")); /* [PIDF-044] */
	assert_non_null(strstr(
		out.data, "</tuple><note>of the user</note><dm:person "
			  "id=\"p1\"><rpid:activities><rpid:meal/><rpid:tv/>"
			  "</rpid:activities><rpid:user-input "
			  "last-input=\"2024-05-06T07:08:09Z\">idle</rpid:user-input>"
			  "<dm:note xml:lang=\"en\">back at 3</dm:note></dm:person></presence>"));
	buf_free(&out);
	presence_clear(&presence);
}

/* [PRES-119] [PIDF-015] [CMP-038] all devices in one document, best first.
 * [EVT-045]
 * [XCP-036] */
static void sorts_devices(void **state)
{
	static const char *const wanted[] = {"nine", "five", "chat", "plain",
					     "away", "xa",   "dnd",  "gone"};
	struct presence presence = {0};
	struct presence back;
	struct buf out = BUF_INIT;

	(void)state;
	(void)add(&presence, "gone", BASIC_CLOSED, SHOW_NONE, 100);
	(void)add(&presence, "dnd", BASIC_OPEN, SHOW_DND, 1);
	(void)add(&presence, "plain", BASIC_OPEN, SHOW_NONE, 1);
	(void)add(&presence, "five", BASIC_OPEN, SHOW_DND, 5);
	(void)add(&presence, "xa", BASIC_OPEN, SHOW_XA, 1);
	(void)add(&presence, "nine", BASIC_OPEN, SHOW_XA, 9);
	(void)add(&presence, "away", BASIC_OPEN, SHOW_AWAY, 1);
	(void)add(&presence, "chat", BASIC_OPEN, SHOW_CHAT, 1);
	for (size_t i = 0; i < presence.device_count; i++)
		note(&presence.devices[i].notes, "", presence.devices[i].id);
	format(&presence, &out);
	assert_int_equal(pidf_parse(out.data, out.len, READING(out.len, NULL), &back), 0);
	assert_int_equal(back.device_count, CHECK_COUNT(wanted));
	for (size_t i = 0; i < CHECK_COUNT(wanted); i++)
		assert_string_equal(back.devices[i].notes.items[0].text, wanted[i]);
	/* [D-28] the person shows what the best device does */
	assert_int_equal(back.person.activities, 1u << ACTIVITY_AWAY);
	buf_free(&out);
	presence_clear(&back);
	presence_clear(&presence);
}

/* [PRES-115] [PRES-134] [PIDF-021] exact inverses over the whole scale, in any locale; [PRES-124]
 * negative ones have no attribute and stay open.
 * [XCP-028] */
static void priorities_come_back(void **state)
{
	(void)state;
	(void)setlocale(LC_ALL, "de_DE.UTF-8");
	for (int priority = -128; priority <= 127; priority++) {
		struct presence presence = {0};
		struct presence back;
		struct buf out = BUF_INIT;
		char wanted[40];

		(void)add(&presence, "d", BASIC_OPEN, SHOW_NONE, priority);
		format(&presence, &out);
		(void)snprintf(wanted, sizeof wanted, "<contact priority=\"%d", priority == 127);
		assert_int_equal(strstr(out.data, wanted) != NULL, priority >= 0);
		assert_int_equal(pidf_parse(out.data, out.len, READING(out.len, NULL), &back), 0);
		assert_int_equal(back.devices[0].priority,
				 priority < 0 ? PRESENCE_PRIORITY_UNSET : priority);
		assert_int_equal(back.devices[0].basic, BASIC_OPEN);
		buf_free(&out);
		presence_clear(&back);
		presence_clear(&presence);
	}
	(void)setlocale(LC_ALL, "C");
}

static const struct {
	int priority;
	const char *wanted;
} printed[] = {
	{0, "priority=\"0\""},      {1, "priority=\"0.007\""},   {2, "priority=\"0.015\""},
	{13, "priority=\"0.102\""}, {126, "priority=\"0.992\""}, {127, "priority=\"1\""},
};

static void priorities_are_those_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(printed); i++) {
		struct presence presence = {0};
		struct buf out = BUF_INIT;

		(void)add(&presence, "d", BASIC_OPEN, SHOW_NONE, printed[i].priority);
		format(&presence, &out);
		assert_non_null(strstr(out.data, printed[i].wanted));
		buf_free(&out);
		presence_clear(&presence);
	}
}

static void id_of(const char *resource, const unsigned char *with, char id[20])
{
	struct presence presence = {0};
	struct pidf_params p = params;
	struct buf out = BUF_INIT;
	const char *at;

	p.key = with;
	(void)add(&presence, resource, BASIC_OPEN, SHOW_NONE, 0);
	pidf_format(&presence, &p, &out);
	at = strstr(out.data, "<tuple id=\"");
	assert_non_null(at);
	memcpy(id, at + 11, 19);
	id[19] = '\0';
	buf_free(&out);
	presence_clear(&presence);
}

/* [D-10] [PIDF-011] [PIDF-012] [PRES-103] stable, distinct, a name, and telling nothing.
 * [PRES-104] [RPR-003] */
static void ids_are_keyed(void **state)
{
	static const unsigned char other_key[16] = "fedcba9876543210";
	char a[20], b[20];

	(void)state;
	id_of("Gajim on juliet's laptop", key, a);
	id_of("Gajim on juliet's laptop", key, b);
	assert_string_equal(a, b);
	assert_int_equal(strspn(a, "ID-0123456789abcdef"), 19);
	assert_memory_equal(a, "ID-", 3);
	id_of("7 phone", key, b);
	assert_string_not_equal(a, b);
	id_of("Gajim on juliet's laptop", other_key, b);
	assert_string_not_equal(a, b);
	id_of(NULL, key, b);
	assert_string_not_equal(a, b);
}

/* parse(format(x)) is x, but for ids. */
static void check_comes_back(struct presence *presence)
{
	struct presence back;
	struct buf out = BUF_INIT;

	format(presence, &out);
	assert_int_equal(pidf_parse(out.data, out.len, READING(PIDF_MAX_BYTES, NULL), &back), 0);
	assert_int_equal(back.device_count, presence->device_count);
	for (size_t i = 0; i < back.device_count; i++) {
		assert_true(back.devices[i].since_ms == presence->devices[i].since_ms);
		mem_free(back.devices[i].id);
		back.devices[i].id = mem_strdup(presence->devices[i].id);
	}
	if (!presence_equal(&back, presence))
		fail_msg("came back changed: %s", out.data);
	buf_free(&out);
	presence_clear(&back);
	presence_clear(presence);
}

/* [REQ-060] */
static void what_is_written_is_read_back(void **state)
{
	struct presence presence = {0};
	struct device *device = add(&presence, "a", BASIC_OPEN, SHOW_DND, 127);

	(void)state;
	note(&device->notes, "en", "a <b> & \"c\" 'd' ]]> \xE2\x98\x95");
	note(&device->notes, "", "l1\nl2");
	device->since_ms = INT64_C(1714979289123);
	device = add(&presence, "b", BASIC_OPEN, SHOW_XA, 64);
	device->since_ms = INT64_C(1714979289000);
	(void)add(&presence, "c", BASIC_OPEN, SHOW_CHAT, 0);
	(void)add(&presence, "d", BASIC_CLOSED, SHOW_NONE, PRESENCE_PRIORITY_UNSET);
	note(&presence.person.notes, "de", "person");
	note(&presence.notes, "", "user");
	presence.person.activities = 1u << ACTIVITY_BUSY;
	presence.person.idle = true;
	presence.person.idle_since_ms = INT64_C(1714979280000);
	check_comes_back(&presence);
}

static void every_activity_comes_back(void **state)
{
	(void)state;
	for (int i = 0; i < ACTIVITY_COUNT; i++) {
		struct presence presence = {0};

		if (i == ACTIVITY_LUNCH)
			continue; /* RPR-017: written as a meal */
		(void)add(&presence, "a", BASIC_OPEN, SHOW_NONE, 0);
		presence.person.activities = UINT32_C(1) << i;
		check_comes_back(&presence);
	}
}

/* [SOF-012] One device, with all it can say and a status of ordinary length, leaves a NOTIFY far
 * below 1,300 bytes. */
static void is_small(void **state)
{
	struct presence presence = {0};
	struct device *device = add(&presence, "a", BASIC_OPEN, SHOW_AWAY, 50);
	struct buf out = BUF_INIT;

	(void)state;
	note(&device->notes, "en",
	     "At the customer's until four, then in the train home; call if urgent");
	device->since_ms = INT64_C(1714979289123);
	presence.person.idle = true;
	presence.person.idle_since_ms = INT64_C(1714979280000);
	format(&presence, &out);
	assert_true(out.len < 800);
	buf_free(&out);
	presence_clear(&presence);
}

/* [SEC-052] [PBX-053]: who has many clients and many languages cannot make documents that no
 * datagram holds: notes are left out, no device is, and the best one's own note stays. */
static void is_never_too_large(void **state)
{
	struct presence presence = {0}, back = {0};
	struct buf out = BUF_INIT;
	char text[PRESENCE_NOTE_BYTES_MAX + 1], name[16];

	(void)state;
	memset(text, '<', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	for (int i = 0; i < PRESENCE_DEVICES_MAX; i++) {
		snprintf(name, sizeof name, "d%d", i);
		struct device *device = add(&presence, name, BASIC_OPEN, SHOW_DND, 127 - i);

		for (int k = 0; k < PRESENCE_NOTES_MAX; k++) {
			snprintf(name, sizeof name, "x%c", 'a' + k);
			note(&device->notes, name, text);
			note(&presence.notes, name, text);
			note(&presence.person.notes, name, text);
		}
	}
	format(&presence, &out);
	assert_in_range(out.len, 1, 48 * 1024);
	assert_int_equal(pidf_parse(out.data, out.len, READING(PIDF_MAX_BYTES, NULL), &back), 0);
	assert_int_equal(back.device_count, PRESENCE_DEVICES_MAX);
	assert_string_equal(back.devices[0].notes.items[0].text, text);
	buf_free(&out);
	presence_clear(&presence);
	presence_clear(&back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_one_device),
		cmocka_unit_test(writes_available_without_rpid),
		cmocka_unit_test(writes_a_closed_tuple_for_nothing),
		cmocka_unit_test(writes_a_closed_device),
		cmocka_unit_test(writes_activity_for_show),
		cmocka_unit_test(writes_the_person),
		cmocka_unit_test(sorts_devices),
		cmocka_unit_test(priorities_come_back),
		cmocka_unit_test(priorities_are_those_of_the_table),
		cmocka_unit_test(ids_are_keyed),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(every_activity_comes_back),
		cmocka_unit_test(is_small),
		cmocka_unit_test(is_never_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
