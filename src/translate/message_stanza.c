/* Reading message stanzas: what kind each is, and the value of a text. */
#include "translate/message_stanza.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "translate/message_payloads.h"
#include "translate/stanza_tree.h"

enum { THREAD_BYTES_MAX = 255, NICK_BYTES_MAX = 256 };

static char *take_text(const struct _xmpp_stanza_t *node, struct buf *scratch, size_t max)
{
	const char *text;
	size_t len;

	if (node == NULL)
		return NULL;
	text = tree_text(node, scratch, &len);
	len = utf8_cut(text, len, max);
	return len == 0 ? NULL : mem_strndup(text, len);
}

static enum message_kind kind_of(const char *type)
{
	if (type != NULL && strcmp(type, "chat") == 0)
		return MESSAGE_CHAT;
	if (type != NULL && strcmp(type, "headline") == 0)
		return MESSAGE_HEADLINE;
	return MESSAGE_NORMAL; /* MSG-001, CMP-025 */
}

/* Cut it would be another conversation's. */
static char *take_thread(const struct _xmpp_stanza_t *node, struct buf *scratch)
{
	char *thread = take_text(node, scratch, MESSAGE_TEXT_MAX);

	if (thread != NULL && strlen(thread) > THREAD_BYTES_MAX) {
		mem_free(thread);
		return NULL;
	}
	return thread;
}

static void fill_message(const struct _xmpp_stanza_t *tree, const struct payloads *payloads,
			 struct buf *scratch, struct buf *body, struct message_stanza *stanza)
{
	struct message *out = &stanza->message;
	const char *lang = payloads->body == NULL ? NULL : tree_lang(payloads->body);

	out->kind = stanza->type;
	out->body_len = body->len;
	out->body = buf_take(body);
	out->subject = take_text(payloads->subject, scratch, MESSAGE_SUBJECT_MAX);
	out->lang = mem_strdup_or_null(lang == NULL ? tree_lang(tree) : lang); /* MSG-016 */
	out->thread = take_thread(payloads->thread, scratch);
	out->nick = take_text(payloads->nick, scratch, NICK_BYTES_MAX);
	out->sent_at_ms = tree_delay_ms(tree); /* X0203-2 */
	out->must_not_wait = payloads->must_not_wait;
	if (stanza->id != NULL && stanza->id[0] != '\0') /* X0184-1, RCPT-026, RCPT-034 */
		out->wants = payloads->wants;
}

static enum message_stanza_kind kind_without_text(const struct _xmpp_stanza_t *tree,
						  struct message_stanza *stanza)
{
	if (stanza->state != CHAT_STATE_NONE && tree_delay_ms(tree) != 0)
		stanza->state = CHAT_STATE_NONE;
	if (stanza->report_count > 0)
		return MESSAGE_STANZA_REPORT;
	return stanza->state != CHAT_STATE_NONE ? MESSAGE_STANZA_STATE : MESSAGE_STANZA_NOTHING;
}

static bool is_encrypted(const struct payloads *payloads)
{
	/* A key transport is for machines alone, whatever marks it. */
	if (payloads->is_key_transport && !payloads->is_encrypted)
		return payloads->body != NULL;
	return payloads->is_encrypted || payloads->is_marked;
}

static void forget_notices(struct message_stanza *stanza)
{
	stanza->state = CHAT_STATE_NONE;
	stanza->report_count = 0;
}

static void read_content(const struct _xmpp_stanza_t *tree, struct message_stanza *out)
{
	struct buf scratch = BUF_INIT;
	struct buf body = BUF_INIT;
	struct payloads payloads;

	payloads_find(tree, &payloads, out);
	if (payloads.is_copy) {
		forget_notices(out); /* RCPT-065, X0280-1 */
		return;
	}
	if (is_encrypted(&payloads)) {
		out->kind = MESSAGE_STANZA_ENCRYPTED; /* X999-2: the body is for machines */
		forget_notices(out);
		return;
	}
	payloads_make_body(tree, &payloads, &scratch, &body);
	if (body.len > 0) {
		out->kind = MESSAGE_STANZA_TEXT;
		fill_message(tree, &payloads, &scratch, &body, out);
	} else {
		out->kind = kind_without_text(tree, out);
		if (out->kind == MESSAGE_STANZA_STATE)
			out->message.thread = take_thread(payloads.thread, &scratch);
	}
	buf_free(&body);
	buf_free(&scratch);
}

void message_stanza_read(const struct _xmpp_stanza_t *stanza, struct message_stanza *out)
{
	const char *type = tree_attr(stanza, "type");

	*out = (struct message_stanza){
		.kind = MESSAGE_STANZA_NOTHING,
		.type = kind_of(type),
		.from = tree_attr(stanza, "from"),
		.to = tree_attr(stanza, "to"),
		.id = tree_attr(stanza, "id"),
	};
	out->message.hops = -1;
	if (type != NULL && strcmp(type, "error") == 0)
		out->kind = MESSAGE_STANZA_ERROR; /* MSG-005 */
	else if (type != NULL && strcmp(type, "groupchat") == 0)
		out->kind = MESSAGE_STANZA_GROUPCHAT; /* MSG-004 */
	else
		read_content(stanza, out);
}

void message_stanza_clear(struct message_stanza *stanza)
{
	message_clear(&stanza->message);
	*stanza = (struct message_stanza){0};
}
