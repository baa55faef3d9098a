/* Between extensions.c (which extensions there are, their subscriptions) and extension_tell.c (what
 * is told of one). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"
#include "model/address.h"
#include "sip/extensions.h"
#include "sip/interest.h"
#include "translate/missed_call.h"

enum line_name { LINE_VOICEMAIL, LINE_CALLS, LINE_COUNT };

/* One phone, of one chat user or of several. */
struct extension {
	struct extensions *all;
	struct address address;
	char *uri;
	struct address *users;
	size_t user_count;
	const struct sip_peer *peer;
	struct interest *lines[LINE_COUNT]; /* NULL: not subscribed */
	bool has_logged[LINE_COUNT];        /* that nothing is heard */
	struct call_book book;
	struct loop_timer timer; /* of the book */
};

/* Of one peer: until when a package that it does not know is not asked for; loop clock. */
struct package_row {
	uint64_t unknown_until_ms[LINE_COUNT];
};

struct extensions {
	struct side_core *core;
	struct extension **items;
	size_t count;
	struct package_row *packages; /* by peer */
	int language;
};

/* extension_tell.c */

/* A body of Event message-summary. */
void extension_voicemail(const struct extension *extension,
			 const struct interest_document *document);
/* A body of Event dialog in the dialog of interest, the first one or a fork. */
enum interest_use extension_calls(struct extension *extension, struct interest *interest,
				  const struct interest_document *document);
/* What rang when nothing more was heard is not known to have been missed. */
void extension_forget_ringing(const struct extension *extension);
/* Frees what extension_calls() kept for one dialog. */
void extension_free_calls(void *data);
