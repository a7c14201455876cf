"""Whether somebody would be told if signs rose, as a value: how far, since when, by which link, who knows."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """Never better than the worst link."""

    PROTECTED = "protected"
    PARTLY = "partly protected"
    NOT = "not protected"


class Link(StrEnum):
    """The chain, in the order in which a reading goes; the first broken one is what is said."""

    CONSENT = "consent"
    BAND = "band"  # heard at all, battery
    CONTACT = "skin contact"
    SIGNAL = "signal"  # what can be read of it
    GATEWAY = "gateway"
    BROKER = "broker"
    PIPELINE = "pipeline"
    MODEL = "model"
    JOURNAL = "journal"
    SERVER = "server"
    TABLET = "tablet"  # none that can sound
    CARER = "carer"  # nobody on shift


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """How ``wearer`` is protected since ``since_s`` [UTC s]; ``link`` and ``why`` (a plain sentence) say what is
    broken, None and "" where nothing is; ``told`` says who was told of it when, "" while nobody was. ``passing``: it
    passes by itself within seconds, or is told soon as something else: no tablet sounds for it."""

    wearer: str
    level: Level
    since_s: float
    link: Link | None = None
    why: str = ""
    told: str = ""
    passing: bool = False
