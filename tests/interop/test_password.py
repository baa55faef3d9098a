"""A SIP server that asks for a password, and one with several hosts behind a name."""

import asyncio
import socket
import struct

from cases import ALICE_JID, test, watch_sip
from rig import check, free_port, until
from test_running import control

PASSWORD = 'planted-secret-of-the-trunk'
SIGNED = {'sip: {': f'sip: {{\n\tusername = "bridge"; password = "{PASSWORD}"; realm = "pbx.example";'}
WRONG = {'sip: {': 'sip: {\n\tusername = "bridge"; password = "some other secret"; realm = "pbx.example";'}


async def crosses(rig):
    """Texts and presence, each asked for; and the password is in no log."""
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    for text in ('one', 'two', 'three'):
        juliet.say(ALICE_JID, text)
    await until(lambda: len(alice.messages) == 3, 'all texts')
    check([m.text for m in alice.messages] == ['one', 'two', 'three'], 'texts in order')
    await watch_sip(juliet)
    check(not juliet.got('message', type_='error'), 'an error came')
    log = rig.programs['sipxmppd'].text()
    check(PASSWORD not in log, 'the password stands in the log')
    for word in ('response=', 'Authorization'):
        check(word not in log, f'{word} stands in the log')
    asked = rig.programs['kamailio'].text().count('password asked')
    check(0 < asked < 6, f'asked {asked} times: nonces are not used again')


# [SIP-052] [SIP-054] [SIP-055] [SIP-056] [SIP-058] [SIP-061] [SEC-014] [SEC-062] [SOF-015] MD5
@test(password='MD5', replace=SIGNED)
async def password_is_known(rig):
    await crosses(rig)


# [SIP-056] [SEC-015] [SOF-015] SHA-256
@test(password='SHA-256', replace={'sip: {': SIGNED['sip: {'] + ' allow_md5 = false;'})
async def password_is_known_by_sha256(rig):
    await crosses(rig)


# [SIP-057] a wrong password: the sender hears of it, the log says it once
@test(password='MD5', replace=WRONG)
async def password_is_wrong(rig):
    juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
    for i in range(4):
        juliet.say(ALICE_JID, f'text {i}')
    await until(lambda: len(juliet.got('message', type_='error')) == 4, 'all come back')
    check(not alice.messages, 'a text crossed')
    refused = rig.programs['sipxmppd'].text().count('refuses our password')
    check(refused == 1, f'told {refused} times')


class Names(asyncio.DatagramProtocol):
    """A DNS server: {(name, type): [data]}."""

    def __init__(self, records):
        self.records = records

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1:at + 1 + data[at]].decode())
            at += data[at] + 1
        kind = struct.unpack('!H', data[at + 1:at + 3])[0]
        name = '.'.join(labels).lower()
        found = self.records.get((name, kind), [])
        known = any(n == name for n, _ in self.records)
        answer = data[:2] + struct.pack('!HHHHH', 0x8580 if known else 0x8583, 1, len(found), 0, 0)
        answer += data[12:at + 5]
        for record in found:
            answer += struct.pack('!HHHIH', 0xc00c, kind, 1, 60, len(record)) + record
        self.transport.sendto(answer, addr)


def packed(name):
    return b''.join(bytes([len(part)]) + part.encode() for part in name.split('.')) + b'\0'


def srv(priority, port, host):
    return struct.pack('!HHH', priority, 0, port) + packed(host)


# [SIP-087] [SIP-088] [REL-025] [REL-026] two hosts by SRV: the first never answers; DNS dies, too
@test(start=False, transport='udp')
async def second_host_takes_over(rig):
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(('127.0.0.1', 0))
    port = free_port()
    names, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Names({('_sip._udp.pbx.test', 33): [srv(1, silent.getsockname()[1], 'one.pbx.test'),
                                                    srv(2, rig.sip_port, 'two.pbx.test')],
                       ('one.pbx.test', 1): [socket.inet_aton('127.0.0.1')],
                       ('two.pbx.test', 1): [socket.inet_aton('127.0.0.1')]}),
        local_addr=('127.0.0.1', port))
    (rig.dir / 'resolv.conf').write_text(f'nameserver 127.0.0.1\nport {port}\n')
    rig.replace = {f'"sip:127.0.0.1:{rig.sip_port};transport=udp"':
                   f'"sip:pbx.test;transport=udp"; resolv_conf = "{rig.dir}/resolv.conf"'}
    try:
        await rig.start()
        juliet, alice = await rig.chat_user('juliet'), await rig.sip_user('1001')
        juliet.say(ALICE_JID, 'over the second')
        began = asyncio.get_running_loop().time()
        await until(lambda: alice.messages, 'the text')
        first = asyncio.get_running_loop().time() - began
        names.close()
        juliet.say(ALICE_JID, 'at once')
        await until(lambda: len(alice.messages) == 2, 'the next text')
        check([m.text for m in alice.messages] == ['over the second', 'at once'], 'texts')
        check(first < 20, f'{first:.1f} s')
        shown = (await asyncio.to_thread(control, rig, 'show', 'peers')).stdout
        check('avoided for' in shown and f'{rig.sip_port};transport=udp: up' in shown, shown)
        await watch_sip(juliet)
        answer = await alice.send_message('sip:juliet@chat.example', 'back')
        check(answer.status == 200, f'answered {answer.status}')
    finally:
        names.close()
        silent.close()
