/* Messages as bytes and back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "model/message.h"

static void same_text(const char *a, const char *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (a != NULL)
		assert_string_equal(a, b);
}

static void same_origin(const struct message_origin *a, const struct message_origin *b)
{
	same_text(a->address, b->address);
	same_text(a->recipient, b->recipient);
	same_text(a->id, b->id);
	same_text(a->thread, b->thread);
	same_text(a->stamp, b->stamp);
	same_text(a->route, b->route);
}

static void same_report(const struct message_report *a, const struct message_report *b)
{
	assert_int_equal(a->kind, b->kind);
	same_text(a->about, b->about);
	assert_int_equal(a->wanted, b->wanted);
	same_origin(&a->origin, &b->origin);
	assert_int_equal(a->fault.code, b->fault.code);
	assert_int_equal(a->fault.type, b->fault.type);
	assert_int_equal(a->fault.sip_status, b->fault.sip_status);
	assert_int_equal(a->fault.retry_after_s, b->fault.retry_after_s);
	assert_int_equal(a->fault.again, b->fault.again);
	assert_string_equal(a->fault.text, b->fault.text);
	assert_string_equal(a->fault.uri, b->fault.uri);
	same_text(a->excerpt, b->excerpt);
}

/* All but repeat, which is of the delivery. */
static void same(const struct message *a, const struct message *b)
{
	assert_int_equal(a->what, b->what);
	assert_int_equal(a->kind, b->kind);
	same_text(a->uid, b->uid);
	assert_int_equal(a->body == NULL, b->body == NULL);
	assert_int_equal(a->body_len, b->body_len);
	if (a->body_len > 0)
		assert_memory_equal(a->body, b->body, a->body_len);
	same_text(a->subject, b->subject);
	same_text(a->lang, b->lang);
	same_text(a->thread, b->thread);
	same_text(a->nick, b->nick);
	assert_int_equal(a->sent_at_ms, b->sent_at_ms);
	assert_int_equal(a->hops, b->hops);
	assert_int_equal(a->wants, b->wants);
	assert_int_equal(a->life_s, b->life_s);
	assert_int_equal(a->must_not_wait, b->must_not_wait);
	assert_int_equal(a->takes_typing, b->takes_typing);
	same_origin(&a->origin, &b->origin);
	assert_int_equal(a->report == NULL, b->report == NULL);
	if (a->report != NULL)
		same_report(a->report, b->report);
}

/* There and back, the same bytes again; and no part of them is a message. */
static void goes_round(const struct message *message)
{
	struct buf bytes = BUF_INIT;
	struct buf again = BUF_INIT;
	struct message read;

	buf_puts(&bytes, "before");
	message_encode(message, &bytes);
	assert_memory_equal(bytes.data, "before", 6);
	assert_int_equal(bytes.data[bytes.len], 0);
	assert_int_equal(message_decode(&read, bytes.data + 6, bytes.len - 6), 0);
	same(message, &read);
	if (read.body != NULL)
		assert_int_equal(read.body[read.body_len], 0);
	assert_int_equal(read.repeat, 0);
	message_encode(&read, &again);
	assert_int_equal(again.len, bytes.len - 6);
	assert_memory_equal(again.data, bytes.data + 6, again.len);
	message_clear(&read);
	for (size_t len = 0; len < again.len && len < 4096; len++) {
		/* of its own size, so that a byte too many is seen */
		char *part = mem_alloc(len);

		memcpy(part, again.data, len);
		assert_int_equal(message_decode(&read, part, len), EBADMSG);
		same(&read, &(struct message){0});
		mem_free(part);
	}
	buf_putc(&again, '\0');
	assert_int_equal(message_decode(&read, again.data, again.len), EBADMSG);
	buf_free(&bytes);
	buf_free(&again);
}

static void fill_origin(struct message_origin *origin, const char *mark)
{
	char **texts[] = {&origin->address, &origin->recipient, &origin->id,
			  &origin->thread,  &origin->stamp,     &origin->route};
	static const char *const values[] = {
		"juliet@chat.example/balcony", "1001@pbx.example",        "m-1", "t-1",
		"2026-11-22T15:00:00+01:00",   "<sip:a@x>\n<sip:b@y;lr>",
	};

	for (size_t i = 0; i < CHECK_COUNT(texts); i++) {
		struct buf text = BUF_INIT;

		buf_printf(&text, "%s%s", mark, values[i]);
		*texts[i] = buf_take(&text);
	}
}

static void fill(struct message *message)
{
	static const char body[] = "a\0b\xff\xfe\n\r<&>\xe2\x82\xac";

	*message = (struct message){
		.kind = MESSAGE_HEADLINE,
		.uid = mem_strdup("0123456789abcdef0123456789abcdef"),
		.body = mem_strndup(body, sizeof body - 1),
		.body_len = sizeof body - 1,
		.subject = mem_strdup("subject"),
		.lang = mem_strdup("de"),
		.thread = mem_strdup(""),
		.nick = mem_strdup("J\xc3\xbclia"),
		.sent_at_ms = 1795359600123,
		.hops = 69,
		.wants = WANTS_DELIVERED | WANTS_DISPLAYED,
		.life_s = 86400,
		.must_not_wait = true,
		.takes_typing = true,
		.repeat = 7,
	};
	fill_origin(&message->origin, "");
}

static void fill_report(struct message *message)
{
	struct message_report *report = mem_zalloc(sizeof *report);

	message->what = MESSAGE_REPORT;
	message->report = report;
	report->kind = REPORT_FAILED;
	report->about = mem_strdup("fedcba9876543210");
	report->wanted = WANTS_FAILED | WANTS_PROCESSED;
	fill_origin(&report->origin, "r ");
	fault_set(&report->fault, FAULT_GONE, "moved away");
	report->fault.again = AGAIN_FEW;
	report->fault.sip_status = 410;
	report->fault.retry_after_s = 1800;
	snprintf(report->fault.uri, sizeof report->fault.uri, "sip:new@pbx.example");
	report->excerpt = mem_strdup("first words \xe2\x82\xac");
}

/* [REL-012]: what is stored of a message is all of it, whatever its bytes are. */
static void everything_comes_back(void **state)
{
	struct message message;

	(void)state;
	fill(&message);
	goes_round(&message);
	fill_report(&message);
	goes_round(&message);
	message_clear(&message);
}

static void nothing_comes_back(void **state)
{
	struct message message = {0};
	struct message_report report = {0};

	(void)state;
	goes_round(&message);
	message.hops = -1;
	message.sent_at_ms = INT64_MIN;
	message.life_s = INT64_MAX;
	goes_round(&message);
	message.body = (char[]){""};
	goes_round(&message);
	message.body = NULL;
	message.what = MESSAGE_REPORT;
	message.report = &report;
	report.fault.sip_status = -1;
	report.fault.retry_after_s = 0x7fffffff;
	goes_round(&message);
}

static void each_value_comes_back(void **state)
{
	struct message message = {0};
	struct message_report report = {0};

	(void)state;
	for (int kind = MESSAGE_CHAT; kind <= MESSAGE_HEADLINE; kind++) {
		message.kind = (enum message_kind)kind;
		goes_round(&message);
	}
	message.what = MESSAGE_REPORT;
	message.report = &report;
	for (int i = 0; i < 128; i++) {
		report.kind = (enum report_kind)(i % (REPORT_PROCESSED + 1));
		report.wanted = (unsigned)i % 16;
		report.fault.code = (enum fault_code)(i % FAULT_COUNT);
		report.fault.type = (enum fault_type)(i % (FAULT_TYPE_WAIT + 1));
		report.fault.again = (enum fault_again)(i % (AGAIN_PATH + 1));
		message.wants = (unsigned)i % 16;
		goes_round(&message);
	}
}

/* The longest that the limits permit fits, and one byte over the whole is refused. */
static void the_longest_fits(void **state)
{
	struct message message = {0};
	struct buf bytes = BUF_INIT;
	struct message read;

	(void)state;
	fill(&message);
	fill_report(&message);
	mem_free(message.body);
	message.body = mem_zalloc(MESSAGE_TEXT_MAX + 1);
	message.body_len = MESSAGE_TEXT_MAX;
	memset(message.report->fault.text, 't', FAULT_TEXT_MAX - 1);
	memset(message.report->fault.uri, 'u', FAULT_URI_MAX - 1);
	goes_round(&message);
	message_encode(&message, &bytes);
	assert_in_range(bytes.len, MESSAGE_TEXT_MAX, MESSAGE_CODE_MAX - 12 * MESSAGE_ORIGIN_MAX);
	buf_reset(&bytes);
	mem_free(message.body);
	message.body = mem_zalloc(MESSAGE_CODE_MAX);
	message.body_len = MESSAGE_CODE_MAX;
	message_encode(&message, &bytes);
	assert_int_equal(message_decode(&read, bytes.data, bytes.len), EBADMSG);
	message_clear(&message);
	buf_free(&bytes);
}

/* What a store of this version holds is read by all that come: a change of this table is a new
 * version of the format. */
static const char text_1[] = "01" /* version */
			     "00"
			     "01"
			     "02"
			     "05"
			     "f6b7abbcc068" /* 1795359600123, times 2 */
			     "01"
			     "8002" /* -1, 128 */
			     "03"
			     "7531" /* uid */
			     "03"
			     "6869" /* body */
			     "00"
			     "00"
			     "03"
			     "7431"
			     "00" /* thread */
			     "04"
			     "614062"
			     "00"
			     "03"
			     "6d31"
			     "00"
			     "00"
			     "00";
static const char report_1[] = "01"
			       "01"
			       "00"
			       "04"
			       "00"
			       "00"
			       "00"
			       "00"
			       "00"
			       "00"
			       "00"
			       "00"
			       "00"
			       "00"
			       "00"
			       "00"
			       "00"
			       "00"
			       "00"
			       "00" /* no text at all */
			       "01"
			       "02"
			       "037531"
			       "00"
			       "00"
			       "036d31"
			       "00"
			       "00"
			       "00"
			       "1c"
			       "04"
			       "03"
			       "c007"
			       "3c" /* rate, wait, path, 480, 30 */
			       "046e6f77"
			       "01"
			       "0468692e";

static void from_hex(const char *hex, struct buf *out)
{
	for (; hex[0] != '\0'; hex += 2) {
		char pair[3] = {hex[0], hex[1], '\0'};

		buf_putc(out, (char)strtoul(pair, NULL, 16));
	}
}

/* [REL-018] */
static void version_1_is_read(void **state)
{
	struct buf bytes = BUF_INIT;
	struct message read;

	(void)state;
	from_hex(text_1, &bytes);
	assert_int_equal(message_decode(&read, bytes.data, bytes.len), 0);
	assert_int_equal(read.kind, MESSAGE_NORMAL);
	assert_true(read.takes_typing && !read.must_not_wait);
	assert_int_equal(read.wants, WANTS_DELIVERED | WANTS_DISPLAYED);
	assert_int_equal(read.sent_at_ms, 1795359600123);
	assert_int_equal(read.hops, -1);
	assert_int_equal(read.life_s, 128);
	assert_string_equal(read.uid, "u1");
	assert_string_equal(read.body, "hi");
	assert_string_equal(read.thread, "t1");
	assert_string_equal(read.origin.address, "a@b");
	assert_string_equal(read.origin.id, "m1");
	assert_null(read.subject);
	message_clear(&read);
	buf_reset(&bytes);
	from_hex(report_1, &bytes);
	assert_int_equal(message_decode(&read, bytes.data, bytes.len), 0);
	assert_int_equal(read.report->kind, REPORT_FAILED);
	assert_int_equal(read.report->wanted, WANTS_FAILED);
	assert_string_equal(read.report->about, "u1");
	assert_string_equal(read.report->origin.id, "m1");
	assert_int_equal(read.report->fault.code, FAULT_RATE);
	assert_int_equal(read.report->fault.type, FAULT_TYPE_WAIT);
	assert_int_equal(read.report->fault.again, AGAIN_PATH);
	assert_int_equal(read.report->fault.sip_status, 480);
	assert_int_equal(read.report->fault.retry_after_s, 30);
	assert_string_equal(read.report->fault.text, "now");
	assert_string_equal(read.report->fault.uri, "");
	assert_string_equal(read.report->excerpt, "hi.");
	message_clear(&read);
	buf_free(&bytes);
}

/* Written in no way but one, in no other version, with no value that has no meaning. */
static const struct {
	const char *why;
	size_t at;
	const char *hex; /* stands there instead of one byte of text_1 */
} wrongs[] = {
	{"version 0", 0, "00"},
	{"a newer version", 0, "02"},
	{"no such thing", 1, "02"},
	{"a report without one", 1, "01"},
	{"no such kind", 2, "03"},
	{"no such flag", 3, "0a"},
	{"a text with a report", 3, "06"},
	{"wants of 9 bits", 4, "8502"},
	{"longer than need be", 4, "8500"},
	{"a number without an end", 5, "ffffffffffffffffffff"},
	{"more than 64 bits", 5, "ffffffffffffffffff02"},
	{"hops of 33 bits", 11, "8080808020"},
	{"a NUL in a text", 15, "00"},
	{"longer than all", 14, "ffff03"},
	{"length 2^64 - 1", 14, "ffffffffffffffffff01"},
};

static void wrong_bytes_are_refused(void **state)
{
	struct message read;

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(wrongs); i++) {
		struct buf whole = BUF_INIT;
		struct buf bytes = BUF_INIT;

		from_hex(text_1, &whole);
		buf_append(&bytes, whole.data, wrongs[i].at);
		from_hex(wrongs[i].hex, &bytes);
		buf_append(&bytes, whole.data + wrongs[i].at + 1, whole.len - wrongs[i].at - 1);
		memset(&read, 0xa5, sizeof read);
		if (message_decode(&read, bytes.data, bytes.len) != EBADMSG)
			fail_msg("%s", wrongs[i].why);
		same(&read, &(struct message){0});
		buf_free(&whole);
		buf_free(&bytes);
	}
	assert_int_equal(message_decode(&read, NULL, 0), EBADMSG);
}

/* A fault text or an address that fills its field to the last byte is not one of ours. */
static void arrays_keep_their_end(void **state)
{
	static const struct {
		size_t text;
		size_t uri;
		int result;
	} rows[] = {
		{FAULT_TEXT_MAX - 1, FAULT_URI_MAX - 1, 0},
		{FAULT_TEXT_MAX, 0, EBADMSG},
		{0, FAULT_URI_MAX, EBADMSG},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		const size_t lens[] = {rows[i].text, rows[i].uri};
		struct buf bytes = BUF_INIT;
		struct message read;

		from_hex(report_1, &bytes);
		bytes.len -= 9; /* the last three texts */
		for (size_t k = 0; k < 2; k++) {
			buf_putc(&bytes, (char)((lens[k] + 1) | 0x80));
			buf_putc(&bytes, (char)((lens[k] + 1) >> 7));
			if (lens[k] == 0)
				bytes.len--;
			if (lens[k] == 0)
				bytes.data[bytes.len - 1] = 1;
			for (size_t n = 0; n < lens[k]; n++)
				buf_putc(&bytes, 'x');
		}
		buf_putc(&bytes, '\0');
		assert_int_equal(message_decode(&read, bytes.data, bytes.len), rows[i].result);
		message_clear(&read);
		buf_free(&bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_comes_back), cmocka_unit_test(nothing_comes_back),
		cmocka_unit_test(each_value_comes_back), cmocka_unit_test(the_longest_fits),
		cmocka_unit_test(version_1_is_read),     cmocka_unit_test(wrong_bytes_are_refused),
		cmocka_unit_test(arrays_keep_their_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
