"""What chat users do today, toward a phone: what comes is readable, comes once, and is not noise. And several clients
of one user."""

import re

from cases import ALICE_JID, JULIET, JULIET_JID, message_crosses, nothing_more, test
from rig import check, until
from test_notices import MARKERS, RECEIPTS, STATES, TYPING, cpim, holding, imdn, send

FAMILY = '👩‍👩‍👧‍👦'  # seven code points that people see as one: 25 bytes
CARBONS = 'urn:xmpp:carbons:2'


async def two_clients(rig):
    """Both want copies of what the other one sends and receives (XEP-0280)."""
    clients = [await rig.chat_user('juliet'), await rig.chat_user('juliet', resource='phone')]
    for client in clients:
        answer = await client.ask(JULIET_JID, f'<enable xmlns="{CARBONS}"/>', type_='set')
        check(answer.type == 'result', f'carbons: {answer}')
    return clients


# [MSG-093] [X0280-2] [D-34] a text is seen once on each client, and the phone gets hers once
@test()
async def copies_for_other_clients_are_not_sent_twice(rig):
    first, second = await two_clients(rig)
    alice = await rig.sip_user('1001')
    await message_crosses(rig, first, alice, 'one')
    await until(lambda: any('one back' in str(s) for s in second.got('message')), 'the copy for the other client')
    await message_crosses(rig, second, alice, 'two')
    await until(lambda: any('two back' in str(s) for s in first.got('message')), 'the copy for the other client')
    check([m.text for m in alice.messages] == ['one back', 'two back'], f'{[m.text for m in alice.messages]}')
    for client in (first, second):
        check(client.bodies(ALICE_JID) == ['one', 'two'], f'{client.resource}: {client.bodies(ALICE_JID)}')
        check(len([s for s in client.got('message') if '>two<' in str(s)]) == 1, f'{client.resource} got a copy, too')


# [RCPT-058] [RCPT-059] both clients say that it came: the phone is told once
@test()
async def receipts_of_two_clients_are_one(rig):
    first, second = await two_clients(rig)
    alice = await rig.sip_user('1001')
    await send(alice, cpim('Did it come?', 'positive-delivery, display', 'two1'))
    for name, namespace, status in (('received', RECEIPTS, 'delivered'), ('displayed', MARKERS, 'displayed')):
        for client in (first, second):
            asked = (await until(lambda c=client: holding(c, RECEIPTS, 'request'), f'{client.resource} gets it'))[0]
            client.say(ALICE_JID, None, extra=f'<{name} xmlns="{namespace}" id="{asked.id}"/>')
        await until(lambda s=status: [m for m in alice.messages if f'<{s}/>' in m.text], f'IMDN {status}')
    await message_crosses(rig, first, alice, 'mark')
    # What the second one said was sent before her client heard of the mark; another mark is behind it.
    await message_crosses(rig, second, alice, 'mark again')
    reports = [m.text for m in alice.messages if 'imdn+xml' in m.text]
    check(len(reports) == 2, f'{len(reports)} reports')


# [D-36] [RCPT-055] [RCPT-058] the chat server keeps the text: no receipt until her own client says so
@test()
async def receipt_waits_for_an_offline_chat_user(rig):
    alice, romeo = await rig.sip_user('1001'), await rig.chat_user('romeo')
    await send(alice, cpim('for later', 'positive-delivery', 'off1'))
    await nothing_more(rig, romeo, alice)
    check(len(alice.messages) == 1, f'a receipt while she is away: {alice.messages[0]}')
    juliet = await rig.chat_user('juliet')
    asked = (await until(lambda: holding(juliet, RECEIPTS, 'request'), 'the text at login'))[0]
    juliet.say(ALICE_JID, None, extra=f'<received xmlns="{RECEIPTS}" id="{asked.id}"/>')
    await until(lambda: [m for m in alice.messages if '<delivered/>' in m.text and 'off1' in m.text], 'the receipt')


# [RCPT-043] [RCPT-050] the SIP server forks to two devices, and both report: one receipt
@test()
async def reports_of_two_devices_are_one(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    other = await rig.sip_user('1001')
    await send(alice, cpim('I know CPIM'))
    await until(lambda: juliet.bodies(ALICE_JID), 'the text')
    juliet.say(ALICE_JID, 'to both', extra=f'<request xmlns="{RECEIPTS}"/><markable xmlns="{MARKERS}"/>')
    for device in (alice, other):
        await until(lambda d=device: d.messages, 'the text on both devices')
        about = re.search(r'Message-ID: *(\S+)', device.messages[0].text).group(1)
        await send(device, imdn(about, 'delivery-notification', 'delivered'))
    await until(lambda: holding(juliet, RECEIPTS, 'received'), 'the receipt')
    await nothing_more(rig, juliet, alice)
    check(len(holding(juliet, RECEIPTS, 'received')) == 1, 'told twice')
    check(len(alice.messages) == len(other.messages) == 2, 'not each text on each device')


# [RCPT-048] [X0184-2] [D-42] behind Kamailio a 200 is the device's own: one receipt, about the text that asked
@test()
async def two_hundred_of_the_phone_is_a_receipt(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    id_ = juliet.say(ALICE_JID, 'asked', extra=f'<request xmlns="{RECEIPTS}"/>')
    juliet.say(ALICE_JID, 'not asked')
    told = (await until(lambda: holding(juliet, RECEIPTS, 'received'), 'the receipt'))[0]
    check(told.xml.find(f'{{{RECEIPTS}}}received').get('id') == id_, f'{told}')
    check(told.body is None and told.type == 'chat', f'{told}')
    await nothing_more(rig, juliet, alice)
    check(len(holding(juliet, RECEIPTS, 'received')) == 1, 'another receipt')
    check([m.text for m in alice.messages][:2] == ['asked', 'not asked'], f'{[m.text for m in alice.messages]}')


# What is sent, and what the phone shows of it: None is nothing.
URL = 'https://files.chat.example/1/cat%20(1).jpg'
DOINGS = (
    ('* a word corrected', 'a word corrected', '<replace xmlns="urn:xmpp:message-correct:0" id="x1"/>'),
    ('> how are you?\nfine', '> how are you?\nfine',
     '<reply xmlns="urn:xmpp:reply:0" to="1001@sip.chat.example" id="x2"/>'
     '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0"><body start="0" end="15"/></fallback>'),
    ('Reacted: 👍', None, '<reactions xmlns="urn:xmpp:reactions:0" id="x3"><reaction>👍</reaction></reactions>'),
    (None, 'This person attempted to retract a previous message',
     '<retract xmlns="urn:xmpp:message-retract:1" id="x4"/>'
     '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:message-retract:1"/>'),
    (URL, URL, f'<x xmlns="jabber:x:oob"><url>{URL}</url></x>'),
    ('look\n' + URL, 'look', f'<x xmlns="jabber:x:oob"><url>{URL}</url></x>'),
    (None, None, '<x xmlns="jabber:x:conference" jid="room@chat.example"/>'),
    ('bold *and* plain', 'bold *and* plain',
     '<html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml">'
     '<p>bold <b>and</b> plain</p></body></html>'),
)


# [D-45] [MSG-030] [MSG-031] [MSG-032] [X0308-1] [X0424-1] [X0444-1] corrections, replies, reactions, retractions, attachments
@test()
async def doings_of_chat_users_are_readable_on_a_phone(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    for _, body, extra in DOINGS:
        juliet.say(ALICE_JID, body, extra=extra)
    await nothing_more(rig, juliet, alice)
    wanted = [shown for shown, _, _ in DOINGS if shown is not None]
    got = [m.text for m in alice.messages][:-1]
    check(got == wanted, f'got {got}')
    check(all(m.get('content-type').startswith('text/plain') for m in alice.messages), 'not plain text')
    check(not juliet.got('message', type_='error'), 'answered with an error')


# [MSG-010] [MSG-016] [MSG-045] [MSG-048] [D-35] subject and language both ways; her last thread is that of the answer
@test()
async def what_goes_with_a_text_crosses(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    juliet.send(f'<message to="{ALICE_JID}" type="chat" id="s1" xml:lang="de"><subject>Grüße, und</subject>'
                '<body>wie geht es?</body><thread>t&lt;1&gt; of hers</thread></message>')
    message = (await until(lambda: alice.messages, 'the text'))[0]
    check(message.text == 'wie geht es?' and message.get('content-language') == 'de', f'{message}')
    check(message.get('subject') == 'Grüße, und', f'{message.get("subject")!r}')
    extra = [('Subject', 'Re: Grüße'), ('Content-Language', 'fr')]
    check((await alice.send_message(JULIET, 'bien', extra=extra)).status == 200, 'the answer')
    answer = (await until(lambda: juliet.got('message', ALICE_JID), 'the answer'))[0]
    check(answer.body == 'bien' and answer.text('subject') == 'Re: Grüße', f'{answer}')
    check(answer.text('thread') == 't<1> of hers', f'{answer}')
    check(answer.xml.get('{http://www.w3.org/XML/1998/namespace}lang') == 'fr', f'{answer}')


# [MSG-070] [D-45] what cannot be shown to a chat user is refused with what can, and nothing goes on
@test()
async def refused_types_name_those_that_are_taken(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    for kind in ('image/png', 'application/octet-stream', 'application/sdp'):
        answer = await alice.send_message(JULIET, b'\x89PNG\r\n\x1a\n', content_type=kind)
        check(answer.status == 415, f'{kind} answered {answer.status}')
        check('text/plain' in answer.get('accept') and 'message/cpim' in answer.get('accept'), answer.get('accept'))
        check(kind not in answer.get('accept'), f'{kind} is not taken, and named')
    html = '<html><body><p>Hello <b>there</b> &amp; you</p></body></html>'
    check((await alice.send_message(JULIET, html, content_type='text/html')).status == 200, 'HTML')
    await until(lambda: juliet.bodies(ALICE_JID), 'the text')
    check(juliet.bodies(ALICE_JID)[0].strip() == 'Hello there & you', f'{juliet.bodies(ALICE_JID)}')
    await nothing_more(rig, juliet, alice)
    check(len(juliet.got('message', ALICE_JID)) == 2, 'more than the text and the mark')


# [TYPE-009] [RCPT-042] [D-41] the phone takes neither any more: the text at once as plain, and what was refused not again
@test(replace={'profile = "kamailio";': 'profile = "kamailio"; rich_types = "always";'})
async def what_a_phone_refuses_is_not_tried_again(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    alice.answer_with = lambda request: 200 if request.get('content-type').startswith('text/plain') else 415
    for n, text in enumerate(('one', 'two', 'three')):
        if n > 0:
            juliet.say(ALICE_JID, None, extra=f'<composing xmlns="{STATES}"/>')
        if n == 1:
            await until(lambda: alice.requests[-1].get('content-type') == TYPING, 'a typing notice')
        juliet.say(ALICE_JID, text, extra=f'<request xmlns="{RECEIPTS}"/><active xmlns="{STATES}"/>')
        await until(lambda t=text: t in [m.text for m in alice.messages], f'{text} as plain text')
    kinds = [r.get('content-type').split(';')[0] for r in alice.requests]
    check(kinds == ['message/cpim', 'text/plain', TYPING, 'text/plain', 'text/plain'], f'{kinds}')
    check(not juliet.got('message', type_='error'), 'an error although it was delivered')


def rejoined(texts):
    """The text that was sent in these parts; marks are checked and gone."""
    parts = [t.partition(') ') for t in texts]
    check([p[0] for p in parts] == [f'({n + 1}/{len(parts)}' for n in range(len(parts))], f'{[p[0] for p in parts]}')
    return ''.join(p[2] for p in parts)


async def splits_between_characters(rig, most, length):
    """Texts of families without a blank, begun by 0 to 24 bytes: some would be cut inside one."""
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    for first in range(0, 25, 4):
        text = 'x' * first + FAMILY * (length // len(FAMILY.encode()))
        alice.messages.clear()
        id_ = juliet.say(ALICE_JID, text)
        await until(lambda: juliet.errors(id_) or alice.messages and alice.messages[-1].text.startswith(
            f'({len(alice.messages)}/{len(alice.messages)}) '), 'the last part')
        check(not juliet.errors(id_), f'{juliet.errors(id_)[:1]}')
        check(len(alice.messages) > 1, 'in one part')
        check(rejoined([m.text for m in alice.messages]) == text, 'the parts are another text')
        for message in alice.messages:
            check(len(message.body) <= most, f'a part of {len(message.body)} bytes')
            shown = message.text.partition(') ')[2].lstrip('x')
            check(shown == FAMILY * (len(shown) // len(FAMILY)), f'a family was cut: {shown[:8]!r} ... {shown[-8:]!r}')


# [D-40] [MSG-023] over UDP, where a whole request has 1,300 bytes
@test(transport='udp')
async def families_are_not_divided_over_udp(rig):
    await splits_between_characters(rig, 1300, 2000)


# [D-40] [MSG-023] toward Asterisk, whose bodies have 1,023 bytes
@test(replace={'profile = "kamailio";': 'profile = "asterisk";'})
async def families_are_not_divided_toward_asterisk(rig):
    await splits_between_characters(rig, 1023, 2000)


# [D-37] [D-40] a server that takes 700 bytes at most: in parts at once, and of the next text no whole one is tried
@test()
async def what_is_too_large_comes_in_parts(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    alice.answer_with = lambda request: 200 if len(request.body) <= 700 else 413
    refused = []
    for letter in 'xy':
        text = letter * 2400 + FAMILY
        alice.messages.clear()
        id_ = juliet.say(ALICE_JID, text)
        await until(lambda: juliet.errors(id_) or alice.messages and alice.messages[-1].text.endswith(FAMILY), 'the end')
        check(not juliet.errors(id_), f'{juliet.errors(id_)[:1]}')
        check(rejoined([m.text for m in alice.messages]) == text, 'the parts are another text')
        refused.append(len([r for r in alice.requests if len(r.body) > 700]))
    check(refused[0] > 0 and refused[1] == refused[0], f'refused for their size: {refused}')


# [MSG-080] [D-57] short for its sender, too long once it is escaped: refused, and the link stays
@test()
async def texts_of_markup_do_not_cost_the_link(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001', transport='tcp')
    links = rig.links()
    answer = await alice.send_message(JULIET, '&' * 60000)
    check(answer.status == 413, f'answered {answer.status}')
    id_ = juliet.say(ALICE_JID, '&' * 60000)
    error = (await until(lambda: juliet.errors(id_), 'an error'))[0]
    check(error.condition == 'policy-violation', f'{error.condition}')
    check((await alice.send_message(JULIET, '&' * 40000)).status == 200, 'what fits')
    await until(lambda: '&' * 40000 in juliet.bodies(ALICE_JID), 'what fits')
    await nothing_more(rig, juliet, alice)
    check(rig.links() == links, 'the link was lost')
