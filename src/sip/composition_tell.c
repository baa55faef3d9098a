/* The readers of a composition and what they are told; see composition.h. */
#include "base/buf.h"
#include "base/mem.h"
#include "base/table.h"
#include "core/bridge.h"
#include "model/presence.h"
#include "sip/composition.h"
#include "sip/side_core.h"
#include "sip/subscriber_private.h"

enum {
	SETTLE_MOST = 5,  /* times settle_ms: a phone that never rests is told all the same */
	READERS_MANY = 64 /* from then on they are found by a table */
};

static struct side_core *core_of(const struct composition *composition)
{
	return composition->subscriber->core;
}

/* Readers -------------------------------------------------------------------------------------- */

static struct reader *find_one_by_one(const struct composition *composition,
				      const struct address *watcher)
{
	LIST_EACH(link, next, &composition->readers)
	{
		struct reader *reader = LIST_ENTRY(link, struct reader, link);

		if (address_equal(&reader->watcher, watcher))
			return reader;
	}
	return NULL;
}

struct reader *composition_find_reader(struct composition *composition,
				       const struct address *watcher)
{
	struct buf key = BUF_INIT;
	struct reader *reader;

	if (composition->by_watcher == NULL)
		return find_one_by_one(composition, watcher);
	address_key(watcher, &key);
	reader = table_find(composition->by_watcher, key.data, key.len);
	buf_free(&key);
	return reader;
}

static void index_reader(struct composition *composition, struct reader *reader)
{
	struct buf key = BUF_INIT;

	address_key(&reader->watcher, &key);
	table_put(composition->by_watcher, key.data, key.len, reader);
	buf_free(&key);
}

/* A storm of probes asks for each reader. */
static void index_readers(struct composition *composition)
{
	composition->by_watcher = table_new();
	LIST_EACH(link, next, &composition->readers)
	index_reader(composition, LIST_ENTRY(link, struct reader, link));
}

void composition_add_reader(struct composition *composition, const struct watch *watch)
{
	struct reader *reader = mem_zalloc(sizeof *reader);

	address_copy(&reader->watcher, watch->watcher);
	reader->x = watch->x;
	reader->is_new = true;
	list_append(&composition->readers, &reader->link);
	composition->reader_count++;
	if (composition->by_watcher != NULL)
		index_reader(composition, reader);
	else if (composition->reader_count == READERS_MANY)
		index_readers(composition);
	composition->has_new = true;
	composition_touch(composition);
}

static void free_reader(struct composition *composition, struct reader *reader)
{
	struct buf key = BUF_INIT;

	if (composition->by_watcher != NULL) {
		address_key(&reader->watcher, &key);
		table_remove(composition->by_watcher, key.data, key.len);
		buf_free(&key);
	}
	composition->reader_count--;
	list_remove(&reader->link);
	address_clear(&reader->watcher);
	mem_free(reader);
}

void composition_free_readers(struct composition *composition)
{
	LIST_EACH(link, next, &composition->readers)
	free_reader(composition, LIST_ENTRY(link, struct reader, link));
	table_free(&composition->by_watcher);
}

static bool is_read(const struct composition *composition)
{
	LIST_EACH(link, next, &composition->readers)
	{
		if (!LIST_ENTRY(link, struct reader, link)->is_gone)
			return true;
	}
	return false;
}

/* Removes readers that left. May free the composition. */
static void tidy(struct composition *composition)
{
	if (!composition->has_gone)
		return;
	composition->has_gone = false;
	if (!is_read(composition)) {
		composition_leave(composition);
		return;
	}
	LIST_EACH(link, next, &composition->readers)
	{
		struct reader *reader = LIST_ENTRY(link, struct reader, link);

		if (reader->is_gone)
			free_reader(composition, reader);
	}
}

void composition_remove_reader(struct composition *composition, const struct address *watcher)
{
	struct reader *reader = composition_find_reader(composition, watcher);

	if (reader == NULL)
		return;
	if (composition->is_telling) {
		reader->is_gone = true;
		composition->has_gone = true;
	} else if (composition->reader_count == 1) {
		composition_leave(composition);
	} else {
		free_reader(composition, reader);
	}
}

/* Settling (D-27) ------------------------------------------------------------------------------ */

static uint64_t settle_ms(const struct composition *composition)
{
	int ms = core_of(composition)->params->settle_ms;

	return ms > 0 ? (uint64_t)ms : 0;
}

static void has_settled(struct composition *composition, enum phone_state state)
{
	composition->told_phone = (uint8_t)state;
	composition->settling = PHONE_UNKNOWN;
	composition->moved_ms = 0;
}

/* A call is told when it has lasted for a while, its end at once; so is what was the state when
 * the readers heard of the phone first. Returns when it will have lasted, 0: it has. */
static uint64_t settle(struct composition *composition, struct phone *phone, uint64_t now_ms)
{
	uint64_t wait = settle_ms(composition);
	uint64_t due;

	if (composition->told_phone == PHONE_UNKNOWN || phone->state <= PHONE_IDLE ||
	    phone->state == (enum phone_state)composition->told_phone || wait == 0) {
		has_settled(composition, phone->state);
		return 0;
	}
	if (composition->moved_ms == 0)
		composition->moved_ms = now_ms;
	if (phone->state != (enum phone_state)composition->settling) {
		composition->settling = (uint8_t)phone->state;
		composition->settling_ms = now_ms;
	}
	due = composition->settling_ms + wait;
	if (due > composition->moved_ms + SETTLE_MOST * wait)
		due = composition->moved_ms + SETTLE_MOST * wait;
	if (due <= now_ms) {
		has_settled(composition, phone->state);
		return 0;
	}
	phone->state = (enum phone_state)composition->told_phone;
	if (phone->state <= PHONE_IDLE) {
		mem_free(phone->other);
		phone->other = NULL;
	}
	return due;
}

/* Telling -------------------------------------------------------------------------------------- */

static void on_timer(void *arg)
{
	composition_changed(arg);
}

static void set_timer(struct composition *composition, uint64_t hold_due, uint64_t settle_due,
		      uint64_t now_ms)
{
	uint64_t due = hold_due;

	if (settle_due != 0 && (due == 0 || settle_due < due))
		due = settle_due;
	if (due == 0)
		loop_timer_cancel(&composition->timer);
	else
		loop_timer_set(core_of(composition)->params->loop, &composition->timer,
			       due > now_ms ? due - now_ms : 0, on_timer, composition);
}

/* What nobody needs any more: the core has it. */
static void trim(struct composition *composition)
{
	for (int name = 0; name < PART_COUNT; name++) {
		struct part *part = &composition->parts[name];

		if (part->document == NULL)
			continue;
		presence_clear(part->document);
		mem_free(part->document);
		part->document = NULL;
	}
}

static bool is_refusal(enum part_word word)
{
	return word == WORD_REJECTED || word == WORD_FORBIDDEN || word == WORD_NO_SUCH;
}

/* What goes out in this turn. */
struct telling {
	enum part_word word;
	const struct fault *fault;
	struct presence presence;
	bool has_answer;   /* for all */
	bool has_presence; /* for all */
	bool has_known;    /* something to tell those who joined */
	bool is_partial;   /* what is known waits for the rest */
};

/* A refusal counts each time; a word without a document is a sign of life (D-14). */
static bool is_answer_due(const struct composition *composition, enum part_word word)
{
	if (word == WORD_NONE)
		return false;
	return word != composition->told || (composition->has_answer && is_refusal(word)) ||
	       (composition->has_heard && !composition->has_news && word == WORD_ALLOWED);
}

static void tell_one(const struct composition *composition, const struct reader *reader,
		     const struct telling *telling)
{
	struct bridge *bridge = core_of(composition)->params->bridge;
	struct watch watch = {reader->x, SCOPE_WATCHER, &reader->watcher, &composition->watched,
			      NULL};
	bool joins = reader->is_new && !is_refusal(telling->word) && telling->word != WORD_NONE;

	if (telling->has_answer || joins)
		bridge_watch_answered(bridge, &watch, (enum watch_answer)(telling->word - 1),
				      telling->fault);
	if (telling->has_presence || (joins && telling->has_known))
		bridge_presence(bridge, &watch, &telling->presence);
}

static void tell_reader(const struct composition *composition, struct reader *reader,
			const struct telling *telling)
{
	if (!reader->is_gone)
		tell_one(composition, reader, telling);
	reader->is_new = false;
}

/* Those who joined stand at the end. */
static void tell_new(struct composition *composition, const struct telling *telling)
{
	for (struct list *link = composition->readers.prev; link != &composition->readers;
	     link = link->prev) {
		struct reader *reader = LIST_ENTRY(link, struct reader, link);

		if (!reader->is_new)
			return;
		tell_reader(composition, reader, telling);
	}
}

static void tell_all(struct composition *composition, const struct telling *telling)
{
	LIST_EACH(link, next, &composition->readers)
	tell_reader(composition, LIST_ENTRY(link, struct reader, link), telling);
}

/* Returns when a phone state will have settled, or 0. */
static uint64_t prepare_presence(struct composition *composition, struct telling *telling,
				 uint64_t now_ms)
{
	uint64_t due = 0;

	telling->has_known = composition_now(composition, &telling->presence);
	if (telling->has_known)
		due = composition_partial_until(composition, now_ms);
	telling->is_partial = due != 0;
	if (telling->is_partial) {
		telling->has_known = false;
		return due;
	}
	if (telling->has_known)
		due = settle(composition, &telling->presence.phone, now_ms);
	telling->has_presence =
		(composition->has_news || composition->told != WORD_ALLOWED) &&
		(telling->has_known || (composition->is_kept && composition->is_known));
	if (telling->has_presence)
		composition->is_known = telling->has_known;
	return due;
}

static uint64_t prepare(struct composition *composition, struct telling *telling, uint64_t now_ms)
{
	bool is_published = composition_is_published(composition);

	composition->has_news |= composition->was_published != is_published;
	composition->was_published = is_published;
	telling->word = composition_word(composition, &telling->fault);
	telling->has_answer = is_answer_due(composition, telling->word);
	if (telling->word == WORD_FAILED)
		has_settled(composition, PHONE_UNKNOWN);
	if (telling->word != WORD_ALLOWED)
		return 0;
	return prepare_presence(composition, telling, now_ms);
}

static void forget_news(struct composition *composition, const struct telling *telling)
{
	if (telling->word != WORD_NONE)
		composition->told = (uint8_t)telling->word;
	composition->has_heard = false;
	composition->has_answer = false;
	composition->has_news = telling->is_partial;
	composition->has_new = false;
}

/* While a server is away its many users' faults would be much memory. */
static void forget_faults(struct composition *composition)
{
	for (int name = 0; name < PART_COUNT; name++) {
		mem_free(composition->parts[name].fault);
		composition->parts[name].fault = NULL;
	}
}

void composition_tell(struct composition *composition)
{
	uint64_t now_ms = loop_now(core_of(composition)->params->loop);
	struct telling telling = {0};
	uint64_t hold_due, settle_due;
	bool has_new;

	composition_adjust(composition);
	hold_due = composition_expire(composition, now_ms);
	settle_due = prepare(composition, &telling, now_ms);
	set_timer(composition, hold_due, settle_due, now_ms);
	has_new = composition->has_new;
	forget_news(composition, &telling);
	composition->is_telling = true; /* readers may leave meanwhile, none may join */
	if (telling.has_answer || telling.has_presence)
		tell_all(composition, &telling);
	else if (has_new)
		tell_new(composition, &telling);
	composition->is_telling = false;
	if (telling.word == WORD_FAILED)
		forget_faults(composition);
	presence_clear(&telling.presence);
	if (!composition->is_kept && settle_due == 0)
		trim(composition);
	tidy(composition);
}
