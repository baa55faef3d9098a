"""A server dies, hangs, comes back: the right error at the sender, no stale dot, everything back by itself."""

import signal

from cases import ALICE_JID, JULIET, message_crosses, nothing_more, publish, sees, test, watch_chat, watch_sip
from rig import check, until


# [REL-023] [ERR-265] [D-36] the link is down: nothing was sent, come back later
@test()
async def chat_server_killed_is_503_with_retry_after(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await message_crosses(rig, juliet, alice, 'before')
    rig.programs['prosody'].signal(signal.SIGKILL)
    await rig.programs['prosody'].ended()
    # Straight to the bridge: Kamailio makes a 500 of a 503 (RFC 3261 16.7).
    answer = await alice.send_message(JULIET, 'while it is down', hop=('127.0.0.1', rig.bridge_port))
    check(answer.status == 503, f'answered {answer.status} {answer.reason}')
    check(10 <= int(answer.get('retry-after') or 0) <= 30, f'Retry-After {answer.get("retry-after")!r}')
    juliet.cut()
    links = rig.links()
    await rig.start_chat_server()
    await rig.linked(links)
    await juliet.sign_in()
    await message_crosses(rig, juliet, alice, 'after')
    check('while it is down' not in juliet.bodies(ALICE_JID), 'refused and delivered')


# [REL-003] [D-36] handed over, and no word: 504; when the chat server goes on, so do messages
@test()
async def chat_server_stopped_is_504(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await message_crosses(rig, juliet, alice, 'before')
    rig.programs['prosody'].signal(signal.SIGSTOP)
    # Straight to the bridge: Kamailio here waits for 5 s only.
    answer = await alice.send_message(JULIET, 'into the silence', hop=('127.0.0.1', rig.bridge_port))
    check(answer.status == 504, f'answered {answer.status} {answer.reason}')
    links = rig.links()
    rig.programs['prosody'].signal(signal.SIGCONT)
    await rig.linked(links)  # the silent link was given up
    await message_crosses(rig, juliet, alice, 'after')


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


# [ERR-262] [SUBX-011] the SIP server dies: the sender is told; nobody's authorization ends
@test()
async def sip_server_killed_is_an_error_at_the_sender(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await publish(alice, note='here')
    await watch_sip(juliet)
    await message_crosses(rig, juliet, alice, 'before')
    rig.programs['kamailio'].signal(signal.SIGKILL)
    await rig.programs['kamailio'].ended()
    id_ = juliet.say(ALICE_JID, 'while it is down')
    error = await until(lambda: juliet.errors(id_), 'an error', 45)
    check(error[0].condition in ('remote-server-timeout', 'internal-server-error', 'service-unavailable'),
          f'{error[0]}')
    check(not juliet.got('presence', ALICE_JID, 'unsubscribed'), 'the authorization was ended')
    await rig.start_kamailio()
    await alice.register()
    await message_crosses(rig, juliet, alice, 'after')
    check('while it is down' not in [m.text for m in alice.messages], 'refused and delivered')
    check(len(juliet.errors(id_)) == 1, 'told twice')


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
