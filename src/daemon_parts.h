/* The daemon's parts, shared by its files daemon.c (life) and daemon_commands.c (questions). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "loop/loop.h"
#include "model/counters.h"
#include "ops/control.h"

struct address_map;
struct bridge;
struct buf;
struct settings;
struct sip_side;
struct store;
struct xmpp_side;

struct parts {
	struct settings **settings; /* of main */
	struct loop *loop;
	struct store *store;
	struct address_map *map;
	struct bridge *bridge;
	struct sip_side *sip;
	struct xmpp_side *xmpp;
	struct control *control;
	struct counters counters;
	struct loop_timer alive_timer;
	struct loop_timer stop_timer;
	uint64_t started_ms;
	bool is_serving;
	bool is_stopping;
	int left_to_stop; /* sides that have not said done yet */
	int exit_code;
	int ready_pipe; /* -d: tells the parent; -1 if none */
};

/* The table of control commands; its argument is struct parts. */
extern const struct control_command daemon_commands[];

/* Starts stopping in order; tell: watchers are told (D-48). */
void daemon_stop(struct parts *parts, bool tell);
/* Reads the configuration again: all or nothing (REL-020). Appends what happened to *report. */
int daemon_reload(struct parts *parts, struct buf *report);
/* Appends the facts of "status". */
void daemon_status(const struct parts *parts, struct buf *out);
