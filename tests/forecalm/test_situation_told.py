"""What the pipeline tells the desk beside the risk: what died of a band, for how long signs have lasted, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pytest

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from alerts.situation_events import AlertRaised
from alerts.views import Blind, WearerView
from forecalm.pipeline import Pipeline
from forecalm.watching.watchers import Choice, Model
from ingest.clock.clocks import Clocks
from ingest.received import Received
from ingest.recordings.e4 import read
from ingest.recordings.packets import packets
from ingest.wire import Packet, encode
from models.arousal import Arousal
from models.risk import Risk, Rows

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "simulated_e4.zip"
DIES = 700  # seconds after the begin, when somebody is known and calm
SOON_S = 15


@pytest.fixture(scope="module")
def sent() -> list[tuple[float, Packet]]:
    return list(packets(read(SAMPLE), band="band-01"))


@dataclass
class Lived:
    """What was shown of one wearer, second by second after the begin, and what was journalled."""

    views: dict[int, WearerView]
    journal: Scratch


def lived(sent: Sequence[tuple[float, Packet]]) -> Lived:
    clocks, began_s = Clocks(), sent[0][0]
    journal = Scratch()
    views: dict[int, WearerView] = {}
    desk = Desk(wearers=["w"], policy=Policy(), journal=journal, started_s=began_s)
    desk.subscribe(lambda view: views.__setitem__(round(view.at_s - began_s), view))
    pipeline = Pipeline(wearers=["w"], desk=desk)
    for at_s, packet in sent:
        pipeline.receive("w", Received(packet, clocks.map(packet, at_s), at_s, encode(packet)))
        pipeline.advance(at_s)
    return Lived(views, journal)


@pytest.fixture(scope="module")
def well(sent: list[tuple[float, Packet]]) -> Lived:
    return lived(sent)


def test_of_a_band_that_is_well_nothing_is_ever_missing(well: Lived) -> None:
    assert {view.missing for view in well.views.values()} == {()}


def test_an_alert_says_since_when_how_much_and_how_the_band_sits(well: Lived) -> None:
    (raised,) = [event for event in well.journal.history if isinstance(event, AlertRaised)]
    assert raised.reasons[-1] == "Band well fitted.", "the training-free detector knows no odds"
    assert any("above usual" in reason for reason in raised.reasons)
    assert any(" for 2 min" in reason for view in well.views.values() for reason in view.why)


@pytest.mark.parametrize(("channel", "name"), [("ppg", "pulse"), ("eda", "sweat")])
def test_a_sensor_that_dies_is_told_within_15_s_and_is_not_taken_for_a_band_that_is_off(
    sent: list[tuple[float, Packet]], channel: str, name: str
) -> None:
    began_s = sent[0][0]
    dying = [
        (at_s, packet if at_s - began_s < DIES else dead(packet, channel))
        for at_s, packet in sent
        if at_s - began_s < DIES + 60
    ]
    views = lived(dying).views
    before = [views[second].missing for second in range(30, DIES)]
    assert set(before) == {()}
    after = [views[second] for second in range(DIES + SOON_S, DIES + 55)]
    assert {view.missing for view in after} == {(name,)}
    assert {view.sight.reason for view in after} <= {None, Blind.POOR_SIGNAL}


def dead(packet: Packet, channel: str) -> Packet:
    """The packet with a circuit of conductance that is open, or a light that does not change."""
    samples = getattr(packet, channel)
    numbers = np.frombuffer(samples.values, samples.dtype)
    stuck = np.full_like(numbers, 0 if channel == "eda" else 1)
    return msgspec.structs.replace(packet, **{channel: msgspec.structs.replace(samples, values=stuck.tobytes())})


class Slow(Arousal):
    """A shadow that notes what the desk shows while it thinks."""

    desk: Desk
    at_s: list[float]

    def push(self, start_s: np.ndarray, features: np.ndarray, *, rows: Rows | None = None) -> Risk:
        self.at_s.append(self.desk.views()[0].at_s - float(start_s[0] + features.shape[1]))
        return super().push(start_s, features, rows=rows)


def test_however_slow_a_shadow_is_everybody_has_been_told_before_it_begins(sent: list[tuple[float, Packet]]) -> None:
    clocks, began_s = Clocks(), sent[0][0]
    desk = Desk(wearers=["w"], policy=Policy(), journal=Scratch(), started_s=began_s)
    slow = Slow(rows=1)
    slow.desk, slow.at_s = desk, []
    pipeline = Pipeline(wearers=["w"], desk=desk, choice=Choice(shadow=Model("slow", "0" * 64, lambda _: slow)))
    for at_s, packet in sent[:30]:
        pipeline.receive("w", Received(packet, clocks.map(packet, at_s), at_s, encode(packet)))
        pipeline.advance(at_s)
    assert len(slow.at_s) > 20
    assert set(slow.at_s) == {0.0}, "the second that it looks at is on the board"
