"""The time in; the store settled, and what may be kept no longer erased and entered in the audit."""

import logging
import math
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Final, Protocol, Self

from forecalm.keeping.ranges import end_of, ends_within, erase_ended, erase_where
from ingest.errors import IngestError
from ingest.received import Received
from ingest.registry.claims import Claims
from ingest.registry.places import Site
from ingest.registry.stretches import Correction
from ingest.store.inbox import REACH_S
from ingest.store.protocol import BandSummary, Erased, Store

log = logging.getLogger(__name__)

SETTLE_EVERY_S: Final = 1.0  # asked that often, a store settles little at a time
SHARE: Final = 24  # readings may outstay their time by a 24th of it: an hour of a day
LOOK_LEAST_S, LOOK_MOST_S = 60.0, 3_600.0  # between two looks for what is over
LEAP_S: Final = 60 * 86_400.0  # ahead of all that ever came: more likely a wrong year than a house that was away
DOUBT_S: Final = 86_400.0  # that a clock which has leapt must go on before it may erase: time to set it right
SAY_AGAIN_S: Final = 3_600.0  # what goes on failing is said again
STOP_S: Final = 10.0  # for a settling that is under way; cut off, nothing is lost
LEAPT: Final = "clock leapt"  # under which the store remembers when: by a clock that is wrong still, after a restart
BY: Final = "the service"  # whom the audit names


class Books(Protocol):
    """The registry, as far as it is asked here."""

    def audit_began_s(self) -> float | None:
        """When it was made, or upgraded from a version that let nothing go [UTC s]."""

    def claims(self) -> Mapping[str, Claims]:
        """Which readings are somebody's to keep."""

    def outlived(self, now_s: float) -> list[Correction]:
        """Which readings are older than their site keeps them."""

    def sites(self) -> list[Site]:
        """Every site."""

    def site_of(self) -> dict[str, str | None]:
        """The site of each wearer."""

    def put_in_site(self, site: str, *, wearers: Sequence[str], by: str) -> None:
        """Say that these belong to a site."""

    def note(self, action: str, *, wearer: str | None = None, by: str, packets: int, band: str) -> None:
        """Enter in the audit what was erased."""


class Keeping:
    """Settles the store every second, and looks now and then for readings that are to go: those that nobody with a
    consent has claimed within ``unassigned_s`` of their arrival, those of people who were erased, and those that
    are older than their wearer's site keeps them. What was there before this registry counts as arrived with it: an
    upgrade from a version that kept everything leaves time to say who wore what.

    Whatever fails is logged once, said again every hour, and tried again; nothing of it ends the thread. Use as a
    context manager, or call ``keep_once``.
    """

    def __init__(self, registry: Books, store: Store, *, unassigned_s: float, clock: Callable[[], float]) -> None:
        self._registry = registry
        self._store = store
        self._unassigned_s = unassigned_s
        self._look_every_s = min(max(unassigned_s / SHARE, LOOK_LEAST_S), LOOK_MOST_S)
        self._looked_s = self._leapt_s = -math.inf
        self._clock = clock
        self._failing: dict[str, float] = {}  # what fails, and when that was said last
        self._clean: dict[str, tuple[BandSummary, Claims]] = {}  # bands of which everything is claimed
        self._to_note: list[tuple[str, str | None, str, int]] = []  # erased, and not in the audit yet
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeping", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            log.warning("settling goes on for longer than %.0f s and is cut off; nothing is lost", STOP_S)

    def _run(self) -> None:
        while not self._stop.wait(SETTLE_EVERY_S):
            self.keep_once(self._clock())

    def keep_once(self, now_s: float) -> None:
        """Do what is due at ``now_s`` [UTC s]. Never raises."""
        self._try("settling readings", now_s, lambda: self._store.settle(now_s))
        is_due = not 0 <= now_s - self._looked_s < self._look_every_s  # a clock that was set back counts as due
        if is_due and self._try("asking whether the clock has leapt", now_s, lambda: self._doubt(now_s)):
            self._looked_s = now_s
            if not self._doubts(now_s):
                self._look(now_s)
        if self._to_note:
            self._try("entering in the audit what was erased", now_s, self._note)

    def _look(self, now_s: float) -> None:
        """Let go of what may be kept no longer."""
        self._try("purging readings that are nobody's", now_s, lambda: self._purge(now_s))
        self._try("erasing readings that are over", now_s, lambda: self._retain(now_s))
        self._try("letting go of messages in quarantine", now_s, lambda: self._purge_refused(now_s))

    def _doubt(self, now_s: float) -> None:
        """Note that the clock has leapt: one look with a wrong year would erase everything. The store remembers it, for
        once something has come by that clock, nothing else shows it to whoever starts anew."""
        came_s = self._looked_s
        if came_s == -math.inf:
            before = self._store.recall(LEAPT)
            if before is not None:
                (self._leapt_s,) = struct.unpack("<d", before)
            if self._doubts(now_s):
                log.error("the clock leapt ahead before this start: look at it; in a day old readings are erased by it")
                return
            came_s = max((band.last_received_s for band in self._store.bands()), default=now_s)
        if now_s - came_s > LEAP_S:
            self._store.remember(LEAPT, struct.pack("<d", now_s))
            self._leapt_s = now_s
            log.error(
                "the clock is %.0f days ahead of all that came: look at it; in a day old readings are erased by it",
                (now_s - came_s) / 86_400,
            )

    def _doubts(self, now_s: float) -> bool:
        """Whether the clock has leapt and has not gone on for long enough since."""
        return 0 <= now_s - self._leapt_s < DOUBT_S

    def _try(self, what: str, now_s: float, do: Callable[[], object]) -> bool:
        """Whether it went well."""
        try:
            do()
        except Exception as error:  # whatever it is: readings go on being stored, and it is tried again
            if not 0 <= now_s - self._failing.get(what, -math.inf) < SAY_AGAIN_S:
                self._failing[what] = now_s
                log.error("%s has failed, and is tried again: %s", what, error)
            return False
        if self._failing.pop(what, None) is not None:
            log.warning("%s works again", what)
        return True

    def _purge(self, now_s: float) -> None:
        """Erase what nobody has a right to keep, band by band; one that fails holds up no other."""
        claims, before_s = self._registry.claims(), self._waits_since_s(now_s)
        held = self._store.bands()
        self._clean = {band.band: self._clean[band.band] for band in held if band.band in self._clean}
        errors = []
        for band in held:
            claimed = claims.get(band.band, Claims())
            if self._clean.get(band.band) == (band, claimed):
                continue
            try:
                self._purge_band(band, claimed, before_s)
            except IngestError as error:
                errors.append(error)
        if errors:
            raise errors[-1]

    def _waits_since_s(self, now_s: float) -> float:
        """What came up to then [UTC s] has waited long enough for an assignment."""
        began_s, before_s = self._registry.audit_began_s(), now_s - self._unassigned_s
        return -math.inf if began_s is None or began_s > before_s else before_s

    def _purge_refused(self, now_s: float) -> None:
        """Let go what went to quarantine as readings go, judged at its arrival: it says no other time."""
        claims, before_s = self._registry.claims(), self._waits_since_s(now_s)
        over: dict[str, tuple[tuple[float, float], ...]] = {}
        for each in self._registry.outlived(now_s):
            until_s = math.inf if each.until_s is None else each.until_s
            over[each.band] = (*over.get(each.band, ()), (each.since_s, until_s))

        def goes(band: str | None, received_s: float) -> bool:
            claimed = claims.get(band or "", Claims())
            if _within(received_s, claimed.covered):
                return _within(received_s, over.get(band or "", ()))
            return received_s <= before_s or _within(received_s, claimed.erased)

        self._store.forget_refused(goes)

    def _purge_band(self, band: BandSummary, claimed: Claims, before_s: float) -> None:
        """Erase what came up to ``before_s`` [UTC s] and is nobody's, and what is somebody's who was erased."""

        def goes(received: Received) -> bool:
            end_s = end_of(received)
            if _within(end_s, claimed.covered):
                return False
            return received.received_s <= before_s or _within(end_s, claimed.erased)

        clean = True
        for low_s, high_s in _between(claimed.covered):
            if low_s > band.last_s + REACH_S or not ends_within(self._store, band.band, low_s, high_s):
                continue
            clean = False
            high_s = min(high_s, max(before_s, claimed.erased[-1][1] if claimed.erased else before_s))
            if low_s < high_s:
                self._erase("purge", None, band.band, partial(erase_where, since_s=low_s, until_s=high_s, goes=goes))
        if clean:
            self._clean[band.band] = band, claimed

    def _retain(self, now_s: float) -> None:
        """Erase what is older than the site of its wearer keeps it."""
        put_in_only_site(self._registry, by=BY)
        held = {band.band: band for band in self._store.bands()}
        errors = []
        for over in self._registry.outlived(now_s):
            band, until_s = held.get(over.band), math.inf if over.until_s is None else over.until_s
            if band is None or band.first_s >= until_s or band.last_s + REACH_S < over.since_s:
                continue
            try:
                if ends_within(self._store, over.band, over.since_s, until_s):
                    erase = partial(erase_ended, since_s=over.since_s, until_s=until_s)
                    self._erase("retention", over.wearer, over.band, erase)
            except IngestError as error:
                errors.append(error)
        if errors:
            raise errors[-1]

    def _erase(self, action: str, wearer: str | None, band: str, erase: Callable[[Store, str], Erased]) -> None:
        try:
            gone = erase(self._store, band).packets
        except IngestError:  # it may have begun, and then the store carries it on
            self._to_note.append((f"{action} begun", wearer, band, 0))
            raise
        if gone:
            self._to_note.append((action, wearer, band, gone))

    def _note(self) -> None:
        while self._to_note:
            action, wearer, band, packets = self._to_note[0]
            self._registry.note(action, wearer=wearer, by=BY, packets=packets, band=band)
            self._to_note.pop(0)


def put_in_only_site(registry: Books, *, by: str) -> None:
    """Where there is one site, let whoever is of none be of that: nobody can be of another."""
    sites = registry.sites()
    nowhere = [wearer for wearer, site in registry.site_of().items() if site is None]
    if nowhere and len(sites) == 1:
        registry.put_in_site(sites[0].name, wearers=nowhere, by=by)


def _within(at_s: float, spans: tuple[tuple[float, float], ...]) -> bool:
    return any(low_s <= at_s < high_s for low_s, high_s in spans)


def _between(spans: tuple[tuple[float, float], ...]) -> Iterator[tuple[float, float]]:
    """Yield the time before, between and after spans."""
    edges = [(-math.inf, -math.inf), *spans, (math.inf, math.inf)]
    for (_, low_s), (high_s, _) in pairwise(edges):
        if low_s < high_s:
            yield low_s, high_s
