/* The text of a MESSAGE request out; see message_text.h. */
#include "sip/message_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "sip/agent.h"
#include "sip/header_text.h"
#include "sip/side_core.h"

enum {
	UDP_REQUEST_MAX = 1300, /* SIP-046, MSG-023: the whole request */
	VIA_ROOM = 90,          /* Via is added when it is sent, */
	VIA_HOST_ROOM = 48,     /* with an address if there is no name for it */
	LENGTH_DIGITS = 5,
	BRANCH_INSTANCE = 12, /* characters */
	BRANCH_HASH = 24,
	HEAD_ROOM = 800 /* with a short text still one of malloc's quick sizes */
};

void message_text_tag(const struct side_core *core, const char *uid, size_t part,
		      char tag[MESSAGE_TAG_CHARS + 1])
{
	char hash[HASH_HEX_CHARS + 1];
	struct buf text = BUF_INIT;

	buf_puts(&text, "tag ");
	header_text_put_number(&text, part);
	buf_putc(&text, ' ');
	buf_puts(&text, uid);
	hash_hex(core->params->key, text.data, text.len, hash);
	memcpy(tag, hash, MESSAGE_TAG_CHARS);
	tag[MESSAGE_TAG_CHARS] = '\0';
	buf_free(&text);
}

/* SOF-025; our instance is in it, so that a loop shows in any Via (SEC-071). */
void message_text_branch(const struct side_core *core, const char *what, size_t len,
			 char branch[MESSAGE_BRANCH_MAX])
{
	static const char head[] = "branch=z9hG4bK";
	char hash[HASH_HEX_CHARS + 1];
	size_t instance = strnlen(agent_instance(core->agent), BRANCH_INSTANCE);

	hash_hex(core->params->key, what, len, hash);
	memcpy(branch, head, sizeof head - 1);
	branch += sizeof head - 1;
	memcpy(branch, agent_instance(core->agent), instance);
	branch += instance;
	*branch++ = '.';
	memcpy(branch, hash, BRANCH_HASH);
	branch[BRANCH_HASH] = '\0';
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

static void put_number(struct buf *out, const char *before, uint64_t number, const char *after)
{
	buf_puts(out, before);
	header_text_put_number(out, number);
	buf_puts(out, after);
}

static void write_head(const struct side_core *core, const struct message_request *request,
		       struct buf *out)
{
	const struct sip_peer *peer = side_core_peer(core, request->domain);

	put(out, "MESSAGE ", request->uri, " SIP/2.0\r\n");
	side_core_route(core, request->domain, out);
	buf_puts(out, "From: ");
	header_text_display(out, request->nick, is_asterisk(peer));
	put(out, "<", request->from_uri, ">;tag=");
	put(out, request->tag, "\r\nTo: <", request->to_uri);
	put(out, ">\r\nCall-ID: ", request->call_id, "\r\n");
	put_number(out, "CSeq: ", request->cseq, " MESSAGE\r\n");
	side_core_common(core, peer, request->hops, out);
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

/* All but Content-Length. */
static void write_content(const struct message_request *request, struct buf *out)
{
	const char *lang = request->lang;

	if (request->date_ms != 0) { /* D-44 */
		buf_puts(out, "Date: ");
		header_text_date(out, request->date_ms);
		buf_puts(out, "\r\n");
	}
	if (request->expires_s > 0) /* MSG-026 */
		put_number(out, "Expires: ", (uint64_t)request->expires_s, "\r\n");
	if (request->subject != NULL && request->subject[0] != '\0') /* MSG-010, SEC-060 */
		write_subject(request->subject, out);
	if (lang != NULL && header_text_is_language(lang, strlen(lang)))
		put(out, "Content-Language: ", lang, "\r\n");
	if (request->disposition != NULL)
		put(out, "Content-Disposition: ", request->disposition, "\r\n");
	put(out, "Content-Type: ", request->type, "\r\n");
}

void message_text_write(const struct side_core *core, const struct message_request *request,
			struct buf *out)
{
	buf_reserve(out, HEAD_ROOM + request->body_len);
	write_head(core, request, out);
	write_content(request, out);
	put_number(out, "Content-Length: ", request->body_len, "\r\n\r\n");
	buf_append(out, request->body, request->body_len);
}

size_t message_text_room(const struct side_core *core, const struct message_request *request)
{
	struct buf head = BUF_INIT;
	const char *host = core->params->advertise;
	size_t used;

	write_head(core, request, &head);
	write_content(request, &head);
	used = head.len + strlen("Content-Length: \r\n\r\n") + LENGTH_DIGITS + VIA_ROOM +
	       (host != NULL ? strlen(host) : VIA_HOST_ROOM);
	buf_free(&head);
	return used < UDP_REQUEST_MAX ? UDP_REQUEST_MAX - used : 0;
}
