/* The text of a MESSAGE request out; see message_text.h. */
#include "sip/message_text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "loop/loop.h"
#include "model/fault.h"
#include "model/message.h"
#include "model/profile.h"
#include "sip/header_text.h"
#include "sip/side_core.h"

enum {
	UDP_REQUEST_MAX = 1300, /* SIP-046, MSG-023: the whole request */
	VIA_ROOM = 150,         /* Via is added when it is sent */
	HEAD_ROOM = 800,        /* with a short text still one of malloc's quick sizes */
	TAG_CHARS = 16
};

/* D-35: all ids of the message come from its uid, so that a repeat carries the same. */
static void write_ids(const struct side_core *core, const char *uid, char call_id[],
		      char tag[TAG_CHARS + 1])
{
	char hash[HASH_HEX_CHARS + 1];
	struct buf text = BUF_INIT;

	buf_puts(&text, "call-id ");
	buf_puts(&text, uid);
	hash_hex(core->params->key, text.data, text.len, call_id);
	buf_reset(&text);
	buf_puts(&text, "tag ");
	buf_puts(&text, uid);
	hash_hex(core->params->key, text.data, text.len, hash);
	memcpy(tag, hash, TAG_CHARS);
	tag[TAG_CHARS] = '\0';
	buf_free(&text);
}

/* AST-5: quotes come out of Asterisk unescaped. */
static bool is_asterisk(const struct sip_peer *peer)
{
	return peer != NULL && peer->profile.name != NULL &&
	       strcmp(peer->profile.name, "asterisk") == 0;
}

/* Faster than a format, and this is written for every message. */
static void put(struct buf *out, const char *a, const char *b, const char *c)
{
	buf_puts(out, a);
	buf_puts(out, b);
	buf_puts(out, c);
}

static void write_head(const struct side_core *core, const char *from_uri, const char *to_uri,
		       const char *domain, const struct message *message, struct buf *out)
{
	const struct sip_peer *peer = side_core_peer(core, domain);
	char call_id[HASH_HEX_CHARS + 1], tag[TAG_CHARS + 1];

	write_ids(core, message->uid, call_id, tag);
	put(out, "MESSAGE ", to_uri, " SIP/2.0\r\n");
	side_core_route(core, domain, out);
	buf_puts(out, "From: ");
	header_text_display(out, message->nick, is_asterisk(peer));
	put(out, "<", from_uri, ">;tag=");
	put(out, tag, "\r\nTo: <", to_uri);
	put(out, ">\r\nCall-ID: ", call_id, "\r\nCSeq: 1 MESSAGE\r\n");
	side_core_common(core, peer, message->hops, out);
}

/* The blanks at its end would be no part of it (RFC 3261 section 7.3.1). */
static void write_subject(const char *subject, struct buf *out)
{
	buf_puts(out, "Subject: ");
	header_text_clean(out, subject, strlen(subject));
	while (out->data[out->len - 1] == ' ')
		out->len--;
	buf_puts(out, "\r\n");
}

static void write_content(const struct side_core *core, const struct message *message,
			  struct buf *out)
{
	buf_puts(out, "Date: "); /* D-44 */
	header_text_date(out, message->sent_at_ms != 0 ? message->sent_at_ms
						       : loop_wall_ms(core->params->loop));
	buf_puts(out, "\r\n");
	if (message->subject != NULL && message->subject[0] != '\0') /* MSG-010, SEC-060 */
		write_subject(message->subject, out);
	if (message->lang != NULL && header_text_is_language(message->lang, strlen(message->lang)))
		put(out, "Content-Language: ", message->lang, "\r\n");
	buf_puts(out, "Content-Type: text/plain;charset=UTF-8\r\nContent-Length: ");
	header_text_put_number(out, message->body_len);
	buf_puts(out, "\r\n\r\n");
	buf_append(out, message->body, message->body_len);
}

static int too_long(struct fault *fault, size_t most)
{
	char text[FAULT_TEXT_MAX];

	(void)snprintf(text, sizeof text,
		       "Message too long for the SIP side: at most %zu bytes of text", most);
	fault_set(fault, FAULT_TOO_LARGE, text);
	return E2BIG;
}

int message_text_write(const struct side_core *core, const char *from_uri, const char *to_uri,
		       const char *domain, const struct message *message, struct buf *out,
		       struct fault *fault)
{
	const struct sip_peer *peer = side_core_peer(core, domain);
	size_t head;

	if (peer != NULL && peer->profile.body_max_bytes > 0 &&
	    message->body_len > (size_t)peer->profile.body_max_bytes)
		return too_long(fault, (size_t)peer->profile.body_max_bytes);
	buf_reserve(out, HEAD_ROOM + message->body_len);
	write_head(core, from_uri, to_uri, domain, message, out);
	write_content(core, message, out);
	head = out->len - message->body_len + VIA_ROOM;
	if (head + message->body_len > UDP_REQUEST_MAX &&
	    !side_core_is_stream(core, domain, to_uri)) {
		buf_reset(out);
		return too_long(fault, head < UDP_REQUEST_MAX ? UDP_REQUEST_MAX - head : 0);
	}
	return 0;
}
