/* XPIDF documents: <presence> without namespace, an <atom> a device, its <address> with
 * <status status=> and <msnsubstatus substatus=>. */
#include "translate/xpidf.h"

#include <errno.h>
#include <string.h>

#include "model/presence.h"
#include "translate/pidf.h"
#include "translate/rpid.h"
#include "translate/text_span.h"
#include "translate/xml.h"

struct status_word {
	const char *word;
	enum basic basic;
	enum show show;
	int activity; /* enum activity, or -1 */
};

/* "inuse" is what PBXs write of a phone that rings or is in a call. */
static const struct status_word statuses[] = {
	{"open", BASIC_OPEN, SHOW_NONE, -1},
	{"inuse", BASIC_OPEN, SHOW_NONE, ACTIVITY_ON_THE_PHONE},
	{"inactive", BASIC_OPEN, SHOW_AWAY, -1},
	{"closed", BASIC_CLOSED, SHOW_NONE, -1},
};

/* Beside the names of RPID activities, which FreeSWITCH puts here. */
static const struct status_word substatuses[] = {
	{"onthephone", BASIC_UNSET, SHOW_NONE, ACTIVITY_ON_THE_PHONE},
	{"berightback", BASIC_UNSET, SHOW_AWAY, -1},
	{"idle", BASIC_UNSET, SHOW_AWAY, -1},
	{"outtolunch", BASIC_UNSET, SHOW_AWAY, ACTIVITY_LUNCH},
	{"offline", BASIC_CLOSED, SHOW_NONE, -1},
};

static const struct status_word *find_word(const struct status_word *words, size_t count,
					   const char *text)
{
	size_t len = strlen(text);

	text_trim(&text, &len);
	for (size_t i = 0; i < count; i++) {
		if (text_is_like(text, len, words[i].word))
			return &words[i];
	}
	return NULL;
}

static void take_activity(struct presence *out, int activity)
{
	if (activity >= 0)
		out->person.activities |= UINT32_C(1) << activity;
}

static void read_status(const xmlNode *node, struct device *device, struct presence *out)
{
	const char *text = xml_attribute(node, NULL, "status");
	const struct status_word *word =
		text == NULL ? NULL : find_word(statuses, sizeof statuses / sizeof *statuses, text);

	if (word == NULL)
		return;
	device->basic = word->basic;
	device->show = word->show;
	take_activity(out, word->activity);
}

/* The finer word; it never opens what the status closed. */
static void read_substatus(const xmlNode *node, struct device *device, struct presence *out)
{
	const char *text = xml_attribute(node, NULL, "substatus");
	const struct status_word *word;

	if (text == NULL || device->basic == BASIC_CLOSED)
		return;
	word = find_word(substatuses, sizeof substatuses / sizeof *substatuses, text);
	if (word == NULL) {
		take_activity(out, activity_from_name(text));
		return;
	}
	if (word->show != SHOW_NONE)
		device->show = word->show;
	if (word->basic != BASIC_UNSET && device->basic == BASIC_UNSET)
		device->basic = word->basic;
	take_activity(out, word->activity);
}

/* An address that is open is the one that counts. */
static void read_address(const xmlNode *address, struct device *device, struct presence *out)
{
	struct device one = {.priority = PRESENCE_PRIORITY_UNSET};

	for (const xmlNode *node = address->children; node != NULL; node = node->next) {
		if (xml_is(node, NULL, "status"))
			read_status(node, &one, out);
	}
	for (const xmlNode *node = address->children; node != NULL; node = node->next) {
		if (xml_is(node, NULL, "msnsubstatus"))
			read_substatus(node, &one, out);
	}
	if (one.basic <= device->basic)
		return;
	device->basic = one.basic;
	device->show = one.show;
}

static void read_atom(const xmlNode *atom, const char *language, struct presence *out)
{
	const char *id = xml_attribute(atom, NULL, "id");
	struct device *device =
		presence_find_device(out, id) != NULL ? NULL : presence_add_device(out, id);

	if (device == NULL)
		return;
	for (const xmlNode *node = atom->children; node != NULL; node = node->next) {
		if (xml_is(node, NULL, "address"))
			read_address(node, device, out);
		else if (xml_is(node, NULL, "note"))
			rpid_read_note(node, language, &device->notes);
	}
}

/* COMPAT(freeswitch): the note stands in a status of its own. */
static void read_notes(const xmlNode *parent, const char *language, struct presence *out)
{
	for (const xmlNode *node = parent->children; node != NULL; node = node->next) {
		if (xml_is(node, NULL, "note"))
			rpid_read_note(node, language, &out->notes);
	}
}

static int read_presence(const xmlNode *root, const char *language, struct presence *out)
{
	bool is_xpidf = false;

	if (!xml_is(root, NULL, "presence"))
		return EBADMSG;
	for (const xmlNode *node = root->children; node != NULL; node = node->next)
		is_xpidf |= xml_is(node, NULL, "presentity") || xml_is(node, NULL, "atom");
	if (!is_xpidf)
		return EBADMSG;
	for (const xmlNode *node = root->children; node != NULL; node = node->next) {
		if (xml_is(node, NULL, "atom"))
			read_atom(node, language, out);
		else if (xml_is(node, NULL, "status"))
			read_notes(node, language, out);
	}
	read_notes(root, language, out);
	return 0;
}

int xpidf_parse(const char *text, size_t len, const struct pidf_reading *reading,
		struct presence *out)
{
	const char *language = reading->language;
	size_t most = reading->max_bytes;
	xmlDoc *doc;
	int err;

	*out = (struct presence){0};
	if (language != NULL && !text_is_lang(language, strlen(language)))
		language = NULL;
	err = xml_parse(text, len, most < PIDF_MAX_BYTES ? most : PIDF_MAX_BYTES, &doc);
	if (err != 0)
		return err;
	err = read_presence(xmlDocGetRootElement(doc), language, out);
	xml_release(&doc);
	return err;
}
