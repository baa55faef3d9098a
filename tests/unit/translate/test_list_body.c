/* list_body: whole bodies of a list's NOTIFY, as real servers send them and as RFC 4662 allows. */
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "support/check.h"
#include "translate/list_body.h"
#include "unit/translate/describe.h"

#define NS   "xmlns='urn:ietf:params:xml:ns:rlmi'"
#define TYPE "multipart/related;type=\"application/rlmi+xml\";boundary="

/* The value of Content-Type in a SIP message. */
static char *type_of(const char *message)
{
	const char *at = strstr(message, "\nContent-Type: ");

	assert_non_null(at);
	at += strlen("\nContent-Type: ");
	return mem_strndup(at, strcspn(at, "\r\n"));
}

/* What tells the URIs of the samples apart. */
static const char *user_of(const char *uri, size_t *len)
{
	const char *user = strncmp(uri, "sip:", 4) == 0 ? uri + 4 : uri;

	*len = strcspn(user, "@");
	return user;
}

/* "NAME version full: NAME state type length ..." for each level, separated by " / ". */
static void describe(const struct list_body *body, struct buf *out)
{
	static const char *const states[] = {"active", "pending", "terminated"};

	for (size_t i = 0; i < body->count; i++) {
		const struct list_level *level = &body->levels[i];

		size_t n;
		const char *user = user_of(level->rlmi.uri, &n);

		buf_printf(out, "%s%.*s %u %s:", i == 0 ? "" : " / ", (int)n, user,
			   (unsigned)level->rlmi.version, level->rlmi.is_full ? "full" : "partial");
		for (size_t k = 0; k < level->rlmi.count; k++) {
			const struct rlmi_resource *resource = &level->rlmi.resources[k];

			user = user_of(resource->uri, &n);
			buf_printf(out, " %.*s", (int)n, user);
			for (size_t m = 0; m < resource->count; m++) {
				const struct rlmi_instance *instance = &resource->instances[m];
				const struct multipart_part *part =
					list_body_document(level, instance);

				buf_printf(out, " %s", states[instance->state]);
				if (part != NULL)
					buf_printf(out, " %s %zu", strchr(part->type, '/') + 1,
						   part->len);
			}
		}
	}
}

static const struct {
	const char *file;
	const char *wanted;
} samples[] = {
	/* [PBX-009] [AST-3] [EVT-067] no start, Content-Length in the parts: the lengths agree */
	{"notify-rls-full", "friends 0 full: 1001 active pidf+xml 395 1002 active pidf+xml 395 "
			    "1003 active pidf+xml 395"},
	{"notify-rls-accept-pidf-only", "friends 0 full: 1001 active pidf+xml 475 1002 active "
					"pidf+xml 480 1003 active pidf+xml 475"},
	{"notify-rls-after-restart", "friends 0 full: 1001 active pidf+xml 480 1002 active "
				     "pidf+xml 480 1003 active pidf+xml 395"},
	{"notify-rls-dialog-full",
	 "lines 0 full: 1001 active dialog-info+xml 228 1002 active dialog-info+xml 228"},
	{"notify-rls-dialog-partial", "lines 1 partial: 1002 active dialog-info+xml 361"},
	{"notify-rls-full-state-batched", "friends-full 1 full: 1001 active pidf+xml 480 1002 "
					  "active pidf+xml 480 1009 active pidf+xml 395"},
	{"notify-rls-full-state-display-name", "friends-full 0 full: 1001 active pidf+xml 475 1002 "
					       "active pidf+xml 480 1009 active pidf+xml 395"},
	{"notify-rls-partial-one", "friends 1 partial: 1002 active pidf+xml 480"},
	{"notify-rls-refresh-full", "friends 4 full: 1001 active pidf+xml 475 1002 active pidf+xml "
				    "480 1003 active pidf+xml 475"},
	{"notify-rls-terminated", "friends 5 full: 1001 terminated pidf+xml 475 1002 terminated "
				  "pidf+xml 480 1003 terminated pidf+xml 475"},
};

static void reads_samples(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(samples); i++) {
		struct list_body body = {0};
		struct buf line = BUF_INIT;
		char path[128];
		size_t len, body_len;
		char *message, *type;
		const char *text;

		snprintf(path, sizeof(path), "samples/lists/asterisk-%s.txt", samples[i].file);
		message = read_test_file(path, &len);
		text = sip_body(message, len, &body_len);
		type = type_of(message);
		assert_int_equal(list_body_parse(type, text, body_len, 16, &body), 0);
		describe(&body, &line);
		assert_string_equal(buf_text(&line), samples[i].wanted);
		buf_free(&line);
		list_body_clear(&body);
		mem_free(type);
		mem_free(message);
	}
}

#define LIST(uri, inside) "<list " NS " uri='" uri "' version='1'>" inside "</list>"
#define ROOT(boundary, uri, inside)                                                                \
	"--" boundary "\r\nContent-Type: application/rlmi+xml\r\n\r\n" LIST(uri, inside) "\r\n"
#define ROW(uri, cid)                                                                              \
	"<resource uri='" uri "'><instance id='i' state='active' cid='" cid "'/></resource>"
#define PART(boundary, id, type, body)                                                             \
	"--" boundary "\r\nContent-ID: <" id ">\r\nContent-Type: " type "\r\n\r\n" body "\r\n"
#define END(boundary) "--" boundary "--\r\n"

static const struct {
	const char *type;
	const char *text;
	int err;
	const char *wanted;
} bodies[] = {
	/* [EVT-067] a cid means the parts of its own level */
	{TYPE "a",
	 ROOT("a", "l", ROW("x", "1") ROW("y", "2")) PART("a", "1", "a/b", "one") END("a"), 0,
	 "l 1 full: x active b 3 y active"},
	/* [EVT-071] lists inside lists, each with its own parts, version and fullState */
	{TYPE "a",
	 ROOT("a", "l", ROW("x", "1") ROW("m", "2")) PART("a", "1", "a/b", "one")
		 PART("a", "2", TYPE "bb",
		      ROOT("bb", "m", ROW("y", "1") ROW("z", "3")) PART("bb", "1", "a/b", "three")
			      END("bb")) END("a"),
	 0, "l 1 full: x active b 3 m active / m 1 full: y active b 5 z active"},
	/* [EVT-073] a list inside itself, directly and on the way */
	{TYPE "a",
	 ROOT("a", "l", ROW("l", "2"))
		 PART("a", "2", TYPE "bb", ROOT("bb", "l", ROW("y", "1")) END("bb")) END("a"),
	 0, "l 1 full: l active"},
	{TYPE "a",
	 ROOT("a", "l", ROW("m", "2"))
		 PART("a", "2", TYPE "bb",
		      ROOT("bb", "m", ROW("l", "1"))
			      PART("bb", "1", TYPE "cc", ROOT("cc", "l", ROW("l", "1")) END("cc"))
				      END("bb")) END("a"),
	 0, "l 1 full: m active / m 1 full: l active"},
	/* [EVT-073] four levels, not five */
	{TYPE "a",
	 ROOT("a", "l1", "")
		 PART("a", "2", TYPE "ba",
		      ROOT("ba", "l2", "")
			      PART("ba", "1", TYPE "ca",
				   ROOT("ca", "l3", "") PART(
					   "ca", "1", TYPE "da",
					   ROOT("da", "l4", "") PART("da", "1", TYPE "ea",
								     ROOT("ea", "l5", "") END("ea"))
						   END("da")) END("ca")) END("ba")) END("a"),
	 0, "l1 1 full: / l2 1 full: / l3 1 full: / l4 1 full:"},
	/* an inner list that cannot be read is left out */
	{TYPE "a", ROOT("a", "l", ROW("m", "2")) PART("a", "2", TYPE "bb", "nothing") END("a"), 0,
	 "l 1 full: m active"},
	{TYPE "a",
	 ROOT("a", "l", ROW("m", "2")) PART("a", "2", "multipart/mixed;boundary=bb",
					    PART("bb", "1", "a/b", "x") END("bb")) END("a"),
	 0, "l 1 full: m active"},
	/* one resource answered, or nothing that can be read */
	{"application/pidf+xml", "<presence/>", EPROTO, ""},
	{NULL, "", EPROTO, ""},
	{TYPE "a", PART("a", "1", "a/b", "one") END("a"), EPROTO, ""},
	{TYPE "a", "--a\r\nContent-Type: application/rlmi+xml\r\n\r\n<list/>\r\n--a--", EBADMSG,
	 ""},
	{TYPE "a", "", EBADMSG, ""},
};

static void reads_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(bodies); i++) {
		struct list_body body = {0};
		struct buf line = BUF_INIT;
		int err = list_body_parse(bodies[i].type, bodies[i].text, strlen(bodies[i].text),
					  16, &body);

		assert_int_equal(err, bodies[i].err);
		describe(&body, &line);
		assert_string_equal(buf_text(&line), bodies[i].wanted);
		buf_free(&line);
		list_body_clear(&body);
	}
}

static int parse_many(int parts, int lists, size_t parts_max)
{
	struct list_body body = {0};
	struct buf text = BUF_INIT;
	int err;

	buf_puts(&text, ROOT("a", "l", ""));
	for (int i = 0; i < parts; i++)
		buf_puts(&text, PART("a", "p", "a/b", "x"));
	for (int i = 0; i < lists; i++)
		buf_puts(&text, PART("a", "m", TYPE "bb", ROOT("bb", "m", "") END("bb")));
	buf_puts(&text, END("a"));
	err = list_body_parse(TYPE "a", text.data, text.len, parts_max, &body);
	list_body_clear(&body);
	buf_free(&text);
	return err;
}

/* [EVT-073] [SEC-057] [D-57] The bounds hold for all levels together. */
static void bounds_parts_and_lists(void **state)
{
	(void)state;
	assert_int_equal(parse_many(15, 0, 16), 0);
	assert_int_equal(parse_many(16, 0, 16), E2BIG);
	assert_int_equal(parse_many(511, 0, 512), 0);
	assert_int_equal(parse_many(512, 0, 512), E2BIG);
	assert_int_equal(parse_many(0, 7, 15), 0); /* 8 parts, and one in each of 7 lists */
	assert_int_equal(parse_many(0, 7, 14), E2BIG);
	assert_int_equal(parse_many(0, RLMI_LISTS_MAX - 1, 512), 0);
	assert_int_equal(parse_many(0, RLMI_LISTS_MAX, 512), E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_samples),
		cmocka_unit_test(reads_bodies),
		cmocka_unit_test(bounds_parts_and_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
