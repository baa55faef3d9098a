/* Page messages from SIP: MESSAGE in, its final answer when the core knows it (RFC 3428, file 05
 * section C, D-36, D-38). */
#pragma once

#include <stddef.h>

#include "core/side.h"

struct pager_in;
struct request;
struct side_core;

struct pager_in *pager_in_new(struct side_core *core);
/* Open requests are dropped. */
void pager_in_free(struct pager_in **pager);

/* A MESSAGE outside a dialog. */
void pager_in_message(struct pager_in *pager, struct request *request);
/* From the core: side_ops.finish. */
void pager_in_finish(struct pager_in *pager, exchange_id x, enum outcome outcome,
		     const struct fault *fault);
size_t pager_in_open(const struct pager_in *pager);
