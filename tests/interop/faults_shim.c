/*
 * What a test does to one daemon without privileges, loaded by LD_PRELOAD: the wall clock is moved,
 * the disk is full, fails or is slow. The file named by FAULTS_SHIM holds the orders (struct
 * orders), mapped into both programs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct orders {
	int64_t clock_s;     /* the wall clock goes ahead by this */
	int64_t disk_error;  /* errno of writes to the store; 0: none */
	int64_t flush_error; /* errno of flushes of the store */
	int64_t slow_ms;     /* a flush of the store takes so long */
};

static const volatile struct orders *orders;
static const struct orders none;

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("FAULTS_SHIM");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *at = fd >= 0 ? mmap(NULL, sizeof(none), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

	orders = at != MAP_FAILED ? at : &none;
	if (fd >= 0)
		close(fd);
}

static const volatile struct orders *now(void)
{
	return orders != NULL ? orders : &none;
}

static int of_store(int fd)
{
	char link[64];
	char path[4096];
	ssize_t n;
	int len = 0;

	memcpy(link, "/proc/self/fd/", 14);
	len = 14;
	if (fd >= 100)
		link[len++] = (char)('0' + fd / 100 % 10);
	if (fd >= 10)
		link[len++] = (char)('0' + fd / 10 % 10);
	link[len++] = (char)('0' + fd % 10);
	link[len] = '\0';
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0 || fd > 999)
		return 0;
	path[n] = '\0';
	return strstr(path, "/state.db") != NULL;
}

static int refused(int fd)
{
	int error = (int)now()->disk_error;

	if (error == 0 || !of_store(fd))
		return 0;
	errno = error;
	return 1;
}

/* Time ------------------------------------------------------------------------------------------
 */

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int r = (int)syscall(SYS_clock_gettime, id, ts);

	if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		ts->tv_sec += now()->clock_s;
	return r;
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	struct timespec ts;

	(void)tz;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *at)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (at != NULL)
		*at = ts.tv_sec;
	return ts.tv_sec;
}

/* Disk ------------------------------------------------------------------------------------------
 */

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
	return refused(fd) ? -1 : syscall(SYS_pwrite64, fd, data, size, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
	return refused(fd) ? -1 : syscall(SYS_pwrite64, fd, data, size, at);
}

ssize_t write(int fd, const void *data, size_t size)
{
	return refused(fd) ? -1 : syscall(SYS_write, fd, data, size);
}

static int flush(int fd, long call)
{
	int64_t slow = now()->slow_ms;
	int error = (int)now()->flush_error;

	if ((slow > 0 || error != 0) && of_store(fd)) {
		struct timespec ts = {.tv_sec = slow / 1000, .tv_nsec = slow % 1000 * 1000000};

		nanosleep(&ts, NULL);
		if (error != 0) {
			errno = error;
			return -1;
		}
	}
	return (int)syscall(call, fd);
}

int fsync(int fd)
{
	return flush(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return flush(fd, SYS_fdatasync);
}
