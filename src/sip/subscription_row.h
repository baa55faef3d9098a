/* What a subscription of a SIP watcher knows beyond its dialog, as bytes for the value of its row
 * (model/dialog_row.h). Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/address.h"
#include "sip/event_package.h"
#include "translate/watcher_info.h"

struct buf;

enum {
	SUBSCRIPTION_ROW_MEMBERS_MAX = 512, /* most that limits.list_members can be */
	SUBSCRIPTION_ROW_TEXT_MAX = 8192
};

enum subscription_list { LIST_NONE, LIST_BROUGHT, LIST_OWN };

struct subscription_row_member {
	char *uri;
	char *name; /* or NULL */
};

/* Texts are owned. */
struct subscription_row {
	enum package_id package;
	struct address by; /* the SIP user who watches, whoever does in the pair (D-18) */
	char *event_id;    /* Event;id=, a token, or NULL */
	enum subscription_list list;
	char *list_uri;                          /* of a list */
	char *nick;                              /* of the watcher of a list, or NULL */
	struct subscription_row_member *members; /* of LIST_BROUGHT */
	size_t count;
	uint32_t version; /* of the next document, when this was written */
	bool takes_deflate;
	bool is_linphone;
	bool shuns_tcp;
	bool has_info; /* of watcher information: what it says of the watcher */
	enum watcher_status info;
	enum watcher_event info_event;
};

void subscription_row_clear(struct subscription_row *row);
/* Appends the bytes. */
void subscription_row_encode(const struct subscription_row *row, struct buf *out);
/* Reads them into *out (zeroed; the caller clears it). Returns 0, or EBADMSG, and *out holds
 * nothing: bytes of another version, or with something in them that may not stand in our requests
 * (SEC-060). What reads well is written as the same bytes again. */
int subscription_row_decode(struct subscription_row *out, const void *data, size_t len);
