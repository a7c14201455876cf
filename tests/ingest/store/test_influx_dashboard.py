"""The dashboard that we ship asks what InfluxDB understands, and for nothing that we do not write."""

import json
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ingest.received import Received
from ingest.store.influx import InfluxRest
from ingest.store.influx_connection import InfluxConnection
from ingest.store.influx_derived import DERIVED, DerivedSeries
from ingest.store.influx_points import COLUMNS, PACKET
from signals.features import NAMES
from tests.ingest.store.influx_server import TOKEN, Influx, bucket_of

DASHBOARD = json.loads((Path(__file__).parents[3] / "docs" / "grafana" / "forecalm.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "text"]
QUERIES = [target["query"] for panel in PANELS for target in panel["targets"]]
VARIABLES = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
FILLED = {"$timeFilter": "time >= 1000000000s AND time < 1000000060s", "$__interval": "10s"}
RISK = "risk"  # the name of the model's probability among the columns


@pytest.fixture(scope="module")
def bucket(influx: Influx, tmp_path_factory: pytest.TempPathFactory, make_received: Callable[..., Received]) -> str:
    """A database with a few seconds of one band and one wearer."""
    name = bucket_of(influx, tmp_path_factory.mktemp("dashboard"))
    with closing(InfluxConnection(url=influx.url, bucket=name, token=TOKEN)) as connection:
        InfluxRest(connection).keep([make_received(seq=seq, battery=50) for seq in range(20)])
        derived = DerivedSeries(connection)
        derived.write("w-1", 1_000_000_000, [*NAMES, RISK], np.full((20, len(NAMES) + 1), 0.5))
        derived.start()
        derived.stop()
    return name


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("chosen", [".*", "(b|w-1)"])
def test_every_panel_shows_what_is_there(influx: Influx, bucket: str, query: str, chosen: str) -> None:
    for variable, value in (FILLED | {"$wearer": chosen, "$band": chosen}).items():
        query = re.sub(re.escape(variable) + r"(?=\W)", value, query)
    (series,) = influx.ask(query, bucket)
    assert series["tags"] in ({"wearer": "w-1"}, {"band": "b"})
    assert any(value is not None for _, value in series["values"])


@pytest.mark.parametrize(("variable", "value"), [("wearer", "w-1"), ("band", "b")])
def test_every_variable_lists_what_there_is(influx: Influx, bucket: str, variable: str, value: str) -> None:
    (series,) = influx.ask(VARIABLES[variable]["query"], bucket)
    assert series["values"] == [[variable, value]]


def test_only_series_that_we_write_are_named() -> None:
    known = {DERIVED: {*NAMES, RISK}, PACKET: set(COLUMNS)}
    for query in QUERIES:
        (field, measurement) = re.search(r'\("(\w+)"\) FROM "(\w+)"', query).groups()
        assert field in known[measurement], query


def test_it_says_what_it_is_not_for() -> None:
    assert "not a medical device" in DASHBOARD["title"]
    (text,) = [panel for panel in DASHBOARD["panels"] if panel["type"] == "text"]
    assert "Research use only - not a medical device" in text["options"]["content"]
    assert text["gridPos"]["y"] == 0


def test_every_panel_asks_the_chosen_source_and_shows_gaps() -> None:
    for panel in PANELS:
        assert panel["datasource"] == {"type": "influxdb", "uid": "${datasource}"}
        assert panel["fieldConfig"]["defaults"]["custom"]["spanNulls"] is False
        assert all("fill(null)" in target["query"] for target in panel["targets"])
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
