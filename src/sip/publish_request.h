/* The text of a PUBLISH request out (RFC 3903 section 4). */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buf;
struct side_core;
struct sip_peer;

struct publish_request {
	const char *uri; /* Request-URI, From and To (EVT-062, PBX-038) */
	const char *call_id;
	uint32_t cseq;
	const char *event;
	unsigned expires_s;
	const char *tag; /* of the publication that it is about, or NULL */
	const char *type;
	const char *body; /* or NULL */
	size_t len;
};

/* Appends it; the From tag is a new one. */
void publish_request_write(const struct side_core *core, const struct sip_peer *peer,
			   const struct publish_request *request, struct buf *out);
