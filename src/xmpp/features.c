/* The same rules as those by which the SIP side sends notices; see features.h. */
#include "xmpp/features.h"

#include "base/buf.h"
#include "core/bridge.h"
#include "core/learned.h"
#include "model/profile.h"
#include "translate/address_map.h"
#include "xmpp/side_private.h"

/* What is known, else what the profile says of all (D-41). */
static bool takes(struct learned *learned, const char *kind, const char *uri, enum rich_types rule)
{
	int64_t known = learned_get(learned, kind, uri);

	return known == 1 || (known < 0 && rule == RICH_ALWAYS);
}

static unsigned find_features(struct learned *learned, const char *uri, enum rich_types rule)
{
	unsigned features = 0;

	if (learned_get(learned, LEARNED_MESSAGE, uri) == 0)
		return 0;
	if (takes(learned, LEARNED_TYPING, uri, rule))
		features |= FEATURE_STATES;
	if (takes(learned, LEARNED_CPIM, uri, rule) ||
	    (learned_get(learned, LEARNED_CPIM, uri) < 0 &&
	     learned_get(learned, LEARNED_IMDN, uri) == 1))
		features |= FEATURE_RECEIPTS | FEATURE_MARKERS;
	return features;
}

unsigned features_of(struct xmpp_side *side, const struct address *sip)
{
	const struct xmpp_side_params *params = &side->params;
	struct learned *learned = bridge_learned(params->bridge);
	const struct profile *profile =
		params->profile_of == NULL ? NULL : params->profile_of(sip->domain, params->arg);
	enum rich_types rule = profile == NULL ? RICH_ON_EVIDENCE : profile->rich_types;
	struct buf uri = BUF_INIT;
	unsigned features = 0;

	if (profile != NULL && profile->receipt_from_200) /* D-42, RCPT-048 */
		features |= FEATURE_RECEIPTS;
	/* On the way of each presence: nothing is looked up where nothing can be found. */
	if (rule == RICH_NEVER || (rule == RICH_ON_EVIDENCE && learned_count(learned) == 0))
		return features;
	if (address_to_uri(params->map, sip, NULL, &uri) == 0)
		features |= find_features(learned, buf_text(&uri), rule);
	buf_free(&uri);
	return features;
}
