/* PUBLISH in (RFC 3903 section 6): judged in the order of EVT-058, then done at once, so that what
 * came first is answered first (publish_keep.c) and nothing is half done. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/counters.h"
#include "model/limits.h"
#include "sip/agent.h"
#include "sip/authenticate_logins.h"
#include "sip/header_text.h"
#include "sip/identity.h"
#include "sip/publications_private.h"
#include "sip/side_core.h"
#include "sip/trust.h"
#include "translate/address_map.h"

/* What a PUBLISH asks for. */
struct asked {
	struct address user; /* the resource */
	const struct sip_peer *peer;
	bool is_dialog;
	const char *tag; /* view, or NULL */
	unsigned expires_s;
	const sip_payload_t *body; /* or NULL */
};

static int refuse(struct refusal *refusal, int status, const char *headers, const char *why)
{
	*refusal = (struct refusal){status, NULL, headers, why};
	return status;
}

/* The resource --------------------------------------------------------------------------------- */

/* D-05: a PBX writes addresses for hosts; the user part is the user's. */
static int read_user(const struct side_core *core, const struct request *request, const url_t *url,
		     struct address *out)
{
	const char *domain =
		request->login == NULL ? trust_only_domain(core->trust, &request->source) : NULL;
	struct buf uri = BUF_INIT;
	const char *why;
	int error = ENOENT;

	identity_uri(url, &uri);
	if (uri.len != 0)
		error = address_from_peer_uri(core->params->map, buf_text(&uri), uri.len, domain,
					      out, NULL, &why);
	buf_free(&uri);
	if (error != 0)
		return error;
	if (out->side == SIDE_SIP && out->local[0] != '\0')
		return 0;
	address_clear(out);
	return ENOENT;
}

/* EVT-062: the Request-URI names the user; where it names the server alone, From does, as one PBX
 * has it. The sender must be the peer of that domain (SEC-003). */
static int find_resource(const struct side_core *core, const struct request *request,
			 struct asked *asked, struct refusal *refusal)
{
	const url_t *uri = request->sip->sip_request->rq_url;
	int error = read_user(core, request, uri, &asked->user);

	if (error != 0 && uri->url_user == NULL)
		error = read_user(core, request, request->sip->sip_from->a_url, &asked->user);
	if (error != 0)
		return refuse(refusal, 404, NULL, "not a user of a SIP domain of ours");
	asked->peer = side_core_peer(core, asked->user.domain);
	if (request->login != NULL && !identity_is_login(request, &asked->user)) /* SEC-008 */
		return refuse(refusal, 403, NULL, "who logged in publishes for himself alone");
	if (asked->peer == NULL ||
	    (request->login == NULL &&
	     !trust_may_assert(core->trust, &request->source, asked->user.domain)))
		return refuse(refusal, 403, NULL, "this peer may not speak for that domain");
	if (!asked->peer->profile.accepts_publish)
		return refuse(refusal, 403, NULL, "accept_publish = false");
	return 0;
}

/* The form ------------------------------------------------------------------------------------- */

static int check_event(const sip_t *sip, struct asked *asked, struct refusal *refusal)
{
	const char *event = sip->sip_event != NULL ? sip->sip_event->o_type : NULL;

	asked->is_dialog = event != NULL && strcmp(event, "dialog") == 0; /* EVT-001 */
	if (asked->is_dialog || (event != NULL && strcmp(event, "presence") == 0))
		return 0;
	return refuse(refusal, 489, "Allow-Events: presence, dialog\r\n", "event package");
}

/* Of a header that may stand there once, Sofia puts others aside as they are, and of what it cannot
 * read the name. */
static bool has_second_condition(const sip_t *sip)
{
	for (const sip_error_t *error = sip->sip_error; error != NULL; error = error->er_next) {
		const msg_hclass_t *class = error->er_common->h_class;

		if (class == sip_if_match_class ||
		    (class == sip_error_class && error->er_name != NULL &&
		     strcasecmp(error->er_name, "SIP-If-Match") == 0))
			return true;
	}
	return false;
}

/* EVT-058 (3): one tag, which is a token (EVT-054). */
static int check_condition(const sip_t *sip, struct asked *asked, struct refusal *refusal)
{
	bool is_bad = has_second_condition(sip);

	if (sip->sip_if_match == NULL && !is_bad)
		return 0;
	asked->tag = sip->sip_if_match != NULL ? sip->sip_if_match->g_string : NULL;
	if (asked->tag != NULL && !is_bad && header_text_is_token(asked->tag))
		return 0;
	return refuse(refusal, 400, NULL, "SIP-If-Match is not one tag");
}

/* D-58: what was asked for, between a minute and a day. */
static int check_expires(const struct side_core *core, const sip_t *sip, struct asked *asked,
			 struct refusal *refusal)
{
	uint64_t wanted = sip->sip_expires != NULL ? sip->sip_expires->ex_delta
						   : (uint64_t)PUBLICATION_DEFAULT_S;

	if (wanted > PUBLICATION_MOST_S)
		wanted = PUBLICATION_MOST_S;
	asked->expires_s = (unsigned)wanted;
	if (wanted == 0 || (int64_t)wanted >= core->params->limits->expires_min_s)
		return 0;
	return refuse(refusal, 423, NULL, "Expires");
}

static const char *type_of(const sip_t *sip, struct buf *room)
{
	const sip_content_type_t *type = sip->sip_content_type;

	if (type == NULL || type->c_type == NULL)
		return NULL;
	buf_puts(room, type->c_type);
	for (size_t i = 0; type->c_params != NULL && type->c_params[i] != NULL; i++)
		buf_printf(room, ";%s", type->c_params[i]);
	return buf_text(room);
}

static const char *language_of(const sip_t *sip)
{
	const sip_content_language_t *language = sip->sip_content_language;

	return language != NULL && language->k_items != NULL ? language->k_items[0] : NULL;
}

/* The body ------------------------------------------------------------------------------------- */

static bool is_encoded(const sip_t *sip)
{
	const sip_content_encoding_t *encoding = sip->sip_content_encoding;

	return encoding != NULL && encoding->k_items != NULL && encoding->k_items[0] != NULL &&
	       strcasecmp(encoding->k_items[0], "identity") != 0;
}

static int read_body(const struct side_core *core, const sip_t *sip, const struct asked *asked,
		     struct presence *out, struct refusal *refusal)
{
	static const char types[] = "Accept: application/pidf+xml, application/xpidf+xml, "
				    "application/cpim-pidf+xml, application/dialog-info+xml\r\n";
	struct buf room = BUF_INIT;
	int status;

	if (is_encoded(sip))
		return refuse(refusal, 415, "Accept-Encoding: identity\r\n", "Content-Encoding");
	status = publish_read(core, asked->peer, type_of(sip, &room), language_of(sip),
			      asked->body->pl_data, asked->body->pl_len, out);
	buf_free(&room);
	if (status == 415)
		return refuse(refusal, 415, types, "Content-Type");
	return status != 0 ? refuse(refusal, status, NULL, "body") : 0;
}

/* Doing it ------------------------------------------------------------------------------------- */

/* The row; without a body the one that is there stays. Then the answer. */
static void keep(struct publication *publication, struct request *request,
		 const struct asked *asked, bool is_new)
{
	const struct sip_side_params *params = publication->of->publications->core->params;
	const sip_t *sip = request->sip;
	struct buf type = BUF_INIT, source = BUF_INIT;
	struct kept_publication kept = {
		.user = &publication->of->user,
		.id = publication->id,
		.is_dialog = publication->is_dialog,
		.tag = publication->tag,
		.before = publication->before[0] != '\0' ? publication->before : NULL,
		.expires_s = loop_wall_ms(params->loop) / 1000 + asked->expires_s,
	};

	publish_put_source(publication, &source);
	kept.source = buf_text(&source);
	if (asked->body != NULL) {
		kept.type = type_of(sip, &type);
		kept.language = language_of(sip);
		kept.body = asked->body->pl_data;
		kept.body_len = asked->body->pl_len;
	}
	publish_keep(publication, &kept, request, asked->expires_s, is_new);
	buf_free(&type);
	buf_free(&source);
}

static void remove_it(struct request *request, struct publication *publication)
{
	struct published *published = publication->of;

	publication_new_tag(publication); /* EVT-059: a last one, for the answer */
	publish_drop(publication, request);
	published_changed(published);
	published_let_go(published);
}

/* A refresh or a change. */
static void change(struct request *request, struct publication *publication,
		   const struct asked *asked, struct presence *state)
{
	bool was_shown = !publication->is_blank && !publication->is_doubtful;

	snprintf(publication->before, sizeof publication->before, "%s", asked->tag);
	publication_new_tag(publication);
	publication->source = request->source;
	if (asked->body != NULL)
		publication_put(publication, state);
	publication_extend(publication, asked->expires_s);
	keep(publication, request, asked, false);
	if (asked->body != NULL || !was_shown)
		published_changed(publication->of);
}

static uint64_t identity_of(const struct publications *publications, const sip_t *sip)
{
	struct buf text = BUF_INIT;
	uint64_t hash;

	buf_printf(&text, "%s\n%s\n%lu", sip->sip_call_id->i_id,
		   sip->sip_from->a_tag != NULL ? sip->sip_from->a_tag : "",
		   (unsigned long)sip->sip_cseq->cs_seq);
	hash = hash_bytes(publications->core->params->key, text.data, text.len);
	buf_free(&text);
	return hash >> 1 != 0 ? hash >> 1 : 1; /* the store's integers have a sign */
}

/* What this very request has made, or NULL. */
static struct publication *find_made(const struct publications *publications,
				     const struct request *request, const struct asked *asked)
{
	const struct published *published = published_find(publications, &asked->user);
	uint64_t identity = identity_of(publications, request->sip);

	if (published == NULL)
		return NULL;
	LIST_EACH(link, next, &published->all)
	{
		struct publication *publication = LIST_ENTRY(link, struct publication, link);

		if (publication->id == identity)
			return publication;
	}
	return NULL;
}

/* REL-005: its row was on disk, and its answer did not arrive before we were killed. A second one
 * beside it would stand, whatever he says, until its end. */
static bool is_answered_again(struct publications *publications, struct request *request,
			      const struct asked *asked)
{
	struct publication *made = find_made(publications, request, asked);
	uint64_t now = loop_now(publications->core->params->loop);

	if (made == NULL || !made->is_restored || made->expires_ms <= now)
		return false;
	publish_answer(publications, request, made, made->tag,
		       (unsigned)((made->expires_ms - now + 999) / 1000));
	return true;
}

/* COMPAT(asterisk): a PBX publishes one state of a user and package. When it begins anew it has
 * crashed, or lost our answer: what it said before would stand beside it until its end (AST-7: a
 * kill sends nothing). Returns that, or NULL. */
static struct publication *find_older(const struct published *published, bool is_dialog,
				      const struct request *request)
{
	if (published->peer->profile.subscribe_as != SUBSCRIBE_AS_BRIDGE || request->login != NULL)
		return NULL;
	LIST_EACH(link, next, &published->all)
	{
		struct publication *old = LIST_ENTRY(link, struct publication, link);

		if (old->is_dialog == is_dialog && !old->is_his_own &&
		    net_address_same_host(&old->source, &request->source))
			return old;
	}
	return NULL;
}

/* What takes the place of another needs no room. */
static int check_room(const struct publications *publications, const struct published *published,
		      const struct request *request, const struct asked *asked,
		      struct refusal *refusal)
{
	const struct limits *limits = publications->core->params->limits;
	struct limits_hit *hits = &publications->core->params->counters->limits;

	if (publish_is_held_up(publications)) {
		hits->answers_held++;
		return refuse(refusal, 503, NULL, "the store is slow");
	}
	if (published != NULL && find_older(published, asked->is_dialog, request) != NULL)
		return 0;
	if ((int64_t)publications->count >= limits->publications) {
		hits->publications++;
		return refuse(refusal, 503, NULL, "limits.publications");
	}
	if (published != NULL && (int64_t)published->count >= limits->publications_per_user) {
		hits->publications_per_user++;
		return refuse(refusal, 403, NULL, "limits.publications_per_user");
	}
	return 0;
}

static void begin(struct publications *publications, struct request *request,
		  const struct asked *asked, struct presence *state)
{
	struct published *published = published_get(publications, &asked->user, asked->peer);
	struct publication *older = find_older(published, asked->is_dialog, request);
	struct publication *publication = publication_new(published, asked->is_dialog);

	if (older != NULL) {
		publications_begun_anew(publications, published, &request->source);
		publication_free(older);
	}
	publication->source = request->source;
	publication->is_his_own = request->login != NULL;
	publication->id = identity_of(publications, request->sip);
	publication_new_tag(publication);
	if (asked->body != NULL)
		publication_put(publication, state);
	publication_extend(publication, asked->expires_s);
	keep(publication, request, asked, true);
	published_changed(published);
}

/* EVT-058 (5), AST-7: Asterisk begins without a body where it has nothing new to say, and speaks of
 * that user again only if it was given a tag. It is given one; its state stays unknown. */
static int check_first(struct publications *publications, const struct request *request,
		       const struct asked *asked, struct refusal *refusal)
{
	const struct published *published = published_find(publications, &asked->user);

	if (asked->body == NULL && asked->peer->profile.words != WORDS_ASTERISK)
		return refuse(refusal, 400, NULL, "a first PUBLISH without a body");
	/* SIP-021: the same request by another way, which Sofia's repeats do not know. */
	if (find_made(publications, request, asked) != NULL)
		return refuse(refusal, 482, NULL, "merged request");
	return check_room(publications, published, request, asked, refusal);
}

/* Returns 0 when it was done and answered. */
static int do_initial(struct publications *publications, struct request *request,
		      const struct asked *asked, struct refusal *refusal)
{
	char tag[PUBLICATION_TAG_MAX];
	struct presence state = {0};

	if (asked->expires_s == 0) { /* EVT-059: stores nothing */
		snprintf(tag, sizeof tag, "%s-%llx", publications->prefix,
			 (unsigned long long)publications->next_tag++);
		publish_answer(publications, request, NULL, tag, 0);
		return 0;
	}
	if (is_answered_again(publications, request, asked))
		return 0;
	if (check_first(publications, request, asked, refusal) != 0)
		return refusal->status;
	if (asked->body != NULL &&
	    read_body(publications->core, request->sip, asked, &state, refusal) != 0)
		return refusal->status;
	begin(publications, request, asked, &state);
	presence_clear(&state);
	return 0;
}

static int do_conditional(struct publications *publications, struct request *request,
			  struct publication *publication, const struct asked *asked,
			  struct refusal *refusal)
{
	struct presence state = {0};

	if (asked->expires_s == 0) {
		remove_it(request, publication);
		return 0;
	}
	if (asked->body != NULL &&
	    read_body(publications->core, request->sip, asked, &state, refusal) != 0)
		return refusal->status;
	change(request, publication, asked, &state);
	presence_clear(&state);
	return 0;
}

/* EVT-058 (3). SEC-008: to a user who logged in, what his PBX publishes of him is not there. */
static struct publication *find_publication(const struct publications *publications,
					    const struct request *request,
					    const struct asked *asked)
{
	const struct published *published = published_find(publications, &asked->user);
	struct publication *found =
		published != NULL ? publication_find(published, asked->is_dialog, asked->tag)
				  : NULL;

	return found != NULL && request->login != NULL && !found->is_his_own ? NULL : found;
}

/* EVT-058: in its order. */
static int publish(struct publications *publications, struct request *request, struct asked *asked,
		   struct refusal *refusal)
{
	const struct side_core *core = publications->core;
	struct publication *publication = NULL;
	const sip_t *sip = request->sip;

	if (sip->sip_payload != NULL && sip->sip_payload->pl_len != 0)
		asked->body = sip->sip_payload;
	if (find_resource(core, request, asked, refusal) != 0 ||
	    check_event(sip, asked, refusal) != 0 || check_condition(sip, asked, refusal) != 0)
		return refusal->status;
	if (asked->tag != NULL)
		publication = find_publication(publications, request, asked);
	if (asked->tag != NULL && publication == NULL)
		return refuse(refusal, 412, NULL, "unknown tag");
	if (check_expires(core, sip, asked, refusal) != 0)
		return refusal->status;
	return publication != NULL
		       ? do_conditional(publications, request, publication, asked, refusal)
		       : do_initial(publications, request, asked, refusal);
}

/* An unknown tag is the ordinary way to begin anew (EVT-058): no news. */
static void log_refused(const struct request *request, const struct refusal *refusal)
{
	struct buf who = BUF_INIT;

	if (log_get_level() >= LOG_LEVEL_INFO)
		identity_for_log(request, &who);
	if (refusal->status == 412)
		log_debug("publications: refused PUBLISH status=412 %s (%s)", buf_text(&who),
			  refusal->why);
	else
		log_info("publications: refused PUBLISH status=%d %s (%s)", refusal->status,
			 buf_text(&who), refusal->why);
	buf_free(&who);
}

void publications_publish(struct publications *publications, struct request *request)
{
	const struct side_core *core = publications->core;
	struct refusal refusal = {0};
	struct asked asked = {0};
	char min_expires[48];

	if (publish(publications, request, &asked, &refusal) != 0) {
		core->params->counters->publish_refused++;
		core->params->counters->sip_refused++;
		log_refused(request, &refusal);
		if (refusal.status == 423) {
			(void)snprintf(min_expires, sizeof min_expires, "Min-Expires: %lld\r\n",
				       (long long)core->params->limits->expires_min_s);
			refusal.headers = min_expires;
		}
		if (refusal.status == 503)
			side_core_busy(core, request, 503, NULL);
		else
			agent_answer(core->agent, request, refusal.status, NULL, refusal.headers);
	}
	if (asked.user.domain != NULL)
		address_clear(&asked.user);
}
