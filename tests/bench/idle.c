/* What the daemon does when nothing happens. */
#include "bench/idle.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/reactor.h"
#include "bench/rig.h"

enum { SETTLE_MS = 3000, STOP_MS = 20000 };

static unsigned long switches_of(const char *path)
{
	char line[256];
	unsigned long sum = 0;
	FILE *file = fopen(path, "r");

	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		const char *at = strstr(line, "ctxt_switches:");

		if (at != NULL)
			sum += strtoul(at + strlen("ctxt_switches:"), NULL, 10);
	}
	fclose(file);
	return sum;
}

/* Of all threads of the process. */
static unsigned long switches(const struct rig *rig)
{
	char path[512];
	unsigned long sum = 0;
	DIR *folder = NULL;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)daemon_run_pid(rig->daemon));
	folder = opendir(path);
	if (folder == NULL)
		return 0;
	for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
		snprintf(path, sizeof(path), "/proc/%d/task/%s/status",
			 (int)daemon_run_pid(rig->daemon), entry->d_name);
		sum += switches_of(path);
	}
	closedir(folder);
	return sum;
}

static void rest(struct rig *rig, int ms)
{
	bool never = false;

	reactor_until(rig->reactor, &never, ms);
}

bool idle_measure(const char *program, const char *store, int seconds)
{
	struct rig_params params = {.program = program, .store = store};
	struct rig rig;
	bool is_up = rig_start(&rig, &params);

	if (is_up) {
		uint64_t cpu_ns = 0;
		unsigned long before = 0;

		rest(&rig, SETTLE_MS);
		cpu_ns = daemon_run_cpu_ns(rig.daemon);
		before = switches(&rig);
		rest(&rig, seconds * 1000);
		printf("in %d s without traffic, link up: cpu %.2f ms, context switches %lu\n",
		       seconds, (double)(daemon_run_cpu_ns(rig.daemon) - cpu_ns) / 1e6,
		       switches(&rig) - before);
		daemon_run_stop(rig.daemon, rig.reactor, STOP_MS);
	}
	rig_free(&rig);
	return is_up;
}
