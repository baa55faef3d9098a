/* Who calls, as far as it may be shown. */
#include "translate/dialog_party.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "translate/dialog_info.h"
#include "translate/text_span.h"
#include "translate/xml.h"

struct span {
	const char *text;
	size_t len;
};

struct uri {
	struct span user;
	struct span host;
};

static bool is_named(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

/* Cuts span at the first of the characters. */
static struct span until(struct span span, const char *ends)
{
	for (size_t i = 0; i < span.len; i++) {
		if (strchr(ends, span.text[i]) != NULL)
			return (struct span){span.text, i};
	}
	return span;
}

static struct span after(struct span span, size_t count)
{
	return (struct span){span.text + count, span.len - count};
}

/* White space, brackets and parameters around the address are met (DLG-005). A SIP address without
 * a user names a machine; of tel: all is the user. */
static struct uri split_uri(const char *text, size_t len)
{
	struct uri uri = {{"", 0}, {"", 0}};
	struct span rest, user;

	text_trim(&text, &len);
	rest = (struct span){text, len};
	if (len > 0 && text[0] == '<')
		rest = until(after(rest, 1), ">");
	user = until(rest, ":");
	if (user.len == rest.len)
		return uri;
	rest = after(rest, user.len + 1);
	if (text_is_like(user.text, user.len, "tel")) {
		uri.user = until(rest, ";");
		return uri;
	}
	user = until(rest, "@");
	if (user.len == rest.len) {
		uri.host = until(rest, ":;?");
		return uri;
	}
	uri.host = until(after(rest, user.len + 1), ":;?");
	uri.user = until(user, ";:");
	return uri;
}

static bool is_one_of(struct span span, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (text_is_like(span.text, span.len, words[i]))
			return true;
	}
	return false;
}

/* RFC 3323 section 4.1.1.3, and what PBXs write instead (DLG-018, PBX-005). */
static bool is_withheld(struct span display, struct uri uri)
{
	static const char *const words[] = {"anonymous", "invalid",  "private", "restricted",
					    "unknown",   "withheld", "_undef_"};
	static const char ending[] = ".invalid";
	size_t n = sizeof ending - 1;

	if (is_one_of(display, words, sizeof words / sizeof *words) ||
	    is_one_of(uri.user, words, sizeof words / sizeof *words))
		return true;
	return uri.host.len >= n && text_is_like(uri.host.text + uri.host.len - n, n, ending);
}

/* COMPAT(freeswitch): codes of its own in place of a user (PBX-031). */
static bool is_service(struct span user)
{
	static const char *const prefixes[] = {"**", "queue+", "park+", "pickup+", "conf+"};

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		if (text_starts(user.text, user.len, prefixes[i]))
			return true;
	}
	return false;
}

/* A target with a pickup code leads to an ordinary call; the other codes name no person. */
static bool is_service_target(const char *text)
{
	struct uri uri = split_uri(text, strlen(text));

	return is_service(uri.host) || (is_service(uri.user) && uri.user.text[0] != '*');
}

static struct span attribute_span(const xmlNode *node, const char *name)
{
	const char *value = xml_attribute(node, NULL, name);
	struct span span = {value == NULL ? "" : value, value == NULL ? 0 : strlen(value)};

	text_trim(&span.text, &span.len);
	return span;
}

static struct span display_of(const xmlNode *node)
{
	struct span display = attribute_span(node, "display");

	return display.len > 0 ? display : attribute_span(node, "display-name");
}

/* A name of one line and bounded length; NULL if nothing is left. */
static char *make_name(struct span span)
{
	char *name;

	if (span.len > 0 && span.text[0] == '"') {
		span = after(span, 1);
		span = until(span, "\"");
	}
	span.len = utf8_cut(span.text, span.len, DIALOG_OTHER_BYTES_MAX);
	if (span.len == 0)
		return NULL;
	name = mem_strndup(span.text, span.len);
	for (char *c = name; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7F)
			*c = ' ';
	}
	return name;
}

/* COMPAT(kamailio): the display name may stand at the target (PBX-048). */
static struct span target_display(const xmlNode *remote, bool *is_service_call)
{
	struct span display = {"", 0};

	for (const xmlNode *node = remote->children; node != NULL; node = node->next) {
		const char *uri;

		if (!is_named(node, "target"))
			continue;
		uri = xml_attribute(node, NULL, "uri");
		if (uri != NULL && is_service_target(uri))
			*is_service_call = true;
		if (display.len == 0)
			display = display_of(node);
	}
	return display;
}

bool dialog_party_read(const xmlNode *remote, char **name, char **number)
{
	struct buf text = BUF_INIT;
	bool has_identity = false;
	bool is_hidden = false;
	struct span fallback = target_display(remote, &is_hidden);

	*name = NULL;
	*number = NULL;
	for (const xmlNode *node = remote->children; node != NULL; node = node->next) {
		struct span display;
		struct uri uri;

		if (!is_named(node, "identity"))
			continue;
		has_identity = true;
		xml_content(node, &text);
		uri = split_uri(buf_text(&text), text.len);
		display = display_of(node);
		if (display.len == 0)
			display = fallback;
		is_hidden |= is_withheld(display, uri) || is_service(uri.user);
		if (*name != NULL || uri.user.len == 0)
			continue; /* the first of several counts */
		if (display.len == 0 || is_service(display))
			display = uri.user;
		*name = make_name(display);
		*number = *name != NULL ? make_name(uri.user) : NULL;
	}
	buf_free(&text);
	if (is_hidden) {
		mem_free(*name); /* one word that withholds is enough */
		mem_free(*number);
		*name = NULL;
		*number = NULL;
	}
	return has_identity;
}

bool dialog_party_name(const xmlNode *remote, char **out)
{
	char *number;
	bool has_identity = dialog_party_read(remote, out, &number);

	mem_free(number);
	return has_identity;
}
