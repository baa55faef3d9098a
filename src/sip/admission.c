/* What every request must pass; see admission.h. Each check answers and returns false, or returns
 * true; their order is that of SIP-015 with the cheap ones first. */
#include "sip/admission.h"

#include <string.h>
#include <strings.h>

#include <sofia-sip/msg_header.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/url.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/rate.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "model/limits.h"
#include "model/load.h"
#include "sip/agent.h"
#include "sip/authenticate.h"
#include "sip/repeats.h"
#include "sip/shape.h"
#include "sip/side_core.h"
#include "sip/sources.h"
#include "sip/trust.h"

enum { REFUSALS_PER_S = 1000 }; /* for load, over UDP */

struct admission {
	struct side_core *core;
	struct sources *sources;
	uint8_t key[HASH_KEY_BYTES];
	struct rate refusals;
};

typedef bool check_fn(struct admission *admission, struct request *request);

struct admission *admission_new(struct side_core *core)
{
	struct admission *admission = mem_zalloc(sizeof *admission);

	admission->core = core;
	random_bytes(admission->key, sizeof admission->key);
	rate_init(&admission->refusals, REFUSALS_PER_S / 2, loop_now(core->params->loop));
	admission->sources = sources_new(core->params);
	return admission;
}

void admission_free(struct admission **admission)
{
	if (*admission == NULL)
		return;
	sources_free(&(*admission)->sources);
	mem_free(*admission);
	*admission = NULL;
}

size_t admission_sources(const struct admission *admission)
{
	return sources_count(admission->sources);
}

static bool refuse(struct admission *admission, struct request *request, int status,
		   const char *phrase, const char *headers)
{
	admission->core->params->counters->sip_refused++;
	agent_answer(admission->core->agent, request, status, phrase, headers);
	return false;
}

static bool ignore(struct admission *admission, struct request *request)
{
	admission->core->params->counters->sip_refused++;
	agent_drop(admission->core->agent, request);
	return false;
}

static sip_method_t method_of(const struct request *request)
{
	return request->sip->sip_request->rq_method;
}

/* An ACK belongs to an INVITE we refused: it ends there. */
static bool check_ack(struct admission *admission, struct request *request)
{
	if (method_of(request) != sip_method_ack)
		return true;
	agent_drop(admission->core->agent, request);
	return false;
}

/* SEC-001, SEC-020: who is not trusted proves who he is, or gets one answer not larger than the
 * request, to its source, at a low rate; else nothing. */
static bool check_source(struct admission *admission, struct request *request)
{
	const struct side_core *core = admission->core;
	enum authenticate_verdict proof;

	if (trust_has(core->trust, &request->source, request->is_udp))
		return true;
	proof = authenticate_request(core->authenticate, request, admission->sources);
	if (proof != AUTHENTICATE_STRANGER)
		return proof == AUTHENTICATE_PASS;
	core->params->counters->sip_stranger++;
	enum source_verdict verdict = sources_stranger(admission->sources, &request->source);

	if (verdict != SOURCE_ANSWER ||
	    (request->is_udp && agent_answer_size(request, "Forbidden") > request->size))
		return ignore(admission, request);
	struct buf from = BUF_INIT;

	net_address_print(&request->source, &from);
	log_warning("admission: refused method=%s source=%s (not trusted; see sip.trusted)",
		    log_safe(request->sip->sip_request->rq_method_name), log_safe(from.data));
	buf_free(&from);
	return refuse(admission, request, 403, "Forbidden", NULL);
}

/* SEC-085, SEC-086. */
static bool check_shape(struct admission *admission, struct request *request)
{
	const char *why;
	int status = shape_check(request, admission->core->params->limits,
				 &admission->core->params->counters->limits, &why);
	bool is_over_limit = status != 0;

	if (status == 0)
		status = shape_check_headers(request, &why);
	if (status == 0)
		return true;
	admission->core->params->counters->sip_malformed++;
	admission->core->params->counters->sip_refused++;
	if (!trust_has(admission->core->trust, &request->source, request->is_udp)) {
		agent_drop(admission->core->agent, request);
		return false;
	}
	log_warning("admission: refused method=%s status=%d (%s)",
		    log_safe(request->sip->sip_request->rq_method_name), status, why);
	if (is_over_limit)
		agent_answer_close(admission->core->agent, request, status, why);
	else
		agent_answer(admission->core->agent, request, status, why, NULL);
	return false;
}

/* SIP-025: answered, changes nothing. */
static bool check_cancel(struct admission *admission, struct request *request)
{
	struct repeats *repeats = admission->core->repeats;

	if (method_of(request) != sip_method_cancel)
		return true;
	bool known = repeats_knows(repeats, repeats_key(repeats, request));

	agent_answer(admission->core->agent, request, known ? 200 : 481, NULL, NULL);
	return false;
}

static bool check_repeat(struct admission *admission, struct request *request)
{
	return !repeats_take(admission->core->repeats, request);
}

/* SIP-031, SEC-070: OPTIONS ends here and may be answered. */
static bool check_hops(struct admission *admission, struct request *request)
{
	const sip_max_forwards_t *left = request->sip->sip_max_forwards;

	if (left == NULL || left->mf_count != 0 || method_of(request) == sip_method_options)
		return true;
	return refuse(admission, request, 483, NULL, NULL);
}

/* SIP-032, SEC-071: our private header, or our instance in the branch of any Via. */
static bool check_loop(struct admission *admission, struct request *request)
{
	const char *instance = agent_instance(admission->core->agent);
	bool is_loop = false;

	for (const sip_via_t *via = request->sip->sip_via; via != NULL; via = via->v_next)
		if (via->v_branch != NULL && strncmp(via->v_branch, "z9hG4bK", 7) == 0 &&
		    strncmp(via->v_branch + 7, instance, strlen(instance)) == 0)
			is_loop = true;
	for (const sip_unknown_t *h = request->sip->sip_unknown; h != NULL; h = h->un_next)
		if (strcasecmp(h->un_name, side_core_loop_header) == 0 &&
		    strcmp(h->un_value, instance) == 0)
			is_loop = true;
	if (!is_loop)
		return true;
	log_warning("admission: refused method=%s (our own request came back)",
		    log_safe(request->sip->sip_request->rq_method_name));
	return refuse(admission, request, 482, NULL, NULL);
}

/* D-56: requests inside a dialog are never held against a rate. */
static bool check_rate(struct admission *admission, struct request *request)
{
	enum source_verdict verdict;

	if (request->sip->sip_to->a_tag != NULL)
		return true;
	verdict = sources_peer(admission->sources, &request->source,
			       trust_peer_of(admission->core->trust, &request->source));
	if (verdict == SOURCE_PASS)
		return true;
	admission->core->params->counters->limits.peer_requests_per_s++;
	if (verdict == SOURCE_SILENCE)
		return ignore(admission, request);
	admission->core->params->counters->sip_refused++;
	side_core_busy(admission->core, request, 503, NULL);
	return false;
}

/* SIP-016, D-46. */
static bool check_method(struct admission *admission, struct request *request)
{
	switch (method_of(request)) {
	case sip_method_options:
	case sip_method_message:
	case sip_method_subscribe:
	case sip_method_notify:
		return true;
	case sip_method_publish:
		return side_core_takes_publish(admission->core) ||
		       refuse(admission, request, 405, NULL, side_core_allow_line(admission->core));
	case sip_method_unknown:
		return refuse(admission, request, 501, NULL, side_core_allow_line(admission->core));
	default:
		return refuse(admission, request, 405, NULL, side_core_allow_line(admission->core));
	}
}

/* SIP-018, D-11 (im: and pres: are read like sip:). */
static bool check_scheme(struct admission *admission, struct request *request)
{
	switch (request->sip->sip_request->rq_url->url_type) {
	case url_sip:
	case url_sips: /* the address map knows where it is allowed */
	case url_im:
	case url_pres:
	case url_tel:
		return true;
	default:
		return refuse(admission, request, 416, NULL, NULL);
	}
}

/* RFC 4662, RFC 5367: what a SUBSCRIBE may require. */
static bool is_supported(const struct request *request, const char *extension)
{
	return method_of(request) == sip_method_subscribe &&
	       (strcasecmp(extension, "eventlist") == 0 ||
		strcasecmp(extension, "recipient-list-subscribe") == 0);
}

/* SIP-019, MSG-058: all else that is required is not supported. */
static bool check_required(struct admission *admission, struct request *request)
{
	const sip_require_t *require = request->sip->sip_require;
	struct buf header = BUF_INIT;
	size_t count = 0;

	if (require == NULL || require->k_items == NULL ||
	    method_of(request) == sip_method_notify) /* D-22 */
		return true;
	for (size_t i = 0; require->k_items[i] != NULL && count < 16; i++) {
		if (is_supported(request, require->k_items[i]))
			continue;
		buf_puts(&header, count == 0 ? "Unsupported: " : ", ");
		buf_puts(&header, require->k_items[i]);
		count++;
	}
	if (count == 0)
		return true;
	buf_puts(&header, "\r\n");
	refuse(admission, request, 420, NULL, header.data);
	buf_free(&header);
	return false;
}

static bool busy(struct admission *admission, struct request *request)
{
	admission->core->params->counters->sip_refused++;
	side_core_busy(admission->core, request, 503, NULL);
	return false;
}

/* D-36, D-50: new work only while it can be done; what lives goes on. */
static bool check_open(struct admission *admission, struct request *request)
{
	const struct side_core *core = admission->core;
	const struct sip_side_params *params = core->params;
	bool is_options = method_of(request) == sip_method_options;

	if (request->sip->sip_to->a_tag != NULL)
		return true;
	if (is_options && params->is_linked != NULL && !params->is_linked(params->linked_arg))
		return busy(admission, request);
	if (is_options ? !core->is_stopping : core->may_accept && !core->is_stopping)
		return true;
	return busy(admission, request);
}

/* A new publication, or the refresh, change or end of one. */
static bool is_new_publication(const struct request *request)
{
	return request->sip->sip_if_match == NULL;
}

/* What a request outside a dialog counts as (REL-042); false: it is never turned away. Typing and
 * receipts show only in the body: pager_in.c. */
static bool class_of(const struct request *request, enum load_class *class)
{
	const sip_expires_t *expires = request->sip->sip_expires;

	switch (method_of(request)) {
	case sip_method_options:
		*class = LOAD_OPTIONS;
		return true;
	case sip_method_message:
		*class = LOAD_MESSAGE;
		return true;
	case sip_method_subscribe:
		*class = expires != NULL && expires->ex_delta == 0 ? LOAD_POLL : LOAD_WATCH;
		return true;
	case sip_method_publish:
		*class = LOAD_PUBLICATION;
		return is_new_publication(request);
	default:
		return false;
	}
}

/* REL-047: who asks, as a number: one user of one source. */
static uint64_t who_asks(const struct admission *admission, const struct request *request)
{
	const url_t *url = request->sip->sip_from->a_url;
	struct buf text = BUF_INIT;
	uint64_t who;

	buf_append(&text, &request->source, sizeof request->source.bytes);
	buf_puts(&text, url->url_user != NULL ? url->url_user : "");
	buf_putc(&text, '@');
	buf_puts(&text, url->url_host != NULL ? url->url_host : "");
	who = hash_bytes(admission->key, text.data, text.len);
	buf_free(&text);
	return who;
}

/* An answer costs half of what the work costs: beyond so many a second it is the work that suffers
 * (REL-056). Datagrams come again; on a stream nothing does. */
static bool may_refuse(struct admission *admission, const struct request *request)
{
	return !request->is_udp ||
	       rate_take(&admission->refusals, REFUSALS_PER_S, REFUSALS_PER_S / 2,
			 loop_now(admission->core->params->loop));
}

/* REL-041, REL-042. */
static bool check_load(struct admission *admission, struct request *request)
{
	const struct sip_side_params *params = admission->core->params;
	enum load_class class;

	if (params->load == NULL || request->sip->sip_to->a_tag != NULL ||
	    !class_of(request, &class) ||
	    load_admits(params->load, class, who_asks(admission, request), loop_now(params->loop)))
		return true;
	return may_refuse(admission, request) ? busy(admission, request)
					      : ignore(admission, request);
}

bool admission_pass(struct admission *admission, struct request *request)
{
	static check_fn *const checks[] = {
		check_ack,      check_shape, check_source, check_cancel, check_repeat,
		check_hops,     check_loop,  check_method, check_rate,   check_scheme,
		check_required, check_open,  check_load,
	};

	admission->core->params->counters->sip_requests_in++;
	load_touch(admission->core->params->load);
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
		if (!checks[i](admission, request))
			return false;
	return true;
}
