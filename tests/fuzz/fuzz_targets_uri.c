/* Where a URI of a route leads (src/sip/targets_uri.c). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sip/net_address.h"
#include "sip/targets_uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char key[TARGETS_KEY_MAX];
	struct net_address address;
	struct uri_view view;
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (uri_view_read(&view, text, size)) {
		if (view.host_len == 0 || view.host_len > size ||
		    uri_view_key(&view, key) > sizeof key)
			abort();
		(void)uri_view_literal(&view, &address);
	}
	free(text);
	return 0;
}
