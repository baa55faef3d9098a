/* Network addresses as the SIP side compares them: literals, networks, what kind they are. Pure. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct buf;

enum { NET_ADDRESS_TEXT_MAX = 64 };

/* An IPv4 (also one mapped into IPv6) or IPv6 address and a port. */
struct net_address {
	uint8_t bytes[16];
	uint8_t family; /* 4 or 6; 0: none */
	uint16_t port;  /* host order; 0: any */
	/* Of a source: whom its certificate names (trust_certificate()); 0: nobody. Not compared.
	 */
	uint16_t certificate;
};

/* A network of addresses; bits is the length of the prefix. */
struct net_block {
	struct net_address base;
	unsigned bits;
};

void net_address_from_sockaddr(struct net_address *out, const struct sockaddr *from);
socklen_t net_address_to_sockaddr(const struct net_address *address, struct sockaddr_storage *out);
/* text: "192.0.2.1", "2001:db8::1" or "[2001:db8::1]". Returns false if it is no literal. */
bool net_address_parse(struct net_address *out, const char *text);
/* text: a literal, or literal/length. */
bool net_block_parse(struct net_block *out, const char *text);
bool net_block_has(const struct net_block *block, const struct net_address *address);
/* Ports apart. */
bool net_address_same_host(const struct net_address *a, const struct net_address *b);
bool net_address_is_loopback(const struct net_address *address);
/* RFC 1918, RFC 4193 or loopback. */
bool net_address_is_private(const struct net_address *address);
/* Multicast, broadcast, unspecified, link-local, reserved: never a destination (SEC-021). */
bool net_address_is_unusable(const struct net_address *address);
/* The key a source is counted under: the address, for IPv6 its /64 (SEC-080). Returns its length.
 */
size_t net_address_bucket(const struct net_address *address, uint8_t out[16]);
/* Appends the literal; IPv6 in brackets. */
void net_address_print(const struct net_address *address, struct buf *out);
/* "192.0.2.1:5060" or "[2001:db8::1]:5060", and back; false if it is none. */
void net_address_text(const struct net_address *address, char out[NET_ADDRESS_TEXT_MAX]);
bool net_address_from_text(struct net_address *out, const char *text);
/* The address this machine uses toward remote (no packet is sent). Returns 0 or errno. */
int net_address_local_toward(const struct net_address *remote, struct net_address *out);

/* Host, port and transport of a sip URI. */
struct uri_parts {
	char host[256];    /* brackets removed */
	char transport[8]; /* lower case, "" if none */
	uint16_t port;     /* 0 if none */
	bool is_sips;
	bool has_lr;
	bool has_maddr;
};
/* Returns false if uri is no sip or sips URI with a host that fits. */
bool uri_parts_read(struct uri_parts *out, const char *uri);
