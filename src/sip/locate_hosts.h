/* Names in /etc/hosts: the resolver library reads only the DNS. */
#pragma once

#include <stddef.h>

struct net_address;

/* Addresses of name in the file at path (NULL: /etc/hosts), at most max. Returns how many. */
size_t locate_hosts(const char *path, const char *name, struct net_address *out, size_t max);
