/* Presence stanzas: syntax of RFC 6121 section 4.7, idle time of XEP-0319 and XEP-0256. */
#include "translate/presence_stanza.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "model/presence_view.h"
#include "translate/stanza_tree.h"
#include "translate/text_span.h"
#include "translate/timestamp.h"
#include "translate/xml_writer.h"

enum { NICK_BYTES_MAX = 256, IDLE_S_MAX = 366 * 24 * 3600 };

static const char *const type_names[] = {
	[PRESENCE_AVAILABLE] = NULL,
	[PRESENCE_UNAVAILABLE] = "unavailable",
	[PRESENCE_SUBSCRIBE] = "subscribe",
	[PRESENCE_SUBSCRIBED] = "subscribed",
	[PRESENCE_UNSUBSCRIBE] = "unsubscribe",
	[PRESENCE_UNSUBSCRIBED] = "unsubscribed",
	[PRESENCE_PROBE] = "probe",
	[PRESENCE_ERROR] = "error",
};

static enum presence_type type_from_name(const char *name)
{
	if (name == NULL)
		return PRESENCE_AVAILABLE;
	for (int i = PRESENCE_UNAVAILABLE; i <= PRESENCE_ERROR; i++) {
		if (strcmp(type_names[i], name) == 0)
			return (enum presence_type)i;
	}
	return PRESENCE_INVALID; /* CMP-025 */
}

/* -128..127; what cannot be read counts as the default 0 (CMP-037). */
static int read_priority(const char *text, size_t len)
{
	int value = 0;
	bool is_negative;
	size_t i = 0;

	text_trim(&text, &len);
	is_negative = len > 0 && text[0] == '-';
	if (len > 0 && (text[0] == '-' || text[0] == '+'))
		i++;
	if (i == len)
		return 0;
	for (; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		value = value * 10 + (text[i] - '0');
		if (value > 128)
			return 0;
	}
	if (is_negative)
		return -value;
	return value > 127 ? 0 : value;
}

/* One line of text. NULL if nothing is left. */
static char *read_nick(const char *text, size_t len)
{
	char *nick;

	text_trim(&text, &len);
	len = utf8_cut(text, len, NICK_BYTES_MAX);
	nick = mem_strndup(text, len);
	if (text_one_line(nick) > 0)
		return nick;
	mem_free(nick);
	return NULL;
}

/* X0319-1. An idle element without a time that can be read still says idle. */
static void read_idle(const struct _xmpp_stanza_t *node, struct device *device)
{
	const char *since = tree_attr(node, "since");

	device->idle = true;
	if (since == NULL || timestamp_parse(since, strlen(since), &device->idle_since_ms) != 0)
		device->idle_since_ms = 0;
}

/* X0256-1: seconds before the stanza was sent, which is now, or when its delay stamp says. */
static void read_last_activity(const struct _xmpp_stanza_t *node, int64_t now_ms,
			       struct device *device)
{
	const char *text = tree_attr(node, "seconds");
	int64_t sent_ms = device->since_ms != 0 ? device->since_ms : now_ms;
	int64_t seconds = 0;

	if (text == NULL || device->idle)
		return;
	for (; *text >= '0' && *text <= '9' && seconds <= IDLE_S_MAX; text++)
		seconds = seconds * 10 + (*text - '0');
	if (*text != '\0' || seconds == 0 || seconds > IDLE_S_MAX)
		return;
	device->idle = true;
	if (sent_ms > seconds * 1000)
		device->idle_since_ms = (sent_ms / 1000 - seconds) * 1000;
}

static void read_status(const struct _xmpp_stanza_t *node, const char *stanza_lang,
			struct buf *scratch, struct device *device)
{
	const char *lang = tree_lang(node);
	size_t len;
	const char *text = tree_text(node, scratch, &len);

	notes_add(&device->notes, lang == NULL ? stanza_lang : lang, text, len); /* PRES-113 */
}

static void read_own_child(const struct _xmpp_stanza_t *node, const char *lang, struct buf *scratch,
			   struct presence_stanza *out)
{
	struct device *device = &out->device;
	const char *name = tree_name(node);
	size_t len;
	const char *text;

	if (strcmp(name, "status") == 0) {
		read_status(node, lang, scratch, device);
	} else if (out->type == PRESENCE_AVAILABLE && strcmp(name, "show") == 0) {
		text = tree_text(node, scratch, &len);
		if (device->show == SHOW_NONE)
			device->show = show_from_name(text); /* PRES-110 */
	} else if (out->type == PRESENCE_AVAILABLE && strcmp(name, "priority") == 0) {
		text = tree_text(node, scratch, &len);
		device->priority = read_priority(text, len);
	}
}

static void read_child(const struct _xmpp_stanza_t *node, const char *lang, struct buf *scratch,
		       struct presence_stanza *out)
{
	bool is_there = out->type == PRESENCE_AVAILABLE;
	size_t len;
	const char *text;

	if (tree_name(node) == NULL)
		return;
	if (tree_is_own_ns(node)) {
		read_own_child(node, lang, scratch, out);
	} else if (is_there && tree_is(node, "urn:xmpp:idle:1", "idle")) {
		read_idle(node, &out->device);
	} else if (out->nick == NULL && tree_is(node, "http://jabber.org/protocol/nick", "nick")) {
		text = tree_text(node, scratch, &len);
		out->nick = read_nick(text, len);
	}
}

void presence_stanza_read(const struct _xmpp_stanza_t *stanza, int64_t now_ms,
			  struct presence_stanza *out)
{
	struct buf scratch = BUF_INIT;
	const char *lang = tree_lang(stanza);
	const struct _xmpp_stanza_t *last = tree_find(stanza, "jabber:iq:last", "query");

	*out = (struct presence_stanza){
		.type = type_from_name(tree_attr(stanza, "type")),
		.from = tree_attr(stanza, "from"),
		.to = tree_attr(stanza, "to"),
		.id = tree_attr(stanza, "id"),
	};
	out->device.is_im = true;
	out->device.basic = out->type == PRESENCE_AVAILABLE ? BASIC_OPEN : BASIC_CLOSED;
	out->device.priority = out->type == PRESENCE_AVAILABLE ? 0 : PRESENCE_PRIORITY_UNSET;
	out->device.since_ms = tree_delay_ms(stanza); /* X0203-2 */
	for (const struct _xmpp_stanza_t *node = tree_first(stanza); node != NULL;
	     node = tree_next(node))
		read_child(node, lang, &scratch, out);
	if (out->type == PRESENCE_AVAILABLE && last != NULL) /* XEP-0319 says it better */
		read_last_activity(last, now_ms, &out->device);
	buf_free(&scratch);
}

void presence_stanza_clear(struct presence_stanza *stanza)
{
	mem_free(stanza->nick);
	device_clear(&stanza->device);
	*stanza = (struct presence_stanza){0};
}

static void open_presence(struct xml_writer *writer, enum presence_type type, const char *from,
			  const char *to, const char *id)
{
	xml_open(writer, "presence");
	xml_attr(writer, "from", from);
	xml_attr(writer, "to", to);
	xml_attr(writer, "id", id);
	xml_attr(writer, "type", type_names[type]);
}

void presence_stanza_write(struct buf *out, enum presence_type type, const char *from,
			   const char *to, const char *id, const char *status, const char *nick)
{
	struct xml_writer writer;

	assert(type < PRESENCE_ERROR);
	xml_writer_init(&writer, out);
	open_presence(&writer, type, from, to, id);
	xml_element(&writer, "status", status);
	if (nick != NULL) {
		xml_open(&writer, "nick");
		xml_attr(&writer, "xmlns", "http://jabber.org/protocol/nick");
		xml_text(&writer, nick);
		xml_close(&writer);
	}
	xml_close(&writer);
}

static void write_idle(struct xml_writer *writer, const struct presence_view *view)
{
	char stamp[TIMESTAMP_CHARS];

	timestamp_format(view->idle_since_ms, stamp);
	if (!view->idle || stamp[0] == '\0')
		return; /* XEP-0319 requires the time */
	xml_open(writer, "idle");
	xml_attr(writer, "xmlns", "urn:xmpp:idle:1");
	xml_attr(writer, "since", stamp);
	xml_close(writer);
}

/* One show and one priority at most, none when unavailable (CMP-036, PRES-139). */
static void write_available(struct xml_writer *writer, const struct presence_view *view)
{
	char number[16];

	xml_element(writer, "show", show_name(view->show));
	if (view->priority >= 0) {
		int priority = view->priority > 127 ? 127 : view->priority;

		(void)snprintf(number, sizeof number, "%d", priority);
		xml_element(writer, "priority", number);
	}
}

/* PRS-003, PRES-141: he is gone since then; 0: nobody knows. */
static void write_delay(struct xml_writer *writer, int64_t since_ms, const char *from)
{
	char stamp[TIMESTAMP_CHARS];

	timestamp_format(since_ms, stamp);
	if (since_ms == 0 || stamp[0] == '\0')
		return;
	xml_open(writer, "delay");
	xml_attr(writer, "xmlns", "urn:xmpp:delay");
	xml_attr(writer, "from", from);
	xml_attr(writer, "stamp", stamp);
	xml_close(writer);
}

static void write_caps(struct xml_writer *writer, const struct presence_extra *extra)
{
	xml_open(writer, "c");
	xml_attr(writer, "xmlns", "http://jabber.org/protocol/caps");
	xml_attr(writer, "hash", "sha-1");
	xml_attr(writer, "node", extra->caps_node);
	xml_attr(writer, "ver", extra->caps_ver);
	xml_close(writer);
}

static void write_status(struct xml_writer *writer, const struct presence_view *view, size_t i)
{
	const char *lang = view->texts[i].lang;
	const char *pieces[VIEW_PIECES_MAX];
	size_t count = presence_view_pieces(view, i, pieces);

	xml_open(writer, "status");
	xml_attr(writer, "xml:lang", lang[0] == '\0' ? NULL : lang);
	for (size_t at = 0; at < count; at++)
		xml_text(writer, pieces[at]);
	xml_close(writer);
}

void presence_stanza_write_more(struct buf *out, const char *from, const char *to, const char *id,
				const struct presence_view *view,
				const struct presence_extra *extra)
{
	struct xml_writer writer;

	xml_writer_init(&writer, out);
	open_presence(&writer, view->available ? PRESENCE_AVAILABLE : PRESENCE_UNAVAILABLE, from,
		      to, id);
	if (view->available)
		write_available(&writer, view);
	for (size_t i = 0; i < view->text_count; i++)
		write_status(&writer, view, i);
	if (view->available)
		write_idle(&writer, view);
	if (extra != NULL && view->available && extra->caps_ver != NULL)
		write_caps(&writer, extra);
	if (extra != NULL && !view->available && extra->delay_from != NULL)
		write_delay(&writer, view->since_ms, extra->delay_from);
	xml_close(&writer);
}

void presence_stanza_write_view(struct buf *out, const char *from, const char *to, const char *id,
				const struct presence_view *view)
{
	presence_stanza_write_more(out, from, to, id, view, NULL);
}
