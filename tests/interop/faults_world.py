"""Users of both sides who see both ends, the load that they make, and what must be true after a fault (G.2): nothing
lost, nothing doubled, order; each presence as its source says it; every pair alive; nobody asked again; dialogs that go
on; descriptors, memory and log as before."""

import asyncio
import collections
import contextlib
import pathlib
import re
import signal
import sqlite3
import time

from crash import Books, Crash
from faults_rig import FaultRig
from rig import CHAT, COMPONENT, PBX, Failed, until
from sip_ua import SipUser, pidf

CHATS, PHONES = ('juliet', 'romeo', 'tybalt'), ('1001', '1002', '1003')
FICKLE = ('tybalt', '1003')  # subscribe and unsubscribe all the time
WITHIN_S = 90                # after the end of a fault all must be well again
MORE_DESCRIPTORS, MORE_KIB = 6, 24 * 1024
ERR = re.compile(r'^\S+ \S+ err (.*)$', re.M)


class Phone(SipUser):
    """All it sends goes to its server, by no proxy of ours."""

    async def request(self, *words, hop=None, **options):
        return await super().request(*words, hop=hop or self.proxy, **options)


class FaultBooks(Books):
    """Keeps apart what was said to be uncertain: it may have arrived (D-37)."""

    def at_chat(self, stanza):
        if stanza.kind == 'message' and stanza.type == 'error' and stanza.condition == 'remote-server-timeout':
            entry = self.sent.get(stanza.id)
            if entry:
                entry.is_uncertain = True
                self.moved = time.monotonic()
            return
        super().at_chat(stanza)


class Views:
    """What each end was shown last, and what nobody should see."""

    def __init__(self):
        self.at_chat = {}   # (chat user, contact) -> last presence
        self.strange = []   # asked again, ended, out of order
        self.cseq = {}      # dialog -> the last NOTIFY's
        self.is_settled = False

    def take_presence(self, chat, stanza):
        if stanza.kind != 'presence':
            return
        if stanza.type in ('', 'unavailable'):
            self.at_chat[chat, stanza.bare] = stanza
        elif self.is_settled and not (stanza.bare.startswith(FICKLE[1]) and chat == FICKLE[0] and stanza.type != 'subscribe'):
            if stanza.type in ('subscribe', 'subscribed', 'unsubscribe', 'unsubscribed'):
                self.strange.append(f'{chat} got {stanza.type} from {stanza.bare}')

    def take_notify(self, phone, request):
        key = (request.get('call-id'), phone)
        number = int(request.get('cseq').split()[0])
        if number <= self.cseq.get(key, 0):
            self.strange.append(f'NOTIFY {number} after {self.cseq[key]} at {phone}')
        self.cseq[key] = number


class World(Crash):
    """tell(line) prints; within_s: see WITHIN_S. given_up_s: what the SIP server has no answer to for so long."""

    def __init__(self, daemon, draw, transport='tcp', rate=15, quiet=False, tell=print, within_s=WITHIN_S, settings='',
                 given_up_s=30, forgives=False):
        self.rig = FaultRig(daemon, draw, transport, quiet, settings, given_up_s, forgives)
        self.rig.passwords['tybalt'] = 'capulet'
        self.draw, self.rate, self.tell, self.within_s = draw, rate, tell, within_s
        self.books, self.views = FaultBooks(), Views()
        self.tasks, self.jobs = set(), set()
        self.count = self.run = 0
        self.lossy = []         # (from, to): what the chat server had sent the bridge was in a broken way's hands
        self.prosody_died = []  # moments
        self.truth = {}         # user -> words of his presence
        self.watches = {}       # (phone, chat) -> Subscription
        self.expected_down = False
        self.ended = []         # exit codes of a bridge that ended by itself
        self.may_tell = False   # watchers may be told that the bridge stops
        self.may_forget = False  # a NOTIFY may have been given up, and its dialog with it
        self.log_at = 0
        self.changes = 0
        self.total = collections.Counter()
        self.accounts = None
        self.last_waited_for = ''

    # Start ---------------------------------------------------------------------------------------

    async def start(self):
        await self.rig.start()
        self.chats = [await self.rig.chat_user(name, sign_in=False) for name in CHATS]
        self.by_name = {c.jid.split('@')[0]: c for c in self.chats}
        self.signed_in = set()
        for chat in self.chats:
            chat.on_event = lambda stanza, name=chat.jid.split('@')[0]: self.at_chat(name, stanza)
        self.phones = [await self.new_phone(name) for name in PHONES]
        for user in [*CHATS, *PHONES]:
            self.truth[user] = self.next_words()
        await asyncio.gather(*(self.sign_in(c) for c in self.chats), *(self.phone_is_back(p) for p in self.phones))
        for chat in self.chats:
            for phone in PHONES:
                chat.presence('subscribe', to=f'{phone}@{COMPONENT}')
        await until(lambda: not self.stale_at_chats(), 'chat users see the phones', 60)
        for phone in self.phones:
            for chat in self.chats:
                await self.watch(phone, chat)
        await until(lambda: not self.stale_at_phones(), 'phones see the chat users', 60)
        self.views.is_settled = True
        self.jobs |= {asyncio.ensure_future(self.supervise()), asyncio.ensure_future(self.stay())}
        await asyncio.sleep(1)
        self.base = (self.rig.descriptors(), self.rig.rss_kib())

    async def new_phone(self, name):
        phone = Phone(f'sip:{name}@{PBX}', ('127.0.0.1', self.rig.sip_port))
        self.rig.users.append(await phone.start())
        phone.name, phone.lock = name, asyncio.Lock()
        phone.on_event = lambda what, request: self.at_phone(name, what, request)
        return phone

    async def watch(self, phone, chat):
        name = chat.jid.split('@')[0]
        watch = await phone.subscribe(f'sip:{chat.jid}')
        if watch.answer.status != 200:
            raise Failed(f'{phone.name} watches {name}: {watch.answer.status}')
        self.watches[phone.name, name] = watch
        contact = f'{phone.name}@{COMPONENT}'
        if not self.views.is_settled:
            await until(lambda: chat.got('presence', contact, 'subscribe'), f'{name} is asked by {contact}', 60)
            chat.presence('subscribed', to=contact)

    async def close(self):
        for job in [*self.jobs, *self.tasks]:
            job.cancel()
        await asyncio.gather(*self.jobs, *self.tasks, return_exceptions=True)
        await self.rig.close()

    async def stay(self):
        """Registrations, publications and subscriptions last ten minutes."""
        while True:
            await asyncio.sleep(150)
            for phone in self.phones:
                self.spawn(self.phone_is_back(phone))
            for key in self.watches:
                self.spawn(self.refresh(key))

    # What arrives --------------------------------------------------------------------------------

    def at_chat(self, name, stanza):
        self.books.at_chat(stanza)
        self.views.take_presence(name, stanza)

    def at_phone(self, name, what, request):
        self.books.at_phone(what, request)
        if what == 'NOTIFY':
            self.views.take_notify(name, request)

    # Users ---------------------------------------------------------------------------------------

    def next_words(self):
        self.changes += 1
        return f'words {self.changes}'

    async def sign_in(self, chat):
        await chat.sign_in(presence=False)
        chat.presence(show='away', status=self.truth[chat.jid.split('@')[0]])
        self.signed_in.add(chat)

    async def phone_is_back(self, phone):
        """As a real one does when its server was away: registers, and publishes anew."""
        await phone.register()
        await self.publish(phone)

    async def publish(self, phone):
        async with phone.lock:  # two at a time would be two publications, and one of them never changed again
            for _ in range(3):
                words = self.truth[phone.name]
                answer = await phone.publish(pidf(phone.aor, note=words))
                if answer.status == 200:
                    phone.has_published = words
                    return
                phone.etag = None
        raise Failed(f'PUBLISH of {phone.name} answered {answer.status}')

    async def change(self, user):
        self.truth[user] = self.next_words()
        if user in PHONES:
            return await self.publish(self.phones[PHONES.index(user)])
        if self.by_name[user] in self.signed_in:
            self.by_name[user].presence(show='away', status=self.truth[user])

    # Load ----------------------------------------------------------------------------------------

    def spawn(self, work):
        """A step of the load: what a fault makes of it is judged by its effects."""
        async def step():
            with contextlib.suppress(Failed, OSError, TimeoutError, asyncio.TimeoutError):
                await work
        job = asyncio.ensure_future(step())
        self.jobs.add(job)
        job.add_done_callback(self.jobs.discard)

    async def refresh(self, key):
        watch = self.watches[key]
        answer = await watch.refresh()
        if answer.status == 481 and watch.state != 'terminated' and not self.may_tell and not self.may_forget:
            self.views.strange.append(f'refresh of {key} answered 481')

    async def be_fickle(self):
        name, phone = FICKLE
        if self.by_name[name] in self.signed_in:
            contact = f'{phone}@{COMPONENT}'
            self.by_name[name].presence(self.draw.choice(('subscribe', 'unsubscribe')), to=contact)

    def one_step(self):
        self.one_each_way()
        dice = self.draw.random() * self.rate
        if dice < 2:
            self.spawn(self.change(self.draw.choice(CHATS + PHONES)))
        elif dice < 3:
            self.spawn(self.refresh(self.draw.choice(list(self.watches))))
        elif dice < 3.2:
            self.spawn(self.be_fickle())

    async def load(self):
        while True:
            self.one_step()
            await asyncio.sleep(self.draw.expovariate(self.rate))

    # Programs ------------------------------------------------------------------------------------

    async def supervise(self):
        """As the service manager does: a bridge that ends is started again."""
        while True:
            await asyncio.sleep(0.1)
            program = self.rig.bridge
            if self.expected_down or program.code is None:
                continue
            self.ended.append(program.code)
            began = time.monotonic()
            self.look_into_store()
            await asyncio.sleep(1)
            await self.rig.start_bridge(wait=False)
            self.lossy.append((began, time.monotonic() + 1))  # D-37: what it had not read or not written yet

    async def end_bridge(self, how, start=True):
        """how(): makes it end. Starts it again."""
        self.expected_down = True
        began = time.monotonic()
        try:
            how()
            await self.rig.bridge.ended(60)
            self.look_into_store()
            if start:
                await asyncio.sleep(self.draw.choice((0, 0, 0.3, 2)))
                await self.rig.start_bridge(wait=False)
        finally:
            self.lossy.append((began, time.monotonic() + 1))
            self.expected_down = not start

    async def end_prosody(self, number=signal.SIGKILL):
        began = time.monotonic()
        self.prosody_died.append(began)
        self.rig.programs['prosody'].signal(number)
        self.signed_in.clear()
        await self.rig.programs['prosody'].ended()
        for chat in self.chats:
            chat.cut()
        self.lossy.append((began, time.monotonic()))

    async def start_prosody(self):
        await self.rig.start_chat_server()
        for chat in self.chats:
            await self.sign_in(chat)

    async def end_kamailio(self, number=signal.SIGKILL):
        self.rig.programs['kamailio'].signal(number)
        await self.rig.programs['kamailio'].ended()

    async def start_kamailio(self):
        await self.rig.start_kamailio()
        for phone in self.phones:
            await self.phone_is_back(phone)

    # What must be true ---------------------------------------------------------------------------

    def was_in_hands(self, entry):
        if entry.from_sip:
            return any(abs(when - entry.answered_at) < 5 for when in self.prosody_died)
        return any(begin - 5 < entry.at < end + 2 for begin, end in self.lossy)

    def judge_one(self, entry, counts, bad):
        if getattr(entry, 'is_uncertain', False):
            counts['sent'] += 1
            counts['delivered' if entry.seen else 'reported'] += 1
            counts['said to be uncertain'] += 1
            if entry.seen and len(entry.seen) > 1:
                bad.append(f'twice: {entry.token} seen {dict(entry.seen)}')
            return
        super().judge_one(entry, counts, bad)

    def stale_at_chats(self):
        found = []
        for name in CHATS:
            for phone in PHONES:
                shown = self.views.at_chat.get((name, f'{phone}@{COMPONENT}'))
                if not shown or shown.type or shown.status != self.truth[phone]:
                    what = f'{shown.type} {shown.status!r}' if shown else 'nothing'
                    found.append(f'{name} sees {what} of {phone}, who is {self.truth[phone]!r}')
        return found

    def stale_at_phones(self):
        found = []
        for phone in PHONES:
            for name in CHATS:
                watch = self.watches.get((phone, name))
                document = watch.document if watch and watch.state == 'active' else None
                if not document or not document.is_open or self.truth[name] not in document.notes:
                    what = (watch.state, document.notes if document else '') if watch else 'nothing'
                    found.append(f'{phone} sees {what} of {name}, who is {self.truth[name]!r}')
        return found

    def stale(self):
        return self.stale_at_chats() + self.stale_at_phones()

    def doubled_dialogs(self):
        """Ours at Kamailio: one for each watch."""
        with contextlib.closing(sqlite3.connect(self.rig.dir / 'kamailio.db', timeout=10)) as db:
            rows = db.execute("select presentity_uri, watcher_username, count(*) from active_watchers"
                              " where event = 'presence' and expires > ? group by 1, 2", (time.time(),)).fetchall()
        # Kamailio's timer leaves rows of ended subscriptions till they expire.
        fickle = (f'sip:{FICKLE[1]}@{PBX}', FICKLE[0])
        return [f'{count} dialogs of {who} for {whom}' for whom, who, count in rows if count > 1 and (whom, who) != fickle]

    def err_lines(self, explained):
        path = self.rig.dir / 'sipxmppd.log'
        with open(path, 'rb') as file:
            file.seek(self.log_at)
            text = file.read().decode('utf-8', 'replace')
            self.log_at = file.tell()
        return [line for line in ERR.findall(text) if not any(re.search(e, line) for e in explained)]

    def bloat(self):
        found, now = [], (self.rig.descriptors(), self.rig.rss_kib())
        if now[0] > self.base[0] + MORE_DESCRIPTORS:
            found.append(f'{now[0]} descriptors, {self.base[0]} before')
        if now[1] > self.base[1] + MORE_KIB and not self.is_sanitized():
            found.append(f'{now[1]} KiB resident, {self.base[1]} before')
        return found

    def is_sanitized(self):
        try:
            return 'libasan' in pathlib.Path(f'/proc/{self.rig.bridge.process.pid}/maps').read_text()
        except OSError:
            return False

    async def sums(self):
        """REL-060, for as long as the process lives: (process, accepted - ended)."""
        s = await self.rig.status()
        if not s:
            return None
        taken = s['messages_from_sip'] + s['messages_from_xmpp']
        over = sum(s[f'messages_{n}'] for n in ('to_sip', 'to_xmpp', 'refused', 'unknown', 'expired', 'late', 'quarantined'))
        return self.rig.bridge.process.pid, taken - over - s['queue.texts']

    async def resume_watches(self):
        """A phone that was told of the end asks again, if telling was right, and so does one whose dialog is not known
        any more where that is right (EVT-037); all others go on in their dialogs."""
        for (phone, name), watch in list(self.watches.items()):
            gone = watch.state == 'terminated' and self.may_tell
            if self.may_forget:
                gone = gone or (await watch.refresh()).status == 481
            if gone:
                await self.watch(self.phones[PHONES.index(phone)], self.by_name[name])
        self.may_forget = False

    async def settle(self, deadline):
        """Polls until all is as it must be; returns what is not."""
        asked_again = 0
        while True:
            await self.resume_watches()
            bad = self.stale()
            if not bad and self.is_quiet() and not self.bloat():
                return []
            now = time.monotonic()
            self.last_waited_for = bad[0] if bad else 'the queue and the books come to rest'
            if now > deadline:
                return bad + self.bloat() + ([] if self.is_quiet() else ['the queue and the books do not come to rest'])
            if now > asked_again:  # the fickle one makes up his mind
                self.by_name[FICKLE[0]].presence('subscribe', to=f'{FICKLE[1]}@{COMPONENT}')
                asked_again = now + 10
            await asyncio.sleep(0.1)

    async def all_alive(self, deadline):
        """A change of each source arrives; each watch is refreshed in its dialog."""
        bad = []
        for user in CHATS + PHONES:
            await self.change(user)
        while self.stale() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        bad += [f'not alive: {line}' for line in self.stale()]
        for key, watch in self.watches.items():
            heard = len(watch.notifies)
            answer = await watch.refresh()
            if answer.status != 200:
                bad.append(f'refresh of {key} answered {answer.status}')
                continue
            try:
                await until(lambda: len(watch.notifies) > heard, '', 15)
            except Failed:
                bad.append(f'refresh of {key}: no NOTIFY')
        return bad

    async def verify(self, explained=(), may_end=False):
        """All invariants, after a fault; returns what is wrong. Counts go to self.total."""
        deadline = time.monotonic() + self.within_s
        bad = []
        try:
            for phone in self.phones:  # of what was published in the middle of it nobody knows what came of it
                if getattr(phone, 'has_published', None) != self.truth[phone.name]:
                    await self.publish(phone)
            bad += await self.settle(deadline)
            bad += await self.all_alive(time.monotonic() + 15 if bad else max(deadline, time.monotonic() + 15))
        except (Failed, OSError, asyncio.TimeoutError) as error:
            bad.append(f'{type(error).__name__}: {error}')
        counts, wrong = self.judge(True)
        bad += wrong
        bad += self.views.strange
        bad += self.doubled_dialogs()
        bad += [f'log: {line[:300]}' for line in self.err_lines(explained)]
        if self.ended and not may_end:
            bad.append(f'sipxmppd ended with {self.ended}')
        bad += await self.compare_sums()
        trouble = self.rig.daemon_trouble()
        if trouble:
            bad.append(trouble)
        self.total.update(counts)
        self.forget()
        return bad

    async def compare_sums(self):
        now, before = await self.sums(), self.accounts
        self.accounts = now
        if now is None:
            return ['the control socket says nothing']
        if before and before[0] == now[0] and before[1] != now[1]:
            return [f'sums: accepted - ended - queued was {before[1]}, is {now[1]}']
        return []

    def forget(self):
        """What is judged; the last view stays."""
        self.run += 1
        self.books.sent.clear()
        self.books.order.clear()
        self.views.strange.clear()
        self.lossy, self.prosody_died, self.ended = [], [], []
        self.may_tell = self.may_forget = False
        self.count = 0
        for chat in self.chats:
            chat.stanzas.clear()
        for phone in self.phones:
            phone.requests.clear()
            phone.messages.clear()
            phone.answered.clear()
            live = set(w.local_tag for w in self.watches.values())
            phone.subscriptions = {t: s for t, s in phone.subscriptions.items() if t in live}
        for watch in self.watches.values():
            del watch.notifies[:-1]
