/* OPTIONS in (RFC 3261 section 11; SIP-068 to SIP-072, D-50). */
#pragma once

struct request;
struct side_core;

/* 200 whoever is named, as long as work is accepted: PBXs qualify with a user part. */
void options_answer(struct side_core *core, struct request *request);
