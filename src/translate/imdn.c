/* message/imdn+xml (RFC 5438). */
#include "translate/imdn.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "translate/timestamp.h"
#include "translate/xml.h"
#include "translate/xml_writer.h"

#define NS_IMDN "urn:ietf:params:xml:ns:imdn"

const char imdn_type[] = "message/imdn+xml";

/* RCPT-009. The same rows are read and, the first of each kind, written. */
static const struct row {
	const char *notification;
	const char *status;
	enum report_kind kind;
} rows[] = {
	{"delivery-notification", "delivered", REPORT_DELIVERED},
	{"delivery-notification", "failed", REPORT_FAILED},
	{"delivery-notification", "error", REPORT_FAILED},
	{"display-notification", "displayed", REPORT_DISPLAYED},
	{"processing-notification", "processed", REPORT_PROCESSED},
};

static const struct row *find_row(const char *notification, const xmlNode *status)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(rows[i].notification, notification) != 0)
			continue;
		for (const xmlNode *node = status->children; node != NULL; node = node->next) {
			if (xml_is(node, NS_IMDN, rows[i].status))
				return &rows[i];
		}
	}
	return NULL;
}

/* The kind that a notification is about when its status is not to be told. */
static bool kind_of(const char *notification, enum report_kind *kind)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(rows[i].notification, notification) == 0) {
			*kind = rows[i].kind;
			return true;
		}
	}
	return false;
}

/* The first notification counts: there may be one (RCPT-007). */
static bool take_notification(const xmlNode *node, struct imdn *out)
{
	const char *name = (const char *)node->name;

	if (!xml_is(node, NS_IMDN, name) || !kind_of(name, &out->kind))
		return false;
	for (const xmlNode *child = node->children; child != NULL; child = child->next) {
		const struct row *row;

		if (!xml_is(child, NS_IMDN, "status"))
			continue;
		row = find_row(name, child);
		if (row == NULL)
			continue;
		out->kind = row->kind;
		out->is_silent = false;
		break;
	}
	return true;
}

static void take_text(const xmlNode *node, const char *name, struct buf *text, char **field)
{
	if (*field != NULL || !xml_is(node, NS_IMDN, name))
		return;
	xml_content(node, text);
	if (text->len > 0)
		*field = mem_strndup(text->data, text->len);
}

static void read_root(const xmlNode *root, struct imdn *out)
{
	struct buf text = BUF_INIT;
	bool has_notification = false;

	for (const xmlNode *node = root->children; node != NULL; node = node->next) {
		if (node->type != XML_ELEMENT_NODE)
			continue;
		take_text(node, "message-id", &text, &out->message_id);
		take_text(node, "datetime", &text, &out->date_time);
		take_text(node, "recipient-uri", &text, &out->recipient);
		take_text(node, "original-recipient-uri", &text, &out->original_recipient);
		if (!has_notification)
			has_notification = take_notification(node, out);
	}
	buf_free(&text);
}

int imdn_read(const char *body, size_t len, struct imdn *out)
{
	const xmlNode *root;
	xmlDoc *doc;

	*out = (struct imdn){.is_silent = true};
	if (xml_parse(body, len, IMDN_BYTES_MAX, &doc) != 0)
		return EBADMSG;
	root = xmlDocGetRootElement(doc);
	if (xml_is(root, NS_IMDN, "imdn"))
		read_root(root, out);
	xml_release(&doc);
	if (out->message_id != NULL)
		return 0;
	imdn_clear(out);
	return EBADMSG;
}

void imdn_clear(struct imdn *imdn)
{
	mem_free(imdn->message_id);
	mem_free(imdn->date_time);
	mem_free(imdn->recipient);
	mem_free(imdn->original_recipient);
	*imdn = (struct imdn){.is_silent = true};
}

static const struct row *row_of(enum report_kind kind)
{
	const struct row *row = rows;

	while (row->kind != kind)
		row++;
	return row;
}

void imdn_write(enum report_kind kind, const char *message_id, const char *date_time, int64_t at_ms,
		const char *recipient, const char *original_recipient, struct buf *out)
{
	const struct row *row = row_of(kind);
	char now[TIMESTAMP_CHARS];
	struct xml_writer writer;

	timestamp_format(at_ms, now);
	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	xml_writer_init(&writer, out);
	xml_open(&writer, "imdn");
	xml_attr(&writer, "xmlns", NS_IMDN);
	xml_element(&writer, "message-id", message_id);
	xml_element(&writer, "datetime", date_time != NULL ? date_time : now);
	if (recipient != NULL || original_recipient != NULL) { /* RCPT-008 */
		xml_element(&writer, "recipient-uri",
			    recipient != NULL ? recipient : original_recipient);
		xml_element(&writer, "original-recipient-uri",
			    original_recipient != NULL ? original_recipient : recipient);
	}
	xml_open(&writer, row->notification);
	xml_open(&writer, "status");
	xml_element(&writer, row->status, "");
	xml_close(&writer);
	xml_close(&writer);
	xml_close(&writer);
}
