/* What a user's phones do. */
#include "model/phone.h"

#include <stddef.h>

#include "base/mem.h"
#include "model/notes.h"

void phone_clear(struct phone *phone)
{
	mem_free(phone->other);
	*phone = (struct phone){0};
}

void phone_copy(struct phone *out, const struct phone *from)
{
	*out = *from;
	out->other = mem_strdup_or_null(from->other);
}

bool phone_equal(const struct phone *a, const struct phone *b)
{
	return a->state == b->state && a->is_dnd == b->is_dnd && text_equal(a->other, b->other);
}

void phone_merge(struct phone *into, const struct phone *from)
{
	if (from->state > into->state) {
		into->state = from->state;
		mem_free(into->other);
		into->other = NULL;
	}
	if (into->other == NULL && from->state == into->state)
		into->other = mem_strdup_or_null(from->other);
	into->is_dnd |= from->is_dnd;
}

const char *phone_state_name(enum phone_state state)
{
	static const char *const names[] = {
		[PHONE_UNKNOWN] = "unknown", [PHONE_IDLE] = "idle",
		[PHONE_RINGING] = "ringing", [PHONE_DIALLING] = "dialling",
		[PHONE_ON_HOLD] = "on-hold", [PHONE_IN_CALL] = "in-call",
	};

	return names[state];
}
