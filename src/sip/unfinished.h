/* Messages that were handed over and not taken yet, between one try and the next: how far they
 * came, so that the next try says nothing twice. In memory and bounded; after a restart a text in
 * parts begins again, with the same ids. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UNFINISHED_MAX = 4096 };

struct unfinished;

struct unfinished_value {
	size_t most;       /* bytes of each part; 0: it went whole */
	size_t part;       /* the first that was not taken */
	uint32_t steps;    /* requests that got an answer: the next is another one */
	bool is_uncertain; /* the last one got none: it may have arrived */
};

struct unfinished *unfinished_new(void);
void unfinished_free(struct unfinished **unfinished);
/* The oldest makes room. */
void unfinished_put(struct unfinished *unfinished, const char *uid,
		    const struct unfinished_value *value);
/* Takes it out. False: not there. */
bool unfinished_take(struct unfinished *unfinished, const char *uid, struct unfinished_value *out);
