/* Many live subscriptions each way: memory, and CPU time when only refreshes come. */
#include "bench/scale.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "bench/figures.h"
#include "bench/reactor.h"
#include "bench/rig.h"

enum {
	ASKERS = 5000, /* as in load_watches.c */
	WATCHED = 1000,
	STEP = 7,
	WINDOW = 500,
	QUIET_MS = 8000,
	UNSENT_MOST = 1 << 20, /* else our own buffers are what is slow */
	STOP_MS = 120000
};

/* A dialog in which we are the watcher. */
struct watch {
	char *to;     /* with the daemon's tag */
	char *target; /* its Contact */
	unsigned cseq;
	unsigned refreshed; /* answers to refreshes */
	bool is_active;
};

/* A dialog in which the daemon is the watcher. */
struct subscribed {
	char *request;
	size_t len;
};

struct scale {
	const struct scale_params *params;
	struct rig rig;
	struct buf text;
	struct watch *watches;     /* SIP users */
	bool *shown;               /* chat users: got their first presence */
	struct subscribed *asked;  /* by the daemon, for them */
	unsigned *seen;            /* in a storm: how often each was told */
	unsigned long seen_last;   /* who were told the last state */
	unsigned long active;      /* of watches */
	unsigned long shown_count; /* of shown */
	unsigned long sent;        /* of the kind being set up */
	unsigned long refreshes_sent;
	unsigned long refreshes_answered;
	unsigned long refreshes_in; /* by the daemon */
	unsigned long stanzas;      /* presence told while it should be quiet */
	unsigned long refused;
	unsigned long transactions;
	struct figures note; /* for the first error */
	bool *saw_last;
	const char *state; /* in the note of each NOTIFY */
	const char *mark;  /* what the last state says in a storm; NULL: none */
	bool is_quiet;     /* nobody should be told anything */
	uint64_t last_ns;
	uint64_t storm_ns; /* it began */
};

static void refuse(struct scale *scale, struct slice text)
{
	scale->refused++;
	figures_note(&scale->note, text.at, text.len);
}

static void reply(struct scale *scale, const struct sip_wire *request, const struct sip_hop *to,
		  const char *extra)
{
	buf_reset(&scale->text);
	sip_wire_reply(&scale->text, request, 200, "OK", "bench", extra, NULL, NULL);
	sip_end_send(scale->rig.sip, to, scale->text.data, scale->text.len);
}

/* SIP users watch -------------------------------------------------------------------------------
 */

static void send_subscribe(struct scale *scale, unsigned long i)
{
	struct watch *watch = &scale->watches[i];
	unsigned port = sip_end_port(scale->rig.sip);
	unsigned long watched = (i % ASKERS * STEP + i / ASKERS) % WATCHED;
	char uri[64];
	char to[128];

	snprintf(to, sizeof(to), "<sip:c%lu@" RIG_CHAT ">", watched);
	snprintf(uri, sizeof(uri), "sip:c%lu@" RIG_CHAT, watched);
	buf_reset(&scale->text);
	buf_printf(&scale->text, "SUBSCRIBE %s SIP/2.0\r\n",
		   watch->target != NULL ? watch->target : uri);
	buf_printf(&scale->text,
		   "Via: SIP/2.0/TCP 127.0.0.1:%u;rport;branch=z9hG4bKs%lu.%u\r\n"
		   "Max-Forwards: 70\r\nFrom: <sip:u%lu@" RIG_PBX ">;tag=t%lu\r\n"
		   "To: %s\r\nCall-ID: s%lu@bench\r\nCSeq: %u SUBSCRIBE\r\n"
		   "Contact: <sip:u%lu@127.0.0.1:%u;transport=tcp>\r\n"
		   "Event: presence\r\nExpires: 3600\r\nAccept: application/pidf+xml\r\n"
		   "Content-Length: 0\r\n\r\n",
		   port, i, watch->cseq + 1, i % ASKERS, i, watch->to != NULL ? watch->to : to, i,
		   watch->cseq + 1, i % ASKERS, port);
	watch->cseq++;
	sip_end_send(scale->rig.sip, &scale->rig.hop, scale->text.data, scale->text.len);
}

static char *copy(struct slice slice)
{
	return mem_strndup(slice.at, slice.len);
}

static void on_answer(struct scale *scale, const struct sip_wire *answer)
{
	long i = slice_number_after(answer->call_id, "s");
	struct watch *watch;

	if (answer->status >= 300)
		refuse(scale, answer->all);
	if (i < 0 || (unsigned long)i >= scale->params->each || answer->status >= 300)
		return;
	scale->last_ns = reactor_now_ns();
	watch = &scale->watches[i];
	if (watch->to == NULL) {
		watch->to = copy(answer->to);
		watch->target = copy(slice_uri(answer->contact));
	} else {
		watch->refreshed++;
		scale->refreshes_answered++;
	}
}

static void on_notify(struct scale *scale, const struct sip_wire *notify,
		      const struct sip_hop *from)
{
	long i = slice_number_after(notify->call_id, "s");

	reply(scale, notify, from, "");
	if (slice_starts(notify->state, "terminated"))
		refuse(scale, notify->all);
	if (i < 0 || (unsigned long)i >= scale->params->each ||
	    !slice_starts(notify->state, "active") || scale->watches[i].is_active)
		return;
	scale->watches[i].is_active = true;
	scale->active++;
	scale->last_ns = reactor_now_ns();
}

/* -1: none of ours */
static long place_of(long asker, long watched)
{
	if (asker < 0 || asker >= ASKERS || watched < 0 || watched >= WATCHED)
		return -1;
	return (watched - asker * STEP % WATCHED + WATCHED) % WATCHED * ASKERS + asker;
}

/* Chat users watch ------------------------------------------------------------------------------
 */

static void send_question(struct scale *scale, unsigned long i)
{
	struct buf *out = xmpp_end_out(scale->rig.xmpp);

	if (out != NULL)
		buf_printf(out,
			   "<presence from='c%lu@" RIG_CHAT "' to='u%lu@" RIG_COMPONENT
			   "' type='subscribe'/>",
			   i % ASKERS, (i % ASKERS * STEP + i / ASKERS) % WATCHED);
}

static void send_notify(struct scale *scale, const struct sip_wire *request,
			const struct sip_hop *to)
{
	char body[512];
	unsigned port = sip_end_port(scale->rig.sip);
	struct slice target = slice_uri(request->contact);

	snprintf(body, sizeof(body),
		 "<?xml version=\"1.0\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" "
		 "entity=\"sip:someone@" RIG_PBX "\"><tuple id=\"t\"><status><basic>open</basic>"
		 "</status><note>%s</note></tuple></presence>",
		 scale->state);
	scale->transactions++;
	buf_reset(&scale->text);
	buf_printf(&scale->text,
		   "NOTIFY %.*s SIP/2.0\r\n"
		   "Via: SIP/2.0/TCP 127.0.0.1:%u;rport;branch=z9hG4bKn%lu\r\n"
		   "Max-Forwards: 70\r\nFrom: %.*s%s\r\nTo: %.*s\r\n"
		   "Call-ID: %.*s\r\nCSeq: %lu NOTIFY\r\n"
		   "Contact: <sip:bench@127.0.0.1:%u;transport=tcp>\r\n"
		   "Event: presence\r\nSubscription-State: active;expires=%u\r\n"
		   "Content-Type: application/pidf+xml\r\nContent-Length: %zu\r\n\r\n%s",
		   (int)target.len, target.at, port, scale->transactions, (int)request->to.len,
		   request->to.at, slice_has(request->to, ";tag=") ? "" : ";tag=bench",
		   (int)request->from.len, request->from.at, (int)request->call_id.len,
		   request->call_id.at, scale->transactions, port, scale->params->expires_s,
		   strlen(body), body);
	sip_end_send(scale->rig.sip, to, scale->text.data, scale->text.len);
}

static void remember(struct scale *scale, const struct sip_wire *request)
{
	long asker = slice_number_after(request->from, "sip:c");
	long watched = slice_number_after(request->to, "sip:u");
	long i = place_of(asker, watched);

	if (i < 0 || (unsigned long)i >= scale->params->each || scale->asked[i].request != NULL)
		return;
	scale->asked[i].request = copy(request->all);
	scale->asked[i].len = request->all.len;
}

static void on_subscribe(struct scale *scale, const struct sip_wire *request,
			 const struct sip_hop *from)
{
	char extra[128];

	if (slice_has(request->to, ";tag=")) {
		scale->refreshes_in++;
		scale->last_ns = reactor_now_ns();
	}
	snprintf(extra, sizeof(extra),
		 "Contact: <sip:bench@127.0.0.1:%u;transport=tcp>\r\nExpires: %u\r\n",
		 sip_end_port(scale->rig.sip), scale->params->expires_s);
	reply(scale, request, from, extra);
	if (!slice_has(request->to, ";tag="))
		remember(scale, request);
	send_notify(scale, request, from);
}

static long index_of(const struct xmpp_wire *stanza)
{
	return place_of(slice_number_after(stanza->to, "c"), slice_number_after(stanza->from, "u"));
}

/* Both ------------------------------------------------------------------------------------------
 */

static void on_sip(struct sip_end *end, const struct sip_wire *message, const struct sip_hop *from,
		   void *arg)
{
	struct scale *scale = arg;

	(void)end;
	if (message->method.len == 0)
		on_answer(scale, message);
	else if (slice_is(message->method, "NOTIFY"))
		on_notify(scale, message, from);
	else if (slice_is(message->method, "SUBSCRIBE"))
		on_subscribe(scale, message, from);
	else
		reply(scale, message, from, "");
}

/* In a storm. */
static void see(struct scale *scale, const struct xmpp_wire *stanza, long i)
{
	if (scale->mark == NULL || stanza->type.len > 0 || i < 0 ||
	    (unsigned long)i >= scale->params->each)
		return;
	scale->last_ns = reactor_now_ns();
	scale->seen[i]++;
	if (slice_has(stanza->all, scale->mark) && !scale->saw_last[i]) {
		scale->saw_last[i] = true;
		scale->seen_last++;
	}
}

static void on_xmpp(struct xmpp_end *end, const struct xmpp_wire *stanza, void *arg)
{
	struct scale *scale = arg;
	struct buf *out = xmpp_end_out(end);
	struct slice user = slice_uri(stanza->to);
	long i = index_of(stanza);

	if (!slice_is(stanza->name, "presence") || out == NULL)
		return;
	scale->stanzas += scale->is_quiet;
	see(scale, stanza, i);
	if (slice_is(stanza->type, "probe"))
		buf_printf(out, "<presence from='%.*s/desk' to='%.*s'/>", (int)user.len, user.at,
			   (int)stanza->from.len, stanza->from.at);
	if (slice_is(stanza->type, "subscribe")) {
		buf_printf(out, "<presence from='%.*s' to='%.*s' type='subscribed'/>",
			   (int)user.len, user.at, (int)stanza->from.len, stanza->from.at);
		buf_printf(out, "<presence from='%.*s/desk' to='%.*s'/>", (int)user.len, user.at,
			   (int)stanza->from.len, stanza->from.at);
	} else if (slice_is(stanza->type, "unsubscribed") || slice_is(stanza->type, "error")) {
		refuse(scale, stanza->all);
	} else if (stanza->type.len == 0 && i >= 0 && (unsigned long)i < scale->params->each &&
		   !scale->shown[i]) {
		scale->shown[i] = true;
		scale->shown_count++;
		scale->last_ns = reactor_now_ns();
	}
}

static bool is_over(const struct scale *scale)
{
	return scale->refused > 0 || !daemon_run_is_alive(scale->rig.daemon) ||
	       reactor_now_ns() > scale->last_ns + QUIET_MS * UINT64_C(1000000);
}

static void make_all(struct scale *scale, const unsigned long *done,
		     void (*ask)(struct scale *scale, unsigned long i))
{
	unsigned long each = scale->params->each;

	scale->last_ns = reactor_now_ns();
	scale->sent = 0;
	while (*done < each && !is_over(scale)) {
		for (; scale->sent < each && scale->sent < *done + WINDOW; scale->sent++)
			ask(scale, scale->sent);
		rig_turn(&scale->rig, 1);
	}
}

static void rest(struct scale *scale, int ms)
{
	for (uint64_t end = reactor_now_ns() + (uint64_t)ms * 1000000; reactor_now_ns() < end;)
		rig_turn(&scale->rig, 50);
}

/* Phases ----------------------------------------------------------------------------------------
 */

/* Returns the part of a core that is used when nothing comes. */
static double be_idle(struct scale *scale)
{
	uint64_t cpu_ns = daemon_run_cpu_ns(scale->rig.daemon);
	double used;

	rest(scale, scale->params->idle_s * 1000);
	used = (double)(daemon_run_cpu_ns(scale->rig.daemon) - cpu_ns) / 1e9 /
	       scale->params->idle_s;
	printf("in %d s without traffic: cpu %.2f %% of a core\n", scale->params->idle_s,
	       used * 100);
	return used;
}

/* Returns microseconds for one. */
static double refresh_ours(struct scale *scale)
{
	uint64_t cpu_ns = daemon_run_cpu_ns(scale->rig.daemon);
	uint64_t began = reactor_now_ns();
	unsigned long each = scale->params->each;
	unsigned long most = (unsigned long)scale->params->rate * (unsigned)scale->params->seconds;
	double us;

	most = most > each ? each : most;
	scale->last_ns = began;
	while (scale->refreshes_answered < most && !is_over(scale)) {
		double passed = (double)(reactor_now_ns() - began) / 1e9;

		while (scale->refreshes_sent < most &&
		       (double)scale->refreshes_sent < passed * scale->params->rate)
			send_subscribe(scale, scale->refreshes_sent++);
		rig_turn(&scale->rig, 1);
	}
	rest(scale, 200);
	us = (double)(daemon_run_cpu_ns(scale->rig.daemon) - cpu_ns) / 1e3 /
	     (double)(scale->refreshes_answered > 0 ? scale->refreshes_answered : 1);
	printf("refreshed by SIP users: %lu of %lu in %.0f s, cpu %.1f us each\n",
	       scale->refreshes_answered, scale->refreshes_sent,
	       (double)(reactor_now_ns() - began) / 1e9, us);
	return us;
}

/* The daemon does when it is time. Returns microseconds for one. */
static double refresh_theirs(struct scale *scale)
{
	unsigned long first;
	uint64_t cpu_ns;
	uint64_t began;
	double us;

	began = reactor_now_ns();
	scale->last_ns = began + scale->params->expires_s * UINT64_C(1000000000);
	first = scale->refreshes_in;
	while (scale->refreshes_in == first && !is_over(scale))
		rig_turn(&scale->rig, 10);
	began = reactor_now_ns();
	cpu_ns = daemon_run_cpu_ns(scale->rig.daemon);
	first = scale->refreshes_in;
	while (scale->refreshes_in < first + scale->params->each && !is_over(scale) &&
	       reactor_now_ns() < began + (unsigned)scale->params->seconds * UINT64_C(1000000000))
		rig_turn(&scale->rig, 1);
	us = (double)(daemon_run_cpu_ns(scale->rig.daemon) - cpu_ns) / 1e3 /
	     (double)(scale->refreshes_in > first ? scale->refreshes_in - first : 1);
	printf("refreshed by the daemon: %lu in %.0f s, cpu %.1f us each\n",
	       scale->refreshes_in - first, (double)(reactor_now_ns() - began) / 1e9, us);
	return us;
}

/* Storms ----------------------------------------------------------------------------------------
 */

/* Waits until all were told the last state; prints what it took. Returns whether each was, and
 * nobody was told more than most times. */
static bool end_storm(struct scale *scale, const char *name, uint64_t cpu_ns, unsigned most)
{
	unsigned long each = scale->params->each;
	unsigned long told = 0;
	bool is_right;

	while (scale->seen_last < each && !is_over(scale))
		rig_turn(&scale->rig, 1);
	rest(scale, 500);
	is_right = scale->seen_last == each;
	for (unsigned long i = 0; i < each; i++) {
		told += scale->seen[i];
		is_right = is_right && scale->seen[i] <= most;
	}
	printf("%s: told %lu times, the last after %.0f ms, cpu %.1f us each, RSS %.1f MiB\n", name,
	       told, (double)(scale->last_ns - scale->storm_ns) / 1e6,
	       (double)(daemon_run_cpu_ns(scale->rig.daemon) - cpu_ns) / 1e3 / (double)each,
	       (double)daemon_run_rss_kib(scale->rig.daemon) / 1024);
	if (!is_right)
		printf("    WRONG: of %lu, %lu were told the last state\n", each, scale->seen_last);
	scale->mark = NULL;
	return is_right;
}

static void begin_storm(struct scale *scale, const char *mark)
{
	memset(scale->seen, 0, scale->params->each * sizeof(*scale->seen));
	memset(scale->saw_last, 0, scale->params->each);
	scale->seen_last = 0;
	scale->mark = mark;
	scale->last_ns = scale->storm_ns = reactor_now_ns();
}

/* A PBX says everything at once, twice. */
static bool storm_of_notifies(struct scale *scale)
{
	uint64_t cpu_ns = daemon_run_cpu_ns(scale->rig.daemon);

	begin_storm(scale, "second");
	for (int round = 0; round < 2; round++) {
		scale->state = round == 0 ? "first" : "second";
		for (unsigned long i = 0; i < scale->params->each; i++) {
			struct sip_wire request;

			if (scale->asked[i].request == NULL)
				continue;
			sip_wire_read(&request, scale->asked[i].request, scale->asked[i].len);
			send_notify(scale, &request, &scale->rig.hop);
			while (sip_end_unsent(scale->rig.sip) > UNSENT_MOST && !is_over(scale))
				rig_turn(&scale->rig, 1);
		}
	}
	return end_storm(scale, "a storm of NOTIFYs", cpu_ns, 2);
}

/* A chat server comes back and probes everything at once; the daemon says everything again. */
static bool storm_of_probes(struct scale *scale)
{
	unsigned before = xmpp_end_connects(scale->rig.xmpp);
	uint64_t cpu_ns = daemon_run_cpu_ns(scale->rig.daemon);
	struct buf *out;

	xmpp_end_hang_up(scale->rig.xmpp);
	scale->last_ns = reactor_now_ns();
	while (xmpp_end_connects(scale->rig.xmpp) == before && !is_over(scale))
		rig_turn(&scale->rig, 1);
	begin_storm(scale, "second");
	out = xmpp_end_out(scale->rig.xmpp);
	for (unsigned long i = 0; out != NULL && i < scale->params->each; i++)
		buf_printf(out,
			   "<presence from='c%lu@" RIG_CHAT "' to='u%lu@" RIG_COMPONENT
			   "' type='probe'/>",
			   i % ASKERS, (i % ASKERS * STEP + i / ASKERS) % WATCHED);
	return end_storm(scale, "a storm of probes", cpu_ns, 2) &&
	       xmpp_end_connects(scale->rig.xmpp) == before + 1;
}

/* With the usual hour. Either end refreshes some time before: at 88 % of it. */
static void sum_up(const struct scale *scale, double idle, double ours_us, double theirs_us)
{
	double per_s = (double)scale->params->each / (3600 * 0.88);

	printf("with Expires 3600 that is %.0f refreshes/s each way: cpu %.2f %% of a core\n",
	       per_s, (idle + (ours_us + theirs_us) * per_s / 1e6) * 100);
}

static bool look(struct scale *scale, long rss_kib)
{
	unsigned long each = scale->params->each;
	long grown = daemon_run_rss_kib(scale->rig.daemon);
	double idle, ours_us, theirs_us;

	printf("%lu live subscriptions: RSS %.1f MiB, %.0f B each\n",
	       scale->active + scale->shown_count, (double)grown / 1024,
	       (double)(grown - rss_kib) * 1024 / (double)(2 * each));
	rest(scale, 1000);
	scale->is_quiet = true;
	idle = be_idle(scale);
	ours_us = refresh_ours(scale);
	theirs_us = refresh_theirs(scale);
	sum_up(scale, idle, ours_us, theirs_us);
	printf("afterwards: RSS %.1f MiB\n", (double)daemon_run_rss_kib(scale->rig.daemon) / 1024);
	return scale->active == each && scale->shown_count == each && scale->refused == 0 &&
	       scale->stanzas == 0 && scale->refreshes_sent > 0 &&
	       scale->refreshes_answered == scale->refreshes_sent && scale->refreshes_in > 0;
}

static bool measure(struct scale *scale)
{
	long rss_kib = daemon_run_rss_kib(scale->rig.daemon);
	bool is_right;

	sip_end_listen(scale->rig.sip, on_sip, scale);
	xmpp_end_listen(scale->rig.xmpp, on_xmpp, scale);
	make_all(scale, &scale->shown_count, send_question);
	make_all(scale, &scale->active, send_subscribe);
	is_right = look(scale, rss_kib);
	scale->is_quiet = false;
	is_right = storm_of_notifies(scale) && is_right;
	is_right = storm_of_probes(scale) && is_right;
	if (!is_right)
		printf("    WRONG: watching %lu and %lu, refused %lu, told by a refresh %lu\n%s\n",
		       scale->active, scale->shown_count, scale->refused, scale->stanzas,
		       scale->note.first_wrong);
	return is_right;
}

bool scale_measure(const struct scale_params *params)
{
	struct scale scale = {.params = params, .state = "quiet"};
	struct rig_params rig = {.program = params->program,
				 .store = params->store,
				 .is_tcp = true,
				 .has_usual_backlogs = true};
	bool is_right = rig_start(&scale.rig, &rig);

	scale.watches = mem_zalloc(params->each * sizeof(struct watch));
	scale.shown = mem_zalloc(params->each);
	scale.asked = mem_zalloc(params->each * sizeof(struct subscribed));
	scale.seen = mem_zalloc(params->each * sizeof(unsigned));
	scale.saw_last = mem_zalloc(params->each);
	if (is_right)
		is_right = measure(&scale);
	rig_rest(&scale.rig);
	if (daemon_run_is_alive(scale.rig.daemon))
		is_right = daemon_run_stop(scale.rig.daemon, scale.rig.reactor, STOP_MS) == 0 &&
			   !daemon_run_report(scale.rig.daemon, is_right ? 0 : 20) && is_right;
	for (unsigned long i = 0; i < params->each; i++) {
		mem_free(scale.watches[i].to);
		mem_free(scale.watches[i].target);
		mem_free(scale.asked[i].request);
	}
	mem_free(scale.watches);
	mem_free(scale.shown);
	mem_free(scale.asked);
	mem_free(scale.seen);
	mem_free(scale.saw_last);
	buf_free(&scale.text);
	rig_free(&scale.rig);
	return is_right;
}
