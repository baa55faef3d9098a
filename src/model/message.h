/* A page message as neither protocol writes it (RFC 2778 instant message). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MESSAGE_TEXT_MAX = 60 * 1024, MESSAGE_SUBJECT_MAX = 1024 };

enum message_kind { MESSAGE_CHAT, MESSAGE_NORMAL, MESSAGE_HEADLINE };

struct message {
	enum message_kind kind;
	char *uid;  /* stable over repeats; each id on either wire comes from it (D-35) */
	char *body; /* UTF-8, LF line ends */
	size_t body_len;
	char *subject;      /* or NULL */
	char *lang;         /* or NULL */
	char *thread;       /* XMPP thread, or NULL */
	char *nick;         /* display name, or NULL; never identity (D-32) */
	int64_t sent_at_ms; /* wall clock; 0: now */
	int hops;           /* Max-Forwards left, or -1 when unknown (SIP-004) */
};

void message_clear(struct message *message);
void message_copy(struct message *out, const struct message *from);
