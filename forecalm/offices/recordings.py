"""Readings and the registry in; what recordings there are, their channels as columns, and labels of them, out.

A recording is an import, or what one wristband sent of one person on one day by the clock of the house.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from console.research.decimated import Columns, Drawn
from console.research.office import Given, Recording, Span, Told
from forecalm.offices.veil import Veil, veil_of
from ingest.errors import RegistryError
from ingest.labels import NOTE, Label
from ingest.readings import Readings
from ingest.registry.consents import Scope
from ingest.registry.registry import Registry
from ingest.registry.sessions import Session
from ingest.store.protocol import BandSummary, Store
from ingest.types import CHANNELS, Array

EVER: Final = math.inf
YOU: Final = "You"
SHORTEST_S: Final = 1.0
"""Of a recording: what is shorter is left out of the list."""

BEAT_MAX_S: Final = 2.0
"""An interval is drawn as a rate up to so long: 30 a minute."""


class Recordings:
    """What is recorded, by ``readings``; labels go into ``registry``. Called from any thread."""

    def __init__(self, store: Store, registry: Registry, *, secret: bytes, zone: ZoneInfo) -> None:
        self._store = store
        self._registry = registry
        self.readings = Readings(store, registry)
        self._secret = secret
        self._zone = zone

    def everybody(self) -> list[Recording]:
        """Return everybody's recordings, the latest first."""
        bands = {each.band: each for each in self._store.bands()}
        found = [each for wearer in self._registry.wearers() for each in self._of(wearer, bands)]
        counts = self._registry.count_labels([(each.wearer, each.start_s, each.end_s) for each in found])
        with_labels = [replace(each, labels=count) for each, count in zip(found, counts, strict=True)]
        return sorted(with_labels, key=lambda each: (-each.start_s, each.wearer, each.band))

    def find(self, wearer: str, name: str) -> Recording:
        """Return one; raises LookupError."""
        if wearer in self._registry.wearers():
            bands = {each.band: each for each in self._store.bands()}
            for each in self._of(wearer, bands):
                if each.name == name:
                    return each
        raise LookupError(f"recording: there is no {name!r}")

    def _of(self, wearer: str, bands: Mapping[str, BandSummary]) -> Iterator[Recording]:
        imports = {session.band: session for session in self._registry.sessions(wearer) if session.format}
        for worn in self.readings.worn(wearer, -EVER, EVER, scope=Scope.RESEARCH):
            session, stored = imports.get(worn.source.band), bands.get(worn.source.band)
            if worn.source.imported and session is not None:
                spans: Sequence[Span] = [(session.start_s, session.end_s)]
            elif stored is not None:
                low, high = max(worn.since_s, stored.first_s), min(worn.until_s, stored.last_s)
                spans = list(self._days(low, high)) if low < high else []
            else:
                spans = []
            for low, high in spans:
                if high - low >= SHORTEST_S:
                    yield _recording(wearer, worn.source.band, low, high, worn.covered, session)

    def _days(self, low_s: float, high_s: float) -> Iterator[Span]:
        """Cut a time at the midnights of the house."""
        while low_s < high_s:
            day = datetime.fromtimestamp(low_s, self._zone)
            midnight = datetime(day.year, day.month, day.day, tzinfo=self._zone) + timedelta(days=1)
            yield low_s, min(midnight.timestamp(), high_s)
            low_s = midnight.timestamp()

    def drawn(self, recording: Recording, since_s: float, until_s: float, columns: int) -> dict[str, Drawn]:
        """Return the channels of which there is anything, by name; of the pulse the intervals as beats a minute."""
        found = {}
        for channel in CHANNELS:
            into = Columns(since_s, until_s, columns)
            pieces = self.readings.blocks(
                recording.wearer, channel, since_s, until_s, scope=Scope.RESEARCH, source=recording.band
            )
            for piece in pieces:
                if channel == "ibi":
                    _add_beats(into, piece.times_s(), piece.values())
                else:
                    into.even(piece.start_s, piece.block.rate_hz, _one(channel, piece.values()))
            drawn = into.drawn()
            if drawn.samples:
                found[channel] = drawn
        return found

    def labels(self, recording: Recording, *, asker: str, most: int) -> tuple[list[Told], int]:
        """See ``Research.labels``."""
        span = (recording.wearer, recording.start_s, recording.end_s)
        (many,) = self._registry.count_labels([span])
        found = self._registry.labels(*span, most=most)
        veil = self._veil()
        return [self._told(veil, number, label, asker) for number, label in found.items()], many

    def history(self, wearer: str, number: int, *, asker: str) -> list[Told]:
        """See ``Research.history``; raises LookupError where it is of somebody else."""
        try:
            found = self._registry.label_history(number)
        except RegistryError as error:
            raise LookupError(f"label {number}: there is none") from error
        if not found or any(label.wearer != wearer or label.what == NOTE for label in found.values()):
            raise LookupError(f"label {number}: there is none")
        veil = self._veil()
        return [self._told(veil, each, label, asker) for each, label in found.items()]

    def _told(self, veil: Veil, number: int, label: Label, asker: str) -> Told:
        shown = veil.label(label)
        yours = label.rater.casefold() == asker.casefold()
        return Told(
            number=number,
            what=shown.what,
            start_s=label.start_s,
            end_s=label.end_s,
            rater=YOU if yours else shown.rater,
            onset_uncertainty_s=label.onset_uncertainty_s,
            level=label.level,
            note=shown.note,
            mine=yours or not veil.is_staff(label.rater),
        )

    def _veil(self) -> Veil:
        return veil_of(self._registry, self._secret)

    def add(self, recording: Recording, given: Given, *, by: str) -> int:
        """See ``Research.add``."""
        (number,) = self._registry.add_labels([_label(recording, given, by)], by=by)
        return number

    def correct(self, recording: Recording, number: int, given: Given, *, by: str) -> int:
        """See ``Research.correct``. A label that came in a file keeps the rater that the file names."""
        old = [*self._registry.label_history(number).values()][-1]
        rater = old.rater if not self._veil().is_staff(old.rater) else by
        return self._registry.correct_label(number, _label(recording, given, rater), by=by)

    def remove(self, recording: Recording, number: int, *, by: str) -> None:
        """See ``Research.remove``."""
        self._registry.remove_label(number, by=by)

    def consented(self) -> dict[str, tuple[Span, ...]]:
        """See ``Research.consented``."""
        spans: dict[str, list[Span]] = {wearer: [] for wearer in self._registry.wearers()}
        for each in self._registry.consents():
            if each.scope is Scope.RESEARCH and each.withdrawn_s is None and each.wearer in spans:
                spans[each.wearer].append((each.from_s, EVER if each.until_s is None else each.until_s))
        return {wearer: tuple(sorted(theirs)) for wearer, theirs in spans.items()}


def _recording(
    wearer: str, band: str, low: float, high: float, covered: Sequence[Span], session: Session | None
) -> Recording:
    spans = tuple((max(a, low), min(b, high)) for a, b in covered if max(a, low) < min(b, high))
    form = "" if session is None else session.format
    return Recording(wearer=wearer, band=band, start_s=low, end_s=high, covered=spans, form=form)


def _label(recording: Recording, given: Given, rater: str) -> Label:
    return Label(
        what=given.what,
        start_s=given.start_s,
        end_s=given.end_s,
        rater=rater,
        wearer=recording.wearer,
        onset_uncertainty_s=given.onset_uncertainty_s,
        level=given.level,
        note=given.note,
    )


def _one(channel: str, values: Array) -> Array:
    """One value of each sample: of motion how far its length is from that of gravity [g]."""
    if channel != "motion":
        return values
    length: Array = np.sqrt(values[0] ** 2 + values[1] ** 2 + values[2] ** 2)
    length -= 1.0
    np.abs(length, out=length)
    return length


def _add_beats(into: Columns, at_s: Array, interval_s: Array) -> None:
    usable = np.isfinite(interval_s) & (interval_s > 0) & (interval_s <= BEAT_MAX_S)
    into.events(at_s[usable], 60.0 / interval_s[usable], interval_s[usable])
