/* libxml2 behind one door; LXM-001 to LXM-008 are what its defaults would do. */
#include "translate/xml.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/catalog.h>
#include <libxml/dict.h>
#include <libxml/parser.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "translate/text_span.h"

/* LXM-001: exactly these, nowhere else. */
static const int parse_options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
				 XML_PARSE_NOCDATA | XML_PARSE_COMPACT;

enum { DICT_NAMES_MAX = 2048 }; /* that a kept context may have collected (SEC-088) */

/* A context costs more than a small document to make, so each thread keeps one (LXM-008). It holds
 * no state between documents but the names it has seen. */
static _Thread_local xmlParserCtxt *kept;

static xmlParserInput *refuse_entity(const char *url, const char *id, xmlParserCtxt *context)
{
	(void)url;
	(void)id;
	(void)context;
	return NULL;
}

static void refuse_subset(void *context, const xmlChar *name, const xmlChar *id, const xmlChar *uri)
{
	(void)name;
	(void)id;
	(void)uri;
	xmlStopParser(context);
}

static void free_kept(void)
{
	if (kept != NULL)
		xmlFreeParserCtxt(kept);
	kept = NULL;
}

/* LXM-004 to LXM-006: once in a process. */
static void init_library(void)
{
	static bool is_done;

	if (is_done)
		return;
	is_done = true;
	xmlInitParser();
	xmlCatalogSetDefaults(XML_CATA_ALLOW_NONE);
	xmlSetExternalEntityLoader(refuse_entity);
	(void)atexit(free_kept);
}

static xmlParserCtxt *get_context(void)
{
	if (kept != NULL && xmlDictSize(kept->dict) > DICT_NAMES_MAX)
		free_kept();
	if (kept != NULL)
		return kept;
	init_library();
	kept = xmlNewParserCtxt();
	if (kept == NULL)
		mem_run_out();
	kept->sax->internalSubset = refuse_subset;
	kept->sax->externalSubset = refuse_subset;
	return kept;
}

/* text is UTF-8 and starts with the root element: no declaration, no DOCTYPE. */
static xmlDoc *parse_element(const char *text, size_t len)
{
	xmlParserCtxt *context = get_context();
	xmlDoc *doc;

	if (len > INT_MAX)
		return NULL;
	doc = xmlCtxtReadMemory(context, text, (int)len, NULL, "UTF-8", parse_options);
	if (doc == NULL)
		return NULL;
	if (context->errNo == XML_ERR_USER_STOP || doc->intSubset != NULL ||
	    doc->extSubset != NULL || xmlDocGetRootElement(doc) == NULL)
		xml_release(&doc); /* LXM-002 */
	return doc;
}

static int parse_whole(const char *text, size_t len, xmlDoc **out)
{
	size_t root;
	int err = xml_scan(text, len, &root);

	if (err != 0)
		return err;
	*out = parse_element(text + root, len - root);
	return *out == NULL ? EBADMSG : 0;
}

static int parse_utf8(const char *text, size_t len, xmlDoc **out)
{
	struct buf mended = BUF_INIT;
	int err = parse_whole(text, len, out);

	if (err == EBADMSG && xml_mend(text, len, &mended))
		err = parse_whole(mended.data, mended.len, out);
	buf_free(&mended);
	return err;
}

/* True if the prolog names Latin-1; only asked when the bytes are not UTF-8. */
static bool is_declared_latin1(const char *text, size_t len)
{
	const char *end = memmem(text, len, "?>", 2);
	size_t head;

	if (!text_starts(text, len, "<?xml") || end == NULL)
		return false;
	head = (size_t)(end - text);
	for (size_t i = 0; i + 11 <= head; i++) {
		if (text_is_like(text + i, 10, "iso-8859-1") &&
		    (text[i + 10] == '"' || text[i + 10] == '\''))
			return true;
	}
	return false;
}

static int parse_latin1(const char *text, size_t len, xmlDoc **out)
{
	struct buf utf8 = BUF_INIT;
	int err;

	buf_reserve(&utf8, len * 2);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x80) {
			buf_putc(&utf8, (char)c);
			continue;
		}
		buf_putc(&utf8, (char)(0xC0 | (c >> 6)));
		buf_putc(&utf8, (char)(0x80 | (c & 0x3F)));
	}
	err = parse_utf8(utf8.data, utf8.len, out);
	buf_free(&utf8);
	return err;
}

int xml_parse(const char *text, size_t len, size_t max_bytes, xmlDoc **out)
{
	*out = NULL;
	if (len > max_bytes)
		return E2BIG;
	while (len > 0 && (text_is_space(text[len - 1]) || text[len - 1] == '\0'))
		len--; /* COMPAT(phones): a NUL counted as part of the body */
	if (len == 0 || memchr(text, '\0', len) != NULL)
		return EBADMSG;
	if (utf8_is_valid(text, len)) /* SIP-112, PBX-027 */
		return parse_utf8(text, len, out);
	if (is_declared_latin1(text, len))
		return parse_latin1(text, len, out);
	return EBADMSG;
}

void xml_release(xmlDoc **doc)
{
	if (*doc != NULL)
		xmlFreeDoc(*doc);
	*doc = NULL;
}

const char *xml_namespace(const xmlNode *node)
{
	return node->ns != NULL && node->ns->href != NULL ? (const char *)node->ns->href : "";
}

bool xml_is(const xmlNode *node, const char *ns, const char *name)
{
	return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0 &&
	       strcmp(xml_namespace(node), ns == NULL ? "" : ns) == 0;
}

/* Never xmlNodeGetContent(): it expands (LXM-002). */
void xml_content(const xmlNode *node, struct buf *out)
{
	const char *text;
	size_t len;

	buf_reset(out);
	for (const xmlNode *child = node->children; child != NULL; child = child->next) {
		if (child->type == XML_TEXT_NODE && child->content != NULL)
			buf_puts(out, (const char *)child->content);
	}
	text = buf_text(out);
	len = out->len;
	text_trim(&text, &len);
	buf_consume(out, (size_t)(text - buf_text(out)));
	if (out->len > len) {
		out->len = len;
		out->data[len] = '\0';
	}
}

const char *xml_attribute(const xmlNode *node, const char *ns, const char *name)
{
	for (const xmlAttr *attr = node->properties; attr != NULL; attr = attr->next) {
		const char *href = attr->ns == NULL ? NULL : (const char *)attr->ns->href;
		const xmlNode *value = attr->children;

		if (strcmp((const char *)attr->name, name) != 0)
			continue;
		if (ns == NULL ? href != NULL : href == NULL || strcmp(href, ns) != 0)
			continue;
		if (value == NULL)
			return "";
		if (value->type == XML_TEXT_NODE && value->next == NULL && value->content != NULL)
			return (const char *)value->content;
	}
	return NULL;
}

const char *xml_lang(const xmlNode *node)
{
	for (; node != NULL && node->type == XML_ELEMENT_NODE; node = node->parent) {
		const char *lang = xml_attribute(node, (const char *)XML_XML_NAMESPACE, "lang");

		if (lang != NULL)
			return lang;
	}
	return NULL;
}
