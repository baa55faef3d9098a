/* Reading libstrophe's stanza tree. */
#include "translate/stanza_tree.h"

#include <string.h>

#include <strophe.h>

#include "base/buf.h"
#include "translate/text_span.h"
#include "translate/timestamp.h"

/* The library's getters take pointers to what they do not change. */
static xmpp_stanza_t *plain(const xmpp_stanza_t *node)
{
	return (xmpp_stanza_t *)(uintptr_t)node;
}

const xmpp_stanza_t *tree_first(const xmpp_stanza_t *parent)
{
	return xmpp_stanza_get_children(plain(parent));
}

const xmpp_stanza_t *tree_next(const xmpp_stanza_t *node)
{
	return xmpp_stanza_get_next(plain(node));
}

const char *tree_name(const xmpp_stanza_t *node)
{
	return xmpp_stanza_get_name(plain(node));
}

const char *tree_attr(const xmpp_stanza_t *node, const char *name)
{
	return xmpp_stanza_get_attribute(plain(node), name);
}

const char *tree_ns(const xmpp_stanza_t *node)
{
	return xmpp_stanza_get_ns(plain(node));
}

const char *tree_lang(const xmpp_stanza_t *node)
{
	const char *lang = tree_attr(node, "lang");

	if (lang == NULL)
		lang = tree_attr(node, "xml:lang");
	return lang != NULL && text_is_lang(lang, strlen(lang)) ? lang : NULL;
}

bool tree_is(const xmpp_stanza_t *node, const char *ns, const char *name)
{
	const char *its_name = tree_name(node);
	const char *its_ns;

	if (its_name == NULL || strcmp(its_name, name) != 0)
		return false;
	its_ns = xmpp_stanza_get_ns(plain(node));
	return its_ns != NULL && strcmp(its_ns, ns) == 0;
}

bool tree_is_own_ns(const xmpp_stanza_t *node)
{
	return tree_ns_is_own(tree_ns(node));
}

bool tree_ns_is_own(const char *ns)
{
	return ns == NULL || strcmp(ns, "jabber:component:accept") == 0 ||
	       strcmp(ns, "jabber:client") == 0;
}

bool tree_is_own(const xmpp_stanza_t *node, const char *name)
{
	const char *its_name = tree_name(node);

	return its_name != NULL && strcmp(its_name, name) == 0 && tree_is_own_ns(node);
}

const xmpp_stanza_t *tree_find(const xmpp_stanza_t *parent, const char *ns, const char *name)
{
	const xmpp_stanza_t *node = tree_first(parent);

	while (node != NULL && !tree_is(node, ns, name))
		node = tree_next(node);
	return node;
}

static const char *text_of(const xmpp_stanza_t *node)
{
	return xmpp_stanza_is_text(plain(node)) ? xmpp_stanza_get_text_ptr(plain(node)) : NULL;
}

const char *tree_text(const xmpp_stanza_t *node, struct buf *scratch, size_t *len)
{
	const char *first = NULL;
	bool is_single = true;

	for (const xmpp_stanza_t *child = tree_first(node); child != NULL;
	     child = tree_next(child)) {
		const char *text = text_of(child);

		if (text == NULL)
			continue;
		if (first == NULL) {
			first = text;
			continue;
		}
		if (is_single) {
			buf_reset(scratch);
			buf_puts(scratch, first);
			is_single = false;
		}
		buf_puts(scratch, text);
	}
	if (!is_single)
		first = buf_text(scratch);
	*len = first == NULL ? 0 : strlen(first);
	return first == NULL ? "" : first;
}

int64_t tree_delay_ms(const xmpp_stanza_t *stanza)
{
	const xmpp_stanza_t *delay = tree_find(stanza, "urn:xmpp:delay", "delay");
	const char *stamp;
	int64_t ms;

	if (delay == NULL)
		delay = tree_find(stanza, "jabber:x:delay", "x");
	stamp = delay == NULL ? NULL : tree_attr(delay, "stamp");
	if (stamp == NULL || timestamp_parse(stamp, strlen(stamp), &ms) != 0)
		return 0;
	return ms;
}
