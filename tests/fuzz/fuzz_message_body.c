/* MESSAGE bodies: the first line is the Content-Type, the second Content-Encoding, the third
 * Content-Disposition, the rest the body. What comes out is legal, and a text that came in CPIM
 * is the same when it is written and read again. [MSG-078] [SEC-059] [SEC-057] */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "translate/cpim.h"
#include "translate/imdn.h"
#include "translate/is_composing.h"
#include "translate/message_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

/* The next line as a string, NULL if it is empty. */
static char *take_line(const char **text, size_t *len)
{
	const char *end = memchr(*text, '\n', *len);
	size_t n = end == NULL ? *len : (size_t)(end - *text);
	char *line = n == 0 ? NULL : mem_strndup(*text, n);

	*text += end == NULL ? n : n + 1;
	*len -= end == NULL ? n : n + 1;
	return line;
}

static void check_text(const char *text, size_t len, int is_line)
{
	for (size_t i = 0; i < len;) {
		uint32_t c;
		size_t n = utf8_decode(text + i, len - i, &c);

		expect(n > 0 && utf8_is_xml_char(c) && c != '\r');
		expect(!is_line || c == '\t' || (c >= 0x20 && c != 0x7F));
		i += n;
	}
}

static void check_line(const char *text, size_t most)
{
	if (text == NULL)
		return;
	expect(text[0] != '\0' && strlen(text) <= most);
	check_text(text, strlen(text), 1);
}

static void expect_same(const char *one, const char *other)
{
	expect((one == NULL) == (other == NULL));
	expect(one == NULL || strcmp(one, other) == 0);
}

/* Line ends only where they belong: as many headers come out as went in. */
static void check_again(const struct message *message)
{
	const struct cpim_text text = {.from = "sip:bob@sip.example",
				       .to = message->origin.recipient,
				       .subject = message->subject,
				       .subject_lang = message->lang,
				       .message_id = message->origin.id,
				       .wants = message->wants,
				       .content_type = "text/plain;charset=UTF-8",
				       .content = message->body,
				       .content_len = message->body_len};
	struct message_body again;
	struct buf out = BUF_INIT;

	cpim_write(&text, &out);
	expect(message_body_read(out.data, out.len, "message/cpim", NULL, NULL, false, &again) ==
	       0);
	expect(again.kind == MESSAGE_BODY_TEXT && again.is_cpim);
	expect(again.message.body_len == message->body_len &&
	       memcmp(again.message.body, message->body, message->body_len) == 0);
	expect_same(again.message.lang, message->subject == NULL ? NULL : message->lang);
	expect(again.message.wants == message->wants);
	expect_same(again.message.subject, message->subject);
	message_body_clear(&again);
	buf_free(&out);
}

static void check(const struct message_body *body)
{
	const struct message *message = &body->message;

	expect((body->kind == MESSAGE_BODY_TEXT) == (message->body != NULL));
	expect((body->kind == MESSAGE_BODY_REPORTS) == (body->report_count > 0));
	expect(body->report_count <= MESSAGE_BODY_REPORTS_MAX);
	expect(body->typing.refresh_s >= 0 && body->typing.refresh_s <= IS_COMPOSING_REFRESH_MAX_S);
	for (size_t i = 0; i < body->report_count; i++)
		expect(strlen(body->reports[i].id) <= MESSAGE_ORIGIN_MAX);
	if (body->kind != MESSAGE_BODY_TEXT)
		return;
	expect(message->body_len > 0 && message->body_len <= 4 * MESSAGE_BODY_MAX_BYTES);
	check_text(message->body, message->body_len, 0);
	check_line(message->subject, MESSAGE_SUBJECT_MAX);
	check_line(message->origin.id, MESSAGE_ORIGIN_MAX);
	check_line(message->origin.recipient, MESSAGE_ORIGIN_MAX);
	check_line(message->origin.stamp, MESSAGE_ORIGIN_MAX);
	expect(message->wants == 0 || message->origin.id != NULL);
	if (message->body_len < MESSAGE_BODY_MAX_BYTES / 2)
		check_again(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	size_t len = size;
	struct message_body body;
	char *type, *encoding, *disposition;

	if (size == 0)
		return 0;
	type = take_line(&text, &len);
	encoding = take_line(&text, &len);
	disposition = take_line(&text, &len);
	if (message_body_read(text, len, type, encoding, disposition, (size & 1) != 0, &body) == 0)
		check(&body);
	message_body_clear(&body);
	mem_free(type);
	mem_free(encoding);
	mem_free(disposition);
	return 0;
}
