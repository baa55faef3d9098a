/* Which of several sockets a request to an IPv6 address leaves by. */
#pragma once

/* Nothing to be done at run time: calling it makes sure that our host_is_ip6_address() is linked in. */
void ip6_host_hook(void);
