"""A model file in; which of the types in it are neither scikit-learn's plain ones nor ours out: these are not loaded.

skops builds objects without running what a file says, from types that it knows; every other type must be named here.
"""

from collections.abc import Iterable
from typing import Final

import skops.io

TRUSTED: Final = frozenset(
    {
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "models.datasets.dataset.Session",
        "models.detectors.clock.FittedClock",
        "models.detectors.hawkes.FittedHawkes",
        "models.detectors.hawkes.Process",
        "models.detectors.history.Watch",
        "models.detectors.logistic.Logistic",
        "models.detectors.rate_matched.FittedRate",
        "models.detectors.since_event.FittedSinceEvent",
        "models.detectors.streamed.FittedStreamed",
        "models.estimators.blend.Blend",
        "models.estimators.boosting.Boosted",
        "models.estimators.calibration.Calibrated",
        "models.estimators.fitted.FittedEstimator",
        "models.estimators.logistic.RidgeLogistic",
        "models.estimators.personal.PersonalModel",
        "models.estimators.signed.SignedLogistic",
        "models.estimators.training_range.TrainingRange",
    }
)
"""Types beyond those that skops knows by itself. Each is plain data with methods: nothing in it runs when it is built.
A candidate that is new is added here: a test keeps each of them and loads it again."""


def strangers(data: bytes, trust: Iterable[str] = ()) -> list[str]:
    """Return the types in a model file that are not trusted; ``trust`` are more names that somebody vouches for.
    Raises whatever skops does where the file is none."""
    known = TRUSTED | set(trust)
    return sorted(name for name in skops.io.get_untrusted_types(data=data) if name not in known)


def load(data: bytes, trust: Iterable[str] = ()) -> object:
    """Return what a model file holds, which was looked through for ``strangers`` before."""
    found = skops.io.get_untrusted_types(data=data)
    known = TRUSTED | set(trust)
    return skops.io.loads(data, trusted=[name for name in found if name in known])
