"""The whole system, as a newcomer starts it: broker, bands, pipeline, store and board in their own processes."""

import itertools
import json
import signal
import subprocess
import sys
import threading
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

TAKEN = "an alert was taken"


def test_an_alert_crosses_the_whole_system_is_taken_and_nothing_is_lost(tmp_path: Path) -> None:
    scenario = tmp_path / "nearly_there.toml"
    scenario.write_text(SCENARIO)
    command = [sys.executable, "-m", "forecalm", "-v", "demo", "--scenario", str(scenario), "--json"]
    command += ["--seconds", "240", "--port", str(free_port())]  # it is over as soon as the alert is taken
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        assert demo.stderr is not None
        hangs = threading.Timer(500, demo.kill)
        hangs.start()
        lines = iter(demo.stderr.readline, "")
        told = "".join(itertools.takewhile(lambda line: TAKEN not in line, lines))
        demo.send_signal(signal.SIGINT)
        told += "".join(lines)
        out = demo.stdout.read()
        hangs.cancel()
    assert demo.returncode == 0, out + told
    said = json.loads(out)
    assert said["wearers"] == 2
    assert said["messages"] >= 40
    assert said["samples"] == said["messages"] * (4 + 4 + 64 + 32)
    assert said["lost"] == 0
    assert said["alerts"] == said["acknowledged"] == 1
    assert 0 < said["latency_ms"]["p50"] <= said["latency_ms"]["p99"]


def test_a_scenario_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--scenario", "no_such_thing", "--json"]) == 2
    assert "no_such_thing" in capsys.readouterr().err
