"""A TOML file in, a ``Scenario`` out: what befalls whom, and when; every mistake is told with its field."""

import tomllib
from dataclasses import dataclass, replace
from errno import EINVAL
from pathlib import Path
from typing import Any, Final

from device_sim.errors import ScenarioError
from device_sim.faults.fault import Fault, read_fault
from device_sim.physiology.person import BUILD_UPS, MEDICINES, POPULATIONS, STEREOTYPIES
from device_sim.scenario_fields import LENGTH_MIN_S, REPEAT_MIN_S, SECONDS_MAX, Fields, Range

KINDS: Final = (
    "anxiety",
    "exercise",
    "excitement",
    "stereotypy",
    "walking",
    "off_wrist",
    "incident",
    "joy",
    "rocking",
    "heat",
    "cold",
    "meal",
    "sleep",
    "loose",
)
ACTIVITIES: Final = ("ordinary", "still", "asleep", "by_clock")
RESPONDS: Final = ("as_drawn", "both", "heart", "sweat", "neither")
SHAPES: Final = ("drawn", *BUILD_UPS)
ENDS: Final = ("settles", "incident")
WEARERS_MAX: Final = 100_000
PER_H_MAX: Final = 60.0  # one a minute; inpatients in a crisis have some 13 incidents an hour (Imbiriba 2023)
PER_H_MIN: Final = 0.0001  # about once a year; scenarios end after a month
STRENGTH_MIN: Final = 0.001  # no channel shows as little
HOURS_MIN: Final = 1 / 60  # in less than a minute of the day hardly anything ever begins
UNEVEN_MAX: Final = 1.5  # then one in twenty has twelve times the usual rate or more
BRANCHING_MAX: Final = 0.95  # at 1 a cluster never ends
INCIDENT_S: Final = 60.0  # an incident lasts seconds to minutes, very differently: Northrup 2022, doi:10.1002/aur.2773
MEMORY_S: Final = 300.0  # how long an incident makes further ones likely: our choice, clusters of some 20 minutes
PACKAGED: Final = Path(__file__).parent / "scenarios"

_SUDDEN: Final = ("off_wrist", "loose", "incident")  # kinds that need no rise and fall
# What a random episode is like where the scenario does not say: rise, hold and fall [s], strength; least and most. Our
# choice, but that heart rate rises about a minute before an incident (58 +- 22 s: Nuske 2019), and that incidents were
# foretold 3 minutes (Imbiriba 2023) to 10 minutes (Kartha 2026) ahead: so build-ups last 1 to 15 minutes.
_USUAL: Final[dict[str, tuple[Range, Range, Range, Range]]] = {
    "anxiety": ((60, 900), (10, 120), (120, 600), (0.5, 1.0)),
    "exercise": ((10, 60), (180, 1200), (30, 120), (0.4, 1.0)),
    "excitement": ((5, 30), (30, 180), (30, 120), (0.4, 1.0)),
    "stereotypy": ((1, 3), (10, 240), (1, 5), (0.5, 1.0)),
    "walking": ((2, 5), (60, 900), (2, 5), (0.7, 1.0)),
    "off_wrist": ((0, 0), (30, 900), (0, 0), (1.0, 1.0)),
    "incident": ((0, 0), (5, 300), (60, 300), (0.6, 1.0)),
    "joy": ((2, 10), (20, 120), (20, 90), (0.5, 1.0)),
    "rocking": ((1, 3), (10, 240), (1, 5), (0.5, 1.0)),
    "heat": ((600, 1800), (1800, 7200), (1200, 3600), (0.3, 1.0)),
    "cold": ((60, 300), (300, 1800), (300, 900), (0.3, 1.0)),
    "meal": ((600, 1500), (1200, 2400), (2400, 4800), (0.5, 1.0)),
    "sleep": ((300, 900), (1200, 5400), (60, 300), (1.0, 1.0)),
    "loose": ((0, 0), (300, 3600), (0, 0), (0.3, 0.9)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """What ``kind`` of thing happens from ``start_s`` on: it rises, holds and falls; ``strength`` is in (0, 1].

    Times are seconds of simulated time, 0 at the end of the scenario's past; so a negative start lies in the past. An
    anxiety rises in one of ``SHAPES``, and with an ``incident_s`` > 0 ends in an incident of that length after its
    hold. An incident without a build-up is a kind of its own: it lasts for rise and hold, and its fall calms down.
    """

    start_s: float
    rise_s: float
    hold_s: float
    fall_s: float
    kind: str
    strength: float
    shape: str = "ramp"
    incident_s: float = 0.0

    @property
    def end_s(self) -> float:
        return self.start_s + self.rise_s + self.hold_s + self.incident_s + self.fall_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """Episodes of one ``kind`` that come at random, ``per_h`` an hour, each drawn within the ranges (least, most).

    A share ``incidents`` of anxieties ends in an incident. Each incident sets off ``branching`` further ones on
    average, after times that are exponential with mean ``memory_s``: a Hawkes process, so that there are
    1 / (1 - branching) incidents for each that came by itself. ``hours`` are the hours of the day in which episodes
    may begin. ``uneven`` is how far people differ in how often it comes: the standard deviation of the logarithm of
    their rates, whose mean is ``per_h``.
    """

    kind: str
    per_h: float
    rise_s: Range
    hold_s: Range
    fall_s: Range
    strength: Range
    shape: str = "drawn"
    incidents: float = 0.0
    incident_s: Range = (5.0, 300.0)
    branching: float = 0.0
    memory_s: float = MEMORY_S
    hours: Range = (0.0, 24.0)
    uneven: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wearer:
    """The part of one wearer: ``activity`` between the episodes, and episodes at random (``chances``).

    ``responds``, ``medicine`` and ``stereotypy`` may overrule what was drawn of the person.
    """

    episodes: tuple[Episode, ...] = ()
    chances: tuple[Chance, ...] = ()
    activity: str = "ordinary"
    responds: str = "as_drawn"
    medicine: str = "as_drawn"
    stereotypy: str = "as_drawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Parts for any number of wearers: wearer i plays part ``i % len(parts)``.

    ``past_s`` seconds are simulated before time 0. ``wearers`` is how many there are if nobody says otherwise. With
    ``repeat_s`` the time line starts again and again; each further round of wearers plays it ``stagger_s`` later.
    ``clock_s`` is the time of day at time 0 [s after midnight], None where there is none. ``faults`` befall the bands,
    not the people.
    """

    name: str
    title: str
    past_s: int
    wearers: int
    parts: tuple[Wearer, ...]
    repeat_s: float = 0.0
    stagger_s: float = 0.0
    population: str = "adults"
    clock_s: float | None = None
    faults: tuple[Fault, ...] = ()

    def part(self, wearer: int) -> Wearer:
        """Return what wearer ``wearer`` (0 for the first) plays."""
        return self.parts[wearer % len(self.parts)]


def packaged() -> tuple[str, ...]:
    """Return the names of the scenarios that come with the simulator."""
    return tuple(sorted(path.stem for path in PACKAGED.glob("*.toml")))


def load(name_or_path: str | Path) -> Scenario:
    """Return the packaged scenario of that name, or the one in a file.

    Raises ScenarioError, naming file and field, where it cannot be read, has an unknown key or an impossible value.
    """
    path = Path(name_or_path)
    if str(name_or_path) in packaged():
        path = PACKAGED / f"{name_or_path}.toml"
    elif path.suffix != ".toml":
        raise ScenarioError(f"{name_or_path}: no such scenario; take one of {', '.join(packaged())} or a .toml file")
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for, for ever
            raise OSError(EINVAL, "it is a folder, a pipe or a device: name a .toml file")
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, a number or a nest of thousands
        raise ScenarioError(f"{path}: not TOML: {error}") from None
    return _scenario(Fields(_with_a_wearer(table), file=path.name), path.stem)


def _with_a_wearer(table: dict[str, Any]) -> dict[str, Any]:
    return table if "wearer" in table else {**table, "wearer": [{}]}


@dataclass(frozen=True, slots=True)
class _Setting:
    """What the whole file says, and every part of it keeps to."""

    past_s: float
    repeat_s: float
    clock_s: float | None
    activity: str


def _scenario(fields: Fields, name: str) -> Scenario:
    """Read the whole file: each section is handed to its own reader."""
    setting = _Setting(
        past_s=fields.number("past_s", default=0.0, whole=True),
        repeat_s=fields.number("repeat_s", default=0.0, least=REPEAT_MIN_S),
        clock_s=fields.time_of_day("clock"),
        activity=fields.choice("activity", ACTIVITIES, default="ordinary"),
    )
    everybody = _befalling(fields, setting, "")
    parts = tuple(_wearer(one, setting, everybody) for one in fields.tables("wearer", shown="[[wearer]]"))
    if not parts:
        raise fields.wrong("wearer", "must be one or more [[wearer]] tables")
    scenario = Scenario(
        name=name,
        title=fields.text("title", default=name),
        past_s=round(setting.past_s),
        wearers=round(fields.number("wearers", default=float(len(parts)), low=1, high=WEARERS_MAX, whole=True)),
        parts=parts,
        repeat_s=setting.repeat_s,
        stagger_s=fields.number("stagger_s", default=0.0),
        population=fields.choice("population", POPULATIONS, default="adults"),
        clock_s=setting.clock_s,
        faults=tuple(read_fault(one) for one in fields.tables("fault", shown="[[fault]]")),
    )
    fields.nothing_left()
    return scenario


def _befalling(fields: Fields, setting: _Setting, of: str) -> tuple[tuple[Episode, ...], tuple[Chance, ...]]:
    """Read what befalls everybody, or one wearer (``of`` is "wearer."): episodes, and what comes at random."""
    listed = fields.tables("episode", shown=f"[[{of}episode]]")
    at_random = fields.tables("random", shown=f"[[{of}random]]")
    return tuple(_episode(one, setting) for one in listed), tuple(_chance(one, setting) for one in at_random)


def _wearer(fields: Fields, setting: _Setting, everybody: tuple[tuple[Episode, ...], tuple[Chance, ...]]) -> Wearer:
    episodes, chances = _befalling(fields, setting, "wearer.")
    wearer = Wearer(
        episodes=everybody[0] + episodes,
        chances=everybody[1] + chances,
        activity=fields.choice("activity", ACTIVITIES, default=setting.activity),
        responds=fields.choice("responds", RESPONDS, default="as_drawn"),
        medicine=fields.choice("medicine", ("as_drawn", *MEDICINES), default="as_drawn"),
        stereotypy=fields.choice("stereotypy", ("as_drawn", *STEREOTYPIES), default="as_drawn"),
    )
    if wearer.activity == "by_clock" and setting.clock_s is None:
        raise fields.wrong("activity", 'by_clock needs the time of day at second 0: say clock = "07:30" at the top')
    fields.nothing_left()
    return wearer


def _episode(fields: Fields, setting: _Setting) -> Episode:
    kind = fields.choice("kind", KINDS)
    usual_s = 0.0 if kind in _SUDDEN else None
    episode = Episode(
        start_s=fields.number("start_s", low=-SECONDS_MAX),
        rise_s=fields.number("rise_s", default=usual_s, least=LENGTH_MIN_S),
        hold_s=fields.number("hold_s", least=LENGTH_MIN_S),
        fall_s=fields.number("fall_s", default=usual_s, least=LENGTH_MIN_S),
        kind=kind,
        strength=fields.number("strength", default=1.0, high=1.0),
        shape=_shape(fields, kind),
    )
    if kind == "anxiety" and fields.choice("ends", ENDS, default="settles") == "incident":
        episode = replace(episode, incident_s=fields.number("incident_s", default=INCIDENT_S, low=1.0))
    _only(fields, "ends", "anxiety")
    if fields.has("incident_s"):
        raise fields.wrong("incident_s", 'is for anxiety with ends = "incident"; take it out or say so')
    fields.nothing_left()
    if kind == "off_wrist" and (episode.rise_s or episode.fall_s):
        raise fields.wrong("rise_s", "a band is on or off: leave rise_s and fall_s out for off_wrist")
    if episode.strength < STRENGTH_MIN:
        raise fields.wrong("strength", f"must be more than 0 (at least {STRENGTH_MIN:g}); take the episode out instead")
    if episode.end_s <= episode.start_s:
        raise fields.wrong("hold_s", "the episode has no length: make rise_s, hold_s or fall_s more than 0")
    if kind == "incident" and episode.rise_s + episode.hold_s == 0:
        raise fields.wrong("hold_s", "an incident lasts some seconds: make it more than 0")
    if episode.start_s < -setting.past_s:
        raise fields.wrong("start_s", f"{episode.start_s:g} lies before past_s ({setting.past_s:g})")
    if setting.repeat_s and (episode.start_s < 0 or episode.end_s > setting.repeat_s):
        raise fields.wrong("start_s", f"must lie within 0 and repeat_s ({setting.repeat_s:g}), and so must its end")
    return episode


def _chance(fields: Fields, setting: _Setting) -> Chance:
    kind = fields.choice("kind", KINDS)
    rise_s, hold_s, fall_s, strength = _USUAL[kind]
    chance = Chance(
        kind=kind,
        per_h=fields.number("per_h", high=PER_H_MAX),
        rise_s=fields.range("rise_s", default=rise_s, least=LENGTH_MIN_S),
        hold_s=fields.range("hold_s", default=hold_s, least=LENGTH_MIN_S),
        fall_s=fields.range("fall_s", default=fall_s, least=LENGTH_MIN_S),
        strength=fields.range("strength", default=strength, high=1.0),
        shape=_shape(fields, kind),
        hours=_hours(fields, setting.clock_s),
        uneven=fields.number("uneven", default=0.0, high=UNEVEN_MAX),
    )
    chance = _with_incidents(fields, chance)
    fields.nothing_left()
    if kind == "off_wrist" and (chance.rise_s[1] or chance.fall_s[1]):
        raise fields.wrong("rise_s", "a band is on or off: leave rise_s and fall_s out for off_wrist")
    if chance.per_h < PER_H_MIN:
        raise fields.wrong("per_h", f"must be more than 0 (at least {PER_H_MIN:g}); take the table out instead")
    if chance.strength[0] < STRENGTH_MIN:
        raise fields.wrong("strength", f"must be more than 0 (at least {STRENGTH_MIN:g})")
    if chance.rise_s[0] + chance.hold_s[0] + (chance.fall_s[0] if kind != "incident" else 0.0) == 0:
        raise fields.wrong("hold_s", "the episodes may have no length: make the least of it more than 0")
    return chance


def _with_incidents(fields: Fields, chance: Chance) -> Chance:
    """Return ``chance`` with what is said of incidents, which only anxiety and sudden incidents have."""
    if chance.kind == "anxiety":
        incidents = fields.number("incidents", default=0.0, high=1.0)
        usual_s = chance.incident_s
    elif chance.kind == "incident":
        incidents, usual_s = 1.0, chance.hold_s
    else:
        incidents = 0.0
    _only(fields, "incidents", "anxiety")
    for key in ("branching", "memory_s", "incident_s"):
        if not incidents and fields.has(key):
            raise fields.wrong(key, "is about incidents: say incidents (the share of anxieties that ends in one) too")
    if not incidents:
        return chance
    return replace(
        chance,
        incidents=incidents,
        incident_s=fields.range("incident_s", default=usual_s, low=1.0),
        branching=fields.number("branching", default=0.0, high=BRANCHING_MAX),
        memory_s=fields.number("memory_s", default=MEMORY_S, low=1.0, high=86_400.0),
    )


def _shape(fields: Fields, kind: str) -> str:
    if kind == "anxiety":
        return fields.choice("shape", SHAPES, default="drawn")
    _only(fields, "shape", "anxiety")
    return "ramp"


def _hours(fields: Fields, clock_s: float | None) -> Range:
    if fields.has("hours") and clock_s is None:
        raise fields.wrong("hours", 'needs the time of day at second 0: say clock = "07:30" at the top')
    begin, end = fields.range("hours", default=(0.0, 24.0), high=24.0)
    if end - begin < HOURS_MIN:
        raise fields.wrong("hours", f"nothing can begin from {begin:g} to {end:g}: say from when to when, as [8, 20]")
    return begin, end


def _only(fields: Fields, key: str, kind: str) -> None:
    if fields.has(key):
        raise fields.wrong(key, f"is for {kind} alone; take it out")
