/* A running SIP side with TLS; see tls_rig.h. */
#include "wire/tls_rig.h"

#include <stdio.h>
#include <string.h>

#include "support/check.h"

#include "base/mem.h"

static const char *const nobody[] = {"192.0.2.1"};

/* For tune(), which gets no more than the rig. */
static struct tls_rig *made;
static const struct tls_rig_options *wanted;

static void add_server(struct tls_rig *self)
{
	struct tls_peer_params params = {.loop = self->rig->loop,
					 .certificate =
						 tls_files_certificate(self->files, wanted->server),
					 .key = tls_files_key(self->files, wanted->server),
					 .most_version = wanted->server_most_version};

	self->server = tls_peer_listen(&params);
	snprintf(self->proxy, sizeof self->proxy, "sip:%s:%u;transport=tls",
		 wanted->proxy_host != NULL ? wanted->proxy_host : "127.0.0.1",
		 tls_peer_port(self->server));
	self->rig->peers[0].proxy = self->proxy;
	if (!wanted->is_shared)
		return;
	snprintf(self->other_proxy, sizeof self->other_proxy, "sip:localhost:%u;transport=tls",
		 tls_peer_port(self->server));
	self->rig->peers[1].proxy = self->other_proxy;
}

static void tune(struct rig *rig)
{
	struct tls_rig *self = made;

	self->rig = rig;
	self->port = text_peer_free_port();
	snprintf(self->listen, sizeof self->listen, "sip:127.0.0.1:%u;transport=tls", self->port);
	self->listens[0] = rig->listens[0];
	self->listens[1] = rig->listens[1];
	self->listens[2] = self->listen;
	rig->params.listen = self->listens;
	rig->params.listen_count = 3;
	rig->params.tls =
		(struct sip_tls){.certificate = tls_files_certificate(self->files, "bridge"),
				 .key = tls_files_key(self->files, "bridge"),
				 .ca = wanted->has_system_ca ? NULL : tls_files_ca(self->files, 0),
				 .verify = !wanted->has_no_verify,
				 .clients = wanted->clients};
	rig->peers[0].tls_name = wanted->tls_name;
	rig->peers[1].tls_name = wanted->other_name;
	if (wanted->server != NULL)
		add_server(self);
}

struct tls_rig *tls_rig_new(struct tls_files *files, const struct tls_rig_options *options)
{
	static const struct tls_rig_options usual;
	struct tls_rig *self = mem_zalloc(sizeof *self);

	wanted = options != NULL ? options : &usual;
	made = self;
	self->files = files;
	tls_files_make(files, "bridge", &(struct tls_spec){.names = "DNS:bridge.example"});
	(void)rig_new(
		&(struct rig_options){.t1_ms = wanted->t1_ms != 0 ? wanted->t1_ms : PATIENT_MS,
				      .trusted = wanted->is_public ? nobody : NULL,
				      .trusted_count = wanted->is_public,
				      .limits = wanted->limits,
				      .tune = tune});
	return self;
}

void tls_rig_free(struct tls_rig **rig)
{
	struct tls_rig *self = *rig;

	if (self->server != NULL)
		tls_peer_free(&self->server);
	rig_free(&self->rig);
	mem_free(self);
	*rig = NULL;
}

struct tls_peer *tls_rig_client(struct tls_rig *rig, const char *certificate, int most_version)
{
	struct tls_peer_params params = {.loop = rig->rig->loop,
					 .ca = tls_files_ca(rig->files, 0),
					 .most_version = most_version};

	if (certificate != NULL) {
		params.certificate = tls_files_certificate(rig->files, certificate);
		params.key = tls_files_key(rig->files, certificate);
	}
	return tls_peer_connect(&params, rig->port);
}

void tls_rig_send(struct tls_rig *rig, struct tls_peer *client, const struct rig_request *request)
{
	char *text = rig_text(rig->rig, SIP_WAY_TCP, request);
	char *via = strstr(text, "SIP/2.0/TCP");

	memcpy(via, "SIP/2.0/TLS", 11);
	tls_peer_send(client, text, strlen(text));
	mem_free(text);
}
