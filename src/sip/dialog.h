/* Our own dialog table (RFC 3261 section 12, design-in 8): found by Call-ID and our tag alone,
 * independent of nta's matching (SOF-003), each rebuildable from its fields. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sip/net_address.h"

struct buf;
struct dialogs;
struct request;
struct side_core;
struct sip_peer;
struct sip_s;

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
	bool is_stream;          /* our Contact names TCP */
	bool is_fork;            /* not in the table: found through the one it forked from */
	struct net_address peer; /* where the dialog's peer is (SEC-006) */
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
/* The dialog of a request (Call-ID and To tag), or NULL. The far tag is not compared yet. */
struct dialog *dialog_find(const struct dialogs *dialogs, const char *call_id,
			   const char *local_tag);
/* True if the From tag is the dialog's, and the request comes from its peer (SEC-006). */
bool dialog_is_from_peer(const struct dialog *dialog, const struct side_core *core,
			 const struct request *request);
/* Takes tag, Contact and Record-Route (in the order of the request: we are the UAS) of the request
 * that makes the dialog. Returns 0, or EINVAL without a usable
 * Contact or tag. */
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
