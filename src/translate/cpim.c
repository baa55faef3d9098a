/* message/cpim (RFC 3862): message headers, a blank line, MIME headers, a blank line, the content.
 * Header names are compared by namespace and exactly (MSGF-014, RCPT-001). */
#include "translate/cpim.h"

#include <errno.h>
#include <string.h>

#include "base/utf8.h"
#include "model/message.h"
#include "translate/text_span.h"

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

bool cpim_is_token(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c <= 0x20 || c >= 0x7F || strchr("()<>@,;:\\\"/[]?={}", c) != NULL)
			return false;
	}
	return len > 0;
}

/* Splits "Name: value"; false if it is no header line. */
static bool split(struct text_span line, struct text_span *name, struct text_span *value)
{
	const char *colon = memchr(line.text, ':', line.len);

	if (colon == NULL)
		return false;
	*name = span(line.text, colon);
	*value = span(colon + 1, line.text + line.len);
	return cpim_is_token(name->text, name->len);
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
