#include "xmpp/door.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

enum { PART_MAX = 1023, JID_MAX = 3 * PART_MAX + 2 };

struct span {
	const char *at;
	const char *end;
};

static bool starts_stanza(struct span *rest)
{
	static const char *const starts[] = {"<message ", "<presence ", "<iq "};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		size_t len = strlen(starts[i]);

		if ((size_t)(rest->end - rest->at) > len && memcmp(rest->at, starts[i], len) == 0) {
			rest->at += len;
			return true;
		}
	}
	return false;
}

/* Takes name="value" off the start tag. Returns false at its end or where it is not one. */
static bool take_attribute(struct span *rest, struct span *name, struct span *value)
{
	char quote;

	while (rest->at < rest->end && *rest->at == ' ')
		rest->at++;
	name->at = rest->at;
	while (rest->at < rest->end && strchr("=/> \"'", *rest->at) == NULL)
		rest->at++;
	name->end = rest->at;
	if (rest->end - rest->at < 2 || rest->at[0] != '=')
		return false;
	quote = rest->at[1];
	if (quote != '"' && quote != '\'')
		return false;
	value->at = rest->at + 2;
	value->end = memchr(value->at, quote, (size_t)(rest->end - value->at));
	if (value->end == NULL)
		return false;
	rest->at = value->end + 1;
	return true;
}

static bool is_named(const struct span *name, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(name->end - name->at) == len && memcmp(name->at, text, len) == 0;
}

/* The character a predefined or numeric reference stands for; 0 if it is none of those. */
static unsigned long reference(const char *at, size_t len)
{
	static const struct {
		const char *name;
		char c;
	} known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
	unsigned long value = 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (len == strlen(known[i].name) && memcmp(at, known[i].name, len) == 0)
			return (unsigned char)known[i].c;
	}
	/* the serializer writes TAB, LF and CR of attributes as numbers: none may be in a JID */
	if (len > 1 && at[0] == '#')
		value = '\n';
	return value;
}

/* Undoes the escapes of value into jid. Returns its length, or 0. */
static size_t unescape(const struct span *value, char jid[JID_MAX + 1])
{
	size_t len = 0;

	for (const char *at = value->at; at < value->end; at++) {
		char c = *at;

		if (c == '&') {
			const char *end = memchr(at, ';', (size_t)(value->end - at));
			unsigned long known =
				end == NULL ? 0 : reference(at + 1, (size_t)(end - at - 1));

			if (known == 0)
				return 0;
			c = (char)known;
			at = end;
		}
		if (len == JID_MAX)
			return 0;
		jid[len++] = c;
	}
	jid[len] = '\0';
	return len;
}

static bool is_part(const char *at, size_t len, const char *forbidden)
{
	if (len == 0 || len > PART_MAX || !utf8_is_valid(at, len))
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)at[i];

		if (c < 0x20 || c == 0x7f || strchr(forbidden, c) != NULL)
			return false;
	}
	return true;
}

/* JID-001, JID-002, JID-003: resource first, then local part. */
static bool is_ours(const char *jid, size_t len, const char *domain)
{
	const char *slash = memchr(jid, '/', len);
	size_t bare = slash == NULL ? len : (size_t)(slash - jid);
	const char *at = memchr(jid, '@', bare);
	const char *host = at == NULL ? jid : at + 1;
	size_t host_len = bare - (size_t)(host - jid);

	if (slash != NULL && !is_part(slash + 1, len - bare - 1, ""))
		return false;
	if (at != NULL && !is_part(jid, (size_t)(at - jid), " \"&'/:<>@"))
		return false;
	return host_len == strlen(domain) && memcmp(host, domain, host_len) == 0;
}

int door_check(const char *stanza, size_t len, const char *domain, size_t most)
{
	struct span rest = {stanza, stanza + len}, name, value;
	char jid[JID_MAX + 1];
	bool has_from = false, has_to = false;

	if (len > most)
		return E2BIG;
	if (!starts_stanza(&rest) || stanza[len - 1] != '>')
		return EINVAL;
	while (take_attribute(&rest, &name, &value)) {
		if (is_named(&name, "to")) {
			has_to = value.end > value.at;
		} else if (is_named(&name, "from")) {
			size_t jid_len = unescape(&value, jid);

			if (has_from || jid_len == 0 || !is_ours(jid, jid_len, domain))
				return EACCES;
			has_from = true;
		}
	}
	if (!has_from)
		return EACCES;
	return has_to ? 0 : EINVAL;
}
