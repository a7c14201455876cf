"""What is known of every link at one moment in; for each person what is broken between skin and somebody, out. Pure."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from alerts.protection.breaks import RANK, TABLE, Break, severity
from alerts.protection.cover import Level, Link
from alerts.protection.tablets import Tablet
from alerts.views import Blind, RiskState, WearerView

ENGINE_MAX_S: Final = 10.0
"""The engine says every second that it is there. As patient as with a band; told well within 15 s."""

START_MAX_S: Final = 30.0
"""An engine that has not said so yet may still be starting: models are read, and compiled the first time. Then it is
not believed to any more."""

VIEW_MAX_S: Final = 12.5
"""A view of somebody who is heard is about 2 s old. Told within the promised 15 s, looked at once a second."""

BROKER_MAX_S: Final = 5.0
"""A broker that is restarted is back within that, and what was sent meanwhile is not lost: it is no break yet."""

LOW_BATTERY_PCT: Final = 15
"""Three hours of a band that lasts twenty: time to charge it before it is silent."""

MANY: Final = 2
"""Bands that fall silent together have one cause; a single one has its own."""

DAY_S: Final = 86_400.0

TOGETHER_S: Final = 15.0
"""Their last seconds lie no further apart: packets of one gateway come in the same second, or were on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """``carer`` should have been relieved at ``until_s`` [UTC s], and nobody has taken over."""

    carer: str
    until_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One wearer: what the desk shows of them; ``gateway``, by which their band was heard last (None: it publishes by
    itself, or nobody knows); ``carers``, who has them on shift now; ``late``, who still has them though their shift has
    long been overdue."""

    view: WearerView
    gateway: str | None = None
    carers: tuple[str, ...] = ()
    late: tuple[Late, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A gateway: whether it is there (its last will says at once where it is not, its silence after 45 s), and whether
    its radio hears nothing."""

    online: bool
    deaf: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that protection is judged by, at ``at_s`` [UTC s]. Defaults are a house in which nothing is broken.

    ``engine_s``: when the engine last said that it runs; None: not yet. ``started_s``: since when this is looked at;
    None: for long. ``broker_lost_s``: since when the broker is
    away; None: it is there. ``standby``: whether another model watches than was chosen. ``not_kept`` and ``not_stored``
    say why journal or readings cannot be written, "" where they can; ``disk_hangs``: it does not answer, and
    readings wait for it. ``pushable``: carers with a phone or tablet that takes push messages.
    """

    at_s: float
    people: Sequence[Person]
    tablets: Sequence[Tablet]
    engine_s: float | None
    gateways: Mapping[str, Gateway] = field(default_factory=dict)
    started_s: float | None = None
    broker_lost_s: float | None = None
    standby: bool = False
    not_kept: str = ""
    disk_hangs: bool = False
    not_stored: str = ""
    pushable: Collection[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Broken:
    """One broken link of somebody: ``what`` is which gateway, or who, "" for the house; since ``since_s`` [UTC s] as
    far as anybody knows. ``words`` are a plain sentence."""

    how: Break
    what: str
    since_s: float
    words: str

    @property
    def link(self) -> Link:
        """Which link it is."""
        return TABLE[self.how].link

    @property
    def level(self) -> Level:
        """How far somebody is protected with it."""
        return TABLE[self.how].level


_BLIND: Final[Mapping[Blind, Break]] = MappingProxyType(
    {
        Blind.NOT_RECORDING: Break.NO_CONSENT,
        Blind.NOT_HEARD: Break.BAND_NEVER,
        Blind.SILENT: Break.BAND_SILENT,
        Blind.NOT_WORN: Break.NOT_WORN,
        Blind.POOR_SIGNAL: Break.POOR_SIGNAL,
        Blind.OUT_OF_RANGE: Break.OUT_OF_RANGE,
        Blind.LEARNING: Break.LEARNING,
    }
)

_UNHEARD: Final = (Blind.NOT_HEARD, Blind.SILENT)


def _clock(at_s: float) -> str:
    """``14:02`` in UTC, where nobody says which clock the house goes by."""
    return f"{datetime.fromtimestamp(at_s, UTC):%H:%M}"


def broken(facts: Facts, *, clock: Callable[[float], str] = _clock) -> dict[str, tuple[Broken, ...]]:
    """Return for everybody what is broken, the worst first, and of what is as bad the one that explains the others;
    nothing where all is whole. ``clock`` writes a moment for people."""
    house, gateways = _of_house(facts), _of_gateways(facts)
    found = {}
    for person in facts.people:
        theirs = [*_of_person(person, facts), *_of_carers(person, facts, clock), *house, *_of_tablets(person, facts)]
        if person.view.sight.reason in _UNHEARD and person.gateway is not None and person.gateway in gateways:
            theirs.append(_found(gateways[person.gateway], person.view.sight.since_s, person.gateway))
        found[person.view.wearer] = tuple(sorted(theirs, key=_said_first))
    return found


def level_of(found: Sequence[Broken]) -> Level:
    """Return how far somebody is protected: never better than the worst link."""
    return found[0].level if found else Level.PROTECTED


def _said_first(each: Broken) -> tuple[int, int]:
    return -severity(each.level), RANK[each.how]


def _found(how: Break, since_s: float, what: str = "", words: str = "") -> Broken:
    return Broken(how, what, since_s, words or TABLE[how].words.format(what=what))


def _of_person(person: Person, facts: Facts) -> list[Broken]:
    view, now_s = person.view, facts.at_s
    who, reason = view.wearer, view.sight.reason
    found = []
    if reason is not None:
        found.append(_found(_BLIND[reason], view.sight.since_s, who))
    if reason not in (*_UNHEARD, Blind.NOT_RECORDING) and abs(now_s - view.at_s) > VIEW_MAX_S:
        found.append(_found(Break.VIEW_OLD, view.at_s, who))
    if view.battery_pct is not None and view.battery_pct <= LOW_BATTERY_PCT:
        found.append(_found(Break.BATTERY_LOW, now_s, who, _words(Break.BATTERY_LOW, f"{view.battery_pct} %")))
    if view.missing:
        found.append(_found(Break.SOME_MISSING, now_s, who, _words(Break.SOME_MISSING, _listed(view.missing))))
    if view.risk is RiskState.RESOLVED:
        found.append(_found(Break.RESTING, view.risk_since_s, who))
    return found


def _of_carers(person: Person, facts: Facts, clock: Callable[[float], str]) -> list[Broken]:
    """Whoever should have gone long ago may have: they have somebody as long as nobody takes over, but not for sure."""
    if person.carers:
        return []
    who, last = person.view.wearer, max(person.late, key=lambda each: each.until_s, default=None)
    if last is None:
        return [_found(Break.NOBODY_ON_SHIFT, facts.at_s, who)]
    days = int((facts.at_s - last.until_s) // DAY_S)
    when = f"{clock(last.until_s)}, {days} day{'s' if days > 1 else ''} ago" if days > 0 else clock(last.until_s)
    words = TABLE[Break.OVERDUE].words.format(what=last.carer, when=when)
    return [_found(Break.OVERDUE, last.until_s, who, words)]


def _words(how: Break, what: str) -> str:
    return TABLE[how].words.format(what=what)


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _of_house(facts: Facts) -> list[Broken]:
    now_s = facts.at_s
    found = []
    if facts.engine_s is None and facts.started_s is not None and abs(now_s - facts.started_s) <= START_MAX_S:
        found.append(_found(Break.STARTING, facts.started_s))
    elif facts.engine_s is None or abs(now_s - facts.engine_s) > ENGINE_MAX_S:
        found.append(_found(Break.ENGINE_STOPPED, now_s if facts.engine_s is None else facts.engine_s))
    if facts.disk_hangs:
        found.append(_found(Break.DISK_HANGS, now_s))
    if facts.broker_lost_s is not None and abs(now_s - facts.broker_lost_s) > BROKER_MAX_S:
        found.append(_found(Break.BROKER_AWAY, facts.broker_lost_s))
    elif (since_s := _quiet_since(facts)) is not None:
        found.append(_found(Break.BROKER_QUIET, since_s))
    if facts.not_kept:
        found.append(_found(Break.NOT_KEPT, now_s))
    if facts.not_stored:
        found.append(_found(Break.NOT_STORED, now_s))
    if facts.standby:
        found.append(_found(Break.STANDBY, now_s))
    return found


def _quiet_since(facts: Facts) -> float | None:
    """Return since when nothing arrives of anybody, by two ways at least that all seem to be there; None: it does."""
    heard = [each for each in facts.people if each.view.sight.reason not in (Blind.NOT_HEARD, Blind.NOT_RECORDING)]
    away = {name for name, at in facts.gateways.items() if not at.online}
    if any(each.view.sight.reason is not Blind.SILENT or each.gateway in away for each in heard):
        return None
    last_s = max((each.view.sight.since_s for each in heard), default=0.0)
    late = [each for each in heard if last_s - each.view.sight.since_s <= TOGETHER_S]
    ways = {each.gateway or f"band of {each.view.wearer}" for each in late}
    return min(each.view.sight.since_s for each in late) if len(ways) >= MANY else None


def _of_gateways(facts: Facts) -> dict[str, Break]:
    """What ails gateways, by name; whoever is heard all the same is not concerned."""
    silent: defaultdict[str, list[float]] = defaultdict(list)
    heard = set()
    for person in facts.people:
        name, reason = person.gateway, person.view.sight.reason
        if name is None:
            continue
        if reason is Blind.SILENT:
            silent[name].append(person.view.sight.since_s)
        elif reason not in (Blind.NOT_HEARD, Blind.NOT_RECORDING):
            heard.add(name)
    found = {
        name: Break.GATEWAY_QUIET
        for name, since_s in silent.items()
        if name not in heard and sum(max(since_s) - each <= TOGETHER_S for each in since_s) >= MANY
    }
    for name, at in facts.gateways.items():
        if not at.online or at.deaf:
            found[name] = Break.GATEWAY_DEAF if at.online else Break.GATEWAY_AWAY
    return found


def _of_tablets(person: Person, facts: Facts) -> list[Broken]:
    if any(each.can_sound for each in facts.tablets):
        return []
    last_s = max((each.at_s for each in facts.tablets), default=facts.at_s)
    theirs = (*person.carers, *(each.carer for each in person.late))
    if not set(facts.pushable).isdisjoint(theirs):  # not by a tablet's own word: delivery would not go by it
        return [_found(Break.PUSH_ONLY, last_s)]
    return [_found(Break.NO_TABLET, last_s, words=f"{TABLE[Break.NO_TABLET].words}{_because(facts.tablets)}")]


def _because(tablets: Sequence[Tablet]) -> str:
    """Return what would help soonest: the reason of the tablet that was heard last."""
    last = max(tablets, key=lambda each: each.at_s, default=None)
    return " No board is open anywhere." if last is None else f" {last.why}"
