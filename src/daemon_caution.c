/* A cautious run (REL-016): after several crashes within a minute the daemon is up and useful, but
 * begins nothing new. What was under way at the crashes is the queue's affair (REL-006). */
#include "base/log.h"
#include "core/bridge.h"
#include "daemon_parts.h"
#include "loop/loop.h"
#include "settings.h"
#include "store/store.h"

enum { CRASHES = 3 };

static void calm(void *arg)
{
	struct parts *parts = arg;

	parts->is_cautious = false;
	bridge_set_cautious(parts->bridge, false);
	log_notice("daemon: no crash since the start, new subscriptions are taken again");
}

void daemon_run_with_caution(struct parts *parts)
{
	unsigned crashes = store_crashes(parts->store);
	int64_t caution_s = (*parts->settings)->caution_s;

	if (crashes < CRASHES || caution_s == 0)
		return;
	log_err("daemon: crashed %u times within %d s: new subscriptions are refused for %lld s, "
		"messages and what lives go on; report it with the log since before the first "
		"crash, the version (-V) and the configuration without its secrets",
		crashes, (int)STORE_CRASH_WINDOW_S, (long long)caution_s);
	parts->is_cautious = true;
	bridge_set_cautious(parts->bridge, true);
	loop_timer_set(parts->loop, &parts->caution_timer, (uint64_t)caution_s * 1000, calm, parts);
}
