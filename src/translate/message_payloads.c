/* Which of the many payloads a chat client sends means what for a phone: decided here, in one place
 * (D-45). */
#include "translate/message_payloads.h"

#include <string.h>

#include "base/buf.h"
#include "translate/stanza_tree.h"
#include "translate/text_span.h"

#define NS_OOB       "jabber:x:oob"
#define NS_SFS       "urn:xmpp:sfs:0"
#define NS_SIMS      "urn:xmpp:sims:1"
#define NS_REFERENCE "urn:xmpp:reference:0"
#define NS_REACTIONS "urn:xmpp:reactions:0"
#define NS_RETRACT   "urn:xmpp:message-retract:"

enum {
	URL_BYTES_MAX = 4096,
	URLS_MAX = 16, /* of one stanza */
	REACTIONS_MAX = 16,
	REACTION_BYTES_MAX = 64
};

/* Finding -------------------------------------------------------------------------------------- */

/* MSG-029: the one without own language, else the first. */
static void choose(const struct _xmpp_stanza_t **chosen, const struct _xmpp_stanza_t *node)
{
	if (*chosen == NULL || (tree_lang(*chosen) != NULL && tree_lang(node) == NULL))
		*chosen = node;
}

static void find_own(struct payloads *payloads, const struct _xmpp_stanza_t *node, const char *name)
{
	if (strcmp(name, "body") == 0)
		choose(&payloads->body, node);
	else if (strcmp(name, "subject") == 0)
		choose(&payloads->subject, node);
	else if (strcmp(name, "thread") == 0 && payloads->thread == NULL)
		payloads->thread = node;
}

struct finding {
	struct payloads *payloads;
	struct message_stanza *stanza;
	const struct _xmpp_stanza_t *node;
};

static void find_omemo(const struct finding *at)
{
	const struct _xmpp_stanza_t *child = tree_first(at->node);

	while (child != NULL &&
	       (tree_name(child) == NULL || strcmp(tree_name(child), "payload") != 0))
		child = tree_next(child);
	if (child == NULL)
		at->payloads->is_key_transport = true;
	else
		at->payloads->is_encrypted = true;
}

static void find_encrypted(const struct finding *at)
{
	at->payloads->is_encrypted = true;
}

static void find_mark(const struct finding *at)
{
	at->payloads->is_marked = true;
}

static void find_attachment(const struct finding *at)
{
	at->payloads->has_attachments = true;
}

static void find_nick(const struct finding *at)
{
	at->payloads->nick = at->node;
}

static void find_correction(const struct finding *at)
{
	at->payloads->is_correction = true;
}

static void find_retraction(const struct finding *at)
{
	at->payloads->is_retraction = true;
}

/* Version 0 of XEP-0424 wrapped it (XEP-0422). */
static void find_fastening(const struct finding *at)
{
	if (tree_find(at->node, NS_RETRACT "0", "retract") != NULL)
		at->payloads->is_retraction = true;
}

static void find_reactions(const struct finding *at)
{
	at->payloads->reactions = at->node;
}

static void find_fallback(const struct finding *at)
{
	const char *what = tree_attr(at->node, "for");

	if (what != NULL && strcmp(what, NS_REACTIONS) == 0)
		at->payloads->is_fallback_for_reactions = true;
	if (what != NULL && text_starts(what, strlen(what), NS_RETRACT))
		at->payloads->is_retraction = true;
}

static void find_copy(const struct finding *at)
{
	at->payloads->is_copy = true;
}

static void find_hint(const struct finding *at)
{
	at->payloads->must_not_wait = true;
}

static void find_state(const struct finding *at)
{
	static const struct {
		const char *name;
		enum chat_state state;
	} states[] = {
		{"active", CHAT_STATE_ACTIVE}, {"composing", CHAT_STATE_COMPOSING},
		{"paused", CHAT_STATE_PAUSED}, {"inactive", CHAT_STATE_INACTIVE},
		{"gone", CHAT_STATE_GONE},
	};
	const char *name = tree_name(at->node);

	/* TYPE-012: of several the first counts. */
	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		if (at->stanza->state == CHAT_STATE_NONE && strcmp(states[i].name, name) == 0)
			at->stanza->state = states[i].state;
	}
}

static void find_request(const struct finding *at)
{
	at->payloads->wants |= WANTS_DELIVERED | WANTS_FAILED; /* RCPT-039 */
}

static void find_markable(const struct finding *at)
{
	at->payloads->wants |= WANTS_DISPLAYED; /* RCPT-040 */
}

static void add_report(const struct finding *at, enum report_kind kind)
{
	struct message_stanza *stanza = at->stanza;
	const char *id = tree_attr(at->node, "id");

	if (id == NULL || id[0] == '\0' || strlen(id) > MESSAGE_UID_MAX ||
	    stanza->report_count == MESSAGE_STANZA_REPORTS_MAX)
		return;
	stanza->reports[stanza->report_count].kind = kind;
	stanza->reports[stanza->report_count].about = id;
	stanza->report_count++;
}

static void find_received(const struct finding *at)
{
	add_report(at, REPORT_DELIVERED);
}

static void find_displayed(const struct finding *at)
{
	add_report(at, REPORT_DISPLAYED);
}

/* All others are passed over (XCP-011, CMP-019). A namespace that ends with a colon stands for all
 * its versions; "" for every name. */
static const struct {
	const char *ns;
	const char *name;
	void (*find)(const struct finding *at);
} extensions[] = {
	{NS_CHAT_STATES, "", find_state},
	{NS_RECEIPTS, "request", find_request},
	{NS_RECEIPTS, "received", find_received},
	{NS_MARKERS, "markable", find_markable},
	{NS_MARKERS, "displayed", find_displayed},
	{NS_MARKERS, "received", find_received}, /* RCPT-037, D-60 */
	{NS_MARKERS, "acknowledged", find_displayed},
	{NS_HINTS, "no-store", find_hint},
	{NS_HINTS, "no-permanent-store", find_hint},
	{NS_NICK, "nick", find_nick},
	{NS_OOB, "x", find_attachment},
	{NS_SFS, "file-sharing", find_attachment},
	{NS_SFS, "sources", find_attachment},
	{NS_REFERENCE, "reference", find_attachment},
	{"urn:xmpp:eme:0", "encryption", find_mark},
	{"eu.siacs.conversations.axolotl", "encrypted", find_omemo},
	{"urn:xmpp:omemo:", "encrypted", find_omemo},
	{"urn:xmpp:openpgp:0", "openpgp", find_encrypted},
	{"jabber:x:encrypted", "x", find_encrypted},
	{"urn:xmpp:message-correct:0", "replace", find_correction},
	{NS_RETRACT, "retract", find_retraction},
	{"urn:xmpp:fasten:0", "apply-to", find_fastening},
	{NS_REACTIONS, "reactions", find_reactions},
	{"urn:xmpp:fallback:0", "fallback", find_fallback},
	{"urn:xmpp:carbons:", "sent", find_copy}, /* X0280-1 */
	{"urn:xmpp:carbons:", "received", find_copy},
	{"urn:xmpp:mam:", "", find_copy}, /* X999-3 */
	{"urn:xmpp:jingle-message:", "", find_copy},
};

static bool is_ns(const char *ns, const char *wanted)
{
	size_t len = strlen(wanted);

	return wanted[len - 1] == ':' ? strncmp(ns, wanted, len) == 0 : strcmp(ns, wanted) == 0;
}

static void find_extension(const struct finding *at, const char *name, const char *ns)
{
	for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++) {
		const char *wanted = extensions[i].name;

		if ((wanted[0] == '\0' || strcmp(wanted, name) == 0) &&
		    is_ns(ns, extensions[i].ns)) {
			extensions[i].find(at);
			return;
		}
	}
}

void payloads_find(const struct _xmpp_stanza_t *tree, struct payloads *out,
		   struct message_stanza *stanza)
{
	*out = (struct payloads){0};
	for (const struct _xmpp_stanza_t *node = tree_first(tree); node != NULL;
	     node = tree_next(node)) {
		const char *name = tree_name(node), *ns;

		if (name == NULL)
			continue;
		ns = tree_ns(node);
		if (tree_ns_is_own(ns))
			find_own(out, node, name);
		else
			find_extension(&(struct finding){out, stanza, node}, name, ns);
	}
}

/* The text ------------------------------------------------------------------------------------- */

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

static bool is_one_line(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20)
			return false;
	}
	return true;
}

/* True if the text has this URL already, and not only as the start of another. */
static bool has_url(const struct buf *body, const char *url, size_t len)
{
	size_t from = 0;

	while (from < body->len) {
		const char *at = memmem(body->data + from, body->len - from, url, len);
		size_t end;

		if (at == NULL)
			return false;
		end = (size_t)(at - body->data) + len;
		if (end == body->len || text_is_space(body->data[end]) ||
		    strchr(">)]\"'", body->data[end]) != NULL)
			return true;
		from = end;
	}
	return false;
}

/* "its URL, once" (D-45, MSG-031). */
static void append_url(const char *url, size_t len, struct buf *body)
{
	text_trim(&url, &len);
	if (len == 0 || len > URL_BYTES_MAX || !is_one_line(url, len) || has_url(body, url, len))
		return;
	if (body->len > 0)
		buf_putc(body, '\n');
	buf_append(body, url, len);
}

static bool is_web(const char *url)
{
	return url != NULL && (text_is_like(url, strnlen(url, 8), "https://") ||
			       text_is_like(url, strnlen(url, 7), "http://"));
}

/* Of several sources of one file the first that a browser opens. */
static void append_source(const struct _xmpp_stanza_t *sources, const char *ns, const char *name,
			  const char *attribute, struct buf *body)
{
	if (sources == NULL)
		return;
	for (const struct _xmpp_stanza_t *at = tree_first(sources); at != NULL;
	     at = tree_next(at)) {
		const char *url = tree_is(at, ns, name) ? tree_attr(at, attribute) : NULL;

		if (is_web(url)) {
			append_url(url, strlen(url), body);
			return;
		}
	}
}

/* XEP-0066, XEP-0447, XEP-0385. False if it is none of them. */
static bool append_attachment(const struct _xmpp_stanza_t *node, struct buf *scratch,
			      struct buf *body)
{
	if (tree_is(node, NS_OOB, "x")) {
		const struct _xmpp_stanza_t *url = tree_find(node, NS_OOB, "url");
		size_t len;
		const char *text = url == NULL ? "" : tree_text(url, scratch, &len);

		if (url != NULL)
			append_url(text, len, body);
	} else if (tree_is(node, NS_SFS, "file-sharing") || tree_is(node, NS_SFS, "sources")) {
		append_source(tree_is(node, NS_SFS, "sources") ? node
							       : tree_find(node, NS_SFS, "sources"),
			      "http://jabber.org/protocol/url-data", "url-data", "target", body);
	} else if (tree_is(node, NS_REFERENCE, "reference") &&
		   tree_find(node, NS_SIMS, "media-sharing") != NULL) {
		append_source(
			tree_find(tree_find(node, NS_SIMS, "media-sharing"), NS_SIMS, "sources"),
			NS_REFERENCE, "reference", "uri", body);
	} else {
		return false;
	}
	return true;
}

/* Each costs a walk through the text: those that are in it already count, too. */
static void append_attachments(const struct _xmpp_stanza_t *tree, struct buf *scratch,
			       struct buf *body)
{
	int count = 0;

	for (const struct _xmpp_stanza_t *node = tree_first(tree); node != NULL && count < URLS_MAX;
	     node = tree_next(node))
		count += append_attachment(node, scratch, body);
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

		if (!tree_is(node, NS_REACTIONS, "reaction"))
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

void payloads_make_body(const struct _xmpp_stanza_t *tree, const struct payloads *payloads,
			struct buf *scratch, struct buf *body)
{
	bool is_reaction = payloads->reactions != NULL &&
			   (payloads->body == NULL || payloads->is_fallback_for_reactions);
	const char *text;
	size_t len;

	if (payloads->is_retraction)
		return; /* X0424-1, D-45: nothing */
	if (is_reaction) {
		append_reactions(payloads->reactions, scratch, body);
		return;
	}
	if (payloads->body != NULL) {
		text = tree_text(payloads->body, scratch, &len);
		buf_reserve(body, len + 2);
		if (len > 0 && payloads->is_correction)
			buf_puts(body, "* "); /* X0308-1, MSG-032 */
		append_lines(body, text, len);
	}
	if (payloads->has_attachments)
		append_attachments(tree, scratch, body);
}
