/* The control commands "show presence" and "show peers": what is shown of somebody, to whom, and
 * who says so; how each SIP domain is heard of. */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "core/bridge.h"
#include "daemon_parts.h"
#include "model/presence.h"
#include "model/presence_view.h"
#include "ops/json_text.h"
#include "ops/presence_report.h"
#include "settings.h"
#include "sip/sip_side.h"
#include "xmpp/xmpp_side.h"

enum { WATCHERS_SHOWN = 50 }; /* of somebody whom thousands watch; "show pairs" has all */

struct report {
	struct parts *parts;
	const struct address *watched;
	struct presence last; /* of the pair before: said once for those that see the same */
	bool has_last;
	bool as_json;
	size_t watchers;
	size_t sources;
	struct buf *out;
};

static int64_t wall_ms(const struct report *report)
{
	return loop_wall_ms(report->parts->loop);
}

static void put_address(const struct report *report, const char *name,
			const struct address *address)
{
	struct buf text = BUF_INIT;

	daemon_print_address(&text, address);
	json_member(report->out, name, buf_text(&text));
	buf_free(&text);
}

/* To whom -------------------------------------------------------------------------------------- */

static void put_view(const struct presence_view *view, struct buf *out)
{
	const char *pieces[VIEW_PIECES_MAX];

	if (!view->available)
		buf_puts(out, "unavailable");
	else
		buf_puts(out, view->show != SHOW_NONE ? show_name(view->show) : "available");
	for (size_t i = 0; i < view->text_count; i++) {
		struct buf text = BUF_INIT;
		size_t count = presence_view_pieces(view, i, pieces);

		for (size_t k = 0; k < count; k++)
			buf_puts(&text, pieces[k]);
		buf_printf(out, " %s", log_safe(buf_text(&text)));
		buf_free(&text);
	}
}

static void watcher_text(struct report *report, const struct pair_row *row,
			 const struct presence *now, const struct presence_view *view)
{
	struct buf *out = report->out;

	buf_puts(out, "watched by ");
	daemon_print_address(out, &row->watcher);
	buf_printf(out, ": %s, ", pair_state_name(row->state));
	if (now != NULL)
		put_view(view, out);
	else
		buf_puts(out, "nothing known");
	if (row->heard_at > 0) {
		buf_puts(out, ", last word ");
		presence_report_age(wall_ms(report) / 1000 - row->heard_at, out);
		buf_puts(out, " ago");
	}
	buf_putc(out, '\n');
	if (now == NULL || (report->has_last && presence_equal(&report->last, now)))
		return;
	buf_puts(out, "  is ");
	presence_report_text(now, wall_ms(report), out);
	buf_putc(out, '\n');
	presence_clear(&report->last);
	presence_copy(&report->last, now);
	report->has_last = true;
}

static void watcher_json(struct report *report, const struct pair_row *row,
			 const struct presence *now, const struct presence_view *view)
{
	struct buf *out = report->out;
	struct buf text = BUF_INIT;

	buf_puts(out, report->watchers > 1 ? ",{" : "{");
	put_address(report, "watcher", &row->watcher);
	buf_printf(out, ",\"state\":\"%s\",\"heard_at\":%lld,", pair_state_name(row->state),
		   (long long)row->heard_at);
	if (now != NULL)
		put_view(view, &text);
	json_member(out, "shown", now != NULL ? buf_text(&text) : NULL);
	buf_puts(out, ",\"presence\":");
	presence_report_json(now, out);
	buf_putc(out, '}');
	buf_free(&text);
}

static void on_pair(const struct pair_row *row, const struct presence *now, void *arg)
{
	struct report *report = arg;
	struct presence_view view;

	if (!address_equal(&row->watched, report->watched))
		return;
	report->watchers++;
	if (report->watchers > WATCHERS_SHOWN)
		return;
	presence_view_make(now, &(*report->parts->settings)->rules, &view);
	if (report->as_json)
		watcher_json(report, row, now, &view);
	else
		watcher_text(report, row, now, &view);
}

/* Who says so ---------------------------------------------------------------------------------- */

static void source_text(struct report *report, const struct source_report *source)
{
	struct buf *out = report->out;

	buf_printf(out, "%s%s%s %s %s: %s", source->kind, source->package[0] != '\0' ? " " : "",
		   source->package, strcmp(source->kind, "publication") == 0 ? "by" : "at",
		   log_safe(source->from), source->state);
	if (source->reason[0] != '\0')
		buf_printf(out, " (%s)", log_safe(source->reason));
	if (source->heard_s >= 0) {
		buf_puts(out, ", last word ");
		presence_report_age(source->heard_s, out);
		buf_puts(out, " ago");
	}
	if (source->left_s >= 0) {
		buf_puts(out, ", ends in ");
		presence_report_age(source->left_s, out);
	}
	buf_puts(out, "\n  says ");
	if (source->says != NULL)
		presence_report_text(source->says, wall_ms(report), out);
	else
		buf_puts(out, "nothing");
	buf_putc(out, '\n');
}

static void source_json(struct report *report, const struct source_report *source)
{
	struct buf *out = report->out;

	buf_puts(out, report->sources > 1 ? ",{" : "{");
	json_member(out, "kind", source->kind);
	buf_putc(out, ',');
	json_member(out, "package", source->package);
	buf_putc(out, ',');
	json_member(out, "from", source->from);
	buf_putc(out, ',');
	json_member(out, "state", source->state);
	buf_putc(out, ',');
	json_member(out, "reason", source->reason);
	buf_printf(out, ",\"heard_s\":%lld,\"left_s\":%lld,\"says\":", (long long)source->heard_s,
		   (long long)source->left_s);
	presence_report_json(source->says, out);
	buf_putc(out, '}');
}

static void on_source(const struct source_report *source, void *arg)
{
	struct report *report = arg;

	report->sources++;
	if (report->sources > WATCHERS_SHOWN)
		return;
	if (report->as_json)
		source_json(report, source);
	else
		source_text(report, source);
}

static void show_text(struct report *report)
{
	daemon_print_address(report->out, report->watched);
	buf_putc(report->out, '\n');
	bridge_each_pair(report->parts->bridge, report->watched, on_pair, report);
	if (report->watchers > WATCHERS_SHOWN)
		buf_printf(report->out, "and %zu more; see: show pairs\n",
			   report->watchers - WATCHERS_SHOWN);
	if (report->watchers == 0)
		buf_puts(report->out, "watched by nobody\n");
	if (report->watched->side == SIDE_SIP)
		sip_side_sources(report->parts->sip, report->watched, on_source, report);
}

static void show_json(struct report *report)
{
	buf_putc(report->out, '{');
	put_address(report, "address", report->watched);
	buf_puts(report->out, ",\"watchers\":[");
	bridge_each_pair(report->parts->bridge, report->watched, on_pair, report);
	buf_printf(report->out, "],\"watcher_count\":%zu,\"sources\":[", report->watchers);
	if (report->watched->side == SIDE_SIP)
		sip_side_sources(report->parts->sip, report->watched, on_source, report);
	buf_puts(report->out, "]}\n");
}

int daemon_show_presence(int argc, const char *const *argv, int as_json, struct buf *out, void *arg)
{
	struct address address = {0};
	struct report report = {
		.parts = arg, .watched = &address, .as_json = as_json != 0, .out = out};

	if (argc != 1) {
		buf_puts(out, "use: show presence ADDRESS\n");
		return EINVAL;
	}
	if (daemon_read_address(arg, argv[0], &address, out) != 0)
		return ENOENT;
	if (report.as_json)
		show_json(&report);
	else
		show_text(&report);
	presence_clear(&report.last);
	address_clear(&address);
	return 0;
}

/* show peers ----------------------------------------------------------------------------------- */

struct peers {
	struct buf *out;
	bool as_json;
	size_t count;
};

static void servers_text(const struct peer_report *peer, struct buf *out)
{
	for (size_t i = 0; i < peer->server_count; i++) {
		const struct server_report *server = &peer->servers[i];

		buf_printf(out, "  server %s: %s", server->uri, server->state);
		if (server->left_s > 0)
			buf_printf(out, " for %lld s", (long long)server->left_s);
		if (server->heard_s >= 0) {
			buf_puts(out, ", last word ");
			presence_report_age(server->heard_s, out);
			buf_puts(out, " ago");
		}
		buf_putc(out, '\n');
	}
	if (peer->server_count == 0)
		buf_puts(out, "  no server is known: its name cannot be looked up\n");
}

static void servers_json(const struct peer_report *peer, struct buf *out)
{
	buf_puts(out, ",\"servers\":[");
	for (size_t i = 0; i < peer->server_count; i++) {
		const struct server_report *server = &peer->servers[i];

		buf_puts(out, i > 0 ? ",{" : "{");
		json_member(out, "uri", server->uri);
		buf_putc(out, ',');
		json_member(out, "state", server->state);
		buf_printf(out, ",\"heard_s\":%lld,\"left_s\":%lld}", (long long)server->heard_s,
			   (long long)server->left_s);
	}
	buf_putc(out, ']');
}

static void peer_text(const struct peer_report *peer, struct buf *out)
{
	buf_printf(out, "%s at %s (%s): %s", peer->domain,
		   peer->next_hop != NULL ? peer->next_hop : "what DNS says", peer->profile,
		   peer->state);
	if (peer->heard_s >= 0) {
		buf_puts(out, ", last word ");
		presence_report_age(peer->heard_s, out);
		buf_puts(out, " ago");
	}
	buf_printf(out, "; users watched %zu, publications from it %zu", peer->watched,
		   peer->publications_in);
	if (strcmp(peer->publish, "none") != 0)
		buf_printf(out, ", chat users published there as %s %zu", peer->publish,
			   peer->publications_out);
	if (peer->list != NULL)
		buf_printf(out, ", list %s %s, members %zu", peer->list, peer->list_state,
			   peer->list_members);
	buf_putc(out, '\n');
	servers_text(peer, out);
}

static void peer_json(const struct peer_report *peer, struct buf *out)
{
	const struct {
		const char *name;
		const char *text;
	} words[] = {
		{"domain", peer->domain}, {"next_hop", peer->next_hop}, {"profile", peer->profile},
		{"state", peer->state},   {"list", peer->list},         {"publish", peer->publish},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		json_member(out, words[i].name, words[i].text);
		buf_putc(out, ',');
	}
	json_member(out, "list_state", peer->list_state);
	buf_printf(out,
		   ",\"list_members\":%zu,\"heard_s\":%lld,\"watched\":%zu,\"publications_in\":%zu,"
		   "\"publications_out\":%zu",
		   peer->list_members, (long long)peer->heard_s, peer->watched,
		   peer->publications_in, peer->publications_out);
	servers_json(peer, out);
	buf_putc(out, '}');
}

static void on_peer(const struct peer_report *peer, void *arg)
{
	struct peers *peers = arg;

	if (peers->as_json) {
		buf_puts(peers->out, peers->count > 0 ? ",{" : "{");
		peer_json(peer, peers->out);
	} else {
		peer_text(peer, peers->out);
	}
	peers->count++;
}

int daemon_show_peers(int argc, const char *const *argv, int as_json, struct buf *out, void *arg)
{
	struct parts *parts = arg;
	struct peers peers = {out, as_json != 0, 0};

	(void)argv;
	if (argc != 0) {
		buf_puts(out, "use: show peers\n");
		return EINVAL;
	}
	buf_puts(out, as_json ? "[" : "");
	sip_side_peers(parts->sip, on_peer, &peers);
	buf_puts(out, as_json ? "]\n" : "");
	return 0;
}
