/* A SIP user watching a chat user; see watcher.h. */
#include "wire/watcher.h"

#include <stdio.h>

#include "support/check.h"

#include "base/buf.h"
#include "base/mem.h"

char *watcher_contact(struct rig *rig, char *room, size_t room_len)
{
	snprintf(room, room_len, "Contact: <sip:1001@127.0.0.1:%u>\r\n", text_peer_port(rig->peer));
	return room;
}

/* Subscribes over UDP and takes the 200. */
const struct sip_text *watcher_subscribe(struct rig *rig, struct watcher *watcher,
					 const char *headers)
{
	struct buf lines = BUF_INIT;
	char contact[128];

	buf_printf(&lines, "Event: %s\r\n", watcher->event != NULL ? watcher->event : "presence");
	buf_puts(&lines, watcher_contact(rig, contact, sizeof contact));
	buf_puts(&lines, headers);
	watcher->cseq++;
	rig_send(rig, SIP_WAY_UDP,
		 &(struct rig_request){.method = "SUBSCRIBE",
				       .call_id = watcher->call_id,
				       .cseq = watcher->cseq,
				       .headers = lines.data,
				       .from = watcher->from,
				       .uri = watcher->uri,
				       .body = watcher->body,
				       .type = watcher->type,
				       .to_tag = watcher->tag[0] != '\0' ? watcher->tag : NULL});
	buf_free(&lines);
	const struct sip_text *answer = text_peer_expect(rig->peer, "SIP/2.0 ");

	assert_non_null(answer);
	if (strncmp(answer->text, "SIP/2.0 200", 11) == 0)
		sip_text_tag(answer, "To", watcher->tag, sizeof watcher->tag);
	return answer;
}

const struct sip_text *watcher_take(struct rig *rig, const char *state)
{
	const struct sip_text *notify = text_peer_expect(rig->peer, "NOTIFY ");
	char room[256];

	assert_non_null(notify);
	sip_text_header(notify, "Subscription-State", room, sizeof room);
	if (strncmp(room, state, strlen(state)) != 0)
		fail_msg("%s wanted, got %s", state, notify->text);
	return notify;
}

void watcher_answer(struct rig *rig, const char *state, const char *status)
{
	text_peer_answer(rig->peer, watcher_take(rig, state), status, "");
}

void watcher_decide_for(struct rig *rig, const char *user, const char *chat_user,
			enum watch_answer what)
{
	struct address watcher, watched;

	address_set(&watcher, SIDE_SIP, user, "pbx.example");
	address_set(&watched, SIDE_XMPP, chat_user, "chat.example");
	struct watch watch = {1, SCOPE_WATCHER, &watcher, &watched, NULL};

	rig->bridge->requested = what;
	sip_side_ops()->answer(rig->side, &watch, what, NULL,
			       what == WATCH_ALLOWED && rig->bridge->has_now ? &rig->bridge->now
									     : NULL);
	address_clear(&watcher);
	address_clear(&watched);
}

void watcher_tell_for(struct rig *rig, const char *user, const char *chat_user,
		      const struct presence *presence)
{
	struct address watcher, watched;

	address_set(&watcher, SIDE_SIP, user, "pbx.example");
	address_set(&watched, SIDE_XMPP, chat_user, "chat.example");
	struct watch watch = {1, SCOPE_WATCHER, &watcher, &watched, NULL};

	sip_side_ops()->tell(rig->side, &watch, presence);
	address_clear(&watcher);
	address_clear(&watched);
}

void watcher_pair(struct rig *rig,
		  void (*call)(struct rig *rig, const struct watch *watch, void *arg), void *arg)
{
	struct address watcher, watched;

	address_set(&watcher, SIDE_SIP, "1001", "pbx.example");
	address_set(&watched, SIDE_XMPP, "juliet", "chat.example");
	struct watch watch = {1, SCOPE_WATCHER, &watcher, &watched, NULL};

	call(rig, &watch, arg);
	address_clear(&watcher);
	address_clear(&watched);
}

static void call_answer(struct rig *rig, const struct watch *watch, void *arg)
{
	enum watch_answer answer = *(enum watch_answer *)arg;

	rig->bridge->requested = answer;
	sip_side_ops()->answer(rig->side, watch, answer, NULL,
			       answer == WATCH_ALLOWED && rig->bridge->has_now ? &rig->bridge->now
									       : NULL);
}

void watcher_decide(struct rig *rig, enum watch_answer what)
{
	watcher_pair(rig, call_answer, &what);
}

static void call_tell(struct rig *rig, const struct watch *watch, void *arg)
{
	sip_side_ops()->tell(rig->side, watch, arg);
}

void watcher_tell(struct rig *rig)
{
	watcher_pair(rig, call_tell, &rig->bridge->now);
}

/* A granted subscription with its first NOTIFY answered. */
void watcher_begin(struct rig *rig, struct watcher *watcher)
{
	rig->bridge->requested = WATCH_ALLOWED;
	fake_bridge_set_now(rig->bridge, SHOW_NONE, "first");
	watcher_subscribe(rig, watcher, "Expires: 600\r\n");
	rig_expect_line(rig, "requested sip:1001@pbx.example xmpp:juliet@chat.example");
	watcher_answer(rig, "active", "200 OK");
	text_peer_let_run(rig->peer, 20);
}
