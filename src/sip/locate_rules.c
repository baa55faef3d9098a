/* The rules of RFC 3263; see locate_rules.h. */
#include "sip/locate_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *locate_transport_name(enum locate_transport transport)
{
	static const char *const names[] = {"udp", "tcp", "tls"};

	return names[transport];
}

uint16_t locate_port(enum locate_transport transport)
{
	return transport == LOCATE_TLS ? 5061 : 5060;
}

static bool has(unsigned served, enum locate_transport transport)
{
	return (served & locate_bit(transport)) != 0;
}

/* transport=tcp with sips is TLS over TCP (RFC 3261 section 26.2.2). */
static bool read_transport(const struct uri_parts *uri, enum locate_transport *out)
{
	if (uri->is_sips || strcasecmp(uri->transport, "tls") == 0)
		*out = LOCATE_TLS;
	else if (strcasecmp(uri->transport, "udp") == 0)
		*out = LOCATE_UDP;
	else if (strcasecmp(uri->transport, "tcp") == 0)
		*out = LOCATE_TCP;
	else
		return false;
	return true;
}

static void add_step(struct locate_plan *plan, const char *service, enum locate_transport transport,
		     const char *host)
{
	struct locate_step *step = &plan->steps[plan->step_count];
	int len = snprintf(step->name, sizeof step->name, "%s.%s", service, host);

	step->transport = transport;
	if (len > 0 && (size_t)len < sizeof step->name)
		plan->step_count++;
}

static void add_steps(struct locate_plan *plan, unsigned wanted, const char *host)
{
	static const char *const services[] = {"_sip._udp", "_sip._tcp", "_sips._tcp"};

	for (int i = LOCATE_UDP; i <= LOCATE_TLS; i++)
		if (has(wanted, (enum locate_transport)i))
			add_step(plan, services[i], (enum locate_transport)i, host);
}

static enum locate_transport usual(unsigned served)
{
	if (has(served, LOCATE_UDP) || served == 0)
		return LOCATE_UDP;
	return has(served, LOCATE_TCP) ? LOCATE_TCP : LOCATE_TLS;
}

bool locate_plan(struct locate_plan *out, const struct uri_parts *uri, unsigned served)
{
	struct net_address literal;
	bool is_named = uri->transport[0] != '\0';
	bool is_explicit;

	memset(out, 0, sizeof *out);
	is_explicit = read_transport(uri, &out->transport);
	if (is_named && !is_explicit)
		return false; /* sctp, ws: not ours */
	if (!is_explicit)
		out->transport = usual(served);
	if (is_explicit && !has(served, out->transport))
		return false;
	if (uri->port != 0 || net_address_parse(&literal, uri->host))
		return true;
	/* RFC 3263 section 4.1: a named transport, and sips, leave nothing for NAPTR to decide but,
	 * of sips, whether TLS is served at all. */
	out->asks_naptr = !is_named;
	add_steps(out, is_explicit ? locate_bit(out->transport) : served, uri->host);
	return true;
}

static int by_order(const void *a, const void *b)
{
	const struct locate_naptr *left = a, *right = b;

	if (left->order != right->order)
		return left->order < right->order ? -1 : 1;
	if (left->preference != right->preference)
		return left->preference < right->preference ? -1 : 1;
	return 0;
}

static bool read_service(const char *services, bool is_sips, enum locate_transport *out)
{
	if (strcasecmp(services, "SIPS+D2T") == 0)
		*out = LOCATE_TLS;
	else if (is_sips) /* SIP-091 */
		return false;
	else if (strcasecmp(services, "SIP+D2U") == 0)
		*out = LOCATE_UDP;
	else if (strcasecmp(services, "SIP+D2T") == 0)
		*out = LOCATE_TCP;
	else
		return false;
	return true;
}

static bool put_name(char out[LOCATE_NAME_MAX + 1], const char *name)
{
	size_t len = strlen(name);

	if (len != 0 && name[len - 1] == '.')
		len--;
	if (len == 0 || len > LOCATE_NAME_MAX)
		return false;
	memcpy(out, name, len);
	out[len] = '\0';
	return true;
}

size_t locate_read_naptr(struct locate_naptr *records, size_t count, bool is_sips, unsigned served,
			 struct locate_step steps[LOCATE_STEPS_MAX])
{
	size_t found = 0;

	qsort(records, count, sizeof *records, by_order);
	for (size_t i = 0; i < count && found < LOCATE_STEPS_MAX; i++) {
		struct locate_step *step = &steps[found];

		if (strcasecmp(records[i].flags, "s") != 0 || records[i].regexp[0] != '\0' ||
		    !read_service(records[i].services, is_sips, &step->transport) ||
		    !has(served, step->transport))
			continue;
		if (put_name(step->name, records[i].replacement))
			found++;
	}
	return found;
}

static int by_priority(const void *a, const void *b)
{
	const struct locate_srv *left = a, *right = b;

	if (left->priority != right->priority)
		return left->priority < right->priority ? -1 : 1;
	/* RFC 2782: those with weight 0 stand first, so that they have a chance at all. */
	return (left->weight != 0) - (right->weight != 0);
}

/* RFC 2782: a random number in [0, sum] selects the first one whose running sum reaches it. */
static size_t draw(const struct locate_srv *records, size_t count, locate_random_fn *random)
{
	uint64_t sum = 0, mark;
	size_t i;

	for (i = 0; i < count; i++)
		sum += records[i].weight;
	mark = random(sum + 1);
	sum = 0;
	for (i = 0; i + 1 < count; i++) {
		sum += records[i].weight;
		if (sum >= mark)
			break;
	}
	return i;
}

static void order_equals(struct locate_srv *records, size_t count, locate_random_fn *random)
{
	for (size_t done = 0; done + 1 < count; done++) {
		size_t next = done + draw(records + done, count - done, random);
		struct locate_srv first = records[next];

		memmove(&records[done + 1], &records[done], (next - done) * sizeof *records);
		records[done] = first;
	}
}

void locate_order(struct locate_srv *records, size_t count, locate_random_fn *random)
{
	size_t begin = 0;

	if (count != 0)
		qsort(records, count, sizeof *records, by_priority);
	for (size_t i = 1; i <= count; i++) {
		if (i < count && records[i].priority == records[begin].priority)
			continue;
		order_equals(records + begin, i - begin, random);
		begin = i;
	}
}
