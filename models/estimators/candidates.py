"""What an experiment file says of an estimator in, a candidate that can be trained and judged out."""

from typing import Annotated, Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import Dataset
from models.errors import DatasetError
from models.estimators.blend import Blend
from models.estimators.boosting import LEAST_ROWS, RATE, RIDGE, Boosted
from models.estimators.calibration import Calibrated
from models.estimators.curves import Method
from models.estimators.fitted import LEAST, FittedEstimator
from models.estimators.folds import FOLDS, dealt
from models.estimators.logistic import REACH, RidgeLogistic
from models.estimators.personal import PersonalModel, basis_of
from models.estimators.posterior import between, condensed
from models.estimators.scorer import Array, Scorer
from models.estimators.training import Folding, Reads, Rows, Weighing, rows_of
from models.estimators.training_range import TrainingRange

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Positive = Annotated[float, msgspec.Meta(gt=0, le=1e9)]
Count = Annotated[int, msgspec.Meta(ge=1)]

MINUTE_S: Final = 60.0  # moments nearer to each other than this count as one
START: Final = 0.5  # people's odds a factor of 1.6 apart, and drivers that say half as much again or half of it
STEADYING: Final = 3.0  # people as whom that counts against those of the training set


class Common(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every candidate of this room may be told.

    ``reads``: all inputs, or those of physiology or motion alone. ``weighing``: whether people or rows count alike.
    ``folding``: what is left out together within training. ``calibration``: the curve (``models.estimators.curves``).
    ``folds``: how many parts people are left out in. ``least``: share of what it goes by that must be known.
    """

    reads: Reads = "all"
    weighing: Weighing = "people"
    folding: Folding = "people"
    calibration: Method = "logistic"
    folds: Annotated[int, msgspec.Meta(ge=2)] = FOLDS
    least: Share = LEAST

    def fitted(self, training: Dataset, scorer: Scorer, name: str) -> tuple[FittedEstimator, Rows]:
        """Return ``scorer`` trained and calibrated, and the rows that it was trained on."""
        rows = rows_of(training, name=name, reads=self.reads, weighing=self.weighing, folding=self.folding)
        overlap = max(MINUTE_S / training.step_s, 1.0)
        chain = Calibrated(scorer, method=self.calibration, folds=self.folds, overlap=overlap)
        chain.fit(rows.inputs, rows.y, sample_weight=rows.weight, groups=rows.groups)
        moved = np.abs(chain.parts(rows.inputs)[0]).mean(axis=0)
        seen = TrainingRange().fit(rows.inputs, rows.groups)
        return FittedEstimator(chain, seen, rows.names, moved, self.least), rows


class Logistic(Common, frozen=True, kw_only=True, tag_field="kind", tag="logistic"):
    """Ridge logistic regression, the published reference; see ``models.estimators.logistic``."""

    name: str = "logistic"
    penalty: Positive | None = None
    indicators: bool = True
    reach: Positive = REACH

    def fit(self, training: Dataset, *, seed: int) -> FittedEstimator:
        """Train on rows that have a target; raises DatasetError where they cannot train it. It draws no lots."""
        return self.fitted(training, RidgeLogistic(self.penalty, self.indicators, self.reach), self.name)[0]


class Boosting(Common, frozen=True, kw_only=True, tag_field="kind", tag="boosting"):
    """Boosted shallow trees, or an additive model without ``interactions``; see ``models.estimators.boosting``.

    ``rising`` and ``falling`` are names of inputs with which the probability may only rise, or only fall.
    """

    name: str = "boosting"
    rounds: Count | None = None
    interactions: bool = True
    rate: Positive = RATE
    least_rows: Count = LEAST_ROWS
    ridge: Annotated[float, msgspec.Meta(ge=0, le=1e9)] = RIDGE
    share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    rising: tuple[str, ...] = ()
    falling: tuple[str, ...] = ()

    def fit(self, training: Dataset, *, seed: int) -> FittedEstimator:
        """Train on rows that have a target; raises DatasetError where they cannot train it."""
        rows = rows_of(training, name=self.name, reads=self.reads, weighing=self.weighing, folding=self.folding)
        missing = [name for name in (*self.rising, *self.falling) if name not in rows.names]
        if missing:
            raise DatasetError(
                f"{self.name}: no inputs {', '.join(missing)} to hold to a direction; there are {', '.join(rows.names)}"
            )
        scorer = Boosted(
            rounds=self.rounds,
            interactions=self.interactions,
            rate=self.rate,
            least_rows=self.least_rows,
            ridge=self.ridge,
            share=self.share,
            rising=tuple(rows.names.index(name) for name in self.rising),
            falling=tuple(rows.names.index(name) for name in self.falling),
            random_state=seed,
        )
        return self.fitted(training, scorer, self.name)[0]


class Additive(Boosting, frozen=True, kw_only=True, tag_field="kind", tag="additive"):
    """Boosting whose trees read one input each: an additive model."""

    name: str = "additive"
    interactions: bool = False


class Blended(Common, frozen=True, kw_only=True, tag_field="kind", tag="blend"):
    """The mean of ridge logistic regression and boosting; see ``models.estimators.blend``."""

    name: str = "blend"

    def fit(self, training: Dataset, *, seed: int) -> FittedEstimator:
        """Train on rows that have a target; raises DatasetError where they cannot train it."""
        return self.fitted(training, Blend(RidgeLogistic(), Boosted(random_state=seed)), self.name)[0]


class Personal(Common, frozen=True, kw_only=True, tag_field="kind", tag="personal"):
    """A hierarchical model of people over one of the others; see ``models.estimators.personal``.

    ``population``: what the people of a training set have in common. ``online``: whether it learns of events that
    are over within what it is judged on. ``start``: how far people lie apart before
    anything is known of that, in log-odds.
    """

    name: str = "personal"
    population: Literal["logistic", "boosting", "additive", "blend"] = "logistic"
    online: bool = False
    start: Positive = START

    def fit(self, training: Dataset, *, seed: int) -> PersonalModel:
        """Train on rows that have a target; raises DatasetError where they cannot train it."""
        trees = Boosted(interactions=self.population != "additive", random_state=seed)
        scorer: Scorer = trees
        if self.population in ("logistic", "blend"):
            scorer = RidgeLogistic() if self.population == "logistic" else Blend(RidgeLogistic(), trees)
        fitted, rows = self.fitted(training, scorer, self.name)
        fold = dealt(rows.groups, rows.y, folds=self.folds)
        drivers = fitted.grouped(*fitted.chain.unseen_parts(rows.inputs, fold))
        each = max(round(MINUTE_S / training.step_s), 1)
        told = {
            person: _told(drivers, rows.y, training.session[rows.places], rows.person == person, each)
            for person in np.unique(rows.person)
        }
        shared = np.minimum(np.arange(drivers.shape[1]), 1)  # the shift, and all stretches alike
        variance = between(list(told.values()), groups=shared, start=self.start**2, steadying=STEADYING)
        model = PersonalModel(fitted, variance, each, online=self.online)
        for person, one in told.items():
            model.people[rows.people[person]] = dict(model.taken(model.unknown(1), *one))
        return model


def _told(
    drivers: Array, y: Array, session: NDArray[np.intp], mine: NDArray[np.bool_], each: int
) -> tuple[Array, Array, Array, Array]:
    """Return one person's rows as ``condensed``, session by session."""
    parts = []
    for one in np.unique(session[mine]):
        at = np.flatnonzero(mine & (session == one))
        parts.append(condensed(basis_of(drivers[at]), drivers[at].sum(axis=-1), y[at], each=each))
    basis, odds, became, weight = (np.concatenate(some) for some in zip(*parts, strict=True))
    return basis, odds, became, weight
