/* Just enough of a SIP message's bytes for the load tools: no checks, no allocation. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;

struct slice {
	const char *at;
	size_t len;
};

enum { SIP_WIRE_VIAS = 8 };

struct sip_wire {
	struct slice all;
	struct slice method; /* of the request, or empty */
	struct slice uri;
	int status; /* of the response, or 0 */
	struct slice vias[SIP_WIRE_VIAS];
	int via_count;
	struct slice from, to, call_id, cseq, contact, event, expires, state, record_route;
	struct slice body;
};

/* The length of the message that data begins with (line ends before it included), 0 if it is not
 * complete yet. */
size_t sip_wire_length(const char *data, size_t len);
/* Takes data[0..len) apart; slices point into it. */
void sip_wire_read(struct sip_wire *out, const char *data, size_t len);

/* A response to request; extra are whole header lines or "", body may be NULL. to_tag is added if
 * To has none. */
void sip_wire_reply(struct buf *out, const struct sip_wire *request, int status, const char *reason,
		    const char *to_tag, const char *extra, const char *type, const char *body);

bool slice_is(struct slice slice, const char *text);
bool slice_starts(struct slice slice, const char *text);
bool slice_has(struct slice slice, const char *text);
/* The number after mark in slice, or -1. */
long slice_number_after(struct slice slice, const char *mark);
/* What stands between < and >, or the whole up to a semicolon. */
struct slice slice_uri(struct slice slice);
