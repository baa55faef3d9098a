"""Scripted PBXs: they speak as Asterisk and FreeSWITCH were measured to speak, and what they say is what those said:
each NOTIFY is a file of tests/samples with the ids of the dialog put in.

    pbx = await Asterisk(rig.sip_port).start()
    pbx.set('1001', 'ringing')
    await pbx.crash()
    await pbx.restart()
"""

import asyncio
import itertools
import pathlib
import re
import time

from sip_ua import SipMessage, SipUser, addr_spec, host_port, tag_of, token

SAMPLES = pathlib.Path(__file__).resolve().parent.parent / 'samples'
OWN = ('via', 'from', 'to', 'call-id', 'cseq', 'contact', 'subscription-state', 'content-length')
CALL = b'43188bda-18df-4a6d-9db1-f408cab61d90'
PIDF, DIALOG_INFO = 'application/pidf+xml', 'application/dialog-info+xml'
SUMMARY = 'application/simple-message-summary'


class Dialog:
    """A subscription as the PBX keeps it, in memory and in its database."""

    def __init__(self, request, extension):
        self.extension = extension
        self.call_id, self.event = request.get('call-id'), request.get('event').split(';')[0]
        self.local_tag = token()
        self.watcher, self.local = request.get('from'), request.get('to')
        self.accept = request.get('accept')
        self.routes = request.all('record-route')
        self.remote_cseq = 0
        self.cseq, self.version = 100, -1
        self.state = None  # told last
        self.learn(request)

    def learn(self, request):
        self.target = addr_spec(request.get('contact'))
        self.remote_cseq = int(request.get('cseq').split()[0])
        self.expires = int(request.get('expires') or 3600)
        self.ends = time.monotonic() + self.expires


class Pbx(SipUser):
    """What both have in common. states: what each extension does now, by the names of the samples."""

    folder = server = None

    def __init__(self, port, transport='udp', states=None):
        super().__init__('sip:pbx@pbx.example', None, transport, port)
        self.states = dict(states or {})
        self.dialogs, self.ended = {}, set()
        self.answers = []       # codes that NOTIFYs were answered with; None: no answer
        self.subscribes = []    # every SUBSCRIBE
        self.tasks = set()
        self.is_down = False
        self.drop = set()       # extensions whose NOTIFYs are lost on the way
        self.most_expires = 3600
        self.mute = set()       # packages that are granted and never told of

    # Going away and coming back -------------------------------------------------------------------

    async def crash(self):
        """Gone without a word."""
        self.is_down = True
        for task in list(self.tasks):
            task.cancel()
        await self.close()
        self.udp = self.server = None

    async def restart(self):
        for _ in range(100):
            try:
                await self.start()
                break
            except OSError:
                await asyncio.sleep(0.05)  # the old socket is closed a turn of the loop later
        self.is_down = False

    # Telling --------------------------------------------------------------------------------------

    def set(self, extension, state):
        """The extension's state is now that of the sample; everybody who watches it is told."""
        self.states[extension] = state
        for dialog in list(self.dialogs.values()):
            if dialog.extension == extension and dialog.event not in self.mute:
                self.tell(dialog)

    def sample(self, kind, state):
        """What a real one sent of that kind in that state; None if it sent nothing then."""
        for path in (SAMPLES / self.folder / f'notify-{kind}-{state}.txt',
                     SAMPLES / 'empty' / f'{self.folder}-notify-{kind}-{state}.txt'):
            if path.exists():
                return SipMessage.parse(path.read_bytes())
        return None

    def tell(self, dialog, state=None, subscription=None, repeats=False):
        """Sends a NOTIFY without waiting for the answers to earlier ones."""
        sample = self.says(dialog, state)
        if not sample:
            return None
        if not repeats:
            dialog.version += 1
        left = max(0, int(dialog.ends - time.monotonic()))
        subscription = subscription or f'active;expires={left}'
        headers = self.notify_headers(dialog, sample, subscription)
        request = ('NOTIFY', dialog.target, headers, self.body(dialog, sample))
        return self.spawn(self.notify(dialog, request))

    def says(self, dialog, state):
        name = state or self.states[dialog.extension]
        kind = 'dialog-info' if DIALOG_INFO in dialog.accept else 'pidf'
        return self.sample(kind, name) or self.sample('digium', name.removeprefix('digium-'))

    def notify_headers(self, dialog, sample, subscription):
        own = [('From', f'{dialog.local};tag={dialog.local_tag}'), ('To', dialog.watcher),
               ('Contact', self.contact_of(dialog.extension)), ('Call-ID', dialog.call_id),
               ('CSeq', f'{self.next_cseq(dialog)} NOTIFY'), ('Subscription-State', subscription)]
        theirs = [(n, v) for n, v in sample.headers if n not in OWN and n != 'max-forwards']
        return own + [(n, v) for n, v in theirs if n != 'event' or self.names_event(subscription)]

    def names_event(self, subscription):
        return True

    def spawn(self, work):
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def notify(self, dialog, request):
        hop = host_port(addr_spec(dialog.routes[0]) if dialog.routes else dialog.target)
        if dialog.extension in self.drop or self.is_down:
            return
        try:
            answer = await self.request(*request, routes=dialog.routes, timeout=8, hop=hop)
            self.answers.append(answer.status)
            if answer.status >= 300:
                self.refused(dialog)
        except (asyncio.TimeoutError, OSError):
            self.answers.append(None)

    def forget(self, dialog):
        self.dialogs.pop(dialog.call_id, None)
        self.ended.add(dialog.call_id)

    # Being asked ----------------------------------------------------------------------------------

    def handle(self, request):
        self.requests.append(request)
        if self.is_down:
            return None, ()
        method = getattr(self, 'on_' + request.method.lower(), None)
        return method(request) if method else (501, ())

    def on_options(self, request):
        return 200, ()

    def on_message(self, request):
        self.messages.append(request)
        return 202, ()

    def on_subscribe(self, request):
        self.subscribes.append(request)
        dialog = self.dialogs.get(request.get('call-id'))
        if tag_of(request.get('to')):
            return self.refresh(dialog, request)
        return self.begin(request)

    def response(self, request, code, extra):
        """With the tag of the dialog, which it may have created a moment ago."""
        dialog = self.dialogs.get(request.get('call-id'))
        reason = extra[0][1] if extra and extra[0][0] == 'reason' else None
        extra = [(n, v) for n, v in extra if n != 'reason']
        headers = [(n, v) for n, v in request.headers if n in ('via', 'from', 'call-id', 'cseq', 'record-route')]
        to = request.get('to')
        tag = dialog.local_tag if dialog else request.branch
        headers.append(('To', to if tag_of(to) else f'{to};tag={tag}'))
        return SipMessage(status=code, reason=reason or 'Answer', headers=headers + extra).encode()


class Asterisk(Pbx):
    """File 31, Asterisk. Extensions are those that have a state; some have a mailbox: (new, old)."""

    folder = 'asterisk'

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.mailboxes = {}

    def set_mailbox(self, extension, new, old):
        self.mailboxes[extension] = (new, old)
        for dialog in list(self.dialogs.values()):
            if dialog.extension == extension and dialog.event == 'message-summary':
                self.tell(dialog)

    def sample(self, kind, state):
        """No summary was captured: its form is that of res_pjsip_mwi_body_generator, without an account."""
        if kind != 'message-summary':
            return super().sample(kind, state)
        new, old = state
        body = f'Messages-Waiting: {"yes" if new else "no"}\r\nVoice-Message: {new}/{old} (0/0)\r\n'
        return SipMessage(headers=[('event', kind), ('content-type', SUMMARY)], body=body.encode())

    def says(self, dialog, state):
        if dialog.event == 'message-summary':
            return self.sample(dialog.event, self.mailboxes[dialog.extension])
        return super().says(dialog, state)

    def contact_of(self, extension):
        suffix = ';transport=TCP' if self.transport == 'tcp' else ''
        return f'<sip:127.0.0.1:{self.port}{suffix}>'

    def next_cseq(self, dialog):
        dialog.cseq += 1
        return dialog.cseq

    def begin(self, request):
        extension = request.uri.split(':', 1)[1].split('@')[0]
        accept, event = request.get('accept'), request.get('event')
        if event.split(';')[0] not in ('presence', 'dialog', 'message-summary') or ';q=' in accept or '*/*' in accept:
            return 489, ()
        if request.get('expires') == '0':
            return 400, ()
        if extension not in (self.mailboxes if event == 'message-summary' else self.states):
            return 404, ()
        dialog = self.dialogs[request.get('call-id')] = Dialog(request, extension)
        dialog.accept = self.first_known(accept) or (PIDF if event == 'presence' else DIALOG_INFO)
        self.cut(dialog)
        # It gives addresses back without their port (AST-2).
        dialog.local = re.sub(r'(@[^:;>]+):\d+', r'\1', dialog.local)
        self.spawn(self.later(dialog))
        return 200, self.granted(dialog)

    def cut(self, dialog):
        """Longer than it likes is cut without a word (AST-9)."""
        dialog.expires = min(dialog.expires, self.most_expires)
        dialog.ends = time.monotonic() + dialog.expires

    def first_known(self, accept):
        return next((a.strip() for a in accept.split(',') if a.strip() in (PIDF, DIALOG_INFO)), '')

    def granted(self, dialog):
        return [('Expires', str(dialog.expires)), ('Contact', self.contact_of(dialog.extension)),
                ('Server', 'Asterisk PBX 22.10.1')]

    async def later(self, dialog, **how):
        self.tell(dialog, **how)

    def refresh(self, dialog, request):
        if not dialog:
            known = request.get('call-id') in self.ended
            return (500, [('reason', 'Unhandled by dialog usages')]) if known else (481, ())
        if not request.get('event'):
            return 500, [('reason', 'Unhandled by dialog usages')]
        if int(request.get('cseq').split()[0]) <= dialog.remote_cseq:
            return 500, [('reason', 'Invalid CSeq')]
        dialog.learn(request)
        self.cut(dialog)
        if dialog.expires == 0:
            # Without a reason, with a body that claims the phone is ready (PBX-010).
            self.spawn(self.later(dialog, state='unsubscribed', subscription='terminated'))
            self.forget(dialog)
        else:
            self.spawn(self.later(dialog, repeats=True))
        return 200, self.granted(dialog)

    def refused(self, dialog):
        """Any final answer but 2xx ends a subscription without a word (AST-3)."""
        self.forget(dialog)

    def overtaken(self, extension, older, newer):
        """Two changes with the first one lost on the way: it arrives after the second."""
        for dialog in [d for d in self.dialogs.values() if d.extension == extension]:
            dialog.cseq += 1
            self.states[extension] = newer
            self.tell(dialog)
            dialog.cseq -= 2
            self.tell(dialog, state=older)
            dialog.cseq += 1

    def remove_hint(self, extension):
        """The extension is taken out of the dialplan: terminated, and the body says ready."""
        for dialog in [d for d in self.dialogs.values() if d.extension == extension]:
            self.tell(dialog, state='hint-removed', subscription='terminated')
            self.forget(dialog)
        del self.states[extension]

    def body(self, dialog, sample):
        number = dialog.extension.encode()
        entity = addr_spec(dialog.local).encode()
        body = sample.body.replace(b'sip:1001@127.0.0.1:15070', entity).replace(b'sip:1004@127.0.0.1:15070', entity)
        body = body.replace(b'"1001"', b'"%s"' % number).replace(b'"1004"', b'"%s"' % number)
        body = body.replace(b'sip:juliet@example.com', addr_spec(dialog.watcher).replace('&', '&amp;').encode())
        return re.sub(rb'version="\d+" state', b'version="%d" state' % dialog.version, body)

    async def restart(self, falls_back=False):
        """Subscriptions come back from its database and are told at once. falls_back: killed within a second of
        the last changes, it has forgotten their count."""
        await super().restart()
        for dialog in self.dialogs.values():
            if falls_back:
                dialog.cseq, dialog.version = dialog.cseq - 3, dialog.version - 3
            self.tell(dialog)


class FreeSwitch(Pbx):
    """File 31, FreeSWITCH: takes every SUBSCRIBE, whoever it is for. Its samples are of user 1002."""

    folder = 'freeswitch'
    # Of some states only the dialog package was captured; the note is then what its source writes.
    NOTES = {'call-hold-holder': ('call-confirmed', b'Talk 1001', b'Hold 1002'),
             'call-confirmed-caller': ('call-confirmed', b'Talk 1001', b'Talk 1002')}

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.cseq = itertools.count(1405163375)  # one for all

    def sample(self, kind, state):
        base, old, new = self.NOTES.get(state, (state, b'', b'')) if kind == 'pidf' else (state, b'', b'')
        found = super().sample(kind, base)
        if found:
            found.body = found.body.replace(old, new) if old else found.body
            # Each capture was of a call of its own; here they are one call, and the events another.
            call = b'event' if state.startswith('event') else b'call'
            found.body = re.sub(rb'dialog id="[^"]*"', b'dialog id="%s-%s"' % (call, CALL), found.body)
        return found

    def contact_of(self, extension):
        suffix = ';transport=tcp' if self.transport == 'tcp' else ''
        return f'<sip:{extension}@127.0.0.1:{self.port}{suffix}>'

    def next_cseq(self, dialog):
        return next(self.cseq)

    def names_event(self, subscription):
        return not subscription.startswith('terminated')

    def begin(self, request):
        event = request.get('event')
        if not event:
            return 489, ()
        extension = request.uri.split(':', 1)[1].split('@')[0]
        dialog = Dialog(request, extension)
        dialog.accept = DIALOG_INFO if event == 'dialog' else PIDF  # Accept is not looked at
        self.dialogs[dialog.call_id] = dialog
        if dialog.expires == 0:
            return self.end(dialog)
        if event in ('presence', 'dialog') and event not in self.mute:
            self.spawn(self.later(dialog))
        return 202, self.granted(dialog)

    async def later(self, dialog):
        self.tell(dialog, state=self.first_state(dialog))

    def first_state(self, dialog):
        """What a new or refreshed subscription is told: the dialog package knows registered or not."""
        state = self.states.get(dialog.extension, 'unregistered')
        return state if dialog.event == 'presence' or self.sample('dialog-info', state) else 'registered'

    def granted(self, dialog):
        return [('Contact', self.contact_of(dialog.extension)), ('Expires', str(dialog.expires)),
                ('User-Agent', 'FreeSWITCH-mod_sofia/1.11.2-release~64bit'),
                ('Subscription-State', f'active;expires={dialog.expires}')]

    def refresh(self, dialog, request):
        if not dialog:
            return 481, ()
        dialog.learn(request)
        if dialog.expires == 0:
            return self.end(dialog)
        self.spawn(self.later(dialog))
        return 202, self.granted(dialog)

    def end(self, dialog):
        """noresource, always: it does not mean that there is no such user (PBX-034)."""
        self.spawn(self.goodbye(dialog))
        return 202, self.granted(dialog)

    def expire(self, extension):
        """Its subscriptions run out."""
        for dialog in [d for d in self.dialogs.values() if d.extension == extension]:
            self.end(dialog)

    async def goodbye(self, dialog):
        self.tell(dialog, state='unsubscribed', subscription='terminated;reason=noresource')
        self.forget(dialog)

    def refused(self, dialog):
        """Nothing: the subscription lives on, whatever a NOTIFY is answered."""

    def body(self, dialog, sample):
        watcher_host = addr_spec(dialog.watcher).split('@')[-1].split(':')[0].encode()
        body = sample.body.replace(b'@pbx.example.com', b'@pbx.example').replace(b'@example.com', b'@' + watcher_host)
        return re.sub(rb'version="\d+" state', b'version="%d" state' % dialog.version, body)
