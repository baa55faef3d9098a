/* What is known of the servers of a next hop, and which of them is the next; see targets.h. */
#include <string.h>

#include <sofia-sip/su_alloc.h>
#include <sofia-sip/url.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "sip/targets_private.h"

enum {
	TROUBLE_MS = 10000, /* all servers failed: looked up anew after so long */
	AVOID_STEPS_MAX = 20
};

/* Servers -------------------------------------------------------------------------------------- */

static void free_target(struct target **target)
{
	su_free(NULL, (*target)->url);
	mem_free((*target)->uri);
	mem_free(*target);
	*target = NULL;
}

static char *write_uri(const struct hop *hop, const struct located_target *found)
{
	struct buf out = BUF_INIT;
	bool is_tls = found->transport == LOCATE_TLS;

	buf_puts(&out, hop->parts.is_sips ? "sips:" : "sip:");
	if (is_tls && hop->name != NULL)
		buf_puts(&out, hop->name); /* RFC 5922: whom the certificate must name */
	else
		net_address_print(&found->address, &out);
	buf_printf(&out, ":%u;transport=%s", found->address.port,
		   locate_transport_name(found->transport));
	if (is_tls && hop->name != NULL) {
		buf_puts(&out, ";maddr=");
		net_address_print(&found->address, &out);
	}
	return buf_take(&out);
}

static bool is_same(const struct target *target, const struct located_target *found)
{
	return target->transport == found->transport &&
	       target->address.port == found->address.port &&
	       net_address_same_host(&target->address, &found->address);
}

/* The one that is known, out of items, or a new one. */
static struct target *get_target(struct hop *hop, const struct located_target *found)
{
	struct target *target;

	for (size_t i = 0; i < hop->count; i++) {
		target = hop->items[i];
		if (target != NULL && is_same(target, found)) {
			hop->items[i] = NULL;
			return target;
		}
	}
	target = mem_zalloc(sizeof *target);
	target->id = ++hop->targets->last_id;
	target->address = found->address;
	target->transport = found->transport;
	target->uri = write_uri(hop, found);
	target->url = url_hdup(NULL, (const url_t *)(const void *)target->uri);
	return target;
}

void hop_replace(struct hop *hop, const struct located_target *found, size_t count)
{
	struct target *items[LOCATE_TARGETS_MAX];

	for (size_t i = 0; i < count; i++)
		items[i] = get_target(hop, &found[i]);
	for (size_t i = 0; i < hop->count; i++)
		if (hop->items[i] != NULL)
			free_target(&hop->items[i]);
	for (size_t i = 0; i < count; i++)
		hop->items[i] = items[i];
	hop->count = count;
}

static struct target *by_id(const struct hop *hop, uint32_t id)
{
	for (size_t i = 0; i < hop->count; i++)
		if (hop->items[i]->id == id)
			return hop->items[i];
	return NULL;
}

/* Which one ------------------------------------------------------------------------------------ */

static bool was_tried(const struct target *target, const uint32_t *tried, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (tried[i] == target->id)
			return true;
	return false;
}

const struct target *hop_choose(const struct hop *hop, const uint32_t *tried, size_t tried_count,
				unsigned *quench_s)
{
	uint64_t now = hop_now(hop);
	const struct target *best = NULL;

	*quench_s = 0;
	for (size_t i = 0; i < hop->count; i++) {
		const struct target *target = hop->items[i];
		unsigned left = hop_seconds_left(target->quench_ms, now);

		if (was_tried(target, tried, tried_count))
			continue;
		if (left != 0) {
			if (*quench_s == 0 || left < *quench_s)
				*quench_s = left;
			continue;
		}
		if (target->avoid_ms <= now) {
			best = target;
			break;
		}
		if (best == NULL || target->avoid_ms < best->avoid_ms)
			best = target;
	}
	if (best != NULL)
		*quench_s = 0;
	return best;
}

void hop_heard(struct hop *hop, uint32_t id)
{
	struct target *target = by_id(hop, id);

	if (target == NULL)
		return;
	target->heard_ms = hop_now(hop);
	if (target->failures == 0)
		return;
	if (hop->count > 1)
		log_notice("sip: server answers again next_hop=%s server=%s", log_safe(hop->uri),
			   target->uri);
	target->failures = 0;
	target->avoid_ms = 0;
}

static bool have_all_failed(const struct hop *hop)
{
	for (size_t i = 0; i < hop->count; i++)
		if (hop->items[i]->failures == 0)
			return false;
	return true;
}

void hop_failed(struct hop *hop, uint32_t id, const char *why)
{
	struct target *target = by_id(hop, id);
	uint64_t now = hop_now(hop);
	uint64_t pause;

	if (target == NULL)
		return;
	if (target->avoid_ms > now) /* by another request of the same moment */
		return;
	if (target->failures == 0 && hop->count > 1)
		log_notice("sip: server does not answer next_hop=%s server=%s (%s); the others are "
			   "used",
			   log_safe(hop->uri), target->uri, why);
	pause = (uint64_t)TARGET_AVOID_MS
		<< (target->failures < AVOID_STEPS_MAX ? target->failures : AVOID_STEPS_MAX);
	target->failures++;
	target->avoid_ms = now + (pause < TARGET_AVOID_MOST_MS ? pause : TARGET_AVOID_MOST_MS);
	if (have_all_failed(hop) && hop->good_ms != 0 && now - hop->good_ms > TROUBLE_MS &&
	    hop->due_ms > now + TROUBLE_MS)
		hop_look_in(hop, TROUBLE_MS); /* it may have moved */
}

static size_t count_open(const struct hop *hop, uint64_t now)
{
	size_t count = 0;

	for (size_t i = 0; i < hop->count; i++)
		count += hop->items[i]->quench_ms <= now;
	return count;
}

void hop_quench(struct hop *hop, uint32_t id, unsigned seconds)
{
	struct target *target = by_id(hop, id);
	uint64_t now = hop_now(hop);
	unsigned most;

	if (target == NULL || seconds == 0)
		return;
	most = count_open(hop, now) > 1 ? TARGET_QUENCH_MOST_S : TARGET_QUENCH_ONLY_MOST_S;
	if (seconds > most)
		seconds = most;
	if (target->quench_ms <= now)
		log_notice("sip: server wants to be left in peace next_hop=%s server=%s "
			   "seconds=%u (503)",
			   log_safe(hop->uri), target->uri, seconds);
	target->quench_ms = now + (uint64_t)seconds * 1000;
	if (target->quench_ms > hop->targets->quench_ms)
		hop->targets->quench_ms = target->quench_ms;
}

const char *target_word(const struct target *target, uint64_t now_ms)
{
	if (target->quench_ms > now_ms)
		return "busy";
	return target->failures != 0 ? "avoided" : "up";
}
