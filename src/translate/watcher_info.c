/* Watcher information documents (RFC 3858 section 3). */
#include "translate/watcher_info.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "translate/xml_writer.h"

#define NS_WATCHER_INFO "urn:ietf:params:xml:ns:watcherinfo"

static const char *status_name(enum watcher_status status)
{
	static const char *const names[] = {"pending", "active", "waiting", "terminated"};

	return names[status];
}

static const char *event_name(enum watcher_event event)
{
	static const char *const names[] = {"subscribe", "approved", "deactivated", "probation",
					    "rejected",  "timeout",  "giveup",      "noresource"};

	return names[event];
}

/* An unsigned long in the schema; not known: not written. */
static void write_time(struct xml_writer *writer, const char *name, int64_t seconds)
{
	char text[24];

	if (seconds < 0)
		return;
	snprintf(text, sizeof(text), "%" PRId64, seconds);
	xml_attr(writer, name, text);
}

static void write_row(struct xml_writer *writer, const struct watcher_row *row)
{
	xml_open(writer, "watcher");
	xml_attr(writer, "id", row->id);
	xml_attr(writer, "status", status_name(row->status));
	xml_attr(writer, "event", event_name(row->event));
	xml_attr(writer, "display-name", row->name);
	write_time(writer, "expiration", row->expires_s);
	write_time(writer, "duration-subscribed", row->subscribed_s);
	xml_text(writer, row->uri);
	xml_close(writer);
}

void watcher_info_format(const struct watcher_list *list, uint32_t version, bool is_full,
			 struct buf *out)
{
	struct xml_writer writer;
	char number[16];

	snprintf(number, sizeof(number), "%" PRIu32, version);
	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	xml_writer_init(&writer, out);
	xml_open(&writer, "watcherinfo");
	xml_attr(&writer, "xmlns", NS_WATCHER_INFO);
	xml_attr(&writer, "version", number);
	xml_attr(&writer, "state", is_full ? "full" : "partial");
	xml_open(&writer, "watcher-list");
	xml_attr(&writer, "resource", list->resource);
	xml_attr(&writer, "package", list->package);
	for (size_t i = 0; i < list->count; i++)
		write_row(&writer, &list->rows[i]);
	xml_close(&writer);
	xml_close(&writer);
}
