"""A trained estimator and its training rows in; what those of its parts say of them that had not seen the row's person.

Estimators are calibrated by parts that were trained without some of the people (``models.estimators.calibration``). The
same parts tell what would be said of people who are not known, so that nothing has to be trained once more to choose a
threshold. The curve of the calibration and the training range, a few numbers each, come from all of them.
"""

import numpy as np

from models.datasets.dataset import Dataset, Index
from models.datasets.selection import of_rows
from models.estimates import Candidate, Estimates, Fitted
from models.estimators.candidates import Common
from models.estimators.fitted import FittedEstimator
from models.estimators.folds import dealt
from models.estimators.training import rows_of


def unseen(candidate: Candidate, fitted: Fitted, training: Dataset) -> tuple[Dataset, Estimates] | None:
    """Return the moments of those whom some part had not seen, and what it says of them; None where ``fitted`` has no
    such parts. Raises DatasetError as training does."""
    if not isinstance(candidate, Common) or not isinstance(fitted, FittedEstimator) or not fitted.chain.members_:
        return None
    fold = _folds(candidate, training)
    rows = np.flatnonzero(fold >= 0)
    moments = of_rows(training, rows)
    inputs = fitted.columns(moments)
    drivers = fitted.grouped(*fitted.chain.unseen_parts(np.ascontiguousarray(inputs), fold[rows]))
    return moments, fitted.told(drivers, np.full(rows.size, np.nan), fitted.abstentions(inputs))


def _folds(candidate: Common, training: Dataset) -> Index:
    """(n,) the fold of calibration in which each row's person (or session) was left out; -1 of whom nothing is told."""
    of = training.person if candidate.folding == "people" else training.session
    rows = rows_of(
        training, name="candidate", reads=candidate.reads, weighing=candidate.weighing, folding=candidate.folding
    )
    group = np.full(int(of.max()) + 1, -1, np.intp)
    group[of[rows.places]] = dealt(rows.groups, rows.y, folds=candidate.folds)
    out: Index = group[of]
    return out
