#include "support/xmpp_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "core/bridge.h"
#include "core/learned.h"
#include "loop/loop.h"
#include "model/profile.h"
#include "model/rich.h"
#include "store/store.h"
#include "support/fake_side.h"
#include "translate/address_map.h"
#include "xmpp/side_private.h"

enum { STOP_MOST_MS = 6000 };

/* The core of this test program: the functions of core/bridge.h write down what they are told. */
struct bridge {
	struct world *world;
};

struct line {
	struct line *next;
	char *text;
};

struct world {
	struct loop *loop;
	struct address_map *map;
	struct limits limits;
	struct counters counters;
	const struct profile *profile;
	struct xmpp_server *server;
	struct xmpp_server *second;
	struct xmpp_side *side;
	struct bridge bridge;
	struct line *lines;
	struct line **tail;
	exchange_id *exchanges;
	unsigned exchange_count;
	struct table *numbers; /* exchange to its number + 1 */
	struct store *store;
	struct learned *learned;
	enum watch_answer answer;
	bool may_see; /* SIP users chat users */
	bool has_now;
	struct presence now;
	struct fault fault;
	void (*hook)(exchange_id x, void *arg);
	void *hook_arg;
	unsigned uid;
	bool is_stopped;
};

static void put_line(struct world *world, struct buf *text)
{
	struct line *line = mem_zalloc(sizeof(*line));

	line->text = buf_take(text);
	*world->tail = line;
	world->tail = &line->next;
}

static unsigned number_of(struct world *world, exchange_id x)
{
	uintptr_t known = (uintptr_t)table_find(world->numbers, &x, sizeof(x));

	if (known != 0)
		return (unsigned)known - 1;
	world->exchanges = mem_resize(world->exchanges, world->exchange_count + 1, sizeof(x));
	world->exchanges[world->exchange_count] = x;
	world->exchange_count++;
	table_put(world->numbers, &x, sizeof(x), (void *)(uintptr_t)(world->exchange_count + 1));
	return world->exchange_count;
}

static void add_address(struct buf *out, const struct address *address)
{
	buf_putc(out, ' ');
	fake_address_text(address, out);
}

static void add_watch(struct buf *out, const struct watch *watch)
{
	add_address(out, watch->watcher);
	add_address(out, watch->watched);
}

/* core/bridge.h ----------------------------------------------------------------------------------
 */

void bridge_link(struct bridge *bridge, enum side which, bool is_up)
{
	struct buf line = BUF_INIT;

	(void)which;
	buf_printf(&line, "link %s", is_up ? "up" : "down");
	put_line(bridge->world, &line);
}

static enum watch_answer answer_now(struct world *world, const struct presence **now,
				    struct fault *fault)
{
	*now = world->has_now ? &world->now : NULL;
	*fault = world->fault;
	return world->answer;
}

enum watch_answer bridge_watch_requested(struct bridge *bridge, const struct watch *watch,
					 const struct presence **now, struct fault *fault)
{
	struct buf line = BUF_INIT;

	buf_puts(&line, "watch_requested");
	add_watch(&line, watch);
	if (watch->nick != NULL)
		buf_printf(&line, " nick=%s", watch->nick);
	put_line(bridge->world, &line);
	return answer_now(bridge->world, now, fault);
}

void bridge_watch_withdrawn(struct bridge *bridge, const struct watch *watch)
{
	struct buf line = BUF_INIT;

	buf_puts(&line, "watch_withdrawn");
	add_watch(&line, watch);
	put_line(bridge->world, &line);
}

enum watch_answer bridge_probed(struct bridge *bridge, const struct watch *watch,
				const struct presence **now, struct fault *fault)
{
	struct buf line = BUF_INIT;

	buf_puts(&line, "probed");
	add_watch(&line, watch);
	put_line(bridge->world, &line);
	return answer_now(bridge->world, now, fault);
}

void bridge_user_seen(struct bridge *bridge, const struct address *user, bool is_online)
{
	struct buf line = BUF_INIT;

	buf_puts(&line, "seen");
	add_address(&line, user);
	buf_puts(&line, is_online ? " online" : " offline");
	put_line(bridge->world, &line);
}

void bridge_watch_answered(struct bridge *bridge, const struct watch *watch,
			   enum watch_answer answer, const struct fault *fault)
{
	struct buf line = BUF_INIT;

	buf_puts(&line, "answered");
	add_watch(&line, watch);
	buf_printf(&line, " %s", fake_answer_name(answer));
	fake_fault_text(fault, &line);
	put_line(bridge->world, &line);
}

void bridge_device(struct bridge *bridge, const struct watch *watch, const struct device *device)
{
	struct buf line = BUF_INIT;

	buf_puts(&line, "device");
	add_watch(&line, watch);
	buf_printf(&line, " %s %s", device->id == NULL ? "-" : device->id,
		   device->basic == BASIC_OPEN ? "open" : "closed");
	if (device->show != SHOW_NONE)
		buf_printf(&line, ",%s", show_name(device->show));
	if (device->idle)
		buf_printf(&line, ",idle%s", device->idle_since_ms == 0 ? "" : " since");
	if (device->since_ms == 0)
		buf_puts(&line, ",undated");
	if (device->notes.count > 0)
		buf_printf(&line, ",\"%s\"", device->notes.items[0].text);
	put_line(bridge->world, &line);
}

bool bridge_may_see(struct bridge *bridge, const struct address *watcher,
		    const struct address *watched, const struct presence **now)
{
	struct world *world = bridge->world;
	bool may_see = watcher->side == SIDE_XMPP ? world->answer == WATCH_ALLOWED : world->may_see;

	(void)watched;
	if (now != NULL)
		*now = may_see && watcher->side == SIDE_XMPP && world->has_now ? &world->now : NULL;
	return may_see;
}

/* One that says nothing is told only if he said something before. */
void bridge_person(struct bridge *bridge, const struct watch *watch, const struct person *person)
{
	const struct rich *rich = person->rich;
	struct buf line = BUF_INIT;

	buf_puts(&line, "person");
	add_watch(&line, watch);
	if (rich != NULL && rich->mood != NULL)
		buf_printf(&line, " mood=%s", rich->mood);
	if (rich != NULL && rich->mood_notes.count > 0)
		buf_printf(&line, " \"%s\"", rich->mood_notes.items[0].text);
	if (rich != NULL && rich->activity != NULL)
		buf_printf(&line, " activity=%s", rich->activity);
	if (rich != NULL && rich->display_name != NULL)
		buf_printf(&line, " name=%s", rich->display_name);
	put_line(bridge->world, &line);
}

static void put_wishes(const struct message *message, struct buf *line)
{
	if ((message->wants & WANTS_DELIVERED) != 0)
		buf_puts(line, " delivered?");
	if ((message->wants & WANTS_FAILED) != 0)
		buf_puts(line, " failed?");
	if ((message->wants & WANTS_DISPLAYED) != 0)
		buf_puts(line, " displayed?");
	if (message->must_not_wait)
		buf_puts(line, " now or never");
}

static void put_origin(struct world *world, exchange_id x, const struct message_origin *origin)
{
	struct buf line = BUF_INIT;

	buf_printf(&line, "origin m%u %s %s id=%s thread=%s", number_of(world, x), origin->address,
		   origin->recipient, origin->id == NULL ? "-" : origin->id,
		   origin->thread == NULL ? "-" : origin->thread);
	put_line(world, &line);
}

void bridge_message(struct bridge *bridge, enum side origin, exchange_id x,
		    const struct address *from, const struct address *to,
		    const struct message *message)
{
	static const char *const kinds[] = {"chat", "normal", "headline"};
	struct world *world = bridge->world;
	struct buf line = BUF_INIT;

	(void)origin;
	if (world->hook != NULL) {
		world->hook(x, world->hook_arg);
		return;
	}
	buf_printf(&line, "message m%u", number_of(world, x));
	add_address(&line, from);
	add_address(&line, to);
	if (message->nick != NULL)
		buf_printf(&line, " nick=%s", message->nick);
	buf_printf(&line, " %s \"%.*s\"", kinds[message->kind],
		   message->body_len > 200 ? 200 : (int)message->body_len, message->body);
	put_wishes(message, &line);
	put_line(world, &line);
	put_origin(world, x, &message->origin);
}

void bridge_report(struct bridge *bridge, enum side origin, const struct address *from,
		   const struct address *to, const char *uid, enum report_kind kind,
		   const struct fault *fault)
{
	static const char *const kinds[] = {"delivered", "failed", "displayed", "processed"};
	struct buf line = BUF_INIT;

	(void)origin;
	buf_puts(&line, "report");
	add_address(&line, from);
	add_address(&line, to);
	buf_printf(&line, " %s %s", uid, kinds[kind]);
	fake_fault_text(fault, &line);
	put_line(bridge->world, &line);
}

void bridge_typing(struct bridge *bridge, enum side origin, const struct address *from,
		   const struct address *to, const struct typing *typing)
{
	struct buf line = BUF_INIT;

	(void)origin;
	buf_puts(&line, "typing");
	add_address(&line, from);
	add_address(&line, to);
	buf_puts(&line, typing->is_active ? " active" : " idle");
	if (typing->refresh_s != 0)
		buf_printf(&line, " %d", typing->refresh_s);
	put_line(bridge->world, &line);
}

struct learned *bridge_learned(struct bridge *bridge)
{
	return bridge->world->learned;
}

void bridge_outcome(struct bridge *bridge, exchange_id x, enum outcome outcome,
		    const struct fault *fault)
{
	struct world *world = bridge->world;
	struct buf line = BUF_INIT;

	if (world->hook != NULL) {
		world->hook(x, world->hook_arg);
		return;
	}
	buf_printf(&line, "outcome m%u %s", number_of(world, x), fake_outcome_name(outcome));
	fake_fault_text(fault, &line);
	put_line(world, &line);
}

/* Making and ending it ---------------------------------------------------------------------------
 */

static void make_map(struct world *world)
{
	static const struct map_domain domains[] = {
		{.xmpp = "sip.chat.example", .sip = "pbx.example"},
		{.xmpp = "sip2.chat.example", .sip = "pbx2.example"},
	};
	static const char *const chat[] = {"chat.example"};
	struct address_map_params params = {
		.domains = domains,
		.domain_count = 2,
		.xmpp_domains = chat,
		.xmpp_domain_count = 1,
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
	make_map(world);
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
	unsigned number = number_of(world, x);

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
