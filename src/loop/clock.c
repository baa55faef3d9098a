/* Our clock, and Sofia made to use it. Unhooked, Sofia runs its timers on the wall clock: a step of
 * +30 days aborts it, one of -1 h freezes it, and timers below a millisecond make its loop spin
 * (SOF-004). */
#include "loop/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include <sofia-sip/su_time.h>

/* Exported for tests by the library, declared nowhere; checked by cmake. */
extern void (*_su_time)(su_time_t *);
extern su_time64_t (*_su_nanotime)(su_time64_t *);

#define NTP_EPOCH_S UINT64_C(2208988800) /* 1900 to 1970 */

static uint64_t hook_base_ms; /* NTP time at boot, as the wall clock had it when we hooked */

static uint64_t read_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t clock_now_ms(void)
{
	return read_ms(CLOCK_BOOTTIME);
}

int64_t clock_wall_ms(void)
{
	return (int64_t)read_ms(CLOCK_REALTIME);
}

static void hooked_time(su_time_t *out)
{
	uint64_t now = hook_base_ms + clock_now_ms();

	if (out == NULL)
		return;
	out->tv_sec = (unsigned long)(now / 1000);
	out->tv_usec = (unsigned long)(now % 1000 * 1000);
}

static su_time64_t hooked_nanotime(su_time64_t *out)
{
	su_time64_t now = (hook_base_ms + clock_now_ms()) * UINT64_C(1000000);

	if (out != NULL)
		*out = now;
	return now;
}

void clock_hook_sofia(void)
{
	if (hook_base_ms != 0)
		return;
	hook_base_ms = NTP_EPOCH_S * 1000 + read_ms(CLOCK_REALTIME) - clock_now_ms();
	_su_time = hooked_time;
	_su_nanotime = hooked_nanotime;
}
