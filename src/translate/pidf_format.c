/* Presence to PIDF documents: compact, strictly in the order of the schemas (PIDF-006, PIDF-010,
 * RPR-005), the bridge's own extension being <show xmlns='jabber:client'> (PIDF-045). */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "model/presence.h"
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

/* D-10: stable over restarts, and the names of resources stay private. A valid xs:ID
 * (PIDF-012). */
static void tuple_id(const struct pidf_params *params, const char *device_id, char *out, size_t len)
{
	const char *name = device_id == NULL ? "" : device_id;
	char hex[HASH_HEX_CHARS + 1];

	hash_hex(params->key, name, strlen(name), hex);
	(void)snprintf(out, len, "ID-%.*s", TUPLE_ID_HEX, hex);
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
	for (size_t i = 0; i < notes->count; i++) {
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

static void write_tuple(struct xml_writer *writer, const struct device *device,
			const struct pidf_params *params)
{
	char id[sizeof "ID-" + TUPLE_ID_HEX];
	char stamp[TIMESTAMP_CHARS];

	tuple_id(params, device->id, id, sizeof id);
	timestamp_format(device->since_ms, stamp);
	xml_open(writer, "tuple");
	xml_attr(writer, "id", id);
	write_status(writer, device);
	write_contact(writer, device, params);
	write_notes(writer, &device->notes);
	xml_element(writer, "timestamp", stamp[0] == '\0' ? NULL : stamp);
	xml_close(writer);
}

static void write_tuples(struct xml_writer *writer, const struct presence *presence,
			 const struct pidf_params *params)
{
	static const struct device nothing = {.basic = BASIC_CLOSED,
					      .priority = PRESENCE_PRIORITY_UNSET};
	const struct device *sorted[PRESENCE_DEVICES_MAX];
	size_t count = sort_devices(presence, sorted);

	for (size_t i = 0; i < count; i++)
		write_tuple(writer, sorted[i], params);
	if (count == 0)
		write_tuple(writer, &nothing, params); /* XCP-038, PRES-121 */
}

/* The show of the best open device. */
static enum show best_show(const struct presence *presence)
{
	const struct device *best = NULL;

	for (size_t i = 0; i < presence->device_count; i++) {
		const struct device *device = &presence->devices[i];

		if (device->basic == BASIC_OPEN && (best == NULL || is_before(device, best)))
			best = device;
	}
	return best == NULL ? SHOW_NONE : best->show;
}

void pidf_format(const struct presence *presence, const struct pidf_params *params, struct buf *out)
{
	struct xml_writer writer;
	enum show show = best_show(presence);
	bool has_person = rpid_has_person(presence, show);

	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"); /* PIDF-002, PIDF-003 */
	xml_writer_init(&writer, out);
	xml_open(&writer, "presence");
	xml_attr(&writer, "xmlns", NS_PIDF);
	if (has_person) {
		xml_attr(&writer, "xmlns:dm", NS_DATA_MODEL);
		xml_attr(&writer, "xmlns:rpid", NS_RPID);
	}
	xml_attr(&writer, "entity", params->entity);
	write_tuples(&writer, presence, params);
	write_notes(&writer, &presence->notes);
	if (has_person)
		rpid_write_person(&writer, &presence->person, show);
	xml_close(&writer);
}
