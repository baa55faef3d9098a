/* Requests (RFC 6120 section 8.2.3): one table of namespaces, one file per feature. Each get and
 * set is answered exactly once (CMP-020). */
#pragma once

#include <stdbool.h>

struct _xmpp_stanza_t;
struct inbound;
struct xml_writer;

enum iq_target {
	IQ_COMPONENT,
	IQ_USER,     /* bare JID: the bridge answers as the server of the SIP user */
	IQ_RESOURCE, /* user@component/sip */
	IQ_STRANGE   /* a resource that nobody has */
};

struct iq {
	struct inbound *in;
	struct _xmpp_stanza_t *payload;
	enum iq_target target;
	bool is_set;
};

/* Opens <iq type='result'> with id and addresses set; iq_finish() closes and sends it. */
void iq_answer(const struct iq *iq, struct xml_writer *writer);
void iq_finish(const struct iq *iq, struct xml_writer *writer);

void iq_disco_info(const struct iq *iq);
void iq_disco_items(const struct iq *iq);
void iq_gateway(const struct iq *iq);
void iq_last(const struct iq *iq);
void iq_ping(const struct iq *iq);
void iq_pubsub(const struct iq *iq);
void iq_vcard(const struct iq *iq);
void iq_version(const struct iq *iq);
