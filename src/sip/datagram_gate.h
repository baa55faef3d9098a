/* What the library would answer by itself, before anybody has asked who sent it: a request that
 * cannot be read (400), is too large (413) or of another version (505). The answer is larger than
 * the smallest such request, and there is no bound to how many: nobody's weapon (SEC-020). */
#pragma once

#include <stdbool.h>

struct msg_s;

/* True if the library itself refuses the request that msg is, instead of handing it on. */
bool datagram_gate_is_refused(const struct msg_s *msg);
