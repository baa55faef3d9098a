/* A running SIP side with a TLS listener, and a server of TLS as the proxy of pbx.example. */
#pragma once

#include "support/tls_files.h"
#include "support/tls_peer.h"
#include "wire/deliver.h"
#include "wire/rig.h"

struct tls_rig {
	struct rig *rig;
	struct tls_files *files;
	struct tls_peer *server; /* or NULL */
	uint16_t port;           /* of the TLS listener */
	char listen[64];
	const char *listens[3];
	char proxy[80];
	char other_proxy[80];
};

/* NULL and 0: the usual. */
struct tls_rig_options {
	const char *server;      /* its certificate, by name; NULL: there is none */
	int server_most_version; /* TLS1_1_VERSION, say */
	const char *proxy_host;  /* "127.0.0.1" */
	const char *tls_name;    /* of pbx.example */
	const char *other_name;  /* of other.example */
	bool is_shared;          /* other.example is at the same server, by another URI */
	bool has_no_verify;
	bool has_system_ca;
	enum sip_tls_clients clients;
	int t1_ms;
	bool is_public; /* nobody is trusted by address */
	void (*limits)(struct limits *limits);
};

/* files is borrowed; the bridge shows a certificate of bridge.example. */
struct tls_rig *tls_rig_new(struct tls_files *files, const struct tls_rig_options *options);
void tls_rig_free(struct tls_rig **rig);
/* A client of it with that certificate; NULL: none. */
struct tls_peer *tls_rig_client(struct tls_rig *rig, const char *certificate, int most_version);
/* Sends a request of rig_text() over TLS. */
void tls_rig_send(struct tls_rig *rig, struct tls_peer *client, const struct rig_request *request);
