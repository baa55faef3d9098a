/* Rows as values: what they own, how long they are, which rules they keep. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "model/message.h"
#include "store/store_engine.h"

void pair_row_clear(struct pair_row *row)
{
	address_clear(&row->watcher);
	address_clear(&row->watched);
}

void publication_row_clear(struct publication_row *row)
{
	address_clear(&row->user);
	mem_free(row->etag);
	mem_free(row->source);
	mem_free(row->type);
	mem_free(row->language);
	mem_free(row->body);
	*row = (struct publication_row){0};
}

void queue_row_clear(struct queue_row *row)
{
	address_clear(&row->sender);
	address_clear(&row->recipient);
	mem_free(row->value);
	*row = (struct queue_row){0};
}

void receipt_row_clear(struct receipt_row *row)
{
	mem_free(row->uid);
	address_clear(&row->sender);
	address_clear(&row->recipient);
	mem_free(row->value);
	*row = (struct receipt_row){0};
}

void learned_row_clear(struct learned_row *row)
{
	mem_free(row->kind);
	mem_free(row->subject);
	*row = (struct learned_row){0};
}

void presence_row_clear(struct presence_row *row)
{
	address_clear(&row->watched);
	address_clear(&row->watcher);
	mem_free(row->value);
	*row = (struct presence_row){0};
}

void store_item_clear(struct store_item *item)
{
	switch (item->table) {
	case STORE_PAIRS:
		pair_row_clear(&item->pair);
		break;
	case STORE_SPELLINGS:
		address_clear(&item->spelling.address);
		mem_free(item->spelling.text);
		break;
	case STORE_PUBLICATIONS:
		publication_row_clear(&item->publication);
		break;
	case STORE_QUEUE:
		queue_row_clear(&item->queued);
		break;
	case STORE_RECEIPTS:
		receipt_row_clear(&item->receipt);
		break;
	case STORE_PRINTS:
		mem_free(item->prints.prints);
		break;
	case STORE_LEARNED:
		learned_row_clear(&item->learned);
		break;
	case STORE_DIALOGS:
		dialog_row_clear(&item->dialog);
		break;
	case STORE_PRESENCE:
		presence_row_clear(&item->presence);
		break;
	case STORE_NOTHING:
	case STORE_ALIVE:
	case STORE_RUN:
	case STORE_CLOCK:
	case STORE_TABLES:
		break;
	}
	item->table = STORE_NOTHING;
}

size_t store_item_weight(const struct store_item *item)
{
	switch (item->table) {
	case STORE_PUBLICATIONS:
		return item->publication.body_len;
	case STORE_QUEUE:
		return item->queued.value_len;
	case STORE_RECEIPTS:
		return item->receipt.value_len;
	case STORE_PRINTS:
		return item->prints.count * sizeof *item->prints.prints;
	case STORE_DIALOGS:
		return item->dialog.value_len;
	case STORE_PRESENCE:
		return item->presence.value_len;
	default:
		return 0;
	}
}

static bool pair_is_legal(const struct pair_row *row)
{
	return row->state > PAIR_NONE && row->state <= PAIR_ENDED && row->asked_at >= 0 &&
	       row->granted_at >= 0 && row->refused_at >= 0 && row->ended_at >= 0 &&
	       row->heard_at >= 0;
}

/* NULL: the value that is there. */
static bool value_is_legal(const char *value, size_t len)
{
	return value == NULL || (len > 0 && len <= MESSAGE_CODE_MAX);
}

static bool queued_is_legal(const struct queue_row *row)
{
	return row->seq > 0 && row->accepted_ms >= 0 && row->expires_s >= 0 && row->tries >= 0 &&
	       value_is_legal(row->value, row->value_len);
}

static bool receipt_is_legal(const struct receipt_row *row)
{
	size_t len = strlen(row->uid);

	return len > 0 && len <= MESSAGE_UID_MAX && row->wants >= 0 && row->told >= 0 &&
	       row->sent_ms >= 0 && value_is_legal(row->value, row->value_len);
}

static bool learned_is_legal(const struct learned_row *row)
{
	size_t kind = strlen(row->kind);
	size_t subject = strlen(row->subject);

	return kind > 0 && kind <= STORE_KIND_MAX && subject > 0 && subject <= STORE_SUBJECT_MAX &&
	       row->learned_s >= 0;
}

static bool presence_is_legal(const struct presence_row *row)
{
	return row->value != NULL && row->value_len > 0 && row->value_len <= STORE_PRESENCE_MAX &&
	       row->told_s >= 0;
}

int store_item_check(const struct store_item *item)
{
	bool is_legal = true;

	if (item->table == STORE_PAIRS)
		is_legal = pair_is_legal(&item->pair);
	else if (item->table == STORE_QUEUE)
		is_legal = queued_is_legal(&item->queued);
	else if (item->table == STORE_RECEIPTS)
		is_legal = receipt_is_legal(&item->receipt);
	else if (item->table == STORE_PRINTS)
		is_legal = item->prints.count <= STORE_PRINTS_MAX && item->prints.at_s >= 0;
	else if (item->table == STORE_LEARNED)
		is_legal = learned_is_legal(&item->learned);
	else if (item->table == STORE_DIALOGS)
		is_legal = dialog_row_check(&item->dialog) == 0;
	else if (item->table == STORE_PRESENCE)
		is_legal = presence_is_legal(&item->presence);
	return is_legal ? 0 : EINVAL;
}
