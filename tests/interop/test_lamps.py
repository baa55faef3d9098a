"""Lamp keys, lists and watcher information of phones behind a real SIP server (RFC 4235, 4662, 3857)."""

import re

from cases import ALICE_JID, JULIET, JULIET_JID, nothing_more, test, watch_chat
from rig import CHAT, COMPONENT, check, until

LAMP = 'application/dialog-info+xml'
FOR_ALL = {'profile = "kamailio";': 'profile = "kamailio"; watch_as = "domain";'}


def lamp(watch):
    """lit, dark, or nothing yet."""
    found = re.search(r'<state>(\w+)</state>', watch.last.text) if watch.last else None
    return {'confirmed': 'lit', 'terminated': 'dark'}[found.group(1)] if found else ''


async def lamp_key(alice):
    return await alice.subscribe(JULIET, event='dialog', accept=LAMP)


# [D-31] [D-30] [DLG-001] [DLG-018] one question, whatever she is watched by; the lamp follows her
@test()
async def lamp_key_of_a_phone(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    key = await lamp_key(alice)
    check(key.answer.status == 200, f'answered {key.answer.status}')
    await until(lambda: key.state == 'pending', 'NOTIFY pending')
    check(not key.last.body, 'a pending NOTIFY with a body')
    await until(lambda: juliet.got('presence', ALICE_JID, 'subscribe'), 'she is asked')
    juliet.presence('subscribed', to=ALICE_JID)
    await until(lambda: key.state == 'active' and lamp(key) == 'dark', 'she can be reached')
    check(key.last.get('event') == 'dialog', f'Event {key.last.get("event")}')
    check(key.last.get('content-type') == LAMP, f'Content-Type {key.last.get("content-type")}')
    juliet.presence(show='dnd', status='not now')
    await until(lambda: lamp(key) == 'lit', 'she is busy')
    check('not now' not in key.last.text, f'more than a lamp: {key.last.text}')
    seen = await alice.subscribe(JULIET)
    await until(lambda: seen.state == 'active' and seen.document and 'dnd' in seen.document.shows, 'presence beside it')
    juliet.presence(show='away')
    await until(lambda: lamp(key) == 'dark' and 'away' in seen.document.shows, 'both follow her')
    await juliet.sign_out()
    await until(lambda: lamp(key) == 'lit' and not seen.document.is_open, 'she is gone')
    versions = [int(re.search(r'version="(\d+)"', n.text).group(1)) for n in key.notifies if n.body]
    check(versions == list(range(len(versions))), f'versions {versions}')
    check(len(juliet.got('presence', ALICE_JID, 'subscribe')) == 1, 'asked again')


# [D-18] [REQ-012] [PRES-069] the domain asks once for all phones, in a text that says so; her yes covers all of them
@test(replace=FOR_ALL)
async def lamp_keys_of_a_whole_office(rig):
    juliet = await rig.chat_user('juliet')
    phones = [await rig.sip_user(f'10{i:02}') for i in range(1, 7)]
    keys = [await lamp_key(phone) for phone in phones]
    await until(lambda: juliet.got('presence', COMPONENT, 'subscribe'), 'the domain asks')
    juliet.presence('subscribed', to=COMPONENT)
    await until(lambda: all(k.state == 'active' and lamp(k) == 'dark' for k in keys), 'all phones see her')
    juliet.presence(show='dnd')
    await until(lambda: all(lamp(k) == 'lit' for k in keys), 'all lamps are lit')
    late = await lamp_key(await rig.sip_user('1050'))
    await until(lambda: late.state == 'active' and lamp(late) == 'lit', 'a new phone at once')
    await nothing_more(rig, juliet, phones[0])
    asked = [p for p in juliet.got('presence') if p.type == 'subscribe']
    check(len(asked) == 1, f'asked {len(asked)} times')
    juliet.presence('unsubscribed', to=COMPONENT)
    await until(lambda: all(k.reason == 'rejected' for k in keys + [late]), 'her no covers all')


# [EVT-065] [EVT-067] [EVT-068] [EVT-072] [EVT-074] one subscription to a list of the configuration
@test(extra=f'lists: ( {{ uri = "sip:team@{CHAT}"; members = [ "juliet@{CHAT}", "romeo@{CHAT}" ]; }} );')
async def phone_watches_a_team(rig):
    juliet, romeo = await rig.chat_user('juliet'), await rig.chat_user('romeo')
    alice = await rig.sip_user('1001', transport='tcp')
    single = await alice.subscribe(f'sip:team@{CHAT}')
    check(single.answer.status == 421, f'without support: {single.answer.status}')
    check(single.answer.get('require') == 'eventlist', f'Require {single.answer.get("require")}')
    team = await alice.subscribe(f'sip:team@{CHAT}', more=[('Supported', 'eventlist')])
    check(team.answer.get('require') == 'eventlist', f'{team.answer}')
    await until(lambda: team.last and 'state="pending"' in team.last.text, 'both are pending')
    check(team.last.get('content-type').startswith('multipart/related'), f'{team.last}')
    for user in (juliet, romeo):
        await until(lambda: user.got('presence', ALICE_JID, 'subscribe'), 'each is asked')
        user.presence('subscribed', to=ALICE_JID)

    def told(words):
        return any(words in n.text for n in team.notifies)

    romeo.presence(show='dnd', status='under the balcony')
    await until(lambda: told('under the balcony'), 'his state')
    await until(lambda: told(f'entity="{JULIET}"'), 'her state')
    versions = [int(re.search(r'<list[^>]* version="(\d+)"', n.text).group(1)) for n in team.notifies]
    check(versions == list(range(len(versions))), f'versions {versions}')
    check('fullState="true"' in team.notifies[0].text, 'the first is full')
    check(all(n.get('require') == 'eventlist' for n in team.notifies), 'Require in each NOTIFY')
    end = await team.end()
    check(end.status == 200, f'the end is answered {end}')
    await until(lambda: team.state == 'terminated', 'NOTIFY terminated')


# [EVT-049] [EVT-052] a watcher learns what became of his question; who does not watch learns nothing
@test()
async def watcher_learns_of_his_own_question(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    bob = await rig.sip_user('1002')
    watch = await watch_chat(alice, juliet)
    info = await alice.subscribe(JULIET, event='presence.winfo', accept='application/watcherinfo+xml')
    check(info.answer.status == 200, f'answered {info.answer.status}')
    await until(lambda: info.last and 'status="active"' in info.last.text, 'his own row')
    other = await bob.subscribe(JULIET, event='presence.winfo', accept='application/watcherinfo+xml')
    check(other.answer.status == 403, f'a stranger: {other.answer.status}')
    juliet.presence('unsubscribed', to=ALICE_JID)
    await until(lambda: watch.reason == 'rejected', 'the end')
    await until(lambda: 'event="rejected"' in info.last.text, 'and why')
    check(JULIET_JID not in other.user.aor, 'no mix-up')
