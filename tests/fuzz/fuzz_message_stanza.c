/* Message stanzas: a text that is read and written again is the same text. [MSG-009] [SEC-050] */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <strophe.h>

#include "base/buf.h"
#include "base/mem.h"
#include "fuzz/one_stanza.h"
#include "translate/message_stanza.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

static int is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void write_again(struct message_stanza *stanza)
{
	struct message *message = &stanza->message;
	struct message_stanza back;
	struct buf text = BUF_INIT;
	xmpp_stanza_t *tree;

	message->uid = mem_strdup("uid");
	message_stanza_write(&text, message, stanza->from, stanza->to, "b.example");
	tree = one_stanza((const uint8_t *)text.data, text.len);
	expect(tree != NULL);
	message_stanza_read(tree, &back);
	expect(back.kind == MESSAGE_STANZA_TEXT);
	expect(back.message.kind == message->kind);
	expect(back.message.body_len == message->body_len &&
	       is_same(back.message.body, message->body));
	expect(is_same(back.message.lang, message->lang));
	expect(is_same(back.message.thread, message->thread));
	expect(back.message.sent_at_ms == message->sent_at_ms);
	message_stanza_clear(&back);
	xmpp_stanza_release(tree);
	buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	xmpp_stanza_t *tree = one_stanza(data, size);
	struct message_stanza stanza;

	if (tree == NULL)
		return 0;
	message_stanza_read(tree, &stanza);
	expect((stanza.kind == MESSAGE_STANZA_TEXT) == (stanza.message.body != NULL));
	if (stanza.kind == MESSAGE_STANZA_TEXT) {
		expect(stanza.message.body_len == strlen(stanza.message.body));
		expect(strchr(stanza.message.body, '\r') == NULL);
		write_again(&stanza);
	}
	message_stanza_clear(&stanza);
	xmpp_stanza_release(tree);
	return 0;
}
