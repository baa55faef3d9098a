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
    """A registered phone that publishes its state and watches one contact."""

    def __init__(self, rig, user, contact):
        self.rig, self.user, self.contact = rig, user, contact
        self.control, self.port = free_port(), free_port()
        self.answers = asyncio.Queue()
        self.program = self.writer = self.reading = None

    async def start(self):
        home = self.rig.dir / f'baresip-{self.user}'
        home.mkdir()
        modules = glob.glob('/usr/lib/baresip/modules') or glob.glob('/usr/lib/*/baresip/modules')
        (home / 'config').write_text(CONFIG.format(port=self.port, control=self.control, modules=modules[0]))
        (home / 'accounts').write_text(f'<sip:{self.user}@{PBX}>;outbound="sip:127.0.0.1:{self.rig.sip_port}"'
                                       ';regint=600;pubint=600;auth_pass=none;audio_codecs=\n')
        (home / 'contacts').write_text(f'"Contact" <{self.contact}>;presence=p2p\n')
        self.program = self.rig.run(f'baresip-{self.user}', ['stdbuf', '-oL', 'baresip', '-f', home],
                                    stdin=subprocess.PIPE, env={'HOME': str(home)})
        await self.rig.listening(self.program, self.control)
        reader, self.writer = await asyncio.open_connection('127.0.0.1', self.control)
        self.reading = asyncio.create_task(self.read(reader))
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
