/* One attack on one daemon. */
#include "hostile/session.h"

#include <stdio.h>
#include <string.h>

#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/mem.h"
#include "bench/reactor.h"
#include "bench/rig.h"
#include "bench/stream.h"
#include "hostile/actors.h"
#include "hostile/checker.h"
#include "hostile/tls_way.h"

enum {
	EVERY = 1000,
	BATCH = 10,
	SYNC_MS = 300,
	HANG_UP_EVERY = 50, /* items over one TCP connection */
	LINK_WAIT_S = 120,  /* the longest delay between two attempts, and then some */
	STOP_MS = 30000,
	GROWTH_KIB = 512 * 1024,
	FAILURES_MOST = 5,
	KEPT = 1200 /* last items, shown when something is wrong */
};

struct session {
	const struct options *options;
	const struct seeds *seeds;
	const char *name;
	struct rig rig;
	struct sip_end *attacker;
	struct checker checker;
	struct actors actors;
	struct attack attack;
	struct buf item;
	struct buf kept[KEPT];
	unsigned long next;
	unsigned long sent[ATTACK_KINDS];
	unsigned long answers[7]; /* to the attacker, by hundred */
	unsigned long on_connection;
	bool must_hang_up; /* the framing of the TCP connection is broken */
	unsigned long syncs;
	struct ssl_ctx_st *tls;
	unsigned tls_port;
	unsigned long restarts;
	bool is_synced;
	long rss_kib; /* after the first tenth */
	bool is_right;
};

static void on_attacker(struct sip_end *end, const struct sip_wire *message,
			const struct sip_hop *from, void *arg)
{
	struct session *session = arg;

	(void)end;
	(void)from;
	actors_check_sip(&session->actors, message);
	if (slice_starts(message->call_id, "sync-"))
		session->is_synced = true;
	else if (message->status >= 100 && message->status < 700)
		session->answers[message->status / 100]++;
	if (message->status == 401)
		login_learn(&session->attack.login, message->all.at, message->all.len);
}

/* Whatever has a parser of its own is on: TLS, logins, a password for the SIP server, rules. */
static void write_settings(const struct session *session, struct buf *listen, struct buf *sip)
{
	buf_printf(listen, ",\n	\"sip:127.0.0.1:%u;transport=tls\"", session->tls_port);
	buf_printf(sip,
		   "	tls_certificate = \"%s\"; tls_key = \"%s\"; tls_ca = \"%s\";\n"
		   "	username = \"sipxmppd\"; password = \"a password for the server\";\n"
		   "	logins = ( { user = \"" LOGIN_USER "\"; realm = \"" LOGIN_REALM
		   "\"; password = \"" LOGIN_PASSWORD "\"; } );\n",
		   session->options->certificate, session->options->key,
		   session->options->certificate);
}

static const char access_rules[] =
	"access: (\n"
	"	{ from = [ \"u1@sip.chat.example\" ]; to = [ \"c1@chat.example\" ]; may = \"all\"; "
	"},\n"
	"	{ from = [ \"sip:u2@pbx.example\", \"sip:u3@pbx.example\" ]; to = [ \"*\" ]; may = "
	"\"none\"; },\n"
	"	{ from = [ \"c2@chat.example\" ]; to = [ \"sip:\" ]; may = \"watch\"; },\n"
	"	{ from = [ \"roster\" ]; to = [ \"c4@chat.example\" ]; may = \"write\"; } );\n";

static bool session_start(struct session *session, const struct options *options,
			  const struct seeds *seeds, bool are_strangers)
{
	struct buf listen = BUF_INIT;
	struct buf sip = BUF_INIT;
	struct rig_params params = {.program = options->program,
				    .is_tcp = false,
				    .store = "sqlite",
				    .trusted = are_strangers ? "[\"192.0.2.1\"]" : NULL,
				    .log_level = "warning",
				    .settings = access_rules};
	bool is_up = false;

	memset(session, 0, sizeof(*session));
	session->options = options;
	session->seeds = seeds;
	session->name = are_strangers ? "strangers" : "trusted";
	session->tls_port = stream_free_port();
	session->tls = SSL_CTX_new(TLS_client_method());
	write_settings(session, &listen, &sip);
	params.listen = buf_text(&listen);
	params.sip = buf_text(&sip);
	is_up = rig_start(&session->rig, &params);
	buf_free(&listen);
	buf_free(&sip);
	session->attacker = sip_end_new(session->rig.reactor);
	sip_end_listen(session->attacker, on_attacker, session);
	checker_start(&session->checker, &session->rig, are_strangers);
	actors_start(&session->actors, &session->rig, seeds, options->seed);
	session->actors.checker = &session->checker;
	session->attack = (struct attack){.seeds = seeds,
					  .actors = &session->actors,
					  .seed = options->seed,
					  .malformed_every = options->malformed_every,
					  .own_port = sip_end_port(session->attacker)};
	memcpy(session->attack.may_use, options->may_use, sizeof(options->may_use));
	return is_up;
}

static void session_free(struct session *session)
{
	for (size_t i = 0; i < KEPT; i++)
		buf_free(&session->kept[i]);
	buf_free(&session->item);
	SSL_CTX_free(session->tls);
	actors_stop(&session->actors);
	checker_stop(&session->checker);
	if (session->options->keeps || !session->is_right) {
		daemon_run_keep(session->rig.daemon);
		printf("kept: %s\n", daemon_run_folder(session->rig.daemon));
	}
	sip_end_free(&session->attacker);
	rig_free(&session->rig);
}

/* The items since the last good round, for whoever looks for the cause. */
static void dump_items(const struct session *session)
{
	char path[128];
	FILE *file = NULL;

	snprintf(path, sizeof(path), "%s/items", daemon_run_folder(session->rig.daemon));
	file = fopen(path, "w");
	if (file == NULL)
		return;
	for (unsigned long i = session->next > KEPT ? session->next - KEPT : 0; i < session->next;
	     i++) {
		const struct buf *item = &session->kept[i % KEPT];

		fprintf(file, "\n==== item %lu, %zu bytes\n", session->options->first + i,
			item->len);
		fwrite(buf_text(item), 1, item->len, file);
	}
	fclose(file);
	printf("the last items are in %s\n", path);
}

static bool wait_link(struct session *session)
{
	const bool *is_up = xmpp_end_is_up(session->rig.xmpp);
	uint64_t end = reactor_now_ns() + (uint64_t)LINK_WAIT_S * 1000000000u;

	while (!*is_up && reactor_now_ns() < end && daemon_run_is_alive(session->rig.daemon))
		rig_turn(&session->rig, 10);
	if (!*is_up)
		printf("WRONG: the component link did not come back\n");
	return *is_up;
}

static bool is_whole(const char *data, size_t len)
{
	while (len > 0) {
		size_t one = sip_wire_length(data, len);

		if (one == 0 || one > len)
			return false;
		data += one;
		len -= one;
	}
	return true;
}

/* An item whose framing is broken has its connection for itself: what followed would be lost. */
static void send_tcp(struct session *session)
{
	bool is_clean = is_whole(session->item.data, session->item.len);
	struct sip_hop hop;

	if (!is_clean)
		sip_end_let_go(session->attacker);
	if (sip_end_hop(session->attacker, daemon_run_port(session->rig.daemon), true, &hop))
		sip_end_send(session->attacker, &hop, session->item.data, session->item.len);
	if (!is_clean)
		sip_end_let_go(session->attacker);
	if (!is_clean || ++session->on_connection % HANG_UP_EVERY == 0)
		session->must_hang_up = true;
}

static bool send_xml(struct session *session, bool is_broken)
{
	struct buf *out = NULL;
	unsigned before = xmpp_end_connects(session->rig.xmpp);
	uint64_t end = reactor_now_ns() + (uint64_t)LINK_WAIT_S * 1000000000u;

	if (!wait_link(session))
		return false;
	out = xmpp_end_out(session->rig.xmpp);
	buf_append(out, session->item.data, session->item.len);
	if (!is_broken)
		return true;
	/* the daemon has to notice, leave and come back by itself */
	while (xmpp_end_connects(session->rig.xmpp) == before && reactor_now_ns() < end &&
	       daemon_run_is_alive(session->rig.daemon))
		rig_turn(&session->rig, 10);
	return wait_link(session);
}

static bool send_item(struct session *session)
{
	unsigned long i = session->options->first + session->next;
	enum attack_kind kind = attack_make(&session->attack, i, &session->item);
	struct buf *kept = &session->kept[session->next % KEPT];
	struct sip_hop hop;

	buf_reset(kept);
	buf_append(kept, buf_text(&session->item), session->item.len);
	session->next++;
	session->sent[kind]++;
	if (kind == ATTACK_STANZA || kind == ATTACK_BROKEN_XML)
		return send_xml(session, kind == ATTACK_BROKEN_XML);
	if (kind == ATTACK_TLS) {
		struct rng rng = {.state = i};

		tls_way_send(session->tls, session->tls_port, &rng, buf_text(&session->item),
			     session->item.len);
		return true;
	}
	if (kind == ATTACK_TCP) {
		send_tcp(session);
		return true;
	}
	sip_end_hop(session->attacker, daemon_run_port(session->rig.daemon), false, &hop);
	sip_end_send(session->attacker, &hop, buf_text(&session->item), session->item.len);
	return true;
}

/* An OPTIONS that is answered when everything before it was read; a stranger's may not be. */
static void catch_up(struct session *session)
{
	uint64_t end = reactor_now_ns() + (uint64_t)SYNC_MS * 1000000u;
	unsigned port = sip_end_port(session->attacker);
	struct buf text = BUF_INIT;
	struct sip_hop hop;

	session->is_synced = session->checker.is_stranger;
	buf_printf(&text,
		   "OPTIONS sip:" RIG_CHAT " SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;rport;"
		   "branch=z9hG4bKsync%lu\r\nMax-Forwards: 70\r\nFrom: <sip:sync@" RIG_PBX
		   ">;tag=s\r\nTo: <sip:" RIG_CHAT ">\r\nCall-ID: sync-%lu\r\n"
		   "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
		   port, session->syncs, session->syncs);
	session->syncs++;
	sip_end_hop(session->attacker, daemon_run_port(session->rig.daemon), false, &hop);
	sip_end_send(session->attacker, &hop, text.data, text.len);
	buf_free(&text);
	do {
		sip_end_flush(session->attacker);
		rig_turn(&session->rig, 1);
	} while (!session->is_synced && reactor_now_ns() < end &&
		 daemon_run_is_alive(session->rig.daemon));
}

/* Gives the daemon time to read, so that it meets the items and not full socket buffers. */
static bool breathe(struct session *session)
{
	uint64_t end = reactor_now_ns() + UINT64_C(20000000000);

	catch_up(session);
	while (sip_end_unsent(session->attacker) + xmpp_end_unsent(session->rig.xmpp) > 0) {
		if (reactor_now_ns() > end || !daemon_run_is_alive(session->rig.daemon)) {
			printf("WRONG: the daemon has stopped reading (SIP over TCP %zu, XMPP %zu "
			       "bytes wait)\n",
			       sip_end_unsent(session->attacker),
			       xmpp_end_unsent(session->rig.xmpp));
			return false;
		}
		sip_end_flush(session->attacker);
		rig_turn(&session->rig, 1);
	}
	if (session->must_hang_up)
		sip_end_hang_up(session->attacker);
	session->must_hang_up = false;
	return true;
}

static bool check(struct session *session)
{
	bool is_right = false;

	/* What the attack left half-sent on the TCP connection is no excuse for the good ones. */
	is_right = wait_link(session) && checker_run(&session->checker);
	if (!daemon_run_is_alive(session->rig.daemon)) {
		printf("WRONG: the daemon is gone\n");
		return false;
	}
	if (session->options->is_verbose && session->checker.rounds % 10 == 0) {
		printf("%s: %lu items, RSS %.1f MiB, %zu dialogs known\n", session->name,
		       session->next, (double)daemon_run_rss_kib(session->rig.daemon) / 1024,
		       session->actors.dialog_count);
		fflush(stdout);
	}
	return is_right;
}

/* What hostile input left in the store is read back; every second time without a word before. */
static bool restart(struct session *session)
{
	session->restarts++;
	sip_end_let_go(session->attacker);
	if (!rig_restart(&session->rig, session->restarts % 2 == 1)) {
		printf("WRONG: no start on what is in the store\n");
		return false;
	}
	session->must_hang_up = true;
	return true;
}

static bool attack_all(struct session *session, unsigned long count)
{
	bool is_right = checker_subscribe(&session->checker);

	while (session->next < count) {
		bool went = true;

		for (int n = 0; n < BATCH && session->next < count && went; n++) {
			went = send_item(session);
			if (session->next % EVERY == 0)
				break;
		}
		is_right = breathe(session) && went && is_right;
		if (session->next % EVERY == 0 || session->next == count)
			is_right = check(session) && is_right;
		if (session->options->restart_every > 0 && went &&
		    session->next % session->options->restart_every == 0)
			is_right = restart(session) && check(session) && is_right;
		if (session->rss_kib == 0 && session->next >= count / 10)
			session->rss_kib = daemon_run_rss_kib(session->rig.daemon);
		if (!daemon_run_is_alive(session->rig.daemon) || !went ||
		    session->checker.failures >= FAILURES_MOST)
			return false;
	}
	return is_right;
}

static void print_status(const struct session *session)
{
	struct buf text = BUF_INIT;

	daemon_run_ask(session->rig.daemon, "status\n", &text);
	printf("%s", buf_text(&text));
	buf_free(&text);
}

static void print_summary(const struct session *session)
{
	if (session->options->is_verbose)
		print_status(session);
	printf("%s: %lu over UDP, %lu over TCP, %lu over TLS, %lu stanzas, %lu broken, %lu "
	       "restarts; answers 1xx %lu 2xx %lu "
	       "3xx %lu 4xx %lu 5xx %lu 6xx %lu\n"
	       "    handshakes %u, TCP connections closed by the daemon %u, its requests %lu, its "
	       "stanzas %lu\n"
	       "    good rounds %lu, of these failed %u; faults in what it wrote %u; RSS after a "
	       "tenth %.1f MiB, at the end %.1f MiB\n",
	       session->name, session->sent[ATTACK_UDP], session->sent[ATTACK_TCP],
	       session->sent[ATTACK_TLS], session->sent[ATTACK_STANZA],
	       session->sent[ATTACK_BROKEN_XML], session->restarts, session->answers[1],
	       session->answers[2], session->answers[3], session->answers[4], session->answers[5],
	       session->answers[6], xmpp_end_connects(session->rig.xmpp),
	       sip_end_closed(session->attacker), session->actors.requests, session->actors.stanzas,
	       session->checker.rounds, session->checker.failures, session->actors.faults,
	       (double)session->rss_kib / 1024,
	       (double)daemon_run_rss_kib(session->rig.daemon) / 1024);
}

/* Leaks are the sanitizer's to find; this is for what is kept on purpose and without bound. A
 * sanitizer's allocator keeps some hundred megabytes for itself, up and down. */
static bool has_grown(const struct session *session)
{
	long now = daemon_run_rss_kib(session->rig.daemon);

	if (now <= 2 * session->rss_kib + GROWTH_KIB)
		return false;
	printf("WRONG: the daemon has grown from %ld to %ld KiB\n", session->rss_kib, now);
	return true;
}

static bool end_daemon(struct session *session)
{
	int code = daemon_run_stop(session->rig.daemon, session->rig.reactor, STOP_MS);
	bool has_report = daemon_run_report(session->rig.daemon, 0);

	if (code != 0)
		printf("WRONG: the daemon ended with %d\n", code);
	if (has_report) {
		printf("WRONG: a sanitizer had something to say\n");
		daemon_run_report(session->rig.daemon, 200);
	}
	return code == 0 && !has_report;
}

bool session_run(const struct options *options, const struct seeds *seeds, unsigned long count,
		 bool are_strangers)
{
	struct session *session = mem_zalloc(sizeof(*session));
	bool is_right = session_start(session, options, seeds, are_strangers);

	if (is_right) {
		is_right = attack_all(session, count);
		print_summary(session);
		is_right = is_right && session->actors.faults == 0 && !has_grown(session);
		if (!is_right)
			dump_items(session);
		is_right = end_daemon(session) && is_right;
	}
	session->is_right = is_right;
	session_free(session);
	mem_free(session);
	fflush(stdout);
	return is_right;
}
