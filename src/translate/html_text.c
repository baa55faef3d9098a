/* The words of an HTML text. One pass, no tree: what it gives is escaped again when written, so a
 * tag that is not recognised does no harm. */
#include "translate/html_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <unistr.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "translate/text_span.h"

enum { LINE_BREAKS_MAX = 2, REFERENCE_MAX = 10, UTF8_MAX = 4 };

struct html {
	const char *at;
	const char *end;
	struct buf *out;
	size_t begin;    /* of our text in out */
	bool has_blank;  /* a blank is due before the next word */
	int line_breaks; /* as many are due */
};

static size_t left(const struct html *h)
{
	return (size_t)(h->end - h->at);
}

/* Writes the white space that is due, none at the start. */
static void begin_word(struct html *h)
{
	if (h->out->len > h->begin) {
		if (h->line_breaks > 0) {
			for (int i = 0; i < h->line_breaks; i++)
				buf_putc(h->out, '\n');
		} else if (h->has_blank) {
			buf_putc(h->out, ' ');
		}
	}
	h->has_blank = false;
	h->line_breaks = 0;
}

static void put(struct html *h, const char *text, size_t len)
{
	begin_word(h);
	buf_append(h->out, text, len);
}

static void put_char(struct html *h, uint32_t c)
{
	uint8_t utf8[UTF8_MAX];
	int len = u8_uctomb(utf8, utf8_is_xml_char(c) ? c : 0xFFFD, sizeof utf8);

	put(h, (const char *)utf8, (size_t)len);
}

static bool decode_number(const char *digits, size_t len, uint32_t *out)
{
	uint32_t base = 10;
	uint32_t value = 0;
	size_t i = 0;

	if (len > 0 && (digits[0] == 'x' || digits[0] == 'X')) {
		base = 16;
		i = 1;
	}
	if (i == len)
		return false;
	for (; i < len; i++) {
		char c = digits[i];
		uint32_t digit;

		if (c >= '0' && c <= '9')
			digit = (uint32_t)(c - '0');
		else if (base == 16 && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
			digit = (uint32_t)((c | 0x20) - 'a') + 10;
		else
			return false;
		value = value * base + digit;
		if (value > 0x10FFFF)
			return false;
	}
	*out = value;
	return true;
}

static bool decode_reference(const char *name, size_t len, uint32_t *out)
{
	static const struct {
		const char *name;
		uint32_t c;
	} rows[] = {
		{"lt", '<'},        {"gt", '>'},       {"amp", '&'},      {"quot", '"'},
		{"apos", '\''},     {"nbsp", 0xA0},    {"auml", 0xE4},    {"ouml", 0xF6},
		{"uuml", 0xFC},     {"Auml", 0xC4},    {"Ouml", 0xD6},    {"Uuml", 0xDC},
		{"szlig", 0xDF},    {"eacute", 0xE9},  {"egrave", 0xE8},  {"agrave", 0xE0},
		{"ccedil", 0xE7},   {"copy", 0xA9},    {"reg", 0xAE},     {"euro", 0x20AC},
		{"hellip", 0x2026}, {"ndash", 0x2013}, {"mdash", 0x2014}, {"lsquo", 0x2018},
		{"rsquo", 0x2019},  {"ldquo", 0x201C}, {"rdquo", 0x201D}, {"bull", 0x2022},
	};

	if (len > 1 && name[0] == '#')
		return decode_number(name + 1, len - 1, out);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (text_equals(name, len, rows[i].name)) {
			*out = rows[i].c;
			return true;
		}
	}
	return false;
}

/* At '&'. What is no reference is text. */
static void take_reference(struct html *h)
{
	size_t most = left(h) < REFERENCE_MAX ? left(h) : REFERENCE_MAX;
	const char *semicolon = memchr(h->at, ';', most);
	uint32_t c;

	if (semicolon != NULL && decode_reference(h->at + 1, (size_t)(semicolon - h->at) - 1, &c)) {
		put_char(h, c);
		h->at = semicolon + 1;
		return;
	}
	put(h, "&", 1);
	h->at++;
}

static bool is_one_of(const char *name, size_t len, const char *const *names)
{
	for (; *names != NULL; names++) {
		if (text_is_like(name, len, *names))
			return true;
	}
	return false;
}

/* Passes over what is inside script, style and the like, up to the end tag. */
static void skip_hidden(struct html *h, const char *name, size_t len)
{
	while (h->at < h->end) {
		const char *next = memmem(h->at, left(h), "</", 2);

		if (next == NULL) {
			h->at = h->end;
			return;
		}
		h->at = next + 2;
		if (left(h) >= len && strncasecmp(h->at, name, len) == 0) {
			const char *close = memchr(h->at, '>', left(h));

			h->at = close == NULL ? h->end : close + 1;
			return;
		}
	}
}

static void end_line(struct html *h, int breaks)
{
	if (h->line_breaks < breaks)
		h->line_breaks = breaks;
}

static void apply_tag(struct html *h, const char *name, size_t len, bool is_end)
{
	static const char *const hidden[] = {"script", "style", "head", "title", NULL};
	static const char *const paragraphs[] = {"p",     "blockquote", "ul", "ol",
						 "table", "pre",        NULL};
	static const char *const lines[] = {"div", "li", "tr", "h1", "h2", "h3", "h4", "hr", NULL};

	if (text_is_like(name, len, "br")) {
		if (h->line_breaks < LINE_BREAKS_MAX)
			h->line_breaks++;
	} else if (!is_end && is_one_of(name, len, hidden)) {
		skip_hidden(h, name, len);
	} else if (is_one_of(name, len, paragraphs)) {
		end_line(h, 2);
	} else if (is_one_of(name, len, lines)) {
		end_line(h, 1);
	}
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* At '<'. A '<' that begins no tag is text. */
static void take_tag(struct html *h)
{
	const char *name = h->at + 1;
	const char *p = name;
	bool is_end;

	if (text_starts(h->at, left(h), "<!--")) {
		p = memmem(h->at, left(h), "-->", 3);
		h->at = p == NULL ? h->end : p + 3;
		return;
	}
	is_end = p < h->end && *p == '/';
	if (is_end)
		p = ++name;
	if (p < h->end && is_letter(*p)) { /* "<3" is no tag */
		while (p < h->end && (is_letter(*p) || (*p >= '0' && *p <= '9')))
			p++;
	}
	if (p == name && !(p < h->end && (*p == '!' || *p == '?'))) {
		put(h, "<", 1);
		h->at++;
		return;
	}
	h->at = memchr(p, '>', (size_t)(h->end - p));
	h->at = h->at == NULL ? h->end : h->at + 1;
	apply_tag(h, name, (size_t)(p - name), is_end);
}

static void take_words(struct html *h)
{
	const char *begin = h->at;

	while (h->at < h->end && *h->at != '<' && *h->at != '&' && !text_is_space(*h->at))
		h->at++;
	put(h, begin, (size_t)(h->at - begin));
}

void html_text(const char *html, size_t len, struct buf *out)
{
	struct html h = {.at = html, .end = html + len, .out = out, .begin = out->len};

	while (h.at < h.end) {
		if (*h.at == '<') {
			take_tag(&h);
		} else if (*h.at == '&') {
			take_reference(&h);
		} else if (text_is_space(*h.at)) {
			h.has_blank = true;
			h.at++;
		} else {
			take_words(&h);
		}
	}
}
