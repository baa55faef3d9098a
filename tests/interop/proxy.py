"""Ways with faults: what goes between two programs on loopback passes here, over TCP and UDP, until it is cut, held up,
lost or mixed up as a test says. No privileges are needed.

    way = await Way('sip', target_port).start()   # way.port is where the other program goes
    way.silent()                                  # half open: everything is swallowed, and nobody is told
    way.heal()                                    # all is well again; what was half open is reset

A fault of datagrams leaves streams alone, and the other way round: loss within TCP is time, and that is delay().
"""

import asyncio
import collections
import random
import socket
import struct

NEVER = struct.pack('ii', 1, 0)  # SO_LINGER: close with RST


def reset(writer):
    """The end without a word in order: RST."""
    sock = writer.get_extra_info('socket')
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NEVER)
    except OSError:
        pass  # it has gone meanwhile
    writer.transport.abort()


class Connection:
    """One stream and the one behind it."""

    def __init__(self, way, near, far):
        self.way, self.ends = way, (near, far)
        self.is_broken = False  # by one of its ends: the other one hears of it at once
        self.is_stale = False   # swallowed something: it must not go on as if it had not
        self.pairs = ((near, far), (far, near))

    async def run(self):
        jobs = [asyncio.ensure_future(self.carry(source[0], sink[1])) for source, sink in self.pairs]
        try:
            await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
            while self.is_stale or self.way.is_silent:  # an end is not told either
                self.is_stale = True
                await asyncio.sleep(0.05)
                if not self.way.is_silent:
                    break
            if not self.is_broken:  # what is on the way in the other direction still arrives
                await asyncio.wait(jobs, timeout=self.way.delay_s + 1)
        finally:
            for job in jobs:
                job.cancel()
            self.end(with_reset=self.is_stale or self.is_broken)

    async def carry(self, reader, writer):
        waiting = asyncio.Queue()
        writing = asyncio.ensure_future(self.write(waiting, writer))
        try:
            while True:
                data = await reader.read(65536)
                if not data:
                    break
                waiting.put_nowait((asyncio.get_running_loop().time() + self.way.delay_s, data))
            waiting.put_nowait((0, b''))
            await writing
        except (ConnectionError, OSError):
            self.is_broken = True
        finally:
            writing.cancel()

    async def write(self, waiting, writer):
        while True:
            due, data = await waiting.get()
            if not data:
                if not self.way.is_silent and not self.is_stale and writer.can_write_eof():
                    writer.write_eof()
                return
            await asyncio.sleep(max(0, due - asyncio.get_running_loop().time()))
            if self.way.is_silent or self.is_stale:
                self.is_stale = True
                continue
            try:
                await self.hand_on(data, writer)
            except (ConnectionError, OSError):
                self.is_broken = True
                return

    async def hand_on(self, data, writer):
        if self.way.cuts_in_two and len(data) > 1:
            self.way.cuts_in_two -= 1
            writer.write(data[:len(data) // 2])
            await writer.drain()
            await asyncio.sleep(0.02)  # the half arrives before the end does
            self.end(with_reset=self.way.cuts_with_reset)
        elif self.way.is_in_drops:
            for at in range(len(data)):
                writer.write(data[at:at + 1])
                await asyncio.sleep(0)
            await writer.drain()
        else:
            writer.write(data)
            await writer.drain()

    def end(self, with_reset):
        for _, writer in self.ends:
            if with_reset:
                reset(writer)
            else:
                writer.close()


class Datagrams(asyncio.DatagramProtocol):
    """One socket of a way: deliver(data, address) takes what arrives."""

    def __init__(self, deliver):
        self.deliver = deliver

    def datagram_received(self, data, address):
        self.deliver(data, address)

    def error_received(self, exc):
        pass  # nobody listens there now


class Way:
    def __init__(self, name, target_port, draw=None):
        self.name, self.target_port = name, target_port
        self.draw = draw or random.Random()
        self.port = 0
        self.connections = set()
        self.jobs = set()
        self.behind = {}  # address in front -> transport behind
        self.server = self.udp = None
        self.passed = collections.Counter()
        self.heal()

    async def start(self, port):
        self.port = port
        loop = asyncio.get_running_loop()
        self.server = await asyncio.start_server(self.accepted, '127.0.0.1', port)
        self.udp, _ = await loop.create_datagram_endpoint(lambda: Datagrams(self.from_front),
                                                          local_addr=('127.0.0.1', port))
        return self

    async def close(self):
        if self.server:
            self.server.close()
        if self.udp:
            self.udp.close()
        for transport in self.behind.values():
            transport.close()
        for job in list(self.jobs):
            job.cancel()
        await asyncio.gather(*self.jobs, return_exceptions=True)

    # Faults --------------------------------------------------------------------------------------

    def heal(self):
        """Everything passes again. Who was swallowed is reset, as the first packet over a mended way would."""
        self.is_silent = self.is_refused = self.is_in_drops = False
        self.delay_s = 0.0
        self.loss = self.twice = self.mixed = 0.0
        self.cuts_in_two = 0
        self.cuts_with_reset = True
        for connection in list(self.connections):
            if connection.is_stale:
                connection.end(with_reset=True)

    def cut(self, with_reset):
        """All connections end now; new ones pass."""
        for connection in list(self.connections):
            connection.end(with_reset)

    def refuse(self):
        """All connections end, and new ones at once as well; datagrams vanish."""
        self.is_refused = True
        self.cut(True)

    def silent(self):
        """Half open: what comes is swallowed, ends are not told, new connections hang."""
        self.is_silent = True
        for connection in self.connections:
            connection.is_stale = True

    def delay(self, seconds):
        self.delay_s = seconds

    def drops(self):
        """Streams go byte by byte."""
        self.is_in_drops = True

    def cut_in_two(self, times, with_reset=True):
        """The next pieces arrive as halves, and their connections end."""
        self.cuts_in_two, self.cuts_with_reset = times, with_reset

    def lossy(self, loss=0.0, twice=0.0, mixed=0.0):
        """Datagrams: these shares are lost, doubled, and overtaken by later ones."""
        self.loss, self.twice, self.mixed = loss, twice, mixed

    # Streams -------------------------------------------------------------------------------------

    async def accepted(self, reader, writer):
        self.jobs.add(asyncio.current_task())
        try:
            await self.connect(reader, writer)
        except asyncio.CancelledError:
            reset(writer)
        finally:
            self.jobs.discard(asyncio.current_task())

    async def connect(self, reader, writer):
        while self.is_silent:
            await asyncio.sleep(0.05)
        if self.is_refused:
            return reset(writer)
        try:
            far = await asyncio.open_connection('127.0.0.1', self.target_port)
        except OSError:
            return reset(writer)
        self.passed['connections'] += 1
        connection = Connection(self, (reader, writer), far)
        self.connections.add(connection)
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)

    # Datagrams -----------------------------------------------------------------------------------

    def from_front(self, data, address):
        self.jobs.add(job := asyncio.ensure_future(self.to_behind(data, address)))
        job.add_done_callback(self.jobs.discard)

    async def to_behind(self, data, address):
        if address not in self.behind:
            loop = asyncio.get_running_loop()
            back = Datagrams(lambda answer, _: self.pass_datagram(answer, lambda d: self.udp.sendto(d, address)))
            transport, _ = await loop.create_datagram_endpoint(lambda: back, local_addr=('127.0.0.1', 0))
            if address in self.behind:
                transport.close()
            else:
                self.behind[address] = transport
        behind = self.behind[address]
        self.pass_datagram(data, lambda d: behind.sendto(d, ('127.0.0.1', self.target_port)))

    def pass_datagram(self, data, send):
        if self.is_silent or self.is_refused or self.draw.random() < self.loss:
            self.passed['lost'] += 1
            return
        self.passed['datagrams'] += 1
        late = self.delay_s + (self.draw.uniform(0.02, 0.2) if self.draw.random() < self.mixed else 0)
        for _ in range(2 if self.draw.random() < self.twice else 1):
            if late:
                asyncio.get_running_loop().call_later(late, self.send_late, send, data)
            else:
                send(data)

    def send_late(self, send, data):
        if not self.udp.is_closing():
            send(data)
