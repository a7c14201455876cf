"""Alerts through kills of service, broker and tablets, and channels that fail, hang and lie: a small benchmark."""

from pathlib import Path

import pytest

from benchmarks.alerts.__main__ import run
from benchmarks.command import mosquitto_here

pytestmark = pytest.mark.long

ALERTS = 20
KILLS = 3
BUSY_S = 20.0  # how punctual it is a benchmark tells; here other tests run beside


def test_no_alert_is_lost_repeated_unmarked_or_late_through_kills_and_lies(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        mosquitto=mosquitto_here(),
        alerts=ALERTS,
        wearers=ALERTS,
        tablets=5,
        minutes=3,
        seed=11,
        kills=KILLS,
        kills_least=KILLS,
        soon_s=6.0,
        victims=("service", "broker", "tablets"),
        every_s=(0.5, 2.0),
        hanging=3.0,
        slack_s=BUSY_S,
    )
    assert found["broken"] == {}
    assert found["alerts"] == ALERTS
    assert found["kills"]["service"] > 0
    assert sum(found["kills"].values()) == KILLS
    assert found["messages"] > ALERTS
