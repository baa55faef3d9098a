/* All limits in one table (file 40 section E; D-55 to D-58): limits.NAME in the configuration,
 * and one counter each for how often it was hit. */
#pragma once

#include <stdint.h>

/* X(name, default, least, most, what it bounds) */
#define LIMITS(X)                                                                                  \
	X(sip_message_bytes, 65536, 4096, 262144, "size of a SIP message")                         \
	X(sip_headers, 256, 32, 4096, "header lines of a SIP message")                             \
	X(sip_header_bytes, 8192, 512, 65536, "length of one SIP header line")                     \
	X(sip_via, 70, 2, 255, "Via values of a SIP message")                                      \
	X(sip_uri_bytes, 1024, 64, 8192, "length of a URI")                                        \
	X(sip_body_bytes, 65536, 1024, 262144, "size of an XML body from SIP")                     \
	X(stanza_in_bytes, 262144, 16384, 1048576, "size of a stanza from the chat server")        \
	X(stanza_in_depth, 32, 8, 256, "depth of a stanza from the chat server")                   \
	X(stanza_in_elements, 4096, 64, 65536, "elements of a stanza from the chat server")        \
	X(stanza_in_attributes, 64, 16, 1024, "attributes of one element")                         \
	X(stanza_out_bytes, 262144, 10000, 1048576, "size of a stanza we write, escaped")          \
	X(message_text_bytes, 61440, 1024, 61440, "text of one message")                           \
	X(udp_transactions, 20000, 100, 1000000, "SIP requests over UDP held at a time")           \
	X(stranger_requests_per_s, 20, 1, 100000, "requests from one unknown source")              \
	X(peer_requests_per_s, 2000, 10, 1000000, "requests from one trusted peer")                \
	X(messages_per_user_per_s, 5, 1, 1000000, "messages of one user")                          \
	X(messages_per_user_burst, 20, 1, 1000000, "messages of one user at once")                 \
	X(stanzas_per_user_per_s, 50, 1, 1000000, "presence and iq stanzas of one user")           \
	X(stanzas_per_domain_per_s, 500, 1, 1000000, "stanzas of one foreign chat domain")         \
	X(messages_pending_per_uri, 100, 1, 100000, "messages waiting for one SIP address")        \
	X(messages_pending, 20000, 100, 1000000, "messages waiting for an answer")                 \
	X(answers_held, 5000, 10, 1000000, "answers to SUBSCRIBE or PUBLISH before the disk")      \
	X(queue_messages, 100000, 10, 10000000, "messages kept in the queue")                      \
	X(queue_bytes, 268435456, 1048576, 17179869184, "bytes of all messages in the queue")      \
	X(queue_messages_per_user, 1000, 1, 1000000, "messages of one sender in the queue")        \
	X(queue_bytes_per_user, 8388608, 65536, 1073741824, "bytes of one sender in the queue")    \
	X(receipts, 200000, 100, 10000000, "messages remembered for receipts")                     \
	X(reports_per_user_per_s, 20, 1, 100000, "receipts and typing notices of one user")        \
	X(watches_per_watcher, 2000, 10, 1000000, "live subscriptions of one watcher")             \
	X(watches_per_watched, 20000, 10, 1000000, "live subscriptions to one user")               \
	X(list_members, 500, 1, 512, "users in one list subscription")                             \
	X(new_watches_per_minute, 100, 1, 1000000, "new subscriptions of one watcher")             \
	X(questions_per_minute, 60, 1, 1000000, "new questions to one chat user")                  \
	X(questions_open, 200, 1, 1000000, "unanswered questions to one chat user")                \
	X(pairs, 1000000, 100, 10000000, "pairs kept")                                             \
	X(sip_connections, 10000, 16, 100000, "SIP connections")                                   \
	X(stranger_connections, 16, 1, 100000, "SIP connections of one unknown address")           \
	X(stranger_first_s, 5, 1, 600, "seconds to the first message of an unknown source")        \
	X(stranger_part_s, 10, 1, 600, "seconds between parts of a message")                       \
	X(stranger_idle_s, 120, 1, 86400, "seconds that an unknown source may be silent")          \
	X(sip_unsent, 500, 10, 10000, "requests not yet written to one SIP connection")            \
	X(link_high_bytes, 1048576, 65536, 67108864, "backlog to the chat server: hold back")      \
	X(link_dead_bytes, 4194304, 262144, 268435456, "backlog to the chat server: reconnect")    \
	X(publications, 100000, 10, 10000000, "publications of SIP users kept")                    \
	X(publications_per_user, 16, 1, 1000, "publications of one SIP user")                      \
	X(expires_min_s, 60, 1, 3600, "shortest subscription granted")                             \
	X(expires_max_s, 3600, 60, 86400, "longest subscription granted")                          \
	X(outward_per_s, 500, 1, 1000, "requests or stanzas a second after a start")               \
	X(load_lag_ms, 500, 10, 60000, "lateness of the loop: overloaded")                         \
	X(load_store_ms, 2000, 10, 600000, "age of a write that is not done: overloaded")          \
	X(load_store_requests, 20000, 100, 10000000, "writes that are not done: overloaded")

enum {
	LIMITS_COUNT = 0
#define X(name, value, least, most, what) +1
	LIMITS(X)
#undef X
};

struct limits {
#define X(name, value, least, most, what) int64_t name;
	LIMITS(X)
#undef X
};

struct limits_hit {
#define X(name, value, least, most, what) uint64_t name;
	LIMITS(X)
#undef X
};

void limits_defaults(struct limits *out);
/* Calls each(name, value, hits, what, arg) for all; hit may be NULL. */
void limits_each(const struct limits *limits, const struct limits_hit *hit,
		 void (*each)(const char *name, int64_t value, uint64_t hits, const char *what,
			      void *arg),
		 void *arg);
/* Sets one by name. Returns 0, ENOENT, or ERANGE with the range in *least and *most. */
int limits_put(struct limits *limits, const char *name, int64_t value, int64_t *least,
	       int64_t *most);
