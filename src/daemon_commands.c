/* The control commands of the daemon (settings.md: Programs): one row each. */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "core/bridge.h"
#include "daemon_parts.h"
#include "model/counters.h"
#include "ops/control.h"
#include "ops/json_text.h"
#include "settings.h"
#include "sip/sip_side.h"
#include "translate/address_map.h"
#include "xmpp/xmpp_side.h"

enum { SUMMARY_LINE = 600 /* bytes in a line of the summary, about */ };

/* "key value" lines become members of one object. */
/* A count is a number for programs, too. */
static void value_to_json(struct buf *out, const char *value)
{
	size_t digits = strspn(value, "0123456789");

	if (digits > 0 && value[digits] == '\0' && (value[0] != '0' || digits == 1))
		buf_puts(out, value);
	else
		json_text(out, value);
}

static void lines_to_json(const struct buf *lines, struct buf *out)
{
	const char *at = buf_text(lines);
	const char *comma = "";

	buf_putc(out, '{');
	while (*at != '\0') {
		size_t len = strcspn(at, "\n");
		size_t key = strcspn(at, " \n");
		struct buf part = BUF_INIT;

		buf_puts(out, comma);
		buf_append(&part, at, key);
		json_text(out, buf_text(&part));
		buf_putc(out, ':');
		buf_reset(&part);
		if (key < len)
			buf_append(&part, at + key + 1, len - key - 1);
		value_to_json(out, buf_text(&part));
		buf_free(&part);
		comma = ",";
		at += len + (at[len] == '\n');
	}
	buf_puts(out, "}\n");
}

/* status -------------------------------------------------------------------------------------- */

static void add_counter(const char *name, uint64_t value, const char *what, void *arg)
{
	(void)what;
	buf_printf(arg, "%s %llu\n", name, (unsigned long long)value);
}

static void add_limit(const char *name, int64_t value, uint64_t hits, const char *what, void *arg)
{
	(void)value;
	(void)what;
	if (hits > 0)
		buf_printf(arg, "limit.%s %llu\n", name, (unsigned long long)hits);
}

void daemon_figures(const struct parts *parts, struct buf *out)
{
	uint64_t up_s = (loop_now(parts->loop) - parts->started_ms) / 1000;
	struct receipt_facts receipts;

	buf_printf(out, "version %s\n", SIPXMPPD_VERSION);
	buf_printf(out, "state %s\n",
		   parts->is_stopping ? "stopping" : (parts->is_serving ? "serving" : "starting"));
	buf_printf(out, "uptime_s %llu\n", (unsigned long long)up_s);
	buf_printf(out, "cautious %d\n", parts->is_cautious);
	buf_printf(out, "link.xmpp %s\n", xmpp_side_is_up(parts->xmpp) ? "up" : "down");
	buf_printf(out, "pairs %zu\n", bridge_pair_count(parts->bridge));
	buf_printf(out, "messages_open %zu\n", bridge_message_count(parts->bridge));
	bridge_receipt_facts(parts->bridge, &receipts);
	buf_printf(out, "receipts.asked %zu\n", receipts.asked);
	buf_printf(out, "receipts.unasked %zu\n", receipts.unasked);
	daemon_queue_status(parts, out);
	daemon_load_status(parts, out);
	xmpp_side_status(parts->xmpp, out);
	sip_side_status(parts->sip, out);
}

void daemon_status(const struct parts *parts, struct buf *out)
{
	daemon_figures(parts, out);
	counters_each(&parts->counters, add_counter, out);
	limits_each(&(*parts->settings)->limits, &parts->counters.limits, add_limit, out);
}

/* "key value" lines as key=value, several to a line of the log: one a line would be held back as a
 * flood (REL-053). */
void daemon_on_usr1(void *arg)
{
	struct parts *parts = arg;
	struct buf report = BUF_INIT;
	struct buf facts = BUF_INIT;

	if (daemon_waits_for_start(parts, "summary", &parts->owes_summary))
		return;
	daemon_status(parts, &report);
	for (const char *at = buf_text(&report); *at != '\0';) {
		size_t len = strcspn(at, "\n");
		size_t key = strcspn(at, " \n");

		buf_printf(&facts, "%s%.*s=", facts.len > 0 ? " " : "", (int)key, at);
		if (key < len)
			buf_append(&facts, at + key + 1, len - key - 1);
		at += len + (at[len] == '\n');
		if (facts.len < SUMMARY_LINE && *at != '\0')
			continue;
		log_notice("daemon: summary %s", buf_text(&facts));
		buf_reset(&facts);
	}
	buf_free(&facts);
	buf_free(&report);
}

static int run_status(int argc, const char *const *argv, int as_json, struct buf *out, void *arg)
{
	struct buf lines = BUF_INIT;

	(void)argc;
	(void)argv;
	daemon_status(arg, &lines);
	if (as_json)
		lines_to_json(&lines, out);
	else
		buf_append(out, buf_text(&lines), lines.len);
	buf_free(&lines);
	return 0;
}

/* Addresses as words -------------------------------------------------------------------------- */

int daemon_read_address(struct parts *parts, const char *text, struct address *address,
			struct buf *out)
{
	const char *why = "";

	if (address_from_text(parts->map, text, address, &why) == 0)
		return 0;
	buf_printf(out, "%s is no address here (%s); see: map %s\n", log_safe(text), why,
		   log_safe(text));
	return ENOENT;
}

/* show pairs ---------------------------------------------------------------------------------- */

struct listing {
	struct buf *out;
	struct bridge *bridge;
	int as_json;
	size_t count;
};

void daemon_print_address(struct buf *out, const struct address *address)
{
	struct buf raw = BUF_INIT;

	address_print(address, &raw);
	buf_puts(out, log_safe_n(raw.data, raw.len));
	buf_free(&raw);
}

static void list_pair(const struct pair_row *row, const struct presence *now, void *arg)
{
	struct listing *listing = arg;
	struct buf watcher = BUF_INIT;
	struct buf watched = BUF_INIT;
	const char *shown = now == NULL ? "unknown" : (presence_is_open(now) ? "open" : "closed");
	int rule = -1;
	bool may = (bridge_access(listing->bridge, &row->watcher, &row->watched, &rule) &
		    ACCESS_WATCH) != 0;

	daemon_print_address(&watcher, &row->watcher);
	daemon_print_address(&watched, &row->watched);
	if (listing->as_json) {
		buf_puts(listing->out, listing->count > 0 ? "," : "");
		buf_puts(listing->out, "{\"watcher\":");
		json_text(listing->out, buf_text(&watcher));
		buf_puts(listing->out, ",\"watched\":");
		json_text(listing->out, buf_text(&watched));
		buf_printf(listing->out, ",\"state\":\"%s\",\"presence\":\"%s\",\"forbidden\":%s}",
			   pair_state_name(row->state), shown, may ? "false" : "true");
	} else {
		buf_printf(listing->out, "%s watches %s: %s, %s", buf_text(&watcher),
			   buf_text(&watched), pair_state_name(row->state), shown);
		if (!may)
			buf_printf(listing->out, ", forbidden by access[%d]", rule);
		buf_putc(listing->out, '\n');
	}
	listing->count++;
	buf_free(&watcher);
	buf_free(&watched);
}

static int run_show_pairs(int argc, const char *const *argv, int as_json, struct buf *out,
			  void *arg)
{
	struct parts *parts = arg;
	struct listing listing = {out, parts->bridge, as_json, 0};
	struct address address = {0};

	if (argc > 1) {
		buf_puts(out, "use: show pairs [ADDRESS]\n");
		return EINVAL;
	}
	if (argc == 1 && daemon_read_address(parts, argv[0], &address, out) != 0)
		return ENOENT;
	if (as_json)
		buf_putc(out, '[');
	bridge_each_pair(parts->bridge, argc == 1 ? &address : NULL, list_pair, &listing);
	if (as_json)
		buf_puts(out, "]\n");
	else if (listing.count == 0)
		buf_puts(out, "no pairs\n");
	address_clear(&address);
	return 0;
}

/* map, log, forget, reload, stop -------------------------------------------------------------- */

static int run_map(int argc, const char *const *argv, int as_json, struct buf *out, void *arg)
{
	struct parts *parts = arg;
	struct buf lines = BUF_INIT;

	if (argc != 1)
		return EINVAL;
	address_map_explain(parts->map, argv[0], &lines);
	if (as_json) {
		buf_puts(out, "{\"explanation\":");
		json_text(out, buf_text(&lines));
		buf_puts(out, "}\n");
	} else {
		buf_append(out, buf_text(&lines), lines.len);
	}
	buf_free(&lines);
	return 0;
}

static int run_log(int argc, const char *const *argv, int as_json, struct buf *out, void *arg)
{
	enum log_level level;

	(void)arg;
	if (argc != 1 || log_level_from_name(argv[0], &level) != 0) {
		buf_puts(out, "use: log err|warning|notice|info|debug\n");
		return EINVAL;
	}
	log_set_level(level);
	if (as_json)
		buf_printf(out, "{\"level\":\"%s\"}\n", log_level_name(level));
	else
		buf_printf(out, "the log level is %s until the next start or reload\n",
			   log_level_name(level));
	return 0;
}

static void say_may(const struct parts *parts, const struct address *from, const struct address *to,
		    bool as_json, struct buf *out)
{
	int rule;
	enum access_may may = bridge_access(parts->bridge, from, to, &rule);
	bool watch = (may & ACCESS_WATCH) != 0, write = (may & ACCESS_WRITE) != 0;

	if (as_json) {
		buf_printf(out, "{\"watch\":%s,\"write\":%s,\"rule\":%d}\n",
			   watch ? "true" : "false", write ? "true" : "false", rule);
		return;
	}
	buf_printf(out, "watch: %s\nwrite: %s\n", watch ? "yes, if the other says yes" : "no",
		   write ? "yes" : "no");
	if (rule >= 0)
		buf_printf(out, "by access[%d]\n", rule);
	else
		buf_puts(out, "no rule of access names them\n");
}

static int run_may(int argc, const char *const *argv, int as_json, struct buf *out, void *arg)
{
	struct parts *parts = arg;
	struct address from = {0};
	struct address to = {0};
	int error = EINVAL;

	if (argc == 2) {
		error = daemon_read_address(parts, argv[0], &from, out);
		if (error == 0)
			error = daemon_read_address(parts, argv[1], &to, out);
		if (error == 0)
			say_may(parts, &from, &to, as_json != 0, out);
	} else {
		buf_puts(out, "use: may FROM TO\n");
	}
	address_clear(&from);
	address_clear(&to);
	return error;
}

static int run_forget(int argc, const char *const *argv, int as_json, struct buf *out, void *arg)
{
	struct parts *parts = arg;
	struct address watcher = {0};
	struct address watched = {0};
	int error = EINVAL;

	if (argc == 2) {
		error = daemon_read_address(parts, argv[0], &watcher, out);
		if (error == 0)
			error = daemon_read_address(parts, argv[1], &watched, out);
		if (error == 0)
			error = bridge_forget(parts->bridge, &watcher, &watched);
		if (error == 0)
			buf_puts(out, as_json ? "{\"forgotten\":true}\n" : "forgotten\n");
		else if (out->len == 0)
			buf_puts(out, "there is no such pair; see: show pairs\n");
	} else {
		buf_puts(out, "use: forget WATCHER WATCHED\n");
	}
	address_clear(&watcher);
	address_clear(&watched);
	return error;
}

static int run_reload(int argc, const char *const *argv, int as_json, struct buf *out, void *arg)
{
	struct buf report = BUF_INIT;
	int error = daemon_reload(arg, &report);

	(void)argc;
	(void)argv;
	if (as_json) {
		buf_puts(out, "{\"report\":");
		json_text(out, buf_text(&report));
		buf_puts(out, "}\n");
	} else {
		buf_append(out, buf_text(&report), report.len);
	}
	buf_free(&report);
	return error == 0 ? 0 : EBADMSG; /* the words of the command were right */
}

static int run_stop(int argc, const char *const *argv, int as_json, struct buf *out, void *arg)
{
	struct parts *parts = arg;
	bool tell = (*parts->settings)->stop_tell == STOP_TELL_ALL;

	if (argc > 1 || (argc == 1 && strcmp(argv[0], "--quiet") != 0)) {
		buf_puts(out, "use: stop [--quiet]\n");
		return EINVAL;
	}
	buf_puts(out, as_json ? "{\"stopping\":true}\n" : "stopping\n");
	daemon_stop(parts, tell && argc == 0);
	return 0;
}

const struct control_command daemon_commands[] = {
	{"status", "", "links, pairs, counters and the limits that were hit", run_status},
	{"show pairs", "[ADDRESS]", "who watches whom, and what is shown", run_show_pairs},
	{"show presence", "ADDRESS",
	 "what is shown of somebody, to whom, and who says so, how long ago", daemon_show_presence},
	{"show peers", "", "the SIP domains: is the server there, what is known from it",
	 daemon_show_peers},
	{"show queue", "[ADDRESS]",
	 "messages that wait, and those set aside: for how long, and why", daemon_show_queue},
	{"drop", "UID", "ends a message that was set aside after crashes", daemon_drop},
	{"map", "ADDRESS", "how an address maps to the other side, and why", run_map},
	{"may", "FROM TO", "what the access rules let FROM do to TO, and which of them says so",
	 run_may},
	{"log", "LEVEL", "sets the log level: err warning notice info debug", run_log},
	{"forget", "WATCHER WATCHED", "ends a pair or a refusal, so that it can be asked anew",
	 run_forget},
	{"reload", "", "reads the configuration again; on any error the old one stays", run_reload},
	{"stop", "[--quiet]", "stops in order; --quiet tells no watcher", run_stop},
	{NULL, NULL, NULL, NULL},
};
