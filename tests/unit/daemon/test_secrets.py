#!/usr/bin/python3
"""Secrets of every kind are planted and used, at the most talkative level; then everything that the daemon shows is
searched for them.

  test_secrets.py SIPXMPPD SIPXMPPCTL
"""

import hashlib
import http.client
import os
import pathlib
import re
import socket
import subprocess
import sys
import unittest

import test_life

STREAM = (b"<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' from='sip.chat.example' id='planted-id' "
          b"xmlns:stream='http://etherx.jabber.org/streams'>")
SECRET, PASSWORD, LOGIN = 'planted-component-secret', 'planted-password-out', 'planted-password-in'

CONFIGURATION = '''xmpp: {{ component = "sip.chat.example"; secret_file = "{folder}/secret"; port = {xmpp}; }};
sip: {{ proxy = "sip:127.0.0.1:{peer};transport=udp"; username = "bridge"; password_file = "{folder}/password";
listen = ["sip:127.0.0.1:{sip};transport=udp", "sip:127.0.0.1:{sip};transport=tcp", "sip:127.0.0.1:{tls};transport=tls"];
tls_certificate = "{folder}/own.pem"; tls_key = "{folder}/own.key"; trusted = ["192.0.2.1"];
logins_file = "{folder}/logins"; }};
domains: ( {{ sip = "pbx.example"; profile = "kamailio"; }} );
store: {{ path = "{folder}/state.db"; }};
control: {{ socket = "{folder}/control"; }};
metrics: {{ listen = "127.0.0.1:{metrics}"; }};
process: {{ {process} core_dumps = true; }};
'''

REQUEST = '\r\n'.join((
    'MESSAGE sip:juliet@chat.example SIP/2.0', 'Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKs{number}',
    'From: <sip:1001@pbx.example>;tag=1', 'To: <sip:juliet@chat.example>', 'Call-ID: s@phone', 'CSeq: {number} MESSAGE',
    'Max-Forwards: 70', '{header}Content-Type: text/plain', 'Content-Length: 2', '', 'hi'))


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def free_port():
    with socket.socket() as it:
        it.bind(('127.0.0.1', 0))
        return it.getsockname()[1]


class Secrets(test_life.Life):
    def put(self, name, text):
        path = self.folder / name
        path.touch(0o600)
        path.write_text(text)

    def write(self, more=''):
        self.metrics = free_port()
        self.pbx = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.pbx.close)
        self.pbx.bind(('127.0.0.1', 0))
        self.pbx.settimeout(30)
        self.sockets[0].listen()
        self.sockets[0].settimeout(30)
        self.put('secret', SECRET + '\n')
        self.put('password', PASSWORD + '\n')
        self.ha1 = md5(f'1001:pbx.example:{LOGIN}')
        self.put('logins', f'1001:pbx.example:{self.ha1}\n')
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=chat.example',
                        '-keyout', self.folder / 'own.key', '-out', self.folder / 'own.pem'],
                       check=True, capture_output=True, umask=0o077)
        self.path = self.folder / 'sipxmppd.cfg'
        self.path.write_text(CONFIGURATION.format(
            xmpp=self.sockets[0].getsockname()[1], peer=self.pbx.getsockname()[1], sip=self.sip, tls=free_port(),
            metrics=self.metrics, folder=self.folder, process='user = "root";' if os.geteuid() == 0 else ''))

    def chat_server(self):
        """The component stream, and the digest of the handshake."""
        stream, _ = self.sockets[0].accept()
        self.addCleanup(stream.close)
        stream.settimeout(30)
        said = b''
        while b'>' not in said.partition(b'<stream:stream')[2]:
            said += stream.recv(4096)
        stream.sendall(STREAM)
        while b'</handshake>' not in said:
            said += stream.recv(4096)
        stream.sendall(b'<handshake/>')
        return stream, re.search(rb'<handshake[^>]*>([0-9a-f]+)<', said)[1].decode()

    def asked_for_password(self):
        """The PBX asks; returns the response that the daemon sends."""
        words, source = self.pbx.recvfrom(65536)
        while not words.startswith(b'MESSAGE'):
            words, source = self.pbx.recvfrom(65536)
        self.answer(words.decode(), source, '401 Unauthorized',
                    'WWW-Authenticate: Digest realm="pbx.example", nonce="planted-nonce", qop="auth"\r\n')
        while b'response="' not in words:
            words, source = self.pbx.recvfrom(65536)
        self.answer(words.decode(), source, '200 OK')
        return re.search(r'response="([0-9a-f]+)"', words.decode())[1]

    def answer(self, request, source, status, more=''):
        kept = ''.join(line + (';tag=2' if line.startswith('To:') else '') + '\r\n' for line in request.split('\r\n')
                       if line.startswith(('Via:', 'From:', 'To:', 'Call-ID:', 'CSeq:')))
        self.pbx.sendto(f'SIP/2.0 {status}\r\n{kept}{more}Content-Length: 0\r\n\r\n'.encode(), source)

    def logs_in(self, password, number):
        """A phone over TCP; returns status and the response that it sent."""
        with socket.create_connection(('127.0.0.1', self.sip), 30) as phone:
            phone.sendall(REQUEST.format(number=number, header='').encode())
            challenge = phone.recv(65536).decode()
            nonce = re.search(r'nonce="([^"]+)"', challenge)[1]
            ha1, ha2 = md5(f'1001:pbx.example:{password}'), md5('MESSAGE:sip:juliet@chat.example')
            response = md5(f'{ha1}:{nonce}:00000001:planted-cnonce:auth:{ha2}')
            phone.sendall(REQUEST.format(number=number + 1, header=(
                'Authorization: Digest username="1001", realm="pbx.example", algorithm=MD5, qop=auth, nc=00000001, '
                f'nonce="{nonce}", cnonce="planted-cnonce", uri="sip:juliet@chat.example", response="{response}"\r\n')).encode())
            return phone, response, phone.recv(65536).decode() if password != LOGIN else ''

    # [SEC-062] [SEC-090] [SEC-091] [SIP-061] [STRO-013] handshake, a challenge answered, a login right and one wrong
    def test_nothing_is_told(self):
        program = self.start('-e', '-v')
        stream, handshake = self.chat_server()
        self.until(lambda: 'component_up 1' in self.control('status').stdout or 'link up' in self.log() or
                   re.search(r'component.* up', self.log()))
        stream.sendall(test_life.TEXT)
        ours = self.asked_for_password()
        _, wrong, told = self.logs_in('planted-wrong-password', 10)
        self.assertTrue(told.startswith('SIP/2.0 401 '), told)
        _, theirs, _ = self.logs_in(LOGIN, 20)
        self.until(lambda: 'auth_passed 1' in self.control('status').stdout)
        connection = http.client.HTTPConnection('127.0.0.1', self.metrics, timeout=30)
        connection.request('GET', '/metrics')
        shown = {'the metrics': connection.getresponse().read()}
        connection.close()
        for words in (('status',), ('show', 'pairs'), ('summary',)):
            shown[' '.join(words)] = self.control(*words).stdout.encode()
        for name in ('cmdline', 'environ'):
            shown[f'its {name}'] = pathlib.Path(f'/proc/{program.pid}/{name}').read_bytes()
        self.ended(self.stop(program))
        shown['the log'] = self.log().encode()
        for path in self.folder.glob('state.db*'):
            shown[path.name] = path.read_bytes()
        self.assertGreater(len(shown['the log'].splitlines()), 10)
        self.assertIn('state.db', shown)
        key = (self.folder / 'own.key').read_text().splitlines()[1:-1]
        secrets = [SECRET, handshake, PASSWORD, md5(f'bridge:pbx.example:{PASSWORD}'), ours, LOGIN, self.ha1, theirs,
                   'planted-wrong-password', wrong, 'planted-cnonce', *key]
        self.assertEqual(handshake, hashlib.sha1(f'planted-id{SECRET}'.encode()).hexdigest())
        for where, text in shown.items():
            for secret in secrets:
                self.assertNotIn(secret.encode(), text, where)


if __name__ == '__main__':
    # of the class that is borrowed, only its tools
    for name in [name for name in dir(test_life.Life) if name.startswith('test_')]:
        setattr(Secrets, name, None)
    unittest.main(argv=sys.argv[:1], verbosity=2)
