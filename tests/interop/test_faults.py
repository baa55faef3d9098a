"""A few of the faults of faults.py (all of them, and by chance: scripts/soak.sh), and that what it looks for is seen."""

import asyncio
import contextlib
import os
import random
import sqlite3
import time
import xml.etree.ElementTree as ET

import faults
from cases import test
from chat_user import Stanza
from faults_world import World
from rig import COMPONENT, PBX, check

# None that the chat server sees: it is told everything once a minute at most (REL-027), and that takes its time.
FEW = ('sip.reset', 'bridge.kill', 'kamailio.kill', 'disk.slow', 'clock.ahead-30d-and-kill')


async def try_few(world, names):
    await world.start()
    for name in names:
        bad = await faults.try_faults(world, [faults.ALL[name]])
        check(not bad, f'{name}: ' + '; '.join(bad[:8]))


# after each fault: messages once and in order, presence as its source says,
# every pair alive, nobody asked again, dialogs go on, memory and descriptors as before, no line of level err
@test(start=False)
async def faults_between_the_servers_leave_no_trace(rig):
    seed = int.from_bytes(os.urandom(4), 'big')
    world = World(rig.daemon, random.Random(seed), given_up_s=5)
    try:
        await try_few(world, FEW)
        check(world.total['delivered'] > 50, f'too little crossed: {world.total}')
    except AssertionError as error:
        raise AssertionError(f'seed {seed}: {error}') from None
    finally:
        await world.close()


async def wrong_after(world, breaks):
    """What is found after breaks(), which nothing mends."""
    load = asyncio.ensure_future(world.load())
    await asyncio.sleep(0.5)
    load.cancel()
    await breaks(world)
    world.within_s = 3
    return '\n'.join(await world.verify())


def add_two_dialogs(world):
    with contextlib.closing(sqlite3.connect(world.rig.dir / 'kamailio.db', timeout=10)) as db, db:
        for number in (1, 2):
            db.execute('insert into active_watchers (presentity_uri, watcher_username, watcher_domain, to_user, to_domain,'
                       ' event, from_tag, to_tag, callid, local_cseq, remote_cseq, contact, expires, status, version,'
                       ' socket_info, local_contact, from_user, from_domain, updated, updated_winfo)'
                       " values (?, 'bob', ?, 'a', 'b', 'presence', 'f', 't', ?, 1, 1, 'sip:c', ?, 1, 1, 's', 'l', 'f', 'd', 0, 0)",
                       (f'sip:1002@{PBX}', 'chat.example', f'call{number}', int(time.time()) + 600))


async def spoil_the_books(world):
    """A text that nobody got, one that was shown twice, two in the wrong order; and a dialog too many."""
    world.books.note('x9-3', False).pair = ('juliet', '1001')
    entry = world.books.note('s9-1', True)
    entry.answer, entry.answered_at = 200, time.monotonic()
    entry.seen.update(('one', 'two'))
    for number in (2, 1):
        entry = world.books.note(f'x9-{number}', False)
        entry.pair, entry.was_stored = ('juliet', '1001'), True
        entry.seen[f'x9-{number}'] += 1
        world.books.order[entry.pair].append(entry)
    add_two_dialogs(world)


async def cut_for_good(world):
    world.rig.ways['xmpp'].silent()
    world.truth['juliet'] = 'nobody saw this'
    world.by_name['juliet'].presence(status='nobody saw this')


async def ask_again(world):
    """And a line in the log, and descriptors that are not given back."""
    world.views.take_presence('juliet', Stanza(ET.fromstring(
        f'<presence xmlns="jabber:client" type="subscribe" from="1001@{COMPONENT}"/>')))
    with open(world.rig.dir / 'sipxmppd.log', 'a') as file:
        file.write('2026-01-01 00:00:00.000 err core: something nobody expected\n')
    world.base = (world.base[0] - 50, world.base[1])


async def end_it(world):
    world.rig.bridge.signal(9)
    await asyncio.sleep(2)


# what the judge must see, by breaking each thing once
@test(start=False)
async def judge_of_faults_sees_what_is_wrong(rig):
    world = World(rig.daemon, random.Random(1), rate=5, given_up_s=5, forgives=True)
    try:
        await world.start()
        check(not await world.verify(), 'wrong before anything was broken')
        for breaks, signs in ((ask_again, ('got subscribe', 'something nobody expected', 'descriptors')),
                              (spoil_the_books, ('twice: s9-1', 'order: x9-1 after x9-2', 'lost: x9-3', '2 dialogs of bob')),
                              (end_it, ('sipxmppd ended with',)), (cut_for_good, ('nobody saw this',))):
            found = await wrong_after(world, breaks)
            missing = [sign for sign in signs if sign not in found]
            check(not missing, f'{breaks.__name__}: {missing} not seen: {found[:600]!r}')
    finally:
        await world.close()
