/* The listening socket of the control protocol: made, replaced when stale, owned by one daemon. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Listens at path with mode 0660 and stores the descriptor, non-blocking, in *out. A socket file
 * that nobody answers at is replaced. Returns 0 or an errno value with a sentence in error:
 * EADDRINUSE another daemon answers there, EEXIST something else has that name. */
int control_socket_open(int *out, const char *path, char *error, size_t error_len);

/* Whether the process at the other end may command: the daemon's own user, root, or a member of
 * the group that the daemon runs in (SEC-094). *uid is set in any case. */
bool control_socket_may(int fd, uid_t *uid);
