/* What answers and reasons mean; see interest_rules.h. */
#include "sip/interest_rules.h"

#include <stddef.h>
#include <strings.h>

enum {
	REFRESH_MARGIN_S = 40,
	EXPIRES_ABSURD_S = 86400,
	RETRY_ABSURD_S = 86400, /* SIP-064 */
	GIVEUP_PAUSE_S = 3600,  /* PRES-170 */
	PROBATION_PAUSE_S = 60  /* PRES-167 */
};

static struct interest_rule rule(enum interest_next next, enum watch_answer answer,
				 unsigned retry_after_s)
{
	return (struct interest_rule){next, true, answer, retry_after_s};
}

static struct interest_rule silent(enum interest_next next, unsigned retry_after_s)
{
	return (struct interest_rule){next, false, WATCH_FAILED, retry_after_s};
}

static bool is_no_such(int status)
{
	static const short list[] = {404, 405, 410, 484, 489, 501, 604};

	for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
		if (list[i] == status)
			return true;
	return false;
}

/* PRES-031; and 481, 500 (AST-2) and silence by D-25. */
static bool ends_dialog(int status)
{
	return is_no_such(status) || status == 408 || status == 416 ||
	       (status >= 480 && status <= 485) || status == 500;
}

struct interest_rule interest_rule_for_status(int status, bool is_local, bool is_refresh,
					      unsigned retry_after_s)
{
	if (is_local && status == 408)
		return rule(is_refresh ? NEXT_SOON : NEXT_BACKOFF, WATCH_FAILED, 0);
	if (is_local)
		return is_refresh ? silent(NEXT_IN_DIALOG, 0) : rule(NEXT_BACKOFF, WATCH_FAILED, 0);
	if (status == 403 || status == 603)
		return rule(NEXT_SLOW, WATCH_FORBIDDEN, retry_after_s);
	if (status == 401 || status == 407) /* PRES-035 */
		return is_refresh ? silent(NEXT_IN_DIALOG, 0) : rule(NEXT_SLOW, WATCH_FAILED, 0);
	if (is_refresh && ends_dialog(status))
		return rule(NEXT_SOON, WATCH_FAILED, retry_after_s);
	if (is_refresh)
		return silent(NEXT_IN_DIALOG, retry_after_s);
	if (is_no_such(status))
		return rule(NEXT_SLOW, WATCH_NO_SUCH, retry_after_s);
	return rule(NEXT_BACKOFF, WATCH_FAILED, retry_after_s);
}

struct interest_rule interest_rule_for_reason(const char *reason, unsigned retry_after_s)
{
	if (retry_after_s > RETRY_ABSURD_S)
		retry_after_s = RETRY_ABSURD_S;
	if (reason == NULL)
		return rule(NEXT_BACKOFF, WATCH_FAILED, retry_after_s);
	if (strcasecmp(reason, "rejected") == 0)
		return rule(NEXT_NEVER, WATCH_REJECTED, 0);
	if (strcasecmp(reason, "deactivated") == 0 || strcasecmp(reason, "timeout") == 0)
		return silent(NEXT_SOON, 0);
	if (strcasecmp(reason, "noresource") == 0) /* D-15 */
		return silent(NEXT_SOON, 0);
	if (strcasecmp(reason, "probation") == 0)
		return rule(NEXT_BACKOFF, WATCH_FAILED,
			    retry_after_s != 0 ? retry_after_s : PROBATION_PAUSE_S);
	if (strcasecmp(reason, "giveup") == 0)
		return silent(NEXT_BACKOFF, retry_after_s != 0 ? retry_after_s : GIVEUP_PAUSE_S);
	if (strcasecmp(reason, "invariant") == 0) /* PRES-172: the last state stays */
		return silent(NEXT_NEVER, 0);
	if (strcasecmp(reason, "badfilter") == 0)
		return rule(NEXT_SLOW, WATCH_FAILED, 0);
	return rule(NEXT_BACKOFF, WATCH_FAILED, retry_after_s); /* PRES-173 */
}

uint64_t interest_refresh_in_ms(uint64_t life_s, uint8_t random255)
{
	uint64_t life_ms = life_s * 1000;
	uint64_t margin_ms = life_ms / 10;
	uint64_t jitter_ms = life_ms / 20 * random255 / 255;

	if (margin_ms < REFRESH_MARGIN_S * 1000)
		margin_ms = REFRESH_MARGIN_S * 1000;
	if (margin_ms + jitter_ms > life_ms / 2)
		return life_ms / 2;
	return life_ms - margin_ms - jitter_ms;
}

unsigned interest_raise(unsigned asked_s, unsigned min_expires_s)
{
	unsigned next = min_expires_s > asked_s ? min_expires_s : asked_s * 2; /* EVT-018 */

	return next > EXPIRES_ABSURD_S ? 0 : next;
}
