"""What the benchmarks keep: JSON that any reader takes, whatever numbers were measured."""

import json
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure, Race, keep_json


def test_numbers_of_any_kind_become_plain_json(tmp_path: Path) -> None:
    numbers = {"bias": np.float64(0.5), "spread": float("nan"), "windows": np.int64(7)}
    figure = Figure("a", "b", "c", "d", np.bool_(True), numbers)
    race = Race("work", "peer", np.float64(2.0), np.float64(0.5), 8, 15)
    keep_json(tmp_path / "figures.json", [figure])
    keep_json(tmp_path / "races.json", {"beats": [race]})
    (kept,) = json.loads((tmp_path / "figures.json").read_text())
    assert kept["met"] is True
    assert kept["numbers"] == {"bias": 0.5, "spread": None, "windows": 7}
    (line,) = json.loads((tmp_path / "races.json").read_text())["beats"]
    assert line["peer_s"] == 2.0
    assert Race(**line) == race
    assert race.times == 4
