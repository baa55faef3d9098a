/* Good requests in the middle of the attack, and whether each got the right answer: OPTIONS and
 * MESSAGE over UDP and TCP, a message and a probe and a ping from XMPP. Its users, good and judge,
 * are nobody else's. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "bench/rig.h"

enum check_step {
	CHECK_OPTIONS_UDP,
	CHECK_OPTIONS_TCP,
	CHECK_MESSAGE_UDP,
	CHECK_MESSAGE_TCP,
	CHECK_MESSAGE_XMPP,
	CHECK_PING,
	CHECK_PROBE,
	CHECK_STEPS
};

struct checker {
	struct rig *rig;
	bool is_stranger; /* the daemon does not trust us: SIP is refused with 401, 403 or silence
			   */
	unsigned round;
	bool answered[CHECK_STEPS];
	bool delivered[CHECK_STEPS];
	int status[CHECK_STEPS];
	struct buf text;
	unsigned long rounds;
	unsigned failures;
};

void checker_start(struct checker *checker, struct rig *rig, bool is_stranger);
/* Makes the pair that the probes are about. Returns whether that worked. */
bool checker_subscribe(struct checker *checker);
/* Asks everything once and waits for the answers, 15 s at most; prints what is missing. */
bool checker_run(struct checker *checker);
void checker_stop(struct checker *checker);

/* Whether the message was the checker's; NULL checker: false. */
bool checker_sip(struct checker *checker, const struct sip_wire *message,
		 const struct sip_hop *from);
bool checker_stanza(struct checker *checker, const struct xmpp_wire *stanza);
