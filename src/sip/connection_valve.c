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

enum { VALVE_EVERY_MS = 15000, VALVE_RESERVE = 64 };

struct connection_valve {
	nta_agent_t *nta;
	struct loop *loop;
	const struct limits *limits;
	struct loop_timer timer;
	unsigned opened;
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
	int64_t most = valve->limits->sip_connections + VALVE_RESERVE;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	    (int64_t)limit.rlim_cur < most)
		most = (int64_t)limit.rlim_cur;
	return most;
}

unsigned connection_valve_check(struct connection_valve *valve)
{
	int used = lowest_free();

	if (used >= 0 && used < budget(valve) / 5 * 4)
		return valve->opened;
	valve->opened++;
	log_warning("sip: closing idle connections (%d descriptors in use)", used);
	for (tport_t *primary = tport_primaries(nta_agent_tports(valve->nta)); primary != NULL;
	     primary = tport_next(primary))
		(void)tport_flush(primary);
	return valve->opened;
}

static void on_timer(void *arg)
{
	struct connection_valve *valve = arg;

	(void)connection_valve_check(valve);
	loop_timer_set(valve->loop, &valve->timer, VALVE_EVERY_MS, on_timer, valve);
}

struct connection_valve *connection_valve_new(struct nta_agent_s *nta, struct loop *loop,
					      const struct limits *limits)
{
	struct connection_valve *valve = mem_zalloc(sizeof *valve);

	valve->nta = nta;
	valve->loop = loop;
	valve->limits = limits;
	loop_timer_set(loop, &valve->timer, VALVE_EVERY_MS, on_timer, valve);
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
