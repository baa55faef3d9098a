/* A MESSAGE request as values of the core; see message_in.h. */
#include "sip/message_in.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "core/learned.h"
#include "loop/loop.h"
#include "sip/abilities.h"
#include "sip/agent.h"
#include "sip/header_text.h"
#include "sip/identity.h"
#include "sip/side_core.h"
#include "translate/address_map.h"
#include "translate/header_words.h"
#include "translate/message_body.h"

enum {
	HEADER_VALUE_MAX = 512,
	THREAD_MAX = 256,
	SIP_EPOCH_S = 2208988800,  /* Sofia counts from 1900 */
	DATE_OLDEST_S = 7 * 86400, /* D-44 */
	EXPIRED_MOST_S = 86400,    /* MSG-061 */
	LIFE_MOST_S = 30 * 86400   /* as messages.life */
};

/* The peer of the sender, or what holds without one. */
static const struct profile *profile_of(const struct side_core *core, const struct address *from)
{
	static const struct profile none = {.rich_types = RICH_ON_EVIDENCE};
	const struct sip_peer *peer = side_core_peer(core, from->domain);

	return peer != NULL ? &peer->profile : &none;
}

/* The body ------------------------------------------------------------------------------------- */

enum { VALUE_END = 2 }; /* the library leaves so much unused behind a value */

/* The value of a header as text: in room if it fits, as it nearly always does. */
struct value {
	char room[HEADER_VALUE_MAX];
	char *large; /* owned, or NULL */
};

/* What does not fit is not written, but counted. */
static const char *read_value(const void *header, struct value *value)
{
	issize_t len = 0;

	value->large = NULL;
	if (header != NULL)
		len = sip_header_field_e(value->room, HEADER_VALUE_MAX, header, 0);
	if (len <= 0)
		return NULL;
	if (len + VALUE_END <= HEADER_VALUE_MAX) {
		value->room[len] = '\0';
		return value->room;
	}
	value->large = mem_zalloc((size_t)len + VALUE_END);
	(void)sip_header_field_e(value->large, (isize_t)len + VALUE_END, header, 0);
	return value->large;
}

int message_in_read(const struct side_core *core, const struct request *request,
		    const struct address *from, struct message_body *out)
{
	const sip_t *sip = request->sip;
	struct value type, encoding, disposition;
	int error = message_body_read(sip->sip_payload->pl_data, sip->sip_payload->pl_len,
				      read_value(sip->sip_content_type, &type),
				      read_value(sip->sip_content_encoding, &encoding),
				      read_value(sip->sip_content_disposition, &disposition),
				      profile_of(core, from)->charset_unreliable, out);

	mem_free(type.large);
	mem_free(encoding.large);
	mem_free(disposition.large);
	return error;
}

/* Texts ---------------------------------------------------------------------------------------- */

/* MSG-045: the first language of the list. */
static char *read_language(const sip_t *sip)
{
	const char *tag;

	if (sip->sip_content_language == NULL || sip->sip_content_language->k_items == NULL)
		return NULL;
	tag = sip->sip_content_language->k_items[0];
	if (tag == NULL || !header_text_is_language(tag, strlen(tag)))
		return NULL;
	return mem_strdup(tag);
}

/* MSG-048: with words of RFC 2047 where a gateway to mail wrote them. */
static char *read_subject(const sip_t *sip)
{
	const char *value = sip->sip_subject != NULL ? sip->sip_subject->g_string : NULL;
	struct buf words = BUF_INIT;
	struct buf text = BUF_INIT;

	if (value == NULL)
		return NULL;
	header_words_decode(value, &words);
	(void)header_text_clean(&text, buf_text(&words), words.len);
	buf_free(&words);
	if (text.len != 0)
		return buf_take(&text);
	buf_free(&text);
	return NULL;
}

static char *read_nick(const sip_t *sip)
{
	struct buf text = BUF_INIT;

	if (sip->sip_from->a_display == NULL)
		return NULL;
	header_text_unquote(&text, sip->sip_from->a_display);
	if (text.len != 0)
		return buf_take(&text);
	buf_free(&text);
	return NULL;
}

/* D-35: RFC 7572 makes the Call-ID the thread; phones have a new one for each message. */
static char *read_thread(const sip_t *sip, const struct profile *profile)
{
	const char *id = sip->sip_call_id->i_id;

	if (profile->thread != THREAD_CALLID || strlen(id) > THREAD_MAX)
		return NULL;
	return mem_strdup(id);
}

/* SIP-004, SEC-070. */
static int read_hops(const sip_t *sip)
{
	unsigned long left;

	if (sip->sip_max_forwards == NULL)
		return -1;
	left = sip->sip_max_forwards->mf_count;
	return (left < 70 ? (int)left : 70) - 1;
}

/* Whom to report to ---------------------------------------------------------------------------- */

static char *take_uri(struct buf *uri)
{
	char *text = uri->len != 0 && uri->len <= MESSAGE_ORIGIN_MAX ? buf_take(uri) : NULL;

	buf_free(uri);
	return text;
}

/* RCPT-021: reports go to the URI of From. A From that somebody else vouches for is only a name: it
 * must not point reports at a third party (RCPT-071). */
static char *sender_uri(const struct side_core *core, const struct request *request,
			const struct address *from)
{
	struct buf uri = BUF_INIT;

	if (identity_is_asserted(request))
		(void)address_to_uri(core->params->map, from, NULL, &uri);
	else
		identity_uri(request->sip->sip_from->a_url, &uri);
	return take_uri(&uri);
}

static char *target_uri(const struct request *request)
{
	struct buf uri = BUF_INIT;

	identity_uri(request->sip->sip_request->rq_url, &uri);
	return take_uri(&uri);
}

static bool is_too_long(const char *text)
{
	return text != NULL && strlen(text) > MESSAGE_ORIGIN_MAX;
}

static void drop_if_too_long(char **text)
{
	if (!is_too_long(*text))
		return;
	mem_free(*text);
	*text = NULL;
}

/* What cannot be named cannot be reported, and a report that must go another way than it can be
 * told is none (RCPT-014). */
static void fill_origin(const struct side_core *core, const struct request *request,
			const struct address *from, struct message *message)
{
	struct message_origin *origin = &message->origin;

	if (origin->id == NULL || is_too_long(origin->id) || is_too_long(origin->route))
		message->wants = 0;
	drop_if_too_long(&origin->id);
	drop_if_too_long(&origin->stamp);
	drop_if_too_long(&origin->route);
	drop_if_too_long(&origin->recipient);
	mem_free(origin->address);
	origin->address = sender_uri(core, request, from);
	if (message->wants != 0 && origin->recipient == NULL) /* a report in words needs none */
		origin->recipient = target_uri(request);
}

/* When ----------------------------------------------------------------------------------------- */

/* Wall clock in ms; 0: none. */
static int64_t date_of(const sip_t *sip)
{
	if (sip->sip_date == NULL || sip->sip_date->d_time < SIP_EPOCH_S)
		return 0;
	return ((int64_t)sip->sip_date->d_time - SIP_EPOCH_S) * 1000;
}

/* D-44: only a peer whose clock is believed, and nothing that has not happened yet. */
static int64_t sent_at(const sip_t *sip, const struct profile *profile, int64_t cpim_ms,
		       int64_t now_ms)
{
	int64_t sent_ms = cpim_ms != 0 ? cpim_ms : date_of(sip);

	return profile->date_trusted && sent_ms <= now_ms ? sent_ms : 0;
}

/* MSG-061, SIP-079: counted from when it was sent, if that can be known. 0 is now or not at all,
 * and so is what is over since not too long. */
static int set_life(const sip_t *sip, int64_t age_s, struct message *message)
{
	const sip_expires_t *expires = sip->sip_expires;
	int64_t left_s;

	if (expires == NULL || expires->ex_date != 0) /* a date is RFC 2543 */
		return 0;
	left_s = (int64_t)expires->ex_delta - age_s;
	if (left_s > 0) {
		message->life_s = left_s < LIFE_MOST_S ? left_s : LIFE_MOST_S;
		return 0;
	}
	message->must_not_wait = true;
	return expires->ex_delta != 0 && -left_s > EXPIRED_MOST_S ? ETIME : 0;
}

static int set_times(const struct side_core *core, const sip_t *sip, const struct profile *profile,
		     struct message *message)
{
	int64_t now_ms = loop_wall_ms(core->params->loop);
	int64_t sent_ms = sent_at(sip, profile, message->sent_at_ms, now_ms);
	int64_t age_s = sent_ms != 0 ? (now_ms - sent_ms) / 1000 : 0;

	message->sent_at_ms = age_s < DATE_OLDEST_S ? sent_ms : 0;
	return set_life(sip, age_s, message);
}

/* What is known of the sender ------------------------------------------------------------------ */

static bool takes_typing(const struct side_core *core, const struct address *from,
			 const struct profile *profile)
{
	struct buf uri = BUF_INIT;
	bool takes;

	if (profile->rich_types == RICH_NEVER)
		return false;
	takes = address_to_uri(core->params->map, from, NULL, &uri) == 0 &&
		abilities_takes_typing(core, from->domain, uri.data);
	buf_free(&uri);
	return takes;
}

/* MESSAGE needs no Accept (RFC 3428 section 4), and some clients write one all the same. */
static void learn_headers(const struct side_core *core, const sip_t *sip,
			  const struct address *from)
{
	struct buf uri = BUF_INIT;

	if (sip->sip_accept == NULL && sip->sip_allow == NULL)
		return;
	if (address_to_uri(core->params->map, from, NULL, &uri) == 0)
		abilities_read(core, uri.data, sip);
	buf_free(&uri);
}

void message_in_learn(const struct side_core *core, const struct request *request,
		      const struct address *from, const struct message_body *body)
{
	learn_headers(core, request->sip, from);
	if (body->kind == MESSAGE_BODY_TYPING)
		abilities_put_user(core, LEARNED_TYPING, from, 1);
	if (body->is_cpim)
		abilities_put_user(core, LEARNED_CPIM, from, 1);
	if (body->kind == MESSAGE_BODY_REPORTS)
		abilities_put_user(core, LEARNED_IMDN, from, body->reports_are_bare ? 2 : 1);
}

int message_in_complete(const struct side_core *core, const struct request *request,
			const struct address *from, const char *uid, struct message_body *body)
{
	const struct profile *profile = profile_of(core, from);
	struct message *message = &body->message;
	const sip_t *sip = request->sip;

	message->kind = profile->pager_type == PAGER_NORMAL ? MESSAGE_NORMAL : MESSAGE_CHAT;
	message->uid = mem_strdup(uid);
	if (message->subject == NULL)
		message->subject = read_subject(sip);
	if (message->lang == NULL)
		message->lang = read_language(sip);
	message->nick = read_nick(sip);
	message->thread = read_thread(sip, profile);
	message->hops = read_hops(sip);
	message->takes_typing = takes_typing(core, from, profile);
	fill_origin(core, request, from, message);
	return set_times(core, sip, profile, message);
}

void message_in_uid(const struct side_core *core, const struct request *request, char *uid)
{
	const sip_t *sip = request->sip;
	struct buf text = BUF_INIT;

	identity_uri(sip->sip_from->a_url, &text);
	buf_putc(&text, '\0');
	buf_puts(&text, sip->sip_call_id->i_id);
	buf_putc(&text, '\0');
	buf_puts(&text, sip->sip_from->a_tag != NULL ? sip->sip_from->a_tag : "");
	buf_putc(&text, '\0');
	buf_append(&text, &sip->sip_cseq->cs_seq, sizeof sip->sip_cseq->cs_seq);
	if (sip->sip_payload != NULL)
		buf_append(&text, sip->sip_payload->pl_data, sip->sip_payload->pl_len);
	hash_hex(core->params->key, text.data, text.len, uid);
	buf_free(&text);
}

void message_in_cut_part(char *id)
{
	char *dot = strrchr(id, '.');
	size_t digits = dot != NULL ? strspn(dot + 1, "0123456789") : 0;

	if (dot != NULL && dot != id && digits != 0 && dot[1 + digits] == '\0')
		*dot = '\0';
}
