/* What a PBX tells a chat user of his own phone, as messages (D-06): users[].extension says which
 * phone is whose. The mailbox of an extension is subscribed to (Event message-summary, RFC 3842),
 * and its calls (Event dialog, RFC 4235), each with an interest (interest.h) of its own beside
 * those of compositions, since who watches whom has no part in it: in the bridge's name, or with
 * subscribe_as = watcher in the user's.
 *
 * New voicemail is told when there is more of it than was known last, also over a restart. A missed
 * call is told with its caller: show_caller is about what others see. */
#pragma once

#include <stddef.h>

struct extensions;
struct side_core;

/* Subscribes as core->params says; core->interests must be there. */
struct extensions *extensions_new(struct side_core *core);
/* Before the interests are freed. */
void extensions_free(struct extensions **extensions);
/* Extensions of which something is told. */
size_t extensions_count(const struct extensions *extensions);
