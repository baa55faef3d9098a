/* Writing message/cpim (RFC 3862), and the escapes in its headers. */
#include <string.h>

#include <unistr.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "model/message.h"
#include "translate/cpim.h"
#include "translate/text_span.h"
#include "translate/timestamp.h"
#include "translate/transfer.h"

#define NS_IMDN "urn:ietf:params:imdn"

enum { UTF8_MAX = 4 };

/* Escapes -------------------------------------------------------------------------------------- */

/* Four hexadecimal digits at text[0..len), or -1. */
static int32_t unit_at(const char *text, size_t len)
{
	int32_t unit = 0;

	if (len < 4)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		int digit = transfer_hex(text[i]);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

static void put_char(struct buf *out, uint32_t c)
{
	uint8_t utf8[UTF8_MAX];
	int len;

	if (c < 0x20 || c == 0x7F)
		c = ' ';
	len = u8_uctomb(utf8, utf8_is_xml_char(c) ? c : 0xFFFD, sizeof utf8);
	buf_append(out, utf8, (size_t)len);
}

/* MSGF-024: at "XXXX" behind a \u. Returns how many bytes were taken, 0 if it is no such escape. */
static size_t put_unit(struct buf *out, const char *text, size_t len)
{
	int32_t unit = unit_at(text, len);
	int32_t low = -1;

	if (unit < 0)
		return 0;
	if (unit >= 0xD800 && unit < 0xDC00 && len >= 6 && text[4] == '\\' && text[5] == 'u')
		low = unit_at(text + 6, len - 6);
	if (low >= 0xDC00 && low < 0xE000) {
		put_char(out,
			 0x10000u + ((uint32_t)(unit - 0xD800) << 10) + (uint32_t)(low - 0xDC00));
		return 10;
	}
	put_char(out, (uint32_t)unit);
	return 4;
}

/* MSGF-020 to MSGF-023. */
static void unescape(struct text_span value, struct buf *out)
{
	size_t i = 0;

	while (i < value.len) {
		size_t taken;
		char c = value.text[i++];

		if (c != '\\') {
			buf_putc(out, c);
			continue;
		}
		if (i == value.len) /* alone at the end */
			break;
		c = value.text[i++];
		taken = c == 'u' ? put_unit(out, value.text + i, value.len - i) : 0;
		i += taken;
		if (taken == 0)
			buf_putc(out, c == 'b' || c == 't' || c == 'n' || c == 'r' ? ' ' : c);
	}
}

void cpim_unescape(struct text_span value, struct buf *out)
{
	struct buf plain = BUF_INIT;

	unescape(value, &plain);
	for (size_t i = 0; i < plain.len; i++) {
		if ((unsigned char)plain.data[i] < 0x20 || plain.data[i] == 0x7F)
			plain.data[i] = ' ';
	}
	utf8_scrub(out, buf_text(&plain), plain.len);
	buf_free(&plain);
}

/* Writing -------------------------------------------------------------------------------------- */

/* MSGF-020 to MSGF-022. What is no UTF-8 becomes U+FFFD. */
static void put_escaped(struct buf *out, const char *text, size_t len)
{
	static const char letters[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\r'] = 'r'};
	size_t at = 0;

	while (at < len) {
		uint32_t c;
		size_t used = utf8_decode(text + at, len - at, &c);

		if (used == 0)
			put_char(out, 0xFFFD);
		else if (c < sizeof letters && letters[c] != '\0')
			buf_printf(out, "\\%c", letters[c]);
		else if (c < 0x20 || c == 0x7F)
			buf_printf(out, "\\u%04X", (unsigned)c);
		else if (c == '\\')
			buf_puts(out, "\\\\");
		else
			buf_append(out, text + at, used);
		at += used > 0 ? used : 1;
	}
}

/* A value that is written as it came, or is a constant of ours: controls cannot be in it. */
static void put_line(struct buf *out, const char *text, size_t len)
{
	size_t from = out->len;

	utf8_scrub(out, text, len);
	for (size_t i = from; i < out->len; i++) {
		if ((unsigned char)out->data[i] < 0x20 || out->data[i] == 0x7F)
			out->data[i] = ' ';
	}
}

static void put_uri(struct buf *out, const char *name, const char *uri)
{
	if (uri == NULL)
		return;
	buf_printf(out, "%s: <", name);
	for (; *uri != '\0'; uri++) {
		unsigned char c = (unsigned char)*uri;

		if (c <= 0x20 || c >= 0x7F || strchr("<>\"\\^`{|}", c) != NULL)
			buf_printf(out, "%%%02X", c);
		else
			buf_putc(out, (char)c);
	}
	buf_puts(out, ">\r\n");
}

static void put_subject(struct buf *out, const char *subject, const char *lang)
{
	if (subject == NULL)
		return;
	buf_puts(out, "Subject:");
	if (lang != NULL && text_is_lang(lang, strlen(lang))) /* MSGF-035 */
		buf_printf(out, ";lang=%s", lang);
	buf_putc(out, ' ');
	put_escaped(out, subject, strlen(subject));
	buf_puts(out, "\r\n");
}

/* RCPT-003: a token. */
static void put_message_id(struct buf *out, const char *id)
{
	if (id == NULL)
		return;
	buf_puts(out, "imdn.Message-ID: ");
	for (; *id != '\0'; id++)
		buf_putc(out, cpim_is_token(id, 1) ? *id : '_');
	buf_puts(out, "\r\n");
}

static void put_wants(struct buf *out, unsigned wants)
{
	static const char *const tokens[] = {"positive-delivery", "negative-delivery", "display",
					     "processing"};
	static const unsigned bits[] = {WANTS_DELIVERED, WANTS_FAILED, WANTS_DISPLAYED,
					WANTS_PROCESSED};
	const char *between = "imdn.Disposition-Notification: ";

	for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
		if ((wants & bits[i]) == 0)
			continue;
		buf_printf(out, "%s%s", between, tokens[i]);
		between = ", ";
	}
	if (between[0] == ',')
		buf_puts(out, "\r\n");
}

/* RCPT-014: one header for each line, in order. */
static void put_routes(struct buf *out, const char *routes)
{
	while (routes != NULL && *routes != '\0') {
		size_t len = strcspn(routes, "\n");

		buf_puts(out, "imdn.IMDN-Route: ");
		put_line(out, routes, len);
		buf_puts(out, "\r\n");
		routes += len + (routes[len] == '\n');
	}
}

static void put_mime(struct buf *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_printf(out, "%s: ", name);
	put_line(out, value, strlen(value));
	buf_puts(out, "\r\n");
}

void cpim_write(const struct cpim_text *text, struct buf *out)
{
	char date_time[TIMESTAMP_CHARS];

	put_uri(out, "From", text->from);
	put_uri(out, "To", text->to);
	timestamp_format(text->date_time_ms, date_time);
	if (date_time[0] != '\0')
		buf_printf(out, "DateTime: %s\r\n", date_time);
	put_subject(out, text->subject, text->subject_lang);
	if (text->message_id != NULL || text->original_to != NULL || text->routes != NULL ||
	    text->wants != 0)
		buf_puts(out, "NS: imdn <" NS_IMDN ">\r\n"); /* before its first use (MSGF-036) */
	put_message_id(out, text->message_id);
	put_wants(out, text->wants);
	put_uri(out, "imdn.Original-To", text->original_to);
	put_routes(out, text->routes);
	buf_puts(out, "\r\n");
	put_mime(out, "Content-Type", text->content_type);
	put_mime(out, "Content-Disposition", text->disposition);
	buf_puts(out, "\r\n");
	buf_append(out, text->content, text->content_len);
}
