/* What a chat user is told of his phone: voicemail and missed calls, in the languages that are
 * built in (presence_words.h). Pure. */
#pragma once

#include <stdint.h>

struct buf;

/* Appends "New voicemail: 2 new (1 urgent), 1 old"; language as in presence_words.h. */
void call_words_voicemail(int language, uint32_t fresh, uint32_t urgent, uint32_t old,
			  struct buf *out);
/* Appends what is said when the numbers are not known: "New voicemail". */
void call_words_voicemail_uncounted(int language, struct buf *out);
/* Appends "Missed call from Ann (1005)"; each may be NULL: "Missed call". */
void call_words_missed(int language, const char *name, const char *number, struct buf *out);
