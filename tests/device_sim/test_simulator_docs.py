"""docs/simulator.md: what it shows runs as it stands there."""

import re
from pathlib import Path
from typing import Any

import pytest

from device_sim.hands import ACTS, deed_of
from device_sim.scenario import load
from device_sim.truth import WHATS, write_truth
from tests.servers import embedded_at, free_port

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


def shortened(text: str, *, seconds: int, port: int) -> str:
    """An example with less time, and at a port of the test's own."""
    return re.sub(r"\b9000\b|\b1883\b", str(port), re.sub(r"seconds=\d+", f"seconds={seconds}", text))


@pytest.mark.service
def test_the_example_of_the_mqtt_path_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("device_sim.mqtt.DRAIN_S", 0.1)  # nobody here says that anything is stored
    port, names = free_port(), dict[str, Any]()
    with embedded_at(port, "forecalm", "forecalm"):
        exec(shortened(example("from device_sim.mqtt"), seconds=1, port=port), names)  # noqa: S102 - our own page
    assert names["sent"].packets == 100
    assert "band-01" in capsys.readouterr().out


def test_the_example_of_the_bluetooth_path_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("bumble", reason="the extra radio is not installed")
    monkeypatch.setattr("device_sim.ble.DRAIN_S", 0.1)
    port, names = free_port(), dict[str, Any]()
    exec(shortened(example("device_sim.ble"), seconds=1, port=port), names)  # noqa: S102 - our own page
    assert names["sensed"].records == 1
    assert f"tcp-client:127.0.0.1:{port}" in capsys.readouterr().out


def test_every_line_for_hands_is_described_and_understood() -> None:
    described = re.findall(r"`([a-z]+) [\w -]+`", TEXT)
    assert set(ACTS) <= set(described)
    assert all(deed_of(f"{act} 1", ["band-01"]) for act in ACTS)


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
