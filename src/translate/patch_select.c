/* The selectors of patches: the subset of XPath of RFC 5261 sections 4.1 and 8. Step by step from
 * the document down; each step keeps the nodes that pass its test and its predicates. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "translate/patch_tree.h"
#include "translate/text_span.h"

enum { PREDICATES_MAX = 8 };

struct span {
	const char *at;
	size_t len;
};

/* A name with its namespace resolved; ns NULL: any name. */
struct name {
	const char *ns;
	struct span local;
};

enum predicate_kind { AT_POSITION, ATTRIBUTE_IS, CHILD_IS, SELF_IS };

struct predicate {
	enum predicate_kind kind;
	size_t position;
	struct name name;
	struct span value;
};

struct step {
	enum patch_kind kind;
	struct name name;  /* of an element; of an instruction local alone, empty: any */
	bool is_attribute; /* name of it */
	bool is_binding;   /* name.local is the prefix */
	struct predicate predicates[PREDICATES_MAX];
	size_t predicate_count;
};

struct nodes {
	struct patch_node **items;
	size_t count;
	size_t room;
};

struct select {
	struct patch_scope *scope;
	const char *at;
};

static void add_node(struct nodes *nodes, struct patch_node *node)
{
	if (nodes->count == nodes->room) {
		nodes->room = nodes->room == 0 ? 16 : nodes->room * 2;
		nodes->items = mem_resize(nodes->items, nodes->room, sizeof(*nodes->items));
	}
	nodes->items[nodes->count++] = node;
}

static int look(struct select *select)
{
	if (select->scope->budget == 0)
		return E2BIG;
	select->scope->budget--;
	return 0;
}

static bool take(struct select *select, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(select->at, word, len) != 0)
		return false;
	select->at += len;
	return true;
}

static void skip_space(struct select *select)
{
	while (text_is_space(*select->at))
		select->at++;
}

static int take_name(struct select *select, struct span *out)
{
	*out = (struct span){select->at, strcspn(select->at, "/[]=():@'\"*, \t\r\n")};
	select->at += out->len;
	return out->len == 0 ? EINVAL : 0;
}

/* 'text' or "text". */
static int take_literal(struct select *select, struct span *out)
{
	char quote = *select->at;
	const char *end;

	if (quote != '\'' && quote != '"')
		return EINVAL;
	end = strchr(select->at + 1, quote);
	if (end == NULL)
		return EINVAL;
	*out = (struct span){select->at + 1, (size_t)(end - select->at) - 1};
	select->at = end + 1;
	return 0;
}

const char *patch_resolve(const xmlNode *context, const char *prefix, size_t len)
{
	if (text_equals(prefix, len, "xml"))
		return (const char *)XML_XML_NAMESPACE;
	for (const xmlNode *node = context; node != NULL && node->type == XML_ELEMENT_NODE;
	     node = node->parent) {
		for (const xmlNs *ns = node->nsDef; ns != NULL; ns = ns->next) {
			const char *own = ns->prefix == NULL ? "" : (const char *)ns->prefix;

			if (text_equals(prefix, len, own))
				return ns->href == NULL ? "" : (const char *)ns->href;
		}
	}
	return NULL;
}

/* RFC 5261 section 4.2.1: elements without prefix are in the default namespace. */
static const char *default_ns(const struct patch_scope *scope)
{
	const char *ns = patch_resolve(scope->context, "", 0);

	if (ns == NULL || ns[0] == '\0' || strcmp(ns, scope->unless_ns) == 0)
		return scope->fallback_ns;
	return ns;
}

static int take_qname(struct select *select, bool is_element, struct name *out)
{
	struct span first;

	if (take_name(select, &first) != 0)
		return EINVAL;
	if (!take(select, ":")) {
		out->ns = is_element ? default_ns(select->scope) : "";
		out->local = first;
		return 0;
	}
	out->ns = patch_resolve(select->scope->context, first.at, first.len);
	return out->ns == NULL ? EINVAL : take_name(select, &out->local);
}

static int take_position(struct select *select, size_t *out)
{
	*out = 0;
	for (; *select->at >= '0' && *select->at <= '9'; select->at++) {
		*out = *out * 10 + (size_t)(*select->at - '0');
		if (*out > 100000)
			return EINVAL;
	}
	return *out == 0 ? EINVAL : 0;
}

static int take_condition(struct select *select, struct predicate *out)
{
	int err = 0;

	if (*select->at >= '0' && *select->at <= '9') {
		out->kind = AT_POSITION;
		return take_position(select, &out->position);
	}
	if (take(select, "@")) {
		out->kind = ATTRIBUTE_IS;
		err = take_qname(select, false, &out->name);
	} else if (take(select, ".")) {
		out->kind = SELF_IS;
	} else {
		out->kind = CHILD_IS;
		err = take_qname(select, true, &out->name);
	}
	skip_space(select);
	if (err == 0 && !take(select, "="))
		err = EINVAL;
	skip_space(select);
	return err != 0 ? err : take_literal(select, &out->value);
}

static int take_predicates(struct select *select, struct step *step)
{
	while (take(select, "[")) {
		int err = EINVAL;

		if (step->predicate_count < PREDICATES_MAX) {
			skip_space(select);
			err = take_condition(select, &step->predicates[step->predicate_count++]);
			skip_space(select);
		}
		if (err != 0 || !take(select, "]"))
			return EINVAL;
	}
	return 0;
}

static int take_instruction(struct select *select, struct step *step)
{
	step->kind = PATCH_INSTRUCTION;
	if (take(select, ")"))
		return 0;
	if (take_literal(select, &step->name.local) != 0 || !take(select, ")"))
		return EINVAL;
	return 0;
}

static int take_test(struct select *select, struct step *step)
{
	step->kind = PATCH_ELEMENT;
	if (take(select, "*"))
		return 0;
	if (take(select, "@")) {
		step->is_attribute = true;
		return take_qname(select, false, &step->name);
	}
	if (take(select, "namespace::")) {
		step->is_binding = true;
		return take_name(select, &step->name.local);
	}
	if (take(select, "processing-instruction("))
		return take_instruction(select, step);
	if (take(select, "text()"))
		step->kind = PATCH_TEXT;
	else if (take(select, "comment()"))
		step->kind = PATCH_COMMENT;
	else
		return take_qname(select, true, &step->name);
	return 0;
}

static bool is_named(const struct patch_node *node, const struct name *name)
{
	return name->ns == NULL || (text_equals(name->local.at, name->local.len, node->name) &&
				    strcmp(node->ns, name->ns) == 0);
}

static bool passes_test(const struct patch_node *node, const struct step *step)
{
	if (node->kind != step->kind)
		return false;
	if (node->kind == PATCH_ELEMENT)
		return is_named(node, &step->name);
	if (node->kind == PATCH_INSTRUCTION && step->name.local.at != NULL)
		return text_equals(step->name.local.at, step->name.local.len, node->name);
	return true;
}

/* Takes text off the front of *value; false if it does not begin with it. */
static bool take_off(struct span *value, const char *text)
{
	size_t len = strlen(text);

	if (len > value->len || memcmp(value->at, text, len) != 0)
		return false;
	*value = (struct span){value->at + len, value->len - len};
	return true;
}

/* The next node in document order inside top. */
static struct patch_node *walk(struct patch_node *node, const struct patch_node *top)
{
	if (node->first != NULL)
		return node->first;
	while (node != top && node->next == NULL)
		node = node->parent;
	return node == top ? NULL : node->next;
}

/* Is the string value of node (all text inside it) this one? */
static int has_value(struct select *select, struct patch_node *node, struct span value, bool *out)
{
	*out = false;
	for (struct patch_node *at = node; at != NULL; at = walk(at, node)) {
		if (look(select) != 0)
			return E2BIG;
		if (at != node && at->kind != PATCH_TEXT)
			continue;
		if (at->text != NULL && !take_off(&value, at->text))
			return 0;
	}
	*out = value.len == 0;
	return 0;
}

static int has_child(struct select *select, struct patch_node *node,
		     const struct predicate *predicate, bool *out)
{
	int err = 0;

	*out = false;
	for (struct patch_node *child = node->first; child != NULL && err == 0 && !*out;
	     child = child->next) {
		err = look(select);
		if (err == 0 && child->kind == PATCH_ELEMENT && is_named(child, &predicate->name))
			err = has_value(select, child, predicate->value, out);
	}
	return err;
}

static int holds(struct select *select, const struct predicate *predicate, struct patch_node *node,
		 size_t position, bool *out)
{
	const struct patch_attribute *attribute;

	switch (predicate->kind) {
	case AT_POSITION:
		*out = position == predicate->position;
		return 0;
	case ATTRIBUTE_IS:
		attribute = patch_find_attribute(node, predicate->name.ns, predicate->name.local.at,
						 predicate->name.local.len);
		*out = attribute != NULL &&
		       text_equals(predicate->value.at, predicate->value.len, attribute->value);
		return 0;
	case CHILD_IS:
		return has_child(select, node, predicate, out);
	case SELF_IS:
		break;
	}
	return has_value(select, node, predicate->value, out);
}

/* Keeps of nodes[from..] those for which predicate holds; positions count within these. */
static int filter(struct select *select, const struct predicate *predicate, struct nodes *nodes,
		  size_t from)
{
	size_t kept = from;

	for (size_t i = from; i < nodes->count; i++) {
		bool is_kept = false;
		int err = look(select);

		if (err == 0)
			err = holds(select, predicate, nodes->items[i], i - from + 1, &is_kept);
		if (err != 0)
			return err;
		if (is_kept)
			nodes->items[kept++] = nodes->items[i];
	}
	nodes->count = kept;
	return 0;
}

static int step_down(struct select *select, const struct step *step, struct patch_node *parent,
		     struct nodes *out)
{
	size_t from = out->count;
	int err = 0;

	for (struct patch_node *child = parent->first; child != NULL && err == 0;
	     child = child->next) {
		err = look(select);
		if (passes_test(child, step))
			add_node(out, child);
	}
	for (size_t i = 0; i < step->predicate_count && err == 0; i++)
		err = filter(select, &step->predicates[i], out, from);
	return err;
}

static int step_all(struct select *select, const struct step *step, struct nodes *nodes)
{
	struct nodes next = {0};
	int err = 0;

	for (size_t i = 0; i < nodes->count && err == 0; i++)
		err = step_down(select, step, nodes->items[i], &next);
	mem_free(nodes->items);
	*nodes = next;
	return err;
}

/* RFC 5261 section 4.1: id('x'). The ids of PIDF (tuple, person, device) are attributes "id". */
static int start_at_id(struct select *select, struct patch_node *document, struct nodes *nodes)
{
	struct span id;

	if (take_literal(select, &id) != 0 || !take(select, ")"))
		return EINVAL;
	nodes->count = 0;
	for (struct patch_node *node = document; node != NULL; node = walk(node, document)) {
		const struct patch_attribute *own = patch_find_attribute(node, "", "id", 2);

		if (look(select) != 0)
			return E2BIG;
		if (own == NULL)
			own = patch_find_attribute(node, (const char *)XML_XML_NAMESPACE, "id", 2);
		if (own != NULL && text_equals(id.at, id.len, own->value))
			add_node(nodes, node);
	}
	return *select->at == '\0' || take(select, "/") ? 0 : EINVAL;
}

/* The last step of all: an attribute or a declaration of the one node there is. */
static int find_inside(const struct step *step, struct patch_found *out)
{
	const struct span local = step->name.local;

	if (out->node->kind != PATCH_ELEMENT)
		return ENOENT;
	if (step->is_attribute) {
		out->attribute =
			patch_find_attribute(out->node, step->name.ns, local.at, local.len);
		return out->attribute == NULL ? ENOENT : 0;
	}
	out->binding = patch_find_binding(out->node, local.at, local.len);
	return out->binding == NULL ? ENOENT : 0;
}

static int run_steps(struct select *select, struct nodes *nodes, struct patch_found *out)
{
	while (*select->at != '\0') {
		struct step step = {0};
		bool is_inside;
		int err = take_test(select, &step);

		is_inside = step.is_attribute || step.is_binding;
		if (err == 0 && !is_inside)
			err = take_predicates(select, &step);
		if (err != 0)
			return err;
		if (is_inside) {
			if (*select->at != '\0')
				return EINVAL;
			out->node = nodes->count == 1 ? nodes->items[0] : NULL;
			return out->node == NULL ? ENOENT : find_inside(&step, out);
		}
		err = step_all(select, &step, nodes);
		if (err != 0)
			return err;
		if (*select->at != '\0' && (!take(select, "/") || *select->at == '\0'))
			return EINVAL;
	}
	out->node = nodes->count == 1 ? nodes->items[0] : NULL;
	return out->node == NULL || out->node->kind == PATCH_DOCUMENT ? ENOENT : 0;
}

int patch_select(struct patch_node *document, struct patch_scope *scope, const char *sel,
		 struct patch_found *out)
{
	struct select select = {.scope = scope, .at = sel};
	struct nodes nodes = {0};
	int err = 0;

	*out = (struct patch_found){0};
	add_node(&nodes, document);
	(void)take(&select, "/");
	if (take(&select, "id("))
		err = start_at_id(&select, document, &nodes);
	if (err == 0)
		err = run_steps(&select, &nodes, out);
	mem_free(nodes.items);
	return err;
}
