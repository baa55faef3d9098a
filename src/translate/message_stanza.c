/* Message stanzas. Which of the many payloads a chat client sends is a text for a phone is decided
 * here, in one place (D-45). */
#include "translate/message_stanza.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "translate/stanza_tree.h"
#include "translate/text_span.h"
#include "translate/timestamp.h"
#include "translate/xml_writer.h"

#define NS_NICK "http://jabber.org/protocol/nick"

enum {
	THREAD_BYTES_MAX = 255,
	NICK_BYTES_MAX = 256,
	URL_BYTES_MAX = 4096,
	REACTIONS_MAX = 16,
	REACTION_BYTES_MAX = 64
};

/* What the stanza holds beside ids; found in one walk over the children. */
struct parts {
	const struct _xmpp_stanza_t *body;
	const struct _xmpp_stanza_t *subject;
	const struct _xmpp_stanza_t *thread;
	const struct _xmpp_stanza_t *nick;
	const struct _xmpp_stanza_t *reactions;
	const struct _xmpp_stanza_t *url; /* of jabber:x:oob */
	bool is_encrypted;
	bool is_key_transport; /* OMEMO without payload: nothing for anybody to read */
	bool is_correction;
	bool is_retraction;
	bool is_fallback_for_reactions;
};

/* MSG-029: the one without own language, else the first. */
static void choose(const struct _xmpp_stanza_t **chosen, const struct _xmpp_stanza_t *node)
{
	if (*chosen == NULL || (tree_lang(*chosen) != NULL && tree_lang(node) == NULL))
		*chosen = node;
}

static void find_own(struct parts *parts, const struct _xmpp_stanza_t *node, const char *name)
{
	if (strcmp(name, "body") == 0)
		choose(&parts->body, node);
	else if (strcmp(name, "subject") == 0)
		choose(&parts->subject, node);
	else if (strcmp(name, "thread") == 0 && parts->thread == NULL)
		parts->thread = node;
}

static void find_omemo(struct parts *parts, const struct _xmpp_stanza_t *node)
{
	const struct _xmpp_stanza_t *child = tree_first(node);

	while (child != NULL &&
	       (tree_name(child) == NULL || strcmp(tree_name(child), "payload") != 0))
		child = tree_next(child);
	if (child == NULL)
		parts->is_key_transport = true;
	else
		parts->is_encrypted = true;
}

static void find_oob(struct parts *parts, const struct _xmpp_stanza_t *node)
{
	if (parts->url == NULL)
		parts->url = tree_find(node, "jabber:x:oob", "url");
}

static void find_nick(struct parts *parts, const struct _xmpp_stanza_t *node)
{
	parts->nick = node;
}

static void find_encrypted(struct parts *parts, const struct _xmpp_stanza_t *node)
{
	(void)node;
	parts->is_encrypted = true;
}

static void find_correction(struct parts *parts, const struct _xmpp_stanza_t *node)
{
	(void)node;
	parts->is_correction = true;
}

static void find_retraction(struct parts *parts, const struct _xmpp_stanza_t *node)
{
	(void)node;
	parts->is_retraction = true;
}

/* Version 0 of XEP-0424 wrapped it (XEP-0422). */
static void find_fastening(struct parts *parts, const struct _xmpp_stanza_t *node)
{
	if (tree_find(node, "urn:xmpp:message-retract:0", "retract") != NULL)
		parts->is_retraction = true;
}

static void find_reactions(struct parts *parts, const struct _xmpp_stanza_t *node)
{
	parts->reactions = node;
}

static void find_fallback(struct parts *parts, const struct _xmpp_stanza_t *node)
{
	const char *what = tree_attr(node, "for");

	if (what != NULL && strcmp(what, "urn:xmpp:reactions:0") == 0)
		parts->is_fallback_for_reactions = true;
	if (what != NULL && text_starts(what, strlen(what), "urn:xmpp:message-retract:"))
		parts->is_retraction = true;
}

/* Extensions that change what the text means; all others are passed over (XCP-011, CMP-019). */
static const struct {
	const char *ns;
	const char *name;
	void (*find)(struct parts *parts, const struct _xmpp_stanza_t *node);
} extensions[] = {
	{NS_NICK, "nick", find_nick},
	{"jabber:x:oob", "x", find_oob},
	{"urn:xmpp:eme:0", "encryption", find_encrypted},
	{"eu.siacs.conversations.axolotl", "encrypted", find_omemo},
	{"urn:xmpp:omemo:1", "encrypted", find_omemo},
	{"urn:xmpp:omemo:2", "encrypted", find_omemo},
	{"urn:xmpp:openpgp:0", "openpgp", find_encrypted},
	{"jabber:x:encrypted", "x", find_encrypted},
	{"urn:xmpp:message-correct:0", "replace", find_correction},
	{"urn:xmpp:message-retract:0", "retract", find_retraction},
	{"urn:xmpp:message-retract:1", "retract", find_retraction},
	{"urn:xmpp:fasten:0", "apply-to", find_fastening},
	{"urn:xmpp:reactions:0", "reactions", find_reactions},
	{"urn:xmpp:fallback:0", "fallback", find_fallback},
};

static void find_parts(const struct _xmpp_stanza_t *stanza, struct parts *parts)
{
	*parts = (struct parts){0};
	for (const struct _xmpp_stanza_t *node = tree_first(stanza); node != NULL;
	     node = tree_next(node)) {
		const char *name = tree_name(node);

		if (name == NULL)
			continue;
		if (tree_is_own_ns(node)) {
			find_own(parts, node, name);
			continue;
		}
		for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++) {
			if (tree_is(node, extensions[i].ns, extensions[i].name))
				extensions[i].find(parts, node);
		}
	}
}

/* LF line ends: a parser keeps the CR that was written as a reference. */
static void append_lines(struct buf *out, const char *text, size_t len)
{
	size_t done = 0;

	while (done < len) {
		const char *cr = memchr(text + done, '\r', len - done);
		size_t at = cr == NULL ? len : (size_t)(cr - text);

		buf_append(out, text + done, at - done);
		if (cr == NULL)
			return;
		if (at + 1 == len || text[at + 1] != '\n')
			buf_putc(out, '\n');
		done = at + 1;
	}
}

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

static bool is_one_line(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20)
			return false;
	}
	return true;
}

/* "its URL, once" (D-45, MSG-031). */
static void append_url(const struct _xmpp_stanza_t *node, struct buf *scratch, struct buf *body)
{
	size_t len;
	const char *url = tree_text(node, scratch, &len);

	text_trim(&url, &len);
	if (len == 0 || len > URL_BYTES_MAX || !is_one_line(url, len))
		return;
	if (body->len > 0 && memmem(body->data, body->len, url, len) != NULL)
		return;
	if (body->len > 0)
		buf_putc(body, '\n');
	buf_append(body, url, len);
}

/* X0444-1: one line; taking all reactions back says nothing. */
static void append_reactions(const struct _xmpp_stanza_t *reactions, struct buf *scratch,
			     struct buf *body)
{
	int count = 0;

	for (const struct _xmpp_stanza_t *node = tree_first(reactions);
	     node != NULL && count < REACTIONS_MAX; node = tree_next(node)) {
		const char *text;
		size_t len;

		if (!tree_is(node, "urn:xmpp:reactions:0", "reaction"))
			continue;
		text = tree_text(node, scratch, &len);
		text_trim(&text, &len);
		if (len == 0 || len > REACTION_BYTES_MAX || !is_one_line(text, len))
			continue;
		buf_puts(body, count == 0 ? "Reacted: " : " ");
		buf_append(body, text, len);
		count++;
	}
}

static void make_body(const struct parts *parts, struct buf *scratch, struct buf *body)
{
	bool is_reaction = parts->reactions != NULL &&
			   (parts->body == NULL || parts->is_fallback_for_reactions);
	const char *text;
	size_t len;

	if (parts->is_retraction)
		return; /* X0424-1, D-45: nothing */
	if (is_reaction) {
		append_reactions(parts->reactions, scratch, body);
		return;
	}
	if (parts->body != NULL) {
		text = tree_text(parts->body, scratch, &len);
		buf_reserve(body, len + 2);
		if (len > 0 && parts->is_correction)
			buf_puts(body, "* "); /* X0308-1, MSG-032 */
		append_lines(body, text, len);
	}
	if (parts->url != NULL)
		append_url(parts->url, scratch, body);
}

static enum message_kind kind_of(const char *type)
{
	if (type != NULL && strcmp(type, "chat") == 0)
		return MESSAGE_CHAT;
	if (type != NULL && strcmp(type, "headline") == 0)
		return MESSAGE_HEADLINE;
	return MESSAGE_NORMAL; /* MSG-001, CMP-025 */
}

static void fill_message(const struct _xmpp_stanza_t *stanza, const struct parts *parts,
			 struct buf *scratch, struct buf *body, struct message *out)
{
	const char *lang = parts->body == NULL ? NULL : tree_lang(parts->body);

	out->kind = kind_of(tree_attr(stanza, "type"));
	out->body_len = body->len;
	out->body = buf_take(body);
	out->subject = take_text(parts->subject, scratch, MESSAGE_SUBJECT_MAX);
	out->lang = mem_strdup_or_null(lang == NULL ? tree_lang(stanza) : lang); /* MSG-016 */
	/* Cut it would be another conversation's. */
	out->thread = take_text(parts->thread, scratch, MESSAGE_TEXT_MAX);
	if (out->thread != NULL && strlen(out->thread) > THREAD_BYTES_MAX) {
		mem_free(out->thread);
		out->thread = NULL;
	}
	out->nick = take_text(parts->nick, scratch, NICK_BYTES_MAX);
	out->sent_at_ms = tree_delay_ms(stanza); /* X0203-2 */
	out->hops = -1;
}

static void read_content(const struct _xmpp_stanza_t *stanza, struct message_stanza *out)
{
	struct buf scratch = BUF_INIT;
	struct buf body = BUF_INIT;
	struct parts parts;

	find_parts(stanza, &parts);
	if (parts.is_key_transport && !parts.is_encrypted && parts.body == NULL) {
		out->kind = MESSAGE_STANZA_NOTHING;
		return;
	}
	if (parts.is_encrypted || parts.is_key_transport) {
		out->kind = MESSAGE_STANZA_ENCRYPTED; /* X999-2: the body is for machines */
		return;
	}
	make_body(&parts, &scratch, &body);
	if (body.len > 0) {
		out->kind = MESSAGE_STANZA_TEXT;
		fill_message(stanza, &parts, &scratch, &body, &out->message);
	}
	buf_free(&body);
	buf_free(&scratch);
}

void message_stanza_read(const struct _xmpp_stanza_t *stanza, struct message_stanza *out)
{
	const char *type = tree_attr(stanza, "type");

	*out = (struct message_stanza){
		.kind = MESSAGE_STANZA_NOTHING,
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

static void write_delay(struct xml_writer *writer, int64_t sent_at_ms, const char *from)
{
	char stamp[TIMESTAMP_CHARS];

	timestamp_format(sent_at_ms, stamp);
	if (stamp[0] == '\0')
		return;
	xml_open(writer, "delay");
	xml_attr(writer, "xmlns", "urn:xmpp:delay");
	xml_attr(writer, "from", from);
	xml_attr(writer, "stamp", stamp);
	xml_close(writer);
}

static void write_in_namespace(struct xml_writer *writer, const char *name, const char *ns,
			       const char *text)
{
	if (text == NULL)
		return;
	xml_open(writer, name);
	xml_attr(writer, "xmlns", ns);
	xml_text(writer, text);
	xml_close(writer);
}

/* D-35: the one uid is id and origin-id. */
static void write_origin_id(struct xml_writer *writer, const char *uid)
{
	if (uid == NULL)
		return;
	xml_open(writer, "origin-id");
	xml_attr(writer, "xmlns", "urn:xmpp:sid:0");
	xml_attr(writer, "id", uid);
	xml_close(writer);
}

void message_stanza_write(struct buf *out, const struct message *message, const char *from,
			  const char *to, const char *delay_from)
{
	static const char *const types[] = {
		[MESSAGE_CHAT] = "chat",
		[MESSAGE_NORMAL] = "normal",
		[MESSAGE_HEADLINE] = "headline",
	};
	struct xml_writer writer;

	xml_writer_init(&writer, out);
	xml_open(&writer, "message");
	xml_attr(&writer, "from", from);
	xml_attr(&writer, "to", to);
	xml_attr(&writer, "id", message->uid);
	xml_attr(&writer, "type", types[message->kind]); /* D-34 */
	xml_attr(&writer, "xml:lang", message->lang);
	xml_element(&writer, "subject", message->subject);
	xml_open(&writer, "body");
	xml_text_n(&writer, message->body == NULL ? "" : message->body, message->body_len);
	xml_close(&writer);
	xml_element(&writer, "thread", message->thread);
	write_in_namespace(&writer, "nick", NS_NICK, message->nick);
	write_origin_id(&writer, message->uid);
	write_delay(&writer, message->sent_at_ms, delay_from);
	xml_close(&writer);
}
