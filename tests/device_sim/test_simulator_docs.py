"""docs/simulator.md: what it shows runs as it stands there."""

import re
from pathlib import Path
from typing import Any

import pytest

from device_sim.scenario import load
from device_sim.truth import WHATS, write_truth

TEXT = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text("utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def example(word: str) -> str:
    found = [each for each in EXAMPLES if word in each]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_is_ten_lines_or_little_more_and_names_what_there_is(text: str) -> None:
    assert len([line for line in text.splitlines() if line]) <= 12
    compile(text, "docs/simulator.md", "exec")
    for line in text.splitlines():
        if "device_sim" in line and " import " in line:
            if "ble" in line:
                pytest.importorskip("bumble")
            exec(line, {})  # noqa: S102 - our own page


def test_the_example_of_a_test_runs() -> None:
    names: dict[str, Any] = {}
    exec(example("ward.past()"), names)  # noqa: S102 - our own page
    assert names["stretch"].samples.eda.shape == (6, 240)
    assert names["stretch"].packets[0][0].band == "band-01"


def test_the_example_of_reading_the_truth_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)
    write_truth(Path("truth.parquet"), load("crisis"), wearers=3, seed=1, seconds=600, start_s=1_767_607_200.0)
    names: dict[str, Any] = {}
    exec(example("read_parquet"), names)  # noqa: S102 - our own page
    assert set(names["beats"]["wearer"]) == {"w-03"}
    assert len(names["onsets"]) > 0


def test_every_kind_of_row_is_described() -> None:
    assert all(f"| `{what}` |" in TEXT for what in WHATS)
