"""``forecalm features``: what there are, and a recorded session's as a table that a spreadsheet or pandas reads."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecalm.cli import main
from forecalm.features import page
from signals.features import NAMES

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data" / "sample" / "simulated_e4.zip"


def test_the_committed_page_is_the_generated_one() -> None:
    assert (ROOT / "docs" / "features.md").read_text() == page()


def test_without_a_session_the_registry_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["features", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in told] == list(NAMES)
    assert main(["features"]) == 0
    assert "| `heart_rate_bpm` | 1/min |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "width", "hop"),
    [("live", len(NAMES), "10"), ("flirt", 184, "60"), ("wesad", 57, "60"), ("imbiriba", 602, "60")],
)
def test_a_session_becomes_a_table(tmp_path: Path, name: str, width: int, hop: str) -> None:
    out = tmp_path / "features.csv"
    assert main(["features", str(SAMPLE), "--set", name, "--hop", hop, "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8").startswith("# Research use only")
    table = pd.read_csv(out, comment="#", index_col="time", parse_dates=True)
    assert table.shape[1] == width
    steps = np.diff(table.index.to_numpy()).astype("timedelta64[s]")
    assert (steps == np.timedelta64(int(hop), "s")).all()
    assert table.notna().to_numpy().mean() > 0.5
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing.zip"], "missing.zip"),
        ([str(SAMPLE), "--out", "x.zip"], "--out x.zip: must end in .csv"),
        ([str(SAMPLE), "--window", "30"], "--window"),
        ([str(SAMPLE), "--hop", "0.5"], "--hop"),
        ([str(SAMPLE), "--set", "flirt", "--window", "1"], "window_s"),
    ],
)
def test_what_cannot_be_is_refused_by_name(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["features", *arguments]) == 2
    assert says in capsys.readouterr().err
