/* OPTIONS to the servers of one next hop; see peer_probe.h. */
#include "sip/peer_probe.h"

#include "base/buf.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "sip/peer_question.h"
#include "sip/side_core.h"
#include "sip/targets.h"
#include "sip/transaction.h"

enum {
	LOOKS = 30,     /* in the time that a quiet server is left alone */
	MISSES_LOST = 3 /* D-26 */
};

/* One server, or, with id 0, whichever there is. */
struct question {
	struct peer_probe *probe;
	uint32_t id;
	struct transaction *transaction; /* NULL: not asked */
	uint64_t asked_ms;
	bool is_of_round;
	bool is_lost; /* was told */
};

struct peer_probe {
	const struct side_core *core;
	struct hop *hop;
	const char *domain;
	uint64_t quiet_ms;
	uint64_t answer_ms;
	const struct peer_probe_events *events;
	void *arg;
	struct question questions[LOCATE_TARGETS_MAX];
	bool is_round;
	bool was_cut;
	struct loop_timer timer;
};

struct peer_probe *peer_probe_new(const struct side_core *core, struct hop *hop, const char *domain,
				  uint64_t quiet_ms, uint64_t answer_ms,
				  const struct peer_probe_events *events, void *arg)
{
	struct peer_probe *probe = mem_zalloc(sizeof *probe);

	probe->core = core;
	probe->hop = hop;
	probe->domain = domain;
	probe->quiet_ms = quiet_ms;
	probe->answer_ms = answer_ms;
	probe->events = events;
	probe->arg = arg;
	for (size_t i = 0; i < LOCATE_TARGETS_MAX; i++)
		probe->questions[i].probe = probe;
	return probe;
}

void peer_probe_free(struct peer_probe **probe)
{
	if (*probe == NULL)
		return;
	peer_probe_watch(*probe, false);
	mem_free(*probe);
	*probe = NULL;
}

static uint64_t now_of(const struct peer_probe *probe)
{
	return loop_now(probe->core->params->loop);
}

bool peer_probe_is_under_way(const struct peer_probe *probe)
{
	return probe->is_round;
}

static bool is_open(const struct peer_probe *probe)
{
	for (size_t i = 0; i < LOCATE_TARGETS_MAX; i++)
		if (probe->questions[i].is_of_round)
			return true;
	return false;
}

static const struct target *find(const struct question *question)
{
	const struct hop *hop = question->probe->hop;

	for (size_t i = 0; i < hop_count(hop); i++)
		if (hop_target(hop, i)->id == question->id)
			return hop_target(hop, i);
	return NULL;
}

static void note_loss(struct question *question)
{
	const struct target *target = find(question);

	if (target == NULL || question->is_lost || target->heard_ms == 0 ||
	    target->failures < MISSES_LOST || hop_count(question->probe->hop) < 2)
		return;
	question->is_lost = true;
	question->probe->events->lost(question->probe->arg);
}

static void on_answer(const struct transaction_result *result, void *arg)
{
	struct question *question = arg;
	struct peer_probe *probe = question->probe;
	bool was_of_round = question->is_of_round;

	question->transaction = NULL;
	question->is_of_round = false;
	probe->was_cut |= result->is_local && result->status == 503;
	if (result->is_local)
		note_loss(question);
	else
		question->is_lost = false;
	if (!probe->is_round || !was_of_round || (result->is_local && is_open(probe)))
		return;
	probe->is_round = false;
	probe->events->round(!result->is_local, probe->was_cut, result->way, probe->arg);
}

static void ask(struct question *question, const struct target *target)
{
	struct peer_probe *probe = question->probe;
	struct transaction_request request = {.next_hop = hop_uri(probe->hop)};
	struct buf text = BUF_INIT;

	peer_question_write(probe->core, probe->domain, hop_uri(probe->hop),
			    target != NULL ? &target->address : NULL, &text);
	request.text = &text;
	request.target = target != NULL ? target->id : 0;
	question->id = request.target;
	question->asked_ms = now_of(probe);
	question->transaction =
		transaction_send(probe->core->transactions, &request, on_answer, question);
	buf_free(&text);
}

/* The one of this server, or one that is free. */
static struct question *question_of(struct peer_probe *probe, uint32_t id)
{
	struct question *unused = NULL;

	for (size_t i = 0; i < LOCATE_TARGETS_MAX; i++) {
		struct question *question = &probe->questions[i];

		if (question->id == id)
			return question;
		if (question->transaction == NULL && unused == NULL)
			unused = question;
	}
	if (unused != NULL) {
		unused->asked_ms = 0;
		unused->is_lost = false;
	}
	return unused;
}

static void ask_in_round(struct peer_probe *probe, const struct target *target)
{
	struct question *question = question_of(probe, target != NULL ? target->id : 0);

	if (question == NULL)
		return;
	if (question->transaction == NULL)
		ask(question, target);
	question->is_of_round = true;
}

void peer_probe_round(struct peer_probe *probe)
{
	size_t count = hop_state(probe->hop) == HOP_READY ? hop_count(probe->hop) : 0;

	probe->is_round = true;
	probe->was_cut = false;
	for (size_t i = 0; i < count; i++)
		ask_in_round(probe, hop_target(probe->hop, i));
	if (count == 0)
		ask_in_round(probe, NULL);
}

static void give_up(struct question *question)
{
	transaction_forget(&question->transaction);
	question->is_of_round = false;
	hop_failed(question->probe->hop, question->id, "no answer to OPTIONS");
	note_loss(question);
}

void peer_probe_end_round(struct peer_probe *probe)
{
	probe->is_round = false;
	for (size_t i = 0; i < LOCATE_TARGETS_MAX; i++)
		if (probe->questions[i].is_of_round)
			give_up(&probe->questions[i]);
}

/* Each by itself ------------------------------------------------------------------------------- */

static bool is_due(const struct peer_probe *probe, const struct question *question,
		   const struct target *target)
{
	uint64_t now = now_of(probe);

	if (target->failures != 0)
		return target->avoid_ms <= now;
	return target->heard_ms + probe->quiet_ms <= now &&
	       question->asked_ms + probe->quiet_ms <= now;
}

static void look_after(struct peer_probe *probe, const struct target *target)
{
	struct question *question = question_of(probe, target->id);

	if (question == NULL)
		return;
	if (question->transaction == NULL) {
		if (is_due(probe, question, target))
			ask(question, target);
	} else if (!question->is_of_round &&
		   now_of(probe) - question->asked_ms >= probe->answer_ms) {
		give_up(question);
	}
}

static void on_timer(void *arg)
{
	struct peer_probe *probe = arg;

	if (hop_count(probe->hop) > 1)
		for (size_t i = 0; i < hop_count(probe->hop); i++)
			look_after(probe, hop_target(probe->hop, i));
	loop_timer_set(probe->core->params->loop, &probe->timer, probe->quiet_ms / LOOKS + 1,
		       on_timer, probe);
}

void peer_probe_watch(struct peer_probe *probe, bool is_wanted)
{
	if (is_wanted) {
		loop_timer_set(probe->core->params->loop, &probe->timer,
			       probe->quiet_ms / LOOKS + 1, on_timer, probe);
		return;
	}
	loop_timer_cancel(&probe->timer);
	probe->is_round = false;
	for (size_t i = 0; i < LOCATE_TARGETS_MAX; i++) {
		transaction_forget(&probe->questions[i].transaction);
		probe->questions[i].is_of_round = false;
	}
}
