"""A small SIP user for tests and the demo (RFC 3261, 3428, 3903, 6665): one account of a SIP server,
over UDP or TCP on loopback. It registers, publishes, watches, writes and answers as it is told to.
No digest, no media, no resolver.

    alice = SipUser('sip:1001@pbx.example', proxy=('127.0.0.1', 5060))
    await alice.start()
    await alice.register()
    await alice.publish(pidf(alice.aor, note='lunch', activity='away'))
    watch = await alice.subscribe('sip:juliet@chat.example')
    answer = await alice.send_message('sip:juliet@chat.example', 'hello')
    await alice.close()
"""

import asyncio
import itertools
import os
import re
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

CRLF = b'\r\n'
DIALOG_INFO_TYPE = 'application/dialog-info+xml'
DIALOG_INFO = ('<?xml version="1.0"?>\n<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="{version}"'
               ' state="full" entity="{entity}">{dialog}</dialog-info>\n')
PIDF_TYPE = 'application/pidf+xml'
NS = {
    'p': 'urn:ietf:params:xml:ns:pidf',
    'dm': 'urn:ietf:params:xml:ns:pidf:data-model',
    'rpid': 'urn:ietf:params:xml:ns:pidf:rpid',
    'jc': 'jabber:client',
}
COMPACT = {'v': 'via', 'f': 'from', 't': 'to', 'i': 'call-id', 'm': 'contact', 'l': 'content-length',
           'c': 'content-type', 'o': 'event', 's': 'subject', 'k': 'supported', 'e': 'content-encoding'}
REASONS = {200: 'OK', 202: 'Accepted', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed',
           413: 'Request Entity Too Large', 415: 'Unsupported Media Type', 480: 'Temporarily Unavailable',
           481: 'Call/Transaction Does Not Exist', 486: 'Busy Here', 500: 'Server Internal Error',
           503: 'Service Unavailable', 603: 'Decline'}


def token():
    return os.urandom(6).hex()


class SipMessage:
    """A request (method, uri) or a response (status, reason); headers in order, body as bytes."""

    def __init__(self, method=None, uri=None, status=None, reason=None, headers=(), body=b''):
        self.method, self.uri = method, uri
        self.status, self.reason = status, reason
        self.headers = list(headers)
        self.body = body

    @classmethod
    def parse(cls, data):
        head, _, body = data.partition(CRLF + CRLF)
        lines = re.sub(rb'\r\n[ \t]+', b' ', head).decode('utf-8', 'replace').split('\r\n')
        first = lines[0].split(' ', 2)
        headers = []
        for line in lines[1:]:
            name, _, value = line.partition(':')
            name = name.strip().lower()
            headers.append((COMPACT.get(name, name), value.strip()))
        if first[0] == 'SIP/2.0':
            return cls(status=int(first[1]), reason=first[2] if len(first) > 2 else '',
                       headers=headers, body=body)
        return cls(method=first[0], uri=first[1], headers=headers, body=body)

    def get(self, name, default=''):
        return next((v for n, v in self.headers if n.lower() == name), default)

    def all(self, name):
        values = []
        for n, v in self.headers:
            if n.lower() == name:
                values += [p.strip() for p in re.split(r',(?=\s*<)', v)]
        return values

    def set(self, name, value):
        self.headers = [(n, v) for n, v in self.headers if n.lower() != name.lower()]
        self.headers.append((name, value))

    @property
    def text(self):
        return self.body.decode('utf-8', 'replace')

    @property
    def branch(self):
        found = re.search(r';branch=([^;,\s]+)', self.get('via'))
        return found.group(1) if found else ''

    def encode(self):
        first = (f'{self.method} {self.uri} SIP/2.0' if self.method
                 else f'SIP/2.0 {self.status} {self.reason}')
        lines = [first] + [f'{n}: {v}' for n, v in self.headers if n.lower() != 'content-length']
        lines.append(f'Content-Length: {len(self.body)}')
        return '\r\n'.join(lines).encode() + CRLF + CRLF + self.body

    def __str__(self):
        return self.encode().decode('utf-8', 'replace')


def addr_spec(value):
    """The URI inside a From, To, Contact or Route value."""
    found = re.search(r'<([^>]*)>', value)
    return found.group(1) if found else value.split(';')[0].strip()


def tag_of(value):
    found = re.search(r';tag=([^;>\s]+)', value)
    return found.group(1) if found else ''


def host_port(uri):
    found = re.match(r'sips?:(?:[^@]*@)?(\[[^\]]+\]|[^:;?>]+)(?::(\d+))?', uri)
    return found.group(1), int(found.group(2) or 5060)


class Pidf:
    """What a test asks of a presence document. Raises ParseError for one that is not well formed."""

    def __init__(self, body):
        self.root = ET.fromstring(body)
        self.entity = self.root.get('entity')
        self.tuples = self.root.findall('p:tuple', NS)

    @property
    def basics(self):
        return [t.findtext('p:status/p:basic', '', NS).strip() for t in self.tuples]

    @property
    def is_open(self):
        return 'open' in self.basics

    @property
    def notes(self):
        return [n.text for n in self.root.iter('{%s}note' % NS['p'])]

    @property
    def shows(self):
        return [s.text for s in self.root.iter('{jabber:client}show')]

    @property
    def activities(self):
        return [a.tag.split('}')[1] for acts in self.root.iter('{%s}activities' % NS['rpid']) for a in acts]


def pidf(entity, basic='open', note=None, activity=None, tuple_id='t1'):
    """A document as a phone publishes it; basic None: no tuple at all."""
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\r\n',
             f'<presence xmlns="{NS["p"]}" xmlns:dm="{NS["dm"]}" xmlns:rpid="{NS["rpid"]}"',
             f' entity={quoteattr(entity)}>']
    if basic:
        parts.append(f'<tuple id={quoteattr(tuple_id)}><status><basic>{basic}</basic></status>')
        if note:
            parts.append(f'<note>{escape(note)}</note>')
        parts.append('</tuple>')
    if activity:
        parts.append(f'<dm:person id="p1"><rpid:activities><rpid:{activity}/></rpid:activities></dm:person>')
    parts.append('</presence>')
    return ''.join(parts)


class Stream(asyncio.Protocol):
    """SIP over a TCP connection: messages are cut by Content-Length."""

    def __init__(self, user):
        self.user = user
        self.buffer = b''
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport
        self.user.streams.add(self)

    def connection_lost(self, exc):
        self.user.streams.discard(self)
        for key in [k for k, v in self.user.outgoing.items() if v is self]:
            del self.user.outgoing[key]

    def data_received(self, data):
        self.buffer += data
        while True:
            self.buffer = self.buffer.lstrip(b'\r\n')
            head, mark, rest = self.buffer.partition(CRLF + CRLF)
            if not mark:
                return
            found = re.search(rb'\r\n(?:content-length|l)\s*:\s*(\d+)', head, re.I)
            length = int(found.group(1)) if found else 0
            if len(rest) < length:
                return
            whole, self.buffer = head + mark + rest[:length], rest[length:]
            self.user.received(whole, self.send)

    def send(self, data):
        self.transport.write(data)


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, user):
        self.user = user

    def datagram_received(self, data, addr):
        if data.strip(b'\r\n\0'):
            self.user.received(data, lambda answer: self.user.udp.sendto(answer, addr))

    def error_received(self, exc):
        pass  # a closed port on the other side: the request's own timer tells


class Subscription:
    """One SUBSCRIBE dialog and what was notified in it."""

    def __init__(self, user, uri, event, accept, more=()):
        self.user, self.uri, self.event, self.accept, self.more = user, uri, event, accept, more
        self.call_id, self.local_tag, self.remote_tag = token() + '@127.0.0.1', token(), ''
        self.cseq = 0
        self.target, self.routes = uri, None
        self.notifies = []
        self.answer_with = 200  # for the next NOTIFYs; None: silence

    async def send(self, expires, **options):
        self.cseq += 1
        to = f'<{self.uri}>' + (f';tag={self.remote_tag}' if self.remote_tag else '')
        headers = [('From', f'<{self.user.aor}>;tag={self.local_tag}'), ('To', to),
                   ('Call-ID', self.call_id), ('CSeq', f'{self.cseq} SUBSCRIBE'),
                   ('Contact', f'<{self.user.contact}>'), ('Event', self.event),
                   ('Accept', self.accept), ('Expires', str(expires)), *self.more]
        answer = await self.user.request('SUBSCRIBE', self.target, headers, routes=self.routes, **options)
        if 200 <= answer.status < 300:
            self.learn(answer.get('to'), answer, list(reversed(answer.all('record-route'))))
        return answer

    def learn(self, remote, message, routes):
        if not self.remote_tag:
            self.remote_tag = tag_of(remote)
        if message.get('contact'):
            self.target = addr_spec(message.get('contact'))
        if self.routes is None:
            self.routes = routes

    async def refresh(self, expires=600):
        return await self.send(expires)

    async def end(self):
        return await self.send(0)

    @property
    def last(self):
        return self.notifies[-1] if self.notifies else None

    @property
    def state(self):
        """active, pending or terminated, of the last NOTIFY."""
        return self.last.get('subscription-state').split(';')[0].strip() if self.last else ''

    @property
    def reason(self):
        found = re.search(r'reason=([\w-]+)', self.last.get('subscription-state')) if self.last else None
        return found.group(1) if found else ''

    @property
    def document(self):
        return Pidf(self.last.body) if self.last and self.last.body else None


class SipUser:
    def __init__(self, aor, proxy, transport='udp', port=0, host='127.0.0.1'):
        self.aor, self.proxy, self.transport = aor, proxy, transport
        self.host, self.port = host, port
        self.udp = self.server = None
        self.streams, self.outgoing = set(), {}
        self.pending = {}       # branch -> future of the final response
        self.answered = {}      # (branch, method) -> our response, for retransmissions
        self.subscriptions = {} # our tag -> Subscription
        self.messages, self.requests = [], []
        self.answer_with = 200  # for MESSAGE; a function of the request, or None for silence
        self.etag = None
        self.call_etag = None
        self.counter = itertools.count(1)
        self.on_event = None    # on_event(text), for a timeline

    @property
    def contact(self):
        user = self.aor.split(':', 1)[1].split('@')[0]
        suffix = ';transport=tcp' if self.transport == 'tcp' else ''
        return f'sip:{user}@{self.host}:{self.port}{suffix}'

    async def start(self):
        loop = asyncio.get_running_loop()
        if self.transport == 'udp':
            self.udp, _ = await loop.create_datagram_endpoint(lambda: Datagrams(self),
                                                              local_addr=(self.host, self.port))
            self.port = self.udp.get_extra_info('sockname')[1]
        else:
            self.server = await loop.create_server(lambda: Stream(self), self.host, self.port)
            self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def close(self):
        if self.udp:
            self.udp.close()
        if self.server:
            self.server.close()
        for stream in list(self.streams):
            stream.transport.close()

    # Requests we send ----------------------------------------------------------------------------

    async def writer(self, hop):
        if self.transport == 'udp':
            return lambda data: self.udp.sendto(data, hop)
        if hop not in self.outgoing:
            _, stream = await asyncio.get_running_loop().create_connection(lambda: Stream(self), *hop)
            self.outgoing[hop] = stream
        return self.outgoing[hop].send

    async def request(self, method, uri, headers, body=b'', routes=None, timeout=32, hop=None):
        """Sends and returns the final response. TimeoutError: none came. routes None: by the proxy."""
        branch = 'z9hG4bK' + token()
        via = f'SIP/2.0/{self.transport.upper()} {self.host}:{self.port};branch={branch};rport'
        lines = [('Via', via), ('Max-Forwards', '70')]
        lines += [('Route', r) for r in routes or ()]
        message = SipMessage(method=method, uri=uri, headers=lines + list(headers), body=body)
        if hop is None:
            hop = host_port(addr_spec(routes[0])) if routes else self.proxy
        send = await self.writer(hop)
        future = self.pending[branch] = asyncio.get_running_loop().create_future()
        try:
            return await asyncio.wait_for(self.repeat(send, message.encode(), future), timeout)
        finally:
            del self.pending[branch]

    async def repeat(self, send, data, future):
        send(data)
        wait = 0.5
        while self.transport == 'udp':
            done, _ = await asyncio.wait([future], timeout=wait)
            if done:
                break
            send(data)
            wait = min(2 * wait, 4)
        return await future

    def outside(self, method, uri, extra=(), from_uri=None, display=None):
        """Headers of a request outside a dialog."""
        name = f'"{display}" ' if display else ''
        return [('From', f'{name}<{from_uri or self.aor}>;tag={token()}'), ('To', f'<{uri}>'),
                ('Call-ID', token() + '@127.0.0.1'), ('CSeq', f'{next(self.counter)} {method}'), *extra]

    async def register(self, expires=600):
        registrar = 'sip:' + self.aor.split('@')[1]
        headers = self.outside('REGISTER', self.aor,
                               [('Contact', f'<{self.contact}>'), ('Expires', str(expires))])
        return await self.request('REGISTER', registrar, headers)

    async def publish(self, document, expires=600):
        """document None: the publication ends."""
        extra = [('Event', 'presence'), ('Expires', str(expires if document else 0))]
        if self.etag:
            extra.append(('SIP-If-Match', self.etag))
        if document:
            extra.append(('Content-Type', PIDF_TYPE))
        headers = self.outside('PUBLISH', self.aor, extra)
        answer = await self.request('PUBLISH', self.aor, headers, (document or '').encode())
        if answer.status == 200:
            self.etag = answer.get('sip-etag') if document else None
        return answer

    async def publish_call(self, state):
        """What its server would say of a call of this phone (RFC 4235): 'early', 'confirmed', or None: none any more."""
        dialog = f'<dialog id="call"><state>{state}</state></dialog>' if state else ''
        extra = [('Event', 'dialog'), ('Expires', '600'), ('Content-Type', DIALOG_INFO_TYPE)]
        if self.call_etag:
            extra.append(('SIP-If-Match', self.call_etag))
        body = DIALOG_INFO.format(version=next(self.counter), entity=self.aor, dialog=dialog)
        answer = await self.request('PUBLISH', self.aor, self.outside('PUBLISH', self.aor, extra), body.encode())
        if answer.status == 200:
            self.call_etag = answer.get('sip-etag')
        return answer

    async def subscribe(self, uri, event='presence', expires=600, accept=PIDF_TYPE, more=(), **options):
        """The subscription; its .answer is the response, NOTIFYs may have come before it."""
        subscription = Subscription(self, uri, event, accept, more)
        self.subscriptions[subscription.local_tag] = subscription
        subscription.answer = await subscription.send(expires, **options)
        return subscription

    async def send_message(self, uri, text, content_type='text/plain;charset=UTF-8', extra=(), **options):
        body = text.encode() if isinstance(text, str) else text
        lines = ([('Content-Type', content_type)] if content_type else []) + list(extra)
        names = {k: options.pop(k) for k in ('from_uri', 'display') if k in options}
        headers = self.outside('MESSAGE', uri, lines, **names)
        return await self.request('MESSAGE', uri, headers, body, **options)

    async def options(self, uri=None, **options):
        uri = uri or f'sip:{self.proxy[0]}:{self.proxy[1]}'
        return await self.request('OPTIONS', uri, self.outside('OPTIONS', uri), **options)

    # What arrives --------------------------------------------------------------------------------

    def received(self, data, answer):
        message = SipMessage.parse(data)
        if message.status:
            future = self.pending.get(message.branch)
            if future and not future.done() and message.status >= 200:
                future.set_result(message)
            return
        key = (message.branch, message.method)
        if key in self.answered:
            if self.answered[key]:
                answer(self.answered[key])
            return
        code, extra = self.handle(message)
        self.answered[key] = self.response(message, code, extra) if code else b''
        if code:
            answer(self.answered[key])

    def handle(self, request):
        """Returns the answer's code (None: silence) and further headers."""
        self.requests.append(request)
        if request.method == 'MESSAGE':
            code = self.answer_with(request) if callable(self.answer_with) else self.answer_with
            if code and code < 300:
                self.messages.append(request)
            self.tell('MESSAGE', request)
            return code, ()
        if request.method == 'NOTIFY':
            subscription = self.subscriptions.get(tag_of(request.get('to')))
            if not subscription or subscription.call_id != request.get('call-id'):
                return 481, ()
            subscription.learn(request.get('from'), request, request.all('record-route'))
            if subscription.answer_with == 200:
                subscription.notifies.append(request)
                self.tell('NOTIFY', request)
            return subscription.answer_with, ()
        if request.method == 'OPTIONS':
            return 200, ()
        return 405, [('Allow', 'MESSAGE, NOTIFY, OPTIONS')]

    def tell(self, what, request):
        if self.on_event:
            self.on_event(what, request)

    def response(self, request, code, extra):
        headers = [(n, v) for n, v in request.headers if n.lower() in ('via', 'from', 'call-id', 'cseq')]
        to = request.get('to')
        headers.append(('To', to if tag_of(to) else f'{to};tag={token()}'))
        return SipMessage(status=code, reason=REASONS.get(code, 'Answer'), headers=headers + list(extra)).encode()
