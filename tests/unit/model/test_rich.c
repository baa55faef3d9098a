/* Rich presence values. */
#include "support/check.h"

#include "model/presence.h"
#include "model/rich.h"

static void set(char **field, const char *text)
{
	rich_set(field, text, strlen(text), RICH_WORD_BYTES_MAX);
}

static void note(struct notes *notes, const char *text)
{
	notes_add(notes, "", text, strlen(text));
}

/* Everything that can be said, said. */
static void fill(struct rich *rich, const char *with)
{
	char **const texts[] = {&rich->mood,        &rich->activity,     &rich->place,
				&rich->place_audio, &rich->place_video,  &rich->place_text,
				&rich->sphere,      &rich->display_name, &rich->homepage,
				&rich->icon,        &rich->card};

	for (size_t i = 0; i < CHECK_COUNT(texts); i++)
		set(texts[i], with);
	note(&rich->mood_notes, with);
	note(&rich->activity_notes, with);
	rich->has_time_offset = true;
	rich->time_offset_min = (int)strlen(with);
	rich->privacy = 1;
}

static void copies_are_equal(void **state)
{
	struct rich rich = {0};
	struct rich copy;

	(void)state;
	assert_true(rich_is_empty(&rich));
	assert_true(rich_equal(&rich, NULL));
	assert_true(rich_equal(NULL, NULL));
	fill(&rich, "word");
	assert_false(rich_is_empty(&rich));
	assert_false(rich_equal(NULL, &rich));
	rich_copy(&copy, &rich);
	assert_true(rich_equal(&copy, &rich));
	set(&copy.card, "other");
	assert_false(rich_equal(&copy, &rich));
	rich_clear(&copy);
	rich_clear(&rich);
	assert_true(rich_is_empty(&rich));
}

/* What is said already stays; the rest moves. */
static void filling_keeps_what_is_there(void **state)
{
	struct rich into = {0};
	struct rich from = {0};
	struct rich wanted = {0};

	(void)state;
	fill(&from, "from");
	set(&into.mood, "into");
	fill(&wanted, "from");
	set(&wanted.mood, "into");
	rich_fill(&into, &from);
	assert_true(rich_equal(&into, &wanted));
	assert_true(rich_is_empty(&from));
	fill(&from, "again");
	from.privacy = 2;
	rich_fill(&into, &from);
	wanted.privacy = 3;
	assert_true(rich_equal(&into, &wanted));
	assert_true(rich_is_empty(&from));
	rich_clear(&into);
	rich_clear(&wanted);
}

static void words_are_cut_at_characters(void **state)
{
	char *field = NULL;

	(void)state;
	rich_set(&field, "ab\xC3\xA4", 4, 3);
	assert_string_equal(field, "ab");
	rich_set(&field, "\xC3\xA4", 2, 1);
	assert_null(field);
	rich_set(&field, "x", 0, 9);
	assert_null(field);
}

/* A person without rich presence points to none, and is equal to one that says nothing. */
static void persons_compare_by_what_they_say(void **state)
{
	struct person a = {.since_ms = 5};
	struct person b = {0};
	struct person copy;

	(void)state;
	(void)person_rich(&a);
	assert_true(person_is_empty(&a));
	assert_true(person_equal(&a, &b));
	person_copy(&copy, &a);
	assert_null(copy.rich);
	set(&person_rich(&a)->mood, "sad");
	assert_false(person_is_empty(&a));
	assert_false(person_equal(&a, &b));
	person_clear(&a);
	assert_null(a.rich);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_are_equal),
		cmocka_unit_test(filling_keeps_what_is_there),
		cmocka_unit_test(words_are_cut_at_characters),
		cmocka_unit_test(persons_compare_by_what_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
