"""What was judged and how it came out in, what speaks against believing it out: a sentence each, in the results."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from models.datasets.dataset import LEFT_OUT, Dataset, Index
from models.datasets.target import ForecastTarget
from models.experiments.results import Arm

SHORT_S: Final = 600.0
"""What is usual of a person is learnt over ten minutes: in a shorter session every input that is held against it says
how long the session has lasted, too."""

AFTER_EVENTS: Final = (
    "they say more after each event that came; where events do not come in runs, most moments before one have fewer"
    " events behind them than the others have. As baselines they are none here; clock and chance are"
)
ORDER: Final = (
    "what they go by means the opposite here, as a rule because conditions came in another order than in training: none"
    " of these figures tells how well the state itself is found"
)
UNKNOWN: Final = (
    "what they go by means the opposite in those who are tested; why, these figures do not tell. Look at each person"
)
NAMED: Final = 6
CHANCE: Final = 0.5


BY_EVENTS: Final = ("since_event", "rate_matched", "hawkes")
"""Kinds of candidates that go by a person's earlier events and by nothing else."""


def doubts(
    dataset: Dataset, tested: Index, arms: Sequence[Arm], *, false_per_hour: float | None = None
) -> tuple[str, ...]:
    """Return the doubts about ``arms`` that were judged by the rows ``tested``; ``false_per_hour`` is what their alarm
    rules were to keep to, None where they were not chosen for a rate."""
    forecast = isinstance(dataset.aim, ForecastTarget)
    silent = _silent(dataset, tested, arms, false_per_hour) if forecast else ()
    return (*_short(dataset, tested), *silent, *_sides(arms, forecast=forecast), *_clocks(arms))


def is_silent(arm: Arm) -> bool:
    """Whether a forecast was never in warning of anybody: of its alarms nothing is to be told."""
    return arm.judgement is not None and arm.judgement.over_people["time_in_warning"].mean == 0


def _silent(dataset: Dataset, tested: Index, arms: Sequence[Arm], false_per_hour: float | None) -> tuple[str, ...]:
    """Candidates that raised no alarm in anybody."""
    mine = [arm.key for arm in arms if is_silent(arm)]
    if not mine:
        return ()
    events = np.unique(dataset.event[tested[dataset.event[tested] >= 0]]).size
    people = np.unique(dataset.person[tested]).size
    asked = "" if false_per_hour is None else f", kept to {false_per_hour:g} false alarms an hour in training"
    mend = "" if false_per_hour is None else " or a higher budget ([alarms] false_per_hour)"
    return (
        f"{_some(mine)} raised no alarm in anybody: an alarm rule is taken where it gains over chance{asked}, and with"
        f" {_count(events, 'event', 'events')} of {_count(people, 'person', 'people')} none may."
        " That says nothing about how well moments are told apart, which"
        f" is AUROC. To have alarms judged: more people with events{mend}",
    )


def _short(dataset: Dataset, tested: Index) -> tuple[str, ...]:
    """People who are judged by sessions that are all short."""
    judged = np.unique(dataset.session[tested[dataset.target[tested] != LEFT_OUT]]).tolist()
    longest: dict[str, float] = {}
    for session in (dataset.sessions[each] for each in judged):
        longest[session.person] = max(longest.get(session.person, 0.0), session.end_s - session.start_s)
    short = sorted(person for person, most_s in longest.items() if most_s < SHORT_S)
    if not short:
        return ()
    named = ", ".join(short[:NAMED]) + (f" and {len(short) - NAMED} more" if len(short) > NAMED else "")
    return (
        f"{len(short)} of {len(longest)} people who are judged have no session of {SHORT_S / 60:.0f} minutes ({named}):"
        " so short a time does not tell what is usual of somebody, and in what order their conditions came may weigh"
        " more than what they felt",
    )


def _sides(arms: Sequence[Arm], *, forecast: bool) -> tuple[str, ...]:
    """Candidates of which some are surely better than chance, and some surely worse, on the same moments."""
    out = []
    for variant in dict.fromkeys(arm.variant for arm in arms):
        spreads = [
            (arm, arm.judgement.over_people["auroc"])
            for arm in arms
            if arm.variant == variant and arm.judgement is not None
        ]
        above = [arm.key for arm, each in spreads if each.low is not None and each.low > CHANCE]
        below = [arm for arm, each in spreads if each.high is not None and each.high < CHANCE]
        by_events = [arm.key for arm in below if arm.kind in BY_EVENTS]
        others = [arm.key for arm in below if arm.kind not in BY_EVENTS]
        if by_events:
            out.append(f"{_below(by_events)}: {AFTER_EVENTS}")
        if others:
            rest = f", {_some(above)} above it" if above else ""
            out.append(f"{_below(others)}{rest}: {UNKNOWN if forecast else ORDER}")
    return tuple(out)


def _clocks(arms: Sequence[Arm]) -> tuple[str, ...]:
    """Where nothing tells more than the seconds since the recording began."""
    out = []
    for variant in dict.fromkeys(arm.variant for arm in arms):
        mean = {
            arm.key: arm.judgement.over_people["auroc"].mean
            for arm in arms
            if arm.variant == variant and arm.judgement is not None
        }
        known = {key: each for key, each in mean.items() if each is not None}
        clock = next((arm.key for arm in arms if arm.kind == "clock" and arm.key in known), None)
        best = max(known, key=known.__getitem__, default=None)
        if clock is not None and best == clock and len(known) > 1 and known[clock] > CHANCE:
            out.append(
                f"{clock} reads no sensor and has the highest AUROC, {known[clock]:.3f}: when things happened tells"
                " more here than any candidate; nothing was shown to be earned by a wristband. Test across studies"
            )
    return tuple(out)


def _below(keys: Sequence[str]) -> str:
    return f"{_some(keys)} lie{'s' if len(keys) == 1 else ''} below chance in AUROC within people"


def _some(keys: Sequence[str]) -> str:
    return ", ".join(keys[:NAMED]) + (f" and {len(keys) - NAMED} more" if len(keys) > NAMED else "")


def _count(many: int, one: str, several: str) -> str:
    return f"{many} {one if many == 1 else several}"
