/* The queue before us; see intake.h. */
#include "sip/intake.h"

#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "sip/net_address.h"

enum { INTAKE_SOCKETS = 64, INTAKE_DESCRIPTORS = 4096, INTAKE_LOOKS = 3, INTAKE_FULL = 1000 };

struct intake {
	struct {
		int fd;
		uint32_t lost;
	} sockets[INTAKE_SOCKETS];
	size_t count;
	unsigned looks[INTAKE_LOOKS];
	unsigned next;
};

static bool is_listener(int fd, const uint16_t *ports, size_t count)
{
	struct sockaddr_storage bound = {0};
	socklen_t len = sizeof bound;
	struct net_address address;
	int type = 0;
	socklen_t type_len = sizeof type;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) != 0 || type != SOCK_DGRAM ||
	    getsockname(fd, (struct sockaddr *)&bound, &len) != 0 ||
	    (bound.ss_family != AF_INET && bound.ss_family != AF_INET6))
		return false;
	net_address_from_sockaddr(&address, (const struct sockaddr *)&bound);
	for (size_t i = 0; i < count; i++)
		if (address.port == ports[i])
			return true;
	return false;
}

static bool read_memory(int fd, uint32_t info[SK_MEMINFO_VARS])
{
	socklen_t len = SK_MEMINFO_VARS * sizeof info[0];

	return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) == 0 &&
	       len == SK_MEMINFO_VARS * sizeof info[0] && info[SK_MEMINFO_RCVBUF] > 0;
}

struct intake *intake_new(const uint16_t *ports, size_t count)
{
	struct intake *intake = mem_zalloc(sizeof *intake);
	uint32_t info[SK_MEMINFO_VARS] = {0};

	for (int fd = 0; fd < INTAKE_DESCRIPTORS && intake->count < INTAKE_SOCKETS; fd++) {
		if (!is_listener(fd, ports, count) || !read_memory(fd, info))
			continue;
		intake->sockets[intake->count].fd = fd;
		intake->sockets[intake->count].lost = info[SK_MEMINFO_DROPS];
		intake->count++;
	}
	return intake;
}

void intake_free(struct intake **intake)
{
	mem_free(*intake);
	*intake = NULL;
}

size_t intake_sockets(const struct intake *intake)
{
	return intake->count;
}

static unsigned look_at(struct intake *intake, size_t i)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	uint64_t held;
	bool has_lost;

	if (!read_memory(intake->sockets[i].fd, info))
		return 0;
	has_lost = info[SK_MEMINFO_DROPS] != intake->sockets[i].lost;
	intake->sockets[i].lost = info[SK_MEMINFO_DROPS];
	held = (uint64_t)info[SK_MEMINFO_RMEM_ALLOC] * INTAKE_FULL / info[SK_MEMINFO_RCVBUF];
	return has_lost || held > INTAKE_FULL ? INTAKE_FULL : (unsigned)held;
}

unsigned intake_look(struct intake *intake)
{
	unsigned fullest = 0, least = INTAKE_FULL;

	for (size_t i = 0; i < intake->count; i++) {
		unsigned one = look_at(intake, i);

		fullest = one > fullest ? one : fullest;
	}
	intake->looks[intake->next] = fullest;
	intake->next = (intake->next + 1) % INTAKE_LOOKS;
	for (size_t i = 0; i < INTAKE_LOOKS; i++)
		least = intake->looks[i] < least ? intake->looks[i] : least;
	return least;
}
