/* The text of the OPTIONS that asks a SIP server whether it is there (SIP-071). */
#pragma once

struct buf;
struct net_address;
struct side_core;

/* Appends the whole request. hop: URI of the next hop of domain; address: its own, or NULL. */
void peer_question_write(const struct side_core *core, const char *domain, const char *hop,
			 const struct net_address *address, struct buf *out);
