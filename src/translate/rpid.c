/* RFC 4480 elements, read tolerantly, written in schema order (RPR-005). */
#include "translate/rpid.h"

#include <string.h>

#include "base/buf.h"
#include "translate/pidf_names.h"
#include "translate/text_span.h"
#include "translate/timestamp.h"
#include "translate/xml.h"
#include "translate/xml_writer.h"

/* Drafts had rpid:rpid-person, rpid:status:rpid-status and more; old software still writes them. */
static bool is_rpid_namespace(const char *ns)
{
	size_t n = strlen(NS_RPID);

	return strncmp(ns, NS_RPID, n) == 0 && (ns[n] == '\0' || ns[n] == ':');
}

static bool is_rpid(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0 &&
	       is_rpid_namespace(xml_namespace(node));
}

static bool is_known_namespace(const char *ns)
{
	return is_rpid_namespace(ns) || strcmp(ns, NS_DATA_MODEL) == 0 ||
	       strcmp(ns, NS_OLD_PERSON) == 0 || strcmp(ns, NS_PIDF) == 0 ||
	       strcmp(ns, NS_PIDF_COLON) == 0 || strcmp(ns, NS_JABBER_CLIENT) == 0;
}

bool rpid_is_beyond_us(const xmlNode *extension)
{
	for (const xmlNode *child = extension->children; child != NULL; child = child->next) {
		const char *mark;

		if (child->type != XML_ELEMENT_NODE || is_known_namespace(xml_namespace(child)))
			continue;
		mark = xml_attribute(child, NS_PIDF, "mustUnderstand");
		if (mark != NULL && (strcmp(mark, "1") == 0 || strcmp(mark, "true") == 0))
			return true;
	}
	return false;
}

/* An activity is an empty element (RPR-014); drafts had <activity>name</activity>. */
static uint32_t read_activity(const xmlNode *node)
{
	struct buf text = BUF_INIT;
	int activity;

	if (node->type != XML_ELEMENT_NODE || !is_rpid_namespace(xml_namespace(node)))
		return 0; /* RPR-015 */
	if (strcmp((const char *)node->name, "activity") == 0) {
		xml_content(node, &text);
		activity = activity_from_name(buf_text(&text));
		buf_free(&text);
	} else {
		activity = activity_from_name((const char *)node->name);
	}
	return activity < 0 ? 0 : UINT32_C(1) << activity;
}

static bool is_bounded(const xmlNode *node)
{
	return xml_attribute(node, NULL, "from") != NULL ||
	       xml_attribute(node, NULL, "until") != NULL;
}

/* The activities among the children of parent. One with from or until is planned or past unless it
 * is the only one (RPR-012; a pure function has no clock to tell which). */
static uint32_t read_activities(const xmlNode *parent)
{
	uint32_t always = 0;
	uint32_t bounded = 0;
	int bounded_count = 0;
	bool has_always = false;

	for (const xmlNode *node = parent->children; node != NULL; node = node->next) {
		uint32_t found = 0;

		if (!is_rpid(node, "activities") || rpid_is_beyond_us(node))
			continue;
		for (const xmlNode *child = node->children; child != NULL; child = child->next)
			found |= read_activity(child);
		if (is_bounded(node)) {
			bounded |= found;
			bounded_count++;
		} else {
			always |= found;
			has_always = true;
		}
	}
	return has_always || bounded_count != 1 ? always : bounded;
}

enum input { INPUT_UNSAID, INPUT_ACTIVE, INPUT_IDLE };

static enum input read_user_input(const xmlNode *parent, int64_t *since_ms)
{
	struct buf text = BUF_INIT;
	enum input input = INPUT_UNSAID;

	*since_ms = 0;
	for (const xmlNode *node = parent->children; node != NULL; node = node->next) {
		const char *last;

		if (!is_rpid(node, "user-input"))
			continue;
		xml_content(node, &text);
		if (text_is_like(buf_text(&text), text.len, "idle"))
			input = INPUT_IDLE;
		else if (text_is_like(buf_text(&text), text.len, "active"))
			input = INPUT_ACTIVE;
		last = xml_attribute(node, NULL, "last-input");
		if (last == NULL || timestamp_parse(last, strlen(last), since_ms) != 0)
			*since_ms = 0;
	}
	buf_free(&text);
	return input;
}

static int64_t read_timestamp(const xmlNode *parent)
{
	struct buf text = BUF_INIT;
	int64_t ms = 0;

	for (const xmlNode *node = parent->children; node != NULL; node = node->next) {
		if (node->type != XML_ELEMENT_NODE ||
		    strcmp((const char *)node->name, "timestamp") != 0)
			continue;
		xml_content(node, &text);
		if (timestamp_parse(buf_text(&text), text.len, &ms) != 0)
			ms = 0;
	}
	buf_free(&text);
	return ms;
}

bool rpid_offer_person(struct rpid *rpid, const xmlNode *node)
{
	int64_t ms;

	if (!xml_is(node, NS_DATA_MODEL, "person") && !xml_is(node, NS_OLD_PERSON, "person"))
		return false;
	if (rpid_is_beyond_us(node))
		return true;
	ms = read_timestamp(node);
	if (rpid->person == NULL || ms >= rpid->person_ms) {
		rpid->person = node;
		rpid->person_ms = ms;
	}
	return true;
}

void rpid_read_tuple(struct rpid *rpid, const xmlNode *parent)
{
	int64_t since_ms;
	enum input input = read_user_input(parent, &since_ms);

	rpid->tuple_activities |= read_activities(parent);
	if (input == INPUT_ACTIVE)
		rpid->tuple_active = true;
	if (input != INPUT_IDLE)
		return;
	rpid->tuple_idle = true;
	if (since_ms > rpid->tuple_idle_since_ms)
		rpid->tuple_idle_since_ms = since_ms;
}

static bool has_other_value(const xmlNode *node, const char *const *ours)
{
	for (const xmlNode *child = node->children; child != NULL; child = child->next) {
		bool is_ours = false;

		if (child->type != XML_ELEMENT_NODE ||
		    strcmp((const char *)child->name, "note") == 0)
			continue;
		for (size_t i = 0; ours[i] != NULL; i++)
			is_ours = is_ours || strcmp((const char *)child->name, ours[i]) == 0;
		if (!is_ours)
			return true;
	}
	return false;
}

bool rpid_is_foreign_tuple(const xmlNode *tuple)
{
	static const char *const self[] = {"self", "unknown", NULL};
	static const char *const service[] = {"electronic", "unknown", NULL};

	for (const xmlNode *node = tuple->children; node != NULL; node = node->next) {
		if (is_rpid(node, "relationship") && has_other_value(node, self))
			return true;
		if (is_rpid(node, "service-class") && has_other_value(node, service))
			return true;
	}
	return false;
}

/* Own xml:lang, then the nearest ancestor's, then the carrier's if it is one tag. */
static const char *note_language(const xmlNode *node, const char *language)
{
	const char *lang = xml_lang(node);

	if (lang == NULL)
		lang = language;
	return lang != NULL && text_is_lang(lang, strlen(lang)) ? lang : "";
}

void rpid_read_note(const xmlNode *node, const char *language, struct notes *out)
{
	struct buf text = BUF_INIT;

	xml_content(node, &text);
	notes_add(out, note_language(node, language), buf_text(&text), text.len);
	buf_free(&text);
}

static void read_notes_in(const xmlNode *parent, const char *language, struct notes *out)
{
	for (const xmlNode *node = parent->children; node != NULL; node = node->next) {
		if (node->type == XML_ELEMENT_NODE &&
		    strcmp((const char *)node->name, "note") == 0 &&
		    is_known_namespace(xml_namespace(node)))
			rpid_read_note(node, language, out);
	}
}

/* The person's own notes; without one those of its activities. */
static void read_person_notes(const xmlNode *person, const char *language, struct notes *out)
{
	read_notes_in(person, language, out);
	for (const xmlNode *node = person->children; node != NULL && out->count == 0;
	     node = node->next) {
		if (is_rpid(node, "activities"))
			read_notes_in(node, language, out);
	}
}

static void read_person(const xmlNode *person, const char *language, struct person *out)
{
	int64_t since_ms;

	out->activities = read_activities(person);
	for (const xmlNode *node = person->children; node != NULL; node = node->next) {
		/* COMPAT(asterisk chan_sip): <person><status><activities/></status></person> */
		if (node->type == XML_ELEMENT_NODE &&
		    strcmp((const char *)node->name, "status") == 0)
			out->activities |= read_activities(node);
	}
	out->idle = read_user_input(person, &since_ms) == INPUT_IDLE;
	out->idle_since_ms = out->idle ? since_ms : 0;
	read_person_notes(person, language, &out->notes);
}

void rpid_finish(const struct rpid *rpid, const char *language, struct person *out)
{
	int64_t since_ms;

	if (rpid->person != NULL)
		read_person(rpid->person, language, out);
	out->activities |= rpid->tuple_activities;
	if (rpid->person != NULL && read_user_input(rpid->person, &since_ms) != INPUT_UNSAID)
		return; /* the person's user-input sums up all (RPR-029) */
	if (rpid->tuple_idle && !rpid->tuple_active) {
		out->idle = true;
		out->idle_since_ms = rpid->tuple_idle_since_ms;
	}
}

/* D-28. */
static uint32_t activities_of(const struct person *person, enum show show)
{
	if (person->activities != 0)
		return person->activities;
	if (show == SHOW_AWAY || show == SHOW_XA)
		return UINT32_C(1) << ACTIVITY_AWAY;
	if (show == SHOW_DND)
		return UINT32_C(1) << ACTIVITY_BUSY;
	return 0;
}

bool rpid_has_person(const struct presence *presence, enum show show)
{
	const struct person *person = &presence->person;

	return activities_of(person, show) != 0 || person->idle || person->notes.count > 0;
}

/* Lunch is missing from the schema of RFC 4480: a meal is written (RPR-017). */
static const char *const activity_elements[ACTIVITY_COUNT] = {
	[ACTIVITY_APPOINTMENT] = "rpid:appointment",
	[ACTIVITY_AWAY] = "rpid:away",
	[ACTIVITY_BREAKFAST] = "rpid:breakfast",
	[ACTIVITY_BUSY] = "rpid:busy",
	[ACTIVITY_DINNER] = "rpid:dinner",
	[ACTIVITY_HOLIDAY] = "rpid:holiday",
	[ACTIVITY_IN_TRANSIT] = "rpid:in-transit",
	[ACTIVITY_LOOKING_FOR_WORK] = "rpid:looking-for-work",
	[ACTIVITY_LUNCH] = "rpid:meal",
	[ACTIVITY_MEAL] = "rpid:meal",
	[ACTIVITY_MEETING] = "rpid:meeting",
	[ACTIVITY_ON_THE_PHONE] = "rpid:on-the-phone",
	[ACTIVITY_OTHER] = "rpid:other",
	[ACTIVITY_PERFORMANCE] = "rpid:performance",
	[ACTIVITY_PERMANENT_ABSENCE] = "rpid:permanent-absence",
	[ACTIVITY_PLAYING] = "rpid:playing",
	[ACTIVITY_PRESENTATION] = "rpid:presentation",
	[ACTIVITY_SHOPPING] = "rpid:shopping",
	[ACTIVITY_SLEEPING] = "rpid:sleeping",
	[ACTIVITY_SPECTATOR] = "rpid:spectator",
	[ACTIVITY_STEERING] = "rpid:steering",
	[ACTIVITY_TRAVEL] = "rpid:travel",
	[ACTIVITY_TV] = "rpid:tv",
	[ACTIVITY_UNKNOWN] = "rpid:unknown",
	[ACTIVITY_VACATION] = "rpid:vacation",
	[ACTIVITY_WORKING] = "rpid:working",
	[ACTIVITY_WORSHIP] = "rpid:worship",
};

static void write_activities(struct xml_writer *writer, uint32_t activities)
{
	uint32_t lunch = UINT32_C(1) << ACTIVITY_LUNCH;
	uint32_t meal = UINT32_C(1) << ACTIVITY_MEAL;

	if ((activities & lunch) != 0)
		activities = (activities & ~lunch) | meal;
	/* "unknown" stands alone (RPR-015) */
	if ((activities & (UINT32_C(1) << ACTIVITY_UNKNOWN)) != 0 &&
	    (activities & (activities - 1)) != 0)
		activities &= ~(UINT32_C(1) << ACTIVITY_UNKNOWN);
	xml_open(writer, "rpid:activities");
	for (size_t i = 0; i < ACTIVITY_COUNT; i++) {
		if ((activities & (UINT32_C(1) << i)) == 0)
			continue;
		xml_open(writer, activity_elements[i]);
		xml_close(writer);
	}
	xml_close(writer);
}

static void write_idle(struct xml_writer *writer, const struct person *person)
{
	char stamp[TIMESTAMP_CHARS];

	timestamp_format(person->idle_since_ms, stamp);
	xml_open(writer, "rpid:user-input");
	xml_attr(writer, "last-input", stamp[0] == '\0' ? NULL : stamp);
	xml_text(writer, "idle");
	xml_close(writer);
}

void rpid_write_person(struct xml_writer *writer, const struct person *person, enum show show)
{
	uint32_t activities = activities_of(person, show);

	xml_open(writer, "dm:person");
	xml_attr(writer, "id", "p1"); /* RPR-003: tuple ids start with "ID-" */
	if (activities != 0)
		write_activities(writer, activities);
	if (person->idle)
		write_idle(writer, person);
	for (size_t i = 0; i < person->notes.count; i++) {
		const struct note *note = &person->notes.items[i];

		xml_open(writer, "dm:note");
		xml_attr(writer, "xml:lang", note->lang[0] == '\0' ? NULL : note->lang);
		xml_text(writer, note->text);
		xml_close(writer);
	}
	xml_close(writer);
}
