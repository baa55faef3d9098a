/* What one event costs when there is four times as much of everything: no scan over users, pairs,
 * watchers or messages (REL-049). CPU time of this thread, the least of several rounds; the bound
 * is generous, what is linear in N shows as 4. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/check.h"

#include "scenario/scenario.h"

enum { SMALL = 1000, TIMES = 4, EVENTS = 400, ROUNDS = 5, WORDS = 12 };

/* %i is the number, below n. What is set up is done n times, once each; events go to numbers that
 * are there. */
static const struct dimension {
	const char *what;
	const char *before[3]; /* once */
	const char *set_up[2]; /* for each */
	const char *event;
} dimensions[] = {
	{"pairs of one watched user",
	 {"limit new_watches_per_minute 1000000", "limit questions_per_minute 1000000", NULL},
	 {"requested x:u%i s:1001", "answered x:u%i s:1001 allowed"},
	 "presence x:u%i s:1001 t1=open,away,\"n%k\""},
	{"pairs of one watcher",
	 {"limit new_watches_per_minute 1000000", "limit watches_per_watcher 1000000", NULL},
	 {"requested x:juliet s:%i", "answered x:juliet s:%i allowed"},
	 "presence x:juliet s:%i t1=open,away,\"n%k\""},
	{"users", {NULL}, {"seen x:u%i on", NULL}, "seen x:u%i on"},
	{"messages in the queue, each to another",
	 {"limit queue_messages_per_user 1000000", "link sip down", NULL},
	 {"message xmpp x:u%i s:%i \"text\"", NULL},
	 "message xmpp x:u%i s:%i \"more\""},
	{"messages in the queue of one pair",
	 {"limit queue_messages_per_user 1000000", "link sip down", NULL},
	 {"message xmpp x:juliet s:1001 \"text %i\"", NULL},
	 "message xmpp x:juliet s:1001 \"more %i %k\""},
	{"receipts that are waited for",
	 {NULL},
	 {"message sip s:1001 x:u%i \"t\" wants=delivered uid=a%i", NULL},
	 "report xmpp x:u%i s:1001 nothing%k delivered"},
	{"typing",
	 {NULL},
	 {"typing sip s:%i x:juliet active 120", NULL},
	 "typing sip s:%i x:juliet active 120"},
};

static void do_line(struct scenario *scenario, const char *form, int i, int k)
{
	char line[300], *words[WORDS], *at = line;
	const char *wrong;
	int count = 0;
	size_t len = 0;

	for (const char *from = form; *from != '\0' && len < sizeof line - 16; from++) {
		if (from[0] == '%' && (from[1] == 'i' || from[1] == 'k'))
			len += (size_t)snprintf(line + len, sizeof line - len, "%d",
						*++from == 'i' ? i : k);
		else
			line[len++] = *from;
	}
	line[len] = '\0';
	while (*at != '\0' && count < WORDS) {
		words[count++] = at;
		for (bool quoted = false; *at != '\0' && (quoted || *at != ' '); at++)
			quoted ^= *at == '"';
		if (*at != '\0')
			*at++ = '\0';
	}
	wrong = scenario_do(scenario, count, words);
	if (wrong != NULL)
		fail_msg("%s: %s", form, wrong);
	while (scenario_take(scenario) != NULL)
		;
}

static double cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Microseconds of one event. */
static double cost(const struct dimension *dimension, int n)
{
	struct scenario *scenario;
	double least = 0;

	scenario_new(&scenario);
	for (int i = 0; i < 3 && dimension->before[i] != NULL; i++)
		do_line(scenario, dimension->before[i], 0, 0);
	for (int i = 0; i < n; i++)
		for (int j = 0; j < 2 && dimension->set_up[j] != NULL; j++)
			do_line(scenario, dimension->set_up[j], i, 0);
	for (int round = 0; round < ROUNDS; round++) {
		double start = cpu_us();

		for (int k = 0; k < EVENTS; k++)
			do_line(scenario, dimension->event, k * 7 % n, round);
		double took = (cpu_us() - start) / EVENTS;

		if (round == 0 || took < least)
			least = took;
	}
	scenario_free(&scenario);
	return least;
}

/* [REL-049] */
static void one_event_costs_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(dimensions); i++) {
		double small = cost(&dimensions[i], SMALL);
		double large = cost(&dimensions[i], SMALL * TIMES);

		printf("%-40s %8.1f us at %d, %8.1f us at %d: %.2f\n", dimensions[i].what, small,
		       SMALL, large, SMALL * TIMES, large / small);
		if (large / small >= 3)
			fail_msg("%s: the cost grows", dimensions[i].what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(one_event_costs_the_same)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
