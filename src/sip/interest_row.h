/* What a subscription of ours is beside its dialog, as the value of its row (model/dialog_row.h):
 * whose interest it is, and how to go on. Pure. The first byte is the format: a row of a format
 * that is not known is damaged. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum {
	INTEREST_ROW_KINDS_MAX = 64,
	INTEREST_ROW_NAME_MAX = 2048, /* bytes of name */
	INTEREST_ROW_EXPIRES_MAX = 86400 * 30
};

struct interest_row {
	unsigned kind;    /* row of interest_kinds; numbers keep their meaning for ever */
	bool is_common;   /* D-17: else the watcher of the row is part of what it is found by */
	bool is_active;   /* the last NOTIFY said so; else pending */
	bool is_plain;    /* without the partial type (EVT-077) */
	unsigned asked_s; /* Expires that is asked for: a 423 may have raised it */
	char *name;       /* of what is watched, where addresses do not tell it, or NULL */
};

void interest_row_clear(struct interest_row *row);
/* Appends *row. */
void interest_row_encode(const struct interest_row *row, struct buf *out);
/* Returns 0, or EBADMSG. On failure *out is cleared. */
int interest_row_decode(const char *value, size_t len, struct interest_row *out);
