/* Who sends a request and to whom; see identity.h. */
#include "sip/identity.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/url.h>

#include "base/buf.h"
#include "base/log.h"
#include "sip/agent.h"
#include "sip/authenticate_logins.h"
#include "sip/dialog.h"
#include "sip/net_address.h"
#include "sip/side_core.h"
#include "sip/trust.h"
#include "translate/address_map.h"

static int refuse(struct refusal *refusal, int status, const char *phrase, const char *why)
{
	*refusal = (struct refusal){status, phrase, NULL, why};
	return status;
}

void identity_uri(const url_t *url, struct buf *out)
{
	char text[2048];
	url_t plain = *url;
	isize_t len;

	plain.url_password = NULL; /* SEC-016 */
	plain.url_headers = NULL;  /* RFC 3261 table 1: not in a Request-URI, From or To */
	plain.url_fragment = NULL;
	len = url_e(text, sizeof text, &plain);

	if (len > 0 && (size_t)len < sizeof text)
		buf_append(out, text, (size_t)len);
}

static void put_uri(const char *name, const url_t *url, struct buf *out)
{
	struct buf uri = BUF_INIT;

	if (url != NULL)
		identity_uri(url, &uri);
	buf_printf(out, "%s=%s ", name, log_safe(buf_text(&uri)));
	buf_free(&uri);
}

void identity_for_log(const struct request *request, struct buf *out)
{
	const sip_t *sip = request->sip;

	put_uri("from", sip->sip_from != NULL ? sip->sip_from->a_url : NULL, out);
	put_uri("to", sip->sip_request->rq_url, out);
	buf_puts(out, "source=");
	net_address_print(&request->source, out);
}

/* What a user may call himself as he likes is no identity. */
static const char *skip_display(const char *value)
{
	value += strspn(value, " \t");
	if (*value != '"')
		return value;
	for (value++; *value != '\0' && *value != '"'; value++)
		if (*value == '\\' && value[1] != '\0')
			value++;
	return value;
}

/* The first sip URI of a P-Asserted-Identity value: in brackets, or bare up to a separator. */
static void find_asserted(const char *value, struct buf *out)
{
	value = skip_display(value);
	const char *open = strchr(value, '<');
	const char *start = open != NULL ? open + 1 : value + strspn(value, " \t");
	size_t len = strcspn(start, open != NULL ? ">" : ",; \t");

	if (strncasecmp(start, "sip:", 4) == 0 || strncasecmp(start, "sips:", 5) == 0) {
		buf_append(out, start, len);
		return;
	}
	const char *comma = strchr(start + len, ',');

	if (comma != NULL)
		find_asserted(comma + 1, out);
}

/* One header with two values, or two headers (RFC 3325 section 9.1). */
static void asserted(const sip_t *sip, struct buf *out)
{
	for (const sip_unknown_t *h = sip->sip_unknown; h != NULL && out->len == 0; h = h->un_next)
		if (strcasecmp(h->un_name, "P-Asserted-Identity") == 0)
			find_asserted(h->un_value, out);
}

bool identity_is_asserted(const struct request *request)
{
	struct buf uri = BUF_INIT;
	bool is_asserted;

	asserted(request->sip, &uri);
	is_asserted = uri.len != 0;
	buf_free(&uri);
	return is_asserted;
}

/* D-53: nobody could answer or block them. */
static bool is_anonymous(const sip_t *sip)
{
	const url_t *url = sip->sip_from->a_url;

	if (sip->sip_privacy != NULL && sip->sip_privacy->priv_values != NULL)
		for (size_t i = 0; sip->sip_privacy->priv_values[i] != NULL; i++)
			if (strcasecmp(sip->sip_privacy->priv_values[i], "id") == 0)
				return true;
	if (url->url_host != NULL && strcasecmp(url->url_host, "anonymous.invalid") == 0)
		return true;
	return url->url_user != NULL && strcasecmp(url->url_user, "anonymous") == 0;
}

bool identity_is_login(const struct request *request, const struct address *user)
{
	struct buf name = BUF_INIT;
	bool is_same;

	if (request->login == NULL || user->side != SIDE_SIP)
		return false;
	login_name(user, &name);
	is_same = strcmp(buf_text(&name), request->login) == 0;
	buf_free(&name);
	return is_same;
}

/* D-05: what the host of a From means depends on the peer that wrote it. */
static int map_sender(const struct side_core *core, const struct request *request, const char *uri,
		      struct address *out, const char **why)
{
	const char *domain =
		request->login == NULL ? trust_only_domain(core->trust, &request->source) : NULL;

	return address_from_peer_uri(core->params->map, uri, strlen(uri), domain, out, NULL, why);
}

static int check_sender(const struct side_core *core, const struct request *request,
			struct address *out, struct refusal *refusal)
{
	/* D-12: what comes from a chat user over SIP is our own, sent back by the peer. */
	if (out->side == SIDE_XMPP)
		return refuse(refusal, 482, NULL, "the sender is a chat user: a loop");
	if (out->local[0] == '\0')
		return refuse(refusal, 403, NULL, "the sender has no user part");
	if (request->login != NULL)
		return identity_is_login(request, out)
			       ? 0
			       : refuse(refusal, 403, NULL, "From is not the user who logged in");
	if (!trust_may_assert(core->trust, &request->source, out->domain)) /* SEC-003 */
		return refuse(refusal, 403, NULL, "this peer may not assert that domain");
	return 0;
}

int identity_sender(const struct side_core *core, const struct request *request,
		    struct address *out, struct refusal *refusal)
{
	const char *why = "unreadable From";
	struct buf uri = BUF_INIT;
	int status = 0;

	if (is_anonymous(request->sip))
		return refuse(refusal, 433, "Anonymity Disallowed", "anonymous sender");
	/* SIP-103, SIP-104: of who logged in there is none left; strangers never come here. */
	asserted(request->sip, &uri);
	if (uri.len == 0)
		identity_uri(request->sip->sip_from->a_url, &uri);
	if (uri.len == 0 || map_sender(core, request, buf_text(&uri), out, &why) != 0)
		status = refuse(refusal, 403, NULL, why);
	buf_free(&uri);
	if (status != 0)
		return status;
	status = check_sender(core, request, out, refusal);
	if (status != 0)
		address_clear(out);
	return status;
}

static int target_error(int error, const char *why, struct refusal *refusal)
{
	switch (error) {
	case EPROTONOSUPPORT:
		return refuse(refusal, 416, NULL, why);
	case EPERM: /* D-11, ASEC-002 */
		refuse(refusal, 480, NULL, why);
		refusal->headers = "Warning: 380 sipxmppd \"SIPS Not Allowed\"\r\n";
		return 480;
	case EINVAL:
		return refuse(refusal, 400, NULL, why);
	default:
		return refuse(refusal, 404, NULL, why);
	}
}

/* D-05: the URI has our own host; the chat user stands in To. */
static int target_by_to(const struct side_core *core, const struct request *request,
			struct address *out)
{
	const char *why;
	struct buf uri = BUF_INIT;
	int error;

	identity_uri(request->sip->sip_to->a_url, &uri);
	error = address_from_uri(core->params->map, buf_text(&uri), uri.len, out, NULL, &why);
	buf_free(&uri);
	if (error == 0 && out->side != SIDE_XMPP) {
		address_clear(out);
		return ENOENT;
	}
	return error;
}

static int chat_user_only(struct address *out, struct refusal *refusal)
{
	if (out->side == SIDE_XMPP && out->local[0] != '\0')
		return 0;
	address_clear(out); /* PRES-194: both ends on SIP */
	return refuse(refusal, 404, NULL, "not a chat user");
}

int identity_target(const struct side_core *core, const struct request *request,
		    struct address *out, struct refusal *refusal)
{
	struct net_address literal;
	struct uri_parts parts;
	const char *why = "unreadable Request-URI";
	struct buf uri = BUF_INIT;
	int error = EINVAL;

	identity_uri(request->sip->sip_request->rq_url, &uri);
	if (uri.len != 0)
		error = address_from_uri(core->params->map, buf_text(&uri), uri.len, out, NULL,
					 &why);
	if (error == ENOENT && uri_parts_read(&parts, buf_text(&uri)) &&
	    net_address_parse(&literal, parts.host))
		error = target_by_to(core, request, out);
	buf_free(&uri);
	return error != 0 ? target_error(error, why, refusal) : chat_user_only(out, refusal);
}

int identity_dialog_target(const struct side_core *core, const struct dialog *dialog,
			   struct address *out, struct refusal *refusal)
{
	const char *why;
	size_t len = strlen(dialog->local); /* "<uri>" */
	int error =
		address_from_uri(core->params->map, dialog->local + 1, len - 2, out, NULL, &why);

	return error != 0 ? target_error(error, why, refusal) : chat_user_only(out, refusal);
}
