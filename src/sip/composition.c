/* Life and parts of a composition; see composition.h. */
#include "sip/composition.h"

#include <errno.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "model/counters.h"
#include "sip/interest.h"
#include "sip/part_data.h"
#include "sip/peer_watch.h"
#include "sip/publications.h"
#include "sip/side_core.h"
#include "sip/subscriber_private.h"
#include "translate/address_map.h"

enum {
	HOLD_MS = 30000,             /* D-26 */
	UNKNOWN_PACKAGE_MS = 3600000 /* D-21: a server is asked for it again then */
};

/* In the order of enum part_name. */
static const struct interest_kind *const kinds[PART_COUNT] = {
	&interest_kinds[INTEREST_OF_PRESENCE],
	&interest_kinds[INTEREST_OF_DIALOGS],
};

static const unsigned packages[PART_COUNT] = {PACKAGE_PRESENCE, PACKAGE_DIALOG};

static struct side_core *core_of(const struct composition *composition)
{
	return composition->subscriber->core;
}

static uint64_t now_of(const struct composition *composition)
{
	return loop_now(core_of(composition)->params->loop);
}

static enum part_name name_of(const struct interest *interest)
{
	return interest->kind == kinds[PART_DIALOG] ? PART_DIALOG : PART_PRESENCE;
}

static struct part *part_of(const struct interest *interest)
{
	struct composition *composition = interest->owner;

	return &composition->parts[name_of(interest)];
}

void composition_touch(struct composition *composition)
{
	struct subscriber *subscriber = composition->subscriber;

	if (list_is_linked(&composition->dirty))
		return;
	list_append(&subscriber->dirty, &composition->dirty);
	subscriber_tell_later(subscriber);
}

void composition_changed(struct composition *composition)
{
	composition->has_news = true;
	composition_touch(composition);
}

/* What parts tell ------------------------------------------------------------------------------ */

/* Takes over *document. */
static void put_document(struct composition *composition, struct part *part,
			 struct presence *document)
{
	if (part->document == NULL)
		part->document = mem_zalloc(sizeof *part->document);
	presence_clear(part->document);
	*part->document = *document;
	if (composition->has_news)
		core_of(composition)->params->counters->presence_coalesced++;
	composition_changed(composition);
}

static void drop_document(struct composition *composition, struct part *part)
{
	if (part->document == NULL)
		return;
	presence_clear(part->document);
	mem_free(part->document);
	part->document = NULL;
	composition_changed(composition);
}

static void put_phones(struct composition *composition, struct part *part)
{
	struct presence document = {0};

	for (const struct interest *one = part->interest; one != NULL; one = one->next)
		part_data_phone(one->data, &document.phone);
	put_document(composition, part, &document);
}

uint64_t composition_hold_ms(const struct composition *composition)
{
	int hold_ms = core_of(composition)->params->hold_ms;

	return (uint64_t)(hold_ms > 0 ? hold_ms : HOLD_MS);
}

/* When what a part told is no longer true (D-26). */
static void start_hold(struct composition *composition, struct part *part)
{
	if (part->hold_ms == 0)
		part->hold_ms = now_of(composition) + composition_hold_ms(composition);
}

/* D-24. What an earlier subscription told is not confirmed by a new one that says nothing: of Event
 * dialog it does not count (DLG-019), else it is true for the hold (D-26). */
static void without_body(struct composition *composition, struct part *part,
			 const struct interest *interest, bool is_first)
{
	struct presence nothing = {0};

	if (composition->peer->profile.empty_notify == EMPTY_NOTIFY_GONE)
		put_document(composition, part, &nothing);
	else if (!is_first || interest->lead != NULL || !composition->is_known)
		return;
	else if (name_of(interest) == PART_DIALOG)
		drop_document(composition, part);
	else
		start_hold(composition, part);
}

/* It has told what it knows, or is not expected to: the others need not wait for it. */
static void has_spoken(struct composition *composition, struct part *part)
{
	if (part->silent_ms == 0)
		return;
	part->silent_ms = 0;
	composition_touch(composition);
}

static enum interest_use on_document(struct interest *interest,
				     const struct interest_document *document)
{
	struct composition *composition = interest->owner;
	struct part *part = part_of(interest);
	struct presence presence = {0};
	enum interest_use use;

	has_spoken(composition, part);
	if (document->len == 0) {
		without_body(composition, part, interest, document->is_first);
		return INTEREST_USED;
	}
	switch (part_data_read(&interest->data, document, core_of(composition),
			       &composition->peer->profile, &presence, &use)) {
	case PART_DATA_PRESENCE:
		put_document(composition, part, &presence);
		break;
	case PART_DATA_PHONE:
		put_phones(composition, part);
		break;
	default:
		break;
	}
	return use;
}

static void keep_fault(struct part *part, const struct fault *fault)
{
	mem_free(part->fault);
	part->fault = NULL;
	if (fault == NULL)
		return;
	part->fault = mem_alloc(sizeof *part->fault);
	*part->fault = *fault;
}

static bool is_good(enum watch_answer answer)
{
	return answer == WATCH_ALLOWED || answer == WATCH_PENDING;
}

/* D-21: a package that the server does not know is not asked for by each user, if there is another.
 */
static void note_package(struct composition *composition, enum part_name name,
			 enum watch_answer answer, const struct fault *fault)
{
	uint64_t *until =
		subscriber_unknown_until(composition->subscriber, composition->peer, name);

	if (answer == WATCH_ALLOWED)
		*until = 0;
	else if (answer == WATCH_NO_SUCH && fault != NULL && fault->sip_status == 489)
		*until = now_of(composition) + UNKNOWN_PACKAGE_MS;
}

static void on_answered(struct interest *interest, enum watch_answer answer,
			const struct fault *fault)
{
	struct composition *composition = interest->owner;
	struct part *part = part_of(interest);

	/* A wait for a word says nothing of what was told before a failure. */
	if (answer == WATCH_PENDING && part->word == WORD_FAILED && interest->was_active)
		return;
	note_package(composition, name_of(interest), answer, fault);
	part->word = (uint8_t)(answer + 1);
	keep_fault(part, is_good(answer) ? NULL : fault);
	if (is_good(answer)) {
		part->hold_ms = 0;
		part->heard_ms = now_of(composition);
		composition->has_heard = true;
	} else {
		composition->has_answer |= answer != WATCH_FAILED;
		start_hold(composition, part);
		has_spoken(composition, part);
	}
	if (answer == WATCH_FORBIDDEN || answer == WATCH_REJECTED) /* D-14: now */
		drop_document(composition, part);
	composition_touch(composition);
}

static void on_ended(struct interest *interest, enum interest_loss loss)
{
	struct composition *composition = interest->owner;
	struct part *part = part_of(interest);

	if (loss == LOSS_FORK && part->document != NULL)
		put_phones(composition, part);
	if (loss == LOSS_DIALOG)
		start_hold(composition, part);
	composition_touch(composition);
}

/* D-49: what he was shown before the start counts, and may come of this part, too. */
static void on_restored(struct interest *interest)
{
	if (interest->state == INTEREST_ACTIVE)
		part_of(interest)->silent_ms = PART_SILENT;
}

static void on_describe(const struct interest *interest, struct interest_subject *out)
{
	const struct composition *composition = interest->owner;
	const struct reader *first = LIST_ENTRY(composition->readers.next, struct reader, link);

	out->watched = &composition->watched;
	if (!composition->is_common)
		out->watcher = &first->watcher;
}

static void on_taken(struct interest *interest)
{
	part_of(interest)->interest = NULL;
}

/* D-17: in the watcher's name, or in the bridge's, in the chat domain of the first reader. */
static int write_from(const struct composition *composition, struct buf *out)
{
	const struct reader *first = LIST_ENTRY(composition->readers.next, struct reader, link);
	struct address_map *map = core_of(composition)->params->map;
	const char *domain = composition->watched.domain;
	struct address bridge;
	int error;

	if (!composition->is_common)
		return address_to_uri(map, &first->watcher, domain, out);
	address_set(&bridge, SIDE_XMPP, "sipxmppd", first->watcher.domain);
	error = address_to_uri(map, &bridge, domain, out);
	address_clear(&bridge);
	return error;
}

/* How long the server is known not to know the package, if another one is there to serve; 0: it may
 * be asked. Users ask anew one after the other: the first to be refused has the others wait. */
static uint64_t unknown_for_ms(const struct composition *composition, enum part_name name)
{
	uint64_t until =
		*subscriber_unknown_until(composition->subscriber, composition->peer, name);
	uint64_t now = now_of(composition);

	if (composition->peer->profile.packages == packages[name] || until <= now)
		return 0;
	return until - now + random_below(UNKNOWN_PACKAGE_MS / 10);
}

static int on_write(const struct interest *interest, struct buf *from, struct buf *to)
{
	const struct composition *composition = interest->owner;
	uint64_t wait = unknown_for_ms(composition, name_of(interest));
	int error;

	if (wait != 0) {
		interest_schedule(part_of(interest)->interest, wait);
		return EAGAIN;
	}
	error = write_from(composition, from);
	if (error != 0)
		return error;
	return address_to_uri(core_of(composition)->params->map, &composition->watched, NULL, to);
}

/* Starting and leaving ------------------------------------------------------------------------- */

static void start_part(struct composition *composition, enum part_name name)
{
	static const struct interest_events events = {.write = on_write,
						      .describe = on_describe,
						      .restored = on_restored,
						      .answered = on_answered,
						      .document = on_document,
						      .ended = on_ended,
						      .data_free = part_data_free,
						      .taken = on_taken};
	struct part *part = &composition->parts[name];
	uint64_t delay = unknown_for_ms(composition, name);

	if (delay != 0)
		part->word = WORD_NO_SUCH;
	part->interest = interest_new(composition->subscriber->interests, composition->peer,
				      kinds[name], &events, composition);
	interest_schedule(part->interest, delay);
}

static void clear_part(struct part *part)
{
	if (part->document != NULL)
		presence_clear(part->document);
	mem_free(part->document);
	mem_free(part->fault);
	*part = (struct part){0};
}

/* Where nothing is subscribed, presence is all the same while the publications do not say it
 * (AST-7: of a quiet user a PBX says nothing more). */
static bool is_wanted_part(const struct composition *composition, enum part_name name)
{
	const struct side_core *core = core_of(composition);
	unsigned wanted = composition->peer->profile.packages;

	if (wanted == 0 && composition->is_common && core->publications != NULL &&
	    publications_are_mute(core->publications, &composition->watched))
		wanted = PACKAGE_PRESENCE;
	return (wanted & packages[name]) != 0;
}

void composition_adjust(struct composition *composition)
{
	bool is_listed = composition_listed(composition).state != LISTED_NOT;

	for (int name = 0; name < PART_COUNT; name++) {
		struct part *part = &composition->parts[name];
		bool is_wanted = !is_listed && is_wanted_part(composition, (enum part_name)name);

		if (is_wanted && part->interest == NULL) {
			start_part(composition, (enum part_name)name);
		} else if (!is_wanted && part->interest != NULL) {
			interest_leave(&part->interest);
			clear_part(part);
			composition->has_news = true;
		}
	}
}

void composition_ask_again(struct composition *composition)
{
	for (int name = 0; name < PART_COUNT; name++)
		if (composition->parts[name].interest != NULL &&
		    unknown_for_ms(composition, (enum part_name)name) == 0)
			interest_ask_again(composition->parts[name].interest);
}

/* Life ----------------------------------------------------------------------------------------- */

void composition_key(const struct address *watched, const struct address *watcher, bool is_common,
		     struct buf *key)
{
	address_key(watched, key);
	if (!is_common)
		address_key(watcher, key);
}

struct composition *composition_new(struct subscriber *subscriber, const struct watch *watch,
				    const struct sip_peer *peer, bool is_common)
{
	struct composition *composition = mem_zalloc(sizeof *composition);
	struct buf key = BUF_INIT;

	composition->subscriber = subscriber;
	address_copy(&composition->watched, watch->watched);
	list_init(&composition->readers);
	list_init(&composition->dirty);
	composition->peer = peer;
	composition->hop = peer_watch_of(subscriber->core->peers, peer->domain);
	peer_watch_join(composition->hop);
	composition->is_common = is_common;
	composition->is_kept = is_common || (peer->profile.packages & PACKAGE_DIALOG) != 0;
	list_append(&subscriber->all, &composition->link);
	subscriber_count_watched(subscriber, peer, 1);
	composition_key(watch->watched, watch->watcher, is_common, &key);
	table_put(subscriber->compositions, key.data, key.len, composition);
	buf_free(&key);
	composition_add_reader(composition, watch);
	composition_adjust(composition);
	return composition;
}

static void unlist(struct composition *composition)
{
	const struct reader *first = LIST_ENTRY(composition->readers.next, struct reader, link);
	struct buf key = BUF_INIT;

	composition_key(&composition->watched, &first->watcher, composition->is_common, &key);
	table_remove(composition->subscriber->compositions, key.data, key.len);
	buf_free(&key);
	subscriber_count_watched(composition->subscriber, composition->peer, -1);
	list_remove(&composition->link);
	list_remove(&composition->dirty);
}

void composition_free(struct composition *composition)
{
	unlist(composition);
	loop_timer_cancel(&composition->timer);
	for (int name = 0; name < PART_COUNT; name++)
		clear_part(&composition->parts[name]);
	composition_free_readers(composition);
	peer_watch_leave(composition->hop);
	address_clear(&composition->watched);
	mem_free(composition);
}

void composition_leave(struct composition *composition)
{
	for (int name = 0; name < PART_COUNT; name++)
		interest_leave(&composition->parts[name].interest);
	composition_free(composition);
}
