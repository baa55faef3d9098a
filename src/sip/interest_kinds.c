/* What is subscribed to, as a table: one row a kind; see interest.h. Accept is compared as a whole
 * by some servers: one type where one will do, never q (PBX-015, D-21). */
#include "sip/interest.h"
#include "translate/pidf_diff.h"

/* EVT-064: that lists are understood is said here and nowhere else; they fork never (EVT-019). */
#define LIST_TYPES ", application/rlmi+xml, multipart/related"

const struct interest_kind interest_kinds[INTEREST_KIND_COUNT] = {
	[INTEREST_OF_PRESENCE] = {.event = "presence",
				  .accept = "application/pidf+xml",
				  .partial = PIDF_DIFF_TYPE,
				  .headers = ""},
	[INTEREST_OF_DIALOGS] = {.event = "dialog",
				 .accept = "application/dialog-info+xml",
				 .headers = "",
				 .may_fork = true},
	[INTEREST_OF_LIST_PRESENCE] = {.event = "presence",
				       .accept = "application/pidf+xml" LIST_TYPES,
				       .headers = "Supported: eventlist\r\n",
				       .is_hasty = true},
	[INTEREST_OF_LIST_DIALOGS] = {.event = "dialog",
				      .accept = "application/dialog-info+xml" LIST_TYPES,
				      .headers = "Supported: eventlist\r\n",
				      .is_hasty = true},
	[INTEREST_OF_VOICEMAIL] = {.event = "message-summary",
				   .accept = "application/simple-message-summary",
				   .headers = ""},
	[INTEREST_OF_CALLS] = {.event = "dialog",
			       .accept = "application/dialog-info+xml",
			       .headers = "",
			       .may_fork = true},
};
