"""Offices with a PBX: what a chat user sees of its phones. The PBXs are scripted (pbx.py), their words are real."""

import asyncio
import json
import re

from cases import COMPONENT, at_once, sees, test, watch_sip
from pbx import Asterisk, FreeSwitch
from rig import check, until
from test_running import control

PHONE = f'1001@{COMPONENT}'
FS_PHONE = f'1002@{COMPONENT}'
# What belongs together (D-27): a status text that says one thing never stands beside a show that says another.
SHOWS = {'Ringing': ('',), 'On the phone': ('dnd',), 'On hold': ('dnd',), 'Do not disturb': ('dnd',),
         'Not registered': ('unavailable',)}
WORDS_OF_PBXS = re.compile(r'Ready|Available|Unavailable|Unregistered|Talk|Ring 1|Call 1|Hold 1|100\d|Capulet')


async def office(rig, kind, states, profile, transport='udp', more=''):
    """The PBX, the chat server, the bridge; Juliet is there."""
    rig.replace = {'profile = "kamailio"': f'profile = "{profile}"{more}'}
    rig.transport = transport
    pbx = await kind(rig.sip_port, transport, states).start()
    rig.users.append(pbx)
    await rig.start_chat_server()
    await rig.start_bridge()
    return pbx, await rig.chat_user('juliet')


def nothing_contradicts(juliet, contact):
    """Over all that was shown: shows and texts agree, and no word or number of the PBX's own is in a text."""
    for shown in juliet.got('presence', contact):
        if shown.type not in ('', 'unavailable'):
            continue
        lead = shown.status.split(':')[0].split(' (')[0]
        state = shown.type or shown.show
        check(state in SHOWS.get(lead, (state,)), f'{shown.status!r} beside {state!r}')
        check(not WORDS_OF_PBXS.search(shown.status), f'the PBX speaks: {shown.status!r}')


async def goes_through(pbx, juliet, number, steps):
    """Each state in turn; few enough for one contact not to meet the pace of D-33."""
    contact = f'{number}@{COMPONENT}'
    await watch_sip(juliet, number)
    for state, type_, show, status in steps:
        pbx.set(number, state)
        await sees(juliet, contact, type_=type_, show=show, status=status)
    nothing_contradicts(juliet, contact)


# [D-27] [PBX-002] [PBX-003] [PBX-004] [D-60] phones at Asterisk, over all their states and custom presence
@test(start=False)
async def asterisk_phones_are_shown(rig):
    sequences = {
        '1001': (('unavailable', 'unavailable', '', 'Not registered'), ('idle', '', '', ''),
                 ('ringing', '', '', 'Ringing'), ('inuse', '', 'dnd', 'On the phone'), ('idle', '', '', '')),
        '1002': (('busy', '', 'dnd', 'On the phone'), ('onhold', '', 'dnd', 'On hold'),
                 ('ring-inuse', '', '', 'Ringing'), ('unavailable', 'unavailable', '', 'Not registered')),
        '1003': (('digium-dnd', '', 'dnd', 'Do not disturb'),
                 ('digium-dnd-message', '', 'dnd', 'Do not disturb: Do not call'),
                 ('digium-away-inuse', '', 'dnd', 'On the phone: Back at 14:00'),
                 ('digium-away-subtype-message', '', 'away', 'Back at 14:00'), ('digium-not-set', '', '', '')),
        '1004': (('digium-available-escaping', '', '', 'Café ☕ & <tea>'), ('digium-xa', '', 'xa', ''),
                 ('digium-chat', '', 'chat', ''), ('digium-away-device-unavailable', 'unavailable', '', None),
                 ('idle', '', '', '')),
    }
    pbx, juliet = await office(rig, Asterisk, {n: steps[0][0] for n, steps in sequences.items()}, 'asterisk')
    await at_once(*(goes_through(pbx, juliet, number, steps) for number, steps in sequences.items()))
    check('digium' in pbx.subscribes[0].get('user-agent'), 'the name that gets custom presence')
    check(pbx.answers and set(pbx.answers) == {200}, f'NOTIFYs were answered {pbx.answers}')


# what the operator sees of a phone: what is shown, to whom, and who says so
@test(start=False)
async def operator_sees_who_says_what(rig):
    pbx, juliet = await office(rig, Asterisk, {'1001': 'inuse'}, 'asterisk')
    await watch_sip(juliet)
    await sees(juliet, PHONE, show='dnd', status='On the phone')
    shown = (await asyncio.to_thread(control, rig, 'show', 'presence', PHONE)).stdout
    check(re.search(rf'watched by xmpp:{juliet.jid}: granted, dnd "On the phone", last word \d+ s ago', shown)
          and re.search(r'\n  is phone in-call; device \S+ open', shown)
          and re.search(r'\nsubscription presence at sip:127\S+: active, last word \d+ s ago, ends in \d+ min\n'
                        r'  says phone in-call', shown), shown)
    packed = json.loads((await asyncio.to_thread(control, rig, '--json', 'show', 'presence', PHONE)).stdout)
    check(packed['watchers'][0]['presence']['phone'] == packed['sources'][0]['says']['phone'] == 'in-call', packed)
    peers = json.loads((await asyncio.to_thread(control, rig, '--json', 'show', 'peers')).stdout)
    check([(p['domain'], p['state'], p['watched']) for p in peers] == [('pbx.example', 'up', 1)], peers)
    unknown = (await asyncio.to_thread(control, rig, 'show', 'presence', f'1002@{COMPONENT}')).stdout
    check('watched by nobody' in unknown, unknown)


# [D-27] [DLG-015] a call that is taken at once: what did not last is not shown
@test(start=False)
async def asterisk_flutter_is_not_shown(rig):
    pbx, juliet = await office(rig, Asterisk, {'1001': 'idle'}, 'asterisk')
    await watch_sip(juliet)
    await sees(juliet, PHONE, status='')
    for state in ('ringing', 'inuse', 'onhold', 'ringing', 'inuse'):
        pbx.set('1001', state)
    await sees(juliet, PHONE, show='dnd', status='On the phone')
    texts = [s.status for s in juliet.got('presence', PHONE, '')]
    check('Ringing' not in texts and 'On hold' not in texts, f'shown: {texts}')
    check(set(pbx.answers) <= {200}, f'NOTIFYs were answered {pbx.answers}')


# [PBX-010] [AST-3] [D-24] the hint is removed: terminated without a reason, and a body that says "Ready"
@test(start=False, extra='presence: { hold = "2s"; };')
async def asterisk_removes_the_hint(rig):
    pbx, juliet = await office(rig, Asterisk, {'1001': 'inuse'}, 'asterisk')
    await watch_sip(juliet)
    await sees(juliet, PHONE, show='dnd', status='On the phone')
    seen = len(juliet.stanzas)
    pbx.remove_hint('1001')
    await sees(juliet, PHONE, type_='unavailable')
    check(not [s for s in juliet.stanzas[seen:] if s.kind == 'presence' and s.bare == PHONE and not s.type],
          'the body of a terminated NOTIFY was shown')
    check(not juliet.got('presence', PHONE, 'unsubscribed'), 'the authorisation was ended')


# [D-23] [AST-3] [AST-4] [PBX-007] killed within a second of changes it comes back with lower counts; what it then says holds
@test(start=False)
async def asterisk_crashes_and_forgets_counts(rig):
    pbx, juliet = await office(rig, Asterisk, {'1001': 'idle'}, 'asterisk')
    await watch_sip(juliet)
    for state, show, status in (('ringing', '', 'Ringing'), ('inuse', 'dnd', 'On the phone')):
        pbx.set('1001', state)
        await sees(juliet, PHONE, show=show, status=status)
    await pbx.crash()
    pbx.states['1001'] = 'idle'
    await pbx.restart(falls_back=True)
    await sees(juliet, PHONE, status='')
    pbx.set('1001', 'ringing')
    await sees(juliet, PHONE, status='Ringing')
    check(set(pbx.answers) == {200}, f'NOTIFYs were answered {pbx.answers}')
    nothing_contradicts(juliet, PHONE)


# [D-25] [AST-2] its database is lost too: a refresh is answered 500, which means gone; a new dialog, nobody is asked
@test(start=False)
async def asterisk_loses_the_subscription(rig):
    pbx, juliet = await office(rig, Asterisk, {'1001': 'idle'}, 'asterisk')
    pbx.most_expires = 6
    await watch_sip(juliet)
    await sees(juliet, PHONE, status='')
    for dialog in list(pbx.dialogs.values()):
        pbx.forget(dialog)
    pbx.states['1001'] = 'inuse'
    await sees(juliet, PHONE, show='dnd', status='On the phone')
    ids = {s.get('call-id') for s in pbx.subscribes}
    check(len(ids) == 2, f'{len(ids)} dialogs')
    kinds = [s.type for s in juliet.got('presence', PHONE)]
    check(kinds.count('subscribed') == 1 and 'unsubscribed' not in kinds, f'said again: {kinds}')
    check('unavailable' not in kinds[kinds.index('') :], f'the dot went out in between: {kinds}')


# [D-21] [DLG-014] [DLG-016] [PBX-005] [PBX-006] the same phone by both packages: they agree, whichever comes first
@test(start=False)
async def asterisk_phones_are_shown_by_both_packages(rig):
    sequences = {
        '1001': (('idle', '', '', ''), ('ringing', '', '', 'Ringing'), ('inuse', '', 'dnd', 'On the phone'),
                 ('idle', '', '', '')),
        '1002': (('unavailable', 'unavailable', '', 'Not registered'), ('onhold', '', 'dnd', 'On hold'),
                 ('busy', '', 'dnd', 'On the phone'), ('unavailable', 'unavailable', '', 'Not registered')),
    }
    pbx, juliet = await office(rig, Asterisk, {n: steps[0][0] for n, steps in sequences.items()}, 'asterisk',
                               transport='tcp', more='; packages = [ "presence", "dialog" ]')
    await at_once(*(goes_through(pbx, juliet, number, steps) for number, steps in sequences.items()))
    check(len({s.get('call-id') for s in pbx.subscribes}) == 4, 'a dialog for each package')
    check(set(pbx.answers) == {200}, f'NOTIFYs were answered {pbx.answers}')


# [AST-3] [D-22] [D-23] an older state arrives after a newer one: answered 200 and not applied
@test(start=False)
async def asterisk_notify_is_overtaken(rig):
    pbx, juliet = await office(rig, Asterisk, {'1001': 'idle'}, 'asterisk')
    await watch_sip(juliet)
    await sees(juliet, PHONE, status='')
    pbx.overtaken('1001', older='unavailable', newer='inuse')
    await sees(juliet, PHONE, show='dnd', status='On the phone')
    await until(lambda: len(pbx.answers) >= 3, 'all NOTIFYs are answered')
    check(set(pbx.answers) == {200}, f'NOTIFYs were answered {pbx.answers}')
    pbx.set('1001', 'onhold')
    await sees(juliet, PHONE, show='dnd', status='On hold')
    kinds = [s.type for s in juliet.got('presence', PHONE)]
    check('unavailable' not in kinds, f'the older state was shown: {kinds}')


# [REL-022] [REL-024] [D-26] it dies during a call: the call does not stand there for ever, and what it says when it is
# back holds at once, in the old dialog
@test(start=False, extra='presence: { hold = "1s"; };')
async def asterisk_dies_during_a_call(rig):
    pbx, juliet = await office(rig, Asterisk, {'1001': 'inuse'}, 'asterisk')
    await watch_sip(juliet)
    await sees(juliet, PHONE, show='dnd', status='On the phone')
    await pbx.crash()
    await until(lambda: juliet.shown(PHONE).type == 'unavailable', 'the dot goes out', 92)
    pbx.states['1001'] = 'idle'
    await pbx.restart()
    await sees(juliet, PHONE, status='')
    pbx.set('1001', 'ringing')
    await sees(juliet, PHONE, status='Ringing')
    check(set(pbx.answers) == {200}, f'NOTIFYs were answered {pbx.answers}')
    kinds = [s.type for s in juliet.got('presence', PHONE)]
    check(kinds.count('subscribed') == 1 and 'unsubscribed' not in kinds, f'said again: {kinds}')
    nothing_contradicts(juliet, PHONE)


# [PBX-028] [PBX-029] [PBX-031] [PBX-032] [PBX-034] [PBX-035] [D-17] [D-21] a phone at FreeSWITCH: both packages agree
@test(start=False)
async def freeswitch_phones_are_shown(rig):
    sequences = {
        '1002': (('unregistered', 'unavailable', '', 'Not registered'), ('registered', '', '', ''),
                 ('call-ringing', '', '', 'Ringing'), ('call-confirmed', '', 'dnd', 'On the phone'),
                 ('call-terminated', '', '', '')),
        '1003': (('call-hold-holder', '', 'dnd', 'On hold'), ('call-confirmed-caller', '', 'dnd', 'On the phone'),
                 ('call-terminated', '', '', '')),
        '1004': (('after-publish-away-note', '', 'away', 'Gone fishing'),
                 ('after-publish-meeting-utf8', '', 'dnd', None), ('after-publish-closed', 'unavailable', '', None)),
    }
    pbx, juliet = await office(rig, FreeSwitch, {n: steps[0][0] for n, steps in sequences.items()}, 'freeswitch')
    await at_once(*(goes_through(pbx, juliet, number, steps) for number, steps in sequences.items()))
    events = sorted(s.get('event') for s in pbx.subscribes)
    check(events == 3 * ['dialog'] + 3 * ['presence'], f'asked for {events}')
    check(len({s.get('call-id') for s in pbx.subscribes}) == 6, 'a Call-ID for each subscription')
    check(set(pbx.answers) == {200}, f'NOTIFYs were answered {pbx.answers}')


# [PBX-032] two calls: the end of one is told as a full document, and the other goes on
@test(start=False)
async def freeswitch_tells_one_call_at_a_time(rig):
    pbx, juliet = await office(rig, FreeSwitch, {'1002': 'registered'}, 'freeswitch')
    await watch_sip(juliet, '1002')
    await sees(juliet, FS_PHONE, status='')
    pbx.set('1002', 'call-confirmed')
    await sees(juliet, FS_PHONE, show='dnd', status='On the phone')
    dialog = next(d for d in pbx.dialogs.values() if d.event == 'dialog')
    for state in ('event-call-early', 'event-call-terminated'):  # a second call, which is not taken
        pbx.tell(dialog, state=state)
    await asyncio.sleep(2)
    await sees(juliet, FS_PHONE, show='dnd', status='On the phone')
    pbx.set('1002', 'call-terminated')
    await sees(juliet, FS_PHONE, status='')
    nothing_contradicts(juliet, FS_PHONE)


# [PBX-034] [D-15] [D-25] [FSW-9] it restarts without a word: the subscriptions live on in its database
@test(start=False)
async def freeswitch_restarts_in_silence(rig):
    pbx, juliet = await office(rig, FreeSwitch, {'1002': 'registered'}, 'freeswitch', transport='tcp')
    await watch_sip(juliet, '1002')
    await sees(juliet, FS_PHONE, status='')
    await pbx.crash()
    await pbx.restart()
    pbx.set('1002', 'call-ringing')
    await sees(juliet, FS_PHONE, status='Ringing')
    juliet.presence('unsubscribe', to=FS_PHONE)
    await until(lambda: not pbx.dialogs, 'both dialogs are ended')
    check(set(pbx.answers) == {200}, f'NOTIFYs were answered {pbx.answers}')
    nothing_contradicts(juliet, FS_PHONE)


# [PBX-034] [EVT-029] [D-15] [FSW-4] "noresource", which it says whenever a subscription runs out, is no refusal
@test(start=False)
async def freeswitch_says_noresource_at_expiry(rig):
    pbx, juliet = await office(rig, FreeSwitch, {'1002': 'call-confirmed'}, 'freeswitch')
    await watch_sip(juliet, '1002')
    await sees(juliet, FS_PHONE, show='dnd', status='On the phone')
    pbx.expire('1002')
    await until(lambda: len(pbx.subscribes) >= 4, 'new dialogs')
    pbx.set('1002', 'call-terminated')
    await sees(juliet, FS_PHONE, status='')
    kinds = [s.type for s in juliet.got('presence', FS_PHONE)]
    check('unsubscribed' not in kinds and 'unavailable' not in kinds, f'shown: {kinds}')


# [FSW-2] a package that is granted and never told of does not hold up the other
@test(start=False)
async def freeswitch_is_mute_about_calls(rig):
    pbx, juliet = await office(rig, FreeSwitch, {'1002': 'registered', '1003': 'registered'}, 'freeswitch')
    pbx.mute.add('dialog')
    await watch_sip(juliet, '1003')
    await watch_sip(juliet, '1002')
    await sees(juliet, FS_PHONE, status='')
    pbx.set('1002', 'call-ringing')
    await sees(juliet, FS_PHONE, status='Ringing')
    pbx.set('1002', 'call-confirmed')
    await sees(juliet, FS_PHONE, show='dnd', status='On the phone')
    pbx.set('1002', 'unregister')
    await sees(juliet, FS_PHONE, type_='unavailable', status='Not registered')
    pbx.mute.clear()  # it speaks after all, of one
    pbx.set('1002', 'registered')
    await sees(juliet, FS_PHONE, status='')
    nothing_contradicts(juliet, FS_PHONE)
    await rig.stop_bridge()
    check('took too long' not in rig.programs['sipxmppd'].text(), 'a stop waits for what is never told')


# [DLG-018] who is on the other side is shown where the operator wants it; never who withholds it
@test(start=False)
async def caller_is_shown_if_configured(rig):
    pbx, juliet = await office(rig, Asterisk, {'1001': 'idle'}, 'asterisk',
                               more='; packages = [ "presence", "dialog" ]; show_caller = true')
    await watch_sip(juliet)
    await sees(juliet, PHONE, status='')
    dialog = next(d for d in pbx.dialogs.values() if d.event == 'dialog')
    pbx.tell(dialog, state='phone-ringing')
    await sees(juliet, PHONE, status='Ringing (Rosaline Capulet)')
    pbx.tell(dialog, state='phone-ringing-anonymous')
    await sees(juliet, PHONE, status='Ringing')
    pbx.set('1001', 'idle')
    await sees(juliet, PHONE, status='')
