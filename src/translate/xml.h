/* XML bodies from SIP, read by libxml2 in one place with one set of options (SEC-055, LXM-001):
 * bounded, without network, DTD or entities. The result is a tree of elements and text only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <libxml/tree.h>

struct buf;

enum { XML_DEPTH_MAX = 32, XML_NODES_MAX = 4096, XML_ATTRIBUTES_MAX = 64 };

/* Looks over text before any parser sees it: finds the root element behind the prolog, whose
 * DOCTYPE without internal subset is passed over (D-59), and counts nodes, depth and attributes.
 * It agrees with XML on every well-formed document, and the parser stops where one ceases to be
 * well-formed. Returns 0 and the offset of the root element; EBADMSG not XML; EPROTO a DOCTYPE with
 * internal subset; E2BIG over a limit above. */
int xml_scan(const char *text, size_t len, size_t *root);

/* What one PBX leaves unescaped: appends text to *out with every bare '&' written as a reference,
 * and without empty rpid elements whose name is no name (it writes the user's note there). Returns
 * false if there was nothing, or too much, to mend. */
bool xml_mend(const char *text, size_t len, struct buf *out);

/* Parses text[0..len). Bytes that are valid UTF-8 are UTF-8 whatever the prolog says (SIP-112);
 * others only if it says ISO-8859-1. What is not well-formed is tried once more after xml_mend().
 * The caller frees *out with xml_release(). Errors as xml_scan; E2BIG also beyond max_bytes. */
int xml_parse(const char *text, size_t len, size_t max_bytes, xmlDoc **out);
void xml_release(xmlDoc **doc);

/* True for an element of that namespace (NULL: none) and name. */
bool xml_is(const xmlNode *node, const char *ns, const char *name);
/* The namespace of an element, "" if it has none. */
const char *xml_namespace(const xmlNode *node);
/* Replaces the content of out by the text directly inside node, without white space at the ends. */
void xml_content(const xmlNode *node, struct buf *out);
/* The value of an attribute (ns NULL: without namespace), or NULL. Borrowed from the tree. */
const char *xml_attribute(const xmlNode *node, const char *ns, const char *name);
/* The nearest xml:lang of node and its ancestors, or NULL. */
const char *xml_lang(const xmlNode *node);
