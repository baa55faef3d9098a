#include "support/xmpp_world_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "core/learned.h"
#include "loop/loop.h"
#include "model/profile.h"
#include "store/store.h"
#include "support/fake_side.h"
#include "translate/address_map.h"
#include "xmpp/side_private.h"

enum { STOP_MOST_MS = 6000 };

/* Making and ending it ---------------------------------------------------------------------------
 */

static void make_map(struct world *world, bool takes_everybody)
{
	static const struct map_domain domains[] = {
		{.xmpp = "sip.chat.example", .sip = "pbx.example"},
		{.xmpp = "sip2.chat.example", .sip = "pbx2.example"},
	};
	static const char *const chat[] = {"chat.example", "*"};
	struct address_map_params params = {
		.domains = domains,
		.domain_count = 2,
		.xmpp_domains = chat,
		.xmpp_domain_count = takes_everybody ? 2 : 1,
	};
	char error[200] = "";

	if (address_map_new(&world->map, &params, error, sizeof(error)) != 0) {
		fprintf(stderr, "map: %s\n", error);
		abort();
	}
}

static struct component_timing timing_of(const struct world_wishes *wishes)
{
	struct component_timing out = component_timing_default();
	const struct component_timing *wish = &wishes->timing;

	if (wishes->is_real_timing)
		return out;
	out.first = wish->first != 0 ? wish->first : 20;
	out.most = wish->most != 0 ? wish->most : 100;
	out.slow = wish->slow != 0 ? wish->slow : 200;
	out.healthy = wish->healthy != 0 ? wish->healthy : out.healthy;
	out.handshake = wish->handshake != 0 ? wish->handshake : out.handshake;
	out.connect = wish->connect != 0 ? wish->connect : out.connect;
	out.choose = wish->choose != 0 ? wish->choose : 1000;
	out.ping_every = wish->ping_every != 0 ? wish->ping_every : out.ping_every;
	out.ping_wait = wish->ping_wait != 0 ? wish->ping_wait : out.ping_wait;
	out.prove = wish->prove != 0 ? wish->prove : out.prove;
	return out;
}

static const struct profile *profile_of(const char *sip_domain, void *arg)
{
	const struct world *world = arg;

	return strcmp(sip_domain, FAKE_PHONE_DOMAIN) == 0 ? world->profile : NULL;
}

static void make_side(struct world *world, const struct world_wishes *wishes)
{
	static const char *const ping[] = {"chat.example"};
	static const unsigned char key[16] = "0123456789abcde";
	const char *name = wishes->server_name == NULL ? "127.0.0.1" : wishes->server_name;
	struct xmpp_component_params components[] = {
		{WORLD_COMPONENT, name, xmpp_server_port(world->server), WORLD_SECRET},
		{"sip2.chat.example", name, xmpp_server_port(world->second), WORLD_SECRET},
	};
	static struct xmpp_component_params kept[2]; /* outlives the call; one world at a time */
	struct component_timing timing = timing_of(wishes);
	struct xmpp_side_params params = {
		.loop = world->loop,
		.bridge = &world->bridge,
		.map = world->map,
		.limits = &world->limits,
		.counters = &world->counters,
		.key = key,
		.components = kept,
		.component_count = wishes->is_second_component ? 2 : 1,
		.ping = wishes->ping == NULL ? ping : wishes->ping,
		.ping_count = wishes->ping == NULL ? 1 : wishes->ping_count,
		.software = "sipxmppd",
		.version = "0.0",
		.profile_of = profile_of,
		.arg = world,
	};

	memcpy(kept, components, sizeof(kept));
	if (xmpp_side_new_timed(&world->side, &params, &timing) != 0)
		abort();
}

struct world *world_new(const struct world_wishes *wishes)
{
	static const struct world_wishes usual;
	char error[200];
	struct world *world = mem_zalloc(sizeof(*world));

	log_open(LOG_TARGET_STDERR, getenv("SX_TEST_LOG") != NULL ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERR,
		 "daemon");
	if (loop_new(&world->loop) != 0)
		abort();
	limits_defaults(&world->limits);
	world->bridge.world = world;
	world->tail = &world->lines;
	world->numbers = table_new();
	if (store_open(&world->store,
		       &(struct store_params){.engine = "memory", .loop = world->loop}, error,
		       sizeof(error)) != 0)
		abort();
	learned_new(&world->learned, world->loop, world->store);
	world->answer = WATCH_PENDING;
	make_map(world, wishes != NULL && wishes->takes_everybody);
	world->server = xmpp_server_new(world->loop);
	world->second = xmpp_server_new(world->loop);
	xmpp_server_answer_pings_for(world->server, "chat.example");
	xmpp_server_answer_pings_for(world->second, "chat.example");
	make_side(world, wishes == NULL ? &usual : wishes);
	return world;
}

struct world *world_new_up(void)
{
	struct world *world = world_new(NULL);

	if (!xmpp_server_welcome(world->server, WORLD_SECRET) || !world_wait(world, "link up"))
		abort();
	return world;
}

void world_free(struct world **world)
{
	if (*world == NULL)
		return;
	xmpp_side_free(&(*world)->side);
	xmpp_server_free(&(*world)->server);
	xmpp_server_free(&(*world)->second);
	world_forget(*world);
	if ((*world)->has_now)
		presence_clear(&(*world)->now);
	learned_free(&(*world)->learned);
	store_free(&(*world)->store);
	address_map_free(&(*world)->map);
	table_free(&(*world)->numbers);
	mem_free((*world)->exchanges);
	loop_free(&(*world)->loop);
	mem_free(*world);
	*world = NULL;
}

struct xmpp_server *world_server(struct world *world)
{
	return world->server;
}

struct xmpp_server *world_second_server(struct world *world)
{
	return world->second;
}

struct xmpp_side *world_side(struct world *world)
{
	return world->side;
}

struct limits *world_limits(struct world *world)
{
	return &world->limits;
}

struct counters *world_counters(struct world *world)
{
	return &world->counters;
}

/* What was heard ---------------------------------------------------------------------------------
 */

unsigned world_count(const struct world *world, const char *start)
{
	unsigned count = 0;

	for (const struct line *at = world->lines; at != NULL; at = at->next)
		count += strncmp(at->text, start, strlen(start)) == 0;
	return count;
}

bool world_heard(struct world *world, const char *line)
{
	return world_count(world, line) > 0;
}

struct search {
	struct world *world;
	const char *line;
};

static bool is_heard(void *arg)
{
	const struct search *search = arg;

	return world_heard(search->world, search->line);
}

bool world_wait(struct world *world, const char *line)
{
	struct search search = {world, line};

	if (xmpp_server_wait(world->server, is_heard, &search, XMPP_SERVER_WAIT_MS))
		return true;
	fprintf(stderr, "never heard: %s\n", line);
	for (const struct line *at = world->lines; at != NULL; at = at->next)
		fprintf(stderr, "  heard: %s\n", at->text);
	return false;
}

void world_forget(struct world *world)
{
	while (world->lines != NULL) {
		struct line *line = world->lines;

		world->lines = line->next;
		mem_free(line->text);
		mem_free(line);
	}
	world->tail = &world->lines;
}

void world_will_answer(struct world *world, enum watch_answer answer, const struct presence *now,
		       enum fault_code fault, const char *text)
{
	if (world->has_now)
		presence_clear(&world->now);
	world->has_now = now != NULL;
	if (now != NULL)
		presence_copy(&world->now, now);
	world->answer = answer;
	fault_set(&world->fault, fault, text);
}

void world_on_message(struct world *world, void (*hook)(exchange_id x, void *arg), void *arg)
{
	world->hook = hook;
	world->hook_arg = arg;
}

/* What is asked ----------------------------------------------------------------------------------
 */

struct pair {
	struct address sip;
	struct address chat;
};

static struct pair pair_of(const char *sip, const char *chat)
{
	struct pair pair;

	address_set(&pair.sip, SIDE_SIP, sip, FAKE_PHONE_DOMAIN);
	address_set(&pair.chat, SIDE_XMPP, chat, FAKE_CHAT_DOMAIN);
	return pair;
}

static void pair_clear(struct pair *pair)
{
	address_clear(&pair->sip);
	address_clear(&pair->chat);
}

void world_watch(struct world *world, const char *sip, const char *chat, bool ask, const char *nick)
{
	struct pair pair = pair_of(sip, chat);
	struct watch watch = {exchange_new(), SCOPE_WATCHER, &pair.sip, &pair.chat, nick};

	xmpp_side_ops()->watch(world->side, &watch, ask);
	pair_clear(&pair);
}

void world_unwatch(struct world *world, const char *sip, const char *chat, enum unwatch_why why)
{
	struct pair pair = pair_of(sip, chat);
	struct watch watch = {exchange_new(), SCOPE_WATCHER, &pair.sip, &pair.chat, NULL};

	xmpp_side_ops()->unwatch(world->side, &watch, why);
	pair_clear(&pair);
}

void world_refresh(struct world *world, const char *sip, const char *chat)
{
	struct pair pair = pair_of(sip, chat);
	struct watch watch = {exchange_new(), SCOPE_WATCHER, &pair.sip, &pair.chat, NULL};

	xmpp_side_ops()->refresh(world->side, &watch);
	pair_clear(&pair);
}

void world_answer(struct world *world, const char *chat, const char *sip, enum watch_answer answer,
		  const char *reason, const struct presence *now)
{
	struct pair pair = pair_of(sip, chat);
	struct watch watch = {exchange_new(), SCOPE_WATCHER, &pair.chat, &pair.sip, NULL};
	struct fault fault;

	fault_set(&fault, FAULT_ITEM_NOT_FOUND, reason);
	xmpp_side_ops()->answer(world->side, &watch, answer, reason == NULL ? NULL : &fault, now);
	pair_clear(&pair);
}

void world_tell(struct world *world, const char *chat, const char *sip,
		const struct presence *presence)
{
	struct pair pair = pair_of(sip, chat);
	struct watch watch = {exchange_new(), SCOPE_WATCHER, &pair.chat, &pair.sip, NULL};

	xmpp_side_ops()->tell(world->side, &watch, presence);
	pair_clear(&pair);
}

unsigned world_deliver_message(struct world *world, const char *sip, const char *chat,
			       const struct message *message)
{
	struct pair pair = pair_of(sip, chat);
	exchange_id x = exchange_new();
	unsigned number = world_number_of(world, x);

	xmpp_side_ops()->deliver(world->side, x, &pair.sip, &pair.chat, message);
	pair_clear(&pair);
	return number;
}

unsigned world_report(struct world *world, const char *sip, const char *chat,
		      const struct message_report *report, enum message_kind type)
{
	struct message_report told = *report; /* borrows the texts */
	char uid[32];
	struct message message = {
		.what = MESSAGE_REPORT, .kind = type, .uid = uid, .hops = -1, .report = &told};

	snprintf(uid, sizeof(uid), "report-%u", ++world->uid);
	return world_deliver_message(world, sip, chat, &message);
}

void world_typing(struct world *world, const char *sip, const char *chat, bool is_active)
{
	struct typing typing = {.is_active = is_active, .refresh_s = is_active ? 90 : 0};
	struct pair pair = pair_of(sip, chat);

	xmpp_side_ops()->typing(world->side, &pair.sip, &pair.chat, &typing);
	pair_clear(&pair);
}

unsigned world_deliver(struct world *world, const char *sip, const char *chat, const char *text,
		       size_t len)
{
	char uid[32];
	char *body = mem_strndup(text, len);
	struct message message = {
		.kind = MESSAGE_CHAT, .uid = uid, .body = body, .body_len = len, .hops = -1};
	unsigned number;

	snprintf(uid, sizeof(uid), "uid-%u", ++world->uid);
	number = world_deliver_message(world, sip, chat, &message);
	mem_free(body);
	return number;
}

void world_finish(struct world *world, unsigned number, enum outcome outcome,
		  enum fault_code fault_code, const char *text)
{
	struct fault fault;

	fault_set(&fault, fault_code, text);
	xmpp_side_ops()->finish(world->side, world->exchanges[number - 1], outcome,
				fault_code == FAULT_NONE ? NULL : &fault);
}

void world_presence(struct presence *out, enum show show, const char *note)
{
	struct device *device;

	memset(out, 0, sizeof(*out));
	device = presence_add_device(out, "t1");
	device->basic = BASIC_OPEN;
	device->show = show;
	if (note != NULL)
		notes_add(&device->notes, "", note, strlen(note));
}

void world_let_see(struct world *world, bool may_see)
{
	world->may_see = may_see;
}

void world_tell_person(struct world *world, const char *chat, const char *sip,
		       const struct presence *presence)
{
	struct pair pair = pair_of(sip, chat);
	struct watch watch = {exchange_new(), SCOPE_WATCHER, &pair.chat, &pair.sip, NULL};

	xmpp_side_ops()->tell_person(world->side, &watch, presence);
	pair_clear(&pair);
}

static void on_stopped(void *arg)
{
	struct world *world = arg;

	world->is_stopped = true;
}

static bool is_stopped(void *arg)
{
	const struct world *world = arg;

	return world->is_stopped;
}

bool world_stop(struct world *world)
{
	xmpp_side_stop(world->side, on_stopped, world);
	return xmpp_server_wait(world->server, is_stopped, world, STOP_MOST_MS);
}

struct learned *world_learned(struct world *world)
{
	return world->learned;
}

void world_set_profile(struct world *world, const struct profile *profile)
{
	world->profile = profile;
}

void world_let_run(struct world *world, unsigned ms)
{
	xmpp_server_let_run(world->server, ms);
}

void world_say(struct world *world, const char *attributes, const char *inner)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "<message %s>%s</message>", attributes, inner);
	xmpp_server_send_bytes(world_server(world), text.data, text.len);
	buf_free(&text);
}

bool world_settle(struct world *world)
{
	unsigned before = world_count(world, "probed x:zoe s:9");

	xmpp_server_send(world_server(world), "<presence from='zoe@chat.example/z' "
					      "to='9@sip.chat.example' type='probe'/>");
	for (int i = 0; i < 5000 && world_count(world, "probed x:zoe s:9") == before; i++)
		world_let_run(world, 1);
	world_let_run(world, 5);
	return world_count(world, "probed x:zoe s:9") == before + 1;
}
