/* Resource list meta-information (RFC 4662 section 5). */
#include "translate/rlmi.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "translate/text_span.h"
#include "translate/xml.h"
#include "translate/xml_writer.h"

#define NS_RLMI "urn:ietf:params:xml:ns:rlmi"

static bool is_rlmi(const xmlNode *node, const char *name)
{
	return xml_is(node, NS_RLMI, name);
}

/* A trimmed copy of an attribute; NULL if there is none, it is empty or too long for a URI. */
static char *copy_attribute(const xmlNode *node, const char *name)
{
	const char *text = xml_attribute(node, NULL, name);
	size_t len;

	if (text == NULL)
		return NULL;
	len = strlen(text);
	text_trim(&text, &len);
	return len == 0 || len > RLMI_URI_MAX ? NULL : mem_strndup(text, len);
}

/* COMPAT(servers): with angle brackets all the same. */
static char *copy_cid(const xmlNode *node)
{
	char *cid = copy_attribute(node, "cid");
	size_t len = cid == NULL ? 0 : strlen(cid);

	if (len > 2 && cid[0] == '<' && cid[len - 1] == '>') {
		memmove(cid, cid + 1, len - 2);
		cid[len - 2] = '\0';
	}
	return cid;
}

static enum rlmi_state state_from_name(const char *name)
{
	if (name != NULL && strcmp(name, "active") == 0)
		return RLMI_ACTIVE;
	if (name != NULL && strcmp(name, "terminated") == 0)
		return RLMI_TERMINATED;
	return RLMI_PENDING; /* EVT-030 */
}

static uint32_t read_version(const xmlNode *root)
{
	const char *text = xml_attribute(root, NULL, "version");
	uint64_t value = 0;

	for (; text != NULL && *text >= '0' && *text <= '9'; text++) {
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > UINT32_MAX)
			return UINT32_MAX;
	}
	return (uint32_t)value;
}

static bool read_full_state(const xmlNode *root)
{
	const char *text = xml_attribute(root, NULL, "fullState");

	return text == NULL || (strcmp(text, "false") != 0 && strcmp(text, "0") != 0);
}

/* The first of several, in whatever language. */
static void read_name(const xmlNode *node, char **name)
{
	struct buf text = BUF_INIT;

	if (*name != NULL)
		return;
	xml_content(node, &text);
	if (text.len > 0 && text.len <= RLMI_URI_MAX)
		*name = buf_take(&text);
	buf_free(&text);
}

static size_t count_elements(const xmlNode *parent, const char *name)
{
	size_t count = 0;

	for (const xmlNode *node = parent->children; node != NULL; node = node->next)
		count += is_rlmi(node, name);
	return count;
}

static void read_instance(const xmlNode *node, struct rlmi_instance *out)
{
	*out = (struct rlmi_instance){
		.id = copy_attribute(node, "id"),
		.cid = copy_cid(node),
		.reason = copy_attribute(node, "reason"),
		.state = state_from_name(xml_attribute(node, NULL, "state")),
	};
}

static int read_resource(const xmlNode *parent, struct rlmi_resource *out)
{
	size_t room = count_elements(parent, "instance");

	if (room > RLMI_INSTANCES_MAX)
		return E2BIG;
	if (room > 0)
		out->instances = mem_array(room, sizeof(*out->instances));
	for (const xmlNode *node = parent->children; node != NULL; node = node->next) {
		if (is_rlmi(node, "name"))
			read_name(node, &out->name);
		else if (is_rlmi(node, "instance"))
			read_instance(node, &out->instances[out->count++]);
	}
	return 0;
}

static int read_list(const xmlNode *root, struct rlmi *out)
{
	size_t room = count_elements(root, "resource");
	int err = 0;

	if (room > RLMI_RESOURCES_MAX)
		return E2BIG;
	out->uri = copy_attribute(root, "uri");
	out->version = read_version(root);
	out->is_full = read_full_state(root);
	if (room > 0)
		out->resources = mem_array(room, sizeof(*out->resources));
	for (const xmlNode *node = root->children; node != NULL && err == 0; node = node->next) {
		char *uri;

		if (is_rlmi(node, "name"))
			read_name(node, &out->name);
		if (!is_rlmi(node, "resource"))
			continue;
		uri = copy_attribute(node, "uri");
		if (uri == NULL)
			continue;
		out->resources[out->count] = (struct rlmi_resource){.uri = uri};
		err = read_resource(node, &out->resources[out->count++]);
	}
	return err;
}

int rlmi_parse(const char *text, size_t len, size_t max_bytes, struct rlmi *out)
{
	xmlDoc *doc;
	const xmlNode *root;
	int err = xml_parse(text, len, max_bytes, &doc);

	if (err != 0)
		return err;
	root = xmlDocGetRootElement(doc);
	err = is_rlmi(root, "list") ? read_list(root, out) : EBADMSG;
	if (err != 0)
		rlmi_clear(out);
	xml_release(&doc);
	return err;
}

static void clear_resource(struct rlmi_resource *resource)
{
	for (size_t i = 0; i < resource->count; i++) {
		mem_free(resource->instances[i].id);
		mem_free(resource->instances[i].cid);
		mem_free(resource->instances[i].reason);
	}
	mem_free(resource->instances);
	mem_free(resource->uri);
	mem_free(resource->name);
}

void rlmi_clear(struct rlmi *rlmi)
{
	for (size_t i = 0; i < rlmi->count; i++)
		clear_resource(&rlmi->resources[i]);
	mem_free(rlmi->resources);
	mem_free(rlmi->uri);
	mem_free(rlmi->name);
	*rlmi = (struct rlmi){0};
}

static const char *state_name(enum rlmi_state state)
{
	static const char *const names[] = {"active", "pending", "terminated"};

	return names[state];
}

static void write_instance(struct xml_writer *writer, const struct rlmi_instance *instance)
{
	const char *reason = instance->reason;

	if (instance->state != RLMI_TERMINATED)
		reason = NULL;
	else if (reason == NULL)
		reason = "noresource"; /* mandatory (EVT-068) */
	xml_open(writer, "instance");
	xml_attr(writer, "id", instance->id);
	xml_attr(writer, "state", state_name(instance->state));
	xml_attr(writer, "reason", reason);
	xml_attr(writer, "cid", instance->cid);
	xml_close(writer);
}

static void write_resource(struct xml_writer *writer, const struct rlmi_resource *resource)
{
	xml_open(writer, "resource");
	xml_attr(writer, "uri", resource->uri);
	xml_element(writer, "name", resource->name);
	for (size_t i = 0; i < resource->count; i++)
		write_instance(writer, &resource->instances[i]);
	xml_close(writer);
}

void rlmi_format(const struct rlmi *rlmi, struct buf *out)
{
	struct xml_writer writer;
	char version[16];

	snprintf(version, sizeof(version), "%u", (unsigned)rlmi->version);
	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	xml_writer_init(&writer, out);
	xml_open(&writer, "list");
	xml_attr(&writer, "xmlns", NS_RLMI);
	xml_attr(&writer, "uri", rlmi->uri);
	xml_attr(&writer, "version", version);
	xml_attr(&writer, "fullState", rlmi->is_full ? "true" : "false");
	xml_element(&writer, "name", rlmi->name);
	for (size_t i = 0; i < rlmi->count; i++)
		write_resource(&writer, &rlmi->resources[i]);
	xml_close(&writer);
}
