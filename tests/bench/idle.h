/* What the daemon does when nothing happens. */
#pragma once

#include <stdbool.h>

/* Starts program, lets it be for seconds with its link up, prints CPU time and context switches.
 * Returns whether that could be measured. */
bool idle_measure(const char *program, const char *store, int seconds);
