/* How many datagrams wait at our UDP listeners: what the kernel holds, and what it had to throw
 * away, is the queue that Sofia does not show (REL-040). Linux. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct intake;

/* Looks for the UDP sockets of this process that are bound to one of ports (host order). */
struct intake *intake_new(const uint16_t *ports, size_t count);
void intake_free(struct intake **intake);
/* Sockets found. */
size_t intake_sockets(const struct intake *intake);
/* How full the fullest one was, per mille, at each of the last three calls at least: a burst is no
 * load. One that lost something since the last call was full. */
unsigned intake_look(struct intake *intake);
