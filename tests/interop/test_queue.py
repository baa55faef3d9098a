"""What was accepted and cannot go on yet: stored, listed, delivered once after any restart, or told as failed."""

import asyncio
import contextlib
import json
import signal
import sqlite3

from cases import ALICE, ALICE_JID, JULIET, message_crosses, nothing_more, stored, test
from rig import check, until
from sip_ua import SipUser
from sipp import Sipp
from test_notices import MARKERS, RECEIPTS, cpim, holding, imdn, send
from test_running import control


NOBODY = 'sip:nobody@chat.example'


async def both(rig):
    return await rig.chat_user('juliet'), await rig.sip_user('1001')


async def killed(rig, *names):
    for name in names:
        rig.programs[name].signal(signal.SIGKILL)
        await rig.programs[name].ended()


async def queued(rig, *address):
    """The queue as the control program shows it."""
    result = await asyncio.to_thread(control, rig, '--json', 'show', 'queue', *address)
    check(result.returncode == 0, f'show queue: {result.stdout + result.stderr}')
    return json.loads(result.stdout)


async def queue_becomes(rig, count):
    for _ in range(200):
        now = await queued(rig)
        if len(now) == count:
            return now
        await asyncio.sleep(0.05)
    check(False, f'{len(now)} in the queue, not {count}: {now}')


async def chat_server_back(rig, juliet=None):
    links = rig.links()
    await rig.start_chat_server()
    await rig.linked(links)
    if juliet:
        await juliet.sign_in()


async def said_late(rig, alice, text, extra=(), to=JULIET):
    """The SIP user writes while the chat server is away."""
    answer = await alice.send_message(to, text, extra=extra)
    check(answer.status == 202, f'answered {answer.status} {answer.reason}')


# [REL-001] [REL-002] [REL-005] [REL-008] [REL-012] [D-36] answered 202, the bridge killed: each delivered once, in order
@test()
async def texts_for_chat_survive_a_crash(rig):
    juliet, alice = await both(rig)
    await message_crosses(rig, juliet, alice, 'before')
    await killed(rig, rig.chat_server)
    juliet.cut()
    texts = [f'stored {n} 😀' for n in range(5)]
    for text in texts:
        await said_late(rig, alice, text)
    check(len(await queued(rig)) == 5, f'{await queued(rig)}')
    await killed(rig, 'sipxmppd')
    await rig.start_chat_server()
    await juliet.sign_in()
    await rig.start_bridge()
    await until(lambda: len(juliet.bodies(ALICE_JID)) >= 6, 'all texts')
    await nothing_more(rig, juliet, alice)
    check(juliet.bodies(ALICE_JID)[1:6] == texts and len(juliet.bodies(ALICE_JID)) == 7, f'{juliet.bodies(ALICE_JID)}')
    started = [line for line in rig.programs['sipxmppd'].text().splitlines() if 'daemon: serving' in line]
    check(started[-1].endswith('messages=5'), f'{started}')
    await queue_becomes(rig, 0)


# [REL-001] [REL-008] [REL-012] [REL-024] [D-37] taken from the chat user, both killed: each delivered once, in order
@test()
async def texts_for_a_phone_survive_a_crash(rig):
    juliet, alice = await both(rig)
    await message_crosses(rig, juliet, alice, 'before')
    await killed(rig, 'kamailio')
    texts = [f'stored {n} 😀' for n in range(5)]
    ids = [juliet.say(ALICE_JID, text) for text in texts]
    waiting = await queue_becomes(rig, 5)
    check({q['what'] for q in waiting} == {'text'} and all('1001' in q['to'] for q in waiting), f'{waiting}')
    check(len(await queued(rig, ALICE_JID)) == len(await queued(rig, 'juliet@chat.example')) == 5, 'not of both')
    check(not await queued(rig, '1002@sip.chat.example'), 'of somebody else')
    check(stored(rig, texts[0]), 'it is not in the store')
    lines = (await asyncio.to_thread(control, rig, 'show', 'queue')).stdout.splitlines()
    check(len(lines) == 5 and all(' to ' in line and ': text, ' in line for line in lines), f'{lines}')
    await killed(rig, 'sipxmppd')
    await rig.start_kamailio()
    await alice.register()
    await rig.start_bridge()
    await until(lambda: len(alice.messages) >= 6, 'all texts', 45)
    await nothing_more(rig, juliet, alice)
    check([m.text for m in alice.messages][1:6] == texts and len(alice.messages) == 7, f'{[m.text for m in alice.messages]}')
    check(not any(juliet.errors(i) for i in ids), 'delivered, and an error')
    await queue_becomes(rig, 0)


# [REL-007] [D-37] [D-39] Expires is over before the chat server is back: told once, and not delivered after all
@test()
async def a_text_that_expires_is_told_of(rig):
    juliet, alice = await both(rig)
    await killed(rig, rig.chat_server)
    juliet.cut()
    await said_late(rig, alice, 'soon of no use & <over>', extra=[('Expires', '1')])
    shown = await queued(rig)
    check(len(shown) == 1 and shown[0]['left_s'] <= 1, f'{shown}')
    words = (await until(lambda: alice.messages, 'the failure'))[0]
    check(words.text.startswith('Not delivered: ') and words.text.endswith(': soon of no use & <over>'), words.text)
    check(f'<{JULIET}>' in words.get('from'), words.get('from'))
    await queue_becomes(rig, 0)
    await chat_server_back(rig, juliet)
    await nothing_more(rig, juliet, alice)
    check(len(alice.messages) == 2 and len(juliet.bodies(ALICE_JID)) == 1, 'told twice, or delivered after all')


async def refused_after_the_answer(rig):
    """To nobody, while the chat server is away: one asks for no report, the other one does. It is back, and says no."""
    juliet, alice = await both(rig)
    await message_crosses(rig, juliet, alice, 'before')
    bob = await rig.sip_user('1002')
    await killed(rig, rig.chat_server)
    juliet.cut()
    await said_late(rig, alice, 'anybody there?', to=NOBODY)
    body = cpim('asked about', 'positive-delivery, negative-delivery', 'late7')
    answer = await bob.send_message(NOBODY, body, content_type='message/cpim')
    check(answer.status == 202, f'answered {answer.status}')
    await chat_server_back(rig, juliet)
    report = (await until(lambda: bob.messages, 'the failure as IMDN'))[0]
    check('<message-id>late7</message-id>' in report.text and '<failed/>' in report.text, report.text)
    await queue_becomes(rig, 0)
    await nothing_more(rig, juliet, bob)
    await nothing_more(rig, juliet, alice)
    check(len(bob.messages) == 2, f'bob: {[m.text for m in bob.messages]}')
    return alice


# [D-39] [REQ-084] [RCPT-061] answered 202, then refused by the chat server: words for one, IMDN for one who asked
@test()
async def a_refusal_after_the_answer_is_told_once(rig):
    alice = await refused_after_the_answer(rig)
    check(len(alice.messages) == 3, f'alice: {[m.text for m in alice.messages]}')
    words = alice.messages[1]
    check(words.text.startswith('Not delivered: ') and words.text.endswith('anybody there?'), words.text)
    check(f'<{NOBODY}>' in words.get('from'), words.get('from'))


# [D-39] late_failure = "none": only who asked is told
@test(extra='messages: { late_failure = "none"; };')
async def a_refusal_after_the_answer_is_told_to_who_asked(rig):
    alice = await refused_after_the_answer(rig)
    check(len(alice.messages) == 2, f'alice: {[m.text for m in alice.messages]}')


# [REL-009] [MSG-021] [MSG-096] a sender has filled his share: refused at once, others not, and what was taken is delivered
@test(extra='limits: { queue_messages_per_user = 3; };')
async def a_full_queue_refuses_and_keeps(rig):
    juliet, alice = await both(rig)
    bob = await rig.sip_user('1002')
    await message_crosses(rig, juliet, alice, 'before')
    await killed(rig, rig.chat_server)
    juliet.cut()
    for n in range(3):
        await said_late(rig, alice, f'{n}')
    for _ in range(2):
        answer = await alice.send_message(JULIET, 'one too many')
        check(answer.status == 480 and int(answer.get('retry-after') or 0) > 0, f'answered {answer}')
    await said_late(rig, bob, 'of another')
    await chat_server_back(rig, juliet)
    await until(lambda: juliet.bodies('1002@sip.chat.example') == ['of another'], 'the text of the other sender')
    await until(lambda: len(juliet.bodies(ALICE_JID)) == 4, 'the texts that were taken')
    await nothing_more(rig, juliet, alice)
    check(juliet.bodies(ALICE_JID)[1:4] == ['0', '1', '2'], f'{juliet.bodies(ALICE_JID)}')
    check(len(juliet.bodies(ALICE_JID)) == 5, 'refused and delivered')
    await killed(rig, 'kamailio')
    for n in range(3):
        juliet.say(ALICE_JID, f'{n}')
    await queue_becomes(rig, 3)
    id_ = juliet.say(ALICE_JID, 'one too many')
    error = (await until(lambda: juliet.errors(id_), 'an error'))[0]
    check(error.condition == 'resource-constraint', f'{error}')
    check(len(await queued(rig)) == 3, 'what was taken is gone')


# [X0334-1] [D-37] what must not be stored is refused while the way is broken, and not delivered later
@test()
async def what_must_not_be_stored_is_refused(rig):
    juliet, alice = await both(rig)
    hint = '<no-store xmlns="urn:xmpp:hints"/>'
    juliet.say(ALICE_JID, 'whispered', extra=hint)
    await until(lambda: alice.messages, 'delivered while the way is there')
    await killed(rig, 'kamailio')
    id_ = juliet.say(ALICE_JID, 'not to be kept', extra=hint)
    error = (await until(lambda: juliet.errors(id_), 'an error'))[0]
    check(error.error_text, f'{error}')
    await queue_becomes(rig, 0)
    await rig.start_kamailio()
    await alice.register()
    await nothing_more(rig, juliet, alice)
    check('not to be kept' not in [m.text for m in alice.messages], 'refused and delivered')
    check(not stored(rig, 'whispered') and not stored(rig, 'not to be kept'), 'it is in the store')


# [REL-001] [RCPT-062] a receipt waits, too: asked before the restart, answered after it, told once
@test()
async def receipts_survive_a_crash(rig):
    juliet, alice = await both(rig)
    await send(alice, cpim('Did it come?', 'positive-delivery, display', 'over1'))
    asked = (await until(lambda: juliet.got('message', ALICE_JID), 'the text'))[0]
    await killed(rig, 'sipxmppd', 'kamailio')
    await rig.start_bridge()
    notice = f'<received xmlns="{RECEIPTS}" id="{asked.id}"/>'
    juliet.say(ALICE_JID, None, extra=notice)
    waiting = await queue_becomes(rig, 1)
    check(waiting[0]['what'] == 'report', f'{waiting}')
    await killed(rig, 'sipxmppd')
    await rig.start_kamailio()
    await alice.register()
    await rig.start_bridge()
    report = (await until(lambda: alice.messages, 'the report', 45))[0]
    check('<message-id>over1</message-id>' in report.text and '<delivered/>' in report.text, report.text)
    juliet.say(ALICE_JID, None, extra=notice)
    await nothing_more(rig, juliet, alice)
    check(len(alice.messages) == 2, f'{[m.text for m in alice.messages]}')


# [REL-001] [RCPT-043] a report of a phone waits for the chat server, over a restart, and is told once
@test()
async def reports_of_a_phone_survive_a_crash(rig):
    juliet, alice = await both(rig)
    await send(alice, cpim('I know CPIM'))
    await until(lambda: juliet.bodies(ALICE_JID), 'the text')
    id_ = juliet.say(ALICE_JID, 'read me', extra=f'<request xmlns="{RECEIPTS}"/><markable xmlns="{MARKERS}"/>')
    about = (await until(lambda: alice.messages, 'the question'))[0].get('call-id')
    await killed(rig, rig.chat_server)
    juliet.cut()
    report = imdn(about, 'delivery-notification', 'delivered')
    for _ in range(2):
        answer = await alice.send_message(JULIET, report, content_type='message/cpim')
        check(answer.status in (200, 202), f'answered {answer.status} {answer.reason}')
    await queue_becomes(rig, 1)
    await killed(rig, 'sipxmppd')
    await rig.start_chat_server()
    await juliet.sign_in()
    await rig.start_bridge()
    told = await until(lambda: holding(juliet, RECEIPTS, 'received'), 'the receipt')
    await send(alice, report)
    await nothing_more(rig, juliet, alice)
    check([s.xml.find(f'{{{RECEIPTS}}}received').get('id') for s in told] == [id_], f'{[str(s) for s in told]}')
    check(len(holding(juliet, RECEIPTS, 'received')) == 1, 'told twice')


# [D-37] hold_unavailable: who is not registered gets it when he is, and the sender is not bothered
@test(extra='messages: { hold_unavailable = "1h"; };')
async def a_text_may_wait_for_a_phone_that_is_away(rig):
    juliet = await rig.chat_user('juliet')
    alice = await rig.sip_user('1001', register=False)
    id_ = juliet.say(ALICE_JID, 'when you are back')
    waiting = await queue_becomes(rig, 1)
    await until(lambda: 'MESSAGE out ended' in rig.programs['sipxmppd'].text(), 'a first try')
    check(waiting[0]['what'] == 'text', f'{waiting}')
    await alice.register()
    await until(lambda: [m.text for m in alice.messages] == ['when you are back'], 'the text', 45)
    await queue_becomes(rig, 0)
    check(not juliet.errors(id_), 'delivered, and an error')


# [REL-004] [REL-012] killed before it hears that the phone has it: the very same request after the start, shown once
@test()
async def a_text_that_arrived_is_not_shown_again(rig):
    juliet, alice = await both(rig)

    def takes_and_kills(request):
        alice.answer_with = 200
        rig.programs['sipxmppd'].signal(signal.SIGKILL)
        return 200

    alice.answer_with = takes_and_kills
    id_ = juliet.say(ALICE_JID, 'only once')
    await until(lambda: alice.messages, 'the text')
    await rig.programs['sipxmppd'].ended()
    check(stored(rig, 'only once'), 'it is not in the store any more')
    await rig.start_bridge()
    await queue_becomes(rig, 0)
    await nothing_more(rig, juliet, alice)
    check([m.text for m in alice.messages].count('only once') == 1, f'{[m.text for m in alice.messages]}')
    check(not juliet.errors(id_), 'delivered, and an error')


def count_prints(rig):
    # Closed at once: an open reader would keep the index of the log beyond a kill.
    with contextlib.closing(sqlite3.connect(f'file:{rig.dir}/state.db?mode=ro', uri=True, timeout=10)) as db:
        return db.execute('select count(*) from prints').fetchone()[0]


async def repeats_over_a_restart(rig, status, text):
    """A phone, straight at the bridge, whose answer is lost and who repeats the request after a restart."""
    phone = SipUser(ALICE, ('127.0.0.1', rig.bridge_port))
    rig.users.append(await phone.start())
    sent, send_to = [], phone.udp.sendto
    phone.udp.sendto = lambda data, hop: (sent.append((data, hop)), send_to(data, hop))
    prints = count_prints(rig)
    answer = await phone.send_message(JULIET, text)
    check(answer.status == status, f'answered {answer.status}')
    # Nobody repeats a request within T1, the first 500 ms; the store is told within 100 ms.
    await until(lambda: count_prints(rig) > prints, 'the fingerprint is in the store')
    await killed(rig, 'sipxmppd')
    await rig.start_bridge(wait=rig.programs[rig.chat_server].code is None)
    await rig.listening(rig.programs['sipxmppd'], rig.bridge_port)
    again = phone.pending[answer.branch] = asyncio.get_running_loop().create_future()
    while not again.done():  # until it listens on UDP, too
        send_to(*sent[0])
        await asyncio.wait([again], timeout=0.2)
    check(again.result().status == status, f'answered {again.result().status} after the restart')


# [REL-005] [D-38] the same answer again, and one text: taken at once, or stored
@test()
async def a_phone_repeats_over_a_restart(rig):
    juliet, alice = await both(rig)
    await repeats_over_a_restart(rig, 200, 'taken')
    await killed(rig, rig.chat_server)
    juliet.cut()
    await repeats_over_a_restart(rig, 202, 'kept')
    await chat_server_back(rig, juliet)
    await until(lambda: 'kept' in juliet.bodies(ALICE_JID), 'the text that was kept')
    await nothing_more(rig, juliet, alice)
    check(juliet.bodies(ALICE_JID)[:-1] == ['taken', 'kept'], f'{juliet.bodies(ALICE_JID)}')


# [REL-006] [D-37] it was being sent at two crashes in a row: set aside, its sender told, and all others go on
@test(start=False)
async def what_was_sent_at_two_crashes_is_set_aside(rig):
    await rig.start_chat_server()
    server = Sipp(rig, 'silent', 't1').serve()
    await rig.start_bridge()
    juliet = await rig.chat_user('juliet')
    id_ = juliet.say(ALICE_JID, 'suspicious')
    for times in (1, 2):
        await until(lambda: len(server.received()) >= times, f'sent {times} times')
        check(not juliet.errors(id_), 'told too early')
        await killed(rig, 'sipxmppd')
        await rig.start_bridge()
    error = (await until(lambda: juliet.errors(id_), 'an error'))[0]
    check(error.bare == ALICE_JID, f'{error}')
    aside = await queued(rig)
    check([q['state'] for q in aside] == ['quarantined'] and '1001' in aside[0]['to'], f'{aside}')
    check('queue: set aside' in rig.programs['sipxmppd'].text(), 'no line in the log')
    juliet.say('1002@sip.chat.example', 'nothing to do with it')
    await until(lambda: 'nothing to do with it' in server.texts(), 'the text to another user')
    check(server.texts().count('suspicious') == 2, f'{server.texts()}')
