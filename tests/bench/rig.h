/* Both servers and the program between them: what every measurement starts from. */
#pragma once

#include <stdbool.h>

#include "bench/daemon_run.h"
#include "bench/sip_end.h"
#include "bench/xmpp_end.h"

#define RIG_COMPONENT "sip.chat.example"
#define RIG_CHAT      "chat.example"
#define RIG_PBX       "pbx.example"

struct reactor;

struct rig {
	struct reactor *reactor;
	struct sip_end *sip;
	struct xmpp_end *xmpp;
	struct daemon_run *daemon;
	struct sip_hop hop; /* to the daemon */
	bool is_floor;
};

struct rig_params {
	const char *program; /* of the daemon; NULL: the floor */
	bool is_tcp;         /* SIP transport, both ways */
	const char *store;
	const char *trusted;
	const char *limits;
	bool has_usual_backlogs; /* daemon_run.h */
	const char *log_level;
	const char *domain; /* daemon_run.h */
	unsigned flush_ms;  /* the same */
	const char *listen; /* the same */
	const char *sip;
	const char *settings;
	unsigned long
		fanout; /* of the floor: what it writes for one thing it receives from SIP; 0: 1 */
};

/* Starts all and waits until the component shook hands and the daemon says that it serves. Returns
 * false, after saying why, if that takes more than 20 s. The rig is then to be freed too. */
bool rig_start(struct rig *rig, const struct rig_params *params);
/* From now on the SIP server answers every request with 200, and the chat server only pings. */
void rig_rest(struct rig *rig);
/* Kills the daemon, or asks it to end in order, and starts it on what it has left. Returns false if
 * that ends with another code than 0, or it does not serve within 20 s. */
bool rig_restart(struct rig *rig, bool is_killed);
void rig_free(struct rig *rig);
/* Writes everything that was put on either side, and handles what came, waiting up to wait_ms. */
void rig_turn(struct rig *rig, int wait_ms);
