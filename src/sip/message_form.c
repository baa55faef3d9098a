/* Which form a message to a SIP user gets, and what is learned when it is refused; see
 * message_out.h. */
#include "sip/message_out_private.h"

#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "core/learned.h"
#include "model/counters.h"
#include "model/fault.h"
#include "sip/abilities.h"
#include "sip/call_id.h"
#include "sip/report_text.h"
#include "sip/side_core.h"
#include "translate/text_split.h"

enum {
	LEARNED_LEAST = 512, /* who refuses everything says nothing of sizes */
	LIMIT_LEAST = 128    /* smaller parts are not tried */
};

/* The form ------------------------------------------------------------------------------------- */

static bool is_report(const struct message_out *out)
{
	return out->message.what == MESSAGE_REPORT;
}

/* A report in words is a text like others from here on. */
static void put_in_words(struct message_out *out)
{
	struct buf words = BUF_INIT;

	report_text_words(&out->message, &words);
	mem_free(out->message.body);
	out->message.body_len = words.len;
	out->message.body = buf_take(&words);
	mem_free(out->uri);
	out->uri = mem_strdup(out->to_uri); /* routes are for IMDN only */
	out->form = MESSAGE_FORM_PLAIN;
}

static bool was_asked(const struct message_report *report)
{
	static const unsigned bits[] = {
		[REPORT_DELIVERED] = WANTS_DELIVERED,
		[REPORT_FAILED] = WANTS_FAILED,
		[REPORT_DISPLAYED] = WANTS_DISPLAYED,
		[REPORT_PROCESSED] = WANTS_PROCESSED,
	};

	return (report->wanted & bits[report->kind]) != 0 && report->origin.id != NULL;
}

/* D-39, RCPT-069. */
static int choose_report(struct message_out *out, struct fault *fault)
{
	const struct message_report *report = out->message.report;
	enum imdn_style style = IMDN_STYLE_NONE;

	if (report->origin.address == NULL) { /* of a text of our own (extensions.h) */
		fault_set(fault, FAULT_NOT_ACCEPTABLE, "No phone sent the text");
		return ENOTSUP;
	}
	if (was_asked(report))
		style = abilities_imdn_style(out->core, out->to.domain, out->to_uri, true);
	if (style == IMDN_STYLE_NONE && report->kind != REPORT_FAILED) {
		fault_set(fault, FAULT_NOT_ACCEPTABLE, "The SIP side takes no receipts");
		return ENOTSUP;
	}
	if (style == IMDN_STYLE_NONE)
		put_in_words(out);
	else
		out->form = style == IMDN_STYLE_BARE ? MESSAGE_FORM_IMDN_BARE : MESSAGE_FORM_IMDN;
	return 0;
}

/* D-41, RCPT-042: who is not known to take it is not asked for receipts. */
static void choose_text(struct message_out *out)
{
	out->form = out->message.wants != 0 &&
				    abilities_takes_cpim(out->core, out->to.domain, out->to_uri)
			    ? MESSAGE_FORM_CPIM
			    : MESSAGE_FORM_PLAIN;
}

/* The parts ------------------------------------------------------------------------------------ */

/* Bytes of a body that the way there takes. */
static size_t room_of_way(const struct message_out *out)
{
	struct message_request request;
	struct call_id id;

	if (side_core_is_stream(out->core, out->to.domain, out->uri))
		return SIZE_MAX;
	request = message_out_request(out, true);
	/* Of the longest part. */
	call_id_make(&id, out, TEXT_SPLIT_PARTS_MAX);
	request.call_id = id.text;
	request.tag = id.tag;
	request.cseq = id.cseq;
	return message_text_room(out->core, &request);
}

/* Bytes of a body that the user and the way there take. */
static size_t room(const struct message_out *out)
{
	size_t most = abilities_body_max(out->core, out->to.domain, out->to_uri);
	size_t way = room_of_way(out);

	most = way < most ? way : most;
	return out->limit < most ? out->limit : most;
}

static size_t overhead(const struct message_out *out)
{
	struct buf empty = BUF_INIT;
	size_t len;

	if (out->form != MESSAGE_FORM_CPIM)
		return 0;
	message_out_cpim(out, "", 0, &empty);
	len = empty.len;
	buf_free(&empty);
	return len;
}

static bool may_split(const struct message_out *out)
{
	const struct sip_peer *peer = side_core_peer(out->core, out->to.domain);

	return peer == NULL || peer->profile.long_messages == LONG_SPLIT;
}

static int too_long(struct fault *fault, size_t most)
{
	char text[FAULT_TEXT_MAX];

	(void)snprintf(text, sizeof text,
		       "Message too long for the SIP side: at most %zu bytes of text", most);
	fault_set(fault, FAULT_TOO_LARGE, text);
	return E2BIG;
}

/* Number of parts when a body may have all bytes; 0: it cannot be sent so. */
static size_t count_parts(const struct message_out *out, size_t all, size_t around)
{
	const struct message *message = &out->message;

	if (all <= around)
		return 0;
	if (message->body_len <= all - around)
		return 1;
	if (!may_split(out))
		return 0;
	return text_split_count(message->body, message->body_len, all - around);
}

/* D-40. Receipts are not worth a text in pieces: who could have it whole gets it whole. */
static int plan_parts(struct message_out *out, struct fault *fault)
{
	size_t around = overhead(out);
	size_t all = room(out);
	size_t parts = count_parts(out, all, around);

	if (parts != 1 && out->form == MESSAGE_FORM_CPIM) {
		size_t plain = count_parts(out, all, 0);

		if (parts == 0 || plain == 1) {
			out->form = MESSAGE_FORM_PLAIN;
			around = 0;
			parts = plain;
		}
	}
	if (parts == 0)
		return too_long(fault, all);
	out->parts = parts;
	out->part = 0;
	out->from_byte = 0;
	out->most = parts > 1 ? all - around : 0;
	if (parts > 1)
		out->core->params->counters->messages_split++;
	return 0;
}

int message_out_plan(struct message_out *out, struct fault *fault)
{
	if (out->form == MESSAGE_FORM_TYPING)
		return 0;
	if (is_report(out)) {
		int result = choose_report(out, fault);

		if (result != 0 || out->form != MESSAGE_FORM_PLAIN)
			return result;
		return plan_parts(out, fault);
	}
	choose_text(out);
	return plan_parts(out, fault);
}

/* Answers -------------------------------------------------------------------------------------- */

/* MSG-042, TYPE-009, TYPE-035: never again; the text itself at once. */
static bool type_refused(struct message_out *out)
{
	switch (out->form) {
	case MESSAGE_FORM_TYPING:
		abilities_put(out->core, LEARNED_TYPING, out->to_uri, 0);
		return false;
	case MESSAGE_FORM_CPIM:
		if (out->part + 1 < out->parts) /* it was a plain part */
			return false;
		abilities_put(out->core, LEARNED_CPIM, out->to_uri, 0);
		out->form = MESSAGE_FORM_PLAIN;
		out->core->params->counters->messages_plain++;
		return true;
	case MESSAGE_FORM_IMDN:
	case MESSAGE_FORM_IMDN_BARE:
		abilities_put(out->core, LEARNED_IMDN, out->to_uri, 0);
		if (out->message.report->kind != REPORT_FAILED)
			return false;
		put_in_words(out);
		out->core->params->counters->messages_plain++;
		return true;
	default:
		return false;
	}
}

/* Half of what was refused is learned, and tried; of this user alone, since a phone may have said
 * it and not its server. */
static bool size_refused(struct message_out *out)
{
	struct fault fault;
	size_t refused = out->most != 0 ? out->most : out->message.body_len + overhead(out);
	size_t half = refused / 2;

	if (out->form != MESSAGE_FORM_PLAIN && out->form != MESSAGE_FORM_CPIM)
		return false;
	if (half >= LEARNED_LEAST)
		abilities_put(out->core, LEARNED_BODY, out->to_uri, (int64_t)half);
	/* What was taken of it before is not said twice. */
	if (out->part != 0 || half < LIMIT_LEAST || !may_split(out))
		return false;
	out->limit = half;
	return plan_parts(out, &fault) == 0;
}

bool message_out_again(struct message_out *out, int status)
{
	bool again = false;

	switch (status) {
	case 406:
	case 415:
	case 488:
		again = type_refused(out);
		break;
	case 413:
	case 513:
		again = size_refused(out);
		break;
	case 405:
	case 501:
		abilities_put(out->core, LEARNED_MESSAGE, out->to_uri, 0);
		break;
	default:
		break;
	}
	if (again)
		out->steps++;
	return again;
}
