/* RFC 4480 elements, read tolerantly: the person, and what tuples say in its place. */
#include "translate/rpid.h"

#include <string.h>

#include "base/buf.h"
#include "model/rich.h"
#include "translate/pidf_names.h"
#include "translate/text_span.h"
#include "translate/timestamp.h"
#include "translate/vocabulary.h"
#include "translate/xml.h"

/* Drafts had rpid:rpid-person, rpid:status:rpid-status and more; old software still writes them. */
static bool is_rpid_namespace(const char *ns)
{
	size_t n = strlen(NS_RPID);

	return strncmp(ns, NS_RPID, n) == 0 && (ns[n] == '\0' || ns[n] == ':');
}

bool rpid_is(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0 &&
	       is_rpid_namespace(xml_namespace(node));
}

static bool is_known_namespace(const char *ns)
{
	return is_rpid_namespace(ns) || strcmp(ns, NS_DATA_MODEL) == 0 ||
	       strcmp(ns, NS_OLD_PERSON) == 0 || strcmp(ns, NS_PIDF) == 0 ||
	       strcmp(ns, NS_PIDF_COLON) == 0 || strcmp(ns, NS_JABBER_CLIENT) == 0 ||
	       strcmp(ns, NS_CIPID) == 0 || strcmp(ns, NS_CAPS) == 0 ||
	       strcmp(ns, NS_LOCATION_TYPE) == 0;
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

/* RPR-012. In the order of what counts. */
enum hold { HOLD_NOT, HOLD_MAYBE, HOLD_ALWAYS, HOLD_NOW };

/* RPR-013. A time that cannot be read is an open bound. */
static int64_t read_bound(const xmlNode *node, const char *name, int64_t otherwise)
{
	const char *text = xml_attribute(node, NULL, name);
	int64_t ms;

	return text != NULL && timestamp_parse(text, strlen(text), &ms) == 0 ? ms : otherwise;
}

static enum hold hold_of(const xmlNode *node, int64_t now_ms)
{
	if (xml_attribute(node, NULL, "from") == NULL && xml_attribute(node, NULL, "until") == NULL)
		return HOLD_ALWAYS;
	if (now_ms == 0)
		return HOLD_MAYBE;
	return read_bound(node, "from", 0) <= now_ms &&
			       now_ms < read_bound(node, "until", INT64_MAX)
		       ? HOLD_NOW
		       : HOLD_NOT;
}

/* What the chosen ones among the elements of that name hold; HOLD_NOT: none is to be taken. */
static enum hold best_hold(const xmlNode *parent, const char *name, int64_t now_ms)
{
	enum hold best = HOLD_NOT;
	int count = 0;

	for (const xmlNode *node = parent->children; node != NULL; node = node->next) {
		enum hold hold;

		if (!rpid_is(node, name) || rpid_is_beyond_us(node))
			continue;
		hold = hold_of(node, now_ms);
		best = hold > best ? hold : best;
		count++;
	}
	return best == HOLD_MAYBE && count > 1 ? HOLD_NOT : best;
}

const xmlNode *rpid_find(const xmlNode *parent, const char *name, int64_t now_ms)
{
	enum hold best = best_hold(parent, name, now_ms);

	for (const xmlNode *node = parent->children; node != NULL && best != HOLD_NOT;
	     node = node->next) {
		if (rpid_is(node, name) && !rpid_is_beyond_us(node) &&
		    hold_of(node, now_ms) == best)
			return node;
	}
	return NULL;
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

/* RPR-015: free text; a word of XEP-0108 that RPID lacks stands here too (X0108-3). */
static void read_other(const xmlNode *node, const char *language, struct rich *out)
{
	struct buf text = BUF_INIT;
	const char *path;

	xml_content(node, &text);
	path = vocabulary_find_xmpp_activity(buf_text(&text));
	if (path == NULL)
		rpid_read_note(node, language, &out->activity_notes);
	else if (out->activity == NULL)
		rich_set(&out->activity, path, strlen(path), RICH_WORD_BYTES_MAX);
	buf_free(&text);
}

/* The activities among the children of parent that hold now, and the words that go with them. */
static uint32_t read_activities(const struct rpid *rpid, const xmlNode *parent, struct rich *out)
{
	enum hold best = best_hold(parent, "activities", rpid->now_ms);
	uint32_t found = 0;

	for (const xmlNode *node = parent->children; node != NULL && best != HOLD_NOT;
	     node = node->next) {
		if (!rpid_is(node, "activities") || rpid_is_beyond_us(node) ||
		    hold_of(node, rpid->now_ms) != best)
			continue;
		for (const xmlNode *child = node->children; child != NULL; child = child->next) {
			found |= read_activity(child);
			if (rpid_is(child, "other"))
				read_other(child, rpid->language, out);
			else if (rpid_is(child, "note"))
				rpid_read_note(child, rpid->language, &out->activity_notes);
		}
	}
	return found;
}

enum input { INPUT_UNSAID, INPUT_ACTIVE, INPUT_IDLE };

/* RPR-029: nobody is idle since tomorrow. */
static enum input read_user_input(const struct rpid *rpid, const xmlNode *parent, int64_t *since_ms)
{
	struct buf text = BUF_INIT;
	enum input input = INPUT_UNSAID;

	*since_ms = 0;
	for (const xmlNode *node = parent->children; node != NULL; node = node->next) {
		const char *last;

		if (!rpid_is(node, "user-input"))
			continue;
		xml_content(node, &text);
		if (text_is_like(buf_text(&text), text.len, "idle"))
			input = INPUT_IDLE;
		else if (text_is_like(buf_text(&text), text.len, "active"))
			input = INPUT_ACTIVE;
		last = xml_attribute(node, NULL, "last-input");
		if (last == NULL || timestamp_parse(last, strlen(last), since_ms) != 0)
			*since_ms = 0;
		if (rpid->now_ms != 0 && *since_ms > rpid->now_ms)
			*since_ms = rpid->now_ms;
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
	enum input input = read_user_input(rpid, parent, &since_ms);

	rpid->tuple_activities |= read_activities(rpid, parent, &rpid->rich);
	rpid_read_rich(parent, rpid->now_ms, rpid->language, &rpid->rich);
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
		if (rpid_is(node, "relationship") && has_other_value(node, self))
			return true;
		if (rpid_is(node, "service-class") && has_other_value(node, service))
			return true;
	}
	return false;
}

/* RPR-035: a boolean, -1 if nothing is stated. */
static int read_capability(const xmlNode *caps, const char *name)
{
	struct buf text = BUF_INIT;
	int value = -1;

	for (const xmlNode *node = caps->children; node != NULL; node = node->next) {
		if (!xml_is(node, NS_CAPS, name))
			continue;
		xml_content(node, &text);
		if (text_is_like(buf_text(&text), text.len, "true") ||
		    text_equals(buf_text(&text), text.len, "1"))
			value = 1;
		else if (text_is_like(buf_text(&text), text.len, "false") ||
			 text_equals(buf_text(&text), text.len, "0"))
			value = 0;
	}
	buf_free(&text);
	return value;
}

static bool has_child(const xmlNode *parent, const char *name)
{
	for (const xmlNode *node = parent->children; node != NULL; node = node->next) {
		if (xml_is(node, NS_CAPS, name))
			return true;
	}
	return false;
}

/* True if caps holds <list><supported><value/></supported></list>. */
static bool supports(const xmlNode *caps, const char *list, const char *value)
{
	for (const xmlNode *node = caps->children; node != NULL; node = node->next) {
		if (!xml_is(node, NS_CAPS, list))
			continue;
		for (const xmlNode *set = node->children; set != NULL; set = set->next) {
			if (xml_is(set, NS_CAPS, "supported") && has_child(set, value))
				return true;
		}
	}
	return false;
}

static bool is_machine(const xmlNode *caps)
{
	return read_capability(caps, "automata") == 1 || supports(caps, "actor", "msg-taker") ||
	       supports(caps, "actor", "information") || supports(caps, "actor", "attendant");
}

void rpid_read_service(const xmlNode *tuple, struct device *device)
{
	for (const xmlNode *node = tuple->children; node != NULL; node = node->next) {
		int message;

		if (!xml_is(node, NS_CAPS, "servcaps"))
			continue;
		message = read_capability(node, "message");
		if (message == -1 && supports(node, "methods", "MESSAGE"))
			message = 1;
		device->takes_messages = message == 1 && !is_machine(node);
		if (message == 0 || is_machine(node))
			device->is_im = false;
	}
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

static void read_person(const struct rpid *rpid, struct person *out)
{
	const xmlNode *person = rpid->person;
	int64_t since_ms;
	struct rich rich = {0};

	out->activities = read_activities(rpid, person, &rich);
	for (const xmlNode *node = person->children; node != NULL; node = node->next) {
		/* COMPAT(asterisk chan_sip): <person><status><activities/></status></person> */
		if (node->type == XML_ELEMENT_NODE &&
		    strcmp((const char *)node->name, "status") == 0)
			out->activities |= read_activities(rpid, node, &rich);
	}
	rpid_read_rich(person, rpid->now_ms, rpid->language, &rich);
	if (!rich_is_empty(&rich))
		*person_rich(out) = rich;
	out->idle = read_user_input(rpid, person, &since_ms) == INPUT_IDLE;
	out->idle_since_ms = out->idle ? since_ms : 0;
	out->since_ms = rpid->person_ms;
	read_notes_in(person, rpid->language, &out->notes);
}

/* What the person does not say tuples may have said; what goes with activities is a note where
 * there is none. */
static void read_rest(struct rpid *rpid, struct person *out)
{
	if (!rich_is_empty(&rpid->rich))
		rich_fill(person_rich(out), &rpid->rich);
	rich_clear(&rpid->rich);
	if (out->notes.count == 0 && out->rich != NULL)
		notes_copy(&out->notes, &out->rich->activity_notes);
}

void rpid_finish(struct rpid *rpid, struct person *out)
{
	int64_t since_ms;

	if (rpid->person != NULL)
		read_person(rpid, out);
	read_rest(rpid, out);
	out->activities |= rpid->tuple_activities;
	if (rpid->person != NULL && read_user_input(rpid, rpid->person, &since_ms) != INPUT_UNSAID)
		return; /* the person's user-input sums up all (RPR-029) */
	if (rpid->tuple_idle && !rpid->tuple_active) {
		out->idle = true;
		out->idle_since_ms = rpid->tuple_idle_since_ms;
	}
}
