/* Digest authentication as server; see authenticate.h. */
#include "sip/authenticate.h"

#include <string.h>
#include <strings.h>

#include <sofia-sip/msg_header.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/url.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "sip/agent.h"
#include "sip/authenticate_limits.h"
#include "sip/authenticate_logins.h"
#include "sip/authenticate_nonces.h"
#include "sip/digest.h"
#include "sip/identity.h"
#include "sip/repeats.h"
#include "sip/side_core.h"
#include "sip/sources.h"
#include "translate/address_map.h"

enum { AUTHORIZATIONS_MAX = 8 };

struct authenticate {
	struct side_core *core;
	struct logins *logins;
	struct nonces *nonces;
	struct login_limits *limits;
	/* What unknown users are computed with: the same work as for known ones (SEC-013). */
	char nobody[DIGEST_HEX_MAX + 1];
};

/* One request on its way. */
struct attempt {
	struct authenticate *self;
	struct request *request;
	struct sources *sources;
	const char *realm;
	uint64_t now_ms;
};

struct authenticate *authenticate_new(struct side_core *core)
{
	struct authenticate *self = mem_zalloc(sizeof *self);

	self->core = core;
	self->nonces = nonces_new();
	self->limits = login_limits_new();
	self->logins =
		logins_new(core->params->map, core->params->logins, core->params->login_count);
	random_hex(self->nobody, DIGEST_HEX_MAX / 2);
	return self;
}

void authenticate_free(struct authenticate **authenticate)
{
	struct authenticate *self = *authenticate;

	if (self == NULL)
		return;
	logins_free(&self->logins);
	nonces_free(&self->nonces);
	login_limits_free(&self->limits);
	mem_free(self);
	*authenticate = NULL;
}

void authenticate_set_logins(struct authenticate *authenticate, const struct sip_login *items,
			     size_t count)
{
	logins_free(&authenticate->logins);
	authenticate->logins = logins_new(authenticate->core->params->map, items, count);
}

bool authenticate_has_login(const struct authenticate *authenticate, const char *login)
{
	return logins_has_name(authenticate->logins, login);
}

bool authenticate_is_verified(const struct authenticate *authenticate,
			      const struct net_address *source)
{
	return login_limits_is_verified(authenticate->limits, source,
					loop_now(authenticate->core->params->loop));
}

void authenticate_status(const struct authenticate *authenticate, struct buf *out)
{
	buf_printf(out, "sip.logins %zu\n", logins_count(authenticate->logins));
	buf_printf(out, "sip.login_nonces %zu\n", nonces_count(authenticate->nonces));
	buf_printf(out, "sip.login_limits %zu\n", login_limits_count(authenticate->limits));
}

/* Answers ----------------------------------------------------------------------------------------
 */

static struct counters *counters_of(const struct attempt *attempt)
{
	return attempt->self->core->params->counters;
}

static enum authenticate_verdict drop(const struct attempt *attempt)
{
	counters_of(attempt)->sip_refused++;
	agent_drop(attempt->self->core->agent, attempt->request);
	return AUTHENTICATE_ENDED;
}

/* SEC-020: to an address that proved nothing, nothing that is larger than what came. */
static bool may_answer(const struct attempt *attempt, const char *phrase, size_t headers)
{
	const struct request *request = attempt->request;

	return !request->is_udp || agent_answer_size(request, phrase) + headers <= request->size ||
	       login_limits_is_verified(attempt->self->limits, &request->source, attempt->now_ms);
}

static enum authenticate_verdict answer(const struct attempt *attempt, int status,
					const char *phrase, const char *headers)
{
	counters_of(attempt)->sip_refused++;
	agent_answer(attempt->self->core->agent, attempt->request, status, phrase, headers);
	return AUTHENTICATE_ENDED;
}

static enum authenticate_verdict refuse(const struct attempt *attempt)
{
	return may_answer(attempt, "Forbidden", 0) ? answer(attempt, 403, "Forbidden", NULL)
						   : drop(attempt);
}

static void put_challenge(const struct attempt *attempt, enum digest_algorithm algorithm,
			  bool is_stale, const char *nonce, struct buf *out)
{
	struct digest_challenge challenge = {
		.algorithm = algorithm, .qop = DIGEST_QOP_AUTH, .is_stale = is_stale};

	strncpy(challenge.realm, attempt->realm, DIGEST_NAME_MAX);
	strncpy(challenge.nonce, nonce, DIGEST_NONCE_MAX);
	buf_puts(out, "WWW-Authenticate: "); /* SIP-059: never 407 */
	(void)digest_challenge_format(&challenge, out);
	buf_puts(out, "\r\n");
}

/* SEC-011, SIP-056: SHA-256 first. Where there is no room for both (SEC-020), the one that every
 * phone knows. */
static enum authenticate_verdict challenge(const struct attempt *attempt, bool is_stale)
{
	const struct authenticate *self = attempt->self;
	bool has_md5 = self->core->params->allow_md5 &&
		       logins_offers(self->logins, attempt->realm, DIGEST_MD5);
	bool has_sha = !has_md5 || logins_offers(self->logins, attempt->realm, DIGEST_SHA256);
	char nonce[NONCE_CHARS + 1];
	struct buf headers = BUF_INIT;
	enum authenticate_verdict verdict;
	size_t sha_len;

	nonces_make(self->nonces, attempt->realm, &attempt->request->source, attempt->now_ms,
		    nonce);
	if (has_sha)
		put_challenge(attempt, DIGEST_SHA256, is_stale, nonce, &headers);
	sha_len = headers.len;
	if (has_md5)
		put_challenge(attempt, DIGEST_MD5, is_stale, nonce, &headers);
	if (has_md5 && !may_answer(attempt, "Unauthorized", headers.len))
		buf_consume(&headers, sha_len);
	if (may_answer(attempt, "Unauthorized", headers.len)) {
		counters_of(attempt)->auth_challenged++;
		verdict = answer(attempt, 401, "Unauthorized", headers.data);
	} else {
		verdict = refuse(attempt);
	}
	buf_free(&headers);
	return verdict;
}

/* Who proved nothing is counted as a stranger; at an address where somebody proved himself lately,
 * as one of many phones there. */
static bool is_held_back(const struct attempt *attempt)
{
	const struct net_address *source = &attempt->request->source;

	counters_of(attempt)->sip_stranger++;
	if (login_limits_is_verified(attempt->self->limits, source, attempt->now_ms))
		return sources_peer(attempt->sources, source, -1) != SOURCE_PASS;
	return sources_stranger(attempt->sources, source) != SOURCE_ANSWER;
}

/* The response -----------------------------------------------------------------------------------
 */

static void put_body(const struct request *request, const void **body, size_t *len)
{
	const sip_payload_t *payload = request->sip->sip_payload;

	*body = payload != NULL ? payload->pl_data : "";
	*len = payload != NULL ? payload->pl_len : 0;
}

/* SEC-013: the same work whether there is such a user or not. */
static bool is_right(const struct attempt *attempt, const struct login *login,
		     const struct digest_credentials *credentials)
{
	const char *ha1 = login != NULL ? login_ha1(login, credentials->algorithm) : NULL;
	size_t chars = digest_chars(credentials->algorithm);
	char nobody[DIGEST_HEX_MAX + 1], expected[DIGEST_HEX_MAX + 1];
	const void *body;
	size_t body_len;

	memcpy(nobody, attempt->self->nobody, chars);
	nobody[chars] = '\0';
	put_body(attempt->request, &body, &body_len);
	bool is_done = digest_expected(credentials, ha1 != NULL ? ha1 : nobody,
				       attempt->request->sip->sip_request->rq_method_name, body,
				       body_len, expected);
	bool is_same = digest_same(expected, credentials->response, chars);

	mem_wipe(expected, sizeof expected);
	return is_done && is_same && ha1 != NULL;
}

/* SEC-004: what others assert, and how they want to be shown, is no word of this user. */
static void remove_assertions(struct request *request)
{
	static const char *const names[] = {"P-Asserted-Identity", "P-Preferred-Identity",
					    "Remote-Party-ID"};
	msg_t *msg = request->msg;
	sip_t *sip = sip_object(msg);

	if (sip->sip_privacy != NULL)
		msg_header_remove(msg, (msg_pub_t *)sip, (msg_header_t *)sip->sip_privacy);
	for (sip_unknown_t *h = sip->sip_unknown, *next; h != NULL; h = next) {
		next = h->un_next;
		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
			if (strcasecmp(h->un_name, names[i]) == 0) {
				msg_header_remove(msg, (msg_pub_t *)sip, (msg_header_t *)h);
				break;
			}
	}
}

static void log_attempt(const struct attempt *attempt, const char *user, const char *what)
{
	struct buf source = BUF_INIT;

	net_address_print(&attempt->request->source, &source);
	log_notice("authenticate: %s user=%s realm=%s source=%s", what, log_safe(user),
		   log_safe(attempt->realm), buf_text(&source));
	buf_free(&source);
}

static enum authenticate_verdict failed(const struct attempt *attempt, const char *user)
{
	counters_of(attempt)->auth_failed++;
	counters_of(attempt)->sip_stranger++;
	if (!login_limits_failed(attempt->self->limits, &attempt->request->source, user,
				 attempt->realm, attempt->now_ms))
		return challenge(attempt, false);
	log_attempt(attempt, user, "blocked for a while after wrong responses");
	counters_of(attempt)->auth_blocked++;
	return refuse(attempt);
}

/* SEC-004: From is this user. Plain letters are compared as they stand: the map keeps spellings
 * that it sees (D-07), and is to see nobody's but his. */
static bool is_himself(const struct attempt *attempt, const struct login *login)
{
	const url_t *from = attempt->request->sip->sip_from->a_url;
	char user[ADDRESS_PART_MAX + 1] = "";
	struct address sender;
	struct buf uri = BUF_INIT;
	const char *why;

	if (strlen(from->url_user) >= sizeof user)
		return false;
	url_unescape(user, from->url_user);
	bool is_plain = true;

	for (const char *p = user; *p != '\0'; p++)
		is_plain = is_plain && (unsigned char)*p < 0x80;
	if (is_plain && strcasecmp(user, login->address.local) != 0)
		return false;
	identity_uri(from, &uri);
	int error = address_from_peer_uri(attempt->self->core->params->map, buf_text(&uri), uri.len,
					  NULL, &sender, NULL, &why);

	buf_free(&uri);
	if (error != 0)
		return false;
	bool is_same = address_equal(&sender, &login->address);

	address_clear(&sender);
	return is_same;
}

static enum authenticate_verdict pass(const struct attempt *attempt, struct login *login)
{
	struct request *request = attempt->request;

	counters_of(attempt)->auth_passed++;
	login_limits_verified(attempt->self->limits, &request->source, attempt->now_ms);
	login->good = request->source;
	if (!is_himself(attempt, login)) {
		log_attempt(attempt, login->name, "refused, From is somebody else");
		return answer(attempt, 403, "Forbidden", NULL);
	}
	request->login = login->name;
	agent_prove(request); /* SEC-081: his connection is no stranger's */
	remove_assertions(request);
	return AUTHENTICATE_PASS;
}

static enum authenticate_verdict stale(const struct attempt *attempt)
{
	counters_of(attempt)->auth_stale++;
	return challenge(attempt, true);
}

/* SEC-013. A source that guesses hears nothing more; who is locked out by the guesses of others
 * is told. One of the two blocks does not count where the user himself is at home: neither the
 * wrong password of a neighbour nor guesses from afar lock him out there. */
static bool is_blocked(const struct attempt *attempt, const struct login *login, const char *user,
		       bool *is_silent)
{
	const struct net_address *source = &attempt->request->source;
	const struct login_limits *limits = attempt->self->limits;
	bool by_source = login_limits_source(limits, source, attempt->now_ms);
	bool by_user = login_limits_user(limits, user, attempt->realm, attempt->now_ms);
	bool is_home = login != NULL && net_address_same_host(&login->good, source);

	*is_silent = by_source;
	return is_home ? by_source && by_user : by_source || by_user;
}

/* Order matters: what costs little and tells nothing first; the response before the age of the
 * nonce, since stale is only said to who knows the password (RFC 7616 section 3.3). */
static enum authenticate_verdict judge(const struct attempt *attempt,
				       const struct digest_credentials *credentials)
{
	struct authenticate *self = attempt->self;
	const struct net_address *source = &attempt->request->source;
	struct login *login = logins_find(self->logins, credentials->username, attempt->realm);
	enum nonce_verdict nonce = nonces_check(self->nonces, credentials->nonce, attempt->realm,
						source, attempt->now_ms);
	bool is_silent;

	if (nonce == NONCE_FOREIGN && is_held_back(attempt))
		return drop(attempt);
	if (is_blocked(attempt, login, credentials->username, &is_silent)) {
		counters_of(attempt)->auth_blocked++;
		return is_silent || (nonce != NONCE_FOREIGN && is_held_back(attempt))
			       ? drop(attempt)
			       : refuse(attempt);
	}
	if (!is_right(attempt, login, credentials))
		return failed(attempt, credentials->username);
	/* Without a qop there is no count: such a nonce serves once. */
	if (nonce != NONCE_FRESH ||
	    !nonces_take(self->nonces, credentials->nonce,
			 credentials->qop == DIGEST_QOP_NONE ? UINT32_MAX : credentials->nc,
			 attempt->now_ms))
		return stale(attempt);
	return pass(attempt, login);
}

/* The request ------------------------------------------------------------------------------------
 */

/* Others do not begin with who they are: a NOTIFY belongs to a subscription of ours, and the rest
 * is not served at all. */
static bool is_for_users(const struct request *request)
{
	switch (request->sip->sip_request->rq_method) {
	case sip_method_message:
	case sip_method_subscribe:
	case sip_method_publish:
	case sip_method_options:
		return true;
	default:
		return false;
	}
}

/* The domain in From, canonical. Without the user: his spelling may be new, and nothing of a
 * stranger is kept (SEC-001). */
static bool realm_of(const struct authenticate *self, const struct request *request,
		     struct address *out)
{
	const url_t *from = request->sip->sip_from->a_url;
	struct buf uri = BUF_INIT;
	const char *why;
	int error;

	if (from->url_host == NULL || from->url_user == NULL)
		return false;
	buf_printf(&uri, "sip:%s", from->url_host);
	error = address_from_uri(self->core->params->map, uri.data, uri.len, out, NULL, &why);
	buf_free(&uri);
	if (error != 0)
		return false;
	if (out->side == SIDE_SIP && logins_has_realm(self->logins, out->domain))
		return true;
	address_clear(out);
	return false;
}

/* The first that is for this realm, in a form and an algorithm that we asked for. */
static bool find_credentials(const struct attempt *attempt, struct digest_credentials *out)
{
	const sip_authorization_t *header = attempt->request->sip->sip_authorization;
	bool has_md5 = attempt->self->core->params->allow_md5;

	for (int i = 0; header != NULL && i < AUTHORIZATIONS_MAX; header = header->au_next, i++) {
		struct buf text = BUF_INIT;
		int error;

		digest_header_text(header, &text);
		error = digest_credentials_parse(out, buf_text(&text));
		if (text.data != NULL)
			mem_wipe(text.data, text.len);
		buf_free(&text);
		if (error == 0 && strcmp(out->realm, attempt->realm) == 0 &&
		    out->qop != DIGEST_QOP_AUTH_INT &&
		    (out->algorithm == DIGEST_SHA256 || (out->algorithm == DIGEST_MD5 && has_md5)))
			return true;
	}
	return false;
}

static enum authenticate_verdict try(const struct attempt *attempt)
{
	struct authenticate *self = attempt->self;
	struct request *request = attempt->request;
	struct digest_credentials credentials;
	enum authenticate_verdict verdict;

	if (find_credentials(attempt, &credentials)) {
		/* What was sent again because our answer was lost is no replay. */
		if (login_limits_is_verified(self->limits, &request->source, attempt->now_ms) &&
		    repeats_take(self->core->repeats, request))
			return AUTHENTICATE_ENDED;
		verdict = judge(attempt, &credentials);
		mem_wipe(&credentials, sizeof credentials);
		return verdict;
	}
	return is_held_back(attempt) ? drop(attempt) : challenge(attempt, false);
}

enum authenticate_verdict authenticate_request(struct authenticate *authenticate,
					       struct request *request, struct sources *sources)
{
	struct address realm;
	struct attempt attempt = {.self = authenticate,
				  .request = request,
				  .sources = sources,
				  .now_ms = loop_now(authenticate->core->params->loop)};
	enum authenticate_verdict verdict;

	if (logins_count(authenticate->logins) == 0 || !is_for_users(request) ||
	    !realm_of(authenticate, request, &realm))
		return AUTHENTICATE_STRANGER;
	attempt.realm = realm.domain;
	verdict = try(&attempt);
	address_clear(&realm);
	return verdict;
}
