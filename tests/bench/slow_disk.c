/* Loaded before the C library by bench --flush-ms: a disk whose flush takes SLOW_DISK_MS more. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void take_time(void)
{
	const char *text = getenv("SLOW_DISK_MS");
	long ms = text != NULL ? strtol(text, NULL, 10) : 0;
	struct timespec time = {ms / 1000, ms % 1000 * 1000000};

	clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

int fsync(int fd)
{
	take_time();
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	take_time();
	return (int)syscall(SYS_fdatasync, fd);
}
