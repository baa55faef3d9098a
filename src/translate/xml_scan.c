/* The look over a document before libxml2 reads it. What costs libxml2 much (entities, long
 * attribute lists, depth) is refused here for the price of one pass over the bytes. */
#include "translate/xml.h"

#include <errno.h>
#include <string.h>

#include "translate/text_span.h"

struct scan {
	const char *at;
	const char *end;
	int depth;
	int nodes;
};

static size_t left(const struct scan *s)
{
	return (size_t)(s->end - s->at);
}

static bool starts(const struct scan *s, const char *prefix)
{
	return text_starts(s->at, left(s), prefix);
}

/* Passes over everything up to and with mark. */
static int skip_past(struct scan *s, const char *mark)
{
	const char *found = memmem(s->at, left(s), mark, strlen(mark));

	if (found == NULL)
		return EBADMSG;
	s->at = found + strlen(mark);
	return 0;
}

/* A DOCTYPE declares nothing unless it has an internal subset; an external one is never loaded
 * (D-59, LXM-002). */
static int skip_doctype(struct scan *s)
{
	char quote = '\0';

	for (; s->at < s->end; s->at++) {
		if (quote != '\0') {
			if (*s->at == quote)
				quote = '\0';
		} else if (*s->at == '"' || *s->at == '\'') {
			quote = *s->at;
		} else if (*s->at == '[') {
			return EPROTO;
		} else if (*s->at == '>') {
			s->at++;
			return 0;
		}
	}
	return EBADMSG;
}

/* Stops at the '<' of the root element. */
static int skip_prolog(struct scan *s)
{
	int err = 0;

	if (starts(s, "\xEF\xBB\xBF"))
		s->at += 3;
	while (err == 0) {
		while (s->at < s->end && text_is_space(*s->at))
			s->at++;
		if (starts(s, "<?"))
			err = skip_past(s, "?>");
		else if (starts(s, "<!--"))
			err = skip_past(s, "-->");
		else if (starts(s, "<!DOCTYPE"))
			err = skip_doctype(s);
		else
			return starts(s, "<") && !starts(s, "<!") ? 0 : EBADMSG;
	}
	return err;
}

/* At the '<' of a start tag. A '>' inside a quoted value does not end it. */
static int look_at_tag(struct scan *s)
{
	char quote = '\0';
	int attributes = 0;

	for (s->at++; s->at < s->end; s->at++) {
		char c = *s->at;

		if (quote != '\0') {
			if (c == quote)
				quote = '\0';
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '=' && ++attributes > XML_ATTRIBUTES_MAX) {
			return E2BIG;
		} else if (c == '>') {
			if (s->at[-1] != '/')
				s->depth++;
			s->at++;
			return s->depth > XML_DEPTH_MAX ? E2BIG : 0;
		}
	}
	return EBADMSG;
}

static int look_at_markup(struct scan *s)
{
	if (starts(s, "</")) {
		s->depth--;
		return skip_past(s, ">");
	}
	if (++s->nodes > XML_NODES_MAX)
		return E2BIG;
	if (starts(s, "<!--"))
		return skip_past(s, "-->");
	if (starts(s, "<![CDATA["))
		return skip_past(s, "]]>");
	if (starts(s, "<?"))
		return skip_past(s, "?>");
	if (starts(s, "<!"))
		return EBADMSG;
	return look_at_tag(s);
}

int xml_scan(const char *text, size_t len, size_t *root)
{
	struct scan s = {.at = text, .end = text + len};
	int err = skip_prolog(&s);

	*root = (size_t)(s.at - text);
	while (err == 0) {
		const char *next = memchr(s.at, '<', left(&s));

		if (next == NULL)
			return s.depth == 0 ? 0 : EBADMSG;
		s.at = next;
		err = look_at_markup(&s);
	}
	return err;
}
