"""Packets and news of a gateway in, on a broker and kept until the service says that they are stored out. paho."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ingest.control.messages import Command, Roster, Seen
from ingest.sending.broker import Broker
from ingest.sending.spool import Spool
from ingest.wire import Packet, Stored

BandState = Literal["connected", "connecting", "lost", "refused", "released"]
EventKind = Literal["double_tap", "button", "put_on", "taken_off", "charging", "off_charger"]


@dataclass(frozen=True, slots=True)
class Sendings:
    """What has happened so far, and what waits: ``publishes`` counts messages, ``resent`` those among them that were
    sent before, ``acknowledged`` PUBACKs, ``let_go`` packets that had no room, ``damaged`` ones that could not be read
    back. ``kept`` packets of ``kept_bytes`` wait to be stored; ``trouble`` says in plain words why the disk is not
    used, None: it is, or is not wanted."""

    publishes: int
    resent: int
    acknowledged: int
    kept: int
    kept_bytes: int
    let_go: int
    damaged: int
    trouble: str | None


def _nothing(*_: object) -> None:
    """Nobody wants to hear."""


class Sender:
    """One connection for all bands of a gateway, and what is kept behind it. Use as a context manager.

    Every method may be called from any thread and returns at once, except where it says that it waits. The callbacks
    are called on the sender's own thread, and must return soon: ``on_stored(band, stored)`` with every watermark,
    ``on_roster(roster)`` with every roster, ``on_command(command, band)`` with every command that is not out of date,
    once, ``band`` None for one to the gateway itself. What they raise is logged. ``clock`` gives UTC seconds.
    Entering returns at once too: the broker is looked for in the background, for ever. Leaving says good-bye, and
    closes the spool.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        site: str,
        gateway: str,
        spool: Spool,
        on_stored: Callable[[str, Stored], None] = _nothing,
        on_roster: Callable[[Roster], None] = _nothing,
        on_command: Callable[[Command, str | None], None] = _nothing,
        version: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Raises WireError for a site or a gateway that no topic may hold."""
        raise NotImplementedError

    def __enter__(self) -> "Sender":
        raise NotImplementedError

    def __exit__(self, *_: object) -> None:
        raise NotImplementedError

    def wait_online(self, timeout_s: float) -> None:
        """Wait until the broker has taken us in. Raises SourceError, naming broker, reason and mend, where it refuses
        us, or is not there in time."""
        raise NotImplementedError

    @property
    def online(self) -> bool:
        """Whether there is a broker."""
        raise NotImplementedError

    def send(self, packet: Packet) -> None:
        """Keep a packet, then publish it: on disk first. ``gateway`` is filled in, ``sent_us`` too; ``heard_us`` is
        the caller's. A packet that is kept already is not taken again.

        Raises WireError where no topic may hold its band, SpoolError where nothing more can be taken in.
        """
        raise NotImplementedError

    def status(self, *, radio_us: int | None, links: int, links_max: int) -> None:
        """How the radio does; published at once if it differs in links, else with the next of every 10 s."""
        raise NotImplementedError

    def band_status(
        self,
        band: str,
        *,
        state: BandState,
        since_us: int,
        reason: str = "",
        seen: Seen | None = None,
        backlog: int | None = None,
    ) -> None:
        """How this gateway stands with a band: the newest is what a broker that comes back is told."""
        raise NotImplementedError

    def event(
        self, band: str, kind: EventKind, *, at_us: int, boot: int | None = None, tick_us: int | None = None
    ) -> None:
        """What somebody did to a band. Waits in memory for a broker: the newest thousand."""
        raise NotImplementedError

    def nearby(self, bands: Sequence[Seen]) -> None:
        """Who is on the radio; gone where there is no broker."""
        raise NotImplementedError

    def stored(self, band: str) -> list[Stored]:
        """What the service has said that it has of a band, of every boot that it spoke of, also before a restart."""
        raise NotImplementedError

    def kept(self, band: str, boot: int) -> list[tuple[int, int]]:
        """The runs of numbers of a boot that are kept here, first and last of each: no band need be asked for these."""
        raise NotImplementedError

    def sendings(self) -> Sendings:
        """The account so far."""
        raise NotImplementedError

    def wait_room(self, timeout_s: float) -> bool:
        """Wait until few enough packets are under way that more would not pile up; for senders without a pace."""
        raise NotImplementedError

    def drain(self, stop: threading.Event, *, patience_s: float = 10.0) -> int:
        """Wait until everything is stored, or nothing has moved for ``patience_s``, or ``stop`` is set; return how many
        packets are not known to be stored."""
        raise NotImplementedError
