/* The SIP side as the operator sees it; see report.h. */
#include "sip/report.h"

#include <string.h>

#include "base/buf.h"
#include "base/table.h"
#include "model/fault.h"
#include "sip/directory.h"
#include "sip/interest.h"
#include "sip/peer_watch.h"
#include "sip/publications_private.h"
#include "sip/publisher_private.h"
#include "sip/side_core.h"
#include "sip/subscriber_private.h"
#include "sip/targets.h"

static uint64_t now_of(const struct side_core *core)
{
	return loop_now(core->params->loop);
}

static int64_t seconds_between(uint64_t from_ms, uint64_t to_ms)
{
	return from_ms != 0 && to_ms >= from_ms ? (int64_t)((to_ms - from_ms) / 1000) : -1;
}

/* Who speaks of a user ------------------------------------------------------------------------- */

static const char *server_of(const struct composition *composition)
{
	const char *hop =
		side_core_next_hop(composition->subscriber->core, composition->watched.domain);

	return hop != NULL ? hop : composition->watched.domain;
}

static const char *state_of(const struct part *part)
{
	static const char *const names[] = {
		"waiting to try again", "asking", "pending", "active", "resting", "ending"};

	if (part->word == WORD_FAILED && interest_is_live(part->interest))
		return "failing";
	return names[part->interest->state];
}

static const char *reason_of(const struct part *part)
{
	if (part->fault == NULL)
		return part->hold_ms != 0 && part->document != NULL
			       ? "lost; what it said is shown for presence.hold"
			       : "";
	return part->fault->text[0] != '\0' ? part->fault->text : fault_name(part->fault->code);
}

static void report_part(const struct composition *composition, enum part_name name,
			source_report_fn *each, void *arg)
{
	static const char *const packages[PART_COUNT] = {"presence", "dialog"};
	const struct part *part = &composition->parts[name];
	uint64_t now = now_of(composition->subscriber->core);
	struct source_report report = {.kind = "subscription", .package = packages[name]};

	if (part->interest == NULL)
		return;
	report.from = server_of(composition);
	report.state = state_of(part);
	report.reason = reason_of(part);
	if (report.reason[0] == '\0' && peer_watch_is_down(composition->hop))
		report.reason = "its server is down";
	report.heard_s = seconds_between(part->heard_ms, now);
	report.left_s = interest_is_live(part->interest)
				? seconds_between(now, part->interest->expires_ms)
				: -1;
	report.says = part->document;
	each(&report, arg);
}

static void report_list(const struct composition *composition, source_report_fn *each, void *arg)
{
	static const char *const names[] = {"", "waiting for it", "pending", "active", "failing"};
	struct listed listed = composition_listed(composition);
	struct presence phones = {0};
	struct source_report report = {
		.kind = "list", .package = "", .reason = "", .heard_s = -1, .left_s = -1};

	if (listed.state == LISTED_NOT)
		return;
	report.from = composition->peer->list != NULL ? composition->peer->list : "";
	report.state = names[listed.state];
	report.says = listed.presence;
	if (listed.phone != NULL)
		phones.phone = *listed.phone; /* borrowed */
	if (listed.presence == NULL && listed.phone != NULL)
		report.says = &phones;
	each(&report, arg);
}

static void report_publication(const struct publication *publication, source_report_fn *each,
			       void *arg)
{
	uint64_t now = now_of(publication->of->publications->core);
	struct buf from = BUF_INIT;
	struct source_report report = {.kind = "publication", .reason = ""};

	net_address_print(&publication->source, &from);
	report.package = publication->is_dialog ? "dialog" : "presence";
	report.from = buf_text(&from);
	report.state = publication->is_blank ? "without a state" : "active";
	if (publication->is_doubtful)
		report.state = "doubtful";
	if (peer_watch_is_down(publication->of->hop)) /* D-26 */
		report.reason = "it does not count while its server is down";
	report.heard_s = seconds_between(publication->heard_ms, now);
	report.left_s = seconds_between(now, publication->expires_ms);
	report.says = publication->is_blank ? NULL : &publication->state;
	each(&report, arg);
	buf_free(&from);
}

void report_sources(const struct side_core *core, const struct address *watched,
		    source_report_fn *each, void *arg)
{
	const struct published *published = published_find(core->publications, watched);

	LIST_EACH(link, next, &core->subscriber->all)
	{
		const struct composition *composition = LIST_ENTRY(link, struct composition, link);

		if (!address_equal(&composition->watched, watched))
			continue;
		report_list(composition, each, arg);
		for (int name = 0; name < PART_COUNT; name++)
			report_part(composition, (enum part_name)name, each, arg);
	}
	if (published == NULL)
		return;
	LIST_EACH(link, next, &published->all)
	report_publication(LIST_ENTRY(link, struct publication, link), each, arg);
}

/* Domains -------------------------------------------------------------------------------------- */

struct tally {
	const struct sip_peer *peer;
	size_t count;
};

static bool count_published(void *value, void *arg)
{
	const struct published *published = value;
	struct tally *tally = arg;

	if (published->peer == tally->peer)
		tally->count += published->count;
	return true;
}

static size_t published_by(const struct side_core *core, const struct sip_peer *peer)
{
	struct tally tally = {peer, 0};

	table_each(core->publications->users, count_published, &tally);
	return tally.count;
}

static size_t published_at(const struct side_core *core, const struct sip_peer *peer)
{
	size_t count = 0;

	LIST_EACH(link, next, &core->publisher->all)
	{
		const struct subject *subject = LIST_ENTRY(link, struct subject, link);

		count += subject->peer == peer && subject->is_shown;
	}
	return count;
}

static void fill_servers(const struct side_core *core, const struct hop *hop,
			 struct peer_report *report)
{
	uint64_t now = now_of(core);

	for (size_t i = 0; i < hop_count(hop) && i < PEER_SERVERS_MAX; i++) {
		const struct target *target = hop_target(hop, i);
		uint64_t until = target->quench_ms > now ? target->quench_ms : target->avoid_ms;

		report->servers[report->server_count++] = (struct server_report){
			.uri = target->uri,
			.state = target_word(target, now),
			.heard_s = seconds_between(target->heard_ms, now),
			.left_s = until > now ? (int64_t)((until - now + 999) / 1000) : 0,
		};
	}
}

static void report_peer(const struct side_core *core, const struct directory *directory,
			const struct sip_peer *peer, peer_report_fn *each, void *arg)
{
	static const char *const publishers[] = {"none", "presence", "devicestate"};
	uint64_t heard_ms = 0;
	struct peer_report report = {
		.domain = peer->domain,
		.profile = peer->profile.name,
		.next_hop = side_core_next_hop(core, peer->domain),
		.list = peer->list,
		.publish = publishers[peer->profile.publish],
		.watched = subscriber_watched_in(core->subscriber, peer->domain),
		.publications_in = published_by(core, peer),
		.publications_out = published_at(core, peer),
	};

	report.list_state = directory_word(directory, peer, &report.list_members);
	report.state = peer_watch_word(peer_watch_of(core->peers, peer->domain), &heard_ms);
	report.heard_s = seconds_between(heard_ms, now_of(core));
	fill_servers(core, targets_of(core->targets, peer), &report);
	each(&report, arg);
}

void report_peers(const struct side_core *core, const struct directory *directory,
		  peer_report_fn *each, void *arg)
{
	for (size_t i = 0; i < core->params->peer_count; i++)
		report_peer(core, directory, &core->params->peers[i], each, arg);
}
