/* XML bodies made to hurt, through the real SIP side (file 40 D.6): each is answered, and so is the
 * request right behind it; nothing of them reaches the core, and memory does not grow. */
#include <stdio.h>
#include <unistd.h>

#include "support/check.h"

#include "base/buf.h"
#include "wire/presence_agent.h"
#include "wire/rig.h"

enum { DEPTH = 10000, WIDTH = 60000, ATTRIBUTE = 60000, RSS_SLACK_KIB = 64 * 1024 };

static void write_entities(struct buf *out)
{
	buf_puts(out, "<!DOCTYPE a [<!ENTITY a \"lollollollollol\">");
	for (char c = 'b'; c < 'm'; c++) {
		buf_printf(out, "<!ENTITY %c \"", c);
		for (int i = 0; i < 10; i++)
			buf_printf(out, "&%c;", c - 1);
		buf_puts(out, "\">");
	}
	buf_puts(out, "]><a>&l;</a>");
}

static void write_outside(struct buf *out)
{
	buf_puts(out, "<!DOCTYPE a [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><a>&a;</a>");
}

static void write_deep(struct buf *out)
{
	for (int i = 0; i < DEPTH; i++)
		buf_puts(out, "<a>");
	for (int i = 0; i < DEPTH; i++)
		buf_puts(out, "</a>");
}

static void write_wide(struct buf *out)
{
	buf_puts(out, "<a>");
	for (int i = 0; i < WIDTH; i++)
		buf_puts(out, "<b/>");
	buf_puts(out, "</a>");
}

static void write_attribute(struct buf *out)
{
	buf_printf(out, "<a b=\"%0*d\"/>", ATTRIBUTE, 0);
}

static void (*const bombs[])(struct buf *out) = {write_entities, write_outside, write_deep,
						 write_wide, write_attribute};

static const char *const types[] = {
	"application/pidf+xml",           "application/xpidf+xml", "application/pidf-diff+xml",
	"application/dialog-info+xml",    "application/rlmi+xml",  "application/resource-lists+xml",
	"application/im-iscomposing+xml", "message/imdn+xml",      "application/watcherinfo+xml",
};

static long rss_kib(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = 0, all = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%ld %ld", &all, &pages), 2);
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void check_alive(struct rig *rig)
{
	rig_send(rig, SIP_WAY_TCP, &(struct rig_request){.method = "OPTIONS"});
	assert_non_null(text_peer_expect(rig->peer, "SIP/2.0 200"));
}

static void throw_one(struct rig *rig, const char *method, const char *type, const char *body)
{
	const struct sip_text *answer;

	rig_send(rig, SIP_WAY_TCP,
		 &(struct rig_request){.method = method,
				       .headers = "Event: presence\r\nExpires: 600\r\n",
				       .body = body,
				       .type = type});
	answer = text_peer_expect(rig->peer, "SIP/2.0 ");
	if (answer == NULL || answer->text[8] != '4')
		fail_msg("%s of %s: %.40s", method, type,
			 answer != NULL ? answer->text : "nothing");
}

/* So that it is the parsers that are asked, not the limits. */
static void large(struct limits *limits)
{
	limits->sip_message_bytes = 262144;
	limits->sip_body_bytes = 262144;
}

/* [SEC-055]: MESSAGE and PUBLISH of every type: a 4xx, and no effect. */
static void requests(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.profile = "asterisk", .limits = large});
	long before = 0;

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t t = 0; t < CHECK_COUNT(types); t++) {
			for (size_t b = 0; b < CHECK_COUNT(bombs); b++) {
				struct buf body = BUF_INIT;

				bombs[b](&body);
				throw_one(rig, "MESSAGE", types[t], buf_text(&body));
				check_alive(rig);
				throw_one(rig, "PUBLISH", types[t], buf_text(&body));
				check_alive(rig);
				buf_free(&body);
			}
		}
		if (round == 0)
			before = rss_kib();
	}
	printf("RSS %ld KiB before, %ld after\n", before, rss_kib());
	assert_true(rss_kib() < before + RSS_SLACK_KIB);
	assert_int_equal(rig->bridge->count, 0);
	rig_free(&rig);
}

/* [SEC-055]: in a NOTIFY of a subscription: 200, and what was known stays. */
static void notifications(void **state)
{
	struct rig *rig = rig_new(&(struct rig_options){.limits = large});
	struct presence_agent end;

	(void)state;
	pa_begin(rig, &end);
	for (size_t t = 0; t < CHECK_COUNT(types); t++) {
		for (size_t b = 0; b < CHECK_COUNT(bombs); b++) {
			struct buf body = BUF_INIT;

			end.is_tcp = true;
			end.type = types[t];
			bombs[b](&body);
			pa_notify(rig, &end, "active;expires=3600", buf_text(&body), "200");
			check_alive(rig);
			buf_free(&body);
		}
	}
	/* That it is granted is said again; nothing else. */
	assert_int_equal(fake_bridge_count(rig->bridge, "presence "), 0);
	assert_int_equal(fake_bridge_count(rig->bridge, "answered "), rig->bridge->count);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(requests),
					   cmocka_unit_test(notifications)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
