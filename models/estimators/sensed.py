"""Simulated people and the truth about them in, an estimator taught by who saw the truth out.

Incidents are rare, and whether a build-up ends in one is often chance: the bare outcome teaches little of what a wrist
says. Where a simulator made the rows it is known how aroused the person was (``Dataset.scores``, names that begin with
``TRUTH``). A teacher reads that and learns from what happened how probable an incident is; a pupil, who reads the
inputs alone, learns every row's probability from a teacher that had not seen that person (learning with privileged
information: Vapnik 2009, doi:10.1016/j.neunet.2009.06.042; by soft labels: Lopez-Paz 2016, arXiv:1511.03643). Nothing
of the truth is in what is kept, and none is asked for when moments are estimated.
"""

from typing import Final

import numpy as np

from models.datasets.dataset import TRUTH, Dataset
from models.errors import DatasetError
from models.estimators.boosting import LEAST_ROWS, RATE, RIDGE, Boosted
from models.estimators.calibration import Calibrated
from models.estimators.candidates import MINUTE_S, Common, Count, Positive
from models.estimators.fitted import FittedEstimator
from models.estimators.folds import dealt, parted
from models.estimators.scorer import Array, probability_of
from models.estimators.training import Rows, rows_of
from models.estimators.training_range import TrainingRange

ROUNDS: Final = 300  # soft labels are less noisy, and bear more trees: 120 were worse on training people
TEACHER_ROUNDS: Final = 80  # of five columns that say it plainly
SHARE: Final = 0.5  # of inputs that a split looks at


class Sensed(Common, frozen=True, kw_only=True, tag_field="kind", tag="sensed"):
    """Boosted shallow trees taught by who saw the truth; see the module. Rows of which no truth is known, as of real
    people, teach by what happened."""

    name: str = "sensed"
    rounds: Count = ROUNDS
    teacher_rounds: Count = TEACHER_ROUNDS
    rate: Positive = RATE

    def fit(self, training: Dataset, *, seed: int) -> FittedEstimator:
        """Train on rows that have a target; raises DatasetError where they cannot train it, or no truth is known."""
        rows = rows_of(training, name=self.name, reads=self.reads, weighing=self.weighing, folding=self.folding)
        pupil = Boosted(
            rounds=self.rounds, rate=self.rate, least_rows=LEAST_ROWS, ridge=RIDGE, share=SHARE, random_state=seed
        )
        chain = Calibrated(
            pupil, method=self.calibration, folds=self.folds, overlap=max(MINUTE_S / training.step_s, 1.0)
        )
        chance = self._taught(_truth(training, self.name)[rows.places], rows, seed)
        chain.fit_to(rows.inputs, rows.y, chance, weight=rows.weight, groups=rows.groups)
        moved = np.abs(chain.parts(rows.inputs)[0]).mean(axis=0)
        seen = TrainingRange().fit(rows.inputs, rows.groups)
        return FittedEstimator(chain, seen, rows.names, moved, self.least)

    def _taught(self, truth: Array, rows: Rows, seed: int) -> Array:
        """Return how probable each row is, (n,), by a teacher that has not seen its person; what was, without truth."""
        known = np.isfinite(truth.sum(axis=1))
        chance = rows.y.copy()
        for others, apart in parted(dealt(rows.groups, rows.y, folds=self.folds)):
            learn, tell = others[known[others]], apart[known[apart]]
            if not tell.size:
                continue
            if len(np.unique(rows.y[learn])) < 2:
                raise DatasetError(f"{self.name}: truth is known of too few people: two with incidents are the least")
            teacher = Boosted(rounds=self.teacher_rounds, random_state=seed)
            teacher.fit(truth[learn], rows.y[learn], sample_weight=rows.weight[learn])
            chance[tell] = probability_of(teacher.quick(truth[tell]))
        return chance


def _truth(training: Dataset, name: str) -> Array:
    columns = [training.scores[each] for each in sorted(training.scores) if each.startswith(TRUTH)]
    if not columns or not np.isfinite(np.array(columns)).all(axis=0).any():
        raise DatasetError(
            f"{name}: nobody knows the truth about these people: it can be taught by simulated studies alone"
            " (study.simulated); use 'boosting' for recorded ones"
        )
    return np.ascontiguousarray(np.column_stack(columns))
