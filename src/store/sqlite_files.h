/* The files of the SQLite store: directory, modes, copies and damaged ones set aside. */
#pragma once

#include <stddef.h>

struct buf;

/* Makes the directory of path (mode 0700) if it is missing and refuses network file systems
 * (SQL-006). Returns 0 or an errno value with a sentence. */
int sqlite_files_prepare(const char *path, char *error, size_t error_len);
/* Takes PATH.lock for as long as *out is open: a lock of the kernel, gone with the process. */
int sqlite_files_lock(const char *path, int *out, char *error, size_t error_len);
/* SEC-094: mode 0600 for a file that is already there. */
void sqlite_files_protect(const char *path);
/* Appends a name beside path that is not in use: "path.what-20260102-030405". */
void sqlite_files_name(const char *path, const char *what, struct buf *out);
/* Renames the file with its log to such a name, which is appended to *out. Returns 0 or errno. */
int sqlite_files_set_aside(const char *path, struct buf *out);
