/* Page messages as values. */
#include "model/message.h"

#include "base/mem.h"
#include "base/utf8.h"

void message_origin_clear(struct message_origin *origin)
{
	mem_free(origin->address);
	mem_free(origin->recipient);
	mem_free(origin->id);
	mem_free(origin->thread);
	mem_free(origin->stamp);
	mem_free(origin->route);
	*origin = (struct message_origin){0};
}

void message_origin_copy(struct message_origin *out, const struct message_origin *from)
{
	out->address = mem_strdup_or_null(from->address);
	out->recipient = mem_strdup_or_null(from->recipient);
	out->id = mem_strdup_or_null(from->id);
	out->thread = mem_strdup_or_null(from->thread);
	out->stamp = mem_strdup_or_null(from->stamp);
	out->route = mem_strdup_or_null(from->route);
}

char *message_excerpt(const struct message *message)
{
	char *text;

	if (message->body == NULL || message->body_len == 0)
		return NULL;
	text = mem_strndup(message->body,
			   utf8_cut(message->body, message->body_len, MESSAGE_EXCERPT_BYTES));
	for (char *at = text; *at != '\0'; at++) {
		if (*at == '\n' || *at == '\t')
			*at = ' ';
	}
	return text;
}

void message_report_clear(struct message_report *report)
{
	mem_free(report->about);
	mem_free(report->excerpt);
	message_origin_clear(&report->origin);
	*report = (struct message_report){0};
}

static struct message_report *copy_report(const struct message_report *from)
{
	struct message_report *copy = mem_alloc(sizeof *copy);

	*copy = *from;
	copy->about = mem_strdup_or_null(from->about);
	copy->excerpt = mem_strdup_or_null(from->excerpt);
	message_origin_copy(&copy->origin, &from->origin);
	return copy;
}

void message_clear(struct message *message)
{
	if (message->report != NULL)
		message_report_clear(message->report);
	mem_free(message->report);
	message_origin_clear(&message->origin);
	mem_free(message->uid);
	mem_free(message->body);
	mem_free(message->subject);
	mem_free(message->lang);
	mem_free(message->thread);
	mem_free(message->nick);
	*message = (struct message){0};
}

void message_copy(struct message *out, const struct message *from)
{
	*out = *from;
	out->uid = mem_strdup_or_null(from->uid);
	out->body = from->body == NULL ? NULL : mem_strndup(from->body, from->body_len);
	out->subject = mem_strdup_or_null(from->subject);
	out->lang = mem_strdup_or_null(from->lang);
	out->thread = mem_strdup_or_null(from->thread);
	out->nick = mem_strdup_or_null(from->nick);
	message_origin_copy(&out->origin, &from->origin);
	out->report = from->report == NULL ? NULL : copy_report(from->report);
}
