"""What a person has said about a stretch of time: a label, as the registry keeps it and label files carry it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """``what`` was so with ``wearer`` (a pseudonym; empty: whoever the recording is of) from ``start_s`` to ``end_s``
    [UTC s]; both the same: a moment.

    ``onset_uncertainty_s`` is how far the true start may be from ``start_s`` on either side [s]. ``rater`` is who said
    so: a person, a protocol, a file. ``level`` is a degree where there is one, in the scale of its source.
    """

    what: str
    start_s: float
    end_s: float
    rater: str
    wearer: str = ""
    onset_uncertainty_s: float = 0.0
    level: float | None = None
    note: str = ""
