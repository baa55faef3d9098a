#!/usr/bin/python3
"""The scene of scripts/demo.sh: a SIP user and a chat user through Kamailio, sipxmppd and Prosody.

  demo.py --daemon PATH [--stay]
"""

import argparse
import asyncio
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from rig import COMPONENT, PBX, Failed, Rig, check, until  # noqa: E402
from sip_ua import DIALOG_INFO_TYPE, Pidf, pidf            # noqa: E402
from test_notices import MARKERS, RECEIPTS, STATES, TYPING, cpim, imdn, is_composing  # noqa: E402
from test_running import control                           # noqa: E402

ALICE_JID = f'1001@{COMPONENT}'
JULIET = 'sip:juliet@chat.example'


class Timeline:
    """Two columns with the time: left what the SIP user does (>) and gets (<), right the chat user."""

    def __init__(self):
        self.start = time.monotonic()
        self.width = max(36, min(60, (shutil.get_terminal_size((100, 24)).columns - 9) // 2))
        print(f'\n{"s":>6}  {"SIP user 1001@" + PBX:<{self.width}} chat user juliet@chat.example')
        print(f'{"":>6}  {"-" * (self.width - 2):<{self.width}} {"-" * (self.width - 2)}')

    def line(self, column, text):
        text = text if len(text) < self.width else text[:self.width - 4] + '...'
        print(f'{time.monotonic() - self.start:6.2f}  {"" if column else text:<{self.width}} {text if column else ""}'
              .rstrip(), flush=True)

    def sip(self, text):
        self.line(0, text)

    def chat(self, text):
        self.line(1, text)

    def chapter(self, text):
        print(f'\n        {text}', flush=True)

    def shell(self, command, output):
        """What the operator sees."""
        print('\n'.join(f'        {text}' for text in [f'# {command}', *output.splitlines()]), flush=True)

    def sip_event(self, what, request):
        if what == 'MESSAGE':
            return self.sip(f'< {describe_message(request)}')
        state = request.get('subscription-state').split(';')
        if 'dialog-info' in (request.get('content-type') or '') and state[0] == 'active':
            return self.sip(f'< the lamp of juliet is {lamp(request)}')
        if request.body and state[0] != 'terminated':
            return self.sip(f'< juliet is {describe_document(Pidf(request.body))}')
        self.sip(f'< juliet: {" ".join([state[0]] + [p for p in state[1:] if p.startswith("reason")])}')

    def chat_event(self, stanza):
        who = stanza.bare.split('@')[0]
        if stanza.bare.endswith('chat.example') and '@chat.example' in stanza.bare:
            return  # her own presence
        if stanza.type == 'error':
            self.chat(f'< error: {stanza.condition} ({stanza.error_text or "no text"})')
        elif stanza.kind == 'message':
            self.chat(f'< "{stanza.body}"' if stanza.body else f'< {who} {describe_notice(stanza)}')
        else:
            self.chat(f'< {who} ' + WORDS.get(stanza.type, stanza.type)
                      + (describe(stanza.show, stanza.status) if not stanza.type else ''))


WORDS = {'': 'is ', 'subscribe': 'asks to see your presence', 'subscribed': 'lets you see the presence',
         'unsubscribed': 'ended your subscription', 'unavailable': 'is offline'}


NOTICES = {'composing': 'is typing', 'active': 'stopped typing', 'paused': 'stopped typing',
           'received': 'has it: delivered', 'displayed': 'has read it'}
IMDN = {'delivered': 'has it: delivered', 'displayed': 'has read it'}


def describe_notice(stanza):
    names = [child.tag.split('}')[1] for child in stanza.xml]
    return next((NOTICES[n] for n in names if n in NOTICES), ' '.join(names))


def describe_message(request):
    kind = request.get('content-type').split(';')[0].lower()
    if kind == TYPING:
        return 'juliet ' + ('is typing' if '>active<' in request.text else 'stopped typing')
    if kind != 'message/cpim':
        return f'"{request.text}"'
    status = re.search(r'<status>\s*<(\w+)', request.text)
    if status:
        return 'juliet ' + IMDN.get(status.group(1), status.group(1))
    return '"' + request.text.split('\r\n\r\n')[-1] + '" (asks for receipts)'


def lamp(request):
    return 'lit' if '<state>confirmed<' in request.text else 'dark'


def describe(show, status):
    return (show or 'available') + (f', "{status}"' if status else '')


def describe_document(document):
    if not document.is_open:
        return 'offline'
    return describe((document.shows + [''])[0], (document.notes + [''])[0])


async def scene(rig, line):
    """Every await that fails is a step that did not happen."""
    alice = await rig.sip_user('1001')
    juliet = await rig.chat_user('juliet')
    alice.on_event, juliet.on_event = line.sip_event, line.chat_event
    await chat_watches_sip(line, alice, juliet)
    await call(line, alice, juliet)
    watch = await sip_watches_chat(line, alice, juliet)
    await away_and_back(line, alice, juliet, watch)
    await lamp_key(line, alice, juliet)
    await messages(line, alice, juliet)
    await nobody_there(line, alice, juliet)
    await how_far_it_came(line, alice, juliet)
    await asked_by_the_chat_user(line, alice, juliet)
    await server_down(rig, line, alice, juliet)
    alice.on_event = juliet.on_event = None


async def publish(line, alice, text, **words):
    line.sip(f'> publishes: {text}')
    check((await alice.publish(pidf(alice.aor, **words))).status == 200, 'the publication is taken')


async def chat_watches_sip(line, alice, juliet):
    line.chapter('The chat user adds the SIP user to the roster')
    await publish(line, alice, 'available, "at my desk"', note='at my desk')
    line.chat(f'> adds {ALICE_JID}')
    juliet.presence('subscribe', to=ALICE_JID)
    await until(lambda: juliet.got('presence', ALICE_JID, 'subscribed'), 'the chat user may see the SIP user')
    await shown(juliet, '', 'at my desk')


async def shown(juliet, show, status, type_=''):
    def is_so():
        now = juliet.shown(ALICE_JID)
        return now and (now.type, now.show, now.status) == (type_, show, status)
    await until(is_so, f'the chat user sees {type_ or describe(show, status)}')


async def call(line, alice, juliet):
    line.chapter('The phone rings, is answered, and hangs up')
    for state, text, show, status in (('early', 'a call comes in', '', 'Ringing: at my desk'),
                                      ('confirmed', 'and is answered', 'dnd', 'On the phone: at my desk'),
                                      (None, 'hangs up', '', 'at my desk')):
        line.sip(f'> {text}')
        check((await alice.publish_call(state)).status == 200, 'the SIP server hears of the call')
        await shown(juliet, show, status)


async def sip_watches_chat(line, alice, juliet):
    line.chapter('The SIP user watches the chat user, who is asked')
    line.sip(f'> subscribes to {JULIET}')
    watch = await alice.subscribe(JULIET)
    check(watch.answer.status == 200, f'SUBSCRIBE was answered {watch.answer.status}')
    await until(lambda: watch.state == 'pending', 'the subscription is pending')
    await until(lambda: juliet.got('presence', ALICE_JID, 'subscribe'), 'the chat user is asked')
    await asyncio.sleep(0.5)  # she thinks
    line.chat('> says yes')
    juliet.presence('subscribed', to=ALICE_JID)
    await until(lambda: watch.document and watch.document.is_open, 'the SIP user sees the chat user')
    return watch


async def away_and_back(line, alice, juliet, watch):
    line.chapter('Both go away and come back')
    line.chat('> away, "having lunch"')
    juliet.presence(show='away', status='having lunch')
    await until(lambda: 'having lunch' in watch.document.notes, 'the SIP user sees the lunch')
    await publish(line, alice, 'busy, "in a meeting"', note='in a meeting', activity='busy')
    await shown(juliet, 'dnd', 'in a meeting')
    line.chat('> available')
    juliet.presence()
    await until(lambda: watch.document.is_open and not watch.document.notes, 'the SIP user sees the chat user back')
    await publish(line, alice, 'available, "back"', note='back')
    await shown(juliet, '', 'back')


async def lamp_key(line, alice, juliet):
    line.chapter('A lamp key of the phone: may she be called?')
    line.sip('> the key watches juliet (Event dialog)')
    key = await alice.subscribe(JULIET, event='dialog', accept=DIALOG_INFO_TYPE)
    check(key.answer.status == 200, f'SUBSCRIBE was answered {key.answer.status}')
    for show, state in ((None, 'dark'), ('dnd', 'lit'), ('', 'dark')):
        if show is not None:
            line.chat(f'> {show or "available"}')
            juliet.presence(show=show)
        await until(lambda: key.last and key.last.body and lamp(key.last) == state, f'the lamp is {state}')
    await key.send(0)


async def messages(line, alice, juliet):
    line.chapter('They write')
    text, reply = 'Lunch at noon? 🥪 <the usual> & coffee', 'Gladly. Überall außer in Raum "A" 😀'
    line.sip(f'> "{text}"')
    answer = await alice.send_message(JULIET, text)
    line.sip(f'< {answer.status} {answer.reason}: the chat server has it')
    check(answer.status == 200, f'MESSAGE was answered {answer.status}')
    await until(lambda: text in juliet.bodies(ALICE_JID), 'the chat user has the text')
    line.chat(f'> "{reply}"')
    juliet.say(ALICE_JID, reply, extra=f'<active xmlns="{STATES}"/>')  # as clients do that know typing notices
    await until(lambda: reply in [m.text for m in alice.messages], 'the SIP user has the reply')


async def nobody_there(line, alice, juliet):
    line.chapter('Both write to somebody who does not exist')
    line.chat(f'> to nobody@{COMPONENT}: "Hello?"')
    id_ = juliet.say(f'nobody@{COMPONENT}', 'Hello?')
    await until(lambda: juliet.errors(id_), 'the chat user gets an error')
    line.sip('> to sip:nobody@chat.example: "Hello?"')
    answer = await alice.send_message('sip:nobody@chat.example', 'Hello?')
    line.sip(f'< {answer.status} {answer.reason}')
    check(answer.status >= 400, 'the SIP user gets an error')


async def sip_sends(alice, body, content_type='message/cpim'):
    answer = await alice.send_message(JULIET, body, content_type=content_type)
    check(answer.status in (200, 202), f'MESSAGE was answered {answer.status}')


def notice_of(juliet, namespace, name):
    return [s for s in juliet.got('message', ALICE_JID) if s.xml.find(f'{{{namespace}}}{name}') is not None]


async def how_far_it_came(line, alice, juliet):
    line.chapter('Typing is seen, and how far a text came')
    line.sip('> types')
    await sip_sends(alice, is_composing('active'), TYPING)
    await until(lambda: notice_of(juliet, STATES, 'composing'), 'the chat user sees it')
    line.sip('> "Bring the plans?" (asks for receipts)')
    await sip_sends(alice, cpim('Bring the plans?', 'positive-delivery, display', 'plans'))
    message = (await until(lambda: notice_of(juliet, RECEIPTS, 'request'), 'the chat user is asked'))[0]
    for name, namespace, status in (('received', RECEIPTS, 'delivered'), ('displayed', MARKERS, 'displayed')):
        line.chat(f'> {name}')
        juliet.say(ALICE_JID, None, extra=f'<{name} xmlns="{namespace}" id="{message.id}"/>')
        await until(lambda s=status: [m for m in alice.messages if f'<{s}/>' in m.text], f'the SIP user sees {status}')


async def asked_by_the_chat_user(line, alice, juliet):
    line.chat('> types')
    juliet.say(ALICE_JID, None, extra=f'<composing xmlns="{STATES}"/>')
    await until(lambda: [m for m in alice.messages if TYPING in m.get('content-type')], 'the SIP user sees it')
    line.chat('> "On the table" (asks for receipts)')
    id_ = juliet.say(ALICE_JID, 'On the table',
                     extra=f'<request xmlns="{RECEIPTS}"/><markable xmlns="{MARKERS}"/>')
    asked = (await until(lambda: [m for m in alice.messages if 'On the table' in m.text], 'the SIP user has it'))[0]
    about = re.search(r'Message-ID: *(\S+)', asked.text).group(1)
    for kind, status, name, namespace in (('delivery-notification', 'delivered', 'received', RECEIPTS),
                                          ('display-notification', 'displayed', 'displayed', MARKERS)):
        line.sip(f'> {status}')
        await sip_sends(alice, imdn(about, kind, status))
        told = (await until(lambda n=name, s=namespace: notice_of(juliet, s, n), f'the chat user sees {name}'))[0]
        check(told.xml.find(f'{{{namespace}}}{name}').get('id') == id_, 'it is about that text')


async def queue(rig, *words):
    return (await asyncio.to_thread(control, rig, *words, 'show', 'queue')).stdout


async def server_down(rig, line, alice, juliet):
    """Kamailio forgets who is registered: the phone must be back before the next try."""
    line.chapter('The SIP server is killed, she writes all the same')
    rig.programs['kamailio'].signal(signal.SIGKILL)
    await rig.programs['kamailio'].ended()
    texts = ['Room 12, it is larger', 'and bring coffee']
    for text in texts:
        line.chat(f'> "{text}"')
        juliet.say(ALICE_JID, text)
    for _ in range(200):
        waiting = json.loads(await queue(rig, '--json'))
        if len(waiting) == 2 and waiting[0]['next_s'] >= 2:
            break
        await asyncio.sleep(0.1)
    check(len(waiting) == 2, 'both texts wait')
    line.shell('sipxmppctl show queue', re.sub(', uid.*', '', await queue(rig)))
    line.chapter('The SIP server is started again, and the phone registers')
    await rig.start_kamailio()
    check((await alice.register()).status == 200, 'REGISTER')
    await until(lambda: [m.text for m in alice.messages][-2:] == texts, 'both texts, in order', 30)
    line.shell('sipxmppctl show queue', await queue(rig))


STAY = '''
The servers stay up. Sign in with your own clients on this machine; Ctrl-C ends everything.

  Chat   server 127.0.0.1 port {c2s}, no TLS (loopback)
         accounts juliet@chat.example, password capulet; romeo@chat.example, password montague
         for example: profanity, then
           /connect juliet@chat.example server 127.0.0.1 port {c2s} tls disable
  SIP    proxy and registrar 127.0.0.1 port {sip}, UDP or TCP, domain pbx.example
         any user 1001 to 1099, no password
         for example, in ~/.baresip/accounts:
           <sip:1002@pbx.example>;outbound="sip:127.0.0.1:{sip}";auth_pass=none;pubint=600
         and in ~/.baresip/contacts:
           "Juliet" <sip:juliet@chat.example>;presence=p2p

  What to type          a chat user writes to and adds   1002@sip.chat.example
                        a SIP user writes to and watches sip:juliet@chat.example

  The bridge            {ctl} -s {dir}/control status
  Configuration, logs   {dir}
'''


def usual(port, otherwise):
    """The usual port of a protocol, if nobody has it."""
    try:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as probe:
                probe.bind(('127.0.0.1', port))
        return port
    except OSError:
        return otherwise


async def play(arguments):
    rig = Rig(arguments.daemon, calls=True)
    if arguments.stay:
        rig.c2s_port, rig.sip_port = usual(5222, rig.c2s_port), usual(5060, rig.sip_port)
    print(f'== Kamailio (pbx.example) on port {rig.sip_port}, Prosody (chat.example) on port {rig.c2s_port}, '
          f'sipxmppd between them')
    try:
        await rig.start()
        await scene(rig, Timeline())
        print('\nEvery step happened.', flush=True)
        if arguments.stay:
            await stay(rig)
        return 0
    except (Failed, asyncio.TimeoutError) as error:
        print(f'\nA step did not happen: {error or "no answer"}\n{rig.logs()}', flush=True)
        return 1
    finally:
        await rig.close()


async def stay(rig):
    for user in rig.users:
        await (user.sign_out() if hasattr(user, 'sign_out') else user.register(0))
    control = rig.daemon.parent / 'ctl' / 'sipxmppctl'
    print(STAY.format(c2s=rig.c2s_port, sip=rig.sip_port, dir=rig.dir, ctl=os.path.relpath(control)), flush=True)
    done = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, done.set)
    await done.wait()
    print('\nstopping', flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--daemon', required=True)
    parser.add_argument('--stay', action='store_true')
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return asyncio.run(play(parser.parse_args()))
    except KeyboardInterrupt:
        return 130


if __name__ == '__main__':
    sys.exit(main())
