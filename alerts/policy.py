"""When the desk speaks and when it falls silent: one versioned set of numbers, each with its reason."""

import math
from dataclasses import dataclass
from typing import Final

from alerts.errors import AlertError

VERSION: Final = "first-light-1"
"""Stands on every alert, so that a changed default is never a silent one."""

ENTER: Final = 0.7
"""Signs count as high from here: about 7 in 10, in the detector's own, not yet calibrated, scale."""

LEAVE: Final = 0.4
"""They count as over down here: below even odds, and far enough under ``ENTER`` that noise cannot swing between."""

HOLD_S: Final = 20.0
"""Two of the engine's longest fast windows (10 s): one artefact cannot fill it, and Nuske 2019
(doi:10.1080/10253890.2019.1572744) leaves 58 +- 22 s between the rise of the pulse and the onset."""

SETTLE_S: Final = 120.0
"""An acknowledged alert is over after two calm minutes: twice the window of the slowest features (60 s)."""

REFRACTORY_S: Final = 60.0
"""A minute before signs may rise again: the slowest features still hold the end of the last episode. Short, because
episodes come in clusters (Potter 2025, arXiv:2507.12424: branching factor 0.74)."""

FADE_S: Final = 60.0
"""Seconds counted before a blind spell longer than this are forgotten: old evidence neither raises nor settles."""

SILENT_AFTER_S: Final = 10.0
"""A band sends about once a second; ten lost messages in a row are no hiccup of the radio any more."""

HOLD_MAX_S: Final = 3600.0
"""An hour of high signs that nobody was told of is a missed alert, whatever the rules meant."""

SILENT_MAX_S: Final = 60.0
"""A silence of a minute is a loss of sight by any rules."""

TIMES: Final = ("hold_s", "settle_s", "refractory_s", "fade_s", "silent_after_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The desk's rules; the production policy is ``Policy()``. Raises AlertError where the numbers make no sense.

    Parameters
    ----------
    version : stands on every alert raised under these rules.
    enter, leave : probabilities. A second is high from ``enter`` up and low from ``leave`` down; ``leave < enter``.
    hold_s : high seconds, seen and not forgotten, before rising signs become an alert.
    settle_s : low seconds in a row, seen and not forgotten, before an acknowledged alert is over.
    refractory_s : time after that in which no signs count.
    fade_s : blind time after which seconds already counted are forgotten.
    silent_after_s : time without a usable second after which sight is lost.
    of : the ``version`` of the rules that these are chosen to stand in for, for one person; "": whichever hold. Levels
        of one model's estimates mean nothing in another's.
    """

    version: str = VERSION
    enter: float = ENTER
    leave: float = LEAVE
    hold_s: float = HOLD_S
    settle_s: float = SETTLE_S
    refractory_s: float = REFRACTORY_S
    fade_s: float = FADE_S
    silent_after_s: float = SILENT_AFTER_S
    of: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.version, str) or not self.version.strip():
            raise AlertError("policy.version is empty: give it a name, it stands on every alert")
        for name in ("enter", "leave", *TIMES):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise AlertError(f"policy.{name} is a number, not {type(value).__name__}: write it without quotes")
        if not 0 < self.enter <= 1:
            raise AlertError(f"policy.enter is a probability above 0 and up to 1, not {self.enter}")
        if not 0 <= self.leave < self.enter:
            raise AlertError(
                f"policy.leave is a probability below policy.enter ({self.enter}), not {self.leave}: lower leave"
            )
        for name in TIMES:
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise AlertError(f"policy.{name} is a finite number of seconds, 0 or more, not {value}")
        if self.hold_s > HOLD_MAX_S:
            raise AlertError(
                f"policy.hold_s is at most {HOLD_MAX_S:.0f} s, not {self.hold_s}: who waits longer is told of nothing;"
                " raise enter for fewer alerts"
            )
        if not 2 <= self.silent_after_s <= SILENT_MAX_S:
            raise AlertError(
                f"policy.silent_after_s is from 2 to {SILENT_MAX_S:.0f} s, not {self.silent_after_s}: a second takes up"
                " to two to arrive, and a break in watching must not be told later"
            )
