/* NOTIFY (RFC 6665 section 4.2.2): one under way in a dialog, the newest state next; what its
 * answer means for the subscription (PRES-085, PRES-202). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sofia-sip/tport.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/bridge.h"
#include "model/counters.h"
#include "sip/dialog.h"
#include "sip/header_text.h"
#include "sip/list_watch.h"
#include "sip/notifier_private.h"
#include "sip/side_core.h"
#include "sip/transaction.h"

enum {
	NOTIFY_RETRY_S = 10,
	NOTIFY_FAILURES_MAX = 5,
	NOTIFY_SMALL_BYTES = 1200, /* what surely goes by UDP, with its Via */
	NOTIFY_TAG_CHARS = 16
};

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

/* Documents go to active subscriptions only (SEC-030, D-30, PRES-200); the last words of an active
 * one say closed (PRES-096, PRES-089). */
static bool has_document(const struct subscription *s, const struct presence *presence)
{
	if (s->state == SUBSCRIPTION_ACTIVE)
		return presence != NULL || (s->package->says_unknown && !notifier_is_waiting(s));
	return s->state == SUBSCRIPTION_ENDED && (s->was_active || presence != NULL);
}

/* D-29: entity is what was subscribed to. */
static const struct notify_body *get_document(const struct subscription *s,
					      const struct presence *presence)
{
	char *entity = bare_uri(s->dialog->local);
	struct event_document document = {
		.presence = presence,
		.entity = entity,
		.key = core_of(s)->params->key,
		.profile = s->peer != NULL ? &s->peer->profile : NULL,
		.version = s->version,
	};
	const struct notify_body *body =
		notify_bodies_get(&s->notifier->bodies, s->package, &document);

	mem_free(entity);
	return body;
}

static void write_type(const char *type, struct buf *lines)
{
	buf_puts(lines, "Content-Type: ");
	buf_puts(lines, type);
	buf_puts(lines, "\r\n");
}

/* PRES-109: where it is the same for all. */
static void write_language(const struct presence *presence, struct buf *lines)
{
	const char *lang = presence_language(presence);

	if (lang == NULL || !header_text_is_language(lang, strlen(lang)))
		return;
	buf_puts(lines, "Content-Language: ");
	buf_puts(lines, lang);
	buf_puts(lines, "\r\n");
}

/* EVT-082. True if the watcher of a new dialog has the document already: then the tag is all he is
 * told (EVT-080). */
static bool put_tag(struct subscription *s, uint64_t digest, struct buf *lines)
{
	bool has_it = s->had == digest || s->had == NOTIFY_HAD_ANY;

	buf_puts(lines, "SIP-ETag: ");
	notify_put_tag(digest, lines);
	buf_puts(lines, "\r\n");
	s->had = 0;
	return has_it;
}

static void write_single(struct subscription *s, const struct presence *presence, struct buf *lines,
			 struct buf *body)
{
	const struct notify_body *document = get_document(s, presence);

	s->told = document->digest;
	s->was_open = presence_is_open(presence);
	s->version++; /* DLG-001 */
	if (!s->package->is_versioned && put_tag(s, document->digest, lines))
		return;
	write_type(s->package->type, lines);
	if (s->package->id == EVENT_PRESENCE)
		write_language(presence, lines);
	buf_append(body, document->text.data, document->text.len);
}

/* The lines that tell of the body, and the body. */
static void write_body(struct subscription *s, const struct presence *presence, struct buf *lines,
		       struct buf *body)
{
	static const struct presence nothing;

	if (s->list != NULL) {
		buf_puts(lines, "Require: eventlist\r\n"); /* EVT-065 */
		if (s->state == SUBSCRIPTION_ACTIVE || s->is_fetch)
			list_watch_write(s->list, lines, body);
	} else if (s->package->id == EVENT_WINFO) {
		if (s->state != SUBSCRIPTION_ACTIVE && !s->is_fetch)
			return;
		write_type(s->package->type, lines);
		watcher_row_write(s, body);
	} else if (has_document(s, presence)) {
		write_single(s, presence != NULL ? presence : &nothing, lines, body);
	}
}

/* COMPAT(linphone 5.1): the NOTIFYs of a list are those of its own presence server, which writes
 * the name so; all others are dropped without a word (EVT-002). */
static const char *event_name(const struct subscription *s)
{
	if (s->list != NULL && s->is_linphone && s->package->id == EVENT_PRESENCE)
		return "Presence";
	return s->package->name;
}

static void write_request(struct subscription *s, const struct presence *presence, struct buf *out)
{
	struct buf lines = BUF_INIT, body = BUF_INIT;

	dialog_request(s->dialog, core_of(s), s->peer, "NOTIFY", out);
	buf_puts(out, "Event: ");
	buf_puts(out, event_name(s));
	if (s->event_id != NULL) {
		buf_puts(out, ";id=");
		buf_puts(out, s->event_id);
	}
	buf_puts(out, "\r\nSubscription-State: ");
	write_state(s, out);
	buf_puts(out, "\r\n");
	write_body(s, presence, &lines, &body);
	buf_append(out, buf_text(&lines), lines.len);
	buf_puts(out, "Content-Length: ");
	header_text_put_number(out, body.len);
	buf_puts(out, "\r\n\r\n");
	buf_append(out, buf_text(&body), body.len);
	buf_free(&lines);
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
	s->told = 0; /* nobody knows what he has */
	s->row_is_whole = true;
	if (s->list != NULL)
		list_watch_want_all(s->list);
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
	log_info("notifier: NOTIFY failed status=%d to=%s%s", result->status,
		 log_safe(s->dialog->target), result->is_local ? " (no answer)" : "");
	/* PRES-202, SEC-022: an unanswered or refused first NOTIFY ends it at once. */
	if (s->state == SUBSCRIPTION_ENDED || !s->is_confirmed || is_fatal(result->status)) {
		notifier_remove(s);
		return;
	}
	try_again_later(s, result);
}

/* D-40: a large request that came through by UDP was refused or left alone over TCP before. */
static void learn_way(struct subscription *s, const struct transaction_result *result)
{
	const tp_name_t *name;

	if (!s->is_large || result->way == NULL)
		return;
	name = tport_name(result->way);
	if (name->tpn_proto != NULL && strcasecmp(name->tpn_proto, "udp") == 0)
		s->shuns_tcp = true;
}

/* What came up meanwhile. */
static void go_on(struct subscription *s, bool is_dirty, bool is_owed)
{
	if (is_owed || (is_dirty && s->state != SUBSCRIPTION_ACTIVE))
		notify_send_current(s);
	else if (s->state == SUBSCRIPTION_ENDED)
		notifier_remove(s);
	else if (is_dirty || (s->list != NULL && list_watch_is_due(s->list)))
		notify_due(s);
}

static void on_result(const struct transaction_result *result, void *arg)
{
	struct subscription *s = arg;
	bool is_dirty = s->is_dirty;
	bool is_owed = s->is_owed;

	s->in_flight = NULL;
	s->is_dirty = false;
	s->is_owed = false;
	learn_way(s, result);
	if (result->status >= 300) {
		/* The last words are said even if the words before them were refused. */
		if (s->state != SUBSCRIPTION_ENDED || !is_owed || !s->is_confirmed) {
			on_failure(s, result);
			return;
		}
	} else {
		s->is_confirmed = true;
		s->failures = 0;
	}
	go_on(s, is_dirty, is_owed);
}

/* A NOTIFY is under way, or the disk is to be waited for: no NOTIFY before the answer, and none
 * with a number that a crash would use again (REL-013). */
static bool is_blocked(struct subscription *s)
{
	if (s->in_flight != NULL || !list_is_empty(&s->held))
		return true;
	if (!dialog_may_send(s->dialog) && dialog_is_short(s->dialog))
		notifier_keep(s);
	return !dialog_may_send(s->dialog);
}

static bool is_busy(struct subscription *s)
{
	if (!is_blocked(s))
		return false;
	if (s->is_dirty)
		core_of(s)->params->counters->presence_coalesced++;
	s->is_dirty = true;
	return true;
}

static void send_now(struct subscription *s, const struct presence *presence)
{
	struct transaction_request request = {.any_size = s->shuns_tcp};
	struct buf text = BUF_INIT, hop = BUF_INIT;

	s->retry_ms = 0;
	s->is_dirty = false; /* by what the disk held up */
	s->is_owed = false;
	s->is_resumed = false;
	pace_drop(&s->pace);
	list_remove(&s->due);
	write_request(s, presence, &text);
	s->is_large = text.len > NOTIFY_SMALL_BYTES;
	request.text = &text;
	request.peer = s->peer;
	request.cseq = &s->dialog->local_cseq;
	request.next_hop = dialog_next_hop(s->dialog, &hop);
	s->in_flight = transaction_send(core_of(s)->transactions, &request, on_result, s);
	core_of(s)->params->counters->notify_out++;
	buf_free(&hop);
	buf_free(&text);
	if (dialog_is_short(s->dialog) || s->is_row_old)
		notifier_keep(s);
}

void notify_go_on(struct subscription *s)
{
	bool is_dirty = s->is_dirty;
	bool is_owed = s->is_owed;

	if ((!is_dirty && !is_owed) || is_blocked(s))
		return;
	s->is_dirty = false;
	s->is_owed = false;
	go_on(s, is_dirty, is_owed);
}

void notify_send(struct subscription *s, const struct presence *presence)
{
	if (is_busy(s)) {
		s->is_owed = true;
		return;
	}
	notify_bodies_forget(&s->notifier->bodies);
	send_now(s, presence);
}

const struct presence *notify_presence(struct notifier *notifier, const struct watching *watching)
{
	static const struct presence unknown;
	const struct presence *now = NULL;
	struct watch watch = {
		.scope = SCOPE_WATCHER,
		.watcher = &watching->watcher,
		.watched = &watching->watched,
	};

	if (bridge_fetch(notifier->core->params->bridge, &watch, &now) != WATCH_ALLOWED)
		now = NULL;
	return now == NULL && watching->is_unknown ? &unknown : now;
}

static bool has_presence(const struct subscription *s)
{
	return s->state == SUBSCRIPTION_ACTIVE && s->looker.watching != NULL &&
	       s->package->write != NULL;
}

void notify_send_current(struct subscription *s)
{
	notify_send(s, has_presence(s) ? notify_presence(s->notifier, s->looker.watching) : NULL);
}

/* Whether he would see a difference. */
static bool is_news(const struct subscription *s, const struct presence *presence)
{
	if (s->list != NULL)
		return list_watch_is_due(s->list);
	if (s->package->write == NULL)
		return true;
	if (!has_document(s, presence))
		return false;
	return get_document(s, presence)->digest != s->told;
}

void notify_change(struct subscription *s, const struct presence *presence)
{
	uint64_t now = loop_now(core_of(s)->params->loop);
	bool is_leaving = s->was_open && !(presence != NULL && presence_is_open(presence));

	if (s->is_resumed && s->state == SUBSCRIPTION_ACTIVE) {
		notifier_resume_later(s);
		return;
	}
	if (s->state != SUBSCRIPTION_ACTIVE || is_busy(s) || !is_news(s, presence))
		return;
	if (s->list != NULL)
		is_leaving = list_watch_is_urgent(s->list);
	if (pace_wait_ms(&s->pace, s->package->pace_ms, is_leaving, now) == 0) {
		send_now(s, presence);
		return;
	}
	s->retry_ms = s->pace.due_ms;
	notifier_arm(s);
}

void notify_due(struct subscription *s)
{
	const struct presence *now;

	if (s->state != SUBSCRIPTION_ACTIVE) {
		notify_send(s, NULL);
		return;
	}
	now = has_presence(s) ? notify_presence(s->notifier, s->looker.watching) : NULL;
	notify_bodies_forget(&s->notifier->bodies);
	notify_change(s, now);
}

void notify_put_tag(uint64_t digest, struct buf *out)
{
	char tag[NOTIFY_TAG_CHARS + 1];

	(void)snprintf(tag, sizeof tag, "%016llx", (unsigned long long)digest);
	buf_puts(out, tag);
}

uint64_t notify_digest(struct subscription *s, const struct presence *presence)
{
	notify_bodies_forget(&s->notifier->bodies);
	return has_document(s, presence) ? get_document(s, presence)->digest : 0;
}

uint64_t notify_read_tag(const char *tag)
{
	char *end;
	unsigned long long digest;

	if (tag == NULL)
		return 0;
	if (strcmp(tag, "*") == 0)
		return NOTIFY_HAD_ANY;
	if (strspn(tag, "0123456789abcdef") != NOTIFY_TAG_CHARS || strlen(tag) != NOTIFY_TAG_CHARS)
		return 0;
	digest = strtoull(tag, &end, 16);
	return *end == '\0' ? digest : 0;
}
