/* Keeps descriptors free (SOF-007, SOF-008, REL-050): at four fifths of the budget those
 * connections are closed that have been idle longest, close to its end all that are idle. */
#pragma once

struct connection_valve;
struct connections;
struct nta_agent_s;
struct sip_side_params;

/* Looks every 2 s. All is borrowed until connection_valve_free. */
struct connection_valve *connection_valve_new(struct nta_agent_s *nta,
					      struct connections *connections,
					      const struct sip_side_params *params);
void connection_valve_free(struct connection_valve **valve);
/* Looks now. Returns how often connections have been closed so far. */
unsigned connection_valve_check(struct connection_valve *valve);
/* Descriptors in use per mille of the budget, as they were last looked at. */
unsigned connection_valve_level(const struct connection_valve *valve);
