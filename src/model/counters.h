/* Everything counted, in one table: each refusal, drop and retry by kind (REL-060). */
#pragma once

#include <stdint.h>

#include "model/limits.h"

/* X(name, what is counted) */
#define COUNTERS(X)                                                                                \
	X(sip_requests_in, "SIP requests received")                                                \
	X(sip_refused, "SIP requests refused without state")                                       \
	X(sip_stranger, "SIP requests from sources that are not trusted")                          \
	X(sip_malformed, "SIP messages that could not be read")                                    \
	X(auth_challenged, "requests answered 401")                                                \
	X(auth_passed, "requests whose digest response was right")                                 \
	X(auth_failed, "requests whose digest response was wrong")                                 \
	X(auth_stale, "requests with an old, foreign or used nonce")                               \
	X(auth_blocked, "requests refused after wrong digest responses")                           \
	X(sip_connections_refused, "SIP connections refused for a limit")                          \
	X(sip_connections_closed, "SIP connections closed because they were slow or idle")         \
	X(tls_failed, "TLS connections that failed or were not believed")                          \
	X(sip_repeats, "SIP requests answered again from the record")                              \
	X(messages_from_sip, "messages accepted from SIP")                                         \
	X(messages_to_sip, "messages taken by SIP")                                                \
	X(messages_from_xmpp, "messages accepted from XMPP")                                       \
	X(messages_to_xmpp, "messages taken by XMPP")                                              \
	X(messages_turned_away, "messages refused at once, not accepted")                          \
	X(messages_refused, "messages reported to their sender as refused")                        \
	X(messages_unknown, "messages whose fate is unknown, reported so")                         \
	X(messages_empty, "messages without text, answered and not forwarded")                     \
	X(messages_stored, "messages accepted into the queue")                                     \
	X(messages_queued, "messages put back into the queue after a failed try")                  \
	X(messages_expired, "messages that ended in the queue, reported to their sender")          \
	X(messages_quarantined, "messages set aside after crashes, reported to their sender")      \
	X(messages_late, "messages that failed after they were accepted, reported so")             \
	X(messages_split, "messages sent in parts")                                                \
	X(messages_plain, "messages sent again as plain text after a refusal of their type")       \
	X(receipts_in, "receipts and reports received")                                            \
	X(receipts_out, "receipts and reports taken")                                              \
	X(receipts_dropped, "receipts that were forged, late, repeated or not asked for")          \
	X(typing_in, "typing notices received")                                                    \
	X(typing_out, "typing notices sent")                                                       \
	X(notify_in, "NOTIFY received")                                                            \
	X(notify_unusable, "NOTIFY answered whose body could not be used")                         \
	X(notify_out, "NOTIFY sent")                                                               \
	X(notify_failed, "NOTIFY refused or not answered")                                         \
	X(subscribe_in, "SUBSCRIBE received")                                                      \
	X(subscribe_out, "SUBSCRIBE sent")                                                         \
	X(publish_in, "PUBLISH accepted")                                                          \
	X(publish_refused, "PUBLISH refused")                                                      \
	X(publish_out, "PUBLISH sent")                                                             \
	X(publish_failed, "PUBLISH of ours refused or not answered")                               \
	X(stanzas_in, "stanzas received")                                                          \
	X(stanzas_out, "stanzas sent")                                                             \
	X(stanzas_refused, "stanzas dropped or answered with an error")                            \
	X(stanzas_guarded, "stanzas over a limit, dropped by the guard")                           \
	X(presence_told, "presence changes shown to a watcher")                                    \
	X(presence_coalesced, "presence changes replaced by a newer one before they were shown")   \
	X(pairs_asked, "pairs asked for")                                                          \
	X(pairs_granted, "pairs granted")                                                          \
	X(pairs_refused, "pairs refused")                                                          \
	X(pairs_ended, "pairs ended")                                                              \
	X(link_lost, "times the chat server link was lost")                                        \
	X(store_failed, "store operations that failed")                                            \
	X(load_raised, "times the load level rose")                                                \
	X(shed_polls, "polls turned away for load")                                                \
	X(shed_watches, "new subscriptions turned away for load")                                  \
	X(shed_publications, "new publications turned away for load")                              \
	X(shed_notices, "typing notices and receipts turned away for load")                        \
	X(shed_messages, "new messages turned away for load")                                      \
	X(shed_options, "OPTIONS answered 503 for load")

struct counters {
#define X(name, what) uint64_t name;
	COUNTERS(X)
#undef X
	struct limits_hit limits;
};

void counters_each(const struct counters *counters,
		   void (*each)(const char *name, uint64_t value, const char *what, void *arg),
		   void *arg);
