/* Lists of URIs in the body of a request (RFC 4826 section 3, RFC 5363). */
#include "translate/resource_lists.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/table.h"
#include "translate/text_span.h"
#include "translate/xml.h"

#define NS_RESOURCE_LISTS "urn:ietf:params:xml:ns:resource-lists"

struct reader {
	struct resource_lists *out;
	size_t entries_max;
	size_t room;
	struct table *seen; /* by URI */
};

static bool is_of_lists(const xmlNode *node, const char *name)
{
	return xml_is(node, NS_RESOURCE_LISTS, name);
}

static char *read_name(const xmlNode *entry)
{
	struct buf text = BUF_INIT;
	char *name = NULL;

	for (const xmlNode *node = entry->children; node != NULL && name == NULL;
	     node = node->next) {
		if (!is_of_lists(node, "display-name"))
			continue;
		xml_content(node, &text);
		if (text.len > 0 && text.len <= RESOURCE_LISTS_URI_MAX)
			name = buf_take(&text);
	}
	buf_free(&text);
	return name;
}

/* RFC 5363 section 5.2: a URI that appears several times counts once. */
static int read_entry(struct reader *reader, const xmlNode *node)
{
	struct resource_lists *out = reader->out;
	const char *uri = xml_attribute(node, NULL, "uri");
	size_t len = uri == NULL ? 0 : strlen(uri);

	if (uri != NULL)
		text_trim(&uri, &len);
	if (len == 0)
		return EBADMSG;
	if (len > RESOURCE_LISTS_URI_MAX)
		return E2BIG;
	if (table_find(reader->seen, uri, len) != NULL)
		return 0;
	if (out->count == reader->entries_max)
		return E2BIG;
	if (out->count == reader->room) {
		reader->room = reader->room == 0 ? 8 : reader->room * 2;
		out->entries = mem_resize(out->entries, reader->room, sizeof(*out->entries));
	}
	out->entries[out->count] =
		(struct resource_entry){.uri = mem_strndup(uri, len), .name = read_name(node)};
	table_put(reader->seen, uri, len, out->entries);
	out->count++;
	return 0;
}

/* The element after node in document order inside root, not below node unless it is a list. */
static const xmlNode *step(const xmlNode *node, const xmlNode *root)
{
	if ((node == root || is_of_lists(node, "list")) && node->children != NULL)
		return node->children;
	while (node != root && node->next == NULL)
		node = node->parent;
	return node == root ? NULL : node->next;
}

static int read_lists(struct reader *reader, const xmlNode *root)
{
	int err = 0;

	for (const xmlNode *node = root; node != NULL && err == 0; node = step(node, root)) {
		if (is_of_lists(node, "entry"))
			err = read_entry(reader, node);
		else if (is_of_lists(node, "entry-ref") || is_of_lists(node, "external"))
			reader->out->unread++;
	}
	return err;
}

int resource_lists_parse(const char *text, size_t len, size_t max_bytes, size_t entries_max,
			 struct resource_lists *out)
{
	struct reader reader = {.out = out, .entries_max = entries_max};
	xmlDoc *doc;
	const xmlNode *root;
	int err = xml_parse(text, len, max_bytes, &doc);

	if (err != 0)
		return err;
	if (reader.entries_max > RESOURCE_LISTS_ENTRIES_MAX)
		reader.entries_max = RESOURCE_LISTS_ENTRIES_MAX;
	root = xmlDocGetRootElement(doc);
	reader.seen = table_new();
	err = is_of_lists(root, "resource-lists") ? read_lists(&reader, root) : EBADMSG;
	if (err != 0)
		resource_lists_clear(out);
	table_free(&reader.seen);
	xml_release(&doc);
	return err;
}

void resource_lists_clear(struct resource_lists *lists)
{
	for (size_t i = 0; i < lists->count; i++) {
		mem_free(lists->entries[i].uri);
		mem_free(lists->entries[i].name);
	}
	mem_free(lists->entries);
	*lists = (struct resource_lists){0};
}
