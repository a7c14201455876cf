"""What was judged and how it came out in, what speaks against believing it out: a sentence each, in the results."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from models.datasets.dataset import LEFT_OUT, Dataset, Index
from models.experiments.results import Arm

SHORT_S: Final = 600.0
"""What is usual of a person is learnt over ten minutes: in a shorter session every input that is held against it says
how long the session has lasted, too."""

NAMED: Final = 6
CHANCE: Final = 0.5


def doubts(dataset: Dataset, tested: Index, arms: Sequence[Arm]) -> tuple[str, ...]:
    """Return the doubts about ``arms`` that were judged by the rows ``tested``."""
    return (*_short(dataset, tested), *_sides(arms))


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


def _sides(arms: Sequence[Arm]) -> tuple[str, ...]:
    """Candidates of which some are surely better than chance, and some surely worse, on the same moments."""
    out = []
    for variant in dict.fromkeys(arm.variant for arm in arms):
        spreads = {
            arm.key: arm.judgement.over_people["auroc"]
            for arm in arms
            if arm.variant == variant and arm.judgement is not None
        }
        above = [key for key, each in spreads.items() if each.low is not None and each.low > CHANCE]
        below = [key for key, each in spreads.items() if each.high is not None and each.high < CHANCE]
        if below:
            rest = f", {_some(above)} above it" if above else ""
            out.append(
                f"{_some(below)} lie{'s' if len(below) == 1 else ''} below chance in AUROC within people{rest}: what"
                " they go by means the opposite here, as a rule because conditions came in another order than in"
                " training: none of these figures tells how well the state itself is found"
            )
    return tuple(out)


def _some(keys: Sequence[str]) -> str:
    return ", ".join(keys[:NAMED]) + (f" and {len(keys) - NAMED} more" if len(keys) > NAMED else "")
