/* Questions to the DNS by Sofia's resolver, in the loop and bounded (SEC-089, SOF-017). Only names
 * that the operator wrote, or that the DNS named in an answer about them, are asked for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dns;
struct dns_question;
struct loop;
union sres_record;

enum {
	DNS_IN_FLIGHT_MAX = 50,
	DNS_PER_SOURCE_MAX = 10,
	DNS_ANSWER_MS = 3000 /* for an answer, repetitions included */
};

enum dns_type { DNS_A = 1, DNS_AAAA = 28, DNS_SRV = 33, DNS_NAPTR = 35 };

/* DNS_NONE: the server says that there is no such record. DNS_LOST: no answer, or one that is no
 * use. */
enum dns_result { DNS_FOUND, DNS_NONE, DNS_LOST };

/* records: of DNS_FOUND, those of the type that was asked for and maybe others, up to a NULL;
 * borrowed for the call. */
typedef void dns_fn(enum dns_result result, union sres_record *const *records, void *arg);

/* resolv_conf: names the servers; NULL: /etc/resolv.conf. Read when the first question is asked and
 * after answers failed to come. loop is borrowed until dns_free. */
struct dns *dns_new(struct loop *loop, const char *resolv_conf);
/* Questions must be cancelled before. */
void dns_free(struct dns **dns);

/* Asks; fn(arg) comes once, later; after that the handle is dead. What goes beyond the limits
 * waits. source: on whose behalf, compared only. A name without a dot is completed as resolv.conf
 * says. */
struct dns_question *dns_ask(struct dns *dns, enum dns_type type, const char *name,
			     const void *source, dns_fn *fn, void *arg);
/* Nobody wants the answer any more; clears the handle. Safe on NULL. */
void dns_cancel(struct dns_question **question);
size_t dns_in_flight(const struct dns *dns);
