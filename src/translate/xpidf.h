/* XPIDF, the presence document of a draft of 2001 that phones and PBXs still speak
 * (application/xpidf+xml; Asterisk under application/cpim-pidf+xml too). Pure; never written. */
#pragma once

#include <stddef.h>

struct pidf_reading;
struct presence;

/* Reads text[0..len) into *out, as pidf_parse(): the same limits, errors and tolerance. */
int xpidf_parse(const char *text, size_t len, const struct pidf_reading *reading,
		struct presence *out);
