/* What bounds a single SIP request: exactly at each limit it is served, one more is refused and
 * counted (file 40 section E, SEC-085, SEC-083). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sip/sip_side.h"
#include "wire/rig.h"

enum { HEADERS = 40, LINE = 600, VIAS = 5, URI = 100, MESSAGE = 5000 };

static void small(struct limits *limits)
{
	limits->sip_headers = HEADERS;
	limits->sip_header_bytes = LINE;
	limits->sip_via = VIAS;
	limits->sip_uri_bytes = URI;
	limits->sip_message_bytes = MESSAGE;
	limits->sip_body_bytes = 1024;
	limits->peer_requests_per_s = 100000;
}

static char *repeat(const char *head, const char *middle, size_t count, const char *tail)
{
	struct buf out = BUF_INIT;

	buf_puts(&out, head);
	for (size_t i = 0; i < count; i++)
		buf_puts(&out, middle);
	buf_puts(&out, tail);
	return buf_take(&out);
}

static int status_of(struct rig *rig, const struct rig_request *request)
{
	const struct sip_text *text;

	rig_send(rig, SIP_WAY_TCP, request);
	text = text_peer_expect(rig->peer, "SIP/2.0 ");
	assert_non_null(text);
	return atoi(text->text + 8);
}

static size_t lines_of(struct rig *rig)
{
	char *text = rig_text(rig, SIP_WAY_TCP, &(struct rig_request){.method = "OPTIONS"});
	size_t lines = 0;

	for (const char *at = strstr(text, "\r\n"); at != NULL; at = strstr(at + 2, "\r\n"))
		lines++;
	mem_free(text);
	return lines - 2; /* the request line and the empty one */
}

static size_t size_of(struct rig *rig)
{
	char *text = rig_text(rig, SIP_WAY_TCP,
			      &(struct rig_request){.method = "OPTIONS", .headers = "X-A: \r\n"});
	size_t size = strlen(text);

	mem_free(text);
	return size;
}

/* As many header lines, Vias, bytes of a line or of all as make it n. */
static char *headers_for(struct rig *rig, const char *what, size_t n)
{
	if (strcmp(what, "sip_headers") == 0)
		return repeat("", "X-A: b\r\n", n - lines_of(rig), "");
	if (strcmp(what, "sip_via") == 0)
		return repeat("", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\n", n - 1, "");
	if (strcmp(what, "sip_header_bytes") == 0)
		return repeat("X-A: ", "x", n - strlen("X-A: \r\n"), "\r\n");
	/* Of the size, in lines that are not too long. */
	size_t left = n - size_of(rig);
	size_t lines = left / 500;

	struct buf out = BUF_INIT;

	for (size_t i = 0; i < lines; i++) {
		char *line = repeat("X-B: ", "x", 500 - strlen("X-B: \r\n"), "\r\n");

		buf_puts(&out, line);
		mem_free(line);
	}
	char *last = repeat("X-A: ", "x", left - lines * 500, "\r\n");

	buf_puts(&out, last);
	mem_free(last);
	return buf_take(&out);
}

static const struct row {
	const char *what;
	size_t most;
	int status; /* over it */
	size_t hit; /* offset in struct limits_hit */
} rows[] = {
	/* [limit sip_headers] [limit sip_via] [limit sip_header_bytes] [limit sip_message_bytes] */
	{"sip_headers", HEADERS, 400, offsetof(struct limits_hit, sip_headers)},
	{"sip_via", VIAS, 400, offsetof(struct limits_hit, sip_via)},
	{"sip_header_bytes", LINE, 400, offsetof(struct limits_hit, sip_header_bytes)},
	{"sip_message_bytes", MESSAGE, 413, offsetof(struct limits_hit, sip_message_bytes)},
};

static uint64_t hits(const struct rig *rig, size_t at)
{
	uint64_t value;

	memcpy(&value, (const char *)&rig->counters.limits + at, sizeof value);
	return value;
}

/* [SEC-085] [SEC-086] [REL-060] */
static void shapes_at_and_over(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.limits = small});

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		for (size_t over = 0; over < 2; over++) {
			char *headers = headers_for(rig, rows[i].what, rows[i].most + over);
			int status = status_of(rig, &(struct rig_request){.method = "OPTIONS",
									  .headers = headers});

			if (status != (over ? rows[i].status : 200) ||
			    hits(rig, rows[i].hit) != over)
				fail_msg("%s + %zu: %d, counted %llu", rows[i].what, over, status,
					 (unsigned long long)hits(rig, rows[i].hit));
			if (over)
				assert_true(text_peer_wait_closed(rig->peer));
			mem_free(headers);
		}
	}
	rig_free(&rig);
}

/* [limit sip_uri_bytes] [SEC-085] */
static void uris_at_and_over(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.limits = small});
	size_t fixed = strlen("sip:@chat.example");

	(void)state;
	for (size_t over = 0; over < 2; over++) {
		char *uri = repeat("sip:", "x", URI - fixed + over, "@chat.example");

		assert_int_equal(
			status_of(rig, &(struct rig_request){.method = "OPTIONS", .uri = uri}),
			over ? 414 : 200);
		assert_int_equal(rig->counters.limits.sip_uri_bytes, over);
		mem_free(uri);
	}
	rig_free(&rig);
}

static char *pidf_of(size_t len)
{
	static const char head[] =
		"<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"sip:1001@pbx.example\">"
		"<tuple id=\"t\"><status><basic>open</basic></status></tuple><!--";
	static const char tail[] = "--></presence>";

	return repeat(head, "x", len - strlen(head) - strlen(tail), tail);
}

/* [limit sip_body_bytes] [SEC-055] */
static void bodies_at_and_over(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.profile = "asterisk", .limits = small});

	(void)state;
	for (size_t over = 0; over < 2; over++) {
		char *body = pidf_of(1024 + over);

		assert_int_equal(status_of(rig,
					   &(struct rig_request){
						   .method = "PUBLISH",
						   .uri = "sip:1001@pbx.example",
						   .to = "<sip:1001@pbx.example>",
						   .headers = "Event: presence\r\nExpires: 600\r\n",
						   .type = "application/pidf+xml",
						   .body = body}),
				 over ? 413 : 200);
		assert_int_equal(rig->counters.limits.sip_body_bytes, over);
		mem_free(body);
	}
	rig_free(&rig);
}

/* [limit expires_min_s] [limit expires_max_s] [SEC-083]: 1 to 59 is too brief, what is too long is
 * cut. */
static void expiries_at_and_over(void **state)
{
	static const struct {
		int asked, status, granted;
	} expiries[] = {{59, 423, 0},
			{60, 200, 60},
			{3600, 200, 3600},
			{3601, 200, 3600},
			{1000000000, 200, 3600}};
	struct rig *rig = rig_new(NULL);

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(expiries); i++) {
		const struct sip_text *text;
		char headers[120], value[32];

		snprintf(headers, sizeof headers,
			 "Event: presence\r\nExpires: %d\r\nContact: <sip:1001@127.0.0.1:%u>\r\n",
			 expiries[i].asked, (unsigned)text_peer_port(rig->peer));
		rig_send(rig, SIP_WAY_TCP,
			 &(struct rig_request){.method = "SUBSCRIBE", .headers = headers});
		text = text_peer_expect(rig->peer, "SIP/2.0 ");
		assert_non_null(text);
		assert_int_equal(atoi(text->text + 8), expiries[i].status);
		if (expiries[i].status == 200)
			assert_int_equal(
				atoi(sip_text_header(text, "Expires", value, sizeof value)),
				expiries[i].granted);
	}
	assert_int_equal(rig->counters.limits.expires_min_s, 1);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes_at_and_over), cmocka_unit_test(uris_at_and_over),
		cmocka_unit_test(bodies_at_and_over), cmocka_unit_test(expiries_at_and_over)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
