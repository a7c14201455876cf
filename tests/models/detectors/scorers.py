"""Scorers that were never trained, for tests of what carries them."""

import numpy as np
from numpy.typing import NDArray

from models.detectors.said import estimates
from models.detectors.scorer import Index, Known
from models.estimates import Estimates
from models.inputs.inputs import NAMES

Array = NDArray[np.float64]
READ = tuple(name for name in NAMES if name.endswith(("_recent", "_deviation")))


class Plain:
    """Weights that a die has thrown; unknown inputs count nothing; silent where fewer than three are known."""

    input_names = READ
    driver_names = ("base", "sweat_level", "restlessness")

    def score(self, inputs: Array) -> Estimates:
        """Sum up."""
        assert inputs.flags.c_contiguous
        weights = np.random.default_rng(1).normal(0, 0.1, len(READ))
        parts = np.nan_to_num(np.clip(inputs, -9, 9)) * weights
        base = np.where(np.isfinite(inputs).sum(axis=-1) >= 3, -2.0, np.nan)
        half = len(READ) // 2
        drivers = {
            "base": base,
            "sweat_level": parts[:, :half].sum(axis=-1),
            "restlessness": parts[:, half:].sum(axis=-1),
        }
        said = estimates(drivers)
        return estimates(drivers, low=said.probability / 2, high=(1 + said.probability) / 2)


class Mood(Plain):
    """The same, with a mood of each person, that rises with every event told."""

    def unknown(self, rows: int) -> Known:
        """Nobody has a mood."""
        return {"mood": np.zeros((rows, 1))}

    def known(self, person: str) -> Known | None:
        """Only Ada was there in training."""
        return {"mood": np.ones((1, 1))} if person == "ada" else None

    def score_known(self, inputs: Array, known: Known, who: Index) -> Estimates:
        """Add the mood."""
        said = self.score(inputs)
        drivers = dict(zip(said.driver_names, said.drivers.T.copy(), strict=True))
        drivers["base"] = drivers["base"] + known["mood"][who, 0]
        return estimates(drivers)

    def learn(self, known: Known, inputs: Array, happened: NDArray[np.bool_]) -> Known:
        """Count."""
        return {"mood": known["mood"] + happened.sum()}
