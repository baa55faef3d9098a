/* NOTIFYs of real servers; see replay.h. */
#include "wire/replay.h"

#include <stdio.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"

/* The value of a header of the file, into room; "" if there is none. */
static const char *header(const char *text, const char *name, char *room, size_t room_len)
{
	struct sip_text message = {.text = (char *)(uintptr_t)text, .len = strlen(text)};

	return sip_text_header(&message, name, room, room_len);
}

static void add_header(char *out, size_t out_len, const char *text, const char *name)
{
	size_t len = strlen(out);
	char room[256];

	if (header(text, name, room, sizeof room)[0] != '\0')
		snprintf(out + len, out_len - len, "%s: %s\r\n", name, room);
}

/* The file with the line ends of the wire, which it does not keep. */
static char *wire_form(const char *name)
{
	struct buf out = BUF_INIT;
	char path[512];
	int before = 0;
	FILE *file;

	snprintf(path, sizeof path, TESTS_DIR "/samples/%s.txt", name);
	file = fopen(path, "rb");
	if (file == NULL)
		fail_msg("%s cannot be read", path);
	for (int c = fgetc(file); c != EOF; c = fgetc(file)) {
		if (c == '\n' && before != '\r')
			buf_putc(&out, '\r');
		buf_putc(&out, (char)c);
		before = c;
	}
	fclose(file);
	return buf_take(&out);
}

void replay_one(struct rig *rig, struct presence_agent *presence, struct presence_agent *dialog,
		const char *file)
{
	char *text = wire_form(file);
	char headers[1024] = "", type[256];
	struct presence_agent *end = presence;
	const char *body = strstr(text, "\r\n\r\n");

	header(text, "Event", type, sizeof type);
	if (dialog != NULL && strncmp(type, "dialog", 6) == 0)
		end = dialog;
	snprintf(headers, sizeof headers, "Contact: <sip:pa@127.0.0.1:%u>\r\n",
		 text_peer_port(rig->peer));
	add_header(headers, sizeof headers, text, "Event");
	add_header(headers, sizeof headers, text, "Subscription-State");
	add_header(headers, sizeof headers, text, "Allow-Events");
	add_header(headers, sizeof headers, text, "User-Agent");
	add_header(headers, sizeof headers, text, "Require");
	header(text, "Content-Type", type, sizeof type);
	end->cseq++;
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "NOTIFY",
				       .uri = end->target,
				       .from = end->from,
				       .from_tag = end->tag,
				       .to = end->to,
				       .to_tag = end->their_tag,
				       .call_id = end->call_id,
				       .cseq = end->cseq,
				       .headers = headers,
				       .body = type[0] != '\0' && body != NULL ? body + 4 : NULL,
				       .type = type});
	if (text_peer_expect(rig->peer, "SIP/2.0 200") == NULL)
		fail_msg("%s: not answered", file);
	mem_free(text);
}

void replay_run(struct rig *rig, struct presence_agent *presence, struct presence_agent *dialog,
		const struct replay_step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		replay_one(rig, presence, dialog, steps[i].file);
		if (steps[i].line != NULL) {
			char *line = fake_bridge_expect(rig->bridge, steps[i].line);

			if (line == NULL)
				fail_msg("%s: expected %s, not %s", steps[i].file, steps[i].line,
					 rig->bridge->count != 0 ? rig->bridge->lines[0]
								 : "nothing");
			mem_free(line);
			continue;
		}
		text_peer_let_run(rig->peer, 40);
		if (fake_bridge_count(rig->bridge, "presence") != 0)
			fail_msg("%s: told %s", steps[i].file, rig->bridge->lines[0]);
	}
}
