/* XEP-0012: how long the bridge runs, since when a SIP user is gone, and how long he is idle. */
#include <stdio.h>
#include <strophe.h>

#include "base/buf.h"
#include "core/bridge.h"
#include "loop/loop.h"
#include "model/fault.h"
#include "model/presence_view.h"
#include "translate/xml_writer.h"
#include "xmpp/inbox.h"
#include "xmpp/iq.h"
#include "xmpp/side_private.h"

static void say(const struct iq *iq, int64_t ms, const char *status)
{
	struct xml_writer writer;
	char seconds[24];

	(void)snprintf(seconds, sizeof(seconds), "%lld", (long long)(ms < 0 ? 0 : ms / 1000));
	iq_answer(iq, &writer);
	xml_open(&writer, "query");
	xml_attr(&writer, "xmlns", "jabber:iq:last");
	xml_attr(&writer, "seconds", seconds);
	if (status != NULL)
		xml_text(&writer, status);
	xml_close(&writer);
	iq_finish(iq, &writer);
}

/* Of the resource: idle time; of the user: 0 while he is there, else since when he is not. */
static void say_user(const struct iq *iq, const struct presence *now)
{
	const struct xmpp_side_params *params = &iq->in->side->params;
	int64_t wall_ms = loop_wall_ms(params->loop);
	const char *pieces[VIEW_PIECES_MAX];
	struct presence_view view;
	struct buf status = BUF_INIT;

	presence_view_make(now, params->rules, &view);
	if (view.available) {
		bool is_idle = iq->target == IQ_RESOURCE && view.idle && view.idle_since_ms > 0;

		say(iq, is_idle ? wall_ms - view.idle_since_ms : 0, NULL);
		return;
	}
	if (view.since_ms <= 0) { /* nobody knows */
		inbound_refuse_with(iq->in, FAULT_SERVICE_UNAVAILABLE, NULL);
		return;
	}
	for (size_t i = 0, n = view.text_count > 0 ? presence_view_pieces(&view, 0, pieces) : 0;
	     i < n; i++)
		buf_puts(&status, pieces[i]);
	say(iq, wall_ms - view.since_ms, status.len > 0 ? buf_text(&status) : NULL);
	buf_free(&status);
}

/* X0012-1: those who may not see him are forbidden, whether he exists or not (X000-2). */
void iq_last(const struct iq *iq)
{
	const struct inbound *in = iq->in;
	const struct presence *now = NULL;
	struct xmpp_side *side = in->side;

	if (iq->target == IQ_COMPONENT)
		say(iq, (int64_t)(loop_now(side->params.loop) - side->started_ms), NULL);
	else if (!in->may_use || !in->has_target ||
		 !bridge_may_see(side->params.bridge, &in->sender, &in->target, &now))
		inbound_refuse_with(in, FAULT_FORBIDDEN, NULL);
	else
		say_user(iq, now);
}
