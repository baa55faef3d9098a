/* The configuration from file to value: read, scan, parse, walk, check. */
#include "settings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "settings_private.h"

enum { LINE_MAX_BYTES = 1024, FAULTS_MAX = 100 };

/* What settings.memory points to. */
struct kept {
	struct memory *memory;
	char *unbuilt;
};

/* Report --------------------------------------------------------------------------------------- */

/* SEC-016: without the passwords of URIs between quotes. */
static void add_text(struct buf *out, const char *text)
{
	const char *end = text + strcspn(text, "\"");
	const char *user = strchr(text, ':'), *host = memrchr(text, '@', (size_t)(end - text));

	if (host != NULL && user != NULL &&
	    (strncasecmp(text, "sip:", 4) == 0 || strncasecmp(text, "sips:", 5) == 0)) {
		const char *colon = memchr(user + 1, ':', (size_t)(host - user - 1));

		if (colon != NULL) {
			buf_append(out, text, (size_t)(colon + 1 - text));
			buf_puts(out, "***");
			text = host;
		}
	}
	buf_append(out, text, (size_t)(end - text));
	if (*end == '\0')
		return;
	buf_putc(out, '"');
	add_text(out, end + 1);
}

static void __attribute__((format(printf, 4, 0)))
add_line(struct loader *loader, int line, const char *kind, const char *format, va_list args)
{
	char text[LINE_MAX_BYTES];

	vsnprintf(text, sizeof(text), format, args);
	buf_puts(loader->report, loader->path);
	if (line > 0)
		buf_printf(loader->report, ":%d", line);
	buf_printf(loader->report, ": %s", kind);
	add_text(loader->report, text);
	buf_putc(loader->report, '\n');
}

void loader_fault(struct loader *loader, int line, const char *format, ...)
{
	va_list args;

	if (loader->faults++ >= FAULTS_MAX)
		return;
	va_start(args, format);
	add_line(loader, line, "", format, args);
	va_end(args);
}

void loader_warn(struct loader *loader, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_line(loader, line, "warning: ", format, args);
	va_end(args);
}

/* libconfig's path of a setting: "domains[0].sip" is "domains.[0].sip". */
static void to_path(char out[2 * SETTING_NAME_MAX], const char *name)
{
	size_t at = 0;

	for (; *name != '\0' && at + 2 < 2 * SETTING_NAME_MAX; name++) {
		if (*name == '[')
			out[at++] = '.';
		out[at++] = *name;
	}
	out[at] = '\0';
}

int loader_line(const struct loader *loader, const char *name)
{
	char path[2 * SETTING_NAME_MAX];

	to_path(path, name);
	while (path[0] != '\0') {
		const config_setting_t *found = config_lookup(&loader->config, path);
		char *dot = strrchr(path, '.');

		if (found != NULL)
			return config_setting_source_line(found);
		if (dot == NULL)
			return 0;
		*dot = '\0';
	}
	return 0;
}

/* Load ----------------------------------------------------------------------------------------- */

static void parse(struct loader *loader, const char *text)
{
	const char *what;

	if (config_read_string(&loader->config, text) == CONFIG_TRUE) {
		settings_walk(loader);
		return;
	}
	what = config_error_text(&loader->config);
	if (what != NULL && strstr(what, "duplicate") != NULL)
		loader_fault(loader, config_error_line(&loader->config),
			     "this setting stands here for the second time; remove one of the two");
	else
		loader_fault(
			loader, config_error_line(&loader->config),
			"%s; look for a missing semicolon, quote or bracket here and in the line "
			"before",
			what != NULL ? what : "syntax error");
}

static struct settings *take(struct loader *loader, struct settings *settings)
{
	struct settings *out = mem_alloc(sizeof(*out));
	struct kept *kept = mem_zalloc(sizeof(*kept));

	kept->memory = loader->memory;
	kept->unbuilt = buf_take(&loader->unbuilt);
	loader->memory = NULL;
	settings->memory = kept;
	*out = *settings;
	return out;
}

int settings_load_text(struct settings **out, const char *path, const char *text, size_t len,
		       struct buf *report)
{
	struct loader loader = {.path = path, .report = report};
	struct settings settings = {0};

	*out = NULL;
	loader.memory = memory_new();
	config_init(&loader.config);
	settings_scan(&loader, text, len);
	if (loader.faults == 0)
		parse(&loader, text);
	if (loader.faults == 0)
		settings_check(&loader, &settings);
	settings.path = memory_text(loader.memory, path);
	if (loader.faults == 0)
		*out = take(&loader, &settings);
	config_destroy(&loader.config);
	buf_free(&loader.unbuilt);
	memory_free(&loader.memory);
	return *out != NULL ? 0 : EINVAL;
}

int settings_load(struct settings **out, const char *path, struct buf *report)
{
	struct loader loader = {.path = path, .report = report};
	struct buf text = BUF_INIT;
	int error = settings_read(&loader, &text);

	*out = NULL;
	if (error == 0)
		error = settings_load_text(out, path, buf_text(&text), text.len, report);
	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	buf_free(&text);
	return error;
}

void settings_free(struct settings **settings)
{
	struct settings *old = *settings;
	struct kept *kept;

	*settings = NULL;
	if (old == NULL)
		return;
	kept = old->memory;
	memory_free(&kept->memory);
	mem_free(kept->unbuilt);
	mem_free(kept);
	mem_free(old);
}

/* What -n says --------------------------------------------------------------------------------- */

static void describe_users(const struct address_map_params *map, struct buf *out)
{
	for (size_t i = 0; i < map->xmpp_domain_count; i++) {
		if (strcmp(map->xmpp_domains[i], "*") == 0) {
			buf_puts(out, "every chat user may use the bridge\n");
			return;
		}
	}
	buf_puts(out, "users of ");
	for (size_t i = 0; i < map->xmpp_domain_count; i++)
		buf_printf(out, "%s%s", i == 0 ? "" : ", ", map->xmpp_domains[i]);
	buf_puts(out, " may use the bridge\n");
}

void settings_describe(const struct settings *settings, struct buf *out)
{
	const struct kept *kept = settings->memory;

	describe_users(&settings->map, out);
	for (size_t i = 0; i < settings->map.domain_count; i++) {
		const struct map_domain *domain = &settings->map.domains[i];

		buf_printf(out, "%s shows the users of %s (%s)\n", domain->xmpp, domain->sip,
			   settings->peers[i].profile.name);
	}
	buf_puts(out, kept->unbuilt);
}

static void each_unbuilt(const struct setting *table, const char *prefix,
			 void (*each)(const char *name, void *arg), void *arg)
{
	for (const struct setting *setting = table; setting->name != NULL; setting++) {
		char name[2 * SETTING_NAME_MAX];
		const char *end = "";

		if (setting->inside != NULL)
			end = setting->type == SETTING_LIST ? "[]." : ".";
		snprintf(name, sizeof(name), "%s%s%s", prefix, setting->name, end);
		if (setting->inside != NULL)
			each_unbuilt(setting->inside, name, each, arg);
		else if (setting->is_unbuilt)
			each(name, arg);
	}
}

void settings_each_unbuilt(void (*each)(const char *name, void *arg), void *arg)
{
	each_unbuilt(settings_schema, "", each, arg);
}
