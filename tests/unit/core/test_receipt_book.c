/* What follows from reports: told once, good or bad, in order. */
#include "support/check.h"

#include <stdio.h>

#include "base/mem.h"
#include "core/receipt_book.h"

struct world {
	struct receipt_book *book;
	struct address phone;
	struct address chat;
	struct address other;
};

static int set_up(void **state)
{
	struct world *world = mem_zalloc(sizeof *world);

	receipt_book_new(&world->book);
	address_set(&world->phone, SIDE_SIP, "1001", "pbx.example");
	address_set(&world->chat, SIDE_XMPP, "juliet", "chat.example");
	address_set(&world->other, SIDE_XMPP, "romeo", "chat.example");
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	receipt_book_free(&world->book);
	address_clear(&world->phone);
	address_clear(&world->chat);
	address_clear(&world->other);
	mem_free(world);
	return 0;
}

static struct receipt *add(struct world *world, const struct address *from,
			   const struct address *to, const char *uid, unsigned wants)
{
	struct message message = {.uid = (char *)(uintptr_t)uid, .wants = wants};

	return receipt_book_add(world->book, from, to, &message, NULL, 0, wants != 0);
}

/* Reports are letters: d delivered, f failed, r displayed, p processed; t: the other side took it.
 */
static void report(struct world *world, struct receipt *receipt, char letter, char *told)
{
	struct receipt_news news[RECEIPT_REPORTS_MAX];
	static const char letters[] = "dfrp";
	size_t count;

	if (letter == 't') {
		receipt->is_taken = true;
		return;
	}
	count = receipt_book_report(world->book, receipt,
				    (enum report_kind)(strchr(letters, letter) - letters), true,
				    news);
	for (size_t i = 0; i < count; i++) {
		assert_ptr_equal(news[i].about, receipt);
		told[strlen(told)] = letters[news[i].kind];
	}
}

/* [RCPT-011] [RCPT-029] [RCPT-046] [RCPT-058] [RCPT-060] [RCPT-061] [RCPT-068] */
static void test_what_follows(void **state)
{
	enum { D = WANTS_DELIVERED, F = WANTS_FAILED, R = WANTS_DISPLAYED, P = WANTS_PROCESSED };
	static const struct {
		unsigned wants;
		const char *reported;
		const char *told;
		bool is_done;
	} rows[] = {
		{D, "d", "d", false}, /* it may be handed over again */
		{D, "td", "d", true},
		{D, "dt", "d", true},
		{D, "ddd", "d", false},    /* several devices */
		{D, "r", "d", false},      /* displayed is delivered */
		{D, "tr", "d", true},      /* and nothing else was asked */
		{D, "drt", "d", true},     /* not again */
		{D | R, "r", "dr", false}, /* in that order */
		{D | R, "dr", "dr", false},
		{D | R, "rd", "dr", false}, /* the receipt comes after the marker */
		{D | R, "dtrr", "dr", true},
		{D | R, "td", "d", false}, /* displayed may come */
		{R, "d", "", false},       /* not asked for */
		{R, "dr", "r", false},
		{R, "tr", "r", true},
		{F, "td", "", true}, /* no failure can follow */
		{F, "f", "f", false},
		{F, "tff", "f", true},
		{D | F, "fd", "f", false},
		{D | F, "frt", "f", true},
		{D | F, "df", "d", false},
		{D | F | R, "rf", "dr", false},
		{F, "df", "", false}, /* that it was delivered is known, although not told */
		{F, "rf", "", false},
		{D, "p", "", false},
		{P, "p", "p", false},
		{P, "pp", "p", false},
		{P | F, "pft", "pf", true}, /* processed promises nothing */
		{P | D, "fp", "f", false},
		{P | D, "tdp", "dp", true},
		{P | D | R, "dpr", "dpr", false},
		{0, "drp", "", false},
		{0, "tf", "f", true}, /* who is told so is the caller's to say */
		{0, "df", "", false},
	};
	struct world *world = *state;

	for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
		struct receipt *receipt =
			add(world, &world->phone, &world->chat, "u1", rows[i].wants);
		char told[64] = "";

		for (const char *at = rows[i].reported; *at != '\0'; at++)
			report(world, receipt, *at, told);
		if (strcmp(told, rows[i].told) != 0 || receipt_is_done(receipt) != rows[i].is_done)
			fail_msg("row %zu: told %s", i, told);
		receipt_book_drop(world->book, receipt);
	}
}

/* Another device may take what this one refused, if the sender was told of no failure. */
static void test_failure_that_nobody_hears(void **state)
{
	struct world *world = *state;
	struct receipt *receipt = add(world, &world->phone, &world->chat, "u1", WANTS_DELIVERED);
	struct receipt_news news[RECEIPT_REPORTS_MAX];
	char told[8] = "";

	assert_int_equal(receipt_book_report(world->book, receipt, REPORT_FAILED, false, news), 0);
	assert_false(receipt_is_done(receipt));
	report(world, receipt, 'd', told);
	assert_string_equal(told, "d");
}

/* "3d 3r": of which message what is told. */
static void marker(struct world *world, const char *uid, char *out)
{
	struct receipt_news news[RECEIPT_REPORTS_MAX];
	size_t count = receipt_book_report(world->book, receipt_book_find(world->book, uid),
					   REPORT_DISPLAYED, false, news);

	out[0] = '\0';
	assert_true(count <= RECEIPT_REPORTS_MAX);
	for (size_t i = 0; i < count; i++) {
		strcat(out, i == 0 ? "" : " ");
		strcat(out, news[i].about->uid);
		strcat(out, news[i].kind == REPORT_DELIVERED ? "d" : "r");
	}
}

/* A marker stands for all before it that asked and were not reported, in order. [RCPT-059]
 * [RCPT-035] [RCPT-036] */
static void test_marker_covers_earlier_ones(void **state)
{
	struct world *world = *state;
	char told[512];

	add(world, &world->phone, &world->chat, "1", WANTS_DISPLAYED);
	add(world, &world->phone, &world->chat, "2", WANTS_DELIVERED);
	add(world, &world->phone, &world->chat, "3", WANTS_DELIVERED | WANTS_DISPLAYED);
	add(world, &world->phone, &world->other, "4", WANTS_DISPLAYED);
	add(world, &world->phone, &world->chat, "5", WANTS_DISPLAYED);
	add(world, &world->phone, &world->chat, "6", WANTS_DISPLAYED);
	marker(world, "5", told);
	assert_string_equal(told, "1r 3d 3r 5r");
	marker(world, "5", told);
	assert_string_equal(told, "");
	marker(world, "3", told); /* it only moves forward */
	assert_string_equal(told, "");
	marker(world, "6", told);
	assert_string_equal(told, "6r");
	marker(world, "4", told);
	assert_string_equal(told, "4r");
}

/* From the SIP side each message is reported by itself. [RCPT-052] */
static void test_sip_display_covers_nothing(void **state)
{
	struct world *world = *state;
	char told[64];

	add(world, &world->chat, &world->phone, "1", WANTS_DISPLAYED);
	add(world, &world->chat, &world->phone, "2", WANTS_DISPLAYED);
	marker(world, "2", told);
	assert_string_equal(told, "2r");
}

/* What failed, or was reported before, is not covered. */
static void test_marker_leaves_out_what_ended(void **state)
{
	struct world *world = *state;
	char told[64] = "";

	for (char name = '1'; name <= '4'; name++) {
		char uid[2] = {name, '\0'};

		add(world, &world->phone, &world->chat, uid, WANTS_DISPLAYED | WANTS_FAILED);
	}
	report(world, receipt_book_find(world->book, "1"), 'f', told);
	receipt_book_set_told(world->book, receipt_book_find(world->book, "2"), WANTS_DISPLAYED);
	receipt_book_drop(world->book, receipt_book_find(world->book, "3"));
	marker(world, "4", told);
	assert_string_equal(told, "4r");
}

/* One marker is never a storm; what did not fit is told with the next. [RCPT-059] [RCPT-071] */
static void test_marker_is_limited(void **state)
{
	struct world *world = *state;
	char told[512];
	char uid[16];

	for (int i = 1; i <= 30; i++) {
		(void)snprintf(uid, sizeof uid, "%d", i);
		add(world, &world->phone, &world->chat, uid, WANTS_DISPLAYED);
	}
	marker(world, "30", told);
	assert_string_equal(told, "10r 11r 12r 13r 14r 15r 16r 17r 18r 19r 20r 21r 22r 23r 24r "
				  "25r 26r 27r 28r 29r 30r");
	add(world, &world->phone, &world->chat, "31", WANTS_DISPLAYED | WANTS_DELIVERED);
	marker(world, "31", told);
	assert_string_equal(told, "1r 2r 3r 4r 5r 6r 7r 8r 9r 31d 31r");
}

/* Two for each message: ten of them fit, and never half of one. */
static void test_marker_limit_counts_reports(void **state)
{
	struct world *world = *state;
	char told[512];
	char uid[16];

	for (int i = 1; i <= 15; i++) {
		(void)snprintf(uid, sizeof uid, "%d", i);
		add(world, &world->phone, &world->chat, uid, WANTS_DISPLAYED | WANTS_DELIVERED);
	}
	marker(world, "15", told);
	assert_string_equal(told, "6d 6r 7d 7r 8d 8r 9d 9r 10d 10r 11d 11r 12d 12r 13d 13r 14d "
				  "14r 15d 15r");
}

static void test_counts(void **state)
{
	struct world *world = *state;
	struct receipt *kept;

	assert_null(receipt_book_oldest(world->book, true));
	kept = add(world, &world->phone, &world->chat, "1", WANTS_DELIVERED);
	add(world, &world->phone, &world->chat, "2", 0);
	add(world, &world->phone, &world->chat, "3", WANTS_DISPLAYED);
	assert_int_equal(receipt_book_count(world->book, true), 2);
	assert_int_equal(receipt_book_count(world->book, false), 1);
	assert_ptr_equal(receipt_book_oldest(world->book, true), kept);
	receipt_book_drop(world->book, kept);
	assert_string_equal(receipt_book_oldest(world->book, true)->uid, "3");
	receipt_book_drop(world->book, receipt_book_find(world->book, "3"));
	assert_int_equal(receipt_book_bytes(world->book, true), 0);
	assert_true(receipt_book_bytes(world->book, false) > 0);
	assert_null(receipt_book_find(world->book, "1"));
	assert_non_null(receipt_book_find(world->book, "2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_follows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_failure_that_nobody_hears, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_marker_covers_earlier_ones, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sip_display_covers_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_marker_leaves_out_what_ended, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_marker_is_limited, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_marker_limit_counts_reports, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_counts, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
