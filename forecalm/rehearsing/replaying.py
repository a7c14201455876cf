"""One person's stored readings in; what two models make of every second of them, as lived and as recorded, out.

*As lived*: what their wristbands sent, packet by packet at the times at which it came; what was late decides nothing.
*As recorded*: all that is known now, late or not, and imported recordings. Either way the code is the one that runs
live, and every alert is taken at once by a carer who is always there: untaken, the first would be the only one.
The engine runs once; each model has its own watchers and its own desk, which know nothing of each other.
"""

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from alerts.rehearsal.comparing import Heard
from alerts.views import WearerView
from forecalm.rescoring.lived import CHUNK_S, Person
from forecalm.studies.cutting import cut
from forecalm.watching.watchers import Choice, Watchers
from ingest.readings import Readings, Span
from ingest.registry.consents import Scope
from models.risk import Abstention, Risk
from signals.engine import Engine
from signals.types import Signals

EVER: Final = math.inf
GAP_S: Final = 600.0  # of silence that is not gone through second by second: the engine begins anew after six minutes
BEFORE_S: Final = 2.0  # read again where a piece goes on from the one before it: resampling looks back so far
CARER: Final = "rehearsal"


@dataclass(slots=True, eq=False)
class Seconds:
    """What was said of each second: when it began [UTC s], why nothing, else with which probability; and whether it was
    the model that was chosen who said it (1), or the training-free detector in its place (0)."""

    start_s: "array[int]" = field(default_factory=lambda: array("q"))
    why: "array[int]" = field(default_factory=lambda: array("b"))
    probability: "array[float]" = field(default_factory=lambda: array("d"))
    chosen: "array[int]" = field(default_factory=lambda: array("b"))

    def add(self, said: Risk, is_champions: NDArray[np.bool_]) -> None:
        """Take the next seconds of one row."""
        n = said.probability.shape[1]
        self.start_s.extend((said.start_s[0] + np.arange(n, dtype=np.int64)).tolist())
        self.why.extend(said.abstention[0].tolist())
        self.probability.extend(said.probability[0].tolist())
        self.chosen.extend(is_champions[0].tolist())

    def since(self, since_s: float) -> "Seconds":
        """Those that began at ``since_s`` [UTC s] or later; seconds rise."""
        at = bisect_left(self.start_s, since_s)
        return Seconds(self.start_s[at:], self.why[at:], self.probability[at:], self.chosen[at:])


class Side:
    """A choice of models and a desk of its own for ``wearer``, who is watched by rules of their ``own`` where there are
    some, as ``forecalm.pipeline`` does for everybody who lives."""

    def __init__(self, wearer: str, *, choice: Choice, own: Policy | None, begun_s: float) -> None:
        self._wearer = wearer
        self._watchers = Watchers([wearer], choice)
        policies = {} if own is None else {wearer: own}
        self._desk = Desk(wearers=[wearer], policy=Policy(), policies=policies, journal=Scratch(), started_s=begun_s)
        self._taken = Taken(self._desk)
        self.seconds = Seconds()

    @property
    def faults(self) -> tuple[str, ...]:
        """Why a model that ought to speak does not."""
        return self._watchers.state.faults

    def tick(self, now_s: float) -> None:
        """Tell the desk the time [UTC s]."""
        self._desk.tick(now_s)

    def push(self, signals: Signals, *, recorded: bool) -> None:
        """Say something of the next seconds, and alert where the desk does. Where they are ``recorded`` the desk is
        told the time at the end of each: nothing was late; else it was told before."""
        watched = self._watchers.push(signals.start_s, signals.features, rows=np.zeros(1, np.intp))
        said = watched.risk
        self.seconds.add(said, watched.is_champions)
        for i in range(said.probability.shape[1]):
            end_s = float(said.start_s[0] + i + 1)
            if recorded:
                self._desk.tick(end_s)
            self._desk.observe(
                self._wearer,
                end_s,
                probability=float(said.probability[0, i]),
                abstention=Abstention(int(said.abstention[0, i])),
                reasons=(),
                learnt=float(said.learnt[0, i]),
                heart_rate_bpm=math.nan,
                battery_pct=None,
                stamp=None,
                policy=self._watchers.policy if watched.is_champions[0, i] else None,
            )

    def heard(self) -> Heard:
        """What it came to."""
        return heard(self.seconds, self._taken)


class Taken:
    """Takes every alert of ``desk`` as soon as it is raised; ``alerts_s`` are when that was [UTC s]."""

    def __init__(self, desk: Desk) -> None:
        self.alerts_s: list[float] = []
        self._desk = desk
        desk.subscribe(self._take)

    def _take(self, view: WearerView) -> None:
        if view.alert is not None and view.alert.acknowledged_by is None:
            self.alerts_s.append(view.alert.raised_s)
            self._desk.acknowledge(view.alert.alert_id, by=CARER, at_s=view.alert.raised_s)


def heard(seconds: Seconds, taken: Taken) -> Heard:
    """What a model came to, to be named."""
    return Heard("", np.array(seconds.why, np.int8), tuple(taken.alerts_s))


@dataclass(frozen=True, slots=True)
class Both:
    """What two choices made of the same seconds, (n,) [UTC s] each; ``notes`` say what could not be replayed."""

    second_s: NDArray[np.int64]
    champion: Heard
    candidate: Heard
    faults: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Champion and candidate as they are to run, and the rules of a person's ``own``, if there are any."""

    champion: Choice
    candidate: Choice
    own: Policy | None


def as_lived(readings: Readings, wearer: str, pair: Pair, *, until_s: float) -> Both | None:
    """Replay what the wristbands of ``wearer`` sent before ``until_s`` [UTC s]; None where they sent nothing."""
    span = heard_in(readings, wearer, -EVER, until_s)
    if span is None:
        return None
    since_s, until_s = span
    person = Person(readings, wearer, begun_s=since_s, choice=pair.champion, own=pair.own)
    taken, seconds = Taken(person.desk), Seconds()
    candidate = Side(wearer, choice=pair.candidate, own=pair.own, begun_s=since_s)
    for now_s, steps in person.steps(since_s, until_s):
        candidate.tick(now_s)
        for step in steps:
            seconds.add(step.risk, step.is_champions)
            candidate.push(step.signals, recorded=False)
    return Both(
        np.array(seconds.start_s, np.int64),
        heard(seconds, taken),
        candidate.heard(),
        (*person.pipeline.models.faults, *candidate.faults),
    )


def heard_in(readings: Readings, wearer: str, since_s: float, until_s: float) -> Span | None:
    """From when to when [UTC s] wristbands of ``wearer`` sent anything in the range; None: they did not."""
    return _span(readings, wearer, since_s, until_s, imported=False)


def recorded_in(readings: Readings, wearer: str, since_s: float, until_s: float) -> Span | None:
    """From when to when [UTC s] imported recordings of ``wearer`` say anything in the range; None: they do not."""
    return _span(readings, wearer, since_s, until_s, imported=True)


def _span(readings: Readings, wearer: str, since_s: float, until_s: float, *, imported: bool) -> Span | None:
    places = [place for place in _places(readings, wearer, since_s, until_s) if place.imported is imported]
    spans = [span for place in places for span in place.spans]
    return (min(low for low, _ in spans), max(high for _, high in spans)) if spans else None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where readings rest: what ``band`` (or a recording) sent, in ``spans`` [UTC s] without long silences."""

    band: str
    imported: bool
    spans: tuple[Span, ...]


def _places(readings: Readings, wearer: str, since_s: float, until_s: float) -> list[_Place]:
    """Wristbands by consent to care, recordings by consent to research, in order of time."""
    found = []
    for scope in (Scope.CARE, Scope.RESEARCH):
        for worn in readings.worn(wearer, since_s, until_s, scope=scope):
            if worn.source.imported is (scope is Scope.RESEARCH):
                spans = [
                    span
                    for low, high in worn.covered
                    for span in _spans(readings, wearer, worn.source.band, low, high, scope)
                ]
                if spans:
                    found.append(_Place(worn.source.band, worn.source.imported, tuple(spans)))
    return found


def _spans(readings: Readings, wearer: str, band: str, low_s: float, high_s: float, scope: Scope) -> Iterator[Span]:
    begun_s = ended_s = -EVER
    for _, received in readings.packets(wearer, low_s, high_s, scope=scope, source=band):
        start_s, end_s = received.span_s()
        if start_s > ended_s + GAP_S:
            if ended_s > begun_s:
                yield begun_s, ended_s
            begun_s = start_s
        ended_s = max(ended_s, end_s)
    if ended_s > begun_s:
        yield begun_s, ended_s


def as_recorded(readings: Readings, wearer: str, pair: Pair, *, until_s: float) -> Both | None:
    """Replay everything that is stored of ``wearer`` from before ``until_s`` [UTC s], in order of time; None where
    there is nothing. Where two bands speak of the same time, the one that began first is replayed, and that is said."""
    places = _in_order(_places(readings, wearer, -EVER, until_s))
    if not places:
        return None
    sides = [
        Side(wearer, choice=choice, own=pair.own, begun_s=places[0][0][0]) for choice in (pair.champion, pair.candidate)
    ]
    left_out = _replay(readings, wearer, places, sides)
    champion, candidate = sides
    notes = (f"{left_out / 60:.0f} min of which two bands speak at once were replayed once",) if left_out > 1 else ()
    return Both(
        np.array(champion.seconds.start_s, np.int64),
        champion.heard(),
        candidate.heard(),
        (*champion.faults, *candidate.faults),
        notes,
    )


def of_recordings(readings: Readings, wearer: str, choice: Choice, *, since_s: float, until_s: float) -> Side:
    """Return what a choice makes of the imported recordings of ``wearer`` in ``[since_s, until_s)`` [UTC s], in order
    of time, as ``as_recorded`` does."""
    side = Side(wearer, choice=choice, own=None, begun_s=since_s)
    imported = [place for place in _places(readings, wearer, since_s, until_s) if place.imported]
    _replay(readings, wearer, _in_order(imported), [side])
    return side


def _in_order(places: Sequence[_Place]) -> list[tuple[Span, _Place]]:
    found = [(span, place) for place in places for span in place.spans]
    return sorted(found, key=lambda each: (each[0], each[1].band))


def _replay(readings: Readings, wearer: str, places: Sequence[tuple[Span, _Place]], sides: Sequence[Side]) -> float:
    """Let every side say something of every second; return how many seconds [s] there were twice, of which the band
    that began first was taken."""
    engine, ended_s, left_out = Engine(rows=1), -EVER, 0.0
    for (low_s, high_s), place in places:
        left_out += max(min(ended_s, high_s) - low_s, 0.0) if ended_s > low_s else 0.0
        for signals in _signals(readings, engine, wearer, place, max(low_s, ended_s), high_s):
            for side in sides:
                side.push(signals, recorded=True)
        ended_s = max(ended_s, high_s)
    return left_out


def _signals(
    readings: Readings, engine: Engine, wearer: str, place: _Place, low_s: float, high_s: float
) -> Iterator[Signals]:
    """What the engine makes of a span, piece by piece: where it is cut changes nothing."""
    scope = Scope.RESEARCH if place.imported else Scope.CARE
    since_s = float(math.floor(low_s))
    while since_s < high_s:
        until_s = min(since_s + CHUNK_S, float(math.ceil(high_s)))
        tick = readings.tick(wearer, max(since_s - BEFORE_S, low_s), until_s, scope=scope, source=place.band)
        first = max(int(max(engine.ended_s(rows=np.zeros(1, np.intp))[0], since_s) - tick.start_s[0]), 0)
        last = min(tick.seconds, int(until_s - tick.start_s[0]))
        if first < last:
            yield engine.push(cut(tick, first, last))
        since_s = until_s
