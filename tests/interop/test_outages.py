"""A server dies, hangs, comes back: the right error at the sender, no stale dot, everything back by itself."""

import signal

from cases import ALICE_JID, JULIET, message_crosses, nothing_more, publish, sees, stored, test, watch_chat, watch_sip
from rig import check, until
from sip_ua import SipUser


# [REL-001] [REL-007] [D-36] [D-44] the link is down: taken into the store, delivered when it is back, with its time
@test()
async def text_waits_for_a_chat_server_that_was_killed(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await message_crosses(rig, juliet, alice, 'before')
    rig.programs['prosody'].signal(signal.SIGKILL)
    await rig.programs['prosody'].ended()
    answer = await alice.send_message(JULIET, 'while it is down')
    check(answer.status == 202, f'answered {answer.status} {answer.reason}')
    juliet.cut()
    links = rig.links()
    await rig.start_chat_server()
    await rig.linked(links)
    await juliet.sign_in()
    await until(lambda: 'while it is down' in juliet.bodies(ALICE_JID), 'the text')
    await message_crosses(rig, juliet, alice, 'after')
    check(juliet.bodies(ALICE_JID) == ['before', 'while it is down', 'after'], f'{juliet.bodies(ALICE_JID)}')
    check([m.text for m in alice.messages] == ['before back', 'after back'], 'the sender was told something')


# [REL-001] [REL-003] [REL-004] [D-36] handed over, and no word: 202; when the chat server goes on, it is there, seen once
@test()
async def text_to_a_stopped_chat_server_is_seen_once(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await message_crosses(rig, juliet, alice, 'before')
    rig.programs['prosody'].signal(signal.SIGSTOP)
    answer = await alice.send_message(JULIET, 'into the silence')
    check(answer.status == 202, f'answered {answer.status} {answer.reason}')
    links = rig.links()
    rig.programs['prosody'].signal(signal.SIGCONT)
    await until(lambda: 'into the silence' in juliet.bodies(ALICE_JID), 'the text')
    await message_crosses(rig, juliet, alice, 'after')
    check(juliet.bodies(ALICE_JID) == ['before', 'into the silence', 'after'], f'{juliet.bodies(ALICE_JID)}')
    check(rig.links() == links, 'a link that answers was given up')


# [REL-003] [REL-004] [D-36] the silence lasts until the link is given up: the text goes out again, with the same id
@test()
async def text_to_a_silent_chat_server_keeps_its_id(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await message_crosses(rig, juliet, alice, 'before')
    rig.programs['prosody'].signal(signal.SIGSTOP)
    answer = await alice.send_message(JULIET, 'into the silence')
    check(answer.status == 202, f'answered {answer.status} {answer.reason}')
    links = rig.links()
    daemon = rig.programs['sipxmppd']
    await until(lambda: 'xmpp: link lost' in daemon.text(), 'the silent link is given up', 30)
    rig.programs['prosody'].signal(signal.SIGCONT)
    await rig.linked(links)
    await until(lambda: 'into the silence' in juliet.bodies(ALICE_JID), 'the text')
    await message_crosses(rig, juliet, alice, 'after')
    seen = [s for s in juliet.got('message', ALICE_JID) if s.body == 'into the silence']
    check(seen and len({s.id for s in seen}) == 1, f'{[str(s) for s in seen]}')


# [PRES-187] [PRS-006] [PRS-007] [REL-011] [REL-021] [CMP-010] the chat server restarts
@test()
async def chat_server_restarts_and_presence_comes_back(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await publish(alice, note='here')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='here')
    watch = await watch_chat(alice, juliet)
    await until(lambda: watch.document and watch.document.is_open, 'her state')
    await rig.programs['prosody'].stop()
    juliet.cut()
    juliet.stanzas.clear()
    links = rig.links()
    await publish(alice, note='meanwhile')
    await rig.start_chat_server()
    await rig.linked(links)
    await juliet.sign_in()
    juliet.presence(show='away')
    await sees(juliet, ALICE_JID, status='meanwhile')
    await until(lambda: watch.document and 'away' in watch.document.shows, 'her new state at the phone')
    await nothing_more(rig, juliet, alice)
    kinds = [s.type for s in juliet.got('presence', ALICE_JID)]
    check('subscribe' not in kinds and 'unsubscribed' not in kinds, f'asked or ended: {kinds}')


# [PRES-187] [PRES-178] [D-26] the chat server stays away: the phone shows her unknown, and back
# [REQ-037]
@test(extra='presence: { hold = 1; };')
async def phone_shows_nobody_while_the_chat_server_is_away(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    watch = await watch_chat(alice, juliet)
    await until(lambda: watch.document and watch.document.is_open, 'her state')
    rig.programs['prosody'].signal(signal.SIGKILL)  # it says nothing of its users
    await rig.programs['prosody'].ended()
    juliet.cut()
    await until(lambda: not watch.document or not watch.document.is_open, 'closed after the hold')
    check(watch.state == 'active', f'the watch is {watch.state}')
    links = rig.links()
    await rig.start_chat_server()
    await rig.linked(links)
    await juliet.sign_in()
    await until(lambda: watch.document and watch.document.is_open, 'open again')


# [REL-007] [REL-024] [SUBX-011] [D-37] the SIP server dies: the text waits for it, and for the phone, which it has
# forgotten (docs/SETUP.md); nobody's authorization ends
@test(extra='messages: { hold_unavailable = "1h"; };')
async def text_waits_for_a_sip_server_that_was_killed(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await publish(alice, note='here')
    await watch_sip(juliet)
    await message_crosses(rig, juliet, alice, 'before')
    rig.programs['kamailio'].signal(signal.SIGKILL)
    await rig.programs['kamailio'].ended()
    id_ = juliet.say(ALICE_JID, 'while it is down')
    await until(lambda: 'MESSAGE out ended' in rig.programs['sipxmppd'].text(), 'a first try')
    check(not juliet.got('presence', ALICE_JID, 'unsubscribed'), 'the authorization was ended')
    await rig.start_kamailio()
    await alice.register()
    await until(lambda: 'while it is down' in [m.text for m in alice.messages], 'the text', 45)
    await message_crosses(rig, juliet, alice, 'after')
    check([m.text for m in alice.messages] == ['before back', 'while it is down', 'after back'], f'{[m.text for m in alice.messages]}')
    check(not juliet.errors(id_), 'delivered, and an error')


# [REL-004] [REL-024] [D-37] the SIP server hangs with the text in hand: it goes out again as the same, and is shown once
@test(replace={'sip: {': 'sip: { timer_t1 = "20ms";'})
async def text_to_a_stopped_sip_server_is_shown_once(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await message_crosses(rig, juliet, alice, 'before')
    daemon = rig.programs['sipxmppd']
    ended = daemon.text().count('MESSAGE out ended')
    rig.programs['kamailio'].signal(signal.SIGSTOP)
    id_ = juliet.say(ALICE_JID, 'into the silence')
    await until(lambda: daemon.text().count('MESSAGE out ended') > ended, 'the first try ended')
    rig.programs['kamailio'].signal(signal.SIGCONT)
    await until(lambda: 'into the silence' in [m.text for m in alice.messages], 'the text')
    await nothing_more(rig, juliet, alice)
    check([m.text for m in alice.messages].count('into the silence') == 1, f'{[m.text for m in alice.messages]}')
    check(not juliet.errors(id_), 'delivered, and an error')


# [ERR-215] the phone does not answer: the SIP server says 408 after its time
@test()
async def silent_phone_is_an_error_at_the_sender(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    alice.answer_with = None
    id_ = juliet.say(ALICE_JID, 'hello?')
    error = await until(lambda: juliet.errors(id_), 'an error', 45)
    check(error[0].condition == 'remote-server-timeout', f'{error[0]}')


# [PRES-188] [D-26] the SIP server hangs: the dot goes out, and comes back with it
# [REL-024]
@test(extra='presence: { hold = 1; };')
async def dot_goes_out_when_the_sip_server_hangs(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await publish(alice, note='here')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='here')
    rig.programs['kamailio'].signal(signal.SIGSTOP)
    await until(lambda: juliet.shown(ALICE_JID).type == 'unavailable', 'unavailable', 90)
    check(not juliet.got('presence', ALICE_JID, 'unsubscribed'), 'the authorization was ended')
    rig.programs['kamailio'].signal(signal.SIGCONT)
    await until(lambda: juliet.shown(ALICE_JID).type == '', 'available again', 60)


# [PRES-151] [D-22] [D-25] the SIP server restarts and has forgotten every dialog: she sees the new state by herself
@test()
async def sip_server_restarts_and_presence_comes_back(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await publish(alice, note='here')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='here')
    rig.programs['kamailio'].signal(signal.SIGKILL)
    await rig.programs['kamailio'].ended()
    await rig.start_kamailio()
    alice.etag = None
    await alice.register()
    await publish(alice, note='after the restart', activity='away')
    await juliet.sign_out()
    await juliet.sign_in()
    await until(lambda: (juliet.shown(ALICE_JID) or juliet).status == 'after the restart'
                if juliet.shown(ALICE_JID) else False, 'the new state', 90)
    check(not juliet.got('presence', ALICE_JID, 'unsubscribed'), 'the authorization was ended')


ONE_DOMAIN = '{ xmpp = "sip.chat.example"; sip = "pbx.example"; profile = "kamailio"; }'
OTHER_DOMAIN = '{ xmpp = "sip2.chat.example"; sip = "pbx2.example"; profile = "kamailio"; }'


# [D-02] [CMP-005] [REL-023] a second SIP domain whose component the chat server does not have: the first one is not
# concerned; a text from the second waits
@test(replace={ONE_DOMAIN: f'{ONE_DOMAIN}, {OTHER_DOMAIN}'})
async def component_that_is_refused_stops_no_other(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    daemon = rig.programs['sipxmppd']
    await until(lambda: 'refused component=sip2.chat.example' in daemon.text(), 'the refusal of the second component')
    await message_crosses(rig, juliet, alice, 'over the first')
    await publish(alice, note='here')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='here')
    watch = await watch_chat(alice, juliet)
    await until(lambda: watch.document and watch.document.is_open, 'her state')
    other = SipUser('sip:2001@pbx2.example', ('127.0.0.1', rig.bridge_port), 'udp')
    rig.users.append(await other.start())
    answer = await other.send_message(JULIET, 'over the second')
    check(answer.status == 202, f'answered {answer.status} {answer.reason}')
    await nothing_more(rig, juliet, alice)
    check(not juliet.bodies('2001@sip2.chat.example'), 'it came over a stream that is not up')


# [D-49] [PRES-186] [PRS-007] [PRS-014] [REL-012] killed and started: the contact is shown once, as he was, and not offline
# in between
@test()
async def contact_is_announced_once_after_a_kill(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await publish(alice, note='at the window')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='at the window')
    await until(lambda: stored(rig, 'at the window'), 'the row of his presence')
    rig.programs['sipxmppd'].kill()
    await rig.programs['sipxmppd'].ended()
    juliet.stanzas.clear()
    links = rig.links()
    await rig.start_bridge()
    await rig.linked(links)
    await sees(juliet, ALICE_JID, status='at the window')
    await message_crosses(rig, juliet, alice, 'after')
    await message_crosses(rig, juliet, alice, 'and after the refresh')
    told = [s for s in juliet.got('presence', ALICE_JID) if s.type in (None, '', 'unavailable')]
    check(len(told) == 1, f'{[str(s) for s in told]}')
