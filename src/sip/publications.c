/* What is published, and until when; see publications.h. */
#include "sip/publications.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "model/presence_merge.h"
#include "sip/peer_watch.h"
#include "sip/publications_private.h"
#include "sip/side_core.h"
#include "sip/subscriber.h"

enum { HOLD_MS = 30000 }; /* D-26 */

static struct loop *loop_of(const struct publications *publications)
{
	return publications->core->params->loop;
}

static uint64_t now_of(const struct publications *publications)
{
	return loop_now(loop_of(publications));
}

/* Tests make T1 shorter, and these times with it. */
static uint64_t t1_times(const struct publications *publications, unsigned times)
{
	int t1_ms = publications->core->params->timer_t1_ms;

	return (uint64_t)times * (uint64_t)(t1_ms > 0 ? t1_ms : 500);
}

/* Users ---------------------------------------------------------------------------------------- */

struct published *published_find(const struct publications *publications,
				 const struct address *user)
{
	struct buf key = BUF_INIT;
	struct published *published;

	address_key(user, &key);
	published = table_find(publications->users, key.data, key.len);
	buf_free(&key);
	return published;
}

struct published *published_get(struct publications *publications, const struct address *user,
				const struct sip_peer *peer)
{
	struct published *published = published_find(publications, user);
	struct buf key = BUF_INIT;

	if (published != NULL)
		return published;
	published = mem_zalloc(sizeof *published);
	published->publications = publications;
	address_copy(&published->user, user);
	published->peer = peer;
	published->hop = peer_watch_of(publications->core->peers, user->domain);
	peer_watch_join(published->hop); /* D-26: who publishes is watched like any source */
	list_init(&published->all);
	address_key(user, &key);
	table_put(publications->users, key.data, key.len, published);
	buf_free(&key);
	return published;
}

static void published_free(struct published *published)
{
	peer_watch_leave(published->hop);
	presence_clear(&published->now);
	address_clear(&published->user);
	mem_free(published);
}

void published_let_go(struct published *published)
{
	struct buf key = BUF_INIT;

	if (published->count != 0)
		return;
	address_key(&published->user, &key);
	table_remove(published->publications->users, key.data, key.len);
	buf_free(&key);
	published_free(published);
}

static void compose(struct published *published)
{
	presence_clear(&published->now);
	published->now = (struct presence){0};
	published->has_now = false;
	LIST_EACH(link, next, &published->all)
	{
		struct publication *publication = LIST_ENTRY(link, struct publication, link);

		if (publication->is_blank || publication->is_doubtful)
			continue;
		presence_merge(&published->now, &publication->state);
		published->has_now = true;
	}
	published->is_composed = true;
}

const struct presence *publications_now(struct publications *publications,
					const struct address *watched)
{
	struct published *published = published_find(publications, watched);

	if (published == NULL)
		return NULL;
	if (!published->is_composed)
		compose(published);
	return published->has_now ? &published->now : NULL;
}

/* Of whom a publisher does not speak after its restart there is nothing to be asked for. */
bool publications_are_mute(struct publications *publications, const struct address *watched)
{
	const struct published *published = published_find(publications, watched);

	if (published == NULL || publications_now(publications, watched) != NULL)
		return false;
	LIST_EACH(link, next, &published->all)
	{
		struct publication *publication = LIST_ENTRY(link, struct publication, link);

		if (publication->is_blank || publication->is_restored)
			return true;
	}
	return false;
}

void published_changed(struct published *published)
{
	published->is_composed = false;
	subscriber_published(published->publications->core->subscriber, &published->user);
}

/* Publications --------------------------------------------------------------------------------- */

struct publication *publication_find(const struct published *published, bool is_dialog,
				     const char *tag)
{
	LIST_EACH(link, next, &published->all)
	{
		struct publication *publication = LIST_ENTRY(link, struct publication, link);

		if (publication->is_dialog == is_dialog &&
		    (strcmp(publication->tag, tag) == 0 ||
		     (publication->is_restored && strcmp(publication->before, tag) == 0)))
			return publication;
	}
	return NULL;
}

struct publication *publication_new(struct published *published, bool is_dialog)
{
	struct publication *publication = mem_zalloc(sizeof *publication);

	publication->of = published;
	publication->is_dialog = is_dialog;
	publication->is_blank = true;
	random_bytes(&publication->id, sizeof publication->id);
	publication->id >>= 1; /* the store's integers have a sign */
	list_append(&published->all, &publication->link);
	published->count++;
	published->publications->count++;
	published->is_composed = false;
	return publication;
}

void publication_answered(struct publication *publication, uint64_t key)
{
	struct table *answered = publication->of->publications->answered;

	if (publication->answered != 0)
		table_remove(answered, &publication->answered, sizeof publication->answered);
	publication->answered = key;
	if (key != 0)
		table_put(answered, &key, sizeof key, publication);
}

void publication_forget(struct publication *publication)
{
	struct published *published = publication->of;

	publication_answered(publication, 0);
	loop_timer_cancel(&publication->timer);
	list_remove(&publication->link);
	published->count--;
	published->publications->count--;
	published->is_composed = false;
	presence_clear(&publication->state);
	mem_free(publication);
}

void publication_free(struct publication *publication)
{
	const struct sip_side_params *params = publication->of->publications->core->params;

	if (params->keeper != NULL)
		params->keeper->drop(&publication->of->user, publication->id, NULL, NULL,
				     params->keeper->arg);
	publication_forget(publication);
}

/* EVT-060: the counter makes it new in this process, the prefix among all processes. */
void publication_new_tag(struct publication *publication)
{
	struct publications *publications = publication->of->publications;

	snprintf(publication->tag, sizeof publication->tag, "%s-%llx", publications->prefix,
		 (unsigned long long)publications->next_tag++);
}

void publication_put(struct publication *publication, struct presence *state)
{
	presence_clear(&publication->state);
	publication->state = *state;
	*state = (struct presence){0};
	publication->is_blank = false;
}

/* EVT-061: soft state. */
static void on_expired(void *arg)
{
	struct publication *publication = arg;
	struct published *published = publication->of;

	log_info("publications: expired user=%s domain=%s", log_safe(published->user.local),
		 log_safe(published->user.domain));
	publication_free(publication);
	published_changed(published);
	published_let_go(published);
}

void publication_extend(struct publication *publication, unsigned expires_s)
{
	struct publications *publications = publication->of->publications;
	uint64_t life_ms = (uint64_t)expires_s * 1000;

	publication->heard_ms = now_of(publications);
	publication->expires_ms = publication->heard_ms + life_ms;
	publication->is_doubtful = false;
	publication->is_restored = false;
	loop_timer_set(loop_of(publications), &publication->timer,
		       life_ms + t1_times(publications, PUBLICATION_GRACE_T1), on_expired,
		       publication);
}

/* Restarts of publishers ----------------------------------------------------------------------- */

typedef void publication_fn(struct publication *publication, void *arg);

struct each {
	publication_fn *fn;
	void *arg;
};

static bool each_of(void *value, void *arg)
{
	struct published *published = value;
	struct each *each = arg;

	LIST_EACH(link, next, &published->all)
	each->fn(LIST_ENTRY(link, struct publication, link), each->arg);
	return true;
}

static void doubt(struct publication *publication, void *arg)
{
	struct restart *restart = arg;

	if (publication->heard_ms >= restart->since_ms || publication->is_doubtful ||
	    !net_address_same_host(&publication->source, &restart->source))
		return;
	publication->is_doubtful = true;
	publish_keep_doubt(publication);
	published_changed(publication->of);
}

static void restart_free(struct restart *restart)
{
	loop_timer_cancel(&restart->timer);
	list_remove(&restart->link);
	mem_free(restart);
}

/* Whom it has not named since its restart it has forgotten, or has nothing to say of: what it said
 * before is not shown until it speaks of him again. */
static void on_restart_over(void *arg)
{
	struct restart *restart = arg;
	struct each each = {doubt, restart};

	if (restart->users >= PUBLICATION_RESTART_USERS)
		table_each(restart->publications->users, each_of, &each);
	restart_free(restart);
}

void publications_begun_anew(struct publications *publications, const struct published *user,
			     const struct net_address *source)
{
	struct restart *restart;

	LIST_EACH(link, next, &publications->restarts)
	{
		restart = LIST_ENTRY(link, struct restart, link);
		if (net_address_same_host(&restart->source, source)) {
			restart->users += restart->last != user ? 1 : 0;
			restart->last = user;
			return;
		}
	}
	restart = mem_zalloc(sizeof *restart);
	restart->publications = publications;
	restart->source = *source;
	restart->since_ms = now_of(publications);
	restart->users = 1;
	restart->last = user;
	list_append(&publications->restarts, &restart->link);
	loop_timer_set(loop_of(publications), &restart->timer,
		       t1_times(publications, PUBLICATION_RESTART_T1), on_restart_over, restart);
}

/* Servers that are away ------------------------------------------------------------------------ */

/* One that is back after so long may be a new one, or have said something in vain: what it
 * published counts when it confirms it (D-49), and is asked for till then. */
static void miss(struct publication *publication, void *arg)
{
	const struct outage *outage = arg;

	if (publication->of->hop != outage->hop || publication->heard_ms >= outage->since_ms)
		return;
	publication->is_doubtful = true;
	publication->is_restored = true;
	publish_keep_doubt(publication);
	published_changed(publication->of);
}

static void outage_free(struct outage *outage)
{
	loop_timer_cancel(&outage->timer);
	list_remove(&outage->link);
	mem_free(outage);
}

static void on_held(void *arg)
{
	struct outage *outage = arg;
	struct each each = {miss, outage};

	table_each(outage->publications->users, each_of, &each);
	outage_free(outage);
}

static void on_peer_down(void *arg, struct peer_watch *peer)
{
	struct publications *publications = arg;
	struct outage *outage = mem_zalloc(sizeof *outage);
	int hold_ms = publications->core->params->hold_ms;

	outage->publications = publications;
	outage->hop = peer;
	outage->since_ms = now_of(publications);
	list_append(&publications->outages, &outage->link);
	loop_timer_set(loop_of(publications), &outage->timer,
		       hold_ms > 0 ? (uint64_t)hold_ms : HOLD_MS, on_held, outage);
}

static void on_peer_ask(void *arg, struct peer_watch *peer, enum peer_ask what)
{
	struct publications *publications = arg;

	LIST_EACH(link, next, &publications->outages)
	{
		struct outage *outage = LIST_ENTRY(link, struct outage, link);

		if (outage->hop == peer && what == PEER_ASK_ALL)
			outage_free(outage);
	}
}

/* Life ----------------------------------------------------------------------------------------- */

struct publications *publications_new(struct side_core *core)
{
	static const struct peer_watch_events events = {on_peer_down, on_peer_ask};
	struct publications *publications = mem_zalloc(sizeof *publications);

	publications->core = core;
	publications->users = table_new();
	publications->answered = table_new();
	list_init(&publications->restarts);
	list_init(&publications->outages);
	list_init(&publications->held);
	peer_watches_listen(core->peers, &events, publications);
	random_hex(publications->prefix, sizeof publications->prefix / 2);
	return publications;
}

static bool free_user(void *value, void *arg)
{
	struct published *published = value;

	(void)arg;
	LIST_EACH(link, next, &published->all)
	publication_forget(LIST_ENTRY(link, struct publication, link));
	published_free(published);
	return true;
}

void publications_free(struct publications **publications)
{
	struct publications *self = *publications;

	if (self == NULL)
		return;
	publish_drop_held(self);
	LIST_EACH(link, next, &self->restarts)
	restart_free(LIST_ENTRY(link, struct restart, link));
	LIST_EACH(link, next, &self->outages)
	outage_free(LIST_ENTRY(link, struct outage, link));
	table_each(self->users, free_user, NULL);
	table_free(&self->users);
	table_free(&self->answered);
	mem_free(self);
	*publications = NULL;
}

size_t publications_count(const struct publications *publications)
{
	return publications->count;
}

void publications_answered(struct publications *publications, uint64_t key, unsigned expires_s,
			   struct buf *out)
{
	const struct publication *publication =
		table_find(publications->answered, &key, sizeof key);

	/* It was removed since, or was a removal: its tag means nothing any more (EVT-059). */
	if (publication == NULL)
		buf_printf(out, "SIP-ETag: %s-%llx\r\n", publications->prefix,
			   (unsigned long long)publications->next_tag++);
	else
		buf_printf(out, "SIP-ETag: %s\r\n", publication->tag);
	buf_printf(out, "Expires: %u\r\n", expires_s);
}

void publications_restore(struct publications *publications, const struct kept_publication *kept)
{
	const struct side_core *core = publications->core;
	const struct sip_peer *peer = side_core_peer(core, kept->user->domain);
	int64_t left_s = kept->expires_s - loop_wall_ms(core->params->loop) / 1000;
	struct presence state = {0};
	struct publication *publication;

	if (peer == NULL || !peer->profile.accepts_publish || left_s < -PUBLICATION_LATE_S ||
	    strlen(kept->tag) >= PUBLICATION_TAG_MAX) {
		if (core->params->keeper != NULL)
			core->params->keeper->drop(kept->user, kept->id, NULL, NULL,
						   core->params->keeper->arg);
		return;
	}
	publication =
		publication_new(published_get(publications, kept->user, peer), kept->is_dialog);
	publication->id = kept->id;
	memcpy(publication->tag, kept->tag, strlen(kept->tag) + 1); /* checked above */
	(void)net_address_parse(&publication->source, kept->source);
	publication->is_his_own = strchr(kept->source, '@') != NULL;
	if (kept->body_len != 0 && publish_read(core, peer, kept->type, kept->language, kept->body,
						kept->body_len, &state) == 0)
		publication_put(publication, &state);
	if (left_s > PUBLICATION_MOST_S) /* the clock was set back */
		left_s = PUBLICATION_MOST_S;
	publication_extend(publication, left_s > 0 ? (unsigned)left_s : 0);
	publication->is_doubtful = kept->is_doubtful;
	publication->is_restored = true;
	if (kept->before != NULL && strlen(kept->before) < PUBLICATION_TAG_MAX)
		memcpy(publication->before, kept->before, strlen(kept->before) + 1);
	if (kept->is_doubtful)
		publish_keep_doubt(publication);
}
