/* Page messages to SIP: MESSAGE out, one at a time for each destination (RFC 3428 section 8, file
 * 05 section B, D-35, D-40): texts, reports of texts that came from there, and typing notices. */
#pragma once

#include <stddef.h>

#include "core/side.h"

struct pager_out;
struct side_core;

struct pager_out *pager_out_new(struct side_core *core);
void pager_out_free(struct pager_out **pager);

/* From the core: side_ops.deliver. Ends with bridge_outcome(), later. A text in parts is one
 * exchange; a repetition goes on at the part that was not taken. */
void pager_out_deliver(struct pager_out *pager, exchange_id x, const struct address *from,
		       const struct address *to, const struct message *message);
/* From the core: side_ops.typing. Left out where it is not known to be understood (TYPE-033), or
 * from somebody who has not written to him and whom he may not see (TYPE-037). */
void pager_out_typing(struct pager_out *pager, const struct address *from, const struct address *to,
		      const struct typing *typing);
/* Messages waiting or under way. */
size_t pager_out_pending(const struct pager_out *pager);
