/* Checks of single texts of the configuration. Each returns NULL, or what the value must be. */
#include "settings_private.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "model/profile.h"

enum { HOST_MAX = 253 };

static bool is_ipv6(const char *text, size_t len)
{
	char copy[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return inet_pton(AF_INET6, copy, &address) == 1;
}

/* A name or an address literal; IPv6 in brackets. */
static bool is_host(const char *text, size_t len)
{
	if (len == 0 || len > HOST_MAX)
		return false;
	if (text[0] == '[')
		return len > 2 && text[len - 1] == ']' && is_ipv6(text + 1, len - 2);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (!isalnum(c) && c != '-' && c != '.' && c != '_' && c < 0x80)
			return false;
	}
	return text[0] != '-' && text[0] != '.';
}

static bool is_port(const char *text, size_t len)
{
	unsigned port = 0;

	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)text[i]) || port > 65535)
			return false;
		port = port * 10 + (unsigned)(text[i] - '0');
	}
	return port >= 1 && port <= 65535;
}

/* HOST or HOST:PORT; any says that "*" is a host too. */
static bool is_host_port(const char *text, size_t len, bool any, bool need_port)
{
	const char *bracket = len > 0 && text[0] == '[' ? memchr(text, ']', len) : NULL;
	const char *from = bracket != NULL ? bracket : text;
	const char *colon = memchr(from, ':', len - (size_t)(from - text));
	size_t host_len = colon != NULL ? (size_t)(colon - text) : len;

	if (colon == NULL && need_port)
		return false;
	if (colon != NULL && !is_port(colon + 1, len - host_len - 1))
		return false;
	if (any && host_len == 1 && text[0] == '*')
		return true;
	return is_host(text, host_len);
}

const char *settings_text_host(const char *value)
{
	if (is_host(value, strlen(value)) || is_ipv6(value, strlen(value)))
		return NULL;
	return "a host name or an address, such as \"127.0.0.1\"";
}

const char *settings_text_host_port(const char *value)
{
	if (is_host_port(value, strlen(value), true, true))
		return NULL;
	return "HOST:PORT, such as \"127.0.0.1:9090\"";
}

const char *settings_text_advertise(const char *value)
{
	if (is_host_port(value, strlen(value), false, false))
		return NULL;
	return "HOST or HOST:PORT, such as \"bridge.example:5060\"";
}

/* What follows "sip:" or "sips:", or NULL. */
static const char *after_scheme(const char *value)
{
	if (strncasecmp(value, "sip:", 4) == 0)
		return value + 4;
	if (strncasecmp(value, "sips:", 5) == 0)
		return value + 5;
	return NULL;
}

/* The parameters of one of our own URIs: nothing, or the transport. */
static bool is_transport(const char *text)
{
	static const char *const names[] = {"", ";transport=udp", ";transport=tcp",
					    ";transport=tls"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(text, names[i]) == 0)
			return true;
	}
	return false;
}

const char *settings_text_listen(const char *value)
{
	const char *rest = after_scheme(value);

	if (rest != NULL && is_host_port(rest, strcspn(rest, ";"), true, false) &&
	    is_transport(rest + strcspn(rest, ";")))
		return NULL;
	return "sip:HOST:PORT;transport=udp, =tcp or =tls, such as \"sip:*:5060;transport=udp\"";
}

const char *settings_text_proxy(const char *value)
{
	const char *rest = after_scheme(value);
	size_t host;

	if (rest != NULL) {
		host = strcspn(rest, ";");
		if (is_host_port(rest, host, false, false) &&
		    (is_transport(rest + host) || strcasecmp(rest + host, ";lr") == 0))
			return NULL;
	}
	return "sip:HOST:PORT with an optional ;transport=, such as "
	       "\"sip:pbx.example;transport=tcp\"";
}

/* A user of a server: "sip:USER@HOST". */
const char *settings_text_user_uri(const char *value)
{
	static const char user[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "-_.!~*'()&=+$,;?/%";
	const char *rest = after_scheme(value);
	size_t len = rest != NULL ? strspn(rest, user) : 0;

	if (len > 0 && rest[len] == '@' &&
	    is_host_port(rest + len + 1, strlen(rest + len + 1), false, false))
		return NULL;
	return "sip:USER@HOST, such as \"sip:sipxmppd@pbx.example\"";
}

const char *settings_text_trusted(const char *value)
{
	size_t len = strcspn(value, "/");
	bool is_v6 = is_ipv6(value, len);
	struct in_addr v4;
	char host[HOST_MAX + 1];
	long bits;

	if (value[len] == '\0' && settings_text_host(value) == NULL)
		return NULL;
	if (len <= HOST_MAX && value[len] == '/') {
		memcpy(host, value, len);
		host[len] = '\0';
		bits = isdigit((unsigned char)value[len + 1]) && strlen(value + len + 1) <= 3
			       ? strtol(value + len + 1, NULL, 10)
			       : -1;
		if (bits >= 0 && strspn(value + len + 1, "0123456789") == strlen(value + len + 1) &&
		    ((is_v6 && bits <= 128) || (inet_pton(AF_INET, host, &v4) == 1 && bits <= 32)))
			return NULL;
	}
	return "an address, a network such as \"192.0.2.0/24\", or a host name";
}

const char *settings_text_facility(const char *value)
{
	static const char *const names[] = {
		"auth",   "authpriv", "cron",   "daemon", "ftp",    "kern",   "lpr",
		"mail",   "news",     "syslog", "user",   "uucp",   "local0", "local1",
		"local2", "local3",   "local4", "local5", "local6", "local7",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(value, names[i]) == 0)
			return NULL;
	}
	return "a facility of syslog, such as \"daemon\" or \"local0\"";
}

const char *settings_text_language(const char *value)
{
	size_t len = strlen(value);

	if (len >= 2 && len <= 35 && isalpha((unsigned char)value[0]) &&
	    strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == len)
		return NULL;
	return "a language tag, such as \"en\" or \"pt-BR\"";
}

const char *settings_text_socket(const char *value)
{
	if (strlen(value) < sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return NULL;
	return "a path of at most 107 bytes";
}

const char *settings_text_package(const char *value)
{
	if (strcmp(value, "presence") == 0 || strcmp(value, "dialog") == 0)
		return NULL;
	return "\"presence\" or \"dialog\"";
}

const char *settings_text_profile(const char *value)
{
	if (profile_find(value) != NULL)
		return NULL;
	return "one of generic, asterisk, freeswitch, kamailio, opensips, 3cx, linphone";
}

bool settings_is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;
	char bare[INET6_ADDRSTRLEN] = "";
	size_t len = strlen(host);

	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24) == 127;
	if (len > 2 && host[0] == '[' && len - 2 < sizeof(bare))
		memcpy(bare, host + 1, len - 2);
	return inet_pton(AF_INET6, bare[0] != '\0' ? bare : host, &v6) == 1 &&
	       IN6_IS_ADDR_LOOPBACK(&v6);
}
