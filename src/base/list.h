/* Intrusive doubly linked list: struct list is the head and the link in each member. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next;
	struct list *prev;
};

#define LIST_ENTRY(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))
/* Safe against removing the current member. */
#define LIST_EACH(it, nx, head)                                                                    \
	for (struct list *it = (head)->next, *nx = it->next; it != (head); it = nx, nx = it->next)

static inline void list_init(struct list *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool list_is_empty(const struct list *head)
{
	return head->next == head;
}

/* True if link is in a list (list_remove and list_init leave it out of one). */
static inline bool list_is_linked(const struct list *link)
{
	return link->next != NULL && link->next != link;
}

static inline void list_append(struct list *head, struct list *link)
{
	link->prev = head->prev;
	link->next = head;
	head->prev->next = link;
	head->prev = link;
}

static inline void list_remove(struct list *link)
{
	if (link->next == NULL)
		return;
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}
