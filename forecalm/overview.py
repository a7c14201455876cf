"""A running intake, its store and the registry in; what staff see of them out, looked up when somebody asks."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from forecalm.exchanged import Suspected
from ingest.admission import Admit
from ingest.bands import BandReport, ConsentDue, Overview, Sent, band_reports, consents_due, doubts_of
from ingest.control.picture import Standing
from ingest.errors import IngestError
from ingest.intake.counts import HeldBack
from ingest.intake.intake import Handed, Intake
from ingest.registry.claims import Claims
from ingest.registry.registry import Registry
from ingest.registry.sessions import Kind
from ingest.store.protocol import BandSummary, Refusal, Store

REFUSALS: Final = 20
"""Messages in quarantine that are shown: what goes wrong now, not an archive."""

FRESH_S: Final = 2.0
"""For how long an overview is given to whoever asks again: ten tablets cost as much as one."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the registry said at ``revision``."""

    revision: int
    names: dict[str, str]
    bands: Sequence[str]
    claims: dict[str, Claims]
    imported: frozenset[str]


NOTHING: Final = _Known(-1, {}, (), {}, frozenset())


class Overviews:
    """``hear`` what the intake hands on, so that gateways and batteries are known; ``take`` an overview, from any
    thread. Nothing that cannot be looked up hides the rest: it is said among the faults.

    ``admit`` is the intake's; ``keep_s`` is how long readings of a band that nobody is known to wear wait; ``clock``
    gives UTC seconds; ``standing`` says how gateways stand, ``suspected`` whose bands look exchanged.
    """

    def __init__(
        self,
        *,
        store: Store,
        registry: Registry,
        intake: Intake,
        admit: Admit,
        keep_s: float,
        clock: Callable[[], float],
        standing: Callable[[], Standing] = Standing,
        suspected: Callable[[], Sequence[Suspected]] = tuple,
    ) -> None:
        self._store = store
        self._registry = registry
        self._intake = intake
        self._admit = admit
        self._keep_s = keep_s
        self._clock = clock
        self._standing = standing
        self._suspected = suspected
        self._sent: dict[str, Sent] = {}
        self._known = NOTHING
        self._last: Overview | None = None
        self._lock = threading.Lock()

    @property
    def held_back(self) -> HeldBack | None:
        """Why nothing can be stored now, None while it can; asks no database."""
        return self._intake.held_back

    def carried(self) -> dict[str, str | None]:
        """By which gateway each band was heard last; None: it came without one. Asks no database."""
        return {band: sent.gateway for band, sent in self._sent.items()}

    def hear(self, handed: Handed) -> None:
        """Note who carried each band, and its charge; never waits."""
        newest: dict[str, Sent] = {}
        for received, _ in handed:
            packet = received.packet
            before = newest.get(packet.band) or self._sent.get(packet.band)
            gateway, battery_pct = packet.gateway, packet.battery
            if before is None or gateway != before.gateway or battery_pct not in (None, before.battery_pct):
                kept = before.battery_pct if before and battery_pct is None else battery_pct
                newest[packet.band] = Sent(gateway, kept)
        if newest:
            self._sent = {**self._sent, **newest}  # readers in other threads see the old ones or the new ones

    def take(self) -> Overview:
        """Look everything up, unless that was done less than ``FRESH_S`` ago."""
        with self._lock:
            now_s = self._clock()
            if self._last is None or not 0 <= now_s - self._last.at_s < FRESH_S:
                self._last = self._look(now_s)
            return self._last

    def _look(self, now_s: float) -> Overview:
        faults: list[str] = []
        known, consents = self._ask(faults, now_s)
        summaries: list[BandSummary] = []
        refusals: list[Refusal] = []
        try:
            summaries, refusals = self._store.bands(), self._store.quarantined(REFUSALS)
        except IngestError as error:
            faults.append(f"The store does not say what it holds: {error}")
        clocks, gateways = self._intake.clocks()
        bands: list[BandReport] = band_reports(
            known=known.bands,
            summaries=summaries,
            clocks=clocks,
            claims=known.claims,
            admit=self._admit,
            sent=self._sent,
            imported=known.imported,
            now_s=now_s,
            keep_s=self._keep_s,
        )
        worn = {each.wearer: each.band for each in bands if each.wearer is not None}
        return Overview(
            at_s=now_s,
            names=known.names,
            bands=tuple(bands),
            gateways=tuple(sorted(gateways, key=lambda each: each.gateway)),
            counters=self._intake.counters,
            held_back=self.held_back,
            refusals=tuple(refusals),
            consents=tuple(consents),
            faults=tuple(faults),
            standing=self._standing(),
            doubts=doubts_of(((each.wearer, each.other, each.since_s) for each in self._suspected()), worn),
        )

    def _ask(self, faults: list[str], now_s: float) -> tuple[_Known, list[ConsentDue]]:
        """What the registry knows, or knew when it last answered; it is asked for all of it only when it changed."""
        try:
            if self._registry.revision() != self._known.revision:
                self._known = self._everything()
            worn = {self._admit(band, now_s).wearer for band in self._known.bands}
            wearing = sorted(wearer for wearer in worn if wearer is not None)
            return self._known, consents_due(wearing, self._registry.consents(), now_s=now_s)
        except IngestError as error:
            faults.append(f"The registry does not say who wears what: {error}")
            return self._known, []

    def _everything(self) -> _Known:
        registry = self._registry
        revision = registry.revision()  # what changes from here on is asked for the next time
        return _Known(
            revision=revision,
            names=registry.names(),
            bands=registry.bands(),
            claims=registry.claims(),
            imported=frozenset(each.band for each in registry.sessions() if each.kind is Kind.IMPORTED),
        )
