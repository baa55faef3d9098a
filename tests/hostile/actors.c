/* The two servers under attack. */
#include "hostile/actors.h"

#include <stdio.h>
#include <string.h>

#include "hostile/checker.h"
#include "hostile/mutate_bytes.h"
#include "hostile/well_formed.h"

#define PRESENCE_ERROR                                                                             \
	" type='error'><error type='cancel'><item-not-found "                                      \
	"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>"

enum { SHOWN_FAULTS = 20, SHOWN_BYTES = 600 };

void actors_fault(struct actors *actors, const char *what, const char *data, size_t len)
{
	actors->faults++;
	if (actors->faults > SHOWN_FAULTS)
		return;
	if (len > SHOWN_BYTES)
		len = SHOWN_BYTES;
	printf("WRONG: the daemon wrote %s:\n", what);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if ((c >= 0x20 && c < 0x7f) || c == '\n')
			putchar(c);
		else if (c != '\r')
			printf("\\x%02x", c);
	}
	putchar('\n');
	fflush(stdout);
}

/* No control character and no bare line end may reach the wire in a header. */
static bool has_clean_head(const struct sip_wire *message)
{
	const char *at = message->all.at;
	const char *end = message->body.at != NULL ? message->body.at : at + message->all.len;

	for (; at < end; at++) {
		unsigned char c = (unsigned char)*at;

		if (c == '\r' && at + 1 < end && at[1] == '\n')
			at++;
		else if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

void actors_check_sip(struct actors *actors, const struct sip_wire *message)
{
	if (message->all.len <= 4)
		return; /* keep-alive */
	/* answers repeat what the request said, or lacked */
	if (message->status >= 100 && message->status < 700)
		return;
	if (message->via_count == 0 || message->call_id.len == 0 || message->cseq.len == 0 ||
	    message->from.len == 0 || message->to.len == 0 || message->method.len == 0 ||
	    !has_clean_head(message))
		actors_fault(actors, "a SIP message that is wrong", message->all.at,
			     message->all.len);
}

/* SIP ------------------------------------------------------------------------------------------ */

static void copy_slice(char *out, size_t size, struct slice slice)
{
	snprintf(out, size, "%.*s", (int)slice.len, slice.at);
}

static void remember(struct actors *actors, const struct sip_wire *request)
{
	struct live_dialog *dialog = NULL;

	if (slice_has(request->to, ";tag="))
		return;
	if (actors->dialog_count < ACTORS_DIALOGS)
		dialog = &actors->dialogs[actors->dialog_count++];
	else
		dialog = &actors->dialogs[rng_below(&actors->rng, ACTORS_DIALOGS)];
	copy_slice(dialog->call_id, sizeof(dialog->call_id), request->call_id);
	copy_slice(dialog->from, sizeof(dialog->from), request->from);
	copy_slice(dialog->to, sizeof(dialog->to), request->to);
	copy_slice(dialog->target, sizeof(dialog->target), slice_uri(request->contact));
	dialog->cseq = 1;
}

static void answer(struct actors *actors, const struct sip_wire *request,
		   const struct sip_hop *from, int status)
{
	static const char *const challenges[] = {
		"Digest realm=\"pbx.example\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256",
		"Digest realm=\"pbx.example\", nonce=\"n2\"",
		"Digest realm=\"pbx.example\", nonce=\"n1\", stale=true, opaque=\"o\\\"o\"",
		"Digest realm=\"elsewhere.example\", nonce=\"n3\", algorithm=MD5-sess",
		"Digest nonce=, realm",
		"Basic realm=\"pbx.example\"",
		""};
	char extra[256];

	snprintf(extra, sizeof(extra), "Contact: <sip:hostile@127.0.0.1:%u>\r\nExpires: 3600\r\n",
		 sip_end_port(actors->rig->sip));
	if (status == 401 || status == 407)
		snprintf(extra, sizeof(extra), "%s: %s\r\n",
			 status == 401 ? "WWW-Authenticate" : "Proxy-Authenticate",
			 challenges[rng_below(&actors->rng,
					      sizeof(challenges) / sizeof(challenges[0]))]);
	buf_reset(&actors->text);
	sip_wire_reply(&actors->text, request, status, "Hm", "hostile",
		       slice_is(request->method, "SUBSCRIBE") || status == 401 || status == 407
			       ? extra
			       : "",
		       NULL, NULL);
	if (rng_chance(&actors->rng, 5)) {
		mutate_bytes(&actors->text, &actors->rng, &actors->seeds->sip);
		if (from->stream != NULL)
			mutate_fix_length(&actors->text);
	}
	sip_end_send(actors->rig->sip, from, actors->text.data, actors->text.len);
}

static void on_sip(struct sip_end *end, const struct sip_wire *message, const struct sip_hop *from,
		   void *arg)
{
	static const int statuses[] = {100, 180, 202, 299, 301, 302, 400, 401, 403, 404, 405,
				       407, 408, 410, 413, 415, 423, 480, 481, 482, 486, 489,
				       500, 501, 503, 504, 600, 603, 604, 606, 699};
	struct actors *actors = arg;
	size_t dice = rng_below(&actors->rng, 100);

	(void)end;
	actors_check_sip(actors, message);
	if (checker_sip(actors->checker, message, from) || message->method.len == 0)
		return;
	actors->requests++;
	if (slice_is(message->method, "SUBSCRIBE"))
		remember(actors, message);
	/* a peer that does not answer OPTIONS is down, and everything ends there */
	if (slice_is(message->method, "OPTIONS") || dice < 75)
		answer(actors, message, from, 200);
	else if (dice < 97)
		answer(actors, message, from,
		       statuses[rng_below(&actors->rng, sizeof(statuses) / sizeof(statuses[0]))]);
}

/* XMPP ----------------------------------------------------------------------------------------- */

static void check_stanza(struct actors *actors, const struct xmpp_wire *stanza)
{
	struct slice from = stanza->from;
	const char *at = memchr(from.at, '@', from.len);

	if (!well_formed(stanza->all.at, stanza->all.len)) {
		actors_fault(actors, "malformed XML", stanza->all.at, stanza->all.len);
		return;
	}
	if (at != NULL)
		from = (struct slice){at + 1, from.len - (size_t)(at + 1 - from.at)};
	if (!slice_starts(from, RIG_COMPONENT) ||
	    (from.len > sizeof(RIG_COMPONENT) - 1 && from.at[sizeof(RIG_COMPONENT) - 1] != '/'))
		actors_fault(actors, "a stanza with a foreign sender", stanza->all.at,
			     stanza->all.len);
	if (stanza->to.len == 0)
		actors_fault(actors, "a stanza to nobody", stanza->all.at, stanza->all.len);
}

static void put_presence(struct buf *out, const struct xmpp_wire *stanza, const char *tail)
{
	buf_printf(out, "<presence from='%.*s' to='%.*s'%s", (int)stanza->to.len, stanza->to.at,
		   (int)stanza->from.len, stanza->from.at, tail);
}

static void answer_presence(struct actors *actors, const struct xmpp_wire *stanza, struct buf *out)
{
	static const char *const answers[] = {
		" type='subscribed'/>",   " type='subscribed'/>", " type='subscribed'/>",
		" type='unsubscribed'/>", PRESENCE_ERROR,         "><show>away</show></presence>",
		" type='unavailable'/>",
	};
	size_t count = sizeof(answers) / sizeof(answers[0]);

	if (slice_is(stanza->type, "subscribe") || slice_is(stanza->type, "probe"))
		put_presence(out, stanza, answers[rng_below(&actors->rng, count)]);
}

static void on_stanza(struct xmpp_end *end, const struct xmpp_wire *stanza, void *arg)
{
	struct actors *actors = arg;
	struct buf *out = xmpp_end_out(end);

	if (!slice_is(stanza->name, "stream:error"))
		check_stanza(actors, stanza);
	if (checker_stanza(actors->checker, stanza) || out == NULL)
		return;
	actors->stanzas++;
	if (slice_is(stanza->name, "presence"))
		answer_presence(actors, stanza, out);
	else if (slice_is(stanza->name, "message") && !slice_is(stanza->type, "error") &&
		 rng_chance(&actors->rng, 10))
		buf_printf(out,
			   "<message type='error' id='%.*s' from='%.*s' to='%.*s'><error "
			   "type='cancel'><service-unavailable "
			   "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
			   (int)stanza->id.len, stanza->id.at, (int)stanza->to.len, stanza->to.at,
			   (int)stanza->from.len, stanza->from.at);
}

void actors_start(struct actors *actors, struct rig *rig, const struct seeds *seeds,
		  unsigned long seed)
{
	memset(actors, 0, sizeof(*actors));
	actors->rig = rig;
	actors->seeds = seeds;
	actors->rng.state = seed ^ 0xac7025u;
	sip_end_listen(rig->sip, on_sip, actors);
	xmpp_end_listen(rig->xmpp, on_stanza, actors);
}

void actors_stop(struct actors *actors)
{
	rig_rest(actors->rig);
	buf_free(&actors->text);
}
