/* Silence for STUN; see stun_mute.h. */
#include "sip/stun_mute.h"

struct stun_mute;
#define TPORT_STUN_SERVER_T struct stun_mute

#include <sofia-sip/su_wait.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/tport.h>
#include <sofia-sip/tport_plugins.h>

/* Sofia only asks whether there is one. */
struct stun_mute {
	int nothing;
};

static struct stun_mute *mute_create(su_root_t *root, tagi_t const *tags)
{
	static struct stun_mute mute;

	(void)root;
	(void)tags;
	return &mute;
}

static void mute_destroy(struct stun_mute *mute)
{
	(void)mute;
}

static int mute_socket(struct stun_mute *mute, su_socket_t socket)
{
	(void)mute;
	(void)socket;
	return 0;
}

static void mute_request(struct stun_mute *mute, su_socket_t socket, void *request, ssize_t len,
			 void *address, socklen_t address_len)
{
	(void)mute;
	(void)socket;
	(void)request;
	(void)len;
	(void)address;
	(void)address_len;
}

void stun_mute(void)
{
	static const tport_stun_server_vtable_t table = {
		/* The library refuses a table whose size is not larger than its own. */
		.vst_size = sizeof table + 1,
		.vst_create = mute_create,
		.vst_destroy = mute_destroy,
		.vst_add_socket = mute_socket,
		.vst_remove_socket = mute_socket,
		.vst_request = mute_request,
	};

	(void)tport_plug_in_stun_server(&table); /* a second time it is there already */
}
