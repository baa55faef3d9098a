/* A SIP phone that logs in by digest, as a test plays it. */
#pragma once

#include "sip/digest.h"
#include "wire/rig.h"

/* What a test changes; NULL or 0 is the usual: 1001 of pbx.example with "open sesame". */
struct login_phone {
	const char *user;
	const char *realm;
	const char *password;
	enum digest_algorithm algorithm;
	enum digest_qop qop;
	struct digest_challenge challenge; /* the last one for this algorithm */
	uint32_t nc;
};

/* The logins of the rig: 1001 (both algorithms), 1002 (MD5 alone), 1003 (SHA-256 alone), password
 * "open sesame"; nobody is trusted. As rig_options.tune. */
void phone_logins(struct rig *rig);
/* A rig with them. */
struct rig *phone_rig(void);

/* The phone of 1001, SHA-256. */
struct login_phone phone_of(const char *user);
/* Takes the challenge for its algorithm out of a 401. False: there is none. */
bool phone_learn(struct login_phone *phone, const struct sip_text *answer);
/* "Authorization: ...\r\n" for a method with the last challenge and its nc; mem_free. */
char *phone_credentials(const struct login_phone *phone, const char *method);
/* Sends request with credentials and the header lines it has. */
void phone_send(struct rig *rig, enum sip_way way, const struct login_phone *phone,
		const struct rig_request *request);
/* Sends request without, learns from the 401, and sends it again with nc 1. */
void phone_ask(struct rig *rig, enum sip_way way, struct login_phone *phone,
	       const struct rig_request *request);
/* Takes the next answer, which must begin with "SIP/2.0 STATUS". */
const struct sip_text *phone_expect(struct rig *rig, int status);
/* The core takes the last message. */
void phone_taken(struct rig *rig);

/* Sends text from a socket of its own at from (127.0.0.2) to the bridge, and returns what came back
 * in time, or ""; mem_free. */
char *phone_elsewhere(struct rig *rig, const char *from, const char *text);
/* As phone_ask(), over UDP from there; the answer to the second, mem_free. */
char *phone_ask_from(struct rig *rig, const char *from, struct login_phone *phone,
		     const struct rig_request *request);
