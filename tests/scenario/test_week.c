/* A simulated week of 1,000 pairs with faults, against the real core (week.h). After each step:
 * nobody is shown what has not been true for longer than allowed: 90 s after a break of any kind,
 * for watchers on links that are up [REL-011] [REL-023] [REL-024] [PRES-183] [PRES-188] [D-26]; all
 * come back by themselves [PRS-006] [PRS-007]; nobody is asked twice [D-13] [PRES-185]; each
 * message and each subscription has its outcome [REQ-094]; no failure ends an authorization
 * [SUBX-011] [D-14]; a change is told once [PRES-189] [PRS-014].
 *
 *   test_week [SEED [DAYS]]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "scenario/week.h"
#include "support/fake_loop.h"

enum { SEED = 1, DAYS = 7, CALM_STEPS = 60 };

/* When the faults are over all is true within 90 s, and stays so. */
static void calm_down(struct week *week)
{
	faults_end(week);
	for (int i = 0; i < CALM_STEPS; i++) {
		faults_step(week);
		judge_all(week);
	}
	/* Nothing else to wait for: every due time has come but for the changes of the last step.
	 */
	fake_loop_advance(week->loop, PACED + SOON);
	judge_all(week);
}

/* A run in which nothing happens proves nothing. */
static void check_was_busy(const struct week *week)
{
	printf("tells %u, prompts %u, answers %u, hidden %u, ends %u, outages %u, messages %u, "
	       "checks %u, restored %u\n",
	       week->tells, week->prompts, week->answers, week->hidden, week->ends, week->outages,
	       week->finishes, week->checks, week->restored);
	if (week->tells < 1000 || week->prompts < 100 || week->answers < 500 ||
	    week->hidden < 100 || week->ends < 10 || week->outages < 10 || week->finishes < 100 ||
	    week->checks < 100000 || week->restored < 10) {
		(void)fprintf(stderr, "too little happened\n");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	static struct week week;
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : SEED;
	double days = argc > 2 ? strtod(argv[2], NULL) : DAYS;
	uint64_t end;

	printf("seed %" PRIu64 ", %g days, %d pairs each way\n", seed, days, WAY_PAIRS);
	week_new(&week, seed);
	week_start(&week);
	end = week_now(&week) + (uint64_t)(days * 24 * HOUR);
	while (week_now(&week) < end) {
		faults_step(&week);
		judge_all(&week);
	}
	calm_down(&week);
	check_was_busy(&week);
	week_free(&week);
	return 0;
}
