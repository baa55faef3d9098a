/* What sipxmppctl map says of an address: how it is read, what it becomes, and why. */
#include "translate/address_private.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"

/* Appends text, and beside it its escapes if it is not ASCII: homographs show (SEC-045). */
static void append_shown(struct buf *out, const char *text)
{
	size_t len = strlen(text);
	bool is_ascii = true;

	for (size_t i = 0; i < len; i++)
		is_ascii = is_ascii && (unsigned char)text[i] < 0x80;
	buf_puts(out, text);
	if (is_ascii)
		return;
	buf_puts(out, " [");
	for (size_t at = 0; at < len;) {
		uint32_t c;
		size_t used = utf8_decode(text + at, len - at, &c);

		if (used == 0)
			break;
		if (c < 0x80)
			buf_putc(out, (char)c);
		else
			buf_printf(out, "\\u{%x}", (unsigned)c);
		at += used;
	}
	buf_putc(out, ']');
}

static void say_refused(struct buf *out, int error, const char *why)
{
	const char *answer = "404";

	if (error == EINVAL)
		answer = "400";
	else if (error == EPROTONOSUPPORT)
		answer = "416";
	else if (error == EPERM)
		answer = "480";
	buf_printf(out, "refused with %s (%s)\n", answer, why);
}

static void say_address(const struct address *address, struct buf *out)
{
	struct buf text = BUF_INIT;

	address_print(address, &text);
	buf_puts(out, "address: ");
	append_shown(out, buf_text(&text));
	buf_putc(out, '\n');
	buf_free(&text);
}

static void say_jid(struct address_map *map, const struct address *address, struct buf *out)
{
	struct buf text = BUF_INIT;

	buf_puts(out, "on XMPP: ");
	if (address_to_jid(map, address, &text) == 0)
		append_shown(out, buf_text(&text));
	else
		buf_puts(out, "none");
	buf_putc(out, '\n');
	buf_free(&text);
}

static void say_uri(struct address_map *map, const struct address *address,
		    const struct map_entry *toward, struct buf *out)
{
	struct buf text = BUF_INIT;
	int error = address_to_uri(map, address, toward == NULL ? NULL : toward->sip, &text);

	buf_puts(out, "on SIP");
	if (toward != NULL)
		buf_printf(out, " toward %s", toward->sip);
	if (error == 0)
		buf_printf(out, ": %s\n", buf_text(&text));
	else if (toward != NULL && toward->is_asterisk)
		buf_puts(out,
			 ": none (Asterisk takes no % in a user part; give an alias in users)\n");
	else
		buf_puts(out,
			 ": none (the domain is also a SIP domain; see chat_domains, callback)\n");
	buf_free(&text);
}

static void say_sip_user(struct address_map *map, const struct address *address, struct buf *out)
{
	const struct map_entry *entry = map_entry_by_sip(map, address->domain);

	say_uri(map, address, NULL, out);
	if (entry != NULL)
		buf_printf(out, "because: domains[%zu] shows %s as %s, case = %s\n",
			   (size_t)(entry - map->entries), entry->sip, entry->xmpp_wire,
			   entry->case_rule == CASE_FOLD ? "fold" : "exact");
}

static void say_chat_user(struct address_map *map, const struct address *address, struct buf *out)
{
	for (size_t i = 0; i < map->entry_count; i++)
		say_uri(map, address, &map->entries[i], out);
	buf_printf(out, "because: %s is %sin xmpp.domains\n", address->domain,
		   address_may_use(map, address) ? "" : "not ");
}

static bool is_uri(const char *text)
{
	static const char *const schemes[] = {"sip:", "sips:", "tel:", "im:", "pres:"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (strncasecmp(text, schemes[i], strlen(schemes[i])) == 0)
			return true;
	}
	return false;
}

int address_from_text(struct address_map *map, const char *text, struct address *out,
		      const char **why)
{
	if (is_uri(text))
		return address_from_uri(map, text, strlen(text), out, NULL, why);
	if (strncasecmp(text, "xmpp:", 5) == 0)
		text += 5;
	return address_from_jid(map, text, out, NULL, why);
}

void address_map_explain(struct address_map *map, const char *text, struct buf *out)
{
	struct address address = {0};
	const char *why = NULL;
	int error = address_from_text(map, text, &address, &why);

	if (error != 0) {
		say_refused(out, error, why);
		return;
	}
	say_address(&address, out);
	say_jid(map, &address, out);
	if (address.side == SIDE_SIP)
		say_sip_user(map, &address, out);
	else
		say_chat_user(map, &address, out);
	address_clear(&address);
}
