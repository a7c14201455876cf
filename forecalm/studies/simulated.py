"""A simulated cohort in, sessions out: days of wear with their signals, their labels and the truth behind them.

A person is lived alone, day after day, and nothing is written to disk: a day's signals are in memory at a time. They
are to the last bit what the bands of a ``device_sim.ward.Ward`` with all of them would say.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from device_sim.band import STEPS, quantise
from device_sim.director import Director
from device_sim.life.table import Table
from device_sim.life.timeline import Timeline
from device_sim.physiology.body import Physiology, Samples
from device_sim.physiology.noise import keys
from device_sim.physiology.person import Person
from device_sim.scenario import KINDS, Scenario, load
from device_sim.ward import cast
from forecalm.studies.study import Study
from ingest.labels import Label
from ingest.types import CHANNELS, Array, Tick
from models.datasets.dataset import Session
from models.datasets.rows import Recorded
from models.errors import DatasetError

DAY_S: Final = 6 * 3600  # of wear: a school day (docs/decisions/040-the-forecast-cohort.md)
BEGAN_S: Final = 1_700_006_400  # UTC s of the first day's first second; any midnight will do
NIGHT_S: Final = 86_400  # from the beginning of a day to that of the next
CHUNK_S: Final = 900  # lived at a time: it bounds memory, and changes nothing
BOUT: Final = 0.3  # flapping or rocking of this strength and more is told as a stereotypy
BOUT_S: Final = 8  # and of this length: what an observer would write down
RATER: Final = "simulator"
INCIDENT: Final = "incident"
BUILD_UP: Final = "build_up"  # ends in an incident
SETTLED: Final = "settled_build_up"  # does not
STEREOTYPY: Final = "stereotypy"
_RAGE: Final = KINDS.index("incident")  # whoever rocks in an incident is not at peace
_SENSED: Final = ("eda", "temperature", "ppg", "motion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """``wearers`` people of a scenario and a ``seed``, ``days`` days of ``day_s`` s each; raises DatasetError where a
    number cannot be. Faults of the scenario do not befall them: they are those of bands, which have tests of their own.
    """

    scenario: Scenario
    seed: int
    wearers: int
    days: int
    day_s: int = DAY_S

    def __post_init__(self) -> None:
        for what, number, least in (
            ("seed", self.seed, 0),
            ("wearers", self.wearers, 1),
            ("days", self.days, 1),
            ("day_s", self.day_s, 60),
        ):
            if number < least:
                raise DatasetError(f"{what}: must be {least} or more, got {number}")
        if self.day_s > NIGHT_S:
            raise DatasetError(f"day_s: must be {NIGHT_S} or less, got {self.day_s}")

    @property
    def study(self) -> str:
        """The name under which its sessions go."""
        return f"{self.scenario.name}-{self.seed}"

    def person(self, number: int) -> str:
        """The pseudonym of the ``number``-th wearer (1 for the first)."""
        return f"{self.study}-{number:02d}"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Day:
    """A session of one person: its ``tick`` (one row), the ``labels`` an observer who sees everything would write, and
    the truth that no model may see: ``arousal`` (n,), ``effort`` (n,), 0 to 1, and ``worn`` (n,)."""

    session: Session
    tick: Tick
    labels: tuple[Label, ...]
    arousal: Array
    effort: Array
    worn: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SimulatedPerson:
    """Somebody who was made up, the ``number``-th wearer (1 for the first): called, they live their days."""

    cohort: Cohort
    number: int
    study: str

    def __call__(self) -> Iterator[Recorded]:
        """Yield a session a day, with the truth that no model may see."""
        for day in days_of(self.cohort, self.number):
            yield Recorded(
                session=replace(day.session, study=self.study),
                tick=day.tick,
                labels=day.labels,
                truth=truth_of(day.arousal, day.effort),
            )


def simulated(whole: Cohort, *, study: str | None = None) -> Study:
    """Return the study of a cohort, called ``study`` (default: as the cohort): nobody is lived until they are asked."""
    name = whole.study if study is None else study
    numbers = range(1, whole.wearers + 1)
    return Study(
        name=name,
        people=tuple(whole.person(number) for number in numbers),
        sources=tuple(SimulatedPerson(whole, number, name) for number in numbers),
    )


def cohort(name: str, *, seed: int, wearers: int | None = None, days: int, day_s: int = DAY_S) -> Cohort:
    """Return the cohort of a packaged scenario, or of one in a file; raises ScenarioError where there is none."""
    scenario = load(name)
    count = scenario.wearers if wearers is None else wearers
    return Cohort(scenario=scenario, seed=seed, wearers=count, days=days, day_s=day_s)


def person_of(whole: Cohort, number: int) -> Person:
    """Return the ``number``-th wearer (1 for the first) as drawn: what no model may see."""
    return cast(whole.scenario, wearers=number, seed=whole.seed)[number - 1]


def days_of(whole: Cohort, number: int) -> Iterator[Day]:
    """Live the days of the ``number``-th wearer (1 for the first), one after the other.

    Raises DatasetError where there is no such wearer.
    """
    if not 1 <= number <= whole.wearers:
        raise DatasetError(f"number: {whole.study} has wearers 1 to {whole.wearers}, not {number}")
    alone, person = _alone(whole, number), person_of(whole, number)
    director = Director(alone, (person,), seed=whole.seed)
    bodies = Physiology((person,), seed=whole.seed)
    table = episodes_of(whole, number)
    for start_s in range(-alone.past_s, 0, CHUNK_S):
        bodies.push(director.drive(start_s, min(CHUNK_S, -start_s)))
    for day in range(whole.days):
        first = day * whole.day_s
        parts = [
            bodies.push(director.drive(first + at, min(CHUNK_S, whole.day_s - at)))
            for at in range(0, whole.day_s, CHUNK_S)
        ]
        yield _day(whole, number, day, parts, table)


def truth_of(arousal: Array, effort: Array) -> dict[str, Array]:
    """Return what may be learnt from, and never estimated by: second by second (n,) arousal, means of it that fade over
    one, three and ten minutes, and effort."""
    faded = {
        f"arousal_{minutes}_min": lfilter([1 / (60 * minutes)], [1, 1 / (60 * minutes) - 1], arousal)
        for minutes in (1, 3, 10)
    }
    return {"arousal": arousal, **faded, "effort": effort}


def episodes_of(whole: Cohort, number: int) -> Table:
    """Return everything that befalls the ``number``-th wearer, in simulated seconds; nothing is lived for it."""
    alone, person = _alone(whole, number), person_of(whole, number)
    timeline = Timeline(alone, (person,), keys(seed=whole.seed, numbers=(person.number,)))
    return timeline.episodes(0, whole.days * whole.day_s)


def incidents_of(table: Table) -> list[tuple[float, float]]:
    """Return when each incident began and ended [simulated s]; one that began in another goes on with it: an observer
    sees one."""
    onset_s = table.numbers[:, :3].sum(axis=1)
    length_s = table.numbers[:, 3]
    spans = sorted((float(at), float(at + long)) for at, long in zip(onset_s, length_s, strict=True) if long > 0)
    merged: list[tuple[float, float]] = []
    for onset, end in spans:
        if merged and onset <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((onset, end))
    return merged


def labels_of(table: Table, *, seconds: int, began_s: int, wearer: str) -> tuple[Label, ...]:
    """Return what an observer would write of one wearer's episodes ``table``, of ``seconds`` s from ``began_s`` [UTC s]
    (simulated second 0) on. Bouts of flapping and rocking are no episodes, and not among them."""
    return tuple(_labels(_spans(table), first_s=0, day_s=seconds, began_s=began_s, wearer=wearer))


def _alone(whole: Cohort, number: int) -> Scenario:
    """The scenario with nobody but this wearer, whose part and whose round it keeps."""
    scenario = whole.scenario
    delay_s = (number - 1) // len(scenario.parts) * scenario.stagger_s
    part = scenario.part(number - 1)
    late = tuple(replace(each, start_s=each.start_s + delay_s) for each in part.episodes)
    return replace(scenario, parts=(replace(part, episodes=late),), wearers=1)


def _day(whole: Cohort, number: int, day: int, parts: list[Samples], table: Table) -> Day:
    began_s = BEGAN_S + day * NIGHT_S
    name = whole.person(number)
    session = Session(
        name=f"{name}-day-{day + 1:02d}",
        person=name,
        study=whole.study,
        start_s=float(began_s),
        end_s=float(began_s + whole.day_s),
        origin=f"simulated: {whole.scenario.name}, seed {whole.seed}, wearer {number}, day {day + 1}",
        digest=_digest(whole, number, day),
    )
    drives = [part.drive for part in parts]
    worn = np.concatenate([drive.worn[0] for drive in drives])
    bouts = np.concatenate([np.maximum(d.flap[0], d.rock[0]) * (d.kind[0] != _RAGE) for d in drives]) >= BOUT
    said = _spans(table) + [(STEREOTYPY, at, end) for at, end in _runs(bouts, day * whole.day_s)]
    return Day(
        session=session,
        tick=_tick(parts, began_s, worn if number % 2 == 0 else None),
        labels=tuple(_labels(said, first_s=day * whole.day_s, day_s=whole.day_s, began_s=began_s, wearer=name)),
        arousal=np.concatenate([drive.arousal[0] for drive in drives]),
        effort=np.concatenate([drive.effort[0] for drive in drives]),
        worn=worn,
    )


def _digest(whole: Cohort, number: int, day: int) -> str:
    """What a day is made of decides it, to the bit: so that is digested, and not its samples."""
    made_of = f"{whole.scenario!r} {whole.seed} {number} {day} {whole.day_s}"
    return sha256(made_of.encode()).hexdigest()


def _tick(parts: list[Samples], began_s: int, contact: NDArray[np.bool_] | None) -> Tick:
    """The band's counts in physical units; every other band tells of its contact, as in a mixed drawer of bands."""
    sensed = {
        name: np.concatenate([quantise(name, getattr(part, name)[0]) for part in parts], axis=-1)[None] * STEPS[name]
        for name in _SENSED
    }
    seconds = sensed["eda"].shape[1] // CHANNELS["eda"].grid_hz
    return Tick(
        start_s=np.array([began_s], np.int64),
        **sensed,
        ibi=np.full((1, CHANNELS["ibi"].grid_hz * seconds), np.nan),
        contact=None if contact is None else contact[None].astype(np.float64),
    )


def _spans(table: Table) -> list[tuple[str, float, float]]:
    """What befell, when [simulated s]: build-ups until their incident, incidents, everything else whole."""
    said = [(INCIDENT, at, end) for at, end in incidents_of(table)]
    for kind, (start, rise, hold, incident, fall, _) in zip(table.kind.tolist(), table.numbers.tolist(), strict=True):
        what, end = KINDS[kind], start + rise + hold
        if what == INCIDENT:
            continue
        if what == "anxiety":
            said.append((BUILD_UP, start, end) if incident else (SETTLED, start, end + fall))
        else:
            said.append((what, start, end + fall))
    return said


def _runs(true: NDArray[np.bool_], first_s: int) -> list[tuple[float, float]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], true, [False]]).astype(np.int8)))
    return [(float(first_s + a), float(first_s + b)) for a, b in edges.reshape(-1, 2).tolist() if b - a >= BOUT_S]


def _labels(
    said: list[tuple[str, float, float]], *, first_s: int, day_s: int, began_s: int, wearer: str
) -> Iterator[Label]:
    """The labels of a day, by start: what reaches beyond it is cut; an incident that began the day before is none of
    this day's, though its rest is still told, as what it is: no onset."""
    for what, start, end in sorted(said, key=lambda each: (each[1], each[0])):
        begin, over = max(start, first_s), min(end, first_s + day_s)
        if over <= begin or (what == INCIDENT and start < first_s):
            continue
        moved = began_s - first_s
        yield Label(
            what=what,
            start_s=_to_ms(begin + moved),
            end_s=_to_ms(over + moved),
            rater=RATER,
            wearer=wearer,
        )


def _to_ms(utc_s: float) -> float:
    """Observers write no microseconds, and a shift of origin leaves none."""
    return math.floor(utc_s * 1000 + 0.5) / 1000
