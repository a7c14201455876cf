"""What a detector said of a stream in, a probability that can be believed out: its log-odds, calibrated in training."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.arousal import Arousal
from models.datasets.dataset import Dataset
from models.detectors.logistic import Logistic, fit
from models.detectors.said import estimates
from models.detectors.state_space import StateSpace
from models.detectors.streamed_live import StreamedLive
from models.detectors.training import fair_weights, judged
from models.errors import DatasetError, ModelError
from models.estimates import Estimates
from models.risk import Array, RiskModel

DETECTORS: Final[Mapping[str, Callable[[int], RiskModel]]] = {
    "arousal": lambda rows: Arousal(rows=rows),
    "state_space": lambda rows: StateSpace(rows=rows),
}
"""What can run live, by the name of its score."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """The candidate ``score``: a detector that ran over the very stream the moments were made of (``Dataset.scores``).

    ``calibrated``: a line through its log-odds is fitted in training (Platt 1999), people counting the same; else they
    are taken as they are, and nothing is learnt. It abstains where the detector did. The interval is that of the line.
    """

    score: str
    calibrated: bool = True

    @property
    def name(self) -> str:
        """The detector's name, with what was left out."""
        return self.score if self.calibrated else f"{self.score}_raw"

    def fit(self, training: Dataset, *, seed: int) -> "FittedStreamed":
        """Raises DatasetError where the detector did not run, or there are not moments of both kinds where it spoke."""
        odds = _odds(training, self.score)
        if not self.calibrated:
            return FittedStreamed(score=self.score, line=None)
        told, positive = judged(training, name=self.name)
        spoke = told & np.isfinite(odds)
        if not (spoke & positive).any() or not (spoke & ~positive).any():
            raise DatasetError(
                f"{self.name}: where it speaks there are not moments of both kinds "
                f"({int((spoke & positive).sum())} positive of {int(spoke.sum())}): it needs longer sessions"
            )
        line = fit(
            odds[spoke, None],
            positive[spoke],
            weights=fair_weights(training, spoke)[spoke],
            person=training.person[spoke],
        )
        return FittedStreamed(score=self.score, line=line)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FittedStreamed:
    """``line`` through the log-odds of the detector ``score``, None where they are believed as they are."""

    score: str
    line: Logistic | None

    def estimate(self, moments: Dataset) -> Estimates:
        """Return what the detector said, calibrated."""
        odds = _odds(moments, self.score)
        if self.line is None:
            return estimates({self.score: odds.copy()})
        known = np.where(np.isfinite(odds), odds, 0.0)[:, None]
        parts = self.line.parts(known)
        low, high = self.line.interval(known)
        said = np.where(np.isfinite(odds), parts[:, 1], np.nan)
        return estimates({"base": parts[:, 0].copy(), self.score: said}, low=low, high=high)

    def live(self, *, rows: int, people: Sequence[str] | None = None) -> RiskModel:
        """Return a live model for ``rows`` people, whoever they are; raises ModelError of detectors not ours."""
        if self.score not in DETECTORS:
            raise ModelError(f"{self.score}: no detector of ours; live there are {', '.join(sorted(DETECTORS))}")
        detector = DETECTORS[self.score](rows)
        return detector if self.line is None else StreamedLive(detector, self.line)


def _odds(data: Dataset, score: str) -> Array:
    if score not in data.scores:
        there = ", ".join(sorted(data.scores)) or "none"
        raise DatasetError(f"{score}: it did not run when the data set was built (there: {there}): build it again")
    return data.scores[score]
