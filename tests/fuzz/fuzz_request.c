/* A SIP request from bytes to what the roles read of it: the library's parser, then our checks of
 * its shape, of a SUBSCRIBE, of its names for the log, and the dialog that it would make.
 * [SEC-110] */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sofia-sip/msg_mclass.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_util.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/dialog_row.h"
#include "model/limits.h"
#include "sip/agent.h"
#include "sip/dialog.h"
#include "sip/event_package.h"
#include "sip/header_text.h"
#include "sip/identity.h"
#include "sip/net_address.h"
#include "sip/shape.h"
#include "sip/sip_side.h"
#include "sip/subscribe_check.h"
#include "sip/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* Nothing that goes on one line may break it (SEC-060). */
static void check_line(const char *text)
{
	check(text == NULL || strpbrk(text, "\r\n") == NULL);
}

static void try_subscribe(const struct request *request, const struct limits *limits)
{
	struct subscribe_ask ask;
	int status = subscribe_check(request->sip, limits, &ask);

	check(status == 0 || status == 489 || status == 406 || status == 415 || status == 421);
	if (status == 0) {
		check(ask.package != NULL);
		check_line(ask.event_id); /* written again; ask.match is only compared */
	}
}

static bool is_same(const char *one, const char *two)
{
	return one == NULL || two == NULL ? one == two : strcmp(one, two) == 0;
}

static void check_same(const struct dialog *dialog, const struct dialog_row *row)
{
	check(is_same(dialog->call_id, row->call_id) && is_same(dialog->remote, row->remote));
	check(is_same(dialog->remote_tag, row->remote_tag) || *dialog->remote_tag == '\0');
	check(is_same(dialog->target, row->target) && is_same(dialog->route, row->route));
	check(dialog->local_cseq + 1 == (uint32_t)row->local_cseq);
	check(dialog->remote_cseq == (uint32_t)row->remote_cseq);
}

/* What is kept of a dialog is a row that makes the same dialog again [REL-013]. */
static void try_row(struct dialogs *dialogs, struct dialog **dialog)
{
	char peer[DIALOG_PEER_MAX];
	struct dialog_row row, kept;
	const struct sip_side_params params = {0};
	struct trust *trust = trust_new(&params);
	struct dialog *again;

	dialog_describe(*dialog, trust, &row, peer);
	row.event = (char *)(uintptr_t) "presence";
	row.expires_s = 1;
	dialog_row_copy(&kept, &row);
	dialog_free(dialogs, dialog);
	if (dialog_row_check(&kept) == 0) {
		again = dialog_restore(dialogs, trust, NULL, &kept, false);
		check(again != NULL);
		check_same(again, &kept);
		dialog_free(dialogs, &again);
	}
	dialog_row_clear(&kept);
	trust_free(&trust);
}

static void check_dialog(const struct dialog *dialog)
{
	struct buf room = BUF_INIT;

	check_line(dialog->target);
	check_line(dialog->route);
	check_line(dialog->remote_tag);
	check(*dialog_next_hop(dialog, &room) != '\0');
	buf_free(&room);
}

static void try_dialog(const struct request *request)
{
	/* a NOTIFY confirms a dialog of ours; the names in it are not looked at before (D-22) */
	bool is_ours = request->sip->sip_request->rq_method == sip_method_notify;
	struct dialogs *dialogs = dialogs_new();
	struct dialog *dialog =
		dialog_new(dialogs, is_ours ? DIALOG_SUBSCRIBER : DIALOG_NOTIFIER, NULL,
			   is_ours ? "ours@x" : request->sip->sip_call_id->i_id, "ours");

	dialog->local = mem_strdup("<sip:c1@chat.example>");
	if (dialog_establish(dialog, request) == 0) {
		dialog_refresh_target(dialog, request->sip);
		check_dialog(dialog);
		try_row(dialogs, &dialog);
	}
	dialog_free(dialogs, &dialog);
	check(dialogs_count(dialogs) == 0);
	dialogs_free(&dialogs);
}

static void try_texts(const struct request *request)
{
	const sip_t *sip = request->sip;
	struct buf out = BUF_INIT;

	identity_for_log(request, &out);
	check_line(buf_text(&out));
	buf_reset(&out);
	identity_uri(sip->sip_request->rq_url, &out);
	identity_uri(sip->sip_from->a_url, &out);
	if (sip->sip_subject != NULL)
		header_text_clean(&out, sip->sip_subject->g_string,
				  strlen(sip->sip_subject->g_string));
	if (sip->sip_from->a_display != NULL)
		header_text_unquote(&out, sip->sip_from->a_display);
	buf_free(&out);
	check(agent_answer_size(request, "Any Phrase") > 0);
	(void)identity_is_asserted(request);
}

static void try_request(const struct request *request)
{
	struct limits limits;
	struct limits_hit hits;
	const char *why = "";
	int status;

	limits_defaults(&limits);
	memset(&hits, 0, sizeof hits);
	status = shape_check(request, &limits, &hits, &why);
	if (status == 0)
		status = shape_check_headers(request, &why);
	check(status == 0 || (status >= 400 && status < 700 && *why != '\0'));
	try_texts(request);
	if (status != 0)
		return;
	if (request->sip->sip_request->rq_method == sip_method_subscribe)
		try_subscribe(request, &limits);
	try_dialog(request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request request = {.size = size};

	log_set_level(LOG_LEVEL_ERR);
	request.msg = msg_make(sip_default_mclass(), 0, data, (ssize_t)size);
	request.sip = request.msg != NULL ? sip_object(request.msg) : NULL;
	if (request.sip != NULL && request.sip->sip_request != NULL &&
	    (request.sip->sip_flags & MSG_FLG_ERROR) == 0 && sip_sanity_check(request.sip) == 0)
		try_request(&request);
	msg_destroy(request.msg);
	return 0;
}
