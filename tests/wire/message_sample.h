/* MESSAGEs that real software sent. */
#pragma once

#include "wire/rig.h"

/* Sends tests/samples/FILE.txt over UDP: from 1001@pbx.example to juliet@chat.example, all else but
 * Via and Route as it stands. */
void message_sample_send(struct rig *rig, const char *file);
