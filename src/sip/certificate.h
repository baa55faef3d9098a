/* What an X.509 certificate says as one of a SIP domain (RFC 5922 section 7.1, RFC 5924). Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct x509_st;

enum { CERTIFICATE_NAMES_MAX = 100, CERTIFICATE_NAME_MAX = 253 };

/* The domains it stands for, in lower case. */
struct certificate_names {
	char *items[CERTIFICATE_NAMES_MAX];
	size_t count;
};

/* SIP-099: URIs "sip:domain"; where it has none, DNS names; where it has no alternative name of any
 * kind, the common name. Wildcards are no names. More than CERTIFICATE_NAMES_MAX are not read. */
void certificate_names_read(struct certificate_names *out, struct x509_st *certificate);
void certificate_names_clear(struct certificate_names *names);
/* Whole names, letters of either case (SIP-099). */
bool certificate_names_have(const struct certificate_names *names, const char *name);
/* SIP-098: may it be used for SIP, as far as it says what it may be used for? Servers and clients
 * show the same certificate (RFC 5922 section 7.4), so either use of TLS will do. */
bool certificate_is_for_sip(struct x509_st *certificate);
/* Whole days from now (wall clock, seconds) until it ends; negative: it has ended. */
int64_t certificate_days_left(const struct x509_st *certificate, int64_t now_s);
