"""Rules in; who is told when, as lanes of a drawing and as sentences with a clock, out. Pure."""

from dataclasses import dataclass
from typing import Final

from alerts.delivery.events import Step
from alerts.delivery.proof import BOARD, ON_SHIFT, PUSH
from alerts.delivery.rules import SiteRules

ROUNDS: Final = 2
"""How often the last step is drawn again: enough to show that it goes on."""

NIGHT_S: Final = 2 * 3600
"""Two in the morning: when a chain must hold by itself."""

EDGE: Final = 3.0
"""Per cent left free at both ends, so that no mark is cut off."""


@dataclass(frozen=True, slots=True)
class Mark:
    """When somebody is told, after ``after_s``; ``at``: where that is drawn [% of the width]."""

    after_s: float
    at: float
    again: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """Somebody by one channel, and when they are told."""

    who: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """What happens at one moment, which ``clock`` writes as if it had begun at two in the morning."""

    clock: str
    after: str
    words: tuple[str, ...]
    again: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chain as lanes, and as sentences."""

    lanes: tuple[Lane, ...]
    said: tuple[Said, ...]


def drawn(rules: SiteRules, steps: tuple[Step, ...]) -> Drawn:
    """Return the chain of ``steps`` where nobody answers."""
    told = [(step.after_s, step, False) for step in steps]
    last_s = steps[-1].after_s
    told += [(last_s + rules.again_s * each, steps[-1], True) for each in range(1, ROUNDS + 1)]
    most_s = told[-1][0]
    lanes: dict[str, list[Mark]] = {}
    for after_s, step, again in told:
        at = EDGE + (100 - 2 * EDGE) * after_s / most_s
        lanes.setdefault(who(step), []).append(Mark(after_s, round(at, 2), again))
    moments: dict[tuple[float, bool], list[str]] = {}
    for after_s, step, again in told:
        moments.setdefault((after_s, again), []).append(words(step, again=again))
    said = [
        Said(clock(after_s), span(after_s), tuple(sentences), again) for (after_s, again), sentences in moments.items()
    ]
    return Drawn(tuple(Lane(name, tuple(marks)) for name, marks in lanes.items()), tuple(said))


def who(step: Step) -> str:
    """Return who is told by a step, and how."""
    if step.channel == BOARD:
        return "Every tablet"
    if step.channel == PUSH:
        return "Devices of whoever is on shift" if step.who == ON_SHIFT else f"Devices of {step.who}"
    return f"{step.channel} of whoever is on shift" if step.who == ON_SHIFT else f"{step.who} by {step.channel}"


def words(step: Step, *, again: bool) -> str:
    """Return what a step does, in a sentence."""
    more = " again" if again else ""
    if step.channel == BOARD:
        return f"Every tablet shows it and sounds{more}."
    name = who(step)
    return f"{name[:1].upper()}{name[1:]}{more}."


def span(seconds: float) -> str:
    """Return a span as people say it: "at once", "45 s", "2 min 30 s"."""
    if seconds == 0:
        return "at once"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((f"{hours:.0f} h", hours), (f"{minutes:.0f} min", minutes), (f"{rest:g} s", rest))
    return " ".join(text for text, count in parts if count)


def clock(after_s: float) -> str:
    """Return the time on the clock of what began at two in the morning."""
    at_s = int(NIGHT_S + after_s) % 86_400
    return f"{at_s // 3600:02}:{at_s // 60 % 60:02}:{at_s % 60:02}"
