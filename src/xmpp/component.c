#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strophe.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "model/limits.h"
#include "translate/xml_writer.h"
#include "xmpp/barrier.h"
#include "xmpp/component_private.h"
#include "xmpp/guard.h"
#include "xmpp/link.h"
#include "xmpp/stream.h"

enum { SECRET_SHORT = 16 };

static void on_retry(void *arg);

struct component_timing component_timing_default(void)
{
	return (struct component_timing){
		.connect = 5000,
		.handshake = 15000,
		.first = 1000,
		.most = 60000,
		.slow = 30000,
		.healthy = 60000,
		.choose = 2000,
		.ping_every = 30000,
		.ping_wait = 10000,
		.prove = 2000,
		.close = 4500,
	};
}

/* Takes the link down in the next turn: never inside a handler of libstrophe (STRO-010). */
static void fail(struct component *component, const char *why);

void component_take_down(struct component *component)
{
	component->is_failing = false;
	loop_timer_cancel(&component->deadline);
	loop_timer_cancel(&component->healthy);
	outbox_down(component->outbox);
	/* before the link forgets how much it sent */
	barrier_down(component->barrier, link_sent_bytes(component->link));
	link_close(component->link);
	guard_free(&component->guard);
	stream_close(component->stream);
}

static void down(void *arg)
{
	struct component *component = arg;
	bool was_up = component->state == STATE_UP;
	struct backoff *backoff;

	if (component->state == STATE_STOPPED)
		return; /* stopped after fail() and before this */
	if (component->state == STATE_PROVING || component->state == STATE_ENDING) {
		component_stopped(component);
		return;
	}
	component->state = STATE_WAITING;
	component_take_down(component);
	component_tell_down(component, was_up);
	/* REL-021, REL-028: what only the operator can mend is not hammered */
	backoff = component_needs_operator(component) ? &component->slow : &component->backoff;
	loop_timer_set(component->params.loop, &component->retry, backoff_next_ms(backoff),
		       on_retry, component);
	if (was_up) {
		component->params.counters->link_lost++;
		component->events.changed(component, component->arg);
	}
}

static void fail(struct component *component, const char *why)
{
	if (component->is_failing || component->state == STATE_WAITING ||
	    component->state == STATE_STOPPED)
		return;
	component->is_failing = true;
	snprintf(component->why, sizeof(component->why), "%s", why);
	loop_defer(component->params.loop, down, component);
}

/* Events of the link ---------------------------------------- */

static void feed_inward(struct component *component)
{
	if (component->inward.len > 0)
		stream_feed(component->stream, component->inward.data, component->inward.len,
			    component->inward_stanzas);
	buf_reset(&component->inward);
	component->inward_stanzas = 0;
}

/* The answers to our own pings are frequent and need no tree. What came before them is handled
 * before them: that is what they prove. */
static bool is_ping_answer(struct component *component, const struct guard_head *head)
{
	if (strcmp(head->kind, "iq") != 0 || !barrier_is_own_id(component->barrier, head->id))
		return false;
	feed_inward(component);
	component->params.counters->stanzas_in++;
	(void)barrier_answered(component->barrier, head->from, head->id);
	component_try_end(component);
	return true;
}

static void guard_forward(const char *bytes, size_t len, const struct guard_head *head, void *arg)
{
	struct component *component = arg;

	if (head != NULL && is_ping_answer(component, head))
		return;
	buf_append(&component->inward, bytes, len);
	component->inward_stanzas += head != NULL ? 1 : 0;
}

static void guard_refused(const struct guard_head *head, const char *limit, void *arg)
{
	struct component *component = arg;

	component->params.counters->stanzas_guarded++;
	if (component->state == STATE_UP || component->state == STATE_PROVING)
		component->events.guarded(component, head, limit, component->arg);
}

static void on_handshake_late(void *arg)
{
	fail(arg, "no handshake in time");
}

static void link_opened(void *arg)
{
	static const struct guard_events events = {guard_forward, guard_refused};
	struct component *component = arg;
	int error;

	component->state = STATE_HANDSHAKE;
	component->guard = guard_new(component->params.limits, &component->params.counters->limits,
				     &events, component);
	loop_timer_set(component->params.loop, &component->deadline,
		       component->params.timing.handshake, on_handshake_late, component);
	error = stream_open(component->stream);
	if (error == EMFILE)
		fail(component, "no descriptor below 1024 left for the stream");
	else if (error != 0)
		fail(component, strerror(error));
}

/* The stream error that the server gave, else what. */
static void fail_with_condition(struct component *component, const char *what)
{
	char why[WHY_MAX];
	const char *condition = stream_condition(component->stream);

	if (condition[0] == '\0') {
		fail(component, what);
		return;
	}
	snprintf(why, sizeof(why), "%s %s", condition, stream_text(component->stream));
	fail(component, why);
}

/* RFC 6120 section 4.9: tell the server what was wrong before closing. */
static void say_bad_xml(struct component *component, int error)
{
	const char *condition = error == EBADMSG ? "not-well-formed" : "policy-violation";

	if (error == EPROTO)
		condition = "restricted-xml";
	buf_reset(&component->scratch);
	buf_printf(&component->scratch,
		   "<stream:error><%s xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
		   "</stream:stream>",
		   condition);
	link_put(component->link, component->scratch.data, component->scratch.len);
	link_flush(component->link);
}

static void link_bytes(const char *data, size_t len, void *arg)
{
	struct component *component = arg;
	int error;

	if (component->guard == NULL || component->is_failing)
		return;
	error = guard_feed(component->guard, data, len);
	feed_inward(component);
	if (error == ESHUTDOWN) {
		stream_end(component->stream);
		fail_with_condition(component, "stream closed by the server");
	} else if (error != 0) {
		say_bad_xml(component, error);
		fail(component, guard_why(component->guard));
	} else if (stream_is_down(component->stream)) {
		fail_with_condition(component, "stream ended");
	}
}

static void link_drained(void *arg)
{
	struct component *component = arg;

	outbox_drained(component->outbox);
	component_try_end(component);
}

static void link_closed(const char *why, void *arg)
{
	struct component *component = arg;

	stream_end(component->stream);
	fail_with_condition(component, why);
}

/* Events of the stream ---------------------------------------- */

static void on_healthy(void *arg)
{
	struct component *component = arg;

	backoff_reset(&component->backoff);
	backoff_reset(&component->slow);
}

static void stream_up(void *arg)
{
	struct component *component = arg;
	const struct component_params *params = &component->params;

	if (component->state != STATE_HANDSHAKE)
		return;
	component->state = STATE_UP;
	component->told[0] = '\0';
	loop_timer_cancel(&component->deadline);
	loop_timer_set(params->loop, &component->healthy, params->timing.healthy, on_healthy,
		       component);
	log_notice("xmpp: link up component=%s server=%s:%u", params->domain, params->server,
		   (unsigned)params->port);
	outbox_up(component->outbox);
	barrier_up(component->barrier);
	component->events.changed(component, component->arg);
}

static void stream_stanza(xmpp_stanza_t *stanza, void *arg)
{
	struct component *component = arg;

	if (component->state != STATE_UP && component->state != STATE_PROVING)
		return;
	component->params.counters->stanzas_in++;
	component->events.stanza(component, stanza, component->arg);
}

static void stream_bytes(const char *data, size_t len, void *arg)
{
	struct component *component = arg;

	if (component->state != STATE_HANDSHAKE && component->state != STATE_ENDING)
		return; /* in between libstrophe has nothing to say */
	link_put(component->link, data, len);
	link_flush(component->link);
}

/* Events of outbox and barrier ---------------------------------------- */

static void outbox_flushing(void *arg)
{
	struct component *component = arg;

	barrier_flush(component->barrier);
}

static void outbox_dead(void *arg)
{
	fail(arg, "the chat server does not take what we send (limits.link_dead_bytes)");
}

static void barrier_ping(const char *to, const char *id, void *arg)
{
	struct component *component = arg;
	struct xml_writer writer;

	buf_reset(&component->scratch);
	xml_writer_init(&writer, &component->scratch);
	xml_open(&writer, "iq");
	xml_attr(&writer, "type", "get");
	xml_attr(&writer, "from", component->params.domain);
	xml_attr(&writer, "to", to);
	xml_attr(&writer, "id", id);
	xml_open(&writer, "ping");
	xml_attr(&writer, "xmlns", "urn:xmpp:ping");
	xml_close(&writer);
	xml_close(&writer);
	(void)outbox_put(component->outbox, OUTBOX_ANSWER, NULL, &component->scratch);
}

static void barrier_outcome(exchange_id x, enum outcome outcome, const struct fault *fault,
			    void *arg)
{
	struct component *component = arg;

	component->events.outcome(x, outcome, fault, component->arg);
}

static void barrier_dead(void *arg)
{
	fail(arg, "no answer from the chat server"); /* REL-003, REL-022 */
}

static void barrier_chosen(const char *target, bool is_self, void *arg)
{
	struct component *component = arg;

	if (is_self)
		log_warning(
			"xmpp: no domain answers a ping component=%s (set xmpp.ping; until then "
			"the component pings itself)",
			component->params.domain);
	else
		log_info("xmpp: ping target component=%s target=%s", component->params.domain,
			 log_safe(target));
}

/* Life ------------------------------------------------------------------------------------------
 */

static void connect_now(struct component *component)
{
	const struct component_params *params = &component->params;

	component->state = STATE_CONNECTING;
	link_open(component->link, params->server, params->port, params->allow_remote,
		  params->timing.connect);
}

static void on_retry(void *arg)
{
	connect_now(arg);
}

static void make_outward(struct component *component)
{
	static const struct outbox_events outbox_events = {outbox_flushing, outbox_dead};
	static const struct barrier_events barrier_events = {barrier_ping, barrier_outcome,
							     barrier_dead, barrier_chosen};
	const struct component_params *params = &component->params;
	struct outbox_params outbox = {params->loop, component->link, params->domain,
				       params->limits, params->counters};
	struct barrier_params barrier = {
		.loop = params->loop,
		.domain = params->domain,
		.targets = params->ping,
		.target_count = params->ping_count,
		.choose_ms = params->timing.choose,
		.every_ms = params->timing.ping_every,
		.wait_ms = params->timing.ping_wait,
	};

	component->outbox = outbox_new(&outbox, &outbox_events, component);
	component->barrier = barrier_new(&barrier, &barrier_events, component);
}

struct component *component_new(const struct component_params *params,
				const struct component_events *events, void *arg)
{
	static const struct link_events link_events = {link_opened, link_bytes, link_drained,
						       link_closed};
	static const struct stream_events stream_events = {stream_up, stream_stanza, stream_bytes};
	struct component *component = mem_zalloc(sizeof(*component));
	const struct component_timing *timing = &component->params.timing;

	component->params = *params;
	component->events = *events;
	component->arg = arg;
	component->link = link_new(params->loop, &link_events, component);
	component->stream = stream_new(params->domain, params->secret, &stream_events, component);
	make_outward(component);
	backoff_init(&component->backoff, timing->first, timing->most);
	backoff_init(&component->slow, timing->slow,
		     timing->slow > timing->most ? timing->slow : timing->most);
	if (strlen(params->secret) < SECRET_SHORT) /* SEC-106 */
		log_warning("xmpp: secret of component=%s has less than %d characters",
			    params->domain, SECRET_SHORT);
	connect_now(component);
	return component;
}

void component_free(struct component **component)
{
	struct component *it = *component;

	if (it == NULL)
		return;
	loop_forget(it->params.loop, it);
	loop_timer_cancel(&it->retry);
	loop_timer_cancel(&it->deadline);
	loop_timer_cancel(&it->healthy);
	barrier_free(&it->barrier);
	outbox_free(&it->outbox);
	stream_free(&it->stream);
	link_free(&it->link);
	guard_free(&it->guard);
	buf_free(&it->inward);
	buf_free(&it->scratch);
	mem_free(it);
	*component = NULL;
}

const char *component_domain(const struct component *component)
{
	return component->params.domain;
}

bool component_is_up(const struct component *component)
{
	return component->state == STATE_UP;
}

bool component_is_full(const struct component *component)
{
	return outbox_is_full(component->outbox);
}

int component_put(struct component *component, enum outbox_class class, const char *key,
		  const struct buf *stanza)
{
	return outbox_put(component->outbox, class, key, stanza);
}

int component_deliver(struct component *component, exchange_id x, const char *id, const char *to,
		      const struct buf *stanza)
{
	int error = outbox_put(component->outbox, OUTBOX_MESSAGE, NULL, stanza);

	if (error == 0)
		barrier_add(component->barrier, x, id, to, link_put_bytes(component->link));
	return error;
}

bool component_refused(struct component *component, const char *from, const char *id,
		       const struct fault *fault)
{
	return barrier_refused(component->barrier, from, id, fault);
}
