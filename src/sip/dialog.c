/* Our own dialog table; see dialog.h. */
#include "sip/dialog.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/url.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/table.h"
#include "model/dialog_row.h"
#include "sip/agent.h"
#include "sip/header_text.h"
#include "sip/identity.h"
#include "sip/side_core.h"
#include "sip/trust.h"

enum { DIALOG_ROUTES_MAX = 16, DIALOG_REQUEST_ROOM = 1024 };

struct dialogs {
	struct table *table;
};

struct dialogs *dialogs_new(void)
{
	struct dialogs *dialogs = mem_zalloc(sizeof *dialogs);

	dialogs->table = table_new();
	return dialogs;
}

void dialogs_free(struct dialogs **dialogs)
{
	if (*dialogs == NULL)
		return;
	table_free(&(*dialogs)->table);
	mem_free(*dialogs);
	*dialogs = NULL;
}

size_t dialogs_count(const struct dialogs *dialogs)
{
	return table_count(dialogs->table);
}

static void make_key(struct buf *key, const char *call_id, const char *local_tag)
{
	buf_puts(key, local_tag);
	buf_putc(key, '\0');
	buf_puts(key, call_id);
}

struct dialog *dialog_new(struct dialogs *dialogs, enum dialog_role role, void *owner,
			  const char *call_id, const char *local_tag)
{
	struct dialog *dialog = mem_zalloc(sizeof *dialog);
	struct buf key = BUF_INIT;

	dialog->role = role;
	dialog->owner = owner;
	dialog->call_id = mem_strdup(call_id);
	dialog->local_tag = mem_strdup(local_tag);
	make_key(&key, call_id, local_tag);
	table_put(dialogs->table, key.data, key.len, dialog);
	buf_free(&key);
	return dialog;
}

struct dialog *dialog_fork(const struct dialog *of, void *owner)
{
	struct dialog *dialog = mem_zalloc(sizeof *dialog);

	dialog->role = of->role;
	dialog->owner = owner;
	dialog->call_id = mem_strdup(of->call_id);
	dialog->local_tag = mem_strdup(of->local_tag);
	dialog->local = mem_strdup(of->local);
	dialog->remote = mem_strdup(of->remote);
	dialog->local_cseq = of->local_cseq;
	dialog->is_stream = of->is_stream;
	dialog->is_secure = of->is_secure;
	dialog->is_fork = true;
	return dialog;
}

static void unlist(struct dialogs *dialogs, const struct dialog *dialog)
{
	struct buf key = BUF_INIT;

	make_key(&key, dialog->call_id, dialog->local_tag);
	table_remove(dialogs->table, key.data, key.len);
	buf_free(&key);
}

void dialog_free(struct dialogs *dialogs, struct dialog **dialog)
{
	struct dialog *self = *dialog;

	if (self == NULL)
		return;
	dialog_forget_writes(self);
	if (!self->is_fork)
		unlist(dialogs, self);
	mem_free(self->call_id);
	mem_free(self->local_tag);
	mem_free(self->remote_tag);
	mem_free(self->local);
	mem_free(self->remote);
	mem_free(self->target);
	mem_free(self->route);
	mem_free(self->login);
	mem_free(self);
	*dialog = NULL;
}

struct dialog *dialog_find(const struct dialogs *dialogs, const char *call_id,
			   const char *local_tag)
{
	struct buf key = BUF_INIT;
	struct dialog *dialog;

	make_key(&key, call_id, local_tag);
	dialog = table_find(dialogs->table, key.data, key.len);
	buf_free(&key);
	return dialog;
}

bool dialog_is_from_peer(const struct dialog *dialog, const struct side_core *core,
			 const struct request *request)
{
	const char *tag = request->sip->sip_from->a_tag;

	if (dialog->remote_tag != NULL && strcmp(dialog->remote_tag, tag != NULL ? tag : "") != 0)
		return false;
	if (dialog->login != NULL || request->login != NULL) /* wherever he is now */
		return dialog->login != NULL && request->login != NULL &&
		       strcmp(dialog->login, request->login) == 0;
	return dialog->peer.family == 0 ||
	       trust_is_same_peer(core->trust, &dialog->peer, &request->source);
}

/* SEC-060; and nothing that ends it early where it stands in brackets or in a request line. */
static bool is_clean(const char *uri)
{
	return *uri != '\0' && header_text_is_printable(uri) && strpbrk(uri, "<> \"") == NULL;
}

bool dialog_takes_uri(const char *uri)
{
	struct uri_parts parts;

	return is_clean(uri) && uri_parts_read(&parts, uri);
}

void dialog_refresh_target(struct dialog *dialog, const sip_t *sip)
{
	struct buf uri = BUF_INIT;

	if (sip->sip_contact == NULL || (sip->sip_contact->m_url->url_type != url_sip &&
					 sip->sip_contact->m_url->url_type != url_sips))
		return;
	identity_uri(sip->sip_contact->m_url, &uri);
	if (dialog_takes_uri(buf_text(&uri))) {
		mem_free(dialog->target);
		dialog->target = buf_take(&uri);
	}
	buf_free(&uri);
}

/* Returns false if one of them cannot be used. */
static bool take_routes(struct dialog *dialog, const sip_t *sip)
{
	struct buf uri = BUF_INIT, value = BUF_INIT;
	size_t count = 0;
	bool is_sound = true;

	for (const sip_record_route_t *r = sip->sip_record_route;
	     r != NULL && count < DIALOG_ROUTES_MAX; r = r->r_next, count++) {
		buf_reset(&uri);
		identity_uri(r->r_url, &uri);
		is_sound = is_sound && dialog_takes_uri(buf_text(&uri));
		buf_printf(&value, "%s<%s>", value.len != 0 ? ", " : "", buf_text(&uri));
	}
	is_sound = is_sound && value.len <= DIALOG_ROW_TEXT_MAX;
	if (value.len != 0 && is_sound)
		dialog->route = buf_take(&value);
	buf_free(&uri);
	buf_free(&value);
	return is_sound;
}

/* Returns false if From cannot be used. */
static bool take_remote(struct dialog *dialog, const sip_t *sip)
{
	struct buf uri = BUF_INIT, remote = BUF_INIT;
	bool is_sound;

	if (dialog->remote != NULL)
		return true;
	identity_uri(sip->sip_from->a_url, &uri);
	is_sound = is_clean(buf_text(&uri)) && uri.len + 2 <= DIALOG_ROW_TEXT_MAX;
	buf_printf(&remote, "<%s>", buf_text(&uri));
	if (is_sound)
		dialog->remote = buf_take(&remote);
	buf_free(&remote);
	buf_free(&uri);
	return is_sound;
}

/* What is granted can be kept (REL-013). */
static bool is_short(const char *text)
{
	return text == NULL || strlen(text) <= DIALOG_ROW_TEXT_MAX;
}

/* Where the far end wants its requests; at first as we guessed, or were sent on. */
static bool take_target(struct dialog *dialog, const sip_t *sip)
{
	dialog_refresh_target(dialog, sip);
	return dialog->target != NULL && dialog_takes_uri(dialog->target);
}

int dialog_establish(struct dialog *dialog, const struct request *request)
{
	const sip_t *sip = request->sip;

	if (!take_target(dialog, sip) || !is_short(sip->sip_from->a_tag) ||
	    !is_short(dialog->call_id) || !header_text_is_printable(dialog->call_id) ||
	    !header_text_is_printable(sip->sip_from->a_tag) || !take_remote(dialog, sip) ||
	    !take_routes(dialog, sip)) /* SIP-039, SIP-040 */
		return EINVAL;
	dialog->remote_tag = mem_strdup(sip->sip_from->a_tag != NULL ? sip->sip_from->a_tag : "");
	dialog->remote_cseq = sip->sip_cseq->cs_seq;
	dialog->has_remote_cseq = true;
	dialog->peer = request->source;
	return 0;
}

/* The first "<...>" of a route set. */
static size_t first_route(const char *route)
{
	return strcspn(route, ">") + 1;
}

static bool is_loose(const char *route)
{
	size_t len = first_route(route);

	for (size_t i = 0; i + 3 < len; i++)
		if (strncmp(route + i, ";lr", 3) == 0 && strchr(";=>", route[i + 3]) != NULL)
			return true;
	return false;
}

/* SIP-041: a strict first hop takes the place of the target, which goes to the end. */
static void request_line(const struct dialog *dialog, const char *method, struct buf *out)
{
	buf_puts(out, method);
	buf_putc(out, ' ');
	if (dialog->route == NULL || is_loose(dialog->route)) {
		buf_puts(out, dialog->target);
		buf_puts(out, " SIP/2.0\r\n");
		if (dialog->route != NULL) {
			buf_puts(out, "Route: ");
			buf_puts(out, dialog->route);
			buf_puts(out, "\r\n");
		}
		return;
	}
	size_t len = first_route(dialog->route);
	const char *rest = dialog->route + len;

	buf_append(out, dialog->route + 1, len - 2);
	buf_puts(out, " SIP/2.0\r\nRoute: ");
	if (rest[0] == ',') {
		buf_puts(out, rest + 2);
		buf_puts(out, ", ");
	}
	buf_putc(out, '<');
	buf_puts(out, dialog->target);
	buf_puts(out, ">\r\n");
}

static void tagged(struct buf *out, const char *name, const char *value, const char *tag)
{
	buf_puts(out, name);
	buf_puts(out, value);
	if (tag != NULL && tag[0] != '\0') {
		buf_puts(out, ";tag=");
		buf_puts(out, tag);
	}
	buf_puts(out, "\r\n");
}

int dialog_way(const struct dialog *dialog)
{
	if (!dialog->is_secure)
		return dialog->is_stream ? AGENT_TCP : AGENT_UDP;
	return dialog->target != NULL && strncasecmp(dialog->target, "sips:", 5) == 0 ? AGENT_SIPS
										      : AGENT_TLS;
}

void dialog_request(struct dialog *dialog, const struct side_core *core,
		    const struct sip_peer *peer, const char *method, struct buf *out)
{
	dialog->local_cseq++;
	buf_reserve(out, DIALOG_REQUEST_ROOM);
	request_line(dialog, method, out);
	tagged(out, "From: ", dialog->local, dialog->local_tag);
	tagged(out, "To: ", dialog->remote, dialog->remote_tag);
	buf_puts(out, "Call-ID: ");
	buf_puts(out, dialog->call_id);
	buf_puts(out, "\r\nCSeq: ");
	header_text_put_number(out, dialog->local_cseq);
	buf_putc(out, ' ');
	buf_puts(out, method);
	buf_puts(out, "\r\nContact: ");
	agent_contact(core->agent, &dialog->peer, dialog_way(dialog), dialog->local_tag, out);
	buf_puts(out, "\r\n");
	side_core_common(core, peer, -1, out);
}

const char *dialog_next_hop(const struct dialog *dialog, struct buf *room)
{
	if (dialog->route == NULL)
		return dialog->target;
	buf_reset(room);
	buf_append(room, dialog->route + 1, first_route(dialog->route) - 2);
	return room->data;
}
