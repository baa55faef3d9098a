/* An hour of steady load: what is remembered of it must not grow for ever (REL-048). Each
 * table may fill for the time that it documents, ten minutes at most without receipts; from then on
 * the memory in use stays the same. */
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN
#endif
#ifdef HAS_ASAN
size_t __sanitizer_get_current_allocated_bytes(void); /* not every compiler has its header */
#endif

#include "support/check.h"

#include "core/receipt_book.h"
#include "scenario/scenario.h"
#include "scenario/scenario_private.h"
#include "support/fake_loop.h"

enum {
	USERS = 3,
	WORDS = 12,
	MINUTE = 60,
	FULL_AFTER_MIN = 11, /* RECEIPT_BRIEF_S, and how often it is looked at */
	MINUTES = 60,
	PER_S = 10, /* from SIP; of the others fewer */
	FULL = (RECEIPT_BRIEF_S + 1) * PER_S,
	ASKED_MAX = 1000,
	MORE_BYTES = 16 * 1024
};

static size_t in_use(void)
{
#ifdef HAS_ASAN
	return __sanitizer_get_current_allocated_bytes();
#else
	return mallinfo2().uordblks;
#endif
}

static void do_line(struct scenario *scenario, char *line)
{
	char *words[WORDS];
	const char *wrong;
	int count = 0;

	for (char *rest = line, *word = strtok_r(line, " ", &rest); word != NULL && count < WORDS;
	     word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	wrong = scenario_do(scenario, count, words);
	if (wrong != NULL)
		fail_msg("%s: %s", words[0], wrong);
}

/* Whatever is handed over arrives. */
static void answer_all(struct scenario *scenario)
{
	const char *line = scenario_take(scenario);

	for (; line != NULL; line = scenario_take(scenario)) {
		char name[32], order[64];

		if (sscanf(line, "%*s deliver %31s", name) != 1)
			continue;
		snprintf(order, sizeof order, "outcome %s taken", name);
		do_line(scenario, order);
	}
}

/* All of one length. */
static void one_second(struct scenario *scenario, unsigned second, const char *wants)
{
	char line[160];

	for (unsigned i = 0; i < PER_S; i++) {
		unsigned number = second * PER_S + i;

		snprintf(line, sizeof line,
			 "message sip s:100%u x:u%u \"s%06u-of-a-phone\" uid=p%06u%s",
			 number % USERS, number / USERS % USERS, number, number, wants);
		do_line(scenario, line);
		answer_all(scenario);
	}
	snprintf(line, sizeof line, "message xmpp x:u%u s:100%u \"x%06u-of-a-chat-user\" uid=c%06u",
		 second % USERS, second / USERS % USERS, second, second);
	do_line(scenario, line);
	answer_all(scenario);
	snprintf(line, sizeof line, "presence x:u%u s:1001 t1=open,away,\"n%06u\"", second % USERS,
		 second);
	do_line(scenario, line);
	fake_loop_advance(scenario->loop, 1000);
	answer_all(scenario);
}

static void begin(struct scenario **scenario)
{
	scenario_new(scenario);
	for (int i = 0; i < USERS; i++) {
		char line[80];

		snprintf(line, sizeof line, "requested x:u%d s:1001", i);
		do_line(*scenario, line);
		snprintf(line, sizeof line, "answered x:u%d s:1001 allowed", i);
		do_line(*scenario, line);
	}
}

static void check_facts(const struct scenario *scenario, bool is_asked)
{
	struct receipt_facts facts;

	bridge_receipt_facts(scenario->bridge, &facts);
	assert_true(facts.unasked <= (is_asked ? 0 : FULL));
	assert_true(facts.asked <= (is_asked ? ASKED_MAX : 0));
	assert_int_equal(bridge_message_count(scenario->bridge), 0);
}

/* wants: what the phones ask for; the chat users never say that anything was delivered. */
static void load_for_an_hour(const char *wants)
{
	bool is_asked = wants[0] != '\0';
	struct scenario *scenario;
	struct receipt_facts facts;
	size_t full = 0;

	begin(&scenario);
	scenario->limits.receipts = ASKED_MAX;
	for (unsigned second = 0; second < MINUTES * MINUTE; second++) {
		one_second(scenario, second, wants);
		check_facts(scenario, is_asked);
		if (second == FULL_AFTER_MIN * MINUTE)
			full = in_use();
	}
	bridge_receipt_facts(scenario->bridge, &facts);
	printf("%zu messages remembered, %zu for receipts; in use: %zu bytes after %d minutes, "
	       "%zu after %d\n",
	       facts.unasked, facts.asked, full, FULL_AFTER_MIN, in_use(), MINUTES);
	assert_int_equal(scenario->counters.messages_to_xmpp, MINUTES * MINUTE * PER_S);
	assert_int_equal(scenario->counters.messages_to_sip, MINUTES * MINUTE);
	assert_int_equal(facts.asked, is_asked ? ASKED_MAX : 0);
	assert_true(is_asked || facts.unasked > FULL / 2); /* it was used */
	assert_true(in_use() < full + MORE_BYTES);
	scenario_free(&scenario);
}

/* [REL-048] */
static void memory_is_flat_under_steady_load(void **state)
{
	(void)state;
	load_for_an_hour("");
}

/* [REL-048] */
static void memory_is_flat_when_no_receipt_comes(void **state)
{
	(void)state;
	load_for_an_hour(" wants=delivered");
}

/* Nothing has to come for it to be forgotten. */
static void what_is_over_goes_by_itself(void **state)
{
	struct scenario *scenario;
	struct receipt_facts facts;

	(void)state;
	begin(&scenario);
	for (unsigned second = 0; second < MINUTE; second++)
		one_second(scenario, second, "");
	bridge_receipt_facts(scenario->bridge, &facts);
	assert_int_equal(facts.unasked, MINUTE * PER_S);
	fake_loop_advance(scenario->loop, (RECEIPT_BRIEF_S + MINUTE) * UINT64_C(1000));
	bridge_receipt_facts(scenario->bridge, &facts);
	assert_int_equal(facts.unasked, 0);
	scenario_free(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_flat_under_steady_load),
		cmocka_unit_test(memory_is_flat_when_no_receipt_comes),
		cmocka_unit_test(what_is_over_goes_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
