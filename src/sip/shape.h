/* The shape of a SIP message against the limits (SEC-085, SEC-086, SOF-019), right after Sofia has
 * parsed it and before anything in it is used. */
#pragma once

struct limits;
struct limits_hit;
struct request;

/* Against the limits. Returns 0, or the status of the refusal (400, 413, 414) with its phrase in
 * *why; a connection it came by is closed (SEC-085). */
int shape_check(const struct request *request, const struct limits *limits, struct limits_hit *hits,
		const char **why);
/* What cannot be read in it: the mistake of one phone, for which the others behind its proxy do not
 * lose their connection. Returns as shape_check(). */
int shape_check_headers(const struct request *request, const char **why);
