/* One hostile item after the other. */
#include "hostile/attack.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "hostile/mutate_bytes.h"
#include "hostile/mutate_xml.h"
#include "hostile/well_formed.h"

enum { USERS = 40, GOOD_SEEDS = 3 };

/* A header line of the item in place of the seed's, so that the request gets past the first checks.
 * Returns false if the line may stay as it is. */
static bool put_better(const struct attack *attack, struct rng *rng, unsigned long i, bool is_tcp,
		       const char *line, size_t len, struct buf *out)
{
	const char *colon = memchr(line, ':', len);
	size_t name = colon != NULL ? (size_t)(colon - line) : 0;
	unsigned user = (unsigned)rng_below(rng, USERS);

	if (rng_chance(rng, 7))
		return false;
	if ((name == 7 && strncasecmp(line, "call-id", 7) == 0) || (name == 1 && line[0] == 'i'))
		buf_printf(out, "Call-ID: h%lu@hostile\r\n", i);
	else if ((name == 3 && strncasecmp(line, "via", 3) == 0) || (name == 1 && line[0] == 'v'))
		buf_printf(out, "Via: SIP/2.0/%s 127.0.0.1:%u;rport;branch=z9hG4bKh%lu\r\n",
			   is_tcp ? "TCP" : "UDP", attack->own_port, i);
	else if ((name == 4 && strncasecmp(line, "from", 4) == 0) || (name == 1 && line[0] == 'f'))
		buf_printf(out, "From: <sip:u%u@" RIG_PBX ">;tag=h%lu\r\n", user, i);
	else if ((name == 2 && strncasecmp(line, "to", 2) == 0) || (name == 1 && line[0] == 't'))
		buf_printf(out, "To: <sip:c%u@" RIG_CHAT ">\r\n", user);
	else if ((name == 7 && strncasecmp(line, "contact", 7) == 0) ||
		 (name == 1 && line[0] == 'm'))
		buf_printf(out, "Contact: <sip:u%u@127.0.0.1:%u;transport=%s>\r\n", user,
			   attack->own_port, is_tcp ? "tcp" : "udp");
	else
		return false;
	return true;
}

static void put_request_line(struct rng *rng, const char *line, size_t len, struct buf *out)
{
	const char *space = memchr(line, ' ', len);

	if (space == NULL || strncmp(line, "SIP/", 4) == 0 || rng_chance(rng, 10)) {
		buf_append(out, line, len);
		return;
	}
	buf_append(out, line, (size_t)(space - line));
	buf_printf(out, " sip:c%zu@" RIG_CHAT " SIP/2.0\r\n", rng_below(rng, USERS));
}

/* The seed as if it were meant for this bridge, new on the wire. */
static void put_retargeted(const struct attack *attack, struct rng *rng, unsigned long i,
			   bool is_tcp, const struct seed *seed, struct buf *out)
{
	const char *end = memmem(seed->data, seed->len, "\r\n\r\n", 4);
	size_t head = end != NULL ? (size_t)(end - seed->data) + 2 : seed->len;
	size_t at = 0;

	while (at < head) {
		const char *stop = memchr(seed->data + at, '\n', head - at);
		size_t len = stop != NULL ? (size_t)(stop - seed->data) + 1 - at : head - at;

		if (at == 0)
			put_request_line(rng, seed->data, len, out);
		else if (!put_better(attack, rng, i, is_tcp, seed->data + at, len, out))
			buf_append(out, seed->data + at, len);
		at += len;
	}
	buf_append(out, seed->data + head, seed->len - head);
}

/* A NOTIFY in a subscription that the daemon has made, with the body of some seed. */
static void put_notify(const struct attack *attack, struct rng *rng, unsigned long i, bool is_tcp,
		       struct buf *out)
{
	static const char *const states[] = {"active;expires=600",
					     "active",
					     "pending",
					     "terminated;reason=timeout",
					     "terminated;reason=deactivated;retry-after=1",
					     "terminated;reason=noresource",
					     "nonsense;expires=0"};
	static const char *const types[] = {"application/pidf+xml", "application/xpidf+xml",
					    "application/dialog-info+xml", "text/plain",
					    "multipart/related;boundary=x"};
	const struct actors *actors = attack->actors;
	const struct live_dialog *dialog = &actors->dialogs[rng_below(rng, actors->dialog_count)];
	const struct seed *seed =
		&attack->seeds->sip.items[rng_below(rng, attack->seeds->sip.count)];
	const char *end = memmem(seed->data, seed->len, "\r\n\r\n", 4);
	size_t body = end != NULL ? seed->len - (size_t)(end + 4 - seed->data) : 0;

	buf_printf(out,
		   "NOTIFY %s SIP/2.0\r\nVia: SIP/2.0/%s 127.0.0.1:%u;rport;branch=z9hG4bKh%lu\r\n"
		   "Max-Forwards: 70\r\nFrom: %s;tag=hostile\r\nTo: %s\r\nCall-ID: %s\r\n"
		   "CSeq: %lu NOTIFY\r\nContact: <sip:h@127.0.0.1:%u>\r\nEvent: presence\r\n"
		   "Subscription-State: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
		   dialog->target, is_tcp ? "TCP" : "UDP", attack->own_port, i, dialog->to,
		   dialog->from, dialog->call_id, i + 1, attack->own_port,
		   states[rng_below(rng, sizeof(states) / sizeof(states[0]))],
		   types[rng_below(rng, sizeof(types) / sizeof(types[0]))], body);
	if (body > 0)
		buf_append(out, end + 4, body);
}

static void put_noise(struct rng *rng, struct buf *out)
{
	size_t len = rng_below(rng, 1400);

	if (rng_chance(rng, 30)) {
		buf_puts(out, rng_chance(rng, 50) ? "\r\n\r\n" : "");
		return;
	}
	for (size_t i = 0; i < len; i++)
		buf_putc(out, (char)rng_next(rng));
}

static void make_sip(struct attack *attack, struct rng *rng, unsigned long i, bool is_tcp,
		     struct buf *out)
{
	const struct seed_list *seeds = &attack->seeds->sip;
	/* the first are good requests: small changes to these get furthest */
	const struct seed *seed =
		&seeds->items[rng_below(rng, rng_chance(rng, 30) ? GOOD_SEEDS : seeds->count)];
	size_t dice = rng_below(rng, 100);
	size_t changes = rng_chance(rng, 20) ? 0 : 1 + rng_below(rng, 4);

	if (dice < 2)
		put_noise(rng, out);
	else if (dice < 7) {
		login_put(&attack->login, rng, i, is_tcp, attack->own_port, out);
		changes = rng_chance(rng, 90) ? 0 : changes; /* wrong ones are blocked soon */
	} else if (dice < 30 && attack->actors->dialog_count > 0)
		put_notify(attack, rng, i, is_tcp, out);
	else if (dice < 90)
		put_retargeted(attack, rng, i, is_tcp, seed, out);
	else
		buf_append(out, seed->data, seed->len);
	for (size_t n = 0; n < changes && out->len > 0; n++)
		mutate_bytes(out, rng, seeds);
	/* A wrong length over TCP makes the daemon wait for the rest, or take the next request for
	 * it: worth trying now and then only. */
	if (changes > 0 && (is_tcp ? !rng_chance(rng, 2) : rng_chance(rng, 70)))
		mutate_fix_length(out);
}

/* Several in one write, each of its own length, the last one cut off now and then. */
static void make_pipeline(struct attack *attack, struct rng *rng, unsigned long i, struct buf *out)
{
	size_t count = rng_chance(rng, 90) ? 1 : 2 + rng_below(rng, 7);
	struct buf one = BUF_INIT;

	for (size_t n = 0; n < count; n++) {
		buf_reset(&one);
		make_sip(attack, rng, i, true, &one);
		if (count > 1)
			mutate_fix_length(&one);
		if (n > 0 && n + 1 == count && rng_chance(rng, 20))
			one.len = rng_below(rng, one.len + 1);
		buf_append(out, buf_text(&one), one.len);
	}
	buf_free(&one);
}

/* Addresses of the seeds become some of ours. */
static void put_users(struct rng *rng, const struct seed *seed, struct buf *out)
{
	for (size_t at = 0; at < seed->len; at++) {
		const char *p = seed->data + at;
		size_t left = seed->len - at;

		if (left > 4 && memcmp(p, "'c1@", 4) == 0) {
			buf_printf(out, "'c%zu@", rng_below(rng, USERS));
			at += 3;
		} else if (left > 4 && memcmp(p, "'u1@", 4) == 0) {
			buf_printf(out, "'u%zu@", rng_below(rng, USERS));
			at += 3;
		} else {
			buf_putc(out, *p);
		}
	}
}

static void make_stanza(const struct attack *attack, struct rng *rng, struct buf *out)
{
	const struct seed_list *seeds = &attack->seeds->stanzas;

	for (int tries = 0; tries < 8; tries++) {
		const struct seed *seed = &seeds->items[rng_below(rng, seeds->count)];
		size_t changes = rng_chance(rng, 15) ? 0 : 1 + rng_below(rng, 5);

		buf_reset(out);
		put_users(rng, seed, out);
		for (size_t n = 0; n < changes; n++)
			mutate_xml(out, rng, seeds);
		if (well_formed(out->data, out->len))
			return;
	}
	buf_reset(out);
	buf_puts(out, "<presence from='c1@chat.example/r' to='u1@sip.chat.example'/>");
}

static void make_broken(const struct attack *attack, struct rng *rng, struct buf *out)
{
	make_stanza(attack, rng, out);
	mutate_bytes(out, rng, &attack->seeds->sip);
	buf_puts(out, "\x01</no></such></element>"); /* wrong wherever the parser stands */
}

static enum attack_kind choose(const struct attack *attack, struct rng *rng)
{
	size_t dice = rng_below(rng, 100);
	enum attack_kind kind = dice < 35   ? ATTACK_UDP
				: dice < 64 ? ATTACK_TCP
				: dice < 65 ? ATTACK_TLS
					    : ATTACK_STANZA;

	if (rng_below(rng, attack->malformed_every) == 0)
		kind = ATTACK_BROKEN_XML;
	while (!attack->may_use[kind])
		kind = (enum attack_kind)((kind + 1) % ATTACK_KINDS);
	return kind;
}

/* The attack opens with the torture cases as they are, over UDP and over TCP. */
static bool make_opening(const struct attack *attack, unsigned long i, struct buf *out)
{
	const struct seed *seed = NULL;

	if (i / 2 >= attack->seeds->torture ||
	    !attack->may_use[i % 2 == 0 ? ATTACK_UDP : ATTACK_TCP])
		return false;
	seed = &attack->seeds->sip.items[i / 2];
	buf_append(out, seed->data, seed->len);
	return true;
}

enum attack_kind attack_make(struct attack *attack, unsigned long i, struct buf *out)
{
	struct rng rng = {.state = attack->seed * 1000003u + i};
	enum attack_kind kind = choose(attack, &rng);

	buf_reset(out);
	if (make_opening(attack, i, out))
		return i % 2 == 0 ? ATTACK_UDP : ATTACK_TCP;
	switch (kind) {
	case ATTACK_STANZA:
		make_stanza(attack, &rng, out);
		break;
	case ATTACK_BROKEN_XML:
		make_broken(attack, &rng, out);
		break;
	case ATTACK_UDP:
		make_sip(attack, &rng, i, false, out);
		break;
	default:
		make_pipeline(attack, &rng, i, out);
		break;
	}
	return kind;
}
