/* A file system for SQLite that fails or waits when the test says so. It stands in front of the
 * real one and is the default once installed. */
#pragma once

#include <stdbool.h>

struct fault_vfs {
	_Atomic int write_error;    /* SQLite code for every write, 0: none */
	_Atomic int writes_to_pass; /* before that */
	_Atomic int write_errno;    /* system error that goes with it */
	_Atomic int syncs_to_fail;  /* the next so many flushes fail */
	_Atomic bool hold_sync;     /* flushes wait while this is set */
	_Atomic int syncs;          /* flushes that were asked for */
	_Atomic int waiting;        /* flushes that wait now */
	_Atomic int slept_ms;       /* how long SQLite wanted to wait for locks; it does not */
};

/* The one instance, installed at the first call. */
struct fault_vfs *fault_vfs(void);
void fault_vfs_reset(void);
