"""What a PBX tells a chat user of his own phone: voicemail and missed calls, as chat messages."""

import asyncio

from cases import COMPONENT, test
from pbx import Asterisk
from rig import check, until
from test_pbx import office

PHONE = f'1001@{COMPONENT}'
LINKED = 'users: ( { jid = "juliet@chat.example"; extension = "sip:1001@pbx.example"; } );\n'
VOICEMAIL = LINKED + 'calls: { voicemail = true; };'
MISSED = LINKED + 'calls: { missed = true; };'
BOTH = LINKED + 'calls: { voicemail = true; missed = true; };'


def with_mailbox(*arguments):
    pbx = Asterisk(*arguments)
    pbx.mailboxes['1001'] = (0, 3)
    return pbx


async def told(juliet, *bodies):
    """Exactly these, in order."""
    await until(lambda: len(juliet.bodies(PHONE)) >= len(bodies), f'told: {juliet.bodies(PHONE)}')
    check(juliet.bodies(PHONE) == list(bodies), f'told: {juliet.bodies(PHONE)}')


async def subscription(pbx, event):
    return await until(lambda: next((d for d in pbx.dialogs.values() if d.event == event), None),
                       f'a subscription to {event}')


async def calls(pbx, dialog, *states):
    """Each state is told when the one before it was taken."""
    for state in states:
        before = len(pbx.answers)
        pbx.tell(dialog, state=state)
        await until(lambda: len(pbx.answers) > before, 'the NOTIFY is answered')


# [D-06] [PBX-016] new voicemail arrives once, also over a restart of either side
@test(start=False, extra=VOICEMAIL)
async def voicemail_arrives_as_a_message(rig):
    pbx, juliet = await office(rig, with_mailbox, {'1001': 'idle'}, 'asterisk')
    await subscription(pbx, 'message-summary')
    pbx.set_mailbox('1001', 1, 3)
    await told(juliet, 'New voicemail: 1 new, 3 old')
    message = juliet.got('message', PHONE)[0]
    check(message.type == 'chat', f'it is a {message.type}')
    before = len(pbx.subscribes)
    await rig.stop_bridge()
    await rig.start_bridge()
    await until(lambda: len(pbx.subscribes) > before, 'a refresh')
    check(len({s.get('call-id') for s in pbx.subscribes}) == 1, 'a second subscription')
    pbx.set_mailbox('1001', 2, 3)
    await told(juliet, 'New voicemail: 1 new, 3 old', 'New voicemail: 2 new, 3 old')
    pbx.set_mailbox('1001', 0, 5)
    await pbx.crash()
    await pbx.restart()
    pbx.set_mailbox('1001', 1, 5)
    await until(lambda: len(juliet.bodies(PHONE)) == 3, 'the third one')
    check(juliet.bodies(PHONE)[2] == 'New voicemail: 1 new, 5 old', f'told: {juliet.bodies(PHONE)}')
    ids = {s.id for s in juliet.got('message', PHONE)}
    check(len(ids) == 3 and '' not in ids, f'ids {ids}')
    check(set(pbx.answers) <= {200, None}, f'NOTIFYs were answered {pbx.answers}')


# [D-06] [PBX-005] a call that rings out is told with its caller, an answered one is not, an anonymous one without
@test(start=False, extra=MISSED)
async def missed_calls_arrive_as_messages(rig):
    pbx, juliet = await office(rig, Asterisk, {'1001': 'idle'}, 'asterisk')
    dialog = await subscription(pbx, 'dialog')
    await calls(pbx, dialog, 'phone-ringing', 'phone-declined')
    await told(juliet, 'Missed call from Rosaline Capulet (1005)')
    await calls(pbx, dialog, 'phone-ringing', 'phone-inuse', 'phone-hangup')
    await asyncio.sleep(3)  # time for what must not come
    await calls(pbx, dialog, 'phone-ringing-anonymous', 'phone-hangup')
    await told(juliet, 'Missed call from Rosaline Capulet (1005)', 'Missed call')
    check(set(pbx.answers) == {200}, f'NOTIFYs were answered {pbx.answers}')


# [D-21] a phone without a mailbox is left alone, and its calls are told all the same
@test(start=False, extra=BOTH)
async def a_phone_without_a_mailbox(rig):
    pbx, juliet = await office(rig, Asterisk, {'1001': 'idle'}, 'asterisk')
    dialog = await subscription(pbx, 'dialog')
    await calls(pbx, dialog, 'phone-ringing', 'phone-declined')
    await told(juliet, 'Missed call from Rosaline Capulet (1005)')
    check([s.get('event') for s in pbx.subscribes].count('message-summary') == 1, 'asked again at once')
    await until(lambda: 'calls: nothing is heard event=message-summary' in rig.programs['sipxmppd'].text(), 'the log')


# [D-36] [D-37] what happens while the chat server is away is told when it is back
@test(start=False, extra=BOTH)
async def calls_wait_for_the_chat_server(rig):
    pbx, juliet = await office(rig, with_mailbox, {'1001': 'idle'}, 'asterisk')
    dialog = await subscription(pbx, 'dialog')
    await subscription(pbx, 'message-summary')
    await rig.programs['prosody'].stop()
    juliet.cut()
    pbx.set_mailbox('1001', 1, 0)
    await calls(pbx, dialog, 'phone-ringing', 'phone-declined')
    await asyncio.sleep(4)  # it is missed by now
    await rig.start_chat_server()
    juliet = await rig.chat_user('juliet')
    await until(lambda: len(juliet.bodies(PHONE)) == 2, 'both are told', 60)
    check(juliet.bodies(PHONE) == ['New voicemail: 1 new, 0 old', 'Missed call from Rosaline Capulet (1005)'],
          f'told: {juliet.bodies(PHONE)}')


# the office of a user who did not ask for it
@test(start=False, extra=LINKED)
async def phones_are_quiet_by_default(rig):
    pbx, juliet = await office(rig, Asterisk, {'1001': 'idle'}, 'asterisk')
    await asyncio.sleep(1)
    check(not pbx.subscribes, f'asked for {[s.get("event") for s in pbx.subscribes]}')
