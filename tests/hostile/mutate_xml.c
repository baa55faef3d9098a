/* Damage for stanzas that leaves them well-formed. */
#include "hostile/mutate_xml.h"

#include <stdio.h>
#include <string.h>

#include "hostile/mutate_bytes.h"

enum { TEXT_MOST = 300000 };

static const char *const values[] = {
	"",
	" ",
	"chat",
	"normal",
	"headline",
	"groupchat",
	"error",
	"subscribe",
	"subscribed",
	"unsubscribe",
	"unsubscribed",
	"probe",
	"unavailable",
	"invisible",
	"get",
	"set",
	"result",
	"c2@chat.example",
	"c2@chat.example/r",
	"u2@sip.chat.example",
	"u2@sip.chat.example/sip",
	"sip.chat.example",
	"chat.example",
	"a@b@c",
	"@",
	"/",
	"@/",
	"x@chat.example/@",
	"X@CHAT.EXAMPLE",
	"\xc3\x84@chat.example",
	"a\\20b@sip.chat.example",
	"\\5c@sip.chat.example",
	"%00@sip.chat.example",
	"c1%chat.example@sip.chat.example",
	"+49;x=y@sip.chat.example",
	"someone@elsewhere.example",
	"u1@other.sip.chat.example",
	"&amp;&lt;&gt;&quot;&apos;@sip.chat.example",
	"&#x10FFFF;",
	"&#x9;&#xA;&#xD;",
	"\xef\xbf\xbd",
	"\xe2\x80\xaexyz",
	"a\xcc\x81\xcc\x81\xcc\x81",
	"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9",
	"-1",
	"99999999999999999999",
	"urn:ietf:params:xml:ns:xmpp-stanzas",
	"http://jabber.org/protocol/disco#info",
	"urn:xmpp:ping",
	"urn:xmpp:receipts",
	"2026-01-01T00:00:00Z",
	"]]&gt;",
};

static const char *const extra_elements[] = {
	"<x xmlns='jabber:x:data' type='form'><field var='a'><value>b</value></field></x>",
	"<error type='cancel'><item-not-found "
	"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
	"<body>again</body>",
	"<body xml:lang='x'/>",
	"<show>xa</show>",
	"<show>nonsense</show>",
	"<status/>",
	"<priority>1000</priority>",
	"<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='v'/>",
	"<a:b xmlns:a='urn:a' a:c='d'><a:e/></a:b>",
	"<![CDATA[<not><xml>&]]>",
	"<e><e><e><e><e><e><e><e><e><e></e></e></e></e></e></e></e></e></e></e>",
	"<forwarded xmlns='urn:xmpp:forward:0'><message "
	"from='x@y'><body>in</body></message></forwarded>",
	"<private xmlns='urn:xmpp:carbons:2'/>",
	"<no-store xmlns='urn:xmpp:hints'/>",
	"<origin-id xmlns='urn:xmpp:sid:0' id='o'/>",
	"<active xmlns='http://jabber.org/protocol/chatstates'/>",
	"<html xmlns='http://jabber.org/protocol/xhtml-im'><body>h</body></html>",
};

#define PICK(table, rng) ((table)[rng_below((rng), sizeof(table) / sizeof((table)[0]))])

/* A random place in text at which c stands, or len. */
static size_t find_from(const struct buf *text, struct rng *rng, char c)
{
	size_t start = rng_below(rng, text->len);
	const char *at = memchr(text->data + start, c, text->len - start);

	if (at == NULL)
		at = memchr(text->data, c, text->len);
	return at != NULL ? (size_t)(at - text->data) : text->len;
}

/* The attribute value after a random "=' " inside of a tag. */
static void change_attribute(struct buf *text, struct rng *rng)
{
	size_t at = find_from(text, rng, '=');
	const char *stop = NULL;
	const char *value = PICK(values, rng);
	char quote = '\0';

	if (at + 1 >= text->len)
		return;
	quote = text->data[at + 1];
	if (quote != '\'' && quote != '"')
		return; /* an equals sign in text */
	stop = memchr(text->data + at + 2, quote, text->len - at - 2);
	/* xmlns:prefix='' would not be well-formed */
	if (stop == NULL || (value[0] == '\0' && at > 5 && memmem(text->data, at, "xmlns:", 6)))
		return;
	mutate_replace(text, at + 2, (size_t)(stop - text->data) - at - 2, value, strlen(value));
}

static void change_text(struct buf *text, struct rng *rng)
{
	size_t at = find_from(text, rng, '>');
	const char *stop = at + 1 < text->len ? memchr(text->data + at, '<', text->len - at) : NULL;
	const char *value = PICK(values, rng);

	if (stop != NULL && memmem(text->data, text->len, "<![", 3) == NULL)
		mutate_replace(text, at + 1, (size_t)(stop - text->data) - at - 1, value,
			       strlen(value));
}

/* The end of the tag at text[at], or len. */
static size_t tag_end(const struct buf *text, size_t at)
{
	char quote = '\0';

	for (; at < text->len; at++) {
		char c = text->data[at];

		if (quote != '\0')
			quote = c == quote ? '\0' : quote;
		else if (c == '\'' || c == '"')
			quote = c;
		else if (c == '>')
			return at;
	}
	return text->len;
}

/* The length of the whole element that begins at text[at]; 0 if at is no start of one. */
static size_t element_length(const struct buf *text, size_t at)
{
	int depth = 0;
	size_t i = at;

	if (text->data[at + 1] == '/' || text->data[at + 1] == '!')
		return 0;
	while (i < text->len) {
		const char *open = memchr(text->data + i, '<', text->len - i);
		size_t end = 0;

		if (open == NULL || open[1] == '!')
			return 0;
		i = (size_t)(open - text->data);
		end = tag_end(text, i);
		if (end == text->len)
			return 0;
		if (open[1] == '/')
			depth--;
		else if (text->data[end - 1] != '/')
			depth++;
		i = end + 1;
		if (depth == 0)
			return i - at;
	}
	return 0;
}

/* A random element that is not the stanza itself. */
static size_t find_child(const struct buf *text, struct rng *rng, size_t *at)
{
	*at = find_from(text, rng, '<');
	if (*at == 0 || *at + 1 >= text->len)
		return 0;
	return element_length(text, *at);
}

static void repeat_child(struct buf *text, struct rng *rng)
{
	size_t at = 0;
	size_t len = find_child(text, rng, &at);
	size_t times = rng_chance(rng, 95) ? 1 + rng_below(rng, 3) : 1 + rng_below(rng, 3000);
	struct buf copies = BUF_INIT;

	for (size_t i = 0; i < times && text->len + copies.len + len < TEXT_MOST; i++)
		buf_append(&copies, text->data + at, len);
	mutate_replace(text, at, 0, buf_text(&copies), copies.len);
	buf_free(&copies);
}

static void drop_child(struct buf *text, struct rng *rng)
{
	size_t at = 0;
	size_t len = find_child(text, rng, &at);

	mutate_replace(text, at, len, "", 0);
}

/* Puts an element in front of a random closing tag. */
static void add_child(struct buf *text, struct rng *rng)
{
	size_t at = find_from(text, rng, '<');
	const char *element = PICK(extra_elements, rng);

	if (at + 1 < text->len && text->data[at + 1] == '/' &&
	    memmem(text->data, text->len, "<![", 3) == NULL)
		mutate_replace(text, at, 0, element, strlen(element));
}

static void add_deep(struct buf *text, struct rng *rng)
{
	size_t depth = 1 + rng_below(rng, rng_chance(rng, 90) ? 40 : 3000);
	size_t at = find_from(text, rng, '<');
	struct buf tower = BUF_INIT;

	if (at + 1 >= text->len || text->data[at + 1] != '/')
		return;
	for (size_t i = 0; i < depth; i++)
		buf_puts(&tower, "<d>");
	for (size_t i = 0; i < depth; i++)
		buf_puts(&tower, "</d>");
	mutate_replace(text, at, 0, tower.data, tower.len);
	buf_free(&tower);
}

static void add_attributes(struct buf *text, struct rng *rng)
{
	size_t at = find_from(text, rng, '<');
	size_t count = 1 + rng_below(rng, rng_chance(rng, 90) ? 3 : 500);
	unsigned salt = (unsigned)rng_next(rng);
	struct buf list = BUF_INIT;

	if (at + 1 >= text->len || text->data[at + 1] == '/' || text->data[at + 1] == '!')
		return;
	for (at++; at < text->len && strchr(" />\t\r\n", text->data[at]) == NULL;)
		at++;
	for (size_t i = 0; i < count; i++)
		buf_printf(&list, " a%x-%zu='%s'", salt, i, PICK(values, rng));
	mutate_replace(text, at, 0, list.data, list.len);
	buf_free(&list);
}

static void add_long_text(struct buf *text, struct rng *rng)
{
	static const char *const fill[] = {"x",    "&amp;", "\xf0\x9f\x98\x80",
					   "<e/>", "\n",    "&#x200b;"};
	size_t at = find_from(text, rng, '<');
	size_t times = 1 + rng_below(rng, rng_chance(rng, 90) ? 3000 : 60000);
	const char *unit = PICK(fill, rng);
	struct buf run = BUF_INIT;

	if (at + 1 >= text->len || text->data[at + 1] != '/')
		return;
	for (size_t i = 0; i < times && text->len + run.len < TEXT_MOST; i++)
		buf_puts(&run, unit);
	mutate_replace(text, at, 0, run.data, run.len);
	buf_free(&run);
}

void mutate_xml(struct buf *text, struct rng *rng, const struct seed_list *seeds)
{
	typedef void change_fn(struct buf *, struct rng *);
	static change_fn *const changes[] = {change_attribute, change_attribute, change_attribute,
					     change_attribute, change_text,      change_text,
					     repeat_child,     drop_child,       add_child,
					     add_child,        add_attributes,   add_attributes};
	size_t i = rng_below(rng, 100);

	(void)seeds;
	if (i < 96)
		changes[i % (sizeof(changes) / sizeof(changes[0]))](text, rng);
	else if (i < 98)
		add_deep(text, rng);
	else
		add_long_text(text, rng);
}
