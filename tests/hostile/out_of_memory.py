#!/usr/bin/python3
"""[REL-051] Memory runs out at any allocation: while starting, at each kind of request, while reloading and stopping.
The daemon answers with an error or ends; what it had answered with success is there at the next start, the store is
whole, and nothing of it is set aside.

  out_of_memory.py SIPXMPPD LIBFAIL_ALLOC [ROUNDS [SEED]]
"""

import os
import pathlib
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

CONFIGURATION = '''xmpp: {{ component = "sip.chat.example"; secret = "sixteen-characters"; port = {xmpp}; }};
sip: {{ proxy = "sip:127.0.0.1:{peer};transport=tcp"; listen = ["sip:127.0.0.1:{sip};transport=udp"]; }};
domains: ( {{ xmpp = "sip.chat.example"; sip = "pbx.example"; profile = "asterisk"; }} );
store: {{ path = "{folder}/state.db"; }};
control: {{ socket = "{folder}/control"; }};
process: {{ {process} }};
'''
PIDF = ('<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:1001@pbx.example"><tuple id="t"><status>'
        '<basic>open</basic></status></tuple></presence>')
KINDS = {
    'MESSAGE': ('MESSAGE', 'Content-Type: text/plain\r\n', 'number {n}'),
    'typing': ('MESSAGE', 'Content-Type: application/im-iscomposing+xml\r\n',
               '<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>active</state></isComposing>'),
    'SUBSCRIBE': ('SUBSCRIBE', 'Event: presence\r\nExpires: 600\r\nContact: <sip:a@127.0.0.1:{port}>\r\n', ''),
    'fetch': ('SUBSCRIBE', 'Event: presence\r\nExpires: 0\r\nContact: <sip:a@127.0.0.1:{port}>\r\n', ''),
    'PUBLISH': ('PUBLISH', 'Event: presence\r\nExpires: 600\r\nContent-Type: application/pidf+xml\r\n', PIDF),
    'OPTIONS': ('OPTIONS', '', ''),
    'NOTIFY': ('NOTIFY', 'Event: presence\r\n', ''),
    'nonsense': ('JUMP', 'X: y\r\n', ''),
}


class Round:
    def __init__(self, daemon, library, folder, number):
        self.daemon, self.library, self.folder, self.number = daemon, library, folder, number
        self.phone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.phone.bind(('127.0.0.1', 0))
        self.phone.settimeout(1)
        self.kept = []  # texts that were answered with success
        self.silent = [socket.socket() for _ in range(2)]
        for it in self.silent:
            it.bind(('127.0.0.1', 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as it:
            it.bind(('127.0.0.1', 0))
            self.sip = it.getsockname()[1]
        xmpp, peer = (it.getsockname()[1] for it in self.silent)
        self.path = folder / 'sipxmppd.cfg'
        self.path.write_text(CONFIGURATION.format(xmpp=xmpp, peer=peer, sip=self.sip, folder=folder,
                                                  process='user = "root";' if os.geteuid() == 0 else ''))

    def log(self):
        return (self.folder / 'log').read_text(errors='replace')

    def start(self, at=None, more=False):
        environment = dict(os.environ)
        if at is not None:
            environment['LD_PRELOAD'] = str(self.library)
            environment['FAIL_ALLOC_AT'] = str(at)
            if more:
                environment['FAIL_ALLOC_MORE'] = '1'
        with open(self.folder / 'log', 'wb') as log:
            program = subprocess.Popen([self.daemon, '-c', self.path, '-e'], stdout=log, stderr=log,
                                       stdin=subprocess.DEVNULL, env=environment)
        end = time.monotonic() + 30
        while program.poll() is None and 'daemon: serving' not in self.log() and time.monotonic() < end:
            time.sleep(0.01)
        return program

    def ask(self, program, name, n):
        method, headers, body = KINDS[name]
        port = self.phone.getsockname()[1]
        body = body.replace('{n}', f'{self.number}.{n}')
        user = 'sip:1001@pbx.example' if method == 'PUBLISH' else 'sip:juliet@chat.example'
        self.phone.sendto((f'{method} {user} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{n}.{self.number};'
                           f'rport\r\nFrom: <sip:1001@pbx.example>;tag=1\r\nTo: <{user}>\r\nCall-ID: {n}.{self.number}\r\n'
                           f'CSeq: 1 {method}\r\nMax-Forwards: 70\r\n{headers.replace("{port}", str(port))}'
                           f'Content-Length: {len(body)}\r\n\r\n{body}').encode(), ('127.0.0.1', self.sip))
        end = time.monotonic() + 3
        while program.poll() is None and time.monotonic() < end:
            try:
                answer = self.phone.recv(65536).decode(errors='replace')
            except TimeoutError:
                continue
            if answer.startswith('SIP/2.0') and f'Call-ID: {n}.{self.number}\r\n' in answer and ' 100 ' not in answer[:12]:
                if name == 'MESSAGE' and answer[8] == '2':
                    self.kept.append(body)
                return

    def work(self, program):
        for n, name in enumerate(list(KINDS) * 2):
            if program.poll() is not None:
                return
            self.ask(program, name, n)
        if program.poll() is None:
            program.send_signal(signal.SIGHUP)
            time.sleep(0.1)
        if program.poll() is None:
            program.send_signal(signal.SIGTERM)
        try:
            program.wait(20)
        except subprocess.TimeoutExpired:
            program.kill()
            raise AssertionError('it hangs')

    def check(self):
        """The next start finds everything."""
        broken = [it.name for it in self.folder.iterdir() if "broken" in it.name or "damaged" in it.name]
        assert not broken, broken
        program = self.start()
        assert program.poll() is None, self.log()
        assert 'set aside' not in self.log(), self.log()
        program.terminate()
        assert program.wait(30) == 0, self.log()
        with sqlite3.connect(self.folder / 'state.db') as db:
            assert db.execute('PRAGMA integrity_check').fetchone()[0] == 'ok'
            rows = b'|'.join(bytes(row[0]) for row in db.execute('SELECT value FROM queue'))
        for text in self.kept:
            assert text.encode() in rows, f'{text} was answered and is lost'

    def close(self):
        for it in [self.phone, *self.silent]:
            it.close()


def run(daemon, library, number, at, more, ends):
    with tempfile.TemporaryDirectory(prefix='sipxmppd-') as name:
        it = Round(daemon, library, pathlib.Path(name), number)
        try:
            program = it.start(at, more)
            if program.poll() is None:
                it.work(program)
            log = it.log()
            # Our own code ends in order; what a library does without memory is its affair.
            assert ('out of memory, ends' in log) == (program.returncode == 71), f'ended with {program.returncode}'
            ends[program.returncode] = ends.get(program.returncode, 0) + 1
            it.check()
            return log, len(it.kept)
        except AssertionError as error:
            raise AssertionError(f'allocation {at}{" and all after" if more else ""}: {error}\n{it.log()[-2000:]}')
        finally:
            it.close()


def main():
    daemon, library = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 12
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(1 << 31)
    log, _ = run(daemon, library, 0, 0, False, {})
    total = int(log.rsplit('allocations: ', 1)[1].split()[0])
    chance = random.Random(seed)
    ends, kept = {}, 0
    print(f'seed {seed}, {total} allocations from start to stop')
    for number in range(1, rounds + 1):
        # Where it serves they are few; a third of the rounds goes there.
        least = 1 if number % 3 else total * 9 // 10
        kept += run(daemon, library, number, chance.randrange(least, total), number % 2 == 0, ends)[1]
    words = ', '.join(f'{count} with {code}' for code, count in sorted(ends.items()))
    print(f'{rounds} rounds: ended {words}; {kept} texts were answered with success, and all were there')


if __name__ == '__main__':
    main()
