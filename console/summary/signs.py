"""The reasons of alerts in; which signs they tell of, in words without figures, and the figures apart, out."""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class Sign(StrEnum):
    """What a wristband saw, in a word for everybody."""

    SWEAT = "more sweat"
    LESS_SWEAT = "less sweat"
    PULSE = "faster pulse"
    SLOWER = "slower pulse"
    RHYTHM = "a change in the rhythm of the pulse"
    WARMER = "skin getting warmer"
    COOLER = "skin getting cooler"
    RESTLESS = "more restless"
    LESS_MOVING = "moving less"
    REPEATED = "more repeated movement"
    LESS_REPEATED = "less repeated movement"
    STILL = "sitting still"
    MOVING = "moving a lot"
    OTHER = "other signs"


_TOLD: Final = (
    (re.compile(r"Sweat rising|More sweat than usual"), Sign.SWEAT),
    (re.compile(r"Less sweat than usual"), Sign.LESS_SWEAT),
    (re.compile(r"Pulse \d+, below usual"), Sign.SLOWER),
    (re.compile(r"Pulse (\d+, |was )(\d+ )?(above usual|more than the movement explains|that is)"), Sign.PULSE),
    (re.compile(r"Pulse (more|less) even than usual|The rhythm of the pulse"), Sign.RHYTHM),
    (re.compile(r"Skin getting warmer"), Sign.WARMER),
    (re.compile(r"Skin getting cooler"), Sign.COOLER),
    (re.compile(r"More restless than usual"), Sign.RESTLESS),
    (re.compile(r"Moving less than usual"), Sign.LESS_MOVING),
    (re.compile(r"More repeated movement"), Sign.REPEATED),
    (re.compile(r"Less repeated movement"), Sign.LESS_REPEATED),
    (re.compile(r"Hardly any movement"), Sign.STILL),
    (re.compile(r"Moving a lot"), Sign.MOVING),
)
"""How the sentences of ``alerts.words`` begin. A sentence that is none of these is never shown: it may hold figures."""

_SILENT: Final = re.compile(r"Not far from usual|Signs as usual|Readings like these are new|Band well fitted|About ")
"""What is said beside reasons, and is no sign."""

_SITTING: Final = "while sitting still"
_ABOVE: Final = re.compile(r"Pulse (\d+), (?:(\d+) )?above usual")


def signs(reasons: Iterable[str]) -> frozenset[Sign]:
    """Return the signs that ``reasons`` tell of."""
    found: set[Sign] = set()
    for reason in reasons:
        told = [sign for pattern, sign in _TOLD if pattern.match(reason)]
        if _SITTING in reason and told:
            told.append(Sign.STILL)
        found.update(told or ([] if _SILENT.match(reason) or not reason else [Sign.OTHER]))
    return frozenset(found)


def pulses(reasons: Iterable[str]) -> tuple[int, ...]:
    """Return how fast pulses were [beats a minute] that ``reasons`` call above usual."""
    return tuple(int(told[1]) for reason in reasons if (told := _ABOVE.match(reason)))
