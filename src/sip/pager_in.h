/* Page messages from SIP: MESSAGE in; of a text the final answer when the core knows it, of typing
 * notices and reports at once (RFC 3428, file 05 section C, file 07, D-36, D-38). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/side.h"

struct dialog;
struct pager_in;
struct request;
struct side_core;

struct pager_in *pager_in_new(struct side_core *core);
/* Open requests are dropped. */
void pager_in_free(struct pager_in **pager);

/* A MESSAGE; dialog is the one of ours that it came in, or NULL (MSG-060). */
void pager_in_message(struct pager_in *pager, struct request *request, const struct dialog *dialog);
/* From the core: side_ops.finish. */
void pager_in_finish(struct pager_in *pager, exchange_id x, enum outcome outcome,
		     const struct fault *fault);
/* sip_side_restore_print(). */
void pager_in_restore_print(struct pager_in *pager, uint64_t print, int status, int64_t age_ms);
/* sip_side_restore_queued(). */
void pager_in_restore_queued(struct pager_in *pager, const char *uid, int64_t age_ms);
/* How many of the requests that it may hold it holds, per mille (REL-040). */
unsigned pager_in_fill(const struct pager_in *pager);
size_t pager_in_open(const struct pager_in *pager);
