"""What carers say helped in; the words that are offered, and what helped how often, out."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from alerts.errors import AlertError
from alerts.outcomes.events import OutcomeTold, What

PASSED: Final = "it passed by itself"
NOTHING: Final = "nothing yet"
HELPED: Final = ("headphones", "lights down", "sitting beside", "time alone", "a walk", PASSED, NOTHING)
"""Offered for everybody, behind what their own plan says; anything else may be written."""

HELPED_MAX: Final = 12
"""Words of one outcome: as many as fit on the page that asks."""

LENGTH_MAX: Final = 500
"""Characters of one, as of a line of a plan, which is offered."""


@dataclass(frozen=True, slots=True)
class Helped:
    """``what`` helped ``times`` times of ``of`` that somebody was upset and a carer told how it went; ``calm_after_s``
    is the middle time from beginning to end of these."""

    what: str
    times: int
    of: int
    calm_after_s: float


def offered(plan: Sequence[str]) -> tuple[str, ...]:
    """Return the words to choose from: first what helps by the person's own plan, then those for everybody."""
    mine = dict.fromkeys(line.strip() for line in plan if line.strip())
    known = {each.casefold() for each in mine}
    return (*mine, *(each for each in HELPED if each.casefold() not in known))


def helped(words: Sequence[str]) -> tuple[str, ...]:
    """Return what was said without blanks around it, each once. Raises AlertError, naming the word, where one cannot be
    kept."""
    if isinstance(words, str):
        raise AlertError("helped: a list of words, not one text")
    kept = tuple({word.strip().casefold(): word.strip() for word in words if word.strip()}.values())
    if len(kept) > HELPED_MAX:
        raise AlertError(f"helped: up to {HELPED_MAX} words, not {len(kept)}")
    for number, word in enumerate(kept, 1):
        if len(word) > LENGTH_MAX or not all(letter.isprintable() or letter in "\u200d\ufe0f" for letter in word):
            raise AlertError(f"helped, number {number}: up to {LENGTH_MAX} printable characters on one line")
    return kept


def what_helped(outcomes: Iterable[OutcomeTold]) -> tuple[Helped, ...]:
    """Return what helped of ``outcomes`` that hold (not those that were corrected), the most frequent first.

    Only of times when somebody was upset: what calms after running is another matter. That it passed by itself counts
    as a word of its own; that nothing helped yet does not. It is a count of what was seen together, no proof of what
    caused what.
    """
    upset = [each for each in outcomes if each.what in (What.SETTLED, What.INCIDENT)]
    took_s: dict[str, list[float]] = {}
    written: dict[str, str] = {}
    for told in upset:
        for word in told.helped:
            key = word.casefold()
            if key != NOTHING:
                took_s.setdefault(written.setdefault(key, word), []).append(told.ended_s - told.began_s)
    found = [Helped(word, len(each), len(upset), statistics.median(each)) for word, each in took_s.items()]
    return tuple(sorted(found, key=lambda each: (-each.times, each.calm_after_s, each.what)))
