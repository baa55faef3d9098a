/* Dialog event documents (RFC 4235): what the phones of a user do. A table holds the dialogs that
 * one subscription has told of. Pure; parsing is bounded, network-less and entity-free (SEC-055).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct phone;
struct profile;

enum {
	DIALOG_INFO_MAX_BYTES = 256 * 1024,
	DIALOG_ROWS_MAX = 64,       /* dialogs kept of one user; later ones are not seen */
	DIALOG_ID_BYTES_MAX = 256,  /* a dialog with a longer id is not kept */
	DIALOG_OTHER_BYTES_MAX = 96 /* longer names are cut at a character boundary */
};

struct dialog_row; /* private to dialog_info.c */

/* One for each subscription dialog. Zeroed is "nothing heard"; an idle user's costs no more. */
struct dialog_table {
	struct dialog_row *rows; /* owned; NULL when there are none */
	uint32_t version;        /* of the last document */
	uint16_t count;
	bool is_heard; /* a document was applied */
};

/* Applies the document text[0..len), at most max_bytes long. A full one replaces the rows whatever
 * its version (D-23, DLG-008), a partial one changes the rows it names. With
 * profile->dialog_full_is_event_only a full one that names dialogs without their call-id changes
 * only those (PBX-032). *wants_full becomes true when documents were missed and a refresh SUBSCRIBE
 * should ask for the whole state (DLG-007); it is never set to false here. Returns 0; EALREADY a
 * partial document that is not newer, dropped; EBADMSG not well-formed or no dialog-info; EPROTO a
 * DOCTYPE with an internal subset; E2BIG over a limit. Unless it returns 0 the table is as it was.
 */
int dialog_info_apply(struct dialog_table *table, const char *text, size_t len, size_t max_bytes,
		      const struct profile *profile, bool *wants_full);

/* What the rows say (DLG-014, DLG-016), into a zeroed *out that the caller clears: PHONE_UNKNOWN
 * before the first document, PHONE_IDLE without calls (which is not "available": DLG-017).
 * out->other is the other party of the call that decided, never an address of the PBX's own
 * services nor an anonymous one. Whoever hands it on drops it unless show_caller (DLG-018). */
void dialog_table_phone(const struct dialog_table *table, struct phone *out);

/* Forgets everything: the subscription ended, or a new one begins (DLG-008, DLG-019). */
void dialog_table_clear(struct dialog_table *table);
