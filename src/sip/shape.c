/* The shape of a SIP message; see shape.h. */
#include "sip/shape.h"

#include <string.h>

#include <sofia-sip/msg_header.h>
#include <sofia-sip/msg_mclass.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/url.h>

#include "model/limits.h"
#include "sip/agent.h"
#include "sip/header_text.h"

enum { SHAPE_PARAMS_MAX = 32 };

static bool is_header(const msg_hclass_t *class)
{
	return class != sip_payload_class && class != sip_separator_class &&
	       class != sip_request_class;
}

/* Sofia does not keep how long a line was, so it is written again; only where the message is long
 * enough to hold a line over the limit. */
static bool is_line_long(const msg_common_t *line, const struct limits *limits)
{
	char text[64];
	issize_t len = sip_header_e(text, sizeof text, (const sip_header_t *)line, 0);

	return (int64_t)len > limits->sip_header_bytes;
}

/* Values of one line that is a list count one each. */
static int lines_check(const struct request *request, const struct limits *limits,
		       struct limits_hit *hits, const char **why)
{
	const sip_t *sip = request->sip;
	size_t body = sip->sip_payload != NULL ? sip->sip_payload->pl_len : 0;
	bool is_long = (int64_t)(request->size - body) > limits->sip_header_bytes;
	const msg_common_t *line = (const msg_common_t *)sip->sip_request;
	int64_t count = 0;

	for (; line != NULL; line = (const msg_common_t *)line->h_succ) {
		if (!is_header(line->h_class))
			continue;
		count++;
		if (count > limits->sip_headers) {
			hits->sip_headers++;
			*why = "Too Many Headers";
			return 400;
		}
		if (is_long && is_line_long(line, limits)) {
			hits->sip_header_bytes++;
			*why = "Header Line Too Long";
			return 400;
		}
	}
	return 0;
}

static bool has_too_many(const msg_param_t *params)
{
	size_t count = 0;

	if (params == NULL)
		return false;
	while (params[count] != NULL)
		count++;
	return count > SHAPE_PARAMS_MAX;
}

static int via_check(const sip_t *sip, const struct limits *limits, struct limits_hit *hits,
		     const char **why)
{
	int64_t count = 0;

	for (const sip_via_t *via = sip->sip_via; via != NULL; via = via->v_next) {
		count++;
		if (has_too_many(via->v_params)) {
			*why = "Too Many Parameters";
			return 400;
		}
	}
	if (count <= limits->sip_via)
		return 0;
	hits->sip_via++;
	*why = "Too Many Vias";
	return 400;
}

static bool is_long(const url_t *url, const struct limits *limits)
{
	return (int64_t)url_len(url) > limits->sip_uri_bytes;
}

static int uri_check(const sip_t *sip, const struct limits *limits, struct limits_hit *hits,
		     const char **why)
{
	if (is_long(sip->sip_request->rq_url, limits)) {
		hits->sip_uri_bytes++;
		*why = "Request-URI Too Long";
		return 414;
	}
	if (is_long(sip->sip_from->a_url, limits) || is_long(sip->sip_to->a_url, limits) ||
	    (sip->sip_contact != NULL && is_long(sip->sip_contact->m_url, limits))) {
		hits->sip_uri_bytes++;
		*why = "URI Too Long";
		return 400;
	}
	if (has_too_many(sip->sip_from->a_params) || has_too_many(sip->sip_to->a_params)) {
		*why = "Too Many Parameters";
		return 400;
	}
	return 0;
}

static bool is_printable(const url_t *url)
{
	return header_text_is_printable(url->url_scheme) &&
	       header_text_is_printable(url->url_user) &&
	       header_text_is_printable(url->url_password) &&
	       header_text_is_printable(url->url_host) && header_text_is_printable(url->url_port) &&
	       header_text_is_printable(url->url_path) &&
	       header_text_is_printable(url->url_params) &&
	       header_text_is_printable(url->url_headers);
}

/* SEC-060: Sofia lets control characters pass, and our requests in the dialog would repeat them. (A
 * NOTIFY is answered all the same, D-22; its dialog takes nothing of the kind.) */
static int characters_check(const sip_t *sip, const char **why)
{
	if (sip->sip_request->rq_method == sip_method_notify)
		return 0;
	if (header_text_is_printable(sip->sip_call_id->i_id) &&
	    header_text_is_printable(sip->sip_from->a_tag) &&
	    header_text_is_printable(sip->sip_to->a_tag) && is_printable(sip->sip_from->a_url) &&
	    is_printable(sip->sip_to->a_url) && is_printable(sip->sip_request->rq_url) &&
	    (sip->sip_contact == NULL || is_printable(sip->sip_contact->m_url)))
		return 0;
	*why = "Control Character";
	return 400;
}

/* A NOTIFY may carry a whole directory (D-57); its dialog is looked at next. */
static int size_check(const struct request *request, const struct limits *limits,
		      struct limits_hit *hits, const char **why)
{
	if (request->sip->sip_request->rq_method == sip_method_notify ||
	    (int64_t)request->size <= limits->sip_message_bytes)
		return 0;
	hits->sip_message_bytes++;
	*why = "Request Entity Too Large";
	return 413;
}

/* A body shorter than announced came in a datagram (SIP-049); headers that we use could not be read
 * (a NOTIFY is answered all the same, D-22). */
static int content_check(const struct request *request, const char **why)
{
	const sip_t *sip = request->sip;
	size_t announced = sip->sip_content_length != NULL ? sip->sip_content_length->l_length : 0;
	size_t there = sip->sip_payload != NULL ? sip->sip_payload->pl_len : 0;

	if (sip->sip_content_length != NULL && there < announced) {
		*why = "Body Is Shorter Than Content-Length";
		return 400;
	}
	if (sip->sip_request->rq_method != sip_method_notify &&
	    (msg_extract_errors(request->msg) & (sip_mask_ua | sip_mask_events)) != 0) {
		*why = "Bad Header";
		return 400;
	}
	return 0;
}

int shape_check(const struct request *request, const struct limits *limits, struct limits_hit *hits,
		const char **why)
{
	const sip_t *sip = request->sip;
	int status = size_check(request, limits, hits, why);

	if (status == 0)
		status = lines_check(request, limits, hits, why);
	if (status == 0)
		status = via_check(sip, limits, hits, why);
	if (status == 0)
		status = uri_check(sip, limits, hits, why);
	return status;
}

int shape_check_headers(const struct request *request, const char **why)
{
	int status = characters_check(request->sip, why);

	return status != 0 ? status : content_check(request, why);
}
