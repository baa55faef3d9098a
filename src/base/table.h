/* Hash table from byte strings to pointers, keyed by a random secret so that outsiders cannot
 * make keys collide (SEC-084). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct table;

struct table *table_new(void);
/* Frees *table and the keys, not the values, and sets it to NULL. */
void table_free(struct table **table);
size_t table_count(const struct table *table);
/* The value, or NULL. */
void *table_find(const struct table *table, const void *key, size_t len);
/* Copies the key, borrows value (not NULL). Returns the value that stood there before, or NULL. */
void *table_put(struct table *table, const void *key, size_t len, void *value);
/* Returns the value that was removed, or NULL. */
void *table_remove(struct table *table, const void *key, size_t len);
/* Calls each(value, arg) for all members in no order; each may remove the member it was given,
 * and nothing else. Stops when each returns false. */
void table_each(struct table *table, bool (*each)(void *value, void *arg), void *arg);
