#include "scenario/scenario.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "core/bridge.h"
#include "model/counters.h"
#include "model/limits.h"
#include "scenario/scenario_private.h"
#include "scenario/scenario_words.h"
#include "support/fake_loop.h"
#include "support/fake_side.h"
#include "support/moody_store.h"

enum { OTHER_LINK = 1 };

struct line {
	struct list place;
	char *text;
};

/* Recording ------------------------------------------------------------------------------------ */

void scenario_record(const char *text, void *arg)
{
	struct scenario *scenario = arg;
	struct line *line = mem_zalloc(sizeof *line);

	line->text = mem_strdup(text);
	list_append(&scenario->lines, &line->place);
}

const char *scenario_take(struct scenario *scenario)
{
	struct line *line;

	mem_free(scenario->taken);
	scenario->taken = NULL;
	if (list_is_empty(&scenario->lines))
		return NULL;
	line = LIST_ENTRY(scenario->lines.next, struct line, place);
	list_remove(&line->place);
	scenario->taken = line->text;
	mem_free(line);
	return scenario->taken;
}

/* What a call returned: "= ANSWER presence fault". */
static void record_answer(struct scenario *scenario, enum watch_answer answer,
			  const struct presence *now, const struct fault *fault)
{
	struct buf out = BUF_INIT;

	buf_printf(&out, "= %s", fake_answer_name(answer));
	if (answer == WATCH_ALLOWED) {
		buf_putc(&out, ' ');
		fake_presence_text(now, &out);
	} else if (answer != WATCH_PENDING) {
		fake_fault_text(fault, &out);
	}
	scenario_record(buf_text(&out), scenario);
	buf_free(&out);
}

/* Life ----------------------------------------------------------------------------------------- */

static bool may_use(const struct address *user, void *arg)
{
	const struct scenario *scenario = arg;

	return !scenario->is_closed &&
	       (scenario->is_open || strcmp(user->domain, FAKE_CHAT_DOMAIN) == 0);
}

static bool is_named(const struct address *user, void *arg)
{
	(void)arg;
	return strcmp(user->domain, FAKE_CHAT_DOMAIN) == 0;
}

static bool is_served(const struct address *user, void *arg)
{
	(void)arg;
	return strcmp(user->domain, FAKE_PHONE_DOMAIN) == 0 ||
	       strcmp(user->domain, FAKE_OTHER_DOMAIN) == 0;
}

static unsigned link_of(const struct address *user, void *arg)
{
	(void)arg;
	return strcmp(user->domain, FAKE_OTHER_DOMAIN) == 0 ? OTHER_LINK : 0;
}

static void on_started(int error, void *arg)
{
	if (error != 0)
		scenario_record("start failed", arg);
}

/* "! quarantined FROM TO UID" */
static void on_failed(const struct address *from, const struct address *to, const char *uid,
		      const struct fault *why, bool is_quarantined, void *arg)
{
	struct buf out = BUF_INIT;

	(void)why;
	if (!is_quarantined)
		return;
	buf_puts(&out, "! quarantined ");
	fake_address_text(from, &out);
	buf_putc(&out, ' ');
	fake_address_text(to, &out);
	buf_printf(&out, " %s", uid == NULL ? "unreadable" : uid);
	scenario_record(buf_text(&out), arg);
	buf_free(&out);
}

/* "! waits FROM TO FAULT", "! goes FROM TO", "! full FROM TO FAULT" */
static void on_queue(enum queue_event event, const struct address *from, const struct address *to,
		     const struct fault *why, void *arg)
{
	static const char *const names[] = {
		[QUEUE_WAITS] = "waits", [QUEUE_GOES] = "goes", [QUEUE_FULL] = "full"};
	const struct scenario *scenario = arg;
	struct buf out = BUF_INIT;

	if (!scenario->has_ears)
		return;
	buf_printf(&out, "! %s ", names[event]);
	fake_address_text(from, &out);
	buf_putc(&out, ' ');
	fake_address_text(to, &out);
	if (why != NULL)
		buf_printf(&out, " %s", fault_name(why->code));
	scenario_record(buf_text(&out), arg);
	buf_free(&out);
}

static void begin(struct scenario *scenario)
{
	struct bridge_params params = {.loop = scenario->loop,
				       .store = scenario->store,
				       .limits = &scenario->limits,
				       .counters = &scenario->counters,
				       .load = &scenario->load,
				       .access = scenario->access,
				       .may_use = may_use,
				       .is_named = is_named,
				       .is_served = is_served,
				       .link_of = link_of,
				       .link_count = 2,
				       .arg = scenario,
				       .ask_again_s = 7 * 86400,
				       .refusal_hold_s = 86400,
				       .hold_s = 30,
				       .answer_s = 40,
				       .life_s = scenario->life_s,
				       .hold_unavailable_s = scenario->hold_unavailable_s,
				       .message_failed = on_failed,
				       .queue_told = on_queue,
				       .reports_late_failures = !scenario->is_mute};

	bridge_new(&scenario->bridge, &params);
	for (int side = 0; side < 2; side++)
		bridge_attach(scenario->bridge, (enum side)side, fake_side_ops(),
			      scenario->sides[side]);
	if (!scenario->is_up[SIDE_SIP])
		bridge_link(scenario->bridge, SIDE_SIP, 0, false);
	bridge_start(scenario->bridge, on_started, scenario);
	fake_loop_run(scenario->loop);
	for (int side = 0; side < 2; side++)
		bridge_link(scenario->bridge, (enum side)side, 0, scenario->is_up[side]);
	bridge_link(scenario->bridge, SIDE_XMPP, OTHER_LINK, scenario->is_other_up);
	fake_loop_run(scenario->loop);
}

static void open_store(struct scenario *scenario, const char *engine)
{
	struct store_params params = {.engine = engine, .loop = scenario->loop};
	char error[256];

	store_free(&scenario->store);
	if (store_open(&scenario->store, &params, error, sizeof error) != 0)
		abort();
}

void scenario_new(struct scenario **out)
{
	struct scenario *scenario = mem_zalloc(sizeof *scenario);

	loop_new(&scenario->loop);
	list_init(&scenario->lines);
	limits_defaults(&scenario->limits);
	fake_side_new(&scenario->sides[SIDE_SIP], SIDE_SIP, scenario_record, scenario);
	fake_side_new(&scenario->sides[SIDE_XMPP], SIDE_XMPP, scenario_record, scenario);
	scenario->is_up[SIDE_SIP] = true;
	scenario->is_up[SIDE_XMPP] = true;
	scenario->is_other_up = true;
	moody_store_set(0, 0);
	open_store(scenario, "failing");
	begin(scenario);
	*out = scenario;
}

void scenario_free(struct scenario **scenario_to_free)
{
	struct scenario *scenario = *scenario_to_free;

	bridge_free(&scenario->bridge);
	access_free(&scenario->access);
	fake_loop_run(scenario->loop);
	store_free(&scenario->store);
	moody_store_forget();
	while (scenario_take(scenario) != NULL)
		continue;
	fake_side_free(&scenario->sides[SIDE_SIP]);
	fake_side_free(&scenario->sides[SIDE_XMPP]);
	loop_free(&scenario->loop);
	mem_free(scenario);
	*scenario_to_free = NULL;
}

/* Actions -------------------------------------------------------------------------------------- */

/* words: watcher, watched, and the verb's own. */
typedef const char *pair_fn(struct scenario *scenario, struct ends *ends, int count, char **words);

static const char *requested(struct scenario *scenario, struct ends *ends, int count, char **words)
{
	const struct presence *now;
	struct fault fault = {0};
	enum watch_answer answer;

	if (count > 0 && strncmp(words[0], "nick=", 5) == 0)
		ends->watch.nick = words[0] + 5;
	answer = bridge_watch_requested(scenario->bridge, &ends->watch, &now, &fault);
	record_answer(scenario, answer, now, &fault);
	return NULL;
}

static const char *probed(struct scenario *scenario, struct ends *ends, int count, char **words)
{
	const struct presence *now;
	struct fault fault = {0};
	enum watch_answer answer;

	(void)count;
	(void)words;
	answer = bridge_probed(scenario->bridge, &ends->watch, &now, &fault);
	record_answer(scenario, answer, now, &fault);
	return NULL;
}

static const char *restored(struct scenario *scenario, struct ends *ends, int count, char **words)
{
	struct fault fault = {0};
	enum watch_answer answer = bridge_watch_restored(scenario->bridge, &ends->watch, &fault);
	struct buf out = BUF_INIT;

	(void)count;
	(void)words;
	buf_printf(&out, "= %s", fake_answer_name(answer));
	if (answer != WATCH_ALLOWED && answer != WATCH_PENDING)
		fake_fault_text(&fault, &out);
	scenario_record(buf_text(&out), scenario);
	buf_free(&out);
	return NULL;
}

static const char *fetched(struct scenario *scenario, struct ends *ends, int count, char **words)
{
	const struct presence *now;
	enum watch_answer answer = bridge_fetch(scenario->bridge, &ends->watch, &now);

	(void)count;
	(void)words;
	record_answer(scenario, answer, now, NULL);
	return NULL;
}

static const char *lapsed(struct scenario *scenario, struct ends *ends, int count, char **words)
{
	(void)count;
	(void)words;
	bridge_watch_lapsed(scenario->bridge, &ends->watch);
	return NULL;
}

static const char *withdrawn(struct scenario *scenario, struct ends *ends, int count, char **words)
{
	(void)count;
	(void)words;
	bridge_watch_withdrawn(scenario->bridge, &ends->watch);
	return NULL;
}

static const char *answered(struct scenario *scenario, struct ends *ends, int count, char **words)
{
	struct fault fault;

	for (int i = WATCH_ALLOWED; count > 0 && i <= WATCH_FAILED; i++) {
		enum watch_answer answer = (enum watch_answer)i;

		if (strcmp(words[0], fake_answer_name(answer)) != 0)
			continue;
		if (count > 1)
			fault_set(&fault, fault_from_name(words[1]), NULL);
		bridge_watch_answered(scenario->bridge, &ends->watch, answer,
				      count > 1 ? &fault : NULL);
		return NULL;
	}
	return "answered needs allowed, pending, rejected, forbidden, no-such or failed";
}

static const char *presence(struct scenario *scenario, struct ends *ends, int count, char **words)
{
	struct presence value;
	bool ok = scenario_presence(count, words, &value);

	if (ok)
		bridge_presence(scenario->bridge, &ends->watch, &value);
	presence_clear(&value);
	return ok ? NULL : "this is no presence";
}

static const char *device(struct scenario *scenario, struct ends *ends, int count, char **words)
{
	struct device value;
	bool ok = count > 0 && scenario_device(words[0], &value);

	if (ok)
		bridge_device(scenario->bridge, &ends->watch, &value);
	if (count > 0)
		device_clear(&value);
	return ok ? NULL : "this is no device";
}

/* person WATCHER WATCHED FACT...: as the end of a presence. */
static const char *person(struct scenario *scenario, struct ends *ends, int count, char **words)
{
	struct presence value;
	bool ok = scenario_presence(count, words, &value);

	if (ok)
		bridge_person(scenario->bridge, &ends->watch, &value.person);
	presence_clear(&value);
	return ok ? NULL : "these are no facts";
}

static const char *forget(struct scenario *scenario, struct ends *ends, int count, char **words)
{
	(void)count;
	(void)words;
	if (bridge_forget(scenario->bridge, &ends->watcher, &ends->watched) != 0)
		scenario_record("= nothing", scenario);
	return NULL;
}

static void record_state(const struct pair_row *row, const struct presence *now, void *arg)
{
	struct buf out = BUF_INIT;

	buf_puts(&out, "= ");
	fake_address_text(&row->watcher, &out);
	buf_putc(&out, ' ');
	fake_address_text(&row->watched, &out);
	buf_printf(&out, " %s ", pair_state_name(row->state));
	fake_presence_text(now, &out);
	scenario_record(buf_text(&out), arg);
	buf_free(&out);
}

/* pair WORDS: who is asked or asks, in which state. */
static const char *state(struct scenario *scenario, struct ends *ends, int count, char **words)
{
	(void)count;
	(void)words;
	bridge_each_pair(scenario->bridge, &ends->watcher, record_state, scenario);
	return NULL;
}

/* Other actions: words[0] is the verb. */
typedef const char *action_fn(struct scenario *scenario, int count, char **words);

static const char *link_changed(struct scenario *scenario, int count, char **words)
{
	enum side side;
	bool *is_up;
	unsigned link;

	if (count < 3 || !scenario_side(words[1], &side))
		return "link sip|xmpp up|down|full|roomy [other]";
	link = count > 3 && strcmp(words[3], "other") == 0 ? OTHER_LINK : 0;
	is_up = link == OTHER_LINK ? &scenario->is_other_up : &scenario->is_up[side];
	if (strcmp(words[2], "full") == 0 || strcmp(words[2], "roomy") == 0) {
		fake_side_fill(scenario->sides[side], link, strcmp(words[2], "full") == 0);
		return NULL;
	}
	*is_up = strcmp(words[2], "up") == 0;
	bridge_link(scenario->bridge, side, link, *is_up);
	return NULL;
}

static const char *seen(struct scenario *scenario, int count, char **words)
{
	struct address user;

	if (count < 3 || !scenario_address(words[1], &user))
		return "seen x:USER on|off";
	bridge_user_seen(scenario->bridge, &user, strcmp(words[2], "on") == 0);
	address_clear(&user);
	return NULL;
}

static const char *advance(struct scenario *scenario, int count, char **words)
{
	uint64_t ms;

	if (count < 2 || !scenario_duration(words[1], &ms))
		return "advance 500ms|30s|10m|24h|7d";
	fake_loop_advance(scenario->loop, ms);
	return NULL;
}

/* The wall clock alone. */
static const char *step_clock(struct scenario *scenario, int count, char **words)
{
	uint64_t ms;
	bool is_back = count > 1 && words[1][0] == '-';

	if (count < 2 || !scenario_duration(words[1] + (is_back ? 1 : 0), &ms))
		return "clock 30d|-1h";
	fake_loop_set_wall(scenario->loop,
			   loop_wall_ms(scenario->loop) + (is_back ? -(int64_t)ms : (int64_t)ms));
	return NULL;
}

/* after DURATION: so long later, and the store knows that; without, it knows nothing of when. */
static const char *come_back(struct scenario *scenario, int count, char **words)
{
	uint64_t ms;

	if (count > 2 && strcmp(words[1], "after") == 0 && scenario_duration(words[2], &ms)) {
		fake_loop_run(scenario->loop);
		moody_store_keep(loop_wall_ms(scenario->loop) / 1000);
		fake_loop_advance(scenario->loop, ms);
		open_store(scenario, "failing");
	} else if (count > 1) {
		return "restart|kill [after DURATION]";
	}
	begin(scenario);
	return NULL;
}

static const char *restart(struct scenario *scenario, int count, char **words)
{
	bridge_free(&scenario->bridge);
	return come_back(scenario, count, words);
}

/* As after kill -9: what the store has not done never happened; it works again. */
static const char *killed(struct scenario *scenario, int count, char **words)
{
	bridge_free(&scenario->bridge);
	moody_store_crash();
	moody_store_set(0, 0);
	fake_loop_run(scenario->loop);
	return come_back(scenario, count, words);
}

/* works, full or broken: from now on. slow DURATION: everything takes so long. failing: another
 * one, that never worked. */
static const char *use_store(struct scenario *scenario, int count, char **words)
{
	uint64_t ms = 0;

	if (count < 2 || (count > 2 && !scenario_duration(words[2], &ms)))
		return "store works|full|broken|failing|slow DURATION";
	if (strcmp(words[1], "full") == 0)
		moody_store_set(ENOSPC, 0);
	else if (strcmp(words[1], "works") == 0 || strcmp(words[1], "slow") == 0)
		moody_store_set(0, ms);
	else
		moody_store_set(EIO, 0);
	if (strcmp(words[1], "failing") != 0)
		return NULL;
	bridge_free(&scenario->bridge);
	fake_loop_run(scenario->loop);
	open_store(scenario, "failing");
	begin(scenario);
	return NULL;
}

/* with life|hold DURATION: a restart with that setting. */
static const char *use_setting(struct scenario *scenario, int count, char **words)
{
	uint64_t ms;

	if (count < 3 || !scenario_duration(words[2], &ms))
		return "with life|hold DURATION";
	if (strcmp(words[1], "life") == 0)
		scenario->life_s = (int64_t)(ms / 1000);
	else
		scenario->hold_unavailable_s = (int64_t)(ms / 1000);
	return restart(scenario, 1, words);
}

/* xmpp.domains without and with the chat domain, or with "*" beside it. */
static const char *domains(struct scenario *scenario, int count, char **words)
{
	if (count < 2)
		return "domains none|all|everybody";
	scenario->is_closed = strcmp(words[1], "none") == 0;
	scenario->is_open = strcmp(words[1], "everybody") == 0;
	return NULL;
}

/* From the next start on. */
static const char *late_failure(struct scenario *scenario, int count, char **words)
{
	if (count < 2)
		return "late_failure message|none";
	scenario->is_mute = strcmp(words[1], "none") == 0;
	return NULL;
}

static const char *cautious(struct scenario *scenario, int count, char **words)
{
	if (count < 2)
		return "cautious on|off";
	bridge_set_cautious(scenario->bridge, strcmp(words[1], "on") == 0);
	return NULL;
}

static const char *listen_in(struct scenario *scenario, int count, char **words)
{
	(void)count;
	(void)words;
	scenario->has_ears = true;
	return NULL;
}

static const char *stop(struct scenario *scenario, int count, char **words)
{
	if (count >= 2 && strcmp(words[1], "more") == 0) {
		scenario_record(bridge_stop_more(scenario->bridge) ? "= done" : "= more", scenario);
		return NULL;
	}
	bridge_stop(scenario->bridge, count < 2 || strcmp(words[1], "quiet") != 0);
	return NULL;
}

static const char *limit(struct scenario *scenario, int count, char **words)
{
	int64_t least;
	int64_t most;

	if (count < 3 || limits_put(&scenario->limits, words[1], strtoll(words[2], NULL, 10),
				    &least, &most) != 0)
		return "limit NAME VALUE (within its range)";
	return NULL;
}

static const char *set_load(struct scenario *scenario, int count, char **words)
{
	for (int level = LOAD_NORMAL; count == 2 && level < LOAD_LEVELS; level++) {
		if (strcmp(words[1], load_level_name((enum load_level)level)) != 0)
			continue;
		scenario->load.level = (enum load_level)level;
		return NULL;
	}
	return "load normal|busy|overloaded|critical";
}

struct count_wanted {
	struct scenario *scenario;
	const char *name;
};

static void record_count(const char *name, uint64_t value, const char *what, void *arg)
{
	struct count_wanted *wanted = arg;
	struct buf out = BUF_INIT;

	(void)what;
	if (strcmp(name, wanted->name) != 0)
		return;
	buf_printf(&out, "= %s %" PRIu64, name, value);
	scenario_record(buf_text(&out), wanted->scenario);
	buf_free(&out);
}

static const char *show_count(struct scenario *scenario, int count, char **words)
{
	struct count_wanted wanted = {scenario, count > 1 ? words[1] : ""};

	if (strcmp(wanted.name, "pairs") == 0)
		record_count("pairs", bridge_pair_count(scenario->bridge), "", &wanted);
	else if (strcmp(wanted.name, "messages") == 0)
		record_count("messages", bridge_message_count(scenario->bridge), "", &wanted);
	else
		counters_each(&scenario->counters, record_count, &wanted);
	return NULL;
}

/* The verbs ------------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	pair_fn *run;
} pair_verbs[] = {
	{"requested", requested}, {"probed", probed},       {"fetched", fetched},
	{"lapsed", lapsed},       {"withdrawn", withdrawn}, {"answered", answered},
	{"presence", presence},   {"person", person},       {"device", device},
	{"forget", forget},       {"state", state},         {"restored", restored},
};

static const struct {
	const char *name;
	action_fn *run;
} verbs[] = {
	{"link", link_changed},
	{"seen", seen},
	{"message", scenario_do_message},
	{"outcome", scenario_do_outcome},
	{"advance", advance},
	{"clock", step_clock},
	{"restart", restart},
	{"kill", killed},
	{"with", use_setting},
	{"drop", scenario_do_drop},
	{"queue", scenario_do_show_queue},
	{"sums", scenario_do_check_sums},
	{"store", use_store},
	{"stop", stop},
	{"limit", limit},
	{"load", set_load},
	{"count", show_count},
	{"domains", domains},
	{"typing", scenario_do_typing},
	{"report", scenario_do_report},
	{"late_failure", late_failure},
	{"listen", listen_in},
	{"cautious", cautious},
	{"access", scenario_do_access},
};

static const char *do_pair(struct scenario *scenario, pair_fn *run, int count, char **words)
{
	const char *wrong = "a pair is WATCHER WATCHED: x:juliet s:1001";
	struct ends ends = {0};

	if (count >= 3 && scenario_ends_read(&words[1], &ends))
		wrong = run(scenario, &ends, count - 3, &words[3]);
	scenario_ends_clear(&ends);
	return wrong;
}

/* The core calls no side from inside a report about a pair, whichever side it is. */
static void reporting(struct scenario *scenario, bool is_reporting)
{
	fake_side_reporting(scenario->sides[SIDE_SIP], is_reporting);
	fake_side_reporting(scenario->sides[SIDE_XMPP], is_reporting);
}

const char *scenario_do(struct scenario *scenario, int count, char **words)
{
	const char *wrong = "there is no such verb";

	for (size_t i = 0; i < sizeof pair_verbs / sizeof *pair_verbs; i++) {
		if (strcmp(words[0], pair_verbs[i].name) == 0) {
			reporting(scenario, true);
			wrong = do_pair(scenario, pair_verbs[i].run, count, words);
			reporting(scenario, false);
		}
	}
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(words[0], verbs[i].name) == 0)
			wrong = verbs[i].run(scenario, count, words);
	}
	fake_loop_run(scenario->loop);
	return wrong;
}
