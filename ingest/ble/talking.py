"""A link and what is done over it, in; when and how that ended, out: what the conversations of all kinds share."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

import msgspec

from ingest.ble.pacing import packets_pace
from ingest.ble.packing import Second
from ingest.ble.profile import Link, Sink
from ingest.errors import GattError
from ingest.wire import Packet, Stored


class Talk(ABC):
    """A conversation whose ``_talk`` is what goes on until the link is lost; hearers are wrapped in ``_judged``."""

    def __init__(self, band: str, link: Link, sink: Sink) -> None:
        self._band, self._link, self._sink = band, link, sink
        self._wrong: GattError | None = None
        self._packets = packets_pace()

    @abstractmethod
    async def _talk(self) -> None:
        """Do it; returning early leaves the link to what was subscribed to."""

    async def run(self) -> None:
        """See ``Conversation``."""
        lost = asyncio.ensure_future(self._link.lost())
        going = asyncio.ensure_future(self._talk())
        try:
            await asyncio.wait({lost, going}, return_when=asyncio.FIRST_COMPLETED)
            if not lost.done() and going.exception() is None:
                await asyncio.wait({lost})
            if self._wrong is not None:
                raise self._wrong
            for task in (going, lost):
                if task.done():
                    task.result()
        except GattError as error:
            raise GattError(str(error) if self._band in str(error) else f"{self._band}: {error}") from None
        finally:
            for task in (lost, going):
                task.cancel()
            await asyncio.gather(lost, going, return_exceptions=True)

    async def identify(self, seconds: float) -> bool:
        """See ``Conversation``: most cannot."""
        return False

    async def said_stored(self, stored: Stored) -> None:
        """See ``Conversation``: most keep nothing."""
        return

    def _judged(self, hear: Callable[[bytes], None]) -> Callable[[bytes], None]:
        """Remember what a band did wrong: it ends the link, and ``run`` says why."""

        def judge(data: bytes) -> None:
            try:
                hear(data)
            except GattError as error:
                self._wrong = self._wrong or error
                raise

        return judge

    def _tell(self, second: Second, *, battery: int | None, contact: bool | None) -> None:
        """Number a second of a band that does not, and pass it on. Raises GattError where there are too many."""
        self._packets.count(loop_s())
        boot, seq = self._sink.number()
        packet = Packet(
            v=1,
            band=self._band,
            boot=boot,
            seq=seq,
            tick_us=second.tick_us,
            heard_us=self._link.now_us(),
            battery=battery,
            contact=contact,
            ibi=second.beats,
        )
        self._sink.packet(msgspec.structs.replace(packet, **second.even))


def steady_us() -> int:
    """The gateway's clock that does not go back [us]: what bands without a clock are dated by."""
    return time.monotonic_ns() // 1000


def loop_s() -> float:
    """Seconds of the running loop's clock, which does not go back."""
    return asyncio.get_running_loop().time()
