"""``forecalm replay`` and ``forecalm features`` on recordings that come in pieces, from another band than the E4."""

import json
from pathlib import Path

import pytest

from forecalm.cli import main

pytestmark = pytest.mark.long


@pytest.fixture
def wearing(shared_data: Path) -> Path:
    """An EmbracePlus for 47 minutes: three files, with a pause of ten seconds after the first."""
    return shared_data / "embraceplus_avro" / "Segundo" / "Instructora"


def test_a_recording_in_pieces_is_replayed_and_drawn(
    wearing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    assert main(["replay", str(wearing), "--json", "--plot", str(page)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["channels"]["ppg"]["samples"] == 7360 + 115_456 + 56_064
    assert 10 < found["channels"]["ppg"]["gap_s"] < 15
    assert found["channels"]["ppg"]["rate_hz"] == 64.0
    assert found["heart_rate_bpm"]["recorded"]["median_error"] < 5
    assert "Instructora" in page.read_text()


def test_its_features_are_a_table(wearing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["features", str(wearing), "--hop", "60"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert 45 <= len(lines) <= 50


def test_several_recordings_are_not_taken_for_one(wearing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(wearing.parent), "--json"]) == 2
    assert "holds 2 recordings" in capsys.readouterr().err
