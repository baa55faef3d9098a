/* What a chat user is told of his phone; see extensions.h. */
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/bridge.h"
#include "core/learned.h"
#include "model/call_words.h"
#include "model/limits.h"
#include "model/presence_words.h"
#include "sip/extensions_private.h"
#include "sip/side_core.h"
#include "translate/message_summary.h"
#include "translate/presence_body.h"

enum { FRESH_BITS = 20 /* of what is kept: so many messages, above that a count of changes */ };

_Static_assert(MESSAGE_SUMMARY_COUNT_MAX < 1 << FRESH_BITS, "a count fits");

static struct loop *loop_of(const struct extension *extension)
{
	return extension->all->core->params->loop;
}

/* Telling -------------------------------------------------------------------------------------- */

/* The same for the same event, whoever tells it how often. */
static void make_uid(const struct extension *extension, const struct address *to, const char *event,
		     char uid[HASH_HEX_CHARS + 1])
{
	struct buf text = BUF_INIT;

	buf_puts(&text, extension->uri);
	buf_putc(&text, '\0');
	address_key(to, &text);
	buf_putc(&text, '\0');
	buf_puts(&text, event);
	hash_hex(extension->all->core->params->key, text.data, text.len, uid);
	buf_free(&text);
}

/* As an ordinary text of the extension. Nobody waits for what becomes of it: the queue of the core
 * delivers it, and the end of an exchange that is not his means nothing to pager_in. */
static void tell(const struct extension *extension, const char *event, const struct buf *words)
{
	const struct extensions *all = extension->all;
	char uid[HASH_HEX_CHARS + 1];
	struct message message = {
		.kind = MESSAGE_CHAT,
		.uid = uid,
		.body = words->data,
		.body_len = words->len,
		.hops = -1,
	};
	char *language = mem_strdup(presence_words_tag(all->language));

	message.lang = language;
	for (size_t i = 0; i < extension->user_count; i++) {
		const struct address *to = &extension->users[i];
		exchange_id x = exchange_new();

		make_uid(extension, to, event, uid);
		log_info("calls: told what=%s extension=%s x=%s", event, log_safe(extension->uri),
			 exchange_text(x));
		bridge_message(all->core->params->bridge, SIDE_SIP, x, &extension->address, to,
			       &message);
	}
	mem_free(language);
}

/* Voicemail ------------------------------------------------------------------------------------ */

static void tell_voicemail(const struct extension *extension, const struct message_summary *summary,
			   int64_t state)
{
	struct buf event = BUF_INIT, words = BUF_INIT;
	int language = extension->all->language;

	buf_printf(&event, "voicemail-%lld", (long long)state);
	if (summary->is_counted)
		call_words_voicemail(language, summary->fresh, summary->urgent, summary->old,
				     &words);
	else
		call_words_voicemail_uncounted(language, &words);
	tell(extension, event.data, &words);
	buf_free(&event);
	buf_free(&words);
}

static void on_summary(const struct extension *extension, const struct message_summary *summary)
{
	struct learned *learned = bridge_learned(extension->all->core->params->bridge);
	int64_t state = learned_get(learned, LEARNED_VOICEMAIL, extension->uri);
	int64_t known = state < 0 ? 0 : state & ((1 << FRESH_BITS) - 1);

	if (state < 0)
		state = 0;
	if (state == 0 || known != summary->fresh)
		state = (((state >> FRESH_BITS) + 1) << FRESH_BITS) + summary->fresh;
	if (summary->fresh > known)
		tell_voicemail(extension, summary, state);
	learned_put(learned, LEARNED_VOICEMAIL, extension->uri, state); /* its age counts, too */
}

void extension_voicemail(const struct extension *extension,
			 const struct interest_document *document)
{
	struct message_summary summary;
	int error = message_summary_parse(document->data, document->len, &summary);

	if (error == 0)
		on_summary(extension, &summary);
	else
		log_info("calls: voicemail cannot be read extension=%s (%s)",
			 log_safe(extension->uri), strerror(error));
}

/* Calls ---------------------------------------------------------------------------------------- */

static void tell_missed(const struct extension *extension, const struct call_end *call)
{
	int64_t ago_ms = (int64_t)(loop_now(loop_of(extension)) - call->rang_ms);
	struct buf event = BUF_INIT, words = BUF_INIT;

	buf_printf(&event, "missed-%lld-%s", (long long)(loop_wall_ms(loop_of(extension)) - ago_ms),
		   call->id);
	call_words_missed(extension->all->language, call->name, call->number, &words);
	tell(extension, event.data, &words);
	buf_free(&event);
	buf_free(&words);
}

static bool still_rings(const struct extension *extension, const struct call_end *call)
{
	for (const struct interest *one = extension->lines[LINE_CALLS]; one != NULL;
	     one = one->next) {
		if (one->data != NULL && call_table_rings(one->data, &extension->book, call))
			return true;
	}
	return false;
}

static void plan(struct extension *extension);

static void on_settled(void *arg)
{
	struct extension *extension = arg;
	uint64_t now = loop_now(loop_of(extension));
	struct call_end *call = call_book_next(&extension->book, now);

	if (extension->all->core->is_stopping)
		return;
	while (call != NULL) {
		if (still_rings(extension, call)) {
			call->ended_ms = now;
		} else {
			tell_missed(extension, call);
			call->is_done = true;
		}
		call = call_book_next(&extension->book, now);
	}
	plan(extension);
}

static void plan(struct extension *extension)
{
	uint64_t due = call_book_due_ms(&extension->book);
	uint64_t now = loop_now(loop_of(extension));

	if (due == UINT64_MAX)
		loop_timer_cancel(&extension->timer);
	else
		loop_timer_set(loop_of(extension), &extension->timer, due > now ? due - now : 0,
			       on_settled, extension);
}

enum interest_use extension_calls(struct extension *extension, struct interest *interest,
				  const struct interest_document *document)
{
	size_t most = (size_t)extension->all->core->params->limits->sip_body_bytes;
	struct buf text = BUF_INIT;
	int error;

	if (interest->data == NULL)
		interest->data = mem_zalloc(sizeof(struct call_table));
	error = presence_body_utf8(document->type, document->data, document->len, &text);
	if (error == 0)
		error = call_table_apply(interest->data, &extension->book, buf_text(&text),
					 text.len, most, &extension->peer->profile,
					 loop_now(loop_of(extension)));
	buf_free(&text);
	if (error != 0) {
		log_info("calls: dialogs cannot be read extension=%s (%s)",
			 log_safe(extension->uri), strerror(error));
		return INTEREST_REPAIR;
	}
	plan(extension);
	return INTEREST_USED;
}

void extension_forget_ringing(const struct extension *extension)
{
	for (struct interest *one = extension->lines[LINE_CALLS]; one != NULL; one = one->next) {
		if (one->data != NULL)
			call_table_clear(one->data);
	}
}

void extension_free_calls(void *data)
{
	call_table_clear(data);
	mem_free(data);
}
