/* The sockets of sip.listen, and what they make our own address. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sip/agent.h"

enum { LISTENERS_MAX = 64 };

struct listeners;
struct nta_agent_s;

struct listeners *listeners_new(const struct sip_side_params *params);
void listeners_free(struct listeners **listeners);

/* Opens one (may_tls: its files are loaded). Returns 0, or an errno value with a sentence, as
 * agent_new(). */
int listeners_open(struct listeners *listeners, struct nta_agent_s *nta, const char *uri,
		   bool may_tls, char *error, size_t error_len);
/* Ports of those of UDP. Returns how many. */
size_t listeners_udp_ports(const struct listeners *listeners, uint16_t out[LISTENERS_MAX]);
/* As agent_contact() and agent_is_own(). */
void listeners_contact(struct listeners *listeners, const struct net_address *toward,
		       enum agent_way way, const char *user, struct buf *out);
bool listeners_are(const struct listeners *listeners, const struct net_address *address);
