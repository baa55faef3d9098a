/* Stands in for the core in tests of the SIP side: the functions of core/bridge.h that it calls.
 * What comes in is written down, one line each; what is answered is set by the test. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/bridge.h"

struct loop;

/* Lines: "requested WATCHER WATCHED nick=N", "restored ...", "fetch ...", "lapsed ...", "answered
 * ... ALLOWED FAULT", "presence ... open=1 show=away note=N devices=N phone=in-call other=N
 * person=BITS NOTE"
 * (" dnd" after phone; activities in hexadecimal), "message x FROM TO uid=U kind=chat thread=T
 * wants=BITS life=S wait=1 typing=0 sent=MS origin=ADDRESS,RECIPIENT,ID,STAMP,ROUTE nick=N lang=L
 * subject=S hops=H: BODY", "outcome x TAKEN FAULT TEXT again=path", "report FROM TO uid=U displayed
 * FAULT", "typing FROM TO active refresh=S". Addresses as address_print() writes them. Each report
 * also names the side. What is learned is kept as the core does (core/learned.h).
 */
struct bridge {
	struct loop *loop;
	char *lines[8192];
	size_t count;
	const char *wanted; /* stops the loop when a line holds it */
	bool is_counting;   /* lines are counted only, in heard */
	size_t heard;
	/* Answers */
	enum watch_answer requested;
	struct fault requested_fault;
	struct presence now; /* with WATCH_ALLOWED, when has_now */
	bool has_now;
	bool may_see;        /* bridge_may_see(): users */
	bool domain_may_see; /* and whole domains */
	const char *barred;  /* user part of whom the access rules forbid everybody, or NULL */
	exchange_id last_x;  /* of the last message or outcome */
	struct store *store;
	struct learned *learned;
};

struct bridge *fake_bridge_new(struct loop *loop);
void fake_bridge_free(struct bridge **bridge);
/* One open device with a note and a show. */
void fake_bridge_set_now(struct bridge *bridge, enum show show, const char *note);
/* Takes the first line that holds needle; waits for it. NULL if none came. The caller owns it. */
char *fake_bridge_expect(struct bridge *bridge, const char *needle);
/* Lines that hold needle, so far. */
size_t fake_bridge_count(const struct bridge *bridge, const char *needle);
