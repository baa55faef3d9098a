/* Dialog event documents to a table of dialogs and to what they mean together. Everything met in
 * the field is read (DLG-005): both spellings of each attribute, any order, nothing but a state. */
#include "translate/dialog_info.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/phone.h"
#include "model/profile.h"
#include "translate/dialog_party.h"
#include "translate/text_span.h"
#include "translate/xml.h"

#define NS_DIALOG_INFO "urn:ietf:params:xml:ns:dialog-info"

enum dialog_state {
	STATE_UNSAID,
	STATE_TRYING,
	STATE_PROCEEDING,
	STATE_EARLY,
	STATE_CONFIRMED,
	STATE_TERMINATED
};

enum direction { DIRECTION_UNSAID, DIRECTION_INITIATOR, DIRECTION_RECIPIENT };

struct dialog_row {
	char *id;
	char *other;       /* or NULL */
	uint8_t state;     /* enum dialog_state, never unsaid or terminated */
	uint8_t direction; /* enum direction */
	bool is_muted;     /* +sip.rendering=no */
	bool was_answered; /* muted in an early state is a held call */
};

/* One dialog element; strings are borrowed from the tree. */
struct seen {
	const char *id;
	enum dialog_state state;
	enum direction direction;
	bool has_target; /* of the local party */
	bool is_muted;
	const xmlNode *remote;
};

struct document {
	const xmlNode *root;
	bool is_full;
	bool has_version;
	uint32_t version;
};

static bool is_element(const xmlNode *node, const char *name)
{
	return xml_is(node, NS_DIALOG_INFO, name) || xml_is(node, NULL, name);
}

/* The first of two spellings that is there; "" if none. */
static const char *attribute(const xmlNode *node, const char *name, const char *other)
{
	const char *value = xml_attribute(node, NULL, name);

	if (value == NULL)
		value = xml_attribute(node, NULL, other);
	return value == NULL ? "" : value;
}

/* DLG-003; an unknown word says nothing. */
static enum dialog_state state_from_text(const char *text, size_t len)
{
	static const char *const names[] = {
		[STATE_TRYING] = "trying",         [STATE_PROCEEDING] = "proceeding",
		[STATE_EARLY] = "early",           [STATE_CONFIRMED] = "confirmed",
		[STATE_TERMINATED] = "terminated",
	};

	for (size_t i = STATE_TRYING; i <= STATE_TERMINATED; i++) {
		if (text_is_like(text, len, names[i]))
			return (enum dialog_state)i;
	}
	return STATE_UNSAID;
}

static enum direction read_direction(const xmlNode *dialog)
{
	const char *text = attribute(dialog, "direction", "direction");
	size_t len = strlen(text);

	text_trim(&text, &len);
	if (text_is_like(text, len, "initiator"))
		return DIRECTION_INITIATOR;
	if (text_is_like(text, len, "recipient") || text_is_like(text, len, "receiver"))
		return DIRECTION_RECIPIENT;
	return DIRECTION_UNSAID;
}

/* DLG-016, DLG-020: quotes and angle brackets around the value do not belong to it. */
static bool is_no(const char *value)
{
	size_t len = strlen(value);

	text_trim(&value, &len);
	while (len >= 2 && strchr("\"'<", value[0]) != NULL) {
		value++;
		len -= 2;
	}
	return text_is_like(value, len, "no") || text_is_like(value, len, "false");
}

static void read_param(const xmlNode *param, struct seen *out)
{
	const char *name = attribute(param, "pname", "name");

	if (strcmp(name, "+sip.rendering") != 0 && strcmp(name, "sip.rendering") != 0)
		return;
	out->has_target = true;
	if (is_no(attribute(param, "pval", "pvalue")))
		out->is_muted = true;
}

/* Parameters of the target, or beside it (DLG-005). */
static void read_params(const xmlNode *parent, struct seen *out)
{
	for (const xmlNode *node = parent->children; node != NULL; node = node->next) {
		if (is_element(node, "param"))
			read_param(node, out);
	}
}

static void read_local(const xmlNode *local, struct seen *out)
{
	read_params(local, out);
	for (const xmlNode *node = local->children; node != NULL; node = node->next) {
		if (!is_element(node, "target"))
			continue;
		out->has_target = true;
		read_params(node, out);
	}
}

static enum dialog_state read_state(const xmlNode *node)
{
	struct buf text = BUF_INIT;
	enum dialog_state state;

	xml_content(node, &text);
	state = state_from_text(buf_text(&text), text.len);
	buf_free(&text);
	return state;
}

/* The id, or what else tells dialogs apart (DLG-002: it is required, and left out). */
static const char *read_id(const xmlNode *dialog)
{
	const char *id = xml_attribute(dialog, NULL, "id");

	return id != NULL && id[0] != '\0' ? id : attribute(dialog, "call-id", "call-id");
}

static struct seen read_dialog(const xmlNode *dialog)
{
	struct seen seen = {.id = read_id(dialog), .direction = read_direction(dialog)};

	read_params(dialog, &seen);
	for (const xmlNode *node = dialog->children; node != NULL; node = node->next) {
		if (is_element(node, "state"))
			seen.state = read_state(node);
		else if (is_element(node, "local"))
			read_local(node, &seen); /* COMPAT(asterisk): twice on hold (PBX-006) */
		else if (is_element(node, "remote"))
			seen.remote = node;
	}
	return seen;
}

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
static void update_row(struct dialog_row *row, const struct seen *seen)
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
static bool is_usable(const struct seen *seen, bool is_known)
{
	return strlen(seen->id) <= DIALOG_ID_BYTES_MAX &&
	       (is_known || (seen->state != STATE_UNSAID && seen->state != STATE_TERMINATED));
}

/* COMPAT(freeswitch): a held call is early, confirmed or terminated, by its settings; muted is what
 * tells. It can go when no profile has its words. */
static bool is_answered_when_muted(const struct profile *profile)
{
	return profile->words == WORDS_FREESWITCH;
}

/* DLG-009: a row a dialog; ids may repeat when the documents of several phones were joined. */
static void rebuild(struct dialog_table *table, const xmlNode *root, const struct profile *profile)
{
	struct dialog_table fresh = {0};

	for (const xmlNode *node = root->children; node != NULL; node = node->next) {
		const struct dialog_row *old;
		struct dialog_row *row;
		struct seen seen;

		if (!is_element(node, "dialog") || fresh.count == DIALOG_ROWS_MAX)
			continue;
		seen = read_dialog(node);
		if (!is_usable(&seen, false))
			continue;
		old = find_row(table, seen.id);
		row = add_row(&fresh, seen.id);
		row->was_answered =
			is_answered_when_muted(profile) || (old != NULL && old->was_answered);
		update_row(row, &seen);
	}
	dialog_table_clear(table);
	*table = fresh;
}

/* Changes the rows that the document names; a terminated one goes (DLG-009). */
static void change(struct dialog_table *table, const xmlNode *root, const struct profile *profile)
{
	for (const xmlNode *node = root->children; node != NULL; node = node->next) {
		struct dialog_row *row;
		struct seen seen;

		if (!is_element(node, "dialog"))
			continue;
		seen = read_dialog(node);
		row = find_row(table, seen.id);
		if (!is_usable(&seen, row != NULL))
			continue;
		if (seen.state == STATE_TERMINATED) {
			remove_row(table, row);
			continue;
		}
		if (row == NULL) {
			row = add_row(table, seen.id);
			row->was_answered = is_answered_when_muted(profile);
		}
		update_row(row, &seen);
	}
}

/* COMPAT(freeswitch): a dialog element of an event has no call-id; the list of all calls, with
 * which it answers a SUBSCRIBE, has one in each (PBX-032). */
static bool tells_events(const xmlNode *root)
{
	for (const xmlNode *node = root->children; node != NULL; node = node->next) {
		if (is_element(node, "dialog") && xml_attribute(node, NULL, "call-id") == NULL)
			return true;
	}
	return false;
}

/* DLG-001: 32 bits, decimal. */
static bool read_version(const char *text, uint32_t *out)
{
	size_t len = strlen(text);
	uint64_t value = 0;

	text_trim(&text, &len);
	if (len == 0 || len > 10)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	*out = (uint32_t)value;
	return value <= UINT32_MAX;
}

static int read_document(const xmlDoc *doc, struct document *out)
{
	const char *state;
	size_t len;

	*out = (struct document){.root = xmlDocGetRootElement(doc)};
	if (!is_element(out->root, "dialog-info"))
		return EBADMSG;
	state = attribute(out->root, "state", "notify-state");
	len = strlen(state);
	text_trim(&state, &len);
	out->is_full = !text_is_like(state, len, "partial");
	out->has_version = read_version(attribute(out->root, "version", "version"), &out->version);
	return 0;
}

/* True for a document that must be newer than the last one and is not (DLG-007). */
static bool is_old(const struct dialog_table *table, const struct document *document)
{
	return !document->is_full && document->has_version && table->is_heard &&
	       document->version <= table->version && document->version != table->version + 1u;
}

/* True if something was missed that this document does not make good. */
static bool is_gap(const struct dialog_table *table, const struct document *document,
		   bool is_partial)
{
	if (!is_partial || !document->has_version)
		return false;
	if (!table->is_heard)
		return !document->is_full;
	return document->version > table->version && document->version != table->version + 1u;
}

static int apply(struct dialog_table *table, const struct document *document,
		 const struct profile *profile, bool *wants_full)
{
	bool is_event = document->is_full && profile->dialog_full_is_event_only &&
			tells_events(document->root);
	bool is_partial = !document->is_full || is_event;

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
	struct document document;
	xmlDoc *doc;
	int err = xml_parse(text, len,
			    max_bytes < DIALOG_INFO_MAX_BYTES ? max_bytes : DIALOG_INFO_MAX_BYTES,
			    &doc);

	if (err != 0)
		return err;
	err = read_document(doc, &document);
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
