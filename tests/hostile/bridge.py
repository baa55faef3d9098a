"""The daemon between a chat server that only listens and a phone of plain sockets: for tests that care about each
byte. Everything is on loopback and in one temporary folder."""

import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import tempfile
import threading
import time

WAIT_S = 30

CONFIGURATION = '''xmpp: {{ component = "{component}"; secret = "sixteen-characters"; port = {xmpp};
	domains = [ {chat} ]; }};
sip: {{ proxy = "sip:127.0.0.1:{peer};transport=udp"; listen = [ "sip:127.0.0.1:{sip};transport=udp", "sip:127.0.0.1:{sip};transport=tcp" ];
	{more_sip} }};
domains: ( {{ xmpp = "{component}"; sip = "{domain}"; {more_domain} }} );
store: {{ path = "{folder}/state.db"; }};
control: {{ socket = "{folder}/control"; }};
process: {{ {user} caution = 0; }};
{more}
'''


class ChatServer(threading.Thread):
    """Takes the component's stream, keeps what it writes, answers pings. say() writes stanzas to it."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.stream = None
        self.connects = 0
        self.got = b''
        self.start()

    def run(self):
        while True:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                return
            self.serve(stream)

    def serve(self, stream):
        data, seen = b'', 0
        with stream:
            while True:
                try:
                    more = stream.recv(65536)
                except OSError:
                    return
                if not more:
                    return
                data += more
                if b'<handshake' not in data:
                    if seen == 0 and b'>' in data.partition(b'<stream:stream')[2]:
                        seen = len(data)
                        stream.sendall(b"<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
                                       b"xmlns:stream='http://etherx.jabber.org/streams' id='s' from='x'>")
                    continue
                if self.stream is not stream:
                    stream.sendall(b'<handshake/>')
                    with self.lock:
                        self.stream, self.connects = stream, self.connects + 1
                with self.lock:
                    self.got += more
                for ping in re.finditer(rb'<iq [^>]*><ping[^>]*/></iq>', more):
                    self.say(b"<iq type='result' id='%s' from='%s' to='%s'/>" % tuple(
                        re.search(rb'\b%s=["\']([^"\']*)' % name, ping.group())[1] for name in (b'id', b'to', b'from')))

    def say(self, stanza):
        self.stream.sendall(stanza if isinstance(stanza, bytes) else stanza.encode())

    def take(self):
        """What came since the last time, without pings."""
        with self.lock:
            got, self.got = self.got, b''
        return re.sub(rb'<iq [^>]*><ping[^>]*/></iq>|<handshake[^>]*>[^<]*</handshake>|<\?xml[^>]*\?>|<stream:stream[^>]*>', b'', got)

    def close(self):
        self.listener.close()
        if self.stream:
            try:
                self.stream.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Peer:
    """The SIP server that the daemon turns to: answers what answer() says, keeps every request."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        self.requests = []
        self.status_line = {}
        self.alive = True
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        self.socket.settimeout(0.05)
        while self.alive:
            try:
                data, source = self.socket.recvfrom(65536)
            except (TimeoutError, ConnectionError):
                continue
            except OSError:
                return
            method = data.split(b' ', 1)[0]
            if method.startswith(b'SIP/') or not data.strip():
                continue
            self.requests.append(data)
            lines = [l for l in data.split(b'\r\n\r\n')[0].split(b'\r\n')[1:]
                     if l.lower().split(b':')[0] in (b'via', b'from', b'to', b'call-id', b'cseq', b'v', b'f', b't', b'i')]
            lines = [l + b';tag=peer' if l.lower().startswith((b'to:', b't:')) and b';tag=' not in l else l for l in lines]
            extra = b'Expires: 600\r\nContact: <sip:peer@127.0.0.1:%d>\r\n' % self.port if method == b'SUBSCRIBE' else b''
            line = self.status_line.get(method, b'SIP/2.0 200 OK')
            self.socket.sendto(line + b'\r\n' + b'\r\n'.join(lines) + b'\r\n' + extra + b'Content-Length: 0\r\n\r\n', source)

    def of(self, method):
        return [it for it in list(self.requests) if it.startswith(method.encode() + b' ')]

    def close(self):
        self.alive = False
        self.thread.join()
        self.socket.close()


class Bridge:
    """with Bridge(daemon, ...) as bridge: the daemon serves, its link is up."""

    def __init__(self, daemon, component='sip.chat.example', chat=('chat.example',), domain='pbx.example', sip='', per_domain='', more=''):
        self.daemon, self.component, self.domain = daemon, component, domain
        self.temporary = tempfile.TemporaryDirectory(prefix='sipxmppd-')
        self.folder = pathlib.Path(self.temporary.name)
        self.chat, self.peer = ChatServer(), Peer()
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind(('127.0.0.1', 0))
            self.port = probe.getsockname()[1]
        (self.folder / 'sipxmppd.cfg').touch(0o600)
        (self.folder / 'sipxmppd.cfg').write_text(CONFIGURATION.format(
            component=component, xmpp=self.chat.port, chat=', '.join(f'"{it}"' for it in chat), peer=self.peer.port,
            sip=self.port, more_sip=sip, domain=domain, more_domain=per_domain, folder=self.folder, more=more,
            user='user = "root";' if os.geteuid() == 0 else ''))
        self.program = None
        self.code = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def start(self):
        before, links = len(self.log()), self.chat.connects
        with open(self.folder / 'log', 'ab') as log:
            self.program = subprocess.Popen([self.daemon, '-c', self.folder / 'sipxmppd.cfg', '-e', '-v'], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)
        self.until(lambda: 'daemon: serving' in self.log()[before:] and self.chat.connects > links, 'it serves')
        self.chat.take()

    def log(self):
        path = self.folder / 'log'
        return path.read_bytes().decode('utf-8', 'surrogateescape') if path.exists() else ''

    def until(self, is_so, what):
        end = time.monotonic() + WAIT_S
        while True:
            value = is_so()
            if value:
                return value
            if self.program.poll() is not None or time.monotonic() > end:
                raise AssertionError(f'not so: {what}\n{self.log()[-3000:]}')
            time.sleep(0.005)

    def stop(self, signo=signal.SIGTERM):
        self.program.send_signal(signo)
        self.code = self.program.wait(WAIT_S)
        return self.code

    def close(self):
        """Ends the daemon. Raises AssertionError when it had a word of a sanitizer to say, or broke."""
        try:
            if self.program and self.program.poll() is None:
                self.stop()
            log = self.log()
            broke = self.program and self.program.returncode not in (0, -signal.SIGKILL)
            if broke or 'Sanitizer' in log or 'runtime error' in log:
                raise AssertionError(f'the daemon ended with {self.program.returncode}\n{log[-6000:]}')
        finally:
            if self.program and self.program.poll() is None:
                self.program.kill()
                self.program.wait()
            self.chat.close()
            self.peer.close()
            self.temporary.cleanup()


class Phone:
    """A UDP socket, and TCP connections, towards the daemon."""

    def __init__(self, bridge, address=('127.0.0.1', 0)):
        self.bridge = bridge
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(address)
        self.address, self.port = self.udp.getsockname()
        self.count = 0

    def close(self):
        self.udp.close()

    def request(self, method, to, headers='', body=b'', user='1001', transport='UDP', raw=None):
        """The bytes of a request; raw replaces whole header lines by name: {'From': b'...'}"""
        self.count += 1
        body = body if isinstance(body, bytes) else body.encode()
        domain = self.bridge.domain
        lines = {'Via': f'SIP/2.0/{transport} {self.address}:{self.port};branch=z9hG4bK{self.port}.{self.count};rport',
                 'Max-Forwards': '70', 'From': f'<sip:{user}@{domain}>;tag={self.count}', 'To': f'<{to}>',
                 'Call-ID': f'{self.port}.{self.count}@phone', 'CSeq': f'1 {method}'}
        lines = {name: value.encode() for name, value in lines.items()}
        lines.update(raw or {})
        head = b''.join(name.encode() + b': ' + value + b'\r\n' for name, value in lines.items())
        return (f'{method} {to} SIP/2.0\r\n'.encode() + head + headers.encode() +
                b'Content-Length: %d\r\n\r\n' % len(body) + body)

    def send(self, data):
        self.udp.sendto(data, ('127.0.0.1', self.bridge.port))

    def received(self, wait=0.0):
        """One datagram, or None after wait seconds."""
        return self.udp.recv(65536) if select.select([self.udp], [], [], wait)[0] else None

    def ask(self, data, wait=WAIT_S):
        """Sends over UDP and returns the final answer with the request's Call-ID: (status, bytes)."""
        call_id = re.search(rb'\r\nCall-ID: ([^\r]*)', data)[1]
        self.send(data)
        end = time.monotonic() + wait
        while time.monotonic() < end:
            answer = self.received(min(0.5, max(0.0, end - time.monotonic())))
            if answer is None:
                if end - time.monotonic() > 0.1:
                    self.send(data)
            elif answer.startswith(b'SIP/2.0 ') and b'Call-ID: ' + call_id + b'\r\n' in answer and answer[8:9] != b'1':
                return int(answer[8:11]), answer
        return None, b''
