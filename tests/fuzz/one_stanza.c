/* The tree of one stanza for fuzz targets. */
#include "fuzz/one_stanza.h"

#include <stdlib.h>

#include <strophe.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "translate/xml.h"

static xmpp_ctx_t *context(void)
{
	static xmpp_ctx_t *kept;

	if (kept == NULL) {
		xmpp_initialize();
		kept = xmpp_ctx_new(NULL, NULL);
	}
	return kept;
}

xmpp_stanza_t *one_stanza(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	xmpp_stanza_t *stanza = NULL;
	xmlDoc *doc = NULL;
	size_t root;
	char *copy;

	if (!utf8_is_valid(text, size) || xml_scan(text, size, &root) != 0 || root != 0 ||
	    xml_parse(text, size, 64 * 1024, &doc) != 0)
		return NULL;
	xml_release(&doc);
	copy = mem_strndup(text, size);
	stanza = xmpp_stanza_new_from_string(context(), copy);
	mem_free(copy);
	return stanza;
}
