/* SUBSCRIBE for a list: one that the request brings (RFC 5367), packed or not, or one of ours. */
#include <errno.h>
#include <stdio.h>

#include <sofia-sip/msg_header.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "base/buf.h"
#include "base/mem.h"
#include "core/bridge.h"
#include "model/counters.h"
#include "model/limits.h"
#include "sip/agent.h"
#include "sip/identity.h"
#include "sip/list_private.h"
#include "sip/own_lists.h"
#include "sip/side_core.h"
#include "sip/subscribe_check.h"
#include "sip/subscribe_in.h"
#include "translate/deflate.h"
#include "translate/resource_lists.h"

/* Why a list cannot be read: what is answered. */
struct bad_list {
	int status;
	const char *phrase;
	const char *headers;
};

static int refuse_as(struct bad_list *out, int status, const char *phrase, const char *headers)
{
	*out = (struct bad_list){status, phrase, headers};
	return status;
}

static enum coding coding_of(const sip_t *sip)
{
	const sip_content_encoding_t *encoding = sip->sip_content_encoding;

	if (encoding == NULL || encoding->k_items == NULL || encoding->k_items[0] == NULL)
		return CODING_IDENTITY;
	if (encoding->k_items[1] != NULL)
		return CODING_OTHER;
	return coding_from_header(encoding->k_items[0]);
}

static int unpack(const sip_t *sip, const struct limits *limits, struct buf *out,
		  struct bad_list *bad)
{
	int error = deflate_read(sip->sip_payload->pl_data, sip->sip_payload->pl_len,
				 coding_of(sip), (size_t)limits->sip_body_bytes, out);

	switch (error) {
	case 0:
		return 0;
	case EOPNOTSUPP:
		return refuse_as(bad, 415, NULL, "Accept-Encoding: deflate, gzip\r\n");
	case E2BIG:
		return refuse_as(bad, 413, NULL, NULL);
	default:
		return refuse_as(bad, 400, "Damaged Body", NULL);
	}
}

static int parse(const struct buf *text, const struct limits *limits, struct resource_lists *out,
		 struct bad_list *bad)
{
	int error = resource_lists_parse(buf_text(text), text->len, (size_t)limits->sip_body_bytes,
					 (size_t)limits->list_members, out);

	if (error == E2BIG)
		return refuse_as(bad, 413, "Too Many Entries", NULL);
	if (error != 0)
		return refuse_as(bad, 400, "Bad Resource List", NULL);
	if (out->count != 0)
		return 0;
	resource_lists_clear(out);
	return refuse_as(bad, 400, "Empty Resource List", NULL);
}

/* 0 or the status of the refusal. */
static int read_list(const struct side_core *core, const sip_t *sip, struct resource_lists *out,
		     struct bad_list *bad)
{
	struct buf text = BUF_INIT;
	int status = unpack(sip, core->params->limits, &text, bad);

	if (status == 0)
		status = parse(&text, core->params->limits, out, bad);
	if (bad->status == 413)
		core->params->counters->limits.list_members++;
	buf_free(&text);
	return status;
}

/* own: the address of the list, if it is ours. */
static void begin(struct subscription *s, struct request *request, const struct subscribe_ask *ask,
		  const struct address *by, const char *nick, const struct address *own,
		  const struct resource_lists *members)
{
	struct buf uri = BUF_INIT;

	identity_uri(request->sip->sip_to->a_url, &uri);
	s->list = list_watch_new(s, buf_text(&uri), by, nick);
	if (own != NULL)
		address_copy(&s->list->own, own);
	buf_free(&uri);
	if (s->is_fetch) {
		subscribe_fetched(s, request);
	} else {
		s->state = SUBSCRIPTION_ACTIVE;
	}
	list_watch_set(s->list, members);
	if (!s->is_fetch)
		subscribe_granted(s, request, ask->expires_s);
	notify_send(s, NULL);
}

void subscribe_list(struct subscription *s, struct request *request,
		    const struct subscribe_ask *ask, const struct address *by, const char *nick)
{
	struct notifier *notifier = s->notifier;
	struct resource_lists members = {0};
	struct bad_list bad = {0};

	if (read_list(notifier->core, request->sip, &members, &bad) != 0) {
		notifier_free_subscription(s);
		subscribe_refuse(notifier, request, bad.status, bad.phrase, bad.headers,
				 "resource list");
		return;
	}
	begin(s, request, ask, by, nick, NULL, &members);
	resource_lists_clear(&members);
}

void subscribe_own_list(struct subscription *s, struct request *request,
			const struct subscribe_ask *ask, const struct address *by,
			const struct address *address)
{
	struct resource_lists members = {0};

	own_lists_members(s->notifier->own_lists, address, by->domain, &members);
	begin(s, request, ask, by, NULL, address, &members);
	resource_lists_clear(&members);
}

bool subscribe_list_again(struct subscription *s, struct request *request,
			  const struct subscribe_ask *ask)
{
	struct resource_lists members = {0};
	struct bad_list bad = {0};

	if (ask->expires_s == 0)
		return true;
	if (ask->has_list && read_list(s->notifier->core, request->sip, &members, &bad) != 0) {
		subscribe_refuse(s->notifier, request, bad.status, bad.phrase, bad.headers,
				 "resource list");
		return false;
	}
	if (ask->has_list)
		address_clear(&s->list->own);
	list_watch_set(s->list, ask->has_list ? &members : NULL);
	list_watch_want_all(s->list); /* EVT-072 */
	resource_lists_clear(&members);
	return true;
}
