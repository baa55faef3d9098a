/* What every request must pass before any state exists (SOF-002, REL-041): shape, source, rate,
 * hops, loops, scheme, method, extensions. Who fails gets one small answer or none. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct admission;
struct request;
struct side_core;

struct admission *admission_new(struct side_core *core);
void admission_free(struct admission **admission);

/* True: handle it. False: it was answered or dropped. */
bool admission_pass(struct admission *admission, struct request *request);
/* Sources under count. */
size_t admission_sources(const struct admission *admission);
