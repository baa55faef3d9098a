/* The presence book: documents, resources, what is left out, what looks the same. */
#include "model/rich.h"
#include "support/check.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "core/presence_book.h"

static const uint8_t key[HASH_KEY_BYTES] = {1, 2, 3};

static struct device device(const char *id, enum basic basic)
{
	return (struct device){.id = (char *)(uintptr_t)id,
			       .basic = basic,
			       .priority = PRESENCE_PRIORITY_UNSET,
			       .is_im = true};
}

static bool put(struct book_entry **entry, const char *id, enum basic basic)
{
	struct device value = device(id, basic);

	return book_put_device(entry, &value);
}

static size_t count(const struct book_entry *entry)
{
	return entry == NULL ? 0 : book_now(entry)->device_count;
}

/* [PRES-119] [PRES-120] [PRES-121] */
static void resources_come_and_go(void **state)
{
	struct book_entry *entry = NULL;

	(void)state;
	assert_null(book_now(entry));
	assert_false(book_is_open(entry));
	assert_true(put(&entry, "a", BASIC_OPEN));
	assert_false(put(&entry, "a", BASIC_OPEN));
	assert_true(put(&entry, "b", BASIC_OPEN));
	assert_int_equal(count(entry), 2);
	assert_true(put(&entry, "a", BASIC_CLOSED));
	assert_false(put(&entry, "a", BASIC_CLOSED));
	/* still there until it was told */
	assert_int_equal(count(entry), 2);
	book_prune(entry);
	assert_int_equal(count(entry), 1);
	assert_string_equal(book_now(entry)->devices[0].id, "b");
	/* a resource nobody heard of is no news beside others */
	assert_false(put(&entry, "z", BASIC_CLOSED));
	assert_true(put(&entry, "b", BASIC_CLOSED));
	book_prune(entry);
	assert_int_equal(count(entry), 1);
	assert_false(book_is_open(entry));
	book_drop(&entry);
	assert_null(entry);
}

/* [PRES-122] [PRES-121] the bare JID: all are gone; if nothing was known it is known now. */
static void bare_unavailable(void **state)
{
	struct book_entry *entry = NULL;

	(void)state;
	assert_true(put(&entry, NULL, BASIC_CLOSED));
	assert_int_equal(count(entry), 1);
	assert_int_equal(book_now(entry)->devices[0].basic, BASIC_CLOSED);
	put(&entry, "a", BASIC_OPEN);
	put(&entry, "b", BASIC_OPEN);
	assert_true(put(&entry, NULL, BASIC_CLOSED));
	assert_false(book_is_open(entry));
	assert_false(put(&entry, NULL, BASIC_CLOSED));
	book_drop(&entry);
}

/* what closes has neither show nor priority, and keeps its last word. */
static void closing_keeps_the_note(void **state)
{
	struct book_entry *entry = NULL;
	struct device value = device("a", BASIC_OPEN);

	(void)state;
	value.show = SHOW_DND;
	value.priority = 5;
	assert_true(book_put_device(&entry, &value));
	value.basic = BASIC_CLOSED;
	notes_add(&value.notes, "en", "bye", 3);
	assert_true(book_put_device(&entry, &value));
	notes_clear(&value.notes);
	assert_int_equal(book_now(entry)->devices[0].show, SHOW_NONE);
	assert_int_equal(book_now(entry)->devices[0].priority, PRESENCE_PRIORITY_UNSET);
	assert_string_equal(book_now(entry)->devices[0].notes.items[0].text, "bye");
	book_drop(&entry);
}

/* more resources than are kept: closed ones make way, then new ones are not taken. */
static void bounded(void **state)
{
	struct book_entry *entry = NULL;
	char id[16];

	(void)state;
	for (int i = 0; i < PRESENCE_DEVICES_MAX; i++) {
		(void)snprintf(id, sizeof id, "r%d", i);
		assert_true(put(&entry, id, BASIC_OPEN));
	}
	assert_false(put(&entry, "more", BASIC_OPEN));
	assert_true(put(&entry, "r7", BASIC_CLOSED));
	assert_true(put(&entry, "more", BASIC_OPEN));
	assert_int_equal(count(entry), PRESENCE_DEVICES_MAX);
	book_drop(&entry);
}

/* What is doubted and not heard of again is closed; the doubt follows its device. */
static void doubts(void **state)
{
	struct book_entry *entry = NULL;

	(void)state;
	book_doubt(NULL);
	assert_false(book_settle(NULL));
	put(&entry, "a", BASIC_OPEN);
	put(&entry, "b", BASIC_OPEN);
	put(&entry, "c", BASIC_OPEN);
	put(&entry, "d", BASIC_OPEN);
	book_doubt(entry);
	put(&entry, "a", BASIC_CLOSED);
	put(&entry, "c", BASIC_OPEN);
	book_prune(entry); /* b, c, d move down */
	put(&entry, "e", BASIC_OPEN);
	assert_true(book_settle(entry));
	assert_false(book_settle(entry));
	book_prune(entry);
	assert_int_equal(count(entry), 2);
	assert_string_equal(book_now(entry)->devices[0].id, "c");
	assert_string_equal(book_now(entry)->devices[1].id, "e");
	book_drop(&entry);
	/* all 64 places have a bit */
	for (int i = 0; i < PRESENCE_DEVICES_MAX; i++) {
		char id[16];

		(void)snprintf(id, sizeof id, "r%d", i);
		put(&entry, id, BASIC_OPEN);
	}
	book_doubt(entry);
	assert_true(book_settle(entry));
	assert_false(book_is_open(entry));
	book_drop(&entry);
}

static uint64_t digest(const struct presence *presence, enum side reader)
{
	struct buf scratch = BUF_INIT;
	uint64_t value = book_digest(presence, reader, NULL, key, &scratch);

	buf_free(&scratch);
	return value;
}

/* [PRS-014] [PRES-127] equal for what looks equal to this reader. */
static void what_looks_the_same(void **state)
{
	struct presence a = {0};
	struct presence b = {0};
	struct device *first = presence_add_device(&a, "t1");
	struct device *second;

	(void)state;
	first->basic = BASIC_OPEN;
	first->since_ms = 1;
	presence_copy(&b, &a);
	b.devices[0].since_ms = 999; /* timestamps do not count */
	assert_int_equal(digest(&a, SIDE_SIP), digest(&b, SIDE_SIP));
	assert_int_equal(digest(&a, SIDE_XMPP), digest(&b, SIDE_XMPP));
	/* a chat user sees one merged resource: a second tuple changes nothing for him; a phone
	 * sees it, unless it is closed beside an open one (PRES-120) */
	second = presence_add_device(&b, "t2");
	second->basic = BASIC_CLOSED;
	assert_int_equal(digest(&a, SIDE_XMPP), digest(&b, SIDE_XMPP));
	assert_int_equal(digest(&a, SIDE_SIP), digest(&b, SIDE_SIP));
	second->basic = BASIC_OPEN;
	assert_int_equal(digest(&a, SIDE_XMPP), digest(&b, SIDE_XMPP));
	assert_int_not_equal(digest(&a, SIDE_SIP), digest(&b, SIDE_SIP));
	b.devices[0].show = SHOW_DND;
	assert_int_not_equal(digest(&a, SIDE_XMPP), digest(&b, SIDE_XMPP));
	/* D-27: closed has its word in chat, unknown has none; on SIP: a body, no body */
	a.devices[0].basic = BASIC_CLOSED;
	assert_int_not_equal(digest(&a, SIDE_XMPP), digest(NULL, SIDE_XMPP));
	assert_int_not_equal(digest(&a, SIDE_SIP), digest(NULL, SIDE_SIP));
	assert_int_not_equal(digest(NULL, SIDE_SIP), 0);
	presence_clear(&a);
	presence_clear(&b);
}

static uint64_t digest_person(const struct presence *presence)
{
	struct buf scratch = BUF_INIT;
	uint64_t value = book_digest_person(presence, key, &scratch);

	buf_free(&scratch);
	return value;
}

/* What is told by personal eventing does not change the presence stanza, and the other way round.
 */
static void what_a_person_says(void **state)
{
	struct presence a = {0}, b = {0};

	(void)state;
	presence_add_device(&a, "t1")->basic = BASIC_OPEN;
	presence_copy(&b, &a);
	assert_int_equal(digest_person(&a), 0);
	assert_int_equal(digest_person(NULL), 0);
	rich_set(&person_rich(&b.person)->mood, "happy", 5, RICH_WORD_BYTES_MAX);
	assert_int_not_equal(digest_person(&b), 0);
	assert_int_equal(digest(&a, SIDE_XMPP), digest(&b, SIDE_XMPP));
	assert_int_not_equal(digest(&a, SIDE_SIP), digest(&b, SIDE_SIP));
	a.phone.state = PHONE_IDLE;
	assert_int_equal(digest_person(&a), 0);
	a.phone.state = PHONE_IN_CALL;
	assert_int_not_equal(digest_person(&a), 0);
	presence_clear(&a);
	presence_clear(&b);
}

/* [PRES-118] [PRS-003] since when, by the document or by the clock */
static void changes_have_a_time(void **state)
{
	struct book_entry *entry = NULL;
	struct presence value = {0};

	(void)state;
	presence_add_device(&value, "a")->basic = BASIC_OPEN;
	presence_add_device(&value, "b")->basic = BASIC_OPEN;
	value.devices[1].since_ms = 5000;
	book_put(&entry, &value, 7000);
	assert_int_equal(book_now(entry)->devices[0].since_ms, 7000);
	assert_int_equal(book_now(entry)->devices[1].since_ms, 5000);
	value.devices[1].basic = BASIC_CLOSED;
	value.devices[1].since_ms = 99000; /* a clock that goes wrong */
	book_put(&entry, &value, 8000);
	assert_int_equal(book_now(entry)->devices[0].since_ms, 7000);
	assert_int_equal(book_now(entry)->devices[1].since_ms, 8000);
	presence_clear(&value);
	book_drop(&entry);
}

/* [X0163-3] what he says of himself is over with his last device */
static void persons_go_with_their_devices(void **state)
{
	static const char *const ends[] = {"desk", NULL};

	(void)state;
	for (size_t i = 0; i <= CHECK_COUNT(ends); i++) {
		struct device device = {.id = (char[]){"desk"}, .basic = BASIC_OPEN};
		struct book_entry *entry = NULL;
		struct person person = {.activities = 1u << ACTIVITY_TV};

		assert_true(book_put_device(&entry, &device));
		assert_true(book_put_person(entry, &person));
		assert_false(book_put_person(entry, &person));
		device.id = (char[]){"phone"};
		assert_true(book_put_device(&entry, &device));
		device.basic = BASIC_CLOSED;
		assert_true(book_put_device(&entry, &device));
		assert_int_equal(book_now(entry)->person.activities, person.activities);
		if (i < CHECK_COUNT(ends)) {
			device.id = ends[i] == NULL ? NULL : (char[]){"desk"};
			assert_true(book_put_device(&entry, &device));
		} else {
			book_doubt(entry);
			assert_true(book_settle(entry));
		}
		assert_true(person_is_empty(&book_now(entry)->person));
		book_drop(&entry);
	}
}

static void documents_replace(void **state)
{
	struct book_entry *entry = NULL;
	struct presence value = {0};

	(void)state;
	presence_add_device(&value, "t1")->basic = BASIC_OPEN;
	book_put(&entry, &value, 7000);
	assert_true(book_is_open(entry));
	assert_true(presence_equal(book_now(entry), &value));
	presence_remove_device(&value, &value.devices[0]);
	book_put(&entry, &value, 7000);
	assert_int_equal(count(entry), 0);
	presence_clear(&value);
	book_drop(&entry);
	book_drop(&entry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resources_come_and_go),
		cmocka_unit_test(bare_unavailable),
		cmocka_unit_test(closing_keeps_the_note),
		cmocka_unit_test(bounded),
		cmocka_unit_test(doubts),
		cmocka_unit_test(what_looks_the_same),
		cmocka_unit_test(what_a_person_says),
		cmocka_unit_test(documents_replace),
		cmocka_unit_test(changes_have_a_time),
		cmocka_unit_test(persons_go_with_their_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
