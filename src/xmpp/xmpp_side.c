#include "xmpp/xmpp_side.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "core/bridge.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "translate/address_map.h"
#include "xmpp/guard.h"
#include "xmpp/caps_book.h"
#include "xmpp/chat_states.h"
#include "xmpp/domain_rates.h"
#include "xmpp/gateway.h"
#include "xmpp/inbox.h"
#include "xmpp/iq_out.h"
#include "xmpp/messages.h"
#include "xmpp/names.h"
#include "xmpp/pep_in.h"
#include "xmpp/pep_out.h"
#include "xmpp/presence_out.h"
#include "xmpp/side_private.h"
#include "xmpp/talks.h"
#include "xmpp/users.h"

struct component *side_component_of(const struct xmpp_side *side, const char *jid)
{
	size_t bare = strcspn(jid, "/");
	const char *at = memchr(jid, '@', bare);
	const char *domain = at == NULL ? jid : at + 1;
	size_t len = bare - (size_t)(domain - jid);

	for (size_t i = 0; i < side->component_count; i++) {
		if (strlen(side->domains[i]) == len &&
		    strncasecmp(side->domains[i], domain, len) == 0)
			return side->components[i];
	}
	return NULL;
}

void side_fresh_id(struct xmpp_side *side, char kind, char out[FRESH_ID_MAX])
{
	snprintf(out, FRESH_ID_MAX, "%c-%s-%llx", kind, side->id_prefix,
		 (unsigned long long)side->id_next++);
}

bool side_may_write(const struct xmpp_side *side, const char *from)
{
	const struct component *component = side_component_of(side, from);

	return component != NULL && component_is_up(component) && !component_is_full(component);
}

int side_put(struct xmpp_side *side, const char *from, enum outbox_class class, const char *key)
{
	struct component *component = side_component_of(side, from);

	if (component == NULL)
		return EACCES;
	return component_put(component, class, key, &side->scratch);
}

bool jids_make(struct xmpp_side *side, const struct address *sip, const struct address *chat,
	       struct jids *out)
{
	*out = (struct jids){sip, BUF_INIT, BUF_INIT, BUF_INIT};
	if (address_to_jid(side->params.map, sip, &out->sip_bare) != 0 ||
	    address_to_jid(side->params.map, chat, &out->chat_bare) != 0)
		return false;
	buf_append(&out->sip_full, out->sip_bare.data, out->sip_bare.len);
	buf_puts(&out->sip_full, "/" SIP_RESOURCE);
	return true;
}

void jids_clear(struct jids *jids)
{
	buf_free(&jids->sip_bare);
	buf_free(&jids->sip_full);
	buf_free(&jids->chat_bare);
}

/* struct side_ops ---------------------------------------- */

/* D-32: what SIP calls the watcher. */
static void note_name(struct xmpp_side *side, const struct watch *watch)
{
	struct buf bare = BUF_INIT;

	if (address_to_jid(side->params.map, watch->watcher, &bare) == 0)
		names_put(side->names, buf_text(&bare), watch->nick);
	buf_free(&bare);
}

static void op_watch(void *arg, const struct watch *watch, bool ask)
{
	struct xmpp_side *side = arg;

	if (watch->nick != NULL)
		note_name(side, watch);
	/* SEC-025: nothing goes to a domain that may not use the bridge. */
	if (ask && address_may_use(side->params.map, watch->watched))
		presence_ask(side, watch, PRESENCE_SUBSCRIBE);
}

static void op_unwatch(void *arg, const struct watch *watch, enum unwatch_why why)
{
	if (why == UNWATCH_END)
		presence_ask(arg, watch, PRESENCE_UNSUBSCRIBE);
}

static void op_refresh(void *arg, const struct watch *watch)
{
	struct xmpp_side *side = arg;

	if (address_may_use(side->params.map, watch->watched))
		presence_ask(side, watch, PRESENCE_PROBE); /* PRS-006 */
}

static void op_answer(void *arg, const struct watch *watch, enum watch_answer answer,
		      const struct fault *fault, const struct presence *now)
{
	presence_answer(arg, watch, answer, fault, now);
}

static void op_tell(void *arg, const struct watch *watch, const struct presence *presence)
{
	presence_tell(arg, watch, presence);
}

static void op_tell_person(void *arg, const struct watch *watch, const struct presence *presence)
{
	presence_tell_person(arg, watch, presence);
}

static bool op_is_full(void *arg, unsigned link)
{
	const struct xmpp_side *side = arg;

	return link < side->component_count && component_is_full(side->components[link]);
}

static void op_deliver(void *arg, exchange_id x, const struct address *from,
		       const struct address *to, const struct message *message)
{
	messages_deliver(arg, x, from, to, message);
}

static void op_finish(void *arg, exchange_id x, enum outcome outcome, const struct fault *fault)
{
	messages_finish(arg, x, outcome, fault);
}

static void op_typing(void *arg, const struct address *from, const struct address *to,
		      const struct typing *typing)
{
	chat_states_show(arg, from, to, typing);
}

const struct side_ops *xmpp_side_ops(void)
{
	static const struct side_ops ops = {
		.watch = op_watch,
		.unwatch = op_unwatch,
		.refresh = op_refresh,
		.answer = op_answer,
		.tell = op_tell,
		.tell_person = op_tell_person,
		.is_full = op_is_full,
		.deliver = op_deliver,
		.finish = op_finish,
		.typing = op_typing,
	};

	return &ops;
}

/* Events of the components ---------------------------------------- */

static void on_stanza(struct component *component, struct _xmpp_stanza_t *stanza, void *arg)
{
	(void)component;
	inbox_take(arg, stanza);
}

static void on_guarded(struct component *component, const struct guard_head *head,
		       const char *limit, void *arg)
{
	(void)component;
	inbox_guarded(arg, head, limit);
}

static void on_outcome(exchange_id x, enum outcome outcome, const struct fault *fault, void *arg)
{
	messages_outcome(arg, x, outcome, fault);
}

/* The core hears of each stream by itself (D-02). */
static void tell_links(void *arg)
{
	struct xmpp_side *side = arg;

	for (size_t i = 0; i < side->component_count && !side->is_stopping; i++) {
		bool is_up = component_is_up(side->components[i]);

		if (side->is_told[i] == is_up)
			continue;
		side->is_told[i] = is_up;
		bridge_link(side->params.bridge, SIDE_XMPP, (unsigned)i, is_up);
	}
}

static void on_changed(struct component *component, void *arg)
{
	struct xmpp_side *side = arg;

	if (component_is_up(component)) {
		pep_in_link_up(side);
		gateway_link_up(side);
		pep_out_link_up(side);
	} else {
		pep_out_link_down(side, component);
	}
	loop_defer(side->params.loop, tell_links, side);
}

static void on_all_stopped(void *arg)
{
	struct xmpp_side *side = arg;

	side->done(side->done_arg);
}

static void on_stopped(struct component *component, void *arg)
{
	struct xmpp_side *side = arg;

	(void)component;
	side->running--;
	if (side->running == 0)
		loop_defer(side->params.loop, on_all_stopped, side);
}

/* Life ------------------------------------------------------------------------------------------
 */

/* The domain as it is written in JIDs: what the map makes of it. */
static char *domain_in_jids(struct xmpp_side *side, const char *configured)
{
	struct address address;
	struct buf jid = BUF_INIT;
	const char *resource, *why;
	char *out;

	if (address_from_jid(side->params.map, configured, &address, &resource, &why) == 0) {
		if (address_to_jid(side->params.map, &address, &jid) != 0)
			buf_reset(&jid);
		address_clear(&address);
	}
	out = mem_strdup(jid.len > 0 ? buf_text(&jid) : configured);
	buf_free(&jid);
	return out;
}

static void start_component(struct xmpp_side *side, size_t i, const struct component_timing *timing)
{
	static const struct component_events events = {on_stanza, on_guarded, on_changed,
						       on_outcome, on_stopped};
	const struct xmpp_component_params *from = &side->params.components[i];
	struct component_params params = {
		.loop = side->params.loop,
		.limits = side->params.limits,
		.counters = side->params.counters,
		.domain = side->domains[i],
		.server = from->server,
		.port = from->port,
		.secret = from->secret,
		.allow_remote = side->params.allow_plain,
		.ping = side->params.ping,
		.ping_count = side->params.ping_count,
		.timing = *timing,
	};

	side->components[i] = component_new(&params, &events, side);
}

int xmpp_side_new_timed(struct xmpp_side **out, const struct xmpp_side_params *params,
			const struct component_timing *timing)
{
	struct xmpp_side *side;

	if (params->component_count == 0)
		return EINVAL;
	side = mem_zalloc(sizeof(*side));
	*out = side;
	side->params = *params;
	side->started_ms = loop_now(params->loop);
	side->users = users_new(params->limits);
	side->domain_rates = domain_rates_new(params->limits);
	side->iq_out = iq_out_new(side, timing->ping_wait);
	side->caps_book = caps_book_new(side, pep_out_known);
	side->pep_out = pep_out_new(side);
	side->pep_in = pep_in_new(side);
	side->names = names_new();
	side->talks = talks_new();
	side->gateway = gateway_new(side);
	disco_own_caps(&side->own_caps, params->software);
	side->incoming = table_new();
	list_init(&side->late);
	random_hex(side->id_prefix, sizeof(side->id_prefix) / 2);
	side->components = mem_array(params->component_count, sizeof(struct component *));
	side->domains = mem_array(params->component_count, sizeof(char *));
	side->is_told = mem_zalloc(params->component_count * sizeof(bool));
	for (size_t i = 0; i < params->component_count; i++)
		side->domains[i] = domain_in_jids(side, params->components[i].domain);
	for (size_t i = 0; i < params->component_count; i++) {
		start_component(side, i, timing);
		side->component_count++;
	}
	return 0;
}

int xmpp_side_new(struct xmpp_side **out, const struct xmpp_side_params *params)
{
	struct component_timing timing = component_timing_default();

	if (params->ping_every_ms != 0)
		timing.ping_every = params->ping_every_ms;
	if (params->ping_wait_ms != 0)
		timing.ping_wait = params->ping_wait_ms;
	return xmpp_side_new_timed(out, params, &timing);
}

bool xmpp_side_say_goodbye(struct xmpp_side *side)
{
	return gateway_say_goodbye(side);
}

void xmpp_side_stop(struct xmpp_side *side, void (*done)(void *arg), void *arg)
{
	side->done = done;
	side->done_arg = arg;
	side->is_stopping = true;
	side->running = side->component_count;
	for (size_t i = 0; i < side->component_count; i++)
		component_stop(side->components[i]);
}

void xmpp_side_free(struct xmpp_side **out)
{
	struct xmpp_side *side = *out;

	if (side == NULL)
		return;
	loop_forget(side->params.loop, side);
	for (size_t i = 0; i < side->component_count; i++)
		component_free(&side->components[i]);
	for (size_t i = 0; i < side->component_count; i++)
		mem_free(side->domains[i]);
	mem_free(side->components);
	mem_free(side->domains);
	mem_free(side->is_told);
	messages_clear(side);
	pep_in_free(&side->pep_in);
	pep_out_free(&side->pep_out);
	caps_book_free(&side->caps_book);
	iq_out_free(&side->iq_out);
	gateway_free(&side->gateway);
	names_free(&side->names);
	talks_free(&side->talks);
	domain_rates_free(&side->domain_rates);
	users_free(&side->users);
	buf_free(&side->scratch);
	mem_free(side);
	*out = NULL;
}

bool xmpp_side_is_up(const struct xmpp_side *side)
{
	for (size_t i = 0; i < side->component_count; i++) {
		if (!component_is_up(side->components[i]))
			return false;
	}
	return side->component_count > 0;
}

size_t xmpp_side_backlog(const struct xmpp_side *side)
{
	size_t most = 0;

	for (size_t i = 0; i < side->component_count; i++) {
		size_t one = component_backlog(side->components[i]);

		most = one > most ? one : most;
	}
	return most;
}

void xmpp_side_status(const struct xmpp_side *side, struct buf *out)
{
	for (size_t i = 0; i < side->component_count; i++)
		component_status(side->components[i], out);
	buf_printf(out, "xmpp.messages_open %zu\n", table_count(side->incoming));
	buf_printf(out, "xmpp.talks_known %zu\n", talks_count(side->talks));
	buf_printf(out, "xmpp.users_known %zu\n", users_count(side->users));
	buf_printf(out, "xmpp.capabilities_known %zu\n", caps_book_count(side->caps_book));
	buf_printf(out, "xmpp.requests_open %zu\n", iq_out_count(side->iq_out));
	buf_printf(out, "xmpp.events_sent_to %zu\n", pep_out_count(side->pep_out));
	buf_printf(out, "xmpp.events_read_for %zu\n", pep_in_count(side->pep_in));
}
