/* Presence of a chat user on a lamp key. */
#include "translate/lamp.h"

#include <stdio.h>

#include "base/buf.h"
#include "model/presence.h"
#include "translate/xml_writer.h"

#define NS_DIALOG_INFO "urn:ietf:params:xml:ns:dialog-info"

/* CMP-038: which of two shows is rather to be reached; the order of enum show is another. */
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

static bool is_better(const struct device *a, const struct device *b)
{
	if (priority_of(a) != priority_of(b))
		return priority_of(a) > priority_of(b);
	return show_rank(a->show) < show_rank(b->show);
}

static const struct device *best_open(const struct presence *presence)
{
	const struct device *best = NULL;

	for (size_t i = 0; presence != NULL && i < presence->device_count; i++) {
		const struct device *device = &presence->devices[i];

		if (device->basic == BASIC_OPEN && (best == NULL || is_better(device, best)))
			best = device;
	}
	return best;
}

/* D-31. */
bool lamp_is_lit(const struct presence *presence, enum lamp_rule rule)
{
	const struct device *best = best_open(presence);

	if (rule == LAMP_ONLINE)
		return best != NULL;
	return best == NULL || best->show == SHOW_DND || best->show == SHOW_XA;
}

void lamp_format(const struct presence *presence, enum lamp_rule rule, const char *entity,
		 uint32_t version, struct buf *out)
{
	struct xml_writer writer;
	char number[sizeof "4294967295"];

	(void)snprintf(number, sizeof number, "%u", (unsigned)version);
	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
	xml_writer_init(&writer, out);
	xml_open(&writer, "dialog-info");
	xml_attr(&writer, "xmlns", NS_DIALOG_INFO);
	xml_attr(&writer, "version", number);
	xml_attr(&writer, "state", "full");
	xml_attr(&writer, "entity", entity);
	xml_open(&writer, "dialog");
	xml_attr(&writer, "id", "chat");
	xml_element(&writer, "state",
		    lamp_is_lit(presence, rule) ? "confirmed" : "terminated"); /* DLG-018 */
	xml_close(&writer);
	xml_close(&writer);
}
