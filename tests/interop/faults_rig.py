"""The servers of rig.py with faults between them: every way passes a proxy (proxy.py), the names of the SIP server come
from a scripted resolver, and clock and disk of the bridge do as they are told (faults_shim.c).

    chat server <-- links.xmpp <-- bridge --> links.pbx --> Kamailio
                                   bridge <-- links.bridge <-- Kamailio
"""

import asyncio
import contextlib
import json
import os
import pathlib
import resource
import shutil
import sqlite3
import struct
import subprocess

from proxy import Way
from rig import SCHEMA, TEXT_SCHEMA, Failed, Rig, check, free_port, until

HERE = pathlib.Path(__file__).resolve().parent
ORDERS = ('clock_s', 'disk_error', 'flush_error', 'slow_ms')
NAME = 'proxy.test'  # of the SIP server, for the bridge
# The book of receipts keeps messages for days: small, so that it is full in the first minutes of a long load.
EXTRA = ('limits: { messages_per_user_per_s = 100000; messages_per_user_burst = 100000;'
         ' peer_requests_per_s = 100000; new_watches_per_minute = 100000;\n'
         ' questions_per_minute = 100000; receipts = 1000; };')


class Dns(asyncio.DatagramProtocol):
    """SRV and A of one name, with a short life; way: 'good', 'silent' or 'failing'."""

    def __init__(self, port):
        self.target, self.way = port, 'good'
        self.transport = None
        self.asked = 0

    async def start(self, port):
        self.transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=('127.0.0.1', port))
        return self

    def answer(self, name, kind):
        if kind == 1 and name == NAME:
            return [(1, bytes((127, 0, 0, 1)))]
        if kind == 33 and name in (f'_sip._tcp.{NAME}', f'_sip._udp.{NAME}'):
            labels = b''.join(bytes([len(p)]) + p.encode() for p in NAME.split('.')) + b'\0'
            return [(33, struct.pack('!HHH', 1, 1, self.target) + labels)]
        return []

    def datagram_received(self, data, address):
        self.asked += 1
        if self.way == 'silent' or len(data) < 17:
            return
        at, labels = 12, []
        while data[at]:
            labels.append(data[at + 1:at + 1 + data[at]].decode('latin-1').lower())
            at += 1 + data[at]
        question = data[12:at + 5]
        kind = struct.unpack('!H', data[at + 1:at + 3])[0]
        found = self.answer('.'.join(labels), kind) if self.way == 'good' else []
        code = 0x8180 if self.way == 'good' else 0x8182
        reply = data[:2] + struct.pack('!HHHHH', code, 1, len(found), 0, 0) + question
        for kind, value in found:
            reply += b'\xc0\x0c' + struct.pack('!HHIH', kind, 1, 3, len(value)) + value
        self.transport.sendto(reply, address)


class FaultRig(Rig):
    """quiet: logs short enough for hours. settings: further lines of sipxmppd.cfg. given_up_s: the SIP server's patience
    with what is not answered; 30 is Kamailio's own. forgives: a NOTIFY that is not answered ends no subscription."""

    def __init__(self, daemon, draw, transport='tcp', quiet=False, settings='', given_up_s=30, forgives=False):
        super().__init__(daemon, transport=transport, authorise=True, extra=EXTRA + settings)
        self.draw, self.quiet, self.given_up_s, self.forgives = draw, quiet, given_up_s, forgives
        self.fronts = {'xmpp': free_port(), 'pbx': free_port(), 'bridge': free_port()}
        self.ways = {}
        self.dns = None
        self.prosody_secret = self.secret
        self.orders = {name: 0 for name in ORDERS}

    def words(self):
        """The bridge and Kamailio know each other, and the bridge its chat server, by the proxies."""
        words = super().words()
        if self.writes == 'sipxmppd.cfg':
            words.update(COMPONENT_PORT=self.fronts['xmpp'])
        elif self.writes == 'kamailio.cfg':
            words.update(BRIDGE_PORT=self.fronts['bridge'], FORCE_ACTIVE=1, SUBS_DB_MODE=2)
        else:
            words.update(SECRET=self.prosody_secret)
        return words

    def write(self, name, replace=None):
        self.writes, changes = name, dict(replace or {})
        if name == 'kamailio.cfg':
            patience = 'modparam("presence", "clean_period", 1)'
            changes[patience] = f'{patience}\nmodparam("presence", "timeout_rm_subs", {int(not self.forgives)})'
            changes['"fr_timer", 5000'] = f'"fr_timer", {self.given_up_s * 1000}'
            for kind in ('udp', 'tcp'):
                changes[f'listen={kind}:127.0.0.1:{self.sip_port}'] = (
                    f'listen={kind}:127.0.0.1:{self.sip_port} advertise 127.0.0.1:{self.fronts["pbx"]}')
        elif name == 'sipxmppd.cfg':
            changes[f'"sip:127.0.0.1:{self.sip_port};transport={self.transport}"'] = (
                f'"sip:{NAME};transport={self.transport}";\n\tadvertise = "127.0.0.1:{self.fronts["bridge"]}";'
                f'\n\tresolv_conf = "{self.dir}/resolv.conf"')
            if self.quiet:
                changes['level = "debug"'] = 'level = "info"'
        elif name == 'prosody.cfg.lua' and self.quiet:
            changes['min = "debug"'] = 'min = "info"'
        return super().write(name, changes)

    def run(self, name, command, **options):
        if name == 'sipxmppd':
            asan = options['env'].get('ASAN_OPTIONS', '')
            options['env'] = {**options['env'], 'LD_PRELOAD': str(self.dir / 'shim.so'), 'FAULTS_SHIM': str(self.dir / 'orders'),
                              'ASAN_OPTIONS': f'{asan}:verify_asan_link_order=0'}
            if self.quiet:
                command = [c for c in command if c != '-v']
        return super().run(name, command, **options)

    async def start(self):
        command = ['cc', '-shared', '-fPIC', '-O1', '-o', str(self.dir / 'shim.so'), str(HERE / 'faults_shim.c')]
        built = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
        check(built.returncode == 0, f'faults_shim.c: {built.stderr}')
        (self.dir / 'orders').write_bytes(bytes(8 * len(ORDERS)))
        for name, port in (('xmpp', self.component_port), ('pbx', self.sip_port), ('bridge', self.bridge_port)):
            self.ways[name] = await Way(name, port, self.draw).start(self.fronts[name])
        port = free_port()
        self.dns = await Dns(self.fronts['pbx']).start(port)
        (self.dir / 'resolv.conf').write_text(f'nameserver 127.0.0.1\nport {port}\noptions timeout:1 attempts:1\n')
        await super().start()

    async def start_kamailio(self):
        """Its subscriptions outlive it: its timer writes them each second, and readers do not get into its way."""
        if not (self.dir / 'kamailio.db').exists():
            with contextlib.closing(sqlite3.connect(self.dir / 'kamailio.db')) as db:
                db.execute('pragma journal_mode = wal')
                for part in ('standard', 'presence'):
                    db.executescript(pathlib.Path(f'{SCHEMA}{part}-create.sql').read_text())
            shutil.copytree(TEXT_SCHEMA, self.dir / 'lists', dirs_exist_ok=True)
        await super().start_kamailio()

    def forget_kamailio(self):
        for file in self.dir.glob('kamailio.db*'):
            file.unlink()

    async def close(self):
        for way in self.ways.values():
            await way.close()
        if self.dns:
            self.dns.transport.close()
        await super().close()

    def sip_ways(self):
        return [self.ways['pbx'], self.ways['bridge']]

    def heal(self):
        """All ways, names, clock and disk are well again."""
        for way in self.ways.values():
            way.heal()
        self.dns.way = 'good'
        self.order(**{name: 0 for name in ORDERS})

    def order(self, **changes):
        """clock_s, disk_error, flush_error, slow_ms of the bridge, from now on."""
        self.orders.update(changes)
        with open(self.dir / 'orders', 'r+b') as file:
            file.write(struct.pack('=4q', *(self.orders[name] for name in ORDERS)))

    # The bridge as the system sees it ------------------------------------------------------------

    @property
    def bridge(self):
        return self.programs['sipxmppd']

    def descriptors(self):
        try:
            return len(os.listdir(f'/proc/{self.bridge.process.pid}/fd'))
        except OSError:
            return 0

    def rss_kib(self):
        try:
            text = pathlib.Path(f'/proc/{self.bridge.process.pid}/status').read_text()
        except OSError:
            return 0
        return int(next((line.split()[1] for line in text.splitlines() if line.startswith('VmRSS')), 0))

    def limit_descriptors(self, more):
        """At most so many more than now; None: as before."""
        pid = self.bridge.process.pid
        _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        if more is None:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
        else:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (self.descriptors() + more, hard))

    async def status(self):
        """What sipxmppctl says, or {} if it says nothing."""
        program = next(p for p in (self.daemon.parent / 'ctl/sipxmppctl', self.daemon.parent / 'sipxmppctl') if p.exists())
        try:
            result = await asyncio.to_thread(subprocess.run, [str(program), '-s', str(self.dir / 'control'), '--json', 'status'],
                                             capture_output=True, text=True, timeout=30)
            return json.loads(result.stdout) if result.returncode == 0 else {}
        except (subprocess.TimeoutExpired, ValueError):
            return {}

    async def relinked(self, before, timeout=90):
        await until(lambda: self.links() > before, 'the chat server accepts the bridge', timeout)

    async def start_bridge(self, wait=True):
        program = await super().start_bridge(wait)
        if wait and program.code is not None:
            raise Failed(f'sipxmppd ended with {program.code}')
        return program
