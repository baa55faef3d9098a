/* The verbs about messages, reports, typing and the queue. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "scenario/scenario_private.h"
#include "scenario/scenario_words.h"
#include "support/fake_side.h"

/* Words --------------------------------------------------------------------------------------- */

bool scenario_ends_read(char **words, struct ends *out)
{
	*out = (struct ends){0};
	if (!scenario_address(words[0], &out->watcher) ||
	    !scenario_address(words[1], &out->watched))
		return false;
	out->watch = (struct watch){.watcher = &out->watcher, .watched = &out->watched};
	return true;
}

void scenario_ends_clear(struct ends *ends)
{
	address_clear(&ends->watcher);
	address_clear(&ends->watched);
}

bool scenario_side(const char *word, enum side *out)
{
	*out = strcmp(word, "sip") == 0 ? SIDE_SIP : SIDE_XMPP;
	return *out == SIDE_SIP || strcmp(word, "xmpp") == 0;
}

/* The verbs ------------------------------------------------------------------------------------ */

const char *scenario_do_message(struct scenario *scenario, int count, char **words)
{
	struct message value;
	struct ends ends;
	enum side origin;

	if (count < 5 || !scenario_side(words[1], &origin) || !scenario_ends_read(&words[2], &ends))
		return "message sip|xmpp FROM TO \"text\" [BYTES] [FACT...]";
	if (!scenario_message(count - 4, &words[4], &value))
		return "this is no message";
	if (value.uid == NULL) {
		struct buf uid = BUF_INIT;

		buf_printf(&uid, "u%" PRIu64, scenario->messages + 1);
		value.uid = buf_take(&uid);
	}
	fake_side_reporting(scenario->sides[origin], true);
	bridge_message(scenario->bridge, origin, ++scenario->messages, &ends.watcher, &ends.watched,
		       &value);
	fake_side_reporting(scenario->sides[origin], false);
	message_clear(&value);
	scenario_ends_clear(&ends);
	return NULL;
}

/* NAME [path|few|held] [SECONDS of Retry-After] */
static void read_fault(int count, char **words, struct fault *out)
{
	fault_set(out, fault_from_name(words[0]), NULL);
	for (int i = 1; i < count; i++) {
		if (strcmp(words[i], "path") == 0)
			out->again = AGAIN_PATH;
		else if (strcmp(words[i], "few") == 0)
			out->again = AGAIN_FEW;
		else if (strcmp(words[i], "held") == 0)
			out->again = AGAIN_HELD;
		else
			out->retry_after_s = (int)strtol(words[i], NULL, 10);
	}
}

const char *scenario_do_outcome(struct scenario *scenario, int count, char **words)
{
	struct fault fault;
	enum side side = words[1][0] == 's' ? SIDE_SIP : SIDE_XMPP;
	exchange_id x = count < 3 ? 0 : fake_side_exchange(scenario->sides[side], words[1]);

	if (x == 0)
		return "outcome mN|sN|xN taken|stored|refused|unknown [FAULT [path|few|held] "
		       "[SECONDS]]";
	for (int i = OUTCOME_TAKEN; i <= OUTCOME_UNKNOWN; i++) {
		enum outcome value = (enum outcome)i;

		if (strcmp(words[2], fake_outcome_name(value)) != 0)
			continue;
		if (count > 3)
			read_fault(count - 3, &words[3], &fault);
		bridge_outcome(scenario->bridge, x, value, count > 3 ? &fault : NULL);
		return NULL;
	}
	return "there is no such outcome";
}

/* typing sip|xmpp FROM TO active|idle [SECONDS] */
const char *scenario_do_typing(struct scenario *scenario, int count, char **words)
{
	struct typing value = {0};
	struct ends ends;
	enum side origin;

	if (count < 5 || !scenario_side(words[1], &origin) || !scenario_ends_read(&words[2], &ends))
		return "typing sip|xmpp FROM TO active|idle [SECONDS]";
	value.is_active = strcmp(words[4], "active") == 0;
	value.refresh_s = count > 5 ? (int)strtol(words[5], NULL, 10) : 0;
	fake_side_reporting(scenario->sides[origin], true);
	bridge_typing(scenario->bridge, origin, &ends.watcher, &ends.watched, &value);
	fake_side_reporting(scenario->sides[origin], false);
	scenario_ends_clear(&ends);
	return NULL;
}

/* report sip|xmpp FROM TO UID delivered|failed|displayed|processed [FAULT] */
const char *scenario_do_report(struct scenario *scenario, int count, char **words)
{
	struct fault fault;
	struct ends ends;
	enum side origin;
	int kind = 0;

	if (count < 6 || !scenario_side(words[1], &origin) || !scenario_ends_read(&words[2], &ends))
		return "report sip|xmpp FROM TO UID KIND [FAULT]";
	while (kind <= REPORT_PROCESSED &&
	       strcmp(words[5], fake_report_name((enum report_kind)kind)) != 0)
		kind++;
	if (count > 6)
		fault_set(&fault, fault_from_name(words[6]), NULL);
	fake_side_reporting(scenario->sides[origin], true);
	if (kind <= REPORT_PROCESSED)
		bridge_report(scenario->bridge, origin, &ends.watcher, &ends.watched, words[4],
			      (enum report_kind)kind, count > 6 ? &fault : NULL);
	fake_side_reporting(scenario->sides[origin], false);
	scenario_ends_clear(&ends);
	return kind <= REPORT_PROCESSED ? NULL : "delivered, failed, displayed or processed";
}

static void record_queued(const struct queued_message *message, void *arg)
{
	static const char *const states[] = {
		[QUEUED_READY] = "",       [QUEUED_BEHIND] = " behind",
		[QUEUED_WAITS] = " waits", [QUEUED_NO_LINK] = " no-link",
		[QUEUED_SENT] = " sent",   [QUEUED_ASIDE] = " quarantined"};
	struct buf out = BUF_INIT;

	buf_puts(&out, "= ");
	fake_address_text(message->from, &out);
	buf_putc(&out, ' ');
	fake_address_text(message->to, &out);
	buf_printf(&out, " %s %s", message->what == MESSAGE_TEXT ? "text" : "report", message->uid);
	if (message->last[0] != '\0')
		buf_printf(&out, " %s", message->last);
	buf_puts(&out, states[message->state]);
	if ((message->state == QUEUED_WAITS) != (message->next_ms > 0))
		buf_puts(&out, " but for how long?");
	scenario_record(buf_text(&out), arg);
	buf_free(&out);
}

const char *scenario_do_show_queue(struct scenario *scenario, int count, char **words)
{
	(void)count;
	(void)words;
	bridge_each_queued(scenario->bridge, record_queued, scenario);
	return NULL;
}

const char *scenario_do_drop(struct scenario *scenario, int count, char **words)
{
	int error = count == 2 ? bridge_drop_aside(scenario->bridge, words[1]) : EINVAL;

	if (error == EINVAL)
		return "drop UID";
	scenario_record(error == 0 ? "= dropped" : "= not dropped", scenario);
	return NULL;
}

/* REL-060: everything that was accepted is somewhere. */
const char *scenario_do_check_sums(struct scenario *scenario, int count, char **words)
{
	const struct counters *c = &scenario->counters;
	struct queue_facts facts;
	uint64_t in = c->messages_from_sip + c->messages_from_xmpp;
	uint64_t out = c->messages_to_sip + c->messages_to_xmpp + c->messages_refused +
		       c->messages_unknown + c->messages_expired + c->messages_late +
		       c->messages_quarantined;
	struct buf line = BUF_INIT;

	(void)count;
	(void)words;
	bridge_queue_facts(scenario->bridge, &facts);
	buf_printf(&line, "= %" PRIu64 " accepted, %" PRIu64 " ended, %zu queued", in, out,
		   facts.texts);
	scenario_record(buf_text(&line), scenario);
	buf_free(&line);
	return in == out + facts.texts ? NULL : "the sums do not match";
}
