"""sipp, a generator of SIP traffic, with the scenarios of config/sipp-*.xml: as a crowd of phones or as a server."""

import re

from rig import check, free_port


class Sipp:
    """transport: u1 (UDP) or t1 (TCP)."""

    def __init__(self, rig, scenario, transport):
        self.rig, self.scenario, self.transport = rig, scenario, transport
        self.messages = rig.dir / f'sipp-{scenario}.messages'
        self.program = None

    def run(self, port, *words):
        path = self.rig.write(f'sipp-{self.scenario}.xml')
        self.program = self.rig.run(f'sipp-{self.scenario}', [
            'sipp', '-sf', path, '-i', '127.0.0.1', '-p', port, '-t', self.transport, '-nostdin', '-trace_msg',
            '-message_file', self.messages, '-message_overwrite', 'false', *words], cwd=self.rig.dir)
        return self

    def write(self, count, rate):
        """Texts to the bridge."""
        return self.run(free_port(), f'127.0.0.1:{self.rig.bridge_port}', '-r', rate, '-m', count,
                        '-timeout', 60, '-timeout_error')

    def log_in(self, count, rate, user, password):
        """The same from one user who is asked for his password each time."""
        return self.run(free_port(), f'127.0.0.1:{self.rig.bridge_port}', '-r', rate, '-m', count, '-au', user,
                        '-ap', password, '-timeout', 60, '-timeout_error')

    def serve(self):
        """In the place of the SIP server."""
        return self.run(self.rig.sip_port)

    async def ended(self):
        code = await self.program.ended(90)
        found = re.findall(r'Successful call\s*\|\s*\d+\s*\|\s*(\d+)', self.program.text())
        check(code == 0, f'sipp exit code {code}, successful {found[-1:]}')

    def received(self):
        """Every MESSAGE that came, as (Call-ID, CSeq, branch, body), repetitions too."""
        data = self.messages.read_bytes() if self.messages.exists() else b''
        found = []
        for mark in re.finditer(rb'message received \[(\d+)\] bytes ?:\s*\n\n', data):
            text = data[mark.end():mark.end() + int(mark.group(1))].decode(errors='replace')
            if text.startswith('MESSAGE '):
                words = [re.search(rf'^{name}: *(.*?)\r$', text, re.M | re.I).group(1) for name in ('Call-ID', 'CSeq')]
                branch = re.search(r'branch=([^;\s]+)', text).group(1)
                found.append((*words, branch, text.partition('\r\n\r\n')[2]))
        return found

    def texts(self):
        return [m[3] for m in self.received()]
