/* Messages as bytes for the store. A version, numbers and texts in a fixed order:
 *
 *   version  what  kind  flags  wants  sent_at_ms  hops  life_s
 *   uid body subject lang thread nick  origin
 *   of a report: kind wanted about  origin  code type again status retry_after text uri  excerpt
 *
 * A number is LEB128 (zigzag where it may be negative), a text its length + 1 and its bytes, or 0
 * for NULL. There is one way only to write each message: what reads well writes the same again.
 * The numbers of enums are in the store: new values go to their ends, all else is a new version. */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/message.h"

enum {
	CODE_VERSION = 1,
	CODE_NUMBER_MAX = 10, /* bytes of a number of 64 bits */
	CODE_FIELDS_MAX = 48, /* numbers and texts of a message with a report */
	FLAG_MUST_NOT_WAIT = 1,
	FLAG_TAKES_TYPING = 2,
	FLAG_REPORT = 4,
	FLAGS_ALL = 7,
	WANTS_BITS = 0xff
};

/* ---- writing: room for everything is made before ---- */

static size_t text_len(const char *text)
{
	return text == NULL ? 0 : strlen(text);
}

static size_t origin_len(const struct message_origin *origin)
{
	return text_len(origin->address) + text_len(origin->recipient) + text_len(origin->id) +
	       text_len(origin->thread) + text_len(origin->stamp) + text_len(origin->route);
}

static size_t most(const struct message *message)
{
	const struct message_report *report = message->report;
	size_t len = text_len(message->uid) + message->body_len + text_len(message->subject) +
		     text_len(message->lang) + text_len(message->thread) + text_len(message->nick) +
		     origin_len(&message->origin);

	if (report != NULL)
		len += text_len(report->about) + text_len(report->excerpt) +
		       strlen(report->fault.text) + strlen(report->fault.uri) +
		       origin_len(&report->origin);
	return len + (size_t)CODE_FIELDS_MAX * CODE_NUMBER_MAX;
}

static unsigned char *put_number(unsigned char *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (unsigned char)(value | 0x80);
	*at++ = (unsigned char)value;
	return at;
}

static unsigned char *put_signed(unsigned char *at, int64_t value)
{
	return put_number(at, (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0));
}

static unsigned char *put_bytes(unsigned char *at, const char *bytes, size_t len)
{
	if (bytes == NULL)
		return put_number(at, 0);
	at = put_number(at, (uint64_t)len + 1);
	memcpy(at, bytes, len);
	return at + len;
}

static unsigned char *put_text(unsigned char *at, const char *text)
{
	return put_bytes(at, text, text_len(text));
}

static unsigned char *put_origin(unsigned char *at, const struct message_origin *origin)
{
	at = put_text(at, origin->address);
	at = put_text(at, origin->recipient);
	at = put_text(at, origin->id);
	at = put_text(at, origin->thread);
	at = put_text(at, origin->stamp);
	return put_text(at, origin->route);
}

static unsigned char *put_report(unsigned char *at, const struct message_report *report)
{
	const struct fault *fault = &report->fault;

	at = put_number(at, report->kind);
	at = put_number(at, report->wanted);
	at = put_text(at, report->about);
	at = put_origin(at, &report->origin);
	at = put_number(at, fault->code);
	at = put_number(at, fault->type);
	at = put_number(at, fault->again);
	at = put_signed(at, fault->sip_status);
	at = put_signed(at, fault->retry_after_s);
	at = put_text(at, fault->text);
	at = put_text(at, fault->uri);
	return put_text(at, report->excerpt);
}

static uint64_t flags_of(const struct message *message)
{
	return (message->must_not_wait ? FLAG_MUST_NOT_WAIT : 0u) |
	       (message->takes_typing ? FLAG_TAKES_TYPING : 0u) |
	       (message->report != NULL ? FLAG_REPORT : 0u);
}

static unsigned char *put_head(unsigned char *at, const struct message *message)
{
	at = put_number(at, CODE_VERSION);
	at = put_number(at, message->what);
	at = put_number(at, message->kind);
	at = put_number(at, flags_of(message));
	at = put_number(at, message->wants);
	at = put_signed(at, message->sent_at_ms);
	at = put_signed(at, message->hops);
	return put_signed(at, message->life_s);
}

void message_encode(const struct message *message, struct buf *out)
{
	unsigned char *at;

	buf_reserve(out, most(message));
	at = put_head((unsigned char *)out->data + out->len, message);
	at = put_text(at, message->uid);
	at = put_bytes(at, message->body, message->body_len);
	at = put_text(at, message->subject);
	at = put_text(at, message->lang);
	at = put_text(at, message->thread);
	at = put_text(at, message->nick);
	at = put_origin(at, &message->origin);
	if (message->report != NULL)
		at = put_report(at, message->report);
	*at = '\0';
	out->len = (size_t)((char *)at - out->data);
}

/* ---- reading: the first thing that is wrong ends it, and reads as zeros from then on ---- */

struct reader {
	const unsigned char *at;
	const unsigned char *end;
	bool is_bad;
};

static uint64_t fail(struct reader *reader)
{
	reader->is_bad = true;
	reader->at = reader->end;
	return 0;
}

static uint64_t take_number(struct reader *reader)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
		unsigned char byte = *reader->at++;

		if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0))
			break; /* too large, or longer than need be */
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
	return fail(reader);
}

/* A number from 0 to max. */
static unsigned take_up_to(struct reader *reader, unsigned max)
{
	uint64_t value = take_number(reader);

	return (unsigned)(value <= max ? value : fail(reader));
}

static int64_t take_signed(struct reader *reader)
{
	uint64_t value = take_number(reader);

	return (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}

static int take_int(struct reader *reader)
{
	int64_t value = take_signed(reader);

	return value >= INT_MIN && value <= INT_MAX ? (int)value : (int)fail(reader);
}

/* The bytes of a text, of which len (not counting a NUL) come next; NULL if it is NULL. */
static const char *take_span(struct reader *reader, size_t *len)
{
	uint64_t coded = take_number(reader);
	const char *bytes = (const char *)reader->at;

	*len = 0;
	if (coded == 0)
		return NULL;
	if (coded - 1 > (uint64_t)(reader->end - reader->at)) {
		fail(reader);
		return NULL;
	}
	*len = (size_t)coded - 1;
	reader->at += *len;
	return bytes;
}

static char *take_bytes(struct reader *reader, size_t *len)
{
	const char *bytes = take_span(reader, len);

	return bytes == NULL ? NULL : mem_strndup(bytes, *len);
}

static const char *take_chars(struct reader *reader, size_t *len)
{
	const char *text = take_span(reader, len);

	if (text != NULL && memchr(text, 0, *len) != NULL) {
		fail(reader);
		return NULL;
	}
	return text;
}

static char *take_text(struct reader *reader)
{
	size_t len;
	const char *text = take_chars(reader, &len);

	return text == NULL ? NULL : mem_strndup(text, len);
}

/* Into an array of the size, which is never NULL. */
static void take_array(struct reader *reader, char *out, size_t size)
{
	size_t len;
	const char *text = take_chars(reader, &len);

	if (text == NULL || len >= size)
		fail(reader);
	else
		memcpy(out, text, len); /* the rest is zeros */
}

static void take_origin(struct reader *reader, struct message_origin *out)
{
	out->address = take_text(reader);
	out->recipient = take_text(reader);
	out->id = take_text(reader);
	out->thread = take_text(reader);
	out->stamp = take_text(reader);
	out->route = take_text(reader);
}

static void take_fault(struct reader *reader, struct fault *out)
{
	out->code = (enum fault_code)take_up_to(reader, FAULT_COUNT - 1);
	out->type = (enum fault_type)take_up_to(reader, FAULT_TYPE_WAIT);
	out->again = (enum fault_again)take_up_to(reader, AGAIN_PATH);
	out->sip_status = take_int(reader);
	out->retry_after_s = take_int(reader);
	take_array(reader, out->text, sizeof out->text);
	take_array(reader, out->uri, sizeof out->uri);
}

static struct message_report *take_report(struct reader *reader)
{
	struct message_report *report = mem_zalloc(sizeof *report);

	report->kind = (enum report_kind)take_up_to(reader, REPORT_PROCESSED);
	report->wanted = take_up_to(reader, WANTS_BITS);
	report->about = take_text(reader);
	take_origin(reader, &report->origin);
	take_fault(reader, &report->fault);
	report->excerpt = take_text(reader);
	return report;
}

static unsigned take_head(struct reader *reader, struct message *out)
{
	unsigned flags;

	if (take_number(reader) != CODE_VERSION)
		fail(reader);
	out->what = (enum message_what)take_up_to(reader, MESSAGE_REPORT);
	out->kind = (enum message_kind)take_up_to(reader, MESSAGE_HEADLINE);
	flags = take_up_to(reader, FLAGS_ALL);
	out->wants = take_up_to(reader, WANTS_BITS);
	out->sent_at_ms = take_signed(reader);
	out->hops = take_int(reader);
	out->life_s = take_signed(reader);
	out->must_not_wait = (flags & FLAG_MUST_NOT_WAIT) != 0;
	out->takes_typing = (flags & FLAG_TAKES_TYPING) != 0;
	return flags;
}

int message_decode(struct message *out, const void *bytes, size_t len)
{
	struct reader reader = {.at = bytes};
	unsigned flags;

	*out = (struct message){0};
	if (len == 0 || len > MESSAGE_CODE_MAX)
		return EBADMSG;
	reader.end = reader.at + len;
	flags = take_head(&reader, out);
	out->uid = take_text(&reader);
	out->body = take_bytes(&reader, &out->body_len);
	out->subject = take_text(&reader);
	out->lang = take_text(&reader);
	out->thread = take_text(&reader);
	out->nick = take_text(&reader);
	take_origin(&reader, &out->origin);
	if ((flags & FLAG_REPORT) != 0)
		out->report = take_report(&reader);
	if ((out->what == MESSAGE_REPORT) != (out->report != NULL) || reader.at != reader.end)
		fail(&reader);
	if (!reader.is_bad)
		return 0;
	message_clear(out);
	return EBADMSG;
}
