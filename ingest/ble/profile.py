"""What the radio side of a gateway is made of: adverts, links, profiles and what they tell. No Bluetooth in here.

A profile is how one kind of band is spoken to. It is one file in ``ingest/ble/profiles`` that sees a band only through
these protocols, so that it runs over whatever carries a link, and tests of it need none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ingest.control.messages import EventKind, Seen
from ingest.wire import Packet, Stored


@dataclass(frozen=True, slots=True)
class Advert:
    """What a band says to everybody, not to be trusted: ``services`` and the keys of ``service_data`` are lower-case
    128-bit UUIDs, ``makers`` is manufacturer data by company number. ``rssi`` is in dBm, ``heard_us`` UTC."""

    address: str
    name: str | None
    rssi: int
    heard_us: int
    services: tuple[str, ...] = ()
    makers: Mapping[int, bytes] = field(default_factory=dict)
    service_data: Mapping[str, bytes] = field(default_factory=dict)


class Link(Protocol):
    """An open connection to one band. Every call raises LinkError where the connection is or gets lost, or the band
    refuses; GattError is for what a band says that its profile does not allow."""

    @property
    def address(self) -> str:
        """Of the band."""

    def has(self, characteristic: str) -> bool:
        """Whether the band offers it (128-bit UUID)."""

    async def read(self, characteristic: str) -> bytes:
        """Its value."""

    async def write(self, characteristic: str, data: bytes) -> None:
        """Write with response."""

    async def subscribe(self, characteristic: str, hear: Callable[[bytes], None]) -> None:
        """Call ``hear`` with every notification or indication; once a connection: a second call raises LinkError.
        What ``hear`` raises ends the link."""

    async def secure(self) -> None:
        """Encrypt the link, bonding where that has not been done."""

    async def lost(self) -> None:
        """Return when the connection is over."""

    def now_us(self) -> int:
        """UTC by the gateway's clock."""


class Sink(Protocol):
    """Whom a conversation tells what it heard; the calls return at once."""

    def packet(self, packet: Packet) -> None:
        """A packet, with ``heard_us`` and without ``gateway`` and ``sent_us``."""

    def event(self, kind: EventKind, *, boot: int | None, tick_us: int | None) -> None:
        """Somebody did something to the band."""

    def about(self, *, firmware: str | None = None, model: str | None = None, battery: int | None = None) -> None:
        """What the band says of itself; None: nothing new."""

    def backlog(self, packets: int, *, undated: int = 0) -> None:
        """How many packets still wait in the band's memory, and how many stay there as nobody knows when they were."""

    def stored(self) -> list[Stored]:
        """What the service said that it has of this band, of every boot that it spoke of."""

    def kept(self, boot: int) -> list[tuple[int, int]]:
        """The runs of numbers of a boot that wait here to be stored, first and last of each: not to be asked for."""

    def number(self) -> tuple[int, int]:
        """(boot, the next seq) for a band that does not number: kept on disk, never given twice."""


class Conversation(Protocol):
    """What goes on over one link, from its opening to its end."""

    async def run(self) -> None:
        """Return when the link is lost. Raises GattError, naming the band and the field, where the band does not keep
        to its profile, and LinkError where it refuses."""

    async def identify(self, seconds: float) -> bool:
        """Let the band vibrate or blink; False: it cannot."""

    async def said_stored(self, stored: Stored) -> None:
        """The service has these: a band that keeps readings may let them go."""


class Profile(Protocol):
    """One kind of band."""

    @property
    def name(self) -> str:
        """A word for it."""

    @property
    def bonds(self) -> bool:
        """Whether such a band is asked for encryption, so that only adapters which have a bond with it can hold it."""

    def recognise(self, advert: Advert) -> Seen | None:
        """What the advert says, if it is one of this kind; else None. Raises nothing, whatever the advert holds."""

    def converse(self, band: str, link: Link, sink: Sink) -> Conversation:
        """What to do with a link to ``band``."""
