#include "xmpp/users.h"

#include <string.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/rate.h"
#include "base/table.h"
#include "model/limits.h"

enum { ANSWERS_PER_S = 2, ANSWERS_BURST = 20, REPORTS_BURST_S = 50 };

struct user {
	struct list link; /* oldest first */
	char *bare;
	struct rate rates[USER_RATE_COUNT];
	struct user_resource *resources; /* few have more than two */
	unsigned resource_count;
};

struct users {
	const struct limits *limits;
	struct table *table;
	struct list order;
	uint64_t stays;
	size_t bytes;
	uint8_t key[HASH_KEY_BYTES];
};

struct bucket {
	double per_s;
	double burst;
};

struct users *users_new(const struct limits *limits)
{
	struct users *users = mem_zalloc(sizeof(*users));

	users->limits = limits;
	users->table = table_new();
	random_bytes(users->key, sizeof users->key);
	list_init(&users->order);
	return users;
}

static size_t bytes_of_user(const struct user *user)
{
	return sizeof(*user) + strlen(user->bare);
}

static size_t bytes_of_resource(const struct user_resource *resource)
{
	return sizeof(*resource) + strlen(resource->name);
}

/* The last one takes its place. */
static void drop_resource(struct users *users, struct user *user, unsigned at)
{
	users->bytes -= bytes_of_resource(&user->resources[at]);
	mem_free(user->resources[at].name);
	user->resources[at] = user->resources[--user->resource_count];
}

static void drop(struct users *users, struct user *user)
{
	table_remove(users->table, user->bare, strlen(user->bare));
	list_remove(&user->link);
	while (user->resource_count > 0)
		drop_resource(users, user, user->resource_count - 1);
	users->bytes -= bytes_of_user(user);
	mem_free(user->resources);
	mem_free(user->bare);
	mem_free(user);
}

void users_free(struct users **users)
{
	if (*users == NULL)
		return;
	LIST_EACH(it, next, &(*users)->order)
	drop(*users, LIST_ENTRY(it, struct user, link));
	table_free(&(*users)->table);
	mem_free(*users);
	*users = NULL;
}

static struct bucket bucket_of(const struct users *users, enum user_rate rate)
{
	const struct limits *limits = users->limits;

	switch (rate) {
	case USER_RATE_MESSAGE:
		return (struct bucket){(double)limits->messages_per_user_per_s,
				       (double)limits->messages_per_user_burst};
	case USER_RATE_REQUEST:
		return (struct bucket){
			(double)limits->stanzas_per_user_per_s,
			(double)(limits->watches_per_watcher + limits->stanzas_per_user_per_s)};
	case USER_RATE_REPORT:
		return (struct bucket){(double)limits->reports_per_user_per_s,
				       (double)limits->reports_per_user_per_s * REPORTS_BURST_S};
	default:
		return (struct bucket){ANSWERS_PER_S, ANSWERS_BURST};
	}
}

/* The one heard of just now is the last, and stays. */
static void make_room(struct users *users)
{
	while (users->bytes > USERS_BYTES_MAX && users->order.next != users->order.prev)
		drop(users, LIST_ENTRY(users->order.next, struct user, link));
}

static struct user *get(struct users *users, const char *bare, uint64_t now_ms)
{
	struct user *user = table_find(users->table, bare, strlen(bare));

	if (user != NULL) {
		list_remove(&user->link);
		list_append(&users->order, &user->link);
		return user;
	}
	if (table_count(users->table) >= USERS_MAX)
		drop(users, LIST_ENTRY(users->order.next, struct user, link));
	user = mem_zalloc(sizeof(*user));
	user->bare = mem_strdup(bare);
	users->bytes += bytes_of_user(user);
	for (int rate = 0; rate < USER_RATE_COUNT; rate++)
		rate_init(&user->rates[rate], bucket_of(users, (enum user_rate)rate).burst, now_ms);
	table_put(users->table, bare, strlen(bare), user);
	list_append(&users->order, &user->link);
	make_room(users);
	return user;
}

bool users_take(struct users *users, const char *bare, enum user_rate rate, uint64_t now_ms)
{
	struct user *user = get(users, bare, now_ms);
	struct bucket bucket = bucket_of(users, rate);

	return rate_take(&user->rates[rate], bucket.per_s, bucket.burst, now_ms);
}

uint64_t users_number(const struct users *users, const char *bare)
{
	return hash_bytes(users->key, bare, strlen(bare));
}

static int find_resource(const struct user *user, const char *resource)
{
	for (unsigned i = 0; i < user->resource_count; i++) {
		if (strcmp(user->resources[i].name, resource) == 0)
			return (int)i;
	}
	return -1;
}

uint64_t users_came(struct users *users, const char *bare, const char *resource, uint64_t caps,
		    uint64_t now_ms)
{
	struct user *user = get(users, bare, now_ms);
	int at = resource == NULL ? -1 : find_resource(user, resource);

	if (at >= 0 && caps != 0)
		user->resources[at].caps = caps;
	if (at >= 0)
		return user->resources[at].caps;
	if (resource == NULL || user->resource_count == USER_RESOURCES_MAX)
		return caps;
	user->resources =
		mem_resize(user->resources, user->resource_count + 1, sizeof(user->resources[0]));
	user->resources[user->resource_count++] =
		(struct user_resource){mem_strdup(resource), caps, ++users->stays};
	users->bytes += bytes_of_resource(&user->resources[user->resource_count - 1]);
	make_room(users);
	return caps;
}

const struct user_resource *users_resources(const struct users *users, const char *bare,
					    unsigned *count)
{
	const struct user *user = table_find(users->table, bare, strlen(bare));

	*count = user == NULL ? 0 : user->resource_count;
	return user == NULL ? NULL : user->resources;
}

bool users_went(struct users *users, const char *bare, const char *resource, uint64_t now_ms)
{
	struct user *user = get(users, bare, now_ms);
	int at;

	while (resource == NULL && user->resource_count > 0) /* CMP-039 */
		drop_resource(users, user, user->resource_count - 1);
	if (resource == NULL)
		return true;
	at = find_resource(user, resource);
	if (at >= 0)
		drop_resource(users, user, (unsigned)at);
	/* One that was never heard of says nothing of the others. */
	return at >= 0 && user->resource_count == 0;
}

size_t users_count(const struct users *users)
{
	return table_count(users->table);
}
