/* A running SIP side on loopback; see rig.h. */
#include "wire/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "loop/loop.h"
#include "model/profile.h"

enum { T1_MS = 30 };

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "rig: %s\n", what);
	abort();
}

static const struct profile *profile_of(const struct rig_options *options)
{
	const struct profile *profile =
		profile_find(options->profile != NULL ? options->profile : "generic");

	must(profile != NULL, "no such profile");
	return profile;
}

static void make_map(struct rig *rig, const struct rig_options *options)
{
	const struct profile *profile = profile_of(options);
	const struct map_domain domains[] = {
		{.xmpp = "sip.chat.example",
		 .sip = "pbx.example",
		 .case_rule = profile->folds_case ? CASE_FOLD : CASE_EXACT,
		 .is_asterisk = strcmp(profile->name, "asterisk") == 0},
		{.xmpp = "other.chat.example", .sip = "other.example"},
	};
	static const char *const xmpp_domains[] = {"chat.example"};
	char error[256];
	struct address_map_params params = {
		.domains = domains,
		.domain_count = 2,
		.xmpp_domains = xmpp_domains,
		.xmpp_domain_count = 1,
		.users = options->users,
		.user_count = options->user_count,
	};

	must(address_map_new(&rig->map, &params, error, sizeof error) == 0, error);
}

static void fill_params(struct rig *rig, const struct rig_options *options)
{
	const char *host = options->listen_host != NULL ? options->listen_host : "127.0.0.1";
	const struct profile *profile = profile_of(options);

	snprintf(rig->listen[0], sizeof rig->listen[0], "sip:%s:%u;transport=udp", host, rig->port);
	snprintf(rig->listen[1], sizeof rig->listen[1], "sip:%s:%u;transport=tcp", host, rig->port);
	rig->listens[0] = rig->listen[0];
	rig->listens[1] = rig->listen[1];
	snprintf(rig->proxy, sizeof rig->proxy, "sip:127.0.0.1:%u;transport=%s",
		 text_peer_port(rig->peer), options->proxy_is_tcp ? "tcp" : "udp");
	rig->peers[0] = (struct sip_peer){.domain = "pbx.example",
					  .proxy = options->has_no_proxy ? NULL : rig->proxy,
					  .profile = *profile};
	rig->peers[1] = (struct sip_peer){
		.domain = "other.example", .proxy = "sip:192.0.2.77", .profile = *profile};
	for (size_t i = 0; i < sizeof rig->key; i++)
		rig->key[i] = (unsigned char)i;
	rig->params = (struct sip_side_params){
		.loop = rig->loop,
		.bridge = rig->bridge,
		.map = rig->map,
		.limits = &rig->limits,
		.counters = &rig->counters,
		.key = rig->key,
		.listen = rig->listens,
		.listen_count = 2,
		.advertise = options->advertise,
		.trusted = options->trusted,
		.trusted_count = options->trusted_count,
		.peers = rig->peers,
		.peer_count = 2,
		.lists = options->lists,
		.list_count = options->list_count,
		.users = options->users,
		.user_count = options->user_count,
		.user_agent = "sipxmppd/test",
		.refresh_s = 3600,
		.timer_t1_ms = options->t1_ms != 0 ? options->t1_ms : T1_MS,
		.peer_quiet_ms = options->peer_quiet_ms,
	};
}

struct rig *rig_new(const struct rig_options *options)
{
	static const struct rig_options usual;
	struct rig *rig = mem_zalloc(sizeof *rig);
	char error[256] = "";

	if (options == NULL)
		options = &usual;
	if (getenv("WIRE_DEBUG") != NULL) {
		log_open(LOG_TARGET_STDERR, LOG_LEVEL_DEBUG, "daemon");
		log_set_level(LOG_LEVEL_DEBUG);
	} else {
		log_open(LOG_TARGET_STDERR, LOG_LEVEL_ERR, "daemon");
	}
	must(loop_new(&rig->loop) == 0, "no loop");
	rig->bridge = fake_bridge_new(rig->loop);
	rig->port = text_peer_free_port();
	rig->peer = text_peer_new(rig->loop, rig->port);
	limits_defaults(&rig->limits);
	/* One user says all there is to say. */
	rig->limits.messages_per_user_per_s = 1000;
	rig->limits.messages_per_user_burst = 1000;
	if (options->limits != NULL)
		options->limits(&rig->limits);
	make_map(rig, options);
	fill_params(rig, options);
	if (options->keeps) {
		rig->disk = disk_new(rig->loop);
		rig->params.dialogs = &rig->disk->keeper;
	}
	if (options->tune != NULL)
		options->tune(rig);
	must(sip_side_new(&rig->side, &rig->params, error, sizeof error) == 0, error);
	return rig;
}

void rig_kill(struct rig *rig)
{
	sip_side_free(&rig->side);
	disk_crash(rig->disk);
}

void rig_start(struct rig *rig, bool clock_is_wrong)
{
	char error[256] = "";

	must(sip_side_new(&rig->side, &rig->params, error, sizeof error) == 0, error);
	disk_restore(rig->disk, rig->side, clock_is_wrong, clock_is_wrong);
}

void rig_free(struct rig **rig)
{
	struct rig *self = *rig;

	sip_side_free(&self->side);
	disk_free(&self->disk);
	text_peer_free(&self->peer);
	address_map_free(&self->map);
	fake_bridge_free(&self->bridge);
	loop_free(&self->loop);
	mem_free(self);
	*rig = NULL;
}

char *rig_text(struct rig *rig, enum sip_way way, const struct rig_request *request)
{
	const char *uri = request->uri != NULL ? request->uri : "sip:juliet@chat.example";
	const char *body = request->body != NULL ? request->body : "";
	char branch[40], call_id[40];
	struct buf out = BUF_INIT;

	strcpy(branch, "z9hG4bK");
	random_hex(branch + 7, 8);
	random_hex(call_id, 8);
	buf_printf(&out, "%s %s SIP/2.0\r\n", request->method, uri);
	buf_printf(&out, "Via: SIP/2.0/%s 127.0.0.1:%u;branch=%s;rport\r\n",
		   way == SIP_WAY_UDP ? "UDP" : "TCP",
		   way == SIP_WAY_UDP ? text_peer_port(rig->peer) : text_peer_tcp_port(rig->peer),
		   request->branch != NULL ? request->branch : branch);
	if (!request->has_no_hops)
		buf_puts(&out, "Max-Forwards: 70\r\n");
	buf_printf(&out, "From: %s;tag=%s\r\n",
		   request->from != NULL ? request->from : "<sip:1001@pbx.example>",
		   request->from_tag != NULL ? request->from_tag : "ft");
	buf_printf(&out, "To: %s%s%s\r\n",
		   request->to != NULL ? request->to : "<sip:juliet@chat.example>",
		   request->to_tag != NULL ? ";tag=" : "",
		   request->to_tag != NULL ? request->to_tag : "");
	buf_printf(&out, "Call-ID: %s\r\nCSeq: %u %s\r\n",
		   request->call_id != NULL ? request->call_id : call_id,
		   request->cseq != 0 ? request->cseq : 1, request->method);
	if (request->headers != NULL)
		buf_puts(&out, request->headers);
	if (request->body != NULL)
		buf_printf(&out, "Content-Type: %s\r\n",
			   request->type != NULL ? request->type : "text/plain");
	buf_printf(&out, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
	return buf_take(&out);
}

void rig_send(struct rig *rig, enum sip_way way, const struct rig_request *request)
{
	char *text = rig_text(rig, way, request);

	text_peer_send(rig->peer, way, text);
	mem_free(text);
}

void rig_expect_line(struct rig *rig, const char *needle)
{
	char *line = fake_bridge_expect(rig->bridge, needle);

	if (line == NULL)
		fail_msg("the core never heard: %s; but: %s", needle,
			 rig->bridge->count != 0 ? rig->bridge->lines[0] : "nothing");
	mem_free(line);
}
