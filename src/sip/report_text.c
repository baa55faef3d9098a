/* Reports of messages for SIP users; see report_text.h. */
#include "sip/report_text.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "model/message.h"
#include "sip/header_text.h"
#include "sip/net_address.h"
#include "sip/side_core.h"
#include "translate/cpim.h"
#include "translate/imdn.h"

/* A URI from outside that may stand between angle brackets. */
static bool is_clean(const char *uri)
{
	return uri != NULL && uri[0] != '\0' && strpbrk(uri, "<>\" ") == NULL &&
	       header_text_is_printable(uri);
}

void report_text_imdn(const struct message *message, const struct report_ends *ends,
		      struct buf *out)
{
	const struct message_report *report = message->report;
	const struct message_origin *origin = &report->origin;

	imdn_write(report->kind, origin->id, origin->stamp, ends->now_ms, ends->from_uri,
		   is_clean(origin->recipient) ? origin->recipient : ends->from_uri, out);
}

/* RCPT-007, RCPT-010: an id of its own, and nothing is asked about it. */
void report_text_cpim(const struct message *message, const struct report_ends *ends,
		      struct buf *out)
{
	const struct message_origin *origin = &message->report->origin;
	struct buf imdn = BUF_INIT;

	report_text_imdn(message, ends, &imdn);

	const struct cpim_text text = {
		.from = ends->from_uri,
		.to = is_clean(origin->address) ? origin->address : ends->to_uri,
		.date_time_ms = ends->now_ms,
		.message_id = message->uid,
		.routes = origin->route, /* RCPT-014 */
		.content_type = imdn_type,
		.disposition = "notification",
		.content = imdn.data,
		.content_len = imdn.len,
	};

	cpim_write(&text, out);
	buf_free(&imdn);
}

static const char *reason_of(const struct fault *fault)
{
	switch (fault->code) {
	case FAULT_ITEM_NOT_FOUND:
	case FAULT_JID_MALFORMED:
	case FAULT_REMOTE_SERVER_NOT_FOUND:
		return "no such user";
	case FAULT_RECIPIENT_UNAVAILABLE:
		return "the user cannot be reached";
	case FAULT_SERVICE_UNAVAILABLE:
		return "not available";
	case FAULT_GONE:
	case FAULT_REDIRECT:
		return "the user has moved";
	case FAULT_FORBIDDEN:
	case FAULT_NOT_ALLOWED:
	case FAULT_NOT_AUTHORIZED:
	case FAULT_REGISTRATION_REQUIRED:
	case FAULT_SUBSCRIPTION_REQUIRED:
	case FAULT_POLICY_VIOLATION:
		return "not allowed";
	case FAULT_TOO_LARGE:
		return "too long";
	case FAULT_NOT_ACCEPTABLE:
	case FAULT_FEATURE_NOT_IMPLEMENTED:
		return "not accepted";
	case FAULT_REMOTE_SERVER_TIMEOUT:
	case FAULT_NO_ANSWER:
		return "no answer in time";
	case FAULT_LINK_DOWN:
		return "the chat server cannot be reached";
	case FAULT_RESOURCE_CONSTRAINT:
	case FAULT_RATE:
		return "too many messages";
	default:
		return fault->text[0] != '\0' ? fault->text : "an error";
	}
}

void report_text_words(const struct message *message, struct buf *out)
{
	const struct message_report *report = message->report;

	buf_puts(out, fault_is_uncertain(&report->fault) ? "Not delivered (uncertain): "
							 : "Not delivered: ");
	buf_puts(out, reason_of(&report->fault));
	if (report->excerpt == NULL || report->excerpt[0] == '\0')
		return;
	buf_puts(out, ": ");
	buf_puts(out, report->excerpt);
}

/* The first line, without name and brackets. */
static void top_route(const char *routes, struct buf *out)
{
	size_t len = strcspn(routes, "\n");
	const char *open = memchr(routes, '<', len);
	const char *close;

	if (open == NULL) {
		buf_append(out, routes, len);
		return;
	}
	close = memchr(open, '>', len - (size_t)(open - routes));
	if (close != NULL)
		buf_append(out, open + 1, (size_t)(close - open - 1));
}

static bool is_host_of(const char *uri, const char *host)
{
	struct uri_parts parts;

	return uri != NULL && uri_parts_read(&parts, uri) && strcasecmp(parts.host, host) == 0;
}

/* SEC-021, RCPT-071: a sender must not make us send to whom he likes: his own domain or its server.
 */
static bool may_go_to(const struct side_core *core, const char *uri, const char *domain)
{
	struct uri_parts parts;

	return is_clean(uri) && uri_parts_read(&parts, uri) && !parts.is_sips && !parts.has_maddr &&
	       (strcasecmp(parts.host, domain) == 0 ||
		is_host_of(side_core_next_hop(core, domain), parts.host));
}

void report_text_target(const struct side_core *core, const struct message *message,
			const char *to_uri, const char *domain, struct buf *out)
{
	const struct message_origin *origin = &message->report->origin;
	struct buf route = BUF_INIT;

	if (origin->route != NULL)
		top_route(origin->route, &route);
	buf_puts(out, may_go_to(core, buf_text(&route), domain) ? route.data : to_uri);
	buf_free(&route);
}
