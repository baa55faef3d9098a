/* The event packages that chat users are watched by; see event_package.h. */
#include "sip/event_package.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "base/hash.h"
#include "model/presence.h"
#include "translate/lamp.h"
#include "translate/pidf.h"
#include "translate/watcher_info.h"

static void write_pidf(const struct event_document *document, struct buf *out)
{
	static const struct presence nothing;
	struct profile reader;
	struct pidf_params params = {
		.entity = document->entity,
		.contact = document->entity,
		.key = document->key,
	};

	/* Only what is published goes to such a reader; phones read names (PBX-037). */
	if (document->profile != NULL) {
		reader = *document->profile;
		reader.literal_prefixes = false;
		params.profile = &reader;
	}
	pidf_format(document->presence != NULL ? document->presence : &nothing, &params, out);
}

static uint64_t digest_text(const struct event_document *document, const char *text, size_t len)
{
	return hash_bytes(document->key, text, len) | 1;
}

static enum lamp_rule lamp_of(const struct event_document *document)
{
	return document->profile == NULL ? LAMP_REACH : document->profile->lamp;
}

/* D-31, DLG-018. */
static void write_lamp(const struct event_document *document, struct buf *out)
{
	lamp_format(document->presence, lamp_of(document), document->entity, document->version,
		    out);
}

static uint64_t digest_lamp(const struct event_document *document, const char *text, size_t len)
{
	(void)text;
	(void)len;
	return lamp_is_lit(document->presence, lamp_of(document)) ? 2 : 1;
}

static const struct event_package packages[EVENT_COUNT] = {
	[EVENT_PRESENCE] = {.id = EVENT_PRESENCE,
			    .name = "presence",
			    .type = "application/pidf+xml",
			    .expires_s = 3600, /* RFC 3856 section 6.4 */
			    .pace_ms = 5000,
			    .is_counted = true,
			    .may_list = true,
			    .write = write_pidf,
			    .digest = digest_text},
	[EVENT_DIALOG] = {.id = EVENT_DIALOG,
			  .name = "dialog",
			  .type = "application/dialog-info+xml",
			  .expires_s = 3600, /* RFC 4235 section 3.4 */
			  .pace_ms = 1000,
			  .is_counted = true,
			  .may_list = true,
			  .is_versioned = true,
			  .says_unknown = true, /* D-31: a dark lamp would promise an answer */
			  .write = write_lamp,
			  .digest = digest_lamp},
	[EVENT_WINFO] = {.id = EVENT_WINFO,
			 .name = "presence.winfo",
			 .type = WATCHER_INFO_TYPE,
			 .expires_s = 3600, /* RFC 3857 section 4.4 */
			 .pace_ms = 5000,
			 .is_versioned = true},
};

const struct event_package *event_package_find(const sip_event_t *event)
{
	if (event == NULL || event->o_type == NULL)
		return NULL;
	for (size_t i = 0; i < EVENT_COUNT; i++)
		if (strcmp(packages[i].name, event->o_type) == 0)
			return &packages[i];
	return NULL;
}

const struct event_package *event_package_get(enum package_id id)
{
	return &packages[id];
}

static bool takes(const sip_accept_t *accept, const char *type)
{
	size_t main_len = strcspn(type, "/") + 1;

	if (accept->ac_type == NULL)
		return false;
	if (accept->ac_q != NULL && strtod(accept->ac_q, NULL) <= 0)
		return false;
	if (strcasecmp(accept->ac_type, type) == 0 || strcmp(accept->ac_type, "*/*") == 0)
		return true;
	return strncasecmp(accept->ac_type, type, main_len) == 0 &&
	       strcmp(accept->ac_type + main_len, "*") == 0;
}

bool event_package_accepts(const sip_accept_t *accept, const char *type)
{
	if (accept == NULL)
		return true;
	for (; accept != NULL; accept = accept->ac_next)
		if (takes(accept, type))
			return true;
	return false;
}
