/* Silence for STUN (SEC-023, SOF-018): with its STUN server switched off Sofia still answers each
 * STUN request with an error twice its size. A server that never answers takes its place. */
#pragma once

/* Before the first agent. */
void silent_stun_start(void);
