/* Keeps descriptors free; see connection_valve.h. */
#include "sip/connection_valve.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sofia-sip/su_wait.h>
#include <sofia-sip/nta.h>
#include <sofia-sip/nta_tport.h>
#include <sofia-sip/tport.h>

#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "model/limits.h"
#include "sip/connections.h"
#include "sip/sip_side.h"

enum {
	VALVE_EVERY_MS = 2000,
	VALVE_TELL_MS = 10000,
	VALVE_RESERVE = 64,
	VALVE_HIGH = 800, /* per mille of the budget */
	VALVE_CRITICAL = 950,
	VALVE_IDLE_T1 = 64 /* as long as a transaction may last nothing is idle, in T1 */
};

struct connection_valve {
	nta_agent_t *nta;
	struct connections *connections;
	const struct sip_side_params *params;
	struct loop_timer timer;
	unsigned opened;
	unsigned level;
	uint64_t logged_ms; /* 0: never */
};

/* The lowest free descriptor: about as many are in use. -1: none is free. */
static int lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd;
}

static int64_t budget(const struct connection_valve *valve)
{
	int64_t most = valve->params->limits->sip_connections + VALVE_RESERVE;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	    (int64_t)limit.rlim_cur < most)
		most = (int64_t)limit.rlim_cur;
	return most;
}

/* The oldest, until a tenth below the mark. */
static void close_some(struct connection_valve *valve, int64_t used, int64_t most)
{
	int t1 = valve->params->timer_t1_ms > 0 ? valve->params->timer_t1_ms : 500;
	int64_t enough = most * (VALVE_HIGH - 100) / 1000;

	(void)connections_close_idle(valve->connections,
				     used > enough ? (size_t)(used - enough) : 1,
				     (uint64_t)t1 * VALVE_IDLE_T1);
}

/* All that no transaction uses. */
static void close_all(struct connection_valve *valve)
{
	for (tport_t *primary = tport_primaries(nta_agent_tports(valve->nta)); primary != NULL;
	     primary = tport_next(primary))
		(void)tport_flush(primary);
}

static void tell(struct connection_valve *valve, int used, int64_t most)
{
	uint64_t now = loop_now(valve->params->loop);

	if (valve->logged_ms != 0 && now - valve->logged_ms < VALVE_TELL_MS)
		return;
	valve->logged_ms = now;
	log_warning("sip: closing idle connections (%d of %lld descriptors in use)", used,
		    (long long)most);
}

unsigned connection_valve_check(struct connection_valve *valve)
{
	int64_t most = budget(valve);
	int used = lowest_free();

	valve->level = used < 0 || used > most ? 1000 : (unsigned)(used * 1000LL / most);
	if (valve->level < VALVE_HIGH)
		return valve->opened;
	if (valve->level >= VALVE_CRITICAL)
		close_all(valve);
	else
		close_some(valve, used, most);
	valve->opened++;
	tell(valve, used, most);
	return valve->opened;
}

unsigned connection_valve_level(const struct connection_valve *valve)
{
	return valve->level;
}

static void on_timer(void *arg)
{
	struct connection_valve *valve = arg;

	(void)connection_valve_check(valve);
	loop_timer_set(valve->params->loop, &valve->timer, VALVE_EVERY_MS, on_timer, valve);
}

struct connection_valve *connection_valve_new(struct nta_agent_s *nta,
					      struct connections *connections,
					      const struct sip_side_params *params)
{
	struct connection_valve *valve = mem_zalloc(sizeof *valve);

	valve->nta = nta;
	valve->connections = connections;
	valve->params = params;
	loop_timer_set(params->loop, &valve->timer, VALVE_EVERY_MS, on_timer, valve);
	return valve;
}

void connection_valve_free(struct connection_valve **valve)
{
	if (*valve == NULL)
		return;
	loop_timer_cancel(&(*valve)->timer);
	mem_free(*valve);
	*valve = NULL;
}
