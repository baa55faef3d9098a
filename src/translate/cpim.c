/* message/cpim (RFC 3862): message headers, a blank line, MIME headers, a blank line, the content.
 * Header names are compared by namespace and exactly (MSGF-014, RCPT-001). */
#include "translate/cpim.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "model/message.h"
#include "translate/text_span.h"
#include "translate/timestamp.h"
#include "translate/transfer.h"

#define NS_CORE "urn:ietf:params:cpim-headers:"
#define NS_IMDN "urn:ietf:params:imdn"

enum { PREFIXES_MAX = 8 };

enum space { SPACE_CORE, SPACE_IMDN, SPACE_OTHER };

struct prefix {
	struct text_span name;
	enum space space;
};

struct reader {
	const char *at;
	const char *end;
	struct cpim *out;
	struct prefix prefixes[PREFIXES_MAX];
	size_t prefix_count;
	enum space default_space;
	size_t lines;
};

/* One header of the first block, taken apart. */
struct header {
	struct text_span name; /* without prefix */
	enum space space;
	struct text_span lang;
	struct text_span value;
};

static struct text_span span(const char *from, const char *to)
{
	return (struct text_span){from, (size_t)(to - from)};
}

static struct text_span trimmed(const char *from, const char *to)
{
	struct text_span s = span(from, to);

	text_trim(&s.text, &s.len);
	return s;
}

static void take_once(struct text_span *field, struct text_span value)
{
	if (field->text == NULL)
		*field = value;
}

/* Lines ---------------------------------------------------------------------------------------- */

/* MSGF-013: LF alone ends a line too. */
static struct text_span next_line(struct reader *r)
{
	const char *lf = memchr(r->at, '\n', (size_t)(r->end - r->at));
	struct text_span line = span(r->at, lf == NULL ? r->end : lf);

	r->at = lf == NULL ? r->end : lf + 1;
	if (line.len > 0 && line.text[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* MSGF-013, MSGF-016. */
static bool is_clean(struct text_span line)
{
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.text[i];

		if ((c < 0x20 && c != '\t') || c == 0x7F)
			return false;
	}
	return utf8_is_valid(line.text, line.len);
}

/* MSGF-015: characters of a token; '.' stands between prefix and name. */
static bool is_token(struct text_span name)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.text[i];

		if (c <= 0x20 || c >= 0x7F || strchr("()<>@,;:\\\"/[]?={}", c) != NULL)
			return false;
	}
	return name.len > 0;
}

/* Splits "Name: value"; false if it is no header line. */
static bool split(struct text_span line, struct text_span *name, struct text_span *value)
{
	const char *colon = memchr(line.text, ':', line.len);

	if (colon == NULL)
		return false;
	*name = span(line.text, colon);
	*value = span(colon + 1, line.text + line.len);
	return is_token(*name);
}

static bool is_mime(struct text_span name)
{
	return name.len > 8 && strncasecmp(name.text, "Content-", 8) == 0;
}

/* Namespaces ----------------------------------------------------------------------------------- */

static enum space space_of(struct text_span uri)
{
	if (text_equals(uri.text, uri.len, NS_CORE))
		return SPACE_CORE;
	return text_equals(uri.text, uri.len, NS_IMDN) ? SPACE_IMDN : SPACE_OTHER;
}

static enum space find_prefix(const struct reader *r, struct text_span name)
{
	/* The newest declaration counts. */
	for (size_t i = r->prefix_count; i-- > 0;) {
		struct text_span known = r->prefixes[i].name;

		if (known.len == name.len && memcmp(known.text, name.text, name.len) == 0)
			return r->prefixes[i].space;
	}
	/* Who forgets to declare it means it so. */
	return text_equals(name.text, name.len, "imdn") ? SPACE_IMDN : SPACE_OTHER;
}

/* Takes "prefix.Name" apart. */
static enum space resolve(const struct reader *r, struct text_span *name)
{
	const char *dot = memchr(name->text, '.', name->len);
	struct text_span prefix;

	if (dot == NULL)
		return r->default_space;
	prefix = span(name->text, dot);
	*name = span(dot + 1, name->text + name->len);
	return find_prefix(r, prefix);
}

/* What stands between the last angle brackets, or all of it; *name is what stands before. */
static struct text_span uri_of(struct text_span value, struct text_span *name)
{
	const char *end = value.text + value.len;
	const char *open = NULL;
	bool is_quoted = false;

	*name = (struct text_span){0};
	for (const char *p = value.text; p < end; p++) {
		if (*p == '\\')
			p += p + 1 < end;
		else if (*p == '"')
			is_quoted = !is_quoted;
		else if (*p == '<' && !is_quoted)
			open = p;
	}
	if (open == NULL || end[-1] != '>')
		return value;
	*name = trimmed(value.text, open);
	if (name->len >= 2 && name->text[0] == '"' && name->text[name->len - 1] == '"')
		*name = span(name->text + 1, name->text + name->len - 1);
	return trimmed(open + 1, end - 1);
}

/* MSGF-036. */
static int take_space(struct reader *r, struct text_span value)
{
	struct text_span name;
	enum space space = space_of(uri_of(value, &name));

	if (name.len == 0) {
		r->default_space = space;
		return 0;
	}
	if (r->prefix_count == PREFIXES_MAX)
		return EBADMSG;
	r->prefixes[r->prefix_count++] = (struct prefix){name, space};
	return 0;
}

/* Message headers ------------------------------------------------------------------------------ */

static unsigned wants_of(struct text_span value)
{
	static const struct {
		const char *token;
		unsigned want;
	} rows[] = {{"positive-delivery", WANTS_DELIVERED},
		    {"negative-delivery", WANTS_FAILED},
		    {"display", WANTS_DISPLAYED},
		    {"processing", WANTS_PROCESSED}};
	const char *end = value.text + value.len;
	const char *at = value.text;
	unsigned wants = 0;

	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		const char *next = comma == NULL ? end : comma;
		const char *semicolon = memchr(at, ';', (size_t)(next - at));
		struct text_span token = trimmed(at, semicolon == NULL ? next : semicolon);

		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			if (text_is_like(token.text, token.len, rows[i].token))
				wants |= rows[i].want;
		}
		at = comma == NULL ? end : comma + 1;
	}
	return wants;
}

static bool is_name(struct text_span name, const char *wanted)
{
	return text_equals(name.text, name.len, wanted);
}

static bool is_understood(enum space space, struct text_span name)
{
	static const char *const core[] = {"From",    "To", "cc",      "DateTime",
					   "Subject", "NS", "Require", NULL};
	static const char *const imdn[] = {"Message-ID", "Disposition-Notification", "Original-To",
					   "IMDN-Route", "IMDN-Record-Route",        NULL};
	const char *const *row = space == SPACE_CORE ? core : imdn;

	if (space == SPACE_OTHER)
		return false;
	for (; *row != NULL; row++) {
		if (is_name(name, *row))
			return true;
	}
	return false;
}

/* MSGF-037, XCP-018: the bridge vouches for what it does itself. */
static int check_require(const struct reader *r, struct text_span value)
{
	const char *end = value.text + value.len;
	const char *at = value.text;

	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		struct text_span name = trimmed(at, comma == NULL ? end : comma);
		enum space space = resolve(r, &name);

		if (name.len > 0 && !is_understood(space, name))
			return ENOTSUP;
		at = comma == NULL ? end : comma + 1;
	}
	return 0;
}

static int take_core(struct reader *r, const struct header *h)
{
	struct cpim *out = r->out;
	struct text_span name;

	if (is_name(h->name, "From") && out->from.text == NULL)
		out->from = uri_of(h->value, &out->from_name);
	else if (is_name(h->name, "To"))
		take_once(&out->to, uri_of(h->value, &name));
	else if (is_name(h->name, "DateTime"))
		take_once(&out->date_time, h->value);
	else if (is_name(h->name, "Subject") && out->subject.text == NULL) {
		out->subject = h->value;
		out->subject_lang = h->lang;
	} else if (is_name(h->name, "Require"))
		return check_require(r, h->value);
	return 0;
}

static int add_route(struct text_span *routes, size_t *count, struct text_span value)
{
	if (value.len == 0)
		return 0;
	if (*count == CPIM_ROUTES_MAX)
		return EBADMSG;
	routes[(*count)++] = value;
	return 0;
}

static int take_imdn(struct cpim *out, const struct header *h)
{
	struct text_span name;

	if (is_name(h->name, "Message-ID"))
		take_once(&out->message_id, h->value);
	else if (is_name(h->name, "Original-To"))
		take_once(&out->original_to, uri_of(h->value, &name));
	else if (is_name(h->name, "Disposition-Notification"))
		out->wants |= wants_of(h->value);
	else if (is_name(h->name, "IMDN-Record-Route"))
		return add_route(out->record_routes, &out->record_route_count, h->value);
	else if (is_name(h->name, "IMDN-Route"))
		return add_route(out->routes, &out->route_count, h->value);
	return 0;
}

/* MSGF-010: ";name=value" parameters stand between the colon and the blank. */
static struct text_span take_lang(struct text_span *value)
{
	const char *end = value->text + value->len;
	const char *at = value->text;
	struct text_span lang = {0};

	while (at < end && *at == ';') {
		const char *from = ++at;

		while (at < end && *at != ';' && *at != ' ')
			at++;
		if (at - from > 5 && strncasecmp(from, "lang=", 5) == 0)
			lang = span(from + 5, at);
	}
	*value = span(at, end);
	return lang;
}

static int take_header(struct reader *r, struct text_span name, struct text_span value)
{
	struct header h = {.name = name};

	h.space = resolve(r, &h.name);
	h.lang = take_lang(&value);
	h.value = trimmed(value.text, value.text + value.len);
	if (is_name(name, "NS") || (h.space == SPACE_CORE && is_name(h.name, "NS")))
		return take_space(r, h.value);
	if (h.space == SPACE_CORE)
		return take_core(r, &h);
	return h.space == SPACE_IMDN ? take_imdn(r->out, &h) : 0; /* MSGF-018 */
}

/* Wrapped object ------------------------------------------------------------------------------- */

static void take_mime(struct cpim *out, struct text_span name, struct text_span value)
{
	/* Content-Length is advisory: the carrier sets the end (MSGF-005). */
	if (text_is_like(name.text, name.len, "Content-Type"))
		take_once(&out->content_type, value);
	else if (text_is_like(name.text, name.len, "Content-Encoding"))
		take_once(&out->content_encoding, value);
	else if (text_is_like(name.text, name.len, "Content-Transfer-Encoding"))
		take_once(&out->transfer_encoding, value);
	else if (text_is_like(name.text, name.len, "Content-Disposition"))
		take_once(&out->disposition, value);
}

/* MIME headers may be folded: the line with those that go on from it. */
static struct text_span unfolded(struct reader *r, struct text_span line)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\t')) {
		struct text_span more = next_line(r);

		line = span(line.text, more.text + more.len);
	}
	return line;
}

static int read_mime_line(struct reader *r, struct text_span line)
{
	struct text_span name, value;

	line = unfolded(r, line);
	if (!split(line, &name, &value) || r->lines++ == CPIM_HEADERS_MAX)
		return EBADMSG;
	take_mime(r->out, name, trimmed(value.text, value.text + value.len));
	return 0;
}

/* Up to the blank line; first: a line of the block that was read already, or none. */
static int read_mime(struct reader *r, struct text_span first)
{
	int err = first.len == 0 ? 0 : read_mime_line(r, first);

	while (err == 0 && r->at < r->end) {
		struct text_span line = next_line(r);

		if (line.len == 0)
			break;
		err = read_mime_line(r, line);
	}
	r->out->content = span(r->at, r->end);
	return err;
}

int cpim_read(const char *body, size_t len, struct cpim *out)
{
	struct reader r = {.at = body, .end = body + len, .out = out};
	int err = 0;

	*out = (struct cpim){0};
	if (len == 0 || len > CPIM_BYTES_MAX)
		return EBADMSG;
	while (err == 0 && r.at < r.end) {
		struct text_span line = next_line(&r);
		struct text_span name, value;

		if (line.len == 0 && r.lines > 0)
			return read_mime(&r, (struct text_span){0});
		if (!is_clean(line) || !split(line, &name, &value))
			return EBADMSG;
		if (is_mime(name)) /* MSGF-004: the blank line is missing */
			return read_mime(&r, line);
		if (r.lines++ == CPIM_HEADERS_MAX)
			return EBADMSG;
		err = take_header(&r, name, value);
	}
	return err != 0 ? err : EBADMSG; /* it ended in its headers */
}

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
	char utf8[5] = {0};

	if (c < 0x20 || c == 0x7F)
		c = ' ';
	if (!utf8_is_xml_char(c))
		c = 0xFFFD;
	if (c < 0x80) {
		buf_putc(out, (char)c);
	} else if (c < 0x800) {
		utf8[0] = (char)(0xC0 | (c >> 6));
		utf8[1] = (char)(0x80 | (c & 0x3F));
		buf_puts(out, utf8);
	} else if (c < 0x10000) {
		utf8[0] = (char)(0xE0 | (c >> 12));
		utf8[1] = (char)(0x80 | ((c >> 6) & 0x3F));
		utf8[2] = (char)(0x80 | (c & 0x3F));
		buf_puts(out, utf8);
	} else {
		utf8[0] = (char)(0xF0 | (c >> 18));
		utf8[1] = (char)(0x80 | ((c >> 12) & 0x3F));
		utf8[2] = (char)(0x80 | ((c >> 6) & 0x3F));
		utf8[3] = (char)(0x80 | (c & 0x3F));
		buf_puts(out, utf8);
	}
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
		buf_putc(out, is_token((struct text_span){id, 1}) ? *id : '_');
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
