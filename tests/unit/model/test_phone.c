/* phone: what several sources say of one user's phones. */
#include "model/phone.h"

#include <stddef.h>

#include "support/check.h"

/* [DLG-011] [DLG-014] [DLG-018] The greater state counts, with its own other party. */
static void merges(void **state)
{
	static char name_a[] = "a", name_b[] = "b";
	static const struct {
		struct phone into;
		struct phone from;
		struct phone wanted;
	} rows[] = {
		{{PHONE_UNKNOWN, false, NULL},
		 {PHONE_IDLE, false, NULL},
		 {PHONE_IDLE, false, NULL}},
		{{PHONE_IDLE, false, NULL},
		 {PHONE_RINGING, false, name_a},
		 {PHONE_RINGING, false, name_a}},
		{{PHONE_RINGING, false, name_a},
		 {PHONE_IN_CALL, false, name_b},
		 {PHONE_IN_CALL, false, name_b}},
		{{PHONE_RINGING, false, name_a},
		 {PHONE_IN_CALL, false, NULL},
		 {PHONE_IN_CALL, false, NULL}},
		{{PHONE_IN_CALL, false, NULL},
		 {PHONE_RINGING, false, name_a},
		 {PHONE_IN_CALL, false, NULL}},
		{{PHONE_IN_CALL, false, name_a},
		 {PHONE_IN_CALL, false, name_b},
		 {PHONE_IN_CALL, false, name_a}},
		{{PHONE_IN_CALL, false, NULL},
		 {PHONE_IN_CALL, false, name_b},
		 {PHONE_IN_CALL, false, name_b}},
		{{PHONE_ON_HOLD, false, NULL},
		 {PHONE_IN_CALL, false, NULL},
		 {PHONE_IN_CALL, false, NULL}},
		{{PHONE_IDLE, true, NULL}, {PHONE_UNKNOWN, false, NULL}, {PHONE_IDLE, true, NULL}},
		{{PHONE_IDLE, false, NULL}, {PHONE_UNKNOWN, true, NULL}, {PHONE_IDLE, true, NULL}},
	};

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct phone phone;

		phone_copy(&phone, &rows[i].into);
		phone_merge(&phone, &rows[i].from);
		if (!phone_equal(&phone, &rows[i].wanted))
			fail_msg("row %zu: %s '%s'", i, phone_state_name(phone.state),
				 phone.other == NULL ? "" : phone.other);
		phone_clear(&phone);
		assert_null(phone.other);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(merges)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
