/* Presence as bytes and back. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "model/presence.h"
#include "model/presence_code.h"
#include "model/rich.h"

static void add_note(struct notes *notes, const char *lang, const char *text)
{
	notes_add(notes, lang, text, strlen(text));
}

/* presence_equal() leaves times out, and a time of idleness without idleness. */
static void same(const struct presence *a, const struct presence *b)
{
	assert_true(presence_equal(a, b));
	assert_int_equal(a->person.since_ms, b->person.since_ms);
	assert_int_equal(a->person.idle_since_ms, b->person.idle_since_ms);
	for (size_t i = 0; i < a->device_count; i++) {
		assert_int_equal(a->devices[i].since_ms, b->devices[i].since_ms);
		assert_int_equal(a->devices[i].idle_since_ms, b->devices[i].idle_since_ms);
	}
}

/* There and back, the same bytes again; and no part of them is a presence. */
static void goes_round(const struct presence *presence)
{
	struct buf bytes = BUF_INIT;
	struct buf again = BUF_INIT;
	struct presence read;

	buf_puts(&bytes, "before");
	assert_int_equal(presence_encode(presence, &bytes), 0);
	assert_memory_equal(bytes.data, "before", 6);
	assert_int_equal(bytes.data[bytes.len], 0);
	assert_int_equal(presence_decode(&read, bytes.data + 6, bytes.len - 6), 0);
	same(presence, &read);
	assert_int_equal(presence_encode(&read, &again), 0);
	assert_int_equal(again.len, bytes.len - 6);
	assert_memory_equal(again.data, bytes.data + 6, again.len);
	presence_clear(&read);
	for (size_t len = 0; len < again.len && len < 4096; len++) {
		/* of its own size, so that a byte too many is seen */
		char *part = mem_alloc(len);

		memcpy(part, again.data, len);
		assert_int_equal(presence_decode(&read, part, len), EBADMSG);
		same(&read, &(struct presence){0});
		mem_free(part);
	}
	buf_putc(&again, '\0');
	assert_int_equal(presence_decode(&read, again.data, again.len), EBADMSG);
	buf_free(&bytes);
	buf_free(&again);
}

static void fill_device(struct device *device, int number)
{
	device->basic = (enum basic)(number % (BASIC_OPEN + 1));
	device->show = (enum show)(number % (SHOW_XA + 1));
	device->priority = number % 3 == 0 ? PRESENCE_PRIORITY_UNSET : number % 256 - 128;
	device->is_im = number % 2 == 0;
	device->takes_messages = number % 3 == 0;
	device->idle = number % 5 == 0;
	device->idle_since_ms = number % 7 == 0 ? -1 : 1795359600123 + number;
	device->since_ms = 1795359600000 - number;
	add_note(&device->notes, "",
		 "Bin gleich zur\xc3\xbc"
		 "ck");
	add_note(&device->notes, "de-AT", "<&\"'>\n\t");
}

static void fill_rich(struct rich *rich)
{
	char **texts[] = {&rich->mood,        &rich->activity,   &rich->place,  &rich->place_audio,
			  &rich->place_video, &rich->place_text, &rich->sphere, &rich->display_name,
			  &rich->homepage,    &rich->icon,       &rich->card};

	for (size_t i = 0; i < CHECK_COUNT(texts); i++) {
		struct buf text = BUF_INIT;

		buf_printf(&text, "text-%zu", i);
		*texts[i] = buf_take(&text);
	}
	add_note(&rich->mood_notes, "en", "just so");
	add_note(&rich->activity_notes, "", "at home");
	rich->has_time_offset = true;
	rich->time_offset_min = -210;
	rich->privacy = 7;
}

static void fill(struct presence *presence, int devices)
{
	char id[32];

	for (int i = 0; i < devices; i++) {
		(void)snprintf(id, sizeof id, "resource %d", i);
		fill_device(presence_add_device(presence, i == 0 ? NULL : id), i);
	}
	presence->person.activities = (UINT32_C(1) << ACTIVITY_COUNT) - 1;
	presence->person.idle = true;
	presence->person.idle_since_ms = 1795359600123;
	presence->person.since_ms = 1795359600124;
	add_note(&presence->person.notes, "fr", "au d\xc3\xa9jeuner");
	fill_rich(person_rich(&presence->person));
	presence->phone = (struct phone){PHONE_IN_CALL, true, mem_strdup("Ann <1002>")};
	add_note(&presence->notes, "x-any", "about the user");
}

/* Everything that struct presence holds, and the least of it. [PRES-186] [D-49] */
static void test_round_trip(void **state)
{
	struct presence presence = {0};

	(void)state;
	goes_round(&presence);
	fill(&presence, 3);
	goes_round(&presence);
	presence_clear(&presence);
	fill(&presence, PRESENCE_DEVICES_MAX);
	goes_round(&presence);
	presence_clear(&presence);
	presence.phone.state = PHONE_RINGING;
	goes_round(&presence);
	presence_clear(&presence);
	presence.person.idle_since_ms = INT64_MIN;
	presence.person.since_ms = INT64_MAX;
	goes_round(&presence);
}

/* What says nothing is not written, so that equal values are equal bytes. */
static void test_empty_rich(void **state)
{
	struct presence plain = {0};
	struct presence empty = {0};
	struct buf first = BUF_INIT;
	struct buf second = BUF_INIT;

	(void)state;
	(void)person_rich(&empty.person);
	assert_int_equal(presence_encode(&plain, &first), 0);
	assert_int_equal(presence_encode(&empty, &second), 0);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.data, second.data, first.len);
	presence_clear(&empty);
	buf_free(&first);
	buf_free(&second);
}

/* At the bound, and over it. */
static void test_too_large(void **state)
{
	struct presence presence = {0};
	struct buf bytes = BUF_INIT;
	char text[PRESENCE_NOTE_BYTES_MAX];
	char lang[16];

	(void)state;
	memset(text, 'x', sizeof text);
	buf_puts(&bytes, "before");
	for (int i = 0; i < 64; i++) {
		struct device *device = presence_add_device(&presence, "same");

		(void)snprintf(lang, sizeof lang, "l%d", i);
		notes_add(&device->notes, lang, text, sizeof text);
	}
	assert_int_equal(presence_encode(&presence, &bytes), E2BIG);
	assert_string_equal(buf_text(&bytes), "before");
	/* 1,044 bytes a device. */
	for (int i = 0; i < 2; i++)
		presence_remove_device(&presence, &presence.devices[0]);
	goes_round(&presence);
	presence_clear(&presence);
	buf_free(&bytes);
}

/* Bytes that no presence is written as. */
static void test_strange(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} strange[] = {
#define BYTES(text) {text, sizeof text - 1}
		BYTES("\x02\0\0\0\0\0\0\0\0\0\0"),                   /* another version */
		BYTES("\x01\x41"),                                   /* 65 devices */
		BYTES("\x01\0\x80\x80\x80\x80\x01\0\0\0\0\0\0\0\0"), /* an activity too many */
		BYTES("\x01\0\0\x04\0\0\0\0\0\0\0"),                 /* a flag too many */
		BYTES("\x01\0\0\0\0\0\0\x06\0\0\0"),                 /* a state too many */
		BYTES("\x01\0\0\0\0\0\0\0\x02\0\0"),
		BYTES("\x01\0\0\0\0\0\0\0\0\x02\xff\0"),               /* no UTF-8 */
		BYTES("\x01\0\0\0\0\0\0\0\0\0\x01\x01\x01"),           /* an empty note */
		BYTES("\x01\0\0\0\0\0\0\0\0\0\x02\x01\x02x\x01\x02y"), /* a language twice */
		BYTES("\x01\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	};
	struct presence read;

	(void)state;
	assert_int_equal(presence_decode(&read, "\x01\0\0\0\0\0\0\0\0\0\0", 11), 0);
	presence_clear(&read);
	for (size_t i = 0; i < CHECK_COUNT(strange); i++)
		assert_int_equal(presence_decode(&read, strange[i].bytes, strange[i].len), EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_empty_rich),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_strange),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
