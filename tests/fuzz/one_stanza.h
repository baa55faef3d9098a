/* For the targets that read stanzas: the tree of data, if it is one well-formed element within the
 * limits that the link guard holds (so that libstrophe is not what is tested). */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct _xmpp_stanza_t;

/* NULL if it is none. The caller releases it. */
struct _xmpp_stanza_t *one_stanza(const uint8_t *data, size_t size);
