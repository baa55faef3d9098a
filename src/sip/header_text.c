/* Text of SIP headers; see header_text.h. */
#include "sip/header_text.h"

#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/utf8.h"

size_t header_text_clean(struct buf *out, const char *text, size_t len)
{
	struct buf plain = BUF_INIT;
	size_t start = out->len;

	/* Scrubbing can make it longer: it is cut again below. */
	buf_append(&plain, text, len > 2 * HEADER_TEXT_MAX ? 2 * HEADER_TEXT_MAX : len);
	for (size_t i = 0; i < plain.len; i++) {
		unsigned char c = (unsigned char)plain.data[i];

		if (c < 0x20 || c == 0x7f)
			plain.data[i] = ' ';
	}
	utf8_scrub(out, buf_text(&plain), plain.len);
	buf_free(&plain);
	if (out->len - start > HEADER_TEXT_MAX) {
		out->len = start + utf8_cut(out->data + start, out->len - start, HEADER_TEXT_MAX);
		out->data[out->len] = '\0';
	}
	return out->len - start;
}

void header_text_display(struct buf *out, const char *text, bool plain)
{
	struct buf clean = BUF_INIT;

	if (text == NULL || header_text_clean(&clean, text, strlen(text)) == 0) {
		buf_free(&clean);
		return;
	}
	buf_putc(out, '"');
	for (size_t i = 0; i < clean.len; i++) {
		char c = clean.data[i];

		if (c == '"' || c == '\\') {
			if (plain)
				continue;
			buf_putc(out, '\\');
		}
		buf_putc(out, c);
	}
	buf_puts(out, "\" ");
	buf_free(&clean);
}

void header_text_unquote(struct buf *out, const char *display)
{
	size_t len = strlen(display);

	if (len < 2 || display[0] != '"') {
		header_text_clean(out, display, len);
		return;
	}
	struct buf plain = BUF_INIT;

	for (size_t i = 1; i < len && display[i] != '"'; i++) {
		if (display[i] == '\\' && i + 1 < len)
			i++;
		buf_putc(&plain, display[i]);
	}
	header_text_clean(out, buf_text(&plain), plain.len);
	buf_free(&plain);
}

static void put_two(struct buf *out, int number, char after)
{
	char text[3] = {(char)('0' + number / 10 % 10), (char)('0' + number % 10), after};

	buf_append(out, text, sizeof text);
}

void header_text_date(struct buf *out, int64_t wall_ms)
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL)
		return;
	buf_puts(out, days[tm.tm_wday]);
	buf_puts(out, ", ");
	put_two(out, tm.tm_mday, ' ');
	buf_puts(out, months[tm.tm_mon]);
	buf_putc(out, ' ');
	header_text_put_number(out, (unsigned long long)tm.tm_year + 1900);
	buf_putc(out, ' ');
	put_two(out, tm.tm_hour, ':');
	put_two(out, tm.tm_min, ':');
	put_two(out, tm.tm_sec, ' ');
	buf_puts(out, "GMT");
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool header_text_is_language(const char *tag, size_t len)
{
	size_t part = 0;

	if (len == 0 || len > 35)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (tag[i] == '-') {
			if (part == 0)
				return false;
			part = 0;
		} else if (is_alpha(tag[i]) || (is_digit(tag[i]) && i != 0)) {
			part++;
			if (part > 8)
				return false;
		} else {
			return false;
		}
	}
	return part != 0;
}

bool header_text_is_printable(const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

bool header_text_is_token(const char *text)
{
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++)
		if (!is_alpha(*text) && !is_digit(*text) && strchr("-.!%*_+`'~", *text) == NULL)
			return false;
	return true;
}

long header_text_number(const char *text, long fallback)
{
	long value = 0;
	size_t digits = 0;

	if (text == NULL)
		return fallback;
	for (; is_digit(text[digits]); digits++) {
		if (digits == 9)
			return 999999999;
		value = value * 10 + (text[digits] - '0');
	}
	return digits == 0 ? fallback : value;
}

void header_text_put_number(struct buf *out, unsigned long long number)
{
	char text[24];
	size_t at = sizeof text;

	do {
		text[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number != 0);
	buf_append(out, text + at, sizeof text - at);
}
