"""What is tried on the cohort: the house's own candidates, event history beside sensors, a personal one, the oracle."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.forecast.moments import UNSEEN
from models.datasets.dataset import LEFT_OUT, POSITIVE, Dataset
from models.detectors.hawkes import Hawkes
from models.detectors.rate_matched import RateMatched
from models.detectors.since_event import SinceEvent
from models.detectors.streamed import Streamed
from models.estimates import Candidate, Estimates, Fitted
from models.estimators.candidates import Boosting, Logistic
from models.estimators.sensed import Sensed

Array = NDArray[np.float64]
HISTORY: Final = ("history: log_since", "history: of_5_min", "history: of_30_min")
NEVER_S: Final = 7200.0  # since an event, where there was none today
FADE_S: Final = (300.0, 1800.0)  # a cluster; an agitated hour
WITHIN_S: Final = 60.0  # rows closer together than that tell the same, and count as one
LOOSE: Final = 0.5  # standard deviation of a person's own weights around everybody's: our choice, not tuned
ROUNDS: Final = 120
FOLDS: Final = 3  # of people, for calibration
OFFSET_S: Final = 30.0  # added before the logarithm of the time since an event
AFTER_S: Final = 900.0  # for so long after an event another is likelier: of 400 to 1200 s chosen on training people
AFTER: Final = 4.0  # by so much in log-odds; 1.5, 3 and 8 were no better there


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
    inputs = np.column_stack([data.inputs, np.log(since + OFFSET_S), fading])
    return replace(data, inputs=inputs, input_names=(*data.input_names, *HISTORY))


@dataclass(frozen=True, slots=True)
class Reading:
    """A candidate that reads some of what there is: sensors (``sees`` "sensors"), the truth ("truth"), and the history
    of events too or not; or (``after``) one for which, for ``AFTER_S`` from the end of an event, the log-odds stand
    ``AFTER`` higher: one of two sets off another."""

    name: str
    of: Candidate
    sees: str = "sensors"
    history: bool = False
    after: bool = False

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
        said = self.of.estimate(self.reading.chosen(moments))
        return _standing(said, moments) if self.reading.after else said


def _standing(said: Estimates, moments: Dataset) -> Estimates:
    """What is said, higher for a while after an event that was told of; that is a driver of its own."""
    since = np.exp(with_history(moments).inputs[:, moments.inputs.shape[1]]) - OFFSET_S
    drivers = np.column_stack([said.drivers, AFTER * (since < AFTER_S)])
    probability: Array = 1 / (1 + np.exp(-drivers.sum(axis=1)))
    return replace(said, probability=probability, drivers=drivers, driver_names=(*said.driver_names, "events"))


def population() -> tuple[Candidate, ...]:
    """Everybody's candidates, baselines first, the oracle last."""

    def boosted(reads: str = "all") -> Boosting:
        return Boosting(rounds=ROUNDS, folds=FOLDS, reads=reads)  # type: ignore[arg-type]

    def logistic(reads: str = "all") -> Logistic:
        return Logistic(folds=FOLDS, reads=reads)  # type: ignore[arg-type]

    def sensed(reads: str = "all") -> Sensed:
        return Sensed(folds=FOLDS, reads=reads)  # type: ignore[arg-type]

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
        Reading("sensed", sensed()),
        Reading("sensed, motion", sensed("motion")),
        Reading("sensed, physiology", sensed("physiology")),
        Reading("sensed, events told", sensed(), after=True),
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
