/* Which notices are honoured for a SIP user, and so may be offered in his name (RCPT-038, TYPE-018,
 * X0184-2): by what was learned of him and what the profile of his peer allows. */
#pragma once

struct address;
struct xmpp_side;

enum {
	FEATURE_STATES = 1,   /* XEP-0085: typing notices reach him */
	FEATURE_RECEIPTS = 2, /* XEP-0184 */
	FEATURE_MARKERS = 4,  /* XEP-0333 */
	FEATURE_SETS = 8      /* how many sets of them there are */
};

/* His set as it is now. */
unsigned features_of(struct xmpp_side *side, const struct address *sip);
