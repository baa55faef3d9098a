/* See dialog_row.h. */
#include "model/dialog_row.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

void dialog_row_clear(struct dialog_row *row)
{
	char **texts[] = {&row->event, &row->call_id, &row->local_tag, &row->remote_tag,
			  &row->local, &row->remote,  &row->target,    &row->route,
			  &row->peer,  &row->login,   &row->value};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		mem_free(*texts[i]);
	address_clear(&row->watcher);
	address_clear(&row->watched);
	memset(row, 0, sizeof *row);
}

static void copy_address(struct address *out, const struct address *from)
{
	*out = (struct address){0};
	if (from->domain != NULL)
		address_copy(out, from);
}

void dialog_row_copy(struct dialog_row *out, const struct dialog_row *row)
{
	*out = *row;
	copy_address(&out->watcher, &row->watcher);
	copy_address(&out->watched, &row->watched);
	out->event = mem_strdup_or_null(row->event);
	out->call_id = mem_strdup_or_null(row->call_id);
	out->local_tag = mem_strdup_or_null(row->local_tag);
	out->remote_tag = mem_strdup_or_null(row->remote_tag);
	out->local = mem_strdup_or_null(row->local);
	out->remote = mem_strdup_or_null(row->remote);
	out->target = mem_strdup_or_null(row->target);
	out->route = mem_strdup_or_null(row->route);
	out->peer = mem_strdup_or_null(row->peer);
	out->login = mem_strdup_or_null(row->login);
	out->value = row->value != NULL ? mem_strndup(row->value, row->value_len) : NULL;
}

static bool is_text(const char *text, bool may_be_null)
{
	if (text == NULL)
		return may_be_null;
	return *text != '\0' && strlen(text) <= DIALOG_ROW_TEXT_MAX;
}

int dialog_row_check(const struct dialog_row *row)
{
	bool is_good = row->id > 0 &&
		       (row->role == DIALOG_ROW_NOTIFIER || row->role == DIALOG_ROW_SUBSCRIBER) &&
		       row->local_cseq >= 0 && row->local_cseq <= UINT32_MAX &&
		       row->remote_cseq >= -1 && row->remote_cseq <= UINT32_MAX &&
		       row->expires_s >= 0 && row->value_len <= DIALOG_ROW_VALUE_MAX;

	is_good = is_good && is_text(row->event, false) && is_text(row->call_id, false) &&
		  is_text(row->local_tag, false) && is_text(row->remote_tag, true) &&
		  is_text(row->local, false) && is_text(row->remote, false) &&
		  is_text(row->target, true) && is_text(row->route, true) &&
		  is_text(row->peer, true) && is_text(row->login, true);
	return is_good ? 0 : EINVAL;
}
