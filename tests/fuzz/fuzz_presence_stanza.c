/* Presence stanzas: what is read and shown again reads back the same. [CMP-036] [SEC-050] */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <strophe.h>

#include "base/buf.h"
#include "fuzz/one_stanza.h"
#include "model/presence_view.h"
#include "translate/presence_stanza.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

static xmpp_stanza_t *reread(struct buf *text, struct presence_stanza *out)
{
	xmpp_stanza_t *tree = one_stanza((const uint8_t *)text->data, text->len);

	expect(tree != NULL);
	presence_stanza_read(tree, 0, out);
	buf_free(text);
	return tree;
}

static void show_again(const struct presence_stanza *stanza)
{
	struct presence_view view = {.available = stanza->type == PRESENCE_AVAILABLE,
				     .show = stanza->device.show,
				     .priority = stanza->device.priority,
				     .idle = stanza->device.idle,
				     .idle_since_ms = stanza->device.idle_since_ms};
	struct presence_stanza back;
	struct buf text = BUF_INIT;
	xmpp_stanza_t *tree;

	for (size_t i = 0; i < stanza->device.notes.count; i++) {
		const struct note *note = &stanza->device.notes.items[i];

		view.texts[view.text_count++] =
			(struct view_text){.lang = note->lang, .note = note->text};
	}
	presence_stanza_write_view(&text, stanza->from, stanza->to, stanza->id, &view);
	tree = reread(&text, &back);
	expect((back.type == PRESENCE_AVAILABLE) == view.available);
	expect(back.device.show == view.show);
	expect(!view.available || back.device.priority == (view.priority < 0 ? 0 : view.priority));
	expect(notes_equal(&back.device.notes, &stanza->device.notes));
	expect(!view.available || back.device.idle == (view.idle && view.idle_since_ms > 0));
	presence_stanza_clear(&back);
	xmpp_stanza_release(tree);
}

static void write_again(const struct presence_stanza *stanza)
{
	struct presence_stanza back;
	struct buf text = BUF_INIT;
	xmpp_stanza_t *tree;

	if (stanza->type >= PRESENCE_ERROR)
		return;
	presence_stanza_write(&text, stanza->type, stanza->from, stanza->to, stanza->id, NULL,
			      stanza->nick);
	tree = reread(&text, &back);
	expect(back.type == stanza->type);
	presence_stanza_clear(&back);
	xmpp_stanza_release(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	xmpp_stanza_t *tree = one_stanza(data, size);
	struct presence_stanza stanza;

	if (tree == NULL)
		return 0;
	presence_stanza_read(tree, 0, &stanza);
	expect(stanza.device.priority == PRESENCE_PRIORITY_UNSET ||
	       (stanza.device.priority >= -128 && stanza.device.priority <= 127));
	if (stanza.type == PRESENCE_AVAILABLE || stanza.type == PRESENCE_UNAVAILABLE)
		show_again(&stanza);
	write_again(&stanza);
	presence_stanza_clear(&stanza);
	xmpp_stanza_release(tree);
	return 0;
}
