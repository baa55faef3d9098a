/* Message stanzas of ours: texts, receipts, errors and chat states. */
#include "translate/fault_map.h"
#include "translate/message_payloads.h"
#include "translate/message_stanza.h"
#include "translate/timestamp.h"
#include "translate/xml_writer.h"

static void open_message(struct xml_writer *writer, struct buf *out, const char *from,
			 const char *to)
{
	xml_writer_init(writer, out);
	xml_open(writer, "message");
	xml_attr(writer, "from", from);
	xml_attr(writer, "to", to);
}

static const char *type_of(enum message_kind kind)
{
	static const char *const types[] = {
		[MESSAGE_CHAT] = "chat",
		[MESSAGE_NORMAL] = "normal",
		[MESSAGE_HEADLINE] = "headline",
	};

	return types[kind];
}

static void write_empty(struct xml_writer *writer, const char *name, const char *ns, const char *id)
{
	xml_open(writer, name);
	xml_attr(writer, "xmlns", ns);
	xml_attr(writer, "id", id);
	xml_close(writer);
}

static void write_delay(struct xml_writer *writer, int64_t sent_at_ms, const char *from)
{
	char stamp[TIMESTAMP_CHARS];

	timestamp_format(sent_at_ms, stamp);
	if (stamp[0] == '\0')
		return;
	xml_open(writer, "delay");
	xml_attr(writer, "xmlns", "urn:xmpp:delay");
	xml_attr(writer, "from", from);
	xml_attr(writer, "stamp", stamp);
	xml_close(writer);
}

static void write_nick(struct xml_writer *writer, const char *nick)
{
	if (nick == NULL)
		return;
	xml_open(writer, "nick");
	xml_attr(writer, "xmlns", NS_NICK);
	xml_text(writer, nick);
	xml_close(writer);
}

/* RCPT-053, RCPT-055, RCPT-041: what is asked of the client. A report of a failure needs no
 * element (RCPT-054). */
static void write_wishes(struct xml_writer *writer, const struct message *message)
{
	if (message->takes_typing)
		write_empty(writer, "active", NS_CHAT_STATES, NULL); /* TYPE-013, TYPE-023 */
	if ((message->wants & WANTS_DELIVERED) != 0)
		write_empty(writer, "request", NS_RECEIPTS, NULL);
	if ((message->wants & WANTS_DISPLAYED) != 0)
		write_empty(writer, "markable", NS_MARKERS, NULL);
}

void message_stanza_write(struct buf *out, const struct message *message, const char *from,
			  const char *to, const char *delay_from)
{
	struct xml_writer writer;

	open_message(&writer, out, from, to);
	xml_attr(&writer, "id", message->uid);
	xml_attr(&writer, "type", type_of(message->kind)); /* D-34 */
	xml_attr(&writer, "xml:lang", message->lang);
	xml_element(&writer, "subject", message->subject);
	xml_open(&writer, "body");
	xml_text_n(&writer, message->body == NULL ? "" : message->body, message->body_len);
	xml_close(&writer);
	xml_element(&writer, "thread", message->thread);
	write_nick(&writer, message->nick);
	write_wishes(&writer, message);
	if (message->uid != NULL) /* D-35: the one uid is id and origin-id */
		write_empty(&writer, "origin-id", "urn:xmpp:sid:0", message->uid);
	write_delay(&writer, message->sent_at_ms, delay_from);
	xml_close(&writer);
}

/* RCPT-027, RCPT-028, RCPT-069: alone in its stanza, no body, no request; of the type of the
 * message. */
static bool write_receipt(struct buf *out, const struct message *message, const char *name,
			  const char *ns)
{
	const struct message_origin *origin = &message->report->origin;
	struct xml_writer writer;

	if (origin->id == NULL)
		return false;
	open_message(&writer, out, origin->recipient, origin->address);
	xml_attr(&writer, "id", message->uid);
	xml_attr(&writer, "type", type_of(message->kind));
	write_empty(&writer, name, ns, origin->id);
	xml_close(&writer);
	return true;
}

bool message_stanza_write_report(struct buf *out, const struct message *message)
{
	const struct message_report *report = message->report;

	switch (report->kind) {
	case REPORT_DELIVERED:
		return write_receipt(out, message, "received", NS_RECEIPTS);
	case REPORT_DISPLAYED:
		/* RCPT-046: who asked for a receipt alone knows no other word. */
		if ((report->wanted & (WANTS_DISPLAYED | WANTS_DELIVERED)) == WANTS_DELIVERED)
			return write_receipt(out, message, "received", NS_RECEIPTS);
		return write_receipt(out, message, "displayed", NS_MARKERS);
	case REPORT_FAILED:
		if (message->kind == MESSAGE_HEADLINE)
			return false;
		message_stanza_write_error(out, &report->origin, &report->fault);
		return true;
	case REPORT_PROCESSED: /* RCPT-047 */
		return false;
	}
	return false;
}

void message_stanza_write_error(struct buf *out, const struct message_origin *origin,
				const struct fault *fault)
{
	struct xml_writer writer;

	open_message(&writer, out, origin->recipient, origin->address);
	xml_attr(&writer, "id", origin->id);
	xml_attr(&writer, "type", "error");
	xml_element(&writer, "thread", origin->thread);
	fault_write_error(&writer, fault, NULL);
	xml_close(&writer);
}

void message_stanza_write_state(struct buf *out, const char *from, const char *to,
				bool is_composing, const char *thread)
{
	struct xml_writer writer;

	open_message(&writer, out, from, to);
	xml_attr(&writer, "type", "chat"); /* TYPE-017 */
	xml_element(&writer, "thread", thread);
	write_empty(&writer, is_composing ? "composing" : "active", NS_CHAT_STATES, NULL);
	write_empty(&writer, "no-store", NS_HINTS, NULL); /* TYPE-019, X0334-1 */
	xml_close(&writer);
}
