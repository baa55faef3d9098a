/* Payloads of personal eventing (XEP-0107, XEP-0108, XEP-0172), read tolerantly, written strictly.
 */
#include "translate/pep.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/rich.h"
#include "translate/stanza_tree.h"
#include "translate/text_span.h"
#include "translate/vocabulary.h"
#include "translate/xml_writer.h"

enum { ACTIVITY_PATH_BYTES = 64, NICK_BYTES_MAX = 256 };

enum pep_node { NODE_NONE, NODE_MOOD, NODE_ACTIVITY, NODE_NICK };

static enum pep_node node_of(const char *node)
{
	if (strcmp(node, PEP_MOOD) == 0)
		return NODE_MOOD;
	if (strcmp(node, PEP_ACTIVITY) == 0)
		return NODE_ACTIVITY;
	return strcmp(node, PEP_NICK) == 0 ? NODE_NICK : NODE_NONE;
}

/* Reading -------------------------------------------------------------------------------------- */

/* The first child element of that namespace that is no text. */
static const struct _xmpp_stanza_t *first_value(const struct _xmpp_stanza_t *parent, const char *ns)
{
	for (const struct _xmpp_stanza_t *child = tree_first(parent); child != NULL;
	     child = tree_next(child)) {
		const char *name = tree_name(child);

		if (name != NULL && strcmp(name, "text") != 0 && tree_is(child, ns, name))
			return child;
	}
	return NULL;
}

static void read_texts(const struct _xmpp_stanza_t *payload, const char *ns, struct notes *out)
{
	struct buf scratch = BUF_INIT;

	for (const struct _xmpp_stanza_t *child = tree_first(payload); child != NULL;
	     child = tree_next(child)) {
		const char *text;
		size_t len;

		if (!tree_is(child, ns, "text"))
			continue;
		text = tree_text(child, &scratch, &len);
		text_trim(&text, &len);
		notes_add(out, tree_lang(child), text, len);
	}
	buf_free(&scratch);
}

/* A mood nobody defined is kept by its name: RPID has a place for it. */
static void read_mood(const struct _xmpp_stanza_t *payload, struct rich *rich)
{
	const struct _xmpp_stanza_t *mood = first_value(payload, PEP_MOOD);

	if (mood == NULL)
		return; /* X0163-3 */
	rich_set(&rich->mood, tree_name(mood), strlen(tree_name(mood)), RICH_WORD_BYTES_MAX);
	read_texts(payload, PEP_MOOD, &rich->mood_notes);
}

/* What is not in XEP-0108 counts by its general part, or not at all. */
static void read_activity(const struct _xmpp_stanza_t *payload, struct person *person,
			  struct rich *rich)
{
	const struct _xmpp_stanza_t *general = first_value(payload, PEP_ACTIVITY);
	const struct _xmpp_stanza_t *specific;
	struct buf path = BUF_INIT;

	if (general == NULL || !vocabulary_is_xmpp_activity(tree_name(general)))
		return;
	specific = first_value(general, PEP_ACTIVITY);
	buf_puts(&path, tree_name(general));
	if (specific != NULL) {
		size_t len = path.len;

		buf_printf(&path, "/%s", tree_name(specific));
		if (!vocabulary_is_xmpp_activity(buf_text(&path))) {
			path.data[len] = '\0';
			path.len = len;
		}
	}
	rich_set(&rich->activity, buf_text(&path), path.len, ACTIVITY_PATH_BYTES);
	person->activities = UINT32_C(1) << vocabulary_from_xmpp_activity(rich->activity);
	read_texts(payload, PEP_ACTIVITY, &rich->activity_notes);
	buf_free(&path);
}

/* X0172-2: one line of text. */
static void read_nick(const struct _xmpp_stanza_t *payload, struct rich *rich)
{
	struct buf scratch = BUF_INIT;
	size_t len;
	const char *text = tree_text(payload, &scratch, &len);

	text_trim(&text, &len);
	rich_set(&rich->display_name, text, len, NICK_BYTES_MAX);
	if (rich->display_name != NULL && text_one_line(rich->display_name) == 0)
		rich_set(&rich->display_name, "", 0, 0);
	buf_free(&scratch);
}

static void forget(enum pep_node which, struct person *person)
{
	struct rich *rich = person->rich;

	if (which == NODE_ACTIVITY)
		person->activities = 0;
	if (rich == NULL)
		return;
	switch (which) {
	case NODE_MOOD:
		rich_set(&rich->mood, "", 0, 0);
		notes_clear(&rich->mood_notes);
		break;
	case NODE_ACTIVITY:
		rich_set(&rich->activity, "", 0, 0);
		notes_clear(&rich->activity_notes);
		break;
	case NODE_NICK:
		rich_set(&rich->display_name, "", 0, 0);
		break;
	case NODE_NONE:
		break;
	}
}

/* A person without rich presence points to none. */
static void tidy(struct person *person)
{
	if (person->rich == NULL || !rich_is_empty(person->rich))
		return;
	mem_free(person->rich);
	person->rich = NULL;
}

bool pep_read(const char *node, const struct _xmpp_stanza_t *payload, struct person *person)
{
	enum pep_node which = node_of(node);

	if (which == NODE_NONE)
		return false;
	forget(which, person);
	if (payload != NULL && which == NODE_MOOD && tree_is(payload, PEP_MOOD, "mood"))
		read_mood(payload, person_rich(person));
	else if (payload != NULL && which == NODE_ACTIVITY &&
		 tree_is(payload, PEP_ACTIVITY, "activity"))
		read_activity(payload, person, person_rich(person));
	else if (payload != NULL && which == NODE_NICK && tree_is(payload, PEP_NICK, "nick"))
		read_nick(payload, person_rich(person));
	tidy(person);
	return true;
}

/* Writing -------------------------------------------------------------------------------------- */

/* The schemas have one text, without a language. */
static void write_text(struct xml_writer *writer, const struct notes *notes)
{
	if (notes->count > 0)
		xml_element(writer, "text", notes->items[0].text);
}

/* X0107-1: one mood. A word that XEP-0107 does not have is the text of an undefined one. */
static void write_mood(struct xml_writer *writer, const struct rich *rich)
{
	bool is_known;

	if (rich == NULL || rich->mood == NULL)
		return;
	is_known = vocabulary_is_xmpp_mood(rich->mood);
	xml_open(writer, is_known ? rich->mood : "undefined");
	xml_close(writer);
	if (!is_known && rich->mood_notes.count == 0)
		xml_element(writer, "text", rich->mood);
	write_text(writer, &rich->mood_notes);
}

/* Of several activities the one that says most of whether he can be reached, as the show does. */
static const char *path_of_activities(uint32_t activities, const char *place)
{
	enum show show = show_from_activities(activities);
	const char *found = NULL;

	for (int i = 0; i < ACTIVITY_COUNT; i++) {
		uint32_t bit = UINT32_C(1) << i;
		const char *path = (activities & bit) == 0
					   ? NULL
					   : vocabulary_to_xmpp_activity((enum activity)i, place);

		if (path != NULL && show_from_activities(bit) == show)
			return path;
		if (found == NULL)
			found = path;
	}
	return found;
}

/* DLG-015: a call is an activity too. */
static const char *path_of(const struct presence *presence)
{
	const struct person *person = &presence->person;
	const struct rich *rich = person->rich;

	if (presence->phone.state >= PHONE_DIALLING)
		return "talking/on_the_phone";
	if (rich != NULL && rich->activity != NULL && vocabulary_is_xmpp_activity(rich->activity))
		return rich->activity;
	return path_of_activities(person->activities, rich == NULL ? NULL : rich->place);
}

static void write_activity(struct xml_writer *writer, const struct presence *presence)
{
	const struct rich *rich = presence->person.rich;
	const char *path = path_of(presence);
	char general[ACTIVITY_PATH_BYTES];
	const char *slash;

	/* His own words for what nobody defined (X0108-3) */
	if (path == NULL && rich != NULL && rich->activity_notes.count > 0 &&
	    (presence->person.activities & (UINT32_C(1) << ACTIVITY_OTHER)) != 0)
		path = "undefined";
	if (path == NULL)
		return;
	slash = strchr(path, '/');
	(void)snprintf(general, sizeof general, "%.*s",
		       slash == NULL ? (int)strlen(path) : (int)(slash - path), path);
	xml_open(writer, general);
	if (slash != NULL) {
		xml_open(writer, slash + 1);
		xml_close(writer);
	}
	xml_close(writer);
	if (rich != NULL && presence->phone.state < PHONE_DIALLING)
		write_text(writer, &rich->activity_notes);
}

bool pep_write(const char *node, const struct presence *presence, struct buf *out)
{
	static const char *const names[] = {
		[NODE_MOOD] = "mood", [NODE_ACTIVITY] = "activity", [NODE_NICK] = "nick"};
	const struct rich *rich = presence->person.rich;
	enum pep_node which = node_of(node);
	struct xml_writer writer;

	if (which == NODE_NONE)
		return false;
	xml_writer_init(&writer, out);
	xml_open(&writer, names[which]);
	xml_attr(&writer, "xmlns", node);
	if (which == NODE_MOOD)
		write_mood(&writer, rich);
	else if (which == NODE_ACTIVITY)
		write_activity(&writer, presence);
	else if (rich != NULL && rich->display_name != NULL)
		xml_text(&writer, rich->display_name);
	xml_close(&writer);
	return true;
}
