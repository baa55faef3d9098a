/* XEP-0100 section 6: what a person types becomes the JID of a SIP user. */
#include <string.h>
#include <strophe.h>

#include "base/buf.h"
#include "model/fault.h"
#include "model/presence_words.h"
#include "translate/address_map.h"
#include "translate/stanza_tree.h"
#include "translate/text_span.h"
#include "translate/xml_writer.h"
#include "xmpp/inbox.h"
#include "xmpp/iq.h"
#include "xmpp/side_private.h"

#define NS_GATEWAY "jabber:iq:gateway"

enum { TYPED_MAX = 1023 };

/* That of the request, else the configured one. */
static int language_of(const struct iq *iq)
{
	const struct presence_rules *rules = iq->in->side->params.rules;
	const char *tag = tree_lang(iq->payload);
	int found;

	if (tag == NULL)
		tag = tree_lang(iq->in->stanza);
	found = tag != NULL ? presence_words_language(tag) : -1;
	if (found >= 0)
		return found;
	return rules != NULL ? rules->language : 0;
}

static void say_prompt(const struct iq *iq)
{
	int language = language_of(iq);
	struct xml_writer writer;

	iq_answer(iq, &writer);
	xml_open(&writer, "query");
	xml_attr(&writer, "xmlns", NS_GATEWAY);
	xml_element(&writer, "desc", presence_words_prompt_text(language));
	xml_element(&writer, "prompt", presence_words_prompt(language));
	xml_close(&writer);
	iq_finish(iq, &writer);
}

static bool has_scheme(const char *text)
{
	static const char *const schemes[] = {"sip:", "sips:", "tel:", "im:", "pres:"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (strncasecmp(text, schemes[i], strlen(schemes[i])) == 0)
			return true;
	}
	return false;
}

/* A number as people write it: what stands between its digits is no part of it. */
static void put_local(struct buf *out, const char *typed)
{
	static const char separators[] = " -./()";

	if (strspn(typed, "+0123456789 -./()") != strlen(typed)) {
		buf_puts(out, typed);
		return;
	}
	for (; *typed != '\0'; typed++) {
		if (strchr(separators, *typed) == NULL)
			buf_putc(out, *typed);
	}
}

/* `201` means a user of the SIP domain that this component shows. */
static bool read_typed(const struct inbound *in, const char *typed, struct address *out)
{
	struct address_map *map = in->side->params.map;
	struct buf uri = BUF_INIT;
	const char *why;
	bool is_read;

	if (has_scheme(typed)) {
		buf_puts(&uri, typed);
	} else if (strchr(typed, '@') != NULL) {
		buf_printf(&uri, "sip:%s", typed);
	} else {
		buf_puts(&uri, "sip:");
		put_local(&uri, typed);
		buf_printf(&uri, "@%s", in->target.domain);
	}
	is_read = address_from_peer_uri(map, buf_text(&uri), uri.len, in->target.domain, out, NULL,
					&why) == 0;
	buf_free(&uri);
	if (is_read && (out->side != SIDE_SIP || out->local[0] == '\0')) {
		address_clear(out);
		return false;
	}
	return is_read;
}

/* Older clients look for the address in <prompt/> (X0100-1). */
static void say_jid(const struct iq *iq, const char *jid)
{
	struct xml_writer writer;

	iq_answer(iq, &writer);
	xml_open(&writer, "query");
	xml_attr(&writer, "xmlns", NS_GATEWAY);
	xml_element(&writer, "jid", jid);
	xml_element(&writer, "prompt", jid);
	xml_close(&writer);
	iq_finish(iq, &writer);
}

static void answer_typed(const struct iq *iq, const char *typed)
{
	struct buf jid = BUF_INIT;
	struct address address;

	if (!read_typed(iq->in, typed, &address)) {
		inbound_refuse_with(iq->in, FAULT_NOT_ACCEPTABLE,
				    "not an address that can be reached here");
		return;
	}
	if (address_to_jid(iq->in->side->params.map, &address, &jid) == 0)
		say_jid(iq, buf_text(&jid));
	else
		inbound_refuse_with(iq->in, FAULT_ITEM_NOT_FOUND, NULL);
	address_clear(&address);
	buf_free(&jid);
}

/* The text of <prompt/> without blanks around it, as a string in out; false: none, or too long. */
static bool typed_text(const struct iq *iq, struct buf *out)
{
	const struct _xmpp_stanza_t *prompt = tree_find(iq->payload, NS_GATEWAY, "prompt");
	struct buf scratch = BUF_INIT;
	const char *text;
	size_t len = 0;

	if (prompt != NULL) {
		text = tree_text(prompt, &scratch, &len);
		text_trim(&text, &len);
		if (len <= TYPED_MAX)
			buf_append(out, text, len);
	}
	buf_free(&scratch);
	return out->len > 0;
}

void iq_gateway(const struct iq *iq)
{
	struct buf typed = BUF_INIT;

	if (iq->target != IQ_COMPONENT || !iq->in->may_use || !iq->in->has_target)
		inbound_refuse_with(iq->in, FAULT_SERVICE_UNAVAILABLE, NULL);
	else if (!iq->is_set)
		say_prompt(iq);
	else if (typed_text(iq, &typed))
		answer_typed(iq, buf_text(&typed));
	else
		inbound_refuse_with(iq->in, FAULT_BAD_REQUEST, NULL);
	buf_free(&typed);
}
