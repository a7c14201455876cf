"""A data set and what a candidate says of it in, everything that can be said of the candidate out.

    judgement = evaluate(moments, estimates, choice, seed=7)   # choice: one, or one for each of moments.sessions
    judgement.over_people["event_sensitivity"]                 # Spread: mean, low, high, sd, median, quartiles, n
    judgement.pooled["false_alarms_per_hour"]                  # Figure: value, low, high, n, why
    judgement.people[0].figures["auroc"]                       # Figure of one person
    judgement.of("auroc")                                      # {person: value}
    msgspec.json.encode(judgement)                             # as it goes on file

``moments`` are all rows of the sessions judged, those without a target too: alarms are raised over them as they come.
With folds, put the estimates of all test rows together and give each session the ``Choice`` of its fold: the alarm
rule, the threshold and the prevalence that ``models.evaluation.choosing.choose`` found in the training rows. Two
candidates are compared by ``models.evaluation.comparing.compare``. ``models.evaluation.judgement.FIGURES`` says what
each figure is.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from models.datasets.dataset import Array, Dataset
from models.errors import ModelError
from models.estimates import Estimates
from models.evaluation import event_figures, moment_figures
from models.evaluation.alarms import raised
from models.evaluation.conditions import conditions
from models.evaluation.event_figures import A_STATE, Column, Course, course
from models.evaluation.events import Worth
from models.evaluation.judgement import FIGURES, Choice, Judgement, Person, Told
from models.evaluation.people import REPLICATES, Figure, draws, figure, or_none, spread
from models.evaluation.timeline import Timeline, timeline

SURROGATES: Final = 1000
"""The smallest p-value is then 0.001, well under the 0.01 that people are counted by."""


def evaluate(
    moments: Dataset,
    estimates: Estimates,
    choice: Choice | Sequence[Choice],
    *,
    seed: int,
    replicates: int = REPLICATES,
    surrogates: int = SURROGATES,
) -> Judgement:
    """Return the judgement of ``estimates`` of ``moments`` (n rows).

    ``choice`` is one for all, or one for each of ``moments.sessions``. ``replicates``: how often people are drawn
    again; ``surrogates``: how often warnings are shifted; the same seed gives the same bits. Raises ModelError where
    rows are missing or out of order, or estimates are no probabilities.
    """
    with threadpool_limits(limits=1):  # the bits of a product depend on how many threads share it
        return _evaluate(moments, estimates, choice, seed=seed, replicates=replicates, surrogates=surrogates)


def _evaluate(
    moments: Dataset,
    estimates: Estimates,
    choice: Choice | Sequence[Choice],
    *,
    seed: int,
    replicates: int,
    surrogates: int,
) -> Judgement:
    line = timeline(moments)
    probability = _checked(moments, estimates)
    chosen = _chosen(moments, line, choice)
    alarms = raised(line, probability, [each.rule for each in chosen])
    happened = course(moments, line, alarms, np.isfinite(probability), surrogates=surrogates, seed=seed)
    threshold = np.array([np.nan if c.threshold is None else c.threshold for c in chosen])
    training = np.array([np.nan if c.prevalence is None else c.prevalence for c in chosen])
    rows = moment_figures.judged(moments, line, probability, threshold, training)
    weights = draws(len(line.people), replicates=replicates, seed=seed)
    table = event_figures.columns(moments, happened)
    bounds = event_figures.bounds(happened, table)
    people = tuple(_person(happened, table, bounds, i, moment_figures.of_person(rows[i])) for i in range(len(rows)))
    return Judgement(
        seed=seed,
        replicates=replicates,
        surrogates=surrogates,
        people=people,
        over_people={
            name: spread(_values(people, name), replicates=replicates, seed=seed, why=_why(people, name))
            for name in FIGURES
            if name
            != "p_value"  # a mean of p-values says nothing; ``pooled`` has the share of people below .05 and .01
        },
        pooled=event_figures.together(happened, table, weights) | moment_figures.together(rows, weights),
        conditions=conditions(moments, happened, probability, weights, replicates=replicates, seed=seed),
        reliability=moment_figures.points(rows, weights, equal_mass=False),
        reliability_equal_mass=moment_figures.points(rows, weights, equal_mass=True),
        events=_told(moments, happened),
    )


def _checked(moments: Dataset, estimates: Estimates) -> NDArray[np.float64]:
    probability = np.asarray(estimates.probability, np.float64)
    if probability.shape != moments.end_s.shape:
        raise ModelError(
            f"evaluation: {len(moments.end_s)} estimates would be right, one for each row, not {probability.shape}"
        )
    if ((probability < 0) | (probability > 1)).any():
        raise ModelError("evaluation: an estimate is a probability from 0 to 1, or NaN where the model abstains")
    return probability


def _chosen(moments: Dataset, line: Timeline, choice: Choice | Sequence[Choice]) -> list[Choice]:
    if isinstance(choice, Choice):
        return [choice] * len(line.session)
    if len(choice) != len(moments.sessions):
        raise ModelError(
            f"evaluation: one choice, or {len(moments.sessions)} (one for each session), not {len(choice)}"
        )
    return [choice[int(session)] for session in line.session]


def _person(
    of: Course, table: dict[str, Column], bounds: dict[str, tuple[Array, Array]], person: int, more: dict[str, Figure]
) -> Person:
    figures = more
    for name, (values, n, why) in table.items():
        low, high = (each[person] for each in bounds[name]) if name in bounds else (np.nan, np.nan)
        figures[name] = figure(values[person], n[person], why, low=low, high=high)
    for name in FIGURES:
        figures.setdefault(name, Figure(value=None, n=0, why=A_STATE))
    outcomes, line = of.outcomes, of.line
    kinds = {kind: int(of.count(kind)[person]) for kind in Worth}
    return Person(
        person=line.people[person],
        wear_h=float(line.hours(of.worn)[person]),
        valid_h=float(line.hours(line.valid)[person]),
        events=int((line.person[outcomes.session] == person).sum()),
        unwatched_events=int(outcomes.unwatched[person]),
        alarms=sum(kinds.values()),
        true_alarms=kinds[Worth.TRUE],
        false_alarms=kinds[Worth.FALSE],
        late_alarms=kinds[Worth.LATE],
        open_alarms=kinds[Worth.OPEN],
        figures={name: figures[name] for name in FIGURES},
    )


def _values(people: Sequence[Person], name: str) -> Array:
    values = (each.figures[name].value for each in people)
    return np.array([np.nan if value is None else value for value in values])


def _why(people: Sequence[Person], name: str) -> str:
    return "; ".join(sorted({each.figures[name].why for each in people} - {""}))


def _told(moments: Dataset, of: Course) -> tuple[Told, ...]:
    out = []
    for i, event in enumerate(of.outcomes.event):
        each = moments.events[event]
        session = moments.sessions[each.session]
        out.append(
            Told(
                person=session.person,
                session=session.name,
                what=each.what,
                onset_s=float(each.onset_s),
                lead=bool(each.lead),
                foretold=bool(of.outcomes.foretold[i]),
                lead_s=or_none(of.outcomes.lead_s[i]),
                condition=str(moments.condition[of.outcomes.last[i]]),
            )
        )
    return tuple(out)
