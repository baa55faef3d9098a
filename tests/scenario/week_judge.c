/* What must hold: nobody is shown what is not true for longer than allowed, nobody is asked twice,
 * no failure ends an authorization, each request has an outcome, nobody is told twice the same. */
#include "scenario/week.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* A user whose presence the bridge cannot see counts as online for a day (D-20). */
enum {
	UNSEEN = 24 * HOUR - MINUTE,
	ROUNDING_S = 120 /* steps of the clock are followed by the minute */
};

void week_note(struct moment *story, unsigned *moments, const struct week *week, const char *what,
	       int64_t number)
{
	story[(*moments)++ % STORY] = (struct moment){week_now(week), what, number};
}

static void print_story(const struct week *week, const struct moment *story, unsigned moments,
			uint64_t due_ms)
{
	unsigned first = moments > STORY ? moments - STORY : 0;

	(void)fprintf(stderr, "now %.3f, due %.3f, started %.3f, link %s\n",
		      (double)week_now(week) / 1000, (double)due_ms / 1000,
		      (double)week->started_ms / 1000,
		      !week->is_cut    ? "up"
		      : week->is_known ? "down"
				       : "down and nobody knows");
	for (unsigned i = first; i < moments; i++)
		(void)fprintf(stderr, "%12.3f %s %" PRId64 "\n", (double)story[i % STORY].ms / 1000,
			      story[i % STORY].what, story[i % STORY].number);
}

_Noreturn void judge_fail(struct week *week, const char *what)
{
	(void)fprintf(stderr, "seed %" PRIu64 ", after %.1f hours: %s\n", week->seed,
		      (double)week_now(week) / HOUR, what);
	exit(1);
}

static void print_ends(const struct address *watcher, const struct address *watched)
{
	struct buf text = BUF_INIT;

	address_print(watcher, &text);
	buf_puts(&text, " watches ");
	address_print(watched, &text);
	(void)fprintf(stderr, "%s\n", buf_text(&text));
	buf_free(&text);
}

static int expected_of(const struct xpair *pair);

_Noreturn void judge_xfail(struct xpair *pair, const char *what)
{
	const struct source *source = pair->source;

	print_ends(&pair->watcher->address, &pair->watched->address);
	print_story(pair->week, pair->story, pair->moments, pair->due_ms);
	(void)fprintf(stderr,
		      "shown %d, expected %d; subscribed %d granted %d wanted %d; source active %d "
		      "failed %d failing %d policy %d, peer dead %d\n",
		      pair->shown, expected_of(pair), pair->is_subscribed, pair->is_granted,
		      pair->is_wanted, source->is_active, source->has_failed, source->is_failing,
		      source->policy, pair->week->peers[pair->watched->peer].is_dead);
	judge_fail(pair->week, what);
}

_Noreturn void judge_sfail(struct spair *pair, const char *what)
{
	print_ends(&pair->watcher, &pair->watched->address);
	print_story(pair->week, pair->story, pair->moments, pair->due_ms);
	(void)fprintf(stderr,
		      "shown %d %d %d, true %d %d %d; dialog %d answered %d authorized %d\n",
		      pair->shown.version[0], pair->shown.version[1], pair->shown.version[2],
		      pair->watched->truth.version[0], pair->watched->truth.version[1],
		      pair->watched->truth.version[2], pair->has_dialog, pair->is_answered,
		      pair->is_authorized);
	judge_fail(pair->week, what);
}

/* Chat users ----------------------------------------------------------------------------------- */

/* What the phone does reaches the bridge. */
static bool is_heard(const struct xpair *pair)
{
	const struct source *source = pair->source;

	return pair->is_subscribed && pair->is_granted && pair->is_wanted && source->is_active &&
	       !source->has_failed && !pair->week->peers[pair->watched->peer].is_dead;
}

static int expected_of(const struct xpair *pair)
{
	return is_heard(pair) ? week_first(&pair->watched->truth) : 0;
}

static bool looks(const struct xpair *pair)
{
	return pair->week->bridge != NULL && !pair->week->is_cut && week_is_online(pair->watcher) &&
	       week_now(pair->week) - pair->watcher->sign_ms < UNSEEN;
}

bool judge_pace(const struct week *week, struct allowance *allowance, bool is_leaving)
{
	uint64_t now = week_now(week);

	allowance->tokens += (double)(now - allowance->at_ms) / (5 * SECOND);
	if (allowance->tokens > 5)
		allowance->tokens = 5;
	allowance->at_ms = now;
	if (is_leaving && allowance->tokens < 1)
		return true;
	allowance->tokens -= 1;
	return allowance->tokens > -0.01;
}

static void judge_xpair(struct xpair *pair)
{
	bool is_sound;

	if (pair->week->is_full)
		return;
	if (looks(pair) && pair->leaves_ms != 0 && week_now(pair->week) >= pair->leaves_ms &&
	    pair->shown != 0 && is_heard(pair) && week_first(&pair->watched->truth) == 0)
		judge_xfail(pair, "a chat user sees one who left");

	if (!looks(pair) || week_now(pair->week) < pair->due_ms)
		return;
	pair->week->checks++;
	/* What a store lost that could not be written comes back with his next probe (D-16). */
	if (pair->shown != expected_of(pair) && !pair->has_amnesia)
		judge_xfail(pair, "a chat user sees what is not true");
	is_sound = pair->is_wanted && pair->source->is_active && !pair->source->has_failed;
	if (pair->is_subscribed && !pair->is_granted && is_sound && !pair->has_amnesia)
		judge_xfail(pair, "a chat user was never told that he was granted");
	if (pair->is_subscribed && !pair->is_wanted && !pair->has_amnesia)
		judge_xfail(pair, "nothing keeps up what a chat user subscribed to");
}

void judge_xtell(struct xpair *pair, int version)
{
	uint64_t now = week_now(pair->week);

	if (!looks(pair))
		return;
	if (version == pair->shown && version != 0 && now > pair->repeats_ms)
		judge_xfail(pair, "a chat user is told the same twice");
	if (version == 0 && pair->shown != 0)
		pair->week->hidden++;
	pair->shown = version;
	if (now > pair->due_ms && version != expected_of(pair) && !pair->week->is_stopping)
		judge_xfail(pair, "a chat user is told what is not true");
}

/* `unsubscribed` (promise 4). */
void judge_xend(struct xpair *pair, enum watch_answer answer)
{
	struct week *week = pair->week;
	const struct source *source = pair->source;
	bool was_refused = source->refused_s != 0 &&
			   week_steady_s(week) - source->refused_s >= REFUSAL_HOLD_S - ROUNDING_S;

	if (!pair->may_end && !was_refused && !pair->has_amnesia)
		judge_xfail(pair, "nobody ended this authorization");
	if (!pair->is_subscribed || week->is_cut)
		return;
	XNOTE(pair, "ended", answer);
	week->ends++;
	pair->is_subscribed = false;
	pair->is_granted = false;
	pair->shown = 0;
	xmpp_world_subscribe(pair, MINUTE + week_dice(week, 12 * HOUR));
}

/* Phones --------------------------------------------------------------------------------------- */

static struct sight expected_by(const struct spair *pair)
{
	static const struct sight nothing;

	if (!pair->is_authorized || pair->week->is_cut)
		return nothing;
	return pair->watched->truth;
}

static bool is_same(const struct sight *a, const struct sight *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

static void judge_spair(struct spair *pair)
{
	struct sight expected = expected_by(pair);

	if (pair->week->bridge == NULL || !pair->has_dialog || week_now(pair->week) < pair->due_ms)
		return;
	pair->week->checks++;
	if (!is_same(&pair->shown, &expected) && !pair->has_amnesia)
		judge_sfail(pair, "a phone sees what is not true");
	if (pair->is_authorized && !pair->is_answered && !pair->has_amnesia)
		judge_sfail(pair, "a phone was never told that it was granted");
}

void judge_stell(struct spair *pair, const struct sight *sight)
{
	static const struct sight nothing;
	uint64_t now = week_now(pair->week);
	struct sight expected = expected_by(pair);

	SNOTE(pair, "told", week_first(sight));
	if (!pair->has_dialog)
		return;
	if (is_same(sight, &pair->shown) && !is_same(sight, &nothing) && now > pair->repeats_ms)
		judge_sfail(pair, "a phone is told the same twice");
	if (is_same(sight, &nothing) && !is_same(&pair->shown, &nothing))
		pair->week->hidden++;
	pair->shown = *sight;
	if (now > pair->due_ms && !is_same(sight, &expected) && !pair->has_amnesia)
		judge_sfail(pair, "a phone is told what is not true");
}

/* D-13. */
void judge_prompt(struct spair *pair)
{
	int64_t passed = week_steady_s(pair->week) - pair->asked_s;

	SNOTE(pair, "prompted", passed);
	pair->week->prompts++;
	if (pair->was_asked && !pair->is_excused && passed >= 0 &&
	    passed < ASK_AGAIN_S - ROUNDING_S)
		judge_sfail(pair, "a chat user is asked twice");
}

void judge_all(struct week *week)
{
	for (int i = 0; i < WAY_PAIRS; i++) {
		judge_xpair(&week->xpairs[i]);
		judge_spair(&week->spairs[i]);
	}
	for (int i = 0; i < OPEN_MESSAGES; i++) {
		if (week->messages[i].is_open &&
		    week_now(week) > week->messages[i].sent_ms + (ANSWER_S + 1) * SECOND)
			judge_fail(week, "a message has no outcome");
	}
}
