/* Receipts and late failures: who may report what of which message, and what its sender is told of
 * it, once (file 07 D, D-35, D-39, D-42). A message is remembered from its acceptance on: in the
 * store if its sender asked, else, of a SIP user's message, in memory for some minutes, in case it
 * fails after all. It is forgotten when nothing more can be told: a report of a message that is not
 * known is dropped (RCPT-050, RCPT-062), and so is a repeated one.
 *
 * Order on disk: the report into the queue, then what was told. A crash in between lets a repeated
 * report through, under the same uid; never is one lost. */
#include <string.h>

#include "base/mem.h"
#include "core/bridge_flow.h"
#include "core/bridge_private.h"
#include "core/receipt_book.h"
#include "model/counters.h"
#include "model/limits.h"

enum {
	TIDY_MS = 60000, /* what is over lasts so much longer, when no message comes */
	SUFFIX_LEN = 2,
	LEAD_MS = 1000,
	WANTS_ALL = WANTS_DELIVERED | WANTS_FAILED | WANTS_DISPLAYED | WANTS_PROCESSED
};

struct receipts {
	struct receipt_book *book;
	int64_t sent_ms; /* of the last one that was kept */
	struct loop_timer timer;
};

void receipts_init(struct bridge *bridge)
{
	bridge->receipts = mem_zalloc(sizeof *bridge->receipts);
	receipt_book_new(&bridge->receipts->book);
}

void receipts_free(struct bridge *bridge)
{
	if (bridge->receipts == NULL)
		return;
	loop_timer_cancel(&bridge->receipts->timer);
	receipt_book_free(&bridge->receipts->book);
	mem_free(bridge->receipts);
	bridge->receipts = NULL;
}

/* The store ------------------------------------------------------------------------------------ */

static struct bridge *end_call(struct ledger *ledger)
{
	struct bridge *bridge = ledger->bridge;

	ledger->pending--;
	if (bridge == NULL && ledger->pending == 0)
		mem_free(ledger);
	return bridge;
}

/* What is not written is forgotten by the next start: a receipt less. */
static void on_written(int error, void *arg)
{
	struct bridge *bridge = end_call(arg);

	if (bridge != NULL && error != 0)
		bridge->params.counters->store_failed++;
}

static void write_row(struct bridge *bridge, const struct receipt *receipt, const struct buf *value)
{
	struct receipt_row row = {.uid = receipt->uid,
				  .sender = receipt->from,
				  .recipient = receipt->to,
				  .wants = receipt->wants,
				  .told = receipt->told,
				  .sent_ms = receipt->sent_ms - steady_ahead_ms(bridge),
				  .value = value == NULL ? NULL : value->data,
				  .value_len = value == NULL ? 0 : value->len};

	bridge->ledger->pending++;
	store_put_receipt(bridge->params.store, &row, on_written, bridge->ledger);
}

static void write_new(struct bridge *bridge, const struct receipt *receipt)
{
	struct message value = {.kind = receipt->kind,
				.uid = receipt->uid,
				.body = receipt->excerpt,
				.hops = -1,
				.origin = receipt->origin};
	struct buf bytes = BUF_INIT;

	if (value.body != NULL)
		value.body_len = strlen(value.body);
	message_encode(&value, &bytes);
	write_row(bridge, receipt, &bytes);
	buf_free(&bytes);
}

static void drop_row(struct bridge *bridge, const char *uid)
{
	bridge->ledger->pending++;
	store_drop_receipt(bridge->params.store, uid, on_written, bridge->ledger);
}

static void drop(struct bridge *bridge, struct receipt *receipt)
{
	if (receipt->is_kept)
		drop_row(bridge, receipt->uid);
	receipt_book_drop(bridge->receipts->book, receipt);
}

/* Its text still waits to be handed over, and may fail again after a restart. */
static void keep(struct bridge *bridge, struct receipt *receipt)
{
	receipt_book_keep(bridge->receipts->book, receipt);
	write_new(bridge, receipt);
}

/* After something was told of it. */
static void settle(struct bridge *bridge, struct receipt *receipt)
{
	if (receipt_is_done(receipt))
		drop(bridge, receipt);
	else if (receipt->is_kept)
		write_row(bridge, receipt, NULL);
	else if ((receipt->told & WANTS_FAILED) != 0)
		keep(bridge, receipt);
}

/* Age ------------------------------------------------------------------------------------------ */

/* A row from a clock that was ahead does not last longer for it. */
static int64_t age_ms(const struct bridge *bridge, struct receipt *receipt)
{
	int64_t now = steady_ms(bridge);

	if (receipt->sent_ms > now)
		receipt->sent_ms = now;
	return now - receipt->sent_ms;
}

static void tidy_shelf(struct bridge *bridge, bool is_kept, int64_t most, int64_t most_bytes,
		       int64_t life_s)
{
	struct receipt_book *book = bridge->receipts->book;
	struct receipt *oldest = receipt_book_oldest(book, is_kept);

	for (; oldest != NULL; oldest = receipt_book_oldest(book, is_kept)) {
		bool is_much = (int64_t)receipt_book_count(book, is_kept) > most ||
			       (int64_t)receipt_book_bytes(book, is_kept) > most_bytes;

		if (!is_much && age_ms(bridge, oldest) < life_s * 1000)
			return;
		if (is_much && is_kept)
			bridge->params.counters->limits.receipts++;
		drop(bridge, oldest);
	}
}

static void on_tidy(void *arg);

static void tidy(struct bridge *bridge)
{
	struct receipts *receipts = bridge->receipts;

	tidy_shelf(bridge, true, bridge->params.limits->receipts, RECEIPT_BYTES_MAX,
		   RECEIPT_LIFE_S);
	tidy_shelf(bridge, false, RECEIPT_BRIEF_MAX, RECEIPT_BRIEF_BYTES_MAX, RECEIPT_BRIEF_S);
	if (receipt_book_count(receipts->book, true) + receipt_book_count(receipts->book, false) >
		    0 &&
	    !loop_timer_is_set(&receipts->timer))
		loop_timer_set(bridge->params.loop, &receipts->timer, TIDY_MS, on_tidy, bridge);
}

static void on_tidy(void *arg)
{
	tidy(arg);
}

void bridge_receipt_facts(const struct bridge *bridge, struct receipt_facts *out)
{
	out->asked = receipt_book_count(bridge->receipts->book, true);
	out->unasked = receipt_book_count(bridge->receipts->book, false);
}

/* Start ---------------------------------------------------------------------------------------- */

static bool is_usable(const struct receipt_row *row)
{
	return strlen(row->uid) <= MESSAGE_UID_MAX && row->sender.side != row->recipient.side;
}

static void on_row(const struct receipt_row *row, void *arg)
{
	struct ledger *ledger = arg;
	struct bridge *bridge = ledger->bridge;
	struct message value;
	struct receipt *receipt;

	if (bridge == NULL || receipt_book_find(bridge->receipts->book, row->uid) != NULL)
		return;
	if (!is_usable(row) || message_decode(&value, row->value, row->value_len) != 0) {
		drop_row(bridge, row->uid);
		return;
	}
	mem_free(value.uid);
	value.uid = mem_strdup(row->uid);
	value.wants = (unsigned)row->wants & WANTS_ALL;
	receipt = receipt_book_add(bridge->receipts->book, &row->sender, &row->recipient, &value,
				   value.body, row->sent_ms + steady_ahead_ms(bridge), true);
	receipt_book_set_told(bridge->receipts->book, receipt, (unsigned)row->told & WANTS_ALL);
	receipt->is_answered = true;
	receipt->is_taken = true; /* unless the queue says otherwise */
	if (receipt->sent_ms > bridge->receipts->sent_ms)
		bridge->receipts->sent_ms = receipt->sent_ms;
	message_clear(&value);
	tidy(bridge);
}

void receipts_start(struct bridge *bridge)
{
	bridge->ledger->pending++;
	store_load_receipts(bridge->params.store, on_row, on_written, bridge->ledger);
}

/* Messages ------------------------------------------------------------------------------------- */

/* Rows are read in the order of time: two of one millisecond must not change places, since a marker
 * stands for those before it. */
static int64_t next_ms(struct bridge *bridge)
{
	struct receipts *receipts = bridge->receipts;
	int64_t now = steady_ms(bridge);
	bool is_after = receipts->sent_ms >= now && receipts->sent_ms - now < LEAD_MS;

	receipts->sent_ms = is_after ? receipts->sent_ms + 1 : now;
	return receipts->sent_ms;
}

void receipts_note(struct bridge *bridge, enum side origin, const struct address *from,
		   const struct address *to, const struct message *message)
{
	struct receipt_book *book = bridge->receipts->book;
	bool is_asked = (message->wants & WANTS_ALL) != 0;
	/* D-39: he is told by a text which it was. */
	bool by_text = origin == SIDE_SIP && (message->wants & WANTS_FAILED) == 0 &&
		       bridge->params.reports_late_failures;
	struct receipt *receipt;
	char *excerpt;

	if (message->what != MESSAGE_TEXT || message->uid == NULL || (!is_asked && !by_text) ||
	    strlen(message->uid) > MESSAGE_UID_MAX - SUFFIX_LEN)
		return;
	receipt = receipt_book_find(book, message->uid);
	if (receipt != NULL) {
		receipt->is_taken = false;
		return;
	}
	excerpt = by_text ? message_excerpt(message) : NULL;
	receipt = receipt_book_add(book, from, to, message, excerpt,
				   is_asked ? next_ms(bridge) : steady_ms(bridge), is_asked);
	mem_free(excerpt);
	if (is_asked)
		write_new(bridge, receipt);
	tidy(bridge);
}

/* Reports -------------------------------------------------------------------------------------- */

/* The receiver knows a repetition by it (D-35). */
static char *make_uid(const char *about, enum report_kind kind)
{
	static const char *const suffixes[] = {[REPORT_DELIVERED] = "-d",
					       [REPORT_FAILED] = "-f",
					       [REPORT_DISPLAYED] = "-r",
					       [REPORT_PROCESSED] = "-p"};
	struct buf uid = BUF_INIT;

	buf_puts(&uid, about);
	buf_puts(&uid, suffixes[kind]);
	return buf_take(&uid);
}

/* D-47: a stranger is not told why. */
static bool is_told_why(const struct bridge *bridge, const struct receipt *receipt)
{
	const struct pair *pair;

	if (receipt->from.side == SIDE_SIP || !is_stranger(bridge, &receipt->from))
		return true;
	pair = pairs_find(bridge->pairs, &receipt->from, &receipt->to);
	return pair != NULL && pair_is_granted(pair);
}

static void set_fault(const struct bridge *bridge, const struct receipt *receipt,
		      const struct fault *fault, struct fault *out)
{
	if (!is_told_why(bridge, receipt))
		fault_set(out, FAULT_SERVICE_UNAVAILABLE, NULL);
	else if (fault != NULL)
		*out = *fault;
	else
		fault_set(out, FAULT_RECIPIENT_UNAVAILABLE, "delivery failed"); /* RCPT-044 */
}

static void tell(struct bridge *bridge, const struct receipt_news *news, const struct fault *fault)
{
	const struct receipt *about = news->about;
	struct message_report *report = mem_zalloc(sizeof *report);
	struct message message = {.what = MESSAGE_REPORT,
				  .kind = about->kind,
				  .uid = make_uid(about->uid, news->kind),
				  .hops = -1,
				  .report = report};

	report->kind = news->kind;
	report->about = mem_strdup(about->uid);
	report->wanted = about->wants;
	message_origin_copy(&report->origin, &about->origin);
	if (news->kind == REPORT_FAILED) {
		bridge->params.counters->messages_late++;
		set_fault(bridge, about, fault, &report->fault);
		report->excerpt = mem_strdup_or_null(about->excerpt);
	}
	queue_report(bridge, about->from.side, &about->to, &about->from, &message);
}

/* Whether the sender hears of a failure (RCPT-061 as amended by D-39, D-34 of headlines). */
static bool tells_failure(const struct bridge *bridge, struct receipt *receipt)
{
	if (receipt->from.side == SIDE_XMPP)
		return receipt->kind != MESSAGE_HEADLINE;
	return (receipt->wants & WANTS_FAILED) != 0 ||
	       (bridge->params.reports_late_failures &&
		age_ms(bridge, receipt) < (int64_t)RECEIPT_BRIEF_S * 1000);
}

static size_t report(struct bridge *bridge, struct receipt *receipt, enum report_kind kind,
		     const struct fault *fault)
{
	struct receipt_news news[RECEIPT_REPORTS_MAX];
	unsigned before = receipt->told;
	size_t count = receipt_book_report(bridge->receipts->book, receipt, kind,
					   tells_failure(bridge, receipt), news);

	for (size_t i = 0; i < count; i++)
		tell(bridge, &news[i], fault);
	for (size_t i = 0; i < count; i++) {
		bool is_last = i + 1 == count || news[i + 1].about != news[i].about;

		if (is_last && news[i].about != receipt)
			settle(bridge, news[i].about);
	}
	if (receipt->told != before)
		settle(bridge, receipt);
	return count;
}

static bool may_have(const struct bridge *bridge, const struct receipt *receipt)
{
	const struct bridge_params *params = &bridge->params;
	bool from_sip = receipt->from.side == SIDE_SIP;

	return params->may_use(from_sip ? &receipt->to : &receipt->from, params->arg) &&
	       params->is_served(from_sip ? &receipt->from : &receipt->to, params->arg);
}

void bridge_report(struct bridge *bridge, enum side origin, const struct address *from,
		   const struct address *to, const char *uid, enum report_kind kind,
		   const struct fault *fault)
{
	struct counters *counters = bridge->params.counters;
	struct receipt *receipt;

	counters->receipts_in++;
	tidy(bridge);
	receipt = receipt_book_find(bridge->receipts->book, uid);
	/* Only the recipient reports, and of what was sent to him (RCPT-051, RCPT-063); that
	 * somebody on the way processed it is nothing (RCPT-012, RCPT-047). */
	if (bridge->is_stopped || kind == REPORT_PROCESSED || receipt == NULL ||
	    receipt->to.side != origin || !address_equal(&receipt->to, from) ||
	    !address_equal(&receipt->from, to) || !may_have(bridge, receipt) ||
	    /* SEC-036: what he does with it; that it failed is the sender's to know. */
	    (kind != REPORT_FAILED && !access_may_write(bridge, from, to)))
		counters->receipts_dropped++;
	else if (!receipt->is_answered)
		receipt->held |= 1U << kind;
	else if (report(bridge, receipt, kind, fault) == 0)
		counters->receipts_dropped++;
}

/* A receipt may be faster than the proof that the message was taken over: it is told after the
 * answer, if that is none of refusal (RCPT-017, RCPT-068). Returns the entry, NULL once it is done.
 */
static struct receipt *answered(struct bridge *bridge, struct receipt *receipt, const char *uid)
{
	static const enum report_kind order[] = {REPORT_DELIVERED, REPORT_DISPLAYED, REPORT_FAILED};
	unsigned held = receipt->held;

	receipt->is_answered = true;
	receipt->held = 0;
	for (size_t i = 0; i < sizeof order / sizeof *order && receipt != NULL; i++) {
		if ((held & 1U << order[i]) == 0)
			continue;
		if (report(bridge, receipt, order[i], NULL) == 0)
			bridge->params.counters->receipts_dropped++;
		receipt = receipt_book_find(bridge->receipts->book, uid);
	}
	return receipt;
}

void receipts_stored(struct bridge *bridge, const char *uid)
{
	struct receipt *receipt = receipt_book_find(bridge->receipts->book, uid);

	if (receipt != NULL)
		(void)answered(bridge, receipt, uid);
}

void receipts_taken(struct bridge *bridge, const struct address *from, const struct address *to,
		    const char *uid)
{
	struct receipt_book *book = bridge->receipts->book;
	struct receipt *receipt = receipt_book_find(book, uid);

	if (receipt == NULL || !address_equal(&receipt->from, from) ||
	    !address_equal(&receipt->to, to))
		return;
	receipt->is_taken = true;
	/* RCPT-056; nothing else follows from it (RCPT-018, RCPT-047). */
	if ((receipt->wants & WANTS_PROCESSED) != 0 && (receipt->told & WANTS_PROCESSED) == 0) {
		(void)report(bridge, receipt, REPORT_PROCESSED, NULL);
		receipt = receipt_book_find(book, uid);
	}
	if (receipt != NULL)
		receipt = answered(bridge, receipt, uid);
	if (receipt != NULL && receipt_is_done(receipt))
		drop(bridge, receipt);
}

bool receipts_failed(struct bridge *bridge, const char *uid)
{
	struct receipt *receipt = receipt_book_find(bridge->receipts->book, uid);
	bool may_fail = receipt == NULL || receipt_may_fail(receipt);

	if (receipt != NULL)
		drop(bridge, receipt);
	return may_fail;
}
