/* The words of a control request (docs/CONTROL.md). Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {
	CONTROL_LINE_BYTES = 1024, /* without the line feed (SEC-098) */
	CONTROL_WORDS = 16
};

struct control_line {
	bool as_json; /* the line began with the word json */
	int count;
	const char *words[CONTROL_WORDS]; /* point into text */
	char text[CONTROL_LINE_BYTES + 1];
};

/* Splits line[0..len), without its line feed; a carriage return at the end is ignored. Words stand
 * between blanks; in double quotes a word may hold blanks, \" and \\. Returns 0; E2BIG for a line
 * or a number of words over the limit; EBADMSG for a control character, bytes that are not UTF-8,
 * an open quote, or text that touches a quoted word; EINVAL if there is no word. */
int control_line_parse(const char *line, size_t len, struct control_line *out);
