/* A request as the library sends it; see transaction.h. */
#include <stdio.h>
#include <string.h>

#define NTA_OUTGOING_MAGIC_T struct transaction
#include <sofia-sip/su_wait.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/nta.h>
#include <sofia-sip/nta_tag.h>
#include <sofia-sip/nta_tport.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_parser.h>
#include <sofia-sip/tport.h>
#include <sofia-sip/tport_tag.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/random.h"
#include "sip/agent.h"
#include "sip/header_text.h"
#include "sip/targets.h"
#include "sip/transaction_private.h"

enum { BRANCH_RANDOM_BYTES = 12, HEADERS_ROOM = 2048, LINE_MAX_BYTES = 4096, TARGET_CHARS = 8 };

/* Not in the headers of the library, but exported by all its versions: what a transport calls when
 * a message has come in. */
void tport_deliver(tport_t *self, msg_t *msg, msg_t *next, void *compressor, su_time_t now);

static int on_response(struct transaction *t, nta_outgoing_t *orq, sip_t const *sip)
{
	struct transaction_result result = {.status = nta_outgoing_status(orq), .sip = sip};

	if (t == NULL || t->fn == NULL || result.status < 200)
		return 0; /* MSG-034 */
	result.is_local = nta_sip_is_internal(sip);
	if (result.is_local) {
		result.sip = NULL;
	} else {
		result.cseq_more = t->kept != NULL ? t->kept->tries.count : 0;
		result.way = nta_outgoing_transport(orq);
	}
	transaction_answered(t, orq, &result);
	if (result.way != NULL)
		tport_unref(result.way);
	return 0;
}

/* SIP-003, SEC-009; our instance is in it, so that a loop shows in any Via (SEC-071). */
static void make_branch(const struct agent *agent, char branch[BRANCH_MAX])
{
	static const char head[] = "branch=z9hG4bK";
	size_t len = strlen(agent_instance(agent));

	memcpy(branch, head, sizeof head - 1);
	branch += sizeof head - 1;
	memcpy(branch, agent_instance(agent), len); /* 12 characters */
	branch[len] = '.';
	random_hex(branch + len + 1, BRANCH_RANDOM_BYTES);
}

/* Of a request that may be repeated exactly (REL-004): the same one for the same server, another
 * for another server and with other credentials (SIP-003, SIP-088). */
static void vary_branch(const struct transaction *t, const char *given, const struct target *target,
			char branch[BRANCH_MAX])
{
	char print[HASH_HEX_CHARS + 1] = "";
	bool has_others = target != NULL && hop_count(t->hop) > 1;
	unsigned tries = t->kept != NULL ? t->kept->tries.count : 0;

	if (has_others)
		hash_hex(t->owner->core->params->key, target->uri, strlen(target->uri), print);
	print[has_others ? TARGET_CHARS : 0] = '\0';
	if (tries != 0)
		(void)snprintf(branch, BRANCH_MAX, "%s%s.%u", given, print, tries);
	else
		(void)snprintf(branch, BRANCH_MAX, "%s%s", given, print);
}

/* Like msg_make(), with room for all headers in one piece of memory, instead of one for each. The
 * library keeps the text of each header, and need not print it again. */
static msg_t *parse(const struct buf *text)
{
	msg_t *msg = msg_create(sip_default_mclass(), MSG_DO_EXTRACT_COPY);
	msg_iovec_t place[2];

	if (msg == NULL)
		return NULL;
	su_home_preload(msg_home(msg), 1, 2 * text->len + HEADERS_ROOM);
	if (msg_recv_iovec(msg, place, 2, text->len, 1) != 1) {
		msg_destroy(msg);
		return NULL;
	}
	memcpy(place[0].mv_base, text->data, text->len);
	msg_recv_commit(msg, text->len, 1);
	(void)msg_extract(msg); /* errors show in sip_error */
	return msg;
}

/* Credentials ---------------------------------------------------------------------------------- */

static bool split_first_line(const char *text, char *method, size_t method_size, char *uri,
			     size_t uri_size)
{
	size_t method_len = strcspn(text, " ");
	const char *from = text + method_len + 1;
	size_t uri_len = strcspn(from, " \r");

	if (method_len >= method_size || uri_len >= uri_size)
		return false;
	memcpy(method, text, method_len);
	method[method_len] = '\0';
	memcpy(uri, from, uri_len);
	uri[uri_len] = '\0';
	return true;
}

static bool put_credentials(struct transaction *t, const struct buf *text, struct buf *out)
{
	char method[32], uri[1025];
	const char *body = strstr(text->data, "\r\n\r\n");
	struct digest_request request = {.method = method, .uri = uri};

	if (!split_first_line(text->data, method, sizeof method, uri, sizeof uri))
		return false;
	if (body != NULL) {
		request.body = body + 4;
		request.body_len = text->len - (size_t)(body + 4 - text->data);
	}
	return digest_client_put(t->login, &request, out);
}

/* SIP-010: the same request with credentials and, after a challenge, the next CSeq. False: as it
 * is. */
static bool rewrite(struct transaction *t, const struct buf *text, struct buf *out)
{
	static const char name[] = "\r\nCSeq: ";
	const char *at = strstr(text->data, name);
	const char *rest;

	if (t->login == NULL || t->kept == NULL || at == NULL)
		return false;
	at += 2;
	buf_reserve(out, text->len + 1024);
	buf_append(out, text->data, (size_t)(at - text->data));
	t->kept->tries.has_any = put_credentials(t, text, out);
	if (!t->kept->tries.has_any)
		return false;
	rest = at + sizeof name - 3;
	buf_puts(out, name + 2);
	if (t->kept->cseq_now != 0) {
		header_text_put_number(out, t->kept->cseq_now);
		rest += strspn(rest, "0123456789");
	}
	buf_append(out, rest, text->len - (size_t)(rest - text->data));
	return true;
}

/* Out ------------------------------------------------------------------------------------------ */

void transaction_transmit(struct transaction *t, const struct transaction_request *request,
			  const struct target *target)
{
	const void *to = target != NULL ? (const void *)target->url : request->next_hop;
	struct agent *agent = t->owner->core->agent;
	char branch[BRANCH_MAX];
	struct buf with = BUF_INIT;
	bool is_signed = rewrite(t, request->text, &with);
	msg_t *msg = parse(is_signed ? &with : request->text);

	if (request->branch == NULL)
		make_branch(agent, branch);
	else
		vary_branch(t, request->branch, target, branch);
	t->orq = NULL;
	if (msg != NULL && sip_object(msg) != NULL && sip_object(msg)->sip_error == NULL)
		t->orq = nta_outgoing_mcreate(
			agent_nta(agent), on_response, t, (const url_string_t *)to, msg,
			NTATAG_BRANCH_KEY(branch), TAG_IF(request->any_size, TPTAG_MTU(65535)),
			TAG_IF(t->kept != NULL, NTATAG_PASS_100(1)), TAG_END());
	if (t->orq == NULL && msg != NULL)
		msg_destroy(msg);
	buf_free(&with);
}

/* Giving up ------------------------------------------------------------------------------------ */

static void put_header(const void *header, struct buf *out)
{
	char line[LINE_MAX_BYTES];
	issize_t len = header != NULL ? sip_header_e(line, sizeof line, header, 0) : 0;

	if (len > 0 && (size_t)len < sizeof line)
		buf_append(out, line, (size_t)len);
}

static msg_t *make_end(nta_outgoing_t *orq)
{
	msg_t *request = nta_outgoing_getrequest(orq);
	const sip_t *sip = sip_object(request);
	struct buf text = BUF_INIT;
	msg_t *end;

	buf_puts(&text, "SIP/2.0 408 Request Timeout\r\n");
	put_header(sip->sip_via, &text);
	put_header(sip->sip_from, &text);
	put_header(sip->sip_to, &text);
	put_header(sip->sip_call_id, &text);
	put_header(sip->sip_cseq, &text);
	buf_puts(&text, "Content-Length: 0\r\n\r\n");
	end = parse(&text);
	if (end != NULL)
		msg_addr(end)->su_family = AF_INET;
	buf_free(&text);
	msg_destroy(request);
	return end;
}

/* The library repeats what was released until Timer F, and a connection that is still being made
 * writes it when it is: he who was given up would get the request long after another server took
 * it. So the transaction is given its end. */
static void silence(nta_outgoing_t *orq)
{
	tport_t *transport = nta_outgoing_transport(orq);
	msg_t *end = make_end(orq);

	nta_outgoing_destroy(orq);
	if (end != NULL && transport != NULL)
		tport_deliver(transport, end, NULL, NULL, su_now());
	else if (end != NULL)
		msg_destroy(end);
	if (transport == NULL)
		return;
	if (tport_is_secondary(transport) && !tport_is_connected(transport))
		(void)tport_shutdown(transport, 2);
	tport_unref(transport);
}

void attempt_ignore(struct attempt *attempt)
{
	nta_outgoing_bind(attempt->orq, on_response, NULL);
}

void attempt_release(struct attempt **attempt)
{
	nta_outgoing_t *orq = (*attempt)->orq;

	list_remove(&(*attempt)->link);
	if ((*attempt)->is_silent && nta_outgoing_status(orq) < 200)
		silence(orq);
	else
		nta_outgoing_destroy(orq);
	mem_free(*attempt);
	*attempt = NULL;
}
