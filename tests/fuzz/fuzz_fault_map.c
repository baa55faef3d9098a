/* Faults. The first byte chooses: 's' an error stanza, else an answer with the status of the next
 * two bytes and the rest as its reason phrase and Contact. [ERR-003] [SEC-060] [D-46] */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <strophe.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "fuzz/one_stanza.h"
#include "model/fault.h"
#include "translate/fault_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

static void check_sip(const struct fault *fault)
{
	char phrase[200];
	int status = fault_to_sip(fault, phrase, sizeof phrase);

	expect(status >= 300 && status < 600 && status != 401 && status != 405 && status != 407 &&
	       status != 408);
	expect((status == 503) == (fault->code == FAULT_LINK_DOWN));
	expect(phrase[0] != '\0' && strlen(phrase) <= 128 && utf8_is_valid(phrase, strlen(phrase)));
	for (const char *p = phrase; *p != '\0'; p++)
		expect((unsigned char)*p >= 0x20 && *p != 0x7F);
	if (status == 301 || status == 302)
		expect(strpbrk(fault->uri, "<>\" \r\n\t") == NULL && fault->uri[0] != '\0');
}

static void check_stanza(const struct fault *fault)
{
	struct buf text = BUF_INIT;
	struct fault back;
	xmpp_stanza_t *tree;

	fault_write_stanza(&text, "message", "a@b.example", "c@d.example", "i", fault);
	tree = one_stanza((const uint8_t *)text.data, text.len);
	expect(tree != NULL);
	fault_from_stanza(tree, &back);
	if (fault->code <= FAULT_UNEXPECTED_REQUEST)
		expect(back.code == fault->code);
	xmpp_stanza_release(tree);
	buf_free(&text);
}

static void check(struct fault *fault)
{
	expect(fault->code > FAULT_NONE && fault->code < FAULT_COUNT);
	expect(utf8_is_valid(fault->text, strlen(fault->text)));
	check_sip(fault);
	check_stanza(fault);
	fault_hide(fault);
	check_sip(fault);
	check_stanza(fault);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault fault;

	if (size > 0 && data[0] == 's') {
		xmpp_stanza_t *tree = one_stanza(data + 1, size - 1);

		if (tree == NULL)
			return 0;
		fault_from_stanza(tree, &fault);
		check(&fault);
		xmpp_stanza_release(tree);
	} else if (size >= 3) {
		char *text = mem_strndup((const char *)data + 3, size - 3);

		fault_from_sip(data[1] * 4 + data[2] % 4, text, text, &fault);
		check(&fault);
		mem_free(text);
	}
	return 0;
}
