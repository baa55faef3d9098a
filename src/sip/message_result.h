/* What the end of a MESSAGE transaction means for the message (file 05 B.2, ERR-263, D-37). */
#pragma once

#include "core/side.h"

struct fault;
struct transaction_result;

/* Of a result that is no success: OUTCOME_REFUSED, or OUTCOME_UNKNOWN when nobody answered. *fault
 * is set, also whether it may be tried again. */
enum outcome message_result_read(const struct transaction_result *result, struct fault *fault);
/* Nothing reached him: the core tries it again. */
void message_not_sent(struct fault *fault, const char *text);
