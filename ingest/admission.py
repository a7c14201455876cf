"""Whether readings of a band may be kept, and whose they are: what intake asks before it stores a packet."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """What is to become of a packet."""

    KEEP = "keep"  # its wearer's consent covers it
    WAIT = "wait"  # nobody is known to wear the band: kept for a while, for an assignment that may still come
    DROP = "drop"  # its wearer has not consented: nothing of it is kept, watched or shown; its name counts as stored


@dataclass(frozen=True, slots=True)
class Admission:
    """The verdict on a packet and the pseudonym of who wore the band; ``wearer`` is None where nobody is known to."""

    verdict: Verdict
    wearer: str | None


Admit = Callable[[str, float], Admission]
"""``admit(band, at_s)``: the verdict on a packet that ended at ``at_s`` [UTC s]. From any thread, in microseconds; it
never raises. A packet belongs to whoever wore the band at its end."""
