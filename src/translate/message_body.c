/* What the body of a MESSAGE is. An object is unpacked, then read by its type; a container reads
 * the objects in it the same way. Of what is found a text outranks reports, these typing. */
#include "translate/message_body.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "translate/cpim.h"
#include "translate/deflate.h"
#include "translate/header_params.h"
#include "translate/imdn.h"
#include "translate/is_composing.h"
#include "translate/multipart.h"
#include "translate/text_body.h"
#include "translate/text_span.h"
#include "translate/timestamp.h"
#include "translate/transfer.h"

#define ALTERNATIVE "multipart/alternative"
#define MIXED       "multipart/mixed"

const char message_body_accept[] =
	"text/plain, text/html, message/cpim, "
	"application/im-iscomposing+xml, message/imdn+xml, " MIXED ", " ALTERNATIVE;

enum {
	PARTS_MAX = 16, /* of one multipart (SEC-057) */
	DEPTH_MAX = 2   /* containers in each other */
};

struct object {
	const char *type; /* header values; NULL: not there */
	const char *encoding;
	const char *transfer;
	const char *disposition;
	const char *bytes;
	size_t len;
};

struct reader {
	bool charset_unreliable;
	int depth;
	size_t room;      /* bytes that may yet be unpacked */
	bool has_headers; /* those of the CPIM nearest to the text were taken */
	struct message_body *out;
};

typedef int (*read_fn)(struct reader *r, const struct object *object);

static int read_object(struct reader *r, const struct object *object);
static read_fn find_reader(const char *type, bool *is_container);

/* Kinds of their own --------------------------------------------------------------------------- */

static int read_text(struct reader *r, const struct object *object, bool is_html)
{
	struct message_body *out = r->out;
	struct buf text = BUF_INIT;
	int err = text_body_decode(object->bytes, object->len, object->type, is_html,
				   r->charset_unreliable, &text);

	/* Empty: no message (MSG-056, D-45). Of several texts the first counts (MSG-074). */
	if (err != 0 || text.len == 0 || out->kind == MESSAGE_BODY_TEXT) {
		buf_free(&text);
		return err;
	}
	out->kind = MESSAGE_BODY_TEXT;
	out->message.body_len = text.len;
	out->message.body = buf_take(&text);
	return 0;
}

static int read_words(struct reader *r, const struct object *object)
{
	return read_text(r, object, false);
}

static int read_html(struct reader *r, const struct object *object)
{
	return read_text(r, object, true);
}

/* MSG-072. */
static int read_typing(struct reader *r, const struct object *object)
{
	int err = is_composing_read(object->bytes, object->len, &r->out->typing);

	if (err == 0 && r->out->kind == MESSAGE_BODY_NOTHING)
		r->out->kind = MESSAGE_BODY_TYPING;
	return err;
}

/* MSG-073, RCPT-020. */
static int read_report(struct reader *r, const struct object *object)
{
	struct message_body *out = r->out;
	struct body_report *report;
	struct imdn imdn;
	int err = imdn_read(object->bytes, object->len, &imdn);

	if (err != 0)
		return err;
	if (strlen(imdn.message_id) > MESSAGE_ORIGIN_MAX ||
	    out->report_count == MESSAGE_BODY_REPORTS_MAX) {
		imdn_clear(&imdn);
		return EBADMSG;
	}
	if (out->reports == NULL)
		out->reports = mem_array(MESSAGE_BODY_REPORTS_MAX, sizeof *out->reports);
	report = &out->reports[out->report_count++];
	*report = (struct body_report){.kind = imdn.kind, .is_silent = imdn.is_silent};
	report->id = mem_strdup(imdn.message_id);
	if (imdn.kind == REPORT_FAILED && !imdn.is_silent) /* RCPT-044 */
		fault_set(&report->fault, FAULT_RECIPIENT_UNAVAILABLE, "Delivery failed");
	if (out->kind != MESSAGE_BODY_TEXT)
		out->kind = MESSAGE_BODY_REPORTS;
	imdn_clear(&imdn);
	return 0;
}

/* CPIM ----------------------------------------------------------------------------------------- */

/* A MIME header value as one line; NULL if there is none. */
static char *copy_value(struct text_span value)
{
	char *copy;

	if (value.len == 0)
		return NULL;
	copy = mem_strndup(value.text, value.len);
	(void)text_one_line(copy);
	return copy;
}

static char *copy_unescaped(struct text_span value, size_t most)
{
	struct buf text = BUF_INIT;
	char *copy;

	cpim_unescape(value, &text);
	copy = mem_strndup(buf_text(&text), utf8_cut(buf_text(&text), text.len, most));
	buf_free(&text);
	if (text_one_line(copy) > 0)
		return copy;
	mem_free(copy);
	return NULL;
}

/* What a report could not say again, letter by letter, is not there. */
static char *copy_bounded(struct text_span value)
{
	if (value.len == 0 || value.len > MESSAGE_ORIGIN_MAX)
		return NULL;
	for (size_t i = 0; i < value.len;) {
		uint32_t c;
		size_t step = utf8_decode(value.text + i, value.len - i, &c);

		if (step == 0 || !utf8_is_xml_char(c))
			return NULL;
		i += step;
	}
	return mem_strndup(value.text, value.len);
}

/* RCPT-014. False if there is more of it than can be kept: then no report could find its way. */
static bool copy_routes(const struct cpim *cpim, char **out)
{
	struct buf routes = BUF_INIT;

	for (size_t i = 0; i < cpim->record_route_count; i++) {
		if (i > 0)
			buf_putc(&routes, '\n');
		buf_append(&routes, cpim->record_routes[i].text, cpim->record_routes[i].len);
	}
	if (routes.len == 0 || routes.len > MESSAGE_ORIGIN_MAX) {
		bool is_too_long = routes.len > 0;

		buf_free(&routes);
		return !is_too_long;
	}
	*out = buf_take(&routes);
	return true;
}

/* MSG-071: From and To are no identity; To, before anybody changed it, is what a report calls the
 * recipient. */
static void take_headers(const struct cpim *cpim, struct message *out)
{
	bool has_route;

	out->subject = copy_unescaped(cpim->subject, MESSAGE_SUBJECT_MAX);
	if (text_is_lang(cpim->subject_lang.text, cpim->subject_lang.len))
		out->lang = mem_strndup(cpim->subject_lang.text, cpim->subject_lang.len);
	out->origin.id = copy_bounded(cpim->message_id);
	out->origin.stamp = copy_bounded(cpim->date_time);
	out->origin.recipient = /* RCPT-016 */
		copy_bounded(cpim->original_to.len > 0 ? cpim->original_to : cpim->to);
	has_route = copy_routes(cpim, &out->origin.route);
	if (cpim->date_time.len == 0 ||
	    timestamp_parse(cpim->date_time.text, cpim->date_time.len, &out->sent_at_ms) != 0)
		out->sent_at_ms = 0;
	if (out->origin.id != NULL && has_route)
		out->wants = cpim->wants;
}

static int read_wrapped(struct reader *r, const struct cpim *cpim)
{
	char *type = copy_value(cpim->content_type);
	char *encoding = copy_value(cpim->content_encoding);
	char *transfer = copy_value(cpim->transfer_encoding);
	char *disposition = copy_value(cpim->disposition);
	struct object object = {type,        encoding,           transfer,
				disposition, cpim->content.text, cpim->content.len};
	int err = read_object(r, &object);

	mem_free(type);
	mem_free(encoding);
	mem_free(transfer);
	mem_free(disposition);
	return err;
}

static int read_cpim(struct reader *r, const struct object *object)
{
	enum message_body_kind before = r->out->kind;
	struct cpim cpim;
	int err = cpim_read(object->bytes, object->len, &cpim);

	if (err == 0)
		err = read_wrapped(r, &cpim);
	if (err != 0)
		return err;
	r->out->is_cpim = true;
	/* Of nested ones the innermost was written by who wrote the text. */
	if (before != MESSAGE_BODY_TEXT && r->out->kind == MESSAGE_BODY_TEXT && !r->has_headers) {
		r->has_headers = true;
		take_headers(&cpim, &r->out->message);
	}
	return 0;
}

/* Multiparts ----------------------------------------------------------------------------------- */

static int read_part(struct reader *r, const struct multipart_part *part)
{
	struct object object = {part->type,        part->encoding, part->transfer,
				part->disposition, part->body,     part->raw_len};

	return read_object(r, &object);
}

static bool is_required(const struct multipart_part *part)
{
	struct text_span handling;

	if (part->disposition == NULL)
		return false;
	handling = header_parameter(part->disposition, "handling");
	return text_is_like(handling.text, handling.len, "required");
}

/* Beside a text that was found: dropped, unread. */
static int pass_over(const struct multipart_part *part)
{
	bool is_container;

	return is_required(part) && find_reader(part->type, &is_container) == NULL ? ENOTSUP : 0;
}

/* MSG-074: the first text, or all reports; what is not understood is dropped unless it says that it
 * is required. */
static int read_mixed_parts(struct reader *r, const struct multipart *parts)
{
	bool is_any_taken = false;

	for (size_t i = 0; i < parts->count; i++) {
		const struct multipart_part *part = &parts->parts[i];
		int err = r->out->kind == MESSAGE_BODY_TEXT ? pass_over(part) : read_part(r, part);

		if (err == 0)
			is_any_taken = true;
		else if (err != ENOTSUP || is_required(part))
			return err;
	}
	return is_any_taken ? 0 : ENOTSUP;
}

/* The lower the better (MSG-074). */
static int rank(const struct multipart_part *part)
{
	bool is_container;
	read_fn read = find_reader(part->type, &is_container);

	if (read == read_words)
		return 0;
	return read == read_html ? 1 : 2;
}

/* The last of the best that can be read and says something (RFC 2046 section 5.1.4). */
static int read_alternative_parts(struct reader *r, const struct multipart *parts)
{
	bool is_any_taken = false;
	int err = ENOTSUP;

	for (int wanted = 0; wanted <= 2; wanted++) {
		for (size_t i = parts->count; i-- > 0;) {
			if (rank(&parts->parts[i]) != wanted)
				continue;
			err = read_part(r, &parts->parts[i]);
			if (err == 0 && r->out->kind != MESSAGE_BODY_NOTHING)
				return 0;
			is_any_taken |= err == 0;
		}
	}
	return is_any_taken ? 0 : err;
}

static int read_multipart(struct reader *r, const struct object *object,
			  int (*read)(struct reader *r, const struct multipart *parts))
{
	struct multipart parts = {0};
	int err = multipart_parse(object->type, object->bytes, object->len, PARTS_MAX, &parts);

	if (err != 0)
		return err == E2BIG ? E2BIG : EBADMSG;
	err = read(r, &parts);
	multipart_clear(&parts);
	return err;
}

static int read_mixed(struct reader *r, const struct object *object)
{
	return read_multipart(r, object, read_mixed_parts);
}

static int read_alternative(struct reader *r, const struct object *object)
{
	return read_multipart(r, object, read_alternative_parts);
}

/* Objects -------------------------------------------------------------------------------------- */

static read_fn find_reader(const char *type, bool *is_container)
{
	static const struct {
		const char *type;
		read_fn read;
		bool is_container;
	} rows[] = {
		{"text/plain", read_words, false},       {"text/html", read_html, false},
		{is_composing_type, read_typing, false}, {imdn_type, read_report, false},
		{"message/cpim", read_cpim, true},       {MIXED, read_mixed, true},
		{ALTERNATIVE, read_alternative, true},
	};
	struct text_span token = header_first_token(type == NULL ? "" : type);

	*is_container = false;
	if (token.len == 0) /* RFC 3428 knows no other default */
		return read_words;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (text_is_like(token.text, token.len, rows[i].type)) {
			*is_container = rows[i].is_container;
			return rows[i].read;
		}
	}
	return NULL; /* MSG-070, MSG-081 */
}

static int read_plain(struct reader *r, const struct object *object)
{
	bool is_container;
	read_fn read = find_reader(object->type, &is_container);
	int err;

	if (read == NULL)
		return ENOTSUP;
	if (!is_container)
		return read(r, object);
	if (r->depth == DEPTH_MAX)
		return ENOTSUP;
	r->depth++;
	err = read(r, object);
	r->depth--;
	return err;
}

static int read_packed(struct reader *r, const struct object *object, enum coding coding)
{
	struct object plain = *object;
	struct buf bytes = BUF_INIT;
	int err = deflate_read(object->bytes, object->len, coding, r->room, &bytes);

	if (err == 0) {
		r->room -= bytes.len;
		plain.bytes = buf_text(&bytes);
		plain.len = bytes.len;
		err = read_plain(r, &plain);
	}
	buf_free(&bytes);
	return err;
}

/* MSG-076: first what the transport did to it, then what the sender did. */
static int read_encoded(struct reader *r, const struct object *object, enum coding coding)
{
	struct object plain = *object;
	struct buf bytes = BUF_INIT;
	int err = transfer_read(object->bytes, object->len, object->transfer,
				strlen(object->transfer), &bytes);

	plain.bytes = buf_text(&bytes);
	plain.len = bytes.len;
	if (err == 0)
		err = coding == CODING_IDENTITY ? read_plain(r, &plain)
						: read_packed(r, &plain, coding);
	buf_free(&bytes);
	return err;
}

enum shown { SHOWN_YES, SHOWN_NO, SHOWN_REFUSED };

/* MSG-077. */
static enum shown judge_disposition(const struct object *object)
{
	struct text_span token, handling;

	if (object->disposition == NULL)
		return SHOWN_YES;
	token = header_first_token(object->disposition);
	if (token.len == 0 || text_is_like(token.text, token.len, "render") ||
	    text_is_like(token.text, token.len, "inline"))
		return SHOWN_YES;
	if (text_is_like(token.text, token.len, "notification") &&
	    (multipart_type_is(object->type, imdn_type) || multipart_type_is(object->type, MIXED)))
		return SHOWN_YES; /* RCPT-007, RCPT-020 */
	handling = header_parameter(object->disposition, "handling");
	return text_is_like(handling.text, handling.len, "optional") ? SHOWN_NO : SHOWN_REFUSED;
}

static int read_object(struct reader *r, const struct object *object)
{
	enum coding coding = coding_from_header(object->encoding);
	enum shown shown = judge_disposition(object);

	if (shown == SHOWN_NO)
		return 0;
	if (shown == SHOWN_REFUSED || coding == CODING_OTHER)
		return ENOTSUP; /* SIP-110 */
	if (object->transfer != NULL)
		return read_encoded(r, object, coding);
	return coding == CODING_IDENTITY ? read_plain(r, object) : read_packed(r, object, coding);
}

static void clear_reports(struct message_body *body)
{
	for (size_t i = 0; i < body->report_count; i++)
		mem_free(body->reports[i].id);
	mem_free(body->reports);
	body->reports = NULL;
	body->report_count = 0;
}

int message_body_read(const char *body, size_t len, const char *content_type,
		      const char *content_encoding, const char *disposition,
		      bool charset_unreliable, struct message_body *out)
{
	struct object object = {.type = content_type,
				.encoding = content_encoding,
				.disposition = disposition,
				.bytes = body,
				.len = len};
	struct reader reader = {.charset_unreliable = charset_unreliable,
				.room = MESSAGE_BODY_MAX_BYTES,
				.out = out};
	int err;

	*out = (struct message_body){.kind = MESSAGE_BODY_NOTHING};
	err = len > MESSAGE_BODY_MAX_BYTES ? E2BIG : read_object(&reader, &object);
	if (err != 0) {
		message_body_clear(out);
		return err;
	}
	if (out->kind != MESSAGE_BODY_REPORTS)
		clear_reports(out);
	out->reports_are_bare = out->kind == MESSAGE_BODY_REPORTS && !out->is_cpim;
	return 0;
}

void message_body_clear(struct message_body *body)
{
	message_clear(&body->message);
	clear_reports(body);
	*body = (struct message_body){.kind = MESSAGE_BODY_NOTHING};
}
