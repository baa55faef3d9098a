/* What a part of a composition keeps for one dialog of a subscription, and how bodies of its
 * NOTIFYs are read: by content type, whatever the Event (AST-2). */
#pragma once

#include "sip/interest.h"

struct phone;
struct presence;
struct profile;

enum part_data_news {
	PART_DATA_NOTHING,  /* could not be used */
	PART_DATA_PRESENCE, /* *presence is the whole state */
	PART_DATA_PHONE     /* part_data_phone() says what changed */
};

/* *data (at first NULL) is made when something must be kept. presence is zeroed; the caller clears
 * it. *use is what the interest is told. */
enum part_data_news part_data_read(void **data, const struct interest_document *document,
				   const struct side_core *core, const struct profile *profile,
				   struct presence *presence, enum interest_use *use);
/* Adds what the dialogs of data (may be NULL) say to *phone (DLG-011). */
void part_data_phone(const void *data, struct phone *phone);
void part_data_free(void *data);
