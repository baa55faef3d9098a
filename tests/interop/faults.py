#!/usr/bin/python3
"""Faults between real servers under load, and after each one what must be true (REL-060, file faults_world.py).

  faults.py --daemon PATH [--minutes N] [--seed N] [--only NAME]... [--rounds N] [--transport tcp|udp|both]
            [--load-only] [--rate N] [--keep DIR] [--list]

--daemon PATH     the sipxmppd to test
--minutes N       faults at random, alone and in pairs, for so long; without it, each fault once, alone
--seed N          for the choice; printed, so that a run can be made again
--only NAME       only faults whose name contains NAME
--rounds N        each fault so often (1)
--transport T     between the bridge and Kamailio (both: the first half over TCP)
--load-only       mixed load without faults for --minutes: prints the slope of memory and descriptors
--rate N          messages a second each way (15)
--keep DIR        logs of the first failures go there
--list            the names of the faults

A line a minute, a line for each failure with its story, and at the end "faults tried N, failures M". The exit code is 1
if there was a failure.
"""

import argparse
import asyncio
import collections
import errno
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from faults_world import World  # noqa: E402
from rig import COMPONENT, Failed, until  # noqa: E402

ALL = {}
WARM_S = 660  # of load: by then memory has what it keeps


class Fault:
    """touches: what no other fault may touch at the same time. explained: lines of level err that belong to it.
    only: a transport. may_end: the bridge may end in order, and is started again."""

    def __init__(self, name, run, touches, explained, only, may_end):
        self.name, self.run, self.touches = name, run, set(touches.split())
        self.explained, self.only, self.may_end = explained, only, may_end


def fault(name, touches, *words, explained=(), only=None, may_end=False):
    """Registers the function with words behind the world."""
    def register(function):
        ALL[name] = Fault(name, lambda world: function(world, *words), touches, explained, only, may_end)
        return function
    return register


# Ways --------------------------------------------------------------------------------------------

async def on_xmpp(w, hold_s, act, relinks=True):
    way, began = w.rig.ways['xmpp'], time.monotonic()
    act(way)
    await asyncio.sleep(hold_s)
    way.heal()
    w.lossy.append((began, time.monotonic() + (5 if relinks else 0)))


async def on_sip(w, hold_s, act):
    w.may_forget |= hold_s > 30  # 64*T1
    for way in w.rig.sip_ways():
        act(way)
    await asyncio.sleep(hold_s)
    for way in w.rig.sip_ways():
        way.heal()


WAYS = {'xmpp': on_xmpp, 'sip': on_sip}
LINK_LINES = ('link lost', 'xmpp: ')


def for_each_way(name, hold_s, act, sides=('xmpp', 'sip'), only=None):
    for side in sides:
        fault(f'{side}.{name}', side, hold_s, act, only=only)(WAYS[side])


for_each_way('fin', 1, lambda way: way.cut(False))
for_each_way('reset', 1, lambda way: way.cut(True))
for_each_way('half-open', 20, lambda way: way.silent())
for_each_way('half-open-long', 45, lambda way: way.silent())
for_each_way('short-silence', 5, lambda way: way.silent())
for_each_way('refused', 6, lambda way: way.refuse())
for_each_way('slow', 8, lambda way: way.delay(2))
for_each_way('drops', 5, lambda way: way.drops())
for_each_way('in-two', 4, lambda way: way.cut_in_two(3))
for_each_way('in-two-fin', 4, lambda way: way.cut_in_two(1, with_reset=False))
for_each_way('loss', 10, lambda way: way.lossy(loss=0.2), sides=('sip',), only='udp')
for_each_way('twice', 6, lambda way: way.lossy(twice=0.5), sides=('sip',), only='udp')
for_each_way('mixed', 6, lambda way: way.lossy(mixed=0.5), sides=('sip',), only='udp')
for_each_way('bad-line', 10, lambda way: way.lossy(0.2, 0.2, 0.3), sides=('sip',), only='udp')


@fault('xmpp.flapping', 'xmpp')
async def flapping(w):
    for _ in range(5):
        await on_xmpp(w, 1.5, lambda way: way.cut(w.draw.choice((True, False))))


# Programs ----------------------------------------------------------------------------------------

@fault('bridge.kill', 'bridge', signal.SIGKILL)
async def end_bridge(w, number):
    await w.end_bridge(lambda: w.rig.bridge.signal(number))


@fault('bridge.kill-three-times', 'bridge')
async def kill_three_times(w):
    for _ in range(3):
        await end_bridge(w, signal.SIGKILL)
        await asyncio.sleep(w.draw.uniform(0.2, 3))


@fault('bridge.term', 'bridge')
async def term(w):
    w.may_tell = True
    await w.end_bridge(lambda: w.rig.bridge.process.terminate())


@fault('bridge.quiet', 'bridge')
async def quiet(w):
    program = next(p for p in (w.rig.daemon.parent / 'ctl/sipxmppctl', w.rig.daemon.parent / 'sipxmppctl') if p.exists())
    await w.end_bridge(lambda: subprocess.run([str(program), '-s', str(w.rig.dir / 'control'), 'stop', '--quiet'],
                                              capture_output=True, timeout=30))


@fault('bridge.stopped', 'bridge', 'sipxmppd', 15)
async def held_up(w, name, hold_s):
    began = time.monotonic()
    w.rig.programs[name].signal(signal.SIGSTOP)
    await asyncio.sleep(hold_s)
    w.rig.programs[name].signal(signal.SIGCONT)
    w.may_forget |= name != 'prosody' and hold_s > 30
    if name != 'kamailio':  # a stopped chat server's link is given up after ten seconds
        w.lossy.append((began, time.monotonic() + 5))


fault('bridge.stopped-long', 'bridge', 'sipxmppd', 45)(held_up)
fault('prosody.stopped', 'prosody', 'prosody', 5)(held_up)
fault('prosody.stopped-long', 'prosody', 'prosody', 25)(held_up)
fault('kamailio.stopped', 'kamailio', 'kamailio', 4)(held_up)
fault('kamailio.stopped-long', 'kamailio', 'kamailio', 25)(held_up)


@fault('prosody.kill', 'prosody xmpp', signal.SIGKILL, 1)
async def end_prosody(w, number, away_s):
    await w.end_prosody(number)
    await asyncio.sleep(w.draw.uniform(0, away_s))
    await w.start_prosody()


fault('prosody.term', 'prosody xmpp', signal.SIGTERM, 1)(end_prosody)
fault('prosody.away', 'prosody xmpp', signal.SIGKILL, 30)(end_prosody)


@fault('kamailio.kill', 'kamailio', signal.SIGKILL, 1)
async def end_kamailio(w, number, away_s):
    await w.end_kamailio(number)
    await asyncio.sleep(w.draw.uniform(0, away_s))
    await w.start_kamailio()


fault('kamailio.term', 'kamailio', signal.SIGTERM, 1)(end_kamailio)
fault('kamailio.away', 'kamailio', signal.SIGKILL, 20)(end_kamailio)


@fault('kamailio.forgets', 'kamailio')
async def kamailio_forgets(w):
    """Its database is gone as well: no dialog of ours lives there any more."""
    await w.end_kamailio()
    w.rig.forget_kamailio()
    await w.start_kamailio()


@fault('everything.killed', 'bridge prosody kamailio xmpp sip')
async def everything(w):
    w.expected_down = True
    began = time.monotonic()
    w.rig.bridge.signal(signal.SIGKILL)
    await asyncio.gather(w.end_prosody(), w.end_kamailio(), w.rig.bridge.ended())
    w.look_into_store()
    await asyncio.gather(w.rig.start_bridge(wait=False), w.start_kamailio(), w.start_prosody())
    w.expected_down = False
    w.lossy.append((began, time.monotonic() + 2))


# The chat server says no -------------------------------------------------------------------------

def refused_line(what):
    return (rf'xmpp: .*{what}',)


@fault('xmpp.wrong-secret', 'xmpp prosody', explained=refused_line('(secret|not-authorized|refused)'))
async def wrong_secret(w):
    began = time.monotonic()
    links = w.rig.links()
    w.rig.prosody_secret = 'another-secret-than-before'
    w.rig.write('prosody.cfg.lua')
    w.rig.programs['prosody'].signal(signal.SIGHUP)
    await asyncio.sleep(1)
    w.rig.ways['xmpp'].cut(True)
    await asyncio.sleep(5)
    w.rig.prosody_secret = w.rig.secret
    w.rig.write('prosody.cfg.lua')
    w.rig.programs['prosody'].signal(signal.SIGHUP)
    await w.rig.relinked(links)
    w.lossy.append((began, time.monotonic()))


@fault('xmpp.conflict', 'xmpp prosody', explained=refused_line('(conflict|refused)'))
async def conflict(w):
    """Another one has our name for a while."""
    import hashlib
    began = time.monotonic()
    links, way = w.rig.links(), w.rig.ways['xmpp']
    way.refuse()
    await asyncio.sleep(0.5)
    reader, writer = await asyncio.open_connection('127.0.0.1', w.rig.component_port)
    writer.write(f"<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams'"
                 f" to='{COMPONENT}'>".encode())
    head = (await reader.readuntil(b'>') + await reader.readuntil(b'>')).decode()
    key = head.split('id=')[1][1:].split(head.split('id=')[1][0])[0]
    writer.write(b'<handshake>' + hashlib.sha1((key + w.rig.secret).encode()).hexdigest().encode() + b'</handshake>')
    await reader.readuntil(b'handshake/>')
    links += 1
    way.heal()
    await asyncio.sleep(5)
    writer.close()
    await w.rig.relinked(links)
    w.lossy.append((began, time.monotonic()))


# The machine -------------------------------------------------------------------------------------

@fault('dns.silent', 'dns', 'silent', 10)
async def dns(w, way, hold_s):
    w.rig.dns.way = way
    await asyncio.sleep(hold_s)
    w.rig.dns.way = 'good'


fault('dns.failing', 'dns', 'failing', 10)(dns)


async def ordered(w, hold_s, **orders):
    w.rig.order(**orders)
    await asyncio.sleep(hold_s)
    w.rig.order(**{name: 0 for name in orders})


STORE_LINES = (r'^store: ',)


@fault('disk.full', 'disk', explained=STORE_LINES, may_end=True)
async def disk_full(w):
    await ordered(w, 6, disk_error=errno.ENOSPC)


@fault('disk.broken-flush', 'disk', explained=STORE_LINES, may_end=True)
async def broken_flush(w):
    await ordered(w, 1.5, flush_error=errno.EIO)


@fault('disk.slow', 'disk')
async def disk_slow(w):
    await ordered(w, 8, slow_ms=500)


for title, seconds in (('back-1h', -3600), ('ahead-1h', 3600), ('ahead-30d', 30 * 86400), ('back-10y', -3650 * 86400)):
    @fault(f'clock.{title}', 'clock', seconds)
    async def clock(w, by):
        await ordered(w, 6, clock_s=by)

    @fault(f'clock.{title}-and-kill', 'clock bridge', seconds)
    async def clock_and_kill(w, by):
        w.rig.order(clock_s=by)
        await asyncio.sleep(0.5)
        await end_bridge(w, signal.SIGKILL)
        await asyncio.sleep(3)
        w.rig.order(clock_s=0)


@fault('descriptors.exhausted', 'bridge')
async def descriptors(w):
    """Nearly none are left, and then come many connections that say nothing."""
    w.rig.limit_descriptors(3)
    held = []
    try:
        for _ in range(60):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(('127.0.0.1', w.rig.bridge_port))
            held.append(sock)
        await asyncio.sleep(6)
    finally:
        for sock in held:
            sock.close()
        if w.rig.bridge.code is None:
            w.rig.limit_descriptors(None)


# Runs --------------------------------------------------------------------------------------------

async def try_faults(world, faults):
    """Under load; returns what is wrong afterwards."""
    load = asyncio.ensure_future(world.load())
    bad = []
    try:
        await asyncio.sleep(world.draw.uniform(0.3, 1.0))
        done = await asyncio.gather(*(f.run(world) for f in faults), return_exceptions=True)
        bad += [f'{f.name}: {type(r).__name__}: {r}' for f, r in zip(faults, done) if isinstance(r, BaseException)]
        world.rig.heal()
        await asyncio.sleep(world.draw.uniform(0.3, 1.5))
    finally:
        load.cancel()
    explained = [line for f in faults for line in f.explained]
    return bad + await world.verify(explained, any(f.may_end for f in faults))


def choose(draw, names, transport):
    """One, or two that do not touch the same."""
    fit = [f for n, f in sorted(ALL.items()) if n in names and f.only in (None, transport)]
    first = draw.choice(fit)
    others = [f for f in fit if not f.touches & first.touches]
    return [first, draw.choice(others)] if others and draw.random() < 0.4 else [first]


class Report:
    def __init__(self, tell, keep):
        self.tell, self.keep = tell, keep
        self.tried = self.failures = self.kept = 0
        self.by_name = collections.Counter()
        self.samples = []  # (seconds, KiB, descriptors)
        self.began = self.told = time.monotonic()

    def note(self, world, faults, bad, took):
        name = ' + '.join(f.name for f in faults)
        self.tried += 1
        if not bad:
            slow = f'; last came: {world.last_waited_for}' if took > 20 else ''
            return self.tell(f'ok {name} ({took:.1f} s{slow})')
        self.failures += 1
        self.by_name[name] += 1
        self.tell(f'FAIL {name} ({took:.1f} s, {world.rig.transport}, {time.strftime("%H:%M:%S")})')
        for line in bad[:12]:
            self.tell(f'    {line}')
        if len(bad) > 12:
            self.tell(f'    and {len(bad) - 12} more')
        if self.keep and self.kept < 8:
            self.kept += 1
            world.rig.keep_logs(pathlib.Path(self.keep) / f'{self.tried}-{faults[0].name}')

    def minute(self, world, every_s=60):
        now = time.monotonic()
        if now - self.told < every_s:
            return
        self.told = now
        self.samples.append((now - self.began, world.rig.rss_kib(), world.rig.descriptors()))
        self.tell(f'minute {(now - self.began) / 60:.0f}: {world.rig.rss_kib()} KiB, {world.rig.descriptors()} descriptors,'
                  f' {world.total["sent"]} messages, {world.total["delivered"]} delivered, faults tried {self.tried},'
                  f' failures {self.failures}')


async def run_faults(arguments, transport, names, end, report, draw):
    """Until end (a moment, or None: each once, arguments.rounds times)."""
    world = World(arguments.daemon, draw, transport, arguments.rate, quiet=end is not None,
                  tell=report.tell)
    try:
        await world.start()
        if end is None:
            queue = [[ALL[n]] for _ in range(arguments.rounds) for n in names if ALL[n].only in (None, transport)]
        else:
            queue = iter(lambda: choose(draw, names, transport), None)
        for faults in queue:
            if end is not None and time.monotonic() > end:
                break
            began = time.monotonic()
            bad = await try_faults(world, faults)
            report.note(world, faults, bad, time.monotonic() - began)
            report.minute(world)
            if bad:  # what is broken must not spoil the next one
                await world.close()
                world = World(arguments.daemon, draw, transport, arguments.rate, world.rig.quiet, report.tell)
                await world.start()
    finally:
        await world.close()


def slope(samples, column):
    """Least squares, per hour."""
    n = len(samples)
    if n < 3:
        return 0.0
    mean_t = sum(s[0] for s in samples) / n
    mean_v = sum(s[column] for s in samples) / n
    over = sum((s[0] - mean_t) * (s[column] - mean_v) for s in samples)
    under = sum((s[0] - mean_t) ** 2 for s in samples)
    return over / under * 3600


async def run_load(arguments, report, draw):
    """Mixed load alone; verified every half minute, when all is quiet for a moment."""
    world = World(arguments.daemon, draw, 'tcp' if arguments.transport == 'both' else arguments.transport, arguments.rate,
                  quiet=True, tell=report.tell)
    end = report.began + arguments.minutes * 60
    try:
        await world.start()
        while time.monotonic() < end:
            load = asyncio.ensure_future(world.load())
            for _ in range(6):
                await asyncio.sleep(5)
                report.samples.append((time.monotonic() - report.began, world.rig.rss_kib(), world.rig.descriptors()))
            load.cancel()
            bad = await world.verify()
            if bad:
                report.failures += 1
                report.tell('FAIL under load alone\n' + '\n'.join(f'    {line}' for line in bad[:12]))
                if report.keep:
                    world.rig.keep_logs(pathlib.Path(report.keep) / 'load')
            told = len(report.samples)
            report.minute(world)
            del report.samples[told:]
        # A phone's text is remembered for ten minutes in case it fails late: so long memory grows, as it should.
        warm = WARM_S if arguments.minutes * 60 > WARM_S + 120 else arguments.minutes * 15
        after = [s for s in report.samples if s[0] > warm]
        if after:
            report.tell(f'{len(after)} samples in {(after[-1][0] - after[0][0]) / 60:.1f} minutes after a warm-up of'
                        f' {warm / 60:.1f}: memory {after[0][1]} to {after[-1][1]} KiB, highest {max(s[1] for s in after)},'
                        f' slope {slope(after, 1):+.0f} KiB an hour'
                        f'{"" if warm == WARM_S else " (of filling up: a slope that counts takes over 13 minutes)"};'
                        f' descriptors {after[0][2]} to {after[-1][2]}, slope {slope(after, 2):+.2f} an hour')
        report.tell(f'{world.total["sent"]} messages sent, {world.total["delivered"]} delivered,'
                    f' {world.total["bad"]} bad; {world.changes} changes of presence')
    finally:
        await world.close()


async def run(arguments, report):
    draw = random.Random(arguments.seed)
    names = [n for n in ALL if not arguments.only or any(o in n for o in arguments.only)]
    if arguments.load_only:
        return await run_load(arguments, report, draw)
    ways = ('tcp', 'udp') if arguments.transport == 'both' else (arguments.transport,)
    for number, transport in enumerate(ways):
        end = report.began + arguments.minutes * 60 * (number + 1) / len(ways) if arguments.minutes else None
        await run_faults(arguments, transport, names, end, report, draw)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--daemon')
    parser.add_argument('--minutes', type=float, default=0)
    parser.add_argument('--seed', type=int, default=int.from_bytes(os.urandom(4), 'big'))
    parser.add_argument('--only', action='append', default=[])
    parser.add_argument('--rounds', type=int, default=1)
    parser.add_argument('--transport', choices=('tcp', 'udp', 'both'), default='tcp')
    parser.add_argument('--load-only', action='store_true')
    parser.add_argument('--rate', type=float, default=15)
    parser.add_argument('--keep')
    parser.add_argument('--list', action='store_true')
    a = parser.parse_args()
    if a.list:
        print('\n'.join(ALL))
        return 0
    if not a.daemon or not os.access(a.daemon, os.X_OK):
        parser.error('--daemon PATH: no program there')
    if a.load_only and not a.minutes:
        parser.error('--load-only needs --minutes')
    print(f'seed {a.seed}', flush=True)
    report = Report(lambda line: print(line, flush=True), a.keep)
    try:
        asyncio.run(run(a, report))
    finally:
        print(f'faults tried {report.tried}, failures {report.failures}', flush=True)
    return 1 if report.failures else 0


if __name__ == '__main__':
    # A stop from outside unwinds like an error: servers are ended, folders removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
