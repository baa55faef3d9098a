/* PIDF documents (RFC 3863) to presence. Everything met in the field is read: any order, prefix
 * and place, missing ids, constant ids, foreign contacts (PBX-001 to PBX-004, PBX-044). The
 * addresses in a document are never believed (PIDF-024, D-05). */
#include "translate/pidf.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/presence.h"
#include "translate/pidf_names.h"
#include "translate/rpid.h"
#include "translate/text_span.h"
#include "translate/timestamp.h"
#include "translate/xml.h"

struct reader {
	struct presence *out;
	const char *language; /* of the carrier, NULL unless it is one valid tag */
	bool has_namespace;   /* false: the whole document has none */
	struct rpid rpid;
	const xmlNode *digium; /* the last element of that name, or NULL */
	struct buf text;
};

/* A tuple before it is merged with those of the same id. */
struct tuple {
	struct device device; /* id borrowed from the tree */
	enum show im_show;    /* of im:im, weaker than jabber show */
	const xmlNode *digium;
};

static bool is_base(const struct reader *reader, const xmlNode *node, const char *name)
{
	if (!reader->has_namespace)
		return xml_is(node, NULL, name);
	return xml_is(node, NS_PIDF, name) || xml_is(node, NS_PIDF_COLON, name);
}

/* The text inside node; its length goes to *len. */
static const char *content(struct reader *reader, const xmlNode *node, size_t *len)
{
	xml_content(node, &reader->text);
	*len = reader->text.len;
	return buf_text(&reader->text);
}

/* PIDF-017: any case, white space around it. */
static enum basic read_basic(struct reader *reader, const xmlNode *node)
{
	size_t len;
	const char *text = content(reader, node, &len);

	if (text_is_like(text, len, "open"))
		return BASIC_OPEN;
	if (text_is_like(text, len, "closed"))
		return BASIC_CLOSED;
	return BASIC_UNSET;
}

/* "0.5" to 500, at most three digits count; -1 if it is none (PIDF-021 to PIDF-023). */
static int thousandths(const char *text)
{
	size_t len = strlen(text);
	int value = 0;
	int scale = 100;
	size_t i = 0;

	text_trim(&text, &len);
	if (len > 0 && (text[0] == '0' || text[0] == '1'))
		value = (text[i++] - '0') * 1000;
	else if (len < 2 || text[0] != '.')
		return -1;
	if (i < len && text[i++] != '.')
		return -1;
	for (; i < len; i++, scale /= 10) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value += (text[i] - '0') * scale;
	}
	return value > 1000 ? -1 : value;
}

/* PRES-134, the exact inverse of PRES-115. */
static int priority_from_pidf(const char *text)
{
	int t = text == NULL ? -1 : thousandths(text);
	int priority;

	if (t < 0)
		return PRESENCE_PRIORITY_UNSET;
	if (t == 1000)
		return 127;
	priority = (127 * t + 999) / 1000;
	return priority > 126 ? 126 : priority;
}

/* PRES-133: contacts of other services say nothing about messages. */
static bool is_im_contact(const char *uri, size_t len)
{
	static const char *const schemes[] = {"sip", "sips", "im", "pres"};
	const char *colon = memchr(uri, ':', len);

	if (colon == NULL)
		return true;
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		if (text_is_like(uri, (size_t)(colon - uri), schemes[i]))
			return true;
	}
	return false;
}

static void read_contact(struct reader *reader, const xmlNode *node, struct device *device)
{
	size_t len;
	const char *uri = content(reader, node, &len);

	device->is_im = is_im_contact(uri, len);
	device->priority = priority_from_pidf(xml_attribute(node, NULL, "priority"));
}

static enum show read_im(struct reader *reader, const xmlNode *node)
{
	size_t len;
	const char *text = content(reader, node, &len);

	if (text_is_like(text, len, "away"))
		return SHOW_AWAY;
	return text_is_like(text, len, "busy") ? SHOW_DND : SHOW_NONE;
}

static void read_status(struct reader *reader, const xmlNode *status, struct tuple *tuple)
{
	struct device *device = &tuple->device;
	size_t len;

	for (const xmlNode *node = status->children; node != NULL; node = node->next) {
		if (node->type != XML_ELEMENT_NODE)
			continue;
		if (is_base(reader, node, "basic") && device->basic == BASIC_UNSET)
			device->basic = read_basic(reader, node);
		else if (xml_is(node, NS_JABBER_CLIENT, "show") && device->show == SHOW_NONE)
			device->show = show_from_name(content(reader, node, &len)); /* PRES-137 */
		else if (xml_is(node, NS_IM, "im"))
			tuple->im_show = read_im(reader, node);
		else if (is_base(reader, node, "digium_presence"))
			tuple->digium = node;
	}
}

static int64_t read_timestamp(struct reader *reader, const xmlNode *node)
{
	size_t len;
	const char *text = content(reader, node, &len);
	int64_t ms;

	return timestamp_parse(text, len, &ms) == 0 ? ms : 0;
}

static void read_tuple_child(struct reader *reader, const xmlNode *node, struct tuple *tuple)
{
	struct device *device = &tuple->device;

	if (is_base(reader, node, "status"))
		read_status(reader, node, tuple);
	else if (is_base(reader, node, "contact"))
		read_contact(reader, node, device);
	else if (is_base(reader, node, "note"))
		rpid_read_note(node, reader->language, &device->notes);
	else if (is_base(reader, node, "timestamp"))
		device->since_ms = read_timestamp(reader, node);
}

/* PIDF-046; what a closed tuple says of the person is over. */
static void read_tuple_rpid(struct reader *reader, const xmlNode *tuple, enum basic basic)
{
	if (basic == BASIC_CLOSED)
		return;
	rpid_read_tuple(&reader->rpid, tuple);
	for (const xmlNode *node = tuple->children; node != NULL; node = node->next) {
		if (is_base(reader, node, "status"))
			rpid_read_tuple(&reader->rpid, node);
	}
}

/* PRES-148: of two tuples with one id the open one wins, then the one with the higher priority. */
static bool is_better(const struct device *a, const struct device *b)
{
	if (a->basic != b->basic)
		return a->basic > b->basic;
	return a->priority > b->priority;
}

static struct device *find_tuple(struct presence *presence, const char *id)
{
	for (size_t i = 0; id != NULL && i < presence->device_count; i++) {
		struct device *device = &presence->devices[i];

		if (device->id != NULL && strcmp(device->id, id) == 0)
			return device;
	}
	return NULL;
}

/* Takes what tuple->device owns. */
static void put_tuple(struct reader *reader, struct device *found, const char *id)
{
	struct device *device = find_tuple(reader->out, id);

	if (device == NULL)
		device = presence_add_device(reader->out, id);
	else if (!is_better(found, device))
		device = NULL;
	if (device == NULL) {
		notes_clear(&found->notes);
		return;
	}
	found->id = device->id;
	notes_clear(&device->notes);
	*device = *found;
}

static void read_tuple(struct reader *reader, const xmlNode *node)
{
	struct tuple tuple = {.device = {.priority = PRESENCE_PRIORITY_UNSET, .is_im = true}};
	const char *id = xml_attribute(node, NULL, "id");

	if (rpid_is_foreign_tuple(node))
		return;
	for (const xmlNode *child = node->children; child != NULL; child = child->next) {
		if (child->type == XML_ELEMENT_NODE)
			read_tuple_child(reader, child, &tuple);
	}
	if (tuple.device.show == SHOW_NONE)
		tuple.device.show = tuple.im_show; /* PRES-138 */
	read_tuple_rpid(reader, node, tuple.device.basic);
	rpid_read_service(node, &tuple.device);
	if (tuple.digium != NULL)
		reader->digium = tuple.digium;
	if (tuple.digium != NULL && tuple.device.basic == BASIC_UNSET) {
		notes_clear(&tuple.device.notes); /* it stands for no device (PBX-004) */
		return;
	}
	put_tuple(reader, &tuple.device, id == NULL || id[0] == '\0' ? NULL : id);
}

static void read_digium_note(struct reader *reader, struct notes *out)
{
	const char *subtype = xml_attribute(reader->digium, NULL, "subtype");
	size_t len;

	(void)content(reader, reader->digium, &len);
	if (len > 0)
		rpid_read_note(reader->digium, reader->language, out);
	else if (subtype != NULL)
		notes_add(out, "", subtype, strlen(subtype));
}

/* COMPAT(asterisk): <digium_presence type= subtype=>text, the state that the user has set at the
 * PBX, sent to a User-Agent that names it (PBX-004, D-27). Whether a phone is there the devices
 * say; "unavailable" is the user's own word that he is not. */
static void take_digium(struct reader *reader)
{
	const char *type = xml_attribute(reader->digium, NULL, "type");
	struct presence *out = reader->out;

	if (type == NULL || strcmp(type, "not_set") == 0)
		return;
	out->phone.is_dnd = strcmp(type, "dnd") == 0;
	for (size_t i = 0; i < out->device_count; i++) {
		struct device *device = &out->devices[i];

		if (strcmp(type, "unavailable") == 0)
			device->basic = BASIC_CLOSED;
		else if (!out->phone.is_dnd && device->basic == BASIC_OPEN &&
			 device->show == SHOW_NONE)
			device->show = show_from_name(type);
	}
	read_digium_note(reader, &out->person.notes);
}

static void read_presence(struct reader *reader, const xmlNode *root)
{
	for (const xmlNode *node = root->children; node != NULL; node = node->next) {
		if (node->type != XML_ELEMENT_NODE || rpid_offer_person(&reader->rpid, node))
			continue;
		if (is_base(reader, node, "tuple"))
			read_tuple(reader, node);
		else if (is_base(reader, node, "note"))
			rpid_read_note(node, reader->language, &reader->out->notes);
	}
	rpid_finish(&reader->rpid, &reader->out->person);
	if (reader->digium != NULL)
		take_digium(reader);
}

/* A document without any namespace is read if it has tuples; xpidf has none (PBX-008). */
static bool is_pidf(struct reader *reader, const xmlNode *root)
{
	reader->has_namespace = xml_namespace(root)[0] != '\0';
	if (!is_base(reader, root, "presence"))
		return false;
	if (reader->has_namespace)
		return true;
	for (const xmlNode *node = root->children; node != NULL; node = node->next) {
		if (is_base(reader, node, "tuple"))
			return true;
	}
	return false;
}

int pidf_parse(const char *text, size_t len, const struct pidf_reading *reading,
	       struct presence *out)
{
	const char *language = reading->language;
	size_t max_bytes = reading->max_bytes;
	struct reader reader = {.out = out, .rpid = {.now_ms = reading->now_ms}, .text = BUF_INIT};
	xmlDoc *doc;
	int err;

	*out = (struct presence){0};
	if (language != NULL && text_is_lang(language, strlen(language)))
		reader.language = reader.rpid.language = language;
	err = xml_parse(text, len, max_bytes < PIDF_MAX_BYTES ? max_bytes : PIDF_MAX_BYTES, &doc);
	if (err != 0)
		return err;
	if (is_pidf(&reader, xmlDocGetRootElement(doc)))
		read_presence(&reader, xmlDocGetRootElement(doc));
	else
		err = EBADMSG;
	buf_free(&reader.text);
	xml_release(&doc);
	return err;
}
