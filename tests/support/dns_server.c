/* A scripted DNS server; see dns_server.h (RFC 1035 section 4, RFC 2782, RFC 3403). */
#include "support/dns_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "loop/loop.h"

enum {
	TYPE_A = 1,
	TYPE_AAAA = 28,
	TYPE_SRV = 33,
	TYPE_NAPTR = 35,
	CLASS_IN = 1,
	RECORDS_MAX = 64,
	ASKED_MAX = 2048,
	HEADER_BYTES = 12
};

struct record {
	char name[256];
	uint16_t type;
	uint32_t ttl_s;
	struct buf data;
};

struct dns_server {
	struct loop *loop;
	int fd;
	char conf[64];
	struct record records[RECORDS_MAX];
	size_t count;
	struct {
		char name[256];
		uint16_t type;
	} asked[ASKED_MAX];
	size_t asked_count;
	bool is_mute;
	bool is_failing;
};

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "dns_server: %s\n", what);
	abort();
}

static void put16(struct buf *out, unsigned value)
{
	buf_putc(out, (char)(value >> 8));
	buf_putc(out, (char)(value & 255));
}

static void put32(struct buf *out, uint32_t value)
{
	put16(out, value >> 16);
	put16(out, value & 0xffff);
}

static void put_name(struct buf *out, const char *name)
{
	while (*name != '\0') {
		size_t len = strcspn(name, ".");

		buf_putc(out, (char)len);
		buf_append(out, name, len);
		name += len + (name[len] == '.');
	}
	buf_putc(out, '\0');
}

static void put_string(struct buf *out, const char *text)
{
	buf_putc(out, (char)strlen(text));
	buf_puts(out, text);
}

/* Answers -------------------------------------------------------------------------------------- */

static bool read_name(const uint8_t *from, size_t len, char out[256], size_t *used)
{
	size_t at = HEADER_BYTES, to = 0;

	while (at < len && from[at] != 0) {
		size_t part = from[at++];

		if (part > 63 || at + part > len || to + part + 2 > 256)
			return false;
		memcpy(out + to, from + at, part);
		to += part;
		out[to++] = '.';
		at += part;
	}
	out[to != 0 ? to - 1 : 0] = '\0';
	*used = at + 1;
	return at + 5 <= len;
}

static unsigned put_answers(const struct dns_server *server, const char *name, uint16_t type,
			    bool *is_known, struct buf *out)
{
	unsigned count = 0;

	for (size_t i = 0; i < server->count; i++) {
		const struct record *record = &server->records[i];

		if (strcasecmp(record->name, name) != 0)
			continue;
		*is_known = true;
		if (record->type != type)
			continue;
		put16(out, 0xc000 | HEADER_BYTES);
		put16(out, record->type);
		put16(out, CLASS_IN);
		put32(out, record->ttl_s);
		put16(out, (unsigned)record->data.len);
		buf_append(out, record->data.data, record->data.len);
		count++;
	}
	return count;
}

static void note(struct dns_server *server, const char *name, uint16_t type)
{
	if (server->asked_count == ASKED_MAX)
		return;
	snprintf(server->asked[server->asked_count].name, 256, "%s", name);
	server->asked[server->asked_count++].type = type;
}

static void answer(struct dns_server *server, const uint8_t *question, size_t len,
		   const struct sockaddr_in *to)
{
	struct buf out = BUF_INIT, answers = BUF_INIT;
	bool is_known = false;
	char name[256];
	size_t used;
	unsigned count;
	uint16_t type;

	if (len < HEADER_BYTES || !read_name(question, len, name, &used))
		return;
	type = (uint16_t)(question[used] << 8 | question[used + 1]);
	note(server, name, type);
	if (server->is_mute)
		return;
	count = put_answers(server, name, type, &is_known, &answers);
	buf_append(&out, question, 2);
	if (server->is_failing)
		count = 0;
	put16(&out, server->is_failing ? 0x8582 : (is_known ? 0x8580 : 0x8583));
	put16(&out, 1);
	put16(&out, count);
	put16(&out, 0);
	put16(&out, 0);
	buf_append(&out, question + HEADER_BYTES, used + 4 - HEADER_BYTES);
	if (!server->is_failing)
		buf_append(&out, buf_text(&answers), answers.len);
	(void)!sendto(server->fd, out.data, out.len, 0, (const struct sockaddr *)(const void *)to,
		      sizeof *to);
	buf_free(&answers);
	buf_free(&out);
}

static void on_ready(int fd, unsigned events, void *arg)
{
	struct dns_server *server = arg;
	struct sockaddr_in from;
	uint8_t question[1024];

	(void)events;
	for (;;) {
		socklen_t size = sizeof from;
		ssize_t len = recvfrom(fd, question, sizeof question, 0,
				       (struct sockaddr *)(void *)&from, &size);

		if (len < 0)
			return;
		answer(server, question, (size_t)len, &from);
	}
}

/* The script ----------------------------------------------------------------------------------- */

static struct buf *add(struct dns_server *server, const char *name, uint16_t type, uint32_t ttl_s)
{
	struct record *record = &server->records[server->count];

	must(server->count < RECORDS_MAX, "too many records");
	server->count++;
	snprintf(record->name, sizeof record->name, "%s", name);
	record->type = type;
	record->ttl_s = ttl_s;
	return &record->data;
}

void dns_server_a(struct dns_server *server, const char *name, uint32_t ttl_s, const char *address)
{
	struct in_addr bytes;

	must(inet_pton(AF_INET, address, &bytes) == 1, "no address");
	buf_append(add(server, name, TYPE_A, ttl_s), &bytes, 4);
}

void dns_server_aaaa(struct dns_server *server, const char *name, uint32_t ttl_s,
		     const char *address)
{
	struct in6_addr bytes;

	must(inet_pton(AF_INET6, address, &bytes) == 1, "no address");
	buf_append(add(server, name, TYPE_AAAA, ttl_s), &bytes, 16);
}

void dns_server_srv(struct dns_server *server, const char *name, uint32_t ttl_s, uint16_t priority,
		    uint16_t weight, uint16_t port, const char *target)
{
	struct buf *data = add(server, name, TYPE_SRV, ttl_s);

	put16(data, priority);
	put16(data, weight);
	put16(data, port);
	put_name(data, target);
}

void dns_server_naptr(struct dns_server *server, const char *name, uint32_t ttl_s, uint16_t order,
		      uint16_t preference, const char *flags, const char *services,
		      const char *replacement)
{
	struct buf *data = add(server, name, TYPE_NAPTR, ttl_s);

	put16(data, order);
	put16(data, preference);
	put_string(data, flags);
	put_string(data, services);
	put_string(data, "");
	put_name(data, replacement);
}

void dns_server_clear(struct dns_server *server)
{
	for (size_t i = 0; i < server->count; i++)
		buf_free(&server->records[i].data);
	server->count = 0;
}

void dns_server_mute(struct dns_server *server, bool is_mute)
{
	server->is_mute = is_mute;
}

size_t dns_server_asked(const struct dns_server *server, uint16_t type, const char *part)
{
	size_t count = 0;

	for (size_t i = 0; i < server->asked_count; i++)
		count += (type == 0 || server->asked[i].type == type) &&
			 (part == NULL || strstr(server->asked[i].name, part) != NULL);
	return count;
}

static void write_conf(struct dns_server *server, uint16_t port)
{
	FILE *file;
	int fd;

	strcpy(server->conf, "/tmp/sx-resolv-XXXXXX");
	fd = mkstemp(server->conf);
	must(fd >= 0, "no file");
	file = fdopen(fd, "w");
	fprintf(file, "nameserver 127.0.0.1\nport %u\n", port);
	fclose(file);
}

struct dns_server *dns_server_new(struct loop *loop)
{
	struct dns_server *server = mem_zalloc(sizeof *server);
	struct sockaddr_in own = {.sin_family = AF_INET};
	socklen_t size = sizeof own;

	server->loop = loop;
	own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(server->fd >= 0, "no socket");
	must(bind(server->fd, (const struct sockaddr *)(const void *)&own, sizeof own) == 0 &&
		     getsockname(server->fd, (struct sockaddr *)(void *)&own, &size) == 0,
	     "no port");
	must(loop_fd(loop, server->fd, LOOP_READ, on_ready, server) == 0, "no loop");
	write_conf(server, ntohs(own.sin_port));
	return server;
}

void dns_server_free(struct dns_server **server)
{
	if (*server == NULL)
		return;
	(void)loop_fd((*server)->loop, (*server)->fd, 0, NULL, NULL);
	close((*server)->fd);
	unlink((*server)->conf);
	dns_server_clear(*server);
	mem_free(*server);
	*server = NULL;
}

const char *dns_server_conf(const struct dns_server *server)
{
	return server->conf;
}

void dns_server_fail(struct dns_server *server, bool is_failing)
{
	server->is_failing = is_failing;
}
