"""A person in; what every alert level would have meant over their last days, replayed as they were lived, out."""

import math
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Final

import numpy as np

from alerts.errors import AlertError
from alerts.policy import Policy
from alerts.rehearsal.budget import Budget, Past, choose
from alerts.rehearsal.comparing import OFF
from alerts.rehearsal.events import doubtful, happened, reach_of, unheard_of
from forecalm.config import Config
from forecalm.installation import Installation
from forecalm.rehearsing.rehearsal import words_of
from forecalm.rehearsing.replaying import Seconds, heard_in, of_recordings, recorded_in
from forecalm.rescoring.lived import Person
from forecalm.rescoring.rescoring import LEARN_S
from forecalm.watching.champion import choose as champion
from forecalm.watching.policies import policies_of
from forecalm.watching.watchers import Choice
from ingest.readings import Readings

DAY_S: Final = 86_400.0
WORDS: Final = ("incident",)
"""What counts as an event to the training-free detector, which has no target; where no label says so, that is told."""

EVER: Final = math.inf


def budget(
    config: Config, wearer: str, *, per_day: float, days: float, words: Sequence[str] = (), until_s: float
) -> tuple[Budget, str]:
    """Return what levels would have meant, and a sentence where labels use other words than those looked for.

    Replays the last ``days`` before ``until_s`` [UTC s] in which anything was sent, once, by the model that watches
    now, and holds every level against it. What is usual is learnt from the two days before. Of whom wristbands never
    sent anything, imported recordings are replayed: ``Budget.recorded``.

    Raises AlertError where nothing is stored or could be said, or the model that is to watch does not; StoreError,
    RegistryError.
    """
    here = Installation(config)
    choice = champion(here.models)
    if choice.faults:
        raise AlertError(f"{'; '.join(choice.faults)}: no level can be chosen for a model that cannot be believed")
    with closing(here.open_store()) as store, closing(here.open_registry()) as registry:
        readings = Readings(store, registry)
        own = policies_of(registry, Policy()).get(wearer)
        lived = heard_in(readings, wearer, -EVER, until_s)
        span = recorded_in(readings, wearer, -EVER, until_s) if lived is None else lived
        if span is None:
            raise AlertError(
                f"{wearer}: nothing is stored that may be replayed: what a wristband sent needs a consent to care, an"
                " imported recording one to research"
            )
        until_s = span[1]
        since_s = max(span[0], until_s - days * DAY_S)
        replayed = _recorded if lived is None else _lived
        seconds = replayed(readings, wearer, choice, since_s, until_s)
        target = (
            None if choice.champion is None or choice.champion.manifest is None else choice.champion.manifest.target
        )
        named = tuple(words) or (WORDS if target is None else words_of(target))
        labels = tuple(registry.labels(wearer, since_s, until_s + reach_of(target)).values())
        events = tuple(
            event for event in happened(labels, named) if since_s <= event.onset_s < until_s + reach_of(target)
        )
    default = rules_of(choice)
    found = choose(
        _past(seconds, rules_of_its_own=default != Policy()),
        events,
        holds=default if own is None or own.of not in ("", default.version) else own,
        default=default,
        other=Policy(),
        per_day=per_day,
        reach_s=reach_of(target),
        unsure=doubtful(labels, named),
    )
    return replace(found, recorded=lived is None), unheard_of(labels, named)


def _lived(readings: Readings, wearer: str, choice: Choice, since_s: float, until_s: float) -> Seconds:
    """Replay somebody once. Raises AlertError where a model fails."""
    person = Person(readings, wearer, begun_s=since_s, choice=choice)
    person.learn(since_s - LEARN_S, since_s)
    seconds = Seconds()
    for _, steps in person.steps(since_s, until_s):
        for step in steps:
            seconds.add(step.risk, step.is_champions)
    if faults := person.pipeline.models.faults:
        raise AlertError(f"{'; '.join(faults)}: no level can be chosen for a model that fails")
    return seconds


def _recorded(readings: Readings, wearer: str, choice: Choice, since_s: float, until_s: float) -> Seconds:
    """The same of imported recordings, in order of time."""
    side = of_recordings(readings, wearer, choice, since_s=since_s - LEARN_S, until_s=until_s)
    if side.faults:
        raise AlertError(f"{'; '.join(side.faults)}: no level can be chosen for a model that fails")
    return side.seconds.since(since_s)


def rules_of(choice: Choice) -> Policy:
    """Return by which rules everybody is watched who has no level of their own: the model's, where it has some."""
    champion = choice.champion
    return Policy() if champion is None or champion.policy is None else champion.policy


def _past(seconds: Seconds, *, rules_of_its_own: bool) -> Past:
    """Where the model has no rules of its own, one level holds for it and for what stands in for it."""
    start_s, why = np.array(seconds.start_s, np.int64), np.array(seconds.why, np.int8)
    chosen = np.array(seconds.chosen, bool)
    return Past(
        start_s=start_s,
        probability=np.array(seconds.probability),
        levelled=chosen if rules_of_its_own else np.ones_like(chosen),
        worn_s=start_s[~np.isin(why, OFF)],
    )
