/* Digest as a client; see digest_client.h. A server that asks for itself (401) and a proxy before
 * it (407) may both ask: each has its own place. */
#include "sip/digest_client.h"

#include <stdio.h>
#include <string.h>

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "sip/digest.h"
#include "sip/sip_side.h"

enum { CNONCE_BYTES = 12, PLACES = 2, WWW = 0, PROXY = 1 };
enum { REFUSALS_MOST = 3 }; /* of a password that was believed */

/* What the operator is told when it changes. */
enum standing {
	STANDING_FINE,
	STANDING_NOBODY,  /* we have no credentials */
	STANDING_REALM,   /* it asks for a realm that is not ours */
	STANDING_FORM,    /* nothing in the challenge that we may answer */
	STANDING_REFUSED, /* it does not believe the password */
};

/* The last challenge of one kind. */
struct place {
	bool is_set;
	bool is_believed; /* the password, with this nonce */
	struct digest_challenge challenge;
	char ha1[DIGEST_HEX_MAX + 1];
	uint32_t nc;
};

struct digest_client {
	const struct sip_credentials *credentials;
	bool allow_md5;
	char *name;
	struct place places[PLACES];
	struct place before[PLACES]; /* the last one that was believed, while another is tried */
	char *realm;                 /* the one that asked first; NULL: none yet */
	bool is_believed;            /* our password, there */
	unsigned refusals;           /* since it was believed last */
	enum standing standing;
	uint64_t refused_ms; /* when it was refused last; 0: it was not */
};

struct digest_client *digest_client_new(const struct sip_credentials *credentials, bool allow_md5,
					const char *name)
{
	struct digest_client *client = mem_zalloc(sizeof *client);

	client->credentials = credentials;
	client->allow_md5 = allow_md5;
	client->name = mem_strdup(name);
	return client;
}

void digest_client_free(struct digest_client **client)
{
	if (*client == NULL)
		return;
	explicit_bzero((*client)->places, sizeof(*client)->places);
	explicit_bzero((*client)->before, sizeof(*client)->before);
	mem_free((*client)->realm);
	mem_free((*client)->name);
	mem_free(*client);
	*client = NULL;
}

/* One line for each change, not for each request. */
static void stand(struct digest_client *client, enum standing standing, const char *realm)
{
	static const char *const lines[] = {
		"credentials are believed again",
		"it asks for credentials; see sip.username, or let it trust this bridge's address",
		"it asks for a realm that sip.realm does not name",
		"it asks for credentials in a form that is not allowed or not known",
		"it refuses our password",
	};

	if (client->standing == standing)
		return;
	client->standing = standing;
	if (standing == STANDING_FINE)
		log_notice("digest: %s peer=%s", lines[standing], log_safe(client->name));
	else
		log_warning("digest: not authenticated peer=%s realm=%s (%s)",
			    log_safe(client->name), log_safe(realm), lines[standing]);
}

/* Writing -------------------------------------------------------------------------------------- */

static bool copy_text(char *out, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len >= size)
		return false;
	memcpy(out, text, len + 1);
	return true;
}

/* The user name as it stands between quotes. */
static bool put_quoted(char *out, size_t size, const char *text)
{
	size_t len = 0;

	for (; *text != '\0'; text++) {
		if (len + 3 > size)
			return false;
		if (*text == '"' || *text == '\\')
			out[len++] = '\\';
		out[len++] = *text;
	}
	out[len] = '\0';
	return true;
}

static bool fill(struct digest_client *client, struct place *place,
		 const struct digest_request *request, struct digest_credentials *out)
{
	const struct digest_challenge *challenge = &place->challenge;

	memset(out, 0, sizeof *out);
	out->algorithm = challenge->algorithm;
	out->has_algorithm = true;
	out->qop = challenge->qop;
	out->has_opaque = challenge->has_opaque;
	memcpy(out->realm, challenge->realm, sizeof out->realm);
	memcpy(out->nonce, challenge->nonce, sizeof out->nonce);
	memcpy(out->opaque, challenge->opaque, sizeof out->opaque);
	if (out->qop != DIGEST_QOP_NONE) { /* SIP-054 */
		out->nc = ++place->nc;
		random_hex(out->cnonce, CNONCE_BYTES);
	}
	return put_quoted(out->username, sizeof out->username, client->credentials->username) &&
	       copy_text(out->uri, sizeof out->uri, request->uri); /* SIP-055 */
}

static bool put_one(struct digest_client *client, struct place *place,
		    const struct digest_request *request, const char *header, struct buf *out)
{
	struct digest_credentials credentials;
	struct digest_question question;
	size_t before = out->len;
	bool is_done;

	if (!place->is_set || place->nc >= DIGEST_NC_MOST ||
	    !fill(client, place, request, &credentials))
		return false;
	question = (struct digest_question){
		.algorithm = credentials.algorithm,
		.qop = credentials.qop,
		.nc = credentials.nc,
		.ha1 = place->ha1,
		.nonce = credentials.nonce,
		.cnonce = credentials.cnonce,
		.method = request->method,
		.uri = request->uri,
		.body = request->body,
		.body_len = request->body_len,
	};
	buf_puts(out, header);
	is_done = digest_response(&question, credentials.response) &&
		  digest_credentials_format(&credentials, out);
	if (is_done)
		buf_puts(out, "\r\n");
	else
		out->len = before;
	return is_done;
}

bool digest_client_put(struct digest_client *client, const struct digest_request *request,
		       struct buf *out)
{
	bool has_any = put_one(client, &client->places[WWW], request, "Authorization: ", out);

	return put_one(client, &client->places[PROXY], request, "Proxy-Authorization: ", out) ||
	       has_any;
}

/* Challenges ----------------------------------------------------------------------------------- */

/* SEC-014, SIP-052: by realm alone. Without one in the settings it is the first that asked, unless
 * it refused our password: who asks later may be anybody behind it. */
static bool is_ours(const struct digest_client *client, const char *realm)
{
	const char *ours = client->credentials->realm;

	if (ours == NULL)
		ours = client->realm;
	return ours == NULL || strcmp(ours, realm) == 0;
}

/* SEC-015: the strongest that may be answered. */
static enum standing choose(const struct digest_client *client, const struct msg_auth_s *list,
			    struct digest_challenge *best)
{
	enum standing standing = STANDING_FORM;

	for (int i = 0; list != NULL && i < DIGEST_PARAMETERS_MAX; list = list->au_next, i++) {
		struct digest_challenge one;
		struct buf text = BUF_INIT;
		int error;

		digest_header_text(list, &text);
		error = digest_challenge_parse(&one, buf_text(&text));
		buf_free(&text);
		if (error != 0)
			continue;
		if (!is_ours(client, one.realm)) {
			if (standing == STANDING_FORM) {
				standing = STANDING_REALM;
				*best = one; /* for the log */
			}
			continue;
		}
		if (one.algorithm == DIGEST_MD5 && !client->allow_md5)
			continue;
		if (standing != STANDING_FINE || one.algorithm > best->algorithm)
			*best = one;
		standing = STANDING_FINE;
	}
	return standing;
}

static bool take(struct digest_client *client, size_t kind,
		 const struct digest_challenge *challenge)
{
	struct place *place = &client->places[kind];
	char username[DIGEST_NAME_MAX + 1];

	if (place->is_set && place->is_believed)
		client->before[kind] = *place;
	place->is_believed = false;
	if (client->realm == NULL)
		client->realm = mem_strdup(challenge->realm);
	/* A new nonce counts from 1 (SEC-015), stale or not. */
	if (!place->is_set || strcmp(place->challenge.nonce, challenge->nonce) != 0)
		place->nc = 0;
	place->challenge = *challenge;
	place->is_set = put_quoted(username, sizeof username, client->credentials->username) &&
			digest_ha1(challenge->algorithm, username, challenge->realm,
				   client->credentials->password, place->ha1);
	return place->is_set;
}

static bool refuse(struct digest_client *client, enum standing standing, const char *realm)
{
	stand(client, standing, realm);
	return false;
}

/* SIP-057: from now on it is not tried. But a phone behind the server may ask in its name: where
 * the password was believed one refusal says little, and what was believed serves on. */
static bool refuse_password(struct digest_client *client, size_t kind, const char *realm,
			    uint64_t now_ms)
{
	client->places[kind] = client->before[kind];
	if (client->is_believed && ++client->refusals < REFUSALS_MOST)
		return false;
	client->places[kind].is_set = client->before[kind].is_set = false;
	client->refused_ms = now_ms;
	if (!client->is_believed) {
		mem_free(client->realm);
		client->realm = NULL;
	}
	return refuse(client, STANDING_REFUSED, realm);
}

static bool was_refused_lately(const struct digest_client *client, uint64_t now_ms)
{
	return client->refused_ms != 0 && now_ms - client->refused_ms < DIGEST_REFUSED_MS;
}

bool digest_client_challenged(struct digest_client *client, const struct sip_s *sip,
			      struct digest_tries *tries, uint64_t now_ms)
{
	bool is_proxy = sip->sip_status->st_status == 407;
	const struct msg_auth_s *list =
		is_proxy ? sip->sip_proxy_authenticate : sip->sip_www_authenticate;
	uint8_t kind = is_proxy ? 2 : 1;
	struct digest_challenge challenge = {0};
	enum standing standing = choose(client, list, &challenge);

	if (client->credentials->username == NULL || client->credentials->password == NULL)
		return refuse(client, STANDING_NOBODY, challenge.realm);
	if (standing != STANDING_FINE)
		return refuse(client, standing, challenge.realm);
	if ((tries->kinds & kind) != 0 && !challenge.is_stale)
		return refuse_password(client, is_proxy ? PROXY : WWW, challenge.realm, now_ms);
	if (tries->count >= DIGEST_TRIES_MAX || was_refused_lately(client, now_ms) ||
	    !take(client, is_proxy ? PROXY : WWW, &challenge))
		return false;
	tries->count++;
	tries->kinds |= kind;
	return true;
}

/* What was believed ---------------------------------------------------------------------------- */

/* RFC 7616 section 3.5. */
static void read_info(struct place *place, const struct msg_auth_info_s *info)
{
	struct buf text = BUF_INIT;
	struct digest_info read;

	if (info == NULL || info->ai_params == NULL || !place->is_set)
		return;
	for (size_t i = 0; info->ai_params[i] != NULL && i < DIGEST_PARAMETERS_MAX; i++) {
		if (i != 0)
			buf_puts(&text, ", ");
		buf_puts(&text, info->ai_params[i]);
	}
	if (digest_info_parse(&read, buf_text(&text)) == 0 && read.nextnonce[0] != '\0' &&
	    strcmp(read.nextnonce, place->challenge.nonce) != 0) {
		memcpy(place->challenge.nonce, read.nextnonce, sizeof read.nextnonce);
		place->nc = 0;
	}
	buf_free(&text);
}

void digest_client_passed(struct digest_client *client, const struct sip_s *sip)
{
	client->refused_ms = 0;
	client->refusals = 0;
	client->is_believed = true;
	for (size_t i = 0; i < PLACES; i++)
		client->places[i].is_believed = client->places[i].is_set;
	stand(client, STANDING_FINE, NULL);
	read_info(&client->places[WWW], sip->sip_authentication_info);
	read_info(&client->places[PROXY], sip->sip_proxy_authentication_info);
}
