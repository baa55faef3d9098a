/* Partial presence: the document that is kept, its version (RFC 5263 section 4.5), and the three
 * patch operations of RFC 5261 section 4. A patch that fails leaves a document nobody may use: it
 * is forgotten. */
#include "translate/pidf_diff.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "translate/patch_tree.h"
#include "translate/pidf_names.h"
#include "translate/text_span.h"
#include "translate/xml.h"

#define NS_PIDF_DIFF "urn:ietf:params:xml:ns:pidf-diff"

enum { BUDGET = 200000 }; /* nodes looked at for one patch document */

struct pidf_diff {
	struct patch_node *document; /* NULL: nothing is kept */
	uint32_t version;
};

/* One operation at what its sel found. */
struct op {
	const xmlNode *node;
	struct patch_found target;
};

struct pidf_diff *pidf_diff_new(void)
{
	return mem_zalloc(sizeof(struct pidf_diff));
}

void pidf_diff_free(struct pidf_diff **diff)
{
	if (*diff != NULL)
		patch_free(&(*diff)->document);
	mem_free(*diff);
	*diff = NULL;
}

/* EVT-076: from 1 on. 0 if there is none. */
static uint32_t read_version(const xmlNode *root)
{
	const char *text = xml_attribute(root, NULL, "version");
	uint64_t value = 0;

	if (text == NULL)
		return 0;
	for (; *text >= '0' && *text <= '9'; text++) {
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > UINT32_MAX)
			return 0;
	}
	return *text == '\0' ? (uint32_t)value : 0;
}

/* A name without colon that may stand in a tag as it is. */
static bool is_plain_name(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		      (i > 0 && ((c >= '0' && c <= '9') || c == '-' || c == '.'))))
			return false;
	}
	return len > 0;
}

/* Appends name with a prefix that means ns at element, where one is bound if none does. */
static void qualify(struct patch_node *element, const char *prefix, size_t len, const char *ns,
		    struct buf *qname)
{
	const char *uri = patch_lookup(element, prefix, len);
	char own[16];

	for (unsigned i = 0; uri == NULL || strcmp(uri, ns) != 0; i++) {
		len = (size_t)snprintf(own, sizeof(own), "ns%u", i);
		prefix = own;
		uri = patch_lookup(element, prefix, len);
		if (uri != NULL)
			continue;
		patch_bind(element, prefix, len, ns);
		uri = ns;
	}
	if (len == 0)
		return;
	buf_append(qname, prefix, len);
	buf_putc(qname, ':');
}

/* pidf-full becomes presence, as which it is patched and read. */
static struct patch_node *to_presence(const xmlNode *root)
{
	struct patch_node *document = patch_new();
	struct patch_node *presence = patch_copy(root);
	struct patch_attribute *version;
	struct buf qname = BUF_INIT;

	patch_insert(document, NULL, presence);
	version = patch_find_attribute(presence, "", "version", 7);
	if (version != NULL)
		patch_remove_attribute(presence, version);
	qualify(presence, "", 0, NS_PIDF, &qname);
	buf_puts(&qname, "presence");
	patch_rename(presence, buf_text(&qname), NS_PIDF);
	buf_free(&qname);
	return document;
}

static bool is_blank(const char *text)
{
	size_t len = strlen(text);

	text_trim(&text, &len);
	return len == 0;
}

/* The text of an operation; EINVAL if there is anything else in it. */
static int take_text(const xmlNode *node, struct buf *out)
{
	for (const xmlNode *child = node->children; child != NULL; child = child->next) {
		if (child->type == XML_COMMENT_NODE)
			continue;
		if (child->type != XML_TEXT_NODE)
			return EINVAL;
		if (child->content != NULL)
			buf_puts(out, (const char *)child->content);
	}
	return 0;
}

/* RFC 5261 section 4.3.2 */
static int add_attribute(struct op *op, const char *name, const char *value)
{
	struct patch_node *element = op->target.node;
	const char *colon = strchr(name, ':');
	const char *local = colon == NULL ? name : colon + 1;
	size_t len = colon == NULL ? 0 : (size_t)(colon - name);
	const char *ns = colon == NULL ? "" : patch_resolve(op->node, name, len);
	struct buf qname = BUF_INIT;

	if (ns == NULL || !is_plain_name(local, strlen(local)) ||
	    (len > 0 && !is_plain_name(name, len)) ||
	    patch_find_attribute(element, ns, local, strlen(local)) != NULL)
		return EINVAL;
	if (colon != NULL)
		qualify(element, name, len, ns, &qname);
	buf_puts(&qname, local);
	patch_set_attribute(element, buf_text(&qname), ns, value);
	buf_free(&qname);
	return 0;
}

static bool is_bindable(const char *prefix, const char *uri)
{
	return is_plain_name(prefix, strlen(prefix)) && strncasecmp(prefix, "xml", 3) != 0 &&
	       uri[0] != '\0' && strncmp(uri, "http://www.w3.org/", 18) != 0;
}

/* RFC 5261 section 4.3.3. One that would change what names inside mean is refused. */
static int add_binding(struct op *op, const char *prefix, const char *uri)
{
	struct patch_node *element = op->target.node;
	size_t len = strlen(prefix);

	if (!is_bindable(prefix, uri) || patch_find_binding(element, prefix, len) != NULL)
		return EINVAL;
	patch_bind(element, prefix, len, uri);
	if (patch_rebind(element, patch_find_binding(element, prefix, len), NULL))
		return EINVAL;
	return 0;
}

/* Nothing may become deeper than what xml.h reads. */
static int insert(struct patch_node *parent, struct patch_node *before, struct patch_node *node)
{
	if (parent->kind != PATCH_ELEMENT ||
	    patch_depth(parent) + patch_height(node) > XML_DEPTH_MAX) {
		patch_free(&node);
		return EINVAL;
	}
	patch_insert(parent, before, node);
	return 0;
}

/* All that is in the operation goes into parent in front of before (NULL: last). */
static int add_content(const struct op *op, struct patch_node *parent, struct patch_node *before)
{
	int err = 0;

	for (const xmlNode *child = op->node->children; child != NULL && err == 0;
	     child = child->next) {
		struct patch_node *copy = patch_copy(child);

		if (copy != NULL)
			err = insert(parent, before, copy);
	}
	if (err == 0)
		patch_join_texts(parent);
	return err;
}

/* RFC 5261 section 4.3.1 */
static int add_nodes(struct op *op)
{
	const char *pos = xml_attribute(op->node, NULL, "pos");
	struct patch_node *node = op->target.node;

	if (pos == NULL || strcmp(pos, "prepend") == 0) {
		if (node->kind != PATCH_ELEMENT)
			return EINVAL;
		return add_content(op, node, pos == NULL ? NULL : node->first);
	}
	if (strcmp(pos, "before") == 0)
		return add_content(op, node->parent, node);
	if (strcmp(pos, "after") == 0)
		return add_content(op, node->parent, node->next);
	return EINVAL;
}

static int add(struct op *op)
{
	const char *type = xml_attribute(op->node, NULL, "type");
	struct buf text = BUF_INIT;
	int err;

	if (op->target.attribute != NULL || op->target.binding != NULL)
		return EINVAL;
	if (type == NULL)
		return add_nodes(op);
	if (op->target.node->kind != PATCH_ELEMENT)
		return EINVAL;
	err = take_text(op->node, &text);
	if (err == 0 && type[0] == '@')
		err = add_attribute(op, type + 1, buf_text(&text));
	else if (err == 0 && text_starts(type, strlen(type), "namespace::"))
		err = add_binding(op, type + strlen("namespace::"), buf_text(&text));
	else
		err = EINVAL;
	buf_free(&text);
	return err;
}

static int replace_binding(struct op *op, const char *uri)
{
	struct patch_binding *binding = op->target.binding;

	if (binding->prefix[0] != '\0' && !is_bindable(binding->prefix, uri))
		return EINVAL;
	(void)patch_rebind(op->target.node, binding, uri);
	mem_free(binding->uri);
	binding->uri = mem_strdup(uri);
	return 0;
}

/* An attribute, a declaration, a text: what the operation says, white space and all. */
static int replace_text(struct op *op)
{
	struct patch_node *node = op->target.node;
	struct buf text = BUF_INIT;
	char **place = op->target.attribute != NULL ? &op->target.attribute->value : &node->text;
	int err = take_text(op->node, &text);

	if (err == 0 && op->target.binding != NULL) {
		err = replace_binding(op, buf_text(&text));
	} else if (err == 0) {
		mem_free(*place);
		*place = buf_take(&text);
	}
	if (err == 0 && op->target.attribute == NULL && op->target.binding == NULL &&
	    node->text[0] == '\0')
		patch_free(&node);
	buf_free(&text);
	return err;
}

/* The one node of that kind in the operation, beside white space. */
static const xmlNode *only_child(const xmlNode *node, xmlElementType type)
{
	const xmlNode *found = NULL;

	for (const xmlNode *child = node->children; child != NULL; child = child->next) {
		if (child->type == XML_TEXT_NODE && child->content != NULL &&
		    is_blank((const char *)child->content))
			continue;
		if (child->type != type || found != NULL)
			return NULL;
		found = child;
	}
	return found;
}

/* RFC 5261 section 4.4: a node by one of its kind. */
static int replace_node(struct op *op)
{
	static const xmlElementType types[] = {
		[PATCH_ELEMENT] = XML_ELEMENT_NODE,
		[PATCH_COMMENT] = XML_COMMENT_NODE,
		[PATCH_INSTRUCTION] = XML_PI_NODE,
	};
	struct patch_node *node = op->target.node;
	const xmlNode *content = only_child(op->node, types[node->kind]);
	int err;

	if (content == NULL)
		return EINVAL;
	err = insert(node->parent, node, patch_copy(content));
	if (err == 0)
		patch_free(&node);
	return err;
}

static int replace(struct op *op)
{
	if (op->target.attribute != NULL || op->target.binding != NULL ||
	    op->target.node->kind == PATCH_TEXT)
		return replace_text(op);
	return replace_node(op);
}

static int remove_blank(struct patch_node *node)
{
	if (node == NULL || node->kind != PATCH_TEXT || !is_blank(node->text))
		return EINVAL;
	patch_free(&node);
	return 0;
}

/* RFC 5261 section 4.5: the white space beside the node goes too, if so wanted. */
static int remove_node(struct op *op)
{
	const char *ws = xml_attribute(op->node, NULL, "ws");
	struct patch_node *node = op->target.node;
	struct patch_node *parent = node->parent;
	bool is_both = ws != NULL && strcmp(ws, "both") == 0;
	int err = 0;

	if (parent->kind != PATCH_ELEMENT ||
	    (ws != NULL && !is_both && strcmp(ws, "before") != 0 && strcmp(ws, "after") != 0))
		return EINVAL;
	if (is_both || (ws != NULL && ws[0] == 'b'))
		err = remove_blank(node->prev);
	if (err == 0 && (is_both || (ws != NULL && ws[0] == 'a')))
		err = remove_blank(node->next);
	patch_free(&node);
	patch_join_texts(parent);
	return err;
}

static int remove_target(struct op *op)
{
	struct patch_node *node = op->target.node;

	if (op->target.attribute != NULL) {
		patch_remove_attribute(node, op->target.attribute);
		return 0;
	}
	if (op->target.binding == NULL)
		return remove_node(op);
	if (patch_rebind(node, op->target.binding, NULL))
		return EINVAL;
	patch_remove_binding(node, op->target.binding);
	return 0;
}

static int apply_op(struct patch_node *document, const xmlNode *node, size_t *budget)
{
	struct patch_scope scope = {.context = node,
				    .unless_ns = NS_PIDF_DIFF,
				    .fallback_ns = NS_PIDF,
				    .budget = *budget};
	const char *sel = xml_attribute(node, NULL, "sel");
	struct op op = {.node = node};
	int err;

	if (sel == NULL || strlen(sel) > PIDF_DIFF_SEL_MAX)
		return EINVAL;
	err = patch_select(document, &scope, sel, &op.target);
	*budget = scope.budget;
	if (err != 0)
		return err;
	if (xml_is(node, NS_PIDF_DIFF, "add"))
		return add(&op);
	if (xml_is(node, NS_PIDF_DIFF, "replace"))
		return replace(&op);
	return xml_is(node, NS_PIDF_DIFF, "remove") ? remove_target(&op) : EINVAL;
}

static int apply_ops(struct patch_node *document, const xmlNode *root)
{
	size_t budget = BUDGET;
	int count = 0;
	int err = 0;

	for (const xmlNode *node = root->children; node != NULL && err == 0; node = node->next) {
		if (node->type != XML_ELEMENT_NODE ||
		    strcmp(xml_namespace(node), NS_PIDF_DIFF) != 0)
			continue;
		err = ++count > PIDF_DIFF_OPS_MAX ? E2BIG : apply_op(document, node, &budget);
	}
	return err;
}

static enum pidf_diff_result apply_diff(struct pidf_diff *diff, const xmlNode *root,
					uint32_t version)
{
	if (diff->document == NULL)
		return PIDF_DIFF_GAP;
	if (version <= diff->version)
		return PIDF_DIFF_STALE;
	if (version != diff->version + 1)
		return PIDF_DIFF_GAP;
	if (apply_ops(diff->document, root) != 0)
		return PIDF_DIFF_BROKEN;
	diff->version = version;
	return PIDF_DIFF_APPLIED;
}

static enum pidf_diff_result apply(struct pidf_diff *diff, const xmlNode *root)
{
	uint32_t version = read_version(root);

	if (version == 0)
		return PIDF_DIFF_BAD;
	if (xml_is(root, NS_PIDF_DIFF, "pidf-diff"))
		return apply_diff(diff, root, version);
	if (!xml_is(root, NS_PIDF_DIFF, "pidf-full"))
		return PIDF_DIFF_BAD; /* EVT-076: presence is none */
	patch_free(&diff->document);
	diff->document = to_presence(root);
	diff->version = version; /* D-23: whatever it was */
	return PIDF_DIFF_APPLIED;
}

enum pidf_diff_result pidf_diff_apply(struct pidf_diff *diff, const char *text, size_t len,
				      size_t max_bytes, struct buf *out)
{
	struct buf whole = BUF_INIT;
	enum pidf_diff_result result;
	xmlDoc *doc;

	if (xml_parse(text, len, max_bytes, &doc) != 0)
		return PIDF_DIFF_BAD;
	result = apply(diff, xmlDocGetRootElement(doc));
	xml_release(&doc);
	if (result == PIDF_DIFF_APPLIED) {
		patch_write(diff->document, &whole);
		if (whole.len > max_bytes)
			result = PIDF_DIFF_BROKEN;
		else
			buf_append(out, whole.data, whole.len);
	}
	if (result == PIDF_DIFF_BROKEN)
		patch_free(&diff->document);
	buf_free(&whole);
	return result;
}
