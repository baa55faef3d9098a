/* What a SIP user takes beside plain text; see abilities.h. */
#include "sip/abilities.h"

#include <strings.h>

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "base/buf.h"
#include "core/bridge.h"
#include "core/learned.h"
#include "sip/side_core.h"
#include "translate/address_map.h"
#include "translate/is_composing.h"

enum { BARE = 2 }; /* LEARNED_IMDN: he sends reports without message/cpim */

static int64_t get(const struct side_core *core, const char *kind, const char *subject)
{
	return learned_get(bridge_learned(core->params->bridge), kind, subject);
}

/* D-41; a domain that is nobody's is generic. */
static enum rich_types rich_types(const struct side_core *core, const char *domain)
{
	const struct sip_peer *peer = side_core_peer(core, domain);

	return peer != NULL ? peer->profile.rich_types : RICH_ON_EVIDENCE;
}

/* Who refuses MESSAGE altogether is sent texts, which fail truly, and nothing else. */
static bool takes_messages(const struct side_core *core, const char *uri)
{
	return get(core, LEARNED_MESSAGE, uri) != 0;
}

bool abilities_takes_typing(const struct side_core *core, const char *domain, const char *uri)
{
	enum rich_types rule = rich_types(core, domain);
	int64_t known;

	if (rule == RICH_NEVER || !takes_messages(core, uri))
		return false;
	known = get(core, LEARNED_TYPING, uri);
	return known == 1 || (known < 0 && rule == RICH_ALWAYS);
}

bool abilities_takes_cpim(const struct side_core *core, const char *domain, const char *uri)
{
	enum rich_types rule = rich_types(core, domain);
	int64_t known;

	if (rule == RICH_NEVER)
		return false;
	known = get(core, LEARNED_CPIM, uri);
	if (known == 0) /* RCPT-042 */
		return false;
	return known == 1 || rule == RICH_ALWAYS || get(core, LEARNED_IMDN, uri) == 1;
}

enum imdn_style abilities_imdn_style(const struct side_core *core, const char *domain,
				     const char *uri, bool asked)
{
	int64_t cpim = get(core, LEARNED_CPIM, uri);
	int64_t imdn = get(core, LEARNED_IMDN, uri);

	/* RCPT-069: only who asked, or sends them, knows what they are. */
	if (rich_types(core, domain) == RICH_NEVER && !asked)
		return IMDN_STYLE_NONE;
	if (imdn == 0 || !takes_messages(core, uri))
		return IMDN_STYLE_NONE;
	if (imdn == BARE && cpim != 1)
		return IMDN_STYLE_BARE;
	return (asked && cpim != 0) || cpim == 1 || imdn == 1 ? IMDN_STYLE_CPIM : IMDN_STYLE_NONE;
}

size_t abilities_body_max(const struct side_core *core, const char *domain, const char *uri)
{
	const struct sip_peer *peer = side_core_peer(core, domain);
	int64_t learned = get(core, LEARNED_BODY, uri);
	size_t most = SIZE_MAX;

	if (peer != NULL && peer->profile.body_max_bytes > 0)
		most = (size_t)peer->profile.body_max_bytes;
	return learned > 0 && (uint64_t)learned < most ? (size_t)learned : most;
}

void abilities_put(const struct side_core *core, const char *kind, const char *subject,
		   int64_t value)
{
	learned_put(bridge_learned(core->params->bridge), kind, subject, value);
}

void abilities_put_user(const struct side_core *core, const char *kind, const struct address *user,
			int64_t value)
{
	struct buf uri = BUF_INIT;

	if (address_to_uri(core->params->map, user, NULL, &uri) == 0)
		abilities_put(core, kind, uri.data, value);
	buf_free(&uri);
}

void abilities_taken(const struct side_core *core, const char *uri)
{
	if (!takes_messages(core, uri))
		abilities_put(core, LEARNED_MESSAGE, uri, 1);
}

/* Accept names a type: "*" and its like say nothing of what is shown to a person. */
static void read_type(const struct side_core *core, const char *uri, const char *type)
{
	static const struct {
		const char *type;
		const char *kind;
	} rows[] = {
		{is_composing_type, LEARNED_TYPING},
		{"message/cpim", LEARNED_CPIM},
		{"message/imdn+xml", LEARNED_IMDN},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strcasecmp(rows[i].type, type) == 0 && get(core, rows[i].kind, uri) != 0)
			abilities_put(core, rows[i].kind, uri, 1);
	}
}

void abilities_read(const struct side_core *core, const char *uri, const struct sip_s *sip)
{
	for (const sip_accept_t *type = sip->sip_accept; type != NULL; type = type->ac_next) {
		if (type->ac_type != NULL)
			read_type(core, uri, type->ac_type);
	}
	if (sip->sip_allow != NULL && sip_is_allowed(sip->sip_allow, sip_method_message, "MESSAGE"))
		abilities_taken(core, uri);
}
