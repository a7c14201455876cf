"""What somebody must be told, as a value: an alert, a break in protection, a person without a carer on shift."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What it is about; each has a chain of its own, or shares the one of notices."""

    ALERT = "alert"
    PROTECTION = "protection"  # nobody would be told if signs rose
    UNCOVERED = "uncovered"  # no carer is on shift for somebody
    OPEN_LONG = "open long"  # an alert that was taken, and that nobody ended
    HOUSE = "house"  # disk, journal, registry: whoever runs this server
    TEST = "test"  # somebody asked for it


class Priority(StrEnum):
    """After IEC 60601-1-8: how soon somebody must act."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """``matter_id`` is an alert's id where it is one. ``wearer`` is a pseudonym, "" for the house. ``words`` are plain
    sentences for those inside the house; what leaves it is said by ``alerts.channels.saying``."""

    matter_id: str
    kind: Kind
    priority: Priority
    wearer: str
    since_s: float
    words: tuple[str, ...]
