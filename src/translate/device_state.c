/* State of a chat user as a device state of Asterisk; see device_state.h. */
#include "translate/device_state.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "model/presence.h"

static int priority_of(const struct device *device)
{
	return device->priority == PRESENCE_PRIORITY_UNSET ? 0 : device->priority;
}

/* The open device that messages go to first; NULL: none is open. */
static const struct device *best_of(const struct presence *presence)
{
	const struct device *best = NULL;

	for (size_t i = 0; i < presence->device_count; i++) {
		const struct device *device = &presence->devices[i];

		if (device->basic == BASIC_OPEN &&
		    (best == NULL || priority_of(device) > priority_of(best)))
			best = device;
	}
	return best;
}

enum device_state device_state_of(const struct presence *presence, enum lamp_rule rule)
{
	const struct device *best = presence != NULL ? best_of(presence) : NULL;

	if (rule == LAMP_ONLINE)
		return best != NULL ? DEVICE_INUSE : DEVICE_NOT_INUSE;
	if (best == NULL || best->show == SHOW_XA)
		return DEVICE_UNAVAILABLE;
	return best->show == SHOW_DND ? DEVICE_BUSY : DEVICE_NOT_INUSE;
}

const char *device_state_name(enum device_state state)
{
	static const char *const names[] = {[DEVICE_NOT_INUSE] = "NOT_INUSE",
					    [DEVICE_INUSE] = "INUSE",
					    [DEVICE_BUSY] = "BUSY",
					    [DEVICE_UNAVAILABLE] = "UNAVAILABLE"};

	return names[state];
}

bool device_state_is_name(const char *name)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "._-+";
	size_t len = strspn(name, safe);

	return len > 0 && name[len] == '\0' && len <= DEVICE_NAME_MAX;
}

/* In the order in which Asterisk itself writes it (AST-7). */
void device_state_format(const char *name, enum device_state state, const char *eid,
			 struct buf *out)
{
	buf_printf(out,
		   "{\"type\":\"devicestate\",\"device\":\"Custom:%s\",\"state\":\"%s\","
		   "\"cachable\":1,\"eid\":\"%s\"}",
		   name, device_state_name(state), eid);
}

void device_state_eid(const unsigned char *key, char out[DEVICE_EID_MAX])
{
	static const char what[] = "device state eid";
	uint64_t hash = hash_bytes(key, what, sizeof what - 1);
	unsigned char bytes[6];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(hash >> (8 * i));
	bytes[0] = (unsigned char)((bytes[0] & 0xfc) | 0x02);
	snprintf(out, DEVICE_EID_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2],
		 bytes[3], bytes[4], bytes[5]);
}
