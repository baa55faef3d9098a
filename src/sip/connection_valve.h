/* Keeps descriptors free (SOF-007, SOF-008, REL-050): Sofia never closes connections that stay
 * silent from the start, and spins when accept() fails. At four fifths of the budget all idle ones
 * are closed. */
#pragma once

struct connection_valve;
struct limits;
struct loop;
struct nta_agent_s;

/* Looks every 15 s. All is borrowed until connection_valve_free. */
struct connection_valve *connection_valve_new(struct nta_agent_s *nta, struct loop *loop,
					      const struct limits *limits);
void connection_valve_free(struct connection_valve **valve);
/* Looks now. Returns how often connections have been closed so far. */
unsigned connection_valve_check(struct connection_valve *valve);
