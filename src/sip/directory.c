/* Which lists there are, and what they say of one user; see directory.h. */
#include "sip/directory.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/table.h"
#include "model/presence.h"
#include "model/presence_merge.h"
#include "sip/directory_private.h"
#include "sip/side_core.h"
#include "sip/subscriber.h"

enum { IDLE_MS = 600 * 1000 }; /* D-20: a list that nobody needs lives on for so long */

/* The package that decides who is on the list. */
static enum part_name main_package(const struct sip_peer *peer)
{
	return peer->profile.packages == PACKAGE_DIALOG ? PART_DIALOG : PART_PRESENCE;
}

static struct feed *main_feed(struct roll *roll)
{
	return &roll->feeds[main_package(roll->peer)];
}

static bool is_wanted(const struct roll *roll, enum part_name package)
{
	unsigned bit = package == PART_DIALOG ? PACKAGE_DIALOG : PACKAGE_PRESENCE;

	return package == main_package(roll->peer) || (roll->peer->profile.packages & bit) != 0;
}

void roll_changed(struct roll *roll, const struct address *watched)
{
	if (!roll->directory->core->is_stopping)
		subscriber_listed(roll->directory->subscriber, watched);
}

void roll_all_changed(struct roll *roll)
{
	roll_changed(roll, &roll->domain);
}

/* Starting and stopping ------------------------------------------------------------------------ */

static void on_idle(void *arg);

static void watch_idle(struct roll *roll)
{
	loop_timer_set(roll->directory->core->params->loop, &roll->idle, IDLE_MS, on_idle, roll);
}

static void on_idle(void *arg)
{
	struct roll *roll = arg;

	if (subscriber_watched_in(roll->directory->subscriber, roll->peer->domain) > 0) {
		watch_idle(roll);
		return;
	}
	for (int i = 0; i < FEED_COUNT; i++)
		feed_stop(&roll->feeds[i]);
}

static void start(struct roll *roll)
{
	const char *chat_domain;

	if (main_feed(roll)->state != FEED_OFF || roll->directory->core->is_stopping)
		return;
	chat_domain = subscriber_chat_domain_in(roll->directory->subscriber, roll->peer->domain);
	if (chat_domain == NULL)
		return;
	mem_free(roll->chat_domain);
	roll->chat_domain = mem_strdup(chat_domain);
	for (int i = 0; i < FEED_COUNT; i++) {
		if (is_wanted(roll, (enum part_name)i))
			feed_start(&roll->feeds[i]);
	}
	watch_idle(roll);
}

static size_t count_lists(const struct sip_side_params *params)
{
	size_t count = 0;

	for (size_t i = 0; i < params->peer_count; i++)
		count += params->peers[i].list != NULL;
	return count;
}

static void init_roll(struct roll *roll, struct directory *directory, const struct sip_peer *peer)
{
	roll->directory = directory;
	roll->peer = peer;
	address_set(&roll->domain, SIDE_SIP, "", peer->domain);
	roll->members = table_new();
	for (int i = 0; i < FEED_COUNT; i++)
		feed_init(&roll->feeds[i], roll, (enum part_name)i);
}

struct directory *directory_new(struct side_core *core, struct subscriber *subscriber)
{
	struct directory *directory = mem_zalloc(sizeof(*directory));
	size_t count = count_lists(core->params);

	directory->core = core;
	directory->subscriber = subscriber;
	directory->rolls = mem_zalloc((count + 1) * sizeof(*directory->rolls));
	for (size_t i = 0; i < core->params->peer_count; i++) {
		if (core->params->peers[i].list != NULL)
			init_roll(&directory->rolls[directory->count++], directory,
				  &core->params->peers[i]);
	}
	if (directory->count > 0)
		subscriber_set_list(subscriber, directory_listed, directory);
	return directory;
}

void directory_free(struct directory **directory)
{
	struct directory *self = *directory;

	*directory = NULL;
	if (self == NULL)
		return;
	subscriber_set_list(self->subscriber, NULL, NULL);
	for (size_t i = 0; i < self->count; i++) {
		struct roll *roll = &self->rolls[i];

		loop_timer_cancel(&roll->idle);
		for (int k = 0; k < FEED_COUNT; k++)
			feed_clear(&roll->feeds[k]);
		table_free(&roll->members);
		mem_free(roll->chat_domain);
		address_clear(&roll->domain);
	}
	mem_free(self->rolls);
	mem_free(self);
}

/* One user ------------------------------------------------------------------------------------- */

static struct roll *find_roll(struct directory *directory, const char *domain)
{
	for (size_t i = 0; i < directory->count; i++) {
		if (strcmp(directory->rolls[i].peer->domain, domain) == 0)
			return &directory->rolls[i];
	}
	return NULL;
}

static struct member *find_member(const struct roll *roll, const struct address *watched)
{
	struct member *member;
	struct buf key = BUF_INIT;

	address_key(watched, &key);
	member = table_find(roll->members, key.data, key.len);
	buf_free(&key);
	return member;
}

/* Of several rows that name him (lists within lists), the one that knows. */
static struct row *row_of(const struct member *member, const struct feed *feed)
{
	struct row *found = NULL;

	if (member == NULL)
		return NULL;
	LIST_EACH(link, next, &member->rows)
	{
		struct row *row = LIST_ENTRY(link, struct row, of_member);

		if (row->list->feed == feed &&
		    (found == NULL || (row->is_active && !found->is_active)))
			found = row;
	}
	return found;
}

static enum listed_state state_of(const struct feed *feed, const struct row *row)
{
	switch ((enum feed_state)feed->state) {
	case FEED_WAITING:
		return LISTED_WAITING;
	case FEED_LIVE:
	case FEED_DOUBT:
	case FEED_LOST:
		break;
	default:
		return LISTED_NOT;
	}
	if (row == NULL)
		return feed->is_settled ? LISTED_NOT : LISTED_WAITING;
	if (feed->state == FEED_LOST)
		return LISTED_FAILED;
	return row->is_active ? LISTED_ACTIVE : LISTED_PENDING;
}

/* Dialogs of the other package count only while they are told of. */
static const struct phone *phone_of(const struct roll *roll, const struct member *member)
{
	const struct feed *feed = &roll->feeds[PART_DIALOG];
	const struct row *row = row_of(member, feed);

	if (row == NULL || row->phone.state == PHONE_UNKNOWN ||
	    (feed->state != FEED_LIVE && feed->state != FEED_DOUBT))
		return NULL;
	return &row->phone;
}

void directory_listed(const struct address *watched, struct listed *out, void *arg)
{
	struct roll *roll = find_roll(arg, watched->domain);
	const struct member *member;
	const struct feed *feed;
	const struct row *row;

	*out = (struct listed){0};
	if (roll == NULL)
		return;
	start(roll);
	feed = main_feed(roll);
	member = find_member(roll, watched);
	row = row_of(member, feed);
	out->state = state_of(feed, row);
	if (out->state != LISTED_ACTIVE)
		return;
	out->presence = row->presence;
	out->phone = phone_of(roll, member);
	if (out->phone == NULL && row->phone.state != PHONE_UNKNOWN)
		out->phone = &row->phone; /* AST-2: dialogs under Event presence */
}

const char *directory_word(const struct directory *directory, const struct sip_peer *peer,
			   size_t *members)
{
	static const char *const words[] = {
		[FEED_OFF] = "not needed", [FEED_WAITING] = "asking", [FEED_LIVE] = "live",
		[FEED_DOUBT] = "in doubt", [FEED_LOST] = "lost",      [FEED_REFUSED] = "refused",
	};

	*members = 0;
	for (size_t i = 0; i < directory->count; i++) {
		struct roll *roll = &directory->rolls[i];

		if (roll->peer != peer)
			continue;
		*members = table_count(roll->members);
		return words[main_feed(roll)->state];
	}
	return NULL;
}

size_t directory_members(const struct directory *directory)
{
	size_t count = 0;

	for (size_t i = 0; i < directory->count; i++)
		count += table_count(directory->rolls[i].members);
	return count;
}
