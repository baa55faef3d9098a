#include "support/check.h"

#include "sip/interest_rules.h"

/* [PRES-028] [PRES-030] [PRES-031] [PRES-033] to [PRES-036] [D-14] [D-25] [AST-2]
 * [PRES-034] [PRES-035] */
static void answers_to_subscribe(void **state)
{
	static const struct {
		int status;
		bool is_local, is_refresh;
		enum interest_next next;
		bool tells;
		enum watch_answer answer;
	} rows[] = {
		{403, false, false, NEXT_SLOW, true, WATCH_FORBIDDEN},
		{603, false, false, NEXT_SLOW, true, WATCH_FORBIDDEN},
		{403, false, true, NEXT_SLOW, true, WATCH_FORBIDDEN},
		{404, false, false, NEXT_SLOW, true, WATCH_NO_SUCH},
		{405, false, false, NEXT_SLOW, true, WATCH_NO_SUCH},
		{410, false, false, NEXT_SLOW, true, WATCH_NO_SUCH},
		{484, false, false, NEXT_SLOW, true, WATCH_NO_SUCH},
		{489, false, false, NEXT_SLOW, true, WATCH_NO_SUCH},
		{501, false, false, NEXT_SLOW, true, WATCH_NO_SUCH},
		{604, false, false, NEXT_SLOW, true, WATCH_NO_SUCH},
		{404, false, true, NEXT_SOON, true, WATCH_FAILED},
		{481, false, true, NEXT_SOON, true, WATCH_FAILED},
		{500, false, true, NEXT_SOON, true, WATCH_FAILED},
		{416, false, true, NEXT_SOON, true, WATCH_FAILED},
		{483, false, true, NEXT_SOON, true, WATCH_FAILED},
		{408, true, true, NEXT_SOON, true, WATCH_FAILED},
		{503, false, true, NEXT_IN_DIALOG, false, WATCH_FAILED},
		{400, false, true, NEXT_IN_DIALOG, false, WATCH_FAILED},
		{401, false, true, NEXT_IN_DIALOG, false, WATCH_FAILED},
		{503, true, true, NEXT_IN_DIALOG, false, WATCH_FAILED},
		{401, false, false, NEXT_SLOW, true, WATCH_FAILED},
		{407, false, false, NEXT_SLOW, true, WATCH_FAILED},
		{408, true, false, NEXT_BACKOFF, true, WATCH_FAILED},
		{503, true, false, NEXT_BACKOFF, true, WATCH_FAILED},
		{480, false, false, NEXT_BACKOFF, true, WATCH_FAILED},
		{500, false, false, NEXT_BACKOFF, true, WATCH_FAILED},
		{503, false, false, NEXT_BACKOFF, true, WATCH_FAILED},
		{600, false, false, NEXT_BACKOFF, true, WATCH_FAILED},
		{302, false, false, NEXT_BACKOFF, true, WATCH_FAILED},
		{699, false, false, NEXT_BACKOFF, true, WATCH_FAILED},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct interest_rule rule = interest_rule_for_status(
			rows[i].status, rows[i].is_local, rows[i].is_refresh, 77);

		if (rule.next != rows[i].next || rule.tells != rows[i].tells ||
		    (rule.tells && rule.answer != rows[i].answer))
			fail_msg("row %zu: %d", i, rows[i].status);
	}
	/* [SIP-064] */
	assert_int_equal(interest_rule_for_status(503, false, false, 77).retry_after_s, 77);
	assert_int_equal(interest_rule_for_status(503, false, true, 77).retry_after_s, 77);
}

/* [PRES-065] to [PRES-067] [PRES-166] to [PRES-173] [EVT-027] [D-15] [EVT-029]: no temporary end is
 * a refusal. */
static void reasons(void **state)
{
	static const struct {
		const char *reason;
		enum interest_next next;
		bool tells;
		enum watch_answer answer;
		unsigned retry_s;
	} rows[] = {
		{"deactivated", NEXT_SOON, false, WATCH_FAILED, 0},
		{"probation", NEXT_BACKOFF, true, WATCH_FAILED, 900},
		{"rejected", NEXT_NEVER, true, WATCH_REJECTED, 0},
		{"timeout", NEXT_SOON, false, WATCH_FAILED, 0},
		{"giveup", NEXT_BACKOFF, false, WATCH_FAILED, 900},
		{"noresource", NEXT_SOON, false, WATCH_FAILED, 0},
		{"invariant", NEXT_NEVER, false, WATCH_FAILED, 0},
		{"badfilter", NEXT_SLOW, true, WATCH_FAILED, 0},
		{"something", NEXT_BACKOFF, true, WATCH_FAILED, 900},
		{NULL, NEXT_BACKOFF, true, WATCH_FAILED, 900},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct interest_rule rule = interest_rule_for_reason(rows[i].reason, 900);

		assert_int_equal(rule.next, rows[i].next);
		assert_int_equal(rule.tells, rows[i].tells);
		if (rule.tells)
			assert_int_equal(rule.answer, rows[i].answer);
		assert_int_equal(rule.retry_after_s, rows[i].retry_s);
	}
	/* words of SIP have no case; [SIP-064]: nobody is waited for for years */
	assert_int_equal(interest_rule_for_reason("Rejected", 0).answer, WATCH_REJECTED);
	assert_int_equal(interest_rule_for_reason("DEACTIVATED", 0).next, NEXT_SOON);
	assert_int_equal(interest_rule_for_reason("probation", 999999999).retry_after_s, 86400);
	assert_int_equal(interest_rule_for_reason("giveup", 86401).retry_after_s, 86400);
	assert_int_equal(interest_rule_for_reason(NULL, 999999999).retry_after_s, 86400);
	assert_int_equal(interest_rule_for_reason("giveup", 0).retry_after_s, 3600);
	assert_int_equal(interest_rule_for_reason("probation", 0).retry_after_s, 60);
}

/* [D-25] [EVT-016]: two attempts fit before the end, never before half the life.
 * [PRES-050] */
static void when_to_refresh(void **state)
{
	static const unsigned lives[] = {1, 10, 60, 79, 80, 81, 300, 600, 3600, 86400, 604800};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(lives); i++) {
		uint64_t life_ms = lives[i] * 1000ull;

		for (int random = 0; random < 256; random++) {
			uint64_t at = interest_refresh_in_ms(lives[i], (uint8_t)random);

			assert_true(at >= life_ms / 2);
			assert_true(at <= life_ms);
			if (life_ms >= 100000)
				assert_true(life_ms - at >= 40000);
		}
	}
	assert_int_equal(interest_refresh_in_ms(3600, 0), 3240000);
	assert_int_equal(interest_refresh_in_ms(3600, 255), 3060000);
	assert_int_equal(interest_refresh_in_ms(60, 9), 30000);
}

/* [PRES-029] [EVT-018] [PBX-014] */
static void raising_expires(void **state)
{
	(void)state;
	assert_int_equal(interest_raise(600, 1800), 1800);
	assert_int_equal(interest_raise(600, 0), 1200);
	assert_int_equal(interest_raise(600, 300), 1200); /* not higher: of no use */
	assert_int_equal(interest_raise(600, 86400), 86400);
	assert_int_equal(interest_raise(600, 86401), 0);
	assert_int_equal(interest_raise(80000, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_to_subscribe),
		cmocka_unit_test(reasons),
		cmocka_unit_test(when_to_refresh),
		cmocka_unit_test(raising_expires),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
