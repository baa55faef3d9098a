"""Real clients: baresip and linphonec as phones, sipp as a burst."""

import re

from cases import ALICE_JID, JULIET, test, sees, watch_sip
from phone import Baresip, Linphone
from rig import CHAT, check, free_port, until

ROMEO = f'sip:romeo@{CHAT}'

MESSAGE = '''<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="one message">
<send retrans="500"><![CDATA[
MESSAGE sip:juliet@chat.example SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:10[call_number]@pbx.example>;tag=[pid]x[call_number]
To: <sip:juliet@chat.example>
Call-ID: [call_id]
CSeq: 1 MESSAGE
Max-Forwards: 70
Content-Type: text/plain
Content-Length: [len]

number [call_number] & <more>
]]></send>
<recv response="100" optional="true"/>
<recv response="200"/>
</scenario>
'''


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
    (rig.dir / 'message.xml').write_text(MESSAGE)
    sipp = rig.run('sipp', ['sipp', '-sf', rig.dir / 'message.xml', f'127.0.0.1:{rig.bridge_port}', '-i', '127.0.0.1',
                            '-p', free_port(), '-t', transport, '-r', 100, '-m', 200, '-nostdin', '-timeout', 60,
                            '-timeout_error'], cwd=rig.dir)
    code = await sipp.ended(90)
    found = re.findall(r'Successful call\s*\|\s*\d+\s*\|\s*(\d+)', sipp.text())
    check(code == 0, f'sipp exit code {code}, successful {found[-1:]}')
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
