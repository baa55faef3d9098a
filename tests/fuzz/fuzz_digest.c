/* Challenges, credentials and Authentication-Info: what is read can be written and read again.
 * [SIP-053] */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sip/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void try_challenge(const char *text)
{
	static struct digest_challenge one, two;
	struct buf out = BUF_INIT;

	if (digest_challenge_parse(&one, text) == 0 && digest_challenge_format(&one, &out)) {
		check(digest_challenge_parse(&two, buf_text(&out)) == 0);
		check(strcmp(one.realm, two.realm) == 0 && strcmp(one.nonce, two.nonce) == 0);
		check(one.qop == two.qop && one.algorithm == two.algorithm);
	}
	buf_free(&out);
}

static void try_credentials(const char *text)
{
	static struct digest_credentials one, two;
	char response[DIGEST_HEX_MAX + 1];
	struct buf out = BUF_INIT;

	if (digest_credentials_parse(&one, text) == 0 && digest_credentials_format(&one, &out)) {
		check(digest_credentials_parse(&two, buf_text(&out)) == 0);
		check(strcmp(one.username, two.username) == 0 && one.nc == two.nc);
		check(strcmp(one.uri, two.uri) == 0 && strcmp(one.response, two.response) == 0);
		check(digest_expected(&one, "00", "MESSAGE", text, strlen(text), response));
		check(strlen(response) == digest_chars(one.algorithm));
	}
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct digest_info info;
	char *text = mem_strndup((const char *)data, size);

	try_challenge(text);
	try_credentials(text);
	(void)digest_info_parse(&info, text);
	mem_free(text);
	return 0;
}
