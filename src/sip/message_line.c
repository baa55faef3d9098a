/* What waits to be sent to one Request-URI; see message_line.h. */
#include "sip/message_line.h"

#include "base/mem.h"

static struct line_item *item_of(struct list *link)
{
	return LIST_ENTRY(link, struct line_item, link);
}

struct line_item *message_line_first(const struct message_line *line)
{
	return list_is_empty(&line->items) ? NULL : item_of(line->items.next);
}

void message_line_remove(struct message_line *line, struct line_item *item)
{
	list_remove(&item->link);
	line->count--;
}

void line_item_free(struct line_item **item)
{
	struct line_item *self = *item;

	if (self == NULL)
		return;
	message_out_clear(&self->out);
	mem_free(self);
	*item = NULL;
}

static bool is_under_way(const struct message_line *line, const struct line_item *item)
{
	return line->transaction != NULL && message_line_first(line) == item;
}

static bool has_text(const struct message_line *line)
{
	LIST_EACH(link, next, &line->items)
	{
		if (item_of(link)->kind == LINE_TEXT)
			return true;
	}
	return false;
}

static size_t drop_typing(struct message_line *line)
{
	size_t count = 0;

	LIST_EACH(link, next, &line->items)
	{
		struct line_item *item = item_of(link);

		if (item->kind != LINE_TYPING || is_under_way(line, item))
			continue;
		message_line_remove(line, item);
		line_item_free(&item);
		count++;
	}
	return count;
}

bool message_line_put(struct message_line *line, struct line_item *item, size_t *freed)
{
	struct list *before = &line->items;

	*freed = 0;
	if (item->kind == LINE_TYPING && has_text(line))
		return false;
	if (item->kind != LINE_REPORT)
		*freed = drop_typing(line);
	/* From the end, so that a long line of texts costs nothing. */
	while (before->prev != &line->items && item_of(before->prev)->kind > item->kind &&
	       !is_under_way(line, item_of(before->prev)))
		before = before->prev;
	list_append(before, &item->link); /* in front of it */
	line->count++;
	return true;
}
