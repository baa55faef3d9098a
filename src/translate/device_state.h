/* State of a chat user as a device state of Asterisk (Event asterisk-devicestate; AST-7): a
 * "Custom:" device that a hint of the dialplan can show. Pure. */
#pragma once

#include <stdbool.h>

#include "model/profile.h"

struct buf;
struct presence;

enum { DEVICE_NAME_MAX = 64, DEVICE_EID_MAX = 18 };

enum device_state {
	DEVICE_NOT_INUSE,  /* reachable */
	DEVICE_INUSE,      /* lit: there, with LAMP_ONLINE */
	DEVICE_BUSY,       /* dnd */
	DEVICE_UNAVAILABLE /* xa, offline, nothing known */
};

/* D-31; the best open device decides. presence NULL: nothing is known. */
enum device_state device_state_of(const struct presence *presence, enum lamp_rule rule);
const char *device_state_name(enum device_state state); /* "NOT_INUSE" */

/* True if name may stand behind "Custom:": letters, digits, and . _ - + only, at most
 * DEVICE_NAME_MAX of them. Others have a meaning in the dialplan (&, comma, slash, colon) and are
 * refused, never bent. */
bool device_state_is_name(const char *name);
/* Appends the JSON object for Custom:name. name is one (device_state_is_name()); eid is the
 * entity that tells it, "xx:xx:xx:xx:xx:xx". */
void device_state_format(const char *name, enum device_state state, const char *eid,
			 struct buf *out);
/* The entity id of this installation: from its key, locally administered. */
void device_state_eid(const unsigned char *key, char out[DEVICE_EID_MAX]);
