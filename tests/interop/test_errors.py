"""What the sender of a text is told when it fails, through the queue and both real servers: by name, to the client
that sent it, with what it was called there."""

from cases import ALICE_JID, message_crosses, nothing_more, test
from rig import check, until

# code of the phone: type and condition for the chat user (file 03 E.2)
REFUSALS = {
    401: ('auth', 'not-authorized'), 402: ('modify', 'bad-request'), 403: ('auth', 'forbidden'),
    404: ('cancel', 'item-not-found'), 405: ('cancel', 'feature-not-implemented'), 406: ('modify', 'not-acceptable'),
    410: ('cancel', 'gone'), 413: ('modify', 'policy-violation'), 415: ('modify', 'not-acceptable'),
    420: ('cancel', 'feature-not-implemented'), 433: ('modify', 'bad-request'),
    480: ('wait', 'recipient-unavailable'), 481: ('cancel', 'item-not-found'), 482: ('cancel', 'not-acceptable'),
    484: ('cancel', 'item-not-found'), 486: ('wait', 'recipient-unavailable'), 488: ('modify', 'not-acceptable'),
    501: ('cancel', 'feature-not-implemented'), 502: ('cancel', 'remote-server-not-found'),
    505: ('modify', 'not-acceptable'), 513: ('modify', 'policy-violation'), 603: ('wait', 'recipient-unavailable'),
    604: ('cancel', 'item-not-found'), 606: ('modify', 'not-acceptable'),
}


def check_error(error, to, code, kind, condition):
    check(error.sender == to, f'{code}: from {error.sender}, was addressed to {to}')
    check(error.xml.get('to') == 'juliet@chat.example/desk', f'{code}: to {error.xml.get("to")}')
    check(error.text('thread') == f't-{code}', f'{code}: thread {error.text("thread")}')
    said = error.xml.find('{jabber:client}error').get('type')
    check((said, error.condition) == (kind, condition), f'{code} became {said} {error.condition}')
    check(f'SIP {code}' in error.error_text, f'{code}: {error.error_text!r}')


# [MSG-037] [MSG-038] [MSG-043] [ERR-004] [CMP-024] [D-37] [REL-007] every text is stored before it is sent, so each of
# these is a report: the same stanza as an answer at once, and once
@test()
async def refusals_come_back_as_they_were_sent(rig):
    juliet = await rig.chat_user('juliet', resource='desk')
    other = await rig.chat_user('juliet', resource='phone')
    alice = await rig.sip_user('1001')
    to = f'{ALICE_JID}/any'
    for code, (kind, condition) in REFUSALS.items():
        alice.answer_with = code
        id_ = juliet.say(to, f'please answer {code}', extra=f'<thread>t-{code}</thread>')
        error = await until(lambda i=id_: juliet.errors(i), f'the error of a {code}')
        check_error(error[0], to, code, kind, condition)
    alice.answer_with = 200
    await nothing_more(rig, juliet, alice)
    check(len(juliet.got('message', type_='error')) == len(REFUSALS), 'an error came twice')
    check(not other.got('message', type_='error'), 'the other client was told, too')


# [MSG-041] [MSG-043] [D-37] an error of the server (the proxy makes a 500 of a 503): the same text again in a while. In
# the meantime its sender has gone: nobody else is told how it ended, and texts go on.
@test()
async def an_error_for_one_who_left_disturbs_nobody(rig):
    juliet = await rig.chat_user('juliet', resource='desk')
    other = await rig.chat_user('juliet', resource='phone')
    alice = await rig.sip_user('1001')
    answers, seen = [503, 404], []

    def answer(request):
        seen.append((request.get('call-id'), request.text))
        return answers.pop(0) if answers else 200

    alice.answer_with = answer
    juliet.say(ALICE_JID, 'bye')
    await until(lambda: len(seen) == 1, 'the first try')
    await juliet.sign_out()
    await until(lambda: len(seen) == 2, 'the second try', timeout=40)
    check(seen[0] == seen[1], f'{seen}')
    await message_crosses(rig, other, alice, 'still here')
    check(not other.got('message', type_='error'), 'the other client was told')
