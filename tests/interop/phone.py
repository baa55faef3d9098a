"""baresip as a phone without sound, driven over its control port (module ctrl_tcp)."""

import asyncio
import glob
import json
import re
import subprocess

from rig import PBX, Failed, free_port, until

CONFIG = '''sip_listen 127.0.0.1:{port}
module_path {modules}
module stdio.so
module ctrl_tcp.so
module_app account.so
module_app contact.so
module_app menu.so
module_app presence.so
ctrl_tcp_listen 127.0.0.1:{control}
'''


class Baresip:
    """A registered phone that publishes its state and watches one contact; with a password one that is not registered,
    and logs in at the bridge."""

    def __init__(self, rig, user, contact, password=None, transport='udp'):
        self.rig, self.user, self.contact, self.password = rig, user, contact, password
        self.transport = transport
        self.control, self.port = free_port(), free_port()
        self.answers = asyncio.Queue()
        self.program = self.writer = self.reading = None

    async def start(self):
        home = self.rig.dir / f'baresip-{self.user}'
        home.mkdir()
        modules = glob.glob('/usr/lib/baresip/modules') or glob.glob('/usr/lib/*/baresip/modules')
        (home / 'config').write_text(CONFIG.format(port=self.port, control=self.control, modules=modules[0]))
        account = f'sip:127.0.0.1:{self.rig.sip_port}";regint=600;pubint=600;auth_pass=none'
        if self.password:
            account = (f'sip:127.0.0.1:{self.rig.bridge_port};transport={self.transport}";regint=0'
                       f';auth_user={self.user};auth_pass={self.password}')
        (home / 'accounts').write_text(f'<sip:{self.user}@{PBX}>;outbound="{account};audio_codecs=\n')
        (home / 'contacts').write_text(f'"Contact" <{self.contact}>;presence=p2p\n')
        self.program = self.rig.run(f'baresip-{self.user}', ['stdbuf', '-oL', 'baresip', '-f', home],
                                    stdin=subprocess.PIPE, env={'HOME': str(home)})
        await self.rig.listening(self.program, self.control)
        reader, self.writer = await asyncio.open_connection('127.0.0.1', self.control)
        self.reading = asyncio.create_task(self.read(reader))
        if not self.password:
            await until(lambda: '200 OK' in self.program.text(), 'baresip registers')
        return self

    async def read(self, reader):
        """Netstrings of JSON: answers to commands, and events."""
        try:
            while True:
                length = int((await reader.readuntil(b':'))[:-1])
                value = json.loads((await reader.readexactly(length + 1))[:-1])
                if value.get('response'):
                    self.answers.put_nowait(value)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass

    async def command(self, name, words=''):
        text = json.dumps({'command': name, 'params': words, 'token': name}).encode()
        self.writer.write(b'%d:%s,' % (len(text), text))
        answer = await asyncio.wait_for(self.answers.get(), 10)
        if not answer.get('ok'):
            raise Failed(f'baresip refuses {name}: {answer}')
        return re.sub(r'\x1b\[[\d;]*m', '', answer.get('data', ''))

    async def contact_shown(self):
        """Online, Offline, Busy, Unknown: what the phone shows of its contact."""
        found = re.search(r'>\s+(\w+)\s+Contact', await self.command('contacts'))
        return found.group(1) if found else ''

    async def shows(self, state, timeout=20):
        for _ in range(timeout * 10):
            shown = await self.contact_shown()
            if shown == state:
                return
            await asyncio.sleep(0.1)
        raise Failed(f'baresip shows {shown}, not {state}')

    def received(self):
        """Texts that the phone displayed."""
        return re.findall(r'\n[^\n]*?sip:[^\n]*?: "(.*?)"\n', self.program.text(), re.S)

    def close(self):
        if self.reading:
            self.reading.cancel()
        if self.writer:
            self.writer.close()


LINPHONERC = '''[sip]
sip_port={port}
sip_tcp_port=0
sip_tls_port=0
bind_address=127.0.0.1
contact="{user}" <sip:{user}@{domain}>
guess_hostname=0
use_ipv6=0
default_proxy=0
{more}
[misc]
uuid=bba399aa-5bd8-00ba-9e81-4fee9efcd298
[proxy_0]
reg_proxy=<sip:127.0.0.1:{proxy};transport=udp>
reg_route=<sip:127.0.0.1:{proxy};transport=udp;lr>
reg_identity="{user}" <sip:{user}@{domain}>
reg_expires=600
reg_sendregister={register}
publish={register}
publish_expires=6
'''
AUTH_INFO = '''[auth_info_0]
username={user}
passwd={password}
realm={domain}
'''
FRIEND = '''[friend_{number}]
url="{name}" <{uri}>
pol=accept
subscribe=1
'''


class Linphone:
    """linphonec, a softphone of another make: registered, publishing, watching its friends. It takes loopback alone for
    no network at all."""

    def __init__(self, rig, user, friends, more='', password=None):
        """friends: {name: URI}; more: lines for section sip of its configuration; password: it is not registered, and
        logs in at the bridge."""
        self.rig, self.user, self.friends, self.more, self.password = rig, user, friends, more, password
        self.program = None

    async def start(self):
        home = self.rig.dir / f'linphone-{self.user}'
        (home / '.local/share/linphone').mkdir(parents=True)
        proxy = self.rig.bridge_port if self.password else self.rig.sip_port
        text = LINPHONERC.format(port=free_port(), user=self.user, domain=PBX, proxy=proxy, more=self.more,
                                 register=0 if self.password else 1)
        if self.password:
            text += AUTH_INFO.format(user=self.user, password=self.password, domain=PBX)
        for number, (name, uri) in enumerate(self.friends.items()):
            text += FRIEND.format(number=number, name=name, uri=uri)
        (home / 'linphonerc').write_text(text)
        self.program = self.rig.run(f'linphone-{self.user}',
                                    ['stdbuf', '-oL', 'linphonec', '-c', home / 'linphonerc', '-d', '6', '-l',
                                     self.rig.dir / f'linphone-{self.user}-own.log'],
                                    stdin=subprocess.PIPE, env={'HOME': str(home)}, cwd=home)
        return self

    def command(self, line):
        self.program.process.stdin.write(line.encode() + b'\n')
        self.program.process.stdin.flush()

    def own_log(self):
        return (self.rig.dir / f'linphone-{self.user}-own.log').read_text(errors='replace')

    def shown(self, name):
        """What it last said of a friend: Online, Busy, Away, Offline; '' nothing yet."""
        found = re.findall(rf'Friend "{name}" <[^>]*> is (\w+)', self.program.text())
        return found[-1] if found else ''

    async def shows(self, name, state):
        try:
            await until(lambda: self.shown(name) == state, '', 20)
        except Failed:
            raise Failed(f'linphonec shows {self.shown(name)!r} for {name}, not {state!r}') from None
