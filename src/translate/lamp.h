/* Lamp keys: presence of a chat user as a dialog event document (RFC 4235; D-31). The virtual
 * dialog of RFC 4235 section 3.7.2: one dialog, its state and nothing else (DLG-018). Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/profile.h"

struct buf;
struct presence;

/* True if the lamp is lit. presence NULL: nothing is known, which is lit with LAMP_REACH (expect no
 * answer now) and dark with LAMP_ONLINE. The best open device decides. */
bool lamp_is_lit(const struct presence *presence, enum lamp_rule rule);

/* Appends a whole document (state="full"): application/dialog-info+xml. entity is the URI that was
 * subscribed to; version starts at 0 and grows by one with each document of the subscription
 * (DLG-001). Dark is the same dialog in state terminated, as Asterisk has it: phones that read a
 * document as an update of what they knew find the row they have to clear. */
void lamp_format(const struct presence *presence, enum lamp_rule rule, const char *entity,
		 uint32_t version, struct buf *out);
