/* Randomness from the kernel's generator (SEC-009), buffered; never repeats after fork. */
#pragma once

#include <stddef.h>
#include <stdint.h>

void random_bytes(void *out, size_t len);
/* Uniform in [0, bound); bound > 0. */
uint64_t random_below(uint64_t bound);
/* bytes random bytes as 2 * bytes lower-case hex digits and a NUL. */
void random_hex(char *out, size_t bytes);
