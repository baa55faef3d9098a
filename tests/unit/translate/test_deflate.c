/* deflate: packed bodies in both forms, whole, damaged and too large. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "support/check.h"
#include "translate/deflate.h"
#include "unit/translate/describe.h"

enum { ZLIB = 15, BARE = -15, GZIP = 31 };

static void pack(int window, const char *text, size_t len, struct buf *out)
{
	z_stream stream = {0};
	unsigned char block[70000];
	char *copy = mem_strndup(text, len);

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
	stream.next_in = (unsigned char *)copy;
	stream.avail_in = (unsigned)len;
	stream.next_out = block;
	stream.avail_out = sizeof(block);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	buf_append(out, block, sizeof(block) - stream.avail_out);
	deflateEnd(&stream);
	mem_free(copy);
}

/* [SIP-110] The body that linphonec 5.1.65 sends. */
static void reads_linphone(void **state)
{
	struct buf out = BUF_INIT;
	size_t len, body_len, wanted_len;
	char *message = read_test_file("samples/packed/linphonec-message-imdn-deflate.txt", &len);
	char *wanted = read_test_file(
		"samples/packed/linphonec-message-imdn-deflate.inflated-body.txt", &wanted_len);
	const char *body = sip_body(message, len, &body_len);

	(void)state;
	assert_int_equal(deflate_read(body, body_len, coding_from_header(" deflate"), 65536, &out),
			 0);
	assert_int_equal(out.len, wanted_len);
	assert_memory_equal(out.data, wanted, wanted_len);
	buf_free(&out);
	mem_free(message);
	mem_free(wanted);
}

static void reads_every_form(void **state)
{
	static const struct {
		int window;
		enum coding coding;
		int err;
	} rows[] = {
		{ZLIB, CODING_DEFLATE, 0},    {BARE, CODING_DEFLATE, 0},
		{GZIP, CODING_GZIP, 0},       {GZIP, CODING_DEFLATE, EBADMSG},
		{ZLIB, CODING_GZIP, EBADMSG}, {ZLIB, CODING_OTHER, EOPNOTSUPP},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct buf packed = BUF_INIT;
		struct buf out = BUF_INIT;
		int err;

		pack(rows[i].window, "one two one two", 15, &packed);
		buf_puts(&out, "before ");
		err = deflate_read(packed.data, packed.len, rows[i].coding, 65536, &out);
		assert_int_equal(err, rows[i].err);
		assert_string_equal(buf_text(&out),
				    err == 0 ? "before one two one two" : "before ");
		buf_free(&packed);
		buf_free(&out);
	}
}

/* Cut short anywhere, damaged, or with bytes behind it: refused, and nothing appended. */
static void refuses_damage(void **state)
{
	struct buf packed = BUF_INIT;
	struct buf out = BUF_INIT;

	(void)state;
	pack(ZLIB, "one two three four five", 23, &packed);
	for (size_t len = 0; len < packed.len; len++)
		assert_int_equal(deflate_read(packed.data, len, CODING_DEFLATE, 65536, &out),
				 EBADMSG);
	packed.data[packed.len - 1] ^= 1; /* the checksum */
	assert_int_equal(deflate_read(packed.data, packed.len, CODING_DEFLATE, 65536, &out),
			 EBADMSG);
	packed.data[packed.len - 1] ^= 1;
	buf_putc(&packed, 'x');
	assert_int_equal(deflate_read(packed.data, packed.len, CODING_DEFLATE, 65536, &out),
			 EBADMSG);
	assert_int_equal(out.len, 0);
	buf_free(&packed);
}

/* A body of one character so often. */
static int read_many(char c, size_t count, size_t max_bytes)
{
	struct buf packed = BUF_INIT;
	struct buf out = BUF_INIT;
	char *zeros = memset(mem_alloc(count), c, count);
	int err;

	pack(ZLIB, zeros, count, &packed);
	err = deflate_read(packed.data, packed.len, CODING_DEFLATE, max_bytes, &out);
	assert_int_equal(out.len, err == 0 ? count : 0);
	mem_free(zeros);
	buf_free(&packed);
	buf_free(&out);
	return err;
}

/* How much a body may unpack to: what is packed (random bytes do not get smaller) and then spaces.
 */
static int read_ratio(size_t random, size_t unpacked)
{
	struct buf text = BUF_INIT;
	struct buf packed = BUF_INIT;
	struct buf out = BUF_INIT;
	uint32_t seed = 1;
	int err;

	while (text.len < random) {
		seed = seed * 1664525 + 1013904223;
		buf_putc(&text, (char)(seed >> 24));
	}
	while (text.len < unpacked)
		buf_putc(&text, ' ');
	pack(ZLIB, text.data, text.len, &packed);
	assert_in_range(packed.len, random, random + 200);
	err = deflate_read(packed.data, packed.len, CODING_DEFLATE, 262144, &out);
	buf_free(&text);
	buf_free(&packed);
	buf_free(&out);
	return err;
}

/* [SEC-058] */
static void holds_the_ratio(void **state)
{
	(void)state;
	assert_int_equal(read_many(' ', 40 * 1024, 65536), E2BIG); /* out of some 60 bytes */
	assert_int_equal(read_many(' ', DEFLATE_RATIO_FREE, 65536), 0);
	assert_int_equal(read_many(' ', DEFLATE_RATIO_FREE + 1, 65536), E2BIG);
	assert_int_equal(read_ratio(1024, 1024 * DEFLATE_RATIO_MAX), 0);
	assert_int_equal(read_ratio(1024, (1024 + 200) * DEFLATE_RATIO_MAX + 1), E2BIG);
	assert_int_equal(read_ratio(200, 40 * 1024), E2BIG);
}

/* [SIP-110] What phones send with 500 users in it stays far from the ratio. */
static void takes_long_lists(void **state)
{
	struct buf text = BUF_INIT;
	struct buf packed = BUF_INIT;
	struct buf out = BUF_INIT;

	(void)state;
	for (int i = 0; i < 500; i++)
		buf_printf(&text, "<entry uri=\"sip:%d@pbx.example\"/>", 1000 + i);
	pack(ZLIB, text.data, text.len, &packed);
	assert_int_equal(deflate_read(packed.data, packed.len, CODING_DEFLATE, 65536, &out), 0);
	assert_true(out.len < packed.len * DEFLATE_RATIO_MAX / 2);
	buf_free(&text);
	buf_free(&packed);
	buf_free(&out);
}

/* [SEC-055] [SEC-058] A small body that unpacks to a large one. */
static void refuses_bombs(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(read_many(0, DEFLATE_RATIO_FREE, 65536), 0);
	assert_int_equal(read_many(0, DEFLATE_RATIO_FREE, DEFLATE_RATIO_FREE - 1), E2BIG);
	assert_int_equal(read_many(0, DEFLATE_RATIO_FREE * 4, 1 << 20), E2BIG); /* the ratio */
	assert_int_equal(read_many(0, 10 << 20, 65536), E2BIG);
	assert_int_equal(deflate_read("xxx", 3, CODING_IDENTITY, 2, &out), E2BIG);
	assert_int_equal(deflate_read("xxx", 3, CODING_IDENTITY, 3, &out), 0);
	assert_string_equal(buf_text(&out), "xxx");
	buf_free(&out);
}

static void writes_what_it_reads(void **state)
{
	struct buf text = BUF_INIT;
	struct buf packed = BUF_INIT;
	struct buf out = BUF_INIT;

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "<tuple id='%d'/>", i * 7919);
	buf_puts(&packed, "x");
	deflate_write(text.data, text.len, &packed);
	assert_true(packed.len < text.len / 2);
	assert_int_equal(deflate_read(packed.data + 1, packed.len - 1, CODING_DEFLATE, 65536, &out),
			 0);
	assert_string_equal(buf_text(&out), buf_text(&text));
	buf_reset(&packed);
	buf_reset(&out);
	deflate_write("", 0, &packed);
	assert_int_equal(deflate_read(packed.data, packed.len, CODING_DEFLATE, 65536, &out), 0);
	assert_int_equal(out.len, 0);
	buf_free(&text);
	buf_free(&packed);
	buf_free(&out);
}

static void reads_headers(void **state)
{
	(void)state;
	assert_int_equal(coding_from_header(NULL), CODING_IDENTITY);
	assert_int_equal(coding_from_header(" "), CODING_IDENTITY);
	assert_int_equal(coding_from_header("Identity"), CODING_IDENTITY);
	assert_int_equal(coding_from_header("DEFLATE "), CODING_DEFLATE);
	assert_int_equal(coding_from_header("x-gzip"), CODING_GZIP);
	assert_int_equal(coding_from_header("gzip"), CODING_GZIP);
	assert_int_equal(coding_from_header("deflate, gzip"), CODING_OTHER);
	assert_int_equal(coding_from_header("br"), CODING_OTHER);
	assert_true(coding_takes_deflate("deflate"));
	assert_true(coding_takes_deflate("gzip, Deflate ;q=0.5"));
	assert_true(coding_takes_deflate("deflate;q=1, identity"));
	assert_true(coding_takes_deflate("gzip;q=0, deflate"));
	assert_false(coding_takes_deflate("deflate;q=0.000, gzip;q=1"));
	assert_false(coding_takes_deflate("deflate;q=0"));
	assert_false(coding_takes_deflate("deflated, gzip"));
	assert_false(coding_takes_deflate(""));
	assert_false(coding_takes_deflate(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_linphone),       cmocka_unit_test(reads_every_form),
		cmocka_unit_test(refuses_damage),       cmocka_unit_test(refuses_bombs),
		cmocka_unit_test(holds_the_ratio),      cmocka_unit_test(takes_long_lists),
		cmocka_unit_test(writes_what_it_reads), cmocka_unit_test(reads_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
