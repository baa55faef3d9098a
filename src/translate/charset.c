/* Declared character sets to UTF-8 by iconv. Only the names in the table reach iconv_open():
 * UTF-7 hides markup, and names may carry options such as //IGNORE (SEC-059). */
#include "translate/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "translate/text_span.h"

static const char *const known[] = {
	"iso-8859-1",   "iso-8859-2",   "iso-8859-3",   "iso-8859-4",   "iso-8859-5",
	"iso-8859-6",   "iso-8859-7",   "iso-8859-8",   "iso-8859-9",   "iso-8859-10",
	"iso-8859-13",  "iso-8859-14",  "iso-8859-15",  "iso-8859-16",  "windows-1250",
	"windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1255",
	"windows-1256", "windows-1257", "windows-1258", "koi8-r",       "koi8-u",
	"utf-16be",     "utf-16le",     "utf-32be",     "utf-32le",     "gb2312",
	"gbk",          "gb18030",      "big5",         "euc-jp",       "shift_jis",
	"iso-2022-jp",  "euc-kr",       "tis-620",
};

static const char *find_known(const char *charset, size_t len)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (text_is_like(charset, len, known[i]))
			return known[i];
	}
	return NULL;
}

static int convert(iconv_t converter, const char *body, size_t len, struct buf *out)
{
	char *in = (char *)(uintptr_t)body; /* iconv() does not write to it */
	char piece[1024];

	for (;;) {
		bool is_flush = len == 0; /* some converters hold the last character back */
		char *to = piece;
		size_t room = sizeof piece;
		size_t rc = iconv(converter, is_flush ? NULL : &in, &len, &to, &room);

		if (rc == (size_t)-1 && errno != E2BIG)
			return EBADMSG;
		if (rc != (size_t)-1 && rc > 0)
			return EBADMSG; /* something was replaced, not converted */
		buf_append(out, piece, sizeof piece - room);
		if (rc == 0 && is_flush)
			return 0;
	}
}

static int convert_from(const char *name, const char *body, size_t len, struct buf *out)
{
	iconv_t converter = iconv_open("UTF-8", name);
	int err;

	if (converter == (iconv_t)-1)
		return ENOTSUP;
	err = convert(converter, body, len, out);
	(void)iconv_close(converter);
	return err;
}

/* Plain "utf-16" says no byte order: the mark must (RFC 2781 section 3.3 would have us guess). */
static int convert_utf16(const char *body, size_t len, struct buf *out)
{
	if (len >= 2 && memcmp(body, "\xFE\xFF", 2) == 0)
		return convert_from("utf-16be", body + 2, len - 2, out);
	if (len >= 2 && memcmp(body, "\xFF\xFE", 2) == 0)
		return convert_from("utf-16le", body + 2, len - 2, out);
	return EBADMSG;
}

int charset_to_utf8(const char *body, size_t len, const char *charset, size_t charset_len,
		    struct buf *out)
{
	const char *name;

	/* Without a name the bytes must be UTF-8; ASCII is part of it (MSG-075). */
	if (charset_len == 0 || text_is_like(charset, charset_len, "utf-8") ||
	    text_is_like(charset, charset_len, "utf8") ||
	    text_is_like(charset, charset_len, "us-ascii") ||
	    text_is_like(charset, charset_len, "ascii")) {
		if (!utf8_is_valid(body, len))
			return EBADMSG;
		buf_append(out, body, len);
		return 0;
	}
	if (text_is_like(charset, charset_len, "utf-16"))
		return convert_utf16(body, len, out);
	name = find_known(charset, charset_len);
	return name == NULL ? ENOTSUP : convert_from(name, body, len, out);
}
