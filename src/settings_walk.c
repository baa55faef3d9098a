/* Walks libconfig's tree against the schema: unknown names, types, ranges (LCF-001 to LCF-003). All
 * text is copied (LCF-006), all numbers are read without a locale (LCF-007). */
#include "settings_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

enum { ITEMS_MAX = 1000, TEXT_MAX = 1024 };

/* One value that is being read. */
struct place {
	struct loader *loader;
	const struct setting *setting;
	int line;
	char name[2 * SETTING_NAME_MAX]; /* "domains[0].sip" */
};

static void walk_group(struct loader *loader, const config_setting_t *group,
		       const struct setting *table, void *target, const char *prefix);

/* Targets -------------------------------------------------------------------------------------- */

static void *field(void *target, const struct setting *setting)
{
	return (char *)target + setting->offset;
}

static void put_number(void *target, const struct setting *setting, int64_t value)
{
	memcpy(field(target, setting), &value, sizeof(value));
}

static void put_text(struct loader *loader, void *target, const struct setting *setting,
		     const char *value)
{
	const char *copy = value[0] != '\0' ? memory_text(loader->memory, value) : NULL;

	memcpy(field(target, setting), &copy, sizeof(copy));
}

/* Values --------------------------------------------------------------------------------------- */

static bool same_word(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++) {
		bool both_gap = strchr(" _-", *a) != NULL && strchr(" _-", *b) != NULL;

		if (*a != *b && !both_gap)
			return false;
	}
	return *a == *b;
}

static bool find_choice(const struct setting *setting, const char *value, int64_t *out)
{
	for (int64_t i = 0; setting->choices[i] != NULL; i++) {
		if (same_word(setting->choices[i], value)) {
			*out = i;
			return true;
		}
	}
	return false;
}

static void choices_fault(const struct place *place, const char *value)
{
	struct buf list = BUF_INIT;

	for (size_t i = 0; place->setting->choices[i] != NULL; i++)
		buf_printf(&list, "%s\"%s\"", i == 0 ? "" : ", ", place->setting->choices[i]);
	loader_fault(place->loader, place->line, "%s: \"%s\" is unknown; use one of %s",
		     place->name, value, buf_text(&list));
	buf_free(&list);
}

static void type_fault(const struct place *place, const char *wanted)
{
	loader_fault(place->loader, place->line, "%s must be %s", place->name, wanted);
}

static void put_in_range(const struct place *place, void *target, int64_t value)
{
	const struct setting *setting = place->setting;
	char least[32];
	char most[32];

	if (value >= setting->least && value <= setting->most &&
	    (setting->step == 0 || value % setting->step == 0)) {
		put_number(target, setting, value);
		return;
	}
	if (setting->type == SETTING_DURATION) {
		settings_print_duration(least, setting->least);
		settings_print_duration(most, setting->most);
	} else {
		snprintf(least, sizeof(least), "%lld", (long long)setting->least);
		snprintf(most, sizeof(most), "%lld", (long long)setting->most);
	}
	loader_fault(place->loader, place->line, "%s is out of range; use %s to %s%s", place->name,
		     least, most, setting->step == 1000 ? ", in whole seconds" : "");
}

static bool is_number(const config_setting_t *value)
{
	int type = config_setting_type(value);

	return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
}

static void read_number(const struct place *place, const config_setting_t *value, void *target)
{
	if (is_number(value))
		put_in_range(place, target, config_setting_get_int64(value));
	else
		type_fault(place, "a whole number without quotes");
}

static void read_with_unit(const struct place *place, const config_setting_t *value, void *target)
{
	bool is_time = place->setting->type == SETTING_DURATION;
	const char *text = config_setting_get_string(value);
	int64_t number;
	bool ok;

	if (is_number(value)) {
		put_in_range(place, target, config_setting_get_int64(value) * (is_time ? 1000 : 1));
		return;
	}
	ok = text != NULL &&
	     (is_time ? settings_read_duration(text, &number) : settings_read_size(text, &number));
	if (ok)
		put_in_range(place, target, number);
	else if (is_time)
		type_fault(place, "a number of seconds, or a text such as \"500ms\", \"30s\", "
				  "\"10m\", \"24h\", \"7d\"");
	else
		type_fault(place, "a number of bytes, or a text such as \"60 KiB\"");
}

/* LCF-005. A fault is reported. */
static bool text_is_clean(const struct place *place, const char *text)
{
	size_t len = strlen(text);

	if (len > TEXT_MAX) {
		loader_fault(place->loader, place->line, "%s is longer than %d bytes; shorten it",
			     place->name, (int)TEXT_MAX);
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
			loader_fault(place->loader, place->line,
				     "%s holds a control character; remove it", place->name);
			return false;
		}
	}
	if (!utf8_is_valid(text, len)) {
		loader_fault(place->loader, place->line, "%s is not UTF-8; check its \\x escapes",
			     place->name);
		return false;
	}
	return true;
}

static bool text_is_good(const struct place *place, const char *text)
{
	const char *wanted = NULL;

	if (!text_is_clean(place, text))
		return false;
	if (place->setting->check != NULL && text[0] != '\0')
		wanted = place->setting->check(text);
	if (wanted != NULL)
		loader_fault(place->loader, place->line, "%s: \"%s\" cannot be used; it must be %s",
			     place->name, text, wanted);
	return wanted == NULL;
}

static void read_text(const struct place *place, const config_setting_t *value, void *target)
{
	const char *text = config_setting_get_string(value);

	if (text == NULL)
		type_fault(place, "a text in quotes");
	else if (text_is_good(place, text))
		put_text(place->loader, target, place->setting, text);
}

static void read_choice(const struct place *place, const config_setting_t *value, void *target)
{
	const char *text = config_setting_get_string(value);
	int64_t choice;

	if (text == NULL)
		type_fault(place, "a text in quotes");
	else if (!text_is_clean(place, text))
		return;
	else if (find_choice(place->setting, text, &choice))
		put_number(target, place->setting, choice);
	else
		choices_fault(place, text);
}

static void read_texts(const struct place *place, const config_setting_t *value, void *target)
{
	struct texts *out = field(target, place->setting);
	struct place item = *place;
	int count = config_setting_length(value);

	if (config_setting_type(value) != CONFIG_TYPE_ARRAY &&
	    config_setting_type(value) != CONFIG_TYPE_LIST) {
		type_fault(place, "a list of texts: [ \"...\", \"...\" ]");
		return;
	}
	if (count > ITEMS_MAX) {
		loader_fault(place->loader, place->line, "%s has more than %d members; shorten it",
			     place->name, (int)ITEMS_MAX);
		return;
	}
	out->items = memory_array(place->loader->memory, (size_t)count + 1, sizeof(*out->items));
	out->count = 0;
	out->is_set = true;
	for (int i = 0; i < count; i++) {
		const config_setting_t *member = config_setting_get_elem(value, (unsigned)i);
		const char *text = config_setting_get_string(member);

		item.line = config_setting_source_line(member);
		if (text == NULL || text[0] == '\0')
			type_fault(&item, "a list of texts: [ \"...\", \"...\" ]");
		else if (text_is_good(&item, text))
			out->items[out->count++] = memory_text(place->loader->memory, text);
	}
}

static void read_bool(const struct place *place, const config_setting_t *value, void *target)
{
	if (config_setting_type(value) == CONFIG_TYPE_BOOL)
		put_number(target, place->setting, config_setting_get_bool(value) ? 1 : 0);
	else
		type_fault(place, "true or false, without quotes");
}

/* Defaults ------------------------------------------------------------------------------------- */

static int64_t preset_number(const struct setting *setting)
{
	int64_t value = SETTING_UNSET;

	if (setting->preset == NULL)
		return SETTING_UNSET;
	switch (setting->type) {
	case SETTING_BOOL:
		return strcmp(setting->preset, "true") == 0 ? 1 : 0;
	case SETTING_NUMBER:
		return strtoll(setting->preset, NULL, 10);
	case SETTING_DURATION:
		settings_read_duration(setting->preset, &value);
		break;
	case SETTING_SIZE:
		settings_read_size(setting->preset, &value);
		break;
	case SETTING_CHOICE:
		find_choice(setting, setting->preset, &value);
		break;
	default:
		break;
	}
	return value;
}

static void preset(const struct setting *table, void *target)
{
	for (const struct setting *setting = table; setting->name != NULL; setting++) {
		switch (setting->type) {
		case SETTING_GROUP:
			preset(setting->inside, target);
			break;
		case SETTING_TEXT:
			memcpy(field(target, setting), &setting->preset, sizeof(setting->preset));
			break;
		case SETTING_TEXTS:
		case SETTING_LIST:
			break; /* zeroed: empty */
		default:
			put_number(target, setting, preset_number(setting));
		}
	}
}

/* Tree ----------------------------------------------------------------------------------------- */

static void read_list(const struct place *place, const config_setting_t *value, void *target)
{
	const struct setting *setting = place->setting;
	struct items *out = field(target, setting);
	int count = config_setting_length(value);

	if (config_setting_type(value) != CONFIG_TYPE_LIST) {
		type_fault(place, "a list of groups: ( { ... }, { ... } )");
		return;
	}
	if (count > ITEMS_MAX) {
		loader_fault(place->loader, place->line, "%s has more than %d members; shorten it",
			     place->name, (int)ITEMS_MAX);
		return;
	}
	out->count = (size_t)count;
	out->items = memory_array(place->loader->memory, (size_t)count + 1, setting->size);
	for (int i = 0; i < count; i++) {
		const config_setting_t *member = config_setting_get_elem(value, (unsigned)i);
		void *item = (char *)out->items + (size_t)i * setting->size;
		char prefix[sizeof(place->name) + SETTING_NAME_MAX];

		preset(setting->inside, item);
		snprintf(prefix, sizeof(prefix), "%s[%d].", place->name, i);
		if (config_setting_is_group(member))
			walk_group(place->loader, member, setting->inside, item, prefix);
		else
			loader_fault(place->loader, config_setting_source_line(member),
				     "%s[%d] must be a group: { name = value; ... }", place->name,
				     i);
	}
}

static bool is_empty(const config_setting_t *value)
{
	const char *text = config_setting_get_string(value);

	return text != NULL
		       ? text[0] == '\0'
		       : config_setting_is_aggregate(value) && config_setting_length(value) == 0;
}

static void note_unbuilt(const struct place *place, const config_setting_t *value)
{
	if (place->setting->is_unbuilt && !is_empty(value))
		buf_printf(&place->loader->unbuilt,
			   "%s:%d: %s is accepted, but not built yet: it has no effect\n",
			   place->loader->path, place->line, place->name);
}

static void walk_named(const struct place *place, const config_setting_t *group, void *target)
{
	char prefix[SETTING_NAME_MAX];

	snprintf(prefix, sizeof(prefix), "%s.", place->setting->name);
	walk_group(place->loader, group, place->setting->inside, target, prefix);
}

static void read_value(const struct place *place, const config_setting_t *value, void *target)
{
	note_unbuilt(place, value);
	switch (place->setting->type) {
	case SETTING_BOOL:
		read_bool(place, value, target);
		break;
	case SETTING_NUMBER:
		read_number(place, value, target);
		break;
	case SETTING_DURATION:
	case SETTING_SIZE:
		read_with_unit(place, value, target);
		break;
	case SETTING_CHOICE:
		read_choice(place, value, target);
		break;
	case SETTING_TEXT:
		read_text(place, value, target);
		break;
	case SETTING_TEXTS:
		read_texts(place, value, target);
		break;
	case SETTING_LIST:
		read_list(place, value, target);
		break;
	case SETTING_GROUP:
		if (config_setting_is_group(value))
			walk_named(place, value, target);
		else
			type_fault(place, "a group: { name = value; ... }");
		break;
	}
}

static void unknown(struct loader *loader, const config_setting_t *value,
		    const struct setting *table, const char *prefix)
{
	const char *name = config_setting_name(value);
	int line = config_setting_source_line(value);
	char near[SETTING_NAME_MAX];

	if (settings_nearest(table, name, near))
		loader_fault(loader, line, "%s%s is no setting; did you mean %s%s?", prefix, name,
			     prefix, near);
	else if (settings_elsewhere(name, near))
		loader_fault(loader, line, "%s%s is no setting; did you mean %s?", prefix, name,
			     near);
	else
		loader_fault(loader, line, "%s%s is no setting; remove it", prefix, name);
}

static void walk_group(struct loader *loader, const config_setting_t *group,
		       const struct setting *table, void *target, const char *prefix)
{
	int count = config_setting_length(group);

	for (int i = 0; i < count; i++) {
		const config_setting_t *value = config_setting_get_elem(group, (unsigned)i);
		const char *name = config_setting_name(value);
		struct place place = {.loader = loader, .setting = settings_find(table, name)};

		place.line = config_setting_source_line(value);
		if (place.setting == NULL) {
			unknown(loader, value, table, prefix);
			continue;
		}
		snprintf(place.name, sizeof(place.name), "%s%s", prefix, name);
		read_value(&place, value, target);
	}
}

void settings_walk(struct loader *loader)
{
	preset(settings_schema, &loader->draft);
	walk_group(loader, config_root_setting(&loader->config), settings_schema, &loader->draft,
		   "");
}
