/* Numbers with units, and names that resemble each other. */
#include "settings_private.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { DISTANCE_MAX = 3 };

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit time_units[] = {
	{"", 1000},     {"ms", 1},      {"s", 1000},     {"m", 60000},
	{"min", 60000}, {"h", 3600000}, {"d", 86400000}, {"w", 604800000},
};

static const struct unit size_units[] = {
	{"", 1}, {"bytes", 1}, {"B", 1}, {"kB", 1000}, {"KiB", 1024}, {"MiB", 1048576},
};

/* Reads "7d", "24 h", "60 KiB". Returns false if it is no such thing. */
static bool read_units(const char *text, const struct unit *units, size_t count, int64_t *out)
{
	int64_t value = 0;
	const char *p = text;

	while (isdigit((unsigned char)*p) && value <= INT32_MAX)
		value = value * 10 + (*p++ - '0');
	if (p == text || value > INT32_MAX)
		return false;
	while (*p == ' ')
		p++;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(p, units[i].name) == 0) {
			*out = value * units[i].factor;
			return true;
		}
	}
	return false;
}

bool settings_read_duration(const char *text, int64_t *out)
{
	return read_units(text, time_units, sizeof(time_units) / sizeof(time_units[0]), out);
}

bool settings_read_size(const char *text, int64_t *out)
{
	return read_units(text, size_units, sizeof(size_units) / sizeof(size_units[0]), out);
}

void settings_print_duration(char out[32], int64_t ms)
{
	for (size_t i = sizeof(time_units) / sizeof(time_units[0]); i > 1; i--) {
		const struct unit *unit = &time_units[i - 1];

		if (ms != 0 && ms % unit->factor == 0 && strcmp(unit->name, "w") != 0 &&
		    strcmp(unit->name, "min") != 0) {
			snprintf(out, 32, "\"%lld%s\"", (long long)(ms / unit->factor), unit->name);
			return;
		}
	}
	snprintf(out, 32, "%lld", (long long)ms);
}

/* Names ---------------------------------------------------------------------------------------- */

const struct setting *settings_find(const struct setting *table, const char *name)
{
	for (; table->name != NULL; table++) {
		if (strcmp(table->name, name) == 0)
			return table;
	}
	return NULL;
}

/* Letters to add, remove or change to get from a to b (Levenshtein). */
static size_t distance(const char *a, const char *b)
{
	size_t row[SETTING_NAME_MAX + 1];
	size_t len = strlen(b);

	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
			size_t less = row[j] < row[j - 1] ? row[j] : row[j - 1];

			diagonal = row[j];
			row[j] = change < less + 1 ? change : less + 1;
		}
	}
	return row[len];
}

bool settings_nearest(const struct setting *table, const char *name, char out[SETTING_NAME_MAX])
{
	size_t best = DISTANCE_MAX + 1;

	if (strlen(name) >= SETTING_NAME_MAX)
		return false;
	for (; table->name != NULL; table++) {
		size_t far = distance(name, table->name);

		if (far < best && far * 2 <= strlen(table->name)) {
			best = far;
			snprintf(out, SETTING_NAME_MAX, "%s", table->name);
		}
	}
	return best <= DISTANCE_MAX;
}

bool settings_elsewhere(const char *name, char out[SETTING_NAME_MAX])
{
	for (const struct setting *group = settings_schema; group->name != NULL; group++) {
		const char *dots = group->type == SETTING_LIST ? "[]." : ".";

		if (strcmp(group->name, name) == 0) {
			snprintf(out, SETTING_NAME_MAX, "%s", name);
			return true;
		}
		if (group->inside != NULL && settings_find(group->inside, name) != NULL) {
			snprintf(out, SETTING_NAME_MAX, "%s%s%s", group->name, dots, name);
			return true;
		}
	}
	return false;
}
