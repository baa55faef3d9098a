/* Canonical addresses. */
#include "model/address.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

static const char side_marks[] = {[SIDE_SIP] = 'S', [SIDE_XMPP] = 'X'};

void address_set(struct address *out, enum side side, const char *local, const char *domain)
{
	out->side = side;
	out->local = mem_strdup(local);
	out->domain = mem_strdup(domain);
}

void address_copy(struct address *out, const struct address *from)
{
	address_set(out, from->side, from->local, from->domain);
}

void address_clear(struct address *address)
{
	mem_free(address->local);
	mem_free(address->domain);
	*address = (struct address){0};
}

bool address_equal(const struct address *a, const struct address *b)
{
	return a->side == b->side && strcmp(a->local, b->local) == 0 &&
	       strcmp(a->domain, b->domain) == 0;
}

void address_key(const struct address *address, struct buf *out)
{
	buf_putc(out, side_marks[address->side]);
	buf_append(out, address->domain, strlen(address->domain) + 1);
	buf_append(out, address->local, strlen(address->local) + 1);
}

/* Length of the part with its NUL, 0 if it is not ended or too long. */
static size_t part_size(const char *from, size_t len)
{
	size_t size = strnlen(from, len);

	return size == len || size > ADDRESS_PART_MAX ? 0 : size + 1;
}

size_t address_from_key(struct address *out, const void *key, size_t len)
{
	const char *text = key;
	size_t domain;
	size_t local;

	if (len < 3 || (text[0] != 'S' && text[0] != 'X'))
		return 0;
	domain = part_size(text + 1, len - 1);
	if (domain <= 1)
		return 0; /* not ended, or empty: nothing is without a domain */
	local = part_size(text + 1 + domain, len - 1 - domain);
	if (local == 0)
		return 0;
	address_set(out, text[0] == 'S' ? SIDE_SIP : SIDE_XMPP, text + 1 + domain, text + 1);
	return 1 + domain + local;
}

void address_print(const struct address *address, struct buf *out)
{
	buf_puts(out, side_name(address->side));
	buf_putc(out, ':');
	if (address->local[0] != '\0') {
		buf_puts(out, address->local);
		buf_putc(out, '@');
	}
	buf_puts(out, address->domain);
}

const char *side_name(enum side side)
{
	return side == SIDE_SIP ? "sip" : "xmpp";
}
