/* Sofia looks for the socket that fits the family of the next hop, but does not take "[2001:db8::1]"
 * for an IPv6 address there (tport_primary_by_name), so requests over UDP went to the first socket,
 * which is an IPv4 one as soon as there is one: nothing could be sent. Its exported function is
 * replaced by one that knows both forms; its other callers have asked for brackets before. */
#include "sip/ip6_host.h"

#include <arpa/inet.h>

#include <sofia-sip/hostdomain.h>

void ip6_host_hook(void)
{
}

int host_is_ip6_address(char const *string)
{
	struct in6_addr address;

	return inet_pton(AF_INET6, string, &address) == 1 || host_is_ip6_reference(string);
}
