/* The words of a control request (docs/CONTROL.md). */
#include "ops/control_line.h"

#include <errno.h>
#include <string.h>

#include "base/utf8.h"

struct cursor {
	const char *at;
	const char *end;
	char *to;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool has_control(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return true;
	}
	return false;
}

/* at stands after the opening quote. */
static int read_quoted(struct cursor *cursor)
{
	while (cursor->at < cursor->end && *cursor->at != '"') {
		if (*cursor->at == '\\') {
			cursor->at++;
			if (cursor->at == cursor->end ||
			    (*cursor->at != '"' && *cursor->at != '\\'))
				return EBADMSG;
		}
		*cursor->to++ = *cursor->at++;
	}
	if (cursor->at == cursor->end)
		return EBADMSG;
	cursor->at++;
	if (cursor->at < cursor->end && !is_blank(*cursor->at))
		return EBADMSG;
	return 0;
}

static int read_bare(struct cursor *cursor)
{
	while (cursor->at < cursor->end && !is_blank(*cursor->at)) {
		if (*cursor->at == '"')
			return EBADMSG;
		*cursor->to++ = *cursor->at++;
	}
	return 0;
}

static int read_words(struct cursor *cursor, struct control_line *out)
{
	for (;;) {
		int error = 0;

		while (cursor->at < cursor->end && is_blank(*cursor->at))
			cursor->at++;
		if (cursor->at == cursor->end)
			return 0;
		if (out->count == CONTROL_WORDS)
			return E2BIG;
		out->words[out->count++] = cursor->to;
		if (*cursor->at == '"') {
			cursor->at++;
			error = read_quoted(cursor);
		} else {
			error = read_bare(cursor);
		}
		if (error != 0)
			return error;
		*cursor->to++ = '\0';
	}
}

static void take_json(struct control_line *out)
{
	if (out->count == 0 || strcmp(out->words[0], "json") != 0)
		return;
	out->as_json = true;
	out->count--;
	memmove(out->words, out->words + 1, (size_t)out->count * sizeof(out->words[0]));
}

int control_line_parse(const char *line, size_t len, struct control_line *out)
{
	struct cursor cursor = {line, line + len, out->text};
	int error = 0;

	out->as_json = false;
	out->count = 0;
	if (len > 0 && line[len - 1] == '\r')
		cursor.end--;
	len = (size_t)(cursor.end - line);
	if (len > CONTROL_LINE_BYTES)
		return E2BIG;
	if (has_control(line, len) || !utf8_is_valid(line, len))
		return EBADMSG;
	error = read_words(&cursor, out);
	if (error != 0)
		return error;
	take_json(out);
	return out->count == 0 ? EINVAL : 0;
}
