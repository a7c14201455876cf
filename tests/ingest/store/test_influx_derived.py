"""What the engine says reaches the dashboards, and never holds the engine up."""

import logging
import math
import threading

import numpy as np
import pytest

from ingest.store.influx_connection import InfluxConnection
from ingest.store.influx_derived import DerivedCounters, DerivedSeries
from tests.ingest.store.influx_server import TOKEN, Influx, Scripted

AT_S = 1_700_000_000


def test_seconds_of_wearers_are_written_unknown_ones_left_out(
    influx: Influx, bucket: str, connection: InfluxConnection
) -> None:
    derived = DerivedSeries(connection, every_s=60.0)
    derived.start()
    rates = np.array([[71.5, 0.25], [math.nan, 0.5], [math.nan, math.inf], [73.0, 1e-9]])
    derived.write("w-1", AT_S, ["heart_rate_bpm", "risk"], rates)
    derived.write("w-1", AT_S + 4, ["heart_rate_bpm", "risk"], np.array([[74.0, 0.75]]))
    derived.write("w-2", AT_S, ["risk"], np.array([[0.125]]))
    derived.stop()
    one, two = influx.ask('SELECT heart_rate_bpm, risk FROM "derived" GROUP BY wearer', bucket)
    assert [one["tags"], two["tags"]] == [{"wearer": "w-1"}, {"wearer": "w-2"}]
    found = [[(at - AT_S * 10**9) / 1e9, rate, risk] for at, rate, risk in one["values"]]
    assert found == [[0, 71.5, 0.25], [1, None, 0.5], [3, 73, 1e-9], [4, 74, 0.75]]
    assert [row[1:] for row in two["values"]] == [[None, 0.125]]
    assert derived.counters == DerivedCounters(written=6, lost=0)


def test_what_finds_no_room_is_counted_and_nobody_waits(connection: InfluxConnection) -> None:
    derived = DerivedSeries(connection, waiting_max=2)
    for second in range(5):
        derived.write("w", AT_S + second, ["risk"], np.array([[0.5]]))
    assert derived.counters == DerivedCounters(written=0, lost=3)


def test_a_server_that_refuses_costs_its_points_and_is_told_of_once(
    influx: Influx, connection: InfluxConnection, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    influx.scripted = [Scripted("POST", "/api/v2/write", 503, times=2)]
    monkeypatch.setattr("ingest.store.influx_derived.RETRY_S", 0.01)
    derived = DerivedSeries(connection, every_s=0.01)
    derived.start()
    pause = threading.Event()
    for second in range(3):
        before = derived.counters
        derived.write("w", AT_S + second, ["risk"], np.array([[0.5]]))
        while derived.counters == before:
            pause.wait(0.005)
    derived.stop()
    assert derived.counters == DerivedCounters(written=1, lost=2)
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "derived series are being lost",
        "derived series are written again; 2 wearers' seconds are lost",
    ]
    assert TOKEN not in caplog.text


def test_what_the_caller_does_to_its_array_later_changes_nothing(
    influx: Influx, bucket: str, connection: InfluxConnection
) -> None:
    derived = DerivedSeries(connection, every_s=60.0)
    values = np.array([[0.5]])
    derived.write("w", AT_S, ["risk"], values)
    values[0, 0] = 9
    derived.start()
    derived.stop()
    ((_, risk),) = influx.ask('SELECT risk FROM "derived"', bucket)[0]["values"]
    assert risk == 0.5


def test_a_name_that_influxdb_cannot_hold_costs_its_own_points_only(
    influx: Influx, bucket: str, connection: InfluxConnection
) -> None:
    derived = DerivedSeries(connection, every_s=60.0)
    derived.write("w-1", AT_S, ["time"], np.array([[0.5], [0.5]]))
    derived.write("w-2", AT_S, ["risk"], np.array([[0.5]]))
    derived.start()
    derived.stop()
    (series,) = influx.ask('SELECT * FROM "derived" GROUP BY wearer', bucket)
    assert series["tags"] == {"wearer": "w-2"}
    assert derived.counters == DerivedCounters(written=1, lost=2)


def test_values_that_do_not_go_with_their_names_are_refused_at_once(connection: InfluxConnection) -> None:
    with pytest.raises(ValueError, match=r"\(1, 1\) are no seconds of 2 values"):
        DerivedSeries(connection).write("w", AT_S, ["a", "b"], np.array([[0.5]]))
