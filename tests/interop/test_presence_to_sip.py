"""A SIP user watches a chat user."""

from cases import ALICE_JID, JULIET, JULIET_JID, nothing_more, test, watch_chat
from rig import check, until


async def start(rig, transport='udp'):
    return await rig.chat_user('juliet'), await rig.sip_user('1001', transport=transport)


async def grants(rig, transport):
    juliet, alice = await start(rig, transport)
    watch = await alice.subscribe(JULIET)
    check(watch.answer.status == 200, f'answered {watch.answer.status}')
    check(int(watch.answer.get('expires')) == 600, f'Expires {watch.answer.get("expires")}')
    await until(lambda: watch.state == 'pending', 'NOTIFY pending')
    check(not watch.last.body, 'a pending NOTIFY with a body')
    asked = await until(lambda: juliet.got('presence', ALICE_JID, 'subscribe'), 'she is asked')
    check(asked[0].sender == ALICE_JID, f'asked by {asked[0].sender}')
    juliet.presence('subscribed', to=ALICE_JID)
    await until(lambda: watch.state == 'active', 'NOTIFY active')
    await until(lambda: watch.document and watch.document.is_open, 'her state')
    check(watch.document.entity == JULIET, f'entity {watch.document.entity}')
    notify = watch.last
    check(notify.uri == alice.contact, f'Request-URI {notify.uri}')
    check(notify.get('event') == 'presence', f'Event {notify.get("event")}')
    check(JULIET in notify.get('from') and alice.aor in notify.get('to'), f'{notify}')
    check(notify.get('contact') and notify.get('max-forwards'), f'{notify}')
    check(notify.get('content-type') == 'application/pidf+xml', f'Content-Type {notify.get("content-type")}')
    check('expires=' in notify.get('subscription-state'), notify.get('subscription-state'))
    numbers = [int(n.get('cseq').split()[0]) for n in watch.notifies]
    check(numbers == list(range(numbers[0], numbers[0] + len(numbers))), f'CSeq {numbers}')
    return juliet, alice, watch


# [PRES-070] [PRES-071] [PRES-073] [PRES-075] [PRES-076] [PRES-010] [PRES-081] [PRES-082] [D-29] [D-30] [SUBX-002]
# [REQ-012] [REQ-019] [REQ-020] [REQ-028] [REQ-067] [XCP-046]
@test()
async def sip_user_asks_and_the_chat_user_approves(rig):
    await grants(rig, 'udp')


# [PRES-070] [PRES-073] [PRES-081] the same with a phone on TCP, the bridge on UDP
@test(transport='udp')
async def sip_user_on_tcp_asks_and_the_chat_user_approves(rig):
    await grants(rig, 'tcp')


# [PRES-084] [PRES-108] [PRES-110] [PRES-112] [PRES-113] [PRES-115] [PRES-119] [PRES-120] [PRES-121] [PRES-182] every resource is a tuple
# [XCP-027] [REQ-055]
@test()
async def sip_user_sees_every_client_of_the_chat_user(rig):
    juliet, alice, watch = await grants(rig, 'udp')
    second = await rig.chat_user('juliet', resource='phone')
    await until(lambda: watch.document.basics == ['open', 'open'], 'two tuples')
    second.presence(show='dnd', status='in a <meeting> & busy ☎', priority=13)
    await until(lambda: 'dnd' in watch.document.shows, 'dnd')
    check('in a <meeting> & busy ☎' in watch.document.notes, f'notes {watch.document.notes}')
    check(watch.document.basics == ['open', 'open'], 'busy is open')
    ids = [t.get('id') for t in watch.document.tuples]
    check(len(set(ids)) == 2 and all(i[0].isalpha() for i in ids), f'ids {ids}')
    contacts = {c.get('priority') for c in watch.document.root.iter('{urn:ietf:params:xml:ns:pidf}contact')}
    check('0.102' in contacts, f'priorities {contacts}')
    await second.sign_out()
    await until(lambda: watch.document.basics.count('open') == 1, 'the phone is gone')
    check('closed' in watch.document.basics, 'its tuple is not shown closed once more')
    await juliet.sign_out()
    await until(lambda: not watch.document.is_open, 'she is gone')
    check(watch.document.tuples, 'a document without tuples')
    check(watch.state == 'active', f'offline is not {watch.state}')


# [PRES-088] [PRES-174]
# [REQ-061] [XCP-046]
@test()
async def sip_user_is_denied(rig):
    juliet, alice = await start(rig)
    watch = await alice.subscribe(JULIET)
    await until(lambda: juliet.got('presence', ALICE_JID, 'subscribe'), 'she is asked')
    juliet.presence('unsubscribed', to=ALICE_JID)
    await until(lambda: watch.state == 'terminated', 'NOTIFY terminated')
    check(watch.reason == 'rejected', f'reason {watch.reason}')
    check(not any(n.body for n in watch.notifies), 'a body was sent')


# [D-13] refused: the next SUBSCRIBE is answered, and she is not asked again
@test()
async def refused_sip_user_does_not_ask_again(rig):
    juliet, alice = await start(rig)
    watch = await alice.subscribe(JULIET)
    await until(lambda: juliet.got('presence', ALICE_JID, 'subscribe'), 'she is asked')
    juliet.presence('unsubscribed', to=ALICE_JID)
    await until(lambda: watch.reason == 'rejected', 'the no')
    again = await alice.subscribe(JULIET)
    check(again.answer.status == 200, f'answered {again.answer.status}')
    await until(lambda: again.reason == 'rejected', 'the no, again')
    await nothing_more(rig, juliet, alice)
    check(len(juliet.got('presence', ALICE_JID, 'subscribe')) == 1, 'asked again')


# [PRES-089]
# [REQ-013] [REQ-072] [XCP-049]
# [REQ-065]
@test()
async def sip_user_is_revoked(rig):
    juliet, alice, watch = await grants(rig, 'udp')
    juliet.presence('unsubscribed', to=ALICE_JID)
    await until(lambda: watch.state == 'terminated', 'NOTIFY terminated')
    check(watch.reason == 'rejected', f'reason {watch.reason}')


# [PRES-099] [PRES-175] [PRES-078] [PRES-079] [PRES-185] [PRS-015] the end of a dialog is not the end of the authorization
@test()
async def sip_user_unsubscribes_and_comes_back(rig):
    juliet, alice, watch = await grants(rig, 'udp')
    end = await watch.end()
    check(end.status == 200, f'the end is answered {end}')
    await until(lambda: watch.state == 'terminated', 'NOTIFY terminated')
    check(watch.reason == 'timeout', f'reason {watch.reason}')
    again = await alice.subscribe(JULIET)
    await until(lambda: again.state == 'active', 'active at once')
    await until(lambda: again.document and again.document.is_open, 'her state')
    check('pending' not in again.notifies[0].get('subscription-state'), 'pending again')
    await nothing_more(rig, juliet, alice)
    check(len(juliet.got('presence', ALICE_JID, 'subscribe')) == 1, 'asked again')


# [PRES-055] [PRES-080] a refresh is answered by a NOTIFY with the present state; a second dialog has its own
# [REQ-066]
@test()
async def sip_user_refreshes_and_has_two_phones(rig):
    juliet, alice, watch = await grants(rig, 'udp')
    seen = len(watch.notifies)
    answer = await watch.refresh(300)
    check(answer.status == 200 and answer.get('expires') == '300', f'the refresh is answered {answer}')
    await until(lambda: len(watch.notifies) > seen and watch.document.is_open, 'NOTIFY after the refresh')
    second = await alice.subscribe(JULIET)
    await until(lambda: second.state == 'active', 'the second phone')
    juliet.presence(show='away')
    for each in (watch, second):
        await until(lambda: each.document and 'away' in each.document.shows, 'away on each phone')
    check(len(juliet.got('presence', ALICE_JID, 'subscribe')) == 1, 'asked again')


# [PRES-181] [PRES-182] she is offline when asked, and answers later
# [REQ-034] [REQ-067]
@test()
async def chat_user_approves_later(rig):
    alice = await rig.sip_user('1001')
    watch = await alice.subscribe(JULIET)
    await until(lambda: watch.state == 'pending', 'NOTIFY pending')
    juliet = await rig.chat_user('juliet')
    await until(lambda: juliet.got('presence', ALICE_JID, 'subscribe'), 'asked at login')
    juliet.presence('subscribed', to=ALICE_JID)
    await until(lambda: watch.state == 'active' and watch.document and watch.document.is_open, 'active, open')


# [PRES-160] [PRES-163] [PRES-159] a fetch: her state if granted, nothing if not; she is not asked
@test()
async def sip_user_fetches(rig):
    juliet, alice = await start(rig)
    fetch = await alice.subscribe(JULIET, expires=0)
    check(fetch.answer.status == 200 and fetch.answer.get('expires') == '0', f'answered {fetch.answer}')
    await until(lambda: fetch.state == 'terminated', 'NOTIFY terminated')
    check(not fetch.document or not fetch.document.is_open, 'state without authorization')
    await nothing_more(rig, juliet, alice)
    check(not juliet.got('presence', ALICE_JID, 'subscribe'), 'asked for a fetch')
    watch = await watch_chat(alice, juliet)
    await until(lambda: watch.document and watch.document.is_open, 'her state')
    fetch = await alice.subscribe(JULIET, expires=0)
    await until(lambda: fetch.state == 'terminated', 'NOTIFY terminated')
    check(fetch.reason == 'timeout', f'reason {fetch.reason}')
    check(fetch.document and fetch.document.is_open, 'no state although granted')


# [PRES-072] [D-58] [EVT-058] too short is 423, too long is cut, other packages are 489, other bodies 406
@test()
async def odd_subscriptions_get_the_right_answer(rig):
    juliet, alice = await start(rig)
    short = (await alice.subscribe(JULIET, expires=30)).answer
    check(short.status == 423 and short.get('min-expires') == '60', f'short: {short}')
    long_ = (await alice.subscribe(JULIET, expires=86400)).answer
    check(long_.status == 200 and long_.get('expires') == '3600', f'long: {long_}')
    event = (await alice.subscribe(JULIET, event='message-summary')).answer
    check(event.status == 489 and 'presence' in event.get('allow-events'), f'event: {event}')
    accept = (await alice.subscribe(JULIET, accept='application/vnd.nothing')).answer
    check(accept.status == 406, f'accept: {accept}')


# [PRES-069] [PRES-074] nobody of that name: Prosody says nothing at all, so the question stays open, without a body
@test()
async def watching_an_unknown_chat_user_stays_pending(rig):
    juliet, alice = await start(rig)
    watch = await alice.subscribe('sip:nobody@chat.example')
    check(watch.answer.status == 200, f'answered {watch.answer.status}')
    await until(lambda: watch.state == 'pending', 'NOTIFY pending')
    await nothing_more(rig, juliet, alice)
    check(watch.state == 'pending' and not any(n.body for n in watch.notifies), f'told {watch.last}')


# [PRES-012] [SUBX-001] both watch each other; ending one direction leaves the other
@test()
async def the_two_directions_are_independent(rig):
    juliet, alice, watch = await grants(rig, 'udp')
    juliet.presence('subscribe', to=ALICE_JID)
    await until(lambda: juliet.got('presence', ALICE_JID, 'subscribed'), 'she watches him')
    juliet.presence('unsubscribe', to=ALICE_JID)
    juliet.presence(show='away', status='still seen')
    await until(lambda: 'still seen' in watch.document.notes, 'he still watches her')
    check(watch.state == 'active', f'his watch is {watch.state}')
    check(JULIET_JID == juliet.jid, 'the same person')
