/* A small epoll loop for the load tools. */
#include "bench/reactor.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum { WATCHES = 4096, EVENTS = 64 };

struct watch_slot {
	reactor_fn *fn;
	void *arg;
};

struct reactor {
	int epoll;
	struct watch_slot slots[WATCHES]; /* by descriptor */
};

struct reactor *reactor_new(void)
{
	struct reactor *reactor = mem_zalloc(sizeof(*reactor));

	reactor->epoll = epoll_create1(EPOLL_CLOEXEC);
	return reactor;
}

void reactor_free(struct reactor **reactor)
{
	if (*reactor == NULL)
		return;
	close((*reactor)->epoll);
	mem_free(*reactor);
	*reactor = NULL;
}

void reactor_watch(struct reactor *reactor, int fd, uint32_t events, reactor_fn *fn, void *arg)
{
	struct epoll_event event = {.events = events, .data.fd = fd};
	int op = EPOLL_CTL_ADD;

	if (fd < 0 || fd >= WATCHES) {
		fprintf(stderr, "bench: too many descriptors\n");
		exit(70);
	}
	if (reactor->slots[fd].fn != NULL)
		op = EPOLL_CTL_MOD;
	reactor->slots[fd].fn = fn;
	reactor->slots[fd].arg = arg;
	if (epoll_ctl(reactor->epoll, op, fd, &event) != 0) {
		perror("bench: epoll_ctl");
		exit(70);
	}
}

void reactor_drop(struct reactor *reactor, int fd)
{
	epoll_ctl(reactor->epoll, EPOLL_CTL_DEL, fd, NULL);
	reactor->slots[fd].fn = NULL;
}

void reactor_turn(struct reactor *reactor, int timeout_ms)
{
	struct epoll_event events[EVENTS];
	int count = epoll_wait(reactor->epoll, events, EVENTS, timeout_ms);

	for (int i = 0; i < count; i++) {
		struct watch_slot *slot = &reactor->slots[events[i].data.fd];

		if (slot->fn != NULL)
			slot->fn(events[i].data.fd, events[i].events, slot->arg);
	}
}

uint64_t reactor_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool reactor_until(struct reactor *reactor, const bool *flag, int timeout_ms)
{
	uint64_t end = reactor_now_ns() + (uint64_t)timeout_ms * 1000000u;

	while (!*flag && reactor_now_ns() < end)
		reactor_turn(reactor, 10);
	return *flag;
}
