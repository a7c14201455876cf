"""Readings in, how much faster our line protocol is written than influxdb-client's own out."""

import statistics
import time
from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd
from influxdb_client import Point, WritePrecision
from influxdb_client.client.write.dataframe_serializer import DataframeSerializer
from influxdb_client.client.write_api import PointSettings

from benchmarks.figures import Race
from ingest.store.line_protocol import lines

POINTS: Final = 20_000
RUNS: Final = 7
MEASUREMENT: Final = "wrist"
TAGS: Final = {"device": "E4-A01234", "channel": "ppg"}


def race() -> list[Race]:
    """One field and four fields, two tags, against ``Point``."""
    return [_race(fields) for fields in (1, 4)]


def _race(fields: int) -> Race:
    values = np.random.default_rng(1).normal(0, 50, (POINTS, fields))
    time_ns = 1_700_000_000_000_000_000 + np.arange(POINTS) * 15_625_000
    columns = {f"v{k}": np.ascontiguousarray(values[:, k]) for k in range(fields)}

    def ours() -> bytes:
        return lines(MEASUREMENT, TAGS, columns, time_ns)

    def points() -> bytes:
        made = []
        for i in range(POINTS):
            point = Point(MEASUREMENT)
            for name, value in TAGS.items():
                point = point.tag(name, value)
            for k in range(fields):
                point = point.field(f"v{k}", float(values[i, k]))
            made.append(point.time(int(time_ns[i]), WritePrecision.NS).to_line_protocol())
        return "\n".join(made).encode()

    frame = pd.DataFrame(columns, index=pd.to_datetime(time_ns, unit="ns", utc=True)).assign(**TAGS)

    def frames() -> bytes:
        serializer = DataframeSerializer(
            frame,
            PointSettings(),
            WritePrecision.NS,
            data_frame_measurement_name=MEASUREMENT,
            data_frame_tag_columns=list(TAGS),
        )
        return "\n".join(serializer.serialize()).encode()

    if _read(ours()) != _read(points()):
        raise AssertionError("the two do not say the same")
    ours_s, points_s, frames_s = (_median_s(work) for work in (ours, points, frames))
    return Race(
        work=f"line protocol, {POINTS:,} points of {fields} field{'s' if fields > 1 else ''} and 2 tags",
        peer="influxdb-client Point",
        peer_s=points_s,
        ours_s=ours_s,
        reach=10,
        goal=10,
        note=f"ours {POINTS / ours_s / 1e3:,.0f} k points/s, Point {POINTS / points_s / 1e3:.0f} k, "
        f"DataframeSerializer {POINTS / frames_s / 1e3:.0f} k ({frames_s / ours_s:.0f} times); every float64 exact",
    )


def _read(text: bytes) -> list[tuple[bytes, list[float], bytes]]:
    """Return series, values and time of each line: the texts of a number may differ, what they mean may not."""
    split = (line.split(b" ") for line in text.strip().split(b"\n"))
    return [(series, [float(v.split(b"=")[1]) for v in fields.split(b",")], at) for series, fields, at in split]


def _median_s(work: Callable[[], bytes]) -> float:
    spent = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        work()
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent)
