/* rpid: rich presence inside a presence document, read and written. */
#include <stdio.h>
#include <strophe.h>

#include "base/buf.h"
#include "model/presence.h"
#include "model/presence_view.h"
#include "model/profile.h"
#include "model/rich.h"
#include "support/check.h"
#include "translate/pep.h"
#include "translate/pidf.h"
#include "unit/translate/describe.h"

/* 2026-05-05T10:00:00Z */
#define NOW INT64_C(1777975200000)

#define HEAD                                                                                       \
	"<presence xmlns='urn:ietf:params:xml:ns:pidf'"                                            \
	" xmlns:dm='urn:ietf:params:xml:ns:pidf:data-model'"                                       \
	" xmlns:r='urn:ietf:params:xml:ns:pidf:rpid'"                                              \
	" xmlns:c='urn:ietf:params:xml:ns:pidf:cipid'"                                             \
	" xmlns:ts='urn:ietf:params:xml:ns:pidf:timed-status'"                                     \
	" xmlns:caps='urn:ietf:params:xml:ns:pidf:caps'"                                           \
	" xmlns:lt='urn:ietf:params:xml:ns:location-type'"                                         \
	" xmlns:gp='urn:ietf:params:xml:ns:pidf:geopriv10' entity='sip:a@b'>"
#define TUPLE(inside)    "<tuple id='t'><status><basic>open</basic></status>" inside "</tuple>"
#define PERSON(inside)   HEAD TUPLE("") "<dm:person id='p'>" inside "</dm:person></presence>"
#define DOCUMENT(inside) HEAD inside "</presence>"

static void parse(const char *text, int64_t now_ms, struct presence *out)
{
	const struct pidf_reading reading = {.max_bytes = PIDF_MAX_BYTES, .now_ms = now_ms};

	*out = (struct presence){0};
	if (pidf_parse(text, strlen(text), &reading, out) != 0)
		fail_msg("cannot be read: %s", text);
}

static const struct {
	const char *text;
	const char *wanted;
} reads[] = {
	/* [RPR-001] [RPR-002] [RPR-014] [RPR-017] */
	{PERSON("<r:activities><r:meeting/><r:lunch/></r:activities>"),
	 "t open; person lunch meeting"},
	{PERSON("<r:activities>busy</r:activities>"), "t open"},
	/* [RPR-015] values of others are passed over; other is free text, or a word of XEP-0108 */
	{PERSON("<r:activities><x xmlns='urn:x'/><r:tv/></r:activities>"), "t open; person tv"},
	{PERSON("<r:activities><r:other xml:lang='en'>kite flying</r:other></r:activities>"),
	 "t open; person other 'kite flying'@en; rich 'kite flying'@en"},
	{PERSON("<r:activities><r:other>having coffee</r:other></r:activities>"),
	 "t open; person other; rich activity=drinking/having_coffee"},
	/* the note of the activities is the user's where he has none of his own; [RPR-006] */
	{PERSON("<r:activities><r:note>til 3</r:note><r:meeting/></r:activities>"),
	 "t open; person meeting 'til 3'; rich 'til 3'"},
	{PERSON("<r:activities><r:note>til 3</r:note><r:meeting/></r:activities>"
		"<dm:note>mine</dm:note>"),
	 "t open; person meeting 'mine'; rich 'til 3'"},
	/* [RPR-012] [RPR-013] what covers now, else what has no bounds */
	{PERSON("<r:activities from='2026-05-05T09:00:00Z' until='2026-05-05T11:00:00Z'>"
		"<r:meeting/></r:activities>"
		"<r:activities from='2026-05-05T11:00:00Z'><r:travel/></r:activities>"),
	 "t open; person meeting"},
	{PERSON("<r:activities><r:working/></r:activities>"
		"<r:activities from='2026-05-05T12:00:00+02:00'><r:meeting/></r:activities>"),
	 "t open; person meeting"},
	{PERSON("<r:activities><r:working/></r:activities>"
		"<r:activities until='2026-05-05T10:00:00'><r:meeting/></r:activities>"),
	 "t open; person working"},
	{PERSON("<r:activities from='2026-05-06T00:00:00Z'><r:vacation/></r:activities>"),
	 "t open"},
	{PERSON("<r:activities from='soon'><r:vacation/></r:activities>"),
	 "t open; person vacation"},
	{PERSON("<r:mood until='2026-05-05T09:59:59.5Z'><r:happy/></r:mood>"
		"<r:mood from='2026-05-05T09:59:59.5Z'><r:sad/></r:mood>"),
	 "t open; rich mood=sad"},
	/* [RPR-019] [RPR-020] [RPR-021] */
	{PERSON("<r:mood><r:in_awe/></r:mood>"), "t open; rich mood=in_awe"},
	{PERSON("<r:mood><r:note xml:lang='en'>why not</r:note><r:angry/></r:mood>"),
	 "t open; rich mood=angry 'why not'@en"},
	{PERSON("<r:mood><r:angry/><r:sad/><r:other>betrayed</r:other></r:mood>"),
	 "t open; rich mood=angry 'sad, betrayed'"},
	{PERSON("<r:mood><r:note>hm</r:note><r:angry/><r:sad/></r:mood>"),
	 "t open; rich mood=angry 'hm (sad)'"},
	{PERSON("<r:mood><r:other>grateful</r:other></r:mood>"), "t open; rich mood=grateful"},
	{PERSON("<r:mood><r:unknown/></r:mood>"), "t open; rich mood=undefined"},
	{PERSON("<r:mood><r:ecstatic/><x xmlns='urn:x'/></r:mood>"), "t open"},
	/* [RPR-022] [RPR-023] [RPR-024] */
	{PERSON("<r:place-is><r:audio><r:noisy/></r:audio><r:video><r:toobright/></r:video>"
		"<r:text><r:inappropriate/></r:text></r:place-is>"),
	 "t open; rich audio=noisy video=toobright text=inappropriate"},
	{PERSON("<r:place-is><r:audio><r:loud/></r:audio></r:place-is>"), "t open"},
	{PERSON("<r:place-type><lt:bus-station/></r:place-type>"),
	 "t open; rich place=bus-station"},
	{PERSON("<r:place-type><r:note>n</r:note><r:other>the garden</r:other></r:place-type>"),
	 "t open; rich place=the garden"},
	{PERSON("<r:privacy><r:audio/><r:video/></r:privacy>"), "t open; rich privacy=5"},
	{PERSON("<r:privacy><r:unknown/></r:privacy>"), "t open"},
	/* [RPR-027] with the RFC's own free text */
	{PERSON("<r:sphere><r:work/></r:sphere>"), "t open; rich sphere=work"},
	{PERSON("<r:sphere>bowling league</r:sphere>"), "t open; rich sphere=bowling league"},
	{PERSON("<r:sphere><club xmlns='urn:x'/></r:sphere>"), "t open; rich sphere=club"},
	/* [RPR-028] */
	{PERSON("<r:time-offset description='America/New_York'> -240 </r:time-offset>"),
	 "t open; rich utc-240"},
	{PERSON("<r:time-offset>+330</r:time-offset>"), "t open; rich utc+330"},
	{PERSON("<r:time-offset>1000</r:time-offset>"), "t open"},
	{PERSON("<r:time-offset>-</r:time-offset>"), "t open"},
	{PERSON("<r:time-offset>99999999999999999999</r:time-offset>"), "t open"},
	{PERSON("<r:time-offset>6e1</r:time-offset>"), "t open"},
	/* [RPR-029] never in the future */
	{PERSON("<r:user-input idle-threshold='600' last-input='2026-05-05T09:58:00Z'>idle"
		"</r:user-input>"),
	 "t open; person idle 1777975080000"},
	{PERSON("<r:user-input last-input='2026-05-05T11:00:00Z'>idle</r:user-input>"),
	 "t open; person idle 1777975200000"},
	/* [RPR-030] [RPR-031] */
	{PERSON("<r:class>vip</r:class><r:status-icon>http://a/b.png</r:status-icon>"), "t open"},
	/* [RPR-032] [RPR-033] */
	{PERSON("<c:display-name>Alice Lewis</c:display-name><c:homepage>http://e/~a</c:homepage>"
		"<c:icon>https://e/a.png</c:icon><c:card>https://e/a.vcf</c:card>"
		"<c:map>http://e/m</c:map><c:sound>http://e/s</c:sound>"),
	 "t open; rich name=Alice Lewis homepage=http://e/~a icon=https://e/a.png "
	 "card=https://e/a.vcf"},
	{PERSON("<c:display-name xml:lang='en'>Alice</c:display-name>"
		"<c:display-name xml:lang='fr'>Alix</c:display-name>"
		"<c:homepage>javascript:alert(1)</c:homepage>"),
	 "t open; rich name=Alice"},
	{DOCUMENT(TUPLE("<c:display-name>Of\ntuple</c:display-name>")),
	 "t open; rich name=Of tuple"},
	/* [PIDF-046] what older software says of the person in tuple and status */
	{DOCUMENT(TUPLE("<r:mood><r:shy/></r:mood><r:activities><r:tv/></r:activities>")),
	 "t open; person tv; rich mood=shy"},
	{DOCUMENT(TUPLE("<r:mood><r:shy/></r:mood>") "<dm:person id='p'><r:mood><r:sad/></r:mood>"
						     "</dm:person>"),
	 "t open; rich mood=sad"},
	/* [RPR-004] the newest person */
	{DOCUMENT(TUPLE("") "<dm:person id='p'><r:mood><r:sad/></r:mood><dm:timestamp>"
			    "2026-05-05T09:00:00Z</dm:timestamp></dm:person>"
			    "<dm:person id='q'><r:mood><r:shy/></r:mood><dm:timestamp>"
			    "2026-05-05T08:00:00Z</dm:timestamp></dm:person>"),
	 "t open; rich mood=sad"},
	/* [RPR-025] [RPR-026] somebody else, a parcel service */
	{DOCUMENT(TUPLE("<r:relationship><r:assistant/></r:relationship>")), ""},
	{DOCUMENT(TUPLE("<r:relationship><r:self/></r:relationship>")), "t open"},
	{DOCUMENT(TUPLE("<r:service-class><r:courier/></r:service-class>")), ""},
	/* [RPR-034] never the present state */
	{DOCUMENT("<tuple id='t'><status><basic>closed</basic></status><ts:timed-status "
		  "from='2026-05-05T09:00:00Z' until='2026-05-05T11:00:00Z'><ts:basic>open"
		  "</ts:basic><ts:note>soon</ts:note></ts:timed-status></tuple>"),
	 "t closed"},
	/* [RPR-037] a place on the map stays here */
	{DOCUMENT("<tuple id='t'><status><basic>open</basic><gp:geopriv><gp:location-info>"
		  "secret</gp:location-info><gp:usage-rules/></gp:geopriv></status></tuple>"),
	 "t open"},
	/* [RPR-009] a device is no service */
	{DOCUMENT(TUPLE("") "<dm:device id='d'><r:user-input>idle</r:user-input>"
			    "<dm:deviceID>mac:0</dm:deviceID></dm:device>"),
	 "t open"},
	/* [RPR-035] [RPR-036] */
	{DOCUMENT(TUPLE("<caps:servcaps><caps:message>false</caps:message></caps:servcaps>")),
	 "t open not-im"},
	{DOCUMENT(TUPLE("<caps:servcaps><caps:automata>true</caps:automata></caps:servcaps>")),
	 "t open not-im"},
	{DOCUMENT(TUPLE("<caps:servcaps><caps:actor><caps:supported><caps:msg-taker/>"
			"</caps:supported></caps:actor></caps:servcaps>")),
	 "t open not-im"},
	{DOCUMENT(TUPLE("<caps:servcaps><caps:audio>true</caps:audio></caps:servcaps>")), "t open"},
};

/* [PIDF-040] [RPR-008] */
static void reads_documents(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(reads); i++) {
		struct presence presence;
		struct buf line = BUF_INIT;

		parse(reads[i].text, NOW, &presence);
		describe_presence(&presence, 0, &line);
		if (strcmp(buf_text(&line), reads[i].wanted) != 0)
			fail_msg("%s:\n\"%s\", not \"%s\"", reads[i].text, buf_text(&line),
				 reads[i].wanted);
		buf_free(&line);
		presence_clear(&presence);
	}
}

/* [RPR-012] without a clock one that is alone is taken for the present one. */
static void reads_without_a_clock(void **state)
{
	struct presence presence;

	(void)state;
	parse(PERSON("<r:activities from='2036-05-05T09:00:00Z'><r:tv/></r:activities>"), 0,
	      &presence);
	assert_int_equal(presence.person.activities, 1u << ACTIVITY_TV);
	presence_clear(&presence);
	parse(PERSON("<r:activities from='2036-05-05T09:00:00Z'><r:tv/></r:activities>"
		     "<r:activities until='2036-05-05T09:00:00Z'><r:meal/></r:activities>"),
	      0, &presence);
	assert_int_equal(presence.person.activities, 0);
	presence_clear(&presence);
}

/* [RPR-036] the service for messages says whether he can be reached by them. */
static void prefers_the_message_service(void **state)
{
	struct presence presence;
	struct presence_view view;

	(void)state;
	parse(DOCUMENT("<tuple id='a'><status><basic>open</basic></status>"
		       "<contact priority='1'>sip:a@b</contact><note>telephone</note></tuple>"
		       "<tuple id='b'><status><basic>open</basic></status><caps:servcaps>"
		       "<caps:methods><caps:supported><caps:MESSAGE/></caps:supported>"
		       "</caps:methods></caps:servcaps><note>chat</note></tuple>"),
	      NOW, &presence);
	presence_view_make(&presence, NULL, &view);
	assert_string_equal(view.texts[0].note, "chat");
	presence_clear(&presence);
}

/* Written -------------------------------------------------------------------------------------- */

static const unsigned char key[16] = "0123456789abcdef";

static void format(const struct presence *presence, const struct profile *profile, struct buf *out)
{
	const struct pidf_params params = {.entity = "sip:j@chat.example:5070;transport=tcp",
					   .contact = "sip:j@chat.example",
					   .key = key,
					   .profile = profile};

	pidf_format(presence, &params, out);
}

static void check_person(const struct presence *presence, const struct profile *profile,
			 const char *wanted)
{
	struct buf out = BUF_INIT;
	struct buf person = BUF_INIT;
	const char *at;

	format(presence, profile, &out);
	at = strstr(out.data, "<dm:person id=\"p1\">");
	if (wanted == NULL)
		assert_null(at);
	else if (at == NULL)
		fail_msg("no person: %s", out.data);
	else
		buf_printf(&person, "<dm:person id=\"p1\">%s</dm:person></presence>", wanted);
	if (wanted != NULL && strcmp(at, buf_text(&person)) != 0)
		fail_msg("%s\nnot %s", at, buf_text(&person));
	buf_free(&person);
	buf_free(&out);
}

static void set(char **field, const char *text)
{
	rich_set(field, text, strlen(text), RICH_URI_BYTES_MAX);
}

static void note(struct notes *notes, const char *lang, const char *text)
{
	notes_add(notes, lang, text, strlen(text));
}

static struct device *add(struct presence *presence, const char *id, enum show show)
{
	struct device *device = presence_add_device(presence, id);

	device->basic = BASIC_OPEN;
	device->show = show;
	return device;
}

/* [RPR-005] [RPR-014] [RPR-016] [RPR-020] [RPR-032] [D-32] in the order of the schemas, notes
 * first. */
static void writes_all_of_a_person(void **state)
{
	struct presence presence = {0};
	struct rich *rich = person_rich(&presence.person);

	(void)state;
	add(&presence, "a", SHOW_NONE);
	presence.person.activities = 1u << ACTIVITY_MEETING;
	note(&rich->activity_notes, "en", "til 3");
	set(&rich->mood, "happy");
	note(&rich->mood_notes, "", "yes");
	set(&rich->place, "office");
	set(&rich->place_audio, "quiet");
	set(&rich->place_text, "ok");
	set(&rich->sphere, "work");
	set(&rich->display_name, "J & C");
	set(&rich->homepage, "http://e/");
	set(&rich->icon, "http://e/i");
	set(&rich->card, "http://e/c");
	rich->privacy = 3;
	rich->has_time_offset = true;
	rich->time_offset_min = -90;
	note(&presence.person.notes, "de", "n");
#define CIPID " xmlns:c=\"urn:ietf:params:xml:ns:pidf:cipid\">"
	check_person(
		&presence, NULL,
		"<rpid:activities><rpid:note xml:lang=\"en\">til 3</rpid:note><rpid:meeting/>"
		"</rpid:activities>"
		"<rpid:mood><rpid:note>yes</rpid:note><rpid:happy/></rpid:mood>"
		"<rpid:place-is><rpid:audio><rpid:quiet/></rpid:audio><rpid:text><rpid:ok/>"
		"</rpid:text></rpid:place-is>"
		"<rpid:place-type xmlns:lt=\"urn:ietf:params:xml:ns:location-type\"><lt:office/>"
		"</rpid:place-type>"
		"<rpid:privacy><rpid:audio/><rpid:text/></rpid:privacy>"
		"<rpid:sphere><rpid:work/></rpid:sphere>"
		"<rpid:time-offset>-90</rpid:time-offset>"
		"<c:card" CIPID "http://e/c</c:card>"
		"<c:display-name" CIPID "J &amp; C</c:display-name>"
		"<c:homepage" CIPID "http://e/</c:homepage><c:icon" CIPID "http://e/i</c:icon>"
		"<dm:note xml:lang=\"de\">n</dm:note>");
	presence_clear(&presence);
}

static const struct {
	enum show show;
	uint32_t activities;
	const char *activity;
	const char *mood;
	const char *place;
	const char *wanted;
} words[] = {
	/* [D-28] the show stands beside what he says of himself, unless that says it */
	{SHOW_DND, 1u << ACTIVITY_MEAL, NULL, NULL, NULL,
	 "<rpid:activities><rpid:busy/><rpid:meal/></rpid:activities>"},
	{SHOW_XA, 1u << ACTIVITY_MEAL, NULL, NULL, NULL,
	 "<rpid:activities><rpid:meal/></rpid:activities>"},
	{SHOW_NONE, 1u << ACTIVITY_MEAL, NULL, NULL, NULL,
	 "<rpid:activities><rpid:meal/></rpid:activities>"},
	/* [X0108-2] [X0108-3] */
	{SHOW_NONE, 1u << ACTIVITY_OTHER, "drinking/having_coffee", NULL, NULL,
	 "<rpid:activities><rpid:other>having coffee</rpid:other></rpid:activities>"},
	{SHOW_NONE, 1u << ACTIVITY_OTHER, "grooming", NULL, NULL,
	 "<rpid:activities><rpid:other>grooming</rpid:other></rpid:activities>"},
	{SHOW_NONE, 1u << ACTIVITY_IN_TRANSIT, "traveling/on_a_bus", NULL, NULL,
	 "<rpid:activities><rpid:in-transit/></rpid:activities><rpid:place-type "
	 "xmlns:lt=\"urn:ietf:params:xml:ns:location-type\"><lt:bus/></rpid:place-type>"},
	/* [RPR-020] */
	{SHOW_NONE, 0, NULL, "grateful", NULL,
	 "<rpid:mood><rpid:other>grateful</rpid:other></rpid:mood>"},
	{SHOW_NONE, 0, NULL, "undefined", NULL, "<rpid:mood><rpid:unknown/></rpid:mood>"},
	{SHOW_NONE, 0, NULL, "<ecstatic", NULL,
	 "<rpid:mood><rpid:other>&lt;ecstatic</rpid:other></rpid:mood>"},
	/* [RPR-023] a name that is no word of RFC 4589 is no element */
	{SHOW_NONE, 0, NULL, NULL, "a b>",
	 "<rpid:place-type><rpid:other>a b&gt;</rpid:other></rpid:place-type>"},
	{SHOW_NONE, 0, NULL, NULL, NULL, NULL},
};

static void writes_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(words); i++) {
		struct presence presence = {0};
		struct rich *rich = person_rich(&presence.person);

		add(&presence, "a", words[i].show);
		presence.person.activities = words[i].activities;
		if (words[i].activity != NULL)
			set(&rich->activity, words[i].activity);
		if (words[i].mood != NULL)
			set(&rich->mood, words[i].mood);
		if (words[i].place != NULL)
			set(&rich->place, words[i].place);
		check_person(&presence, NULL, words[i].wanted);
		presence_clear(&presence);
	}
}

#define SINCE(time)                                                                                \
	"<rpid:user-input last-input=\"2026-05-05T09:" time ":00Z\">idle</rpid:user-input>"

/* [RPR-029] [X0319-1] the person sums up his devices. */
static void sums_up_idle_devices(void **state)
{
	struct presence presence = {0};
	const struct profile discreet = {.hides_last_input = true};
	struct device *devices;
	struct buf out = BUF_INIT;

	(void)state;
	add(&presence, "a", SHOW_NONE);
	add(&presence, "b", SHOW_NONE);
	devices = presence.devices;
	check_person(&presence, NULL, NULL);
	devices[0].idle = true;
	devices[0].idle_since_ms = NOW - 30 * 60000;
	check_person(&presence, NULL, "<rpid:user-input>active</rpid:user-input>");
	format(&presence, NULL, &out);
	assert_non_null(strstr(out.data, "</status>" SINCE("30") "<contact>"));
	assert_non_null(strstr(out.data, "</status><rpid:user-input>active</rpid:user-input>"));
	devices[1].idle = true;
	devices[1].idle_since_ms = NOW - 10 * 60000;
	check_person(&presence, NULL, SINCE("50"));
	check_person(&presence, &discreet, "<rpid:user-input>idle</rpid:user-input>");
	buf_reset(&out);
	format(&presence, NULL, &out);
	assert_null(strstr(out.data, "</status><rpid:"));
	devices[1].idle_since_ms = 0;
	check_person(&presence, NULL, "<rpid:user-input>idle</rpid:user-input>");
	devices[0].basic = BASIC_CLOSED;
	devices[1].idle_since_ms = NOW - 10 * 60000;
	check_person(&presence, NULL, SINCE("50"));
	buf_free(&out);
	presence_clear(&presence);
}

/* [PBX-037] [FSW-10] FreeSWITCH reads prefixes, the first activity, and nothing without a note. */
static void writes_for_a_literal_reader(void **state)
{
	struct presence presence = {0};
	struct rich *rich = person_rich(&presence.person);
	const struct profile *freeswitch = profile_find("freeswitch");
	struct buf out = BUF_INIT;
	struct device *device;

	(void)state;
	assert_true(freeswitch->literal_prefixes);
	check_person(&presence, freeswitch, "<dm:note xml:lang=\"en\">Offline</dm:note>");
	device = add(&presence, "a", SHOW_NONE);
	check_person(&presence, freeswitch, "<dm:note xml:lang=\"en\">Available</dm:note>");
	device->show = SHOW_AWAY;
	presence.person.activities = 1u << ACTIVITY_APPOINTMENT | 1u << ACTIVITY_MEAL;
	note(&rich->activity_notes, "", "not here");
	set(&rich->mood, "happy");
	check_person(&presence, freeswitch,
		     "<rpid:activities><rpid:meal/></rpid:activities>"
		     "<dm:note xml:lang=\"en\">Away</dm:note>");
	note(&device->notes, "", "lunch");
	check_person(&presence, freeswitch,
		     "<rpid:activities><rpid:meal/></rpid:activities><dm:note>lunch</dm:note>");
	format(&presence, freeswitch, &out);
	assert_non_null(strstr(out.data, "?><presence xmlns="));
	assert_non_null(strstr(out.data, "><tuple id="));
	assert_non_null(strstr(out.data, "><status><basic>open</basic>"));
	buf_free(&out);
	presence_clear(&presence);
}

/* [D-29] [D-10] [PRES-103] [PRES-104] [PRES-123] what the profile may ask for. */
static void follows_the_profile(void **state)
{
	struct presence presence = {0};
	const struct profile letter = {.entity = ENTITY_PRES, .resources = RESOURCES_TUPLES};
	struct buf out = BUF_INIT;

	(void)state;
	add(&presence, "7 phone", SHOW_NONE);
	add(&presence, "a_\xC3\xA4", SHOW_NONE);
	add(&presence, NULL, SHOW_NONE);
	format(&presence, &letter, &out);
	assert_non_null(strstr(out.data, " entity=\"pres:j@chat.example\">"));
	assert_non_null(strstr(out.data, "<tuple id=\"ID-7_x20_phone\">"));
	assert_non_null(strstr(out.data, "<tuple id=\"ID-a_x5f__xe4_\">"));
	assert_non_null(strstr(out.data, "<tuple id=\"bare\">"));
	assert_non_null(strstr(out.data, ">sip:j@chat.example</contact>"));
	buf_reset(&out);
	format(&presence, NULL, &out);
	assert_non_null(strstr(out.data, " entity=\"sip:j@chat.example:5070;transport=tcp\">"));
	assert_null(strstr(out.data, "phone"));
	buf_free(&out);
	presence_clear(&presence);
}

/* Round trips ---------------------------------------------------------------------------------- */

/* X to S to X: what personal eventing says goes through a document and comes back. */
static const struct {
	const char *node;
	const char *payload;
	const char *back; /* NULL: the same */
} payloads[] = {
	{PEP_MOOD, "<happy/>", NULL},
	{PEP_MOOD, "<in_love/><text>you</text>", NULL},
	{PEP_MOOD, "<thankful/>", NULL},
	{PEP_MOOD, "<undefined/>", NULL},
	{PEP_MOOD, "<ecstatic/>", "<undefined/><text>ecstatic</text>"},
	{PEP_ACTIVITY, "<eating><having_dinner/></eating>", NULL},
	{PEP_ACTIVITY, "<working><in_a_meeting/></working><text>til 3</text>", NULL},
	{PEP_ACTIVITY, "<drinking><having_tea/></drinking>", NULL},
	{PEP_ACTIVITY, "<traveling><on_a_train/></traveling>", NULL},
	{PEP_ACTIVITY, "<grooming/>", NULL},
	{PEP_ACTIVITY, "<working><coding/></working>", "<working/>"},
	{PEP_NICK, "Juliet", NULL},
};

static const char *name_of(const char *node)
{
	return strrchr(node, '/') + 1;
}

static void payloads_go_through_a_document(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(payloads); i++) {
		const char *node = payloads[i].node;
		const char *inside =
			payloads[i].back == NULL ? payloads[i].payload : payloads[i].back;
		struct presence presence = {0};
		struct presence back;
		struct buf text = BUF_INIT;
		struct buf wanted = BUF_INIT;
		xmpp_stanza_t *tree;

		buf_printf(&text, "<%s xmlns='%s'>%s</%s>", name_of(node), node,
			   payloads[i].payload, name_of(node));
		buf_printf(&wanted, "<%s xmlns=\"%s\">%s</%s>", name_of(node), node, inside,
			   name_of(node));
		tree = stanza_from_text(text.data);
		assert_true(pep_read(node, tree, &presence.person));
		xmpp_stanza_release(tree);
		add(&presence, "a", SHOW_NONE);
		buf_reset(&text);
		format(&presence, NULL, &text);
		parse(text.data, NOW, &back);
		buf_reset(&text);
		assert_true(pep_write(node, &back, &text));
		assert_string_equal(buf_text(&text), buf_text(&wanted));
		buf_free(&text);
		buf_free(&wanted);
		presence_clear(&presence);
		presence_clear(&back);
	}
}

/* S to X to S: what a document says of the person, as personal eventing, and back. */
static const struct {
	const char *inside;
	const char *wanted;
} documents[] = {
	{"<r:mood><r:note>hm</r:note><r:angry/></r:mood>", "; rich mood=angry 'hm'"},
	{"<r:mood><r:other>grateful</r:other></r:mood>", "; rich mood=grateful"},
	{"<r:mood><r:unknown/></r:mood>", "; rich mood=undefined"},
	{"<r:activities><r:sleeping/></r:activities>",
	 "; person sleeping; rich activity=inactive/sleeping"},
	{"<r:activities><r:in-transit/></r:activities><r:place-type><lt:train/></r:place-type>",
	 "; person in-transit; rich activity=traveling/on_a_train"},
	{"<r:activities><r:other>gardening</r:other></r:activities>",
	 "; person other; rich activity=doing_chores/gardening"},
	/* X0108-3: what is nearest */
	{"<r:activities><r:presentation/></r:activities>",
	 "; person meeting; rich activity=working/in_a_meeting"},
	{"<c:display-name>Ann</c:display-name>", "; rich name=Ann"},
};

static void documents_go_through_eventing(void **state)
{
	static const char *const nodes[] = {PEP_MOOD, PEP_ACTIVITY, PEP_NICK};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(documents); i++) {
		struct presence presence;
		struct presence back = {0};
		struct buf text = BUF_INIT;

		buf_printf(&text, "%s%s%s", HEAD "<dm:person>", documents[i].inside,
			   "</dm:person></presence>");
		parse(text.data, NOW, &presence);
		for (size_t at = 0; at < CHECK_COUNT(nodes); at++) {
			xmpp_stanza_t *tree;

			buf_reset(&text);
			assert_true(pep_write(nodes[at], &presence, &text));
			tree = stanza_from_text(text.data);
			assert_true(pep_read(nodes[at], tree, &back.person));
			xmpp_stanza_release(tree);
		}
		buf_reset(&text);
		describe_presence(&back, 0, &text);
		assert_string_equal(buf_text(&text), documents[i].wanted);
		buf_free(&text);
		presence_clear(&presence);
		presence_clear(&back);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_documents),
		cmocka_unit_test(reads_without_a_clock),
		cmocka_unit_test(prefers_the_message_service),
		cmocka_unit_test(writes_all_of_a_person),
		cmocka_unit_test(writes_words),
		cmocka_unit_test(sums_up_idle_devices),
		cmocka_unit_test(writes_for_a_literal_reader),
		cmocka_unit_test(follows_the_profile),
		cmocka_unit_test(payloads_go_through_a_document),
		cmocka_unit_test(documents_go_through_eventing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
