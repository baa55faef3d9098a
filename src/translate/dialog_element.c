/* One dialog event document and its dialog elements; see dialog_element.h. Everything met in the
 * field is read (DLG-005): both spellings of each attribute, any order, nothing but a state. */
#include "translate/dialog_element.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "model/profile.h"
#include "translate/text_span.h"
#include "translate/xml.h"

#define NS_DIALOG_INFO "urn:ietf:params:xml:ns:dialog-info"

static bool is_element(const xmlNode *node, const char *name)
{
	return xml_is(node, NS_DIALOG_INFO, name) || xml_is(node, NULL, name);
}

/* The first of two spellings that is there; "" if none. */
static const char *attribute(const xmlNode *node, const char *name, const char *other)
{
	const char *value = xml_attribute(node, NULL, name);

	if (value == NULL)
		value = xml_attribute(node, NULL, other);
	return value == NULL ? "" : value;
}

/* DLG-003; an unknown word says nothing. */
static enum dialog_state state_from_text(const char *text, size_t len)
{
	static const char *const names[] = {
		[STATE_TRYING] = "trying",         [STATE_PROCEEDING] = "proceeding",
		[STATE_EARLY] = "early",           [STATE_CONFIRMED] = "confirmed",
		[STATE_TERMINATED] = "terminated",
	};

	for (size_t i = STATE_TRYING; i <= STATE_TERMINATED; i++) {
		if (text_is_like(text, len, names[i]))
			return (enum dialog_state)i;
	}
	return STATE_UNSAID;
}

static enum dialog_direction read_direction(const xmlNode *dialog)
{
	const char *text = attribute(dialog, "direction", "direction");
	size_t len = strlen(text);

	text_trim(&text, &len);
	if (text_is_like(text, len, "initiator"))
		return DIRECTION_INITIATOR;
	if (text_is_like(text, len, "recipient") || text_is_like(text, len, "receiver"))
		return DIRECTION_RECIPIENT;
	return DIRECTION_UNSAID;
}

/* DLG-016, DLG-020: quotes and angle brackets around the value do not belong to it. */
static bool is_no(const char *value)
{
	size_t len = strlen(value);

	text_trim(&value, &len);
	while (len >= 2 && strchr("\"'<", value[0]) != NULL) {
		value++;
		len -= 2;
	}
	return text_is_like(value, len, "no") || text_is_like(value, len, "false");
}

static void read_param(const xmlNode *param, struct dialog_seen *out)
{
	const char *name = attribute(param, "pname", "name");

	if (strcmp(name, "+sip.rendering") != 0 && strcmp(name, "sip.rendering") != 0)
		return;
	out->has_target = true;
	if (is_no(attribute(param, "pval", "pvalue")))
		out->is_muted = true;
}

/* Parameters of the target, or beside it (DLG-005). */
static void read_params(const xmlNode *parent, struct dialog_seen *out)
{
	for (const xmlNode *node = parent->children; node != NULL; node = node->next) {
		if (is_element(node, "param"))
			read_param(node, out);
	}
}

static void read_local(const xmlNode *local, struct dialog_seen *out)
{
	read_params(local, out);
	for (const xmlNode *node = local->children; node != NULL; node = node->next) {
		if (!is_element(node, "target"))
			continue;
		out->has_target = true;
		read_params(node, out);
	}
}

/* DLG-003, DLG-005: an unknown word says nothing. */
static enum dialog_event read_event(const xmlNode *node)
{
	static const char *const names[] = {
		[EVENT_CANCELLED] = "cancelled",   [EVENT_REJECTED] = "rejected",
		[EVENT_REPLACED] = "replaced",     [EVENT_LOCAL_BYE] = "local-bye",
		[EVENT_REMOTE_BYE] = "remote-bye", [EVENT_ERROR] = "error",
		[EVENT_TIMEOUT] = "timeout",
	};
	const char *text = attribute(node, "event", "reason");
	size_t len = strlen(text);

	text_trim(&text, &len);
	for (size_t i = EVENT_CANCELLED; i <= EVENT_TIMEOUT; i++) {
		if (text_is_like(text, len, names[i]))
			return (enum dialog_event)i;
	}
	return EVENT_UNSAID;
}

static int read_code(const xmlNode *node)
{
	const char *text = attribute(node, "code", "code");
	size_t len = strlen(text);
	int code = 0;

	text_trim(&text, &len);
	if (len != 3)
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		code = code * 10 + (text[i] - '0');
	}
	return code;
}

static void read_state(const xmlNode *node, struct dialog_seen *out)
{
	struct buf text = BUF_INIT;

	xml_content(node, &text);
	out->state = state_from_text(buf_text(&text), text.len);
	out->event = read_event(node);
	out->code = read_code(node);
	buf_free(&text);
}

/* The id, or what else tells dialogs apart (DLG-002: it is required, and left out). */
static const char *read_id(const xmlNode *dialog)
{
	const char *id = xml_attribute(dialog, NULL, "id");

	return id != NULL && id[0] != '\0' ? id : attribute(dialog, "call-id", "call-id");
}

struct dialog_seen dialog_element_read(const xmlNode *dialog)
{
	struct dialog_seen seen = {.id = read_id(dialog),
				   .call_id = xml_attribute(dialog, NULL, "call-id"),
				   .direction = read_direction(dialog)};

	read_params(dialog, &seen);
	for (const xmlNode *node = dialog->children; node != NULL; node = node->next) {
		if (is_element(node, "state"))
			read_state(node, &seen);
		else if (is_element(node, "local"))
			read_local(node, &seen); /* COMPAT(asterisk): twice on hold (PBX-006) */
		else if (is_element(node, "remote"))
			seen.remote = node;
	}
	return seen;
}

/* COMPAT(freeswitch): a dialog element of an event has no call-id; the list of all calls, with
 * which it answers a SUBSCRIBE, has one in each (PBX-032). */
static bool tells_events(const xmlNode *root)
{
	for (const xmlNode *node = root->children; node != NULL; node = node->next) {
		if (is_element(node, "dialog") && xml_attribute(node, NULL, "call-id") == NULL)
			return true;
	}
	return false;
}

/* DLG-001: 32 bits, decimal. */
static bool read_version(const char *text, uint32_t *out)
{
	size_t len = strlen(text);
	uint64_t value = 0;

	text_trim(&text, &len);
	if (len == 0 || len > 10)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	*out = (uint32_t)value;
	return value <= UINT32_MAX;
}

int dialog_document_read(const xmlDoc *doc, const struct profile *profile,
			 struct dialog_document *out)
{
	const char *state;
	size_t len;

	*out = (struct dialog_document){.root = xmlDocGetRootElement(doc)};
	if (!is_element(out->root, "dialog-info"))
		return EBADMSG;
	state = attribute(out->root, "state", "notify-state");
	len = strlen(state);
	text_trim(&state, &len);
	out->is_full = !text_is_like(state, len, "partial");
	out->is_event =
		out->is_full && profile->dialog_full_is_event_only && tells_events(out->root);
	out->has_version = read_version(attribute(out->root, "version", "version"), &out->version);
	return 0;
}

const xmlNode *dialog_element_find(const xmlNode *node)
{
	while (node != NULL && !is_element(node, "dialog"))
		node = node->next;
	return node;
}

/* COMPAT(freeswitch): a held call is early, confirmed or terminated, by its settings; muted is what
 * tells. It can go when no profile has its words. */
bool dialog_is_answered_when_muted(const struct profile *profile)
{
	return profile->words == WORDS_FREESWITCH;
}
