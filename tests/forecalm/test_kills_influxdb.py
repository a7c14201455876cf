"""InfluxDB and the service killed in the middle of settling, again and again: every reading is there once."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import kills
from benchmarks.kill_house import House
from forecalm.config import StoreSection
from tests.ingest.store.influx_server import TOKEN, Influx, bucket_of, running_influx

pytestmark = pytest.mark.long

WEARERS = 10
PAUSE_S = (0.2, 1.0)


@pytest.fixture
def influx(tmp_path: Path) -> Iterator[Influx]:
    (tmp_path / "influx").mkdir()
    with running_influx(tmp_path / "influx") as running:
        yield running


def test_an_influxdb_that_is_killed_while_readings_settle_holds_each_once(
    mosquitto: str, influx: Influx, tmp_path: Path
) -> None:
    store = StoreSection(kind="influxdb", url=influx.url, bucket=bucket_of(influx, tmp_path), token=TOKEN)

    def influx_killed(_: House, rng: random.Random) -> None:
        influx.kill()
        time.sleep(rng.uniform(0.0, 0.5))
        influx.start()

    def both_killed(house: House, _: random.Random) -> None:
        influx.kill()
        house.kill_service()
        influx.start()

    with House(tmp_path, mosquitto=mosquitto, wearers=WEARERS, seed=1, store=store) as house:
        faults = (influx_killed, both_killed)
        found = kills.play(house, seconds=10.0, speed=2.0, faults=faults, say=print, pause_s=PAUSE_S, serving=0.3)
        assert found.wrong == []
        assert found.packets == 10 * WEARERS
        assert house.starts["service"] > 1
        assert influx.written > 1, "something settled"
