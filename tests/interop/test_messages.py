"""Texts both ways, and every way in which one can fail: delivered, or the right error at the sender."""

from cases import ALICE, ALICE_JID, JULIET, JULIET_JID, message_crosses, nothing_more, test
from rig import check, until
from sip_ua import SipUser

TEXTS = ['hello', 'Grüße, Привет, 你好, שלום', '😀 👩‍👩‍👧 🏳️‍🌈', '<b>&amp; "quoted" \'single\' ]]> <!-- no -->',
         'two\nlines', '  blanks around  ', '%s %n %x \\ back', 'tab\there', 'x']


async def both(rig, transport='udp'):
    return await rig.chat_user('juliet'), await rig.sip_user('1001', transport=transport)


async def sip_texts_arrive(rig, transport):
    juliet, alice = await both(rig, transport)
    for text in TEXTS:
        answer = await alice.send_message(JULIET, text)
        check(answer.status == 200, f'{text!r} answered {answer.status}')
    await until(lambda: len(juliet.bodies(ALICE_JID)) == len(TEXTS), 'all texts')
    check(juliet.bodies(ALICE_JID) == TEXTS, f'got {juliet.bodies(ALICE_JID)}')
    kinds = {s.type for s in juliet.got('message', ALICE_JID)}
    check(kinds == {'chat'}, f'types {kinds}')
    ids = [s.id for s in juliet.got('message', ALICE_JID)]
    check(all(ids) and len(set(ids)) == len(ids), f'ids {ids}')


async def chat_texts_arrive(rig, transport):
    juliet, alice = await both(rig, transport)
    for text in TEXTS:
        juliet.say(ALICE_JID, text)
    await until(lambda: len(alice.messages) == len(TEXTS), 'all texts')
    check([m.text for m in alice.messages] == TEXTS, f'got {[m.text for m in alice.messages]}')
    for message in alice.messages:
        kind = message.get('content-type').replace(' ', '').lower()
        check(kind == 'text/plain;charset=utf-8', f'Content-Type {kind}')
        check(not message.get('contact'), 'MESSAGE with Contact')
        check(JULIET in message.get('from'), f'From {message.get("from")}')
    calls = {m.get('call-id') for m in alice.messages}
    check(len(calls) == len(TEXTS), 'Call-IDs repeat')
    check(not juliet.got('message', type_='error'), 'an error came beside the delivery')


# [MSG-050] [MSG-067] [MSG-051] [MSG-053] [D-34] [D-36] over TCP to the bridge
# [REQ-042] [REQ-043] [REQ-046] [ARCH-009] [MSG-054] [CMP-030] [CMP-031]
@test()
async def sip_texts_reach_the_chat_user(rig):
    await sip_texts_arrive(rig, 'udp')


# [MSG-050] [D-34] over UDP to the bridge
# [ARCH-009] [REQ-021]
@test(transport='udp')
async def sip_texts_reach_the_chat_user_over_udp(rig):
    await sip_texts_arrive(rig, 'udp')


# [MSG-001] [MSG-002] [MSG-009] [MSG-017] [MSG-035] [D-35]
# [REQ-042] [REQ-043] [REQ-046] [ARCH-009]
@test()
async def chat_texts_reach_the_sip_user(rig):
    await chat_texts_arrive(rig, 'tcp')


# [MSG-002] [MSG-009]
# [ARCH-009]
@test(transport='udp')
async def chat_texts_reach_the_sip_user_over_udp(rig):
    await chat_texts_arrive(rig, 'udp')


# [MSG-037] [ERR-004] [ERR-211] the SIP server knows no such user
@test()
async def chat_text_to_unknown_sip_user_is_an_error(rig):
    juliet = await rig.chat_user('juliet')
    id_ = juliet.say('nobody@sip.chat.example', 'anybody there?')
    error = await until(lambda: juliet.errors(id_), 'an error')
    check(error[0].condition == 'item-not-found', f'{error[0]}')
    check(error[0].bare == 'nobody@sip.chat.example', f'from {error[0].sender}')


# [ERR-227] registered nowhere
@test()
async def chat_text_to_sip_user_who_is_away_is_an_error(rig):
    juliet = await rig.chat_user('juliet')
    id_ = juliet.say('1002@sip.chat.example', 'there?')
    error = await until(lambda: juliet.errors(id_), 'an error')
    check(error[0].condition == 'recipient-unavailable', f'{error[0]}')


# [ERR-210] [ERR-219] [ERR-233] [ERR-249] [D-37] the phone refuses: the chat user learns it, once
# [REQ-016] [REQ-093] [REQ-052]
@test()
async def refusals_of_the_phone_reach_the_chat_user(rig):
    juliet, alice = await both(rig)
    for code, condition in ((403, 'forbidden'), (415, 'not-acceptable'), (486, 'recipient-unavailable'),
                            (603, 'recipient-unavailable'), (413, 'policy-violation')):
        alice.answer_with = code
        id_ = juliet.say(ALICE_JID, f'please answer {code}')
        error = await until(lambda: juliet.errors(id_), f'the error of a {code}')
        check(error[0].condition == condition, f'{code} became {error[0]}')
    alice.answer_with = 200
    await nothing_more(rig, juliet, alice)
    check(len(juliet.got('message', type_='error')) == 5, 'an error came twice')


# [MSG-063] [ERR-119] [D-36] [D-46] no account of that name: the chat server's error becomes the answer
@test()
async def sip_text_to_unknown_chat_user_is_refused(rig):
    alice = await rig.sip_user('1001')
    answer = await alice.send_message('sip:nobody@chat.example', 'anybody there?')
    check(answer.status == 403, f'answered {answer.status} {answer.reason}')


# [SEC-030] a chat domain that is not ours to serve
# [ERR-266]
@test()
async def sip_text_to_a_foreign_domain_is_refused(rig):
    alice = SipUser(ALICE, ('127.0.0.1', rig.bridge_port))
    rig.users.append(await alice.start())
    answer = await alice.send_message('sip:someone@elsewhere.example', 'hello')
    check(answer.status in (403, 404), f'answered {answer.status} {answer.reason}')


# [MSG-056] [D-45] answered, not forwarded
@test()
async def empty_sip_message_is_answered_and_ends(rig):
    juliet, alice = await both(rig)
    check((await alice.send_message(JULIET, '')).status == 200, 'empty, with a type')
    check((await alice.send_message(JULIET, '', content_type=None)).status == 200, 'empty, without a type')
    await nothing_more(rig, juliet, alice)
    check(len(juliet.got('message')) == 1, 'the empty message went on')


# [MSG-006] [D-45] an empty body, a subject alone, a typing notice alone: nothing, and no error
@test()
async def empty_chat_message_ends(rig):
    juliet, alice = await both(rig)
    juliet.say(ALICE_JID, '')
    juliet.say(ALICE_JID, None, extra='<subject>only this</subject>')
    juliet.say(ALICE_JID, None, extra='<composing xmlns="http://jabber.org/protocol/chatstates"/>')
    await nothing_more(rig, juliet, alice)
    check(len(alice.messages) == 1, f'went on: {[str(m) for m in alice.messages[:-1]]}')
    check(not juliet.got('message', type_='error'), 'answered with an error')


# [MSG-004] [MSG-005] [D-34] groupchat is refused, errors are never answered or sent on, headline passes
@test()
async def other_kinds_of_chat_messages(rig):
    juliet, alice = await both(rig)
    id_ = juliet.say(ALICE_JID, 'to the room', type_='groupchat')
    error = await until(lambda: juliet.errors(id_), 'an error for groupchat')
    check(error[0].condition == 'service-unavailable', f'{error[0]}')
    juliet.say(ALICE_JID, 'never', type_='error')
    juliet.say(ALICE_JID, 'news', type_='headline')
    juliet.say(ALICE_JID, 'a letter', type_='normal')
    await nothing_more(rig, juliet, alice)
    check([m.text for m in alice.messages][:2] == ['news', 'a letter'], f'got {[m.text for m in alice.messages]}')
    check(len(juliet.got('message', type_='error')) == 1, 'another error')


LONG = ('The quick brown fox <jumps> over "the" lazy dog & runs – 😀 ' * 1000).encode()[:60000].decode(errors='ignore')


# [D-40] [D-57] [SIP-046] whole over TCP
@test()
async def sixty_kilobytes_cross_whole_over_tcp(rig):
    juliet, alice = await both(rig, 'tcp')
    check((await alice.send_message(JULIET, LONG)).status == 200, 'from SIP')
    await until(lambda: juliet.bodies(ALICE_JID), 'the text at the chat user')
    check(juliet.bodies(ALICE_JID) == [LONG], 'the chat user got another text')
    id_ = juliet.say(ALICE_JID, LONG)
    await until(lambda: alice.messages or juliet.errors(id_), 'the text at the SIP user')
    check(not juliet.errors(id_), f'{juliet.errors(id_)[:1]}')
    check(alice.messages[0].text == LONG, 'the SIP user got another text')


# [MSG-023] [D-40] over UDP nothing longer than 1,300 bytes is sent: in parts, in order, nothing cut or lost
@test(transport='udp')
async def long_chat_text_over_udp_comes_in_parts(rig):
    juliet, alice = await both(rig)
    text = LONG.encode()[:9000].decode(errors='ignore')
    id_ = juliet.say(ALICE_JID, text)
    await until(lambda: juliet.errors(id_) or (alice.messages and
                                               alice.messages[-1].text.startswith(f'({len(alice.messages)}/{len(alice.messages)}) ')),
                'the last part')
    check(not juliet.errors(id_), f'{juliet.errors(id_)[:1]}')
    parts = [m.text.partition(') ') for m in alice.messages]
    check([p[0] for p in parts] == [f'({n + 1}/{len(parts)}' for n in range(len(parts))], f'{[p[0] for p in parts]}')
    check(''.join(p[2] for p in parts) == text, 'the parts are another text')
    check(len({m.get('call-id') for m in alice.messages}) == len(parts), 'Call-IDs repeat')


# [MSG-024] [D-40] long_messages = "refuse": the limit is told, and nothing is sent
@test(transport='udp', replace={'profile = "kamailio";': 'profile = "kamailio"; long_messages = "refuse";'})
async def long_chat_text_may_be_refused_with_the_limit(rig):
    juliet, alice = await both(rig)
    id_ = juliet.say(ALICE_JID, LONG)
    error = await until(lambda: juliet.errors(id_), 'an error')
    check(error[0].condition == 'policy-violation', f'{error[0]}'[:600])
    check(any(c.isdigit() for c in error[0].error_text), f'no limit in {error[0].error_text!r}')
    await nothing_more(rig, juliet, alice)
    check(len(alice.messages) == 1, 'sent although refused')


# [SEC-052] [MSG-080] [D-57] more than 60 KiB of text is refused before anything is sent, each way
@test()
async def texts_over_the_limit_are_refused(rig):
    juliet, alice = await both(rig, 'tcp')
    answer = await alice.send_message(JULIET, 'y' * 61441)
    check(answer.status == 413, f'answered {answer.status} {answer.reason}')
    id_ = juliet.say(ALICE_JID, 'z' * 61441)
    error = await until(lambda: juliet.errors(id_), 'an error')
    check(error[0].condition == 'policy-violation', f'{error[0].condition}')
    await nothing_more(rig, juliet, alice)
    check(len(alice.messages) == 1 and len(juliet.bodies(ALICE_JID)) == 1, 'sent although refused')


# [D-36] the chat server keeps it for her: delivered at the next login
@test(offline=True)
async def sip_text_waits_for_an_offline_chat_user(rig):
    alice = await rig.sip_user('1001')
    check((await alice.send_message(JULIET, 'for later')).status == 200, 'taken by the chat server')
    juliet = await rig.chat_user('juliet')
    await until(lambda: juliet.bodies(ALICE_JID) == ['for later'], 'the text at login')


# [MSG-063] [ERR-119] [D-36] the chat server keeps nothing: the sender is told
@test(offline=False)
async def sip_text_to_an_offline_chat_user_is_refused(rig):
    alice = await rig.sip_user('1001')
    answer = await alice.send_message(JULIET, 'hello?')
    check(answer.status == 403, f'answered {answer.status} {answer.reason}')
    juliet = await rig.chat_user('juliet')
    await nothing_more(rig, juliet, alice)
    check(len(juliet.bodies(ALICE_JID)) == 1, 'refused and delivered')


# [MSG-057] [D-38] the same request again: the same answer, one message
# [REQ-085] [REQ-021]
@test(transport='udp')
async def repeated_sip_message_is_delivered_once(rig):
    juliet, alice = await both(rig)
    await message_crosses(rig, juliet, alice, 'first')
    direct = SipUser(ALICE, ('127.0.0.1', rig.bridge_port))
    rig.users.append(await direct.start())
    headers = direct.outside('MESSAGE', JULIET, [('Content-Type', 'text/plain')])
    sent = []
    plain = direct.udp.sendto

    def twice(data, hop):
        for _ in range(3):
            plain(data, hop)
        sent.append(data)

    direct.udp.sendto = twice
    answer = await direct.request('MESSAGE', JULIET, headers, b'only once')
    check(answer.status == 200, f'answered {answer.status}')
    await nothing_more(rig, juliet, alice)
    count = juliet.bodies(ALICE_JID).count('only once')
    check(count == 1, f'delivered {count} times')


# order holds in each direction
@test()
async def order_is_kept(rig):
    juliet, alice = await both(rig, 'tcp')
    for n in range(15):
        juliet.say(ALICE_JID, f'{n}')
    for n in range(15):
        check((await alice.send_message(JULIET, f'{n}')).status == 200, f'number {n}')
    numbers = [str(n) for n in range(15)]
    await until(lambda: len(alice.messages) >= 15 and len(juliet.bodies(ALICE_JID)) >= 15, 'all')
    check([m.text for m in alice.messages] == numbers, f'to SIP {[m.text for m in alice.messages]}')
    check(juliet.bodies(ALICE_JID) == numbers, f'to chat {juliet.bodies(ALICE_JID)}')


# [D-43] to the bare address: every client of hers shows it; a resource in hers is no part of From
# [MSG-093] [CMP-030]
# [MSG-055]
@test()
async def all_clients_of_the_chat_user_are_reached(rig):
    juliet, alice = await both(rig)
    second = await rig.chat_user('juliet', resource='phone')
    check((await alice.send_message(JULIET, 'everywhere')).status == 200, 'sent')
    for client in (juliet, second):
        await until(lambda: client.bodies(ALICE_JID) == ['everywhere'], f'{client.resource} gets it')
    second.say(ALICE_JID + '/sip', 'to a resource')
    await until(lambda: alice.messages, 'the answer')
    check(JULIET_JID in alice.messages[0].get('from') and '/' not in alice.messages[0].get('from'),
          alice.messages[0].get('from'))


# [MSG-020] while one text to an address has no answer, the next one waits
@test()
async def second_text_waits_for_the_first(rig):
    juliet, alice = await both(rig)
    alice.answer_with = None
    first = juliet.say(ALICE_JID, 'first')
    juliet.say(ALICE_JID, 'second')
    bob = await rig.sip_user('1002')
    juliet.say('1002@sip.chat.example', 'another user does not wait')
    await until(lambda: bob.messages, 'the text to the other user')
    check([r.text for r in alice.requests] == ['first'], f'came {[r.text for r in alice.requests]}')
    await until(lambda: juliet.errors(first), 'the SIP server gives up on the first')
    await until(lambda: 'second' in [r.text for r in alice.requests], 'the second')
