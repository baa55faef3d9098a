/* The SIP side put together; see sip_side.h. */
#include "sip/sip_side.h"

#include <errno.h>
#include <string.h>

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/bridge.h"
#include "loop/loop.h"
#include "model/dialog_row.h"
#include "sip/admission.h"
#include "sip/agent.h"
#include "sip/authenticate.h"
#include "sip/dialog.h"
#include "sip/directory.h"
#include "sip/extensions.h"
#include "sip/notifier.h"
#include "sip/options.h"
#include "sip/pager_in.h"
#include "sip/pager_out.h"
#include "sip/peer_watch.h"
#include "sip/publications.h"
#include "sip/publisher.h"
#include "sip/repeats.h"
#include "sip/side_core.h"
#include "sip/subscriber.h"
#include "sip/targets.h"
#include "sip/transaction.h"
#include "sip/trust.h"

enum { STOP_MOST_MS = 10000 };

struct sip_side {
	struct sip_side_params params;
	struct side_core core;
	struct admission *admission;
	struct notifier *notifier;
	struct subscriber *subscriber;
	struct directory *directory;
	struct extensions *extensions;
	struct pager_in *pager_in;
	struct pager_out *pager_out;
	int still_stopping; /* roles that have not ended yet */
	void (*stopped)(void *arg);
	void *stopped_arg;
	struct loop_timer stop_timer;
};

/* In ------------------------------------------------------------------------------------------- */

static void no_dialog(struct sip_side *side, struct request *request)
{
	agent_answer(side->core.agent, request, 481, NULL, NULL); /* SIP-023 */
}

/* D-22, SEC-006, SEC-007: Call-ID and tags decide, not nta and not the Event. */
static void on_in_dialog(struct sip_side *side, struct request *request)
{
	sip_method_t method = request->sip->sip_request->rq_method;
	struct dialog *dialog = dialog_find(side->core.dialogs, request->sip->sip_call_id->i_id,
					    request->sip->sip_to->a_tag);

	if (dialog != NULL && method == sip_method_notify && dialog->role == DIALOG_SUBSCRIBER)
		subscriber_notify(side->subscriber, dialog, request); /* it may be of a fork */
	else if (dialog == NULL || !dialog_is_from_peer(dialog, &side->core, request))
		no_dialog(side, request);
	else if (method == sip_method_subscribe && dialog->role == DIALOG_NOTIFIER)
		notifier_refresh(side->notifier, dialog, request);
	else if (method == sip_method_options)
		options_answer(&side->core, request);
	else if (method == sip_method_message) /* MSG-060 */
		pager_in_message(side->pager_in, request, dialog);
	else
		no_dialog(side, request);
}

static void on_request(struct request *request, void *arg)
{
	struct sip_side *side = arg;

	if (!admission_pass(side->admission, request))
		return;
	peer_watches_heard(side->core.peers, request);
	if (request->sip->sip_to->a_tag != NULL) {
		on_in_dialog(side, request);
		return;
	}
	switch (request->sip->sip_request->rq_method) {
	case sip_method_options:
		options_answer(&side->core, request);
		break;
	case sip_method_message:
		pager_in_message(side->pager_in, request, NULL);
		break;
	case sip_method_subscribe:
		notifier_subscribe(side->notifier, request);
		break;
	case sip_method_publish:
		publications_publish(side->core.publications, request);
		break;
	default: /* a NOTIFY that belongs to nothing (EVT-020) */
		no_dialog(side, request);
		break;
	}
}

/* Out ------------------------------------------------------------------------------------------ */

static void op_watch(void *arg, const struct watch *watch, bool ask)
{
	struct sip_side *side = arg;

	if (!side->core.is_stopping)
		subscriber_watch(side->subscriber, watch, ask);
}

static void op_unwatch(void *arg, const struct watch *watch, enum unwatch_why why)
{
	struct sip_side *side = arg;

	subscriber_unwatch(side->subscriber, watch, why);
}

/* D-20: a live dialog tells by itself, a dead one is asked for. */
static void op_refresh(void *arg, const struct watch *watch)
{
	op_watch(arg, watch, true);
}

static void op_answer(void *arg, const struct watch *watch, enum watch_answer answer,
		      const struct fault *fault, const struct presence *now)
{
	struct sip_side *side = arg;

	if (address_is_domain(watch->watcher)) /* D-18: whoever watches through it */
		publisher_answer(side->core.publisher, watch, answer, now);
	notifier_answer(side->notifier, watch, answer, fault, now);
}

static void op_tell(void *arg, const struct watch *watch, const struct presence *presence)
{
	struct sip_side *side = arg;

	if (address_is_domain(watch->watcher))
		publisher_tell(side->core.publisher, watch, presence);
	notifier_tell(side->notifier, watch, presence);
}

static void op_deliver(void *arg, exchange_id x, const struct address *from,
		       const struct address *to, const struct message *message)
{
	struct sip_side *side = arg;

	pager_out_deliver(side->pager_out, x, from, to, message);
}

static void op_finish(void *arg, exchange_id x, enum outcome outcome, const struct fault *fault)
{
	struct sip_side *side = arg;

	pager_in_finish(side->pager_in, x, outcome, fault);
}

static void op_typing(void *arg, const struct address *from, const struct address *to,
		      const struct typing *typing)
{
	struct sip_side *side = arg;

	pager_out_typing(side->pager_out, from, to, typing);
}

const struct side_ops *sip_side_ops(void)
{
	static const struct side_ops ops = {
		.watch = op_watch,
		.unwatch = op_unwatch,
		.refresh = op_refresh,
		.answer = op_answer,
		.tell = op_tell,
		.deliver = op_deliver,
		.finish = op_finish,
		.typing = op_typing,
	};

	return &ops;
}

/* Start and stop ------------------------------------------------------------------------------- */

int sip_side_new(struct sip_side **out, const struct sip_side_params *params, char *error,
		 size_t error_len)
{
	struct sip_side *side = mem_zalloc(sizeof *side);
	int result;

	side->params = *params;
	side->core.params = &side->params;
	side->core.may_accept = true;
	side->core.trust = trust_new(&side->params);
	side->core.authenticate = authenticate_new(&side->core);
	side->core.dialogs = dialogs_new();
	side->core.repeats = repeats_new(&side->core);
	side->admission = admission_new(&side->core);
	result = agent_new(&side->core.agent, &side->params, side->core.trust, on_request, side,
			   error, error_len);
	if (result != 0) {
		sip_side_free(&side);
		return result;
	}
	side->core.targets = targets_new(&side->core);
	side->core.transactions = transactions_new(&side->core);
	side->core.peers = peer_watches_new(&side->core);
	side->notifier = notifier_new(&side->core);
	side->subscriber = subscriber_new(&side->core);
	side->core.subscriber = side->subscriber;
	side->directory = directory_new(&side->core, side->subscriber);
	side->extensions = extensions_new(&side->core);
	side->core.publications = publications_new(&side->core);
	side->core.publisher = publisher_new(&side->core);
	side->pager_in = pager_in_new(&side->core);
	side->pager_out = pager_out_new(&side->core);
	*out = side;
	return 0;
}

int sip_side_reload_tls(struct sip_side *side, const struct sip_tls *tls, char *error,
			size_t error_len)
{
	return agent_reload_tls(side->core.agent, tls, error, error_len);
}

static void stop_done(struct sip_side *side)
{
	loop_timer_cancel(&side->stop_timer);
	if (side->stopped == NULL)
		return;
	loop_defer(side->params.loop, side->stopped, side->stopped_arg);
	side->stopped = NULL;
}

static void on_role_stopped(void *arg)
{
	struct sip_side *side = arg;

	side->still_stopping--;
	if (side->still_stopping == 0)
		stop_done(side);
}

static void on_stop_timer(void *arg)
{
	struct sip_side *side = arg;

	log_warning("sip: stopped with %zu requests unanswered",
		    transactions_count(side->core.transactions));
	stop_done(side);
}

void sip_side_stop(struct sip_side *side, bool tell, void (*done)(void *arg), void *arg)
{
	side->core.is_stopping = true;
	side->core.is_quiet = !tell;
	side->stopped = done;
	side->stopped_arg = arg;
	side->still_stopping = 3;
	loop_timer_set(side->params.loop, &side->stop_timer, STOP_MOST_MS, on_stop_timer, side);
	notifier_stop(side->notifier, tell, on_role_stopped, side);
	subscriber_stop(side->subscriber, on_role_stopped, side);
	publisher_stop(side->core.publisher, on_role_stopped, side);
}

void sip_side_free(struct sip_side **side)
{
	struct sip_side *self = *side;

	if (self == NULL)
		return;
	loop_timer_cancel(&self->stop_timer);
	pager_in_free(&self->pager_in);
	pager_out_free(&self->pager_out);
	notifier_free(&self->notifier);
	publisher_free(&self->core.publisher);
	publications_free(&self->core.publications);
	extensions_free(&self->extensions);
	directory_free(&self->directory);
	subscriber_free(&self->subscriber);
	peer_watches_free(&self->core.peers);
	transactions_free(&self->core.transactions);
	targets_free(&self->core.targets);
	agent_free(&self->core.agent);
	admission_free(&self->admission);
	repeats_free(&self->core.repeats);
	dialogs_free(&self->core.dialogs);
	authenticate_free(&self->core.authenticate);
	trust_free(&self->core.trust);
	loop_forget(self->params.loop, self);
	mem_free(self);
	*side = NULL;
}

void sip_side_restore(struct sip_side *side, const struct kept_publication *kept)
{
	if (kept->user->side == SIDE_SIP)
		publications_restore(side->core.publications, kept);
	else
		publisher_restore(side->core.publisher, kept);
}

static void drop_row(struct sip_side *side, const struct dialog_row *row)
{
	const struct dialog_keeper *keeper = side->params.dialogs;

	if (keeper != NULL)
		keeper->drop(row->id, keeper->arg);
}

void sip_side_restore_dialog(struct sip_side *side, const struct dialog_row *row, bool is_doubtful,
			     bool clock_is_wrong)
{
	int error = EINVAL;

	if (row->role == DIALOG_ROW_SUBSCRIBER)
		error = subscriber_restore(side->subscriber, row, is_doubtful, clock_is_wrong);
	else if (row->role == DIALOG_ROW_NOTIFIER)
		error = notifier_restore(side->notifier, row, clock_is_wrong);
	if (error != 0)
		drop_row(side, row);
}

void sip_side_restored(struct sip_side *side)
{
	subscriber_restored(side->subscriber);
	notifier_restored(side->notifier);
}

void sip_side_restore_print(struct sip_side *side, uint64_t print, int status, int64_t age_ms)
{
	pager_in_restore_print(side->pager_in, print, status, age_ms);
}

void sip_side_restore_queued(struct sip_side *side, const char *uid, int64_t age_ms)
{
	pager_in_restore_queued(side->pager_in, uid, age_ms);
}

void sip_side_set_logins(struct sip_side *side, const struct sip_login *logins, size_t count)
{
	authenticate_set_logins(side->core.authenticate, logins, count);
	notifier_logins_changed(side->notifier);
}

void sip_side_access_changed(struct sip_side *side)
{
	notifier_access_changed(side->notifier);
}

void sip_side_accept(struct sip_side *side, bool may)
{
	side->core.may_accept = may;
}

void sip_side_sources(const struct sip_side *side, const struct address *watched,
		      source_report_fn *each, void *arg)
{
	report_sources(&side->core, watched, each, arg);
}

void sip_side_peers(const struct sip_side *side, peer_report_fn *each, void *arg)
{
	report_peers(&side->core, side->directory, each, arg);
}

unsigned sip_side_intake(struct sip_side *side)
{
	return agent_intake(side->core.agent);
}

unsigned sip_side_open(const struct sip_side *side)
{
	return pager_in_fill(side->pager_in);
}

void sip_side_status(const struct sip_side *side, struct buf *out)
{
	struct notifier_kinds kinds = notifier_kinds(side->notifier);
	size_t strangers;

	buf_printf(out, "sip.dialogs %zu\n", dialogs_count(side->core.dialogs));
	buf_printf(out, "sip.watcher_dialogs %zu\n", notifier_count(side->notifier));
	buf_printf(out, "sip.watcher_lamps %zu\n", kinds.lamps);
	buf_printf(out, "sip.watcher_lists %zu\n", kinds.lists);
	buf_printf(out, "sip.watcher_info %zu\n", kinds.watcher_info);
	buf_printf(out, "sip.watched_pairs %zu\n", notifier_watching(side->notifier));
	buf_printf(out, "sip.subscriptions_wanted %zu\n", subscriber_count(side->subscriber));
	buf_printf(out, "sip.subscriptions_live %zu\n", subscriber_active(side->subscriber));
	buf_printf(out, "sip.publications_in %zu\n", publications_count(side->core.publications));
	buf_printf(out, "sip.extensions %zu\n", extensions_count(side->extensions));
	buf_printf(out, "sip.list_members %zu\n", directory_members(side->directory));
	buf_printf(out, "sip.publications_out %zu\n", publisher_count(side->core.publisher));
	buf_printf(out, "sip.messages_in_open %zu\n", pager_in_open(side->pager_in));
	buf_printf(out, "sip.messages_out_pending %zu\n", pager_out_pending(side->pager_out));
	buf_printf(out, "sip.requests_out %zu\n", transactions_count(side->core.transactions));
	buf_printf(out, "sip.sources %zu\n", admission_sources(side->admission));
	authenticate_status(side->core.authenticate, out);
	buf_printf(out, "sip.connections %zu\n", agent_connections(side->core.agent, &strangers));
	buf_printf(out, "sip.connections_strangers %zu\n", strangers);
	buf_printf(out, "sip.descriptors_per_mille %u\n", agent_descriptors(side->core.agent));
	buf_printf(out, "sip.idle_connections_closed %u\n",
		   agent_check_connections(side->core.agent));
	peer_watches_status(side->core.peers, out);
}
