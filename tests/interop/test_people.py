"""What people rely on: they come without being announced, stay private and unreachable when they want to, and a
stop or a lost store costs them nothing."""

import asyncio
import signal

from cases import (ALICE_JID, JULIET, JULIET_JID, message_crosses, nothing_more, publish, sees, test, watch_chat,
                   watch_sip)
from rig import check, until


# [REQ-004] no user stands in the configuration; an account made while all runs works at once
@test()
async def new_users_need_no_configuration(rig):
    text = (rig.dir / 'sipxmppd.cfg').read_text()
    check('nurse' not in text and '1002' not in text, 'users in the configuration')
    rig.passwords['nurse'] = 'verona'
    accounts = rig.dir / 'prosody-data' / 'chat%2eexample' / 'accounts'
    (accounts / 'nurse.dat').write_text('return { ["password"] = "verona" };\n')
    nurse, new = await rig.chat_user('nurse'), await rig.sip_user('1002')
    await message_crosses(rig, nurse, new, 'first day')


# [REQ-018] [REQ-033] she is away: who may see her is told that she is, and is not asked to wait
@test()
async def authorized_phone_asks_about_an_offline_user(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    watch = await watch_chat(alice, juliet)
    await until(lambda: watch.document and watch.document.is_open, 'her state')
    await juliet.sign_out()
    await until(lambda: not watch.document.is_open, 'she is gone')
    fetch = await alice.subscribe(JULIET, expires=0)
    check(fetch.answer.status == 200, f'answered {fetch.answer.status}')
    await until(lambda: fetch.state == 'terminated', 'NOTIFY terminated')
    check(fetch.document and not fetch.document.is_open, 'no closed document')
    again = await alice.subscribe(JULIET)
    await until(lambda: again.state == 'active', 'active at once')
    check('pending' not in again.notifies[0].get('subscription-state'), 'pending')
    check(not again.document or not again.document.is_open, 'shown although away')


# [PRES-077] [REL-019] the store is lost: the chat server remembers for us, nobody is asked and no roster is emptied
@test()
async def lost_store_asks_nobody(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await publish(alice, note='here')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='here')
    await watch_chat(alice, juliet)
    rig.programs['sipxmppd'].signal(signal.SIGKILL)
    await rig.programs['sipxmppd'].ended()
    for file in rig.dir.glob('state.db*'):
        file.unlink()
    await juliet.sign_out()
    juliet.stanzas.clear()
    await rig.start_bridge()
    await juliet.sign_in()
    await sees(juliet, ALICE_JID, status='here')
    again = await alice.subscribe(JULIET)
    await until(lambda: again.state == 'active' and again.document and again.document.is_open, 'active, her state')
    await nothing_more(rig, juliet, alice)
    kinds = {s.type for s in juliet.got('presence', ALICE_JID)}
    check(not kinds & {'subscribe', 'unsubscribed'}, f'asked or ended: {kinds}')


# [SEC-036] [REQ-069] she blocks him (XEP-0191): he sees her gone, his texts are refused, and she hears nothing
# [EVT-040] [X999-4]
@test()
async def blocked_sip_user_reaches_nobody(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    watch = await watch_chat(alice, juliet)
    await until(lambda: watch.document and watch.document.is_open, 'her state')
    answer = await juliet.ask(JULIET_JID, f'<block xmlns="urn:xmpp:blocking"><item jid="{ALICE_JID}"/></block>', 'set')
    check(answer.type == 'result', f'block: {answer}')
    await until(lambda: not watch.document.is_open, 'she is gone for him')

    def heard():  # her own server's errors are not of him
        return [s for s in juliet.stanzas if s.bare == ALICE_JID and s.type != 'error']

    before = len(heard())
    refused = await alice.send_message(JULIET, 'can you hear me?')
    check(refused.status == 403, f'answered {refused.status} {refused.reason}')
    told = len(watch.notifies)
    juliet.presence(show='dnd', status='never for him')
    stranger = await rig.sip_user('1002')
    await message_crosses(rig, juliet, stranger, 'the others still can')
    check(len(heard()) == before, f'she heard {heard()[before:]}')
    check(len(watch.notifies) == told and not watch.document.is_open, 'he was told')


# [REQ-074] [REQ-080] nothing that a chat user receives says where the phone is
@test()
async def phones_stay_where_they_are(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await publish(alice, note='here')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='here')
    await watch_chat(alice, juliet)
    alice.answer_with = 486
    id_ = juliet.say(ALICE_JID, 'busy?')
    await until(lambda: juliet.errors(id_), 'an error')
    alice.answer_with = 200
    await message_crosses(rig, juliet, alice, 'found')
    received = '\n'.join(str(s) for s in juliet.stanzas)
    for word in ('127.0.0.1', str(alice.port), str(rig.bridge_port), str(rig.sip_port)):
        check(word not in received, f'{word} is in what she received')


# [REL-017] [REL-001] TERM in the middle of a burst: what was answered 200 has arrived, and only once
@test()
async def term_under_load_loses_nothing(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    bridge = ('127.0.0.1', rig.bridge_port)
    taken, texts = [], [f'text {n}' for n in range(200)]

    async def send(text):
        try:
            answer = await alice.send_message(JULIET, text, hop=bridge, timeout=8)
        except asyncio.TimeoutError:
            return
        if answer.status == 200:
            taken.append(text)

    sending = [asyncio.create_task(send(text)) for text in texts[:100]]
    await until(lambda: taken, 'the first one')
    rig.programs['sipxmppd'].process.terminate()
    sending += [asyncio.create_task(send(text)) for text in texts[100:]]
    await asyncio.gather(*sending)
    code = await rig.programs['sipxmppd'].ended(20)
    check(code == 0, f'exit code {code}')
    await until(lambda: set(taken) <= set(juliet.bodies(ALICE_JID)), 'all that was taken')
    bodies = juliet.bodies(ALICE_JID)
    check(len(bodies) == len(set(bodies)), 'delivered twice')


# [REL-017] the chat server hangs, so the stop would wait for it: a second TERM ends it at once
@test()
async def second_term_ends_at_once(rig):
    alice = await rig.sip_user('1001')
    program = rig.programs['sipxmppd']
    rig.programs['prosody'].signal(signal.SIGSTOP)
    hanging = asyncio.create_task(alice.send_message(JULIET, 'hangs', hop=('127.0.0.1', rig.bridge_port), timeout=8))
    await asyncio.sleep(0)  # it is on its way
    program.process.terminate()
    await until(lambda: 'daemon: stopping' in program.text(), 'it stops')
    program.process.terminate()
    code = await program.ended(20)
    check(code == 0 and 'asked twice' in program.text(), f'exit code {code}')
    rig.programs['prosody'].signal(signal.SIGCONT)
    await asyncio.gather(hanging, return_exceptions=True)
