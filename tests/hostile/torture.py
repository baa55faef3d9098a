#!/usr/bin/python3
"""The torture messages of RFC 4475 and RFC 5118 against the running daemon: over UDP and TCP from a trusted address,
where each gets the answer that tests/samples/torture/answers.tsv gives reasons for, and from a stranger, where none has
an effect.

  torture.py SIPXMPPD
"""

import pathlib
import random
import re
import select
import socket
import sys
import time
import unittest

from bridge import Bridge, Phone

DAEMON = sys.argv.pop(1)
SAMPLES = pathlib.Path(__file__).resolve().parents[1] / 'samples/torture'
PORTS = (5060, 5050, 6050, 19823)  # that the messages name in their Via
TRANSPORT = re.compile(rb'(?im)^(?:via|v)[ \t]*:\s*SIP\s*/\s*[0-9.]+\s*/\s*([A-Z]+)')
STATUS = re.compile(rb'(?:^|\r\n\r\n)SIP/2\.0 (\d\d\d) ')
# RFC 4475 3.1.1.11 comes from example.com, the others from example.net.
EVERYWHERE = {'component': 'sip.example.org', 'chat': ('example.com', 'example.org'), 'domain': 'example.net'}
MULTIPART = {'component': 'sip.example.org', 'chat': ('example.org',), 'domain': 'example.com'}


def rows():
    for line in (SAMPLES / 'answers.tsv').read_text().splitlines():
        if not line.startswith('#'):
            name, section, udp, tcp, _ = line.split('\t')
            yield name, section, udp, tcp, (SAMPLES / f'{name}.sip').read_bytes()


def over(transport, message):
    """The message as if it had been meant for the transport that it goes by: the topmost Via says so."""
    found = TRANSPORT.search(message)
    return message[:found.start(1)] + transport + message[found.end(1):]


class Ends:
    """An address of our own on loopback: answers go to the port of a Via, which is the well-known one mostly."""

    def __init__(self, bridge):
        self.bridge = bridge
        while True:
            self.address = '127.' + '.'.join(str(random.randint(2, 250)) for _ in range(3))
            self.udp = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in PORTS]
            try:
                for it, port in zip(self.udp, PORTS):
                    it.bind((self.address, port))
                self.tcp = socket.create_server((self.address, PORTS[0]))
                return
            except OSError:
                for it in self.udp:
                    it.close()

    def close(self):
        for it in (*self.udp, self.tcp):
            it.close()

    def datagrams(self, wait=0.02):
        out = []
        while True:
            ready = select.select(self.udp, [], [], wait)[0]
            if not ready:
                return out
            out += [it.recv(65536) for it in ready]

    def was_called(self):
        return bool(select.select([self.tcp], [], [], 0)[0])

    def send(self, message):
        self.udp[0].sendto(message, ('127.0.0.1', self.bridge.port))

    def stream(self, message, settle):
        """What comes back on a connection, and whether it was closed."""
        with socket.create_connection(('127.0.0.1', self.bridge.port), source_address=(self.address, 0)) as it:
            it.sendall(message)
            settle()
            it.settimeout(0.1)
            data = b''
            while True:
                try:
                    more = it.recv(65536)
                except TimeoutError:
                    return data, False
                except ConnectionError:
                    return data, True
                if not more:
                    return data, True
                data += more


class Torture(unittest.TestCase):
    def open(self, **options):
        bridge = self.enterContext(Bridge(DAEMON, **options)) if hasattr(self, 'enterContext') else Bridge(DAEMON, **options).__enter__()
        if not hasattr(self, 'enterContext'):
            self.addCleanup(bridge.close)
        ends, phone = Ends(bridge), Phone(bridge)
        self.addCleanup(ends.close)
        self.addCleanup(phone.close)
        return bridge, ends, phone

    def one(self, bridge, ends, phone, row):
        """What it did over UDP, and over TCP: statuses in order, 'closed', or '-'."""
        name, _, _, _, message = row

        def settle():
            # What was sent before has been read when this is answered; a text waits for the chat server's word.
            self.assertEqual(phone.ask(phone.request('OPTIONS', f'sip:{bridge.domain}'))[0], 200, name)

        as_it_is = TRANSPORT.search(message)[1]
        results = []
        ends.send(over(b'UDP', message))
        settle()
        wait = 5 if name.endswith('mpart01') else 0.02
        got = ends.datagrams(wait)[:1] if wait == 5 else ends.datagrams()
        results.append([d[8:11].decode() for d in got])
        data, is_closed = ends.stream(over(b'TCP', message), settle)
        results.append([s.decode() for s in STATUS.findall(data)] or (['closed'] if is_closed else []))
        if as_it_is != b'UDP':
            ends.send(message)  # to the letter: the answer goes elsewhere, if anywhere
            settle()
        return [' '.join(it) or '-' for it in results]

    def fits(self, wanted, got):
        return got == wanted or (got in wanted.split() and ' ' in wanted and got != '-')

    # Every message of RFC 4475 and RFC 5118 gets the answer that its text asks for
    def test_trusted(self):
        bridge, ends, phone = self.open(**EVERYWHERE)
        wrong = []
        all_rows = [row for row in rows() if not row[0].endswith('mpart01')]
        for row in all_rows:
            name, section, *wanted, _ = row
            for transport, want, got in zip(('UDP', 'TCP'), wanted, self.one(bridge, ends, phone, row)):
                if not self.fits(want, got):
                    wrong.append(f'{name} (RFC {section}) over {transport}: {got} instead of {want}')
        self.assertEqual(len(all_rows), 60)
        self.assertEqual(wrong, [])
        self.assertEqual(bridge.chat.take(), b'', 'an effect')
        self.assertEqual(bridge.peer.requests, [])

    # RFC 4475 3.1.1.11: the text of a binary multipart is delivered, the signature beside it is not
    def test_multipart(self):
        bridge, ends, phone = self.open(**MULTIPART)
        row = next(row for row in rows() if row[0].endswith('mpart01'))
        self.assertEqual(self.one(bridge, ends, phone, row), ['200', '200'])
        said = bridge.chat.take()
        self.assertEqual(said.count(b'<body>Hello</body>'), 1, said)  # the same once more is no second text
        self.assertNotIn(b'Sipit', said)

    # [SEC-001] [SEC-020] [SEC-023]: a stranger gets, for each, no more bytes than he sent; in all fewer bytes than he sent, and nothing of
    # all that has an effect; nor does his Via make the bridge call anybody
    def test_stranger(self):
        bridge, ends, phone = self.open(**EVERYWHERE, sip='trusted = [ "192.0.2.1" ];', more='limits: { stranger_requests_per_s = 100000; };')
        sent, back = {}, {}
        for name, _, _, _, message in rows():
            for form in {message, over(b'UDP', message)}:
                ends.send(form)
                got = ends.datagrams(0.03)
                sent[name] = sent.get(name, 0) + len(form)
                back[name] = back.get(name, 0) + sum(len(it) for it in got)
                for it in got:
                    self.assertIn(it[8:11], (b'400', b'401', b'403'), name)
                self.assertLessEqual(sum(len(it) for it in got), len(form), name)
            data, _ = ends.stream(over(b'TCP', message), lambda: None)
            self.assertTrue(set(STATUS.findall(data)) <= {b'400', b'401', b'403', b'505'}, (name, data[:100]))
        self.assertFalse(ends.was_called(), 'a connection to the address of a datagram')
        self.assertEqual(bridge.chat.take(), b'', 'an effect')
        self.assertEqual(bridge.peer.requests, [])
        self.assertLess(sum(back.values()), sum(sent.values()))
        print(f'a stranger sent {sum(sent.values())} bytes in datagrams and got {sum(back.values())}')

    # [SEC-020]: nor for the smallest requests, which the library itself would refuse before it asks us
    def test_smallest(self):
        bridge, ends, phone = self.open(sip='trusted = [ "192.0.2.1" ];')
        for message in (b'OPTIONS sip:a SIP/2.0\nv:SIP/2.0/UDP a;rport\nf:s:a\nt:s:a\ni:a\nCSeq:1 A\nl:0\n\n',
                        b'OPTIONS sip:a SIP/2.0\nv:SIP/2.0/UDP a;rport\n\n',
                        b'OPTIONS sip:a SIP/7.0\nv:SIP/2.0/UDP a;rport\nf:s:a\nt:s:a\ni:a\nCSeq:1 OPTIONS\n\n',
                        b'A sip:a SIP/2.0\nv:SIP/2.0/UDP a;rport\nf:s:a\nt:s:a\ni:a\nCSeq:1 A\nl:-1\n\n',
                        b'A sip:a SIP/2.0\nv:SIP/2.0/UDP a;rport\nf:"s:a\nt:s:a\ni:a\nCSeq:1 A\n\n'):
            phone.send(message)
            answer = phone.received(0.2)
            self.assertLessEqual(len(answer or b''), len(message), message)


if __name__ == '__main__':
    unittest.main()
