/* The one table of limits, by name. */
#include "model/limits.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static const struct row {
	const char *name;
	const char *what;
	int64_t value;
	int64_t least;
	int64_t most;
	size_t at;  /* in struct limits */
	size_t hit; /* in struct limits_hit */
} rows[] = {
#define X(name, value, least, most, what)                                                          \
	{#name,                                                                                    \
	 what,                                                                                     \
	 value,                                                                                    \
	 least,                                                                                    \
	 most,                                                                                     \
	 offsetof(struct limits, name),                                                            \
	 offsetof(struct limits_hit, name)},
	LIMITS(X)
#undef X
};

void limits_defaults(struct limits *out)
{
	for (int i = 0; i < LIMITS_COUNT; i++)
		memcpy((char *)out + rows[i].at, &rows[i].value, sizeof rows[i].value);
}

void limits_each(const struct limits *limits, const struct limits_hit *hit,
		 void (*each)(const char *name, int64_t value, uint64_t hits, const char *what,
			      void *arg),
		 void *arg)
{
	for (int i = 0; i < LIMITS_COUNT; i++) {
		int64_t value;
		uint64_t hits = 0;

		memcpy(&value, (const char *)limits + rows[i].at, sizeof value);
		if (hit != NULL)
			memcpy(&hits, (const char *)hit + rows[i].hit, sizeof hits);
		each(rows[i].name, value, hits, rows[i].what, arg);
	}
}

int limits_put(struct limits *limits, const char *name, int64_t value, int64_t *least,
	       int64_t *most)
{
	for (int i = 0; i < LIMITS_COUNT; i++) {
		if (strcmp(rows[i].name, name) != 0)
			continue;
		*least = rows[i].least;
		*most = rows[i].most;
		if (value < rows[i].least || value > rows[i].most)
			return ERANGE;
		memcpy((char *)limits + rows[i].at, &value, sizeof value);
		return 0;
	}
	return ENOENT;
}
