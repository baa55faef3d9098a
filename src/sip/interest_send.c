/* SUBSCRIBE out and what its answers mean (file 04 B.2, B.3). */
#include <string.h>

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "model/counters.h"
#include "sip/agent.h"
#include "sip/destination.h"
#include "sip/dialog.h"
#include "sip/header_text.h"
#include "sip/identity.h"
#include "sip/interest_private.h"
#include "sip/peer_watch.h"
#include "sip/side_core.h"
#include "sip/targets.h"
#include "sip/transaction.h"
#include "sip/trust.h"
#include "translate/address_map.h"
#include "translate/fault_map.h"

enum {
	RAISES_MAX = 4,
	REDIRECTS_MAX = 3,
	IN_DIALOG_RETRY_S = 30,
	ID_BYTES = 16,
	CSEQ_FIRST_BELOW = 1 << 20,
	REFRESH_MOST_S = 86400,
	UNSURE_SPREAD = 4 /* not all at the same moment: a quarter of the time later */
};

static void send_subscribe(struct interest *interest, unsigned expires_s);

static struct side_core *core_of(const struct interest *interest)
{
	return interest->all->core;
}

uint64_t interest_n_ms(const struct interest *interest)
{
	int t1 = core_of(interest)->params->timer_t1_ms;

	return 64 * (uint64_t)(t1 > 0 ? t1 : 500);
}

/* Timer N ------------------------------------------------------------------------------------- */

/* EVT-014, PRES-040: without a NOTIFY there is no subscription. */
static void on_n(void *arg)
{
	static const struct interest_rule rule = {NEXT_SOON, true, WATCH_FAILED, 0};
	struct interest *interest = arg;
	struct fault fault;

	log_info("subscriber: no NOTIFY event=%s watched=%s (Timer N)", interest->kind->event,
		 log_safe(interest->dialog->remote));
	fault_set(&fault, FAULT_REMOTE_SERVER_TIMEOUT, NULL);
	interest_end_dialog(interest, &rule, &fault);
}

void interest_cancel_n(struct interest *interest)
{
	if (interest->state != INTEREST_LEAVING)
		loop_timer_cancel(&interest->timer_n);
}

/* Answers -------------------------------------------------------------------------------------- */

/* What is granted for longer than a day is refreshed daily: a server may forget in silence. */
void interest_plan_refresh(struct interest *interest)
{
	uint64_t now = loop_now(core_of(interest)->params->loop);
	uint64_t left_s = interest->expires_ms > now ? (interest->expires_ms - now) / 1000 : 0;

	uint64_t unsure_ms = peer_watch_unsure_ms(interest->hop);
	uint64_t delay_ms;

	if (left_s > REFRESH_MOST_S)
		left_s = REFRESH_MOST_S;
	delay_ms = interest_refresh_in_ms(left_s, (uint8_t)random_below(256));
	/* What the server could not tell lately ends the subscription in silence, after this. */
	if (unsure_ms != 0 && unsure_ms + unsure_ms / UNSURE_SPREAD < delay_ms)
		delay_ms = unsure_ms + random_below(unsure_ms / UNSURE_SPREAD + 1);
	interest_schedule(interest, delay_ms);
}

/* EVT-079, EVT-080: the state is the one told last, and no NOTIFY follows. */
static void on_unchanged(struct interest *interest)
{
	interest_cancel_n(interest);
	interest_tell(interest, interest->state == INTEREST_ACTIVE ? WATCH_ALLOWED : WATCH_PENDING,
		      NULL);
}

/* PRES-027, D-25: what is granted counts, also if it is longer. */
static void on_accepted(struct interest *interest, const sip_t *sip)
{
	uint64_t granted = interest->asked_s;

	if (sip->sip_expires != NULL)
		granted = sip->sip_expires->ex_delta;
	interest->raises = 0;
	interest->is_sample = false;
	if (granted == 0)
		return; /* Timer N or the NOTIFY decides */
	interest->expires_ms = loop_now(core_of(interest)->params->loop) + granted * 1000;
	if (!interest_is_live(interest))
		return;
	interest_keep(interest);
	interest_plan_refresh(interest);
	if (sip->sip_status->st_status == 204)
		on_unchanged(interest);
}

/* PRES-029. False: no use. */
static bool raise_expires(struct interest *interest, const sip_t *sip)
{
	unsigned least = 0;
	unsigned next;

	if (sip->sip_min_expires != NULL)
		least = (unsigned)sip->sip_min_expires->me_delta;
	next = interest_raise(interest->asked_s, least);
	if (next == 0 || interest->raises >= RAISES_MAX)
		return false;
	interest->raises++;
	interest->asked_s = next;
	send_subscribe(interest, next); /* SIP-010: same Call-ID and tag, next CSeq */
	return true;
}

static void log_challenge(struct interest *interest, int status)
{
	if ((status != 401 && status != 407) || interest->all->has_logged_challenge)
		return;
	interest->all->has_logged_challenge = true;
	log_warning("subscriber: SUBSCRIBE is refused for want of credentials, asked again slowly "
		    "(see \"digest:\" in the log, or let the server trust this bridge's address)");
}

static void refresh_later(struct interest *interest, unsigned retry_after_s)
{
	uint64_t now = loop_now(core_of(interest)->params->loop);
	uint64_t pause = retry_after_s != 0 ? (uint64_t)retry_after_s * 1000
					    : IN_DIALOG_RETRY_S * 1000 + random_below(5000);

	interest_cancel_n(interest);
	if (now + pause > interest->expires_ms)
		pause = interest->expires_ms > now ? interest->expires_ms - now : 0;
	interest_schedule(interest, pause);
}

static void on_refused(struct interest *interest, const struct transaction_result *result)
{
	bool is_refresh = interest->dialog->remote_tag != NULL;
	/* With another server there, what cannot be reached is gone. */
	bool is_gone = result->is_local && peer_watch_has_others(interest->hop);
	struct interest_rule rule =
		interest_rule_for_status(is_gone ? 408 : result->status, result->is_local,
					 is_refresh, (unsigned)transaction_retry_after(result));
	struct fault fault = {0};
	bool was_sample = interest->is_sample;

	interest->is_sample = false;
	if (is_refresh && interest->lead == NULL && !result->is_local &&
	    (result->status == 481 || result->status == 500))
		peer_watch_forgot(interest->hop, was_sample);
	log_challenge(interest, result->status);
	log_info("subscriber: SUBSCRIBE refused status=%d event=%s watched=%s%s", result->status,
		 interest->kind->event, log_safe(interest->dialog->remote),
		 result->is_local ? " (no answer)" : "");
	if (rule.next == NEXT_IN_DIALOG) {
		refresh_later(interest, rule.retry_after_s);
		return;
	}
	if (result->is_local)
		fault_set(&fault, FAULT_REMOTE_SERVER_TIMEOUT, NULL);
	else
		fault_from_sip(result->status, result->sip->sip_status->st_phrase, NULL, &fault);
	interest_end_dialog(interest, &rule, &fault);
}

/* PRES-037, D-60: followed within the configured domains; the user stays the one he is. */
static bool follow(struct interest *interest, const struct transaction_result *result)
{
	const sip_contact_t *contact = result->is_local ? NULL : result->sip->sip_contact;
	struct dialog *dialog = interest->dialog;
	struct address there = {0};
	struct buf uri = BUF_INIT;
	const char *why;
	bool may = false;

	if ((result->status != 301 && result->status != 302) || dialog->remote_tag != NULL ||
	    contact == NULL || interest->redirects >= REDIRECTS_MAX)
		return false;
	identity_uri(contact->m_url, &uri);
	if (dialog_takes_uri(buf_text(&uri)) &&
	    address_from_uri(core_of(interest)->params->map, uri.data, uri.len, &there, NULL,
			     &why) == 0)
		may = there.side == SIDE_SIP && strcmp(there.domain, interest->peer->domain) == 0;
	address_clear(&there);
	if (may) {
		interest->redirects++;
		mem_free(dialog->target);
		dialog->target = buf_take(&uri);
		send_subscribe(interest, interest->asked_s); /* SIP-010 */
	}
	buf_free(&uri);
	return may;
}

static bool try_otherwise(struct interest *interest, const struct transaction_result *result)
{
	if (result->status == 423 && !result->is_local)
		return raise_expires(interest, result->sip);
	return follow(interest, result);
}

static void on_result(const struct transaction_result *result, void *arg)
{
	struct interest *interest = arg;

	interest->transaction = NULL;
	peer_watch_result(interest->hop, result);
	if (interest->state == INTEREST_LEAVING) {
		/* PRES-064: the last NOTIFY or patience ends it; a refusal does at once. */
		if (result->status >= 300)
			interest_free(interest);
		else if (interest->has_sent_leave)
			interest_end_accepted(interest);
		return;
	}
	if (result->status < 300)
		on_accepted(interest, result->sip);
	else if (!try_otherwise(interest, result))
		on_refused(interest, result);
}

/* Requests ------------------------------------------------------------------------------------- */

/* Until the first NOTIFY there is no dialog: Request-URI and To are the watched, the way is the
 * configured one (PRES-014, SIP-012). */
static void write_initial(struct interest *interest, struct buf *out)
{
	struct dialog *dialog = interest->dialog;
	struct net_address far;
	bool is_known;

	is_known = trust_proxy_address(core_of(interest)->trust, interest->peer->domain, &far);
	dialog->local_cseq++;
	buf_puts(out, "SUBSCRIBE ");
	if (dialog->target != NULL) /* redirected */
		buf_puts(out, dialog->target);
	else
		buf_append(out, dialog->remote + 1, strlen(dialog->remote) - 2);
	buf_puts(out, " SIP/2.0\r\n");
	side_core_route(core_of(interest), interest->peer->domain, out);
	buf_printf(out,
		   "From: %s;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u SUBSCRIBE\r\nContact: ",
		   dialog->local, dialog->local_tag, dialog->remote, dialog->call_id,
		   (unsigned)dialog->local_cseq);
	agent_contact(core_of(interest)->agent, is_known ? &far : NULL, dialog_way(dialog),
		      dialog->local_tag, out);
	buf_puts(out, "\r\n");
	side_core_common(core_of(interest), interest->peer, -1, out);
}

/* SEC-021: where the dialog says, or, where that may not be gone to, the configured way. */
static const char *next_hop(const struct interest *interest, struct buf *room)
{
	const char *hop = dialog_next_hop(interest->dialog, room);
	const char *why;

	if (destination_may(core_of(interest), hop, &interest->dialog->peer, NULL, &why))
		return hop;
	return hop_uri(targets_of(core_of(interest)->targets, interest->peer));
}

/* EVT-017, D-21: the same in every SUBSCRIBE of the subscription; the condition only where there is
 * a dialog and something to compare (EVT-079). */
static void write_wishes(const struct interest *interest, unsigned expires_s, struct buf *text)
{
	const struct interest_kind *kind = interest->kind;

	buf_printf(text, "Event: %s\r\nAccept: ", kind->event);
	if (kind->partial != NULL && interest->peer->profile.offers_partial && !interest->is_plain)
		buf_printf(text, "%s, ", kind->partial);
	buf_printf(text, "%s\r\nExpires: %u\r\n%s", kind->accept, expires_s, kind->headers);
	if (interest->etag != NULL && expires_s != 0)
		buf_printf(text, "Suppress-If-Match: %s\r\n", interest->etag);
}

static void send_subscribe(struct interest *interest, unsigned expires_s)
{
	struct transaction_request request = {0};
	struct buf text = BUF_INIT, hop = BUF_INIT;

	/* What is not wanted any more ends, whatever number it uses. */
	if (interest->state != INTEREST_LEAVING && interest_needs_number(interest)) {
		interest_reserve(interest);
		return;
	}
	interest_keep(interest);
	if (interest->owner != NULL)
		interest->is_stale = false; /* what is told from now on is whole */
	if (interest->dialog->remote_tag == NULL) {
		write_initial(interest, &text);
	} else {
		dialog_request(interest->dialog, core_of(interest), interest->peer, "SUBSCRIBE",
			       &text);
		request.next_hop = next_hop(interest, &hop);
	}
	write_wishes(interest, expires_s, &text);
	buf_puts(&text, side_core_allow);
	buf_puts(&text, side_core_allow_events);
	buf_puts(&text, "Content-Length: 0\r\n\r\n");
	request.text = &text;
	request.peer = interest->peer;
	request.cseq = &interest->dialog->local_cseq;
	transaction_forget(&interest->transaction);
	interest->transaction =
		transaction_send(core_of(interest)->transactions, &request, on_result, interest);
	core_of(interest)->params->counters->subscribe_out++;
	if (interest->state != INTEREST_LEAVING)
		loop_timer_set(core_of(interest)->params->loop, &interest->timer_n,
			       interest_n_ms(interest), on_n, interest);
	buf_free(&hop);
	buf_free(&text);
}

static char *bracketed(const struct buf *uri)
{
	struct buf out = BUF_INIT;

	buf_putc(&out, '<');
	buf_puts(&out, buf_text(uri));
	buf_putc(&out, '>');
	return buf_take(&out);
}

int interest_ask(struct interest *interest)
{
	char call_id[2 * ID_BYTES + 1], tag[2 * ID_BYTES + 1];
	struct buf from = BUF_INIT, to = BUF_INIT;
	struct dialog *dialog;
	int error = interest->events->write(interest, &from, &to);

	if (error != 0) {
		buf_free(&from);
		buf_free(&to);
		return error;
	}
	random_hex(call_id, ID_BYTES); /* SIP-006, SEC-009 */
	random_hex(tag, ID_BYTES);
	dialog_free(core_of(interest)->dialogs, &interest->dialog);
	dialog = dialog_new(core_of(interest)->dialogs, DIALOG_SUBSCRIBER, interest, call_id, tag);
	dialog->local = bracketed(&from);
	dialog->remote = bracketed(&to);
	dialog->local_cseq = (uint32_t)random_below(CSEQ_FIRST_BELOW);
	dialog->is_stream = side_core_is_stream(core_of(interest), interest->peer->domain, to.data);
	dialog->is_secure =
		side_core_way(core_of(interest), interest->peer->domain, to.data) == AGENT_TLS;
	interest->dialog = dialog;
	interest->was_active = false;
	interest->redirects = 0;
	interest->since_ms = loop_now(core_of(interest)->params->loop);
	interest_set_state(interest, INTEREST_ASKING);
	send_subscribe(interest, interest->asked_s);
	buf_free(&from);
	buf_free(&to);
	return 0;
}

void interest_refresh(struct interest *interest, unsigned expires_s)
{
	if (expires_s == 0)
		interest->has_sent_leave = true;
	send_subscribe(interest, expires_s);
}
