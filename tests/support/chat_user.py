"""A chat user for tests and the demo: a slixmpp client that keeps what it receives, answers nothing by itself, and
lets the test decide. Needs python3-slixmpp.

    juliet = ChatUser('juliet@chat.example', 'secret', port=5222)
    await juliet.sign_in()
    juliet.presence('subscribe', to='1001@sip.chat.example')
    juliet.say('1001@sip.chat.example', 'hello')
"""

import asyncio
import logging
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

logging.getLogger('slixmpp').setLevel(logging.CRITICAL)  # before it warns about itself

import slixmpp  # noqa: E402
from slixmpp.xmlstream.handler import Callback  # noqa: E402
from slixmpp.xmlstream.matcher import MatchXPath  # noqa: E402

CLIENT = '{jabber:client}'
STANZAS = '{urn:ietf:params:xml:ns:xmpp-stanzas}'


class Stanza:
    """A received stanza as tests ask for it."""

    def __init__(self, xml):
        self.xml = xml
        self.kind = xml.tag.split('}')[1]
        self.type = xml.get('type', '')
        self.id = xml.get('id', '')
        self.sender = xml.get('from', '')
        self.bare = self.sender.split('/')[0]

    def text(self, name):
        return self.xml.findtext(CLIENT + name)

    show = property(lambda self: self.text('show') or '')
    status = property(lambda self: self.text('status') or '')
    body = property(lambda self: self.text('body'))

    @property
    def condition(self):
        """The defined condition of an error stanza."""
        error = self.xml.find(CLIENT + 'error')
        names = [e.tag for e in error if e.tag.startswith(STANZAS)] if error is not None else []
        return next((n[len(STANZAS):] for n in names if not n.endswith('}text')), '')

    @property
    def error_text(self):
        return self.xml.findtext(f'{CLIENT}error/{STANZAS}text') or ''

    def __str__(self):
        return ET.tostring(self.xml, encoding='unicode')


class ChatUser:
    def __init__(self, jid, password, port, host='127.0.0.1', resource='test'):
        self.jid, self.password, self.resource = jid, password, resource
        self.address = (host, port)
        self.client = None
        self.stanzas = []
        self.on_event = None  # on_event(stanza), for a timeline

    def new_client(self):
        client = slixmpp.ClientXMPP(f'{self.jid}/{self.resource}', self.password,
                                    plugin_config={'feature_mechanisms': {'unencrypted_plain': True}})
        client.roster.auto_authorize = None
        client.roster.auto_subscribe = False
        client.end_session_on_disconnect = True
        for kind in ('message', 'presence'):
            client.register_handler(Callback(f'keep {kind}', MatchXPath(CLIENT + kind), self.keep))
        return client

    def keep(self, stanza):
        kept = Stanza(stanza.xml)
        self.stanzas.append(kept)
        if self.on_event:
            self.on_event(kept)

    async def sign_in(self, presence=True):
        self.client = self.new_client()
        ready = asyncio.get_running_loop().create_future()

        def settle(result, error=None):
            if not ready.done():
                ready.set_exception(error) if error else ready.set_result(result)

        self.client.add_event_handler('session_start', lambda _: settle(True))
        self.client.add_event_handler('failed_auth', lambda e: settle(None, ConnectionError(f'refused: {e}')))
        self.client.connect(self.address, disable_starttls=True, force_starttls=False)
        await asyncio.wait_for(ready, 20)
        await self.client.get_roster()
        if presence:
            await self.announce()
        return self

    async def announce(self):
        """Available, and known to the server as such: it shows a user her own presence."""
        seen = len(self.stanzas)
        self.presence()
        me = f'{self.jid}/{self.resource}'
        for _ in range(500):
            if any(s.kind == 'presence' and s.sender == me for s in self.stanzas[seen:]):
                return
            await asyncio.sleep(0.02)
        raise ConnectionError('the server does not show the presence')

    async def sign_out(self):
        """Goes offline in order: unavailable, then the end of the stream."""
        if self.client and self.client.is_connected():
            self.presence('unavailable')
            await self.client.disconnect(wait=2.0)
        self.forget()

    def cut(self):
        """Goes away without a word, as a machine that is switched off."""
        if self.client:
            self.client.abort()
        self.forget()

    def forget(self):
        # COMPAT(slixmpp 1.8): its task for outgoing stanzas outlives the stream.
        task = getattr(self.client, '_run_out_filters', None)
        if task:
            task.cancel()
        self.client = None

    def send(self, text):
        """A stanza as it stands, bytes and all."""
        self.client.send_raw(text)

    def presence(self, type_=None, to=None, show=None, status=None, priority=None):
        attributes = (f' type="{type_}"' if type_ else '') + (f' to="{escape(to)}"' if to else '')
        children = ''.join(f'<{n}>{escape(str(v))}</{n}>' for n, v in
                           (('show', show), ('status', status), ('priority', priority)) if v is not None)
        self.send(f'<presence{attributes}>{children}</presence>')

    def say(self, to, body, type_='chat', id_=None, extra=''):
        id_ = id_ or slixmpp.xmlstream.xmlstream.uuid.uuid4().hex
        text = f'<body>{escape(body)}</body>' if body is not None else ''
        self.send(f'<message to="{escape(to)}" type="{type_}" id="{id_}">{text}{extra}</message>')
        return id_

    async def ask(self, to, payload, type_='get', timeout=10):
        """An iq; returns the answer, an error too."""
        iq = self.client.make_iq(ito=to, itype=type_)
        iq.append(ET.fromstring(payload))
        try:
            return Stanza((await iq.send(timeout=timeout)).xml)
        except slixmpp.exceptions.IqError as error:
            return Stanza(error.iq.xml)

    def got(self, kind, bare=None, type_=None):
        return [s for s in self.stanzas if s.kind == kind and (bare is None or s.bare == bare)
                and (type_ is None or s.type == type_)]

    def shown(self, bare):
        """The last presence of a contact (available or unavailable), or None."""
        seen = [s for s in self.got('presence', bare) if s.type in ('', 'unavailable')]
        return seen[-1] if seen else None

    def bodies(self, bare):
        return [s.body for s in self.got('message', bare) if s.type != 'error' and s.body is not None]

    def errors(self, id_):
        return [s for s in self.got('message', type_='error') if s.id == id_]
