/* A running SIP side on loopback between a fake core and a peer of bytes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/counters.h"
#include "model/limits.h"
#include "sip/sip_side.h"
#include "support/sip_peer.h"
#include "translate/address_map.h"
#include "wire/disk.h"
#include "wire/fake_bridge.h"

struct rig {
	struct loop *loop;
	struct bridge *bridge;
	struct address_map *map;
	struct sip_side *side;
	struct disk *disk;      /* with options->keeps; else NULL */
	struct text_peer *peer; /* the proxy of pbx.example */
	struct limits limits;
	struct counters counters;
	struct sip_side_params params;
	struct sip_peer peers[2];
	uint16_t port;
	char listen[2][64];
	const char *listens[2];
	char proxy[80];
	unsigned char key[16];
};

struct map_user;

/* What a test wants otherwise than usual. Zeroed is the usual: profile generic, proxy over UDP, T1
 * 30 ms, trust as D-52. */
struct rig_options {
	const char *profile;
	bool proxy_is_tcp;
	bool has_no_proxy;
	const char *const *trusted;
	size_t trusted_count;
	int t1_ms;
	int peer_quiet_ms; /* 0: 30 s */
	void (*limits)(struct limits *limits);
	const char *listen_host; /* "127.0.0.1" */
	const struct sip_list *lists;
	size_t list_count;
	const char *advertise;
	const struct map_user *users;
	size_t user_count;
	bool keeps; /* dialogs live on over rig_kill() and rig_start() */
	/* Last changes to params and peers[0] before the side is made; or NULL. */
	void (*tune)(struct rig *rig);
};

struct rig *rig_new(const struct rig_options *options);
void rig_free(struct rig **rig);
/* kill -9: the side is gone without a word, and so are writes that are under way. */
void rig_kill(struct rig *rig);
/* A new one on the same ports, with the rows that were kept. */
void rig_start(struct rig *rig, bool clock_is_wrong);

/* Formats a request of the peer's user 1001 to juliet@chat.example. head: more header lines. */
struct rig_request {
	const char *method;
	const char *uri;  /* NULL: sip:juliet@chat.example */
	const char *from; /* value without tag; NULL: <sip:1001@pbx.example> */
	const char *to;   /* value; NULL: <sip:juliet@chat.example> */
	const char *to_tag;
	const char *from_tag; /* NULL: "ft" */
	const char *call_id;  /* NULL: a new one each time */
	const char *branch;   /* NULL: a new one each time */
	unsigned cseq;        /* 0: 1 */
	const char *headers;  /* lines, or NULL */
	const char *body;     /* or NULL */
	const char *type;     /* of the body; NULL: text/plain */
	bool has_no_hops;     /* no Max-Forwards */
};
void rig_send(struct rig *rig, enum sip_way way, const struct rig_request *request);
/* The text of a request; the caller frees it with mem_free. */
char *rig_text(struct rig *rig, enum sip_way way, const struct rig_request *request);
/* Takes the line of the core that holds needle; the test fails if none comes. */
void rig_expect_line(struct rig *rig, const char *needle);
