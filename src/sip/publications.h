/* The event state compositor (RFC 3903 section 6): what PBXs publish of their users with PUBLISH of
 * presence and dialog. Trusted peers only, each for its own domain (accepts_publish). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address;
struct buf;
struct kept_publication;
struct presence;
struct publications;
struct request;
struct side_core;

/* core is borrowed until publications_free. Tells core->subscriber of every change with
 * subscriber_published(). */
struct publications *publications_new(struct side_core *core);
void publications_free(struct publications **publications);

/* A PUBLISH outside a dialog. */
void publications_publish(struct publications *publications, struct request *request);
/* Appends the headers of the answer that the request with this key (repeats.h) had. */
void publications_answered(struct publications *publications, uint64_t key, unsigned expires_s,
			   struct buf *out);

/* What is published of watched, composed of all that lives; NULL: nothing. Valid until the next
 * call into the publications or the loop. */
const struct presence *publications_now(struct publications *publications,
					const struct address *watched);
/* True if something is published of watched, but nothing that counts: its publisher began without a
 * state, or has not confirmed it since our restart or since it was away (AST-7, D-49). */
bool publications_are_mute(struct publications *publications, const struct address *watched);
size_t publications_count(const struct publications *publications);

/* One that was kept before the start (sip_side.h). Nobody is told. */
void publications_restore(struct publications *publications, const struct kept_publication *kept);
