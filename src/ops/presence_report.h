/* One presence in words for the operator, and as JSON for programs. */
#pragma once

#include <stdint.h>

struct buf;
struct presence;

/* Appends one line without its end: what the phones do, the devices, the person, the notes;
 * "nothing" if it says nothing. now_ms: wall clock. The other party of a call is left out: it is
 * for those alone whom show_caller lets see it (DLG-018). */
void presence_report_text(const struct presence *presence, int64_t now_ms, struct buf *out);
/* Appends the same as one JSON object. presence NULL: null. */
void presence_report_json(const struct presence *presence, struct buf *out);
/* Appends a time in words: "12 s", "4 min", "3 h", "2 d". */
void presence_report_age(int64_t seconds, struct buf *out);
