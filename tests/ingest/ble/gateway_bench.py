"""Gateways without radio and without time: a loop whose clock jumps to what is due; adapters and bands of words."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.ble.gateway import Gateway
from ingest.ble.numbering import Numbering
from ingest.ble.profile import Advert, Conversation, Link, Sink
from ingest.ble.rostered import Rostered
from ingest.control.messages import BandState, EventKind, Roster, Seen
from ingest.control.standing import Standing
from ingest.errors import GattError, LinkError
from ingest.wire import Packet, Stored

START_US = 1_750_000_000_000_000


class _NoWait(selectors.DefaultSelector):
    """Looks, and never waits."""

    def __init__(self) -> None:
        super().__init__()
        self.passed_s = 0.0

    def select(self, timeout: float | None = None) -> Any:  # noqa: ANN401 - as the base has it
        found = super().select(0)
        if not found and timeout:
            self.passed_s += timeout
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time passes only while nobody has anything to do, and then at once."""

    def __init__(self) -> None:
        self._jumps = _NoWait()
        super().__init__(self._jumps)

    def time(self) -> float:
        return 1000.0 + self._jumps.passed_s


def play(story: Coroutine[Any, Any, None]) -> None:
    """Run it in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(asyncio.wait_for(story, 100_000))


def now_us() -> int:
    return START_US + round((asyncio.get_running_loop().time() - 1000.0) * 1e6)


@dataclass
class Band:
    """A band of words: one link at a time, a packet a second over it."""

    name: str
    rssi: dict[str, int] = field(default_factory=lambda: {"a": -50})
    address: str = ""
    pairing: bool | None = None
    on: bool = True
    link: "FakeLink | None" = None
    links: list[tuple[float, str]] = field(default_factory=list)
    wrong: bool = False
    mute: bool = False
    undated: int = 0
    seq: int = 0
    ends_after_s: float | None = None
    talk: "FakeTalk | None" = None


class FakeLink:
    def __init__(self, band: Band, adapter: "FakeAdapter") -> None:
        self.band, self.adapter = band, adapter
        self.address = band.address or band.name
        self.over = asyncio.Event()

    async def lost(self) -> None:
        await self.over.wait()

    def now_us(self) -> int:
        return now_us()

    def end(self) -> None:
        self.over.set()
        if self.band.link is self:
            self.band.link = None
        self.adapter.open_links.discard(self)

    async def secure(self) -> None:
        await asyncio.sleep(1.0)
        if not self.over.is_set() and self.adapter.bonds is not None and self.address not in self.adapter.bonds:
            if not self.band.pairing:
                raise LinkError(f"band {self.address}: it refuses to pair")
            self.adapter.bonds.add(self.address)

    async def close(self) -> None:
        await asyncio.sleep(0.01)
        self.end()


class FakeAdapter:
    def __init__(self, name: str, bands: list[Band], *, links_max: int = 7) -> None:
        self.name, self.links_max, self._bands = name, links_max, bands
        self.open_links: set[FakeLink] = set()
        self.deaf = False
        self.bonds: set[str] | None = None
        self.opening = 0
        self.tell: Callable[[str | None], None] = lambda _: None
        self.hear: Callable[[Advert], None] = lambda _: None

    @property
    def links(self) -> int:
        return len(self.open_links) + self.opening

    async def scan(self, hear: Callable[[Advert], None], tell: Callable[[str | None], None]) -> None:
        self.hear, self.tell = hear, tell
        while True:
            for band in self._bands:
                if band.on and band.link is None and not self.deaf and self.name in band.rssi:
                    hear(advert(band, self.name))
            await asyncio.sleep(0.1)

    async def open(self, address: str, *, may_pair: bool) -> Any:  # noqa: ANN401 - a link of words
        self.opening += 1
        try:
            await asyncio.sleep(0.1)
        finally:
            self.opening -= 1
        for band in self._bands:
            if (band.address or band.name) == address and band.on and band.link is None:
                band.link = FakeLink(band, self)
                self.open_links.add(band.link)
                band.links.append((asyncio.get_running_loop().time(), self.name))
                return band.link
        raise LinkError(f"band {address}: no answer")

    async def bonded(self, address: str) -> bool | None:
        return self.bonds is None or address in self.bonds

    async def close(self) -> None:
        for link in list(self.open_links):
            await link.close()


def advert(band: Band, adapter: str = "a") -> Advert:
    return Advert(
        address=band.address or band.name,
        name=band.name,
        rssi=band.rssi[adapter],
        heard_us=now_us(),
        makers={0: b"pairing"} if band.pairing else {},
    )


class FakeTalk:
    def __init__(self, band: str, link: Any, sink: Sink) -> None:  # noqa: ANN401 - a link of words
        self._band, self._link, self._sink = band, link, sink
        self.stored: list[Stored] = []
        self.identified: list[float] = []
        link.band.talk = self

    async def run(self) -> None:
        band: Band = self._link.band
        if not await self._link.adapter.bonded(self._link.address):
            raise LinkError(f"band {self._link.address} is not bonded with this gateway")
        if band.wrong:
            raise GattError(f"{self._band}: serial (2A25): is missing")
        told_s = 0.0
        while not self._link.over.is_set():
            if not band.mute:
                self._sink.backlog(0, undated=band.undated)
                packet = Packet(v=1, band=self._band, boot=1, seq=band.seq, tick_us=band.seq * 1_000_000)
                band.seq += 1
                self._sink.packet(packet)
            try:
                await asyncio.wait_for(self._link.lost(), 1.0)
            except TimeoutError:
                told_s += 1.0
            if band.ends_after_s is not None and told_s >= band.ends_after_s:
                self._link.end()

    async def identify(self, seconds: float) -> bool:
        self.identified.append(seconds)
        return True

    async def said_stored(self, stored: Stored) -> None:
        self.stored.append(stored)


class FakeProfile:
    name = "fake"
    bonds = True

    def recognise(self, advert: Advert) -> Seen | None:
        if advert.name is None or not advert.name.startswith("band"):
            return None
        return Seen(
            band=advert.name,
            profile=self.name,
            address=advert.address,
            heard_us=advert.heard_us,
            rssi=advert.rssi,
            pairing=advert.makers.get(0) == b"pairing",
        )

    def converse(self, band: str, link: Link, sink: Sink) -> Conversation:
        return FakeTalk(band, link, sink)


class FakeOutbox:
    """Keeps what a sender would have sent."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self.states: list[tuple[str, BandState, str, int]] = []
        self.statuses: list[tuple[int | None, int, int]] = []
        self.lists: list[list[Seen]] = []
        self.known: dict[str, tuple[int | None, int | None]] = {}
        self.forgotten: list[str] = []
        self.events: list[tuple[str, EventKind]] = []

    def send(self, packet: Packet) -> None:
        self.packets.append(packet)

    def status(self, *, radio_us: int | None, links: int, links_max: int) -> None:
        self.statuses.append((radio_us, links, links_max))

    def band_status(self, band: str, standing: Standing) -> None:
        self.states.append((band, standing.state, standing.reason, standing.since_us))
        self.known[band] = (standing.bonded, standing.adapters)

    def forget_band(self, band: str) -> None:
        self.known.pop(band, None)
        self.forgotten.append(band)

    def event(
        self, band: str, kind: EventKind, *, at_us: int, boot: int | None = None, tick_us: int | None = None
    ) -> None:
        self.events.append((band, kind))

    def nearby(self, bands: list[Seen]) -> None:
        self.lists.append(bands)

    def stored(self, band: str) -> list[Stored]:
        return []

    def kept(self, band: str, boot: int) -> list[tuple[int, int]]:
        return []

    def last(self, band: str) -> tuple[BandState, str]:
        """(state, reason) as last told."""
        return next((state, reason) for name, state, reason, _ in reversed(self.states) if name == band)


class Bench:
    """One gateway over adapters of words; ``after`` lets time pass, and ends it."""

    def __init__(
        self,
        folder: Path,
        adapters: list[FakeAdapter],
        *,
        roster: list[str] | None,
        name: str = "g1",
        luck: float = 0.5,
    ) -> None:
        self.outbox, self.stop = FakeOutbox(), asyncio.Event()
        rostered = Rostered(folder / f"{name}.roster")
        if roster is not None:
            rostered.take(Roster(v=1, at_us=1, bands=roster), now_us())
        self.gateway = Gateway(
            adapters,
            [FakeProfile()],
            self.outbox,
            rostered=rostered,
            numbering=Numbering(folder / f"{name}.numbers", now_us=now_us()),
            now_us=now_us,
            luck=lambda: luck,
        )
        self.running = asyncio.create_task(self.gateway.run(self.stop))

    async def end(self) -> None:
        self.stop.set()
        await self.running


def told(packets: list[Packet], band: str) -> list[int]:
    return [packet.seq for packet in packets if packet.band == band]
