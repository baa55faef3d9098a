/* Presence bodies by type. */
#include "translate/presence_body.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "model/presence.h"
#include "model/profile.h"
#include "translate/charset.h"
#include "translate/header_params.h"
#include "translate/pbx_words.h"
#include "translate/pidf.h"
#include "translate/text_span.h"
#include "translate/xpidf.h"

typedef int (*parse_fn)(const char *text, size_t len, const struct pidf_reading *reading,
			struct presence *out);

struct type {
	const char *name;
	enum body_kind kind;
	parse_fn first; /* what the type should hold, then what else was seen under it */
	parse_fn second;
};

static const struct type types[] = {
	{"application/pidf+xml", BODY_PRESENCE, pidf_parse, xpidf_parse},
	{"application/xpidf+xml", BODY_PRESENCE, xpidf_parse, pidf_parse},
	/* The name of PIDF before RFC 3863; Asterisk sends xpidf under it (AST-3). */
	{"application/cpim-pidf+xml", BODY_PRESENCE, pidf_parse, xpidf_parse},
	{"application/dialog-info+xml", BODY_DIALOG, NULL, NULL},
};

static const struct type *find_type(const char *content_type)
{
	struct text_span name;

	if (content_type == NULL)
		return NULL;
	name = header_first_token(content_type);
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (text_is_like(name.text, name.len, types[i].name))
			return &types[i];
	}
	return NULL;
}

enum body_kind presence_body_kind(const char *content_type)
{
	const struct type *type = find_type(content_type);

	return type == NULL ? BODY_OTHER : type->kind;
}

static bool is_utf16(const char *text, size_t len)
{
	return len >= 2 && (memcmp(text, "\xFE\xFF", 2) == 0 || memcmp(text, "\xFF\xFE", 2) == 0);
}

/* True if the bytes are to be read as they are: what an XML declaration says of them is judged by
 * the reader (SIP-112). */
static bool is_plain(struct text_span charset)
{
	return charset.len == 0 || text_is_like(charset.text, charset.len, "utf-8") ||
	       text_is_like(charset.text, charset.len, "utf8") ||
	       text_is_like(charset.text, charset.len, "us-ascii");
}

int presence_body_utf8(const char *content_type, const char *text, size_t len, struct buf *out)
{
	struct text_span charset = content_type == NULL ? (struct text_span){"", 0}
							: header_parameter(content_type, "charset");

	if (is_utf16(text, len) && is_plain(charset))
		charset = (struct text_span){"utf-16", 6}; /* XML 1.0, appendix F */
	if (!is_plain(charset))
		return charset_to_utf8(text, len, charset.text, charset.len, out);
	buf_append(out, text, len);
	return 0;
}

static int parse(const struct type *type, const char *text, size_t len,
		 const struct pidf_reading *reading, struct presence *out)
{
	int err = type->first(text, len, reading, out);

	if (err == EBADMSG)
		err = type->second(text, len, reading, out);
	return err;
}

int presence_body_parse(const char *content_type, const char *text, size_t len,
			const struct pidf_reading *reading, const struct profile *profile,
			struct presence *out)
{
	const struct type *type = find_type(content_type);
	struct buf utf8 = BUF_INIT;
	int err;

	*out = (struct presence){0};
	if (type == NULL || type->kind != BODY_PRESENCE)
		return ENOTSUP;
	if (len > reading->max_bytes)
		return E2BIG;
	err = presence_body_utf8(content_type, text, len, &utf8);
	if (err == 0)
		err = parse(type, buf_text(&utf8), utf8.len, reading, out);
	buf_free(&utf8);
	if (err == 0)
		pbx_words_apply(profile->words, out);
	return err;
}
