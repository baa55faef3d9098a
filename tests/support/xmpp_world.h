/* The real XMPP side between a scripted chat server and a core that only writes down what it is
 * told. The chat domain is chat.example, the component sip.chat.example, its users those of
 * pbx.example. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/side.h"
#include "model/counters.h"
#include "model/limits.h"
#include "support/xmpp_server.h"
#include "xmpp/component.h"
#include "xmpp/xmpp_side.h"

struct learned;
struct message_report;
struct profile;
struct world;

#define WORLD_SECRET    "a secret of enough length"
#define WORLD_COMPONENT "sip.chat.example"

/* What a test wants otherwise; zeroed is the usual. */
struct world_wishes {
	const char *const *ping; /* NULL: chat.example */
	size_t ping_count;
	const char *server_name;        /* NULL: 127.0.0.1 */
	struct component_timing timing; /* zero members: short ones for tests */
	bool is_real_timing;            /* those of the specification instead */
	bool takes_everybody;           /* xmpp.domains also has "*" */
	bool is_second_component; /* sip2.chat.example, for pbx2.example, with a server of its own
				   */
};

/* Builds all and starts to connect; nobody has answered yet. */
struct world *world_new(const struct world_wishes *wishes);
/* The same, and the link is up (the core was told). */
struct world *world_new_up(void);
void world_free(struct world **world);

struct xmpp_server *world_server(struct world *world);
/* Of the second component. */
struct xmpp_server *world_second_server(struct world *world);
struct xmpp_side *world_side(struct world *world);
struct limits *world_limits(struct world *world);
struct counters *world_counters(struct world *world);

/* What the core was told, one line an event:
 *   link up                          watch_requested x:ann s:1001 nick=Ann
 *   device s:1001 x:ann phone open   message m1 x:ann s:1001 chat "text" sent=1714979289
 *   outcome m7 refused item-not-found
 *   origin m1 ann@chat.example/a 1001@sip.chat.example id=i1 thread=-     (after each message)
 *   report x:ann s:1001 uid-1 delivered    typing x:ann s:1001 active 90
 *   person s:1001 x:ann mood=happy activity=eating/having_lunch name=Ann
 * Exchanges are m1, m2 ... in the order in which they appear. */
bool world_heard(struct world *world, const char *line);
/* Waits for a line that starts so; false after XMPP_SERVER_WAIT_MS. */
bool world_wait(struct world *world, const char *line);
unsigned world_count(const struct world *world, const char *start);
void world_forget(struct world *world);

/* What the core answers to a subscription or a probe; presence is copied, NULL: nothing known. */
void world_will_answer(struct world *world, enum watch_answer answer, const struct presence *now,
		       enum fault_code fault, const char *text);
/* Whether SIP users may see chat users (bridge_may_see); chat users may see a SIP user if the
 * answer is WATCH_ALLOWED, with the presence given there. */
void world_let_see(struct world *world, bool may_see);
/* Called in place of just writing down a message; for benchmarks and echoes. */
void world_on_message(struct world *world, void (*hook)(exchange_id x, void *arg), void *arg);

/* What the core asks of the side; addresses by their local parts. */
void world_watch(struct world *world, const char *sip, const char *chat, bool ask,
		 const char *nick);
void world_unwatch(struct world *world, const char *sip, const char *chat, enum unwatch_why why);
void world_refresh(struct world *world, const char *sip, const char *chat);
void world_answer(struct world *world, const char *chat, const char *sip, enum watch_answer answer,
		  const char *reason, const struct presence *now);
void world_tell(struct world *world, const char *chat, const char *sip,
		const struct presence *presence);
void world_tell_person(struct world *world, const char *chat, const char *sip,
		       const struct presence *presence);
/* text of len bytes; the exchange is mN, N as returned. */
unsigned world_deliver(struct world *world, const char *sip, const char *chat, const char *text,
		       size_t len);
unsigned world_deliver_message(struct world *world, const char *sip, const char *chat,
			       const struct message *message);
/* A report to this chat user, of a message of his; its uid is report-N. */
unsigned world_report(struct world *world, const char *sip, const char *chat,
		      const struct message_report *report, enum message_kind type);
void world_typing(struct world *world, const char *sip, const char *chat, bool is_active);
/* What the core has learned; in memory. */
struct learned *world_learned(struct world *world);
/* Of the peer of pbx.example; at first NULL. */
void world_set_profile(struct world *world, const struct profile *profile);
/* Ends the exchange that the core knows as mN. */
void world_finish(struct world *world, unsigned number, enum outcome outcome, enum fault_code fault,
		  const char *text);

/* One open device with this show and note (NULL: none). */
void world_presence(struct presence *out, enum show show, const char *note);
/* Stops the side and waits until it is done; false if that took longer than 6 s. */
bool world_stop(struct world *world);
void world_let_run(struct world *world, unsigned ms);
/* The chat server sends <message ATTRIBUTES>INNER</message>. */
void world_say(struct world *world, const char *attributes, const char *inner);
/* Waits until everything sent so far has been read, and what is written of it has arrived. False:
 * in vain. */
bool world_settle(struct world *world);
