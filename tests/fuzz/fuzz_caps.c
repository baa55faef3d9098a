/* Marks of capabilities in presence, and answers to disco#info. [X0115-4] */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <strophe.h>

#include "fuzz/one_stanza.h"
#include "xmpp/caps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

/* The same answer has the same hash, and one that is no use wants nothing. */
static void read_twice(const xmpp_stanza_t *query)
{
	char ver[CAPS_VER_CHARS + 1], again[CAPS_VER_CHARS + 1];
	unsigned wants, wants_again;
	int error = caps_read(query, ver, &wants);

	expect(caps_read(query, again, &wants_again) == error && wants == wants_again);
	if (error != 0)
		expect(wants == 0);
	else
		expect(strlen(ver) == CAPS_VER_CHARS && strcmp(ver, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	xmpp_stanza_t *tree = one_stanza(data, size);
	struct caps_mark mark;

	if (tree == NULL)
		return 0;
	if (caps_find(tree, &mark))
		expect(strlen(mark.node) <= CAPS_TEXT_MAX && strlen(mark.ver) <= CAPS_TEXT_MAX);
	read_twice(tree);
	xmpp_stanza_release(tree);
	return 0;
}
