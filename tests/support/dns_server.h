/* A scripted DNS server for tests: UDP on a free port of loopback, in the loop of the test. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dns_server;
struct loop;

struct dns_server *dns_server_new(struct loop *loop);
void dns_server_free(struct dns_server **server);
/* A file in the form of resolv.conf that names it; gone with the server. */
const char *dns_server_conf(const struct dns_server *server);

/* One more record; name as it is asked for. */
void dns_server_a(struct dns_server *server, const char *name, uint32_t ttl_s, const char *address);
void dns_server_aaaa(struct dns_server *server, const char *name, uint32_t ttl_s,
		     const char *address);
void dns_server_srv(struct dns_server *server, const char *name, uint32_t ttl_s, uint16_t priority,
		    uint16_t weight, uint16_t port, const char *target);
void dns_server_naptr(struct dns_server *server, const char *name, uint32_t ttl_s, uint16_t order,
		      uint16_t preference, const char *flags, const char *services,
		      const char *replacement);
/* Forgets all records. What is not there is answered with NXDOMAIN. */
void dns_server_clear(struct dns_server *server);
/* Answers nothing any more; and again. */
void dns_server_mute(struct dns_server *server, bool is_mute);
/* Every question is answered SERVFAIL. */
void dns_server_fail(struct dns_server *server, bool is_failing);
/* Questions so far, of a type or (0) all, and for a name that holds part (NULL: any). */
size_t dns_server_asked(const struct dns_server *server, uint16_t type, const char *part);
