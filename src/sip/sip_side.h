/* The SIP side: everything that speaks to PBXs and SIP servers (Sofia-SIP, nta). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/side.h"
#include "model/profile.h"
#include "sip/report.h"

struct address_map;
struct dialog_row;
struct bridge;
struct buf;
struct counters;
struct limits;
struct load;
struct loop;
struct map_user;
struct sip_side;

/* Digest credentials of ours (SEC-014, SEC-015). Borrowed; never logged. */
struct sip_credentials {
	const char *username; /* NULL: none */
	const char *password;
	const char *realm; /* the only one that is answered; NULL: that of the first challenge of
			    * the configured next hop */
};

/* One domains[] entry: a peer. */
struct sip_peer {
	const char *domain;     /* SIP domain it may assert (SEC-003) */
	const char *proxy;      /* next hop URI, or NULL: sip.proxy, or else RFC 3263 */
	const char *list;       /* URI of a list of its users (RFC 4662), or NULL */
	const char *publish_to; /* URI that device states are published at, or NULL: sip:sipxmppd@
				 * and the domain (PUBLISH_AS_DEVICESTATE) */
	const char *user_agent; /* instead of params.user_agent and the profile's suffix, or NULL */
	struct sip_credentials credentials; /* username NULL: those of params */
	const char *tls_name; /* name in its certificate (RFC 5922), or NULL: domain */
	struct profile profile;
};

/* A publication as it is kept over a restart. Borrowed for the call. */
struct kept_publication {
	const struct address *user;
	uint64_t id; /* with user: which one */
	bool is_dialog;
	const char *tag;
	const char
		*before; /* the tag before it, whose change may not have been answered, or NULL */
	const char *source; /* host that published it */
	const char *type;   /* of the body, or NULL */
	const char *language;
	const char *body; /* NULL: the one that was kept last is still it */
	size_t body_len;
	int64_t expires_s; /* wall clock */
	/* It counts only when its publisher speaks of it again (D-49); of one to be restored also
	 * because the process was away so long. */
	bool is_doubtful;
};

/* Who keeps publications; the calls return at once. done (may be NULL) comes as that of a
 * dialog_keeper. */
typedef void publication_kept_fn(int error, void *arg);
struct publication_keeper {
	void (*put)(const struct kept_publication *kept, publication_kept_fn *done, void *done_arg,
		    void *arg);
	void (*drop)(const struct address *user, uint64_t id, publication_kept_fn *done,
		     void *done_arg, void *arg);
	void *arg;
};

/* Who keeps what was answered lately (D-38, REL-005); the call returns at once. */
struct print_keeper {
	void (*put)(uint64_t print, int status, void *arg);
	void *arg;
};

/* Who keeps dialogs (REL-013). The row is copied; done (may be NULL) comes once, later, from the
 * loop, in the order of the calls: 0 when it is on disk, else an errno value; what is owed when the
 * SIP side is freed comes after that with ESHUTDOWN. */
typedef void dialog_kept_fn(int error, int64_t id, void *arg);
struct dialog_keeper {
	void (*put)(const struct dialog_row *row, dialog_kept_fn *done, void *done_arg, void *arg);
	void (*drop)(int64_t id, void *arg);
	void *arg;
};

/* A SIP user who may prove who he is (SEC-010 to SEC-013). */
struct sip_login {
	const char *user;       /* digest username */
	const char *realm;      /* SIP domain (domains[].sip) that he belongs to */
	const char *ha1_md5;    /* 32 hex digits, or NULL */
	const char *ha1_sha256; /* 64 hex digits, or NULL */
};

/* Who shows us a certificate (SEC-104). */
enum sip_tls_clients {
	SIP_TLS_ASK, /* who has one shows it, and it must be good; the others count as over TCP */
	SIP_TLS_DEMAND, /* nobody connects without one that names a peer */
	SIP_TLS_NONE    /* nobody is asked */
};

/* TLS of the SIP side (SEC-100 to SEC-104). */
struct sip_tls {
	const char *certificate; /* PEM, with its chain; NULL: no TLS */
	const char *key;         /* PEM */
	const char *ca;          /* PEM of those who are believed; NULL: those of the system */
	bool verify;             /* default: true */
	enum sip_tls_clients clients;
};

/* Chat users under one SIP address (RFC 4662). */
struct sip_list {
	const char *uri;
	const char *const *members; /* JIDs or SIP URIs */
	size_t member_count;
};

/* Everything is borrowed until sip_side_free, strings included. */
struct sip_side_params {
	struct loop *loop;
	struct bridge *bridge;
	struct address_map *map;
	const struct limits *limits;
	struct counters *counters;
	const unsigned char *key; /* installation key */
	const char *const
		*listen; /* "sip:HOST:PORT;transport=udp|tcp|tls"; HOST "*" is every address */
	size_t listen_count;
	const char *advertise; /* host[:port] in Contact and Via, or NULL */
	const char *proxy;     /* next hop for all, or NULL */
	const char *const
		*trusted; /* addresses, networks a.b.c.d/n, or names; NULL: D-52 default */
	size_t trusted_count;
	const struct sip_peer *peers;
	size_t peer_count;
	const struct sip_list *lists;
	size_t list_count;
	const struct map_user *users; /* whose state is published where a peer wants it */
	size_t user_count;
	const struct publication_keeper *keeper; /* or NULL: they do not outlive the process */
	const struct print_keeper *prints;       /* or NULL */
	const struct dialog_keeper *dialogs;     /* or NULL: they end with the process */
	struct sip_credentials credentials;
	const struct sip_login *logins; /* who is asked for digest; none: strangers are refused */
	size_t login_count;
	bool allow_md5; /* digest with MD5, where nothing better is offered (SEC-011, SEC-015) */
	struct sip_tls tls;
	struct load *load; /* or NULL: always normal */
	/* sip.options_follow_link (D-50): OPTIONS is answered 503 while this is false. NULL: it is
	 * always answered. */
	bool (*is_linked)(void *arg);
	void *linked_arg;
	const char *language;   /* of our own words in documents; NULL: en */
	const char *user_agent; /* "sipxmppd/VERSION" */
	bool tells_voicemail;   /* extensions.h, of users[].extension */
	bool tells_missed_calls;
	int refresh_s;     /* Expires asked for: 3600 */
	int settle_ms;     /* a phone's state is told when it lasts so long (D-27): 1,000 */
	int hold_ms;       /* 0: 30 s; what a source told is true for so long without it (D-26) */
	int timer_t1_ms;   /* 500; tests make it shorter */
	int peer_quiet_ms; /* 0: 30 s (D-26); tests make it shorter, and the times with it */
	int give_up_ms;    /* 0: 40 s; after so long a server has given up what it could not tell
			    * us, and the subscription with it (RFC 6665 section 4.2.2) */
	const char *resolv_conf; /* names the DNS servers; NULL: /etc/resolv.conf */
	const char *hosts;       /* names that are not asked for in the DNS; NULL: /etc/hosts */
	int ttl_least_ms;        /* 0: 10 s, however short the DNS says; tests make it shorter */
	int first_look_ms;       /* sip_side_new() waits so long for names of proxies; 0: not */
};

/* Reads the files of TLS again, for connections from now on (SEC-103). Returns 0, or EINVAL with a
 * sentence: the old ones stay. */
int sip_side_reload_tls(struct sip_side *side, const struct sip_tls *tls, char *error,
			size_t error_len);
/* Opens the listeners. Returns 0, or an errno value with a sentence in error: EADDRINUSE when a
 * port is taken (the daemon exits 75), EINVAL a URI that cannot be used. */
int sip_side_new(struct sip_side **out, const struct sip_side_params *params, char *error,
		 size_t error_len);
const struct side_ops *sip_side_ops(void);
/* Stops accepting (503) and waits for what is in flight, final NOTIFYs above all; done(arg) once,
 * after at most 10 s. Without tell nobody hears of it: dialogs that are kept go on after the next
 * start (D-48). */
void sip_side_stop(struct sip_side *side, bool tell, void (*done)(void *arg), void *arg);
void sip_side_free(struct sip_side **side);

/* A dialog that was kept; before the loop runs, those that end soonest first. is_doubtful: the
 * process was away so long (or, REL-031, the clock is so wrong) that only what is heard again
 * counts (D-49). row->expires_s is not believed if clock_is_wrong: then it is due at once. The row
 * of a dialog that cannot be used any more is dropped. */
void sip_side_restore_dialog(struct sip_side *side, const struct dialog_row *row, bool is_doubtful,
			     bool clock_is_wrong);
/* All were given: what was restored goes on, paced (REL-014, D-49). */
void sip_side_restored(struct sip_side *side);
/* A publication that was kept; before the loop runs. */
void sip_side_restore(struct sip_side *side, const struct kept_publication *kept);
/* A fingerprint that was kept, age_ms old; before the loop runs. */
void sip_side_restore_print(struct sip_side *side, uint64_t print, int status, int64_t age_ms);
/* A text from SIP that is in the queue, accepted age_ms ago: its row stands for its fingerprint,
 * which a crash may have left unwritten (REL-005). uid as it was given to the core. */
void sip_side_restore_queued(struct sip_side *side, const char *uid, int64_t age_ms);
/* After bridge_set_access(). */
void sip_side_access_changed(struct sip_side *side);
/* Other logins from now on; copied. The subscriptions of those who are in no more end. */
void sip_side_set_logins(struct sip_side *side, const struct sip_login *logins, size_t count);
/* Whether the bridge as a whole accepts work: false answers new requests 503 (D-50, D-36). */
void sip_side_accept(struct sip_side *side, bool may);
/* For sipxmppctl: who says what of a SIP user, and each SIP domain (report.h). */
void sip_side_sources(const struct sip_side *side, const struct address *watched,
		      source_report_fn *each, void *arg);
void sip_side_peers(const struct sip_side *side, peer_report_fn *each, void *arg);
/* For the levels of load: how full its UDP sockets are (intake.h), and how many of the requests
 * that it may hold it holds, both per mille. */
unsigned sip_side_intake(struct sip_side *side);
unsigned sip_side_open(const struct sip_side *side);
/* For sipxmppctl: one line a fact ("dialogs 12"), appended. */
void sip_side_status(const struct sip_side *side, struct buf *out);
