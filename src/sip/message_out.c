/* One message on its way to a SIP user; see message_out.h. */
#include "sip/message_out_private.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/random.h"
#include "loop/loop.h"
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

enum { UID_BYTES = 16 };

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

		report_text_target(core, message, out->to_uri, to->domain, &target);
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

/* Writing -------------------------------------------------------------------------------------- */

void message_out_cpim(const struct message_out *out, const char *text, size_t len, struct buf *to)
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
struct message_request message_out_request(const struct message_out *out, bool is_last)
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
		message_out_cpim(out, text.data, text.len, body);
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
	struct message_request request = message_out_request(out, is_last);
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

/* Parts ---------------------------------------------------------------------------------------- */

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

bool message_out_next(struct message_out *out)
{
	if (out->part + 1 >= out->parts) {
		abilities_taken(out->core, out->to_uri);
		return false;
	}
	step(out);
	return true;
}

bool message_out_redirect(struct message_out *out, const char *uri)
{
	struct address_map *map = out->core->params->map;
	struct buf text = BUF_INIT;
	struct address target;
	const char *why;

	if (out->was_redirected ||
	    address_from_uri(map, uri, strlen(uri), &target, NULL, &why) != 0)
		return false;
	if (target.side == SIDE_SIP && strcmp(target.domain, out->to.domain) == 0 &&
	    !address_equal(&target, &out->to) && address_to_uri(map, &target, NULL, &text) == 0) {
		out->was_redirected = true;
		out->steps++;
		mem_free(out->uri);
		out->uri = buf_take(&text);
	}
	buf_free(&text);
	address_clear(&target);
	return out->was_redirected;
}
