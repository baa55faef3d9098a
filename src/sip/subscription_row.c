/* Subscriptions as bytes; see subscription_row.h. */
#include "sip/subscription_row.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "model/packed.h"
#include "sip/header_text.h"

enum { ROW_VERSION = 1, NUMBERS = 8 };

enum {
	FLAG_DEFLATE = 1 << 0,
	FLAG_LINPHONE = 1 << 1,
	FLAG_SHUNS_TCP = 1 << 2,
	FLAG_INFO = 1 << 3,
	FLAGS_ALL = (1 << 4) - 1
};

void subscription_row_clear(struct subscription_row *row)
{
	address_clear(&row->by);
	for (size_t i = 0; i < row->count; i++) {
		mem_free(row->members[i].uri);
		mem_free(row->members[i].name);
	}
	mem_free(row->members);
	mem_free(row->event_id);
	mem_free(row->list_uri);
	mem_free(row->nick);
	*row = (struct subscription_row){0};
}

/* What a document may hold. */
static bool is_legal(const char *text)
{
	size_t len = strlen(text);
	uint32_t c;

	if (len > SUBSCRIPTION_ROW_TEXT_MAX)
		return false;
	for (size_t at = 0, step; at < len; at += step) {
		step = utf8_decode(text + at, len - at, &c);
		if (step == 0 || !utf8_is_xml_char(c))
			return false;
	}
	return true;
}

/* Names, which may be left out. */
static const char *if_legal(const char *text)
{
	return text != NULL && is_legal(text) ? text : NULL;
}

/* Writing -------------------------------------------------------------------------------------- */

static unsigned flags_of(const struct subscription_row *row)
{
	return (row->takes_deflate ? FLAG_DEFLATE : 0u) | (row->is_linphone ? FLAG_LINPHONE : 0u) |
	       (row->shuns_tcp ? FLAG_SHUNS_TCP : 0u) | (row->has_info ? FLAG_INFO : 0u);
}

static size_t room_for(const struct subscription_row *row)
{
	size_t texts = 5 + 2 * row->count;
	size_t len = (NUMBERS + texts) * PACKED_NUMBER_MAX + packed_text_len(row->by.local) +
		     packed_text_len(row->by.domain) + packed_text_len(row->event_id) +
		     packed_text_len(row->list_uri) + packed_text_len(row->nick);

	for (size_t i = 0; i < row->count; i++)
		len += packed_text_len(row->members[i].uri) + packed_text_len(row->members[i].name);
	return len;
}

void subscription_row_encode(const struct subscription_row *row, struct buf *out)
{
	size_t before = out->len;
	unsigned char *at;

	buf_reserve(out, room_for(row));
	at = packed_put_number((unsigned char *)out->data + before, ROW_VERSION);
	at = packed_put_number(at, row->package);
	at = packed_put_text(at, row->by.local);
	at = packed_put_text(at, row->by.domain);
	at = packed_put_text(at, row->event_id);
	at = packed_put_number(at, row->version < INT32_MAX ? row->version : INT32_MAX);
	at = packed_put_number(at, flags_of(row));
	at = packed_put_number(at, row->has_info ? row->info : 0);
	at = packed_put_number(at, row->has_info ? row->info_event : 0);
	at = packed_put_number(at, row->list);
	if (row->list != LIST_NONE) {
		at = packed_put_text(at, row->list_uri);
		at = packed_put_text(at, if_legal(row->nick));
		at = packed_put_number(at, row->count);
	}
	for (size_t i = 0; i < row->count; i++) {
		at = packed_put_text(at, row->members[i].uri);
		at = packed_put_text(at, if_legal(row->members[i].name));
	}
	out->len = (size_t)((char *)at - out->data);
	out->data[out->len] = '\0';
}

/* Reading -------------------------------------------------------------------------------------- */

/* NULL only if it may be. */
static char *take_text(struct packed *packed, bool may_be_null)
{
	char *text = packed_text(packed);

	if (text == NULL ? may_be_null : is_legal(text))
		return text;
	mem_free(text);
	packed_fail(packed);
	return NULL;
}

static void take_user(struct packed *packed, struct address *out)
{
	char *local = take_text(packed, false);
	char *domain = take_text(packed, false);

	if (local == NULL || domain == NULL || local[0] == '\0' || domain[0] == '\0' ||
	    strlen(local) > ADDRESS_PART_MAX || strlen(domain) > ADDRESS_PART_MAX)
		packed_fail(packed);
	else
		address_set(out, SIDE_SIP, local, domain);
	mem_free(local);
	mem_free(domain);
}

static void take_info(struct packed *packed, struct subscription_row *out)
{
	unsigned flags = packed_up_to(packed, FLAGS_ALL);

	out->takes_deflate = (flags & FLAG_DEFLATE) != 0;
	out->is_linphone = (flags & FLAG_LINPHONE) != 0;
	out->shuns_tcp = (flags & FLAG_SHUNS_TCP) != 0;
	out->has_info = (flags & FLAG_INFO) != 0;
	out->info =
		(enum watcher_status)packed_up_to(packed, out->has_info ? WATCHER_TERMINATED : 0);
	out->info_event =
		(enum watcher_event)packed_up_to(packed, out->has_info ? WATCHER_NORESOURCE : 0);
}

static void take_members(struct packed *packed, struct subscription_row *out)
{
	size_t count = packed_up_to(packed, SUBSCRIPTION_ROW_MEMBERS_MAX);

	if ((out->list == LIST_BROUGHT) != (count != 0)) {
		packed_fail(packed);
		return;
	}
	out->members = mem_zalloc((count + 1) * sizeof *out->members);
	for (; out->count < count && !packed->is_bad; out->count++) {
		out->members[out->count].uri = take_text(packed, false);
		out->members[out->count].name = take_text(packed, true);
	}
}

static void take_list(struct packed *packed, struct subscription_row *out)
{
	out->list = (enum subscription_list)packed_up_to(packed, LIST_OWN);
	if (out->list == LIST_NONE)
		return;
	out->list_uri = take_text(packed, false);
	if (!header_text_is_printable(out->list_uri))
		packed_fail(packed);
	out->nick = take_text(packed, true);
	take_members(packed, out);
}

int subscription_row_decode(struct subscription_row *out, const void *data, size_t len)
{
	const unsigned char *bytes = data;
	struct packed packed = {.at = bytes, .end = len != 0 ? bytes + len : bytes};

	if (packed_number(&packed) != ROW_VERSION)
		packed_fail(&packed);
	out->package = (enum package_id)packed_up_to(&packed, EVENT_COUNT - 1);
	take_user(&packed, &out->by);
	out->event_id = take_text(&packed, true);
	if (out->event_id != NULL && !header_text_is_token(out->event_id))
		packed_fail(&packed);
	out->version = packed_up_to(&packed, INT32_MAX);
	take_info(&packed, out);
	take_list(&packed, out);
	if (!packed.is_bad && packed.at == packed.end)
		return 0;
	subscription_row_clear(out);
	return EBADMSG;
}
