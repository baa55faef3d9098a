/* Just enough of a SIP message's bytes for the load tools. */
#include "bench/sip_wire.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

static struct slice trim(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	while (end > at && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	return (struct slice){at, (size_t)(end - at)};
}

static bool name_is(struct slice name, const char *full, char compact)
{
	if (name.len == 1 && compact != '\0')
		return (name.at[0] | 0x20) == compact;
	return name.len == strlen(full) && strncasecmp(name.at, full, name.len) == 0;
}

static size_t content_length(const char *data, const char *end)
{
	for (const char *line = data; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		const char *colon = NULL;

		if (stop == NULL)
			break;
		colon = memchr(line, ':', (size_t)(stop - line));
		if (colon != NULL && name_is(trim(line, colon), "Content-Length", 'l'))
			return (size_t)strtoul(colon + 1, NULL, 10);
		line = stop + 1;
	}
	return 0;
}

size_t sip_wire_length(const char *data, size_t len)
{
	size_t skip = 0;
	const char *end = NULL;
	size_t head = 0;
	size_t body = 0;

	while (skip < len && (data[skip] == '\r' || data[skip] == '\n'))
		skip++;
	end = memmem(data + skip, len - skip, "\r\n\r\n", 4);
	if (end == NULL)
		return 0;
	head = (size_t)(end - data) + 4;
	body = content_length(data + skip, end + 2);
	return head + body <= len ? head + body : 0;
}

static void read_first_line(struct sip_wire *out, struct slice line)
{
	const char *end = line.at + line.len;
	const char *space = memchr(line.at, ' ', line.len);
	const char *second = NULL;

	if (space == NULL)
		return;
	if (slice_starts(line, "SIP/2.0")) {
		out->status = atoi(space + 1);
		return;
	}
	out->method = (struct slice){line.at, (size_t)(space - line.at)};
	second = memchr(space + 1, ' ', (size_t)(end - space - 1));
	if (second != NULL)
		out->uri = (struct slice){space + 1, (size_t)(second - space - 1)};
}

static void read_header(struct sip_wire *out, struct slice name, struct slice value)
{
	struct {
		const char *full;
		char compact;
		struct slice *to;
	} const known[] = {
		{"From", 'f', &out->from},
		{"To", 't', &out->to},
		{"Call-ID", 'i', &out->call_id},
		{"CSeq", '\0', &out->cseq},
		{"Contact", 'm', &out->contact},
		{"Event", 'o', &out->event},
		{"Expires", '\0', &out->expires},
		{"Subscription-State", '\0', &out->state},
		{"Record-Route", '\0', &out->record_route},
	};

	if (name_is(name, "Via", 'v')) {
		if (out->via_count < SIP_WIRE_VIAS)
			out->vias[out->via_count++] = value;
		return;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (name_is(name, known[i].full, known[i].compact))
			*known[i].to = value;
}

void sip_wire_read(struct sip_wire *out, const char *data, size_t len)
{
	const char *end = data + len;
	const char *line = data;
	bool is_first = true;

	memset(out, 0, sizeof(*out));
	out->all = (struct slice){data, len};
	while (line < end && (*line == '\r' || *line == '\n'))
		line++;
	while (line < end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		const char *colon = NULL;

		if (stop == NULL)
			return;
		if (stop - line <= 1) {
			out->body = (struct slice){stop + 1, (size_t)(end - stop - 1)};
			return;
		}
		colon = memchr(line, ':', (size_t)(stop - line));
		if (is_first)
			read_first_line(out, trim(line, stop));
		else if (colon != NULL)
			read_header(out, trim(line, colon), trim(colon + 1, stop));
		is_first = false;
		line = stop + 1;
	}
}

static void put_header(struct buf *out, const char *name, struct slice value)
{
	buf_puts(out, name);
	buf_append(out, value.at, value.len);
	buf_puts(out, "\r\n");
}

void sip_wire_reply(struct buf *out, const struct sip_wire *request, int status, const char *reason,
		    const char *to_tag, const char *extra, const char *type, const char *body)
{
	buf_printf(out, "SIP/2.0 %d %s\r\n", status, reason);
	for (int i = 0; i < request->via_count; i++)
		put_header(out, "Via: ", request->vias[i]);
	put_header(out, "From: ", request->from);
	buf_puts(out, "To: ");
	buf_append(out, request->to.at, request->to.len);
	if (!slice_has(request->to, ";tag="))
		buf_printf(out, ";tag=%s", to_tag);
	buf_puts(out, "\r\n");
	put_header(out, "Call-ID: ", request->call_id);
	put_header(out, "CSeq: ", request->cseq);
	buf_puts(out, extra);
	if (body != NULL)
		buf_printf(out, "Content-Type: %s\r\n", type);
	buf_printf(out, "Content-Length: %zu\r\n\r\n", body != NULL ? strlen(body) : (size_t)0);
	if (body != NULL)
		buf_puts(out, body);
}

bool slice_is(struct slice slice, const char *text)
{
	return slice.len == strlen(text) && memcmp(slice.at, text, slice.len) == 0;
}

bool slice_starts(struct slice slice, const char *text)
{
	size_t len = strlen(text);

	return slice.len >= len && memcmp(slice.at, text, len) == 0;
}

bool slice_has(struct slice slice, const char *text)
{
	return slice.len > 0 && memmem(slice.at, slice.len, text, strlen(text)) != NULL;
}

long slice_number_after(struct slice slice, const char *mark)
{
	const char *at = slice.len > 0 ? memmem(slice.at, slice.len, mark, strlen(mark)) : NULL;
	const char *end = slice.at + slice.len;
	long value = 0;

	if (at == NULL)
		return -1;
	at += strlen(mark);
	if (at == end || *at < '0' || *at > '9')
		return -1;
	for (; at < end && *at >= '0' && *at <= '9' && value < 100000000; at++)
		value = value * 10 + (*at - '0');
	return value;
}

struct slice slice_uri(struct slice slice)
{
	const char *open = slice.len > 0 ? memchr(slice.at, '<', slice.len) : NULL;
	const char *end = slice.at + slice.len;
	const char *stop = NULL;

	if (open == NULL) {
		stop = slice.len > 0 ? memchr(slice.at, ';', slice.len) : NULL;
		return (struct slice){slice.at,
				      stop != NULL ? (size_t)(stop - slice.at) : slice.len};
	}
	stop = memchr(open, '>', (size_t)(end - open));
	if (stop == NULL)
		return (struct slice){open + 1, (size_t)(end - open - 1)};
	return (struct slice){open + 1, (size_t)(stop - open - 1)};
}
