"""A chat user watches a SIP user."""

import sqlite3
import time

from cases import ALICE_JID, nothing_more, publish, sees, test, watch_sip
from rig import Failed, check, until


async def start(rig):
    return await rig.chat_user('juliet'), await rig.sip_user('1001')


# [PRES-013] [PRES-044] [PRES-045] [PRES-113] [PRES-128] [PRES-132] [PRES-135] [PRES-138] [PRS-001] [PRS-002] [D-10] [D-28]
# [REQ-060] [XCP-032] [XCP-033]
@test()
async def chat_user_sees_what_the_sip_user_publishes(rig):
    juliet, alice = await start(rig)
    await publish(alice, note='in the office')
    await watch_sip(juliet)
    shown = await sees(juliet, ALICE_JID, status='in the office')
    check(shown.sender == f'{ALICE_JID}/sip', f'from {shown.sender}')
    kinds = [s.type for s in juliet.got('presence', ALICE_JID)]
    check(kinds[0] == 'subscribed', f'subscribed must come first: {kinds}')
    await publish(alice, note='lunch – back at two ☕', activity='away')
    await sees(juliet, ALICE_JID, show='away', status='lunch – back at two ☕')
    await publish(alice, note='do not <disturb> & "knock"', activity='busy')
    await sees(juliet, ALICE_JID, show='dnd', status='do not <disturb> & "knock"')
    await publish(alice)
    await sees(juliet, ALICE_JID, status='')
    await publish(alice, basic='closed')
    await sees(juliet, ALICE_JID, type_='unavailable')


# the publication is taken back: a closed document
@test()
async def chat_user_sees_the_publication_withdrawn(rig):
    juliet, alice = await start(rig)
    await publish(alice, note='here')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='here')
    await alice.publish(None)
    await sees(juliet, ALICE_JID, type_='unavailable')


# [D-24] the publication runs out: Kamailio sends an active NOTIFY without a body
# [REQ-037]
@test()
async def chat_user_sees_the_publication_expire(rig):
    juliet, alice = await start(rig)
    await publish(alice, note='for a moment', expires=4)
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='for a moment')
    await sees(juliet, ALICE_JID, type_='unavailable')


# [PRES-047] [SUBX-005] granted, but nothing is published: offline, not an empty contact
@test()
async def chat_user_sees_a_silent_sip_user_offline(rig):
    juliet, _ = await start(rig)
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, type_='unavailable')


# [PRES-025] [PRES-043] [SUBX-004] [PRES-044] the SIP user decides: silence until then
# [REQ-012] [XCP-042] [PBX-045]
@test(authorise=True)
async def chat_user_waits_while_the_sip_user_decides(rig):
    juliet, alice = await start(rig)
    await publish(alice, note='secret')
    juliet.presence('subscribe', to=ALICE_JID)
    watchers = 'select count(*) from active_watchers where status = 2'
    await until(lambda: count(rig, watchers) == 1, 'the subscription pends at the SIP server')
    await nothing_more(rig, juliet, alice)
    check(not juliet.got('presence', ALICE_JID), f'told {[str(s) for s in juliet.got("presence", ALICE_JID)]}')
    await rig.allow('1001', juliet.jid)
    await until(lambda: juliet.got('presence', ALICE_JID, 'subscribed'), 'the yes')
    await sees(juliet, ALICE_JID, status='secret')


def count(rig, query):
    """Without a lock: Kamailio does not wait for one, and drops what it wanted to write."""
    for _ in range(100):
        try:
            db = sqlite3.connect(f'file:{rig.dir}/kamailio.db?mode=ro&immutable=1', uri=True)
            try:
                return db.execute(query).fetchone()[0]
            finally:
                db.close()
        except sqlite3.DatabaseError:  # read while it was being written
            time.sleep(0.01)
    raise Failed('the database of Kamailio cannot be read')


# [PRES-048] [PRES-065] no, while asked
# [XCP-042] [REQ-061]
@test(authorise=True)
async def chat_user_is_told_the_denial(rig):
    juliet, alice = await start(rig)
    await publish(alice, note='secret')
    juliet.presence('subscribe', to=ALICE_JID)
    await until(lambda: count(rig, 'select count(*) from active_watchers') == 1, 'the subscription pends')
    await rig.allow('1001', juliet.jid, 'block')
    await until(lambda: juliet.got('presence', ALICE_JID, 'unsubscribed'), 'the no')
    check(not juliet.got('presence', ALICE_JID, ''), 'presence was shown')
    check(not juliet.got('presence', ALICE_JID, 'subscribed'), 'granted before it was refused')


# [PRES-065] [SUBX-006] no, after a yes: unavailable, then unsubscribed
# [REQ-013] [REQ-072]
# [REQ-065]
@test(authorise=True)
async def chat_user_is_told_the_revocation(rig):
    juliet, alice = await start(rig)
    await rig.allow('1001', juliet.jid)
    await publish(alice, note='here')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='here')
    await rig.allow('1001', juliet.jid, 'block')
    await until(lambda: juliet.got('presence', ALICE_JID, 'unsubscribed'), 'the end')
    kinds = [s.type for s in juliet.got('presence', ALICE_JID)]
    check('unavailable' in kinds and kinds.index('unavailable') < kinds.index('unsubscribed'), f'order {kinds}')


# [PRES-049] blocked politely: offline for ever, and nothing says why
# [REQ-071] [PBX-052]
@test(authorise=True)
async def chat_user_is_blocked_politely(rig):
    juliet, alice = await start(rig)
    await rig.allow('1001', juliet.jid)
    await publish(alice, note='here')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='here')
    await rig.allow('1001', juliet.jid, 'polite-block')
    await sees(juliet, ALICE_JID, type_='unavailable')
    await nothing_more(rig, juliet, alice)
    check(not juliet.got('presence', ALICE_JID, 'unsubscribed'), 'the block was told')


# [SUBX-011] [PRES-066] [PRES-167] "probation" is no refusal: the authorization stays
@test(authorise=True)
async def probation_is_no_refusal(rig):
    juliet, alice = await start(rig)
    await rig.allow('1001', juliet.jid)
    await publish(alice, note='here')
    await watch_sip(juliet)
    await rig.allow('1001', juliet.jid, None)
    await nothing_more(rig, juliet, alice)
    check(not juliet.got('presence', ALICE_JID, 'unsubscribed'), 'the authorization was ended')


# [PRES-058] [PRES-063] [SUBX-007] [D-19] the chat user ends it: the SIP server forgets the watcher
# [REQ-063] [XCP-048]
@test(authorise=True)
async def chat_user_unsubscribes(rig):
    juliet, alice = await start(rig)
    await rig.allow('1001', juliet.jid)
    await publish(alice, note='here')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='here')
    check(count(rig, 'select count(*) from active_watchers') == 1, 'one dialog')
    juliet.presence('unsubscribe', to=ALICE_JID)
    await until(lambda: count(rig, 'select count(*) from active_watchers') == 0, 'the dialog ends')
    before = len(juliet.got('presence', ALICE_JID, ''))
    await publish(alice, note='not for her')
    await nothing_more(rig, juliet, alice)
    check(len(juliet.got('presence', ALICE_JID, '')) == before, 'still told')


# [SUBX-015] removed from the roster: both directions end
@test(authorise=True)
async def chat_user_removes_the_contact(rig):
    juliet, alice = await start(rig)
    await rig.allow('1001', juliet.jid)
    await watch_sip(juliet)
    check(count(rig, 'select count(*) from active_watchers') == 1, 'one dialog')
    answer = await juliet.ask(juliet.jid, '<query xmlns="jabber:iq:roster"><item subscription="remove"'
                              f' jid="{ALICE_JID}"/></query>', 'set')
    check(answer.type == 'result', f'roster: {answer}')
    await until(lambda: count(rig, 'select count(*) from active_watchers') == 0, 'the dialog ends')


# [D-14] [PRES-033] no such extension: the subscription ends with the reason
@test()
async def watching_an_unknown_sip_user_ends(rig):
    juliet = await rig.chat_user('juliet')
    juliet.presence('subscribe', to='nobody@sip.chat.example')
    await until(lambda: juliet.got('presence', 'nobody@sip.chat.example', 'unsubscribed'), 'unsubscribed')


# [PRES-052] [PRES-046] [PRES-185] she signs in again: the present state at once, nobody is asked
@test(authorise=True)
async def chat_user_comes_back(rig):
    juliet, alice = await start(rig)
    await rig.allow('1001', juliet.jid)
    await publish(alice, note='before')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='before')
    await juliet.sign_out()
    await publish(alice, note='after', activity='away')
    juliet.stanzas.clear()
    await juliet.sign_in()
    await sees(juliet, ALICE_JID, show='away', status='after')
    kinds = {s.type for s in juliet.got('presence', ALICE_JID)}
    check('subscribed' not in kinds and 'subscribe' not in kinds, f'said again: {kinds}')


# [PRES-132] both clients of one user see it
@test()
async def all_clients_of_the_chat_user_see_it(rig):
    juliet, alice = await start(rig)
    second = await rig.chat_user('juliet', resource='phone')
    await publish(alice, note='here')
    await watch_sip(juliet)
    for client in (juliet, second):
        await sees(client, ALICE_JID, status='here')


# [PRS-014] [REQ-041] a refreshed publication with the same content is no news
@test()
async def unchanged_presence_is_not_repeated(rig):
    juliet, alice = await start(rig)
    await publish(alice, note='here')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='here')
    for _ in range(3):
        await publish(alice, note='here')
    await nothing_more(rig, juliet, alice)
    count_ = len([s for s in juliet.got('presence', ALICE_JID, '') if s.status == 'here'])
    check(count_ == 1, f'told {count_} times')


# [PRES-022] [SUBX-003] she asks again for what she has: granted and shown at once, no second dialog
@test(authorise=True)
async def chat_user_subscribes_again(rig):
    juliet, alice = await start(rig)
    await rig.allow('1001', juliet.jid)
    await publish(alice, note='here')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='here')
    juliet.stanzas.clear()
    juliet.presence('subscribe', to=ALICE_JID)
    await until(lambda: juliet.got('presence', ALICE_JID, 'subscribed') or juliet.shown(ALICE_JID), 'an answer')
    await nothing_more(rig, juliet, alice)
    check(count(rig, 'select count(*) from active_watchers') == 1, 'a second dialog')


# [D-27] [DLG-001] Kamailio with presence_dialoginfo: two packages of one user, one contact
@test(calls=True)
async def call_at_the_sip_server_is_shown(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await publish(alice, note='at my desk')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='at my desk')
    for state, show, status in (('early', '', 'Ringing: at my desk'), ('confirmed', 'dnd', 'On the phone: at my desk'),
                                (None, '', 'at my desk')):
        check((await alice.publish_call(state)).status == 200, 'the SIP server takes it')
        await sees(juliet, ALICE_JID, show=show, status=status)
