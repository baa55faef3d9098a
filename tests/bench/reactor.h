/* A small epoll loop for the load tools; time in nanoseconds. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct reactor;

typedef void reactor_fn(int fd, uint32_t events, void *arg);

struct reactor *reactor_new(void);
void reactor_free(struct reactor **reactor);
/* events: EPOLLIN, EPOLLOUT. Adds or changes; fn and arg are kept until reactor_drop(). */
void reactor_watch(struct reactor *reactor, int fd, uint32_t events, reactor_fn *fn, void *arg);
/* Call before closing fd. */
void reactor_drop(struct reactor *reactor, int fd);
/* Waits up to timeout_ms for events and handles them. */
void reactor_turn(struct reactor *reactor, int timeout_ms);
/* Monotonic. */
uint64_t reactor_now_ns(void);
/* Turns until *flag or the time is over; returns *flag. */
bool reactor_until(struct reactor *reactor, const bool *flag, int timeout_ms);
