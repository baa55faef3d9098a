/* Silence for STUN; see silent_stun.h. */
#include "sip/silent_stun.h"

struct silence;
#define TPORT_STUN_SERVER_T struct silence

#include <sofia-sip/su_wait.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/tport.h>
#include <sofia-sip/tport_plugins.h>

/* Sofia only asks whether there is one. */
struct silence {
	int nothing;
};

static struct silence *mute_create(su_root_t *root, tagi_t const *tags)
{
	static struct silence silence;

	(void)root;
	(void)tags;
	return &silence;
}

static void mute_destroy(struct silence *mute)
{
	(void)mute;
}

static int mute_socket(struct silence *mute, su_socket_t socket)
{
	(void)mute;
	(void)socket;
	return 0;
}

static void mute_request(struct silence *mute, su_socket_t socket, void *request, ssize_t len,
			 void *address, socklen_t address_len)
{
	(void)mute;
	(void)socket;
	(void)request;
	(void)len;
	(void)address;
	(void)address_len;
}

void silent_stun_start(void)
{
	static const tport_stun_server_vtable_t table = {
		/* The library refuses a table whose size is not larger than its own. */
		.vst_size = sizeof table + 1,     .vst_create = mute_create,
		.vst_destroy = mute_destroy,      .vst_add_socket = mute_socket,
		.vst_remove_socket = mute_socket, .vst_request = mute_request,
	};

	(void)tport_plug_in_stun_server(&table); /* a second time it is there already */
}
