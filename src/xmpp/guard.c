/* XML rules of RFC 6120 section 11 and the limits of SEC-053, enforced while the bytes pass. */
#include "xmpp/guard.h"

#include <errno.h>
#include <expat.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/limits.h"

/* Between namespace and name; cannot occur in XML 1.0, and the same as in libstrophe. */
#define NAME_SEPARATOR '\x1f'
#define NS_STREAM      "http://etherx.jabber.org/streams"

enum {
	/* libstrophe walks all siblings to append one: steps per stanza. As many as
	 * stanza_in_elements of its default make in one row. */
	CHILD_STEPS_MAX = 4096 * 4097 / 2,
	TEXT_COST = 2, /* a text among elements; measured */
	/* and measures the text so far for each piece (a line end or an entity is a piece):
	 * bytes looked at per stanza. */
	TEXT_STEPS_MAX = 1024 * 1024 * 1024, /* a text of 60 KB full of markup passes */
	DEPTH_COUNTED = 256,                 /* most that limits.stanza_in_depth can be */
	ATTRIBUTE_KEPT = 3 * 1023 + 2,       /* a JID; longer ones are not answered */
};

enum top {
	TOP_NONE,
	TOP_STANZA,
	TOP_STREAM, /* handshake, stream error */
	TOP_UNKNOWN /* dropped in silence */
};

struct guard {
	const struct limits *limits;
	struct limits_hit *hits;
	struct guard_events events;
	void *arg;
	XML_Parser parser;
	struct buf hold;  /* bytes from the last whole stanza on */
	uint64_t base;    /* offset of hold.data[0] in the stream */
	uint64_t fed;     /* bytes given to the parser */
	uint64_t settled; /* offset up to which nothing is of use any more */
	uint64_t start;   /* offset of the present stanza */
	uint64_t heard;   /* offset behind the last tag or text that expat told of */
	unsigned depth;
	enum top top;
	bool is_error; /* a stream error */
	const char *kind;
	const char *over; /* the limit that the present stanza broke, or NULL */
	struct buf from;  /* of the present stanza; empty: none, or too long */
	struct buf to;
	struct buf id;
	struct buf type;
	int64_t elements;
	int namespaces;
	size_t text_len;
	uint64_t text_steps;
	uint64_t child_steps;
	uint32_t children[DEPTH_COUNTED + 1];
	bool is_ended;
	int error;
	const char *why;
};

static void fail(struct guard *guard, int error, const char *why)
{
	if (guard->error != 0)
		return;
	guard->error = error;
	guard->why = why;
	XML_StopParser(guard->parser, XML_FALSE);
}

static void break_limit(struct guard *guard, const char *limit, uint64_t *hit)
{
	if (guard->over != NULL)
		return;
	guard->over = limit;
	if (hit != NULL)
		(*hit)++;
}

#define BREAK_LIMIT(guard, name)                                                                   \
	break_limit((guard), #name, (guard)->hits == NULL ? NULL : &(guard)->hits->name)

static uint64_t event_start(const struct guard *guard)
{
	return (uint64_t)XML_GetCurrentByteIndex(guard->parser);
}

static uint64_t event_end(const struct guard *guard)
{
	return event_start(guard) + (uint64_t)XML_GetCurrentByteCount(guard->parser);
}

static void forward(struct guard *guard, uint64_t start, uint64_t end,
		    const struct guard_head *head)
{
	guard->events.forward(guard->hold.data + (start - guard->base), (size_t)(end - start), head,
			      guard->arg);
}

/* The local name if the expanded name lies in namespace ns, else NULL. */
static const char *local_in(const char *name, const char *ns)
{
	size_t len = strlen(ns);

	if (strncmp(name, ns, len) != 0 || name[len] != NAME_SEPARATOR)
		return NULL;
	return name + len + 1;
}

static void start_stream(struct guard *guard, const char *name)
{
	const char *local = local_in(name, NS_STREAM);

	if (local == NULL || strcmp(local, "stream") != 0) {
		fail(guard, EPROTO, "no XMPP stream");
		return;
	}
	if (guard->base != 0) {
		fail(guard, E2BIG, "stream header too long");
		return;
	}
	forward(guard, 0, event_end(guard), NULL);
	guard->settled = event_end(guard);
}

/* Which of the things that may stand at the top of a component stream is it? CMP-015: both
 * namespaces mean the same. */
static enum top classify(struct guard *guard, const char *name)
{
	static const char *const kinds[] = {"message", "presence", "iq"};
	const char *local = local_in(name, NS_STREAM);

	guard->kind = NULL;
	guard->is_error = local != NULL && strcmp(local, "error") == 0;
	if (local != NULL)
		return guard->is_error ? TOP_STREAM : TOP_UNKNOWN;
	local = local_in(name, "jabber:component:accept");
	if (local == NULL)
		local = local_in(name, "jabber:client");
	if (local == NULL)
		return TOP_UNKNOWN;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(local, kinds[i]) == 0) {
			guard->kind = kinds[i];
			return TOP_STANZA;
		}
	}
	return strcmp(local, "handshake") == 0 ? TOP_STREAM : TOP_UNKNOWN;
}

static void keep(struct buf *slot, const char *value)
{
	size_t len = strlen(value);

	if (slot->len == 0 && len <= ATTRIBUTE_KEPT)
		buf_append(slot, value, len);
}

static const char *kept(const struct buf *slot)
{
	return slot->len == 0 ? NULL : buf_text(slot);
}

static void forget_stanza(struct guard *guard)
{
	buf_reset(&guard->from);
	buf_reset(&guard->to);
	buf_reset(&guard->id);
	buf_reset(&guard->type);
	guard->top = TOP_NONE;
	guard->over = NULL;
	guard->elements = 0;
	guard->text_len = 0;
	guard->text_steps = 0;
	guard->child_steps = 0;
}

static void start_stanza(struct guard *guard, const char *name, const char **attributes)
{
	guard->start = event_start(guard);
	guard->top = classify(guard, name);
	if (guard->start < guard->base)
		BREAK_LIMIT(guard, stanza_in_bytes); /* its first bytes are gone already */
	for (size_t i = 0; attributes[i] != NULL; i += 2) {
		if (strcmp(attributes[i], "from") == 0)
			keep(&guard->from, attributes[i + 1]);
		else if (strcmp(attributes[i], "to") == 0)
			keep(&guard->to, attributes[i + 1]);
		else if (strcmp(attributes[i], "id") == 0)
			keep(&guard->id, attributes[i + 1]);
		else if (strcmp(attributes[i], "type") == 0)
			keep(&guard->type, attributes[i + 1]);
	}
}

static void count_child(struct guard *guard, unsigned cost)
{
	unsigned level = guard->depth < DEPTH_COUNTED ? guard->depth : DEPTH_COUNTED;

	guard->child_steps += (uint64_t)cost * guard->children[level]++;
	if (guard->child_steps > CHILD_STEPS_MAX)
		BREAK_LIMIT(guard, stanza_in_elements);
}

/* STRO-012: libstrophe drops the prefix of an attribute, so that a:from='x' overrules from='y', and
 * a:xmlns the namespace. A stanza has no attribute with a prefix but xml:lang; deeper ones may have
 * those that stand alone. */
static bool is_disguised(const char **attributes, size_t i, bool is_stanza)
{
	const char *local = strchr(attributes[i], NAME_SEPARATOR);
	const char *lang = local_in(attributes[i], "http://www.w3.org/XML/1998/namespace");

	if (local == NULL || (lang != NULL && strcmp(lang, "lang") == 0))
		return false;
	if (is_stanza || strcmp(local + 1, "xmlns") == 0)
		return true;
	for (size_t k = 0; attributes[k] != NULL; k += 2) {
		const char *other = strchr(attributes[k], NAME_SEPARATOR);

		if (k != i && strcmp(other != NULL ? other + 1 : attributes[k], local + 1) == 0)
			return true;
	}
	return false;
}

static void check_attributes(struct guard *guard, const char **attributes)
{
	int64_t count = 0;

	for (size_t i = 0; attributes[i] != NULL; i += 2) {
		count++;
		if (count <= guard->limits->stanza_in_attributes &&
		    is_disguised(attributes, i, guard->depth == 1))
			break_limit(guard, "attribute with a prefix", NULL);
		if (strlen(attributes[i + 1]) > GUARD_TEXT_MAX)
			BREAK_LIMIT(guard, stanza_in_bytes);
		if (count > guard->limits->stanza_in_attributes)
			break;
	}
	if (count > guard->limits->stanza_in_attributes || guard->namespaces > GUARD_NAMESPACES_MAX)
		BREAK_LIMIT(guard, stanza_in_attributes);
}

static void XMLCALL on_start(void *arg, const char *name, const char **attributes)
{
	struct guard *guard = arg;

	guard->heard = event_end(guard);
	if (guard->depth == 0) {
		start_stream(guard, name);
	} else if (guard->depth == 1) {
		start_stanza(guard, name, attributes);
	} else {
		count_child(guard, 1);
	}
	guard->text_len = 0;
	if (guard->depth >= 1) {
		guard->elements++;
		if (guard->elements > guard->limits->stanza_in_elements)
			BREAK_LIMIT(guard, stanza_in_elements);
		if (guard->over == NULL)
			check_attributes(guard, attributes);
		if ((int64_t)guard->depth > guard->limits->stanza_in_depth)
			BREAK_LIMIT(guard, stanza_in_depth);
	}
	guard->namespaces = 0;
	guard->depth++;
	if (guard->depth <= DEPTH_COUNTED)
		guard->children[guard->depth] = 0;
	if (guard->depth > GUARD_DEPTH_LINK)
		fail(guard, E2BIG, "stanza too deep to be skipped");
}

/* libstrophe reads beyond a stream error without children. */
static bool is_empty_error(const struct guard *guard)
{
	return guard->is_error && guard->elements == 1;
}

static void end_stanza(struct guard *guard)
{
	struct guard_head head = {guard->kind, kept(&guard->from), kept(&guard->to),
				  kept(&guard->id), kept(&guard->type)};
	uint64_t end = event_end(guard);

	if ((int64_t)(end - guard->start) > guard->limits->stanza_in_bytes)
		BREAK_LIMIT(guard, stanza_in_bytes);
	if (guard->over != NULL)
		guard->events.refused(&head, guard->over, guard->arg);
	else if (guard->top == TOP_STANZA)
		forward(guard, guard->start, end, &head);
	else if (guard->top == TOP_STREAM && !is_empty_error(guard))
		forward(guard, guard->start, end, NULL);
	guard->settled = end;
	forget_stanza(guard);
}

static void XMLCALL on_end(void *arg, const char *name)
{
	struct guard *guard = arg;

	(void)name;
	guard->heard = event_end(guard);
	guard->depth--;
	guard->text_len = 0;
	if (guard->depth == 1)
		end_stanza(guard);
	else if (guard->depth == 0)
		guard->is_ended = true;
}

static void XMLCALL on_text(void *arg, const char *text, int len)
{
	struct guard *guard = arg;

	(void)text;
	guard->heard = event_end(guard);
	if (guard->depth < 2) {
		guard->settled = guard->heard; /* white space between stanzas */
		return;
	}
	if (guard->text_len == 0)
		count_child(guard, TEXT_COST);
	guard->text_steps += guard->text_len;
	guard->text_len += (size_t)len;
	if (guard->text_len > GUARD_TEXT_MAX || guard->text_steps > TEXT_STEPS_MAX)
		BREAK_LIMIT(guard, stanza_in_bytes);
}

static void XMLCALL on_namespace(void *arg, const char *prefix, const char *uri)
{
	struct guard *guard = arg;

	(void)prefix;
	(void)uri;
	guard->namespaces++;
}

/* CMP-016, RFC 6120 section 11.1: none of these may stand in a stream. */
static void XMLCALL on_comment(void *arg, const char *text)
{
	(void)text;
	fail(arg, EPROTO, "comment in the stream");
}

static void XMLCALL on_instruction(void *arg, const char *target, const char *data)
{
	(void)target;
	(void)data;
	fail(arg, EPROTO, "processing instruction in the stream");
}

static void XMLCALL on_doctype(void *arg, const char *name, const char *system_id,
			       const char *public_id, int has_subset)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)has_subset;
	fail(arg, EPROTO, "document type in the stream");
}

static void XMLCALL on_declaration(void *arg, const char *version, const char *encoding,
				   int standalone)
{
	(void)version;
	(void)standalone;
	/* RFC 6120 section 11.6: UTF-8 only; another one would move the byte offsets. */
	if (encoding != NULL && strcasecmp(encoding, "UTF-8") != 0)
		fail(arg, EPROTO, "encoding is not UTF-8");
}

struct guard *guard_new(const struct limits *limits, struct limits_hit *hits,
			const struct guard_events *events, void *arg)
{
	struct guard *guard = mem_zalloc(sizeof(*guard));

	guard->limits = limits;
	guard->hits = hits;
	guard->events = *events;
	guard->arg = arg;
	guard->why = "";
	guard->parser = XML_ParserCreateNS(NULL, NAME_SEPARATOR);
	if (guard->parser == NULL) {
		guard->error = ENOMEM;
		guard->why = "no memory for the parser";
		return guard;
	}
#ifdef HAVE_REPARSE_DEFERRAL
	/* Newer expat keeps back a tag that came in two parts until more arrives, for as long as
	 * that takes. A chat message must not wait for the next one. */
	XML_SetReparseDeferralEnabled(guard->parser, XML_FALSE);
#endif
	XML_SetUserData(guard->parser, guard);
	XML_SetElementHandler(guard->parser, on_start, on_end);
	XML_SetCharacterDataHandler(guard->parser, on_text);
	XML_SetStartNamespaceDeclHandler(guard->parser, on_namespace);
	XML_SetCommentHandler(guard->parser, on_comment);
	XML_SetProcessingInstructionHandler(guard->parser, on_instruction);
	XML_SetStartDoctypeDeclHandler(guard->parser, on_doctype);
	XML_SetXmlDeclHandler(guard->parser, on_declaration);
	return guard;
}

void guard_free(struct guard **guard)
{
	if (*guard == NULL)
		return;
	buf_free(&(*guard)->from);
	buf_free(&(*guard)->to);
	buf_free(&(*guard)->id);
	buf_free(&(*guard)->type);
	if ((*guard)->parser != NULL)
		XML_ParserFree((*guard)->parser);
	buf_free(&(*guard)->hold);
	mem_free(*guard);
	*guard = NULL;
}

/* Bytes of which expat has not told anything yet, or of a stanza that is refused, are not kept
 * beyond the limit. */
static void trim(struct guard *guard)
{
	uint64_t from = guard->top == TOP_NONE ? guard->settled : guard->start;

	if (from > guard->base) {
		buf_consume(&guard->hold, (size_t)(from - guard->base));
		guard->base = from;
	}
	if ((int64_t)guard->hold.len > guard->limits->stanza_in_bytes) {
		if (guard->top != TOP_NONE)
			BREAK_LIMIT(guard, stanza_in_bytes);
		buf_reset(&guard->hold);
		guard->base = guard->fed;
	} else if (guard->over != NULL) {
		buf_reset(&guard->hold);
		guard->base = guard->fed;
	}
	if (guard->fed - from > GUARD_BYTES_LINK || guard->fed - guard->heard > GUARD_TOKEN_LINK)
		fail(guard, E2BIG, "stanza too long to be skipped");
}

/* The first byte decides the encoding that expat takes; NUL never occurs in UTF-8 XML. */
static bool is_other_encoding(const struct guard *guard, const char *data, size_t len)
{
	if (guard->fed == 0 && (unsigned char)data[0] >= 0x80)
		return true;
	return memchr(data, '\0', len) != NULL;
}

int guard_feed(struct guard *guard, const char *data, size_t len)
{
	if (guard->error != 0 || len == 0)
		return guard->error;
	if (is_other_encoding(guard, data, len)) {
		fail(guard, EBADMSG, "bytes that are not UTF-8");
		return guard->error;
	}
	buf_append(&guard->hold, data, len);
	guard->fed += len;
	if (XML_Parse(guard->parser, data, (int)len, 0) != XML_STATUS_OK && guard->error == 0 &&
	    !guard->is_ended) {
		guard->error = EBADMSG;
		guard->why = XML_ErrorString(XML_GetErrorCode(guard->parser));
	}
	if (guard->is_ended && guard->error == 0) {
		guard->error = ESHUTDOWN;
		guard->why = "stream closed by the server";
	}
	if (guard->error == 0)
		trim(guard);
	return guard->error;
}

const char *guard_why(const struct guard *guard)
{
	return guard->why;
}
