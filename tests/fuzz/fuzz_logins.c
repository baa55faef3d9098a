/* The file of logins (sip.logins_file): it is taken, or refused with a reason.
 * [SEC-110] */
#include <sys/stat.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "settings.h"
#include "settings_private.h"
#include "sip/sip_side.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[64];
static int fd = -1;

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

static void tear_down(void)
{
	unlink(path);
}

static void set_up(void)
{
	const char *tmp = getenv("TMPDIR");
	bool in_memory = tmp == NULL && access("/dev/shm", W_OK) == 0;

	if (tmp == NULL)
		tmp = in_memory ? "/dev/shm" : "/tmp";
	snprintf(path, sizeof path, "%s/sx-fuzz-XXXXXX", tmp);
	fd = mkstemp(path);
	expect(fd >= 0 && fchmod(fd, 0600) == 0);
	atexit(tear_down);
}

static void write_config(struct buf *out)
{
	buf_printf(out,
		   "xmpp: { component = \"sip.chat.example\"; secret = \"s\"; };\n"
		   "sip: { listen = [\"sip:127.0.0.1:5060\"]; logins_file = \"%s\"; };\n"
		   "domains: ({ xmpp = \"sip.chat.example\"; sip = \"pbx.example\"; });\n",
		   path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings *settings = NULL;
	struct buf text = BUF_INIT;
	struct buf report = BUF_INIT;
	int error;

	if (fd < 0)
		set_up();
	expect(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	write_config(&text);
	error = settings_load_text(&settings, "/nonexistent/x.cfg", buf_text(&text), text.len,
				   &report);
	expect(error == 0 ? settings != NULL : settings == NULL && report.len > 0);
	if (error == 0)
		settings_describe(settings, &report);
	settings_free(&settings);
	buf_free(&report);
	buf_free(&text);
	return 0;
}
