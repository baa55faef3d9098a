/* One message on its way to a SIP user; see message_out.h. */
#include "sip/message_out.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/random.h"
#include "core/learned.h"
#include "loop/loop.h"
#include "model/counters.h"
#include "model/fault.h"
#include "sip/abilities.h"
#include "sip/call_id.h"
#include "sip/report_text.h"
#include "sip/side_core.h"
#include "translate/address_map.h"
#include "translate/cpim.h"
#include "translate/imdn.h"
#include "translate/is_composing.h"
#include "translate/text_split.h"

enum {
	LEARNED_LEAST = 512, /* one phone that refuses everything must not cut all texts to bits */
	LIMIT_LEAST = 128,   /* smaller parts are not tried */
	UID_BYTES = 16
};

static const char plain_type[] = "text/plain;charset=UTF-8";
static const char cpim_type[] = "message/cpim";

/* The ends and the text ------------------------------------------------------------------------ */

static int init_ends(struct message_out *out, const struct side_core *core,
		     const struct address *from, const struct address *to, struct fault *fault)
{
	struct buf from_uri = BUF_INIT, to_uri = BUF_INIT;
	bool has_from = address_to_uri(core->params->map, from, to->domain, &from_uri) == 0;
	bool has_to = address_to_uri(core->params->map, to, NULL, &to_uri) == 0;

	*out = (struct message_out){.core = core, .limit = SIZE_MAX, .parts = 1};
	address_copy(&out->from, from);
	address_copy(&out->to, to);
	out->from_uri = buf_take(&from_uri);
	out->to_uri = buf_take(&to_uri);
	if (!has_from) /* D-04: toward Asterisk an escaped From would come out as rubbish. */
		fault_set(fault, FAULT_NOT_ALLOWED,
			  "Your address cannot be written for that SIP server: ask for an alias");
	else if (!has_to)
		fault_set(fault, FAULT_ITEM_NOT_FOUND, NULL);
	return has_from && has_to ? 0 : ENOENT;
}

/* How the sender's side knows a text is its own business. */
static void copy_message(struct message *out, const struct message *from)
{
	struct message text = *from;

	if (text.what == MESSAGE_TEXT)
		text.origin = (struct message_origin){0};
	message_copy(out, &text);
}

int message_out_init(struct message_out *out, const struct side_core *core,
		     const struct address *from, const struct address *to,
		     const struct message *message, struct fault *fault)
{
	int result = init_ends(out, core, from, to, fault);

	if (result != 0)
		return result;
	copy_message(&out->message, message);
	out->date_ms = message->sent_at_ms;
	if (message->what == MESSAGE_REPORT || out->date_ms == 0)
		out->date_ms = loop_wall_ms(core->params->loop);
	if (message->what == MESSAGE_REPORT) {
		struct buf target = BUF_INIT;

		report_text_target(core, message, out->to_uri, &target);
		out->uri = buf_take(&target);
	} else {
		out->uri = mem_strdup(out->to_uri);
	}
	return 0;
}

int message_out_init_typing(struct message_out *out, const struct side_core *core,
			    const struct address *from, const struct address *to,
			    const struct typing *typing, struct fault *fault)
{
	int result = init_ends(out, core, from, to, fault);
	struct buf document = BUF_INIT;

	if (result != 0)
		return result;
	is_composing_write(typing, &document);
	out->form = MESSAGE_FORM_TYPING;
	out->message.hops = -1;
	out->message.uid = mem_alloc(2 * UID_BYTES + 1);
	random_hex(out->message.uid, UID_BYTES);
	out->message.body_len = document.len;
	out->message.body = buf_take(&document);
	out->date_ms = loop_wall_ms(core->params->loop);
	out->uri = mem_strdup(out->to_uri);
	return 0;
}

void message_out_clear(struct message_out *out)
{
	message_clear(&out->message);
	address_clear(&out->from);
	address_clear(&out->to);
	mem_free(out->from_uri);
	mem_free(out->to_uri);
	mem_free(out->uri);
	*out = (struct message_out){0};
}

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

static void write_cpim(const struct message_out *out, const char *text, size_t len, struct buf *to)
{
	const struct cpim_text cpim = {
		.from = out->from_uri,
		.to = out->to_uri,
		.date_time_ms = out->date_ms, /* RCPT-004 */
		.message_id = out->message.uid,
		.wants = out->message.wants,
		.content_type = plain_type,
		.content = text,
		.content_len = len,
	};

	cpim_write(&cpim, to);
}

/* The parts ------------------------------------------------------------------------------------ */

static const char *type_of(const struct message_out *out, bool is_last)
{
	switch (out->form) {
	case MESSAGE_FORM_CPIM:
		return is_last ? cpim_type : plain_type;
	case MESSAGE_FORM_IMDN:
		return cpim_type;
	case MESSAGE_FORM_IMDN_BARE:
		return imdn_type;
	case MESSAGE_FORM_TYPING:
		return is_composing_type;
	default:
		return plain_type;
	}
}

/* All but body, Call-ID, tag and CSeq. */
static struct message_request request_of(const struct message_out *out, bool is_last)
{
	bool is_text = out->message.what == MESSAGE_TEXT && out->form != MESSAGE_FORM_TYPING;

	return (struct message_request){
		.domain = out->to.domain,
		.uri = out->uri,
		.from_uri = out->from_uri,
		.to_uri = out->to_uri,
		.nick = out->message.nick,
		.hops = out->message.hops,
		.date_ms = out->date_ms,
		.expires_s = is_text ? out->message.life_s : 0,
		.subject = is_text ? out->message.subject : NULL,
		.lang = is_text ? out->message.lang : NULL,
		.type = type_of(out, is_last),
		.disposition = out->form == MESSAGE_FORM_IMDN_BARE ? "notification" : NULL,
	};
}

/* Bytes of a body that the user and the way there take. */
static size_t room(const struct message_out *out)
{
	struct message_request request = request_of(out, true);
	size_t most = abilities_body_max(out->core, out->to.domain);
	struct call_id id;
	size_t way;

	/* Of the longest part. */
	call_id_make(&id, out, TEXT_SPLIT_PARTS_MAX);
	request.call_id = id.text;
	request.tag = id.tag;
	request.cseq = id.cseq;
	way = message_text_room(out->core, &request);
	most = way < most ? way : most;
	return out->limit < most ? out->limit : most;
}

static size_t overhead(const struct message_out *out)
{
	struct buf empty = BUF_INIT;
	size_t len;

	if (out->form != MESSAGE_FORM_CPIM)
		return 0;
	write_cpim(out, "", 0, &empty);
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

/* On to the next part. */
static void step(struct message_out *out)
{
	const struct message *message = &out->message;

	out->from_byte = text_split_step(message->body, message->body_len, out->most, out->parts,
					 out->part, out->from_byte, NULL);
	out->part++;
}

void message_out_resume(struct message_out *out, size_t most, size_t part, uint32_t steps)
{
	const struct message *message = &out->message;
	size_t parts = most != 0 ? text_split_count(message->body, message->body_len, most) : 1;

	out->steps = steps;
	if (most == 0 || part >= parts)
		return;
	out->most = most;
	out->parts = parts;
	out->part = 0;
	out->from_byte = 0;
	while (out->part < part)
		step(out);
}

/* Writing -------------------------------------------------------------------------------------- */

static void write_body(const struct message_out *out, bool is_last, struct buf *body)
{
	const struct message *message = &out->message;
	const struct report_ends ends = {out->from_uri, out->to_uri, out->date_ms};
	struct buf text = BUF_INIT;

	switch (out->form) {
	case MESSAGE_FORM_IMDN:
		report_text_cpim(message, &ends, body);
		return;
	case MESSAGE_FORM_IMDN_BARE:
		report_text_imdn(message, &ends, body);
		return;
	default:
		break;
	}
	if (out->parts > 1)
		(void)text_split_step(message->body, message->body_len, out->most, out->parts,
				      out->part, out->from_byte, &text);
	else
		buf_append(&text, message->body, message->body_len);
	if (out->form == MESSAGE_FORM_CPIM && is_last)
		write_cpim(out, text.data, text.len, body);
	else
		buf_append(body, text.data, text.len);
	buf_free(&text);
}

/* A plain text that goes whole needs no copy. */
static bool is_simple(const struct message_out *out)
{
	return out->parts == 1 &&
	       (out->form == MESSAGE_FORM_PLAIN || out->form == MESSAGE_FORM_TYPING);
}

/* Within 64*T1 the very same request has the very same branch (REL-004, SOF-025). */
static void make_branch(const struct message_out *out, const struct call_id *id,
			char branch[MESSAGE_BRANCH_MAX])
{
	struct buf what = BUF_INIT;

	buf_puts(&what, out->message.uid);
	buf_putc(&what, '\0');
	buf_append(&what, &out->part, sizeof out->part);
	buf_append(&what, &out->most, sizeof out->most);
	buf_append(&what, &id->cseq, sizeof id->cseq);
	buf_append(&what, &out->form, sizeof out->form);
	message_text_branch(out->core, what.data, what.len, branch);
	buf_free(&what);
}

void message_out_write(const struct message_out *out, struct buf *text,
		       char branch[MESSAGE_BRANCH_MAX])
{
	bool is_last = out->part + 1 == out->parts;
	struct message_request request = request_of(out, is_last);
	struct buf body = BUF_INIT;
	struct call_id id;

	call_id_make(&id, out, out->part + 1);
	request.call_id = id.text;
	request.tag = id.tag;
	request.cseq = id.cseq;
	if (is_simple(out)) {
		request.body = out->message.body;
		request.body_len = out->message.body_len;
	} else {
		write_body(out, is_last, &body);
		request.body = body.data;
		request.body_len = body.len;
	}
	if (out->part > 0)
		request.subject = NULL;
	message_text_write(out->core, &request, text);
	make_branch(out, &id, branch);
	buf_free(&body);
}

/* Answers -------------------------------------------------------------------------------------- */

bool message_out_next(struct message_out *out)
{
	if (out->part + 1 >= out->parts) {
		abilities_taken(out->core, out->to_uri);
		return false;
	}
	step(out);
	return true;
}

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

/* Half of what was refused is learned for the domain, and tried. */
static bool size_refused(struct message_out *out)
{
	struct fault fault;
	size_t refused = out->most != 0 ? out->most : out->message.body_len + overhead(out);
	size_t half = refused / 2;

	if (out->form != MESSAGE_FORM_PLAIN && out->form != MESSAGE_FORM_CPIM)
		return false;
	if (half >= LEARNED_LEAST)
		abilities_put(out->core, LEARNED_BODY, out->to.domain, (int64_t)half);
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
