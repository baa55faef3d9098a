/* Failures and successes of logins; see authenticate_limits.h. */
#include "sip/authenticate_limits.h"

#include <string.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/rate.h"
#include "base/table.h"
#include "sip/net_address.h"

/* A source, a user, or an address that is verified. */
struct entry {
	struct buf key;
	struct rate failures;
	unsigned blocks;   /* in a row */
	uint64_t until_ms; /* blocked, or verified */
	struct list link;  /* longest unseen first */
};

struct book {
	struct table *table;
	struct list order;
	size_t most;
};

struct login_limits {
	struct book failures;
	struct book verified;
};

static void book_init(struct book *book, size_t most)
{
	book->table = table_new();
	list_init(&book->order);
	book->most = most;
}

static void forget(struct book *book, struct entry *entry)
{
	table_remove(book->table, entry->key.data, entry->key.len);
	list_remove(&entry->link);
	buf_free(&entry->key);
	mem_free(entry);
}

static void book_clear(struct book *book)
{
	LIST_EACH(link, next, &book->order)
	forget(book, LIST_ENTRY(link, struct entry, link));
	table_free(&book->table);
}

static struct entry *book_find(const struct book *book, const struct buf *key)
{
	return table_find(book->table, key->data, key->len);
}

static struct entry *book_get(struct book *book, const struct buf *key, uint64_t now_ms)
{
	struct entry *entry = book_find(book, key);

	if (entry == NULL) {
		if (table_count(book->table) >= book->most)
			forget(book, LIST_ENTRY(book->order.next, struct entry, link));
		entry = mem_zalloc(sizeof *entry);
		buf_append(&entry->key, key->data, key->len);
		rate_init(&entry->failures, LOGIN_FAILURES, now_ms);
		table_put(book->table, key->data, key->len, entry);
	}
	list_remove(&entry->link);
	list_append(&book->order, &entry->link);
	return entry;
}

struct login_limits *login_limits_new(void)
{
	struct login_limits *limits = mem_zalloc(sizeof *limits);

	book_init(&limits->failures, LOGIN_FAILURES_MAX);
	book_init(&limits->verified, LOGIN_VERIFIED_MAX);
	return limits;
}

void login_limits_free(struct login_limits **limits)
{
	if (*limits == NULL)
		return;
	book_clear(&(*limits)->failures);
	book_clear(&(*limits)->verified);
	mem_free(*limits);
	*limits = NULL;
}

static void source_key(const struct net_address *source, struct buf *key)
{
	uint8_t bytes[16];
	size_t len = net_address_bucket(source, bytes);

	buf_putc(key, 'S');
	buf_append(key, bytes, len);
}

static void user_key(const char *user, const char *realm, struct buf *key)
{
	buf_putc(key, 'U');
	buf_puts(key, user);
	buf_putc(key, '\0');
	buf_puts(key, realm);
}

/* The whole address, IPv6, too: what another one of its network answered proves nothing. */
static void address_only(const struct net_address *source, struct buf *key)
{
	buf_append(key, source->bytes, source->family == 4 ? 4 : 16);
}

static bool is_until(const struct book *book, struct buf *key, uint64_t now_ms)
{
	const struct entry *entry = book_find(book, key);

	buf_free(key);
	return entry != NULL && now_ms < entry->until_ms;
}

bool login_limits_source(const struct login_limits *limits, const struct net_address *source,
			 uint64_t now_ms)
{
	struct buf key = BUF_INIT;

	source_key(source, &key);
	return is_until(&limits->failures, &key, now_ms);
}

bool login_limits_user(const struct login_limits *limits, const char *user, const char *realm,
		       uint64_t now_ms)
{
	struct buf key = BUF_INIT;

	user_key(user, realm, &key);
	return is_until(&limits->failures, &key, now_ms);
}

static uint64_t block_ms(unsigned blocks)
{
	uint64_t ms = LOGIN_BLOCK_MS;

	while (--blocks > 0 && ms < LOGIN_BLOCK_MOST_MS)
		ms *= 2;
	return ms < LOGIN_BLOCK_MOST_MS ? ms : LOGIN_BLOCK_MOST_MS;
}

/* True if it is blocked now. Who was quiet for as long again as he was blocked begins anew. */
static bool fail(struct book *book, struct buf *key, uint64_t now_ms)
{
	struct entry *entry = book_get(book, key, now_ms);

	buf_free(key);
	if (rate_take(&entry->failures, LOGIN_FAILURES / 60.0, LOGIN_FAILURES, now_ms))
		return false;
	if (entry->blocks != 0 && now_ms >= entry->until_ms + block_ms(entry->blocks))
		entry->blocks = 0;
	entry->blocks++;
	entry->until_ms = now_ms + block_ms(entry->blocks);
	return true;
}

bool login_limits_failed(struct login_limits *limits, const struct net_address *source,
			 const char *user, const char *realm, uint64_t now_ms)
{
	struct buf by_source = BUF_INIT, by_user = BUF_INIT;

	source_key(source, &by_source);
	user_key(user, realm, &by_user);
	bool source_is_blocked = fail(&limits->failures, &by_source, now_ms);
	bool user_is_blocked = fail(&limits->failures, &by_user, now_ms);

	return source_is_blocked || user_is_blocked;
}

void login_limits_verified(struct login_limits *limits, const struct net_address *source,
			   uint64_t now_ms)
{
	struct buf key = BUF_INIT;

	address_only(source, &key);
	book_get(&limits->verified, &key, now_ms)->until_ms = now_ms + LOGIN_VERIFIED_MS;
	buf_free(&key);
}

bool login_limits_is_verified(const struct login_limits *limits, const struct net_address *source,
			      uint64_t now_ms)
{
	struct buf key = BUF_INIT;

	address_only(source, &key);
	return is_until(&limits->verified, &key, now_ms);
}

size_t login_limits_count(const struct login_limits *limits)
{
	return table_count(limits->failures.table) + table_count(limits->verified.table);
}
