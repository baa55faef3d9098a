/* PIDF documents (RFC 3863) with RPID (RFC 4480) and the jabber show extension (RFC 8048) to
 * presence and back. Pure; parsing is bounded, network-less and entity-free (SEC-055, D-59). */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buf;
struct presence;
struct profile;

enum {
	PIDF_MAX_BYTES = 256 * 1024,
	PIDF_NOTES_BYTES = 8 * 1024 /* a document that is longer gets no more notes */
};

/* How a document is to be read. */
struct pidf_reading {
	size_t max_bytes;     /* the limit that holds (at most PIDF_MAX_BYTES) */
	const char *language; /* Content-Language of the carrier or NULL */
	int64_t now_ms;       /* wall clock: which of several planned values holds now (RPR-012);
			       * 0 unknown: one that is alone does */
};

/* Reads text[0..len) into *out (which must be zeroed; the caller clears it). Tolerates every order,
 * prefix and place of elements met in the field; a PBX's fixed words stay as notes (pbx_words.h),
 * its custom presence is applied (D-27). Returns 0; EBADMSG not well-formed or not PIDF; EPROTO a
 * DOCTYPE with an internal subset (D-59); E2BIG over a limit. On failure *out is left zeroed. */
int pidf_parse(const char *text, size_t len, const struct pidf_reading *reading,
	       struct presence *out);

struct pidf_params {
	const char *entity;       /* the URI that was subscribed to, scheme sip (D-29) */
	const char *contact;      /* as the peer can route it back */
	const unsigned char *key; /* installation key: tuple ids are "ID-" + keyed hash (D-10) */
	/* Of the reader: entity, resources, literal_prefixes, hides_last_input; NULL: generic. */
	const struct profile *profile;
	const char
		*language; /* of words that a literal reader needs (presence_words.h); NULL: en */
};

/* Appends the document: one tuple per device, best first; at least one (closed) tuple. Compact: no
 * white space between elements; far below the size of a datagram. Only what RFC 3863, 4480 and 8048
 * allow. */
void pidf_format(const struct presence *presence, const struct pidf_params *params,
		 struct buf *out);
