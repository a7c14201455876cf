"""The detector on real, worn hours: it gets to know people, speaks most of the time, and does not cry wolf."""

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from alerts.policy import Policy
from forecalm.replay import Replayed, replay
from models.arousal_kernel import LEARN_S
from signals.features import column

pytestmark = pytest.mark.long

SESSIONS = ("S06", "S12")


@cache
def replayed(path: Path) -> Replayed:
    return replay(path, pace=lambda _: None, progress=lambda *_: None)


def stressed(folder: Path, session: str, second_s: NDArray[np.int64]) -> NDArray[np.bool_]:
    with (folder / "labels.csv").open(newline="") as file:
        spans = [row for row in csv.DictReader(file) if row["participant"] == session and row["stress"] == "1"]
    within = [(second_s >= int(span["start_unix"])) & (second_s < int(span["end_unix"])) for span in spans]
    return np.any(within, axis=0)  # type: ignore[no-any-return]


@pytest.mark.parametrize("session", SESSIONS)
def test_an_hour_of_a_real_person_in_a_laboratory(shared_data: Path, session: str) -> None:
    folder = shared_data / "stress_predict"
    result = replayed(folder / f"{session}.zip")
    probability, known = result.probability, np.isfinite(result.probability)
    worn = result.features[:, column("worn")] == 1
    assert not known[: int(LEARN_S)].any()
    assert known[int(LEARN_S) :].sum() >= 0.9 * worn[int(LEARN_S) :].sum()
    assert np.median(probability[known]) < 0.2
    assert (probability[known] >= Policy().enter).mean() < 0.05
    stress = stressed(folder, session, result.second_s)
    assert np.median(probability[known & stress]) > np.median(probability[known & ~stress])
