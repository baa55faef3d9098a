/* Presence to PIDF documents: compact, strictly in the order of the schemas (PIDF-006, PIDF-010,
 * RPR-005), the bridge's own extension being <show xmlns='jabber:client'> (PIDF-045). */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "model/presence.h"
#include "model/presence_words.h"
#include "model/profile.h"
#include "translate/pidf.h"
#include "translate/pidf_names.h"
#include "translate/rpid.h"
#include "translate/timestamp.h"
#include "translate/xml_writer.h"

enum { TUPLE_ID_HEX = 16 };

/* CMP-038: which of two shows is rather to be reached. */
static int show_rank(enum show show)
{
	static const int ranks[] = {
		[SHOW_CHAT] = 0, [SHOW_NONE] = 1, [SHOW_AWAY] = 2, [SHOW_XA] = 3, [SHOW_DND] = 4,
	};

	return ranks[show];
}

/* A missing priority is 0 on XMPP (RFC 6121 section 4.7.2.3). */
static int priority_of(const struct device *device)
{
	return device->priority == PRESENCE_PRIORITY_UNSET ? 0 : device->priority;
}

static bool is_before(const struct device *a, const struct device *b)
{
	if (a->basic != b->basic)
		return a->basic == BASIC_OPEN;
	if (priority_of(a) != priority_of(b))
		return priority_of(a) > priority_of(b);
	return show_rank(a->show) < show_rank(b->show);
}

/* Best first. A device that says nothing about reachability has no tuple (PIDF-019). */
static size_t sort_devices(const struct presence *presence, const struct device **out)
{
	size_t count = 0;

	for (size_t i = 0; i < presence->device_count && count < PRESENCE_DEVICES_MAX; i++) {
		const struct device *device = &presence->devices[i];
		size_t at = count;

		if (device->basic == BASIC_UNSET)
			continue;
		for (; at > 0 && is_before(device, out[at - 1]); at--)
			out[at] = out[at - 1];
		out[at] = device;
		count++;
	}
	return count;
}

/* PRES-104: injective, and a name whatever the resource is. */
static void add_escaped(struct buf *out, const char *text)
{
	size_t len = strlen(text);
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		uint32_t c;

		n = utf8_decode(text + i, len - i, &c);
		if (n == 0) {
			n = 1;
			c = 0xFFFD;
		}
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    c == '.' || c == '-')
			buf_putc(out, (char)c);
		else
			buf_printf(out, "_x%x_", (unsigned)c);
	}
}

/* D-10: stable over restarts, and the names of resources stay private unless the peer's settings
 * want RFC 8048 to the letter. A valid xs:ID (PIDF-012). */
static void tuple_id(const struct pidf_params *params, const char *device_id, struct buf *out)
{
	const char *name = device_id == NULL ? "" : device_id;
	char hex[HASH_HEX_CHARS + 1];

	buf_reset(out);
	if (params->profile != NULL && params->profile->resources == RESOURCES_TUPLES) {
		buf_puts(out, device_id == NULL ? "bare" : "ID-");
		add_escaped(out, name);
		return;
	}
	hash_hex(params->key, name, strlen(name), hex);
	buf_printf(out, "ID-%.*s", TUPLE_ID_HEX, hex);
}

/* PRES-115, by integers alone: no locale may write a comma. */
static const char *priority_to_pidf(int priority, char out[8])
{
	if (priority < 0)
		return NULL;
	if (priority == 0)
		return "0";
	if (priority >= 127)
		return "1";
	(void)snprintf(out, 8, "0.%03u", 1000u * (unsigned)priority / 127u % 1000u);
	return out;
}

static void write_notes(struct xml_writer *writer, const struct notes *notes)
{
	for (size_t i = 0; i < notes->count && xml_writer_bytes(writer) < PIDF_NOTES_BYTES; i++) {
		const struct note *note = &notes->items[i];

		xml_open(writer, "note");
		xml_attr(writer, "xml:lang", note->lang[0] == '\0' ? NULL : note->lang);
		xml_text(writer, note->text);
		xml_close(writer);
	}
}

/* No show when closed: it is none that XMPP would know (PRES-139). */
static void write_status(struct xml_writer *writer, const struct device *device)
{
	xml_open(writer, "status");
	xml_element(writer, "basic", device->basic == BASIC_OPEN ? "open" : "closed");
	if (device->basic == BASIC_OPEN && device->show != SHOW_NONE) {
		xml_open(writer, "show");
		xml_attr(writer, "xmlns", NS_JABBER_CLIENT);
		xml_text(writer, show_name(device->show));
		xml_close(writer);
	}
	xml_close(writer);
}

static void write_contact(struct xml_writer *writer, const struct device *device,
			  const struct pidf_params *params)
{
	char number[8];

	if (params->contact == NULL)
		return;
	xml_open(writer, "contact");
	xml_attr(writer, "priority", priority_to_pidf(device->priority, number));
	xml_text(writer, params->contact);
	xml_close(writer);
}

/* One document that is being written. */
struct format {
	struct xml_writer writer;
	const struct pidf_params *params;
	struct rpid_person person;
	struct buf scratch;
};

static void write_tuple(struct format *format, const struct device *device)
{
	struct xml_writer *writer = &format->writer;
	char stamp[TIMESTAMP_CHARS];

	tuple_id(format->params, device->id, &format->scratch);
	timestamp_format(device->since_ms, stamp);
	xml_open(writer, "tuple");
	xml_attr(writer, "id", buf_text(&format->scratch));
	write_status(writer, device);
	rpid_write_tuple(writer, &format->person, device);
	write_contact(writer, device, format->params);
	write_notes(writer, &device->notes);
	xml_element(writer, "timestamp", stamp[0] == '\0' ? NULL : stamp);
	xml_close(writer);
}

static void write_tuples(struct format *format, const struct device *const *sorted, size_t count)
{
	static const struct device nothing = {.basic = BASIC_CLOSED,
					      .priority = PRESENCE_PRIORITY_UNSET};

	for (size_t i = 0; i < count; i++)
		write_tuple(format, sorted[i]);
	if (count == 0)
		write_tuple(format, &nothing); /* XCP-038, PRES-121 */
}

/* D-29. A pres URI has neither port nor parameters (RFC 3859). */
static void write_entity(struct format *format)
{
	const char *uri = format->params->entity;
	const char *colon = strchr(uri, ':');
	const struct profile *profile = format->params->profile;

	if (profile != NULL && profile->entity == ENTITY_PRES && colon != NULL) {
		size_t user = strcspn(colon, "@");
		size_t host = strcspn(colon + user, ";?:");

		buf_reset(&format->scratch);
		buf_puts(&format->scratch, "pres");
		buf_append(&format->scratch, colon, user + host);
		uri = buf_text(&format->scratch);
	}
	xml_attr(&format->writer, "entity", uri);
}

/* PBX-037: such a reader loses an activity that comes without a note; the best device's own, or
 * what its show means in a word. */
static void choose_words(struct format *format, const struct device *best)
{
	const char *language = format->params->language;
	int known = language == NULL ? 0 : presence_words_language(language);

	known = known < 0 ? 0 : known;
	format->person.words_lang = presence_words_tag(known);
	if (best != NULL && best->notes.count > 0) {
		format->person.words_lang = best->notes.items[0].lang;
		format->person.words = best->notes.items[0].text;
	} else if (best != NULL && best->basic == BASIC_OPEN) {
		format->person.words = presence_words_show(known, best->show);
	} else {
		format->person.words = presence_words_offline(known);
	}
}

static void open_document(struct format *format, bool has_person)
{
	struct xml_writer *writer = &format->writer;

	xml_open(writer, "presence");
	xml_attr(writer, "xmlns", NS_PIDF);
	if (has_person || rpid_has_tuples(&format->person)) {
		xml_attr(writer, "xmlns:dm", NS_DATA_MODEL);
		xml_attr(writer, "xmlns:rpid", NS_RPID);
	}
	write_entity(format);
}

void pidf_format(const struct presence *presence, const struct pidf_params *params, struct buf *out)
{
	const struct profile *profile = params->profile;
	const struct device *sorted[PRESENCE_DEVICES_MAX];
	size_t count = sort_devices(presence, sorted);
	const struct device *best = count == 0 ? NULL : sorted[0];
	struct format format = {
		.params = params, .person = {.presence = presence}, .scratch = BUF_INIT};
	bool has_person;

	if (best != NULL && best->basic == BASIC_OPEN)
		format.person.show = best->show;
	format.person.is_literal = profile != NULL && profile->literal_prefixes;
	format.person.hides_last_input = profile != NULL && profile->hides_last_input;
	choose_words(&format, best);
	has_person = rpid_has_person(&format.person);
	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"); /* PIDF-002, PIDF-003 */
	xml_writer_init(&format.writer, out);
	open_document(&format, has_person);
	write_tuples(&format, sorted, count);
	write_notes(&format.writer, &presence->notes);
	if (has_person)
		rpid_write_person(&format.writer, &format.person);
	xml_close(&format.writer);
	buf_free(&format.scratch);
}
