/* What the log and the control command say of a component stream. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "xmpp/barrier.h"
#include "xmpp/component_private.h"
#include "xmpp/link.h"
#include "xmpp/stream.h"

/* What the operator should look at; NULL: nothing he could do. */
static const char *advice(const char *condition)
{
	static const struct {
		const char *condition;
		const char *check;
	} table[] = {
		{"not-authorized", "check xmpp.secret against the secret of this component in the "
				   "chat server"},
		{"host-unknown", "the chat server does not know this component: check "
				 "xmpp.component and its configuration"},
		{"host-gone", "the chat server no longer serves this component"},
		{"conflict", "the name is in use: a second bridge, or a connection of before that "
			     "lingers"},
		{"invalid-namespace", "check xmpp.port: it must be the component port"},
		{"improper-addressing", "check xmpp.component"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(condition, table[i].condition) == 0)
			return table[i].check;
	}
	return NULL;
}

bool component_needs_operator(const struct component *component)
{
	return advice(stream_condition(component->stream)) != NULL;
}

void component_tell_down(struct component *component, bool was_up)
{
	const char *condition = stream_condition(component->stream);
	const char *check = advice(condition);
	const struct component_params *params = &component->params;

	if (!was_up && strcmp(component->told, component->why) == 0)
		return;
	snprintf(component->told, sizeof(component->told), "%s", component->why);
	if (check != NULL)
		log_err("xmpp: refused component=%s server=%s:%u condition=%s text=%s (%s)",
			params->domain, params->server, (unsigned)params->port, condition,
			log_safe(stream_text(component->stream)), check);
	else if (was_up)
		log_warning("xmpp: link lost component=%s server=%s:%u (%s)", params->domain,
			    params->server, (unsigned)params->port, log_safe(component->why));
	else
		log_warning("xmpp: no link component=%s server=%s:%u (%s), trying on",
			    params->domain, params->server, (unsigned)params->port,
			    log_safe(component->why));
}

size_t component_backlog(const struct component *component)
{
	return link_backlog(component->link);
}

void component_status(const struct component *component, struct buf *out)
{
	static const char *const names[] = {
		[STATE_WAITING] = "waiting",     [STATE_CONNECTING] = "connecting",
		[STATE_HANDSHAKE] = "handshake", [STATE_UP] = "up",
		[STATE_PROVING] = "stopping",    [STATE_ENDING] = "stopping",
		[STATE_STOPPED] = "stopped",
	};
	const char *target = barrier_target(component->barrier);
	const char *name = component->params.domain;

	buf_printf(out, "component.%s %s\n", name, names[component->state]);
	buf_printf(out, "component.%s.server %s:%u\n", name, component->params.server,
		   (unsigned)component->params.port);
	buf_printf(out, "component.%s.ping %s\n", name, target == NULL ? "-" : target);
	buf_printf(out, "component.%s.unsent_bytes %zu\n", name, link_backlog(component->link));
	buf_printf(out, "component.%s.held %zu\n", name, outbox_held(component->outbox));
	buf_printf(out, "component.%s.unproved %zu\n", name, barrier_pending(component->barrier));
}
