/* Call-ID, From tag and CSeq of a MESSAGE out: all come from the message, so that a repetition
 * carries the same (D-35, REL-004). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "sip/message_text.h"

struct message_out;

enum { CALL_ID_MAX = 256 };

struct call_id {
	char text[CALL_ID_MAX];
	char tag[MESSAGE_TAG_CHARS + 1];
	uint32_t cseq;
};

/* part is from 1. Call-ID: the uid, of later parts uid.2 ...; CSeq: one
 * more for each form that was refused before and for each repetition (four more, where credentials
 * may be asked for).
 *
 * With thread = "callid" (RFC 7572, MSG-082 to -085) the Call-ID is the thread of a message that
 * has one, as it is where it may stand in a Call-ID, else "x-" and its bytes in base64url; one that
 * is too long is hashed. The From tag is of each message alone, and CSeq counts tenths of a second
 * since 2025, so that both differ between messages of a thread and CSeq rises, also over a restart,
 * without a table. */
void call_id_make(struct call_id *out, const struct message_out *message, size_t part);
