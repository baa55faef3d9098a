/* The text of a SIP MESSAGE body. A body has a length: NUL is a character like another (MSG-078,
 * SOF-020). */
#include "translate/text_body.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "translate/charset.h"
#include "translate/deflate.h"
#include "translate/header_params.h"
#include "translate/html_text.h"
#include "translate/text_span.h"

const char text_body_accept[] = "text/plain, text/html";

enum shown { SHOWN_YES, SHOWN_NO, SHOWN_REFUSED };

/* MSG-077. */
static enum shown judge_disposition(const char *disposition)
{
	struct text_span token, handling;

	if (disposition == NULL)
		return SHOWN_YES;
	token = header_first_token(disposition);
	if (token.len == 0 || text_is_like(token.text, token.len, "render") ||
	    text_is_like(token.text, token.len, "inline"))
		return SHOWN_YES;
	handling = header_parameter(disposition, "handling");
	return text_is_like(handling.text, handling.len, "optional") ? SHOWN_NO : SHOWN_REFUSED;
}

/* Without a type the body is text (RFC 3428 knows no other default). */
static int judge_type(const char *type, bool *is_html, struct text_span *charset)
{
	struct text_span token;

	*is_html = false;
	*charset = (struct text_span){"", 0};
	if (type == NULL)
		return 0;
	token = header_first_token(type);
	*is_html = text_is_like(token.text, token.len, "text/html");
	if (token.len > 0 && !*is_html && !text_is_like(token.text, token.len, "text/plain"))
		return ENOTSUP; /* MSG-070, MSG-081 */
	*charset = header_parameter(type, "charset");
	return 0;
}

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

bool text_body_is_plain(const char *content_type)
{
	struct text_span token;

	if (content_type == NULL)
		return true;
	token = header_first_token(content_type);
	return token.len == 0 || text_is_like(token.text, token.len, "text/plain");
}

bool text_body_is_html(const char *content_type)
{
	struct text_span token;

	if (content_type == NULL)
		return false;
	token = header_first_token(content_type);
	return text_is_like(token.text, token.len, "text/html");
}

int text_body_decode(const char *body, size_t len, const char *content_type,
		     bool charset_unreliable, struct buf *out)
{
	struct buf utf8 = BUF_INIT;
	struct text_span charset;
	bool is_html;
	int err = judge_type(content_type, &is_html, &charset);

	if (err != 0)
		return err;
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

int text_body_read(const char *body, size_t len, const char *content_type,
		   const char *content_encoding, const char *disposition, struct buf *out)
{
	enum coding coding = coding_from_header(content_encoding);
	enum shown shown = judge_disposition(disposition);
	struct buf plain = BUF_INIT;
	struct text_span charset;
	bool is_html;
	int err = judge_type(content_type, &is_html, &charset);

	if (shown == SHOWN_NO)
		return 0;
	if (coding == CODING_OTHER)
		return EOPNOTSUPP; /* MSG-076, SIP-110 */
	if (err != 0 || shown == SHOWN_REFUSED)
		return ENOTSUP;
	err = deflate_read(body, len, coding, TEXT_BODY_MAX_BYTES, &plain);
	if (err == 0)
		err = text_body_decode(buf_text(&plain), plain.len, content_type, false, out);
	buf_free(&plain);
	return err;
}
