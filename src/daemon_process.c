/* Whom the process runs as, and what it leaves behind when it dies (SEC-092, SEC-062). */
#include "daemon_parts.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "core/bridge.h"
#include "loop/loop.h"
#include "ops/service.h"
#include "store/store.h"
#include "settings.h"

enum { AWAY_LONG_S = 90 }; /* D-49 */

/* Memory holds secrets and what people write: no core file, no debugger of another user's. A limit
 * of 0 alone does not bind a core that is piped to a program. */
static void forbid_core(void)
{
	static const struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* True if there is no way back. */
static bool is_dropped(uid_t uid, gid_t gid)
{
	uid_t uids[3];
	gid_t gids[3];

	if (getresuid(&uids[0], &uids[1], &uids[2]) != 0 ||
	    getresgid(&gids[0], &gids[1], &gids[2]) != 0)
		return false;
	for (int i = 0; i < 3; i++) {
		if (uids[i] != uid || gids[i] != gid)
			return false;
	}
	return setuid(0) != 0 && setgid(0) != 0;
}

static int become(const struct passwd *user, gid_t gid)
{
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0) {
		log_err("process: cannot become %s (%s)", user->pw_name, strerror(errno));
		return EX_OSERR;
	}
	if (!is_dropped(user->pw_uid, gid)) {
		log_err("process: the privileges of root could be taken back, ending");
		return EX_OSERR;
	}
	log_notice("process: runs as user=%s uid=%u gid=%u", user->pw_name, (unsigned)user->pw_uid,
		   (unsigned)gid);
	return EX_OK;
}

static int as_root(const struct settings *settings)
{
	const struct passwd *user;
	gid_t gid;

	if (settings->process_user == NULL) {
		log_err("process: started as root; set process.user to the user it is to run as, "
			"or start it as that user (systemd/sipxmppd.service does)");
		return EX_CONFIG;
	}
	user = getpwnam(settings->process_user);
	if (user == NULL) {
		log_err("process: there is no user %s; run: useradd --system %s",
			log_safe(settings->process_user), log_safe(settings->process_user));
		return EX_CONFIG;
	}
	if (user->pw_uid == 0) {
		log_warning("process: runs as root, as process.user says; any other user is "
			    "enough");
		return EX_OK;
	}
	gid = user->pw_gid;
	if (settings->process_group != NULL) {
		const struct group *group = getgrnam(settings->process_group);

		if (group == NULL) {
			log_err("process: there is no group %s", log_safe(settings->process_group));
			return EX_CONFIG;
		}
		gid = group->gr_gid;
	}
	return become(user, gid);
}

/* Not root, and asked to be somebody: only if it is so already. */
static int as_is(const struct settings *settings)
{
	const struct passwd *user;

	if (settings->process_user == NULL)
		return EX_OK;
	user = getpwnam(settings->process_user);
	if (user != NULL && user->pw_uid == geteuid())
		return EX_OK;
	log_err("process: process.user is %s, but it was not started as root and cannot become "
		"that user; start it as root or as %s",
		log_safe(settings->process_user), log_safe(settings->process_user));
	return EX_CONFIG;
}

int daemon_drop_privileges(const struct settings *settings)
{
	int code = geteuid() == 0 ? as_root(settings) : as_is(settings);

	if (code == EX_OK)
		(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (code == EX_OK && !settings->core_dumps)
		forbid_core();
	return code;
}

/* Signs of life
 * ------------------------------------------------------------------------------------- */

static void store_answered(int error, void *arg)
{
	struct parts *parts = arg;

	(void)error; /* a full disk is no reason to be killed */
	parts->is_looking = false;
	parts->store_seen_ms = loop_now(parts->loop);
	service_alive(parts->service);
}

/* D-49: a crash shortly after the start must not make what is old look young to the next one. */
int64_t daemon_alive_s(const struct parts *parts)
{
	int64_t now_s = loop_wall_ms(parts->loop) / 1000;

	return bridge_is_settled(parts->bridge) ? now_s : now_s - AWAY_LONG_S;
}

void daemon_look(void *arg)
{
	struct parts *parts = arg;

	if (parts->store == NULL || parts->is_looking)
		return;
	parts->is_looking = true;
	store_alive(parts->store, daemon_alive_s(parts), store_answered, parts);
}
