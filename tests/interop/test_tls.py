"""The SIP server and the bridge speak TLS, both ways: each connects to the other, and shows a certificate."""

import asyncio
import shutil
import signal

from cases import ALICE_JID, publish, sees, test, watch_sip
from rig import check, until
from test_messages import chat_texts_arrive, sip_texts_arrive
from test_presence_to_sip import grants


# [SEC-100] [SEC-104] [SIP-102] [ASEC-001] [REQ-023] [REQ-025] [REQ-057] [REQ-089] [REQ-090] [MSG-094] [CPIM-010] a
# certificate of the bridge's domain one way, of the PBX's the other
@test(transport='tls')
async def texts_cross_over_tls(rig):
    await sip_texts_arrive(rig, 'udp')
    await rig.users_leave()
    await chat_texts_arrive(rig, 'udp')
    check('tls: ' not in rig.programs['sipxmppd'].text(), 'something is said of TLS')


# [SEC-100] [SIP-007] [REQ-075] [CPP-018] dialogs, too
@test(transport='tls')
async def sip_user_watches_over_tls(rig):
    juliet, _, watch = await grants(rig, 'udp')
    juliet.presence(show='dnd', status='not now')
    await until(lambda: watch.document and b'not now' in watch.last.body, 'her new state')


# [SEC-100] NOTIFYs of the SIP server come in over TLS
@test(transport='tls')
async def chat_user_watches_over_tls(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    await publish(alice, note='in the office')
    await watch_sip(juliet)
    await sees(juliet, ALICE_JID, status='in the office')
    await publish(alice, note='do not <disturb>', activity='busy')
    await sees(juliet, ALICE_JID, show='dnd', status='do not <disturb>')


# [SEC-100] [SEC-103] a server that is not believed gets nothing, and the log says why; once its authority is known, a
# reload is enough
@test(transport='tls')
async def authority_is_named_by_a_reload(rig):
    program = rig.programs['sipxmppd']
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    (rig.dir / 'ca.pem').rename(rig.dir / 'good.pem')
    shutil.copy(rig.dir / 'bridge.pem', rig.dir / 'ca.pem')  # believes nobody but itself
    await rig.stop_bridge()
    program = await rig.start_bridge()
    juliet.say(ALICE_JID, 'over there')
    await until(lambda: 'tls: no connection to server=' in program.text(), 'the reason in the log')
    await asyncio.sleep(1)
    check(not alice.messages, 'it came over a connection that is not believed')
    shutil.copy(rig.dir / 'good.pem', rig.dir / 'ca.pem')
    program.signal(signal.SIGHUP)
    await until(lambda: 'the configuration is read' in program.text(), 'the reload')
    await until(lambda: alice.messages, 'the text that waited', 120)
    check(alice.messages[0].text == 'over there', f'got {alice.messages[0].text}')
