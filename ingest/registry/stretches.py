"""Who wore one band when, as stretches of time: a correction in, the stretches after it and what differs out. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Correction:
    """``wearer`` (None: nobody) wore ``band`` from ``since_s`` up to ``until_s`` [UTC s] (None: and still does)."""

    band: str
    wearer: str | None
    since_s: float
    until_s: float | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """From ``since_s`` up to ``until_s`` [UTC s] (None: without end) readings of ``band`` were ``before``'s and are
    ``after``'s (None: nobody's)."""

    band: str
    since_s: float
    until_s: float | None
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Somebody wore a band in ``[since_s, until_s)`` [UTC s], ``until_s`` infinite where it is still worn; no
    ``wearer``: somebody who has been erased. Who said so, and when [UTC s], where that is known."""

    wearer: str | None
    since_s: float
    until_s: float
    made_at_s: float | None = None
    made_by: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """What somebody was told before they agreed to a pairing: who wore the band, and which band the wearer wore."""

    wearer: str | None = None
    band: str | None = None


def end_of(until_s: float | None) -> float:
    """None, which says "without end", as a number."""
    return math.inf if until_s is None else until_s


def cut_out(stretches: Iterable[Stretch], since_s: float, until_s: float) -> list[Stretch]:
    """What is left of stretches outside of ``[since_s, until_s)``."""
    left = []
    for old in stretches:
        for low, high in ((old.since_s, min(old.until_s, since_s)), (max(old.since_s, until_s), old.until_s)):
            if low < high:
                left.append(Stretch(old.wearer, low, high, old.made_at_s, old.made_by))
    return left


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same, in order, where one goes on without a break for the same wearer as one; the later word stands."""
    told: list[Stretch] = []
    for each in sorted(stretches, key=lambda stretch: stretch.since_s):
        last = told[-1] if told else None
        if last is not None and last.wearer == each.wearer and last.until_s == each.since_s:
            newer = max(last, each, key=lambda stretch: -math.inf if stretch.made_at_s is None else stretch.made_at_s)
            told[-1] = Stretch(each.wearer, last.since_s, each.until_s, newer.made_at_s, newer.made_by)
        else:
            told.append(each)
    return told


def changes(band: str, before: Sequence[Stretch], after: Sequence[Stretch]) -> list[Change]:
    """Where two accounts of one band differ, in order, neighbours that say the same as one."""
    edges = sorted({edge for each in (*before, *after) for edge in (each.since_s, each.until_s)})
    found: list[Change] = []
    for low, high in pairwise(edges):
        was, now = _wearer_at(before, low), _wearer_at(after, low)
        if was == now:
            continue
        end = None if math.isinf(high) else high
        last = found[-1] if found else None
        if last is not None and (last.until_s, last.before, last.after) == (low, was, now):
            found[-1] = Change(band, last.since_s, end, was, now)
        else:
            found.append(Change(band, low, end, was, now))
    return found


def _wearer_at(stretches: Sequence[Stretch], at_s: float) -> str | None:
    return next((each.wearer for each in stretches if each.since_s <= at_s < each.until_s), None)
