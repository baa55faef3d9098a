/* Where the servers of a next hop are; see locate.h. Each phase asks all its questions at once and
 * ends when all are answered:
 *
 *   NAPTR --> SRV of each service --> A and AAAA of each server
 *        \--> (nothing found) -------> A and AAAA of the host itself
 */
#include "sip/locate.h"

#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <netinet/in.h>

#include <sofia-sip/su_wait.h>
#include <sofia-sip/sresolv.h>

#include "base/mem.h"
#include "base/random.h"
#include "loop/loop.h"
#include "sip/locate_dns.h"
#include "sip/locate_hosts.h"

enum { HOSTS_MAX = LOCATE_RECORDS_MAX, ADDRESSES_MAX = 8, QUESTIONS_MAX = 2 * HOSTS_MAX };

/* A server and what is known of its addresses. */
struct host {
	char name[LOCATE_NAME_MAX + 1];
	struct net_address addresses[2 * ADDRESSES_MAX]; /* IPv4, then IPv6 */
	size_t count4;
	size_t count6;
};

struct question {
	struct locate *locate;
	struct dns_question *dns; /* NULL: not asked, or answered */
	size_t place;             /* of the step or the host */
};

struct locate {
	struct loop *loop;
	struct dns *dns;
	struct uri_parts uri;
	struct locate_means means;
	locate_fn *fn;
	void *arg;
	struct locate_plan plan;
	struct question questions[QUESTIONS_MAX];
	size_t question_count;
	size_t open;
	struct locate_srv servers[LOCATE_RECORDS_MAX]; /* in the order in which they are tried */
	size_t server_count;
	bool has_srv; /* some SRV record was there, if only to say that there is no service */
	struct locate_srv by_step[LOCATE_STEPS_MAX][LOCATE_RECORDS_MAX];
	size_t by_step_count[LOCATE_STEPS_MAX];
	struct host hosts[HOSTS_MAX];
	size_t host_count;
	uint32_t ttl_s;
	bool is_lost;
};

/* Questions ------------------------------------------------------------------------------------ */

static void ask(struct locate *locate, enum dns_type type, const char *name, size_t place,
		dns_fn *fn)
{
	struct question *question = &locate->questions[locate->question_count++];

	question->locate = locate;
	question->place = place;
	locate->open++;
	question->dns = dns_ask(locate->dns, type, name, locate, fn, question);
}

/* True when all were answered. */
static bool answered(struct question *question, enum dns_result result)
{
	struct locate *locate = question->locate;

	question->dns = NULL;
	locate->is_lost |= result == DNS_LOST;
	return --locate->open == 0;
}

static bool take_ttl(struct locate *locate, const sres_record_t *record, uint16_t type)
{
	if (record->sr_record->r_status != 0 || record->sr_record->r_type != type)
		return false;
	if (record->sr_record->r_ttl < locate->ttl_s)
		locate->ttl_s = record->sr_record->r_ttl;
	return true;
}

/* The end -------------------------------------------------------------------------------------- */

static void put_target(struct located *out, const struct net_address *address, uint16_t port,
		       enum locate_transport transport)
{
	struct located_target target = {*address, transport};

	target.address.port = port;
	if (net_address_is_unusable(address)) /* SEC-021 */
		return;
	for (size_t i = 0; i < out->count; i++)
		if (out->targets[i].transport == transport &&
		    out->targets[i].address.port == port &&
		    net_address_same_host(&out->targets[i].address, address))
			return;
	if (out->count < LOCATE_TARGETS_MAX)
		out->targets[out->count++] = target;
}

/* SIP-090: all addresses of a server, before the next one. */
static void put_server(const struct locate *locate, const struct locate_srv *server,
		       struct located *out)
{
	for (size_t i = 0; i < locate->host_count; i++) {
		const struct host *host = &locate->hosts[i];

		if (strcasecmp(host->name, server->target) != 0)
			continue;
		for (size_t k = 0; k < host->count4; k++)
			put_target(out, &host->addresses[k], server->port, server->transport);
		for (size_t k = 0; k < host->count6; k++)
			put_target(out, &host->addresses[ADDRESSES_MAX + k], server->port,
				   server->transport);
	}
}

static void finish(struct locate *locate)
{
	struct located found = {.ttl_s = locate->ttl_s, .is_lost = locate->is_lost};
	locate_fn *fn = locate->fn;
	void *arg = locate->arg;

	for (size_t i = 0; i < locate->server_count; i++)
		put_server(locate, &locate->servers[i], &found);
	mem_free(locate);
	fn(&found, arg);
}

/* Addresses ------------------------------------------------------------------------------------ */

static void on_ip4(enum dns_result result, union sres_record *const *records, void *arg)
{
	struct question *question = arg;
	struct locate *locate = question->locate;
	struct host *host = &locate->hosts[question->place];

	for (size_t i = 0; result == DNS_FOUND && records[i] != NULL; i++) {
		struct net_address *address = &host->addresses[host->count4];

		if (host->count4 == ADDRESSES_MAX || !take_ttl(locate, records[i], DNS_A))
			continue;
		address->family = 4;
		memcpy(address->bytes, &records[i]->sr_a->a_addr, 4);
		host->count4++;
	}
	if (answered(question, result))
		finish(locate);
}

static void on_ip6(enum dns_result result, union sres_record *const *records, void *arg)
{
	struct question *question = arg;
	struct locate *locate = question->locate;
	struct host *host = &locate->hosts[question->place];

	for (size_t i = 0; result == DNS_FOUND && records[i] != NULL; i++) {
		struct net_address *address = &host->addresses[ADDRESSES_MAX + host->count6];

		if (host->count6 == ADDRESSES_MAX || !take_ttl(locate, records[i], DNS_AAAA))
			continue;
		address->family = 6;
		memcpy(address->bytes, &records[i]->sr_aaaa->aaaa_addr, 16);
		host->count6++;
	}
	if (answered(question, result))
		finish(locate);
}

static struct host *server_host(struct locate *locate, const char *name)
{
	struct host *host;

	for (size_t i = 0; i < locate->host_count; i++)
		if (strcasecmp(locate->hosts[i].name, name) == 0)
			return NULL; /* asked for already */
	host = &locate->hosts[locate->host_count++];
	memcpy(host->name, name, strlen(name) + 1);
	return host;
}

/* An SRV target may be a literal where somebody did not read the RFC. */
static bool put_literal(struct host *host)
{
	struct net_address address = {0};

	if (!net_address_parse(&address, host->name))
		return false;
	host->addresses[address.family == 6 ? ADDRESSES_MAX : 0] = address;
	host->count4 = address.family == 4;
	host->count6 = address.family == 6;
	return true;
}

static void ask_addresses(struct locate *locate)
{
	locate->question_count = 0;
	for (size_t i = 0; i < locate->server_count; i++) {
		size_t place = locate->host_count;
		struct host *host = server_host(locate, locate->servers[i].target);

		if (host == NULL || put_literal(host))
			continue;
		if (locate->means.has_ip4)
			ask(locate, DNS_A, host->name, place, on_ip4);
		if (locate->means.has_ip6)
			ask(locate, DNS_AAAA, host->name, place, on_ip6);
	}
	if (locate->open == 0)
		finish(locate);
}

/* The host itself (RFC 3263 section 4.2, last paragraph). */
static void use_host(struct locate *locate)
{
	struct locate_srv *server = &locate->servers[0];

	memcpy(server->target, locate->uri.host, strlen(locate->uri.host) + 1);
	server->transport = locate->plan.transport;
	server->port = locate->uri.port != 0 ? locate->uri.port : locate_port(server->transport);
	locate->server_count = 1;
	ask_addresses(locate);
}

/* SRV ------------------------------------------------------------------------------------------ */

static void merge_steps(struct locate *locate)
{
	for (size_t step = 0; step < locate->plan.step_count; step++) {
		locate_order(locate->by_step[step], locate->by_step_count[step], random_below);
		for (size_t i = 0; i < locate->by_step_count[step]; i++)
			if (locate->server_count < LOCATE_RECORDS_MAX)
				locate->servers[locate->server_count++] = locate->by_step[step][i];
	}
	if (locate->has_srv)
		ask_addresses(locate);
	else
		use_host(locate);
}

static bool read_srv(const sres_srv_record_t *record, struct locate_srv *out)
{
	size_t len = strlen(record->srv_target);

	if (len != 0 && record->srv_target[len - 1] == '.')
		len--;
	if (len == 0 || len > LOCATE_NAME_MAX || record->srv_port == 0)
		return false; /* ".": decidedly not there */
	out->priority = record->srv_priority;
	out->weight = record->srv_weight;
	out->port = record->srv_port;
	memcpy(out->target, record->srv_target, len);
	out->target[len] = '\0';
	return true;
}

static void on_srv(enum dns_result result, union sres_record *const *records, void *arg)
{
	struct question *question = arg;
	struct locate *locate = question->locate;
	size_t step = question->place;
	size_t *count = &locate->by_step_count[step];

	for (size_t i = 0; result == DNS_FOUND && records[i] != NULL; i++) {
		struct locate_srv *server = &locate->by_step[step][*count];

		if (*count == LOCATE_RECORDS_MAX || !take_ttl(locate, records[i], DNS_SRV))
			continue;
		locate->has_srv = true;
		server->transport = locate->plan.steps[step].transport;
		*count += read_srv(records[i]->sr_srv, server);
	}
	if (answered(question, result))
		merge_steps(locate);
}

static void ask_srv(struct locate *locate)
{
	locate->question_count = 0;
	for (size_t i = 0; i < locate->plan.step_count; i++)
		ask(locate, DNS_SRV, locate->plan.steps[i].name, i, on_srv);
	if (locate->open == 0)
		use_host(locate);
}

/* NAPTR ---------------------------------------------------------------------------------------- */

static const char *text(const char *value)
{
	return value != NULL ? value : "";
}

static void on_naptr(enum dns_result result, union sres_record *const *records, void *arg)
{
	struct question *question = arg;
	struct locate *locate = question->locate;
	struct locate_naptr list[LOCATE_RECORDS_MAX];
	struct locate_step steps[LOCATE_STEPS_MAX];
	size_t count = 0, found;

	for (size_t i = 0; result == DNS_FOUND && records[i] != NULL; i++) {
		const sres_naptr_record_t *record = records[i]->sr_naptr;

		if (count == LOCATE_RECORDS_MAX || !take_ttl(locate, records[i], DNS_NAPTR))
			continue;
		list[count++] = (struct locate_naptr){
			record->na_order,        record->na_prefer,
			text(record->na_flags),  text(record->na_services),
			text(record->na_regexp), text(record->na_replace),
		};
	}
	found = locate_read_naptr(list, count, locate->uri.is_sips, locate->means.transports,
				  steps);
	if (found != 0) {
		memcpy(locate->plan.steps, steps, sizeof steps);
		locate->plan.step_count = found;
	}
	(void)answered(question, DNS_NONE); /* many servers know no NAPTR: SRV tells */
	ask_srv(locate);
}

/* Start ---------------------------------------------------------------------------------------- */

bool locate_literal(const struct uri_parts *uri, unsigned transports, struct located_target *out)
{
	struct locate_plan plan;
	struct net_address address = {0};

	if (!net_address_parse(&address, uri->host) || !locate_plan(&plan, uri, transports))
		return false;
	address.port = uri->port != 0 ? uri->port : locate_port(plan.transport);
	*out = (struct located_target){address, plan.transport};
	return true;
}

/* What /etc/hosts says is the operator's word: nothing else is asked. */
static bool use_hosts_file(struct locate *locate)
{
	struct net_address found[ADDRESSES_MAX];
	size_t count = locate_hosts(locate->means.hosts, locate->uri.host, found, ADDRESSES_MAX);
	struct locate_srv *server = &locate->servers[0];
	struct host *host = &locate->hosts[0];

	for (size_t i = 0; i < count; i++) {
		if (found[i].family == 4 && locate->means.has_ip4)
			host->addresses[host->count4++] = found[i];
		else if (found[i].family == 6 && locate->means.has_ip6)
			host->addresses[ADDRESSES_MAX + host->count6++] = found[i];
	}
	if (host->count4 + host->count6 == 0)
		return false;
	memcpy(host->name, locate->uri.host, sizeof host->name);
	memcpy(server->target, locate->uri.host, sizeof server->target);
	server->transport = locate->plan.transport;
	server->port = locate->uri.port != 0 ? locate->uri.port : locate_port(server->transport);
	locate->server_count = locate->host_count = 1;
	locate->ttl_s = UINT32_MAX;
	return true;
}

static void begin(void *arg)
{
	struct locate *locate = arg;

	if (!locate_plan(&locate->plan, &locate->uri, locate->means.transports) ||
	    use_hosts_file(locate))
		finish(locate);
	else if (locate->plan.asks_naptr && strchr(locate->uri.host, '.') != NULL)
		ask(locate, DNS_NAPTR, locate->uri.host, 0, on_naptr);
	else
		ask_srv(locate);
}

struct locate *locate_start(struct loop *loop, struct dns *dns, const struct uri_parts *uri,
			    const struct locate_means *means, locate_fn *fn, void *arg)
{
	struct locate *locate = mem_zalloc(sizeof *locate);

	locate->loop = loop;
	locate->dns = dns;
	locate->uri = *uri;
	locate->means = *means;
	locate->fn = fn;
	locate->arg = arg;
	locate->ttl_s = UINT32_MAX;
	loop_defer(loop, begin, locate);
	return locate;
}

void locate_cancel(struct locate **locate)
{
	struct locate *self = *locate;

	if (self == NULL)
		return;
	*locate = NULL;
	loop_forget(self->loop, self);
	for (size_t i = 0; i < self->question_count; i++)
		dns_cancel(&self->questions[i].dns);
	mem_free(self);
}
