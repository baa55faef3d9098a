/* Dialogs over a restart (REL-013); see dialog.h. CSeq numbers are reserved in blocks: the row on
 * disk names a number that no request had, and is written again while half of them are left, so
 * that a crash at any moment leaves a row whose number is above all that were sent. */
#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/random.h"
#include "loop/loop.h"
#include "model/dialog_row.h"
#include "sip/dialog.h"
#include "sip/header_text.h"
#include "sip/side_core.h"
#include "sip/trust.h"

/* One write of a row. It outlives its dialog. */
struct dialog_write {
	struct dialog *dialog; /* NULL: it went meanwhile */
	struct dialog_write *next;
	struct loop *loop;
	bool is_deferred; /* there is no keeper */
	uint32_t cseq;
	dialog_written_fn *done;
	void *arg;
};

/* Describe ------------------------------------------------------------------------------------- */

static int64_t new_id(void)
{
	uint64_t id;

	do {
		random_bytes(&id, sizeof id);
		id >>= 1; /* the store's integers have a sign */
	} while (id == 0);
	return (int64_t)id;
}

static char *or_null(char *text)
{
	return text != NULL && text[0] != '\0' ? text : NULL;
}

/* A name that is cut off names nobody after the start. */
static void write_peer(const struct dialog *dialog, const struct trust *trust,
		       char out[DIALOG_PEER_MAX])
{
	const char *name = trust_certificate_name(trust, &dialog->peer);
	char address[NET_ADDRESS_TEXT_MAX];

	net_address_text(&dialog->peer, address);
	(void)snprintf(out, DIALOG_PEER_MAX, "%s%s%s", address, name != NULL ? " " : "",
		       name != NULL ? name : "");
}

void dialog_describe(struct dialog *dialog, const struct trust *trust, struct dialog_row *row,
		     char peer[DIALOG_PEER_MAX])
{
	if (dialog->kept_id == 0)
		dialog->kept_id = new_id();
	dialog->cseq_kept = dialog->local_cseq + 1 + DIALOG_CSEQ_BLOCK;
	*row = (struct dialog_row){
		.id = dialog->kept_id,
		.role = dialog->role == DIALOG_NOTIFIER ? DIALOG_ROW_NOTIFIER
							: DIALOG_ROW_SUBSCRIBER,
		.call_id = dialog->call_id,
		.local_tag = dialog->local_tag,
		.remote_tag = or_null(dialog->remote_tag),
		.local = dialog->local,
		.remote = dialog->remote,
		.target = dialog->target,
		.route = dialog->route,
		.login = dialog->login,
		.local_cseq = dialog->cseq_kept,
		.remote_cseq = dialog->has_remote_cseq ? (int64_t)dialog->remote_cseq : -1,
		.is_stream = dialog->is_stream,
		.is_secure = dialog->is_secure,
	};
	if (dialog->peer.family != 0) {
		write_peer(dialog, trust, peer);
		row->peer = peer;
	}
}

bool dialog_is_short(const struct dialog *dialog)
{
	return dialog->kept_id != 0 &&
	       dialog->local_cseq + DIALOG_CSEQ_BLOCK / 2 >= dialog->cseq_kept;
}

bool dialog_may_send(const struct dialog *dialog)
{
	return dialog->kept_id == 0 || dialog->local_cseq + 1 < dialog->cseq_safe;
}

/* Restore -------------------------------------------------------------------------------------- */

/* "<...>" */
static bool is_bracketed(const char *text)
{
	size_t len = strlen(text);

	return len > 2 && text[0] == '<' && strchr(text, '>') == text + len - 1;
}

/* "<...>, <...>": dialog.c cuts it at the first '>'. */
static bool is_route(const char *route)
{
	const char *end = strchr(route, '>');

	return route[0] == '<' && end != NULL && end > route + 1 &&
	       (end[1] == '\0' || strncmp(end + 1, ", <", 3) == 0);
}

/* False: it is none, or its certificate names nobody now: the address alone would be too little. */
static bool read_peer(struct net_address *out, struct trust *trust, const char *text)
{
	size_t len = strcspn(text, " ");
	const char *name = text + len + 1;
	char address[NET_ADDRESS_TEXT_MAX];

	if (len >= sizeof address)
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (!net_address_from_text(out, address))
		return false;
	if (text[len] != '\0')
		out->certificate = trust_certificate(trust, &name, 1);
	return text[len] == '\0' || out->certificate != 0;
}

/* A row may come from a file that was damaged, or edited: nothing in it may break a request
 * (SEC-060) or the code that takes it apart. */
static bool is_sound(const struct dialog_row *row, struct trust *trust)
{
	const char *const texts[] = {row->call_id, row->local_tag, row->remote_tag, row->local,
				     row->remote,  row->target,    row->route,      row->event};
	struct net_address peer;

	if (dialog_row_check(row) != 0)
		return false;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (!header_text_is_printable(texts[i]))
			return false;
	return row->local_cseq > 0 && row->local_cseq <= DIALOG_CSEQ_MOST &&
	       is_bracketed(row->local) && is_bracketed(row->remote) &&
	       (row->target == NULL || dialog_takes_uri(row->target)) &&
	       (row->route == NULL || is_route(row->route)) &&
	       (row->peer == NULL || read_peer(&peer, trust, row->peer));
}

static void fill(struct dialog *dialog, struct trust *trust, const struct dialog_row *row)
{
	dialog->remote_tag = mem_strdup_or_null(row->remote_tag);
	dialog->local = mem_strdup(row->local);
	dialog->remote = mem_strdup(row->remote);
	dialog->target = mem_strdup_or_null(row->target);
	dialog->route = mem_strdup_or_null(row->route);
	dialog->login = mem_strdup_or_null(row->login);
	/* The first request has the number of the row, and asks for the next block. */
	dialog->local_cseq = (uint32_t)row->local_cseq - 1;
	dialog->cseq_kept = dialog->cseq_safe = (uint32_t)row->local_cseq;
	dialog->has_remote_cseq = row->remote_cseq >= 0;
	dialog->remote_cseq = row->remote_cseq >= 0 ? (uint32_t)row->remote_cseq : 0;
	dialog->is_stream = row->is_stream;
	dialog->is_secure = row->is_secure;
	dialog->kept_id = row->id;
	if (row->peer != NULL)
		(void)read_peer(&dialog->peer, trust, row->peer);
	/* A watcher without a tag (RFC 2543) is one whose tag is known. */
	if (row->role == DIALOG_ROW_NOTIFIER && dialog->remote_tag == NULL)
		dialog->remote_tag = mem_strdup("");
}

struct dialog *dialog_restore(struct dialogs *dialogs, struct trust *trust, void *owner,
			      const struct dialog_row *row, bool is_fork)
{
	enum dialog_role role =
		row->role == DIALOG_ROW_NOTIFIER ? DIALOG_NOTIFIER : DIALOG_SUBSCRIBER;
	struct dialog *dialog;

	if (!is_sound(row, trust))
		return NULL;
	if (!is_fork && dialog_find(dialogs, row->call_id, row->local_tag) != NULL)
		return NULL;
	if (is_fork) {
		dialog = mem_zalloc(sizeof *dialog);
		dialog->role = role;
		dialog->owner = owner;
		dialog->is_fork = true;
		dialog->call_id = mem_strdup(row->call_id);
		dialog->local_tag = mem_strdup(row->local_tag);
	} else {
		dialog = dialog_new(dialogs, role, owner, row->call_id, row->local_tag);
	}
	fill(dialog, trust, row);
	return dialog;
}

/* Write ---------------------------------------------------------------------------------------- */

static void unlink_write(struct dialog_write *write)
{
	struct dialog_write **at = &write->dialog->writes;

	while (*at != write)
		at = &(*at)->next;
	*at = write->next;
}

static void on_written(int error, int64_t id, void *arg)
{
	struct dialog_write write = *(struct dialog_write *)arg;

	(void)id;
	if (write.dialog != NULL)
		unlink_write(arg);
	mem_free(arg);
	if (write.dialog == NULL)
		return;
	if (write.cseq > write.dialog->cseq_safe)
		write.dialog->cseq_safe = write.cseq;
	if (write.done != NULL)
		write.done(error, write.arg);
}

static void on_deferred(void *arg)
{
	on_written(0, 0, arg);
}

void dialog_keep(const struct side_core *core, struct dialog *dialog, const struct dialog_row *row,
		 dialog_written_fn *done, void *arg)
{
	const struct dialog_keeper *keeper = core->params->dialogs;
	struct dialog_write *write = mem_zalloc(sizeof *write);

	*write = (struct dialog_write){.dialog = dialog,
				       .next = dialog->writes,
				       .loop = core->params->loop,
				       .is_deferred = keeper == NULL,
				       .cseq = dialog->cseq_kept,
				       .done = done,
				       .arg = arg};
	dialog->writes = write;
	if (keeper == NULL)
		loop_defer(write->loop, on_deferred, write);
	else
		keeper->put(row, on_written, write, keeper->arg);
}

void dialog_forget_writes(struct dialog *dialog)
{
	struct dialog_write *write = dialog->writes;

	dialog->writes = NULL;
	while (write != NULL) {
		struct dialog_write *next = write->next;

		write->dialog = NULL;
		if (write->is_deferred) {
			loop_forget(write->loop, write);
			mem_free(write);
		}
		write = next;
	}
}

void dialog_unkeep(const struct side_core *core, struct dialog *dialog)
{
	const struct dialog_keeper *keeper = core->params->dialogs;

	if (dialog->kept_id == 0)
		return;
	if (keeper != NULL)
		keeper->drop(dialog->kept_id, keeper->arg);
	dialog_forget_writes(dialog);
	dialog->kept_id = 0;
	dialog->cseq_kept = dialog->cseq_safe = 0;
}
