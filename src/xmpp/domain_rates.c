#include "xmpp/domain_rates.h"

#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/rate.h"
#include "base/table.h"
#include "model/limits.h"

struct domain_rate {
	struct list link; /* longest unheard first */
	char *name;
	struct rate stanzas;
	struct rate answers;
};

struct domain_rates {
	const struct limits *limits;
	struct table *table;
	struct list order;
};

struct domain_rates *domain_rates_new(const struct limits *limits)
{
	struct domain_rates *rates = mem_zalloc(sizeof *rates);

	rates->limits = limits;
	rates->table = table_new();
	list_init(&rates->order);
	return rates;
}

static void forget(struct domain_rates *rates, struct domain_rate *domain)
{
	table_remove(rates->table, domain->name, strlen(domain->name));
	list_remove(&domain->link);
	mem_free(domain->name);
	mem_free(domain);
}

void domain_rates_free(struct domain_rates **rates)
{
	if (*rates == NULL)
		return;
	LIST_EACH(it, next, &(*rates)->order)
	forget(*rates, LIST_ENTRY(it, struct domain_rate, link));
	table_free(&(*rates)->table);
	mem_free(*rates);
	*rates = NULL;
}

static double burst(const struct domain_rates *rates)
{
	return (double)rates->limits->stanzas_per_domain_per_s * DOMAIN_BURST_S;
}

static struct domain_rate *get(struct domain_rates *rates, const char *name, uint64_t now_ms)
{
	struct domain_rate *domain = table_find(rates->table, name, strlen(name));

	if (domain != NULL) {
		list_remove(&domain->link);
		list_append(&rates->order, &domain->link);
		return domain;
	}
	if (table_count(rates->table) >= DOMAIN_RATES_MAX)
		forget(rates, LIST_ENTRY(rates->order.next, struct domain_rate, link));
	domain = mem_zalloc(sizeof *domain);
	domain->name = mem_strdup(name);
	rate_init(&domain->stanzas, burst(rates), now_ms);
	rate_init(&domain->answers, DOMAIN_ANSWERS_PER_S, now_ms);
	table_put(rates->table, domain->name, strlen(domain->name), domain);
	list_append(&rates->order, &domain->link);
	return domain;
}

bool domain_rates_take(struct domain_rates *rates, const char *domain, bool is_answer,
		       uint64_t now_ms)
{
	struct domain_rate *it = get(rates, domain, now_ms);

	if (is_answer)
		return rate_take(&it->answers, DOMAIN_ANSWERS_PER_S, DOMAIN_ANSWERS_PER_S, now_ms);
	return rate_take(&it->stanzas, (double)rates->limits->stanzas_per_domain_per_s,
			 burst(rates), now_ms);
}

size_t domain_rates_count(const struct domain_rates *rates)
{
	return table_count(rates->table);
}
