/* Message stanzas: a text that is read and written again is the same text, and so is a notice.
 * [MSG-009] [SEC-050] */
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

/* What was written is a stanza, and is read into *out. */
static xmpp_stanza_t *read_back(struct buf *text, struct message_stanza *out)
{
	xmpp_stanza_t *tree = one_stanza((const uint8_t *)text->data, text->len);

	expect(tree != NULL);
	message_stanza_read(tree, out);
	buf_free(text);
	return tree;
}

static void write_again(struct message_stanza *stanza)
{
	struct message *message = &stanza->message;
	struct message_stanza back;
	struct buf text = BUF_INIT;
	xmpp_stanza_t *tree;

	message->uid = mem_strdup("uid");
	message->takes_typing = stanza->state != CHAT_STATE_NONE;
	message_stanza_write(&text, message, stanza->from, stanza->to, "b.example");
	tree = read_back(&text, &back);
	expect(back.kind == MESSAGE_STANZA_TEXT);
	expect(back.message.kind == message->kind);
	expect(back.message.body_len == message->body_len &&
	       is_same(back.message.body, message->body));
	expect(is_same(back.message.lang, message->lang));
	expect(is_same(back.message.thread, message->thread));
	expect(back.message.sent_at_ms == message->sent_at_ms);
	expect(back.state == (message->takes_typing ? CHAT_STATE_ACTIVE : CHAT_STATE_NONE));
	expect(((back.message.wants ^ message->wants) & (WANTS_DELIVERED | WANTS_DISPLAYED)) == 0);
	expect(back.report_count == 0 && !back.message.must_not_wait);
	message_stanza_clear(&back);
	xmpp_stanza_release(tree);
}

/* As the sender's client would hear of the message that this one speaks of. */
static void report_again(const struct message_stanza *stanza, unsigned which)
{
	char uid[] = "uid";
	struct message_report report = {.kind = stanza->reports[which].kind,
					.wanted = WANTS_DELIVERED | WANTS_DISPLAYED};
	struct message message = {
		.what = MESSAGE_REPORT, .kind = stanza->type, .uid = uid, .report = &report};
	struct message_stanza back;
	struct buf text = BUF_INIT;
	xmpp_stanza_t *tree;

	report.origin.id = mem_strdup(stanza->reports[which].about);
	report.origin.address = mem_strdup_or_null(stanza->from);
	report.origin.recipient = mem_strdup_or_null(stanza->to);
	expect(message_stanza_write_report(&text, &message));
	tree = read_back(&text, &back);
	expect(back.kind == MESSAGE_STANZA_REPORT && back.report_count == 1);
	expect(back.state == CHAT_STATE_NONE && back.message.wants == 0);
	expect(back.reports[0].kind == report.kind);
	expect(strcmp(back.reports[0].about, report.origin.id) == 0);
	expect(is_same(back.from, stanza->to) && is_same(back.to, stanza->from));
	message_stanza_clear(&back);
	xmpp_stanza_release(tree);
	message_report_clear(&report);
}

static void show_again(const struct message_stanza *stanza)
{
	bool is_composing = stanza->state == CHAT_STATE_COMPOSING;
	struct message_stanza back;
	struct buf text = BUF_INIT;
	xmpp_stanza_t *tree;

	message_stanza_write_state(&text, stanza->from, stanza->to, is_composing,
				   stanza->message.thread);
	tree = read_back(&text, &back);
	expect(back.kind == MESSAGE_STANZA_STATE);
	expect((back.state == CHAT_STATE_COMPOSING) == is_composing);
	expect(is_same(back.message.thread, stanza->message.thread));
	message_stanza_clear(&back);
	xmpp_stanza_release(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	xmpp_stanza_t *tree = one_stanza(data, size);
	struct message_stanza stanza;

	if (tree == NULL)
		return 0;
	message_stanza_read(tree, &stanza);
	expect((stanza.kind == MESSAGE_STANZA_TEXT) == (stanza.message.body != NULL));
	expect(stanza.report_count <= MESSAGE_STANZA_REPORTS_MAX);
	expect(stanza.kind != MESSAGE_STANZA_REPORT || stanza.report_count > 0);
	expect(stanza.message.wants == 0 || stanza.id != NULL);
	for (unsigned i = 0; i < stanza.report_count; i++)
		report_again(&stanza, i);
	if (stanza.kind == MESSAGE_STANZA_STATE)
		show_again(&stanza);
	if (stanza.kind == MESSAGE_STANZA_TEXT) {
		expect(stanza.message.body_len == strlen(stanza.message.body));
		expect(strchr(stanza.message.body, '\r') == NULL);
		write_again(&stanza);
	}
	message_stanza_clear(&stanza);
	xmpp_stanza_release(tree);
	return 0;
}
