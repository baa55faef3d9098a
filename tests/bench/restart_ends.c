/* The SIP users, the PBX and the chat server of the restart measurement. */
#include "bench/restart_ends.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bench/reactor.h"

enum {
	ASKERS = 5000, /* as in load_watches.c */
	WATCHED = 1000,
	STEP = 7,
	LAMP_EVERY = 4,
	EXPIRES_S = 3600
};

static const uint64_t second_ns = UINT64_C(1000000000);

static bool is_lamp(unsigned long i)
{
	return i % LAMP_EVERY == LAMP_EVERY - 1;
}

static unsigned long watched_by(unsigned long i)
{
	return (i % ASKERS * STEP + i / ASKERS) % WATCHED;
}

/* -1: none of ours */
static long place_of(const struct restart_ends *ends, long asker, long watched)
{
	long i = -1;

	if (asker >= 0 && asker < ASKERS && watched >= 0 && watched < WATCHED)
		i = (watched - asker * STEP % WATCHED + WATCHED) % WATCHED * ASKERS + asker;
	return (unsigned long)i < ends->each ? i : -1;
}

static void refuse(struct restart_ends *ends, struct slice text)
{
	ends->refused++;
	figures_note(&ends->note, text.at, text.len);
}

static void count_request(struct restart_ends *ends)
{
	if (ends->arrival_count == ends->arrival_room) {
		ends->arrival_room = ends->arrival_room == 0 ? 4096 : 2 * ends->arrival_room;
		ends->arrivals =
			mem_resize(ends->arrivals, ends->arrival_room, sizeof(*ends->arrivals));
	}
	ends->arrivals[ends->arrival_count++] =
		(struct restart_arrival){ends->idle_ns, reactor_now_ns()};
}

static void reply(struct restart_ends *ends, const struct sip_wire *request,
		  const struct sip_hop *to, const char *to_tag, const char *extra)
{
	buf_reset(&ends->text);
	sip_wire_reply(&ends->text, request, 200, "OK", to_tag, extra, NULL, NULL);
	sip_end_send(ends->rig.sip, to, ends->text.data, ends->text.len);
}

/* SIP users watch -------------------------------------------------------------------------------
 */

void restart_ends_subscribe(struct restart_ends *ends, unsigned long i)
{
	struct restart_watch *watch = &ends->watches[i];
	unsigned port = sip_end_port(ends->rig.sip);
	char uri[64];
	char to[128];

	snprintf(uri, sizeof(uri), "sip:c%lu@" RIG_CHAT, watched_by(i));
	snprintf(to, sizeof(to), "<%s>", uri);
	watch->cseq++;
	watch->owed += watch->to != NULL;
	buf_reset(&ends->text);
	buf_printf(&ends->text,
		   "SUBSCRIBE %s SIP/2.0\r\n"
		   "Via: SIP/2.0/TCP 127.0.0.1:%u;rport;branch=z9hG4bKs%lu.%u\r\n"
		   "Max-Forwards: 70\r\nFrom: <sip:u%lu@" RIG_PBX ">;tag=t%lu\r\n"
		   "To: %s\r\nCall-ID: s%lu@bench\r\nCSeq: %u SUBSCRIBE\r\n"
		   "Contact: <sip:u%lu@127.0.0.1:%u;transport=tcp>\r\n"
		   "Event: %s\r\nExpires: %d\r\nAccept: %s\r\nContent-Length: 0\r\n\r\n",
		   watch->target != NULL ? watch->target : uri, port, i, watch->cseq, i % ASKERS, i,
		   watch->to != NULL ? watch->to : to, i, watch->cseq, i % ASKERS, port,
		   is_lamp(i) ? "dialog" : "presence", EXPIRES_S,
		   is_lamp(i) ? "application/dialog-info+xml" : "application/pidf+xml");
	sip_end_send(ends->rig.sip, &ends->rig.hop, ends->text.data, ends->text.len);
}

static char *copy(struct slice slice)
{
	return mem_strndup(slice.at, slice.len);
}

static void on_refreshed(struct restart_ends *ends, struct restart_watch *watch)
{
	watch->refreshed++;
	ends->good_answers++;
	if (ends->first_answer_ns == 0)
		ends->first_answer_ns = reactor_now_ns();
}

static void on_answer(struct restart_ends *ends, const struct sip_wire *answer)
{
	long i = slice_number_after(answer->call_id, "s");
	bool is_subscribe = slice_has(answer->cseq, "SUBSCRIBE");
	struct restart_watch *watch;

	ends->last_ns = reactor_now_ns();
	if (answer->status >= 300)
		refuse(ends, answer->all);
	if (!is_subscribe || i < 0 || (unsigned long)i >= ends->each)
		return;
	watch = &ends->watches[i];
	ends->answers += watch->to != NULL;
	if (answer->status >= 300)
		return;
	if (watch->to != NULL) {
		on_refreshed(ends, watch);
		return;
	}
	watch->to = copy(answer->to);
	watch->target = copy(slice_uri(answer->contact));
}

/* [REL-013]: who hears an old number again, refuses. */
static bool rises(struct restart_ends *ends, const struct sip_wire *request, long *last)
{
	long cseq = strtol(request->cseq.at, NULL, 10);
	bool is_higher = cseq > *last;

	if (!is_higher)
		refuse(ends, request->all);
	*last = cseq;
	return is_higher;
}

static void on_notify(struct restart_ends *ends, const struct sip_wire *notify,
		      const struct sip_hop *from)
{
	long i = slice_number_after(notify->call_id, "s");
	struct restart_watch *watch;

	reply(ends, notify, from, "bench", "");
	if (slice_starts(notify->state, "terminated"))
		refuse(ends, notify->all);
	if (i < 0 || (unsigned long)i >= ends->each)
		return;
	watch = &ends->watches[i];
	rises(ends, notify, &watch->notify_cseq);
	ends->told += watch->told == 0;
	watch->told++;
	ends->told_times++;
	if (!slice_starts(notify->state, "active") || watch->is_active)
		return;
	watch->is_active = true;
	ends->active_count++;
}

/* Chat users watch ------------------------------------------------------------------------------
 */

void restart_ends_ask(struct restart_ends *ends, unsigned long i)
{
	struct buf *out = xmpp_end_out(ends->rig.xmpp);

	if (out != NULL)
		buf_printf(out,
			   "<presence from='c%lu@" RIG_CHAT "' to='u%lu@" RIG_COMPONENT
			   "' type='subscribe'/>",
			   i % ASKERS, watched_by(i));
}

static void send_notify(struct restart_ends *ends, const struct sip_wire *request,
			const struct sip_hop *to)
{
	static const char body[] =
		"<?xml version=\"1.0\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" "
		"entity=\"sip:someone@" RIG_PBX "\"><tuple id=\"t\"><status><basic>open</basic>"
		"</status><note>At the desk</note></tuple></presence>";
	unsigned port = sip_end_port(ends->rig.sip);
	struct slice target = slice_uri(request->contact);

	ends->transactions++;
	buf_reset(&ends->text);
	buf_printf(&ends->text,
		   "NOTIFY %.*s SIP/2.0\r\n"
		   "Via: SIP/2.0/TCP 127.0.0.1:%u;rport;branch=z9hG4bKn%lu\r\n"
		   "Max-Forwards: 70\r\nFrom: %.*s%s\r\nTo: %.*s\r\n"
		   "Call-ID: %.*s\r\nCSeq: %lu NOTIFY\r\n"
		   "Contact: <sip:bench@127.0.0.1:%u;transport=tcp>\r\n"
		   "Event: presence\r\nSubscription-State: active;expires=%d\r\n"
		   "Content-Type: application/pidf+xml\r\nContent-Length: %zu\r\n\r\n%s",
		   (int)target.len, target.at, port, ends->transactions, (int)request->to.len,
		   request->to.at, slice_has(request->to, ";tag=") ? "" : ";tag=bench",
		   (int)request->from.len, request->from.at, (int)request->call_id.len,
		   request->call_id.at, ends->transactions, port, EXPIRES_S, strlen(body), body);
	sip_end_send(ends->rig.sip, to, ends->text.data, ends->text.len);
}

/* In a dialog: is it the one that the PBX has? */
static void check_refresh(struct restart_ends *ends, struct restart_asked *asked,
			  const struct sip_wire *request)
{
	struct sip_wire first;

	sip_wire_read(&first, asked->request, asked->len);
	if (request->call_id.len != first.call_id.len || request->from.len != first.from.len ||
	    memcmp(request->call_id.at, first.call_id.at, first.call_id.len) != 0 ||
	    memcmp(request->from.at, first.from.at, first.from.len) != 0 ||
	    !slice_has(request->to, ";tag=bench"))
		refuse(ends, request->all);
	rises(ends, request, &asked->cseq);
	ends->refreshed_count += asked->refreshed == 0;
	ends->refreshed_again += asked->refreshed > 0;
	asked->refreshed++;
	ends->last_refresh_ns = reactor_now_ns();
}

static void judge(struct restart_ends *ends, const struct sip_wire *request)
{
	long i = place_of(ends, slice_number_after(request->from, "sip:c"),
			  slice_number_after(request->to, "sip:u"));
	struct restart_asked *asked = i < 0 ? NULL : &ends->asked[i];

	if (asked == NULL) {
		refuse(ends, request->all);
		return;
	}
	if (asked->request != NULL && slice_has(request->to, ";tag=")) {
		check_refresh(ends, asked, request);
		return;
	}
	if (asked->request != NULL) {
		ends->begun_anew++;
		figures_note(&ends->note, request->all.at, request->all.len);
		mem_free(asked->request);
	}
	asked->request = copy(request->all);
	asked->len = request->all.len;
	asked->cseq = strtol(request->cseq.at, NULL, 10);
}

static void on_subscribe(struct restart_ends *ends, const struct sip_wire *request,
			 const struct sip_hop *from)
{
	char extra[128];

	judge(ends, request);
	snprintf(extra, sizeof(extra),
		 "Contact: <sip:bench@127.0.0.1:%u;transport=tcp>\r\nExpires: %d\r\n",
		 sip_end_port(ends->rig.sip), EXPIRES_S);
	reply(ends, request, from, "bench", extra);
	send_notify(ends, request, from);
}

/* A NOTIFY that every refresh is followed by: it comes as fast as we ask. */
static bool is_owed(struct restart_ends *ends, const struct sip_wire *message)
{
	long i = slice_number_after(message->call_id, "s");

	if (!slice_is(message->method, "NOTIFY") || i < 0 || (unsigned long)i >= ends->each ||
	    ends->watches[i].owed == 0)
		return false;
	ends->watches[i].owed--;
	return true;
}

static void on_sip(struct sip_end *end, const struct sip_wire *message, const struct sip_hop *from,
		   void *arg)
{
	struct restart_ends *ends = arg;

	(void)end;
	if (message->method.len == 0) {
		on_answer(ends, message);
		return;
	}
	ends->last_ns = reactor_now_ns();
	if (!is_owed(ends, message))
		count_request(ends);
	if (slice_is(message->method, "NOTIFY"))
		on_notify(ends, message, from);
	else if (slice_is(message->method, "SUBSCRIBE"))
		on_subscribe(ends, message, from);
	else
		reply(ends, message, from, "bench", "");
}

/* The chat server -------------------------------------------------------------------------------
 */

static void see_contact(struct restart_ends *ends, const struct xmpp_wire *stanza)
{
	long i = place_of(ends, slice_number_after(stanza->to, "c"),
			  slice_number_after(stanza->from, "u"));

	if (i < 0)
		return;
	ends->announced_count += ends->announced[i] == 0;
	ends->announced_again += ends->announced[i] > 0;
	if (ends->announced[i] > 0)
		figures_note(&ends->note, stanza->all.at, stanza->all.len);
	ends->announced[i]++;
	ends->shown_count += !ends->shown[i];
	ends->shown[i] = true;
}

/* Her client is there: it says so when it is asked. */
static void show_client(struct buf *out, const struct xmpp_wire *stanza)
{
	struct slice user = slice_uri(stanza->to);

	buf_printf(out, "<presence from='%.*s/desk' to='%.*s'/>", (int)user.len, user.at,
		   (int)stanza->from.len, stanza->from.at);
}

static void on_xmpp(struct xmpp_end *end, const struct xmpp_wire *stanza, void *arg)
{
	struct restart_ends *ends = arg;
	struct buf *out = xmpp_end_out(end);

	if (!slice_is(stanza->name, "presence") || out == NULL)
		return;
	ends->last_ns = reactor_now_ns();
	if (slice_is(stanza->type, "probe")) {
		show_client(out, stanza);
	} else if (slice_is(stanza->type, "subscribe")) {
		ends->questions++;
		buf_printf(out, "<presence from='%.*s' to='%.*s' type='subscribed'/>",
			   (int)stanza->to.len, stanza->to.at, (int)stanza->from.len,
			   stanza->from.at);
		show_client(out, stanza);
	} else if (stanza->type.len == 0 || slice_is(stanza->type, "unavailable")) {
		see_contact(ends, stanza);
	} else if (!slice_is(stanza->type, "subscribed")) {
		refuse(ends, stanza->all);
	}
}

/* Both ------------------------------------------------------------------------------------------
 */

void restart_ends_init(struct restart_ends *ends, unsigned long each)
{
	memset(ends, 0, sizeof(*ends));
	ends->each = each;
	ends->watches = mem_zalloc(each * sizeof(*ends->watches));
	ends->asked = mem_zalloc(each * sizeof(*ends->asked));
	ends->announced = mem_zalloc(each * sizeof(*ends->announced));
	ends->shown = mem_zalloc(each * sizeof(*ends->shown));
}

void restart_ends_free(struct restart_ends *ends)
{
	for (unsigned long i = 0; i < ends->each; i++) {
		mem_free(ends->watches[i].to);
		mem_free(ends->watches[i].target);
		mem_free(ends->asked[i].request);
	}
	mem_free(ends->watches);
	mem_free(ends->asked);
	mem_free(ends->announced);
	mem_free(ends->shown);
	mem_free(ends->arrivals);
	buf_free(&ends->text);
}

void restart_ends_listen(struct restart_ends *ends)
{
	sip_end_listen(ends->rig.sip, on_sip, ends);
	xmpp_end_listen(ends->rig.xmpp, on_xmpp, ends);
	ends->last_ns = ends->idle_ns = reactor_now_ns();
}

void restart_ends_begin(struct restart_ends *ends)
{
	for (unsigned long i = 0; i < ends->each; i++) {
		ends->watches[i].told = 0;
		ends->watches[i].refreshed = 0;
		ends->asked[i].refreshed = 0;
		ends->announced[i] = 0;
	}
	ends->refreshed_count = ends->refreshed_again = ends->begun_anew = 0;
	ends->told = ends->told_times = 0;
	ends->announced_count = ends->announced_again = 0;
	ends->questions = ends->answers = ends->good_answers = ends->refused = 0;
	ends->arrival_count = 0;
	ends->first_answer_ns = ends->last_refresh_ns = 0;
	ends->note.first_wrong[0] = '\0';
	ends->last_ns = reactor_now_ns();
}

void restart_ends_turn(struct restart_ends *ends, int wait_ms)
{
	size_t before = ends->arrival_count;
	uint64_t now_ns = reactor_now_ns();

	rig_turn(&ends->rig, wait_ms);
	if (ends->arrival_count == before)
		ends->idle_ns = now_ns;
}

unsigned long restart_ends_worst_second(const struct restart_ends *ends, bool surely)
{
	const struct restart_arrival *arrivals = ends->arrivals;
	unsigned long worst = 0;
	size_t first = 0;

	for (size_t i = 0; i < ends->arrival_count; i++) {
		while (arrivals[i].late_ns -
			       (surely ? arrivals[first].early_ns : arrivals[first].late_ns) >
		       second_ns)
			first++;
		if (i - first + 1 > worst)
			worst = i - first + 1;
	}
	return worst;
}
