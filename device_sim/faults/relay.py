"""An MQTT broker in, the same broker at another port out, over a bad wire: publications go missing, double, come late.

What is swallowed is acknowledged all the same, as by a broker that dies with it in its memory. Only what clients
publish is touched; frames go on whole, so that neither side sees anything that MQTT does not allow.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Final

from device_sim.errors import PublishError
from device_sim.faults.plan import UNTOUCHED, Carried

log = logging.getLogger(__name__)

PUBLISH: Final = 0x30
PUBACK: Final = b"\x40\x02"
START_S: Final = 10.0
_LENGTH_MAX: Final = 4  # bytes of a remaining length

Judge = Callable[[bytes], Carried]


class Relay:
    """Listens on loopback at ``port`` while it is entered; ``judge`` says of every publication at QoS 1, by its
    payload, what becomes of it, on the relay's own thread."""

    def __init__(self, host: str, port: int, *, judge: Judge) -> None:
        self.port = 0
        self._broker = (host, port)
        self._judge: Judge | None = judge
        self._down = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def __enter__(self) -> "Relay":
        self._thread.start()
        if not self._listening.wait(START_S) or self.port == 0:
            raise PublishError("the relay for faults of the wire found no port on loopback")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def cut(self) -> None:
        """Lose every connection, as when the broker is killed."""
        self._loop.call_soon_threadsafe(self._cut)

    def set_down(self, *, down: bool) -> None:
        """Let nobody in, or again; who is in is thrown out."""
        if down and not self._down:
            self.cut()
        self._down = down

    def calm(self) -> None:
        """From now on a good wire."""
        self._judge = None
        self._down = False

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
            self.port = server.sockets[0].getsockname()[1]
        finally:
            self._listening.set()
        self._loop.run_forever()
        server.close()
        self._down = True
        self._cut()
        serving = asyncio.all_tasks(self._loop)
        self._loop.run_until_complete(asyncio.gather(*serving, return_exceptions=True))
        self._loop.close()

    def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        if self._down:
            back.transport.abort()
            return
        try:
            broker, forth = await asyncio.open_connection(*self._broker)
        except OSError:
            back.transport.abort()
            return
        mine = {back, forth}
        self._writers |= mine
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(_pump(broker, back))
                pumps.create_task(self._publications(client, forth, back))
        except* (OSError, EOFError, ValueError) as gone:  # one side is: so is the other
            log.debug("a connection through the relay is over: %s", gone.exceptions)
        finally:
            self._writers -= mine
            for writer in mine:
                writer.transport.abort()

    async def _publications(
        self, client: asyncio.StreamReader, forth: asyncio.StreamWriter, back: asyncio.StreamWriter
    ) -> None:
        while True:
            frame, body_at = await _frame(client)
            judge = self._judge
            carried = UNTOUCHED
            if judge is not None and frame[0] & 0xF6 == PUBLISH | 0x02:  # at QoS 1
                size = int.from_bytes(frame[body_at : body_at + 2])
                at = body_at + 2 + size
                carried = judge(frame[at + 2 :])
                if carried.swallowed:
                    back.write(PUBACK + frame[at : at + 2])
                    continue
            if carried.delay_s > 0:
                self._loop.call_later(carried.delay_s, _write, forth, frame * carried.copies)
            else:
                forth.write(frame * carried.copies)
            await forth.drain()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while True:
        frame, _ = await _frame(source)
        sink.write(frame)
        await sink.drain()


async def _frame(source: asyncio.StreamReader) -> tuple[bytes, int]:
    """The next MQTT packet, and where its body begins. Raises IncompleteReadError at the end, ValueError for others."""
    head = await source.readexactly(2)
    size, shift = head[1] & 0x7F, 7
    while head[-1] & 0x80:
        if len(head) > _LENGTH_MAX:
            raise ValueError("not an MQTT packet")
        head += await source.readexactly(1)
        size |= (head[-1] & 0x7F) << shift
        shift += 7
    return head + await source.readexactly(size), len(head)


def _write(writer: asyncio.StreamWriter, frame: bytes) -> None:
    with contextlib.suppress(OSError, RuntimeError):  # its connection is gone meanwhile: so is what was on it
        if not writer.is_closing():
            writer.write(frame)
