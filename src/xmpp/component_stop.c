/* Stopping in order (CMP-013): what is queued goes out, the last messages are proved, the stream
 * ends. */
#include "xmpp/barrier.h"
#include "xmpp/component_private.h"
#include "xmpp/link.h"
#include "xmpp/stream.h"

void component_stopped(struct component *component)
{
	if (component->state == STATE_STOPPED)
		return;
	component->state = STATE_STOPPED;
	component_take_down(component);
	component->events.stopped(component, component->arg);
}

static void on_stop_late(void *arg)
{
	component_stopped(arg);
}

static void end_stream(struct component *component)
{
	if (component->state != STATE_PROVING)
		return;
	component->state = STATE_ENDING;
	outbox_down(component->outbox);
	stream_finish(component->stream); /* CMP-013 */
	loop_timer_set(component->params.loop, &component->deadline,
		       component->params.timing.close - component->params.timing.prove,
		       on_stop_late, component);
}

static void on_prove_late(void *arg)
{
	end_stream(arg);
}

/* Stopping: the stream ends when nothing is left to write or to prove. */
void component_try_end(struct component *component)
{
	if (component->state == STATE_PROVING && link_backlog(component->link) == 0 &&
	    outbox_held(component->outbox) == 0 && barrier_pending(component->barrier) == 0 &&
	    !loop_timer_is_set(&component->retry))
		loop_timer_set(component->params.loop, &component->retry, 0, on_prove_late,
			       component);
}

static void on_stop_now(void *arg)
{
	component_stopped(arg);
}

void component_stop(struct component *component)
{
	loop_timer_cancel(&component->retry);
	if (component->state != STATE_UP) {
		component->state = STATE_PROVING;
		loop_defer(component->params.loop, on_stop_now, component);
		return;
	}
	component->state = STATE_PROVING;
	loop_timer_set(component->params.loop, &component->deadline, component->params.timing.prove,
		       on_prove_late, component);
	outbox_flush(component->outbox);
	component_try_end(component);
}
