/* NOTIFY (RFC 6665 section 4.2.2): one under way in a dialog, the newest state next; what its
 * answer means for the subscription (PRES-085, PRES-202). */
#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/bridge.h"
#include "model/counters.h"
#include "sip/dialog.h"
#include "sip/notifier_private.h"
#include "sip/side_core.h"
#include "sip/transaction.h"
#include "translate/pidf.h"

enum { NOTIFY_RETRY_S = 10, NOTIFY_FAILURES_MAX = 5 };

static struct side_core *core_of(const struct subscription *s)
{
	return s->notifier->core;
}

static uint64_t remaining_s(const struct subscription *s)
{
	uint64_t now = loop_now(core_of(s)->params->loop);

	return s->expires_ms > now ? (s->expires_ms - now + 999) / 1000 : 0;
}

/* PRES-075, PRES-033. */
static void write_state(const struct subscription *s, struct buf *out)
{
	switch (s->state) {
	case SUBSCRIPTION_PENDING:
		buf_printf(out, "pending;expires=%llu", (unsigned long long)remaining_s(s));
		break;
	case SUBSCRIPTION_ACTIVE:
		buf_printf(out, "active;expires=%llu", (unsigned long long)remaining_s(s));
		break;
	case SUBSCRIPTION_ENDED:
		buf_puts(out, "terminated;reason=");
		buf_puts(out, s->reason);
		if (s->retry_after_s != 0)
			buf_printf(out, ";retry-after=%u", s->retry_after_s);
		break;
	}
}

/* "<uri>" without the brackets. */
static char *bare_uri(const char *bracketed)
{
	size_t len = 0;

	while (bracketed[len] != '\0')
		len++;
	return mem_strndup(bracketed + 1, len >= 2 ? len - 2 : 0);
}

/* D-29: entity is what was subscribed to. */
static void write_document(const struct subscription *s, const struct presence *presence,
			   struct buf *out)
{
	static const struct presence nothing;
	char *entity = bare_uri(s->dialog->local);
	struct pidf_params params = {
		.entity = entity,
		.contact = entity,
		.key = core_of(s)->params->key,
	};

	pidf_format(presence != NULL ? presence : &nothing, &params, out);
	mem_free(entity);
}

/* Documents go to active subscriptions only (SEC-030, D-30, PRES-200); the last words of an active
 * one say closed (PRES-096, PRES-089). */
static bool has_document(const struct subscription *s, const struct presence *presence)
{
	if (s->state == SUBSCRIPTION_ACTIVE)
		return presence != NULL;
	return s->state == SUBSCRIPTION_ENDED && (s->was_active || presence != NULL);
}

static void write_request(struct subscription *s, const struct presence *presence, struct buf *out)
{
	struct buf body = BUF_INIT;

	dialog_request(s->dialog, core_of(s), s->peer, "NOTIFY", out);
	buf_puts(out, "Event: presence");
	if (s->event_id != NULL) {
		buf_puts(out, ";id=");
		buf_puts(out, s->event_id);
	}
	buf_puts(out, "\r\nSubscription-State: ");
	write_state(s, out);
	buf_puts(out, "\r\n");
	if (has_document(s, presence)) {
		write_document(s, presence, &body);
		buf_puts(out, "Content-Type: application/pidf+xml\r\n");
	}
	buf_printf(out, "Content-Length: %zu\r\n\r\n", body.len);
	buf_append(out, buf_text(&body), body.len);
	buf_free(&body);
}

/* PRES-085 and RFC 6665 section 4.2.2: these end the subscription. */
static bool is_fatal(int status)
{
	switch (status) {
	case 404:
	case 405:
	case 408:
	case 410:
	case 416:
	case 480:
	case 481:
	case 482:
	case 483:
	case 484:
	case 485:
	case 489:
	case 501:
	case 604:
		return true;
	default:
		return false;
	}
}

/* What is neither success nor an end: the subscription lives to its expiry, the state is sent again
 * after a pause (PRES-087). */
static void try_again_later(struct subscription *s, const struct transaction_result *result)
{
	int pause_s = transaction_retry_after(result);

	s->failures++;
	if (s->failures > NOTIFY_FAILURES_MAX)
		return;
	if (pause_s < NOTIFY_RETRY_S)
		pause_s = NOTIFY_RETRY_S * s->failures;
	s->retry_ms = loop_now(core_of(s)->params->loop) + (uint64_t)pause_s * 1000;
	notifier_arm(s);
}

static void on_failure(struct subscription *s, const struct transaction_result *result)
{
	core_of(s)->params->counters->notify_failed++;
	log_info("notifier: NOTIFY failed status=%d%s to=%s", result->status,
		 result->is_local ? " (no answer)" : "", log_safe(s->dialog->target));
	/* PRES-202, SEC-022: an unanswered or refused first NOTIFY ends it at once. */
	if (s->state == SUBSCRIPTION_ENDED || !s->is_confirmed || is_fatal(result->status)) {
		notifier_remove(s);
		return;
	}
	try_again_later(s, result);
}

static void on_result(const struct transaction_result *result, void *arg)
{
	struct subscription *s = arg;
	bool is_dirty = s->is_dirty;

	s->in_flight = NULL;
	s->is_dirty = false;
	if (result->status >= 300) {
		/* The last words are said even if the words before them were refused. */
		if (s->state != SUBSCRIPTION_ENDED || !is_dirty || !s->is_confirmed) {
			on_failure(s, result);
			return;
		}
	} else {
		s->is_confirmed = true;
		s->failures = 0;
	}
	if (is_dirty)
		notify_send_current(s);
	else if (s->state == SUBSCRIPTION_ENDED)
		notifier_remove(s);
}

void notify_send(struct subscription *s, const struct presence *presence)
{
	struct transaction_request request = {0};
	struct buf text = BUF_INIT, hop = BUF_INIT;

	if (s->in_flight != NULL) {
		if (s->is_dirty)
			core_of(s)->params->counters->presence_coalesced++;
		s->is_dirty = true;
		return;
	}
	s->retry_ms = 0;
	write_request(s, presence, &text);
	request.text = &text;
	request.next_hop = dialog_next_hop(s->dialog, &hop);
	s->in_flight = transaction_send(core_of(s)->transactions, &request, on_result, s);
	core_of(s)->params->counters->notify_out++;
	buf_free(&hop);
	buf_free(&text);
}

void notify_send_current(struct subscription *s)
{
	static const struct presence unknown;
	const struct presence *now = NULL;
	struct watch watch;

	if (s->state != SUBSCRIPTION_ACTIVE) {
		notify_send(s, NULL);
		return;
	}
	watch = (struct watch){
		.scope = SCOPE_WATCHER,
		.watcher = &s->watching->watcher,
		.watched = &s->watching->watched,
	};
	if (bridge_fetch(core_of(s)->params->bridge, &watch, &now) != WATCH_ALLOWED)
		now = NULL;
	if (now == NULL && s->is_unknown)
		now = &unknown;
	notify_send(s, now);
}
