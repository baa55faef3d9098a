/* Values of headers like Content-Type: a token, then parameters. */
#pragma once

#include <stddef.h>

struct text_span {
	const char *text;
	size_t len;
};

/* The first token: up to ';', without white space. Borrowed from value. */
struct text_span header_first_token(const char *value);
/* The value of ;name=value without its quotes, empty if there is none. Borrowed from header. */
struct text_span header_parameter(const char *header, const char *name);
