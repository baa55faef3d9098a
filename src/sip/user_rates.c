/* Token buckets by SIP user; see user_rates.h. */
#include "sip/user_rates.h"

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/rate.h"
#include "base/table.h"
#include "model/address.h"

struct user_rate {
	struct list link; /* longest unseen first */
	struct buf key;
	struct rate rate;
};

struct user_rates {
	struct table *table;
	struct list order;
};

struct user_rates *user_rates_new(void)
{
	struct user_rates *rates = mem_zalloc(sizeof *rates);

	rates->table = table_new();
	list_init(&rates->order);
	return rates;
}

static void forget(struct user_rates *rates, struct user_rate *user)
{
	table_remove(rates->table, user->key.data, user->key.len);
	list_remove(&user->link);
	buf_free(&user->key);
	mem_free(user);
}

void user_rates_free(struct user_rates **rates)
{
	if (*rates == NULL)
		return;
	LIST_EACH(link, next, &(*rates)->order)
	forget(*rates, LIST_ENTRY(link, struct user_rate, link));
	table_free(&(*rates)->table);
	mem_free(*rates);
	*rates = NULL;
}

static struct user_rate *find(struct user_rates *rates, const struct address *address, double burst,
			      uint64_t now_ms)
{
	struct buf key = BUF_INIT;
	struct user_rate *user;

	address_key(address, &key);
	user = table_find(rates->table, key.data, key.len);
	if (user != NULL) {
		buf_free(&key);
		list_remove(&user->link);
	} else {
		if (table_count(rates->table) >= USER_RATES_MAX)
			forget(rates, LIST_ENTRY(rates->order.next, struct user_rate, link));
		user = mem_zalloc(sizeof *user);
		user->key = key;
		rate_init(&user->rate, burst, now_ms);
		table_put(rates->table, key.data, key.len, user);
	}
	list_append(&rates->order, &user->link);
	return user;
}

bool user_rates_take(struct user_rates *rates, const struct address *user, int64_t per_s,
		     int64_t burst, uint64_t now_ms)
{
	struct user_rate *found = find(rates, user, (double)burst, now_ms);

	return rate_take(&found->rate, (double)per_s, (double)burst, now_ms);
}

size_t user_rates_count(const struct user_rates *rates)
{
	return table_count(rates->table);
}
