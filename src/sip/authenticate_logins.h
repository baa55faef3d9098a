/* The SIP users who may prove who they are (SEC-010 to SEC-013), by digest username and realm. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/address.h"
#include "sip/digest.h"
#include "sip/net_address.h"

struct address_map;
struct logins;
struct sip_login;

struct login {
	struct address address; /* the user he is */
	char *name;             /* "user@domain", canonical: what dialogs and requests name */
	char ha1_md5[DIGEST_HEX_MAX + 1]; /* "": none */
	char ha1_sha256[DIGEST_HEX_MAX + 1];
	/* Where he last proved himself: guesses from elsewhere do not lock him out there. */
	struct net_address good;
};

/* Copies what it needs. Entries that name no user of a SIP domain of ours are left out, with a line
 * in the log. */
struct logins *logins_new(struct address_map *map, const struct sip_login *items, size_t count);
/* Wipes the hashes (SEC-091). */
void logins_free(struct logins **logins);
size_t logins_count(const struct logins *logins);
/* True if somebody can log in with this realm. */
bool logins_has_realm(const struct logins *logins, const char *realm);
/* True if the challenges of realm offer algorithm (MD5 or SHA-256): all its users have such a hash,
 * or there is none that all have. A phone takes the best that is offered and asks for it in vain
 * where its user has only the other; and what is offered must not say which users there are
 * (SEC-013). */
bool logins_offers(const struct logins *logins, const char *realm, enum digest_algorithm algorithm);
/* True if somebody can log in who is the user of this name (login.name). */
bool logins_has_name(const struct logins *logins, const char *name);
struct login *logins_find(const struct logins *logins, const char *user, const char *realm);
/* Hash of this algorithm, or NULL. */
const char *login_ha1(const struct login *login, enum digest_algorithm algorithm);
/* Appends "user@domain" of a SIP user, as login.name has it. */
void login_name(const struct address *address, struct buf *out);
