/* Runs the daemon under test. */
#include "bench/daemon_run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "bench/reactor.h"
#include "bench/stream.h"

struct daemon_run {
	const char *program;
	unsigned flush_ms;
	pid_t pid;
	unsigned port;
	clockid_t clock;
	bool keeps;
	bool has_ended;
	int status;
	char folder[64];
};

/* Limits that protect real users would hold back a single machine that plays all of them (D-56). */
static const char raised_limits[] = "	udp_transactions = 1000000;\n"
				    "	stranger_requests_per_s = 100000;\n"
				    "	peer_requests_per_s = 1000000;\n"
				    "	messages_per_user_per_s = 1000000;\n"
				    "	messages_per_user_burst = 1000000;\n"
				    "	stanzas_per_user_per_s = 1000000;\n"
				    "	reports_per_user_per_s = 100000;\n"
				    "	messages_pending_per_uri = 100000;\n"
				    "	messages_pending = 1000000;\n"
				    "	watches_per_watcher = 1000000;\n"
				    "	watches_per_watched = 1000000;\n"
				    "	new_watches_per_minute = 1000000;\n"
				    "	questions_per_minute = 1000000;\n"
				    "	questions_open = 1000000;\n"
				    "	outward_per_s = 1000;\n"
				    "	load_lag_ms = 5000;\n";

/* What may wait to be written. */
static const char raised_backlogs[] = "	sip_unsent = 10000;\n"
				      "	link_high_bytes = 16777216;\n"
				      "	link_dead_bytes = 67108864;\n"
				      "	load_store_ms = 60000;\n";

static const char *or_nothing(const char *text)
{
	return text != NULL ? text : "";
}

static void write_config(const struct daemon_run *run, const struct daemon_params *params)
{
	char path[128];
	FILE *file = NULL;

	snprintf(path, sizeof(path), "%s/sipxmppd.cfg", run->folder);
	file = fopen(path, "w");
	if (file == NULL) {
		perror(path);
		exit(70);
	}
	fprintf(file,
		"xmpp: { component = \"sip.chat.example\"; server = \"127.0.0.1\"; port = %u;\n"
		"	secret = \"a secret of the load test\"; domains = [\"chat.example\"]; };\n"
		"sip: { listen = [\"sip:127.0.0.1:%u;transport=udp\",\n"
		"	\"sip:127.0.0.1:%u;transport=tcp\"%s];\n"
		"	proxy = \"sip:127.0.0.1:%u;transport=%s\";\n%s",
		params->xmpp_port, run->port, run->port, or_nothing(params->listen),
		params->sip_port, params->to_sip_over_tcp ? "tcp" : "udp", or_nothing(params->sip));
	if (params->trusted != NULL)
		fprintf(file, "	trusted = %s;\n", params->trusted);
	fprintf(file,
		"};\n"
		"domains: ( { xmpp = \"sip.chat.example\"; sip = \"pbx.example\";\n"
		"	%s } );\n"
		"store: { engine = \"%s\"; path = \"%s/store/state.db\"; };\n"
		"control: { socket = \"%s/control\"; };\n"
		"process: { %scaution = 0; };\n"
		"log: { target = \"stderr\"; level = \"%s\"; };\n"
		"limits: {\n%s%s};\n%s",
		params->domain != NULL ? params->domain : "profile = \"generic\";", params->store,
		run->folder, run->folder, geteuid() == 0 ? "user = \"root\"; " : "",
		params->log_level, params->limits != NULL ? params->limits : raised_limits,
		params->limits != NULL || params->has_usual_backlogs ? "" : raised_backlogs,
		or_nothing(params->settings));
	fchmod(fileno(file), 0600);
	fclose(file);
}

/* The library that makes flushes slow stands beside this program. */
static void slow_down(unsigned flush_ms)
{
	char path[512];
	char number[16];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 32);
	char *slash = NULL;

	if (flush_ms == 0 || len <= 0)
		return;
	path[len] = '\0';
	slash = strrchr(path, '/');
	strcpy(slash + 1, "libslow_disk.so");
	snprintf(number, sizeof(number), "%u", flush_ms);
	setenv("SLOW_DISK_MS", number, 1);
	setenv("LD_PRELOAD", path, 1);
}

static void run_program(const struct daemon_run *run)
{
	char path[128];
	int fd = -1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(path, sizeof(path), "%s/stderr", run->folder);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, 1);
	dup2(fd, 2);
	snprintf(path, sizeof(path), "%s/sipxmppd.cfg", run->folder);
	slow_down(run->flush_ms);
	execl(run->program, run->program, "-c", path, "-e", (char *)NULL);
	perror(run->program);
	_exit(127);
}

static void start(struct daemon_run *run)
{
	run->pid = fork();
	if (run->pid == 0)
		run_program(run);
	clock_getcpuclockid(run->pid, &run->clock);
}

struct daemon_run *daemon_run_new(const struct daemon_params *params)
{
	struct daemon_run *run = mem_zalloc(sizeof(*run));

	strcpy(run->folder, "/tmp/sipxmppd-bench-XXXXXX");
	if (mkdtemp(run->folder) == NULL) {
		perror("bench: mkdtemp");
		exit(70);
	}
	run->port = stream_free_port();
	write_config(run, params);
	run->program = params->program;
	run->flush_ms = params->flush_ms;
	start(run);
	return run;
}

void daemon_run_again(struct daemon_run *run, bool is_killed)
{
	if (daemon_run_is_alive(run)) {
		if (is_killed)
			kill(run->pid, SIGKILL);
		waitpid(run->pid, NULL, 0);
	}
	run->has_ended = false;
	start(run);
}

struct daemon_run *daemon_run_adopt(pid_t pid, unsigned port)
{
	struct daemon_run *run = mem_zalloc(sizeof(*run));

	run->pid = pid;
	run->port = port;
	clock_getcpuclockid(pid, &run->clock);
	return run;
}

static void remove_folder(const char *folder)
{
	static const char *const names[] = {"sipxmppd.cfg",
					    "stderr",
					    "control",
					    "store/state.db",
					    "store/state.db-wal",
					    "store/state.db-shm",
					    "store/state.db.lock",
					    "store"};
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		if (remove(path) != 0 && errno != ENOENT)
			perror(path);
	}
	if (rmdir(folder) != 0)
		perror(folder);
}

void daemon_run_free(struct daemon_run **run_p)
{
	struct daemon_run *run = *run_p;

	if (run == NULL)
		return;
	*run_p = NULL;
	if (daemon_run_is_alive(run)) {
		kill(run->pid, SIGKILL);
		waitpid(run->pid, NULL, 0);
	}
	if (run->folder[0] != '\0' && !run->keeps)
		remove_folder(run->folder);
	mem_free(run);
}

void daemon_run_keep(struct daemon_run *run)
{
	run->keeps = true;
}

unsigned daemon_run_port(const struct daemon_run *run)
{
	return run->port;
}

const char *daemon_run_folder(const struct daemon_run *run)
{
	return run->folder;
}

pid_t daemon_run_pid(const struct daemon_run *run)
{
	return run->pid;
}

bool daemon_run_is_alive(struct daemon_run *run)
{
	if (!run->has_ended && waitpid(run->pid, &run->status, WNOHANG) == run->pid)
		run->has_ended = true;
	return !run->has_ended;
}

void daemon_run_ask(const struct daemon_run *run, const char *line, struct buf *out)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char chunk[4096];
	ssize_t n = 0;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", run->folder);
	if (connect(fd, (struct sockaddr *)(void *)&address, sizeof(address)) == 0 &&
	    send(fd, line, strlen(line), MSG_NOSIGNAL) > 0)
		n = read(fd, chunk, sizeof(chunk));
	for (; n > 0; n = read(fd, chunk, sizeof(chunk)))
		buf_append(out, chunk, (size_t)n);
	close(fd);
}

bool daemon_run_is_serving(const struct daemon_run *run)
{
	struct buf text = BUF_INIT;
	bool result = false;

	daemon_run_ask(run, "status\n", &text);
	result = strstr(buf_text(&text), "state serving") != NULL;
	buf_free(&text);
	return result;
}

uint64_t daemon_run_cpu_ns(const struct daemon_run *run)
{
	struct timespec used = {0, 0};

	clock_gettime(run->clock, &used);
	return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

long daemon_run_rss_kib(const struct daemon_run *run)
{
	char line[256];
	long kib = -1;
	FILE *file = NULL;

	snprintf(line, sizeof(line), "/proc/%d/status", (int)run->pid);
	file = fopen(line, "r");
	if (file == NULL)
		return -1;
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	fclose(file);
	return kib;
}

int daemon_run_stop(struct daemon_run *run, struct reactor *reactor, int wait_ms)
{
	uint64_t end = reactor_now_ns() + (uint64_t)wait_ms * 1000000u;

	if (daemon_run_is_alive(run))
		kill(run->pid, SIGTERM);
	while (daemon_run_is_alive(run) && reactor_now_ns() < end)
		reactor_turn(reactor, 10);
	if (!run->has_ended)
		return -1;
	return WIFEXITED(run->status) ? WEXITSTATUS(run->status) : 128 + WTERMSIG(run->status);
}

void daemon_run_kill(struct daemon_run *run)
{
	if (!daemon_run_is_alive(run))
		return;
	kill(run->pid, SIGKILL);
	waitpid(run->pid, &run->status, 0);
	run->has_ended = true;
}

static long bytes_of(const struct daemon_run *run, const char *name)
{
	struct stat status;
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", run->folder, name);
	return stat(path, &status) == 0 ? (long)status.st_size : 0;
}

long daemon_run_said(const struct daemon_run *run)
{
	return bytes_of(run, "stderr");
}

long daemon_run_store_bytes(const struct daemon_run *run)
{
	return bytes_of(run, "store/state.db") + bytes_of(run, "store/state.db-wal");
}

bool daemon_run_says(const struct daemon_run *run, long from, const char *text)
{
	char path[128];
	char line[1024];
	bool result = false;
	FILE *file = NULL;

	snprintf(path, sizeof(path), "%s/stderr", run->folder);
	file = fopen(path, "r");
	if (file == NULL)
		return false;
	fseek(file, from, SEEK_SET);
	while (!result && fgets(line, sizeof(line), file) != NULL)
		result = strstr(line, text) != NULL;
	fclose(file);
	return result;
}

bool daemon_run_report(const struct daemon_run *run, int lines)
{
	char line[1024];
	bool has_report = false;
	FILE *file = NULL;

	snprintf(line, sizeof(line), "%s/stderr", run->folder);
	file = fopen(line, "r");
	if (file == NULL)
		return false;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strstr(line, "Sanitizer") != NULL || strstr(line, "runtime error") != NULL)
			has_report = true;
		if (lines-- > 0)
			fprintf(stderr, "	%s", line);
	}
	fclose(file);
	return has_report;
}
