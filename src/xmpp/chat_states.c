#include "xmpp/chat_states.h"

#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "core/bridge.h"
#include "core/learned.h"
#include "loop/loop.h"
#include "translate/address_map.h"
#include "translate/message_stanza.h"
#include "xmpp/caps_book.h"
#include "xmpp/inbox.h"
#include "xmpp/side_private.h"
#include "xmpp/talks.h"
#include "xmpp/users.h"

enum { REFRESH_S = 90, KEY_MAX = 24 };

/* Heard ---------------------------------------------------------------------------------------- */

/* By the JID as we write it. */
static void learn(const struct inbound *in, bool understands)
{
	struct buf jid = BUF_INIT;

	if (address_to_jid(in->side->params.map, &in->sender, &jid) == 0)
		learned_put(bridge_learned(in->side->params.bridge), LEARNED_STATES, buf_text(&jid),
			    understands);
	buf_free(&jid);
}

void chat_states_text(const struct inbound *in, const struct message_stanza *stanza,
		      struct talk *talk)
{
	if (stanza->state != CHAT_STATE_NONE)
		learn(in, true);
	else if (talk != NULL && talk->has_offered)
		learn(in, false); /* TYPE-016, X0085-2 */
	if (talk == NULL)
		return;
	talk->has_offered = false;
	talk->composer = 0;
}

void chat_states_take(const struct inbound *in, const struct message_stanza *stanza)
{
	struct xmpp_side *side = in->side;
	bool is_composing = stanza->state == CHAT_STATE_COMPOSING;
	/* The other four are all idle (TYPE-028 to TYPE-031); the core knows whether it says
	 * something new. */
	struct typing typing = {is_composing, is_composing ? REFRESH_S : 0};
	struct talk *talk = talks_get(side->talks, &in->target, &in->sender);
	uint64_t resource = talks_resource(side->talks, in->from_resource);

	learn(in, true);
	talk->has_offered = false;
	if (stanza->message.thread != NULL)
		talk_set_thread(talk, stanza->message.thread, loop_now(side->params.loop));
	if (!is_composing && talk->composer != 0 && talk->composer != resource)
		return; /* a client of his that is not the one that composes */
	talk->composer = is_composing ? resource : 0;
	bridge_typing(side->params.bridge, SIDE_XMPP, &in->sender, &in->target, &typing);
}

void chat_states_left(const struct inbound *in)
{
	static const struct typing idle;
	struct xmpp_side *side = in->side;
	struct talk *talk = talks_find(side->talks, &in->target, &in->sender);

	if (talk == NULL || talk->composer == 0 ||
	    (in->from_resource != NULL &&
	     talk->composer != talks_resource(side->talks, in->from_resource)))
		return;
	talk->composer = 0;
	bridge_typing(side->params.bridge, SIDE_XMPP, &in->sender, &in->target, &idle);
}

/* Shown ---------------------------------------------------------------------------------------- */

/* X0085-2: he sent one himself, or a client of his that is online says so. */
static bool understands(struct xmpp_side *side, const char *chat_bare)
{
	int64_t known = learned_get(bridge_learned(side->params.bridge), LEARNED_STATES, chat_bare);
	const struct user_resource *resources;
	unsigned count;

	if (known >= 0)
		return known == 1;
	resources = users_resources(side->users, chat_bare, &count);
	for (unsigned i = 0; i < count; i++) {
		if ((caps_book_wants(side->caps_book, resources[i].caps) & CAPS_STATES) != 0)
			return true;
	}
	return false;
}

/* TYPE-026: nobody types to one who never spoke with him and does not show him more than that. */
static bool may_be_shown(struct xmpp_side *side, const struct address *from,
			 const struct address *to)
{
	return address_may_use(side->params.map, to) && /* SEC-025 */
	       (talks_find(side->talks, from, to) != NULL ||
		bridge_may_see(side->params.bridge, from, to, NULL) ||
		bridge_may_see(side->params.bridge, to, from, NULL));
}

/* Composing does not wait for room: a text could pass by it, and nothing would take it back. */
static int put_state(struct xmpp_side *side, const struct jids *jids, const struct talk *talk,
		     bool is_composing)
{
	const char *from = buf_text(&jids->sip_full);
	const struct component *component = side_component_of(side, from);
	char key[KEY_MAX];

	if (is_composing && (component == NULL || component_is_full(component)))
		return ENOBUFS;
	buf_reset(&side->scratch);
	message_stanza_write_state(&side->scratch, from, buf_text(&jids->chat_bare), is_composing,
				   talk_thread(talk, loop_now(side->params.loop)));
	snprintf(key, sizeof(key), "T%llx", (unsigned long long)talk->key);
	return side_put(side, from, OUTBOX_STATE, key);
}

void chat_states_show(struct xmpp_side *side, const struct address *from, const struct address *to,
		      const struct typing *typing)
{
	enum talk_state state = typing->is_active ? TALK_SAID_COMPOSING : TALK_SAID_ACTIVE;
	struct jids jids;

	if (!may_be_shown(side, from, to))
		return;
	if (jids_make(side, from, to, &jids) && understands(side, buf_text(&jids.chat_bare))) {
		struct talk *talk = talks_get(side->talks, from, to);

		/* TYPE-015; nobody is told that somebody does not do what he never did */
		if ((talk->said == TALK_SAID_COMPOSING) != typing->is_active &&
		    put_state(side, &jids, talk, typing->is_active) == 0) {
			talk->said = state;
			talk->has_offered = true;
		}
	}
	jids_clear(&jids);
}

bool chat_states_go_with(struct xmpp_side *side, const struct talk *talk, const char *chat_bare,
			 bool takes_typing)
{
	if (talk != NULL && talk->said == TALK_SAID_COMPOSING)
		return true; /* TYPE-023: it takes that back */
	return takes_typing &&
	       learned_get(bridge_learned(side->params.bridge), LEARNED_STATES, chat_bare) != 0;
}

void chat_states_went(struct talk *talk)
{
	talk->said = TALK_SAID_ACTIVE;
	talk->has_offered = true;
}
