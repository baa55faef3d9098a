/* What a SUBSCRIBE asks for; see subscribe_check.h. */
#include "sip/subscribe_check.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sofia-sip/msg_header.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "model/limits.h"
#include "sip/event_package.h"
#include "sip/header_text.h"
#include "translate/deflate.h"
#include "translate/multipart.h"
#include "translate/resource_lists.h"

static bool has_body(const sip_t *sip)
{
	return sip->sip_payload != NULL && sip->sip_payload->pl_len != 0;
}

static bool is_type(const sip_t *sip, const char *type)
{
	return sip->sip_content_type != NULL && sip->sip_content_type->c_type != NULL &&
	       strcasecmp(sip->sip_content_type->c_type, type) == 0;
}

/* RFC 5367 section 4.1: a recipient list; some clients leave the disposition out. */
static bool has_recipients(const sip_t *sip)
{
	const sip_content_disposition_t *how = sip->sip_content_disposition;

	if (!has_body(sip) || !is_type(sip, RESOURCE_LISTS_TYPE))
		return false;
	return how == NULL || how->cd_type == NULL ||
	       strcasecmp(how->cd_type, "recipient-list") == 0;
}

/* EVT-084: filters are ignored by policy; another required body is refused. */
static bool has_unknown_body(const sip_t *sip, bool has_list)
{
	const sip_content_disposition_t *how = sip->sip_content_disposition;

	if (!has_body(sip) || has_list)
		return false;
	if (how != NULL && how->cd_optional)
		return false;
	return !is_type(sip, "application/simple-filter+xml");
}

static void read_expires(const sip_t *sip, const struct limits *limits, struct subscribe_ask *out)
{
	uint64_t asked = out->package->expires_s; /* PRES-006 */

	if (sip->sip_expires != NULL)
		asked = sip->sip_expires->ex_delta;
	/* EVT-034, D-58 */
	out->is_too_brief = asked != 0 && asked < 3600 && (int64_t)asked < limits->expires_min_s;
	if ((int64_t)asked > limits->expires_max_s)
		asked = (uint64_t)limits->expires_max_s;
	out->expires_s = (unsigned)asked;
}

/* RFC 4662 section 4.3: who takes lists says so in Accept, too; not all do. */
static bool accepts(const sip_t *sip, const struct subscribe_ask *ask)
{
	if (event_package_accepts(sip->sip_accept, ask->package->type))
		return true;
	return ask->takes_lists && ask->package->may_list &&
	       event_package_accepts(sip->sip_accept, "multipart/related");
}

static bool takes_deflate(const sip_t *sip)
{
	for (const sip_accept_encoding_t *it = sip->sip_accept_encoding; it != NULL;
	     it = it->aa_next)
		if (it->aa_value != NULL && strcasecmp(it->aa_value, "deflate") == 0 &&
		    (it->aa_q == NULL || strtod(it->aa_q, NULL) > 0))
			return true;
	return false;
}

/* RFC 5839; Sofia does not know the header. */
static const char *find_match(const sip_t *sip)
{
	for (const sip_unknown_t *h = sip->sip_unknown; h != NULL; h = h->un_next)
		if (strcasecmp(h->un_name, "Suppress-If-Match") == 0)
			return h->un_value;
	return NULL;
}

int subscribe_check(const struct sip_s *sip, const struct limits *limits, struct subscribe_ask *out)
{
	*out = (struct subscribe_ask){.package = event_package_find(sip->sip_event)};
	if (out->package == NULL)
		return 489;
	out->takes_lists = sip_has_feature(sip->sip_supported, "eventlist") ||
			   sip_has_feature(sip->sip_require, "eventlist");
	out->has_list = out->package->may_list && has_recipients(sip);
	if (!accepts(sip, out))
		return 406;
	if (has_unknown_body(sip, out->has_list))
		return 415;
	if (out->has_list && !out->takes_lists)
		return 421; /* EVT-065 */
	if (sip->sip_event->o_id != NULL && header_text_is_token(sip->sip_event->o_id))
		out->event_id = sip->sip_event->o_id;
	out->match = find_match(sip);
	out->takes_deflate = takes_deflate(sip);
	out->is_linphone = sip->sip_user_agent != NULL && sip->sip_user_agent->g_string != NULL &&
			   strncasecmp(sip->sip_user_agent->g_string, "Linphone", 8) == 0;
	read_expires(sip, limits, out);
	return 0;
}
