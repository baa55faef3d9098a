/* Access rules; see access.h. The names of a list are in a table, so that long lists cost no more
 * than short ones. */
#include "core/access.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/table.h"

/* One list. */
struct names {
	struct table *named; /* by address_key(), domains without local part */
	bool has_anybody;
	bool has_roster;
	bool has_side[2];
};

struct rule {
	struct names from;
	struct names to;
	enum access_may may;
};

struct access {
	struct rule *rules;
	size_t count;
};

static void put_key(struct buf *key, enum side side, const char *local, const char *domain)
{
	buf_reset(key);
	buf_putc(key, side == SIDE_SIP ? 'S' : 'X');
	buf_puts(key, domain);
	buf_putc(key, '\0');
	buf_puts(key, local);
}

static void names_init(struct names *names, const struct access_names *from)
{
	struct buf key = BUF_INIT;

	names->named = table_new();
	for (size_t i = 0; i < from->count; i++) {
		const struct access_name *name = &from->items[i];

		switch (name->kind) {
		case ACCESS_ANYBODY:
			names->has_anybody = true;
			break;
		case ACCESS_ROSTER:
			names->has_roster = true;
			break;
		case ACCESS_SIDE:
			names->has_side[name->side] = true;
			break;
		case ACCESS_DOMAIN:
		case ACCESS_USER:
			put_key(&key, name->side, name->kind == ACCESS_USER ? name->local : "",
				name->domain);
			table_put(names->named, key.data, key.len, names);
			break;
		}
	}
	buf_free(&key);
}

struct access *access_new(const struct access_rule *rules, size_t count)
{
	struct access *access = mem_zalloc(sizeof *access);

	access->rules = mem_array(count + 1, sizeof *access->rules);
	for (size_t i = 0; i < count; i++) {
		access->rules[i] = (struct rule){.may = rules[i].may};
		names_init(&access->rules[i].from, &rules[i].from);
		names_init(&access->rules[i].to, &rules[i].to);
	}
	access->count = count;
	return access;
}

void access_free(struct access **access)
{
	if (*access == NULL)
		return;
	for (size_t i = 0; i < (*access)->count; i++) {
		table_free(&(*access)->rules[i].from.named);
		table_free(&(*access)->rules[i].to.named);
	}
	mem_free((*access)->rules);
	mem_free(*access);
	*access = NULL;
}

/* Two ends, and what is found out of them once. */
struct asked {
	const struct address *from;
	const struct address *to;
	access_roster_fn *roster;
	void *arg;
	int are_known; /* -1: not asked yet */
	struct buf key;
};

static bool are_known(struct asked *asked)
{
	if (asked->are_known < 0)
		asked->are_known =
			asked->roster != NULL && asked->roster(asked->from, asked->to, asked->arg);
	return asked->are_known > 0;
}

static bool is_named(const struct names *names, const struct address *address, const char *local,
		     struct buf *key)
{
	put_key(key, address->side, local, address->domain);
	return table_find(names->named, key->data, key->len) != NULL;
}

static bool has(const struct names *names, const struct address *address, struct asked *asked)
{
	if (names->has_anybody || names->has_side[address->side])
		return true;
	if (table_count(names->named) != 0 &&
	    (is_named(names, address, "", &asked->key) ||
	     (!address_is_domain(address) &&
	      is_named(names, address, address->local, &asked->key))))
		return true;
	return names->has_roster && are_known(asked);
}

enum access_may access_decide(const struct access *access, const struct address *from,
			      const struct address *to, access_roster_fn *roster, void *arg,
			      int *rule)
{
	struct asked asked = {from, to, roster, arg, -1, BUF_INIT};
	enum access_may may = ACCESS_ALL;
	size_t i = 0, count = access != NULL ? access->count : 0;

	while (i < count && !(has(&access->rules[i].from, from, &asked) &&
			      has(&access->rules[i].to, to, &asked)))
		i++;
	if (i < count)
		may = access->rules[i].may;
	if (rule != NULL)
		*rule = i < count ? (int)i : -1;
	buf_free(&asked.key);
	return may;
}
