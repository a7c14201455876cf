"""What gateways of a site say in, as it stands now; rosters and commands to them out. The service's side. paho."""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from ingest.control.asking import command, spoken_topics
from ingest.control.messages import (
    BandEvent,
    Do,
    Roster,
    band_topic,
    encode_message,
    gateway_topic,
    roster_topic,
)
from ingest.control.picture import BandAt, BandNear, Fight, GatewayAt, Picture
from ingest.control.reading import read
from ingest.errors import WireError
from ingest.sending.broker import Broker
from ingest.sending.connection import Connection, Heard, Online

log = logging.getLogger(__name__)

EVENTS_MAX: Final = 1_000  # events that nobody has taken up
COMPLAINTS_MAX: Final = 1_000  # topics complained of
OWN_MAX: Final = 64  # rosters of our own that may still come back from the broker


def _nothing(_: BandEvent) -> None:
    """Nobody wants to hear."""


class Control:
    """One connection to a site's broker. Use as a context manager; entering returns at once, the broker is looked for
    in the background, for ever.

    Every method may be called from any thread. ``on_event`` is called on this client's own thread and must return soon;
    every event also waits in ``events`` (the newest thousand). ``clock`` gives UTC seconds.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        site: str,
        on_event: Callable[[BandEvent], None] = _nothing,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Raises WireError for a site that no topic may hold."""
        self.events: queue.Queue[BandEvent] = queue.Queue()
        self._site = site
        self._on_event = on_event
        self._clock = clock
        self._lock = threading.Lock()
        self._picture = Picture()
        self._roster: Roster | None = None
        self._said: deque[Roster] = deque(maxlen=OWN_MAX)
        self._asked: deque[tuple[list[str], int]] = deque(maxlen=OWN_MAX)
        self._overruled: Roster | None = None
        self._complained: set[str] = set()
        self._notes: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._connection = Connection(broker, topics=[*spoken_topics(site), roster_topic(site)], tell=self._notes.put)
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)

    def __enter__(self) -> "Control":
        self._connection.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._notes.put(None)
        self._thread.join()
        self._connection.stop()

    def wait_online(self, timeout_s: float) -> None:
        """Wait until the broker has taken us in. Raises SourceError, naming broker, reason and mend, where it refuses
        us, or is not there in time."""
        self._connection.wait_online(timeout_s)

    @property
    def online(self) -> bool:
        """Whether there is a broker."""
        return self._connection.online

    def gateways(self) -> list[GatewayAt]:
        """Every gateway heard of: online, or deaf."""
        with self._lock:
            return self._picture.gateways(self._now_us())

    def bands(self) -> list[BandAt]:
        """Every band that a gateway has spoken of: at which gateway, since when."""
        with self._lock:
            return self._picture.bands(self._now_us())

    def fights(self) -> list[Fight]:
        """Bands that gateways take from each other."""
        with self._lock:
            return self._picture.fights(self._now_us())

    def nearby(self) -> list[BandNear]:
        """Bands on any gateway's radio in the last seconds, the best heard first; only while ``look`` was asked."""
        with self._lock:
            return self._picture.nearby(self._now_us())

    def look(self, seconds: float) -> int:
        """Ask every gateway that is online to tell for so long who is nearby; return how many were asked."""
        asked = [gateway.gateway for gateway in self.gateways() if gateway.online]
        for gateway in asked:
            self._command(gateway_topic(self._site, gateway, "command"), "look", seconds)
        return len(asked)

    def identify(self, band: str, seconds: float) -> str:
        """Ask the gateway that has the band to let it vibrate or blink for so long; return the command's id."""
        return self._command(band_topic(self._site, band, "command"), "identify", seconds)

    def release(self, band: str, seconds: float) -> str:
        """Ask the gateway that has the band to let it be for so long; return the command's id."""
        return self._command(band_topic(self._site, band, "command"), "release", seconds)

    @property
    def overruled(self) -> bool:
        """Whether the roster that somebody else published last names other bands than ours: say ours again."""
        with self._lock:
            ours, theirs = self._roster, self._overruled
        return ours is not None and theirs is not None and theirs.bands != ours.bands

    @property
    def offered(self) -> list[str]:
        """The bands that somebody else asks gateways to connect to for a pairing, now."""
        with self._lock:
            theirs = self._overruled
        return [] if theirs is None or theirs.pairing_until_us <= self._now_us() else list(theirs.pairing)

    def publish_roster(self, bands: Iterable[str], *, pairing: Iterable[str] = (), pairing_s: float = 0.0) -> None:
        """Say which bands are the site's, and which are being paired for so long; kept, and said again to a broker that
        comes back. A pairing that somebody else has published and that is not over goes on. Raises WireError for a band
        that no topic may hold."""
        until_us = self._now_us() + round(pairing_s * 1e6)
        names = sorted(set(bands)), sorted(set(pairing))
        for name in (*names[0], *names[1]):
            band_topic(self._site, name, "command")
        pairing_until_us = until_us if names[1] else 0
        roster = Roster(v=1, at_us=self._now_us(), bands=names[0], pairing=names[1], pairing_until_us=pairing_until_us)
        self._notes.put(roster)

    def _command(self, topic: str, do: Do, seconds: float) -> str:
        asked = command(do, seconds, now_us=self._now_us())
        if self.online:
            self._connection.publish(topic, encode_message(asked))
        return asked.id

    def _run(self) -> None:
        while (note := self._notes.get()) is not None:
            match note:
                case Roster():
                    with self._lock:
                        self._roster = note
                        if note.pairing:
                            self._asked.append((note.pairing, note.pairing_until_us))
                    self._say_roster()
                case Online():
                    self._say_roster()
                case Heard():
                    self._hear(note)

    def _say_roster(self) -> None:
        if self._roster is None or not self.online:
            return
        theirs, roster = self._overruled, msgspec.structs.replace(self._roster, at_us=self._now_us())
        if theirs is not None and not roster.pairing and theirs.pairing_until_us > self._now_us():
            pairing = {"pairing": theirs.pairing, "pairing_until_us": theirs.pairing_until_us}
            roster = msgspec.structs.replace(roster, **pairing)
        with self._lock:
            self._said.append(roster)
            if theirs is not None:
                self._overruled = msgspec.structs.replace(theirs, bands=roster.bands)
        self._connection.publish(roster_topic(self._site), encode_message(roster), retain=True)

    def _hear_roster(self, roster: Roster) -> None:
        """Somebody who pairs a band has published one, unless it is our own that comes back. A pairing that we asked
        for ourselves, and that others let go on, is ours to end."""
        with self._lock:
            if roster in self._said:
                return
            if (roster.pairing, roster.pairing_until_us) in self._asked:
                roster = msgspec.structs.replace(roster, pairing=[], pairing_until_us=0)
            self._overruled = roster

    def _hear(self, heard: Heard) -> None:
        try:
            self._take_in(heard)
        except WireError as error:
            if heard.topic not in self._complained and len(self._complained) < COMPLAINTS_MAX:
                log.warning("%s: not understood: %s", heard.topic, error)
                self._complained.add(heard.topic)

    def _take_in(self, heard: Heard) -> None:
        now_us, said = self._now_us(), read(heard.topic, heard.payload)
        match said:
            case None:
                return
            case BandEvent():
                self._happened(said)
            case Roster():
                self._hear_roster(said)
            case _:
                with self._lock:
                    self._picture.hear(said, now_us, retained=heard.retained)

    def _happened(self, event: BandEvent) -> None:
        while self.events.qsize() >= EVENTS_MAX:
            self.events.get_nowait()
        self.events.put(event)
        try:
            self._on_event(event)
        except Exception:
            log.exception("an event could not be taken up")

    def _now_us(self) -> int:
        return round(self._clock() * 1e6)
