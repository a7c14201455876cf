"""What a check of the installation says."""

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How bad it is."""

    OK = "ok"
    NOTE = "note"  # good to know; nothing is wrong
    WARNING = "warning"  # works, and will hurt somebody some day
    FAILURE = "FAILURE"  # somebody cannot be watched, or something is lost, until it is mended


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of a ``subject``, and the ``mend`` where there is something to do."""

    level: Level
    subject: str
    what: str
    mend: str = ""
