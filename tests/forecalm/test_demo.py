"""The whole system, as a newcomer starts it: broker, bands, pipeline, store and board in their own processes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from forecalm.cli import main
from tests.servers import free_port

pytestmark = pytest.mark.long

SCENARIO = """
title = "One wearer becomes anxious as the demo begins"
past_s = 1500
wearers = 2

[[wearer]]
responds = "both"
episode = [{ kind = "anxiety", start_s = -5, rise_s = 10, hold_s = 420, fall_s = 240, strength = 1.0 }]

[[wearer]]
"""


def test_an_alert_crosses_the_whole_system_is_taken_and_nothing_is_lost(tmp_path: Path) -> None:
    scenario = tmp_path / "nearly_there.toml"
    scenario.write_text(SCENARIO)
    command = [sys.executable, "-m", "forecalm", "demo", "--scenario", str(scenario), "--seconds", "60", "--json"]
    command += ["--port", str(free_port())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said["wearers"] == 2
    assert said["messages"] >= 40
    assert said["samples"] == said["messages"] * (4 + 4 + 64 + 32)
    assert said["lost"] == 0
    assert said["alerts"] == said["acknowledged"] == 1
    assert 0 < said["latency_ms"]["p50"] <= said["latency_ms"]["p99"]


def test_a_scenario_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--scenario", "no_such_thing", "--json"]) == 2
    assert "no_such_thing" in capsys.readouterr().err
