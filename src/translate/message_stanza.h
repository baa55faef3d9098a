/* Message stanzas (RFC 6121 section 5, RFC 7572, XEP-0085, XEP-0184, XEP-0333) to values and back.
 * Pure. */
#pragma once

#include "model/message.h"

struct _xmpp_stanza_t;
struct buf;

#define NS_CHAT_STATES "http://jabber.org/protocol/chatstates"
#define NS_RECEIPTS    "urn:xmpp:receipts"
#define NS_MARKERS     "urn:xmpp:chat-markers:0"

enum { MESSAGE_STANZA_REPORTS_MAX = 8 };

enum message_stanza_kind {
	MESSAGE_STANZA_TEXT,      /* message is filled; state and reports may come with it */
	MESSAGE_STANZA_STATE,     /* state and nothing to read; not an old one (XEP-0203) */
	MESSAGE_STANZA_REPORT,    /* reports and nothing to read; state may come with them */
	MESSAGE_STANZA_ERROR,     /* type error: never text (MSG-005); fault by fault_map */
	MESSAGE_STANZA_GROUPCHAT, /* service-unavailable (MSG-004) */
	MESSAGE_STANZA_ENCRYPTED, /* no readable body: not-acceptable (D-45) */
	MESSAGE_STANZA_NOTHING    /* no body: retractions, copies, events ...: ignored */
};

/* XEP-0085; at most one per message. */
enum chat_state {
	CHAT_STATE_NONE,
	CHAT_STATE_ACTIVE,
	CHAT_STATE_COMPOSING,
	CHAT_STATE_PAUSED,
	CHAT_STATE_INACTIVE,
	CHAT_STATE_GONE
};

/* Strings from/to/id and those of reports are borrowed from the stanza. */
struct message_stanza {
	enum message_stanza_kind kind;
	enum message_kind type; /* what its type says, of any kind */
	const char *from;
	const char *to;
	const char *id;
	enum chat_state state;
	/* REPORT_DELIVERED or REPORT_DISPLAYED of the message with this id; one that cannot be an
	 * id of ours is left out. */
	struct {
		enum report_kind kind;
		const char *about;
	} reports[MESSAGE_STANZA_REPORTS_MAX];
	unsigned report_count;
	struct message message; /* owned; uid and origin are not set */
};

/* Chooses the body by MSG-029, subject likewise; LF line ends; corrections get "* " (D-45);
 * message.wants from what asks for receipts, if there is an id to name (RCPT-026). */
void message_stanza_read(const struct _xmpp_stanza_t *stanza, struct message_stanza *out);
void message_stanza_clear(struct message_stanza *stanza);

/* Appends <message type='chat'> (headline and normal as in kind) with id and origin-id = uid,
 * subject, body, thread, nick, delay (D-44: when sent_at_ms is set; delay_from names who), and,
 * with wants and takes_typing, the elements that ask for receipts and states. */
void message_stanza_write(struct buf *out, const struct message *message, const char *from,
			  const char *to, const char *delay_from);
/* Appends what tells the sender of report->report->about: <received/>, <displayed/> or an error.
 * Returns false if there is nothing to tell: REPORT_PROCESSED, a receipt for a message without id,
 * an error for a headline (D-34). */
bool message_stanza_write_report(struct buf *out, const struct message *report);
/* Appends the error that answers a message: from where it was addressed, to the full JID (CMP-024),
 * same id, same thread (MSG-037). */
void message_stanza_write_error(struct buf *out, const struct message_origin *origin,
				const struct fault *fault);
/* Appends a notification of its own (TYPE-014): composing or active. thread may be NULL. */
void message_stanza_write_state(struct buf *out, const char *from, const char *to,
				bool is_composing, const char *thread);
