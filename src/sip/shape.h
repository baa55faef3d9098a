/* The shape of a SIP message against the limits (SEC-085, SEC-086, SOF-019), right after Sofia has
 * parsed it and before anything in it is used. */
#pragma once

struct limits;
struct limits_hit;
struct request;

/* Returns 0, or the status of the refusal (400, 413, 414) with its phrase in *why. */
int shape_check(const struct request *request, const struct limits *limits, struct limits_hit *hits,
		const char **why);
