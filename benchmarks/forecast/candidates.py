"""What is tried on the cohort: the house's own candidates, event history beside sensors, a personal one, the oracle."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from benchmarks.forecast.moments import UNSEEN
from forecalm.studies.simulated import BUILD_UP, SETTLED
from models.datasets.dataset import LEFT_OUT, POSITIVE, Dataset, Exclusion
from models.detectors.hawkes import Hawkes
from models.detectors.rate_matched import RateMatched
from models.detectors.since_event import SinceEvent
from models.detectors.streamed import Streamed
from models.estimates import Candidate, Estimates, Fitted
from models.estimators.boosting import Boosted
from models.estimators.candidates import Boosting, Logistic

Array = NDArray[np.float64]
HISTORY: Final = ("history: log_since", "history: of_5_min", "history: of_30_min")
NEVER_S: Final = 7200.0  # since an event, where there was none today
FADE_S: Final = (300.0, 1800.0)  # a cluster; an agitated hour
WITHIN_S: Final = 60.0  # rows closer together than that tell the same, and count as one
LOOSE: Final = 0.5  # standard deviation of a person's own weights around everybody's: our choice, not tuned
ROUNDS: Final = 120
FOLDS: Final = 3  # of people, for calibration
STAGE_FOLDS: Final = 4
STAGE_ROUNDS: Final = 60
LATE_S: Final = (90.0, 300.0, 900.0)
SPOILT: Final = (int(Exclusion.DURING), int(Exclusion.NOT_WORN), int(Exclusion.EDGE))


def only(data: Dataset, keep: Sequence[int]) -> Dataset:
    """Return the data set with these inputs alone."""
    return replace(data, inputs=data.inputs[:, list(keep)], input_names=tuple(data.input_names[i] for i in keep))


def rows(data: Dataset, kept: NDArray[np.bool_]) -> Dataset:
    """Return the data set with these rows alone; sessions and events stay as they are numbered."""
    each = ("inputs", "end_s", "session", "target", "exclusion", "event", "condition", "worn")
    scores = {name: values[kept] for name, values in data.scores.items()}
    return replace(data, scores=scores, **{name: getattr(data, name)[kept] for name in each})


def thinned(data: Dataset, step_s: float) -> Dataset:
    """Return every so many seconds' row: enough to train on."""
    every = max(round(step_s / data.step_s), 1)
    return replace(rows(data, np.arange(len(data.end_s)) % every == 0), step_s=data.step_s * every)


def with_history(data: Dataset) -> Dataset:
    """Return the data set with what is known of the day's events that are over, as carers tell of them."""
    ends: dict[int, list[float]] = {}
    for event in data.events:
        if event.what in getattr(data.aim, "events", ()):
            ends.setdefault(event.session, []).append(event.end_s)
    since, fading = np.full(len(data.end_s), NEVER_S), np.zeros((len(data.end_s), len(FADE_S)))
    for session, over in ends.items():
        mine = np.flatnonzero(data.session == session)
        for end_s in over:
            after = mine[data.end_s[mine] >= end_s]
            ago = data.end_s[after] - end_s
            since[after] = np.minimum(since[after], ago)
            fading[after] += np.exp(-ago[:, None] / np.array(FADE_S))
    inputs = np.column_stack([data.inputs, np.log(since + 30.0), fading])
    return replace(data, inputs=inputs, input_names=(*data.input_names, *HISTORY))


@dataclass(frozen=True, slots=True)
class Reading:
    """A candidate that reads some of what there is: sensors (``sees`` "sensors"), the truth ("truth"), and the history
    of events too or not."""

    name: str
    of: Candidate
    sees: str = "sensors"
    history: bool = False

    def chosen(self, data: Dataset) -> Dataset:
        """The inputs that it reads."""
        truth = self.sees == "truth"
        seen = only(data, [i for i, name in enumerate(data.input_names) if name.startswith(UNSEEN) == truth])
        return with_history(seen) if self.history else seen

    def fit(self, training: Dataset, *, seed: int) -> "FittedReading":
        """Train what it wraps."""
        return FittedReading(self, self.of.fit(self.chosen(training), seed=seed))


@dataclass(frozen=True, slots=True)
class FittedReading:
    """A trained ``Reading``."""

    reading: Reading
    of: Fitted

    def estimate(self, moments: Dataset) -> Estimates:
        """What it says of moments."""
        return self.of.estimate(self.reading.chosen(moments))


@dataclass(frozen=True, slots=True)
class Stages:
    """First what a build-up looks like, whether it ends in an incident or settles: twice as many to learn from, and no
    riddle in them; then what comes of it, from the log-odds of the first now and of late. Only a simulator can label
    the first. What the second learns from was said by a first that had not seen that person."""

    name: str
    history: bool = False

    def fit(self, training: Dataset, *, seed: int) -> "FittedStages":
        """Train both."""
        seen = only(training, [i for i, name in enumerate(training.input_names) if not name.startswith(UNSEEN)])
        building = (seen.in_condition(BUILD_UP) | seen.in_condition(SETTLED)).astype(np.int64)
        known = seen.worn & ~np.isin(seen.exclusion, SPOILT)
        apart = np.full(len(building), np.nan)
        for fold in range(STAGE_FOLDS):
            out = seen.person % STAGE_FOLDS == fold
            apart[out] = _first(seed).fit(seen.inputs[known & ~out], building[known & ~out]).quick(seen.inputs[out])
        first = _first(seed).fit(seen.inputs[known], building[known])
        second = Boosting(rounds=STAGE_ROUNDS, folds=FOLDS)
        return FittedStages(self, first, second.fit(_of_late(seen, apart, history=self.history), seed=seed))


@dataclass(frozen=True, slots=True, eq=False)
class FittedStages:
    """Trained ``Stages``."""

    stages: Stages
    first: Boosted
    second: Fitted

    def estimate(self, moments: Dataset) -> Estimates:
        """What both say."""
        seen = only(moments, [i for i, name in enumerate(moments.input_names) if not name.startswith(UNSEEN)])
        return self.second.estimate(_of_late(seen, self.first.quick(seen.inputs), history=self.stages.history))


def _first(seed: int) -> Boosted:
    return Boosted(rounds=ROUNDS, random_state=seed)


def _of_late(data: Dataset, odds: Array, *, history: bool) -> Dataset:
    """Return the data set with the log-odds of the first stage as inputs: now, and fading means of each session."""
    columns = [odds, *(np.empty(len(odds)) for _ in LATE_S)]
    for session in np.unique(data.session):
        mine = data.session == session
        for column, fade_s in zip(columns[1:], LATE_S, strict=True):
            share = data.step_s / fade_s
            column[mine] = lfilter([share], [1, share - 1], odds[mine])
    names = ("build_up", *(f"build_up_{fade_s:g}_s" for fade_s in LATE_S))
    late = replace(data, inputs=np.column_stack(columns), input_names=names)
    return with_history(late) if history else late


def population() -> tuple[Candidate, ...]:
    """Everybody's candidates, baselines first, the oracle last."""

    def boosted(reads: str = "all") -> Boosting:
        return Boosting(rounds=ROUNDS, folds=FOLDS, reads=reads)  # type: ignore[arg-type]

    def logistic(reads: str = "all") -> Logistic:
        return Logistic(folds=FOLDS, reads=reads)  # type: ignore[arg-type]

    return (
        RateMatched(),
        SinceEvent(),
        Hawkes(),
        Streamed("arousal"),
        Reading("logistic", logistic()),
        Reading("boosting, motion", boosted("motion")),
        Reading("boosting, physiology", boosted("physiology")),
        Reading("boosting", boosted()),
        Reading("logistic, events told", logistic(), history=True),
        Reading("boosting, events told", boosted(), history=True),
        Stages("stages"),
        Stages("stages, events told", history=True),
        Reading("oracle", boosted(), sees="truth"),
        Reading("oracle, events told", boosted(), sees="truth", history=True),
    )


def personal(said: Estimates, data: Dataset, calibrating: NDArray[np.bool_]) -> Array:
    """Return probabilities (n,) in which every person's drivers have weights of their own, learnt from the rows
    ``calibrating`` (n,) of that person alone, as far as those tell: weights are normal around everybody's (1, and 0 for
    the base) with deviation ``LOOSE``."""
    odds = said.drivers.sum(axis=1)
    out = odds.copy()
    share = data.step_s / WITHIN_S
    for person in range(len(data.people)):
        mine = data.person == person
        learn = mine & calibrating & (data.target != LEFT_OUT) & np.isfinite(odds)
        if not learn.any():
            continue
        columns = np.column_stack([np.ones(learn.sum()), said.drivers[learn]])
        w = _maximum(columns, odds[learn], data.target[learn] == POSITIVE, share)
        out[mine] += np.column_stack([np.ones(mine.sum()), said.drivers[mine]]) @ w
    probability: Array = 1 / (1 + np.exp(-out))
    return probability


def _maximum(columns: Array, offset: Array, y: NDArray[np.bool_], share: float) -> Array:
    """The likeliest change of weights given that they are normal around 0; rows count ``share`` each."""
    w = np.zeros(columns.shape[1])
    ridge = np.full(columns.shape[1], 1 / LOOSE**2)
    ridge[1] = 1e6  # the drivers' own base is the same everywhere: the first column moves it
    for _ in range(15):
        p = 1 / (1 + np.exp(-(offset + columns @ w)))
        slope = share * columns.T @ (y - p) - ridge * w
        curve = share * (columns * (p * (1 - p))[:, None]).T @ columns + np.diag(ridge)
        w = w + np.linalg.solve(curve, slope)
    return w
