/* Values as one line of text, so that tables of examples can be read; and files of samples. */
#pragma once

#include <stddef.h>

struct buf;
struct message_stanza;
struct phone;
struct presence;
struct presence_stanza;
struct rich;
struct _xmpp_ctx_t;
struct _xmpp_stanza_t;

/* "ID basic show priority 'note'@lang ...; person: activity idle@ms 'note'; 'note'": only what is
 * there. Since-times are left out unless has_times. */
void describe_presence(const struct presence *presence, int has_times, struct buf *out);
/* "in-call dnd 'other'". */
void describe_phone(const struct phone *phone, struct buf *out);
/* "'note of the activities' place=office mood=happy 'note' utc+60 privacy=5" */
void describe_rich(const struct rich *rich, struct buf *out);
void describe_presence_stanza(const struct presence_stanza *stanza, struct buf *out);
void describe_message_stanza(const struct message_stanza *stanza, struct buf *out);

/* A context of libstrophe for the tests of one program. */
struct _xmpp_ctx_t *strophe_context(void);
/* Fails the test if text is no stanza. The caller releases it. */
struct _xmpp_stanza_t *stanza_from_text(const char *text);

/* The content of a file below tests/, mem_free() it. Fails the test if it cannot be read. */
char *read_test_file(const char *path, size_t *len);
/* The body of a SIP message: what follows the empty line. NULL if there is none. */
const char *sip_body(const char *message, size_t len, size_t *body_len);
/* Calls each(path, arg) for all files of a folder below tests/ in order of name; returns how many.
 * path is valid during the call. */
size_t each_test_file(const char *folder, void (*each)(const char *path, void *arg), void *arg);
