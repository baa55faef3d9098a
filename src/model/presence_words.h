/* The texts of presence in the languages that are built in. Pure. */
#pragma once

#include "model/presence_rules.h"

/* Words of RFC 4480 that are no activity. */
enum presence_word {
	WORD_PLACE, /* place-type: RFC 4589 */
	WORD_SPHERE,
	WORD_AUDIO, /* place-is */
	WORD_VIDEO,
	WORD_TEXT
};

/* The number of a language by its tag (RFC 5646; the primary part counts), -1 if it is not there.
 * 0 is English. */
int presence_words_language(const char *tag);
/* The tag of the i-th language, NULL at the end. */
const char *presence_words_tag(int language);
/* NULL if nothing is said of that case. */
const char *presence_words_case(int language, enum presence_case which);
/* What a show says of him who is there. */
const char *presence_words_show(int language, enum show show);
const char *presence_words_offline(int language);
/* What is asked for all phones of a SIP domain (D-18): before its name, and behind it. */
const char *presence_words_plea(int language);
const char *presence_words_plea_rest(int language);
/* What a person is asked to type (XEP-0100): a label, and a sentence. */
const char *presence_words_prompt(int language);
const char *presence_words_prompt_text(int language);
/* NULL for activities that a show stands for (away, busy), or that say nothing. */
const char *presence_words_activity(int language, enum activity activity);
/* NULL if that is no word of its vocabulary, or one that says nothing. */
const char *presence_words_other(int language, enum presence_word kind, const char *word);
