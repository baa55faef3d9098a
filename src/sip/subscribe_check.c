/* What a SUBSCRIBE asks for; see subscribe_check.h. */
#include "sip/subscribe_check.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "model/limits.h"
#include "sip/header_text.h"

enum { SUBSCRIBE_DEFAULT_S = 3600 }; /* PRES-006 */

/* EVT-001: byte by byte. */
static bool is_presence(const sip_event_t *event)
{
	return event != NULL && event->o_type != NULL && strcmp(event->o_type, "presence") == 0;
}

static bool is_wanted(const sip_accept_t *accept)
{
	if (accept->ac_type == NULL)
		return false;
	if (accept->ac_q != NULL && strtod(accept->ac_q, NULL) <= 0)
		return false;
	return strcasecmp(accept->ac_type, "application/pidf+xml") == 0 ||
	       strcasecmp(accept->ac_type, "application/*") == 0 ||
	       strcasecmp(accept->ac_type, "*/*") == 0;
}

/* EVT-010, EVT-011: none means the default type of the package. */
static bool accepts_pidf(const sip_accept_t *accept)
{
	if (accept == NULL)
		return true;
	for (; accept != NULL; accept = accept->ac_next)
		if (is_wanted(accept))
			return true;
	return false;
}

/* EVT-084: filters are ignored by policy; another required body is refused. */
static bool has_unknown_body(const sip_t *sip)
{
	const sip_content_disposition_t *how = sip->sip_content_disposition;

	if (sip->sip_payload == NULL || sip->sip_payload->pl_len == 0)
		return false;
	if (how != NULL && how->cd_optional)
		return false;
	return sip->sip_content_type == NULL || sip->sip_content_type->c_type == NULL ||
	       strcasecmp(sip->sip_content_type->c_type, "application/simple-filter+xml") != 0;
}

static int check_expires(const sip_t *sip, const struct limits *limits, unsigned *out)
{
	uint64_t asked = SUBSCRIBE_DEFAULT_S;

	if (sip->sip_expires != NULL)
		asked = sip->sip_expires->ex_delta;
	/* EVT-034, D-58 */
	if (asked != 0 && asked < SUBSCRIBE_DEFAULT_S && (int64_t)asked < limits->expires_min_s)
		return 423;
	if ((int64_t)asked > limits->expires_max_s)
		asked = (uint64_t)limits->expires_max_s;
	*out = (unsigned)asked;
	return 0;
}

int subscribe_check(const struct sip_s *sip, const struct limits *limits, struct subscribe_ask *out)
{
	if (!is_presence(sip->sip_event))
		return 489;
	if (!accepts_pidf(sip->sip_accept))
		return 406;
	if (has_unknown_body(sip))
		return 415;
	out->event_id = NULL;
	if (sip->sip_event->o_id != NULL && header_text_is_token(sip->sip_event->o_id))
		out->event_id = sip->sip_event->o_id;
	return check_expires(sip, limits, &out->expires_s);
}
