#include "base/shares.h"

#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"

struct share {
	uint64_t who;
	size_t count;
};

void shares_init(struct shares *shares)
{
	memset(shares, 0, sizeof *shares);
	random_bytes(shares->key, sizeof shares->key);
	shares->held = table_new();
}

static bool drop(void *value, void *arg)
{
	struct shares *shares = arg;
	struct share *share = value;

	table_remove(shares->held, &share->who, sizeof share->who);
	mem_free(share);
	return true;
}

void shares_clear(struct shares *shares)
{
	if (shares->held == NULL)
		return;
	table_each(shares->held, drop, shares);
	table_free(&shares->held);
}

uint64_t shares_who(const struct shares *shares, const void *name, size_t len)
{
	return hash_bytes(shares->key, name, len);
}

static void note(struct shares *shares, uint64_t who, uint64_t now_ms)
{
	if (shares->last.ms != 0 && shares->last.who != who)
		shares->other = shares->last;
	shares->last.who = who;
	shares->last.ms = now_ms + 1; /* 0: nobody */
}

bool shares_ask(struct shares *shares, uint64_t who, size_t most, uint64_t now_ms)
{
	const struct share *share = table_find(shares->held, &who, sizeof who);

	note(shares, who, now_ms);
	if (share == NULL || share->count < (most + 1) / 2)
		return true;
	return shares->other.ms == 0 || now_ms + 1 - shares->other.ms > SHARES_LATELY_MS;
}

void shares_take(struct shares *shares, uint64_t who)
{
	struct share *share = table_find(shares->held, &who, sizeof who);

	if (share == NULL) {
		share = mem_zalloc(sizeof *share);
		share->who = who;
		table_put(shares->held, &who, sizeof who, share);
	}
	share->count++;
}

void shares_give(struct shares *shares, uint64_t who)
{
	struct share *share = table_find(shares->held, &who, sizeof who);

	if (share != NULL && --share->count == 0) {
		table_remove(shares->held, &who, sizeof who);
		mem_free(share);
	}
}

size_t shares_takers(const struct shares *shares)
{
	return table_count(shares->held);
}
