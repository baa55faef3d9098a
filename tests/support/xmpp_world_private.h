/* Inside of xmpp_world: the side under test, and the core that writes down what it is told
 * (xmpp_world_core.c). */
#pragma once

#include "support/xmpp_world.h"

struct address_map;
struct loop;
struct store;
struct table;

/* The core of this test program: the functions of core/bridge.h write down what they are told. */
struct bridge {
	struct world *world;
};

struct line {
	struct line *next;
	char *text;
};

struct world {
	struct loop *loop;
	struct address_map *map;
	struct limits limits;
	struct counters counters;
	const struct profile *profile;
	struct xmpp_server *server;
	struct xmpp_server *second;
	struct xmpp_side *side;
	struct bridge bridge;
	struct line *lines;
	struct line **tail;
	exchange_id *exchanges;
	unsigned exchange_count;
	struct table *numbers; /* exchange to its number + 1 */
	struct store *store;
	struct learned *learned;
	enum watch_answer answer;
	bool may_see; /* SIP users chat users */
	bool has_now;
	struct presence now;
	struct fault fault;
	void (*hook)(exchange_id x, void *arg);
	void *hook_arg;
	unsigned uid;
	bool is_stopped;
};

/* The number of an exchange, in the order in which they appear. */
unsigned world_number_of(struct world *world, exchange_id x);
