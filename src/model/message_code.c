/* Messages as bytes for the store. A version, numbers and texts (packed.h) in a fixed order:
 *
 *   version  what  kind  flags  wants  sent_at_ms  hops  life_s
 *   uid body subject lang thread nick  origin
 *   of a report: kind wanted about  origin  code type again status retry_after text uri  excerpt
 *
 * There is one way only to write each message: what reads well writes the same again. The numbers
 * of enums are in the store: new values go to their ends, all else is a new version. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/message.h"
#include "model/packed.h"

enum {
	CODE_VERSION = 1,
	CODE_FIELDS_MAX = 48, /* numbers and texts of a message with a report */
	FLAG_MUST_NOT_WAIT = 1,
	FLAG_TAKES_TYPING = 2,
	FLAG_REPORT = 4,
	FLAGS_ALL = 7,
	WANTS_BITS = 0xff
};

/* ---- writing: room for everything is made before ---- */

static size_t origin_len(const struct message_origin *origin)
{
	return packed_text_len(origin->address) + packed_text_len(origin->recipient) +
	       packed_text_len(origin->id) + packed_text_len(origin->thread) +
	       packed_text_len(origin->stamp) + packed_text_len(origin->route);
}

static size_t most(const struct message *message)
{
	const struct message_report *report = message->report;
	size_t len = packed_text_len(message->uid) + message->body_len +
		     packed_text_len(message->subject) + packed_text_len(message->lang) +
		     packed_text_len(message->thread) + packed_text_len(message->nick) +
		     origin_len(&message->origin);

	if (report != NULL)
		len += packed_text_len(report->about) + packed_text_len(report->excerpt) +
		       strlen(report->fault.text) + strlen(report->fault.uri) +
		       origin_len(&report->origin);
	return len + (size_t)CODE_FIELDS_MAX * PACKED_NUMBER_MAX;
}

static unsigned char *put_origin(unsigned char *at, const struct message_origin *origin)
{
	at = packed_put_text(at, origin->address);
	at = packed_put_text(at, origin->recipient);
	at = packed_put_text(at, origin->id);
	at = packed_put_text(at, origin->thread);
	at = packed_put_text(at, origin->stamp);
	return packed_put_text(at, origin->route);
}

static unsigned char *put_report(unsigned char *at, const struct message_report *report)
{
	const struct fault *fault = &report->fault;

	at = packed_put_number(at, report->kind);
	at = packed_put_number(at, report->wanted);
	at = packed_put_text(at, report->about);
	at = put_origin(at, &report->origin);
	at = packed_put_number(at, fault->code);
	at = packed_put_number(at, fault->type);
	at = packed_put_number(at, fault->again);
	at = packed_put_signed(at, fault->sip_status);
	at = packed_put_signed(at, fault->retry_after_s);
	at = packed_put_text(at, fault->text);
	at = packed_put_text(at, fault->uri);
	return packed_put_text(at, report->excerpt);
}

static uint64_t flags_of(const struct message *message)
{
	return (message->must_not_wait ? FLAG_MUST_NOT_WAIT : 0u) |
	       (message->takes_typing ? FLAG_TAKES_TYPING : 0u) |
	       (message->report != NULL ? FLAG_REPORT : 0u);
}

static unsigned char *put_head(unsigned char *at, const struct message *message)
{
	at = packed_put_number(at, CODE_VERSION);
	at = packed_put_number(at, message->what);
	at = packed_put_number(at, message->kind);
	at = packed_put_number(at, flags_of(message));
	at = packed_put_number(at, message->wants);
	at = packed_put_signed(at, message->sent_at_ms);
	at = packed_put_signed(at, message->hops);
	return packed_put_signed(at, message->life_s);
}

void message_encode(const struct message *message, struct buf *out)
{
	unsigned char *at;

	buf_reserve(out, most(message));
	at = put_head((unsigned char *)out->data + out->len, message);
	at = packed_put_text(at, message->uid);
	at = packed_put_bytes(at, message->body, message->body_len);
	at = packed_put_text(at, message->subject);
	at = packed_put_text(at, message->lang);
	at = packed_put_text(at, message->thread);
	at = packed_put_text(at, message->nick);
	at = put_origin(at, &message->origin);
	if (message->report != NULL)
		at = put_report(at, message->report);
	*at = '\0';
	out->len = (size_t)((char *)at - out->data);
}

/* ---- reading ---- */

static void take_origin(struct packed *reader, struct message_origin *out)
{
	out->address = packed_text(reader);
	out->recipient = packed_text(reader);
	out->id = packed_text(reader);
	out->thread = packed_text(reader);
	out->stamp = packed_text(reader);
	out->route = packed_text(reader);
}

static void take_fault(struct packed *reader, struct fault *out)
{
	out->code = (enum fault_code)packed_up_to(reader, FAULT_COUNT - 1);
	out->type = (enum fault_type)packed_up_to(reader, FAULT_TYPE_WAIT);
	out->again = (enum fault_again)packed_up_to(reader, AGAIN_PATH);
	out->sip_status = packed_int(reader);
	out->retry_after_s = packed_int(reader);
	packed_array(reader, out->text, sizeof out->text);
	packed_array(reader, out->uri, sizeof out->uri);
}

static struct message_report *take_report(struct packed *reader)
{
	struct message_report *report = mem_zalloc(sizeof *report);

	report->kind = (enum report_kind)packed_up_to(reader, REPORT_PROCESSED);
	report->wanted = packed_up_to(reader, WANTS_BITS);
	report->about = packed_text(reader);
	take_origin(reader, &report->origin);
	take_fault(reader, &report->fault);
	report->excerpt = packed_text(reader);
	return report;
}

static unsigned take_head(struct packed *reader, struct message *out)
{
	unsigned flags;

	if (packed_number(reader) != CODE_VERSION)
		packed_fail(reader);
	out->what = (enum message_what)packed_up_to(reader, MESSAGE_REPORT);
	out->kind = (enum message_kind)packed_up_to(reader, MESSAGE_HEADLINE);
	flags = packed_up_to(reader, FLAGS_ALL);
	out->wants = packed_up_to(reader, WANTS_BITS);
	out->sent_at_ms = packed_signed(reader);
	out->hops = packed_int(reader);
	out->life_s = packed_signed(reader);
	out->must_not_wait = (flags & FLAG_MUST_NOT_WAIT) != 0;
	out->takes_typing = (flags & FLAG_TAKES_TYPING) != 0;
	return flags;
}

int message_decode(struct message *out, const void *bytes, size_t len)
{
	struct packed reader = {.at = bytes};
	unsigned flags;

	*out = (struct message){0};
	if (len == 0 || len > MESSAGE_CODE_MAX)
		return EBADMSG;
	reader.end = reader.at + len;
	flags = take_head(&reader, out);
	out->uid = packed_text(&reader);
	out->body = packed_bytes(&reader, &out->body_len);
	out->subject = packed_text(&reader);
	out->lang = packed_text(&reader);
	out->thread = packed_text(&reader);
	out->nick = packed_text(&reader);
	take_origin(&reader, &out->origin);
	if ((flags & FLAG_REPORT) != 0)
		out->report = take_report(&reader);
	if ((out->what == MESSAGE_REPORT) != (out->report != NULL) || reader.at != reader.end)
		packed_fail(&reader);
	if (!reader.is_bad)
		return 0;
	message_clear(out);
	return EBADMSG;
}
