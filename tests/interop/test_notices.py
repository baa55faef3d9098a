"""Receipts and typing both ways, between a chat client behind Prosody and a phone behind Kamailio."""

import re

from cases import ALICE, ALICE_JID, JULIET, message_crosses, test
from rig import check, until

RECEIPTS, MARKERS = 'urn:xmpp:receipts', 'urn:xmpp:chat-markers:0'
STATES = 'http://jabber.org/protocol/chatstates'
TYPING = 'application/im-iscomposing+xml'


def cpim(text, wants=None, id_='m1', content_type='text/plain; charset=utf-8', more=''):
    imdn = (f'NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: {id_}\r\n'
            + (f'imdn.Disposition-Notification: {wants}\r\n' if wants else ''))
    return (f'From: <{ALICE}>\r\nTo: <{JULIET}>\r\nDateTime: 2024-05-06T10:00:00Z\r\n{imdn}\r\n'
            f'Content-Type: {content_type}\r\n{more}\r\n{text}')


def imdn(about, kind, status):
    return cpim(f'<?xml version="1.0"?><imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>{about}</message-id>'
                f'<datetime>2024-05-06T10:00:00Z</datetime><{kind}><status><{status}/></status></{kind}></imdn>',
                id_=f'of-{about}-{status}', content_type='message/imdn+xml',
                more='Content-Disposition: notification\r\n')


def is_composing(state):
    return f'<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>{state}</state></isComposing>'


def holding(juliet, namespace, name):
    return [s for s in juliet.got('message', ALICE_JID) if s.xml.find(f'{{{namespace}}}{name}') is not None]


async def send(alice, body, content_type='message/cpim'):
    answer = await alice.send_message(JULIET, body, content_type=content_type)
    check(answer.status in (200, 202), f'answered {answer.status} {answer.reason}')


# [RCPT-053] [RCPT-055] [RCPT-058] [RCPT-059] [X0184-3] the phone asks, the chat client answers
@test()
async def receipts_of_a_chat_user_reach_the_phone(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await send(alice, cpim('Did it come?', 'positive-delivery, display', 'zk3'))
    message = (await until(lambda: holding(juliet, RECEIPTS, 'request'), 'the request'))[0]
    check(message.body == 'Did it come?', f'{message}')
    check(message.xml.find(f'{{{MARKERS}}}markable') is not None, f'{message}')
    for name, namespace, status in (('received', RECEIPTS, 'delivered'), ('displayed', MARKERS, 'displayed')):
        notice = f'<{name} xmlns="{namespace}" id="{message.id}"/>'
        juliet.say(ALICE_JID, None, extra=notice)
        juliet.say(ALICE_JID, None, extra=notice)
        await until(lambda s=status: [m for m in alice.messages if f'<{s}/>' in m.text], f'IMDN {status}')
    await message_crosses(rig, juliet, alice, 'mark')
    reports = [m for m in alice.messages if 'imdn+xml' in m.text]
    check(len(reports) == 2, f'{len(reports)} reports')
    check(all('<message-id>zk3</message-id>' in m.text for m in reports), f'{reports[0]}')


# [RCPT-039] [RCPT-040] [RCPT-043] [RCPT-046] [RCPT-042] the chat client asks a phone that is known to understand
@test()
async def receipts_of_a_phone_reach_the_chat_user(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await send(alice, cpim('I know CPIM'))
    await until(lambda: juliet.bodies(ALICE_JID), 'the text')
    id_ = juliet.say(ALICE_JID, 'read me', extra=f'<request xmlns="{RECEIPTS}"/><markable xmlns="{MARKERS}"/>')
    asked = await until(lambda: [m for m in alice.messages if 'Disposition-Notification' in m.text], 'the question')
    asked = asked[0]
    check('read me' in asked.text, asked.text)
    about = re.search(r'Message-ID: *(\S+)', asked.text).group(1)
    check(about == asked.get('call-id'), f'{about} is not {asked.get("call-id")}')
    check(not holding(juliet, RECEIPTS, 'received'), 'a receipt before the report')
    for kind, status, name, namespace in (('delivery-notification', 'delivered', 'received', RECEIPTS),
                                          ('display-notification', 'displayed', 'displayed', MARKERS)):
        await send(alice, imdn(about, kind, status))
        await send(alice, imdn(about, kind, status))
        told = await until(lambda n=name, s=namespace: holding(juliet, s, n), f'<{name}/>')
        check(told[0].xml.find(f'{{{namespace}}}{name}').get('id') == id_, f'{told[0]}')
        check(told[0].body is None, f'{told[0]}')
    await message_crosses(rig, juliet, alice, 'mark')
    check(len(holding(juliet, RECEIPTS, 'received')) == 1, 'told twice')
    check(len(holding(juliet, MARKERS, 'displayed')) == 1, 'told twice')


# [TYPE-020] [TYPE-021] [TYPE-023] [TYPE-025] [TYPE-027] [TYPE-033] typing is seen where both understand it
@test()
async def typing_is_seen_both_ways(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    juliet.say(ALICE_JID, 'hello', extra=f'<active xmlns="{STATES}"/>')
    await until(lambda: alice.messages, 'the text')
    await send(alice, is_composing('active'), TYPING)
    shown = (await until(lambda: holding(juliet, STATES, 'composing'), 'composing'))[0]
    check(shown.body is None and shown.type == 'chat', f'{shown}')
    await send(alice, 'hello to you', 'text/plain')
    await until(lambda: 'hello to you' in juliet.bodies(ALICE_JID), 'the text')
    answer = [s for s in juliet.got('message', ALICE_JID) if s.body == 'hello to you'][0]
    check(answer.xml.find(f'{{{STATES}}}active') is not None, f'{answer}')
    juliet.say(ALICE_JID, None, extra=f'<composing xmlns="{STATES}"/>')
    notice = (await until(lambda: [m for m in alice.messages if TYPING in m.get('content-type')], 'isComposing'))[0]
    check('<state>active</state>' in notice.text and '<refresh>' in notice.text, notice.text)
    juliet.say(ALICE_JID, None, extra=f'<paused xmlns="{STATES}"/>')
    await until(lambda: [m for m in alice.messages if '<state>idle</state>' in m.text], 'idle')
    check(not juliet.got('message', type_='error'), 'an error')


# [TYPE-033] [TYPE-035] [D-41] a phone that never showed that it knows typing is sent none, nor CPIM
@test()
async def a_plain_phone_gets_plain_texts(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    juliet.say(ALICE_JID, None, extra=f'<composing xmlns="{STATES}"/>')
    juliet.say(ALICE_JID, 'one', extra=f'<active xmlns="{STATES}"/><request xmlns="{RECEIPTS}"/>')
    await message_crosses(rig, juliet, alice, 'mark')
    check([m.text for m in alice.messages] == ['one', 'mark back'], f'{[m.text for m in alice.messages]}')
    check(not holding(juliet, STATES, 'active'), 'a state for somebody who would not hear the answer')


# [X999-2] [D-45] the sender learns why, the phone gets nothing
@test()
async def encrypted_texts_are_explained(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    id_ = juliet.say(ALICE_JID, 'I sent you an OMEMO encrypted message', extra=(
        '<encrypted xmlns="eu.siacs.conversations.axolotl"><header sid="1"/><payload>eA==</payload></encrypted>'
        '<encryption xmlns="urn:xmpp:eme:0" namespace="eu.siacs.conversations.axolotl"/>'))
    error = await until(lambda: juliet.errors(id_), 'an error')
    check(error[0].condition == 'not-acceptable' and 'encryption' in error[0].error_text, f'{error[0]}')
    await message_crosses(rig, juliet, alice, 'mark')
    check(len(alice.messages) == 1 and len(juliet.errors(id_)) == 1, 'more than one answer')
