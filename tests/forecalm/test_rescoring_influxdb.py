"""Derived series in a real InfluxDB are those of the right readings after a correction, for both wearers."""

from contextlib import closing
from pathlib import Path

import numpy as np

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from forecalm.pipeline import Pipeline
from forecalm.rescoring.derived import rewriting
from forecalm.rescoring.lived import Decided
from ingest.clock.clocks import Clocks
from ingest.received import Received
from ingest.recordings.e4 import read
from ingest.recordings.packets import packets
from ingest.store.influx_connection import InfluxConnection
from ingest.store.influx_derived import DerivedSeries
from tests.ingest.store.influx_server import TOKEN, Influx, bucket_of

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "simulated_e4.zip"


def decided_of(seconds: int) -> list[Decided]:
    clocks, found = Clocks(), []
    desk = Desk(wearers=["w-2"], policy=Policy(), journal=Scratch(), started_s=0.0)
    pipeline = Pipeline(wearers=["w-2"], desk=desk)
    for at_s, packet in list(packets(read(SAMPLE), band="b"))[:seconds]:
        pipeline.receive("w-2", Received(packet, clocks.map(packet, at_s), at_s, b""))
        for step in pipeline.advance(at_s):
            signals = step.signals
            found.append(Decided(int(signals.start_s[0]), signals.features[0], step.risk.probability[0]))
    return found


def test_what_was_somebody_elses_goes_and_what_is_right_comes(influx: Influx, tmp_path: Path) -> None:
    decided = decided_of(60)
    start_s = decided[0].start_s
    bucket = bucket_of(influx, tmp_path)
    wrong = DerivedSeries(InfluxConnection(url=influx.url, bucket=bucket, token=TOKEN))
    wrong.start()
    for wearer in ("w-1", "w-2"):
        wrong.write(wearer, start_s - 10, ["heart_rate_bpm", "risk"], np.full((80, 2), 0.5))
    wrong.stop()
    with closing(InfluxConnection(url=influx.url, bucket=bucket, token=TOKEN)) as connection:
        rewrite = rewriting(connection)
        assert rewrite("w-1", float(start_s), start_s + 60.0, []) == ""
        assert rewrite("w-2", float(start_s), start_s + 60.0, decided) == ""
    one, two = influx.ask('SELECT heart_rate_bpm FROM "derived" GROUP BY wearer', bucket)
    at_s = [round(row[0] / 1e9) - start_s for row in one["values"]]
    assert at_s == [*range(-10, 0), *range(60, 70)]
    said = {round(row[0] / 1e9): row[1] for row in two["values"]}
    for each in decided:
        if each.start_s < start_s + 60:
            assert said.get(each.start_s) != 0.5
    assert said[start_s - 1] == said[start_s + 60] == 0.5
    assert any(60 < rate < 120 for rate in said.values())
