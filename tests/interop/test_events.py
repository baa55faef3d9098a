"""Mood, activity and name: personal eventing (XEP-0163) of a real chat server on one side, RPID on the other."""

import base64
import hashlib

from cases import ALICE_JID, publish, sees, test, watch_chat, watch_sip
from rig import check, until

PUBSUB = 'http://jabber.org/protocol/pubsub'
MOOD = 'http://jabber.org/protocol/mood'
ACTIVITY = 'http://jabber.org/protocol/activity'
NICK = 'http://jabber.org/protocol/nick'


async def says(juliet, node, payload):
    """She tells her server; payload None: she takes the item back."""
    if payload is None:
        request = f'<retract node="{node}" notify="1"><item id="current"/></retract>'
    else:
        request = f'<publish node="{node}"><item id="current">{payload}</item></publish>'
    answer = await juliet.ask(None, f'<pubsub xmlns="{PUBSUB}">{request}</pubsub>', 'set')
    check(answer.type == 'result', f'her server says {answer}')


async def befriend(rig):
    """1001 is there, and each sees the other."""
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await publish(alice, note='here')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='here')
    watch = await watch_chat(alice, juliet)
    await until(lambda: watch.document and watch.document.is_open, 'her state')
    return juliet, alice, watch


async def her_moods_cross(rig, empty=None):
    """empty: what she says last in place of taking the item back; ejabberd tells nobody of that."""
    juliet, _, watch = await befriend(rig)
    await says(juliet, ACTIVITY, f'<activity xmlns="{ACTIVITY}"><working><in_a_meeting/></working></activity>')
    await until(lambda: 'meeting' in watch.document.activities, 'her activity in RPID')
    await says(juliet, MOOD, f'<mood xmlns="{MOOD}"><happy/><text>sun</text></mood>')
    await until(lambda: b'happy' in watch.last.body, 'her mood in RPID')
    check('meeting' in watch.document.activities, 'the activity went with the mood')
    # an empty element says no more
    await says(juliet, ACTIVITY, f'<activity xmlns="{ACTIVITY}"/>')
    await until(lambda: 'meeting' not in watch.document.activities, 'the activity is over')
    check(b'happy' in watch.last.body, 'the mood went with the activity')
    # what she said holds over her sign-out
    await juliet.sign_out()
    await until(lambda: not watch.document.is_open, 'she is gone')
    await juliet.sign_in()
    await until(lambda: watch.document.is_open and b'happy' in watch.last.body, 'her mood is back')
    await says(juliet, MOOD, empty)
    await until(lambda: b'happy' not in watch.last.body, 'her mood is taken back')
    check(not juliet.got('message', ALICE_JID), f'she got {[str(m) for m in juliet.got("message", ALICE_JID)]}')


# [X0163-1] [X0163-3] [X0107-1] [X0108-1] [X0108-2]
@test()
async def mood_of_a_chat_user_reaches_the_phone(rig):
    await her_moods_cross(rig)


# [X0163-1] [X0163-3]
@test(chat_server='ejabberd')
async def ejabberd_carries_moods(rig):
    await her_moods_cross(rig, f'<mood xmlns="{MOOD}"/>')


# [X0163-1] said before anybody watched
@test()
async def mood_that_was_set_before_reaches_the_phone(rig):
    juliet = await rig.chat_user('juliet')
    await says(juliet, ACTIVITY, f'<activity xmlns="{ACTIVITY}"><working/></activity>')
    await juliet.sign_out()
    _, _, watch = await befriend(rig)
    await until(lambda: 'working' in watch.document.activities, 'her activity')


# [X0163-1] [REL-011] what was said while the bridge was away: the chat server believes that it knows
@test()
async def mood_set_during_a_crash_reaches_the_phone(rig):
    juliet, alice, watch = await befriend(rig)
    await says(juliet, MOOD, f'<mood xmlns="{MOOD}"><happy/></mood>')
    await until(lambda: b'happy' in watch.last.body, 'her mood in RPID')
    rig.programs['sipxmppd'].kill()
    await says(juliet, MOOD, f'<mood xmlns="{MOOD}"><sad/></mood>')
    await says(juliet, ACTIVITY, f'<activity xmlns="{ACTIVITY}"><working/></activity>')
    await rig.start_bridge()
    again = await alice.subscribe(f'sip:{juliet.jid}')
    await until(lambda: again.document and again.document.is_open, 'her state')
    await until(lambda: b'sad' in again.last.body and 'working' in again.document.activities, 'what she said meanwhile')


def mark(*features):
    """The hash of a client with these features and nothing else (XEP-0115)."""
    text = 'client/pc//Test<' + ''.join(f + '<' for f in sorted(features))
    return base64.b64encode(hashlib.sha1(text.encode()).digest()).decode()


async def wants(juliet, *nodes):
    """Her client says which events it wants."""
    juliet.client.register_plugin('xep_0030')
    disco = juliet.client['xep_0030']
    features = ['http://jabber.org/protocol/disco#info', *(n + '+notify' for n in nodes)]
    ver = mark(*features)
    await disco.set_identities(node=f'urn:x-test#{ver}', identities={('client', 'pc', None, 'Test')})
    await disco.set_features(node=f'urn:x-test#{ver}', features=set(features))
    juliet.send('<presence><c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="urn:x-test"'
                f' ver="{ver}"/></presence>')


def events(juliet, node):
    return [m for m in juliet.got('message', ALICE_JID) if f'node="{node}"' in str(m)]


async def his_activity_crosses(rig):
    juliet, alice, _ = await befriend(rig)
    await wants(juliet, ACTIVITY)
    await publish(alice, note='here', activity='meeting')
    await until(lambda: events(juliet, ACTIVITY), 'his activity as an event')
    event = events(juliet, ACTIVITY)[-1]
    check('in_a_meeting' in str(event) and event.type == 'headline', f'{event}')
    check(event.sender == ALICE_JID, f'from {event.sender}')
    await publish(alice, note='here')
    await until(lambda: 'in_a_meeting' not in str(events(juliet, ACTIVITY)[-1]), 'it is over')
    check(not events(juliet, MOOD) and not events(juliet, NICK), 'she got what she did not ask for')
    seen = len(events(juliet, ACTIVITY))
    await publish(alice, note='still here')
    await sees(juliet, ALICE_JID, status='still here')
    check(len(events(juliet, ACTIVITY)) == seen, 'nothing was said twice')


# [X0163-1] [X0115-4] [X0115-5] [X0163-2]
@test()
async def activity_of_a_sip_user_reaches_the_client(rig):
    await his_activity_crosses(rig)


# [X0163-1]
@test(chat_server='ejabberd')
async def ejabberd_carries_activities(rig):
    await his_activity_crosses(rig)


# [X0054-1] [X0054-3] [X0100-1]
@test()
async def client_asks_for_a_card_and_for_an_address(rig):
    juliet, _, _ = await befriend(rig)
    card = str(await juliet.ask(ALICE_JID, '<vCard xmlns="vcard-temp"/>'))
    check('1001' in card and 'FN' in card, card)
    unknown = await juliet.ask(ALICE_JID.replace('1001', '1002'), '<vCard xmlns="vcard-temp"/>')
    check(unknown.condition == 'service-unavailable', f'{unknown}')
    typed = await juliet.ask(ALICE_JID.split('@')[1],
                             '<query xmlns="jabber:iq:gateway"><prompt>1001</prompt></query>', 'set')
    check(ALICE_JID in str(typed), f'{typed}')


# [X0163-1] [PRS-006] [PRS-007] the chat server restarts: what both said holds, and what changes then is told
@test()
async def moods_outlive_a_restart_of_the_chat_server(rig):
    juliet, alice, watch = await befriend(rig)
    await wants(juliet, ACTIVITY)
    await publish(alice, note='here', activity='meeting')
    await until(lambda: events(juliet, ACTIVITY), 'his activity as an event')
    await says(juliet, MOOD, f'<mood xmlns="{MOOD}"><happy/></mood>')
    await until(lambda: b'happy' in watch.last.body, 'her mood in RPID')
    rig.programs['prosody'].kill()
    juliet.cut()
    before = rig.links()
    await rig.start_chat_server()
    await rig.linked(before)
    juliet.stanzas.clear()
    await juliet.sign_in()
    await wants(juliet, ACTIVITY)
    await until(lambda: events(juliet, ACTIVITY), 'his activity again')
    check('in_a_meeting' in str(events(juliet, ACTIVITY)[-1]), f'{events(juliet, ACTIVITY)[-1]}')
    await until(lambda: watch.document.is_open and b'happy' in watch.last.body, 'her mood again')
    await says(juliet, MOOD, f'<mood xmlns="{MOOD}"><sad/></mood>')
    await until(lambda: b'sad' in watch.last.body, 'her next mood')


# [D-18] [X0163-1] one yes for all phones of a domain: what she says reaches each of them
@test(replace={'profile = "kamailio";': 'profile = "kamailio"; watch_as = "domain";'})
async def mood_reaches_the_phones_of_a_domain(rig):
    juliet = await rig.chat_user('juliet')
    alice, bob = await rig.sip_user('1001'), await rig.sip_user('1002')
    watch = await alice.subscribe(f'sip:{juliet.jid}')
    domain = ALICE_JID.split('@')[1]
    await until(lambda: juliet.got('presence', domain, 'subscribe'), 'she is asked for the domain')
    juliet.presence('subscribed', to=domain)
    await until(lambda: watch.document and watch.document.is_open, 'her state')
    await says(juliet, MOOD, f'<mood xmlns="{MOOD}"><happy/></mood>')
    await until(lambda: b'happy' in watch.last.body, 'her mood in RPID')
    second = await bob.subscribe(f'sip:{juliet.jid}')
    await until(lambda: second.document and b'happy' in second.last.body, 'her mood at the second phone')
