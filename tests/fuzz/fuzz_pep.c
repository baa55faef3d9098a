/* Personal eventing: what is read and written reads back the same. [SEC-050] */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <strophe.h>

#include "base/buf.h"
#include "fuzz/one_stanza.h"
#include "model/presence.h"
#include "translate/pep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

static void write_and_read(const char *node, const struct presence *presence, struct person *back)
{
	struct buf text = BUF_INIT;
	xmpp_stanza_t *tree;

	expect(pep_write(node, presence, &text));
	tree = one_stanza((const uint8_t *)text.data, text.len);
	expect(tree != NULL);
	expect(pep_read(node, tree, back));
	xmpp_stanza_release(tree);
	buf_free(&text);
}

/* The first turn may lose what nobody defined; after that nothing changes. */
static void check(const char *node, const xmpp_stanza_t *tree)
{
	struct presence first = {0}, second = {0};
	struct person third = {0};

	expect(pep_read(node, tree, &first.person));
	write_and_read(node, &first, &second.person);
	write_and_read(node, &second, &third);
	expect(person_equal(&second.person, &third));
	expect(person_is_empty(&first.person) == person_is_empty(&second.person));
	presence_clear(&first);
	presence_clear(&second);
	person_clear(&third);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const nodes[] = {PEP_MOOD, PEP_ACTIVITY, PEP_NICK};
	xmpp_stanza_t *tree = one_stanza(data, size);

	if (tree == NULL)
		return 0;
	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
		check(nodes[i], tree);
	xmpp_stanza_release(tree);
	return 0;
}
