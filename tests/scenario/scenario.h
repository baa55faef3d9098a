/* A scenario: the real core between two fake sides, with a fake clock and a store in memory, driven
 * by a script. How to write one: docs/HACKING.md, "A scenario". */
#pragma once

#include <stdbool.h>

struct scenario;

void scenario_new(struct scenario **out);
void scenario_free(struct scenario **scenario);
/* Does one line of a script, words[0..count). Returns NULL, or what is wrong with the line. */
const char *scenario_do(struct scenario *scenario, int count, char **words);
/* The oldest recorded line not taken yet, or NULL. Valid until the next call. */
const char *scenario_take(struct scenario *scenario);
