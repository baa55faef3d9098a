"""The list of tests, and steps that many of them share."""

import asyncio

from rig import CHAT, COMPONENT, PBX, check, until
from sip_ua import pidf

ALL = []

ALICE, ALICE_JID = f'sip:1001@{PBX}', f'1001@{COMPONENT}'
JULIET, JULIET_JID = f'sip:juliet@{CHAT}', f'juliet@{CHAT}'


class Case:
    def __init__(self, function, start, options):
        self.function, self.start, self.options = function, start, options
        self.name = function.__name__

    async def run_in(self, rig):
        if self.start:
            await rig.start()
        await self.function(rig)


def test(start=True, **options):
    """Registers a test; options are those of Rig. start=False: the test starts what it needs."""
    def register(function):
        check(function.__name__ not in [c.name for c in ALL], f'two tests named {function.__name__}')
        ALL.append(Case(function, start, options))
        return function
    return register


async def watch_sip(juliet, name='1001'):
    """The chat user subscribes to a SIP user and has the SIP side's word."""
    contact = f'{name}@{COMPONENT}'
    juliet.presence('subscribe', to=contact)
    await until(lambda: juliet.got('presence', contact, 'subscribed'), f'{contact} grants {juliet.jid}')
    return contact


async def watch_chat(alice, juliet):
    """The SIP user subscribes to a chat user, who says yes."""
    watcher = alice.aor[4:].replace(PBX, COMPONENT)
    watch = await alice.subscribe(f'sip:{juliet.jid}')
    check(watch.answer.status == 200, f'SUBSCRIBE answered {watch.answer.status}')
    await until(lambda: juliet.got('presence', watcher, 'subscribe'), f'{juliet.jid} is asked')
    juliet.presence('subscribed', to=watcher)
    await until(lambda: watch.state == 'active', 'NOTIFY active')
    return watch


async def sees(juliet, contact, type_='', show='', status=None):
    """Waits until the contact looks like that; status None: whatever."""
    def is_so():
        shown = juliet.shown(contact)
        return shown and shown.type == type_ and shown.show == show and status in (None, shown.status)

    try:
        await until(is_so, '')
    except AssertionError:
        now = juliet.shown(contact)
        wanted = f'type={type_!r} show={show!r} status={status!r}'
        check(False, f'{contact} should be {wanted}, is {str(now) if now else "not shown"}')
    return juliet.shown(contact)


async def publish(alice, *words, **named):
    """A publication, which the SIP server must take."""
    expires = named.pop('expires', 600)
    answer = await alice.publish(pidf(alice.aor, *words, **named), expires)
    check(answer.status == 200, f'PUBLISH answered {answer.status}')


async def message_crosses(rig, juliet, alice, text):
    """One text each way, arriving once and whole: the bridge works."""
    answer = await alice.send_message(f'sip:{juliet.jid}', text)
    # 202: behind another one of the pair that is not proved yet
    check(answer.status in (200, 202), f'MESSAGE answered {answer.status} {answer.reason}')
    name = alice.aor[4:].replace(PBX, COMPONENT)
    await until(lambda: text in juliet.bodies(name), f'{juliet.jid} gets {text!r}')
    back = text + ' back'
    juliet.say(name, back)
    await until(lambda: back in [m.text for m in alice.messages], f'{alice.aor} gets {back!r}')


async def nothing_more(rig, juliet, alice):
    """A message each way as a mark: what was to come before it has come."""
    await message_crosses(rig, juliet, alice, f'mark {len(juliet.stanzas)} {len(alice.requests)}')


def stored(rig, text):
    """Whether the text is in the files of the bridge's store."""
    return any(text.encode() in file.read_bytes() for file in rig.dir.glob('state.db*'))


async def at_once(*calls):
    return await asyncio.gather(*calls)
