/* Network addresses; see net_address.h. */
#include "sip/net_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <sofia-sip/url.h>

#include "base/buf.h"

static void set_v4(struct net_address *out, const void *bytes)
{
	out->family = 4;
	memcpy(out->bytes, bytes, 4);
}

void net_address_from_sockaddr(struct net_address *out, const struct sockaddr *from)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	memset(out, 0, sizeof *out);
	if (from->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)from;

		set_v4(out, &in->sin_addr);
		out->port = ntohs(in->sin_port);
	} else if (from->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)from;

		out->port = ntohs(in6->sin6_port);
		if (memcmp(&in6->sin6_addr, mapped, 12) == 0) {
			set_v4(out, (const uint8_t *)&in6->sin6_addr + 12);
			return;
		}
		out->family = 6;
		memcpy(out->bytes, &in6->sin6_addr, 16);
	}
}

socklen_t net_address_to_sockaddr(const struct net_address *address, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof *out);
	if (address->family == 4) {
		struct sockaddr_in *in = (void *)out;

		in->sin_family = AF_INET;
		in->sin_port = htons(address->port);
		memcpy(&in->sin_addr, address->bytes, 4);
		return sizeof *in;
	}
	struct sockaddr_in6 *in6 = (void *)out;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(address->port);
	memcpy(&in6->sin6_addr, address->bytes, 16);
	return sizeof *in6;
}

bool net_address_parse(struct net_address *out, const char *text)
{
	char copy[INET6_ADDRSTRLEN + 2];
	size_t len = strlen(text);

	memset(out, 0, sizeof *out);
	if (len >= sizeof copy)
		return false;
	memcpy(copy, text, len + 1);
	if (len > 2 && copy[0] == '[' && copy[len - 1] == ']') {
		copy[len - 1] = '\0';
		memmove(copy, copy + 1, len - 1);
	} else if (inet_pton(AF_INET, copy, out->bytes) == 1) {
		out->family = 4;
		return true;
	}
	if (inet_pton(AF_INET6, copy, out->bytes) != 1)
		return false;
	out->family = 6;
	return true;
}

bool net_block_parse(struct net_block *out, const char *text)
{
	const char *slash = strchr(text, '/');
	char copy[64];
	unsigned most;

	if (slash == NULL) {
		if (!net_address_parse(&out->base, text))
			return false;
		out->bits = out->base.family == 4 ? 32 : 128;
		return true;
	}
	if ((size_t)(slash - text) >= sizeof copy)
		return false;
	memcpy(copy, text, (size_t)(slash - text));
	copy[slash - text] = '\0';
	if (!net_address_parse(&out->base, copy))
		return false;
	char *end;
	unsigned long bits = strtoul(slash + 1, &end, 10);

	most = out->base.family == 4 ? 32 : 128;
	if (slash[1] < '0' || slash[1] > '9' || *end != '\0' || bits > most)
		return false;
	out->bits = (unsigned)bits;
	return true;
}

bool net_block_has(const struct net_block *block, const struct net_address *address)
{
	unsigned whole = block->bits / 8;
	unsigned rest = block->bits % 8;

	if (block->base.family != address->family)
		return false;
	if (memcmp(block->base.bytes, address->bytes, whole) != 0)
		return false;
	if (rest == 0)
		return true;
	uint8_t mask = (uint8_t)(0xff << (8 - rest));

	return (block->base.bytes[whole] & mask) == (address->bytes[whole] & mask);
}

bool net_address_same_host(const struct net_address *a, const struct net_address *b)
{
	return a->family == b->family && a->family != 0 &&
	       memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : 16) == 0;
}

static bool is_in(const struct net_address *address, const char *const *blocks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct net_block block;

		if (net_block_parse(&block, blocks[i]) && net_block_has(&block, address))
			return true;
	}
	return false;
}

bool net_address_is_loopback(const struct net_address *address)
{
	static const char *const blocks[] = {"127.0.0.0/8", "::1"};

	return is_in(address, blocks, 2);
}

bool net_address_is_private(const struct net_address *address)
{
	static const char *const blocks[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
					     "fc00::/7"};

	return net_address_is_loopback(address) || is_in(address, blocks, 4);
}

bool net_address_is_unusable(const struct net_address *address)
{
	static const char *const blocks[] = {"0.0.0.0/8",    "169.254.0.0/16",
					     "224.0.0.0/4",  "240.0.0.0/4",
					     "::",           "::/96",
					     "fe80::/10",    "ff00::/8",
					     "::ffff:0:0/96"};

	if (net_address_is_loopback(address))
		return false;
	return is_in(address, blocks, sizeof blocks / sizeof blocks[0]);
}

size_t net_address_bucket(const struct net_address *address, uint8_t out[16])
{
	size_t len = address->family == 4 ? 4 : 8;

	memcpy(out, address->bytes, len);
	return len;
}

void net_address_print(const struct net_address *address, struct buf *out)
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(address->family == 4 ? AF_INET : AF_INET6, address->bytes, text, sizeof text);
	if (address->family == 6)
		buf_putc(out, '[');
	buf_puts(out, text);
	if (address->family == 6)
		buf_putc(out, ']');
}

void net_address_text(const struct net_address *address, char out[NET_ADDRESS_TEXT_MAX])
{
	struct buf text = BUF_INIT;

	net_address_print(address, &text);
	(void)snprintf(out, NET_ADDRESS_TEXT_MAX, "%s:%u", buf_text(&text), address->port);
	buf_free(&text);
}

bool net_address_from_text(struct net_address *out, const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon != NULL ? (size_t)(colon - text) : 0;
	char host[NET_ADDRESS_TEXT_MAX];
	unsigned long port;
	char *end;

	if (len == 0 || len >= sizeof host || colon[1] < '0' || colon[1] > '9')
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	port = strtoul(colon + 1, &end, 10);
	if (port > 65535 || *end != '\0' || !net_address_parse(out, host))
		return false;
	/* Without brackets the last group of an IPv6 address would be the port. */
	if (out->family == 6 && host[0] != '[')
		return false;
	out->port = (uint16_t)port;
	return true;
}

int net_address_local_toward(const struct net_address *remote, struct net_address *out)
{
	struct sockaddr_storage to, own;
	struct net_address target = *remote;
	socklen_t len, own_len = sizeof own;
	int error = 0;
	int fd;

	if (target.port == 0)
		target.port = 5060;
	len = net_address_to_sockaddr(&target, &to);
	fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	if (connect(fd, (struct sockaddr *)&to, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&own, &own_len) < 0)
		error = errno;
	else
		net_address_from_sockaddr(out, (struct sockaddr *)&own);
	close(fd);
	return error;
}

static bool read_transport(struct uri_parts *out, const url_t *url)
{
	isize_t n;

	if (url->url_params == NULL)
		return true;
	n = url_param(url->url_params, "transport", out->transport, sizeof out->transport);
	if (n < 0 || (size_t)n > sizeof out->transport)
		return false;
	for (char *c = out->transport; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	out->has_lr = url_has_param(url, "lr") != 0;
	out->has_maddr = url_has_param(url, "maddr") != 0;
	return true;
}

bool uri_parts_read(struct uri_parts *out, const char *uri)
{
	char copy[1024];
	url_t url;
	size_t len = strlen(uri);

	memset(out, 0, sizeof *out);
	if (len >= sizeof copy)
		return false;
	memcpy(copy, uri, len + 1);
	if (url_d(&url, copy) < 0 || url.url_host == NULL)
		return false;
	if (url.url_type != url_sip && url.url_type != url_sips)
		return false;
	out->is_sips = url.url_type == url_sips;
	size_t host_len = strlen(url.url_host);
	const char *host = url.url_host;

	if (host_len >= 2 && host[0] == '[' && host[host_len - 1] == ']') {
		host++;
		host_len -= 2;
	}
	if (host_len == 0 || host_len >= sizeof out->host)
		return false;
	memcpy(out->host, host, host_len);
	out->host[host_len] = '\0';
	if (url.url_port != NULL && url.url_port[0] != '\0') {
		unsigned long port = strtoul(url.url_port, NULL, 10);

		if (port == 0 || port > 65535)
			return false;
		out->port = (uint16_t)port;
	}
	return read_transport(out, &url);
}
