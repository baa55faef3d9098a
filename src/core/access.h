/* Access rules: who may watch or write to whom, by lists of domains and users (SEC-036, SEC-046).
 * They come before all that the watched user says, and never grant what he did not. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/address.h"

struct access;

/* Bits. */
enum access_may {
	ACCESS_NONE = 0,
	ACCESS_WATCH = 1 << 0,
	ACCESS_WRITE = 1 << 1, /* messages, and with them typing and receipts */
	ACCESS_ALL = ACCESS_WATCH | ACCESS_WRITE
};

enum access_kind {
	ACCESS_ANYBODY,
	ACCESS_ROSTER, /* whoever sees the other end, or is seen by it */
	ACCESS_SIDE,
	ACCESS_DOMAIN, /* local is not used */
	ACCESS_USER
};

/* One word of a list; canonical, as struct address. */
struct access_name {
	enum access_kind kind;
	enum side side;
	const char *local;
	const char *domain;
};

struct access_names {
	const struct access_name *items;
	size_t count;
};

struct access_rule {
	struct access_names from; /* who watches or writes */
	struct access_names to;
	enum access_may may;
};

/* Does one of the two see the other? Asked only where a rule names the roster. */
typedef bool access_roster_fn(const struct address *a, const struct address *b, void *arg);

/* Copies the rules. */
struct access *access_new(const struct access_rule *rules, size_t count);
void access_free(struct access **access);
/* What from may do to to by the first rule that names both; ACCESS_ALL where none does, or access
 * is NULL. *rule (may be NULL) is its number, or -1. A whole domain (local "") is no user. */
enum access_may access_decide(const struct access *access, const struct address *from,
			      const struct address *to, access_roster_fn *roster, void *arg,
			      int *rule);
