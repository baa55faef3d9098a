/* COMPAT(freeswitch): its presence documents hold the user's note as it is, also as the name of an
 * element: <rpid:A tuple note/>, <dm:note>tea & cake</dm:note>. It can go when FreeSWITCH escapes
 * (its samples in tests/ show it does not, in version 1.11). */
#include <string.h>

#include "base/buf.h"
#include "translate/text_span.h"
#include "translate/xml.h"

enum { MENDS_MAX = 1024, NOTE_BYTES_MAX = 1024 };

/* True if the '&' at text[0] starts a reference that needs no declaration. */
static bool is_reference(const char *text, size_t len)
{
	static const char *const known[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&apos;", "&#"};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (text_starts(text, len, known[i]))
			return true;
	}
	return false;
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

/* Length of an empty rpid element at text[0] whose name is no name; 0 if it is none. */
static size_t bad_element(const char *text, size_t len)
{
	static const char prefix[] = "<rpid:";
	size_t begin = sizeof prefix - 1;
	size_t i = begin;
	bool is_bad = false;

	if (!text_starts(text, len, prefix))
		return 0;
	for (; i < len && i < NOTE_BYTES_MAX && text[i] != '>' && text[i] != '<'; i++) {
		if (text[i] == '=')
			return 0; /* attributes: a proper element */
		if (text[i] == '/' && i + 1 < len && text[i + 1] == '>')
			return is_bad || i == begin ? i + 2 : 0;
		if (!is_name_char(text[i]))
			is_bad = true;
	}
	return 0;
}

bool xml_mend(const char *text, size_t len, struct buf *out)
{
	int count = 0;
	size_t at = 0;

	while (at < len && count <= MENDS_MAX) {
		size_t run = 0;
		size_t bad;

		while (at + run < len && text[at + run] != '&' && text[at + run] != '<')
			run++;
		buf_append(out, text + at, run);
		at += run;
		if (at == len)
			break;
		bad = text[at] == '<' ? bad_element(text + at, len - at) : 0;
		if (bad > 0) {
			at += bad;
			count++;
			continue;
		}
		buf_putc(out, text[at]);
		if (text[at] == '&' && !is_reference(text + at, len - at)) {
			buf_puts(out, "amp;");
			count++;
		}
		at++;
	}
	return count > 0 && count <= MENDS_MAX;
}
