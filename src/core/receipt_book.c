#include "core/receipt_book.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/table.h"

/* What is wanted and what was told are the same bits. */
#define TOLD(kind) (1U << (kind))
static_assert(TOLD(REPORT_DELIVERED) == WANTS_DELIVERED, "bits");
static_assert(TOLD(REPORT_FAILED) == WANTS_FAILED, "bits");
static_assert(TOLD(REPORT_DISPLAYED) == WANTS_DISPLAYED, "bits");
static_assert(TOLD(REPORT_PROCESSED) == WANTS_PROCESSED, "bits");

/* Messages of one SIP user to one chat user that wait to be displayed, in order. */
struct receipt_talk {
	struct list waiting; /* receipt.place */
};

struct shelf {
	struct list ages; /* receipt.age */
	size_t count;
	size_t bytes;
};

struct receipt_book {
	struct table *uids;  /* struct receipt */
	struct table *talks; /* struct receipt_talk, by both ends */
	struct shelf brief;
	struct shelf kept;
	struct buf key;
};

void receipt_book_new(struct receipt_book **out)
{
	struct receipt_book *book = mem_zalloc(sizeof *book);

	book->uids = table_new();
	book->talks = table_new();
	list_init(&book->brief.ages);
	list_init(&book->kept.ages);
	*out = book;
}

static struct shelf *shelf_of(struct receipt_book *book, bool is_kept)
{
	return is_kept ? &book->kept : &book->brief;
}

void receipt_book_free(struct receipt_book **book_to_free)
{
	struct receipt_book *book = *book_to_free;

	if (book == NULL)
		return;
	for (int kept = 0; kept < 2; kept++) {
		struct list *ages = &shelf_of(book, kept != 0)->ages;

		while (!list_is_empty(ages))
			receipt_book_drop(book, LIST_ENTRY(ages->next, struct receipt, age));
	}
	table_free(&book->uids);
	table_free(&book->talks);
	buf_free(&book->key);
	mem_free(book);
	*book_to_free = NULL;
}

/* Talks ---------------------------------------------------------------------------------------- */

static void make_key(struct receipt_book *book, const struct receipt *receipt)
{
	buf_reset(&book->key);
	address_key(&receipt->from, &book->key);
	address_key(&receipt->to, &book->key);
}

static void join_talk(struct receipt_book *book, struct receipt *receipt)
{
	struct receipt_talk *talk;

	make_key(book, receipt);
	talk = table_find(book->talks, book->key.data, book->key.len);
	if (talk == NULL) {
		talk = mem_zalloc(sizeof *talk);
		list_init(&talk->waiting);
		table_put(book->talks, book->key.data, book->key.len, talk);
	}
	receipt->talk = talk;
	list_append(&talk->waiting, &receipt->place);
}

static void leave_talk(struct receipt_book *book, struct receipt *receipt)
{
	struct receipt_talk *talk = receipt->talk;

	if (talk == NULL)
		return;
	receipt->talk = NULL;
	list_remove(&receipt->place);
	if (!list_is_empty(&talk->waiting))
		return;
	make_key(book, receipt);
	table_remove(book->talks, book->key.data, book->key.len);
	mem_free(talk);
}

/* Entries -------------------------------------------------------------------------------------- */

static size_t text_bytes(const char *text)
{
	return text == NULL ? 0 : strlen(text) + 1;
}

static size_t size_of(const struct receipt *receipt)
{
	const struct message_origin *origin = &receipt->origin;

	return text_bytes(receipt->uid) + text_bytes(receipt->from.local) +
	       text_bytes(receipt->from.domain) + text_bytes(receipt->to.local) +
	       text_bytes(receipt->to.domain) + text_bytes(origin->address) +
	       text_bytes(origin->recipient) + text_bytes(origin->id) + text_bytes(origin->thread) +
	       text_bytes(origin->stamp) + text_bytes(origin->route) + text_bytes(receipt->excerpt);
}

static void put_on_shelf(struct shelf *shelf, struct receipt *receipt)
{
	shelf->count++;
	shelf->bytes += receipt->bytes;
	list_append(&shelf->ages, &receipt->age);
}

static void take_from_shelf(struct shelf *shelf, struct receipt *receipt)
{
	list_remove(&receipt->age);
	shelf->count--;
	shelf->bytes -= receipt->bytes;
}

/* Moves a text to *at, behind the entry. */
static void keep_text(char **text, char **at)
{
	size_t bytes = text_bytes(*text);

	if (bytes == 0)
		return;
	*text = memcpy(*at, *text, bytes);
	*at += bytes;
}

/* One piece of memory for all of it: of most messages nothing is ever reported. */
static struct receipt *make_entry(const struct receipt *draft)
{
	struct receipt *receipt = mem_alloc(sizeof *receipt + draft->bytes);
	char *at = (char *)(receipt + 1);

	*receipt = *draft;
	keep_text(&receipt->uid, &at);
	keep_text(&receipt->from.local, &at);
	keep_text(&receipt->from.domain, &at);
	keep_text(&receipt->to.local, &at);
	keep_text(&receipt->to.domain, &at);
	keep_text(&receipt->origin.address, &at);
	keep_text(&receipt->origin.recipient, &at);
	keep_text(&receipt->origin.id, &at);
	keep_text(&receipt->origin.thread, &at);
	keep_text(&receipt->origin.stamp, &at);
	keep_text(&receipt->origin.route, &at);
	keep_text(&receipt->excerpt, &at);
	return receipt;
}

struct receipt *receipt_book_add(struct receipt_book *book, const struct address *from,
				 const struct address *to, const struct message *message,
				 char *excerpt, int64_t sent_ms, bool is_kept)
{
	struct receipt draft = {.uid = message->uid,
				.from = *from,
				.to = *to,
				.kind = message->kind,
				.wants = message->wants,
				.sent_ms = sent_ms,
				.origin = message->origin,
				.excerpt = excerpt,
				.is_kept = is_kept};
	struct receipt *receipt;

	draft.bytes = size_of(&draft);
	receipt = make_entry(&draft);
	put_on_shelf(shelf_of(book, is_kept), receipt);
	table_put(book->uids, receipt->uid, strlen(receipt->uid), receipt);
	if (from->side == SIDE_SIP && (receipt->wants & WANTS_DISPLAYED) != 0)
		join_talk(book, receipt);
	return receipt;
}

struct receipt *receipt_book_find(struct receipt_book *book, const char *uid)
{
	return uid == NULL ? NULL : table_find(book->uids, uid, strlen(uid));
}

struct receipt *receipt_book_oldest(struct receipt_book *book, bool is_kept)
{
	struct list *ages = &shelf_of(book, is_kept)->ages;

	return list_is_empty(ages) ? NULL : LIST_ENTRY(ages->next, struct receipt, age);
}

size_t receipt_book_count(const struct receipt_book *book, bool is_kept)
{
	return is_kept ? book->kept.count : book->brief.count;
}

size_t receipt_book_bytes(const struct receipt_book *book, bool is_kept)
{
	return is_kept ? book->kept.bytes : book->brief.bytes;
}

void receipt_book_drop(struct receipt_book *book, struct receipt *receipt)
{
	leave_talk(book, receipt);
	table_remove(book->uids, receipt->uid, strlen(receipt->uid));
	take_from_shelf(shelf_of(book, receipt->is_kept), receipt);
	mem_free(receipt);
}

void receipt_book_keep(struct receipt_book *book, struct receipt *receipt)
{
	take_from_shelf(shelf_of(book, receipt->is_kept), receipt);
	receipt->is_kept = true;
	put_on_shelf(&book->kept, receipt);
}

/* Reports -------------------------------------------------------------------------------------- */

enum { GOOD = WANTS_DELIVERED | WANTS_DISPLAYED };

static bool receipt_is_good(const struct receipt *receipt)
{
	return (receipt->told & GOOD) != 0;
}

bool receipt_may_fail(const struct receipt *receipt)
{
	return (receipt->told & (GOOD | WANTS_FAILED)) == 0;
}

/* What was processed or delivered and is displayed may follow; a failure ends it all. */
bool receipt_is_done(const struct receipt *receipt)
{
	unsigned open = receipt->wants & ~receipt->told & ~(unsigned)WANTS_FAILED;

	if (!receipt->is_taken)
		return false;
	return (receipt->told & WANTS_FAILED) != 0 || (receipt_is_good(receipt) && open == 0);
}

void receipt_book_set_told(struct receipt_book *book, struct receipt *receipt, unsigned told)
{
	receipt->told = told;
	if ((told & (WANTS_DISPLAYED | WANTS_FAILED)) != 0)
		leave_talk(book, receipt);
}

/* What a report adds to what was told: the first final word wins (RCPT-068, RCPT-029), and what is
 * displayed was delivered (RCPT-060). */
static unsigned added(const struct receipt *receipt, enum report_kind kind)
{
	static const struct {
		unsigned adds;
		unsigned never_after;
	} rules[] = {
		[REPORT_DELIVERED] = {WANTS_DELIVERED, WANTS_FAILED},
		[REPORT_FAILED] = {WANTS_FAILED, GOOD},
		[REPORT_DISPLAYED] = {GOOD, WANTS_FAILED},
		[REPORT_PROCESSED] = {WANTS_PROCESSED, WANTS_FAILED},
	};

	if ((receipt->told & rules[kind].never_after) != 0)
		return 0;
	return rules[kind].adds & ~receipt->told;
}

/* RCPT-046: who asked for delivered alone is told so of what is displayed. */
static unsigned wanted(const struct receipt *receipt, unsigned adds)
{
	return adds & (receipt->wants | (unsigned)WANTS_FAILED);
}

static size_t count_bits(unsigned bits)
{
	size_t count = 0;

	for (; bits != 0; bits &= bits - 1)
		count++;
	return count;
}

static void put_news(struct receipt_news *out, size_t *count, struct receipt *about, unsigned bits)
{
	static const enum report_kind order[] = {REPORT_PROCESSED, REPORT_DELIVERED,
						 REPORT_DISPLAYED, REPORT_FAILED};

	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		if ((bits & TOLD(order[i])) != 0)
			out[(*count)++] = (struct receipt_news){about, order[i]};
	}
}

static void tell(struct receipt_book *book, struct receipt *receipt, enum report_kind kind,
		 struct receipt_news *out, size_t *count)
{
	unsigned adds = added(receipt, kind);

	put_news(out, count, receipt, wanted(receipt, adds));
	receipt_book_set_told(book, receipt, receipt->told | adds);
}

/* RCPT-059, RCPT-035: a marker stands for all before it. What does not fit stays for the next one.
 */
static void tell_earlier(struct receipt_book *book, struct receipt *receipt,
			 struct receipt_news *out, size_t *count)
{
	unsigned own = wanted(receipt, added(receipt, REPORT_DISPLAYED));
	size_t room = RECEIPT_REPORTS_MAX - count_bits(own);
	struct list *head = &receipt->talk->waiting;
	struct list *first = &receipt->place;

	while (first->prev != head) {
		struct receipt *earlier = LIST_ENTRY(first->prev, struct receipt, place);
		size_t need = count_bits(wanted(earlier, added(earlier, REPORT_DISPLAYED)));

		if (need > room)
			break;
		room -= need;
		first = first->prev;
	}
	while (first != &receipt->place) {
		struct receipt *earlier = LIST_ENTRY(first, struct receipt, place);

		first = first->next;
		tell(book, earlier, REPORT_DISPLAYED, out, count);
	}
}

size_t receipt_book_report(struct receipt_book *book, struct receipt *receipt,
			   enum report_kind kind, bool tells_failure,
			   struct receipt_news out[RECEIPT_REPORTS_MAX])
{
	size_t count = 0;

	/* Another of his devices may still take what this one refused. */
	if (kind == REPORT_FAILED && !tells_failure)
		return 0;
	if (kind == REPORT_DISPLAYED && receipt->talk != NULL)
		tell_earlier(book, receipt, out, &count);
	tell(book, receipt, kind, out, &count);
	return count;
}
