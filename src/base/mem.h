/* Memory. Small allocations do not fail: running out ends the program in order (REL-051; every
 * length that comes from outside meets a named limit first). What was answered is on disk by then:
 * the store's thread commits before anybody is answered, and a transaction that is cut off is none.
 */
#pragma once

#include <stddef.h>

enum { MEM_EXIT_CODE = 71 /* EX_OSERR */ };

/* Ends the program with one line in the log and MEM_EXIT_CODE: no core, no exit handlers, nothing
 * that would need memory. For allocations of libraries that say that they failed. */
void mem_run_out(void) __attribute__((noreturn));

/* Each returns memory the caller frees with mem_free(); never NULL. mem_zalloc() zeroes. */
void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
/* Array forms; a product that overflows ends the program. */
void *mem_array(size_t count, size_t size);
void *mem_resize(void *old, size_t count, size_t size);
char *mem_strdup(const char *text);
/* Copies len bytes and adds a NUL. */
char *mem_strndup(const char *text, size_t len);
/* NULL gives NULL. */
char *mem_strdup_or_null(const char *text);
void mem_free(void *p);
/* Overwrites a secret of len bytes before it is freed (SEC-091). */
void mem_wipe(void *p, size_t len);
