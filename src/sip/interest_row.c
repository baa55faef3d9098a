/* Rows of subscriptions; see interest_row.h. */
#include "sip/interest_row.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/packed.h"

enum { FORMAT = 1, COMMON = 1, ACTIVE = 2, PLAIN = 4, FLAGS = 7 };

void interest_row_clear(struct interest_row *row)
{
	mem_free(row->name);
	*row = (struct interest_row){0};
}

void interest_row_encode(const struct interest_row *row, struct buf *out)
{
	unsigned flags = (row->is_common ? COMMON : 0) | (row->is_active ? ACTIVE : 0) |
			 (row->is_plain ? PLAIN : 0);
	unsigned char *start, *at;

	buf_reserve(out, 5 * PACKED_NUMBER_MAX + packed_text_len(row->name) + 1);
	start = at = (unsigned char *)out->data + out->len;
	at = packed_put_number(at, FORMAT);
	at = packed_put_number(at, row->kind);
	at = packed_put_number(at, flags);
	at = packed_put_number(at, row->asked_s);
	at = packed_put_text(at, row->name);
	out->len += (size_t)(at - start);
	out->data[out->len] = '\0';
}

int interest_row_decode(const char *value, size_t len, struct interest_row *out)
{
	struct packed packed = {.at = (const unsigned char *)value,
				.end = (const unsigned char *)value + len};
	unsigned flags;

	*out = (struct interest_row){0};
	if (value == NULL || packed_number(&packed) != FORMAT)
		return EBADMSG;
	out->kind = packed_up_to(&packed, INTEREST_ROW_KINDS_MAX - 1);
	flags = packed_up_to(&packed, FLAGS);
	out->is_common = (flags & COMMON) != 0;
	out->is_active = (flags & ACTIVE) != 0;
	out->is_plain = (flags & PLAIN) != 0;
	out->asked_s = packed_up_to(&packed, INTEREST_ROW_EXPIRES_MAX);
	out->name = packed_text(&packed);
	if (!packed.is_bad && packed.at == packed.end && out->asked_s != 0 &&
	    (out->name == NULL || strlen(out->name) <= INTEREST_ROW_NAME_MAX))
		return 0;
	interest_row_clear(out);
	return EBADMSG;
}
