/* A page message as neither protocol writes it (RFC 2778 instant message), and what is reported of
 * it (RFC 5438, XEP-0184, XEP-0333). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/fault.h"

struct buf;

enum {
	MESSAGE_TEXT_MAX = 60 * 1024,
	MESSAGE_SUBJECT_MAX = 1024,
	MESSAGE_UID_MAX = 64,       /* characters of a uid */
	MESSAGE_ORIGIN_MAX = 3071,  /* bytes of each text of an origin: a full JID */
	MESSAGE_EXCERPT_BYTES = 60, /* first words of a text in a report (D-39) */
	MESSAGE_CODE_MAX = 128 * 1024
};

enum message_kind { MESSAGE_CHAT, MESSAGE_NORMAL, MESSAGE_HEADLINE };

/* A text, or a report about one that went the other way. */
enum message_what { MESSAGE_TEXT, MESSAGE_REPORT };

/* What the sender asks to be told (RFC 5438 section 6.2; RCPT-039 to -041, RCPT-053 to -056). */
enum { WANTS_DELIVERED = 1, WANTS_FAILED = 2, WANTS_DISPLAYED = 4, WANTS_PROCESSED = 8 };

/* What became of a message after it was accepted. */
enum report_kind { REPORT_DELIVERED, REPORT_FAILED, REPORT_DISPLAYED, REPORT_PROCESSED };

/* How the sender's own side knows the message: filled by that side, kept by the core, given back
 * with each report. Texts are owned, any may be NULL.
 *
 *              XMPP                        SIP
 *   address    full JID of the sender      URI of From (the IMDN's target, RCPT-021)
 *   recipient  to, as it was written       CPIM Original-To or To, else the Request-URI
 *   id         stanza id                   IMDN Message-ID
 *   thread     thread                      -
 *   stamp      -                           CPIM DateTime of the message, as it was written
 *   route      -                           IMDN-Record-Route values, one a line, in order
 */
struct message_origin {
	char *address;
	char *recipient;
	char *id;
	char *thread;
	char *stamp;
	char *route;
};

/* Of MESSAGE_REPORT. */
struct message_report {
	enum report_kind kind;
	char *about;                  /* uid of the message */
	unsigned wanted;              /* WANTS_ of its sender */
	struct message_origin origin; /* of the message */
	struct fault fault;           /* of REPORT_FAILED */
	char *excerpt;                /* first words of the text, of REPORT_FAILED; or NULL */
};

struct message {
	enum message_what what;
	enum message_kind kind; /* of a report: that of the message it is about */
	char *uid;  /* stable over repeats; each id on either wire comes from it (D-35) */
	char *body; /* UTF-8, LF line ends */
	size_t body_len;
	char *subject;      /* or NULL */
	char *lang;         /* or NULL */
	char *thread;       /* XMPP thread, or NULL */
	char *nick;         /* display name, or NULL; never identity (D-32) */
	int64_t sent_at_ms; /* wall clock; 0: now */
	int hops;           /* Max-Forwards left, or -1 when unknown (SIP-004) */
	unsigned wants;     /* WANTS_ */
	int64_t life_s;     /* it is of no use later (Expires, RFC 3428); 0: messages.life */
	bool must_not_wait; /* no-store (X0334-1): refused instead of stored (D-37) */
	bool takes_typing;  /* its sender is known to understand typing notices (TYPE-033) */
	/* Set by the core with deliver(): how often the same was handed over so long ago that a
	 * transaction layer has forgotten it (REL-004): the CSeq is this + 1. */
	uint32_t repeat;
	/* So also: an earlier hand-over, perhaps before a restart, may have arrived. Who then says
	 * that he knows the request (482) has it. */
	bool may_be_known;
	struct message_origin origin;
	struct message_report *report; /* owned; of MESSAGE_REPORT, else NULL */
};

void message_clear(struct message *message);
void message_copy(struct message *out, const struct message *from);
void message_origin_clear(struct message_origin *origin);
void message_origin_copy(struct message_origin *out, const struct message_origin *from);
/* The first words of the text, on one line, at most MESSAGE_EXCERPT_BYTES (the caller frees them);
 * NULL if there is no text. */
char *message_excerpt(const struct message *message);
void message_report_clear(struct message_report *report);

/* The message as bytes for the store, appended to *out; and back: 0, or EBADMSG for bytes that are
 * no message (then *out is empty), also those of a newer version. */
void message_encode(const struct message *message, struct buf *out);
int message_decode(struct message *out, const void *bytes, size_t len);

/* RFC 3994 and XEP-0085 between the two (file 07 section C). */
struct typing {
	bool is_active; /* composing; else idle */
	int refresh_s;  /* is_active counts as idle after so long without another; 0: 120 (TYPE-005)
			 */
};
