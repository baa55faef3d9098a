/* A small tree of XML that can be changed, and the selectors of RFC 5261 section 4.1 on it: what
 * pidf_diff.c works on. libxml2's trees are for reading alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <libxml/tree.h>

struct buf;

enum patch_kind { PATCH_DOCUMENT, PATCH_ELEMENT, PATCH_TEXT, PATCH_COMMENT, PATCH_INSTRUCTION };

struct patch_attribute {
	struct patch_attribute *next;
	char *qname;
	const char *name; /* in qname, behind the prefix */
	char *ns;         /* "" if none */
	char *value;
};

/* A namespace declaration; prefix "" is the default. */
struct patch_binding {
	struct patch_binding *next;
	char *prefix;
	char *uri;
};

struct patch_node {
	enum patch_kind kind;
	struct patch_node *parent, *first, *last, *prev, *next;
	char *qname;      /* of an element; the target of an instruction */
	const char *name; /* in qname, behind the prefix */
	char *ns;         /* of an element; "" if none */
	char *text;       /* of all but elements and documents */
	struct patch_attribute *attributes;
	struct patch_binding *bindings;
};

/* A document without anything in it. */
struct patch_node *patch_new(void);
/* A copy of node and all inside it (xml.h bounds its depth); NULL for kinds that do not count. */
struct patch_node *patch_copy(const xmlNode *node);
/* Frees *node with all inside it, and takes it out of its parent first. */
void patch_free(struct patch_node **node);

/* Puts node (owned from now on) into parent in front of before (NULL: as its last), and declares
 * the namespaces that it uses and that are not in scope there. */
void patch_insert(struct patch_node *parent, struct patch_node *before, struct patch_node *node);
/* Makes one of texts that stand side by side in parent. */
void patch_join_texts(struct patch_node *parent);
/* Gives an element another name; its prefix is bound to ns already. */
void patch_rename(struct patch_node *element, const char *qname, const char *ns);
/* How many elements node stands in, the document counted; and how many it has below itself, itself
 * counted. */
size_t patch_depth(const struct patch_node *node);
size_t patch_height(const struct patch_node *node);

/* The URI that prefix (len bytes) means at node, or NULL. */
const char *patch_lookup(const struct patch_node *node, const char *prefix, size_t len);
void patch_bind(struct patch_node *element, const char *prefix, size_t len, const char *uri);
/* The binding of prefix at element itself, NULL if there is none. */
struct patch_binding *patch_find_binding(const struct patch_node *element, const char *prefix,
					 size_t len);
/* qname with its prefix bound to ns (the caller keeps qname and ns); value is copied. */
void patch_set_attribute(struct patch_node *element, const char *qname, const char *ns,
			 const char *value);
struct patch_attribute *patch_find_attribute(const struct patch_node *element, const char *ns,
					     const char *name, size_t len);
/* Both must be of element. */
void patch_remove_attribute(struct patch_node *element, struct patch_attribute *attribute);
void patch_remove_binding(struct patch_node *element, struct patch_binding *binding);
/* True if something in element's scope of the binding uses it; uri not NULL: it means uri then. */
bool patch_rebind(struct patch_node *element, const struct patch_binding *binding, const char *uri);

/* Appends the tree as text; comments and instructions are not written. */
void patch_write(const struct patch_node *document, struct buf *out);

/* One thing a selector found: a node, an attribute of it or a declaration at it. */
struct patch_found {
	struct patch_node *node;
	struct patch_attribute *attribute; /* NULL: not this */
	struct patch_binding *binding;     /* NULL: not this */
};

/* Where a selector stands: prefixes mean what they mean at context; a name without one is in the
 * default namespace there, or in fallback_ns if that is none or unless_ns. */
struct patch_scope {
	const xmlNode *context;
	const char *unless_ns;
	const char *fallback_ns;
	size_t budget; /* goes down by one for each node looked at */
};

/* What prefix means at context, or NULL. */
const char *patch_resolve(const xmlNode *context, const char *prefix, size_t len);
/* What sel finds in document. Returns 0; EINVAL no selector of the subset, or an unknown prefix;
 * ENOENT not exactly one thing; E2BIG the budget is used up. */
int patch_select(struct patch_node *document, struct patch_scope *scope, const char *sel,
		 struct patch_found *out);
