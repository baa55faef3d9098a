/* The table of pair.c: each row of file 04 B.1 and C.1, the nine states of RFC 6121, and rules that
 * hold for every cell. */
#include "support/check.h"

#include <stdbool.h>

#include "core/pair.h"

#define S WAY_XMPP_WATCHES_SIP
#define X WAY_SIP_WATCHES_XMPP

struct row {
	const char *name;
	enum pair_way way;
	enum pair_phase phase;
	enum pair_event event;
	enum pair_phase next;
	enum watch_answer say;
	unsigned acts;
};

/* say of events that nobody is told of. */
#define SILENT WATCH_PENDING

static const struct row rows[] = {
	/* B1 */
	{"B1", S, PHASE_NONE, EVENT_REQUESTED_DUE, PHASE_ASKED, WATCH_PENDING, DO_ASK},
	/* B2 [PRES-022] */
	{"B2", S, PHASE_ASKED, EVENT_REQUESTED, PHASE_ASKED, WATCH_PENDING, DO_WATCH},
	{"B2", S, PHASE_ASKED, EVENT_REQUESTED_DUE, PHASE_ASKED, WATCH_PENDING, DO_WATCH},
	/* B3 [SUBX-003] */
	{"B3", S, PHASE_GRANTED, EVENT_REQUESTED, PHASE_GRANTED, WATCH_ALLOWED, DO_WATCH},
	{"B3", S, PHASE_GRANTED, EVENT_REQUESTED_DUE, PHASE_GRANTED, WATCH_ALLOWED, DO_WATCH},
	/* B5 [PRES-043] */
	{"B5", S, PHASE_ASKED, EVENT_PENDING, PHASE_ASKED, SILENT, DO_FORGET},
	/* B6 [PRES-066] */
	{"B6", S, PHASE_GRANTED, EVENT_PENDING, PHASE_GRANTED, SILENT, 0},
	/* B7 */
	{"B7", S, PHASE_ASKED, EVENT_ALLOWED, PHASE_GRANTED, WATCH_ALLOWED, DO_ANSWER},
	/* B8 [PRES-046] */
	{"B8", S, PHASE_GRANTED, EVENT_ALLOWED, PHASE_GRANTED, SILENT, DO_SHOW},
	/* B9 */
	{"B9", S, PHASE_ASKED, EVENT_REJECTED, PHASE_REFUSED, WATCH_REJECTED, DO_ANSWER | DO_END},
	{"B9", S, PHASE_GRANTED, EVENT_REJECTED, PHASE_ENDED, WATCH_REJECTED, DO_ANSWER | DO_END},
	/* B10 [D-14] */
	{"B10", S, PHASE_ASKED, EVENT_FORBIDDEN, PHASE_REFUSED, WATCH_FORBIDDEN,
	 DO_ANSWER | DO_END},
	{"B10", S, PHASE_ASKED, EVENT_NO_SUCH, PHASE_REFUSED, WATCH_NO_SUCH, DO_ANSWER | DO_END},
	{"B10", S, PHASE_ASKED, EVENT_FAILED, PHASE_ASKED, SILENT, 0},
	/* B11 [D-14] [PRES-032] [SUBX-011] */
	{"B11", S, PHASE_GRANTED, EVENT_FORBIDDEN, PHASE_GRANTED, SILENT, DO_HIDE},
	{"B11", S, PHASE_GRANTED, EVENT_NO_SUCH, PHASE_GRANTED, SILENT, DO_DOUBT},
	{"B11", S, PHASE_GRANTED, EVENT_FAILED, PHASE_GRANTED, SILENT, DO_DOUBT},
	{"B11", S, PHASE_GRANTED, EVENT_HOLD_OVER, PHASE_ENDED, WATCH_FORBIDDEN,
	 DO_ANSWER | DO_END},
	/* B14 [D-20] */
	{"B14", S, PHASE_GRANTED, EVENT_PROBED, PHASE_GRANTED, WATCH_ALLOWED, DO_WATCH},
	/* B16 [D-19] */
	{"B16", S, PHASE_GRANTED, EVENT_WITHDRAWN, PHASE_ENDED, WATCH_REJECTED, DO_ANSWER | DO_END},
	{"B16a", S, PHASE_ASKED, EVENT_WITHDRAWN, PHASE_ENDED, WATCH_REJECTED, DO_ANSWER | DO_END},
	/* B17 */
	{"B17", S, PHASE_NONE, EVENT_WITHDRAWN, PHASE_NONE, WATCH_REJECTED, DO_ANSWER},
	/* B18 [PRES-063] */
	{"B18", S, PHASE_ENDED, EVENT_ALLOWED, PHASE_ENDED, SILENT, 0},
	/* [D-16] */
	{"probe", S, PHASE_NONE, EVENT_PROBED, PHASE_QUIET, WATCH_PENDING, DO_RESTORE},
	{"probe", S, PHASE_ASKED, EVENT_PROBED, PHASE_ASKED, WATCH_PENDING, DO_WATCH},
	{"probe", S, PHASE_ENDED, EVENT_PROBED, PHASE_ENDED, WATCH_REJECTED, 0},
	{"probe", S, PHASE_REFUSED, EVENT_PROBED, PHASE_REFUSED, WATCH_REJECTED, 0},
	{"restored", S, PHASE_QUIET, EVENT_ALLOWED, PHASE_GRANTED, WATCH_ALLOWED, DO_SHOW},
	{"restored", S, PHASE_QUIET, EVENT_FORBIDDEN, PHASE_REFUSED, WATCH_FORBIDDEN,
	 DO_ANSWER | DO_END},
	/* C1 */
	{"C1", X, PHASE_NONE, EVENT_REQUESTED_DUE, PHASE_ASKED, WATCH_PENDING, DO_ASK},
	/* C2 [EVT-043] [D-13] */
	{"C2", X, PHASE_ASKED, EVENT_REQUESTED, PHASE_ASKED, WATCH_PENDING, DO_WATCH},
	{"C2", X, PHASE_ASKED, EVENT_REQUESTED_DUE, PHASE_ASKED, WATCH_PENDING, DO_ASK},
	/* C3 [PRS-015] */
	{"C3", X, PHASE_GRANTED, EVENT_REQUESTED, PHASE_GRANTED, WATCH_ALLOWED,
	 DO_WATCH | DO_REFRESH},
	{"C3", X, PHASE_GRANTED, EVENT_REQUESTED_DUE, PHASE_GRANTED, WATCH_ALLOWED,
	 DO_WATCH | DO_REFRESH},
	/* C4, C5 [PRES-079] */
	{"C4", X, PHASE_ASKED, EVENT_ALLOWED, PHASE_GRANTED, WATCH_ALLOWED, DO_ANSWER},
	/* C6 [PRES-093] */
	{"C6", X, PHASE_NONE, EVENT_ALLOWED, PHASE_NONE, SILENT, 0},
	{"C6", X, PHASE_GRANTED, EVENT_ALLOWED, PHASE_GRANTED, SILENT, 0},
	{"C6", X, PHASE_REFUSED, EVENT_ALLOWED, PHASE_REFUSED, SILENT, 0},
	/* C7 */
	{"C7", X, PHASE_ASKED, EVENT_REJECTED, PHASE_REFUSED, WATCH_REJECTED, DO_ANSWER},
	{"C7", X, PHASE_GRANTED, EVENT_REJECTED, PHASE_REFUSED, WATCH_REJECTED, DO_ANSWER},
	/* [D-13] */
	{"D-13", X, PHASE_REFUSED, EVENT_REQUESTED, PHASE_REFUSED, WATCH_REJECTED, 0},
	{"D-13", X, PHASE_REFUSED, EVENT_REQUESTED_DUE, PHASE_ASKED, WATCH_PENDING, DO_ASK},
	{"D-13", X, PHASE_REFUSED, EVENT_LIFTED, PHASE_ENDED, SILENT, 0},
	{"D-13", X, PHASE_REFUSED, EVENT_FORGOTTEN, PHASE_NONE, SILENT, 0},
	{"D-13", X, PHASE_ENDED, EVENT_REQUESTED, PHASE_ASKED, WATCH_PENDING, DO_ASK},
	/* C11 to C13 [PRES-099] */
	{"C11", X, PHASE_GRANTED, EVENT_LAPSED, PHASE_GRANTED, SILENT, DO_REST},
	{"C12", X, PHASE_ASKED, EVENT_LAPSED, PHASE_ASKED, SILENT, DO_REST},
	/* C14 [PRES-161] [PRES-163] */
	{"C14", X, PHASE_NONE, EVENT_FETCHED, PHASE_NONE, WATCH_PENDING, 0},
	{"C14", X, PHASE_ASKED, EVENT_FETCHED, PHASE_ASKED, WATCH_PENDING, 0},
	{"C14", X, PHASE_REFUSED, EVENT_FETCHED, PHASE_REFUSED, WATCH_PENDING, 0},
	{"C14", X, PHASE_GRANTED, EVENT_FETCHED, PHASE_GRANTED, WATCH_ALLOWED, DO_REFRESH},
	/* C15 and table C.4 [SUBX-010] */
	{"C15", X, PHASE_ASKED, EVENT_NO_SUCH, PHASE_ENDED, WATCH_NO_SUCH, DO_ANSWER},
	{"C15", X, PHASE_ASKED, EVENT_FORBIDDEN, PHASE_ENDED, WATCH_FORBIDDEN, DO_ANSWER},
	{"C15", X, PHASE_ASKED, EVENT_FAILED, PHASE_QUIET, WATCH_FAILED, DO_ANSWER | DO_REST},
	{"C15", X, PHASE_QUIET, EVENT_REQUESTED, PHASE_ASKED, WATCH_PENDING, DO_ASK},
};

static void rows_of_the_spec(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		const struct row *row = &rows[i];
		const struct pair_step *step = pair_step(row->way, row->phase, row->event);

		if (step->next != row->next || step->say != row->say ||
		    step->acts != (row->acts | DO_CELL))
			fail_msg("row %zu (%s): next %d say %d acts %x", i, row->name,
				 (int)step->next, (int)step->say, step->acts);
	}
}

static bool is_asked(enum pair_phase phase)
{
	return phase == PHASE_QUIET || phase == PHASE_ASKED;
}

static void check_cell(enum pair_way way, enum pair_phase phase, enum pair_event event)
{
	const struct pair_step *step = pair_step(way, phase, event);
	bool grants = step->next == PHASE_GRANTED && phase != PHASE_GRANTED;
	bool leaves = phase == PHASE_GRANTED && step->next != PHASE_GRANTED;
	bool is_request = event <= EVENT_FETCHED;

	assert_true(step->acts & DO_CELL);
	/* [PRES-069] [PRES-093] only a yes to a question grants, and it is told once */
	if (grants)
		assert_true(event == EVENT_ALLOWED && is_asked(phase));
	if ((step->acts & DO_ANSWER) && step->say == WATCH_ALLOWED)
		assert_true(grants);
	/* [SUBX-011] [PRES-001] neither failure nor silence ends an authorization */
	if (leaves)
		assert_true(event == EVENT_REJECTED || event == EVENT_WITHDRAWN ||
			    event == EVENT_HOLD_OVER || event == EVENT_FORGOTTEN);
	if (leaves)
		assert_true(step->acts & DO_ANSWER);
	/* [SEC-030] what is returned to a watcher who is not granted is never a yes */
	if (is_request && step->say == WATCH_ALLOWED)
		assert_int_equal(phase, PHASE_GRANTED);
	/* [D-13] [EVT-043] a person who was asked or said no is asked again only when it is due */
	if (way == X && (phase == PHASE_ASKED || phase == PHASE_REFUSED) && (step->acts & DO_ASK))
		assert_int_equal(event, EVENT_REQUESTED_DUE);
	/* only requests ask */
	if (step->acts & DO_ASK)
		assert_true(event == EVENT_REQUESTED || event == EVENT_REQUESTED_DUE);
	if (step->acts & DO_ASK)
		assert_int_equal(step->next, PHASE_ASKED);
	/* the operator's word ends in nothing */
	if (event == EVENT_FORGOTTEN)
		assert_int_equal(step->next, PHASE_NONE);
	/* nothing is shown and no source kept without a pair that lives */
	if (step->next == PHASE_NONE || step->next == PHASE_REFUSED || step->next == PHASE_ENDED)
		assert_false(step->acts &
			     (DO_ASK | DO_WATCH | DO_RESTORE | DO_SHOW | DO_HIDE | DO_REFRESH));
}

static void every_cell(void **state)
{
	(void)state;
	for (int way = 0; way < WAY_COUNT; way++) {
		for (int phase = 0; phase < PHASE_COUNT; phase++) {
			for (int event = 0; event < EVENT_COUNT; event++)
				check_cell((enum pair_way)way, (enum pair_phase)phase,
					   (enum pair_event)event);
		}
	}
}

/* The nine states of file 04 C.5 and file 20 section 6, from the SIP user's side: from is the pair
 * in which the chat user watches him, to the one in which he watches the chat user (PRES-095). */
struct nine {
	enum pair_phase from;
	enum pair_phase to;
};

enum { N_, PO, PI, POI, T_, TPI, F_, FPO, B_, NINE };

static const struct nine nine[NINE] = {
	[N_] = {PHASE_NONE, PHASE_NONE},      [PO] = {PHASE_NONE, PHASE_ASKED},
	[PI] = {PHASE_ASKED, PHASE_NONE},     [POI] = {PHASE_ASKED, PHASE_ASKED},
	[T_] = {PHASE_NONE, PHASE_GRANTED},   [TPI] = {PHASE_ASKED, PHASE_GRANTED},
	[F_] = {PHASE_GRANTED, PHASE_NONE},   [FPO] = {PHASE_GRANTED, PHASE_ASKED},
	[B_] = {PHASE_GRANTED, PHASE_GRANTED}};

/* The columns: which pair the stanza concerns and which event it is. */
static const struct {
	bool is_from;
	enum pair_event event;
	int next[NINE];
} matrix[] = {
	/* out subscribe: a SIP user subscribes */
	{false, EVENT_REQUESTED, {PO, PO, POI, POI, T_, TPI, FPO, FPO, B_}},
	/* out unsubscribe: SIP has no word for it; the operator's */
	{false, EVENT_FORGOTTEN, {N_, N_, PI, PI, N_, PI, F_, F_, F_}},
	/* out subscribed: NOTIFY active */
	{true, EVENT_ALLOWED, {N_, PO, F_, FPO, T_, B_, F_, FPO, B_}},
	/* out unsubscribed: NOTIFY rejected */
	{true, EVENT_REJECTED, {N_, PO, N_, PO, T_, T_, N_, PO, T_}},
	/* in subscribe */
	{true, EVENT_REQUESTED, {PI, POI, PI, POI, TPI, TPI, F_, FPO, B_}},
	/* in unsubscribe */
	{true, EVENT_WITHDRAWN, {N_, PO, N_, PO, T_, T_, N_, PO, T_}},
	/* in subscribed */
	{false, EVENT_ALLOWED, {N_, T_, PI, TPI, T_, TPI, F_, B_, B_}},
	/* in unsubscribed */
	{false, EVENT_REJECTED, {N_, N_, PI, PI, N_, PI, F_, F_, F_}},
};

/* Tombstones are "none" in the nine states. */
static bool same(enum pair_phase a, enum pair_phase b)
{
	if (a == PHASE_REFUSED || a == PHASE_ENDED)
		a = PHASE_NONE;
	return a == b;
}

/* [PRES-009] [SUBX-001] [PRES-095] [PRES-012] */
static void nine_states(void **state)
{
	(void)state;
	for (size_t column = 0; column < CHECK_COUNT(matrix); column++) {
		for (int i = 0; i < NINE; i++) {
			struct nine now = nine[i];
			const struct nine *want = &nine[matrix[column].next[i]];

			if (matrix[column].is_from)
				now.from = pair_step(S, now.from, matrix[column].event)->next;
			else
				now.to = pair_step(X, now.to, matrix[column].event)->next;
			if (!same(now.from, want->from) || !same(now.to, want->to))
				fail_msg("column %zu, state %d: from %d to %d", column, i,
					 (int)now.from, (int)now.to);
		}
	}
}

/* PRES-091, PRES-092: an unsubscribe that changed something is answered; a subscribe of a user who
 * has it is answered with subscribed, without a question. [PRES-091] [PRES-092] */
static void auto_replies(void **state)
{
	(void)state;
	assert_true(pair_step(S, PHASE_GRANTED, EVENT_WITHDRAWN)->acts & DO_ANSWER);
	assert_true(pair_step(S, PHASE_ASKED, EVENT_WITHDRAWN)->acts & DO_ANSWER);
	assert_int_equal(pair_step(S, PHASE_GRANTED, EVENT_REQUESTED)->say, WATCH_ALLOWED);
	assert_false(pair_step(S, PHASE_GRANTED, EVENT_REQUESTED)->acts & DO_ASK);
}

/* [D-13] the clock of questions: seven days from the last question or refusal. */
static void when_to_ask(void **state)
{
	struct pair_row row = {.state = PAIR_ASKED, .asked_at = 1000};

	(void)state;
	assert_false(pair_may_ask(&row, 1000, 600));
	assert_false(pair_may_ask(&row, 1599, 600));
	assert_true(pair_may_ask(&row, 1600, 600));
	row.state = PAIR_REFUSED;
	row.refused_at = 2000;
	assert_false(pair_may_ask(&row, 2599, 600));
	assert_true(pair_may_ask(&row, 2600, 600));
	/* a wall clock that was far ahead once does not silence the pair for years */
	assert_false(pair_may_ask(&row, 1500, 600));
	assert_true(pair_may_ask(&row, 1000, 600));
	row = (struct pair_row){.state = PAIR_NONE};
	assert_true(pair_may_ask(&row, 5, 600));
}

static void phases_and_rows(void **state)
{
	struct pair_row row = {.state = PAIR_NONE};

	(void)state;
	assert_int_equal(pair_phase(&row), PHASE_NONE);
	for (int phase = PHASE_QUIET; phase < PHASE_COUNT; phase++) {
		pair_enter(&row, (enum pair_phase)phase, 77);
		assert_int_equal(pair_phase(&row), phase);
		assert_int_equal(row.state, pair_phase_state((enum pair_phase)phase));
	}
	assert_int_equal(row.granted_at, 77);
	assert_int_equal(row.refused_at, 77);
	assert_int_equal(row.ended_at, 77);
	/* a new grant ends what was held against the pair (D-14) */
	pair_enter(&row, PHASE_GRANTED, 78);
	assert_int_equal(row.refused_at, 0);
	pair_enter(&row, PHASE_QUIET, 79);
	assert_int_equal(row.asked_at, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_the_spec), cmocka_unit_test(every_cell),
		cmocka_unit_test(nine_states),      cmocka_unit_test(auto_replies),
		cmocka_unit_test(when_to_ask),      cmocka_unit_test(phases_and_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
