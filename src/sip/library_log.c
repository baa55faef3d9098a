/* Sofia's log through ours; see library_log.h. */
#include "sip/library_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <sofia-sip/su_log.h>

#include "base/log.h"

/* Library lines say nothing an operator could act on; what matters is logged by our own code. */
static void write_line(void *stream, char const *format, va_list arguments)
{
	char line[512];
	int len;

	(void)stream;
	if (log_get_level() < LOG_LEVEL_DEBUG)
		return;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	len = vsnprintf(line, sizeof line, format, arguments);
#pragma GCC diagnostic pop
	if (len <= 0)
		return;
	line[strcspn(line, "\n")] = '\0';
	log_debug("library: %s", log_safe(line));
}

void library_log_redirect(void)
{
	su_log_redirect(NULL, write_line, NULL);
	su_log_set_level(NULL, 3);
}
