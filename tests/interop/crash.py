#!/usr/bin/python3
"""Servers killed (-9) under a mixed load, and the books afterwards: what was accepted was delivered or reported as
failed, once as its receiver sees it (promises 1 and 2, REL-001, REL-004, REL-060).

  crash.py --daemon PATH [--runs N] [--seed N] [--load SECONDS] [--rate N] [--keep DIR]

--daemon PATH  the sipxmppd to test
--runs N       so many kills of the daemon (200); in every third one the chat server is killed too, in every third the
               SIP server
--seed N       for the moments; printed, so that a run can be made again
--load S       seconds of load in a run (1.5)
--rate N       messages a second each way (120)
--keep DIR     logs of the first bad run go there

Two chat users and two SIP users write to each other. The last line is a table of counts; the exit code is 1 if a
message was lost, seen twice, out of its order, or both delivered and reported.
"""

import argparse
import asyncio
import collections
import contextlib
import os
import pathlib
import random
import re
import signal
import sqlite3
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from rig import CHAT, COMPONENT, PBX, Failed, Rig, until  # noqa: E402

TOKEN = re.compile(r'\b[sx]\d+-\d+\b')
LATE = 'Not delivered'
# What a server that is killed may have had in its hands: sent or taken so short before.
IN_HANDS_S = 2.0
SETTLE_S = 75  # until the books must be settled: more than the bridge's longest pause between two tries
EXTRA = ('limits: { messages_per_user_per_s = 100000; messages_per_user_burst = 100000;'
         ' peer_requests_per_s = 100000; };')


class Sent:
    """One message, from its sender's view."""

    def __init__(self, token, from_sip):
        self.token, self.from_sip = token, from_sip
        self.number = int(token.split('-')[1])
        self.pair = None
        self.at = time.monotonic()
        self.answer = None       # of a SIP sender: status, or 0: none came
        self.answered_at = None
        self.reported = 0        # error stanzas, or texts "Not delivered"
        self.seen = collections.Counter()  # at the receiver, by id
        self.was_stored = False  # was in the queue at a kill

    @property
    def is_accepted(self):
        return 200 <= (self.answer or 0) < 300 if self.from_sip else self.was_stored


class Books:
    def __init__(self):
        self.sent = {}
        self.strange = []  # arrived, but nobody sent it
        self.order = collections.defaultdict(list)  # by pair: what phones saw first, in order
        self.moved = time.monotonic()

    def note(self, token, from_sip):
        self.sent[token] = Sent(token, from_sip)
        return self.sent[token]

    def find(self, text):
        found = TOKEN.search(text or '')
        return self.sent.get(found.group(0)) if found else None

    def at_chat(self, stanza):
        if stanza.kind != 'message':
            return
        self.moved = time.monotonic()
        if stanza.type == 'error':
            entry = self.sent.get(stanza.id)
            if entry:
                entry.reported += 1
            return
        entry = self.find(stanza.body)
        if entry is None:
            self.strange.append(str(stanza)[:200])
        elif entry.from_sip:
            entry.seen[stanza.id] += 1

    def at_phone(self, what, request):
        if what != 'MESSAGE':
            return
        self.moved = time.monotonic()
        entry = self.find(request.text)
        if entry is None:
            self.strange.append(request.text[:200])
        elif entry.from_sip and request.text.startswith(LATE):
            entry.reported += 1
        elif not entry.from_sip:
            if not entry.seen:
                self.order[entry.pair].append(entry)
            entry.seen[request.get('call-id')] += 1


class Crash:
    def __init__(self, daemon, load_s, rate, draw, in_hands_s=IN_HANDS_S):
        self.in_hands_s = in_hands_s
        self.rig = Rig(daemon, extra=EXTRA)
        self.load_s, self.rate, self.draw = load_s, rate, draw
        self.books = Books()
        self.kills = []  # (when, what)
        self.tasks = set()
        self.count = 0

    async def start(self):
        self.chats = [await self.rig.chat_user(n) for n in ('juliet', 'romeo')]
        self.phones = [await self.rig.sip_user(n) for n in ('1001', '1002')]
        self.signed_in = set(self.chats)
        for chat in self.chats:
            chat.on_event = self.books.at_chat
        for phone in self.phones:
            phone.on_event = self.books.at_phone

    # Load ----------------------------------------------------------------------------------------

    async def ask(self, phone, chat, entry):
        try:
            answer = await phone.send_message(f'sip:{chat.jid}', f'{entry.token} of a phone', timeout=40)
            entry.answer = answer.status
        except (TimeoutError, asyncio.TimeoutError, OSError):
            entry.answer = 0
        entry.answered_at = self.books.moved = time.monotonic()

    def one_each_way(self):
        self.count += 1
        phone, chat = self.draw.choice(self.phones), self.draw.choice(self.chats)
        entry = self.books.note(f's{self.run}-{self.count}', True)
        task = asyncio.ensure_future(self.ask(phone, chat, entry))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        if chat in self.signed_in:
            name = phone.aor[4:].replace(PBX, COMPONENT)
            token = f'x{self.run}-{self.count}'
            self.books.note(token, False).pair = (chat.jid, name)
            chat.say(name, f'{token} of a chat user', id_=token)

    async def load(self):
        end = time.monotonic() + self.load_s
        while time.monotonic() < end:
            self.one_each_way()
            await asyncio.sleep(self.draw.expovariate(self.rate))

    # Faults --------------------------------------------------------------------------------------

    def kill(self, name):
        self.rig.programs[name].signal(signal.SIGKILL)
        self.kills.append((time.monotonic(), name))

    def look_into_store(self):
        """Which messages the killed daemon had accepted: their texts are in its queue."""
        path = self.rig.dir / 'state.db'
        copy = self.rig.dir / 'look.db'
        for part in ('', '-wal'):
            if pathlib.Path(f'{path}{part}').exists():
                pathlib.Path(f'{copy}{part}').write_bytes(pathlib.Path(f'{path}{part}').read_bytes())
        with contextlib.closing(sqlite3.connect(copy)) as db:
            for (value,) in db.execute('select value from queue'):
                for token in set(TOKEN.findall(bytes(value or b'').decode('latin-1'))):
                    if token in self.books.sent:
                        self.books.sent[token].was_stored = True
        for part in ('', '-wal', '-shm'):
            pathlib.Path(f'{copy}{part}').unlink(missing_ok=True)

    async def break_daemon(self):
        await asyncio.sleep(self.draw.uniform(0.05, self.load_s))
        self.kill('sipxmppd')
        await self.rig.programs['sipxmppd'].ended()
        self.look_into_store()
        await asyncio.sleep(self.draw.choice((0, 0, 0.3)))
        await self.rig.start_bridge(wait=False)

    async def break_chat_server(self):
        await asyncio.sleep(self.draw.uniform(0.05, self.load_s))
        self.kill('prosody')
        self.signed_in.clear()
        await self.rig.programs['prosody'].ended()
        for chat in self.chats:
            chat.cut()
        await asyncio.sleep(self.draw.uniform(0, 0.5))
        await self.rig.start_chat_server()
        for chat in self.chats:
            await chat.sign_in()
            self.signed_in.add(chat)

    async def break_sip_server(self):
        await asyncio.sleep(self.draw.uniform(0.05, self.load_s))
        self.kill('kamailio')
        await self.rig.programs['kamailio'].ended()
        await asyncio.sleep(self.draw.uniform(0, 0.5))
        await self.rig.start_kamailio()
        for phone in self.phones:
            await phone.register()

    # Settling ------------------------------------------------------------------------------------

    def queue_is_empty(self):
        try:
            # Closed at once: who holds the file open over a kill keeps SQLite from recovering what was just being
            # committed, which the copy above shows.
            path = f'file:{self.rig.dir}/state.db?mode=ro'
            with contextlib.closing(sqlite3.connect(path, uri=True, timeout=5)) as db:
                return db.execute('select count(*) from queue').fetchone()[0] == 0
        except sqlite3.Error:
            return False

    def is_quiet(self):
        return not self.tasks and time.monotonic() - self.books.moved > 0.7 and self.queue_is_empty()

    async def settle(self):
        program = self.rig.programs['sipxmppd']
        if program.code is not None:
            raise Failed(f'sipxmppd ended with {program.code}')
        try:
            await until(self.is_quiet, 'the books are settled', SETTLE_S)
        except Failed:
            return False
        return True

    async def one_run(self, number):
        self.run, self.count, self.kills = number, 0, []
        self.books.sent.clear()
        self.books.order.clear()
        jobs = [self.load(), self.break_daemon()]
        if number % 3 == 1:
            jobs.append(self.break_chat_server())
        elif number % 3 == 2:
            jobs.append(self.break_sip_server())
        await asyncio.gather(*jobs)
        settled = await self.settle()
        return self.judge(settled)

    # The books -----------------------------------------------------------------------------------

    def was_in_hands(self, entry):
        """Killed servers may have had it: the socket and memory of the component link's two ends."""
        moment = entry.at if not entry.from_sip else entry.answered_at
        for when, name in self.kills:
            ends_it = name == 'prosody' or name == 'sipxmppd' and not entry.from_sip
            if ends_it and abs(when - moment) < self.in_hands_s:
                return True
        return False

    def judge_one(self, entry, counts, bad):
        delivered, reported = len(entry.seen) > 0, entry.reported > 0
        refused = entry.from_sip and entry.answer is not None and entry.answer >= 300
        counts['sent'] += 1
        counts['repeats with the same id'] += sum(entry.seen.values()) - len(entry.seen)
        if len(entry.seen) > 1 or entry.reported > 1:
            bad.append(f'twice: {entry.token} seen {dict(entry.seen)} reported {entry.reported}')
        if delivered and reported:
            bad.append(f'delivered and reported: {entry.token}')
        if entry.is_accepted:
            counts['accepted'] += 1
        if delivered:
            counts['delivered'] += 1
            if refused or entry.answer == 0:
                counts['delivered, answer lost with a server'] += 1
        elif reported:
            counts['reported'] += 1
        elif refused:
            counts['refused at once'] += 1
        elif entry.from_sip and not entry.answer:
            counts['no answer, not delivered'] += 1
        elif entry.answer == 202 or entry.was_stored or not self.was_in_hands(entry):
            bad.append(f'lost: {entry.token} answer {entry.answer} stored {entry.was_stored}')
        else:
            counts['in the hands of a killed server'] += 1

    def judge(self, settled):
        counts, bad = collections.Counter(), []
        for entry in self.books.sent.values():
            self.judge_one(entry, counts, bad)
        for pair, seen in self.books.order.items():  # REL-008
            for before, after in zip(seen, seen[1:]):
                if before.number > after.number:
                    bad.append(f'order: {after.token} after {before.token} of {pair}')
        if not settled:
            bad.append(f'not settled within {SETTLE_S} s')
        if self.books.strange:
            bad.append(f'strange: {self.books.strange[:3]}')
            self.books.strange.clear()
        counts['bad'] += len(bad)
        return counts, bad


async def crash(daemon, runs, seed, load_s=1.5, rate=120, keep=None, tell=print, in_hands_s=IN_HANDS_S):
    """Returns the counts of all runs; counts['bad'] is 0 if all is well."""
    total = collections.Counter()
    test = Crash(daemon, load_s, rate, random.Random(seed), in_hands_s)
    async with test.rig:
        await test.start()
        for number in range(runs):
            counts, bad = await test.one_run(number)
            total.update(counts)
            total['runs'] += 1
            for line in bad[:10]:
                tell(f'run {number}: {line}')
            if bad and keep:
                test.rig.keep_logs(pathlib.Path(keep))
                keep = None
            if number % 10 == 9:
                tell(f'run {number + 1} of {runs}: {total["delivered"]} delivered, {total["bad"]} bad')
        trouble = test.rig.daemon_trouble()
        if trouble:
            tell(trouble)
            total['bad'] += 1
    return total


def table(total):
    order = ('runs', 'sent', 'accepted', 'delivered', 'reported', 'refused at once', 'no answer, not delivered',
             'in the hands of a killed server', 'delivered, answer lost with a server', 'repeats with the same id', 'bad')
    return '\n'.join(f'{total[name]:8}  {name}' for name in order)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--daemon', required=True)
    parser.add_argument('--runs', type=int, default=200)
    parser.add_argument('--seed', type=int, default=int.from_bytes(os.urandom(4), 'big'))
    parser.add_argument('--load', type=float, default=1.5)
    parser.add_argument('--rate', type=float, default=120)
    parser.add_argument('--keep')
    a = parser.parse_args()
    print(f'seed {a.seed}', flush=True)
    total = asyncio.run(crash(a.daemon, a.runs, a.seed, a.load, a.rate, a.keep,
                              lambda line: print(line, flush=True)))
    print(table(total))
    return 1 if total['bad'] else 0


if __name__ == '__main__':
    sys.exit(main())
