/* MESSAGEs that real software sent; see message_sample.h. */
#include "wire/message_sample.h"

#include <stdio.h>
#include <strings.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"

static void read_file(const char *name, struct buf *out)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof path, TESTS_DIR "/samples/%s.txt", name);
	file = fopen(path, "rb");
	if (file == NULL)
		fail_msg("%s cannot be read", path);
	for (int c = fgetc(file); c != EOF; c = fgetc(file))
		buf_putc(out, (char)c);
	fclose(file);
}

/* The addr-spec of a From or To becomes uri; the rest of the line stays. */
static void put_party(const char *line, size_t len, const char *uri, struct buf *out)
{
	const char *start = memchr(line, '<', len);
	size_t used;

	start = start != NULL ? start + 1 : line + strcspn(line, ":") + 1;
	while (*start == ' ')
		start++;
	used = (size_t)(start - line);
	buf_append(out, line, used);
	buf_puts(out, uri);
	used += strcspn(start, ">;\r\n");
	buf_append(out, line + used, len - used);
}

static void put_header(const struct rig *rig, const char *line, size_t len, struct buf *out)
{
	if (strncasecmp(line, "Route:", 6) == 0)
		return;
	if (strncasecmp(line, "Via:", 4) == 0)
		buf_printf(out, "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKsample;rport",
			   text_peer_port(rig->peer));
	else if (strncasecmp(line, "From:", 5) == 0)
		put_party(line, len, "sip:1001@pbx.example", out);
	else if (strncasecmp(line, "To:", 3) == 0)
		put_party(line, len, "sip:juliet@chat.example", out);
	else
		buf_append(out, line, len);
	buf_puts(out, "\r\n");
}

void message_sample_send(struct rig *rig, const char *file)
{
	struct buf text = BUF_INIT, out = BUF_INIT;
	size_t at;

	read_file(file, &text);
	buf_puts(&out, "MESSAGE sip:juliet@chat.example SIP/2.0\r\n");
	at = strcspn(text.data, "\n") + 1;
	while (text.data[at] != '\r' && text.data[at] != '\n') {
		put_header(rig, text.data + at, strcspn(text.data + at, "\r\n"), &out);
		at += strcspn(text.data + at, "\n") + 1;
	}
	at += strcspn(text.data + at, "\n") + 1;
	buf_puts(&out, "\r\n");
	buf_append(&out, text.data + at, text.len - at);
	text_peer_send_bytes(rig->peer, SIP_WAY_UDP, out.data, out.len);
	buf_free(&text);
	buf_free(&out);
}
