/* Who sends a request and to whom (SIP-103, D-05, D-12, D-53, SEC-003). */
#pragma once

#include <stdbool.h>

#include <sofia-sip/url.h>

#include "model/address.h"

struct buf;
struct dialog;
struct request;
struct side_core;

/* Why a request is refused before it reaches a role. */
struct refusal {
	int status;
	const char *phrase;  /* or NULL */
	const char *headers; /* or NULL; constant */
	const char *why;     /* for the log */
};

/* The sender (SIP-103): P-Asserted-Identity, else From; a user of a domain that the source may
 * assert, or the one who logged in.
 * Returns 0 with *out set, or the status with *refusal set. */
int identity_sender(const struct side_core *core, const struct request *request,
		    struct address *out, struct refusal *refusal);
/* True if user is the one who logged in with the request (SEC-004, SEC-008). */
bool identity_is_login(const struct request *request, const struct address *user);
/* True if somebody vouches for the sender (P-Asserted-Identity), so that From is but a name. */
bool identity_is_asserted(const struct request *request);
/* The chat user that the Request-URI names. As above. */
int identity_target(const struct side_core *core, const struct request *request,
		    struct address *out, struct refusal *refusal);
/* The chat user at our end of a dialog. As above. */
int identity_dialog_target(const struct side_core *core, const struct dialog *dialog,
			   struct address *out, struct refusal *refusal);
/* Appends "from=URI to=URI source=ADDRESS" of a request, made safe, as a line of the log names it:
 * what it claims, and where it came from. */
void identity_for_log(const struct request *request, struct buf *out);
/* Appends the text of an addr-spec. */
void identity_uri(const url_t *url, struct buf *out);
