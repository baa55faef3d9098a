/* Call-ID, From tag and CSeq of a MESSAGE out; see call_id.h. */
#include "sip/call_id.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "sip/message_out.h"
#include "sip/side_core.h"

enum { COPIED_MAX = 128, CSEQ_UNIT_MS = 100, CSEQ_STEP = 4 };

static const int64_t cseq_epoch_ms = INT64_C(1735689600000); /* 2025-01-01 */

static bool by_thread(const struct message_out *out)
{
	const struct sip_peer *peer = side_core_peer(out->core, out->to.domain);

	return peer != NULL && peer->profile.thread == THREAD_CALLID &&
	       out->message.what == MESSAGE_TEXT && out->message.thread != NULL &&
	       out->message.thread[0] != '\0' && out->form != MESSAGE_FORM_TYPING;
}

/* RFC 3261 section 25.1: word ["@" word]. One that could be mistaken for an encoded one is encoded,
 * too. */
static bool is_call_id(const char *text)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "-.!%*_+`'~()<>:\\\"/[]?{}";
	size_t first = strspn(text, word);
	size_t second;

	if (first == 0 || strncmp(text, "x-", 2) == 0)
		return false;
	if (text[first] == '\0')
		return true;
	second = text[first] == '@' ? strspn(text + first + 1, word) : 0;
	return second != 0 && text[first + 1 + second] == '\0';
}

static void encode(const char *text, size_t len, char *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	*out++ = 'x';
	*out++ = '-';
	for (size_t i = 0; i < len; i += 3) {
		size_t rest = len - i;
		unsigned bits = (unsigned)(unsigned char)text[i] << 16;

		if (rest > 1)
			bits |= (unsigned)(unsigned char)text[i + 1] << 8;
		if (rest > 2)
			bits |= (unsigned char)text[i + 2];
		*out++ = digits[bits >> 18];
		*out++ = digits[bits >> 12 & 63];
		if (rest > 1)
			*out++ = digits[bits >> 6 & 63];
		if (rest > 2)
			*out++ = digits[bits & 63];
	}
	*out = '\0';
}

static void from_thread(struct call_id *id, const struct message_out *out, size_t part)
{
	const char *thread = out->message.thread;
	size_t len = strlen(thread);

	if (len > COPIED_MAX)
		hash_hex(out->core->params->key, thread, len, id->text);
	else if (is_call_id(thread))
		memcpy(id->text, thread, len + 1);
	else
		encode(thread, len, id->text);
	id->cseq = (uint32_t)((out->date_ms - cseq_epoch_ms) / CSEQ_UNIT_MS % INT32_MAX);
	id->cseq = id->cseq % (INT32_MAX / 2) + (uint32_t)part;
}

/* REL-004. Where we may be asked for credentials a request counts on by up to two by itself
 * (DIGEST_TRIES_MAX), which a restart forgets: the next repetition is beyond that. */
static uint32_t step_of(const struct message_out *message)
{
	const struct sip_side_params *params = message->core->params;
	const struct sip_peer *peer = side_core_peer(message->core, message->to.domain);
	bool may_sign = params->credentials.username != NULL ||
			(peer != NULL && peer->credentials.username != NULL);

	return may_sign ? CSEQ_STEP : 1;
}

void call_id_make(struct call_id *out, const struct message_out *message, size_t part)
{
	uint32_t tries = message->message.repeat;
	const char *uid = message->message.uid;
	size_t len;

	if (tries != 0)
		tries *= step_of(message);
	tries += message->steps;
	message_text_tag(message->core, uid, part, out->tag);
	if (by_thread(message)) {
		from_thread(out, message, part);
		out->cseq += tries;
		return;
	}
	out->cseq = tries + 1;
	len = strnlen(uid, MESSAGE_UID_MAX);
	memcpy(out->text, uid, len);
	out->text[len] = '\0';
	if (part > 1)
		(void)snprintf(out->text + len, sizeof out->text - len, ".%zu", part);
}
