/* Our own dialog table (RFC 3261 section 12, design-in 8): found by Call-ID and our tag alone,
 * independent of nta's matching (SOF-003), each rebuildable from its fields. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sip/net_address.h"

struct buf;
struct dialog_row;
struct dialog_write;
struct dialogs;
struct request;
struct side_core;
struct sip_peer;
struct sip_s;
struct trust;

enum dialog_role { DIALOG_NOTIFIER, DIALOG_SUBSCRIBER };

/* The far tag is NULL until the dialog is confirmed; target and route are NULL until then, too.
 * Header values (local, remote) are "<uri>" without tag. */
struct dialog {
	enum dialog_role role;
	void *owner;
	char *call_id;
	char *local_tag;
	char *remote_tag;
	char *local;
	char *remote;
	char *target;
	char *route; /* value of Route, or NULL */
	uint32_t local_cseq;
	uint32_t remote_cseq;
	bool has_remote_cseq;
	bool is_stream;          /* our Contact names TCP or TLS */
	bool is_secure;          /* ... TLS */
	bool is_fork;            /* not in the table: found through the one it forked from */
	struct net_address peer; /* where the dialog's peer is (SEC-006) */
	char *login;             /* digest user it belongs to (SEC-006), or NULL */
	int64_t kept_id;         /* key of its row; 0: not kept */
	/* CSeq numbers below these are reserved: by the row that is asked for, and by the one that
	 * is on disk. */
	uint32_t cseq_kept;
	uint32_t cseq_safe;
	struct dialog_write *writes; /* of its row, under way */
};

enum {
	DIALOG_CSEQ_BLOCK = 100,    /* numbers that are reserved ahead of use (REL-013) */
	DIALOG_CSEQ_MOST = 1 << 30, /* of a row that is believed */
	DIALOG_PEER_MAX = NET_ADDRESS_TEXT_MAX + 256 /* and a name of DNS */
};

struct dialogs *dialogs_new(void);
void dialogs_free(struct dialogs **dialogs);
size_t dialogs_count(const struct dialogs *dialogs);

/* A dialog in the table; call_id and local_tag are copied. */
struct dialog *dialog_new(struct dialogs *dialogs, enum dialog_role role, void *owner,
			  const char *call_id, const char *local_tag);
/* One more dialog of the request that made of (RFC 6665 section 4.4.1): the same but for the far
 * end; not in the table. */
struct dialog *dialog_fork(const struct dialog *of, void *owner);
void dialog_free(struct dialogs *dialogs, struct dialog **dialog);
/* enum agent_way of our Contact: sips where the far end's is (SIP-008). */
int dialog_way(const struct dialog *dialog);
/* The dialog of a request (Call-ID and To tag), or NULL. The far tag is not compared yet. */
struct dialog *dialog_find(const struct dialogs *dialogs, const char *call_id,
			   const char *local_tag);
/* True if the From tag is the dialog's, and the request comes from its peer (SEC-006). */
bool dialog_is_from_peer(const struct dialog *dialog, const struct side_core *core,
			 const struct request *request);
/* True if uri may stand in our requests, and be kept: nothing in it ends the URI early (SEC-060).
 */
bool dialog_takes_uri(const char *uri);
/* Takes tag, Contact and Record-Route (in the order of the request: we are the UAS) of the request
 * that makes the dialog. Returns 0, or EINVAL without a usable target or tag, or with a URI in From
 * or Record-Route that cannot be used, or with something too long for a row. */
int dialog_establish(struct dialog *dialog, const struct request *request);
/* SIP-042: the Contact of a target refresh. */
void dialog_refresh_target(struct dialog *dialog, const struct sip_s *sip);
/* Appends request line and the dialog's headers of an in-dialog request, CSeq one higher, Contact
 * and the common lines; body headers and the empty line are the caller's (SIP-041, SIP-043). */
void dialog_request(struct dialog *dialog, const struct side_core *core,
		    const struct sip_peer *peer, const char *method, struct buf *out);
/* URI a request in this dialog is sent to first: the top Route or the target. Never NULL once
 * established; points into the dialog or into *room. */
const char *dialog_next_hop(const struct dialog *dialog, struct buf *room);

/* dialog_keep.c: over a restart (REL-013) ------------------------------------------------------
 */

/* Fills *row with views of dialog and peer (nothing is owned; the caller sets watcher, watched,
 * event, expires_s and value), with an id at the first time and a fresh block of CSeq numbers
 * reserved. A far tag that is empty is none. peer is where the far end is and, after a space, whom
 * its certificate named (SEC-006): only what shows that name again is the dialog's peer. */
void dialog_describe(struct dialog *dialog, const struct trust *trust, struct dialog_row *row,
		     char peer[DIALOG_PEER_MAX]);
/* True when half of the block is used: its row is to be written again, before or with the next
 * request. False for one without a row. */
bool dialog_is_short(const struct dialog *dialog);
/* False while the next number is not reserved on disk: what is to be sent waits for the write that
 * is under way. True for one without a row. A write that failed holds up nothing: that others see
 * a false state now is worse than a number that might be used again after a crash. */
bool dialog_may_send(const struct dialog *dialog);
/* The dialog of a row, its next request with the first CSeq that was certainly never used; in the
 * table unless it is a fork. Its route set, target and peer are as they were, and so is its id.
 * NULL: the row cannot be one, the table has one of this Call-ID and tag, or the certificate of its
 * peer names nobody who is configured now. */
struct dialog *dialog_restore(struct dialogs *dialogs, struct trust *trust, void *owner,
			      const struct dialog_row *row, bool is_fork);
/* Called once, later, from the loop: 0 when the row is on disk, else an errno value; never after
 * the dialog was freed or dialog_unkeep(). */
typedef void dialog_written_fn(int error, void *arg);
/* Writes row, made by dialog_describe(dialog). done may be NULL. Without a keeper it comes with 0
 * all the same. */
void dialog_keep(const struct side_core *core, struct dialog *dialog, const struct dialog_row *row,
		 dialog_written_fn *done, void *arg);
/* Drops the row of dialog, if it has one. */
void dialog_unkeep(const struct side_core *core, struct dialog *dialog);
/* For dialog_free(): what is under way is written, and nobody hears of it. */
void dialog_forget_writes(struct dialog *dialog);
