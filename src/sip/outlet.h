/* One publication of ours at a SIP server (RFC 3903 section 4): a Request-URI, its entity tag, and
 * what is to be said there next. One request at a time for each Request-URI (EVT-053); what changes
 * meanwhile is said next, the newest state only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct outlet;
struct outlet_item;
struct peer_watch;
struct rate;
struct side_core;
struct sip_peer;

enum { OUTLET_EXPIRES_S = 3600, OUTLET_RESTORED_MOST_S = 24 * 3600 };

struct outlet_params {
	struct side_core *core;
	const struct sip_peer *peer;
	struct rate *pace; /* of all outlets together: limits.outward_per_s */
	const char *uri;   /* Request-URI, From and To (EVT-062, PBX-038); copied */
	const char *event; /* constants */
	const char *type;
	/* The server takes the state from each body and forgets what was removed no more than what
	 * expired (PBX-037): refreshes carry the body, and it may answer 404 to a closed one. */
	bool is_literal;
	/* The publication was withdrawn, or is given up after outlet_withdraw(). From the loop. */
	void (*gone)(struct outlet *outlet, void *arg);
	/* The server gave it a tag, for so long, or it has none any more (NULL); or NULL. */
	void (*tag_changed)(const struct outlet *outlet, const char *tag, unsigned expires_s,
			    void *arg);
	void *arg;
};

/* Nothing is sent before the first outlet_say(). */
struct outlet *outlet_new(const struct outlet_params *params);
/* The server has a publication of ours from before. */
void outlet_restore(struct outlet *outlet, const char *tag, unsigned expires_s);
/* Forgets the publication without a word to the server. */
void outlet_free(struct outlet **outlet);

/* One state among those that are told here: presence has one, device states have one for each
 * device, which replace each other. Lives as long as the outlet. */
struct outlet_item *outlet_item_new(struct outlet *outlet);
/* The newest state: body is copied. Nothing is sent if it was said before. is_closed: it says that
 * nobody is there. */
void outlet_say(struct outlet_item *item, const char *body, size_t len, bool is_closed);
/* The server may have forgotten everything: all is said again, after delay_ms. */
void outlet_say_again(struct outlet *outlet, unsigned delay_ms);
/* Refreshes now, to see whether the server still knows it. False: there is nothing to refresh. */
bool outlet_try(struct outlet *outlet);
/* That nobody is there, if it is still to be said, then Expires 0, then gone(). Nothing is said any
 * more unless outlet_say() comes again. A server that is away is waited for, if the bridge does not
 * stop. */
void outlet_withdraw(struct outlet *outlet);
/* Its server is down: waits until outlet_say_again(). One that is being withdrawn while the bridge
 * stops is gone. */
void outlet_peer_down(struct outlet *outlet);

struct peer_watch *outlet_hop(const struct outlet *outlet);
/* Withdrawn, and not gone yet. */
bool outlet_is_leaving(const struct outlet *outlet);
/* True if the server has something of us. */
bool outlet_is_live(const struct outlet *outlet);
