/* The configuration file. Secret files are named inside a folder that does not exist. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "settings_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* COMPAT(libconfig 1.5): a text that stands where a syntax error is found is never freed. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings *settings = NULL;
	struct buf text = BUF_INIT;
	struct buf report = BUF_INIT;
	int error;

	buf_append(&text, data, size);
	error = settings_load_text(&settings, "/nonexistent/x.cfg", buf_text(&text), size, &report);
	/* A refusal says why; a success has what the daemon needs. */
	if (error != 0 && (report.len == 0 || settings != NULL))
		abort();
	if (error == 0 && (settings->domain_count == 0 || settings->components[0].secret == NULL ||
			   settings->listen_count == 0))
		abort();
	if (error == 0)
		settings_describe(settings, &report);
	settings_free(&settings);
	buf_free(&report);
	buf_free(&text);
	return 0;
}
