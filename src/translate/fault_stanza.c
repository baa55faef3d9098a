/* Stanza errors (RFC 6120 section 8.3) and faults. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "model/fault.h"
#include "translate/fault_map.h"
#include "translate/stanza_tree.h"
#include "translate/text_span.h"
#include "translate/xml_writer.h"

/* Faults of the bridge itself, in the words of RFC 6120. */
static const struct {
	enum fault_code code;
	enum fault_code condition;
	enum fault_type type;
} own_faults[] = {
	{FAULT_NONE, FAULT_UNDEFINED_CONDITION, FAULT_TYPE_CANCEL},
	{FAULT_LINK_DOWN, FAULT_REMOTE_SERVER_TIMEOUT, FAULT_TYPE_WAIT}, /* ERR-262 */
	{FAULT_NO_ANSWER, FAULT_REMOTE_SERVER_TIMEOUT, FAULT_TYPE_WAIT}, /* ERR-263 */
	{FAULT_TOO_LARGE, FAULT_POLICY_VIOLATION, FAULT_TYPE_MODIFY},    /* MSG-024 */
	{FAULT_LOOP, FAULT_NOT_ACCEPTABLE, FAULT_TYPE_CANCEL},           /* ERR-229 */
	{FAULT_ANONYMOUS, FAULT_NOT_AUTHORIZED, FAULT_TYPE_AUTH},
	{FAULT_RATE, FAULT_RESOURCE_CONSTRAINT, FAULT_TYPE_WAIT}, /* MSG-096 */
};

/* Copies what fits, ending at a character boundary. */
static void put_text(char *out, size_t size, const char *text, size_t len)
{
	text_trim(&text, &len);
	len = utf8_cut(text, len, size - 1);
	memcpy(out, text, len);
	out[len] = '\0';
}

/* The new address in gone and redirect; a cut one would be another's. */
static void read_uri(const char *text, size_t len, struct fault *out)
{
	text_trim(&text, &len);
	if (len < FAULT_URI_MAX)
		put_text(out->uri, FAULT_URI_MAX, text, len);
}

static void read_condition(const struct _xmpp_stanza_t *node, struct buf *scratch,
			   struct fault *out)
{
	size_t len;
	const char *text;

	out->code = fault_from_name(tree_name(node));
	if (out->code > FAULT_UNEXPECTED_REQUEST)
		out->code = FAULT_UNDEFINED_CONDITION; /* the names of our own faults mean nothing
							  here */
	if (out->code != FAULT_GONE && out->code != FAULT_REDIRECT)
		return;
	text = tree_text(node, scratch, &len);
	read_uri(text, len, out);
}

static void read_error(const struct _xmpp_stanza_t *error, struct fault *out)
{
	struct buf scratch = BUF_INIT;
	const char *type = tree_attr(error, "type");
	bool has_condition = false;

	for (const struct _xmpp_stanza_t *node = tree_first(error); node != NULL;
	     node = tree_next(node)) {
		size_t len;
		const char *text;

		if (tree_name(node) == NULL)
			continue;
		if (tree_is(node, NS_STANZA_ERRORS, "text")) {
			text = tree_text(node, &scratch, &len);
			put_text(out->text, FAULT_TEXT_MAX, text, len);
		} else if (!has_condition && tree_is(node, NS_STANZA_ERRORS, tree_name(node))) {
			read_condition(node, &scratch, out);
			has_condition = true;
		}
	}
	if (type == NULL || !fault_type_from_name(type, &out->type))
		out->type = fault_usual_type(out->code); /* CMP-023: legacy code is ignored */
	buf_free(&scratch);
}

void fault_from_stanza(const struct _xmpp_stanza_t *stanza, struct fault *out)
{
	const struct _xmpp_stanza_t *node = tree_first(stanza);

	fault_set(out, FAULT_UNDEFINED_CONDITION, NULL); /* ERR-005 */
	while (node != NULL && !tree_is_own(node, "error"))
		node = tree_next(node);
	if (node != NULL)
		read_error(node, out);
}

static void choose_condition(const struct fault *fault, enum fault_code *condition,
			     enum fault_type *type)
{
	*condition = fault->code;
	*type = fault->type;
	for (size_t i = 0; i < sizeof own_faults / sizeof *own_faults; i++) {
		if (own_faults[i].code == fault->code) {
			*condition = own_faults[i].condition;
			*type = own_faults[i].type;
		}
	}
	if (fault->code == FAULT_INTERNAL_SERVER_ERROR && fault->retry_after_s > 0)
		*type = FAULT_TYPE_WAIT; /* ERR-239 */
}

/* The reason in words, the SIP status behind it for those who look closer (CMP-028). */
static void write_text(struct xml_writer *writer, const struct fault *fault)
{
	char status[24] = "";

	if (fault->sip_status != 0)
		(void)snprintf(status, sizeof status,
			       fault->text[0] == '\0' ? "SIP %d" : " (SIP %d)", fault->sip_status);
	if (fault->text[0] == '\0' && status[0] == '\0')
		return;
	xml_open(writer, "text");
	xml_attr(writer, "xmlns", NS_STANZA_ERRORS);
	xml_attr(writer, "xml:lang", "en");
	xml_text(writer, fault->text);
	xml_text(writer, status);
	xml_close(writer);
}

void fault_write_error(struct xml_writer *writer, const struct fault *fault, const char *by)
{
	enum fault_code condition;
	enum fault_type type;

	choose_condition(fault, &condition, &type);
	xml_open(writer, "error");
	xml_attr(writer, "type", fault_type_name(type));
	xml_attr(writer, "by", by);
	xml_open(writer, fault_name(condition));
	xml_attr(writer, "xmlns", NS_STANZA_ERRORS);
	if (condition == FAULT_GONE || condition == FAULT_REDIRECT)
		xml_text(writer, fault->uri); /* ERR-011, ERR-012 */
	xml_close(writer);
	write_text(writer, fault);
	xml_close(writer);
}

void fault_write_stanza(struct buf *out, const char *kind, const char *from, const char *to,
			const char *id, const struct fault *fault)
{
	struct xml_writer writer;

	xml_writer_init(&writer, out);
	xml_open(&writer, kind);
	xml_attr(&writer, "from", from);
	xml_attr(&writer, "to", to);
	xml_attr(&writer, "id", id); /* ERR-004 */
	xml_attr(&writer, "type", "error");
	fault_write_error(&writer, fault, NULL);
	xml_close(&writer);
}
