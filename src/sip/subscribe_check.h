/* What a SUBSCRIBE asks for, and whether it can be granted by form (PRES-068, RFC 6665 section
 * 4.2.1.1). Pure. */
#pragma once

#include <stdbool.h>

struct event_package;
struct limits;
struct sip_s;

struct subscribe_ask {
	const struct event_package *package;
	const char *event_id; /* view into the message, or NULL */
	const char *match;    /* Suppress-If-Match (RFC 5839): view into the message, or NULL */
	unsigned expires_s;   /* granted; 0: an end or a fetch */
	bool takes_lists;     /* Supported: eventlist (RFC 4662) */
	bool has_list;        /* the body is a list of those to be watched (RFC 5367) */
	bool takes_deflate;   /* our bodies may come packed */
	bool is_linphone;     /* the user agent is a Linphone */
	bool is_too_brief;    /* 423, when nothing else is wrong */
};

/* Returns 0, or the status to refuse with: 489, 406, 415, 421. */
int subscribe_check(const struct sip_s *sip, const struct limits *limits,
		    struct subscribe_ask *out);
