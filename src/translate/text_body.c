/* Texts of SIP bodies. A body has a length: NUL is a character like another (MSG-078, SOF-020). */
#include "translate/text_body.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "translate/charset.h"
#include "translate/header_params.h"
#include "translate/html_text.h"
#include "translate/text_span.h"

/* MSG-079, CMP-018: CRLF and a lone CR become LF; MSG-078: what XML forbids becomes U+FFFD. */
static void append_text(struct buf *out, const char *text, size_t len)
{
	size_t done = 0;

	buf_reserve(out, len);
	while (done < len) {
		const char *cr = memchr(text + done, '\r', len - done);
		size_t at = cr == NULL ? len : (size_t)(cr - text);

		utf8_scrub(out, text + done, at - done);
		if (cr == NULL)
			return;
		if (at + 1 == len || text[at + 1] != '\n')
			buf_putc(out, '\n');
		done = at + 1;
	}
}

static void append_html(struct buf *out, const char *html, size_t len)
{
	struct buf words = BUF_INIT;

	html_text(html, len, &words);
	append_text(out, buf_text(&words), words.len);
	buf_free(&words);
}

static bool is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] >= 0x80)
			return false;
	}
	return true;
}

/* Whether the bytes are to be taken for UTF-8 although another charset was declared: no text in one
 * of those looks like it but in ASCII alone, which some of them (ISO-2022-JP) are made of. */
static bool is_misdeclared(const char *body, size_t len)
{
	return !is_ascii(body, len) && utf8_is_valid(body, len);
}

static bool is_utf8_name(struct text_span charset)
{
	return charset.len == 0 || text_is_like(charset.text, charset.len, "utf-8") ||
	       text_is_like(charset.text, charset.len, "utf8") ||
	       text_is_like(charset.text, charset.len, "us-ascii") ||
	       text_is_like(charset.text, charset.len, "ascii");
}

/* utf8 is what the body is, or was made into. */
static void append(struct buf *out, bool is_html, const char *utf8, size_t len)
{
	if (is_html)
		append_html(out, utf8, len);
	else
		append_text(out, utf8, len);
}

int text_body_decode(const char *body, size_t len, const char *content_type, bool is_html,
		     bool charset_unreliable, struct buf *out)
{
	struct text_span charset = content_type == NULL ? (struct text_span){"", 0}
							: header_parameter(content_type, "charset");
	struct buf utf8 = BUF_INIT;
	int err;

	if (is_utf8_name(charset) || (charset_unreliable && is_misdeclared(body, len))) {
		if (!utf8_is_valid(body, len))
			return EBADMSG;
		append(out, is_html, body, len);
		return 0;
	}
	err = charset_to_utf8(body, len, charset.text, charset.len, &utf8);
	if (err == 0)
		append(out, is_html, buf_text(&utf8), utf8.len);
	buf_free(&utf8);
	return err;
}
