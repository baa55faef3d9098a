#!/usr/bin/python3
"""The daemon alone, without servers: starting, stopping at any moment, what the operator reads.

  test_life.py SIPXMPPD SIPXMPPCTL
"""

import os
import pathlib
import re
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

DAEMON, CONTROL = sys.argv.pop(1), sys.argv.pop(1)

CONFIGURATION = '''xmpp: {{ component = "sip.chat.example"; secret = "sixteen-characters"; port = {xmpp}; }};
sip: {{ proxy = "sip:127.0.0.1:{peer};transport=tcp"; listen = ["sip:127.0.0.1:{sip};transport=udp"]; }};
domains: ( {{ xmpp = "sip.chat.example"; sip = "pbx.example"; profile = "kamailio"; }} );
store: {{ path = "{folder}/state.db"; }};
control: {{ socket = "{folder}/control"; }};
process: {{ {process} core_dumps = true; }};
{more}
'''

MESSAGE = '\r\n'.join((
    'MESSAGE sip:juliet@chat.example SIP/2.0', 'Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKlife;rport',
    'From: <sip:1001@pbx.example>;tag=1', 'To: <sip:juliet@chat.example>', 'Call-ID: life@phone', 'CSeq: 1 MESSAGE',
    'Max-Forwards: 70', 'Content-Type: text/plain', 'Content-Length: 2', '', 'hi'))


TEXT = (b"<message type='chat' id='t1' from='juliet@chat.example/desk' to='1001@sip.chat.example'><body>hi</body>"
        b"</message>")


def key(side, user, domain):
    return side.encode() + domain.encode() + b'\0' + user.encode() + b'\0'


class Life(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='sipxmppd-')
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        # Bound and never served: nobody answers there, and nobody else takes them.
        self.sockets = [socket.socket() for _ in range(2)]
        for it in self.sockets:
            it.bind(('127.0.0.1', 0))
            self.addCleanup(it.close)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as it:
            it.bind(('127.0.0.1', 0))
            self.sip = it.getsockname()[1]
        self.write()

    def write(self, more=''):
        xmpp, peer = (it.getsockname()[1] for it in self.sockets)
        self.path = self.folder / 'sipxmppd.cfg'
        self.path.write_text(CONFIGURATION.format(xmpp=xmpp, peer=peer, sip=self.sip, folder=self.folder, more=more,
                                                   process='user = "root";' if os.geteuid() == 0 else ''))

    def start(self, *words, wait='daemon: serving'):
        log = open(self.folder / 'log', 'ab')
        program = subprocess.Popen([DAEMON, '-c', self.path, *words], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        log.close()
        self.addCleanup(lambda: program.poll() is None and program.kill())
        self.until(lambda: wait in self.log() or program.poll() is not None)
        return program

    def log(self):
        return (self.folder / 'log').read_text(errors='replace')

    def until(self, is_so):
        end = time.monotonic() + 30
        while not is_so():
            self.assertLess(time.monotonic(), end, self.log())
            time.sleep(0.01)

    def ended(self, program, code=0):
        self.assertEqual(program.wait(30), code, self.log())

    def control(self, *words):
        return subprocess.run([CONTROL, '-s', self.folder / 'control', *words], capture_output=True, text=True,
                              timeout=30)

    def make_pairs(self, count):
        """Rows as if many chat users watched SIP users."""
        self.ended(self.stop(self.start('-e')))
        with sqlite3.connect(self.folder / 'state.db') as db:
            db.executemany('INSERT INTO pairs VALUES (?, ?, 2, 1, 1, 0, 0, 1)',
                           ((key('X', f'u{i % 1000}', 'chat.example'), key('S', f'{i}', 'pbx.example'))
                            for i in range(count)))
        db.close()
        (self.folder / 'log').write_text('')

    @staticmethod
    def stop(program, signo=signal.SIGTERM):
        program.send_signal(signo)
        return program

    # [D-48] [REL-012] TERM while the pairs are being read: the sides do not exist yet
    def test_term_at_any_moment_of_the_start(self):
        self.make_pairs(20000)
        for i in range(24):
            program = self.start('-e', wait='')
            time.sleep(i * 0.005)
            self.stop(program)
            # before its handler is there the signal itself ends the process
            self.assertIn(program.wait(30), (0, -signal.SIGTERM), self.log())
        self.assertNotIn('runtime error', self.log())

    # [REL-020] HUP and USR1 while the pairs are being read: what they ask for comes when it serves
    def test_hup_and_usr1_at_any_moment_of_the_start(self):
        self.make_pairs(20000)
        waited = 0
        for i in range(24):
            (self.folder / 'log').write_text('')
            program = self.start('-e', wait='')
            time.sleep(i * 0.005)
            self.stop(program, (signal.SIGHUP, signal.SIGUSR1)[i % 2])
            self.until(lambda: 'daemon: serving' in self.log() or program.poll() is not None)
            if program.poll() is None:
                self.until(lambda: ('the configuration is read', 'daemon: summary')[i % 2] in self.log())
                waited += 'it is starting' in self.log()
                self.stop(program)
            # before its handler is there the signal itself ends the process
            self.assertIn(program.wait(30), (0, -signal.SIGHUP, -signal.SIGUSR1), self.log())
            self.assertNotIn('runtime error', self.log())
        self.assertGreater(waited, 0)

    # [D-49] [REL-012] killed soon after the start that followed a long absence: the next start must not take what was
    # told before that absence for what is so now
    def test_killed_after_a_long_absence(self):
        self.make_pairs(2000)
        was_old = False
        for i in range(8):
            with sqlite3.connect(self.folder / 'state.db') as db:
                db.execute("UPDATE meta SET value = ? WHERE name = 'alive'", (int(time.time()) - 600,))
                db.execute('INSERT OR REPLACE INTO presence SELECT node, watched, watcher, 1, ? FROM'
                           " (SELECT '' AS node, watched, watcher FROM pairs)", (b'old',))
            db.close()
            (self.folder / 'log').write_text('')
            program = self.start('-e')
            time.sleep(i * 0.2)
            program.kill()
            program.wait(30)
            alive, left = self.alive(), self.row_count('presence')
            was_old = was_old or left > 0
            self.assertFalse(left > 0 and time.time() - alive < 80, f'{left} rows, {time.time() - alive} s')
        self.assertTrue(was_old)
        # and once that has gone, a kill is an ordinary one
        program = self.start('-e')
        self.until(lambda: time.time() - self.alive() < 30)
        program.kill()
        program.wait(30)
        self.assertEqual(self.row_count('presence'), 0)

    def alive(self):
        db = sqlite3.connect(self.folder / 'state.db')
        try:
            return db.execute("SELECT value FROM meta WHERE name = 'alive'").fetchone()[0]
        finally:
            db.close()

    # whoever starts it by hand sees why it does not start, also without a syslog
    def test_failure_to_start_is_told_on_the_terminal(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(('127.0.0.1', self.sip))
            for words in ((), ('-d',)):
                result = subprocess.run([DAEMON, '-c', self.path, *words], capture_output=True, text=True, timeout=30)
                self.assertEqual(result.returncode, 75, result)
                self.assertIn(str(self.sip), result.stderr)
                self.assertIn('in use', result.stderr)

    # -d lets go of the terminal once it serves: a shell that reads its output is not kept waiting
    def test_detached_daemon_leaves_the_terminal(self):
        try:
            result = subprocess.run([DAEMON, '-c', self.path, '-d'], capture_output=True, text=True, timeout=30)
            self.assertEqual((result.returncode, result.stderr), (0, ''), result)
            self.assertIn('state serving', self.control('status').stdout)
        finally:
            self.assertEqual(self.control('stop').returncode, 0)
        self.until(lambda: self.control('status').returncode == 75)

    # [REL-060] a limit that is hit is one line in the log, however often it was
    def test_limits_that_were_hit_are_told(self):
        program = self.start('-e')
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            for i in range(30):
                phone.sendto(MESSAGE.format(port=9).replace('Max-Forwards', f'X-Long: {"x" * 9000}\r\nMax-Forwards')
                             .replace('life@', f'life{i}@').encode(), ('127.0.0.1', self.sip))
        self.until(lambda: 'limit.sip_header_bytes 30' in self.control('status').stdout)
        self.ended(self.stop(program))
        self.assertEqual(re.findall(r'limits: hit since the last look:(.*) \(', self.log()), [' sip_header_bytes=30'])

    # [REL-020] a wrong file is refused as a whole; a good one keeps what the command line said
    def test_reload(self):
        program = self.start('-e', '-v', '-v')
        self.assertEqual(self.control('log', 'debug').returncode, 0)
        self.write('log: { level = "loud"; };')
        refused = self.control('reload')
        self.assertEqual(refused.returncode, 1, refused)
        self.assertRegex(refused.stderr, r'sipxmppd\.cfg:\d+: .*\n.*old configuration stays')
        self.assertNotIn('usage', refused.stderr)
        self.write('log: { level = "warning"; };')
        self.assertEqual(self.control('reload').returncode, 0)
        self.stop(program, signal.SIGHUP)
        self.until(lambda: self.log().count('the configuration is read') == 1)  # the level is info, by -v -v
        self.ended(self.stop(program))

    # every fact of "status", and none held back as a flood of lines
    def test_summary_is_whole(self):
        program = self.start('-e')
        self.stop(program, signal.SIGUSR1)
        names = [line.split(' ')[0] for line in self.control('status').stdout.splitlines()]
        self.assertGreater(len(names), 30)
        self.until(lambda: f'{names[-1]}=' in self.log())
        for name in names:
            self.assertIn(f' {name}=', self.log())
        self.ended(self.stop(program))

    def test_addresses_of_commands_are_read_as_map_reads_them(self):
        program = self.start('-e')
        for text in ('im:juliet@chat.example', 'SIP:1001@PBX.example', 'XMPP:juliet@chat.example', 'tel:+4930'):
            self.assertEqual(self.control('show', 'pairs', text).stdout, 'no pairs\n', text)
        self.assertIn('no address here', self.control('show', 'pairs', 'sips:1001@pbx.example').stderr)
        self.ended(self.stop(program))

    # [REL-018] what is wrong with the store, and what to do; 78 where only the operator can mend it
    def test_store_that_cannot_be_used(self):
        store = self.folder / 'state.db'

        def fails(code, *words, remedy='change store.path'):
            result = subprocess.run([DAEMON, '-c', self.path], capture_output=True, text=True, timeout=30)
            self.assertEqual(result.returncode, code, result)
            for word in (remedy, *words):
                self.assertIn(word, result.stderr)

        store.mkdir()
        fails(78, str(store), 'is not a file')
        store.rmdir()
        with sqlite3.connect(store) as db:
            db.execute('CREATE TABLE theirs (x)')
        db.close()
        fails(78, str(store), 'another program')
        store.unlink()
        self.folder.chmod(0o500)
        self.addCleanup(self.folder.chmod, 0o700)
        if os.geteuid() != 0:  # root may write everywhere
            fails(75, str(self.folder), 'Permission denied', 'uid')
        self.folder.chmod(0o700)
        self.path.write_text(self.path.read_text().replace('/control"', '/missing/control"'))
        fails(75, '/missing/control', 'No such file', remedy='set control.socket')

    # [REL-019] the full check on request: beside the daemon and without it, of a damaged file, and of none
    def test_store_is_checked(self):
        store = self.folder / 'state.db'

        def says(code, word):
            result = subprocess.run([DAEMON, '-c', self.path, '--check-store'], capture_output=True, text=True,
                                    timeout=30)
            self.assertEqual(result.returncode, code, result)
            self.assertIn(word, result.stdout)

        says(os.EX_NOINPUT, 'unable to open')
        program = self.start('-e')
        says(os.EX_OK, f'{store}: ok')
        self.ended(self.stop(program))
        says(os.EX_OK, 'format ')
        whole = store.read_bytes()
        store.write_bytes(whole[:4096] + b'\x55' * 4096 + whole[8192:])
        says(os.EX_DATAERR, 'malformed')
        self.assertEqual(store.read_bytes()[4096:8192], b'\x55' * 4096)

    # [REL-013] dialogs are read at the start and given to the SIP side; one that cannot be used leaves the store
    def test_stored_dialogs_are_given_back(self):
        self.ended(self.stop(self.start('-e')))
        with sqlite3.connect(self.folder / 'state.db') as db:
            db.executemany("INSERT INTO dialogs VALUES (?, '', ?, NULL, NULL, x'61', x'62', x'63', NULL, x'64', x'65',"
                           'NULL, NULL, NULL, NULL, 64, -1, 0, 0, ?, NULL)',
                           ((i, 1 + i % 2, int(time.time()) + i) for i in range(1, 41)))
        db.close()
        (self.folder / 'log').write_text('')
        program = self.start('-e')
        self.assertIn('daemon: dialogs go on count=40', self.log())
        self.ended(self.stop(program))
        with sqlite3.connect(self.folder / 'state.db') as db:
            self.assertEqual(db.execute('SELECT count(*) FROM dialogs').fetchall(), [(0,)])
        db.close()

    # [REL-016] a kill is a crash to the next start, an end in order is none, and neither is a start that fails
    def test_crashes_are_noted(self):
        def ends():
            with sqlite3.connect(self.folder / 'state.db') as db:
                runs = db.execute("SELECT value FROM meta WHERE name='runs'").fetchone()[0]
            db.close()
            return [any(runs[i + 8:i + 16]) for i in range(0, len(runs), 16)]

        def run(signo=signal.SIGTERM, code=0):
            self.ended(self.stop(self.start('-e'), signo), code)
            (self.folder / 'log').write_text('')

        run()
        run(signal.SIGKILL, -signal.SIGKILL)
        text = self.path.read_text()
        self.path.write_text(text.replace('/control"', '/missing/control"'))
        self.ended(self.start('-e'), os.EX_TEMPFAIL)
        self.path.write_text(text)
        run()
        self.assertEqual(ends(), [True, False, True, True])

    # two daemons with one store would each overwrite what the other knows
    def test_store_has_one_daemon(self):
        first = self.start('-e')
        text = self.path.read_text().replace('/control"', '/second-control"')
        second = self.folder / 'second.cfg'
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as it:
            it.bind(('127.0.0.1', 0))
            port = it.getsockname()[1]
        second.write_text(text.replace(f':{self.sip};', f':{port};'))
        result = subprocess.run([DAEMON, '-c', second], capture_output=True, text=True, timeout=30)
        self.assertEqual(result.returncode, 75, result)
        self.assertIn('another daemon', result.stderr)
        first.kill()
        first.wait()
        (self.folder / 'log').write_text('')
        self.ended(self.stop(self.start('-e')))

    def serve_chat(self, delay, first=b''):
        """A chat server that says first, and answers each ping after a message after delay."""
        self.sockets[0].listen(1)
        peer = self.sockets[0].accept()[0]
        self.addCleanup(peer.close)
        peer.recv(4096)
        peer.sendall(b"<stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
                     b"xmlns='jabber:component:accept' id='1' from='sip.chat.example'>")
        peer.recv(4096)
        peer.sendall(b'<handshake/>' + first)
        pause = 0
        for data in iter(lambda: peer.recv(65536), b''):
            pause = delay if b'<message' in data else pause
            for id_ in re.findall(rb"<iq type='get'[^>]* id='([^']*)'", data.replace(b'"', b"'")):
                time.sleep(pause)
                peer.sendall(b"<iq type='result' from='chat.example' to='sip.chat.example' id='" + id_ + b"'/>")

    # [D-48] [REQ-094] TERM while a message is under way: its sender is told what really became of it
    def test_message_under_way_gets_its_answer(self):
        threading.Thread(target=self.serve_chat, args=(0.3,), daemon=True).start()
        program = self.start('-e', wait='xmpp: link up')
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.bind(('127.0.0.1', 0))
            phone.settimeout(30)
            phone.sendto(MESSAGE.format(port=phone.getsockname()[1]).encode(), ('127.0.0.1', self.sip))
            self.until(lambda: 'messages_from_sip 1' in self.control('status').stdout)
            self.stop(program)
            self.assertIn('SIP/2.0 200', phone.recv(65536).decode().split('\r\n')[0])
        self.ended(program)

    # [D-48] [REL-004] TERM while a phone is taking a text: its answer is waited for, or the next start would send it again
    def test_text_that_a_phone_is_taking_is_not_sent_again(self):
        asked, stopping = threading.Event(), threading.Event()
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(server.close)
        server.bind(('127.0.0.1', 0))
        server.settimeout(30)
        self.path.write_text(re.sub(r'proxy = "[^"]*"', f'proxy = "sip:127.0.0.1:{server.getsockname()[1]};transport=udp"',
                                    self.path.read_text()))

        def serve_sip():
            request, source = server.recvfrom(65536)
            asked.set()
            stopping.wait(30)
            time.sleep(0.3)
            lines = [it for it in request.decode().split('\r\n')
                     if it.split(':')[0] in ('Via', 'From', 'To', 'Call-ID', 'CSeq')]
            server.sendto('\r\n'.join(('SIP/2.0 200 OK', *lines, 'Content-Length: 0', '', '')).encode(), source)

        threading.Thread(target=self.serve_chat, args=(0,), kwargs={'first': TEXT}, daemon=True).start()
        threading.Thread(target=serve_sip, daemon=True).start()
        program = self.start('-e')
        self.assertTrue(asked.wait(30), self.log())
        self.stop(program)
        self.until(lambda: 'daemon: stopping' in self.log())
        stopping.set()
        self.ended(program)
        self.assertEqual(self.row_count('queue'), 0)

    def repeat(self, phone):
        """The answer to the same request, sent as a phone does that heard none."""
        phone.sendto(MESSAGE.format(port=phone.getsockname()[1]).encode(), ('127.0.0.1', self.sip))
        return phone.recv(65536).decode().split('\r\n')[0]

    def row_count(self, table):
        with sqlite3.connect(self.folder / 'state.db') as db:
            count = db.execute(f'SELECT count(*) FROM {table}').fetchone()[0]
        db.close()
        return count

    # [REL-005] [D-38] kill -9 after the 202: the repeated request is answered from the row, or from the fingerprint
    # once the row is gone; the text is kept once
    def test_repetition_after_a_kill(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.bind(('127.0.0.1', 0))
            phone.settimeout(30)
            program = self.start('-e')
            self.assertEqual(self.repeat(phone), 'SIP/2.0 202 Accepted')
            self.ended(self.stop(program, signal.SIGKILL), -signal.SIGKILL)
            (self.folder / 'log').write_text('')
            program = self.start('-e')
            self.assertEqual(self.repeat(phone), 'SIP/2.0 202 Accepted')
            self.assertEqual(self.row_count('queue'), 1)
            self.ended(self.stop(program, signal.SIGKILL), -signal.SIGKILL)

    # [REL-005] the same when it is on the other side by then
    def test_repetition_after_the_row_is_gone(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.bind(('127.0.0.1', 0))
            phone.settimeout(30)
            program = self.start('-e')
            self.assertEqual(self.repeat(phone), 'SIP/2.0 202 Accepted')
            self.until(lambda: self.row_count('prints') == 1)
            self.ended(self.stop(program, signal.SIGKILL), -signal.SIGKILL)
            with sqlite3.connect(self.folder / 'state.db') as db:
                db.execute('DELETE FROM queue')
            db.close()
            (self.folder / 'log').write_text('')
            program = self.start('-e')
            self.assertEqual(self.repeat(phone), 'SIP/2.0 202 Accepted')
            self.assertEqual(self.row_count('queue'), 0)
            self.ended(self.stop(program))

    def send(self, phone, number):
        text = MESSAGE.replace('life', f'life{number}').format(port=phone.getsockname()[1])
        phone.sendto(text.encode(), ('127.0.0.1', self.sip))
        return phone.recv(65536).decode().split('\r\n')[0]

    def publish(self, phone, tag=None):
        """Its answer: the status and the new tag."""
        lines = (f'Via: SIP/2.0/UDP 127.0.0.1:{phone.getsockname()[1]};branch=z9hG4bK{time.monotonic_ns()};rport',
                 'From: <sip:1001@pbx.example>;tag=1', 'To: <sip:1001@pbx.example>', 'Call-ID: life@pbx',
                 f'CSeq: {2 if tag else 1} PUBLISH', 'Max-Forwards: 70', 'Event: presence', 'Expires: 600',
                 *([f'SIP-If-Match: {tag}'] if tag else []))
        body = '' if tag else ('<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:1001@pbx.example"><tuple id="t">'
                               '<status><basic>open</basic></status></tuple></presence>')
        text = '\r\n'.join(('PUBLISH sip:1001@pbx.example SIP/2.0', *lines, 'Content-Type: application/pidf+xml',
                            f'Content-Length: {len(body)}', '', body))
        phone.sendto(text.encode(), ('127.0.0.1', self.sip))
        answer = phone.recv(65536).decode()
        found = re.search(r'SIP-ETag: (\S+)', answer)
        return answer.split(' ')[1], found and found.group(1)

    def etag(self):
        db = sqlite3.connect(self.folder / 'state.db')
        try:
            return bytes(db.execute('SELECT etag FROM publications').fetchone()[0]).decode()
        finally:
            db.close()

    # [REL-005] [D-49] what is published, over kill -9: a repetition is answered for what is there, also if it was a
    # refresh, and a doubt lasts until somebody speaks
    def test_publications_over_kills(self):
        self.path.write_text(self.path.read_text().replace('"kamailio"', '"asterisk"'))

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.bind(('127.0.0.1', 0))
            phone.settimeout(30)
            program = self.start('-e')
            status, first = self.publish(phone)
            self.assertEqual(status, '200')
            program = self.again(program)
            self.assertEqual(self.publish(phone), ('200', first))
            status, second = self.publish(phone, first)
            self.assertEqual(status, '200')
            self.assertEqual(self.etag(), f'{second} {first}')
            program = self.again(program)
            status, third = self.publish(phone, first)
            self.assertEqual(status, '200')
            self.assertEqual(self.publish(phone, second)[0], '412')
            program = self.again(program, away_s=600)
            self.until(lambda: self.etag() == f'{third} {first} ?')
            program = self.again(program)
            self.assertEqual(self.etag(), f'{third} {first} ?')
            status, fourth = self.publish(phone, third)
            self.assertEqual((status, self.etag()), ('200', f'{fourth} {third}'))
            self.assertEqual(self.row_count('publications'), 1)
            self.ended(self.stop(program))

    def again(self, program, away_s=0):
        """The next daemon after a kill."""
        program.kill()
        program.wait(30)
        if away_s:
            with sqlite3.connect(self.folder / 'state.db') as db:
                db.execute("UPDATE meta SET value = ? WHERE name = 'alive'", (int(time.time()) - away_s,))
            db.close()
        (self.folder / 'log').write_text('')
        return self.start('-e')

    # [REL-010] [REL-009] a write to disk fails: nothing is accepted from then on, though the disk works again at once;
    # the daemon ends with an error, and what was accepted before is there at the next start
    def test_failed_write_ends_it(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.bind(('127.0.0.1', 0))
            phone.settimeout(30)
            program = self.start('-e')
            self.assertEqual(self.send(phone, 0), 'SIP/2.0 202 Accepted')
            most = (self.folder / 'state.db-wal').stat().st_size
            self.assertLess((self.folder / 'log').stat().st_size, most // 2)
            before = resource.prlimit(program.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
            answers = [self.send(phone, i) for i in range(1, 6)]
            resource.prlimit(program.pid, resource.RLIMIT_FSIZE, before)
            answers += [self.send(phone, i) for i in range(6, 8)]
            self.assertNotIn('SIP/2.0 202 Accepted', answers[1:], answers)
        self.ended(program, os.EX_SOFTWARE)
        self.assertIn('writing to disk failed, ending', self.log())
        (self.folder / 'log').write_text('')
        self.ended(self.stop(self.start('-e')))
        self.assertEqual(self.row_count('queue'), 1)


if __name__ == '__main__':
    unittest.main()
