/* The queue for operators: what waits, what was set aside, and what failed, in the log. */
#include <errno.h>

#include "base/buf.h"
#include "base/log.h"
#include "core/bridge.h"
#include "daemon_parts.h"
#include "ops/control.h"
#include "ops/json_text.h"

struct listing {
	struct buf *out;
	int as_json;
	size_t count;
	int64_t now_ms;
	const struct address *only; /* at one end; NULL: all */
};

static const char *state_of(const struct queued_message *message)
{
	static const char *const names[] = {
		[QUEUED_READY] = "ready",   [QUEUED_BEHIND] = "behind",
		[QUEUED_WAITS] = "waiting", [QUEUED_NO_LINK] = "no-link",
		[QUEUED_SENT] = "sent",     [QUEUED_ASIDE] = "quarantined"};

	return names[message->state];
}

/* For who reads it; seconds are those of next_ms. */
static const char *words_of(const struct queued_message *message)
{
	static const char *const words[] = {[QUEUED_READY] = "next in turn",
					    [QUEUED_BEHIND] = "behind the one before it",
					    [QUEUED_WAITS] = "tried again in",
					    [QUEUED_NO_LINK] = "waiting for the link",
					    [QUEUED_SENT] = "sent, no answer yet",
					    [QUEUED_ASIDE] =
						    "set aside after crashes, its sender was told"};

	return words[message->state];
}

static void list_json(struct listing *listing, const struct queued_message *message,
		      const char *from, const char *to)
{
	struct buf *out = listing->out;

	buf_puts(out, listing->count > 0 ? ",{\"from\":" : "{\"from\":");
	json_text(out, from);
	buf_puts(out, ",\"to\":");
	json_text(out, to);
	buf_printf(out,
		   ",\"what\":\"%s\",\"uid\":", message->what == MESSAGE_TEXT ? "text" : "report");
	json_text(out, message->uid);
	buf_printf(out,
		   ",\"bytes\":%zu,\"age_s\":%lld,\"left_s\":%lld,\"state\":\"%s\",\"next_s\":%llu",
		   message->bytes, (long long)((listing->now_ms - message->accepted_ms) / 1000),
		   (long long)(message->expires_s - listing->now_ms / 1000), state_of(message),
		   (unsigned long long)(message->next_ms / 1000));
	buf_puts(out, ",\"last\":");
	json_text(out, message->last);
	buf_putc(out, '}');
}

static void list_text(struct listing *listing, const struct queued_message *message,
		      const char *from, const char *to)
{
	struct buf *out = listing->out;

	buf_printf(out, "%s to %s: %s, %zu bytes, %lld s old, %s", from, to,
		   message->what == MESSAGE_TEXT ? "text" : "report", message->bytes,
		   (long long)((listing->now_ms - message->accepted_ms) / 1000), words_of(message));
	if (message->state == QUEUED_WAITS)
		buf_printf(out, " %llu s", (unsigned long long)((message->next_ms + 999) / 1000));
	if (message->last[0] != '\0')
		buf_printf(out, ", last try %s", message->last);
	buf_printf(out, ", uid %s\n", log_safe(message->uid));
}

static void list_message(const struct queued_message *message, void *arg)
{
	struct listing *listing = arg;
	struct buf from = BUF_INIT;
	struct buf to = BUF_INIT;

	if (listing->only != NULL && !address_equal(listing->only, message->from) &&
	    !address_equal(listing->only, message->to))
		return;
	daemon_print_address(&from, message->from);
	daemon_print_address(&to, message->to);
	if (listing->as_json)
		list_json(listing, message, buf_text(&from), buf_text(&to));
	else
		list_text(listing, message, buf_text(&from), buf_text(&to));
	listing->count++;
	buf_free(&from);
	buf_free(&to);
}

int daemon_show_queue(int argc, const char *const *argv, int as_json, struct buf *out, void *arg)
{
	struct parts *parts = arg;
	struct address address = {0};
	struct listing listing = {out, as_json, 0, loop_wall_ms(parts->loop),
				  argc > 0 ? &address : NULL};

	if (argc > 1) {
		buf_puts(out, "use: show queue [ADDRESS]\n");
		return EINVAL;
	}
	if (argc == 1 && daemon_read_address(parts, argv[0], &address, out) != 0)
		return ENOENT;
	if (as_json)
		buf_putc(out, '[');
	bridge_each_queued(parts->bridge, list_message, &listing);
	if (as_json)
		buf_puts(out, "]\n");
	else if (listing.count == 0)
		buf_puts(out, argc > 0 ? "no message of this address is in the queue\n"
				       : "the queue is empty\n");
	address_clear(&address);
	return 0;
}

/* Only what was set aside: what waits is somebody's word, and has an end of its own. */
int daemon_drop(int argc, const char *const *argv, int as_json, struct buf *out, void *arg)
{
	struct parts *parts = arg;
	int error;

	if (argc != 1) {
		buf_puts(out, "use: drop UID, of a message that was set aside\n");
		return EINVAL;
	}
	error = bridge_drop_aside(parts->bridge, argv[0]);
	if (error == 0)
		buf_puts(out, as_json ? "{\"dropped\":true}\n" : "dropped\n");
	else
		buf_puts(out, error == EBUSY ? "it is being written, try again\n"
					     : "no message with this uid was set aside; see: show "
					       "queue\n");
	return error;
}

void daemon_queue_status(const struct parts *parts, struct buf *out)
{
	struct queue_facts facts;

	bridge_queue_facts(parts->bridge, &facts);
	buf_printf(out, "queue.messages %zu\n", facts.messages);
	buf_printf(out, "queue.texts %zu\n", facts.texts);
	buf_printf(out, "queue.bytes %zu\n", facts.bytes);
	buf_printf(out, "queue.oldest_s %lld\n", (long long)facts.oldest_s);
	buf_printf(out, "queue.quarantined %zu\n", facts.quarantined);
}

/* "name text", or the name alone. */
static const char *reason(const struct fault *why, struct buf *out)
{
	buf_reset(out);
	buf_puts(out, fault_name(why->code));
	if (why->text[0] != '\0')
		buf_printf(out, " %s", log_safe(why->text));
	return buf_text(out);
}

/* Nobody answered; what a user or his server refused is nothing for the operator. */
static bool is_lost(const struct fault *why)
{
	return why->code == FAULT_REMOTE_SERVER_TIMEOUT && why->sip_status == 0;
}

void daemon_message_failed(const struct address *from, const struct address *to, const char *uid,
			   const struct fault *why, bool is_quarantined, void *arg)
{
	struct buf sender = BUF_INIT;
	struct buf recipient = BUF_INIT;
	struct buf words = BUF_INIT;

	(void)arg;
	daemon_print_address(&sender, from);
	daemon_print_address(&recipient, to);
	/* One by one, since each line of the code is held back by itself when it floods (REL-053).
	 */
	if (is_quarantined)
		log_err("queue: set aside, see \"show queue\" from=%s to=%s uid=%s (%s)",
			buf_text(&sender), buf_text(&recipient), uid == NULL ? "?" : log_safe(uid),
			log_safe(why->text));
	else if (is_lost(why))
		log_notice("queue: not delivered from=%s to=%s uid=%s (%s)", buf_text(&sender),
			   buf_text(&recipient), uid == NULL ? "?" : log_safe(uid),
			   reason(why, &words));
	else
		log_info("queue: refused from=%s to=%s uid=%s (%s)", buf_text(&sender),
			 buf_text(&recipient), uid == NULL ? "?" : log_safe(uid),
			 reason(why, &words));
	buf_free(&words);
	buf_free(&sender);
	buf_free(&recipient);
}

void daemon_queue_told(enum queue_event event, const struct address *from, const struct address *to,
		       const struct fault *why, void *arg)
{
	struct buf sender = BUF_INIT;
	struct buf words = BUF_INIT;

	(void)arg;
	daemon_print_address(&sender, from);
	if (event == QUEUE_WAITS)
		log_warning("queue: messages wait, see \"show queue\" for=%s (%s)",
			    log_safe(to->domain), reason(why, &words));
	else if (event == QUEUE_GOES)
		log_notice("queue: messages go on for=%s", log_safe(to->domain));
	else
		log_warning("queue: full (limits.queue_*), a message is refused from=%s (%s)",
			    buf_text(&sender), reason(why, &words));
	buf_free(&words);
	buf_free(&sender);
}
