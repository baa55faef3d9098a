/* Dialog event documents to a table of dialogs and to what they mean together. */
#include "translate/dialog_info.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/phone.h"
#include "translate/dialog_element.h"
#include "translate/dialog_party.h"
#include "translate/xml.h"

struct dialog_row {
	char *id;
	char *other;       /* or NULL */
	uint8_t state;     /* enum dialog_state, never unsaid or terminated */
	uint8_t direction; /* enum dialog_direction */
	bool is_muted;     /* +sip.rendering=no */
	bool was_answered; /* muted in an early state is a held call */
};

static void row_clear(struct dialog_row *row)
{
	mem_free(row->id);
	mem_free(row->other);
}

void dialog_table_clear(struct dialog_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		row_clear(&table->rows[i]);
	mem_free(table->rows);
	*table = (struct dialog_table){0};
}

static struct dialog_row *find_row(const struct dialog_table *table, const char *id)
{
	for (size_t i = 0; i < table->count; i++) {
		if (strcmp(table->rows[i].id, id) == 0)
			return &table->rows[i];
	}
	return NULL;
}

static void remove_row(struct dialog_table *table, struct dialog_row *row)
{
	size_t at = (size_t)(row - table->rows);

	row_clear(row);
	memmove(row, row + 1, (table->count - at - 1) * sizeof *row);
	table->count--;
	if (table->count > 0)
		return;
	mem_free(table->rows);
	table->rows = NULL;
}

/* When there are too many, the oldest goes: its end was missed. */
static struct dialog_row *add_row(struct dialog_table *table, const char *id)
{
	struct dialog_row *row;

	if (table->count == DIALOG_ROWS_MAX)
		remove_row(table, table->rows);
	table->rows = mem_resize(table->rows, table->count + 1u, sizeof *table->rows);
	row = &table->rows[table->count++];
	*row = (struct dialog_row){.id = mem_strdup(id)};
	return row;
}

/* DLG-010: what a later document leaves out of a dialog is unchanged, what it says replaces. */
static void update_row(struct dialog_row *row, const struct dialog_seen *seen)
{
	char *other;

	if (seen->state != STATE_UNSAID)
		row->state = (uint8_t)seen->state;
	if (seen->direction != DIRECTION_UNSAID)
		row->direction = (uint8_t)seen->direction;
	if (seen->has_target)
		row->is_muted = seen->is_muted;
	if (row->state == STATE_CONFIRMED)
		row->was_answered = true;
	if (seen->remote == NULL || !dialog_party_name(seen->remote, &other))
		return;
	mem_free(row->other);
	row->other = other;
}

/* A dialog that cannot be kept, or does not say its state when it is first seen, is passed over. */
static bool is_usable(const struct dialog_seen *seen, bool is_known)
{
	return strlen(seen->id) <= DIALOG_ID_BYTES_MAX &&
	       (is_known || (seen->state != STATE_UNSAID && seen->state != STATE_TERMINATED));
}

/* DLG-009: a row a dialog; ids may repeat when the documents of several phones were joined. */
static void rebuild(struct dialog_table *table, const xmlNode *root, const struct profile *profile)
{
	struct dialog_table fresh = {0};

	for (const xmlNode *node = dialog_element_find(root->children); node != NULL;
	     node = dialog_element_find(node->next)) {
		const struct dialog_row *old;
		struct dialog_row *row;
		struct dialog_seen seen;

		if (fresh.count == DIALOG_ROWS_MAX)
			break;
		seen = dialog_element_read(node);
		if (!is_usable(&seen, false))
			continue;
		old = find_row(table, seen.id);
		row = add_row(&fresh, seen.id);
		row->was_answered = dialog_is_answered_when_muted(profile) ||
				    (old != NULL && old->was_answered);
		update_row(row, &seen);
	}
	dialog_table_clear(table);
	*table = fresh;
}

/* Changes the rows that the document names; a terminated one goes (DLG-009). */
static void change(struct dialog_table *table, const xmlNode *root, const struct profile *profile)
{
	for (const xmlNode *node = dialog_element_find(root->children); node != NULL;
	     node = dialog_element_find(node->next)) {
		struct dialog_row *row;
		struct dialog_seen seen;

		seen = dialog_element_read(node);
		row = find_row(table, seen.id);
		if (!is_usable(&seen, row != NULL))
			continue;
		if (seen.state == STATE_TERMINATED) {
			remove_row(table, row);
			continue;
		}
		if (row == NULL) {
			row = add_row(table, seen.id);
			row->was_answered = dialog_is_answered_when_muted(profile);
		}
		update_row(row, &seen);
	}
}

/* True for a document that must be newer than the last one and is not (DLG-007). */
static bool is_old(const struct dialog_table *table, const struct dialog_document *document)
{
	return !document->is_full && document->has_version && table->is_heard &&
	       document->version <= table->version && document->version != table->version + 1u;
}

/* True if something was missed that this document does not make good. */
static bool is_gap(const struct dialog_table *table, const struct dialog_document *document,
		   bool is_partial)
{
	if (!is_partial || !document->has_version)
		return false;
	if (!table->is_heard)
		return !document->is_full;
	return document->version > table->version && document->version != table->version + 1u;
}

static int apply(struct dialog_table *table, const struct dialog_document *document,
		 const struct profile *profile, bool *wants_full)
{
	bool is_partial = !document->is_full || document->is_event;

	if (is_old(table, document)) {
		/* An equal version repeats; one that fell back counts from anew (D-23). */
		if (document->version != table->version)
			*wants_full = true;
		return EALREADY;
	}
	if (is_gap(table, document, is_partial))
		*wants_full = true;
	if (is_partial)
		change(table, document->root, profile);
	else
		rebuild(table, document->root, profile);
	if (document->has_version)
		table->version = document->version;
	table->is_heard = true;
	return 0;
}

int dialog_info_apply(struct dialog_table *table, const char *text, size_t len, size_t max_bytes,
		      const struct profile *profile, bool *wants_full)
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
		err = apply(table, &document, profile, wants_full);
	xml_release(&doc);
	return err;
}

/* DLG-014; without a direction a call that is not answered rings. */
static enum phone_state row_meaning(const struct dialog_row *row)
{
	if (row->is_muted && row->was_answered)
		return PHONE_ON_HOLD;
	if (row->state == STATE_CONFIRMED)
		return PHONE_IN_CALL;
	return row->direction == DIRECTION_INITIATOR ? PHONE_DIALLING : PHONE_RINGING;
}

void dialog_table_phone(const struct dialog_table *table, struct phone *out)
{
	const struct dialog_row *decides = NULL;

	if (!table->is_heard)
		return;
	out->state = PHONE_IDLE;
	for (size_t i = 0; i < table->count; i++) {
		const struct dialog_row *row = &table->rows[i];
		enum phone_state state = row_meaning(row);

		if (state < out->state || (state == out->state && decides->other != NULL))
			continue;
		out->state = state;
		decides = row;
	}
	if (decides != NULL)
		out->other = mem_strdup_or_null(decides->other);
}
