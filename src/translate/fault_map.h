/* SIP status codes and XMPP stanza errors to struct fault and back: the complete tables of RFC 7247
 * section 7 as amended by D-46 and D-47. The only place that knows both. Pure. */
#pragma once

#include <stddef.h>

struct _xmpp_stanza_t;
struct buf;
struct fault;
struct xml_writer;

/* A final response 300..699. phrase may be NULL; contact is the redirect target or NULL. */
void fault_from_sip(int status, const char *phrase, const char *contact, struct fault *out);
/* The status that this fault gets on SIP (never 401, 407, 405, 6xx, 408; 503 only for
 * FAULT_LINK_DOWN) and a clean reason phrase in phrase[0..len). */
int fault_to_sip(const struct fault *fault, char *phrase, size_t len);

/* Reads the <error/> child of a stanza of type error; a stanza without one gives
 * FAULT_UNDEFINED_CONDITION. */
void fault_from_stanza(const struct _xmpp_stanza_t *stanza, struct fault *out);
/* Writes <error type= by=><condition/><text/></error>. by may be NULL. */
void fault_write_error(struct xml_writer *writer, const struct fault *fault, const char *by);
/* Appends a whole error stanza: kind is "message", "presence" or "iq". id may be NULL. */
void fault_write_stanza(struct buf *out, const char *kind, const char *from, const char *to,
			const char *id, const struct fault *fault);
/* D-47, CMP-027: what a stranger is told instead of a fault that reveals existence or availability.
 */
void fault_hide(struct fault *fault);
