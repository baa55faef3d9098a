/* The words of a script: addresses, presence, durations. Each returns false if it is none. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct address;
struct device;
struct message;
struct presence;

enum { SCENARIO_WORDS_MAX = 32 };

/* Splits line in place; quotes keep blanks together and stay. Returns the count, or -1. */
int scenario_split(char *line, char **words);
/* Takes the quotes off, in place. */
char *scenario_unquote(char *word);
bool scenario_address(const char *word, struct address *out);
bool scenario_duration(const char *word, uint64_t *out_ms);
/* ID=open,away,5,"note"; ID "all" is the user as a whole. The caller clears *out. */
bool scenario_device(const char *word, struct device *out);
/* "text" [BYTES] [uid=UID] [wants=delivered,failed,displayed,processed] [to=JID of the sender]
 * [headline] [no-store]: BYTES repeats the text up to that length. The caller clears *out. */
bool scenario_message(int count, char **words, struct message *out);
/* Devices and +idle, +activity. The caller clears *out. */
bool scenario_presence(int count, char **words, struct presence *out);
