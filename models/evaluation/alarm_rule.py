"""When estimates become alarms: one set of numbers in, the same alarms out as the desk would raise second by second."""

import math
from typing import Final

import msgspec

from models.errors import ModelError

ENTER: Final = 0.7
"""As ``alerts.policy``; a test holds every number of this file to the desk's."""

LEAVE: Final = 0.4
HOLD_S: Final = 20.0
SETTLE_S: Final = 120.0
REFRACTORY_S: Final = 60.0
FADE_S: Final = 60.0


class AlarmRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The desk's rules (``alerts.policy.Policy``) as far as estimates decide. Raises ModelError where
    they make no sense.

    An estimate is high from ``enter`` up and low from ``leave`` down. ``hold_s`` high seconds since the last low one
    raise an alarm; ``settle_s`` low seconds in a row end it, and for ``refractory_s`` after that nothing counts.
    Blindness of more than ``fade_s`` forgets what was counted. A carer is taken to answer every alarm at once.
    """

    enter: float = ENTER
    leave: float = LEAVE
    hold_s: float = HOLD_S
    settle_s: float = SETTLE_S
    refractory_s: float = REFRACTORY_S
    fade_s: float = FADE_S

    def __post_init__(self) -> None:
        if not 0 < self.enter <= 1:
            raise ModelError(f"rule.enter is a probability above 0 and up to 1, not {self.enter}")
        if not 0 <= self.leave < self.enter:
            raise ModelError(f"rule.leave is a probability below rule.enter ({self.enter}), not {self.leave}")
        for name in ("hold_s", "settle_s", "refractory_s", "fade_s"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ModelError(f"rule.{name} is a finite number of seconds, 0 or more, not {value}")

    def at(self, enter: float) -> "AlarmRule":
        """Return this rule with another ``enter``; ``leave`` keeps its distance from it in log-odds, so that a scale
        with rarer events keeps its hysteresis. At ``enter`` 1 the distance is kept from the largest odds there are."""
        odds = self.leave / (1 - self.leave)
        odds *= _odds(enter) / _odds(self.enter)
        return msgspec.structs.replace(self, enter=enter, leave=min(odds / (1 + odds), math.nextafter(enter, 0.0)))


def _odds(probability: float) -> float:
    return probability / max(1 - probability, 1e-9)
