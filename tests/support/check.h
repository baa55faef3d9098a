/* What every cmocka program needs, in the order cmocka wants it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Length of a table. */
#define CHECK_COUNT(table) (sizeof(table) / sizeof(*(table)))
