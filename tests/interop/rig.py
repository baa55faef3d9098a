"""Real servers on loopback with the bridge between them: Prosody (or ejabberd), Kamailio, sipxmppd, and the
users of both sides. Everything lives in one temporary folder, on free ports, and is gone after close().

    async with Rig(daemon) as rig:
        juliet = await rig.chat_user('juliet')
        alice = await rig.sip_user('1001')
"""

import asyncio
import glob
import os
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import string
import subprocess
import sys
import tempfile
import time

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / 'support'))

from chat_user import ChatUser  # noqa: E402
from sip_ua import SipUser      # noqa: E402

CHAT = 'chat.example'
COMPONENT = 'sip.chat.example'
PBX = 'pbx.example'
SCHEMA = '/usr/share/kamailio/db_sqlite/'
TEXT_SCHEMA = '/usr/share/kamailio/dbtext/kamailio'
PRES_RULES, RLS_SERVICES = 2, 8  # document types of Kamailio: RFC 5025 rules, RFC 4826 services


# Both show their certificates, and believe nobody else.
TLS = '''	tls_certificate = "{dir}/bridge.pem";
	tls_key = "{dir}/bridge.key";
	tls_ca = "{dir}/ca.pem";
	tls_clients = "demand";'''


class Failed(AssertionError):
    """What a test wanted did not happen."""


async def until(condition, what, timeout=15):
    """Waits until condition() is true and returns its value; what says what was waited for."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f'not within {timeout} s: {what}')
        await asyncio.sleep(0.02)


def check(value, what):
    if not value:
        raise Failed(what)
    return value


def free_port(taken=set()):
    """A port that nobody has, for UDP and TCP, outside the range the kernel gives away by itself."""
    while True:
        port = random.randint(15000, 31000)
        if port in taken:
            continue
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(('127.0.0.1', port))
        except OSError:
            continue
        taken.add(port)
        return port


# Ends what a rig started and removes its folder if the runner dies without a word: reads process groups, then
# "done", or the end of its input when nobody is there any more.
GUARDIAN = """groups=
while read -r line; do
	[ "$line" != done ] || exit 0
	groups="$groups $line"
done
for group in $groups; do kill -9 -"$group"; done
rm -rf "$1"
"""


class Program:
    """A process in a group of its own, its output in a file."""

    def __init__(self, name, command, log, env=None, cwd=None, stdin=subprocess.DEVNULL):
        self.name, self.log = name, pathlib.Path(log)
        self.file = open(self.log, 'ab')
        path = os.environ.get('PATH', '') + ':/usr/sbin:/sbin'  # servers; ordinary users do not have it
        self.process = subprocess.Popen(command, stdout=self.file, stderr=subprocess.STDOUT, stdin=stdin,
                                        cwd=cwd, env={**os.environ, 'PATH': path, **(env or {})},
                                        start_new_session=True)

    @property
    def code(self):
        return self.process.poll()

    def text(self):
        return self.log.read_text(errors='replace')

    def signal(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    async def ended(self, timeout=20):
        await until(lambda: self.code is not None, f'{self.name} ends', timeout)
        return self.code

    async def stop(self, timeout=10):
        """In order; with force when that takes too long. Returns the exit code."""
        if self.code is None:
            self.process.terminate()
            try:
                await self.ended(timeout)
            except Failed:
                pass
        self.kill()
        return self.code

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()
        self.file.close()


class Rig:
    def __init__(self, daemon, transport='tcp', authorise=False, offline=True, extra='', bridge=True,
                 chat_server='prosody', replace=None, members=(), list_body_max=0, calls=False, password=''):
        """authorise: SIP users decide who watches them (else everybody may). offline: the chat server keeps messages for
        users who are away. extra: further lines for sipxmppd.cfg; replace: {text: text} in it.
        members: the users of the SIP server's list sip:everybody@pbx.example, which tells at most list_body_max
        bytes in one NOTIFY (0: any number). calls: the SIP server tells of calls (Event dialog), too. password: the digest
        algorithm by which the SIP server asks the bridge for one."""
        self.daemon = pathlib.Path(daemon).resolve() if daemon else None
        self.wrapper = []  # a program that runs the daemon, with its arguments
        self.transport, self.authorise, self.offline = transport, authorise, offline
        self.extra, self.with_bridge, self.chat_server = extra, bridge, chat_server
        self.replace = replace or {}
        self.members, self.list_body_max, self.calls = members, list_body_max, calls
        self.password = password
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix='sipxmppd-test-'))
        self.c2s_port, self.component_port = free_port(), free_port()
        self.sip_port, self.bridge_port = free_port(), free_port()
        self.proxy_port = free_port() if transport == 'tls' else self.sip_port  # of the SIP server, for the bridge
        self.secret = 'f7c1b0e2a9-d3b8a6c5e4'
        self.passwords = {'juliet': 'capulet', 'romeo': 'montague'}
        self.programs = {}
        self.users = []
        self.guardian = subprocess.Popen(['sh', '-c', GUARDIAN, 'guardian', str(self.dir)], text=True,
                                         stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)

    async def __aenter__(self):
        try:
            await self.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_):
        await self.close()

    async def start(self):
        await asyncio.gather(self.start_chat_server(), self.start_kamailio())
        if self.with_bridge:
            await self.start_bridge()

    # Files ---------------------------------------------------------------------------------------

    def words(self):
        modules = glob.glob('/usr/lib/*/kamailio/modules')[0]
        return {'DIR': self.dir, 'C2S_PORT': self.c2s_port, 'COMPONENT_PORT': self.component_port,
                'SIP_PORT': self.sip_port, 'BRIDGE_PORT': self.bridge_port, 'SECRET': self.secret,
                'TRANSPORT': self.transport, 'PROXY_PORT': self.proxy_port,
                'STREAM': 'tls' if self.transport == 'tls' else 'tcp',
                'TLS': TLS.format(dir=self.dir) if self.transport == 'tls' else '', 'KAMAILIO_MODULES': modules, 'EXTRA': self.extra,
                'DATABASE': self.dir / 'kamailio.db', 'FORCE_ACTIVE': 0 if self.authorise else 1,
                'SUBS_DB_MODE': 1 if self.authorise else 0,
                'PROCESS': ('user = "root"; ' if os.geteuid() == 0 else '') + 'core_dumps = true; caution = 0;',
                'LIST_BODY_MAX': self.list_body_max, 'PASSWORD_ALGORITHM': self.password,
                'NOT_LOADED': '' if self.offline else ', "offline"'}

    def write(self, name, replace=None):
        """Fills in a file of config/ and puts it into the rig's folder."""
        text = (here / 'config' / name).read_text()
        for word, value in self.words().items():
            text = text.replace(f'@{word}@', str(value))
        for old, new in (replace or {}).items():
            check(old in text, f'{name} has no {old!r} to replace')
            text = text.replace(old, new)
        path = self.dir / name
        path.write_text(text)
        return path

    def run(self, name, command, **options):
        program = Program(name, [str(c) for c in command], self.dir / f'{name}.log', **options)
        self.programs[name] = program
        self.guardian.stdin.write(f'{program.process.pid}\n')
        self.guardian.stdin.flush()
        return program

    # Servers -------------------------------------------------------------------------------------

    async def start_chat_server(self):
        if self.chat_server == 'ejabberd':
            return await self.start_ejabberd()
        config = self.write('prosody.cfg.lua')
        accounts = self.dir / 'prosody-data' / 'chat%2eexample' / 'accounts'
        accounts.mkdir(parents=True, exist_ok=True)
        for user, password in self.passwords.items():
            (accounts / f'{user}.dat').write_text(f'return {{ ["password"] = "{password}" }};\n')
        program = self.run('prosody', ['prosody', '-F', '--config', config])
        await self.listening(program, self.c2s_port, self.component_port)

    async def start_ejabberd(self):
        config = self.write('ejabberd.yml')
        accounts = ''.join(f'ejabberd_auth:try_register(<<"{u}">>, <<"{CHAT}">>, <<"{p}">>),'
                           for u, p in self.passwords.items())
        libraries = pathlib.Path(glob.glob('/usr/lib/*/ejabberd-*')[0]).parent
        # Without a node name Erlang needs neither epmd nor a port of its own.
        program = self.run('ejabberd', ['erl', '-noinput', '-mnesia', 'dir', f'"{self.dir}/ejabberd"',
                                        '-s', 'ejabberd', '-eval', accounts + 'ok.'],
                           cwd=self.dir, env={'ERL_LIBS': str(libraries), 'EJABBERD_CONFIG_PATH': str(config),
                                              'HOME': str(self.dir), 'EJABBERD_LOG_PATH': str(self.dir / 'ejabberd-own.log'),
                                              'ERL_CRASH_DUMP': str(self.dir / 'erl_crash.dump')})
        await self.listening(program, self.c2s_port, self.component_port)

    def make_certificates(self):
        """An authority, and certificates of the SIP server and of the bridge, each for its own domain."""
        def openssl(*words):
            subprocess.run(['openssl', *words], cwd=self.dir, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        key = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes')
        openssl('req', '-x509', *key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '90', '-subj', '/CN=authority')
        for name, domain in (('pbx', PBX), ('bridge', 'bridge.example')):
            openssl('req', *key, '-keyout', f'{name}.key', '-out', f'{name}.csr', '-subj', f'/CN={name}')
            (self.dir / f'{name}.ext').write_text(f'subjectAltName=DNS:{domain}\n')
            openssl('x509', '-req', '-in', f'{name}.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial',
                    '-days', '90', '-extfile', f'{name}.ext', '-out', f'{name}.pem')
            (self.dir / f'{name}.key').chmod(0o600)

    async def start_kamailio(self):
        if self.transport == 'tls' and not (self.dir / 'ca.pem').exists():
            self.make_certificates()
            self.write('kamailio-tls.cfg')
        config = self.write('kamailio.cfg')
        if not (self.dir / 'kamailio.db').exists():
            with sqlite3.connect(self.dir / 'kamailio.db') as db:
                for part in ('standard', 'presence'):
                    db.executescript(pathlib.Path(f'{SCHEMA}{part}-create.sql').read_text())
            shutil.copytree(TEXT_SCHEMA, self.dir / 'lists')
            self.write_list()
        program = self.run('kamailio', ['kamailio', '-f', config, '-DD', '-E', '-m', '64', '-M', '16',
                                        '-w', self.dir, '-Y', self.dir, '-P', self.dir / 'kamailio.pid',
                                        *(['-A', 'LISTS'] if self.members else []),
                                        *(['-A', 'CALLS'] if self.calls else []),
                                        *(['-A', 'TLS'] if self.transport == 'tls' else []),
                                        *(['-A', 'PASSWORD'] if self.password else [])])
        await self.listening(program, self.sip_port)

    def write_list(self):
        """Kamailio looks for a list in the documents of whoever subscribes to it: the bridge."""
        entries = ''.join(f'<rl:entry uri="sip:{m}@{PBX}"/>' for m in self.members)
        with sqlite3.connect(self.dir / 'kamailio.db', timeout=10) as db:
            db.execute('delete from xcap where doc_type = ?', (RLS_SERVICES,))
            db.execute('insert into xcap (username, domain, doc, doc_type, etag, source, doc_uri, port)'
                       ' values (?, ?, ?, ?, ?, 0, ?, 0)',
                       ('sipxmppd', CHAT, SERVICES.substitute(entries=entries), RLS_SERVICES,
                        os.urandom(4).hex(), 'services'))

    async def start_bridge(self, wait=True):
        config = self.write('sipxmppd.cfg', self.replace)
        links = self.links()
        log = self.dir / 'sipxmppd.log'
        before = len(log.read_text(errors='replace')) if log.exists() else 0
        program = self.run('sipxmppd', [*self.wrapper, self.daemon, '-e', '-v', '-c', config],
                           env={'ASAN_OPTIONS': 'abort_on_error=1' + (':detect_leaks=0' if self.wrapper else ''), 'UBSAN_OPTIONS': 'print_stacktrace=1'})
        if wait:
            await until(lambda: self.links() > links or program.code is not None, 'the chat server accepts the bridge', 90)
            check(program.code is None, f'sipxmppd ended with {program.code}: {program.text()[-600:]}')
            await until(lambda: 'daemon: serving' in program.text()[before:], 'the bridge serves')
        return program

    async def listening(self, program, *ports):
        for port in ports:
            def answers():
                if program.code is not None:
                    raise Failed(f'{program.name} ended with {program.code}: {program.text()[-600:]}')
                with socket.socket() as probe:
                    return probe.connect_ex(('127.0.0.1', port)) == 0
            await until(answers, f'{program.name} listens on {port}', 30)

    def links(self):
        """How often the chat server has accepted the bridge."""
        words = {'prosody': 'successfully authenticated', 'ejabberd': 'Accepted external component handshake'}
        log = self.dir / f'{self.chat_server}.log'
        return log.read_text(errors='replace').count(words[self.chat_server]) if log.exists() else 0

    async def linked(self, before=0):
        await until(lambda: self.links() > before, 'the chat server accepts the bridge', 90)

    # Users ---------------------------------------------------------------------------------------

    async def chat_user(self, name, sign_in=True, resource='test'):
        user = ChatUser(f'{name}@{CHAT}', self.passwords[name], self.c2s_port, resource=resource)
        self.users.append(user)
        return await user.sign_in() if sign_in else user

    async def sip_user(self, name, register=True, transport='udp'):
        user = SipUser(f'sip:{name}@{PBX}', ('127.0.0.1', self.sip_port), transport)
        self.users.append(await user.start())
        if register:
            answer = await user.register()
            check(answer.status == 200, f'REGISTER of {name}: {answer.status}')
        return user

    async def users_leave(self):
        """All of them, and no registration of theirs stays."""
        for user in self.users:
            if isinstance(user, SipUser):
                await user.register(expires=0)
                await user.close()
            else:
                await user.sign_out()
        self.users = []

    async def allow(self, watched, watcher, action='allow'):
        """The SIP user decides (authorise=True): allow, block, or polite-block of a chat user's JID; None: no rule."""
        rules = RULES.substitute(watcher=watcher, action=action) if action else EMPTY_RULES
        with sqlite3.connect(self.dir / 'kamailio.db', timeout=10) as db:
            db.execute('delete from xcap where username = ?', (watched,))
            db.execute('insert into xcap (username, domain, doc, doc_type, etag, source, doc_uri, port)'
                       ' values (?, ?, ?, ?, ?, 0, ?, 0)',
                       (watched, PBX, rules, PRES_RULES, os.urandom(4).hex(), f'rules-{watched}'))
        alice = await self.sip_user(watched, register=False)
        answer = await alice.options(f'sip:refresh-{watched}@{PBX}')
        check(answer.status == 200, f'Kamailio re-reads the rules: {answer.status}')

    # The end -------------------------------------------------------------------------------------

    def daemon_trouble(self):
        """What the sanitizers or a crash left behind, or ''."""
        text = '\n'.join(p.read_text(errors='replace') for p in self.dir.glob('sipxmppd*.log'))
        for mark in ('ERROR: AddressSanitizer', 'ERROR: LeakSanitizer', 'runtime error:', 'AddressSanitizer:DEADLYSIGNAL'):
            if mark in text:
                return text[text.index(mark):][:3000]
        return ''

    def left_behind(self):
        """What outlived close(): the folder, and processes that name it."""
        left = [str(self.dir)] if self.dir.exists() else []
        for line in glob.glob('/proc/[0-9]*/cmdline'):
            try:
                if str(self.dir) in pathlib.Path(line).read_text(errors='replace'):
                    left.append('process ' + line.split('/')[2])
            except OSError:
                pass  # it ended meanwhile
        return left

    def logs(self, lines=25):
        parts = []
        for log in sorted(self.dir.glob('*.log')):
            tail = log.read_text(errors='replace').splitlines()[-lines:]
            parts.append(f'--- {log.name}\n' + '\n'.join(line[:400] for line in tail))
        return '\n'.join(parts)

    def keep_logs(self, where):
        where.mkdir(parents=True, exist_ok=True)
        for file in [*self.dir.glob('*.log'), *self.dir.glob('*.cfg*')]:
            shutil.copy(file, where)

    async def stop_bridge(self):
        program = self.programs.get('sipxmppd')
        return await program.stop(20) if program else 0

    async def close(self):
        for user in self.users:
            if isinstance(user, SipUser):
                await user.close()
            else:
                user.cut()
        self.users = []
        for program in self.programs.values():
            if program.code is None:
                program.signal(signal.SIGCONT)
        # The bridge must end in order (its sanitizers speak then); the servers keep nothing.
        await self.stop_bridge()
        for program in self.programs.values():
            program.kill()
        shutil.rmtree(self.dir, ignore_errors=True)
        if self.guardian.poll() is None:
            self.guardian.communicate('done\n')


EMPTY_RULES = ('<?xml version="1.0"?><cr:ruleset xmlns="urn:ietf:params:xml:ns:pres-rules"'
               ' xmlns:cr="urn:ietf:params:xml:ns:common-policy"/>')
SERVICES = string.Template(f'''<?xml version="1.0"?><rls-services xmlns="urn:ietf:params:xml:ns:rls-services"
xmlns:rl="urn:ietf:params:xml:ns:resource-lists"><service uri="sip:everybody@{PBX}"><list>$entries</list>
<packages><package>presence</package></packages></service></rls-services>''')
RULES = string.Template(EMPTY_RULES[:-2] + '''>
<cr:rule id="a"><cr:conditions><cr:identity><cr:one id="sip:$watcher"/></cr:identity></cr:conditions>
<cr:actions><sub-handling>$action</sub-handling></cr:actions><cr:transformations>
<provide-services><all-services/></provide-services><provide-persons><all-persons/></provide-persons>
<provide-devices><all-devices/></provide-devices><provide-all-attributes/></cr:transformations></cr:rule>
</cr:ruleset>''')
