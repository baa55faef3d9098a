/* What a PBX writes as a note of its users, word by word. */
#include "translate/pbx_words.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "model/presence.h"
#include "translate/dialog_info.h"
#include "translate/text_span.h"

/* PBX-046: the tuple that Kamailio makes up for users it knows nothing of. */
#define DUMMY_TUPLE "615293b33c62dec073e05d9421e9f48b"

struct word {
	const char *text; /* a trailing blank: the other party's number follows */
	enum phone_state state;
	bool in_call_only; /* a word only beside the activity on-the-phone: people write it too */
	bool is_closed;
};

static const struct word asterisk_words[] = {
	{"Ready", PHONE_IDLE, false, false},      {"Unavailable", PHONE_IDLE, false, false},
	{"Ringing", PHONE_RINGING, false, false}, {"On the phone", PHONE_IN_CALL, false, false},
	{"On hold", PHONE_ON_HOLD, false, false},
};

/* Without the number where the PBX keeps it private. */
static const struct word freeswitch_words[] = {
	{"Available", PHONE_IDLE, false, false},
	{"Unregistered", PHONE_IDLE, false, true}, /* its xpidf says open */
	{"On The Phone", PHONE_IN_CALL, true, false},
	{"Talk ", PHONE_IN_CALL, true, false},
	{"Ring", PHONE_RINGING, true, false},
	{"Ring ", PHONE_RINGING, true, false},
	{"Call", PHONE_DIALLING, true, false},
	{"Call ", PHONE_DIALLING, true, false},
	{"Hold", PHONE_ON_HOLD, true, false},
	{"hold", PHONE_ON_HOLD, true, false},
	{"Hold ", PHONE_ON_HOLD, true, false},
};

/* Not the note of a phone's state, but none of a person either. */
static const struct word dummy_words[] = {{"Available", PHONE_UNKNOWN, false, false}};

struct vocabulary {
	const struct word *words;
	size_t count;
};

static struct vocabulary vocabulary_of(enum pbx_words words, struct presence *presence)
{
	switch (words) {
	case WORDS_ASTERISK:
		return (struct vocabulary){asterisk_words,
					   sizeof asterisk_words / sizeof *asterisk_words};
	case WORDS_FREESWITCH:
		return (struct vocabulary){freeswitch_words,
					   sizeof freeswitch_words / sizeof *freeswitch_words};
	case WORDS_NONE:
		break;
	}
	if (presence_find_device(presence, DUMMY_TUPLE) != NULL)
		return (struct vocabulary){dummy_words, sizeof dummy_words / sizeof *dummy_words};
	return (struct vocabulary){NULL, 0};
}

static bool is_in_call(const struct presence *presence)
{
	return (presence->person.activities & (UINT32_C(1) << ACTIVITY_ON_THE_PHONE)) != 0;
}

/* True if text is the word, with a number behind it if the word wants one; *number is "" or it. */
static bool is_word(const struct word *word, const char *text, const char **number)
{
	size_t len = strlen(word->text);

	*number = "";
	if (word->text[len - 1] != ' ')
		return strcmp(text, word->text) == 0;
	if (strncmp(text, word->text, len) != 0)
		return false;
	*number = text + len;
	return **number != '\0' && strpbrk(*number, " \t\r\n") == NULL;
}

static const struct word *find_word(const struct vocabulary *vocabulary, const char *text,
				    bool in_call, const char **number)
{
	for (size_t i = 0; i < vocabulary->count; i++) {
		const struct word *word = &vocabulary->words[i];

		if ((in_call || !word->in_call_only) && is_word(word, text, number))
			return word;
	}
	return NULL;
}

static void remove_note(struct notes *notes, size_t at)
{
	mem_free(notes->items[at].lang);
	mem_free(notes->items[at].text);
	notes->count--;
	memmove(&notes->items[at], &notes->items[at + 1],
		(notes->count - at) * sizeof *notes->items);
	if (notes->count > 0)
		return;
	mem_free(notes->items);
	notes->items = NULL;
}

static void close_devices(struct presence *presence)
{
	for (size_t i = 0; i < presence->device_count; i++)
		presence->devices[i].basic = BASIC_CLOSED;
}

static void take_word(const struct word *word, const char *number, struct presence *presence)
{
	struct phone *phone = &presence->phone;

	if (word->state > phone->state)
		phone->state = word->state;
	if (word->is_closed)
		close_devices(presence);
	if (number[0] == '\0' || phone->other != NULL)
		return;
	phone->other =
		mem_strndup(number, utf8_cut(number, strlen(number), DIALOG_OTHER_BYTES_MAX));
}

/* PBXs name no language; a note in one is a person's. True if a word was found and removed. */
static bool take_words(const struct vocabulary *vocabulary, struct notes *notes,
		       struct presence *presence)
{
	for (size_t i = 0; i < notes->count; i++) {
		const struct word *word;
		const char *number;

		if (notes->items[i].lang[0] != '\0')
			continue;
		word = find_word(vocabulary, notes->items[i].text, is_in_call(presence), &number);
		if (word == NULL)
			return false;
		take_word(word, number, presence);
		remove_note(notes, i);
		return true; /* one note a language */
	}
	return false;
}

void pbx_words_apply(enum pbx_words words, struct presence *presence)
{
	struct vocabulary vocabulary = vocabulary_of(words, presence);
	bool is_found = take_words(&vocabulary, &presence->notes, presence);

	is_found |= take_words(&vocabulary, &presence->person.notes, presence);
	if (words == WORDS_NONE)
		return;
	/* On Asterisk only the device makes this activity, whatever the note is. */
	if (!is_found && words == WORDS_ASTERISK && is_in_call(presence)) {
		presence->phone.state = PHONE_IN_CALL;
		is_found = true;
	}
	if (is_found)
		presence->person.activities &= ~(UINT32_C(1) << ACTIVITY_ON_THE_PHONE);
}
