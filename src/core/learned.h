/* What peers and users were found to take or refuse (D-41, TYPE-009, TYPE-035, RCPT-042): kept in
 * memory, written behind, forgotten with age. Bounded: the oldest makes room. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct store;

enum {
	LEARNED_MAX = 100000,
	LEARNED_BYTES_MAX = 32 * 1024 * 1024, /* of all kinds and subjects */
	LEARNED_NO_AGE_S = 7 * 86400,         /* a refusal is tried again after that */
	LEARNED_YES_AGE_S = 30 * 86400        /* and an ability is doubted */
};

/* Kinds; the subject is a SIP URI of a user (without parameters) or a bare JID.
 * Values: 0 refused, 1 shown (it sent one, or an Accept named it), or a number of bytes. */
#define LEARNED_TYPING  "typing"  /* SIP user: application/im-iscomposing+xml (1/0) */
#define LEARNED_CPIM    "cpim"    /* SIP user: message/cpim with IMDN (1/0) */
#define LEARNED_IMDN    "imdn"    /* SIP user: message/imdn+xml in CPIM (1) or without (2) or 0 */
#define LEARNED_BODY    "body"    /* SIP user: bytes of text he takes at most (413) */
#define LEARNED_MESSAGE "message" /* SIP user: MESSAGE at all (0: 405, 501) */
#define LEARNED_STATES  "states"  /* chat user: XEP-0085 (1/0) */
/* SIP user: how much new voicemail was known last, with a count of changes (sip/extensions.h) */
#define LEARNED_VOICEMAIL "voicemail"

struct learned;

/* Borrows loop and store. */
void learned_new(struct learned **out, struct loop *loop, struct store *store);
void learned_free(struct learned **learned);
/* Reads the table; done(error, arg) once, unless it is freed before (then done is never called; may
 * be NULL). What is put before that stays. Call it once. */
void learned_start(struct learned *learned, void (*done)(int error, void *arg), void *arg);
/* The value, or -1: not known, or too old (a refusal 7 days, all else 30). */
int64_t learned_get(struct learned *learned, const char *kind, const char *subject);
/* Written only if it changes the value or the row is older than a day. Nothing is kept of a value
 * below 0, and of a subject that is empty or longer than 2,000 bytes. */
void learned_put(struct learned *learned, const char *kind, const char *subject, int64_t value);
size_t learned_count(const struct learned *learned);
