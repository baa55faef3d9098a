/* Conversations: threads have an age, pairs do not mix, and no more than so many are kept. */
#include <stdio.h>
#include <string.h>

#include "model/address.h"
#include "support/check.h"
#include "xmpp/talks.h"

struct pair {
	struct address sip;
	struct address chat;
};

static struct pair pair_of(const char *sip, const char *chat)
{
	struct pair pair;

	address_set(&pair.sip, SIDE_SIP, sip, "pbx.example");
	address_set(&pair.chat, SIDE_XMPP, chat, "chat.example");
	return pair;
}

static void pair_clear(struct pair *pair)
{
	address_clear(&pair->sip);
	address_clear(&pair->chat);
}

static struct talk *get(struct talks *talks, const char *sip, const char *chat)
{
	struct pair pair = pair_of(sip, chat);
	struct talk *talk = talks_get(talks, &pair.sip, &pair.chat);

	assert_ptr_equal(talks_find(talks, &pair.sip, &pair.chat), talk);
	pair_clear(&pair);
	return talk;
}

static struct talk *find(struct talks *talks, const char *sip, const char *chat)
{
	struct pair pair = pair_of(sip, chat);
	struct talk *talk = talks_find(talks, &pair.sip, &pair.chat);

	pair_clear(&pair);
	return talk;
}

/* [D-35]: the last one, for 30 minutes from its last use */
static void threads_have_an_age(void **state)
{
	struct talks *talks = talks_new();
	struct talk *talk = get(talks, "1001", "ann");

	(void)state;
	assert_null(talk_thread(talk, 1000));
	talk_set_thread(talk, "a", 1000);
	assert_string_equal(talk_thread(talk, 1000 + TALK_THREAD_MS - 1), "a");
	assert_null(talk_thread(talk, 1000 + TALK_THREAD_MS));
	talk_set_thread(talk, "a", 5000);
	assert_string_equal(talk_thread(talk, 1000 + TALK_THREAD_MS), "a");
	talk_set_thread(talk, "b", 6000);
	assert_string_equal(talk_thread(talk, 6000), "b");
	talks_free(&talks);
	talks_free(&talks);
}

/* [MSG-086]: a thread is nothing outside its pair */
static void pairs_do_not_mix(void **state)
{
	struct talks *talks = talks_new();

	(void)state;
	assert_null(find(talks, "1001", "ann"));
	talk_set_thread(get(talks, "1001", "ann"), "t", 0);
	assert_null(find(talks, "1001", "bob"));
	assert_null(find(talks, "ann", "1001"));
	assert_null(find(talks, "100", "1ann"));
	assert_ptr_not_equal(get(talks, "1002", "ann"), get(talks, "1001", "ann"));
	assert_null(talk_thread(get(talks, "1002", "ann"), 0));
	assert_int_equal(talks_count(talks), 2);
	talks_free(&talks);
}

/* [SEC-088]: the one longest unused makes room */
static void they_are_bounded(void **state)
{
	struct talks *talks = talks_new();
	char name[20];

	(void)state;
	for (int i = 0; i < TALKS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		(void)get(talks, name, "ann");
	}
	assert_non_null(find(talks, "0", "ann"));
	(void)get(talks, "one more", "ann");
	assert_int_equal(talks_count(talks), TALKS_MAX);
	assert_non_null(find(talks, "0", "ann"));
	assert_null(find(talks, "1", "ann"));
	talks_free(&talks);
}

static void resources_are_told_apart(void **state)
{
	struct talks *talks = talks_new();

	(void)state;
	assert_true(talks_resource(talks, "a") != talks_resource(talks, "b"));
	assert_true(talks_resource(talks, "a") == talks_resource(talks, "a"));
	assert_true(talks_resource(talks, NULL) != 0);
	talks_free(&talks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_have_an_age),
		cmocka_unit_test(pairs_do_not_mix),
		cmocka_unit_test(they_are_bounded),
		cmocka_unit_test(resources_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
