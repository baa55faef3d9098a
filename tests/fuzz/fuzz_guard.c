/* The link guard against a second opinion (SEC-054): what it lets through must read the same,
 * alone, as it did in the stream it came from, in expat as libstrophe uses it and in libstrophe
 * itself. The first byte of the input is the size of the parts the guard gets. */
#include <errno.h>
#include <expat.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strophe.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/limits.h"
#include "xmpp/guard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADER                                                                                     \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "                     \
	"xmlns:stream='http://etherx.jabber.org/streams' id='x'>"

enum { TOPS_MAX = 4096 };

/* What a reader saw: one number for each child of the root. */
struct reading {
	XML_Parser parser;
	unsigned depth;
	uint64_t hash;
	uint64_t tops[TOPS_MAX];
	size_t count;
	unsigned deepest;
	unsigned elements;
	unsigned most_elements;
};

struct passed {
	struct buf bytes;
	size_t stanzas;
	size_t pieces;
};

static void mix(struct reading *reading, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		reading->hash = (reading->hash ^ (uint8_t)text[i]) * UINT64_C(1099511628211);
}

static void mix_text(struct reading *reading, char kind, const char *text)
{
	mix(reading, &kind, 1);
	mix(reading, text, strlen(text));
}

static void XMLCALL on_start(void *arg, const char *name, const char **attributes)
{
	struct reading *reading = arg;

	if (reading->depth == 1) {
		reading->hash = UINT64_C(14695981039346656037);
		reading->elements = 0;
	}
	reading->elements++;
	mix_text(reading, '<', name);
	for (size_t i = 0; attributes[i] != NULL; i++)
		mix_text(reading, '=', attributes[i]);
	if (reading->depth > reading->deepest)
		reading->deepest = reading->depth;
	reading->depth++;
}

static void XMLCALL on_end(void *arg, const char *name)
{
	struct reading *reading = arg;

	reading->depth--;
	mix_text(reading, '>', name);
	if (reading->depth == 1 && reading->count < TOPS_MAX) {
		reading->tops[reading->count++] = reading->hash;
		if (reading->elements > reading->most_elements)
			reading->most_elements = reading->elements;
	}
}

static void XMLCALL on_text(void *arg, const char *text, int len)
{
	struct reading *reading = arg;

	if (reading->depth > 1)
		mix(reading, text, (size_t)len);
}

static bool read_all(struct reading *reading, const char *text, size_t len)
{
	bool is_good;

	memset(reading, 0, sizeof(*reading));
	reading->parser = XML_ParserCreateNS(NULL, '\x1f');
	XML_SetUserData(reading->parser, reading);
	XML_SetElementHandler(reading->parser, on_start, on_end);
	XML_SetCharacterDataHandler(reading->parser, on_text);
	is_good = XML_Parse(reading->parser, text, (int)len, 0) == XML_STATUS_OK;
	XML_ParserFree(reading->parser);
	return is_good;
}

/* The addresses that expat reads in a stanza are those that libstrophe reads (STRO-012). */
static void XMLCALL on_stanza_start(void *arg, const char *name, const char **attributes)
{
	static const char *const names[] = {"from", "to", "id", "type"};
	xmpp_stanza_t **stanza = arg;

	(void)name;
	for (size_t i = 0; *stanza != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
		const char *seen = xmpp_stanza_get_attribute(*stanza, names[i]);
		const char *meant = NULL;

		for (size_t k = 0; attributes[k] != NULL; k += 2) {
			if (strcmp(attributes[k], names[i]) == 0)
				meant = attributes[k + 1];
		}
		if ((seen == NULL) != (meant == NULL) || (seen != NULL && strcmp(seen, meant) != 0))
			abort();
	}
	*stanza = NULL; /* of the stanza itself only */
}

static void compare_addresses(xmpp_stanza_t *stanza, const char *bytes, size_t len)
{
	XML_Parser parser = XML_ParserCreateNS(NULL, '\x1f');

	XML_SetUserData(parser, &stanza);
	XML_SetElementHandler(parser, on_stanza_start, NULL);
	(void)XML_Parse(parser, bytes, (int)len, 0);
	XML_ParserFree(parser);
}

static void on_forward(const char *bytes, size_t len, const struct guard_head *head, void *arg)
{
	struct passed *passed = arg;

	buf_append(&passed->bytes, bytes, len);
	passed->pieces++;
	passed->stanzas += head != NULL;
	if (head == NULL)
		return;
	/* libstrophe's own reading of it; a prefix of the stream's header is unknown there */
	xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, NULL);
	char *text = mem_strndup(bytes, len);
	xmpp_stanza_t *stanza = xmpp_stanza_new_from_string(ctx, text);
	const char *name = stanza == NULL ? NULL : xmpp_stanza_get_name(stanza);

	if (name == NULL ? strstr(text, "stream:") == NULL
			 : strcmp(name, "message") != 0 && strcmp(name, "presence") != 0 &&
				   strcmp(name, "iq") != 0)
		abort();
	if (stanza != NULL) {
		compare_addresses(stanza, bytes, len);
		xmpp_stanza_release(stanza);
	}
	mem_free(text);
	xmpp_ctx_free(ctx);
}

static void on_refused(const struct guard_head *head, const char *limit, void *arg)
{
	(void)arg;
	if (head == NULL || limit == NULL)
		abort();
}

static int run(const struct limits *limits, const struct buf *text, size_t step,
	       struct passed *passed)
{
	static const struct guard_events events = {on_forward, on_refused};
	struct guard *guard = guard_new(limits, NULL, &events, passed);
	int error = 0;

	for (size_t at = 0; at < text->len && error == 0; at += step)
		error = guard_feed(guard, text->data + at,
				   text->len - at < step ? text->len - at : step);
	guard_free(&guard);
	return error;
}

/* Everything that passed stands in the stream, in this order, with the same content. */
static void compare(const struct limits *limits, const struct buf *text,
		    const struct passed *passed, int error)
{
	static struct reading whole, alone;

	if (passed->pieces == 0)
		return;
	if (!read_all(&alone, passed->bytes.data, passed->bytes.len))
		abort();
	if (alone.count != passed->pieces - 1 ||
	    alone.deepest > (unsigned)limits->stanza_in_depth ||
	    alone.most_elements > (unsigned)limits->stanza_in_elements || alone.depth > 1)
		abort();
	if (!read_all(&whole, text->data, text->len) && error == 0)
		abort();
	for (size_t i = 0, at = 0; i < alone.count; i++, at++) {
		while (at < whole.count && whole.tops[at] != alone.tops[i])
			at++;
		if (at >= whole.count)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct limits limits;
	struct buf text = BUF_INIT;
	struct passed parts = {BUF_INIT, 0, 0}, once = {BUF_INIT, 0, 0};
	int error;

	if (size < 2)
		return 0;
	limits_defaults(&limits);
	limits.stanza_in_bytes = 2000;
	limits.stanza_in_depth = 8;
	limits.stanza_in_elements = 64;
	limits.stanza_in_attributes = 16;
	if (data[1] != '<' || size < 3 || data[2] != '?')
		buf_puts(&text, HEADER);
	buf_append(&text, data + 1, size - 1);
	error = run(&limits, &text, (size_t)data[0] + 1, &parts);
	compare(&limits, &text, &parts, error);
	/* however it is cut, the same passes, up to the fault */
	if (run(&limits, &text, text.len, &once) == 0 && error == 0 &&
	    (once.bytes.len != parts.bytes.len || once.pieces != parts.pieces))
		abort();
	compare(&limits, &text, &once, 1);
	if (memcmp(buf_text(&once.bytes), buf_text(&parts.bytes),
		   once.bytes.len < parts.bytes.len ? once.bytes.len : parts.bytes.len) != 0)
		abort();
	buf_free(&once.bytes);
	buf_free(&parts.bytes);
	buf_free(&text);
	return 0;
}
