"""Real clients: baresip and linphonec as phones, sipp as many of them or as a server."""

from cases import ALICE_JID, JULIET, test, sees, watch_sip
from phone import Baresip, Linphone
from rig import CHAT, check, until
from sipp import Sipp
from test_notices import MARKERS, RECEIPTS, STATES, holding
from test_queue import queue_becomes
from test_texts import rejoined

ROMEO = f'sip:romeo@{CHAT}'

# [PRES-044] [MSG-050] a phone that somebody else wrote: watched, watching, writing
# [REQ-003] [REQ-044] [REQ-087]
@test()
async def baresip_watches_and_writes(rig):
    juliet = await rig.chat_user('juliet')
    phone = await Baresip(rig, '1001', JULIET).start()
    try:
        await until(lambda: juliet.got('presence', ALICE_JID, 'subscribe'), 'the phone asks')
        juliet.presence('subscribed', to=ALICE_JID)
        await phone.shows('Online')
        juliet.presence(show='dnd')
        await sees_phone(juliet, phone)
        text = 'hallo <Juliet> & 😀'
        await phone.command('message', text)
        await until(lambda: text in juliet.bodies(ALICE_JID), 'the text at the chat user')
        id_ = juliet.say(ALICE_JID, 'from chat <to> the & phone')
        await until(lambda: 'from chat <to> the & phone' in phone.received() or juliet.errors(id_), 'the text on the phone')
        check(not juliet.errors(id_), 'refused')
        await juliet.sign_out()
        await phone.shows('Offline')
    finally:
        phone.close()


async def sees_phone(juliet, phone):
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID)
    await phone.command('presence_offline')
    await sees(juliet, ALICE_JID, type_='unavailable')
    await phone.command('presence_online')
    await sees(juliet, ALICE_JID)


async def burst(rig, transport):
    juliet = await rig.chat_user('juliet')
    await Sipp(rig, 'write', transport).write(200, rate=100).ended()
    await until(lambda: len(juliet.got('message')) >= 200, 'all texts')
    bodies = [s.body for s in juliet.got('message')]
    check(len(bodies) == 200 and len(set(bodies)) == 200, f'{len(bodies)} texts, {len(set(bodies))} different')


# [D-36] [D-51] 200 messages in two seconds: all taken, all delivered
@test()
async def sipp_burst_over_udp(rig):
    await burst(rig, 'u1')


# [D-36] the same on one connection
@test()
async def sipp_burst_over_tcp(rig):
    await burst(rig, 't1')


# [PRES-044] [PRES-114] [D-29] [MSG-050] a softphone of another make: it watches by a GRUU, through the SIP server
# [REQ-003] [REQ-044] [REQ-087]
@test()
async def linphone_watches_and_writes(rig):
    juliet = await rig.chat_user('juliet')
    phone = await Linphone(rig, '1001', {'Juliet': JULIET}).start()
    await until(lambda: juliet.got('presence', ALICE_JID, 'subscribe'), 'the phone asks')
    juliet.presence('subscribed', to=ALICE_JID)
    await phone.shows('Juliet', 'Online')
    for show, word in (('dnd', 'Busy'), ('away', 'Away'), (None, 'Online')):
        juliet.presence(show=show)
        await phone.shows('Juliet', word)
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID)
    phone.command('chat sip:juliet@chat.example hallo <Juliet> & du')
    await until(lambda: 'hallo <Juliet> & du' in juliet.bodies(ALICE_JID), 'the text at the chat user')
    juliet.say(ALICE_JID, 'from chat <to> the & phone')
    await until(lambda: 'from chat <to> the & phone' in phone.program.text(), 'the text on the phone')
    await juliet.sign_out()
    await phone.shows('Juliet', 'Offline')
    await juliet.sign_in()
    await phone.shows('Juliet', 'Online')
    phone.command('quit')  # it takes its publication back without a Content-Length, which Kamailio refuses: it expires
    await sees(juliet, ALICE_JID, type_='unavailable')


KAMAILIO = 'profile = "kamailio";'
ASKING = f'<request xmlns="{RECEIPTS}"/><markable xmlns="{MARKERS}"/><active xmlns="{STATES}"/>'


async def linphone(rig):
    juliet, phone = await rig.chat_user('juliet'), await Linphone(rig, '1001', {'Juliet': JULIET}).start()
    await until(lambda: juliet.got('presence', ALICE_JID, 'subscribe'), 'the phone is there')
    return juliet, phone


async def is_delivered_once(juliet, phone, text):
    """It shows the text and says so by itself, once."""
    before = len(holding(juliet, RECEIPTS, 'received'))
    id_ = juliet.say(ALICE_JID, text, extra=ASKING)
    await until(lambda: f'sip:juliet@chat.example: {text}\n' in phone.program.text(), f'{text!r} on the phone')
    await until(lambda: len(holding(juliet, RECEIPTS, 'received')) > before, 'the receipt')
    told = holding(juliet, RECEIPTS, 'received')[before:]
    check([s.xml.find(f'{{{RECEIPTS}}}received').get('id') for s in told] == [id_], f'{[str(s) for s in told]}')
    check(not juliet.got('message', type_='error'), 'an error')
    check(phone.program.text().count(f': {text}\n') == 1, f'{text!r} is shown twice')


# [RCPT-043] [SIP-110] [D-41] what it sends about a plain text, packed and without CPIM, becomes the receipt. Its command
# line can neither say that a text was read nor that somebody types, and asks for no receipts.
@test(replace={KAMAILIO: KAMAILIO + ' receipt_from_200 = false;'})
async def linphone_says_that_texts_came(rig):
    juliet, phone = await linphone(rig)
    for text in ('to a phone', 'Grüße & 👩‍👩‍👧'):
        await is_delivered_once(juliet, phone, text)
    log = phone.own_log()
    check('Content-Encoding: deflate' in log and 'Content-Type: message/imdn+xml' in log, 'it sent none')
    check('message/cpim' not in log, 'CPIM although it never showed any')
    phone.command('chat sip:juliet@chat.example fine & 😀')
    await until(lambda: 'fine & 😀' in juliet.bodies(ALICE_JID), 'the answer')
    check(not holding(juliet, RECEIPTS, 'request'), 'a receipt is asked for that it did not ask for')


# [RCPT-039] [RCPT-040] [RCPT-043] [TYPE-027] [D-41] it takes CPIM and typing notices: the text is shown, not what it is
# wrapped in
@test(replace={KAMAILIO: KAMAILIO + ' receipt_from_200 = false; rich_types = "always";'})
async def linphone_takes_cpim_and_typing(rig):
    juliet, phone = await linphone(rig)
    await is_delivered_once(juliet, phone, 'wrapped')
    juliet.say(ALICE_JID, None, extra=f'<composing xmlns="{STATES}"/>')
    await until(lambda: '<state>active</state>' in phone.own_log(), 'the typing notice')
    await is_delivered_once(juliet, phone, 'typed')
    log = phone.own_log()
    check('imdn.Disposition-Notification: positive-delivery' in log, 'no CPIM')
    check('SIP/2.0 4' not in log, 'it refused something')
    shown = [line for line in phone.program.text().splitlines() if 'Message received' in line]
    check(len(shown) == 2, f'it shows {shown}')


# [RCPT-042] [D-41] a phone for plain text alone: the text comes as that at once, and what it refused is not tried again
@test(replace={KAMAILIO: KAMAILIO + ' rich_types = "always";'})
async def baresip_takes_plain_texts_only(rig):
    juliet = await rig.chat_user('juliet')
    phone = await Baresip(rig, '1001', JULIET).start()
    try:
        for text in ('one', 'two'):
            juliet.say(ALICE_JID, None, extra=f'<composing xmlns="{STATES}"/>')
            juliet.say(ALICE_JID, text, extra=ASKING)
            await until(lambda t=text: t in phone.received(), f'{text} on the phone')
        check(phone.received() == ['one', 'two'], f'it shows {phone.received()}')
        check(not juliet.got('message', type_='error'), 'an error although it was delivered')
        check(rig.programs['sipxmppd'].text().count('status=415') == 1, 'tried again what it refuses')
    finally:
        phone.close()


# [D-40] this one shows lines of up to 511 bytes and takes longer ones with a 200 all the same: in parts it shows all of it
@test(replace={KAMAILIO: KAMAILIO + ' body_max = 450;'})
async def baresip_shows_long_texts_in_parts(rig):
    juliet = await rig.chat_user('juliet')
    phone = await Baresip(rig, '1001', JULIET).start()
    try:
        text = 'long & \n' + '👩‍👩‍👧‍👦é ' * 60
        juliet.say(ALICE_JID, text)
        await until(lambda: phone.received() and phone.received()[-1].startswith(
            f'({len(phone.received())}/{len(phone.received())}) '), 'the last part')
        check(rejoined(phone.received()) == text, f'it shows {phone.received()}')
        await phone.command('message', 'x' * 1000)
        await until(lambda: 'x' * 1000 in juliet.bodies(ALICE_JID), 'its own long text')
    finally:
        phone.close()


# [EVT-067] [SIP-110] it asks for its friends by one list that the request brings, takes packed bodies and shows them.
@test()
async def linphone_asks_by_a_list(rig):
    juliet, romeo = await rig.chat_user('juliet'), await rig.chat_user('romeo')
    phone = await Linphone(rig, '1001', {'Juliet': JULIET, 'Romeo': ROMEO}, f'rls_uri=<sip:friends@{CHAT}>').start()
    for user in (juliet, romeo):
        await until(lambda: user.got('presence', ALICE_JID, 'subscribe'), f'{user.jid} is asked')
        user.presence('subscribed', to=ALICE_JID)
    romeo.presence(show='dnd')
    await phone.shows('Juliet', 'Online')
    await phone.shows('Romeo', 'Busy')
    juliet.presence(show='away')
    await phone.shows('Juliet', 'Away')
    log = phone.own_log()
    check(log.count('SUBSCRIBE sip:friends@') >= 1 and 'SUBSCRIBE sip:juliet@' not in log, 'asked one by one')
    check('Content-Encoding: deflate' in log and 'Body has been uncompressed' in log, 'the bodies were not packed')
    check(phone.program.code is None, f'linphonec ended with {phone.program.code}')


async def in_the_place_of_the_sip_server(rig, scenario, transport):
    """The chat user, and sipp where the bridge expects the SIP server."""
    await rig.start_chat_server()
    sipp = Sipp(rig, scenario, transport).serve()
    await rig.start_bridge()
    return await rig.chat_user('juliet'), sipp


# [MSG-020] [D-35] [REL-008] texts to several users, in order to each, all at once
@test(start=False, extra='limits: { messages_per_user_burst = 100; };')
async def sipp_reads_many_texts(rig):
    juliet, sipp = await in_the_place_of_the_sip_server(rig, 'read', 't1')
    for n in range(60):
        juliet.say(f'10{n % 3:02}@sip.chat.example', f'{n % 3}: {n}')
    await until(lambda: len(sipp.received()) >= 60, 'all texts')
    for user in range(3):
        texts = [t for t in sipp.texts() if t.startswith(f'{user}: ')]
        check(texts == [f'{user}: {n}' for n in range(user, 60, 3)], f'user {user} got {texts}')
    check(len({m[0] for m in sipp.received()}) == 60, 'Call-IDs repeat')
    check(not juliet.got('message', type_='error'), 'an error')


async def comes_again_when_the_server_says(rig, transport):
    juliet, sipp = await in_the_place_of_the_sip_server(rig, 'busy', transport)
    first = juliet.say(ALICE_JID, 'first')
    second = juliet.say(ALICE_JID, 'second')
    await until(lambda: len(sipp.received()) >= 4, 'both texts twice', 20)
    came = sipp.received()
    check([m[3] for m in came] == ['first', 'first', 'second', 'second'], f'{came}')
    check(came[0][0] == came[1][0] and came[2][0] == came[3][0], f'another Call-ID: {came}')
    check([m[1] for m in came] == ['1 MESSAGE', '2 MESSAGE'] * 2, f'CSeq: {came}')
    await queue_becomes(rig, 0)
    check(not juliet.errors(first) and not juliet.errors(second), 'an error although it was delivered')


# [MSG-041] [D-37] [REL-004] 503 with Retry-After: the same text again, as the same, when the server said
@test(start=False)
async def sipp_is_busy_at_first(rig):
    await comes_again_when_the_server_says(rig, 't1')


# [MSG-041] [D-37] [REL-004] the same over UDP
@test(start=False, transport='udp')
async def sipp_is_busy_at_first_over_udp(rig):
    await comes_again_when_the_server_says(rig, 'u1')


# [ERR-263] [MSG-039] [REL-004] [D-37] no answer at all: the very same request again, a few times; then the sender is told
@test(start=False, replace={'sip: {': 'sip: { timer_t1 = "10ms";'})
async def sipp_is_silent(rig):
    juliet, sipp = await in_the_place_of_the_sip_server(rig, 'silent', 't1')
    id_ = juliet.say(ALICE_JID, 'anybody?')
    error = (await until(lambda: juliet.errors(id_), 'an error', 60))[0]
    check(error.condition == 'remote-server-timeout' and 'uncertain' in error.error_text, f'{error}')
    came = sipp.received()
    check(1 < len(came) <= 4, f'sent {len(came)} times')
    check(len(set(came)) == 1, f'not the same: {came}')
    await queue_becomes(rig, 0)
    check(len(juliet.errors(id_)) == 1, 'told twice')
