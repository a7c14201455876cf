"""A TOML file in, a ``Scenario`` out: what befalls whom, and when; every mistake is told with its field."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from device_sim.errors import ScenarioError

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
ACTIVITIES: Final = ("ordinary", "still")
RESPONDS: Final = ("as_drawn", "both", "heart", "sweat", "neither")
WEARERS_MAX: Final = 100_000
SECONDS_MAX: Final = 31 * 86_400.0  # a month: a longer one is a slip of the pen
PACKAGED: Final = Path(__file__).parent / "scenarios"


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """What ``kind`` of thing happens from ``start_s`` on: it rises, holds and falls; ``strength`` is in (0, 1].

    Times are seconds of simulated time, 0 at the end of the scenario's past; so a negative start lies in the past.
    """

    start_s: float
    rise_s: float
    hold_s: float
    fall_s: float
    kind: str
    strength: float

    @property
    def end_s(self) -> float:
        return self.start_s + self.rise_s + self.hold_s + self.fall_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Wearer:
    """The part of one wearer: ``activity`` between the episodes; ``responds`` may overrule the person's own flags."""

    episodes: tuple[Episode, ...] = ()
    activity: str = "ordinary"
    responds: str = "as_drawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Parts for any number of wearers: wearer i plays part ``i % len(parts)``.

    ``past_s`` seconds are simulated before time 0. ``wearers`` is how many there are if nobody says otherwise. With
    ``repeat_s`` the time line starts again and again; each further round of wearers plays it ``stagger_s`` later.
    """

    name: str
    title: str
    past_s: int
    wearers: int
    parts: tuple[Wearer, ...]
    repeat_s: float = 0.0
    stagger_s: float = 0.0

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
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:  # no TOML, no UTF-8, or a number of thousands of digits
        raise ScenarioError(f"{path}: not TOML: {error}") from None
    return _Reader(path.name).scenario(table, path.stem)


class _Reader:
    """Takes a table apart key by key; whatever is left over is unknown."""

    def __init__(self, file: str) -> None:
        self._file = file

    def scenario(self, table: dict[str, Any], name: str) -> Scenario:
        rest = dict(table)
        parts = rest.pop("wearer", [{}])
        if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
            raise self._error("wearer", "must be one or more [[wearer]] tables")
        activity = self._one_of(rest, "activity", ACTIVITIES, "ordinary", "")
        scenario = Scenario(
            name=name,
            title=self._text(rest, "title", name),
            past_s=round(self._number(rest, "past_s", "", default=0.0, whole=True)),
            wearers=round(
                self._number(rest, "wearers", "", default=float(len(parts)), low=1, high=WEARERS_MAX, whole=True)
            ),
            parts=tuple(self._wearer(part, f"wearer {i}: ", activity) for i, part in enumerate(parts, 1)),
            repeat_s=self._number(rest, "repeat_s", "", default=0.0),
            stagger_s=self._number(rest, "stagger_s", "", default=0.0),
        )
        self._nothing_left(rest, "")
        self._fits(scenario)
        return scenario

    def _wearer(self, table: dict[str, Any], where: str, activity: str) -> Wearer:
        rest = dict(table)
        episodes = rest.pop("episode", [])
        if not isinstance(episodes, list) or not all(isinstance(episode, dict) for episode in episodes):
            raise self._error(f"{where}episode", "must be [[wearer.episode]] tables")
        wearer = Wearer(
            episodes=tuple(self._episode(e, f"{where}episode {i}: ") for i, e in enumerate(episodes, 1)),
            activity=self._one_of(rest, "activity", ACTIVITIES, activity, where),
            responds=self._one_of(rest, "responds", RESPONDS, "as_drawn", where),
        )
        self._nothing_left(rest, where)
        return wearer

    def _episode(self, table: dict[str, Any], where: str) -> Episode:
        rest = dict(table)
        kind = self._one_of(rest, "kind", KINDS, None, where)
        off = kind == "off_wrist"
        episode = Episode(
            start_s=self._number(rest, "start_s", where, low=-SECONDS_MAX),
            rise_s=self._number(rest, "rise_s", where, default=0.0 if off else None),
            hold_s=self._number(rest, "hold_s", where),
            fall_s=self._number(rest, "fall_s", where, default=0.0 if off else None),
            kind=kind,
            strength=self._number(rest, "strength", where, default=1.0, high=1.0),
        )
        self._nothing_left(rest, where)
        if off and (episode.rise_s or episode.fall_s):
            raise self._error(f"{where}rise_s", "a band is on or off: leave rise_s and fall_s out for off_wrist")
        if episode.strength == 0:
            raise self._error(f"{where}strength", "must be more than 0; take the episode out instead")
        if episode.end_s <= episode.start_s:
            raise self._error(f"{where}hold_s", "the episode has no length: make rise_s, hold_s or fall_s more than 0")
        return episode

    def _fits(self, scenario: Scenario) -> None:
        for i, part in enumerate(scenario.parts, 1):
            for j, episode in enumerate(part.episodes, 1):
                where = f"wearer {i}: episode {j}: "
                if episode.start_s < -scenario.past_s:
                    raise self._error(f"{where}start_s", f"{episode.start_s:g} lies before past_s ({scenario.past_s})")
                if scenario.repeat_s and (episode.start_s < 0 or episode.end_s > scenario.repeat_s):
                    raise self._error(f"{where}start_s", f"must lie within 0 and repeat_s ({scenario.repeat_s:g})")

    def _number(
        self,
        rest: dict[str, Any],
        key: str,
        where: str,
        *,
        default: float | None = None,
        low: float = 0.0,
        high: float = SECONDS_MAX,
        whole: bool = False,
    ) -> float:
        value = rest.pop(key, default)
        if value is None:
            raise self._error(f"{where}{key}", "is missing")
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # NaN
            raise self._error(f"{where}{key}", f"must be a number, got {value!r}")
        if not low <= value <= high or (whole and value != round(value)):
            raise self._error(
                f"{where}{key}", f"must be a{' whole' if whole else ''} number from {low:g} to {high:g}, got {value!r}"
            )
        return float(value)

    def _one_of(self, rest: dict[str, Any], key: str, allowed: tuple[str, ...], default: str | None, where: str) -> str:
        value = rest.pop(key, default)
        if value not in allowed:
            raise self._error(f"{where}{key}", f"must be one of {', '.join(allowed)}; got {value!r}")
        return str(value)

    def _text(self, rest: dict[str, Any], key: str, default: str) -> str:
        value = rest.pop(key, default)
        if not isinstance(value, str):
            raise self._error(key, f"must be text, got {value!r}")
        return value

    def _nothing_left(self, rest: dict[str, Any], where: str) -> None:
        for key in rest:
            raise self._error(f"{where}{key}", "is no key that is known here; take it out or mend its spelling")

    def _error(self, field: str, mend: str) -> ScenarioError:
        return ScenarioError(f"{self._file}: {field}: {mend}")
