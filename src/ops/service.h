/* What a service manager is told and asks (sd_notify(3), the protocol of systemd's Type=notify;
 * REL-015, REL-061): ready, reloading, stopping, one line of status, and signs of life for its
 * watchdog. Without NOTIFY_SOCKET in the environment nothing is said. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct service;

/* Whether the process is alive, not merely running, is asked this often in one watchdog time. */
enum { SERVICE_BEATS = 4 };

struct service_params {
	struct loop *loop;
	/* Begins to look whether all is well: service_alive() when it is. Called from the loop, a
	 * beat that is late by more than half the watchdog time does not call it. NULL: no
	 * watchdog. */
	void (*look)(void *arg);
	void *arg;
};

/* Reads and removes the environment (NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID). */
struct service *service_new(const struct service_params *params);
void service_free(struct service **service);

void service_ready(struct service *service);
/* To be followed by service_ready(). */
void service_reloading(struct service *service);
void service_stopping(struct service *service);
/* One line for "systemctl status". */
void service_status(struct service *service, const char *text);
/* All is well: feeds the watchdog. */
void service_alive(struct service *service);
/* Watchdog time in ms; 0: none. */
uint64_t service_watchdog_ms(const struct service *service);
