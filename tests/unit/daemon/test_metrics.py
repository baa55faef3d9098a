#!/usr/bin/python3
"""metrics.listen: figures and health over HTTP.

  test_metrics.py SIPXMPPD SIPXMPPCTL
"""

import http.client
import re
import socket
import sys
import time
import unittest

import test_life

LINE = re.compile(r'^sipxmppd_[a-z0-9_]+(\{[a-z]+="(?:[^"\\\n]|\\.)*"\})? -?[0-9]+$')


class Metrics(test_life.Life):
    def listen(self, more=''):
        with socket.socket() as it:
            it.bind(('127.0.0.1', 0))
            self.port = it.getsockname()[1]
        self.write(f'metrics: {{ listen = "127.0.0.1:{self.port}"; {more} }};')
        program = self.start('-e')
        return program

    def ask(self, path, method='GET', body=None):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=10)
        self.addCleanup(connection.close)
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    # every line is one of the format; every counter and limit is there
    # [SEC-064] labels are names of the configuration: so many series, whatever people do
    def test_figures(self):
        program = self.listen()
        status, text = self.ask('/metrics')
        self.assertEqual(status, 200)
        lines = [line for line in text.splitlines() if not line.startswith('# ')]
        for line in lines:
            self.assertRegex(line, LINE)
        for name in ('sipxmppd_info{version="', 'sipxmppd_load_level 0', 'sipxmppd_pairs 0',
                     'sipxmppd_sip_requests_in_total 0', 'sipxmppd_limit_hits_total{limit="pairs"} 0',
                     'sipxmppd_component_up{component="sip.chat.example"} 0',
                     'sipxmppd_component_unsent_bytes{component="sip.chat.example"} 0'):
            self.assertTrue(any(line.startswith(name) for line in lines), name)
        self.assertEqual(len({line.rpartition(' ')[0] for line in lines}), len(lines))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            for i in range(50):
                words = test_life.MESSAGE.format(port=9).replace('1001', f'user{i}').replace('life@', f'life{i}@')
                phone.sendto(words.encode(), ('127.0.0.1', self.sip))
        self.until(lambda: 'sipxmppd_sip_requests_in_total 50' in self.ask('/metrics')[1])
        after = [line for line in self.ask('/metrics')[1].splitlines() if not line.startswith('# ')]
        self.assertEqual(sorted(line.rpartition(' ')[0] for line in after),
                         sorted(line.rpartition(' ')[0] for line in lines))
        self.assertNotIn('user1', '\n'.join(after))
        self.ended(self.stop(program))

    # [REL-061] healthy, but not ready while the chat server is away, and it says why
    def test_health(self):
        program = self.listen()
        self.assertEqual(self.ask('/healthz'), (200, 'ok\n'))
        status, text = self.ask('/readyz')
        self.assertEqual(status, 503)
        self.assertIn('component stream', text)
        self.ended(self.stop(program))

    # [REL-061] in a state that the operator accepts
    def test_ready_without_links(self):
        program = self.listen('ready = "serving";')
        self.assertEqual(self.ask('/readyz'), (200, 'ok\n'))
        self.ended(self.stop(program))

    # [SEC-097] only GET and HEAD, nothing changes
    def test_other_requests(self):
        program = self.listen()
        for method in ('POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'):
            self.assertEqual(self.ask('/metrics', method, b'x' * 1000 if method != 'OPTIONS' else None)[0], 405, method)
        self.assertEqual(self.ask('/elsewhere')[0], 404)
        self.assertEqual(self.ask('/metrics', 'HEAD'), (200, ''))
        self.ended(self.stop(program))

    # [SEC-097] who is slow, silent or sends without end is closed after two seconds; others are served after that
    def test_slow_and_huge(self):
        program = self.listen()
        slow = [socket.create_connection(('127.0.0.1', self.port), 10) for _ in range(40)]
        for number, it in enumerate(slow):
            self.addCleanup(it.close)
            it.settimeout(10)
            it.sendall((b'', b'GET /met', b'GET /metrics HTTP/1.1\r\nHost: a\r\nX-Long: ')[number % 3])
        begin = time.monotonic()
        left = set(slow)
        while left and time.monotonic() - begin < 20:
            for it in list(left):
                try:
                    it.send(b'y' if it is not slow[0] else b'')
                    it.settimeout(0.01)
                    if it.recv(4096) == b'':
                        left.discard(it)
                except TimeoutError:
                    pass
                except OSError:
                    left.discard(it)
        self.assertFalse(left)
        with socket.create_connection(('127.0.0.1', self.port), 10) as it:
            try:
                it.sendall(b'GET /metrics HTTP/1.1\r\nX: ' + b'z' * 1000000)
                it.recv(4096)
            except OSError:
                pass
        self.assertEqual(self.ask('/healthz')[0], 200)
        self.ended(self.stop(program))

    # [SEC-097] nothing listens by default
    def test_off(self):
        self.write()
        program = self.start('-e')
        self.assertNotIn('metrics:', self.log())
        self.ended(self.stop(program))

    def test_taken_port(self):
        with socket.socket() as other:
            other.bind(('127.0.0.1', 0))
            other.listen()
            port = other.getsockname()[1]
            self.write(f'metrics: {{ listen = "127.0.0.1:{port}"; }};')
            self.ended(self.start('-e'), 75)
            self.assertIn(f'metrics.listen 127.0.0.1:{port} cannot be used', self.log())


if __name__ == '__main__':
    # of the class that is borrowed, only its tools
    for name in [name for name in dir(test_life.Life) if name.startswith('test_')]:
        setattr(Metrics, name, None)
    unittest.main(argv=sys.argv[:1], verbosity=2)
