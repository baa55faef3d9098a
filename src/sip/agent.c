/* The edge under Sofia; see agent.h. */
#include "sip/agent.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NTA_AGENT_MAGIC_T struct agent
#include <sofia-sip/su_wait.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/nta.h>
#include <sofia-sip/nta_tag.h>
#include <sofia-sip/nta_stateless.h>
#include <sofia-sip/nta_tport.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/sip_tag.h>
#include <sofia-sip/tport.h>
#include <sofia-sip/tport_tag.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "sip/connection_valve.h"
#include "sip/connections.h"
#include "sip/intake.h"
#include "sip/library_log.h"
#include "sip/listeners.h"
#include "sip/secure.h"
#include "sip/sip_side.h"
#include "sip/silent_stun.h"
#include "sip/way_out.h"

enum {
	AGENT_MAX_BYTES = 256 * 1024, /* D-57; the smaller limit is checked by admission */
	AGENT_INSTANCE_CHARS = 12
};

struct agent {
	const struct sip_side_params *params;
	nta_agent_t *nta;
	agent_request_fn *fn;
	void *arg;
	uint8_t tag_key[HASH_KEY_BYTES];
	char instance[HASH_HEX_CHARS + 1];
	struct listeners *listeners;
	struct connections *connections;
	struct connection_valve *valve;
	struct secure *secure; /* NULL: no TLS */
	struct intake *intake;
};

struct nta_agent_s *agent_nta(struct agent *agent)
{
	return agent->nta;
}

const struct sip_side_params *agent_params(const struct agent *agent)
{
	return agent->params;
}

const char *agent_instance(const struct agent *agent)
{
	return agent->instance;
}

/* Requests ----------------------------------------------------------------------------------- */

/* The same request always gets the same tag, so a refusal needs no memory (SIP-062), and a repeated
 * SUBSCRIBE finds the dialog of the first. The branch is left out: SIP-021. */
static void make_tag(const struct agent *agent, struct request *request)
{
	const sip_t *sip = request->sip;
	struct buf text = BUF_INIT;

	buf_puts(&text, sip->sip_call_id->i_id);
	buf_putc(&text, '\0');
	buf_puts(&text, sip->sip_from->a_tag != NULL ? sip->sip_from->a_tag : "");
	buf_putc(&text, '\0');
	buf_append(&text, &sip->sip_cseq->cs_seq, sizeof sip->sip_cseq->cs_seq);
	buf_puts(&text, sip->sip_cseq->cs_method_name);
	hash_hex(agent->tag_key, buf_text(&text), text.len, request->tag);
	buf_free(&text);
}

/* Over a restart, too: a SUBSCRIBE whose answer a crash swallowed finds its dialog (REL-005). */
static void make_tag_key(struct agent *agent)
{
	const uint64_t halves[] = {hash_bytes(agent->params->key, "tag 1", 5),
				   hash_bytes(agent->params->key, "tag 2", 5)};

	_Static_assert(sizeof halves == sizeof agent->tag_key, "a key of two hashes");
	memcpy(agent->tag_key, halves, sizeof halves);
}

/* Sofia counts a body that came in more than one piece twice, and one byte more. Where that cannot
 * be told from long headers the message is small. */
static size_t size_of(const msg_t *msg, const sip_t *sip, bool is_udp)
{
	size_t size = (size_t)msg_size(msg);
	size_t body = sip->sip_payload != NULL ? sip->sip_payload->pl_len : 0;

	return is_udp || size <= 2 * body ? size : size - body - (body != 0);
}

/* Whom a certificate names is a part of where a request comes from (SEC-104). */
static void take_connection(struct request *request)
{
	const struct connection *connection = connections_find(request->tport);

	request->is_tls = tport_has_tls(request->tport) != 0;
	if (connection != NULL)
		request->source.certificate = connection->far.certificate;
}

static int on_message(struct agent *agent, nta_agent_t *nta, msg_t *msg, sip_t *sip)
{
	struct request request = {.msg = msg, .sip = sip};

	if (sip == NULL || sip->sip_request == NULL) {
		nta_msg_discard(nta, msg); /* SIP-037: an answer to nothing of ours */
		return 0;
	}
	request.tport = nta_incoming_transport(nta, NULL, msg);
	tport_unref(request.tport); /* stays while the callback runs */
	request.is_udp = tport_is_udp(request.tport);
	request.size = size_of(msg, sip, request.is_udp);
	net_address_from_sockaddr(&request.source, (const struct sockaddr *)msg_addr(msg));
	if (!request.is_udp)
		take_connection(&request);
	if (request.is_udp && sip->sip_via->v_maddr != NULL) /* SEC-024: only to the source */
		msg_header_remove_param(sip->sip_via->v_common, "maddr");
	make_tag(agent, &request);
	agent->fn(&request, agent->arg);
	return 0;
}

static int reply(struct agent *agent, struct request *request, int status, const char *phrase,
		 const char *headers, bool close)
{
	msg_t *msg = nta_msg_create(agent->nta, 0);
	sip_t *sip = sip_object(msg);

	if (request->sip->sip_to->a_tag == NULL && status > 100) { /* SIP-022 */
		sip_to_t *to = sip_to_dup(msg_home(msg), request->sip->sip_to);

		sip_to_tag(msg_home(msg), to, request->tag);
		msg_header_insert(msg, (msg_pub_t *)sip, (msg_header_t *)to);
	}
	if (phrase == NULL)
		phrase = sip_status_phrase(status);
	return nta_msg_mreply(agent->nta, msg, sip, status, phrase != NULL ? phrase : "",
			      msg_ref(request->msg), NTATAG_TPORT(request->tport),
			      TAG_IF(headers != NULL, SIPTAG_HEADER_STR(headers)),
			      TAG_IF(close, TPTAG_SDWN_AFTER(1)), TAG_END());
}

/* An answer whose headers cannot be written is still an answer. */
static void answer(struct agent *agent, struct request *request, int status, const char *phrase,
		   const char *headers, bool close)
{
	if (reply(agent, request, status, phrase, headers, close) != 0 && headers != NULL)
		(void)reply(agent, request, status, phrase, NULL, close);
}

void agent_drop(struct agent *agent, struct request *request)
{
	nta_msg_discard(agent->nta, request->msg);
	request->msg = NULL;
	if (!request->is_held)
		return;
	tport_unref(request->tport);
	mem_free(request->login);
	mem_free(request);
}

void agent_answer(struct agent *agent, struct request *request, int status, const char *phrase,
		  const char *headers)
{
	answer(agent, request, status, phrase, headers, false);
	agent_drop(agent, request);
}

void agent_answer_close(struct agent *agent, struct request *request, int status,
			const char *phrase)
{
	answer(agent, request, status, phrase, NULL, !request->is_udp);
	agent_drop(agent, request);
}

void agent_provisional(struct agent *agent, struct request *request)
{
	answer(agent, request, 100, NULL, NULL, false);
}

struct request *agent_hold(struct request *request)
{
	struct request *held = mem_alloc(sizeof *held);

	*held = *request;
	held->is_held = true;
	held->tport = tport_ref(request->tport);
	held->login = mem_strdup_or_null(request->login);
	request->msg = NULL;
	return held;
}

/* As it will be written: received and rport were put into Via after it had been read. */
static size_t line_len(const void *header)
{
	char line[4096];
	issize_t len;

	if (header == NULL)
		return 0;
	len = sip_header_e(line, sizeof line, header, 0);
	return len < 0 ? sizeof line : (size_t)len;
}

size_t agent_answer_size(const struct request *request, const char *phrase)
{
	const sip_t *sip = request->sip;
	size_t size = strlen("SIP/2.0 403 \r\n") + strlen(phrase) +
		      strlen("Content-Length: 0\r\n\r\n") + strlen(";tag=") + REQUEST_TAG_CHARS;

	for (const sip_via_t *via = sip->sip_via; via != NULL; via = via->v_next)
		size += line_len(via);
	for (const sip_record_route_t *r = sip->sip_record_route; r != NULL; r = r->r_next)
		size += line_len(r);
	return size + line_len(sip->sip_from) + line_len(sip->sip_to) + line_len(sip->sip_call_id) +
	       line_len(sip->sip_cseq);
}

/* Start -------------------------------------------------------------------------------------- */

/* The clock of retransmissions is params->timer_t1_ms; the rest keeps the proportions of RFC 3261.
 */
static nta_agent_t *make_nta(struct agent *agent)
{
	unsigned t1 = (unsigned)(agent->params->timer_t1_ms > 0 ? agent->params->timer_t1_ms : 500);

	return nta_agent_create(
		loop_root(agent->params->loop), (const url_string_t *)-1, on_message, agent,
		NTATAG_UA(0),                    /* SOF-002 */
		NTATAG_MAXSIZE(AGENT_MAX_BYTES), /* SOF-009 */
		NTATAG_BAD_REQ_MASK(sip_mask_request), NTATAG_CLIENT_RPORT(1),
		NTATAG_SERVER_RPORT(1), /* SIP-034, SIP-035 */
		NTATAG_SIP_T1(t1), NTATAG_SIP_T1X64(64 * t1), NTATAG_SIP_T2(8 * t1),
		NTATAG_SIP_T4(
			4 *
			t1), /* D-40: TCP is tried so long; and how long answered requests stay */
		NTATAG_UDP_MTU(1300),                     /* SIP-046 */
		NTATAG_GRAYLIST(30), NTATAG_BLACKLIST(0), /* SOF-023 */
		NTATAG_TIMEOUT_408(1), NTATAG_PASS_408(1), NTATAG_MERGE_482(0), NTATAG_USE_NAPTR(1),
		NTATAG_USE_SRV(1), TAG_END());
}

static int begin_connections(struct agent *agent, struct trust *trust, char *error,
			     size_t error_len)
{
	const struct sip_side_params *params = agent->params;
	const struct secure_params secure = {params->loop, params->counters, trust, &params->tls};
	struct connections_params connections = {.loop = params->loop,
						 .limits = params->limits,
						 .counters = params->counters,
						 .trust = trust};
	int result = 0;

	if (params->tls.certificate != NULL)
		result = secure_new(&agent->secure, &secure, error, error_len);
	connections.secure = agent->secure;
	agent->connections = connections_new(agent->nta, &connections);
	return result;
}

int agent_new(struct agent **out, const struct sip_side_params *params, struct trust *trust,
	      agent_request_fn *fn, void *arg, char *error, size_t error_len)
{
	struct agent *agent = mem_zalloc(sizeof *agent);
	int result = 0;

	library_log_redirect(); /* SOF-022 */
	silent_stun_start();    /* SOF-018 */
	way_out_hook();
	agent->params = params;
	agent->fn = fn;
	agent->arg = arg;
	agent->listeners = listeners_new(params);
	make_tag_key(agent);
	hash_hex(params->key, "instance", 8, agent->instance);
	agent->instance[AGENT_INSTANCE_CHARS] = '\0';
	agent->nta = make_nta(agent);
	if (agent->nta == NULL) {
		snprintf(error, error_len, "sip: cannot start the SIP library");
		agent_free(&agent);
		return ENOMEM;
	}
	result = begin_connections(agent, trust, error, error_len);
	for (size_t i = 0; i < params->listen_count && result == 0; i++)
		result = listeners_open(agent->listeners, agent->nta, params->listen[i],
					agent->secure != NULL, error, error_len);
	if (result != 0)
		agent_free(&agent);
	else
		*out = agent;
	if (result == 0)
		agent->valve = connection_valve_new(agent->nta, agent->connections, params);
	return result;
}

void agent_free(struct agent **agent)
{
	if (*agent == NULL)
		return;
	connection_valve_free(&(*agent)->valve);
	intake_free(&(*agent)->intake);
	connections_orphan((*agent)->connections);
	if ((*agent)->nta != NULL)
		nta_agent_destroy((*agent)->nta);
	connections_free(&(*agent)->connections);
	secure_free(&(*agent)->secure);
	listeners_free(&(*agent)->listeners);
	mem_free(*agent);
	*agent = NULL;
}

static struct intake *find_intake(const struct agent *agent)
{
	uint16_t ports[LISTENERS_MAX];
	size_t count = listeners_udp_ports(agent->listeners, ports);

	return intake_new(ports, count);
}

unsigned agent_intake(struct agent *agent)
{
	if (agent->intake == NULL)
		agent->intake = find_intake(agent);
	return intake_look(agent->intake);
}

void agent_contact(struct agent *agent, const struct net_address *toward, enum agent_way way,
		   const char *user, struct buf *out)
{
	listeners_contact(agent->listeners, toward, way, user, out);
}

bool agent_is_own(const struct agent *agent, const struct net_address *address)
{
	return listeners_are(agent->listeners, address);
}

unsigned agent_check_connections(struct agent *agent)
{
	return connection_valve_check(agent->valve);
}

void agent_prove(const struct request *request)
{
	if (!request->is_udp)
		connections_prove(request->tport);
}

bool agent_has_tls(const struct agent *agent)
{
	return agent->secure != NULL;
}

int agent_reload_tls(struct agent *agent, const struct sip_tls *tls, char *error, size_t error_len)
{
	if (agent->secure == NULL || tls->certificate == NULL)
		return 0;
	return secure_reload(agent->secure, tls, error, error_len);
}

unsigned agent_descriptors(const struct agent *agent)
{
	return connection_valve_level(agent->valve);
}

size_t agent_connections(const struct agent *agent, size_t *strangers)
{
	*strangers = connections_strangers(agent->connections);
	return connections_count(agent->connections);
}
