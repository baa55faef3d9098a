/* Publications over a restart: rows of the store, and the SIP side that keeps and restores them. */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "daemon_parts.h"
#include "sip/sip_side.h"
#include "store/store.h"

enum { AWAY_LONG_S = 90 }; /* D-49 */

/* What was read before the sides are there. */
struct kept_rows {
	struct publication_row *rows;
	size_t count;
	size_t room;
};

/* One row on its way to the disk, or from it. */
struct publication_write {
	struct list link;
	struct parts *parts;
	publication_kept_fn *done;
	void *arg;
};

static void end_write(struct publication_write *write, int error)
{
	struct publication_write ended = *write;

	list_remove(&write->link);
	mem_free(write);
	if (ended.done != NULL)
		ended.done(error, ended.arg);
}

static void on_written(int error, void *arg)
{
	struct publication_write *write = arg;

	daemon_stored(error, write->parts);
	end_write(write, error);
}

static struct publication_write *begin_write(struct parts *parts, publication_kept_fn *done,
					     void *done_arg)
{
	struct publication_write *write = mem_zalloc(sizeof *write);

	write->parts = parts;
	write->done = done;
	write->arg = done_arg;
	list_append(&parts->publication_writes, &write->link);
	return write;
}

/* Tags hold no spaces: the tag, the one before it (or "-"), and "?" of one in doubt; the last two
 * only where they say something. */
static char *tags_of(const struct kept_publication *kept)
{
	struct buf tags = BUF_INIT;

	buf_puts(&tags, kept->tag);
	if (kept->before != NULL || kept->is_doubtful)
		buf_printf(&tags, " %s", kept->before != NULL ? kept->before : "-");
	if (kept->is_doubtful)
		buf_puts(&tags, " ?");
	return buf_take(&tags);
}

/* Cuts what tags_of() made. */
static void read_tags(char *tags, struct kept_publication *kept)
{
	char *rest = tags;
	const char *word;

	kept->tag = strsep(&rest, " ");
	word = strsep(&rest, " ");
	kept->before = word != NULL && strcmp(word, "-") != 0 ? word : NULL;
	kept->is_doubtful = rest != NULL;
}

/* The store copies. */
static void put(const struct kept_publication *kept, publication_kept_fn *done, void *done_arg,
		void *arg)
{
	struct parts *parts = arg;
	struct publication_row row = {.user = *kept->user,
				      .id = (int64_t)kept->id,
				      .is_dialog = kept->is_dialog,
				      .body_len = kept->body_len,
				      .expires_at = kept->expires_s};

	row.etag = tags_of(kept);
	row.source = mem_strdup(kept->source);
	row.type = mem_strdup_or_null(kept->type);
	row.language = mem_strdup_or_null(kept->language);
	row.body = kept->body != NULL ? mem_strndup(kept->body, kept->body_len) : NULL;
	store_put_publication(parts->store, &row, on_written, begin_write(parts, done, done_arg));
	row.user = (struct address){0};
	publication_row_clear(&row);
}

static void drop(const struct address *user, uint64_t id, publication_kept_fn *done, void *done_arg,
		 void *arg)
{
	struct parts *parts = arg;

	store_drop_publication(parts->store, user, (int64_t)id, on_written,
			       begin_write(parts, done, done_arg));
}

const struct publication_keeper *daemon_keeper(struct parts *parts)
{
	parts->keeper = (struct publication_keeper){put, drop, parts};
	list_init(&parts->publication_writes);
	return &parts->keeper;
}

void daemon_take_publication(const struct publication_row *row, void *arg)
{
	struct parts *parts = arg;
	struct kept_rows *kept = parts->publications;
	struct publication_row *copy;

	if (kept == NULL) {
		kept = mem_zalloc(sizeof *kept);
		parts->publications = kept;
	}
	if (kept->count == kept->room) {
		kept->room = kept->room != 0 ? 2 * kept->room : 64;
		kept->rows = mem_resize(kept->rows, kept->room, sizeof *kept->rows);
	}
	copy = &kept->rows[kept->count++];
	*copy = *row;
	address_copy(&copy->user, &row->user);
	copy->etag = mem_strdup(row->etag);
	copy->source = mem_strdup(row->source);
	copy->type = mem_strdup_or_null(row->type);
	copy->language = mem_strdup_or_null(row->language);
	copy->body = row->body != NULL ? mem_strndup(row->body, row->body_len) : NULL;
}

static void restore(struct parts *parts, struct publication_row *row)
{
	int64_t away_s = loop_wall_ms(parts->loop) / 1000 - store_last_alive(parts->store);
	struct kept_publication kept = {
		.user = &row->user,
		.id = (uint64_t)row->id,
		.is_dialog = row->is_dialog,
		.source = row->source,
		.type = row->type,
		.language = row->language,
		.body = row->body,
		.body_len = row->body_len,
		.expires_s = row->expires_at,
	};

	read_tags(row->etag, &kept);
	/* A wall clock behind the last sign of life tells no length (REL-030). */
	kept.is_doubtful |= away_s < 0 || away_s >= AWAY_LONG_S;
	sip_side_restore(parts->sip, &kept);
}

void daemon_restore_publications(struct parts *parts)
{
	struct kept_rows *kept = parts->publications;

	for (size_t i = 0; kept != NULL && i < kept->count && parts->sip != NULL; i++)
		restore(parts, &kept->rows[i]);
	daemon_free_publications(parts);
}

void daemon_free_publications(struct parts *parts)
{
	struct kept_rows *kept = parts->publications;

	if (kept == NULL)
		return;
	for (size_t i = 0; i < kept->count; i++)
		publication_row_clear(&kept->rows[i]);
	mem_free(kept->rows);
	mem_free(kept);
	parts->publications = NULL;
}

void daemon_end_publication_writes(struct parts *parts)
{
	if (parts->publication_writes.next == NULL)
		return; /* the SIP side was never made */
	LIST_EACH(link, next, &parts->publication_writes)
	end_write(LIST_ENTRY(link, struct publication_write, link), ESHUTDOWN);
}
