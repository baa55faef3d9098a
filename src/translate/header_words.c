/* Encoded words: =?charset?B or Q?text?= (RFC 2047 section 2), each of them taken for itself. */
#include "translate/header_words.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "translate/charset.h"
#include "translate/header_params.h"
#include "translate/text_span.h"
#include "translate/transfer.h"

/* RFC 2047 section 2 has 75; longer ones are met. */
enum { WORD_MAX = 1024 };

struct word {
	struct text_span charset;
	char encoding; /* 'B' or 'Q', in either case */
	struct text_span text;
	const char *end;
};

/* Takes the word at at apart; false if there is none. */
static bool split_word(const char *at, struct word *out)
{
	const char *charset = at + 2;
	const char *limit = at + strnlen(at, WORD_MAX);
	const char *mark, *end, *star;

	if (strncmp(at, "=?", 2) != 0)
		return false;
	mark = memchr(charset, '?', (size_t)(limit - charset));
	if (mark == NULL || mark == charset || limit - mark < 3 ||
	    strchr("BbQq", mark[1]) == NULL || mark[2] != '?')
		return false;
	end = memmem(mark + 3, (size_t)(limit - mark) - 3, "?=", 2);
	if (end == NULL)
		return false;
	star = memchr(charset, '*', (size_t)(mark - charset)); /* RFC 2231 section 5: a language */
	out->charset =
		(struct text_span){charset, (size_t)((star == NULL ? mark : star) - charset)};
	out->encoding = mark[1];
	out->text = (struct text_span){mark + 3, (size_t)(end - mark) - 3};
	out->end = end + 2;
	for (const char *p = charset; p < end; p++) {
		if (text_is_space(*p))
			return false;
	}
	return true;
}

/* RFC 2047 section 4.2: as quoted-printable, with '_' for a blank. */
static void decode_q(struct text_span text, struct buf *out)
{
	char *copy = mem_strndup(text.text, text.len);

	for (size_t i = 0; i < text.len; i++) {
		if (copy[i] == '_')
			copy[i] = ' ';
	}
	transfer_read_quoted(copy, text.len, out);
	mem_free(copy);
}

static bool decode(const struct word *word, struct buf *out)
{
	struct buf bytes = BUF_INIT, utf8 = BUF_INIT;
	bool is_good = true;

	if (word->encoding == 'B' || word->encoding == 'b')
		is_good = transfer_read_base64(word->text.text, word->text.len, &bytes) == 0;
	else
		decode_q(word->text, &bytes);
	is_good = is_good && charset_to_utf8(buf_text(&bytes), bytes.len, word->charset.text,
					     word->charset.len, &utf8) == 0;
	if (is_good)
		buf_append(out, buf_text(&utf8), utf8.len);
	buf_free(&bytes);
	buf_free(&utf8);
	return is_good;
}

static void scrub_line(struct buf *text, struct buf *out)
{
	for (size_t i = 0; i < text->len; i++) {
		if ((unsigned char)text->data[i] < 0x20 || text->data[i] == 0x7F)
			text->data[i] = ' ';
	}
	utf8_scrub(out, buf_text(text), text->len);
}

void header_words_decode(const char *value, struct buf *out)
{
	struct buf text = BUF_INIT;
	size_t after_word = 0; /* where text ended behind the last word; 0: other text followed */
	bool has_words = strstr(value, "=?") != NULL;

	while (*value != '\0') {
		struct word word;
		size_t blanks_from = after_word;

		if (!has_words || !split_word(value, &word)) {
			if (!text_is_space(*value))
				after_word = 0;
			buf_putc(&text, *value++);
			continue;
		}
		/* Blanks between two words are none of the text (section 6.2). */
		if (blanks_from > 0)
			text.len = blanks_from;
		if (!decode(&word, &text))
			buf_append(&text, value, (size_t)(word.end - value));
		after_word = text.len;
		value = word.end;
	}
	scrub_line(&text, out);
	buf_free(&text);
}
