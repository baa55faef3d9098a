/* Page messages as values. */
#include "model/message.h"

#include "base/mem.h"

void message_clear(struct message *message)
{
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
}
