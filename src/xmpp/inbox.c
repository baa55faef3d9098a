#include "xmpp/inbox.h"

#include <string.h>
#include <strophe.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "core/bridge.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "model/fault.h"
#include "model/load.h"
#include "translate/address_map.h"
#include "translate/fault_map.h"
#include "xmpp/domain_rates.h"
#include "xmpp/guard.h"
#include "xmpp/side_private.h"
#include "xmpp/users.h"

static char *bare_of(const char *jid)
{
	return mem_strndup(jid, strcspn(jid, "/"));
}

static const char *resource_of(const char *jid)
{
	const char *slash = strchr(jid, '/');

	return slash == NULL || slash[1] == '\0' ? NULL : slash + 1;
}

void inbound_refuse(const struct inbound *in, const struct fault *fault)
{
	struct fault told = *fault;

	if (!in->may_use)
		fault_hide(&told);
	in->side->params.counters->stanzas_refused++;
	buf_reset(&in->side->scratch);
	fault_write_stanza(&in->side->scratch, in->kind, in->to, in->from, in->id, &told);
	(void)side_put(in->side, in->to, OUTBOX_ANSWER, NULL);
}

void inbound_refuse_with(const struct inbound *in, int fault_code, const char *text)
{
	struct fault fault;

	fault_set(&fault, (enum fault_code)fault_code, text);
	inbound_refuse(in, &fault);
}

static void count_hit(struct limits_hit *hits, enum user_rate rate)
{
	if (rate == USER_RATE_MESSAGE)
		hits->messages_per_user_per_s++;
	if (rate == USER_RATE_REQUEST)
		hits->stanzas_per_user_per_s++;
	if (rate == USER_RATE_REPORT)
		hits->reports_per_user_per_s++;
}

bool inbound_take(const struct inbound *in, int rate)
{
	struct xmpp_side *side = in->side;
	const char *at = strchr(in->from_bare, '@');
	bool is_answer = rate == USER_RATE_ANSWER;
	uint64_t now = loop_now(side->params.loop);

	if (!users_take(side->users, in->from_bare, (enum user_rate)rate, now)) {
		count_hit(&side->params.counters->limits, (enum user_rate)rate);
		return false;
	}
	if (in->is_known || domain_rates_take(side->domain_rates,
					      at == NULL ? in->from_bare : at + 1, is_answer, now))
		return true;
	if (!is_answer)
		side->params.counters->limits.stanzas_per_domain_per_s++;
	return false;
}

bool inbound_admits(const struct inbound *in, int load_class, bool is_answered)
{
	struct xmpp_side *side = in->side;
	uint64_t now = loop_now(side->params.loop);
	struct fault fault;

	if (side->params.load == NULL || load_admits(side->params.load, (enum load_class)load_class,
						     users_number(side->users, in->from_bare), now))
		return true;
	if (!is_answered || !inbound_take(in, USER_RATE_ANSWER)) {
		side->params.counters->stanzas_refused++;
		return false;
	}
	fault_set(&fault, FAULT_RESOURCE_CONSTRAINT, "too busy, please try again later");
	fault.retry_after_s = 10 + (int)random_below(21);
	inbound_refuse(in, &fault);
	return false;
}

static void drop(struct xmpp_side *side, const char *from, const char *to, const char *why)
{
	side->params.counters->stanzas_refused++;
	log_info("xmpp: dropped a stanza from=%s to=%s (%s)", log_safe(from), log_safe(to), why);
}

static bool is_answer(const char *type)
{
	return type != NULL && (strcmp(type, "error") == 0 || strcmp(type, "result") == 0);
}

/* CMP-008: a stanza for a domain that is not ours. The answer can only come from our own name: a
 * foreign from would end the stream (CMP-005). */
static void answer_foreign(struct xmpp_side *side, const struct inbound *in)
{
	struct fault fault;

	drop(side, in->from, in->to, "not for a component domain of ours");
	if (is_answer(in->type) || strcmp(in->kind, "presence") == 0 || side->component_count == 0)
		return;
	fault_set(&fault, FAULT_ITEM_NOT_FOUND, "this domain is not served here");
	buf_reset(&side->scratch);
	fault_write_stanza(&side->scratch, in->kind, side->domains[0], in->from, in->id, &fault);
	(void)side_put(side, side->domains[0], OUTBOX_ANSWER, NULL);
}

/* Reads the addresses. Returns false if the stanza was dealt with. */
static bool address_inbound(struct inbound *in, struct component *from_ours)
{
	struct xmpp_side *side = in->side;
	const char *resource, *why = NULL;

	if (from_ours != NULL) { /* SEC-005, ASEC-009 */
		drop(side, in->from, in->to, "sender lies in our own domain");
		return false;
	}
	if (in->component == NULL) {
		answer_foreign(side, in);
		return false;
	}
	in->has_sender =
		address_from_jid(side->params.map, in->from, &in->sender, &resource, &why) == 0;
	in->has_target =
		address_from_jid(side->params.map, in->to, &in->target, &resource, &why) == 0 &&
		in->target.side == SIDE_SIP;
	in->is_to_component = strchr(in->to_bare, '@') == NULL;
	in->may_use = in->has_sender && in->sender.local[0] != '\0' &&
		      address_may_use(side->params.map, &in->sender);
	in->is_known = in->has_sender && address_is_named(side->params.map, &in->sender);
	return true;
}

/* D-20: any sign of life. */
static void note_sender(const struct inbound *in)
{
	if (!in->may_use || in->sender.local[0] == '\0' || is_answer(in->type))
		return;
	if (strcmp(in->kind, "presence") == 0)
		return; /* its handler knows whether he came or went */
	bridge_user_seen(in->side->params.bridge, &in->sender, true);
}

static void dispatch(struct inbound *in)
{
	static const struct {
		const char *kind;
		void (*handle)(struct inbound *in);
	} table[] = {
		{"message", handle_message},
		{"presence", handle_presence},
		{"iq", handle_iq},
	};

	note_sender(in);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(in->kind, table[i].kind) == 0)
			table[i].handle(in);
	}
}

static void clear_inbound(struct inbound *in, char *from_bare, char *to_bare)
{
	if (in->has_sender)
		address_clear(&in->sender);
	if (in->target.domain != NULL)
		address_clear(&in->target);
	mem_free(from_bare);
	mem_free(to_bare);
}

void inbox_take(struct xmpp_side *side, xmpp_stanza_t *stanza)
{
	struct inbound in = {
		.side = side,
		.stanza = stanza,
		.kind = xmpp_stanza_get_name(stanza),
		.from = xmpp_stanza_get_from(stanza),
		.to = xmpp_stanza_get_to(stanza),
		.id = xmpp_stanza_get_id(stanza),
		.type = xmpp_stanza_get_type(stanza),
	};
	char *from_bare, *to_bare;

	load_touch(side->params.load);
	if (in.kind == NULL || in.from == NULL || in.to == NULL) { /* SEC-005 */
		drop(side, in.from, in.to, "from or to is missing");
		return;
	}
	from_bare = bare_of(in.from);
	to_bare = bare_of(in.to);
	in.from_bare = from_bare;
	in.to_bare = to_bare;
	in.from_resource = resource_of(in.from);
	in.to_resource = resource_of(in.to);
	in.component = side_component_of(side, in.to);
	if (address_inbound(&in, side_component_of(side, in.from)))
		dispatch(&in);
	clear_inbound(&in, from_bare, to_bare);
}

void inbox_guarded(struct xmpp_side *side, const struct guard_head *head, const char *limit)
{
	struct fault fault;
	char *bare;
	bool may_answer;

	log_info("xmpp: dropped a stanza from=%s to=%s (%s)", log_safe(head->from),
		 log_safe(head->to), limit);
	/* SEC-072: nothing answers an error or a result. */
	if (head->kind == NULL || head->from == NULL || head->to == NULL || is_answer(head->type) ||
	    side_component_of(side, head->to) == NULL ||
	    side_component_of(side, head->from) != NULL)
		return;
	bare = bare_of(head->from);
	may_answer = users_take(side->users, bare, USER_RATE_ANSWER, loop_now(side->params.loop));
	mem_free(bare);
	if (!may_answer)
		return;
	fault_set(&fault, FAULT_POLICY_VIOLATION, "stanza too large or too complex");
	buf_reset(&side->scratch);
	fault_write_stanza(&side->scratch, head->kind, head->to, head->from, head->id, &fault);
	(void)side_put(side, head->to, OUTBOX_ANSWER, NULL);
}
