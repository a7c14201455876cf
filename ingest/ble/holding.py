"""One band and what a gateway does with it, in; where that stands, for people to read, out."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from ingest.ble.numbering import Numbering
from ingest.ble.profile import Advert, Conversation, Link
from ingest.control.messages import BandState, EventKind, Seen
from ingest.control.standing import Standing
from ingest.errors import GattError, IngestError, WireError
from ingest.wire import Packet, Stored, decode, encode

REASON_MAX: Final = 200  # as the wire has it
UNDATED: Final = "{} records stay in the band: no gateway was there before it started anew, so nobody can date them"


class OpenLink(Link, Protocol):
    """A link that somebody closes."""

    async def close(self) -> None:
        """Hang up."""


class Adapter(Protocol):
    """What a gateway needs of a Bluetooth adapter: see ``ingest.ble.adapters``."""

    links_max: int

    @property
    def name(self) -> str:
        """As it was given."""

    async def scan(self, hear: Callable[[Advert], None], tell: Callable[[str | None], None]) -> None:
        """Call ``hear`` with every advert, until cancelled; ``tell`` why nothing can be heard, and None when it can."""

    async def open(self, address: str, *, may_pair: bool) -> OpenLink:
        """Connect; raises LinkError."""

    async def bonded(self, address: str) -> bool | None:
        """Whether a bond with it is kept; None: nobody knows. Raises LinkError."""

    async def close(self) -> None:
        """Hang up everything and let go of the adapter."""


class Outbox(Protocol):
    """What a gateway needs of a sender: see ``ingest.sending.sender``."""

    def send(self, packet: Packet) -> None:
        """Keep it, then publish it."""

    def status(self, *, radio_us: int | None, links: int, links_max: int) -> None:
        """How the radio does."""

    def band_status(self, band: str, standing: Standing) -> None:
        """How this gateway stands with a band."""

    def forget_band(self, band: str) -> None:
        """This gateway has nothing to do with it any more."""

    def event(
        self, band: str, kind: EventKind, *, at_us: int, boot: int | None = None, tick_us: int | None = None
    ) -> None:
        """What somebody did to a band."""

    def nearby(self, bands: list[Seen]) -> None:
        """Who is on the radio."""

    def stored(self, band: str) -> list[Stored]:
        """What the service has said that it has of a band."""

    def kept(self, band: str, boot: int) -> list[tuple[int, int]]:
        """The runs of numbers of a boot that wait here."""


@dataclass(slots=True)
class Held:
    """A band that is connected to, or was."""

    band: str
    adapter: int | None = None
    task: asyncio.Task[None] | None = None
    conversation: Conversation | None = None
    state: BandState = "lost"
    since_us: int = 0
    reason: str = ""
    seen: Seen | None = None
    firmware: str | None = None
    model: str | None = None
    battery: int | None = None
    backlog: int | None = None
    undated: int = 0
    heard_s: float = 0.0
    released_until_s: float = 0.0
    told: tuple[object, ...] = ()

    def standing(self, *, bonded: int | None, adapters: int) -> Standing:
        """How it stands; ``bonded`` of the gateway's ``adapters`` have a bond with it, None: it asks for none."""
        return Standing(
            state=self.state,
            since_us=self.since_us,
            reason=self.reason or (UNDATED.format(self.undated) if self.undated else ""),
            seen=self.shown(),
            backlog=self.backlog,
            bonded=bonded,
            adapters=None if bonded is None else adapters,
        )

    def shown(self) -> Seen | None:
        """``seen``, with what the band said over its link."""
        if self.seen is None:
            return None
        said = {"firmware": self.firmware, "model": self.model, "battery": self.battery}
        return msgspec.structs.replace(
            self.seen,
            **{name: value for name, value in said.items() if value is not None},
            connected=self.state == "connected",
        )


class BandSink:
    """See ``ingest.ble.profile.Sink``: passes on what one band tells over one link."""

    def __init__(
        self,
        held: Held,
        outbox: Outbox,
        numbering: Numbering,
        *,
        now_us: Callable[[], int],
        alive: Callable[[Held], None],
    ) -> None:
        self._held, self._outbox, self._numbering = held, outbox, numbering
        self._now_us, self._alive = now_us, alive

    def packet(self, packet: Packet) -> None:
        """See ``Sink``. Raises GattError for a packet that the service would refuse: it would lie there unseen, and
        count as stored. Raises SpoolError where it cannot be kept. Both end the link: the band keeps it."""
        self._alive(self._held)
        try:
            _require_usable(packet)
            self._outbox.send(packet)
        except IngestError:
            self._numbering.take_back(packet.band, packet.boot, packet.seq)
            raise

    def event(self, kind: EventKind, *, boot: int | None, tick_us: int | None) -> None:
        """See ``Sink``."""
        self._alive(self._held)
        self._outbox.event(self._held.band, kind, at_us=self._now_us(), boot=boot, tick_us=tick_us)

    def about(self, *, firmware: str | None = None, model: str | None = None, battery: int | None = None) -> None:
        """See ``Sink``."""
        held = self._held
        held.firmware, held.model = firmware or held.firmware, model or held.model
        held.battery = held.battery if battery is None else battery
        self._alive(held)

    def backlog(self, packets: int, *, undated: int = 0) -> None:
        """See ``Sink``."""
        self._held.backlog, self._held.undated = packets, undated
        self._alive(self._held)

    def stored(self) -> list[Stored]:
        """See ``Sink``."""
        return self._outbox.stored(self._held.band)

    def kept(self, boot: int) -> list[tuple[int, int]]:
        """See ``Sink``."""
        return self._outbox.kept(self._held.band, boot)

    def number(self) -> tuple[int, int]:
        """See ``Sink``."""
        return self._numbering.number(self._held.band)


def _require_usable(packet: Packet) -> None:
    """Raise GattError unless a packet, as it will be sent, is one by the wire's own rules: 30 to 80 us."""
    try:
        decode(encode(packet))
    except WireError as error:
        raise GattError(f"{packet.band}: what it says makes no packet: {error}") from None
