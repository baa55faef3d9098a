/* Typing notices (file 07 C). A SIP user's "active" ends with its refresh, which XMPP does not have
 * (TYPE-022); a chat user's "composing" is repeated, because it has none (TYPE-027). Both ways a
 * change is told once, at most one a second. Nothing here is kept over a break: both ends forget
 * by themselves. */
#include "base/mem.h"
#include "base/table.h"
#include "core/bridge_flow.h"
#include "core/bridge_private.h"
#include "model/counters.h"

enum {
	TALKS_MAX = 10000,
	TALKS_PER_USER_MAX = 50,
	WRITERS_MAX = 20000, /* pairs in which a chat user wrote, of those last seen (TYPE-037) */
	CHANGE_MS = 1000,
	REFRESH_S =
		90, /* of a SIP user's "active" from us; RFC 3994 section 3.2 wants 60 or more */
	REPEAT_MS = 80000,
	COMPOSING_MS = 600000, /* nobody types longer without a pause */
	REFRESH_USUAL_S = 120, /* RFC 3994 section 3.3 */
	REFRESH_MOST_S = 600
};

/* One who types, to some others. */
struct typist {
	struct address address;
	struct list talks;
	size_t count;
};

struct talk {
	struct bridge *bridge;
	struct typist *typist;
	struct list place; /* in typist->talks */
	struct address to;
	bool is_active;      /* by his last word */
	bool is_told_active; /* by ours */
	uint64_t ends_ms;    /* is_active no longer than that */
	uint64_t changed_ms; /* when the last change was told; 0: never */
	uint64_t told_ms;    /* when anything was */
	struct loop_timer timer;
};

/* A chat user who wrote to a SIP user. */
struct writer {
	struct list place;
	char *key;
	size_t key_len;
};

struct typings {
	struct table *typists; /* by address */
	size_t talks;
	struct table *writers; /* by both ends */
	struct list written;   /* the longest ago first */
	struct buf key;
};

void typing_init(struct bridge *bridge)
{
	struct typings *typings = mem_zalloc(sizeof *typings);

	typings->typists = table_new();
	typings->writers = table_new();
	list_init(&typings->written);
	bridge->typings = typings;
}

/* Talks ---------------------------------------------------------------------------------------- */

static const struct buf *key_of(struct typings *typings, const struct address *address)
{
	buf_reset(&typings->key);
	address_key(address, &typings->key);
	return &typings->key;
}

static struct typist *find_typist(struct typings *typings, const struct address *address)
{
	const struct buf *key = key_of(typings, address);

	return table_find(typings->typists, key->data, key->len);
}

static struct talk *find_talk(struct typings *typings, const struct address *from,
			      const struct address *to)
{
	struct typist *typist = find_typist(typings, from);

	if (typist == NULL)
		return NULL;
	LIST_EACH(it, next, &typist->talks)
	{
		struct talk *talk = LIST_ENTRY(it, struct talk, place);

		if (address_equal(&talk->to, to))
			return talk;
	}
	return NULL;
}

static struct typist *make_typist(struct typings *typings, const struct address *address)
{
	struct typist *typist = find_typist(typings, address);

	if (typist != NULL)
		return typist;
	typist = mem_zalloc(sizeof *typist);
	address_copy(&typist->address, address);
	list_init(&typist->talks);
	table_put(typings->typists, typings->key.data, typings->key.len, typist);
	return typist;
}

/* NULL if there are too many. */
static struct talk *add_talk(struct bridge *bridge, const struct address *from,
			     const struct address *to)
{
	struct typings *typings = bridge->typings;
	struct typist *typist;
	struct talk *talk;

	if (typings->talks >= TALKS_MAX)
		return NULL;
	typist = make_typist(typings, from);
	if (typist->count >= TALKS_PER_USER_MAX)
		return NULL;
	talk = mem_zalloc(sizeof *talk);
	talk->bridge = bridge;
	talk->typist = typist;
	address_copy(&talk->to, to);
	list_append(&typist->talks, &talk->place);
	typist->count++;
	typings->talks++;
	return talk;
}

static void drop_talk(struct talk *talk)
{
	struct typings *typings = talk->bridge->typings;
	struct typist *typist = talk->typist;
	const struct buf *key;

	loop_timer_cancel(&talk->timer);
	list_remove(&talk->place);
	address_clear(&talk->to);
	mem_free(talk);
	typings->talks--;
	typist->count--;
	if (typist->count > 0)
		return;
	key = key_of(typings, &typist->address);
	table_remove(typings->typists, key->data, key->len);
	address_clear(&typist->address);
	mem_free(typist);
}

/* What is said in the talk, or of it, goes over that link. */
static bool is_over(const struct talk *talk, const struct side_link *link)
{
	const struct address *from = &talk->typist->address;

	return link->side == SIDE_SIP ||
	       chat_link(talk->bridge, from->side == SIDE_SIP ? from : &talk->to) == link;
}

static bool drop_talks(void *value, void *arg)
{
	struct typist *typist = value;
	const struct side_link *link = arg;
	struct list *next = typist->talks.next;

	/* The last one takes the typist with it. */
	for (size_t left = typist->count; left > 0; left--) {
		struct talk *talk = LIST_ENTRY(next, struct talk, place);

		next = next->next;
		if (link == NULL || is_over(talk, link))
			drop_talk(talk);
	}
	return true;
}

void typing_forget(struct bridge *bridge, struct side_link *link)
{
	table_each(bridge->typings->typists, drop_talks, link);
}

/* Telling -------------------------------------------------------------------------------------- */

static bool is_from_chat(const struct talk *talk)
{
	return talk->typist->address.side == SIDE_XMPP;
}

static void tell(struct talk *talk)
{
	struct bridge *bridge = talk->bridge;
	struct half *other = &bridge->sides[talk->to.side];
	struct typing typing = {.is_active = talk->is_active,
				.refresh_s = talk->is_active ? REFRESH_S : 0};

	if (talk->is_active != talk->is_told_active)
		talk->changed_ms = now_ms(bridge);
	talk->told_ms = now_ms(bridge);
	talk->is_told_active = talk->is_active;
	if (other->ops->typing == NULL)
		return;
	bridge->params.counters->typing_out++;
	other->ops->typing(other->side, &talk->typist->address, &talk->to, &typing);
}

static uint64_t pause_end(const struct talk *talk)
{
	return talk->changed_ms == 0 ? 0 : talk->changed_ms + CHANGE_MS;
}

/* When to look at it again; 0: never, it has ended. */
static uint64_t due_ms(const struct talk *talk)
{
	uint64_t now = now_ms(talk->bridge);

	if (!talk->is_active)
		return pause_end(talk) > now ? pause_end(talk) : 0;
	if (!talk->is_told_active)
		return pause_end(talk);
	if (is_from_chat(talk) && talk->told_ms + REPEAT_MS < talk->ends_ms)
		return talk->told_ms + REPEAT_MS;
	return talk->ends_ms;
}

static void on_due(void *arg);

/* Tells what has to be told by now. The talk may be gone afterwards. */
static void go_on(struct talk *talk)
{
	uint64_t now = now_ms(talk->bridge);
	uint64_t due;

	if (talk->is_active && now >= talk->ends_ms)
		talk->is_active = false;
	if (talk->is_active != talk->is_told_active) {
		if (now >= pause_end(talk))
			tell(talk);
	} else if (talk->is_active && is_from_chat(talk) && now - talk->told_ms >= REPEAT_MS) {
		tell(talk); /* TYPE-005, TYPE-007: once in a refresh interval */
	}
	due = due_ms(talk);
	if (due == 0)
		drop_talk(talk);
	else
		loop_timer_set(talk->bridge->params.loop, &talk->timer, due - now, on_due, talk);
}

static void on_due(void *arg)
{
	go_on(arg);
}

void typing_gone(struct bridge *bridge, const struct address *user)
{
	struct typist *typist = find_typist(bridge->typings, user);
	struct list *next;

	if (typist == NULL)
		return;
	next = typist->talks.next;
	for (size_t left = typist->count; left > 0; left--) {
		struct talk *talk = LIST_ENTRY(next, struct talk, place);

		next = next->next;
		talk->is_active = false;
		go_on(talk);
	}
}

/* Who may see it ------------------------------------------------------------------------------- */

static const struct buf *key_of_ends(struct typings *typings, const struct address *from,
				     const struct address *to)
{
	key_of(typings, from);
	address_key(to, &typings->key);
	return &typings->key;
}

static void drop_writer(struct typings *typings, struct writer *writer)
{
	table_remove(typings->writers, writer->key, writer->key_len);
	list_remove(&writer->place);
	mem_free(writer->key);
	mem_free(writer);
}

static void note_writer(struct typings *typings, const struct address *from,
			const struct address *to)
{
	const struct buf *key = key_of_ends(typings, from, to);
	struct writer *writer = table_find(typings->writers, key->data, key->len);

	if (writer == NULL) {
		writer = mem_zalloc(sizeof *writer);
		writer->key = mem_strndup(key->data, key->len);
		writer->key_len = key->len;
		table_put(typings->writers, key->data, key->len, writer);
	}
	list_remove(&writer->place);
	list_append(&typings->written, &writer->place);
	if (table_count(typings->writers) > WRITERS_MAX)
		drop_writer(typings, LIST_ENTRY(typings->written.next, struct writer, place));
}

void typing_content(struct bridge *bridge, const struct address *from, const struct address *to)
{
	struct talk *talk = find_talk(bridge->typings, from, to);

	if (talk != NULL)
		drop_talk(talk);
	if (from->side == SIDE_XMPP)
		note_writer(bridge->typings, from, to);
}

/* TYPE-037: a SIP user to whom he wrote before, or who may see his presence, alone or with all of
 * his domain (D-18). */
static bool may_see_typing(struct bridge *bridge, const struct address *from,
			   const struct address *to)
{
	const struct buf *key = key_of_ends(bridge->typings, from, to);
	char nobody[] = "";
	struct address domain = {.side = to->side, .local = nobody, .domain = to->domain};

	return table_find(bridge->typings->writers, key->data, key->len) != NULL ||
	       bridge_may_see(bridge, to, from, NULL) ||
	       bridge_may_see(bridge, &domain, from, NULL);
}

static bool may_type(struct bridge *bridge, enum side origin, const struct address *from,
		     const struct address *to)
{
	const struct bridge_params *params = &bridge->params;
	bool is_chat = origin == SIDE_XMPP;

	return from->side == origin && to->side != origin &&
	       params->may_use(is_chat ? from : to, params->arg) &&
	       params->is_served(is_chat ? to : from, params->arg) &&
	       access_may_write(bridge, from, to) && (!is_chat || may_see_typing(bridge, from, to));
}

/* Events --------------------------------------------------------------------------------------- */

static uint64_t life_ms(enum side origin, const struct typing *typing)
{
	int refresh_s = typing->refresh_s > 0 ? typing->refresh_s : REFRESH_USUAL_S;

	if (origin == SIDE_XMPP)
		return COMPOSING_MS;
	return (uint64_t)(refresh_s > REFRESH_MOST_S ? REFRESH_MOST_S : refresh_s) * 1000;
}

void bridge_typing(struct bridge *bridge, enum side origin, const struct address *from,
		   const struct address *to, const struct typing *typing)
{
	struct talk *talk;

	bridge->params.counters->typing_in++;
	if (bridge->is_stopped || !link_between(bridge, from, to)->is_up ||
	    !may_type(bridge, origin, from, to))
		return;
	talk = find_talk(bridge->typings, from, to);
	if (talk == NULL && typing->is_active)
		talk = add_talk(bridge, from, to);
	if (talk == NULL)
		return;
	talk->is_active = typing->is_active;
	talk->ends_ms = now_ms(bridge) + life_ms(origin, typing);
	go_on(talk);
}

void typing_free(struct bridge *bridge)
{
	struct typings *typings = bridge->typings;

	if (typings == NULL)
		return;
	typing_forget(bridge, NULL);
	while (!list_is_empty(&typings->written))
		drop_writer(typings, LIST_ENTRY(typings->written.next, struct writer, place));
	table_free(&typings->typists);
	table_free(&typings->writers);
	buf_free(&typings->key);
	mem_free(typings);
	bridge->typings = NULL;
}
