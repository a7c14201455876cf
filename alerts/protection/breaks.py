"""Every way in which a link of the chain can be broken, and what that means for a person: one table.

The order of the table is the order in which one break explains another: of several that mean the same for somebody, the
first is what is said. ``docs/protection.md`` is drawn from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from alerts.delivery.matter import Kind
from alerts.protection.cover import Level, Link


class Break(StrEnum):
    """What is broken."""

    NO_CONSENT = "no consent"
    ENGINE_STOPPED = "engine stopped"
    STARTING = "just started"
    DISK_HANGS = "disk hangs"
    BROKER_AWAY = "broker away"
    BROKER_QUIET = "nothing arrives"
    GATEWAY_AWAY = "gateway away"
    GATEWAY_DEAF = "gateway deaf"
    GATEWAY_QUIET = "gateway brings nothing"
    BAND_NEVER = "band never heard"
    BAND_SILENT = "band silent"
    VIEW_OLD = "not decided"
    NOT_WORN = "band off"
    POOR_SIGNAL = "signal poor"
    OUT_OF_RANGE = "out of range"
    LEARNING = "learning"
    NO_TABLET = "no tablet can sound"
    NOT_KEPT = "journal not written"
    NOT_STORED = "readings not stored"
    SOME_MISSING = "channels missing"
    BATTERY_LOW = "battery low"
    STANDBY = "standby model"
    RESTING = "resting"
    PUSH_ONLY = "push only"
    NOBODY_ON_SHIFT = "nobody on shift"
    OVERDUE = "shift overdue"


class Reach(StrEnum):
    """Whom one such break concerns: it is told once for all of them."""

    PERSON = "one person"
    GATEWAY = "all bands of a gateway"
    HOUSE = "everybody"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a break means. ``words`` are a plain sentence ({what}: a gateway, channels, a charge, a carer; {when}).

    ``patience`` is after how many times the site's grace staff are told, as a matter of ``kind``; None: nobody is, for
    it was decided, is told as a matter of its own, or passes by itself. ``passing``: it does so within seconds, and no
    tablet sounds for it.
    """

    link: Link
    level: Level
    reach: Reach
    patience: float | None
    words: str
    kind: Kind = Kind.PROTECTION
    passing: bool = False


WHILE_MOVING: Final = 5.0
"""Of the grace: somebody who runs about cannot be read for minutes, and is next to those who run after them."""

WHILE_LEARNING: Final = 20.0
"""Of the grace: ten minutes of worn time are needed, and staff have just put the band on; twice that is not usual."""

_NOT, _PARTLY = Level.NOT, Level.PARTLY
_PERSON, _GATEWAY, _HOUSE = Reach.PERSON, Reach.GATEWAY, Reach.HOUSE

TABLE: Final[Mapping[Break, Meaning]] = MappingProxyType(
    {
        Break.NO_CONSENT: Meaning(
            Link.CONSENT, _NOT, _PERSON, None, "No consent: nothing is kept, and no alert can come."
        ),
        Break.ENGINE_STOPPED: Meaning(Link.PIPELINE, _NOT, _HOUSE, 1, "The server has stopped looking at readings."),
        Break.STARTING: Meaning(
            Link.PIPELINE,
            _NOT,
            _HOUSE,
            None,
            "The server has just started, and looks at no reading yet.",
            passing=True,
        ),
        Break.DISK_HANGS: Meaning(
            Link.JOURNAL,
            _NOT,
            _HOUSE,
            1,
            "The disk of the server does not answer: alerts may not come, and are not kept.",
            Kind.HOUSE,
        ),
        Break.BROKER_AWAY: Meaning(Link.BROKER, _NOT, _HOUSE, 1, "The message broker is away, so no reading arrives."),
        Break.BROKER_QUIET: Meaning(Link.BROKER, _NOT, _HOUSE, 1, "No reading of any band arrives."),
        Break.GATEWAY_AWAY: Meaning(Link.GATEWAY, _NOT, _GATEWAY, 1, "Gateway {what} is silent."),
        Break.GATEWAY_DEAF: Meaning(Link.GATEWAY, _NOT, _GATEWAY, 1, "Gateway {what} is there, but hears no band."),
        Break.GATEWAY_QUIET: Meaning(
            Link.GATEWAY, _NOT, _GATEWAY, 1, "Gateway {what} brings nothing from any of its bands."
        ),
        Break.BAND_NEVER: Meaning(Link.BAND, _NOT, _PERSON, 1, "The band has not been heard yet."),
        Break.BAND_SILENT: Meaning(Link.BAND, _NOT, _PERSON, 1, "The band is silent."),
        Break.VIEW_OLD: Meaning(Link.PIPELINE, _NOT, _PERSON, 1, "Nothing new has been made of the readings."),
        Break.NOT_WORN: Meaning(Link.CONTACT, _NOT, _PERSON, 1, "The band is off."),
        Break.POOR_SIGNAL: Meaning(
            Link.SIGNAL, _NOT, _PERSON, WHILE_MOVING, "The band is worn, but too little can be read from it."
        ),
        Break.OUT_OF_RANGE: Meaning(
            Link.MODEL,
            _NOT,
            _PERSON,
            WHILE_MOVING,
            "Readings like these have not been met before, so they tell nothing.",
        ),
        Break.LEARNING: Meaning(
            Link.MODEL, _NOT, _PERSON, WHILE_LEARNING, "This person's usual is not known yet, so no alert can come."
        ),
        Break.NO_TABLET: Meaning(Link.TABLET, _NOT, _HOUSE, 1, "No tablet can sound."),
        Break.NOT_KEPT: Meaning(
            Link.JOURNAL, _PARTLY, _HOUSE, 1, "Alerts sound, but would not outlast a restart of the server.", Kind.HOUSE
        ),
        Break.NOT_STORED: Meaning(Link.SERVER, _PARTLY, _HOUSE, 1, "Readings are not stored.", Kind.HOUSE),
        Break.SOME_MISSING: Meaning(Link.SIGNAL, _PARTLY, _PERSON, WHILE_MOVING, "The band says nothing of {what}."),
        Break.BATTERY_LOW: Meaning(Link.BAND, _PARTLY, _PERSON, 1, "Band battery {what}: charge it soon."),
        Break.STANDBY: Meaning(
            Link.MODEL, _PARTLY, _HOUSE, 1, "The chosen model cannot be used: a simpler one watches.", Kind.HOUSE
        ),
        Break.RESTING: Meaning(
            Link.MODEL, _PARTLY, _PERSON, None, "An alert is just over: no new one can come for a moment."
        ),
        Break.PUSH_ONLY: Meaning(Link.TABLET, _PARTLY, _HOUSE, 1, "No tablet can sound, only phones."),
        Break.NOBODY_ON_SHIFT: Meaning(Link.CARER, _PARTLY, _PERSON, None, "Nobody is on shift."),
        Break.OVERDUE: Meaning(
            Link.CARER,
            _PARTLY,
            _PERSON,
            None,
            "{what}'s shift should have ended at {when}, and nobody has taken over.",
        ),
    }
)

WORST_FIRST: Final = (Level.NOT, Level.PARTLY, Level.PROTECTED)

RANK: Final[Mapping[Break, int]] = MappingProxyType({each: rank for rank, each in enumerate(TABLE)})
"""Which of two breaks explains the other: the lower one."""

ARRIVAL: Final = frozenset(
    {
        Break.ENGINE_STOPPED,
        Break.STARTING,
        Break.BROKER_AWAY,
        Break.BROKER_QUIET,
        Break.GATEWAY_AWAY,
        Break.GATEWAY_DEAF,
        Break.GATEWAY_QUIET,
        Break.BAND_NEVER,
        Break.BAND_SILENT,
        Break.VIEW_OLD,
    }
)
"""Ways in which nothing of somebody arrives: the same loss, said better the further up its cause is known."""


def severity(level: Level) -> int:
    """Return 0 for protected, 1 for partly, 2 for not."""
    return len(WORST_FIRST) - 1 - WORST_FIRST.index(level)
