/* One line of the log for the limits that were hit since the last look: a flood that is refused in
 * silence must not go unseen, and must not flood the log either. */
#include <inttypes.h>

#include "base/buf.h"
#include "base/log.h"
#include "daemon_parts.h"
#include "settings.h"

struct look {
	uint64_t *seen; /* hits at the last look, in the order of the table */
	size_t at;
	struct buf names;
};

static void add_new(const char *name, int64_t value, uint64_t hits, const char *what, void *arg)
{
	struct look *look = arg;
	uint64_t *seen = &look->seen[look->at++];

	(void)value;
	(void)what;
	if (hits > *seen)
		buf_printf(&look->names, " %s=%" PRIu64, name, hits - *seen);
	*seen = hits;
}

void daemon_tell_limits(struct parts *parts)
{
	struct look look = {.seen = parts->limits_seen, .names = BUF_INIT};

	limits_each(&(*parts->settings)->limits, &parts->counters.limits, add_new, &look);
	if (look.names.len != 0)
		log_warning("limits: hit since the last look:%s (what they bound: sipxmppd.cfg(5), "
			    "limits)",
			    buf_text(&look.names));
	buf_free(&look.names);
}
