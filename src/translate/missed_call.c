/* Dialogs that rang and were not answered; see missed_call.h. */
#include "translate/missed_call.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "model/profile.h"
#include "translate/dialog_element.h"
#include "translate/dialog_info.h"
#include "translate/dialog_party.h"
#include "translate/xml.h"

struct call_row {
	struct call_end call; /* is_done: answered, or not to be told for another reason */
	bool is_incoming;
	bool is_named; /* in the document being read */
};

/* Calls ---------------------------------------------------------------------------------------- */

static void clear_end(struct call_end *end)
{
	mem_free(end->id);
	mem_free(end->call_id);
	mem_free(end->name);
	mem_free(end->number);
	*end = (struct call_end){0};
}

static void copy_end(struct call_end *out, const struct call_end *from)
{
	*out = *from;
	out->id = mem_strdup(from->id);
	out->call_id = mem_strdup_or_null(from->call_id);
	out->name = mem_strdup_or_null(from->name);
	out->number = mem_strdup_or_null(from->number);
}

static void replace(char **text, const char *with)
{
	mem_free(*text);
	*text = mem_strdup_or_null(with);
}

/* The legs of one call, at several phones of the user: under one Call-ID, or, as a PBX makes them,
 * ringing at the same time for the same caller. */
static bool is_same_call(const struct call_end *a, const struct call_end *b, uint64_t settle_ms)
{
	if (a->call_id != NULL && b->call_id != NULL && strcmp(a->call_id, b->call_id) == 0)
		return true;
	if (a->rang_ms > b->ended_ms + settle_ms || b->rang_ms > a->ended_ms + settle_ms)
		return false;
	return a->number == NULL || b->number == NULL || strcmp(a->number, b->number) == 0;
}

/* The book ------------------------------------------------------------------------------------- */

static void remove_end(struct call_book *book, size_t at)
{
	clear_end(&book->ends[at]);
	book->count--;
	memmove(&book->ends[at], &book->ends[at + 1], (book->count - at) * sizeof book->ends[0]);
	book->ends[book->count] = (struct call_end){0};
}

static struct call_end *find_same(struct call_book *book, const struct call_end *call)
{
	for (size_t i = 0; i < book->count; i++) {
		if (is_same_call(&book->ends[i], call, book->settle_ms))
			return &book->ends[i];
	}
	return NULL;
}

static void drop_old(struct call_book *book, uint64_t now_ms)
{
	for (size_t i = book->count; i > 0; i--) {
		const struct call_end *end = &book->ends[i - 1];

		if (end->is_done && now_ms - end->ended_ms > CALL_KEEP_MS)
			remove_end(book, i - 1);
	}
}

/* One leg ended or was answered: its call is one entry, and done if one of its legs is. */
static void note(struct call_book *book, struct call_end *call, uint64_t now_ms)
{
	struct call_end *same;

	call->ended_ms = now_ms;
	drop_old(book, now_ms);
	same = find_same(book, call);
	if (same != NULL) {
		if (!same->is_done || call->is_done)
			same->ended_ms = now_ms;
		same->is_done |= call->is_done;
		if (same->number == NULL) {
			replace(&same->number, call->number);
			replace(&same->name, call->name);
		}
		return;
	}
	if (book->count == CALL_BOOK_MAX)
		remove_end(book, 0);
	copy_end(&book->ends[book->count++], call);
}

uint64_t call_book_due_ms(const struct call_book *book)
{
	uint64_t due = UINT64_MAX;

	for (size_t i = 0; i < book->count; i++) {
		const struct call_end *end = &book->ends[i];

		if (!end->is_done && end->ended_ms + book->settle_ms < due)
			due = end->ended_ms + book->settle_ms;
	}
	return due;
}

struct call_end *call_book_next(struct call_book *book, uint64_t now_ms)
{
	for (size_t i = 0; i < book->count; i++) {
		struct call_end *end = &book->ends[i];

		if (!end->is_done && end->ended_ms + book->settle_ms <= now_ms)
			return end;
	}
	return NULL;
}

void call_book_clear(struct call_book *book)
{
	while (book->count > 0)
		remove_end(book, book->count - 1);
}

/* The table ------------------------------------------------------------------------------------ */

static struct call_row *find_row(const struct call_table *table, const char *id)
{
	for (size_t i = 0; i < table->count; i++) {
		if (strcmp(table->rows[i].call.id, id) == 0)
			return &table->rows[i];
	}
	return NULL;
}

static void remove_row(struct call_table *table, struct call_row *row)
{
	size_t at = (size_t)(row - table->rows);

	clear_end(&row->call);
	memmove(row, row + 1, (table->count - at - 1) * sizeof *row);
	table->count--;
	if (table->count > 0)
		return;
	mem_free(table->rows);
	table->rows = NULL;
}

/* When there are too many, the end of the oldest was missed. */
static struct call_row *add_row(struct call_table *table, const char *id)
{
	struct call_row *row;

	if (table->count == DIALOG_ROWS_MAX)
		remove_row(table, table->rows);
	table->rows = mem_resize(table->rows, table->count + 1, sizeof *table->rows);
	row = &table->rows[table->count++];
	*row = (struct call_row){.call = {.id = mem_strdup(id)}};
	return row;
}

void call_table_clear(struct call_table *table)
{
	while (table->count > 0)
		remove_row(table, &table->rows[table->count - 1]);
}

static bool rang(const struct call_row *row)
{
	return row->is_incoming && row->call.rang_ms != 0;
}

bool call_table_rings(const struct call_table *table, const struct call_book *book,
		      const struct call_end *end)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct call_row *row = &table->rows[i];
		struct call_end call = row->call;

		call.ended_ms = UINT64_MAX / 2; /* not yet */
		if (rang(row) && !row->call.is_done && is_same_call(&call, end, book->settle_ms))
			return true;
	}
	return false;
}

/* Documents ------------------------------------------------------------------------------------ */

static bool was_answered(const struct dialog_seen *seen, const struct profile *profile)
{
	return seen->state == STATE_CONFIRMED ||
	       (seen->is_muted && dialog_is_answered_when_muted(profile));
}

static void note_caller(struct call_row *row, const struct dialog_seen *seen)
{
	char *name, *number;

	if (seen->call_id != NULL && strlen(seen->call_id) <= DIALOG_ID_BYTES_MAX)
		replace(&row->call.call_id, seen->call_id);
	if (seen->remote == NULL || !dialog_party_read(seen->remote, &name, &number))
		return;
	mem_free(row->call.name);
	mem_free(row->call.number);
	row->call.name = name;
	row->call.number = number;
}

static void update(struct call_table *table, struct call_book *book, struct call_row *row,
		   const struct dialog_seen *seen, const struct profile *profile, uint64_t now_ms)
{
	if (row == NULL)
		row = add_row(table, seen->id);
	row->is_named = true;
	if (seen->direction != DIRECTION_UNSAID)
		row->is_incoming = seen->direction == DIRECTION_RECIPIENT;
	note_caller(row, seen);
	if (row->call.is_done)
		return;
	if (was_answered(seen, profile)) {
		row->call.is_done = true;
		if (rang(row))
			note(book, &row->call, now_ms);
	} else if (row->call.rang_ms == 0 &&
		   (seen->state == STATE_EARLY || seen->state == STATE_PROCEEDING)) {
		row->call.rang_ms = now_ms != 0 ? now_ms : 1;
	}
}

/* RFC 4235 section 3.7.1: a call that was replaced, or cancelled because it was answered elsewhere
 * (RFC 3326: with a 2xx), or that ended with a BYE, was answered; one that was declined or sent on
 * elsewhere is no news to him. */
static bool is_missed(const struct dialog_seen *seen)
{
	switch (seen->event) {
	case EVENT_REPLACED:
	case EVENT_LOCAL_BYE:
	case EVENT_REMOTE_BYE:
		return false;
	default:
		break;
	}
	if (seen->code >= 200 && seen->code < 400)
		return false;
	return seen->event != EVENT_REJECTED ||
	       (seen->code != 486 && seen->code != 600 && seen->code != 603);
}

static void end(struct call_table *table, struct call_book *book, struct call_row *row,
		const struct dialog_seen *seen, uint64_t now_ms)
{
	if (seen != NULL)
		note_caller(row, seen);
	if (rang(row) && !row->call.is_done) {
		row->call.is_done = seen != NULL && !is_missed(seen);
		note(book, &row->call, now_ms);
	}
	remove_row(table, row);
}

static void apply_element(struct call_table *table, struct call_book *book, const xmlNode *node,
			  const struct profile *profile, uint64_t now_ms)
{
	struct dialog_seen seen = dialog_element_read(node);
	struct call_row *row;

	if (strlen(seen.id) > DIALOG_ID_BYTES_MAX)
		return;
	row = find_row(table, seen.id);
	if (seen.state == STATE_TERMINATED) {
		if (row != NULL)
			end(table, book, row, &seen, now_ms);
	} else if (row != NULL || seen.state != STATE_UNSAID) {
		update(table, book, row, &seen, profile, now_ms);
	}
}

/* DLG-009: what is missing from a whole list has ended. */
static void end_missing(struct call_table *table, struct call_book *book, uint64_t now_ms)
{
	for (size_t i = table->count; i > 0; i--) {
		struct call_row *row = &table->rows[i - 1];

		if (!row->is_named)
			end(table, book, row, NULL, now_ms);
	}
}

static void apply(struct call_table *table, struct call_book *book,
		  const struct dialog_document *document, const struct profile *profile,
		  uint64_t now_ms)
{
	for (size_t i = 0; i < table->count; i++)
		table->rows[i].is_named = false;
	for (const xmlNode *node = dialog_element_find(document->root->children); node != NULL;
	     node = dialog_element_find(node->next))
		apply_element(table, book, node, profile, now_ms);
	/* COMPAT(freeswitch): after a registration it sends a whole list without calls, also while
	 * the phone rings. It can go when no profile has this switch. */
	if (document->is_full && !profile->dialog_full_is_event_only)
		end_missing(table, book, now_ms);
}

int call_table_apply(struct call_table *table, struct call_book *book, const char *text, size_t len,
		     size_t max_bytes, const struct profile *profile, uint64_t now_ms)
{
	struct dialog_document document;
	xmlDoc *doc;
	int err = xml_parse(text, len,
			    max_bytes < DIALOG_INFO_MAX_BYTES ? max_bytes : DIALOG_INFO_MAX_BYTES,
			    &doc);

	if (err != 0)
		return err;
	err = dialog_document_read(doc, profile, &document);
	if (err == 0)
		apply(table, book, &document, profile, now_ms);
	xml_release(&doc);
	return err;
}
