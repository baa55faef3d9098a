/* Bodies of several parts (RFC 2046 section 5.1). One pass over the bytes: a delimiter is a line
 * that begins with "--" and the boundary; whatever lies between two of them is a part. */
#include "translate/multipart.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "translate/header_params.h"
#include "translate/text_span.h"

static struct text_span text_between(const char *at, const char *end)
{
	return (struct text_span){at, (size_t)(end - at)};
}

bool multipart_is(const char *content_type)
{
	return content_type != NULL &&
	       strncasecmp(header_first_token(content_type).text, "multipart/", 10) == 0;
}

bool multipart_type_is(const char *content_type, const char *type)
{
	struct text_span span;

	if (content_type == NULL)
		return false;
	span = header_first_token(content_type);
	return text_is_like(span.text, span.len, type);
}

/* A Content-ID or start value, as cid has it. */
static struct text_span without_brackets(const char *text, size_t len)
{
	text_trim(&text, &len);
	if (len >= 2 && text[0] == '<' && text[len - 1] == '>')
		return (struct text_span){text + 1, len - 2};
	return (struct text_span){text, len};
}

/* Where the next line begins, or end. */
static const char *next_line(const char *at, const char *end)
{
	const char *lf = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;

	return lf == NULL ? end : lf + 1;
}

/* The line at at, without its end. */
static struct text_span line_at(const char *at, const char *end)
{
	struct text_span line = text_between(at, next_line(at, end));

	if (line.len > 0 && line.text[line.len - 1] == '\n')
		line.len--;
	if (line.len > 0 && line.text[line.len - 1] == '\r')
		line.len--;
	return line;
}

struct cutter {
	struct text_span delimiter; /* "--boundary" */
	const char *start;
	const char *at; /* behind the last delimiter line */
	const char *end;
	bool is_last; /* the end boundary was met */
};

/* After the boundary: nothing but white space, or "--" (RFC 2046: dash-boundary transport-padding).
 * A longer boundary is another one's: that of a multipart inside this. */
static bool is_delimiter(const struct cutter *cutter, struct text_span line, bool *is_last)
{
	struct text_span rest;

	if (line.len < cutter->delimiter.len ||
	    memcmp(line.text, cutter->delimiter.text, cutter->delimiter.len) != 0)
		return false;
	rest = (struct text_span){line.text + cutter->delimiter.len,
				  line.len - cutter->delimiter.len};
	*is_last = rest.len >= 2 && rest.text[0] == '-' && rest.text[1] == '-';
	if (*is_last)
		rest = (struct text_span){rest.text + 2, rest.len - 2};
	text_trim(&rest.text, &rest.len);
	return rest.len == 0;
}

/* The bytes up to the next delimiter, behind which the cutter then stands; false if no delimiter
 * follows: then all that is left. The line end before a delimiter belongs to it. */
static bool cut(struct cutter *cutter, struct text_span *piece)
{
	const char *from = cutter->at;
	const char *line = from;

	while (line < cutter->end) {
		const char *found = memmem(line, (size_t)(cutter->end - line),
					   cutter->delimiter.text, cutter->delimiter.len);
		bool is_last;

		if (found == NULL)
			break;
		line = next_line(found, cutter->end);
		if ((found > cutter->start && found[-1] != '\n') ||
		    !is_delimiter(cutter, line_at(found, cutter->end), &is_last))
			continue;
		*piece = text_between(from, found);
		if (piece->len > 0)
			piece->len--;
		if (piece->len > 0 && from[piece->len - 1] == '\r')
			piece->len--;
		cutter->at = line;
		cutter->is_last = is_last;
		return true;
	}
	*piece = text_between(from, cutter->end);
	cutter->at = cutter->end;
	return false;
}

static void take_header(char **field, struct text_span value)
{
	text_trim(&value.text, &value.len);
	if (*field == NULL && value.len > 0)
		*field = mem_strndup(value.text, value.len);
}

static bool is_readable_encoding(struct text_span value)
{
	text_trim(&value.text, &value.len);
	return text_is_like(value.text, value.len, "binary") ||
	       text_is_like(value.text, value.len, "8bit") ||
	       text_is_like(value.text, value.len, "7bit");
}

/* Content-Length is not looked at: the boundary decides. */
static int take_line(struct multipart_part *part, struct text_span line, bool *is_readable)
{
	const char *colon = memchr(line.text, ':', line.len);
	struct text_span name;
	struct text_span value;

	if (colon == NULL || colon == line.text)
		return EBADMSG;
	name = text_between(line.text, colon);
	value = text_between(colon + 1, line.text + line.len);
	text_trim(&name.text, &name.len);
	if (text_is_like(name.text, name.len, "Content-ID"))
		take_header(&part->id, without_brackets(value.text, value.len));
	else if (text_is_like(name.text, name.len, "Content-Type"))
		take_header(&part->type, value);
	else if (text_is_like(name.text, name.len, "Content-Encoding"))
		take_header(&part->encoding, value);
	else if (text_is_like(name.text, name.len, "Content-Disposition"))
		take_header(&part->disposition, value);
	else if (text_is_like(name.text, name.len, "Content-Transfer-Encoding")) {
		take_header(&part->transfer, value);
		*is_readable = is_readable_encoding(value);
	}
	return 0;
}

/* One header line with its continuation lines (RFC 822 folding) as one line; *at behind it. */
static void unfold(const char **at, const char *end, struct buf *out)
{
	struct text_span line = line_at(*at, end);

	buf_reset(out);
	buf_append(out, line.text, line.len);
	*at = next_line(*at, end);
	while (*at < end && (**at == ' ' || **at == '\t')) {
		line = line_at(*at, end);
		if (line.len == 0)
			break;
		buf_append(out, line.text, line.len);
		*at = next_line(*at, end);
	}
}

static int read_headers(struct multipart_part *part, const char **at, const char *end,
			bool *is_readable)
{
	struct buf line = BUF_INIT;
	int err = 0;

	for (int count = 0; err == 0; count++) {
		unfold(at, end, &line);
		if (line.len == 0)
			break;
		if (count == MULTIPART_HEADERS_MAX)
			err = E2BIG;
		else
			err = take_line(part, (struct text_span){line.data, line.len}, is_readable);
	}
	buf_free(&line);
	return err;
}

static void clear_part(struct multipart_part *part)
{
	mem_free(part->id);
	mem_free(part->type);
	mem_free(part->encoding);
	mem_free(part->disposition);
	mem_free(part->transfer);
	*part = (struct multipart_part){0};
}

static int read_part(struct text_span piece, struct multipart_part *part)
{
	const char *at = piece.text;
	const char *end = piece.text + piece.len;
	bool is_readable = true;
	int err = read_headers(part, &at, end, &is_readable);

	if (err != 0) {
		clear_part(part);
		return err;
	}
	if (part->type == NULL)
		part->type = mem_strdup("text/plain"); /* RFC 2046 section 5.1 */
	part->body = at;
	part->raw_len = (size_t)(end - at);
	part->len = is_readable ? part->raw_len : 0;
	return 0;
}

static int read_parts(struct cutter *cutter, size_t parts_max, struct multipart *out)
{
	size_t room = 0;
	struct text_span piece;
	bool is_more;
	int err = 0;

	if (!cut(cutter, &piece)) /* the preamble */
		return EBADMSG;
	is_more = !cutter->is_last;
	while (is_more && err == 0) {
		/* A missing end boundary: what is left is the last part, if it is anything. */
		is_more = cut(cutter, &piece) && !cutter->is_last;
		if (piece.len == 0 && cutter->at == cutter->end && !cutter->is_last)
			break;
		if (out->count == parts_max)
			return E2BIG;
		if (out->count == room) {
			room = room == 0 ? 8 : room * 2;
			out->parts = mem_resize(out->parts, room, sizeof(*out->parts));
		}
		out->parts[out->count] = (struct multipart_part){0};
		err = read_part(piece, &out->parts[out->count]);
		if (err == 0)
			out->count++;
	}
	if (err != 0)
		return err;
	return out->count == 0 ? EBADMSG : 0;
}

static size_t find_id(const struct multipart *multipart, struct text_span id)
{
	for (size_t i = 0; i < multipart->count; i++) {
		const char *own = multipart->parts[i].id;

		if (own != NULL && text_equals(id.text, id.len, own))
			return i;
	}
	return multipart->count;
}

/* EVT-067. COMPAT(asterisk): no start (PBX-009). */
static size_t find_root(const struct multipart *multipart, const char *content_type)
{
	struct text_span start = header_parameter(content_type, "start");
	struct text_span type = header_parameter(content_type, "type");
	size_t root = multipart->count;

	if (start.len > 0)
		root = find_id(multipart, without_brackets(start.text, start.len));
	if (root < multipart->count)
		return root;
	for (size_t i = 0; i < multipart->count && type.len > 0; i++) {
		struct text_span own = header_first_token(multipart->parts[i].type);

		if (own.len == type.len && strncasecmp(own.text, type.text, type.len) == 0)
			return i;
	}
	return 0;
}

int multipart_parse(const char *content_type, const char *text, size_t len, size_t parts_max,
		    struct multipart *out)
{
	struct cutter cutter = {.start = text, .at = text, .end = text + len};
	struct buf delimiter = BUF_INIT;
	struct text_span boundary;
	int err;

	if (!multipart_is(content_type))
		return EPROTO;
	boundary = header_parameter(content_type, "boundary");
	if (boundary.len == 0 || boundary.len > MULTIPART_BOUNDARY_MAX)
		return EPROTO;
	buf_puts(&delimiter, "--");
	buf_append(&delimiter, boundary.text, boundary.len);
	cutter.delimiter = (struct text_span){delimiter.data, delimiter.len};
	if (parts_max > MULTIPART_PARTS_MAX)
		parts_max = MULTIPART_PARTS_MAX;
	err = read_parts(&cutter, parts_max, out);
	if (err == 0)
		out->root = find_root(out, content_type);
	else
		multipart_clear(out);
	buf_free(&delimiter);
	return err;
}

void multipart_clear(struct multipart *multipart)
{
	for (size_t i = 0; i < multipart->count; i++)
		clear_part(&multipart->parts[i]);
	mem_free(multipart->parts);
	*multipart = (struct multipart){0};
}

const struct multipart_part *multipart_find(const struct multipart *multipart, const char *cid)
{
	size_t i = find_id(multipart, (struct text_span){cid, strlen(cid)});

	return i == multipart->count ? NULL : &multipart->parts[i];
}

void multipart_add(struct buf *out, const char *boundary, const char *id, const char *type,
		   const char *body, size_t len)
{
	buf_printf(out, "--%s\r\n", boundary);
	/* COMPAT(linphone 5.1): it knows the header in these letters alone; others know any case.
	 */
	if (id != NULL)
		buf_printf(out, "Content-Id: <%s>\r\n", id);
	buf_printf(out, "Content-Transfer-Encoding: binary\r\nContent-Type: %s\r\n\r\n", type);
	buf_append(out, body, len);
	buf_puts(out, "\r\n");
}

void multipart_end(struct buf *out, const char *boundary)
{
	buf_printf(out, "--%s--\r\n", boundary);
}

void multipart_write_type(struct buf *out, const char *boundary, const char *root_type,
			  const char *root_id)
{
	/* COMPAT(linphone 5.1): it takes quotes for a part of the boundary, and then falls over. */
	buf_printf(out, "multipart/related;type=\"%s\";start=\"<%s>\";boundary=%s", root_type,
		   root_id, boundary);
}
