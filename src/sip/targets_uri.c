/* Where a URI leads; see targets_uri.h. */
#include "sip/targets_uri.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sip/net_address.h"

/* Appends lower case up to one of ends; false: no room. */
static bool copy_lower(char *key, size_t *len, const char *from, size_t count)
{
	if (*len + count + 1 >= TARGETS_KEY_MAX)
		return false;
	for (size_t i = 0; i < count; i++)
		key[(*len)++] = (char)tolower((unsigned char)from[i]);
	key[(*len)++] = '|';
	return true;
}

static void view_params(struct uri_view *out, const char *at, const char *end)
{
	while (at < end && *at == ';') {
		size_t len = 1;

		while (at + len < end && at[len] != ';' && at[len] != '?')
			len++;
		if (len > 11 && strncasecmp(at, ";transport=", 11) == 0) {
			out->transport = at + 11;
			out->transport_len = len - 11;
		} else if (len > 7 && strncasecmp(at, ";maddr=", 7) == 0) {
			out->maddr = at + 7;
			out->maddr_len = len - 7;
		}
		at += len;
	}
}

bool uri_view_read(struct uri_view *out, const char *text, size_t len)
{
	const char *end = text + len, *at, *user;

	memset(out, 0, sizeof *out);
	if (len > 5 && strncasecmp(text, "sips:", 5) == 0)
		out->is_sips = true;
	else if (len < 5 || strncasecmp(text, "sip:", 4) != 0)
		return false;
	at = text + (out->is_sips ? 5 : 4);
	for (const char *c = at; c < end; c++)
		if (*c == '>' || *c == ' ')
			end = c;
	user = memchr(at, '@', (size_t)(end - at));
	if (user != NULL)
		at = user + 1;
	out->host = at;
	if (at < end && *at == '[')
		while (at < end && *at != ']')
			at++;
	while (at < end && strchr(":;?", *at) == NULL)
		at++;
	out->host_len = (size_t)(at - out->host);
	if (at < end && *at == ':') {
		out->port = ++at;
		while (at < end && *at >= '0' && *at <= '9')
			at++;
		out->port_len = (size_t)(at - out->port);
	}
	view_params(out, at, end);
	return out->host_len != 0;
}

size_t uri_view_key(const struct uri_view *view, char key[TARGETS_KEY_MAX])
{
	size_t len = 0;

	key[len++] = view->is_sips ? 's' : '-';
	if (!copy_lower(key, &len, view->host, view->host_len) ||
	    !copy_lower(key, &len, view->port, view->port_len) ||
	    !copy_lower(key, &len, view->transport, view->transport_len) ||
	    !copy_lower(key, &len, view->maddr, view->maddr_len))
		return 0;
	return len;
}

bool uri_view_literal(const struct uri_view *view, struct net_address *out)
{
	const char *from = view->maddr != NULL ? view->maddr : view->host;
	size_t len = view->maddr != NULL ? view->maddr_len : view->host_len;
	char text[64];

	if (len >= sizeof text)
		return false;
	memcpy(text, from, len);
	text[len] = '\0';
	memset(out, 0, sizeof *out);
	if (!net_address_parse(out, text))
		return false;
	out->port = view->port_len != 0 && view->port_len < 6
			    ? (uint16_t)strtoul(view->port, NULL, 10)
			    : 0;
	return true;
}
