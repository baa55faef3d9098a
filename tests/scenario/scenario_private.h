/* What the parts of the scenario share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "core/bridge.h"
#include "model/counters.h"
#include "model/limits.h"
#include "model/load.h"

struct fake_side;

struct scenario {
	struct loop *loop;
	struct store *store;
	struct bridge *bridge;
	struct fake_side *sides[2];
	bool is_up[2];
	bool is_other_up; /* the component of FAKE_OTHER_DOMAIN */
	bool is_closed;   /* the chat domain may not use the bridge */
	bool is_open;     /* every chat domain may */
	bool is_mute;     /* late_failure none */
	bool has_ears;    /* prints what the log is told of the queue */
	int64_t life_s;
	int64_t hold_unavailable_s;
	struct access *access; /* or NULL */
	struct limits limits;
	struct load load;
	struct counters counters;
	struct list lines;
	char *taken;
	exchange_id messages;
};

/* A pair named by two words, with owned addresses. */
struct ends {
	struct address watcher;
	struct address watched;
	struct watch watch;
};

void scenario_record(const char *text, void *scenario);
bool scenario_ends_read(char **words, struct ends *out);
void scenario_ends_clear(struct ends *ends);
bool scenario_side(const char *word, enum side *out);

/* scenario_messages.c: words[0] is the verb. */
const char *scenario_do_message(struct scenario *scenario, int count, char **words);
const char *scenario_do_outcome(struct scenario *scenario, int count, char **words);
const char *scenario_do_typing(struct scenario *scenario, int count, char **words);
const char *scenario_do_report(struct scenario *scenario, int count, char **words);
const char *scenario_do_drop(struct scenario *scenario, int count, char **words);
const char *scenario_do_show_queue(struct scenario *scenario, int count, char **words);
const char *scenario_do_check_sums(struct scenario *scenario, int count, char **words);
/* scenario_access.c */
const char *scenario_do_access(struct scenario *scenario, int count, char **words);
