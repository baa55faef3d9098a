/* What is remembered of a conversation between a SIP user and a chat user: its thread (D-35), and
 * what each was shown of typing (TYPE-015, TYPE-016). Bounded: the one longest unused makes room,
 * and what it said is forgotten, which costs a thread or a repeated state. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct address;
struct talks;

enum { TALKS_MAX = 16384, TALK_THREAD_MS = 30 * 60 * 1000 };

/* The stand-alone state that the chat user was shown last. */
enum talk_state { TALK_SAID_NOTHING, TALK_SAID_COMPOSING, TALK_SAID_ACTIVE };

struct talk {
	struct list link;
	uint64_t key;
	char *thread; /* of the chat user's last text, or NULL */
	uint64_t thread_ms;
	uint64_t composer; /* the resource of the chat user that is composing, or 0 */
	enum talk_state said;
	bool has_offered; /* he was sent a state, and has not answered since */
};

struct talks *talks_new(void);
void talks_free(struct talks **talks);
/* NULL if there is none; valid until the next call. */
struct talk *talks_find(struct talks *talks, const struct address *sip, const struct address *chat);
/* Never NULL. */
struct talk *talks_get(struct talks *talks, const struct address *sip, const struct address *chat);
size_t talks_count(const struct talks *talks);

/* The chat user wrote in this thread. */
void talk_set_thread(struct talk *talk, const char *thread, uint64_t now_ms);
/* NULL if he wrote in none, or too long ago. */
const char *talk_thread(const struct talk *talk, uint64_t now_ms);
/* A resource as a value that is never 0; NULL: one without name. */
uint64_t talks_resource(const struct talks *talks, const char *resource);
