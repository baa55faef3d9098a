/* Certificates: whatever they say, the names that come out are names. [SIP-099] [SEC-110] */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "sip/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > CERTIFICATE_NAME_MAX || strchr(name, '*') != NULL)
		abort();
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] >= 0x7f || isupper((unsigned char)name[i]))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const unsigned char *at = data;
	X509 *certificate = d2i_X509(NULL, &at, (long)size);
	struct certificate_names names;

	if (certificate != NULL) {
		certificate_names_read(&names, certificate);
		if (names.count > CERTIFICATE_NAMES_MAX)
			abort();
		for (size_t i = 0; i < names.count; i++) {
			check_name(names.items[i]);
			if (!certificate_names_have(&names, names.items[i]))
				abort();
		}
		certificate_names_clear(&names);
		(void)certificate_is_for_sip(certificate);
		(void)certificate_days_left(certificate, 1767225600);
		X509_free(certificate);
	}
	ERR_clear_error();
	return 0;
}
