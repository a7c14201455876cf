"""Pairings that several people have under way, and what the site's broker says, in; where each stands, out.

One line to the broker for all of them, open only while somebody pairs or looks. Whoever asks gets a copy of how it
stands; a thread of its own hears, decides (``console.pairing.flow``) and carries out what comes of it.

One band at a time is looked for and confirmed, in all of the house: two people who each hold the other's band would
answer each other's prompts. Here the next may begin once the one before is confirmed; another process, whose roster
would take ours off the air, once none is under way here.
"""

import logging
import random
import secrets
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Final, Protocol, Self

from console.errors import PairingError
from console.pairing.alone import Alone
from console.pairing.fit import Fit, check, warm
from console.pairing.flow import Do, Event, Pairing, Stage, begin, begin_with
from console.pairing.hearing import Hearing
from console.pairing.near import Near, gateways_away, near_of
from console.pairing.offering import Offered, Offering
from console.pairing.one import Now, One, Wish
from ingest.errors import IngestError
from ingest.registry.stretches import Held
from ingest.sending.connection import Heard

log = logging.getLogger(__name__)

BEAT_S: Final = 0.1  # how often is looked up: words must come when they are meant
LOOKED_S: Final = 10.0  # a page asks every second or less: who has not for so long has gone
LOOK_S: Final = 8.0  # gateways are asked for so long what is near them, and again before it ends
UNHEARD: Final = "no gateway can be heard: the broker does not answer"
"""Said on a page, which is read at the wrist: the address and the error are for whoever reads the log."""

AGAIN_S: Final = 2.0  # between two attempts to reach a broker that is away
IDENTIFY_S: Final = 3.0
KEPT_S: Final = 900.0  # how long it can be read what came of a pairing
MOST: Final = 32  # at once, in one house; beyond it somebody's script has gone wrong
BROUGHT: Final = 4  # free bands that are connected to while somebody looks, so that the one that moves shows itself
OFFERED_S: Final = 86_400.0  # how long it is known that a band sent because somebody was pairing, and not worn
FIT_S: Final = 15.0  # of readings of a band that is worn are looked at for how it sits

SEEKING: Final = (Stage.CONNECT, Stage.CONFIRM)


class LineLike(Offered, Protocol):
    """See ``console.pairing.line.Line``."""

    @property
    def online(self) -> bool:
        """Whether the broker is there."""

    def heard(self) -> Iterable[Heard]:
        """What has arrived since the last call."""

    def look_at(self, gateway: str, seconds: float) -> None:
        """Ask a gateway what is nearby."""

    def identify(self, band: str, seconds: float) -> None:
        """Let a band vibrate or blink."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What pairings stand on: a line, which bands gateways hold, which bands this house has, which of those somebody
    wears, and ``enter`` (pairing, wish, by), which alone changes who wears what; it raises RegistryError, having
    entered nothing, where things are no longer as they were said. ``alone``: whether another process is pairing."""

    line: Callable[[], AbstractContextManager[LineLike]]
    held: Callable[[], Sequence[str]]
    known: Callable[[], Collection[str]]
    worn: Callable[[], Collection[str]]
    enter: Callable[[Pairing, Wish, str], None]
    clock: Callable[[], float]
    alone: Alone


class UnderWay:
    """All pairings of a house. Use as a context manager; safe from any thread."""

    def __init__(self, around: Around, *, chance: random.Random) -> None:
        self._around, self._chance = around, chance
        self._ones: dict[str, One] = {}
        self._looked_s = float("-inf")
        self._fits: dict[str, tuple[float, float, Fit | None]] = {}
        self._offered: dict[str, tuple[float, float]] = {}
        self._hearing: Hearing | None = None
        self._fault = ""
        self._identify: list[str] = []
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="pairing", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._stopping = True
            self._wake.notify_all()
        self._thread.join()
        self._around.alone.let_go()

    # What pages ask

    def begin(self, band: str, *, by: str, wearer: str = "", held: Held = Held()) -> str:  # noqa: B008 - frozen
        """Begin to pair ``band``; with ``wearer`` and what is ``held`` where that is agreed already. Returns its id;
        raises PairingError where somebody else is pairing it, or any band that is not confirmed yet, here or in another
        process, or too many are under way. What the same person has begun and not confirmed ends."""
        now_s = self._around.clock()
        with self._lock:
            live = [one for one in self._ones.values() if one.live]
            for one in live:
                _require_by(one, band, by)
            if len(live) >= MOST:
                raise PairingError(f"{band}: {MOST} pairings are under way already; end one of them first")
            self._around.alone.take(band, by)
            for one in live:
                if one.pairing.band == band or not one.pairing.confirmed:
                    one.end("begun again" if one.pairing.band == band else f"{band} was begun instead", now_s)
            step = begin(band, wearer, held, now_s=now_s) if wearer else begin_with(band, now_s=now_s)
            one = One(secrets.token_urlsafe(12), by, step, now_s)
            self._ones[one.id] = one
            self._wake.notify_all()
            return one.id

    def now(self, id_: str) -> Now:
        """How it stands; raises LookupError where there is none of that id, or not any more. Asking keeps it alive."""
        now_s = self._around.clock()
        with self._lock:
            one = self._ones[id_]
            one.looked_s = now_s
            return one.now(now_s)

    def say(self, id_: str, event: Event, *, wish: Wish | None = None) -> None:
        """Take in what somebody said; what makes no sense where it stands changes nothing. Raises LookupError."""
        now_s = self._around.clock()
        with self._lock:
            one = self._ones[id_]
            one.looked_s = now_s
            one.say(event, wish, now_s)
            self._wake.notify_all()

    def prompt(self, id_: str) -> None:
        """Ask for the gesture from now on. Raises LookupError."""
        now_s = self._around.clock()
        with self._lock:
            self._ones[id_].prompt(now_s)

    def identify(self, band: str) -> None:
        """Let a band vibrate or blink, as far as a gateway has it."""
        with self._lock:
            self._identify.append(band)
            self._looked_s = self._around.clock()
            self._wake.notify_all()

    def near(self) -> tuple[list[Near], str]:
        """The bands on the radio of the site's gateways, or sending, by name; and why there is nothing to be heard, ""
        where there is. Gateways are asked as long as somebody asks here."""
        now_s = self._around.clock()
        with self._lock:
            self._looked_s = now_s
            self._wake.notify_all()
            if self._hearing is None:
                return [], self._fault
            return near_of(self._hearing, now_s), self._fault or gateways_away(self._hearing, now_s)

    def fit(self, band: str) -> Fit | None:
        """How a band that is worn sits now, None until that is known; looked at as long as somebody asks."""
        now_s = self._around.clock()
        with self._lock:
            self._looked_s = now_s
            _, checked_s, fit = self._fits.get(band, (0.0, float("-inf"), None))
            self._fits[band] = now_s, checked_s, fit
            self._wake.notify_all()
            return fit

    def offered(self) -> dict[str, tuple[float, float]]:
        """Which bands gateways were let at for a pairing, from when to when [UTC s], in the last day: what those sent
        meanwhile is nobody's because nobody wore them."""
        with self._lock:
            return dict(self._offered)

    # The thread

    def _run(self) -> None:
        threading.Thread(target=warm, name="warm", daemon=True).start()  # or an arm is held still while it compiles
        while not self._stopped():
            try:
                with self._around.line() as line:
                    self._listen(line)
            except PairingError as error:
                log.warning("pairing: %s", error)
                self._without(UNHEARD)
            except Exception as error:  # whatever it is: were this thread to die of it, nobody could pair any more
                log.exception("pairing goes on without what it heard")
                self._without(f"something went wrong here: {type(error).__name__}")

    def _stopped(self) -> bool:
        """Wait until somebody pairs or looks; True: it is over."""
        with self._lock:
            while not self._stopping and not self._wanted(self._around.clock()):
                self._hearing, self._fault = None, ""
                self._around.alone.let_go()
                self._wake.wait()
            return self._stopping

    def _wanted(self, now_s: float) -> bool:
        return now_s - self._looked_s < LOOKED_S or any(one.live for one in self._ones.values())

    def _without(self, why: str) -> None:
        """Say why nothing is heard, and wait before the next attempt."""
        with self._lock:
            now_s = self._around.clock()
            self._hearing, self._fault = None, why
            for one in self._ones.values():
                if one.live:
                    one.hold(why, now_s)
            self._forget(now_s)
            self._wake.wait(AGAIN_S)

    def _listen(self, line: LineLike) -> None:
        hearing, offering = Hearing(), Offering(line, self._around.held)
        asked_s: dict[str, float] = {}
        brought: set[str] = set()
        try:
            while True:
                with self._lock:
                    now_s = self._around.clock()
                    if self._stopping or not self._wanted(now_s):
                        return
                    self._hearing = hearing
                    for heard in line.heard():
                        hearing.hear(heard.topic, heard.payload, heard.at_s, retained=heard.retained)
                    self._fault = "" if line.online else "the broker is away: nothing of any band arrives"
                    due = self._look(hearing, now_s)
                    seeking = now_s - self._looked_s < LOOKED_S or any(
                        one.live and one.pairing.stage in SEEKING for one in self._ones.values()
                    )
                    identify, self._identify = self._identify, []
                    mine = {one.pairing.band for one in self._ones.values() if one.live}
                    self._forget(now_s)
                for one, do in due:
                    self._carry_out(one, do, line)
                for band in identify:
                    line.identify(band, IDENTIFY_S)
                for gateway in hearing.gateways(now_s) if seeking else ():
                    if gateway.online and now_s - asked_s.get(gateway.gateway, float("-inf")) > LOOK_S / 2:
                        asked_s[gateway.gateway] = now_s
                        line.look_at(gateway.gateway, LOOK_S)
                looks = seeking and not offering.theirs(hearing.roster, now_s)
                brought = self._brought(hearing, brought, now_s) if looks else set()
                against = offering.keep(mine | brought, hearing.roster, now_s)
                with self._lock:
                    self._end_against(against, now_s)
                    self._remember(mine | brought, now_s)
                    self._wake.wait(BEAT_S)
        finally:
            with ExitStack() as stack:
                stack.callback(self._unhear)
                offering.keep((), hearing.roster, self._around.clock())

    def _unhear(self) -> None:
        with self._lock:
            self._hearing = None

    def _end_against(self, theirs: Collection[str], now_s: float) -> None:
        """Somebody pairs ``theirs`` from another installation at the same broker: neither can go on."""
        for one in self._ones.values() if theirs else ():
            if one.live:
                one.end(f"{' and '.join(theirs)}: somebody else is pairing that: wait until it is done", now_s)

    def _look(self, hearing: Hearing, now_s: float) -> list[tuple[One, Do]]:
        """Go on with every pairing, and with how bands sit; return what is to be done about each pairing."""
        due = [
            (one, do)
            for one in self._ones.values()
            if one.live
            for do in one.look(hearing, self._fault, self._chance, now_s)
        ]
        for band, (asked_s, checked_s, _) in list(self._fits.items()):
            if now_s - asked_s > LOOKED_S:
                del self._fits[band]
            elif now_s - checked_s >= 1.0:
                self._fits[band] = asked_s, now_s, check(hearing.received(band, now_s - FIT_S))
        return due

    def _carry_out(self, one: One, do: Do, line: LineLike) -> None:
        if do is Do.CONNECT:
            line.identify(one.pairing.band, IDENTIFY_S)
        elif do is Do.ENTER:
            refused = ""
            try:
                self._around.enter(one.pairing, one.wish, one.by)
            except IngestError as error:
                refused = f"{error}; nothing was entered"
            with self._lock:
                one.entered, one.refused = not refused, refused
                one.ended_s = self._around.clock()

    def _brought(self, hearing: Hearing, before: Collection[str], now_s: float) -> set[str]:
        """Free bands of this house, and those that say that they wait to be paired: those that nobody has paired and
        that do not ask for it are left alone. Who was brought ``before`` stays, however well others are heard: a band
        that comes and goes leaves every gesture open. Then the best heard."""
        known, worn = set(self._around.known()), set(self._around.worn())
        near = hearing.nearby(now_s)
        free = [each.band for each in near if each.band not in worn and (each.band in known or each.seen.pairing)]
        return set(sorted(free, key=lambda band: band not in before)[:BROUGHT])

    def _remember(self, offered: Collection[str], now_s: float) -> None:
        self._offered = {band: when for band, when in self._offered.items() if now_s - when[1] < OFFERED_S}
        for band in offered:
            self._offered[band] = self._offered.get(band, (now_s, now_s))[0], now_s

    def _forget(self, now_s: float) -> None:
        """Let go of what ended long ago."""
        for one in list(self._ones.values()):
            if not one.live and one.ended_s is None:
                one.ended_s = now_s
            if one.ended_s is not None and now_s - one.ended_s > KEPT_S:
                del self._ones[one.id]
        if not any(one.live for one in self._ones.values()):
            self._around.alone.let_go()


def _require_by(one: One, band: str, by: str) -> None:
    """Refuse to begin beside what somebody else has under way; raises PairingError."""
    if one.by == by:
        return
    if one.pairing.band == band:
        raise PairingError(f"{band}: {one.by} is pairing it at this moment; take another one, or ask them")
    if not one.pairing.confirmed:
        raise PairingError(f"{one.pairing.band} is being paired by {one.by}: wait until that is done, or ask them")
