#!/usr/bin/python3
"""Whom the daemon runs as, what it tells a service manager, and what its unit permits.

  test_process.py SIPXMPPD SIPXMPPCTL
"""

import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import unittest

import test_life

ROOT = pathlib.Path(__file__).resolve().parents[3]
UNIT = ROOT / 'systemd/sipxmppd.service'
EXPOSURE_MAX = 1.5
# The leak checker is a debugger, which this process does not admit.
NO_LEAK_CHECK = {**os.environ, 'ASAN_OPTIONS': 'detect_leaks=0'}


class Process(test_life.Life):
    def settings(self, process):
        text = self.path.read_text()
        self.path.write_text(re.sub(r'process: \{.*\};', f'process: {{ {process} }};', text))

    def status(self, program):
        lines = pathlib.Path(f'/proc/{program.pid}/status').read_text().splitlines()
        return {key: value.split() for key, _, value in (line.partition(':') for line in lines)}

    def start_with(self, env, **more):
        log = open(self.folder / 'log', 'ab')
        program = subprocess.Popen([test_life.DAEMON, '-e', '-c', self.path], stdout=log, stderr=log,
                                   stdin=subprocess.DEVNULL, env=env, **more)
        log.close()
        self.addCleanup(lambda: program.poll() is None and program.kill())
        return program

    # [SEC-092] root without another word is refused, and nothing was opened
    @unittest.skipUnless(os.geteuid() == 0, 'only root can try')
    def test_root_is_refused(self):
        self.settings('')
        self.ended(self.start_with(NO_LEAK_CHECK), 78)
        self.assertIn('set process.user', self.log())
        self.assertFalse((self.folder / 'state.db').exists())

    @unittest.skipUnless(os.geteuid() == 0, 'only root can try')
    def test_unknown_user(self):
        self.settings('user = "nobody-of-that-name";')
        self.ended(self.start_with(NO_LEAK_CHECK), 78)
        self.assertIn('there is no user nobody-of-that-name', self.log())

    # [SEC-092] all ids and groups are dropped for good, no capability is left, none can be got;
    # [SEC-062] and no core file can be made
    @unittest.skipUnless(os.geteuid() == 0, 'only root can try')
    def test_root_becomes_the_user(self):
        nobody = pwd.getpwnam('nobody')
        self.settings('user = "nobody";')
        os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        os.chmod(self.folder, 0o700)
        os.chown(self.path, nobody.pw_uid, nobody.pw_gid)
        program = self.start_with(NO_LEAK_CHECK, extra_groups=[0, 4])
        self.until(lambda: 'daemon: serving' in self.log() or program.poll() is not None)
        status = self.status(program)
        self.assertEqual(status['Uid'], [str(nobody.pw_uid)] * 4)
        self.assertEqual(status['Gid'], [str(nobody.pw_gid)] * 4)
        self.assertEqual(status['Groups'], [])
        self.assertEqual(status['NoNewPrivs'], ['1'])
        for kind in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb'):
            self.assertEqual(int(status[kind][0], 16), 0, kind)
        limits = pathlib.Path(f'/proc/{program.pid}/limits').read_text()
        self.assertRegex(limits, r'Max core file size +0 +0 ')
        # what no debugger may look at belongs to root
        self.assertEqual(os.stat(f'/proc/{program.pid}/environ').st_uid, 0)
        self.ended(self.stop(program))

    def test_somebody_else_cannot_be_had(self):
        if os.geteuid() == 0:
            self.settings('user = "root";')
            os.chmod(self.folder, 0o755)
            nobody = pwd.getpwnam('nobody')
            program = self.start_with(NO_LEAK_CHECK, user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[])
        else:
            self.settings('user = "root";')
            program = self.start_with(NO_LEAK_CHECK)
        self.ended(program, 78)
        self.assertIn('cannot become that user', self.log())

    # [REL-015] the service manager hears when all is open, of each reload, and of the end
    def test_service_manager_is_told(self):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listener.close)
        listener.bind(str(self.folder / 'notify'))
        listener.settimeout(30)
        program = self.start_with({**os.environ, 'NOTIFY_SOCKET': str(self.folder / 'notify')})

        def said():
            while True:
                word = listener.recv(4096).decode()
                if not word.startswith(('WATCHDOG', 'STATUS')):
                    return word
        self.assertEqual(said(), 'READY=1')
        self.assertIn('daemon: serving', self.log())
        program.send_signal(signal.SIGHUP)
        self.assertRegex(said(), r'^RELOADING=1\nMONOTONIC_USEC=\d+$')
        self.assertEqual(said(), 'READY=1')
        self.stop(program)
        self.assertEqual(said(), 'STOPPING=1')
        self.ended(program)

    # [REL-015] signs of life come while the loop turns and the store's thread answers, and only then
    def test_watchdog(self):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listener.close)
        listener.bind(str(self.folder / 'notify'))
        program = self.start_with({**os.environ, 'NOTIFY_SOCKET': str(self.folder / 'notify'),
                                   'WATCHDOG_USEC': '4000000'})

        def beats(seconds):
            """How many come in that time."""
            count, end = 0, time.monotonic() + seconds
            while time.monotonic() < end:
                listener.settimeout(max(0.01, end - time.monotonic()))
                try:
                    count += listener.recv(4096) == b'WATCHDOG=1'
                except TimeoutError:
                    pass
            return count

        self.until(lambda: 'daemon: serving' in self.log())
        self.until(lambda: beats(1) > 0)
        with sqlite3.connect(self.folder / 'state.db', timeout=30, isolation_level=None) as other:
            other.execute('begin immediate')
            self.assertLessEqual(beats(1), 1)  # one may have been under way
            self.assertEqual(beats(2), 0)      # the loop turns, the store's thread waits
            other.execute('rollback')
        other.close()
        self.until(lambda: beats(1) > 0)
        program.send_signal(signal.SIGSTOP)
        beats(0.5)
        self.assertEqual(beats(4), 0)
        program.send_signal(signal.SIGCONT)
        self.until(lambda: 'the loop was held up' in self.log())
        self.until(lambda: beats(1) > 0)
        self.ended(self.stop(program))

    # WATCHDOG_PID names another process of the unit
    def test_watchdog_of_another(self):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listener.close)
        listener.bind(str(self.folder / 'notify'))
        program = self.start_with({**os.environ, 'NOTIFY_SOCKET': str(self.folder / 'notify'),
                                   'WATCHDOG_USEC': '200000', 'WATCHDOG_PID': '1'})
        self.until(lambda: 'daemon: serving' in self.log())
        time.sleep(0.3)
        self.ended(self.stop(program))
        listener.settimeout(0)
        said = []
        try:
            while True:
                said.append(listener.recv(4096))
        except BlockingIOError:
            pass
        self.assertEqual(said, [b'READY=1', b'STOPPING=1'])

    def ask(self, number, expires=600):
        """Status of a new SUBSCRIBE."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.bind(('127.0.0.1', 0))
            phone.settimeout(30)
            port = phone.getsockname()[1]
            phone.sendto('\r\n'.join((
                'SUBSCRIBE sip:juliet@chat.example SIP/2.0', f'Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKc{number};rport',
                f'From: <sip:{number}@pbx.example>;tag=1', 'To: <sip:juliet@chat.example>', f'Call-ID: caution-{number}',
                'CSeq: 1 SUBSCRIBE', 'Max-Forwards: 70', f'Contact: <sip:{number}@127.0.0.1:{port}>', 'Event: presence',
                f'Expires: {expires}', 'Content-Length: 0', '', '')).encode(), ('127.0.0.1', self.sip))
            return phone.recv(4096).decode()

    # [REL-016] three crashes within a minute: up and useful at the fourth start, but nothing new begins, and one line
    # says so; after the quiet time it does
    def test_caution_after_crashes(self):
        self.settings(('user = "root";' if os.geteuid() == 0 else '') + ' core_dumps = true; caution = "2s";')
        for _ in range(3):
            program = self.start('-e')
            self.assertNotIn('crashed', self.log())
            self.ended(self.stop(program, signal.SIGKILL), -signal.SIGKILL)
            (self.folder / 'log').write_text('')
        program = self.start('-e')
        self.assertEqual(len(re.findall(r' err .*crashed 3 times within 60 s', self.log())), 1, self.log())
        self.assertIn('cautious 1', self.control('status').stdout)
        answer = self.ask(1)
        self.assertTrue(answer.startswith('SIP/2.0 503 '), answer)
        self.assertRegex(answer, r'Retry-After: [1-9]')
        self.until(lambda: 'new subscriptions are taken again' in self.log())
        self.assertTrue(self.ask(2).startswith('SIP/2.0 200 '))
        self.ended(self.stop(program))

    # [SEC-093]
    def test_exposure_of_the_unit(self):
        if shutil.which('systemd-analyze') is None:
            self.fail('systemd-analyze is missing (package systemd)')
        result = subprocess.run(['systemd-analyze', 'security', '--offline=true', '--no-pager', UNIT],
                                capture_output=True, text=True, timeout=60, env={**os.environ, 'SYSTEMD_COLORS': '0'})
        found = re.search(r'Overall exposure level for \S+: ([0-9.]+)', result.stdout)
        self.assertIsNotNone(found, result.stdout[-500:] + result.stderr)
        print(f'exposure {found[1]}')
        self.assertLessEqual(float(found[1]), EXPOSURE_MAX, result.stdout)


if __name__ == '__main__':
    # of the class that is borrowed, only its tools
    for name in [name for name in dir(test_life.Life) if name.startswith('test_')]:
        setattr(Process, name, None)
    unittest.main(argv=sys.argv[:1], verbosity=2)
