/* One helper thread a question; thread and loop each hold one share of the job, whoever lets go
 * last frees it. */
#include "xmpp/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/loop.h"

struct job {
	atomic_int shares;
	int fd; /* eventfd, written when the answer is there */
	char *host;
	char port[8];
	struct resolve_address addresses[RESOLVE_ADDRESSES_MAX];
	unsigned count;
	int error; /* of getaddrinfo */
};

struct resolve {
	struct resolve **slot;
	struct loop *loop;
	struct job *job;
	resolve_done_fn *done;
	void *arg;
};

static void job_drop(struct job *job)
{
	if (atomic_fetch_sub(&job->shares, 1) != 1)
		return;
	if (job->fd >= 0)
		close(job->fd);
	mem_free(job->host);
	mem_free(job);
}

static void ask(struct job *job, int flags)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
	struct addrinfo *found = NULL;

	job->error = getaddrinfo(job->host, job->port, &hints, &found);
	if (job->error != 0)
		return;
	for (struct addrinfo *at = found; at != NULL; at = at->ai_next) {
		struct resolve_address *address = &job->addresses[job->count];

		if (job->count == RESOLVE_ADDRESSES_MAX ||
		    at->ai_addrlen > sizeof(address->address))
			break;
		memcpy(&address->address, at->ai_addr, at->ai_addrlen);
		address->len = at->ai_addrlen;
		job->count++;
	}
	freeaddrinfo(found);
}

static void *run(void *arg)
{
	struct job *job = arg;
	uint64_t one = 1;

	ask(job, 0);
	if (write(job->fd, &one, sizeof(one)) < 0)
		job->error = EAI_SYSTEM; /* an eventfd takes the first write */
	job_drop(job);
	return NULL;
}

static void release(struct resolve *resolve)
{
	loop_forget(resolve->loop, resolve);
	if (resolve->job->fd >= 0)
		loop_fd(resolve->loop, resolve->job->fd, 0, NULL, NULL);
	job_drop(resolve->job);
	*resolve->slot = NULL;
	mem_free(resolve);
}

static void finish(struct resolve *resolve)
{
	struct resolve_address addresses[RESOLVE_ADDRESSES_MAX];
	unsigned count = resolve->job->count;
	const char *error = count > 0 ? NULL : gai_strerror(resolve->job->error);
	resolve_done_fn *done = resolve->done;
	void *arg = resolve->arg;

	memcpy(addresses, resolve->job->addresses, sizeof(addresses));
	release(resolve);
	done(addresses, count, error, arg);
}

static void on_deferred(void *arg)
{
	finish(arg);
}

static void on_ready(int fd, unsigned events, void *arg)
{
	uint64_t value;

	(void)events;
	if (read(fd, &value, sizeof(value)) < 0)
		return;
	finish(arg);
}

/* Signals belong to the loop's thread. */
static int start_thread(struct job *job)
{
	sigset_t all, before;
	pthread_attr_t attributes;
	pthread_t thread;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	error = pthread_create(&thread, &attributes, run, job);
	pthread_attr_destroy(&attributes);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

void resolve_start(struct resolve **out, struct loop *loop, const char *host, uint16_t port,
		   resolve_done_fn *done, void *arg)
{
	struct resolve *resolve = mem_zalloc(sizeof(*resolve));
	struct job *job = mem_zalloc(sizeof(*job));

	*resolve = (struct resolve){out, loop, job, done, arg};
	*out = resolve;
	atomic_init(&job->shares, 1);
	job->fd = -1;
	job->host = mem_strdup(host);
	snprintf(job->port, sizeof(job->port), "%u", (unsigned)port);
	ask(job, AI_NUMERICHOST);
	if (job->count > 0) {
		loop_defer(loop, on_deferred, resolve);
		return;
	}
	job->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (job->fd < 0 || loop_fd(loop, job->fd, LOOP_READ, on_ready, resolve) != 0) {
		job->error = EAI_SYSTEM;
		loop_defer(loop, on_deferred, resolve);
		return;
	}
	atomic_store(&job->shares, 2);
	if (start_thread(job) != 0) {
		atomic_store(&job->shares, 1);
		job->error = EAI_AGAIN;
		loop_defer(loop, on_deferred, resolve);
	}
}

void resolve_cancel(struct resolve **resolve)
{
	if (*resolve != NULL)
		release(*resolve);
}
