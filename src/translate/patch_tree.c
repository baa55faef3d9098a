/* A small tree of XML that can be changed (RFC 5261). Depth is bounded by the reader (xml.h) and by
 * who inserts, so that what walks it may call itself. */
#include "translate/patch_tree.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "translate/text_span.h"
#include "translate/xml.h"
#include "translate/xml_writer.h"

_Static_assert((int)XML_WRITER_DEPTH_MAX >= (int)XML_DEPTH_MAX, "what is read can be written");

static const char *local_name(const char *qname)
{
	const char *colon = strchr(qname, ':');

	return colon == NULL ? qname : colon + 1;
}

static size_t prefix_len(const char *qname, const char *name)
{
	return name == qname ? 0 : (size_t)(name - qname) - 1;
}

static struct patch_node *new_node(enum patch_kind kind)
{
	struct patch_node *node = mem_zalloc(sizeof(*node));

	node->kind = kind;
	return node;
}

struct patch_node *patch_new(void)
{
	return new_node(PATCH_DOCUMENT);
}

static void link_node(struct patch_node *parent, struct patch_node *before, struct patch_node *node)
{
	struct patch_node *prev = before == NULL ? parent->last : before->prev;

	node->parent = parent;
	node->prev = prev;
	node->next = before;
	if (prev == NULL)
		parent->first = node;
	else
		prev->next = node;
	if (before == NULL)
		parent->last = node;
	else
		before->prev = node;
}

static void unlink_node(struct patch_node *node)
{
	struct patch_node *parent = node->parent;

	if (parent == NULL)
		return;
	if (node->prev == NULL)
		parent->first = node->next;
	else
		node->prev->next = node->next;
	if (node->next == NULL)
		parent->last = node->prev;
	else
		node->next->prev = node->prev;
	node->parent = node->prev = node->next = NULL;
}

static char *make_qname(const xmlNs *ns, const char *name)
{
	struct buf qname = BUF_INIT;

	if (ns != NULL && ns->prefix != NULL) {
		buf_puts(&qname, (const char *)ns->prefix);
		buf_putc(&qname, ':');
	}
	buf_puts(&qname, name);
	return buf_take(&qname);
}

static char *ns_of(const xmlNs *ns)
{
	return mem_strdup(ns == NULL || ns->href == NULL ? "" : (const char *)ns->href);
}

static void copy_attribute(struct patch_node *element, const xmlAttr *attr)
{
	char *qname = make_qname(attr->ns, (const char *)attr->name);
	char *ns = ns_of(attr->ns);
	struct buf value = BUF_INIT;

	for (const xmlNode *node = attr->children; node != NULL; node = node->next) {
		if (node->content != NULL)
			buf_puts(&value, (const char *)node->content);
	}
	patch_set_attribute(element, qname, ns, buf_text(&value));
	buf_free(&value);
	mem_free(qname);
	mem_free(ns);
}

static struct patch_node *copy_element(const xmlNode *node)
{
	struct patch_node *copy = new_node(PATCH_ELEMENT);

	copy->qname = make_qname(node->ns, (const char *)node->name);
	copy->name = local_name(copy->qname);
	copy->ns = ns_of(node->ns);
	for (const xmlNs *ns = node->nsDef; ns != NULL; ns = ns->next) {
		const char *prefix = ns->prefix == NULL ? "" : (const char *)ns->prefix;
		const char *uri = ns->href == NULL ? "" : (const char *)ns->href;

		patch_bind(copy, prefix, strlen(prefix), uri);
	}
	for (const xmlAttr *attr = node->properties; attr != NULL; attr = attr->next)
		copy_attribute(copy, attr);
	for (const xmlNode *child = node->children; child != NULL; child = child->next) {
		struct patch_node *inside = patch_copy(child);

		if (inside != NULL)
			link_node(copy, NULL, inside);
	}
	patch_join_texts(copy);
	return copy;
}

static struct patch_node *copy_text(enum patch_kind kind, const xmlNode *node)
{
	struct patch_node *copy = new_node(kind);

	copy->text = mem_strdup(node->content == NULL ? "" : (const char *)node->content);
	if (kind == PATCH_INSTRUCTION) {
		copy->qname = mem_strdup((const char *)node->name);
		copy->name = copy->qname;
	}
	return copy;
}

struct patch_node *patch_copy(const xmlNode *node)
{
	if (node->type == XML_ELEMENT_NODE)
		return copy_element(node);
	if (node->type == XML_TEXT_NODE)
		return copy_text(PATCH_TEXT, node);
	if (node->type == XML_COMMENT_NODE)
		return copy_text(PATCH_COMMENT, node);
	if (node->type == XML_PI_NODE)
		return copy_text(PATCH_INSTRUCTION, node);
	return NULL;
}

static void free_attribute(struct patch_attribute *attribute)
{
	mem_free(attribute->qname);
	mem_free(attribute->ns);
	mem_free(attribute->value);
	mem_free(attribute);
}

static void free_binding(struct patch_binding *binding)
{
	mem_free(binding->prefix);
	mem_free(binding->uri);
	mem_free(binding);
}

void patch_free(struct patch_node **node)
{
	struct patch_node *gone = *node;

	*node = NULL;
	if (gone == NULL)
		return;
	unlink_node(gone);
	while (gone->first != NULL) {
		struct patch_node *child = gone->first;

		patch_free(&child);
	}
	while (gone->attributes != NULL)
		patch_remove_attribute(gone, gone->attributes);
	while (gone->bindings != NULL)
		patch_remove_binding(gone, gone->bindings);
	mem_free(gone->qname);
	mem_free(gone->ns);
	mem_free(gone->text);
	mem_free(gone);
}

struct patch_binding *patch_find_binding(const struct patch_node *element, const char *prefix,
					 size_t len)
{
	for (struct patch_binding *binding = element->bindings; binding != NULL;
	     binding = binding->next) {
		if (text_equals(prefix, len, binding->prefix))
			return binding;
	}
	return NULL;
}

const char *patch_lookup(const struct patch_node *node, const char *prefix, size_t len)
{
	if (text_equals(prefix, len, "xml"))
		return (const char *)XML_XML_NAMESPACE;
	for (; node != NULL; node = node->parent) {
		const struct patch_binding *binding = patch_find_binding(node, prefix, len);

		if (binding != NULL)
			return binding->uri;
	}
	return len == 0 ? "" : NULL;
}

void patch_bind(struct patch_node *element, const char *prefix, size_t len, const char *uri)
{
	struct patch_binding *binding = mem_zalloc(sizeof(*binding));

	binding->prefix = mem_strndup(prefix, len);
	binding->uri = mem_strdup(uri);
	binding->next = element->bindings;
	element->bindings = binding;
}

/* Two trees that were read one by one never mean two things by one prefix at one element. */
static void bind_name(struct patch_node *element, const char *qname, const char *name,
		      const char *ns)
{
	size_t len = prefix_len(qname, name);
	const char *uri = patch_lookup(element, qname, len);

	if (uri == NULL || strcmp(uri, ns) != 0)
		patch_bind(element, qname, len, ns);
}

static void bind_names(struct patch_node *node)
{
	if (node->kind != PATCH_ELEMENT)
		return;
	bind_name(node, node->qname, node->name, node->ns);
	for (struct patch_attribute *attribute = node->attributes; attribute != NULL;
	     attribute = attribute->next) {
		if (attribute->ns[0] != '\0')
			bind_name(node, attribute->qname, attribute->name, attribute->ns);
	}
	for (struct patch_node *child = node->first; child != NULL; child = child->next)
		bind_names(child);
}

void patch_insert(struct patch_node *parent, struct patch_node *before, struct patch_node *node)
{
	link_node(parent, before, node);
	bind_names(node);
}

void patch_join_texts(struct patch_node *parent)
{
	struct patch_node *node = parent->first;

	while (node != NULL && node->next != NULL) {
		struct patch_node *next = node->next;
		struct buf text = BUF_INIT;

		if (node->kind != PATCH_TEXT || next->kind != PATCH_TEXT) {
			node = next;
			continue;
		}
		buf_puts(&text, node->text);
		buf_puts(&text, next->text);
		mem_free(node->text);
		node->text = buf_take(&text);
		patch_free(&next);
	}
}

void patch_rename(struct patch_node *element, const char *qname, const char *ns)
{
	char *old_qname = element->qname;
	char *old_ns = element->ns;

	element->qname = mem_strdup(qname);
	element->name = local_name(element->qname);
	element->ns = mem_strdup(ns);
	mem_free(old_qname);
	mem_free(old_ns);
}

size_t patch_depth(const struct patch_node *node)
{
	size_t depth = 0;

	for (node = node->parent; node != NULL; node = node->parent)
		depth++;
	return depth;
}

size_t patch_height(const struct patch_node *node)
{
	size_t most = 0;

	for (const struct patch_node *child = node->first; child != NULL; child = child->next) {
		size_t height = patch_height(child);

		if (height > most)
			most = height;
	}
	return most + 1;
}

void patch_set_attribute(struct patch_node *element, const char *qname, const char *ns,
			 const char *value)
{
	struct patch_attribute *attribute = mem_zalloc(sizeof(*attribute));
	struct patch_attribute **last = &element->attributes;

	attribute->qname = mem_strdup(qname);
	attribute->name = local_name(attribute->qname);
	attribute->ns = mem_strdup(ns);
	attribute->value = mem_strdup(value);
	while (*last != NULL)
		last = &(*last)->next;
	*last = attribute;
}

struct patch_attribute *patch_find_attribute(const struct patch_node *element, const char *ns,
					     const char *name, size_t len)
{
	for (struct patch_attribute *attribute = element->attributes; attribute != NULL;
	     attribute = attribute->next) {
		if (text_equals(name, len, attribute->name) && strcmp(attribute->ns, ns) == 0)
			return attribute;
	}
	return NULL;
}

void patch_remove_attribute(struct patch_node *element, struct patch_attribute *attribute)
{
	struct patch_attribute **link = &element->attributes;

	while (*link != attribute)
		link = &(*link)->next;
	*link = attribute->next;
	free_attribute(attribute);
}

void patch_remove_binding(struct patch_node *element, struct patch_binding *binding)
{
	struct patch_binding **link = &element->bindings;

	while (*link != binding)
		link = &(*link)->next;
	*link = binding->next;
	free_binding(binding);
}

static bool rebind_name(const char *qname, const char *name, char **ns, const char *prefix,
			const char *uri)
{
	if (!text_equals(qname, prefix_len(qname, name), prefix))
		return false;
	if (uri != NULL) {
		mem_free(*ns);
		*ns = mem_strdup(uri);
	}
	return true;
}

static bool rebind_names(struct patch_node *node, const char *prefix, const char *uri)
{
	bool is_used = rebind_name(node->qname, node->name, &node->ns, prefix, uri);

	for (struct patch_attribute *attribute = node->attributes; attribute != NULL;
	     attribute = attribute->next) {
		if (attribute->name != attribute->qname)
			is_used |= rebind_name(attribute->qname, attribute->name, &attribute->ns,
					       prefix, uri);
	}
	for (struct patch_node *child = node->first; child != NULL; child = child->next) {
		if (child->kind == PATCH_ELEMENT &&
		    patch_find_binding(child, prefix, strlen(prefix)) == NULL)
			is_used |= rebind_names(child, prefix, uri);
	}
	return is_used;
}

bool patch_rebind(struct patch_node *element, const struct patch_binding *binding, const char *uri)
{
	return rebind_names(element, binding->prefix, uri);
}

static void write_binding(struct xml_writer *writer, const struct patch_binding *binding)
{
	struct buf name = BUF_INIT;

	buf_puts(&name, "xmlns");
	if (binding->prefix[0] != '\0') {
		buf_putc(&name, ':');
		buf_puts(&name, binding->prefix);
	}
	xml_attr(writer, buf_text(&name), binding->uri);
	buf_free(&name);
}

static void write_node(struct xml_writer *writer, const struct patch_node *node)
{
	if (node->kind == PATCH_TEXT)
		xml_text(writer, node->text);
	if (node->kind != PATCH_ELEMENT)
		return;
	xml_open(writer, node->qname);
	for (const struct patch_binding *binding = node->bindings; binding != NULL;
	     binding = binding->next)
		write_binding(writer, binding);
	for (const struct patch_attribute *attribute = node->attributes; attribute != NULL;
	     attribute = attribute->next)
		xml_attr(writer, attribute->qname, attribute->value);
	for (const struct patch_node *child = node->first; child != NULL; child = child->next)
		write_node(writer, child);
	xml_close(writer);
}

void patch_write(const struct patch_node *document, struct buf *out)
{
	struct xml_writer writer;

	assert(document->kind == PATCH_DOCUMENT);
	xml_writer_init(&writer, out);
	for (const struct patch_node *child = document->first; child != NULL; child = child->next)
		write_node(&writer, child);
}
