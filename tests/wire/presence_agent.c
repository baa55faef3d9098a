/* The SIP server's side of a subscription; see presence_agent.h. */
#include "wire/presence_agent.h"

#include <stdio.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"

static const char pidf_open[] =
	"<?xml version=\"1.0\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" "
	"entity=\"sip:1001@pbx.example\"><tuple id=\"t\"><status><basic>open</basic></status>"
	"<note>%s</note></tuple></presence>";

static void pa_pair(struct rig *rig, const char *watcher, const char *user,
		    void (*call)(struct rig *rig, const struct watch *watch))
{
	struct address from, to;

	address_set(&from, SIDE_XMPP, watcher, "chat.example");
	address_set(&to, SIDE_SIP, user, "pbx.example");
	struct watch watch = {1, SCOPE_WATCHER, &from, &to, NULL};

	call(rig, &watch);
	address_clear(&from);
	address_clear(&to);
}

static void call_watch(struct rig *rig, const struct watch *watch)
{
	sip_side_ops()->watch(rig->side, watch, true);
}

static void call_unwatch(struct rig *rig, const struct watch *watch)
{
	sip_side_ops()->unwatch(rig->side, watch, UNWATCH_END);
}

void pa_watch(struct rig *rig)
{
	pa_pair(rig, "juliet", "1001", call_watch);
}

void pa_watch_as(struct rig *rig, const char *watcher)
{
	pa_pair(rig, watcher, "1001", call_watch);
}

void pa_unwatch_as(struct rig *rig, const char *watcher)
{
	pa_pair(rig, watcher, "1001", call_unwatch);
}

void pa_watch_user(struct rig *rig, const char *user)
{
	pa_pair(rig, "juliet", user, call_watch);
}

void pa_unwatch(struct rig *rig)
{
	pa_pair(rig, "juliet", "1001", call_unwatch);
}

void pa_learn(struct presence_agent *end, const struct sip_text *subscribe)
{
	char contact[256];

	memset(end, 0, sizeof *end);
	sip_text_header(subscribe, "Event", end->event, sizeof end->event);
	end->tag = "nt";
	end->cseq = 10;
	sip_text_header(subscribe, "Call-ID", end->call_id, sizeof end->call_id);
	sip_text_tag(subscribe, "From", end->their_tag, sizeof end->their_tag);
	sip_text_header(subscribe, "To", end->from, sizeof end->from);
	sip_text_header(subscribe, "From", end->to, sizeof end->to);
	*strstr(end->to, ";tag=") = '\0';
	sip_text_header(subscribe, "Contact", contact, sizeof contact);
	snprintf(end->target, sizeof end->target, "%.*s", (int)strcspn(contact + 1, ">"),
		 contact + 1);
}

/* Takes a SUBSCRIBE and answers it. */
void pa_accept(struct rig *rig, struct presence_agent *end, const char *status, const char *headers)
{
	const struct sip_text *subscribe = text_peer_expect(rig->peer, "SUBSCRIBE ");

	assert_non_null(subscribe);
	pa_learn(end, subscribe);
	text_peer_answer(rig->peer, subscribe, status, headers);
}

void pa_accept_both(struct rig *rig, struct presence_agent *presence, struct presence_agent *dialog)
{
	for (int i = 0; i < 2; i++) {
		struct presence_agent one;

		pa_accept(rig, &one, "200 OK", "Expires: 3600\r\n");
		*(strcmp(one.event, "dialog") == 0 ? dialog : presence) = one;
	}
	assert_string_equal(presence->event, "presence");
	assert_string_equal(dialog->event, "dialog");
}

static const char *type_of(const struct presence_agent *end)
{
	if (end->type != NULL)
		return end->type;
	return strcmp(end->event, "dialog") == 0 ? "application/dialog-info+xml"
						 : "application/pidf+xml";
}

void pa_send_notify(struct rig *rig, struct presence_agent *end, const char *state,
		    const char *headers, const char *body)
{
	struct buf lines = BUF_INIT;

	if (state != NULL)
		buf_printf(&lines, "Event: %s\r\nSubscription-State: %s\r\n", end->event, state);
	buf_printf(&lines, "Contact: <sip:pa@127.0.0.1:%u>\r\n%s", text_peer_port(rig->peer),
		   headers);
	end->cseq++;
	rig_send(rig, end->is_tcp ? SIP_WAY_TCP : SIP_WAY_UDP,
		 &(struct rig_request){.method = "NOTIFY",
				       .uri = end->target,
				       .from = end->from,
				       .from_tag = end->tag,
				       .to = end->to,
				       .to_tag = end->their_tag,
				       .call_id = end->call_id,
				       .cseq = end->cseq,
				       .headers = lines.data,
				       .body = body,
				       .type = type_of(end)});
	buf_free(&lines);
}

void pa_notify(struct rig *rig, struct presence_agent *end, const char *state, const char *body,
	       const char *status)
{
	char start[32];

	pa_send_notify(rig, end, state, "", body);
	snprintf(start, sizeof start, "SIP/2.0 %s", status);
	if (text_peer_expect(rig->peer, start) == NULL)
		fail_msg("no %s to a NOTIFY %s", status, state != NULL ? state : "(none)");
}

char *pa_document(const char *note, char *room, size_t room_len)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(room, room_len, pidf_open, note);
#pragma GCC diagnostic pop
	return room;
}

char *pa_dialogs(unsigned version, const char *dialogs, char *room, size_t room_len)
{
	snprintf(room, room_len,
		 "<?xml version=\"1.0\"?><dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" "
		 "version=\"%u\" state=\"full\" entity=\"sip:1001@pbx.example\">%s</dialog-info>",
		 version, dialogs);
	return room;
}

void pa_begin(struct rig *rig, struct presence_agent *end)
{
	char room[512];

	pa_watch(rig);
	pa_accept(rig, end, "200 OK", "Expires: 3600\r\n");
	pa_notify(rig, end, "active;expires=3600", pa_document("one", room, sizeof room), "200");
	rig_expect_line(rig, "answered xmpp:juliet@chat.example sip:1001@pbx.example ALLOWED");
	rig_expect_line(
		rig,
		"presence xmpp:juliet@chat.example sip:1001@pbx.example open=1 show=- note=one");
}
