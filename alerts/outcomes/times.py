"""When a carer says that it was, or says nothing, in; from when to when it was, and how sure that is, out."""

import math
from dataclasses import dataclass
from typing import Final

from alerts.errors import AlertError
from alerts.outcomes.events import What

SEEN_S: Final = 60.0
"""How far a beginning may be off that a carer saw and gave [s]: people say "about ten to three", clocks are read in
minutes."""

ASSUMED_S: Final = 180.0
"""How far it may be off where nobody gave one and the alert's own times stand in [s]: the horizon of three minutes
(Imbiriba 2023, doi:10.1001/jamanetworkopen.2023.48898). So wide that a forecast learns nothing about single moments
from it: else a model would be taught its own alerts."""

ENTERED_AFTER_S: Final = 600.0
"""Without an alert and without a beginning it is taken to have begun so long before it is told, give or take as much
[s]: who tells of it has first seen to the person."""

LASTED_S: Final = 3_600.0
"""Without an end it ended when the alert did or when it is told, at the latest so long after it began [s]: an alert
that is answered the next morning did not last all night."""

LONGEST_S: Final = 86_400.0
"""Nothing that is told as one lasts longer [s]: an end on another day is a slip."""

UNCERTAIN_MAX_S: Final = 3_600.0
"""Beyond an hour a beginning is a guess that nothing can be learnt from [s]."""

BACK_S: Final = 7 * 86_400.0
"""What began longer ago is not entered [s]: a week is what weekly notes go back, and minutes are forgotten by then."""

CLOCK_S: Final = 120.0
"""A tablet's clock may be ahead by so much [s]; what it says then is now. Further ahead it is wrong."""


@dataclass(frozen=True, slots=True)
class AlertTimes:
    """Of an alert [UTC s]: when its signs rose (None: nobody knows), when it was raised, and when it was over."""

    alert_id: str
    wearer: str
    raised_s: float
    rose_s: float | None = None
    resolved_s: float | None = None


@dataclass(frozen=True, slots=True)
class Lasted:
    """From when to when [UTC s]; the beginning give or take ``uncertainty_s``."""

    began_s: float
    uncertainty_s: float
    ended_s: float


def lasted(
    what: What,
    alert: AlertTimes | None,
    *,
    began_s: float | None,
    uncertainty_s: float | None,
    ended_s: float | None,
    at_s: float,
    first_s: float,
) -> Lasted:
    """Return when it was, of what is told at ``at_s`` and was told first at ``first_s`` [UTC s]; None: not given.

    An incident that an alert told of is taken to have begun when the alert was raised, anything else when its signs
    rose: that is what was seen of it. Raises AlertError, naming the field, for what cannot be.
    """
    given = {"began_s": began_s, "uncertainty_s": uncertainty_s, "ended_s": ended_s}
    for field, value in given.items():
        if value is not None and not math.isfinite(value):
            raise AlertError(f"{field}: a number of seconds, not {value}")
        if value is not None and field != "uncertainty_s" and value > at_s + CLOCK_S:
            raise AlertError(f"{field}: {value - at_s:.0f} s from now: say what was; is the tablet's clock right?")
    began = min(_began(what, alert, at_s) if began_s is None else began_s, at_s)
    earliest_s = min(first_s, alert.raised_s if alert else first_s) - BACK_S
    if began < earliest_s:
        raise AlertError(
            f"began_s: more than {BACK_S / 86_400:.0f} days before it was first told: enter what lies further back as"
            " a label (forecalm labels add)"
        )
    ended = min(_ended(alert, began, at_s) if ended_s is None else ended_s, at_s)
    if not 0 <= ended - began <= LONGEST_S:
        raise AlertError(f"ended_s: up to a day after it began, and not before: {ended - began:.0f} s after began_s")
    if uncertainty_s is None:
        uncertainty_s = SEEN_S if began_s is not None else ASSUMED_S if alert is not None else ENTERED_AFTER_S
    if not 0 <= uncertainty_s <= UNCERTAIN_MAX_S:
        raise AlertError(f"uncertainty_s: from 0 to {UNCERTAIN_MAX_S:.0f} s, not {uncertainty_s}")
    return Lasted(began, uncertainty_s, ended)


def _began(what: What, alert: AlertTimes | None, at_s: float) -> float:
    if alert is None:
        return at_s - ENTERED_AFTER_S
    return alert.raised_s if what is What.INCIDENT or alert.rose_s is None else alert.rose_s


def _ended(alert: AlertTimes | None, began_s: float, at_s: float) -> float:
    if alert is not None and alert.resolved_s is not None and alert.resolved_s >= began_s:
        return min(alert.resolved_s, began_s + LONGEST_S)
    return min(at_s, began_s + LASTED_S)
