/* What the control command shows of the SIP side: who says what of a SIP user, and how the users of
 * each domain are heard of. Read only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address;
struct directory;
struct presence;
struct side_core;

/* One that speaks of a SIP user. Borrowed for the call. */
struct source_report {
	const char *kind;    /* "subscription", "publication" or "list" */
	const char *package; /* "presence", "dialog"; "" of a list */
	const char *from;    /* server, publisher, or URI of the list */
	const char *state;   /* "active", "pending", ... */
	const char *reason;  /* why it is not active, from outside; "" */
	int64_t heard_s;     /* when it was heard last, so long ago; -1: never, or not kept */
	int64_t left_s;      /* when it is refreshed, tried again, or ends; -1: not known */
	const struct presence *says; /* NULL: nothing */
};
typedef void source_report_fn(const struct source_report *report, void *arg);

/* Calls each for what lives of watched; of those who subscribe in their own name, for each. */
void report_sources(const struct side_core *core, const struct address *watched,
		    source_report_fn *each, void *arg);

/* One server of a next hop (RFC 3263). */
struct server_report {
	const char *uri;   /* with its address */
	const char *state; /* "up", "avoided" (it failed), "busy" (503) */
	int64_t heard_s;   /* so long ago; -1: never */
	int64_t left_s;    /* until it is tried again; 0: now */
};

enum { PEER_SERVERS_MAX = 16 };

/* One SIP domain. */
struct peer_report {
	const char *domain;
	const char *profile;
	const char *next_hop;   /* NULL: found in DNS */
	const char *state;      /* "up", "down", "unwatched" */
	const char *list;       /* URI, or NULL */
	const char *list_state; /* "live", "refused" ..., or NULL */
	size_t list_members;
	const char *publish;     /* what is published there: "none", "presence", "devicestate" */
	int64_t heard_s;         /* so long ago; -1: never, or nobody depends on it */
	size_t watched;          /* users of it that are watched */
	size_t publications_in;  /* of its users */
	size_t publications_out; /* of chat users, said there and not taken back */
	struct server_report servers[PEER_SERVERS_MAX]; /* in the order in which they are tried */
	size_t server_count;                            /* 0: it cannot be found */
};
typedef void peer_report_fn(const struct peer_report *report, void *arg);

void report_peers(const struct side_core *core, const struct directory *directory,
		  peer_report_fn *each, void *arg);
