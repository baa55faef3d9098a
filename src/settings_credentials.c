/* What the PBX may ask us for (SEC-014, SEC-090): sip.username and what belongs to it, the same in
 * domains; and where names are looked up (SOF-017). */
#include "settings_private.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "sip/net_address.h"

enum { NAME_MOST = 200, LINE_BYTES = 512, LINES_MOST = 1000 };

/* It stands between quotes in a header. */
static bool is_name(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > NAME_MOST || !utf8_is_valid(text, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f || strchr("\"\\", text[i]))
			return false;
	return true;
}

static void check_name(struct loader *loader, const char *prefix, const char *name,
		       const char *text)
{
	char setting[SETTING_NAME_MAX];

	snprintf(setting, sizeof(setting), "%s%s", prefix, name);
	if (text != NULL && !is_name(text))
		loader_fault(loader, loader_line(loader, setting),
			     "%s must be 1 to %d bytes of text without quotes and backslashes",
			     setting, (int)NAME_MOST);
}

struct own {
	const char *realm, *username, *password, *password_file;
};

static void check_one(struct loader *loader, const char *prefix, const struct own *from,
		      struct sip_credentials *out)
{
	char setting[SETTING_NAME_MAX];
	size_t faults = loader->faults;

	out->realm = from->realm;
	out->username = from->username;
	out->password =
		settings_secret(loader, prefix, "password", from->password, from->password_file);
	check_name(loader, prefix, "realm", from->realm);
	check_name(loader, prefix, "username", from->username);
	if (loader->faults != faults || (out->username != NULL) == (out->password != NULL))
		return;
	snprintf(setting, sizeof(setting), "%s%s", prefix,
		 out->username != NULL ? "username" : "password");
	loader_fault(loader, loader_line(loader, setting),
		     "%susername and %spassword (or password_file) belong together; set both",
		     prefix, prefix);
}

void settings_check_credentials(struct loader *loader, struct settings *out)
{
	const struct draft *draft = &loader->draft;
	const struct draft_domain *entry = draft->domains.items;

	check_one(
		loader, "sip.",
		&(struct own){draft->realm, draft->username, draft->password, draft->password_file},
		&out->credentials);
	for (size_t i = 0; i < out->domain_count; i++) {
		char prefix[SETTING_NAME_MAX];

		snprintf(prefix, sizeof(prefix), "domains[%zu].", i);
		check_one(loader, prefix,
			  &(struct own){entry[i].realm, entry[i].username, entry[i].password,
					entry[i].password_file},
			  &out->peers[i].credentials);
	}
}

/* Names ---------------------------------------------------------------------------------------- */

static bool is_name_of_host(const char *proxy)
{
	struct net_address literal;
	struct uri_parts parts;

	return proxy != NULL && uri_parts_read(&parts, proxy) &&
	       !net_address_parse(&literal, parts.host);
}

static bool looks_up(const struct settings *settings)
{
	for (size_t i = 0; i < settings->domain_count; i++) {
		const char *proxy = settings->peers[i].proxy != NULL ? settings->peers[i].proxy
								     : settings->proxy;

		if (proxy == NULL || is_name_of_host(proxy))
			return true;
	}
	return false;
}

/* The first name server that is not on this machine. */
static bool is_remote(const char *path, char server[LINE_BYTES])
{
	FILE *file = fopen(path, "re");
	char line[LINE_BYTES];
	bool found = false;

	if (file == NULL)
		return false;
	for (int i = 0; i < LINES_MOST && !found && fgets(line, sizeof(line), file) != NULL; i++) {
		struct net_address address;

		found = sscanf(line, " nameserver %511s", server) == 1 &&
			net_address_parse(&address, server) && !net_address_is_loopback(&address);
	}
	fclose(file);
	return found;
}

/* SOF-017: the library's questions can be guessed, and so answered by others. */
void settings_describe_resolver(const struct settings *settings, struct buf *out)
{
	char server[LINE_BYTES];

	if (looks_up(settings) && is_remote(settings->resolv_conf, server))
		buf_printf(out,
			   "%s: warning: the names of SIP servers are asked of %s, where answers "
			   "can be forged on the way; a resolver on this machine is safer\n",
			   settings->resolv_conf, server);
}
