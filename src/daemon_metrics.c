/* What metrics.listen shows (docs/CONTROL.md): the figures of "status" in the text form of
 * Prometheus, and whether the daemon is healthy and ready (REL-061). Labels are names from the
 * configuration, never addresses of people (SEC-064). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/log.h"
#include "daemon_parts.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "model/load.h"
#include "ops/metrics.h"
#include "settings.h"
#include "sip/sip_side.h"
#include "store/store.h"
#include "xmpp/xmpp_side.h"

enum {
	ERROR_MAX = 512,
	KEY_MAX = 400,
	STORE_PATIENCE_MS = 45 * 1000, /* it is written to every 30 s */
};

/* Text form ------------------------------------------------------------------------------------ */

static void add_counter(const char *name, uint64_t value, const char *what, void *arg)
{
	buf_printf(arg,
		   "# HELP sipxmppd_%s_total %s\n# TYPE sipxmppd_%s_total counter\n"
		   "sipxmppd_%s_total %llu\n",
		   name, what, name, name, (unsigned long long)value);
}

static void add_limit(const char *name, int64_t value, uint64_t hits, const char *what, void *arg)
{
	(void)value;
	(void)what;
	buf_printf(arg, "sipxmppd_limit_hits_total{limit=\"%s\"} %llu\n", name,
		   (unsigned long long)hits);
}

static void put_label(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"' || text[i] == '\\')
			buf_putc(out, '\\');
		buf_putc(out, text[i]);
	}
}

static void put_name(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_putc(out, isalnum((unsigned char)text[i]) ? text[i] : '_');
}

/* 1 and 0 of words, or -1: no figure. */
static int word_value(const char *value)
{
	if (strcmp(value, "up") == 0)
		return 1;
	if (strcmp(value, "down") == 0 || strcmp(value, "waiting") == 0)
		return 0;
	return -1;
}

/* "component.NAME" and "component.NAME.key", "peer.NAME": the name is a label. A name has dots: the
 * key is what follows the last one, if the value is a number. */
static void add_named(struct buf *out, const char *kind, const char *rest, const char *value)
{
	bool is_number = value[0] != '\0' && strspn(value, "0123456789") == strlen(value);
	const char *dot = strrchr(rest, '.');
	int word = word_value(value);

	if (!is_number && word < 0)
		return;
	if (is_number && dot == NULL)
		return;
	buf_printf(out, "sipxmppd_%s_", kind);
	if (is_number)
		put_name(out, dot + 1, strlen(dot + 1));
	else
		buf_puts(out, "up");
	buf_printf(out, "{%s=\"", kind);
	put_label(out, rest, is_number ? (size_t)(dot - rest) : strlen(rest));
	if (is_number)
		buf_printf(out, "\"} %s\n", value);
	else
		buf_printf(out, "\"} %d\n", word);
}

static void add_line(struct buf *out, const char *key, const char *value)
{
	static const char *const kinds[] = {"component", "peer", "link"};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		size_t len = strlen(kinds[i]);

		if (strncmp(key, kinds[i], len) == 0 && key[len] == '.') {
			add_named(out, kinds[i], key + len + 1, value);
			return;
		}
	}
	if (value[0] == '\0' || strspn(value, "0123456789") != strlen(value))
		return;
	buf_puts(out, "sipxmppd_");
	put_name(out, key, strlen(key));
	buf_printf(out, " %s\n", value);
}

/* Lines "key value" as gauges. */
static void add_lines(struct buf *out, const struct buf *lines)
{
	const char *at = buf_text(lines);

	while (*at != '\0') {
		size_t len = strcspn(at, "\n");
		size_t key = strcspn(at, " \n");
		char name[KEY_MAX];
		char value[KEY_MAX];

		snprintf(name, sizeof name, "%.*s", (int)key, at);
		snprintf(value, sizeof value, "%.*s", (int)(len > key ? len - key - 1 : 0),
			 at + key + (len > key));
		add_line(out, name, value);
		at += len + (at[len] == '\n');
	}
}

static void write_metrics(struct buf *out, void *arg)
{
	struct parts *parts = arg;
	struct buf lines = BUF_INIT;

	buf_printf(out, "sipxmppd_info{version=\"%s\"} 1\n", SIPXMPPD_VERSION);
	buf_printf(out, "sipxmppd_load_level %d\n", (int)parts->load.level);
	daemon_figures(parts, &lines);
	add_lines(out, &lines);
	buf_free(&lines);
	counters_each(&parts->counters, add_counter, out);
	buf_puts(out, "# HELP sipxmppd_limit_hits_total how often a limit was hit\n"
		      "# TYPE sipxmppd_limit_hits_total counter\n");
	limits_each(&(*parts->settings)->limits, &parts->counters.limits, add_limit, out);
}

/* Health --------------------------------------------------------------------------------------- */

/* That we answer shows that the loop turns. */
static bool is_healthy(struct buf *why, void *arg)
{
	struct parts *parts = arg;

	if (store_has_failed(parts->store))
		buf_puts(why, "the store has failed\n");
	else if (loop_now(parts->loop) - parts->store_seen_ms > STORE_PATIENCE_MS)
		buf_puts(why, "the store does not answer\n");
	return why->len == 0;
}

static void note_peer(const struct peer_report *peer, void *arg)
{
	if (strcmp(peer->state, "down") == 0)
		buf_printf(arg, "the SIP server of %s is down\n", peer->domain);
}

static bool is_ready(struct buf *why, void *arg)
{
	struct parts *parts = arg;

	if (!is_healthy(why, arg))
		return false;
	if (!parts->is_serving || parts->is_stopping)
		buf_puts(why, parts->is_stopping ? "stopping\n" : "starting\n");
	if ((*parts->settings)->ready_needs_links) {
		if (!xmpp_side_is_up(parts->xmpp))
			buf_puts(why, "a component stream to the chat server is down\n");
		sip_side_peers(parts->sip, note_peer, why);
	}
	return why->len == 0;
}

int daemon_build_metrics(struct parts *parts)
{
	const struct metrics_params params = {
		.loop = parts->loop,
		.listen = (*parts->settings)->metrics_listen,
		.write = write_metrics,
		.is_healthy = is_healthy,
		.is_ready = is_ready,
		.arg = parts,
	};
	char error[ERROR_MAX] = "";

	if (params.listen == NULL)
		return EX_OK;
	if (metrics_new(&parts->metrics, &params, error, sizeof error) == 0) {
		log_notice("metrics: listening on %s", log_safe(params.listen));
		return EX_OK;
	}
	log_err("metrics: %s", error);
	return EX_TEMPFAIL;
}
